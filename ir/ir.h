/*
 * The IR: typed SSA over regions of several blocks.
 *
 * A region is what is translated at once. It has one or more blocks; block 0 is the entry. Tier 1
 * makes a region of one basic block and its exits. A block is a contiguous range of instructions;
 * its last instruction is a terminator and no other is. Values are defined once and a definition
 * dominates its uses. Constants live in a table of the region and are no instructions.
 *
 * Guest registers are rows of a table given by the frontend (struct ir_reg); `get` and `set` read
 * and write them. At every `insn` boundary all guest registers are architecturally precise:
 *
 *   The commit rule: inside one guest instruction (from one `insn` to the next) no operation that
 *   may fault follows a `set`. The verifier rejects the contrary. (A `call` of class may-leave
 *   counts as one that may fault.)
 *
 * A value forwarded by the builder is found without `get`; a `set` is removed only if the register
 * is certainly set again before anything can see it (a fault point, a helper, an exit).
 *
 * The IR knows no guest and no host. ops.def is the only list of operations.
 */
#ifndef MYNA_IR_H
#define MYNA_IR_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ------------------------------------------------------------------ types */

enum ir_type {
    IR_VOID, IR_I32, IR_I64, IR_I128, IR_F16, IR_F32, IR_F64, IR_V128, IR_V256, IR_FLG, IR_NTYPES
};

enum ir_lane { IR_B, IR_H, IR_S, IR_D, IR_LH, IR_LS, IR_LD }; /* 8 16 32 64 bits; half, single, double */

/* Conditions. For `icmp` the first ten; for `cc` all, by the NZCV meaning of the Arm manual. */
enum ir_cc {
    IR_EQ, IR_NE, IR_HS, IR_LO, IR_HI, IR_LS_, IR_GE, IR_LT, IR_GT, IR_LE, /* LS_: unsigned <= */
    IR_MI, IR_PL, IR_VS, IR_VC, IR_NCC
};

/* Rounding of fcvti and frint. DYN: the mode of the guest's control register. */
enum ir_round { IR_RN_TIES_EVEN, IR_RN_UP, IR_RN_DOWN, IR_RN_ZERO, IR_RN_TIES_AWAY, IR_RN_DYN };

enum ir_amo { IR_AMO_ADD, IR_AMO_ANDN, IR_AMO_XOR, IR_AMO_OR, IR_AMO_SMAX, IR_AMO_SMIN,
              IR_AMO_UMAX, IR_AMO_UMIN, IR_AMO_SWP };

enum ir_fence { IR_FENCE_FULL, IR_FENCE_LOAD, IR_FENCE_STORE }; /* load: earlier loads before all; store: store-store */

enum ir_order { IR_RELAXED, IR_ACQUIRE, IR_RELEASE, IR_ACQ_REL }; /* RELEASE is Arm's RCsc */

/* Why translated code returned to the run loop (`leave` and the engine's own reasons). */
enum ir_leave {
    IR_LEAVE_LOOKUP,     /* find the translation of the stored pc and go on */
    IR_LEAVE_LINK,       /* the same, and patch the link slot that was taken */
    IR_LEAVE_POLL,       /* the poll word asked for it; pc is precise */
    IR_LEAVE_SYSCALL,    /* imm = immediate of the instruction; pc is the next instruction */
    IR_LEAVE_BREAK,      /* breakpoint instruction; imm = its immediate; pc is the instruction */
    IR_LEAVE_UNDEF,      /* undefined or unsupported instruction; imm = its bytes; pc is it */
    IR_LEAVE_FAULT,      /* memory fault found by a host signal; details in struct cpu */
    IR_LEAVE_FETCH,      /* the guest pc can't be fetched or is misaligned (imm 1) */
    IR_LEAVE_FLUSH,      /* after an instruction that may have invalidated the code it is in */
    IR_LEAVE_ICINV,      /* instruction cache line invalidation; the address is in cpu->leave_arg */
    IR_LEAVE_GUEST,      /* anything of one guest: imm is its number */
    IR_LEAVE_DEBUG       /* the engine's: before an instruction that a debugger wants to see (exec.h) */
};

/* --------------------------------------------------- tables from outside */

/* One guest register. Rows are made by a frontend's state.def. */
struct ir_reg {
    const char *name;
    uint8_t type;    /* enum ir_type: I32, I64, V128 or FLG */
    int8_t pin;      /* number of its pinned home in its class (0 = first), or -1: lives in its slot */
    uint16_t offset; /* of its slot in struct cpu, bytes */
};

enum ir_helper_class {
    IR_PURE,     /* reads and writes no guest state, never faults; may be removed if unused */
    IR_STATE,    /* reads or writes guest registers through struct cpu: all are synced around it */
    IR_MAY_LEAVE /* the same, may touch guest memory, call libc, or ask to leave (returns 0 = go on,
                    else 1 + enum ir_leave with cpu->pc set) */
};

/* One helper. fn takes (struct cpu *, a, b, c, d) as uint64_t; PURE ones take no cpu argument.
 * i128/v128 arguments are not passed: such helpers use cpu->scratch. */
struct ir_helper {
    const char *name;
    void *fn;
    uint8_t class;  /* enum ir_helper_class */
    uint8_t result; /* IR_VOID, IR_I32 or IR_I64 */
    uint8_t nargs;  /* 0..4 */
};

/* What a region is made against. One per guest, constant. */
struct ir_target {
    const struct ir_reg *regs;
    unsigned nregs; /* <= IR_MAXREGS */
    const struct ir_helper *helpers;
    unsigned nhelpers;
    uint64_t address_mask; /* bits of a guest address that select memory; 0: all. For the interpreter:
                              the backend repairs tagged accesses (struct host_xlate_opts) */
};

enum { IR_MAXREGS = 128 };

/* The slot of a FLG register is 16 bits in the host's LAHF/SETO form: low byte OF as 0 or 1; high byte
 * SF bit 7, ZF bit 6, CF bit 0, where CF is the *borrow* form: CF = not C. Other bits are ignored. */
static inline uint16_t ir_flags_to_slot(uint32_t nzcv)
{
    return (uint16_t)((nzcv >> 28 & 1) | (nzcv >> 31 & 1) << 15 | (nzcv >> 30 & 1) << 14 |
                      (~nzcv >> 29 & 1) << 8);
}
static inline uint32_t ir_flags_from_slot(uint16_t s)
{
    return (uint32_t)(s & 1) << 28 | (uint32_t)(~s >> 8 & 1) << 29 | (uint32_t)(s >> 14 & 1) << 30 |
           (uint32_t)(s >> 15 & 1) << 31;
}

/* ------------------------------------------------------------------ values */

/* 0: none. Top bit set: constant number (index in region->consts). Else index in region->insts. */
typedef uint32_t ir_ref;
#define IR_NONE 0u
#define IR_CONST_BIT 0x80000000u
static inline bool ir_is_const(ir_ref r) { return r & IR_CONST_BIT; }

struct ir_const {
    uint64_t lo, hi; /* i32 constants are zero-extended; hi only for 128-bit types */
    uint8_t type;
};

struct ir_inst {
    uint8_t op;   /* enum ir_op */
    uint8_t type; /* enum ir_type of the result */
    uint16_t aux;
    uint16_t uses; /* number of uses, saturated; 0 before ir_pass_dead */
    uint8_t zeros; /* builder's own: high bits known to be zero (v128: 64 if the high half is) */
    uint8_t mark;  /* builder's own: 1 + the register that the value was last committed to, or 0 */
    ir_ref arg[4]; /* a b c d */
    int64_t imm;
};
static_assert(sizeof(struct ir_inst) == 32, "two instructions to a cache line");

enum ir_op {
#define OP(name, result, args, effects, text) IR_##name,
#include "ops.def"
    IR_NOPS
};

enum {
    IR_E_FAULT = 1, IR_E_LOAD = 2, IR_E_STORE = 4, IR_E_GET = 8, IR_E_SET = 16, IR_E_TERM = 32,
    IR_E_CALL = 64, IR_E_COMM = 128, IR_E_ORDER = 256, IR_E_FPENV = 512
};

struct ir_opinfo {
    const char *name, *args, *text;
    uint16_t effects;
    int8_t result; /* enum ir_type, or -1 for T */
    uint8_t nargs;
};
extern const struct ir_opinfo ir_opinfo[IR_NOPS];

/* The same in a byte, for walks over every instruction: number of operands; the operation stays though
 * nothing uses its result; it may fault; it ends a block. */
enum { IR_K_ARGS = 7, IR_K_KEEP = 8, IR_K_FAULT = 16, IR_K_TERM = 32 };
extern const uint8_t ir_opkind[IR_NOPS];

/* aux of load, store, amo, cas, casx */
#define IR_MEM_SIZE(aux) ((aux) & 7)         /* log2 of the bytes, 0..4 */
#define IR_MEM_SIGNED(aux) (((aux) >> 3) & 1) /* loads: sign-extend to the type */
#define IR_MEM_SCALE(aux) (((aux) >> 4) & 7)  /* shift of the index, 0..4 (the host has 0..3) */
#define IR_MEM_ORDER(aux) (((aux) >> 7) & 3)  /* enum ir_order */
#define IR_MEM_SPACE(aux) (((aux) >> 12) & 15) /* address space: 0 = flat; system mode: mmu index + 1 */
#define IR_MEM_JOINED 0x200 /* load: faults only where the access before it did */
#define IR_MEM(size, sign, scale, order) \
    ((uint16_t)((size) | (sign) << 3 | (scale) << 4 | (order) << 7))

/* ----------------------------------------------------------------- regions */

struct ir_block {
    uint32_t first, end;  /* instructions [first, end) */
    uint64_t pc;          /* guest pc at its start */
    uint32_t nth;         /* of the region, not of this block: number of the nth block begun */
    bool poll;            /* poll for signals at its entry (every cycle has one) */
    bool flags_dead;      /* flags registers are known dead at its entry */
    bool entry;           /* enterable from outside (block 0 always is) */
    uint8_t depth;        /* of loops around it (tier 2) */
    bool cold;            /* expected to run rarely: laid out at the end */
};

struct ir_region {
    const struct ir_target *target;
    struct ir_inst *insts; /* [0] is a nop, so that reference 0 is none */
    uint32_t ninsts, cap_insts;
    struct ir_const *consts;
    uint32_t nconsts, cap_consts;
    struct ir_block *blocks;
    uint32_t nblocks, cap_blocks;
    uint32_t nbegun;      /* blocks that were begun: blocks[k].nth, k < nbegun, in that order */
    bool counted;         /* ir_pass_dead has filled in the uses */
    uint64_t pc, end_pc;  /* guest bytes [pc, end_pc) were read */
    uint64_t seen_lo, seen_hi; /* guest bytes the code depends on: those and what the look-ahead read */
    uint32_t ninsns;      /* guest instructions */
    bool raw;             /* builder: append as is, no folding (parser, -d ir) */
    /* builder state */
    uint32_t cur_block;             /* block being filled */
    ir_ref cur[IR_MAXREGS];         /* known current value of each guest register, or 0 */
    uint32_t const_hash[64];        /* builder's own */
    uint32_t gvn[256];              /* builder's own: last value by hash of (op, args, imm) */
    uint32_t ebb_start;             /* builder's own: first instruction of the extended basic block */
    /* Flags in a signal frame are exact. Off, a `set` of a FLG register that the guest overwrites before
     * it reads it is removed even over fault points and polls: NZCV is the one register that a
     * signal frame may then show stale, where the guest does not need it. Cleared by reset. */
    bool precise_flags;
    uint64_t flag_rows[IR_MAXREGS / 64]; /* bit set of the target's FLG registers */
    void *scratch;                  /* the passes' own memory */
    size_t cap_scratch;
};

/* Do calls return into the region? */
static inline bool ir_has_landings(const struct ir_region *r)
{
    for (uint32_t b = 1; b < r->nblocks; b++)
        if (r->blocks[b].entry)
            return true;
    return false;
}

/* Makes an empty region in r (memory is kept over ir_region_reset). */
void ir_region_init(struct ir_region *r, const struct ir_target *t);
void ir_region_reset(struct ir_region *r, const struct ir_target *t);
void ir_region_free(struct ir_region *r);
/* A copy of from's instructions, constants and blocks in to (initialised). False: no memory. */
bool ir_region_copy(struct ir_region *to, const struct ir_region *from);

/* Appends an empty block with guest pc; returns its number. Not yet filled. */
unsigned ir_block_new(struct ir_region *r, uint64_t pc);
/* Starts to fill block b; blocks are filled one at a time, each once. keep: the only predecessor is
 * the block just ended, so known register values stay valid (extended basic block). */
void ir_block_begin(struct ir_region *r, unsigned b, bool keep);

ir_ref ir_const(struct ir_region *r, enum ir_type t, uint64_t v);
ir_ref ir_const128(struct ir_region *r, enum ir_type t, uint64_t lo, uint64_t hi);

/* Appends one instruction as it is. Returns its reference (also for void ones: the index). */
ir_ref ir_append(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c,
                 ir_ref d, unsigned aux, int64_t imm);
/* The same through folding: constants, identities, copies, forwarding of guest registers, common
 * subexpressions inside the block, known bits, compare and address fusion. The result may be an
 * older value or a constant. With r->raw set it only appends. */
ir_ref ir_emit(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c,
               ir_ref d, unsigned aux, int64_t imm);

static inline enum ir_type ir_type_of(const struct ir_region *r, ir_ref v)
{
    return (enum ir_type)(ir_is_const(v) ? r->consts[v & ~IR_CONST_BIT].type : r->insts[v].type);
}
static inline uint64_t ir_const_value(const struct ir_region *r, ir_ref v)
{
    return r->consts[v & ~IR_CONST_BIT].lo;
}
/* Value of v into *out if v is an integer constant. */
static inline bool ir_const_get(const struct ir_region *r, ir_ref v, uint64_t *out)
{
    if (!ir_is_const(v))
        return false;
    *out = ir_const_value(r, v);
    return true;
}

/* ir_emit of the three commonest operations, without its detours. */
ir_ref ir_emit_insn(struct ir_region *r, uint64_t pc, unsigned len);
ir_ref ir_emit_get(struct ir_region *r, unsigned reg);
void ir_emit_set(struct ir_region *r, unsigned reg, ir_ref v);

/* Short forms for frontends. T is the type of the operands. */
static inline ir_ref ir0(struct ir_region *r, enum ir_op op, enum ir_type t, int64_t imm)
{ return ir_emit(r, op, t, 0, 0, 0, 0, 0, imm); }
static inline ir_ref ir1(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a)
{ return ir_emit(r, op, t, a, 0, 0, 0, 0, 0); }
static inline ir_ref ir1i(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, int64_t imm)
{ return ir_emit(r, op, t, a, 0, 0, 0, 0, imm); }
static inline ir_ref ir2(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b)
{ return ir_emit(r, op, t, a, b, 0, 0, 0, 0); }
static inline ir_ref ir2i(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, int64_t imm)
{ return ir_emit(r, op, t, a, b, 0, 0, 0, imm); }
static inline ir_ref ir3(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c)
{ return ir_emit(r, op, t, a, b, c, 0, 0, 0); }
/* vector op with lane */
static inline ir_ref irv1(struct ir_region *r, enum ir_op op, enum ir_lane l, ir_ref a, int64_t imm)
{ return ir_emit(r, op, IR_V128, a, 0, 0, 0, l, imm); }
static inline ir_ref irv2(struct ir_region *r, enum ir_op op, enum ir_lane l, ir_ref a, ir_ref b, int64_t imm)
{ return ir_emit(r, op, IR_V128, a, b, 0, 0, l, imm); }
static inline ir_ref ir_icmp(struct ir_region *r, enum ir_cc cc, ir_ref a, ir_ref b)
{ return ir_emit(r, IR_icmp, IR_I32, a, b, 0, 0, cc, 0); }
static inline ir_ref ir_get(struct ir_region *r, unsigned reg) { return ir_emit_get(r, reg); }
static inline void ir_set(struct ir_region *r, unsigned reg, ir_ref v) { ir_emit_set(r, reg, v); }

/* ------------------------------------------------------------------- passes */

/* Re-emits a raw region through the folding builder (what ir_emit does online). */
void ir_pass_fold(struct ir_region *r);
/* Backward: removes dead values, dead `set`s and dead flags; fills in ->uses. Honours flags_dead of
 * blocks and goto. */
void ir_pass_dead(struct ir_region *r);
/* The whole list in order; stage letters for -d are in pass.c. */
void ir_optimise(struct ir_region *r);

/* Returns NULL if the region is well formed (types, dominance, terminators, commit rule, rows), else
 * a static text that says what is wrong; *at = instruction index. */
const char *ir_verify(const struct ir_region *r, uint32_t *at);

void ir_print(FILE *f, const struct ir_region *r);
/* Parses ir_print's form into r (raw). Returns true, or false with a message "line N: ..." in err. */
bool ir_parse(struct ir_region *r, const char *text, char *err, size_t errlen);

const char *ir_type_name(enum ir_type t);
const char *ir_cc_name(enum ir_cc cc);
/* The condition that holds exactly when cc does not. */
enum ir_cc ir_cc_invert(enum ir_cc cc);
/* icmp a cc b == icmp b ir_cc_swap(cc) a */
enum ir_cc ir_cc_swap(enum ir_cc cc);

/* ------------------------------------------------------------- interpreter */

struct cpu;

/* Ranges of guest memory under observation, for the interpreter. hit does not return: no part of the
 * instruction has been done but for its earlier accesses, and cpu->pc is its address. */
struct ir_watch {
    unsigned n;
    struct ir_watch_range { uint64_t start, end; bool read, write; } *range;
    void (*hit)(struct cpu *cpu, const struct ir_watch_range *range, uint64_t addr, bool write);
};

/* Slow paths of memory accesses in system mode. info: log2 of the size | write << 3 | space << 4 | atomic << 5.
 * address: what to add to va for a host address where the access can be done (a load of a device: of a copy of what was
 * read); ~0: a fault. store: low and high 8 bytes; false: a fault. */
enum { IR_MMU_WRITE = 8, IR_MMU_SPACE = 16, IR_MMU_ATOMIC = 32 };
struct ir_mmu {
    uint64_t (*address)(struct cpu *cpu, uint64_t va, unsigned info);
    bool (*store)(struct cpu *cpu, uint64_t va, unsigned info, uint64_t low, uint64_t high);
};
struct tlb;

/* How the interpreter and the backends see the machine: the head of every guest's state block.
 * Registers' offsets (struct ir_reg) count from the start of this structure. The backend keeps its
 * address + 128 in rbp, so offsets below 256 are reached by one-byte displacements. */
struct cpu {
    uint64_t poll_limit;   /* 0: rsp below it makes a poll leave; ~0 asks every poll to leave */
    uint64_t pc;           /* 8: guest pc; valid outside translated code */
    uint8_t near_regs[240];   /* 16..255: guest rows, hottest slots */
    uint8_t far_regs[1792];   /* 256..2047: guest rows */
    /* --- the engine's part; the backend knows these offsets --- */
    uint64_t host_sp;      /* C stack of the run loop while in translated code */
    uint64_t ret_sp;       /* return stack pointer while outside */
    uint64_t ret_base;     /* empty return stack: points at the sentinel */
    uint64_t ret_limit;    /* lowest address a call may use; the normal value of poll_limit */
    uint64_t guest_base;   /* host address of guest address 0 */
    uint64_t leave_reason; /* enum ir_leave */
    uint64_t leave_imm;
    uint64_t leave_arg;
    uint64_t link;         /* link slot that was taken (IR_LEAVE_LINK) */
    void *link_ways;       /* by link, where those lead that are in frozen code (backend/arena.c); NULL: nowhere */
    const uint8_t *code_base; /* what link_ways counts from */
    uint64_t helper_ra;    /* host return address in translated code while a helper runs, else 0 */
    uint32_t host_mxcsr;   /* of C code */
    uint32_t guest_mxcsr;  /* of translated code */
    uint32_t fp_mode;      /* enum ir_fp_mode: what MXCSR does not hold */
    uint32_t fp_flags;     /* cumulative flags that MXCSR has no bit for: 64 = subnormal operand flushed */
    uint64_t fault_addr;   /* guest address of the fault (IR_LEAVE_FAULT) */
    uint32_t fault_signo, fault_code; /* host signal and si_code */
    uint8_t cold_save[592];  /* registers kept over calls from cold code */
    uint64_t helper_arg[4]; /* arguments of helpers called from translated code */
    uint64_t spill[64] __attribute__((aligned(16))); /* backend's spill slots */
    uint8_t scratch[128];  /* 128-bit arguments and results of helpers */
    void *exec;            /* backend's per-thread data */
    void *env;             /* the owner's per-thread data (linux-user, softmmu) */
    const struct guest *guest;
    const struct ir_watch *watch; /* accesses that the interpreter reports instead of doing them, or NULL */
    uint64_t pending;      /* nonzero: something for the run loop's owner to do at a poll */
    uint64_t counters[16]; /* engine statistics */
    /* System mode. mmu[0]: data TLB in force, [1]: that of the unprivileged level: table, (entries - 1) * 32. */
    struct cpu_mmu { uint64_t base, mask; struct tlb *tlb; } mmu[2];
    const struct ir_mmu *mmu_ops; /* NULL: flat memory */
    uint64_t mmu_va, mmu_value[2], mmu_host; /* between translated code and its slow paths */
    uint32_t mmu_info;
    struct jumps *jumps;   /* the jump cache in force; without system mode the two tables below are it */
    uint8_t bounce[16] __attribute__((aligned(16))); /* what was read from a device */
    struct jump_entry { uint64_t pc, code; } jump_cache[4096]; /* index (pc >> 2) & 4095 (guest shift aside) */
    struct jump_entry jump_cache2[4096]; /* what the first has lost to others; index ir_jump2_index */
    uint64_t mmu_ra;       /* nonzero: a slow path that was to return there has found a fault (IR_LEAVE_FAULT); */
    uint64_t mmu_save[5];  /* registers then that cold_save has not: see stubs.c */
} __attribute__((aligned(64)));

/* Jump cache of one view of memory at one level, by virtual pc; who changes views changes cpu->jumps. used: bits of the
 * 64th parts that something was ever put into. Only the CPU's own thread fills it; others clear entries. */
enum { IR_JUMPS = 4096, IR_JUMPS2 = 32768 };
struct jumps {
    struct jump_entry first[IR_JUMPS], second[IR_JUMPS2]; /* index into the second: ir_jumps2_index */
    uint64_t used[2];
    struct jumps *next;    /* of this CPU's */
};

/* Index into cpu->jump_cache2: the stubs compute it too. Targets of JITs are aligned, so low bits of the pc are poor ones. */
enum { IR_JUMP2_FACTOR = 0x1e3779b1, IR_JUMP2_SHIFT = 20 };
enum { IR_JUMPS2_SHIFT = 17 }; /* of struct jumps.second */
static inline unsigned ir_jumps2_index(uint64_t pc) { return (uint32_t)pc * (uint32_t)IR_JUMP2_FACTOR >> IR_JUMPS2_SHIFT; }
static inline unsigned ir_jump2_index(uint64_t pc) { return (uint32_t)pc * (uint32_t)IR_JUMP2_FACTOR >> IR_JUMP2_SHIFT; }

/* Bits of cpu->fp_mode, set by the guest's floating-point control register. */
enum ir_fp_mode {
    IR_FP_DEFAULT_NAN = 1, /* every NaN result is the default NaN */
    IR_FP_FLUSH = 2,       /* subnormal operands and results become zeros, but for half precision */
    IR_FP_AHP = 4,         /* Arm's alternative half-precision format: in conversions between formats */
    IR_FP_FLUSH_HALF = 8,  /* IR_FP_FLUSH for half-precision arithmetic, without a flag for operands */
    IR_FP_CHECKED = IR_FP_DEFAULT_NAN | IR_FP_FLUSH /* code wants more checks: host_xlate_opts.check_tiny */
};

/* Runs a region on the state until it leaves. Sets cpu->pc, leave_reason, leave_imm as translated
 * code would; goto, gotoi, callg, calli, retg give IR_LEAVE_LOOKUP. Guest addresses have
 * cpu->guest_base added; a fault is the host's signal (the caller arranges for it: at that time
 * all `set`s of earlier instructions are in their slots and cpu->pc is the faulting instruction).
 * Helpers are called through libffi. */
enum ir_leave ir_interp(struct cpu *cpu, const struct ir_region *r);

#endif
