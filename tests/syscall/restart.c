/* Which calls a signal interrupts, and which go on: SA_RESTART, sleeps, polls, stop and continue. */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "check.h"

static volatile sig_atomic_t alarms;
static int out_fd = -1;

static void on_alarm(int s)
{
    if (++alarms == 2 && out_fd >= 0)
        if (write(out_fd, "x", 1) != 1)
            abort();
}

static void alarm_in(int flags, int ms, int again_ms)
{
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = flags};
    struct itimerval it = {.it_value.tv_usec = ms * 1000, .it_interval.tv_usec = again_ms * 1000};

    alarms = 0;
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
}

static void stop_timer(void)
{
    struct itimerval none = {0};

    setitimer(ITIMER_REAL, &none, NULL);
}

static double now(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int main(void)
{
    int p[2], status;
    char c = 0;
    struct timespec ts, rest;
    struct pollfd pfd;
    fd_set fds;
    struct timeval tv;
    double t0;
    pid_t child;

    CHECK_EQ(pipe(p), 0);
    out_fd = p[1];
    alarm_in(SA_RESTART, 20, 20); /* the second alarm writes */
    CHECK_EQ(read(p[0], &c, 1), 1);
    stop_timer();
    CHECK_EQ(c, 'x');
    CHECK(alarms >= 2);

    out_fd = -1;
    alarm_in(0, 20, 0);
    errno = 0;
    CHECK_EQ(read(p[0], &c, 1), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(alarms, 1);

    alarm_in(SA_RESTART, 30, 0); /* a sleep is never restarted, and says what is left */
    ts = (struct timespec){.tv_sec = 5};
    errno = 0;
    CHECK_EQ(nanosleep(&ts, &rest), -1);
    CHECK_EQ(errno, EINTR);
    CHECK(rest.tv_sec == 4 && rest.tv_nsec > 800000000 && rest.tv_nsec <= 999000000);

    alarm_in(SA_RESTART, 20, 0);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    ts.tv_sec += 5;
    CHECK_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL), EINTR);

    alarm_in(SA_RESTART, 20, 0);
    pfd = (struct pollfd){.fd = p[0], .events = POLLIN};
    CHECK_EQ(poll(&pfd, 1, 5000), -1);
    CHECK_EQ(errno, EINTR);

    alarm_in(SA_RESTART, 20, 0);
    FD_ZERO(&fds);
    FD_SET(p[0], &fds);
    tv = (struct timeval){.tv_sec = 5};
    CHECK_EQ(select(p[0] + 1, &fds, NULL, NULL, &tv), -1);
    CHECK_EQ(errno, EINTR);

    alarm_in(SA_RESTART, 20, 0);
    CHECK_EQ(pause(), -1);
    CHECK_EQ(errno, EINTR);

    child = fork();
    if (child == 0) {
        usleep(100000);
        _exit(7);
    }
    alarm_in(SA_RESTART, 20, 0);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK_EQ(alarms, 1);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);

    child = fork();
    if (child == 0) { /* stopped and continued: a sleep goes on to its end without EINTR */
        t0 = now();
        ts = (struct timespec){.tv_nsec = 300000000};
        status = nanosleep(&ts, NULL) == 0 && now() - t0 >= 0.299;
        pfd.fd = p[0];
        t0 = now();
        status &= poll(&pfd, 1, 200) == 0 && now() - t0 >= 0.199;
        _exit(status ? 3 : 4);
    }
    usleep(50000);
    kill(child, SIGSTOP);
    CHECK_EQ(waitpid(child, &status, WUNTRACED), child);
    CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    CHECK_EQ(waitpid(child, &status, WCONTINUED), child);
    CHECK(WIFCONTINUED(status));
    usleep(300000);
    kill(child, SIGSTOP);
    kill(child, SIGCONT);
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    return check_done();
}
