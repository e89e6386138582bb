/*
 * Guest memory accesses, atomics, fences and helper calls.
 *
 * Flat memory: host address = guest address + base, base in gs if it is not 0; system mode: emit_mmu.c. Every
 * host instruction that may fault has an entry in the fault map, made by fault_point() right before
 * it. By the commit rule the guest registers of the instruction are still the old ones there; an
 * operation whose host sequence faults after it has touched its result register computes in scratch.
 *
 * Order on a TSO host: plain loads acquire, plain stores release; a store that a later acquiring load
 * must not pass (Arm's STLR) is an xchg. See shared/corners.md section 3.
 */
#include "emit_priv.h"

void fault_point(struct emit *e)
{
    struct xlate_out *o = e->out;
    if (o->nfaults == o->cap_faults) {
        o->overflow = true;
        return;
    }
    o->faults[o->nfaults++] = (struct fault_entry){
        .off = (uint32_t)(e->cb.p - e->cb.start),
        .pc_delta = (int32_t)((uint32_t)(e->guest_pc - e->r->pc) << 8) >> 8,
        .flags = (e->borrowed ? FAULT_BORROWED : 0) | (e->nflex ? FAULT_FLEX : 0),
    };
}

/* Address operand of the memory operation p. One register at most is taken where base or index is in
 * memory; both are locked. */
static struct mem flat_address(struct emit *e, const struct ir_inst *p)
{
    struct mem m = { .base = -1, .index = -1, .disp = (int32_t)p->imm, .gs = e->gs };
    ir_ref a = p->arg[0], b = p->arg[1];
    if (ir_opinfo[p->op].args[1] != '.')
        b = IR_NONE;
    unsigned scale = IR_MEM_SCALE(p->aux);
    if (b && ir_is_const(b)) { /* folding leaves this only in raw regions */
        int64_t d = (int64_t)(ir_const_value(e->r, b) << scale) + m.disp;
        if (d == (int32_t)d) {
            m.disp = (int32_t)d;
            b = IR_NONE;
        }
    }
    if (!b && ir_is_const(a)) {
        uint64_t addr = ir_const_value(e->r, a) + (uint64_t)(int64_t)m.disp;
        if (addr <= 0x7fffffff) {
            m.disp = (int32_t)addr;
            if (!e->mask_tags)
                return m;
        }
        int32_t disp;
        int near = e->mask_tags ? -1 : ra_const_near(e, addr, &disp);
        if (near >= 0) {
            e->glock |= 1u << near;
            return (struct mem){ .base = (int8_t)near, .index = -1, .disp = disp, .gs = e->gs };
        }
        int k = ra_temp(e);
        mov_ri(&e->cb, k, addr & (e->mask_tags ? 0x00ffffffffffffffull : ~0ull));
        return (struct mem){ .base = (int8_t)k, .index = -1, .gs = e->gs };
    }
    m.base = (int8_t)ra_use(e, a);
    if (b) {
        m.index = (int8_t)ra_use(e, b);
        m.scale = (uint8_t)scale;
        if (scale > 3) { /* the host has 0..3 */
            flags_clobber(e);
            int k = ra_copy(e, b);
            shift_ri(&e->cb, SH_SHL, true, k, scale);
            m.index = (int8_t)k;
            m.scale = 0;
        }
    }
    if (e->mask_tags) { /* top byte ignored: keep bits 55:0 */
        flags_clobber(e);
        int k = ra_temp(e);
        struct mem plain = m;
        plain.gs = false;
        x_rm(&e->cb, OP_LEA, true, k, plain);
        shift_ri(&e->cb, SH_SHL, true, k, 8);
        shift_ri(&e->cb, SH_SHR, true, k, 8);
        return (struct mem){ .base = (int8_t)k, .index = -1, .gs = e->gs };
    }
    return m;
}

struct mem mem_address(struct emit *e, const struct ir_inst *p)
{
    if (e->mmu)
        flags_clobber(e); /* while no register is taken */
    struct mem m = flat_address(e, p);
    if (!e->mmu)
        return m;
    unsigned space = IR_MEM_SPACE(p->aux) == 2 ? IR_MMU_SPACE : 0;
    return mmu_probe(e, m, IR_MEM_SIZE(p->aux), space | (p->op == IR_store ? IR_MMU_WRITE : 0));
}

void xmm_rm(struct emit *e, unsigned op, int x, struct mem m)
{
    if (e->hf->avx)
        v_rrm(&e->cb, op, false, x, 0, m);
    else
        x_rm(&e->cb, op, false, x, m);
}

static void emit_load(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    struct mem m = mem_address(e, p);
    unsigned size = IR_MEM_SIZE(p->aux);
    bool sign = IR_MEM_SIGNED(p->aux), w = p->type == IR_I64;
    if (e->v[i].class == CL_XMM) {
        int d = rx_def(e, i);
        static const unsigned op[5] = { 0, 0, OP_MOVSS_L, OP_MOVSD_L, OP_MOVUPS_L };
        if (size == 1) { /* half: through a general register */
            int t = ra_temp(e);
            fault_point(e);
            x_rm(&e->cb, OP_MOVZX16, false, t, m);
            if (e->hf->avx)
                v_rrr(&e->cb, OP_MOVD_X_R, false, d, 0, t);
            else
                x_rr(&e->cb, OP_MOVD_X_R, false, d, t);
            return;
        }
        fault_point(e);
        xmm_rm(e, op[size], d, m);
        return;
    }
    if (p->type == IR_I128) {
        int x = rx_temp(e);
        int32_t disp = ra_spill_slot(e, i);
        fault_point(e);
        xmm_rm(e, OP_MOVUPS_L, x, m);
        xmm_rm(e, OP_MOVUPS_S, x, mem_bd(STATE, disp));
        e->v[i].mem = disp;
        e->v[i].flags |= V_MEM;
        return;
    }
    int d = ra_def(e, i);
    fault_point(e);
    switch (size) {
    case 0:
        x_rm(&e->cb, (sign ? OP_MOVSX8 : OP_MOVZX8) & ~OPB, sign && w, d, m);
        break;
    case 1:
        x_rm(&e->cb, sign ? OP_MOVSX16 : OP_MOVZX16, sign && w, d, m);
        break;
    case 2:
        if (sign && w)
            x_rm(&e->cb, OP_MOVSXD, true, d, m);
        else
            x_rm(&e->cb, OP_MOV_R_RM, false, d, m);
        break;
    default:
        x_rm(&e->cb, OP_MOV_R_RM, true, d, m);
        break;
    }
}

void store_reg(struct emit *e, unsigned size, int s, struct mem m)
{
    static const unsigned op[4] = { OP_MOV_RM_R8, OP_MOV_RM_R16, OP_MOV_RM_R, OP_MOV_RM_R };
    x_rm(&e->cb, op[size], size == 3, s, m);
}

void store_imm(struct emit *e, unsigned size, int32_t imm, struct mem m)
{
    if (size == 1)
        cb8(&e->cb, 0x66);
    x_rm(&e->cb, size == 0 ? 0xc6 : 0xc7, size == 3, 0, m);
    if (size == 0)
        cb8(&e->cb, (unsigned)imm);
    else if (size == 1)
        cb8(&e->cb, (unsigned)imm), cb8(&e->cb, (unsigned)imm >> 8);
    else
        cb32(&e->cb, (uint32_t)imm);
}

static void emit_store(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref c = p->arg[2];
    unsigned size = IR_MEM_SIZE(p->aux);
    if (e->mmu) {
        emit_mmu_store(e, i);
        return;
    }
    struct mem m = mem_address(e, p);
    bool ordered = IR_MEM_ORDER(p->aux) >= IR_RELEASE;
    if (!ir_is_const(c) && e->v[c].class == CL_PAIR) {
        int x = rx_temp(e);
        xmm_rm(e, OP_MOVUPS_L, x, ra_mem(e, c));
        fault_point(e);
        xmm_rm(e, OP_MOVUPS_S, x, m);
    } else if (class_is_vector(e, c)) {
        static const unsigned op[5] = { 0, 0, OP_MOVSS_S, OP_MOVSD_S, OP_MOVUPS_S };
        int x = rx_use(e, c);
        if (size <= 1) {
            int t = ra_temp(e);
            if (e->hf->avx)
                v_rrr(&e->cb, OP_MOVD_R_X, false, x, 0, t);
            else
                x_rr(&e->cb, OP_MOVD_R_X, false, x, t);
            fault_point(e);
            store_reg(e, size, t, m);
        } else {
            fault_point(e);
            xmm_rm(e, op[size], x, m);
        }
    } else if (ordered) {
        static const unsigned op[4] = { OP_XCHG8, OP_XCHG16, OP_XCHG, OP_XCHG };
        if (!ir_is_const(c) && vi(e, c)->reg >= 0 && (GPR_SCRATCH >> vi(e, c)->reg & 1) &&
            !(GPR_SCRATCH & ~e->glock & ~(1u << vi(e, c)->reg))) {
            ra_to_mem(e, c); /* no register for a copy */
            e->gval[vi(e, c)->reg] = 0;
            e->glock |= 1u << vi(e, c)->reg;
            fault_point(e);
            x_rm(&e->cb, op[size], size == 3, vi(e, c)->reg, m);
            vi(e, c)->reg = -1;
            return;
        }
        int k = ra_copy(e, c);
        fault_point(e);
        x_rm(&e->cb, op[size], size == 3, k, m);
        return;
    } else {
        int32_t imm;
        if (imm32(e, c, size == 3, &imm)) {
            fault_point(e);
            store_imm(e, size, imm, m);
            return;
        }
        int s = ra_use(e, c);
        fault_point(e);
        store_reg(e, size, s, m);
    }
    if (ordered) { /* no exchange of 16 bytes: a full fence */
        flags_clobber(e);
        cb8(&e->cb, 0xf0);
        alu_mi(&e->cb, ALU_OR, false, mem_bd(RSP, 0), 0);
    }
}

/* Zero-extends the low bytes of a register in place, as `size` says. */
static void extend(struct emit *e, unsigned size, int r)
{
    if (size == 0)
        x_rr(&e->cb, OP_MOVZX8, false, r, r);
    else if (size == 1)
        x_rr(&e->cb, OP_MOVZX16, false, r, r);
}

static void lock_cmpxchg(struct emit *e, unsigned size, int s, struct mem m)
{
    static const unsigned op[4] = { OP_CMPXCHG8, OP_CMPXCHG16, OP_CMPXCHG, OP_CMPXCHG };
    fault_point(e);
    cb8(&e->cb, 0xf0);
    x_rm(&e->cb, op[size], size == 3, s, m);
}

/* Address of an atomic in one register (no index, no displacement). */
static struct mem plain_address(struct emit *e, ir_ref a)
{
    if (e->mmu) { /* mmu_probe_atomic has found it */
        int k = ra_temp(e);
        x_rm(&e->cb, OP_MOV_R_RM, true, k, mem_bd(STATE, CPU_DISP(mmu_host)));
        return (struct mem){ .base = (int8_t)k, .index = -1 };
    }
    if (e->mask_tags) {
        flags_clobber(e);
        int k = ra_copy(e, a);
        shift_ri(&e->cb, SH_SHL, true, k, 8);
        shift_ri(&e->cb, SH_SHR, true, k, 8);
        return (struct mem){ .base = (int8_t)k, .index = -1, .gs = e->gs };
    }
    return (struct mem){ .base = (int8_t)ra_use(e, a), .index = -1, .gs = e->gs };
}

static void emit_amo(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned size = IR_MEM_SIZE(p->aux);
    bool w = size == 3;
    ir_ref val = p->arg[1];
    flags_clobber(e);
    mmu_probe_atomic(e, p->arg[0], size);
    if (p->imm == IR_AMO_SWP || p->imm == IR_AMO_ADD) {
        static const unsigned swp[4] = { OP_XCHG8, OP_XCHG16, OP_XCHG, OP_XCHG };
        static const unsigned xadd[4] = { OP_XADD8, OP_XADD16, OP_XADD, OP_XADD };
        struct mem m = plain_address(e, p->arg[0]);
        int k = ra_copy(e, val); /* scratch: a fault must not show it */
        fault_point(e);
        if (p->imm == IR_AMO_ADD)
            cb8(&e->cb, 0xf0);
        x_rm(&e->cb, p->imm == IR_AMO_SWP ? swp[size] : xadd[size], w, k, m);
        extend(e, size, k);
        ra_bind(e, i, k);
        return;
    }
    ra_take(e, RAX);
    /* rax, the new value and the address: the operand is used from a pinned register or memory */
    if (!ir_is_const(val) && vi(e, val)->reg >= 0 && (GPR_SCRATCH >> vi(e, val)->reg & 1)) {
        ra_to_mem(e, val);
        e->gval[vi(e, val)->reg] = 0;
        vi(e, val)->reg = -1;
    } else if (!ir_is_const(val) && vi(e, val)->reg >= 0) {
        ra_use(e, val);
    }
    struct mem m = plain_address(e, p->arg[0]);
    int t = ra_temp(e);
    struct mem vm = { 0 };
    bool in_mem = ra_in_mem(e, val, &vm);
    int vr = -1;
    if (ir_is_const(val)) { /* to memory: no register is left */
        vm = mem_bd(STATE, CPU_DISP(leave_arg));
        mov_ri(&e->cb, t, ir_const_value(e->r, val));
        x_rm(&e->cb, OP_MOV_RM_R, true, t, vm);
        in_mem = true;
    } else if (!in_mem) {
        vr = vi(e, val)->reg;
    }
    bool minmax = p->imm >= IR_AMO_SMAX;
    bool sign = p->imm == IR_AMO_SMAX || p->imm == IR_AMO_SMIN;
    fault_point(e);
    if (size == 0)
        x_rm(&e->cb, OP_MOVZX8 & ~OPB, false, RAX, m);
    else if (size == 1)
        x_rm(&e->cb, OP_MOVZX16, false, RAX, m);
    else
        x_rm(&e->cb, OP_MOV_R_RM, w, RAX, m);
    uint8_t *loop = e->cb.p;
    if (minmax) {
        /* t := operand extended to the access' size; compare with rax extended the same way */
        unsigned ext = size == 0 ? (sign ? OP_MOVSX8 : OP_MOVZX8)
                     : size == 1 ? (sign ? OP_MOVSX16 : OP_MOVZX16) : OP_MOV_R_RM;
        if (size < 2 && sign)
            x_rr(&e->cb, ext, false, RAX, RAX);
        if (in_mem)
            x_rm(&e->cb, ext, w, t, vm);
        else
            x_rr(&e->cb, ext, w, t, vr);
        alu_rr(&e->cb, ALU_CMP, w, t, RAX);
        static const int8_t cc[4] = { CC_L, CC_G, CC_B, CC_A }; /* t loses if ... */
        x_rr(&e->cb, OP_CMOV | (unsigned)cc[p->imm - IR_AMO_SMAX], w, t, RAX);
    } else {
        enum alu op = p->imm == IR_AMO_XOR ? ALU_XOR : p->imm == IR_AMO_OR ? ALU_OR : ALU_AND;
        if (p->imm == IR_AMO_ANDN) {
            if (in_mem)
                x_rm(&e->cb, OP_MOV_R_RM, true, t, vm);
            else
                mov_rr(&e->cb, true, t, vr);
            x_rr(&e->cb, 0xf7, true, 2, t);
            alu_rr(&e->cb, ALU_AND, true, t, RAX);
        } else {
            mov_rr(&e->cb, true, t, RAX);
            if (in_mem)
                alu_rm(&e->cb, op, true, t, vm);
            else
                alu_rr(&e->cb, op, true, t, vr);
        }
    }
    lock_cmpxchg(e, size, t, m);
    cb8(&e->cb, 0x75); /* jne loop */
    cb8(&e->cb, (unsigned)(loop - (e->cb.p + 1)));
    extend(e, size, RAX);
    ra_bind(e, i, RAX);
}

/* Halves of an i128 value to two registers. */
static void load_pair(struct emit *e, ir_ref v, int lo, int hi)
{
    if (ir_is_const(v)) {
        mov_ri(&e->cb, lo, emit_const(e, v)->lo);
        mov_ri(&e->cb, hi, emit_const(e, v)->hi);
        return;
    }
    struct mem m = ra_mem(e, v);
    x_rm(&e->cb, OP_MOV_R_RM, true, lo, m);
    m.disp += 8;
    x_rm(&e->cb, OP_MOV_R_RM, true, hi, m);
}

/* 16-byte compare and swap: expected at eb, new value at nb (memory), address a. Afterwards ZF tells, and
 * rdx:rax is the old value. rbx and one pinned register are borrowed: their guest registers are
 * in their slots meanwhile. */
static void cmpxchg16b(struct emit *e, ir_ref a, ir_ref expected, ir_ref new)
{
    const struct home *hb = &e->home[e->gpin[RBX]], *hs = &e->home[e->gpin[R11]];
    (void)hb;
    (void)hs;
    int32_t slot_b = e->r->target->regs[e->gpin[RBX]].offset - STATE_BIAS;
    int32_t slot_s = e->r->target->regs[e->gpin[R11]].offset - STATE_BIAS;
    x_rm(&e->cb, OP_MOV_RM_R, true, RBX, mem_bd(STATE, slot_b));
    x_rm(&e->cb, OP_MOV_RM_R, true, R11, mem_bd(STATE, slot_s));
    if (e->mmu) {
        x_rm(&e->cb, OP_MOV_R_RM, true, R11, mem_bd(STATE, CPU_DISP(mmu_host)));
    } else if (ir_is_const(a)) {
        mov_ri(&e->cb, R11, ir_const_value(e->r, a));
    } else if (vi(e, a)->reg >= 0) {
        mov_rr(&e->cb, true, R11, vi(e, a)->reg);
    } else {
        x_rm(&e->cb, OP_MOV_R_RM, true, R11, ra_mem(e, a));
    }
    if (e->mask_tags) {
        shift_ri(&e->cb, SH_SHL, true, R11, 8);
        shift_ri(&e->cb, SH_SHR, true, R11, 8);
    }
    load_pair(e, expected, RAX, RDX);
    load_pair(e, new, RBX, RCX);
    e->borrowed = true;
    fault_point(e);
    e->borrowed = false;
    struct mem m = { .base = R11, .index = -1, .gs = e->gs };
    cb8(&e->cb, 0xf0);
    x_rm(&e->cb, 0xc7 | M0F, true, 1, m);
    x_rm(&e->cb, OP_MOV_R_RM, true, RBX, mem_bd(STATE, slot_b));
    x_rm(&e->cb, OP_MOV_R_RM, true, R11, mem_bd(STATE, slot_s));
}

/* Empties rax, rcx, rdx so that a is readable from where it ends up. */
static void take_all(struct emit *e, ir_ref a)
{
    if (!ir_is_const(a) && vi(e, a)->reg >= 0 && (GPR_SCRATCH >> vi(e, a)->reg & 1))
        ra_to_mem(e, a);
    for (int k = RAX; k <= RDX; k++) {
        if (e->gval[k] && e->v[e->gval[k]].reg == k && e->v[e->gval[k]].last >= e->at)
            ra_to_mem(e, e->gval[k]);
        if (e->gval[k] && e->v[e->gval[k]].reg == k)
            e->v[e->gval[k]].reg = -1;
        e->gval[k] = 0;
        e->gcst[k] = 0;
        e->glock |= 1u << k;
    }
}

static void emit_cas(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned size = IR_MEM_SIZE(p->aux);
    flags_clobber(e);
    mmu_probe_atomic(e, p->arg[0], size);
    if (p->type == IR_I128) {
        int32_t disp = ra_spill_slot(e, i);
        take_all(e, p->arg[0]);
        cmpxchg16b(e, p->arg[0], p->arg[1], p->arg[2]);
        x_rm(&e->cb, OP_MOV_RM_R, true, RAX, mem_bd(STATE, disp));
        x_rm(&e->cb, OP_MOV_RM_R, true, RDX, mem_bd(STATE, disp + 8));
        e->v[i].mem = disp;
        e->v[i].flags |= V_MEM;
        return;
    }
    ra_use_in(e, p->arg[1], RAX);
    int s = ra_use(e, p->arg[2]);
    struct mem m = plain_address(e, p->arg[0]);
    if (s == RAX) { /* new value == expected value, one register */
        s = ra_temp(e);
        mov_rr(&e->cb, true, s, RAX);
    }
    lock_cmpxchg(e, size, s, m);
    extend(e, size, RAX);
    if (size == 2)
        mov_rr(&e->cb, false, RAX, RAX);
    if (e->gval[RAX] && e->v[e->gval[RAX]].reg == RAX)
        e->v[e->gval[RAX]].reg = -1;
    ra_bind(e, i, RAX);
}

static void emit_casx(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned size = IR_MEM_SIZE(p->aux);
    ir_ref guard = p->arg[3];
    struct label fail = { 0 }, end = { 0 };
    flags_clobber(e);
    mmu_probe_atomic(e, p->arg[0], size);
    if (!ir_is_const(guard) && vi(e, guard)->reg >= 0 && (GPR_SCRATCH >> vi(e, guard)->reg & 1)) {
        ra_to_mem(e, guard);
        e->gval[vi(e, guard)->reg] = 0;
        vi(e, guard)->reg = -1;
    }
    bool pair = size == 4;
    int s = -1;
    struct mem m = { 0 };
    if (pair) {
        take_all(e, p->arg[0]);
    } else {
        ra_use_in(e, p->arg[1], RAX);
        s = ra_use(e, p->arg[2]);
        m = plain_address(e, p->arg[0]);
        if (s == RAX) {
            s = ra_temp(e);
            mov_rr(&e->cb, true, s, RAX);
        }
    }
    if (!ir_is_const(guard)) {
        struct mem gm;
        if (ra_in_mem(e, guard, &gm))
            alu_mi(&e->cb, ALU_CMP, false, gm, 0);
        else
            x_rr(&e->cb, OP_TEST, false, vi(e, guard)->reg, vi(e, guard)->reg);
        emit_jcc(e, CC_E, (struct dest){ .kind = TO_LABEL, .label = &fail });
    } else if (!ir_const_value(e->r, guard)) {
        emit_jmp(e, (struct dest){ .kind = TO_LABEL, .label = &fail });
    }
    if (pair)
        cmpxchg16b(e, p->arg[0], p->arg[1], p->arg[2]);
    else
        lock_cmpxchg(e, size, s, m);
    x_rr(&e->cb, OP_SETCC | CC_NE, false, 0, RAX);
    x_rr(&e->cb, OP_MOVZX8, false, RAX, RAX);
    if (!ir_is_const(guard) || !ir_const_value(e->r, guard)) {
        emit_jmp(e, (struct dest){ .kind = TO_LABEL, .label = &end });
        label_bind(e, &fail);
        mov_ri(&e->cb, RAX, 1);
        label_bind(e, &end);
    }
    e->alu.op = 0;
    if (e->gval[RAX] && e->v[e->gval[RAX]].reg == RAX)
        e->v[e->gval[RAX]].reg = -1;
    ra_bind(e, i, RAX);
}

/* Arguments go to cpu->spill's last four places: the common stub syncs the pinned registers, changes to
 * the C stack, loads the argument registers and calls. */
void emit_helper_call(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    const struct ir_helper *h = &e->r->target->helpers[p->imm];
    flags_clobber(e);
    bool state = h->class != IR_PURE;
    for (unsigned k = 0; k < h->nargs; k++) {
        struct mem m = mem_bd(STATE, CPU_DISP(helper_arg) + (int)k * 8);
        int32_t imm;
        if (imm32(e, p->arg[k], true, &imm)) {
            mov_mi32(&e->cb, true, m, imm);
        } else {
            int s = ra_use(e, p->arg[k]);
            x_rm(&e->cb, OP_MOV_RM_R, true, s, m);
            e->glock &= ~(1u << s);
        }
    }
    if (state)
        ra_forget_homes(e);
    ra_spill_scratch(e, true);
    cb8(&e->cb, 0x48);
    cb8(&e->cb, 0xb8); /* mov rax, imm64 */
    if (e->out->nrelocs < e->out->cap_relocs - 1)
        e->out->relocs[e->out->nrelocs++] =
            (struct reloc){ (uint32_t)(e->cb.p - e->cb.start), RELOC_HELPER, p->imm };
    else
        e->out->overflow = true;
    cb64(&e->cb, (uint64_t)(uintptr_t)h->fn);
    if (state) { /* precise pc for the helper */
        emit_set_pc(e, e->guest_pc, RCX);
    }
    emit_call_stub(e, state ? STUB_HELPER : STUB_HELPER_PURE);
    fault_point(e); /* the return address */
    if (h->class == IR_MAY_LEAVE) { /* rax != 0: leave with reason rax - 1 */
        x_rr(&e->cb, OP_TEST, true, RAX, RAX);
        emit_stub_jcc(e, CC_NE, STUB_HELPER_LEAVE);
        return;
    }
    if (h->result != IR_VOID) {
        ra_take(e, RAX);
        if (h->result == IR_I32)
            mov_rr(&e->cb, false, RAX, RAX);
        ra_bind(e, i, RAX);
    }
}

/* The address is misaligned. A trap, which engine_fault makes an alignment fault at leave_arg. */
static void cold_misaligned(struct emit *e, uint32_t i, const int *regs)
{
    const struct ir_inst *p = inst(e, i);
    struct mem arg = mem_bd(STATE, CPU_DISP(leave_arg)), low = mem_bd(STATE, CPU_DISP(leave_imm));
    x_rm(&e->cb, OP_MOV_RM_R, true, regs[0], arg);
    uint8_t *within = NULL;
    if (p->aux && p->imm < 16) { /* no register is free, and it is slow on the host too */
        x_rm(&e->cb, OP_MOV_RM_R, true, regs[0], low);
        alu_mi(&e->cb, ALU_AND, false, low, 15);
        alu_mi(&e->cb, ALU_CMP, false, low, 16 - (int32_t)p->imm);
        cb8(&e->cb, 0x76); /* jbe: back */
        cb8(&e->cb, 0);
        within = e->cb.p;
    }
    fault_point(e);
    cb8(&e->cb, 0x0f); /* ud2 */
    cb8(&e->cb, 0x0b);
    if (within)
        within[-1] = (uint8_t)(e->cb.p - within);
}

static void emit_aligned(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    int regs[6] = { ra_use(e, p->arg[0]) };
    flags_clobber(e);
    x_rr(&e->cb, 0xf6 | OPB, false, 0, regs[0]); /* test low byte */
    cb8(&e->cb, (unsigned)p->imm - 1);
    emit_cold(e, CC_NE, cold_misaligned, i, regs);
}

bool emit_mem_op(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    switch (p->op) {
    case IR_load:
        emit_load(e, i);
        return true;
    case IR_store:
        emit_store(e, i);
        return true;
    case IR_amo:
        emit_amo(e, i);
        return true;
    case IR_cas:
        emit_cas(e, i);
        return true;
    case IR_casx:
        emit_casx(e, i);
        return true;
    case IR_aligned:
        emit_aligned(e, i);
        return true;
    case IR_fence:
        if (p->aux == IR_FENCE_FULL) {
            flags_clobber(e);
            cb8(&e->cb, 0xf0);
            alu_mi(&e->cb, ALU_OR, false, mem_bd(RSP, 0), 0);
        }
        return true;
    case IR_call:
        emit_helper_call(e, i);
        return true;
    default: /* other chapters' operations */
        return false;
    }
}
