/*
 * Vector instructions that are done in C: what the lowering passes to the helper.
 */
#ifndef MYNA_AARCH64_SIMD_SAT_H
#define MYNA_AARCH64_SIMD_SAT_H

#include "simd.h"

/* Shape of an operation. Element sizes are those of `lane`, the narrow one of two. */
enum simd_shape {
    SIMD_SAME,   /* d = n op m, all of one size; m may be an element, a shift count or the old d */
    SIMD_NARROW, /* d = narrowed (n >> imm), to the half that q tells */
    SIMD_LONG    /* d = n op m, twice as wide, from the half that q tells */
};

/* What to do. count: lanes done, the rest of d is cleared (but for NARROW into the upper half). */
struct simd_what {
    uint8_t op;              /* enum simd_c_op */
    uint8_t shape, lane, count;
    uint8_t rd, rn, rm;
    int8_t index;            /* element of rm for all lanes, or -1 */
    int8_t imm;              /* shift count */
    bool upper;              /* NARROW: to the upper half; LONG: from the upper halves */
};

#define SIMD_C_OPS(X)                                                                              \
    X(SQADD)                                                                                       \
    X(UQADD) X(SQSUB) X(UQSUB) X(SUQADD) X(USQADD) X(SQABS) X(SQNEG) X(SQSHL) X(UQSHL) X(SRSHL)    \
        X(URSHL) X(SQRSHL) X(UQRSHL) X(SQSHLI) X(UQSHLI) X(SQSHLU) X(SQDMULH) X(SQRDMULH) X(PMUL)  \
            X(PMULL) X(SQDMULL) X(SQDMLAL) X(SQDMLSL) X(SQSHRN) X(SQRSHRN) X(SQSHRUN) X(SQRSHRUN)  \
                X(UQSHRN) X(UQRSHRN) X(FRECPE) X(FRSQRTE) X(FRECPX) X(FRECPS) X(FRSQRTS) X(FMULX)  \
                    X(URECPE) X(URSQRTE) X(FCVTXN)
enum simd_c_op {
#define X(name) SIMD_##name,
    SIMD_C_OPS(X)
#undef X
};

/* Emits the call. Returns true. */
bool simd_in_c(struct tr *t, struct simd_what w);

/* simd_est.c: one element of a floating-point operation of the list; bits of the result. */
uint64_t simd_estimate(struct cpu *cpu, unsigned op, unsigned lane, uint64_t n, uint64_t m);

#endif
