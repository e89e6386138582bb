/* What the chapters of the interpreter share. */
#ifndef MYNA_IR_INTERP_H
#define MYNA_IR_INTERP_H

#include <string.h>
#include "eval.h"

/* Any value: integers and floats in lo (zero-extended), flags as NZCV in bits 31:28 of lo, 128 bits
 * in both. */
struct ir_value {
    uint64_t lo, hi;
};

/* Lane n of lanes of that many bits. */
static inline uint64_t interp_lane(struct ir_value v, unsigned bits, unsigned n)
{
    unsigned at = bits * n;
    return (at < 64 ? v.lo >> at : v.hi >> (at - 64)) & (~0ull >> (64 - bits));
}
static inline void interp_put_lane(struct ir_value *v, unsigned bits, unsigned n, uint64_t x)
{
    unsigned at = bits * n & 63;
    uint64_t *word = bits * n < 64 ? &v->lo : &v->hi, mask = ~0ull >> (64 - bits);
    *word = (*word & ~(mask << at)) | (x & mask) << at;
}

/* A floating-point operation of r. Rounding mode and cumulative flags are those of
 * cpu->guest_mxcsr. */
struct ir_value interp_float(struct cpu *cpu, const struct ir_region *r, const struct ir_inst *i,
                             const struct ir_value *arg);
/* The same on vectors. */
struct ir_value interp_float_vector(struct cpu *cpu, const struct ir_inst *i,
                                    const struct ir_value *arg);
/* An integer operation on vectors. */
struct ir_value interp_vector(const struct ir_inst *i, const struct ir_value *arg);
/* A carry-less product or an operation of cryptography (enum ir_op) with its imm; backends call it
 * too where the host lacks the instruction. */
struct ir_value ir_crypto(unsigned op, unsigned imm, const struct ir_value *arg);

#endif
