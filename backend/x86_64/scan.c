/*
 * The pre-scan before allocation: one walk over the region in the order it will be emitted.
 *
 * It gives each value the index of its last use, joins values that share a register (trunc, zext of a
 * 32-bit result, the low lane of a vector), finds comparisons that are emitted at their only use, and
 * notes for each value the guest register it is on its way to (its hint) if nothing between could show
 * the difference (the commit rule makes this the usual case).
 */
#include "emit_priv.h"

static bool is_bool_op(const struct emit *e, ir_ref v)
{
    if (ir_is_const(v))
        return false;
    const struct ir_inst *p = inst(e, v);
    return p->op == IR_icmp || p->op == IR_itst || p->op == IR_cc;
}

static void touch(struct emit *e, ir_ref v, uint32_t at, uint32_t block);

static uint32_t block_of(const struct emit *e, ir_ref v) { return e->v[v].block; }

/* A floating-point comparison raises cumulative flags: a branch that is decided before it must not skip
 * it. */
static bool compares_floats(const struct emit *e, ir_ref v)
{
    const struct ir_inst *p = inst(e, v);
    return p->op == IR_cc && !ir_is_const(p->arg[0]) && inst(e, p->arg[0])->op == IR_fcmp;
}

/* A condition of flags f stands at `at`: if it compares floats again there, their last use is there.
 * False: the flags themselves are used. */
static bool touch_floats(struct emit *e, ir_ref f, uint32_t at, uint32_t block)
{
    if (ir_is_const(f) || !(e->v[f].flags & (V_DEFER | V_AGAIN)))
        return false;
    for (int k = 0; k < 2; k++)
        touch(e, inst(e, f)->arg[k], at, block);
    return true;
}

/* Flags of floats are no host flags in a stored form that is cheap to make: conditions of them compare
 * anew. If there are no other uses, and a condition in this block, so that the comparison is done on
 * every way (it raises cumulative flags), it is not done by itself. */
static void scan_float_compare(struct emit *e, uint32_t i, uint32_t end)
{
    const struct ir_region *r = e->r;
    if (e->exact_fp)
        return;
    unsigned left = r->insts[i].uses, conditions = 0;
    bool here = false;
    for (uint32_t j = i + 1; j < r->ninsts && left; j++) {
        const struct ir_inst *p = &r->insts[j];
        for (unsigned k = 0; k < ir_opinfo[p->op].nargs; k++)
            if (p->arg[k] == i) {
                left--;
                conditions += p->op == IR_cc;
                here |= p->op == IR_cc && j < end;
            }
    }
    e->v[i].flags |= conditions && conditions == r->insts[i].uses && here ? V_DEFER : V_AGAIN;
}

/* Defers comparison v to its use at `at` (br, select); returns true if it was. and/or of comparisons
 * are deferred too where logic is set (br). */
static bool defer(struct emit *e, ir_ref v, uint32_t at, uint32_t block, bool logic)
{
    if (ir_is_const(v) || e->r->insts[v].uses != 1)
        return false;
    const struct ir_inst *p = inst(e, v);
    if (is_bool_op(e, v)) {
        if (block_of(e, v) != block)
            return false;
        e->v[v].flags |= V_DEFER;
        if (p->op == IR_cc && touch_floats(e, p->arg[0], at, block))
            return true;
        touch(e, p->arg[0], at, block);
        if (p->op != IR_cc)
            touch(e, p->arg[1], at, block);
        else if (!ir_is_const(p->arg[0]) && e->v[p->arg[0]].class == CL_FLG)
            e->v[e->v[p->arg[0]].root].hint_at = v; /* the condition that wants these flags */
        return true;
    }
    if (p->op == IR_xor && p->type == IR_I32 && ir_is_const(p->arg[1]) &&
        ir_const_value(e->r, p->arg[1]) == 1 && is_bool_op(e, p->arg[0]) &&
        inst(e, p->arg[0])->uses == 1 && block_of(e, v) == block &&
        defer(e, p->arg[0], at, block, false)) {
        e->v[v].flags |= V_DEFER;
        return true;
    }
    if (logic && (p->op == IR_and || p->op == IR_or) && p->type == IR_I32 &&
        is_bool_op(e, p->arg[0]) && is_bool_op(e, p->arg[1]) && !compares_floats(e, p->arg[0]) &&
        !compares_floats(e, p->arg[1]) && inst(e, p->arg[0])->uses == 1 &&
        inst(e, p->arg[1])->uses == 1 && p->arg[0] != p->arg[1] && block_of(e, v) == block &&
        block_of(e, p->arg[0]) == block && block_of(e, p->arg[1]) == block) {
        e->v[v].flags |= V_DEFER;
        defer(e, p->arg[0], at, block, false);
        defer(e, p->arg[1], at, block, false);
        return true;
    }
    return false;
}

static inline void touch(struct emit *e, ir_ref v, uint32_t at, uint32_t block)
{
    if ((int32_t)v <= 0) /* none, or a constant */
        return;
    struct vinfo *p = vi(e, v);
    if (p->last < at)
        p->last = at;
    if (__builtin_expect(p->block != block, 0) && e->b[p->block].chain != e->b[block].chain)
        p->flags |= V_GLOBAL | V_STABLE;
}

/* Does the emitted form of p leave bits 63:32 of its register zero? */
static bool zeroes_upper(const struct ir_inst *p)
{
    if (p->type != IR_I32)
        return false;
    if ((p->op == IR_ubfx || p->op == IR_sbfx || p->op == IR_zext || p->op == IR_sext) &&
        (p->imm == (32 << 8) || p->imm == 32))
        return false; /* the whole value: may be copied as it is */
    switch ((enum ir_op)p->op) {
    case IR_add: case IR_sub: case IR_mul: case IR_udiv: case IR_sdiv: case IR_and: case IR_or:
    case IR_xor: case IR_andn: case IR_not: case IR_neg: case IR_shl: case IR_shr: case IR_sar:
    case IR_ror: case IR_clz: case IR_ctz: case IR_popcnt: case IR_bswap: case IR_rbit: case IR_extr:
    case IR_ubfx: case IR_sbfx: case IR_bfi: case IR_zext: case IR_sext: case IR_adc: case IR_sbc:
    case IR_select: case IR_crc32c: case IR_load: case IR_icmp: case IR_itst: case IR_cc:
    case IR_flget: case IR_casx: case IR_vget: case IR_fbits: case IR_fcvti:
        return true;
    default: /* a property most operations do not have: list above is what the emitters promise */
        return false;
    }
}

static bool shares_register(const struct emit *e, const struct ir_inst *p)
{
    if (p->op != IR_trunc && p->op != IR_zext && p->op != IR_vlow && p->op != IR_vzx)
        return false;
    if (ir_is_const(p->arg[0]))
        return false;
    const struct ir_inst *a = inst(e, p->arg[0]);
    if (p->op == IR_zext)
        return p->imm == 32 && a->type == IR_I32 && zeroes_upper(a) && !(e->v[p->arg[0]].flags & V_DEFER);
    if (p->op == IR_vzx)
        return class_of(a->type) == CL_XMM && emit_upper_zero(e->r, p->arg[0]);
    return true;
}

/* FLG operation i right after the addition or subtraction of the same operands: one host instruction
 * does both. A subtraction of a constant may have become an addition. Returns the arithmetic
 * operation's index, or 0. */
static uint32_t fused_with(const struct emit *e, uint32_t i, uint32_t first)
{
    const struct ir_inst *f = inst(e, i);
    uint32_t j = i - 1;
    while (j > first && inst(e, j)->op == IR_nop)
        j--;
    const struct ir_inst *p = inst(e, j);
    if (j < first || p->arg[0] != f->arg[0] || ir_is_const(p->arg[0]))
        return 0;
    bool sub = f->op == IR_flsub;
    if (p->op == (sub ? IR_sub : IR_add) && p->arg[1] == f->arg[1])
        return j;
    if (sub && p->op == IR_add && ir_is_const(p->arg[1]) && ir_is_const(f->arg[1])) {
        uint64_t sum = ir_const_value(e->r, p->arg[1]) + ir_const_value(e->r, f->arg[1]);
        return (p->type == IR_I64 ? sum : (uint32_t)sum) == 0 ? j : 0;
    }
    return 0;
}

/* Instructions i and j: an addition or subtraction with carry and its flags, of the same operands. */
static bool carries_same(const struct emit *e, uint32_t i, uint32_t j)
{
    const struct ir_inst *p = inst(e, i), *q = inst(e, j);
    return ((p->op == IR_adc && q->op == IR_fladc) || (p->op == IR_sbc && q->op == IR_flsbc)) &&
           p->arg[0] == q->arg[0] && p->arg[1] == q->arg[1] && p->arg[2] == q->arg[2] && !ir_is_const(p->arg[0]);
}

/* The carry of instruction i, which is used by the flags after it too: these cost nothing, so i is its only use. */
static bool defer_carry(struct emit *e, uint32_t i, uint32_t block)
{
    ir_ref c = inst(e, i)->arg[2];
    uint32_t j = i + 1;
    while (inst(e, j)->op == IR_nop)
        j++;
    if (ir_is_const(c) || !carries_same(e, i, j) || inst(e, c)->op != IR_cc || inst(e, c)->uses != 2 ||
        block_of(e, c) != block || compares_floats(e, c))
        return false;
    e->v[c].flags |= V_DEFER;
    touch(e, inst(e, c)->arg[0], i, block);
    return true;
}

/* Which operand of the addition p, in block b, is a value shifted left by 1 to 3 and used by nothing else? It is made in the
 * addition, a lea (emit_add_sub). -1: none. */
static int scaled_operand(const struct emit *e, const struct ir_inst *p, uint32_t b)
{
    for (int k = 1; k >= 0; k--) {
        ir_ref v = p->arg[k];
        if (ir_is_const(v) || ir_is_const(p->arg[!k]) || v == p->arg[!k] || block_of(e, v) != b)
            continue;
        const struct ir_inst *q = inst(e, v);
        if (q->op == IR_shl && q->uses == 1 && q->type == p->type && !ir_is_const(q->arg[0]) &&
            ir_is_const(q->arg[1]) && ir_const_value(e->r, q->arg[1]) - 1 < 3)
            return k;
    }
    return -1;
}

/* The operands of instruction i of block b are used there. */
static void touch_operands(struct emit *e, uint32_t i, uint32_t b, uint32_t first)
{
    const struct ir_inst *p = inst(e, i);
    uint32_t fused;
    int scaled;
    switch (p->op) {
    case IR_add:
        if ((scaled = scaled_operand(e, p, b)) < 0)
            break;
        e->v[p->arg[scaled]].flags |= V_DEFER;
        touch(e, inst(e, p->arg[scaled])->arg[0], i, b);
        touch(e, p->arg[!scaled], i, b);
        return;
    case IR_br:
    case IR_select:
        if (!defer(e, p->arg[0], i, b, p->op == IR_br))
            touch(e, p->arg[0], i, b);
        touch(e, p->arg[1], i, b);
        touch(e, p->arg[2], i, b);
        return;
    case IR_adc: case IR_sbc: case IR_fladc: case IR_flsbc:
        for (fused = i - 1; fused > first && inst(e, fused)->op == IR_nop;)
            fused--;
        if (fused >= first && carries_same(e, fused, i)) {
            e->v[i].flags |= V_FUSED;
            return;
        }
        if (defer_carry(e, i, b)) {
            touch(e, p->arg[0], i, b);
            touch(e, p->arg[1], i, b);
            return;
        }
        touch(e, p->arg[0], i, b);
        touch(e, p->arg[1], i, b);
        if (ir_is_const(p->arg[2]) || inst(e, p->arg[2])->op != IR_cc ||
            !defer(e, p->arg[2], i, b, false))
            touch(e, p->arg[2], i, b);
        return;
    case IR_flsel: {
        ir_ref c = p->arg[0];
        bool compares = !ir_is_const(c) && (inst(e, c)->op == IR_icmp || inst(e, c)->op == IR_itst);
        if (!compares || !defer(e, c, i, b, false))
            touch(e, c, i, b);
        touch(e, p->arg[1], i, b);
        touch(e, p->arg[2], i, b);
        return;
    }
    case IR_fllog: {
        ir_ref m = p->arg[0];
        if (ir_is_const(m) || inst(e, m)->op != IR_and || inst(e, m)->uses != 1 || block_of(e, m) != b)
            break;
        e->v[m].flags |= V_DEFER;
        touch(e, inst(e, m)->arg[0], i, b);
        touch(e, inst(e, m)->arg[1], i, b);
        return;
    }
    case IR_flsub: case IR_fladd:
        if ((fused = fused_with(e, i, first))) {
            e->v[i].flags |= V_FUSED;
            e->v[fused].flags |= V_FUSES;
            return;
        }
        break;
    case IR_cc:
        if (!touch_floats(e, p->arg[0], i, b))
            touch(e, p->arg[0], i, b);
        return;
    case IR_fcmp:
        scan_float_compare(e, i, e->r->blocks[b].end);
        break;
    default: /* the operands that it has */
        break;
    }
    switch (ir_opkind[p->op] & IR_K_ARGS) {
    case 4:
        touch(e, p->arg[3], i, b);
        /* fall through */
    case 3:
        touch(e, p->arg[2], i, b);
        /* fall through */
    case 2:
        touch(e, p->arg[1], i, b);
        /* fall through */
    case 1:
        touch(e, p->arg[0], i, b);
    }
}

/* A value of type `type` that block b defines, seen for the first time. */
static inline void begin_value(struct vinfo *v, uint32_t root, unsigned type, uint32_t b)
{
    v->root = root;
    v->last = 0;
    v->hint_at = 0;
    v->mem = 0;
    v->reg = -1;
    v->hint = 0;
    v->flags = 0;
    v->class = class_of(type);
    v->block = (uint16_t)b;
}

/* Instruction i is a `set`, or what is left of one: its value may be made in the register's home. */
static void go_home(struct emit *e, uint32_t i, uint32_t barrier, const uint32_t *access)
{
    const struct ir_inst *p = inst(e, i);
    struct vinfo *w = vi(e, p->arg[0]);
    if (w->root > barrier && access[p->imm] < w->root &&
        (!w->hint || e->home[w->hint - 1].reg < 0) && inst(e, w->root)->op != IR_get &&
        w->class == class_of(inst(e, p->arg[0])->type)) {
        w->hint = (uint8_t)(p->imm + 1);
        w->hint_at = i;
    }
}

static void scan_block(struct emit *e, uint32_t b, uint32_t *access)
{
    const struct ir_region *r = e->r;
    uint32_t first = r->blocks[b].first, end = r->blocks[b].end;
    uint32_t barrier = first - (first > 0);
    for (uint32_t i = first; i < end; i++) {
        const struct ir_inst *p = &r->insts[i];
        struct vinfo *v = &e->v[i];
        switch (p->op) {
        case IR_nop: /* a vector on its way through a home that nothing sees: not the few scratch registers */
            if (p->arg[0] && inst(e, p->arg[0])->type == IR_V128 && inst(e, p->arg[0])->op != IR_nop)
                go_home(e, i, barrier, access);
            continue;
        case IR_insn:
            continue;
        case IR_get:
            begin_value(v, i, p->type, b);
            access[p->imm] = i;
            continue;
        case IR_set:
            begin_value(v, i, IR_VOID, b);
            if (!ir_is_const(p->arg[0])) {
                touch(e, p->arg[0], i, b);
                go_home(e, i, barrier, access);
            }
            access[p->imm] = i;
            continue;
        case IR_load:
        case IR_store:
            begin_value(v, i, p->type, b);
            touch(e, p->arg[0], i, b);
            touch(e, p->arg[1], i, b);
            if (p->op == IR_store)
                touch(e, p->arg[2], i, b);
            if (!(p->aux & IR_MEM_JOINED))
                barrier = i - 1; /* its own result may go to a home: the fault comes before */
            continue;
        default: /* by table */
            break;
        }
        begin_value(v, i, p->type, b);
        touch_operands(e, i, b, first);
        if (shares_register(e, p)) {
            v->root = root_of(e, p->arg[0]);
            if (block_of(e, v->root) != b && e->b[block_of(e, v->root)].chain != e->b[b].chain)
                v->root = i; /* not over blocks */
        }
        if ((ir_opkind[p->op] & (IR_K_FAULT | IR_K_TERM)) ||
            (p->op == IR_call && r->target->helpers[p->imm].class != IR_PURE))
            barrier = i - 1;
    }
}

void ra_region_begin(struct emit *e)
{
    const struct ir_region *r = e->r;
    for (uint32_t b = 0; b < r->nblocks; b++) {
        e->b[b].preds = 0;
        e->b[b].chain = b;
        e->b[b].exit = b && block_is_exit(r, b, &e->b[b].exit_pc);
        e->b[b].label.at = NULL;
        e->b[b].label.last = NULL;
    }
    for (uint32_t b = 0; b < r->nblocks; b++) {
        const struct ir_inst *t = &r->insts[r->blocks[b].end - 1];
        if (t->op == IR_jmp) {
            e->b[t->imm].preds++;
        } else if (t->op == IR_br) {
            e->b[t->imm & 0xffffffff].preds++;
            e->b[t->imm >> 32].preds++;
        }
    }
    /* A block continues the one laid out before it if that is its only predecessor. */
    for (uint32_t k = 1, prev = r->blocks[0].nth; k < r->nbegun; k++) {
        uint32_t b = r->blocks[k].nth;
        if (e->b[b].exit)
            continue;
        const struct ir_inst *t = &r->insts[r->blocks[prev].end - 1];
        bool falls = (t->op == IR_jmp && t->imm == b) ||
                     (t->op == IR_br && ((uint32_t)t->imm == b || (uint32_t)(t->imm >> 32) == b));
        if (falls && b && e->b[b].preds == 1 && !r->blocks[b].entry)
            e->b[b].chain = e->b[prev].chain;
        prev = b;
    }

    uint32_t access[IR_MAXREGS]; /* last get or set of each guest register */
    memset(access, 0, r->target->nregs * sizeof *access);
    for (uint32_t k = 0; k < r->nbegun; k++)
        if (!e->b[r->blocks[k].nth].exit)
            scan_block(e, r->blocks[k].nth, access);
}
