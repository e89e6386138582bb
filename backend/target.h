/*
 * Between the code cache (cache.c, exec.c: no host knowledge) and a host's code generator.
 */
#ifndef MYNA_TARGET_H
#define MYNA_TARGET_H

#include "ablations.h"
#include "ir.h"

/* A place in translated code that depends on where the code or something else is. Recorded as emitted,
 * so that a translation can be copied elsewhere (persist.c) and patched. */
enum reloc_kind {
    RELOC_STUB,   /* rel32 to a common stub: value = its number */
    RELOC_HELPER, /* 64-bit address of helper: value = row */
    RELOC_FN,     /* 64-bit address of an engine function: value = the address less host_xlate's */
};
struct reloc {
    uint32_t off;  /* of the field from the start of the code */
    uint32_t kind;
    int64_t value;
};

/* An exit that can be chained: the rel32 at off jumps to stub_off until it is linked. */
struct xlink {
    uint32_t off, stub_off;
    uint64_t pc;
};

/* A host instruction that may fault: everything needed to make the guest state precise. */
struct fault_entry {
    uint32_t off;      /* of the instruction (or of the return address of a helper call) */
    int32_t pc_delta : 24; /* guest pc - region pc, bytes */
    uint32_t flags : 8;
};
enum { FAULT_BORROWED = 1 /* rbx, r11: guest registers are in slots */,
       FAULT_FLEX = 2 /* the region's flex homes are in force */ };

/* In a loop, host register reg holds guest register `in`; the one that is pinned there is in its slot. */
enum { MAX_FLEX = 8 };
struct xlate_flex { int8_t reg; bool vector; int16_t in, out; };

/* What a translation gives besides its code. Arrays are the caller's, reused. */
struct xlate_out {
    struct reloc *relocs;
    uint32_t nrelocs, cap_relocs;
    struct xlink *links;
    uint32_t nlinks, cap_links;
    uint32_t id_off; /* of the 32-bit number of the first link, which the stubs count from (if any) */
    struct fault_entry *faults;
    uint32_t nfaults, cap_faults;
    struct xlate_flex flex[MAX_FLEX];
    uint32_t nflex;
    uint32_t code_len;
    bool overflow;     /* a table was too small */
};

/* Common stubs at the start of the code cache, by number. */
enum stub { STUB_ENTER, STUB_LEAVE /* eax = reason */, STUB_LINK /* two pushed numbers, added: cpu->link */, STUB_LOOKUP /* rax = pc */,
            STUB_RET_MISS /* rax = pc */, STUB_RET_MISS_RCX, STUB_RET_MISS_RDX, STUB_RET_EMPTY /* pc on the stack */, STUB_RET_STALE /* a return whose landing is gone; pc on the stack */, STUB_POLL /* rax = pc */, STUB_HELPER /* rax = function */,
            STUB_HELPER_PURE, STUB_HELPER_LEAVE /* rax = 1 + reason */,
            STUB_COLD_CALL /* function on the stack: keeps all registers */, STUB_LEAVE_RAW,
            STUB_MMU_ADDRESS, STUB_MMU_STORE /* slow paths of accesses (system mode): keep all registers; return if there is no fault */, NSTUBS };
/* Where a link leads whose code is not to be changed. off: the target's in the arena, 0: none, ask; left: so many more
 * times, then ask. */
struct link_way { uint32_t off; int32_t left; };
struct stubs {
    const uint8_t *at[NSTUBS]; /* executable addresses */
};

struct host_features;
const struct host_features *host_features_get(const char *list, char *err, size_t errlen);
/* Name of the i-th feature, and whether this host has it; NULL past the last one. */
const char *host_feature_name(unsigned i, bool *has);
/* All of them as a number. */
uint64_t host_features_bits(const struct host_features *f);

/* How many pin numbers of a class the host has registers for. */
unsigned host_npins(const struct host_features *hf, bool vector);
/* t with registers pinned only by numbers below these, the others in their slots: t itself or a copy (free it and
 * its regs), NULL without memory. The functions below want a table that fits the host. */
const struct ir_target *host_fit_pins(const struct ir_target *t, unsigned general, unsigned vector);

/* Emits the common stubs for a guest's register table into [buf, buf + cap); delta = executable address
 * - writable address; without: bits WITHOUT_...; system: for code with host_xlate_opts.mmu. Returns the length. */
size_t host_emit_stubs(struct stubs *s, const struct ir_target *t, unsigned insn_shift, unsigned without, bool system,
                       uint8_t *buf, size_t cap, intptr_t delta);

struct host_xlate_opts {
    const struct host_features *hf;
    const struct stubs *stubs;
    bool gs, mask_tags;
    bool check_tiny; /* results may be flushed (one that is rounded up to the least normal number is), NaNs may be
                      * default ones (IR_FP_CHECKED) */
    bool mmu; /* system mode: accesses by the inline TLB (cpu->mmu), jump cache by cpu->jumps */
    bool chains; /* exits to other pages may be links; else they ask the jump cache */
    bool exact_fp; /* floating point with every cumulative flag as the guest has it: by calls */
    unsigned insn_shift;
    unsigned without; /* bits WITHOUT_... (ablations.def) */
};
/* Compiles region r into [buf, buf + cap). Returns the code's length, 0 if it did not fit or the region
 * is too large for the allocator (the caller translates fewer instructions). */
size_t host_xlate(const struct ir_region *r, const struct host_xlate_opts *o, uint8_t *buf, size_t cap,
                  intptr_t delta, struct xlate_out *out);

/* Makes code that was compiled to stand at `from` right for where it has been copied: [at, at + len),
 * executable address at + delta. stubs: those of the code cache it is in now; anchors and helpers by
 * their rows. Links are left unlinked (they go to their own stubs, which moved along). */
void host_relocate(const struct xlate_out *o, const struct ir_target *t, const struct stubs *stubs,
                   uint8_t *at, intptr_t delta);

/* Enters translated code; returns enum ir_leave. */
unsigned host_enter(struct cpu *cpu, const struct stubs *s, const uint8_t *code);

/* For fault handling: which host registers hold which guest registers (default homes). */
struct host_pin { uint8_t reg; uint16_t row; };
enum { MAX_PINS = 32 }; /* of a class */
unsigned host_pins(const struct ir_target *t, bool vector, struct host_pin out[MAX_PINS]);

/* Registers as the stub of a slow path that found a fault left them (cpu->mmu_ra): by hardware number; the vector. */
void host_mmu_saved(const struct cpu *cpu, uint64_t gpr[16]);
const void *host_mmu_saved_vector(const struct cpu *cpu, unsigned reg);

/* Effective address of the memory operand of the host instruction at pc with the given general registers
 * (hardware numbering); false if it has none that we emit. */
bool host_operand_address(const uint8_t *pc, const uint64_t regs[16], uint64_t gs_base, uint64_t *addr);

#endif
