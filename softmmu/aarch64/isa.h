/*
 * The aarch64 ISA as boards see it.
 */
#ifndef MYNA_A64_ISA_H
#define MYNA_A64_ISA_H

#include "vcpu.h"

extern const struct isa isa_aarch64;

/* Options of the processors (struct machine_config.isa_config). */
struct isa_config {
    bool el2, el3;
    bool psci, psci_smc;      /* the machine answers PSCI; by SMC, else HVC */
    /* Called at each reset for a CPU that begins to run: sets pc, registers, level (a64_enter). */
    void (*started)(struct vcpu *v, void *arg);
    void *started_arg;
};

void a64_enter(struct cpu *cpu, unsigned el, uint64_t pc);
/* Interrupt lines: bits LINE_... of sys.h. */
void a64_set_line(struct vcpu *v, unsigned line, bool up);
/* Timer k's output is told to line(arg, up). */
void a64_connect_timer(struct vcpu *v, unsigned k, void (*line)(void *arg, bool up), void *arg);
uint64_t a64_mpidr(const struct vcpu *v);

#endif
