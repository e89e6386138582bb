/*
 * Hints, barriers, PSTATE, system registers and cache maintenance, as far as a program at EL0 under
 * Linux may use them (Arm ARM C3.2.4 to C3.2.10, C5; Linux, Documentation/arch/arm64).
 *
 * Everything else is undefined here: what Linux traps and refuses, and what needs a feature that no
 * model advertises. Waiting hints (WFE WFI YIELD) go on at once for programs, which the manual allows.
 */
#include <sys/random.h>
#include "lower.h"

/* ---------------------------------------------------------- hints, barriers */

bool lower_HINT(struct tr *t, const struct arg_HINT *a)
{
    unsigned hint = a->crm << 3 | a->op2;
    if (hint == 7 || (hint >= 24 && hint < 32) || ((hint & ~6u) == 8))
        return pauth_hint(t, hint);
    return !is_system(t) || sys_hint(t, hint);
}

bool lower_WFET(struct tr *t, const struct arg_WFET *a) { return !is_system(t) || sys_wait_until(t, A64_EVENT_WFET, a->rd); }
bool lower_WFIT(struct tr *t, const struct arg_WFIT *a) { return !is_system(t) || sys_wait_until(t, A64_EVENT_WFIT, a->rd); }

bool lower_CLREX(struct tr *t, const struct arg_CLREX *a)
{
    ir_set(t->r, A64_exaddr, imm_x(t, A64_EXCLUSIVE_NONE));
    return true;
}

/* The two low bits of CRm: 1 loads, 2 stores, else all accesses. Domains make no difference. */
static bool barrier(struct tr *t, unsigned crm)
{
    enum ir_fence f = (crm & 3) == 1 ? IR_FENCE_LOAD : (crm & 3) == 2 ? IR_FENCE_STORE
                                                                      : IR_FENCE_FULL;
    ir_emit(t->r, IR_fence, IR_VOID, 0, 0, 0, 0, f, 0);
    return true;
}

bool lower_DSB(struct tr *t, const struct arg_DSB *a)
{
    barrier(t, a->crm);
    if (is_system(t)) /* TLB and cache maintenance is complete after it */
        call_helper(t, A64_HELPER_sys_event, imm_x(t, A64_EVENT_DSB), imm_x(t, 0), imm_x(t, t->pc), 0);
    return true;
}
bool lower_DMB(struct tr *t, const struct arg_DMB *a) { return barrier(t, a->crm); }
bool lower_SB(struct tr *t, const struct arg_SB *a) { return true; }

/* Code after it may have been changed before it: it is translated anew. */
bool lower_ISB(struct tr *t, const struct arg_ISB *a)
{
    tr_leave(t, IR_LEAVE_LOOKUP, 0, t->pc + 4);
    return true;
}

/* ------------------------------------------------------------------- PSTATE */

enum { PSTATE_SSBS = 12, PSTATE_DIT = 24 };

static bool set_pstate(struct tr *t, unsigned bit, ir_ref value)
{
    ir_set(t->r, A64_pstate,
           ir2i(t->r, IR_bfi, IR_I64, ir_get(t->r, A64_pstate), value, bit | 1 << 8));
    return true;
}

bool lower_MSR_imm(struct tr *t, const struct arg_MSR_imm *a)
{
    if (is_system(t) && (a->op1 != 3 || a->op2 >= 6))
        return sys_pstate(t, a->op1, a->op2, a->crm);
    if (a->op1 != 3)
        return false;
    if (a->op2 == 1 && has_feature(t, A64_FEAT_SSBS))
        return set_pstate(t, PSTATE_SSBS, imm_x(t, a->crm & 1));
    if (a->op2 == 2 && has_feature(t, A64_FEAT_DIT))
        return set_pstate(t, PSTATE_DIT, imm_x(t, a->crm & 1));
    return false;
}

/* UAO PAN SPSel: EL1. */
bool lower_MSR_imm0(struct tr *t, const struct arg_MSR_imm0 *a)
{
    return is_system(t) && sys_pstate(t, 0, t->insn >> 5 & 7, t->insn >> 8 & 15);
}

/* --------------------------------------------------------- system registers */

#define SYSREG(op0, op1, crn, crm, op2) \
    (((op0) - 2) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum {
    CTR_EL0       = SYSREG(3, 3, 0, 0, 1),
    DCZID_EL0     = SYSREG(3, 3, 0, 0, 7),
    RNDR          = SYSREG(3, 3, 2, 4, 0),
    RNDRRS        = SYSREG(3, 3, 2, 4, 1),
    NZCV          = SYSREG(3, 3, 4, 2, 0),
    DIT           = SYSREG(3, 3, 4, 2, 5),
    SSBS          = SYSREG(3, 3, 4, 2, 6),
    FPCR          = SYSREG(3, 3, 4, 4, 0),
    FPSR          = SYSREG(3, 3, 4, 4, 1),
    TPIDR_EL0     = SYSREG(3, 3, 13, 0, 2),
    TPIDRRO_EL0   = SYSREG(3, 3, 13, 0, 3),
    CNTFRQ_EL0    = SYSREG(3, 3, 14, 0, 0),
    CNTVCT_EL0    = SYSREG(3, 3, 14, 0, 2),
    CNTVCTSS_EL0  = SYSREG(3, 3, 14, 0, 6),
};

static bool read_by_helper(struct tr *t, enum a64_helper h, unsigned rt)
{
    call_helper(t, h, imm_x(t, rt), 0, 0, 0);
    return true;
}

static bool read_value(struct tr *t, unsigned rt, ir_ref v)
{
    set_x(t, rt, v);
    return true;
}

static ir_ref pstate_bit(struct tr *t, unsigned bit)
{
    return ir2(t->r, IR_and, IR_I64, ir_get(t->r, A64_pstate), imm_x(t, 1ull << bit));
}

bool lower_MRS(struct tr *t, const struct arg_MRS *a)
{
    uint64_t v;
    switch (a->sys) {
    case CTR_EL0:
        if (is_system(t))
            break;
        return read_value(t, a->rt, imm_x(t, t->model->options[A64_OPT_CTR]));
    case DCZID_EL0: /* DC ZVA clears 4 << 4 bytes */
        return read_value(t, a->rt, imm_x(t, 4));
    case NZCV:
        return read_value(t, a->rt, ir1i(t->r, IR_zext, IR_I64,
                                         ir1(t->r, IR_flget, IR_I32, get_nzcv(t)), 32));
    case FPCR:
        return read_value(t, a->rt, ir_get(t->r, A64_fpcr));
    case FPSR:
        return read_by_helper(t, A64_HELPER_mrs_fpsr, a->rt);
    case TPIDR_EL0:
        return read_value(t, a->rt, ir_get(t->r, A64_tpidr));
    case TPIDRRO_EL0:
        return read_value(t, a->rt, ir_get(t->r, A64_tpidrro));
    case CNTFRQ_EL0:
        if (is_system(t))
            break;
        return read_value(t, a->rt, imm_x(t, A64_CNTFRQ));
    case CNTVCT_EL0:
        if (is_system(t))
            break;
        return read_by_helper(t, A64_HELPER_cntvct, a->rt);
    case CNTVCTSS_EL0:
        if (is_system(t))
            break;
        return has_feature(t, A64_FEAT_ECV) && read_by_helper(t, A64_HELPER_cntvct, a->rt);
    case RNDR:
    case RNDRRS:
        return has_feature(t, A64_FEAT_RNG) && read_by_helper(t, A64_HELPER_rndr, a->rt);
    case DIT:
        return has_feature(t, A64_FEAT_DIT) && read_value(t, a->rt, pstate_bit(t, PSTATE_DIT));
    case SSBS:
        return has_feature(t, A64_FEAT_SSBS) && read_value(t, a->rt, pstate_bit(t, PSTATE_SSBS));
    }
    if (is_system(t))
        return sys_mrs(t, a->sys, a->rt);
    if (a->sys >> 7 == SYSREG(3, 0, 0, 0, 0) >> 7 &&
        a64_id_register(t->model, a->sys >> 3 & 15, a->sys & 7, &v))
        return read_value(t, a->rt, imm_x(t, v));
    return false;
}

bool lower_MSR_reg(struct tr *t, const struct arg_MSR_reg *a)
{
    switch (a->sys) {
    case NZCV:
        set_nzcv_bits(t, get_w(t, a->rt));
        return true;
    case FPCR:
        call_helper(t, A64_HELPER_msr_fpcr, get_x(t, a->rt), imm_x(t, t->pc + 4), 0, 0);
        return true;
    case FPSR:
        call_helper(t, A64_HELPER_msr_fpsr, get_x(t, a->rt), 0, 0, 0);
        return true;
    case TPIDR_EL0:
        ir_set(t->r, A64_tpidr, get_x(t, a->rt));
        return true;
    case DIT:
        return has_feature(t, A64_FEAT_DIT) &&
               set_pstate(t, PSTATE_DIT,
                          ir1i(t->r, IR_ubfx, IR_I64, get_x(t, a->rt), PSTATE_DIT | 1 << 8));
    case SSBS:
        return has_feature(t, A64_FEAT_SSBS) &&
               set_pstate(t, PSTATE_SSBS,
                          ir1i(t->r, IR_ubfx, IR_I64, get_x(t, a->rt), PSTATE_SSBS | 1 << 8));
    }
    return is_system(t) && sys_msr(t, a->sys, a->rt);
}

/* -------------------------------------------------------- cache maintenance */

#define SYSOP(op1, crn, crm, op2) ((op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

enum {
    DC_ZVA   = SYSOP(3, 7, 4, 1),
    IC_IVAU  = SYSOP(3, 7, 5, 1),
    DC_CVAC  = SYSOP(3, 7, 10, 1),
    DC_CVAU  = SYSOP(3, 7, 11, 1),
    DC_CVAP  = SYSOP(3, 7, 12, 1),
    DC_CVADP = SYSOP(3, 7, 13, 1),
    DC_CIVAC = SYSOP(3, 7, 14, 1),
};

/* Clears the 64 bytes around the address; they lie in one page, so the first store finds a fault. */
static bool clear_block(struct tr *t, unsigned rt)
{
    ir_ref base = ir2(t->r, IR_and, IR_I64, get_x(t, rt), imm_x(t, ~63ull));
    ir_ref zero = ir_const128(t->r, IR_V128, 0, 0);
    for (int i = 0; i < 4; i++)
        ir_emit(t->r, IR_store, IR_VOID, base, 0, zero, 0, IR_MEM(4, 0, 0, IR_RELAXED), 16 * i);
    return true;
}

/* No implementation-defined instruction gives a result. */
bool lower_SYSL(struct tr *t, const struct arg_SYSL *a) { return false; }

bool lower_SYS(struct tr *t, const struct arg_SYS *a)
{
    unsigned op = SYSOP(a->op1, a->crn, a->crm, a->op2);
    if (is_system(t) && (op != DC_ZVA || t->code.flags & (A64_FLAG_TRAPS | A64_FLAG_DEVICE))) {
        if (op == DC_ZVA)
            call_helper(t, A64_HELPER_sys_sys, imm_x(t, op | a->rt << 16), get_x(t, a->rt), imm_x(t, t->pc), 0);
        else
            return sys_op(t, op, a->rt);
    }
    switch (op) {
    case DC_ZVA:
        return clear_block(t, a->rt);
    case IC_IVAU:
        call_helper(t, A64_HELPER_icivau, get_x(t, a->rt), 0, 0, 0);
        tr_leave(t, IR_LEAVE_ICINV, 0, t->pc + 4);
        return true;
    case DC_CVAP:
        return has_feature(t, A64_FEAT_DPB);
    case DC_CVADP:
        return has_feature(t, A64_FEAT_DPB2);
    case DC_CVAC: /* caches are coherent: nothing to do */
    case DC_CVAU:
    case DC_CIVAC:
        return true;
    }
    return false;
}

/* ------------------------------------------------------------------ helpers */

uint64_t a64_helper_icivau(struct cpu *cpu, uint64_t address)
{
    cpu->leave_arg = address;
    return 0;
}

static void write_x(struct cpu *cpu, uint64_t rd, uint64_t v)
{
    if (rd != 31)
        *a64_reg(cpu, A64_X(rd)) = v;
}

uint64_t a64_helper_cntvct(struct cpu *cpu, uint64_t rd)
{
    write_x(cpu, rd, a64_cntvct());
    return 0;
}

/* Fails, with Z set and a value of 0, only if the host has no random source. */
uint64_t a64_helper_rndr(struct cpu *cpu, uint64_t rd)
{
    uint64_t v = 0;
    bool ok = getrandom(&v, sizeof v, GRND_NONBLOCK) == sizeof v;
    a64_set_nzcv(cpu, ok ? 0 : 1u << 30);
    write_x(cpu, rd, ok ? v : 0);
    return 0;
}

uint64_t a64_helper_mrs_fpsr(struct cpu *cpu, uint64_t rd)
{
    write_x(cpu, rd, a64_get_fpsr(cpu));
    return 0;
}

/* The engine wants to know of FZ or DN being switched on: code for them differs. */
uint64_t a64_helper_msr_fpcr(struct cpu *cpu, uint64_t value, uint64_t next)
{
    unsigned before = cpu->fp_mode;
    a64_set_fpcr(cpu, (uint32_t)value);
    if (!(cpu->fp_mode & ~before & IR_FP_CHECKED))
        return 0;
    cpu->pc = next;
    return 1 + IR_LEAVE_FLUSH;
}

uint64_t a64_helper_msr_fpsr(struct cpu *cpu, uint64_t value)
{
    a64_set_fpsr(cpu, (uint32_t)value);
    return 0;
}
