/*
 * Raw files and host devices.
 *
 * The size is the file's, rounded up to 512 bytes: what is behind the end in the last sector reads as zeros, and a
 * write there makes the file longer. A file that has become shorter meanwhile gives -EIO. With the host's cache off
 * (O_DIRECT) a request whose memory, offset or length the host does not take so goes through a second
 * descriptor with the cache on; the kernel keeps the two coherent.
 *
 * Locks: QEMU's protocol of open-file-description locks on single bytes (byte 100 + p: "I use permission p", 200 + p: "nobody
 * else may"), so that neither opens what the other is writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"

enum { ZEROS = 64 << 10 };

struct raw {
    struct block_node n;
    int fd, cached;  /* cached: without O_DIRECT; the same if fd is */
    uint64_t length; /* of the file, in bytes */
    bool device, no_punch, no_zero;
    enum aio_kind aio;
};

static struct raw *raw_of(struct block_request *r) { return (struct raw *)r->node; }
static struct block_request *request_of(struct aio_op *op)
{
    return (struct block_request *)((char *)op - offsetof(struct block_request, aio));
}

/* -------------------------------------------------------------------------- transfers */

/* What is still to be transferred. */
static const struct iovec *pieces(const struct block_request *r, unsigned *n)
{
    *n = r->rest ? r->nrest : r->niov;
    return r->rest ? r->rest : r->iov;
}

static bool is_aligned(const struct block_request *r, uint32_t align)
{
    if (align <= 1)
        return true;
    uint64_t bits = (r->offset + r->finished) | (r->bytes - r->finished);
    unsigned n;
    const struct iovec *io = pieces(r, &n);
    for (unsigned k = 0; k < n; k++)
        bits |= (uint64_t)(uintptr_t)io[k].iov_base | io[k].iov_len;
    return !(bits & (align - 1));
}

static void transferred(struct aio_op *op, ssize_t result);

static void begin_transfer(struct raw *f, struct block_request *r)
{
    unsigned n;
    const struct iovec *io = pieces(r, &n);
    bool direct = f->fd != f->cached && is_aligned(r, f->n.align);
    r->aio = (struct aio_op){
        .what = r->op == BLOCK_READ ? AIO_READ : AIO_WRITE, .fd = direct ? f->fd : f->cached,
        .flags = r->op == BLOCK_WRITE && (r->flags & BLOCK_FUA) ? RWF_DSYNC : 0, .offset = r->offset + r->finished,
        .bytes = r->bytes - r->finished, .iov = io, .niov = n, .done = transferred,
    };
    aio_begin(f->aio, &r->aio);
}

/* The iovecs behind the next `by` bytes become r->rest. */
static bool advance(struct block_request *r, uint64_t by)
{
    unsigned n;
    const struct iovec *io = pieces(r, &n);
    struct iovec *rest = malloc(n * sizeof *rest);
    if (!rest)
        return false;
    r->nrest = block_slice(io, n, by, r->bytes - r->finished - by, rest, n);
    free(r->rest);
    r->rest = rest;
    return true;
}

static void zero_rest(const struct block_request *r)
{
    unsigned n;
    const struct iovec *io = pieces(r, &n);
    for (unsigned k = 0; k < n; k++)
        memset(io[k].iov_base, 0, io[k].iov_len);
}

static void transferred(struct aio_op *op, ssize_t result)
{
    struct block_request *r = request_of(op);
    struct raw *f = raw_of(r);
    if (result < 0) {
        block_done(r, result == -EAGAIN ? -EIO : (int)result);
        return;
    }
    uint64_t end = r->offset + r->finished + (uint64_t)result;
    if (r->op == BLOCK_WRITE && end > f->length)
        f->length = end;
    if ((uint64_t)result == r->bytes - r->finished) {
        block_done(r, 0);
        return;
    }
    if ((result || r->op == BLOCK_READ) && !advance(r, (uint64_t)result)) {
        block_done(r, -ENOMEM);
        return;
    }
    r->finished += (uint64_t)result;
    if (result) {
        begin_transfer(f, r);
    } else if (r->op == BLOCK_READ && end >= f->length) { /* the end of the file, inside its last sector */
        zero_rest(r);
        block_done(r, 0);
    } else {
        block_done(r, r->op == BLOCK_READ ? -EIO : -ENOSPC);
    }
}

/* ------------------------------------------------------------- flush, discard, zeroes */

static void ended(struct aio_op *op, ssize_t result) { block_done(request_of(op), result < 0 ? (int)result : 0); }

static void begin_sync(struct block_request *r)
{
    struct raw *f = raw_of(r);
    r->aio = (struct aio_op){ .what = AIO_SYNC, .fd = f->cached, .done = ended };
    aio_begin(f->aio, &r->aio);
}

static void begin_fallocate(struct block_request *r, int mode, void (*done)(struct aio_op *, ssize_t))
{
    struct raw *f = raw_of(r);
    r->aio = (struct aio_op){ .what = AIO_FALLOCATE, .fd = f->cached, .flags = mode, .offset = r->offset, .bytes = r->bytes, .done = done };
    aio_begin(f->aio, &r->aio);
}

static bool unsupported(ssize_t result)
{
    return result == -EOPNOTSUPP || result == -ENOSYS || result == -ENODEV || result == -ENOTTY || result == -EINVAL;
}

static void zeros_written(struct aio_op *op, ssize_t result)
{
    static const uint8_t zeros[ZEROS] __attribute__((aligned(4096)));
    struct block_request *r = request_of(op);
    struct raw *f = raw_of(r);
    if (result > 0)
        r->finished += (uint64_t)result;
    uint64_t left = r->bytes - r->finished;
    if (result < 0) {
        block_done(r, (int)result);
    } else if (left) {
        unsigned n = left / ZEROS < 16 ? (unsigned)(left / ZEROS) + 1 : 16;
        for (unsigned k = 0; k < n; k++)
            r->rest[k] = (struct iovec){ (void *)zeros, ZEROS };
        if (left < (uint64_t)n * ZEROS)
            r->rest[n - 1].iov_len = left - (uint64_t)(n - 1) * ZEROS;
        if (!r->rest[n - 1].iov_len)
            n--;
        r->aio = (struct aio_op){ .what = AIO_WRITE, .fd = f->cached, .offset = r->offset + r->finished,
                                  .bytes = left < (uint64_t)n * ZEROS ? left : (uint64_t)n * ZEROS, .iov = r->rest, .niov = n,
                                  .done = zeros_written };
        aio_begin(f->aio, &r->aio);
    } else if (r->flags & BLOCK_FUA) {
        begin_sync(r);
    } else {
        block_done(r, 0);
    }
}

static void begin_zeros(struct block_request *r)
{
    r->finished = 0;
    r->rest = malloc(16 * sizeof *r->rest);
    if (!r->rest)
        block_done(r, -ENOMEM);
    else
        zeros_written(&r->aio, 0);
}

static void zeroed(struct aio_op *op, ssize_t result)
{
    struct block_request *r = request_of(op);
    struct raw *f = raw_of(r);
    if (unsupported(result)) {
        if (op->flags & FALLOC_FL_PUNCH_HOLE)
            f->no_punch = true;
        else
            f->no_zero = true;
        begin_zeros(r);
    } else if (!result && (r->flags & BLOCK_FUA)) {
        begin_sync(r);
    } else {
        block_done(r, (int)result);
    }
}

/* Past the end of the file nothing may be punched; what is there reads as zeros. */
static void begin_zero(struct block_request *r)
{
    struct raw *f = raw_of(r);
    bool inside = r->offset + r->bytes <= f->length;
    if (inside && (r->flags & BLOCK_UNMAP) && !f->no_punch)
        begin_fallocate(r, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, zeroed);
    else if (inside && !f->no_zero)
        begin_fallocate(r, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, zeroed);
    else
        begin_zeros(r);
}

/* What the host cannot give back it keeps: a discard is advice. */
static void discarded(struct aio_op *op, ssize_t result)
{
    struct block_request *r = request_of(op);
    if (unsupported(result)) {
        raw_of(r)->no_punch = true;
        result = 0;
    }
    block_done(r, (int)result);
}

static void raw_submit(struct block_node *n, struct block_request *r)
{
    struct raw *f = (struct raw *)n;
    switch (r->op) {
    case BLOCK_READ:
    case BLOCK_WRITE:
        begin_transfer(f, r);
        break;
    case BLOCK_FLUSH:
        begin_sync(r);
        break;
    case BLOCK_DISCARD:
        if (f->no_punch)
            block_done(r, 0);
        else
            begin_fallocate(r, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, discarded);
        break;
    case BLOCK_ZERO:
        begin_zero(r);
        break;
    }
}

/* ------------------------------------------------------------------------------ locks */

enum { READS = 0, WRITES = 1, PERMISSIONS = 4, USES = 100, DENIES = 200 };

static bool lock_byte(int fd, int at)
{
    struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
    return fcntl(fd, F_OFD_SETLK, &l) == 0 || (errno != EAGAIN && errno != EACCES); /* no locks there: none are taken */
}

static bool is_locked(int fd, int at)
{
    struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
    return fcntl(fd, F_OFD_GETLK, &l) == 0 && l.l_type != F_UNLCK;
}

/* Uses reading, and writing if it is not read-only; denies writing to others. */
static bool lock_image(int fd, bool readonly)
{
    return lock_byte(fd, USES + READS) && (readonly || lock_byte(fd, USES + WRITES)) && lock_byte(fd, DENIES + WRITES) &&
           !is_locked(fd, DENIES + READS) && (readonly || !is_locked(fd, DENIES + WRITES)) && !is_locked(fd, USES + WRITES);
}

/* ---------------------------------------------------------------------------- opening */

static void raw_close(struct block_node *n)
{
    struct raw *f = (struct raw *)n;
    if (f->cached >= 0 && f->cached != f->fd)
        close(f->cached);
    if (f->fd >= 0)
        close(f->fd);
}

static const struct block_driver raw_driver = { "raw", raw_submit, raw_close };

/* What O_DIRECT wants of offsets and memory: tried out, since file systems differ. 0: it does not work. */
static uint32_t find_align(int fd, uint64_t length)
{
    void *buffer;
    uint32_t align = 0;
    if (posix_memalign(&buffer, 4096, 8192))
        return 0;
    for (uint32_t a = 512; a <= 4096 && !align; a *= 8)
        if (pread(fd, (char *)buffer + a % 4096, a, length > 8192 ? a : 0) >= 0)
            align = a;
    free(buffer);
    return align;
}

static bool fail(struct raw *f, char *err, size_t errlen, const char *file, const char *why)
{
    snprintf(err, errlen, "%s: %s", file, why);
    raw_close(&f->n);
    free(f->n.filename);
    free(f);
    return false;
}

static bool find_length(struct raw *f)
{
    struct stat st;
    if (fstat(f->fd, &st) < 0)
        return false;
    f->device = S_ISBLK(st.st_mode);
    if (S_ISREG(st.st_mode)) {
        f->length = (uint64_t)st.st_size;
        return true;
    }
    errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    return f->device && ioctl(f->fd, BLKGETSIZE64, &f->length) == 0;
}

struct block_node *block_open_temporary(uint64_t size, enum aio_kind aio, char *err, size_t errlen)
{
    const char *folder = getenv("TMPDIR");
    struct raw *f = calloc(1, sizeof *f);
    if (!folder)
        folder = "/var/tmp";
    int fd = f ? open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0) {
        snprintf(err, errlen, "snapshot=on: no temporary file in %s: %s", folder, strerror(errno));
        if (fd >= 0)
            close(fd);
        free(f);
        return NULL;
    }
    f->n = (struct block_node){ .driver = &raw_driver, .align = 1, .size = size };
    f->fd = f->cached = fd;
    f->length = size;
    f->aio = aio;
    return &f->n;
}

struct block_node *block_open_file(const struct block_options *o, char *err, size_t errlen)
{
    struct raw *f = calloc(1, sizeof *f);
    bool direct = o->cache == CACHE_NONE || o->cache == CACHE_DIRECTSYNC, readonly = o->readonly || o->snapshot;
    int how = (readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC;
    if (!f) {
        snprintf(err, errlen, "%s: no memory", o->file);
        return NULL;
    }
    f->fd = f->cached = -1;
    f->n = (struct block_node){ .driver = &raw_driver, .readonly = readonly, .align = 1, .filename = strdup(o->file) };
    f->n.writethrough = o->cache == CACHE_WRITETHROUGH || o->cache == CACHE_DIRECTSYNC;
    f->aio = o->aio;
    f->fd = f->cached = open(o->file, how);
    if (f->fd < 0 || !find_length(f))
        return fail(f, err, errlen, o->file, errno == EINVAL ? "neither a file nor a block device" : strerror(errno)), NULL;
    if (o->locking && !lock_image(f->cached, readonly))
        return fail(f, err, errlen, o->file, "another process has the image open (its locks say so; file.locking=off would not look)"), NULL;
    if (direct) {
        f->fd = open(o->file, how | O_DIRECT);
        if (f->fd < 0 || !(f->n.align = find_align(f->fd, f->length)))
            return fail(f, err, errlen, o->file, "its file system can not do without the host's cache (cache=none, directsync)"), NULL;
    }
    f->n.size = (f->length + 511) & ~511ull;
    return &f->n;
}
