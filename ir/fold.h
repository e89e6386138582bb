/*
 * What the chapters of folding share (fold.c, fold_int.c, fold_cmp.c, fold_vec.c).
 *
 * A rule gets the instruction that is asked for and either returns the value that takes its place,
 * or returns 0 having perhaps changed the instruction's operands; the caller then looks for an
 * equal one and appends. While a region is built, ir_inst.zeros holds the number of high bits known
 * to be zero (v128: 64 if the high half is) and ir_inst.mark 1 + the register the value was last
 * committed to.
 *
 * The rule about lives: pinned guest registers are host registers, so a value that was in one dies
 * when the register is set again. Folding never brings such a value back (fold_may_use).
 */
#ifndef MYNA_IR_FOLD_H
#define MYNA_IR_FOLD_H

#include "build.h"
#include "eval.h"

enum fold_home { HOME_TEMP, HOME_CURRENT, HOME_LOST };

/* The instruction that defines v; a nop for constants and none. */
static inline const struct ir_inst *fold_def(const struct ir_region *r, ir_ref v)
{
    return &r->insts[ir_is_const(v) ? 0 : v];
}

/* Does the wide value w hold v in its low part at no cost? */
static inline bool fold_widens(const struct ir_inst *w, ir_ref v)
{
    return w->arg[0] == v && ((w->op == IR_zext && w->imm == 32) || w->op == IR_vzx);
}

/* Where v is: a temporary, in the home of a guest register, or only where a home once was. */
static inline enum fold_home fold_home(const struct ir_region *r, ir_ref v)
{
    while (!ir_is_const(v)) {
        const struct ir_inst *i = &r->insts[v];
        if (i->mark) {
            ir_ref now = r->cur[i->mark - 1];
            return now == v || fold_widens(fold_def(r, now), v) ? HOME_CURRENT : HOME_LOST;
        }
        if (i->op != IR_trunc && i->op != IR_vlow)
            return HOME_TEMP;
        v = i->arg[0];
    }
    return HOME_CURRENT;
}

/* May operand x of v be used in place of v? Not if x is lost, nor if that keeps a temporary alive
 * where v is at hand in a home. */
static inline bool fold_may_use(const struct ir_region *r, ir_ref x, ir_ref v)
{
    enum fold_home h = fold_home(r, x);
    return h == HOME_CURRENT || (h == HOME_TEMP && fold_home(r, v) != HOME_CURRENT);
}

/* High bits of integer v known to be zero. */
static inline unsigned fold_zeros(const struct ir_region *r, ir_ref v)
{
    if (!ir_is_const(v))
        return r->insts[v].zeros;
    const struct ir_const *c = &r->consts[v & ~IR_CONST_BIT];
    unsigned w = ir_type_bits((enum ir_type)c->type);
    return c->lo ? (unsigned)__builtin_clzll(c->lo) - (64 - w) : w;
}

/* Is v known to be 0 or 1? */
static inline bool fold_is_bool(const struct ir_region *r, ir_ref v)
{
    return fold_zeros(r, v) >= ir_type_bits(ir_type_of(r, v)) - 1;
}

static inline bool fold_is_k(const struct ir_region *r, ir_ref v, uint64_t k)
{
    uint64_t c;
    return ir_const_get(r, v, &c) && c == k;
}

/* An instruction equal to in that may be used here, or 0. */
ir_ref fold_find(const struct ir_region *r, const struct ir_inst *in);

/* Chapters. */
ir_ref fold_int(struct ir_region *r, struct ir_inst *in);
ir_ref fold_cmp(struct ir_region *r, struct ir_inst *in);
ir_ref fold_convert(struct ir_region *r, struct ir_inst *in); /* pairs, floats */
ir_ref fold_vector(struct ir_region *r, struct ir_inst *in);

#endif
