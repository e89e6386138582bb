/*
 * Data processing with one, two and three sources: addresses, multiplication, division, variable
 * shifts, bit counting and reversal, CRC-32, conditional select, integer minimum and maximum
 * (Arm ARM C3.3.5, C3.4.3, C3.5.4 to C3.5.11).
 */
#include "lower.h"
#include "simd.h"
#undef ROW

/* One expression of t, a and sf, whose value is written to rd with the width of the form. */
#define ROW(name, width, expression)                                       \
    bool lower_##name(struct tr *t, const struct arg_##name *a)            \
    {                                                                      \
        const bool sf = width;                                             \
        set_r(t, sf, a->rd, expression);                                   \
        return true;                                                       \
    }

static ir_ref op1(struct tr *t, enum ir_op op, bool sf, ir_ref x)
{
    return ir1(t->r, op, type_of(sf), x);
}
static ir_ref op2(struct tr *t, enum ir_op op, bool sf, ir_ref x, ir_ref y)
{
    return ir2(t->r, op, type_of(sf), x, y);
}

#define RN get_r(t, sf, a->rn)
#define RM get_r(t, sf, a->rm)

/* ---------------------------------------------------------------- addresses */

ROW(ADR,  true, imm_pc(t, a->imm * 4ll + a->lo))
ROW(ADRP, true, imm_x(t, (t->pc & ~0xfffull) + ((uint64_t)(a->imm * 4ll + a->lo) << 12)))

/* ------------------------------------------------ multiplication, division */

/* ra + product or ra - product. */
static ir_ref accumulate(struct tr *t, bool sf, unsigned ra, ir_ref product, bool sub)
{
    if (ra == 31)
        return sub ? op1(t, IR_neg, sf, product) : product;
    return op2(t, sub ? IR_sub : IR_add, sf, get_r(t, sf, ra), product);
}

/* Product of the low words of n and m, widened. */
static ir_ref wide_product(struct tr *t, bool sign, unsigned n, unsigned m)
{
    enum ir_op ext = sign ? IR_sext : IR_zext;
    return op2(t, IR_mul, true, ir1i(t->r, ext, IR_I64, get_x(t, n), 32),
               ir1i(t->r, ext, IR_I64, get_x(t, m), 32));
}

ROW(MADD,   a->sf, accumulate(t, sf, a->ra, op2(t, IR_mul, sf, RN, RM), false))
ROW(MSUB,   a->sf, accumulate(t, sf, a->ra, op2(t, IR_mul, sf, RN, RM), true))
ROW(SMADDL, true,  accumulate(t, sf, a->ra, wide_product(t, true, a->rn, a->rm), false))
ROW(SMSUBL, true,  accumulate(t, sf, a->ra, wide_product(t, true, a->rn, a->rm), true))
ROW(UMADDL, true,  accumulate(t, sf, a->ra, wide_product(t, false, a->rn, a->rm), false))
ROW(UMSUBL, true,  accumulate(t, sf, a->ra, wide_product(t, false, a->rn, a->rm), true))
ROW(SMULH,  true,  op2(t, IR_smulh, sf, RN, RM))
ROW(UMULH,  true,  op2(t, IR_umulh, sf, RN, RM))
ROW(UDIV,   a->sf, op2(t, IR_udiv, sf, RN, RM))
ROW(SDIV,   a->sf, op2(t, IR_sdiv, sf, RN, RM))

/* ---------------------------------------------------------- variable shifts */

ROW(LSLV, a->sf, op2(t, IR_shl, sf, RN, get_w(t, a->rm)))
ROW(LSRV, a->sf, op2(t, IR_shr, sf, RN, get_w(t, a->rm)))
ROW(ASRV, a->sf, op2(t, IR_sar, sf, RN, get_w(t, a->rm)))
ROW(RORV, a->sf, op2(t, IR_ror, sf, RN, get_w(t, a->rm)))

/* ------------------------------------------------------ bits of one source */

/* Bytes exchanged in each half-word. */
static ir_ref swap_bytes(struct tr *t, bool sf, ir_ref v)
{
    ir_ref mask = imm_r(t, sf, 0x00ff00ff00ff00ff);
    ir_ref up = op2(t, IR_shl, sf, op2(t, IR_and, sf, v, mask), imm_w(t, 8));
    ir_ref down = op2(t, IR_and, sf, op2(t, IR_shr, sf, v, imm_w(t, 8)), mask);
    return op2(t, IR_or, sf, up, down);
}

/* Bits below the top one that are equal to it: those of v ^ (v >> 1) above its first one bit. */
static ir_ref count_sign(struct tr *t, bool sf, ir_ref v)
{
    ir_ref edges = op2(t, IR_xor, sf, v, op2(t, IR_sar, sf, v, imm_w(t, 1)));
    return op2(t, IR_sub, sf, op1(t, IR_clz, sf, edges), imm_r(t, sf, 1));
}

static ir_ref absolute(struct tr *t, bool sf, ir_ref v)
{
    ir_ref negative = ir_icmp(t->r, IR_LT, v, imm_r(t, sf, 0));
    return ir3(t->r, IR_select, type_of(sf), negative, op1(t, IR_neg, sf, v), v);
}

ROW(RBIT,  a->sf, op1(t, IR_rbit, sf, RN))
ROW(REV16, a->sf, swap_bytes(t, sf, RN))
ROW(REV_w, false, op1(t, IR_bswap, sf, RN))
ROW(REV_x, true,  op1(t, IR_bswap, sf, RN))
ROW(REV32, true,  op2(t, IR_ror, sf, op1(t, IR_bswap, sf, RN), imm_w(t, 32)))
ROW(CLZ,   a->sf, op1(t, IR_clz, sf, RN))
ROW(CLS,   a->sf, count_sign(t, sf, RN))
ROW(CTZ,   a->sf, op1(t, IR_ctz, sf, RN))
ROW(CNT,   a->sf, op1(t, IR_popcnt, sf, RN))
ROW(ABS,   a->sf, absolute(t, sf, RN))

/* ------------------------------------------------------ minimum and maximum */

/* x if x cc y, else y. */
static ir_ref choose(struct tr *t, bool sf, enum ir_cc cc, ir_ref x, ir_ref y)
{
    return ir3(t->r, IR_select, type_of(sf), ir_icmp(t->r, cc, x, y), x, y);
}

#define SIMM imm_r(t, sf, (uint64_t)(int64_t)a->imm)

ROW(SMAX_reg, a->sf, choose(t, sf, IR_GT, RN, RM))
ROW(UMAX_reg, a->sf, choose(t, sf, IR_HI, RN, RM))
ROW(SMIN_reg, a->sf, choose(t, sf, IR_LT, RN, RM))
ROW(UMIN_reg, a->sf, choose(t, sf, IR_LO, RN, RM))
ROW(SMAX_imm, a->sf, choose(t, sf, IR_GT, RN, SIMM))
ROW(UMAX_imm, a->sf, choose(t, sf, IR_HI, RN, imm_r(t, sf, a->imm)))
ROW(SMIN_imm, a->sf, choose(t, sf, IR_LT, RN, SIMM))
ROW(UMIN_imm, a->sf, choose(t, sf, IR_LO, RN, imm_r(t, sf, a->imm)))

/* ------------------------------------------------------- conditional select */

/* rn if cond, else the other operand. With zero registers it is CSET or CSETM. */
static bool select_if(struct tr *t, const struct arg_CSEL *a, enum ir_op op, ir_ref addend)
{
    bool sf = a->sf;
    enum ir_type type = type_of(sf);
    if (op != IR_nop && a->rn == 31 && a->rm == 31 && a->cond < 14) {
        ir_ref c = cond_holds(t, a->cond ^ 1);
        if (op == IR_add) {
            set_w(t, a->rd, c);
            return true;
        }
        if (op == IR_not) {
            c = sf ? ir1i(t->r, IR_zext, IR_I64, c, 32) : c;
            set_r(t, sf, a->rd, op1(t, IR_neg, sf, c));
            return true;
        }
    }
    ir_ref other = RM;
    if (a->cond < 14) {
        if (op == IR_add)
            other = op2(t, IR_add, sf, other, addend);
        else if (op != IR_nop)
            other = op1(t, op, sf, other);
    }
    ir_ref v = a->cond < 14 ? ir3(t->r, IR_select, type, cond_holds(t, a->cond), RN, other) : RN;
    set_r(t, sf, a->rd, v);
    return true;
}

bool lower_CSEL(struct tr *t, const struct arg_CSEL *a)
{
    return select_if(t, a, IR_nop, 0);
}

bool lower_CSINC(struct tr *t, const struct arg_CSINC *a)
{
    return select_if(t, a, IR_add, imm_r(t, a->sf, 1));
}

bool lower_CSINV(struct tr *t, const struct arg_CSINV *a)
{
    return select_if(t, a, IR_not, 0);
}

bool lower_CSNEG(struct tr *t, const struct arg_CSNEG *a)
{
    return select_if(t, a, IR_neg, 0);
}

/* ------------------------------------------------------------------- CRC-32 */

/* x86's instruction has another polynomial than this one (0x04c11db7, reflected). With carry-less products 64 bits x are
 * reduced by Barrett's method: the quotient of x * t^64 by the polynomial is the low half of x times the reflected
 * reciprocal (t^96 divided by the polynomial), the remainder the high half of that quotient times the reflected polynomial.
 * lane: where x is in its vector. */
static ir_ref reduce(struct tr *t, ir_ref x, unsigned lane)
{
    ir_ref k = ir_const128(t->r, IR_V128, 0xb4e5b025f7011641, 0x1db710641);
    return v2i(t, IR_vpmull, 3, v2i(t, IR_vpmull, 3, x, k, lane), k, 0x10);
}

/* The vector whose upper half is crc, the result of a reduction before; 0: it is none. */
static ir_ref reduced(const struct ir_region *r, ir_ref crc)
{
    if (ir_is_const(crc) || r->insts[crc].op != IR_vget || r->insts[crc].imm != 2 || (r->insts[crc].aux & 7) != 2)
        return 0;
    ir_ref v = r->insts[crc].arg[0];
    return !ir_is_const(v) && r->insts[v].op == IR_vpmull && r->insts[v].imm == 0x10 ? v : 0;
}

/* Fewer than eight bytes stand at the top of x, where those that come last are; bits of the old value below them only move.
 * From one instruction to the next of a chain the value stays a vector: that takes half of the latency away. */
static ir_ref update_crc32(struct tr *t, unsigned acc, ir_ref value, unsigned bytes)
{
    struct ir_region *r = t->r;
    ir_ref crc = get_w(t, acc), before = bytes == 8 ? reduced(r, crc) : 0, x, vector, sum;
    if (before) {
        vector = v2(t, IR_vcomb, 3, ir_const128(r, IR_V128, 0, 0), ir1(r, IR_vzx, IR_V128, value));
        vector = reduce(t, v2(t, IR_vxor, 3, before, vector), 1);
    } else {
        x = ir2(r, IR_xor, IR_I64, ir1i(r, IR_zext, IR_I64, crc, 32), value);
        if (bytes < 8)
            x = ir2(r, IR_shl, IR_I64, x, imm_w(t, 64 - 8 * bytes));
        vector = reduce(t, ir1(r, IR_vzx, IR_V128, x), 0);
    }
    sum = ir_emit(r, IR_vget, IR_I32, vector, 0, 0, 0, 2, 2);
    return bytes >= 4 ? sum : ir2(r, IR_xor, IR_I32, sum, ir2(r, IR_shr, IR_I32, crc, imm_w(t, 8 * bytes)));
}

static ir_ref update_crc32c(struct tr *t, unsigned acc, ir_ref value, unsigned bytes)
{
    return ir2i(t->r, IR_crc32c, IR_I32, get_w(t, acc), value, bytes * 8);
}

ROW(CRC32,   false, update_crc32(t, a->rn, get_x(t, a->rm), 1u << a->sz))
ROW(CRC32X,  false, update_crc32(t, a->rn, get_x(t, a->rm), 8))
ROW(CRC32C,  false, update_crc32c(t, a->rn, get_w(t, a->rm), 1u << a->sz))
ROW(CRC32CX, false, update_crc32c(t, a->rn, get_x(t, a->rm), 8))
