/*
 * The threads of virtual processors, and work that one has another do.
 *
 * A vCPU is inside guest code, or `outside`: waiting (WFI, stopped), or doing its queue. Who queues work for it kicks
 * it; it leaves guest code at its next poll. Broadcast TLB maintenance is such work: the asker need not wait for a
 * vCPU that is outside, since that one empties its queue before it enters guest code again; it is not even woken,
 * unless much has gathered. One that is powered off gets none: it starts with empty TLBs.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"
#include "views.h"

struct vcpu_work {
    void (*fn)(struct vcpu *v, uint64_t a, uint64_t b);
    uint64_t a, b;
    struct vcpu_work *next;
};
enum { GATHERED = 256 }; /* so many pieces wait for one that sleeps, then it is woken */

static uint32_t load(const uint32_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
static void store(uint32_t *p, uint32_t v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }

struct physmem *vcpu_physmem(struct vcpu *v) { return v->machine->memory; }
uint64_t vcpu_now(struct vcpu *v) { return clock_now(v->machine->loop); }

/* ------------------------------------------------------------------------- work */

static void do_work(struct vcpu *v)
{
    store(&v->urgent, 0);
    struct vcpu_work *all = __atomic_exchange_n(&v->work, NULL, __ATOMIC_SEQ_CST), *in_order = NULL;
    uint32_t n = 0;
    for (; all; n++) {
        struct vcpu_work *next = all->next;
        all->next = in_order;
        in_order = all;
        all = next;
    }
    if (n)
        __atomic_fetch_sub(&v->queued, n, __ATOMIC_SEQ_CST);
    while (in_order) {
        struct vcpu_work *next = in_order->next;
        in_order->fn(v, in_order->a, in_order->b);
        free(in_order);
        in_order = next;
    }
}

static bool is_self(const struct vcpu *v) { return v->thread && pthread_equal(v->thread, pthread_self()); }

void vcpu_recheck(struct vcpu *v)
{
    engine_kick(v->cpu);
    pthread_cond_signal(&v->wake);
}

static void push(struct vcpu *v, void (*fn)(struct vcpu *v, uint64_t a, uint64_t b), uint64_t a, uint64_t b)
{
    struct vcpu_work *w;
    while (!(w = malloc(sizeof *w)))
        sched_yield(); /* it has to be done */
    *w = (struct vcpu_work){ fn, a, b, __atomic_load_n(&v->work, __ATOMIC_RELAXED) };
    while (!__atomic_compare_exchange_n(&v->work, &w->next, w, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        ;
}

void vcpu_do(struct vcpu *v, void (*fn)(struct vcpu *v, uint64_t a, uint64_t b), uint64_t a, uint64_t b)
{
    if (is_self(v)) {
        fn(v, a, b);
        return;
    }
    __atomic_fetch_add(&v->queued, 1, __ATOMIC_SEQ_CST);
    push(v, fn, a, b);
    store(&v->urgent, 1);
    vcpu_recheck(v);
}

void vcpu_do_others(struct vcpu *self, void (*fn)(struct vcpu *v, uint64_t a, uint64_t b), uint64_t a, uint64_t b)
{
    struct machine *m = self->machine;
    for (unsigned k = 0; k < m->nvcpus; k++) {
        struct vcpu *v = m->vcpus[k];
        if (v == self || __atomic_load_n(&v->off, __ATOMIC_SEQ_CST))
            continue;
        uint32_t before = __atomic_fetch_add(&v->queued, 1, __ATOMIC_SEQ_CST);
        push(v, fn, a, b);
        /* Who comes from outside looks at its queue after it has said that it is inside. */
        if (!load(&v->outside)) {
            vcpu_recheck(v);
        } else if (before % GATHERED == GATHERED - 1) {
            store(&v->urgent, 1);
            pthread_cond_signal(&v->wake);
        }
    }
}

/* The caller is outside meanwhile, so that two that wait for one another both end. */
void vcpu_wait_others(struct vcpu *self)
{
    struct machine *m = self->machine;
    uint32_t was = load(&self->outside);
    store(&self->outside, 1);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        struct vcpu *v = m->vcpus[k];
        while (v != self && __atomic_load_n(&v->work, __ATOMIC_SEQ_CST) && !load(&v->outside))
            sched_yield();
    }
    store(&self->outside, was);
    do_work(self);
}

void vcpu_wait_for(struct vcpu *v)
{
    while (__atomic_load_n(&v->work, __ATOMIC_SEQ_CST) && !load(&v->outside) && !v->machine->ended)
        sched_yield();
}

/* One that sleeps looks at its event with the lock held: the signal can't come between that look and its sleep. */
void vcpu_event(struct vcpu *v)
{
    if (__atomic_exchange_n(&v->event, 1, __ATOMIC_SEQ_CST) != 0 || is_self(v) || !load(&v->outside))
        return;
    bool locked = machine_lock_enter();
    pthread_cond_signal(&v->wake);
    if (locked)
        machine_lock_leave();
}

void vcpu_yield(struct vcpu *v)
{
    store(&v->outside, 1);
    sched_yield();
    store(&v->outside, 0);
    do_work(v); /* who saw it outside neither waits nor kicks */
}

void vcpu_request_reset(struct vcpu *v)
{
    __atomic_store_n(&v->reset_asked, true, __ATOMIC_SEQ_CST);
    machine_reset(v->machine, CAUSE_GUEST_RESET);
}

void vcpu_wrote(struct vcpu *v, gpa_t pa, unsigned n)
{
    struct mem_range g;
    if (physmem_find(vcpu_physmem(v), &v->reader, pa, &g) && g.r->pages)
        physmem_wrote(vcpu_physmem(v), g.r, g.offset + (pa - g.base), n);
}

void vcpu_gic_read(struct vcpu *v, unsigned reg, uint64_t *value)
{
    bool locked = machine_lock_enter();
    v->machine->gic->read(v->machine->gic_device, v->index, reg, value);
    if (locked)
        machine_lock_leave();
}

void vcpu_gic_write(struct vcpu *v, unsigned reg, uint64_t value)
{
    bool locked = machine_lock_enter();
    v->machine->gic->write(v->machine->gic_device, v->index, reg, value);
    if (locked)
        machine_lock_leave();
}

void vcpu_gic_world(struct vcpu *v)
{
    if (!v->machine->gic)
        return;
    bool locked = machine_lock_enter();
    v->machine->gic->world(v->machine->gic_device, v->index);
    if (locked)
        machine_lock_leave();
}

unsigned vcpu_gic_trap(struct vcpu *v, unsigned el, unsigned group)
{
    return v->machine->gic->trap(v->machine->gic_device, v->index, el, group);
}

/* ----------------------------------------------------------------------- threads */

/* Waits until there is something to do. Lock held. */
static void wait_for_work(struct vcpu *v)
{
    struct machine *m = v->machine;
    store(&v->outside, 1);
    while (!m->ended && !load(&v->urgent) &&
           (v->off || v->held || v->awaits_reset || m->state != MACHINE_RUNNING || (v->sleeping && !v->step && !m->isa->wakes(v)))) {
        v->stopped = m->state != MACHINE_RUNNING;
        pthread_cond_broadcast(&m->all_stopped);
        pthread_cond_wait(&v->wake, machine_lock_mutex());
    }
    v->stopped = false;
    store(&v->outside, 0);
}

void *vcpu_thread(void *arg)
{
    struct vcpu *v = arg;
    struct machine *m = v->machine;
    struct cpu *cpu = v->cpu;
    v->thread = pthread_self();
    v->tid = gettid();
    machine_signal_stack();
    for (;;) {
        /* First: whoever kicks from now on is seen below, or makes engine_run leave at once. */
        __atomic_store_n(&cpu->pending, 0, __ATOMIC_SEQ_CST);
        engine_unkick(cpu);
        if (v->off || v->held || v->awaits_reset || v->sleeping || m->state != MACHINE_RUNNING) {
            machine_lock_enter();
            wait_for_work(v);
            bool end = m->ended;
            machine_lock_leave();
            if (end)
                return NULL;
        }
        do_work(v);
        if (v->off || v->held || v->awaits_reset || m->state != MACHINE_RUNNING)
            continue;
        v->sleeping = false;
        m->isa->settle(v);
        machine_settle(v);
        if (!v->step)
            m->isa->interrupt(v);
        enum ir_leave why = m->run ? m->run(v) : engine_run(m->engine, cpu);
        if (why == IR_LEAVE_FETCH && v->views_full) {
            v->views_full = false;
            machine_renumber(m);
            continue;
        }
        switch (why) {
        case IR_LEAVE_POLL:
            break;
        case IR_LEAVE_FAULT:
            m->isa->fault(v);
            break;
        default:
            switch (m->isa->leave(v, why)) {
            case VCPU_GO_ON:
                break;
            case VCPU_SLEEP:
                v->sleeping = true;
                break;
            case VCPU_OFF:
                machine_lock_enter();
                v->off = true;
                machine_lock_leave();
                break;
            case VCPU_RESET:
                machine_lock_enter();
                v->awaits_reset = true;
                machine_reset(m, CAUSE_GUEST_RESET);
                machine_lock_leave();
                break;
            case VCPU_SHUTDOWN:
                machine_lock_enter();
                machine_powerdown(m, CAUSE_GUEST_SHUTDOWN);
                machine_lock_leave();
                break;
            }
        }
    }
}
