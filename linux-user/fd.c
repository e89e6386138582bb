/*
 * Descriptors: which are myna's own, and the calls that make, copy and close them.
 *
 * myna's own descriptors (log file, the prefix directory) have high numbers and are close-on-exec.
 * For the guest they don't exist: EBADF, and close_range steps around them. Everything else is the
 * host's descriptor table.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "path.h"

enum { MAX_HIDDEN = 32 };

struct fd_notes {
    int hidden[MAX_HIDDEN];
    unsigned nhidden;
};

static struct fd_notes *notes(struct process *p)
{
    if (!p->fds)
        p->fds = calloc(1, sizeof(struct fd_notes));
    return p->fds;
}

int fd_hide(struct process *p, int fd)
{
    struct fd_notes *n = notes(p);
    struct rlimit lim;
    int high = -1;

    if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur > 64)
        /* not higher: the kernel copies the table up to it at each fork */
        high = fcntl(fd, F_DUPFD_CLOEXEC, lim.rlim_cur > 1024 ? 992 : (int)lim.rlim_cur - 32);
    if (high >= 0)
        close(fd);
    else
        high = fd;
    for (unsigned i = 0; n && i < n->nhidden; i++)
        if (n->hidden[i] < 0) {
            __atomic_store_n(&n->hidden[i], high, __ATOMIC_RELEASE);
            return high;
        }
    if (n && n->nhidden < MAX_HIDDEN) { /* others may be reading the list */
        n->hidden[n->nhidden] = high;
        __atomic_store_n(&n->nhidden, n->nhidden + 1, __ATOMIC_RELEASE);
    }
    return high;
}

void fd_unhide(struct process *p, int fd)
{
    struct fd_notes *n = p->fds;

    close(fd);
    for (unsigned i = 0; n && i < n->nhidden; i++)
        if (n->hidden[i] == fd)
            __atomic_store_n(&n->hidden[i], INT_MIN, __ATOMIC_RELEASE); /* no descriptor */
}

bool fd_hidden(const struct process *p, int fd)
{
    const struct fd_notes *n = p->fds;

    if (n)
        for (unsigned i = 0; i < n->nhidden; i++)
            if (n->hidden[i] == fd)
                return true;
    return false;
}

long sys_close(struct thread *t, const uint64_t *a)
{
    if (fd_hidden(t->p, (int)a[0]))
        return -EBADF;
    uring_closed(t->p, (unsigned)a[0], (unsigned)a[0]);
    return host_syscall(SYS_close, (int)a[0]);
}

long sys_close_range(struct thread *t, const uint64_t *a)
{
    unsigned first = (unsigned)a[0], last = (unsigned)a[1];
    const struct fd_notes *n = t->p->fds;

    if (first > last)
        return -EINVAL;
    if (!(a[2] & CLOSE_RANGE_CLOEXEC))
        uring_closed(t->p, first, last);
    while (first <= last) { /* up to the next hidden one */
        unsigned next = ~0u;
        for (unsigned i = 0; n && i < n->nhidden; i++)
            if ((unsigned)n->hidden[i] >= first && (unsigned)n->hidden[i] <= last &&
                (unsigned)n->hidden[i] < next)
                next = (unsigned)n->hidden[i];
        unsigned end = next == ~0u ? last : next - 1;
        if (next == ~0u || next > first) {
            long r = host_syscall(SYS_close_range, first, end, (unsigned)a[2]);
            if (r < 0)
                return r;
        }
        if (next == ~0u)
            return 0;
        first = next + 1;
    }
    return 0;
}

long sys_dup3(struct thread *t, const uint64_t *a)
{
    if (fd_hidden(t->p, (int)a[0]) || fd_hidden(t->p, (int)a[1]))
        return -EBADF;
    if (a[0] != a[1])
        uring_closed(t->p, (unsigned)a[1], (unsigned)a[1]);
    return host_syscall(SYS_dup3, (int)a[0], (int)a[1], t->p->abi->open_flags_to_host((int)a[2]));
}

long sys_pipe2(struct thread *t, const uint64_t *a)
{
    int fds[2];
    long r = host_syscall(SYS_pipe2, fds, t->p->abi->open_flags_to_host((int)a[1]));

    if (r == 0 && user_write(t->p, a[0], fds, sizeof(fds))) {
        close(fds[0]);
        close(fds[1]);
        return -EFAULT;
    }
    return r;
}

/* --- lists of descriptors -------------------------------------------------------------------- */

struct dirent64_head { uint64_t ino, off; uint16_t len; uint8_t type; char name[]; };

enum own_list { NO_LIST, LIST_DESCRIPTORS, LIST_THREADS };

/* Takes myna's own out of a list; its new length. */
static long without_hidden(struct process *p, enum own_list kind, char *list, long len)
{
    long kept = 0;

    for (long at = 0; at < len;) {
        const struct dirent64_head *d = (const void *)(list + at);
        long n = d->len;
        bool number = *d->name >= '0' && *d->name <= '9';
        if (!number || (kind == LIST_DESCRIPTORS ? !fd_hidden(p, atoi(d->name))
                                                 : atoi(d->name) != engine_own_thread(p->engine))) {
            memmove(list + kept, list + at, (size_t)n);
            kept += n;
        }
        at += n;
    }
    return kept;
}

/* Does fd list the descriptors or threads of this process? */
static enum own_list list_of(int fd)
{
    char link[32], name[64], own[32];
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0 || fs.f_type != 0x9fa0 /* PROC_SUPER_MAGIC */)
        return NO_LIST;
    snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", fd);
    ssize_t n = readlink(link, name, sizeof(name) - 1);
    if (n < 3)
        return NO_LIST;
    name[n] = 0;
    const char *last = strrchr(name, '/');
    snprintf(own, sizeof(own), "/proc/%d/", getpid());
    if (!last || strncmp(name, own, strlen(own)))
        return NO_LIST;
    return !strcmp(last, "/task") ? LIST_THREADS
           : !strcmp(last, "/fd") || !strcmp(last, "/fdinfo") ? LIST_DESCRIPTORS : NO_LIST;
}

long sys_getdents64(struct thread *t, const uint64_t *a)
{
    enum { MOST = 32 << 10 };
    const struct fd_notes *notes_now = t->p->fds;
    bool hides = (notes_now && notes_now->nhidden) || engine_own_thread(t->p->engine);
    int fd = (int)a[0];
    enum own_list kind;
    char *list;
    long r;

    if (fd_hidden(t->p, fd))
        return -EBADF;
    if (!hides || (kind = list_of(fd)) == NO_LIST)
        return host_syscall(SYS_getdents64, fd, g2h(t->p, a[1]), a[2]);
    list = malloc(MOST);
    if (!list)
        return -ENOMEM;
    do {
        r = host_syscall(SYS_getdents64, fd, list, a[2] < MOST ? a[2] : MOST);
        long kept = r > 0 ? without_hidden(t->p, kind, list, r) : r;
        if (kept == 0 && r > 0)
            continue;
        r = kept;
        break;
    } while (r > 0);
    if (r > 0 && user_write(t->p, a[1], list, (size_t)r))
        r = -EFAULT;
    free(list);
    return r;
}

/* --- fcntl ----------------------------------------------------------------------------------- */

enum arg_kind { ARG_INT = 1, ARG_POINTER, ARG_FLAGS };

/* One row per command: number, what its argument is, whether it waits. */
static const struct { int cmd; enum arg_kind arg; bool waits; } commands[] = {
    {F_DUPFD, ARG_INT, false},        {F_DUPFD_CLOEXEC, ARG_INT, false},
    {F_GETFD, ARG_INT, false},        {F_SETFD, ARG_INT, false},
    {F_GETFL, ARG_INT, false},        {F_SETFL, ARG_FLAGS, false},
    {F_GETLK, ARG_POINTER, false},    {F_SETLK, ARG_POINTER, false},
    {F_SETLKW, ARG_POINTER, true},    {F_OFD_GETLK, ARG_POINTER, false},
    {F_OFD_SETLK, ARG_POINTER, false},{F_OFD_SETLKW, ARG_POINTER, true},
    {F_SETOWN, ARG_INT, false},       {F_GETOWN, ARG_INT, false},
    {F_SETOWN_EX, ARG_POINTER, false},{F_GETOWN_EX, ARG_POINTER, false},
    {F_SETSIG, ARG_INT, false},       {F_GETSIG, ARG_INT, false},
    {F_SETLEASE, ARG_INT, false},     {F_GETLEASE, ARG_INT, false},
    {F_NOTIFY, ARG_INT, false},       {F_SETPIPE_SZ, ARG_INT, false},
    {F_GETPIPE_SZ, ARG_INT, false},   {1033 /* F_ADD_SEALS */, ARG_INT, false},
    {1034 /* F_GET_SEALS */, ARG_INT, false},
    {1035 /* F_GET_RW_HINT */, ARG_POINTER, false}, {1036 /* F_SET_RW_HINT */, ARG_POINTER, false},
    {1037, ARG_POINTER, false},       {1038 /* F_SET_FILE_RW_HINT */, ARG_POINTER, false},
    {17 /* F_GETOWNER_UIDS */, ARG_POINTER, false},
};

long sys_fcntl(struct thread *t, const uint64_t *a)
{
    int fd = (int)a[0], cmd = (int)a[1];
    uint64_t arg = a[2];
    size_t i;

    if (fd_hidden(t->p, fd))
        return -EBADF;
    for (i = 0; i < sizeof(commands) / sizeof(*commands) && commands[i].cmd != cmd;)
        i++;
    if (i == sizeof(commands) / sizeof(*commands)) {
        log_unimp("fcntl command %d is unknown", cmd);
        return -EINVAL;
    }
    if (commands[i].arg == ARG_POINTER)
        arg = (uintptr_t)g2h(t->p, arg);
    else if (commands[i].arg == ARG_FLAGS)
        arg = (unsigned)t->p->abi->open_flags_to_host((int)arg);
    long r = commands[i].waits ? host_syscall_blocking(t, SYS_fcntl, fd, cmd, arg)
                               : host_syscall(SYS_fcntl, fd, cmd, arg);
    return cmd == F_GETFL && r >= 0 ? t->p->abi->open_flags_from_host((int)r) : r;
}
