/*
 * Names of files: -L redirection, and the files of /proc that must show the guest.
 *
 * An absolute path that exists below the prefix (-L) means the file there, with symbolic links
 * resolved inside the prefix as in a root directory of its own; otherwise it means the host's.
 * /proc, /sys and /dev are always the host's. Relative paths are the host's: a descriptor or
 * working directory below the prefix leads there by itself.
 *
 * /proc/self (and /proc/PID of this process, /proc/thread-self): exe is the guest program; maps,
 * auxv, cmdline and stat show the guest's memory; /proc/cpuinfo the guest's processor. They are
 * made when opened, as memory files.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "mem.h"
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

bool path_in_prefix(const struct process *p, const char *path)
{
    struct prefix_cache *c;

    return p->prefix && path[0] == '/' && (c = cache_of(p))->fd >= 0 && top_of(c, path);
}

int path_open_prefix(const struct process *p, const char *path, int host_flags, unsigned mode)
{
    struct prefix_cache *c = p->paths;
    struct open_how how = { .flags = (unsigned)host_flags, .resolve = RESOLVE_IN_ROOT };
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

const char *path_resolve(const struct process *p, const char *path, char *buf, bool follow)
{
    char link[32];

    if (!path_in_prefix(p, path))
        return path;
    int r = resolve_plain(p, path, buf, follow);
    if (r != -ELOOP)
        return r ? path : buf;
    int fd = path_open_prefix(p, path, O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW), 0);
    if (fd < 0)
        return path;
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, buf, PATH_MAX - 1);
    close(fd);
    if (n <= 0)
        return path;
    buf[n] = 0;
    return buf;
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
    if (follow && path_special_link(t->p, AT_FDCWD, buf))
        snprintf(buf, PATH_MAX, "%s", t->p->exe);
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

/* --- /proc ----------------------------------------------------------------------------------- */

/* The part after /proc/self/ (or this process by number), or NULL. */
static const char *self_name(const char *path)
{
    char *end;

    if (strncmp(path, "/proc/", 6))
        return NULL;
    path += 6;
    if (!strncmp(path, "self/", 5))
        return path + 5;
    if (!strncmp(path, "thread-self/", 12))
        return path + 12;
    if (*path >= '1' && *path <= '9') {
        long pid = strtol(path, &end, 10);
        if (*end == '/' && pid == getpid())
            return end + 1;
    }
    return NULL;
}

const char *path_special_link(struct process *p, int dirfd, const char *path)
{
    const char *name;

    if (path[0] != '/')
        return NULL;
    name = self_name(path);
    return name && !strcmp(name, "exe") ? p->exe : NULL;
}

/* Lines of the host's maps that are the guest's, with the guest's protection. */
static int make_maps_locked(struct process *p, FILE *out)
{
    FILE *f = fopen("/proc/self/maps", "re");
    struct mm *mm = p->mm;
    char *line = NULL;
    size_t cap = 0;
    unsigned long long s, e, off;
    char perm[5], dev[16];
    unsigned long long ino;
    int at;

    if (!f)
        return -errno;
    while (getline(&line, &cap, f) > 0) {
        if (sscanf(line, "%llx-%llx %4s %llx %15s %llu%n", &s, &e, perm, &off, dev, &ino, &at) < 6)
            continue;
        char *name = line + at + strspn(line + at, " ");
        name[strcspn(name, "\n")] = 0;
        s -= p->guest_base;
        e -= p->guest_base;
        while (s < e) {
            const struct mapping *m = mm_find(mm, s);
            if (!m) {
                uint64_t next = mm_next(mm, s);
                s = next < e ? next : e;
                continue;
            }
            uint64_t stop = m->end < e ? m->end : e, heap_end = PAGE_UP(mm->brk);
            if (s < mm->brk_start && stop > mm->brk_start) /* the heap is a line of its own */
                stop = mm->brk_start;
            else if (s < heap_end && stop > heap_end)
                stop = heap_end;
            const char *label = name;
            if (s >= mm->stack_low && s < mm->stack_high)
                label = "[stack]";
            else if (s >= mm->brk_start && s < heap_end)
                label = "[heap]";
            else if (mm->sigpage && s == mm->sigpage)
                label = "[vdso]";
            int n = fprintf(out, "%08llx-%08llx %c%c%c%c %08llx %s %llu ", s,
                            (unsigned long long)stop, m->prot & PROT_READ ? 'r' : '-',
                            m->prot & PROT_WRITE ? 'w' : '-', m->prot & PROT_EXEC ? 'x' : '-',
                            m->shared ? 's' : 'p', off, dev, ino);
            if (*label)
                fprintf(out, "%*s%s", n < 73 ? 73 - n : 0, "", label);
            fputc('\n', out);
            if (ino)
                off += stop - s;
            s = stop;
        }
    }
    free(line);
    fclose(f);
    return 0;
}

static int make_maps(struct process *p, FILE *out)
{
    pthread_mutex_lock(&p->mm->lock);
    int r = make_maps_locked(p, out);
    pthread_mutex_unlock(&p->mm->lock);
    return r;
}

static int make_from_memory(struct process *p, FILE *out, uint64_t start, uint64_t len)
{
    char buf[4096];

    while (len) {
        size_t n = len < sizeof(buf) ? len : sizeof(buf);
        if (user_read(p, buf, start, n))
            return -EFAULT;
        fwrite(buf, 1, n, out);
        start += n;
        len -= n;
    }
    return 0;
}

static int make_auxv(struct process *p, FILE *out)
{
    return make_from_memory(p, out, p->mm->auxv, p->mm->auxv_len);
}

static int make_cmdline(struct process *p, FILE *out)
{
    return make_from_memory(p, out, p->mm->arg_start, p->mm->arg_end - p->mm->arg_start);
}

static int make_environ(struct process *p, FILE *out)
{
    return make_from_memory(p, out, p->mm->env_start, p->mm->env_end - p->mm->env_start);
}

/* Fields of proc(5): 26 startcode, 27 endcode, 28 startstack, 45 start_data ... 47 start_brk,
 * 48 arg_start 49 arg_end 50 env_start 51 env_end. */
static int make_stat(struct process *p, FILE *out)
{
    FILE *f = fopen("/proc/self/stat", "re");
    struct mm *mm = p->mm;
    char line[2048], *at;

    if (!f)
        return -errno;
    at = fgets(line, sizeof(line), f);
    fclose(f);
    if (!at || !(at = strrchr(line, ')')))
        return -EIO;
    fprintf(out, "%.*s", (int)(at + 1 - line), line);
    unsigned field = 3;
    for (char *save, *w = strtok_r(at + 1, " \n", &save); w; w = strtok_r(NULL, " \n", &save)) {
        uint64_t v;
        switch (field++) {
        case 26: v = mm->code_start; break;
        case 27: v = mm->code_end; break;
        case 28: v = mm->stack_start; break;
        case 47: v = mm->brk_start; break;
        case 48: v = mm->arg_start; break;
        case 49: v = mm->arg_end; break;
        case 50: v = mm->env_start; break;
        case 51: v = mm->env_end; break;
        default: fprintf(out, " %s", w); continue;
        }
        fprintf(out, " %llu", (unsigned long long)v);
    }
    fputc('\n', out);
    return 0;
}

static int make_cpuinfo(struct process *p, FILE *out)
{
    size_t n;
    char *text = p->abi->cpuinfo(p, &n);

    if (!text)
        return -ENOMEM;
    fwrite(text, 1, n, out);
    free(text);
    return 0;
}

static const struct { const char *name; int (*make)(struct process *, FILE *); } generated[] = {
    {"maps", make_maps}, {"auxv", make_auxv}, {"cmdline", make_cmdline},
    {"environ", make_environ}, {"stat", make_stat},
};

static int open_generated(struct process *p, const char *name,
                          int (*make)(struct process *, FILE *), int host_flags)
{
    char *text = NULL;
    size_t len = 0;

    if ((host_flags & O_ACCMODE) != O_RDONLY)
        return -EACCES;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return -ENOMEM;
    int r = make(p, f);
    if (fclose(f) || r < 0) {
        free(text);
        return r < 0 ? r : -ENOMEM;
    }
    int fd = (int)host_syscall(SYS_memfd_create, name, host_flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd >= 0 && (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        fd = -EIO;
    }
    free(text);
    return fd;
}

bool path_open_special(struct thread *t, const char *path, int host_flags, int *fd)
{
    struct process *p = t->p;
    const char *name;

    if (strncmp(path, "/proc/", 6))
        return false;
    if (!strcmp(path, "/proc/cpuinfo")) {
        *fd = open_generated(p, "cpuinfo", make_cpuinfo, host_flags);
        return true;
    }
    name = self_name(path);
    if (!name)
        return false;
    if (!strcmp(name, "exe")) {
        *fd = host_flags & O_NOFOLLOW ? -ELOOP
              : (int)host_syscall(SYS_openat, AT_FDCWD, p->exe, host_flags, 0);
        return true;
    }
    for (size_t i = 0; i < sizeof(generated) / sizeof(*generated); i++)
        if (!strcmp(name, generated[i].name)) {
            *fd = open_generated(p, name, generated[i].make, host_flags);
            return true;
        }
    return false;
}
