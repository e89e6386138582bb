/*
 * Logical operations (immediate and shifted register) and wide moves (Arm ARM C3.4.2, C3.4.4,
 * C3.5.3; bitmask immediates: DecodeBitMasks in J1.1).
 */
#include "lower.h"

/* n:NOT(imms) says the element size, imms the run of ones in it, immr its rotation to the right. */
bool a64_bitmask_imm(bool sf, unsigned n, unsigned imms, unsigned immr, uint64_t *v)
{
    unsigned sizes = n << 6 | (~imms & 63);
    if (sizes < 2 || (!sf && n))
        return false;
    unsigned esize = 1u << (31 - __builtin_clz(sizes));
    unsigned ones = (imms & (esize - 1)) + 1, rot = immr & (esize - 1);
    if (ones == esize)
        return false;
    uint64_t all = esize == 64 ? ~0ull : (1ull << esize) - 1;
    uint64_t e = (1ull << ones) - 1;
    if (rot)
        e = (e >> rot | e << (esize - rot)) & all;
    for (; esize < 64; esize *= 2)
        e |= e << esize;
    *v = sf ? e : (uint32_t)e;
    return true;
}

/* ---------------------------------------------------------------- immediate */

static bool logical_imm(struct tr *t, const struct arg_AND_imm *a, enum ir_op op, bool flags)
{
    uint64_t imm;
    if (!a64_bitmask_imm(a->sf, a->n, a->imms, a->immr, &imm))
        return false;
    ir_ref v = imm_r(t, a->sf, imm);
    if (op == IR_and || a->rn != 31)
        v = ir2(t->r, op, type_of(a->sf), get_r(t, a->sf, a->rn), v);
    if (flags) {
        set_nzcv(t, ir1(t->r, IR_fllog, IR_FLG, v));
        set_r(t, a->sf, a->rd, v);
    } else {
        if (a->rd == 31 && !(op == IR_and && !(imm & 15)))
            check_new_sp(t, a->sf ? v : ir1i(t->r, IR_zext, IR_I64, v, 32));
        set_rsp(t, a->sf, a->rd, v);
    }
    return true;
}

bool lower_AND_imm(struct tr *t, const struct arg_AND_imm *a)
{
    return logical_imm(t, a, IR_and, false);
}

bool lower_ORR_imm(struct tr *t, const struct arg_ORR_imm *a)
{
    return logical_imm(t, a, IR_or, false);
}

bool lower_EOR_imm(struct tr *t, const struct arg_EOR_imm *a)
{
    return logical_imm(t, a, IR_xor, false);
}

bool lower_ANDS_imm(struct tr *t, const struct arg_ANDS_imm *a)
{
    return logical_imm(t, a, IR_and, true);
}

/* --------------------------------------------------------- shifted register */

/* invert: the second operand is complemented. */
static bool logical_reg(struct tr *t, const struct arg_AND_reg *a, enum ir_op op, bool invert,
                        bool flags)
{
    enum ir_type type = type_of(a->sf);
    if (!a->sf && a->imm > 31)
        return false;
    ir_ref v = get_shifted(t, a->sf, a->rm, a->shift, a->imm);
    if (op != IR_and && a->rn == 31)
        v = invert ? ir1(t->r, IR_not, type, v) : v;
    else if (op == IR_and && invert)
        v = ir2(t->r, IR_andn, type, get_r(t, a->sf, a->rn), v);
    else
        v = ir2(t->r, op, type, get_r(t, a->sf, a->rn), invert ? ir1(t->r, IR_not, type, v) : v);
    if (flags)
        set_nzcv(t, ir1(t->r, IR_fllog, IR_FLG, v));
    set_r(t, a->sf, a->rd, v);
    return true;
}

bool lower_AND_reg(struct tr *t, const struct arg_AND_reg *a)
{
    return logical_reg(t, a, IR_and, false, false);
}

bool lower_BIC_reg(struct tr *t, const struct arg_BIC_reg *a)
{
    return logical_reg(t, a, IR_and, true, false);
}

bool lower_ORR_reg(struct tr *t, const struct arg_ORR_reg *a)
{
    return logical_reg(t, a, IR_or, false, false);
}

bool lower_ORN_reg(struct tr *t, const struct arg_ORN_reg *a)
{
    return logical_reg(t, a, IR_or, true, false);
}

bool lower_EOR_reg(struct tr *t, const struct arg_EOR_reg *a)
{
    return logical_reg(t, a, IR_xor, false, false);
}

bool lower_EON_reg(struct tr *t, const struct arg_EON_reg *a)
{
    return logical_reg(t, a, IR_xor, true, false);
}

bool lower_ANDS_reg(struct tr *t, const struct arg_ANDS_reg *a)
{
    return logical_reg(t, a, IR_and, false, true);
}

bool lower_BICS_reg(struct tr *t, const struct arg_BICS_reg *a)
{
    return logical_reg(t, a, IR_and, true, true);
}

/* --------------------------------------------------------------- wide moves */

static bool move_wide(struct tr *t, const struct arg_MOVZ *a, bool invert)
{
    if (!a->sf && a->hw > 1)
        return false;
    uint64_t v = (uint64_t)a->imm << (16 * a->hw);
    if (invert)
        v = ~v;
    set_x(t, a->rd, imm_x(t, a->sf ? v : (uint32_t)v));
    return true;
}

bool lower_MOVN(struct tr *t, const struct arg_MOVN *a)
{
    return move_wide(t, a, true);
}

bool lower_MOVZ(struct tr *t, const struct arg_MOVZ *a)
{
    return move_wide(t, a, false);
}

bool lower_MOVK(struct tr *t, const struct arg_MOVK *a)
{
    if (!a->sf && a->hw > 1)
        return false;
    set_r(t, a->sf, a->rd,
          ir2i(t->r, IR_bfi, type_of(a->sf), get_r(t, a->sf, a->rd), imm_r(t, a->sf, a->imm),
               16 * a->hw | 16 << 8));
    return true;
}
