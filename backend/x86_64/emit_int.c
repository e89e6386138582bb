/*
 * Integer operations, comparisons and flags.
 *
 * Selection looks at where operands are: results are computed in their homes, memory-only operands are
 * used from memory, lea adds without a copy. Two things are tracked so that comparisons cost nothing
 * where the host's arithmetic has made them already: which FLG value EFLAGS hold (fl_val), and which
 * operation set them last (alu). While EFLAGS hold a value that is needed, forms are chosen that keep
 * them (lea, mov, BMI2 shifts); if none fits, the value is saved (flags_clobber).
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

/* EFLAGS (holding fl_val) to the two-byte form in rax. */
static void flags_image(struct emit *e)
{
    if (e->fl_form == FL_CARRY) {
        cb8(&e->cb, 0xf5); /* cmc: what e->alu is asked for after it does not depend on CF */
        e->fl_form = FL_BORROW;
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
static void alu_set(struct emit *e, unsigned op, ir_ref a, ir_ref b, ir_ref res, bool w)
{
    e->alu.op = (uint8_t)op;
    e->alu.a = a;
    e->alu.b = b;
    e->alu.res = res;
    e->alu.w = w;
}

/* ----------------------------------------------------------------- comparisons */

static void cmp_values(struct emit *e, unsigned op /* ALU_CMP or test */, ir_ref a, ir_ref b, bool w)
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

static bool same(struct emit *e, ir_ref a, ir_ref b)
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
    flags_clobber(e);
    int a = rx_use(e, f->arg[swap]), b = rx_use(e, f->arg[!swap]);
    unsigned op = (f->imm & 1 ? 0x2f : 0x2e) | M0F | (ir_type_of(e->r, f->arg[0]) == IR_F64 ? P66 : 0);
    if (e->hf->avx)
        v_rrr(&e->cb, op, false, a, 0, b);
    else
        x_rr(&e->cb, op, false, a, b);
    if (cc == IR_EQ)
        return (struct conds){ { CC_E, CC_NP }, true };
    if (cc == IR_NE)
        return (struct conds){ { CC_NE, CC_P }, false };
    return one(map[cc].cc);
}

static struct conds cond_cc(struct emit *e, const struct ir_inst *p)
{
    unsigned cc = p->aux;
    ir_ref f = p->arg[0];
    if (!ir_is_const(f)) {
        f = root_of(e, f);
        if (e->v[f].flags & V_DEFER)
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

/* ------------------------------------------------------------------ flag values */

/* Before the operands of an operation with carry c are taken: is c a condition that is not just CF, it
 * is made as 0 or 1 in a register, which is given to carry_in; else -1. */
static int carry_ready(struct emit *e, ir_ref c)
{
    if (ir_is_const(c) || !(e->v[c].flags & V_DEFER))
        return -1;
    const struct ir_inst *p = inst(e, c);
    ir_ref f = p->arg[0];
    if (!ir_is_const(f) && (p->aux == IR_HS || p->aux == IR_LO) &&
        !(e->v[root_of(e, f)].flags & V_DEFER))
        return -1;
    uint32_t lock = e->glock;
    struct conds k = cond_cc(e, p);
    int t = ra_temp(e);
    emit_set_bool(e, k, t);
    e->glock = lock | 1u << t;
    e->xlock = 0;
    return t;
}

/* CF := c (inverted: CF := not c), keeping nothing else. */
static void carry_in(struct emit *e, ir_ref c, int ready, bool inverted)
{
    if (ready >= 0) {
        flags_clobber(e);
        if (inverted)
            alu_ri(&e->cb, ALU_CMP, false, ready, 1);
        else
            x_rr(&e->cb, 0xf7, false, 3, ready); /* neg: CF = t != 0 */
        return;
    }
    if (ir_is_const(c)) {
        bool set = (ir_const_value(e->r, c) & 1) != inverted;
        flags_clobber(e);
        cb8(&e->cb, set ? 0xf9 : 0xf8); /* stc, clc */
        return;
    }
    if (e->v[c].flags & V_DEFER) {
        const struct ir_inst *p = inst(e, c);
        ir_ref f = p->arg[0];
        if (!ir_is_const(f) && (p->aux == IR_HS || p->aux == IR_LO) &&
            !(e->v[root_of(e, f)].flags & V_DEFER)) {
            f = root_of(e, f);
            bool is_carry;
            if (e->fl_val == f) {
                is_carry = e->fl_form == FL_CARRY && !flags_busy(e); /* saving gives the borrow form */
                flags_clobber(e); /* saves them if needed later; EFLAGS are still there */
            } else {
                flags_clobber(e);
                x_rm(&e->cb, 0xba | M0F, false, 4, mem_bd(STATE, e->v[f].mem)); /* bt m32, 8 */
                cb8(&e->cb, 8);
                is_carry = false;
            }
            bool have_inverted = is_carry == (p->aux == IR_LO);
            if (have_inverted != inverted)
                cb8(&e->cb, 0xf5); /* cmc */
            return;
        }
        assert(!"carry_ready has made it");
    }
    flags_clobber(e);
    if (inverted) {
        struct mem m;
        if (ra_in_mem(e, c, &m))
            alu_mi(&e->cb, ALU_CMP, false, m, 1);
        else
            alu_ri(&e->cb, ALU_CMP, false, ra_use(e, c), 1); /* CF = c < 1 */
    } else {
        x_rr(&e->cb, 0xba | M0F, false, 4, ra_use(e, c)); /* bt r, 0 */
        cb8(&e->cb, 0);
    }
}

static void alu_operand(struct emit *e, enum alu op, bool w, int dst, ir_ref b)
{
    struct mem m;
    int32_t imm;
    if (imm32(e, b, w, &imm))
        alu_ri(&e->cb, op, w, dst, imm);
    else if (ra_in_mem(e, b, &m))
        alu_rm(&e->cb, op, w, dst, m);
    else
        alu_rr(&e->cb, op, w, dst, ra_use(e, b));
}

void emit_flags(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = a && ir_type_of(e->r, a) == IR_I64;
    switch (p->op) {
    case IR_flsub:
        if (!(e->v[i].flags & V_FUSED) && !(e->alu.op == IR_sub && e->alu.w == w && same(e, e->alu.a, a) && same(e, e->alu.b, b))) {
            flags_clobber(e);
            cmp_values(e, ALU_CMP, a, b, w);
            alu_set(e, IR_sub, ir_is_const(a) ? a : root_of(e, a), ir_is_const(b) ? b : root_of(e, b), 0, w);
        }
        flags_hold(e, i, false);
        break;
    case IR_fladd:
        if (!(e->v[i].flags & V_FUSED) && !(e->alu.op == IR_add && e->alu.w == w && same(e, e->alu.a, a) && same(e, e->alu.b, b))) {
            flags_clobber(e);
            int t = ra_copy(e, a);
            alu_operand(e, ALU_ADD, w, t, b);
        }
        flags_hold(e, i, true);
        break;
    case IR_fllog:
        if (!((e->alu.op == IR_and) && e->alu.w == w && !ir_is_const(a) && e->alu.res == root_of(e, a))) {
            flags_clobber(e);
            int t = ra_use(e, a);
            x_rr(&e->cb, OP_TEST, w, t, t);
        }
        e->alu.op = 0;
        flags_hold(e, i, true); /* CF = 0 = C, OF = 0 = V */
        break;
    case IR_fladc:
    case IR_flsbc: {
        bool sub = p->op == IR_flsbc;
        if (!(e->alu.op == (sub ? IR_sbc : IR_adc) && e->alu.w == w && same(e, e->alu.a, a) &&
              same(e, e->alu.b, b))) {
            int ready = carry_ready(e, p->arg[2]), t = ra_copy(e, a);
            if (!ir_is_const(b))
                ra_use(e, b);
            carry_in(e, p->arg[2], ready, sub);
            alu_operand(e, sub ? ALU_SBB : ALU_ADC, w, t, b);
        }
        e->alu.op = 0;
        flags_hold(e, i, !sub);
        break;
    }
    case IR_flpack: {
        if (ir_is_const(a)) {
            e->v[i].mem = ra_spill_slot(e, i);
            e->v[i].flags |= V_MEM;
            mov_mi32(&e->cb, false, mem_bd(STATE, e->v[i].mem),
                     ir_flags_to_slot((uint32_t)ir_const_value(e->r, a)));
            break;
        }
        flags_clobber(e);
        /* bits 31 30 29 28 -> slot form: byte 1 bits 7, 6 and (inverted) 0; byte 0 bit 0 */
        int32_t disp = ra_spill_slot(e, i);
        int t = ra_copy(e, a), u = ra_temp(e);
        mov_rr(&e->cb, false, u, t);
        shift_ri(&e->cb, SH_SHR, false, u, 16);
        alu_ri(&e->cb, ALU_AND, false, u, 0xc000);
        shift_ri(&e->cb, SH_SHR, false, t, 28);
        /* t = N Z C V in bits 3..0: V to bit 0, not C to bit 8 */
        int s = ra_temp(e);
        mov_rr(&e->cb, false, s, t);
        alu_ri(&e->cb, ALU_AND, false, t, 1);
        alu_rr(&e->cb, ALU_OR, false, u, t);
        x_rr(&e->cb, 0xf7, false, 2, s); /* not */
        alu_ri(&e->cb, ALU_AND, false, s, 2);
        shift_ri(&e->cb, SH_SHL, false, s, 7);
        alu_rr(&e->cb, ALU_OR, false, u, s);
        x_rm(&e->cb, OP_MOV_RM_R, false, u, mem_bd(STATE, disp));
        e->v[i].mem = disp;
        e->v[i].flags |= V_MEM;
        break;
    }
    case IR_flsel: {
        /* A select of the stored forms. One side is usually a constant (ccmp), the other in EFLAGS. */
        int32_t disp = ra_spill_slot(e, i);
        int side[2] = { -1, -1 };
        for (int k = 0; k < 2; k++) {
            ir_ref f = root_of(e, p->arg[k + 1]);
            if (e->fl_val == f && side[0] != RAX) {
                ra_take(e, RAX);
                flags_image(e);
                side[k] = RAX;
            }
        }
        for (int k = 0; k < 2; k++) {
            ir_ref f = root_of(e, p->arg[k + 1]);
            const struct ir_inst *d = inst(e, f);
            if (side[k] >= 0)
                continue;
            side[k] = ra_temp(e);
            if (e->fl_val == f)
                mov_rr(&e->cb, false, side[k], RAX);
            else if (d->op == IR_flpack && ir_is_const(d->arg[0]))
                mov_ri(&e->cb, side[k], ir_flags_to_slot((uint32_t)ir_const_value(e->r, d->arg[0])));
            else
                x_rm(&e->cb, OP_MOVZX16, false, side[k], mem_bd(STATE, e->v[f].mem));
        }
        flags_clobber(e);
        struct mem m;
        if (ra_in_mem(e, a, &m)) {
            alu_mi(&e->cb, ALU_CMP, false, m, 0);
        } else {
            int c = ra_use(e, a);
            x_rr(&e->cb, OP_TEST, false, c, c);
        }
        x_rr(&e->cb, OP_CMOV | CC_E, false, side[0], side[1]);
        x_rm(&e->cb, OP_MOV_RM_R, false, side[0], mem_bd(STATE, disp));
        e->v[i].mem = disp;
        e->v[i].flags |= V_MEM;
        break;
    }
    case IR_flget: {
        ir_ref f = p->arg[0];
        if (ir_is_const(f)) {
            int d = ra_def_clear(e, i);
            mov_ri(&e->cb, d, (uint32_t)ir_const_value(e->r, f));
            break;
        }
        f = root_of(e, f);
        int t;
        if (e->fl_val == f) {
            ra_take(e, RAX);
            flags_image(e);
            t = RAX;
            x_rr(&e->cb, OP_MOVZX16, false, t, t);
        } else {
            t = ra_temp(e);
            x_rm(&e->cb, OP_MOVZX16, false, t, mem_bd(STATE, e->v[f].mem));
        }
        flags_clobber(e);
        int d = ra_def_clear(e, i);
        /* d = (t & 0xc000) << 16 | (~t & 0x100) << 21 | (t & 1) << 28 */
        mov_rr(&e->cb, false, d, t);
        alu_ri(&e->cb, ALU_XOR, false, d, 0x100);
        alu_ri(&e->cb, ALU_AND, false, d, 0xc100);
        shift_ri(&e->cb, SH_SHL, false, d, 16);
        alu_ri(&e->cb, ALU_AND, false, t, 1);
        shift_ri(&e->cb, SH_SHL, false, t, 28);
        alu_rr(&e->cb, ALU_OR, false, t, d);
        x_rr(&e->cb, 0xba | M0F, false, 6, t); /* btr t, 24: C to CF */
        cb8(&e->cb, 24);
        x_rr(&e->cb, OP_SETCC | CC_B, false, 0, d);
        x_rr(&e->cb, OP_MOVZX8, false, d, d);
        shift_ri(&e->cb, SH_SHL, false, d, 29);
        alu_rr(&e->cb, ALU_OR, false, d, t);
        break;
    }
    }
}

/* ------------------------------------------------------------------- arithmetic */

static bool next_wants_flags(struct emit *e, uint32_t i, unsigned fl_op)
{
    const struct ir_inst *p = inst(e, i);
    for (uint32_t k = i + 1; k < i + 3 && k < e->r->ninsts; k++) {
        const struct ir_inst *n = inst(e, k);
        if (n->op == fl_op && same(e, n->arg[0], fl_op == IR_fllog ? i : p->arg[0]) &&
            (fl_op == IR_fllog || same(e, n->arg[1], p->arg[1])))
            return true;
        if (n->op != IR_nop && n->op != IR_set)
            return false;
    }
    return false;
}

/* x5 := x5 op b with x5 in its slot and the result used by nothing else: one instruction on memory. */
static bool alu_in_slot(struct emit *e, uint32_t i, enum alu op, ir_ref a, ir_ref b, bool w)
{
    struct vinfo *v = &e->v[i];
    if (!v->hint || inst(e, i)->uses != 1 || !w || ir_is_const(a))
        return false;
    const struct home *h = &e->home[v->hint - 1];
    struct vinfo *va = vi(e, a);
    if (h->reg >= 0 || va->reg >= 0 || !(va->flags & V_MEM) || va->mem != h->disp ||
        va->last > e->at || e->slotval[v->hint - 1] != va->root || v->hint_at != v->last)
        return false;
    int32_t imm;
    flags_clobber(e);
    if (imm32(e, b, true, &imm))
        alu_mi(&e->cb, op, true, mem_bd(STATE, h->disp), imm);
    else
        alu_mr(&e->cb, op, true, mem_bd(STATE, h->disp), ra_use(e, b));
    e->v[v->hint_at].flags |= V_DONE;
    e->slotval[v->hint - 1] = 0;
    return true;
}

static void emit_add_sub(struct emit *e, uint32_t i, bool sub)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    int32_t imm;
    bool flags = e->v[i].flags & V_FUSES;
    if (flags) { /* as the flags' operation has it */
        uint32_t f = i + 1;
        while (inst(e, f)->op == IR_nop)
            f++;
        sub = inst(e, f)->op == IR_flsub;
        b = inst(e, f)->arg[1];
    } else if (!sub && ir_is_const(a)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    if (!flags && alu_in_slot(e, i, sub ? ALU_SUB : ALU_ADD, a, b, w))
        return;
    ir_ref ra = ir_is_const(a) ? a : root_of(e, a), rb = ir_is_const(b) ? b : root_of(e, b);
    bool is_imm = imm32(e, b, w, &imm);
    if (!flags && (!sub || (is_imm && imm != INT32_MIN)) && !ir_is_const(a)) {
        /* lea where the result goes elsewhere than a operand or EFLAGS must live */
        int x = -1, y = -1, d;
        struct mem m;
        bool b_mem = !is_imm && ra_in_mem(e, b, &m);
        if (!b_mem || flags_busy(e)) {
            x = ra_use(e, a);
            if (!is_imm)
                y = ra_use(e, b);
            d = ra_def(e, i);
            if (d == x && !flags_busy(e)) {
                flags_clobber(e);
                if (is_imm)
                    alu_ri(&e->cb, sub ? ALU_SUB : ALU_ADD, w, d, imm);
                else
                    alu_rr(&e->cb, ALU_ADD, w, d, y);
                alu_set(e, sub ? IR_sub : IR_add, ra, rb, i, w);
            } else if (d == y && !flags_busy(e)) {
                flags_clobber(e);
                alu_rr(&e->cb, ALU_ADD, w, d, x);
            } else if (is_imm) {
                x_rm(&e->cb, OP_LEA, w, d, mem_bd(x, sub ? -imm : imm));
            } else {
                struct mem s = { .base = (int8_t)x, .index = (int8_t)y };
                x_rm(&e->cb, OP_LEA, w, d, s);
            }
            return;
        }
    }
    flags_clobber(e);
    if (sub && ir_is_const(a) && ir_const_value(e->r, a) == 0 && !flags) {
        int d = ra_def_copy(e, i, b, IR_NONE);
        x_rr(&e->cb, 0xf7, w, 3, d);
        return;
    }
    int d = ra_def_copy(e, i, a, is_imm ? IR_NONE : b);
    alu_operand(e, sub ? ALU_SUB : ALU_ADD, w, d, b);
    alu_set(e, sub ? IR_sub : IR_add, ra, rb, i, w);
}

/* Is result i of a commutative operation better made in b's register than in a's? */
static bool better_in_second(struct emit *e, uint32_t i, ir_ref a, ir_ref b)
{
    if (ir_is_const(b) || vi(e, b)->reg < 0 || !dies(e, b))
        return false;
    int home = e->v[i].hint ? e->home[e->v[i].hint - 1].reg : -1;
    return home == vi(e, b)->reg || (!dies(e, a) && !(home >= 0 && vi(e, a)->reg == home));
}

static void emit_logic(struct emit *e, uint32_t i, enum alu op)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    int32_t imm;
    if (ir_is_const(a)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    if (op != ALU_AND || !next_wants_flags(e, i, IR_fllog)) {
        if (alu_in_slot(e, i, op, a, b, w))
            return;
    }
    if (op == ALU_AND && ir_is_const(b)) {
        uint64_t c = ir_const_value(e->r, b);
        struct mem m;
        if ((c == 0xff || c == 0xffff) && !next_wants_flags(e, i, IR_fllog)) {
            unsigned o = c == 0xff ? OP_MOVZX8 : OP_MOVZX16;
            if (ra_in_mem(e, a, &m)) {
                x_rm(&e->cb, o, false, ra_def(e, i), m);
            } else {
                int x = ra_use(e, a);
                x_rr(&e->cb, o, false, ra_def(e, i), x);
            }
            return;
        }
        if (c == 0xffffffff && w) {
            int x = ra_use(e, a);
            mov_rr(&e->cb, false, ra_def(e, i), x);
            return;
        }
        if (w && c <= 0x7fffffff && !next_wants_flags(e, i, IR_fllog))
            w = false; /* shorter, same value */
        if (p->type == IR_I64 && c > 0x7fffffff && c == (uint32_t)c && !next_wants_flags(e, i, IR_fllog)) {
            flags_clobber(e); /* the upper half becomes 0 */
            int d = ra_def_copy(e, i, a, IR_NONE);
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)c);
            return;
        }
    }
    flags_clobber(e);
    bool is_imm = imm32(e, b, w, &imm);
    if (!is_imm && better_in_second(e, i, a, b)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    ir_ref ra = ir_is_const(a) ? a : root_of(e, a), rb = ir_is_const(b) ? b : root_of(e, b);
    int d = ra_def_copy(e, i, a, is_imm ? IR_NONE : b);
    alu_operand(e, op, w, d, b);
    alu_set(e, op == ALU_AND ? IR_and : op == ALU_OR ? IR_or : IR_xor, ra, rb, i, w);
}

static void emit_shift(struct emit *e, uint32_t i, enum shift op)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    struct mem m;
    if (ir_is_const(b)) {
        unsigned n = (unsigned)ir_const_value(e->r, b) & (w ? 63 : 31);
        if (op == SH_ROR && e->hf->bmi2) {
            if (ra_in_mem(e, a, &m)) {
                int d = ra_def(e, i);
                asm_vex(&e->cb, OP_RORX, w, 0, d, 0, 0, m.base);
                asm_mem(&e->cb, d, m, 0);
            } else {
                int x = ra_use(e, a);
                v_rrr(&e->cb, OP_RORX, w, ra_def(e, i), 0, x);
            }
            cb8(&e->cb, n);
            return;
        }
        if (op == SH_SHL && n <= 3 && n && (flags_busy(e) || !dies(e, a))) {
            int x = ra_use(e, a), d = ra_def(e, i);
            if (n == 1) {
                struct mem s = { .base = (int8_t)x, .index = (int8_t)x };
                x_rm(&e->cb, OP_LEA, w, d, s);
                return;
            }
            struct mem s = { .base = -1, .index = (int8_t)x, .scale = (uint8_t)n };
            x_rm(&e->cb, OP_LEA, w, d, s);
            return;
        }
        if (!flags_busy(e) || !e->hf->bmi2) {
            flags_clobber(e);
            int d = ra_def_copy(e, i, a, IR_NONE);
            if (n)
                shift_ri(&e->cb, op, w, d, n);
            else if (!w) /* a zext shares the register */
                mov_rr(&e->cb, false, d, d);
            return;
        }
    }
    if (e->hf->bmi2 && op != SH_ROR) {
        int c = ra_use(e, b);
        unsigned o = op == SH_SHL ? OP_SHLX : op == SH_SHR ? OP_SHRX : OP_SARX;
        if (ra_in_mem(e, a, &m)) {
            int d = ra_def(e, i);
            v_rrm(&e->cb, o, w, d, c, m);
        } else {
            int x = ra_use(e, a);
            v_rrr(&e->cb, o, w, ra_def(e, i), c, x);
        }
        return;
    }
    flags_clobber(e);
    ra_use_in(e, b, RCX);
    /* the result in scratch: rcx may be anything's register */
    int d;
    if (!ir_is_const(a) && vi(e, a)->reg >= 0) {
        int x = ra_use(e, a);
        d = ra_def_scratch(e, i);
        mov_rr(&e->cb, true, d, x);
    } else {
        d = ra_copy(e, a);
        ra_bind(e, i, d);
    }
    shift_rcl(&e->cb, op, w, d);
}

static void emit_field(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0];
    bool w = p->type == IR_I64;
    unsigned lsb = p->imm & 0xff, width = p->imm >> 8 & 0xff, bits = w ? 64 : 32;
    bool sign = p->op == IR_sbfx;
    struct mem m;
    if (lsb % 8 == 0 && (width == 8 || width == 16) && ra_in_mem(e, a, &m)) {
        m.disp += (int)lsb / 8;
        unsigned o = width == 8 ? (sign ? OP_MOVSX8 : OP_MOVZX8) : (sign ? OP_MOVSX16 : OP_MOVZX16);
        x_rm(&e->cb, o, w && sign, ra_def(e, i), m);
        return;
    }
    if (lsb == 0 && (width == 8 || width == 16 || (width == 32 && w))) {
        int x = ra_use(e, a), d = ra_def(e, i);
        if (width == 32) {
            if (sign)
                x_rr(&e->cb, OP_MOVSXD, true, d, x);
            else
                mov_rr(&e->cb, false, d, x);
        } else {
            x_rr(&e->cb, width == 8 ? (sign ? OP_MOVSX8 : OP_MOVZX8) : (sign ? OP_MOVSX16 : OP_MOVZX16),
                 w && sign, d, x);
        }
        return;
    }
    flags_clobber(e);
    if (!sign && lsb + width < bits && width <= 31) {
        if (lsb == 0) {
            int d = ra_def_copy(e, i, a, IR_NONE);
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)((1u << width) - 1));
            return;
        }
        int d;
        if (e->hf->bmi2 && !ir_is_const(a) && vi(e, a)->reg >= 0 && !dies(e, a)) {
            int x = ra_use(e, a);
            d = ra_def(e, i);
            v_rrr(&e->cb, OP_RORX, w, d, 0, x);
            cb8(&e->cb, lsb);
        } else {
            d = ra_def_copy(e, i, a, IR_NONE);
            shift_ri(&e->cb, SH_SHR, w, d, lsb);
        }
        if (width == 8)
            x_rr(&e->cb, OP_MOVZX8, false, d, d);
        else if (width == 16)
            x_rr(&e->cb, OP_MOVZX16, false, d, d);
        else
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)((1u << width) - 1));
        return;
    }
    int d = ra_def_copy(e, i, a, IR_NONE);
    if (lsb + width < bits)
        shift_ri(&e->cb, SH_SHL, w, d, bits - lsb - width);
    if (width < bits)
        shift_ri(&e->cb, sign ? SH_SAR : SH_SHR, w, d, bits - width);
}

static void emit_bfi(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    unsigned lsb = p->imm & 0xff, width = p->imm >> 8 & 0xff, bits = w ? 64 : 32;
    uint64_t mask = (width == 64 ? ~0ull : (1ull << width) - 1) << lsb;
    flags_clobber(e);
    int t = -1;
    uint64_t cb = 0;
    if (ir_is_const(b)) {
        cb = ir_const_value(e->r, b) << lsb & mask;
    } else { /* the field in place, alone */
        t = ra_copy(e, b);
        if (lsb + width == bits) {
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width == 8 || width == 16) {
            x_rr(&e->cb, width == 8 ? OP_MOVZX8 : OP_MOVZX16, false, t, t);
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width < 32) {
            alu_ri(&e->cb, ALU_AND, false, t, (int32_t)((1u << width) - 1));
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width == 32) {
            mov_rr(&e->cb, false, t, t);
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else {
            shift_ri(&e->cb, SH_SHL, w, t, bits - width);
            if (bits - width > lsb)
                shift_ri(&e->cb, SH_SHR, w, t, bits - width - lsb);
        }
    }
    /* never in place of its own operand's home before it is read: def_copy keeps b */
    int d = ra_def_copy(e, i, a, b);
    uint64_t keep = w ? ~mask : (uint32_t)~mask;
    if (w && keep == (uint32_t)keep) {
        if (keep == 0xffffffff)
            mov_rr(&e->cb, false, d, d);
        else
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)keep);
    } else if (!w || (int64_t)keep == (int32_t)keep) {
        alu_ri(&e->cb, ALU_AND, w, d, (int32_t)keep);
    } else if (lsb == 0) { /* clear the low bits */
        shift_ri(&e->cb, SH_SHR, true, d, width);
        shift_ri(&e->cb, SH_SHL, true, d, width);
    } else {
        int u = ra_temp(e);
        mov_ri(&e->cb, u, keep);
        alu_rr(&e->cb, ALU_AND, true, d, u);
    }
    if (t >= 0) {
        alu_rr(&e->cb, ALU_OR, w, d, t);
    } else if (cb) {
        if (!w || (int64_t)cb == (int32_t)cb) {
            alu_ri(&e->cb, ALU_OR, w, d, (int32_t)cb);
        } else {
            int u = ra_temp(e);
            mov_ri(&e->cb, u, cb);
            alu_rr(&e->cb, ALU_OR, true, d, u);
        }
    }
}

static void emit_mul(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    int32_t imm;
    struct mem m;
    if (ir_is_const(a)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    flags_clobber(e);
    if (imm32(e, b, w, &imm) && !ir_is_const(a)) {
        int x = ra_use(e, a), d = ra_def(e, i);
        bool small = imm == (int8_t)imm;
        x_rr(&e->cb, small ? OP_IMUL_I8 : OP_IMUL_I, w, d, x);
        if (small)
            cb8(&e->cb, (unsigned)imm);
        else
            cb32(&e->cb, (uint32_t)imm);
        return;
    }
    if (better_in_second(e, i, a, b)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    int d = ra_def_copy(e, i, a, b);
    if (ra_in_mem(e, b, &m))
        x_rm(&e->cb, OP_IMUL, w, d, m);
    else
        x_rr(&e->cb, OP_IMUL, w, d, ra_use(e, b));
}

static void emit_mulh(struct emit *e, uint32_t i, bool sign)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    flags_clobber(e);
    ra_use_in(e, a, RAX);
    int y = -1;
    struct mem m;
    if (!ir_is_const(b) && vi(e, b)->reg == RDX) { /* rdx is the result */
        ra_take(e, RDX);
        y = RDX;
    } else {
        ra_take(e, RDX);
        if (!ra_in_mem(e, b, &m))
            y = ra_use(e, b);
    }
    if (y < 0)
        x_rm(&e->cb, 0xf7, true, sign ? 5 : 4, m);
    else
        x_rr(&e->cb, 0xf7, true, sign ? 5 : 4, y);
    ra_bind(e, i, RDX);
}

static void emit_div(struct emit *e, uint32_t i, bool sign)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    flags_clobber(e);
    int y;
    if (ir_is_const(b) || vi(e, b)->reg < 0 || vi(e, b)->reg == RAX || vi(e, b)->reg == RDX) {
        y = ra_use_in(e, b, RCX);
    } else {
        y = ra_use(e, b);
    }
    ra_use_in(e, a, RAX);
    ra_take(e, RDX);
    bool known = ir_is_const(b) && ir_const_value(e->r, b) != 0;
    struct label zero = { 0 }, minus = { 0 }, end = { 0 };
    if (!known) {
        x_rr(&e->cb, OP_TEST, w, y, y);
        emit_jcc(e, CC_E, (struct dest){ .kind = TO_LABEL, .label = &zero });
    }
    if (sign && !(known && ir_const_value(e->r, b) != (w ? ~0ull : 0xffffffffull))) {
        alu_ri(&e->cb, ALU_CMP, w, y, -1);
        emit_jcc(e, CC_E, (struct dest){ .kind = TO_LABEL, .label = &minus });
    } else {
        minus.at = (uint8_t *)1;
    }
    if (sign) {
        if (w)
            cb8(&e->cb, 0x48);
        cb8(&e->cb, 0x99); /* cdq, cqo */
    } else {
        alu_rr(&e->cb, ALU_XOR, false, RDX, RDX);
    }
    x_rr(&e->cb, 0xf7, w, sign ? 7 : 6, y);
    if (!minus.at) {
        emit_jmp(e, (struct dest){ .kind = TO_LABEL, .label = &end });
        label_bind(e, &minus);
        x_rr(&e->cb, 0xf7, w, 3, RAX); /* neg; also right for the minimum */
    }
    if (!known) {
        emit_jmp(e, (struct dest){ .kind = TO_LABEL, .label = &end });
        label_bind(e, &zero);
        alu_rr(&e->cb, ALU_XOR, false, RAX, RAX);
    }
    label_bind(e, &end);
    e->alu.op = 0;
    ra_bind(e, i, RAX);
}

static void emit_count(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    bool w = p->type == IR_I64, clz = p->op == IR_clz;
    flags_clobber(e);
    int x = ra_use(e, p->arg[0]);
    if (clz ? e->hf->lzcnt : e->hf->bmi1) {
        x_rr(&e->cb, clz ? OP_LZCNT : OP_TZCNT, w, ra_def(e, i), x);
        return;
    }
    int d = ra_def_clear(e, i), t = ra_temp(e);
    if (clz) {
        mov_ri(&e->cb, t, w ? 127 : 63);
        x_rr(&e->cb, OP_BSR, w, d, x);
        x_rr(&e->cb, OP_CMOV | CC_E, false, d, t);
        alu_ri(&e->cb, ALU_XOR, false, d, w ? 63 : 31);
    } else {
        mov_ri(&e->cb, t, w ? 64 : 32);
        x_rr(&e->cb, OP_BSF, w, d, x);
        x_rr(&e->cb, OP_CMOV | CC_E, false, d, t);
    }
}

static void emit_bswap(struct emit *e, bool w, int d)
{
    unsigned rex = (unsigned)w << 3 | (unsigned)d >> 3;
    if (rex)
        cb8(&e->cb, 0x40 | rex);
    cb8(&e->cb, 0x0f);
    cb8(&e->cb, 0xc8 | (unsigned)(d & 7));
}

static void emit_rbit(struct emit *e, uint32_t i)
{
    static const uint64_t mask[3] = { 0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f };
    const struct ir_inst *p = inst(e, i);
    bool w = p->type == IR_I64;
    flags_clobber(e);
    int d = ra_copy(e, p->arg[0]), t = ra_temp(e), k = ra_temp(e);
    ra_bind(e, i, d);
    emit_bswap(e, w, d);
    for (int s = 0; s < 3; s++) {
        mov_ri(&e->cb, k, w ? mask[s] : (uint32_t)mask[s]);
        mov_rr(&e->cb, w, t, d);
        shift_ri(&e->cb, SH_SHR, w, t, 1u << s);
        alu_rr(&e->cb, ALU_AND, w, t, k);
        alu_rr(&e->cb, ALU_AND, w, d, k);
        shift_ri(&e->cb, SH_SHL, w, d, 1u << s);
        alu_rr(&e->cb, ALU_OR, w, d, t);
    }
}

static void emit_select(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[1], b = p->arg[2];
    bool w = p->type == IR_I64;
    if (e->v[i].class == CL_XMM) { /* a short branch: cmov has no vector form */
        struct conds c = emit_cond(e, p->arg[0]);
        int ra_ = rx_use(e, a), rb_ = rx_use(e, b), d = rx_def_clear(e, i);
        struct label skip = { 0 };
        emit_x2(e, OP_MOVAPS, d, ra_);
        if (c.cc[1] >= 0 && !c.all) { /* true if either */
            emit_jcc(e, c.cc[0], (struct dest){ .kind = TO_LABEL, .label = &skip });
            emit_jcc(e, c.cc[1], (struct dest){ .kind = TO_LABEL, .label = &skip });
            emit_x2(e, OP_MOVAPS, d, rb_);
        } else if (c.cc[1] >= 0) { /* both: false if either fails */
            emit_x2(e, OP_MOVAPS, d, rb_);
            emit_jcc(e, c.cc[0] ^ 1, (struct dest){ .kind = TO_LABEL, .label = &skip });
            emit_jcc(e, c.cc[1] ^ 1, (struct dest){ .kind = TO_LABEL, .label = &skip });
            emit_x2(e, OP_MOVAPS, d, ra_);
        } else {
            emit_jcc(e, c.cc[0], (struct dest){ .kind = TO_LABEL, .label = &skip });
            emit_x2(e, OP_MOVAPS, d, rb_);
        }
        label_bind(e, &skip);
        return;
    }
    struct conds c = emit_cond(e, p->arg[0]);
    uint32_t keep = e->glock;
    e->glock = 0; /* what the comparison used is free again; EFLAGS carry the result */
    (void)keep;
    bool two = c.cc[1] >= 0;
    struct mem m;
    if (two) { /* d := b; then a where it holds */
        int x = ra_use(e, a);
        int d = ra_def_copy(e, i, b, a);
        if (!c.all) {
            x_rr(&e->cb, OP_CMOV | (unsigned)c.cc[0], w, d, x);
            x_rr(&e->cb, OP_CMOV | (unsigned)c.cc[1], w, d, x);
        } else {
            struct label skip = { 0 };
            emit_jcc(e, c.cc[0] ^ 1, (struct dest){ .kind = TO_LABEL, .label = &skip });
            x_rr(&e->cb, OP_CMOV | (unsigned)c.cc[1], w, d, x);
            label_bind(e, &skip);
            if (!w) /* the copy was 64 bits */
                x_rr(&e->cb, OP_MOV_R_RM, false, d, d);
        }
        return;
    }
    int cc = c.cc[0];
    /* start from the side that dies or is a constant; move the other in */
    bool swap = ir_is_const(a) || (!ir_is_const(b) && !dies(e, b) && dies(e, a)) ||
                (!ir_is_const(b) && !ir_is_const(a) && e->v[i].hint &&
                 vi(e, a)->reg >= 0 && vi(e, a)->reg == e->home[e->v[i].hint - 1].reg);
    if (ir_is_const(b))
        swap = false;
    if (swap) {
        ir_ref t = a;
        a = b;
        b = t;
        cc ^= 1;
    }
    int x = -1;
    if (!ra_in_mem(e, a, &m))
        x = ra_use(e, a);
    int d = ra_def_copy(e, i, b, a);
    if (x < 0)
        x_rm(&e->cb, OP_CMOV | (unsigned)cc, w, d, m);
    else
        x_rr(&e->cb, OP_CMOV | (unsigned)cc, w, d, x);
}

bool emit_int_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    struct mem m;
    switch (p->op) {
    case IR_add:
    case IR_sub:
        emit_add_sub(e, i, p->op == IR_sub);
        return true;
    case IR_and:
        emit_logic(e, i, ALU_AND);
        return true;
    case IR_or:
        emit_logic(e, i, ALU_OR);
        return true;
    case IR_xor:
        emit_logic(e, i, ALU_XOR);
        return true;
    case IR_andn: {
        flags_clobber(e);
        if (e->hf->bmi1) {
            int y = ra_use(e, b);
            if (ra_in_mem(e, a, &m)) {
                v_rrm(&e->cb, OP_ANDN, w, ra_def(e, i), y, m);
            } else {
                int x = ra_use(e, a);
                v_rrr(&e->cb, OP_ANDN, w, ra_def(e, i), y, x);
            }
            return true;
        }
        int t = ra_copy(e, b);
        x_rr(&e->cb, 0xf7, w, 2, t);
        alu_operand(e, ALU_AND, w, t, a);
        ra_bind(e, i, t);
        return true;
    }
    case IR_not:
    case IR_neg: {
        if (p->op == IR_neg)
            flags_clobber(e);
        int d = ra_def_copy(e, i, a, IR_NONE);
        x_rr(&e->cb, 0xf7, w, p->op == IR_not ? 2 : 3, d);
        return true;
    }
    case IR_mul:
        emit_mul(e, i);
        return true;
    case IR_umulh:
    case IR_smulh:
        emit_mulh(e, i, p->op == IR_smulh);
        return true;
    case IR_udiv:
    case IR_sdiv:
        emit_div(e, i, p->op == IR_sdiv);
        return true;
    case IR_shl:
        emit_shift(e, i, SH_SHL);
        return true;
    case IR_shr:
        emit_shift(e, i, SH_SHR);
        return true;
    case IR_sar:
        emit_shift(e, i, SH_SAR);
        return true;
    case IR_ror:
        emit_shift(e, i, SH_ROR);
        return true;
    case IR_clz:
    case IR_ctz:
        emit_count(e, i);
        return true;
    case IR_popcnt: {
        flags_clobber(e);
        int x = ra_use(e, a);
        x_rr(&e->cb, OP_POPCNT, w, ra_def(e, i), x);
        return true;
    }
    case IR_bswap: {
        emit_bswap(e, w, ra_def_copy(e, i, a, IR_NONE));
        return true;
    }
    case IR_rbit:
        emit_rbit(e, i);
        return true;
    case IR_extr: {
        unsigned n = (unsigned)p->imm;
        flags_clobber(e);
        /* low half of a:b >> n: shrd b, a, n */
        int x = ra_use(e, a);
        int d = ra_def_copy(e, i, b, a);
        if (n) {
            x_rr(&e->cb, OP_SHRD_I, w, x, d);
            cb8(&e->cb, n);
        } else if (!w) { /* a zext shares the register */
            mov_rr(&e->cb, false, d, d);
        }
        return true;
    }
    case IR_ubfx:
    case IR_sbfx:
        emit_field(e, i);
        return true;
    case IR_bfi:
        emit_bfi(e, i);
        return true;
    case IR_zext:
    case IR_sext: {
        if (e->v[i].root != i)
            return true; /* shares the register */
        bool sign = p->op == IR_sext;
        unsigned o = p->imm == 8 ? (sign ? OP_MOVSX8 : OP_MOVZX8)
                   : p->imm == 16 ? (sign ? OP_MOVSX16 : OP_MOVZX16)
                                  : (sign ? OP_MOVSXD : OP_MOV_R_RM);
        bool wide = sign && w;
        if (ra_in_mem(e, a, &m)) {
            x_rm(&e->cb, o, wide, ra_def(e, i), m);
        } else {
            int x = ra_use(e, a);
            x_rr(&e->cb, o, wide, ra_def(e, i), x);
        }
        return true;
    }
    case IR_trunc:
        if (e->v[i].root == i) { /* over a block boundary, or of a constant */
            int x = ra_use(e, a);
            mov_rr(&e->cb, false, ra_def(e, i), x);
        }
        return true;
    case IR_adc:
    case IR_sbc: {
        bool sub = p->op == IR_sbc;
        int ready = carry_ready(e, p->arg[2]);
        if (!ir_is_const(b) && vi(e, b)->reg >= 0)
            ra_use(e, b);
        int32_t imm;
        if (ir_is_const(b) && !imm32(e, b, w, &imm))
            ra_use(e, b);
        /* EFLAGS may be the carry: only moves until it is in CF */
        int kept = -1; /* the carry, if it is where the result will be */
        if (!ir_is_const(p->arg[2]) && !(e->v[p->arg[2]].flags & V_DEFER)) {
            int c = ra_use(e, p->arg[2]), hint = e->v[i].hint;
            if (hint && e->home[hint - 1].reg == c) {
                kept = ra_temp(e);
                mov_rr(&e->cb, false, kept, c);
            }
        }
        int d = ra_def_copy(e, i, a, b);
        if (kept < 0) {
            carry_in(e, p->arg[2], ready, sub);
        } else {
            flags_clobber(e);
            if (sub) {
                alu_ri(&e->cb, ALU_CMP, false, kept, 1); /* CF = kept < 1 */
            } else {
                x_rr(&e->cb, 0xba | M0F, false, 4, kept); /* bt r, 0 */
                cb8(&e->cb, 0);
            }
        }
        alu_operand(e, sub ? ALU_SBB : ALU_ADC, w, d, b);
        alu_set(e, p->op, ir_is_const(a) ? a : root_of(e, a), ir_is_const(b) ? b : root_of(e, b), i, w);
        if (!next_wants_flags(e, i, sub ? IR_flsbc : IR_fladc))
            e->alu.op = 0;
        return true;
    }
    case IR_icmp:
    case IR_itst:
    case IR_cc:
        emit_bool(e, i);
        return true;
    case IR_select:
        emit_select(e, i);
        return true;
    case IR_crc32c: {
        int d = ra_def_copy(e, i, a, b);
        int y = ra_use(e, b);
        if (p->imm == 8)
            x_rr(&e->cb, OP_CRC32_8, false, d, y);
        else {
            if (p->imm == 16)
                cb8(&e->cb, 0x66);
            x_rr(&e->cb, OP_CRC32, p->imm == 64, d, y);
        }
        return true;
    }
    case IR_pair: {
        int32_t disp = ra_spill_slot(e, i);
        x_rm(&e->cb, OP_MOV_RM_R, true, ra_use(e, a), mem_bd(STATE, disp));
        x_rm(&e->cb, OP_MOV_RM_R, true, ra_use(e, b), mem_bd(STATE, disp + 8));
        e->v[i].mem = disp;
        e->v[i].flags |= V_MEM;
        return true;
    }
    case IR_lo64:
    case IR_hi64: {
        int32_t disp = vi(e, a)->mem + (p->op == IR_hi64 ? 8 : 0);
        x_rm(&e->cb, OP_MOV_R_RM, true, ra_def(e, i), mem_bd(STATE, disp));
        return true;
    }
    case IR_fladd: case IR_flsub: case IR_fllog: case IR_fladc: case IR_flsbc: case IR_flsel:
    case IR_flpack: case IR_flget:
        emit_flags(e, i);
        return true;
    default: /* other chapters' operations */
        return false;
    }
}
