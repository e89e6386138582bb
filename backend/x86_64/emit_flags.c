/*
 * EFLAGS, comparisons and flag values.
 *
 * Two things are tracked so that comparisons cost nothing where the host's arithmetic has made them
 * already: which FLG value EFLAGS hold (fl_val), and which operation set them last (alu). While EFLAGS
 * hold a value that is needed, emitters choose forms that keep them (lea, mov, BMI2 shifts); if none
 * fits, the value is saved (flags_clobber): the two-byte form, or one setcc if one condition wants it.
 */
#include "emit_priv.h"

static int cc_of(unsigned cc)
{
    static const int8_t map[IR_NCC] = { CC_E, CC_NE, CC_AE, CC_B, CC_A, CC_BE, CC_GE, CC_L, CC_G, CC_LE,
                                        CC_S, CC_NS, CC_O, CC_NO };
    return map[cc];
}

bool imm32(const struct emit *e, ir_ref v, bool w, int32_t *imm)
{
    if (!ir_is_const(v))
        return false;
    uint64_t c = ir_const_value(e->r, v);
    if (w && (int64_t)c != (int32_t)c)
        return false;
    *imm = (int32_t)c;
    return true;
}

/* ---------------------------------------------------------------------- EFLAGS */

bool flags_busy(const struct emit *e)
{
    return e->fl_val && e->v[e->fl_val].last > e->at && !(e->v[e->fl_val].flags & V_MEM);
}

void flags_image(struct emit *e)
{
    if (e->fl_form == FL_CARRY) {
        cb8(&e->cb, 0xf5); /* cmc: what e->alu is asked for after it does not depend on CF */
        e->fl_form = FL_BORROW;
        e->alu.cmc = true;
    }
    cb8(&e->cb, 0x9f); /* lahf */
    x_rr(&e->cb, OP_SETCC | CC_O, false, 0, RAX);
}

/* EFLAGS are wanted later by one condition only: that is stored, by one setcc. */
static bool flags_to_bool(struct emit *e)
{
    ir_ref f = e->fl_val, user = e->v[f].hint_at;
    if (inst(e, f)->uses != 1 || !user || !(e->v[user].flags & V_DEFER))
        return false;
    const struct ir_inst *p = inst(e, user);
    int cc = cc_of(p->aux);
    if (e->fl_form == FL_CARRY) {
        if (p->aux == IR_HS || p->aux == IR_LO)
            cc ^= 1;
        else if (p->aux == IR_HI || p->aux == IR_LS_)
            return false;
    }
    struct vinfo *v = &e->v[user];
    v->mem = ra_spill_slot(e, user);
    v->last = e->v[f].last;
    mov_mi32(&e->cb, false, mem_bd(STATE, v->mem), 0);
    x_rm(&e->cb, OP_SETCC | (unsigned)cc, false, 0, mem_bd(STATE, v->mem));
    v->flags = (uint8_t)((v->flags & ~V_DEFER) | V_MEM | V_DONE);
    return true;
}

void flags_clobber(struct emit *e)
{
    e->alu.op = 0;
    if (!e->fl_val)
        return;
    if (flags_busy(e) && !flags_to_bool(e)) {
        struct vinfo *v = &e->v[e->fl_val];
        int32_t disp = ra_spill_slot(e, e->fl_val);
        bool locked = e->glock >> RAX & 1;
        bool used = locked || (e->gval[RAX] && e->v[e->gval[RAX]].last >= e->at) || e->gcst[RAX];
        if (used) /* keep rax: it may be an operand of the operation that clobbers */
            x_rm(&e->cb, OP_MOV_RM_R, true, RAX, mem_bd(STATE, CPU_DISP(leave_arg)));
        flags_image(e);
        x_rm(&e->cb, OP_MOV_RM_R16, false, RAX, mem_bd(STATE, disp));
        if (used)
            x_rm(&e->cb, OP_MOV_R_RM, true, RAX, mem_bd(STATE, CPU_DISP(leave_arg)));
        v->mem = disp;
        v->flags |= V_MEM;
    }
    e->fl_val = 0;
}

void flags_hold(struct emit *e, uint32_t i, bool carry)
{
    e->fl_val = i;
    e->fl_form = carry ? FL_CARRY : FL_BORROW;
}

void flags_restore(struct emit *e, ir_ref f)
{
    if (ir_is_const(f)) {
        uint16_t s = ir_flags_to_slot((uint32_t)ir_const_value(e->r, f));
        flags_clobber(e);
        ra_take(e, RAX);
        mov_ri(&e->cb, RAX, (uint32_t)s);
    } else {
        f = root_of(e, f);
        if (e->fl_val == f)
            return;
        assert(e->v[f].flags & V_MEM);
        flags_clobber(e);
        ra_take(e, RAX);
        x_rm(&e->cb, OP_MOVZX16, false, RAX, mem_bd(STATE, e->v[f].mem));
    }
    cb8(&e->cb, 0x04); /* add al, 0x7f: OF */
    cb8(&e->cb, 0x7f);
    cb8(&e->cb, 0x9e); /* sahf */
    e->alu.op = 0;
    if (!ir_is_const(f))
        flags_hold(e, f, false);
}

void flags_store(struct emit *e, ir_ref f, struct mem m)
{
    if (ir_is_const(f)) {
        x_rm(&e->cb, 0xc7 | P66, false, 0, m);
        unsigned s = ir_flags_to_slot((uint32_t)ir_const_value(e->r, f));
        cb8(&e->cb, s);
        cb8(&e->cb, s >> 8);
        return;
    }
    f = root_of(e, f);
    if (e->fl_val == f) {
        ra_take(e, RAX);
        flags_image(e);
    } else {
        int k = ra_temp(e);
        x_rm(&e->cb, OP_MOVZX16, false, k, mem_bd(STATE, e->v[f].mem));
        x_rm(&e->cb, OP_MOV_RM_R16, false, k, m);
        return;
    }
    x_rm(&e->cb, OP_MOV_RM_R16, false, RAX, m);
}

/* Notes that the operation just emitted set EFLAGS as `op a, b -> res` does. */
void alu_set(struct emit *e, unsigned op, ir_ref a, ir_ref b, ir_ref res, bool w)
{
    e->alu.op = (uint8_t)op;
    e->alu.a = a;
    e->alu.b = b;
    e->alu.res = res;
    e->alu.w = w;
    e->alu.cmc = false;
}

/* ----------------------------------------------------------------- comparisons */

void cmp_values(struct emit *e, unsigned op, ir_ref a, ir_ref b, bool w)
{
    struct mem m;
    int32_t imm;
    if (op == ALU_CMP) {
        if (ir_is_const(b) && ir_const_value(e->r, b) == 0 && !ra_in_mem(e, a, &m)) {
            int k = ra_use(e, a);
            x_rr(&e->cb, OP_TEST, w, k, k);
        } else if (imm32(e, b, w, &imm)) {
            if (ra_in_mem(e, a, &m))
                alu_mi(&e->cb, ALU_CMP, w, m, imm);
            else
                alu_ri(&e->cb, ALU_CMP, w, ra_use(e, a), imm);
        } else if (ra_in_mem(e, b, &m)) {
            alu_rm(&e->cb, ALU_CMP, w, ra_use(e, a), m);
        } else if (ra_in_mem(e, a, &m)) {
            alu_mr(&e->cb, ALU_CMP, w, m, ra_use(e, b));
        } else {
            int x = ra_use(e, a);
            alu_rr(&e->cb, ALU_CMP, w, x, ra_use(e, b));
        }
        return;
    }
    if (ir_is_const(b)) {
        uint64_t c = ir_const_value(e->r, b);
        if (!w)
            c = (uint32_t)c;
        if (c < 0x80 && !ra_in_mem(e, a, &m)) {
            x_rr(&e->cb, 0xf6 | OPB, false, 0, ra_use(e, a));
            cb8(&e->cb, (unsigned)c);
            return;
        }
        if (c == (uint32_t)c || (int64_t)c == (int32_t)c) {
            bool wide = w && (c >> 31) != 0;
            if (wide && c == (uint32_t)c)
                goto reg; /* sign would be extended */
            if (ra_in_mem(e, a, &m))
                x_rm(&e->cb, 0xf7, wide, 0, m);
            else
                x_rr(&e->cb, 0xf7, wide, 0, ra_use(e, a));
            cb32(&e->cb, (uint32_t)c);
            return;
        }
    }
reg:
    if (ra_in_mem(e, a, &m)) {
        x_rm(&e->cb, OP_TEST, w, ra_use(e, b), m);
        return;
    }
    int x = ra_use(e, a);
    if (ra_in_mem(e, b, &m))
        x_rm(&e->cb, OP_TEST, w, x, m);
    else
        x_rr(&e->cb, OP_TEST, w, x, ra_use(e, b));
}

bool same(struct emit *e, ir_ref a, ir_ref b)
{
    if (ir_is_const(a) || ir_is_const(b))
        return a == b;
    return root_of(e, a) == root_of(e, b);
}

static struct conds one(int cc) { return (struct conds){ { (int8_t)cc, -1 }, false }; }

static struct conds cond_icmp(struct emit *e, const struct ir_inst *p)
{
    ir_ref a = p->arg[0], b = p->arg[1];
    unsigned cc = p->aux;
    bool w = ir_type_of(e->r, ir_is_const(a) ? b : a) == IR_I64;
    bool zero = ir_is_const(b) && ir_const_value(e->r, b) == 0;
    if (e->alu.op && e->alu.w == w) {
        if (e->alu.op == IR_sub && same(e, e->alu.a, a) && same(e, e->alu.b, b))
            return one(cc_of(cc));
        if (zero && e->alu.res && !ir_is_const(a) && root_of(e, a) == e->alu.res) {
            if (cc == IR_EQ || cc == IR_NE)
                return one(cc_of(cc));
            bool logic = e->alu.op == IR_and || e->alu.op == IR_or || e->alu.op == IR_xor;
            if (logic && (cc == IR_GT || cc == IR_LE)) /* OF = 0 */
                return one(cc_of(cc));
            if (cc == IR_LT || cc == IR_GE)
                return one(cc == IR_LT ? CC_S : CC_NS);
        }
    }
    flags_clobber(e);
    if (ir_is_const(a) && !ir_is_const(b)) {
        cmp_values(e, ALU_CMP, b, a, w);
        return one(cc_of(ir_cc_swap((enum ir_cc)cc)));
    }
    cmp_values(e, ALU_CMP, a, b, w);
    alu_set(e, IR_sub, ir_is_const(a) ? a : root_of(e, a), ir_is_const(b) ? b : root_of(e, b), 0, w);
    return one(cc_of(cc));
}

static struct conds cond_itst(struct emit *e, const struct ir_inst *p)
{
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = ir_type_of(e->r, ir_is_const(a) ? b : a) == IR_I64;
    unsigned cc = p->aux;
    if (e->alu.op == IR_and && e->alu.w == w && same(e, e->alu.a, a) && same(e, e->alu.b, b))
        return one(cc_of(cc));
    flags_clobber(e);
    if (w && ir_is_const(b) && (cc == IR_EQ || cc == IR_NE)) {
        uint64_t c = ir_const_value(e->r, b);
        if (c >> 31 && !(c & (c - 1))) { /* one high bit */
            x_rr(&e->cb, 0xba | M0F, true, 4, ra_use(e, a)); /* bt r, imm8 */
            cb8(&e->cb, (unsigned)__builtin_ctzll(c));
            return one(cc == IR_EQ ? CC_AE : CC_B);
        }
    }
    cmp_values(e, ALU_AND, a, b, w);
    return one(cc_of(cc));
}

static struct conds cond_fcmp(struct emit *e, const struct ir_inst *f, uint32_t i, unsigned cc)
{
    /* ucomis a, b: CF = less or unordered, ZF = equal or unordered, PF = unordered. For half of the
     * conditions the operands change places. */
    static const struct { int8_t swap, cc; } map[IR_NCC] = {
        [IR_HS] = { 1, CC_BE }, [IR_LO] = { 1, CC_A }, [IR_HI] = { 1, CC_B }, [IR_LS_] = { 1, CC_AE },
        [IR_GE] = { 0, CC_AE }, [IR_LT] = { 0, CC_B }, [IR_GT] = { 0, CC_A }, [IR_LE] = { 0, CC_BE },
        [IR_MI] = { 1, CC_A },  [IR_PL] = { 1, CC_BE }, [IR_VS] = { 0, CC_P }, [IR_VC] = { 0, CC_NP },
    };
    bool eq = cc == IR_EQ || cc == IR_NE;
    bool swap = !eq && map[cc].swap;
    if (e->alu.op != IR_fcmp || e->alu.res != i || (e->alu.w != swap && !eq)) {
        flags_clobber(e);
        int a = rx_use(e, f->arg[swap]), b = rx_use(e, f->arg[!swap]);
        unsigned op =
            (f->imm & 1 ? 0x2f : 0x2e) | M0F | (ir_type_of(e->r, f->arg[0]) == IR_F64 ? P66 : 0);
        if (e->hf->avx)
            v_rrr(&e->cb, op, false, a, 0, b);
        else
            x_rr(&e->cb, op, false, a, b);
        alu_set(e, IR_fcmp, 0, 0, i, swap);
    }
    if (cc == IR_EQ)
        return (struct conds){ { CC_E, CC_NP }, true };
    if (cc == IR_NE)
        return (struct conds){ { CC_NE, CC_P }, false };
    return one(map[cc].cc);
}

struct conds cond_cc(struct emit *e, const struct ir_inst *p)
{
    unsigned cc = p->aux;
    ir_ref f = p->arg[0];
    if (!ir_is_const(f)) {
        f = root_of(e, f);
        if (e->v[f].flags & (V_DEFER | V_AGAIN))
            return cond_fcmp(e, inst(e, f), f, cc);
        if (e->fl_val != f && (e->v[f].flags & V_MEM)) { /* one bit of the stored form */
            static const struct { uint8_t byte, bit, set; } simple[IR_NCC] = {
                [IR_EQ] = { 1, 0x40, 1 }, [IR_NE] = { 1, 0x40, 0 }, [IR_HS] = { 1, 0x01, 0 },
                [IR_LO] = { 1, 0x01, 1 }, [IR_MI] = { 1, 0x80, 1 }, [IR_PL] = { 1, 0x80, 0 },
                [IR_VS] = { 0, 0x01, 1 }, [IR_VC] = { 0, 0x01, 0 },
            };
            if (simple[cc].bit) {
                flags_clobber(e);
                x_rm(&e->cb, 0xf6, false, 0, mem_bd(STATE, e->v[f].mem + simple[cc].byte));
                cb8(&e->cb, simple[cc].bit);
                return one(simple[cc].set ? CC_NE : CC_E);
            }
        }
    }
    flags_restore(e, f);
    if (e->fl_form == FL_CARRY && !ir_is_const(f)) {
        if (cc == IR_HS || cc == IR_LO)
            return one(cc == IR_HS ? CC_B : CC_AE);
        if (cc == IR_HI || cc == IR_LS_) {
            cb8(&e->cb, 0xf5); /* cmc */
            e->fl_form = FL_BORROW;
            e->alu.op = 0;
        }
    }
    return one(cc_of(cc));
}

struct conds emit_cond(struct emit *e, ir_ref v)
{
    if (!ir_is_const(v)) {
        const struct ir_inst *p = inst(e, v);
        if (e->v[v].flags & V_DEFER) {
            switch (p->op) {
            case IR_icmp:
                return cond_icmp(e, p);
            case IR_itst:
                return cond_itst(e, p);
            case IR_cc:
                return cond_cc(e, p);
            case IR_xor: { /* with 1: not */
                struct conds c = emit_cond(e, p->arg[0]);
                c.cc[0] ^= 1;
                if (c.cc[1] >= 0) {
                    c.cc[1] ^= 1;
                    c.all = !c.all;
                }
                return c;
            }
            }
        }
    }
    struct mem m;
    flags_clobber(e);
    if (ra_in_mem(e, v, &m)) {
        alu_mi(&e->cb, ALU_CMP, false, m, 0);
    } else {
        int k = ra_use(e, v);
        x_rr(&e->cb, OP_TEST, false, k, k);
    }
    return one(CC_NE);
}

/* setcc of conds into dst (32 bits, zero-extended). Keeps EFLAGS for one condition. */
void emit_set_bool(struct emit *e, struct conds c, int dst)
{
    x_rr(&e->cb, OP_SETCC | (unsigned)c.cc[0], false, 0, dst);
    if (c.cc[1] >= 0) {
        int t = ra_temp(e);
        x_rr(&e->cb, OP_SETCC | (unsigned)c.cc[1], false, 0, t);
        x_rr(&e->cb, c.all ? 0x22 | OPB : 0x0a | OPB, false, dst, t); /* and / or r8, r8 */
        e->alu.op = 0;
        e->fl_val = 0;
    }
    x_rr(&e->cb, OP_MOVZX8, false, dst, dst);
}

void emit_bool(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    struct conds c = p->op == IR_icmp ? cond_icmp(e, p) : p->op == IR_itst ? cond_itst(e, p)
                                                                            : cond_cc(e, p);
    if (c.cc[1] >= 0)
        flags_clobber(e);
    emit_set_bool(e, c, ra_def_clear(e, i));
}
