/*
 * What the rest of myna knows of a guest architecture: one constant struct per guest, and the state
 * of a translation in progress that lowering functions work on.
 *
 * frontend/ knows ir/ alone. Instruction bytes come through struct code_window, so a frontend never
 * reads guest memory by itself.
 */
#ifndef MYNA_GUEST_H
#define MYNA_GUEST_H

#include "ir.h"

/* Guest code that may be read: len bytes at host, which are guest address pc on. The caller bounds it
 * so that it never spans two mappings. len is 0 if pc can't be fetched. */
enum { CODE_ENTRIES = 1 << 17, CODE_LOG = 512 };

/* The instruction words that a translation was made from, as they were read: guest memory may change under
 * the reader, and who keeps translations must know what they are of. n > CODE_LOG: too many. */
struct code_log {
    uint32_t n;
    struct { uint32_t at, word; } read[CODE_LOG]; /* at: address, its lower 32 bits */
};

struct code_window {
    const uint8_t *host;
    uint64_t pc;
    size_t len;
    size_t before; /* bytes before host that may be read too (same mapping); only look-ahead does */
    /* Where translations begin that a region may go to instead of having a copy of their code: known()
     * tells, if the bit for pc (by address / 4) is set in entries. NULL: nobody knows. */
    const uint64_t *entries;
    bool (*known)(const void *arg, uint64_t pc);
    const void *arg;
    struct code_log *log; /* NULL: nobody asks */
    /* The mapping around pc, if it is private, of a file and not writable: its code can be kept in the
     * persistent cache. Else 0, 0. */
    uint64_t stored_lo, stored_hi;
    /* System mode: what a translation is found by is pc + key (0: pc itself); flags: state of the processor that
     * the code is made for, the guest's own. */
    uint64_t key;
    uint32_t flags;
};
static inline void code_note(const struct code_window *w, uint64_t pc, uint32_t word)
{
    struct code_log *l = w->log;
    if (!l)
        return;
    if (l->n < CODE_LOG) {
        l->read[l->n].at = (uint32_t)pc;
        l->read[l->n].word = word;
        l->n++;
    } else {
        l->n = CODE_LOG + 1;
    }
}
/* Where the n bytes of guest address pc are, or NULL if they are not all in the window. */
static inline const uint8_t *code_at(const struct code_window *w, uint64_t pc, size_t n)
{
    uint64_t at = pc - (w->pc - w->before);
    return at < w->before + w->len && w->before + w->len - at >= n ? w->host + (int64_t)(pc - w->pc)
                                                                   : NULL;
}

/* A CPU model: a set of features by the guest's own numbering, and its name for -cpu. */
struct cpu_model {
    const char *name, *description;
    uint64_t features[4];  /* bit set, enum of the guest */
    uint64_t options[4];   /* guest's own (ID register values and the like) */
    bool exact_fp;         /* cumulative floating-point flags exact in every corner, at a price */
};
static inline bool cpu_has(const struct cpu_model *m, unsigned feature)
{
    return m->features[feature / 64] >> (feature % 64) & 1;
}

/* How an instruction treats the flags registers, for the look-ahead at block ends. */
enum flag_effect { FLAGS_NONE, FLAGS_SET /* all, reads none */, FLAGS_READ /* or unknown */ };

/* Where control goes after an instruction. next: FLOW_NEXT and FLOW_GOTO its one way; FLOW_BRANCH the way on and the
 * target; FLOW_CALL the callee, or 0 where it is not known. FLOW_END: none that is known; FLOW_BAD: no instruction,
 * or not in the window. */
enum flow { FLOW_NEXT, FLOW_GOTO, FLOW_BRANCH, FLOW_CALL, FLOW_END, FLOW_BAD };

/* A translation in progress. Lowering functions get it as `t`. */
struct tr {
    struct ir_region *r;       /* where IR goes */
    const struct guest *guest;
    const struct cpu_model *model;
    struct code_window code;
    uint64_t pc;               /* of the instruction being lowered */
    uint32_t insn;             /* its bits (first 4 bytes) */
    unsigned len;              /* its length in bytes: set by guest->lower */
    bool done;                 /* a lowering function ended the block */
    unsigned max_insns;        /* 1 when single stepping; the normal limit otherwise */
    bool precise_flags;        /* no look-ahead: flags are always stored (-one-insn, debugger) */
};

/* Block ends (translate.c). They choose between an edge inside the region (self-loop, continued
 * fall-through) and exits, place polls, and look ahead for dead flags. Each ends the block: the
 * lowering function returns right after. Targets are guest addresses. */
void tr_goto(struct tr *t, uint64_t target);
void tr_branch(struct tr *t, ir_ref cond /* i32 0 or 1 */, uint64_t target); /* else falls through */
void tr_goto_indirect(struct tr *t, ir_ref target);
void tr_call(struct tr *t, uint64_t target, uint64_t ret);
void tr_call_indirect(struct tr *t, ir_ref target, uint64_t ret);
void tr_return(struct tr *t, ir_ref target);
/* resume: pc that is stored. */
void tr_leave(struct tr *t, enum ir_leave why, int64_t imm, uint64_t resume);

struct guest {
    const char *name;        /* as in myna-NAME */
    uint16_t elf_machine;
    uint8_t elf_class;       /* 1: 32 bits, 2: 64 bits */
    uint8_t insn_shift;      /* log2 of the instruction alignment */
    const struct ir_target *ir;
    const struct cpu_model *models; /* ends with name NULL; [0] is the default */
    unsigned reg_sp;         /* rows of the register table */
    int reg_flags;           /* row of the flags, -1: none */
    uint8_t capstone_arch, capstone_mode;

    /* Decodes and lowers the instruction at t->pc; fewer than its length of bytes left: returns
     * false with t->len = 0. Emits `insn` first. An undefined one ends the block by
     * tr_leave(IR_LEAVE_UNDEF). Returns true if something was emitted. */
    bool (*lower)(struct tr *t);
    /* Effect on flags of the instruction at pc in the window (whole or not); next[0] is where control
     * goes, next[1] the other way of a two-way branch; 0 where there is none or it is not known. */
    enum flag_effect (*flag_effect)(const struct code_window *code, uint64_t pc, uint64_t next[2]);
    enum flow (*flow)(const struct code_window *code, uint64_t pc, uint64_t next[2], unsigned *len);
    /* The pc that a branch to target really goes to (aarch64: without its tag). May be NULL. */
    uint64_t (*clean_pc)(uint64_t target);
    /* Sets a fresh state block to the architecture's values at process start. */
    void (*reset)(struct cpu *cpu, const struct cpu_model *m);
    /* Prints the registers (for -d cpu and fatal signals). */
    void (*dump)(const struct cpu *cpu, FILE *f);
    /* Is the byte range an instruction the front end knows? Name of the row or NULL (tests). */
    const char *(*row_name)(const struct cpu_model *m, uint32_t insn);
    /* "-cpu NAME,prop=on|off,...": a model in *out. Returns 0 or -EINVAL with the text in err. */
    int (*parse_cpu)(const char *spec, struct cpu_model *out, char *err, size_t errlen);
    /* Prints what -cpu takes: models and properties. */
    void (*print_cpus)(FILE *f);
};

extern const struct guest guest_aarch64;

/* Translates from code.pc on into r (reset before): fills blocks, r->pc, end_pc, ninsns. The result
 * is verified in debug builds. code.len == 0 gives a region that leaves with IR_LEAVE_FETCH. */
void guest_translate(struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                     struct code_window code, unsigned max_insns, bool precise_flags);
/* The same with up to max_blocks guest blocks: after a conditional branch the region goes on along
 * the fall-through, with over_calls after a call where it returns to. guest_translate does the first with its own default, as
 * does max_blocks 0. */
void guest_translate_extended(struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                              struct code_window code, unsigned max_insns, bool precise_flags,
                              unsigned max_blocks, bool over_calls);

#endif
