/*
 * The common part of bare-metal guests: see lib.h.
 */
#include "lib.h"

struct cpu_traps traps[8];
char stacks[8][32768] __attribute__((aligned(65536)));
u64 leave_how;
static unsigned passed, failed;
static u64 first_el;

/* The compiler calls these; bytes, since memory may be Device memory. */
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t k = 0; k < n; k++)
        ((volatile char *)to)[k] = ((const char *)from)[k];
    return to;
}
void *memset(void *to, int c, size_t n)
{
    for (size_t k = 0; k < n; k++)
        ((volatile char *)to)[k] = (char)c;
    return to;
}

/* ------------------------------------------------------------------- output */

static void put_char(char c) { *(volatile uint32_t *)UART_BASE = (uint8_t)c; }

void put(const char *s)
{
    while (*s)
        put_char(*s++);
}

void put_hex(u64 v)
{
    put("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        if (v >> shift || !shift)
            put_char("0123456789abcdef"[v >> shift & 15]);
}

static void put_number(unsigned v)
{
    if (v >= 10)
        put_number(v / 10);
    put_char((char)('0' + v % 10));
}

void check(const char *what, u64 got, u64 want)
{
    if (got == want) {
        passed++;
        return;
    }
    failed++;
    put("FAIL ");
    put(what);
    put(": ");
    put_hex(got);
    put(", should be ");
    put_hex(want);
    put("\n");
}

void expect(const char *what, bool ok)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    put("FAIL ");
    put(what);
    put("\n");
}

_Noreturn void report(void)
{
    put_number(passed);
    put(" checks passed, ");
    put_number(failed);
    put(" failed\n");
    power_off();
}

/* -------------------------------------------------------------------- power */

u64 smccc(u64 fn, u64 a, u64 b, u64 c)
{
    register u64 x0 asm("x0") = fn;
    register u64 x1 asm("x1") = a;
    register u64 x2 asm("x2") = b;
    register u64 x3 asm("x3") = c;
    if (first_el >= 2)
        asm volatile("smc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) :: "memory");
    else
        asm volatile("hvc #0" : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3) :: "memory");
    return x0;
}

/* PSCI SYSTEM_OFF; at EL3, whose firmware we are, semihosting's SYS_EXIT. */
_Noreturn void power_off(void)
{
    if (first_el == 3) {
        static volatile u64 block[2] = { 0x20026, 0 };
        register u64 x0 asm("x0") = 0x18;
        register volatile u64 *x1 asm("x1") = block;
        asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    }
    smccc(0x84000008, 0, 0, 0);
    for (;;)
        ;
}

/* --------------------------------------------------------------- exceptions */

unsigned cpu_number(void)
{
    /* Stacks tell: 32 KiB each, whatever the level. */
    char here;
    return (unsigned)((u64)(&here - stacks[0]) >> 15) & 7;
}

extern char at_level_landing[];

void trap_taken(struct trap *t)
{
    struct cpu_traps *c = TRAPS;
    unsigned ec = esr_ec(t->esr), kind = t->vector & 3;
    if (kind == VECTOR_SYNC && ec >= 0x15 && ec <= 0x17 && (t->esr & 0xffff) == 0xfff0) {
        t->elr = (u64)at_level_landing;
        t->spsr = 0x3c1 | t->level << 2;
        return;
    }
    c->last = *t;
    c->taken++;
    if (c->handler && c->handler(t))
        return;
    if (kind != VECTOR_SYNC || c->taken > 100) {
        failed++;
        put("unexpected exception, vector ");
        put_number((unsigned)t->vector);
        put(" esr ");
        put_hex(t->esr);
        put(" elr ");
        put_hex(t->elr);
        put(" far ");
        put_hex(t->far);
        put("\n");
        report();
    }
    if (ec == 0x0e)
        t->spsr &= ~(1ull << 20); /* illegal state: go on legally */
    else if (ec == 0x20 || ec == 0x21 || ec == 0x22)
        t->elr = t->x[30]; /* back from where it went to */
    else if (ec != 0x15 && ec != 0x16 && ec != 0x17)
        t->elr += 4;
    else if (ec == 0x17 && (*(uint32_t *)t->elr & 0xffe0001f) == 0xd4000003)
        t->elr += 4; /* HCR_EL2.TSC: it returns to the SMC */
}

void check_trap(const char *what, u64 esr, u64 elr, unsigned level, unsigned vector)
{
    struct cpu_traps *c = TRAPS;
    check(what, c->taken, 1);
    if (!c->taken)
        return;
    check(what, c->last.esr, esr);
    check(what, c->last.elr, elr);
    check(what, c->last.level, level);
    check(what, c->last.vector, vector);
}

void check_no_trap(const char *what)
{
    struct cpu_traps *c = TRAPS;
    check(what, c->taken ? c->last.esr : 0, 0);
    c->taken = 0;
}

void check_fault(const char *what, u64 esr, u64 far, unsigned level)
{
    struct cpu_traps *c = TRAPS;
    check(what, c->taken ? c->last.esr : 0, esr);
    if (!c->taken)
        return;
    check(what, c->last.far, far);
    check(what, c->last.level, level);
    c->taken = 0;
}

/* ------------------------------------------------------------------- levels */

unsigned current_el(void) { return (unsigned)MRS(currentel) >> 2 & 3; }

u64 at_el(unsigned el, u64 (*fn)(u64), u64 arg)
{
    u64 stack = (u64)stacks[cpu_number()] + 8192 * (el + 1);
    u64 how = leave_how;
    leave_how = el == 0 ? 0 : current_el() == 3 ? 2 : 1;
    u64 r = at_level(el ? 0x3c1 | el << 2 : 0x3c0, fn, arg, stack);
    leave_how = how;
    return r;
}

/* --------------------------------------------------------------- processors */

static struct { void (*fn)(u64); u64 arg; } job[8];
extern char enter_cpu[];

u64 mpidr_of(unsigned cpu) { return cpu; }

int64_t cpu_start(unsigned cpu, void (*fn)(u64), u64 arg)
{
    job[cpu].fn = fn;
    job[cpu].arg = arg;
    DSB();
    return (int64_t)smccc(0xc4000003, mpidr_of(cpu), (u64)enter_cpu, cpu);
}

void cpu_main(u64 cpu)
{
    job[cpu].fn(job[cpu].arg);
    for (;;)
        asm volatile("wfi");
}

/* ------------------------------------------------------------------- tables */

static char pool[2 << 20] __attribute__((aligned(65536)));
static size_t used;

u64 *new_table(size_t n)
{
    used = (used + n - 1) & ~(n - 1);
    u64 *t = (u64 *)(pool + used);
    used += n;
    if (used > sizeof pool) {
        put("no memory for tables\n");
        report();
    }
    for (size_t k = 0; k < n / 8; k++)
        t[k] = 0;
    return t;
}

u64 *entry_of(u64 *root, u64 va, unsigned level)
{
    for (unsigned k = 0;; k++) {
        u64 *e = &root[va >> (39 - 9 * k) & 511];
        if (k == level)
            return e;
        if (!(*e & PTE_VALID))
            *e = (u64)new_table(4096) | PTE_TABLE;
        root = (u64 *)(*e & 0xfffffffff000);
    }
}

u64 *identity_tables(void)
{
    u64 *root = new_table(4096);
    *entry_of(root, 0, 1) = 0 | PTE_AF | PTE_DEVICE | PTE_VALID | PTE_PXN | PTE_UXN;
    *entry_of(root, MEMORY, 1) = MEMORY | PTE_AF | PTE_NORMAL | PTE_SH | PTE_VALID;
    return root;
}

void tlbi_all(void)
{
    DSB();
    if (current_el() == 1)
        asm volatile("tlbi vmalle1is" ::: "memory");
    else if (current_el() == 2)
        asm volatile("tlbi alle2is\n tlbi alle1is" ::: "memory");
    else
        asm volatile("tlbi alle3is" ::: "memory");
    DSB();
    ISB();
}

void mmu_on(const u64 *ttbr0, const u64 *ttbr1)
{
    MSR(mair_el1, MAIR_VALUE);
    MSR(tcr_el1, TCR_4K_48);
    MSR(ttbr0_el1, ttbr0);
    MSR(ttbr1_el1, ttbr1);
    tlbi_all();
    MSR(sctlr_el1, SCTLR_RES1 | 1);
    ISB();
}

/* --------------------------------------------------------------------- main */

void program(void);

void guest_main(void)
{
    first_el = current_el();
    program();
    report();
}
