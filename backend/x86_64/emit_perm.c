/*
 * Code for moves between lanes and registers, permutations, table lookups, bit reversal and counts,
 * pairwise operations and reductions of 128-bit vectors. What emit_vec.c says holds here too.
 */
#include "emit_vec.h"

/* --------------------------------------------------------------- lanes and moves */

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
    int b = rx_use(e, p->arg[1]), t = rx_temp(e), d = def(e, i);
    x3kk(e, PADDUSB, t, b, splat(0, 0x70)); /* bit 7 of indices above 15 */
    emit_x3(e, PSHUFB, d, a, t);
}

static struct mem aside(int k) { return mem_bd(STATE, CPU_DISP(scratch) + 16 * k); }

/* A table of two registers: VBMI takes the low five bits of an index, a mask (k1) what is above; else a lookup in
 * each. With three operands and the result there is no register left: what waits, waits in memory. */
static void table2(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *cb = emit_cb(e);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    if (emit_hf(e)->vbmi) {
        bool inside = ir_is_const(p->arg[2]);
        if (inside) {
            const struct ir_const *k = emit_const(e, p->arg[2]);
            inside = !((k->lo | k->hi) & 0xe0e0e0e0e0e0e0e0);
        }
        if (!inside) { /* k1: bytes of c without bits 5 to 7 */
            emit_const_op(e, OP_MOVAPS, d, 0, splat(0, 0xe0), splat(0, 0xe0));
            e_rrr(cb, VPTESTNMB, false, 1, c, d);
        }
        emit_x2(e, OP_MOVAPS, d, c);
        e_rrrk(cb, VPERMI2B, false, d, a, b, inside ? 0 : 1);
        return;
    }
    for (int k = 1; k >= 0; k--) {
        if (k)
            x3kk(e, PSUBB, d, c, splat(0, 16));
        x3kk(e, PADDUSB, d, k ? d : c, splat(0, 0x70)); /* bit 7 of indices out of this table */
        if (avx(e)) {
            emit_x3(e, PSHUFB, d, k ? b : a, d);
        } else {
            x_rm(cb, OP_MOVUPS_S, false, d, aside(0));
            emit_x2(e, OP_MOVAPS, d, k ? b : a);
            x_rm(cb, PSHUFB, false, d, aside(0));
        }
        if (k && avx(e))
            v_rrm(cb, OP_MOVUPS_S, false, d, 0, aside(1));
        else if (k)
            x_rm(cb, OP_MOVUPS_S, false, d, aside(1));
    }
    if (avx(e))
        v_rrm(cb, POR, false, d, d, aside(1));
    else
        x_rm(cb, POR, false, d, aside(1));
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
        unsigned in = k % container,
                 from = k - in + (container - lane - in / lane * lane) + in % lane;
        w[k / 8] |= (uint64_t)from << k % 8 * 8;
    }
    with_const(e, i, PSHUFB, w[0], w[1]);
}

/* A function of each byte given by tables for its low and high nibble, joined by op: a to d. */
static void nibbles(struct emit *e, int a, int d, int t, int u, const uint64_t low[2],
                    const uint64_t high[2], unsigned op)
{
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
        int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def(e, i);
        x3kk(e, GF2P8AFFINEQB | (avx(e) ? (unsigned)OPW : 0), d, a, 0x8040201008040201);
        emit_const_imm(e, 0);
        return;
    }
    static const uint64_t low[2] = { 0xe060a020c0408000, 0xf070b030d0509010 };
    static const uint64_t high[2] = { 0x0e060a020c040800, 0x0f070b030d050901 };
    int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    nibbles(e, a, d, t, rx_temp(e), low, high, POR);
}

static void count_bits(struct emit *e, uint32_t i)
{
    static const uint64_t count[2] = { 0x0302020102010100, 0x0403030203020201 };
    int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    nibbles(e, a, d, t, rx_temp(e), count, count, PADDB);
}

/* Leading zeros: of a byte, the lesser of what its nibbles say; of a lane twice as wide, the upper half's, and if
 * that is all zeros the lower one's as well. */
static void count_leading_zeros(struct emit *e, uint32_t i)
{
    static const uint64_t low[2] = { 0x0505050506060708, 0x0404040404040404 };
    static const uint64_t high[2] = { 0x0101010102020308, 0 };
    static const unsigned by[4] = { 0, PSHIFTW, PSHIFTD, PSHIFTQ }, add[4] = { 0, PADDW, PADDD, PADDQ },
                          eq[4] = { 0, PCMPEQW, PCMPEQD, PCMPEQQ };
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3;
    if (l >= 2 && evex(e)) {
        int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
        e_rrr(emit_cb(e), VPLZCNTD, l == 3, d, 0, a);
        return;
    }
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e), u = rx_temp(e);
    nibbles(e, a, d, t, u, low, high, PMINUB);
    for (unsigned k = 1; k <= l; k++) {
        unsigned half = 4u << k;
        shift(e, by[k], RIGHT, t, d, half);
        emit_x2(e, OP_MOVAPS, u, t);
        x3kk(e, eq[k], u, u, splat(k, half));
        x3kk(e, PAND, d, d, splat(k, ones(k - 1)));
        emit_x3(e, PAND, d, d, u);
        emit_x3(e, add[k], d, d, t);
    }
}

/* -------------------------------------------------------------- pairs, reductions */

/* Pairwise: each operand's even lanes to the low half, odd ones to the high half; then op of evens and
 * odds, which is one shuffle for equal operands and needs two more registers for others. Where those
 * are not free: op of each lane and its neighbour above, in the lower one, and the lower ones packed. */
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
    uint64_t even = l ? 0x0d0c090805040100 : 0x0e0c0a0806040200;
    uint64_t odd = l ? 0x0f0e0b0a07060302 : 0x0f0d0b0907050301;
    if (a == b) {
        int t = rx_temp(e);
        x3k(e, PSHUFB, d, a, even, odd);
        emit_x2i(e, PSHUFD, t, d, 0x4e);
        emit_x3(e, op[l], d, d, t);
        return;
    }
    if (__builtin_popcount(e->xlock & XMM_SCRATCH) <= 2) {
        int t = rx_temp(e), u = rx_temp(e);
        x3k(e, PSHUFB, t, a, even, odd);
        x3k(e, PSHUFB, u, b, even, odd);
        emit_x3(e, PUNPCKLQDQ, d, t, u);
        emit_x3(e, PUNPCKHQDQ, t, t, u);
        emit_x3(e, op[l], d, d, t);
        return;
    }
    int t = rx_temp(e);
    for (int k = 0; k < 2; k++) {
        int x = k ? t : d, y = k ? b : a;
        shift(e, l ? PSHIFTD : PSHIFTW, RIGHT, x, y, 8u << l);
        emit_x3(e, op[l], x, x, y);
        x3kk(e, PAND, x, x, splat(l + 1, ones(l)));
    }
    emit_x3(e, l ? PACKUSDW : PACKUSWB, d, d, t);
}

static void add_pairs(struct emit *e, uint32_t i)
{
    static const unsigned add[3] = { PADDB, PADDW, PADDD };
    const struct ir_inst *p = emit_inst(e, i);
    if ((p->aux & 3) != 3) {
        pairwise(e, i, add);
        return;
    }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i), t = rx_temp(e);
    emit_x3(e, PUNPCKLQDQ, d, a, b);
    emit_x3(e, PUNPCKHQDQ, t, a, b);
    emit_x3(e, PADDQ, d, d, t);
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
static void extreme_across(struct emit *e, uint32_t i, uint64_t bias /* of a byte; words alike */,
                           unsigned op)
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
    uint64_t k = l == 0         ? bias
                 : bias == 0xff ? 0xffff
                 : bias == 0x80 ? 0x8000
                 : bias == 0x7f ? 0x7fff
                                : 0;
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
    unsigned l = p->aux & 3, wide = 1u << l, half = wide / 2,
             n = p->op == IR_vshrn ? (unsigned)p->imm : 0;
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

bool emit_perm_op(struct emit *e, uint32_t i)
{
    static const unsigned umax[3] = { PMAXUB, PMAXUW, PMAXUD },
                          umin[3] = { PMINUB, PMINUW, PMINUD };
    static const unsigned smax[3] = { PMAXSB, PMAXSW, PMAXSD },
                          smin[3] = { PMINSB, PMINSW, PMINSD };
    const struct ir_inst *p = emit_inst(e, i);
    switch (p->op) {
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
    case IR_vtbl2:  table2(e, i); return true;
    case IR_vrev:   reverse(e, i); return true;
    case IR_vrbit:  reverse_bits(e, i); return true;
    case IR_vcnt:   count_bits(e, i); return true;
    case IR_vclz:   count_leading_zeros(e, i); return true;
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
    }
    return false;
}
