/*
 * TEST: run=no
 * System calls for the suite of -strace (suites/strace.py), which compares strace's lines for the native program with
 * those of -strace for this one. Calls go by number where the C libraries of two processors may take different ones.
 * Each between two calls of getppid with its name is what counts; nothing here depends on the machine.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#define DO(n, ...) syscall(SYS_##n, ##__VA_ARGS__)

static int word;
static struct { uint64_t handler, flags, restorer, mask; } action;

int main(int argc, char **argv)
{
    struct timespec ts = { 0, 1000 };
    struct stat st;
    char buf[256];
    int fd[2], status, one = 1;

    if (argc < 2)
        return 2;
    chdir(argv[1]);
    DO(getppid);
    /* files */
    int f = DO(openat, AT_FDCWD, "file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
    DO(openat, AT_FDCWD, "missing\n\t\"\x01", O_RDONLY | O_NONBLOCK | O_DIRECTORY);
    DO(openat, AT_FDCWD, "file", O_WRONLY | O_APPEND | O_NOFOLLOW);
    DO(write, f, "abc\0def\n\33001", 12);
    struct iovec v[2] = { { "one", 3 }, { "two", 3 } };
    DO(writev, f, v, 2);
    DO(lseek, f, 0, SEEK_SET);
    DO(read, f, buf, 5);
    struct iovec in[2] = { { buf, 2 }, { buf + 8, 100 } };
    DO(readv, f, in, 2);
    DO(pread64, f, buf, 4, 1);
    fstat(f, &st);
    DO(statx, AT_FDCWD, "file", AT_SYMLINK_NOFOLLOW, STATX_SIZE | STATX_MODE, buf);
    DO(faccessat, AT_FDCWD, "file", R_OK | W_OK);
    DO(fallocate, f, FALLOC_FL_KEEP_SIZE, 0L, 4096L);
    DO(flock, f, LOCK_EX | LOCK_NB);
    DO(fcntl, f, F_SETFD, FD_CLOEXEC);
    DO(fcntl, f, F_SETFL, O_APPEND | O_NONBLOCK);
    DO(fcntl, f, F_DUPFD_CLOEXEC, 100);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
    DO(fcntl, f, F_SETLK, &lock);
    DO(renameat2, AT_FDCWD, "file", AT_FDCWD, "renamed", RENAME_NOREPLACE);
    DO(symlinkat, "target", AT_FDCWD, "link");
    DO(readlinkat, AT_FDCWD, "link", buf, 100L);
    struct timespec both[2] = { { 5, 6 }, { 0, UTIME_NOW } };
    DO(utimensat, AT_FDCWD, "renamed", both, 0);
    DO(mkdirat, AT_FDCWD, "dir", 0755);
    DO(unlinkat, AT_FDCWD, "dir", AT_REMOVEDIR);
    DO(pipe2, fd, O_CLOEXEC | O_NONBLOCK);
    DO(dup3, fd[0], 50, O_CLOEXEC);
    DO(close, 99);
    DO(eventfd2, 3, EFD_CLOEXEC | EFD_NONBLOCK);
    DO(memfd_create, "name", MFD_CLOEXEC);
    int ino = DO(inotify_init1, IN_NONBLOCK);
    DO(inotify_add_watch, ino, ".", IN_CREATE | IN_DELETE);
    DO(ioctl, 0, TCGETS, NULL);
    DO(ioctl, f, FIONREAD, NULL);
    /* memory */
    char *m = (char *)DO(mmap, NULL, 8192L, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L);
    DO(mprotect, m, 4096L, PROT_READ | PROT_EXEC);
    DO(madvise, m, 4096L, MADV_DONTNEED);
    DO(mremap, m, 8192L, 4096L, MREMAP_MAYMOVE, NULL);
    DO(msync, m, 4096L, MS_SYNC);
    DO(munmap, m, 4096L);
    DO(munmap, 1L, 4096L);
    /* signals */
    uint64_t set = 1ull << (SIGINT - 1) | 1ull << (SIGTERM - 1) | 1ull << 33;
    DO(rt_sigprocmask, SIG_BLOCK, &set, NULL, 8L);
    DO(rt_sigprocmask, SIG_SETMASK, NULL, &set, 8L);
    set = ~(1ull << (SIGCHLD - 1));
    DO(rt_sigprocmask, SIG_SETMASK, &set, &set, 8L);
    set = 0;
    DO(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8L);
    action.handler = 1;
    action.flags = SA_RESTART | SA_SIGINFO;
    action.mask = 1 << (SIGHUP - 1);
    DO(rt_sigaction, SIGUSR1, &action, NULL, 8L);
    DO(kill, 0, 0);
    DO(tgkill, getpid(), getpid(), SIGUSR1);
    /* processes */
    DO(prctl, PR_SET_NAME, "straced");
    struct rlimit64 limit = { 100, 1 << 20 };
    DO(prlimit64, 0, RLIMIT_CORE, NULL, &limit);
    limit.rlim_cur = 0;
    DO(prlimit64, 0, RLIMIT_CORE, &limit, NULL);
    DO(getpriority, PRIO_PROCESS, 0);
    DO(sched_getscheduler, 0);
    DO(wait4, -1, &status, WNOHANG, NULL);
    pid_t pid = fork();
    if (!pid)
        _exit(3);
    DO(wait4, pid, &status, 0, NULL);
    pid = fork();
    if (!pid) {
        DO(kill, getpid(), SIGKILL);
        for (;;);
    }
    DO(wait4, pid, &status, __WALL, NULL);
    /* time */
    DO(nanosleep, &ts, NULL);
    DO(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
    DO(clock_getres, CLOCK_MONOTONIC, &ts);
    struct itimerspec it = { { 0, 0 }, { 100, 5 } };
    int t = DO(timerfd_create, CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    DO(timerfd_settime, t, 0, &it, NULL);
    struct itimerval old = { { 0, 0 }, { 100, 5 } };
    DO(setitimer, ITIMER_REAL, &old, NULL);
    /* polling */
    struct pollfd p[2] = { { fd[1], POLLOUT, 0 }, { fd[0], POLLIN | POLLPRI, 0 } };
    ts = (struct timespec){ 0, 0 };
    DO(ppoll, p, 2L, &ts, NULL, 0L);
    uint64_t in_set[16] = { 1ull << fd[0] | 1ull << fd[1] };
    DO(pselect6, 8, in_set, NULL, NULL, &ts, NULL);
    int e = DO(epoll_create1, EPOLL_CLOEXEC);
    struct epoll_event ev = { .events = EPOLLOUT | EPOLLET, .data.u64 = 7 };
    DO(epoll_ctl, e, EPOLL_CTL_ADD, fd[1], &ev);
    DO(epoll_pwait, e, &ev, 1, 0, NULL, 8L);
    /* futexes */
    DO(futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
    DO(futex, &word, FUTEX_WAIT, 1, NULL);
    ts = (struct timespec){ 0, 10 };
    DO(futex, &word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME, 0, &ts, NULL, -1);
    /* sockets */
    int s = DO(socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    DO(setsockopt, s, SOL_SOCKET, SO_REUSEADDR, &one, 4);
    DO(setsockopt, s, IPPROTO_TCP, 1 /* TCP_NODELAY */, &one, 4);
    socklen_t len = 4;
    DO(getsockopt, s, SOL_SOCKET, SO_TYPE, &one, &len);
    struct sockaddr_in a = { AF_INET, htons(1), { htonl(0x7f000001) }, { 0 } };
    DO(connect, s, &a, (int)sizeof(a));
    len = sizeof(a);
    DO(getsockname, s, &a, &len);
    struct sockaddr_in6 a6 = { AF_INET6, htons(9), 0, IN6ADDR_LOOPBACK_INIT, 0 };
    DO(bind, s, &a6, (int)sizeof(a6));
    struct sockaddr_un un = { AF_UNIX, "socket" };
    int u = DO(socket, AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    DO(bind, u, &un, 9);
    int pair[2];
    DO(socketpair, AF_UNIX, SOCK_STREAM, 0, pair);
    DO(sendto, pair[0], "hello", 5L, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    DO(recvfrom, pair[1], buf, 3L, MSG_PEEK, NULL, NULL);
    struct iovec mv = { "xyz", 3 };
    struct msghdr h = { .msg_iov = &mv, .msg_iovlen = 1 };
    DO(sendmsg, pair[0], &h, 0);
    mv = (struct iovec){ buf, 20 };
    DO(recvmsg, pair[1], &h, MSG_DONTWAIT);
    DO(shutdown, pair[0], SHUT_WR);
    DO(getrandom, buf, 0L, GRND_NONBLOCK);
    char *args[] = { "missing", "first", NULL }, *env[] = { "A=B", NULL };
    DO(execve, "./missing", args, env);
    DO(exit_group, 5);
}
