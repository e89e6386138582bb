/*
 * Names of files: -L redirection. The files of /proc that must show the guest are procfs.c's.
 *
 * An absolute path that exists below the prefix (-L) means the file there, with symbolic links
 * resolved inside the prefix as in a root directory of its own; otherwise it means the host's.
 * /proc, /sys and /dev are always the host's. Relative paths are the host's: a descriptor or
 * working directory below the prefix leads there by itself. A guest that changes its root leaves the
 * prefix behind, unless it is there under its name too.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "path.h"

#ifndef RESOLVE_IN_ROOT
#define RESOLVE_IN_ROOT 0x10
#endif

/* --- prefix ---------------------------------------------------------------------------------- */

struct prefix_cache {
    pthread_mutex_t lock; /* while something is added to it */
    int fd;               /* of the prefix directory, -1: not opened yet, -2: no use */
    bool no_openat2;
    struct top { char name[24], to[40]; bool exists; } top[16]; /* first components seen before */
    unsigned ntop;
};

static struct prefix_cache *cache_of(const struct process *p)
{
    struct prefix_cache *c = p->paths;

    if (c->fd == -1) {
        pthread_mutex_lock(&c->lock);
        if (c->fd == -1) {
            int fd = open(p->prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
            c->fd = fd < 0 ? -2 : fd_hide((struct process *)p, fd);
        }
        pthread_mutex_unlock(&c->lock);
    }
    return c;
}

int path_init(struct process *p)
{
    struct prefix_cache *c = calloc(1, sizeof(*c));

    if (!c)
        return -ENOMEM;
    c->fd = -1;
    p->paths = c;
    return 0;
}

void path_set_prefix(struct process *p)
{
    struct prefix_cache *c = p->paths;
    char buf[PATH_MAX], link[40];
    ssize_t n = -1;
    int fd = open(p->prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) { /* the kernel has its name: one call in place of one for each component */
        snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
        n = readlink(link, buf, sizeof(buf) - 1);
        buf[n > 0 ? n : 0] = 0;
    }
    char *full = n > 0 && buf[0] == '/' && n < PATH_MAX - 1 && !strstr(buf, " (deleted)") ? strdup(buf)
                                                                                          : realpath(p->prefix, NULL);
    p->prefix = full && strcmp(full, "/") ? full : NULL;
    if (fd >= 0 && p->prefix)
        c->fd = fd_hide(p, fd);
    else if (fd >= 0)
        close(fd);
}

/* What is known of the first component of path (absolute): `to` is where it leads if it is a link,
 * as lib does to usr/lib. NULL: nothing below the prefix has this name. */
static const struct top *top_of(struct prefix_cache *c, const char *path)
{
    static const struct top unknown = { .exists = true };
    const char *name = path + strspn(path, "/"), *end = strchrnul(name, '/');
    size_t n = (size_t)(end - name);
    struct top t = { .name = "" };

    if (!n)
        return NULL; /* the root itself is the host's */
    if (n >= sizeof(t.name))
        return &unknown;
    memcpy(t.name, name, n);
    if (!strcmp(t.name, "proc") || !strcmp(t.name, "sys") || !strcmp(t.name, "dev"))
        return NULL;
    unsigned n_known = __atomic_load_n(&c->ntop, __ATOMIC_ACQUIRE);
    for (unsigned i = 0; i < n_known; i++)
        if (!strcmp(c->top[i].name, t.name))
            return c->top[i].exists ? &c->top[i] : NULL;
    t.exists = faccessat(c->fd, t.name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (t.exists && readlinkat(c->fd, t.name, t.to, sizeof(t.to) - 1) == sizeof(t.to) - 1)
        memset(t.to, 0, sizeof(t.to)); /* a long one: the host's kernel follows it each time */
    const struct top *added = &unknown;
    pthread_mutex_lock(&c->lock);
    if (c->ntop < sizeof(c->top) / sizeof(*c->top)) {
        added = &c->top[c->ntop];
        c->top[c->ntop] = t;
        __atomic_store_n(&c->ntop, c->ntop + 1, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&c->lock);
    return t.exists ? added : NULL;
}

pthread_mutex_t *path_lock(struct process *p) { return &((struct prefix_cache *)p->paths)->lock; }

int path_prefix_fd(const struct process *p) { return cache_of(p)->fd; }

bool path_in_prefix(const struct process *p, const char *path)
{
    struct prefix_cache *c;

    return p->prefix && !p->rooted && !p->prefix_gone && path[0] == '/' && (c = cache_of(p))->fd >= 0 && top_of(c, path);
}

long path_change_root(struct process *p, long nr, const char *path, const char *put_old)
{
    int fd = p->prefix && !p->rooted ? cache_of(p)->fd : -1; /* opened now: by its name in this root */
    struct stat was, is;
    long r = host_syscall(nr, path, put_old);

    if (r == 0 && fd >= 0 &&
        (fstat(fd, &was) < 0 || stat(p->prefix, &is) < 0 || was.st_dev != is.st_dev || was.st_ino != is.st_ino))
        p->prefix_gone = true;
    return r;
}

/* What open ignores and openat2 refuses is left out, as by build_open_how of Linux' fs/open.c. */
static unsigned known_flags(int flags)
{
    const int large = 0100000, /* O_LARGEFILE, which is 0 in 64-bit headers */
        known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK | O_SYNC | O_DSYNC |
                O_ASYNC | O_DIRECT | large | O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE;

    return (unsigned)(flags & (flags & O_PATH ? O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC : known));
}

int path_open_prefix(const struct process *p, const char *path, int host_flags, unsigned mode)
{
    struct prefix_cache *c = p->paths;
    struct open_how how = { .flags = known_flags(host_flags), .resolve = RESOLVE_IN_ROOT };
    char buf[PATH_MAX];

    if (!c->no_openat2) {
        how.mode = host_flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)) ? mode & 07777 : 0;
        long r = host_syscall(SYS_openat2, c->fd, path, &how, sizeof(how));
        if (r != -ENOSYS && r != -EPERM)
            return (int)r;
        c->no_openat2 = true;
    }
    if (snprintf(buf, sizeof(buf), "%s%s", p->prefix, path) >= PATH_MAX)
        return -ENAMETOOLONG;
    return (int)host_syscall(SYS_openat, AT_FDCWD, buf, host_flags, mode);
}

/* The common case: no symbolic link but perhaps the first component, and no "..". The path below
 * the prefix is then the prefix and the rest. 0, -ELOOP if links must be followed, or -errno. */
static int resolve_plain(const struct process *p, const char *path, char *buf, bool follow)
{
    struct prefix_cache *c = p->paths;
    const struct top *top = top_of(c, path);
    const char *name = path + strspn(path, "/"), *rest = strchrnul(name, '/');
    struct open_how how = { .flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
                            .resolve = RESOLVE_NO_SYMLINKS };
    size_t at = strlen(p->prefix) + 1;
    int n;

    if (c->no_openat2 || strstr(path, ".."))
        return -ELOOP;
    if (top->to[0] && (*rest || follow))
        n = snprintf(buf, PATH_MAX, "%s/%s%s", p->prefix, top->to + strspn(top->to, "/"), rest);
    else
        n = snprintf(buf, PATH_MAX, "%s/%s", p->prefix, name);
    if (n >= PATH_MAX)
        return -ENAMETOOLONG;
    long fd = host_syscall(SYS_openat2, c->fd, buf + at, &how, sizeof(how));
    if (fd < 0)
        return fd == -ENOSYS || fd == -EPERM ? -ELOOP : (int)fd;
    close((int)fd);
    return 0;
}

bool path_of_fd(int fd, char *buf)
{
    char link[32];

    snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    ssize_t n = readlink(link, buf, PATH_MAX - 1);
    close(fd);
    if (n <= 0)
        return false;
    buf[n] = 0;
    return true;
}

const char *path_resolve(const struct process *p, const char *path, char *buf, bool follow)
{
    if (p->rooted)
        return rootname_host(p, path, buf, follow);
    if (!path_in_prefix(p, path))
        return path;
    int r = resolve_plain(p, path, buf, follow);
    if (r != -ELOOP)
        return r ? path : buf;
    int fd = path_open_prefix(p, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
    return fd >= 0 && path_of_fd(fd, buf) ? buf : path;
}

const char *path_host(const struct process *p, const char *path, char *buf)
{
    return path_resolve(p, path, buf, true);
}

static int get(struct thread *t, uint64_t addr, char *buf, char *buf2, const char **out,
               bool follow)
{
    long n = user_string(t->p, addr, buf, PATH_MAX);

    if (n < 0)
        return (int)n;
    const char *made = proc_path(t, buf, buf2, follow);
    if (made) {
        *out = made;
        return 0;
    }
    *out = path_resolve(t->p, buf, buf2, follow);
    return 0;
}

int path_get(struct thread *t, uint64_t addr, char *buf, char *buf2, const char **out)
{
    return get(t, addr, buf, buf2, out, true);
}

int path_get_nofollow(struct thread *t, uint64_t addr, char *buf, char *buf2, const char **out)
{
    return get(t, addr, buf, buf2, out, false);
}
