/* What the chapters of the interpreter share. */
#ifndef MYNA_IR_INTERP_H
#define MYNA_IR_INTERP_H

#include <string.h>
#include "eval.h"

/* Any value: integers and floats in lo (zero-extended), flags as NZCV in bits 31:28 of lo, 128 bits in
 * both. */
struct ir_value {
    uint64_t lo, hi;
};

/* A floating-point operation of r. Rounding mode and cumulative flags are those of cpu->guest_mxcsr. */
struct ir_value interp_float(struct cpu *cpu, const struct ir_region *r, const struct ir_inst *i,
                             const struct ir_value *arg);
/* A vector operation (the last chapter of ops.def). */
struct ir_value interp_vector(const struct ir_inst *i, const struct ir_value *arg);

#endif
