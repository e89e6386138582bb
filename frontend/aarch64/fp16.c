/*
 * Half precision, FEAT_FP16: scalars, vectors and the scalar forms in the vectors' encoding space
 * (Arm ARM C4.1, "Data Processing -- Scalar Floating-Point and Advanced SIMD"; rows in fp16.decode).
 *
 * Operations on two or three operands are the IR's of type f16 and lane LH, since the choice among
 * NaNs wants the operands as they are. Those of one operand go through single precision, to which a
 * half widens exactly: the root rounds twice, which is harmless because 24 >= 2 * 11 + 2 bits;
 * comparisons, rounding to integers and conversions to integers depend on the value alone.
 * IR_fcvt with imm = 1 is the manual's FPUnpack and FPRound: FZ16 counts there, AHP does not.
 *
 * As in simd_fp.c, lanes that do not belong to the operation raise no exception.
 */
#include "simd_est.h"

enum { H = 1, UNSIGNED = 0x80 };

static ir_ref get_h(struct tr *t, unsigned n) { return ir1(t->r, IR_vlow, IR_F16, get_v(t, n)); }
static bool set_f(struct tr *t, unsigned n, ir_ref v)
{
    ir_set(t->r, A64_V(n), ir1(t->r, IR_vzx, IR_V128, v));
    return true;
}
static ir_ref widened(struct tr *t, ir_ref v) { return ir1i(t->r, IR_fcvt, IR_F32, v, 1); }
static ir_ref narrowed(struct tr *t, ir_ref v) { return ir1i(t->r, IR_fcvt, IR_F16, v, 1); }

/* --------------------------------------------------------- scalar arithmetic */

static bool h2(struct tr *t, unsigned rd, enum ir_op op, unsigned rn, unsigned rm, int64_t imm)
{
    return set_f(t, rd, ir2i(t->r, op, IR_F16, get_h(t, rn), get_h(t, rm), imm));
}
static bool h1(struct tr *t, unsigned rd, enum ir_op op, unsigned rn)
{
    return set_f(t, rd, ir1(t->r, op, IR_F16, get_h(t, rn)));
}
static ir_ref then(struct tr *t, enum ir_op op, ir_ref v) { return ir1(t->r, op, IR_F16, v); }
/* negate: bit 0 the product, bit 1 the addend. */
static bool fused(struct tr *t, unsigned rd, unsigned rn, unsigned rm, unsigned ra, int64_t negate)
{
    return set_f(t, rd, ir_emit(t->r, IR_fma, IR_F16, get_h(t, rn), get_h(t, rm), get_h(t, ra), 0, 0,
                                negate));
}
static bool root(struct tr *t, unsigned rd, unsigned rn)
{
    return set_f(t, rd, narrowed(t, ir1(t->r, IR_fsqrt, IR_F32, widened(t, get_h(t, rn)))));
}
static bool integral(struct tr *t, unsigned rd, unsigned rn, enum ir_round mode, bool exact)
{
    ir_ref v = widened(t, get_h(t, rn));
    return set_f(t, rd, narrowed(t, ir_emit(t->r, IR_frint, IR_F32, v, 0, 0, 0, mode, exact)));
}

ROW(FADD_fh,   h2(t, a->rd, IR_fadd, a->rn, a->rm, 0))
ROW(FSUB_fh,   h2(t, a->rd, IR_fsub, a->rn, a->rm, 0))
ROW(FMUL_fh,   h2(t, a->rd, IR_fmul, a->rn, a->rm, 0))
ROW(FDIV_fh,   h2(t, a->rd, IR_fdiv, a->rn, a->rm, 0))
ROW(FMAX_fh,   h2(t, a->rd, IR_fmax, a->rn, a->rm, 0))
ROW(FMIN_fh,   h2(t, a->rd, IR_fmin, a->rn, a->rm, 0))
ROW(FMAXNM_fh, h2(t, a->rd, IR_fmax, a->rn, a->rm, 1))
ROW(FMINNM_fh, h2(t, a->rd, IR_fmin, a->rn, a->rm, 1))
ROW(FNMUL_fh,  set_f(t, a->rd, then(t, IR_fneg, ir2(t->r, IR_fmul, IR_F16, get_h(t, a->rn),
                                                    get_h(t, a->rm)))))
ROW(FABS_fh,   h1(t, a->rd, IR_fabs, a->rn))
ROW(FNEG_fh,   h1(t, a->rd, IR_fneg, a->rn))
ROW(FSQRT_fh,  root(t, a->rd, a->rn))
ROW(FMADD_fh,  fused(t, a->rd, a->rn, a->rm, a->ra, 0))
ROW(FMSUB_fh,  fused(t, a->rd, a->rn, a->rm, a->ra, 1))
ROW(FNMADD_fh, fused(t, a->rd, a->rn, a->rm, a->ra, 3))
ROW(FNMSUB_fh, fused(t, a->rd, a->rn, a->rm, a->ra, 2))
ROW(FRINTN_fh, integral(t, a->rd, a->rn, IR_RN_TIES_EVEN, false))
ROW(FRINTP_fh, integral(t, a->rd, a->rn, IR_RN_UP, false))
ROW(FRINTM_fh, integral(t, a->rd, a->rn, IR_RN_DOWN, false))
ROW(FRINTZ_fh, integral(t, a->rd, a->rn, IR_RN_ZERO, false))
ROW(FRINTA_fh, integral(t, a->rd, a->rn, IR_RN_TIES_AWAY, false))
ROW(FRINTX_fh, integral(t, a->rd, a->rn, IR_RN_DYN, true))
ROW(FRINTI_fh, integral(t, a->rd, a->rn, IR_RN_DYN, false))

/* ------------------------------------------------- comparison and selection */

static ir_ref compare_values(struct tr *t, ir_ref x, ir_ref y, bool signalling)
{
    return ir2i(t->r, IR_fcmp, IR_FLG, widened(t, x), widened(t, y), signalling);
}
static bool compare(struct tr *t, unsigned rn, unsigned rm, bool signalling)
{
    set_nzcv(t, compare_values(t, get_h(t, rn), get_h(t, rm), signalling));
    return true;
}
static bool compare_0(struct tr *t, unsigned rn, bool signalling)
{
    ir_ref zero = ir_const(t->r, IR_F32, 0);
    set_nzcv(t, ir2i(t->r, IR_fcmp, IR_FLG, widened(t, get_h(t, rn)), zero, signalling));
    return true;
}
static ir_ref choose(struct tr *t, unsigned cond, ir_ref x, ir_ref y)
{
    return cond >= 14 ? x : ir3(t->r, IR_select, IR_F16, cond_holds(t, cond), x, y);
}
/* Where the condition fails, zeros are compared: no exception. */
static bool compare_if(struct tr *t, unsigned cond, unsigned rn, unsigned rm, unsigned nzcv,
                       bool signalling)
{
    ir_ref zero = ir_const(t->r, IR_F16, 0);
    ir_ref f = compare_values(t, choose(t, cond, get_h(t, rn), zero),
                              choose(t, cond, get_h(t, rm), zero), signalling);
    if (cond < 14) {
        ir_ref other = ir1(t->r, IR_flpack, IR_FLG, imm_w(t, (uint32_t)nzcv << 28));
        f = ir3(t->r, IR_flsel, IR_FLG, cond_holds(t, cond), f, other);
    }
    set_nzcv(t, f);
    return true;
}
ROW(FCMP_fh,   compare(t, a->rn, a->rm, false))
ROW(FCMPE_fh,  compare(t, a->rn, a->rm, true))
ROW(FCMP_fzh,  compare_0(t, a->rn, false))
ROW(FCMPE_fzh, compare_0(t, a->rn, true))
ROW(FCCMP_fh,  compare_if(t, a->cond, a->rn, a->rm, a->nzcv, false))
ROW(FCCMPE_fh, compare_if(t, a->cond, a->rn, a->rm, a->nzcv, true))
ROW(FCSEL_fh,  set_f(t, a->rd, choose(t, a->cond, get_h(t, a->rn), get_h(t, a->rm))))

/* ------------------------------------------------------- general registers */

static bool to_integer(struct tr *t, bool sf, unsigned rn, unsigned rd, enum ir_round mode,
                       int64_t imm)
{
    ir_ref v = widened(t, get_h(t, rn));
    set_r(t, sf, rd, ir_emit(t->r, IR_fcvti, type_of(sf), v, 0, 0, 0, mode, imm));
    return true;
}
/* All from 2^17 on overflow alike, in whatever rounding mode: they are limited to 2^20, which like
 * all smaller integers is exact in single precision, so that rounding is done once. */
static bool from_integer(struct tr *t, bool sf, unsigned rn, unsigned rd, bool is_unsigned)
{
    ir_ref v = get_r(t, sf, rn), top = imm_r(t, sf, 1 << 20);
    v = ir3(t->r, IR_select, type_of(sf), ir_icmp(t->r, is_unsigned ? IR_HI : IR_GT, v, top), top, v);
    if (!is_unsigned) {
        ir_ref bottom = imm_r(t, sf, -(uint64_t)(1 << 20));
        v = ir3(t->r, IR_select, type_of(sf), ir_icmp(t->r, IR_LT, v, bottom), bottom, v);
    }
    if (sf)
        v = ir1(t->r, IR_trunc, IR_I32, v);
    return set_f(t, rd, narrowed(t, ir1(t->r, IR_icvtf, IR_F32, v)));
}
static bool to_fixed(struct tr *t, bool sf, unsigned rn, unsigned rd, unsigned scale, int64_t sign)
{
    return (sf || scale >= 32) && to_integer(t, sf, rn, rd, IR_RN_ZERO, sign | (64 - scale));
}
static bool from_fixed(struct tr *t, bool sf, unsigned rn, unsigned rd, unsigned scale, int64_t sign)
{
    return (sf || scale >= 32) &&
           set_f(t, rd, ir1i(t->r, IR_icvtf, IR_F16, get_r(t, sf, rn), sign | (64 - scale)));
}
static bool to_general(struct tr *t, bool sf, unsigned rn, unsigned rd)
{
    ir_ref v = ir1(t->r, IR_fbits, IR_I32, get_h(t, rn));
    set_r(t, sf, rd, sf ? ir1i(t->r, IR_zext, IR_I64, v, 32) : v);
    return true;
}
#define TO_INTEGER(n, mode)                                                                        \
    ROW(n##S_xh, to_integer(t, a->sf, a->rn, a->rd, mode, 0))                                      \
    ROW(n##U_xh, to_integer(t, a->sf, a->rn, a->rd, mode, UNSIGNED))
TO_INTEGER(FCVTN, IR_RN_TIES_EVEN)
TO_INTEGER(FCVTP, IR_RN_UP)
TO_INTEGER(FCVTM, IR_RN_DOWN)
TO_INTEGER(FCVTZ, IR_RN_ZERO)
TO_INTEGER(FCVTA, IR_RN_TIES_AWAY)
ROW(SCVTF_xh,   from_integer(t, a->sf, a->rn, a->rd, false))
ROW(UCVTF_xh,   from_integer(t, a->sf, a->rn, a->rd, true))
ROW(FCVTZS_xih, to_fixed(t, a->sf, a->rn, a->rd, a->scale, 0))
ROW(FCVTZU_xih, to_fixed(t, a->sf, a->rn, a->rd, a->scale, UNSIGNED))
ROW(SCVTF_xih,  from_fixed(t, a->sf, a->rn, a->rd, a->scale, 0))
ROW(UCVTF_xih,  from_fixed(t, a->sf, a->rn, a->rd, a->scale, UNSIGNED))
ROW(FMOV_fh,    set_f(t, a->rd, get_h(t, a->rn)))
ROW(FMOV_xh,    to_general(t, a->sf, a->rn, a->rd))
ROW(FMOV_hx,    set_f(t, a->rd, ir1(t->r, IR_bitsf, IR_F16, get_w(t, a->rn))))

/* VFPExpandImm. */
static uint64_t expand(unsigned imm8)
{
    return (imm8 >> 7) << 15 | (imm8 >> 6 & 1 ? 3u << 12 : 1u << 14) | (imm8 & 0x3f) << 6;
}
ROW(FMOV_fih, (ir_set(t->r, A64_V(a->rd), ir_const128(t->r, IR_V128, expand(a->imm8), 0)), true))
ROW(FMOV_vih, set_v(t, a->rd, a->q, vconst(t, H, expand(a->abc << 5 | a->defgh))))

/* ------------------------------------------------------------------ vectors */

/* Operands: of 128 (q) or 64 bits, or a scalar with other lanes 0. */
static ir_ref operand(struct tr *t, bool q, unsigned n)
{
    ir_ref v = get_v(t, n);
    return q ? v : ir1(t->r, IR_vlow64, IR_V128, v);
}
static ir_ref alone(struct tr *t, ir_ref v)
{
    return ir1(t->r, IR_vzx, IR_V128, ir1(t->r, IR_vlow, IR_F16, v));
}
static ir_ref absolute(struct tr *t, ir_ref v)
{
    return ir2(t->r, IR_vandn, IR_V128, v, vconst(t, H, 0x8000));
}
/* An operation with a rounding mode or condition in aux bits 8-11. */
static ir_ref moded(struct tr *t, enum ir_op op, unsigned mode, ir_ref a, ir_ref b, int64_t imm)
{
    return ir_emit(t->r, op, IR_V128, a, b, 0, 0, IR_LH | mode << 8, imm);
}

static bool three(struct tr *t, bool q, unsigned rd, enum ir_op op, unsigned rn, unsigned rm,
                  int64_t imm)
{
    return set_v(t, rd, q, v2i(t, op, IR_LH, operand(t, q, rn), operand(t, q, rm), imm));
}
static bool divide(struct tr *t, bool q, unsigned rd, unsigned rn, unsigned rm)
{
    ir_ref y = get_v(t, rm);
    if (!q)
        y = v2(t, IR_vcomb, 0, y, vconst(t, H, 0x3c00));
    return set_v(t, rd, q, v2(t, IR_fvdiv, IR_LH, operand(t, q, rn), y));
}
static bool multiply_add(struct tr *t, bool q, unsigned rd, unsigned rn, ir_ref y, bool subtract)
{
    return set_v(t, rd, q, ir_emit(t->r, IR_fvfma, IR_V128, operand(t, q, rn), y, operand(t, q, rd),
                                   0, IR_LH, subtract));
}
static bool difference(struct tr *t, bool q, unsigned rd, unsigned rn, unsigned rm)
{
    ir_ref v = v2(t, IR_fvsub, IR_LH, operand(t, q, rn), operand(t, q, rm));
    return set_v(t, rd, q, absolute(t, v));
}
static ir_ref compared(struct tr *t, enum ir_cc cc, ir_ref x, ir_ref y, bool absolutes)
{
    if (absolutes) {
        x = absolute(t, x);
        y = absolute(t, y);
    }
    return moded(t, IR_fvcmp, cc, x, y, 0);
}
static ir_ref compared_0(struct tr *t, enum ir_cc cc, ir_ref x, bool swapped)
{
    ir_ref z = vzero(t);
    return moded(t, IR_fvcmp, cc, swapped ? z : x, swapped ? x : z, 0);
}
/* Even elements of both against odd ones. */
static bool pairwise(struct tr *t, bool q, unsigned rd, enum ir_op op, unsigned rn, unsigned rm,
                     int64_t imm)
{
    ir_ref x = get_v(t, rn), y = get_v(t, rm);
    if (!q) {
        x = v2(t, IR_vcomb, 0, x, y);
        y = vzero(t);
    }
    return set_v(t, rd, true,
                 v2i(t, op, IR_LH, v2(t, IR_vuzp1, H, x, y), v2(t, IR_vuzp2, H, x, y), imm));
}
/* Four or eight lanes, by halves: (0 op 1) op (2 op 3) ... */
static bool across(struct tr *t, bool q, unsigned rd, enum ir_op op, unsigned rn, int64_t imm)
{
    ir_ref x = operand(t, q, rn), z = vzero(t);
    for (int k = 0; k < 2 + q; k++)
        x = v2i(t, op, IR_LH, v2(t, IR_vuzp1, H, x, z), v2(t, IR_vuzp2, H, x, z), imm);
    return set_v(t, rd, true, x);
}
static bool two(struct tr *t, bool q, unsigned rd, enum ir_op op, unsigned rn, unsigned mode,
                int64_t imm)
{
    return set_v(t, rd, q, moded(t, op, mode, operand(t, q, rn), IR_NONE, imm));
}
#define THREE(op, imm) three(t, a->q, a->rd, op, a->rn, a->rm, imm)
ROW(FADD_vh,    THREE(IR_fvadd, 0))
ROW(FSUB_vh,    THREE(IR_fvsub, 0))
ROW(FMUL_vh,    THREE(IR_fvmul, 0))
ROW(FDIV_vh,    divide(t, a->q, a->rd, a->rn, a->rm))
ROW(FMLA_vh,    multiply_add(t, a->q, a->rd, a->rn, operand(t, a->q, a->rm), false))
ROW(FMLS_vh,    multiply_add(t, a->q, a->rd, a->rn, operand(t, a->q, a->rm), true))
ROW(FABD_vh,    difference(t, a->q, a->rd, a->rn, a->rm))
ROW(FMAX_vh,    THREE(IR_fvmax, 0))
ROW(FMIN_vh,    THREE(IR_fvmin, 0))
ROW(FMAXNM_vh,  THREE(IR_fvmax, 1))
ROW(FMINNM_vh,  THREE(IR_fvmin, 1))
#define PAIRS(op, imm) pairwise(t, a->q, a->rd, op, a->rn, a->rm, imm)
ROW(FADDP_vh,   PAIRS(IR_fvadd, 0))
ROW(FMAXP_vh,   PAIRS(IR_fvmax, 0))
ROW(FMINP_vh,   PAIRS(IR_fvmin, 0))
ROW(FMAXNMP_vh, PAIRS(IR_fvmax, 1))
ROW(FMINNMP_vh, PAIRS(IR_fvmin, 1))
#define COMPARE(cc, absolutes)                                                                     \
    set_v(t, a->rd, a->q,                                                                          \
          compared(t, cc, operand(t, a->q, a->rn), operand(t, a->q, a->rm), absolutes))
ROW(FCMEQ_vh,   COMPARE(IR_EQ, false))
ROW(FCMGE_vh,   COMPARE(IR_GE, false))
ROW(FCMGT_vh,   COMPARE(IR_GT, false))
ROW(FACGE_vh,   COMPARE(IR_GE, true))
ROW(FACGT_vh,   COMPARE(IR_GT, true))
#define COMPARE_0(cc, swapped)                                                                     \
    set_v(t, a->rd, a->q, compared_0(t, cc, operand(t, a->q, a->rn), swapped))
ROW(FCMGT_zh,   COMPARE_0(IR_GT, false))
ROW(FCMGE_zh,   COMPARE_0(IR_GE, false))
ROW(FCMEQ_zh,   COMPARE_0(IR_EQ, false))
ROW(FCMLE_zh,   COMPARE_0(IR_GE, true))
ROW(FCMLT_zh,   COMPARE_0(IR_GT, true))
ROW(FMAXNMV_vh, across(t, a->q, a->rd, IR_fvmax, a->rn, 1))
ROW(FMINNMV_vh, across(t, a->q, a->rd, IR_fvmin, a->rn, 1))
ROW(FMAXV_vh,   across(t, a->q, a->rd, IR_fvmax, a->rn, 0))
ROW(FMINV_vh,   across(t, a->q, a->rd, IR_fvmin, a->rn, 0))
ROW(FABS_vh,    set_v(t, a->rd, a->q, absolute(t, get_v(t, a->rn))))
ROW(FNEG_vh,    set_v(t, a->rd, a->q, v2(t, IR_vxor, 0, get_v(t, a->rn), vconst(t, H, 0x8000))))
ROW(FSQRT_vh,   two(t, a->q, a->rd, IR_fvsqrt, a->rn, 0, 0))
#define INTEGRAL(mode, exact) two(t, a->q, a->rd, IR_fvrint, a->rn, mode, exact)
ROW(FRINTN_vh,  INTEGRAL(IR_RN_TIES_EVEN, 0))
ROW(FRINTM_vh,  INTEGRAL(IR_RN_DOWN, 0))
ROW(FRINTP_vh,  INTEGRAL(IR_RN_UP, 0))
ROW(FRINTZ_vh,  INTEGRAL(IR_RN_ZERO, 0))
ROW(FRINTA_vh,  INTEGRAL(IR_RN_TIES_AWAY, 0))
ROW(FRINTX_vh,  INTEGRAL(IR_RN_DYN, 1))
ROW(FRINTI_vh,  INTEGRAL(IR_RN_DYN, 0))

/* Integers of 16 bits. */
#define CONVERT(n, op, mode, imm)                                                                  \
    ROW(n##_vh, two(t, a->q, a->rd, op, a->rn, mode, imm))                                         \
    ROW(n##_sh, set_v(t, a->rd, true,                                                              \
                      moded(t, op, mode, alone(t, get_v(t, a->rn)), IR_NONE, imm)))
CONVERT(FCVTNS, IR_fvcvti, IR_RN_TIES_EVEN, 0)
CONVERT(FCVTNU, IR_fvcvti, IR_RN_TIES_EVEN, UNSIGNED)
CONVERT(FCVTMS, IR_fvcvti, IR_RN_DOWN, 0)
CONVERT(FCVTMU, IR_fvcvti, IR_RN_DOWN, UNSIGNED)
CONVERT(FCVTPS, IR_fvcvti, IR_RN_UP, 0)
CONVERT(FCVTPU, IR_fvcvti, IR_RN_UP, UNSIGNED)
CONVERT(FCVTZS, IR_fvcvti, IR_RN_ZERO, 0)
CONVERT(FCVTZU, IR_fvcvti, IR_RN_ZERO, UNSIGNED)
CONVERT(FCVTAS, IR_fvcvti, IR_RN_TIES_AWAY, 0)
CONVERT(FCVTAU, IR_fvcvti, IR_RN_TIES_AWAY, UNSIGNED)
CONVERT(SCVTF, IR_ivcvtf, 0, 0)
CONVERT(UCVTF, IR_ivcvtf, 0, UNSIGNED)
#define FIXED(n, op, mode, sign)                                                                   \
    ROW(n##_vih, two(t, a->q, a->rd, op, a->rn, mode, sign | (16 - a->imm)))                       \
    ROW(n##_sih, set_v(t, a->rd, true,                                                             \
                       moded(t, op, mode, alone(t, get_v(t, a->rn)), IR_NONE, sign | (16 - a->imm))))
FIXED(SCVTF, IR_ivcvtf, 0, 0)
FIXED(UCVTF, IR_ivcvtf, 0, UNSIGNED)
FIXED(FCVTZS, IR_fvcvti, IR_RN_ZERO, 0)
FIXED(FCVTZU, IR_fvcvti, IR_RN_ZERO, UNSIGNED)

/* --------------------------------------------- by element, scalars, estimates */

#define INDEX (a->h << 2 | a->l << 1 | a->m)
static ir_ref element(struct tr *t, unsigned rm, unsigned index)
{
    return v1i(t, IR_vdupl, H, get_v(t, rm), index);
}
static ir_ref element_h(struct tr *t, unsigned rm, unsigned index)
{
    return ir1(t->r, IR_vlow, IR_F16, element(t, rm, index));
}
static bool mul_element(struct tr *t, bool q, unsigned rd, unsigned rn, ir_ref y)
{
    return set_v(t, rd, q, v2(t, IR_fvmul, IR_LH, operand(t, q, rn), y));
}
/* Lanes outside a 64-bit vector are 0 * element there: the element is cleared too. */
static ir_ref elements(struct tr *t, bool q, unsigned rm, unsigned index)
{
    ir_ref y = element(t, rm, index);
    return q ? y : ir1(t->r, IR_vlow64, IR_V128, y);
}
ROW(FMUL_eh, mul_element(t, a->q, a->rd, a->rn, elements(t, a->q, a->rm, INDEX)))
ROW(FMLA_eh, multiply_add(t, a->q, a->rd, a->rn, elements(t, a->q, a->rm, INDEX), false))
ROW(FMLS_eh, multiply_add(t, a->q, a->rd, a->rn, elements(t, a->q, a->rm, INDEX), true))

static bool fused_element(struct tr *t, unsigned rd, unsigned rn, ir_ref y, bool subtract)
{
    return set_f(t, rd, ir_emit(t->r, IR_fma, IR_F16, get_h(t, rn), y, get_h(t, rd), 0, 0, subtract));
}
ROW(FMUL_seh, set_f(t, a->rd, ir2(t->r, IR_fmul, IR_F16, get_h(t, a->rn), element_h(t, a->rm, INDEX))))
ROW(FMLA_seh, fused_element(t, a->rd, a->rn, element_h(t, a->rm, INDEX), false))
ROW(FMLS_seh, fused_element(t, a->rd, a->rn, element_h(t, a->rm, INDEX), true))

/* Both lanes of a pair. */
#define PAIR(op, imm)                                                                              \
    set_f(t, a->rd, ir2i(t->r, op, IR_F16, get_h(t, a->rn), element_h(t, a->rn, 1), imm))
ROW(FADDP_sh,   PAIR(IR_fadd, 0))
ROW(FMAXP_sh,   PAIR(IR_fmax, 0))
ROW(FMINP_sh,   PAIR(IR_fmin, 0))
ROW(FMAXNMP_sh, PAIR(IR_fmax, 1))
ROW(FMINNMP_sh, PAIR(IR_fmin, 1))
ROW(FABD_sh, set_f(t, a->rd, then(t, IR_fabs, ir2(t->r, IR_fsub, IR_F16, get_h(t, a->rn),
                                                  get_h(t, a->rm)))))
#define COMPARE_S(cc, absolutes)                                                                   \
    set_f(t, a->rd, ir1(t->r, IR_vlow, IR_F16,                                                     \
                        compared(t, cc, alone(t, get_v(t, a->rn)), alone(t, get_v(t, a->rm)),      \
                                 absolutes)))
ROW(FCMEQ_sh, COMPARE_S(IR_EQ, false))
ROW(FCMGE_sh, COMPARE_S(IR_GE, false))
ROW(FCMGT_sh, COMPARE_S(IR_GT, false))
ROW(FACGE_sh, COMPARE_S(IR_GE, true))
ROW(FACGT_sh, COMPARE_S(IR_GT, true))
#define COMPARE_S0(cc, swapped)                                                                    \
    set_f(t, a->rd,                                                                                \
          ir1(t->r, IR_vlow, IR_F16, compared_0(t, cc, alone(t, get_v(t, a->rn)), swapped)))
ROW(FCMGT_szh, COMPARE_S0(IR_GT, false))
ROW(FCMGE_szh, COMPARE_S0(IR_GE, false))
ROW(FCMEQ_szh, COMPARE_S0(IR_EQ, false))
ROW(FCMLE_szh, COMPARE_S0(IR_GE, true))
ROW(FCMLT_szh, COMPARE_S0(IR_GT, true))

/* count lanes in C; index: element of rm for all lanes, or -1. */
static bool in_c(struct tr *t, unsigned op, unsigned count, unsigned rm, int index, unsigned rn,
                 unsigned rd)
{
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_SAME,
                                            .lane = H,
                                            .count = (uint8_t)count,
                                            .index = (int8_t)index,
                                            .rm = (uint8_t)rm,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
#define ONE(n)                                                                                     \
    ROW(n##_vh, in_c(t, SIMD_##n, a->q ? 8 : 4, 0, -1, a->rn, a->rd))                              \
    ROW(n##_sh, in_c(t, SIMD_##n, 1, 0, -1, a->rn, a->rd))
ONE(FRECPE)
ONE(FRSQRTE)
ROW(FRECPX_sh, in_c(t, SIMD_FRECPX, 1, 0, -1, a->rn, a->rd))
#define TWO(n)                                                                                     \
    ROW(n##_vh, in_c(t, SIMD_##n, a->q ? 8 : 4, a->rm, -1, a->rn, a->rd))                          \
    ROW(n##_sh, in_c(t, SIMD_##n, 1, a->rm, -1, a->rn, a->rd))
TWO(FRECPS)
TWO(FRSQRTS)
TWO(FMULX)
ROW(FMULX_eh,  in_c(t, SIMD_FMULX, a->q ? 8 : 4, a->rm, (int)INDEX, a->rn, a->rd))
ROW(FMULX_seh, in_c(t, SIMD_FMULX, 1, a->rm, (int)INDEX, a->rn, a->rd))
