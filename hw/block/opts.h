/*
 * Options as a tree, written flat: keys are words joined by dots ("file.filename"), elements of lists are numbers
 * ("server.0.host"). They come from -drive and -blockdev, from JSON objects, or from whoever sets them.
 */
#ifndef MYNA_OPTS_H
#define MYNA_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct opts;

struct opts *opts_new(void);                       /* NULL: no memory */
struct opts *opts_copy(const struct opts *o);      /* o NULL: an empty one */
void opts_free(struct opts *o);                    /* NULL is allowed */
/* Replaces what the key had. value NULL: JSON's null. */
bool opts_set(struct opts *o, const char *key, const char *value);
/* NULL: not said, or null. The key counts as known from now on. */
const char *opts_get(struct opts *o, const char *key);
bool opts_has(const struct opts *o, const char *key); /* also if it is null */
void opts_remove(struct opts *o, const char *key);
/* What is below a key, without "KEY."; it is known here then. NULL: there is nothing. */
struct opts *opts_below(struct opts *o, const char *key);
/* Puts all of `from` below key ("": here). */
bool opts_merge(struct opts *o, const char *key, const struct opts *from);
/* on/off and so on; a size with suffixes up to E; false: it is not one, and err says so. Not said: *v stays. */
bool opts_bool(struct opts *o, const char *key, bool *v, char *err, size_t errlen);
bool opts_size(struct opts *o, const char *key, uint64_t *v, char *err, size_t errlen);
/* One of names (until NULL): its index into *v. */
bool opts_choice(struct opts *o, const char *key, const char *const *names, unsigned *v, char *err, size_t errlen);
/* The first key that nobody has asked for; NULL: none. */
const char *opts_unknown(const struct opts *o);
/* All: the k-th key, NULL at the end. */
const char *opts_key(const struct opts *o, unsigned k, const char **value);
/* "key=value,key=value"; a word without '=' is key=on. Doubled commas are one. */
bool opts_parse(struct opts *o, const char *text, char *err, size_t errlen);
/* A JSON object. False: the reason in err (or that this myna has no JSON). */
bool opts_parse_json(struct opts *o, const char *text, char *err, size_t errlen);

#endif
