/*
 * Branches and exception-generating instructions (Arm ARM C3.1, C3.2.1 to C3.2.3).
 *
 * Always: the target is read before the link register is written (BLR X30), and the block ends by
 * one of translate.c's tr_* functions. Branch target identification is not checked: no page is ever
 * guarded, since BTI is not advertised.
 */
#include "lower.h"

static uint64_t target_of(const struct tr *t, int words)
{
    return t->pc + (uint64_t)((int64_t)words * 4);
}

/* ------------------------------------------------------------------- direct */

bool lower_B(struct tr *t, const struct arg_B *a)
{
    tr_goto(t, target_of(t, a->imm));
    return true;
}

bool lower_BL(struct tr *t, const struct arg_BL *a)
{
    set_x(t, 30, imm_pc(t, 4));
    tr_call(t, target_of(t, a->imm), t->pc + 4);
    return true;
}

bool lower_B_cond(struct tr *t, const struct arg_B_cond *a)
{
    tr_branch(t, cond_holds(t, a->cond), target_of(t, a->imm));
    return true;
}

bool lower_BC_cond(struct tr *t, const struct arg_BC_cond *a)
{
    tr_branch(t, cond_holds(t, a->cond), target_of(t, a->imm));
    return true;
}

bool lower_CBZ(struct tr *t, const struct arg_CBZ *a)
{
    tr_branch(t, ir_icmp(t->r, IR_EQ, get_r(t, a->sf, a->rt), imm_r(t, a->sf, 0)),
              target_of(t, a->imm));
    return true;
}

bool lower_CBNZ(struct tr *t, const struct arg_CBNZ *a)
{
    tr_branch(t, ir_icmp(t->r, IR_NE, get_r(t, a->sf, a->rt), imm_r(t, a->sf, 0)),
              target_of(t, a->imm));
    return true;
}

static bool test_branch(struct tr *t, const struct arg_TBZ *a, enum ir_cc cc)
{
    bool sf = a->bit > 31;
    tr_branch(t, ir_emit(t->r, IR_itst, IR_I32, get_r(t, sf, a->rt), imm_r(t, sf, 1ull << a->bit),
                         0, 0, cc, 0),
              target_of(t, a->imm));
    return true;
}

bool lower_TBZ(struct tr *t, const struct arg_TBZ *a)
{
    return test_branch(t, a, IR_EQ);
}

bool lower_TBNZ(struct tr *t, const struct arg_TBNZ *a)
{
    return test_branch(t, a, IR_NE);
}

/* ----------------------------------------------------------------- indirect */

static bool call_register(struct tr *t, ir_ref target)
{
    set_x(t, 30, imm_pc(t, 4));
    tr_call_indirect(t, target, t->pc + 4);
    return true;
}

bool lower_BR(struct tr *t, const struct arg_BR *a)
{
    tr_goto_indirect(t, get_x(t, a->rn));
    return true;
}

bool lower_BLR(struct tr *t, const struct arg_BLR *a)
{
    return call_register(t, get_x(t, a->rn));
}

bool lower_RET(struct tr *t, const struct arg_RET *a)
{
    tr_return(t, get_x(t, a->rn));
    return true;
}

/* With pointer authentication: m chooses key B; the forms in Z have the modifier 0. */

static ir_ref authenticated(struct tr *t, unsigned m, ir_ref target, ir_ref modifier)
{
    return pauth_auth(t, m ? A64_KEY_IB : A64_KEY_IA, target, modifier);
}

bool lower_BRAZ(struct tr *t, const struct arg_BRAZ *a)
{
    tr_goto_indirect(t, authenticated(t, a->m, get_x(t, a->rn), imm_x(t, 0)));
    return true;
}

bool lower_BLRAZ(struct tr *t, const struct arg_BLRAZ *a)
{
    return call_register(t, authenticated(t, a->m, get_x(t, a->rn), imm_x(t, 0)));
}

bool lower_RETA(struct tr *t, const struct arg_RETA *a)
{
    tr_return(t, authenticated(t, a->m, get_x(t, 30), get_xsp(t, 31)));
    return true;
}

bool lower_BRA(struct tr *t, const struct arg_BRA *a)
{
    tr_goto_indirect(t, authenticated(t, a->m, get_x(t, a->rn), get_xsp(t, a->rm)));
    return true;
}

bool lower_BLRA(struct tr *t, const struct arg_BLRA *a)
{
    return call_register(t, authenticated(t, a->m, get_x(t, a->rn), get_xsp(t, a->rm)));
}

/* --------------------------------------------------------------- exceptions */

bool lower_SVC(struct tr *t, const struct arg_SVC *a)
{
    if (is_system(t))
        return sys_event(t, A64_EVENT_SVC, a->imm);
    tr_leave(t, IR_LEAVE_SYSCALL, a->imm, t->pc + 4);
    return true;
}

bool lower_BRK(struct tr *t, const struct arg_BRK *a)
{
    if (is_system(t))
        return sys_event(t, A64_EVENT_BRK, a->imm);
    tr_leave(t, IR_LEAVE_BREAK, a->imm, t->pc);
    return true;
}

/* Undefined at EL0: permanently, or because halting debug and higher levels are not there. */

bool lower_UDF(struct tr *t, const struct arg_UDF *a) { return false; }
bool lower_HLT(struct tr *t, const struct arg_HLT *a) { return is_system(t) && sys_event(t, A64_EVENT_HLT, a->imm); }
bool lower_HVC(struct tr *t, const struct arg_HVC *a) { return is_system(t) && sys_event(t, A64_EVENT_HVC, a->imm); }
bool lower_SMC(struct tr *t, const struct arg_SMC *a) { return is_system(t) && sys_event(t, A64_EVENT_SMC, a->imm); }

/* Debug state is never entered. */
bool lower_DRPS(struct tr *t, const struct arg_DRPS *a) { return false; }

bool lower_ERET(struct tr *t, const struct arg_ERET *a)
{
    return is_system(t) && level_of(t) && sys_event(t, A64_EVENT_ERET, 0);
}

/* The authenticated address is used once. */
bool lower_ERETA(struct tr *t, const struct arg_ERETA *a)
{
    if (!is_system(t) || level_of(t) != 1)
        return false;
    ir_set(t->r, A64_elr_el1, authenticated(t, a->m, ir_get(t->r, A64_elr_el1), get_xsp(t, 31)));
    return sys_event(t, A64_EVENT_ERET, 0);
}
