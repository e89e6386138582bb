/*
 * Folding of comparisons, selections and flags.
 *
 * A condition of flags becomes a comparison of the values the flags were made of wherever these are
 * still at hand, so that a compare-and-branch needs no flags at all and a conditional compare
 * becomes and / or of booleans. If an operand was overwritten (subs x0, x0, x1) only the conditions
 * that the result alone decides are taken from the result; the others stay `cc`, which the backend
 * fuses with the subtraction. Known flags are `flpack` of a constant: there are no constants of
 * type flg.
 */
#include "fold.h"

static ir_ref boolean(struct ir_region *r, bool v) { return ir_const(r, IR_I32, v); }

/* i32 from a value of either type that is 0 or 1. */
static ir_ref narrow(struct ir_region *r, ir_ref v)
{
    return ir_type_of(r, v) == IR_I32 ? v : ir1(r, IR_trunc, IR_I32, v);
}

static ir_ref invert(struct ir_region *r, ir_ref v)
{
    return ir2(r, IR_xor, IR_I32, v, boolean(r, true));
}

static ir_ref itst(struct ir_region *r, unsigned cc, ir_ref a, ir_ref b)
{
    return ir_emit(r, IR_itst, IR_I32, a, b, 0, 0, cc, 0);
}

static ir_ref flags_const(struct ir_region *r, uint64_t nzcv)
{
    return ir1(r, IR_flpack, IR_FLG, ir_const(r, IR_I32, nzcv));
}

/* icmp of a with 0, EQ or NE, through what a is made of. */
static ir_ref fold_zero_test(struct ir_region *r, struct ir_inst *in, const struct ir_inst *da)
{
    ir_ref a = in->arg[0], x = da->arg[0], y = da->arg[1];
    enum ir_type t = (enum ir_type)da->type;
    if (fold_home(r, a) == HOME_CURRENT)
        return 0;
    switch ((unsigned)da->op) {
    case IR_and:
        if (fold_may_use(r, x, a) && fold_may_use(r, y, a))
            return itst(r, in->aux, x, y);
        break;
    case IR_sub:
    case IR_xor:
        if (fold_may_use(r, x, a) && fold_may_use(r, y, a))
            return ir_icmp(r, (enum ir_cc)in->aux, x, y);
        break;
    case IR_zext:
        if (fold_may_use(r, x, a)) {
            enum ir_type xt = ir_type_of(r, x);
            if (da->imm == 32 && xt == IR_I32)
                return ir_icmp(r, (enum ir_cc)in->aux, x, ir_const(r, IR_I32, 0));
            if (da->imm < 32)
                return itst(r, in->aux, x, ir_const(r, xt, (1ull << da->imm) - 1));
        }
        break;
    case IR_ubfx:
        if (fold_may_use(r, x, a)) {
            uint64_t mask = ((1ull << (da->imm >> 8)) - 1) << (da->imm & 0xff);
            return itst(r, in->aux, x, ir_const(r, t, mask));
        }
        break;
    }
    return 0;
}

static ir_ref fold_icmp(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    enum ir_type t = ir_type_of(r, a);
    enum ir_cc cc = (enum ir_cc)in->aux;
    uint64_t k, k2;
    in->zeros = 31;
    if (ir_is_const(a)) {
        if (ir_is_const(b))
            return boolean(r, ir_eval_icmp(cc, t, ir_const_value(r, a), ir_const_value(r, b)));
        return ir_icmp(r, ir_cc_swap(cc), b, a);
    }
    if (a == b)
        return boolean(r, cc == IR_EQ || cc == IR_HS || cc == IR_LS_ || cc == IR_GE || cc == IR_LE);
    if (!ir_const_get(r, b, &k))
        return 0;

    unsigned zeros = fold_zeros(r, a), w = ir_type_bits(t);
    uint64_t max = zeros >= w ? 0 : ir_type_mask(t) >> zeros;
    if (zeros && k <= max && cc >= IR_GE && cc <= IR_LE) { /* both are not negative */
        static const uint8_t as_unsigned[] = {IR_HS, IR_LO, IR_HI, IR_LS_};
        cc = (enum ir_cc)as_unsigned[cc - IR_GE];
        in->aux = cc;
    }
    switch ((unsigned)cc) {
    case IR_EQ: case IR_NE:
        if (k > max)
            return boolean(r, cc == IR_NE);
        break;
    case IR_HS: case IR_LO:
        if (k == 0 || k > max)
            return boolean(r, (k == 0) == (cc == IR_HS));
        if (k == 1)
            return ir_icmp(r, cc == IR_HS ? IR_NE : IR_EQ, a, ir_const(r, t, 0));
        break;
    case IR_HI: case IR_LS_:
        if (k >= max)
            return boolean(r, cc == IR_LS_);
        if (k == 0)
            return ir_icmp(r, cc == IR_HI ? IR_NE : IR_EQ, a, b);
        break;
    }
    if (cc != IR_EQ && cc != IR_NE)
        return 0;
    const struct ir_inst *da = fold_def(r, a);
    if (max == 1) { /* a is a boolean */
        bool same = (k == 1) == (cc == IR_EQ);
        ir_ref v = narrow(r, a);
        return same ? v : invert(r, v);
    }
    if (k == 0)
        return fold_zero_test(r, in, da);
    if (da->op == IR_add && ir_const_get(r, da->arg[1], &k2) && fold_home(r, a) != HOME_CURRENT &&
        fold_may_use(r, da->arg[0], a))
        return ir_icmp(r, cc, da->arg[0], ir_const(r, t, (k - k2) & ir_type_mask(t)));
    return 0;
}

static ir_ref fold_itst(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    uint64_t k;
    in->zeros = 31;
    if (ir_is_const(a)) {
        if (ir_is_const(b))
            return boolean(r, ir_eval(IR_itst, IR_I32, ir_type_of(r, a), ir_const_value(r, a),
                                      ir_const_value(r, b), 0, in->aux, 0));
        in->arg[0] = b;
        in->arg[1] = a;
        a = in->arg[0];
        b = in->arg[1];
    }
    enum ir_type t = ir_type_of(r, a);
    unsigned zeros = fold_zeros(r, a), w = ir_type_bits(t);
    uint64_t max = zeros >= w ? 0 : ir_type_mask(t) >> zeros;
    static const uint8_t compare[] = {
        [IR_EQ] = IR_EQ, [IR_NE] = IR_NE, [IR_MI] = IR_LT, [IR_PL] = IR_GE};
    if (a == b)
        return ir_icmp(r, (enum ir_cc)compare[in->aux], a, ir_const(r, t, 0));
    if (!ir_const_get(r, b, &k))
        return 0;
    bool sign_test = in->aux == IR_MI || in->aux == IR_PL;
    if (sign_test) {
        if (!(k & max) || !((k & max) >> (w - 1)))
            return boolean(r, in->aux == IR_PL);
        return ir_icmp(r, (enum ir_cc)compare[in->aux], a, ir_const(r, t, 0));
    }
    if ((k & max) == 0)
        return boolean(r, in->aux == IR_EQ);
    if ((k & max) == max)
        return ir_icmp(r, (enum ir_cc)in->aux, a, ir_const(r, t, 0));
    return 0;
}

static ir_ref fold_select(struct ir_region *r, struct ir_inst *in)
{
    ir_ref c = in->arg[0], x = in->arg[1], y = in->arg[2];
    enum ir_type t = (enum ir_type)in->type;
    uint64_t k, kx, ky;
    if (ir_const_get(r, c, &k))
        return k ? x : y;
    if (x == y)
        return x;
    const struct ir_inst *dc = fold_def(r, c);
    if (dc->op == IR_xor && fold_is_k(r, dc->arg[1], 1) && fold_is_bool(r, dc->arg[0]) &&
        fold_may_use(r, dc->arg[0], c))
        return ir3(r, IR_select, t, dc->arg[0], y, x);
    if (t != IR_I32 && t != IR_I64)
        return 0;
    unsigned zx = fold_zeros(r, x), zy = fold_zeros(r, y);
    in->zeros = (uint8_t)(zx < zy ? zx : zy);
    if (!ir_const_get(r, x, &kx) || !ir_const_get(r, y, &ky) || !fold_is_bool(r, c))
        return 0;
    uint64_t mask = ir_type_mask(t);
    bool flip = kx == 0;
    if (flip ? ky != 1 && ky != mask : ky != 0 || (kx != 1 && kx != mask))
        return 0;
    ir_ref one = flip ? invert(r, c) : c;
    if (t == IR_I64)
        one = ir1i(r, IR_zext, IR_I64, one, 32);
    return (flip ? ky : kx) == 1 ? one : ir1(r, IR_neg, t, one);
}

/* The value a op b if it is there and may be used, else 0. */
static ir_ref find_result(struct ir_region *r, enum ir_op op, ir_ref a, ir_ref b)
{
    enum ir_type t = ir_type_of(r, a);
    struct ir_inst want = {.op = op, .type = t, .arg = {a, b}};
    uint64_t k;
    if (op == IR_sub && ir_const_get(r, b, &k)) {
        want.op = IR_add;
        want.arg[1] = ir_const(r, t, -k & ir_type_mask(t));
    }
    return fold_find(r, &want);
}

/* cc decided by the result alone: EQ NE MI PL against 0; other conditions give IR_NCC. */
static enum ir_cc against_zero(enum ir_cc cc)
{
    return cc == IR_EQ || cc == IR_NE ? cc : cc == IR_MI ? IR_LT : cc == IR_PL ? IR_GE : IR_NCC;
}

static ir_ref cc_of_logic(struct ir_region *r, enum ir_cc cc, ir_ref a)
{
    switch (cc) {
    case IR_HS: case IR_HI: case IR_VS: return boolean(r, false);
    case IR_LO: case IR_LS_: case IR_VC: return boolean(r, true);
    case IR_MI: cc = IR_LT; break;
    case IR_PL: cc = IR_GE; break;
    case IR_EQ: case IR_NE: case IR_GE: case IR_LT: case IR_GT: case IR_LE: case IR_NCC: break;
    }
    if (fold_home(r, a) == HOME_LOST)
        return 0;
    const struct ir_inst *da = fold_def(r, a);
    if (da->op == IR_and && cc != IR_GT && cc != IR_LE && fold_home(r, a) == HOME_TEMP &&
        fold_may_use(r, da->arg[0], a) && fold_may_use(r, da->arg[1], a))
        return itst(r, cc == IR_LT ? IR_MI : cc == IR_GE ? IR_PL : cc, da->arg[0], da->arg[1]);
    return ir_icmp(r, cc, a, ir_const(r, ir_type_of(r, a), 0));
}

static ir_ref fold_cc(struct ir_region *r, struct ir_inst *in)
{
    enum ir_cc cc = (enum ir_cc)in->aux;
    const struct ir_inst *f = fold_def(r, in->arg[0]);
    ir_ref a = f->arg[0], b = f->arg[1], c = f->arg[2], v;
    uint64_t k;
    in->zeros = 31;
    switch ((unsigned)f->op) {
    case IR_flsub:
        if (cc <= IR_LE && fold_home(r, a) != HOME_LOST && fold_home(r, b) != HOME_LOST)
            return ir_icmp(r, cc, a, b);
        if (against_zero(cc) != IR_NCC && (v = find_result(r, IR_sub, a, b)))
            return ir_icmp(r, against_zero(cc), v, ir_const(r, ir_type_of(r, a), 0));
        break;
    case IR_fladd:
        if (against_zero(cc) != IR_NCC && (v = find_result(r, IR_add, a, b)))
            return ir_icmp(r, against_zero(cc), v, ir_const(r, ir_type_of(r, a), 0));
        break;
    case IR_fllog:
        return cc_of_logic(r, cc, a);
    case IR_flpack:
        if (ir_const_get(r, a, &k))
            return boolean(r, ir_eval_cc(cc, (uint32_t)k));
        break;
    case IR_flsel: {
        /* a ? b : c with one of them known */
        bool known_b = fold_def(r, b)->op == IR_flpack && ir_is_const(fold_def(r, b)->arg[0]);
        bool known_c = fold_def(r, c)->op == IR_flpack && ir_is_const(fold_def(r, c)->arg[0]);
        if ((!known_b && !known_c) || fold_home(r, a) == HOME_LOST || !fold_is_bool(r, a))
            break;
        ir_ref vb = ir_emit(r, IR_cc, IR_I32, b, 0, 0, 0, cc, 0);
        ir_ref vc = ir_emit(r, IR_cc, IR_I32, c, 0, 0, 0, cc, 0);
        if (ir_const_get(r, vc, &k))
            return k ? ir2(r, IR_or, IR_I32, invert(r, a), vb) : ir2(r, IR_and, IR_I32, a, vb);
        if (ir_const_get(r, vb, &k))
            return k ? ir2(r, IR_or, IR_I32, a, vc) : ir2(r, IR_and, IR_I32, invert(r, a), vc);
        break;
    }
    }
    return 0;
}

static ir_ref fold_flags(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0], b = in->arg[1];
    enum ir_op op = (enum ir_op)in->op;
    uint64_t k;
    if (ir_is_const(a) && (ir_is_const(b) || op == IR_fllog) &&
        (ir_is_const(in->arg[2]) || !in->arg[2]))
        return flags_const(r, ir_eval(op, IR_FLG, ir_type_of(r, a), ir_const_value(r, a),
                                      b ? ir_const_value(r, b) : 0,
                                      in->arg[2] ? ir_const_value(r, in->arg[2]) : 0, 0, 0));
    switch ((unsigned)op) {
    case IR_fladd:
        if (ir_is_const(a)) {
            in->arg[0] = b;
            in->arg[1] = a;
        }
        if (ir_const_get(r, in->arg[1], &k)) {
            enum ir_type t = ir_type_of(r, in->arg[0]);
            if (k == 0)
                return ir1(r, IR_fllog, IR_FLG, in->arg[0]);
            if (k != 1ull << (ir_type_bits(t) - 1))
                return ir2(r, IR_flsub, IR_FLG, in->arg[0], ir_const(r, t, -k & ir_type_mask(t)));
        }
        break;
    case IR_flsub:
        if (a == b)
            return flags_const(r, 0x60000000);
        break;
    case IR_fladc:
        if (fold_is_k(r, in->arg[2], 0))
            return ir2(r, IR_fladd, IR_FLG, a, b);
        break;
    case IR_flsbc:
        if (fold_is_k(r, in->arg[2], 1))
            return ir2(r, IR_flsub, IR_FLG, a, b);
        break;
    }
    return 0;
}

ir_ref fold_cmp(struct ir_region *r, struct ir_inst *in)
{
    ir_ref a = in->arg[0];
    uint64_t k;
    const struct ir_inst *da;
    switch ((unsigned)in->op) {
    case IR_icmp: return fold_icmp(r, in);
    case IR_itst: return fold_itst(r, in);
    case IR_select: return fold_select(r, in);
    case IR_cc: return fold_cc(r, in);
    case IR_flsel:
        if (ir_const_get(r, a, &k))
            return k ? in->arg[1] : in->arg[2];
        return in->arg[1] == in->arg[2] ? in->arg[1] : 0;
    case IR_flpack:
        if (ir_const_get(r, a, &k)) {
            if (k & 0x0fffffff)
                in->arg[0] = ir_const(r, IR_I32, k & 0xf0000000u);
            return 0;
        }
        da = fold_def(r, a);
        return da->op == IR_flget && fold_may_use(r, da->arg[0], a) ? da->arg[0] : 0;
    case IR_flget:
        da = fold_def(r, a);
        if (da->op == IR_flpack && fold_may_use(r, da->arg[0], a))
            return ir2(r, IR_and, IR_I32, da->arg[0], ir_const(r, IR_I32, 0xf0000000u));
        return 0;
    case IR_fladd: case IR_flsub: case IR_fllog: case IR_fladc: case IR_flsbc:
        return fold_flags(r, in);
    }
    return 0;
}
