/*
 * pair KIND THREADS ROUNDS: THREADS threads do the same work, each on data of its own, at the same time. Prints the
 * nanoseconds of wall time from the start of the first to the end of the last, then each thread's CPU time.
 *
 * integers: arithmetic in registers; memory: a table of 64 KiB; calls: recursion and calls by pointer; allocator:
 * malloc and free. What is translated on the way is translated by a short round before.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 64, TABLE = 16384 };
static pthread_barrier_t start;
static long rounds;
static uint64_t (*work)(long, uint64_t);
static struct result { int64_t cpu; uint64_t value; char apart[112]; } results[MOST];

static int64_t now(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static uint64_t integers(long n, uint64_t x)
{
    for (long i = 0; i < n * 1000; i++) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x += x * 31 >> 3;
    }
    return x;
}

static uint64_t memory(long n, uint64_t x)
{
    uint32_t *t = malloc(TABLE * sizeof(*t));
    for (uint32_t i = 0; i < TABLE; i++)
        t[i] = i * 2654435761u;
    for (long i = 0; i < n * 1000; i++) {
        uint32_t *p = &t[(x + i) % TABLE];
        x = x * 6364136223846793005u + *p;
        *p = x >> 32;
    }
    free(t);
    return x;
}

static __attribute__((noinline)) uint64_t fibonacci(unsigned n)
{
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}
static __attribute__((noinline)) uint64_t twice(uint64_t x) { return x * 2; }
static __attribute__((noinline)) uint64_t thrice(uint64_t x) { return x * 3; }
static uint64_t (*volatile table[2])(uint64_t) = { twice, thrice };
static uint64_t calls(long n, uint64_t x)
{
    for (long i = 0; i < n; i++) {
        x += fibonacci(11);
        for (int k = 0; k < 20; k++)
            x += table[(x ^ k) & 1](x);
    }
    return x;
}

static uint64_t allocator(long n, uint64_t x)
{
    void *kept[16] = { 0 };
    for (long i = 0; i < n * 10; i++) {
        free(kept[i % 16]);
        kept[i % 16] = malloc(16 + (x = x * 6364136223846793005u + 1) % 500);
        memset(kept[i % 16], (int)i, 16);
    }
    for (int i = 0; i < 16; i++)
        free(kept[i]);
    return x;
}

static void *thread(void *arg)
{
    struct result *r = arg;

    r->value = work(rounds / 50 + 1, 88172645463325252u);
    pthread_barrier_wait(&start);
    int64_t begin = now(CLOCK_THREAD_CPUTIME_ID);
    r->value = work(rounds, 88172645463325252u);
    r->cpu = now(CLOCK_THREAD_CPUTIME_ID) - begin;
    pthread_barrier_wait(&start);
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; uint64_t (*work)(long, uint64_t); } kinds[] = {
        { "integers", integers }, { "memory", memory }, { "calls", calls }, { "allocator", allocator },
    };
    int n = argc == 4 ? atoi(argv[2]) : 0;
    pthread_t id[MOST];

    for (unsigned i = 0; i < 4 && argc == 4; i++)
        if (!strcmp(argv[1], kinds[i].name))
            work = kinds[i].work;
    if (!work || n < 1 || n > MOST || (rounds = atol(argv[3])) < 1) {
        fprintf(stderr, "usage: pair integers|memory|calls|allocator THREADS ROUNDS\n");
        return 2;
    }
    pthread_barrier_init(&start, NULL, n + 1);
    for (int i = 0; i < n; i++)
        if (pthread_create(&id[i], NULL, thread, &results[i])) {
            perror("pair");
            return 1;
        }
    pthread_barrier_wait(&start);
    int64_t begin = now(CLOCK_MONOTONIC);
    pthread_barrier_wait(&start);
    int64_t wall = now(CLOCK_MONOTONIC) - begin;
    printf("%lld", (long long)wall);
    for (int i = 0; i < n; i++) {
        pthread_join(id[i], NULL);
        printf(" %lld", (long long)results[i].cpu);
        if (results[i].value != results[0].value)
            return 3;
    }
    printf("\n%llx\n", (unsigned long long)results[0].value);
    return 0;
}
