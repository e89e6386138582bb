/*
 * The common stubs at the start of the code cache: entering and leaving translated code, helper calls,
 * misses. They depend on the guest's register table (which guest register is pinned where), so they are
 * emitted when the engine starts.
 *
 * In translated code rsp is the return stack, rbp = cpu + 128, MXCSR is the guest's. The C stack pointer
 * waits in cpu->host_sp.
 */
#include <stdlib.h>
#include "emit_priv.h"

static const int8_t gpr_pin[] = {
#define GPR(n, host) [n] = host,
#include "regs.def"
};
static const int8_t xmm_pin[] = {
#define XMM(n, host) [n] = host,
#include "regs.def"
};

static bool is_vec(const struct ir_reg *r) { return r->type == IR_V128 || r->type == IR_V256; }

unsigned host_npins(const struct host_features *hf, bool vector)
{
    enum { LOW = 12 /* of vectors, in xmm4 to xmm15 */ };
    if (!vector)
        return sizeof gpr_pin;
    return hf->avx512vl ? sizeof xmm_pin : LOW;
}

const struct ir_target *host_fit_pins(const struct ir_target *t, unsigned general, unsigned vector)
{
    bool fits = true;
    for (unsigned k = 0; k < t->nregs; k++)
        fits &= t->regs[k].pin < (int)(is_vec(&t->regs[k]) ? vector : general);
    if (fits)
        return t;
    struct ir_target *copy = malloc(sizeof *copy);
    struct ir_reg *regs = malloc(t->nregs * sizeof *regs);
    if (!copy || !regs) {
        free(copy);
        free(regs);
        return NULL;
    }
    memcpy(regs, t->regs, t->nregs * sizeof *regs);
    for (unsigned k = 0; k < t->nregs; k++)
        if (regs[k].pin >= (int)(is_vec(&regs[k]) ? vector : general))
            regs[k].pin = -1;
    *copy = *t;
    copy->regs = regs;
    return copy;
}

unsigned host_pins(const struct ir_target *t, bool vector, struct host_pin out[NXMM])
{
    unsigned n = 0;
    for (unsigned k = 0; k < t->nregs; k++)
        if (t->regs[k].pin >= 0 && is_vec(&t->regs[k]) == vector) {
            out[n].reg = (uint8_t)(vector ? xmm_pin[t->regs[k].pin] : gpr_pin[t->regs[k].pin]);
            out[n++].row = (uint16_t)k;
        }
    return n;
}

void host_homes(struct emit *e, const struct ir_target *t)
{
    e->target = t;
    memset(e->gpin, -1, sizeof e->gpin);
    memset(e->xpin, -1, sizeof e->xpin);
    e->evex = false;
    for (unsigned k = 0; k < t->nregs; k++) {
        const struct ir_reg *r = &t->regs[k];
        bool vec = is_vec(r);
        e->home[k].disp = r->offset - STATE_BIAS;
        e->home[k].reg = r->pin < 0 ? -1 : vec ? xmm_pin[r->pin] : gpr_pin[r->pin];
        e->evex |= e->home[k].reg >= 16;
        if (r->pin >= 0)
            (vec ? e->xpin : e->gpin)[e->home[k].reg] = (int16_t)k;
    }
}

static struct mem slot(const struct ir_target *t, unsigned row)
{
    return mem_bd(STATE, t->regs[row].offset - STATE_BIAS);
}
static struct mem field(int32_t disp) { return mem_bd(STATE, disp); }

/* Stores (to = true) or loads the pinned registers. caller_saved: only those a C function may change. */
static void sync_gpr(struct codebuf *c, const struct ir_target *t, bool to, bool caller_saved)
{
    struct host_pin p[NXMM];
    unsigned n = host_pins(t, false, p);
    for (unsigned k = 0; k < n; k++) {
        bool kept = p[k].reg == RBX || p[k].reg >= R12;
        if (!(caller_saved && kept))
            x_rm(c, to ? OP_MOV_RM_R : OP_MOV_R_RM, true, p[k].reg, slot(t, p[k].row));
    }
}
static void move_xmm(struct codebuf *c, bool store, int reg, struct mem m)
{
    unsigned op = store ? OP_MOVUPS_S : OP_MOVUPS_L;
    if (reg >= 16)
        evex_rrm(c, op, false, reg, 0, m);
    else
        x_rm(c, op, false, reg, m);
}
static void sync_xmm(struct codebuf *c, const struct ir_target *t, bool to)
{
    struct host_pin p[NXMM];
    unsigned n = host_pins(t, true, p);
    for (unsigned k = 0; k < n; k++)
        move_xmm(c, to, p[k].reg, slot(t, p[k].row));
}
/* How many vector registers translated code has. */
static int nxmm(const struct ir_target *t)
{
    struct host_pin p[NXMM];
    unsigned n = host_pins(t, true, p);
    for (unsigned k = 0; k < n; k++)
        if (p[k].reg >= 16)
            return NXMM;
    return 16;
}

static void jmp_to(struct codebuf *c, const struct stubs *s, enum stub to)
{
    cb8(c, 0xe9);
    cb32(c, (uint32_t)(s->at[to] - (c->p + c->delta + 4)));
}

static void ldmxcsr(struct codebuf *c, int32_t disp) { x_rm(c, 0xae | M0F, false, 2, field(disp)); }
static void stmxcsr(struct codebuf *c, int32_t disp) { x_rm(c, 0xae | M0F, false, 3, field(disp)); }

/* What slow paths keep in cpu->cold_save (rax behind them, vectors at 80), and after a fault in mmu_save. */
static const int8_t saved[8] = { RCX, RDX, RSI, RDI, R8, R9, R10, R11 }, kept[5] = { RBX, R12, R13, R14, R15 };

void host_mmu_saved(const struct cpu *cpu, uint64_t gpr[16])
{
    memset(gpr, 0, 16 * sizeof *gpr);
    for (unsigned k = 0; k < sizeof saved; k++)
        memcpy(&gpr[saved[k]], cpu->cold_save + 8 * k, 8);
    memcpy(&gpr[RAX], cpu->cold_save + 64, 8);
    for (unsigned k = 0; k < sizeof kept; k++)
        gpr[kept[k]] = cpu->mmu_save[k];
}

const void *host_mmu_saved_vector(const struct cpu *cpu, unsigned reg) { return cpu->cold_save + 80 + 16 * reg; }

static const int8_t callee_saved[6] = { RBX, RBP, R12, R13, R14, R15 };

static void push(struct codebuf *c, int r)
{
    if (r >= 8)
        cb8(c, 0x41);
    cb8(c, 0x50 | (unsigned)(r & 7));
}
static void pop(struct codebuf *c, int r)
{
    if (r >= 8)
        cb8(c, 0x41);
    cb8(c, 0x58 | (unsigned)(r & 7));
}

/* Base register and displacement of a jump cache: part of the state, or a table of its own, whose address goes to rdx. */
static struct mem jump_table(struct codebuf *c, bool system, bool second)
{
    if (!system)
        return mem_bd(STATE, second ? CPU_DISP(jump_cache2) : CPU_DISP(jump_cache));
    x_rm(c, OP_MOV_R_RM, true, RDX, field(CPU_DISP(jumps)));
    return mem_bd(RDX, second ? (int32_t)offsetof(struct jumps, second) : (int32_t)offsetof(struct jumps, first));
}

size_t host_emit_stubs(struct stubs *s, const struct ir_target *t, unsigned insn_shift, unsigned without, bool system,
                       uint8_t *buf, size_t cap, intptr_t delta)
{
    struct codebuf c = { .p = buf, .start = buf, .end = buf + cap, .delta = delta };
    if (cap < 4096)
        return 0;
#define BEGIN(stub)                                                                                    \
    while ((uintptr_t)c.p & 15)                                                                        \
        cb8(&c, 0xcc);                                                                                 \
    s->at[stub] = c.p + c.delta

    BEGIN(STUB_ENTER); /* (rdi = cpu, rsi = code) */
    for (int k = 0; k < 6; k++)
        push(&c, callee_saved[k]);
    alu_ri(&c, ALU_SUB, true, RSP, 8); /* 16-byte alignment at calls */
    x_rm(&c, OP_LEA, true, RBP, mem_bd(RDI, STATE_BIAS));
    stmxcsr(&c, CPU_DISP(host_mxcsr));
    x_rm(&c, OP_MOV_RM_R, true, RSP, field(CPU_DISP(host_sp)));
    mov_rr(&c, true, RAX, RSI);
    x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(ret_sp)));
    ldmxcsr(&c, CPU_DISP(guest_mxcsr));
    sync_gpr(&c, t, false, false);
    sync_xmm(&c, t, false);
    x_rr(&c, 0xff, false, 4, RAX); /* jmp rax */

    BEGIN(STUB_LEAVE); /* eax = reason */
    sync_gpr(&c, t, true, false);
    sync_xmm(&c, t, true);
    stmxcsr(&c, CPU_DISP(guest_mxcsr));
    s->at[STUB_LEAVE_RAW] = NULL;
    x_rm(&c, OP_MOV_RM_R, true, RSP, field(CPU_DISP(ret_sp)));
    x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(host_sp)));
    ldmxcsr(&c, CPU_DISP(host_mxcsr));
    alu_ri(&c, ALU_ADD, true, RSP, 8);
    for (int k = 5; k >= 0; k--)
        pop(&c, callee_saved[k]);
    cb8(&c, 0xc3);

    /* For fault handlers: registers are stored already; rsp = cpu->host_sp, rbp = state, eax = reason */
    BEGIN(STUB_LEAVE_RAW);
    ldmxcsr(&c, CPU_DISP(host_mxcsr));
    alu_ri(&c, ALU_ADD, true, RSP, 8);
    for (int k = 5; k >= 0; k--)
        pop(&c, callee_saved[k]);
    cb8(&c, 0xc3);

    BEGIN(STUB_LINK);
    pop(&c, RAX);
    pop(&c, RCX);
    alu_rr(&c, ALU_ADD, true, RAX, RCX);
    x_rm(&c, OP_MOV_RM_R, true, RAX, field(CPU_DISP(link)));
    x_rm(&c, OP_MOV_R_RM, true, RCX, field(CPU_DISP(link_ways))); /* rax and rcx are free at the end of a translation */
    x_rm(&c, OP_MOV_R_RM, true, RAX, field(CPU_DISP(link)));
    static_assert(sizeof(struct link_way) == 8 && offsetof(struct link_way, left) == 4, "the code below knows");
    uint8_t *leave[3];
    x_rr(&c, 0x85, true, RCX, RCX); /* test */
    cb8(&c, 0x70 | CC_E);
    leave[0] = c.p;
    cb8(&c, 0);
    x_rm(&c, OP_LEA, true, RCX, (struct mem){ .base = RCX, .index = RAX, .scale = 3 });
    x_rm(&c, OP_MOV_R_RM, false, RAX, mem_bd(RCX, 0));
    x_rr(&c, 0x85, false, RAX, RAX);
    cb8(&c, 0x70 | CC_E);
    leave[1] = c.p;
    cb8(&c, 0);
    alu_mi(&c, ALU_SUB, false, mem_bd(RCX, 4), 1);
    cb8(&c, 0x70 | CC_S);
    leave[2] = c.p;
    cb8(&c, 0);
    alu_rm(&c, ALU_ADD, true, RAX, field(CPU_DISP(code_base)));
    x_rr(&c, 0xff, false, 4, RAX);
    for (int k = 0; k < 3; k++)
        *leave[k] = (uint8_t)(c.p - leave[k] - 1);
    mov_ri(&c, RAX, IR_LEAVE_LINK);
    jmp_to(&c, s, STUB_LEAVE);

    BEGIN(STUB_POLL);
    x_rm(&c, OP_MOV_RM_R, true, RAX, field(CPU_DISP(pc)));
    mov_ri(&c, RAX, IR_LEAVE_POLL);
    jmp_to(&c, s, STUB_LEAVE);

    BEGIN(STUB_LOOKUP); /* rax = pc; clobbers rcx, rdx */
    if (!(without & (WITHOUT_JUMPCACHE | WITHOUT_JUMPCACHE2))) {
        x_rr(&c, OP_IMUL_I, false, RCX, RAX);
        cb32(&c, IR_JUMP2_FACTOR);
        shift_ri(&c, SH_SHR, false, RCX, (system ? IR_JUMPS2_SHIFT : IR_JUMP2_SHIFT) - 4);
        alu_ri(&c, ALU_AND, false, RCX, -16);
        struct mem second = jump_table(&c, system, true);
        second.index = RCX;
        alu_rm(&c, ALU_CMP, true, RAX, second);
        cb8(&c, 0x70 | CC_NE);
        uint8_t *miss = c.p;
        cb8(&c, 0);
        second.disp += 8;
        x_rm(&c, 0xff, false, 4, second);
        *miss = (uint8_t)(c.p - miss - 1);
    }
    x_rm(&c, OP_MOV_RM_R, true, RAX, field(CPU_DISP(pc)));
    mov_ri(&c, RAX, IR_LEAVE_LOOKUP);
    jmp_to(&c, s, STUB_LEAVE);

    BEGIN(STUB_RET_STALE);
    pop(&c, RAX);
    jmp_to(&c, s, STUB_LOOKUP);

    BEGIN(STUB_RET_MISS); /* the return stack is of no use any more: start again with an empty one */
    x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(ret_base)));
    alu_rm(&c, ALU_CMP, true, RSP, field(CPU_DISP(poll_limit))); /* a loop may consist of such returns */
    cb8(&c, 0x0f);
    cb8(&c, 0x80 | CC_B);
    cb32(&c, (uint32_t)(s->at[STUB_POLL] - (c.p + c.delta + 4)));
    mov_rr(&c, false, RCX, RAX);
    alu_ri(&c, ALU_AND, false, RCX, 4095 << insn_shift);
    struct mem m = jump_table(&c, system, false);
    m.index = RCX;
    m.scale = (uint8_t)(4 - insn_shift);
    alu_rm(&c, ALU_CMP, true, RAX, m);
    cb8(&c, 0x0f);
    cb8(&c, 0x80 | CC_NE);
    cb32(&c, (uint32_t)(s->at[STUB_LOOKUP] - (c.p + c.delta + 4)));
    m.disp += 8;
    x_rm(&c, 0xff, false, 4, m);

    for (int k = RCX; k <= RDX; k++) { /* the same with the pc in rcx, rdx */
        BEGIN(k == RCX ? STUB_RET_MISS_RCX : STUB_RET_MISS_RDX);
        mov_rr(&c, true, RAX, k);
        jmp_to(&c, s, STUB_RET_MISS);
    }

    BEGIN(STUB_RET_EMPTY); /* the end of the return stack has been taken for a frame: a return to ~0 */
    x_rm(&c, OP_MOV_R_RM, true, RAX, mem_bd(RSP, 0));
    jmp_to(&c, s, STUB_RET_MISS);

    BEGIN(STUB_HELPER_LEAVE); /* rax = 1 + reason; the helper has set cpu->pc */
    alu_ri(&c, ALU_SUB, false, RAX, 1);
    jmp_to(&c, s, STUB_LEAVE);

    for (int pure = 0; pure < 2; pure++) { /* rax = function; arguments in helper_arg */
        BEGIN(pure ? STUB_HELPER_PURE : STUB_HELPER);
        sync_gpr(&c, t, true, pure);
        sync_xmm(&c, t, true);
        x_rm(&c, OP_MOV_R_RM, true, RCX, mem_bd(RSP, 0));
        x_rm(&c, OP_MOV_RM_R, true, RCX, field(CPU_DISP(helper_ra)));
        stmxcsr(&c, CPU_DISP(guest_mxcsr));
        ldmxcsr(&c, CPU_DISP(host_mxcsr));
        x_rm(&c, OP_MOV_RM_R, true, RSP, field(CPU_DISP(ret_sp)));
        x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(host_sp)));
        static const int8_t args[5] = { RDI, RSI, RDX, RCX, R8 };
        int first = 0;
        if (!pure) {
            x_rm(&c, OP_LEA, true, RDI, field(-STATE_BIAS));
            first = 1;
        }
        for (int k = 0; k < 4; k++)
            x_rm(&c, OP_MOV_R_RM, true, args[k + first], field(CPU_DISP(helper_arg) + k * 8));
        x_rr(&c, 0xff, false, 2, RAX); /* call rax */
        x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(ret_sp)));
        mov_mi32(&c, true, field(CPU_DISP(helper_ra)), 0);
        ldmxcsr(&c, CPU_DISP(guest_mxcsr));
        sync_gpr(&c, t, false, pure);
        sync_xmm(&c, t, false);
        cb8(&c, 0xc3);
    }

    /* rax = function (struct cpu *); the true rax is in cpu->leave_arg. Keeps every register and EFLAGS.
     * Nothing is stored to slots: a loop may have other homes. */
    BEGIN(STUB_COLD_CALL);
    cb8(&c, 0x9c); /* pushfq, on the return stack */
    for (int k = 0; k < 8; k++)
        x_rm(&c, OP_MOV_RM_R, true, saved[k], field(CPU_DISP(cold_save) + 8 * k));
    for (int k = 0; k < nxmm(t); k++)
        move_xmm(&c, true, k, field(CPU_DISP(cold_save) + 80 + 16 * k));
    x_rm(&c, OP_MOV_R_RM, true, RCX, field(CPU_DISP(leave_arg)));
    x_rm(&c, OP_MOV_RM_R, true, RCX, field(CPU_DISP(cold_save) + 64));
    stmxcsr(&c, CPU_DISP(guest_mxcsr));
    ldmxcsr(&c, CPU_DISP(host_mxcsr));
    x_rm(&c, OP_MOV_RM_R, true, RSP, field(CPU_DISP(ret_sp)));
    x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(host_sp)));
    x_rm(&c, OP_LEA, true, RDI, field(-STATE_BIAS));
    x_rr(&c, 0xff, false, 2, RAX);
    x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(ret_sp)));
    ldmxcsr(&c, CPU_DISP(guest_mxcsr));
    for (int k = 0; k < nxmm(t); k++)
        move_xmm(&c, false, k, field(CPU_DISP(cold_save) + 80 + 16 * k));
    for (int k = 0; k < 8; k++)
        x_rm(&c, OP_MOV_R_RM, true, saved[k], field(CPU_DISP(cold_save) + 8 * k));
    x_rm(&c, OP_MOV_R_RM, true, RAX, field(CPU_DISP(cold_save) + 64));
    cb8(&c, 0x9d); /* popfq */
    cb8(&c, 0xc3);

    /* mmu_va, mmu_info and what is stored are in the state. EFLAGS are nobody's. */
    for (int store = 0; system && store < 2; store++) {
        BEGIN(store ? STUB_MMU_STORE : STUB_MMU_ADDRESS);
        x_rm(&c, OP_MOV_RM_R, true, RAX, field(CPU_DISP(cold_save) + 64));
        for (int k = 0; k < 8; k++)
            x_rm(&c, OP_MOV_RM_R, true, saved[k], field(CPU_DISP(cold_save) + 8 * k));
        for (int k = 0; k < nxmm(t); k++)
            move_xmm(&c, true, k, field(CPU_DISP(cold_save) + 80 + 16 * k));
        stmxcsr(&c, CPU_DISP(guest_mxcsr));
        ldmxcsr(&c, CPU_DISP(host_mxcsr));
        x_rm(&c, OP_MOV_RM_R, true, RSP, field(CPU_DISP(ret_sp)));
        x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(host_sp)));
        x_rm(&c, OP_LEA, true, RDI, field(-STATE_BIAS));
        mov_ri(&c, RAX, (uint64_t)(uintptr_t)(store ? mmu_slow_store : mmu_slow_address));
        x_rr(&c, 0xff, false, 2, RAX);
        x_rr(&c, 0x84 & ~OPB, false, RAX, RAX); /* test al, al */
        cb8(&c, 0x0f);
        cb8(&c, 0x80 | CC_NE);
        uint8_t *fault = c.p;
        cb32(&c, 0);
        x_rm(&c, OP_MOV_R_RM, true, RSP, field(CPU_DISP(ret_sp)));
        ldmxcsr(&c, CPU_DISP(guest_mxcsr));
        for (int k = 0; k < nxmm(t); k++)
            move_xmm(&c, false, k, field(CPU_DISP(cold_save) + 80 + 16 * k));
        for (int k = 0; k < 8; k++)
            x_rm(&c, OP_MOV_R_RM, true, saved[k], field(CPU_DISP(cold_save) + 8 * k));
        x_rm(&c, OP_MOV_R_RM, true, RAX, field(CPU_DISP(cold_save) + 64));
        cb8(&c, 0xc3);
        int32_t rel = (int32_t)(c.p - (fault + 4));
        memcpy(fault, &rel, 4);
        for (unsigned k = 0; k < sizeof kept; k++)
            x_rm(&c, OP_MOV_RM_R, true, kept[k], field(CPU_DISP(mmu_save) + 8 * (int)k));
        x_rm(&c, OP_MOV_R_RM, true, RCX, field(CPU_DISP(ret_sp)));
        x_rm(&c, OP_MOV_R_RM, true, RAX, mem_bd(RCX, 0));
        x_rm(&c, OP_MOV_RM_R, true, RAX, field(CPU_DISP(mmu_ra)));
        alu_mi(&c, ALU_ADD, true, field(CPU_DISP(ret_sp)), 8);
        mov_ri(&c, RAX, IR_LEAVE_FAULT);
        jmp_to(&c, s, STUB_LEAVE_RAW);
    }
#undef BEGIN
    return (size_t)(c.p - buf);
}

unsigned host_enter(struct cpu *cpu, const struct stubs *s, const uint8_t *code)
{
    unsigned (*enter)(struct cpu *, const uint8_t *);
    const uint8_t *at = s->at[STUB_ENTER];
    memcpy(&enter, &at, sizeof enter);
    return enter(cpu, code);
}

/* ------------------------------------------------------------- operand of a fault */

bool host_operand_address(const uint8_t *pc, const uint64_t regs[16], uint64_t gs_base, uint64_t *addr)
{
    const uint8_t *p = pc;
    unsigned rex_x = 0, rex_b = 0, scale8 = 0;
    bool gs = false;
    for (;; p++) {
        if (*p == 0x65)
            gs = true;
        else if (*p != 0x66 && *p != 0xf0 && *p != 0xf2 && *p != 0xf3)
            break;
    }
    if (*p == 0x62) { /* EVEX */
        rex_x = ~p[1] >> 6 & 1;
        rex_b = ~p[1] >> 5 & 1;
        scale8 = evex_scale(p[4] | (p[1] & 3u) << 8 | (p[2] & 3u) << 10, p[2] >> 7);
        p += 5;
    } else if (*p == 0xc5 || *p == 0xc4) { /* VEX */
        if (*p == 0xc4) {
            rex_x = ~p[1] >> 6 & 1;
            rex_b = ~p[1] >> 5 & 1;
            p += 3;
        } else {
            p += 2;
        }
        p++;
    } else {
        if ((*p & 0xf0) == 0x40) {
            rex_x = *p >> 1 & 1;
            rex_b = *p & 1;
            p++;
        }
        if (*p == 0x0f) {
            p++;
            if (*p == 0x38 || *p == 0x3a)
                p++;
        }
        p++;
    }
    unsigned mod = *p >> 6, rm = *p & 7;
    p++;
    if (mod == 3)
        return false;
    uint64_t a = 0;
    if (rm == 4) {
        unsigned scale = *p >> 6, index = (*p >> 3 & 7) | rex_x << 3, base = *p & 7;
        p++;
        if (index != 4)
            a += regs[index] << scale;
        if (base == 5 && mod == 0) {
            int32_t d;
            memcpy(&d, p, 4);
            a += (uint64_t)(int64_t)d;
        } else {
            a += regs[base | rex_b << 3];
        }
    } else if (rm == 5 && mod == 0) {
        return false; /* rip-relative: never a guest access */
    } else {
        a += regs[rm | rex_b << 3];
    }
    if (mod == 1) {
        a += (uint64_t)(int64_t)(int8_t)*p << scale8;
    } else if (mod == 2) {
        int32_t d;
        memcpy(&d, p, 4);
        a += (uint64_t)(int64_t)d;
    }
    *addr = a + (gs ? gs_base : 0);
    return true;
}
