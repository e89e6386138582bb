/*
 * Cold floating point of translated code. Emitted code runs the host's instruction, and comes here
 * when the result may differ from the guest's: a NaN came out, a conversion was out of range, or
 * the host has no instruction for the operation. softfp.c then does the whole operation again.
 *
 * Runs on the C stack under the host's own MXCSR; the guest's is in cpu->guest_mxcsr, saved before
 * and loaded after the call.
 */
#include <string.h>
#include "fphelp.h"
#include "softfp.h"

static unsigned lane_bytes(unsigned lane)
{
    return lane <= IR_D ? 1u << lane : 2u << (lane - IR_LH);
}
static uint64_t get_lane(const uint8_t *v, unsigned bytes, unsigned k)
{
    uint64_t x = 0;
    memcpy(&x, v + k * bytes, bytes);
    return x;
}

static uint64_t run_lane(struct softfp_env *e, unsigned op, enum ir_lane lane, enum ir_lane to,
                         unsigned aux, unsigned imm, uint64_t a, uint64_t b, uint64_t c)
{
    switch (op) {
    case IR_fadd:  return softfp_add(e, lane, a, b);
    case IR_fsub:  return softfp_sub(e, lane, a, b);
    case IR_fmul:  return softfp_mul(e, lane, a, b);
    case IR_fdiv:  return softfp_div(e, lane, a, b);
    case IR_fsqrt: return softfp_sqrt(e, lane, a);
    case IR_fma:   return softfp_fma(e, lane, a, b, c, imm);
    case IR_fmin:  return softfp_minmax(e, lane, a, b, false, imm);
    case IR_fmax:  return softfp_minmax(e, lane, a, b, true, imm);
    case IR_fcvt:
        return imm ? softfp_convert_plain(e, lane, to, a) : softfp_convert(e, lane, to, a);
    case IR_fcvti:
        if (imm & 0x100)
            return softfp_to_int_modulo(e, a);
        return softfp_to_int(e, lane, a, aux == IR_RN_DYN ? e->round : (enum ir_round)aux,
                             8 * lane_bytes(to), imm >> 7 & 1, imm & 127);
    case IR_fvfmaw:  return softfp_fma_half(e, a, b, c, imm);
    case IR_fvbfcvt: return softfp_to_bfloat(e, a);
    case IR_fvbfdot: return softfp_bfdot((uint32_t)a, (uint32_t)b, (uint32_t)c);
    case IR_icvtf: return softfp_from_int(e, lane, a, 8 * lane_bytes(to), imm >> 7 & 1, imm & 127);
    case IR_frint: {
        enum ir_round mode = aux == IR_RN_DYN ? e->round : (enum ir_round)aux;
        return imm >> 8 ? softfp_round_within(e, lane, a, mode, imm >> 8)
                        : softfp_round(e, lane, a, mode, imm & 1);
    }
    case IR_fcmp: {
        if (aux == FPHELP_NZCV)
            return ir_flags_to_slot(softfp_compare(e, lane, a, b, imm & 1));
        uint32_t f = softfp_compare(e, lane, a, b, aux != IR_EQ) >> 28;
        bool holds = aux == IR_EQ ? f == 6 : aux == IR_GE ? f == 6 || f == 2 : f == 2;
        return holds ? ~0ull >> (64 - 8 * lane_bytes(lane)) : 0;
    }
    }
    assert(!"no floating-point operation");
    return 0;
}

void fphelp_run(struct cpu *cpu)
{
    uint64_t what;
    memcpy(&what, cpu->scratch + FPHELP_WHAT, 8);
    unsigned op = what & 0xffff, lane = what >> 16 & 15, to = what >> 20 & 15,
             count = what >> 24 & 255;
    unsigned aux = what >> 32 & 255, imm = what >> 40 & 0xffff;
    struct softfp_env e = { softfp_host_round(cpu->guest_mxcsr), cpu->fp_mode, 0 };
    unsigned in = lane_bytes(op == IR_icvtf ? to : lane);
    unsigned out = lane_bytes(op == IR_fcvt || op == IR_fcvti || op >= IR_fvfmaw ? to : lane);
    uint8_t result[16] = { 0 };
    for (unsigned k = 0; k < count; k++) {
        uint64_t x = run_lane(&e, op, (enum ir_lane)lane, (enum ir_lane)to, aux, imm,
                              get_lane(cpu->scratch + FPHELP_A, in, k),
                              get_lane(cpu->scratch + FPHELP_B, in, k),
                              get_lane(cpu->scratch + FPHELP_C, op == IR_fvfmaw ? out : in, k));
        memcpy(result + k * out, &x, out);
    }
    memcpy(cpu->scratch + FPHELP_RESULT, result, 16);
    cpu->guest_mxcsr |= e.flags & 0x3f;
    cpu->fp_flags |= e.flags & SOFTFP_INPUT;
}
