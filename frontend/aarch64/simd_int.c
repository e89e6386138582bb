/*
 * Advanced SIMD on integer lanes: three registers of the same or of different types, two registers
 * miscellaneous, across lanes, shifts by an immediate, by element, and the scalar forms (Arm ARM
 * C4.1, "Advanced SIMD three same", "... three different", "... two-register miscellaneous", "...
 * across lanes", "... shift by immediate", "... vector x indexed element", and those of "scalar").
 *
 * Nothing here saturates or touches FPSR. Moves and permutations are in simd_perm.c, floating
 * point is in fp.c and simd_fp.c.
 */
#include "simd.h"

/* ----------------------------------------------------- compositions of IR */

static ir_ref add(struct tr *t, unsigned l, ir_ref a, ir_ref b) { return v2(t, IR_vadd, l, a, b); }
static ir_ref sub(struct tr *t, unsigned l, ir_ref a, ir_ref b) { return v2(t, IR_vsub, l, a, b); }
static ir_ref mul(struct tr *t, unsigned l, ir_ref a, ir_ref b) { return v2(t, IR_vmul, l, a, b); }
static ir_ref and(struct tr *t, ir_ref a, ir_ref b) { return ir2(t->r, IR_vand, IR_V128, a, b); }
static ir_ref xor(struct tr *t, ir_ref a, ir_ref b) { return ir2(t->r, IR_vxor, IR_V128, a, b); }
static ir_ref not(struct tr *t, ir_ref a) { return ir1(t->r, IR_vnot, IR_V128, a); }

static ir_ref sign_bits(struct tr *t, unsigned l) { return vconst(t, l, 1ull << ((8u << l) - 1)); }

/* Signed averages by the unsigned ones: both move the origin to the smallest number. */
static ir_ref savg(struct tr *t, enum ir_op op, unsigned l, ir_ref a, ir_ref b)
{
    if (op == IR_vuavg && l)
        return add(t, l, and(t, a, b), v1i(t, IR_vsari, l, xor(t, a, b), 1));
    ir_ref s = sign_bits(t, l);
    return xor(t, v2(t, op, l, xor(t, a, s), xor(t, b, s)), s);
}

/* (a - b) >> 1 in one bit more: the average of a and ~b, rounded up, is 2^(bits-1) higher. */
static ir_ref uhsub(struct tr *t, unsigned l, ir_ref a, ir_ref b)
{
    return xor(t, v2(t, IR_vurhavg, l, a, not(t, b)), sign_bits(t, l));
}
static ir_ref shsub(struct tr *t, unsigned l, ir_ref a, ir_ref b)
{
    ir_ref s = sign_bits(t, l);
    return uhsub(t, l, xor(t, a, s), xor(t, b, s));
}

static ir_ref uabd(struct tr *t, unsigned l, ir_ref a, ir_ref b)
{
    return sub(t, l, v2(t, IR_vumax, l, a, b), v2(t, IR_vumin, l, a, b));
}
static ir_ref sabd(struct tr *t, unsigned l, ir_ref a, ir_ref b)
{
    return sub(t, l, v2(t, IR_vsmax, l, a, b), v2(t, IR_vsmin, l, a, b));
}

/* Sums of adjacent lanes of l, twice as wide: products by 1 where there are such. */
static ir_ref uaddlp(struct tr *t, unsigned l, ir_ref a)
{
    unsigned bits = 8u << l;
    if (l == 0)
        return v2(t, IR_vmaddb, 0, a, vconst(t, 0, 1));
    return add(t, l + 1, and(t, a, vconst(t, l + 1, ~0ull >> (64 - bits))),
               v1i(t, IR_vshri, l + 1, a, bits));
}
static ir_ref saddlp(struct tr *t, unsigned l, ir_ref a)
{
    unsigned bits = 8u << l;
    if (l == 0)
        return v2(t, IR_vmaddb, 0, vconst(t, 0, 1), a);
    if (l == 1)
        return v2(t, IR_vmaddw, 0, a, vconst(t, 1, 1));
    return add(t, l + 1, v1i(t, IR_vsari, l + 1, v1i(t, IR_vshli, l + 1, a, bits), bits),
               v1i(t, IR_vsari, l + 1, a, bits));
}

static ir_ref cls(struct tr *t, unsigned l, ir_ref a)
{
    ir_ref changes = xor(t, a, v1i(t, IR_vsari, l, a, 1)); /* its top bit is 0 */
    return sub(t, l, v1(t, IR_vclz, l, changes), vconst(t, l, 1));
}

/* ------------------------------------------------- three of the same type */

/* Rows with q, size, rm, rn, rd. Lanes of 64 bits want all 128. */
static bool same(struct tr *t, const struct arg_ADD_v *a,
                 ir_ref (*f)(struct tr *, unsigned, ir_ref, ir_ref))
{
    if (a->size == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, f(t, a->size, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool same_op(struct tr *t, const struct arg_ADD_v *a, enum ir_op op)
{
    if (a->size == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, v2(t, op, a->size, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool same_cmp(struct tr *t, const struct arg_ADD_v *a, enum ir_cc cc)
{
    if (a->size == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, vcmp(t, cc, a->size, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool same_savg(struct tr *t, const struct arg_ADD_v *a, enum ir_op op)
{
    return set_v(t, a->rd, a->q, savg(t, op, a->size, get_v(t, a->rn), get_v(t, a->rm)));
}
/* The result of f goes to the destination by op (vadd, vsub). */
static bool same_acc(struct tr *t, const struct arg_ADD_v *a, enum ir_op op,
                     ir_ref (*f)(struct tr *, unsigned, ir_ref, ir_ref))
{
    ir_ref x = f(t, a->size, get_v(t, a->rn), get_v(t, a->rm));
    return set_v(t, a->rd, a->q, v2(t, op, a->size, get_v(t, a->rd), x));
}
/* Pairwise: 64-bit vectors first become one vector of both. */
static bool pairwise(struct tr *t, const struct arg_ADD_v *a, enum ir_op op)
{
    if (a->size == 3 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn), y = get_v(t, a->rm);
    if (!a->q)
        x = y = v2(t, IR_vcomb, 0, x, y);
    return set_v(t, a->rd, a->q, v2(t, op, a->size, x, y));
}

ROW(SHADD_v,  same_savg(t, a, IR_vuavg))
ROW(UHADD_v,  same_op(t, a, IR_vuavg))
ROW(SRHADD_v, same_savg(t, a, IR_vurhavg))
ROW(URHADD_v, same_op(t, a, IR_vurhavg))
ROW(SHSUB_v,  same(t, a, shsub))
ROW(UHSUB_v,  same(t, a, uhsub))
ROW(CMGT_v,   same_cmp(t, a, IR_GT))
ROW(CMHI_v,   same_cmp(t, a, IR_HI))
ROW(CMGE_v,   same_cmp(t, a, IR_GE))
ROW(CMHS_v,   same_cmp(t, a, IR_HS))
ROW(CMEQ_v,   same_cmp(t, a, IR_EQ))
ROW(CMTST_v,  same_op(t, a, IR_vtst))
ROW(SMAX_v,   same_op(t, a, IR_vsmax))
ROW(UMAX_v,   same_op(t, a, IR_vumax))
ROW(SMIN_v,   same_op(t, a, IR_vsmin))
ROW(UMIN_v,   same_op(t, a, IR_vumin))
ROW(SABD_v,   same(t, a, sabd))
ROW(UABD_v,   same(t, a, uabd))
ROW(SABA_v,   same_acc(t, a, IR_vadd, sabd))
ROW(UABA_v,   same_acc(t, a, IR_vadd, uabd))
ROW(ADD_v,    same_op(t, a, IR_vadd))
ROW(SUB_v,    same_op(t, a, IR_vsub))
ROW(MUL_v,    same_op(t, a, IR_vmul))
ROW(MLA_v,    same_acc(t, a, IR_vadd, mul))
ROW(MLS_v,    same_acc(t, a, IR_vsub, mul))
ROW(SMAXP_v,  pairwise(t, a, IR_vsmaxp))
ROW(UMAXP_v,  pairwise(t, a, IR_vumaxp))
ROW(SMINP_v,  pairwise(t, a, IR_vsminp))
ROW(UMINP_v,  pairwise(t, a, IR_vuminp))
ROW(ADDP_v,   pairwise(t, a, IR_vaddp))

static bool logic(struct tr *t, const struct arg_AND_v *a, enum ir_op op)
{
    return set_v(t, a->rd, a->q, ir2(t->r, op, IR_V128, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool choose(struct tr *t, const struct arg_AND_v *a, unsigned mask, unsigned yes,
                   unsigned no)
{
    return set_v(t, a->rd, a->q, v3(t, IR_vbsl, 0, get_v(t, mask), get_v(t, yes), get_v(t, no)));
}

ROW(AND_v, logic(t, a, IR_vand))
ROW(BIC_v, logic(t, a, IR_vandn))
ROW(ORR_v, a->rn == a->rm ? set_v(t, a->rd, a->q, get_v(t, a->rn)) : logic(t, a, IR_vor))
ROW(ORN_v,
    set_v(t, a->rd, a->q, ir2(t->r, IR_vor, IR_V128, get_v(t, a->rn), not(t, get_v(t, a->rm)))))
ROW(EOR_v, logic(t, a, IR_vxor))
ROW(BSL_v, choose(t, a, a->rd, a->rn, a->rm))
ROW(BIT_v, choose(t, a, a->rm, a->rn, a->rd))
ROW(BIF_v, choose(t, a, a->rm, a->rd, a->rn))

/* ---------------------------------------- two registers, miscellaneous */

static bool misc_op(struct tr *t, const struct arg_ABS_v *a, enum ir_op op)
{
    if (a->size == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, v1(t, op, a->size, get_v(t, a->rn)));
}
static bool misc_zero(struct tr *t, const struct arg_ABS_v *a, enum ir_cc cc, bool swapped)
{
    if (a->size == 3 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn), z = vzero(t);
    return set_v(t, a->rd, a->q, swapped ? vcmp(t, cc, a->size, z, x) : vcmp(t, cc, a->size, x, z));
}
static bool misc(struct tr *t, const struct arg_ABS_v *a,
                 ir_ref (*f)(struct tr *, unsigned, ir_ref))
{
    return set_v(t, a->rd, a->q, f(t, a->size, get_v(t, a->rn)));
}
static bool misc_acc(struct tr *t, const struct arg_ABS_v *a,
                     ir_ref (*f)(struct tr *, unsigned, ir_ref))
{
    ir_ref x = f(t, a->size, get_v(t, a->rn));
    return set_v(t, a->rd, a->q, add(t, a->size + 1u, get_v(t, a->rd), x));
}

ROW(SADDLP_v, misc(t, a, saddlp))
ROW(UADDLP_v, misc(t, a, uaddlp))
ROW(SADALP_v, misc_acc(t, a, saddlp))
ROW(UADALP_v, misc_acc(t, a, uaddlp))
ROW(CLS_v,    misc(t, a, cls))
ROW(CLZ_v,    misc_op(t, a, IR_vclz))
ROW(CNT_v,    set_v(t, a->rd, a->q, v1(t, IR_vcnt, 0, get_v(t, a->rn))))
ROW(NOT_v,    set_v(t, a->rd, a->q, not(t, get_v(t, a->rn))))
ROW(RBIT_v,   set_v(t, a->rd, a->q, v1(t, IR_vrbit, 0, get_v(t, a->rn))))
ROW(CMGT_z,   misc_zero(t, a, IR_GT, false))
ROW(CMGE_z,   misc_zero(t, a, IR_GE, false))
ROW(CMEQ_z,   misc_zero(t, a, IR_EQ, false))
ROW(CMLE_z,   misc_zero(t, a, IR_GE, true))
ROW(CMLT_z,   misc_zero(t, a, IR_GT, true))
ROW(ABS_v,    misc_op(t, a, IR_vabs))
ROW(NEG_v,    misc_op(t, a, IR_vneg))
ROW(XTN_v,    set_half(t, a->rd, a->q, v1(t, IR_vxtn, a->size + 1u, get_v(t, a->rn))))

static bool shll(struct tr *t, bool q, unsigned l, unsigned rd, unsigned rn, enum ir_op widen,
                 unsigned n)
{
    ir_ref x = v1(t, widen, l, half(t, q, get_v(t, rn)));
    return set_v(t, rd, true, n ? v1i(t, IR_vshli, l + 1, x, n) : x);
}
ROW(SHLL_v,   shll(t, a->q, a->size, a->rd, a->rn, IR_vuxtl, 8u << a->size))

/* ------------------------------------------------------------ across lanes */

/* CNT and ADDV of eight bytes in one block is how compilers count the bits of an integer. Returns the
 * count as a vector if x is CNT's result, else 0. */
static ir_ref population(struct tr *t, ir_ref x)
{
    const struct ir_inst *p = &t->r->insts[ir_is_const(x) ? 0 : x];
    if (p->op == IR_vlow64)
        p = &t->r->insts[ir_is_const(p->arg[0]) ? 0 : p->arg[0]];
    if (p->op != IR_vcnt)
        return IR_NONE;
    ir_ref n = ir1(t->r, IR_fbits, IR_I64, ir1(t->r, IR_vlow, IR_F64, p->arg[0]));
    n = ir1(t->r, IR_trunc, IR_I32, ir1(t->r, IR_popcnt, IR_I64, n));
    return ir1(t->r, IR_vzx, IR_V128, n);
}

/* Sizes 2 of a 64-bit vector are reserved. The unused half is filled so that it changes nothing. */
static bool across(struct tr *t, const struct arg_ABS_v *a, enum ir_op op)
{
    if (a->size == 2 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn), n;
    if (op == IR_vaddv && a->size == 0 && !a->q && (n = population(t, x)))
        return set_v(t, a->rd, true, n);
    if (!a->q)
        x = op == IR_vaddv ? ir1(t->r, IR_vlow64, IR_V128, x) : v2(t, IR_vcomb, 0, x, x);
    return set_v(t, a->rd, true, v1(t, op, a->size, x));
}
static bool across_long(struct tr *t, const struct arg_ABS_v *a,
                        ir_ref (*f)(struct tr *, unsigned, ir_ref))
{
    if (a->size == 2 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn);
    if (!a->q)
        x = ir1(t->r, IR_vlow64, IR_V128, x);
    if (f == uaddlp && a->size == 0)
        return set_v(t, a->rd, true, v1(t, IR_vaddv, 3, v2(t, IR_vsad, 0, x, vzero(t))));
    return set_v(t, a->rd, true, v1(t, IR_vaddv, a->size + 1u, f(t, a->size, x)));
}

ROW(SADDLV_v, across_long(t, a, saddlp))
ROW(UADDLV_v, across_long(t, a, uaddlp))
ROW(SMAXV_v,  across(t, a, IR_vsmaxv))
ROW(UMAXV_v,  across(t, a, IR_vumaxv))
ROW(SMINV_v,  across(t, a, IR_vsminv))
ROW(UMINV_v,  across(t, a, IR_vuminv))
ROW(ADDV_v,   across(t, a, IR_vaddv))

/* -------------------------------------------- three of different types */

/* Both sources widened, combined by op (vadd, vsub, vumin ...). */
static ir_ref wide2(struct tr *t, const struct arg_ADD_v *a, enum ir_op widen, ir_ref *y)
{
    *y = v1(t, widen, a->size, half(t, a->q, get_v(t, a->rm)));
    return v1(t, widen, a->size, half(t, a->q, get_v(t, a->rn)));
}
static bool longer(struct tr *t, const struct arg_ADD_v *a, enum ir_op widen, enum ir_op op)
{
    ir_ref y, x = wide2(t, a, widen, &y);
    return set_v(t, a->rd, true, v2(t, op, a->size + 1u, x, y));
}
static bool wider(struct tr *t, const struct arg_ADD_v *a, enum ir_op widen, enum ir_op op)
{
    ir_ref y = v1(t, widen, a->size, half(t, a->q, get_v(t, a->rm)));
    return set_v(t, a->rd, true, v2(t, op, a->size + 1u, get_v(t, a->rn), y));
}
/* Whole registers are subtracted (the other half is mostly wanted next); a difference is unsigned. */
static bool abdl(struct tr *t, const struct arg_ADD_v *a,
                 ir_ref (*f)(struct tr *, unsigned, ir_ref, ir_ref), bool accumulate)
{
    unsigned l = a->size + 1u;
    ir_ref x = half(t, a->q, f(t, a->size, get_v(t, a->rn), get_v(t, a->rm)));
    x = v1(t, IR_vuxtl, a->size, x);
    return set_v(t, a->rd, true, accumulate ? add(t, l, get_v(t, a->rd), x) : x);
}
static bool high_narrow(struct tr *t, const struct arg_ADD_v *a, enum ir_op op, bool round)
{
    unsigned l = a->size + 1u, bits = 8u << a->size;
    ir_ref x = v2(t, op, l, get_v(t, a->rn), get_v(t, a->rm));
    if (round)
        x = add(t, l, x, vconst(t, l, 1ull << (bits - 1)));
    return set_half(t, a->rd, a->q, v1i(t, IR_vshrn, l, x, bits));
}
static bool mul_long(struct tr *t, unsigned rd, unsigned l, ir_ref x, ir_ref y, enum ir_op mull,
                     enum ir_op op)
{
    ir_ref p;
    if (l == 0) { /* of bytes: words, which may be there already */
        enum ir_op widen = mull == IR_vumull ? IR_vuxtl : IR_vsxtl;
        p = v2(t, IR_vmul, 1, v1(t, widen, 0, x), v1(t, widen, 0, y));
    } else {
        p = v2(t, mull, l, x, y);
    }
    return set_v(t, rd, true, op == IR_nop ? p : v2(t, op, l + 1, get_v(t, rd), p));
}
/* op: how the product goes to the destination; nop: as it is. */
static bool mull(struct tr *t, const struct arg_ADD_v *a, enum ir_op mull, enum ir_op op)
{
    return mul_long(t, a->rd, a->size, half(t, a->q, get_v(t, a->rn)),
                    half(t, a->q, get_v(t, a->rm)), mull, op);
}

ROW(SADDL_v,  longer(t, a, IR_vsxtl, IR_vadd))
ROW(UADDL_v,  longer(t, a, IR_vuxtl, IR_vadd))
ROW(SSUBL_v,  longer(t, a, IR_vsxtl, IR_vsub))
ROW(USUBL_v,  longer(t, a, IR_vuxtl, IR_vsub))
ROW(SADDW_v,  wider(t, a, IR_vsxtl, IR_vadd))
ROW(UADDW_v,  wider(t, a, IR_vuxtl, IR_vadd))
ROW(SSUBW_v,  wider(t, a, IR_vsxtl, IR_vsub))
ROW(USUBW_v,  wider(t, a, IR_vuxtl, IR_vsub))
ROW(ADDHN_v,  high_narrow(t, a, IR_vadd, false))
ROW(RADDHN_v, high_narrow(t, a, IR_vadd, true))
ROW(SUBHN_v,  high_narrow(t, a, IR_vsub, false))
ROW(RSUBHN_v, high_narrow(t, a, IR_vsub, true))
ROW(SABAL_v,  abdl(t, a, sabd, true))
ROW(UABAL_v,  abdl(t, a, uabd, true))
ROW(SABDL_v,  abdl(t, a, sabd, false))
ROW(UABDL_v,  abdl(t, a, uabd, false))
ROW(SMULL_v,  mull(t, a, IR_vsmull, IR_nop))
ROW(UMULL_v,  mull(t, a, IR_vumull, IR_nop))
ROW(SMLAL_v,  mull(t, a, IR_vsmull, IR_vadd))
ROW(UMLAL_v,  mull(t, a, IR_vumull, IR_vadd))
ROW(SMLSL_v,  mull(t, a, IR_vsmull, IR_vsub))
ROW(UMLSL_v,  mull(t, a, IR_vumull, IR_vsub))
ROW(PMULL_v,  set_v(t, a->rd, true, v2i(t, IR_vpmull, 3, get_v(t, a->rn), get_v(t, a->rm),
                                        a->q ? 0x11 : 0)))

/* ------------------------------------------------------------ by element */

/* The element of rows with size, l, m, rm, h, in every lane. */
static ir_ref element(struct tr *t, const struct arg_MLA_e *a)
{
    if (a->size == 1)
        return v1i(t, IR_vdupl, 1, get_v(t, a->rm), (int64_t)(a->h << 2 | a->l << 1 | a->m));
    return v1i(t, IR_vdupl, 2, get_v(t, a->m << 4 | a->rm), (int64_t)(a->h << 1 | a->l));
}
static bool by_element(struct tr *t, const struct arg_MLA_e *a, enum ir_op op)
{
    ir_ref p = mul(t, a->size, get_v(t, a->rn), element(t, a));
    return set_v(t, a->rd, a->q, op == IR_nop ? p : v2(t, op, a->size, get_v(t, a->rd), p));
}
static bool mull_element(struct tr *t, const struct arg_MLA_e *a, enum ir_op mull, enum ir_op op)
{
    return mul_long(t, a->rd, a->size, half(t, a->q, get_v(t, a->rn)), element(t, a), mull, op);
}

ROW(MUL_e,   by_element(t, a, IR_nop))
ROW(MLA_e,   by_element(t, a, IR_vadd))
ROW(MLS_e,   by_element(t, a, IR_vsub))
ROW(SMULL_e, mull_element(t, a, IR_vsmull, IR_nop))
ROW(UMULL_e, mull_element(t, a, IR_vumull, IR_nop))
ROW(SMLAL_e, mull_element(t, a, IR_vsmull, IR_vadd))
ROW(UMLAL_e, mull_element(t, a, IR_vumull, IR_vadd))
ROW(SMLSL_e, mull_element(t, a, IR_vsmull, IR_vsub))
ROW(UMLSL_e, mull_element(t, a, IR_vumull, IR_vsub))

/* --------------------------------------------------- shifts by immediate */

/* imm = immh:immb: the highest one bit of immh tells the lane, the rest the shift. */
static unsigned shift_lane(unsigned imm) { return 31u - 3u - (unsigned)__builtin_clz(imm); }
static unsigned shift_right(unsigned imm) { return (16u << shift_lane(imm)) - imm; } /* 1..bits */
static unsigned shift_left(unsigned imm) { return imm - (8u << shift_lane(imm)); }   /* 0..bits-1 */

enum shift_kind { PLAIN, ACCUMULATE, ROUND, ROUND_ACCUMULATE };

/* x >> n (vshri or vsari), as kind says; d: the destination's old value. */
static ir_ref shifted(struct tr *t, enum ir_op op, enum shift_kind kind, unsigned l, unsigned n,
                      ir_ref x, ir_ref d)
{
    ir_ref y;
    if (!(kind & ROUND)) {
        y = v1i(t, op, l, x, n);
    } else if (l == 1 && op == IR_vsari && n < 16) { /* a product by a fraction is rounded */
        y = v2i(t, IR_vfxmul, 1, x, vconst(t, 1, 1ull << (15 - n)), 1);
    } else { /* shifted by one less, then less half of it */
        y = v1i(t, op, l, x, n - 1);
        y = l < 2 && op == IR_vshri ? v2(t, IR_vurhavg, l, y, vzero(t))
                                    : sub(t, l, y, v1i(t, op, l, y, 1));
    }
    return kind & ACCUMULATE ? add(t, l, d, y) : y;
}
static bool shr(struct tr *t, const struct arg_SSHR_v *a, enum ir_op op, enum shift_kind kind)
{
    unsigned l = shift_lane(a->imm);
    if (l == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, shifted(t, op, kind, l, shift_right(a->imm), get_v(t, a->rn),
                                         kind & ACCUMULATE ? get_v(t, a->rd) : IR_NONE));
}
/* Inserting shifts keep the bits of the destination where zeros would be shifted in. */
static ir_ref sri(struct tr *t, unsigned l, unsigned n, ir_ref x, ir_ref d)
{
    unsigned bits = 8u << l;
    if (n == bits)
        return d;
    ir_ref mask = vconst(t, l, (~0ull >> (64 - bits)) >> n);
    return v3(t, IR_vbsl, 0, mask, v1i(t, IR_vshri, l, x, n), d);
}
static ir_ref sli(struct tr *t, unsigned l, unsigned n, ir_ref x, ir_ref d)
{
    return v3(t, IR_vbsl, 0, vconst(t, l, ~0ull << n), v1i(t, IR_vshli, l, x, n), d);
}
static ir_ref shl(struct tr *t, unsigned l, unsigned n, ir_ref x, ir_ref d)
{
    return v1i(t, IR_vshli, l, x, n);
}
static bool left(struct tr *t, const struct arg_SSHR_v *a,
                 ir_ref (*f)(struct tr *, unsigned, unsigned, ir_ref, ir_ref))
{
    unsigned l = shift_lane(a->imm);
    if (l == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, f(t, l, shift_left(a->imm), get_v(t, a->rn), get_v(t, a->rd)));
}
static bool insert_right(struct tr *t, const struct arg_SSHR_v *a)
{
    unsigned l = shift_lane(a->imm);
    if (l == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, sri(t, l, shift_right(a->imm), get_v(t, a->rn), get_v(t, a->rd)));
}
static bool narrow(struct tr *t, const struct arg_SSHR_v *a, bool round)
{
    unsigned l = shift_lane(a->imm) + 1, n = shift_right(a->imm);
    ir_ref x = get_v(t, a->rn);
    if (round)
        x = add(t, l, x, vconst(t, l, 1ull << (n - 1)));
    return set_half(t, a->rd, a->q, v1i(t, IR_vshrn, l, x, n));
}

ROW(SSHR_v,  shr(t, a, IR_vsari, PLAIN))
ROW(USHR_v,  shr(t, a, IR_vshri, PLAIN))
ROW(SSRA_v,  shr(t, a, IR_vsari, ACCUMULATE))
ROW(USRA_v,  shr(t, a, IR_vshri, ACCUMULATE))
ROW(SRSHR_v, shr(t, a, IR_vsari, ROUND))
ROW(URSHR_v, shr(t, a, IR_vshri, ROUND))
ROW(SRSRA_v, shr(t, a, IR_vsari, ROUND_ACCUMULATE))
ROW(URSRA_v, shr(t, a, IR_vshri, ROUND_ACCUMULATE))
ROW(SRI_v,   insert_right(t, a))
ROW(SHL_v,   left(t, a, shl))
ROW(SLI_v,   left(t, a, sli))
ROW(SHRN_v,  narrow(t, a, false))
ROW(RSHRN_v, narrow(t, a, true))
ROW(SSHLL_v, shll(t, a->q, shift_lane(a->imm), a->rd, a->rn, IR_vsxtl, shift_left(a->imm)))
ROW(USHLL_v, shll(t, a->q, shift_lane(a->imm), a->rd, a->rn, IR_vuxtl, shift_left(a->imm)))

/* ------------------------------------------------- scalars of 64 bits */

static bool scalar(struct tr *t, const struct arg_ADD_s *a, enum ir_op op)
{
    return set_v(t, a->rd, false, v2(t, op, 3, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool scalar_cmp(struct tr *t, const struct arg_ADD_s *a, enum ir_cc cc)
{
    return set_v(t, a->rd, false, vcmp(t, cc, 3, get_v(t, a->rn), get_v(t, a->rm)));
}
static bool scalar_zero(struct tr *t, const struct arg_ABS_s *a, enum ir_cc cc, bool swapped)
{
    ir_ref x = get_v(t, a->rn), z = vzero(t);
    return set_v(t, a->rd, false, swapped ? vcmp(t, cc, 3, z, x) : vcmp(t, cc, 3, x, z));
}
/* imm: 64 - shift to the right. */
static bool scalar_shr(struct tr *t, const struct arg_SSHR_s *a, enum ir_op op,
                       enum shift_kind kind)
{
    return set_v(t, a->rd, false, shifted(t, op, kind, 3, 64u - a->imm, get_v(t, a->rn),
                                          kind & ACCUMULATE ? get_v(t, a->rd) : IR_NONE));
}

ROW(CMGT_s,  scalar_cmp(t, a, IR_GT))
ROW(CMHI_s,  scalar_cmp(t, a, IR_HI))
ROW(CMGE_s,  scalar_cmp(t, a, IR_GE))
ROW(CMHS_s,  scalar_cmp(t, a, IR_HS))
ROW(CMEQ_s,  scalar_cmp(t, a, IR_EQ))
ROW(CMTST_s, scalar(t, a, IR_vtst))
ROW(ADD_s,   scalar(t, a, IR_vadd))
ROW(SUB_s,   scalar(t, a, IR_vsub))
ROW(CMGT_sz, scalar_zero(t, a, IR_GT, false))
ROW(CMGE_sz, scalar_zero(t, a, IR_GE, false))
ROW(CMEQ_sz, scalar_zero(t, a, IR_EQ, false))
ROW(CMLE_sz, scalar_zero(t, a, IR_GE, true))
ROW(CMLT_sz, scalar_zero(t, a, IR_GT, true))
ROW(ABS_s,   set_v(t, a->rd, false, v1(t, IR_vabs, 3, get_v(t, a->rn))))
ROW(NEG_s,   set_v(t, a->rd, false, v1(t, IR_vneg, 3, get_v(t, a->rn))))
ROW(ADDP_s,  set_v(t, a->rd, true, v1(t, IR_vaddv, 3, get_v(t, a->rn))))
ROW(SSHR_s,  scalar_shr(t, a, IR_vsari, PLAIN))
ROW(USHR_s,  scalar_shr(t, a, IR_vshri, PLAIN))
ROW(SSRA_s,  scalar_shr(t, a, IR_vsari, ACCUMULATE))
ROW(USRA_s,  scalar_shr(t, a, IR_vshri, ACCUMULATE))
ROW(SRSHR_s, scalar_shr(t, a, IR_vsari, ROUND))
ROW(URSHR_s, scalar_shr(t, a, IR_vshri, ROUND))
ROW(SRSRA_s, scalar_shr(t, a, IR_vsari, ROUND_ACCUMULATE))
ROW(URSRA_s, scalar_shr(t, a, IR_vshri, ROUND_ACCUMULATE))
ROW(SRI_s,   set_v(t, a->rd, false, sri(t, 3, 64u - a->imm, get_v(t, a->rn), get_v(t, a->rd))))
ROW(SHL_s,   set_v(t, a->rd, false, shl(t, 3, a->imm, get_v(t, a->rn), IR_NONE)))
ROW(SLI_s,   set_v(t, a->rd, false, sli(t, 3, a->imm, get_v(t, a->rn), get_v(t, a->rd))))
