/*
 * Lists of pieces of memory that requests read from and write to.
 */
#ifndef MYNA_PIECES_H
#define MYNA_PIECES_H

#include <stddef.h>
#include <sys/uio.h>

/* Takes `want` bytes off the front of pieces of memory, into `to` or from `from` (either may be NULL); how many there were.
 * *n pieces, *size bytes: what is left of them. */
size_t pieces_take(struct iovec **io, unsigned *n, size_t *size, void *to, const void *from, size_t want);

#endif
