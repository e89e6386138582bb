/*
 * Code for floating point on vectors. The scheme is that of emit_fp.c: the host's instruction into
 * a register that is no operand, a check of all lanes, the cold path for the whole vector.
 */
#include "emit_fp.h"

static void vector_binary(struct emit *e, uint32_t i, unsigned op)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = (p->aux & 7) == IR_LD;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if ((p->aux & 7) == IR_LH || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, -1);
        return;
    }
    emit_x3(e, op | ps(dbl), d, a, b);
    fp_check(e, i, dbl, d, a, b, -1);
}

static void vector_minmax(struct emit *e, uint32_t i, unsigned op, bool max)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = (p->aux & 7) == IR_LD;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    flags_clobber(e);
    if ((p->aux & 7) == IR_LH || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, -1);
        return;
    }
    int t = rx_temp(e);
    emit_x3i(e, OP_CMPP | ps(dbl), d, a, b, CMP_UNORD);
    emit_x2(e, OP_PTEST, d, d);
    uint8_t *over = jump_over(e, CC_NE);
    emit_x3(e, op | ps(dbl), d, a, b);
    emit_x3(e, op | ps(dbl), t, b, a);
    emit_x3(e, max ? OP_ANDPS : OP_ORPS, d, d, t);
    bind_over(e, over);
    fp_go_cold(e, CC_NE, i, d, a, b, -1);
}

static void vector_fused(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = (p->aux & 7) == IR_LD;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    if (!e->hf->fma || (p->aux & 7) == IR_LH || e->exact_fp) {
        fp_go_cold(e, -1, i, d, a, b, c);
        return;
    }
    emit_x2(e, OP_MOVAPS, d, a);
    v_rrr(&e->cb, fma_op(p->imm, true), dbl, d, b, c);
    fp_check(e, i, dbl, d, a, b, c);
}

static void vector_compare(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    bool dbl = (p->aux & 7) == IR_LD;
    unsigned cc = p->aux >> 8 & 15;
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), d = rx_def_clear(e, i);
    if ((p->aux & 7) == IR_LH || e->exact_fp) {
        flags_clobber(e);
        fp_go_cold(e, -1, i, d, a, b, -1);
        return;
    }
    if (cc == IR_EQ)
        emit_x3i(e, OP_CMPP | ps(dbl), d, a, b, CMP_EQ);
    else
        emit_x3i(e, OP_CMPP | ps(dbl), d, b, a, cc == IR_GE ? CMP_LE : CMP_LT);
}

static void vector_unary(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    unsigned lane = p->aux & 7, mode = p->aux >> 8 & 15;
    bool dbl = lane == IR_LD;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i);
    flags_clobber(e);
    bool exact = lane == IR_LH || (e->exact_fp && p->op != IR_ivcvtf) ||
                 (p->op == IR_fvnarrow && lane == IR_LS) ||
                 (p->op == IR_fvrint && mode == IR_RN_TIES_AWAY) ||
                 (p->op == IR_fvcvti && (dbl || p->imm || mode == IR_RN_DYN)) ||
                 (p->op == IR_ivcvtf && ((p->imm & 0x80) || dbl));
    if (exact) {
        fp_go_cold(e, -1, i, d, a, -1, -1);
        return;
    }
    switch (p->op) {
    case IR_fvsqrt:
        emit_x2(e, OP_SQRTP | ps(dbl), d, a);
        fp_check(e, i, dbl, d, a, -1, -1);
        break;
    case IR_fvrint:
        if (p->imm >> 8) { /* as round_scalar: the least of the magnitudes' bounds */
            uint64_t m = dbl ? ~0ull >> 1 : 0x7fffffff7fffffff,
                     k = power(dbl, (int)(p->imm >> 8) - 1);
            int t = rx_temp(e), u = rx_temp(e);
            k = dbl ? k : k | k << 32;
            emit_x2i(e, OP_ROUNDPS + dbl, d, a, round_imm(mode) | ROUND_QUIET);
            if (!e->hf->avx)
                emit_x2(e, OP_MOVAPS, t, d);
            emit_const_op(e, OP_ANDPS, t, e->hf->avx ? d : t, m, m);
            emit_const_op(e, OP_MOVAPS, u, 0, k, k);
            emit_x3i(e, OP_CMPP | ps(dbl), t, t, u, CMP_NLT);
            emit_x2(e, OP_PTEST, t, t);
            uint8_t *over = jump_over(e, CC_NE);
            emit_x2i(e, OP_ROUNDPS + dbl, d, a, round_imm(mode));
            bind_over(e, over);
            fp_go_cold(e, CC_NE, i, d, a, -1, -1);
            break;
        }
        emit_x2i(e, OP_ROUNDPS + dbl, d, a, round_imm(mode) | (p->imm ? 0 : ROUND_QUIET));
        fp_check_kept(e, i, dbl, d, a);
        break;
    case IR_fvwiden:
        emit_x2(e, OP_CVTF, d, a);
        fp_check_kept(e, i, true, d, a);
        break;
    case IR_fvnarrow:
        emit_x2(e, OP_CVTF | P66, d, a);
        fp_check_kept(e, i, false, d, a);
        break;
    case IR_ivcvtf:
        emit_x2(e, OP_CVTDQ2PS, d, a);
        if (p->imm) {
            uint64_t k = power(false, -(int)(p->imm & 127));
            emit_const_op(e, OP_MULP, d, d, k | k << 32, k | k << 32);
        }
        break;
    case IR_fvcvti: { /* 0x80000000: perhaps out of range */
        int x = a;
        if (mode == IR_RN_TIES_AWAY) {
            x = rx_temp(e);
            ties_away(e, false, false, x, rx_temp(e), a);
        } else if (mode != IR_RN_ZERO) {
            x = d;
            emit_x2i(e, OP_ROUNDPS, d, a, round_imm(mode) | ROUND_QUIET);
        }
        emit_x2(e, OP_CVTTPS2DQ, d, x);
        int t = mode == IR_RN_TIES_AWAY ? x : rx_temp(e);
        if (mode != IR_RN_ZERO)
            emit_x2(e, OP_CVTTPS2DQ, t, a); /* for the inexact flag */
        if (!e->hf->avx)
            emit_x2(e, OP_MOVAPS, t, d);
        emit_const_op(e, OP_PCMPEQD, t, e->hf->avx ? d : t, 0x8000000080000000, 0x8000000080000000);
        emit_x2(e, OP_PTEST, t, t);
        fp_go_cold(e, CC_NE, i, d, a, -1, -1);
        break;
    }
    }
}

/* Of mixed formats: in C. */
static void half_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = p->arg[1] ? rx_use(e, p->arg[1]) : -1;
    int c = p->arg[2] ? rx_use(e, p->arg[2]) : -1, d = rx_def_clear(e, i);
    flags_clobber(e);
    fp_go_cold(e, -1, i, d, a, b, c);
}

bool emit_fpvec_op(struct emit *e, uint32_t i)
{
    switch (emit_inst(e, i)->op) {
    case IR_fvadd: vector_binary(e, i, OP_ADDP); return true;
    case IR_fvsub: vector_binary(e, i, OP_SUBP); return true;
    case IR_fvmul: vector_binary(e, i, OP_MULP); return true;
    case IR_fvdiv: vector_binary(e, i, OP_DIVP); return true;
    case IR_fvfma: vector_fused(e, i); return true;
    case IR_fvfmaw: case IR_fvbfcvt: case IR_fvbfdot: half_op(e, i); return true;
    case IR_fvmin: vector_minmax(e, i, OP_MINP, false); return true;
    case IR_fvmax: vector_minmax(e, i, OP_MAXP, true); return true;
    case IR_fvcmp: vector_compare(e, i); return true;
    case IR_fvsqrt:
    case IR_fvcvti:
    case IR_ivcvtf:
    case IR_fvrint:
    case IR_fvwiden:
    case IR_fvnarrow: vector_unary(e, i); return true;
    }
    return false;
}
