/*
 * Loads and stores of general and SIMD&FP registers: immediate, pre- and post-indexed, register
 * offset, unscaled, unprivileged, literal, pairs, prefetch, with pointer authentication, and the
 * load-acquire/store-release of RCpc and RCsc (Arm ARM C3.2, C4.1 "Loads and Stores"). Exclusives
 * and read-modify-write are in atomic.c; LD1..LD4 are elsewhere.
 *
 * Always: the accesses of an instruction come before its first `set`, the base is written back last
 * (so it wins where it is also a destination, which the manual leaves open), and a value that is
 * stored is read before the base changes. Addresses are given to load and store as base, scaled
 * index and displacement, so that one host operand can hold them. They are plain: tags of
 * the top byte and misaligned SP are the backend's and the owner's business.
 *
 * 32-bit destinations are loaded as i64 of four bytes: that is already zero-extended. Alignment is
 * checked for acquire and release accesses alone (check_aligned).
 */
#include "lower.h"

/* An address and what happens to the base register. */
struct place {
    ir_ref base, index; /* index may be 0 */
    unsigned scale;     /* shift of the index */
    int64_t disp;
    unsigned order;     /* enum ir_order */
    bool sp;            /* base is the stack pointer */
    bool unprivileged;  /* as EL0, in system mode */
    int back;           /* register that is written back, or -1 */
    int64_t step;       /* with base + step */
};

static struct place at_offset(struct tr *t, unsigned rn, int64_t disp)
{
    if (rn == 31)
        check_sp_base(t);
    return (struct place){ .base = get_xsp(t, rn), .disp = disp, .sp = rn == 31, .back = -1 };
}

/* In system mode: LDTR and STTR at EL1, and at EL2 of a host. */
static struct place as_user(struct tr *t, struct place p)
{
    p.unprivileged = is_system(t) && level_of(t);
    return p;
}

static struct place at_pre(struct tr *t, unsigned rn, int64_t disp)
{
    struct place p = at_offset(t, rn, disp);
    if (rn == 31)
        check_stepped_sp(t, disp);
    p.back = (int)rn;
    p.step = disp;
    return p;
}

static struct place at_post(struct tr *t, unsigned rn, int64_t disp)
{
    struct place p = at_pre(t, rn, disp);
    p.disp = 0;
    return p;
}

/* Register offset: sx the index is signed, x it has 64 bits. */
static struct place at_index(struct tr *t, unsigned rn, unsigned rm, bool sx, bool x,
                             unsigned scale)
{
    struct place p = at_offset(t, rn, 0);
    p.index = get_x(t, rm);
    if (!x)
        p.index = ir1i(t->r, sx ? IR_sext : IR_zext, IR_I64, p.index, 32);
    p.scale = scale;
    return p;
}

static struct place at_pc(struct tr *t, int64_t disp)
{
    return (struct place){ .base = imm_pc(t, disp), .back = -1 };
}

/* The base is an authenticated pointer, modifier zero; the displacement counts eight bytes and is
 * ten bits, signed. */
static struct place at_authenticated(struct tr *t, enum a64_pac_key key, unsigned rn,
                                     unsigned imm10, bool back)
{
    struct place p = at_offset(t, rn, ((int64_t)(imm10 ^ 512) - 512) * 8);
    p.base = pauth_auth(t, key, p.base, imm_x(t, 0));
    if (back) {
        if (rn == 31)
            check_stepped_sp(t, p.disp);
        p.back = (int)rn;
        p.step = p.disp;
    }
    return p;
}

static struct place ordered(struct tr *t, struct place p, unsigned size, enum ir_order order)
{
    check_aligned(t, p.base, p.disp, size);
    p.order = order;
    return p;
}

static int64_t scaled(int64_t imm, unsigned size)
{
    return imm * (1ll << size);
}

/* The address space of the access: aux bits of IR_MEM_SPACE. */
static unsigned space(const struct place *p) { return p->unprivileged ? 2 << 12 : 0; }

static ir_ref emit_load(struct tr *t, const struct place *p, int64_t more, enum ir_type type,
                        unsigned size, bool sign)
{
    check_strict(t, p->base, p->index, p->scale, p->disp + more, size);
    return ir_emit(t->r, IR_load, type, p->base, p->index, 0, 0,
                   IR_MEM(size, sign, p->scale, p->order) | space(p), p->disp + more);
}

/* The second of two loads. The stack pointer is a multiple of 16 where it is a base (Linux has the check on; a
 * program with another one gets here no fault), so two accesses that make up an aligned block of it are on one
 * page: the second does not fault where the first did not. */
static ir_ref emit_second(struct tr *t, const struct place *p, enum ir_type type, unsigned size, bool sign)
{
    bool joined = !is_system(t) && p->sp && size <= 3 && !(p->disp & ((2 << size) - 1));
    return ir_emit(t->r, IR_load, type, p->base, p->index, 0, 0,
                   IR_MEM(size, sign, p->scale, p->order) | (joined ? IR_MEM_JOINED : 0), p->disp + (1ll << size));
}

static void emit_store(struct tr *t, const struct place *p, int64_t more, unsigned size, ir_ref v)
{
    check_strict(t, p->base, p->index, p->scale, p->disp + more, size);
    ir_emit(t->r, IR_store, IR_VOID, p->base, p->index, v, 0, IR_MEM(size, 0, p->scale, p->order) | space(p),
            p->disp + more);
}

/* Last of all: then the sum can be made in place. */
static bool write_back(struct tr *t, const struct place *p)
{
    if (p->back >= 0)
        set_xsp(t, (unsigned)p->back,
                ir2(t->r, IR_add, IR_I64, p->base, imm_x(t, (uint64_t)p->step)));
    return true;
}

/* ------------------------------------------------------- general registers */

static bool load_x(struct tr *t, unsigned rt, struct place p, unsigned size)
{
    set_x(t, rt, emit_load(t, &p, 0, IR_I64, size, false));
    return write_back(t, &p);
}

/* Sign-extended to 64 bits, or (w) to 32 bits with the upper half cleared. */
static bool load_signed(struct tr *t, unsigned rt, struct place p, unsigned size, bool w)
{
    ir_ref v = emit_load(t, &p, 0, w ? IR_I32 : IR_I64, size, true);
    if (w)
        set_w(t, rt, v);
    else
        set_x(t, rt, v);
    return write_back(t, &p);
}

static bool store_x(struct tr *t, unsigned rt, struct place p, unsigned size)
{
    emit_store(t, &p, 0, size, get_x(t, rt));
    return write_back(t, &p);
}

static bool load_pair(struct tr *t, unsigned rt, unsigned rt2, struct place p, unsigned size,
                      bool sign)
{
    ir_ref a = emit_load(t, &p, 0, IR_I64, size, sign);
    ir_ref b = emit_second(t, &p, IR_I64, size, sign);
    set_x(t, rt, a);
    set_x(t, rt2, b);
    return write_back(t, &p);
}

static bool store_pair(struct tr *t, unsigned rt, unsigned rt2, struct place p, unsigned size)
{
    ir_ref a = get_x(t, rt), b = get_x(t, rt2);
    emit_store(t, &p, 0, size, a);
    emit_store(t, &p, 1ll << size, size, b);
    return write_back(t, &p);
}

/* Prefetch: no effect that a program can see. */
static bool prefetch(void)
{
    return true;
}

/* ------------------------------------------------------ SIMD&FP registers */

static enum ir_type vector_type(unsigned size)
{
    static const uint8_t type[] = { IR_I32, IR_I32, IR_F32, IR_F64, IR_V128 };
    return (enum ir_type)type[size];
}

/* Loads 2^size bytes and clears the rest of the register. */
static ir_ref emit_load_v(struct tr *t, const struct place *p, int64_t more, unsigned size)
{
    ir_ref v = emit_load(t, p, more, vector_type(size), size, false);
    return size == 4 ? v : ir1(t->r, IR_vzx, IR_V128, v);
}

/* The low 2^size bytes of a vector, as store takes them. */
static ir_ref low_part(struct tr *t, unsigned rt, unsigned size)
{
    ir_ref v = ir_get(t->r, A64_V(rt));
    if (size == 4)
        return v;
    if (size >= 2)
        return ir1(t->r, IR_vlow, vector_type(size), v);
    return ir_emit(t->r, IR_vget, IR_I32, v, 0, 0, 0, size, 0);
}

static bool load_v(struct tr *t, unsigned rt, struct place p, unsigned size)
{
    ir_set(t->r, A64_V(rt), emit_load_v(t, &p, 0, size));
    return write_back(t, &p);
}

static bool store_v(struct tr *t, unsigned rt, struct place p, unsigned size)
{
    emit_store(t, &p, 0, size, low_part(t, rt, size));
    return write_back(t, &p);
}

static bool load_pair_v(struct tr *t, unsigned rt, unsigned rt2, struct place p, unsigned size)
{
    ir_ref a = emit_load_v(t, &p, 0, size);
    ir_ref b = emit_load_v(t, &p, 1ll << size, size);
    ir_set(t->r, A64_V(rt), a);
    ir_set(t->r, A64_V(rt2), b);
    return write_back(t, &p);
}

static bool store_pair_v(struct tr *t, unsigned rt, unsigned rt2, struct place p, unsigned size)
{
    ir_ref a = low_part(t, rt, size), b = low_part(t, rt2, size);
    emit_store(t, &p, 0, size, a);
    emit_store(t, &p, 1ll << size, size, b);
    return write_back(t, &p);
}

/* --------------------------------------------------------------- the rows */

/* One row of loadstore.decode: its lowering in one expression of t and a. */
#define ROW(name, expression) \
    bool lower_##name(struct tr *t, const struct arg_##name *a) { return expression; }

/* Addresses of the rows by their fields. */
#define IMM(size)    at_offset(t, a->rn, scaled(a->imm, size))
#define OFF          at_offset(t, a->rn, a->imm)
#define USER         as_user(t, OFF)
#define PRE          at_pre(t, a->rn, a->imm)
#define POST         at_post(t, a->rn, a->imm)
#define REG(size)    at_index(t, a->rn, a->rm, a->sx, a->x, a->s ? (size) : 0)
#define PAIR_PRE(size)  at_pre(t, a->rn, scaled(a->imm, size))
#define PAIR_POST(size) at_post(t, a->rn, scaled(a->imm, size))

ROW(STR_imm,    store_x(t, a->rt, IMM(a->size), a->size))
ROW(LDR_imm,    load_x(t, a->rt, IMM(a->size), a->size))
ROW(LDRS_imm,   load_signed(t, a->rt, IMM(a->size), a->size, a->w))
ROW(LDRSW_imm,  load_signed(t, a->rt, IMM(2), 2, false))
ROW(PRFM_imm,   prefetch())
ROW(STR_f_imm,  store_v(t, a->rt, IMM(a->size), a->size))
ROW(STR_q_imm,  store_v(t, a->rt, IMM(4), 4))
ROW(LDR_f_imm,  load_v(t, a->rt, IMM(a->size), a->size))
ROW(LDR_q_imm,  load_v(t, a->rt, IMM(4), 4))

ROW(STR_post,   store_x(t, a->rt, POST, a->size))
ROW(LDR_post,   load_x(t, a->rt, POST, a->size))
ROW(LDRS_post,  load_signed(t, a->rt, POST, a->size, a->w))
ROW(LDRSW_post, load_signed(t, a->rt, POST, 2, false))
ROW(STR_f_post, store_v(t, a->rt, POST, a->size))
ROW(STR_q_post, store_v(t, a->rt, POST, 4))
ROW(LDR_f_post, load_v(t, a->rt, POST, a->size))
ROW(LDR_q_post, load_v(t, a->rt, POST, 4))

ROW(STR_pre,    store_x(t, a->rt, PRE, a->size))
ROW(LDR_pre,    load_x(t, a->rt, PRE, a->size))
ROW(LDRS_pre,   load_signed(t, a->rt, PRE, a->size, a->w))
ROW(LDRSW_pre,  load_signed(t, a->rt, PRE, 2, false))
ROW(STR_f_pre,  store_v(t, a->rt, PRE, a->size))
ROW(STR_q_pre,  store_v(t, a->rt, PRE, 4))
ROW(LDR_f_pre,  load_v(t, a->rt, PRE, a->size))
ROW(LDR_q_pre,  load_v(t, a->rt, PRE, 4))

ROW(STUR,       store_x(t, a->rt, OFF, a->size))
ROW(LDUR,       load_x(t, a->rt, OFF, a->size))
ROW(LDURS,      load_signed(t, a->rt, OFF, a->size, a->w))
ROW(LDURSW,     load_signed(t, a->rt, OFF, 2, false))
ROW(PRFUM,      prefetch())
ROW(STUR_f,     store_v(t, a->rt, OFF, a->size))
ROW(STUR_q,     store_v(t, a->rt, OFF, 4))
ROW(LDUR_f,     load_v(t, a->rt, OFF, a->size))
ROW(LDUR_q,     load_v(t, a->rt, OFF, 4))

ROW(STTR,       store_x(t, a->rt, USER, a->size))
ROW(LDTR,       load_x(t, a->rt, USER, a->size))
ROW(LDTRS,      load_signed(t, a->rt, USER, a->size, a->w))
ROW(LDTRSW,     load_signed(t, a->rt, USER, 2, false))

ROW(STR_reg,    store_x(t, a->rt, REG(a->size), a->size))
ROW(LDR_reg,    load_x(t, a->rt, REG(a->size), a->size))
ROW(LDRS_reg,   load_signed(t, a->rt, REG(a->size), a->size, a->w))
ROW(LDRSW_reg,  load_signed(t, a->rt, REG(2), 2, false))
ROW(PRFM_reg,   prefetch())
ROW(STR_f_reg,  store_v(t, a->rt, REG(a->size), a->size))
ROW(STR_q_reg,  store_v(t, a->rt, REG(4), 4))
ROW(LDR_f_reg,  load_v(t, a->rt, REG(a->size), a->size))
ROW(LDR_q_reg,  load_v(t, a->rt, REG(4), 4))

ROW(LDR_lit,    load_x(t, a->rt, at_pc(t, scaled(a->imm, 2)), 2 + a->x))
ROW(LDRSW_lit,  load_signed(t, a->rt, at_pc(t, scaled(a->imm, 2)), 2, false))
ROW(PRFM_lit,   prefetch())
ROW(LDR_flit,   load_v(t, a->rt, at_pc(t, scaled(a->imm, 2)), 2 + a->opc))

ROW(STNP,       store_pair(t, a->rt, a->rt2, IMM(2 + a->x), 2 + a->x))
ROW(LDNP,       load_pair(t, a->rt, a->rt2, IMM(2 + a->x), 2 + a->x, false))
ROW(STP_off,    store_pair(t, a->rt, a->rt2, IMM(2 + a->x), 2 + a->x))
ROW(LDP_off,    load_pair(t, a->rt, a->rt2, IMM(2 + a->x), 2 + a->x, false))
ROW(LDPSW_off,  load_pair(t, a->rt, a->rt2, IMM(2), 2, true))
ROW(STP_pre,    store_pair(t, a->rt, a->rt2, PAIR_PRE(2 + a->x), 2 + a->x))
ROW(LDP_pre,    load_pair(t, a->rt, a->rt2, PAIR_PRE(2 + a->x), 2 + a->x, false))
ROW(LDPSW_pre,  load_pair(t, a->rt, a->rt2, PAIR_PRE(2), 2, true))
ROW(STP_post,   store_pair(t, a->rt, a->rt2, PAIR_POST(2 + a->x), 2 + a->x))
ROW(LDP_post,   load_pair(t, a->rt, a->rt2, PAIR_POST(2 + a->x), 2 + a->x, false))
ROW(LDPSW_post, load_pair(t, a->rt, a->rt2, PAIR_POST(2), 2, true))

ROW(STNP_f,     store_pair_v(t, a->rt, a->rt2, IMM(2 + a->opc), 2 + a->opc))
ROW(LDNP_f,     load_pair_v(t, a->rt, a->rt2, IMM(2 + a->opc), 2 + a->opc))
ROW(STP_f_off,  store_pair_v(t, a->rt, a->rt2, IMM(2 + a->opc), 2 + a->opc))
ROW(LDP_f_off,  load_pair_v(t, a->rt, a->rt2, IMM(2 + a->opc), 2 + a->opc))
ROW(STP_f_pre,  store_pair_v(t, a->rt, a->rt2, PAIR_PRE(2 + a->opc), 2 + a->opc))
ROW(LDP_f_pre,  load_pair_v(t, a->rt, a->rt2, PAIR_PRE(2 + a->opc), 2 + a->opc))
ROW(STP_f_post, store_pair_v(t, a->rt, a->rt2, PAIR_POST(2 + a->opc), 2 + a->opc))
ROW(LDP_f_post, load_pair_v(t, a->rt, a->rt2, PAIR_POST(2 + a->opc), 2 + a->opc))

ROW(LDRAA,      load_x(t, a->rt, at_authenticated(t, A64_KEY_DA, a->rn, a->imm, a->pre), 3))
ROW(LDRAB,      load_x(t, a->rt, at_authenticated(t, A64_KEY_DB, a->rn, a->imm, a->pre), 3))

ROW(STLR,       store_x(t, a->rt, ordered(t, at_offset(t, a->rn, 0), a->size, IR_RELEASE), a->size))
ROW(LDAR,       load_x(t, a->rt, ordered(t, at_offset(t, a->rn, 0), a->size, IR_ACQUIRE), a->size))
ROW(LDAPR,      load_x(t, a->rt, ordered(t, at_offset(t, a->rn, 0), a->size, IR_ACQUIRE), a->size))
ROW(STLUR,      store_x(t, a->rt, ordered(t, OFF, a->size, IR_RELEASE), a->size))
ROW(LDAPUR,     load_x(t, a->rt, ordered(t, OFF, a->size, IR_ACQUIRE), a->size))
ROW(LDAPURS,    load_signed(t, a->rt, ordered(t, OFF, a->size, IR_ACQUIRE), a->size, a->w))
ROW(LDAPURSW,   load_signed(t, a->rt, ordered(t, OFF, 2, IR_ACQUIRE), 2, false))
