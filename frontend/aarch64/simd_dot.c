/*
 * Advanced SIMD sums of products of bytes: dot products of four bytes (DotProd, I8MM) and the products
 * of matrices of 2 x 8 and 8 x 2 bytes (I8MM); Arm ARM C7.2, SDOT ... USMMLA.
 */
#include "simd.h"

/* imm of vdot4: which operands are signed. */
enum { UU = 0, SU = 1, US = 2, SS = 3 };

static bool dot(struct tr *t, bool q, int signs, ir_ref a, ir_ref b, unsigned rd)
{
    return set_v(t, rd, q, v2(t, IR_vadd, 2, get_v(t, rd), v2i(t, IR_vdot4, 2, a, b, signs)));
}
#define DOT(signs) dot(t, a->q, signs, get_v(t, a->rn), get_v(t, a->rm), a->rd)
#define DOT_ELEMENT(signs)                                                                         \
    dot(t, a->q, signs, get_v(t, a->rn),                                                           \
        v1i(t, IR_vdupl, 2, get_v(t, a->m << 4 | a->rm), a->h << 1 | a->l), a->rd)
ROW(SDOT_v, DOT(SS))
ROW(UDOT_v, DOT(UU))
ROW(USDOT_v, DOT(US))
ROW(SDOT_e, DOT_ELEMENT(SS))
ROW(UDOT_e, DOT_ELEMENT(UU))
ROW(USDOT_e, DOT_ELEMENT(US))
ROW(SUDOT_e, DOT_ELEMENT(SU))

/* Rows of a (words 0 1, 2 3) by rows of b: first the left words of the rows, a0 a0 a2 a2 by b0 b2 b0 b2,
 * then the right ones. */
static bool matrix(struct tr *t, int signs, unsigned rm, unsigned rn, unsigned rd)
{
    ir_ref a = get_v(t, rn), b = get_v(t, rm);
    ir_ref left = v2i(t, IR_vdot4, 2, v2(t, IR_vtrn1, 2, a, a), v2(t, IR_vuzp1, 2, b, b), signs);
    ir_ref right = v2i(t, IR_vdot4, 2, v2(t, IR_vtrn2, 2, a, a), v2(t, IR_vuzp2, 2, b, b), signs);
    return set_v(t, rd, true,
                 v2(t, IR_vadd, 2, get_v(t, rd), v2(t, IR_vadd, 2, left, right)));
}
ROW(SMMLA_v, matrix(t, SS, a->rm, a->rn, a->rd))
ROW(UMMLA_v, matrix(t, UU, a->rm, a->rn, a->rd))
ROW(USMMLA_v, matrix(t, US, a->rm, a->rn, a->rd))
