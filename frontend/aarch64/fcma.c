/*
 * Complex numbers, FEAT_FCMA: FCADD and FCMLA (Arm ARM C7.2, "FCADD", "FCMLA"; rows in fcma.decode).
 *
 * A pair of lanes is a complex number with the real part in the even lane. A rotation by 90 degrees
 * exchanges the parts of the second operand and negates one of them, which is done to the bits
 * before the operation: the sign of a NaN changes too, as FPNeg does.
 */
#include "simd.h"

enum { EVEN = 1, ODD = 2 }; /* which parts are negated */

static unsigned float_lane(unsigned size) { return IR_LH + size - 1; }

static bool refused(struct tr *t, unsigned size, bool q)
{
    return (size == 1 && !has_feature(t, A64_FEAT_FP16)) || (size == 3 && !q);
}

static ir_ref operand(struct tr *t, bool q, unsigned n)
{
    ir_ref v = get_v(t, n);
    return q ? v : ir1(t->r, IR_vlow64, IR_V128, v);
}
/* Parts exchanged. */
static ir_ref exchanged(struct tr *t, unsigned size, ir_ref v)
{
    return size == 3 ? ir2i(t->r, IR_vext, IR_V128, v, v, 8) : v1i(t, IR_vrev, size, v, 16 << size);
}
/* Parts negated. */
static ir_ref negated(struct tr *t, unsigned size, unsigned parts, ir_ref v)
{
    if (!parts)
        return v;
    unsigned bits = 8u << size;
    uint64_t sign = 1ull << (bits - 1), lo = parts & EVEN ? sign : 0, hi = parts & ODD ? sign : 0;
    ir_ref mask;
    if (size == 3) {
        mask = ir_const128(t->r, IR_V128, lo, hi);
    } else {
        uint64_t pair = lo | hi << bits;
        pair |= size == 1 ? pair << 32 : 0;
        mask = ir_const128(t->r, IR_V128, pair, pair);
    }
    return ir2(t->r, IR_vxor, IR_V128, v, mask);
}

/* rot: 0 is 90 degrees, 1 is 270. */
static bool add(struct tr *t, unsigned size, bool q, unsigned rot, unsigned rm, unsigned rn,
                unsigned rd)
{
    if (refused(t, size, q))
        return false;
    ir_ref y = negated(t, size, rot ? ODD : EVEN, exchanged(t, size, operand(t, q, rm)));
    return set_v(t, rd, q, v2(t, IR_fvadd, float_lane(size), operand(t, q, rn), y));
}

/* The real (rot 0, 2) or imaginary (1, 3) parts of rn in both lanes of each pair, times y rotated. */
static bool multiply_add(struct tr *t, unsigned size, bool q, unsigned rot, ir_ref y, unsigned rn,
                         unsigned rd)
{
    static const uint8_t parts[4] = { 0, EVEN, EVEN | ODD, ODD };
    ir_ref x = operand(t, q, rn);
    x = v2(t, rot & 1 ? IR_vtrn2 : IR_vtrn1, size, x, x);
    if (rot & 1)
        y = exchanged(t, size, y);
    return set_v(t, rd, q, ir_emit(t->r, IR_fvfma, IR_V128, x, negated(t, size, parts[rot], y),
                                   operand(t, q, rd), 0, float_lane(size), 0));
}
/* The pair of rm with this index in all pairs. */
static bool by_element(struct tr *t, unsigned size, bool q, unsigned rot, unsigned l, unsigned h,
                       unsigned rm, unsigned rn, unsigned rd)
{
    if (refused(t, size, q) || (size == 1 ? h && !q : l || !q))
        return false;
    ir_ref y = v1i(t, IR_vdupl, size + 1, get_v(t, rm), size == 1 ? h << 1 | l : h);
    if (!q)
        y = ir1(t->r, IR_vlow64, IR_V128, y);
    return multiply_add(t, size, q, rot, y, rn, rd);
}

ROW(FCADD_v, add(t, a->size, a->q, a->rot, a->rm, a->rn, a->rd))
ROW(FCMLA_v, !refused(t, a->size, a->q) && multiply_add(t, a->size, a->q, a->rot,
                                                        operand(t, a->q, a->rm), a->rn, a->rd))
ROW(FCMLA_e, by_element(t, a->size, a->q, a->rot, a->l, a->h, a->m << 4 | a->rm, a->rn, a->rd))
