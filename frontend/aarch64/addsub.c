/*
 * Addition and subtraction: immediate, shifted and extended register, with carry; conditional
 * compare; flag manipulation (Arm ARM C3.4.1, C3.4.2, C3.5.1, C3.5.2, C6.2).
 *
 * Always: C is the carry of an addition and "no borrow" of a subtraction, and the IR's flag
 * operations have that meaning, so a subtraction is never written as an addition of the complement.
 */
#include "lower.h"

/* rd := a op b; with flags rd 31 is the zero register, else (sp) it is the stack pointer. steps16: a is the stack
 * pointer too, b a multiple of 16. */
static bool addsub(struct tr *t, bool sf, bool sub, bool flags, bool sp, unsigned rd, ir_ref a,
                   ir_ref b, bool steps16)
{
    ir_ref v = 0;
    if (!flags || rd != 31)
        v = ir2(t->r, sub ? IR_sub : IR_add, type_of(sf), a, b);
    if (flags)
        set_nzcv(t, ir2(t->r, sub ? IR_flsub : IR_fladd, IR_FLG, a, b));
    if (sp && rd == 31 && !(sf && steps16))
        check_new_sp(t, sf ? v : ir1i(t->r, IR_zext, IR_I64, v, 32));
    if (sp)
        set_rsp(t, sf, rd, v);
    else if (rd != 31)
        set_r(t, sf, rd, v);
    return true;
}

/* ---------------------------------------------------------------- immediate */

static bool addsub_imm(struct tr *t, const struct arg_ADD_imm *a, bool sub, bool flags)
{
    return addsub(t, a->sf, sub, flags, !flags, a->rd, get_rsp(t, a->sf, a->rn),
                  imm_r(t, a->sf, a->imm << (a->sh ? 12 : 0)), a->rn == 31 && (a->sh || !(a->imm & 15)));
}

bool lower_ADD_imm(struct tr *t, const struct arg_ADD_imm *a)
{
    return addsub_imm(t, a, false, false);
}

bool lower_ADDS_imm(struct tr *t, const struct arg_ADDS_imm *a)
{
    return addsub_imm(t, a, false, true);
}

bool lower_SUB_imm(struct tr *t, const struct arg_SUB_imm *a)
{
    return addsub_imm(t, a, true, false);
}

bool lower_SUBS_imm(struct tr *t, const struct arg_SUBS_imm *a)
{
    return addsub_imm(t, a, true, true);
}

/* --------------------------------------------------------- shifted register */

static bool addsub_reg(struct tr *t, const struct arg_ADD_reg *a, bool sub, bool flags)
{
    if (a->shift == 3 || (!a->sf && a->imm > 31))
        return false;
    return addsub(t, a->sf, sub, flags, false, a->rd, get_r(t, a->sf, a->rn),
                  get_shifted(t, a->sf, a->rm, a->shift, a->imm), false);
}

bool lower_ADD_reg(struct tr *t, const struct arg_ADD_reg *a)
{
    return addsub_reg(t, a, false, false);
}

bool lower_ADDS_reg(struct tr *t, const struct arg_ADDS_reg *a)
{
    return addsub_reg(t, a, false, true);
}

bool lower_SUB_reg(struct tr *t, const struct arg_SUB_reg *a)
{
    return addsub_reg(t, a, true, false);
}

bool lower_SUBS_reg(struct tr *t, const struct arg_SUBS_reg *a)
{
    return addsub_reg(t, a, true, true);
}

/* -------------------------------------------------------- extended register */

/* Register rm widened as option says (UXTB UXTH UXTW UXTX SXTB SXTH SXTW SXTX), then shifted. */
static ir_ref get_extended(struct tr *t, bool sf, unsigned rm, unsigned option, unsigned shift)
{
    unsigned bits = 8u << (option & 3);
    enum ir_type type = type_of(sf);
    ir_ref v = get_r(t, sf, rm);
    if (bits < (sf ? 64u : 32u))
        v = ir1i(t->r, option & 4 ? IR_sext : IR_zext, type, v, bits);
    return shift ? ir2(t->r, IR_shl, type, v, imm_w(t, shift)) : v;
}

static bool addsub_ext(struct tr *t, const struct arg_ADD_ext *a, bool sub, bool flags)
{
    if (a->imm > 4)
        return false;
    return addsub(t, a->sf, sub, flags, !flags, a->rd, get_rsp(t, a->sf, a->rn),
                  get_extended(t, a->sf, a->rm, a->option, a->imm), false);
}

bool lower_ADD_ext(struct tr *t, const struct arg_ADD_ext *a)
{
    return addsub_ext(t, a, false, false);
}

bool lower_ADDS_ext(struct tr *t, const struct arg_ADDS_ext *a)
{
    return addsub_ext(t, a, false, true);
}

bool lower_SUB_ext(struct tr *t, const struct arg_SUB_ext *a)
{
    return addsub_ext(t, a, true, false);
}

bool lower_SUBS_ext(struct tr *t, const struct arg_SUBS_ext *a)
{
    return addsub_ext(t, a, true, true);
}

/* --------------------------------------------------------------- with carry */

static bool addsub_carry(struct tr *t, const struct arg_ADC *a, bool sub, bool flags)
{
    ir_ref x = get_r(t, a->sf, a->rn), y = get_r(t, a->sf, a->rm), c = get_carry(t);
    ir_ref v = ir3(t->r, sub ? IR_sbc : IR_adc, type_of(a->sf), x, y, c);
    if (flags)
        set_nzcv(t, ir3(t->r, sub ? IR_flsbc : IR_fladc, IR_FLG, x, y, c));
    set_r(t, a->sf, a->rd, v);
    return true;
}

bool lower_ADC(struct tr *t, const struct arg_ADC *a)
{
    return addsub_carry(t, a, false, false);
}

bool lower_ADCS(struct tr *t, const struct arg_ADCS *a)
{
    return addsub_carry(t, a, false, true);
}

bool lower_SBC(struct tr *t, const struct arg_SBC *a)
{
    return addsub_carry(t, a, true, false);
}

bool lower_SBCS(struct tr *t, const struct arg_SBCS *a)
{
    return addsub_carry(t, a, true, true);
}

/* ------------------------------------------------------ conditional compare */

static bool compare_if(struct tr *t, unsigned cond, unsigned nzcv, bool sub, ir_ref x, ir_ref y)
{
    ir_ref flags = ir2(t->r, sub ? IR_flsub : IR_fladd, IR_FLG, x, y);
    if (cond < 14)
        flags = ir3(t->r, IR_flsel, IR_FLG, cond_holds(t, cond), flags,
                    ir1(t->r, IR_flpack, IR_FLG, imm_w(t, nzcv << 28)));
    set_nzcv(t, flags);
    return true;
}

bool lower_CCMN_reg(struct tr *t, const struct arg_CCMN_reg *a)
{
    return compare_if(t, a->cond, a->nzcv, false, get_r(t, a->sf, a->rn), get_r(t, a->sf, a->rm));
}

bool lower_CCMP_reg(struct tr *t, const struct arg_CCMP_reg *a)
{
    return compare_if(t, a->cond, a->nzcv, true, get_r(t, a->sf, a->rn), get_r(t, a->sf, a->rm));
}

bool lower_CCMN_imm(struct tr *t, const struct arg_CCMN_imm *a)
{
    return compare_if(t, a->cond, a->nzcv, false, get_r(t, a->sf, a->rn), imm_r(t, a->sf, a->imm));
}

bool lower_CCMP_imm(struct tr *t, const struct arg_CCMP_imm *a)
{
    return compare_if(t, a->cond, a->nzcv, true, get_r(t, a->sf, a->rn), imm_r(t, a->sf, a->imm));
}

/* -------------------------------------------------------- flag manipulation */

enum { BIT_N = 31, BIT_Z = 30, BIT_C = 29, BIT_V = 28 };

static ir_ref nzcv_bits(struct tr *t)
{
    return ir1(t->r, IR_flget, IR_I32, get_nzcv(t));
}
/* Bit `from` of v moved to bit `to`, other bits 0. */
static ir_ref move_bit(struct tr *t, ir_ref v, unsigned from, unsigned to)
{
    v = ir1i(t->r, IR_ubfx, IR_I32, v, from | 1 << 8);
    return ir2(t->r, IR_shl, IR_I32, v, imm_w(t, to));
}
static ir_ref and_w(struct tr *t, ir_ref a, ir_ref b) { return ir2(t->r, IR_and, IR_I32, a, b); }
static ir_ref or_w(struct tr *t, ir_ref a, ir_ref b) { return ir2(t->r, IR_or, IR_I32, a, b); }

bool lower_CFINV(struct tr *t, const struct arg_CFINV *a)
{
    set_nzcv_bits(t, ir2(t->r, IR_xor, IR_I32, nzcv_bits(t), imm_w(t, 1u << BIT_C)));
    return true;
}

bool lower_RMIF(struct tr *t, const struct arg_RMIF *a)
{
    ir_ref v = get_x(t, a->rn);
    if (a->imm)
        v = ir2(t->r, IR_ror, IR_I64, v, imm_w(t, a->imm));
    v = ir1(t->r, IR_trunc, IR_I32, v);
    v = and_w(t, ir2(t->r, IR_shl, IR_I32, v, imm_w(t, 28)), imm_w(t, a->mask << 28));
    set_nzcv_bits(t, or_w(t, and_w(t, nzcv_bits(t), imm_w(t, ~a->mask << 28)), v));
    return true;
}

/* N and Z of the low `bits` bits, V: the bit above differs from the top one; C stays. */
static bool set_flags_of(struct tr *t, unsigned rn, unsigned bits)
{
    struct ir_region *r = t->r;
    ir_ref v = get_w(t, rn);
    ir_ref zero = ir_icmp(r, IR_EQ, ir1i(r, IR_zext, IR_I32, v, bits), imm_w(t, 0));
    ir_ref over = ir2(r, IR_xor, IR_I32, v, ir2(r, IR_shr, IR_I32, v, imm_w(t, 1)));
    ir_ref f = or_w(t, move_bit(t, v, bits - 1, BIT_N),
                    ir2(r, IR_shl, IR_I32, zero, imm_w(t, BIT_Z)));
    f = or_w(t, f, move_bit(t, over, bits - 1, BIT_V));
    set_nzcv_bits(t, or_w(t, f, and_w(t, nzcv_bits(t), imm_w(t, 1u << BIT_C))));
    return true;
}

bool lower_SETF8(struct tr *t, const struct arg_SETF8 *a)
{
    return set_flags_of(t, a->rn, 8);
}

bool lower_SETF16(struct tr *t, const struct arg_SETF16 *a)
{
    return set_flags_of(t, a->rn, 16);
}

/* From the alternative form of floating-point flags: N = !C & !Z, Z = Z & C, C = C | Z, V = !C & Z. */
bool lower_XAFLAG(struct tr *t, const struct arg_XAFLAG *a)
{
    struct ir_region *r = t->r;
    ir_ref f = nzcv_bits(t);
    ir_ref c = ir1i(r, IR_ubfx, IR_I32, f, BIT_C | 1 << 8);
    ir_ref z = ir1i(r, IR_ubfx, IR_I32, f, BIT_Z | 1 << 8);
    ir_ref c_or_z = or_w(t, c, z);
    ir_ref n = ir2(r, IR_xor, IR_I32, c_or_z, imm_w(t, 1));
    ir_ref out = ir2(r, IR_shl, IR_I32, n, imm_w(t, BIT_N));
    out = or_w(t, out, ir2(r, IR_shl, IR_I32, and_w(t, z, c), imm_w(t, BIT_Z)));
    out = or_w(t, out, ir2(r, IR_shl, IR_I32, c_or_z, imm_w(t, BIT_C)));
    out = or_w(t, out, ir2(r, IR_shl, IR_I32, ir2(r, IR_andn, IR_I32, z, c), imm_w(t, BIT_V)));
    set_nzcv_bits(t, out);
    return true;
}

/* To the alternative form: N = 0, Z = Z | V, C = C & !V, V = 0. */
bool lower_AXFLAG(struct tr *t, const struct arg_AXFLAG *a)
{
    struct ir_region *r = t->r;
    ir_ref f = nzcv_bits(t);
    ir_ref v = ir1i(r, IR_ubfx, IR_I32, f, BIT_V | 1 << 8);
    ir_ref z = or_w(t, ir1i(r, IR_ubfx, IR_I32, f, BIT_Z | 1 << 8), v);
    ir_ref c = ir2(r, IR_andn, IR_I32, ir1i(r, IR_ubfx, IR_I32, f, BIT_C | 1 << 8), v);
    set_nzcv_bits(t, or_w(t, ir2(r, IR_shl, IR_I32, z, imm_w(t, BIT_Z)),
                          ir2(r, IR_shl, IR_I32, c, imm_w(t, BIT_C))));
    return true;
}
