/*
 * Cold floating point of translated code: one function that does any FPENV operation exactly.
 */
#ifndef MYNA_FPHELP_H
#define MYNA_FPHELP_H

#include "ir.h"

/* Places in cpu->scratch: operands (16 bytes each), the result, and what to do. */
enum {
    FPHELP_A = 0,
    FPHELP_B = 16,
    FPHELP_C = 32,
    FPHELP_RESULT = 48,
    FPHELP_WHAT = 64,
    FPHELP_TEMP = 96
};

enum { FPHELP_NZCV = 15 /* aux of fcmp: the flags in stored form, imm as in the IR */ };

/* What to do, 64 bits: op is the IR's scalar operation, or fvfmaw, fvbfcvt, fvbfdot; lane the operands' lane; to the result's
 * (fcvt and vector operations; for fcvti and icvtf the integer's, B..D); count lanes; aux as round or condition; imm as
 * in the IR. */
static inline uint64_t fphelp_what(unsigned op, unsigned lane, unsigned to, unsigned count,
                                   unsigned aux, uint64_t imm)
{
    return op | (uint64_t)lane << 16 | (uint64_t)to << 20 | (uint64_t)count << 24 |
           (uint64_t)aux << 32 | imm << 40;
}

/* Does it: reads operands from cpu->scratch, writes the result there; flags go to cpu->guest_mxcsr
 * (IDC to cpu->fp_flags). Rounds by guest_mxcsr, obeys fp_mode. Touches no guest register. */
void fphelp_run(struct cpu *cpu);

#endif
