/* Two short runs to be repeated thousands of times (tests/suites/threads.py). brief locks: four threads with
 * mutex, condition, atomics, exclusives, a barrier, thread-local data. brief storm: four threads that
 * compute while queued signals and a timer rain on them; none is lost, none breaks the result. Exit
 * status 0 and "ok". TEST: run=no */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

enum { N = 4, ROUNDS = 150, QUEUED = 40 };
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static long plain, turns;
static atomic_long added, swapped;
static _Atomic uint32_t lock;
static long guarded;
static __thread long own;
static pthread_t thread[N];

static void spin(void)
{
    uint32_t v, s;
    do
        asm volatile("ldaxr %w0, %2\n   mov %w1, #1\n   cbnz %w0, 1f\n   stxr %w1, %w3, %2\n1:"
                     : "=&r"(v), "=&r"(s), "+Q"(lock) : "r"(1) : "memory");
    while (s && (sched_yield(), 1));
}
static void *locks(void *arg)
{
    long me = (long)arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        plain++;
        pthread_mutex_unlock(&mutex);
        added += me + 1;
        long was = swapped;
        while (!atomic_compare_exchange_weak(&swapped, &was, was + 3))
            ;
        spin();
        guarded++;
        atomic_store_explicit(&lock, 0, memory_order_release);
        own += i;
        if (i % 50 == 0)
            pthread_barrier_wait(&barrier);
    }
    for (int i = 0; i < 10; i++) {
        pthread_mutex_lock(&mutex);
        while (turns % N != me)
            pthread_cond_wait(&cond, &mutex);
        turns++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return (void *)own;
}

static uint64_t mix(uint64_t x, int n)
{
    double f = 1;
    for (int i = 0; i < n; i++) {
        x = x * 6364136223846793005ull + 1442695040888963407ull + (x >> 31);
        f = f * 0.75 + (double)(x >> 44);
    }
    return x ^ (uint64_t)f;
}
static __thread volatile sig_atomic_t queued, sum;
static volatile sig_atomic_t alarms;
static atomic_int ready, wrong, stop;
static uint64_t expected;
static void on_queued(int signo, siginfo_t *si, void *uc)
{
    queued++;
    sum += si->si_value.sival_int;
    mix(1, 20);
}
static void on_alarm(int signo) { alarms++; }
static void *storm(void *arg)
{
    ready++;
    while (queued < QUEUED)
        if (mix(7, 500) != expected)
            wrong++;
    if (sum != QUEUED * (QUEUED + 1) / 2)
        wrong++;
    return NULL;
}

int main(int argc, char **argv)
{
    long total = 0;
    int rain = argc > 1 && !strcmp(argv[1], "storm");
    struct sigaction q = { .sa_sigaction = on_queued, .sa_flags = SA_SIGINFO | SA_RESTART }, a = { .sa_handler = on_alarm };
    struct itimerval it = { { 0, 200 }, { 0, 200 } };
    expected = mix(7, 500);
    pthread_barrier_init(&barrier, NULL, N);
    sigaction(SIGRTMIN + 1, &q, NULL);
    sigaction(SIGALRM, &a, NULL);
    for (long i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, rain ? storm : locks, (void *)i);
    if (rain) {
        while (ready < N)
            sched_yield();
        setitimer(ITIMER_REAL, &it, NULL);
        for (int k = 1; k <= QUEUED; k++)
            for (int i = 0; i < N; i++)
                pthread_sigqueue(thread[i], SIGRTMIN + 1, (union sigval){ .sival_int = k });
    }
    for (int i = 0; i < N; i++) {
        void *r;
        while (pthread_join(thread[i], &r))
            ;
        total += (long)r;
    }
    if (rain ? wrong != 0
             : plain != N * ROUNDS || added != ROUNDS * 10 || swapped != 3 * N * ROUNDS || guarded != N * ROUNDS ||
                   turns != N * 10 || total != N * (ROUNDS * (ROUNDS - 1) / 2))
        return printf("wrong\n"), 1;
    printf("ok\n");
    return 0;
}
