/*
 * Vector and floating-point operations of the IR: compiled code against the interpreter, for
 * several sets of host features, random and special operands, pinned and unpinned registers in
 * every overlap, alone and in sequences.
 *
 *     vec_test [SEED [ROUNDS [OPERATION]]]
 *
 * The interpreter is the reference here; insn_test compares both with another implementation.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "target.h"

enum { Q0, Q5 = 5, X0, X1, X2, X3, NZCV, NREGS };
static const struct ir_reg regs[NREGS] = {
    { "q0", IR_V128, 0, 256 },  { "q1", IR_V128, 1, 272 },  { "q2", IR_V128, 12, 288 },
    { "q3", IR_V128, 27, 304 }, { "q4", IR_V128, -1, 320 }, { "q5", IR_V128, -1, 336 },
    { "x0", IR_I64, 0, 16 },    { "x1", IR_I64, 1, 24 },    { "x2", IR_I64, -1, 32 },
    { "x3", IR_I64, -1, 40 },   { "nzcv", IR_FLG, -1, 48 },
};
/* q2 and q3 are in slots on hosts without AVX-512 */
static const struct ir_target all_pins = { .regs = regs, .nregs = NREGS };
static const struct ir_target *target = &all_pins;

static uint64_t seed = 1;
static uint64_t rnd(void)
{
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}
static unsigned pick(unsigned n) { return (unsigned)(rnd() >> 33) % n; }

static uint64_t special(void)
{
    static const uint64_t d[] = {
        0,
        1ull << 63,
        0x3ff0000000000000,
        0xbff0000000000000,
        0x7ff0000000000000,
        0xfff0000000000000,
        0x7ff8000000000000,
        0xfff8000000000001,
        0x7ff0000000000001,
        0xfff4000000000000,
        1,
        0x000fffffffffffff,
        0x0010000000000000,
        0x7fefffffffffffff,
        0x43e0000000000000,
        0xc3e0000000000000,
        0x41dfffffffc00000,
        0x41e0000000000000,
        0xc1e0000000000000,
        0x41effffffff00000,
        0x3fe0000000000000,
        0xbfe0000000000000,
        0x3fdfffffffffffff,
        0x4330000000000001,
        0x4004000000000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        ~0ull,
    };
    static const uint32_t s[] = {
        0,          1u << 31,   0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000,
        0xffc00001, 0x7f800001, 0xffa00000, 1,          0x007fffff, 0x00800000, 0x7f7fffff,
        0x4f000000, 0xcf000000, 0x4effffff, 0x5f000000, 0x3f000000, 0xbf000000, 0x3effffff,
        0x4b000001, 0x40200000, 0x7fffffff, 0x80000000, ~0u,        0x00ff7f80, 0x01808102,
    };
    static const uint16_t h[] = {
        0,      0x8000, 0x3c00, 0xbc00, 0x7c00, 0xfc00, 0x7e00, 0xfe01, 0x7c01, 0xfd00, 1,
        0x83ff, 0x0400, 0x8401, 0x7bff, 0xfbff, 0x3800, 0xb801, 0x37ff, 0x7800, 0x77ff, 0x6401,
        0x0800, 0x0bff, 0x3bff, 0x3c01, 0x1400, 0x4248,
    };
    switch (pick(5)) {
    case 0: return d[pick(sizeof d / 8)];
    case 1: return s[pick(sizeof s / 4)] | (uint64_t)s[pick(sizeof s / 4)] << 32;
    case 2: return (rnd() & 0x800fffffffffffff) | (uint64_t)(1023 - 70 + pick(140)) << 52;
    case 3: {
        uint64_t v = rnd();
        if (pick(3) == 0) /* few bits: ties */
            v &= 0xfc01fe01fc00ff80;
        for (unsigned k = 0; k < 64; k += 16)
            if (pick(2))
                v = (v & ~(0xffffull << k)) | (uint64_t)h[pick(sizeof h / 2)] << k;
        return v;
    }
    default: return rnd();
    }
}

/* One case: an operation with its type, aux, imm range and operand kinds. */
enum kind { V, F32, F64, F16, I32, I64, NONE, FLG };
struct test {
    uint16_t op;
    uint8_t type, nargs, arg[3];
    uint16_t aux;
    int64_t imm;
};
static struct test tests[4096];
static unsigned half_from, half_to; /* tests of half precision, whose flags are exact */
static unsigned ntests, chain_from; /* chains take the tests from there on: floating point mostly */

static void add(unsigned op, unsigned type, unsigned aux, int64_t imm, unsigned nargs, unsigned a,
                unsigned b, unsigned c)
{
    tests[ntests++] = (struct test){ (uint16_t)op, (uint8_t)type, (uint8_t)nargs,
                                     { (uint8_t)a, (uint8_t)b, (uint8_t)c }, (uint16_t)aux, imm };
}

static void make_tests(void)
{
    static const uint16_t two_all[] = { IR_vadd,   IR_vsub,  IR_vshlv,   IR_vshrv, IR_vsarv, IR_vzip1,
                                        IR_vzip2,  IR_vuzp1, IR_vuzp2,   IR_vtrn1, IR_vtrn2,
                                        IR_vaddp,  IR_vuavg, IR_vurhavg, IR_vtst,  IR_vuqadd,
                                        IR_vuqsub, IR_vsqadd, IR_vsqsub, IR_vcomb };
    static const uint16_t two_bhs[] = { IR_vmul,   IR_vsmin,  IR_vsmax,  IR_vumin,
                                        IR_vumax,  IR_vumaxp, IR_vuminp, IR_vsmaxp,
                                        IR_vsminp, IR_vumull, IR_vsmull };
    static const uint16_t two_any[] = { IR_vand, IR_vor, IR_vxor, IR_vandn, IR_vtbl };
    static const uint16_t one_bhs[] = { IR_vumaxv, IR_vuminv, IR_vsmaxv, IR_vsminv,
                                        IR_vuxtl,  IR_vsxtl,  IR_vclz };
    static const uint16_t one_all[] = { IR_vneg, IR_vabs, IR_vaddv };
    static const uint16_t one_any[] = { IR_vnot, IR_vlow64, IR_vhigh64, IR_vrbit, IR_vcnt };
    static const uint8_t cc[] = { IR_EQ, IR_GE, IR_GT, IR_HS, IR_HI };
    for (unsigned l = 0; l < 4; l++) {
        unsigned bits = 8u << l, n = 128 / bits;
        for (unsigned k = 0; k < sizeof two_all / 2; k++)
            add(two_all[k], IR_V128, l, 0, 2, V, V, 0);
        for (unsigned k = 0; l < 3 && k < sizeof two_bhs / 2; k++)
            add(two_bhs[k], IR_V128, l, 0, 2, V, V, 0);
        for (unsigned k = 0; l == 3 && k < 5; k++)
            add(two_bhs[k], IR_V128, l, 0, 2, V, V, 0);
        if (l == 3)
            add(IR_vclz, IR_V128, l, 0, 1, V, 0, 0);
        for (unsigned k = 0; l < 3 && k < sizeof one_bhs / 2; k++)
            add(one_bhs[k], IR_V128, l, 0, 1, V, 0, 0);
        for (unsigned k = 0; k < sizeof one_all / 2; k++)
            add(one_all[k], IR_V128, l, 0, 1, V, 0, 0);
        for (unsigned k = 0; k < sizeof cc; k++)
            add(IR_vcmp, IR_V128, l | (unsigned)cc[k] << 8, 0, 2, V, V, 0);
        for (unsigned k = 0; k <= bits; k += bits > 16 && k > 3 && k < bits - 3 ? 5 : 1) {
            if (k < bits)
                add(IR_vshli, IR_V128, l, k, 1, V, 0, 0);
            add(IR_vshri, IR_V128, l, k, 1, V, 0, 0);
            add(IR_vsari, IR_V128, l, k, 1, V, 0, 0);
            if (l && k && k <= bits / 2)
                add(IR_vshrn, IR_V128, l, k, 1, V, 0, 0);
        }
        if (l)
            add(IR_vxtn, IR_V128, l, 0, 1, V, 0, 0);
        add(IR_vdup, IR_V128, l, 0, 1, l == 3 ? I64 : I32, 0, 0);
        for (unsigned k = 0; k < n; k++) {
            add(IR_vdupl, IR_V128, l, k, 1, V, 0, 0);
            add(IR_vget, l == 3 ? IR_I64 : IR_I32, l, k, 1, V, 0, 0);
            if (l < 3)
                add(IR_vget, IR_I64, l, k | 128, 1, V, 0, 0);
            if (l < 2)
                add(IR_vget, IR_I32, l, k | 128, 1, V, 0, 0);
            add(IR_vins, IR_V128, l, k, 2, V, l == 3 ? I64 : I32, 0);
            for (unsigned j = 0; j < n; j += n > 8 ? 5 : 1)
                add(IR_vinsl, IR_V128, l, k | j << 8, 2, V, V, 0);
        }
        for (unsigned c = bits * 2; c <= 64; c *= 2)
            add(IR_vrev, IR_V128, l, c, 1, V, 0, 0);
    }
    for (unsigned k = 0; k < sizeof two_any / 2; k++)
        add(two_any[k], IR_V128, 0, 0, 2, V, V, 0);
    for (unsigned k = 0; k < sizeof one_any / 2; k++)
        add(one_any[k], IR_V128, 0, 0, 1, V, 0, 0);
    for (unsigned k = 0; k < 16; k++)
        add(IR_vext, IR_V128, 0, k, 2, V, V, 0);
    for (unsigned k = 0; k < 8; k++)
        add(IR_vext64, IR_V128, 0, k, 2, V, V, 0);
    for (unsigned l = 1; l < 3; l++) {
        for (unsigned k = 0; k < 3; k++)
            add(IR_vfxmul, IR_V128, l, k, 2, V, V, 0);
        add(IR_vpackss, IR_V128, l, 0, 2, V, V, 0);
        add(IR_vpacksu, IR_V128, l, 0, 2, V, V, 0);
        add(IR_vpackuu, IR_V128, l, 0, 2, V, V, 0);
    }
    for (unsigned k = 0; k < 4; k++)
        add(IR_vdot4, IR_V128, 2, k, 2, V, V, 0);
    add(IR_vmaddw, IR_V128, 0, 0, 2, V, V, 0);
    add(IR_vmaddb, IR_V128, 0, 0, 2, V, V, 0);
    add(IR_vsad, IR_V128, 0, 0, 2, V, V, 0);
    add(IR_vtbl2, IR_V128, 0, 0, 3, V, V, V);
    add(IR_vbsl, IR_V128, 0, 0, 3, V, V, V);
    for (unsigned k = 0; k < 4; k++)
        add(IR_vpmull, IR_V128, 3, (k & 1) | (k & 2) << 3, 2, V, V, 0);
    static const uint8_t rounds[] = { IR_vaesenc, IR_vaesencl, IR_vaesdec, IR_vaesdecl,
                                      IR_vsha256m1, IR_vsha256m2 };
    for (unsigned k = 0; k < sizeof rounds; k++)
        add(rounds[k], IR_V128, 0, 0, 2, V, V, 0);
    add(IR_vaesmc, IR_V128, 0, 0, 1, V, 0, 0);
    add(IR_vaesimc, IR_V128, 0, 0, 1, V, 0, 0);
    add(IR_vsm4s, IR_V128, 0, 0, 1, V, 0, 0);
    for (unsigned k = 0; k < 4; k++)
        add(IR_vsha1r4, IR_V128, 0, k, 2, V, V, 0);
    add(IR_vsha256r2, IR_V128, 0, 0, 3, V, V, V);
    add(IR_vxor3, IR_V128, 0, 0, 3, V, V, V);
    add(IR_vbcax, IR_V128, 0, 0, 3, V, V, V);
    for (unsigned k = 0; k < 64; k += k < 4 ? 1 : 7) {
        add(IR_vror, IR_V128, 3, k, 1, V, 0, 0);
        add(IR_vror, IR_V128, 2, k / 2, 1, V, 0, 0);
    }
    static const uint8_t picks[] = { 0, 0x1b, 0x11, 0xbb, 0xe4, 0xee, 0x93 };
    for (unsigned k = 0; k < sizeof picks; k++)
        add(IR_vpick, IR_V128, 2, picks[k], 2, V, V, 0);

    chain_from = ntests - 40;
    for (unsigned d = 0; d < 2; d++) {
        unsigned t = d ? IR_F64 : IR_F32, f = d ? F64 : F32, l = d ? IR_LD : IR_LS;
        static const uint16_t two[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fmin, IR_fmax };
        static const uint16_t vtwo[] = {
            IR_fvadd, IR_fvsub, IR_fvmul, IR_fvdiv, IR_fvmin, IR_fvmax
        };
        for (unsigned k = 0; k < 6; k++)
            for (int imm = 0; imm <= (k >= 4); imm++) {
                add(two[k], t, 0, imm, 2, f, f, 0);
                add(vtwo[k], IR_V128, l, imm, 2, V, V, 0);
            }
        for (int imm = 0; imm < 4; imm++) {
            add(IR_fma, t, 0, imm, 3, f, f, f);
            add(IR_fvfma, IR_V128, l, imm, 3, V, V, V);
        }
        add(IR_fsqrt, t, 0, 0, 1, f, 0, 0);
        add(IR_fvsqrt, IR_V128, l, 0, 1, V, 0, 0);
        add(IR_fneg, t, 0, 0, 1, f, 0, 0);
        add(IR_fabs, t, 0, 0, 1, f, 0, 0);
        add(IR_fcmp, IR_FLG, 0, 0, 2, f, f, 0);
        add(IR_fcmp, IR_FLG, 0, 1, 2, f, f, 0);
        add(IR_fbits, d ? IR_I64 : IR_I32, 0, 0, 1, f, 0, 0);
        add(IR_bitsf, t, 0, 0, 1, d ? I64 : I32, 0, 0);
        add(IR_vzx, IR_V128, 0, 0, 1, f, 0, 0);
        add(IR_vzx, IR_V128, 0, 0, 1, d ? I64 : I32, 0, 0);
        add(IR_fcvt, d ? IR_F32 : IR_F64, 0, 0, 1, f, 0, 0);
        add(IR_fcvt, IR_F16, 0, 0, 1, f, 0, 0);
        add(IR_fcvt, t, 0, 0, 1, F16, 0, 0);
        for (unsigned m = IR_RN_ZERO; m <= IR_RN_DYN; m += IR_RN_DYN - IR_RN_ZERO)
            for (unsigned n = 32; n <= 64; n += 32) {
                add(IR_frint, t, m, n << 8 | 1, 1, f, 0, 0);
                add(IR_fvrint, IR_V128, l | m << 8, n << 8 | 1, 1, V, 0, 0);
            }
        if (d)
            add(IR_fcvti, IR_I32, IR_RN_ZERO, 0x100, 1, f, 0, 0);
        for (unsigned m = 0; m <= IR_RN_DYN; m++) {
            for (unsigned x = 0; x < 2; x++) {
                add(IR_frint, t, m, x, 1, f, 0, 0);
                add(IR_fvrint, IR_V128, l | m << 8, x, 1, V, 0, 0);
                for (unsigned u = 0; u < 256; u += 128) {
                    add(IR_fcvti, x ? IR_I64 : IR_I32, m, u, 1, f, 0, 0);
                    add(IR_fvcvti, IR_V128, l | m << 8, u | x * 3, 1, V, 0, 0);
                }
            }
        }
        for (unsigned u = 0; u < 256; u += 128)
            for (unsigned n = 0; n < 64; n += 21) {
                add(IR_fcvti, IR_I64, IR_RN_ZERO, u | n, 1, f, 0, 0);
                add(IR_icvtf, t, 0, u | n, 1, I64, 0, 0);
                if (n < 32) {
                    add(IR_icvtf, t, 0, u | n, 1, I32, 0, 0);
                    add(IR_ivcvtf, IR_V128, l, u | n, 1, V, 0, 0);
                }
            }
        static const uint8_t fcc[] = { IR_EQ, IR_GE, IR_GT };
        for (unsigned k = 0; k < 3; k++)
            add(IR_fvcmp, IR_V128, l | (unsigned)fcc[k] << 8, 0, 2, V, V, 0);
        add(IR_fvwiden, IR_V128, d ? IR_LH : IR_LS, 0, 1, V, 0, 0);
        add(IR_fvnarrow, IR_V128, l, 0, 1, V, 0, 0);
    }
}

static void make_half_tests(void)
{
    static const uint16_t two[] = { IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fmin, IR_fmax };
    static const uint16_t vtwo[] = { IR_fvadd, IR_fvsub, IR_fvmul, IR_fvdiv, IR_fvmin, IR_fvmax };
    half_from = ntests;
    for (unsigned k = 0; k < 6; k++)
        for (int imm = 0; imm <= (k >= 4); imm++) {
            add(two[k], IR_F16, 0, imm, 2, F16, F16, 0);
            add(vtwo[k], IR_V128, IR_LH, imm, 2, V, V, 0);
        }
    for (int imm = 0; imm < 4; imm++) {
        add(IR_fma, IR_F16, 0, imm, 3, F16, F16, F16);
        add(IR_fvfma, IR_V128, IR_LH, imm, 3, V, V, V);
    }
    add(IR_fsqrt, IR_F16, 0, 0, 1, F16, 0, 0);
    add(IR_fvsqrt, IR_V128, IR_LH, 0, 1, V, 0, 0);
    add(IR_fneg, IR_F16, 0, 0, 1, F16, 0, 0);
    add(IR_fabs, IR_F16, 0, 0, 1, F16, 0, 0);
    for (int imm = 0; imm < 2; imm++) {
        add(IR_fcvt, IR_F16, 0, imm, 1, F32, 0, 0);
        add(IR_fcvt, IR_F16, 0, imm, 1, F64, 0, 0);
        add(IR_fcvt, IR_F32, 0, imm, 1, F16, 0, 0);
        add(IR_fcvt, IR_F64, 0, imm, 1, F16, 0, 0);
    }
    for (unsigned m = 0; m <= IR_RN_DYN; m++)
        for (unsigned x = 0; x < 2; x++) {
            add(IR_frint, IR_F16, m, x, 1, F16, 0, 0);
            add(IR_fvrint, IR_V128, IR_LH | m << 8, x, 1, V, 0, 0);
            add(IR_fcvti, IR_I32, m, x << 7, 1, F16, 0, 0);
            add(IR_fvcvti, IR_V128, IR_LH | m << 8, x << 7, 1, V, 0, 0);
        }
    for (unsigned u = 0; u < 256; u += 128)
        for (unsigned n = 0; n < 16; n += 5) {
            add(IR_fvcvti, IR_V128, IR_LH | IR_RN_ZERO << 8, u | n, 1, V, 0, 0);
            add(IR_ivcvtf, IR_V128, IR_LH, u | n, 1, V, 0, 0);
            add(IR_icvtf, IR_F16, 0, u | n, 1, I64, 0, 0);
        }
    add(IR_fvcmp, IR_V128, IR_LH | IR_EQ << 8, 0, 2, V, V, 0);
    add(IR_fvcmp, IR_V128, IR_LH | IR_GE << 8, 0, 2, V, V, 0);
    add(IR_fvcmp, IR_V128, IR_LH | IR_GT << 8, 0, 2, V, V, 0);
    add(IR_fvwiden, IR_V128, IR_LH, 0, 1, V, 0, 0);
    add(IR_fvnarrow, IR_V128, IR_LS, 0, 1, V, 0, 0);
    add(IR_fvbfdot, IR_V128, IR_LS, 0, 3, V, V, V);
    half_to = ntests;
    add(IR_fvfmaw, IR_V128, IR_LH, 0, 3, V, V, V);
    add(IR_fvfmaw, IR_V128, IR_LH, 1, 3, V, V, V);
    add(IR_fvbfcvt, IR_V128, IR_LS, 0, 1, V, 0, 0);
}

/* Operand of a kind from a register. */
static ir_ref operand(struct ir_region *r, unsigned kind, unsigned reg)
{
    ir_ref v = ir_emit(r, IR_get, IR_V128, 0, 0, 0, 0, 0, reg);
    switch (kind) {
    case V:   return v;
    case F64: return ir_emit(r, IR_vlow, IR_F64, v, 0, 0, 0, 0, 0);
    case F32: return ir_emit(r, IR_vlow, IR_F32, v, 0, 0, 0, 0, 0);
    case F16: return ir_emit(r, IR_vlow, IR_F16, v, 0, 0, 0, 0, 0);
    case I64: return ir_emit(r, IR_get, IR_I64, 0, 0, 0, 0, 0, X0 + reg % 4);
    case I32:
        v = ir_emit(r, IR_get, IR_I64, 0, 0, 0, 0, 0, X0 + reg % 4);
        return ir_emit(r, IR_trunc, IR_I32, v, 0, 0, 0, 0, 0);
    }
    return 0;
}

/* One guest instruction: t on random registers. */
static void build_insn(struct ir_region *r, const struct test *t, uint64_t pc)
{
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
    ir_ref arg[3] = { 0 };
    for (unsigned k = 0; k < t->nargs; k++)
        arg[k] = operand(r, t->arg[k], pick(6));
    ir_ref v = ir_emit(r, (enum ir_op)t->op, (enum ir_type)t->type, arg[0], arg[1], arg[2], 0,
                       t->aux, t->imm);
    switch (t->type) {
    case IR_V128:
        ir_emit(r, IR_set, IR_VOID, v, 0, 0, 0, 0, pick(6));
        break;
    case IR_F16: case IR_F32: case IR_F64:
        v = ir_emit(r, IR_vzx, IR_V128, v, 0, 0, 0, 0, 0);
        ir_emit(r, IR_set, IR_VOID, v, 0, 0, 0, 0, pick(6));
        break;
    case IR_I32:
        v = ir_emit(r, IR_zext, IR_I64, v, 0, 0, 0, 0, 32);
        ir_emit(r, IR_set, IR_VOID, v, 0, 0, 0, 0, X0 + pick(4));
        break;
    case IR_I64:
        ir_emit(r, IR_set, IR_VOID, v, 0, 0, 0, 0, X0 + pick(4));
        break;
    case IR_FLG:
        ir_emit(r, IR_set, IR_VOID, v, 0, 0, 0, 0, NZCV);
        break;
    }
}

/* A region of n instructions: t, then random ones. */
static void build(struct ir_region *r, const struct test *t, unsigned n, bool raw)
{
    ir_region_reset(r, target);
    r->raw = raw;
    unsigned b = ir_block_new(r, 0x1000);
    ir_block_begin(r, b, false);
    for (unsigned k = 0; k < n; k++)
        build_insn(r, k ? &tests[chain_from + pick(ntests - chain_from)] : t, 0x1000 + 4 * k);
    ir_append(r, IR_leave, IR_VOID, ir_const(r, IR_I64, 0x2000), 0, 0, 0, IR_LEAVE_SYSCALL, 0);
    r->blocks[0].end = r->ninsts;
    r->end_pc = 0x1000 + 4 * n;
    r->ninsns = n;
}

static struct cpu *new_cpu(void)
{
    struct cpu *c =
        mmap(NULL, sizeof(struct cpu), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED || stack == MAP_FAILED)
        exit(2);
    c->ret_base = c->ret_sp = (uint64_t)(uintptr_t)stack + 60000 / 64 * 64;
    c->ret_limit = (uint64_t)(uintptr_t)stack + 4096;
    return c;
}

int main(int argc, char **argv)
{
    static const char *const features[] = { NULL, "-vaes,-vpclmul,-vbmi,-vnni", "-avx512vl,-vbmi,-gfni",
                                            "-avx2,-avx512vl,-gfni,-fma", "-avx,-gfni,-pclmul" };
    seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    unsigned rounds = argc > 2 ? (unsigned)atoi(argv[2]) : 20, failed = 0, done = 0;
    make_tests();
    make_half_tests();
    size_t size = 1 << 20;
    uint8_t *code =
        mmap(NULL, size, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED)
        return 2;
    struct stubs stubs;
    struct xlate_out out = { 0 };
    out.relocs = calloc(out.cap_relocs = 4096, sizeof *out.relocs);
    out.links = calloc(out.cap_links = 4096, sizeof *out.links);
    out.faults = calloc(out.cap_faults = 4096, sizeof *out.faults);
    struct cpu *a = new_cpu(), *b = new_cpu();
    struct ir_region r, ref;
    ir_region_init(&r, target);
    ir_region_init(&ref, target);
    for (unsigned f = 0; f < 4; f++) {
        char err[100];
        const struct host_features *hf = host_features_get(features[f], err, sizeof err);
        if (!hf) {
            printf("%s\n", err);
            return 2;
        }
        target = host_fit_pins(&all_pins, host_npins(hf, false), host_npins(hf, true));
        size_t used = (host_emit_stubs(&stubs, target, 2, 0, false, code, 65536, 0) + 63) & ~(size_t)63;
        for (unsigned k = 0; k < ntests; k++)
            for (unsigned round = 0;
                 round < rounds && (argc < 4 || !strcmp(argv[3], ir_opinfo[tests[k].op].name));
                 round++) {
                uint64_t at = seed;
                unsigned n = round % 2 ? 8 : 1;
                build(&ref, &tests[k], n, true);
                seed = at;
                build(&r, &tests[k], n, n == 1);
                uint32_t where;
                const char *bad = ir_verify(&ref, &where);
                bad = bad ? bad : ir_verify(&r, &where);
                if (bad) {
                    printf("%s: region %s\n", ir_opinfo[tests[k].op].name, bad);
                    return 2;
                }
                ir_optimise(&r);
                struct host_xlate_opts o = { .hf = hf, .stubs = &stubs, .insn_shift = 2,
                                             .check_tiny = round & 2 };
                out.nrelocs = out.nlinks = out.nfaults = 0;
                size_t len = host_xlate(&r, &o, code + used, size - used, 0, &out);
                if (!len) {
                    printf("%s: not translated (features %s)\n", ir_opinfo[tests[k].op].name,
                           features[f]);
                    ir_print(stdout, &r);
                    failed++;
                    break;
                }
                for (unsigned run = 0; run < 4; run++) {
                    for (unsigned w = 0; w < 12; w++) {
                        uint64_t v = special();
                        memcpy((char *)a + 256 + 8 * w, &v, 8);
                        if (w < 4)
                            *(uint64_t *)((char *)a + 16 + 8 * w) = special();
                    }
                    *(uint64_t *)((char *)a + 48) = 0;
                    a->guest_mxcsr = 0x1f80 | pick(4) << 13;
                    a->fp_mode = pick(16) & ((o.check_tiny ? IR_FP_DEFAULT_NAN : 0) | IR_FP_AHP | IR_FP_FLUSH_HALF) &
                                 (pick(2) - 1);
                    a->fp_flags = 0;
                    memcpy((char *)b + 16, (char *)a + 16, 2032);
                    b->guest_mxcsr = a->guest_mxcsr;
                    b->fp_mode = a->fp_mode;
                    struct cpu before = *a;
                    host_enter(a, &stubs, code + used);
                    ir_interp(b, &ref);
                    uint32_t fa = a->guest_mxcsr & 0x3d, fb = b->guest_mxcsr & 0x3d;
                    done++;
                    if (!memcmp((char *)a + 16, (char *)b + 16, 400) &&
                        (fa == fb || ((fa | 16) == fb && (n > 1 || k < half_from || k >= half_to))))
                        continue;
                    failed++;
                    if (failed > 20)
                        goto end;
                    printf("FAIL %s seed %#" PRIx64 " features %s mxcsr %#x\n",
                           ir_opinfo[tests[k].op].name, at, features[f], before.guest_mxcsr);
                    ir_print(stdout, &r);
                    printf("flags %#x, should be %#x\n", fa, fb);
                    for (unsigned w = 0; w < 48; w++) {
                        uint64_t x = ((uint64_t *)&before)[w + 2], y = ((uint64_t *)a)[w + 2],
                                 z = ((uint64_t *)b)[w + 2];
                        if (w < 5 || (w >= 30 && w < 42))
                            printf("%3u %016" PRIx64 " -> %016" PRIx64 " %s %016" PRIx64 "\n",
                                   w * 8 + 16, x, y, y == z ? "  " : "!=", z);
                    }
                    goto next;
                }
            next:;
            }
    }
end:
    printf("%u operations, %u comparisons, %u failed\n", ntests, done, failed);
    ir_region_free(&r);
    ir_region_free(&ref);
    return failed != 0;
}
