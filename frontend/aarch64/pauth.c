/*
 * Pointer authentication (Arm ARM D8.10; AddPAC, Auth, Strip in J1.1).
 *
 * The algorithm is the model's own ("implementation defined", ID_AA64ISAR1_EL1.API = 1): two
 * multiplications inline, no helper. The shape is the architecture's for Linux user space: 48-bit
 * addresses, top byte ignored for data and instructions, so the code stands in bits 54:48, and bit
 * 55 chooses the extension. FPAC and EnhancedPAC are not there: an address that fails gets the error
 * code of its key in bits 54:53.
 *
 * Without the feature the instructions in hint space do nothing and the others are undefined.
 */
#include "lower.h"

enum { PAC_LSB = 48, PAC_BITS = 7, TOP = 55 };

/* 64 bits mixed of v, the modifier m and a key; the top bits are the best. */
static ir_ref mix(struct tr *t, enum a64_pac_key key, ir_ref v, ir_ref m)
{
    struct ir_region *r = t->r;
    unsigned row = A64_keyia_lo + 2 * (unsigned)key;
    v = ir2(r, IR_xor, IR_I64, v, ir_get(r, row));
    v = ir2(r, IR_mul, IR_I64, v, imm_x(t, 0x9e3779b97f4a7c15));
    v = ir2(r, IR_xor, IR_I64, v, ir2(r, IR_shr, IR_I64, v, imm_w(t, 32)));
    m = ir2(r, IR_add, IR_I64, m, ir_get(r, row + 1));
    v = ir2(r, IR_xor, IR_I64, v, m);
    return ir2(r, IR_mul, IR_I64, v, imm_x(t, 0xd6e8feb86659fd93));
}

/* The address without a code: bits 54:48 copies of bit 55. */
static ir_ref strip(struct tr *t, ir_ref p)
{
    ir_ref sign = ir1i(t->r, IR_sbfx, IR_I64, p, TOP | 1 << 8);
    return ir2i(t->r, IR_bfi, IR_I64, p, sign, PAC_LSB | PAC_BITS << 8);
}

/* The 7-bit code of a stripped address. The tag byte is part of it. */
static ir_ref code_of(struct tr *t, enum a64_pac_key key, ir_ref stripped, ir_ref m)
{
    return ir2(t->r, IR_shr, IR_I64, mix(t, key, stripped, m), imm_w(t, 64 - PAC_BITS));
}

/* Adds the code. If bits 55:48 of p were not all equal, the code comes out wrong in its top bit. */
static ir_ref add_code(struct tr *t, enum a64_pac_key key, ir_ref p, ir_ref m)
{
    struct ir_region *r = t->r;
    ir_ref code = code_of(t, key, strip(t, p), m);
    ir_ref ext = ir1i(r, IR_sbfx, IR_I64, p, PAC_LSB | (PAC_BITS + 1) << 8);
    ir_ref bad = ir_icmp(r, IR_HI, ir2(r, IR_add, IR_I64, ext, imm_x(t, 1)), imm_x(t, 1));
    bad = ir2(r, IR_shl, IR_I64, ir1i(r, IR_zext, IR_I64, bad, 32), imm_w(t, PAC_BITS - 1));
    return ir2i(r, IR_bfi, IR_I64, p, ir2(r, IR_xor, IR_I64, code, bad), PAC_LSB | PAC_BITS << 8);
}

ir_ref pauth_auth(struct tr *t, enum a64_pac_key key, ir_ref p, ir_ref m)
{
    struct ir_region *r = t->r;
    ir_ref good = strip(t, p);
    ir_ref error = imm_x(t, key == A64_KEY_IA || key == A64_KEY_DA ? 1 : 2);
    ir_ref bad = ir2i(r, IR_bfi, IR_I64, good, error, 53 | 2 << 8);
    ir_ref same = ir_icmp(r, IR_EQ, code_of(t, key, good, m),
                          ir1i(r, IR_ubfx, IR_I64, p, PAC_LSB | PAC_BITS << 8));
    return ir3(r, IR_select, IR_I64, same, good, bad);
}

/* ------------------------------------------------------------- instructions */

#define PAC(name, key, modifier)                                             \
    bool lower_##name(struct tr *t, const struct arg_##name *a)              \
    {                                                                        \
        set_x(t, a->rd, add_code(t, key, get_x(t, a->rd), modifier));        \
        return true;                                                         \
    }
#define AUT(name, key, modifier)                                             \
    bool lower_##name(struct tr *t, const struct arg_##name *a)              \
    {                                                                        \
        set_x(t, a->rd, pauth_auth(t, key, get_x(t, a->rd), modifier));      \
        return true;                                                         \
    }

PAC(PACIA,  A64_KEY_IA, get_xsp(t, a->rn))
PAC(PACIB,  A64_KEY_IB, get_xsp(t, a->rn))
PAC(PACDA,  A64_KEY_DA, get_xsp(t, a->rn))
PAC(PACDB,  A64_KEY_DB, get_xsp(t, a->rn))
PAC(PACIZA, A64_KEY_IA, imm_x(t, 0))
PAC(PACIZB, A64_KEY_IB, imm_x(t, 0))
PAC(PACDZA, A64_KEY_DA, imm_x(t, 0))
PAC(PACDZB, A64_KEY_DB, imm_x(t, 0))
AUT(AUTIA,  A64_KEY_IA, get_xsp(t, a->rn))
AUT(AUTIB,  A64_KEY_IB, get_xsp(t, a->rn))
AUT(AUTDA,  A64_KEY_DA, get_xsp(t, a->rn))
AUT(AUTDB,  A64_KEY_DB, get_xsp(t, a->rn))
AUT(AUTIZA, A64_KEY_IA, imm_x(t, 0))
AUT(AUTIZB, A64_KEY_IB, imm_x(t, 0))
AUT(AUTDZA, A64_KEY_DA, imm_x(t, 0))
AUT(AUTDZB, A64_KEY_DB, imm_x(t, 0))

bool lower_XPACI(struct tr *t, const struct arg_XPACI *a)
{
    set_x(t, a->rd, strip(t, get_x(t, a->rd)));
    return true;
}

bool lower_XPACD(struct tr *t, const struct arg_XPACD *a)
{
    set_x(t, a->rd, strip(t, get_x(t, a->rd)));
    return true;
}

bool lower_PACGA(struct tr *t, const struct arg_PACGA *a)
{
    ir_ref v = mix(t, A64_KEY_GA, get_x(t, a->rn), get_xsp(t, a->rm));
    set_x(t, a->rd, ir2(t->r, IR_and, IR_I64, v, imm_x(t, 0xffffffff00000000)));
    return true;
}

/* Hint space, CRm:op2 = hint: the address is x17 or x30, the modifier x16, 0 or sp. */
bool pauth_hint(struct tr *t, unsigned hint)
{
    if (!has_feature(t, A64_FEAT_PAUTH))
        return true;
    if (hint == 7) {
        set_x(t, 30, strip(t, get_x(t, 30)));
        return true;
    }
    unsigned rd = hint < 16 ? 17 : 30;
    ir_ref p = get_x(t, rd);
    ir_ref m = hint < 16 ? get_x(t, 16) : hint & 1 ? get_xsp(t, 31) : imm_x(t, 0);
    enum a64_pac_key key = hint & 2 ? A64_KEY_IB : A64_KEY_IA;
    set_x(t, rd, hint & 4 ? pauth_auth(t, key, p, m) : add_code(t, key, p, m));
    return true;
}
