/*
 * Guest memory accesses in system mode: the inline probe of the data TLB, and the ways to its slow path.
 *
 *     mov t, va; shr t, 7; and t, [mask]; add t, [base]           the page's entry
 *     lea u, [va + size - 1]; and u, -4096; cmp u, [t + tag]      page of the last byte
 *     jne slow; mov t, [t + addend]                               the access: [va + t]
 *
 * Eight instructions more than flat memory, seven for a byte. The slow path of a load gives another addend; that of a
 * store does it and goes on behind it. After a fault neither comes back: their stub leaves translated code, and the run loop
 * makes the registers precise (exec_mmu_fault).
 *
 * From the jump to the slow path on until that comes back nothing may change what is known of registers, since the
 * slow path did not go there: what is stored is brought to the probe's second temporary by hand.
 */
#include "emit_priv.h"

/* struct tlb_entry of softmmu/tlb.h */
enum { TLB_READ = 0, TLB_WRITE = 8, TLB_ADDEND = 16, TLB_LOG = 5, PAGE_LOG = 12 };

bool mmu_slow_address(struct cpu *cpu)
{
    cpu->mmu_value[0] = cpu->mmu_ops->address(cpu, cpu->mmu_va, cpu->mmu_info);
    return cpu->mmu_value[0] == ~0ull;
}
bool mmu_slow_store(struct cpu *cpu)
{
    return !cpu->mmu_ops->store(cpu, cpu->mmu_va, cpu->mmu_info, cpu->mmu_value[0], cpu->mmu_value[1]);
}

static struct mem state(int32_t disp) { return mem_bd(STATE, disp); }

enum { SLOW_VA, SLOW_INFO, SLOW_KIND, SLOW_REG, SLOW_TO };
enum { STORE_GPR, STORE_XMM, STORE_CONST /* of number */, STORE_MEM /* at a displacement from the state */ };

/* Comes back unless there is a fault; its return address is what tells the place then. */
static void call_slow(struct emit *e, const int *regs, enum stub s)
{
    x_rm(&e->cb, OP_MOV_RM_R, true, regs[SLOW_VA], state(CPU_DISP(mmu_va)));
    mov_mi32(&e->cb, false, state(CPU_DISP(mmu_info)), regs[SLOW_INFO]);
    emit_call_stub(e, s);
    fault_point(e);
}

static void cold_address(struct emit *e, uint32_t i, const int *regs)
{
    call_slow(e, regs, STUB_MMU_ADDRESS);
    x_rm(&e->cb, OP_MOV_R_RM, true, regs[SLOW_TO], state(CPU_DISP(mmu_value)));
}

static void cold_store(struct emit *e, uint32_t i, const int *regs)
{
    struct mem value = state(CPU_DISP(mmu_value));
    int t = regs[SLOW_TO];
    if (regs[SLOW_KIND] == STORE_XMM)
        xmm_rm(e, OP_MOVUPS_S, regs[SLOW_REG], value);
    else if (regs[SLOW_KIND] == STORE_GPR)
        t = regs[SLOW_REG];
    else if (regs[SLOW_KIND] == STORE_MEM)
        x_rm(&e->cb, OP_MOV_R_RM, true, t, state(regs[SLOW_REG]));
    else
        mov_ri(&e->cb, t, ir_const_value(e->r, (ir_ref)regs[SLOW_REG]));
    if (regs[SLOW_KIND] != STORE_XMM)
        x_rm(&e->cb, OP_MOV_RM_R, true, t, value);
    call_slow(e, regs, STUB_MMU_STORE);
}

struct mem mmu_probe(struct emit *e, struct mem m, unsigned size, unsigned info)
{
    int k = m.base;
    if (m.index >= 0 || m.disp || k < 0) {
        k = ra_temp(e);
        m.gs = false;
        if (m.base < 0 && m.index < 0)
            mov_ri(&e->cb, k, (uint64_t)(int64_t)m.disp);
        else
            x_rm(&e->cb, OP_LEA, true, k, m);
        if (m.base >= 0)
            e->glock &= ~(1u << m.base);
        if (m.index >= 0)
            e->glock &= ~(1u << m.index);
        e->glock |= 1u << k;
    }
    int t = ra_temp(e), u = ra_temp(e);
    bool write = info & IR_MMU_WRITE;
    int32_t mmu = CPU_DISP(mmu) + (info & IR_MMU_SPACE ? (int32_t)sizeof(struct cpu_mmu) : 0);
    mov_rr(&e->cb, true, t, k);
    shift_ri(&e->cb, SH_SHR, true, t, PAGE_LOG - TLB_LOG);
    alu_rm(&e->cb, ALU_AND, false, t, state(mmu + (int32_t)offsetof(struct cpu_mmu, mask)));
    alu_rm(&e->cb, ALU_ADD, true, t, state(mmu + (int32_t)offsetof(struct cpu_mmu, base)));
    if (size)
        x_rm(&e->cb, OP_LEA, true, u, mem_bd(k, (1 << size) - 1));
    else
        mov_rr(&e->cb, true, u, k);
    alu_ri(&e->cb, ALU_AND, true, u, -(1 << PAGE_LOG));
    alu_rm(&e->cb, ALU_CMP, true, u, mem_bd(t, write ? TLB_WRITE : TLB_READ));
    int regs[6] = { [SLOW_VA] = k, [SLOW_INFO] = (int)(size | info), [SLOW_TO] = t };
    bool store = write && !(info & IR_MMU_ATOMIC);
    e->mmu_cold = e->ncolds < sizeof e->colds / sizeof *e->colds ? e->ncolds : e->ncolds - 1; /* else it has failed */
    emit_cold(e, CC_NE, store ? cold_store : cold_address, e->at, regs);
    x_rm(&e->cb, OP_MOV_R_RM, true, t, mem_bd(t, TLB_ADDEND));
    if (!store)
        e->colds[e->mmu_cold].back = e->cb.p;
    e->mmu_temp = u;
    if (!store)
        e->glock &= ~(1u << u);
    return (struct mem){ .base = (int8_t)k, .index = (int8_t)t };
}

/* Where the slow path finds what is stored; it may jump there before the value is in a register. */
struct stored { int kind, reg; };
static struct stored stored_value(struct emit *e, ir_ref c)
{
    struct mem m;
    if (ir_is_const(c))
        return (struct stored){ STORE_CONST, (int)c };
    if (vi(e, c)->reg < 0 && ra_in_mem(e, c, &m))
        return (struct stored){ STORE_MEM, m.disp };
    int r = ra_use(e, c);
    if (!(GPR_SCRATCH >> r & 1))
        return (struct stored){ STORE_GPR, r };
    ra_to_mem(e, c);
    e->glock &= ~(1u << r);
    return (struct stored){ STORE_MEM, ra_mem(e, c).disp };
}

void mmu_probe_atomic(struct emit *e, ir_ref a, unsigned size)
{
    if (!e->mmu)
        return;
    struct mem m = { .base = -1, .index = -1 };
    if (ir_is_const(a)) {
        m.base = (int8_t)ra_temp(e);
        mov_ri(&e->cb, m.base, ir_const_value(e->r, a));
    } else {
        m.base = (int8_t)ra_use(e, a);
    }
    uint32_t locked = e->glock;
    m = mmu_probe(e, m, size, IR_MMU_WRITE | IR_MMU_ATOMIC);
    alu_rr(&e->cb, ALU_ADD, true, m.index, m.base);
    x_rm(&e->cb, OP_MOV_RM_R, true, m.index, state(CPU_DISP(mmu_host)));
    e->glock = locked & ~(1u << m.base) & ~GPR_SCRATCH;
}

void emit_mmu_store(struct emit *e, uint32_t i)
{
    static const unsigned vector[5] = { 0, 0, OP_MOVSS_S, OP_MOVSD_S, OP_MOVUPS_S };
    static const unsigned exchange[4] = { OP_XCHG8, OP_XCHG16, OP_XCHG, OP_XCHG };
    const struct ir_inst *p = inst(e, i);
    ir_ref c = p->arg[2];
    unsigned size = IR_MEM_SIZE(p->aux);
    bool ordered = IR_MEM_ORDER(p->aux) >= IR_RELEASE;
    struct stored from;
    int32_t imm;
    if (!ir_is_const(c) && e->v[c].class == CL_PAIR) {
        from = (struct stored){ STORE_XMM, rx_temp(e) };
        xmm_rm(e, OP_MOVUPS_L, from.reg, ra_mem(e, c));
    } else if (class_is_vector(e, c)) {
        from = (struct stored){ STORE_XMM, rx_use(e, c) };
    } else {
        from = stored_value(e, c);
    }
    struct mem m = mem_address(e, p);
    int u = e->mmu_temp;
    e->colds[e->mmu_cold].regs[SLOW_KIND] = from.kind;
    e->colds[e->mmu_cold].regs[SLOW_REG] = from.reg;
    if (from.kind == STORE_XMM && size > 1) {
        fault_point(e);
        xmm_rm(e, vector[size], from.reg, m);
    } else if (!ordered && from.kind == STORE_CONST && imm32(e, c, size == 3, &imm)) {
        fault_point(e);
        store_imm(e, size, imm, m);
    } else {
        int s = u;
        if (from.kind == STORE_XMM) {
            if (e->hf->avx)
                v_rrr(&e->cb, OP_MOVD_R_X, false, from.reg, 0, u);
            else
                x_rr(&e->cb, OP_MOVD_R_X, false, from.reg, u);
        } else if (from.kind == STORE_CONST) {
            mov_ri(&e->cb, u, ir_const_value(e->r, c));
        } else if (from.kind == STORE_MEM) {
            x_rm(&e->cb, OP_MOV_R_RM, true, u, state(from.reg));
        } else if (ordered) {
            mov_rr(&e->cb, true, u, from.reg);
        } else {
            s = from.reg;
        }
        fault_point(e);
        if (ordered && from.kind != STORE_XMM)
            x_rm(&e->cb, exchange[size], size == 3, s, m);
        else
            store_reg(e, size, s, m);
    }
    e->colds[e->mmu_cold].back = e->cb.p;
    if (ordered && from.kind == STORE_XMM) {
        cb8(&e->cb, 0xf0);
        alu_mi(&e->cb, ALU_OR, false, mem_bd(RSP, 0), 0);
    }
}
