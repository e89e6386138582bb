/*
 * Integer operations on vectors for which a host may lack instructions: shifts of lanes by counts of their
 * own (without AVX2), cryptography. Emitted code calls this only where emit_sat.c and emit_crypto.c
 * have nothing better for the host at hand.
 */
#include <string.h>
#include "interp.h"
#include "vechelp.h"

static uint64_t shift_lane(unsigned op, unsigned bits, uint64_t a, uint64_t n)
{
    uint64_t all = ~0ull >> (64 - bits);
    int64_t sa = (int64_t)(a << (64 - bits)) >> (64 - bits);
    switch (op) {
    case IR_vshlv: return n >= bits ? 0 : a << n & all;
    case IR_vshrv: return n >= bits ? 0 : a >> n;
    case IR_vsarv: return (uint64_t)(sa >> (n >= bits ? bits - 1 : n)) & all;
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
        a = shift_lane(op, 8 * bytes, a, b);
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
