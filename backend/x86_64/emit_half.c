/*
 * Code for half precision on hosts with F16C and AVX2 (others take the cold path): the operands are
 * widened, worked on in single precision and narrowed, eight lanes at a time in 256-bit registers.
 *
 * Why that is exact. With p = 11 bits of a half and q = 24 of a single, rounding a sum, product,
 * quotient or root first to q and then to p bits gives what one rounding gives, as q >= 2p + 2; where
 * the half is subnormal its p is less, and directed roundings agree always. All intermediate values
 * are normal singles, so FPCR.FZ (MXCSR's FTZ and DAZ), which is not for halves, changes nothing.
 * The first rounding is inexact only if the half is, so its flag is right; the others come from
 * vcvtps2ph. Sums never underflow: they are multiples of the least half.
 *
 * Fused operations: the product of two halves has 22 bits, exact in single precision. Its sum with the
 * addend is done in double. If that sum x is not exact, its bits span more than 53 places; each operand
 * has at most 22, so the smaller one lies below 2^-30 of the larger, which by magnitude must be the
 * addend (a product so large overflows whatever is added): x is next to a half, not to the middle
 * between two, and so is the double nearest it. The double is then rounded to odd at 24 bits (bit 29 |=
 * any lower bit, which are cleared), from which one rounding to p bits is right in every mode, since
 * 24 >= p + 2.
 *
 * To the cold path go: FZ16 mode (where it matters), NaN results, and the smallest normal number as a
 * result, for it may have been tiny before rounding. Minimum, maximum and comparisons are done on the
 * bits as integers, on any host.
 */
#include <string.h>
#include "emit_fp.h"

enum {
    CVTPH2PS = 0x13 | M38 | P66, CVTPS2PH = 0x1d | M3A | P66, CVTPS2PD = 0x5a | M0F,
    CVTPD2PS = 0x5a | M0F | P66, CVTPS2DQ_T = 0x5b | M0F | PF3, EXTRACTF128 = 0x19 | M3A | P66,
    INSERTF128 = 0x18 | M3A | P66, PACKSSDW = 0x6b | M0F | P66,
    PACKUSDW = 0x2b | M38 | P66, PMOVSXWD = 0x23 | M38 | P66, PMOVZXWD = 0x33 | M38 | P66,
    PADDQ = 0xd4 | M0F | P66, PAND = 0xdb | M0F | P66,
    POR = 0xeb | M0F | P66, PXOR = 0xef | M0F | P66, PCMPGTW = 0x65 | M0F | P66,
    PCMPEQW = 0x75 | M0F | P66, PMINSW = 0xea | M0F | P66, PMAXSW = 0xee | M0F | P66,
    PSUBW = 0xf9 | M0F | P66, PSHIFTW = 0x71 | M0F | P66, BY_MXCSR = 4,
};
#define SIGNS 0x8000800080008000u
#define MAGNITUDES 0x7fff7fff7fff7fffu
#define INFINITIES 0x7c007c007c007c00u
#define LEAST_NORMALS 0x0400040004000400u
static const uint64_t below = 0x1fffffff; /* bits of a double below a single's */

static bool able(const struct emit *e) { return e->hf->f16c && e->hf->avx2; }

/* 256-bit forms; of two operands: v = 0. */
static void y_rrr(struct emit *e, unsigned op, int reg, int v, int rm)
{
    asm_vex(&e->cb, op, false, 1, reg, v, 0, rm);
    cb8(&e->cb, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}
static void y_rrm(struct emit *e, unsigned op, int reg, int v, struct mem m)
{
    asm_vex(&e->cb, op, false, 1, reg, v, 0, m.base);
    asm_mem(&e->cb, reg, m, 0);
}
static void y_to_half(struct emit *e, int d, int s)
{
    y_rrr(e, CVTPS2PH, s, 0, d);
    cb8(&e->cb, BY_MXCSR);
}
static void y_done(struct emit *e) { cb8(&e->cb, 0xc5); cb8(&e->cb, 0xf8); cb8(&e->cb, 0x77); }
static void x_to_half(struct emit *e, int d, int s)
{
    v_rrr(&e->cb, CVTPS2PH, false, s, 0, d);
    cb8(&e->cb, BY_MXCSR);
}
static void to_single(struct emit *e, int d, int s) { v_rrr(&e->cb, CVTPH2PS, false, d, 0, s); }

/* d = the scalar a alone, as a single; negated. */
static void scalar_to_single(struct emit *e, int d, int a, bool negate)
{
    emit_const_op(e, PAND, d, a, 0xffff, 0);
    if (negate)
        emit_const_op(e, PXOR, d, d, 0x8000, 0);
    to_single(e, d, d);
}

/* EFLAGS: NE and AE if one of the mode bits is set. */
static void test_mode(struct emit *e, unsigned bits)
{
    x_rm(&e->cb, 0xf6, false, 0, mem_bd(STATE, CPU_DISP(fp_mode)));
    cb8(&e->cb, bits);
}
/* A long jump over what follows. */
static uint8_t *jump_far(struct emit *e, int cc)
{
    cb8(&e->cb, 0x0f);
    cb8(&e->cb, 0x80 | (unsigned)cc);
    cb32(&e->cb, 0);
    return e->cb.p;
}
static void bind_far(struct emit *e, uint8_t *from)
{
    uint32_t n = (uint32_t)(e->cb.p - from);
    memcpy(from - 4, &n, 4);
}

/* A register beside those in use; if there is none, victim, whose value is kept at scratch + 112 and
 * comes back with give_back (which keeps EFLAGS). */
struct extra { int reg; bool aside; };
static struct extra take_extra(struct emit *e, int victim)
{
    if ((e->xlock & XMM_SCRATCH) != XMM_SCRATCH)
        return (struct extra){ rx_temp(e), false };
    x_mem(e, OP_MOVUPS_S, victim, 0, scratch(FPHELP_TEMP + 16));
    return (struct extra){ victim, true };
}
static void give_back(struct emit *e, struct extra x)
{
    if (x.aside)
        x_mem(e, OP_MOVUPS_L, x.reg, 0, scratch(FPHELP_TEMP + 16));
}

/* EFLAGS: NE if a lane of d is a NaN, or (tiny) the least normal number. t: another register. */
static void check_lanes(struct emit *e, int d, int t, bool tiny)
{
    if (tiny) {
        emit_const_op(e, PAND, t, d, MAGNITUDES, MAGNITUDES);
        emit_const_op(e, PCMPEQW, t, t, LEAST_NORMALS, LEAST_NORMALS);
        x_mem(e, OP_MOVUPS_S, t, 0, scratch(FPHELP_TEMP));
    }
    emit_const_op(e, PAND, t, d, MAGNITUDES, MAGNITUDES);
    emit_const_op(e, PCMPGTW, t, t, INFINITIES, INFINITIES);
    if (tiny)
        x_mem(e, POR, t, t, scratch(FPHELP_TEMP));
    emit_x2(e, OP_PTEST, t, t);
}

/* EFLAGS: AE if the scalar half d is a NaN, or (tiny) the least normal number. The jump that may be
 * taken over the last comparison, to be bound behind it. */
static uint8_t *check_half(struct emit *e, int d, bool tiny)
{
    int g = ra_temp(e);
    uint8_t *over = NULL;
    x_gpr(e, OP_MOVD_R_X, false, d, 0, g);
    alu_ri(&e->cb, ALU_AND, false, g, 0x7fff);
    if (tiny) {
        alu_ri(&e->cb, ALU_CMP, false, g, 0x0400);
        over = jump_over(e, CC_E);
    }
    alu_ri(&e->cb, ALU_CMP, false, g, 0x7c01);
    return over;
}

/* ------------------------------------------------------------ sums and products */

static bool scalar_binary(struct emit *e, uint32_t i, unsigned op, bool tiny)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    int t = rx_temp(e);
    flags_clobber(e);
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_over(e, CC_NE);
    scalar_to_single(e, d, a, false);
    scalar_to_single(e, t, b, false);
    emit_x3(e, op | PF3, d, d, t);
    x_to_half(e, d, d);
    uint8_t *found = check_half(e, d, tiny);
    bind_over(e, over);
    if (found)
        bind_over(e, found);
    fp_go_cold(e, CC_AE, i, d, a, b, -1);
    return true;
}

static bool vector_binary(struct emit *e, uint32_t i, unsigned op, bool tiny)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    int t = rx_temp(e);
    flags_clobber(e);
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_over(e, CC_NE);
    y_rrr(e, CVTPH2PS, d, 0, a);
    y_rrr(e, CVTPH2PS, t, 0, b);
    y_rrr(e, op, d, d, t);
    y_to_half(e, d, d);
    y_done(e);
    check_lanes(e, d, t, tiny);
    bind_over(e, over);
    fp_go_cold(e, CC_NE, i, d, a, b, -1);
    return true;
}

/* ------------------------------------------------------------------------ fused */

static bool scalar_fused(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    struct extra x = take_extra(e, a);
    int t = x.reg;
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_far(e, CC_NE);
    scalar_to_single(e, d, a, p->imm & 1);
    scalar_to_single(e, t, b, false);
    emit_x3(e, OP_MULP | PF3, d, d, t);
    emit_x3(e, CVTPS2PD | PF3, d, d, d);
    scalar_to_single(e, t, c, p->imm & 2);
    emit_x3(e, CVTPS2PD | PF3, t, t, t);
    emit_x3(e, OP_ADDP | PF2, d, d, t);
    emit_const_op(e, PAND, t, d, below, 0);
    emit_const_op(e, PADDQ, t, t, below, 0);
    emit_x3(e, POR, d, d, t);
    emit_const_op(e, PAND, d, d, ~below, 0);
    emit_x2(e, CVTPD2PS, d, d); /* of zero in the other lane */
    x_to_half(e, d, d);
    uint8_t *found = check_half(e, d, true);
    bind_far(e, over);
    bind_over(e, found);
    give_back(e, x);
    fp_go_cold(e, CC_AE, i, d, a, b, c);
    return true;
}

/* d = four sums of products and addends (singles at scratch + at and + at + 32) as singles rounded to
 * odd; the mask is at scratch + 64. t: another register. */
static void four_sums(struct emit *e, int d, int t, unsigned at)
{
    struct mem mask = scratch(64);
    y_rrm(e, CVTPS2PD, d, 0, scratch(at));
    y_rrm(e, CVTPS2PD, t, 0, scratch(at + 32));
    y_rrr(e, OP_ADDP | P66, d, d, t);
    y_rrm(e, PAND, t, d, mask);
    y_rrm(e, PADDQ, t, t, mask);
    y_rrr(e, POR, d, d, t);
    y_rrm(e, PAND, t, d, mask);
    y_rrr(e, PXOR, d, d, t);
    y_rrr(e, CVTPD2PS, d, 0, d);
}

static bool vector_fused(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    struct extra x = take_extra(e, a);
    int t = x.reg;
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_far(e, CC_NE);
    if (p->imm & 1)
        emit_const_op(e, PXOR, d, a, SIGNS, SIGNS);
    y_rrr(e, CVTPH2PS, d, 0, p->imm & 1 ? d : a);
    y_rrr(e, CVTPH2PS, t, 0, b);
    y_rrr(e, OP_MULP, d, d, t);
    y_rrm(e, OP_MOVUPS_S, d, 0, scratch(0));
    if (p->imm & 2)
        emit_const_op(e, PXOR, d, c, SIGNS, SIGNS);
    y_rrr(e, CVTPH2PS, d, 0, p->imm & 2 ? d : c);
    y_rrm(e, OP_MOVUPS_S, d, 0, scratch(32));
    emit_const_op(e, OP_MOVAPS, t, 0, below, below);
    y_rrr(e, INSERTF128, t, t, t); /* one store, so that the loads get their data from it */
    cb8(&e->cb, 1);
    y_rrm(e, OP_MOVUPS_S, t, 0, scratch(64));
    four_sums(e, d, t, 16);
    x_mem(e, OP_MOVUPS_S, d, 0, scratch(FPHELP_TEMP));
    four_sums(e, d, t, 0);
    y_rrm(e, INSERTF128, d, d, scratch(FPHELP_TEMP));
    cb8(&e->cb, 1);
    y_to_half(e, d, d);
    y_done(e);
    check_lanes(e, d, t, true);
    bind_far(e, over);
    give_back(e, x);
    fp_go_cold(e, CC_NE, i, d, a, b, c);
    return true;
}

/* Products of halves, exact in single precision, added there. */
static bool vector_fused_wide(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    struct extra x = take_extra(e, a);
    int t = x.reg;
    test_mode(e, IR_FP_FLUSH_HALF | IR_FP_FLUSH);
    uint8_t *over = jump_over(e, CC_NE);
    to_single(e, d, a);
    to_single(e, t, b);
    emit_x3(e, OP_MULP, d, d, t);
    emit_x3(e, p->imm & 1 ? OP_SUBP : OP_ADDP, d, p->imm & 1 ? c : d, p->imm & 1 ? d : c);
    emit_x3i(e, OP_CMPP, t, d, d, CMP_UNORD);
    emit_x2(e, OP_PTEST, t, t);
    bind_over(e, over);
    give_back(e, x);
    fp_go_cold(e, CC_NE, i, d, a, b, c);
    return true;
}

/* ----------------------------------------- minimum, maximum, comparison as integers */

/* d = a op constant, on any host. */
static void copy_op(struct emit *e, unsigned op, int d, int a, uint64_t lo, uint64_t hi)
{
    if (!e->hf->avx)
        emit_x2(e, OP_MOVAPS, d, a);
    emit_const_op(e, op, d, e->hf->avx ? a : d, lo, hi);
}
/* d = the signs of a in all bits of the lanes. */
static void sign_lanes(struct emit *e, int d, int a)
{
    if (e->hf->avx) {
        v_rrr(&e->cb, PSHIFTW, false, 4, d, a);
    } else {
        emit_x2(e, OP_MOVAPS, d, a);
        x_rr(&e->cb, PSHIFTW, false, 4, d);
    }
    cb8(&e->cb, 15);
}

/* EFLAGS: NE if a or b is a NaN, of a scalar in lane 0 alone. d, t: other registers. */
static void check_operands(struct emit *e, bool scalar, int d, int t, int a, int b)
{
    uint64_t lo = scalar ? 0x7fff : MAGNITUDES, hi = scalar ? 0 : MAGNITUDES;
    copy_op(e, PAND, t, a, lo, hi);
    copy_op(e, PAND, d, b, lo, hi);
    emit_x3(e, PMAXSW, t, t, d);
    emit_const_op(e, PCMPGTW, t, t, INFINITIES, INFINITIES);
    emit_x2(e, OP_PTEST, t, t);
}

/* d = a, whose order as integers is that of numbers; -0 is below +0. Is its own inverse. d is not a. */
static void ordered(struct emit *e, int d, int a)
{
    sign_lanes(e, d, a);
    emit_const_op(e, PAND, d, d, MAGNITUDES, MAGNITUDES);
    emit_x3(e, PXOR, d, d, a);
}

static bool minmax(struct emit *e, uint32_t i, bool scalar, bool max)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    int t = rx_temp(e);
    flags_clobber(e);
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_far(e, CC_NE);
    check_operands(e, scalar, d, t, a, b);
    uint8_t *nan = jump_far(e, CC_NE);
    ordered(e, t, a);
    ordered(e, d, b);
    emit_x3(e, max ? PMAXSW : PMINSW, t, t, d);
    ordered(e, d, t);
    bind_far(e, over);
    bind_far(e, nan);
    fp_go_cold(e, CC_NE, i, d, a, b, -1);
    return true;
}

/* t = a in two's complement: both zeros are 0. u: another register. */
static void complement(struct emit *e, int t, int u, int a)
{
    sign_lanes(e, u, a);
    copy_op(e, PAND, t, a, MAGNITUDES, MAGNITUDES);
    emit_x3(e, PXOR, t, t, u);
    emit_x3(e, PSUBW, t, t, u);
}

static bool compare(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned cc = p->aux >> 8 & 15;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    flags_clobber(e);
    int t = rx_temp(e);
    struct extra x = take_extra(e, a);
    int u = x.reg;
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_far(e, CC_NE);
    check_operands(e, false, d, t, a, b);
    uint8_t *nan = jump_far(e, CC_NE);
    complement(e, t, d, a);
    complement(e, d, u, b);
    if (cc == IR_EQ) {
        emit_x3(e, PCMPEQW, d, d, t);
    } else if (cc == IR_GT) {
        emit_x3(e, PCMPGTW, t, t, d);
        emit_x2(e, OP_MOVAPS, d, t);
    } else { /* not b > a */
        emit_x3(e, PCMPGTW, d, d, t);
        emit_const_op(e, PXOR, d, d, ~0ull, ~0ull);
    }
    bind_far(e, over);
    bind_far(e, nan);
    give_back(e, x);
    fp_go_cold(e, CC_NE, i, d, a, b, -1);
    return true;
}

/* ------------------------------------------------------------- one operand, vectors */

static bool vector_unary(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned mode = p->aux >> 8 & 15;
    bool is_unsigned = p->imm >> 7 & 1, away = mode == IR_RN_TIES_AWAY;
    if (p->op == IR_fvrint ? p->imm > !away : p->imm & ~0x80)
        return false; /* with fractions, or more than a rounding: exactly */
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    flags_clobber(e);
    if (p->op == IR_ivcvtf) { /* integers of 16 bits are exact singles and no small numbers */
        y_rrr(e, is_unsigned ? PMOVZXWD : PMOVSXWD, d, 0, a);
        y_rrr(e, OP_CVTDQ2PS, d, 0, d);
        y_to_half(e, d, d);
        y_done(e);
        return true;
    }
    test_mode(e, IR_FP_FLUSH_HALF);
    uint8_t *over = jump_far(e, CC_NE), *range = NULL;
    if (p->op == IR_fvcvti) { /* signed: cold from 2^15 on; unsigned: if negative or no number */
        if (is_unsigned) {
            sign_lanes(e, t, a);
            emit_x3(e, POR, t, t, a);
            emit_const_op(e, PAND, t, t, MAGNITUDES, MAGNITUDES);
            emit_const_op(e, PCMPGTW, t, t, 0x7bff7bff7bff7bff, 0x7bff7bff7bff7bff);
        } else {
            emit_const_op(e, PAND, t, a, MAGNITUDES, MAGNITUDES);
            emit_const_op(e, PCMPGTW, t, t, 0x77ff77ff77ff77ff, 0x77ff77ff77ff77ff);
        }
        emit_x2(e, OP_PTEST, t, t);
        range = jump_far(e, CC_NE);
    }
    if (away) { /* half a unit more, exactly, then truncated */
        emit_const_op(e, PAND, t, a, SIGNS, SIGNS);
        emit_const_op(e, POR, t, t, 0x3800380038003800, 0x3800380038003800);
        y_rrr(e, CVTPH2PS, t, 0, t);
    }
    y_rrr(e, CVTPH2PS, d, 0, a);
    if (p->op == IR_fvsqrt) {
        y_rrr(e, OP_SQRTP, d, 0, d);
    } else {
        if (away) {
            y_rrr(e, OP_ADDP, t, d, t);
            if (p->op == IR_fvcvti)
                y_rrr(e, CVTPS2DQ_T, d, 0, d); /* for the inexact flag */
        }
        bool quiet = away || (p->op == IR_fvrint && !p->imm);
        y_rrr(e, OP_ROUNDPS, d, 0, away ? t : d);
        cb8(&e->cb, (away ? 3u : round_imm(mode)) | (quiet ? ROUND_QUIET : 0u));
    }
    if (p->op == IR_fvcvti) {
        y_rrr(e, CVTPS2DQ_T, d, 0, d);
        y_rrr(e, EXTRACTF128, d, 0, t);
        cb8(&e->cb, 1);
        emit_x3(e, is_unsigned ? PACKUSDW : PACKSSDW, d, d, t);
        y_done(e);
    } else {
        y_to_half(e, d, d);
        y_done(e);
        check_lanes(e, d, t, false);
    }
    bind_far(e, over);
    if (range)
        bind_far(e, range);
    fp_go_cold(e, CC_NE, i, d, a, -1, -1);
    return true;
}

/* ----------------------------------------------------------------- between formats */

/* Four lanes. Modes that change NaNs or the format are done exactly. */
static bool vector_convert(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool widens = p->op == IR_fvwiden;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    flags_clobber(e);
    test_mode(e, IR_FP_AHP | IR_FP_DEFAULT_NAN | (widens ? 0 : IR_FP_FLUSH));
    uint8_t *over = jump_over(e, CC_NE);
    if (widens) {
        to_single(e, d, a);
    } else {
        x_to_half(e, d, a);
        emit_const_op(e, PAND, t, d, MAGNITUDES, MAGNITUDES);
        emit_const_op(e, PCMPEQW, t, t, LEAST_NORMALS, LEAST_NORMALS);
        emit_x2(e, OP_PTEST, t, t);
    }
    bind_over(e, over);
    fp_go_cold(e, CC_NE, i, d, a, -1, -1);
    return true;
}

/* Scalars; imm 1: as in arithmetic. A double is rounded to odd on its way. */
static bool scalar_convert(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned from = ir_type_of(e->r, p->arg[0]);
    unsigned modes = IR_FP_DEFAULT_NAN | (p->imm ? IR_FP_FLUSH_HALF : IR_FP_AHP);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if (from == IR_F16) {
        test_mode(e, modes);
        uint8_t *over = jump_over(e, CC_NE);
        scalar_to_single(e, d, a, false);
        if (p->type == IR_F64)
            emit_x3(e, CVTPS2PD | PF3, d, d, d);
        bind_over(e, over);
        fp_go_cold(e, CC_NE, i, d, a, -1, -1);
        return true;
    }
    int t = rx_temp(e), g = ra_temp(e);
    test_mode(e, modes | IR_FP_FLUSH);
    uint8_t *over = jump_over(e, CC_NE);
    if (from == IR_F64) {
        emit_const_op(e, PAND, t, a, below, 0);
        emit_const_op(e, PADDQ, t, t, below, 0);
        emit_x3(e, POR, t, t, a);
        emit_const_op(e, PAND, t, t, ~below, 0);
        emit_x2(e, CVTPD2PS, d, t);
    } else {
        emit_const_op(e, PAND, d, a, ~0u, 0);
    }
    x_to_half(e, d, d);
    x_gpr(e, OP_MOVD_R_X, false, d, 0, g);
    alu_ri(&e->cb, ALU_AND, false, g, 0x7fff);
    alu_ri(&e->cb, ALU_CMP, false, g, 0x0400);
    uint8_t *least = jump_over(e, CC_E);
    alu_ri(&e->cb, ALU_CMP, false, g, 0x8000); /* below */
    bind_over(e, least);
    bind_over(e, over);
    fp_go_cold(e, CC_AE, i, d, a, -1, -1);
    return true;
}

bool emit_half_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool scalar = p->type == IR_F16, lanes = p->op >= IR_fvadd && (p->aux & 7) == IR_LH;
    switch (p->op) {
    case IR_fmin:  return scalar && minmax(e, i, true, false);
    case IR_fmax:  return scalar && minmax(e, i, true, true);
    case IR_fvmin: return lanes && minmax(e, i, false, false);
    case IR_fvmax: return lanes && minmax(e, i, false, true);
    case IR_fvcmp: return lanes && compare(e, i);
    }
    if (!able(e))
        return false;
    switch (p->op) {
    case IR_fadd:  return scalar && scalar_binary(e, i, OP_ADDP, false);
    case IR_fsub:  return scalar && scalar_binary(e, i, OP_SUBP, false);
    case IR_fmul:  return scalar && scalar_binary(e, i, OP_MULP, true);
    case IR_fdiv:  return scalar && scalar_binary(e, i, OP_DIVP, true);
    case IR_fma:   return scalar && scalar_fused(e, i);
    case IR_fvadd: return lanes && vector_binary(e, i, OP_ADDP, false);
    case IR_fvsub: return lanes && vector_binary(e, i, OP_SUBP, false);
    case IR_fvmul: return lanes && vector_binary(e, i, OP_MULP, true);
    case IR_fvdiv: return lanes && vector_binary(e, i, OP_DIVP, true);
    case IR_fvfma: return lanes && vector_fused(e, i);
    case IR_fvfmaw: return vector_fused_wide(e, i);
    case IR_fvsqrt: case IR_fvrint: case IR_fvcvti: case IR_ivcvtf:
        return lanes && vector_unary(e, i);
    case IR_fvwiden:  return lanes && vector_convert(e, i);
    case IR_fvnarrow: return (p->aux & 7) == IR_LS && vector_convert(e, i);
    case IR_fcvt:
        return (scalar || ir_type_of(e->r, p->arg[0]) == IR_F16) && scalar_convert(e, i);
    }
    return false;
}
