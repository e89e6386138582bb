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

/* a * b / c without losing high bits. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c) { return (uint64_t)((unsigned __int128)a * b / c); }

uint64_t a64_count(struct a64_sys *s) { return scale(vcpu_now(s->vcpu), A64_CNTFRQ, 1000000000); }

/* The counter that a timer compares with. */
uint64_t a64_timer_count(struct a64_sys *s, unsigned timer)
{
    return a64_count(s) - (timer == TIMER_VIRT ? s->v[A64_SYS_CNTVOFF_EL2] : 0);
}

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
    bool met = (t->ctl & 1) && condition(s, timer), up = met && !(t->ctl & 2);
    if ((t->ctl & 1) && !met) {
        uint64_t left = t->cval - a64_timer_count(s, timer);
        uint64_t ns = left > A64_CNTFRQ * 1000000 ? 1000000ull * 1000000000 : scale(left, 1000000000, A64_CNTFRQ) + 1;
        alarm_at(t->alarm, vcpu_now(s->vcpu) + ns);
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

void a64_connect_timer(struct vcpu *v, unsigned k, void (*line)(void *arg, bool up), void *arg)
{
    struct a64_sys *s = v->state;
    s->timer[k].line = line;
    s->timer[k].line_arg = arg;
}
