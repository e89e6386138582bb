/*
 * Values of flags: made, read, stored, chosen between and compared under a condition; the carry into an operation.
 * What EFLAGS hold, and comparisons: emit_flags.c.
 */
#include "emit_priv.h"

/* Before the operands of an operation with carry c are taken: is c a condition that is not just CF, it
 * is made as 0 or 1 in a register, which is given to carry_in; else -1. */
int carry_ready(struct emit *e, ir_ref c)
{
    if (ir_is_const(c) || !(e->v[c].flags & V_DEFER))
        return -1;
    const struct ir_inst *p = inst(e, c);
    ir_ref f = p->arg[0];
    if (!ir_is_const(f) && (p->aux == IR_HS || p->aux == IR_LO) &&
        !(e->v[root_of(e, f)].flags & (V_DEFER | V_AGAIN)))
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
void carry_in(struct emit *e, ir_ref c, int ready, bool inverted)
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
            !(e->v[root_of(e, f)].flags & (V_DEFER | V_AGAIN))) {
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

void alu_operand(struct emit *e, enum alu op, bool w, int dst, ir_ref b)
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

/* A constant by flpack. */
static bool packed_const(struct emit *e, ir_ref f)
{
    return inst(e, f)->op == IR_flpack && ir_is_const(inst(e, f)->arg[0]);
}

/* A select of the stored forms. One side is usually a constant (ccmp), the other in EFLAGS. */
static void select_flags(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0];
    int side[2] = { -1, -1 }, cc = CC_E;
    for (int k = 0; k < 2; k++)
        if (e->fl_val == root_of(e, p->arg[k + 1]) && side[0] != RAX) {
            ra_take(e, RAX);
            flags_image(e);
            side[k] = RAX;
        }
    bool deferred = !ir_is_const(a) && e->v[a].flags & V_DEFER;
    if (deferred) { /* a comparison: from here only moves */
        uint32_t lock = e->glock;
        cc = emit_cond(e, a).cc[0] ^ 1;
        e->glock = lock;
    }
    for (int k = 0; k < 2; k++) {
        ir_ref f = root_of(e, p->arg[k + 1]);
        if (side[k] >= 0)
            continue;
        side[k] = ra_temp(e);
        if (f == root_of(e, p->arg[2 - k]) && side[!k] == RAX)
            mov_rr(&e->cb, false, side[k], RAX);
        else if (packed_const(e, f))
            mov_ri(&e->cb, side[k], ir_flags_to_slot((uint32_t)ir_const_value(e->r, inst(e, f)->arg[0])));
        else
            x_rm(&e->cb, OP_MOVZX16, false, side[k], mem_bd(STATE, e->v[f].mem));
    }
    if (!deferred) {
        flags_clobber(e);
        struct mem m;
        if (ra_in_mem(e, a, &m)) {
            alu_mi(&e->cb, ALU_CMP, false, m, 0);
        } else {
            int c = ra_use(e, a);
            x_rr(&e->cb, OP_TEST, false, c, c);
        }
    }
    x_rr(&e->cb, OP_CMOV | (unsigned)cc, false, side[0], side[1]);
    uint32_t s = i + 1;
    while (inst(e, s)->op == IR_nop)
        s++;
    if (inst(e, s)->op == IR_set && inst(e, s)->arg[0] == i) { /* at once where it goes */
        unsigned row = (unsigned)inst(e, s)->imm;
        ra_leave_slot(e, row, i);
        e->v[i].mem = e->home[row].disp;
        x_rm(&e->cb, OP_MOV_RM_R16, false, side[0], mem_bd(STATE, e->v[i].mem));
        e->slotval[row] = i;
    } else {
        e->v[i].mem = ra_spill_slot(e, i);
        x_rm(&e->cb, OP_MOV_RM_R, false, side[0], mem_bd(STATE, e->v[i].mem));
    }
    e->v[i].flags |= V_MEM;
}

/* Is constant i wanted by one select only? That has it as an immediate. */
static bool only_selected(struct emit *e, uint32_t i)
{
    if (inst(e, i)->uses != 1)
        return false;
    for (uint32_t k = i + 1; k < i + 8 && k < e->r->ninsts; k++)
        if (inst(e, k)->op == IR_flsel && (inst(e, k)->arg[1] == i || inst(e, k)->arg[2] == i))
            return true;
    return false;
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
        if (!(e->v[i].flags & V_FUSED) && !(e->alu.op == IR_add && !e->alu.cmc && e->alu.w == w && same(e, e->alu.a, a) && same(e, e->alu.b, b))) {
            flags_clobber(e);
            int t = ra_copy(e, a);
            alu_operand(e, ALU_ADD, w, t, b);
        }
        flags_hold(e, i, true);
        break;
    case IR_fllog:
        if (!ir_is_const(a) && e->v[a].flags & V_DEFER) { /* of an `and` that nothing else wants */
            const struct ir_inst *m = inst(e, a);
            ir_ref x = m->arg[0], y = m->arg[1];
            if (!(e->alu.op == IR_and && !e->alu.cmc && e->alu.w == w && same(e, e->alu.a, x) && same(e, e->alu.b, y))) {
                flags_clobber(e);
                cmp_values(e, ALU_AND, x, y, w);
                alu_set(e, IR_and, ir_is_const(x) ? x : root_of(e, x), ir_is_const(y) ? y : root_of(e, y), 0, w);
            }
        } else if (!(e->alu.op == IR_and && !e->alu.cmc && e->alu.w == w && !ir_is_const(a) && e->alu.res == root_of(e, a))) {
            flags_clobber(e);
            int t = ra_use(e, a);
            x_rr(&e->cb, OP_TEST, w, t, t);
            if (!ir_is_const(a))
                alu_set(e, IR_and, root_of(e, a), root_of(e, a), root_of(e, a), w);
        }
        flags_hold(e, i, true); /* CF = 0 = C, OF = 0 = V */
        break;
    case IR_fladc:
    case IR_flsbc: {
        bool sub = p->op == IR_flsbc;
        if (!(e->v[i].flags & V_FUSED) &&
            !(e->alu.op == (sub ? IR_sbc : IR_adc) && e->alu.w == w && same(e, e->alu.a, a) &&
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
            if (only_selected(e, i))
                break;
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
    case IR_flsel:
        select_flags(e, i);
        break;
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
