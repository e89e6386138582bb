/*
 * Code that is found again: one virtual address in several address spaces, mapped anew, returned to from another level,
 * and interrupts that stand while they are masked.
 *
 * Arm ARM D8.14 (entries that are not global belong to an ASID; TLBI by address; a change of TTBR0 with its ASID needs no
 * maintenance), D1.3.6 (a pending interrupt is taken when it is no longer masked), C6.2 RET (an address, nothing else).
 */
#include "lib.h"

enum { CALLER = 1, CALLEE = 2, ROUNDS = 40, USER_EXIT = 0x100, USER_ENTRY = 0x200 };
#define VA 0x8000000000ull
#define PAGE_OF(n) (VA + (u64)(n) * 4096)
#define TTBR(root, asid) ((u64)(root) | (u64)(asid) << 48)

static uint32_t code[4][1024] __attribute__((aligned(4096)));
static uint32_t caller[1024] __attribute__((aligned(4096)));
static u64 *roots[2];
static u64 user_stack[512] __attribute__((aligned(4096)));

static void sync_code(void)
{
    DSB();
    asm volatile("ic iallu\n dsb ish\n isb" ::: "memory");
}

/* mov x0, #value; ret */
static void put_value(uint32_t *at, unsigned value)
{
    at[0] = 0xd2800000 | value << 5;
    at[1] = 0xd65f03c0;
}

/* At from: a call of `to` in another page, directly or by a register, and one added to what it gives. */
static void put_caller(uint32_t *at, int64_t distance, bool indirect)
{
    unsigned n = 0;
    at[n++] = 0xa9bf7bfd; /* stp x29, x30, [sp, #-16]! */
    if (indirect) {
        at[n++] = 0xd63f0000; /* blr x0 */
    } else {
        at[n] = 0x94000000 | ((uint32_t)((distance - 4 * (int64_t)n) >> 2) & 0x3ffffff); /* bl */
        n++;
    }
    at[n++] = 0x91000400; /* add x0, x0, #1 */
    at[n++] = 0xa8c17bfd; /* ldp x29, x30, [sp], #16 */
    at[n++] = 0xd65f03c0; /* ret */
    at[USER_EXIT / 4] = 0xd41ffe01;      /* svc #0xfff0: back to at_level, whose own way EL0 may not read */
    at[USER_ENTRY / 4] = 0x10fff81e;     /* adr x30, USER_EXIT */
    at[USER_ENTRY / 4 + 1] = 0x17ffff7f; /* b: the first of the page */
}

typedef u64 fn1(u64);

static void map(u64 *root, unsigned page, const void *at, u64 more)
{
    *entry_of(root, PAGE_OF(page), 3) = (u64)at | PTE_PAGE | PTE_AF | PTE_SH | PTE_NORMAL | PTE_RO | more;
}

static void tlbi(u64 va) { asm volatile("dsb ishst\n tlbi vaae1, %0\n dsb ish\n isb" ::"r"(va >> 12 & 0xfffffffffff) : "memory"); }
static void use(unsigned k) { MSR(ttbr0_el1, TTBR(roots[k], k + 1)); ISB(); }

/* The caller is the same page at the same address in both spaces, the callee is not. */
static void spaces(unsigned el, bool indirect)
{
    u64 more = PTE_NG | (el ? PTE_UXN : PTE_USER | PTE_PXN);
    put_caller(caller, 4096, indirect);
    for (unsigned k = 0; k < 2; k++) {
        put_value(code[k], 100 + k);
        map(roots[k], CALLER, caller, more);
        map(roots[k], CALLEE, code[k], more);
        *entry_of(roots[k], PAGE_OF(4), 3) = (u64)user_stack | PTE_PAGE | PTE_AF | PTE_SH | PTE_NORMAL | PTE_USER | PTE_PXN | PTE_UXN | PTE_NG;
    }
    sync_code();
    tlbi_all();
    fn1 *entry = (fn1 *)PAGE_OF(CALLER), *user_entry = (fn1 *)(PAGE_OF(CALLER) + USER_ENTRY);
    u64 wrong = 0;
    for (unsigned k = 0; k < ROUNDS; k++) {
        use(k & 1);
        for (unsigned j = 0; j < 3; j++)
            wrong += (el ? entry(PAGE_OF(CALLEE)) : at_level(SPSR_EL0, user_entry, PAGE_OF(CALLEE), PAGE_OF(5))) != 101 + (k & 1);
    }
    check(el ? indirect ? "EL1, address spaces, blr" : "EL1, address spaces, bl" : indirect ? "EL0, address spaces, blr" : "EL0, address spaces, bl", wrong, 0);
    use(0);
    wrong = 0;
    for (unsigned k = 0; k < ROUNDS; k++) { /* mapped anew in one space */
        map(roots[0], CALLEE, code[k & 1], more);
        tlbi(PAGE_OF(CALLEE));
        for (unsigned j = 0; j < 3; j++)
            wrong += (el ? entry(PAGE_OF(CALLEE)) : at_level(SPSR_EL0, user_entry, PAGE_OF(CALLEE), PAGE_OF(5))) != 101 + (k & 1);
    }
    check("mapped anew", wrong, 0);
}

/* Global pages, which translations may go to directly. */
static void global(void)
{
    u64 wrong = 0;
    put_caller(caller, 4096, false);
    map(roots[0], CALLER, caller, PTE_UXN);
    map(roots[0], CALLEE, code[0], PTE_UXN);
    sync_code();
    tlbi_all();
    for (unsigned k = 0; k < ROUNDS; k++) {
        map(roots[0], CALLEE, code[k & 1], PTE_UXN);
        if (k & 2)
            tlbi(PAGE_OF(CALLEE));
        else
            tlbi_all();
        for (unsigned j = 0; j < 3; j++)
            wrong += ((fn1 *)PAGE_OF(CALLER))(0) != 101 + (k & 1);
    }
    check("global pages mapped anew", wrong, 0);
    map(roots[0], CALLEE, code[2], PTE_UXN);
    *entry_of(roots[0], PAGE_OF(3), 3) = (u64)code[2] | PTE_PAGE | PTE_AF | PTE_SH | PTE_NORMAL | PTE_PXN | PTE_UXN; /* to write by */
    put_value(code[2], 0);
    tlbi_all();
    wrong = 0;
    for (unsigned k = 0; k < ROUNDS; k++) {
        put_value((uint32_t *)PAGE_OF(3), k);
        asm volatile("dc cvau, %0\n dsb ish\n ic ivau, %1\n dsb ish\n isb" ::"r"(PAGE_OF(3)), "r"(PAGE_OF(CALLEE)) : "memory");
        for (unsigned j = 0; j < 3; j++)
            wrong += ((fn1 *)PAGE_OF(CALLER))(0) != k + 1;
    }
    check("written by another address", wrong, 0);
}

static unsigned undefined;
static bool count_undefined(struct trap *t)
{
    undefined += t->vector == 8 + VECTOR_SYNC && esr_ec(t->esr) == 0;
    return false;
}

/* EL0 returns to the address that EL1's newest call comes back to (2): it goes there as EL0, where MRS is undefined. */
static void isolation(void)
{
    TRAPS->handler = count_undefined;
    for (unsigned k = 1; k <= 4; k++) {
        u64 level;
        asm volatile("mov x0, #0x3c0\n adr x1, 3f\n adr x2, 2f\n mov x3, %1\n bl at_level\n"
                     "2: mrs x9, currentel\n cbnz x10, 4f\n b 5f\n"
                     "3: mov x19, x30\n mov x30, x0\n mov x10, #1\n ret\n"
                     "4: mov x10, #0\n mov x30, x19\n ret\n"
                     "5: mov %0, x9\n"
                     : "=r"(level) : "r"(user_stack + 512)
                     : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18",
                       "x30", "memory", "cc");
        check("level that comes back", level, 4);
        check("undefined at EL0", undefined, k);
    }
    TRAPS->handler = NULL;
}

/* --- interrupts: the virtual timer's, by GICv2 */
#define REG(at) (*(volatile uint32_t *)(u64)(at))
enum { GICD = 0x08000000, GICC = 0x08010000, TIMER = 27 };

static bool timer_handler(struct trap *t)
{
    if (t->vector % 4 != VECTOR_IRQ)
        return false;
    uint32_t iar = REG(GICC + 0xc);
    MSR(cntv_ctl_el0, 0);
    ISB();
    REG(GICC + 0x10) = iar;
    return true;
}

/* The line goes up while interrupts are masked, and the processor runs on; then they are not masked. */
static void masked(void)
{
    REG(GICD + 0x100) = 1u << TIMER;
    REG(GICD) = 1;
    REG(GICC + 4) = 0xff;
    REG(GICC) = 1;
    TRAPS->handler = timer_handler;
    u64 late = 0;
    for (unsigned k = 0; k < 12; k++) {
        asm volatile("msr daifset, #2");
        TRAPS->taken = 0;
        MSR(cntv_tval_el0, 1000);
        MSR(cntv_ctl_el0, 1);
        ISB();
        while (!(MRS(isr_el1) >> 7 & 1))
            ;
        for (volatile unsigned j = 0; j < 20000; j++)
            ;
        if (k % 4 == 0)
            asm volatile("wfi"); /* does not wait: one is pending, masked or not */
        late += TRAPS->taken != 0;
        if (k % 3 == 0)
            asm volatile("msr daifclr, #2\n isb" ::: "memory");
        else if (k % 3 == 1)
            asm volatile("msr daif, %0\n isb" ::"r"(0ull) : "memory");
        else
            asm volatile("adr x0, 1f\n msr elr_el1, x0\n mov x0, #5\n msr spsr_el1, x0\n eret\n 1: nop" ::: "x0", "memory");
        late += TRAPS->taken != 1;
    }
    asm volatile("msr daifset, #15");
    TRAPS->handler = NULL;
    check("interrupts taken when they are unmasked", late, 0);
}

void program(void)
{
    isolation(); /* with the MMU off EL0 may execute all */
    roots[0] = identity_tables();
    roots[1] = identity_tables();
    mmu_on(roots[0], roots[0]);
    for (unsigned k = 0; k < 2; k++)
        for (unsigned el = 0; el < 2; el++)
            spaces(el, k);
    global();
    masked();
}
