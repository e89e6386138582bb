/*
 * Building regions: memory, constants, blocks, and instructions appended as they are. Folding is
 * fold.c's.
 *
 * What always holds: instruction 0 is a nop; a block is a contiguous range of instructions that its
 * terminator closes; equal constants usually are one entry (a full hash slot may give two, which
 * costs a missed match and nothing else). A reset clears no table: entries of const_hash and gvn
 * are checked against the region when they are used, so what an earlier region left there is
 * harmless.
 *
 * No memory for a few kilobytes of IR is the end of the process, said in one line.
 */
#include "build.h"
#include <stdlib.h>

const struct ir_opinfo ir_opinfo[IR_NOPS] = {
#define FAULT IR_E_FAULT
#define LOAD IR_E_LOAD
#define STORE IR_E_STORE
#define GET IR_E_GET
#define SET IR_E_SET
#define TERM IR_E_TERM
#define CALL IR_E_CALL
#define COMM IR_E_COMM
#define ORDER IR_E_ORDER
#define FPENV IR_E_FPENV
#define VOID IR_VOID
#define T (-1)
#define I32 IR_I32
#define I64 IR_I64
#define I128 IR_I128
#define FLG IR_FLG
#define V128 IR_V128
#define OP(name, result, args, effects, text) \
    {#name, args, text, effects, result, sizeof(args) - 1},
#include "ops.def"
};

#define STAYS (FAULT | STORE | SET | TERM | CALL | ORDER | FPENV)
const uint8_t ir_opkind[IR_NOPS] = {
#define OP(name, result, args, effects, text)                                           \
    (sizeof(args) - 1) | ((effects)&STAYS ? IR_K_KEEP : 0) | ((effects)&FAULT ? IR_K_FAULT : 0) | \
        ((effects)&TERM ? IR_K_TERM : 0),
#include "ops.def"
#undef FAULT
#undef LOAD
#undef STORE
#undef GET
#undef SET
#undef TERM
#undef CALL
#undef COMM
#undef ORDER
#undef FPENV
#undef VOID
#undef T
#undef I32
#undef I64
#undef I128
#undef FLG
#undef V128
};

static void *ir_realloc(void *p, size_t n)
{
    p = realloc(p, n);
    if (!p) {
        fputs("myna: out of memory while translating\n", stderr);
        abort();
    }
    return p;
}

void ir_grow_insts(struct ir_region *r)
{
    r->cap_insts = r->cap_insts ? r->cap_insts * 2 : 512;
    r->insts = ir_realloc(r->insts, r->cap_insts * sizeof(*r->insts));
}

void *ir_scratch(struct ir_region *r, size_t n)
{
    if (n > r->cap_scratch) {
        r->cap_scratch = n < 4096 ? 4096 : n * 2;
        r->scratch = ir_realloc(r->scratch, r->cap_scratch);
    }
    return r->scratch;
}

void ir_region_init(struct ir_region *r, const struct ir_target *t)
{
    memset(r, 0, sizeof(*r));
    ir_grow_insts(r);
    ir_region_reset(r, t);
}

void ir_region_reset(struct ir_region *r, const struct ir_target *t)
{
    assert(t->nregs <= IR_MAXREGS);
    if (r->target != t) {
        memset(r->flag_rows, 0, sizeof(r->flag_rows));
        for (unsigned k = 0; k < t->nregs; k++)
            if (t->regs[k].type == IR_FLG)
                r->flag_rows[k / 64] |= 1ull << (k % 64);
    }
    r->target = t;
    memset(&r->insts[0], 0, sizeof(r->insts[0]));
    r->ninsts = 1;
    r->nconsts = r->nblocks = r->nbegun = 0;
    r->pc = r->end_pc = 0;
    r->ninsns = 0;
    r->raw = r->precise_flags = r->counted = false;
    r->cur_block = 0;
    r->ebb_start = 1;
    memset(r->cur, 0, t->nregs * sizeof(r->cur[0]));
}

void ir_region_free(struct ir_region *r)
{
    free(r->insts);
    free(r->consts);
    free(r->blocks);
    free(r->scratch);
    memset(r, 0, sizeof(*r));
}

unsigned ir_block_new(struct ir_region *r, uint64_t pc)
{
    if (r->nblocks == r->cap_blocks) {
        r->cap_blocks = r->cap_blocks ? r->cap_blocks * 2 : 16;
        r->blocks = ir_realloc(r->blocks, r->cap_blocks * sizeof(*r->blocks));
    }
    r->blocks[r->nblocks] = (struct ir_block){.pc = pc};
    return r->nblocks++;
}

void ir_block_begin(struct ir_region *r, unsigned b, bool keep)
{
    assert(b < r->nblocks && r->nbegun < r->nblocks);
    r->blocks[r->nbegun++].nth = b;
    r->cur_block = b;
    r->blocks[b].first = r->blocks[b].end = r->ninsts;
    if (!keep) {
        r->ebb_start = r->ninsts;
        memset(r->cur, 0, r->target->nregs * sizeof(r->cur[0]));
    } else if (r->blocks[b].flags_dead) { /* the block before need not leave flags: one made again here is no repetition */
        for (unsigned word = 0; word < IR_MAXREGS / 64; word++)
            for (uint64_t bits = r->flag_rows[word]; bits; bits &= bits - 1)
                r->cur[word * 64 + (unsigned)__builtin_ctzll(bits)] = IR_NONE;
    }
}

unsigned ir_block_order(const struct ir_region *r, uint32_t *order)
{
    unsigned n = 0;
    for (uint32_t k = 0; k < r->nbegun; k++) {
        uint32_t b = r->blocks[k].nth;
        if (r->blocks[b].end != r->blocks[b].first)
            order[n++] = b;
    }
    return n;
}

static ir_ref const_add(struct ir_region *r, enum ir_type t, uint64_t lo, uint64_t hi)
{
    if (r->nconsts == r->cap_consts) {
        r->cap_consts = r->cap_consts ? r->cap_consts * 2 : 128;
        r->consts = ir_realloc(r->consts, r->cap_consts * sizeof(*r->consts));
    }
    r->consts[r->nconsts] = (struct ir_const){lo, hi, (uint8_t)t};
    return r->nconsts++ | IR_CONST_BIT;
}

ir_ref ir_const128(struct ir_region *r, enum ir_type t, uint64_t lo, uint64_t hi)
{
    uint32_t *slot = &r->const_hash[((lo ^ hi << 1) + t) * 0x9e3779b97f4a7c15u >> 58];
    if (*slot < r->nconsts) {
        const struct ir_const *c = &r->consts[*slot];
        if (c->lo == lo && c->hi == hi && c->type == t)
            return *slot | IR_CONST_BIT;
    }
    *slot = r->nconsts;
    return const_add(r, t, lo, hi);
}

ir_ref ir_const(struct ir_region *r, enum ir_type t, uint64_t v)
{
    return ir_const128(r, t,
                       t == IR_I32 || t == IR_F32 ? (uint32_t)v
                       : t == IR_F16              ? (uint16_t)v
                                                  : v,
                       0);
}

ir_ref ir_append(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c,
                 ir_ref d, unsigned aux, int64_t imm)
{
    struct ir_inst in = {(uint8_t)op, (uint8_t)t, (uint16_t)aux, 0, 0, 0, {a, b, c, d}, imm};
    return ir_opinfo[op].effects & IR_E_TERM ? build_push_end(r, &in) : build_push(r, &in);
}

const char *ir_type_name(enum ir_type t)
{
    static const char *const names[] = {"void", "i32", "i64", "i128", "f16", "f32", "f64", "v128",
                                        "v256", "flg"};
    static_assert(sizeof(names) / sizeof(*names) == IR_NTYPES, "a name for each type");
    return (unsigned)t < IR_NTYPES ? names[t] : "?";
}

const char *ir_cc_name(enum ir_cc cc)
{
    static const char *const names[] = {"eq", "ne", "hs", "lo", "hi", "ls", "ge", "lt", "gt", "le",
                                        "mi", "pl", "vs", "vc"};
    static_assert(sizeof(names) / sizeof(*names) == IR_NCC, "a name for each condition");
    return (unsigned)cc < IR_NCC ? names[cc] : "?";
}

enum ir_cc ir_cc_invert(enum ir_cc cc)
{
    static const uint8_t inverse[] = {IR_NE, IR_EQ, IR_LO, IR_HS, IR_LS_, IR_HI, IR_LT,
                                      IR_GE, IR_LE, IR_GT, IR_PL, IR_MI,  IR_VC, IR_VS};
    return (enum ir_cc)inverse[cc];
}

enum ir_cc ir_cc_swap(enum ir_cc cc)
{
    static const uint8_t swapped[] = {IR_EQ, IR_NE, IR_LS_, IR_HI, IR_LO, IR_HS, IR_LE,
                                      IR_GT, IR_LT, IR_GE,  IR_MI, IR_PL, IR_VS, IR_VC};
    return (enum ir_cc)swapped[cc];
}

static void *copied(const void *from, size_t n)
{
    void *p = malloc(n ? n : 1);
    if (p && n)
        memcpy(p, from, n);
    return p;
}

bool ir_region_copy(struct ir_region *to, const struct ir_region *from)
{
    ir_region_free(to);
    *to = *from;
    to->insts = copied(from->insts, from->ninsts * sizeof *from->insts);
    to->consts = copied(from->consts, from->nconsts * sizeof *from->consts);
    to->blocks = copied(from->blocks, from->nblocks * sizeof *from->blocks);
    to->cap_insts = from->ninsts;
    to->cap_consts = from->nconsts;
    to->cap_blocks = from->nblocks;
    to->scratch = NULL;
    to->cap_scratch = 0;
    if (to->insts && to->consts && to->blocks)
        return true;
    ir_region_free(to);
    return false;
}
