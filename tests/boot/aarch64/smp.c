/*
 * Several processors: PSCI (Arm DEN 0022), events, exclusives and atomics, TLB and instruction-cache maintenance that is
 * broadcast (Arm ARM D8.13, D8.14 break-before-make; B2.4.4 code that is changed by another processor).
 * TEST: args=-smp 4
 */
#include "lib.h"

enum { CPU_ON = 0xc4000003, AFFINITY_INFO = 0xc4000004, CPU_OFF = 0x84000002, SUCCESS = 0, INVALID = -2, ALREADY_ON = -4 };
enum { ON, OFF, ON_PENDING };

static volatile u64 word[16] __attribute__((aligned(64)));
static u64 *root;
static volatile u64 stage, answers[8];

static u64 load(volatile u64 *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void store(volatile u64 *p, u64 v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }
/* As Linux does: a store by another CPU ends the WFE, since it clears the monitor. */
static void until(volatile u64 *p, u64 v)
{
    u64 now;
    for (;;) {
        asm volatile("ldaxr %0, [%1]" : "=r"(now) : "r"(p) : "memory");
        if (now == v)
            break;
        asm volatile("wfe" ::: "memory");
    }
    asm volatile("clrex" ::: "memory");
}
static void meet(u64 n) /* all n of them */
{
    static volatile u64 count, round;
    u64 mine = load(&round);
    if (__atomic_add_fetch(&count, 1, __ATOMIC_SEQ_CST) == n) {
        store(&count, 0);
        store(&round, mine + 1);
    } else {
        until(&round, mine + 1);
    }
}

/* --------------------------------------------------------------------- PSCI */

static void state_at_start(u64 arg)
{
    answers[0] = arg;
    answers[1] = MRS(mpidr_el1) & 0xff00ffffff;
    answers[2] = MRS(sctlr_el1) & 0x1005; /* I C M, which start.S leaves as they are but for 0 */
    answers[3] = MRS(currentel);
    answers[4] = MRS(daif);
    store(&stage, 1);
    until(&stage, 2);
    mmu_on(root, root); /* and it goes off like this */
    smccc(CPU_OFF, 0, 0, 0);
    store(&stage, 99);
}

static void power(void)
{
    check("PSCI version", smccc(0x84000000, 0, 0, 0) >> 16, 1);
    check("no CPU_ON of CPU 9", smccc(CPU_ON, 9, 0x40020000, 0), (u64)(int64_t)INVALID);
    check("no AFFINITY_INFO of CPU 9", smccc(AFFINITY_INFO, 9, 0, 0), (u64)(int64_t)INVALID);
    check("CPU 0 is on", smccc(AFFINITY_INFO, 0, 0, 0), ON);
    check("CPU 1 is off", smccc(AFFINITY_INFO, 1, 0, 0), OFF);
    check("CPU_ON of the running CPU", smccc(CPU_ON, 0, 0x40020000, 0), (u64)(int64_t)ALREADY_ON);
    check("unknown function", smccc(0x8400ff00, 0, 0, 0), ~0ull);
    check("PSCI_FEATURES of CPU_ON", smccc(0x8400000a, CPU_ON, 0, 0), 0);
    check("PSCI_FEATURES of nothing", smccc(0x8400000a, 0x8400ff00, 0, 0), ~0ull);
    for (unsigned round = 0; round < 3; round++) {
        stage = 0;
        root = identity_tables();
        check("CPU_ON", (u64)cpu_start(1, state_at_start, 42 + round), SUCCESS);
        until(&stage, 1);
        check("CPU 1 is on", smccc(AFFINITY_INFO, 1, 0, 0), ON);
        check("CPU_ON again", (u64)cpu_start(1, state_at_start, 0), (u64)(int64_t)ALREADY_ON);
        check("its argument", answers[0], 42 + round);
        check("its MPIDR", answers[1], 1);
        check("its caches and MMU", answers[2], 0);
        check("its level", answers[3], MRS(currentel));
        check("its masks", answers[4], 0x3c0);
        store(&stage, 2);
        while (smccc(AFFINITY_INFO, 1, 0, 0) != OFF)
            ;
        check("CPU_OFF does not return", load(&stage), 2);
        *entry_of(root, MEMORY, 1) = 0; /* the next CPU_ON begins without translation */
    }
}

/* ------------------------------------------------------- events and exclusives */

static void counter(u64 me)
{
    until(&stage, 3);
    for (unsigned k = 0; k < 5000; k++) {
        u64 v, failed;
        do {
            asm volatile("ldaxr %0, [%2]\n add %0, %0, #1\n stlxr %w1, %0, [%2]" : "=&r"(v), "=&r"(failed) : "r"(&word[0]) : "memory");
        } while (failed);
        asm volatile("stadd %0, [%1]" :: "r"(1ull), "r"(&word[2]) : "memory");
        u64 old, seen;
        do {
            old = load(&word[4]);
            seen = old;
            asm volatile("casal %0, %1, [%2]" : "+r"(seen) : "r"(old + 1), "r"(&word[4]) : "memory");
        } while (seen != old);
        do { /* 16 bytes */
            u64 lo, hi;
            asm volatile("ldaxp %0, %1, [%3]\n add %0, %0, #1\n sub %1, %1, #1\n stlxp %w2, %0, %1, [%3]"
                         : "=&r"(lo), "=&r"(hi), "=&r"(failed) : "r"(&word[6]) : "memory");
        } while (failed);
    }
    meet(4);
    /* WFE until SEV; an event that came before is not lost */
    asm volatile("sev" ::: "memory");
    while (load(&stage) != 4)
        asm volatile("wfe" ::: "memory");
    meet(4);
    smccc(CPU_OFF, 0, 0, 0);
}

static void contend(void)
{
    word[0] = word[2] = word[4] = word[6] = word[7] = 0;
    stage = 0;
    for (unsigned k = 1; k < 4; k++)
        check("CPU_ON", (u64)cpu_start(k, counter, k), SUCCESS);
    store(&stage, 3);
    for (unsigned k = 0; k < 5000; k++) {
        __atomic_add_fetch(&word[0], 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&word[2], 1, __ATOMIC_SEQ_CST);
        __atomic_add_fetch(&word[4], 1, __ATOMIC_SEQ_CST);
        u64 lo, hi, failed;
        do {
            asm volatile("ldaxp %0, %1, [%3]\n add %0, %0, #1\n sub %1, %1, #1\n stlxp %w2, %0, %1, [%3]"
                         : "=&r"(lo), "=&r"(hi), "=&r"(failed) : "r"(&word[6]) : "memory");
        } while (failed);
    }
    meet(4);
    check("LDAXR/STLXR by four", word[0], 20000);
    check("STADD by four", word[2], 20000);
    check("CASAL by four", word[4], 20000);
    check("LDAXP/STLXP by four, low", word[6], 20000);
    check("LDAXP/STLXP by four, high", word[7], (u64)-20000);
    store(&stage, 4);
    asm volatile("dsb sy\n sev" ::: "memory");
    meet(4);
    for (unsigned k = 1; k < 4; k++)
        while (smccc(AFFINITY_INFO, k, 0, 0) != OFF)
            ;
}

/* ------------------------------------------------- maintenance, from others */

/* Two pages that VA is mapped to in turn; CPU 0 changes the mapping, the others must see it when the DSB is over. */
#define VA 0x2000000000ull
static u64 page[2][512] __attribute__((aligned(4096)));
typedef u64 code_fn(void);
static uint32_t code[2][1024] __attribute__((aligned(4096)));

enum { WRONG_DATA = 1, WRONG_CODE = 2 };
static volatile u64 wrong, expected, seen_round[8];

static void reader(u64 me)
{
    mmu_on(root, root);
    meet(4);
    for (u64 k = 1; k <= 100; k++) {
        until(&stage, 100 + k);
        ISB();
        if (*(volatile u64 *)VA != expected)
            wrong |= WRONG_DATA;
        if (((code_fn *)(VA + 4096))() != expected)
            wrong |= WRONG_CODE;
        store(&seen_round[me], k);
    }
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
    smccc(CPU_OFF, 0, 0, 0);
}

static void tlbi_va(u64 va) { asm volatile("dsb ishst\n tlbi vaae1is, %0\n dsb ish\n isb" :: "r"(va >> 12 & 0xfffffffffff) : "memory"); }

static void maintenance(void)
{
    root = identity_tables();
    page[0][0] = 1000;
    page[1][0] = 2000;
    for (unsigned k = 0; k < 2; k++) { /* mov x0, #page's value; ret */
        code[k][0] = 0xd2800000 | (u64)(k ? 2000 : 1000) << 5;
        code[k][1] = 0xd65f03c0;
    }
    u64 *data = entry_of(root, VA, 3), *text = entry_of(root, VA + 4096, 3);
    enum { ATTR = PTE_PAGE | PTE_AF | PTE_SH | PTE_NORMAL };
    *data = (u64)page[0] | ATTR;
    *text = (u64)code[0] | ATTR | PTE_RO;
    stage = 0;
    wrong = 0;
    for (unsigned k = 1; k < 4; k++)
        check("CPU_ON", (u64)cpu_start(k, reader, k), SUCCESS);
    mmu_on(root, root);
    meet(4);
    for (u64 k = 1; k <= 100; k++) {
        unsigned which = k & 1;
        if (k % 4 == 3) { /* other code in the same page: IC IVAU is broadcast */
            uint32_t *at = code[which];
            u64 value = 3000 + k;
            at[0] = 0xd2800000 | (uint32_t)value << 5;
            asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %0\n dsb ish\n isb" :: "r"(at) : "memory");
            page[which][0] = value;
        }
        *data = 0;
        *text = 0;
        tlbi_va(VA);
        tlbi_va(VA + 4096);
        *data = (u64)page[which] | ATTR;
        *text = (u64)code[which] | ATTR | PTE_RO;
        asm volatile("dsb ishst\n isb" ::: "memory");
        expected = page[which][0];
        store(&stage, 100 + k);
        for (unsigned c = 1; c < 4; c++)
            until(&seen_round[c], k);
    }
    check("what other CPUs saw after broadcast maintenance", wrong, 0);
    for (unsigned k = 1; k < 4; k++)
        while (smccc(AFFINITY_INFO, k, 0, 0) != OFF)
            asm volatile("yield");
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
}

/* A CPU that runs in a loop without a break sees that its page is gone: its access faults. */
static volatile u64 looping;
static bool gone(struct trap *t)
{
    answers[5] = t->esr;
    answers[6] = t->far;
    store(&looping, 2);
    t->elr += 4;
    return true;
}
static void looper(u64 me)
{
    mmu_on(root, root);
    TRAPS->handler = gone;
    store(&looping, 1);
    do
        asm volatile("ldr x9, [%0]" :: "r"(VA) : "x9", "memory");
    while (load(&looping) == 1);
    TRAPS->handler = NULL;
    smccc(CPU_OFF, 0, 0, 0);
}

static void invalidated(void)
{
    looping = 0;
    check("CPU_ON", (u64)cpu_start(2, looper, 0), SUCCESS);
    until(&looping, 1);
    for (volatile unsigned k = 0; k < 100000; k++)
        ;
    *entry_of(root, VA, 3) = 0;
    DSB();
    tlbi_va(VA);
    until(&looping, 2);
    check("data abort of the other CPU", answers[5], ESR(0x25, 0x07));
    check("its FAR", answers[6], VA);
}

void program(void)
{
    power();
    contend();
    maintenance();
    invalidated();
}
