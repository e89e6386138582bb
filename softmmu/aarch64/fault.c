/*
 * Faults of data accesses and fetches: what the exception's syndrome says of them (Arm ARM D24.2.40, pseudocode
 * AArch64.Abort, AArch64.DataAbort).
 *
 * A fault that the walk found is noted with the access; one that translated code finds by itself is a misaligned
 * address. What the access was (its direction, SP as its base, what an abort from stage 2 tells of the register) is
 * read from the instruction at the precise pc.
 */
#include "machine.h"
#include "sys.h"

uint32_t a64_insn_at_pc(struct cpu *cpu)
{
    struct vcpu *v = vcpu_of(cpu);
    struct a64_sys *s = v->state;
    struct a64_walk w;
    uint64_t insn = 0;
    a64_translate(s, a64_regime_of(s, a64_el(cpu)), cpu->pc, (struct a64_access){ .what = A64_EXEC, .unprivileged = a64_el(cpu) == 0, .probe = true }, &w);
    if (!w.ok || physmem_load(vcpu_physmem(v), &v->reader, w.pa, 4, &insn, MEM_CPU) != MEM_OK)
        return 0;
    return (uint32_t)insn;
}

/* Arm ARM C4.1: op0 x1x0. */
static bool is_load_store(uint32_t i) { return (i >> 27 & 1) && !(i >> 25 & 1); }
static bool base_is_sp(uint32_t i) { return (i >> 5 & 31) == 31 && (i & 0x3b000000) != 0x18000000 /* literal */; }
/* LD<op>, SWP, CAS, CASP: those read first. */
static bool is_atomic(uint32_t i)
{
    bool amo = (i & 0x3f200c00) == 0x38200000 && !((i >> 12 & 7) == 4 && (i >> 15 & 1)); /* not LDAPR */
    bool cas = (i & 0x3fa00000) == 0x08a00000, casp = (i & 0xbfa00000) == 0x08200000;
    return amo || cas || casp;
}
static bool is_store(uint32_t i)
{
    if (is_atomic(i))
        return false;
    switch (i >> 27 & 7) {
    case 1: /* exclusive, ordered; structures */
    case 5: /* pairs */
        return !(i >> 22 & 1);
    case 3:
        if (!(i >> 24 & 1) && !(i >> 29 & 1)) /* literal; 01 1001: ordered, unscaled */
            return false;
        return i >> 26 & 1 ? !(i >> 22 & 1) : !(i >> 22 & 3);
    case 7:
        return i >> 26 & 1 ? !(i >> 22 & 1) : !(i >> 22 & 3);
    }
    return false;
}

/* Instruction syndrome for an abort from stage 2: load or store of one register without write-back, else not valid. */
uint32_t a64_access_syndrome(struct cpu *cpu)
{
    uint32_t i = a64_insn_at_pc(cpu);
    bool unsigned_offset = (i & 0x3f000000) == 0x39000000, register_offset = (i & 0x3f200c00) == 0x38200800;
    bool unscaled = (i & 0x3f200c00) == 0x38000000 || (i & 0x3f200c00) == 0x38000800;
    if (!unsigned_offset && !register_offset && !unscaled)
        return 0;
    unsigned size = i >> 30, opc = i >> 22 & 3, rt = i & 31;
    if (size == 3 && opc == 2)
        return 0; /* prefetch */
    bool sign = opc >= 2, sf = opc == 2 || (!sign && size == 3);
    return 1u << 24 | size << 22 | (uint32_t)sign << 21 | rt << 16 | (uint32_t)sf << 15;
}

/* struct isa.refuse */
void a64_refuse(struct vcpu *v, gva_t va, bool write, unsigned space, bool misaligned)
{
    struct a64_sys *s = v->state;
    struct a64_walk w = { .fsc = misaligned ? FAULT_ALIGNMENT : FAULT_EXTERNAL };
    struct a64_access a = { .what = write ? A64_WRITE : A64_READ, .unprivileged = space };
    a64_note(s, va, &w, a);
}

/* A misaligned address that translated code found: of the access, or SP. */
static void misaligned(struct cpu *cpu, gva_t va)
{
    struct a64_sys *s = a64_sys(cpu);
    uint32_t i = a64_insn_at_pc(cpu);
    bool by_sp = is_load_store(i) && base_is_sp(i);
    if ((s->flags & A64_FLAG_SPWRITES) && (by_sp || !is_load_store(i))) {
        s->sp_odd = true; /* SP would become misaligned: its uses are watched from now on */
        a64_context_changed(cpu);
        return;
    }
    if (by_sp && (s->flags & A64_FLAG_SPUSES) && *a64_reg(cpu, A64_sp) & 15) {
        a64_raise(cpu, syndrome(EC_SPALIGN, 0), cpu->pc);
        return;
    }
    struct a64_walk w = { .fsc = FAULT_ALIGNMENT };
    a64_abort(cpu, va, &w, (struct a64_access){ .what = is_store(i) ? A64_WRITE : A64_READ });
}

/* An atomic access comes as a write; the read is what faults if it may not read either. */
static void atomic_is_read(struct a64_sys *s, struct cpu *cpu)
{
    struct a64_walk w;
    struct a64_access a = s->note.access;
    a.what = A64_READ;
    a64_translate(s, a64_regime_of(s, a64_el(cpu)), s->note.va, a, &w);
    if (w.ok)
        return;
    s->note.access = a;
    s->note.walk = w;
}

/* struct isa.fault */
void a64_fault(struct vcpu *v)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    if (!s->note.valid) {
        misaligned(cpu, cpu->fault_addr);
        return;
    }
    s->note.valid = false;
    if (s->note.watchpoint) {
        s->note.watchpoint = false;
        a64_take_watchpoint(cpu, s->note.va, s->note.access.what == A64_WRITE);
        return;
    }
    bool fetch = s->note.access.what == A64_EXEC;
    if (fetch && s->note.walk.fsc == FAULT_ALIGNMENT) {
        unsigned target = a64_target(s, a64_el(cpu));
        s->v[target == 1 ? A64_SYS_FAR_EL1 : target == 2 ? A64_SYS_FAR_EL2 : A64_SYS_FAR_EL3] = cpu->pc;
        a64_raise(cpu, syndrome(EC_PCALIGN, 0), cpu->pc);
        return;
    }
    if (!fetch) {
        uint32_t i = a64_insn_at_pc(cpu);
        if (s->note.walk.fsc == FAULT_ALIGNMENT)
            s->note.access.what = is_store(i) ? A64_WRITE : A64_READ;
        else if (s->note.access.what == A64_WRITE && is_atomic(i))
            atomic_is_read(s, cpu);
    }
    a64_abort(cpu, s->note.va, &s->note.walk, s->note.access);
}
