/*
 * The aarch64 ISA for the machine core (struct isa): a processor's making, reset, faults, what the run loop does not
 * know, PSCI (Arm DEN 0022).
 */
#include <inttypes.h>
#include <stdlib.h>
#include "isa.h"
#include "machine.h"
#include "sys.h"

struct a64_sys *a64_sys(struct cpu *cpu) { return vcpu_of(cpu)->state; }

/* ---------------------------------------------------------------------- making */

static void ring0(void *s) { a64_timer_update(s, 0); }
static void ring1(void *s) { a64_timer_update(s, 1); }
static void ring2(void *s) { a64_timer_update(s, 2); }
static void ring3(void *s) { a64_timer_update(s, 3); }
static void ring4(void *s) { a64_timer_update(s, 4); }
static void ring_wait(void *state)
{
    struct a64_sys *s = state;
    s->timed_out = true;
    vcpu_recheck(s->vcpu);
}

static void *init(struct vcpu *v, char *err, size_t errlen)
{
    static void (*const ring[NTIMERS])(void *) = { ring0, ring1, ring2, ring3, ring4 };
    const struct isa_config *c = v->machine->isa_config;
    struct a64_sys *s = calloc(1, sizeof *s);
    bool ok = s != NULL;
    if (ok) {
        v->state = s;
        s->vcpu = v;
        s->model = v->machine->model;
        s->has_el2 = c->el2;
        s->has_el3 = c->el3;
        s->psci_smc = c->psci_smc;
        s->mpidr = 1ull << 31 | v->index % 8 | (uint64_t)(v->index / 8) << 8;
        s->pamax = 52;
        s->cntfrq = A64_CNTFRQ;
        ok = a64_spaces_init(s) && (s->wait_alarm = alarm_new(v->machine->loop, ring_wait, s)) != NULL;
        for (unsigned k = 0; ok && k < NTIMERS; k++)
            ok = (s->timer[k].alarm = alarm_new(v->machine->loop, ring[k], s)) != NULL;
    }
    if (!ok) {
        snprintf(err, errlen, "no memory for CPU %u", v->index);
        return NULL;
    }
    a64_system = &a64_softmmu;
    return s;
}

static void done(void *state)
{
    struct a64_sys *s = state;
    if (!s)
        return;
    a64_spaces_free(s);
    for (unsigned k = 0; k < NTIMERS; k++)
        alarm_free(s->timer[k].alarm);
    alarm_free(s->wait_alarm);
    free(s);
}

/* The state after a reset (Arm ARM D1.4.4): highest level, everything masked; unknown values are 0. */
static void clear(struct vcpu *v)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    unsigned el = s->has_el3 ? 3 : s->has_el2 ? 2 : 1;
    guest_aarch64.reset(cpu, s->model);
    memset(s->v, 0, sizeof s->v);
    memset(s->sp_el, 0, sizeof s->sp_el);
    s->v[A64_SYS_SCTLR_EL1] = s->v[A64_SYS_SCTLR_EL2] = s->v[A64_SYS_SCTLR_EL3] = 0x30c50830;
    s->v[A64_SYS_HCR_EL2] = HCR_RW;
    s->v[A64_SYS_SCR_EL3] = SCR_RW | 0x30;
    s->v[A64_SYS_CPTR_EL2] = 0x33ff;
    s->v[A64_SYS_VMPIDR_EL2] = s->mpidr;
    s->v[A64_SYS_VPIDR_EL2] = s->model->options[A64_OPT_MIDR];
    s->v[A64_SYS_OSLAR_EL1] = 1;
    s->v[A64_SYS_PMCR_EL0] = 0;
    for (unsigned k = 0; k < NTIMERS; k++)
        a64_timer_set(s, k, 0, 0);
    s->claim = 0;
    s->sp_odd = s->stepped = s->in_wfe = s->timed_out = false;
    s->wait_until = ~0ull;
    s->note.valid = s->note.watchpoint = false;
    *a64_reg(cpu, A64_pstate) = PS_DAIF | PS_SP | el << PS_EL_SHIFT;
    cpu->pc = s->rvbar;
    v->event = 0;
}

static void reset(struct vcpu *v)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    const struct isa_config *c = v->machine->isa_config;
    clear(v);
    s->psci = c->psci;
    s->turning_on = false;
    v->off = c->psci && v->index != 0;
    if (c->started && !v->off)
        c->started(v, c->started_arg);
    a64_tlb_flush_all(s);
    a64_space_changed(cpu);
}

/* A boot loader's choice of the level that the first instruction runs at, with what firmware would have set up. */
void a64_enter(struct cpu *cpu, unsigned el, uint64_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    if (s->has_el3 && el < 3) {
        s->v[A64_SYS_SCR_EL3] |= SCR_NS | SCR_HCE | SCR_APK | SCR_API;
    }
    if (s->has_el2 && el < 2) {
        s->v[A64_SYS_CNTHCTL_EL2] = 3;
        s->v[A64_SYS_HCR_EL2] = HCR_RW | HCR_APK | HCR_API;
    }
    *a64_reg(cpu, A64_pstate) = PS_DAIF | PS_SP | el << PS_EL_SHIFT;
    cpu->pc = pc;
    a64_tlb_flush_all(s);
    a64_context_changed(cpu);
}

/* A WFE ends here: it has taken the event. */
static bool interrupt(struct vcpu *v)
{
    struct a64_sys *s = v->state;
    if (s->in_wfe) {
        s->in_wfe = false;
        __atomic_store_n(&v->event, 0, __ATOMIC_SEQ_CST);
    }
    return a64_take_interrupt(v->cpu);
}

static bool wakes(struct vcpu *v)
{
    const struct a64_sys *s = v->state;
    return a64_has_interrupt(s) || s->timed_out || (s->in_wfe && __atomic_load_n(&v->event, __ATOMIC_SEQ_CST));
}

uint64_t a64_mpidr(const struct vcpu *v) { return ((const struct a64_sys *)v->state)->mpidr; }

/* A line from the interrupt controller. With the machine's lock. */
void a64_set_line(struct vcpu *v, unsigned line, bool up)
{
    struct a64_sys *s = v->state;
    uint32_t old = up ? __atomic_fetch_or(&s->lines, line, __ATOMIC_SEQ_CST) : __atomic_fetch_and(&s->lines, ~line, __ATOMIC_SEQ_CST);
    if (up && !(old & line))
        vcpu_recheck(v);
}

/* ------------------------------------------------------------------------ PSCI */

enum { PSCI_SUCCESS = 0, PSCI_NOT_SUPPORTED = -1, PSCI_INVALID = -2, PSCI_DENIED = -3, PSCI_ALREADY_ON = -4, PSCI_ON_PENDING = -5 };

static void begin(struct vcpu *v, uint64_t entry, uint64_t arg)
{
    struct a64_sys *s = v->state;
    clear(v);
    a64_enter(v->cpu, s->has_el2 ? 2 : 1, entry);
    a64_space_changed(v->cpu);
    *a64_reg(v->cpu, A64_x0) = arg;
    machine_lock_enter();
    v->off = s->turning_on = false;
    machine_lock_leave();
}

static int64_t cpu_on(struct vcpu *v, uint64_t mpidr, uint64_t entry, uint64_t arg)
{
    struct machine *m = v->machine;
    for (unsigned k = 0; k < m->nvcpus; k++) {
        struct vcpu *to = m->vcpus[k];
        if ((((struct a64_sys *)to->state)->mpidr & 0xff00ffffff) != mpidr)
            continue;
        bool locked = machine_lock_enter();
        struct a64_sys *t = to->state;
        int64_t rc = !to->off ? PSCI_ALREADY_ON : t->turning_on ? PSCI_ON_PENDING : PSCI_SUCCESS;
        if (rc == PSCI_SUCCESS) {
            t->turning_on = true;
            vcpu_do(to, begin, entry, arg);
            pthread_cond_signal(&to->wake);
        }
        if (locked)
            machine_lock_leave();
        return rc;
    }
    return PSCI_INVALID;
}

bool a64_psci(struct vcpu *v, enum vcpu_next *next)
{
    uint64_t *x = a64_reg(v->cpu, A64_x0);
    uint64_t a1 = *a64_reg(v->cpu, A64_x1), a2 = *a64_reg(v->cpu, A64_x2), a3 = *a64_reg(v->cpu, A64_x3);
    struct machine *m = v->machine;
    uint32_t fn = (uint32_t)*x;
    bool wide = fn & 0x40000000;
    if (!wide) {
        a1 = (uint32_t)a1;
        a2 = (uint32_t)a2;
        a3 = (uint32_t)a3;
    }
    *next = VCPU_GO_ON;
    switch (fn) {
    case 0x84000000: /* PSCI_VERSION */
        *x = 1 << 16 | 1;
        return true;
    case 0x84000001: /* CPU_SUSPEND: a standby state */
    case 0xc4000001:
        *x = PSCI_SUCCESS;
        *next = VCPU_SLEEP;
        return true;
    case 0x84000002: /* CPU_OFF */
        *next = VCPU_OFF;
        return true;
    case 0x84000003:
    case 0xc4000003: /* CPU_ON */
        *x = (uint64_t)cpu_on(v, a1 & 0xff00ffffff, a2, a3);
        return true;
    case 0x84000004:
    case 0xc4000004: /* AFFINITY_INFO */
        *x = (uint64_t)(int64_t)PSCI_INVALID;
        for (unsigned k = 0; k < m->nvcpus; k++)
            if ((((struct a64_sys *)m->vcpus[k]->state)->mpidr & 0xff00ffffff) == (a1 & 0xff00ffffff))
                *x = !m->vcpus[k]->off ? 0 : ((struct a64_sys *)m->vcpus[k]->state)->turning_on ? 2 : 1;
        return true;
    case 0x84000005:
    case 0xc4000005: /* MIGRATE */
        *x = (uint64_t)(int64_t)PSCI_NOT_SUPPORTED;
        return true;
    case 0x84000006: /* MIGRATE_INFO_TYPE: no trusted OS */
        *x = 2;
        return true;
    case 0x84000008: /* SYSTEM_OFF */
        *next = VCPU_SHUTDOWN;
        return true;
    case 0x84000009: /* SYSTEM_RESET */
    case 0x84000012: /* SYSTEM_RESET2 */
    case 0xc4000012:
        *next = VCPU_RESET;
        return true;
    case 0x8400000a: /* PSCI_FEATURES */
        switch ((uint32_t)a1) {
        case 0x80000000: case 0x84000000: case 0x84000001: case 0xc4000001: case 0x84000002: case 0x84000003: case 0xc4000003:
        case 0x84000004: case 0xc4000004: case 0x84000006: case 0x84000008: case 0x84000009: case 0x8400000a: case 0x84000012:
        case 0xc4000012:
            *x = 0;
            break;
        default:
            *x = (uint64_t)(int64_t)PSCI_NOT_SUPPORTED;
        }
        return true;
    case 0x80000000: /* SMCCC_VERSION */
        *x = 1 << 16 | 1;
        return true;
    default:
        *x = (uint64_t)(int64_t)PSCI_NOT_SUPPORTED;
        return true;
    }
}

/* ------------------------------------------------------------------- leave reasons */

static enum vcpu_next leave(struct vcpu *v, enum ir_leave why)
{
    struct cpu *cpu = v->cpu;
    enum vcpu_next next = VCPU_GO_ON;
    switch (why) {
    case IR_LEAVE_UNDEF:
        if (log_mask & LOG_UNIMP)
            fprintf(log_file, "undefined instruction %08x at %#" PRIx64 "\n", (unsigned)cpu->leave_imm, cpu->pc);
        a64_raise(cpu, syndrome(EC_UNKNOWN, 0), cpu->pc);
        break;
    case IR_LEAVE_FETCH:
        a64_fault(v);
        break;
    case IR_LEAVE_GUEST:
        if (cpu->leave_imm == A64_EVENT_WFI || cpu->leave_imm == A64_EVENT_WFE) {
            a64_begin_wait(v->state, cpu->leave_imm == A64_EVENT_WFE);
            next = VCPU_SLEEP;
        } else if (cpu->leave_imm == A64_EVENT_HLT) {
            a64_semihosting(v);
        } else {
            a64_psci(v, &next);
        }
        break;
    default:
        break;
    }
    return next;
}

/* ------------------------------------------------------------------------- others */

/* Does any trap cover instructions that translated code executes directly? */
bool a64_traps(const struct a64_sys *s, unsigned el)
{
    uint64_t hcr = a64_hcr(s), host = a64_regime_of(s, 0) == REGIME_E20;
    uint64_t sctlr = s->v[host ? A64_SYS_SCTLR_EL2 : A64_SYS_SCTLR_EL1];
    if (el == 0 && (~sctlr & (SCTLR_DZE | SCTLR_UCI)))
        return true;
    return el < 2 && (hcr & (HCR_TDZ | HCR_TPCP | HCR_TPU));
}

void a64_log_exception(struct cpu *cpu, unsigned target, enum a64_exception kind, uint64_t esr, uint64_t ret)
{
    static const char *const names[4] = { "exception", "IRQ", "FIQ", "SError" };
    fprintf(log_file, "CPU %u: %s from EL%u to EL%u, ESR %#" PRIx64 " (EC %#x), return to %#" PRIx64 "\n", vcpu_of(cpu)->index,
            names[(unsigned)kind / 0x80], a64_el(cpu), target, esr, (unsigned)(esr >> 26 & 63), ret);
}

static bool translate(struct vcpu *v, gva_t va, gpa_t *pa)
{
    struct a64_sys *s = v->state;
    struct a64_walk w;
    a64_translate(s, a64_regime_of(s, a64_el(v->cpu)), va, (struct a64_access){ .what = A64_READ, .probe = true }, &w);
    *pa = w.pa;
    return w.ok;
}

static void dump(struct vcpu *v, FILE *f)
{
    guest_aarch64.dump(v->cpu, f);
    fprintf(f, " pstate %08" PRIx64 "  EL%u\n", *a64_reg(v->cpu, A64_pstate), a64_el(v->cpu));
}

const struct isa isa_aarch64 = {
    .guest = &guest_aarch64, .init = init, .done = done, .reset = reset, .fill = a64_fill, .fetch = a64_fetch, .refuse = a64_refuse,
    .fault = a64_fault, .watch = a64_watch, .interrupt = interrupt, .settle = a64_settle, .wakes = wakes, .leave = leave, .flush_physical = a64_flush_physical,
    .track_page = a64_track_page, .maps = a64_maps, .translate = translate, .dump = dump, .gdb_target = a64_gdb_target,
    .elf_machine = 183 /* EM_AARCH64 */, .core_registers = a64_core_registers,
    .state = a64_state, .saved = a64_saved, .loaded = a64_loaded, .describe = a64_describe,
};
