/*
 * Rare integer operations on vectors, lane by lane: those for which a host has no short sequence of
 * instructions (variable shifts of narrow lanes, leading zeros, 64-bit minima). Emitted code calls
 * this only where emit_vec.c has nothing better for the host at hand.
 */
#include <string.h>
#include "interp.h"
#include "vechelp.h"

/* The host has no shifts of a lane by its own count. */
static uint64_t shift(unsigned op, unsigned bits, uint64_t a, int64_t sa, uint64_t n)
{
    if (op == IR_vsarv)
        return (uint64_t)(sa >> (n >= bits ? 63 : 64 - bits + n)) & ~0ull >> (64 - bits);
    return n >= bits ? 0 : op == IR_vshlv ? a << n : a >> n;
}

static uint64_t run_lane(unsigned op, unsigned bits, uint64_t a, uint64_t b)
{
    uint64_t all = ~0ull >> (64 - bits);
    int64_t sa = (int64_t)(a << (64 - bits)), sb = (int64_t)(b << (64 - bits));
    switch (op) {
    case IR_vshlv: case IR_vshrv: case IR_vsarv: return shift(op, bits, a, sa, b);
    case IR_vclz:  return a ? (unsigned)__builtin_clzll(a) - (64 - bits) : bits;
    case IR_vmul:  return a * b & all;
    case IR_vsmin: return sa < sb ? a : b;
    case IR_vsmax: return sa > sb ? a : b;
    case IR_vumin: return a < b ? a : b;
    case IR_vumax: return a > b ? a : b;
    case IR_vuavg: return (a & b) + ((a ^ b) >> 1);
    case IR_vurhavg: return (a | b) - ((a ^ b) >> 1);
    case IR_vuqadd: return a > (all ^ b) ? all : a + b;
    case IR_vuqsub: return a > b ? a - b : 0;
    }
    assert(!"no vector operation");
    return 0;
}

void vechelp_run(struct cpu *cpu)
{
    uint32_t what;
    memcpy(&what, cpu->scratch + VECHELP_WHAT, 4);
    unsigned op = what & 0xffff, bytes = 1u << (what >> 16 & 3);
    uint8_t result[16];
    for (unsigned k = 0; k < 16; k += bytes) {
        uint64_t a = 0, b = 0;
        memcpy(&a, cpu->scratch + VECHELP_A + k, bytes);
        memcpy(&b, cpu->scratch + VECHELP_B + k, bytes);
        a = run_lane(op, 8 * bytes, a, b);
        memcpy(result + k, &a, bytes);
    }
    memcpy(cpu->scratch + VECHELP_RESULT, result, 16);
}

void crypthelp_run(struct cpu *cpu)
{
    uint32_t what;
    struct ir_value arg[3], result;
    memcpy(&what, cpu->scratch + VECHELP_WHAT, 4);
    memcpy(arg, cpu->scratch + VECHELP_A, sizeof arg);
    result = ir_crypto(what & 0xffff, what >> 16, arg);
    memcpy(cpu->scratch + VECHELP_RESULT, &result, 16);
}
