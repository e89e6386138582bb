/*
 * Control flow: branches, calls and returns, exits, polls, and the walk over the region.
 *
 * An exit to a known guest pc is a jump with a patchable rel32 (a link): it goes to a stub of its own
 * until the target is translated. The field never crosses a cache line, so that patching is one store.
 *
 * Guest calls push the guest return address and use the host's call; the landing site pops it and
 * goes on in the same region, or by a link. A return compares the guest address beside the host's and uses ret. Other indirect
 * branches probe the jump cache, which is part of struct cpu:
 *
 *     mov rax, target; mov ecx, eax; and ecx, mask; cmp rax, [rbp + rcx*s + pc]; jne miss;
 *     jmp [rbp + rcx*s + code]
 *
 * A poll compares rsp with cpu->poll_limit: it serves signals and the return stack's end with one
 * fused compare and branch.
 */
#include "emit_priv.h"

bool block_is_exit(const struct ir_region *r, uint32_t block, uint64_t *pc)
{
    const struct ir_block *b = &r->blocks[block];
    for (uint32_t i = b->first; i < b->end; i++) {
        const struct ir_inst *p = &r->insts[i];
        if (p->op == IR_goto && !b->poll) {
            *pc = (uint64_t)p->imm;
            return true;
        }
        if (p->op != IR_nop && p->op != IR_insn)
            return false;
    }
    return false;
}

static void nops(struct codebuf *c, unsigned n)
{
    static const uint8_t nop[10][9] = {
        { 0 }, { 0x90 }, { 0x66, 0x90 }, { 0x0f, 0x1f, 0x00 }, { 0x0f, 0x1f, 0x40, 0x00 },
        { 0x0f, 0x1f, 0x44, 0x00, 0x00 }, { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
        { 0x0f, 0x1f, 0x80, 0, 0, 0, 0 }, { 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
        { 0x66, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 },
    };
    while (n) {
        unsigned k = n > 9 ? 9 : n;
        memcpy(c->p, nop[k], k);
        c->p += k;
        n -= k;
    }
}

/* Pads so that a 4-byte field `ahead` bytes on lies within one cache line. */
static void align_field(struct codebuf *c, unsigned ahead)
{
    uintptr_t at = (uintptr_t)(c->p + c->delta + ahead) & 63;
    if (at > 60)
        nops(c, 64 - (unsigned)at);
}

static void link_field(struct emit *e, uint64_t pc)
{
    struct xlate_out *o = e->out;
    if (o->nlinks == o->cap_links) {
        o->overflow = true;
    } else {
        o->links[o->nlinks++] = (struct xlink){ .off = (uint32_t)(e->cb.p - e->cb.start), .pc = pc };
    }
    cb32(&e->cb, 0);
}

static void label_ref(struct emit *e, struct label *l)
{
    if (l->at) {
        cb32(&e->cb, (uint32_t)(l->at - (e->cb.p + 4)));
    } else { /* the field holds how far back the one before is */
        uint32_t back = l->last ? (uint32_t)(e->cb.p - l->last) : 0;
        l->last = e->cb.p;
        cb32(&e->cb, back);
    }
}

void label_bind(struct emit *e, struct label *l)
{
    uint32_t back = 1;
    l->at = e->cb.p;
    for (uint8_t *field = l->last; field && back; field -= back) {
        int32_t rel = (int32_t)(l->at - (field + 4));
        memcpy(&back, field, 4);
        memcpy(field, &rel, 4);
    }
    l->last = NULL;
}

/* Is pc in another page, which may be mapped elsewhere by the time this code runs again? */
static bool is_far(const struct emit *e, uint64_t pc) { return e->mmu && !e->chains && (pc ^ e->r->pc) >> 12; }

/* Compares the jump cache's entry for a known pc, which goes to rax; clobbers rdx. Leaves ZF = hit and returns the
 * operand of the code address. */
static struct mem far_probe(struct emit *e, uint64_t pc)
{
    mov_ri(&e->cb, RAX, pc);
    x_rm(&e->cb, OP_MOV_R_RM, true, RDX, mem_bd(STATE, CPU_DISP(jumps)));
    struct mem m = mem_bd(RDX, (int32_t)(offsetof(struct jumps, first) + (pc >> e->insn_shift & 4095) * sizeof(struct jump_entry)));
    alu_rm(&e->cb, ALU_CMP, true, RAX, m);
    m.disp += 8;
    return m;
}

/* An exit to a known pc, with all registers in their homes. */
static void emit_exit(struct emit *e, uint64_t pc)
{
    if (is_far(e, pc)) {
        if (e->without & WITHOUT_JUMPCACHE) {
            mov_ri(&e->cb, RAX, pc);
            emit_stub_jcc(e, -1, STUB_LOOKUP);
            return;
        }
        struct mem m = far_probe(e, pc);
        emit_stub_jcc(e, CC_NE, STUB_LOOKUP);
        x_rm(&e->cb, 0xff, false, 4, m);
        return;
    }
    align_field(&e->cb, 1);
    cb8(&e->cb, 0xe9);
    link_field(e, pc);
}

static void jump(struct emit *e, int cc, struct dest d)
{
    if (d.kind == TO_LINK && (e->nflex || is_far(e, d.pc))) {
        if (cc < 0) {
            flex_out(e);
            emit_exit(e, d.pc);
            return;
        } else {
            cb8(&e->cb, 0x0f);
            cb8(&e->cb, 0x80 | (unsigned)cc);
            if (e->nexits == sizeof e->exits / sizeof *e->exits) {
                e->failed = true;
                return;
            }
            e->exits[e->nexits].jump = e->cb.p;
            e->exits[e->nexits++].pc = d.pc;
            cb32(&e->cb, 0);
            return;
        }
    }
    if (d.kind == TO_LINK)
        align_field(&e->cb, cc < 0 ? 1 : 2);
    if (cc < 0) {
        cb8(&e->cb, 0xe9);
    } else {
        cb8(&e->cb, 0x0f);
        cb8(&e->cb, 0x80 | (unsigned)cc);
    }
    switch (d.kind) {
    case TO_LINK:
        link_field(e, d.pc);
        break;
    case TO_BLOCK:
        label_ref(e, &e->b[d.block].label);
        break;
    case TO_LABEL:
        label_ref(e, d.label);
        break;
    }
}
void emit_jmp(struct emit *e, struct dest d) { jump(e, -1, d); }
void emit_jcc(struct emit *e, int cc, struct dest d) { jump(e, cc, d); }

static void stub_field(struct emit *e, enum stub s)
{
    struct xlate_out *o = e->out;
    if (o->nrelocs == o->cap_relocs)
        o->overflow = true;
    else
        o->relocs[o->nrelocs++] =
            (struct reloc){ (uint32_t)(e->cb.p - e->cb.start), RELOC_STUB, (int64_t)s };
    cb32(&e->cb, (uint32_t)(e->stubs->at[s] - (e->cb.p + e->cb.delta + 4)));
}
void emit_call_stub(struct emit *e, enum stub s)
{
    cb8(&e->cb, 0xe8);
    stub_field(e, s);
}
void emit_stub_jcc(struct emit *e, int cc, enum stub s)
{
    if (cc < 0) {
        cb8(&e->cb, 0xe9);
    } else {
        cb8(&e->cb, 0x0f);
        cb8(&e->cb, 0x80 | (unsigned)cc);
    }
    stub_field(e, s);
}

void emit_set_pc(struct emit *e, uint64_t pc, int scratch)
{
    struct mem m = mem_bd(STATE, CPU_DISP(pc));
    if ((int64_t)pc == (int32_t)pc) {
        mov_mi32(&e->cb, true, m, (int32_t)pc);
    } else {
        mov_ri(&e->cb, scratch, pc);
        x_rm(&e->cb, OP_MOV_RM_R, true, scratch, m);
    }
}

static struct dest dest_of(const struct emit *e, uint32_t block)
{
    if (e->b[block].exit)
        return (struct dest){ .kind = TO_LINK, .pc = e->b[block].exit_pc };
    return (struct dest){ .kind = TO_BLOCK, .block = block };
}

static void jump_if(struct emit *e, struct conds c, struct dest d)
{
    struct label skip = { 0 };
    if (c.cc[1] < 0) {
        emit_jcc(e, c.cc[0], d);
    } else if (!c.all) {
        emit_jcc(e, c.cc[0], d);
        emit_jcc(e, c.cc[1], d);
    } else {
        emit_jcc(e, c.cc[0] ^ 1, (struct dest){ .kind = TO_LABEL, .label = &skip });
        emit_jcc(e, c.cc[1], d);
        label_bind(e, &skip);
    }
}

static struct conds inverted(struct conds c)
{
    c.cc[0] ^= 1;
    if (c.cc[1] >= 0) {
        c.cc[1] ^= 1;
        c.all = !c.all;
    }
    return c;
}

/* Is v a condition of the flags that EFLAGS hold? Looking at any other would lose them. */
static bool of_held_flags(struct emit *e, ir_ref v)
{
    while (!ir_is_const(v) && (e->v[v].flags & V_DEFER) && inst(e, v)->op == IR_xor)
        v = inst(e, v)->arg[0];
    if (ir_is_const(v) || !(e->v[v].flags & V_DEFER) || inst(e, v)->op != IR_cc)
        return false;
    ir_ref f = inst(e, v)->arg[0];
    return !ir_is_const(f) && root_of(e, f) == e->fl_val;
}

/* Brings the operands of comparison v into registers so that emitting it allocates nothing. Returns
 * false if that cannot be promised. Keeps EFLAGS. */
static bool load_operands(struct emit *e, ir_ref v)
{
    const struct ir_inst *p = inst(e, v);
    if (!(e->v[v].flags & V_DEFER) || (p->op != IR_icmp && p->op != IR_itst))
        return false;
    bool w = ir_type_of(e->r, ir_is_const(p->arg[0]) ? p->arg[1] : p->arg[0]) == IR_I64;
    for (unsigned k = 0; k < 2; k++) {
        int32_t imm;
        if (ir_is_const(p->arg[k]) ? !k || !imm32(e, p->arg[k], w, &imm) || (p->op == IR_itst && imm < 0)
                                   : ra_use(e, p->arg[k]) < 0)
            return false;
    }
    return true;
}

static void branch(struct emit *e, uint32_t i, uint32_t next)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref c = p->arg[0];
    uint32_t bt = (uint32_t)p->imm, bf = (uint32_t)(p->imm >> 32);
    struct dest t = dest_of(e, bt), f = dest_of(e, bf);
    if (ir_is_const(c)) {
        emit_jmp(e, ir_const_value(e->r, c) ? t : f);
        return;
    }
    const struct ir_inst *q = inst(e, c);
    struct conds k;
    if ((e->v[c].flags & V_DEFER) && (q->op == IR_and || q->op == IR_or)) {
        unsigned first = of_held_flags(e, q->arg[1]);
        struct dest early = q->op == IR_and ? f : t;
        bool joins = early.kind == TO_BLOCK && (q->op == IR_and ? bf : bt) == next;
        bool ready = joins && load_operands(e, q->arg[!first]);
        k = emit_cond(e, q->arg[first]);
        if (ready && !flags_busy(e)) { /* the second comparison changes no register */
            struct label skip = { 0 };
            jump_if(e, q->op == IR_and ? inverted(k) : k,
                    (struct dest){ .kind = TO_LABEL, .label = &skip });
            k = emit_cond(e, q->arg[!first]);
            jump_if(e, q->op == IR_and ? k : inverted(k), q->op == IR_and ? t : f);
            e->alu.op = 0; /* not on both ways */
            e->fl_val = 0;
            label_bind(e, &skip);
            return;
        }
        if (joins) {
            /* The next block begins with the registers as they are at the end: one way into it. */
            e->glock = 1u << RAX; /* the other condition may need it */
            e->xlock = 0;
            int x = ra_temp(e);
            emit_set_bool(e, k, x);
            e->glock = 1u << x;
            k = emit_cond(e, q->arg[!first]);
            e->glock = 1u << x;
            int y = ra_temp(e);
            emit_set_bool(e, k, y);
            flags_clobber(e);
            alu_rr(&e->cb, q->op == IR_and ? ALU_AND : ALU_OR, false, x, y);
            k = (struct conds){ { CC_NE, -1 }, false };
        } else {
            jump_if(e, q->op == IR_and ? inverted(k) : k, early);
            e->glock = e->xlock = 0;
            k = emit_cond(e, q->arg[!first]);
        }
    } else {
        k = emit_cond(e, c);
    }
    if (t.kind == TO_BLOCK && bt == next) {
        jump_if(e, inverted(k), f);
    } else {
        jump_if(e, k, t);
        if (!(f.kind == TO_BLOCK && bf == next))
            emit_jmp(e, f);
    }
}

/* Probe of the jump cache for the pc in register pc; clobbers rcx, or rax where that is pc (system mode: another scratch register
 * too). Leaves ZF = hit and returns the operand of the code address. */
static struct mem probe(struct codebuf *c, unsigned shift, int pc, bool system)
{
    int index = pc == RCX ? RAX : RCX;
    mov_rr(c, false, index, pc);
    alu_ri(c, ALU_AND, false, index, 4095 << shift);
    struct mem m = { .base = STATE, .index = (int8_t)index, .scale = (uint8_t)(4 - shift),
                     .disp = CPU_DISP(jump_cache) };
    assert(shift >= 1);
    if (system) {
        m.base = pc == RDX ? RAX : RDX;
        m.disp = (int32_t)offsetof(struct jumps, first);
        x_rm(c, OP_MOV_R_RM, true, m.base, mem_bd(STATE, CPU_DISP(jumps)));
    }
    alu_rm(c, ALU_CMP, true, pc, m);
    m.disp += 8;
    return m;
}

/* The target of an indirect branch in a register that is there until the end, where the probe can take it from;
 * else in rax. */
static int target_in(struct emit *e, ir_ref v)
{
    if (e->nflex || e->without & (WITHOUT_JUMPCACHE | WITHOUT_RETURNSTACK) || ir_is_const(v))
        return ra_use_in(e, v, RAX);
    int k = ra_use(e, v);
    e->glock |= 1u << RAX | 1u << RCX | 1u << RDX; /* nothing else is taken here */
    return k;
}

static void cold_goto_miss(struct emit *e, uint32_t i, const int *regs)
{
    (void)i;
    mov_rr(&e->cb, true, RAX, regs[0]);
    emit_stub_jcc(e, -1, STUB_LOOKUP);
}

/* To the pc in register pc (rax without a jump cache); clobbers rcx or rax. */
static void jump_indirect(struct emit *e, uint32_t i, int pc)
{
    if (e->without & WITHOUT_JUMPCACHE) {
        emit_stub_jcc(e, -1, STUB_LOOKUP);
        return;
    }
    struct mem m = probe(&e->cb, e->insn_shift, pc, e->mmu);
    int regs[6] = { pc };
    if (pc == RAX)
        emit_stub_jcc(e, CC_NE, STUB_LOOKUP);
    else
        emit_cold(e, CC_NE, cold_goto_miss, i, regs);
    x_rm(&e->cb, 0xff, false, 4, m);
}

/* The link register's `set` may have left it in a register. */
static void push_pc(struct emit *e, uint64_t pc, int scratch)
{
    if ((int64_t)pc == (int32_t)pc) {
        cb8(&e->cb, 0x68);
        cb32(&e->cb, (uint32_t)pc);
        return;
    }
    for (int k = RAX; k <= RDX; k++)
        if (e->gcst[k] && !e->gval[k] && ir_const_value(e->r, e->gcst[k]) == pc) {
            cb8(&e->cb, 0x50 | (unsigned)k);
            return;
        }
    mov_ri(&e->cb, scratch, pc);
    cb8(&e->cb, 0x50 | (unsigned)scratch);
}

/* Where a call returns to: the code of block next, if that is it and follows, or a link. */
static void landing(struct emit *e, uint64_t ret, uint32_t next)
{
    alu_ri(&e->cb, ALU_ADD, true, RSP, 8);
    if (next != UINT32_MAX && e->r->blocks[next].entry && e->r->blocks[next].pc == ret)
        return;
    emit_exit(e, ret);
}

static void cold_call_miss(struct emit *e, uint32_t i, const int *regs)
{
    (void)i;
    mov_rr(&e->cb, true, RAX, regs[0]);
    emit_call_stub(e, STUB_LOOKUP); /* its return address lands after the call in the hot code */
}

/* After a probe for the pc in a register: the call. The cold code's jump back goes to this call's landing, so it is placed
 * after the call. */
static void call_probed(struct emit *e, uint32_t i, int pc, struct mem code)
{
    int regs[6] = { pc };
    emit_cold(e, CC_NE, cold_call_miss, i, regs);
    struct cold *c = e->ncolds ? &e->colds[e->ncolds - 1] : NULL;
    x_rm(&e->cb, 0xff, false, 2, code);
    if (c)
        c->back = e->cb.p;
}

static void call_far(struct emit *e, uint32_t i, uint64_t pc)
{
    if (e->without & WITHOUT_JUMPCACHE) {
        mov_ri(&e->cb, RAX, pc);
        emit_call_stub(e, STUB_LOOKUP);
        return;
    }
    call_probed(e, i, RAX, far_probe(e, pc));
}

static void terminator(struct emit *e, uint32_t i, uint32_t next)
{
    const struct ir_inst *p = inst(e, i);
    switch (p->op) {
    case IR_jmp: {
        struct dest d = dest_of(e, (uint32_t)p->imm);
        if (!(d.kind == TO_BLOCK && (uint32_t)p->imm == next))
            emit_jmp(e, d);
        break;
    }
    case IR_br:
        branch(e, i, next);
        break;
    case IR_goto:
        emit_jmp(e, (struct dest){ .kind = TO_LINK, .pc = (uint64_t)p->imm });
        break;
    case IR_gotoi: {
        int pc = target_in(e, p->arg[0]);
        flex_out(e);
        jump_indirect(e, i, pc);
        break;
    }
    case IR_callg: {
        uint64_t ret = ir_const_value(e->r, p->arg[0]);
        if (e->without & WITHOUT_RETURNSTACK) {
            emit_jmp(e, (struct dest){ .kind = TO_LINK, .pc = (uint64_t)p->imm });
            break;
        }
        flex_out(e);
        push_pc(e, ret, RAX);
        if (is_far(e, (uint64_t)p->imm)) {
            call_far(e, i, (uint64_t)p->imm);
        } else {
            align_field(&e->cb, 1);
            cb8(&e->cb, 0xe8);
            link_field(e, (uint64_t)p->imm);
        }
        landing(e, ret, next);
        break;
    }
    case IR_calli: {
        uint64_t ret = ir_const_value(e->r, p->arg[1]);
        int pc = target_in(e, p->arg[0]);
        flex_out(e);
        if (e->without & WITHOUT_RETURNSTACK) {
            jump_indirect(e, i, pc);
            break;
        }
        push_pc(e, ret, pc == RCX ? RAX : RCX);
        if (e->without & WITHOUT_JUMPCACHE) {
            emit_call_stub(e, STUB_LOOKUP);
            landing(e, ret, next);
            break;
        }
        call_probed(e, i, pc, probe(&e->cb, e->insn_shift, pc, e->mmu));
        landing(e, ret, next);
        break;
    }
    case IR_retg: {
        int k = ra_use(e, p->arg[0]);
        if (k > RDX || (e->without & WITHOUT_RETURNSTACK && k != RAX)) {
            ra_take(e, RAX);
            mov_rr(&e->cb, true, RAX, k);
            k = RAX;
        }
        flex_out(e);
        if (e->without & WITHOUT_RETURNSTACK) {
            jump_indirect(e, i, RAX);
            break;
        }
        alu_rm(&e->cb, ALU_CMP, true, k, mem_bd(RSP, 8));
        emit_stub_jcc(e, CC_NE, k == RAX ? STUB_RET_MISS : k == RCX ? STUB_RET_MISS_RCX : STUB_RET_MISS_RDX);
        cb8(&e->cb, 0xc3);
        break;
    }
    case IR_leave: {
        ra_take(e, RAX);
        flex_out(e);
        emit_set_pc(e, ir_const_value(e->r, p->arg[0]), RAX);
        int32_t imm = (int32_t)p->imm;
        if (imm == p->imm) {
            mov_mi32(&e->cb, true, mem_bd(STATE, CPU_DISP(leave_imm)), imm);
        } else {
            mov_ri(&e->cb, RAX, (uint64_t)p->imm);
            x_rm(&e->cb, OP_MOV_RM_R, true, RAX, mem_bd(STATE, CPU_DISP(leave_imm)));
        }
        mov_ri(&e->cb, RAX, p->aux);
        emit_stub_jcc(e, -1, STUB_LEAVE);
        break;
    }
    }
}

bool emit_flow_op(struct emit *e, uint32_t i)
{
    (void)e;
    (void)i;
    return false;
}

/* Emits operation i, which has a register of its own and is no terminator and no get. */
static void emit_one(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned op = p->op;
    if (op >= IR_fadd)
        goto vec;
    if (op == IR_set) {
        emit_set(e, i);
        return;
    }
    if (op >= IR_load && op <= IR_call) {
        emit_mem_op(e, i);
        return;
    }
    if (emit_int_op(e, i))
        return;
vec:
    if (op == IR_fcmp && (e->v[i].flags & V_DEFER))
        return;
    e->low = e->evex && evex_low(e, i);
    if (!emit_fp_op(e, i) && !emit_vec_op(e, i))
        e->failed = true;
    e->low = false;
}

static void poll(struct emit *e, uint64_t pc)
{
    alu_rm(&e->cb, ALU_CMP, true, RSP, mem_bd(STATE, CPU_DISP(poll_limit)));
    cb8(&e->cb, 0x0f);
    cb8(&e->cb, 0x80 | CC_B);
    if (e->npolls == sizeof e->polls / sizeof *e->polls) {
        e->failed = true;
        return;
    }
    e->polls[e->npolls].jump = e->cb.p;
    e->polls[e->npolls++].pc = pc;
    cb32(&e->cb, 0);
}

static void fix32(uint8_t *field, const uint8_t *to)
{
    int32_t rel = (int32_t)(to - (field + 4));
    memcpy(field, &rel, 4);
}

/* Stub of link k: push k; jmp to what they have in common: push the first link's number (filled in when the
 * translation gets its place); jmp STUB_LINK, which adds the two. */
static void emit_link_stubs(struct emit *e)
{
    struct xlate_out *o = e->out;
    if (!o->nlinks || !cb_room(&e->cb, 64))
        return;
    const uint8_t *common = e->cb.p;
    cb8(&e->cb, 0x68);
    cb32(&e->cb, 0);
    o->id_off = (uint32_t)(e->cb.p - 4 - e->cb.start);
    emit_stub_jcc(e, -1, STUB_LINK);
    for (uint32_t k = 0; k < o->nlinks && cb_room(&e->cb, 64); k++) {
        struct xlink *l = &o->links[k];
        l->stub_off = (uint32_t)(e->cb.p - e->cb.start);
        fix32(e->cb.start + l->off, e->cb.p);
        if (k < 128) {
            cb8(&e->cb, 0x6a);
            cb8(&e->cb, k);
        } else {
            cb8(&e->cb, 0x68);
            cb32(&e->cb, k);
        }
        ptrdiff_t back = common - (e->cb.p + 2);
        if (back >= -128) {
            cb8(&e->cb, 0xeb);
            cb8(&e->cb, (uint8_t)back);
        } else {
            cb8(&e->cb, 0xe9);
            cb32(&e->cb, (uint32_t)(back - 3));
        }
    }
}

static void emit_tail(struct emit *e)
{
    for (unsigned k = 0; k < e->ncolds && cb_room(&e->cb, 512); k++) {
        struct cold *c = &e->colds[k];
        fix32(c->jump, e->cb.p);
        e->guest_pc = c->guest_pc;
        c->fn(e, c->i, c->regs);
        cb8(&e->cb, 0xe9);
        cb32(&e->cb, 0);
        fix32(e->cb.p - 4, c->back);
    }
    for (unsigned k = 0; k < e->nexits && cb_room(&e->cb, 512); k++) {
        fix32(e->exits[k].jump, e->cb.p);
        flex_out(e);
        emit_exit(e, e->exits[k].pc);
    }
    for (unsigned k = 0; k < e->npolls && cb_room(&e->cb, 512); k++) {
        fix32(e->polls[k].jump, e->cb.p);
        flex_out(e);
        mov_ri(&e->cb, RAX, e->polls[k].pc);
        emit_stub_jcc(e, -1, STUB_POLL);
    }
    emit_link_stubs(e);
    if (e->npool) {
        while ((uintptr_t)(e->cb.p + e->cb.delta) & 15)
            cb8(&e->cb, 0xcc);
        for (unsigned k = 0; k < e->npool && cb_room(&e->cb, 64); k++) {
            unsigned j;
            for (j = 0; j < k; j++) /* one copy of equal constants */
                if (e->pool[j].lo == e->pool[k].lo && e->pool[j].hi == e->pool[k].hi)
                    break;
            if (j < k) {
                e->pool[k].place = e->pool[j].place;
            } else {
                e->pool[k].place = e->cb.p;
                cb64(&e->cb, e->pool[k].lo);
                cb64(&e->cb, e->pool[k].hi);
            }
            fix32(e->pool[k].at, e->pool[k].place - e->pool[k].behind);
        }
    }
    if (!cb_room(&e->cb, 64))
        e->failed = true;
}

void emit_region(struct emit *e)
{
    const struct ir_region *r = e->r;
    memset(e->gval, 0, sizeof e->gval);
    memset(e->xval, 0, sizeof e->xval);
    flex_choose(e);
    ra_region_begin(e);
    flex_in(e);
    if (r->blocks[0].nth != 0)
        emit_jmp(e, (struct dest){ .kind = TO_BLOCK, .block = 0 });
    bool prev_chain = false;
    for (uint32_t k = 0; k < r->nbegun && !e->failed; k++) {
        uint32_t b = r->blocks[k].nth;
        if (e->b[b].exit)
            continue;
        const struct ir_block *blk = &r->blocks[b];
        uint32_t after = k + 1;
        while (after < r->nbegun && e->b[r->blocks[after].nth].exit)
            after++;
        uint32_t next = after < r->nbegun ? r->blocks[after].nth : UINT32_MAX;
        ra_block_begin(e, b, prev_chain && e->b[b].chain != b);
        label_bind(e, &e->b[b].label);
        e->guest_pc = blk->pc;
        if (blk->poll) {
            flags_clobber(e);
            poll(e, blk->pc);
        }
        for (uint32_t i = blk->first; i < blk->end; i++) {
            const struct ir_inst *p = &r->insts[i];
            switch (p->op) {
            case IR_nop:
                continue;
            case IR_insn:
                e->guest_pc = (uint64_t)p->imm;
                continue;
            case IR_get:
                e->at = i;
                emit_get(e, i);
                break;
            default:
                if (!cb_room(&e->cb, 512)) {
                    e->failed = true;
                    return;
                }
                e->at = i;
                if (i + 1 == blk->end)
                    terminator(e, i, next);
                else if (!(e->v[i].flags & (V_DEFER | V_DONE)) && e->v[i].root == i)
                    emit_one(e, i);
                break;
            }
            if (__builtin_expect((e->v[i].flags & (V_GLOBAL | V_DEFER)) == V_GLOBAL, 0) &&
                e->v[i].root == i)
                ra_global(e, i);
            ra_inst_end(e);
            if (e->failed)
                return;
        }
        prev_chain = true;
    }
    if (!e->failed)
        emit_tail(e);
}
