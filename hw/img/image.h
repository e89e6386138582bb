/*
 * Images as commands open them: nodes of ../block/block.h, by the options of the command line. What goes wrong is said here.
 */
#ifndef MYNA_IMG_IMAGE_H
#define MYNA_IMG_IMAGE_H

#include "block/block.h"
#include "img.h"

/* Names of the formats, for the help; ends with NULL. */
extern const char *image_formats[];

/* How a command opens: -U, and the cache option (NULL: writeback). False: it was said what is wrong. */
bool image_how(const struct args *a, const char *cache, bool writable, struct block_how *how);
/* opts: the name is a list of options (--image-opts). NULL: it was said why. The caller's reference. */
struct block_node *image_open(const char *file, const char *format, bool opts, const struct block_how *how);
/* FILE number k with -f and --image-opts. */
struct block_node *image_open_arg(const struct args *a, unsigned k, const struct block_how *how);
/* The same, of a snapshot that -l names, if it does; always read-only. */
struct block_node *image_open_snapshot(const struct args *a, unsigned k, const struct block_how *how);
/* The chain below an image, opened: what its header names as its backing. *none: it has none, and NULL is no error. */
struct block_node *image_open_backing(struct block_node *n, const struct block_how *how, bool *none);
/* Does a format of that name exist? False: said. */
bool image_format_known(const char *format);
/* "": nothing; else the reason, for strings that block_* gives or not. */
const char *image_reason(const char *err, int error);
/* Do two names lead to one file? */
bool image_same_file(const char *a, const char *b);
/* Of n and all below it: is one the file of that name? */
bool image_chain_has(const struct block_node *n, const char *file);
/* Closes with what was written on its way to the disk: false: said. */
bool image_flush(struct block_node *n, const char *name);

/* Makes TARGET: -o (list) and what the arguments besides say, size in bytes; prints what it makes unless quiet. backing,
 * backing_format: NULL: none. 0, or said. */
int image_create(const struct args *a, const char *file, const char *format, const char *list, uint64_t size, const char *backing,
                 const char *backing_format, bool show);
/* -o help (or "?") lists the options of a format: was it asked for? */
bool image_options_help(const char *list, const char *format);
/* -o as a tree; backing_file and the like included. NULL: said. */
struct opts *image_options(const char *list);

/* Reads or not zero: all bytes of [at, at + n). */
static inline bool bytes_are_zero(const void *at, size_t n) { return block_is_zero(at, n); }

#endif
