/*
 * A stream of state: bytes to or from a channel, in blocks that are checked and, if wanted, compressed.
 *
 * docs/migration.md has the format. A stream is used by one thread at a time. The first failure stays: all calls after it do
 * nothing, and err says what it was. What is read is never trusted.
 */
#ifndef MYNA_STREAM_H
#define MYNA_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum stream_compression { STREAM_PLAIN, STREAM_ZLIB, STREAM_ZSTD };
enum { STREAM_VERSION = 1, STREAM_BLOCK = 256 << 10 };
enum { STREAM_ANSWER = 1 }; /* flags of the head: the reader answers on the same channel */

/* Where the bytes go or come from. They wait, do all n bytes, and say why not. */
struct channel {
    bool (*write)(struct channel *c, const void *from, size_t n, char *err, size_t errlen);
    bool (*read)(struct channel *c, void *to, size_t n, char *err, size_t errlen);
    void (*close)(struct channel *c); /* and frees it; NULL: nothing to do */
};

struct stream;
/* Writes or reads the head at once. NULL: the reason in err. level: of the compression, 0: its own. The channel stays the caller's. */
struct stream *stream_new_writer(struct channel *c, enum stream_compression how, int level, uint32_t flags, char *err, size_t errlen);
struct stream *stream_new_reader(struct channel *c, char *err, size_t errlen);
void stream_free(struct stream *s);
uint32_t stream_flags(const struct stream *s);
/* Was this myna built with it? */
bool stream_can(enum stream_compression how);

/* Reading: the end has come, and nothing is left. */
bool stream_ended(const struct stream *s);
bool stream_failed(const struct stream *s);
const char *stream_error(const struct stream *s);
void stream_fail(struct stream *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Numbers are little endian. */
void stream_put(struct stream *s, const void *from, size_t n);
void stream_put_number(struct stream *s, uint64_t v, unsigned bytes);
void stream_put_text(struct stream *s, const char *text); /* up to 65535 bytes */
/* What was put goes out, as a block. */
void stream_flush(struct stream *s);
/* The end: nothing is put after it. */
void stream_finish(struct stream *s);

/* False: the stream has failed (to is zeroed). */
bool stream_get(struct stream *s, void *to, size_t n);
/* The next byte, which stays. */
bool stream_peek(struct stream *s, uint8_t *byte);
uint64_t stream_get_number(struct stream *s, unsigned bytes);
/* A text of less than n bytes: longer ones fail. */
bool stream_get_text(struct stream *s, char *text, size_t n);

/* Bytes of the channel so far; of them what the blocks held. */
uint64_t stream_transferred(const struct stream *s);
uint64_t stream_payload(const struct stream *s);

/* state.c: reads a section; NULL: the stream has failed. Freed by section_free. */
struct section *section_read(struct stream *s);
void section_free(struct section *s);

#endif
