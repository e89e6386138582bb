/*
 * Code for scalar floating point, and the cold path of vectors too (emit_fpvec.c).
 *
 * The host's instruction runs into a register that is not an operand; one predicted branch then
 * goes to the cold path where the guest's result may differ from the host's (NaNs, conversions out
 * of range), which does the operation again exactly (fphelp.c). Operands are intact at that time,
 * and the destination gets its value only then. The host's cumulative flags are right except where
 * a comment says what is done.
 *
 * The guest detects tiny results before rounding, the host after: fp_check looks for where that changes
 * values; what remains are flags (docs/floating-point.md), which are right with exact_fp, where
 * everything takes the cold path.
 */
#include "emit_fp.h"

/* ------------------------------------------------------------------ cold paths */

/* Lanes of an FP vector operation and the description for fphelp. */
static uint64_t what_of(const struct emit *e, const struct ir_inst *p)
{
    unsigned lane = p->aux & 7,
             full = lane == IR_LD   ? 2
                    : lane == IR_LS ? 4
                                    : 8,
             mode = p->aux >> 8 & 15;
    static const uint8_t integer[3] = { IR_H, IR_S, IR_D };
    switch (p->op) {
    case IR_fadd:
    case IR_fsub:
    case IR_fmul:
    case IR_fdiv:
    case IR_fsqrt:
    case IR_fma:
    case IR_fmin:
    case IR_fmax:
        return fphelp_what(p->op, lane_of(p->type), 0, 1, 0, (uint64_t)p->imm);
    case IR_fcmp:
        return fphelp_what(p->op, lane_of(ir_type_of(e->r, p->arg[0])), 0, 1, FPHELP_NZCV,
                           (uint64_t)p->imm);
    case IR_frint:
        return fphelp_what(p->op, lane_of(p->type), 0, 1, p->aux, (uint64_t)p->imm);
    case IR_fcvt:
        return fphelp_what(p->op, lane_of(ir_type_of(e->r, p->arg[0])), lane_of(p->type), 1, 0,
                           (uint64_t)p->imm);
    case IR_fcvti:
        return fphelp_what(p->op, lane_of(ir_type_of(e->r, p->arg[0])),
                           p->type == IR_I64 ? IR_D : IR_S, 1, p->aux, (uint64_t)p->imm);
    case IR_icvtf:
        return fphelp_what(p->op, lane_of(p->type),
                           ir_type_of(e->r, p->arg[0]) == IR_I64 ? IR_D : IR_S, 1, 0,
                           (uint64_t)p->imm);
    case IR_fvadd:  return fphelp_what(IR_fadd, lane, 0, full, 0, 0);
    case IR_fvsub:  return fphelp_what(IR_fsub, lane, 0, full, 0, 0);
    case IR_fvmul:  return fphelp_what(IR_fmul, lane, 0, full, 0, 0);
    case IR_fvdiv:  return fphelp_what(IR_fdiv, lane, 0, full, 0, 0);
    case IR_fvsqrt: return fphelp_what(IR_fsqrt, lane, 0, full, 0, 0);
    case IR_fvfma:  return fphelp_what(IR_fma, lane, 0, full, 0, (uint64_t)p->imm);
    case IR_fvmin:  return fphelp_what(IR_fmin, lane, 0, full, 0, (uint64_t)p->imm);
    case IR_fvmax:  return fphelp_what(IR_fmax, lane, 0, full, 0, (uint64_t)p->imm);
    case IR_fvcmp:  return fphelp_what(IR_fcmp, lane, 0, full, mode, 0);
    case IR_fvcvti:
        return fphelp_what(IR_fcvti, lane, integer[lane - IR_LH], full, mode, (uint64_t)p->imm);
    case IR_ivcvtf:
        return fphelp_what(IR_icvtf, lane, integer[lane - IR_LH], full, 0, (uint64_t)p->imm);
    case IR_fvrint: return fphelp_what(IR_frint, lane, 0, full, mode, (uint64_t)p->imm);
    case IR_fvwiden:  return fphelp_what(IR_fcvt, lane, lane + 1, full / 2, 0, 0);
    case IR_fvnarrow: return fphelp_what(IR_fcvt, lane, lane - 1, full, 0, 0);
    case IR_fvfmaw:   return fphelp_what(p->op, IR_LH, IR_LS, 4, 0, (uint64_t)p->imm);
    case IR_fvbfcvt:  return fphelp_what(p->op, IR_LS, IR_LH, 4, 0, 0);
    case IR_fvbfdot:  return fphelp_what(p->op, IR_LS, IR_LS, 4, 0, 0);
    }
    return 0;
}

/* regs: result (general from FP_GENERAL on), then operands or -1. */
static void cold_exact(struct emit *e, uint32_t i, const int *regs)
{
    struct codebuf *c = &e->cb;
    const struct ir_inst *p = emit_inst(e, i);
    for (unsigned k = 1; k <= 3; k++)
        if (regs[k] >= FP_GENERAL)
            x_rm(c, OP_MOV_RM_R, true, regs[k] - FP_GENERAL, scratch(16 * (k - 1)));
        else if (regs[k] >= 0)
            x_mem(e, OP_MOVUPS_S, regs[k], 0, scratch(16 * (k - 1)));
    uint64_t what = what_of(e, p);
    mov_mi32(c, false, scratch(FPHELP_WHAT), (int32_t)what);
    mov_mi32(c, false, scratch(FPHELP_WHAT + 4), (int32_t)(what >> 32));
    emit_cold_call(e, fphelp_run);
    if (regs[0] >= FP_GENERAL)
        x_rm(c, OP_MOV_R_RM, true, regs[0] - FP_GENERAL, scratch(FPHELP_RESULT));
    else
        x_mem(e, OP_MOVUPS_L, regs[0], 0, scratch(FPHELP_RESULT));
}
void fp_go_cold(struct emit *e, int cc, uint32_t i, int dst, int a, int b, int c)
{
    const int regs[6] = { dst, a, b, c };
    emit_cold(e, cc, cold_exact, i, regs);
}

/* A register beside those of the operation, for a moment: with all four scratch registers in use, a's. */
struct spare { int reg; bool aside; };
static struct spare take_spare(struct emit *e, int d, int a, int b, int c)
{
    uint32_t used = 1u << d | 1u << a | (b >= 0 ? 1u << b : 0) | (c >= 0 ? 1u << c : 0);
    if ((used & XMM_SCRATCH) != XMM_SCRATCH)
        return (struct spare){ rx_temp(e), false };
    x_mem(e, OP_MOVUPS_S, a, 0, scratch(FPHELP_TEMP));
    return (struct spare){ a, true };
}
static void give_back(struct emit *e, struct spare s) /* keeps EFLAGS */
{
    if (s.aside)
        x_mem(e, OP_MOVUPS_L, s.reg, 0, scratch(FPHELP_TEMP));
}

/* Where results are flushed: can the unrounded result be less than what it is rounded to? Sums of this size are exact. */
static bool may_be_tiny(const struct emit *e, uint32_t i)
{
    const struct ir_inst *p = &e->r->insts[i];
    switch (p->op) {
    case IR_fmul: case IR_fdiv: case IR_fma:
    case IR_fvmul: case IR_fvdiv: case IR_fvfma: case IR_fvnarrow:
        return true;
    case IR_fcvt:
        return p->type == IR_F32;
    }
    return false;
}

void fp_check(struct emit *e, uint32_t i, bool dbl, int d, int a, int b, int c)
{
    bool packed = e->v[i].class == CL_XMM && ir_type_of(e->r, i) == IR_V128;
    unsigned op = ps(dbl);
    struct spare t = { -1, false };
    if (__builtin_expect(!e->check_tiny, 1) || !may_be_tiny(e, i)) {
        if (!packed) {
            emit_x2(e, OP_UCOMIS | op, d, d);
        } else if (d >= 16) { /* a mask costs more than a vector: not where there is a choice */
            evex_unordered(&e->cb, dbl, d);
        } else {
            t = take_spare(e, d, a, b, c);
            emit_x3i(e, OP_CMPP | op, t.reg, d, d, CMP_UNORD);
            emit_x2(e, OP_PTEST, t.reg, t.reg);
            give_back(e, t);
        }
        fp_go_cold(e, packed ? CC_NE : CC_P, i, d, a, b, c);
        return;
    }
    /* The magnitude equals the least normal one, or is unordered with it. */
    uint64_t least = power(dbl, dbl ? -1022 : -126), sign = dbl ? 1ull << 63 : 0x8000000080000000;
    if (!dbl)
        least |= least << 32;
    t = take_spare(e, d, a, b, c);
    if (!e->hf->avx)
        emit_x2(e, OP_MOVAPS, t.reg, d);
    emit_const_op(e, OP_ANDPS, t.reg, e->hf->avx ? d : t.reg, ~sign, ~sign);
    if (!packed) {
        emit_const_op(e, OP_UCOMIS | op, t.reg, 0, least, least);
    } else if (e->hf->avx) {
        emit_const_op(e, OP_CMPP | op, t.reg, t.reg, least, least);
        emit_const_imm(e, CMP_EQ_UQ);
        emit_x2(e, OP_PTEST, t.reg, t.reg);
    } else { /* one after the other */
        emit_const_op(e, dbl ? OP_PCMPEQQ : OP_PCMPEQD, t.reg, t.reg, least, least);
        emit_x2(e, OP_PTEST, t.reg, t.reg);
        give_back(e, t);
        fp_go_cold(e, CC_NE, i, d, a, b, c);
        if (t.aside)
            x_mem(e, OP_MOVUPS_S, t.reg, 0, scratch(FPHELP_TEMP));
        emit_x3i(e, OP_CMPP | op, t.reg, d, d, CMP_UNORD);
        emit_x2(e, OP_PTEST, t.reg, t.reg);
    }
    give_back(e, t);
    fp_go_cold(e, packed ? CC_NE : CC_E, i, d, a, b, c);
}

/* For conversions and roundings: the one NaN that goes in comes out, quiet, as the guest has it, unless it wants default
 * NaNs (check_tiny). */
void fp_check_kept(struct emit *e, uint32_t i, bool dbl, int d, int a)
{
    if (e->check_tiny)
        fp_check(e, i, dbl, d, a, -1, -1);
}

/* --------------------------------------------------------- scalar arithmetic */

static bool upper_zero(const struct ir_region *r, ir_ref v, int depth);

/* Scalar instructions take the rest of the register from their first operand. Sums and products may
 * have it be either: the one whose rest is known to be 0. */
static unsigned first_operand(const struct ir_region *r, const struct ir_inst *p, int depth)
{
    return (p->op == IR_fadd || p->op == IR_fmul) && !upper_zero(r, p->arg[0], depth) &&
           upper_zero(r, p->arg[1], depth);
}

static bool upper_zero(const struct ir_region *r, ir_ref v, int depth)
{
    if (ir_is_const(v))
        return true;
    if (!depth--)
        return false;
    const struct ir_inst *p = &r->insts[v];
    switch (p->op) {
    case IR_load: case IR_bitsf: case IR_icvtf:
        return true;
    case IR_fadd: case IR_fmul:
        return upper_zero(r, p->arg[0], depth) || upper_zero(r, p->arg[1], depth);
    case IR_fmin: /* joined by or; max: by and */
        return p->type != IR_F16 && upper_zero(r, p->arg[0], depth) && upper_zero(r, p->arg[1], depth);
    case IR_fmax:
        return p->type != IR_F16 && (upper_zero(r, p->arg[0], depth) || upper_zero(r, p->arg[1], depth));
    case IR_select:
        return p->type != IR_F16 && upper_zero(r, p->arg[1], depth) && upper_zero(r, p->arg[2], depth);
    case IR_fsub: case IR_fdiv: case IR_fma: case IR_fsqrt: case IR_fneg: case IR_fabs:
        return p->type != IR_F16 && upper_zero(r, p->arg[0], depth);
    case IR_frint:
        return p->aux != IR_RN_TIES_AWAY && upper_zero(r, p->arg[0], depth);
    case IR_fcvt:
        return ir_type_of(r, p->arg[0]) == IR_F64 || (p->type == IR_F64 && upper_zero(r, p->arg[0], depth));
    case IR_vlow:
        if (ir_is_const(p->arg[0]))
            return false;
        p = &r->insts[p->arg[0]];
        return (p->op == IR_vzx && ir_type_of(r, p->arg[0]) == r->insts[v].type) ||
               (p->op == IR_vlow64 && r->insts[v].type == IR_F64);
    }
    return false;
}

bool emit_upper_zero(const struct ir_region *r, ir_ref v)
{
    return ir_type_of(r, v) != IR_F16 && upper_zero(r, v, 6);
}

static void binary(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (p->type == IR_F16 || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, -1);
        return;
    }
    if (first_operand(e->r, p, 6))
        emit_x3(e, op | ss(dbl), d, b, a);
    else
        emit_x3(e, op | ss(dbl), d, a, b);
    fp_check(e, i, dbl, d, a, b, -1);
}

/* Both orders agree but for zeros, where the signs are joined. NaNs jump over: min would signal
 * them. */
static void minmax(struct emit *e, uint32_t i, unsigned op, bool max)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (p->type == IR_F16 || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, -1);
        return;
    }
    int t = rx_temp(e);
    emit_x2(e, OP_UCOMIS | ps(dbl), a, b);
    uint8_t *over = jump_over(e, CC_P);
    emit_x3(e, op | ss(dbl), d, a, b);
    emit_x3(e, op | ss(dbl), t, b, a);
    emit_x3(e, max ? OP_ANDPS : OP_ORPS, d, d, t);
    bind_over(e, over);
    fp_go_cold(e, CC_P, i, d, a, b, -1);
}

static void fused(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    if (!e->hf->fma || p->type == IR_F16 || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, c);
        return;
    }
    emit_x2(e, OP_MOVAPS, d, a);
    v_rrr(&e->cb, fma_op(p->imm, false), dbl, d, b, c);
    fp_check(e, i, dbl, d, a, b, c);
}

static void unary(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (p->type == IR_F16 || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, -1, -1);
        return;
    }
    emit_x3(e, op | ss(dbl), d, a, a); /* the upper part comes from a: no dependence on d */
    fp_check(e, i, dbl, d, a, -1, -1);
}

/* Sign bit inverted (xor) or cleared (and). */
static void sign(struct emit *e, uint32_t i, bool invert)
{
    const struct ir_inst *p = emit_inst(e, i);
    uint64_t s = is_double(p->type) ? 1ull << 63 : p->type == IR_F32 ? 0x80000000u : 0x8000u;
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    if (!e->hf->avx && d != a)
        emit_x2(e, OP_MOVAPS, d, a);
    emit_const_op(e, invert ? OP_XORPS : OP_ANDPS, d, e->hf->avx ? a : d, invert ? s : ~s,
                  invert ? 0 : ~0ull);
}

static void round_scalar(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (p->type == IR_F16 || (p->aux == IR_RN_TIES_AWAY && p->imm) || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, -1, -1);
        return;
    }
    if (p->imm >> 8) { /* cold: not below 2^(bits-1); the inexact flag only if it is */
        int t = rx_temp(e), u = rx_temp(e);
        emit_x3i(e, OP_ROUNDPS + 2 + dbl, d, a, a, round_imm(p->aux) | ROUND_QUIET);
        emit_const_op(e, OP_MOVAPS, t, 0, power(dbl, (int)(p->imm >> 8) - 1), 0);
        emit_const_op(e, OP_MOVAPS, u, 0, dbl ? ~0ull >> 1 : ~0u >> 1, 0);
        emit_x3(e, OP_ANDPS, u, u, d);
        emit_x2(e, OP_UCOMIS | ps(dbl), t, u);
        uint8_t *over = jump_over(e, CC_BE);
        emit_x3i(e, OP_ROUNDPS + 2 + dbl, d, a, a, round_imm(p->aux));
        bind_over(e, over);
        fp_go_cold(e, CC_BE, i, d, a, -1, -1);
        return;
    }
    if (p->aux == IR_RN_TIES_AWAY) {
        /* cold: no fraction, or not a number; else the sign comes from the operand (zeros) */
        uint64_t limit = power(dbl, dbl ? 52 : 23), s = dbl ? 1ull << 63 : 1u << 31;
        int t = rx_temp(e);
        emit_const_op(e, OP_MOVAPS, d, 0, limit, 0);
        if (!e->hf->avx)
            emit_x2(e, OP_MOVAPS, t, a);
        emit_const_op(e, OP_ANDPS, t, e->hf->avx ? a : t, ~s, ~0ull);
        emit_x2(e, OP_UCOMIS | ps(dbl), d, t);
        uint8_t *over = jump_over(e, CC_BE);
        ties_away(e, dbl, true, d, t, a);
        emit_const_op(e, OP_ANDPS, d, d, ~s, ~0ull);
        if (!e->hf->avx)
            emit_x2(e, OP_MOVAPS, t, a);
        emit_const_op(e, OP_ANDPS, t, e->hf->avx ? a : t, s, 0);
        emit_x3(e, OP_ORPS, d, d, t);
        bind_over(e, over);
        fp_go_cold(e, CC_BE, i, d, a, -1, -1);
        return;
    }
    emit_x3i(e, OP_ROUNDPS + 2 + dbl, d, a, a, round_imm(p->aux) | (p->imm ? 0 : ROUND_QUIET));
    fp_check_kept(e, i, dbl, d, a);
}

/* Between formats. */
static void convert(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned from = ir_type_of(e->r, p->arg[0]);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (p->type == IR_F16 || from == IR_F16 || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, -1, -1);
        return;
    }
    if (is_double(from)) { /* bits above the result come from another register than a, which has more there */
        emit_x3(e, OP_XORPS, d, d, d);
        if (e->hf->avx)
            v_rrr(&e->cb, OP_CVTF | ss(true), false, d, d, a);
        else
            x_rr(&e->cb, OP_CVTF | ss(true), false, d, a);
    } else {
        emit_x3(e, OP_CVTF | ss(false), d, a, a);
    }
    fp_check_kept(e, i, is_double(p->type), d, a);
}

/* ----------------------------------------------------------------- comparison */

/* The flags in stored form: less 0x8100, equal 0x4000, greater 0, unordered 1 (ir_flags_to_slot), in
 * the guest's slot if that is where they go. Conditions compare again (emit_cond); without other
 * uses they do not come here. EFLAGS stay as the comparison left them. */
static void compare(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(ir_type_of(e->r, p->arg[0]));
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), hint = e->v[i].hint - 1;
    flags_clobber(e);
    if (e->exact_fp) {
        int t = ra_temp(e);
        fp_go_cold(e, -1, i, FP_GENERAL + t, a, b, -1);
        e->v[i].mem = ra_spill_slot(e, i);
        e->v[i].flags |= V_MEM;
        x_rm(&e->cb, OP_MOV_RM_R, false, t, mem_bd(STATE, e->v[i].mem));
        return;
    }
    if (!p->uses) { /* for the invalid-operation flag */
        emit_x2(e, (p->imm & 1 ? OP_COMIS : OP_UCOMIS) | ps(dbl), a, b);
        return;
    }
    int t = ra_temp(e), u = ra_temp(e);
    if (hint >= 0)
        ra_leave_slot(e, (unsigned)hint, i);
    int32_t disp = hint >= 0 ? e->home[hint].disp : ra_spill_slot(e, i);
    emit_x2(e, (p->imm & 1 ? OP_COMIS : OP_UCOMIS) | ps(dbl), a, b);
    alu_set(e, IR_fcmp, 0, 0, i, false);
    mov_ri(&e->cb, t, 0);
    static const struct { uint16_t slot; uint8_t cc; } form[3] = {
        { 0x4000, CC_E }, { 0x8100, CC_B }, { 0x0001, CC_P } /* the last that holds counts */
    };
    for (unsigned k = 0; k < 3; k++) {
        mov_ri(&e->cb, u, form[k].slot);
        x_rr(&e->cb, OP_CMOV | form[k].cc, false, t, u);
    }
    x_rm(&e->cb, hint >= 0 ? OP_MOV_RM_R16 : OP_MOV_RM_R, false, t, mem_bd(STATE, disp));
    e->v[i].mem = disp;
    e->v[i].flags |= V_MEM;
    if (hint >= 0)
        e->slotval[hint] = i;
}

/* ------------------------------------------------------- to and from integers */

/* Out of the range of 32 bits, modulo 2^32 (FJCVTZS): usual where JavaScript adds up integers. The invalid flag is set;
 * without its fraction, so that nothing is inexact, the operand goes through 64 bits. regs[4]: a register of the file. */
static void cold_modulo(struct emit *e, uint32_t i, const int *regs)
{
    struct codebuf *c = &e->cb;
    int d = regs[0] - FP_GENERAL;
    emit_x3i(e, OP_ROUNDPS + 3, regs[4], regs[1], regs[1], round_imm(IR_RN_ZERO) | ROUND_QUIET);
    x_gpr(e, OP_CVTTI | ss(true), true, d, 0, regs[4]);
    alu_ri(c, ALU_CMP, true, d, 1);
    uint8_t *over = jump_over(e, CC_NO);
    cold_exact(e, i, regs);
    bind_over(e, over);
    mov_rr(c, false, d, d);
}

/* Out of the range of a signed result, truncated or by MXCSR's mode: by the operand's sign the most or the least, which
 * may be exact; 0 for a NaN. The host has set the flags: invalid, or inexact for what comes to the least. */
static void cold_saturate(struct emit *e, uint32_t i, const int *regs)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = &e->cb;
    bool dbl = is_double(ir_type_of(e->r, p->arg[0])), w = p->type == IR_I64;
    int d = regs[0] - FP_GENERAL, a = regs[1];
    x_gpr(e, OP_MOVMSKPS | ps(dbl), false, d, 0, a);
    shift_ri(c, SH_SHL, w, d, w ? 63 : 31); /* lane 0's sign */
    shift_ri(c, SH_SAR, w, d, w ? 63 : 31);
    alu_ri(c, ALU_XOR, w, d, -2);
    shift_ri(c, SH_ROR, w, d, 1);
    emit_x2(e, OP_UCOMIS | ps(dbl), a, a);
    uint8_t *over = jump_over(e, CC_NP);
    mov_ri(c, d, 0);
    bind_over(e, over);
}

/* Signed results: cvtt gives the minimum where it fails. Unsigned ones: operands that are negative,
 * NaN or too large for a signed conversion to 64 bits have bit patterns above a bound. */
static void to_integer(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned from = ir_type_of(e->r, p->arg[0]), fraction = p->imm & 127, mode = p->aux;
    bool dbl = is_double(from), is_unsigned = p->imm & 0x80, w = p->type == IR_I64;
    struct codebuf *c = &e->cb;
    int a = rx_use(e, p->arg[0]), d = ra_def_clear(e, i);
    flags_clobber(e);
    if (from == IR_F16 || fraction || e->exact_fp) {
        fp_go_cold(e, -1, i, FP_GENERAL + d, a, -1, -1);
        return;
    }
    if (is_unsigned) {
        int t = ra_temp(e);
        /* below it no rounding can leave the range */
        uint64_t bound = power(dbl, w ? 63 : mode == IR_RN_ZERO ? 32 : 31);
        x_gpr(e, OP_MOVD_R_X, dbl, a, 0, d); /* movd/movq d, a: reg is the xmm */
        mov_ri(c, t, bound);
        alu_rr(c, ALU_CMP, dbl, d, t);
        w = true;
        uint8_t *over = NULL;
        if (mode == IR_RN_ZERO) {
            /* the conversion would set inexact for what is invalid */
            over = jump_over(e, CC_AE);
            x_gpr(e, OP_CVTTI | ss(dbl), w, d, 0, a);
            bind_over(e, over);
            fp_go_cold(e, CC_AE, i, FP_GENERAL + d, a, -1, -1);
            return;
        }
        int x = rx_temp(e);
        int y = mode == IR_RN_TIES_AWAY ? rx_temp(e) : -1;
        over = jump_over(e, CC_AE);
        if (mode == IR_RN_TIES_AWAY)
            ties_away(e, dbl, true, x, y, a);
        else
            emit_x3i(e, OP_ROUNDPS + 2 + dbl, x, a, a, round_imm(mode) | ROUND_QUIET);
        x_gpr(e, OP_CVTTI | ss(dbl), w, d, 0, a); /* for the inexact flag */
        x_gpr(e, OP_CVTTI | ss(dbl), w, d, 0, x);
        bind_over(e, over);
        fp_go_cold(e, CC_AE, i, FP_GENERAL + d, a, -1, -1);
        return;
    }
    if (mode == IR_RN_ZERO || mode == IR_RN_DYN) {
        bool modulo = p->imm & 0x100;
        const int regs[6] = { FP_GENERAL + d, a, -1, -1, modulo ? rx_temp(e) : -1 };
        x_gpr(e, (mode == IR_RN_ZERO ? OP_CVTTI : 0x2d | M0F) | ss(dbl), w, d, 0, a);
        alu_ri(c, ALU_CMP, w, d, 1);
        emit_cold(e, CC_O, modulo ? cold_modulo : cold_saturate, i, regs);
        return;
    }
    int x = rx_temp(e), t = ra_temp(e);
    if (mode == IR_RN_TIES_AWAY)
        ties_away(e, dbl, true, x, rx_temp(e), a);
    else
        emit_x3i(e, OP_ROUNDPS + 2 + dbl, x, a, a, round_imm(mode) | ROUND_QUIET);
    x_gpr(e, OP_CVTTI | ss(dbl), w, d, 0, x);
    alu_ri(c, ALU_CMP, w, d, 1);
    uint8_t *over = jump_over(e, CC_O);
    x_gpr(e, OP_CVTTI | ss(dbl), true, t, 0, a); /* for the inexact flag */
    bind_over(e, over);
    fp_go_cold(e, CC_O, i, FP_GENERAL + d, a, -1, -1);
}

/* Unsigned 64 bits with the top bit set: halved, the lost bit kept for rounding, doubled. regs: d,
 * s, t. */
static void cold_unsigned(struct emit *e, uint32_t i, const int *regs)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = &e->cb;
    bool dbl = is_double(p->type);
    mov_rr(c, true, regs[2], regs[1]);
    shift_ri(c, SH_SHR, true, regs[2], 1);
    uint8_t *over = NULL;
    x_rr(c, 0xba | M0F, true, 4, regs[1]); /* bt s, 0 */
    cb8(c, 0);
    over = jump_over(e, CC_AE);
    alu_ri(c, ALU_OR, true, regs[2], 1);
    bind_over(e, over);
    x_gpr(e, OP_CVTI | ss(dbl), true, regs[0], regs[0], regs[2]);
    emit_x3(e, OP_ADDP | ss(dbl), regs[0], regs[0], regs[0]);
}

static void from_integer(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = is_double(p->type), w = ir_type_of(e->r, p->arg[0]) == IR_I64;
    int fraction = (int)(p->imm & 127);
    int s = ra_use(e, p->arg[0]), d = rx_def(e, i);
    struct codebuf *c = &e->cb;
    if (p->type == IR_F16) {
        flags_clobber(e);
        fp_go_cold(e, -1, i, d, FP_GENERAL + s, -1, -1);
        return;
    }
    emit_x3(e, OP_XORPS, d, d, d);
    if (!(p->imm & 0x80)) {
        x_gpr(e, OP_CVTI | ss(dbl), w, d, d, s);
    } else if (!w) {
        int t = ra_temp(e);
        mov_rr(c, false, t, s); /* zero-extends */
        x_gpr(e, OP_CVTI | ss(dbl), true, d, d, t);
    } else {
        int t = ra_temp(e);
        flags_clobber(e);
        x_rr(c, OP_TEST, true, s, s);
        uint8_t *over = jump_over(e, CC_S);
        x_gpr(e, OP_CVTI | ss(dbl), true, d, d, s);
        bind_over(e, over);
        const int regs[6] = { d, s, t };
        emit_cold(e, CC_S, cold_unsigned, i, regs);
    }
    if (fraction)
        emit_const_op(e, OP_MULP | ss(dbl), d, d, power(dbl, -fraction), 0);
}

/* ----------------------------------------------------------------------- moves */

static void move(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned from = ir_type_of(e->r, p->arg[0]);
    switch (p->op) {
    case IR_fbits: {
        int a = rx_use(e, p->arg[0]), d = ra_def(e, i);
        x_gpr(e, OP_MOVD_R_X, from == IR_F64, a, 0, d);
        if (from == IR_F16)
            x_rr(&e->cb, OP_MOVZX16, false, d, d);
        return;
    }
    case IR_bitsf: {
        int a = ra_use(e, p->arg[0]), d = rx_def(e, i);
        if (p->type == IR_F16) {
            x_gpr(e, OP_MOVD_X_R, false, d, 0, a);
            emit_const_op(e, OP_ANDPS, d, d, 0xffff, 0);
            return;
        }
        x_gpr(e, OP_MOVD_X_R, p->type == IR_F64, d, 0, a);
        return;
    }
    case IR_vlow: {
        int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
        emit_x2(e, OP_MOVAPS, d, a);
        return;
    }
    case IR_vzx: {
        if (from == IR_I32 || from == IR_I64) {
            int a = ra_use(e, p->arg[0]), d = rx_def(e, i);
            x_gpr(e, OP_MOVD_X_R, from == IR_I64, d, 0, a);
            return;
        }
        int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
        if (from == IR_F64) {
            emit_x2(e, OP_MOVQ_L, d, a);
        } else if (from == IR_F32) {
            emit_x3i(e, OP_INSERTPS, d, a, a, 0x0e);
        } else {
            if (!e->hf->avx && d != a)
                emit_x2(e, OP_MOVAPS, d, a);
            emit_const_op(e, OP_ANDPS, d, e->hf->avx ? a : d, 0xffff, 0);
        }
        return;
    }
    }
}

bool emit_fp_op(struct emit *e, uint32_t i)
{
    if (emit_half_op(e, i) || emit_bfloat_op(e, i))
        return true;
    switch (emit_inst(e, i)->op) {
    case IR_fadd:  binary(e, i, OP_ADDP); return true;
    case IR_fsub:  binary(e, i, OP_SUBP); return true;
    case IR_fmul:  binary(e, i, OP_MULP); return true;
    case IR_fdiv:  binary(e, i, OP_DIVP); return true;
    case IR_fsqrt: unary(e, i, OP_SQRTP); return true;
    case IR_fma:   fused(e, i); return true;
    case IR_fmin:  minmax(e, i, OP_MINP, false); return true;
    case IR_fmax:  minmax(e, i, OP_MAXP, true); return true;
    case IR_fneg:  sign(e, i, true); return true;
    case IR_fabs:  sign(e, i, false); return true;
    case IR_fcmp:  compare(e, i); return true;
    case IR_fcvt:  convert(e, i); return true;
    case IR_fcvti: to_integer(e, i); return true;
    case IR_icvtf: from_integer(e, i); return true;
    case IR_frint: round_scalar(e, i); return true;
    case IR_fbits: case IR_bitsf: case IR_vzx: case IR_vlow: move(e, i); return true;
    }
    return emit_fpvec_op(e, i);
}
