/*
 * Files: open, read and write in their vector forms, names, attributes, directories, mounts.
 *
 * Every name goes through path.c, so that -L and the files of /proc hold everywhere. Names that a
 * call creates or removes (mkdir, unlink, rename ...) are looked up without following a link at
 * their end. Where the host's layout differs (struct stat, open flags) the abi converts. Everything
 * that can wait goes through host_syscall_blocking.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "guest_process.h"
#include "path.h"

struct name {
    const char *host;
    char guest[PATH_MAX], buf[PATH_MAX];
};

enum { NOFOLLOW, FOLLOW };

static int name_get(struct thread *t, uint64_t addr, struct name *n, bool follow)
{
    return follow ? path_get(t, addr, n->guest, n->buf, &n->host)
                  : path_get_nofollow(t, addr, n->guest, n->buf, &n->host);
}

/* --- open ------------------------------------------------------------------------------------ */

/* Opens an existing file below the prefix: descriptor or -errno; -ENOENT: not there. */
static long open_in_prefix(struct process *p, const char *path, int flags)
{
    if (flags & O_PATH)
        flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if ((flags & O_CREAT) && (flags & O_EXCL)) {
        int fd = path_open_prefix(p, path, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0);
        if (fd < 0)
            return -ENOENT;
        close(fd);
        return -EEXIST;
    }
    long r = path_open_prefix(p, path, flags & ~(O_CREAT | O_EXCL), 0);
    return r == -ENOTDIR ? -ENOENT : r;
}

static long open_at(struct thread *t, const uint64_t *a, const char *path)
{
    int flags = t->p->abi->open_flags_to_host((int)a[2]), fd;
    char buf[PATH_MAX];

    if (path_open_special(t, (int)a[0], path, flags, &fd))
        return fd;
    if (path_in_prefix(t->p, path) && (flags & O_TMPFILE) != O_TMPFILE) {
        long r = open_in_prefix(t->p, path, flags);
        if (r != -ENOENT)
            return r;
    }
    if (t->p->rooted) {
        bool fresh = (flags & O_CREAT) && (flags & O_EXCL);
        path = rootname_host(t->p, path, buf, !(flags & O_NOFOLLOW) && !fresh);
    }
    return host_syscall_blocking(t, SYS_openat, (int)a[0], path, flags, (unsigned)a[3]);
}

long sys_openat(struct thread *t, const uint64_t *a)
{
    char path[PATH_MAX];
    long r = user_string(t->p, a[1], path, sizeof(path));

    if (r < 0)
        return r;
    r = open_at(t, a, path);
    t->p->missing_library[0] = 0;
    if (r == -ENOENT && strstr(path, ".so")) {
        const char *slash = strrchr(path, '/');
        snprintf(t->p->missing_library, sizeof(t->p->missing_library), "%.60s",
                 slash ? slash + 1 : path);
    }
    return r;
}

long sys_openat2(struct thread *t, const uint64_t *a)
{
    struct { struct open_how how; uint8_t rest[GUEST_PAGE - sizeof(struct open_how)]; } u;
    struct open_how how;
    struct name n;
    int r;

    if (a[3] < sizeof(how))
        return -EINVAL;
    if (a[3] > sizeof(u))
        return -E2BIG;
    if (user_read(t->p, &u, a[2], a[3]))
        return -EFAULT;
    for (size_t i = 0; i < a[3] - sizeof(how); i++)
        if (u.rest[i])
            return -E2BIG;
    how = u.how;
    if (how.flags >> 31)
        return -EINVAL;
    how.flags = (unsigned)t->p->abi->open_flags_to_host((int)how.flags);
    if (how.resolve) {
        r = (int)user_string(t->p, a[1], n.guest, sizeof(n.guest));
        n.host = n.guest;
    } else {
        r = name_get(t, a[1], &n, !(how.flags & (O_NOFOLLOW | O_EXCL)));
    }
    return r < 0 ? r : host_syscall_blocking(t, SYS_openat2, (int)a[0], n.host, &how, sizeof(how));
}

long sys_name_to_handle_at(struct thread *t, const uint64_t *a)
{
    struct name n;
    int r = name_get(t, a[1], &n, a[4] & AT_SYMLINK_FOLLOW);

    return r < 0 ? r : host_syscall(SYS_name_to_handle_at, (int)a[0], n.host, g2h(t->p, a[2]),
                                    g2h(t->p, a[3]), (int)a[4]);
}

long sys_open_by_handle_at(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_open_by_handle_at, (int)a[0], g2h(t->p, a[1]),
                        t->p->abi->open_flags_to_host((int)a[2]));
}

/* --- reading and writing ----------------------------------------------------------------------- */

static long transfer(struct thread *t, long nr, const uint64_t *a, const uint64_t *at, bool write)
{
    void *buf = arg_ptr(t, a[1]);
    int64_t r;

    if (__builtin_expect(t->p->procmem != NULL, 0) &&
        procmem_access(t, (int)a[0], &(struct iovec){ buf, a[2] }, 1, at, write, &r))
        return r;
    return host_syscall_blocking(t, nr, (int)a[0], buf, a[2], a[3]);
}

long sys_read(struct thread *t, const uint64_t *a) { return transfer(t, SYS_read, a, NULL, false); }
long sys_write(struct thread *t, const uint64_t *a) { return transfer(t, SYS_write, a, NULL, true); }
long sys_pread64(struct thread *t, const uint64_t *a) { return transfer(t, SYS_pread64, a, &a[3], false); }
long sys_pwrite64(struct thread *t, const uint64_t *a) { return transfer(t, SYS_pwrite64, a, &a[3], true); }

static long vector(struct thread *t, long nr, const uint64_t *a, bool flags_last)
{
    struct iovec local[USER_FASTIOV], *v;
    int n = user_iov(t->p, a[1], a[2], local, &v);

    if (n < 0)
        return n;
    bool write = nr == SYS_writev || nr == SYS_pwritev || nr == SYS_pwritev2, here = nr == SYS_readv || nr == SYS_writev;
    int64_t r;
    if (!t->p->procmem || nr == SYS_vmsplice ||
        !procmem_access(t, (int)a[0], v, (unsigned)n, here || (flags_last && a[3] == ~0ull) ? NULL : &a[3], write, &r))
        r = host_syscall_blocking(t, nr, (int)a[0], v, (unsigned long)n, a[3], a[4], flags_last ? a[5] : 0ul);
    user_iov_free(local, v);
    return r;
}

long sys_readv(struct thread *t, const uint64_t *a) { return vector(t, SYS_readv, a, false); }
long sys_writev(struct thread *t, const uint64_t *a) { return vector(t, SYS_writev, a, false); }
long sys_preadv(struct thread *t, const uint64_t *a) { return vector(t, SYS_preadv, a, false); }
long sys_pwritev(struct thread *t, const uint64_t *a) { return vector(t, SYS_pwritev, a, false); }
long sys_preadv2(struct thread *t, const uint64_t *a) { return vector(t, SYS_preadv2, a, true); }
long sys_pwritev2(struct thread *t, const uint64_t *a) { return vector(t, SYS_pwritev2, a, true); }
long sys_vmsplice(struct thread *t, const uint64_t *a) { return vector(t, SYS_vmsplice, a, false); }

/* --- attributes ------------------------------------------------------------------------------ */

static long stat_result(struct thread *t, long r, const struct stat *st, uint64_t to)
{
    char out[256] __attribute__((aligned(16)));

    if (r < 0)
        return r;
    t->p->abi->stat_from_host(st, out);
    return user_write(t->p, to, out, t->p->abi->stat_size);
}

/* The name of a stat-like call, which knows AT_SYMLINK_NOFOLLOW. */
static int stat_name(struct thread *t, const uint64_t *a, uint64_t flags, struct name *n)
{
    n->host = NULL;
    if (!a[1] && (flags & AT_EMPTY_PATH)) /* since Linux 6.11: the descriptor itself */
        return 0;
    return name_get(t, a[1], n, !(flags & AT_SYMLINK_NOFOLLOW));
}

long sys_newfstatat(struct thread *t, const uint64_t *a)
{
    struct name n;
    struct stat st;
    int r = fd_hidden(t->p, (int)a[0]) ? -EBADF : stat_name(t, a, a[3], &n);

    if (r < 0)
        return r;
    r = (int)host_syscall(SYS_newfstatat, (int)a[0], n.host, &st, (int)a[3]);
    if (r == 0)
        owner_show(t->p, (int)a[0], n.host, (int)a[3], st.st_mode, &st.st_uid, &st.st_gid);
    return stat_result(t, r, &st, a[2]);
}

long sys_fstat(struct thread *t, const uint64_t *a)
{
    struct stat st;
    long r = fd_hidden(t->p, (int)a[0]) ? -EBADF : host_syscall(SYS_fstat, (int)a[0], &st);

    if (r == 0)
        owner_show(t->p, (int)a[0], NULL, 0, st.st_mode, &st.st_uid, &st.st_gid);
    return stat_result(t, r, &st, a[1]);
}

/* Corrects the owner in a struct statx: stx_uid, stx_gid and stx_mode lie at 20, 24 and 28. */
static long statx_owner(struct thread *t, const uint64_t *a, const char *path)
{
    struct { uint32_t uid, gid; uint16_t mode; } st;

    if (user_read(t->p, &st, a[4] + 20, 10))
        return -EFAULT;
    owner_show(t->p, (int)a[0], path, (int)a[2], st.mode, &st.uid, &st.gid);
    return user_write(t->p, a[4] + 20, &st, 8);
}

long sys_statx(struct thread *t, const uint64_t *a)
{
    struct name n;
    int r = fd_hidden(t->p, (int)a[0]) ? -EBADF : stat_name(t, a, a[2], &n);

    if (r < 0)
        return r;
    long done = host_syscall(SYS_statx, (int)a[0], n.host, (int)a[2], (unsigned)a[3], g2h(t->p, a[4]));
    return done == 0 && t->p->owner.on ? statx_owner(t, a, n.host) : done;
}

/* Calls of the form (name, x, y, z). */
static long by_name(struct thread *t, long nr, bool follow, uint64_t name, uint64_t x, uint64_t y,
                    uint64_t z, uint64_t w)
{
    struct name n;
    int r = name_get(t, name, &n, follow);

    return r < 0 ? r : host_syscall(nr, n.host, x, y, z, w);
}

/* Calls of the form (directory descriptor, name, x, y, z). */
static long by_name_at(struct thread *t, long nr, bool follow, const uint64_t *a, uint64_t x,
                       uint64_t y, uint64_t z)
{
    struct name n;
    int r = name_get(t, a[1], &n, follow);

    return r < 0 ? r : host_syscall(nr, (int)a[0], n.host, x, y, z);
}

static uint64_t ptr(struct thread *t, uint64_t addr)
{
    return addr ? (uintptr_t)g2h(t->p, addr) : 0;
}

long sys_statfs(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_statfs, FOLLOW, a[0], ptr(t, a[1]), 0, 0, 0);
}

long sys_truncate(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_truncate, FOLLOW, a[0], a[1], 0, 0, 0);
}

long sys_faccessat(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_faccessat, FOLLOW, a, a[2], 0, 0);
}

long sys_faccessat2(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_faccessat2, !(a[3] & AT_SYMLINK_NOFOLLOW), a, a[2], a[3], 0);
}

long sys_readlinkat(struct thread *t, const uint64_t *a)
{
    struct name n;
    char buf[PATH_MAX];
    const char *exe;
    int r = name_get(t, a[1], &n, NOFOLLOW);

    if (r < 0)
        return r;
    if ((int)a[3] <= 0)
        return -EINVAL;
    exe = path_special_link(t->p, (int)a[0], n.guest, buf);
    if (!exe) {
        long got = host_syscall(SYS_readlinkat, (int)a[0], n.host, g2h(t->p, a[2]), (int)a[3]);
        return strncmp(n.guest, "/proc/", 6) ? got : rootname_strip(t, a[2], got, false);
    }
    exe = rootname_guest(t->p, exe);
    size_t len = strlen(exe);
    if (len > a[3])
        len = a[3];
    return user_write(t->p, a[2], exe, len) ? -EFAULT : (long)len;
}

long sys_fchmodat(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_fchmodat, FOLLOW, a, a[2], 0, 0);
}

long sys_fchmodat2(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, 452, !(a[3] & AT_SYMLINK_NOFOLLOW), a, a[2], a[3], 0);
}

long sys_fchownat(struct thread *t, const uint64_t *a)
{
    struct name n;
    int r = name_get(t, a[1], &n, !(a[4] & AT_SYMLINK_NOFOLLOW));

    if (r < 0)
        return r;
    long done = host_syscall(SYS_fchownat, (int)a[0], n.host, a[2], a[3], a[4]);
    return owner_change(t->p, done, (int)a[0], n.host, (int)a[4], (uint32_t)a[2], (uint32_t)a[3]);
}

long sys_fchown(struct thread *t, const uint64_t *a)
{
    long done = host_syscall(SYS_fchown, (int)a[0], a[1], a[2]);

    return owner_change(t->p, done, (int)a[0], NULL, 0, (uint32_t)a[1], (uint32_t)a[2]);
}

long sys_utimensat(struct thread *t, const uint64_t *a)
{
    if (!a[1])
        return host_syscall(SYS_utimensat, (int)a[0], 0ul, ptr(t, a[2]), (int)a[3]);
    return by_name_at(t, SYS_utimensat, !(a[3] & AT_SYMLINK_NOFOLLOW), a, ptr(t, a[2]), a[3], 0);
}

/* --- extended attributes --------------------------------------------------------------------- */

long sys_setxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_setxattr, FOLLOW, a[0], ptr(t, a[1]), ptr(t, a[2]), a[3], a[4]);
}

long sys_lsetxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_lsetxattr, NOFOLLOW, a[0], ptr(t, a[1]), ptr(t, a[2]), a[3], a[4]);
}

long sys_getxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_getxattr, FOLLOW, a[0], ptr(t, a[1]), ptr(t, a[2]), a[3], 0);
}

long sys_lgetxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_lgetxattr, NOFOLLOW, a[0], ptr(t, a[1]), ptr(t, a[2]), a[3], 0);
}

long sys_listxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_listxattr, FOLLOW, a[0], ptr(t, a[1]), a[2], 0, 0);
}

long sys_llistxattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_llistxattr, NOFOLLOW, a[0], ptr(t, a[1]), a[2], 0, 0);
}

long sys_removexattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_removexattr, FOLLOW, a[0], ptr(t, a[1]), 0, 0, 0);
}

long sys_lremovexattr(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_lremovexattr, NOFOLLOW, a[0], ptr(t, a[1]), 0, 0, 0);
}

/* --- directories ----------------------------------------------------------------------------- */

long sys_getcwd(struct thread *t, const uint64_t *a)
{
    return rootname_strip(t, a[0], host_syscall(SYS_getcwd, g2h(t->p, a[0]), a[1]), true);
}

/* The host's directory first: a prefix is no root directory, and "cd /" must not enter it. */
long sys_chdir(struct thread *t, const uint64_t *a)
{
    struct name n;
    int r = name_get(t, a[0], &n, FOLLOW);

    if (r < 0)
        return r;
    if (t->p->rooted)
        return host_syscall(SYS_chdir, n.host);
    long host = host_syscall(SYS_chdir, n.guest);
    return host == -ENOENT && n.host != n.guest ? host_syscall(SYS_chdir, n.host) : host;
}

long sys_chroot(struct thread *t, const uint64_t *a)
{
    struct name n;
    int r = name_get(t, a[0], &n, FOLLOW);

    execve_keep_self(t->p);
    return r < 0 ? r : path_change_root(t->p, SYS_chroot, n.host, NULL);
}

long sys_mkdirat(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_mkdirat, NOFOLLOW, a, a[2], 0, 0);
}

long sys_mknodat(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_mknodat, NOFOLLOW, a, a[2], a[3], 0);
}

long sys_unlinkat(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_unlinkat, NOFOLLOW, a, a[2], 0, 0);
}

long sys_symlinkat(struct thread *t, const uint64_t *a)
{
    struct name n;
    char target[PATH_MAX];
    long r = user_string(t->p, a[0], target, sizeof(target));

    if (r >= 0)
        r = name_get(t, a[2], &n, NOFOLLOW);
    return r < 0 ? r : host_syscall(SYS_symlinkat, target, (int)a[1], n.host);
}

/* Calls of the form (directory, name, directory, name, x). */
static long two_names(struct thread *t, long nr, bool follow, const uint64_t *a, uint64_t x)
{
    struct name from, to;
    int r = name_get(t, a[1], &from, follow);

    if (!r)
        r = name_get(t, a[3], &to, NOFOLLOW);
    return r < 0 ? r : host_syscall(nr, (int)a[0], from.host, (int)a[2], to.host, x);
}

long sys_linkat(struct thread *t, const uint64_t *a)
{
    return two_names(t, SYS_linkat, a[4] & AT_SYMLINK_FOLLOW, a, a[4]);
}

long sys_renameat(struct thread *t, const uint64_t *a)
{
    return two_names(t, SYS_renameat, NOFOLLOW, a, 0);
}

long sys_renameat2(struct thread *t, const uint64_t *a)
{
    return two_names(t, SYS_renameat2, NOFOLLOW, a, a[4]);
}

/* --- watches --------------------------------------------------------------------------------- */

long sys_inotify_add_watch(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_inotify_add_watch, !(a[2] & 0x02000000 /* IN_DONT_FOLLOW */), a, a[2],
                      0, 0);
}

long sys_fanotify_init(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_fanotify_init, a[0], (unsigned)t->p->abi->open_flags_to_host((int)a[1]));
}

long sys_fanotify_mark(struct thread *t, const uint64_t *a)
{
    struct name n = { .host = NULL };
    int r = a[4] ? name_get(t, a[4], &n, !(a[1] & 4 /* FAN_MARK_DONT_FOLLOW */)) : 0;

    return r < 0 ? r : host_syscall(SYS_fanotify_mark, (int)a[0], a[1], a[2], (int)a[3], n.host);
}

/* --- file systems ---------------------------------------------------------------------------- */

long sys_mount(struct thread *t, const uint64_t *a)
{
    struct name source = { .host = NULL }, target;
    int r = a[0] ? name_get(t, a[0], &source, FOLLOW) : 0;

    if (!r)
        r = name_get(t, a[1], &target, FOLLOW);
    return r < 0 ? r : host_syscall(SYS_mount, source.host, target.host, ptr(t, a[2]), a[3],
                                    ptr(t, a[4]));
}

long sys_umount2(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_umount2, !(a[1] & 8 /* UMOUNT_NOFOLLOW */), a[0], a[1], 0, 0, 0);
}

long sys_pivot_root(struct thread *t, const uint64_t *a)
{
    struct name from, to;
    int r = name_get(t, a[0], &from, FOLLOW);

    if (!r)
        r = name_get(t, a[1], &to, FOLLOW);
    execve_keep_self(t->p);
    return r < 0 ? r : path_change_root(t->p, SYS_pivot_root, from.host, to.host);
}

long sys_swapon(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_swapon, FOLLOW, a[0], a[1], 0, 0, 0);
}

long sys_swapoff(struct thread *t, const uint64_t *a)
{
    return by_name(t, SYS_swapoff, FOLLOW, a[0], 0, 0, 0, 0);
}

long sys_acct(struct thread *t, const uint64_t *a)
{
    return a[0] ? by_name(t, SYS_acct, FOLLOW, a[0], 0, 0, 0, 0) : host_syscall(SYS_acct, 0ul);
}

long sys_quotactl(struct thread *t, const uint64_t *a)
{
    struct name n = { .host = NULL };
    int r = a[1] ? name_get(t, a[1], &n, FOLLOW) : 0;

    return r < 0 ? r : host_syscall(SYS_quotactl, (unsigned)a[0], n.host, (int)a[2], ptr(t, a[3]));
}

long sys_open_tree(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_open_tree, !(a[2] & AT_SYMLINK_NOFOLLOW), a, a[2], 0, 0);
}

long sys_move_mount(struct thread *t, const uint64_t *a)
{
    return two_names(t, SYS_move_mount, FOLLOW, a, a[4]);
}

long sys_fspick(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_fspick, FOLLOW, a, a[2], 0, 0);
}

long sys_mount_setattr(struct thread *t, const uint64_t *a)
{
    return by_name_at(t, SYS_mount_setattr, FOLLOW, a, a[2], ptr(t, a[3]), a[4]);
}
