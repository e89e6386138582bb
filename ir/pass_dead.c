/*
 * The backward pass: dead values, dead `set`s, dead flags, and the number of uses of each value.
 *
 * One walk over the instructions from the last to the first. A definition stands before its uses in
 * the order of instructions (the verifier sees to it), so a use is counted before its definition is
 * met. A `set` goes if its register is certainly set again before anything can see it: a fault, a
 * helper that knows guest state, an exit, a poll. At the end of a block that is known for
 * successors laid out later; an edge back is taken to see everything but flags that the target
 * declares dead.
 *
 * Flags are looser unless the region wants them precise (precise_flags in ir.h): only at a fault or
 * a poll may they be stale, and only if the guest itself sets them before it reads them from there
 * on; for a fault that is from the beginning of its instruction, which is executed again. What the
 * guest reads is known by `get`s, which the folding builder leaves behind for flags even where it
 * forwards the value; reads by helpers and exits count too.
 *
 * A block that ends in a branch with flags needed on one way only, and that way a plain exit, does
 * not store them: the exit gets a cold block of its own that makes the flags again from the
 * registers that the operands still stand in, stores them and leaves. Compare-and-branch so costs
 * no flags on the way that goes on.
 *
 * Removed instructions become nops in their place; `insn` stays.
 */
#include "build.h"

struct regset { uint64_t bits[IR_MAXREGS / 64]; };
static_assert(IR_MAXREGS == 128, "regset has two words");

/* What holds at a point: registers whose home nothing reads before it is set; registers that the
 * guest's own instructions do not read before they set them; and whether the instruction that the
 * point is in may still fault. */
struct dead {
    struct regset home, guest;
    bool fault;
};

static const struct regset none;

static inline bool has(const struct regset *s, unsigned r)
{
    return s->bits[r / 64] >> (r % 64) & 1;
}
static inline void add(struct regset *s, unsigned r) { s->bits[r / 64] |= 1ull << (r % 64); }
static inline void del(struct regset *s, unsigned r) { s->bits[r / 64] &= ~(1ull << (r % 64)); }
static inline struct regset meet(struct regset a, struct regset b)
{
    return (struct regset){{a.bits[0] & b.bits[0], a.bits[1] & b.bits[1]}};
}
static inline struct regset join(struct regset a, struct regset b)
{
    return (struct regset){{a.bits[0] | b.bits[0], a.bits[1] | b.bits[1]}};
}

/* Operations that stay though nothing uses their result. */
enum {
    KEEP = IR_E_FAULT | IR_E_STORE | IR_E_SET | IR_E_TERM | IR_E_CALL | IR_E_ORDER | IR_E_FPENV
};

static inline void count(struct ir_region *r, ir_ref v)
{
    if (!ir_is_const(v) && r->insts[v].uses != UINT16_MAX)
        r->insts[v].uses++;
}

static inline void remove_inst(struct ir_inst *i)
{
    i->op = IR_nop;
    i->type = IR_VOID;
    i->arg[0] = i->arg[1] = i->arg[2] = i->arg[3] = IR_NONE;
}

/* ------------------------------------------------------------- flags at exits */

enum { MAX_SINKS = 16 };

/* Flags that block's branch needs on one of its ways only. */
struct sink {
    bool wanted;          /* the walk is between the branch and the `set` */
    uint32_t block;       /* that ends in the branch */
    unsigned way, reg;    /* the way that needs them (0: taken), the flags register */
    uint32_t set, flags;  /* the `set` met and the operation that makes its value, or 0 */
    struct ir_inst op;    /* copy of that operation */
    int16_t from[2];      /* registers of its operands, -1: a constant, -2: none */
    bool narrow[2];       /* the operand is the low half of the register */
    struct regset over;   /* registers set between the operation and the branch */
};

struct sinks {
    uint32_t n, chain; /* chain: first instruction of the extended basic block of the walk */
    struct sink list[MAX_SINKS];
};

/* Register whose home holds x before instruction at, or -1. */
static int find_home(const struct ir_region *r, ir_ref x, uint32_t at, uint32_t first)
{
    const struct ir_inst *i = &r->insts[x];
    int reg = i->op == IR_get ? (int)i->imm : (int)i->mark - 1;
    if (reg < 0 || x < first)
        return -1;
    for (uint32_t v = at; v-- > x;) {
        const struct ir_inst *s = &r->insts[v];
        if (s->op == IR_set && s->imm == reg) {
            const struct ir_inst *w = ir_is_const(s->arg[0]) ? &r->insts[0] : &r->insts[s->arg[0]];
            return s->arg[0] == x || (w->op == IR_zext && w->imm == 32 && w->arg[0] == x) ? reg
                                                                                          : -1;
        }
        if (s->op == IR_call && r->target->helpers[s->imm].class != IR_PURE)
            return -1;
    }
    return i->op == IR_get ? reg : -1;
}

/* Fills in the operands of the flags operation at v. Returns false if one is not to be had. */
static bool find_operands(const struct ir_region *r, struct sink *s, uint32_t v, uint32_t first)
{
    s->op = r->insts[v];
    for (unsigned k = 0; k < 2; k++) {
        ir_ref x = s->op.arg[k];
        s->from[k] = x ? -1 : -2;
        s->narrow[k] = false;
        if (!x || ir_is_const(x))
            continue;
        int reg = find_home(r, x, v, first);
        if (reg < 0 && r->insts[x].op == IR_trunc && !ir_is_const(r->insts[x].arg[0]))
            reg = find_home(r, r->insts[x].arg[0], v, first);
        if (reg < 0 || has(&s->over, (unsigned)reg) || r->target->regs[reg].type != IR_I64)
            return false;
        s->from[k] = (int16_t)reg;
        s->narrow[k] = r->insts[x].type == IR_I32;
    }
    return true;
}

/* Makes the exit's own block. */
static void place_sink(struct ir_region *r, const struct sink *s)
{
    uint32_t to[2], branch = r->blocks[s->block].end - 1;
    ir_block_succ(r, &r->blocks[s->block], to);
    struct ir_inst exit = r->insts[r->blocks[to[s->way]].end - 1], op = s->op;
    uint64_t pc = r->blocks[to[s->way]].pc;
    unsigned b = ir_block_new(r, pc);
    r->blocks[b].first = r->ninsts;
    r->blocks[b].cold = true;
    for (unsigned k = 0; k < 2; k++) {
        if (s->from[k] < 0)
            continue;
        op.arg[k] = ir_append(r, IR_get, IR_I64, 0, 0, 0, 0, 0, s->from[k]);
        if (s->narrow[k])
            op.arg[k] = ir_append(r, IR_trunc, IR_I32, op.arg[k], 0, 0, 0, 0, 0);
    }
    op.mark = 0;
    build_push(r, &op);
    ir_append(r, IR_set, IR_VOID, r->ninsts - 1, 0, 0, 0, 0, s->reg);
    build_push(r, &exit);
    r->blocks[b].end = r->ninsts;
    for (uint32_t v = r->blocks[b].first; v < r->blocks[b].end; v++)
        r->insts[v].uses = r->insts[v].type != IR_VOID;
    to[s->way] = b;
    r->insts[branch].imm = (int64_t)((uint64_t)to[1] << 32 | to[0]);
}

/* ------------------------------------------------------------------ the walk */

static bool is_plain_exit(const struct ir_region *r, const struct ir_block *b)
{
    for (uint32_t v = b->first; v + 1 < b->end; v++)
        if (r->insts[v].op != IR_nop && r->insts[v].op != IR_insn)
            return false;
    return !b->poll && r->insts[b->end - 1].op == IR_goto;
}

/* At the end of block b. in[] is known for blocks marked done; flags: the flags registers, or none
 * if they are precise. */
static struct dead dead_at_end(const struct ir_region *r, const struct ir_block *b,
                               const struct dead *in, const bool *done, struct regset flags,
                               struct sink *sink)
{
    struct regset way[2];
    const struct ir_inst *t = &r->insts[b->end - 1];
    uint32_t succ[2];
    unsigned n = ir_block_succ(r, b, succ);
    if (n == 0) {
        struct regset d = t->op == IR_goto && t->aux & 1 ? flags : none;
        return (struct dead){d, d, false};
    }
    struct dead dead = {{{~0ull, ~0ull}}, {{~0ull, ~0ull}}, false};
    for (unsigned k = 0; k < n; k++) {
        const struct ir_block *s = &r->blocks[succ[k]];
        struct dead d = {none, none, false};
        if (done[succ[k]]) {
            d = in[succ[k]];
            if (s->poll)
                d.home = meet(d.guest, flags);
        }
        if (s->flags_dead) {
            d.home = join(d.home, flags);
            d.guest = join(d.guest, flags);
        }
        way[k] = d.home;
        dead.home = meet(dead.home, d.home);
        dead.guest = meet(dead.guest, d.guest);
        dead.fault |= d.fault;
    }
    if (n == 2 && succ[0] != succ[1])
        for (unsigned word = 0; word < 2; word++) {
            uint64_t one = (way[0].bits[word] ^ way[1].bits[word]) & flags.bits[word];
            if (!one)
                continue;
            sink->reg = word * 64 + (unsigned)__builtin_ctzll(one);
            sink->way = has(&way[0], sink->reg);
            sink->wanted = is_plain_exit(r, &r->blocks[succ[sink->way]]);
        }
    return dead;
}

/* The `set` at v may go to an exit: the decision waits for the operation that makes its value. */
static bool defer_set(const struct ir_region *r, const struct ir_block *b, struct sink *sink,
                      uint32_t v)
{
    ir_ref f = r->insts[v].arg[0];
    unsigned op = r->insts[f].op;
    sink->wanted = false;
    if (f < b->first || (op != IR_flsub && op != IR_fladd && op != IR_fllog))
        return false;
    sink->set = v;
    sink->flags = f;
    return true;
}

static struct dead walk_block(struct ir_region *r, const struct ir_block *b, struct dead dead,
                              struct regset flags, struct sinks *sinks)
{
    struct sink *sink = &sinks->list[sinks->n];
    for (uint32_t v = b->end; v-- > b->first;) {
        struct ir_inst *i = &r->insts[v];
        unsigned op = i->op, effects = ir_opinfo[op].effects;
        switch (op) {
        case IR_nop:
            continue;
        case IR_insn:
            if (dead.fault)
                dead.home = meet(dead.guest, flags);
            dead.fault = false;
            continue;
        case IR_set:
            add(&dead.guest, (unsigned)i->imm);
            if (has(&dead.home, (unsigned)i->imm)) {
                remove_inst(i);
                continue;
            }
            add(&dead.home, (unsigned)i->imm);
            if (sink->wanted && i->imm == sink->reg && defer_set(r, b, sink, v))
                continue;
            add(&sink->over, (unsigned)i->imm);
            count(r, i->arg[0]);
            continue;
        case IR_get:
            del(&dead.guest, (unsigned)i->imm);
            if (i->uses == 0) {
                remove_inst(i);
                continue;
            }
            del(&dead.home, (unsigned)i->imm);
            sink->wanted &= i->imm != sink->reg;
            continue;
        case IR_call:
            if (r->target->helpers[i->imm].class != IR_PURE) {
                dead = (struct dead){none, none, false};
                sink->wanted = false;
            } else if (i->uses == 0) {
                remove_inst(i);
                continue;
            }
            break;
        default:
            if (effects & KEEP) {
                if (effects & IR_E_FAULT) {
                    dead.home = meet(dead.guest, flags);
                    dead.fault = true;
                    sink->wanted = false;
                }
                break;
            }
            if (v == sink->flags) {
                if (find_operands(r, sink, v, sinks->chain)) {
                    remove_inst(&r->insts[sink->set]);
                    sinks->n++;
                } else {
                    count(r, v);
                }
                sink->flags = 0;
            }
            if (i->uses == 0) {
                remove_inst(i);
                continue;
            }
            break;
        }
        for (unsigned k = 0; k < ir_opinfo[op].nargs; k++)
            if (i->arg[k])
                count(r, i->arg[k]);
    }
    return dead;
}

/* First instruction of the extended basic block that each block belongs to. */
static void find_chains(const struct ir_region *r, const uint32_t *order, unsigned n,
                        uint32_t *chain, uint32_t *preds)
{
    uint32_t succ[2];
    memset(preds, 0, r->nblocks * sizeof(*preds));
    for (unsigned k = 0; k < n; k++)
        for (unsigned j = ir_block_succ(r, &r->blocks[order[k]], succ); j-- > 0;)
            preds[succ[j]]++;
    for (unsigned k = 0; k < n; k++) {
        const struct ir_block *b = &r->blocks[order[k]];
        bool follows = false;
        if (k > 0)
            for (unsigned j = ir_block_succ(r, &r->blocks[order[k - 1]], succ); j-- > 0;)
                follows |= succ[j] == order[k];
        chain[order[k]] =
            follows && preds[order[k]] == 1 && !b->entry ? chain[order[k - 1]] : b->first;
    }
}

void ir_pass_dead(struct ir_region *r)
{
    struct regset flags = none;
    struct sinks sinks;
    if (!r->precise_flags)
        memcpy(flags.bits, r->flag_rows, sizeof flags.bits);
    for (uint32_t v = 0; v < r->ninsts; v++)
        r->insts[v].uses = 0;

    size_t n = r->nblocks;
    struct dead *in =
        ir_scratch(r, n * (sizeof(struct dead) + 3 * sizeof(uint32_t) + sizeof(bool)));
    uint32_t *order = (uint32_t *)(in + n), *chain = order + n, *preds = chain + n;
    bool *done = (bool *)(preds + n);
    memset(done, 0, n);
    unsigned filled = ir_block_order(r, order);
    find_chains(r, order, filled, chain, preds);
    sinks.n = 0;
    for (unsigned k = filled; k-- > 0;) {
        const struct ir_block *b = &r->blocks[order[k]];
        if (b->end - b->first == 1 && r->insts[b->first].op == IR_goto) { /* most exits */
            struct regset d = r->insts[b->first].aux & 1 ? flags : none;
            in[order[k]] = (struct dead){d, d, false};
            done[order[k]] = true;
            continue;
        }
        struct sink *sink = &sinks.list[sinks.n];
        sink->block = order[k];
        sink->wanted = false;
        sink->flags = 0;
        sink->over = none;
        struct dead dead = dead_at_end(r, b, in, done, flags, sink);
        sink->wanted &= sinks.n < MAX_SINKS - 1;
        sinks.chain = chain[order[k]];
        in[order[k]] = walk_block(r, b, dead, flags, &sinks);
        done[order[k]] = true;
    }
    for (uint32_t k = 0; k < sinks.n; k++)
        place_sink(r, &sinks.list[k]);
}
