/* Atomics under contention: the compiler's (with and without LSE), hand-written exclusives, 128-bit
 * compare-and-swap, a ticket lock, a lock-free stack, a sequence lock.
 * TEST: flags=-mno-outline-atomics, -march=armv8.1-a native=no */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 4 };
static int rounds = 100000;
static pthread_barrier_t start;
static void *(*body)(void *);

static atomic_long added, xored, ored = 0, maximum;
static atomic_uchar byte;
static atomic_short half;
static _Atomic(uint32_t) anded = ~0u;
static void *plain_atomics(void *arg)
{
    long me = (long)arg;
    for (int i = 0; i < rounds; i++) {
        added += me + 1;
        xored ^= 1l << (i % 60);
        atomic_fetch_or(&ored, 1l << me);
        byte++;
        half -= 3;
        anded &= ~(1u << (me * 4 + i % 4));
        long m = maximum, v = (i * 7919l + me) % 100003;
        while (v > m && !atomic_compare_exchange_weak(&maximum, &m, v))
            ;
    }
    return NULL;
}

static long guarded[2];
static uint32_t word;
static void lock_exclusive(uint32_t *l)
{
    uint32_t v;
    asm volatile("   sevl\n"
                 "1: wfe\n"
                 "2: ldaxr %w0, %1\n"
                 "   cbnz %w0, 1b\n"
                 "   stxr %w0, %w2, %1\n"
                 "   cbnz %w0, 2b\n"
                 : "=&r"(v), "+Q"(*l) : "r"(1) : "memory");
}
static void unlock_release(uint32_t *l) { asm volatile("stlr wzr, %0" : "=Q"(*l) : : "memory"); }

static void *spinlock(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        lock_exclusive(&word);
        guarded[0]++;
        guarded[1] += guarded[0] & 1;
        unlock_release(&word);
    }
    return NULL;
}

static uint64_t counter8[4] __attribute__((aligned(64)));
static void *exclusive_counters(void *arg)
{
    for (int i = 0; i < rounds; i++) {
        uint64_t v, s;
        asm volatile("1: ldxr %0, %2\n add %0, %0, #3\n stxr %w1, %0, %2\n cbnz %w1, 1b"
                     : "=&r"(v), "=&r"(s), "+Q"(counter8[0]));
        asm volatile("1: ldaxrb %w0, %2\n add %w0, %w0, #1\n stlxrb %w1, %w0, %2\n cbnz %w1, 1b"
                     : "=&r"(v), "=&r"(s), "+Q"(*(uint8_t *)&counter8[1]));
        asm volatile("1: ldxrh %w0, %2\n add %w0, %w0, #1\n stlxrh %w1, %w0, %2\n cbnz %w1, 1b"
                     : "=&r"(v), "=&r"(s), "+Q"(*(uint16_t *)&counter8[2]));
        asm volatile("1: ldaxr %w0, %2\n add %w0, %w0, #1\n stxr %w1, %w0, %2\n cbnz %w1, 1b"
                     : "=&r"(v), "=&r"(s), "+Q"(*(uint32_t *)&counter8[3]));
    }
    return NULL;
}

static struct pair { uint64_t lo, hi; } pairs[3] __attribute__((aligned(64)));
static void *pair_exclusive(void *arg)
{
    long bad = 0;
    for (int i = 0; i < rounds; i++) {
        uint64_t a, b, s;
        asm volatile("1: ldaxp %0, %1, %3\n add %0, %0, #1\n sub %1, %1, #1\n stlxp %w2, %0, %1, %3\n"
                     "   cbnz %w2, 1b"
                     : "=&r"(a), "=&r"(b), "=&r"(s), "+Q"(pairs[0]));
        bad += a + b != 0;
        asm volatile("1: ldxp %w0, %w1, %3\n add %w0, %w0, #1\n sub %w1, %w1, #1\n stxp %w2, %w0, %w1, %3\n"
                     "   cbnz %w2, 1b"
                     : "=&r"(a), "=&r"(b), "=&r"(s), "+Q"(*(uint64_t *)&pairs[1]));
        bad += (uint32_t)(a + b) != 0;
    }
    return (void *)bad;
}

static void *pair_swap(void *arg)
{
    long bad = 0;
    for (int i = 0; i < rounds; i++) {
        register uint64_t x0 asm("x0") = 0, x1 asm("x1") = 0, x2 asm("x2"), x3 asm("x3");
        uint64_t was0, was1;
        do {
            was0 = x0, was1 = x1;
            x2 = x0 + 1, x3 = x1 - 1;
            asm volatile(".arch armv8.1-a\n caspal x0, x1, x2, x3, %4"
                         : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+Q"(pairs[2]));
            bad += x0 + x1 != 0;
        } while (x0 != was0 || x1 != was1);
    }
    return (void *)bad;
}

static atomic_uint ticket, serving;
static long by_ticket;
static void *ticket_lock(void *arg)
{
    for (int i = 0; i < rounds / 8; i++) {
        unsigned me = ticket++;
        for (unsigned spins = 0; serving != me; spins++)
            if (spins % 64 == 63)
                sched_yield();
        by_ticket++;
        serving++;
    }
    return NULL;
}

/* A stack of indexes with a generation beside the top, so that ABA is seen. */
static _Atomic(uint64_t) top;
static struct node { _Atomic(uint32_t) next; uint32_t owner; } nodes[64];
static void *stack_of_nodes(void *arg)
{
    long bad = 0;
    for (int i = 0; i < rounds; i++) {
        uint64_t t = top, want;
        uint32_t n;
        do {
            n = (uint32_t)t;
            if (!n)
                break;
            want = (t & ~0xffffffffull) + (1ull << 32) + nodes[n].next;
        } while (!atomic_compare_exchange_weak(&top, &t, want));
        if (!n)
            continue;
        bad += nodes[n].owner != 0;
        nodes[n].owner = (uint32_t)(long)arg + 1;
        bad += nodes[n].owner != (uint32_t)(long)arg + 1;
        nodes[n].owner = 0;
        t = top;
        do {
            nodes[n].next = (uint32_t)t;
            want = (t & ~0xffffffffull) + (1ull << 32) + n;
        } while (!atomic_compare_exchange_weak(&top, &t, want));
    }
    return (void *)bad;
}

static atomic_uint sequence;
static atomic_long seq_data[4];
static atomic_int seq_writers = 2;
static void *sequence_lock(void *arg)
{
    long bad = 0, me = (long)arg;
    if (me == 0) {
        for (int i = 1; i <= rounds; i++) {
            atomic_fetch_add_explicit(&sequence, 1, memory_order_relaxed);
            atomic_thread_fence(memory_order_release);
            for (int k = 0; k < 4; k++)
                atomic_store_explicit(&seq_data[k], i + k, memory_order_relaxed);
            atomic_fetch_add_explicit(&sequence, 1, memory_order_release);
        }
        seq_writers = 0;
        return NULL;
    }
    while (seq_writers) {
        unsigned s = atomic_load_explicit(&sequence, memory_order_acquire);
        long v[4];
        for (int k = 0; k < 4; k++)
            v[k] = atomic_load_explicit(&seq_data[k], memory_order_relaxed);
        atomic_thread_fence(memory_order_acquire);
        if (s & 1 || s == 0 || atomic_load_explicit(&sequence, memory_order_relaxed) != s)
            continue;
        for (int k = 1; k < 4; k++)
            bad += v[k] != v[0] + k;
    }
    return (void *)bad;
}

static void *begin(void *arg)
{
    pthread_barrier_wait(&start);
    return body(arg);
}

static long run(void *(*fn)(void *))
{
    pthread_t t[N];
    long bad = 0;
    body = fn;
    for (long i = 0; i < N; i++)
        pthread_create(&t[i], NULL, begin, (void *)i);
    for (int i = 0; i < N; i++) {
        void *r;
        pthread_join(t[i], &r);
        bad += (long)r;
    }
    return bad;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atoi(argv[1]);
    pthread_barrier_init(&start, NULL, N);
    run(plain_atomics);
    printf("%ld %ld %ld %d %d %x %ld\n", added, xored, ored, byte, half, anded, maximum);
    run(spinlock);
    printf("spinlock %ld %ld\n", guarded[0], guarded[1]);
    run(exclusive_counters);
    for (int i = 0; i < 4; i++)
        printf("%lu ", counter8[i]);
    puts("");
    long bad = run(pair_exclusive);
    printf("pairs %lx %lx %lx %ld\n", pairs[0].lo, pairs[0].hi, pairs[1].lo, bad);
    bad = run(pair_swap);
    printf("casp %lx %lx %ld\n", pairs[2].lo, pairs[2].hi, bad);
    run(ticket_lock);
    printf("tickets %ld\n", by_ticket);
    for (uint32_t i = 1; i < 64; i++) {
        nodes[i].next = (uint32_t)top;
        top = i;
    }
    bad = run(stack_of_nodes);
    int left = 0;
    for (uint32_t n = (uint32_t)top; n; n = nodes[n].next)
        left++;
    printf("stack %d %ld\n", left, bad);
    printf("sequence lock %ld\n", run(sequence_lock));
    return 0;
}
