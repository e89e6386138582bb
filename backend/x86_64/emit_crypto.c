/*
 * Code for rotations, three-way bit functions, carry-less products and the steps of AES, SHA-1, SHA-256
 * and SM4 (the cryptographic chapter of ops.def): AES-NI, PCLMULQDQ, SHA-NI, GFNI and AVX-512 where the
 * host has them, crypthelp_run else.
 *
 * The instructions of SHA-NI have no VEX form: they overwrite their first operand, and two rounds of
 * SHA-256 take W + K in xmm0. All vector code here is of 128 bits, so upper halves are clean and mixing the
 * encodings costs nothing.
 */
#include "emit_vec.h"
#include "vechelp.h"

enum {
    AESIMC = 0xdb | M38 | P66, AESENC = 0xdc | M38 | P66, AESENCLAST = 0xdd | M38 | P66,
    AESDEC = 0xde | M38 | P66, AESDECLAST = 0xdf | M38 | P66,
    SHA1RNDS4 = 0xcc | M3A, SHA256RNDS2 = 0xcb | M38, SHA256MSG1 = 0xcc | M38,
    SHA256MSG2 = 0xcd | M38,
};

static void move128(struct emit *e, bool load, int reg, int at)
{
    struct mem m = mem_bd(STATE, CPU_DISP(scratch) + at);
    unsigned op = load ? OP_MOVUPS_L : OP_MOVUPS_S;
    if (avx(e))
        v_rrm(emit_cb(e), op, false, reg, 0, m);
    else
        x_rm(emit_cb(e), op, false, reg, m);
}
static void cold_call(struct emit *e, uint32_t i, const int *regs)
{
    const struct ir_inst *p = emit_inst(e, i);
    static const int at[3] = { VECHELP_A, VECHELP_B, VECHELP_C };
    for (int k = 0; k < 3; k++)
        if (regs[1 + k] >= 0)
            move128(e, false, regs[1 + k], at[k]);
    mov_mi32(emit_cb(e), false, mem_bd(STATE, CPU_DISP(scratch) + VECHELP_WHAT),
             (int32_t)(p->op | (unsigned)p->imm << 16));
    emit_cold_call(e, crypthelp_run);
    move128(e, true, regs[0], VECHELP_RESULT);
}
static void by_helper(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int regs[6] = { -1, -1, -1, -1 };
    for (int k = 0; k < 3; k++)
        if (p->arg[k])
            regs[1 + k] = rx_use(e, p->arg[k]);
    regs[0] = rx_def_clear(e, i);
    emit_cold(e, -1, cold_call, i, regs);
}

/* ------------------------------------------------------------------ bit functions */

static void rotate(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned l = p->aux & 3, n = (unsigned)p->imm, bits = 8u << l;
    if (evex(e)) {
        int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
        e_rrr(emit_cb(e), PSHIFTD, l == 3, 0, d, a);
        cb8(emit_cb(e), n);
        return;
    }
    if (n % 8 == 0) {
        uint64_t w[2] = { 0, 0 };
        for (unsigned k = 0; k < 16; k++) {
            unsigned in = k % (bits / 8);
            w[k / 8] |= (uint64_t)(k - in + (in + n / 8) % (bits / 8)) << k % 8 * 8;
        }
        with_const(e, i, PSHUFB, w[0], w[1]);
        return;
    }
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e);
    shift(e, l == 3 ? PSHIFTQ : PSHIFTD, RIGHT, t, a, n);
    shift(e, l == 3 ? PSHIFTQ : PSHIFTD, LEFT, d, a, bits - n);
    emit_x3(e, POR, d, d, t);
}

static void xor3(struct emit *e, uint32_t i)
{
    if (evex(e)) {
        emit_ternary(e, i, 0x96);
        return;
    }
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    emit_x3(e, PXOR, d, a, b);
    emit_x3(e, PXOR, d, d, c);
}

static void clear_and_xor(struct emit *e, uint32_t i)
{
    if (evex(e)) {
        emit_ternary(e, i, 0xb4);
        return;
    }
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    emit_x3(e, PANDN, d, c, b);
    emit_x3(e, PXOR, d, d, a);
}

static void pick(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    if (p->arg[0] == p->arg[1]) {
        one_imm(e, i, PSHUFD, (unsigned)p->imm);
        return;
    }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3i(e, SHUFPS, d, a, b, (unsigned)p->imm);
}

/* An operand in memory stays there, the first one too: with the halves exchanged. */
static void multiply(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned imm = (unsigned)p->imm;
    struct mem m;
    for (int k = 1; k >= 0 && avx(e) && p->arg[0] != p->arg[1]; k--)
        if (ra_in_mem(e, p->arg[k], &m)) {
            int a = rx_use(e, p->arg[!k]);
            v_rrm(emit_cb(e), PCLMULQDQ, false, rx_def(e, i), a, m);
            cb8(emit_cb(e), k ? imm : (imm >> 4 | imm << 4) & 0x11);
            return;
        }
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
    emit_x3i(e, PCLMULQDQ, d, a, b, imm);
}

/* --------------------------------------------------------------------------- AES */

/* d = a op b; a key in memory and zero stay there. */
static void round_of(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct mem m;
    if (ir_is_const(p->arg[1])) {
        const struct ir_const *k = emit_const(e, p->arg[1]);
        with_const(e, i, op, k->lo, k->hi);
    } else if (avx(e) && p->arg[0] != p->arg[1] && ra_in_mem(e, p->arg[1], &m)) {
        int a = rx_use(e, p->arg[0]);
        v_rrm(emit_cb(e), op, false, rx_def(e, i), a, m);
    } else {
        int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = def(e, i);
        emit_x3(e, op, d, a, b);
    }
}

/* The rest of a round is undone first. */
static void mix_columns(struct emit *e, uint32_t i)
{
    int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def(e, i);
    x3kk(e, AESDECLAST, d, a, 0);
    x3kk(e, AESENC, d, d, 0);
}

/* ---------------------------------------------------------------------- SHA, SM4 */

/* d = a op b, legacy form. */
static void destructive(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int b = rx_use(e, p->arg[1]), d = rx_def_copy(e, i, p->arg[0], p->arg[1]);
    x_rr(emit_cb(e), op, false, d, b);
}

static void sha256_rounds(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    rx_use_in(e, p->arg[2], 0);
    int b = rx_use(e, p->arg[1]), d = rx_def_copy(e, i, p->arg[0], p->arg[1]);
    x_rr(emit_cb(e), SHA256RNDS2, false, d, b);
}

/* The field of SM4 is mapped to that of AES: two affine maps around the host's inversion (made by
 * composing the S-box's own map with an isomorphism, a root of SM4's polynomial in AES's field). */
static void sm4_box(struct emit *e, uint32_t i)
{
    unsigned w = avx(e) ? (unsigned)OPW : 0;
    static const uint64_t in = 0x4c287db91a22505d, out = 0xf3ab34a974a6b589;
    int a = rx_use(e, emit_inst(e, i)->arg[0]), d = rx_def(e, i);
    x3kk(e, GF2P8AFFINEQB | w, d, a, in);
    emit_const_imm(e, 0x3e);
    x3kk(e, GF2P8AFFINEINVQB | w, d, d, out);
    emit_const_imm(e, 0xd3);
}

bool emit_crypto_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    const struct host_features *hf = emit_hf(e);
    bool have = false;
    switch (p->op) {
    case IR_vror:  rotate(e, i); return true;
    case IR_vxor3: xor3(e, i); return true;
    case IR_vbcax: clear_and_xor(e, i); return true;
    case IR_vpick: pick(e, i); return true;
    case IR_vpmull: have = hf->pclmul; break;
    case IR_vaesenc: case IR_vaesencl: case IR_vaesdec: case IR_vaesdecl: case IR_vaesmc:
    case IR_vaesimc:
        have = hf->aes;
        break;
    case IR_vsha1r4: case IR_vsha256r2: case IR_vsha256m1: case IR_vsha256m2:
        have = hf->sha;
        break;
    case IR_vsm4s: have = hf->gfni; break;
    default: return false;
    }
    if (!have) {
        flags_clobber(e);
        by_helper(e, i);
        return true;
    }
    switch (p->op) {
    case IR_vpmull: multiply(e, i); break;
    case IR_vaesenc:  round_of(e, i, AESENC); break;
    case IR_vaesencl: round_of(e, i, AESENCLAST); break;
    case IR_vaesdec:  round_of(e, i, AESDEC); break;
    case IR_vaesdecl: round_of(e, i, AESDECLAST); break;
    case IR_vaesmc:   mix_columns(e, i); break;
    case IR_vaesimc:  one(e, i, AESIMC); break;
    case IR_vsha1r4:
        destructive(e, i, SHA1RNDS4);
        cb8(emit_cb(e), (unsigned)p->imm);
        break;
    case IR_vsha256r2: sha256_rounds(e, i); break;
    case IR_vsha256m1: destructive(e, i, SHA256MSG1); break;
    case IR_vsha256m2: destructive(e, i, SHA256MSG2); break;
    case IR_vsm4s: sm4_box(e, i); break;
    }
    return true;
}
