/*
 * Exclusives, compare-and-swap and atomic read-modify-write (Arm ARM B2.9, B2.12, C3.2.6, C3.2.12).
 *
 * The exclusive monitor is three rows of the register table: exaddr (address of the last
 * load-exclusive, all ones when the monitor is open), exval and exval2 (what it read). A
 * store-exclusive succeeds if its address is that one and memory still holds the value, by one host
 * compare-and-swap; it clears the monitor either way. That a location went from A to B and back
 * in between is not seen; and a store-exclusive of another size than the load-exclusive succeeds or
 * fails by the same comparison, which the manual leaves open.
 *
 * Guest atomics are host atomics. The host's are sequentially consistent; the order that the
 * instruction asks for is passed on all the same. Misaligned ones fault (check_aligned), as do exclusive
 * pairs of 16 bytes whatever the CPU.
 */
#include "lower.h"

static unsigned order_of(bool acquire, bool release)
{
    return acquire ? release ? IR_ACQ_REL : IR_ACQUIRE : release ? IR_RELEASE : IR_RELAXED;
}

static ir_ref base_of(struct tr *t, unsigned rn)
{
    if (rn == 31)
        check_sp_base(t);
    return get_xsp(t, rn);
}

/* ---------------------------------------------------------------- exclusives */

static void monitor_set(struct tr *t, ir_ref address, ir_ref value, ir_ref value2)
{
    ir_set(t->r, A64_exaddr, address);
    ir_set(t->r, A64_exval, value);
    if (value2)
        ir_set(t->r, A64_exval2, value2);
}

/* Stores value if the monitor holds the address in rn and memory holds `expected`. */
static bool store_exclusive(struct tr *t, unsigned rs, unsigned rn, unsigned size, bool release,
                            ir_ref expected, ir_ref value)
{
    struct ir_region *r = t->r;
    ir_ref base = base_of(t, rn);
    check_aligned(t, base, 0, size);
    ir_ref held = ir_icmp(r, IR_EQ, ir_get(r, A64_exaddr), base);
    ir_ref status = ir_emit(r, IR_casx, IR_I32, base, expected, value, held,
                            IR_MEM(size, 0, 0, order_of(false, release)), 0);
    set_w(t, rs, status);
    ir_set(r, A64_exaddr, imm_x(t, A64_EXCLUSIVE_NONE));
    return true;
}

bool lower_LDXR(struct tr *t, const struct arg_LDXR *a)
{
    ir_ref base = base_of(t, a->rn);
    check_aligned(t, base, 0, a->size);
    ir_ref v = ir_emit(t->r, IR_load, IR_I64, base, 0, 0, 0,
                       IR_MEM(a->size, 0, 0, order_of(a->o, false)), 0);
    monitor_set(t, base, v, 0);
    set_x(t, a->rt, v);
    return true;
}

bool lower_STXR(struct tr *t, const struct arg_STXR *a)
{
    return store_exclusive(t, a->rs, a->rn, a->size, a->o, ir_get(t->r, A64_exval),
                           get_x(t, a->rt));
}

/* Two words are one access of eight bytes, two doublewords two of eight: the pair is read at one
 * time only if the store-exclusive that follows succeeds, as the manual has it. */
bool lower_LDXP(struct tr *t, const struct arg_LDXP *a)
{
    struct ir_region *r = t->r;
    ir_ref base = base_of(t, a->rn);
    check_aligned(t, base, 0, 3 + a->x);
    unsigned aux = IR_MEM(3, 0, 0, order_of(a->o, false));
    ir_ref v = ir_emit(r, IR_load, IR_I64, base, 0, 0, 0, aux, 0);
    if (a->x) {
        ir_ref v2 = ir_emit(r, IR_load, IR_I64, base, 0, 0, 0, aux, 8);
        monitor_set(t, base, v, v2);
        set_x(t, a->rt, v);
        set_x(t, a->rt2, v2);
    } else {
        monitor_set(t, base, v, 0);
        set_x(t, a->rt, ir1i(r, IR_zext, IR_I64, v, 32));
        set_x(t, a->rt2, ir1i(r, IR_ubfx, IR_I64, v, 32 | 32 << 8));
    }
    return true;
}

/* Two registers as one value: rt low. x: 64-bit registers, else 32-bit ones in an i64. */
static ir_ref get_pair(struct tr *t, bool x, unsigned rt, unsigned rt2)
{
    if (x)
        return ir2(t->r, IR_pair, IR_I128, get_x(t, rt), get_x(t, rt2));
    return ir2i(t->r, IR_bfi, IR_I64, get_x(t, rt), get_x(t, rt2), 32 | 32 << 8);
}

bool lower_STXP(struct tr *t, const struct arg_STXP *a)
{
    ir_ref expected = ir_get(t->r, A64_exval);
    if (a->x)
        expected = ir2(t->r, IR_pair, IR_I128, expected, ir_get(t->r, A64_exval2));
    return store_exclusive(t, a->rs, a->rn, 3 + a->x, a->o, expected,
                           get_pair(t, a->x, a->rt, a->rt2));
}

/* ---------------------------------------------------------- compare and swap */

bool lower_CAS(struct tr *t, const struct arg_CAS *a)
{
    bool x = a->size == 3;
    ir_ref base = base_of(t, a->rn);
    check_aligned(t, base, 0, a->size);
    ir_ref old = ir_emit(t->r, IR_cas, type_of(x), base, get_r(t, x, a->rs), get_r(t, x, a->rt), 0,
                         IR_MEM(a->size, 0, 0, order_of(a->a, a->r)), 0);
    set_r(t, x, a->rs, old);
    return true;
}

/* Register numbers of a pair are even; 30 pairs with the zero register. */
bool lower_CASP(struct tr *t, const struct arg_CASP *a)
{
    struct ir_region *r = t->r;
    if ((a->rs | a->rt) & 1)
        return false;
    ir_ref base = base_of(t, a->rn);
    check_aligned(t, base, 0, 3 + a->x);
    ir_ref old = ir_emit(r, IR_cas, a->x ? IR_I128 : IR_I64, base,
                         get_pair(t, a->x, a->rs, a->rs + 1), get_pair(t, a->x, a->rt, a->rt + 1),
                         0, IR_MEM(3 + a->x, 0, 0, order_of(a->a, a->r)), 0);
    if (a->x) {
        set_x(t, a->rs, ir1(r, IR_lo64, IR_I64, old));
        set_x(t, a->rs + 1, ir1(r, IR_hi64, IR_I64, old));
    } else {
        set_x(t, a->rs, ir1i(r, IR_zext, IR_I64, old, 32));
        set_x(t, a->rs + 1, ir1i(r, IR_ubfx, IR_I64, old, 32 | 32 << 8));
    }
    return true;
}

/* -------------------------------------------------------- read-modify-write */

/* rt := memory; memory := memory op rs. The value is not used when rt is 31 (the ST forms). */
static bool fetch_op(struct tr *t, enum ir_amo op, unsigned size, unsigned rs, unsigned rn,
                     unsigned rt, unsigned order)
{
    bool x = size == 3;
    ir_ref base = base_of(t, rn);
    check_aligned(t, base, 0, size);
    ir_ref old = ir_emit(t->r, IR_amo, type_of(x), base, get_r(t, x, rs), 0, 0,
                         IR_MEM(size, 0, 0, order), op);
    set_r(t, x, rt, old);
    return true;
}

/* One row of loadstore.decode. */
#define ROW(name, op)                                                                       \
    bool lower_##name(struct tr *t, const struct arg_##name *a)                             \
    {                                                                                       \
        return fetch_op(t, op, a->size, a->rs, a->rn, a->rt, order_of(a->a, a->r));         \
    }

ROW(LDADD,  IR_AMO_ADD)
ROW(LDCLR,  IR_AMO_ANDN)
ROW(LDEOR,  IR_AMO_XOR)
ROW(LDSET,  IR_AMO_OR)
ROW(LDSMAX, IR_AMO_SMAX)
ROW(LDSMIN, IR_AMO_SMIN)
ROW(LDUMAX, IR_AMO_UMAX)
ROW(LDUMIN, IR_AMO_UMIN)
ROW(SWP,    IR_AMO_SWP)
