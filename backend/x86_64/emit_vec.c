/*
 * Code for integer operations on 128-bit vectors (the vector chapter of ops.def).
 *
 * Baseline is SSE4.2; AVX forms are used for three operands, AVX2, AVX-512 (VL, BW, DQ), GFNI and PCLMULQDQ where
 * the host has them. A sequence takes at most four of the allocator's scratch registers, operands and
 * result included. A result that is written before the last read of an operand is made by rx_def_clear.
 * EFLAGS are not touched, except by the calls of vechelp.c.
 */
#include "emit_priv.h"
#include "vechelp.h"

enum {
    PADDB = 0xfc | M0F | P66, PADDW = 0xfd | M0F | P66, PADDD = 0xfe | M0F | P66, PADDQ = 0xd4 | M0F | P66,
    PSUBB = 0xf8 | M0F | P66, PSUBW = 0xf9 | M0F | P66, PSUBD = 0xfa | M0F | P66, PSUBQ = 0xfb | M0F | P66,
    PAND = 0xdb | M0F | P66, PANDN = 0xdf | M0F | P66, POR = 0xeb | M0F | P66, PXOR = 0xef | M0F | P66,
    PCMPEQB = 0x74 | M0F | P66, PCMPEQW = 0x75 | M0F | P66, PCMPEQD = 0x76 | M0F | P66, PCMPEQQ = 0x29 | M38 | P66,
    PCMPGTB = 0x64 | M0F | P66, PCMPGTW = 0x65 | M0F | P66, PCMPGTD = 0x66 | M0F | P66, PCMPGTQ = 0x37 | M38 | P66,
    PMINUB = 0xda | M0F | P66, PMINUW = 0x3a | M38 | P66, PMINUD = 0x3b | M38 | P66,
    PMAXUB = 0xde | M0F | P66, PMAXUW = 0x3e | M38 | P66, PMAXUD = 0x3f | M38 | P66,
    PMINSB = 0x38 | M38 | P66, PMINSW = 0xea | M0F | P66, PMINSD = 0x39 | M38 | P66,
    PMAXSB = 0x3c | M38 | P66, PMAXSW = 0xee | M0F | P66, PMAXSD = 0x3d | M38 | P66,
    PUNPCKLBW = 0x60 | M0F | P66, PUNPCKLWD = 0x61 | M0F | P66, PUNPCKLDQ = 0x62 | M0F | P66,
    PUNPCKLQDQ = 0x6c | M0F | P66,
    PUNPCKHBW = 0x68 | M0F | P66, PUNPCKHWD = 0x69 | M0F | P66, PUNPCKHDQ = 0x6a | M0F | P66,
    PUNPCKHQDQ = 0x6d | M0F | P66,
    PACKUSWB = 0x67 | M0F | P66, PACKUSDW = 0x2b | M38 | P66, SHUFPS = 0xc6 | M0F, SHUFPD = 0xc6 | M0F | P66,
    PSHUFB = 0x00 | M38 | P66, PSHUFD = 0x70 | M0F | P66, PSHUFLW = 0x70 | M0F | PF2, PBLENDW = 0x0e | M3A | P66,
    PALIGNR = 0x0f | M3A | P66, PMADDUBSW = 0x04 | M38 | P66, PMADDWD = 0xf5 | M0F | P66,
    PHADDW = 0x01 | M38 | P66, PHADDD = 0x02 | M38 | P66, PSADBW = 0xf6 | M0F | P66,
    PHMINPOSUW = 0x41 | M38 | P66, PMULLW = 0xd5 | M0F | P66, PMULLD = 0x40 | M38 | P66,
    PMULHUW = 0xe4 | M0F | P66, PMULHW = 0xe5 | M0F | P66, PMULUDQ = 0xf4 | M0F | P66, PMULDQ = 0x28 | M38 | P66,
    PABSB = 0x1c | M38 | P66, PAVGB = 0xe0 | M0F | P66, PAVGW = 0xe3 | M0F | P66,
    PADDUSB = 0xdc | M0F | P66, PADDUSW = 0xdd | M0F | P66, PSUBUSB = 0xd8 | M0F | P66, PSUBUSW = 0xd9 | M0F | P66,
    PMOVSX = 0x20 | M38 | P66, PMOVZX = 0x30 | M38 | P66, INSERTPS = 0x21 | M3A | P66,
    PEXTRB = 0x14 | M3A | P66, PEXTRW = 0xc5 | M0F | P66, PEXTRD = 0x16 | M3A | P66,
    PINSRB = 0x20 | M3A | P66, PINSRW = 0xc4 | M0F | P66, PINSRD = 0x22 | M3A | P66,
    PCLMULQDQ = 0x44 | M3A | P66, GF2P8AFFINEQB = 0xce | M3A | P66, BLENDVPS = 0x14 | M38 | P66,
    VPBROADCASTB = 0x78 | M38 | P66, VPBROADCASTW = 0x79 | M38 | P66, VPBROADCASTD = 0x58 | M38 | P66,
    VPBROADCASTQ = 0x59 | M38 | P66,
    PSHIFTW = 0x71 | M0F | P66, PSHIFTD = 0x72 | M0F | P66, PSHIFTQ = 0x73 | M0F | P66, /* /digit imm8 */
    LEFT = 6, RIGHT = 2, RIGHT_SIGNED = 4, RIGHT_BYTES = 3,
};

/* ------------------------------------------------------------------ small pieces */

static bool avx(struct emit *e) { return emit_hf(e)->avx; }
static bool evex(struct emit *e) { return emit_hf(e)->avx512vl; }

/* A result that may be an operand's register where the host has three-operand forms. */
static int def(struct emit *e, uint32_t i) { return avx(e) ? rx_def(e, i) : rx_def_clear(e, i); }

/* d = a op constant. */
static void x3k(struct emit *e, unsigned op, int d, int a, uint64_t lo, uint64_t hi)
{
    if (!avx(e) && d != a)
        emit_x2(e, OP_MOVAPS, d, a);
    emit_const_op(e, op, d, avx(e) ? a : d, lo, hi);
}
static void x3kk(struct emit *e, unsigned op, int d, int a, uint64_t k) { x3k(e, op, d, a, k, k); }

/* d = a shifted by n: op PSHIFT*, way LEFT and so on. */
static void shift(struct emit *e, unsigned op, unsigned way, int d, int a, unsigned n)
{
    struct codebuf *c = emit_cb(e);
    if (avx(e)) {
        v_rrr(c, op, false, (int)way, d, a);
    } else {
        emit_x2(e, OP_MOVAPS, d, a);
        x_rr(c, op, false, (int)way, d);
    }
    cb8(c, n);
}
static void zero(struct emit *e, int d) { emit_x3(e, PXOR, d, d, d); }

/* x in each lane of a 64-bit word. */
static uint64_t splat(unsigned lane, uint64_t x)
{
    for (unsigned bits = 8u << lane; bits < 64; bits *= 2)
        x = (x & (~0ull >> (64 - bits))) | x << bits;
    return x;
}
static uint64_t ones(unsigned lane) { return ~0ull >> (64 - (8u << lane)); }

/* Instructions between register files. */
static void x_gpr(struct emit *e, unsigned op, bool w, int reg, int v, int rm)
{
    if (avx(e))
        v_rrr(emit_cb(e), op, w, reg, v, rm);
    else
        x_rr(emit_cb(e), op, w, reg, rm);
}

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
    mov_mi32(c, false, mem_bd(STATE, CPU_DISP(scratch) + VECHELP_WHAT), (int32_t)(p->op | (p->aux & 7u) << 16));
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
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3(e, op, d, a, b);
}
static void swapped(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3(e, op, d, b, a);
}
static void one(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    emit_x2(e, op, d, a);
}
static void one_imm(struct emit *e, uint32_t i, unsigned op, unsigned imm)
{
    one(e, i, op);
    cb8(emit_cb(e), imm);
}
/* d = a op constant. */
static void with_const(struct emit *e, uint32_t i, unsigned op, uint64_t lo, uint64_t hi)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    x3k(e, op, d, a, lo, hi);
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
    { IR_vuqadd, { PADDUSB, PADDUSW, 0, 0 } },
    { IR_vuqsub, { PSUBUSB, PSUBUSW, 0, 0 } },
};

static unsigned direct_op(unsigned op, unsigned lane)
{
    for (unsigned k = 0; k < sizeof direct / sizeof *direct; k++)
        if (direct[k].op == op)
            return direct[k].lane[lane & 3];
    return 0;
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
    static const unsigned add[4] = { PADDB, PADDW, PADDD, PADDQ }, sub[4] = { PSUBB, PSUBW, PSUBD, PSUBQ };
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

static void saturating_words(struct emit *e, uint32_t i, bool add)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    if (add) { /* min(a, ~b) + b */
        x3kk(e, PXOR, d, b, ~0ull);
        emit_x3(e, PMINUD, d, d, a);
        emit_x3(e, PADDD, d, d, b);
    } else { /* max(a, b) - b */
        emit_x3(e, PMAXUD, d, a, b);
        emit_x3(e, PSUBD, d, d, b);
    }
}

static void choose(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    if (evex(e)) {
        int d = rx_def(e, i);
        /* vpternlog: d is one of the sources or a copy of the mask; the truth table follows its place */
        static const uint8_t truth[3] = { 0xca, 0xe2, 0xb8 };
        int place = d == a ? 0 : d == b ? 1 : d == c ? 2 : 0;
        if (d != a && d != b && d != c)
            emit_x2(e, OP_MOVAPS, d, a);
        e_rrr(emit_cb(e), 0x25 | M3A | P66, true, d, place == 0 ? b : a, place == 2 ? b : c);
        cb8(emit_cb(e), truth[place]);
        return;
    }
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

/* Shifts by the signed byte n of each lane: left by n mod 256, right by -n mod 256; a count of the lane's width
 * or more gives 0, so the wrong direction does (its count is at least 129, and n = 0 gives a twice). For signed
 * ones bit 7 of n selects. */
static void shift_variable(struct emit *e, uint32_t i, bool is_signed)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    bool can = l == 2 ? emit_hf(e)->avx2 : l == 3 ? (is_signed ? evex(e) : emit_hf(e)->avx2) : l == 1 && evex(e);
    if (!can) {
        flags_clobber(e);
        by_helper(e, i);
        return;
    }
    static const unsigned sub[4] = { PSUBB, PSUBW, PSUBD, PSUBQ };
    struct codebuf *c = emit_cb(e);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    zero(e, t);
    emit_x3(e, sub[l], t, t, b);
    x3kk(e, PAND, t, t, splat(l, 0xff));
    unsigned right = is_signed ? 0x46 : 0x45;
    if (l == 1)
        e_rrr(c, (is_signed ? 0x11 : 0x10) | M38 | P66, true, t, a, t);
    else if (l == 3 && is_signed)
        e_rrr(c, 0x46 | M38 | P66, true, t, a, t);
    else
        v_rrr(c, right | M38 | P66, l == 3, t, a, t);
    x3kk(e, PAND, d, b, splat(l, 0xff));
    if (l == 1)
        e_rrr(c, 0x12 | M38 | P66, true, d, a, d);
    else
        v_rrr(c, 0x47 | M38 | P66, l == 3, d, a, d);
    if (!is_signed) {
        emit_x3(e, POR, d, d, t);
        return;
    }
    /* t where n is negative, else d; t waits in memory while its register holds the mask */
    struct mem aside = mem_bd(STATE, CPU_DISP(scratch));
    v_rrm(c, OP_MOVUPS_S, false, t, 0, aside);
    if (l == 3) {
        shift(e, PSHIFTQ, LEFT, t, b, 56);
        e_rrr(c, PSHIFTD, true, RIGHT_SIGNED, t, t);
        cb8(c, 63);
    } else {
        shift(e, l == 1 ? PSHIFTW : PSHIFTD, LEFT, t, b, (8u << l) - 8);
        shift(e, l == 1 ? PSHIFTW : PSHIFTD, RIGHT_SIGNED, t, t, (8u << l) - 1);
    }
    emit_x3(e, PANDN, d, t, d);
    v_rrm(c, PAND, false, t, t, aside);
    emit_x3(e, POR, d, d, t);
}

/* ----------------------------------------------------------------- lanes and moves */

static void duplicate(struct emit *e, uint32_t i)
{
    static const unsigned broadcast[4] = { VPBROADCASTB, VPBROADCASTW, VPBROADCASTD, VPBROADCASTQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = ra_use(e, p->arg[0]), d = rx_def(e, i);
    if (evex(e)) {
        static const unsigned from[4] = { 0x7a, 0x7b, 0x7c, 0x7c };
        e_rrr(emit_cb(e), from[l] | M38 | P66, l == 3, d, 0, a);
        return;
    }
    x_gpr(e, OP_MOVD_X_R, l == 3, d, 0, a);
    if (emit_hf(e)->avx2) {
        emit_x2(e, broadcast[l], d, d);
    } else if (l == 0) {
        x3kk(e, PSHUFB, d, d, 0);
    } else {
        if (l == 1)
            emit_x2i(e, PSHUFLW, d, d, 0);
        emit_x2i(e, PSHUFD, d, d, l == 3 ? 0x44 : 0);
    }
}

static void duplicate_lane(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = (unsigned)p->imm;
    if (l == 2) {
        one_imm(e, i, PSHUFD, n * 0x55);
    } else if (l == 3) {
        one_imm(e, i, PSHUFD, n ? 0xee : 0x44);
    } else {
        uint64_t k = l == 0 ? splat(0, n) : splat(1, 2 * n | (2 * n + 1) << 8);
        with_const(e, i, PSHUFB, k, k);
    }
}

static void get_lane(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = emit_cb(e);
    unsigned l = p->aux & 3, n = p->imm & 15;
    bool sign = p->imm & 0x80, w = p->type == IR_I64;
    int a = rx_use(e, p->arg[0]), d = ra_def(e, i);
    switch (l) {
    case 0:
        x_gpr(e, PEXTRB, false, a, 0, d);
        cb8(c, n);
        break;
    case 1:
        x_gpr(e, PEXTRW, false, d, 0, a);
        cb8(c, n);
        break;
    default:
        if (n == 0) {
            x_gpr(e, OP_MOVD_R_X, l == 3, a, 0, d);
        } else {
            x_gpr(e, PEXTRD, l == 3, a, 0, d);
            cb8(c, n);
        }
    }
    if (sign && l == 0)
        x_rr(c, OP_MOVSX8, w, d, d);
    else if (sign && l == 1)
        x_rr(c, OP_MOVSX16, w, d, d);
    else if (sign && l == 2 && w)
        x_rr(c, OP_MOVSXD, true, d, d);
}

static void insert(struct emit *e, uint32_t i)
{
    static const unsigned op[4] = { PINSRB, PINSRW, PINSRD, PINSRD };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int b = ra_use(e, p->arg[1]), a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    if (!avx(e))
        emit_x2(e, OP_MOVAPS, d, a);
    x_gpr(e, op[l], l == 3, d, a, b);
    cb8(emit_cb(e), (unsigned)p->imm & 15);
}

static void insert_lane(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = emit_cb(e);
    unsigned l = p->aux & 3, to = p->imm & 15, from = (unsigned)(p->imm >> 8) & 15;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]);
    if (l == 2) {
        emit_x3i(e, INSERTPS, def(e, i), a, b, from << 6 | to << 4);
    } else if (l == 3) {
        int d = def(e, i);
        if (to)
            emit_x3i(e, SHUFPD, d, a, b, from << 1);
        else
            emit_x3i(e, SHUFPD, d, b, a, from | 2);
    } else {
        int t = ra_temp(e), d = def(e, i);
        if (l == 0)
            x_gpr(e, PEXTRB, false, b, 0, t);
        else
            x_gpr(e, PEXTRW, false, t, 0, b);
        cb8(c, from);
        if (!avx(e))
            emit_x2(e, OP_MOVAPS, d, a);
        x_gpr(e, l == 0 ? PINSRB : PINSRW, false, d, a, t);
        cb8(c, to);
    }
}

static void extract(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    if (p->op == IR_vext) {
        emit_x3i(e, PALIGNR, d, b, a, (unsigned)p->imm);
        return;
    }
    emit_x3(e, PUNPCKLQDQ, d, a, b);
    if (p->imm)
        shift(e, PSHIFTQ, RIGHT_BYTES, d, d, (unsigned)p->imm);
    emit_x2(e, OP_MOVQ_L, d, d);
}

/* Every second lane: odd ones moved down, the others cleared, then packed. */
static void unzip(struct emit *e, uint32_t i, bool odd)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]);
    if (l == 2) {
        emit_x3i(e, SHUFPS, def(e, i), a, b, odd ? 0xdd : 0x88);
        return;
    }
    int d = rx_def_clear(e, i), t = a == b ? d : rx_temp(e);
    for (int k = 0; k < (a == b ? 1 : 2); k++)
        if (odd)
            shift(e, l ? PSHIFTD : PSHIFTW, RIGHT, k ? t : d, k ? b : a, 8u << l);
        else
            x3kk(e, PAND, k ? t : d, k ? b : a, splat(l + 1, ones(l)));
    emit_x3(e, l ? PACKUSDW : PACKUSWB, d, d, t);
}

static void transpose(struct emit *e, uint32_t i, bool odd)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = 8u << l;
    unsigned by = l == 0 ? PSHIFTW : l == 1 ? PSHIFTD : PSHIFTQ, blend = l == 1 ? 0xaa : 0xcc;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    /* shifted goes to d; the other stays in place */
    if (odd)
        shift(e, by, RIGHT, d, a, n);
    else
        shift(e, by, LEFT, d, b, n);
    if (l == 0) {
        int t = rx_temp(e);
        x3kk(e, PAND, t, odd ? b : a, odd ? 0xff00ff00ff00ff00 : 0x00ff00ff00ff00ff);
        emit_x3(e, POR, d, d, t);
    } else if (odd) {
        emit_x3i(e, PBLENDW, d, d, b, blend);
    } else {
        emit_x3i(e, PBLENDW, d, d, a, blend ^ 0xff);
    }
}

static void table(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]);
    if (ir_is_const(p->arg[1])) {
        const struct ir_const *k = &e->r->consts[p->arg[1] & ~IR_CONST_BIT];
        uint64_t w[2] = { k->lo, k->hi };
        for (int n = 0; n < 16; n++)
            if ((w[n / 8] >> n % 8 * 8 & 0xff) > 15)
                w[n / 8] |= 0x80ull << n % 8 * 8;
        x3k(e, PSHUFB, rx_def(e, i), a, w[0], w[1]);
        return;
    }
    int b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    x3kk(e, PADDUSB, t, b, splat(0, 0x70)); /* bit 7 of indices above 15 */
    emit_x3(e, PSHUFB, d, a, t);
}

static void reverse(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, container = (unsigned)p->imm / 8, lane = 1u << l;
    if (l == 2 && container == 8) {
        one_imm(e, i, PSHUFD, 0xb1);
        return;
    }
    uint64_t w[2] = { 0, 0 };
    for (unsigned k = 0; k < 16; k++) {
        unsigned in = k % container, from = k - in + (container - lane - in / lane * lane) + in % lane;
        w[k / 8] |= (uint64_t)from << k % 8 * 8;
    }
    with_const(e, i, PSHUFB, w[0], w[1]);
}

/* A function of each byte given by tables for its low and high nibble, joined by op. */
static void nibbles(struct emit *e, uint32_t i, const uint64_t low[2], const uint64_t high[2], unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e), u = rx_temp(e);
    x3kk(e, PAND, t, a, splat(0, 15));
    emit_const_op(e, OP_MOVAPS, d, 0, low[0], low[1]);
    emit_x3(e, PSHUFB, d, d, t);
    shift(e, PSHIFTW, RIGHT, t, a, 4);
    x3kk(e, PAND, t, t, splat(0, 15));
    emit_const_op(e, OP_MOVAPS, u, 0, high[0], high[1]);
    emit_x3(e, PSHUFB, u, u, t);
    emit_x3(e, op, d, d, u);
}

static void reverse_bits(struct emit *e, uint32_t i)
{
    if (emit_hf(e)->gfni) {
        int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
        emit_const_op(e, OP_MOVAPS, t, 0, 0x8040201008040201, 0x8040201008040201);
        emit_x3i(e, GF2P8AFFINEQB | (avx(e) ? (unsigned)OPW : 0), d, a, t, 0);
        return;
    }
    static const uint64_t low[2] = { 0xe060a020c0408000, 0xf070b030d0509010 };
    static const uint64_t high[2] = { 0x0e060a020c040800, 0x0f070b030d050901 };
    nibbles(e, i, low, high, POR);
}

static void count_bits(struct emit *e, uint32_t i)
{
    static const uint64_t count[2] = { 0x0302020102010100, 0x0403030203020201 };
    nibbles(e, i, count, count, PADDB);
}

/* -------------------------------------------------------------- pairs, reductions */

/* Pairwise: op of each lane and its neighbour above, in the lower one; then the lower lanes are packed. */
static void pairwise(struct emit *e, uint32_t i, const unsigned op[3])
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    if (l == 2) {
        int t = rx_temp(e);
        emit_x3i(e, SHUFPS, d, a, b, 0x88);
        emit_x3i(e, SHUFPS, t, a, b, 0xdd);
        emit_x3(e, op[2], d, d, t);
        return;
    }
    int t = a == b ? d : rx_temp(e);
    for (int k = 0; k < (a == b ? 1 : 2); k++) {
        int x = k ? t : d, y = k ? b : a;
        shift(e, l ? PSHIFTD : PSHIFTW, RIGHT, x, y, 8u << l);
        emit_x3(e, op[l], x, x, y);
        x3kk(e, PAND, x, x, splat(l + 1, ones(l)));
    }
    emit_x3(e, l ? PACKUSDW : PACKUSWB, d, d, t);
}

static void add_pairs(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    if ((p->aux & 3) == 3) {
        int t = rx_temp(e);
        emit_x3(e, PUNPCKLQDQ, d, a, b);
        emit_x3(e, PUNPCKHQDQ, t, a, b);
        emit_x3(e, PADDQ, d, d, t);
        return;
    }
    int t = a == b ? d : rx_temp(e);
    for (int k = 0; k < (a == b ? 1 : 2); k++) {
        int x = k ? t : d;
        x3kk(e, PMADDUBSW, x, k ? b : a, splat(0, 1));
        x3kk(e, PAND, x, x, splat(1, 0xff));
    }
    emit_x3(e, PACKUSWB, d, d, t);
}

/* Keeps lane 0 of d, clears the rest. */
static void only_lane0(struct emit *e, unsigned l, int d)
{
    if (l == 3)
        emit_x2(e, OP_MOVQ_L, d, d);
    else if (l == 2)
        emit_x3i(e, INSERTPS, d, d, d, 0x0e);
    else
        x3k(e, PAND, d, d, ones(l), 0);
}

static void add_across(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    if (l == 0) {
        zero(e, t);
        emit_x3(e, PSADBW, d, a, t);
        emit_x2i(e, PSHUFD, t, d, 0xee);
        emit_x3(e, PADDQ, d, d, t);
    } else if (l == 3) {
        emit_x2i(e, PSHUFD, d, a, 0xee);
        emit_x3(e, PADDQ, d, d, a);
    } else {
        if (l == 1)
            x3kk(e, PMADDWD, d, a, splat(1, 1)); /* the low half of each sum is right */
        else
            emit_x2(e, OP_MOVAPS, d, a);
        emit_x2i(e, PSHUFD, t, d, 0xee);
        emit_x3(e, PADDD, d, d, t);
        emit_x2i(e, PSHUFD, t, d, 0x55);
        emit_x3(e, PADDD, d, d, t);
    }
    only_lane0(e, l, d);
}

/* Words: phminposuw finds the unsigned minimum; the others become that by a change of bits. */
static void extreme_across(struct emit *e, uint32_t i, uint64_t bias /* of a byte; words alike */, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    if (l == 2) {
        emit_x2i(e, PSHUFD, d, a, 0xee);
        emit_x3(e, op, d, d, a);
        emit_x2i(e, PSHUFD, t, d, 0x55);
        emit_x3(e, op, d, d, t);
        only_lane0(e, 2, d);
        return;
    }
    uint64_t k = l == 0 ? bias : bias == 0xff ? 0xffff : bias == 0x80 ? 0x8000 : bias == 0x7f ? 0x7fff : 0;
    if (k)
        x3kk(e, PXOR, d, a, splat(l, k));
    else
        emit_x2(e, OP_MOVAPS, d, a);
    if (l == 0) {
        shift(e, PSHIFTW, RIGHT, t, d, 8);
        emit_x3(e, PMINUB, d, d, t);
        x3kk(e, PAND, d, d, splat(1, 0xff));
    }
    emit_x2(e, PHMINPOSUW, d, d);
    if (k)
        x3k(e, PXOR, d, d, k, 0);
    only_lane0(e, l, d);
}

/* ------------------------------------------------------------------------ widths */

/* Bytes of the narrow lanes, after a shift by imm bits. */
static void narrow(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, wide = 1u << l, half = wide / 2, n = p->op == IR_vshrn ? (unsigned)p->imm : 0;
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    unsigned skip = 0;
    if (n % 8) {
        shift(e, l == 1 ? PSHIFTW : l == 2 ? PSHIFTD : PSHIFTQ, RIGHT, d, a, n);
        a = d;
    } else {
        skip = n / 8;
    }
    uint64_t w = 0;
    for (unsigned k = 0; k < 8; k++) {
        unsigned at = k % half + skip;
        w |= (uint64_t)(at < wide ? k / half * wide + at : 0x80) << k * 8;
    }
    x3k(e, PSHUFB, d, a, w, splat(0, 0x80));
}

static void widen(struct emit *e, uint32_t i, unsigned op)
{
    static const uint8_t step[3] = { 0, 3, 5 };
    one(e, i, op + step[emit_inst(e, i)->aux & 3]);
}

bool emit_vec_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, op = direct_op(p->op, l);
    static const unsigned umax[3] = { PMAXUB, PMAXUW, PMAXUD }, umin[3] = { PMINUB, PMINUW, PMINUD };
    static const unsigned smax[3] = { PMAXSB, PMAXSW, PMAXSD }, smin[3] = { PMINSB, PMINSW, PMINSD };
    if (op) {
        two(e, i, op);
        return true;
    }
    switch (p->op) {
    case IR_vmul:
        if (l == 0) {
            multiply_bytes(e, i);
            return true;
        }
        break; /* to the helper */
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
    case IR_vushl:  shift_variable(e, i, false); return true;
    case IR_vsshl:  shift_variable(e, i, true); return true;
    case IR_vdup:   duplicate(e, i); return true;
    case IR_vdupl:  duplicate_lane(e, i); return true;
    case IR_vget:   get_lane(e, i); return true;
    case IR_vins:   insert(e, i); return true;
    case IR_vinsl:  insert_lane(e, i); return true;
    case IR_vlow64: one(e, i, OP_MOVQ_L); return true;
    case IR_vhigh64: {
        int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
        shift(e, PSHIFTQ, RIGHT_BYTES, d, a, 8);
        return true;
    }
    case IR_vext: case IR_vext64: extract(e, i); return true;
    case IR_vuzp1:  unzip(e, i, false); return true;
    case IR_vuzp2:  unzip(e, i, true); return true;
    case IR_vtrn1:  transpose(e, i, false); return true;
    case IR_vtrn2:  transpose(e, i, true); return true;
    case IR_vtbl:   table(e, i); return true;
    case IR_vrev:   reverse(e, i); return true;
    case IR_vrbit:  reverse_bits(e, i); return true;
    case IR_vcnt:   count_bits(e, i); return true;
    case IR_vaddp:  add_pairs(e, i); return true;
    case IR_vumaxp: pairwise(e, i, umax); return true;
    case IR_vuminp: pairwise(e, i, umin); return true;
    case IR_vsmaxp: pairwise(e, i, smax); return true;
    case IR_vsminp: pairwise(e, i, smin); return true;
    case IR_vaddv:  add_across(e, i); return true;
    case IR_vumaxv: extreme_across(e, i, 0xff, PMAXUD); return true;
    case IR_vuminv: extreme_across(e, i, 0, PMINUD); return true;
    case IR_vsmaxv: extreme_across(e, i, 0x7f, PMAXSD); return true;
    case IR_vsminv: extreme_across(e, i, 0x80, PMINSD); return true;
    case IR_vxtn: case IR_vshrn: narrow(e, i); return true;
    case IR_vuxtl:  widen(e, i, PMOVZX); return true;
    case IR_vsxtl:  widen(e, i, PMOVSX); return true;
    case IR_vumull: multiply_long(e, i, false); return true;
    case IR_vsmull: multiply_long(e, i, true); return true;
    case IR_vuavg:  average(e, i, false); return true;
    case IR_vurhavg: average(e, i, true); return true;
    case IR_vuqadd: case IR_vuqsub:
        if (l == 2) {
            saturating_words(e, i, p->op == IR_vuqadd);
            return true;
        }
        break;
    case IR_vpmull:
        if (emit_hf(e)->pclmul) {
            int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
            emit_x3i(e, PCLMULQDQ, d, a, b, 0);
            return true;
        }
        break;
    case IR_vsmin: case IR_vsmax: case IR_vumin: case IR_vumax: case IR_vclz:
        break;
    default:
        return false;
    }
    flags_clobber(e);
    by_helper(e, i);
    return true;
}
