/* Signals at every moment: none may be lost, none may break a system call or a computation. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

static volatile int alarms, queued, sum;
static volatile double fp = 1;

static void on_alarm(int s)
{
    alarms++;
    fp = fp * 1.5 / 1.5;
}

static void on_rt(int s, siginfo_t *si, void *uc)
{
    queued++;
    sum += si->si_value.sival_int;
}

static void timer(int us)
{
    struct itimerval it = {.it_value.tv_usec = us, .it_interval.tv_usec = us};

    setitimer(ITIMER_REAL, &it, NULL);
}

static uint64_t mix(uint64_t x)
{
    for (int i = 0; i < 20000; i++)
        x = x * 6364136223846793005ull + 1442695040888963407ull + (x >> 31);
    return x;
}

/* A byte there and back again, n times. Every short count or error is counted. */
static int ping(int n)
{
    int a[2], b[2], bad = 0, status;
    pid_t pid;
    char c;

    if (pipe(a) != 0 || pipe(b) != 0)
        return -1;
    pid = fork();
    if (pid == 0) {
        timer(150);
        close(a[1]);
        while (read(a[0], &c, 1) == 1)
            if (write(b[1], &c, 1) != 1)
                _exit(1);
        _exit(0);
    }
    close(a[0]);
    for (int i = 0; i < n; i++) {
        c = (char)i;
        bad += write(a[1], &c, 1) != 1;
        c = 0;
        bad += read(b[0], &c, 1) != 1 || c != (char)i;
    }
    close(a[1]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        bad += 1000;
    close(b[0]);
    close(b[1]);
    return bad;
}

extern char **environ;

int main(int argc, char **argv)
{
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    uint64_t want[8];
    sigset_t none, rt;
    int status, lost = 0;
    pid_t pid;

    if (argc == 2)
        return atoi(argv[1]) + 100;
    for (unsigned i = 0; i < 8; i++)
        want[i] = mix(i);
    sigaction(SIGALRM, &sa, NULL);
    timer(100);
    for (int k = 0; k < 40; k++)
        for (unsigned i = 0; i < 8; i++)
            lost += mix(i) != want[i];
    CHECK_EQ(lost, 0);
    CHECK(alarms > 20);
    CHECK_EQ(ping(2000), 0);
    for (int i = 0; i < 30; i++) { /* forks under fire */
        pid = fork();
        if (pid == 0)
            _exit(mix(3) == want[3] ? i : 99);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(WEXITSTATUS(status), i);
    }
    for (int i = 0; i < 20; i++) { /* and spawns: a vfork and an exec each */
        char number[8], *again[] = {"again", number, NULL};

        snprintf(number, sizeof number, "%d", i);
        CHECK_EQ(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, again, environ), 0);
        CHECK_EQ(waitpid(pid, &status, 0), pid);
        CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -status, i + 100);
        CHECK_EQ(posix_spawn(&pid, "/nonexistent", NULL, NULL, again, environ), ENOENT);
    }
    for (int i = 0; i < 500; i++) { /* mappings come and go */
        char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        m[4096] = 1;
        if (m[0] != 0 || munmap(m, 8192) != 0)
            lost++;
    }
    CHECK_EQ(lost, 0);
    timer(0);

    /* a child queues 400 signals; the parent counts them in sigsuspend, ppoll and plain code */
    sigemptyset(&none);
    sigemptyset(&rt);
    sigaddset(&rt, SIGRTMIN);
    sa = (struct sigaction){.sa_sigaction = on_rt, .sa_flags = SA_SIGINFO};
    sigaction(SIGRTMIN, &sa, NULL);
    sigprocmask(SIG_BLOCK, &rt, NULL);
    pid = fork();
    if (pid == 0) {
        for (int i = 1; i <= 400; i++) {
            while (sigqueue(getppid(), SIGRTMIN, (union sigval){.sival_int = i}) != 0)
                usleep(100);
            if (i % 16 == 0)
                usleep(200);
        }
        _exit(0);
    }
    for (int i = 0; queued < 400; i++) {
        if (i % 3 == 0) {
            sigsuspend(&none);
        } else if (i % 3 == 1) {
            ppoll(NULL, 0, &(struct timespec){.tv_nsec = 100000}, &none);
        } else {
            sigprocmask(SIG_UNBLOCK, &rt, NULL);
            mix(1);
            sigprocmask(SIG_BLOCK, &rt, NULL);
        }
        if (queued >= 399 && waitpid(pid, &status, WNOHANG) == pid) {
            sigprocmask(SIG_UNBLOCK, &rt, NULL);
            break;
        }
    }
    CHECK_EQ(queued, 400);
    CHECK_EQ(sum, 400 * 401 / 2);
    return check_done();
}
