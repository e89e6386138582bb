/*
 * The generic timer: counters and five timers a processor (Arm ARM D12).
 *
 * The physical counter is the machine's virtual clock at the model's frequency. A timer's output is up while its
 * condition holds and it is enabled and not masked; an alarm of the clock tells when that will be. Alarms and outputs
 * are changed with the machine's lock held.
 */
#include "machine.h"
#include "isa.h"
#include "sys.h"

enum { NS_A_TICK = 1000000000 / A64_CNTFRQ };
_Static_assert(1000000000 % A64_CNTFRQ == 0, "a tick is a whole number of nanoseconds");

uint64_t a64_count(struct a64_sys *s) { return vcpu_now(s->vcpu) / NS_A_TICK; }

/* The counter that a timer compares with, now or at a time of the virtual clock. */
static uint64_t count_at(const struct a64_sys *s, unsigned timer, uint64_t ns)
{
    return ns / NS_A_TICK - (timer == TIMER_VIRT ? s->v[A64_SYS_CNTVOFF_EL2] : 0);
}

uint64_t a64_timer_count(struct a64_sys *s, unsigned timer) { return count_at(s, timer, vcpu_now(s->vcpu)); }

static bool condition(struct a64_sys *s, unsigned timer) { return a64_timer_count(s, timer) >= s->timer[timer].cval; }

uint64_t a64_timer_ctl(struct a64_sys *s, unsigned timer)
{
    const struct a64_timer *t = &s->timer[timer];
    return t->ctl | (uint64_t)((t->ctl & 1) && condition(s, timer)) << 2;
}

void a64_timer_update(struct a64_sys *s, unsigned timer)
{
    struct a64_timer *t = &s->timer[timer];
    bool locked = machine_lock_enter();
    /* The clock is read once: were it read again, the time might have come in between, and what is left below zero. */
    uint64_t now = vcpu_now(s->vcpu), count = count_at(s, timer, now);
    bool met = (t->ctl & 1) && count >= t->cval, up = met && !(t->ctl & 2);
    if ((t->ctl & 1) && !met) {
        uint64_t left = t->cval - count;
        uint64_t ns = left > A64_CNTFRQ * 1000000 ? 1000000ull * 1000000000 : left * NS_A_TICK + 1;
        alarm_at(t->alarm, now + ns);
    } else {
        alarm_off(t->alarm);
    }
    if (up != t->up) {
        t->up = up;
        if (t->line)
            t->line(t->line_arg, up);
    }
    if (locked)
        machine_lock_leave();
}

void a64_timer_set(struct a64_sys *s, unsigned timer, uint64_t cval, uint64_t ctl)
{
    s->timer[timer].cval = cval;
    s->timer[timer].ctl = ctl & 3;
    a64_timer_update(s, timer);
}

/* Ticks until the counter's bit changes as the control register says: CNTKCTL_EL1 or CNTHCTL_EL2 (Arm ARM D12.2.4:
 * EVNTEN, EVNTDIR, EVNTI, EVNTIS). */
static uint64_t stream_ticks(uint64_t control, uint64_t count)
{
    unsigned bit = (control >> 4 & 15) + (control >> 17 & 1 ? 8 : 0);
    uint64_t period = 2ull << bit, edge = control >> 3 & 1 ? 0 : period / 2; /* of 1 to 0, else of 0 to 1 */
    return period - ((count - edge) & (period - 1));
}

void a64_begin_wait(struct a64_sys *s, bool wfe)
{
    uint64_t k1 = s->v[A64_SYS_CNTKCTL_EL1], k2 = s->v[A64_SYS_CNTHCTL_EL2], count = a64_timer_count(s, TIMER_VIRT), ticks = ~0ull;
    if (wfe && (k1 >> 2 & 1))
        ticks = stream_ticks(k1, count);
    if (wfe && s->has_el2 && (k2 >> 2 & 1)) {
        uint64_t t = stream_ticks(k2, a64_count(s));
        ticks = t < ticks ? t : ticks;
    }
    if (s->wait_until != ~0ull) {
        uint64_t t = s->wait_until > count ? s->wait_until - count : 0;
        ticks = t < ticks ? t : ticks;
    }
    s->in_wfe = wfe;
    bool locked = machine_lock_enter();
    s->timed_out = false;
    if (ticks < A64_CNTFRQ * 1000000) /* else: none, or in years */
        alarm_at(s->wait_alarm, vcpu_now(s->vcpu) + ticks * NS_A_TICK + 1);
    else if (alarm_when(s->wait_alarm) != ~0ull)
        alarm_off(s->wait_alarm);
    if (locked)
        machine_lock_leave();
}

void a64_connect_timer(struct vcpu *v, unsigned k, void (*line)(void *arg, bool up), void *arg)
{
    struct a64_sys *s = v->state;
    s->timer[k].line = line;
    s->timer[k].line_arg = arg;
}
