/*
 * What the files of vector code share: opcodes by Intel's names and small pieces of sequences.
 */
#ifndef MYNA_EMIT_VEC_H
#define MYNA_EMIT_VEC_H

#include "emit_priv.h"

enum {
    PADDB = 0xfc | M0F | P66, PADDW = 0xfd | M0F | P66, PADDD = 0xfe | M0F | P66,
    PADDQ = 0xd4 | M0F | P66, PSUBB = 0xf8 | M0F | P66, PSUBW = 0xf9 | M0F | P66,
    PSUBD = 0xfa | M0F | P66, PSUBQ = 0xfb | M0F | P66, PAND = 0xdb | M0F | P66,
    PANDN = 0xdf | M0F | P66, POR = 0xeb | M0F | P66, PXOR = 0xef | M0F | P66,
    PCMPEQB = 0x74 | M0F | P66, PCMPEQW = 0x75 | M0F | P66, PCMPEQD = 0x76 | M0F | P66,
    PCMPEQQ = 0x29 | M38 | P66, PCMPGTB = 0x64 | M0F | P66, PCMPGTW = 0x65 | M0F | P66,
    PCMPGTD = 0x66 | M0F | P66, PCMPGTQ = 0x37 | M38 | P66, PMINUB = 0xda | M0F | P66,
    PMINUW = 0x3a | M38 | P66, PMINUD = 0x3b | M38 | P66, PMAXUB = 0xde | M0F | P66,
    PMAXUW = 0x3e | M38 | P66, PMAXUD = 0x3f | M38 | P66, PMINSB = 0x38 | M38 | P66,
    PMINSW = 0xea | M0F | P66, PMINSD = 0x39 | M38 | P66, PMAXSB = 0x3c | M38 | P66,
    PMAXSW = 0xee | M0F | P66, PMAXSD = 0x3d | M38 | P66, PUNPCKLBW = 0x60 | M0F | P66,
    PUNPCKLWD = 0x61 | M0F | P66, PUNPCKLDQ = 0x62 | M0F | P66, PUNPCKLQDQ = 0x6c | M0F | P66,
    PUNPCKHBW = 0x68 | M0F | P66, PUNPCKHWD = 0x69 | M0F | P66, PUNPCKHDQ = 0x6a | M0F | P66,
    PUNPCKHQDQ = 0x6d | M0F | P66, PACKUSWB = 0x67 | M0F | P66, PACKUSDW = 0x2b | M38 | P66,
    SHUFPS = 0xc6 | M0F, SHUFPD = 0xc6 | M0F | P66, PSHUFB = 0x00 | M38 | P66,
    PSHUFD = 0x70 | M0F | P66, PSHUFLW = 0x70 | M0F | PF2, PBLENDW = 0x0e | M3A | P66,
    PALIGNR = 0x0f | M3A | P66, PMADDUBSW = 0x04 | M38 | P66, PMADDWD = 0xf5 | M0F | P66,
    PHADDW = 0x01 | M38 | P66, PHADDD = 0x02 | M38 | P66, PSADBW = 0xf6 | M0F | P66,
    PHMINPOSUW = 0x41 | M38 | P66, PMULLW = 0xd5 | M0F | P66, PMULLD = 0x40 | M38 | P66,
    PMULHUW = 0xe4 | M0F | P66, PMULHW = 0xe5 | M0F | P66, PMULUDQ = 0xf4 | M0F | P66,
    PMULDQ = 0x28 | M38 | P66, PABSB = 0x1c | M38 | P66, PAVGB = 0xe0 | M0F | P66,
    PAVGW = 0xe3 | M0F | P66, PADDUSB = 0xdc | M0F | P66, PADDUSW = 0xdd | M0F | P66,
    PSUBUSB = 0xd8 | M0F | P66, PSUBUSW = 0xd9 | M0F | P66, PMOVSX = 0x20 | M38 | P66,
    PMOVZX = 0x30 | M38 | P66, INSERTPS = 0x21 | M3A | P66, PEXTRB = 0x14 | M3A | P66,
    PEXTRW = 0xc5 | M0F | P66, PEXTRD = 0x16 | M3A | P66, PINSRB = 0x20 | M3A | P66,
    PINSRW = 0xc4 | M0F | P66, PINSRD = 0x22 | M3A | P66, PCLMULQDQ = 0x44 | M3A | P66,
    GF2P8AFFINEQB = 0xce | M3A | P66, GF2P8AFFINEINVQB = 0xcf | M3A | P66, BLENDVPS = 0x14 | M38 | P66, VPBROADCASTB = 0x78 | M38 | P66,
    VPBROADCASTW = 0x79 | M38 | P66, VPBROADCASTD = 0x58 | M38 | P66,
    VPBROADCASTQ = 0x59 | M38 | P66, PSHIFTW = 0x71 | M0F | P66, PSHIFTD = 0x72 | M0F | P66,
    PSHIFTQ = 0x73 | M0F | P66, /* /digit imm8 */
    VPLZCNTD = 0x44 | M38 | P66, VPERMI2B = 0x75 | M38 | P66, VPTESTNMB = 0x26 | M38 | PF3,
    LEFT = 6, RIGHT = 2, RIGHT_SIGNED = 4, RIGHT_BYTES = 3,
};

static inline bool avx(struct emit *e) { return emit_hf(e)->avx; }
static inline bool evex(struct emit *e) { return emit_hf(e)->avx512vl; }

/* A result that may be an operand's register where the host has three-operand forms. */
static inline int def(struct emit *e, uint32_t i)
{
    return avx(e) ? rx_def(e, i) : rx_def_clear(e, i);
}

/* d = a op constant. */
static inline void x3k(struct emit *e, unsigned op, int d, int a, uint64_t lo, uint64_t hi)
{
    if (!avx(e) && d != a)
        emit_x2(e, OP_MOVAPS, d, a);
    emit_const_op(e, op, d, avx(e) ? a : d, lo, hi);
}
static inline void x3kk(struct emit *e, unsigned op, int d, int a, uint64_t k)
{
    x3k(e, op, d, a, k, k);
}

/* d = a shifted by n: op PSHIFT*, way LEFT and so on. */
static inline void shift(struct emit *e, unsigned op, unsigned way, int d, int a, unsigned n)
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
static inline void zero(struct emit *e, int d) { emit_x3(e, PXOR, d, d, d); }

/* x in each lane of a 64-bit word. */
static inline uint64_t splat(unsigned lane, uint64_t x)
{
    for (unsigned bits = 8u << lane; bits < 64; bits *= 2)
        x = (x & (~0ull >> (64 - bits))) | x << bits;
    return x;
}
static inline uint64_t ones(unsigned lane) { return ~0ull >> (64 - (8u << lane)); }

/* Instructions between register files. */
static inline void x_gpr(struct emit *e, unsigned op, bool w, int reg, int v, int rm)
{
    if (avx(e))
        v_rrr(emit_cb(e), op, w, reg, v, rm);
    else
        x_rr(emit_cb(e), op, w, reg, rm);
}

/* d = op a; with an immediate byte; d = a op constant: whole operations. */
static inline void one(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    emit_x2(e, op, d, a);
}
static inline void one_imm(struct emit *e, uint32_t i, unsigned op, unsigned imm)
{
    one(e, i, op);
    cb8(emit_cb(e), imm);
}
static inline void with_const(struct emit *e, uint32_t i, unsigned op, uint64_t lo, uint64_t hi)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), d = rx_def(e, i);
    x3k(e, op, d, a, lo, hi);
}

/* emit_vec.c: d = the bitwise function of a, b and c (in truth: bit a << 2 | b << 1 | c); AVX-512. */
void emit_ternary(struct emit *e, uint32_t i, unsigned truth);

/* emit_sat.c: saturating and fixed-point operations, shifts by counts. The host instruction that is the
 * whole operation, or 0; the code of the others, false if the host has none. */
unsigned emit_sat_direct(unsigned op, unsigned lane);
bool emit_sat_op(struct emit *e, uint32_t i);

/* emit_perm.c: moves, permutations, reductions. Returns false for other operations. */
bool emit_perm_op(struct emit *e, uint32_t i);

#endif
