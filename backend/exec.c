/*
 * The run loop: find -> enter -> leave with a reason; translation on demand is translate.c's.
 *
 * Per CPU: struct cpu, its return stack, its jump cache. Per engine: the code cache and one lock for all
 * changes to it. Linked code and jump cache hits never come here; lookups that miss the jump cache
 * read the tables without the lock; what isn't there is translated under it. See engine.h for who may
 * touch what, world.c for threads, fault.c for faults.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"
#include "region.h"

unsigned log_mask;
FILE *log_file;

enum { TICK_ENTRIES = 64 /* of engine_run, between looks at the clock */,
       DEFAULT_CACHE = 64 << 20, MAX_SHIFT = 6,
       SMALLEST_CACHE = 256 << 10, LARGEST_CACHE = 1 << 30 /* jumps reach 2 GiB */ };

/* ---------------------------------------------------------------- engine */

unsigned engine_ablation(const char *name, size_t n)
{
    static const char *const names[] = {
#define ABLATION(name, option, text) option,
#include "ablations.def"
    };
    for (unsigned k = 0; k < sizeof names / sizeof *names; k++)
        if (strlen(names[k]) == n && !memcmp(names[k], name, n))
            return 1u << k;
    return 0;
}

/* The guest with registers pinned only by numbers below these; the others in their slots. NULL: no memory. */
static const struct guest *with_pins(const struct guest *g, unsigned general, unsigned vector)
{
    const struct ir_target *t = host_fit_pins(g->ir, general, vector);
    if (t == g->ir)
        return g;
    struct guest *copy = malloc(sizeof *copy);
    if (!t || !copy)
        return NULL;
    *copy = *g;
    copy->ir = t;
    return copy;
}

struct engine *engine_new(const struct engine_config *c, char *err, size_t errlen)
{
    struct engine *e = cache_pages(sizeof *e);
    if (!e) {
        snprintf(err, errlen, "no memory for the engine");
        return NULL;
    }
    e->cfg = *c;
    pthread_mutex_init(&e->lock, NULL);
    e->hf = host_features_get(c->host_features, err, errlen);
    if (!e->hf)
        goto fail;
    unsigned general = host_npins(e->hf, false), vector = host_npins(e->hf, true);
    if (c->without & WITHOUT_PINNED)
        general = vector = 0;
    if ((c->without & WITHOUT_EVEX) && vector > 12)
        vector = 12;
    const struct guest *guest = with_pins(c->guest, general, vector);
    if (!guest) {
        snprintf(err, errlen, "no memory for the engine");
        goto fail;
    }
    e->cfg.guest = guest;
    if (c->system)
        e->cfg.without |= WITHOUT_REUSE | WITHOUT_TIER2;
    c = &e->cfg;
    ir_region_init(&e->region, c->guest->ir);
    if (!log_file)
        log_file = stderr;
    size_t size = c->cache_size ? c->cache_size : DEFAULT_CACHE;
    size = size < SMALLEST_CACHE ? SMALLEST_CACHE : size > LARGEST_CACHE ? LARGEST_CACHE : size;
    int rc = cache_init(&e->cache, (size + 4095) & ~(size_t)4095, 0);
    for (unsigned shift = 2; rc == -ENOMEM && !c->cache_size && shift <= MAX_SHIFT; shift += 2)
        rc = cache_init(&e->cache, DEFAULT_CACHE, shift); /* RLIMIT_AS: do with less */
    if (rc < 0) {
        snprintf(err, errlen, "no memory for the code cache: %s", strerror(-rc));
        goto fail;
    }
    e->out.cap_relocs = e->out.cap_links = e->out.cap_faults = 2048;
    e->out.relocs = malloc(e->out.cap_relocs * sizeof *e->out.relocs);
    e->out.links = malloc(e->out.cap_links * sizeof *e->out.links);
    e->out.faults = malloc(e->out.cap_faults * sizeof *e->out.faults);
    if (!e->out.relocs || !e->out.links || !e->out.faults) {
        snprintf(err, errlen, "no memory for the engine");
        goto fail;
    }
    size_t n = host_emit_stubs(&e->stubs, c->guest->ir, c->guest->insn_shift, c->without, c->system, e->cache.rw, 65536,
                               e->cache.rx - e->cache.rw);
    e->cache.used = e->cache.floor = (n + 4095) & ~(size_t)4095;
    e->pcache = pcache_new(e);
    if (!(c->without & WITHOUT_TIER2) && !c->stress && !c->interp && !c->one_insn && !c->precise)
        e->tier2 = tier2_new(e);
    if (log_mask & LOG_PROF)
        e->prof = prof_new();
    if (c->perfmap) {
        char name[64];
        snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)getpid());
        e->perfmap = fopen(name, "we");
        if (e->perfmap)
            setvbuf(e->perfmap, NULL, _IOLBF, 0); /* a guest may end in many ways */
    }
    return e;
fail:
    engine_free(e);
    return NULL;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    if (e->perfmap)
        fclose(e->perfmap);
    tier2_free(e);
    debug_free(e);
    heirs_free(e);
    pcache_free(e->pcache);
    free(e->prof);
    cache_free(&e->cache);
    ir_region_free(&e->region);
    free(e->out.relocs);
    free(e->out.links);
    free(e->out.faults);
    pthread_mutex_destroy(&e->lock);
    munmap(e, sizeof *e);
}

static void fill(struct engine *e, struct jump_entry *cache, size_t k, uint64_t pc, struct tb *tb)
{
    cache[k].code = (uint64_t)(uintptr_t)tb_code(&e->cache, tb);
    __atomic_store_n(&cache[k].pc, pc, __ATOMIC_SEQ_CST);
    if (!__atomic_load_n(&tb->valid, __ATOMIC_SEQ_CST))
        clear_jump_entry(cache, k);
}

/* Enters tb in the thread's own jump caches. Another thread may be retiring it: see world.c. */
static void fill_jump_cache(struct engine *e, struct cpu *cpu, struct tb *tb)
{
    size_t k = tb->pc >> e->cfg.guest->insn_shift & (JUMP_CACHE - 1);
    struct jump_entry was = cpu->jump_cache[k];
    if (was.pc == tb->pc && was.code == (uint64_t)(uintptr_t)tb_code(&e->cache, tb))
        return; /* written pages cost a fork's child much; who retires it clears what is there */
    fill(e, cpu->jump_cache, k, tb->pc, tb);
    if (was.pc != (k ? 0 : ~0ull)) /* another's: fresh pages only where they are needed */
        fill(e, cpu->jump_cache2, ir_jump2_index(tb->pc), tb->pc, tb);
}

/* System mode: into the jump cache in force, by the virtual pc. */
static void fill_jumps(struct engine *e, struct jumps *j, uint64_t pc, struct tb *tb)
{
    size_t k = pc >> e->cfg.guest->insn_shift & (IR_JUMPS - 1), k2 = ir_jumps2_index(pc);
    struct jump_entry was = j->first[k];
    if (was.pc == pc && was.code == (uint64_t)(uintptr_t)tb_code(&e->cache, tb))
        return;
    j->used[0] |= 1ull << k / (IR_JUMPS / 64);
    fill(e, j->first, k, pc, tb);
    if (was.pc == (k ? 0 : ~0ull))
        return;
    j->used[1] |= 1ull << k2 / (IR_JUMPS2 / 64);
    fill(e, j->second, k2, pc, tb);
}

/* This is the first thread that flushes subnormal results or has default NaNs: all code is translated again, with the
 * checks for results that round up to the least normal number and for NaNs out of conversions. Others come to it as they leave what they are
 * in; they don't flush yet. */
static void begin_check_tiny(struct engine *e, struct exec *x)
{
    world_lock(x, false);
    if (!e->check_tiny) {
        __atomic_store_n(&e->check_tiny, true, __ATOMIC_RELEASE);
        if (world_stop(e, x)) {
            world_flush(e);
            world_go(e);
        } else {
            cache_for_range(&e->cache, 0, ~0ull, world_retire, e);
        }
    }
    world_unlock(x, false);
}

/* System mode: may the link go to the translation of this key? Inside a page, and between pages that all address spaces
 * have. */
static bool may_chain(const struct engine *e, uint32_t link, uint64_t key)
{
    const struct cache *c = &e->cache;
    const struct tb *from = cache_find_code(c, c->rx + c->links[link].field_off);
    return from && (from->pc >> 12 == key >> 12 || (from->pc & key & KEY_CHAINS));
}

/* System mode: code at pc by the jump cache in force, as translated code itself would find it. NULL: ask. */
static const uint8_t *known_code(const struct engine *e, const struct cpu *cpu)
{
    const struct jump_entry *j = &cpu->jumps->first[cpu->pc >> e->cfg.guest->insn_shift & (IR_JUMPS - 1)];
    return __atomic_load_n(&j->pc, __ATOMIC_SEQ_CST) == cpu->pc ? (const uint8_t *)(uintptr_t)j->code : NULL;
}

/* The translation at pc for a running thread. link: the link it came by, or -1. */
static struct tb *find_or_translate(struct engine *e, struct cpu *cpu, uint64_t pc, int64_t link)
{
    struct exec *x = cpu->exec;
    uint64_t at = pc, flushes;
again:
    flushes = e->cache.flushes;
    if (e->cfg.system && !e->cfg.locate(e->cfg.owner, cpu, at, &pc))
        return NULL;
    if (__builtin_expect(cpu->fp_mode & IR_FP_CHECKED, 0) &&
        !__atomic_load_n(&e->check_tiny, __ATOMIC_ACQUIRE))
        begin_check_tiny(e, x);
    struct tb *tb = cache_find_shared(&e->cache, pc);
    x->lookups++;
    if (!tb || link >= 0) {
        /* What was found may be gone under the lock; what was not is rarely there. A translation needs the owner's
         * lock too, which comes first: most cold lookups end in one (/bin/true: 1057 of 1365). */
        bool owner = !tb;
        world_lock(x, owner);
        if (__builtin_expect(e->cfg.system && flushes != e->cache.flushes, 0)) { /* keys may mean something else by now */
            world_unlock(x, owner);
            goto again;
        }
        tb = cache_find(&e->cache, pc);
        if (!tb && !owner) {
            world_unlock(x, false);
            world_lock(x, owner = true);
            tb = cache_find(&e->cache, pc);
        }
        if (!tb) {
            e->st.misses++;
            x->translates = true;
            tb = exec_translate(e, cpu, pc);
            x->translates = false;
            if (__builtin_expect(e->heirs != NULL, 0))
                heirs_tell(e, pc);
        }
        if (owner && e->cfg.unlock)
            e->cfg.unlock(e->cfg.owner, cpu);
        if (tb && !tb->region && link >= 0 && x->link_flushes == e->cache.flushes &&
            !(e->cfg.without & WITHOUT_CHAIN) && (!e->cfg.system || may_chain(e, (uint32_t)link, pc)) &&
            !(e->cfg.stress && stress_withholds(e, x, tb->pc))) {
            cache_link(&e->cache, (uint32_t)link, tb);
            e->st.links++;
        }
        world_unlock(x, false);
    }
    if (tb && !tb->region && !(e->cfg.without & WITHOUT_JUMPCACHE) && !(e->cfg.stress && stress_hides(e, tb->pc))) {
        if (e->cfg.system)
            fill_jumps(e, cpu->jumps, at, tb);
        else
            fill_jump_cache(e, cpu, tb);
    }
    return tb;
}

/* ------------------------------------------------------------------ run loop */

void exec_interp_leave(struct exec *x, enum ir_leave why) { longjmp(x->interp_fault, 1 + (int)why); }
void exec_interp_unwind(struct exec *x) { exec_interp_leave(x, IR_LEAVE_FAULT); }

enum ir_leave exec_run_region(struct exec *x, struct cpu *cpu, const struct ir_region *r)
{
    int unwound = setjmp(x->interp_fault);
    if (unwound) {
        x->in_interp = false;
        return (enum ir_leave)(unwound - 1);
    }
    x->in_interp = true;
    enum ir_leave why = ir_interp(cpu, r);
    x->in_interp = false;
    /* every region may be in a cycle: no polls in interpreted code but here */
    if (why == IR_LEAVE_LOOKUP && cpu->poll_limit == ~0ull)
        why = IR_LEAVE_POLL;
    return why;
}

/* The guest has flushed the instruction cache line at addr, perhaps by another name of that memory. */
void exec_flush_line(struct engine *e, struct exec *x, uint64_t addr)
{
    const struct guest *g = e->cfg.guest;
    world_park(x);
    uint64_t line = (g->clean_pc ? g->clean_pc(addr) : addr) & ~63ull;
    engine_invalidate(e, line, 64);
    if (e->cfg.flushed)
        e->cfg.flushed(e->cfg.owner, line, 64);
    world_enter(x);
}

/* engine_fault has found a tagged address: the code is translated again, with masked addresses. */
static void mask_tags(struct engine *e, struct exec *x)
{
    world_lock(x, false);
    for (unsigned k = 0; k < 2; k++) {
        e->mask_pages[(x->mask_pc[k] >> 12) % MASK_PAGES] = (x->mask_pc[k] >> 12) + 1;
        e->any_mask = true;
    }
    for (unsigned k = 0; k < 2; k++) {
        struct tb *tb = cache_find(&e->cache, x->mask_pc[k]);
        if (tb && !tb->masked)
            world_retire(e, tb);
    }
    x->mask_pc[0] = x->mask_pc[1] = 0;
    world_unlock(x, false);
}

static enum ir_leave run(struct engine *e, struct exec *x, struct cpu *cpu)
{
    int64_t link = -1;
    for (;;) {
        if (__builtin_expect(__atomic_load_n(&e->stop, __ATOMIC_SEQ_CST), 0)) {
            world_park(x);
            world_enter(x);
        }
        if (__builtin_expect(__atomic_load_n(&x->stale_returns, __ATOMIC_SEQ_CST), 0))
            world_fix_returns(x);
        if (__builtin_expect(e->debug != NULL, 0) && debug_is_break(e, cpu->pc)) {
            cpu->leave_imm = 0;
            link = -1;
            enum ir_leave debug = x->debugged ? IR_LEAVE_DEBUG : debug_step(e, x, cpu);
            if (debug != IR_LEAVE_LOOKUP)
                return debug;
            continue;
        }
        if (__builtin_expect(__atomic_load_n(&e->save_due, __ATOMIC_RELAXED), 0)) {
            world_park(x);
            engine_save(e);
            world_enter(x);
        }
        if (__builtin_expect(e->cfg.stress != 0, 0))
            stress_turn(e, x, cpu);
        if (__builtin_expect(x->forget, 0))
            world_forget_returns(x);
        if (__builtin_expect(x->level != x->to_level, 0))
            world_switch_level(x);
        if (__builtin_expect(!x->rounds--, 0))
            tier2_due(e, x);
        const uint8_t *code = e->cfg.system && link < 0 ? known_code(e, cpu) : NULL;
        struct tb *tb = code ? NULL : find_or_translate(e, cpu, cpu->pc, link);
        link = -1;
        if (!tb && !code) {
            cpu->leave_imm = 0; /* nothing to execute, or no memory for the translator itself */
            return IR_LEAVE_FETCH;
        }
        if (log_mask & LOG_EXEC)
            fprintf(log_file, "exec 0x%llx\n", (unsigned long long)cpu->pc);
        if (log_mask & LOG_CPU)
            e->cfg.guest->dump(cpu, log_file);
        enum ir_leave why;
        x->in_code = true;
        if (tb && tb->region)
            why = exec_run_region(x, cpu, tb->region);
        else
            why = (enum ir_leave)host_enter(cpu, &e->stubs, code ? code : tb_code(&e->cache, tb));
        x->in_code = false;
        if (__builtin_expect(e->prof != NULL, 0))
            prof_left(e, why);
        switch (why) {
        case IR_LEAVE_LOOKUP:
            break;
        case IR_LEAVE_FLUSH:
            if (x->mask_pc[0] | x->mask_pc[1])
                mask_tags(e, x);
            break;
        case IR_LEAVE_LINK:
            link = (int64_t)cpu->link;
            x->link_flushes = e->cache.flushes;
            cpu->pc = e->cache.links[link].pc;
            break;
        case IR_LEAVE_POLL:
            world_calm(x);
            if (x->sample) {
                x->sample = 0;
                tier2_sample(e, cpu->pc);
            }
            break;
        case IR_LEAVE_ICINV:
            exec_flush_line(e, x, cpu->leave_arg);
            break;
        case IR_LEAVE_FAULT:
            if (cpu->mmu_ra)
                exec_mmu_fault(e, cpu);
            return why;
        case IR_LEAVE_SYSCALL:
        case IR_LEAVE_BREAK:
        case IR_LEAVE_UNDEF:
        case IR_LEAVE_GUEST:
        case IR_LEAVE_FETCH:
        case IR_LEAVE_DEBUG:
            return why;
        }
        if (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST) && why != IR_LEAVE_LINK)
            return IR_LEAVE_POLL;
    }
}

enum ir_leave engine_run(struct engine *e, struct cpu *cpu)
{
    if (cpu->guest_base)
        syscall(SYS_arch_prctl, ARCH_SET_GS, cpu->guest_base);
    struct exec *x = cpu->exec;
    if (e->pcache && !(++x->entries % TICK_ENTRIES))
        pcache_tick(e); /* one that no longer translates */
    if (__builtin_expect(e->prof && !x->sampled, 0))
        prof_thread(e, x);
    world_enter(x);
    enum ir_leave why = run(e, x, cpu);
    world_park(x);
    return why;
}
