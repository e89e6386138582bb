/*
 * The folding builder: ir_emit, and ir_pass_fold that sends a raw region through it.
 *
 * Everything is decided when an instruction is asked for, from what stands before it in the
 * extended basic block: no pass runs over the code afterwards. ir_emit sends the operation to its
 * chapter (fold_int.c, fold_cmp.c, and here: state, memory, control, floats and vectors), then
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

/* ------------------------------------------------------- pairs, floats, vectors */

static inline bool high_is_zero(const struct ir_region *r, ir_ref v)
{
    return ir_is_const(v) ? r->consts[v & ~IR_CONST_BIT].hi == 0 : r->insts[v].zeros == 64;
}

static ir_ref fold_convert(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    const struct ir_inst *d = fold_def(r, a);
    ir_ref x = d->arg[0];
    bool usable = d->op && x && fold_may_use(r, x, a);
    switch ((unsigned)in->op) {
    case IR_pair:
        if (ir_is_const(a) && ir_is_const(in->arg[1]))
            return ir_const128(r, IR_I128, ir_const_value(r, a), ir_const_value(r, in->arg[1]));
        break;
    case IR_lo64:
    case IR_hi64:
        if (ir_is_const(a)) {
            const struct ir_const *k = &r->consts[a & ~IR_CONST_BIT];
            return ir_const(r, IR_I64, in->op == IR_lo64 ? k->lo : k->hi);
        }
        x = d->arg[in->op == IR_hi64];
        if (d->op == IR_pair && fold_may_use(r, x, a))
            return x;
        break;
    case IR_fbits:
        in->zeros = ir_type_of(r, a) == IR_F16 ? 16 : 0;
        if (usable && d->op == IR_bitsf && ir_type_of(r, x) == in->type && d->type != IR_F16)
            return x;
        if (d->op == IR_vlow && fold_def(r, x)->op == IR_vzx) { /* an integer went through a vector */
            ir_ref n = fold_def(r, x)->arg[0];
            if (ir_type_of(r, n) == in->type && fold_may_use(r, n, a))
                return n;
        }
        break;
    case IR_bitsf:
        if (usable && d->op == IR_fbits && ir_type_of(r, x) == in->type)
            return x;
        break;
    case IR_vlow:
        if (usable && d->op == IR_vzx && ir_type_of(r, x) == in->type)
            return x;
        break;
    case IR_vzx:
        in->zeros = 64;
        if (usable && d->op == IR_vlow && in->aux == 0 && d->type == IR_F64)
            return irv1(r, IR_vlow64, IR_B, x, 0);
        break;
    case IR_fneg:
        if (usable && d->op == IR_fneg)
            return x;
        break;
    case IR_fabs:
        if (usable && (d->op == IR_fneg || d->op == IR_fabs))
            return ir1(r, IR_fabs, (enum ir_type)in->type, x);
        break;
    }
    return 0;
}

/* May temporary v be used once more, though its user's value is at hand in a home? */
static inline bool at_hand(const struct ir_region *r, ir_ref v)
{
    return v && !ir_is_const(v) && v >= r->ebb_start && fold_home(r, v) != HOME_LOST;
}

/* Lanes of a and b picked together, where those are themselves picked from one pair (x, y), are x or y
 * as they were: SHA state goes from the host's order of words to the guest's and back. Worth a
 * temporary. Returns 0 if it is neither. */
static ir_ref unpicked(const struct ir_region *r, const struct ir_inst *in)
{
    const struct ir_inst *a = fold_def(r, in->arg[0]), *b = fold_def(r, in->arg[1]);
    if (a->op != IR_vpick || b->op != IR_vpick || a->arg[0] != b->arg[0] || a->arg[1] != b->arg[1])
        return 0;
    bool is[2] = { true, true };
    for (unsigned n = 0; n < 4; n++) {
        unsigned lane = (unsigned)in->imm >> 2 * n & 3;
        unsigned from = (unsigned)(n < 2 ? a : b)->imm >> 2 * lane & 3;
        is[0] &= from == n && (lane < 2 || a->arg[0] == a->arg[1]);
        is[1] &= from == n && (lane >= 2 || a->arg[0] == a->arg[1]);
    }
    ir_ref v = is[0] ? a->arg[0] : is[1] ? a->arg[1] : 0;
    return at_hand(r, v) ? v : 0;
}

static inline bool is_aes_round(unsigned op)
{
    return op == IR_vaesenc || op == IR_vaesencl || op == IR_vaesdec || op == IR_vaesdecl;
}
static inline bool is_zero128(const struct ir_region *r, ir_ref v)
{
    return ir_is_const(v) && high_is_zero(r, v) && ir_const_value(r, v) == 0;
}

/* m ^ key where m is a round with a key of zero: the round with this key, which saves the chain of rounds a
 * step. Only if no other round stands between: of several blocks in turn each would keep a temporary,
 * and their rounds do not wait for each other. Returns 0 if not. */
static ir_ref keyed_round(struct ir_region *r, ir_ref m, ir_ref key)
{
    enum { NEAR = 24 };
    const struct ir_inst *d = fold_def(r, m);
    if (!is_aes_round(d->op) || !is_zero128(r, d->arg[1]) || r->ninsts - m > NEAR ||
        !at_hand(r, d->arg[0]))
        return 0;
    for (uint32_t v = m + 1; v < r->ninsts; v++)
        if (is_aes_round(r->insts[v].op))
            return 0;
    return irv2(r, (enum ir_op)d->op, IR_B, d->arg[0], key, 0);
}

/* Two vectors narrowed one after the other, into the low and the high half, are narrowed at once. a is
 * the low half, b the high one. Returns 0 where that isn't what they are. */
static ir_ref narrowed_pair(struct ir_region *r, ir_ref a, ir_ref b)
{
    const struct ir_inst *x = fold_def(r, a), *y = fold_def(r, b);
    if (x->op == IR_vlow64)
        x = fold_def(r, a = x->arg[0]);
    if (y->op == IR_vlow64)
        y = fold_def(r, b = y->arg[0]);
    if (x->op != y->op || x->aux != y->aux || x->imm != y->imm || !fold_may_use(r, x->arg[0], a) ||
        !fold_may_use(r, y->arg[0], b))
        return 0;
    unsigned l = x->aux & 3, n = (unsigned)x->imm;
    ir_ref lo = x->arg[0], hi = y->arg[0];
    switch ((unsigned)x->op) {
    case IR_vpackss: case IR_vpacksu: case IR_vpackuu:
        return irv2(r, (enum ir_op)x->op, (enum ir_lane)l, lo, hi, 0);
    case IR_vxtn:
        return irv2(r, IR_vuzp1, (enum ir_lane)(l - 1), lo, hi, 0);
    case IR_vshrn:
        if (n == 4u << l)
            return irv2(r, IR_vuzp2, (enum ir_lane)(l - 1), lo, hi, 0);
        lo = irv1(r, IR_vshri, (enum ir_lane)l, lo, n);
        hi = irv1(r, IR_vshri, (enum ir_lane)l, hi, n);
        return irv2(r, IR_vuzp1, (enum ir_lane)(l - 1), lo, hi, 0);
    }
    return 0;
}

static ir_ref fold_vector(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    bool za = a && high_is_zero(r, a), zb = b && high_is_zero(r, b);
    const struct ir_inst *d = fold_def(r, a);
    switch ((unsigned)in->op) {
    case IR_vand:
        in->aux = 0;
        in->zeros = za || zb ? 64 : 0;
        if (d->op == IR_vand && ir_is_const(b) && ir_is_const(d->arg[1])) {
            const struct ir_const *k = &r->consts[b & ~IR_CONST_BIT],
                                  *m = &r->consts[d->arg[1] & ~IR_CONST_BIT];
            if (!(m->lo & ~k->lo) && !(m->hi & ~k->hi))
                return a; /* masked more narrowly before */
        }
        return a == b ? a : 0;
    case IR_vor:
        in->aux = 0;
        in->zeros = za && zb ? 64 : 0;
        return a == b ? a : 0;
    case IR_vxor:
        in->aux = 0;
        in->zeros = za && zb ? 64 : 0;
        if (a == b)
            return ir_const128(r, IR_V128, 0, 0);
        if (is_aes_round(d->op) || is_aes_round(fold_def(r, b)->op)) {
            ir_ref v = keyed_round(r, a, b);
            return v ? v : keyed_round(r, b, a);
        }
        return 0;
    case IR_vandn:
        in->aux = 0;
        in->zeros = za ? 64 : 0;
        return a == b ? ir_const128(r, IR_V128, 0, 0) : 0;
    case IR_vnot:
        in->aux = 0;
        return d->op == IR_vnot && fold_may_use(r, d->arg[0], a) ? d->arg[0] : 0;
    case IR_vbsl:
        in->aux = 0;
        in->zeros = zb && high_is_zero(r, in->arg[2]) ? 64 : 0;
        return b == in->arg[2] ? b : 0;
    case IR_vlow64:
        in->aux = 0;
        in->zeros = 64;
        return za ? a : 0;
    case IR_vxor3:
        in->aux = 0;
        in->zeros = za && zb && high_is_zero(r, in->arg[2]) ? 64 : 0;
        return 0;
    case IR_vpick:
        return unpicked(r, in);
    case IR_vaesmc: /* of a round without a key: the round with it */
    case IR_vaesimc:
        if (d->op == (in->op == IR_vaesmc ? IR_vaesencl : IR_vaesdecl) &&
            is_zero128(r, d->arg[1]) && at_hand(r, d->arg[0]))
            return irv2(r, in->op == IR_vaesmc ? IR_vaesenc : IR_vaesdec, IR_B, d->arg[0],
                        d->arg[1], 0);
        return 0;
    case IR_vror:
    case IR_vshli: case IR_vshri: case IR_vsari:
        in->zeros = za ? 64 : 0;
        return in->imm == 0 ? a : 0;
    case IR_vneg: case IR_vabs: case IR_vcnt: case IR_vrbit: case IR_vrev: case IR_vshlv:
    case IR_vshrv: case IR_vsarv:
        in->zeros = za ? 64 : 0;
        return 0;
    case IR_vadd: case IR_vsub: case IR_vmul: case IR_vsmin: case IR_vsmax: case IR_vumin:
    case IR_vumax: case IR_vuavg: case IR_vurhavg: case IR_vuqadd: case IR_vuqsub:
    case IR_vsqadd: case IR_vsqsub:
        in->zeros = za && zb ? 64 : 0;
        return 0;
    case IR_vtst: case IR_vfxmul: case IR_vdot4: case IR_vmaddw: case IR_vmaddb:
        in->zeros = za || zb ? 64 : 0;
        return 0;
    case IR_vsad:
        in->zeros = za && zb ? 64 : 0;
        return 0;
    case IR_vcomb:
        return narrowed_pair(r, a, b);
    case IR_vuxtl: /* an upper half: interleaved with zeros */
        if (d->op == IR_vhigh64 && fold_may_use(r, d->arg[0], a))
            return irv2(r, IR_vzip2, (enum ir_lane)in->aux, d->arg[0], ir_const128(r, IR_V128, 0, 0), 0);
        return 0;
    case IR_vhigh64: case IR_vext64: case IR_vaddv: case IR_vumaxv: case IR_vuminv: case IR_vsmaxv:
    case IR_vsminv: case IR_vxtn: case IR_vshrn:
        in->zeros = 64;
        return 0;
    case IR_vget:
        if (in->type == IR_I32 || in->type == IR_I64) {
            unsigned w = ir_type_bits((enum ir_type)in->type), bits = ir_lane_bits[in->aux & 7];
            in->zeros = (uint8_t)(in->imm & 0x80 || bits > w ? 0 : w - bits);
            if (d->op == IR_vzx && (in->imm & 15) == 0 && ir_type_of(r, d->arg[0]) == in->type &&
                bits == w && fold_may_use(r, d->arg[0], a))
                return d->arg[0];
        }
        return 0;
    }
    return 0;
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
