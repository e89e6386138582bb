/*
 * -object iothread and secret.
 */
#ifndef MYNA_BACKEND_MISC_H
#define MYNA_BACKEND_MISC_H

#include "object.h"

/* Accepted, listed, and of no other effect: requests to disks never wait under the machine's lock, whatever thread begins them. */
struct iothread { int64_t poll_max_ns, poll_grow, poll_shrink, aio_max_batch; };
bool iothread_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool iothread_del(const char *id, char *err, size_t errlen);

bool secret_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool secret_del(const char *id, char *err, size_t errlen);
/* The bytes of a secret, with a NUL behind them. NULL: there is none of that id. */
const uint8_t *secret_bytes(const char *id, size_t *n);

#endif
