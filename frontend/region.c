/*
 * Planning a tier 2 region: decoding alone, nothing is lowered yet.
 *
 * From the entry along direct branches, breadth first, inside a window of REACH bytes either way: instructions are
 * marked, targets are leaders. Calls, returns, indirect branches and system calls end a way. What then
 * lies between leaders is a block. Of the blocks those stay from which a way leads back to the entry (its
 * strongly connected component): a loop nest. All other ways out are exits.
 *
 * Blocks keep the order of their addresses, which is the guest compiler's layout. A poll stands at blocks that
 * an edge from a later one (or itself) comes to, every cycle inside has such an edge: at as many of them as it takes.
 *
 * Sets of blocks are 64-bit words; loops nest by strongly connected components of what is left when the header,
 * the block by which a component is entered, is taken out.
 *
 * Flags are dead at a block's start if on every way on they are set before they are read, exits by the usual
 * look-ahead: a backward data flow over the effects of blocks.
 */
#include <string.h>
#include "region.h"

enum {
    REACH = 2048,      /* bytes from the entry, either way: two pages at most */
    LOOK_INSNS = 8,    /* decoded at each exit */
    MOST_DEPTH = 4,
    THIN_BLOCKS = 32,  /* of a region in which polls are thinned out: the cube of it is what that costs */
};

/* Instructions by their address, in units of the least instruction length. */
struct walk {
    const struct guest *g;
    const struct code_window *code;
    uint64_t lo, hi;   /* guest addresses that may be in the region */
    uint64_t seen[2 * REACH / 2 / 64 + 1], leader[2 * REACH / 2 / 64 + 1];
    uint64_t queue[PLAN_BLOCKS];
    unsigned head, tail, leaders, ninsns;
};

static unsigned unit(const struct walk *w, uint64_t pc) { return (unsigned)((pc - w->lo) >> w->g->insn_shift); }
static bool bit(const uint64_t *set, unsigned k) { return set[k / 64] >> (k % 64) & 1; }
static void set_bit(uint64_t *set, unsigned k) { set[k / 64] |= 1ull << (k % 64); }

static bool within(const struct walk *w, uint64_t pc)
{
    return pc >= w->lo && pc < w->hi && !(pc & ((1u << w->g->insn_shift) - 1));
}

/* A block begins at pc, if it is within reach and there is room. */
static void lead(struct walk *w, uint64_t pc)
{
    if (!within(w, pc) || bit(w->leader, unit(w, pc)) || w->leaders == PLAN_BLOCKS)
        return;
    set_bit(w->leader, unit(w, pc));
    w->leaders++;
    if (!bit(w->seen, unit(w, pc)))
        w->queue[w->tail++] = pc;
}

/* Marks what is executed from pc on up to a branch. */
static void follow(struct walk *w, uint64_t pc, bool (*wanted)(const void *, uint64_t), const void *arg,
                   unsigned max_insns)
{
    while (within(w, pc) && !bit(w->seen, unit(w, pc)) && w->ninsns < max_insns) {
        uint64_t next[2];
        unsigned len;
        enum flow kind = w->g->flow(w->code, pc, next, &len);
        if (kind == FLOW_BAD || pc + len > w->hi)
            return;
        set_bit(w->seen, unit(w, pc));
        w->ninsns++;
        if (kind == FLOW_BRANCH) {
            lead(w, next[0]);
            if (!wanted || wanted(arg, next[1]))
                lead(w, next[1]);
        } else if (kind == FLOW_GOTO && (!wanted || wanted(arg, next[0]))) {
            lead(w, next[0]);
        }
        if (kind != FLOW_NEXT)
            return;
        pc += len;
    }
}

/* The blocks between leaders. */
static void cut(struct plan *p, const struct walk *w)
{
    unsigned last = unit(w, w->hi - 1);
    p->n = 0;
    for (unsigned u = 0; u <= last; u++) {
        if (!bit(w->leader, u) || !bit(w->seen, u))
            continue;
        struct plan_block *b = &p->b[p->n++];
        *b = (struct plan_block){ .pc = w->lo + ((uint64_t)u << w->g->insn_shift) };
        uint64_t pc = b->pc;
        for (;;) {
            unsigned len;
            uint64_t ways[2];
            enum flag_effect e = w->g->flag_effect(w->code, pc, ways);
            b->kind = (uint8_t)w->g->flow(w->code, pc, b->next, &len);
            if (b->flags == FLAGS_NONE)
                b->flags = (uint8_t)e;
            b->ninsns++;
            pc += len;
            if (b->kind != FLOW_NEXT || !within(w, pc) || !bit(w->seen, unit(w, pc)) || bit(w->leader, unit(w, pc)))
                break;
        }
        b->end = pc;
        if (b->kind == FLOW_NEXT)
            b->next[0] = pc;
    }
}

unsigned plan_find(const struct plan *p, uint64_t pc)
{
    unsigned lo = 0, hi = p->n;
    while (lo < hi) {
        unsigned mid = (lo + hi) / 2;
        if (p->b[mid].pc < pc)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < p->n && p->b[lo].pc == pc ? lo : PLAN_NONE;
}

static void find_edges(struct plan *p)
{
    for (unsigned k = 0; k < p->n; k++) {
        struct plan_block *b = &p->b[k];
        unsigned ways = b->kind == FLOW_BRANCH ? 2 : b->kind == FLOW_NEXT || b->kind == FLOW_GOTO;
        b->succ = 0;
        b->head = false;
        for (unsigned j = 0; j < ways; j++) {
            unsigned to = plan_find(p, b->next[j]);
            if (to != PLAN_NONE)
                b->succ |= 1ull << to;
        }
    }
    for (unsigned k = 0; k < p->n; k++)
        for (unsigned j = 0; j <= k; j++)
            p->b[j].head |= p->b[k].succ >> j & 1;
}

/* reach[k]: the blocks of `within` that ways of one or more edges inside it lead to from k. */
static void close_reach(const struct plan *p, uint64_t inside, uint64_t *reach)
{
    for (unsigned k = 0; k < p->n; k++)
        reach[k] = inside >> k & 1 ? p->b[k].succ & inside : 0;
    for (unsigned via = 0; via < p->n; via++)
        for (unsigned k = 0; k < p->n; k++)
            if (reach[k] >> via & 1)
                reach[k] |= reach[via];
}

static uint64_t component(const struct plan *p, const uint64_t *reach, unsigned k)
{
    uint64_t s = 0;
    for (unsigned j = 0; j < p->n; j++)
        if ((reach[k] >> j & 1) && (reach[j] >> k & 1))
            s |= 1ull << j;
    return s;
}

static void find_loops(struct plan *p, uint64_t inside, uint64_t entries, unsigned depth)
{
    uint64_t reach[PLAN_BLOCKS], left = inside;
    if (depth > MOST_DEPTH)
        return;
    close_reach(p, inside, reach);
    while (left) {
        unsigned k = (unsigned)__builtin_ctzll(left);
        uint64_t loop = component(p, reach, k), heads = loop & entries;
        left &= left - 1;
        if (!loop)
            continue;
        left &= ~loop;
        for (unsigned j = 0; j < p->n; j++) {
            if (loop >> j & 1)
                p->b[j].depth = (uint8_t)depth;
            else if (p->b[j].succ & loop)
                heads |= p->b[j].succ & loop;
        }
        if (!heads)
            heads = loop;
        uint64_t header = heads & -heads;
        find_loops(p, loop & ~header, p->b[__builtin_ctzll(header)].succ, depth + 1);
    }
}

/* Every cycle has a poll as long as no way leads round without one: heads that others make unnecessary, those in
 * inner loops first, need none. */
static void thin_polls(struct plan *p)
{
    uint64_t heads = 0, reach[PLAN_BLOCKS];
    unsigned most = 0;
    for (unsigned k = 0; k < p->n; k++) {
        heads |= (uint64_t)p->b[k].head << k;
        most = p->b[k].depth > most ? p->b[k].depth : most;
    }
    if (__builtin_popcountll(heads) < 2 || p->n > THIN_BLOCKS)
        return;
    for (unsigned depth = most + 1; depth-- > 0;)
        for (unsigned k = 0; k < p->n; k++) {
            if (!p->b[k].head || p->b[k].depth != depth)
                continue;
            close_reach(p, ~(heads & ~(1ull << k)), reach);
            if (reach[k] >> k & 1)
                continue;
            p->b[k].head = false;
            heads &= ~(1ull << k);
        }
}

/* Keeps the blocks of a set. */
static void keep(struct plan *p, uint64_t set)
{
    uint64_t entry = p->b[p->entry].pc;
    unsigned n = 0;
    for (unsigned k = 0; k < p->n; k++)
        if (set >> k & 1)
            p->b[n++] = p->b[k];
    p->n = n;
    p->entry = plan_find(p, entry);
    find_edges(p);
}

static void find_dead_flags(struct plan *p, struct ir_region *r, const struct guest *g,
                            const struct code_window *code)
{
    bool exit_dead[PLAN_BLOCKS];
    for (unsigned k = 0; k < p->n; k++) {
        const struct plan_block *b = &p->b[k];
        unsigned ways = b->kind == FLOW_BRANCH ? 2 : b->kind == FLOW_END ? 0 : 1;
        exit_dead[k] = ways != 0;
        for (unsigned j = 0; j < ways && exit_dead[k] && b->flags == FLAGS_NONE; j++) {
            unsigned budget = LOOK_INSNS;
            if (b->kind == FLOW_CALL || plan_find(p, b->next[j]) == PLAN_NONE)
                exit_dead[k] = b->next[j] && flags_dead_from(r, g, code, b->next[j], &budget);
        }
        p->b[k].flags_dead = true;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (unsigned k = p->n; k-- > 0;) {
            struct plan_block *b = &p->b[k];
            bool dead = b->flags == FLAGS_SET;
            if (b->flags == FLAGS_NONE) {
                dead = exit_dead[k];
                for (unsigned j = 0; j < p->n; j++)
                    dead &= !(b->succ >> j & 1) || p->b[j].flags_dead;
            }
            changed |= dead != b->flags_dead;
            b->flags_dead = dead;
        }
    }
}

bool plan_make(struct plan *p, struct ir_region *r, const struct guest *g, const struct code_window *code,
               bool (*wanted)(const void *arg, uint64_t pc), const void *arg, unsigned max_insns)
{
    struct walk w = { .g = g, .code = code };
    uint64_t reach[PLAN_BLOCKS];
    w.lo = code->pc - (code->before < REACH ? code->before : REACH);
    w.hi = code->pc + (code->len < REACH ? code->len : REACH);
    lead(&w, code->pc);
    while (w.head < w.tail)
        follow(&w, w.queue[w.head++], wanted, arg, max_insns);
    if (!bit(w.seen, unit(&w, code->pc)))
        return false;
    cut(p, &w);
    p->entry = plan_find(p, code->pc);
    find_edges(p);
    close_reach(p, ~0ull, reach);
    uint64_t nest = component(p, reach, p->entry);
    if (!nest)
        return false;
    keep(p, nest);
    find_loops(p, ~0ull, 1ull << p->entry, 1);
    thin_polls(p);
    find_dead_flags(p, r, g, code);
    for (unsigned k = 0; k < p->n; k++) {
        if (p->b[k].pc < r->seen_lo)
            r->seen_lo = p->b[k].pc;
        if (p->b[k].end > r->seen_hi)
            r->seen_hi = p->b[k].end;
    }
    return true;
}
