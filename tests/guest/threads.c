/* POSIX threads: locks, conditions, barriers, once, semaphores, thread-local data, cancellation, robust
 * and priority-inheriting mutexes, many short threads. Argument: how often (1). */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N = 4 };
#define RUN(n, fn) run(#fn, n, fn)

static long total;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t sem;

static void run(const char *name, int n, void *(*fn)(void *))
{
    pthread_t t[16];
    long sum = 0;
    total = 0;
    for (int i = 0; i < n; i++)
        if (pthread_create(&t[i], NULL, fn, (void *)(long)i))
            printf("%s: can't create %d\n", name, i);
    for (int i = 0; i < n; i++) {
        void *r;
        pthread_join(t[i], &r);
        sum += (long)r;
    }
    printf("%s %ld %ld\n", name, total, sum);
}

static void *with_mutex(void *arg)
{
    for (int i = 0; i < 20000; i++) {
        pthread_mutex_lock(&mutex);
        total++;
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static void *with_condition(void *arg) /* they take turns */
{
    long me = (long)arg;
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&mutex);
        while (total % N != me)
            pthread_cond_wait(&cond, &mutex);
        total++;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return arg;
}

static int phase[N];
static void *with_barrier(void *arg)
{
    long me = (long)arg, bad = 0;
    for (int i = 1; i <= 300; i++) {
        phase[me] = i;
        pthread_barrier_wait(&barrier);
        for (int k = 0; k < N; k++)
            bad += phase[k] != i;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            total++;
    }
    return (void *)bad;
}

static int shared[8];
static void *with_rwlock(void *arg)
{
    long bad = 0;
    for (int i = 0; i < 3000; i++) {
        if (i % 8 == (long)arg) {
            pthread_rwlock_wrlock(&rwlock);
            for (int k = 0; k < 8; k++)
                shared[k]++;
            total++;
            pthread_rwlock_unlock(&rwlock);
        } else {
            pthread_rwlock_rdlock(&rwlock);
            for (int k = 1; k < 8; k++)
                bad += shared[k] != shared[0];
            pthread_rwlock_unlock(&rwlock);
        }
    }
    return (void *)bad;
}

static __thread long local = 40;
static __thread char big[3000];
static pthread_key_t key;
static atomic_int destroyed;
static void destroy(void *p) { destroyed += (long)p; }
static void *with_tls(void *arg)
{
    long bad = local != 40;
    pthread_setspecific(key, (void *)1l);
    memset(big, (int)(long)arg + 1, sizeof big);
    for (int i = 0; i < 1000; i++) {
        local += (long)arg;
        if (i % 100 == 0)
            sched_yield();
    }
    for (size_t i = 0; i < sizeof big; i++)
        bad += big[i] != (long)arg + 1;
    bad += local != 40 + 1000 * (long)arg;
    return (void *)bad;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static void first(void) { total += 1000; }
static void *with_once(void *arg)
{
    pthread_once(&once, first);
    return (void *)(long)(total == 1000);
}

static void *with_semaphore(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        sem_wait(&sem);
        total++;
        sem_post(&sem);
    }
    return arg;
}

static pthread_mutex_t special;
static void *with_special(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(&special);
        total++;
        pthread_mutex_unlock(&special);
    }
    return arg;
}

static void *dies_with_lock(void *arg)
{
    pthread_mutex_lock(&special);
    return NULL;
}

static void protocols(void)
{
    static const int protocol[] = { PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT };
    for (int robust = 0; robust < 2; robust++)
        for (int k = 0; k < 2; k++) {
            pthread_mutexattr_t a;
            pthread_t t;
            pthread_mutexattr_init(&a);
            pthread_mutexattr_setprotocol(&a, protocol[k]);
            if (robust)
                pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST);
            pthread_mutex_init(&special, &a);
            RUN(N, with_special);
            if (robust) {
                pthread_create(&t, NULL, dies_with_lock, NULL);
                pthread_join(t, NULL);
                int r = pthread_mutex_lock(&special);
                printf("after its owner's end: %s", r == EOWNERDEAD ? "EOWNERDEAD" : strerror(r));
                r = pthread_mutex_consistent(&special);
                pthread_mutex_unlock(&special);
                printf(" %d %d\n", r, pthread_mutex_lock(&special));
                pthread_mutex_unlock(&special);
            }
            pthread_mutex_destroy(&special);
        }
}

static atomic_int pushed;
static void cleanup(void *p) { ++*(int *)p; }
static void *endless(void *arg)
{
    int type;
    pthread_cleanup_push(cleanup, arg);
    pushed = 1;
    pthread_setcanceltype(*(int *)arg & 1 ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED, &type);
    if (*(int *)arg & 1)
        for (volatile long i = 0;; i++)
            ;
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancellation(void)
{
    int canceled = 0, cleaned = 0;
    for (int i = 0; i < 20; i++) {
        pthread_t t;
        int n = i * 10 + (i & 1), was = n;
        void *r;
        pushed = 0;
        pthread_create(&t, NULL, endless, &n);
        while (!pushed)
            sched_yield();
        if (i % 3)
            usleep(300);
        pthread_cancel(t);
        pthread_join(t, &r);
        canceled += r == PTHREAD_CANCELED;
        cleaned += n == was + 1;
    }
    printf("canceled %d cleaned %d\n", canceled, cleaned);
}

static atomic_long born;
static void *brief(void *arg)
{
    char buf[64];
    snprintf(buf, sizeof buf, "%ld", (long)arg);
    born += atol(buf);
    return arg;
}

static void churn(int rounds)
{
    pthread_attr_t a;
    pthread_t t[4];
    long want = 0;
    born = 0;
    for (int i = 0; i < rounds; i++) {
        for (long k = 0; k < 4; k++) {
            if (pthread_create(&t[k], NULL, brief, (void *)(k + i)))
                puts("can't create");
            want += k + i;
        }
        for (int k = 0; k < 4; k++)
            pthread_join(t[k], NULL);
    }
    pthread_attr_init(&a);
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 100; i++) {
        if (pthread_create(&t[0], &a, brief, (void *)7l))
            puts("can't create");
        want += 7;
    }
    while (born != want)
        usleep(100);
    puts("all threads have run");
}

static void timeouts(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += 5000000;
    if (ts.tv_nsec >= 1000000000)
        ts.tv_sec++, ts.tv_nsec -= 1000000000;
    pthread_mutex_lock(&mutex);
    int r = pthread_cond_timedwait(&cond, &mutex, &ts);
    pthread_mutex_unlock(&mutex);
    printf("timed wait %d", r == ETIMEDOUT);
    sem_wait(&sem), sem_wait(&sem);
    printf(" %d", sem_timedwait(&sem, &ts) == -1 && errno == ETIMEDOUT);
    sem_post(&sem), sem_post(&sem);
    pthread_mutex_lock(&mutex);
    printf(" %d\n", pthread_mutex_timedlock(&mutex, &ts) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
}

int main(int argc, char **argv)
{
    int times = argc > 1 ? atoi(argv[1]) : 1;
    pthread_barrier_init(&barrier, NULL, N);
    sem_init(&sem, 0, 2);
    pthread_key_create(&key, destroy);
    for (int i = 0; i < times; i++) {
        RUN(N, with_mutex);
        RUN(N, with_condition);
        RUN(N, with_barrier);
        RUN(N, with_rwlock);
        RUN(N, with_tls);
        printf("destroyed %d\n", destroyed);
        once = (pthread_once_t)PTHREAD_ONCE_INIT;
        RUN(N, with_once);
        RUN(1, with_semaphore);
        protocols();
        cancellation();
        churn(250);
        timeouts();
    }
    return 0;
}
