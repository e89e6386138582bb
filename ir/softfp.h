/*
 * Exact binary floating point by integers: what the manual's pseudocode computes, for half, single
 * and double precision. See softfp.c.
 */
#ifndef MYNA_SOFTFP_H
#define MYNA_SOFTFP_H

#include "ir.h"

/* Cumulative flags, as MXCSR numbers them, and the subnormal-operand flag (Arm's IDC). */
enum { SOFTFP_INVALID = 1, SOFTFP_DIVZERO = 4, SOFTFP_OVERFLOW = 8, SOFTFP_UNDERFLOW = 16,
       SOFTFP_INEXACT = 32, SOFTFP_INPUT = 64 };

/* In: rounding mode (never DYN), enum ir_fp_mode bits. Out: flags are ORed in. */
struct softfp_env {
    enum ir_round round;
    unsigned mode, flags;
};

/* Values are bit patterns in the low bits of a word; lane is LH, LS or LD. Formulas as the IR
 * operations of the same names define them. */
uint64_t softfp_add(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b);
uint64_t softfp_sub(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b);
uint64_t softfp_mul(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b);
uint64_t softfp_div(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b);
uint64_t softfp_sqrt(struct softfp_env *e, enum ir_lane lane, uint64_t a);
/* negate: bit 0 the product, bit 1 the addend. */
uint64_t softfp_fma(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, uint64_t c,
                    unsigned negate);
/* max: the larger; number: a single quiet NaN gives way to a number. */
uint64_t softfp_minmax(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, bool max,
                       bool number);
/* NZCV in bits 31:28. signal: quiet NaNs are invalid too. */
uint32_t softfp_compare(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b,
                        bool signal);
uint64_t softfp_convert(struct softfp_env *e, enum ir_lane from, enum ir_lane to, uint64_t a);
/* The same with halves as in arithmetic: never the alternative format, flushed by IR_FP_FLUSH_HALF. */
uint64_t softfp_convert_plain(struct softfp_env *e, enum ir_lane from, enum ir_lane to, uint64_t a);
/* To an integer of `bits` bits (in the low bits of the result), a scaled by 2^fraction first. */
uint64_t softfp_to_int(struct softfp_env *e, enum ir_lane lane, uint64_t a, enum ir_round round,
                       unsigned bits, bool is_unsigned, unsigned fraction);
/* From an integer of `bits` bits divided by 2^fraction. */
uint64_t softfp_from_int(struct softfp_env *e, enum ir_lane lane, uint64_t v, unsigned bits,
                         bool is_unsigned, unsigned fraction);
/* exact: raises inexact where the value changes. */
uint64_t softfp_round(struct softfp_env *e, enum ir_lane lane, uint64_t a, enum ir_round round,
                      bool exact);

/* The same into the range of signed integers of `bits` bits (32 or 64): what is outside, infinities
 * and NaNs give the least of them and are invalid. Raises inexact. */
uint64_t softfp_round_within(struct softfp_env *e, enum ir_lane lane, uint64_t a,
                             enum ir_round round, unsigned bits);
/* A double to 32 bits modulo 2^32, to zero; invalid where a signed integer cannot hold it;
 * infinities and NaNs give 0. */
uint32_t softfp_to_int_modulo(struct softfp_env *e, uint64_t a);

/* Single precision to BFloat16. */
uint64_t softfp_to_bfloat(struct softfp_env *e, uint64_t a);
/* a * b + c as softfp_fma does it, a and b of half precision, c and the result of single. */
uint64_t softfp_fma_half(struct softfp_env *e, uint64_t a, uint64_t b, uint64_t c, unsigned negate);
/* c + (a0 * b0 + a1 * b1) of BFloat16 pairs as IR_fvbfdot defines it: no modes, no flags. */
uint32_t softfp_bfdot(uint32_t a, uint32_t b, uint32_t c);

/* Newton-Raphson steps and estimates (FRECPS, FRSQRTS, FRECPE, FRSQRTE, FRECPX), FMULX, and the
 * narrowing of double to single with rounding to odd (FCVTXN). */
uint64_t softfp_step(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, bool sqrt);
uint64_t softfp_estimate(struct softfp_env *e, enum ir_lane lane, uint64_t a, bool sqrt);
uint64_t softfp_exponent(struct softfp_env *e, enum ir_lane lane, uint64_t a);
uint64_t softfp_mulx(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b);
uint64_t softfp_narrow_odd(struct softfp_env *e, uint64_t a);
/* The estimates' tables: 9 bits in, 256..511 out. */
unsigned softfp_recip_entry(unsigned a);
unsigned softfp_rsqrt_entry(unsigned a);

bool softfp_is_nan(enum ir_lane lane, uint64_t a);
/* The NaN that an operation on n operands gives; a, b, c in the order that decides among NaNs. */
uint64_t softfp_nan(struct softfp_env *e, enum ir_lane lane, const uint64_t *operand, unsigned n);

/* Rounding mode of MXCSR bits 14:13. */
static inline enum ir_round softfp_host_round(uint32_t mxcsr)
{
    static const uint8_t mode[4] = { IR_RN_TIES_EVEN, IR_RN_DOWN, IR_RN_UP, IR_RN_ZERO };
    return (enum ir_round)mode[mxcsr >> 13 & 3];
}

#endif
