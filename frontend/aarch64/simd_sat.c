/*
 * Advanced SIMD that saturates, rounds shifts by registers, or multiplies polynomials: lowering to
 * one call each, and the C function that does it element by element (Arm ARM C7.2, SatQ, SQADD ...
 * UQXTN; the functions SignedSatQ, UnsignedSatQ, Poly multiplication of J1.3). FPSR.QC is set by
 * what saturates.
 *
 * Elements are taken to 128-bit integers, so that no step overflows.
 */
#include "simd_sat.h"

typedef __int128 wide;

/* ------------------------------------------------------------------ lowering */

/* The fields of simd_what in words: the helper's arguments. */
bool simd_in_c(struct tr *t, struct simd_what w)
{
    uint64_t what = w.op | (uint64_t)w.shape << 8 | (uint64_t)w.lane << 16 |
                    (uint64_t)w.count << 24 | (uint64_t)(uint8_t)w.index << 32 |
                    (uint64_t)(uint8_t)w.imm << 40 | (uint64_t)w.upper << 48;
    call_helper(t, A64_HELPER_simd, imm_x(t, what), imm_x(t, w.rd), imm_x(t, w.rn), imm_x(t, w.rm));
    return true;
}

static unsigned lanes(bool q, unsigned lane) { return (q ? 16u : 8u) >> lane; }

static bool same(struct tr *t, unsigned op, bool scalar, bool q, unsigned size, unsigned rm,
                 unsigned rn, unsigned rd)
{
    if (!scalar && !q && size == 3)
        return false;
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_SAME,
                                            .lane = (uint8_t)size,
                                            .count = (uint8_t)(scalar ? 1 : lanes(q, size)),
                                            .index = -1,
                                            .rm = (uint8_t)rm,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
/* imm is immh:immb. */
static unsigned imm_lane(unsigned imm) { return 28u - (unsigned)__builtin_clz(imm); }
static bool shift_imm(struct tr *t, unsigned op, bool scalar, bool q, unsigned imm, unsigned rn,
                      unsigned rd)
{
    unsigned l = imm_lane(imm);
    if (!scalar && !q && l == 3)
        return false;
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_SAME,
                                            .lane = (uint8_t)l,
                                            .count = (uint8_t)(scalar ? 1 : lanes(q, l)),
                                            .index = -1,
                                            .imm = (int8_t)(imm - (8u << l)),
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
static bool narrow(struct tr *t, unsigned op, bool scalar, bool q, unsigned size, unsigned n,
                   unsigned rn, unsigned rd)
{
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_NARROW,
                                            .lane = (uint8_t)size,
                                            .count = (uint8_t)(scalar ? 1 : lanes(false, size)),
                                            .index = -1,
                                            .imm = (int8_t)n,
                                            .upper = q,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
static bool narrow_imm(struct tr *t, unsigned op, bool scalar, bool q, unsigned imm, unsigned rn,
                       unsigned rd)
{
    unsigned l = imm_lane(imm);
    return narrow(t, op, scalar, q, l, (16u << l) - imm, rn, rd);
}
static bool longer(struct tr *t, unsigned op, bool scalar, bool q, unsigned size, unsigned rm,
                   int index, unsigned rn, unsigned rd)
{
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_LONG,
                                            .lane = (uint8_t)size,
                                            .count = (uint8_t)(scalar ? 1 : lanes(false, size)),
                                            .index = (int8_t)index,
                                            .upper = q,
                                            .rm = (uint8_t)rm,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
static bool element(struct tr *t, unsigned op, bool scalar, bool q, unsigned size, unsigned rm,
                    unsigned index, unsigned rn, unsigned rd)
{
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_SAME,
                                            .lane = (uint8_t)size,
                                            .count = (uint8_t)(scalar ? 1 : lanes(q, size)),
                                            .index = (int8_t)index,
                                            .rm = (uint8_t)rm,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
#define ELEMENT_REG (a->size == 1 ? a->rm : a->m << 4 | a->rm)
#define ELEMENT_INDEX (a->size == 1 ? a->h << 2 | a->l << 1 | a->m : a->h << 1 | a->l)

#define SAME(n)                                                                                    \
    ROW(n##_v, same(t, SIMD_##n, false, a->q, a->size, a->rm, a->rn, a->rd))                       \
    ROW(n##_s, same(t, SIMD_##n, true, false, a->size, a->rm, a->rn, a->rd))
SAME(SQADD)
SAME(UQADD)
SAME(SQSUB)
SAME(UQSUB)
SAME(SQSHL)
SAME(UQSHL)
SAME(SQRSHL)
SAME(UQRSHL)
SAME(SQDMULH)
SAME(SQRDMULH)
ROW(SRSHL_v, same(t, SIMD_SRSHL, false, a->q, a->size, a->rm, a->rn, a->rd))
ROW(SRSHL_s, same(t, SIMD_SRSHL, true, false, 3, a->rm, a->rn, a->rd))
ROW(URSHL_v, same(t, SIMD_URSHL, false, a->q, a->size, a->rm, a->rn, a->rd))
ROW(URSHL_s, same(t, SIMD_URSHL, true, false, 3, a->rm, a->rn, a->rd))
ROW(PMUL_v, same(t, SIMD_PMUL, false, a->q, 0, a->rm, a->rn, a->rd))

/* One operand; SUQADD and USQADD add to the destination. */
#define MISC(n)                                                                                    \
    ROW(n##_v, same(t, SIMD_##n, false, a->q, a->size, a->rd, a->rn, a->rd))                       \
    ROW(n##_s, same(t, SIMD_##n, true, false, a->size, a->rd, a->rn, a->rd))
MISC(SQABS)
MISC(SQNEG)
MISC(SUQADD)
MISC(USQADD)

#define SHIFT_IMM(n, op)                                                                           \
    ROW(n##_vi, shift_imm(t, op, false, a->q, a->imm, a->rn, a->rd))                               \
    ROW(n##_si, shift_imm(t, op, true, false, a->imm, a->rn, a->rd))
SHIFT_IMM(SQSHL, SIMD_SQSHLI)
SHIFT_IMM(UQSHL, SIMD_UQSHLI)
SHIFT_IMM(SQSHLU, SIMD_SQSHLU)

#define NARROW_IMM(n)                                                                              \
    ROW(n##_vi, narrow_imm(t, SIMD_##n, false, a->q, a->imm, a->rn, a->rd))                        \
    ROW(n##_si, narrow_imm(t, SIMD_##n, true, false, a->imm, a->rn, a->rd))
NARROW_IMM(SQSHRN)
NARROW_IMM(SQRSHRN)
NARROW_IMM(SQSHRUN)
NARROW_IMM(SQRSHRUN)
NARROW_IMM(UQSHRN)
NARROW_IMM(UQRSHRN)

/* Narrowing without a shift. */
#define NARROW(n, op)                                                                              \
    ROW(n##_v, narrow(t, op, false, a->q, a->size, 0, a->rn, a->rd))                               \
    ROW(n##_s, narrow(t, op, true, false, a->size, 0, a->rn, a->rd))
NARROW(SQXTN, SIMD_SQSHRN)
NARROW(SQXTUN, SIMD_SQSHRUN)
NARROW(UQXTN, SIMD_UQSHRN)

#define LONG(n)                                                                                    \
    ROW(n##_v, longer(t, SIMD_##n, false, a->q, a->size, a->rm, -1, a->rn, a->rd))                 \
    ROW(n##_s, longer(t, SIMD_##n, true, false, a->size, a->rm, -1, a->rn, a->rd))                 \
    ROW(n##_e, longer(t, SIMD_##n, false, a->q, a->size, ELEMENT_REG, (int)ELEMENT_INDEX, a->rn,   \
                      a->rd))                                                                      \
    ROW(n##_se, longer(t, SIMD_##n, true, false, a->size, ELEMENT_REG, (int)ELEMENT_INDEX, a->rn,  \
                       a->rd))
LONG(SQDMULL)
LONG(SQDMLAL)
LONG(SQDMLSL)
ROW(PMULL_b, longer(t, SIMD_PMULL, false, a->q, 0, a->rm, -1, a->rn, a->rd))

#define ELEMENT(n)                                                                                 \
    ROW(n##_e,                                                                                     \
        element(t, SIMD_##n, false, a->q, a->size, ELEMENT_REG, ELEMENT_INDEX, a->rn, a->rd))      \
    ROW(n##_se,                                                                                    \
        element(t, SIMD_##n, true, false, a->size, ELEMENT_REG, ELEMENT_INDEX, a->rn, a->rd))
ELEMENT(SQDMULH)
ELEMENT(SQRDMULH)

/* --------------------------------------------------------------- the C function */

/* v limited to a signed or unsigned number of so many bits; *q set if it was outside. */
static uint64_t saturate(wide v, unsigned bits, bool is_signed, bool *q)
{
    wide top = ((wide)1 << (bits - is_signed)) - 1, bottom = is_signed ? -top - 1 : 0;
    if (v > top || v < bottom) {
        *q = true;
        v = v > top ? top : bottom;
    }
    return (uint64_t)v & (~0ull >> (64 - bits));
}

/* x shifted by the signed count n, right with rounding if round. A shift that would need more than
 * the wide integer has is cut where the result is already decided. */
static wide shifted(wide x, int n, bool round, unsigned bits)
{
    if (n >= 0)
        return n < (int)bits ? x * ((wide)1 << n)
               : x == 0      ? 0
               : x < 0       ? -((wide)1 << 100)
                             : (wide)1 << 100;
    n = n < -100 ? 100 : -n;
    return (x + (round ? (wide)1 << (n - 1) : 0)) >> n;
}

static uint64_t polynomial(uint64_t a, uint64_t b)
{
    uint64_t r = 0;
    for (unsigned k = 0; k < 8; k++)
        if (b >> k & 1)
            r ^= a << k;
    return r;
}

/* One element: n, m and the old d of `bits` bits (of 2 * bits where the shape says), unsigned. */
static uint64_t one(unsigned op, unsigned bits, int imm, uint64_t n, uint64_t m, uint64_t d,
                    bool *q)
{
    unsigned up = 64 - bits;
    int64_t sn = (int64_t)(n << up) >> up, sm = (int64_t)(m << up) >> up;
    unsigned two = bits < 64 ? 2 * bits : 64;
    wide wn = bits < 64 ? (int64_t)(n << (64 - two)) >> (64 - two) : 0; /* a wide operand, signed */
    wide wd = bits < 64 ? (int64_t)(d << (64 - two)) >> (64 - two) : 0;
    switch ((enum simd_c_op)op) {
    case SIMD_SQADD: return saturate((wide)sn + sm, bits, true, q);
    case SIMD_UQADD: return saturate((wide)n + m, bits, false, q);
    case SIMD_SQSUB: return saturate((wide)sn - sm, bits, true, q);
    case SIMD_UQSUB: return saturate((wide)n - m, bits, false, q);
    case SIMD_SUQADD: return saturate((wide)sm + n, bits, true, q);
    case SIMD_USQADD: return saturate((wide)m + sn, bits, false, q);
    case SIMD_SQABS: return saturate(sn < 0 ? -(wide)sn : sn, bits, true, q);
    case SIMD_SQNEG: return saturate(-(wide)sn, bits, true, q);
    case SIMD_SQSHL: return saturate(shifted(sn, (int8_t)m, false, bits), bits, true, q);
    case SIMD_UQSHL: return saturate(shifted((wide)n, (int8_t)m, false, bits), bits, false, q);
    case SIMD_SQRSHL: return saturate(shifted(sn, (int8_t)m, true, bits), bits, true, q);
    case SIMD_UQRSHL: return saturate(shifted((wide)n, (int8_t)m, true, bits), bits, false, q);
    case SIMD_SRSHL: return (uint64_t)shifted(sn, (int8_t)m, true, bits);
    case SIMD_URSHL: return (uint64_t)shifted((wide)n, (int8_t)m, true, bits);
    case SIMD_SQSHLI: return saturate((wide)sn * ((wide)1 << imm), bits, true, q);
    case SIMD_UQSHLI: return saturate((wide)n * ((wide)1 << imm), bits, false, q);
    case SIMD_SQSHLU: return saturate((wide)sn * ((wide)1 << imm), bits, false, q);
    case SIMD_SQDMULH: return saturate(((wide)sn * sm * 2) >> bits, bits, true, q);
    case SIMD_SQRDMULH:
        return saturate(((wide)sn * sm * 2 + ((wide)1 << (bits - 1))) >> bits, bits, true, q);
    case SIMD_PMUL: return polynomial(n, m) & 0xff;
    case SIMD_PMULL: return polynomial(n, m);
    case SIMD_SQDMULL: return saturate((wide)sn * sm * 2, two, true, q);
    case SIMD_SQDMLAL:
    case SIMD_SQDMLSL: { /* the product saturates, then the sum */
        int64_t p =
            (int64_t)(saturate((wide)sn * sm * 2, two, true, q) << (64 - two)) >> (64 - two);
        return saturate(op == SIMD_SQDMLAL ? wd + p : wd - p, two, true, q);
    }
    case SIMD_SQSHRN: return saturate(wn >> imm, bits, true, q);
    case SIMD_SQRSHRN: return saturate(shifted(wn, -imm, true, two), bits, true, q);
    case SIMD_SQSHRUN: return saturate(wn >> imm, bits, false, q);
    case SIMD_SQRSHRUN: return saturate(shifted(wn, -imm, true, two), bits, false, q);
    case SIMD_UQSHRN: return saturate((wide)n >> imm, bits, false, q);
    case SIMD_UQRSHRN: return saturate(shifted((wide)n, -imm, true, two), bits, false, q);
    case SIMD_FRECPE: case SIMD_FRSQRTE: case SIMD_FRECPX: case SIMD_FRECPS: case SIMD_FRSQRTS:
    case SIMD_FMULX: case SIMD_URECPE: case SIMD_URSQRTE: case SIMD_FCVTXN:
        break;
    }
    return 0;
}

static uint64_t get_element(const uint8_t *v, unsigned bytes, unsigned k)
{
    uint64_t x = 0;
    __builtin_memcpy(&x, v + k * bytes, bytes);
    return x;
}

/* what: see simd_in_c. */
uint64_t a64_helper_simd(struct cpu *cpu, uint64_t what, uint64_t rd, uint64_t rn, uint64_t rm)
{
    unsigned op = what & 255, shape = what >> 8 & 255, lane = what >> 16 & 255,
             count = what >> 24 & 255;
    int index = (int8_t)(what >> 32), imm = (int8_t)(what >> 40);
    bool upper = what >> 48 & 1, q = false;
    unsigned bytes = 1u << lane, in = shape == SIMD_NARROW ? 2 * bytes : bytes;
    unsigned out = shape == SIMD_LONG ? 2 * bytes : bytes,
             first = shape == SIMD_LONG && upper ? count : 0;
    uint8_t result[16] = { 0 };
    if (shape == SIMD_NARROW && upper)
        __builtin_memcpy(result, a64_vreg(cpu, (unsigned)rd), 8);
    unsigned at = shape == SIMD_NARROW && upper ? count : 0;
    for (unsigned k = 0; k < count; k++) {
        uint64_t n = get_element(a64_vreg(cpu, (unsigned)rn), in, first + k);
        uint64_t m = get_element(a64_vreg(cpu, (unsigned)rm), bytes,
                                 index >= 0 ? (unsigned)index : first + k);
        uint64_t d = get_element(a64_vreg(cpu, (unsigned)rd), out, k);
        uint64_t x = op >= SIMD_FRECPE ? simd_estimate(cpu, op, lane, n, m)
                                       : one(op, 8 * bytes, imm, n, m, d, &q);
        __builtin_memcpy(result + (at + k) * out, &x, out);
    }
    __builtin_memcpy(a64_vreg(cpu, (unsigned)rd), result, 16);
    if (q)
        *a64_reg(cpu, A64_fpsr) |= 1u << 27;
    return 0;
}
