/*
 * What a debugger needs of the engine: breakpoints, watched memory, single instructions.
 *
 * No guest memory is changed. A breakpoint is an address that no translation starts at or goes over:
 * regions end before it, so that whoever comes there comes to the run loop, which leaves with
 * IR_LEAVE_DEBUG. The set is read without the lock, by threads that run: a table by address, changed by
 * single stores; one that was outgrown stays until the engine ends.
 *
 * While memory is watched all code is interpreted, and the interpreter looks at every address first. That
 * is some ten times slower than translated code, and ten thousand times faster than a debugger that
 * steps.
 *
 * A single instruction is interpreted, from a translation that nobody else sees; breakpoints don't count for
 * it. A CPU that isn't being debugged (the child of a vfork, which shares the engine with its parent) goes
 * over breakpoints in the same way.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "engine.h"

enum { FIRST_TABLE = 64 };

struct debug {
    struct debug *older;
    uint32_t used, mask;  /* slots not empty; slots less one, a power of two less one */
    uint64_t slot[];      /* breakpoints + 1; 0: empty; ~0: removed */
};

/* ------------------------------------------------------------- breakpoints */

static uint64_t *find_slot(struct debug *d, uint64_t pc)
{
    for (uint64_t k = (pc >> 2) * 0x9e3779b97f4a7c15ull >> 32;; k++) {
        uint64_t *s = &d->slot[k & d->mask];
        uint64_t v = __atomic_load_n(s, __ATOMIC_RELAXED);
        if (v == 0 || v == pc + 1)
            return s;
    }
}

bool debug_is_break(const struct engine *e, uint64_t pc)
{
    struct debug *d = __atomic_load_n(&e->debug, __ATOMIC_ACQUIRE);
    return d && *find_slot(d, pc);
}

void debug_mark_entries(struct engine *e)
{
    const struct debug *d = e->debug;
    if (d && e->cfg.system) { /* keys are not addresses: each may be one */
        memset(e->cache.entries, 0xff, CODE_ENTRIES / 8);
        return;
    }
    for (uint32_t k = 0; d && k <= d->mask; k++)
        if (d->slot[k] && d->slot[k] != ~0ull) {
            unsigned bit = (unsigned)((d->slot[k] - 1) >> 2) & (CODE_ENTRIES - 1);
            e->cache.entries[bit / 64] |= 1ull << (bit % 64);
        }
}

/* A table with room for one more. Lock held. */
static bool make_table(struct engine *e)
{
    struct debug *old = e->debug;
    uint32_t live = 0, n = FIRST_TABLE;
    if (old && old->used * 2 <= old->mask)
        return true;
    for (uint32_t k = 0; old && k <= old->mask; k++)
        live += old->slot[k] && old->slot[k] != ~0ull;
    while (n < live * 4)
        n *= 2;
    struct debug *d = calloc(1, sizeof *d + n * sizeof *d->slot);
    if (!d)
        return false;
    d->mask = n - 1;
    d->used = live;
    d->older = old;
    for (uint32_t k = 0; old && k <= old->mask; k++)
        if (old->slot[k] && old->slot[k] != ~0ull)
            *find_slot(d, old->slot[k] - 1) = old->slot[k];
    __atomic_store_n(&e->debug, d, __ATOMIC_RELEASE);
    return true;
}

int engine_break(struct engine *e, uint64_t pc, bool set)
{
    int r = 0;
    pthread_mutex_lock(&e->lock);
    if (!set) {
        uint64_t *s = e->debug ? find_slot(e->debug, pc) : NULL;
        if (s && *s)
            __atomic_store_n(s, ~0ull, __ATOMIC_RELEASE);
    } else if (!make_table(e)) {
        r = -ENOMEM;
    } else {
        uint64_t *s = find_slot(e->debug, pc);
        e->debug->used += !*s;
        __atomic_store_n(s, pc + 1, __ATOMIC_RELEASE);
        debug_mark_entries(e);
        cache_for_range(&e->cache, pc, 1, world_retire, e);
    }
    pthread_mutex_unlock(&e->lock);
    return r;
}

void debug_free(struct engine *e)
{
    for (struct debug *d = e->debug, *older; d; d = older) {
        older = d->older;
        free(d);
    }
    e->debug = NULL;
}

/* ------------------------------------------------------------------ watches */

static void watch_hit(struct cpu *cpu, const struct ir_watch_range *range, uint64_t addr, bool write)
{
    cpu->leave_imm = 1 + (uint64_t)(range - cpu->watch->range);
    cpu->leave_arg = addr;
    exec_interp_leave(cpu->exec, IR_LEAVE_DEBUG);
}

void engine_watch(struct engine *e, const struct ir_watch_range *range, unsigned n, bool steps)
{
    static_assert(sizeof e->watched / sizeof *e->watched == ENGINE_WATCHES, "as promised");
    pthread_mutex_lock(&e->lock);
    e->watch = (struct ir_watch){ .n = n, .range = e->watched, .hit = watch_hit };
    if (n)
        memcpy(e->watched, range, n * sizeof *range);
    bool on = n != 0 || (steps && e->watching);
    if (on != e->watching) {
        e->watching = on;
        while (!world_stop(e, NULL))
            ;
        world_flush(e);
        world_go(e);
    }
    pthread_mutex_unlock(&e->lock);
}

/* ---------------------------------------------------------------- execution */

void engine_debug(struct cpu *cpu, bool on)
{
    struct exec *x = cpu->exec;
    x->debugged = on;
    cpu->watch = on && x->e->watch.n ? &x->e->watch : NULL;
}

enum ir_leave debug_step(struct engine *e, struct exec *x, struct cpu *cpu)
{
    enum ir_leave why = IR_LEAVE_LOOKUP;
    /* a second time: the first may have done no more than take the tag off the address */
    for (unsigned tries = 0; tries < 2 && why == IR_LEAVE_LOOKUP; tries++) {
        uint64_t key = cpu->pc;
        if (e->cfg.system && !e->cfg.locate(e->cfg.owner, cpu, cpu->pc, &key)) {
            cpu->leave_imm = 0;
            return IR_LEAVE_FETCH;
        }
        world_lock(x, true);
        struct tb *tb = exec_translate_one(e, cpu, key);
        world_unlock(x, true);
        if (!tb) {
            cpu->leave_imm = 0;
            return IR_LEAVE_FETCH;
        }
        bool empty = !tb->region->ninsns;
        why = exec_run_region(x, cpu, tb->region);
        if (!empty)
            break;
    }
    if (why == IR_LEAVE_ICINV) {
        exec_flush_line(e, x, cpu->leave_arg);
        why = IR_LEAVE_LOOKUP;
    }
    return why == IR_LEAVE_LINK || why == IR_LEAVE_POLL || why == IR_LEAVE_FLUSH ? IR_LEAVE_LOOKUP : why;
}

enum ir_leave engine_step(struct engine *e, struct cpu *cpu)
{
    if (cpu->guest_base)
        syscall(SYS_arch_prctl, ARCH_SET_GS, cpu->guest_base);
    world_enter(cpu->exec);
    enum ir_leave why = debug_step(e, cpu->exec, cpu);
    world_park(cpu->exec);
    return why;
}
