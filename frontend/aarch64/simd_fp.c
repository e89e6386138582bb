/*
 * Advanced SIMD floating point: vectors of single and double precision and the scalar forms in that
 * encoding space (Arm ARM C4.1, "Advanced SIMD three same", "... two-register miscellaneous",
 * "... across lanes", "... vector x indexed element", "... shift by immediate" and those of
 * "scalar").
 *
 * Lanes that do not belong to the operation must raise no exception: operands of 64-bit vectors are
 * cleared above, divisors get ones there; a scalar is a vector whose other lanes are zero.
 */
#include "simd.h"

static unsigned fp_lane(bool d) { return d ? IR_LD : IR_LS; }

/* Operands: of 128 (q) or 64 bits, or a scalar. Double lanes want 128 bits. */
static ir_ref operand(struct tr *t, bool q, unsigned n)
{
    ir_ref v = get_v(t, n);
    return q ? v : ir1(t->r, IR_vlow64, IR_V128, v);
}
static ir_ref scalar(struct tr *t, bool d, ir_ref v)
{
    return ir1(t->r, IR_vzx, IR_V128, ir1(t->r, IR_vlow, d ? IR_F64 : IR_F32, v));
}
/* An operation with a rounding mode or condition in aux bits 8-11. */
static ir_ref moded(struct tr *t, enum ir_op op, bool d, unsigned mode, ir_ref a, ir_ref b,
                    int64_t imm)
{
    return ir_emit(t->r, op, IR_V128, a, b, 0, 0, fp_lane(d) | mode << 8, imm);
}
static ir_ref sign_mask(struct tr *t, bool d)
{
    return vconst(t, d ? 3 : 2, d ? 1ull << 63 : 1u << 31);
}
static ir_ref absolute(struct tr *t, bool d, ir_ref v)
{
    return ir2(t->r, IR_vandn, IR_V128, v, sign_mask(t, d));
}
static ir_ref negated(struct tr *t, bool d, ir_ref v)
{
    return ir2(t->r, IR_vxor, IR_V128, v, sign_mask(t, d));
}

/* -------------------------------------------------------- three of one type */

#define RESERVED (a->d && !a->q)

static bool three(struct tr *t, const struct arg_FADD_v *a, enum ir_op op, int64_t imm)
{
    if (RESERVED)
        return false;
    ir_ref x = operand(t, a->q, a->rn), y = operand(t, a->q, a->rm);
    return set_v(t, a->rd, a->q, v2i(t, op, fp_lane(a->d), x, y, imm));
}
static bool divide(struct tr *t, const struct arg_FADD_v *a)
{
    if (RESERVED)
        return false;
    ir_ref y = get_v(t, a->rm);
    if (!a->q)
        y = v2(t, IR_vcomb, 0, y, vconst(t, 2, 0x3f800000));
    return set_v(t, a->rd, a->q, v2(t, IR_fvdiv, fp_lane(a->d), operand(t, a->q, a->rn), y));
}
static ir_ref multiply_add(struct tr *t, bool d, ir_ref x, ir_ref y, ir_ref z, bool subtract)
{
    return ir_emit(t->r, IR_fvfma, IR_V128, x, y, z, 0, fp_lane(d), subtract);
}
static bool fused(struct tr *t, const struct arg_FADD_v *a, bool subtract)
{
    return !RESERVED &&
           set_v(t, a->rd, a->q,
                 multiply_add(t, a->d, operand(t, a->q, a->rn), operand(t, a->q, a->rm),
                              operand(t, a->q, a->rd), subtract));
}
static bool difference(struct tr *t, const struct arg_FADD_v *a)
{
    return !RESERVED &&
           set_v(t, a->rd, a->q,
                 absolute(t, a->d, v2(t, IR_fvsub, fp_lane(a->d), operand(t, a->q, a->rn),
                                      operand(t, a->q, a->rm))));
}
static bool compare(struct tr *t, const struct arg_FADD_v *a, enum ir_cc cc, bool absolutes)
{
    if (RESERVED)
        return false;
    ir_ref x = operand(t, a->q, a->rn), y = operand(t, a->q, a->rm);
    if (absolutes) {
        x = absolute(t, a->d, x);
        y = absolute(t, a->d, y);
    }
    return set_v(t, a->rd, a->q, moded(t, IR_fvcmp, a->d, cc, x, y, 0));
}
/* Even elements of both against odd ones. */
static bool pairwise(struct tr *t, const struct arg_FADD_v *a, enum ir_op op, int64_t imm)
{
    if (RESERVED)
        return false;
    unsigned l = a->d ? 3 : 2;
    ir_ref x = get_v(t, a->rn), y = get_v(t, a->rm);
    if (!a->q) {
        x = v2(t, IR_vcomb, 0, x, y);
        y = vzero(t);
    }
    return set_v(t, a->rd, true, v2i(t, op, fp_lane(a->d), v2(t, IR_vuzp1, l, x, y),
                                     v2(t, IR_vuzp2, l, x, y), imm));
}

ROW(FADD_v,    three(t, a, IR_fvadd, 0))
ROW(FSUB_v,    three(t, a, IR_fvsub, 0))
ROW(FMUL_v,    three(t, a, IR_fvmul, 0))
ROW(FDIV_v,    divide(t, a))
ROW(FMLA_v,    fused(t, a, false))
ROW(FMLS_v,    fused(t, a, true))
ROW(FABD_v,    difference(t, a))
ROW(FMAX_v,    three(t, a, IR_fvmax, 0))
ROW(FMIN_v,    three(t, a, IR_fvmin, 0))
ROW(FMAXNM_v,  three(t, a, IR_fvmax, 1))
ROW(FMINNM_v,  three(t, a, IR_fvmin, 1))
ROW(FCMEQ_v,   compare(t, a, IR_EQ, false))
ROW(FCMGE_v,   compare(t, a, IR_GE, false))
ROW(FCMGT_v,   compare(t, a, IR_GT, false))
ROW(FACGE_v,   compare(t, a, IR_GE, true))
ROW(FACGT_v,   compare(t, a, IR_GT, true))
ROW(FADDP_v,   pairwise(t, a, IR_fvadd, 0))
ROW(FMAXP_v,   pairwise(t, a, IR_fvmax, 0))
ROW(FMINP_v,   pairwise(t, a, IR_fvmin, 0))
ROW(FMAXNMP_v, pairwise(t, a, IR_fvmax, 1))
ROW(FMINNMP_v, pairwise(t, a, IR_fvmin, 1))

/* ------------------------------------------------------------- two registers */

static bool compare_zero(struct tr *t, const struct arg_FABS_v *a, enum ir_cc cc, bool swapped)
{
    if (RESERVED)
        return false;
    ir_ref x = operand(t, a->q, a->rn), z = vzero(t);
    return set_v(t, a->rd, a->q, moded(t, IR_fvcmp, a->d, cc, swapped ? z : x, swapped ? x : z, 0));
}
static bool two(struct tr *t, const struct arg_FABS_v *a, enum ir_op op, unsigned mode, int64_t imm)
{
    return !RESERVED &&
           set_v(t, a->rd, a->q, moded(t, op, a->d, mode, operand(t, a->q, a->rn), IR_NONE, imm));
}
enum { UNSIGNED = 0x80 };

ROW(FABS_v,   !RESERVED && set_v(t, a->rd, a->q, absolute(t, a->d, get_v(t, a->rn))))
ROW(FNEG_v,   !RESERVED && set_v(t, a->rd, a->q, negated(t, a->d, get_v(t, a->rn))))
ROW(FSQRT_v,  two(t, a, IR_fvsqrt, 0, 0))
ROW(FCMGT_z,  compare_zero(t, a, IR_GT, false))
ROW(FCMGE_z,  compare_zero(t, a, IR_GE, false))
ROW(FCMEQ_z,  compare_zero(t, a, IR_EQ, false))
ROW(FCMLE_z,  compare_zero(t, a, IR_GE, true))
ROW(FCMLT_z,  compare_zero(t, a, IR_GT, true))
ROW(FRINTN_v, two(t, a, IR_fvrint, IR_RN_TIES_EVEN, 0))
ROW(FRINTM_v, two(t, a, IR_fvrint, IR_RN_DOWN, 0))
ROW(FRINTP_v, two(t, a, IR_fvrint, IR_RN_UP, 0))
ROW(FRINTZ_v, two(t, a, IR_fvrint, IR_RN_ZERO, 0))
ROW(FRINTA_v, two(t, a, IR_fvrint, IR_RN_TIES_AWAY, 0))
ROW(FRINTX_v, two(t, a, IR_fvrint, IR_RN_DYN, 1))
ROW(FRINTI_v, two(t, a, IR_fvrint, IR_RN_DYN, 0))
ROW(FRINT32Z_v, two(t, a, IR_fvrint, IR_RN_ZERO, 32 << 8 | 1))
ROW(FRINT32X_v, two(t, a, IR_fvrint, IR_RN_DYN, 32 << 8 | 1))
ROW(FRINT64Z_v, two(t, a, IR_fvrint, IR_RN_ZERO, 64 << 8 | 1))
ROW(FRINT64X_v, two(t, a, IR_fvrint, IR_RN_DYN, 64 << 8 | 1))
ROW(FCVTNS_v, two(t, a, IR_fvcvti, IR_RN_TIES_EVEN, 0))
ROW(FCVTNU_v, two(t, a, IR_fvcvti, IR_RN_TIES_EVEN, UNSIGNED))
ROW(FCVTMS_v, two(t, a, IR_fvcvti, IR_RN_DOWN, 0))
ROW(FCVTMU_v, two(t, a, IR_fvcvti, IR_RN_DOWN, UNSIGNED))
ROW(FCVTPS_v, two(t, a, IR_fvcvti, IR_RN_UP, 0))
ROW(FCVTPU_v, two(t, a, IR_fvcvti, IR_RN_UP, UNSIGNED))
ROW(FCVTZS_v, two(t, a, IR_fvcvti, IR_RN_ZERO, 0))
ROW(FCVTZU_v, two(t, a, IR_fvcvti, IR_RN_ZERO, UNSIGNED))
ROW(FCVTAS_v, two(t, a, IR_fvcvti, IR_RN_TIES_AWAY, 0))
ROW(FCVTAU_v, two(t, a, IR_fvcvti, IR_RN_TIES_AWAY, UNSIGNED))
ROW(SCVTF_v,  two(t, a, IR_ivcvtf, 0, 0))
ROW(UCVTF_v,  two(t, a, IR_ivcvtf, 0, UNSIGNED))

/* Between formats; d: double and single, else single and half. */
static bool lengthen(struct tr *t, const struct arg_FABS_v *a)
{
    ir_ref x = get_v(t, a->rn);
    x = ir1(t->r, a->q ? IR_vhigh64 : IR_vlow64, IR_V128, x);
    return set_v(t, a->rd, true, v1(t, IR_fvwiden, a->d ? IR_LS : IR_LH, x));
}
ROW(FCVTL_v, lengthen(t, a))
ROW(FCVTN_v, set_half(t, a->rd, a->q, v1(t, IR_fvnarrow, a->d ? IR_LD : IR_LS, get_v(t, a->rn))))

/* imm = immh:immb, single lanes 32..63, double lanes 64..127. */
static bool fixed(struct tr *t, const struct arg_SCVTF_vi *a, enum ir_op op, int64_t sign)
{
    bool d = a->imm >= 64;
    if (d && !a->q)
        return false;
    return set_v(t, a->rd, a->q,
                 moded(t, op, d, op == IR_fvcvti ? IR_RN_ZERO : 0, operand(t, a->q, a->rn), IR_NONE,
                       sign | ((d ? 128 : 64) - a->imm)));
}
ROW(SCVTF_vi,  fixed(t, a, IR_ivcvtf, 0))
ROW(UCVTF_vi,  fixed(t, a, IR_ivcvtf, UNSIGNED))
ROW(FCVTZS_vi, fixed(t, a, IR_fvcvti, 0))
ROW(FCVTZU_vi, fixed(t, a, IR_fvcvti, UNSIGNED))

/* ---------------------------------------------------- across lanes, by element */

/* Four single lanes, by halves: (0 op 1) op (2 op 3). */
static bool across(struct tr *t, unsigned rn, unsigned rd, enum ir_op op, int64_t imm)
{
    ir_ref x = get_v(t, rn), z = vzero(t);
    for (int k = 0; k < 2; k++)
        x = v2i(t, op, IR_LS, v2(t, IR_vuzp1, 2, x, z), v2(t, IR_vuzp2, 2, x, z), imm);
    return set_v(t, rd, true, x);
}
ROW(FMAXNMV_v, across(t, a->rn, a->rd, IR_fvmax, 1))
ROW(FMINNMV_v, across(t, a->rn, a->rd, IR_fvmin, 1))
ROW(FMAXV_v,   across(t, a->rn, a->rd, IR_fvmax, 0))
ROW(FMINV_v,   across(t, a->rn, a->rd, IR_fvmin, 0))

static ir_ref element(struct tr *t, bool d, unsigned l, unsigned m, unsigned rm, unsigned h)
{
    return v1i(t, IR_vdupl, d ? 3 : 2, get_v(t, m << 4 | rm), d ? h : h << 1 | l);
}
static bool mul_element(struct tr *t, const struct arg_FMUL_e *a)
{
    if (RESERVED || (a->d && a->l))
        return false;
    ir_ref y = element(t, a->d, a->l, a->m, a->rm, a->h);
    if (!a->q)
        y = ir1(t->r, IR_vlow64, IR_V128, y);
    return set_v(t, a->rd, a->q, v2(t, IR_fvmul, fp_lane(a->d), operand(t, a->q, a->rn), y));
}
static bool fused_element(struct tr *t, const struct arg_FMUL_e *a, bool subtract)
{
    if (RESERVED || (a->d && a->l))
        return false;
    ir_ref y = element(t, a->d, a->l, a->m, a->rm, a->h);
    if (!a->q)
        y = ir1(t->r, IR_vlow64, IR_V128, y);
    return set_v(
        t, a->rd, a->q,
        multiply_add(t, a->d, operand(t, a->q, a->rn), y, operand(t, a->q, a->rd), subtract));
}
ROW(FMUL_e, mul_element(t, a))
ROW(FMLA_e, fused_element(t, a, false))
ROW(FMLS_e, fused_element(t, a, true))

static ir_ref scalar_element(struct tr *t, const struct arg_FMUL_se *a)
{
    return scalar(t, a->d, element(t, a->d, a->l, a->m, a->rm, a->h));
}
static bool mul_scalar_element(struct tr *t, const struct arg_FMUL_se *a)
{
    if (a->d && a->l)
        return false;
    ir_ref x =
        v2(t, IR_fvmul, fp_lane(a->d), scalar(t, a->d, get_v(t, a->rn)), scalar_element(t, a));
    return set_v(t, a->rd, true, scalar(t, a->d, x));
}
static bool fused_scalar_element(struct tr *t, const struct arg_FMUL_se *a, bool subtract)
{
    if (a->d && a->l)
        return false;
    ir_ref x = multiply_add(t, a->d, scalar(t, a->d, get_v(t, a->rn)), scalar_element(t, a),
                   scalar(t, a->d, get_v(t, a->rd)), subtract);
    return set_v(t, a->rd, true, scalar(t, a->d, x));
}
ROW(FMUL_se, mul_scalar_element(t, a))
ROW(FMLA_se, fused_scalar_element(t, a, false))
ROW(FMLS_se, fused_scalar_element(t, a, true))

/* ------------------------------------------------------------------ scalars */

static bool scalar_compare(struct tr *t, const struct arg_FCMEQ_s *a, enum ir_cc cc, bool absolutes)
{
    ir_ref x = scalar(t, a->d, get_v(t, a->rn)), y = scalar(t, a->d, get_v(t, a->rm));
    if (absolutes) {
        x = absolute(t, a->d, x);
        y = absolute(t, a->d, y);
    }
    return set_v(t, a->rd, true, scalar(t, a->d, moded(t, IR_fvcmp, a->d, cc, x, y, 0)));
}
static bool scalar_zero(struct tr *t, const struct arg_FCMEQ_sz *a, enum ir_cc cc, bool swapped)
{
    ir_ref x = scalar(t, a->d, get_v(t, a->rn)), z = vzero(t);
    return set_v(
        t, a->rd, true,
        scalar(t, a->d, moded(t, IR_fvcmp, a->d, cc, swapped ? z : x, swapped ? x : z, 0)));
}
static bool scalar_difference(struct tr *t, const struct arg_FCMEQ_s *a)
{
    ir_ref x = v2(t, IR_fvsub, fp_lane(a->d), scalar(t, a->d, get_v(t, a->rn)),
                  scalar(t, a->d, get_v(t, a->rm)));
    return set_v(t, a->rd, true, scalar(t, a->d, absolute(t, a->d, x)));
}
/* To and from integers of the same width in a vector register: as with a general register between.
 */
static bool scalar_convert(struct tr *t, const struct arg_FCMEQ_sz *a, enum ir_op op, unsigned mode,
                           int64_t imm)
{
    enum ir_type f = a->d ? IR_F64 : IR_F32, n = type_of(a->d);
    ir_ref x = get_v(t, a->rn);
    if (op == IR_fvcvti)
        x = ir_emit(t->r, IR_fcvti, n, ir1(t->r, IR_vlow, f, x), 0, 0, 0, mode, imm);
    else
        x = ir1i(t->r, IR_icvtf, f, ir_emit(t->r, IR_vget, n, x, 0, 0, 0, a->d ? 3 : 2, 0), imm);
    return set_v(t, a->rd, true, ir1(t->r, IR_vzx, IR_V128, x));
}
static bool scalar_fixed(struct tr *t, const struct arg_SCVTF_si *a, enum ir_op op, int64_t sign)
{
    bool d = a->imm >= 64;
    ir_ref x = moded(t, op, d, op == IR_fvcvti ? IR_RN_ZERO : 0, scalar(t, d, get_v(t, a->rn)),
                     IR_NONE, sign | ((d ? 128 : 64) - a->imm));
    return set_v(t, a->rd, true, scalar(t, d, x));
}
/* Both lanes of a pair. */
static bool scalar_pair(struct tr *t, const struct arg_FCMEQ_sz *a, enum ir_op op, int64_t imm)
{
    unsigned l = a->d ? 3 : 2;
    ir_ref v = get_v(t, a->rn);
    ir_ref x = v2i(t, op, fp_lane(a->d), scalar(t, a->d, v),
                   scalar(t, a->d, v1i(t, IR_vdupl, l, v, 1)), imm);
    return set_v(t, a->rd, true, scalar(t, a->d, x));
}

ROW(FCMEQ_s,   scalar_compare(t, a, IR_EQ, false))
ROW(FCMGE_s,   scalar_compare(t, a, IR_GE, false))
ROW(FCMGT_s,   scalar_compare(t, a, IR_GT, false))
ROW(FACGE_s,   scalar_compare(t, a, IR_GE, true))
ROW(FACGT_s,   scalar_compare(t, a, IR_GT, true))
ROW(FABD_s,    scalar_difference(t, a))
ROW(FCMGT_sz,  scalar_zero(t, a, IR_GT, false))
ROW(FCMGE_sz,  scalar_zero(t, a, IR_GE, false))
ROW(FCMEQ_sz,  scalar_zero(t, a, IR_EQ, false))
ROW(FCMLE_sz,  scalar_zero(t, a, IR_GE, true))
ROW(FCMLT_sz,  scalar_zero(t, a, IR_GT, true))
ROW(FCVTNS_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_TIES_EVEN, 0))
ROW(FCVTNU_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_TIES_EVEN, UNSIGNED))
ROW(FCVTMS_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_DOWN, 0))
ROW(FCVTMU_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_DOWN, UNSIGNED))
ROW(FCVTPS_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_UP, 0))
ROW(FCVTPU_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_UP, UNSIGNED))
ROW(FCVTZS_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_ZERO, 0))
ROW(FCVTZU_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_ZERO, UNSIGNED))
ROW(FCVTAS_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_TIES_AWAY, 0))
ROW(FCVTAU_s,  scalar_convert(t, a, IR_fvcvti, IR_RN_TIES_AWAY, UNSIGNED))
ROW(SCVTF_s,   scalar_convert(t, a, IR_ivcvtf, 0, 0))
ROW(UCVTF_s,   scalar_convert(t, a, IR_ivcvtf, 0, UNSIGNED))
ROW(SCVTF_si,  scalar_fixed(t, a, IR_ivcvtf, 0))
ROW(UCVTF_si,  scalar_fixed(t, a, IR_ivcvtf, UNSIGNED))
ROW(FCVTZS_si, scalar_fixed(t, a, IR_fvcvti, 0))
ROW(FCVTZU_si, scalar_fixed(t, a, IR_fvcvti, UNSIGNED))
ROW(FADDP_s,   scalar_pair(t, a, IR_fvadd, 0))
ROW(FMAXP_s,   scalar_pair(t, a, IR_fvmax, 0))
ROW(FMINP_s,   scalar_pair(t, a, IR_fvmin, 0))
ROW(FMAXNMP_s, scalar_pair(t, a, IR_fvmax, 1))
ROW(FMINNMP_s, scalar_pair(t, a, IR_fvmin, 1))
