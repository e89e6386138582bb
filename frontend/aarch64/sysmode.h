/*
 * What translated code of system mode asks of the processor's owner (softmmu/aarch64): system registers, maintenance,
 * exceptions, waiting. Called by helpers with every register in its slot; each returns 0 to go on, or 1 + enum
 * ir_leave with cpu->pc set. pc: of the instruction.
 */
#ifndef MYNA_AARCH64_SYSMODE_H
#define MYNA_AARCH64_SYSMODE_H

#include "aarch64.h"

/* Flags of a translation (struct tr.flags), part of what translations are found by. */
enum a64_flags {
    A64_FLAG_EL = 3,         /* current exception level */
    A64_FLAG_SYSTEM = 4,     /* system mode at all */
    A64_FLAG_SP = 8,         /* PSTATE.SP */
    A64_FLAG_NOFP = 16,      /* SIMD and FP instructions trap */
    A64_FLAG_E2H = 32,       /* at EL2: HCR_EL2.E2H */
    A64_FLAG_TRAPS = 64,     /* an instruction traps that is executed directly otherwise (cache maintenance, WFI ...) */
    A64_FLAG_ILLEGAL = 128,  /* PSTATE.IL: every instruction is refused */
    A64_FLAG_STEP = 256,     /* software step is on */
    A64_FLAG_BREAK = 512,    /* a breakpoint is enabled at this level */
    A64_FLAG_STRICT = 1024,  /* SCTLR.A: all accesses must be aligned */
    A64_FLAG_DEVICE = 2048,  /* stage 1 is off: data accesses are to Device memory */
    /* SCTLR.SA: loads and stores by a misaligned SP fault. SP is nearly always aligned, so what is checked is what is
     * written to it (SPWRITES); once it was misaligned, the accesses are (SPUSES). Neither: no check. */
    A64_FLAG_SPWRITES = 4096, A64_FLAG_SPUSES = 8192,
};

enum a64_event { A64_EVENT_SVC, A64_EVENT_HVC, A64_EVENT_SMC, A64_EVENT_BRK, A64_EVENT_UNDEF, A64_EVENT_FP, A64_EVENT_ERET,
                 A64_EVENT_WFI, A64_EVENT_WFE, A64_EVENT_YIELD, A64_EVENT_HLT, A64_EVENT_DSB, A64_EVENT_SEV, A64_EVENT_ILLEGAL,
                 A64_EVENT_WFET, A64_EVENT_WFIT /* imm: the count that ends them */,
                 A64_EVENT_BEFORE /* an instruction: software step, breakpoints */ };

struct a64_system {
    uint64_t (*mrs)(struct cpu *cpu, uint64_t code, uint64_t rt, uint64_t pc);
    uint64_t (*msr)(struct cpu *cpu, uint64_t code_rt /* code | rt << 16 */, uint64_t value, uint64_t pc);
    uint64_t (*sys)(struct cpu *cpu, uint64_t code_rt /* op1, CRn, CRm, op2 as in the instruction | rt << 16 */, uint64_t value, uint64_t pc);
    uint64_t (*event)(struct cpu *cpu, uint64_t event, uint64_t imm, uint64_t pc);
    /* MSR (immediate): field as op1 << 3 | op2 */
    uint64_t (*pstate)(struct cpu *cpu, uint64_t field, uint64_t imm, uint64_t pc);
};
/* Set once, before code runs. */
extern const struct a64_system *a64_system;

#endif
