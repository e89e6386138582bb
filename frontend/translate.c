/*
 * Makes IR regions of guest code: block limits, block ends, polls, look-ahead for dead flags. What
 * one instruction means is the guest's business (struct guest); the tr_* functions are called by its
 * lowering and end the block.
 *
 * The shape of a region: block 0 is the entry. Each guest block ends in one terminator. A branch
 * back to the entry is an edge inside the region; any other way out of a conditional branch is a
 * block with nothing but a `goto`. Normally a region has one guest block; with max_blocks above 1 it
 * goes on after a conditional branch along the fall-through, which then has one predecessor, so the
 * builder's knowledge of register values carries over (an extended basic block). With over_calls it goes on
 * behind a call too, in an entry of its own: where the host's return lands.
 *
 * Polls: every cycle of guest blocks has a branch to an address not above the entry of its region,
 * a call or an indirect branch. A region with one of these polls at its entry, where the state is
 * precise without further cost. Returns do not count: a cycle of them has calls, or returns that no
 * call expects, where the engine polls. Nor do the entries behind calls: each matched return there ends a call
 * that this or an earlier region made, and regions with calls poll when they are entered at the start.
 *
 * Flags that certainly die on the other side of an exit are not worth storing. Before an exit the
 * look-ahead decodes a few instructions at the target, inside the same window and close by, until
 * one writes all flags (dead) or one may read them (live); what it read belongs to [seen_lo,
 * seen_hi), since a change there invalidates the conclusion. A fault between shows stale flags in
 * the signal frame, never a wrong flag to the program's own instructions. With precise_flags, or one
 * instruction at a time, nothing is assumed.
 */
#include <stdlib.h>
#include "region.h"

enum {
    MAX_INSNS = 64,        /* of a region */
    MAX_BLOCKS = 4,        /* guest blocks of a region: make bench-regions, docs/engine.md */
    BLOCKS_LIMIT = 16,     /* the most that guest_translate_extended does */
    LOOK_INSNS = 12,       /* decoded at one exit, both ways of branches together */
    LOOK_BYTES = 2048,     /* farthest look from the region's entry */
};

struct exit {
    unsigned block;
    uint64_t target;
    bool flags_dead;
};

struct translation {
    struct tr t; /* what lowering functions see */
    const struct plan *plan; /* tier 2; else NULL */
    struct exit *exits; /* the caller's: two for each block */
    unsigned nexits, nguest_blocks, max_blocks;
    unsigned follow; /* block to go on with, or 0 */
    bool over_calls; /* regions go on behind calls */
    bool loops;      /* has an edge to block 0 */
};

static struct translation *translation_of(struct tr *t)
{
    return (struct translation *)t;
}
static_assert(offsetof(struct translation, t) == 0, "translation_of");

/* --------------------------------------------------------------- look-ahead */

bool flags_dead_from(struct ir_region *r, const struct guest *g, const struct code_window *code, uint64_t pc,
                     unsigned *budget)
{
    while (*budget) {
        uint64_t next[2];
        if (pc - r->pc + LOOK_BYTES > 2 * LOOK_BYTES)
            return false;
        enum flag_effect e = g->flag_effect(code, pc, next);
        --*budget;
        if (e == FLAGS_READ || (e == FLAGS_NONE && !next[0]))
            return false;
        if (pc < r->seen_lo)
            r->seen_lo = pc;
        if (pc + 4 > r->seen_hi)
            r->seen_hi = pc + 4;
        if (e == FLAGS_SET)
            return true;
        if (next[1] && !flags_dead_from(r, g, code, next[1], budget))
            return false;
        pc = next[0];
    }
    return false;
}

/* False also where nobody would profit: no flags are at hand. */
static bool flags_dead_at(struct tr *t, uint64_t pc)
{
    unsigned budget = LOOK_INSNS;
    if (t->precise_flags || t->max_insns == 1 || t->guest->reg_flags < 0 ||
        !t->r->cur[t->guest->reg_flags])
        return false;
    return flags_dead_from(t->r, t->guest, &t->code, pc, &budget);
}

/* --------------------------------------------------------------- block ends */

static void emit_end(struct tr *t, enum ir_op op, ir_ref a, ir_ref b, unsigned aux, int64_t imm)
{
    ir_emit(t->r, op, IR_VOID, a, b, 0, 0, aux, imm);
    t->done = true;
}

/* Can a branch to target stay inside the region? Notes polls. */
static bool is_loop(struct tr *t, uint64_t target)
{
    if (target <= t->r->pc)
        t->r->blocks[0].poll = true;
    return target == t->r->pc && t->max_insns > 1 && !translation_of(t)->plan;
}

static void use_loop(struct tr *t)
{
    struct translation *x = translation_of(t);
    if (!x->loops)
        t->r->blocks[0].flags_dead = flags_dead_at(t, t->r->pc);
    x->loops = true;
}

/* A block that leaves to target; filled when the region is complete. */
static unsigned exit_block(struct tr *t, uint64_t target)
{
    struct translation *x = translation_of(t);
    struct exit *e = &x->exits[x->nexits++];
    e->block = ir_block_new(t->r, target);
    e->target = target;
    e->flags_dead = flags_dead_at(t, target);
    t->r->blocks[e->block].flags_dead = e->flags_dead;
    return e->block;
}

/* Block of a tier 2 region that a branch to target goes to: one of its own or a new exit. */
static unsigned planned(struct tr *t, uint64_t target)
{
    const struct plan *p = translation_of(t)->plan;
    unsigned k = plan_find(p, target);
    if (k != PLAN_NONE)
        return p->b[k].block;
    if (target <= t->r->pc)
        t->r->blocks[0].poll = true;
    return exit_block(t, target);
}

void tr_goto(struct tr *t, uint64_t target)
{
    const struct plan *p = translation_of(t)->plan;
    unsigned k = p ? plan_find(p, target) : PLAN_NONE;
    if (k != PLAN_NONE) {
        emit_end(t, IR_jmp, 0, 0, 0, p->b[k].block);
        return;
    }
    if (is_loop(t, target)) {
        use_loop(t);
        emit_end(t, IR_jmp, 0, 0, 0, 0);
    } else {
        emit_end(t, IR_goto, 0, 0, flags_dead_at(t, target), (int64_t)target);
    }
}

void tr_branch(struct tr *t, ir_ref cond, uint64_t target)
{
    struct translation *x = translation_of(t);
    uint64_t next = t->pc + t->len, known, yes = 0, no;
    if (ir_const_get(t->r, cond, &known) || target == next) {
        tr_goto(t, target != next && known ? target : next);
        return;
    }
    if (x->plan) {
        yes = planned(t, target);
        no = planned(t, next);
        emit_end(t, IR_br, cond, 0, 0, (int64_t)(yes | no << 32));
        return;
    }
    if (is_loop(t, target))
        use_loop(t);
    else
        yes = exit_block(t, target);
    if (x->nguest_blocks < x->max_blocks)
        no = x->follow = ir_block_new(t->r, next);
    else
        no = exit_block(t, next);
    emit_end(t, IR_br, cond, 0, 0, (int64_t)(yes | no << 32));
}

void tr_goto_indirect(struct tr *t, ir_ref target)
{
    t->r->blocks[0].poll = true;
    emit_end(t, IR_gotoi, target, 0, 0, 0);
}

/* The region goes on where a call returns to, if it may. */
static void go_on_behind(struct tr *t, uint64_t ret)
{
    struct translation *x = translation_of(t);
    if (!x->over_calls || x->nguest_blocks >= x->max_blocks || t->r->ninsns + 1 >= t->max_insns)
        return;
    x->follow = ir_block_new(t->r, ret);
    t->r->blocks[x->follow].entry = true;
}

void tr_call(struct tr *t, uint64_t target, uint64_t ret)
{
    t->r->blocks[0].poll = true;
    emit_end(t, IR_callg, ir_const(t->r, IR_I64, ret), 0, 0, (int64_t)target);
    go_on_behind(t, ret);
}

void tr_call_indirect(struct tr *t, ir_ref target, uint64_t ret)
{
    t->r->blocks[0].poll = true;
    emit_end(t, IR_calli, target, ir_const(t->r, IR_I64, ret), 0, 0);
    go_on_behind(t, ret);
}

void tr_return(struct tr *t, ir_ref target)
{
    emit_end(t, IR_retg, target, 0, 0, 0);
}

void tr_leave(struct tr *t, enum ir_leave why, int64_t imm, uint64_t resume)
{
    emit_end(t, IR_leave, ir_const(t->r, IR_I64, resume), 0, why, imm);
}

/* ------------------------------------------------------------------ regions */

/* Nothing can be fetched at pc. A branch may have come with a tag: then it goes on without. */
static void translate_nothing(struct tr *t)
{
    uint64_t pc = t->pc, clean = t->guest->clean_pc ? t->guest->clean_pc(pc) : pc;
    uint64_t low = pc & ((1u << t->guest->insn_shift) - 1);
    if (clean != pc)
        emit_end(t, IR_goto, 0, 0, 0, (int64_t)clean);
    else
        tr_leave(t, IR_LEAVE_FETCH, low != 0, pc);
}

/* Has the code at pc been translated? Then the region goes there instead of having a copy. */
static inline bool is_known(const struct tr *t, uint64_t pc)
{
    const uint64_t *entries = t->code.entries;
    pc += t->code.key;
    unsigned bit = (unsigned)(pc >> 2) & (CODE_ENTRIES - 1);
    return entries && entries[bit / 64] >> (bit % 64) & 1 && t->code.known(t->code.arg, pc);
}

/* Fills the current block up to its end or a limit. */
static void translate_block(struct tr *t)
{
    struct ir_region *r = t->r;
    t->done = false;
    for (;;) {
        if (!t->guest->lower(t)) {
            if (!r->ninsns)
                translate_nothing(t);
            else
                tr_goto(t, t->pc);
            return;
        }
        r->ninsns++;
        r->end_pc = t->pc + t->len;
        if (t->done)
            return;
        t->pc += t->len;
        if (r->ninsns >= t->max_insns || is_known(t, t->pc)) {
            tr_goto(t, t->pc);
            return;
        }
    }
}

static void fill_exits(struct translation *x)
{
    struct ir_region *r = x->t.r;
    for (unsigned i = 0; i < x->nexits; i++) {
        ir_block_begin(r, x->exits[i].block, true); /* it looks at no value: nothing to forget */
        ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, x->exits[i].flags_dead, (int64_t)x->exits[i].target);
    }
}

static void check(const struct ir_region *r)
{
#ifdef MYNA_DEBUG
    uint32_t at;
    const char *wrong = ir_verify(r, &at);
    if (wrong) {
        fprintf(stderr, "translation of %#llx: %s at %%%u\n", (unsigned long long)r->pc, wrong, at);
        ir_print(stderr, r);
        abort();
    }
#else
    (void)r;
#endif
}

/* Lowers block k of the plan; prev: the one lowered before it, or PLAN_NONE. */
static void translate_planned(struct translation *x, unsigned k, unsigned prev)
{
    const struct plan *p = x->plan;
    const struct plan_block *b = &p->b[k];
    struct tr *t = &x->t;
    unsigned preds = 0;
    for (unsigned j = 0; j < p->n; j++)
        preds += p->b[j].succ >> k & 1;
    bool keep = k != p->entry && preds == 1 && prev != PLAN_NONE && (p->b[prev].succ >> k & 1);
    ir_block_begin(t->r, b->block, keep);
    t->pc = b->pc;
    t->done = false;
    while (t->guest->lower(t)) {
        t->r->ninsns++;
        if (t->done)
            return;
        t->pc += t->len;
        if (t->pc == b->end)
            break;
    }
    tr_goto(t, t->pc);
}

bool guest_plan_loops(struct plan *p, struct ir_region *r, const struct guest *g, const struct code_window *code,
                      bool (*wanted)(const void *arg, uint64_t pc), const void *arg, unsigned max_insns)
{
    struct code_window quiet = *code; /* what is lowered is what counts, and it is read then */
    quiet.log = NULL;
    r->pc = r->end_pc = r->seen_lo = r->seen_hi = code->pc;
    r->ninsns = 0;
    return plan_make(p, r, g, &quiet, wanted, arg, max_insns);
}

void guest_translate_plan(struct plan *p, struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                          struct code_window code)
{
    struct exit exits[2 * PLAN_BLOCKS];
    struct translation x = {
        .t = { .r = r, .guest = g, .model = m, .code = code, .pc = code.pc, .max_insns = ~0u },
        .plan = p, .exits = exits,
    };
    p->b[p->entry].block = (uint8_t)ir_block_new(r, code.pc);
    for (unsigned k = 0; k < p->n; k++) {
        struct plan_block *b = &p->b[k];
        if (k != p->entry)
            b->block = (uint8_t)ir_block_new(r, b->pc);
        r->blocks[b->block].poll = b->head;
        r->blocks[b->block].depth = b->depth;
        r->blocks[b->block].flags_dead = b->flags_dead;
    }
    r->blocks[0].entry = true;
    for (unsigned k = 0, prev = PLAN_NONE; k < p->n; prev = k++)
        translate_planned(&x, k, prev);
    fill_exits(&x);
    r->end_pc = r->seen_hi;
    check(r);
}

void guest_translate_extended(struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                              struct code_window code, unsigned max_insns, bool precise_flags,
                              unsigned max_blocks, bool over_calls)
{
    struct exit exits[BLOCKS_LIMIT + 1];
    struct translation x = {
        .exits = exits,
        .t = { .r = r, .guest = g, .model = m, .code = code, .pc = code.pc,
               .max_insns = max_insns ? max_insns : MAX_INSNS, .precise_flags = precise_flags },
        .over_calls = over_calls,
        .max_blocks = !max_blocks ? MAX_BLOCKS : max_blocks < BLOCKS_LIMIT ? max_blocks : BLOCKS_LIMIT,
    };
    struct tr *t = &x.t;
    r->pc = r->end_pc = r->seen_lo = r->seen_hi = code.pc;
    r->ninsns = 0;
    unsigned block = ir_block_new(r, code.pc);
    r->blocks[block].entry = true;
    ir_block_begin(r, block, false);
    for (;;) {
        x.follow = 0;
        x.nguest_blocks++;
        translate_block(t);
        if (!x.follow)
            break;
        t->pc += t->len;
        ir_block_begin(r, x.follow, !r->blocks[x.follow].entry);
        if (r->ninsns >= t->max_insns || is_known(t, t->pc)) {
            tr_goto(t, t->pc);
            break;
        }
    }
    fill_exits(&x);
    if (r->seen_hi < r->end_pc)
        r->seen_hi = r->end_pc;
    check(r);
}

void guest_translate(struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                     struct code_window code, unsigned max_insns, bool precise_flags)
{
    guest_translate_extended(r, g, m, code, max_insns, precise_flags, 0, false);
}
