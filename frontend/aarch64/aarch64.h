/*
 * The aarch64 guest for other layers: rows of its register table and access to them. Outside
 * translated code every register is in its slot of struct cpu (offset by the table).
 */
#ifndef MYNA_AARCH64_H
#define MYNA_AARCH64_H

#include <string.h>
#include "guest.h"

/* Row numbers of the register table (order of state.def). */
enum a64_reg {
#define REG(name, type, pin, slot) A64_##name,
#include "state.def"
    A64_NREGS
};
#define A64_X(n) (A64_x0 + (n)) /* n 0..30; 31 is no row: the lowering decides xzr or sp */
#define A64_V(n) (A64_v0 + (n))

extern const struct ir_reg a64_regs[A64_NREGS];

/* Optional features (features.def), numbers in struct cpu_model's set. */
enum a64_feature {
    A64_FEAT_BASE, /* what every A64 CPU has */
#define FEAT(name, prop, have, reg, shift, value, word, bit, text) A64_FEAT_##name,
#include "features.def"
    A64_NFEATURES
};

/* options[] of a CPU model. */
enum { A64_OPT_MIDR, A64_OPT_CTR };

/* AT_HWCAP and AT_HWCAP2 of a model, as Linux would derive them. */
uint64_t a64_hwcap(const struct cpu_model *m);
uint64_t a64_hwcap2(const struct cpu_model *m);

/* Value of row exaddr while no exclusive access is open (no address is equal to it). */
#define A64_EXCLUSIVE_NONE (~0ull)

/* The virtual counter: its frequency in Hz and its value now. */
#define A64_CNTFRQ 62500000ull
uint64_t a64_cntvct(void);

/* A 64-bit register by row. */
static inline uint64_t *a64_reg(struct cpu *cpu, unsigned row)
{
    return (uint64_t *)((char *)cpu + a64_regs[row].offset);
}
/* NZCV as PSTATE bits 31:28. */
static inline uint32_t a64_get_nzcv(struct cpu *cpu)
{
    return ir_flags_from_slot((uint16_t)*a64_reg(cpu, A64_nzcv));
}
static inline void a64_set_nzcv(struct cpu *cpu, uint32_t nzcv)
{
    *a64_reg(cpu, A64_nzcv) = ir_flags_to_slot(nzcv);
}
/* V register n, 16 bytes, little endian. */
static inline uint8_t *a64_vreg(struct cpu *cpu, unsigned n)
{
    return (uint8_t *)cpu + a64_regs[A64_V(n)].offset;
}
/* FPCR and FPSR as the guest sees them. Cumulative flags and the rounding mode live partly in
 * cpu->guest_mxcsr; these functions keep both in step. */
uint32_t a64_get_fpcr(const struct cpu *cpu);
void a64_set_fpcr(struct cpu *cpu, uint32_t v);
uint32_t a64_get_fpsr(const struct cpu *cpu);
void a64_set_fpsr(struct cpu *cpu, uint32_t v);

#endif
