/*
 * The backward pass: dead values, dead `set`s, dead flags, and the number of uses of each value.
 *
 * One walk over the instructions from the last to the first. A definition stands before its uses in
 * the order of instructions (the verifier sees to it), so a use is counted before its definition is
 * met. A `set` goes if its register is certainly set again before anything can see it: a fault, a
 * helper that knows guest state, an exit, a poll. At the end of a block that is known for successors
 * laid out later; an edge back is taken to see everything but flags that the target declares dead.
 *
 * Flags are looser unless the region wants them precise (precise_flags in ir.h): only at a fault or a
 * poll may they be stale, and only if the guest itself sets them before it reads them from there on;
 * for a fault that is from the beginning of its instruction, which is executed again. What the guest
 * reads is known by `get`s, which the folding builder leaves behind for flags even where it forwards
 * the value; reads by helpers and exits count too.
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

static inline bool has(const struct regset *s, unsigned r) { return s->bits[r / 64] >> (r % 64) & 1; }
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
enum { KEEP = IR_E_FAULT | IR_E_STORE | IR_E_SET | IR_E_TERM | IR_E_CALL | IR_E_ORDER | IR_E_FPENV };

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

/* At the end of block b. in[] is known for blocks marked done; flags: the flags registers, or none
 * if they are precise. */
static struct dead dead_at_end(const struct ir_region *r, const struct ir_block *b,
                               const struct dead *in, const bool *done, struct regset flags)
{
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
        dead.home = meet(dead.home, d.home);
        dead.guest = meet(dead.guest, d.guest);
        dead.fault |= d.fault;
    }
    return dead;
}

static struct dead walk_block(struct ir_region *r, const struct ir_block *b, struct dead dead,
                              struct regset flags)
{
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
            count(r, i->arg[0]);
            continue;
        case IR_get:
            del(&dead.guest, (unsigned)i->imm);
            if (i->uses == 0)
                remove_inst(i);
            else
                del(&dead.home, (unsigned)i->imm);
            continue;
        case IR_call:
            if (r->target->helpers[i->imm].class != IR_PURE)
                dead = (struct dead){none, none, false};
            else if (i->uses == 0) {
                remove_inst(i);
                continue;
            }
            break;
        default:
            if (effects & KEEP) {
                if (effects & IR_E_FAULT) {
                    dead.home = meet(dead.guest, flags);
                    dead.fault = true;
                }
            } else if (i->uses == 0) {
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

void ir_pass_dead(struct ir_region *r)
{
    struct regset flags = none;
    if (!r->precise_flags)
        for (unsigned k = 0; k < r->target->nregs; k++)
            if (r->target->regs[k].type == IR_FLG)
                add(&flags, k);
    for (uint32_t v = 0; v < r->ninsts; v++)
        r->insts[v].uses = 0;

    size_t n = r->nblocks;
    struct dead *in = ir_scratch(r, n * (sizeof(struct dead) + sizeof(uint32_t) + sizeof(bool)));
    uint32_t *order = (uint32_t *)(in + n);
    bool *done = (bool *)(order + n);
    memset(done, 0, n);
    for (unsigned k = ir_block_order(r, order); k-- > 0;) {
        const struct ir_block *b = &r->blocks[order[k]];
        in[order[k]] = walk_block(r, b, dead_at_end(r, b, in, done, flags), flags);
        done[order[k]] = true;
    }
}
