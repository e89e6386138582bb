/*
 * aarch64 as gdb sees a whole machine: the registers of ../../gdb/aarch64.c up to the floating-point ones, the whole PSTATE, and
 * system registers by the manual's names: those that are plain values (rows VAR and ID of sysreg.def), and what else is
 * wanted often and has no effect when it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "registers.h"
#include "sys.h"
#include "sysreg.h"

enum { COMMON = 68, PSTATE = 33 }; /* as in gdb/aarch64.c */

static struct gdb_register regs[COMMON + A64_NSYS];
static uint16_t number_of[A64_NSYS]; /* of row COMMON + k */
static struct gdb_feature features[4];

static struct a64_sys *sys_of(struct cpu *cpu) { return vcpu_of(cpu)->state; }

static uint64_t read_special(struct cpu *cpu, unsigned number)
{
    if (number < COMMON)
        return gdb_target_aarch64.read(cpu, number);
    return a64_sysreg_read(sys_of(cpu), number_of[number - COMMON]);
}

static void write_special(struct cpu *cpu, unsigned number, uint64_t v)
{
    if (number == PSTATE) { /* flags and masks; levels change by exceptions only */
        uint64_t *ps = a64_reg(cpu, A64_pstate), masks = 0x3c0;
        a64_set_nzcv(cpu, (uint32_t)v & 0xf0000000u);
        *ps = (*ps & ~masks) | (v & masks);
    } else if (number < COMMON) {
        gdb_target_aarch64.write(cpu, number, v);
    }
}

/* Functions of sysreg.def that reading does not change anything by. */
static const char *const others[] = {
    "MIDR_EL1", "MPIDR_EL1", "CURRENTEL", "SCTLR_EL1", "CPACR_EL1", "TTBR0_EL1", "TTBR1_EL1", "TCR_EL1", "MAIR_EL1", "SPSR_EL1", "ELR_EL1", "SP_EL0",
    "SP_EL1", "TPIDR_EL1", "HCR_EL2", "SCTLR_EL2", "TTBR0_EL2", "TCR_EL2", "VTTBR_EL2", "VTCR_EL2", "MAIR_EL2", "SCR_EL3", "SCTLR_EL3", "TTBR0_EL3",
    "TCR_EL3", "MAIR_EL3", "MDSCR_EL1",
};

static bool is_one_of(const char *name, const char *const *names, unsigned n)
{
    for (unsigned k = 0; k < n; k++)
        if (!strcmp(names[k], name))
            return true;
    return false;
}

const struct gdb_target *a64_gdb_target(void)
{
    static struct gdb_target t;
    static const char *const core[] = { "FPCR", "FPSR", "NZCV", "DAIF" };
    if (t.nregs)
        return &t;
    t = gdb_target_aarch64;
    t.osabi = NULL;
    memcpy(regs, t.regs, COMMON * sizeof *regs);
    features[0] = t.features[0];
    features[1] = t.features[1];
    features[2] = (struct gdb_feature){ "org.myna.aarch64.system", "", COMMON };
    unsigned n = COMMON;
    for (unsigned k = 0; k < A64_NSYS; k++) {
        const struct a64_sysreg *r = &a64_sysregs[k];
        if ((r->how != VAR && r->how != ID && !is_one_of(r->name, others, sizeof others / sizeof *others)) ||
            is_one_of(r->name, core, sizeof core / sizeof *core))
            continue;
        number_of[n - COMMON] = (uint16_t)k;
        regs[n++] = (struct gdb_register){ r->name, "int", "system", 8, GDB_SPECIAL };
    }
    t.features = features;
    t.nfeatures = 3;
    t.regs = regs;
    t.read = read_special;
    t.write = write_special;
    t.general = COMMON;
    t.nregs = n;
    return &t;
}

/* Of a 64-bit kernel: 112 bytes of signal, identities and times; x0 to x30, sp, pc, pstate; pr_fpvalid. */
size_t a64_core_registers(struct vcpu *v, uint8_t *out)
{
    const struct gdb_target *t = a64_gdb_target();
    uint32_t id = v->index + 1;
    memset(out, 0, 392);
    memcpy(out + 32, &id, sizeof id);
    for (unsigned k = 0; k < 34; k++) {
        uint8_t bytes[64] = { 0 };
        target_read(t, v->machine->isa->guest->ir, v->cpu, k, bytes);
        memcpy(out + 112 + 8 * k, bytes, 8);
    }
    return 392;
}
