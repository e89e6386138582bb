/*
 * Cryptography of A64 (Arm ARM C7.2, the instructions of FEAT_AES, SHA1, SHA256, SHA512, SHA3, SM3, SM4).
 *
 * AES and SHA use the IR's operations for these steps, whose order of words is that of x86. Arm keeps
 * state words in ascending order, so they are picked apart before and put together after; the
 * builder takes away what one instruction undoes of the one before (fold.c), and SHA256H and
 * SHA256H2 of the same operands share their rounds. The rest is made of vector operations.
 *
 * XOR of the key comes first in AESE and last in the IR's round: AESE is the round with a key of zero,
 * and AESMC after it completes the round.
 */
#include "simd.h"

enum { S = 2, D = 3 };

static ir_ref add3(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vadd, S, a, b); }
static ir_ref xor2(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vxor, 0, a, b); }
static ir_ref xor3(struct tr *t, ir_ref a, ir_ref b, ir_ref c) { return v3(t, IR_vxor3, 0, a, b, c); }
static ir_ref rol(struct tr *t, ir_ref v, unsigned n) { return v1i(t, IR_vror, S, v, 32 - n); }
static ir_ref ror64(struct tr *t, ir_ref v, unsigned n) { return v1i(t, IR_vror, D, v, n); }
/* 16 bytes of b:a from byte n on. */
static ir_ref extract(struct tr *t, ir_ref a, ir_ref b, unsigned n)
{
    return v2i(t, IR_vext, 0, a, b, n);
}
static ir_ref pick(struct tr *t, ir_ref a, ir_ref b, unsigned imm)
{
    return v2i(t, IR_vpick, S, a, b, imm);
}
static ir_ref only_lane0(struct tr *t, ir_ref v)
{
    return v2(t, IR_vand, 0, v, ir_const128(t->r, IR_V128, 0xffffffff, 0));
}
static bool set_q(struct tr *t, unsigned rd, ir_ref v) { return set_v(t, rd, true, v); }

/* --------------------------------------------------------------------------- AES */

static bool aes_round(struct tr *t, enum ir_op op, unsigned rd, unsigned rn)
{
    return set_q(t, rd, v2(t, op, 0, xor2(t, get_v(t, rd), get_v(t, rn)), vzero(t)));
}
ROW(AESE,   aes_round(t, IR_vaesencl, a->rd, a->rn))
ROW(AESD,   aes_round(t, IR_vaesdecl, a->rd, a->rn))
ROW(AESMC,  set_q(t, a->rd, v1(t, IR_vaesmc, 0, get_v(t, a->rn))))
ROW(AESIMC, set_q(t, a->rd, v1(t, IR_vaesimc, 0, get_v(t, a->rn))))

/* ------------------------------------------------------------------------- SHA-1 */

static ir_ref reversed(struct tr *t, ir_ref v) { return pick(t, v, v, 0x1b); }

/* The host adds the constant, which Arm's W has in it already. */
static bool sha1_rounds(struct tr *t, unsigned function, unsigned rd, unsigned rn, unsigned rm)
{
    static const uint32_t constant[3] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc };
    ir_ref w = add3(t, get_v(t, rm), vconst(t, S, -constant[function]));
    ir_ref we = add3(t, w, only_lane0(t, get_v(t, rn)));
    return set_q(t, rd, reversed(t, v2i(t, IR_vsha1r4, 0, reversed(t, get_v(t, rd)),
                                        reversed(t, we), function)));
}
ROW(SHA1C, sha1_rounds(t, 0, a->rd, a->rn, a->rm))
ROW(SHA1P, sha1_rounds(t, 1, a->rd, a->rn, a->rm))
ROW(SHA1M, sha1_rounds(t, 2, a->rd, a->rn, a->rm))
ROW(SHA1H, set_q(t, a->rd, only_lane0(t, rol(t, get_v(t, a->rn), 30))))
ROW(SHA1SU0, set_q(t, a->rd, xor3(t, extract(t, get_v(t, a->rd), get_v(t, a->rn), 8),
                                  get_v(t, a->rd), get_v(t, a->rm))))

/* The last word also takes the first new one, rotated once more. */
bool lower_SHA1SU1(struct tr *t, const struct arg_SHA1SU1 *a)
{
    ir_ref w = rol(t, xor2(t, get_v(t, a->rd), extract(t, get_v(t, a->rn), vzero(t), 4)), 1);
    return set_q(t, a->rd, xor2(t, w, rol(t, extract(t, vzero(t), w, 4), 1)));
}

/* ----------------------------------------------------------------------- SHA-256 */

/* Four rounds; x is a b c d, y is e f g h. The new a b c d, or (low) e f g h. */
static ir_ref sha256_rounds(struct tr *t, bool low, ir_ref x, ir_ref y, ir_ref wk)
{
    ir_ref feba = pick(t, y, x, 0x11), hgdc = pick(t, y, x, 0xbb);
    ir_ref mid = v3(t, IR_vsha256r2, 0, hgdc, feba, wk);
    ir_ref end = v3(t, IR_vsha256r2, 0, feba, mid, pick(t, wk, wk, 0xee));
    return pick(t, end, mid, low ? 0x11 : 0xbb);
}
ROW(SHA256H,  set_q(t, a->rd, sha256_rounds(t, false, get_v(t, a->rd), get_v(t, a->rn),
                                            get_v(t, a->rm))))
ROW(SHA256H2, set_q(t, a->rd, sha256_rounds(t, true, get_v(t, a->rn), get_v(t, a->rd),
                                            get_v(t, a->rm))))
ROW(SHA256SU0, set_q(t, a->rd, v2(t, IR_vsha256m1, 0, get_v(t, a->rd), get_v(t, a->rn))))
ROW(SHA256SU1, set_q(t, a->rd, v2(t, IR_vsha256m2, 0,
                                  add3(t, get_v(t, a->rd),
                                       extract(t, get_v(t, a->rn), get_v(t, a->rm), 4)),
                                  get_v(t, a->rm))))

/* ----------------------------------------------------------------------- SHA-512 */

static ir_ref add64(struct tr *t, ir_ref a, ir_ref b) { return v2(t, IR_vadd, D, a, b); }
static ir_ref rotations(struct tr *t, ir_ref v, unsigned i, unsigned j, unsigned k)
{
    return xor3(t, ror64(t, v, i), ror64(t, v, j), ror64(t, v, k));
}
static ir_ref high(struct tr *t, ir_ref v) { return v1i(t, IR_vdupl, D, v, 1); }

/* T1 of two rounds: n is f g (f high), m is e' e (e high) as the manual names them, d is h + k + w of
 * the two. Each step is made in both lanes; the first one's high lane counts, the second's low one. */
bool lower_SHA512H(struct tr *t, const struct arg_SHA512H *a)
{
    ir_ref n = get_v(t, a->rn), m = get_v(t, a->rm), d = get_v(t, a->rd);
    /* high lane: m1 + choose(m1, n0, n1) */
    ir_ref n0 = v1i(t, IR_vdupl, D, n, 0);
    ir_ref one = add64(t, add64(t, d, rotations(t, m, 14, 18, 41)), v3(t, IR_vbsl, 0, m, n0, n));
    /* low lane */
    ir_ref sum = add64(t, high(t, one), m), m1 = high(t, m);
    ir_ref two = add64(t, add64(t, d, rotations(t, sum, 14, 18, 41)), v3(t, IR_vbsl, 0, sum, m1, n));
    return set_q(t, a->rd, v2i(t, IR_vinsl, D, one, two, 0));
}

/* T2 of two rounds: d + Sigma0 + majority; majority(a, b, c) is a where a and b agree, else c. */
bool lower_SHA512H2(struct tr *t, const struct arg_SHA512H2 *a)
{
    ir_ref n = get_v(t, a->rn), m = get_v(t, a->rm), d = get_v(t, a->rd);
    ir_ref swapped = extract(t, m, m, 8), differ = xor2(t, m, swapped);
    /* lane 1, made in lane 0: rotations of m0, majority of n0 m1 m0 */
    ir_ref one = add64(t, add64(t, extract(t, d, d, 8), rotations(t, m, 28, 34, 39)),
                       v3(t, IR_vbsl, 0, differ, n, m));
    ir_ref two = add64(t, add64(t, d, rotations(t, one, 28, 34, 39)),
                       v3(t, IR_vbsl, 0, differ, one, m));
    return set_q(t, a->rd, v2(t, IR_vcomb, 0, two, one));
}
bool lower_SHA512SU0(struct tr *t, const struct arg_SHA512SU0 *a)
{
    ir_ref d = get_v(t, a->rd), w = extract(t, d, get_v(t, a->rn), 8);
    return set_q(t, a->rd, add64(t, d, xor3(t, ror64(t, w, 1), ror64(t, w, 8),
                                            v1i(t, IR_vshri, D, w, 7))));
}
bool lower_SHA512SU1(struct tr *t, const struct arg_SHA512SU1 *a)
{
    ir_ref n = get_v(t, a->rn), d = add64(t, get_v(t, a->rd), get_v(t, a->rm));
    return set_q(t, a->rd, add64(t, d, xor3(t, ror64(t, n, 19), ror64(t, n, 61),
                                            v1i(t, IR_vshri, D, n, 6))));
}

/* ------------------------------------------------------------------------- SHA-3 */

ROW(EOR3, set_q(t, a->rd, xor3(t, get_v(t, a->rn), get_v(t, a->rm), get_v(t, a->ra))))
ROW(BCAX, set_q(t, a->rd, v3(t, IR_vbcax, 0, get_v(t, a->rn), get_v(t, a->rm), get_v(t, a->ra))))
ROW(RAX1, set_q(t, a->rd, xor2(t, get_v(t, a->rn), ror64(t, get_v(t, a->rm), 63))))
ROW(XAR,  set_q(t, a->rd, ror64(t, xor2(t, get_v(t, a->rn), get_v(t, a->rm)), a->imm6)))

/* --------------------------------------------------------------------------- SM3 */

/* Lane 3 of v in lane 0, the others 0. */
static ir_ref lane3(struct tr *t, ir_ref v) { return extract(t, v, vzero(t), 12); }

bool lower_SM3SS1(struct tr *t, const struct arg_SM3SS1 *a)
{
    ir_ref sum = add3(t, add3(t, rol(t, get_v(t, a->rn), 12), get_v(t, a->rm)), get_v(t, a->ra));
    return set_q(t, a->rd, v2(t, IR_vand, 0, rol(t, sum, 7),
                              ir_const128(t->r, IR_V128, 0, 0xffffffff00000000)));
}

/* Words 1, 2 and 3 of d, each in lane 0. */
struct sm3 { ir_ref d, w1, w2, w3; };
static struct sm3 sm3_words(struct tr *t, unsigned rd)
{
    ir_ref d = get_v(t, rd), zero = vzero(t);
    return (struct sm3){ d, extract(t, d, zero, 4), extract(t, d, zero, 8), extract(t, d, zero, 12) };
}
/* The new state: the sum (lane 0) last, the others one down, word 2 rotated. */
static bool sm3_step(struct tr *t, unsigned rd, struct sm3 s, ir_ref sum, unsigned rotate)
{
    ir_ref v = extract(t, s.d, sum, 4);
    return set_q(t, rd, v2i(t, IR_vinsl, S, v, rol(t, v, rotate), 1 | 1 << 8));
}
static bool sm3_first(struct tr *t, struct sm3 s, ir_ref function, unsigned rd, unsigned rn,
                      unsigned rm, unsigned i)
{
    ir_ref ss2 = xor2(t, lane3(t, get_v(t, rn)), rol(t, s.w3, 12));
    ir_ref w = v1i(t, IR_vdupl, S, get_v(t, rm), i);
    return sm3_step(t, rd, s, add3(t, add3(t, function, s.d), add3(t, ss2, w)), 9);
}
static bool sm3_second(struct tr *t, struct sm3 s, ir_ref function, unsigned rd, unsigned rn,
                       unsigned rm, unsigned i)
{
    ir_ref w = v1i(t, IR_vdupl, S, get_v(t, rm), i);
    ir_ref sum = add3(t, add3(t, function, s.d), add3(t, lane3(t, get_v(t, rn)), w));
    return sm3_step(t, rd, s, xor3(t, sum, rol(t, sum, 9), rol(t, sum, 17)), 19);
}
static ir_ref parity(struct tr *t, struct sm3 s) { return xor3(t, s.w1, s.w2, s.w3); }
static ir_ref majority(struct tr *t, struct sm3 s)
{
    return v3(t, IR_vbsl, 0, xor2(t, s.w1, s.w2), s.w3, s.w1);
}

bool lower_SM3TT1A(struct tr *t, const struct arg_SM3TT1A *a)
{
    struct sm3 s = sm3_words(t, a->rd);
    return sm3_first(t, s, parity(t, s), a->rd, a->rn, a->rm, a->imm2);
}
bool lower_SM3TT1B(struct tr *t, const struct arg_SM3TT1B *a)
{
    struct sm3 s = sm3_words(t, a->rd);
    return sm3_first(t, s, majority(t, s), a->rd, a->rn, a->rm, a->imm2);
}
bool lower_SM3TT2A(struct tr *t, const struct arg_SM3TT2A *a)
{
    struct sm3 s = sm3_words(t, a->rd);
    return sm3_second(t, s, parity(t, s), a->rd, a->rn, a->rm, a->imm2);
}
bool lower_SM3TT2B(struct tr *t, const struct arg_SM3TT2B *a)
{
    struct sm3 s = sm3_words(t, a->rd);
    return sm3_second(t, s, v3(t, IR_vbsl, 0, s.w3, s.w2, s.w1), a->rd, a->rn, a->rm, a->imm2);
}

static ir_ref sm3_permute(struct tr *t, ir_ref v) { return xor3(t, v, rol(t, v, 15), rol(t, v, 23)); }

/* Word 3 depends on the result's word 0. */
bool lower_SM3PARTW1(struct tr *t, const struct arg_SM3PARTW1 *a)
{
    ir_ref x = xor2(t, get_v(t, a->rd), get_v(t, a->rn));
    ir_ref first = xor2(t, x, rol(t, extract(t, get_v(t, a->rm), vzero(t), 4), 15));
    ir_ref result = sm3_permute(t, first);
    ir_ref last = xor2(t, x, rol(t, extract(t, vzero(t), result, 4), 15));
    return set_q(t, a->rd, v2i(t, IR_vinsl, S, result, sm3_permute(t, last), 3 | 3 << 8));
}
bool lower_SM3PARTW2(struct tr *t, const struct arg_SM3PARTW2 *a)
{
    ir_ref x = xor2(t, get_v(t, a->rn), rol(t, get_v(t, a->rm), 7));
    ir_ref first = rol(t, extract(t, vzero(t), x, 4), 15); /* in lane 3, others 0 */
    return set_q(t, a->rd, xor3(t, get_v(t, a->rd), x, sm3_permute(t, first)));
}

/* --------------------------------------------------------------------------- SM4 */

/* Four rounds on the words of v with the keys in k; each takes the other three words and its key through
 * the S-box and the linear step. The new word is made in lane 0. */
static ir_ref sm4_rounds(struct tr *t, ir_ref v, ir_ref k, bool key)
{
    for (unsigned n = 0; n < 4; n++) {
        ir_ref key_n = n ? v1i(t, IR_vdupl, S, k, n) : k;
        ir_ref x = xor3(t, v1i(t, IR_vdupl, S, v, 1), v1i(t, IR_vdupl, S, v, 2),
                        xor2(t, v1i(t, IR_vdupl, S, v, 3), key_n));
        x = v1(t, IR_vsm4s, 0, x);
        ir_ref y = key ? xor3(t, x, rol(t, x, 13), rol(t, x, 23))
                       : xor3(t, xor3(t, x, rol(t, x, 2), rol(t, x, 10)), rol(t, x, 18), rol(t, x, 24));
        v = extract(t, v, xor2(t, v, y), 4);
    }
    return v;
}
ROW(SM4E,    set_q(t, a->rd, sm4_rounds(t, get_v(t, a->rd), get_v(t, a->rn), false)))
ROW(SM4EKEY, set_q(t, a->rd, sm4_rounds(t, get_v(t, a->rn), get_v(t, a->rm), true)))
