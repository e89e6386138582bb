/*
 * Files and host devices: the protocols "file" and "host_device".
 *
 * The size is the file's, rounded up to 512 bytes: what is behind the end reads as zeros, and a write there makes the file
 * longer (formats write so; a guest's requests end at the node's size). A file that has become shorter meanwhile gives -EIO. With the host's cache off
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
#include "drive.h"

enum { ZEROS = 64 << 10 };

struct raw {
    struct block_node n;
    int fd, cached;  /* cached: without O_DIRECT; the same if fd is */
    uint64_t length; /* of the file, in bytes */
    bool device, no_punch, no_zero, locks;
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

static void grown(struct raw *f, uint64_t length)
{
    f->length = length;
    if (!f->device && f->n.size < ((length + 511) & ~511ull))
        f->n.size = (length + 511) & ~511ull;
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
        grown(f, end);
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
    if (result > 0 && r->offset + r->finished > f->length)
        grown(f, r->offset + r->finished);
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

static void unlock_image(int fd)
{
    struct flock l = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = USES, .l_len = 2 * USES };
    fcntl(fd, F_OFD_SETLK, &l);
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

static int fail(struct raw *f, char *err, size_t errlen, const char *file, const char *why)
{
    int rc = errno ? -errno : -EIO;
    snprintf(err, errlen, "%s: %s", file, why);
    raw_close(&f->n);
    return rc;
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
    struct raw *f = (struct raw *)block_node_new(&block_file);
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
    f->n.size = size;
    f->fd = f->cached = fd;
    f->length = size;
    f->aio = aio;
    return &f->n;
}

static int open_file(struct block_node *n, struct opts *o, const struct block_how *how, char *err, size_t errlen)
{
    static const char *const lockings[] = { "on", "auto", "off", NULL }, *const aios[] = { "threads", "native", "io_uring", NULL };
    struct raw *f = (struct raw *)n;
    const char *file = opts_get(o, "filename");
    unsigned locking = how->no_locks ? 2 : 0, aio = 3;
    int flags = (how->writable ? O_RDWR : O_RDONLY) | O_CLOEXEC;
    f->fd = f->cached = -1;
    if (!opts_choice(o, "locking", lockings, &locking, err, errlen) || !opts_choice(o, "aio", aios, &aio, err, errlen))
        return -EINVAL;
    if (!file)
        return snprintf(err, errlen, "driver %s: filename= is missing", n->driver->name), -EINVAL;
    file = strncmp(file, "file:", 5) ? file : file + 5;
    if (!(n->filename = strdup(file)))
        return -ENOMEM;
    f->aio = aio == 3 ? how->aio : aio == 0 ? AIO_THREADS : AIO_URING;
    if (f->aio == AIO_URING && !aio_works(AIO_URING))
        return snprintf(err, errlen, "%s: aio=io_uring: this host or this myna has none", file), -ENOTSUP;
    f->fd = f->cached = open(file, flags);
    if (f->fd < 0 || !find_length(f))
        return fail(f, err, errlen, file, errno == EINVAL ? "neither a file nor a block device" : strerror(errno));
    f->locks = locking < 2;
    if (f->locks && !how->given && !lock_image(f->cached, !how->writable)) {
        errno = EAGAIN;
        return fail(f, err, errlen, file, "another process has the image open (its locks say so; file.locking=off would not look)");
    }
    if (how->direct) {
        f->fd = open(file, flags | O_DIRECT);
        if (f->fd < 0 || !(n->align = find_align(f->fd, f->length)))
            return fail(f, err, errlen, file, "its file system can not do without the host's cache (cache=none, directsync)");
    }
    n->size = (f->length + 511) & ~511ull;
    n->grows = !f->device;
    return 0;
}

/* ----------------------------------------------------------------- making, sizes, holes */

/* Waits for no callback: the sizes of files are the host's business, and fast, but for preallocation. */
struct preallocation { int fd; uint64_t from, to; enum block_preallocation mode; };

static int preallocate(void *arg)
{
    const struct preallocation *p = arg;
    static const uint8_t zeros[ZEROS];
    if (p->mode == PREALLOC_FALLOC)
        return -posix_fallocate(p->fd, (off_t)p->from, (off_t)(p->to - p->from));
    for (uint64_t at = p->from; at < p->to;) {
        ssize_t n = pwrite(p->fd, zeros, p->to - at < ZEROS ? p->to - at : ZEROS, (off_t)at);
        if (n <= 0)
            return n < 0 ? -errno : -ENOSPC;
        at += (uint64_t)n;
    }
    return fsync(p->fd) < 0 ? -errno : 0;
}

static int resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation mode, char *err, size_t errlen)
{
    struct raw *f = (struct raw *)n;
    struct preallocation p = { f->cached, f->length, size, mode };
    if (f->device)
        return size <= f->length ? 0 : (snprintf(err, errlen, "%s: a host device can't grow", n->filename), -ENOSPC);
    int rc = ftruncate(f->cached, (off_t)size) < 0 ? -errno : 0;
    if (!rc && size > p.from && (mode == PREALLOC_FALLOC || mode == PREALLOC_FULL))
        rc = block_call(preallocate, &p);
    if (rc < 0)
        return snprintf(err, errlen, "%s: %s", n->filename ? n->filename : "temporary file", strerror(-rc)), rc;
    f->length = size;
    n->size = (size + 511) & ~511ull;
    return 0;
}

static int make_file(const char *filename, uint64_t size, struct opts *o, char *err, size_t errlen)
{
    filename = strncmp(filename, "file:", 5) ? filename : filename + 5;
    struct stat st;
    int fd = open(filename, O_RDWR | O_CREAT | O_CLOEXEC, 0644), rc = 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        rc = -errno;
    else if (!lock_image(fd, false))
        rc = -EAGAIN;
    else if (S_ISREG(st.st_mode) && (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)size) < 0))
        rc = -errno;
    if (rc)
        snprintf(err, errlen, "%s: %s", filename, rc == -EAGAIN ? "another process has the image open (its locks say so)" : strerror(-rc));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* Holes of the file; whatever the file system does not know is data. */
static int status(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s)
{
    struct raw *f = (struct raw *)n;
    if (f->device)
        return 0;
    off_t data = lseek(f->cached, (off_t)offset, SEEK_DATA), hole;
    if (data < 0 && errno != ENXIO)
        return 0;
    if (data < 0)
        data = (off_t)(offset + bytes); /* a hole up to the end */
    if ((uint64_t)data > offset) {
        s->flags = BLOCK_IS_ALLOCATED | BLOCK_IS_ZERO | BLOCK_HAS_OFFSET;
        if ((uint64_t)data - offset < bytes)
            s->bytes = (uint64_t)data - offset;
    } else if ((hole = lseek(f->cached, (off_t)offset, SEEK_HOLE)) > (off_t)offset && (uint64_t)hole - offset < bytes) {
        s->bytes = (uint64_t)hole - offset;
        if (s->bytes < bytes && (s->bytes & 511)) /* the file's end inside a sector */
            s->bytes = (s->bytes + 511) & ~511ull;
    }
    return 0;
}

static void info(struct block_node *n, struct block_info *i)
{
    struct stat st;
    if (fstat(((struct raw *)n)->cached, &st) == 0)
        i->actual_size = (uint64_t)st.st_blocks * 512;
}

static int give(struct block_node *n)
{
    struct raw *f = (struct raw *)n;
    if (f->locks)
        unlock_image(f->cached);
    return 0;
}

static int take(struct block_node *n, char *err, size_t errlen)
{
    struct raw *f = (struct raw *)n;
    if (f->locks && !lock_image(f->cached, n->readonly)) {
        unlock_image(f->cached);
        return snprintf(err, errlen, "%s: another process has the image open (its locks say so)", n->filename), -EAGAIN;
    }
    if (!find_length(f))
        return snprintf(err, errlen, "%s: %s", n->filename, strerror(errno)), -EIO;
    n->size = (f->length + 511) & ~511ull;
    return 0;
}

const struct block_driver block_file = {
    .name = "file", .kind = BLOCK_PROTOCOL, .size = sizeof(struct raw), .open = open_file, .submit = raw_submit,
    .close = raw_close, .give = give, .take = take, .make = make_file, .resize = resize, .status = status, .info = info,
};
const struct block_driver block_host_device = {
    .name = "host_device", .kind = BLOCK_PROTOCOL, .size = sizeof(struct raw), .open = open_file, .submit = raw_submit,
    .close = raw_close, .give = give, .take = take, .resize = resize, .info = info,
};
