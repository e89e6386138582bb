/*
 * Translation on demand: one guest region to host code in the arena, entered into the tables and linked.
 *
 * Under the engine's lock; another thread may be executing what is there. See engine.h for who may touch what, cache.h
 * for the tables, ../frontend/region.h for what a region is.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "pcache.h"
#include "region.h"

enum { MAX_CODE = 48 << 10, /* of one translation */
       MAX_INSNS = 64 };

static struct ir_region *clone_region(const struct ir_region *r)
{
    struct ir_region *n = malloc(sizeof *n);
    if (!n)
        return NULL;
    ir_region_init(n, r->target);
    if (ir_region_copy(n, r))
        return n;
    ir_region_free(n);
    free(n);
    return NULL;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void log_region(const char *title, const struct ir_region *r)
{
    fprintf(log_file, "%s 0x%llx\n", title, (unsigned long long)r->pc);
    ir_print(log_file, r);
    fputc('\n', log_file);
}

/* Regions end where code is known, but for code that goes on by an indirect branch: an interpreter's
 * dispatch. Each operation has a copy of that, so that the host predicts each one's successor by itself. */
static bool known(const void *arg, uint64_t pc)
{
    const struct engine *e = arg;
    const struct tb *tb = cache_find(&e->cache, pc);
    return (tb && !tb->dispatches) || (e->debug && debug_is_break(e, e->cfg.system ? e->cfg.pc_of_key(e->cfg.owner, pc) : pc));
}

/* Has the region a way round inside? */
static bool has_cycle(const struct ir_region *r)
{
    for (uint32_t b = 0; b < r->nblocks; b++) {
        const struct ir_inst *t = &r->insts[r->blocks[b].end - 1];
        if (r->blocks[b].depth || (t->op == IR_jmp && (uint64_t)t->imm <= b) ||
            (t->op == IR_br && ((uint32_t)t->imm <= b || (uint32_t)(t->imm >> 32) <= b)))
            return true;
    }
    return false;
}

static bool has_indirect_branch(const struct ir_region *r)
{
    for (uint32_t b = 0; b < r->nblocks; b++)
        if (r->insts[r->blocks[b].end - 1].op == IR_gotoi)
            return true;
    return false;
}

/* Makes room in the cache. Lock held. False: another thread does not come to a poll. */
static bool make_room(struct engine *e, struct exec *x)
{
    if (cache_has_room(&e->cache, MAX_CODE))
        return true;
    if (!world_stop(e, x))
        return false;
    world_flush(e);
    world_go(e);
    return cache_has_room(&e->cache, MAX_CODE);
}

static struct tb *own_translation(struct exec *x, uint64_t pc, struct ir_region *r)
{
    if (x->own.region) {
        ir_region_free(x->own.region);
        free(x->own.region);
    }
    x->own = (struct tb){ .pc = pc, .region = r };
    return &x->own;
}

/* A pc with a tag has a translation, which goes on at the pc without. */
static bool is_clean(const struct engine *e, uint64_t pc)
{
    return !e->cfg.guest->clean_pc || e->cfg.guest->clean_pc(pc) == pc;
}

struct tb *exec_translate_one(struct engine *e, struct cpu *cpu, uint64_t pc)
{
    struct ir_region *r = &e->region;
    struct code_window w = e->cfg.fetch(e->cfg.owner, pc);
    ir_region_reset(r, e->cfg.guest->ir);
    r->precise_flags = true;
    guest_translate(r, e->cfg.guest, e->cfg.model, w, 1, true);
    ir_optimise(r);
    r->blocks[0].poll = false;
    struct ir_region *clone = clone_region(r);
    return clone ? own_translation(cpu->exec, pc, clone) : NULL;
}

/* Links of a new translation to what is there already are made at once: each would be a turn of the run loop when it is
 * first taken (cc1, cold: 32,000 of 90,000 turns). System mode: those inside the page, whose keys are known; at: its address. */
static void link_to_known(struct engine *e, struct exec *x, const struct tb *tb, uint64_t at)
{
    struct cache *c = &e->cache;
    if (e->cfg.without & (WITHOUT_CHAIN | WITHOUT_EARLYLINKS))
        return;
    for (uint32_t k = tb->links; k < tb->links + tb->nlinks; k++) {
        uint64_t pc = c->links[k].pc + (tb->pc - at);
        if (e->cfg.system && (pc ^ tb->pc) >> 12)
            continue;
        struct tb *to = cache_may_begin(c, pc) ? cache_find(c, pc) : NULL;
        if (!to || to->region || (e->cfg.stress && stress_withholds(e, x, pc)))
            continue;
        cache_link(c, k, to);
        e->st.links++;
    }
}

struct tb *exec_translate(struct engine *e, struct cpu *cpu, uint64_t pc)
{
    bool timed = log_mask & (LOG_STATS | LOG_PROF);
    uint64_t t0 = timed ? now_ns() : 0;
    struct cache *c = &e->cache;
    struct ir_region *r = &e->region;
    unsigned max = e->cfg.one_insn ? 1 : e->cfg.max_insns ? e->cfg.max_insns : MAX_INSNS;
    unsigned blocks = e->cfg.without & WITHOUT_REGIONS ? 1 : e->cfg.max_blocks;
    bool precise = e->cfg.one_insn || e->cfg.precise || e->cfg.without & WITHOUT_DEADFLAGS;
    bool over_calls = !(e->cfg.without & (WITHOUT_RETURNSTACK | WITHOUT_OVERCALLS)) && !e->cfg.interp && !e->watching;
    struct code_window w = e->cfg.fetch(e->cfg.owner, pc);
    w.entries = c->entries;
    w.known = known;
    w.arg = e;
    size_t len;
    uint64_t key = pc;
    pc = w.pc;
    if (!w.len && !(pc & ((1u << e->cfg.guest->insn_shift) - 1)) && is_clean(e, pc))
        return NULL;
    bool changing = !e->cfg.precise && !e->debug && !(e->cfg.without & WITHOUT_REUSE) && reuse_prepare(e, &w); /* not under a debugger: breakpoints */
    struct tb *tb = changing ? reuse_find(e, &w, page_is_masked(e, pc)) : NULL;
    if (tb)
        return tb;
    if (e->pcache && w.stored_hi) {
        struct tb *stored = pcache_find(e, pc, &w);
        if (stored)
            return stored;
        w.log = &e->code_log;
    }
    bool room = make_room(e, cpu->exec);
    if (e->cfg.stress)
        stress_shape(cpu->exec, &max, &blocks);
    bool loops = (e->cfg.tier2_always || (e->cfg.stress && stress_loops(cpu->exec))) && !precise && !e->cfg.interp &&
                 !e->watching;
    for (;; loops ? (void)(loops = false) : (void)(max = max > 1 ? max / 2 : 0)) {
        ir_region_reset(r, e->cfg.guest->ir);
        e->code_log.n = 0;
        if (log_mask & LOG_IR)
            r->raw = true;
        r->precise_flags = precise;
        struct plan plan;
        loops = loops && guest_plan_loops(&plan, r, e->cfg.guest, &w, NULL, NULL, TIER2_INSNS);
        if (loops)
            guest_translate_plan(&plan, r, e->cfg.guest, e->cfg.model, w);
        else
            guest_translate_extended(r, e->cfg.guest, e->cfg.model, w, max ? max : 1, r->precise_flags, blocks, over_calls);
        if (log_mask & LOG_IN_ASM) {
            fprintf(log_file, "IN: 0x%llx\n", (unsigned long long)pc);
            disas_guest(log_file, e->cfg.guest, w.host, (size_t)(r->end_pc - r->pc), pc);
            fputc('\n', log_file);
        }
        if (log_mask & LOG_IR) {
            log_region("IR:", r);
            r->raw = false;
            ir_pass_fold(r);
        }
        if (!(e->cfg.without & WITHOUT_DEADCODE))
            ir_optimise(r);
        if (log_mask & LOG_OPT)
            log_region("OPT:", r);
        if (e->cfg.interp || e->watching || !max || !room) {
            len = 0;
            break;
        }
        struct host_xlate_opts o = { .hf = e->hf, .stubs = &e->stubs, .gs = cpu->guest_base != 0, .mmu = e->cfg.system, .chains = key & KEY_CHAINS,
                                     .mask_tags = page_is_masked(e, pc),
                                     .insn_shift = e->cfg.guest->insn_shift,
                                     .check_tiny = e->check_tiny,
                                     .exact_fp = e->cfg.model->exact_fp, .without = e->cfg.without };
        len = host_xlate(r, &o, c->rw + c->used, MAX_CODE, c->rx - c->rw, &e->out);
        if (len)
            break;
    }
    struct ir_region *clone = NULL;
    if (!len) {
        clone = clone_region(r);
        if (!clone)
            return NULL;
        e->st.interp++;
    }
    if (!room) /* this once, without the cache */
        return own_translation(cpu->exec, key, clone);
    tb = cache_add(c, key, (r->seen_lo < pc ? r->seen_lo : pc) + w.key, (r->seen_hi > pc ? r->seen_hi : pc + 1) + w.key,
                   &e->out, clone);
    tb->masked = page_is_masked(e, pc);
    tb->loops = has_cycle(r);
    tb->lands = ir_has_landings(r);
    tb->dispatches = has_indirect_branch(r);
    if (changing) {
        reuse_note(e, tb, &w);
        tier2_changed(e, pc);
    }
    if (len)
        link_to_known(e, cpu->exec, tb, pc);
    if (w.log) {
        pcache_note(e, tb, &w, &e->out, r->ninsns, loops);
        pcache_tick(e);
    }
    e->st.tbs++;
    e->st.insns += r->ninsns;
    e->st.guest_bytes += r->end_pc - r->pc;
    e->st.code_bytes += len;
    if ((log_mask & LOG_OUT_ASM) && len) {
        fprintf(log_file, "OUT: 0x%llx [size=%zu]\n", (unsigned long long)pc, len);
        disas_host(log_file, tb_code(c, tb), len, (uint64_t)(uintptr_t)tb_code(c, tb));
        fputc('\n', log_file);
    }
    if (e->perfmap && len)
        fprintf(e->perfmap, "%llx %zx guest_%llx\n", (unsigned long long)(uintptr_t)tb_code(c, tb), len,
                (unsigned long long)pc);
    if (timed)
        e->st.ns += now_ns() - t0;
    return tb;
}

/* -------------------------------------------------------------- statistics */

/* What one pair of clock calls adds to the time between them. */
static uint64_t clock_cost(void)
{
    enum { N = 2000 };
    uint64_t t0 = now_ns();
    for (int k = 0; k < N; k++)
        now_ns();
    return (now_ns() - t0) / (N + 1);
}

void engine_stats(const struct engine *e, FILE *f)
{
    uint64_t clocks = clock_cost() * e->st.tbs, ns = e->st.ns > clocks ? e->st.ns - clocks : 0;
    uint64_t lookups = e->st.lookups, contended = e->st.contended, waited = e->st.waited;
    for (const struct exec *x = e->cpus; x; x = x->next) {
        lookups += x->lookups;
        contended += x->contended;
        waited += x->waited;
    }
    fprintf(f,
            "translations %llu  guest insns %llu  host bytes/insn %.1f  lookups %llu  misses %llu  links "
            "%llu  retired %llu  reused %llu  flushes %llu  interpreted %llu\n"
            "tier 2 regions %llu  guest insns %llu\n"
            "code %zu KiB  translation %.2f ms  %.0f ns/insn  %.2f M insns/s  lock contended %llu, waited %.2f ms\n",
            (unsigned long long)e->st.tbs, (unsigned long long)e->st.insns,
            e->st.insns ? (double)e->st.code_bytes / (double)e->st.insns : 0.0,
            (unsigned long long)lookups, (unsigned long long)e->st.misses,
            (unsigned long long)e->st.links, (unsigned long long)e->st.retired,
            (unsigned long long)e->st.reused, (unsigned long long)e->cache.flushes, (unsigned long long)e->st.interp,
            (unsigned long long)e->st.tier2, (unsigned long long)e->st.tier2_insns, e->cache.used >> 10,
            (double)ns / 1e6, e->st.insns ? (double)ns / (double)e->st.insns : 0.0,
            ns ? (double)e->st.insns * 1e3 / (double)ns : 0.0, (unsigned long long)contended,
            (double)waited / 1e6);
    if (e->pcache)
        pcache_stats(e->pcache, f);
}
