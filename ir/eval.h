/* Values of the integer and flags operations: one meaning for folding and the interpreter. */
#ifndef MYNA_IR_EVAL_H
#define MYNA_IR_EVAL_H

#include "ir.h"

static inline unsigned ir_type_bits(enum ir_type t) { return t == IR_I32 ? 32 : 64; }
static inline uint64_t ir_type_mask(enum ir_type t) { return t == IR_I32 ? 0xffffffffu : ~0ull; }

/* Value of an integer or flags operation that takes and gives no 128-bit value. t is the type of
 * the result, at that of operand a (of b for crc32c). i32 values are zero-extended; flags are NZCV
 * in bits 31:28. Other operations are the caller's bug. */
uint64_t ir_eval(enum ir_op op, enum ir_type t, enum ir_type at, uint64_t a, uint64_t b, uint64_t c,
                 unsigned aux, int64_t imm);

/* a cc b for values of type t, cc one of the ten conditions of icmp. */
bool ir_eval_icmp(enum ir_cc cc, enum ir_type t, uint64_t a, uint64_t b);
/* cc of flags in bits 31:28. */
bool ir_eval_cc(enum ir_cc cc, uint32_t nzcv);

#endif
