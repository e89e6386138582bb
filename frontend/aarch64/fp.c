/*
 * Scalar floating point: arithmetic, comparison, selection, conversion between formats and to and
 * from integers, moves between register files; FPCR and FPSR (Arm ARM C4.1, "Data Processing --
 * Scalar Floating-Point"; C5.2.8 FPCR, C5.2.9 FPSR).
 *
 * A scalar result clears the rest of its register. Rounding, NaNs and cumulative flags are the IR's
 * business: FPENV operations follow FPCR as it is mirrored in cpu->guest_mxcsr and cpu->fp_mode.
 * Cumulative flags live in guest_mxcsr's low bits or in the fpsr slot, QC in a vector; FPSR is the union.
 * Trapped exceptions are not supported: FPCR's enable bits read as zero.
 */
#include "simd.h"

static enum ir_type fp_type(bool d) { return d ? IR_F64 : IR_F32; }

static ir_ref get_f(struct tr *t, bool d, unsigned n)
{
    return ir1(t->r, IR_vlow, fp_type(d), get_v(t, n));
}
static bool set_f(struct tr *t, unsigned n, ir_ref v)
{
    ir_set(t->r, A64_V(n), ir1(t->r, IR_vzx, IR_V128, v));
    return true;
}

/* -------------------------------------------------------------- arithmetic */

static ir_ref neg(struct tr *t, bool d, ir_ref v) { return ir1(t->r, IR_fneg, fp_type(d), v); }

static ir_ref binary(struct tr *t, const struct arg_FADD_f *a, enum ir_op op, int64_t imm)
{
    return ir2i(t->r, op, fp_type(a->d), get_f(t, a->d, a->rn), get_f(t, a->d, a->rm), imm);
}
static bool fp2(struct tr *t, const struct arg_FADD_f *a, enum ir_op op, int64_t imm)
{
    return set_f(t, a->rd, binary(t, a, op, imm));
}
static bool fp1(struct tr *t, const struct arg_FABS_f *a, enum ir_op op)
{
    return set_f(t, a->rd, ir1(t->r, op, fp_type(a->d), get_f(t, a->d, a->rn)));
}
/* negate: bit 0 the product, bit 1 the addend. */
static bool fused(struct tr *t, const struct arg_FMADD_f *a, int64_t negate)
{
    return set_f(t, a->rd,
                 ir_emit(t->r, IR_fma, fp_type(a->d), get_f(t, a->d, a->rn), get_f(t, a->d, a->rm),
                         get_f(t, a->d, a->ra), 0, 0, negate));
}
static bool round_to_integral(struct tr *t, const struct arg_FABS_f *a, enum ir_round mode,
                              bool exact)
{
    return set_f(
        t, a->rd,
        ir_emit(t->r, IR_frint, fp_type(a->d), get_f(t, a->d, a->rn), 0, 0, 0, mode, exact));
}

ROW(FADD_f,   fp2(t, a, IR_fadd, 0))
ROW(FSUB_f,   fp2(t, a, IR_fsub, 0))
ROW(FMUL_f,   fp2(t, a, IR_fmul, 0))
ROW(FDIV_f,   fp2(t, a, IR_fdiv, 0))
ROW(FMAX_f,   fp2(t, a, IR_fmax, 0))
ROW(FMIN_f,   fp2(t, a, IR_fmin, 0))
ROW(FMAXNM_f, fp2(t, a, IR_fmax, 1))
ROW(FMINNM_f, fp2(t, a, IR_fmin, 1))
ROW(FNMUL_f,  set_f(t, a->rd, neg(t, a->d, binary(t, a, IR_fmul, 0))))
ROW(FABS_f,   fp1(t, a, IR_fabs))
ROW(FNEG_f,   fp1(t, a, IR_fneg))
ROW(FSQRT_f,  fp1(t, a, IR_fsqrt))
ROW(FMADD_f,  fused(t, a, 0))
ROW(FMSUB_f,  fused(t, a, 1))
ROW(FNMADD_f, fused(t, a, 3))
ROW(FNMSUB_f, fused(t, a, 2))
/* To the range of signed integers of so many bits, in mode ZERO or (x) FPCR's. */
static bool round_within(struct tr *t, const struct arg_FABS_f *a, bool x, unsigned bits)
{
    return set_f(t, a->rd,
                 ir_emit(t->r, IR_frint, fp_type(a->d), get_f(t, a->d, a->rn), 0, 0, 0,
                         x ? IR_RN_DYN : IR_RN_ZERO, bits << 8 | 1));
}

ROW(FRINTN_f, round_to_integral(t, a, IR_RN_TIES_EVEN, false))
ROW(FRINTP_f, round_to_integral(t, a, IR_RN_UP, false))
ROW(FRINTM_f, round_to_integral(t, a, IR_RN_DOWN, false))
ROW(FRINTZ_f, round_to_integral(t, a, IR_RN_ZERO, false))
ROW(FRINTA_f, round_to_integral(t, a, IR_RN_TIES_AWAY, false))
ROW(FRINTX_f, round_to_integral(t, a, IR_RN_DYN, true))
ROW(FRINTI_f, round_to_integral(t, a, IR_RN_DYN, false))
ROW(FRINT32Z_f, round_within(t, a, false, 32))
ROW(FRINT32X_f, round_within(t, a, true, 32))
ROW(FRINT64Z_f, round_within(t, a, false, 64))
ROW(FRINT64X_f, round_within(t, a, true, 64))

static bool convert(struct tr *t, const struct arg_FCVT_f *a)
{
    static const uint8_t type[4] = { IR_F32, IR_F64, IR_VOID, IR_F16 };
    if (a->from == a->to)
        return false;
    ir_ref v = ir1(t->r, IR_vlow, (enum ir_type)type[a->from], get_v(t, a->rn));
    return set_f(t, a->rd, ir1(t->r, IR_fcvt, (enum ir_type)type[a->to], v));
}
ROW(FCVT_f, convert(t, a))

/* ------------------------------------------------- comparison and selection */

static ir_ref compare(struct tr *t, bool d, unsigned rn, unsigned rm, bool signalling)
{
    return ir2i(t->r, IR_fcmp, IR_FLG, get_f(t, d, rn), get_f(t, d, rm), signalling);
}
static bool compare_zero(struct tr *t, bool d, unsigned rn, bool signalling)
{
    ir_ref zero = ir_const(t->r, fp_type(d), 0);
    set_nzcv(t, ir2i(t->r, IR_fcmp, IR_FLG, get_f(t, d, rn), zero, signalling));
    return true;
}
static bool compare_regs(struct tr *t, const struct arg_FCMP_f *a, bool signalling)
{
    set_nzcv(t, compare(t, a->d, a->rn, a->rm, signalling));
    return true;
}
/* The comparison is done even where the condition fails; its flags (invalid operation) must not be
 * raised then, so the operands are replaced by equal numbers. */
static bool compare_if(struct tr *t, const struct arg_FCCMP_f *a, bool signalling)
{
    if (a->cond >= 14) {
        set_nzcv(t, compare(t, a->d, a->rn, a->rm, signalling));
        return true;
    }
    enum ir_type type = fp_type(a->d);
    ir_ref c = cond_holds(t, a->cond), zero = ir_const(t->r, type, 0);
    ir_ref x = ir3(t->r, IR_select, type, c, get_f(t, a->d, a->rn), zero);
    ir_ref y = ir3(t->r, IR_select, type, c, get_f(t, a->d, a->rm), zero);
    ir_ref f = ir2i(t->r, IR_fcmp, IR_FLG, x, y, signalling);
    ir_ref other = ir1(t->r, IR_flpack, IR_FLG, imm_w(t, (uint32_t)a->nzcv << 28));
    set_nzcv(t, ir3(t->r, IR_flsel, IR_FLG, c, f, other));
    return true;
}
static bool choose(struct tr *t, const struct arg_FCSEL_f *a)
{
    ir_ref x = get_f(t, a->d, a->rn);
    if (a->cond < 14)
        x = ir3(t->r, IR_select, fp_type(a->d), cond_holds(t, a->cond), x, get_f(t, a->d, a->rm));
    return set_f(t, a->rd, x);
}

ROW(FCMP_f,   compare_regs(t, a, false))
ROW(FCMPE_f,  compare_regs(t, a, true))
ROW(FCMP_fz,  compare_zero(t, a->d, a->rn, false))
ROW(FCMPE_fz, compare_zero(t, a->d, a->rn, true))
ROW(FCCMP_f,  compare_if(t, a, false))
ROW(FCCMPE_f, compare_if(t, a, true))
ROW(FCSEL_f,  choose(t, a))

/* ------------------------------------------------------------ to and from integers */

enum { UNSIGNED = 0x80 };

static bool to_integer(struct tr *t, bool sf, bool d, unsigned rn, unsigned rd, enum ir_round mode,
                       int64_t imm)
{
    set_r(t, sf, rd, ir_emit(t->r, IR_fcvti, type_of(sf), get_f(t, d, rn), 0, 0, 0, mode, imm));
    return true;
}
static bool from_integer(struct tr *t, bool sf, bool d, unsigned rn, unsigned rd, int64_t imm)
{
    return set_f(t, rd, ir1i(t->r, IR_icvtf, fp_type(d), get_r(t, sf, rn), imm));
}
/* scale = 64 - fraction bits; at most 32 of them in a 32-bit register. */
static bool to_fixed(struct tr *t, const struct arg_FCVTZS_xi *a, int64_t sign)
{
    return (a->sf || a->scale >= 32) &&
           to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_ZERO, sign | (64 - a->scale));
}
static bool from_fixed(struct tr *t, const struct arg_FCVTZS_xi *a, int64_t sign)
{
    return (a->sf || a->scale >= 32) &&
           from_integer(t, a->sf, a->d, a->rn, a->rd, sign | (64 - a->scale));
}

/* Modulo 2^32. Z: the integer is the operand, which is not -0: their bits are compared, which no
 * result out of range, no fraction and no flushed operand passes. */
static bool to_javascript(struct tr *t, unsigned rn, unsigned rd)
{
    ir_ref x = get_f(t, true, rn);
    ir_ref n = ir_emit(t->r, IR_fcvti, IR_I32, x, 0, 0, 0, IR_RN_ZERO, 0x100);
    ir_ref back = ir1(t->r, IR_fbits, IR_I64, ir1i(t->r, IR_icvtf, IR_F64, n, 0));
    ir_ref z = ir_icmp(t->r, IR_EQ, back, ir1(t->r, IR_fbits, IR_I64, x));
    set_w(t, rd, n);
    set_nzcv_bits(t, ir2(t->r, IR_shl, IR_I32, z, imm_w(t, 30)));
    return true;
}

ROW(FJCVTZS_x, to_javascript(t, a->rn, a->rd))
ROW(FCVTNS_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_TIES_EVEN, 0))
ROW(FCVTNU_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_TIES_EVEN, UNSIGNED))
ROW(FCVTPS_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_UP, 0))
ROW(FCVTPU_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_UP, UNSIGNED))
ROW(FCVTMS_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_DOWN, 0))
ROW(FCVTMU_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_DOWN, UNSIGNED))
ROW(FCVTZS_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_ZERO, 0))
ROW(FCVTZU_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_ZERO, UNSIGNED))
ROW(FCVTAS_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_TIES_AWAY, 0))
ROW(FCVTAU_x,  to_integer(t, a->sf, a->d, a->rn, a->rd, IR_RN_TIES_AWAY, UNSIGNED))
ROW(SCVTF_x,   from_integer(t, a->sf, a->d, a->rn, a->rd, 0))
ROW(UCVTF_x,   from_integer(t, a->sf, a->d, a->rn, a->rd, UNSIGNED))
ROW(SCVTF_xi,  from_fixed(t, a, 0))
ROW(UCVTF_xi,  from_fixed(t, a, UNSIGNED))
ROW(FCVTZS_xi, to_fixed(t, a, 0))
ROW(FCVTZU_xi, to_fixed(t, a, UNSIGNED))

/* ------------------------------------------------------------------- moves */

static bool move_general(struct tr *t, bool sf, bool to_fp, unsigned rn, unsigned rd)
{
    if (to_fp)
        return set_f(t, rd, ir1(t->r, IR_bitsf, fp_type(sf), get_r(t, sf, rn)));
    set_r(t, sf, rd, ir1(t->r, IR_fbits, type_of(sf), get_f(t, sf, rn)));
    return true;
}
static bool move_high(struct tr *t, const struct arg_FMOV_xq *a)
{
    if (a->to)
        return set_v(t, a->rd, true, v2i(t, IR_vins, 3, get_v(t, a->rd), get_x(t, a->rn), 1));
    set_x(t, a->rd, ir_emit(t->r, IR_vget, IR_I64, get_v(t, a->rn), 0, 0, 0, 3, 1));
    return true;
}
ROW(FMOV_f,  set_f(t, a->rd, get_f(t, a->d, a->rn)))
ROW(FMOV_ws, move_general(t, false, a->to, a->rn, a->rd))
ROW(FMOV_xd, move_general(t, true, a->to, a->rn, a->rd))
ROW(FMOV_xq, move_high(t, a))

/* -------------------------------------------------------------- FPCR, FPSR */

enum {
    FPCR_AHP = 1 << 26, FPCR_DN = 1 << 25, FPCR_FZ = 1 << 24, FPCR_RMODE = 3 << 22,
    FPCR_FZ16 = 1 << 19,
    FPSR_QC = 1 << 27, FPSR_FLAGS = 0x9f,
    MXCSR_MASKS = 0x1f80, MXCSR_FLAGS = 0x3f, MXCSR_DAZ = 1 << 6, MXCSR_FTZ = 1 << 15,
};

uint32_t a64_get_fpcr(const struct cpu *cpu)
{
    return (uint32_t)*a64_reg((struct cpu *)cpu, A64_fpcr);
}

void a64_set_fpcr(struct cpu *cpu, uint32_t v)
{
    static const uint8_t host_round[4] = { 0, 2, 1, 3 }; /* RN RP RM RZ; the host: RN RM RP RZ */
    v &= FPCR_AHP | FPCR_DN | FPCR_FZ | FPCR_RMODE | FPCR_FZ16;
    *a64_reg(cpu, A64_fpcr) = v;
    cpu->fp_mode = (v & FPCR_DN ? IR_FP_DEFAULT_NAN : 0) | (v & FPCR_FZ ? IR_FP_FLUSH : 0) |
                   (v & FPCR_AHP ? IR_FP_AHP : 0) | (v & FPCR_FZ16 ? IR_FP_FLUSH_HALF : 0);
    cpu->guest_mxcsr = (cpu->guest_mxcsr & MXCSR_FLAGS) | MXCSR_MASKS |
                       (unsigned)host_round[v >> 22 & 3] << 13 |
                       (v & FPCR_FZ ? MXCSR_DAZ | MXCSR_FTZ : 0);
}

uint32_t a64_get_fpsr(const struct cpu *cpu)
{
    uint32_t m = cpu->guest_mxcsr; /* IE DE ZE OE UE PE -> IOC DZC OFC UFC IXC */
    const uint64_t *qc = a64_reg((struct cpu *)cpu, A64_qc);
    return (qc[0] | qc[1] ? FPSR_QC : 0) | (uint32_t)*a64_reg((struct cpu *)cpu, A64_fpsr) |
           (m & 1) | (m >> 1 & 0x1e) |
           (cpu->fp_flags & 64) << 1;
}

void a64_set_fpsr(struct cpu *cpu, uint32_t v)
{
    uint64_t *qc = a64_reg(cpu, A64_qc);
    qc[0] = v & FPSR_QC;
    qc[1] = 0;
    *a64_reg(cpu, A64_fpsr) = v & FPSR_FLAGS;
    cpu->guest_mxcsr &= ~(uint32_t)MXCSR_FLAGS;
    cpu->fp_flags = 0;
}
