/* JSON texts out of a stream of bytes: see qmp_stream.c. */
#ifndef MYNA_QMP_STREAM_H
#define MYNA_QMP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QMP_DEPTH = 1024, QMP_SIZE = 8 << 20 }; /* the most of one text: nested brackets, bytes */

struct qmp_stream {
    char *text;
    size_t n, cap, word; /* word: where the bare word began that the text ends with, ~0: none */
    unsigned depth;
    uint8_t state, quote;
};

/* Zeroes are a stream at its beginning. For each whole text, or each piece of something else, in order: got(arg, text, n, NULL), or
 * got(arg, NULL, 0, what is wrong with it). */
void qmp_stream_feed(struct qmp_stream *s, const uint8_t *bytes, size_t n, void (*got)(void *arg, const char *text, size_t n, const char *error),
                     void *arg);
/* At its beginning again. */
void qmp_stream_reset(struct qmp_stream *s);
void qmp_stream_free(struct qmp_stream *s);

#endif
