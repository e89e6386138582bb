/* Dies or hangs in known functions: for -backtrace and -watchdog (tests/suites/gdb.py). TEST: run=no */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
volatile int zero;

__attribute__((noinline)) void deepest(const char *what)
{
    if (!strcmp(what, "abort"))
        abort();
    if (!strcmp(what, "fault"))
        *(volatile int *)16 = 1;
    while (!zero)
        ;
}

__attribute__((noinline)) void between(const char *what)
{
    deepest(what);
    zero = 0;
}

__attribute__((noinline)) static void *waiter(void *arg)
{
    pthread_mutex_lock(&lock);
    zero = 1;
    return arg;
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "deadlock")) {
        pthread_t t;

        pthread_mutex_lock(&lock);
        pthread_create(&t, NULL, waiter, NULL);
        pthread_join(t, NULL);
    }
    if (argc > 1 && !strcmp(argv[1], "child")) {
        pid_t pid = fork();

        if (pid > 0)
            return waitpid(pid, NULL, 0) != pid;
        if (unshare(CLONE_NEWUSER) < 0 && errno == EINVAL) /* what it says where there is a second thread */
            return 1;
    }
    between(argc > 1 ? argv[1] : "");
    return zero;
}
