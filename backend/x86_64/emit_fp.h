/*
 * What the files of floating-point code share: opcodes, the way to the cold path, small pieces.
 */
#ifndef MYNA_EMIT_FP_H
#define MYNA_EMIT_FP_H

#include "emit_priv.h"
#include "fphelp.h"

enum {
    OP_UCOMIS = 0x2e | M0F, OP_COMIS = 0x2f | M0F, OP_ADDP = 0x58 | M0F, OP_MULP = 0x59 | M0F,
    OP_SUBP = 0x5c | M0F, OP_MINP = 0x5d | M0F, OP_DIVP = 0x5e | M0F, OP_MAXP = 0x5f | M0F,
    OP_SQRTP = 0x51 | M0F, OP_CMPP = 0xc2 | M0F, OP_CVTF = 0x5a | M0F, OP_CVTTI = 0x2c | M0F,
    OP_CVTI = 0x2a | M0F, OP_CVTDQ2PS = 0x5b | M0F, OP_CVTTPS2DQ = 0x5b | M0F | PF3,
    OP_ROUNDPS = 0x08 | M3A | P66, /* + 1 PD, 2 SS, 3 SD */
    OP_INSERTPS = 0x21 | M3A | P66, OP_PTEST = 0x17 | M38 | P66, OP_XORPS = 0x57 | M0F,
    OP_ANDPS = 0x54 | M0F, OP_ORPS = 0x56 | M0F, OP_PCMPEQD = 0x76 | M0F | P66,
    OP_MOVMSKPS = 0x50 | M0F, ROUND_QUIET = 8, CMP_EQ = 0, CMP_LT = 1, CMP_LE = 2, CMP_UNORD = 3,
    CMP_NLT = 5, CMP_EQ_UQ = 8 /* or unordered; AVX */, OP_PADDD = 0xfe | M0F | P66, OP_PADDQ = 0xd4 | M0F | P66,
    OP_PCMPEQQ = 0x29 | M38 | P66,
};

static inline bool is_double(unsigned type) { return type == IR_F64; }
/* Prefix of scalar instructions; of packed ones and ucomis. */
static inline unsigned ss(bool d) { return d ? PF2 : PF3; }
static inline unsigned ps(bool d) { return d ? P66 : 0; }
static inline unsigned lane_of(unsigned type)
{
    return type == IR_F16 ? IR_LH : type == IR_F32 ? IR_LS : IR_LD;
}

static inline struct mem scratch(unsigned at)
{
    return mem_bd(STATE, CPU_DISP(scratch) + (int32_t)at);
}

/* An instruction with a memory operand. */
static inline void x_mem(struct emit *e, unsigned op, int reg, int v, struct mem m)
{
    if (e->hf->avx)
        v_rrm(&e->cb, op, false, reg, v, m);
    else
        x_rm(&e->cb, op, false, reg, m);
}
/* Conversions between register files, w: 64-bit integer. */
static inline void x_gpr(struct emit *e, unsigned op, bool w, int reg, int v, int rm)
{
    if (e->hf->avx)
        v_rrr(&e->cb, op, w, reg, v, rm);
    else
        x_rr(&e->cb, op, w, reg, rm);
}

/* A jump over what follows, to be bound: EFLAGS stay. */
static inline uint8_t *jump_over(struct emit *e, int cc)
{
    cb8(&e->cb, 0x70 | (unsigned)cc);
    cb8(&e->cb, 0);
    return e->cb.p;
}
static inline void bind_over(struct emit *e, uint8_t *from)
{
    from[-1] = (uint8_t)(e->cb.p - from);
}

/* d = a * b + c in place of a; negations as imm says. op: the scalar or packed 213 form. */
static inline unsigned fma_op(int64_t imm, bool packed)
{
    static const uint8_t op[4] = { 0xa9, 0xad, 0xab, 0xaf };
    return (op[imm & 3] - packed) | M38 | P66;
}

/* Bits of 2^k. */
static inline uint64_t power(bool dbl, int k)
{
    return dbl ? (uint64_t)(1023 + k) << 52 : (uint64_t)(127 + k) << 23;
}

/* Immediate of roundps for a mode that the host has; DYN by MXCSR. */
static inline unsigned round_imm(unsigned mode)
{
    static const uint8_t imm[] = {
        [IR_RN_TIES_EVEN] = 0, [IR_RN_UP] = 2, [IR_RN_DOWN] = 1, [IR_RN_ZERO] = 3, [IR_RN_DYN] = 4
    };
    return imm[mode];
}

/* t = a to an integral value, ties away, for |a| < 2^52 (2^23): truncated, plus twice the fraction
 * truncated. All steps are exact. u: another register. */
static inline void ties_away(struct emit *e, bool dbl, bool scalar, int t, int u, int a)
{
    unsigned round = (scalar ? OP_ROUNDPS + 2 : OP_ROUNDPS) + dbl,
             prefix = scalar ? ss(dbl) : ps(dbl);
    if (scalar)
        emit_x3i(e, round, t, a, a, ROUND_QUIET | 3);
    else
        emit_x2i(e, round, t, a, ROUND_QUIET | 3);
    emit_x3(e, OP_SUBP | prefix, u, a, t);
    emit_x3(e, OP_ADDP | prefix, u, u, u);
    if (scalar)
        emit_x3i(e, round, u, u, u, ROUND_QUIET | 3);
    else
        emit_x2i(e, round, u, u, ROUND_QUIET | 3);
    emit_x3(e, OP_ADDP | prefix, t, t, u);
}

/* emit_fp.c. The operation i is done exactly out of line: jump there on condition cc, always with
 * -1. dst: the result's register, + FP_GENERAL if it is a general one; a, b, c: the operands', or
 * -1. */
enum { FP_GENERAL = 32 };
void fp_go_cold(struct emit *e, int cc, uint32_t i, int dst, int a, int b, int c);
/* Cold if d, the result, or any lane of it is not a number. Where results are flushed, the host looks for tiny ones
 * after rounding, the guest before, so that one of the least normal magnitude may have to be 0: cold too. */
void fp_check(struct emit *e, uint32_t i, bool dbl, int d, int a, int b, int c);
void fp_check_kept(struct emit *e, uint32_t i, bool dbl, int d, int a);

/* emit_half.c: what of half precision the host can do. Returns false, and nothing is done, for all else. */
bool emit_half_op(struct emit *e, uint32_t i);
/* emit_bfloat.c: BFloat16 on hosts with AVX; false as above. */
bool emit_bfloat_op(struct emit *e, uint32_t i);
/* emit_fpvec.c: operations on vectors. Returns false for others. */
bool emit_fpvec_op(struct emit *e, uint32_t i);

#endif
