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
 * registers that the operands still stand in (or are shifted or extended from; one that is gone
 * follows from the other and the result), stores them and leaves. Compare-and-branch so costs no
 * flags on the way that goes on.
 *
 * Removed instructions become nops in their place; `insn` stays.
 */
#include "build.h"
#include "eval.h"

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

/* v is used. Constants and none are not positive as signed numbers. */
static inline void count(struct ir_inst *insts, ir_ref v)
{
    if ((int32_t)v > 0)
        insts[v].uses = (uint16_t)(insts[v].uses + (insts[v].uses != UINT16_MAX));
}

static inline void remove_inst(struct ir_inst *i)
{
    i->op = IR_nop;
    i->type = IR_VOID;
    i->arg[0] = i->arg[1] = i->arg[2] = i->arg[3] = IR_NONE;
}

/* What is left of a `set` says where its value would have gone: the home is free until the next `set`
 * (scan.c of the backend). imm = register; a = value, which may have been removed too. */
static inline void remove_set(struct ir_inst *i)
{
    ir_ref value = i->arg[0];
    int64_t reg = i->imm;
    remove_inst(i);
    if (!ir_is_const(value)) {
        i->arg[0] = value;
        i->imm = reg;
    }
}

/* ------------------------------------------------------------- flags at exits */

enum { MAX_SINKS = 32 };

/* Flags that block's branch needs on one of its ways only. */
struct sink {
    bool wanted;          /* the walk is between the branch and the `set` */
    uint32_t block;       /* that ends in the branch */
    unsigned way, reg;    /* the way that needs them (0: taken), the flags register */
    uint32_t set, flags;  /* the `set` met and the operation that makes its value, or 0 */
    struct ir_inst op;    /* copy of that operation */
    struct ir_inst masked; /* the `and` it looks at, to be made again too (tst); its operands count then */
    struct ir_inst via[2]; /* what makes an operand from its register, to be made again too: a shift, an extension */
    int16_t from[2];      /* registers of its operands, -1: a constant, -2: none */
    int8_t lost;          /* the operand that no register has: made from the other and the result; -1: neither */
    int16_t result;       /* register of the sum or difference of the operands */
    uint8_t type[2];      /* of the operand: its register's, or that of its low part */
    struct regset over;   /* registers set between the operation and the branch */
};

struct sinks {
    uint32_t n;
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
            bool low = (w->op == IR_zext && w->imm == 32) || w->op == IR_vzx;
            return s->arg[0] == x || (low && w->arg[0] == x) ? reg : -1;
        }
        if (s->op == IR_call && r->target->helpers[s->imm].class != IR_PURE)
            return -1;
    }
    return i->op == IR_get ? reg : -1;
}

/* Is i made of one value and constants, cheaply? */
static bool is_derived(const struct ir_inst *i)
{
    switch ((unsigned)i->op) {
    case IR_shl: case IR_shr: case IR_sar: case IR_ror:
        return ir_is_const(i->arg[1]);
    case IR_zext: case IR_sext: case IR_ubfx: case IR_sbfx:
        return true;
    }
    return false;
}

/* The register that holds x, or whose low part it is, before the operation at v; -1: none. */
static int find_register(const struct ir_region *r, ir_ref x, uint32_t v, uint32_t first)
{
    int reg = find_home(r, x, v, first);
    bool low = r->insts[x].op == IR_trunc || r->insts[x].op == IR_vlow;
    if (reg < 0 && low && !ir_is_const(r->insts[x].arg[0]))
        reg = find_home(r, r->insts[x].arg[0], v, first);
    return reg;
}

/* The register that has, at the end of the block, the sum or difference whose flags are made at v, of the same operands:
 * subs x0, x0, #1. -1: none. */
static int find_result(const struct ir_region *r, uint32_t v, uint32_t first, uint32_t end)
{
    const struct ir_inst *f = &r->insts[v];
    uint32_t x = v - 1;
    while (x > first && r->insts[x].op == IR_nop)
        x--;
    const struct ir_inst *p = &r->insts[x];
    bool sub = f->op == IR_flsub, same = p->arg[1] == f->arg[1];
    if (x < first || p->arg[0] != f->arg[0])
        return -1;
    if (sub && p->op == IR_add && ir_is_const(p->arg[1]) && ir_is_const(f->arg[1]))
        same = !((ir_const_value(r, p->arg[1]) + ir_const_value(r, f->arg[1])) & ir_type_mask((enum ir_type)p->type));
    else
        same &= p->op == (sub ? IR_sub : IR_add);
    if (!same)
        return -1;
    int reg = -1;
    for (uint32_t k = v + 1; k < end; k++) {
        const struct ir_inst *i = &r->insts[k];
        if (i->op == IR_call && r->target->helpers[i->imm].class != IR_PURE)
            return -1;
        if (i->op != IR_set)
            continue;
        const struct ir_inst *w = ir_is_const(i->arg[0]) ? &r->insts[0] : &r->insts[i->arg[0]];
        if (i->arg[0] == x || (w->op == IR_zext && w->imm == 32 && w->arg[0] == x))
            reg = (int)i->imm;
        else if (i->imm == reg)
            reg = -1;
    }
    return reg;
}

/* Fills in the operands of the flags operation at v. Returns false if one is not to be had. */
static bool find_operands(const struct ir_region *r, struct sink *s, uint32_t v, uint32_t first)
{
    s->lost = -1;
    s->op = s->masked = r->insts[v];
    if (s->op.op == IR_fllog && !ir_is_const(s->op.arg[0]) && r->insts[s->op.arg[0]].op == IR_and &&
        find_home(r, s->op.arg[0], v, first) < 0)
        s->masked = r->insts[s->op.arg[0]];
    for (unsigned k = 0; k < 2; k++) {
        ir_ref x = s->masked.arg[k];
        s->from[k] = x ? -1 : -2;
        if (!x || ir_is_const(x))
            continue;
        int reg = find_register(r, x, v, first);
        s->via[k].op = IR_nop;
        if (reg < 0 && is_derived(&r->insts[x]) && !ir_is_const(r->insts[x].arg[0])) {
            s->via[k] = r->insts[x];
            x = s->via[k].arg[0];
            reg = find_register(r, x, v, first);
        }
        unsigned type = reg < 0 ? IR_VOID : r->target->regs[reg].type;
        if (reg < 0 || has(&s->over, (unsigned)reg) || (type != IR_I64 && type != IR_V128)) {
            if (s->lost >= 0 || (s->op.op != IR_flsub && s->op.op != IR_fladd))
                return false;
            s->lost = (int8_t)k;
            s->type[k] = r->insts[s->masked.arg[k]].type;
            continue;
        }
        s->from[k] = (int16_t)reg;
        s->type[k] = r->insts[x].type;
    }
    s->result = s->lost < 0 ? -1 : (int16_t)find_result(r, v, r->blocks[s->block].first, r->blocks[s->block].end);
    return s->lost < 0 || (s->result >= 0 && r->target->regs[s->result].type == IR_I64);
}

/* Makes the exit's own block. */
static void place_sink(struct ir_region *r, const struct sink *s)
{
    uint32_t to[2], branch = r->blocks[s->block].end - 1;
    ir_block_succ(r, &r->blocks[s->block], to);
    struct ir_inst exit = r->insts[r->blocks[to[s->way]].end - 1], op = s->masked;
    uint64_t pc = r->blocks[to[s->way]].pc;
    unsigned b = ir_block_new(r, pc);
    r->blocks[r->nbegun++].nth = b;
    r->blocks[b].first = r->ninsts;
    r->blocks[b].cold = true;
    for (unsigned k = 0; k < 2; k++) {
        if (s->from[k] < 0)
            continue;
        enum ir_type type = (enum ir_type)r->target->regs[s->from[k]].type;
        op.arg[k] = ir_append(r, IR_get, type, 0, 0, 0, 0, 0, s->from[k]);
        if (s->type[k] != type)
            op.arg[k] = ir_append(r, type == IR_V128 ? IR_vlow : IR_trunc, (enum ir_type)s->type[k],
                                  op.arg[k], 0, 0, 0, 0, 0);
        if (s->via[k].op != IR_nop) {
            struct ir_inst via = s->via[k];
            via.arg[0] = op.arg[k];
            via.mark = 0;
            build_push(r, &via);
            op.arg[k] = r->ninsts - 1;
        }
    }
    if (s->lost >= 0) {
        enum ir_type type = (enum ir_type)s->type[s->lost];
        ir_ref other = op.arg[!s->lost], result = ir_append(r, IR_get, IR_I64, 0, 0, 0, 0, 0, s->result);
        if (type == IR_I32)
            result = ir_append(r, IR_trunc, type, result, 0, 0, 0, 0, 0);
        bool first = op.op == IR_flsub && s->lost == 1; /* b = a - result */
        op.arg[s->lost] = ir_append(r, op.op == IR_flsub && !s->lost ? IR_add : IR_sub, type,
                                    first ? other : result, first ? result : other, 0, 0, 0, 0);
    }
    op.mark = 0;
    build_push(r, &op);
    if (op.op != s->op.op)
        ir_append(r, s->op.op, s->op.type, r->ninsts - 1, 0, 0, 0, s->op.aux, s->op.imm);
    ir_append(r, IR_set, IR_VOID, r->ninsts - 1, 0, 0, 0, 0, s->reg);
    build_push(r, &exit);
    r->blocks[b].end = r->ninsts;
    for (uint32_t v = r->blocks[b].first; v < r->blocks[b].end; v++)
        r->insts[v].uses = 0;
    for (uint32_t v = r->blocks[b].first; v < r->blocks[b].end; v++)
        for (unsigned k = 0; k < (ir_opkind[r->insts[v].op] & IR_K_ARGS); k++)
            if (r->insts[v].arg[k] && !ir_is_const(r->insts[v].arg[k]))
                r->insts[r->insts[v].arg[k]].uses++;
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
    if (f < b->first || (op != IR_flsub && op != IR_fladd && op != IR_fllog && op != IR_fcmp))
        return false;
    sink->set = v;
    sink->flags = f;
    return true;
}

/* First instruction of the extended basic block that block b belongs to: order[0..n) are the blocks in
 * the order of their instructions. */
static uint32_t chain_start(const struct ir_region *r, const uint32_t *order, unsigned n, uint32_t b)
{
    unsigned at = n;
    while (order[--at] != b)
        ;
    for (; at > 0; at--) {
        uint32_t succ[2];
        unsigned preds = 0, follows = 0;
        for (unsigned k = 0; k < n; k++)
            for (unsigned j = ir_block_succ(r, &r->blocks[order[k]], succ); j-- > 0;)
                if (succ[j] == order[at]) {
                    preds++;
                    follows |= k + 1 == at;
                }
        if (!follows || preds != 1 || r->blocks[order[at]].entry)
            break;
    }
    return r->blocks[order[at]].first;
}

struct walk {
    struct ir_region *r;
    struct regset flags; /* the flags registers, or none if they are precise */
    const uint32_t *order;
    unsigned nblocks;
    struct sinks sinks;
};

static struct dead walk_block(struct walk *w, uint32_t block, struct dead dead)
{
    struct ir_region *r = w->r;
    const struct ir_block *b = &r->blocks[block];
    struct sink *sink = &w->sinks.list[w->sinks.n];
    struct ir_inst *insts = r->insts;
    for (struct ir_inst *i = insts + b->end, *first = insts + b->first; i-- > first;) {
        unsigned op = i->op, k = ir_opkind[op];
        switch (op) {
        case IR_nop:
            continue;
        case IR_insn:
            if (dead.fault)
                dead.home = meet(dead.guest, w->flags);
            dead.fault = false;
            continue;
        case IR_set: {
            unsigned reg = (unsigned)i->imm;
            add(&dead.guest, reg);
            if (has(&dead.home, reg)) {
                remove_set(i);
                continue;
            }
            add(&dead.home, reg);
            if (sink->wanted && reg == sink->reg && defer_set(r, b, sink, (uint32_t)(i - insts)))
                continue;
            add(&sink->over, reg);
            count(insts, i->arg[0]);
            continue;
        }
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
            if (__builtin_expect(sink->flags && i == insts + sink->flags, 0)) {
                uint32_t v = sink->flags;
                if (find_operands(r, sink, v, chain_start(r, w->order, w->nblocks, block))) {
                    remove_inst(&insts[sink->set]);
                    w->sinks.n++;
                } else {
                    count(insts, v);
                }
                sink->flags = 0;
            }
            if (k & IR_K_KEEP) {
                if (k & IR_K_FAULT) {
                    dead.home = meet(dead.guest, w->flags);
                    dead.fault = true;
                    sink->wanted = false;
                }
                break;
            }
            if (i->uses == 0) {
                remove_inst(i);
                continue;
            }
            break;
        }
        switch (k & IR_K_ARGS) {
        case 4:
            count(insts, i->arg[3]);
            /* fall through */
        case 3:
            count(insts, i->arg[2]);
            /* fall through */
        case 2:
            count(insts, i->arg[1]);
            /* fall through */
        case 1:
            count(insts, i->arg[0]);
        }
    }
    return dead;
}

void ir_pass_dead(struct ir_region *r)
{
    for (uint32_t v = 0; r->counted && v < r->ninsts; v++)
        r->insts[v].uses = 0;
    r->counted = true;

    size_t n = r->nblocks;
    struct dead *in = ir_scratch(r, n * (sizeof(struct dead) + sizeof(uint32_t) + sizeof(bool)));
    uint32_t *order = (uint32_t *)(in + n);
    bool *done = (bool *)(order + n);
    struct walk w;
    w.r = r;
    w.flags = none;
    w.order = order;
    w.nblocks = ir_block_order(r, order);
    w.sinks.n = 0;
    if (!r->precise_flags)
        memcpy(w.flags.bits, r->flag_rows, sizeof w.flags.bits);
    for (size_t k = 0; k < n; k++)
        done[k] = false;
    for (unsigned k = w.nblocks; k-- > 0;) {
        uint32_t block = order[k];
        const struct ir_block *b = &r->blocks[block];
        if (b->end - b->first == 1 && r->insts[b->first].op == IR_goto) { /* most exits */
            struct regset d = r->insts[b->first].aux & 1 ? w.flags : none;
            in[block] = (struct dead){d, d, false};
            done[block] = true;
            continue;
        }
        struct sink *sink = &w.sinks.list[w.sinks.n];
        sink->block = block;
        sink->wanted = false;
        sink->flags = 0;
        sink->over = none;
        struct dead dead = dead_at_end(r, b, in, done, w.flags, sink);
        sink->wanted &= w.sinks.n < MAX_SINKS - 1;
        in[block] = walk_block(&w, block, dead);
        done[block] = true;
    }
    for (uint32_t k = 0; k < w.sinks.n; k++)
        place_sink(r, &w.sinks.list[k]);
}
