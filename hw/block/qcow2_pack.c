/*
 * Compressed clusters: raw deflate streams (RFC 1951) or zstd frames (RFC 8878), one for each cluster. These run in threads
 * of the host's, without the machine's lock.
 */
#include "qcow2.h"

#ifdef MYNA_ZLIB
#include <zlib.h>

enum { WINDOW = 12 /* 4 KiB: what all readers can */ };

static int inflate_cluster(const uint8_t *from, size_t n, uint8_t *to, size_t bytes)
{
    z_stream z = { .next_in = (uint8_t *)from, .avail_in = (unsigned)n, .next_out = to, .avail_out = (unsigned)bytes };
    if (inflateInit2(&z, -15) != Z_OK)
        return -ENOMEM;
    int rc = inflate(&z, Z_FINISH); /* the last sector may have more behind the stream's end */
    bool good = (rc == Z_STREAM_END || rc == Z_BUF_ERROR) && !z.avail_out;
    inflateEnd(&z);
    return good ? 0 : -EIO;
}

static int deflate_cluster(const uint8_t *from, size_t bytes, uint8_t *to, size_t *n)
{
    z_stream z = { .next_in = (uint8_t *)from, .avail_in = (unsigned)bytes, .next_out = to, .avail_out = (unsigned)bytes - 1 };
    if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -WINDOW, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        return -ENOMEM;
    int rc = deflate(&z, Z_FINISH);
    *n = rc == Z_STREAM_END ? bytes - 1 - z.avail_out : 0;
    deflateEnd(&z);
    return 0;
}
#endif

#ifdef MYNA_ZSTD
#include <zstd.h>

/* Frames until the cluster is full; the input may have more behind them. */
static int unzstd_cluster(const uint8_t *from, size_t n, uint8_t *to, size_t bytes)
{
    ZSTD_DCtx *d = ZSTD_createDCtx();
    ZSTD_inBuffer in = { from, n, 0 };
    ZSTD_outBuffer out = { to, bytes, 0 };
    int rc = d ? 0 : -ENOMEM;
    while (!rc && out.pos < out.size) {
        size_t was_in = in.pos, was_out = out.pos, left = ZSTD_decompressStream(d, &out, &in);
        if (ZSTD_isError(left) || (in.pos == was_in && out.pos == was_out))
            rc = -EIO;
    }
    ZSTD_freeDCtx(d);
    return rc;
}

static int zstd_cluster(const uint8_t *from, size_t bytes, uint8_t *to, size_t *n)
{
    size_t size = ZSTD_compress(to, bytes - 1, from, bytes, ZSTD_CLEVEL_DEFAULT);
    *n = ZSTD_isError(size) ? 0 : size;
    return 0;
}
#endif

bool qcow2_can_pack(uint8_t compression)
{
#ifdef MYNA_ZLIB
    if (compression == COMPRESS_ZLIB)
        return true;
#endif
#ifdef MYNA_ZSTD
    if (compression == COMPRESS_ZSTD)
        return true;
#endif
    return false;
}

int qcow2_unpack(uint8_t compression, const uint8_t *from, size_t n, uint8_t *to, size_t bytes)
{
#ifdef MYNA_ZLIB
    if (compression == COMPRESS_ZLIB)
        return inflate_cluster(from, n, to, bytes);
#endif
#ifdef MYNA_ZSTD
    if (compression == COMPRESS_ZSTD)
        return unzstd_cluster(from, n, to, bytes);
#endif
    return -ENOTSUP;
}

int qcow2_pack(uint8_t compression, const uint8_t *from, size_t bytes, uint8_t *to, size_t *n)
{
#ifdef MYNA_ZLIB
    if (compression == COMPRESS_ZLIB)
        return deflate_cluster(from, bytes, to, n);
#endif
#ifdef MYNA_ZSTD
    if (compression == COMPRESS_ZSTD)
        return zstd_cluster(from, bytes, to, n);
#endif
    return -ENOTSUP;
}
