/*
 * Floating-point vector instructions that are done in C, one element at a time: what the lowering passes
 * to the helper (simd_est.c).
 */
#ifndef MYNA_AARCH64_SIMD_EST_H
#define MYNA_AARCH64_SIMD_EST_H

#include "simd.h"

#define SIMD_C_OPS(X)                                                                              \
    X(FRECPE) X(FRSQRTE) X(FRECPX) X(FRECPS) X(FRSQRTS) X(FMULX) X(URECPE) X(URSQRTE) X(FCVTXN)
enum simd_c_op {
#define X(name) SIMD_##name,
    SIMD_C_OPS(X)
#undef X
};

/* Shape of an operation. Element sizes are those of `lane`, the narrow one of two. */
enum simd_shape {
    SIMD_SAME,  /* d = n op m, all of one size; m may be an element */
    SIMD_NARROW /* d = narrowed n, to the half that `upper` tells */
};

/* What to do. count: lanes done, the rest of d is cleared (but for NARROW into the upper half). */
struct simd_what {
    uint8_t op; /* enum simd_c_op */
    uint8_t shape, lane, count;
    uint8_t rd, rn, rm;
    int8_t index; /* element of rm for all lanes, or -1 */
    bool upper;
};

/* Emits the call. Returns true. */
bool simd_in_c(struct tr *t, struct simd_what w);

#endif
