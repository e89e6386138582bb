/*
 * Code for integer operations on 128-bit vectors (the vector chapter of ops.def).
 *
 * Baseline is SSE4.2; AVX forms are used for three operands, AVX2, AVX-512 (VL, BW, DQ), GFNI and
 * PCLMULQDQ where the host has them. A sequence takes at most four of the allocator's scratch
 * registers, operands and result included. A result that is written before the last read of an
 * operand is made by rx_def_clear. EFLAGS are not touched, except by the calls of vechelp.c.
 */
#include "emit_vec.h"
#include "vechelp.h"


static void cold_call(struct emit *e, uint32_t i, const int *regs)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = emit_cb(e);
    for (int k = 0; k < 2; k++)
        if (regs[1 + k] >= 0) {
            struct mem m = mem_bd(STATE, CPU_DISP(scratch) + 16 * k);
            if (avx(e))
                v_rrm(c, OP_MOVUPS_S, false, regs[1 + k], 0, m);
            else
                x_rm(c, OP_MOVUPS_S, false, regs[1 + k], m);
        }
    mov_mi32(c, false, mem_bd(STATE, CPU_DISP(scratch) + VECHELP_WHAT),
             (int32_t)(p->op | (p->aux & 7u) << 16));
    emit_cold_call(e, vechelp_run);
    struct mem m = mem_bd(STATE, CPU_DISP(scratch) + VECHELP_RESULT);
    if (avx(e))
        v_rrm(c, OP_MOVUPS_L, false, regs[0], 0, m);
    else
        x_rm(c, OP_MOVUPS_L, false, regs[0], m);
}
/* The whole operation in C. */
static void by_helper(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = p->arg[1] ? rx_use(e, p->arg[1]) : -1, d = rx_def_clear(e, i);
    const int regs[6] = { d, a, b };
    emit_cold(e, -1, cold_call, i, regs);
}

/* --------------------------------------------------------- one host instruction */

/* d = a op b. */
static void two(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct mem m;
    if (avx(e) && p->arg[0] != p->arg[1] && ra_in_mem(e, p->arg[1], &m)) {
        int a = rx_use(e, p->arg[0]);
        v_rrm(emit_cb(e), op, false, rx_def(e, i), a, m);
        return;
    }
    if (ir_is_const(p->arg[1])) {
        const struct ir_const *k = emit_const(e, p->arg[1]);
        int a = rx_use(e, p->arg[0]);
        x3k(e, op, rx_def(e, i), a, k->lo, k->hi);
        return;
    }
    if (avx(e) && p->arg[0] != p->arg[1] && (ir_opinfo[p->op].effects & IR_E_COMM) &&
        ra_in_mem(e, p->arg[0], &m)) {
        int b = rx_use(e, p->arg[1]);
        v_rrm(emit_cb(e), op, false, rx_def(e, i), b, m);
        return;
    }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3(e, op, d, a, b);
}
static void swapped(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3(e, op, d, b, a);
}
/* Operations with one instruction for each lane B H S D; 0: none. */
static const struct {
    uint16_t op;
    uint32_t lane[4];
} direct[] = {
    { IR_vadd, { PADDB, PADDW, PADDD, PADDQ } },
    { IR_vsub, { PSUBB, PSUBW, PSUBD, PSUBQ } },
    { IR_vmul, { 0, PMULLW, PMULLD, 0 } },
    { IR_vand, { PAND, PAND, PAND, PAND } },
    { IR_vor, { POR, POR, POR, POR } },
    { IR_vxor, { PXOR, PXOR, PXOR, PXOR } },
    { IR_vsmin, { PMINSB, PMINSW, PMINSD, 0 } },
    { IR_vsmax, { PMAXSB, PMAXSW, PMAXSD, 0 } },
    { IR_vumin, { PMINUB, PMINUW, PMINUD, 0 } },
    { IR_vumax, { PMAXUB, PMAXUW, PMAXUD, 0 } },
    { IR_vcomb, { PUNPCKLQDQ, PUNPCKLQDQ, PUNPCKLQDQ, PUNPCKLQDQ } },
    { IR_vzip1, { PUNPCKLBW, PUNPCKLWD, PUNPCKLDQ, PUNPCKLQDQ } },
    { IR_vzip2, { PUNPCKHBW, PUNPCKHWD, PUNPCKHDQ, PUNPCKHQDQ } },
    { IR_vuzp1, { 0, 0, 0, PUNPCKLQDQ } },
    { IR_vuzp2, { 0, 0, 0, PUNPCKHQDQ } },
    { IR_vtrn1, { 0, 0, 0, PUNPCKLQDQ } },
    { IR_vtrn2, { 0, 0, 0, PUNPCKHQDQ } },
    { IR_vaddp, { 0, PHADDW, PHADDD, 0 } },
    { IR_vurhavg, { PAVGB, PAVGW, 0, 0 } },
};

static unsigned direct_op(unsigned op, unsigned lane)
{
    for (unsigned k = 0; k < sizeof direct / sizeof *direct; k++)
        if (direct[k].op == op)
            return direct[k].lane[lane & 3];
    return emit_sat_direct(op, lane);
}

/* --------------------------------------------------------------------- comparison */

static void invert(struct emit *e, int d) { x3kk(e, PXOR, d, d, ~0ull); }

static void compare(struct emit *e, uint32_t i)
{
    static const unsigned eq[4] = { PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ };
    static const unsigned gt[4] = { PCMPGTB, PCMPGTW, PCMPGTD, PCMPGTQ };
    static const unsigned max[2][3] = { { PMAXSB, PMAXSW, PMAXSD }, { PMAXUB, PMAXUW, PMAXUD } };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, cc = p->aux >> 8 & 15;
    if (cc == IR_EQ || cc == IR_GT) {
        two(e, i, cc == IR_EQ ? eq[l] : gt[l]);
        return;
    }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    bool is_unsigned = cc == IR_HI || cc == IR_HS;
    if (l < 3) { /* max(a, b) == a is a >= b; == b is not a > b */
        emit_x3(e, max[is_unsigned][l], d, a, b);
        emit_x3(e, eq[l], d, d, cc == IR_HI ? b : a);
        if (cc == IR_HI)
            invert(e, d);
        return;
    }
    int x = cc == IR_HI ? a : b, y = cc == IR_HI ? b : a; /* x > y, inverted for >= */
    if (is_unsigned) {
        int t = rx_temp(e);
        x3kk(e, PXOR, d, x, 1ull << 63);
        x3kk(e, PXOR, t, y, 1ull << 63);
        emit_x3(e, PCMPGTQ, d, d, t);
    } else {
        emit_x3(e, PCMPGTQ, d, x, y);
    }
    if (cc != IR_HI)
        invert(e, d);
}

static void test_bits(struct emit *e, uint32_t i)
{
    static const unsigned eq[4] = { PCMPEQB, PCMPEQW, PCMPEQD, PCMPEQQ };
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    emit_x3(e, PAND, d, a, b);
    x3kk(e, eq[p->aux & 3], d, d, 0);
    invert(e, d);
}

/* --------------------------------------------------------------------- arithmetic */

static void negate(struct emit *e, uint32_t i)
{
    static const unsigned sub[4] = { PSUBB, PSUBW, PSUBD, PSUBQ };
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    zero(e, d);
    emit_x3(e, sub[p->aux & 3], d, d, a);
}

static void absolute(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    if (l < 3) {
        one(e, i, PABSB + l);
        return;
    }
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    if (evex(e)) {
        e_rrr(emit_cb(e), 0x1f | M38 | P66, true, d, 0, a);
        return;
    }
    int t = rx_temp(e);
    zero(e, t);
    emit_x3(e, PCMPGTQ, t, t, a);
    emit_x3(e, PXOR, d, a, t);
    emit_x3(e, PSUBQ, d, d, t);
}

/* Bytes: even ones as words; odd ones in place, times the other's odd ones as words. */
static void multiply_bytes(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    shift(e, PSHIFTW, RIGHT, t, b, 8);
    x3kk(e, PAND, d, a, 0xff00ff00ff00ff00);
    emit_x3(e, PMULLW, t, t, d);
    emit_x3(e, PMULLW, d, a, b);
    x3kk(e, PAND, d, d, 0x00ff00ff00ff00ff);
    emit_x3(e, POR, d, d, t);
}

/* The lower words' product, and the mixed ones where only their lower halves count. */
static void multiply_doublewords(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]);
    if (evex(e)) {
        e_rrr(emit_cb(e), PMULLD, true, rx_def(e, i), a, b);
        return;
    }
    int d = rx_def_clear(e, i), t = rx_temp(e);
    shift(e, PSHIFTQ, RIGHT, t, a, 32);
    emit_x3(e, PMULUDQ, t, t, b);
    shift(e, PSHIFTQ, RIGHT, d, b, 32);
    emit_x3(e, PMULUDQ, d, d, a);
    emit_x3(e, PADDQ, d, d, t);
    shift(e, PSHIFTQ, LEFT, d, d, 32);
    emit_x3(e, PMULUDQ, t, a, b);
    emit_x3(e, PADDQ, d, d, t);
}

/* Minimum or maximum of 64-bit lanes. */
static void extreme_doublewords(struct emit *e, uint32_t i, bool is_signed, bool max)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]);
    if (evex(e)) {
        unsigned op = max ? (is_signed ? PMAXSD : PMAXUD) : (is_signed ? PMINSD : PMINUD);
        e_rrr(emit_cb(e), op, true, rx_def(e, i), a, b);
        return;
    }
    int d = rx_def_clear(e, i), t = rx_temp(e);
    int x = max ? b : a, y = max ? a : b; /* the other one where x > y */
    if (is_signed) {
        emit_x3(e, PCMPGTQ, d, x, y);
    } else {
        x3kk(e, PXOR, d, x, 1ull << 63);
        x3kk(e, PXOR, t, y, 1ull << 63);
        emit_x3(e, PCMPGTQ, d, d, t);
    }
    emit_x3(e, PXOR, t, a, b);
    emit_x3(e, PAND, d, d, t);
    emit_x3(e, PXOR, d, d, a);
}

static void multiply_long(struct emit *e, uint32_t i, bool is_signed)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    if (l == 1) {
        emit_x3(e, PMULLW, t, a, b);
        emit_x3(e, is_signed ? PMULHW : PMULHUW, d, a, b);
        emit_x3(e, PUNPCKLWD, t, t, d);
        emit_x2(e, OP_MOVAPS, d, t); /* costs nothing */
        return;
    }
    unsigned widen = (is_signed ? PMOVSX : PMOVZX) + (l == 2 ? 5 : 0);
    emit_x2(e, widen, d, a);
    emit_x2(e, widen, t, b);
    emit_x3(e, l == 0 ? PMULLW : is_signed ? PMULDQ : PMULUDQ, d, d, t);
}

/* (a & b) + ((a ^ b) >> 1), or (a | b) - ((a ^ b) >> 1) rounded up. */
static void average(struct emit *e, uint32_t i, bool up)
{
    static const unsigned add[4] = { PADDB, PADDW, PADDD, PADDQ },
                          sub[4] = { PSUBB, PSUBW, PSUBD, PSUBQ };
    static const unsigned by[4] = { PSHIFTW, PSHIFTW, PSHIFTD, PSHIFTQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    emit_x3(e, PXOR, t, a, b);
    shift(e, by[l], RIGHT, t, t, 1);
    if (l == 0)
        x3kk(e, PAND, t, t, splat(0, 0x7f));
    emit_x3(e, up ? POR : PAND, d, a, b);
    emit_x3(e, up ? sub[l] : add[l], d, d, t);
}

/* vpternlog: d is one of the sources or a copy of the first, a constant is the third, in memory; the truth table
 * follows their order. */
void emit_ternary(struct emit *e, uint32_t i, unsigned truth)
{
    const struct ir_inst *p = emit_inst(e, i);
    int x[3], order[3] = { 0, 1, 2 }, k;
    for (k = 2; k > 0 && !ir_is_const(p->arg[k]); k--)
        ;
    bool constant = ir_is_const(p->arg[k]);
    if (constant) {
        order[2] = k;
        order[0] = k == 0 ? 1 : 0;
        order[1] = k == 2 ? 1 : 2;
    }
    for (k = 0; k < (constant ? 2 : 3); k++)
        x[k] = rx_use(e, p->arg[order[k]]);
    int d = rx_def(e, i), in_place = 0;
    for (k = 0; k < (constant ? 2 : 3); k++)
        if (d == x[k])
            in_place = k;
    if (d != x[in_place])
        emit_x2(e, OP_MOVAPS, d, x[in_place]);
    int first = order[in_place];
    order[in_place] = order[0];
    order[0] = first;
    x[in_place] = x[0];
    unsigned moved = 0;
    for (unsigned n = 0; n < 8; n++) { /* n: values at the places; from: those of a, b, c */
        unsigned from = 0;
        for (k = 0; k < 3; k++)
            from |= (n >> (2 - k) & 1) << (2 - order[k]);
        moved |= (truth >> from & 1) << n;
    }
    unsigned op = 0x25 | M3A | P66;
    if (constant) {
        const struct ir_const *c = emit_const(e, p->arg[order[2]]);
        evex_const(e, op | OPW, d, x[1], c->lo, c->hi);
        emit_const_imm(e, moved);
    } else {
        e_rrr(emit_cb(e), op, true, d, x[1], x[2]);
        cb8(emit_cb(e), moved);
    }
}

static void choose(struct emit *e, uint32_t i)
{
    if (evex(e)) {
        emit_ternary(e, i, 0xca);
        return;
    }
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    emit_x3(e, PXOR, d, b, c);
    emit_x3(e, PAND, d, d, a);
    emit_x3(e, PXOR, d, d, c);
}

/* ------------------------------------------------------------------------ shifts */

static void shift_left(struct emit *e, uint32_t i)
{
    static const unsigned by[4] = { PSHIFTW, PSHIFTW, PSHIFTD, PSHIFTQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = (unsigned)p->imm;
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    shift(e, by[l], LEFT, d, a, n);
    if (l == 0)
        x3kk(e, PAND, d, d, splat(0, 0xff << n & 0xff));
}

static void shift_right(struct emit *e, uint32_t i)
{
    static const unsigned by[4] = { PSHIFTW, PSHIFTW, PSHIFTD, PSHIFTQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = (unsigned)p->imm;
    if (n >= 8u << l) {
        zero(e, rx_def(e, i));
        return;
    }
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    shift(e, by[l], RIGHT, d, a, n);
    if (l == 0)
        x3kk(e, PAND, d, d, splat(0, 0xff >> n));
}

static void shift_right_signed(struct emit *e, uint32_t i)
{
    static const unsigned by[4] = { PSHIFTW, PSHIFTW, PSHIFTD, PSHIFTQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = (unsigned)p->imm, bits = 8u << l;
    if (n >= bits)
        n = bits - 1;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    if (l == 1 || l == 2) {
        shift(e, by[l], RIGHT_SIGNED, d, a, n);
    } else if (n == 0) {
        emit_x2(e, OP_MOVAPS, d, a);
    } else if (n == bits - 1) {
        zero(e, d);
        emit_x3(e, l ? PCMPGTQ : PCMPGTB, d, d, a);
    } else if (l == 0) { /* the sign bit, shifted, is spread by xor and subtraction */
        shift(e, PSHIFTW, RIGHT, d, a, n);
        x3kk(e, PAND, d, d, splat(0, 0xff >> n));
        x3kk(e, PXOR, d, d, splat(0, 0x80 >> n));
        x3kk(e, PSUBB, d, d, splat(0, 0x80 >> n));
    } else if (evex(e)) {
        e_rrr(emit_cb(e), PSHIFTD, true, RIGHT_SIGNED, d, a);
        cb8(emit_cb(e), n);
    } else {
        int t = rx_temp(e);
        zero(e, t);
        emit_x3(e, PCMPGTQ, t, t, a);
        shift(e, PSHIFTQ, LEFT, t, t, 64 - n);
        shift(e, PSHIFTQ, RIGHT, d, a, n);
        emit_x3(e, POR, d, d, t);
    }
}

bool emit_vec_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, op = direct_op(p->op, l);
    if (op) {
        two(e, i, op);
        return true;
    }
    switch (p->op) {
    case IR_vmul:
        if (l == 0)
            multiply_bytes(e, i);
        else
            multiply_doublewords(e, i);
        return true;
    case IR_vneg:   negate(e, i); return true;
    case IR_vabs:   absolute(e, i); return true;
    case IR_vandn:  swapped(e, i, PANDN); return true;
    case IR_vnot:   with_const(e, i, PXOR, ~0ull, ~0ull); return true;
    case IR_vbsl:   choose(e, i); return true;
    case IR_vcmp:   compare(e, i); return true;
    case IR_vtst:   test_bits(e, i); return true;
    case IR_vshli:  shift_left(e, i); return true;
    case IR_vshri:  shift_right(e, i); return true;
    case IR_vsari:  shift_right_signed(e, i); return true;
    case IR_vuqadd: case IR_vuqsub: case IR_vsqadd: case IR_vsqsub: case IR_vfxmul: case IR_vpackss:
    case IR_vpacksu: case IR_vpackuu: case IR_vdot4: case IR_vshlv: case IR_vshrv: case IR_vsarv:
        if (emit_sat_op(e, i))
            return true;
        break;
    case IR_vumull: multiply_long(e, i, false); return true;
    case IR_vsmull: multiply_long(e, i, true); return true;
    case IR_vuavg:  average(e, i, false); return true;
    case IR_vurhavg: average(e, i, true); return true;
    case IR_vsmin: extreme_doublewords(e, i, true, false); return true;
    case IR_vsmax: extreme_doublewords(e, i, true, true); return true;
    case IR_vumin: extreme_doublewords(e, i, false, false); return true;
    case IR_vumax: extreme_doublewords(e, i, false, true); return true;
    default:
        return emit_perm_op(e, i) || emit_crypto_op(e, i);
    }
    flags_clobber(e);
    by_helper(e, i);
    return true;
}
