/* Rare integer operations on vectors, as a C function for the cold path of translated code. */
#ifndef MYNA_VECHELP_H
#define MYNA_VECHELP_H

#include "ir.h"

/* Places in cpu->scratch; WHAT holds the IR operation, bits 16-18 the lane. */
enum { VECHELP_A = 0, VECHELP_B = 16, VECHELP_C = 32, VECHELP_RESULT = 48, VECHELP_WHAT = 64 };

void vechelp_run(struct cpu *cpu);

/* The same for operations of cryptography and vpmull (ir_crypto); bits 16 and up of WHAT: imm. */
void crypthelp_run(struct cpu *cpu);

#endif
