/* Calls of Linux 5 and 6: openat2, statx, fchmodat2, cachestat, mseal, memfd_secret, pidfd, kcmp, process_madvise,
 * move_pages, remap_file_pages, futex2, statmount, lsm_*, handles, fcntl's newer commands. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static long openat2_(const char *path, struct open_how *how, size_t size)
{
    return syscall(437, AT_FDCWD, path, how, size);
}

static void files(void)
{
    struct { struct open_how how; uint64_t more; } u = {.how = {.flags = O_RDWR | O_CREAT, .mode = 0640}};
    struct statx_ { uint32_t mask, blksize; uint64_t attr; uint32_t nlink, uid, gid; uint16_t mode, pad; uint64_t ino, size; char rest[208]; } sx;
    struct stat st;
    int fd = openat2_("f", &u.how, sizeof u.how), other;

    CHECK(fd >= 0);
    CHECK_EQ(openat2_("f", &u.how, sizeof u.how - 1), -1);
    CHECK_EQ(errno, EINVAL);
    other = openat2_("f", &u.how, sizeof u); /* a longer structure whose end is 0 */
    CHECK(other >= 0);
    close(other);
    u.more = 1;
    CHECK_EQ(openat2_("f", &u.how, sizeof u), -1);
    CHECK_EQ(errno, E2BIG);
    u.how = (struct open_how){.flags = O_RDONLY, .mode = 0600};
    CHECK_EQ(openat2_("f", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, EINVAL);
    u.how = (struct open_how){.flags = 1ull << 40};
    CHECK_EQ(openat2_("f", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(mkdir("d", 0700), 0);
    CHECK_EQ(symlink("f", "l"), 0);
    u.how = (struct open_how){.flags = O_DIRECTORY};
    CHECK_EQ(openat2_("f", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, ENOTDIR);
    u.how = (struct open_how){.flags = O_NOFOLLOW};
    CHECK_EQ(openat2_("l", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, ELOOP);
    u.how = (struct open_how){.resolve = RESOLVE_BENEATH};
    CHECK_EQ(openat2_("../x", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, EXDEV);
    u.how = (struct open_how){.resolve = RESOLVE_NO_SYMLINKS};
    CHECK_EQ(openat2_("l", &u.how, sizeof u.how), -1);
    CHECK_EQ(errno, ELOOP);

    CHECK_EQ(write(fd, "12345", 5), 5);
    CHECK_EQ(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &sx), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK_EQ(sx.size, 5);
    CHECK_EQ(sx.ino, st.st_ino);
    CHECK_EQ(sx.mode, st.st_mode);
    CHECK_EQ(sx.blksize, st.st_blksize);
    if (syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, STATX_SIZE, &sx) == 0) /* since Linux 6.11 */
        CHECK_EQ(sx.size, 5);
    else
        CHECK_EQ(errno, EFAULT);
    CHECK_EQ(syscall(SYS_statx, AT_FDCWD, "f", 1 << 20, 0, &sx), -1);
    CHECK_EQ(errno, EINVAL);

    if (syscall(452, AT_FDCWD, "f", 0604, 0) == 0) { /* fchmodat2 */
        fstat(fd, &st);
        CHECK_EQ(st.st_mode & 0777, 0604);
        CHECK_EQ(syscall(452, AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW), -1);
        CHECK_EQ(errno, EOPNOTSUPP);
        CHECK_EQ(syscall(452, fd, "", 0600, AT_EMPTY_PATH), 0);
    }
    struct { uint64_t off, len; } range = {0, 4096};
    struct { uint64_t cache, dirty, writeback, evicted, recently; } cs;
    memset(&cs, 0xff, sizeof cs);
    if (syscall(451, fd, &range, &cs, 0) == 0) { /* cachestat */
        CHECK_EQ(cs.cache, 1);
        CHECK_EQ(syscall(451, fd, &range, &cs, 1), -1);
        CHECK_EQ(errno, EINVAL);
    }
    struct { struct file_handle h; char data[128]; } fh = {.h.handle_bytes = 0};
    int mount;
    CHECK_EQ(name_to_handle_at(AT_FDCWD, "f", &fh.h, &mount, 0), -1);
    CHECK(errno == EOVERFLOW || errno == EOPNOTSUPP);
    CHECK_EQ(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK), 0);
    CHECK_EQ(fcntl(fd, F_GETFL) & ~0400000 & ~0100000, O_RDWR | O_APPEND | O_NONBLOCK); /* less O_LARGEFILE */
    int same = fcntl(fd, 1027 /* F_DUPFD_QUERY, Linux 6.10 */, fd);
    CHECK(same == 1 || errno == EINVAL);
    close(fd);
}

static void memory(void)
{
    char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int fd = syscall(SYS_memfd_create, "x", 0);

    munmap(p + 4 * 4096, 4096);
    if (syscall(462, p, 8192, 0) == 0) { /* mseal */
        CHECK_EQ(munmap(p + 4096, 4096), -1);
        CHECK_EQ(errno, EPERM);
        CHECK_EQ(mprotect(p, 4096, PROT_READ), -1);
        CHECK_EQ(errno, EPERM);
        CHECK_EQ((long)mmap(p, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), -1);
        CHECK_EQ(errno, EPERM);
        CHECK_EQ((long)mremap(p, 4096, 8192, MREMAP_MAYMOVE), -1);
        CHECK_EQ(errno, EPERM);
        p[4096] = 7;
        CHECK_EQ(mprotect(p + 8192, 4096, PROT_READ), 0);
        CHECK_EQ(syscall(462, p, 4096, 1), -1);
        CHECK_EQ(errno, EINVAL);
        CHECK_EQ(syscall(462, p + 1, 4096, 0), -1);
        CHECK_EQ(errno, EINVAL);
        CHECK_EQ(syscall(462, p + 3 * 4096, 8192, 0), -1);
        CHECK_EQ(errno, ENOMEM);
        CHECK_EQ(syscall(462, p, 0, 0), 0);
    }
    CHECK_EQ(ftruncate(fd, 4 * 4096), 0);
    char *m = mmap(NULL, 4 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    for (int i = 0; i < 4; i++)
        m[i * 4096] = 'a' + i;
    CHECK_EQ(remap_file_pages(m, 4096, 0, 3, 0), 0);
    CHECK_EQ(m[0], 'd');
    CHECK_EQ(m[4096], 'b');
    CHECK_EQ(remap_file_pages(m, 4096, PROT_READ, 3, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(remap_file_pages(p + 8192, 4096, 0, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(munmap(m, 4 * 4096), 0);

    int secret = syscall(447, 0);
    if (secret >= 0) {
        CHECK_EQ(ftruncate(secret, 4096), 0);
        char *s = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, secret, 0);
        if (s != MAP_FAILED) {
            strcpy(s, "secret");
            CHECK(strcmp(s, "secret") == 0);
            CHECK_EQ(munmap(s, 4096), 0);
        }
        close(secret);
    }
    int self = syscall(SYS_pidfd_open, getpid(), 0);
    struct iovec iov = {p, 8192};
    CHECK_EQ(syscall(SYS_process_madvise, self, &iov, 1, MADV_COLD, 0), 8192);
    CHECK_EQ(syscall(SYS_process_madvise, self, &iov, 1, 77, 0), -1);
    CHECK_EQ(errno, EINVAL);
    void *pages[2] = {p + 4096, m};
    int status[2] = {-1, -1};
    long r = syscall(SYS_move_pages, 0, 2, pages, NULL, status, 0);
    if (r == 0) {
        CHECK(status[0] >= 0);
        CHECK(status[1] == -EFAULT || status[1] == -ENOENT);
    } else {
        CHECK_EQ(errno, ENOSYS);
    }
    close(self);
    close(fd);
}

static void processes(void)
{
    int a = open("/dev/null", O_RDONLY), b = dup(a), c = open("/dev/null", O_RDONLY), fd, self;
    siginfo_t si;
    pid_t pid, me = getpid();

    CHECK_EQ(syscall(SYS_kcmp, me, me, 0 /* KCMP_FILE */, a, b), 0);
    CHECK(syscall(SYS_kcmp, me, me, 0, a, c) > 0);
    CHECK_EQ(syscall(SYS_kcmp, me, me, 1 /* KCMP_VM */, 0, 0), 0);
    CHECK_EQ(syscall(SYS_kcmp, me, me, 7 /* KCMP_EPOLL_TFD */, a, 8), -1);
    CHECK_EQ(errno, EFAULT);
    pid = fork();
    if (pid == 0) {
        pause();
        _exit(1);
    }
    fd = syscall(SYS_pidfd_open, pid, 0);
    CHECK(fd >= 0);
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    int stolen = syscall(438, fd, a, 0); /* pidfd_getfd */
    if (stolen >= 0)
        CHECK_EQ(syscall(SYS_kcmp, me, me, 0, a, stolen), 0);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), 0);
    memset(&si, 0, sizeof si);
    CHECK_EQ(waitid(3 /* P_PIDFD */, fd, &si, WEXITED), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_status, SIGKILL);
    CHECK_EQ(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0), -1);
    CHECK_EQ(errno, ESRCH);
    self = syscall(SYS_pidfd_open, me, O_NONBLOCK);
    CHECK(fcntl(self, F_GETFL) & O_NONBLOCK);
    CHECK_EQ(syscall(SYS_pidfd_open, me, 1), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_pidfd_open, 0x3fffffff, 0), -1);
    CHECK_EQ(errno, ESRCH);
}

struct waiter { uint64_t val, addr; uint32_t flags, pad; };

static void futexes(void)
{
    static uint32_t words[2];
    struct timespec ts;
    struct waiter w[2] = {{0, (uintptr_t)&words[0], 0x82}, {0, (uintptr_t)&words[1], 0x82}};

    if (syscall(454, &words[0], 0xffffffffull, 1, 0x82 /* FUTEX2_SIZE_U32 | FUTEX2_PRIVATE */) < 0 && errno == ENOSYS)
        return;
    CHECK_EQ(syscall(454, &words[0], 0xffffffffull, 1, 0x82), 0);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    CHECK_EQ(syscall(455, &words[0], 0, 0xffffffffull, 0x82, &ts, CLOCK_MONOTONIC), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    CHECK_EQ(syscall(455, &words[0], 1, 0xffffffffull, 0x82, NULL, CLOCK_MONOTONIC), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(syscall(455, &words[0], 0, 0xffffffffull, 0x7f, NULL, CLOCK_MONOTONIC), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(456, w, 0, 1, 1), 0); /* futex_requeue: nobody waits */
    w[0].val = 5;
    CHECK_EQ(syscall(456, w, 0, 1, 1), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(syscall(456, NULL, 0, 1, 1), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(456, 8, 0, 1, 1), -1);
    CHECK_EQ(errno, EFAULT);
}

static void system_(void)
{
    uint64_t ids[64], root = ~0ull;
    uint32_t size = sizeof ids;
    struct { uint32_t size, spare; uint64_t id, param; } req = {.size = 24, .id = ~0ull /* LSMT_ROOT */};

    long n = syscall(458, &req, ids, 64, 0);
    if (n >= 0) { /* listmount */
        static char buf[8192] __attribute__((aligned(8)));
        CHECK(n > 0);
        req.id = ids[0];
        req.param = 1; /* STATMOUNT_SB_BASIC */
        CHECK_EQ(syscall(457, &req, buf, sizeof buf, 0), 0);
        CHECK(*(uint32_t *)buf > 0);
        req.id = 1;
        CHECK_EQ(syscall(457, &req, buf, sizeof buf, 0), -1);
        CHECK(errno == ENOENT || errno == EINVAL);
    } else {
        CHECK(errno == ENOSYS || errno == EPERM);
    }
    n = syscall(461, ids, &size, 0); /* lsm_list_modules */
    if (n >= 0) {
        CHECK_EQ(size, n * 8);
        CHECK_EQ(syscall(461, ids, &size, 1), -1);
        CHECK_EQ(errno, EINVAL);
        size = 0;
        CHECK(n == 0 || (syscall(461, ids, &size, 0) == -1 && errno == E2BIG));
    } else {
        CHECK_EQ(errno, ENOSYS);
    }
    int in = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), fa;
    CHECK(fcntl(in, F_GETFL) & O_NONBLOCK);
    CHECK(inotify_add_watch(in, ".", IN_CREATE) > 0);
    close(open("made", O_CREAT | O_WRONLY, 0600));
    char ev[512] __attribute__((aligned(8)));
    CHECK(read(in, ev, sizeof ev) > (ssize_t)sizeof(struct inotify_event));
    CHECK(strcmp(((struct inotify_event *)ev)->name, "made") == 0);
    fa = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY | O_LARGEFILE | O_CLOEXEC);
    if (fa >= 0) {
        CHECK_EQ(fanotify_mark(fa, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, "."), 0);
        int f = open("made", O_RDONLY);
        struct fanotify_event_metadata m;
        CHECK_EQ(read(fa, &m, sizeof m), sizeof m);
        CHECK_EQ(m.mask & FAN_OPEN, FAN_OPEN);
        CHECK_EQ(m.pid, getpid());
        CHECK_EQ(fcntl(m.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        CHECK_EQ(fcntl(m.fd, F_GETFD), FD_CLOEXEC);
        CHECK_EQ(fanotify_init(FAN_CLASS_NOTIF, O_DIRECTORY), -1); /* no flag of an event's file */
        CHECK_EQ(errno, EINVAL);
        close(f);
    } else {
        CHECK(errno == EPERM || errno == ENOSYS);
    }
}

int main(void)
{
    char dir[] = "modern-XXXXXX";

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    files();
    memory();
    processes();
    futexes();
    system_();
    return check_done();
}
