/* Memory order between threads: outcomes that the architecture forbids. Only those are counted, so the
 * output is the same everywhere. Message passing (stlr/ldar, dmb, dmb ishst/ishld, address
 * dependency), store buffering (dmb; stlr then ldar), load buffering (dmb), IRIW with ldar, coherence,
 * a Dekker lock. Argument: iterations.
 * litmus.expect: no forbidden outcome, by the Arm manual's memory model (B2.3). TEST: native=no */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static long rounds = 30000;
enum { LINE = 64, SLOTS = 256 };

/* Each round has variables of its own, so that threads need not meet after each. */
static struct slot { volatile uint64_t x; char a[LINE - 8]; volatile uint64_t y; char b[LINE - 8]; } *mem;
static uint64_t *r[4];
static atomic_int at_start, threads;
static atomic_long progress[4];

#define STR(p, v) asm volatile("str %1, %0" : "=m"(*(p)) : "r"((uint64_t)(v)))
#define STLR(p, v) asm volatile("stlr %1, %0" : "=Q"(*(p)) : "r"((uint64_t)(v)))
#define LDR(p) ({ uint64_t v_; asm volatile("ldr %0, %1" : "=r"(v_) : "m"(*(p))); v_; })
#define LDAR(p) ({ uint64_t v_; asm volatile("ldar %0, %1" : "=r"(v_) : "Q"(*(p))); v_; })
#define DMB(kind) asm volatile("dmb " #kind ::: "memory")
/* the same address, but dependent on the value */
#define AFTER(p, v) ({ uint64_t d_; asm volatile("eor %0, %1, %1" : "=r"(d_) : "r"(v)); \
                       (volatile uint64_t *)((char *)(p) + d_); })

static void mp_stlr_0(long i) { STR(&mem[i].x, 1); STLR(&mem[i].y, 1); }
static void mp_ldar_1(long i) { r[0][i] = LDAR(&mem[i].y); r[1][i] = LDR(&mem[i].x); }
static int mp_bad(long i) { return r[0][i] == 1 && r[1][i] == 0; }
static void mp_dmb_0(long i) { STR(&mem[i].x, 1); DMB(ish); STR(&mem[i].y, 1); }
static void mp_dmb_1(long i) { r[0][i] = LDR(&mem[i].y); DMB(ish); r[1][i] = LDR(&mem[i].x); }
static void mp_st_0(long i) { STR(&mem[i].x, 1); DMB(ishst); STR(&mem[i].y, 1); }
static void mp_ld_1(long i) { r[0][i] = LDR(&mem[i].y); DMB(ishld); r[1][i] = LDR(&mem[i].x); }
static void mp_addr_1(long i) { uint64_t v = LDR(&mem[i].y); r[0][i] = v; r[1][i] = LDR(AFTER(&mem[i].x, v)); }
static void sb_dmb_0(long i) { STR(&mem[i].x, 1); DMB(ish); r[0][i] = LDR(&mem[i].y); }
static void sb_dmb_1(long i) { STR(&mem[i].y, 1); DMB(sy); r[1][i] = LDR(&mem[i].x); }
static int sb_bad(long i) { return r[0][i] == 0 && r[1][i] == 0; }
static void sb_stlr_0(long i) { STLR(&mem[i].x, 1); r[0][i] = LDAR(&mem[i].y); }
static void sb_stlr_1(long i) { STLR(&mem[i].y, 1); r[1][i] = LDAR(&mem[i].x); }
static void sb_xchg_0(long i) { atomic_exchange((_Atomic(uint64_t) *)&mem[i].x, 1); r[0][i] = LDAR(&mem[i].y); }
static void sb_xchg_1(long i) { atomic_exchange((_Atomic(uint64_t) *)&mem[i].y, 1); r[1][i] = LDAR(&mem[i].x); }
static void lb_0(long i) { r[0][i] = LDR(&mem[i].x); DMB(ish); STR(&mem[i].y, 1); }
static void lb_1(long i) { r[1][i] = LDR(&mem[i].y); DMB(ish); STR(&mem[i].x, 1); }
static int lb_bad(long i) { return r[0][i] == 1 && r[1][i] == 1; }
static void co_0(long i) { STR(&mem[i].x, 1); STR(&mem[i].x, 2); }
static void co_1(long i) { r[0][i] = LDR(&mem[i].x); r[1][i] = LDR(&mem[i].x); }
static int co_bad(long i) { return r[0][i] > r[1][i]; }
static void iriw_0(long i) { STLR(&mem[i].x, 1); }
static void iriw_1(long i) { STLR(&mem[i].y, 1); }
static void iriw_2(long i) { r[0][i] = LDAR(&mem[i].x); r[1][i] = LDAR(&mem[i].y); }
static void iriw_3(long i) { r[2][i] = LDAR(&mem[i].y); r[3][i] = LDAR(&mem[i].x); }
static int iriw_bad(long i) { return r[0][i] == 1 && r[1][i] == 0 && r[2][i] == 1 && r[3][i] == 0; }

static const struct test {
    const char *name;
    void (*thread[4])(long);
    int (*bad)(long);
} tests[] = {
    { "MP stlr/ldar", { mp_stlr_0, mp_ldar_1 }, mp_bad },
    { "MP dmb/dmb", { mp_dmb_0, mp_dmb_1 }, mp_bad },
    { "MP dmb ishst/ishld", { mp_st_0, mp_ld_1 }, mp_bad },
    { "MP stlr/address", { mp_stlr_0, mp_addr_1 }, mp_bad },
    { "SB dmb", { sb_dmb_0, sb_dmb_1 }, sb_bad },
    { "SB stlr/ldar", { sb_stlr_0, sb_stlr_1 }, sb_bad },
    { "SB swp/ldar", { sb_xchg_0, sb_xchg_1 }, sb_bad },
    { "LB dmb", { lb_0, lb_1 }, lb_bad },
    { "CoRR", { co_0, co_1 }, co_bad },
    { "IRIW stlr/ldar", { iriw_0, iriw_1, iriw_2, iriw_3 }, iriw_bad },
};
static const struct test *test;

static void *thread(void *arg)
{
    long me = (long)arg;
    void (*fn)(long) = test->thread[me];
    at_start++;
    for (int spins = 0; at_start < threads;)
        if (++spins % 256 == 0)
            sched_yield();
    for (long i = 0; i < SLOTS; i++) {
        /* stay close to the others */
        if (i % 8 == 0) {
            progress[me] = i;
            for (int k = 0, spins = 0; k < threads; k++)
                while (progress[k] < i && ++spins < 2000)
                    ;
        }
        fn(i);
    }
    progress[me] = SLOTS;
    return NULL;
}

static volatile uint64_t want[2];
static long in_section, entered;
static void *dekker(void *arg)
{
    long me = (long)arg, bad = 0;
    for (long i = 0; i < rounds * 4; i++) {
        STR(&want[me], 1);
        DMB(ish);
        if (LDR(&want[!me]) == 0) {
            long was = in_section;
            asm volatile("" ::: "memory");
            in_section = was + 1;
            entered++;
        }
        STLR(&want[me], 0);
    }
    return (void *)bad;
}

int main(int argc, char **argv)
{
    if (argc > 1)
        rounds = atol(argv[1]);
    mem = aligned_alloc(LINE, SLOTS * sizeof *mem);
    for (int k = 0; k < 4; k++)
        r[k] = calloc(SLOTS, 8);
    for (size_t n = 0; n < sizeof tests / sizeof *tests; n++) {
        long bad = 0;
        test = &tests[n];
        threads = test->thread[2] ? 4 : 2;
        for (long done = 0; done < rounds; done += SLOTS) {
            pthread_t t[4];
            for (long i = 0; i < SLOTS; i++)
                mem[i].x = mem[i].y = 0;
            at_start = 0;
            for (int k = 0; k < 4; k++)
                progress[k] = 0;
            for (long k = 0; k < threads; k++)
                pthread_create(&t[k], NULL, thread, (void *)k);
            for (int k = 0; k < threads; k++)
                pthread_join(t[k], NULL);
            for (long i = 0; i < SLOTS; i++)
                bad += test->bad(i);
        }
        printf("%s: %ld forbidden\n", test->name, bad);
    }
    pthread_t t[2];
    for (long k = 0; k < 2; k++)
        pthread_create(&t[k], NULL, dekker, (void *)k);
    for (int k = 0; k < 2; k++)
        pthread_join(t[k], NULL);
    printf("Dekker: %ld lost\n", entered - in_section);
    return 0;
}
