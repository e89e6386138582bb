/*
 * The folding builder: ir_emit, and ir_pass_fold that sends a raw region through it.
 *
 * Everything is decided when an instruction is asked for, from what stands before it in the
 * extended basic block: no pass runs over the code afterwards. ir_emit sends the operation to its
 * chapter (fold_int.c, fold_cmp.c, fold_vec.c, and here: state, memory, control), then
 * looks for an equal instruction by hash, then appends. A hash entry needs no clearing: it is
 * believed only if it names an instruction of this extended basic block that equals the one asked
 * for.
 *
 * fold.h states the rule about lives that all of this obeys.
 */
#include "fold.h"
#include <stdlib.h>

static inline unsigned inst_hash(const struct ir_inst *i)
{
    uint64_t h = i->arg[0] * 0x9e3779b97f4a7c15u + i->arg[1] * 0xc2b2ae3d27d4eb4fu +
                 i->arg[2] * 0x165667b19e3779f9u + (uint64_t)i->imm * 0x85ebca77c2b2ae63u;
    return (unsigned)((h + i->op * 0x27d4eb2f165667c5u + i->aux) * 0xd6e8feb86659fd93u >> 56);
}

static inline bool inst_equal(const struct ir_inst *x, const struct ir_inst *y)
{
    return x->op == y->op && x->type == y->type && x->aux == y->aux && x->arg[0] == y->arg[0] &&
           x->arg[1] == y->arg[1] && x->arg[2] == y->arg[2] && x->arg[3] == y->arg[3] &&
           x->imm == y->imm;
}

static inline bool is_known(const struct ir_region *r, const struct ir_inst *in, uint32_t i)
{
    return i >= r->ebb_start && i < r->ninsts && inst_equal(&r->insts[i], in) &&
           fold_home(r, i) != HOME_LOST;
}

ir_ref fold_find(const struct ir_region *r, const struct ir_inst *in)
{
    uint32_t i = r->gvn[inst_hash(in)];
    return is_known(r, in, i) ? i : 0;
}

static inline ir_ref push_unique(struct ir_region *r, const struct ir_inst *in)
{
    /* A comparison costs less than keeping its result: each use has its own, next to it. */
    if (in->op == IR_icmp || in->op == IR_itst || in->op == IR_cc)
        return build_push(r, in);
    uint32_t *slot = &r->gvn[inst_hash(in)];
    if (is_known(r, in, *slot))
        return *slot;
    return *slot = build_push(r, in);
}

/* ------------------------------------------------------------------- state */

/* Value v stands in the home of reg from now on. */
static inline void commit(struct ir_region *r, unsigned reg, ir_ref v)
{
    r->cur[reg] = v;
    if (ir_is_const(v))
        return;
    struct ir_inst *i = &r->insts[v];
    if (!i->mark || r->cur[i->mark - 1] != v)
        i->mark = (uint8_t)(reg + 1);
    ir_ref low = i->arg[0];
    if ((i->op != IR_zext && i->op != IR_vzx) || ir_is_const(low) || !fold_widens(i, low))
        return;
    unsigned lt = r->insts[low].type;
    if ((i->op == IR_zext ? lt == IR_I32 : lt == IR_F64 || lt == IR_F32 || lt == IR_F16) &&
        fold_home(r, low) != HOME_CURRENT)
        r->insts[low].mark = (uint8_t)(reg + 1);
}

/* Appends an instruction of at most one operand. */
static inline ir_ref push_small(struct ir_region *r, enum ir_op op, unsigned type, unsigned aux,
                                ir_ref a, int64_t imm)
{
    if (__builtin_expect(r->ninsts == r->cap_insts, 0))
        ir_grow_insts(r);
    struct ir_inst *out = &r->insts[r->ninsts];
    *out = (struct ir_inst){(uint8_t)op, (uint8_t)type, (uint16_t)aux, 0, 0, 0, {a, 0, 0, 0}, imm};
    return r->ninsts++;
}

static inline ir_ref fold_get(struct ir_region *r, unsigned reg)
{
    ir_ref v = r->cur[reg];
    unsigned type = r->target->regs[reg].type;
    if (!v) {
        v = push_small(r, IR_get, type, 0, 0, reg);
        r->insts[v].mark = (uint8_t)(reg + 1);
        r->cur[reg] = v;
        return v;
    }
    if (type == IR_FLG) /* unused: tells ir_pass_dead that the guest reads its flags here */
        push_small(r, IR_get, type, 0, 0, reg);
    commit(r, reg, v);
    return v;
}

static inline ir_ref fold_set(struct ir_region *r, unsigned reg, ir_ref v)
{
    if (r->cur[reg] == v)
        return IR_NONE;
    ir_ref i = push_small(r, IR_set, IR_VOID, 0, v, reg);
    commit(r, reg, v);
    return i;
}

ir_ref ir_emit_insn(struct ir_region *r, uint64_t pc, unsigned len)
{
    return push_small(r, IR_insn, IR_VOID, len, 0, (int64_t)pc);
}

ir_ref ir_emit_get(struct ir_region *r, unsigned reg)
{
    if (__builtin_expect(r->raw, 0))
        return push_small(r, IR_get, r->target->regs[reg].type, 0, 0, reg);
    return fold_get(r, reg);
}

void ir_emit_set(struct ir_region *r, unsigned reg, ir_ref v)
{
    if (__builtin_expect(r->raw, 0))
        push_small(r, IR_set, IR_VOID, 0, v, reg);
    else
        fold_set(r, reg, v);
}

static ir_ref fold_call(struct ir_region *r, const struct ir_inst *in)
{
    if (r->target->helpers[in->imm].class == IR_PURE)
        return push_unique(r, in);
    memset(r->cur, 0, r->target->nregs * sizeof(r->cur[0]));
    r->ebb_start = r->ninsts; /* no temporary lives on over a call because of folding */
    return build_push(r, in);
}

/* ------------------------------------------------------------------ memory */

/* Adds k to the displacement if the sum fits 32 bits. */
static bool add_disp(struct ir_inst *in, uint64_t k)
{
    int64_t disp = (int64_t)((uint64_t)in->imm + k);
    if (disp != (int32_t)disp)
        return false;
    in->imm = disp;
    return true;
}

/* Moves sums, constants and a shift of the address into base + index << scale + imm. */
static void fold_address(struct ir_region *r, struct ir_inst *in)
{
    for (unsigned round = 0; round < 4; round++) {
        ir_ref a = in->arg[0], b = in->arg[1];
        unsigned scale = IR_MEM_SCALE(in->aux);
        uint64_t k;
        if (ir_const_get(r, b, &k) && add_disp(in, k << scale)) {
            in->arg[1] = 0;
            in->aux &= (uint16_t)~(7 << 4);
            continue;
        }
        if (ir_const_get(r, a, &k)) {
            if (!b) {
                in->arg[0] = ir_const(r, IR_I64, k + (uint64_t)in->imm);
                in->imm = 0;
            } else if (scale == 0 && add_disp(in, k)) {
                in->arg[0] = b;
                in->arg[1] = 0;
                continue;
            }
            return;
        }
        const struct ir_inst *d = fold_def(r, a);
        if (d->op == IR_add && fold_may_use(r, d->arg[0], a)) {
            if (ir_const_get(r, d->arg[1], &k)) {
                if (add_disp(in, k)) {
                    in->arg[0] = d->arg[0];
                    continue;
                }
            } else if (!b && fold_home(r, a) != HOME_CURRENT && fold_may_use(r, d->arg[1], a)) {
                in->arg[0] = d->arg[0];
                in->arg[1] = d->arg[1];
                if (fold_def(r, d->arg[0])->op == IR_shl) { /* the index is the shifted one */
                    in->arg[0] = d->arg[1];
                    in->arg[1] = d->arg[0];
                }
                continue;
            }
        }
        d = fold_def(r, b);
        if (b && ir_const_get(r, d->arg[1], &k) && fold_may_use(r, d->arg[0], b)) {
            if (d->op == IR_shl && scale + (k & 63) <= 3 && fold_home(r, b) != HOME_CURRENT) {
                in->arg[1] = d->arg[0];
                in->aux = (uint16_t)((in->aux & ~(7 << 4)) | (scale + (k & 63)) << 4);
                continue;
            }
            if (d->op == IR_add && add_disp(in, k << scale)) {
                in->arg[1] = d->arg[0];
                continue;
            }
        }
        return;
    }
}

static ir_ref fold_load(struct ir_region *r, struct ir_inst *in)
{
    fold_address(r, in);
    unsigned bits = 8u << IR_MEM_SIZE(in->aux);
    if (in->type == IR_I32 || in->type == IR_I64)
        in->zeros =
            (uint8_t)(IR_MEM_SIGNED(in->aux) ? 0 : ir_type_bits((enum ir_type)in->type) - bits);
    else if (in->type == IR_V128)
        in->zeros = bits <= 64 ? 64 : 0;
    return build_push(r, in);
}

static ir_ref fold_store(struct ir_region *r, struct ir_inst *in)
{
    unsigned bits = 8u << IR_MEM_SIZE(in->aux);
    ir_ref v = in->arg[2];
    const struct ir_inst *d = fold_def(r, v);
    if ((d->op == IR_trunc || d->op == IR_zext || d->op == IR_sext) && bits <= 32 &&
        (d->op == IR_trunc || (unsigned)d->imm >= bits) && fold_may_use(r, d->arg[0], v))
        in->arg[2] = d->arg[0];
    fold_address(r, in);
    return build_push(r, in);
}

/* ----------------------------------------------------------------- control */

static ir_ref fold_br(struct ir_region *r, struct ir_inst *in)
{
    uint32_t yes = (uint32_t)in->imm, no = (uint32_t)((uint64_t)in->imm >> 32);
    ir_ref c = in->arg[0];
    uint64_t k;
    const struct ir_inst *d = fold_def(r, c);
    if (d->op == IR_xor && fold_is_k(r, d->arg[1], 1) && fold_is_bool(r, d->arg[0]) &&
        fold_may_use(r, d->arg[0], c)) {
        in->arg[0] = d->arg[0];
        in->imm = (int64_t)((uint64_t)yes << 32 | no);
    } else if (ir_const_get(r, c, &k) || yes == no) {
        in->op = IR_jmp;
        in->imm = ir_is_const(c) && !k ? no : yes;
        in->arg[0] = 0;
    }
    return build_push_end(r, in);
}

static ir_ref fold_indirect(struct ir_region *r, struct ir_inst *in)
{
    uint64_t k;
    if (ir_const_get(r, in->arg[0], &k)) {
        if (in->op == IR_gotoi) {
            in->op = IR_goto;
            in->arg[0] = 0;
        } else {
            in->op = IR_callg;
            in->arg[0] = in->arg[1];
            in->arg[1] = 0;
        }
        in->imm = (int64_t)k;
    }
    return build_push_end(r, in);
}

/* ------------------------------------------------------------------- ir_emit */

ir_ref ir_emit(struct ir_region *r, enum ir_op op, enum ir_type t, ir_ref a, ir_ref b, ir_ref c,
               ir_ref d, unsigned aux, int64_t imm)
{
    struct ir_inst in = {(uint8_t)op, (uint8_t)t, (uint16_t)aux, 0, 0, 0, {a, b, c, d}, imm};
    ir_ref v = 0;
    if (r->raw)
        return ir_append(r, op, t, a, b, c, d, aux, imm);
    switch (op) {
    case IR_get:
        return fold_get(r, (unsigned)imm);
    case IR_set:
        return fold_set(r, (unsigned)imm, a);
    case IR_nop:
    case IR_insn:
    case IR_amo: case IR_cas: case IR_fence:
    case IR_fadd: case IR_fsub: case IR_fmul: case IR_fdiv: case IR_fsqrt: case IR_fma:
    case IR_fmin:
    case IR_fmax:
    case IR_fcmp:
    case IR_fcvt:
    case IR_fcvti:
    case IR_icvtf:
    case IR_frint: return build_push(r, &in);
    case IR_aligned:
        if (ir_is_const(a) && !(ir_const_value(r, a) & (uint64_t)(imm - 1)))
            return 0;
        return build_push(r, &in);
    case IR_casx:
        in.zeros = 31;
        return build_push(r, &in);
    case IR_load:
        return fold_load(r, &in);
    case IR_store:
        return fold_store(r, &in);
    case IR_call:
        return fold_call(r, &in);
    case IR_jmp: case IR_goto: case IR_callg: case IR_retg: case IR_leave:
        return build_push_end(r, &in);
    case IR_br:
        return fold_br(r, &in);
    case IR_gotoi: case IR_calli:
        return fold_indirect(r, &in);
    case IR_add: case IR_sub: case IR_mul: case IR_umulh: case IR_smulh: case IR_udiv: case IR_sdiv:
    case IR_and: case IR_or: case IR_xor: case IR_andn: case IR_not: case IR_neg: case IR_shl:
    case IR_shr: case IR_sar: case IR_ror: case IR_clz: case IR_ctz: case IR_popcnt: case IR_bswap:
    case IR_rbit: case IR_extr: case IR_ubfx: case IR_sbfx: case IR_bfi: case IR_zext: case IR_sext:
    case IR_trunc: case IR_adc: case IR_sbc: case IR_crc32c:
        v = fold_int(r, &in);
        break;
    case IR_icmp: case IR_itst: case IR_select: case IR_cc: case IR_flsel: case IR_flpack:
    case IR_flget: case IR_fladd: case IR_flsub: case IR_fllog: case IR_fladc: case IR_flsbc:
        v = fold_cmp(r, &in);
        break;
    case IR_pair: case IR_lo64: case IR_hi64: case IR_fneg: case IR_fabs: case IR_fbits:
    case IR_bitsf: case IR_vzx: case IR_vlow:
        v = fold_convert(r, &in);
        break;
    default: /* the vectors, which are most of the list */
        if (ir_opinfo[op].effects & ~IR_E_COMM)
            return ir_append(r, op, t, a, b, c, d, aux, imm);
        v = fold_vector(r, &in);
        break;
    }
    return v ? v : push_unique(r, &in);
}

/* ------------------------------------------------------------------ the pass */

void ir_pass_fold(struct ir_region *r)
{
    struct ir_region old = *r;
    uint32_t n = old.nblocks, *map = calloc(old.ninsts + 2 * (size_t)n + 1, sizeof(*map));
    if (!map)
        return;
    uint32_t *order = map + old.ninsts, *preds = order + n, last = UINT32_MAX, succ[2];

    ir_region_init(r, old.target);
    r->pc = old.pc;
    r->end_pc = old.end_pc;
    r->seen_lo = old.seen_lo;
    r->seen_hi = old.seen_hi;
    r->ninsns = old.ninsns;
    r->precise_flags = old.precise_flags;
    for (uint32_t b = 0; b < n; b++) {
        ir_block_new(r, old.blocks[b].pc);
        r->blocks[b] = old.blocks[b];
        r->blocks[b].first = r->blocks[b].end = 0;
    }
    unsigned filled = ir_block_order(&old, order);
    for (unsigned i = 0; i < filled; i++)
        for (unsigned k = ir_block_succ(&old, &old.blocks[order[i]], succ); k-- > 0;)
            preds[succ[k]] += succ[k] == order[i] ? 2 : 1;

    for (unsigned i = 0; i < filled; i++) {
        uint32_t b = order[i];
        bool follows = false;
        if (last != UINT32_MAX)
            for (unsigned k = ir_block_succ(&old, &old.blocks[last], succ); k-- > 0;)
                follows |= succ[k] == b;
        ir_block_begin(r, b, follows && preds[b] == 1 && !old.blocks[b].entry && b != 0);
        for (uint32_t v = old.blocks[b].first; v < old.blocks[b].end; v++) {
            const struct ir_inst *in = &old.insts[v];
            ir_ref arg[4];
            if (in->op == IR_nop)
                continue;
            for (unsigned k = 0; k < 4; k++) {
                ir_ref x = in->arg[k];
                if (ir_is_const(x)) {
                    const struct ir_const *c = &old.consts[x & ~IR_CONST_BIT];
                    x = ir_const128(r, (enum ir_type)c->type, c->lo, c->hi);
                } else if (x) {
                    x = map[x];
                }
                arg[k] = x;
            }
            map[v] = ir_emit(r, (enum ir_op)in->op, (enum ir_type)in->type, arg[0], arg[1], arg[2],
                             arg[3], in->aux, in->imm);
        }
        last = b;
    }
    free(map);
    ir_region_free(&old);
}
