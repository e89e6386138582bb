/*
 * Inside of the code generator: what emit.h's interface hides from the emitters of vector and floating
 * point operations. Only ra.c and the emit_*.c of integers, memory and flow see it.
 */
#ifndef MYNA_EMIT_PRIV_H
#define MYNA_EMIT_PRIV_H

#include "emit.h"
#include "target.h"

enum { NGPR = 16, NXMM = 32, MAX_SPILL = 32 /* of 16 bytes */ };

/* Scratch registers; all others but RSP and RBP are pinned. */
#define GPR_SCRATCH (1u << RAX | 1u << RCX | 1u << RDX)
#define XMM_SCRATCH 0x0fu

enum { V_MEM = 1 /* mem is valid */, V_DEFER = 2 /* emitted at its only use */,
       V_GLOBAL = 4 /* lives across blocks: in a spill slot from its definition on */,
       V_DONE = 8 /* emitted already, with another instruction */,
       V_STABLE = 16 /* the spill slot is not given back */,
       V_FUSED = 32 /* flags that the arithmetic operation right before sets in EFLAGS */,
       V_FUSES = 64 /* that arithmetic operation */,
       V_AGAIN = 128 /* flags of floats: stored, but each condition of them compares again */ };

struct vinfo {
    ir_ref root;     /* the value whose register this one shares (itself if none) */
    uint32_t last;   /* index of the last instruction that uses it (roots) */
    uint32_t hint_at; /* index of the `set` that hint is from */
    int32_t mem;     /* displacement from rbp */
    int8_t reg;      /* host register of its class, or -1 */
    uint8_t hint;    /* guest register it is on its way to + 1; 0: none */
    uint8_t flags;
    uint8_t class;   /* enum: general, vector, flags, memory only (i128) */
    uint16_t block;  /* that defines it */
    uint64_t pad;    /* 32 bytes: indexed by a shift */
};
enum { CL_GPR, CL_XMM, CL_FLG, CL_PAIR };

/* What a jump goes to. */
struct dest {
    enum { TO_BLOCK, TO_LINK, TO_LABEL } kind;
    uint32_t block;
    uint64_t pc;
    struct label *label;
};
/* A place inside the region's code: until it is known, a chain of rel32 fields. */
struct label {
    uint8_t *at;      /* NULL until bound */
    uint8_t *last;    /* field that waits for it; each holds how far back the one before is, 0: none */
};

enum flags_form { FL_BORROW, FL_CARRY };

struct cold {
    uint8_t *jump;    /* end of the rel32 of the jump into it */
    uint8_t *back;
    void (*fn)(struct emit *, uint32_t, const int *);
    uint32_t i;
    int regs[6];
    uint64_t guest_pc;
};

struct emit {
    struct codebuf cb;
    const struct ir_region *r;
    const struct host_features *hf;
    struct xlate_out *out;     /* side tables: links, fault map, relocations */
    const struct stubs *stubs;
    uint32_t at;               /* instruction being emitted */
    uint32_t block;            /* block being emitted */
    uint64_t guest_pc;         /* of the current `insn` */
    unsigned without;          /* struct host_xlate_opts */
    unsigned insn_shift;       /* of the guest: jump cache index = pc >> insn_shift */
    bool failed;               /* out of room, spill slots ...: the region is translated smaller */
    bool gs;                   /* guest base is not 0 */
    bool mmu;                  /* accesses by the inline TLB */
    bool chains;               /* see struct host_xlate_opts */
    unsigned mmu_cold;         /* of the access being emitted: number of its slow path */
    int mmu_temp;              /* register that its probe has used */
    bool mask_tags;            /* accesses clear the address' top byte */
    bool check_tiny;           /* see struct host_xlate_opts */
    bool exact_fp;             /* floating point is done out of line, but for what is exact on the host */
    bool borrowed;             /* RBX and R11 are in their guest slots (fault map) */
    bool busy_alu;             /* next flag op wants this operation's flags */
    bool evex;                 /* the target has homes in xmm16 to xmm31 */
    bool low;                  /* the operation being emitted takes vector registers below 16 alone */

    struct vinfo *v;           /* by instruction */
    uint32_t cap_v;
    ir_ref gval[NGPR], xval[NXMM]; /* value bound to each register (a root), or 0 */
    uint32_t gcst[NGPR];       /* constant that the register holds where gval is 0, or 0 */
    uint32_t glock, xlock;     /* registers of the current operation */
    const struct ir_target *target; /* that home, gpin and xpin are made for */
    struct home { int8_t reg; int32_t disp; } home[IR_MAXREGS];
    int16_t gpin[NGPR], xpin[NXMM]; /* guest register pinned in each host register, or -1 */
    ir_ref slotval[IR_MAXREGS]; /* value whose memory copy is the guest register's slot */
    uint32_t spill_used;       /* bit set */
    ir_ref spillval[MAX_SPILL];

    /* what EFLAGS hold */
    ir_ref fl_val;             /* FLG value, or 0 */
    enum flags_form fl_form;
    struct { uint8_t op; ir_ref a, b, res; bool w, cmc; } alu; /* last arithmetic operation; op 0: none; cmc: CF is the other way by now */

    struct block_info {
        uint32_t preds, chain; /* chain: the block whose allocation this one continues */
        bool exit;             /* holds a goto only: its jumps are links */
        uint64_t exit_pc;      /* where it goes */
        struct label label;
    } *b;
    uint32_t cap_b;
    struct cold colds[128];
    unsigned ncolds;
    struct { uint8_t *jump; uint64_t pc; } polls[64];
    unsigned npolls;
    struct { uint8_t *at, *place; uint64_t lo, hi; uint8_t behind; } pool[256]; /* constants: rel32 fields to fill,
                                                                 * bytes of the instruction behind */
    unsigned npool;
    struct { struct xlate_flex f; bool dirty; } flex[MAX_FLEX]; /* homes of a loop */
    unsigned nflex;
    struct { uint8_t *jump; uint64_t pc; } exits[64]; /* of a loop: the homes go back first */
    unsigned nexits;
};

/* Class of a value by its type (enum ir_type). */
static inline uint8_t class_of(unsigned type)
{
    static const uint8_t class[IR_NTYPES] = {
        [IR_F16] = CL_XMM, [IR_F32] = CL_XMM, [IR_F64] = CL_XMM, [IR_V128] = CL_XMM, [IR_V256] = CL_XMM,
        [IR_FLG] = CL_FLG, [IR_I128] = CL_PAIR, /* the others: CL_GPR */
    };
    return class[type];
}
static inline bool class_is_vector(const struct emit *e, ir_ref v)
{
    unsigned t = ir_type_of(e->r, v);
    return t == IR_F16 || t == IR_F32 || t == IR_F64 || t == IR_V128 || t == IR_V256;
}
static inline ir_ref root_of(const struct emit *e, ir_ref v)
{
    return ir_is_const(v) ? v : e->v[v].root;
}
static inline struct vinfo *vi(struct emit *e, ir_ref v) { return &e->v[e->v[v].root]; }
static inline const struct ir_inst *inst(const struct emit *e, ir_ref v) { return &e->r->insts[v]; }
/* Value dies at the instruction being emitted. */
static inline bool dies(struct emit *e, ir_ref v)
{
    return !ir_is_const(v) && vi(e, v)->last <= e->at;
}

/* ra.c */
void ra_region_begin(struct emit *e);   /* pre-scan; fills e->v, homes, block chains */
void ra_block_begin(struct emit *e, uint32_t block, bool keep);
void ra_free_spills(struct emit *e);    /* spill slots of what died */
void ra_take(struct emit *e, int reg);  /* empties scratch register reg and locks it */
void ra_bind(struct emit *e, uint32_t i, int reg); /* the result of i is in reg */
int ra_def_scratch(struct emit *e, uint32_t i);  /* result register, never a home */
/* A register with a constant that differs from value by 32 bits, signed, at most: value = register + *disp. Or -1. */
int ra_const_near(const struct emit *e, uint64_t value, int32_t *disp);
void ra_to_mem(struct emit *e, ir_ref v);  /* makes sure v has a copy in memory */
void ra_spill_scratch(struct emit *e, bool vectors); /* before calls: live values get memory copies, all scratch is emptied */
struct mem ra_mem(struct emit *e, ir_ref v); /* its memory copy (V_MEM) */
void ra_forget_homes(struct emit *e); /* guest registers may change behind our back: live values move to spill slots */
void ra_global(struct emit *e, uint32_t i); /* a V_GLOBAL value was defined: to its spill slot */
int32_t ra_spill_slot(struct emit *e, ir_ref v);
void emit_get(struct emit *e, uint32_t i);
void emit_set(struct emit *e, uint32_t i);
/* The slot of guest register row is about to change: what has its only copy there moves, but keep. */
void ra_leave_slot(struct emit *e, unsigned row, ir_ref keep);

/* Unlocks, frees what died. */
static inline void ra_inst_end(struct emit *e)
{
    e->glock = e->xlock = 0;
    if (__builtin_expect(e->spill_used != 0, 0))
        ra_free_spills(e);
}

/* stubs.c */
void host_homes(struct emit *e, const struct ir_target *t);

/* evex.c: what v_rrr and the others go to with a vector register above 15. */
void evex_compare(struct codebuf *c, unsigned op, int reg, int a, int b, unsigned imm); /* cmpps, cmppd */
void evex_const(struct emit *e, unsigned op, int reg, int v, uint64_t lo, uint64_t hi);
/* EFLAGS: NE if a lane of a is not a number. */
void evex_unordered(struct codebuf *c, bool dbl, int a);
/* Does operation i have an instruction without an EVEX form? */
bool evex_low(const struct emit *e, uint32_t i);
/* emit.c: ModRM and field of an operand in the constant pool */
void emit_rip_operand(struct emit *e, int reg, uint64_t lo, uint64_t hi);
void emit_const_imm(struct emit *e, unsigned imm); /* the immediate byte behind such an operand */

/* emit_bits.c */
void emit_shift(struct emit *e, uint32_t i, enum shift op);
void emit_field(struct emit *e, uint32_t i);   /* ubfx sbfx */
void emit_bfi(struct emit *e, uint32_t i);
void emit_count(struct emit *e, uint32_t i);   /* clz ctz */
void emit_bswap(struct emit *e, bool w, int d);
void emit_rbit(struct emit *e, uint32_t i);

/* emit_flags.c */
/* Notes that the operation just emitted set EFLAGS as `op a, b -> res` does. */
void alu_set(struct emit *e, unsigned op, ir_ref a, ir_ref b, ir_ref res, bool w);
bool same(struct emit *e, ir_ref a, ir_ref b); /* the same value or constant */
void alu_operand(struct emit *e, enum alu op, bool w, int dst, ir_ref b); /* dst op= b */
/* A carry that takes registers to make is made first (register, or -1); then CF := c or not c. */
int carry_ready(struct emit *e, ir_ref c);
void carry_in(struct emit *e, ir_ref c, int ready, bool inverted);
bool imm32(const struct emit *e, ir_ref v, bool w, int32_t *imm); /* constant usable as an immediate */
void emit_flags(struct emit *e, uint32_t i); /* FLG operations */
void flags_restore(struct emit *e, ir_ref f); /* EFLAGS := FLG value f */
void flags_store(struct emit *e, ir_ref f, struct mem m); /* two-byte form */
void flags_image(struct emit *e); /* EFLAGS (holding fl_val) to the two-byte form in rax */
void cmp_values(struct emit *e, unsigned op /* ALU_CMP or test */, ir_ref a, ir_ref b, bool w);

/* flex.c: chooses a loop's homes, goes over to them, goes back (keeps EFLAGS) */
void flex_choose(struct emit *e);
void flex_in(struct emit *e);
void flex_out(struct emit *e);

/* emit_flow.c */
void emit_region(struct emit *e);
void emit_jmp(struct emit *e, struct dest d);
void emit_jcc(struct emit *e, int cc, struct dest d);
void label_bind(struct emit *e, struct label *l);
/* EFLAGS := comparison; returns the conditions under which v is true: up to two jcc (second -1 if none;
 * both: true if either). */
struct conds { int8_t cc[2]; bool all; /* true: both must hold */ };
struct conds emit_cond(struct emit *e, ir_ref v);
struct conds cond_cc(struct emit *e, const struct ir_inst *p); /* of a condition on flags (IR_cc) */
/* dst := 1 or 0 by conditions just made; EFLAGS stay. */
void emit_set_bool(struct emit *e, struct conds c, int dst);
void emit_bool(struct emit *e, uint32_t i); /* icmp itst cc as a value */

void emit_call_stub(struct emit *e, enum stub s);
void emit_stub_jcc(struct emit *e, int cc, enum stub s); /* cc -1: always */
void emit_set_pc(struct emit *e, uint64_t pc, int scratch); /* cpu->pc := pc */
bool block_is_exit(const struct ir_region *r, uint32_t block, uint64_t *pc);

/* emit_fp.c: is the register of float v certainly 0 above the value, as emitted? Then vzx costs nothing. */
bool emit_upper_zero(const struct ir_region *r, ir_ref v);

/* emit_mem.c */
struct mem mem_address(struct emit *e, const struct ir_inst *p); /* operand of a load or store; its registers are locked */
void xmm_rm(struct emit *e, unsigned op, int x, struct mem m);
void store_reg(struct emit *e, unsigned size, int s, struct mem m); /* size: log2 of the bytes */
void store_imm(struct emit *e, unsigned size, int32_t imm, struct mem m);
void fault_point(struct emit *e); /* the next instruction may fault: map entry */
void emit_helper_call(struct emit *e, uint32_t i);

/* emit_mmu.c: only with e->mmu, but for mmu_probe_atomic, which does nothing without. info: IR_MMU_... */
struct mem mmu_probe(struct emit *e, struct mem m, unsigned size, unsigned info); /* where m is in host memory */
void mmu_probe_atomic(struct emit *e, ir_ref a, unsigned size); /* cpu->mmu_host := host address of a */
void emit_mmu_store(struct emit *e, uint32_t i);
/* What the stubs of slow paths call: true if there is a fault. */
bool mmu_slow_address(struct cpu *cpu);
bool mmu_slow_store(struct cpu *cpu);

#endif
