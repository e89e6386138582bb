/*
 * Blocks of a stream: their heads, checksums, compression.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef MYNA_ZLIB
#include <zlib.h>
#endif
#ifdef MYNA_ZSTD
#include <zstd.h>
#endif

#include "stream.h"

static const char magic[8] = { 'M', 'Y', 'N', 'A', 'V', 'M', '\r', '\n' };

struct head { char magic[8]; uint32_t version, compression, flags, zero, crc, pad; };
struct block_head { uint32_t bytes, stored, crc, zero; };
_Static_assert(sizeof(struct head) == 32 && sizeof(struct block_head) == 16, "docs/migration.md");

struct stream {
    struct channel *channel;
    bool writes, failed, ended;
    enum stream_compression how;
    int level;
    uint32_t flags;
    uint64_t transferred, payload;
    size_t n, at;      /* bytes in block; how many of them were read */
    uint8_t *block, *packed;
    size_t room;       /* of packed */
#ifdef MYNA_ZSTD
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
#endif
    char err[256];
};

/* CRC-32C (Castagnoli), by the instruction of x86-64-v2. */
static uint32_t crc32c(uint32_t crc, const void *at, size_t n)
{
    const uint8_t *p = at;
    uint64_t c = ~crc;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v;
        memcpy(&v, p, 8);
        c = __builtin_ia32_crc32di(c, v);
    }
    for (; n; n--)
        c = __builtin_ia32_crc32qi((uint32_t)c, *p++);
    return ~(uint32_t)c;
}

bool stream_can(enum stream_compression how)
{
    switch (how) {
    case STREAM_PLAIN:
        return true;
    case STREAM_ZLIB:
#ifdef MYNA_ZLIB
        return true;
#else
        return false;
#endif
    case STREAM_ZSTD:
#ifdef MYNA_ZSTD
        return true;
#else
        return false;
#endif
    }
    return false;
}

void stream_fail(struct stream *s, const char *format, ...)
{
    va_list ap;
    if (s->failed)
        return;
    va_start(ap, format);
    vsnprintf(s->err, sizeof s->err, format, ap);
    va_end(ap);
    s->failed = true;
}

bool stream_ended(const struct stream *s) { return s->ended; }
bool stream_failed(const struct stream *s) { return s->failed; }
const char *stream_error(const struct stream *s) { return s->err; }
uint32_t stream_flags(const struct stream *s) { return s->flags; }
uint64_t stream_transferred(const struct stream *s) { return s->transferred; }
uint64_t stream_payload(const struct stream *s) { return s->payload; }

static void to_channel(struct stream *s, const void *from, size_t n)
{
    char why[192] = "";
    if (s->failed)
        return;
    if (!s->channel->write(s->channel, from, n, why, sizeof why))
        stream_fail(s, "%s", why);
    else
        s->transferred += n;
}

static bool from_channel(struct stream *s, void *to, size_t n)
{
    char why[192] = "";
    if (s->failed)
        return false;
    if (!s->channel->read(s->channel, to, n, why, sizeof why))
        stream_fail(s, "%s", why);
    else
        s->transferred += n;
    return !s->failed;
}

/* --------------------------------------------------------------------------- making */

static struct stream *new_stream(struct channel *c, char *err, size_t errlen)
{
    struct stream *s = calloc(1, sizeof *s);
    if (s && (s->block = malloc(STREAM_BLOCK)) && (s->packed = malloc(s->room = STREAM_BLOCK))) {
        s->channel = c;
        return s;
    }
    snprintf(err, errlen, "no memory");
    stream_free(s);
    return NULL;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
#ifdef MYNA_ZSTD
    ZSTD_freeCCtx(s->compressor);
    ZSTD_freeDCtx(s->decompressor);
#endif
    free(s->block);
    free(s->packed);
    free(s);
}

struct stream *stream_new_writer(struct channel *c, enum stream_compression how, int level, uint32_t flags, char *err, size_t errlen)
{
    struct stream *s = new_stream(c, err, errlen);
    if (!s)
        return NULL;
    s->writes = true;
    s->how = how;
    s->level = level;
    s->flags = flags;
    struct head h = { .version = STREAM_VERSION, .compression = how, .flags = flags };
    memcpy(h.magic, magic, sizeof magic);
    h.crc = crc32c(0, &h, offsetof(struct head, crc));
    to_channel(s, &h, sizeof h);
    if (!s->failed)
        return s;
    snprintf(err, errlen, "%s", s->err);
    stream_free(s);
    return NULL;
}

static void check_head(struct stream *s, const struct head *h)
{
    if (memcmp(h->magic, magic, sizeof magic))
        stream_fail(s, "this is no stream of a myna's state (it does not begin with MYNAVM)");
    else if (h->version != STREAM_VERSION)
        stream_fail(s, "the stream is of version %u, and this myna reads version %u", h->version, STREAM_VERSION);
    else if (h->crc != crc32c(0, h, offsetof(struct head, crc)))
        stream_fail(s, "the stream's head is damaged");
    else if (h->compression > STREAM_ZSTD)
        stream_fail(s, "the stream is compressed in a way that this myna does not know (%u)", h->compression);
    else if (!stream_can((enum stream_compression)h->compression))
        stream_fail(s, "the stream is compressed with %s, which this myna was built without", h->compression == STREAM_ZLIB ? "zlib" : "zstd");
    else if (h->flags & ~(uint32_t)STREAM_ANSWER)
        stream_fail(s, "the stream wants something that this myna does not know (flags %#x)", h->flags);
}

struct stream *stream_new_reader(struct channel *c, char *err, size_t errlen)
{
    struct stream *s = new_stream(c, err, errlen);
    struct head h = { .version = 0 };
    if (!s)
        return NULL;
    if (from_channel(s, &h, sizeof h))
        check_head(s, &h);
    s->how = (enum stream_compression)h.compression;
    s->flags = h.flags;
    if (!s->failed)
        return s;
    snprintf(err, errlen, "%s", s->err);
    stream_free(s);
    return NULL;
}

/* -------------------------------------------------------------------------- writing */

/* The block, smaller, in s->packed; 0: it does not get smaller. */
static size_t pack(struct stream *s)
{
    size_t n = 0;
#ifdef MYNA_ZLIB
    if (s->how == STREAM_ZLIB) {
        uLongf out = s->room;
        n = compress2(s->packed, &out, s->block, s->n, s->level ? s->level : 1) == Z_OK ? out : 0;
    }
#endif
#ifdef MYNA_ZSTD
    if (s->how == STREAM_ZSTD && (s->compressor || (s->compressor = ZSTD_createCCtx()))) {
        n = ZSTD_compressCCtx(s->compressor, s->packed, s->room, s->block, s->n, s->level ? s->level : 1);
        n = ZSTD_isError(n) ? 0 : n;
    }
#endif
    return n < s->n ? n : 0;
}

void stream_flush(struct stream *s)
{
    if (!s->n || s->failed)
        return;
    size_t packed = s->how == STREAM_PLAIN ? 0 : pack(s);
    struct block_head h = { .bytes = (uint32_t)s->n, .stored = (uint32_t)(packed ? packed : s->n), .crc = crc32c(0, s->block, s->n) };
    to_channel(s, &h, sizeof h);
    to_channel(s, packed ? s->packed : s->block, h.stored);
    s->payload += s->n;
    s->n = 0;
}

void stream_put(struct stream *s, const void *from, size_t n)
{
    const uint8_t *p = from;
    while (n && !s->failed) {
        size_t k = STREAM_BLOCK - s->n < n ? STREAM_BLOCK - s->n : n;
        memcpy(s->block + s->n, p, k);
        s->n += k;
        p += k;
        n -= k;
        if (s->n == STREAM_BLOCK)
            stream_flush(s);
    }
}

void stream_put_number(struct stream *s, uint64_t v, unsigned bytes) { stream_put(s, &v, bytes); }

void stream_put_text(struct stream *s, const char *text)
{
    size_t n = strlen(text);
    n = n < 65535 ? n : 65535;
    stream_put_number(s, n, 2);
    stream_put(s, text, n);
}

void stream_finish(struct stream *s)
{
    static const struct block_head end;
    stream_flush(s);
    if (!s->ended)
        to_channel(s, &end, sizeof end);
    s->ended = true;
}

/* -------------------------------------------------------------------------- reading */

static bool unpack(struct stream *s, size_t stored)
{
#ifdef MYNA_ZLIB
    if (s->how == STREAM_ZLIB) {
        uLongf n = s->n;
        return uncompress(s->block, &n, s->packed, stored) == Z_OK && n == s->n;
    }
#endif
#ifdef MYNA_ZSTD
    if (s->how == STREAM_ZSTD && (s->decompressor || (s->decompressor = ZSTD_createDCtx())))
        return ZSTD_decompressDCtx(s->decompressor, s->block, s->n, s->packed, stored) == s->n;
#endif
    return false;
}

static bool next_block(struct stream *s)
{
    struct block_head h;
    s->n = s->at = 0;
    if (s->ended)
        stream_fail(s, "the stream ends too early");
    if (!from_channel(s, &h, sizeof h))
        return false;
    if (!h.bytes && !h.stored && !h.crc && !h.zero) {
        s->ended = true;
        stream_fail(s, "the stream ends too early");
    } else if (!h.bytes || h.bytes > STREAM_BLOCK || !h.stored || h.stored > h.bytes || h.zero || (s->how == STREAM_PLAIN && h.stored != h.bytes)) {
        stream_fail(s, "the stream is damaged: a block of %u bytes that is stored in %u", h.bytes, h.stored);
    } else if (from_channel(s, h.stored < h.bytes ? s->packed : s->block, h.stored)) {
        s->n = h.bytes;
        if (h.stored < h.bytes && !unpack(s, h.stored))
            stream_fail(s, "the stream is damaged: a block can't be decompressed");
        else if (crc32c(0, s->block, s->n) != h.crc)
            stream_fail(s, "the stream is damaged: a block's checksum is wrong");
        s->payload += s->n;
    }
    if (s->failed)
        s->n = 0;
    return !s->failed;
}

bool stream_get(struct stream *s, void *to, size_t n)
{
    uint8_t *p = to;
    while (n) {
        if (s->failed || (s->at == s->n && !next_block(s))) {
            memset(p, 0, n);
            return false;
        }
        size_t k = s->n - s->at < n ? s->n - s->at : n;
        memcpy(p, s->block + s->at, k);
        s->at += k;
        p += k;
        n -= k;
    }
    return true;
}

bool stream_peek(struct stream *s, uint8_t *byte)
{
    if (s->failed || (s->at == s->n && !next_block(s)))
        return false;
    *byte = s->block[s->at];
    return true;
}

uint64_t stream_get_number(struct stream *s, unsigned bytes)
{
    uint64_t v = 0;
    stream_get(s, &v, bytes);
    return v;
}

bool stream_get_text(struct stream *s, char *text, size_t n)
{
    size_t len = stream_get_number(s, 2);
    *text = 0;
    if (len >= n)
        stream_fail(s, "the stream is damaged: a name of %zu bytes", len);
    if (s->failed || !stream_get(s, text, len))
        return false;
    text[len] = 0;
    if (strlen(text) != len)
        stream_fail(s, "the stream is damaged: a name with a zero in it");
    return !s->failed;
}
