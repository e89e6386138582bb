/*
 * System registers: who may access them, where a trap leads, what they do (Arm ARM D19, D24.2).
 *
 * An access by MRS or MSR comes here with every register in its slot. It may end in an exception, which is taken at
 * once. Registers without a function of their own are variables (sys.v), rows of the register table, or zero; the
 * functions below are bound to their rows by name, so a row of kind FN without one does not link.
 */
#include "sys.h"
#include "vcpu.h"

/* Functions of FN rows: read_NAME(s, n) and write_NAME(s, n, v); n is the row's arg. */
typedef uint64_t read_fn(struct a64_sys *s, unsigned n);
typedef void write_fn(struct a64_sys *s, unsigned n, uint64_t v);

static struct cpu *cpu_of(struct a64_sys *s) { return vcpu_cpu(s->vcpu); }

/* ------------------------------------------------- changes of translation or context */

/* Translation of addresses has changed: data TLBs are emptied, code is looked up again. */
static void translation_changed(struct a64_sys *s)
{
    a64_tlb_flush_all(s);
    a64_context_changed(cpu_of(s));
}

#define PLAIN_READ(reg) \
    static uint64_t read_##reg(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_##reg]; }
/* Registers that translation depends on: flushed if they really change. */
#define TRANSLATION(reg, mask)                                                   \
    PLAIN_READ(reg)                                                              \
    static void write_##reg(struct a64_sys *s, unsigned n, uint64_t v)           \
    {                                                                            \
        v &= (mask);                                                             \
        if (v == s->v[A64_SYS_##reg])                                            \
            return;                                                              \
        s->v[A64_SYS_##reg] = v;                                                 \
        translation_changed(s);                                                  \
    }
/* Registers that only code depends on. */
#define CONTEXT(reg, mask, ones)                                                 \
    PLAIN_READ(reg)                                                              \
    static void write_##reg(struct a64_sys *s, unsigned n, uint64_t v)           \
    {                                                                            \
        s->v[A64_SYS_##reg] = (v & (mask)) | (ones);                             \
        a64_context_changed(cpu_of(s));                                          \
    }

/* Bits of features that are not there read as 0; RES1 bits are as they were written. */
TRANSLATION(SCTLR_EL1, 0x0200100ffffff3ffull | 1ull << 44 | 1ull << 57)
TRANSLATION(SCTLR_EL2, 0x0200100ffffff3ffull | 1ull << 44 | 1ull << 57)
TRANSLATION(SCTLR_EL3, 0x0000100ffffff3ffull | 1ull << 44)
TRANSLATION(TCR_EL1, 0x0fffffffffffffffull)
TRANSLATION(TCR_EL2, 0x0fffffffffffffffull)
TRANSLATION(TCR_EL3, 0x00000003ffffffffull)
TRANSLATION(MAIR_EL1, ~0ull)
TRANSLATION(MAIR_EL2, ~0ull)
TRANSLATION(MAIR_EL3, ~0ull)
TRANSLATION(TTBR0_EL3, 0xfffffffffffe)
TRANSLATION(VTCR_EL2, 0x3ffffffffull)
CONTEXT(CPACR_EL1, 3ull << 20 | 1ull << 28, 0)
CONTEXT(CPTR_EL3, 1ull << 31 | 1ull << 20 | 1ull << 10, 0)

PLAIN_READ(CPTR_EL2)
static void write_CPTR_EL2(struct a64_sys *s, unsigned n, uint64_t v)
{
    bool e2h = s->v[A64_SYS_HCR_EL2] & HCR_E2H;
    s->v[A64_SYS_CPTR_EL2] = e2h ? v & (1ull << 31 | 3ull << 20 | 1ull << 28) : (v & (1ull << 31 | 1ull << 20 | 1ull << 10)) | 0x33ff;
    a64_context_changed(cpu_of(s));
}

PLAIN_READ(MDCR_EL2)
static void write_MDCR_EL2(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_MDCR_EL2] = v & 0x8fff;
    a64_context_changed(cpu_of(s));
}
PLAIN_READ(MDCR_EL3)
static void write_MDCR_EL3(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_MDCR_EL3] = v & 0x37ffff;
    a64_context_changed(cpu_of(s));
}

PLAIN_READ(HCR_EL2)
static void write_HCR_EL2(struct a64_sys *s, unsigned n, uint64_t v)
{
    uint64_t old = s->v[A64_SYS_HCR_EL2];
    v = (v & 0x00000367ffffffffull) | HCR_RW; /* EL1 is AArch64 */
    if (!a64_has(s, A64_FEAT_PAUTH))
        v &= ~(HCR_APK | HCR_API);
    s->v[A64_SYS_HCR_EL2] = v;
    if ((old ^ v) & (HCR_VM | HCR_PTW | HCR_DC | HCR_TGE | HCR_E2H | HCR_CD | HCR_ID))
        a64_tlb_flush_all(s);
    vcpu_recheck(s->vcpu); /* virtual interrupts */
    a64_context_changed(cpu_of(s));
}

PLAIN_READ(SCR_EL3)
static void write_SCR_EL3(struct a64_sys *s, unsigned n, uint64_t v)
{
    uint64_t old = s->v[A64_SYS_SCR_EL3];
    s->v[A64_SYS_SCR_EL3] = (v & 0x3f8fULL) | (v & (SCR_APK | SCR_API)) | 0x30 | SCR_RW;
    if ((old ^ v) & SCR_NS)
        a64_tlb_flush_all(s);
    a64_context_changed(cpu_of(s));
}

PLAIN_READ(RMR_EL3)
static void write_RMR_EL3(struct a64_sys *s, unsigned n, uint64_t v)
{
    if (v & 2)
        vcpu_request_reset(s->vcpu);
}

/* The table bases: the ASID part tells which data TLB is used. */
#define TABLE_BASE(reg)                                                          \
    PLAIN_READ(reg)                                                              \
    static void write_##reg(struct a64_sys *s, unsigned n, uint64_t v)           \
    {                                                                            \
        if (v == s->v[A64_SYS_##reg])                                            \
            return;                                                              \
        s->v[A64_SYS_##reg] = v;                                                 \
        a64_space_changed(cpu_of(s));                                            \
    }
TABLE_BASE(TTBR0_EL1)
TABLE_BASE(TTBR1_EL1)
TABLE_BASE(TTBR0_EL2)
TABLE_BASE(TTBR1_EL2)
TABLE_BASE(VTTBR_EL2)

/* -------------------------------------------------------- processor state */

static uint64_t *pstate(struct a64_sys *s) { return a64_reg(cpu_of(s), A64_pstate); }

static uint64_t read_CURRENTEL(struct a64_sys *s, unsigned n) { return *pstate(s) & 3 << PS_EL_SHIFT; }
static uint64_t read_SPSEL(struct a64_sys *s, unsigned n) { return *pstate(s) & PS_SP; }
static void write_SPSEL(struct a64_sys *s, unsigned n, uint64_t v) { a64_set_spsel(cpu_of(s), v & 1); }
static uint64_t read_DAIF(struct a64_sys *s, unsigned n) { return *pstate(s) & PS_DAIF; }
static void write_DAIF(struct a64_sys *s, unsigned n, uint64_t v)
{
    *pstate(s) = (*pstate(s) & ~(uint64_t)PS_DAIF) | (v & PS_DAIF);
    a64_context_changed(cpu_of(s));
}
static uint64_t read_PAN(struct a64_sys *s, unsigned n) { return *pstate(s) & PS_PAN; }
static void write_PAN(struct a64_sys *s, unsigned n, uint64_t v)
{
    *pstate(s) = (*pstate(s) & ~(uint64_t)PS_PAN) | (v & PS_PAN);
    a64_context_changed(cpu_of(s));
}
static uint64_t read_UAO(struct a64_sys *s, unsigned n) { return *pstate(s) & PS_UAO; }
static void write_UAO(struct a64_sys *s, unsigned n, uint64_t v)
{
    *pstate(s) = (*pstate(s) & ~(uint64_t)PS_UAO) | (v & PS_UAO);
    a64_context_changed(cpu_of(s));
}

/* Stack pointers of other levels. SP_EL0 while PSTATE.SP is 0 is undefined, which the access check finds. */
static uint64_t read_SP_EL0(struct a64_sys *s, unsigned n) { return *a64_reg(cpu_of(s), A64_sp_el0); }
static void write_SP_EL0(struct a64_sys *s, unsigned n, uint64_t v) { *a64_reg(cpu_of(s), A64_sp_el0) = v; }
static uint64_t read_SP_EL1(struct a64_sys *s, unsigned n) { return s->sp_el[1]; }
static void write_SP_EL1(struct a64_sys *s, unsigned n, uint64_t v) { s->sp_el[1] = v; }
static uint64_t read_SP_EL2(struct a64_sys *s, unsigned n) { return s->sp_el[2]; }
static void write_SP_EL2(struct a64_sys *s, unsigned n, uint64_t v) { s->sp_el[2] = v; }

/* ------------------------------------------------------------- identification */

static bool is_guest_el1(struct a64_sys *s) { return s->has_el2 && !a64_secure(s, 1) && a64_el(cpu_of(s)) == 1; }

static uint64_t read_MIDR_EL1(struct a64_sys *s, unsigned n)
{
    return is_guest_el1(s) ? s->v[A64_SYS_VPIDR_EL2] : s->model->options[A64_OPT_MIDR];
}
static uint64_t read_MPIDR_EL1(struct a64_sys *s, unsigned n)
{
    return is_guest_el1(s) ? s->v[A64_SYS_VMPIDR_EL2] : s->mpidr;
}
static uint64_t read_CTR_EL0(struct a64_sys *s, unsigned n) { return s->model->options[A64_OPT_CTR]; }
static uint64_t read_ID_AA64PFR0_EL1(struct a64_sys *s, unsigned n) { return a64_id_aa64pfr0(s); }

/* Level 1 data 32 KiB, 4 ways; instructions 48 KiB, 3 ways; level 2 unified 1 MiB, 16 ways; lines of 64 bytes. */
static uint64_t read_CLIDR_EL1(struct a64_sys *s, unsigned n) { return 0xa200023; }
static uint64_t read_CCSIDR_EL1(struct a64_sys *s, unsigned n)
{
    static const uint32_t size[4] = { 0x700fe01a, 0x201fe012, 0x707fe07a, 0 };
    uint64_t which = s->v[A64_SYS_CSSELR_EL1];
    return which < 3 ? size[which] : 0;
}

static uint64_t read_RVBAR_EL1(struct a64_sys *s, unsigned n) { return s->rvbar; }
static uint64_t read_RVBAR_EL2(struct a64_sys *s, unsigned n) { return s->rvbar; }
static uint64_t read_RVBAR_EL3(struct a64_sys *s, unsigned n) { return s->rvbar; }

static uint64_t read_ISR_EL1(struct a64_sys *s, unsigned n)
{
    uint64_t hcr = a64_hcr(s), v = 0;
    bool guest = a64_el(cpu_of(s)) == 1;
    if (guest && (hcr & HCR_IMO) ? s->lines & LINE_VIRQ || (hcr & HCR_VI) : s->lines & LINE_IRQ)
        v |= PS_I;
    if (guest && (hcr & HCR_FMO) ? s->lines & LINE_VFIQ || (hcr & HCR_VF) : s->lines & LINE_FIQ)
        v |= PS_F;
    if (guest && (hcr & HCR_AMO) ? hcr & HCR_VSE : s->lines & LINE_SERROR)
        v |= PS_A;
    return v;
}

/* ----------------------------------------------------------------------- debug */

PLAIN_READ(MDSCR_EL1)
static void write_MDSCR_EL1(struct a64_sys *s, unsigned n, uint64_t v)
{
    uint64_t old = s->v[A64_SYS_MDSCR_EL1];
    s->v[A64_SYS_MDSCR_EL1] = v & (0xf8f3f601ull | 0xb000);
    if ((old ^ v) & 1 << 15) /* MDE: watchpoints */
        a64_debug_changed(s);
    a64_context_changed(cpu_of(s));
}
static uint64_t read_OSLSR_EL1(struct a64_sys *s, unsigned n) { return 8 | (s->v[A64_SYS_OSLAR_EL1] & 1) << 1; }
static void write_OSLAR_EL1(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_OSLAR_EL1] = v & 1;
    a64_context_changed(cpu_of(s));
}
static uint64_t read_DBGCLAIMSET_EL1(struct a64_sys *s, unsigned n) { return 0xff; }
static void write_DBGCLAIMSET_EL1(struct a64_sys *s, unsigned n, uint64_t v) { s->claim |= v & 0xff; }
static uint64_t read_DBGCLAIMCLR_EL1(struct a64_sys *s, unsigned n) { return s->claim; }
static void write_DBGCLAIMCLR_EL1(struct a64_sys *s, unsigned n, uint64_t v) { s->claim &= ~(v & 0xff); }

#define DEBUG_PAIR(value, control, k, vmask, cmask)                                             \
    PLAIN_READ(value##k##_EL1)                                                                  \
    static void write_##value##k##_EL1(struct a64_sys *s, unsigned n, uint64_t v)               \
    {                                                                                           \
        s->v[A64_SYS_##value##k##_EL1] = v & (vmask);                                           \
        a64_debug_changed(s);                                                                   \
    }                                                                                           \
    PLAIN_READ(control##k##_EL1)                                                                \
    static void write_##control##k##_EL1(struct a64_sys *s, unsigned n, uint64_t v)             \
    {                                                                                           \
        s->v[A64_SYS_##control##k##_EL1] = v & (cmask);                                         \
        a64_debug_changed(s);                                                                   \
    }
DEBUG_PAIR(DBGBVR, DBGBCR, 0, ~3ull, 0xffe1e7)
DEBUG_PAIR(DBGBVR, DBGBCR, 1, ~3ull, 0xffe1e7)
DEBUG_PAIR(DBGBVR, DBGBCR, 2, ~3ull, 0xffe1e7)
DEBUG_PAIR(DBGBVR, DBGBCR, 3, ~3ull, 0xffe1e7)
DEBUG_PAIR(DBGBVR, DBGBCR, 4, ~0ull, 0xffe1e7)
DEBUG_PAIR(DBGBVR, DBGBCR, 5, ~0ull, 0xffe1e7)
DEBUG_PAIR(DBGWVR, DBGWCR, 0, ~3ull, 0x1f1fffff)
DEBUG_PAIR(DBGWVR, DBGWCR, 1, ~3ull, 0x1f1fffff)
DEBUG_PAIR(DBGWVR, DBGWCR, 2, ~3ull, 0x1f1fffff)
DEBUG_PAIR(DBGWVR, DBGWCR, 3, ~3ull, 0x1f1fffff)

/* ---------------------------------------------------------------------- timers */

static uint64_t read_CNTFRQ_EL0(struct a64_sys *s, unsigned n) { return s->cntfrq; }
static void write_CNTFRQ_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    if (a64_el(cpu_of(s)) == (s->has_el3 ? 3 : s->has_el2 ? 2 : 1)) /* the highest level there is */
        s->cntfrq = v & 0xffffffff;
}
static uint64_t read_CNTPCT_EL0(struct a64_sys *s, unsigned n) { return a64_count(s); }
static uint64_t read_CNTPCTSS_EL0(struct a64_sys *s, unsigned n) { return a64_count(s); }
/* For the host's EL0 and EL2 itself with E2H the offset does not count. */
static uint64_t virtual_offset(struct a64_sys *s)
{
    uint64_t hcr = a64_hcr(s);
    unsigned el = a64_el(cpu_of(s));
    bool host = (el == 2 && (hcr & HCR_E2H)) || (el == 0 && (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE));
    return host ? 0 : s->v[A64_SYS_CNTVOFF_EL2];
}
static uint64_t read_CNTVCT_EL0(struct a64_sys *s, unsigned n) { return a64_count(s) - virtual_offset(s); }
static uint64_t read_CNTVCTSS_EL0(struct a64_sys *s, unsigned n) { return a64_count(s) - virtual_offset(s); }
PLAIN_READ(CNTVOFF_EL2)
static void write_CNTVOFF_EL2(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_CNTVOFF_EL2] = v;
    a64_timer_update(s, TIMER_VIRT);
}
PLAIN_READ(CNTKCTL_EL1)
static void write_CNTKCTL_EL1(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_CNTKCTL_EL1] = v & 0x203ff;
}
PLAIN_READ(CNTHCTL_EL2)
static void write_CNTHCTL_EL2(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->v[A64_SYS_CNTHCTL_EL2] = v & (a64_has(s, A64_FEAT_ECV) ? 0x26fff : 0xfff);
}

#define TIMER(prefix, suffix, which)                                                                                    \
    static uint64_t read_##prefix##_TVAL_##suffix(struct a64_sys *s, unsigned n)                                        \
    { return (uint32_t)(s->timer[which].cval - a64_timer_count(s, which)); }                                            \
    static void write_##prefix##_TVAL_##suffix(struct a64_sys *s, unsigned n, uint64_t v)                               \
    { a64_timer_set(s, which, a64_timer_count(s, which) + (uint64_t)(int64_t)(int32_t)v, s->timer[which].ctl); }        \
    static uint64_t read_##prefix##_CTL_##suffix(struct a64_sys *s, unsigned n) { return a64_timer_ctl(s, which); }     \
    static void write_##prefix##_CTL_##suffix(struct a64_sys *s, unsigned n, uint64_t v)                                \
    { a64_timer_set(s, which, s->timer[which].cval, v & 3); }                                                           \
    static uint64_t read_##prefix##_CVAL_##suffix(struct a64_sys *s, unsigned n) { return s->timer[which].cval; }       \
    static void write_##prefix##_CVAL_##suffix(struct a64_sys *s, unsigned n, uint64_t v)                               \
    { a64_timer_set(s, which, v, s->timer[which].ctl); }
TIMER(CNTP, EL0, TIMER_PHYS)
TIMER(CNTV, EL0, TIMER_VIRT)
TIMER(CNTHP, EL2, TIMER_HYP)
TIMER(CNTHV, EL2, TIMER_HYPVIRT)
TIMER(CNTPS, EL1, TIMER_SEC)

/* -------------------------------------------------------- performance monitors */

/* One cycle counter, no event counters: cycles are counter ticks of 1 GHz. */
#define PMU_CYCLES (1ull << 31)
static bool pmu_counts(const struct a64_sys *s) { return (s->v[A64_SYS_PMCR_EL0] & 1) && (s->v[A64_SYS_PMCNTENSET_EL0] & PMU_CYCLES); }
static uint64_t pmu_value(struct a64_sys *s) { return pmu_counts(s) ? s->pmu_base + vcpu_now(s->vcpu) - s->pmu_on : s->pmu_base; }
/* Before a change of what decides whether it counts; pmu_resume after it. */
static void pmu_hold(struct a64_sys *s) { s->pmu_base = pmu_value(s); }
static void pmu_resume(struct a64_sys *s) { s->pmu_on = vcpu_now(s->vcpu); }

static uint64_t read_PMCR_EL0(struct a64_sys *s, unsigned n) { return (s->v[A64_SYS_PMCR_EL0] & 0x69) | 1 << 6; }
static void write_PMCR_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    pmu_hold(s);
    if (v & 4)
        s->pmu_base = 0;
    s->v[A64_SYS_PMCR_EL0] = v & 0x69;
    pmu_resume(s);
}
static uint64_t read_PMCNTENSET_EL0(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMCNTENSET_EL0]; }
static void write_PMCNTENSET_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    pmu_hold(s);
    s->v[A64_SYS_PMCNTENSET_EL0] |= v & PMU_CYCLES;
    pmu_resume(s);
}
static uint64_t read_PMCNTENCLR_EL0(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMCNTENSET_EL0]; }
static void write_PMCNTENCLR_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    pmu_hold(s);
    s->v[A64_SYS_PMCNTENSET_EL0] &= ~(v & PMU_CYCLES);
    pmu_resume(s);
}
static uint64_t read_PMOVSCLR_EL0(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMOVSCLR_EL0]; }
static void write_PMOVSCLR_EL0(struct a64_sys *s, unsigned n, uint64_t v) { s->v[A64_SYS_PMOVSCLR_EL0] &= ~(v & PMU_CYCLES); }
static uint64_t read_PMOVSSET_EL0(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMOVSCLR_EL0]; }
static void write_PMOVSSET_EL0(struct a64_sys *s, unsigned n, uint64_t v) { s->v[A64_SYS_PMOVSCLR_EL0] |= v & PMU_CYCLES; }
static void write_PMSWINC_EL0(struct a64_sys *s, unsigned n, uint64_t v) {}
static uint64_t read_PMCEID0_EL0(struct a64_sys *s, unsigned n) { return 1 << 0x11; /* CPU_CYCLES */ }
static uint64_t read_PMCCNTR_EL0(struct a64_sys *s, unsigned n) { return pmu_value(s); }
static void write_PMCCNTR_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    s->pmu_base = v;
    pmu_resume(s);
}
PLAIN_READ(PMCCFILTR_EL0)
static void write_PMCCFILTR_EL0(struct a64_sys *s, unsigned n, uint64_t v) { s->v[A64_SYS_PMCCFILTR_EL0] = v & 0xfc000000; }
static uint64_t read_PMXEVTYPER_EL0(struct a64_sys *s, unsigned n)
{
    return s->v[A64_SYS_PMSELR_EL0] == 31 ? s->v[A64_SYS_PMCCFILTR_EL0] : 0;
}
static void write_PMXEVTYPER_EL0(struct a64_sys *s, unsigned n, uint64_t v)
{
    if (s->v[A64_SYS_PMSELR_EL0] == 31)
        write_PMCCFILTR_EL0(s, n, v);
}
static uint64_t read_PMXEVCNTR_EL0(struct a64_sys *s, unsigned n) { return 0; }
static void write_PMXEVCNTR_EL0(struct a64_sys *s, unsigned n, uint64_t v) {}
static uint64_t read_PMINTENSET_EL1(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMINTENSET_EL1]; }
static void write_PMINTENSET_EL1(struct a64_sys *s, unsigned n, uint64_t v) { s->v[A64_SYS_PMINTENSET_EL1] |= v & PMU_CYCLES; }
static uint64_t read_PMINTENCLR_EL1(struct a64_sys *s, unsigned n) { return s->v[A64_SYS_PMINTENSET_EL1]; }
static void write_PMINTENCLR_EL1(struct a64_sys *s, unsigned n, uint64_t v) { s->v[A64_SYS_PMINTENSET_EL1] &= ~(v & PMU_CYCLES); }

/* ------------------------------------------------------------------- the tables */

/* Rows whose right it is not to be written, or read, have no such function. */
#define READ_FN_RO(name) read_##name
#define READ_FN_RW(name) read_##name
#define READ_FN_WO(name) NULL
#define WRITE_FN_RO(name) NULL
#define WRITE_FN_RW(name) write_##name
#define WRITE_FN_WO(name) write_##name
#define IF_FN_FN(a) a
#define IF_FN_VAR(a) NULL
#define IF_FN_ROW(a) NULL
#define IF_FN_ID(a) NULL
#define IF_FN_ZERO(a) NULL
#define IF_FN_GIC(a) NULL
static read_fn *const readers[A64_NSYS] = {
#define SYSREG(name, op0, op1, crn, crm, op2, rights, user, trap, how, arg) IF_FN_##how(READ_FN_##rights(name)),
#include "sysreg.def"
};
static write_fn *const writers[A64_NSYS] = {
#define SYSREG(name, op0, op1, crn, crm, op2, rights, user, trap, how, arg) IF_FN_##how(WRITE_FN_##rights(name)),
#include "sysreg.def"
};

uint64_t a64_sysreg_read(struct a64_sys *s, unsigned r)
{
    const struct a64_sysreg *row = &a64_sysregs[r];
    uint64_t v;
    switch ((enum a64_sys_how)row->how) {
    case VAR:
        return s->v[r];
    case ROW:
        return *a64_reg(cpu_of(s), (unsigned)row->arg);
    case ID:
        return a64_id_system(s, r);
    case ZERO:
        return 0;
    case FN:
        return readers[r](s, (unsigned)row->arg);
    case GIC:
        v = 0;
        vcpu_gic_read(s->vcpu, r, &v);
        return v;
    }
    return 0;
}

void a64_sysreg_write(struct a64_sys *s, unsigned r, uint64_t v)
{
    const struct a64_sysreg *row = &a64_sysregs[r];
    switch ((enum a64_sys_how)row->how) {
    case VAR:
        s->v[r] = v & row->arg;
        break;
    case ROW:
        *a64_reg(cpu_of(s), (unsigned)row->arg) = v;
        break;
    case ID:
    case ZERO:
        break;
    case FN:
        writers[r](s, (unsigned)row->arg, v);
        break;
    case GIC:
        vcpu_gic_write(s->vcpu, r, v);
        break;
    }
}

/* ------------------------------------------------------------------- permission */

/* With HCR_EL2.E2H names of EL1 registers mean those of EL2 at EL2 (Arm ARM D19.1.3), and op1 5 names EL1's. */
static int redirected(const struct a64_sys *s, unsigned el, unsigned code)
{
    static const struct { uint16_t el1, el2; } pairs[] = {
        { A64_SYS_SCTLR_EL1, A64_SYS_SCTLR_EL2 }, { A64_SYS_CPACR_EL1, A64_SYS_CPTR_EL2 }, { A64_SYS_TTBR0_EL1, A64_SYS_TTBR0_EL2 },
        { A64_SYS_TTBR1_EL1, A64_SYS_TTBR1_EL2 }, { A64_SYS_TCR_EL1, A64_SYS_TCR_EL2 }, { A64_SYS_AFSR0_EL1, A64_SYS_AFSR0_EL2 },
        { A64_SYS_AFSR1_EL1, A64_SYS_AFSR1_EL2 }, { A64_SYS_ESR_EL1, A64_SYS_ESR_EL2 }, { A64_SYS_FAR_EL1, A64_SYS_FAR_EL2 },
        { A64_SYS_MAIR_EL1, A64_SYS_MAIR_EL2 }, { A64_SYS_AMAIR_EL1, A64_SYS_AMAIR_EL2 }, { A64_SYS_VBAR_EL1, A64_SYS_VBAR_EL2 },
        { A64_SYS_CONTEXTIDR_EL1, A64_SYS_CONTEXTIDR_EL2 }, { A64_SYS_CNTKCTL_EL1, A64_SYS_CNTHCTL_EL2 },
        { A64_SYS_SPSR_EL1, A64_SYS_SPSR_EL2 }, { A64_SYS_ELR_EL1, A64_SYS_ELR_EL2 },
        { A64_SYS_CNTP_TVAL_EL0, A64_SYS_CNTHP_TVAL_EL2 }, { A64_SYS_CNTP_CTL_EL0, A64_SYS_CNTHP_CTL_EL2 },
        { A64_SYS_CNTP_CVAL_EL0, A64_SYS_CNTHP_CVAL_EL2 }, { A64_SYS_CNTV_TVAL_EL0, A64_SYS_CNTHV_TVAL_EL2 },
        { A64_SYS_CNTV_CTL_EL0, A64_SYS_CNTHV_CTL_EL2 }, { A64_SYS_CNTV_CVAL_EL0, A64_SYS_CNTHV_CVAL_EL2 },
    };
    unsigned op1 = code >> 11 & 7;
    int r = a64_sysreg_find(code);
    bool e2h = s->has_el2 && (s->v[A64_SYS_HCR_EL2] & HCR_E2H);
    if (op1 == 5) { /* the timers' alias EL0 registers, the others EL1's */
        unsigned crn = code >> 7 & 15, crm = code >> 3 & 15, to = crn == 14 && crm != 1 ? 3 : 0;
        return e2h && el >= 2 ? a64_sysreg_find((code & ~(7u << 11)) | to << 11) : -1;
    }
    uint64_t hcr = a64_hcr(s);
    bool host0 = el == 0 && (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    if (r < 0 || !e2h || !(el == 2 || host0))
        return r;
    for (unsigned k = 0; k < sizeof pairs / sizeof *pairs; k++)
        if (pairs[k].el1 == r && (el == 2 || op1 == 3))
            return pairs[k].el2;
    return r;
}

/* Level that an access by EL0 traps to by the register's own rule, or 0. */
static unsigned user_trap(const struct a64_sys *s, const struct a64_sysreg *row, bool write)
{
    uint64_t hcr = a64_hcr(s);
    bool host = (hcr & (HCR_E2H | HCR_TGE)) == (HCR_E2H | HCR_TGE);
    uint64_t sctlr = s->v[host ? A64_SYS_SCTLR_EL2 : A64_SYS_SCTLR_EL1], kctl = s->v[host ? A64_SYS_CNTHCTL_EL2 : A64_SYS_CNTKCTL_EL1];
    uint64_t pmu = s->v[A64_SYS_PMUSERENR_EL0];
    bool ok = true;
    switch ((enum a64_sys_user)row->user) {
    case U_ALL:
    case U_READ:
    case U_NONE:
    case U_NO:
        break;
    case U_CTR:
        ok = sctlr & SCTLR_UCT;
        break;
    case U_DAIF:
        ok = sctlr & SCTLR_UMA;
        break;
    case U_CNTF:
        ok = kctl & 3;
        break;
    case U_CNTPCT:
        ok = kctl & 1;
        break;
    case U_CNTVCT:
        ok = kctl & 2;
        break;
    case U_CNTP:
        ok = kctl >> 9 & 1;
        break;
    case U_CNTV:
        ok = kctl >> 8 & 1;
        break;
    case U_PMU:
        ok = (pmu & 1) || (!write && (pmu >> 2 & 1) && row == &a64_sysregs[A64_SYS_PMCCNTR_EL0]) ||
             (write && (pmu >> 1 & 1) && row == &a64_sysregs[A64_SYS_PMSWINC_EL0]);
        break;
    }
    return ok ? 0 : hcr & HCR_TGE ? 2 : 1;
}

/* Level that an access from el traps to by EL2's or EL3's controls, or 0. */
static unsigned higher_trap(const struct a64_sys *s, unsigned el, const struct a64_sysreg *row, bool write)
{
    uint64_t hcr = a64_hcr(s), mdcr2 = s->v[A64_SYS_MDCR_EL2], mdcr3 = s->v[A64_SYS_MDCR_EL3], cnth = s->v[A64_SYS_CNTHCTL_EL2];
    bool below2 = el < 2 && s->has_el2 && !a64_secure(s, 1), below3 = el < 3 && s->has_el3;
    bool e2h = hcr & HCR_E2H, two = false, three = false;
    switch ((enum a64_sys_trap)row->trap) {
    case T_NONE:
    case A64_NTRAPS:
        break;
    case T_TID1:
        two = hcr & HCR_TID1;
        break;
    case T_TID2:
        two = hcr & HCR_TID2;
        break;
    case T_TID3:
        two = hcr & HCR_TID3;
        break;
    case T_VM:
        two = hcr & (write ? HCR_TVM : HCR_TRVM);
        break;
    case T_ACR:
        two = hcr & HCR_TACR;
        break;
    case T_CPACR:
        two = s->v[A64_SYS_CPTR_EL2] >> 31 & 1;
        three = s->v[A64_SYS_CPTR_EL3] >> 31 & 1;
        break;
    case T_CPTR3:
        three = s->v[A64_SYS_CPTR_EL3] >> 31 & 1;
        break;
    case T_APK:
        two = !(hcr & HCR_APK);
        three = !(s->v[A64_SYS_SCR_EL3] & SCR_APK);
        break;
    case T_CNTPCT:
        two = !(cnth >> (e2h ? 10 : 0) & 1);
        break;
    case T_CNTP:
        two = !(cnth >> (e2h ? 11 : 1) & 1);
        break;
    case T_CNTVCT: /* EL1TVCT, EL1TVT: FEAT_ECV's, without effect on a host's programs */
        two = cnth >> 14 & 1 && (hcr & (HCR_E2H | HCR_TGE)) != (HCR_E2H | HCR_TGE);
        break;
    case T_CNTV:
        two = cnth >> 13 & 1 && (hcr & (HCR_E2H | HCR_TGE)) != (HCR_E2H | HCR_TGE);
        break;
    case T_TDA:
        two = mdcr2 >> 9 & 1;
        three = mdcr3 >> 9 & 1;
        break;
    case T_TDRA:
        two = mdcr2 >> 11 & 1;
        three = mdcr3 >> 9 & 1;
        break;
    case T_TDOSA:
        two = mdcr2 >> 10 & 1;
        three = mdcr3 >> 10 & 1;
        break;
    case T_TPM:
        two = mdcr2 >> 6 & 1;
        three = mdcr3 >> 6 & 1;
        break;
    case T_TPMCR:
        two = mdcr2 & (1 << 6 | 1 << 5);
        three = mdcr3 >> 6 & 1;
        break;
    case T_LOR:
        two = hcr & HCR_TLOR;
        break;
    case T_ICC:
    case T_ICC0:
    case T_ICC1:
    case T_SGI:
        return vcpu_gic_trap(s->vcpu, el, row->trap);
    }
    return two && below2 ? 2 : three && below3 ? 3 : 0;
}

/* ISS of a trapped MSR or MRS. */
static uint32_t access_iss(unsigned code, unsigned rt, bool read)
{
    unsigned op0 = (code >> 14) + 2, op1 = code >> 11 & 7, crn = code >> 7 & 15, crm = code >> 3 & 15, op2 = code & 7;
    return op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | rt << 5 | crm << 1 | read;
}

int a64_sysreg_check(struct cpu *cpu, unsigned code, unsigned rt, bool write)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu), op1 = code >> 11 & 7;
    static const uint8_t least[8] = { 1, 1, 1, 0, 2, 2, 3, 1 };
    int r = redirected(s, el, code);
    const struct a64_sysreg *row = r >= 0 ? &a64_sysregs[r] : NULL;
    bool known = row && (row->rights & (write ? WO : RO)) && el >= least[op1] && a64_sysreg_present(s, (unsigned)r);
    if (known && el == 0 && (row->user == U_NO || (row->user == U_READ && write)))
        known = false;
    if (known && r == A64_SYS_SP_EL0 && !(*a64_reg(cpu, A64_pstate) & PS_SP))
        known = false;
    bool secure_timer = op1 == 7 && el < 3; /* CNTPS: EL3's, and secure EL1's by SCR_EL3.ST */
    if (!known || (secure_timer && !(el == 1 && a64_secure(s, 1)))) {
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), cpu->pc);
        return -1;
    }
    if (secure_timer && !(s->v[A64_SYS_SCR_EL3] & SCR_ST)) {
        a64_take(cpu, 3, A64_SYNC, syndrome(EC_SYSREG, access_iss(code, rt, !write)), cpu->pc);
        return -1;
    }
    unsigned to = el == 0 ? user_trap(s, row, write) : 0;
    if (!to)
        to = higher_trap(s, el, row, write);
    if (to) {
        a64_take(cpu, to, A64_SYNC, syndrome(EC_SYSREG, access_iss(code, rt, !write)), cpu->pc);
        return -1;
    }
    return r;
}
