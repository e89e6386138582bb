/*
 * The state of an aarch64 processor that is saved: registers by their rows (state.def), system registers by theirs (sysreg.def; those
 * that are not zero), timers, and what struct a64_sys has besides.
 *
 * A wait (WFI, WFE) is over when a processor was saved: it may end at any time (Arm ARM D1.6). Interrupt lines are the
 * controller's to tell. Nothing that a stream says is trusted: what could not be is refused or masked.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machine.h"
#include "state.h"
#include "sys.h"

/* FPCR and FPSR as the guest has them: rows of the register table hold a part of them only. */
static bool is_moved(unsigned row) { return row == A64_fpcr || row == A64_fpsr || row == A64_qc; }

static struct field registers[A64_NREGS + 2], system_registers[A64_NSYS + 1];

__attribute__((constructor)) static void make_rows(void)
{
    struct field *f = registers;
    *f++ = (struct field){ "pc", offsetof(struct cpu, pc), 8, FIELD_PLAIN, 0, 0 };
    for (unsigned k = 0; k < A64_NREGS; k++)
        if (!is_moved(k))
            *f++ = (struct field){ a64_regs[k].name, a64_regs[k].offset, a64_regs[k].type == IR_V128 ? 16 : 8, FIELD_PLAIN, 0, 0 };
    for (unsigned k = 0; k < A64_NSYS; k++)
        system_registers[k] = (struct field){ a64_sysregs[k].name, 8 * k, 8, FIELD_SPARSE, 0, 0 };
}

#define TIMER(k, name) \
    { name ".compare", offsetof(struct a64_sys, timer[k].cval), 8, FIELD_PLAIN, 0, 0 }, \
    { name ".control", offsetof(struct a64_sys, timer[k].ctl), 8, FIELD_LIMIT, 0, 3 }, \
    { name ".output", offsetof(struct a64_sys, timer[k].up), sizeof(bool), FIELD_TRUTH, 0, 0 }
static const struct field sys_fields[] = {
    FIELD(struct a64_sys, sp_el), FIELD(struct a64_sys, claim), FIELD(struct a64_sys, pmu_base), FIELD(struct a64_sys, pmu_on),
    FIELD(struct a64_sys, sp_odd), FIELD(struct a64_sys, stepped), FIELD(struct a64_sys, stepped_exclusive), FIELD(struct a64_sys, stepped_pc),
    FIELD(struct a64_sys, psci), FIELD(struct a64_sys, turning_on), FIELD(struct a64_sys, saved.fpcr), FIELD(struct a64_sys, saved.fpsr),
    FIELD(struct a64_sys, wait_until),
    TIMER(TIMER_PHYS, "timer_phys"), TIMER(TIMER_VIRT, "timer_virt"), TIMER(TIMER_HYP, "timer_hyp"),
    TIMER(TIMER_HYPVIRT, "timer_hypvirt"), TIMER(TIMER_SEC, "timer_sec"), { NULL }
};
static const struct field vcpu_fields[] = { FIELD(struct vcpu, off), FIELD_UP_TO(struct vcpu, event, 1), { NULL } };

unsigned a64_state(struct vcpu *v, struct state_part *parts)
{
    struct a64_sys *s = v->state;
    parts[0] = (struct state_part){ registers, v->cpu };
    parts[1] = (struct state_part){ system_registers, s->v };
    parts[2] = (struct state_part){ sys_fields, s };
    parts[3] = (struct state_part){ vcpu_fields, v };
    return 4;
}
static_assert(STATE_PARTS >= 4, "a processor has four");

unsigned a64_saved(struct vcpu *v, struct state_part *parts)
{
    struct a64_sys *s = v->state;
    s->saved.fpcr = a64_get_fpcr(v->cpu);
    s->saved.fpsr = a64_get_fpsr(v->cpu);
    return a64_state(v, parts);
}

/* Is there such a level, in AArch64 state? */
static bool level_exists(const struct a64_sys *s, uint64_t ps)
{
    unsigned el = ps >> PS_EL_SHIFT & 3;
    return !(ps >> 4 & 1) && (el < 2 || (el == 2 ? s->has_el2 : s->has_el3));
}

bool a64_loaded(struct vcpu *v, char *err, size_t errlen)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    uint64_t *ps = a64_reg(cpu, A64_pstate);
    if (!level_exists(s, *ps)) {
        snprintf(err, errlen, "field 'pstate' is %#" PRIx64 ": this processor has no such level", *ps);
        return false;
    }
    a64_set_nzcv(cpu, a64_get_nzcv(cpu));
    a64_set_fpcr(cpu, s->saved.fpcr & 0x07f79f00);
    a64_set_fpsr(cpu, s->saved.fpsr & 0x0800009f);
    s->in_wfe = s->timed_out = false;
    s->note.valid = s->note.watchpoint = false;
    s->due = (struct a64_due){ 0 };
    alarm_off(s->wait_alarm);
    v->nwrote = 0;
    v->wrote_more = false;
    for (unsigned k = 0; k < NTIMERS; k++)
        a64_timer_update(s, k);
    a64_tlb_flush_all(s);
    a64_space_changed(cpu);
    a64_context_changed(cpu);
    for (unsigned el = 0; el < 4; el++)
        if (el != a64_el(cpu))
            a64_flags_changed(s, el);
    return true;
}

void a64_describe(const struct vcpu *v, char *text, size_t n)
{
    const struct a64_sys *s = v->state;
    snprintf(text, n, "EL2 %s, EL3 %s, PSCI by %s", s->has_el2 ? "yes" : "no", s->has_el3 ? "yes" : "no", s->psci_smc ? "SMC" : "HVC");
}
