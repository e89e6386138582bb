/*
 * Bitfield moves and extraction (Arm ARM C3.4.5, C3.4.6), which are also the immediate shifts and
 * the plain extensions: UBFM is LSL LSR UBFX UBFIZ UXTB UXTH, SBFM is ASR SBFX SBFIZ SXTB SXTH SXTW.
 *
 * With imms >= immr the field [imms:immr] goes to the bottom; else the low imms + 1 bits go to
 * position width - immr.
 */
#include "lower.h"

/* Encodings with n other than sf, or with numbers above 31 in the 32-bit form, are unallocated. */
static bool is_allocated(bool sf, unsigned n, unsigned a, unsigned b)
{
    return n == sf && (sf || (a < 32 && b < 32));
}

/* Bits [lsb, lsb + width) of v at the bottom, extended. */
static ir_ref extract_field(struct tr *t, bool sf, bool sign, ir_ref v, unsigned lsb, unsigned width)
{
    enum ir_type type = type_of(sf);
    unsigned bits = sf ? 64 : 32;
    if (width == bits)
        return v;
    if (lsb + width == bits)
        return ir2(t->r, sign ? IR_sar : IR_shr, type, v, imm_w(t, lsb));
    if (!lsb && (width == 8 || width == 16 || width == 32))
        return ir1i(t->r, sign ? IR_sext : IR_zext, type, v, width);
    return ir1i(t->r, sign ? IR_sbfx : IR_ubfx, type, v, lsb | width << 8);
}

static bool move_field(struct tr *t, const struct arg_UBFM *a, bool sign)
{
    unsigned bits = a->sf ? 64 : 32;
    if (!is_allocated(a->sf, a->n, a->immr, a->imms))
        return false;
    ir_ref v = get_r(t, a->sf, a->rn);
    if (a->imms >= a->immr) {
        v = extract_field(t, a->sf, sign, v, a->immr, a->imms - a->immr + 1);
    } else {
        unsigned lsb = bits - a->immr, width = a->imms + 1;
        if (lsb + width < bits)
            v = extract_field(t, a->sf, sign, v, 0, width);
        v = ir2(t->r, IR_shl, type_of(a->sf), v, imm_w(t, lsb));
    }
    set_r(t, a->sf, a->rd, v);
    return true;
}

bool lower_SBFM(struct tr *t, const struct arg_SBFM *a)
{
    return move_field(t, a, true);
}

bool lower_UBFM(struct tr *t, const struct arg_UBFM *a)
{
    return move_field(t, a, false);
}

bool lower_BFM(struct tr *t, const struct arg_BFM *a)
{
    unsigned bits = a->sf ? 64 : 32, lsb = 0, width = a->imms + 1;
    if (!is_allocated(a->sf, a->n, a->immr, a->imms))
        return false;
    ir_ref v = get_r(t, a->sf, a->rn);
    if (a->imms < a->immr) {
        lsb = bits - a->immr;
    } else {
        width -= a->immr;
        if (a->immr)
            v = ir2(t->r, IR_shr, type_of(a->sf), v, imm_w(t, a->immr));
    }
    if (width < bits)
        v = ir2i(t->r, IR_bfi, type_of(a->sf), get_r(t, a->sf, a->rd), v, lsb | width << 8);
    set_r(t, a->sf, a->rd, v);
    return true;
}

bool lower_EXTR(struct tr *t, const struct arg_EXTR *a)
{
    if (!is_allocated(a->sf, a->n, a->imms, 0))
        return false;
    ir_ref low = get_r(t, a->sf, a->rm);
    if (a->imms && a->rn == a->rm)
        low = ir2(t->r, IR_ror, type_of(a->sf), low, imm_w(t, a->imms));
    else if (a->imms)
        low = ir2i(t->r, IR_extr, type_of(a->sf), get_r(t, a->sf, a->rn), low, a->imms);
    set_r(t, a->sf, a->rd, low);
    return true;
}
