/*
 * Threads in the engine: who runs, who must leave, and when the code cache may be emptied.
 *
 * A thread is `running` from its entry into engine_run until it returns, but for stretches in which it
 * waits for a lock (it parks). Running threads read the cache without a lock and execute its code.
 *
 * - Retiring translations (guest code changed or went away) needs no stop: links into them are patched
 *   back by aligned 4-byte stores, jump cache entries cleared. A thread inside one leaves by its
 *   next exit; one that may go round inside is asked to leave at its next poll. Its memory stays until
 *   the next flush. Where calls return into it, all threads are asked; each changes its own return stack before
 *   it goes on, so that such returns look up what is there now (stale_returns). A context synchronisation (ISB)
 *   leaves translated code, so that none is missed.
 * - Emptying the cache stops the world: everyone is asked to leave, parks in engine_run, and waits
 *   for the lock that the stopper holds.
 * - A thread fills its own jump cache; others only clear entries of it. It stores the entry, then
 *   looks whether the translation is still valid; who retires clears `valid`, then the entries: one of
 *   the two sees the other.
 *
 * A fork freezes the arena (arena.c) under the lock, which the forking thread keeps across the fork; in the child
 * all other CPUs are gone.
 */
#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"

enum { RET_STACK = 256 << 10, RET_SLACK = 4096, STOP_STEP_NS = 1000000, STOP_STEPS = 500 };

static uint64_t ld64(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_SEQ_CST); }
static void st64(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_SEQ_CST); }

/* ------------------------------------------------------------------ CPUs */

static void reset_return_stack(struct cpu *cpu) { cpu->ret_sp = cpu->ret_base; }

void clear_returns(struct exec *x)
{
    reset_return_stack(x->cpu);
    for (unsigned k = 0; k < ENGINE_LEVELS; k++)
        x->levels[k].sp = x->levels[k].base;
}

/* The parts of a table that were ever used. */
static void clear_jump_parts(struct jump_entry *table, size_t part, uint64_t *used)
{
    for (uint64_t left = *used; left; left &= left - 1)
        memset(&table[(size_t)__builtin_ctzll(left) * part], 0, part * sizeof *table);
    clear_jump_entry(table, 0);
    *used = 0;
}

void engine_jumps_clear(struct jumps *j)
{
    clear_jump_parts(j->first, IR_JUMPS / 64, &j->used[0]);
    clear_jump_parts(j->second, IR_JUMPS2 / 64, &j->used[1]);
}

/* The entry for pc goes. Other threads may ask for it. */
static void clear_jump(struct jumps *j, unsigned shift, uint64_t pc)
{
    size_t k = pc >> shift & (IR_JUMPS - 1), k2 = ir_jumps2_index(pc);
    if ((__atomic_load_n(&j->used[0], __ATOMIC_RELAXED) >> (k / (IR_JUMPS / 64)) & 1) &&
        __atomic_load_n(&j->first[k].pc, __ATOMIC_RELAXED) == pc)
        clear_jump_entry(j->first, k);
    if ((__atomic_load_n(&j->used[1], __ATOMIC_RELAXED) >> (k2 / (IR_JUMPS2 / 64)) & 1) &&
        __atomic_load_n(&j->second[k2].pc, __ATOMIC_RELAXED) == pc)
        clear_jump_entry(j->second, k2);
}

void engine_jumps_clear_page(const struct engine *e, struct jumps *j, uint64_t pc)
{
    unsigned shift = e->cfg.guest->insn_shift;
    for (uint64_t at = pc & ~4095ull, k = 0; k < 4096u >> shift; k++)
        clear_jump(j, shift, at + (k << shift));
}

struct jumps *engine_jumps_new(struct cpu *cpu)
{
    struct exec *x = cpu->exec;
    struct jumps *j = cache_pages(sizeof *j); /* most of it is never touched */
    if (!j)
        return NULL;
    clear_jump_entry(j->first, 0);
    clear_jump_entry(j->second, 0);
    pthread_mutex_lock(&x->e->lock);
    j->next = x->jumps;
    x->jumps = j;
    pthread_mutex_unlock(&x->e->lock);
    return j;
}

void clear_jump_caches(struct cpu *cpu)
{
    for (struct jumps *j = ((struct exec *)cpu->exec)->jumps; j; j = j->next)
        engine_jumps_clear(j);
    memset(cpu->jump_cache, 0, sizeof cpu->jump_cache);
    memset(cpu->jump_cache2, 0, sizeof cpu->jump_cache2);
    clear_jump_entry(cpu->jump_cache, 0);
    clear_jump_entry(cpu->jump_cache2, 0);
}

static size_t cpu_bytes(void) { return (sizeof(struct cpu) + 4095) & ~(size_t)4095; }

/* An empty return stack. */
static bool make_level(const struct engine *e, struct level *l)
{
    uint8_t *rs = cache_pages(RET_STACK);
    if (!rs)
        return false;
    mprotect(rs, 4096, PROT_NONE);
    uint64_t *sentinel = (uint64_t *)(void *)(rs + RET_STACK - 64);
    sentinel[0] = (uint64_t)(uintptr_t)e->stubs.at[STUB_RET_EMPTY]; /* if a guest returns to ~0 */
    sentinel[1] = ~0ull;
    *l = (struct level){ .sp = (uint64_t)(uintptr_t)sentinel, .base = (uint64_t)(uintptr_t)sentinel,
                         .limit = (uint64_t)(uintptr_t)(rs + 4096 + RET_SLACK), .at = rs };
    return true;
}

static void free_exec(struct exec *x)
{
    struct cpu *cpu = x->cpu;
    for (unsigned k = 0; k < ENGINE_LEVELS; k++)
        if (x->levels[k].at)
            munmap(x->levels[k].at, RET_STACK);
    for (struct jumps *j = x->jumps, *next; j; j = next) {
        next = j->next;
        munmap(j, sizeof *j);
    }
    if (x->own.region)
        ir_region_free(x->own.region);
    free(x->own.region);
    free(x);
    if (cpu)
        munmap(cpu, cpu_bytes());
}

struct cpu *engine_cpu_new(struct engine *e, uint64_t guest_base)
{
    struct exec *x = aligned_alloc(64, (sizeof *x + 63) & ~(size_t)63);
    if (!x)
        return NULL;
    memset(x, 0, sizeof *x);
    struct cpu *cpu = x->cpu = cache_pages(cpu_bytes());
    bool ok = cpu != NULL;
    for (unsigned k = 0; ok && k < (e->cfg.system ? ENGINE_LEVELS : 1); k++)
        ok = make_level(e, &x->levels[k]);
    if (!ok) {
        free_exec(x);
        return NULL;
    }
    x->e = e;
    cpu->exec = x;
    cpu->guest = e->cfg.guest;
    cpu->guest_base = guest_base;
    cpu->link_ways = e->cache.ways;
    cpu->code_base = e->cache.rx;
    cpu->ret_base = x->levels[0].base;
    cpu->ret_limit = x->levels[0].limit;
    cpu->poll_limit = cpu->ret_limit;
    cpu->guest_mxcsr = 0x1f80;
    reset_return_stack(cpu);
    clear_jump_entry(cpu->jump_cache, 0);
    clear_jump_entry(cpu->jump_cache2, 0);
    e->cfg.guest->reset(cpu, e->cfg.model);
    pthread_mutex_lock(&e->lock);
    x->next = e->cpus;
    e->cpus = x;
    if (e->cfg.stress)
        stress_thread(e, x);
    pthread_mutex_unlock(&e->lock);
    return cpu;
}

static void wake(struct exec *x)
{
    if (__atomic_load_n(&x->e->stop, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &x->running, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void engine_cpu_free(struct engine *e, struct cpu *cpu)
{
    if (!cpu)
        return;
    struct exec *x = cpu->exec;
    if (e->prof)
        prof_thread_end(x);
    /* A vfork child that was killed may have left as running, or with the lock: the parent frees it. */
    __atomic_store_n(&x->running, 0, __ATOMIC_SEQ_CST);
    wake(x);
    if (e->holder == x) {
        while (!world_stop(e, x))
            ;
        world_flush(e);
        world_go(e);
    } else {
        pthread_mutex_lock(&e->lock);
    }
    for (struct exec **p = &e->cpus; *p; p = &(*p)->next)
        if (*p == x) {
            *p = x->next;
            break;
        }
    e->st.lookups += x->lookups;
    e->st.contended += x->contended;
    e->st.waited += x->waited;
    __atomic_store_n(&e->holder, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&e->lock);
    free_exec(x);
}

/* --------------------------------------------------------------- kicks */

void engine_kick(struct cpu *cpu)
{
    st64(&cpu->pending, 1);
    st64(&cpu->poll_limit, ~0ull);
}

void world_ask(struct exec *x)
{
    __atomic_store_n(&x->asked, 1, __ATOMIC_SEQ_CST);
    st64(&x->cpu->poll_limit, ~0ull);
}

void engine_unkick(struct cpu *cpu)
{
    struct exec *x = cpu->exec;
    st64(&cpu->poll_limit, cpu->ret_limit);
    /* a kick came between */
    if (ld64(&cpu->pending) || __atomic_load_n(&x->asked, __ATOMIC_SEQ_CST))
        st64(&cpu->poll_limit, ~0ull);
}

void world_calm(struct exec *x)
{
    if (x->cpu->ret_sp < x->cpu->ret_limit)
        reset_return_stack(x->cpu);
    __atomic_store_n(&x->asked, 0, __ATOMIC_SEQ_CST);
    engine_unkick(x->cpu);
}

/* ----------------------------------------------------- running and parked */

void world_park(struct exec *x)
{
    __atomic_store_n(&x->running, 0, __ATOMIC_RELEASE);
    wake(x); /* if this comes too late to be seen, the stopper looks again by itself */
}

void world_enter(struct exec *x)
{
    struct engine *e = x->e;
    for (;;) {
        __atomic_store_n(&x->running, 1, __ATOMIC_SEQ_CST);
        if (__builtin_expect(!__atomic_load_n(&e->stop, __ATOMIC_SEQ_CST), 1))
            return;
        world_park(x);
        pthread_mutex_lock(&e->lock); /* the stopper holds it until it is done */
        pthread_mutex_unlock(&e->lock);
    }
}

static uint64_t wall_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void world_lock(struct exec *x, bool owner)
{
    struct engine *e = x->e;
    bool wait = __atomic_load_n(&e->holder, __ATOMIC_RELAXED) != NULL;
    uint64_t t0 = wait && log_mask & LOG_STATS ? wall_ns() : 0;
    world_park(x);
    if (owner && e->cfg.lock)
        e->cfg.lock(e->cfg.owner, x->cpu);
    pthread_mutex_lock(&e->lock);
    x->contended += wait;
    if (t0)
        x->waited += wall_ns() - t0;
    __atomic_store_n(&e->holder, x, __ATOMIC_RELAXED);
    __atomic_store_n(&x->running, 1, __ATOMIC_SEQ_CST); /* no stop: this thread has the lock */
}

void world_unlock(struct exec *x, bool owner)
{
    struct engine *e = x->e;
    __atomic_store_n(&e->holder, NULL, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&e->lock);
    if (owner && e->cfg.unlock)
        e->cfg.unlock(e->cfg.owner, x->cpu);
}

bool world_stop(struct engine *e, struct exec *self)
{
    const struct timespec step = { 0, STOP_STEP_NS };
    unsigned steps = 0;
    __atomic_store_n(&e->stop, 1, __ATOMIC_SEQ_CST);
    e->st.stops++;
    for (struct exec *x = e->cpus; x; x = x->next)
        if (x != self)
            world_ask(x);
    for (struct exec *x = e->cpus; x; x = x->next)
        while (x != self && __atomic_load_n(&x->running, __ATOMIC_SEQ_CST)) {
            if (steps++ == STOP_STEPS) {
                world_go(e);
                return false;
            }
            syscall(SYS_futex, &x->running, FUTEX_WAIT_PRIVATE, 1, &step, NULL, 0);
        }
    return true;
}

void world_go(struct engine *e) { __atomic_store_n(&e->stop, 0, __ATOMIC_SEQ_CST); }

/* ------------------------------------------------------- changes of the cache */

void world_flush(struct engine *e)
{
    cache_flush(&e->cache);
    debug_mark_entries(e);
    if (e->pcache)
        pcache_flushed(e);
    tier2_flushed(e);
    for (struct exec *x = e->cpus; x; x = x->next) {
        clear_jump_caches(x->cpu);
        clear_returns(x); /* landing sites are gone */
    }
}

void engine_renumber(struct engine *e, void (*between)(void *arg), void *arg)
{
    pthread_mutex_lock(&e->lock);
    while (!world_stop(e, NULL))
        ;
    world_flush(e);
    between(arg);
    world_go(e);
    pthread_mutex_unlock(&e->lock);
}

void engine_flush(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    if (world_stop(e, NULL)) {
        world_flush(e);
        world_go(e);
    } else {
        cache_for_range(&e->cache, 0, ~0ull, world_retire, e);
    }
    pthread_mutex_unlock(&e->lock);
}

static void fix_returns(const struct engine *e, uint64_t at, uint64_t base)
{
    for (; at < base; at += 16) {
        uint64_t *frame = (uint64_t *)(uintptr_t)at;
        const struct tb *tb = cache_find_code(&e->cache, (const uint8_t *)(uintptr_t)frame[0]);
        if (!tb || !tb->valid)
            frame[0] = (uint64_t)(uintptr_t)e->stubs.at[STUB_RET_STALE];
    }
}

void world_fix_returns(struct exec *x)
{
    struct cpu *cpu = x->cpu;
    __atomic_store_n(&x->stale_returns, 0, __ATOMIC_SEQ_CST);
    if ((cpu->ret_base - cpu->ret_sp) % 16)
        reset_return_stack(cpu);
    fix_returns(x->e, cpu->ret_sp, cpu->ret_base);
    for (unsigned k = 0; k < ENGINE_LEVELS; k++)
        if (k != x->level)
            fix_returns(x->e, x->levels[k].sp, x->levels[k].base);
}

void engine_level(struct cpu *cpu, unsigned level) { ((struct exec *)cpu->exec)->to_level = (uint8_t)level; }

void world_switch_level(struct exec *x)
{
    struct cpu *cpu = x->cpu;
    struct level *from = &x->levels[x->level], *to = &x->levels[x->to_level];
    from->sp = (cpu->ret_base - cpu->ret_sp) % 16 ? from->base : cpu->ret_sp;
    x->level = x->to_level;
    cpu->ret_sp = to->sp;
    cpu->ret_base = to->base;
    cpu->ret_limit = to->limit;
    engine_unkick(cpu); /* the limit of polls */
}

/* The entries of system mode's jump caches, which are by the pc and not by the key. */
static void retire_jumps(const struct engine *e, struct exec *x, const struct tb *tb)
{
    uint64_t pc = e->cfg.pc_of_key(e->cfg.owner, tb->pc);
    for (struct jumps *j = x->jumps; j; j = j->next)
        clear_jump(j, e->cfg.guest->insn_shift, pc);
}

void world_retire(void *arg, struct tb *tb)
{
    struct engine *e = arg;
    e->st.retired++;
    cache_retire(&e->cache, tb);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    size_t k = tb->pc >> e->cfg.guest->insn_shift & (JUMP_CACHE - 1), k2 = ir_jump2_index(tb->pc);
    for (struct exec *x = e->cpus; x; x = x->next) {
        if (e->cfg.system)
            retire_jumps(e, x, tb);
        if (__atomic_load_n(&x->cpu->jump_cache[k].pc, __ATOMIC_RELAXED) == tb->pc)
            clear_jump_entry(x->cpu->jump_cache, k);
        if (__atomic_load_n(&x->cpu->jump_cache2[k2].pc, __ATOMIC_RELAXED) == tb->pc)
            clear_jump_entry(x->cpu->jump_cache2, k2);
        if (tb->lands)
            __atomic_store_n(&x->stale_returns, 1, __ATOMIC_SEQ_CST);
        if ((tb->loops || tb->lands) && __atomic_load_n(&x->running, __ATOMIC_SEQ_CST)) {
            e->st.asks++;
            world_ask(x);
        }
    }
}

void engine_invalidate(struct engine *e, uint64_t start, uint64_t len)
{
    pthread_mutex_lock(&e->lock);
    cache_for_range(&e->cache, start, len, world_retire, e);
    if (e->pcache && len >= 4096)
        pcache_changed(e, start, len);
    pthread_mutex_unlock(&e->lock);
}

static void unchain(void *arg, struct tb *tb)
{
    struct engine *e = arg;
    cache_unlink(&e->cache, tb);
}

void engine_unchain(struct engine *e, uint64_t key, uint64_t len)
{
    pthread_mutex_lock(&e->lock);
    cache_for_range(&e->cache, key, len, unchain, e);
    pthread_mutex_unlock(&e->lock);
}

void engine_reset_returns(struct cpu *cpu) { ((struct exec *)cpu->exec)->forget = true; }

void world_forget_returns(struct exec *x)
{
    clear_returns(x);
    x->forget = false;
}

void engine_sync(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    if (world_stop(e, NULL)) /* else one waits in a page fault; it has been asked, and leaves after it */
        world_go(e);
    pthread_mutex_unlock(&e->lock);
}

/* -------------------------------------------------------------------- fork */

void engine_fork_prepare(struct engine *e, struct cpu *cpu, bool files_shared)
{
    pthread_mutex_lock(&e->lock);
    e->files_shared = files_shared;
    heirs_learn(e, cpu);
    tier2_fork_prepare(e);
    arena_fork(&e->cache);
}

void engine_fork_parent(struct engine *e)
{
    tier2_fork_parent(e);
    pthread_mutex_unlock(&e->lock);
}

void engine_fork_child(struct engine *e, struct cpu *cpu)
{
    struct exec *self = cpu->exec;
    for (struct exec *x = e->cpus, *next; x; x = next) {
        next = x->next;
        if (x != self)
            free_exec(x);
    }
    self->next = NULL;
    e->cpus = self;
    pthread_mutex_init(&e->lock, NULL); /* only this thread is left, and it held the lock */
    tier2_fork_child(e);
    e->is_child = true;
    e->told = 0;
    if (e->pcache)
        pcache_forked(e);
    if (e->prof)
        prof_forked(e, self);
    if (e->perfmap) {
        if (!e->files_shared)
            fclose(e->perfmap);
        e->perfmap = NULL;
    }
    arena_forked(&e->cache);
}
