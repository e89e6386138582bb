/*
 * Identification registers as privileged code sees them: a model's fields for programs (cpu.c of the frontend) and
 * those of the system architecture here.
 *
 * What `max` has is all that is implemented; a named model has what its reference manual lists, as far as that is
 * implemented.
 */
#include "machine.h"
#include "sys.h"

bool a64_id_register(const struct cpu_model *m, unsigned crm, unsigned op2, uint64_t *v);

/* A field: value of max, of models of Armv8.2, of Armv8.0. */
static const struct field { uint16_t reg; uint8_t shift, max, v8_2, v8_0; } fields[] = {
    { A64_SYS_ID_AA64PFR1_EL1, 0, 0, 0, 0 },
    { A64_SYS_ID_AA64DFR0_EL1, 0, 6, 6, 6 },    /* DebugVer: Armv8 */
    { A64_SYS_ID_AA64DFR0_EL1, 8, 1, 1, 1 },    /* PMUVer: PMUv3 */
    { A64_SYS_ID_AA64DFR0_EL1, 12, 5, 5, 5 },   /* BRPs - 1 */
    { A64_SYS_ID_AA64DFR0_EL1, 20, 3, 3, 3 },   /* WRPs - 1 */
    { A64_SYS_ID_AA64DFR0_EL1, 28, 1, 1, 1 },   /* CTX_CMPs - 1 */
    { A64_SYS_ID_AA64MMFR0_EL1, 0, 6, 5, 4 },   /* PARange: 52, 48, 44 bits */
    { A64_SYS_ID_AA64MMFR0_EL1, 4, 2, 2, 2 },   /* ASIDBits: 16 */
    { A64_SYS_ID_AA64MMFR0_EL1, 12, 1, 1, 1 },  /* SNSMem */
    { A64_SYS_ID_AA64MMFR0_EL1, 20, 2, 1, 0 },  /* TGran16: with 52 bits; yes; no */
    { A64_SYS_ID_AA64MMFR0_EL1, 24, 0, 0, 0 },  /* TGran64: yes */
    { A64_SYS_ID_AA64MMFR0_EL1, 28, 1, 0, 0 },  /* TGran4: with 52 bits; yes */
    { A64_SYS_ID_AA64MMFR0_EL1, 32, 3, 0, 0 },  /* TGran16_2: as stage 1, with 52 bits */
    { A64_SYS_ID_AA64MMFR0_EL1, 36, 2, 0, 0 },  /* TGran64_2 */
    { A64_SYS_ID_AA64MMFR0_EL1, 40, 3, 0, 0 },  /* TGran4_2 */
    { A64_SYS_ID_AA64MMFR1_EL1, 0, 2, 2, 0 },   /* HAFDBS: access flag and dirty state */
    { A64_SYS_ID_AA64MMFR1_EL1, 4, 2, 2, 0 },   /* VMIDBits: 16 */
    { A64_SYS_ID_AA64MMFR1_EL1, 8, 1, 1, 0 },   /* VH */
    { A64_SYS_ID_AA64MMFR1_EL1, 12, 1, 1, 0 },  /* HPDS */
    { A64_SYS_ID_AA64MMFR1_EL1, 16, 1, 1, 0 },  /* LO */
    { A64_SYS_ID_AA64MMFR1_EL1, 20, 3, 2, 0 },  /* PAN: PAN3; PAN2 */
    { A64_SYS_ID_AA64MMFR1_EL1, 28, 1, 1, 0 },  /* XNX */
    { A64_SYS_ID_AA64MMFR2_EL1, 0, 1, 0, 0 },   /* CnP */
    { A64_SYS_ID_AA64MMFR2_EL1, 4, 1, 1, 0 },   /* UAO */
    { A64_SYS_ID_AA64MMFR2_EL1, 16, 1, 0, 0 },  /* VARange: 52 bits with 64 KiB */
    { A64_SYS_ID_AA64MMFR2_EL1, 28, 1, 0, 0 },  /* ST: small translation tables */
    { A64_SYS_ID_AA64MMFR2_EL1, 48, 1, 0, 0 },  /* TTL */
    { A64_SYS_ID_AA64MMFR2_EL1, 52, 2, 0, 0 },  /* BBM: level 2 */
    { A64_SYS_ID_AA64MMFR2_EL1, 60, 1, 0, 0 },  /* E0PD */
};

static unsigned version(const struct a64_sys *s)
{
    return !strcmp(s->model->name, "max") ? 2 : a64_has(s, A64_FEAT_LSE) ? 1 : 0;
}

uint64_t a64_id_system(struct a64_sys *s, unsigned r)
{
    unsigned code = a64_sysregs[r].code, how = version(s);
    uint64_t v = 0;
    a64_id_register(s->model, code >> 3 & 15, code & 7, &v);
    if (r == A64_SYS_ID_AA64DFR0_EL1)
        v = 0;
    if (r == A64_SYS_ID_AA64MMFR0_EL1)
        v &= ~0xff000000ull; /* programs are shown the kernel's safe values */
    for (unsigned k = 0; k < sizeof fields / sizeof *fields; k++)
        if (fields[k].reg == r) {
            uint64_t f = how == 2 ? fields[k].max : how == 1 ? fields[k].v8_2 : fields[k].v8_0;
            v = (v & ~(15ull << fields[k].shift)) | f << fields[k].shift;
        }
    return v;
}

bool cpu_has_pan(const struct a64_sys *s) { return version(s) > 0; }

/* Levels are AArch64 alone; CSV2 and CSV3 say that nothing leaks by speculation, of which there is none: else Linux
 * keeps page tables apart. */
uint64_t a64_id_aa64pfr0(struct a64_sys *s)
{
    uint64_t v = 0;
    a64_id_register(s->model, 4, 0, &v);
    v = (v & ~0xffffull) | 0x0011;
    if (s->has_el2)
        v |= 1 << 8;
    if (s->has_el3)
        v |= 1 << 12;
    if (s->vcpu->machine->gic)
        v |= 1 << 24;
    return (v & ~(0xffull << 56)) | 0x11ull << 56;
}

/* Registers of levels that the processor doesn't have; of features that the model lacks. */
bool a64_sysreg_present(const struct a64_sys *s, unsigned r)
{
    const struct a64_sysreg *row = &a64_sysregs[r];
    unsigned op1 = row->code >> 11 & 7;
    if ((op1 == 4 && !s->has_el2 && !s->has_el3) || (op1 == 6 && !s->has_el3) || (op1 == 7 && !s->has_el3))
        return false;
    if (row->trap == T_APK && !a64_has(s, A64_FEAT_PAUTH))
        return false;
    if (row->how == GIC && !s->vcpu->machine->gic)
        return false;
    switch (r) {
    case A64_SYS_PAN:
        return cpu_has_pan(s);
    case A64_SYS_UAO:
        return version(s) > 0;
    case A64_SYS_CNTPCTSS_EL0:
    case A64_SYS_CNTVCTSS_EL0:
        return a64_has(s, A64_FEAT_ECV);
    case A64_SYS_TTBR1_EL2:
    case A64_SYS_CONTEXTIDR_EL2:
    case A64_SYS_CNTHV_CTL_EL2:
    case A64_SYS_CNTHV_CVAL_EL2:
    case A64_SYS_CNTHV_TVAL_EL2:
        return version(s) > 0; /* VHE */
    case A64_SYS_ICC_AP0R1_EL1: case A64_SYS_ICC_AP0R2_EL1: case A64_SYS_ICC_AP0R3_EL1:
    case A64_SYS_ICC_AP1R1_EL1: case A64_SYS_ICC_AP1R2_EL1: case A64_SYS_ICC_AP1R3_EL1:
        return false; /* of 6 and 7 bits of priority */
    case A64_SYS_RVBAR_EL1:
        return !s->has_el2 && !s->has_el3;
    case A64_SYS_RVBAR_EL2:
        return s->has_el2 && !s->has_el3;
    default:
        return true;
    }
}
