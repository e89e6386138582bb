/*
 * Advanced SIMD that saturates, rounds shifts by registers, or multiplies polynomials of bytes (Arm ARM
 * C7.2: SQADD ... UQXTN, SRSHL, PMUL; the functions SignedSatQ, UnsignedSatQ and PolynomialMult of J1.3).
 *
 * FPSR.QC is a vector, row qc of the register table: any bit that is set there means 1. An instruction
 * ORs in what is not 0 where it saturated, mostly the difference between a saturated and a wrapped
 * result, so no branch is taken and nothing is reduced before FPSR is read.
 *
 * Scalars and 64-bit vectors are worked on as whole vectors whose other lanes are cleared beforehand:
 * each operation gives 0 for zeros and does not saturate on them.
 */
#include "simd.h"

/* ------------------------------------------------------------------ operands */

/* Which lanes of its registers an instruction works on. */
struct part {
    bool scalar, q;
    uint8_t lane;
};
static struct part vector(bool q, unsigned lane)
{
    return (struct part){ false, q, (uint8_t)lane };
}
static struct part scalar(unsigned lane) { return (struct part){ true, false, (uint8_t)lane }; }
static bool reserved(struct part p) { return p.lane == 3 && !p.scalar && !p.q; }

static ir_ref and(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vand, 0, a, b); }
static ir_ref or(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vor, 0, a, b); }
static ir_ref xor(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vxor, 0, a, b); }
static ir_ref not(struct tr *t, ir_ref a) { return v1(t, IR_vnot, 0, a); }
static ir_ref andn(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vandn, 0, a, b); }
static ir_ref choose(struct tr *t, ir_ref mask, ir_ref a, ir_ref b)
{
    return v3(t, IR_vbsl, 0, mask, a, b);
}

/* v with the lanes cleared that p does not have. */
static ir_ref cut(struct tr *t, struct part p, ir_ref v)
{
    if (p.q)
        return v;
    if (!p.scalar || p.lane == 3)
        return v1(t, IR_vlow64, 0, v);
    return and(t, v, ir_const128(t->r, IR_V128, ~0ull >> (64 - (8u << p.lane)), 0));
}
static ir_ref get_part(struct tr *t, struct part p, unsigned n) { return cut(t, p, get_v(t, n)); }

static uint64_t minimum(unsigned l) { return 1ull << ((8u << l) - 1); }

/* rd := v (its lanes outside the part are 0 already), QC := 1 if any bit of bad is set. */
static bool finish(struct tr *t, unsigned rd, ir_ref v, ir_ref bad)
{
    ir_set(t->r, A64_qc, or(t, ir_get(t->r, A64_qc), bad));
    return set_v(t, rd, true, v);
}

/* -------------------------------------------------------------- sums, signs */

/* op saturates where wrapping does not. */
static bool sum(struct tr *t, struct part p, enum ir_op op, enum ir_op wrapping, unsigned rm,
                unsigned rn, unsigned rd)
{
    if (reserved(p))
        return false;
    ir_ref a = get_part(t, p, rn), b = get_part(t, p, rm), v = v2(t, op, p.lane, a, b);
    return finish(t, rd, v, xor(t, v, v2(t, wrapping, p.lane, a, b)));
}

/* SUQADD: a signed accumulator as an unsigned number that is 2^(bits-1) higher. */
static bool suqadd(struct tr *t, struct part p, unsigned rn, unsigned rd)
{
    if (reserved(p))
        return false;
    ir_ref sign = cut(t, p, vconst(t, p.lane, minimum(p.lane)));
    ir_ref a = get_part(t, p, rd), b = get_part(t, p, rn);
    ir_ref v = xor(t, v2(t, IR_vuqadd, p.lane, xor(t, a, sign), b), sign);
    return finish(t, rd, v, xor(t, v, v2(t, IR_vadd, p.lane, a, b)));
}

/* USQADD: what is positive in b is added, what is negative subtracted. */
static bool usqadd(struct tr *t, struct part p, unsigned rn, unsigned rd)
{
    if (reserved(p))
        return false;
    ir_ref a = get_part(t, p, rd), b = get_part(t, p, rn);
    ir_ref positive = andn(t, b, v1i(t, IR_vsari, p.lane, b, (8u << p.lane) - 1));
    ir_ref v = v2(t, IR_vuqsub, p.lane, v2(t, IR_vuqadd, p.lane, a, positive),
                  v2(t, IR_vsub, p.lane, positive, b));
    return finish(t, rd, v, xor(t, v, v2(t, IR_vadd, p.lane, a, b)));
}

/* The minimum alone has no negative: it stays as it is, and 1 less is the maximum. */
static bool absolute(struct tr *t, struct part p, enum ir_op op, unsigned rn, unsigned rd)
{
    if (reserved(p))
        return false;
    ir_ref a = get_part(t, p, rn);
    ir_ref bad = vcmp(t, IR_EQ, p.lane, a, vconst(t, p.lane, minimum(p.lane)));
    return finish(t, rd, v2(t, IR_vadd, p.lane, v1(t, op, p.lane, a), bad), bad);
}

#define SUM(n, op, wrapping)                                                                       \
    ROW(n##_v, sum(t, vector(a->q, a->size), op, wrapping, a->rm, a->rn, a->rd))                   \
    ROW(n##_s, sum(t, scalar(a->size), op, wrapping, a->rm, a->rn, a->rd))
SUM(SQADD, IR_vsqadd, IR_vadd)
SUM(UQADD, IR_vuqadd, IR_vadd)
SUM(SQSUB, IR_vsqsub, IR_vsub)
SUM(UQSUB, IR_vuqsub, IR_vsub)
ROW(SUQADD_v, suqadd(t, vector(a->q, a->size), a->rn, a->rd))
ROW(SUQADD_s, suqadd(t, scalar(a->size), a->rn, a->rd))
ROW(USQADD_v, usqadd(t, vector(a->q, a->size), a->rn, a->rd))
ROW(USQADD_s, usqadd(t, scalar(a->size), a->rn, a->rd))
ROW(SQABS_v, absolute(t, vector(a->q, a->size), IR_vabs, a->rn, a->rd))
ROW(SQABS_s, absolute(t, scalar(a->size), IR_vabs, a->rn, a->rd))
ROW(SQNEG_v, absolute(t, vector(a->q, a->size), IR_vneg, a->rn, a->rd))
ROW(SQNEG_s, absolute(t, scalar(a->size), IR_vneg, a->rn, a->rd))

/* ----------------------------------------------------------- doubled products */

/* The second operand: a register, or one lane of it for all. */
struct second {
    unsigned reg;
    int index; /* -1: no lane */
};
static ir_ref get_second(struct tr *t, unsigned lane, struct second m, bool high)
{
    ir_ref v = get_v(t, m.reg);
    return m.index >= 0 ? v1i(t, IR_vdupl, lane, v, m.index) : half(t, high, v);
}

/* Twice the product, its upper half. The minimum comes out of minimum by minimum only. */
static bool mulh(struct tr *t, struct part p, bool round, struct second m, unsigned rn, unsigned rd)
{
    ir_ref v = v2i(t, IR_vfxmul, p.lane, get_part(t, p, rn), get_second(t, p.lane, m, false), round);
    ir_ref bad = vcmp(t, IR_EQ, p.lane, v, vconst(t, p.lane, minimum(p.lane)));
    return finish(t, rd, xor(t, v, bad), bad);
}

/* The accumulator plus or minus the rounded product, saturated once. The product lies in -max ... max + 1,
 * its negative in the lane's range, so that is what is subtracted or added. Minus a product rounded
 * half up is its negative rounded half down. */
static bool mlah(struct tr *t, struct part p, bool minus, struct second m, unsigned rn, unsigned rd)
{
    unsigned l = p.lane;
    ir_ref x = v2i(t, IR_vfxmul, l, get_part(t, p, rn), get_second(t, l, m, false), minus ? 2 : 1);
    ir_ref d = get_part(t, p, rd), negative = v1(t, IR_vneg, l, x);
    ir_ref v = v2(t, minus ? IR_vsqadd : IR_vsqsub, l, d, negative);
    return finish(t, rd, v, xor(t, v, v2(t, minus ? IR_vsub : IR_vadd, l, d, x)));
}

/* Twice the whole product; op: how it goes to the destination, nop: as it is. */
static bool mull(struct tr *t, bool is_scalar, bool high, unsigned l, enum ir_op op, struct second m,
                 unsigned rn, unsigned rd)
{
    struct part wide = is_scalar ? scalar(l + 1) : vector(true, l + 1);
    ir_ref a = half(t, high, get_v(t, rn));
    if (is_scalar)
        a = cut(t, scalar(l), a);
    ir_ref x = v2(t, IR_vsmull, l, a, get_second(t, l, m, high));
    x = v2(t, IR_vadd, l + 1, x, x);
    ir_ref bad = vcmp(t, IR_EQ, l + 1, x, vconst(t, l + 1, minimum(l + 1)));
    x = xor(t, x, bad);
    if (op == IR_nop)
        return finish(t, rd, x, bad);
    ir_ref d = get_part(t, wide, rd), v = v2(t, op, l + 1, d, x);
    ir_ref wrapped = v2(t, op == IR_vsqadd ? IR_vadd : IR_vsub, l + 1, d, x);
    return finish(t, rd, v, or(t, bad, xor(t, v, wrapped)));
}

#define REGISTER ((struct second){ a->rm, -1 })
#define ELEMENT                                                                                    \
    ((struct second){ a->size == 1 ? a->rm : a->m << 4 | a->rm,                                    \
                      (int)(a->size == 1 ? a->h << 2 | a->l << 1 | a->m : a->h << 1 | a->l) })
#define PRODUCT(n, f, flag)                                                                        \
    ROW(n##_v, f(t, vector(a->q, a->size), flag, REGISTER, a->rn, a->rd))                          \
    ROW(n##_s, f(t, scalar(a->size), flag, REGISTER, a->rn, a->rd))                                \
    ROW(n##_e, f(t, vector(a->q, a->size), flag, ELEMENT, a->rn, a->rd))                           \
    ROW(n##_se, f(t, scalar(a->size), flag, ELEMENT, a->rn, a->rd))
PRODUCT(SQDMULH, mulh, false)
PRODUCT(SQRDMULH, mulh, true)
PRODUCT(SQRDMLAH, mlah, false)
PRODUCT(SQRDMLSH, mlah, true)

#define LONG(n, op)                                                                                \
    ROW(n##_v, mull(t, false, a->q, a->size, op, REGISTER, a->rn, a->rd))                          \
    ROW(n##_s, mull(t, true, false, a->size, op, REGISTER, a->rn, a->rd))                          \
    ROW(n##_e, mull(t, false, a->q, a->size, op, ELEMENT, a->rn, a->rd))                           \
    ROW(n##_se, mull(t, true, false, a->size, op, ELEMENT, a->rn, a->rd))
LONG(SQDMULL, IR_nop)
LONG(SQDMLAL, IR_vsqadd)
LONG(SQDMLSL, IR_vsqsub)

/* ------------------------------------------------- shifts by a register's lanes */

/* The count is the signed low byte of each lane. As unsigned numbers of the lane's width, counts of the
 * wrong direction are too large and give 0. To the right by n, rounded: with x shifted by n - 1, it
 * is x less half of x. ~n is the count to the right less 1. */
enum { ROUND = 1, SATURATE = 2 };

static bool shift(struct tr *t, struct part p, bool is_signed, unsigned how, unsigned rm, unsigned rn,
                  unsigned rd)
{
    if (reserved(p))
        return false;
    unsigned l = p.lane, bits = 8u << l;
    ir_ref a = get_part(t, p, rn), top = v1i(t, IR_vshli, l, get_v(t, rm), bits - 8);
    ir_ref n = v1i(t, IR_vsari, l, top, bits - 8), negative = v1i(t, IR_vsari, l, top, bits - 1);
    ir_ref left = v2(t, IR_vshlv, l, a, n), right, back, fits = IR_NONE;
    enum ir_op by_counts = is_signed ? IR_vsarv : IR_vshrv, by_one = is_signed ? IR_vsari : IR_vshri;
    if (how & ROUND) {
        ir_ref x = v2(t, by_counts, l, a, not(t, n));
        right = v2(t, IR_vsub, l, x, v1i(t, by_one, l, x, 1));
    } else {
        right = v2(t, by_counts, l, a, v1(t, IR_vneg, l, n));
    }
    if (how & SATURATE) {
        back = v2(t, by_counts, l, left, n);
        fits = or(t, vcmp(t, IR_EQ, l, back, a), negative);
    }
    if (!is_signed) {
        ir_ref v = or(t, left, right);
        if (!fits)
            return set_v(t, rd, true, v);
        ir_ref bad = not(t, fits);
        return finish(t, rd, or(t, v, bad), bad);
    }
    if (!fits)
        return set_v(t, rd, true, choose(t, negative, right, left));
    ir_ref limit = xor(t, v1i(t, IR_vsari, l, a, bits - 1), vconst(t, l, minimum(l) - 1));
    return finish(t, rd, choose(t, negative, right, choose(t, fits, left, limit)), not(t, fits));
}

#define SHIFT(n, is_signed, how)                                                                   \
    ROW(n##_v, shift(t, vector(a->q, a->size), is_signed, how, a->rm, a->rn, a->rd))               \
    ROW(n##_s, shift(t, scalar(a->size), is_signed, how, a->rm, a->rn, a->rd))
#define SHIFT_WIDE(n, is_signed, how)                                                              \
    ROW(n##_v, shift(t, vector(a->q, a->size), is_signed, how, a->rm, a->rn, a->rd))               \
    ROW(n##_s, shift(t, scalar(3), is_signed, how, a->rm, a->rn, a->rd))
SHIFT_WIDE(SSHL, true, 0)
SHIFT_WIDE(USHL, false, 0)
SHIFT_WIDE(SRSHL, true, ROUND)
SHIFT_WIDE(URSHL, false, ROUND)
SHIFT(SQSHL, true, SATURATE)
SHIFT(UQSHL, false, SATURATE)
SHIFT(SQRSHL, true, ROUND | SATURATE)
SHIFT(UQRSHL, false, ROUND | SATURATE)

/* ------------------------------------------------------- shifts by an immediate */

/* imm is immh:immb: the highest one bit of immh tells the lane, the rest the shift. */
static unsigned imm_lane(unsigned imm) { return 28u - (unsigned)__builtin_clz(imm); }
static unsigned imm_left(unsigned imm) { return imm - (8u << imm_lane(imm)); }   /* 0..bits-1 */
static unsigned imm_right(unsigned imm) { return (16u << imm_lane(imm)) - imm; } /* 1..bits */

/* SQSHL, UQSHL; SQSHLU: signed numbers to unsigned ones, of which the negative become 0. */
enum left_kind { SIGNED, UNSIGNED, SIGNED_TO_UNSIGNED };
static bool shift_left(struct tr *t, struct part p, enum left_kind kind, unsigned n, unsigned rn,
                       unsigned rd)
{
    if (reserved(p))
        return false;
    unsigned l = p.lane, bits = 8u << l;
    ir_ref a = get_part(t, p, rn), left = v1i(t, IR_vshli, l, a, n);
    ir_ref sign = kind == UNSIGNED ? IR_NONE : v1i(t, IR_vsari, l, a, bits - 1);
    if (kind == SIGNED) {
        ir_ref fits = vcmp(t, IR_EQ, l, v1i(t, IR_vsari, l, left, n), a);
        ir_ref limit = xor(t, sign, vconst(t, l, minimum(l) - 1));
        return finish(t, rd, choose(t, fits, left, limit), not(t, fits));
    }
    ir_ref bad = not(t, vcmp(t, IR_EQ, l, v1i(t, IR_vshri, l, left, n), a)), v = or(t, left, bad);
    if (kind == UNSIGNED)
        return finish(t, rd, v, bad);
    return finish(t, rd, andn(t, v, sign), or(t, bad, sign));
}

#define SHIFT_LEFT(name, kind)                                                                     \
    ROW(name##_vi, shift_left(t, vector(a->q, imm_lane(a->imm)), kind, imm_left(a->imm), a->rn,    \
                              a->rd))                                                              \
    ROW(name##_si, shift_left(t, scalar(imm_lane(a->imm)), kind, imm_left(a->imm), a->rn, a->rd))
SHIFT_LEFT(SQSHL, SIGNED)
SHIFT_LEFT(UQSHL, UNSIGNED)
SHIFT_LEFT(SQSHLU, SIGNED_TO_UNSIGNED)

/* x >> n of lanes l. Words are rounded by one product. */
static ir_ref right(struct tr *t, unsigned l, bool is_signed, bool round, unsigned n, ir_ref x)
{
    enum ir_op op = is_signed ? IR_vsari : IR_vshri;
    if (n == 0)
        return x;
    if (!round)
        return v1i(t, op, l, x, n);
    if (l == 1 && is_signed && n < 16)
        return v2i(t, IR_vfxmul, 1, x, vconst(t, 1, 1ull << (15 - n)), 1);
    x = v1i(t, op, l, x, n - 1);
    return v2(t, IR_vsub, l, x, v1i(t, op, l, x, 1));
}

/* Narrowing by op (vpackss, vpacksu, vpackuu) of lanes l, after a shift by n; high: into the upper half. A
 * number fits where its upper half is the narrow one's sign: for signed ones, that is said by their
 * sum with the narrow maximum + 1. */
static bool narrow(struct tr *t, bool is_scalar, bool high, enum ir_op op, unsigned l, bool round,
                   unsigned n, unsigned rn, unsigned rd)
{
    ir_ref x = get_v(t, rn), v, bad;
    if (is_scalar)
        x = cut(t, scalar(l), x);
    x = right(t, l, op != IR_vpackuu, round, n, x);
    if (l < 3) {
        uint64_t upper = ~0ull << (4u << l);
        bad = op == IR_vpackss ? v2(t, IR_vadd, l, x, vconst(t, l, minimum(l - 1))) : x;
        bad = and(t, bad, vconst(t, l, upper));
        v = v2(t, op, l, x, x);
    } else { /* doublewords: the low and the high words apart */
        ir_ref lo = v2(t, IR_vuzp1, 2, x, x), hi = v2(t, IR_vuzp2, 2, x, x);
        ir_ref sign = v1i(t, IR_vsari, 2, hi, 31);
        bad = op == IR_vpackss ? xor(t, hi, v1i(t, IR_vsari, 2, lo, 31)) : hi;
        ir_ref fits = vcmp(t, IR_EQ, 2, bad, vzero(t));
        if (op == IR_vpackuu)
            v = or(t, lo, not(t, fits));
        else if (op == IR_vpacksu)
            v = choose(t, fits, lo, not(t, sign));
        else
            v = choose(t, fits, lo, xor(t, sign, vconst(t, 2, 0x7fffffff)));
    }
    ir_set(t->r, A64_qc, or(t, ir_get(t->r, A64_qc), bad));
    return set_half(t, rd, high, v);
}

#define NARROW(name, op, round)                                                                    \
    ROW(name##_vi, narrow(t, false, a->q, op, imm_lane(a->imm) + 1, round, imm_right(a->imm),      \
                          a->rn, a->rd))                                                           \
    ROW(name##_si, narrow(t, true, false, op, imm_lane(a->imm) + 1, round, imm_right(a->imm),      \
                          a->rn, a->rd))
#define EXTRACT(name, op)                                                                          \
    ROW(name##_v, narrow(t, false, a->q, op, a->size + 1u, false, 0, a->rn, a->rd))                \
    ROW(name##_s, narrow(t, true, false, op, a->size + 1u, false, 0, a->rn, a->rd))
NARROW(SQSHRN, IR_vpackss, false)
NARROW(SQRSHRN, IR_vpackss, true)
NARROW(SQSHRUN, IR_vpacksu, false)
NARROW(SQRSHRUN, IR_vpacksu, true)
NARROW(UQSHRN, IR_vpackuu, false)
NARROW(UQRSHRN, IR_vpackuu, true)
EXTRACT(SQXTN, IR_vpackss)
EXTRACT(SQXTUN, IR_vpacksu)
EXTRACT(UQXTN, IR_vpackuu)

/* ------------------------------------------------------ polynomials of bytes */

/* Words a and b below 256, without carries: one product for each bit of b. */
static ir_ref polynomial(struct tr *t, ir_ref a, ir_ref b)
{
    ir_ref x = IR_NONE;
    for (unsigned k = 0; k < 8; k++) {
        ir_ref part = v2(t, IR_vmul, 1, a, and(t, b, vconst(t, 1, 1ull << k)));
        x = k ? xor(t, x, part) : part;
    }
    return x;
}
static bool pmul(struct tr *t, bool q, unsigned rm, unsigned rn, unsigned rd)
{
    ir_ref a = get_part(t, vector(q, 0), rn), b = get_v(t, rm), low = vconst(t, 1, 0xff);
    ir_ref even = polynomial(t, and(t, a, low), and(t, b, low));
    ir_ref odd = polynomial(t, v1i(t, IR_vshri, 1, a, 8), v1i(t, IR_vshri, 1, b, 8));
    return set_v(t, rd, true, or(t, and(t, even, low), v1i(t, IR_vshli, 1, odd, 8)));
}
static bool pmull(struct tr *t, bool high, unsigned rm, unsigned rn, unsigned rd)
{
    ir_ref a = v1(t, IR_vuxtl, 0, half(t, high, get_v(t, rn)));
    return set_v(t, rd, true, polynomial(t, a, v1(t, IR_vuxtl, 0, half(t, high, get_v(t, rm)))));
}
ROW(PMUL_v, pmul(t, a->q, a->rm, a->rn, a->rd))
ROW(PMULL_b, pmull(t, a->q, a->rm, a->rn, a->rd))
