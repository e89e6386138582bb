/*
 * Self-hosted debug: software step, breakpoints, watchpoints, the OS lock; the performance monitors' cycle counter
 * (Arm ARM D2.8 to D2.12, D24.2.40 ISS of debug exceptions, D13).
 */
#include "lib.h"

enum { SS = 1, KDE = 1 << 13, MDE = 1 << 15 };
enum { E = 1, EL1_ONLY = 1 << 1, EL0_ONLY = 2 << 1, BAS_ALL = 0xff << 5, BAS_CODE = 0xf << 5, LOADS = 1 << 3, STORES = 2 << 3, BOTH = 3 << 3 };

static u64 words[512] __attribute__((aligned(4096)));

static void open_debug(u64 mdscr)
{
    MSR(mdscr_el1, mdscr);
    asm volatile("msr daifclr, #8\n isb" ::: "memory");
}
static void close_debug(void)
{
    asm volatile("msr daifset, #8\n isb" ::: "memory");
    MSR(mdscr_el1, 0);
    ISB();
}

/* -------------------------------------------------------------- breakpoints */

static volatile u64 target_ran;
__attribute__((noinline)) static void target(void) { target_ran++; }
static bool once(struct trap *t) /* goes on behind the breakpoint with PSTATE.D */
{
    t->spsr |= 0x200;
    return true;
}

static void breakpoints(void)
{
    MSR(oslar_el1, 0);
    MSR(dbgbvr0_el1, target);
    MSR(dbgbcr0_el1, E | EL1_ONLY | BAS_CODE);
    TRAPS->handler = once;
    TRAPS->taken = 0;
    open_debug(KDE | MDE);
    target();
    close_debug();
    check_trap("breakpoint at EL1", ESR(0x31, 0x22), (u64)target, 1, 4);
    check("it runs afterwards", target_ran, 1);
    struct { const char *name; u64 mdscr, control; bool masked, locked; } none[] = {
        { "without MDE", KDE, E | EL1_ONLY | BAS_CODE, false, false }, { "without KDE", MDE, E | EL1_ONLY | BAS_CODE, false, false },
        { "with PSTATE.D", KDE | MDE, E | EL1_ONLY | BAS_CODE, true, false }, { "not enabled", KDE | MDE, EL1_ONLY | BAS_CODE, false, false },
        { "of EL0", KDE | MDE, E | EL0_ONLY | BAS_CODE, false, false }, { "with the OS lock", KDE | MDE, E | EL1_ONLY | BAS_CODE, false, true },
        { "of secure state alone", KDE | MDE, E | EL1_ONLY | BAS_CODE | 2 << 14, false, false },
    };
    for (unsigned k = 0; k < sizeof none / sizeof *none; k++) {
        MSR(dbgbcr0_el1, none[k].control);
        MSR(oslar_el1, none[k].locked);
        TRAPS->taken = 0;
        open_debug(none[k].mdscr);
        if (none[k].masked)
            asm volatile("msr daifset, #8\n isb" ::: "memory");
        target();
        close_debug();
        MSR(oslar_el1, 0);
        check_no_trap(none[k].name);
    }
    /* linked to a context: breakpoint 5 compares CONTEXTIDR_EL1 */
    MSR(dbgbvr5_el1, 1234);
    MSR(dbgbcr5_el1, E | 3 << 20 | BAS_CODE | EL1_ONLY);
    MSR(dbgbcr0_el1, E | EL1_ONLY | BAS_CODE | 1 << 20 | 5 << 16);
    for (unsigned k = 0; k < 2; k++) {
        MSR(contextidr_el1, k ? 1234 : 1233);
        TRAPS->taken = 0;
        open_debug(KDE | MDE);
        target();
        close_debug();
        check("linked breakpoint", TRAPS->taken, k);
    }
    MSR(dbgbcr0_el1, 0);
    MSR(dbgbcr5_el1, 0);
    check("OSLSR_EL1", MRS(oslsr_el1), 8);
    MSR(oslar_el1, 1);
    check("OSLSR_EL1, locked", MRS(oslsr_el1), 10);
    MSR(oslar_el1, 0);
    TRAPS->handler = NULL;
}

/* -------------------------------------------------------------- watchpoints */

static u64 access_words(unsigned how)
{
    switch (how) {
    case 0: return RUN("ldr x9, [%1]", "r"(words) : "x9", "memory");
    case 1: return RUN("str x9, [%1]", "r"(words) : "memory");
    case 2: return RUN("ldrb w9, [%1]", "r"((char *)words + 3) : "x9", "memory");
    case 3: return RUN("strb w9, [%1]", "r"((char *)words + 4) : "memory");
    case 4: return RUN("ldr x9, [%1]", "r"(words + 1) : "x9", "memory");
    case 5: return RUN("ldp x9, x10, [%1]", "r"(words - 0) : "x9", "x10", "memory");
    case 6: return RUN("stp xzr, xzr, [%1]", "r"(words + 2) : "memory");
    case 7: return RUN("ldadd x9, x10, [%1]", "r"(words) : "x9", "x10", "memory");
    case 8: return RUN("str x9, [%1]", "r"(words + 32) : "memory");
    }
    return 0;
}
static bool skip(struct trap *t)
{
    t->elr += 4;
    return true;
}

static void watchpoints(void)
{
    u64 a = (u64)words;
    struct { const char *name; u64 value, control; unsigned how; bool hit, write; u64 far; } cases[] = {
        { "load", a, LOADS | BAS_ALL, 0, true, false, a }, { "load, watched for stores", a, STORES | BAS_ALL, 0, false, false, 0 },
        { "store", a, STORES | BAS_ALL, 1, true, true, a }, { "store, watched for loads", a, LOADS | BAS_ALL, 1, false, false, 0 },
        { "byte 3, watched", a, BOTH | 1 << 8, 2, true, false, a + 3 }, { "byte 4, byte 3 is watched", a, BOTH | 1 << 8, 3, false, false, 0 },
        { "byte 4, watched", a, BOTH | 1 << 9, 3, true, true, a + 4 }, { "word 4 to 7", a + 4, BOTH | 0xf << 5, 3, true, true, a + 4 },
        { "word 4 to 7, byte 3", a + 4, BOTH | 0xf << 5, 2, false, false, 0 }, { "next doubleword", a, BOTH | BAS_ALL, 4, false, false, 0 },
        { "LDP", a, BOTH | BAS_ALL, 5, true, false, a }, { "STP elsewhere", a, BOTH | BAS_ALL, 6, false, false, 0 },
        { "mask of 64 bytes", a, BOTH | BAS_ALL | 6 << 24, 6, true, true, a + 16 },
        { "mask of 64 bytes, 256 on", a, BOTH | BAS_ALL | 6 << 24, 8, false, false, 0 },
        { "mask of 4 KiB", a, BOTH | BAS_ALL | 12 << 24, 8, true, true, a + 256 },
    };
    TRAPS->handler = skip;
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        MSR(dbgwvr1_el1, cases[k].value);
        MSR(dbgwcr1_el1, cases[k].control | E | EL1_ONLY);
        open_debug(KDE | MDE);
        u64 at = access_words(cases[k].how);
        close_debug();
        if (!cases[k].hit) {
            check_no_trap(cases[k].name);
            continue;
        }
        check_trap(cases[k].name, ESR(0x35, 0x22 | (cases[k].write ? 64 : 0)), at, 1, 4);
        check(cases[k].name, TRAPS->last.far, cases[k].far);
    }
    words[0] = 5;
    MSR(dbgwvr1_el1, a);
    MSR(dbgwcr1_el1, E | EL1_ONLY | STORES | BAS_ALL);
    open_debug(KDE | MDE);
    u64 at = RUN("str xzr, [%1]", "r"(words) : "memory");
    close_debug();
    check_trap("the store is not done", ESR(0x35, 0x62), at, 1, 4);
    check("the store is not done", words[0], 5);
    open_debug(KDE | MDE);
    at = access_words(7);
    close_debug();
    check("an atomic", TRAPS->taken, 1);
    MSR(dbgwcr1_el1, E | EL0_ONLY | BOTH | BAS_ALL);
    open_debug(KDE | MDE);
    access_words(0);
    close_debug();
    check_no_trap("watched for EL0, access of EL1");
    open_debug(KDE | MDE);
    at = RUN("ldtr x9, [%1]", "r"(words) : "x9", "memory");
    close_debug();
    check("watched for EL0, LDTR", TRAPS->taken, 1);
    MSR(dbgwcr1_el1, 0);
    access_words(0);
    check_no_trap("no watchpoint");
    TRAPS->handler = NULL;
}

/* ------------------------------------------------------------- software step */

/* EL0 (and EL1 itself) stepped from EL1: each instruction ends in an exception. */
static volatile unsigned steps;
static u64 step_pc[64], step_esr[64];
static bool stepped(struct trap *t)
{
    if (esr_ec(t->esr) != 0x32)
        return false;
    if (steps < 64) {
        step_pc[steps] = t->elr;
        step_esr[steps] = t->esr;
    }
    steps++;
    t->spsr |= 1 << 21; /* the next one */
    return true;
}

u64 little(u64 x);
asm("little:\n"
    "add x0, x0, #1\n"
    "b 1f\n"
    "udf #0\n"
    "1: mov x1, x30\n"
    "bl 2f\n"
    "mov x30, x1\n"
    "ret\n"
    "2: cbnz x0, 3f\n"
    "udf #0\n"
    "3: ldxr x2, [x3]\n" /* x3 is the stack: at_level */
    "clrex\n"
    "ret");

static void step(void)
{
    steps = 0;
    TRAPS->handler = stepped;
    TRAPS->taken = 0;
    MSR(mdscr_el1, SS);
    ISB();
    u64 stack = (u64)words + 4096;
    leave_how = 0;
    /* SPSR.SS: active, not pending */
    u64 r = at_level((SPSR_EL0 & ~0x200) | 1 << 21, little, 41, stack);
    MSR(mdscr_el1, 0);
    ISB();
    TRAPS->handler = NULL;
    check("the result", r, 42);
    u64 f = (u64)little;
    static const unsigned offsets[] = { 4, 12, 16, 28, 36, 40, 44, 20, 24 };
    for (unsigned k = 0; k < 9; k++) {
        check("stepped to", step_pc[k], f + offsets[k]);
        check("step's syndrome", step_esr[k], ESR(0x32, 1 << 24 | 0x22 | (offsets[k] == 40 ? 64 : 0)));
    }
    expect("all of it", steps >= 10);
}

/* With SPSR.SS clear the exception comes before the first instruction. */
static bool pending(struct trap *t)
{
    if (esr_ec(t->esr) != 0x32)
        return false;
    step_pc[0] = t->elr;
    step_esr[0] = t->esr;
    steps++;
    MSR(mdscr_el1, 0);
    return true;
}
static void step_pending(void)
{
    steps = 0;
    TRAPS->handler = pending;
    MSR(mdscr_el1, SS);
    ISB();
    leave_how = 0;
    check("result", at_level(SPSR_EL0 & ~0x200, little, 1, (u64)words + 4096), 2);
    TRAPS->handler = NULL;
    check("one step exception", steps, 1);
    check("at the first instruction", step_pc[0], (u64)little);
    check("its syndrome: ISV 0", step_esr[0] & ~(1ull << 6), ESR(0x32, 0x22));
}

/* An instruction that faults while it is stepped: SPSR.SS is set; one that calls: it is not. */
static u64 faulting(u64 x)
{
    asm volatile("brk #1");
    return x;
}
static u64 calling(u64 x)
{
    asm volatile("svc #1");
    return x;
}
static u64 spsr_of[4];
static bool other(struct trap *t)
{
    if (esr_ec(t->esr) == 0x32) {
        t->spsr |= 1 << 21;
        return true;
    }
    spsr_of[esr_ec(t->esr) == 0x3c] = t->spsr;
    if (esr_ec(t->esr) == 0x3c)
        t->elr += 4;
    MSR(mdscr_el1, 0);
    return true;
}
static void step_faults(void)
{
    TRAPS->handler = other;
    spsr_of[0] = spsr_of[1] = 0;
    for (unsigned k = 0; k < 2; k++) {
        MSR(mdscr_el1, SS);
        ISB();
        leave_how = 0;
        at_level((SPSR_EL0 & ~0x200) | 1 << 21, k ? faulting : calling, 0, (u64)words + 4096);
    }
    TRAPS->handler = NULL;
    check("SPSR.SS after SVC", spsr_of[0] >> 21 & 1, 0);
    check("SPSR.SS after BRK", spsr_of[1] >> 21 & 1, 1);
}

/* ----------------------------------------------------------------------- PMU */

static void cycles(void)
{
    check("ID_AA64DFR0_EL1.PMUVer", MRS(id_aa64dfr0_el1) >> 8 & 15, 1);
    check("breakpoints", MRS(id_aa64dfr0_el1) >> 12 & 15, 5);
    check("watchpoints", MRS(id_aa64dfr0_el1) >> 20 & 15, 3);
    MSR(pmcntenset_el0, 1ull << 31);
    check("PMCNTENSET_EL0", MRS(pmcntenclr_el0), 1ull << 31);
    MSR(pmcr_el0, 1 | 4); /* enabled, cycle counter cleared */
    u64 a = MRS(pmccntr_el0);
    for (volatile unsigned k = 0; k < 1000; k++)
        ;
    u64 b = MRS(pmccntr_el0);
    expect("cycles count", b > a);
    MSR(pmcntenclr_el0, 1ull << 31);
    a = MRS(pmccntr_el0);
    b = MRS(pmccntr_el0);
    check("and stand still", b - a, 0);
    MSR(pmccntr_el0, 123456);
    check("PMCCNTR_EL0, written", MRS(pmccntr_el0), 123456);
    MSR(pmcr_el0, 4);
    check("PMCR_EL0.C", MRS(pmccntr_el0), 0);
    MSR(pmselr_el0, 31);
    MSR(pmxevtyper_el0, 1ull << 30);
    check("PMXEVTYPER_EL0 means PMCCFILTR_EL0", MRS(pmccfiltr_el0), 1ull << 30);
    MSR(pmccfiltr_el0, 0);
}

void program(void)
{
    breakpoints();
    watchpoints();
    step();
    step_pending();
    step_faults();
    cycles();
}
