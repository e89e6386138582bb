/*
 * The generic timer and interrupts as a processor takes them: conditions, masks, WFI, the event stream, precise
 * state in a loop of one branch (Arm ARM D12.2, D1.3.6, D24.10; GICv2 of the board, Arm IHI 0048).
 * TEST: machine=virt,gic-version=2
 */
#include "lib.h"

enum { GICD = 0x08000000, GICC = 0x08010000, PPI_VIRTUAL = 27, PPI_PHYSICAL = 30, SPURIOUS = 1023 };
#define REG(a) (*(volatile uint32_t *)(u64)(a))

static volatile u64 irqs, number, elr, spsr, vector;
static volatile bool skip;

static bool irq(struct trap *t)
{
    if ((t->vector & 3) != VECTOR_IRQ)
        return false;
    irqs++;
    elr = t->elr;
    spsr = t->spsr;
    vector = t->vector;
    number = REG(GICC + 0x0c);
    MSR(cntv_ctl_el0, 2);
    MSR(cntp_ctl_el0, 2);
    REG(GICC + 0x10) = number;
    if (skip)
        t->elr += 4;
    return true;
}

static void open_irq(void) { asm volatile("msr daifclr, #2\n isb" ::: "memory"); }
static void close_irq(void) { asm volatile("msr daifset, #2" ::: "memory"); }
/* Until there was one, at most some seconds. */
static void await(void)
{
    u64 until = MRS(cntpct_el0) + 10 * MRS(cntfrq_el0);
    while (!irqs && MRS(cntpct_el0) < until)
        ;
}

static void conditions(void)
{
    u64 frequency = MRS(cntfrq_el0);
    expect("CNTFRQ_EL0", frequency >= 1000000);
    u64 a = MRS(cntvct_el0), b = MRS(cntvct_el0);
    expect("the counter does not go back", b >= a);
    MSR(cntv_ctl_el0, 0);
    MSR(cntv_cval_el0, 0);
    check("disabled: no condition", MRS(cntv_ctl_el0) & 3, 0);
    MSR(cntv_ctl_el0, 3);
    check("ISTATUS, masked", MRS(cntv_ctl_el0), 7);
    MSR(cntv_cval_el0, ~0ull);
    check("the end of time", MRS(cntv_ctl_el0), 3);
    MSR(cntv_tval_el0, 1000 * frequency / 1000);
    expect("TVAL counts down", MRS(cntv_tval_el0) <= frequency);
    expect("CVAL is the counter and TVAL", MRS(cntv_cval_el0) - MRS(cntvct_el0) <= frequency);
    MSR(cntv_tval_el0, -5);
    check("a TVAL below 0 is in the past", MRS(cntv_ctl_el0), 7);
    expect("TVAL is signed, 32 bits", (int32_t)MRS(cntv_tval_el0) < 0 && MRS(cntv_tval_el0) >> 32 == 0);
    MSR(cntv_ctl_el0, 0);
}

static void interrupts(void)
{
    REG(GICD + 0x000) = 1;
    REG(GICD + 0x100) = 1u << PPI_VIRTUAL | 1u << PPI_PHYSICAL;
    REG(GICC + 0x04) = 0xff;
    REG(GICC + 0x00) = 1;
    TRAPS->handler = irq;
    u64 short_time = MRS(cntfrq_el0) / 1000;
    static const struct { const char *name; u64 number; } timers[] = { { "virtual timer", PPI_VIRTUAL }, { "physical timer", PPI_PHYSICAL } };
    for (unsigned k = 0; k < 2; k++) {
        irqs = 0;
        if (k) {
            MSR(cntp_tval_el0, short_time);
            MSR(cntp_ctl_el0, 1);
        } else {
            MSR(cntv_tval_el0, short_time);
            MSR(cntv_ctl_el0, 1);
        }
        open_irq();
        await();
        close_irq();
        check(timers[k].name, irqs, 1);
        check(timers[k].name, number, timers[k].number);
        check(timers[k].name, vector, 4 + VECTOR_IRQ);
        check(timers[k].name, spsr & 0x3cf, 0x345); /* I was open */
    }
    /* masked: it waits; ISR_EL1 tells; taken as soon as the mask is off, before another instruction */
    irqs = 0;
    MSR(cntv_cval_el0, 0);
    MSR(cntv_ctl_el0, 1);
    for (volatile unsigned k = 0; k < 100000; k++)
        ;
    check("masked", irqs, 0);
    check("ISR_EL1", MRS(isr_el1), 0x80);
    u64 after;
    asm volatile("adr %0, 1f\n msr daifclr, #2\n1: nop\n msr daifset, #2" : "=r"(after) :: "memory");
    check("unmasked", irqs, 1);
    check("its return address", elr, after);
    check("ISR_EL1 afterwards", MRS(isr_el1), 0);
    /* a return from an exception to unmasked state */
    irqs = 0;
    MSR(cntv_cval_el0, 0);
    MSR(cntv_ctl_el0, 1);
    asm volatile("adr x9, 1f\n msr elr_el1, x9\n mov %0, x9\n mov x9, #0x345\n msr spsr_el1, x9\n isb\n eret\n1: nop\n msr daifset, #2"
                 : "=r"(after) :: "x9", "memory");
    check("ERET to unmasked state", irqs, 1);
    check("its return address", elr, after);
    /* a loop of one branch */
    irqs = 0;
    skip = true;
    MSR(cntv_tval_el0, short_time);
    MSR(cntv_ctl_el0, 1);
    asm volatile("adr %0, 1f\n msr daifclr, #2\n1: b 1b\n msr daifset, #2" : "=r"(after) :: "memory");
    skip = false;
    check("in a loop of one branch", irqs, 1);
    check("its return address", elr, after);
    /* priorities: PMR holds back */
    irqs = 0;
    REG(GICC + 0x04) = 0;
    MSR(cntv_cval_el0, 0);
    MSR(cntv_ctl_el0, 1);
    open_irq();
    for (volatile unsigned k = 0; k < 10000; k++)
        ;
    check("held back by GICC_PMR", irqs, 0);
    REG(GICC + 0x04) = 0xff;
    await();
    check("let through by GICC_PMR", irqs, 1);
    close_irq();
    check("nothing is pending", REG(GICC + 0x0c) & 1023, SPURIOUS);
}

static void waiting(void)
{
    u64 frequency = MRS(cntfrq_el0), begun = MRS(cntvct_el0);
    irqs = 0;
    MSR(cntv_tval_el0, frequency / 100);
    MSR(cntv_ctl_el0, 1);
    while (!(MRS(isr_el1) & 0x80))
        asm volatile("wfi" ::: "memory"); /* ends by a masked interrupt, which stays pending */
    expect("WFI with the interrupt masked", MRS(cntvct_el0) - begun >= frequency / 100 && !irqs);
    open_irq();
    await();
    close_irq();
    check("then it is taken", irqs, 1);
    irqs = 0;
    MSR(cntv_tval_el0, frequency / 100);
    MSR(cntv_ctl_el0, 1);
    open_irq();
    while (!irqs)
        asm volatile("wfi" ::: "memory");
    close_irq();
    check("WFI", irqs, 1);
    /* times that come while the timer is being set: none is lost */
    unsigned lost = 0;
    for (unsigned k = 0; k < 4000 && !lost; k++) {
        u64 t = MRS(cntvct_el0);
        MSR(cntv_tval_el0, k % 100);
        MSR(cntv_ctl_el0, 1);
        while (!(MRS(isr_el1) & 0x80) && MRS(cntvct_el0) - t < 2 * frequency)
            ;
        lost += !(MRS(isr_el1) & 0x80);
        MSR(cntv_ctl_el0, 0);
    }
    check("lost short times", lost, 0);
    /* nothing but the event stream wakes this: bit 15 of the counter, both edges */
    for (unsigned dir = 0; dir < 2; dir++) {
        MSR(cntkctl_el1, 1 << 2 | dir << 3 | 15 << 4);
        asm volatile("isb\n sevl\n wfe" ::: "memory");
        u64 t = MRS(cntvct_el0);
        for (unsigned k = 0; k < 5; k++)
            asm volatile("wfe" ::: "memory");
        expect("event stream", MRS(cntvct_el0) - t < 20 * frequency);
    }
    MSR(cntkctl_el1, 0);
    /* WFET and WFIT with x9: nothing else ends them */
    for (unsigned k = 0; k < 2; k++) {
        u64 begun_at = MRS(cntvct_el0), end = begun_at + frequency / 50;
        asm volatile("sevl\n wfe" ::: "memory");
        if (k)
            asm volatile("mov x9, %0\n .inst 0xd5031029" :: "r"(end) : "x9", "memory");
        else
            while (MRS(cntvct_el0) < end)
                asm volatile("mov x9, %0\n .inst 0xd5031009" :: "r"(end) : "x9", "memory");
        u64 now = MRS(cntvct_el0);
        expect(k ? "WFIT ends in time" : "WFET ends in time", now >= end && now < end + 10 * frequency);
        asm volatile("mov x9, #0\n .inst 0xd5031029\n .inst 0xd5031009" ::: "x9", "memory"); /* a time that is over */
    }
    /* an interrupt ends a WFE */
    irqs = 0;
    MSR(cntv_tval_el0, frequency / 100);
    MSR(cntv_ctl_el0, 1);
    open_irq();
    while (!irqs)
        asm volatile("wfe" ::: "memory");
    close_irq();
    check("WFE ended by an interrupt", irqs, 1);
    TRAPS->handler = NULL;
}

void program(void)
{
    conditions();
    interrupts();
    waiting();
}
