/*
 * Flex homes: in a region with loops, guest registers that live in slots elsewhere get host registers, in place of
 * pinned guest registers that the region touches little or not at all. Those are in their slots meanwhile. The
 * change is made at the region's entry and undone at every way out; fault entries say that it is in force.
 */
#include "emit_priv.h"

static void move_vector(struct emit *e, bool load, int reg, struct mem m)
{
    unsigned op = load ? OP_MOVUPS_L : OP_MOVUPS_S;
    if (reg >= 16)
        evex_rrm(&e->cb, op, false, reg, 0, m);
    else
        x_rm(&e->cb, op, false, reg, m);
}

/* The homes of a loop go back to what all other code expects. Keeps EFLAGS. */
void flex_out(struct emit *e)
{
    for (unsigned k = 0; k < e->nflex; k++) {
        const struct xlate_flex *f = &e->flex[k].f;
        struct mem in = mem_bd(STATE, e->r->target->regs[f->in].offset - STATE_BIAS);
        struct mem out = mem_bd(STATE, e->r->target->regs[f->out].offset - STATE_BIAS);
        if (f->vector) {
            if (e->flex[k].dirty)
                move_vector(e, false, f->reg, in);
            move_vector(e, true, f->reg, out);
        } else {
            if (e->flex[k].dirty)
                x_rm(&e->cb, OP_MOV_RM_R, true, f->reg, in);
            x_rm(&e->cb, OP_MOV_R_RM, true, f->reg, out);
        }
    }
}

void flex_in(struct emit *e)
{
    for (unsigned k = 0; k < e->nflex; k++) {
        const struct xlate_flex *f = &e->flex[k].f;
        struct mem in = mem_bd(STATE, e->r->target->regs[f->in].offset - STATE_BIAS);
        struct mem out = mem_bd(STATE, e->r->target->regs[f->out].offset - STATE_BIAS);
        if (f->vector) {
            move_vector(e, false, f->reg, out);
            move_vector(e, true, f->reg, in);
        } else {
            x_rm(&e->cb, OP_MOV_RM_R, true, f->reg, out);
            x_rm(&e->cb, OP_MOV_R_RM, true, f->reg, in);
        }
    }
}

/* Has the region a way back to its entry or, planned as loops, an inner one? */
static bool has_loop(const struct ir_region *r)
{
    for (uint32_t b = 0; b < r->nblocks; b++) {
        const struct ir_inst *t = &r->insts[r->blocks[b].end - 1];
        if (r->blocks[b].depth || (t->op == IR_jmp && t->imm == 0) ||
            (t->op == IR_br && ((uint32_t)t->imm == 0 || (uint32_t)(t->imm >> 32) == 0)))
            return true;
    }
    return false;
}

/* How often each guest register is read and set, inner loops counted eightfold. False: the region has an
 * operation that wants the pinned registers where they are. */
static bool count_accesses(const struct ir_region *r, uint32_t *gets, uint32_t *sets)
{
    memset(gets, 0, r->target->nregs * sizeof *gets);
    memset(sets, 0, r->target->nregs * sizeof *sets);
    for (uint32_t b = 0; b < r->nblocks; b++) {
        unsigned weight = r->blocks[b].depth > 1 ? 1u << 3 * (r->blocks[b].depth - 1) : 1;
        for (uint32_t i = r->blocks[b].first; i < r->blocks[b].end; i++) {
            const struct ir_inst *p = &r->insts[i];
            switch (p->op) {
            case IR_get:
                gets[p->imm] += weight;
                break;
            case IR_set:
                sets[p->imm] += weight;
                break;
            case IR_call: /* its stub syncs the pinned registers' slots */
                return false;
            case IR_cas:
            case IR_casx:
                if (IR_MEM_SIZE(p->aux) == 4) /* borrows two registers */
                    return false;
                break;
            default: /* no other operation matters */
                break;
            }
        }
    }
    return true;
}

/* The host register of row's class whose pinned guest register is touched least, or -1; *cost: how much. */
static int cheapest_home(const struct emit *e, unsigned row, const uint32_t *gets, const uint32_t *sets, uint32_t *cost)
{
    bool vector = e->r->target->regs[row].type == IR_V128;
    int found = -1;
    *cost = UINT32_MAX;
    for (int h = 0; h < (vector ? NXMM : NGPR); h++) {
        int out = vector ? e->xpin[h] : e->gpin[h];
        if (out < 0 || e->home[out].reg != h)
            continue;
        uint32_t touched = gets[out] + sets[out];
        if (touched < *cost) {
            *cost = touched;
            found = h;
        }
    }
    return found;
}

/* Chooses flex homes for a region with loops: guest registers it carries or reads often, for host registers
 * whose pinned guest register it does not touch, or far less often. */
void flex_choose(struct emit *e)
{
    const struct ir_region *r = e->r;
    uint32_t gets[IR_MAXREGS], sets[IR_MAXREGS];
    if (e->without & WITHOUT_FLEXHOMES || !has_loop(r) || ir_has_landings(r) || !count_accesses(r, gets, sets))
        return;
    while (e->nflex < MAX_FLEX) {
        int best = -1, best_reg = -1;
        uint32_t best_gain = 1;
        for (unsigned k = 0; k < r->target->nregs; k++) {
            unsigned type = r->target->regs[k].type;
            uint32_t cost, gain = gets[k] && sets[k] ? 4u + gets[k] + sets[k] / 2 : gets[k];
            if (e->home[k].reg >= 0 || (type != IR_I64 && type != IR_V128) || gain <= best_gain)
                continue;
            int reg = cheapest_home(e, k, gets, sets, &cost);
            if (reg < 0 || (cost && gain < 2 * cost + 8))
                continue;
            gain -= cost;
            if (gain > best_gain) {
                best = (int)k;
                best_gain = gain;
                best_reg = reg;
            }
        }
        if (best < 0)
            break;
        struct xlate_flex *f = &e->flex[e->nflex].f;
        f->reg = (int8_t)best_reg;
        f->vector = r->target->regs[best].type == IR_V128;
        f->in = (int16_t)best;
        f->out = f->vector ? e->xpin[f->reg] : e->gpin[f->reg];
        e->flex[e->nflex].dirty = sets[best] != 0;
        e->home[best].reg = f->reg;
        e->home[f->out].reg = -1;
        e->out->flex[e->nflex++] = *f;
    }
    e->out->nflex = e->nflex;
}
