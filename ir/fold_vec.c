/*
 * Folding of pairs, conversions between register files, and vectors.
 *
 * The rules of vectors know when an upper half is zero, join what was narrowed in halves, and undo
 * what the guest's cryptographic instructions do to fit the IR's steps: a round of AES takes the
 * columns' mixing and the next key, SHA state is not taken apart and put together between rounds.
 */
#include "fold.h"

static inline bool high_is_zero(const struct ir_region *r, ir_ref v)
{
    return ir_is_const(v) ? r->consts[v & ~IR_CONST_BIT].hi == 0 : r->insts[v].zeros == 64;
}

ir_ref fold_convert(struct ir_region *r, struct ir_inst *in)
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

/* ------------------------------------------------------------------ vectors */

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

/* The constant with x's low bits in each lane. */
static ir_ref splat(struct ir_region *r, unsigned lane, uint64_t x)
{
    for (unsigned bits = 8u << lane; bits < 64; bits *= 2)
        x = (x & ~0ull >> (64 - bits)) | x << bits;
    return ir_const128(r, IR_V128, x, x);
}

/* A vector shifted to the left and the same one shifted to the right by the rest of the lane's width, joined: a rotation.
 * Returns 0 if a and b, in either order, are not that. */
static ir_ref rotation(struct ir_region *r, ir_ref a, ir_ref b)
{
    if (fold_def(r, a)->op == IR_vshri) {
        ir_ref x = a;
        a = b;
        b = x;
    }
    const struct ir_inst *left = fold_def(r, a), *right = fold_def(r, b);
    unsigned l = left->aux & 3;
    if (left->op != IR_vshli || right->op != IR_vshri || left->arg[0] != right->arg[0] || (right->aux & 3) != l || l < 2 ||
        left->imm + right->imm != 8 << l || !fold_may_use(r, left->arg[0], a) || !fold_may_use(r, left->arg[0], b))
        return 0;
    return irv1(r, IR_vror, (enum ir_lane)l, left->arg[0], (unsigned)right->imm);
}
/* The same joined by a selection: mask has the bits that a certainly is 0 in clear, and the others set. */
static ir_ref inserted_rotation(struct ir_region *r, ir_ref mask, ir_ref a, ir_ref b)
{
    const struct ir_inst *x = fold_def(r, a);
    if (!ir_is_const(mask) || (x->op != IR_vshli && x->op != IR_vshri) || (x->aux & 3) < 2)
        return 0;
    unsigned l = x->aux & 3, n = (unsigned)x->imm;
    uint64_t lane = l == 2 ? 0xffffffff : ~0ull, want = x->op == IR_vshli ? lane << n & lane : n < 8u << l ? lane >> n : 0;
    if (l == 2)
        want |= want << 32;
    const struct ir_const *k = &r->consts[mask & ~IR_CONST_BIT];
    return k->lo == want && k->hi == want ? rotation(r, a, b) : 0;
}

ir_ref fold_vector(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    bool za = a && high_is_zero(r, a), zb = b && high_is_zero(r, b);
    const struct ir_inst *d = fold_def(r, a);
    switch ((unsigned)in->op) {
    case IR_vdup:
        return ir_is_const(a) ? splat(r, in->aux & 3, ir_const_value(r, a)) : 0;
    case IR_vdupl:
        if (ir_is_const(a)) {
            const struct ir_const *k = &r->consts[a & ~IR_CONST_BIT];
            unsigned bits = 8u << (in->aux & 3), at = (unsigned)in->imm * bits;
            return splat(r, in->aux & 3, (at < 64 ? k->lo : k->hi) >> at % 64);
        }
        return 0;
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
        return a == b ? a : rotation(r, a, b);
    case IR_vxor:
        in->aux = 0;
        in->zeros = za && zb ? 64 : 0;
        if (a == b)
            return ir_const128(r, IR_V128, 0, 0);
        if (is_aes_round(d->op) || is_aes_round(fold_def(r, b)->op)) {
            ir_ref v = keyed_round(r, a, b);
            return v ? v : keyed_round(r, b, a);
        }
        return rotation(r, a, b);
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
        return b == in->arg[2] ? b : inserted_rotation(r, a, b, in->arg[2]);
    case IR_vlow64:
        in->aux = 0;
        in->zeros = 64;
        return za ? a : ir_is_const(a) ? ir_const128(r, IR_V128, ir_const_value(r, a), 0) : 0;
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
    case IR_vadd:
        in->zeros = za && zb ? 64 : 0;
        return (d->aux & 3) == (in->aux & 3) ? rotation(r, a, b) : 0;
    case IR_vsub: case IR_vmul: case IR_vsmin: case IR_vsmax: case IR_vumin:
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
            if (d->op == IR_vins && d->aux == in->aux && d->imm == in->imm && bits == w &&
                ir_type_of(r, d->arg[1]) == in->type && fold_may_use(r, d->arg[1], a))
                return d->arg[1];
            if (d->op == IR_vzx && in->imm == 0 && bits == 64 && ir_type_of(r, d->arg[0]) == IR_I32 &&
                fold_may_use(r, d->arg[0], a))
                return ir1i(r, IR_zext, IR_I64, d->arg[0], 32);
        }
        return 0;
    }
    return 0;
}
