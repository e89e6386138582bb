/*
 * System mode's instructions: system registers, PSTATE, maintenance, exceptions (Arm ARM C3.2, C5). What they do is
 * the owner's (struct a64_system); the few that are executed all the time are translated here.
 */
#include "lower.h"
#include "sysreg.h"

const struct a64_system *a64_system;

uint64_t a64_helper_sys_mrs(struct cpu *cpu, uint64_t code, uint64_t rt, uint64_t pc) { return a64_system->mrs(cpu, code, rt, pc); }
uint64_t a64_helper_sys_msr(struct cpu *cpu, uint64_t code_rt, uint64_t value, uint64_t pc) { return a64_system->msr(cpu, code_rt, value, pc); }
uint64_t a64_helper_sys_sys(struct cpu *cpu, uint64_t code_rt, uint64_t value, uint64_t pc) { return a64_system->sys(cpu, code_rt, value, pc); }
uint64_t a64_helper_sys_event(struct cpu *cpu, uint64_t event, uint64_t imm, uint64_t pc) { return a64_system->event(cpu, event, imm, pc); }
uint64_t a64_helper_sys_pstate(struct cpu *cpu, uint64_t field, uint64_t imm, uint64_t pc) { return a64_system->pstate(cpu, field, imm, pc); }

bool sys_event(struct tr *t, enum a64_event e, unsigned imm)
{
    call_helper(t, A64_HELPER_sys_event, imm_x(t, e), imm_x(t, imm), imm_x(t, t->pc), 0);
    tr_leave(t, IR_LEAVE_LOOKUP, 0, t->pc + 4);
    return true;
}

/* Before the instruction at t->pc. True: it is not executed, and the block has ended. */
bool sys_before(struct tr *t)
{
    if (t->code.flags & A64_FLAG_ILLEGAL)
        return sys_event(t, A64_EVENT_ILLEGAL, 0);
    if (t->code.flags & (A64_FLAG_STEP | A64_FLAG_BREAK))
        call_helper(t, A64_HELPER_sys_event, imm_x(t, A64_EVENT_BEFORE), imm_x(t, t->insn), imm_x(t, t->pc), 0);
    return false;
}

/* WFET, WFIT: until the virtual count is that of rd. */
bool sys_wait_until(struct tr *t, enum a64_event e, unsigned rd)
{
    call_helper(t, A64_HELPER_sys_event, imm_x(t, e), get_x(t, rd), imm_x(t, t->pc), 0);
    tr_leave(t, IR_LEAVE_LOOKUP, 0, t->pc + 4);
    return true;
}

bool sys_hint(struct tr *t, unsigned hint)
{
    static const enum a64_event waits[] = { [1] = A64_EVENT_YIELD, [2] = A64_EVENT_WFE, [3] = A64_EVENT_WFI };
    if (hint >= 1 && hint <= 3)
        return sys_event(t, waits[hint], 0);
    if (hint == 4 || hint == 5)
        call_helper(t, A64_HELPER_sys_event, imm_x(t, A64_EVENT_SEV), imm_x(t, hint == 5), imm_x(t, t->pc), 0);
    return true;
}

/* Rows that EL1 reads and writes all the time, and that nothing traps: row of the register table, or -1. */
static int direct(const struct tr *t, unsigned code)
{
    unsigned el = level_of(t);
    if (el == 0 || (t->code.flags & A64_FLAG_E2H))
        return -1;
    int r = a64_sysreg_find(code);
    if (r == A64_SYS_TPIDR_EL1 || r == A64_SYS_ELR_EL1 || r == A64_SYS_SPSR_EL1)
        return (int)a64_sysregs[r].arg;
    return r == A64_SYS_SP_EL0 && (t->code.flags & A64_FLAG_SP) ? A64_sp_el0 : -1;
}

bool sys_mrs(struct tr *t, unsigned code, unsigned rt)
{
    int row = direct(t, code);
    if (row >= 0) {
        set_x(t, rt, ir_get(t->r, (unsigned)row));
        return true;
    }
    if (code == a64_sysregs[A64_SYS_CURRENTEL].code && level_of(t)) {
        set_x(t, rt, imm_x(t, level_of(t) << 2));
        return true;
    }
    if (code == a64_sysregs[A64_SYS_DAIF].code && level_of(t)) {
        set_x(t, rt, ir2(t->r, IR_and, IR_I64, ir_get(t->r, A64_pstate), imm_x(t, 0x3c0)));
        return true;
    }
    call_helper(t, A64_HELPER_sys_mrs, imm_x(t, code), imm_x(t, rt), imm_x(t, t->pc), 0);
    return true;
}

bool sys_msr(struct tr *t, unsigned code, unsigned rt)
{
    int row = direct(t, code);
    if (row >= 0) {
        ir_set(t->r, (unsigned)row, get_x(t, rt));
        return true;
    }
    call_helper(t, A64_HELPER_sys_msr, imm_x(t, code | rt << 16), get_x(t, rt), imm_x(t, t->pc), 0);
    return true;
}

bool sys_pstate(struct tr *t, unsigned op1, unsigned op2, unsigned imm)
{
    unsigned field = op1 << 3 | op2, el = level_of(t);
    bool daif = field == (3 << 3 | 6) || field == (3 << 3 | 7);
    if (!daif && (op1 != 0 || op2 < 3 || op2 > 5 || el == 0))
        return false;
    bool debugged = (imm & 8) && (t->code.flags & (A64_FLAG_STEP | A64_FLAG_BREAK));
    if (field == (3 << 3 | 6) && el && !debugged) { /* DAIFSet only masks */
        ir_set(t->r, A64_pstate, ir2(t->r, IR_or, IR_I64, ir_get(t->r, A64_pstate), imm_x(t, imm << 6)));
        return true;
    }
    call_helper(t, A64_HELPER_sys_pstate, imm_x(t, field), imm_x(t, imm), imm_x(t, t->pc), 0);
    return true;
}

bool sys_op(struct tr *t, unsigned code, unsigned rt)
{
    call_helper(t, A64_HELPER_sys_sys, imm_x(t, code | rt << 16), get_x(t, rt), imm_x(t, t->pc), 0);
    tr_goto(t, t->pc + 4);
    return true;
}
