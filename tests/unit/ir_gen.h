/*
 * The generator of random regions: programs of guest-like instructions over several blocks with forward
 * branches and bounded loops, for any machine (struct gen_machine). One seed makes the same program raw
 * and folding. ir_random tests the builder and the passes with it, alloc_test the code generator.
 */
#ifndef IR_GEN_H
#define IR_GEN_H

#include "ir_test.h"

enum { MAX_VALUES = 64, EXITS = 4, EXIT_PC = 0x80000 };

/* The machine a program is for: rows of its table in the roles that the generator gives registers. */
struct gen_machine {
    const struct ir_target *target;
    uint8_t x[8], q[4], nzcv; /* x[6] is the base of all addresses, x[7] counts rounds of loops */
    uint8_t pure2, state1, leave1; /* helpers as those of ir_test.h */
    uint64_t origin;  /* guest address of the memory, a multiple of 0x1000 */
    bool faults;      /* x[6] may become so large that accesses fault */
    bool pressure;    /* values cross instructions and blocks; operations the frontends combine rarely */
    bool loop0;       /* the last block but the exits may go back to block 0 */
    unsigned insns;   /* most instructions of a block, or 0: 6 */
};

enum kind { K_FLG, K_V128, K_F64, K_F32, K_I128, NKINDS };

struct gen {
    struct ir_region *r;
    uint64_t seed;
    const struct gen_machine *m;
    ir_ref ints[MAX_VALUES], words[MAX_VALUES]; /* i64 and i32 values of this instruction */
    unsigned nints, nwords;
    /* under pressure: values that dominate what follows, how many of each kind, those of block 1 */
    ir_ref kept[NKINDS][MAX_VALUES];
    unsigned nkept[NKINDS], first[NKINDS], first_ints, first_words, limit;
};

static unsigned pick(struct gen *g, unsigned n) { return (unsigned)(random64(&g->seed) >> 20) % n; }

static uint64_t interesting(struct gen *g)
{
    static const uint64_t pool[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 0x7f, 0x80, 0xff, 0x100, 0x7fff,
        0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
        0x8000000000000000, ~0ull, ~1ull, 0xff00, 0x00ffff0000000000, 0xfffffffffffffff8};
    uint64_t v = random64(&g->seed);
    return pick(g, 5) ? pool[v % (sizeof(pool) / 8)] : v;
}

/* Under pressure a full list loses a value, but none of those that are valid in other blocks. */
static void keep(struct gen *g, ir_ref *list, unsigned *n, unsigned first, ir_ref v)
{
    if (*n < (g->m->pressure ? g->limit : MAX_VALUES))
        list[(*n)++] = v;
    else if (g->m->pressure)
        list[first + pick(g, g->limit - first)] = v;
}
static void keep_int(struct gen *g, ir_ref v) { keep(g, g->ints, &g->nints, g->first_ints, v); }
static void keep_word(struct gen *g, ir_ref v) { keep(g, g->words, &g->nwords, g->first_words, v); }
static void keep_kind(struct gen *g, enum kind k, ir_ref v)
{
    keep(g, g->kept[k], &g->nkept[k], g->first[k], v);
}

/* A new instruction: values do not cross instructions as a frontend makes them. */
static void forget_values(struct gen *g)
{
    if (!g->m->pressure)
        g->nints = g->nwords = 0;
}

/* A block whose predecessors may be several begins: the values of block 1 are left. */
static void forget_block(struct gen *g, unsigned block)
{
    if (block == 2) {
        g->first_ints = g->nints < g->limit / 2 ? g->nints : g->limit / 2;
        g->first_words = g->nwords < g->limit / 2 ? g->nwords : g->limit / 2;
        for (unsigned k = 0; k < NKINDS; k++)
            g->first[k] = g->nkept[k] < g->limit / 2 ? g->nkept[k] : g->limit / 2;
    }
    g->nints = g->first_ints;
    g->nwords = g->first_words;
    memcpy(g->nkept, g->first, sizeof g->nkept);
}

/* A guest register: mostly one of the first six, for reading the base too. */
static ir_ref some_reg(struct gen *g) { return ir_get(g->r, g->m->x[pick(g, 7)]); }

static ir_ref some_int(struct gen *g)
{
    unsigned k = pick(g, 6);
    if (k == 0)
        return ir_const(g->r, IR_I64, interesting(g));
    if (k == 1 || !g->nints)
        return some_reg(g);
    return g->ints[pick(g, g->nints)];
}

static ir_ref some_word(struct gen *g)
{
    unsigned k = pick(g, 6);
    if (k == 0)
        return ir_const(g->r, IR_I32, interesting(g));
    if (k == 1 || !g->nwords)
        return ir1(g->r, IR_trunc, IR_I32, some_reg(g));
    return g->words[pick(g, g->nwords)];
}

static ir_ref some(struct gen *g, enum ir_type t) { return t == IR_I32 ? some_word(g) : some_int(g); }

/* Evaluation order of arguments is C's choice, so operands are drawn in statements. */
static ir_ref some_condition(struct gen *g)
{
    if (g->m->pressure && pick(g, 4) == 0) {
        static const uint8_t joins[] = {IR_and, IR_or, IR_xor};
        unsigned op = joins[pick(g, 3)];
        ir_ref x = some_condition(g);
        ir_ref y = op == IR_xor ? ir_const(g->r, IR_I32, 1) : some_condition(g);
        return ir2(g->r, (enum ir_op)op, IR_I32, x, y);
    }
    if (g->nkept[K_FLG] && pick(g, 3) == 0) {
        ir_ref f = g->kept[K_FLG][pick(g, g->nkept[K_FLG])];
        unsigned cc = pick(g, IR_NCC);
        return ir_emit(g->r, IR_cc, IR_I32, f, 0, 0, 0, cc, 0);
    }
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    static const uint8_t tests[] = {IR_EQ, IR_NE, IR_MI, IR_PL};
    unsigned kind = pick(g, 4);
    if (kind == 0) {
        unsigned cc = pick(g, IR_NCC);
        return ir_emit(g->r, IR_cc, IR_I32, ir_get(g->r, g->m->nzcv), 0, 0, 0, cc, 0);
    }
    ir_ref a = some(g, t), b = some(g, t);
    if (kind == 1) {
        unsigned cc = tests[pick(g, 4)];
        return ir_emit(g->r, IR_itst, IR_I32, a, b, 0, 0, cc, 0);
    }
    return ir_icmp(g->r, (enum ir_cc)pick(g, 10), a, b);
}

static void gen_value(struct gen *g)
{
    static const uint8_t binary[] = {IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_andn, IR_udiv, IR_sdiv,
                                     IR_add, IR_sub, IR_and, IR_add, IR_xor};
    static const uint8_t unary[] = {IR_not, IR_neg, IR_clz, IR_ctz, IR_popcnt, IR_bswap, IR_rbit};
    static const uint8_t shifts[] = {IR_shl, IR_shr, IR_sar, IR_ror};
    static const uint8_t sizes[] = {8, 16, 32};
    struct ir_region *r = g->r;
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64, from = pick(g, 2) ? IR_I32 : IR_I64;
    unsigned w = t == IR_I32 ? 32 : 64, lsb, width;
    ir_ref a, b, c, v;
    unsigned kind = pick(g, 16), op;
    switch (kind) {
    default:
        op = binary[pick(g, sizeof(binary))];
        a = some(g, t);
        b = some(g, t);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 3:
        op = pick(g, 2) ? IR_umulh : IR_smulh;
        t = IR_I64;
        a = some_int(g);
        b = some_int(g);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 4:
        op = unary[pick(g, sizeof(unary))];
        v = ir1(r, (enum ir_op)op, t, some(g, t));
        break;
    case 5: case 6:
        op = shifts[pick(g, 4)];
        a = some(g, t);
        b = pick(g, 3) ? ir_const(r, IR_I32, pick(g, 70)) : some_word(g);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 7:
        width = 1 + pick(g, w);
        lsb = pick(g, w - width + 1);
        op = pick(g, 3);
        a = some(g, t);
        b = op == 2 ? some(g, t) : 0;
        v = ir_emit(r, op == 0 ? IR_ubfx : op == 1 ? IR_sbfx : IR_bfi, t, a, b, 0, 0, 0, lsb | width << 8);
        break;
    case 8: case 9:
        op = pick(g, 2) ? IR_zext : IR_sext;
        width = sizes[pick(g, 3)];
        v = ir1i(r, (enum ir_op)op, t, some(g, from), width);
        break;
    case 10:
        v = ir1(r, IR_trunc, t = IR_I32, some_int(g));
        break;
    case 11:
        v = some_condition(g);
        t = IR_I32;
        if (pick(g, 2)) {
            v = ir1i(r, IR_zext, IR_I64, v, 32);
            t = IR_I64;
        }
        break;
    case 12:
        c = some_condition(g);
        a = pick(g, 2) ? some(g, t) : ir_const(r, t, pick(g, 3) - 1ull);
        b = pick(g, 2) ? some(g, t) : ir_const(r, t, pick(g, 3) - 1ull);
        v = ir3(r, IR_select, t, c, a, b);
        break;
    case 13:
        op = pick(g, 2) ? IR_adc : IR_sbc;
        a = some(g, t);
        b = some(g, t);
        c = some_condition(g);
        v = ir3(r, (enum ir_op)op, t, a, b, c);
        break;
    case 14:
        a = some(g, t);
        b = pick(g, 3) ? some(g, t) : a;
        v = ir_emit(r, IR_extr, t, a, b, 0, 0, 0, pick(g, w));
        break;
    case 15:
        if (pick(g, 2)) {
            a = some_int(g);
            b = some_int(g);
            v = ir_emit(r, IR_call, IR_I64, a, b, 0, 0, 0, g->m->pure2);
            t = IR_I64;
        } else {
            a = some_word(g);
            b = some(g, from);
            v = ir_emit(r, IR_crc32c, IR_I32, a, b, 0, 0, 0, sizes[pick(g, 3)]);
            t = IR_I32;
        }
        break;
    }
    if (t == IR_I32)
        keep_word(g, v);
    else
        keep_int(g, v);
}

/* base (x6 made small, now and then near the guard) + constants + a small index */
static ir_ref some_address(struct gen *g, ir_ref *index, unsigned *scale, int64_t *disp)
{
    struct ir_region *r = g->r;
    ir_ref base = ir_get(r, g->m->x[6]);
    ir_ref i = ir2(r, IR_and, IR_I64, some_reg(g), ir_const(r, IR_I64, pick(g, 2) ? 0xff : 0x1f8));
    *index = 0;
    *scale = 0;
    *disp = pick(g, 2) ? 0 : (int64_t)pick(g, 64) - 32;
    switch (pick(g, 6)) {
    case 0: break;
    case 1: base = ir2(r, IR_add, IR_I64, base, ir_const(r, IR_I64, pick(g, 256))); break;
    case 2: base = ir2(r, IR_sub, IR_I64, base, ir_const(r, IR_I64, pick(g, 256))); break;
    case 3: base = ir2(r, IR_add, IR_I64, base, i); break;
    case 4: base = ir2(r, IR_add, IR_I64, base, ir2(r, IR_shl, IR_I64, i, ir_const(r, IR_I32, pick(g, 3))));
            break;
    case 5:
        *index = pick(g, 2) ? i : ir2(r, IR_add, IR_I64, i, ir_const(r, IR_I64, pick(g, 64)));
        *scale = pick(g, 3);
        break;
    }
    return base;
}

static void gen_memory(struct gen *g)
{
    struct ir_region *r = g->r;
    ir_ref index, v;
    unsigned scale, size, is_signed;
    int64_t disp;
    ir_ref base = some_address(g, &index, &scale, &disp);
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    size = pick(g, t == IR_I32 ? 3 : 4);
    is_signed = pick(g, 2);
    switch (pick(g, 8)) {
    case 0: case 1: case 2:
        v = ir_emit(r, IR_load, t, base, index, 0, 0, IR_MEM(size, is_signed, scale, 0), disp);
        if (t == IR_I32)
            keep_word(g, v);
        else
            keep_int(g, v);
        break;
    case 3: case 4: case 5: case 6:
        v = some(g, t);
        ir_emit(r, IR_store, IR_VOID, base, index, v, 0, IR_MEM(size, 0, scale, pick(g, 4)), disp);
        break;
    case 7:
        if (index)
            base = ir2(r, IR_add, IR_I64, base, index);
        base = ir2(r, IR_and, IR_I64, base, ir_const(r, IR_I64, ~7ull));
        if (pick(g, 2)) /* one that holds: at a multiple of 8, or 1, 2 or 3 bytes behind it */
            ir_emit(r, IR_aligned, IR_VOID, base, 0, 0, 0, pick(g, 2), 2ll << pick(g, 3));
        else
            ir_emit(r, IR_aligned, IR_VOID,
                    ir2(r, IR_or, IR_I64, base, ir_const(r, IR_I64, 1 + pick(g, 3))), 0, 0, 0, 1, 4);
        v = some(g, t);
        v = ir_emit(r, IR_amo, t, base, v, 0, 0, IR_MEM(size, 0, 0, 0), pick(g, 9));
        if (t == IR_I32)
            keep_word(g, v);
        else
            keep_int(g, v);
        break;
    }
}

static void gen_flags(struct gen *g)
{
    static const uint8_t two[] = {IR_fladd, IR_flsub, IR_flsub};
    struct ir_region *r = g->r;
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    ir_ref a = some(g, t), b = some(g, t), c, f;
    unsigned op = two[pick(g, 3)];
    switch (pick(g, 8)) {
    case 0:
        f = ir1(r, IR_fllog, IR_FLG, a);
        break;
    case 1:
        c = some_condition(g);
        op = pick(g, 2) ? IR_fladc : IR_flsbc;
        f = ir3(r, (enum ir_op)op, IR_FLG, a, b, c);
        break;
    case 2: case 3: { /* a conditional compare */
        c = some_condition(g);
        ir_ref known = ir1(r, IR_flpack, IR_FLG, ir_const(r, IR_I32, (uint64_t)pick(g, 16) << 28));
        f = ir2(r, (enum ir_op)op, IR_FLG, a, b);
        f = pick(g, 3) ? ir3(r, IR_flsel, IR_FLG, c, f, known) : ir3(r, IR_flsel, IR_FLG, c, known, f);
        break;
    }
    case 4:
        f = ir1(r, IR_flpack, IR_FLG, pick(g, 2) ? some_word(g) : ir1(r, IR_flget, IR_I32, ir_get(r, g->m->nzcv)));
        break;
    default: /* with the result, as subs and adds do */
        f = ir2(r, (enum ir_op)op, IR_FLG, a, b);
        c = ir2(r, op == IR_flsub ? IR_sub : IR_add, t, a, b);
        if (t == IR_I32) {
            keep_word(g, c);
            c = ir1i(r, IR_zext, IR_I64, c, 32);
        }
        if (pick(g, 2))
            ir_set(r, g->m->x[pick(g, 6)], c);
        keep_int(g, c);
        break;
    }
    if (!g->m->pressure || pick(g, 3))
        ir_set(r, g->m->nzcv, f);
    if (g->m->pressure)
        keep_kind(g, K_FLG, f);
}

static void gen_vector(struct gen *g)
{
    static const uint8_t two[] = {IR_vand, IR_vor, IR_vxor, IR_vandn, IR_vadd, IR_vsub, IR_vumin, IR_vzip1,
                                  IR_vuqsub, IR_vtst, IR_vcomb, IR_vshlv, IR_vsqadd, IR_vmaddw, IR_vsad};
    static const uint8_t one[] = {IR_vlow64, IR_vhigh64, IR_vnot, IR_vneg, IR_vabs, IR_vcnt, IR_vaddv, IR_vlow64};
    struct ir_region *r = g->r;
    ir_ref a = ir_get(r, g->m->q[pick(g, 4)]), b = ir_get(r, g->m->q[pick(g, 4)]), v;
    enum ir_lane lane = (enum ir_lane)pick(g, 4);
    unsigned op;
    switch (pick(g, 6)) {
    case 0:
        op = one[pick(g, sizeof(one))];
        v = irv1(r, (enum ir_op)op, lane, a, 0);
        break;
    case 1:
        op = pick(g, 3);
        a = ir1(r, IR_vlow, IR_F64, a);
        b = ir1(r, IR_vlow, IR_F64, b);
        v = ir1(r, IR_vzx, IR_V128, op == 0 ? a : op == 1 ? ir1(r, IR_fabs, IR_F64, a)
                                                        : ir2(r, IR_fadd, IR_F64, a, b));
        break;
    case 2:
        keep_int(g, ir_emit(r, IR_vget, IR_I64, a, 0, 0, 0, lane, pick(g, 2) | (int64_t)pick(g, 2) << 7));
        return;
    case 3:
        v = ir1(r, IR_vzx, IR_V128, some_int(g));
        break;
    default:
        op = two[pick(g, sizeof(two))];
        v = irv2(r, (enum ir_op)op, lane, a, b, 0);
        if (pick(g, 2))
            v = irv1(r, IR_vlow64, IR_B, v, 0);
        break;
    }
    ir_set(r, g->m->q[pick(g, 4)], v);
}

static ir_ref some_kind(struct gen *g, enum kind k)
{
    struct ir_region *r = g->r;
    unsigned n = g->nkept[k];
    if (n && pick(g, 5))
        return g->kept[k][pick(g, n)];
    ir_ref a, b;
    uint64_t bits;
    switch (k) {
    case K_FLG:
        if (pick(g, 4))
            return ir_get(r, g->m->nzcv);
        return ir1(r, IR_flpack, IR_FLG, ir_const(r, IR_I32, (uint64_t)pick(g, 16) << 28));
    case K_V128:
        if (pick(g, 4))
            return ir_get(r, g->m->q[pick(g, 4)]);
        bits = interesting(g);
        return ir_const128(r, IR_V128, bits, pick(g, 2) ? bits : 0);
    case K_F64:
    case K_F32:
        a = ir_get(r, g->m->q[pick(g, 4)]);
        return ir1(r, IR_vlow, k == K_F64 ? IR_F64 : IR_F32, a);
    default:
        a = some_int(g);
        b = some_int(g);
        return ir2(r, IR_pair, IR_I128, a, b);
    }
}

/* Operations on kept values of other types, and shapes that need many registers at once. */
static void gen_kept(struct gen *g)
{
    static const uint8_t two[] = {IR_vand, IR_vadd, IR_vsub, IR_vzip1, IR_vmul, IR_vshlv, IR_vtbl, IR_vaddp,
                                  IR_vsqsub, IR_vshrv, IR_vsarv, IR_vdot4};
    static const uint8_t arith[] = {IR_fadd, IR_fsub, IR_fmul};
    struct ir_region *r = g->r;
    ir_ref a, b, c, d;
    enum kind k = pick(g, 2) ? K_F64 : K_F32;
    enum ir_type t = k == K_F64 ? IR_F64 : IR_F32;
    unsigned op;
    switch (pick(g, 16)) {
    case 0: /* a carry chain */
        a = some_int(g);
        b = some_int(g);
        op = pick(g, 2);
        d = ir2(r, op ? IR_flsub : IR_fladd, IR_FLG, a, b);
        keep_int(g, ir2(r, op ? IR_sub : IR_add, IR_I64, a, b));
        for (unsigned n = 1 + pick(g, 3); n > 0; n--) {
            a = some_int(g);
            b = some_int(g);
            c = ir_emit(r, IR_cc, IR_I32, d, 0, 0, 0, IR_HS, 0);
            keep_int(g, ir3(r, op ? IR_sbc : IR_adc, IR_I64, a, b, c));
            d = ir3(r, op ? IR_flsbc : IR_fladc, IR_FLG, a, b, c);
        }
        keep_kind(g, K_FLG, d);
        break;
    case 1:
        a = some_kind(g, K_FLG);
        keep_word(g, ir1(r, IR_flget, IR_I32, a));
        break;
    case 2:
        c = some_condition(g);
        a = some_kind(g, K_FLG);
        b = some_kind(g, K_FLG);
        keep_kind(g, K_FLG, ir3(r, IR_flsel, IR_FLG, c, a, b));
        break;
    case 3:
        a = some_kind(g, k);
        b = some_kind(g, k);
        keep_kind(g, K_FLG, ir2i(r, IR_fcmp, IR_FLG, a, b, pick(g, 2)));
        break;
    case 4: case 5:
        op = arith[pick(g, 3)];
        a = some_kind(g, k);
        b = some_kind(g, k);
        keep_kind(g, k, ir2(r, (enum ir_op)op, t, a, b));
        break;
    case 6:
        a = some_kind(g, k);
        if (pick(g, 2))
            keep_kind(g, k, ir1(r, pick(g, 2) ? IR_fneg : IR_fabs, t, a));
        else if (k == K_F64)
            keep_int(g, ir1(r, IR_fbits, IR_I64, a));
        else
            keep_word(g, ir1(r, IR_fbits, IR_I32, a));
        break;
    case 7:
        a = k == K_F64 ? some_int(g) : some_word(g);
        keep_kind(g, k, ir1(r, IR_bitsf, t, a));
        break;
    case 8:
        c = some_condition(g);
        a = some_kind(g, k);
        b = some_kind(g, k);
        keep_kind(g, k, ir3(r, IR_select, t, c, a, b));
        break;
    case 9: case 10:
        op = pick(g, sizeof(two));
        a = some_kind(g, K_V128);
        b = some_kind(g, K_V128);
        keep_kind(g, K_V128, irv2(r, (enum ir_op)two[op], (enum ir_lane)pick(g, 3), a, b, 0));
        break;
    case 11:
        a = some_kind(g, K_V128);
        b = some_kind(g, K_V128);
        c = some_kind(g, K_V128);
        keep_kind(g, K_V128,
                  ir_emit(r, pick(g, 2) ? IR_vbsl : IR_vtbl2, IR_V128, a, b, c, 0, 0, 0));
        break;
    case 12:
        c = some_condition(g);
        a = some_kind(g, K_V128);
        b = some_kind(g, K_V128);
        keep_kind(g, K_V128, ir3(r, IR_select, IR_V128, c, a, b));
        break;
    case 13:
        a = some_kind(g, K_V128);
        op = pick(g, 2);
        keep_int(g, ir_emit(r, IR_vget, IR_I64, a, 0, 0, 0, IR_D, op));
        break;
    case 14:
        a = some_int(g);
        b = some_int(g);
        c = ir2(r, IR_pair, IR_I128, a, b);
        keep_int(g, ir1(r, pick(g, 2) ? IR_lo64 : IR_hi64, IR_I64, c));
        break;
    case 15:
        a = some_int(g);
        keep_int(g, ir_emit(r, IR_call, IR_I64, a, 0, 0, 0, 0, g->m->state1));
        break;
    }
}

/* Compare and swap of all sizes, exclusives, and 16 bytes. Often with the value that is there. */
static void gen_exclusive(struct gen *g)
{
    struct ir_region *r = g->r;
    ir_ref index, old, want, v, lo, hi, valid;
    unsigned scale;
    int64_t disp;
    ir_ref base = some_address(g, &index, &scale, &disp);
    if (index)
        base = ir2(r, IR_add, IR_I64, base, index);
    base = ir2(r, IR_and, IR_I64, base, ir_const(r, IR_I64, ~15ull));
    unsigned kind = pick(g, 6), size;
    if (kind < 2) {
        enum ir_type t = kind ? IR_I32 : IR_I64;
        size = pick(g, t == IR_I32 ? 3 : 4);
        old = pick(g, 2) ? some(g, t) : ir_emit(r, IR_load, t, base, 0, 0, 0, IR_MEM(size, 0, 0, 0), 0);
        want = some(g, t);
        v = ir_emit(r, IR_cas, t, base, old, want, 0, IR_MEM(size, 0, 0, 0), 0);
        if (t == IR_I32)
            keep_word(g, v);
        else
            keep_int(g, v);
        return;
    }
    enum ir_type t = kind == 2 ? IR_I32 : kind == 3 ? IR_I64 : IR_I128;
    if (t == IR_I128) {
        size = 4;
        lo = pick(g, 2) ? some_int(g) : ir_emit(r, IR_load, IR_I64, base, 0, 0, 0, IR_MEM(3, 0, 0, 0), 0);
        hi = pick(g, 2) ? some_int(g) : ir_emit(r, IR_load, IR_I64, base, 0, 0, 0, IR_MEM(3, 0, 0, 0), 8);
        old = ir2(r, IR_pair, IR_I128, lo, hi);
        lo = some_int(g);
        hi = some_int(g);
        want = ir2(r, IR_pair, IR_I128, lo, hi);
    } else {
        size = pick(g, t == IR_I32 ? 3 : 4);
        old = pick(g, 2) ? some(g, t) : ir_emit(r, IR_load, t, base, 0, 0, 0, IR_MEM(size, 0, 0, 0), 0);
        want = some(g, t);
    }
    if (kind == 5) {
        v = ir_emit(r, IR_cas, t, base, old, want, 0, IR_MEM(size, 0, 0, 0), 0);
        keep_int(g, ir1(r, IR_lo64, IR_I64, v));
        if (pick(g, 2))
            keep_int(g, ir1(r, IR_hi64, IR_I64, v));
        return;
    }
    valid = pick(g, 2) ? some_condition(g) : ir_const(r, IR_I32, 1);
    keep_word(g, ir_emit(r, IR_casx, IR_I32, base, old, want, valid, IR_MEM(size, 0, 0, 0), 0));
}

/* Loads and stores of floats and vectors. */
static void gen_wide_memory(struct gen *g)
{
    static const struct { uint8_t kind, type, size; } rows[] = {
        {K_V128, IR_V128, 4}, {K_F64, IR_F64, 3}, {K_F32, IR_F32, 2}
    };
    ir_ref index, v;
    unsigned scale, n = pick(g, 3), size = rows[n].size;
    int64_t disp;
    ir_ref base = some_address(g, &index, &scale, &disp);
    if (pick(g, 2)) {
        v = ir_emit(g->r, IR_load, (enum ir_type)rows[n].type, base, index, 0, 0, IR_MEM(size, 0, scale, 0),
                    disp);
        keep_kind(g, (enum kind)rows[n].kind, v);
        return;
    }
    v = some_kind(g, (enum kind)rows[n].kind);
    ir_emit(g->r, IR_store, IR_VOID, base, index, v, 0, IR_MEM(size, 0, scale, 0), disp);
}

/* What an instruction has more under pressure: before its first set. */
static void gen_pressure(struct gen *g)
{
    unsigned kind = pick(g, 12);
    if (kind == 0)
        gen_exclusive(g);
    else if (kind < 3)
        gen_wide_memory(g);
    for (unsigned n = pick(g, 4); n > 0; n--)
        gen_kept(g);
}

static void set_kept(struct gen *g)
{
    if (pick(g, 3) == 0)
        ir_set(g->r, g->m->q[pick(g, 4)], some_kind(g, K_V128));
    if (pick(g, 4) == 0) {
        enum kind k = pick(g, 2) ? K_F64 : K_F32;
        ir_set(g->r, g->m->q[pick(g, 4)], ir1(g->r, IR_vzx, IR_V128, some_kind(g, k)));
    }
    if (pick(g, 6) == 0)
        ir_set(g->r, g->m->nzcv, some_kind(g, K_FLG));
    if (pick(g, 4) == 0) { /* one value to several registers */
        ir_ref v = some_int(g);
        for (unsigned n = 2; n > 0; n--)
            ir_set(g->r, g->m->x[pick(g, 6)], v);
    }
}

static void gen_insn(struct gen *g, uint64_t pc)
{
    struct ir_region *r = g->r;
    forget_values(g);
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
    unsigned kind = pick(g, 40);
    if (kind == 0) {
        ir_emit(r, IR_call, IR_VOID, some_int(g), 0, 0, 0, 0, pick(g, 2) ? g->m->state1 : g->m->leave1);
        return;
    }
    for (unsigned n = pick(g, 4); n > 0; n--)
        gen_value(g);
    if (kind < 14)
        gen_memory(g);
    for (unsigned n = pick(g, 3); n > 0; n--)
        gen_value(g);
    if (g->m->pressure)
        gen_pressure(g);
    if (kind < 20)
        gen_flags(g);
    else if (kind < 24)
        gen_vector(g);
    if (kind == 25) { /* the base register moves */
        ir_ref v = ir2(r, IR_add, IR_I64, ir_get(r, g->m->x[6]), ir_const(r, IR_I64, pick(g, 64)));
        v = ir2(r, IR_and, IR_I64, v, ir_const(r, IR_I64, 0x1ffff));
        if (pick(g, 30) || !g->m->faults) {
            v = ir2(r, IR_and, IR_I64, v, ir_const(r, IR_I64, 0x7ff));
            v = ir2(r, IR_or, IR_I64, v, ir_const(r, IR_I64, g->m->origin | 0x400));
        }
        ir_set(r, g->m->x[6], v);
    }
    for (unsigned n = 1 + pick(g, 2); n > 0; n--) {
        unsigned reg = g->m->x[pick(g, 6)];
        if (g->nwords && pick(g, 2))
            ir_set(r, reg, ir1i(r, IR_zext, IR_I64, some_word(g), 32));
        else
            ir_set(r, reg, some_int(g));
    }
    if (g->m->pressure)
        set_kept(g);
}

static int64_t two_targets(uint32_t yes, uint32_t no) { return (int64_t)((uint64_t)no << 32 | yes); }

/* cmp or subs and the like of registers, as the last thing before a branch or the first in a block. */
static void gen_compare(struct gen *g, uint64_t pc)
{
    struct ir_region *r = g->r;
    bool wide = pick(g, 2);
    enum ir_type t = wide ? IR_I64 : IR_I32;
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
    forget_values(g);
    unsigned ra = pick(g, 6), rb = pick(g, 6), rd = pick(g, 6), kind = pick(g, 4);
    ir_ref a = ir_get(r, g->m->x[ra]), b = pick(g, 2) ? ir_get(r, g->m->x[rb]) : 0;
    if (!wide) {
        a = ir1(r, IR_trunc, IR_I32, a);
        b = b ? ir1(r, IR_trunc, IR_I32, b) : 0;
    }
    if (!b)
        b = ir_const(r, t, pick(g, 100));
    ir_ref f = kind == 3 ? ir1(r, IR_fllog, IR_FLG, a) : ir2(r, kind == 2 ? IR_fladd : IR_flsub, IR_FLG, a, b);
    if (kind == 1 || kind == 2) {
        ir_ref v = ir2(r, kind == 2 ? IR_add : IR_sub, t, a, b);
        ir_set(r, g->m->x[rd], wide ? v : ir1i(r, IR_zext, IR_I64, v, 32));
    }
    ir_set(r, g->m->nzcv, f);
}

/* Block 0 only jumps on; each later block ends in a branch forward, a bounded loop or an exit; the last
 * ones are plain exits, every second with dead flags. x7 counts the loops' rounds down. */
static void generate(struct ir_region *r, const struct gen_machine *m, uint64_t seed, bool raw)
{
    static struct gen g;
    memset(&g, 0, sizeof g);
    g.r = r;
    g.m = m;
    g.seed = seed;
    if (m->pressure)
        g.limit = 2 + pick(&g, 10);
    bool targeted[16] = {false}; /* by a block other than the one before, perhaps */
    bool head[16] = {false};
    ir_region_reset(r, m->target);
    r->raw = raw;
    unsigned n = 2 + pick(&g, 6);
    r->precise_flags = pick(&g, 4) == 0;
    uint64_t pc = 0x10000;
    r->pc = pc;
    for (unsigned b = 0; b <= n + EXITS; b++)
        ir_block_new(r, 0);
    ir_block_begin(r, 0, false);
    ir_emit(r, IR_jmp, IR_VOID, 0, 0, 0, 0, 0, 1);
    for (unsigned b = 1; b <= n; b++)
        targeted[b] = head[b] = pick(&g, 3) == 0;
    targeted[1] = true;
    for (unsigned b = 1; b <= n; b++) {
        r->blocks[b].pc = pc;
        r->blocks[b].poll = pick(&g, 6) == 0;
        bool continues = b > 1 && !targeted[b] && !r->blocks[b].poll;
        if (!continues || b == 2)
            forget_block(&g, b);
        ir_block_begin(r, b, continues);
        if (pick(&g, 2)) {
            gen_compare(&g, pc);
            pc += 4;
        }
        for (unsigned k = 1 + pick(&g, m->insns ? m->insns : 6); k > 0; k--, pc += 4)
            gen_insn(&g, pc);
        if (pick(&g, 2)) {
            gen_compare(&g, pc);
            pc += 4;
            if (pick(&g, 3) == 0) {
                gen_insn(&g, pc);
                pc += 4;
            }
        }
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
        pc += 4;
        forget_values(&g);
        unsigned kind = pick(&g, 8);
        if (b == n || kind == 0) {
            static const uint8_t exits[] = {IR_goto, IR_gotoi, IR_leave, IR_retg};
            unsigned op = exits[pick(&g, 4)];
            ir_ref a = op == IR_goto ? 0 : op == IR_leave ? ir_const(r, IR_I64, pc) : some_int(&g);
            ir_emit(r, (enum ir_op)op, IR_VOID, a, 0, 0, 0, op == IR_leave ? IR_LEAVE_SYSCALL : 0,
                    op == IR_goto ? (int64_t)pc : 7);
            if (b < n)
                targeted[b + 1] = true; /* not a successor of this block */
        } else if (kind < 5 && (m->loop0 || head[1 + b / 2])) {
            unsigned to = m->loop0 ? 0 : 1 + b / 2; /* a loop */
            ir_ref left = ir2(r, IR_sub, IR_I64, ir_get(r, g.m->x[7]), ir_const(r, IR_I64, 1));
            ir_set(r, g.m->x[7], left);
            ir_ref again = ir_icmp(r, IR_GT, left, ir_const(r, IR_I64, 0));
            ir_emit(r, IR_br, IR_VOID, again, 0, 0, 0, 0, two_targets(to, b + 1));
        } else {
            bool out = pick(&g, 2), swap = pick(&g, 2);
            unsigned to = out ? n + 1 + pick(&g, EXITS) : b + 1 + pick(&g, n - b);
            ir_ref c = out && pick(&g, 2)
                ? ir_emit(r, IR_cc, IR_I32, ir_get(r, g.m->nzcv), 0, 0, 0, pick(&g, IR_NCC), 0)
                : some_condition(&g);
            ir_emit(r, IR_br, IR_VOID, c, 0, 0, 0, 0, swap ? two_targets(b + 1, to) : two_targets(to, b + 1));
            if (!out)
                targeted[to] |= to != b + 1;
        }
    }
    for (unsigned k = 0; k < EXITS; k++) {
        ir_block_begin(r, n + 1 + k, false);
        ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, k & 1, EXIT_PC + k);
    }
    r->end_pc = pc;
}

#endif
