/*
 * vFile: gdb opens the guest's files through the stub: program, libraries, /proc. Names are the guest's: -L
 * counts, and what /proc shows is the guest's. Source: the gdb manual, "Host I/O Packets" and "File-I/O
 * Remote Protocol Extension" for flags, errors and struct stat.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "path.h"

/* gdb's number of an error: those below 31 are the host's where it has them. */
static unsigned error_number(int e)
{
    switch (e) {
    case EPERM: case ENOENT: case EINTR: case EBADF: case EACCES: case EFAULT: case EBUSY: case EEXIST:
    case ENODEV: case ENOTDIR: case EISDIR: case EINVAL: case ENFILE: case EMFILE: case EFBIG: case ENOSPC:
    case ESPIPE: case EROFS:
        return (unsigned)e;
    case ENOSYS: return 88;
    case ENAMETOOLONG: return 91;
    default: return 9999;
    }
}

static void put_error(struct gdb *g, int e) { gdb_putf(g, "F-1,%x", error_number(e)); }

static void put_result(struct gdb *g, long r)
{
    if (r < 0)
        put_error(g, (int)-r);
    else
        gdb_putf(g, "F%lx", r);
}

/* A file's name in hexadecimal digits. */
static bool parse_name(const char **s, char *name)
{
    size_t n = strspn(*s, "0123456789abcdefABCDEF") / 2;

    if (n >= PATH_MAX || !gdb_parse_bytes(*s, name, n))
        return false;
    name[n] = 0;
    *s += 2 * n;
    return true;
}

static uint64_t parse_next(const char **s)
{
    if (**s == ',')
        ++*s;
    return gdb_parse_hex(s);
}

static struct gdb_file *file_of(struct gdb *g, uint64_t number)
{
    return number - 1 < GDB_FILES && g->files[number - 1].fd > 0 ? &g->files[number - 1] : NULL;
}

/* -------------------------------------------------------------- operations */

static long open_file(struct gdb *g, const char *s)
{
    static const struct { unsigned gdb; int host; } bits[] = {
        {8, O_APPEND}, {0x200, O_CREAT}, {0x400, O_TRUNC}, {0x800, O_EXCL},
    };
    char name[PATH_MAX], buf[PATH_MAX];
    struct thread self = {.p = g->p, .tid = getpid()}; /* what /proc shows is the process's */
    uint64_t flags, mode;
    int fd, host = O_CLOEXEC;
    unsigned k = 0;

    if (!parse_name(&s, name))
        return -ENAMETOOLONG;
    flags = parse_next(&s);
    mode = parse_next(&s);
    host |= (int)flags & O_ACCMODE;
    for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
        if (flags & bits[i].gdb)
            host |= bits[i].host;
    while (k < GDB_FILES && g->files[k].fd > 0)
        k++;
    if (k == GDB_FILES)
        return -EMFILE;
    if (!path_open_special(&self, AT_FDCWD, name, host, &fd)) {
        fd = open(path_host(g->p, name, buf), host, (mode_t)mode & 0777);
        fd = fd < 0 ? -errno : fd;
    }
    if (fd < 0)
        return fd;
    g->files[k].fd = fd_hide(g->p, fd);
    return k + 1;
}

static void read_file(struct gdb *g, const char *s)
{
    struct gdb_file *f = file_of(g, gdb_parse_hex(&s));
    uint64_t len = parse_next(&s), offset = parse_next(&s), most = GDB_PACKET / 2 - 32;
    ssize_t n = f == NULL ? (errno = EBADF, -1)
                          : pread(f->fd, g->memory, len < most ? len : most, (off_t)offset);

    if (n < 0) {
        put_error(g, errno);
        return;
    }
    gdb_putf(g, "F%zx;", (size_t)n);
    gdb_put_escaped(g, g->memory, (size_t)n);
}

static long write_file(struct gdb *g, const char *s, const char *end)
{
    struct gdb_file *f = file_of(g, gdb_parse_hex(&s));
    uint64_t offset = parse_next(&s);
    ssize_t n;

    if (f == NULL || *s++ != ',')
        return f == NULL ? -EBADF : -EINVAL;
    n = pwrite(f->fd, s, (size_t)(end - s), (off_t)offset);
    return n < 0 ? -errno : n;
}

/* n bytes of v, the most significant first. */
static uint8_t *put_big(uint8_t *at, uint64_t v, unsigned n)
{
    while (n-- > 0)
        *at++ = (uint8_t)(v >> 8 * n);
    return at;
}

static void stat_file(struct gdb *g, const char *s)
{
    struct gdb_file *f = file_of(g, gdb_parse_hex(&s));
    uint8_t out[64], *at = out;
    struct stat st;

    if (f == NULL || fstat(f->fd, &st) < 0) {
        put_error(g, f == NULL ? EBADF : errno);
        return;
    }
    at = put_big(at, st.st_dev, 4);
    at = put_big(at, st.st_ino, 4);
    at = put_big(at, st.st_mode, 4);
    at = put_big(at, st.st_nlink, 4);
    at = put_big(at, st.st_uid, 4);
    at = put_big(at, st.st_gid, 4);
    at = put_big(at, st.st_rdev, 4);
    at = put_big(at, (uint64_t)st.st_size, 8);
    at = put_big(at, (uint64_t)st.st_blksize, 8);
    at = put_big(at, (uint64_t)st.st_blocks, 8);
    at = put_big(at, (uint64_t)st.st_atime, 4);
    at = put_big(at, (uint64_t)st.st_mtime, 4);
    put_big(at, (uint64_t)st.st_ctime, 4);
    gdb_putf(g, "F%zx;", sizeof out);
    gdb_put_escaped(g, out, sizeof out);
}

static void read_link(struct gdb *g, const char *s)
{
    char name[PATH_MAX], buf[PATH_MAX];
    const char *exe;
    ssize_t n;

    if (!parse_name(&s, name)) {
        put_error(g, ENAMETOOLONG);
        return;
    }
    exe = path_special_link(g->p, AT_FDCWD, name, buf);
    if (exe != NULL) {
        gdb_putf(g, "F%zx;", strlen(exe));
        gdb_put_escaped(g, exe, strlen(exe));
        return;
    }
    n = readlink(path_resolve(g->p, name, buf, false), (char *)g->memory, PATH_MAX);
    if (n < 0) {
        put_error(g, errno);
        return;
    }
    gdb_putf(g, "F%zx;", (size_t)n);
    gdb_put_escaped(g, g->memory, (size_t)n);
}

static long unlink_file(struct gdb *g, const char *s)
{
    char name[PATH_MAX], buf[PATH_MAX];

    if (!parse_name(&s, name))
        return -ENAMETOOLONG;
    return unlink(path_resolve(g->p, name, buf, false)) < 0 ? -errno : 0;
}

static long close_file(struct gdb *g, const char *s)
{
    struct gdb_file *f = file_of(g, gdb_parse_hex(&s));

    if (f == NULL)
        return -EBADF;
    fd_unhide(g->p, f->fd);
    f->fd = 0;
    return 0;
}

void gdb_hostfile(struct gdb *g, char *s, size_t n)
{
    const char *colon = strchr(s, ':'), *arg = colon ? colon + 1 : s + strlen(s);
    size_t len = (size_t)(arg - s) - (colon != NULL);

#define IS(name) (len == sizeof(name) - 1 && !memcmp(s, name, len))
    if (IS("setfs"))
        gdb_put(g, "F0"); /* there is one file system: the guest's */
    else if (IS("open"))
        put_result(g, open_file(g, arg));
    else if (IS("close"))
        put_result(g, close_file(g, arg));
    else if (IS("pread"))
        read_file(g, arg);
    else if (IS("pwrite"))
        put_result(g, write_file(g, arg, s + n));
    else if (IS("fstat"))
        stat_file(g, arg);
    else if (IS("readlink"))
        read_link(g, arg);
    else if (IS("unlink"))
        put_result(g, unlink_file(g, arg));
#undef IS
}
