/*
 * Integer arithmetic, logic and selection.
 *
 * Selection looks at where operands are: results are computed in their homes, memory-only operands are
 * used from memory, lea adds without a copy. Flags and comparisons are emit_flags.c's, shifts and bit
 * fields emit_bits.c's.
 */
#include "emit_priv.h"

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

/* a + (b << n), n from 1 to 3: the shift has no code of its own (scan.c). */
static bool add_scaled(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    for (int k = 1; k >= 0; k--) {
        ir_ref v = p->arg[k];
        if (ir_is_const(v) || inst(e, v)->op != IR_shl || !(e->v[v].flags & V_DEFER))
            continue;
        int x = ra_use(e, p->arg[!k]), y = ra_use(e, inst(e, v)->arg[0]);
        struct mem m = { .base = (int8_t)x, .index = (int8_t)y,
                         .scale = (uint8_t)ir_const_value(e->r, inst(e, v)->arg[1]) };
        x_rm(&e->cb, OP_LEA, p->type == IR_I64, ra_def(e, i), m);
        return true;
    }
    return false;
}

static void emit_add_sub(struct emit *e, uint32_t i, bool sub)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    int32_t imm;
    if (!sub && add_scaled(e, i))
        return;
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

/* The other half of product i, of the same operands, if nothing but commits stands between; it is made with this half. 0:
 * there is none. */
static uint32_t other_half(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    if (p->type != IR_I64 || ir_is_const(p->arg[0]) || ir_is_const(p->arg[1]))
        return 0;
    for (uint32_t j = i + 1; j < i + 8 && j < e->r->ninsts; j++) {
        const struct ir_inst *q = inst(e, j);
        bool half = p->op == IR_mul ? q->op == IR_umulh || q->op == IR_smulh : q->op == IR_mul;
        if (half && q->type == IR_I64 && e->v[j].block == e->v[i].block && e->v[j].root == j &&
            ((q->arg[0] == p->arg[0] && q->arg[1] == p->arg[1]) || (q->arg[0] == p->arg[1] && q->arg[1] == p->arg[0])))
            return j;
        if (q->op != IR_nop && q->op != IR_set && q->op != IR_insn)
            return 0;
    }
    return 0;
}

/* Both halves, or one of them (the other: 0): mulx, which keeps EFLAGS, or the older form. */
static void emit_product(struct emit *e, uint32_t low, uint32_t high)
{
    uint32_t i = !low || (high && high < low) ? high : low, j = i == low ? high : low;
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool sign = high && inst(e, high)->op == IR_smulh, mulx = e->hf->bmi2 && !sign;
    if (j) {
        for (int k = 0; k < 2; k++)
            if (vi(e, p->arg[k])->last == j)
                vi(e, p->arg[k])->last = i;
        e->v[j].flags |= V_DONE;
    }
    if (!ir_is_const(b) && vi(e, b)->reg == (mulx ? RDX : RAX)) {
        ir_ref t = a;
        a = b;
        b = t;
    }
    if (!mulx)
        flags_clobber(e);
    ra_use_in(e, a, mulx ? RDX : RAX);
    struct mem m;
    int y = -1;
    if (!mulx && !ir_is_const(b) && !same(e, a, b) && vi(e, b)->reg == RDX) { /* rdx is a result */
        ra_take(e, RDX);
        y = RDX;
    } else {
        if (!mulx)
            ra_take(e, RDX);
        if (!ir_is_const(a) && same(e, a, b))
            y = mulx ? RDX : RAX;
        else if (!ra_in_mem(e, b, &m))
            y = ra_use(e, b);
    }
    if (!mulx) {
        if (y < 0)
            x_rm(&e->cb, 0xf7, true, sign ? 5 : 4, m);
        else
            x_rr(&e->cb, 0xf7, true, sign ? 5 : 4, y);
        if (high)
            ra_bind(e, high, RDX);
        if (low)
            ra_bind(e, low, RAX);
        return;
    }
    if (e->gval[RDX] && e->v[e->gval[RDX]].last <= e->at)
        e->gval[RDX] = 0;
    e->glock &= ~(1u << RDX); /* a result may go there */
    int d = ra_def(e, i), t = j ? ra_def_scratch(e, j) : i == low ? ra_temp(e) : d;
    int hi = i == high ? d : t, lo = i == high ? t : d;
    if (y < 0)
        v_rrm(&e->cb, OP_MULX, true, hi, lo, m);
    else
        v_rrr(&e->cb, OP_MULX, true, hi, lo, y);
}

static void emit_mul(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    int32_t imm;
    struct mem m;
    uint32_t high = other_half(e, i);
    if (high || (w && e->hf->bmi2 && flags_busy(e))) {
        emit_product(e, i, high);
        return;
    }
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
        emit_product(e, other_half(e, i), i);
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
