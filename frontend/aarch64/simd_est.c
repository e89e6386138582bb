/*
 * Estimates of reciprocals and what goes with them: FRECPE, FRSQRTE, FRECPX, FRECPS, FRSQRTS,
 * FMULX, URECPE, URSQRTE, FCVTXN (Arm ARM C7.2; J1.3 FPRecipEstimate, FPRSqrtEstimate,
 * RecipEstimate ...). They are lowered to one call each and done in C by softfp.c, one element at a
 * time.
 */
#include "simd_est.h"
#include "softfp.h"

/* ------------------------------------------------------------------ lowering */

/* The fields of simd_what in words: the helper's arguments. */
bool simd_in_c(struct tr *t, struct simd_what w)
{
    uint64_t what = w.op | (uint64_t)w.shape << 8 | (uint64_t)w.lane << 16 |
                    (uint64_t)w.count << 24 | (uint64_t)(uint8_t)w.index << 32 |
                    (uint64_t)w.upper << 48;
    call_helper(t, A64_HELPER_simd, imm_x(t, what), imm_x(t, w.rd), imm_x(t, w.rn), imm_x(t, w.rm));
    return true;
}

static bool estimate(struct tr *t, unsigned op, bool scalar, bool q, bool d, unsigned rm, int index,
                     unsigned rn, unsigned rd)
{
    if (!scalar && !q && d)
        return false;
    unsigned l = d ? 3 : 2;
    return simd_in_c(t, (struct simd_what){ .op = (uint8_t)op,
                                            .shape = SIMD_SAME,
                                            .lane = (uint8_t)l,
                                            .count = (uint8_t)(scalar ? 1 : (q ? 16u : 8u) >> l),
                                            .index = (int8_t)index,
                                            .rm = (uint8_t)rm,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}
static bool narrow_odd(struct tr *t, bool scalar, bool q, unsigned rn, unsigned rd)
{
    return simd_in_c(t, (struct simd_what){ .op = SIMD_FCVTXN,
                                            .shape = SIMD_NARROW,
                                            .lane = 2,
                                            .count = (uint8_t)(scalar ? 1 : 2),
                                            .index = -1,
                                            .upper = q,
                                            .rn = (uint8_t)rn,
                                            .rd = (uint8_t)rd });
}

#define ONE(n)                                                                                     \
    ROW(n##_v, estimate(t, SIMD_##n, false, a->q, a->d, 0, -1, a->rn, a->rd))                      \
    ROW(n##_s, estimate(t, SIMD_##n, true, false, a->d, 0, -1, a->rn, a->rd))
ONE(FRECPE)
ONE(FRSQRTE)
ROW(FRECPX_s, estimate(t, SIMD_FRECPX, true, false, a->d, 0, -1, a->rn, a->rd))
ROW(URECPE_v, estimate(t, SIMD_URECPE, false, a->q, false, 0, -1, a->rn, a->rd))
ROW(URSQRTE_v, estimate(t, SIMD_URSQRTE, false, a->q, false, 0, -1, a->rn, a->rd))

#define TWO(n)                                                                                     \
    ROW(n##_v, estimate(t, SIMD_##n, false, a->q, a->d, a->rm, -1, a->rn, a->rd))                  \
    ROW(n##_s, estimate(t, SIMD_##n, true, false, a->d, a->rm, -1, a->rn, a->rd))
TWO(FRECPS)
TWO(FRSQRTS)
TWO(FMULX)
#define INDEX (int)(a->d ? a->h : a->h << 1 | a->l)
ROW(FMULX_e, !(a->d && a->l) && estimate(t, SIMD_FMULX, false, a->q, a->d, a->m << 4 | a->rm, INDEX,
                                         a->rn, a->rd))
ROW(FMULX_se, !(a->d && a->l) && estimate(t, SIMD_FMULX, true, false, a->d, a->m << 4 | a->rm,
                                          INDEX, a->rn, a->rd))
ROW(FCVTXN_v, narrow_odd(t, false, a->q, a->rn, a->rd))
ROW(FCVTXN_s, narrow_odd(t, true, false, a->rn, a->rd))

/* --------------------------------------------------------------- the C function */

/* One element of lane size `lane`; bits of the result. */
static uint64_t estimated(struct cpu *cpu, unsigned op, unsigned lane, uint64_t n, uint64_t m)
{
    struct softfp_env e = { softfp_host_round(cpu->guest_mxcsr), cpu->fp_mode, 0 };
    enum ir_lane l = lane == 3 ? IR_LD : lane == 2 ? IR_LS : IR_LH;
    uint64_t x = 0;
    switch (op) {
    case SIMD_FRECPE:  x = softfp_estimate(&e, l, n, false); break;
    case SIMD_FRSQRTE: x = softfp_estimate(&e, l, n, true); break;
    case SIMD_FRECPX:  x = softfp_exponent(&e, l, n); break;
    case SIMD_FRECPS:  x = softfp_step(&e, l, n, m, false); break;
    case SIMD_FRSQRTS: x = softfp_step(&e, l, n, m, true); break;
    case SIMD_FMULX:   x = softfp_mulx(&e, l, n, m); break;
    case SIMD_FCVTXN:  x = softfp_narrow_odd(&e, n); break;
    case SIMD_URECPE:
        x = n >> 31 ? softfp_recip_entry((unsigned)(n >> 23)) << 23 : 0xffffffff;
        break;
    case SIMD_URSQRTE:
        x = n >> 30 ? softfp_rsqrt_entry((unsigned)(n >> 23)) << 23 : 0xffffffff;
        break;
    }
    cpu->guest_mxcsr |= e.flags & 63;
    cpu->fp_flags |= e.flags & SOFTFP_INPUT;
    return x;
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
    int index = (int8_t)(what >> 32);
    bool upper = what >> 48 & 1;
    unsigned bytes = 1u << lane, in = shape == SIMD_NARROW ? 2 * bytes : bytes;
    uint8_t result[16] = { 0 };
    if (shape == SIMD_NARROW && upper)
        __builtin_memcpy(result, a64_vreg(cpu, (unsigned)rd), 8);
    unsigned at = shape == SIMD_NARROW && upper ? count : 0;
    for (unsigned k = 0; k < count; k++) {
        uint64_t n = get_element(a64_vreg(cpu, (unsigned)rn), in, k);
        uint64_t m = get_element(a64_vreg(cpu, (unsigned)rm), bytes, index >= 0 ? (unsigned)index : k);
        uint64_t x = estimated(cpu, op, lane, n, m);
        __builtin_memcpy(result + (at + k) * bytes, &x, bytes);
    }
    __builtin_memcpy(a64_vreg(cpu, (unsigned)rd), result, 16);
    return 0;
}
