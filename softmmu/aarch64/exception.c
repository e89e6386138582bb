/*
 * Exceptions: taking them, returning from them, and what of the processor's state translated code depends on
 * (Arm ARM D1.3, D1.4; pseudocode AArch64.TakeException, AArch64.ExceptionReturn, AArch64.CheckPendingInterrupts).
 *
 * All functions run outside translated code or in a helper with every register in its slot.
 */
#include "sys.h"
#include "vcpu.h"

static uint64_t *row(struct cpu *cpu, enum a64_reg r) { return a64_reg(cpu, r); }

bool a64_secure(const struct a64_sys *s, unsigned el)
{
    return s->has_el3 && (el == 3 || !(s->v[A64_SYS_SCR_EL3] & SCR_NS));
}

uint64_t a64_hcr(const struct a64_sys *s)
{
    if (!s->has_el2 || a64_secure(s, 1))
        return 0;
    uint64_t hcr = s->v[A64_SYS_HCR_EL2];
    if ((hcr & (HCR_TGE | HCR_E2H)) == (HCR_TGE | HCR_E2H)) /* host's EL0: traps and stage 2 of a guest are off */
        hcr &= ~(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FB | HCR_TWI | HCR_TWE | HCR_TID1 | HCR_TID2 | HCR_TID3 | HCR_TSC | HCR_TACR |
                 HCR_TSW | HCR_TPCP | HCR_TPU | HCR_TTLB | HCR_TVM | HCR_TDZ | HCR_TRVM | HCR_CD | HCR_ID | HCR_TLOR | HCR_DC);
    return hcr;
}

enum a64_regime a64_regime_of(const struct a64_sys *s, unsigned el)
{
    uint64_t hcr = a64_hcr(s);
    switch (el) {
    case 0:
        return (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE) ? REGIME_E20 : REGIME_EL10;
    case 1:
        return REGIME_EL10;
    case 2:
        return hcr & HCR_E2H ? REGIME_E20 : REGIME_EL2;
    default:
        return REGIME_EL3;
    }
}

static uint64_t sctlr_of(const struct a64_sys *s, unsigned el)
{
    static const uint16_t reg[4] = { A64_SYS_SCTLR_EL1, A64_SYS_SCTLR_EL2, A64_SYS_SCTLR_EL2, A64_SYS_SCTLR_EL3 };
    return s->v[reg[a64_regime_of(s, el)]];
}

/* Level that FP and SIMD instructions at el trap to, or -1 (Arm ARM D1.3.5: CPACR, CPTR). */
static int fp_trap(const struct a64_sys *s, unsigned el)
{
    uint64_t hcr = a64_hcr(s);
    bool host = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    if (el <= 1 && !host) {
        unsigned fpen = s->v[A64_SYS_CPACR_EL1] >> CPACR_FPEN_SHIFT & 3;
        if (!(fpen & 1) || (el == 0 && fpen == 1))
            return hcr & HCR_TGE ? 2 : 1;
    }
    if (el <= 2 && s->has_el2 && !a64_secure(s, 1)) {
        uint64_t cptr = s->v[A64_SYS_CPTR_EL2];
        if (s->v[A64_SYS_HCR_EL2] & HCR_E2H) {
            unsigned fpen = cptr >> 20 & 3;
            if (!(fpen & 1) || (el == 0 && fpen == 1 && (hcr & HCR_TGE)))
                return 2;
        } else if (cptr >> 10 & 1) {
            return 2;
        }
    }
    if (s->has_el3 && s->v[A64_SYS_CPTR_EL3] >> 10 & 1)
        return 3;
    return -1;
}

void a64_take_fp_trap(struct cpu *cpu)
{
    struct a64_sys *s = a64_sys(cpu);
    int target = fp_trap(s, a64_el(cpu));
    a64_take(cpu, (unsigned)target, A64_SYNC, syndrome(EC_FP, 0x1e00000), cpu->pc);
}

/* ------------------------------------------------------------------ context */

void a64_context_changed(struct cpu *cpu)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu);
    uint32_t f = A64_FLAG_SYSTEM | el;
    if (*row(cpu, A64_pstate) & PS_SP)
        f |= A64_FLAG_SP;
    if (fp_trap(s, el) >= 0)
        f |= A64_FLAG_NOFP;
    if (el == 2 && (a64_hcr(s) & HCR_E2H))
        f |= A64_FLAG_E2H;
    if (a64_traps(s, el))
        f |= A64_FLAG_TRAPS;
    uint64_t ps = *row(cpu, A64_pstate), sctlr = sctlr_of(s, el), hcr = a64_hcr(s);
    enum a64_regime regime = a64_regime_of(s, el);
    if (ps & PS_IL)
        f |= A64_FLAG_ILLEGAL;
    if (sctlr & SCTLR_A)
        f |= A64_FLAG_STRICT;
    if (!(sctlr & SCTLR_M) ? !(regime == REGIME_EL10 && (hcr & HCR_DC)) : regime == REGIME_EL10 && (hcr & (HCR_TGE | HCR_DC)) == HCR_TGE)
        f |= A64_FLAG_DEVICE;
    if (sctlr & (el ? SCTLR_SA : SCTLR_SA0)) {
        s->sp_odd |= (*row(cpu, A64_sp) & 15) != 0;
        f |= s->sp_odd ? A64_FLAG_SPUSES : A64_FLAG_SPWRITES;
    }
    f |= a64_debug_flags(s, el, ps);
    s->changed |= f != s->flags;
    s->flags = f;
    if (f != s->flags_of[el]) { /* returns would come to code made for the former ones */
        s->flags_of[el] = f;
        a64_flags_changed(s, el);
        s->changed = true;
    }
    a64_choose_tlb(cpu, regime, el);
}

/* ------------------------------------------------------------------- taking */

static const struct { uint16_t vbar, esr, elr, spsr; } level[4] = {
    [1] = { A64_SYS_VBAR_EL1, A64_SYS_ESR_EL1, A64_SYS_ELR_EL1, A64_SYS_SPSR_EL1 },
    [2] = { A64_SYS_VBAR_EL2, A64_SYS_ESR_EL2, A64_SYS_ELR_EL2, A64_SYS_SPSR_EL2 },
    [3] = { A64_SYS_VBAR_EL3, A64_SYS_ESR_EL3, A64_SYS_ELR_EL3, A64_SYS_SPSR_EL3 },
};

/* A register that may be a row. */
static void put(struct cpu *cpu, unsigned reg, uint64_t v)
{
    const struct a64_sysreg *r = &a64_sysregs[reg];
    if (r->how == ROW)
        *row(cpu, (enum a64_reg)r->arg) = v;
    else
        a64_sys(cpu)->v[reg] = v;
}
static uint64_t get(struct cpu *cpu, unsigned reg)
{
    const struct a64_sysreg *r = &a64_sysregs[reg];
    return r->how == ROW ? *row(cpu, (enum a64_reg)r->arg) : a64_sys(cpu)->v[reg];
}

/* Where the stack pointer of the level and PSTATE.SP of ps waits. */
static uint64_t *bank(struct cpu *cpu, uint64_t ps)
{
    return ps & PS_SP ? &a64_sys(cpu)->sp_el[ps >> PS_EL_SHIFT & 3] : row(cpu, A64_sp_el0);
}

/* Exchanges the stack pointer for that of the level and PSTATE.SP of ps. */
static void switch_sp(struct cpu *cpu, uint64_t ps)
{
    *bank(cpu, *row(cpu, A64_pstate)) = *row(cpu, A64_sp);
    *row(cpu, A64_pstate) = ps;
    *row(cpu, A64_sp) = *bank(cpu, ps);
}

void a64_set_spsel(struct cpu *cpu, unsigned sp)
{
    uint64_t ps = *row(cpu, A64_pstate);
    switch_sp(cpu, (ps & ~(uint64_t)PS_SP) | (sp ? PS_SP : 0));
    a64_context_changed(cpu);
}

void a64_take(struct cpu *cpu, unsigned target, enum a64_exception kind, uint64_t esr, uint64_t ret)
{
    struct a64_sys *s = a64_sys(cpu);
    uint64_t old = *row(cpu, A64_pstate), sctlr;
    unsigned from = a64_el(cpu), offset = (unsigned)kind + (target > from ? 0x400 : old & PS_SP ? 0x200 : 0);
    if (log_mask & LOG_INT)
        a64_log_exception(cpu, target, kind, esr, ret);
    if (kind == A64_SYNC || kind == A64_SERROR)
        put(cpu, level[target].esr, esr);
    put(cpu, level[target].elr, ret);
    uint64_t spsr = (old & ~0xf0000000ull) | a64_get_nzcv(cpu) | *row(cpu, A64_btype) << 10;
    if (s->stepped && kind == A64_SYNC && ret == s->stepped_pc && (s->flags & A64_FLAG_STEP))
        spsr |= PS_SS; /* the instruction was not completed: it is stepped again */
    s->stepped = false;
    put(cpu, level[target].spsr, spsr);
    sctlr = sctlr_of(s, target);
    uint64_t ps = (old & (PS_PAN | PS_DIT)) | PS_DAIF | PS_SP | target << PS_EL_SHIFT;
    uint64_t hcr = a64_hcr(s);
    bool host = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    if (!(sctlr & SCTLR_SPAN) && cpu_has_pan(s) && (target == 1 || (target == 2 && host)))
        ps |= PS_PAN;
    if (sctlr >> 44 & 1)
        ps |= PS_SSBS;
    switch_sp(cpu, ps);
    *row(cpu, A64_btype) = 0;
    *row(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
    cpu->pc = s->v[level[target].vbar] + offset;
    vcpu_event(s->vcpu);
    a64_context_changed(cpu);
    if (target == 3 && from < 3)
        vcpu_gic_world(s->vcpu);
}

unsigned a64_target(const struct a64_sys *s, unsigned el)
{
    if (el)
        return el;
    return a64_hcr(s) & HCR_TGE ? 2 : 1;
}

void a64_raise(struct cpu *cpu, uint64_t esr, uint64_t ret)
{
    a64_take(cpu, a64_target(a64_sys(cpu), a64_el(cpu)), A64_SYNC, esr, ret);
}

/* ISS of a data abort: bits 24:14 describe the instruction for an abort from stage 2, else 0. */
void a64_abort(struct cpu *cpu, gva_t va, const struct a64_walk *w, struct a64_access a)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu), target = a64_target(s, el);
    bool fetch = a.what == A64_EXEC, external = (w->fsc & 0x3c) == 0x10 || (w->fsc & 0x3c) == 0x14 || w->fsc == 0x13;
    if (w->stage2 || (external && el < 2 && (s->v[A64_SYS_HCR_EL2] >> 37 & 1) && a64_hcr(s)))
        target = 2;
    if (external && s->has_el3 && (s->v[A64_SYS_SCR_EL3] & SCR_EA))
        target = 3;
    uint32_t iss = w->fsc | (uint32_t)w->s1ptw << 7;
    if (!fetch) {
        iss |= (uint32_t)(a.what == A64_WRITE || a.cache_op) << 6 | (uint32_t)a.cache_op << 8;
        if (w->stage2 && !w->s1ptw)
            iss |= a64_access_syndrome(cpu);
    }
    unsigned ec = (fetch ? EC_IABORT : EC_DABORT) + (target == el);
    put(cpu, target == 1 ? A64_SYS_FAR_EL1 : target == 2 ? A64_SYS_FAR_EL2 : A64_SYS_FAR_EL3, va);
    if (w->stage2)
        s->v[A64_SYS_HPFAR_EL2] = w->ipa >> 12 << 4;
    a64_take(cpu, target, A64_SYNC, syndrome(ec, iss), cpu->pc);
}

/* ---------------------------------------------------------------- returning */

/* Is a return to the state in spsr legal? (Arm ARM D1.3.4.1) */
static bool legal_return(const struct a64_sys *s, unsigned el, uint64_t spsr)
{
    unsigned to = spsr >> PS_EL_SHIFT & 3;
    if ((spsr >> 4 & 1) || (spsr & 2) || to > el)
        return false; /* AArch32, reserved, upwards */
    if (to == 0 && (spsr & 1))
        return false;
    if (to == 2 && (!s->has_el2 || (s->has_el3 && !(s->v[A64_SYS_SCR_EL3] & SCR_NS))))
        return false;
    if (to == 3 && !s->has_el3)
        return false;
    return !(to == 1 && (a64_hcr(s) & HCR_TGE));
}

void a64_eret(struct cpu *cpu)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu);
    uint64_t spsr = get(cpu, level[el].spsr), elr = get(cpu, level[el].elr), old = *row(cpu, A64_pstate);
    uint64_t kept = PS_DAIF | PS_SSBS | PS_IL | PS_PAN | PS_UAO | PS_DIT;
    bool legal = legal_return(s, el, spsr);
    uint64_t ps = (spsr & kept) | (legal ? spsr & (PS_SP | 3 << PS_EL_SHIFT) : (old & (PS_SP | 3 << PS_EL_SHIFT)) | PS_IL);
    if ((s->v[A64_SYS_MDSCR_EL1] & 1) && (spsr & PS_SS) && legal && !a64_debug_enabled(s, el, old) &&
        a64_debug_enabled(s, spsr >> PS_EL_SHIFT & 3, spsr))
        ps |= PS_SS;
    switch_sp(cpu, ps);
    a64_set_nzcv(cpu, (uint32_t)spsr & 0xf0000000);
    *row(cpu, A64_btype) = spsr >> 10 & 3;
    *row(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
    cpu->pc = legal ? a64_branch_address(s, ps >> PS_EL_SHIFT & 3, elr) : elr;
    vcpu_event(s->vcpu);
    a64_context_changed(cpu);
    if (el == 3)
        vcpu_gic_world(s->vcpu);
}

/* A branch target as the level sees it: without its tag (AArch64.BranchAddr). */
gva_t a64_branch_address(const struct a64_sys *s, unsigned el, gva_t to)
{
    enum a64_regime regime = a64_regime_of(s, el);
    bool high = to >> 55 & 1;
    uint64_t tcr = s->v[regime == REGIME_EL10 ? A64_SYS_TCR_EL1 : regime == REGIME_EL3 ? A64_SYS_TCR_EL3 : A64_SYS_TCR_EL2];
    bool tagged;
    if (regime <= REGIME_E20)
        tagged = (tcr >> (high ? 38 : 37) & 1) && !(tcr >> (high ? 52 : 51) & 1);
    else
        tagged = (tcr >> 20 & 1) && !(tcr >> 29 & 1);
    if (!tagged)
        return to;
    return regime <= REGIME_E20 && high ? to | 0xffull << 56 : to << 8 >> 8;
}

/* --------------------------------------------------------------- interrupts */

struct source { uint8_t line; uint64_t mask; enum a64_exception kind; uint64_t scr, hcr, virtual_hcr; };

/* In the order of priority that we choose (the manual leaves it open). */
static const struct source sources[] = {
    { LINE_SERROR, PS_A, A64_SERROR, SCR_EA, HCR_AMO, 0 },
    { LINE_FIQ, PS_F, A64_FIQ, SCR_FIQ, HCR_FMO, 0 },
    { LINE_IRQ, PS_I, A64_IRQ, SCR_IRQ, HCR_IMO, 0 },
    { LINE_VSERROR, PS_A, A64_SERROR, 0, HCR_AMO, HCR_VSE },
    { LINE_VFIQ, PS_F, A64_FIQ, 0, HCR_FMO, HCR_VF },
    { LINE_VIRQ, PS_I, A64_IRQ, 0, HCR_IMO, HCR_VI },
};
enum { NSOURCES = sizeof sources / sizeof *sources };

/* Level that source k would be taken to now, 0 if it is masked or not there. */
static unsigned taken_to(const struct a64_sys *s, const struct source *k, unsigned el, uint64_t ps)
{
    uint64_t hcr = a64_hcr(s);
    bool up = s->lines & k->line;
    if (k->line >= LINE_VIRQ && k->line != LINE_SERROR) { /* virtual ones: of EL1 and EL0 under EL2 */
        if (!(up || (hcr & k->virtual_hcr)) || !(hcr & k->hcr) || (hcr & HCR_TGE) || el > 1)
            return 0;
        return ps & k->mask ? 0 : 1;
    }
    if (!up)
        return 0;
    unsigned target = s->has_el3 && (s->v[A64_SYS_SCR_EL3] & k->scr) ? 3 : (hcr & (k->hcr | HCR_TGE)) ? 2 : 1;
    if (target < el)
        return 0;
    if (target == 1 || target == el)
        return ps & k->mask ? 0 : target;
    return target;
}

bool a64_has_interrupt(const struct a64_sys *s)
{
    return s->lines || (a64_hcr(s) & (HCR_VI | HCR_VF | HCR_VSE));
}

bool a64_interrupt_open(struct cpu *cpu)
{
    const struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu);
    if (a64_has_interrupt(s))
        for (unsigned k = 0; k < NSOURCES; k++)
            if (taken_to(s, &sources[k], el, *row(cpu, A64_pstate)))
                return true;
    return false;
}

bool a64_take_interrupt(struct cpu *cpu)
{
    struct a64_sys *s = a64_sys(cpu);
    uint64_t ps = *row(cpu, A64_pstate);
    unsigned el = a64_el(cpu);
    for (unsigned k = 0; k < NSOURCES; k++) {
        unsigned target = taken_to(s, &sources[k], el, ps);
        if (!target)
            continue;
        uint64_t esr = sources[k].kind == A64_SERROR ? syndrome(EC_SERROR, 1u << 24) : 0;
        if (sources[k].line == LINE_SERROR)
            s->lines &= ~(uint32_t)LINE_SERROR;
        a64_take(cpu, target, sources[k].kind, esr, cpu->pc);
        return true;
    }
    return false;
}
