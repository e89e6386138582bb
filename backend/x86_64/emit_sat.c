/*
 * Code for saturating and fixed-point operations on 128-bit vectors: saturated sums of wide lanes,
 * fraction products, narrowing with saturation, shifts of each lane by its own count, sums of products
 * of bytes. What emit_vec.c says holds here too; with both operands in scratch registers a sequence has
 * two registers of its own, and what more it needs waits in cpu->scratch.
 *
 * Baseline is SSE4.2. Shifts by counts want AVX2 for lanes of 16 to 64 bits (16-bit lanes are then done
 * as halves of 32-bit ones); bytes are multiplied by powers of two from a table.
 */
#include "emit_vec.h"

enum {
    PADDSB = 0xec | M0F | P66, PADDSW = 0xed | M0F | P66, PSUBSB = 0xe8 | M0F | P66,
    PSUBSW = 0xe9 | M0F | P66, PACKSSWB = 0x63 | M0F | P66, PACKSSDW = 0x6b | M0F | P66,
    PMULHRSW = 0x0b | M38 | P66, VPSLLVD = 0x47 | M38 | P66, VPSRLVD = 0x45 | M38 | P66,
    VPSRAVD = 0x46 | M38 | P66, VPSLLVW = 0x12 | M38 | P66, VPSRLVW = 0x10 | M38 | P66,
    VPSRAVW = 0x11 | M38 | P66, VPDPBUSD = 0x50 | M38 | P66, VPMINUQ = 0x3b | M38 | P66,
};

/* Operands and result of the operation; t: a register of its own. */
struct regs {
    int a, b, d, t;
};
static struct regs take(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct regs r;
    r.a = rx_use(e, p->arg[0]);
    r.b = rx_use(e, p->arg[1]);
    r.d = rx_def_clear(e, i);
    r.t = rx_temp(e);
    return r;
}

/* Places for a register that is wanted for something else. */
static struct mem aside(int k) { return mem_bd(STATE, CPU_DISP(scratch) + 16 * k); }
static void put_aside(struct emit *e, int k, int x)
{
    if (avx(e))
        v_rrm(emit_cb(e), OP_MOVUPS_S, false, x, 0, aside(k));
    else
        x_rm(emit_cb(e), OP_MOVUPS_S, false, x, aside(k));
}
/* x = x op what was put aside. */
static void with_aside(struct emit *e, unsigned op, int x, int k)
{
    if (avx(e))
        v_rrm(emit_cb(e), op, false, x, x, aside(k));
    else
        x_rm(emit_cb(e), op, false, x, aside(k));
}

/* -------------------------------------------------------------- saturated sums */

/* All bits of each lane (l: 2 or 3) become its sign. */
static void spread_sign(struct emit *e, unsigned l, int x)
{
    if (l == 3 && evex(e)) {
        e_rrr(emit_cb(e), PSHIFTD, true, RIGHT_SIGNED, x, x);
        cb8(emit_cb(e), 63);
        return;
    }
    shift(e, PSHIFTD, RIGHT_SIGNED, x, x, 31);
    if (l == 3)
        emit_x2i(e, PSHUFD, x, x, 0xf5);
}

/* Where the wrapped sum is on the wrong side of a (b's sign tells which), it has overflowed; its own sign is
 * then the wrong one. */
static void signed_sum(struct emit *e, uint32_t i, unsigned l, bool add)
{
    struct codebuf *c = emit_cb(e);
    unsigned gt = l == 3 ? PCMPGTQ : PCMPGTD;
    struct regs r = take(e, i);
    emit_x3(e, add ? (l == 3 ? PADDQ : PADDD) : (l == 3 ? PSUBQ : PSUBD), r.d, r.a, r.b);
    if (add)
        emit_x3(e, gt, r.t, r.a, r.d);
    else
        emit_x3(e, gt, r.t, r.d, r.a);
    emit_x3(e, PXOR, r.t, r.t, r.b);
    spread_sign(e, l, r.t);
    if (l == 3 ? evex(e) : emit_hf(e)->avx2) { /* shifted by -1 or 0: the sign everywhere or no change */
        if (l == 3)
            e_rrr(c, VPSRAVD, true, r.d, r.d, r.t);
        else
            v_rrr(c, VPSRAVD, false, r.d, r.d, r.t);
        shift(e, l == 3 ? PSHIFTQ : PSHIFTD, LEFT, r.t, r.t, (8u << l) - 1);
        emit_x3(e, PXOR, r.d, r.d, r.t);
        return;
    }
    put_aside(e, 0, r.d);
    spread_sign(e, l, r.d);
    x3kk(e, PXOR, r.d, r.d, splat(l, 1ull << ((8u << l) - 1)));
    emit_x3(e, PAND, r.d, r.d, r.t);
    with_aside(e, PANDN, r.t, 0);
    emit_x3(e, POR, r.d, r.d, r.t);
}

static void unsigned_sum64(struct emit *e, uint32_t i, bool add)
{
    const uint64_t sign = 1ull << 63;
    struct regs r = take(e, i);
    if (add) {
        emit_x3(e, PADDQ, r.d, r.a, r.b);
        x3kk(e, PXOR, r.d, r.d, sign);
        x3kk(e, PXOR, r.t, r.a, sign);
        emit_x3(e, PCMPGTQ, r.t, r.t, r.d);
        x3kk(e, PXOR, r.d, r.d, sign);
        emit_x3(e, POR, r.d, r.d, r.t);
    } else {
        x3kk(e, PXOR, r.t, r.b, sign);
        x3kk(e, PXOR, r.d, r.a, sign);
        emit_x3(e, PCMPGTQ, r.t, r.t, r.d);
        emit_x3(e, PSUBQ, r.d, r.a, r.b);
        emit_x3(e, PANDN, r.t, r.t, r.d);
        emit_x2(e, OP_MOVAPS, r.d, r.t);
    }
}
/* Words: min(a, ~b) + b, max(a, b) - b. */
static void unsigned_sum32(struct emit *e, uint32_t i, bool add)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    if (add) {
        x3kk(e, PXOR, d, b, ~0ull);
        emit_x3(e, PMINUD, d, d, a);
        emit_x3(e, PADDD, d, d, b);
    } else {
        emit_x3(e, PMAXUD, d, a, b);
        emit_x3(e, PSUBD, d, d, b);
    }
}

/* ----------------------------------------------------------- fraction products */

static void fraction_words(struct emit *e, struct regs r, int64_t rounding)
{
    emit_x3(e, PMULLW, r.t, r.a, r.b);
    if (rounding == 0) {
        emit_x3(e, PMULHW, r.d, r.a, r.b);
        shift(e, PSHIFTW, RIGHT, r.t, r.t, 15);
        emit_x3(e, PADDW, r.d, r.d, r.d);
        emit_x3(e, POR, r.d, r.d, r.t);
    } else { /* rounded half up, less 1 where it was a half */
        emit_x3(e, PMULHRSW, r.d, r.a, r.b);
        emit_x3(e, PADDW, r.t, r.t, r.t);
        x3kk(e, PCMPEQW, r.t, r.t, splat(1, 0x8000));
        emit_x3(e, PADDW, r.d, r.d, r.t);
    }
}
/* Odd lanes and even ones apart, as 64-bit products. */
static void fraction_dwords(struct emit *e, struct regs r, int64_t rounding)
{
    shift(e, PSHIFTQ, RIGHT, r.t, r.a, 32);
    shift(e, PSHIFTQ, RIGHT, r.d, r.b, 32);
    emit_x3(e, PMULDQ, r.t, r.t, r.d);
    emit_x3(e, PMULDQ, r.d, r.a, r.b);
    emit_x3(e, PADDQ, r.t, r.t, r.t);
    emit_x3(e, PADDQ, r.d, r.d, r.d);
    if (rounding) {
        uint64_t k = 0x80000000u - (rounding == 2);
        x3kk(e, PADDQ, r.t, r.t, k);
        x3kk(e, PADDQ, r.d, r.d, k);
    }
    shift(e, PSHIFTQ, RIGHT, r.d, r.d, 32);
    emit_x3i(e, PBLENDW, r.d, r.d, r.t, 0xcc);
}

/* ------------------------------------------------------------------ narrowing */

/* Unsigned to unsigned: limited first, so that the signed interpretation of the host's does no harm. */
static void pack_unsigned(struct emit *e, uint32_t i, unsigned l)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned min = l == 1 ? PMINUW : PMINUD, pack = l == 1 ? PACKUSWB : PACKUSDW;
    uint64_t k = splat(l, ones(l - 1));
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    x3kk(e, min, d, a, k);
    if (a == b) {
        emit_x3(e, pack, d, d, d);
        return;
    }
    int t = rx_temp(e);
    x3kk(e, min, t, b, k);
    emit_x3(e, pack, d, d, t);
}

/* ------------------------------------------------------------ shifts by counts */

/* Bytes by AVX-512's shifts of words, odd ones and even ones apart. */
static void shift_bytes_as_words(struct emit *e, unsigned op, struct regs r)
{
    const uint64_t even = splat(1, 0xff), odd = splat(1, 0xff00);
    struct codebuf *c = emit_cb(e);
    if (op == IR_vshlv) {
        shift(e, PSHIFTW, RIGHT, r.t, r.b, 8);
        x3kk(e, PAND, r.d, r.a, odd);
        e_rrr(c, VPSLLVW, true, r.t, r.d, r.t);
        x3kk(e, PAND, r.d, r.b, even);
        e_rrr(c, VPSLLVW, true, r.d, r.a, r.d);
        x3kk(e, PAND, r.d, r.d, even);
        emit_x3(e, POR, r.d, r.d, r.t);
        return;
    }
    unsigned host = op == IR_vshrv ? VPSRLVW : VPSRAVW;
    x3kk(e, PAND, r.t, r.b, even);
    if (op == IR_vshrv)
        x3kk(e, PAND, r.d, r.a, even);
    else
        shift(e, PSHIFTW, LEFT, r.d, r.a, 8);
    e_rrr(c, host, true, r.d, r.d, r.t);
    if (op == IR_vsarv)
        shift(e, PSHIFTW, RIGHT, r.d, r.d, 8);
    shift(e, PSHIFTW, RIGHT, r.t, r.b, 8);
    e_rrr(c, host, true, r.t, r.a, r.t);
    x3kk(e, PAND, r.t, r.t, odd);
    emit_x3(e, POR, r.d, r.d, r.t);
}

/* Bytes by products: 2^n, or 2^(7-n) and the result 7 bits lower; 0 for n > 7. To the right signed: the
 * complement of a negative number is shifted as an unsigned one. */
static void shift_bytes_by_products(struct emit *e, unsigned op, struct regs r)
{
    const uint64_t even = splat(1, 0xff), odd = splat(1, 0xff00);
    bool left = op == IR_vshlv;
    int x = r.a;
    x3kk(e, PADDUSB, r.t, r.b, splat(0, 0x78)); /* bit 7 of counts above 7 */
    if (op == IR_vsarv) {
        zero(e, r.d);
        emit_x3(e, PCMPGTB, r.d, r.d, r.a);
        emit_x3(e, PXOR, r.d, r.d, r.a);
        put_aside(e, 0, r.d);
        x = -1;
    }
    /* counts 0..7 have become indices 0x78..0x7f: the table's upper half */
    emit_const_op(e, OP_MOVAPS, r.d, 0, 0, left ? 0x8040201008040201 : 0x0102040810204080);
    emit_x3(e, PSHUFB, r.d, r.d, r.t);
    x3kk(e, PAND, r.t, r.d, odd);
    x3kk(e, PAND, r.d, r.d, even);
    if (left) { /* one of two products is 0, so their sum does not saturate */
        put_aside(e, 1, r.d);
        emit_x3(e, PMADDUBSW, r.d, r.a, r.t);
        shift(e, PSHIFTW, LEFT, r.t, r.d, 8);
        emit_x2(e, OP_MOVAPS, r.d, r.a);
        with_aside(e, PMADDUBSW, r.d, 1);
        x3kk(e, PAND, r.d, r.d, even);
        emit_x3(e, POR, r.d, r.d, r.t);
        return;
    }
    if (x < 0)
        with_aside(e, PMULHUW, r.t, 0);
    else
        emit_x3(e, PMULHUW, r.t, r.t, x);
    emit_x3(e, PADDW, r.t, r.t, r.t);
    x3kk(e, PAND, r.t, r.t, odd);
    put_aside(e, 1, r.t);
    if (x < 0) {
        emit_const_op(e, OP_MOVAPS, r.t, 0, even, even);
        with_aside(e, PAND, r.t, 0);
    } else {
        x3kk(e, PAND, r.t, x, even);
    }
    emit_x3(e, PMULLW, r.d, r.d, r.t);
    shift(e, PSHIFTW, RIGHT, r.d, r.d, 7);
    with_aside(e, POR, r.d, 1);
    if (x < 0) {
        zero(e, r.t);
        emit_x3(e, PCMPGTB, r.t, r.t, r.a);
        emit_x3(e, PXOR, r.d, r.d, r.t);
    }
}

/* 16-bit lanes as the halves of 32-bit ones. */
static void shift_halves(struct emit *e, unsigned op, struct regs r)
{
    const uint64_t low = 0x0000ffff0000ffff;
    struct codebuf *c = emit_cb(e);
    if (op == IR_vshlv) {
        shift(e, PSHIFTD, RIGHT, r.d, r.b, 16);
        x3kk(e, PAND, r.t, r.a, ~low);
        v_rrr(c, VPSLLVD, false, r.d, r.t, r.d);
        x3kk(e, PAND, r.t, r.b, low);
        v_rrr(c, VPSLLVD, false, r.t, r.a, r.t);
        emit_x3i(e, PBLENDW, r.d, r.d, r.t, 0x55);
        return;
    }
    unsigned host = op == IR_vshrv ? VPSRLVD : VPSRAVD;
    x3kk(e, PAND, r.t, r.b, low);
    if (op == IR_vshrv)
        x3kk(e, PAND, r.d, r.a, low);
    else
        shift(e, PSHIFTD, LEFT, r.d, r.a, 16);
    v_rrr(c, host, false, r.d, r.d, r.t);
    if (op == IR_vsarv)
        shift(e, PSHIFTD, RIGHT, r.d, r.d, 16);
    shift(e, PSHIFTD, RIGHT, r.t, r.b, 16);
    v_rrr(c, host, false, r.t, r.a, r.t);
    emit_x3i(e, PBLENDW, r.d, r.d, r.t, 0xaa);
}

/* Returns false if the host has no instructions for it. */
static bool shift_by_counts(struct emit *e, uint32_t i, unsigned l)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = emit_cb(e);
    unsigned op = p->op;
    if (l == 0) {
        struct regs r = take(e, i);
        if (evex(e))
            shift_bytes_as_words(e, op, r);
        else
            shift_bytes_by_products(e, op, r);
        return true;
    }
    if (!emit_hf(e)->avx2)
        return false;
    if (l == 1 && !evex(e)) {
        shift_halves(e, op, take(e, i));
        return true;
    }
    if (l == 3 && op == IR_vsarv && !evex(e)) {
        struct regs r = take(e, i);
        zero(e, r.d);
        emit_x3(e, PCMPGTQ, r.d, r.d, r.a);
        emit_x3(e, PXOR, r.t, r.a, r.d);
        v_rrr(c, VPSRLVD, true, r.t, r.t, r.b);
        emit_x3(e, PXOR, r.d, r.d, r.t);
        return true;
    }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def(e, i);
    if (l == 1)
        e_rrr(c, op == IR_vshlv ? VPSLLVW : op == IR_vshrv ? VPSRLVW : VPSRAVW, true, d, a, b);
    else if (l == 3 && op == IR_vsarv)
        e_rrr(c, VPSRAVD, true, d, a, b);
    else
        v_rrr(c, op == IR_vshlv ? VPSLLVD : op == IR_vshrv ? VPSRLVD : VPSRAVD, l == 3, d, a, b);
    return true;
}

/* ------------------------------------------------------------- sums of products */

/* The even or the odd bytes of y as words. */
static void bytes_to_words(struct emit *e, int x, int y, bool is_odd, bool is_signed)
{
    if (is_odd) {
        shift(e, PSHIFTW, is_signed ? RIGHT_SIGNED : RIGHT, x, y, 8);
    } else if (is_signed) {
        shift(e, PSHIFTW, LEFT, x, y, 8);
        shift(e, PSHIFTW, RIGHT_SIGNED, x, x, 8);
    } else {
        x3kk(e, PAND, x, y, splat(1, 0xff));
    }
}

/* VNNI multiplies unsigned by signed bytes. Of two signed or two unsigned ones, one is moved by 128, and
 * 128 times the sum of the other's bytes is taken back. */
static void dot_vnni(struct emit *e, uint32_t i)
{
    struct codebuf *c = emit_cb(e);
    bool sa = emit_inst(e, i)->imm & 1, sb = emit_inst(e, i)->imm & 2;
    struct regs r = take(e, i);
    if (sa != sb) {
        zero(e, r.d);
        e_rrr(c, VPDPBUSD, false, r.d, sa ? r.b : r.a, sa ? r.a : r.b);
    } else if (sa) {
        emit_const_op(e, OP_MOVAPS, r.d, 0, splat(0, 1), splat(0, 1));
        emit_x3(e, PMADDUBSW, r.d, r.d, r.b);
        x3kk(e, PMADDWD, r.d, r.d, splat(1, 0xff80));
        x3kk(e, PXOR, r.t, r.a, splat(0, 0x80));
        e_rrr(c, VPDPBUSD, false, r.d, r.t, r.b);
    } else {
        x3kk(e, PMADDUBSW, r.d, r.a, splat(0, 1));
        x3kk(e, PMADDWD, r.d, r.d, splat(1, 0x80));
        x3kk(e, PXOR, r.t, r.b, splat(0, 0x80));
        e_rrr(c, VPDPBUSD, false, r.d, r.a, r.t);
    }
}

static void dot(struct emit *e, uint32_t i)
{
    if (emit_hf(e)->avx512vl && emit_hf(e)->vnni) {
        dot_vnni(e, i);
        return;
    }
    bool sa = emit_inst(e, i)->imm & 1, sb = emit_inst(e, i)->imm & 2;
    struct regs r = take(e, i);
    bytes_to_words(e, r.d, r.a, false, sa);
    bytes_to_words(e, r.t, r.b, false, sb);
    emit_x3(e, PMADDWD, r.d, r.d, r.t);
    put_aside(e, 0, r.d);
    bytes_to_words(e, r.d, r.a, true, sa);
    bytes_to_words(e, r.t, r.b, true, sb);
    emit_x3(e, PMADDWD, r.d, r.d, r.t);
    with_aside(e, PADDD, r.d, 0);
}

unsigned emit_sat_direct(unsigned op, unsigned lane)
{
    static const struct {
        uint16_t op;
        uint32_t lane[4];
    } direct[] = {
        { IR_vuqadd, { PADDUSB, PADDUSW, 0, 0 } },   { IR_vuqsub, { PSUBUSB, PSUBUSW, 0, 0 } },
        { IR_vsqadd, { PADDSB, PADDSW, 0, 0 } },     { IR_vsqsub, { PSUBSB, PSUBSW, 0, 0 } },
        { IR_vpackss, { 0, PACKSSWB, PACKSSDW, 0 } }, { IR_vpacksu, { 0, PACKUSWB, PACKUSDW, 0 } },
        { IR_vmaddw, { PMADDWD, PMADDWD, PMADDWD, PMADDWD } },
        { IR_vmaddb, { PMADDUBSW, PMADDUBSW, PMADDUBSW, PMADDUBSW } },
        { IR_vsad, { PSADBW, PSADBW, PSADBW, PSADBW } },
    };
    for (unsigned k = 0; k < sizeof direct / sizeof *direct; k++)
        if (direct[k].op == op)
            return direct[k].lane[lane & 3];
    return 0;
}

bool emit_sat_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    switch (p->op) {
    case IR_vuqadd: case IR_vuqsub:
        if (l == 2)
            unsigned_sum32(e, i, p->op == IR_vuqadd);
        else
            unsigned_sum64(e, i, p->op == IR_vuqadd);
        return true;
    case IR_vsqadd: case IR_vsqsub:
        signed_sum(e, i, l, p->op == IR_vsqadd);
        return true;
    case IR_vfxmul:
        if (l == 2)
            fraction_dwords(e, take(e, i), p->imm);
        else if (p->imm != 1)
            fraction_words(e, take(e, i), p->imm);
        else {
            int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
            emit_x3(e, PMULHRSW, d, a, b);
        }
        return true;
    case IR_vpackuu: pack_unsigned(e, i, l); return true;
    case IR_vshlv: case IR_vshrv: case IR_vsarv: return shift_by_counts(e, i, l);
    case IR_vdot4: dot(e, i); return true;
    }
    return false;
}
