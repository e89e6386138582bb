/* Calls that wait, interrupted by a handler: without SA_RESTART all return EINTR; with it those that signal(7)
 * lists as restarted go on, and the others return EINTR still. A call that goes on ends when the handler, at its
 * second run, lets it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

static int p[2], sp[2], fd, fd2, ep, msgid, semid;
static mqd_t mq;
static pid_t child;
static uint32_t word;
static char buf[65536];
static struct sockaddr_un un = {.sun_family = AF_UNIX};

static long r_read(void) { return read(p[0], buf, 1); }
static void l_write(void) { write(p[1], "x", 1); }
static long r_readv(void) { struct iovec v = {buf, 1}; return readv(p[0], &v, 1); }
static long r_splice(void) { return splice(p[0], NULL, fd, NULL, 1, 0); }
static long r_tee(void) { return tee(p[0], ep, 1, 0); }
static long r_recv(void) { return recv(sp[0], buf, 1, 0); }
static long r_recvmsg(void) { struct iovec v = {buf, 1}; struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1}; return recvmsg(sp[0], &m, 0); }
static void l_send(void) { send(sp[1], "x", 1, 0); }
static long r_accept(void) { return accept(fd, NULL, NULL) >= 0 ? 1 : -1; }
static void l_connect(void) { connect(fd2, (void *)&un, sizeof un); }
static long r_flock(void) { return flock(fd, LOCK_EX) == 0 ? 1 : -1; }
static void l_flock(void) { flock(fd2, LOCK_UN); }
static long r_lock(void) { struct flock l = {.l_type = F_WRLCK}; return fcntl(fd, F_OFD_SETLKW, &l) == 0 ? 1 : -1; }
static void l_lock(void) { struct flock l = {.l_type = F_UNLCK}; fcntl(fd2, F_OFD_SETLK, &l); }
static long r_wait4(void) { return wait4(child, NULL, 0, NULL) == child ? 1 : -1; }
static long r_waitid(void) { siginfo_t si; return waitid(P_PID, child, &si, WEXITED) == 0 ? 1 : -1; }
static void l_kill(void) { kill(child, SIGKILL); }
static long r_futex(void) { return syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) == -1 && errno == EAGAIN ? 1 : -1; }
static long r_bitset(void) { return syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, NULL, NULL, ~0) == -1 && errno == EAGAIN ? 1 : -1; }
static long r_waitv(void) { struct { uint64_t v, a; uint32_t f, r; } w = {0, (uintptr_t)&word, 2, 0}; return syscall(449, &w, 1, 0, NULL, 0) == -1 && errno == EAGAIN ? 1 : -1; }
static long r_futex2(void) { return syscall(455, &word, 0, 0xffffffffull, 2, NULL, 0) == -1 && errno == EAGAIN ? 1 : -1; }
static void l_wake(void) { word = 1; } /* nobody waits while the handler runs: the call finds another value */
static long r_mq(void) { return mq_receive(mq, buf, 64, NULL); }
static void l_mq(void) { mq_send(mq, "x", 1, 0); }
static long r_fifo(void) { int f = open("fifo", O_RDONLY); return f < 0 ? -1 : close(f) + 1; }
static void l_fifo(void) { fd2 = open("fifo", O_RDWR | O_NONBLOCK); }
static long r_event(void) { uint64_t v; return read(fd, &v, 8) == 8 ? 1 : -1; }
static void l_event(void) { uint64_t v = 1; write(fd, &v, 8); }
static void l_timer(void) { struct itimerspec it = {.it_value.tv_nsec = 1}; timerfd_settime(fd, 0, &it, NULL); }
static long r_inotify(void) { return read(fd, buf, 512) > 0 ? 1 : -1; }
static void l_inotify(void) { close(open("watched", O_CREAT | O_WRONLY, 0600)); unlink("watched"); }
static long r_epoll(void) { struct epoll_event e; return epoll_wait(ep, &e, 1, -1); }
static long r_epoll2(void) { struct epoll_event e; return syscall(441, ep, &e, 1, NULL, NULL, 8); }
static long r_poll(void) { struct pollfd f = {p[0], POLLIN, 0}; return syscall(SYS_ppoll, &f, 1, NULL, NULL, 8); }
static long r_select(void) { fd_set s; FD_ZERO(&s); FD_SET(p[0], &s); return select(p[0] + 1, &s, NULL, NULL, NULL); }
static long r_msg(void) { return msgrcv(msgid, buf, 8, 0, 0); }
static long r_sem(void) { struct sembuf b = {.sem_op = -1}; return semop(semid, &b, 1); }
static long r_semt(void) { struct sembuf b = {.sem_op = -1}; struct timespec ts = {5, 0}; return semtimedop(semid, &b, 1, &ts); }
static long r_sleep(void) { struct timespec ts = {5, 0}; return nanosleep(&ts, NULL); }
static long r_csleep(void) { struct timespec ts = {5, 0}; int e = clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL); errno = e; return e ? -1 : 0; }
static long r_pause(void) { sigset_t s; sigemptyset(&s); return sigsuspend(&s); }
static long r_sigwait(void) { sigset_t s; sigemptyset(&s); sigaddset(&s, SIGUSR2); return sigtimedwait(&s, NULL, NULL); }
static long r_timeo(void) { return recv(sp[0], buf, 1, 0); }

enum { GOES_ON = 1, EINTR_ALWAYS = 0 };
static const struct test { const char *name; long (*run)(void); void (*let)(void); int kind; } tests[] = {
    {"read of a pipe", r_read, l_write, GOES_ON}, {"readv", r_readv, l_write, GOES_ON},
    {"splice", r_splice, l_write, GOES_ON}, {"tee", r_tee, l_write, GOES_ON},
    {"recv", r_recv, l_send, GOES_ON}, {"recvmsg", r_recvmsg, l_send, GOES_ON},
    {"accept", r_accept, l_connect, GOES_ON}, {"flock", r_flock, l_flock, GOES_ON},
    {"F_OFD_SETLKW", r_lock, l_lock, GOES_ON}, {"wait4", r_wait4, l_kill, GOES_ON},
    {"waitid", r_waitid, l_kill, GOES_ON}, {"futex", r_futex, l_wake, GOES_ON},
    {"futex with a mask", r_bitset, l_wake, GOES_ON}, {"futex_waitv", r_waitv, l_wake, GOES_ON},
    {"futex_wait", r_futex2, l_wake, GOES_ON}, {"mq_receive", r_mq, l_mq, GOES_ON},
    {"open of a fifo", r_fifo, l_fifo, GOES_ON}, {"eventfd", r_event, l_event, GOES_ON},
    {"timerfd", r_event, l_timer, GOES_ON}, {"inotify", r_inotify, l_inotify, GOES_ON},
    {"epoll_pwait", r_epoll, NULL}, {"epoll_pwait2", r_epoll2, NULL}, {"ppoll", r_poll, NULL}, {"select", r_select, NULL},
    {"msgrcv", r_msg, NULL}, {"semop", r_sem, NULL}, {"semtimedop", r_semt, NULL}, {"nanosleep", r_sleep, NULL},
    {"clock_nanosleep", r_csleep, NULL}, {"sigsuspend", r_pause, NULL}, {"sigtimedwait", r_sigwait, NULL},
    {"recv with SO_RCVTIMEO", r_timeo, NULL},
};
static const struct test *now;
static volatile int alarms;

static void on_alarm(int signo)
{
    int e = errno;
    if (++alarms >= 2 && now->let)
        now->let();
    errno = e;
}

static void prepare(const struct test *t)
{
    alarms = 0;
    word = 0;
    now = t;
    pipe(p);
    socketpair(AF_UNIX, SOCK_STREAM, 0, sp);
    ep = fd = fd2 = -1;
    if (t->run == r_splice)
        fd = open("out", O_RDWR | O_CREAT, 0600);
    if (t->run == r_tee) {
        int q[2];
        pipe(q);
        ep = q[1];
    }
    if (t->run == r_accept) {
        snprintf(un.sun_path, sizeof un.sun_path, "socket-%d-%d", (int)(t - tests), rand());
        fd = socket(AF_UNIX, SOCK_STREAM, 0);
        bind(fd, (void *)&un, sizeof un);
        listen(fd, 1);
        fd2 = socket(AF_UNIX, SOCK_STREAM, 0);
    }
    if (t->run == r_flock || t->run == r_lock) {
        struct flock l = {.l_type = F_WRLCK};
        fd = open("lock", O_RDWR | O_CREAT, 0600);
        fd2 = open("lock", O_RDWR);
        t->run == r_flock ? flock(fd2, LOCK_EX) : fcntl(fd2, F_OFD_SETLK, &l);
    }
    if (t->let == l_kill) {
        child = fork();
        if (child == 0)
            for (;;)
                pause();
    }
    if (t->let == l_event)
        fd = eventfd(0, 0);
    if (t->let == l_timer)
        fd = timerfd_create(CLOCK_MONOTONIC, 0);
    if (t->run == r_inotify) {
        fd = inotify_init1(0);
        inotify_add_watch(fd, ".", IN_CREATE);
    }
    if (t->run == r_epoll || t->run == r_epoll2)
        ep = epoll_create1(0);
    if (t->run == r_timeo) {
        struct timeval tv = {5, 0};
        setsockopt(sp[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
    }
}

static void one(const struct test *t, int restart)
{
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = restart ? SA_RESTART : 0};
    struct itimerval it = {{0, 15000}, {0, 15000}}, off = {0};
    long r;

    prepare(t);
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    errno = 0;
    r = t->run();
    int e = errno;
    setitimer(ITIMER_REAL, &off, NULL);
    if (r < 0 && (e == ENOSYS || e == EPERM))
        return; /* the host's kernel lacks it */
    checks++;
    if (restart && t->kind == GOES_ON ? r == 1 && alarms >= 2 : r == -1 && e == EINTR && alarms >= 1)
        ; /* under load the next alarm may come before the timer is off; a call that goes on never ends */
    else {
        failures++;
        printf("%s %s SA_RESTART: %ld, errno %d, %d signals\n", t->name, restart ? "with" : "without", r, e, alarms);
    }
    if (t->let == l_kill) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    for (int *f = (int[]){fd, fd2, ep, p[0], p[1], sp[0], sp[1], -2}; *f != -2; f++)
        close(*f);
}

int main(void)
{
    char dir[] = "interrupted-XXXXXX", name[32];
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 64};

    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    mkfifo("fifo", 0600);
    snprintf(name, sizeof name, "/interrupted-%d", getpid());
    mq = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
    mq_unlink(name);
    msgid = msgget(IPC_PRIVATE, 0600);
    semid = semget(IPC_PRIVATE, 1, 0600);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        for (int restart = 0; restart < 2; restart++)
            one(&tests[i], restart);
    msgctl(msgid, IPC_RMID, NULL);
    semctl(semid, 0, IPC_RMID);
    return check_done();
}
