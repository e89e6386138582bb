/*
 * Advanced SIMD moves: modified immediates, copies between lanes and general registers,
 * permutations, extraction, tables and reversals (Arm ARM C4.1, "Advanced SIMD modified immediate",
 * "... copy",
 * "... permute", "... extract", "... table lookup", "... scalar copy").
 */
#include "simd.h"

/* ------------------------------------------------------ modified immediate */

static bool set_const(struct tr *t, unsigned rd, bool q, uint64_t x)
{
    ir_set(t->r, A64_V(rd), ir_const128(t->r, IR_V128, x, q ? x : 0));
    return true;
}
static uint64_t twice(uint32_t x) { return x | (uint64_t)x << 32; }
static uint64_t four(uint32_t x) { return twice((x & 0xffff) | x << 16); }

/* VFPExpandImm for single precision. */
static uint32_t expand_single(unsigned imm8)
{
    unsigned b = imm8 >> 6 & 1;
    return (imm8 >> 7) << 31 | (b ? 0x1fu << 25 : 1u << 30) | (imm8 & 0x3f) << 19;
}
static uint64_t expand_double(unsigned imm8)
{
    uint64_t b = imm8 >> 6 & 1;
    return (uint64_t)(imm8 >> 7) << 63 | (b ? 0xffull << 54 : 1ull << 62) |
           (uint64_t)(imm8 & 0x3f) << 48;
}

static bool with_const(struct tr *t, enum ir_op op, unsigned rd, bool q, uint64_t x)
{
    return set_v(t, rd, q, ir2(t->r, op, IR_V128, get_v(t, rd), ir_const128(t->r, IR_V128, x, x)));
}

static uint32_t imm_w32(unsigned imm, unsigned low, unsigned shift)
{
    return (imm << 5 | low) << 8 * shift;
}
/* With ones shifted in. */
static uint32_t imm_msl(unsigned imm, unsigned low, unsigned shift)
{
    return shift ? (imm << 5 | low) << 16 | 0xffff : (imm << 5 | low) << 8 | 0xff;
}
/* Each bit becomes a byte. */
static uint64_t imm_bytes(unsigned imm8)
{
    uint64_t x = 0;
    for (unsigned i = 0; i < 8; i++)
        x |= (imm8 >> i & 1 ? 0xffull : 0) << 8 * i;
    return x;
}

ROW(MOVI_vw, set_const(t, a->rd, a->q, twice(imm_w32(a->abc, a->defgh, a->shift))))
ROW(MVNI_vw, set_const(t, a->rd, a->q, ~twice(imm_w32(a->abc, a->defgh, a->shift))))
ROW(ORR_vw,  with_const(t, IR_vor, a->rd, a->q, twice(imm_w32(a->abc, a->defgh, a->shift))))
ROW(BIC_vw,  with_const(t, IR_vandn, a->rd, a->q, twice(imm_w32(a->abc, a->defgh, a->shift))))
ROW(MOVI_vh, set_const(t, a->rd, a->q, four(imm_w32(a->abc, a->defgh, a->shift))))
ROW(MVNI_vh, set_const(t, a->rd, a->q, ~four(imm_w32(a->abc, a->defgh, a->shift))))
ROW(ORR_vh,  with_const(t, IR_vor, a->rd, a->q, four(imm_w32(a->abc, a->defgh, a->shift))))
ROW(BIC_vh,  with_const(t, IR_vandn, a->rd, a->q, four(imm_w32(a->abc, a->defgh, a->shift))))
ROW(MOVI_vm, set_const(t, a->rd, a->q, twice(imm_msl(a->abc, a->defgh, a->shift))))
ROW(MVNI_vm, set_const(t, a->rd, a->q, ~twice(imm_msl(a->abc, a->defgh, a->shift))))
ROW(MOVI_vb, set_const(t, a->rd, a->q, (a->abc << 5 | a->defgh) * 0x0101010101010101ull))
ROW(MOVI_vd, set_const(t, a->rd, a->q, imm_bytes(a->abc << 5 | a->defgh)))
ROW(FMOV_vs, set_const(t, a->rd, a->q, twice(expand_single(a->abc << 5 | a->defgh))))
ROW(FMOV_vd, set_const(t, a->rd, true, expand_double(a->abc << 5 | a->defgh)))
ROW(FMOV_fi, set_const(t, a->rd, false, a->d ? expand_double(a->imm8) : expand_single(a->imm8)))

/* -------------------------------------------------------------------- copy */

/* imm5: lane size is the lowest one bit, the index is above it. Size 4: reserved. */
static unsigned copy_lane(unsigned imm5) { return imm5 & 15 ? (unsigned)__builtin_ctz(imm5) : 4; }
static unsigned copy_index(unsigned imm5) { return imm5 >> (copy_lane(imm5) + 1); }

static bool dup_lane(struct tr *t, unsigned rd, unsigned rn, unsigned imm5, bool q)
{
    unsigned l = copy_lane(imm5);
    if (l == 4 || (l == 3 && !q))
        return false;
    return set_v(t, rd, q, v1i(t, IR_vdupl, l, get_v(t, rn), copy_index(imm5)));
}
static bool dup_general(struct tr *t, unsigned rd, unsigned rn, unsigned imm5, bool q)
{
    unsigned l = copy_lane(imm5);
    if (l == 4 || (l == 3 && !q))
        return false;
    return set_v(t, rd, q, v1(t, IR_vdup, l, get_r(t, l == 3, rn)));
}
/* One lane alone, the rest cleared. */
static bool dup_scalar(struct tr *t, unsigned rd, unsigned rn, unsigned imm5)
{
    unsigned l = copy_lane(imm5);
    if (l == 4)
        return false;
    ir_ref x = l == 3 && copy_index(imm5)
                   ? ir1(t->r, IR_vhigh64, IR_V128, get_v(t, rn))
                   : ir1(t->r, IR_vzx, IR_V128,
                         ir_emit(t->r, IR_vget, l == 3 ? IR_I64 : IR_I32, get_v(t, rn), 0, 0, 0, l,
                                 copy_index(imm5)));
    return set_v(t, rd, true, x);
}
static bool lane_to_general(struct tr *t, unsigned rd, unsigned rn, unsigned imm5, bool sf,
                            bool sign)
{
    unsigned l = copy_lane(imm5);
    if (l == 4 || (sign ? l >= (sf ? 3 : 2) : sf != (l == 3)))
        return false;
    set_r(t, sf, rd, ir_emit(t->r, IR_vget, type_of(sf), get_v(t, rn), 0, 0, 0, l,
                             copy_index(imm5) | (sign ? 0x80 : 0)));
    return true;
}
static bool insert_general(struct tr *t, unsigned rd, unsigned rn, unsigned imm5)
{
    unsigned l = copy_lane(imm5);
    if (l == 4)
        return false;
    return set_v(t, rd, true,
                 v2i(t, IR_vins, l, get_v(t, rd), get_r(t, l == 3, rn), copy_index(imm5)));
}
static bool insert_lane(struct tr *t, unsigned rd, unsigned rn, unsigned imm5, unsigned imm4)
{
    unsigned l = copy_lane(imm5);
    if (l == 4)
        return false;
    return set_v(t, rd, true, v2i(t, IR_vinsl, l, get_v(t, rd), get_v(t, rn),
                                  copy_index(imm5) | (imm4 >> l) << 8));
}

ROW(DUP_v,  dup_lane(t, a->rd, a->rn, a->imm5, a->q))
ROW(DUP_r,  dup_general(t, a->rd, a->rn, a->imm5, a->q))
ROW(DUP_s,  dup_scalar(t, a->rd, a->rn, a->imm5))
ROW(SMOV_v, lane_to_general(t, a->rd, a->rn, a->imm5, a->q, true))
ROW(UMOV_v, lane_to_general(t, a->rd, a->rn, a->imm5, a->q, false))
ROW(INS_r,  insert_general(t, a->rd, a->rn, a->imm5))
ROW(INS_v,  insert_lane(t, a->rd, a->rn, a->imm5, a->imm4))

/* ------------------------------------------------------------- permutation */

/* 64-bit vectors: n and m in one vector for UZP. ZIP1 and TRN need lanes of the low halves only. */
static bool uzp(struct tr *t, const struct arg_UZP1_v *a, enum ir_op op)
{
    if (a->size == 3 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn), y = get_v(t, a->rm);
    if (!a->q)
        x = y = v2(t, IR_vcomb, 0, x, y);
    return set_v(t, a->rd, a->q, v2(t, op, a->size, x, y));
}
static bool zip(struct tr *t, const struct arg_UZP1_v *a, bool high)
{
    if (a->size == 3 && !a->q)
        return false;
    ir_ref x = get_v(t, a->rn), y = get_v(t, a->rm);
    if (a->q)
        return set_v(t, a->rd, true, v2(t, high ? IR_vzip2 : IR_vzip1, a->size, x, y));
    x = v2(t, IR_vzip1, a->size, x, y); /* both results, one after the other */
    return high ? set_v(t, a->rd, true, ir1(t->r, IR_vhigh64, IR_V128, x))
                : set_v(t, a->rd, false, x);
}
static bool trn(struct tr *t, const struct arg_UZP1_v *a, enum ir_op op)
{
    if (a->size == 3 && !a->q)
        return false;
    return set_v(t, a->rd, a->q, v2(t, op, a->size, get_v(t, a->rn), get_v(t, a->rm)));
}

ROW(UZP1_v, uzp(t, a, IR_vuzp1))
ROW(UZP2_v, uzp(t, a, IR_vuzp2))
ROW(ZIP1_v, zip(t, a, false))
ROW(ZIP2_v, zip(t, a, true))
ROW(TRN1_v, trn(t, a, IR_vtrn1))
ROW(TRN2_v, trn(t, a, IR_vtrn2))

static bool ext(struct tr *t, const struct arg_EXT_v *a)
{
    if (!a->q && a->imm4 > 7)
        return false;
    return set_v(t, a->rd, true, v2i(t, a->q ? IR_vext : IR_vext64, 0, get_v(t, a->rn),
                                     get_v(t, a->rm), a->imm4));
}
ROW(EXT_v, ext(t, a))

/* Tables of 1..4 registers from rn on, wrapping after 31, two at a time: an index outside reads 0 there. */
static ir_ref table(struct tr *t, const struct arg_TBL_v *a)
{
    ir_ref index = get_v(t, a->rm), x = IR_NONE;
    for (unsigned i = 0; i <= a->len; i += 2) {
        ir_ref in = i ? v2(t, IR_vsub, 0, index, vconst(t, 0, 16 * i)) : index;
        ir_ref low = get_v(t, (a->rn + i) & 31);
        ir_ref part = i == a->len ? v2(t, IR_vtbl, 0, low, in)
                                  : v3(t, IR_vtbl2, 0, low, get_v(t, (a->rn + i + 1) & 31), in);
        x = i ? v2(t, IR_vor, 0, x, part) : part;
    }
    return x;
}
static ir_ref table_or_old(struct tr *t, const struct arg_TBL_v *a)
{
    ir_ref outside = vcmp(t, IR_HS, 0, get_v(t, a->rm), vconst(t, 0, 16 * a->len + 16));
    return v3(t, IR_vbsl, 0, outside, get_v(t, a->rd), table(t, a));
}
ROW(TBL_v, set_v(t, a->rd, a->q, table(t, a)))
ROW(TBX_v, set_v(t, a->rd, a->q, table_or_old(t, a)))

ROW(REV64_v, set_v(t, a->rd, a->q, v1i(t, IR_vrev, a->size, get_v(t, a->rn), 64)))
ROW(REV32_v, set_v(t, a->rd, a->q, v1i(t, IR_vrev, a->h, get_v(t, a->rn), 32)))
ROW(REV16_v, set_v(t, a->rd, a->q, v1i(t, IR_vrev, 0, get_v(t, a->rn), 16)))
