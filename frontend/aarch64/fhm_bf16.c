/*
 * FMLAL and FMLSL: half-precision products added to single precision, FEAT_FHM; and BFloat16,
 * FEAT_BF16 (Arm ARM C7.2, "FMLAL, FMLAL2", "BFCVT" ... "BFMMLA"; rows in fhm_bf16.decode).
 *
 * A BFloat16 number is the upper half of a single one. BFMLAL widens by that and is then an ordinary
 * fused operation. BFDOT and BFMMLA have an arithmetic of their own, which knows no FPCR and no
 * exceptions: IR_fvbfdot (FEAT_EBF16 is not there).
 */
#include "simd.h"

static ir_ref operand(struct tr *t, bool q, unsigned n)
{
    ir_ref v = get_v(t, n);
    return q ? v : ir1(t->r, IR_vlow64, IR_V128, v);
}

/* ---------------------------------------------------------------- FEAT_FHM */

/* Lanes outside the operation are 0 in both factors. */
static ir_ref low_word(struct tr *t, ir_ref v)
{
    return ir1(t->r, IR_vzx, IR_V128, ir1(t->r, IR_vlow, IR_F32, v));
}
/* The low or high half of a vector of 64 or 128 bits. */
static ir_ref part(struct tr *t, bool q, bool high, unsigned n)
{
    if (q)
        return half(t, high, get_v(t, n));
    return low_word(t, high ? v1i(t, IR_vdupl, 2, get_v(t, n), 1) : get_v(t, n));
}
static bool fused(struct tr *t, bool q, bool high, bool subtract, unsigned rd, unsigned rn, ir_ref y)
{
    return set_v(t, rd, q, ir_emit(t->r, IR_fvfmaw, IR_V128, part(t, q, high, rn), y,
                                   operand(t, q, rd), 0, IR_LH, subtract));
}
static ir_ref element(struct tr *t, bool q, unsigned rm, unsigned index)
{
    ir_ref y = v1i(t, IR_vdupl, 1, get_v(t, rm), index);
    return q ? y : low_word(t, y);
}
#define INDEX (a->h << 2 | a->l << 1 | a->m)
#define FHM(n, high, subtract)                                                                     \
    ROW(n##_v,                                                                                     \
        fused(t, a->q, high, subtract, a->rd, a->rn, part(t, a->q, high, a->rm)))                  \
    ROW(n##_e,                                                                                     \
        fused(t, a->q, high, subtract, a->rd, a->rn, element(t, a->q, a->rm, INDEX)))
FHM(FMLAL, false, false)
FHM(FMLAL2, true, false)
FHM(FMLSL, false, true)
FHM(FMLSL2, true, true)

/* --------------------------------------------------------------- FEAT_BF16 */

/* The even or odd lanes as single-precision numbers. */
static ir_ref widened(struct tr *t, bool odd, ir_ref v)
{
    return odd ? ir2(t->r, IR_vand, IR_V128, v, vconst(t, 2, 0xffff0000))
               : v1i(t, IR_vshli, 2, v, 16);
}
static bool multiply_add(struct tr *t, bool odd, unsigned rd, unsigned rn, ir_ref y)
{
    return set_v(t, rd, true, ir_emit(t->r, IR_fvfma, IR_V128, widened(t, odd, get_v(t, rn)), y,
                                      get_v(t, rd), 0, IR_LS, 0));
}
static ir_ref dot(struct tr *t, ir_ref x, ir_ref y, ir_ref sum)
{
    return ir3(t->r, IR_fvbfdot, IR_V128, x, y, sum);
}
/* Rows of n by rows of m, two pairs each: the first pairs of both, then the second ones. */
static bool matrix(struct tr *t, unsigned rd, unsigned rn, unsigned rm)
{
    ir_ref x = get_v(t, rn), y = get_v(t, rm);
    ir_ref sum = dot(t, v2(t, IR_vtrn1, 2, x, x), v2(t, IR_vuzp1, 2, y, y), get_v(t, rd));
    return set_v(t, rd, true, dot(t, v2(t, IR_vtrn2, 2, x, x), v2(t, IR_vuzp2, 2, y, y), sum));
}
static ir_ref narrowed(struct tr *t, ir_ref v) { return v1(t, IR_fvbfcvt, IR_LS, v); }

ROW(BFCVT_f,  set_v(t, a->rd, true, narrowed(t, low_word(t, get_v(t, a->rn)))))
ROW(BFCVTN_v, set_half(t, a->rd, a->q, narrowed(t, get_v(t, a->rn))))
ROW(BFDOT_v,  set_v(t, a->rd, a->q, dot(t, get_v(t, a->rn), get_v(t, a->rm), get_v(t, a->rd))))
ROW(BFDOT_e,  set_v(t, a->rd, a->q,
                    dot(t, get_v(t, a->rn),
                        v1i(t, IR_vdupl, 2, get_v(t, a->m << 4 | a->rm), a->h << 1 | a->l),
                        get_v(t, a->rd))))
ROW(BFMLAL_v, multiply_add(t, a->t, a->rd, a->rn, widened(t, a->t, get_v(t, a->rm))))
ROW(BFMLAL_e, multiply_add(t, a->t, a->rd, a->rn,
                           v1i(t, IR_vshli, 2, v1i(t, IR_vdupl, 1, get_v(t, a->rm), INDEX), 16)))
ROW(BFMMLA_v, matrix(t, a->rd, a->rn, a->rm))
