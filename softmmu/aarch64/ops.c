/*
 * Instructions of system mode: MRS, MSR, SYS (TLB, cache and address translation), exceptions, waiting
 * (Arm ARM C5, D8.13, D8.14, D1.6).
 *
 * They are helpers of translated code. A helper that has changed what translations depend on, or taken an
 * exception, has the run loop look up the code at cpu->pc.
 */
#include "machine.h"
#include "sys.h"

enum { LOOKUP = 1 + IR_LEAVE_LOOKUP, LEAVE = 1 + IR_LEAVE_GUEST, POLL = 1 + IR_LEAVE_POLL };

/* To the processor's thread: an interrupt that stands may no longer be masked at cpu->pc, or there is work to settle. The run loop
 * comes back to it at a poll only if it was asked to; who raised the line has asked once, and it was masked then. */
static uint64_t look(struct cpu *cpu)
{
    a64_sys(cpu)->changed = false;
    engine_kick(cpu);
    return POLL;
}

/* After an exception was taken. */
static uint64_t taken(struct cpu *cpu)
{
    a64_sys(cpu)->changed = false;
    return LOOKUP;
}

/* After an instruction: on, or by the run loop if the context is another. */
static uint64_t next(struct cpu *cpu, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    bool due = a64_is_due(s);
    if (!s->changed && !due)
        return 0;
    cpu->pc = pc + 4;
    return due ? look(cpu) : taken(cpu);
}

static void set_x(struct cpu *cpu, unsigned rt, uint64_t v)
{
    if (rt != 31)
        *a64_reg(cpu, A64_X(rt)) = v;
}

/* ------------------------------------------------------------------ MRS and MSR */

static uint64_t mrs(struct cpu *cpu, uint64_t code, uint64_t rt, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    cpu->pc = pc;
    /* What a kernel reads all the time, and nothing traps at its level. */
    bool counter = code == a64_sysregs[A64_SYS_CNTVCT_EL0].code && a64_el(cpu) == 1 && !(s->v[A64_SYS_CNTHCTL_EL2] >> 14 & 1);
    int r = counter ? A64_SYS_CNTVCT_EL0 : a64_sysreg_check(cpu, (unsigned)code, (unsigned)rt, false);
    if (r < 0)
        return taken(cpu);
    set_x(cpu, (unsigned)rt, a64_sysreg_read(s, (unsigned)r));
    return next(cpu, pc);
}

static uint64_t msr(struct cpu *cpu, uint64_t code_rt, uint64_t value, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    cpu->pc = pc;
    int r = a64_sysreg_check(cpu, code_rt & 0xffff, code_rt >> 16 & 31, true);
    if (r < 0)
        return taken(cpu);
    a64_sysreg_write(s, (unsigned)r, value);
    if (cpu->pending || a64_interrupt_open(cpu)) {
        cpu->pc = pc + 4;
        return look(cpu);
    }
    return next(cpu, pc);
}

/* MSR (immediate); fields by op1 << 3 | op2. */
static uint64_t msr_pstate(struct cpu *cpu, uint64_t field, uint64_t imm, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    uint64_t *ps = a64_reg(cpu, A64_pstate);
    cpu->pc = pc;
    switch (field) {
    case 0 << 3 | 3: /* UAO */
        *ps = (*ps & ~(uint64_t)PS_UAO) | (imm & 1 ? PS_UAO : 0);
        break;
    case 0 << 3 | 4: /* PAN */
        *ps = (*ps & ~(uint64_t)PS_PAN) | (imm & 1 ? PS_PAN : 0);
        break;
    case 0 << 3 | 5:
        a64_set_spsel(cpu, imm & 1);
        return next(cpu, pc);
    case 3 << 3 | 6: /* DAIFSet */
    case 3 << 3 | 7: /* DAIFClr */
        if (a64_el(cpu) == 0 && !(s->v[a64_regime_of(s, 0) == REGIME_E20 ? A64_SYS_SCTLR_EL2 : A64_SYS_SCTLR_EL1] & SCTLR_UMA)) {
            uint32_t iss = (field >> 3) << 14 | 4 << 10 | (uint32_t)imm << 1 | (uint32_t)(field & 7) << 17 | 31 << 5;
            a64_raise(cpu, syndrome(EC_SYSREG, iss), pc);
            return taken(cpu);
        }
        *ps = (field & 1) ? *ps & ~(imm << 6) : *ps | imm << 6;
        if ((imm & 8) && (s->v[A64_SYS_MDSCR_EL1] & (1 << 15 | 1))) /* debug exceptions depend on D */
            a64_context_changed(cpu);
        if (!(field & 1) || !a64_interrupt_open(cpu))
            return next(cpu, pc);
        cpu->pc = pc + 4;
        return look(cpu);
    }
    a64_context_changed(cpu);
    return next(cpu, pc);
}

/* ------------------------------------------------------------- TLB maintenance */

enum tlbi { TLBI_ALL, TLBI_VA, TLBI_ASID };

static void flush_all(struct vcpu *v, uint64_t a, uint64_t b) { a64_tlb_flush_all(v->state); }
static void flush_va(struct vcpu *v, uint64_t va, uint64_t asid) { a64_tlb_flush_va(v->state, va, (unsigned)asid); }
static void flush_asid(struct vcpu *v, uint64_t asid, uint64_t b) { a64_tlb_flush_asid(v->state, (unsigned)asid); }

static uint64_t tlbi(struct cpu *cpu, unsigned op1, unsigned crm, unsigned op2, uint64_t value)
{
    struct a64_sys *s = a64_sys(cpu);
    struct vcpu *v = s->vcpu;
    bool all = crm == 3 || crm == 1 || crm == 0 || crm == 4 || (a64_hcr(s) & HCR_FB && a64_el(cpu) == 1);
    void (*fn)(struct vcpu *, uint64_t, uint64_t) = flush_all;
    uint64_t arg = 0, asid = ANY_ASID;
    bool ipa = op1 == 4 && (crm == 0 || crm == 4); /* stage 2: what combines both may depend on it */
    if (!ipa && (op2 & 1)) { /* VA: 1, VAA: 3, VAL: 5, VAAL: 7 */
        fn = flush_va;
        arg = value << 12;
        if (op1 == 0 && !(op2 & 2))
            asid = value >> 48;
    } else if (!ipa && op1 == 0 && op2 == 2) {
        fn = flush_asid;
        arg = value >> 48;
    }
    fn(v, arg, asid);
    if (all) {
        vcpu_do_others(v, fn, arg, asid);
        v->tlbi_asked = true;
    }
    return 0;
}

/* ------------------------------------------------------- caches, translation */

/* Address translation instructions: PAR_EL1 (Arm ARM D8.14). */
static void translate_address(struct cpu *cpu, unsigned op1, unsigned crm, unsigned op2, uint64_t va)
{
    struct a64_sys *s = a64_sys(cpu);
    struct a64_access a = { .what = op2 & 1 ? A64_WRITE : A64_READ, .probe = true };
    enum a64_regime regime = a64_regime_of(s, 1);
    struct a64_walk w;
    if (op1 == 4 && op2 < 2)
        regime = s->v[A64_SYS_HCR_EL2] & HCR_E2H ? REGIME_E20 : REGIME_EL2;
    else if (op1 == 6)
        regime = REGIME_EL3;
    else if (op1 == 0 && a64_el(cpu) == 2 && (a64_hcr(s) & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE))
        regime = REGIME_E20;
    a.unprivileged = (op1 == 0 && (op2 == 2 || op2 == 3)) || (op1 == 4 && op2 >= 6);
    a.pan = op1 == 0 && crm == 9 && (*a64_reg(cpu, A64_pstate) & PS_PAN);
    uint64_t vm = s->v[A64_SYS_HCR_EL2] & HCR_VM;
    if (op1 == 0) /* stage 1 alone, unless EL1 asks: then its own view */
        s->v[A64_SYS_HCR_EL2] &= ~HCR_VM;
    a64_translate(s, regime, va, a, &w);
    s->v[A64_SYS_HCR_EL2] |= vm;
    uint64_t par;
    if (w.ok)
        par = (w.pa & 0xffffffffff000ull) | 1 << 11 | (uint64_t)w.share << 7 | (uint64_t)(!w.secure) << 9 | (uint64_t)w.attr << 56;
    else
        par = 1 | (uint64_t)w.fsc << 1 | (uint64_t)w.s1ptw << 8 | (uint64_t)w.stage2 << 9 | 1 << 11;
    s->v[A64_SYS_PAR_EL1] = par;
}

/* The access that cache maintenance by address is checked as. False: an exception was taken. */
static bool checked(struct cpu *cpu, uint64_t va, bool write, gpa_t *pa)
{
    struct a64_sys *s = a64_sys(cpu);
    struct a64_access a = { .what = write ? A64_WRITE : A64_READ, .unprivileged = a64_el(cpu) == 0, .cache_op = true };
    struct a64_walk w;
    a64_translate(s, a64_regime_of(s, a64_el(cpu)), va, a, &w);
    *pa = w.pa;
    if (w.ok || (w.fsc & 0x3c) == FAULT_PERMISSION)
        return true;
    a.what = A64_READ;
    a64_abort(cpu, va, &w, a);
    return false;
}

/* Trap of a system instruction from EL0 or EL1: level, or 0. */
static unsigned op_trap(const struct a64_sys *s, unsigned el, unsigned op1, unsigned crn, unsigned crm, unsigned op2)
{
    uint64_t hcr = a64_hcr(s), sctlr = s->v[a64_regime_of(s, 0) == REGIME_E20 ? A64_SYS_SCTLR_EL2 : A64_SYS_SCTLR_EL1];
    unsigned up = hcr & HCR_TGE ? 2 : 1;
    bool zva = op1 == 3 && crm == 4, point = crm == 11 || (crn == 7 && crm == 5) || (crn == 7 && crm == 1);
    if (crn == 7 && el == 0 && !(sctlr & (zva ? SCTLR_DZE : SCTLR_UCI)))
        return up;
    if (el > 1)
        return 0;
    if (crn == 8)
        return hcr & HCR_TTLB ? 2 : 0;
    if (zva)
        return hcr & HCR_TDZ ? 2 : 0;
    if (op1 == 0 && op2 == 2 && (crm == 6 || crm == 10 || crm == 14)) /* by set and way */
        return hcr & HCR_TSW ? 2 : 0;
    if (crm == 8 || crm == 9)
        return 0; /* AT */
    return hcr & (point ? HCR_TPU : HCR_TPCP) ? 2 : 0;
}

static uint64_t sys(struct cpu *cpu, uint64_t code_rt, uint64_t value, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned code = code_rt & 0xffff, rt = code_rt >> 16 & 31, op1 = code >> 11 & 7, crn = code >> 7 & 15, crm = code >> 3 & 15, op2 = code & 7;
    unsigned el = a64_el(cpu);
    gpa_t pa;
    cpu->pc = pc;
    unsigned least = op1 == 3 ? 0 : op1 == 4 ? 2 : op1 == 6 ? 3 : 1;
    bool at = crn == 7 && (crm == 8 || crm == 9), known = crn == 8 || crn == 7;
    if (!known || el < least || (crn == 8 && op1 == 3) || (op1 == 4 && !s->has_el2)) {
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), pc);
        return taken(cpu);
    }
    unsigned to = op_trap(s, el, op1, crn, crm, op2);
    if (to) {
        a64_take(cpu, to, A64_SYNC, syndrome(EC_SYSREG, 1 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1), pc);
        return taken(cpu);
    }
    if (op1 == 3 && crm == 4 && (s->flags & A64_FLAG_DEVICE)) { /* DC ZVA: not of Device memory */
        struct a64_walk w = { .fsc = FAULT_ALIGNMENT };
        a64_abort(cpu, value, &w, (struct a64_access){ .what = A64_WRITE });
        return taken(cpu);
    }
    if (crn == 8) {
        tlbi(cpu, op1, crm, op2, value);
    } else if (at) {
        translate_address(cpu, op1, crm, op2, value);
    } else if (op1 == 3 && crm == 5 && op2 == 1) { /* IC IVAU */
        if (!checked(cpu, value, false, &pa))
            return taken(cpu);
        a64_code_changed_later(s, pa);
        return 0; /* takes effect at the DSB */
    } else if (op1 == 0 && (crm == 1 || crm == 5) && op2 == 0) { /* IC IALLUIS, IC IALLU */
        a64_all_code_changed_later(s);
    } else if ((op1 == 3 || (op1 == 0 && crm == 6 && op2 == 1)) && crm != 4) { /* DC by address: IVAC CVAC CVAU CVAP CVADP CIVAC */
        if (!checked(cpu, value, op1 == 0, &pa))
            return taken(cpu);
    }
    return next(cpu, pc);
}

/* ------------------------------------------------------------ events and waiting */

/* Level that WFI or WFE traps to, or 0. */
static unsigned wait_trap(const struct a64_sys *s, unsigned el, bool wfe)
{
    uint64_t hcr = a64_hcr(s), sctlr = s->v[a64_regime_of(s, 0) == REGIME_E20 ? A64_SYS_SCTLR_EL2 : A64_SYS_SCTLR_EL1];
    if (el == 0 && !(sctlr & (wfe ? SCTLR_NTWE : SCTLR_NTWI)))
        return hcr & HCR_TGE ? 2 : 1;
    if (el < 2 && (hcr & (wfe ? HCR_TWE : HCR_TWI)))
        return 2;
    if (el < 3 && s->has_el3 && (s->v[A64_SYS_SCR_EL3] & (wfe ? SCR_TWE : SCR_TWI)))
        return 3;
    return 0;
}

/* until: virtual count of WFET and WFIT; ~0: without an end. */
static uint64_t wait(struct cpu *cpu, enum a64_event what, uint64_t until, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    struct vcpu *v = s->vcpu;
    bool wfe = what == A64_EVENT_WFE || what == A64_EVENT_WFET, timed = what == A64_EVENT_WFET || what == A64_EVENT_WFIT;
    if (wfe && __atomic_exchange_n(&v->event, 0, __ATOMIC_SEQ_CST))
        return 0;
    if (a64_has_interrupt(s) || (timed && a64_timer_count(s, TIMER_VIRT) >= until))
        return 0;
    unsigned to = wait_trap(s, a64_el(cpu), wfe);
    if (to) { /* TI, and for the timed ones the register's number, which is in the instruction */
        uint32_t iss = timed ? a64_insn_at_pc(cpu) % 32 << 5 | 1 << 2 | 2 : 0;
        a64_take(cpu, to, A64_SYNC, syndrome(EC_WFX, 0x1e00000 | iss | wfe), pc);
        return taken(cpu);
    }
    cpu->pc = pc + 4;
    if (wfe && *a64_reg(cpu, A64_exaddr) != A64_EXCLUSIVE_NONE) {
        vcpu_yield(v); /* a store by another processor may be what it waits for, and does not wake it */
        return POLL;
    }
    s->wait_until = timed ? until : ~0ull;
    cpu->leave_imm = wfe ? A64_EVENT_WFE : A64_EVENT_WFI;
    return LEAVE;
}

static void event_all(struct a64_sys *s)
{
    struct machine *m = s->vcpu->machine;
    for (unsigned k = 0; k < m->nvcpus; k++)
        vcpu_event(m->vcpus[k]);
}

/* HVC and SMC: a call of the machine's own firmware (PSCI), an exception, or undefined. */
static uint64_t call(struct cpu *cpu, bool smc, uint64_t imm, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu);
    bool psci = s->psci && s->psci_smc == smc && imm == 0 && el > 0;
    if (psci) {
        cpu->pc = pc + 4;
        cpu->leave_imm = smc ? A64_EVENT_SMC : A64_EVENT_HVC;
        return LEAVE;
    }
    if (smc) {
        if (el == 1 && (a64_hcr(s) & HCR_TSC))
            a64_take(cpu, 2, A64_SYNC, syndrome(EC_SMC, (uint32_t)imm), pc);
        else if (el == 0 || !s->has_el3 || (s->v[A64_SYS_SCR_EL3] & SCR_SMD))
            a64_raise(cpu, syndrome(EC_UNKNOWN, 0), pc);
        else
            a64_take(cpu, 3, A64_SYNC, syndrome(EC_SMC, (uint32_t)imm), pc + 4);
        return taken(cpu);
    }
    bool off = !s->has_el2 || (s->has_el3 ? !(s->v[A64_SYS_SCR_EL3] & SCR_HCE) : s->v[A64_SYS_HCR_EL2] & HCR_HCD);
    if (el == 0 || off || (el < 2 && a64_secure(s, el)))
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), pc);
    else
        a64_take(cpu, el == 3 ? 3 : 2, A64_SYNC, syndrome(EC_HVC, (uint32_t)imm), pc + 4);
    return taken(cpu);
}

static uint64_t event(struct cpu *cpu, uint64_t what, uint64_t imm, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    cpu->pc = pc;
    switch ((enum a64_event)what) {
    case A64_EVENT_SVC:
        a64_raise(cpu, syndrome(EC_SVC, (uint32_t)imm), pc + 4);
        break;
    case A64_EVENT_HVC:
    case A64_EVENT_SMC:
        return call(cpu, what == A64_EVENT_SMC, imm, pc);
    case A64_EVENT_BRK:
        a64_take_brk(cpu, (uint32_t)imm, pc);
        break;
    case A64_EVENT_ILLEGAL:
        a64_raise(cpu, syndrome(EC_ILLEGAL, 0), pc);
        break;
    case A64_EVENT_BEFORE:
        if (!a64_before(cpu, (uint32_t)imm, pc))
            return 0;
        break;
    case A64_EVENT_HLT:
        if (imm == 0xf000 && s->vcpu->machine->semihosting && (a64_el(cpu) || s->vcpu->machine->semihosting_user)) {
            cpu->pc = pc + 4;
            cpu->leave_imm = A64_EVENT_HLT;
            return LEAVE;
        }
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), pc);
        break;
    case A64_EVENT_UNDEF:
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), pc);
        break;
    case A64_EVENT_FP:
        a64_take_fp_trap(cpu);
        break;
    case A64_EVENT_ERET:
        a64_eret(cpu);
        return cpu->pending || a64_interrupt_open(cpu) ? look(cpu) : taken(cpu);
    case A64_EVENT_WFI:
    case A64_EVENT_WFE:
        return wait(cpu, (enum a64_event)what, ~0ull, pc);
    case A64_EVENT_YIELD: /* with a processor of the host for each it is a matter of nanoseconds what it waits for */
        if (!s->vcpu->machine->crowded)
            return 0;
        cpu->pc = pc + 4;
        vcpu_yield(s->vcpu);
        return POLL;
    case A64_EVENT_WFET:
    case A64_EVENT_WFIT:
        return wait(cpu, (enum a64_event)what, imm, pc);
    case A64_EVENT_SEV:
        if (imm)
            vcpu_event(s->vcpu); /* SEVL */
        else
            event_all(s);
        return 0;
    case A64_EVENT_DSB:
        if (s->vcpu->tlbi_asked) {
            s->vcpu->tlbi_asked = false;
            vcpu_wait_others(s->vcpu);
        }
        return next(cpu, pc);
    }
    return taken(cpu);
}

const struct a64_system a64_softmmu = { .mrs = mrs, .msr = msr, .sys = sys, .event = event, .pstate = msr_pstate };
