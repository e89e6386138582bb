/* Masks, pending signals, queues: sigsuspend, sigtimedwait, sigqueue, ppoll, signalfd, 32 and 33. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

static volatile int n, log_signo[32], log_value[32], log_code[32];

static void on(int s, siginfo_t *si, void *uc)
{
    log_signo[n & 31] = s;
    log_value[n & 31] = si->si_value.sival_int;
    log_code[n & 31] = si->si_code;
    n++;
}

struct kernel_action { void *handler; unsigned long flags; void *restorer; unsigned long mask; };

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    struct signalfd_siginfo fsi;
    struct kernel_action ka = {.handler = (void *)on, .flags = SA_SIGINFO}, old;
    struct timespec ts = {.tv_nsec = 20000000};
    siginfo_t si;
    sigset_t block, none, pend, wait_set;
    int fd;
    union sigval v;

    sigfillset(&sa.sa_mask);
    sigemptyset(&none);
    sigemptyset(&block);
    for (int s = SIGRTMIN; s < SIGRTMIN + 3; s++) {
        sigaction(s, &sa, NULL);
        sigaddset(&block, s);
    }
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    sigaddset(&block, SIGUSR1);
    sigaddset(&block, SIGUSR2);
    sigprocmask(SIG_BLOCK, &block, NULL);

    for (int i = 0; i < 3; i++) { /* queued by number, and in order of sending */
        v.sival_int = 10 + i;
        CHECK_EQ(sigqueue(getpid(), SIGRTMIN + 1, v), 0);
    }
    v.sival_int = 20;
    CHECK_EQ(sigqueue(getpid(), SIGRTMIN, v), 0);
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1); /* not queued twice */
    sigpending(&pend);
    CHECK(sigismember(&pend, SIGRTMIN + 1) && sigismember(&pend, SIGUSR1));
    CHECK(!sigismember(&pend, SIGUSR2));
    CHECK_EQ(n, 0);
    sigprocmask(SIG_SETMASK, &none, NULL);
    sigprocmask(SIG_SETMASK, &block, NULL);
    CHECK_EQ(n, 5);
    /* each handler's mask blocks all, so each frame returns before the next */
    CHECK_EQ(log_signo[0], SIGUSR1);
    CHECK_EQ(log_code[0], SI_USER);
    CHECK_EQ(log_signo[1], SIGRTMIN);
    CHECK_EQ(log_value[1], 20);
    CHECK_EQ(log_code[1], SI_QUEUE);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(log_value[2 + i], 10 + i);
    sigpending(&pend);
    CHECK(!sigismember(&pend, SIGUSR1) && !sigismember(&pend, SIGRTMIN + 1));

    n = 0; /* sigtimedwait takes it without the handler */
    v.sival_int = 99;
    sigqueue(getpid(), SIGRTMIN + 2, v);
    CHECK_EQ(sigtimedwait(&block, &si, &ts), SIGRTMIN + 2);
    CHECK_EQ(si.si_value.sival_int, 99);
    CHECK_EQ(si.si_pid, getpid());
    CHECK_EQ(sigtimedwait(&block, &si, &ts), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(n, 0);

    kill(getpid(), SIGUSR1); /* two: the second stays, as the handler's return blocks it again */
    kill(getpid(), SIGUSR2);
    CHECK_EQ(sigsuspend(&none), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(n, 1);
    CHECK_EQ(log_signo[0], SIGUSR1);
    CHECK_EQ(sigsuspend(&none), -1);
    CHECK_EQ(n, 2);
    CHECK_EQ(log_signo[1], SIGUSR2);

    n = 0;
    kill(getpid(), SIGUSR2); /* pending before ppoll, which unblocks it */
    wait_set = block;
    sigdelset(&wait_set, SIGUSR2);
    CHECK_EQ(ppoll(NULL, 0, NULL, &wait_set), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(n, 1);
    CHECK_EQ(log_signo[0], SIGUSR2);
    sigprocmask(SIG_BLOCK, NULL, &pend);
    CHECK(sigismember(&pend, SIGUSR2) == 1);

    fd = signalfd(-1, &block, SFD_NONBLOCK | SFD_CLOEXEC);
    CHECK(fd >= 0);
    v.sival_int = 5;
    sigqueue(getpid(), SIGRTMIN, v);
    CHECK_EQ(read(fd, &fsi, sizeof fsi), sizeof fsi);
    CHECK_EQ(fsi.ssi_signo, SIGRTMIN);
    CHECK_EQ(fsi.ssi_int, 5);
    CHECK_EQ(read(fd, &fsi, sizeof fsi), -1);
    CHECK_EQ(errno, EAGAIN);

    n = 0; /* fault signals by kill() can be blocked too */
    sigaction(SIGSEGV, &sa, NULL);
    sigemptyset(&pend);
    sigaddset(&pend, SIGSEGV);
    sigprocmask(SIG_BLOCK, &pend, NULL);
    kill(getpid(), SIGSEGV);
    CHECK_EQ(n, 0);
    sigpending(&none);
    CHECK(sigismember(&none, SIGSEGV) == 1);
    sigprocmask(SIG_UNBLOCK, &pend, NULL);
    CHECK_EQ(n, 1);
    CHECK_EQ(log_signo[0], SIGSEGV);

    n = 0; /* the kernel knows no reserved signals */
    for (int s = 32; s <= 33; s++) {
        CHECK_EQ(syscall(SYS_rt_sigaction, s, &ka, NULL, 8), 0);
        CHECK_EQ(syscall(SYS_tgkill, getpid(), getpid(), s), 0);
        CHECK_EQ(syscall(SYS_rt_sigaction, s, NULL, &old, 8), 0);
        CHECK(old.handler == (void *)on);
    }
    CHECK_EQ(n, 2);
    CHECK_EQ(log_signo[0], 32);
    CHECK_EQ(log_code[1], SI_TKILL);
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGKILL, &ka, NULL, 8), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_rt_sigaction, 65, &ka, NULL, 8), -1);
    CHECK_EQ(syscall(SYS_rt_sigprocmask, 7, &ka.mask, NULL, 8), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, 8, NULL, 8), -1);
    CHECK_EQ(errno, EFAULT);
    return check_done();
}
