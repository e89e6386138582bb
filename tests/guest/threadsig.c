/* Signals and threads: to one thread, to the process (who doesn't block it takes it), masks of their own,
 * sigwait, alternate stacks, faults in several threads at once, interrupted calls, a storm. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { N = 4 };
static atomic_int got[N + 1], wrong, ready, stop;
static __thread int me = N;
static pthread_t thread[N];
static pid_t tid[N];

static void count(int signo) { got[me]++; }

static void start(void *(*fn)(void *))
{
    ready = stop = 0;
    for (long i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, fn, (void *)i);
    while (ready < N)
        usleep(100);
}

static void finish(void)
{
    stop = 1;
    for (int i = 0; i < N; i++)
        pthread_join(thread[i], NULL);
}

static void show(const char *what)
{
    printf("%s:", what);
    for (int i = 0; i <= N; i++) {
        printf(" %d", got[i]);
        got[i] = 0;
    }
    printf(" wrong %d\n", wrong);
}

static void *spins(void *arg)
{
    me = (int)(long)arg;
    tid[me] = syscall(SYS_gettid);
    ready++;
    for (volatile long i = 0; !stop; i++)
        ;
    return NULL;
}

static void *waits(void *arg)
{
    me = (int)(long)arg;
    ready++;
    while (!stop)
        usleep(500);
    return NULL;
}

/* Each signal is waited for, so that none merges with the one before. */
static void directed(void)
{
    for (int i = 0; i < 6 * N; i++) {
        int to = i % N, was = got[to];
        if (i % 2)
            pthread_kill(thread[to], SIGUSR1);
        else
            pthread_kill(thread[to], SIGRTMIN + 5);
        while (got[to] == was)
            sched_yield();
    }
}

/* Only thread 2 does not block SIGUSR2. */
static void *blocks(void *arg)
{
    sigset_t set;
    me = (int)(long)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    pthread_sigmask(me == 2 ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
    ready++;
    while (!stop)
        if (me & 1)
            usleep(200);
        else
            sched_yield();
    return NULL;
}

static void *sigwaits(void *arg)
{
    sigset_t set;
    int signo;
    me = (int)(long)arg;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + me);
    ready++;
    for (int i = 0; i < 100; i++) {
        sigwait(&set, &signo);
        if (signo != SIGRTMIN + me)
            wrong++;
        got[me]++;
    }
    return NULL;
}

static __thread sigjmp_buf back;
static __thread volatile int faults;
static void on_fault(int signo, siginfo_t *si, void *uc)
{
    char here;
    if (si->si_addr != (void *)(0x1000l * (me + 1)) || si->si_code != SEGV_MAPERR)
        wrong++;
    (void)here;
    got[me]++;
    siglongjmp(back, 1);
}

static void *faulting(void *arg)
{
    stack_t st = { .ss_sp = malloc(65536), .ss_size = 65536 }, now;
    me = (int)(long)arg;
    sigaltstack(NULL, &now);
    if (now.ss_flags != SS_DISABLE)
        wrong++;
    sigaltstack(&st, NULL);
    ready++;
    for (int i = 0; i < 1000; i++)
        if (!sigsetjmp(back, 1)) {
            *(volatile int *)(0x1000l * (me + 1)) = i;
            wrong++;
        }
    st.ss_flags = SS_DISABLE;
    sigaltstack(&st, NULL);
    free(st.ss_sp);
    return NULL;
}

static int pipes[N][2];
static void *reads(void *arg)
{
    char c;
    me = (int)(long)arg;
    ready++;
    for (;;) { /* SA_RESTART: read goes on; without: EINTR */
        ssize_t n = read(pipes[me][0], &c, 1);
        if (n == 1)
            return NULL;
        if (n < 0 && errno == EINTR && !(me & 1))
            continue;
        wrong++;
    }
}

/* Registers, flags and memory must survive signals at any place. */
static long mix(long seed, int n)
{
    unsigned long a = seed, b = 3, c = 5, d = 7;
    double f = 1;
    for (int i = 0; i < n; i++) {
        a = a * 6364136223846793005ul + b;
        b ^= a >> 17;
        c += (a > b) + d;
        d = d << 1 | (c & 1);
        f = f * 0.5 + (double)(a >> 40);
    }
    return (long)(a ^ b ^ c ^ d ^ (unsigned long)f);
}

static long expected;
static void *storm(void *arg)
{
    me = (int)(long)arg;
    tid[me] = syscall(SYS_gettid);
    ready++;
    while (!stop)
        if (mix(42, 4000) != expected)
            wrong++;
    return NULL;
}

int main(int argc, char **argv)
{
    int times = argc > 1 ? atoi(argv[1]) : 1;
    struct sigaction sa = { .sa_handler = count, .sa_flags = SA_RESTART };
    sigset_t set;
    int signals[] = { SIGUSR1, SIGUSR2, SIGRTMIN + 5, SIGURG };
    for (int i = 0; i < 4; i++)
        sigaction(signals[i], &sa, NULL);
    expected = mix(42, 4000);
    for (int round = 0; round < times; round++) {
        start(spins);
        directed();
        finish();
        show("to spinning threads");
        start(waits);
        directed();
        finish();
        show("to waiting threads");
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        start(blocks);
        for (int i = 0; i < 20; i++) {
            int was = got[2];
            kill(getpid(), SIGUSR2);
            while (got[2] == was)
                sched_yield();
        }
        finish();
        show("to the process");
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        sigemptyset(&set);
        for (int i = 0; i < N; i++)
            sigaddset(&set, SIGRTMIN + i);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        start(sigwaits);
        for (int i = 0; i < 100 * N; i++)
            if (i % 2)
                kill(getpid(), SIGRTMIN + i % N);
            else
                pthread_kill(thread[i % N], SIGRTMIN + i % N);
        finish();
        show("sigwait");
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
        struct sigaction fa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK }, old;
        sigaction(SIGSEGV, &fa, &old);
        start(faulting);
        finish();
        show("faults");
        sigaction(SIGSEGV, &old, NULL);
        struct sigaction plain = { .sa_handler = count };
        sigaction(SIGUSR2, &plain, NULL);
        for (int i = 0; i < N; i++)
            pipe(pipes[i]);
        start(reads);
        for (int i = 0; i < 6 * N; i++) {
            int to = i % N, was = got[to];
            pthread_kill(thread[to], to & 1 ? SIGUSR1 : SIGUSR2);
            while (got[to] == was)
                sched_yield();
        }
        for (int i = 0; i < N; i++)
            write(pipes[i][1], "x", 1);
        finish();
        show("interrupted reads");
        for (int i = 0; i < N; i++)
            close(pipes[i][0]), close(pipes[i][1]);
        sigaction(SIGUSR2, &sa, NULL);
        start(storm);
        for (int i = 0; i < 1000; i++) {
            syscall(SYS_tgkill, getpid(), tid[i % N], signals[i / N % 4]);
            if (i % 16 == 0)
                usleep(50);
        }
        finish();
        for (int i = 0; i < N; i++)
            got[i] = got[i] > 0;
        show("storm");
        printf("%d\n", syscall(SYS_tgkill, getpid(), tid[0], 0) == -1 && errno == ESRCH);
    }
    return 0;
}
