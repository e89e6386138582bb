/*
 * Folding of integer operations: constants, identities, known bits, canonical forms.
 *
 * Canonical forms that other rules and the backend may count on: a constant operand of a
 * commutative operation is b; x - const is x + -const; masks of 8, 16 and 32 low bits are zext,
 * fields that reach the top are shr / sar, fields at the bottom are zext, sext or `and`; x + x is x
 * << 1; extr of one value is ror; `zext.32 (trunc x)` is `zext.32 x`.
 */
#include "fold.h"

static ir_ref konst(struct ir_region *r, const struct ir_inst *in, uint64_t v)
{
    return ir_const(r, (enum ir_type)in->type, v & ir_type_mask((enum ir_type)in->type));
}

static ir_ref un(struct ir_region *r, const struct ir_inst *in, enum ir_op op, ir_ref a,
                 int64_t imm)
{
    return ir_emit(r, op, (enum ir_type)in->type, a, 0, 0, 0, 0, imm);
}

static ir_ref bin(struct ir_region *r, const struct ir_inst *in, enum ir_op op, ir_ref a, ir_ref b)
{
    return ir_emit(r, op, (enum ir_type)in->type, a, b, 0, 0, 0, 0);
}

static unsigned min_u(unsigned a, unsigned b) { return a < b ? a : b; }
static unsigned max_u(unsigned a, unsigned b) { return a > b ? a : b; }

static ir_ref fold_add(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    unsigned zeros = min_u(fold_zeros(r, a), fold_zeros(r, b));
    in->zeros = (uint8_t)(zeros ? zeros - 1 : 0);
    uint64_t k, k2;
    const struct ir_inst *da = fold_def(r, a);
    if (ir_const_get(r, b, &k)) {
        if (k == 0)
            return a;
        if (da->op == IR_add && ir_const_get(r, da->arg[1], &k2) && fold_may_use(r, da->arg[0], a))
            return bin(r, in, IR_add, da->arg[0], konst(r, in, k + k2));
        return 0;
    }
    if (a == b)
        return bin(r, in, IR_shl, a, ir_const(r, IR_I32, 1));
    const struct ir_inst *db = fold_def(r, b);
    if (db->op == IR_neg && fold_may_use(r, db->arg[0], b))
        return bin(r, in, IR_sub, a, db->arg[0]);
    if (da->op == IR_neg && fold_may_use(r, da->arg[0], a))
        return bin(r, in, IR_sub, b, da->arg[0]);
    return 0;
}

static ir_ref fold_sub(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    uint64_t k;
    if (a == b)
        return konst(r, in, 0);
    if (ir_const_get(r, b, &k))
        return bin(r, in, IR_add, a, konst(r, in, -k));
    if (fold_is_k(r, a, 0))
        return un(r, in, IR_neg, b, 0);
    const struct ir_inst *db = fold_def(r, b);
    if (db->op == IR_neg && fold_may_use(r, db->arg[0], b))
        return bin(r, in, IR_add, a, db->arg[0]);
    return 0;
}

static ir_ref fold_mul(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    unsigned w = ir_type_bits((enum ir_type)in->type), zeros = fold_zeros(r, a) + fold_zeros(r, b);
    in->zeros = (uint8_t)(zeros > w ? zeros - w : 0);
    uint64_t k;
    if (!ir_const_get(r, b, &k))
        return 0;
    if (k == 0)
        return b;
    if (k == 1)
        return a;
    if (k == ir_type_mask((enum ir_type)in->type))
        return un(r, in, IR_neg, a, 0);
    if ((k & (k - 1)) == 0)
        return bin(r, in, IR_shl, a, ir_const(r, IR_I32, (unsigned)__builtin_ctzll(k)));
    return 0;
}

static ir_ref fold_mulh(struct ir_region *r, struct ir_inst *in)
{
    uint64_t k;
    if (!ir_const_get(r, in->arg[1], &k))
        return 0;
    if (k == 0)
        return in->arg[1];
    if (in->op != IR_umulh)
        return 0;
    if (k == 1)
        return konst(r, in, 0);
    if ((k & (k - 1)) == 0)
        return bin(r, in, IR_shr, in->arg[0],
                   ir_const(r, IR_I32, 64 - (unsigned)__builtin_ctzll(k)));
    return 0;
}

static ir_ref fold_div(struct ir_region *r, struct ir_inst *in)
{
    uint64_t k;
    if (in->op == IR_udiv)
        in->zeros = (uint8_t)fold_zeros(r, in->arg[0]);
    if (fold_is_k(r, in->arg[0], 0))
        return in->arg[0];
    if (!ir_const_get(r, in->arg[1], &k))
        return 0;
    if (k == 0)
        return in->arg[1];
    if (k == 1)
        return in->arg[0];
    if (in->op == IR_sdiv)
        return k == ir_type_mask((enum ir_type)in->type) ? un(r, in, IR_neg, in->arg[0], 0) : 0;
    if ((k & (k - 1)) == 0)
        return bin(r, in, IR_shr, in->arg[0], ir_const(r, IR_I32, (unsigned)__builtin_ctzll(k)));
    return 0;
}

static ir_ref fold_and(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    unsigned w = ir_type_bits((enum ir_type)in->type);
    uint64_t k, k2, mask = ir_type_mask((enum ir_type)in->type);
    in->zeros = (uint8_t)max_u(fold_zeros(r, a), fold_zeros(r, b));
    if (a == b)
        return a;
    const struct ir_inst *da = fold_def(r, a);
    if (ir_const_get(r, b, &k)) {
        unsigned zeros = fold_zeros(r, a);
        uint64_t possible = zeros >= w ? 0 : mask >> zeros;
        if ((k & possible) == 0)
            return konst(r, in, 0);
        if ((k & possible) == possible)
            return a;
        if (k == 0xff || k == 0xffff || k == 0xffffffff)
            return un(r, in, IR_zext, a, k == 0xff ? 8 : k == 0xffff ? 16 : 32);
        if (da->op == IR_and && ir_const_get(r, da->arg[1], &k2) && fold_may_use(r, da->arg[0], a))
            return bin(r, in, IR_and, da->arg[0], konst(r, in, k & k2));
        if (k > 0xffffffff && (k & (k + 1)) == 0)
            return un(r, in, IR_ubfx, a, (int64_t)(64 - (unsigned)__builtin_clzll(k)) << 8);
        return 0;
    }
    const struct ir_inst *db = fold_def(r, b);
    if (db->op == IR_not && fold_may_use(r, db->arg[0], b))
        return bin(r, in, IR_andn, a, db->arg[0]);
    if (da->op == IR_not && fold_may_use(r, da->arg[0], a))
        return bin(r, in, IR_andn, b, da->arg[0]);
    return 0;
}

static ir_ref fold_or_xor(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    bool is_or = in->op == IR_or;
    uint64_t k, k2;
    in->zeros = (uint8_t)min_u(fold_zeros(r, a), fold_zeros(r, b));
    if (a == b)
        return is_or ? a : konst(r, in, 0);
    if (!ir_const_get(r, b, &k))
        return 0;
    if (k == 0)
        return a;
    if (k == ir_type_mask((enum ir_type)in->type))
        return is_or ? b : un(r, in, IR_not, a, 0);
    const struct ir_inst *da = fold_def(r, a);
    if (da->op == in->op && ir_const_get(r, da->arg[1], &k2) && fold_may_use(r, da->arg[0], a))
        return bin(r, in, (enum ir_op)in->op, da->arg[0], konst(r, in, is_or ? k | k2 : k ^ k2));
    if (!is_or && k == 1 && (da->op == IR_icmp || da->op == IR_itst || da->op == IR_cc) &&
        in->type == IR_I32 && fold_may_use(r, da->arg[0], a) &&
        (!da->arg[1] || fold_may_use(r, da->arg[1], a)))
        return ir_emit(r, (enum ir_op)da->op, IR_I32, da->arg[0], da->arg[1], 0, 0,
                       ir_cc_invert((enum ir_cc)da->aux), 0);
    return 0;
}

static ir_ref fold_andn(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    uint64_t k;
    in->zeros = (uint8_t)fold_zeros(r, a);
    if (a == b)
        return konst(r, in, 0);
    if (ir_const_get(r, b, &k))
        return bin(r, in, IR_and, a, konst(r, in, ~k));
    if (fold_is_k(r, a, 0))
        return a;
    if (fold_is_k(r, a, ir_type_mask((enum ir_type)in->type)))
        return un(r, in, IR_not, b, 0);
    return 0;
}

static ir_ref fold_unary(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    const struct ir_inst *da = fold_def(r, a);
    switch ((unsigned)in->op) {
    case IR_clz: case IR_ctz: case IR_popcnt:
        /* The pair of instructions that Arm counts trailing zeros with. Worth keeping the operand
         * for: reversing bits is some twenty host instructions. */
        if (in->op == IR_clz && da->op == IR_rbit)
            return ir1(r, IR_ctz, (enum ir_type)in->type, da->arg[0]);
        in->zeros = (uint8_t)(ir_type_bits((enum ir_type)in->type) - 7);
        return 0;
    case IR_neg:
        if (da->op == IR_sub && fold_may_use(r, da->arg[0], a) && fold_may_use(r, da->arg[1], a))
            return bin(r, in, IR_sub, da->arg[1], da->arg[0]);
        break;
    }
    /* not, neg, bswap and rbit undo themselves */
    return da->op == in->op && fold_may_use(r, da->arg[0], a) ? da->arg[0] : 0;
}

static ir_ref fold_shift(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    unsigned w = ir_type_bits((enum ir_type)in->type), zeros = fold_zeros(r, a), n, m;
    uint64_t k, k2;
    if (!ir_const_get(r, b, &k)) {
        const struct ir_inst *db = fold_def(r, b);
        if (db->op == IR_and && ir_const_get(r, db->arg[1], &k2) && (k2 & (w - 1)) == w - 1 &&
            fold_may_use(r, db->arg[0], b))
            return bin(r, in, (enum ir_op)in->op, a, db->arg[0]);
        if (in->op == IR_shr)
            in->zeros = (uint8_t)zeros;
        return fold_is_k(r, a, 0) ? a : 0;
    }
    n = (unsigned)k & (w - 1);
    if (n == 0)
        return a;
    if (k != n)
        in->arg[1] = ir_const(r, IR_I32, n);
    const struct ir_inst *da = fold_def(r, a);
    if (in->op == IR_sar && zeros > 0)
        return bin(r, in, IR_shr, a, in->arg[1]);
    if (in->op == IR_shr) {
        if (n + zeros >= w)
            return konst(r, in, 0);
        in->zeros = (uint8_t)(zeros + n);
    }
    if (in->op == IR_shl)
        in->zeros = (uint8_t)(zeros > n ? zeros - n : 0);
    if ((da->op != IR_shl && da->op != IR_shr && da->op != IR_sar && da->op != IR_ror) ||
        !ir_const_get(r, da->arg[1], &k2) || !fold_may_use(r, da->arg[0], a))
        return 0;
    ir_ref x = da->arg[0];
    m = (unsigned)k2 & (w - 1);
    if (da->op == in->op) {
        if (in->op == IR_ror)
            return bin(r, in, IR_ror, x, ir_const(r, IR_I32, (n + m) & (w - 1)));
        if (n + m < w)
            return bin(r, in, (enum ir_op)in->op, x, ir_const(r, IR_I32, n + m));
        return in->op == IR_sar ? bin(r, in, IR_sar, x, ir_const(r, IR_I32, w - 1))
                                : konst(r, in, 0);
    }
    if (da->op == IR_shl && n >= m && (in->op == IR_shr || in->op == IR_sar))
        return un(r, in, in->op == IR_shr ? IR_ubfx : IR_sbfx, x, (n - m) | (int64_t)(w - n) << 8);
    if (in->op == IR_shl && n == m && (da->op == IR_shr || da->op == IR_sar))
        return bin(r, in, IR_and, x, konst(r, in, ~0ull << n));
    return 0;
}

static ir_ref fold_extr(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    if (in->imm == 0)
        return b;
    ir_ref n = ir_const(r, IR_I32, (uint64_t)in->imm);
    if (a == b)
        return bin(r, in, IR_ror, a, n);
    if (fold_is_k(r, a, 0))
        return bin(r, in, IR_shr, b, n);
    if (fold_is_k(r, b, 0))
        return bin(r, in, IR_shl, a,
                   ir_const(r, IR_I32, ir_type_bits((enum ir_type)in->type) - (unsigned)in->imm));
    return 0;
}

static ir_ref fold_field(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    unsigned w = ir_type_bits((enum ir_type)in->type), zeros = fold_zeros(r, a);
    unsigned lsb = (unsigned)in->imm & 0xff, width = (unsigned)(in->imm >> 8) & 0xff;
    bool is_signed = in->op == IR_sbfx;
    if (lsb + width == w)
        return bin(r, in, is_signed ? IR_sar : IR_shr, a, ir_const(r, IR_I32, lsb));
    if (lsb == 0 && (width == 8 || width == 16 || width == 32))
        return un(r, in, is_signed ? IR_sext : IR_zext, a, width);
    if (is_signed) {
        if (lsb + width > w - zeros) /* the sign bit is known zero */
            return un(r, in, IR_ubfx, a, in->imm);
        return 0;
    }
    if (lsb + width >= w - zeros) /* all that lies above is zero */
        return bin(r, in, IR_shr, a, ir_const(r, IR_I32, lsb));
    if (lsb == 0 && width < 32)
        return bin(r, in, IR_and, a, konst(r, in, (1ull << width) - 1));
    in->zeros = (uint8_t)(w - width);
    const struct ir_inst *da = fold_def(r, a);
    uint64_t k;
    if (da->op == IR_shr && ir_const_get(r, da->arg[1], &k) && k + lsb + width <= w &&
        fold_may_use(r, da->arg[0], a))
        return un(r, in, IR_ubfx, da->arg[0], (int64_t)(lsb + k) | (int64_t)width << 8);
    return 0;
}

static ir_ref fold_bfi(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    unsigned w = ir_type_bits((enum ir_type)in->type);
    unsigned lsb = (unsigned)in->imm & 0xff, width = (unsigned)(in->imm >> 8) & 0xff;
    if (width == w)
        return b;
    unsigned top = w - lsb - width;
    in->zeros = (uint8_t)min_u(fold_zeros(r, a), top);
    if (!fold_is_k(r, a, 0))
        return 0;
    if (top && fold_zeros(r, b) < w - width)
        b = un(r, in, IR_ubfx, b, (int64_t)width << 8);
    return bin(r, in, IR_shl, b, ir_const(r, IR_I32, lsb));
}

static ir_ref fold_zext(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    enum ir_type t = (enum ir_type)in->type, at = ir_type_of(r, a);
    unsigned n = (unsigned)in->imm, aw = ir_type_bits(at), zeros = fold_zeros(r, a);
    if (n > aw)
        n = aw;
    if (t == IR_I32 && n == 32)
        return at == IR_I32 ? a : un(r, in, IR_trunc, a, 0);
    if (zeros >= aw - n) {
        if (t == at)
            return a;
        if (t == IR_I32)
            return un(r, in, IR_trunc, a, 0);
        n = 32;
    }
    in->imm = n;
    in->zeros = (uint8_t)(ir_type_bits(t) - n);
    if (t == IR_I64 && at == IR_I32)
        in->zeros = (uint8_t)max_u(in->zeros, 32 + zeros);
    const struct ir_inst *da = fold_def(r, a);
    ir_ref x = da->arg[0];
    uint64_t k;
    switch ((unsigned)da->op) {
    case IR_trunc:
        if (fold_may_use(r, x, a))
            return un(r, in, IR_zext, x, n);
        break;
    case IR_zext:
        if (fold_may_use(r, x, a))
            return un(r, in, IR_zext, x, min_u(n, (unsigned)da->imm));
        break;
    case IR_sext:
        if (n <= da->imm && fold_may_use(r, x, a))
            return un(r, in, IR_zext, x, n);
        break;
    case IR_and:
        if (t == at && ir_const_get(r, da->arg[1], &k) && ((k + 1) & ((1ull << n) - 1)) == 0 &&
            fold_may_use(r, x, a))
            return un(r, in, IR_zext, x, n);
        break;
    case IR_shr:
        if (t == at && ir_const_get(r, da->arg[1], &k) && k + n <= aw && fold_may_use(r, x, a))
            return un(r, in, IR_ubfx, x, (int64_t)k | (int64_t)n << 8);
        break;
    case IR_ubfx:
        if (t == at && n < (unsigned)da->imm >> 8 && fold_may_use(r, x, a))
            return un(r, in, IR_ubfx, x, (da->imm & 0xff) | (int64_t)n << 8);
        break;
    }
    return 0;
}

static ir_ref fold_sext(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    enum ir_type t = (enum ir_type)in->type, at = ir_type_of(r, a);
    unsigned n = (unsigned)in->imm, aw = ir_type_bits(at), zeros = fold_zeros(r, a);
    if (t == IR_I32 && n == 32)
        return at == IR_I32 ? a : un(r, in, IR_trunc, a, 0);
    if (zeros >= aw - n + 1) /* not negative: the same as zero extension */
        return un(r, in, IR_zext, a, n);
    const struct ir_inst *da = fold_def(r, a);
    ir_ref x = da->arg[0];
    uint64_t k;
    switch ((unsigned)da->op) {
    case IR_trunc:
        if (fold_may_use(r, x, a))
            return un(r, in, IR_sext, x, n);
        break;
    case IR_sext:
        if (fold_may_use(r, x, a))
            return un(r, in, IR_sext, x, min_u(n, (unsigned)da->imm));
        break;
    case IR_zext:
        if (n <= da->imm && fold_may_use(r, x, a))
            return un(r, in, IR_sext, x, n);
        break;
    case IR_shr:
    case IR_sar:
        if (t == at && ir_const_get(r, da->arg[1], &k) && k + n <= aw && fold_may_use(r, x, a))
            return un(r, in, IR_sbfx, x, (int64_t)k | (int64_t)n << 8);
        break;
    }
    return 0;
}

static ir_ref fold_trunc(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    unsigned zeros = fold_zeros(r, a);
    in->zeros = (uint8_t)(zeros > 32 ? zeros - 32 : 0);
    const struct ir_inst *da = fold_def(r, a);
    ir_ref x = da->arg[0];
    if ((da->op != IR_zext && da->op != IR_sext) || !fold_may_use(r, x, a))
        return 0;
    if (da->imm == 32)
        return ir_type_of(r, x) == IR_I32 ? x : un(r, in, IR_trunc, x, 0);
    return un(r, in, (enum ir_op)da->op, x, da->imm);
}

static ir_ref fold_carry(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    uint64_t k;
    if (ir_const_get(r, in->arg[2], &k)) {
        if (in->op == IR_adc)
            return bin(r, in, IR_add, a, k ? bin(r, in, IR_add, b, konst(r, in, 1)) : b);
        return k ? bin(r, in, IR_sub, a, b) : bin(r, in, IR_add, a, un(r, in, IR_not, b, 0));
    }
    return 0;
}

ir_ref fold_int(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1], c = in->arg[2];
    /* An absent operand of a unary operation counts as constant; its value is 0. */
    if (ir_is_const(a) && (ir_is_const(b) || !b) && (ir_is_const(c) || !c)) {
        uint64_t vb = b ? ir_const_value(r, b) : 0, vc = c ? ir_const_value(r, c) : 0;
        ir_ref typed = in->op == IR_crc32c ? b : a;
        return ir_const(r, (enum ir_type)in->type,
                        ir_eval((enum ir_op)in->op, (enum ir_type)in->type, ir_type_of(r, typed),
                                ir_const_value(r, a), vb, vc, in->aux, in->imm));
    }
    if (ir_is_const(a) && ir_opinfo[in->op].effects & IR_E_COMM) {
        in->arg[0] = b;
        in->arg[1] = a;
    }
    switch ((unsigned)in->op) {
    case IR_add: return fold_add(r, in);
    case IR_sub: return fold_sub(r, in);
    case IR_mul: return fold_mul(r, in);
    case IR_umulh: case IR_smulh: return fold_mulh(r, in);
    case IR_udiv: case IR_sdiv: return fold_div(r, in);
    case IR_and: return fold_and(r, in);
    case IR_or: case IR_xor: return fold_or_xor(r, in);
    case IR_andn: return fold_andn(r, in);
    case IR_not: case IR_neg: case IR_clz: case IR_ctz: case IR_popcnt: case IR_bswap: case IR_rbit:
        return fold_unary(r, in);
    case IR_shl: case IR_shr: case IR_sar: case IR_ror: return fold_shift(r, in);
    case IR_extr: return fold_extr(r, in);
    case IR_ubfx: case IR_sbfx: return fold_field(r, in);
    case IR_bfi: return fold_bfi(r, in);
    case IR_zext: return fold_zext(r, in);
    case IR_sext: return fold_sext(r, in);
    case IR_trunc: return fold_trunc(r, in);
    case IR_adc: case IR_sbc: return fold_carry(r, in);
    }
    return 0;
}
