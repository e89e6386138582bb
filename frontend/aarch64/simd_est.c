/*
 * Estimates of reciprocals and what goes with them: FRECPE, FRSQRTE, FRECPX, FRECPS, FRSQRTS,
 * FMULX, URECPE, URSQRTE, FCVTXN (Arm ARM C7.2; J1.3 FPRecipEstimate, FPRSqrtEstimate,
 * RecipEstimate ...). They are done in C by softfp.c, one element at a time.
 */
#include "simd_sat.h"
#include "softfp.h"

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

uint64_t simd_estimate(struct cpu *cpu, unsigned op, unsigned lane, uint64_t n, uint64_t m)
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
