/*
 * What the lowering files of Advanced SIMD and floating point share: operands and results of
 * vectors.
 *
 * A vector of 64 bits is lowered as one of 128 whose upper half is cleared at the end, so an
 * operation may leave anything there. Floating-point operations get upper halves that raise no
 * exception.
 */
#ifndef MYNA_AARCH64_SIMD_H
#define MYNA_AARCH64_SIMD_H

#include "lower.h"

/* One row of simd.decode: its lowering in one expression of t and a. */
#define ROW(name, expression) \
    bool lower_##name(struct tr *t, const struct arg_##name *a) { return expression; }

static inline ir_ref get_v(struct tr *t, unsigned n) { return ir_get(t->r, A64_V(n)); }

/* Stores a vector of 128 (q) or 64 bits and returns true. */
static inline bool set_v(struct tr *t, unsigned n, bool q, ir_ref v)
{
    ir_set(t->r, A64_V(n), q ? v : ir1(t->r, IR_vlow64, IR_V128, v));
    return true;
}

/* Vector operations by lane; without: lanes do not matter. */
static inline ir_ref v1(struct tr *t, enum ir_op op, unsigned lane, ir_ref a)
{
    return irv1(t->r, op, (enum ir_lane)lane, a, 0);
}
static inline ir_ref v1i(struct tr *t, enum ir_op op, unsigned lane, ir_ref a, int64_t imm)
{
    return irv1(t->r, op, (enum ir_lane)lane, a, imm);
}
static inline ir_ref v2(struct tr *t, enum ir_op op, unsigned lane, ir_ref a, ir_ref b)
{
    return irv2(t->r, op, (enum ir_lane)lane, a, b, 0);
}
static inline ir_ref v2i(struct tr *t, enum ir_op op, unsigned lane, ir_ref a, ir_ref b,
                         int64_t imm)
{
    return irv2(t->r, op, (enum ir_lane)lane, a, b, imm);
}
static inline ir_ref v3(struct tr *t, enum ir_op op, unsigned lane, ir_ref a, ir_ref b, ir_ref c)
{
    return ir_emit(t->r, op, IR_V128, a, b, c, 0, lane, 0);
}
static inline ir_ref vcmp(struct tr *t, enum ir_cc cc, unsigned lane, ir_ref a, ir_ref b)
{
    return ir_emit(t->r, IR_vcmp, IR_V128, a, b, 0, 0, lane | (unsigned)cc << 8, 0);
}

/* The constant with x (of the lane's bits) in each lane. */
static inline ir_ref vconst(struct tr *t, unsigned lane, uint64_t x)
{
    for (unsigned bits = 8u << lane; bits < 64; bits *= 2)
        x = (x & (~0ull >> (64 - bits))) | x << bits;
    return ir_const128(t->r, IR_V128, x, x);
}
static inline ir_ref vzero(struct tr *t) { return ir_const128(t->r, IR_V128, 0, 0); }

/* The low or (high) the high 64 bits in the low half: sources of the L and L2 forms. */
static inline ir_ref half(struct tr *t, bool high, ir_ref v)
{
    return high ? ir1(t->r, IR_vhigh64, IR_V128, v) : v;
}
/* Result of a narrowing in bits 63:0 of v: into the low half, rest 0, or (high) into the high half.
 */
static inline bool set_half(struct tr *t, unsigned rd, bool high, ir_ref v)
{
    ir_set(t->r, A64_V(rd), high ? v2(t, IR_vcomb, 0, get_v(t, rd), v)
                                 : ir1(t->r, IR_vlow64, IR_V128, v));
    return true;
}

#endif
