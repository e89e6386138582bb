/*
 * Tier 2: loops that are hot are translated again as one region (frontend/region.c), in the background.
 *
 * Finding them costs translated code nothing. A thread of myna's own sleeps on the process's CPU clock; each time it
 * wakes it asks every running guest thread to leave at its next poll, and where that is, is a sample: polls stand
 * at the heads of loops. It then compiles what has been met HOT times: it plans under the locks, from a copy of
 * the guest's code and from what has been executed so far (a branch whose target has never been translated has
 * never been taken); lowers and emits without a lock; and under the locks compares the code again, puts the
 * translation into the arena and retires the one it replaces, whose links find the new one by themselves.
 *
 * The thread sleeps while the guest does. It has all signals blocked but faults of its reading guest memory, is
 * started when a process has translated some code or used some time, and ends for calls that want a process of one
 * thread (engine_quiet). A thread costs a tenth of the start of a short program that finds its translations in the
 * persistent cache, and there what is hot has been found before. A fork waits for tier2->work: so the C library's locks, which the child inherits, are free.
 *
 * Locks: the owner's, then engine->lock, then work. Work is held alone while a region is made.
 */
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"
#include "region.h"

enum {
    FIRST_NS = 4000000, STEP_NS = 2000000, /* CPU time of the process between samples */
    NAP_NS = 1000000, NAPS = 8, /* wall time between as many after each; at ticks alone (4 ms) short programs would be over */
    QUIET = 16,      /* samples without a find before they come half as often */
    ROUNDS = 32, LATER = 4096, /* rounds of the run loop between questions whether to start; after engine_quiet */
    FRESH = 128,     /* translations that the process has made itself: they took as long as the thread's start */
    HOT = 2,         /* samples that make code hot */
    SAMPLES = 512,   /* places of the table; a power of two */
    COVERED = 4096,  /* bits: loop heads inside regions that stand, and code that has no region, by hash */
    MOST = 12,       /* regions of a place that changes; then it stays in the first tier */
    AROUND = 2048 + 64, CODE = 64 << 10,
};

struct tier2 {
    struct engine *e;
    pthread_t thread;
    bool running;                /* changed under engine->lock */
    bool stop;
    bool ending;                 /* a thread is in engine_quiet */
    pid_t pid;                   /* the process it belongs to: a vfork child shares all of this and is another */
    pid_t tid;                   /* 0: not running */
    pid_t task;                  /* the thread's id, kept when it has ended */
    pthread_mutex_t work;
    struct { uint64_t pc; uint32_t n; } sample[SAMPLES];
    uint64_t covered[COVERED / 64];
    uint8_t made[COVERED];       /* regions, by the hash of their pc */
    uint32_t finds;              /* samples that made something hot, since the thread looked */
    uint64_t inherited;          /* translations that were made before the fork */
    struct ir_region region;
    struct xlate_out out;
    struct code_log log;
    struct plan plan;
    uint8_t *code;               /* CODE bytes, 64-aligned */
    uint8_t bytes[2 * AROUND], again[2 * AROUND];
};

static unsigned hash(uint64_t pc) { return (unsigned)(pc * 0x9e3779b97f4a7c15u >> 40); }

static bool is_covered(const struct tier2 *t, uint64_t pc)
{
    unsigned k = hash(pc) & (COVERED - 1);
    return __atomic_load_n(&t->covered[k / 64], __ATOMIC_RELAXED) >> (k % 64) & 1;
}

static void cover(struct tier2 *t, uint64_t pc)
{
    unsigned k = hash(pc) & (COVERED - 1);
    __atomic_fetch_or(&t->covered[k / 64], 1ull << (k % 64), __ATOMIC_RELAXED);
}

/* Code that has changed is translated anew at pc: the region that stood there is gone, if there was one. */
void tier2_changed(struct engine *e, uint64_t pc)
{
    struct tier2 *t = e->tier2;
    unsigned k = hash(pc) & (COVERED - 1);
    if (t && t->made[k] < MOST)
        __atomic_fetch_and(&t->covered[k / 64], ~(1ull << (k % 64)), __ATOMIC_RELAXED);
}

/* A guest thread has left translated code at pc because it was asked for a sample. */
void tier2_sample(struct engine *e, uint64_t pc)
{
    struct tier2 *t = e->tier2;
    unsigned k = hash(pc) & (SAMPLES - 1);
    if (is_covered(t, pc))
        return;
    if (__atomic_load_n(&t->sample[k].pc, __ATOMIC_RELAXED) != pc) {
        uint32_t n = __atomic_load_n(&t->sample[k].n, __ATOMIC_RELAXED);
        if (n) { /* another pc's place: it wears off */
            __atomic_store_n(&t->sample[k].n, n - 1, __ATOMIC_RELAXED);
            return;
        }
        __atomic_store_n(&t->sample[k].pc, pc, __ATOMIC_RELAXED);
    }
    if (__atomic_add_fetch(&t->sample[k].n, 1, __ATOMIC_RELAXED) == HOT)
        __atomic_fetch_add(&t->finds, 1, __ATOMIC_RELAXED);
}

/* ---------------------------------------------------------------- compiling */

static bool executed(const void *engine, uint64_t pc)
{
    return cache_find(&((const struct engine *)engine)->cache, pc) != NULL;
}

static void lock(struct engine *e)
{
    if (e->cfg.lock)
        e->cfg.lock(e->cfg.owner, NULL);
    pthread_mutex_lock(&e->lock);
}

static void unlock(struct engine *e)
{
    pthread_mutex_unlock(&e->lock);
    if (e->cfg.unlock)
        e->cfg.unlock(e->cfg.owner, NULL);
}

/* The code around pc, copied. Both locks held. */
static bool take_window(struct tier2 *t, uint64_t pc, struct code_window *w)
{
    struct engine *e = t->e;
    *w = e->cfg.fetch(e->cfg.owner, pc);
    if (!w->len)
        return false;
    if (w->before > AROUND)
        w->before = AROUND;
    if (w->len > AROUND)
        w->len = AROUND;
    if (e->cfg.read(e->cfg.owner, t->bytes, pc - w->before, w->before + w->len))
        return false;
    w->host = t->bytes + w->before;
    w->log = &t->log;
    return true;
}

/* Is the guest code that the region was made of still there? Both locks held. */
static bool unchanged(struct tier2 *t, const struct code_window *w)
{
    const struct ir_region *r = &t->region;
    struct engine *e = t->e;
    size_t n = (size_t)(r->seen_hi - r->seen_lo);
    const uint8_t *was = code_at(w, r->seen_lo, n);
    struct code_window now = e->cfg.fetch(e->cfg.owner, r->pc);
    return was && now.len && r->seen_lo >= r->pc - now.before && r->seen_hi <= r->pc + now.len &&
           !e->cfg.read(e->cfg.owner, t->again, r->seen_lo, n) && !memcmp(was, t->again, n);
}

/* Puts the translation in the place of the one that is there. Both locks held. */
static bool install(struct tier2 *t, const struct code_window *w, size_t len)
{
    struct engine *e = t->e;
    struct cache *c = &e->cache;
    const struct ir_region *r = &t->region;
    if (!cache_has_room(c, CODE))
        return false;
    struct tb *old = cache_find(c, r->pc);
    c->used = (c->used + 63) & ~(size_t)63;
    memcpy(c->rw + c->used, t->code, len);
    host_relocate(&t->out, e->cfg.guest->ir, &e->stubs, c->rw + c->used, c->rx - c->rw);
    if (old)
        world_retire(e, old);
    struct tb *tb = cache_add(c, r->pc, r->seen_lo, r->seen_hi, &t->out, NULL);
    tb->loops = true;
    for (unsigned k = 0; k < t->plan.n; k++)
        if (t->plan.b[k].head)
            cover(t, t->plan.b[k].pc);
    cover(t, r->pc);
    uint8_t *made = &t->made[hash(r->pc) & (COVERED - 1)];
    *made += *made < MOST;
    reuse_note(e, tb, w);
    e->st.tier2++;
    e->st.tier2_insns += r->ninsns;
    if (e->perfmap)
        fprintf(e->perfmap, "%llx %zx guest2_%llx\n", (unsigned long long)(uintptr_t)tb_code(c, tb), len,
                (unsigned long long)r->pc);
    if (log_mask & LOG_OUT_ASM) {
        fprintf(log_file, "OUT: 0x%llx [size=%zu, tier 2]\n", (unsigned long long)r->pc, len);
        disas_host(log_file, tb_code(c, tb), len, (uint64_t)(uintptr_t)tb_code(c, tb));
        fputc('\n', log_file);
    }
    if (e->pcache && w->stored_hi) {
        struct code_window copy = *w;
        copy.log = NULL;
        pcache_note(e, tb, &copy, &t->out, r->ninsns, true);
        pcache_tick(e);
    }
    return true;
}

/* What compiling needs: most processes end before. Under the locks, as a fork must find the C library's free. */
static bool room(struct tier2 *t)
{
    if (t->code)
        return true;
    struct xlate_out *o = &t->out;
    o->cap_relocs = o->cap_links = o->cap_faults = 2048;
    o->relocs = malloc(o->cap_relocs * sizeof *o->relocs);
    o->links = malloc(o->cap_links * sizeof *o->links);
    o->faults = malloc(o->cap_faults * sizeof *o->faults);
    if (o->relocs && o->links && o->faults)
        t->code = aligned_alloc(64, CODE);
    if (!t->code) {
        free(o->relocs);
        free(o->links);
        free(o->faults);
        o->relocs = NULL;
        o->links = NULL;
        o->faults = NULL;
        return false;
    }
    ir_region_init(&t->region, t->e->cfg.guest->ir);
    return true;
}

static void compile(struct tier2 *t, uint64_t pc)
{
    struct engine *e = t->e;
    struct code_window w;
    struct ir_region *r = &t->region;
    struct host_xlate_opts o = { .hf = e->hf, .stubs = &e->stubs, .insn_shift = e->cfg.guest->insn_shift,
                                 .exact_fp = e->cfg.model->exact_fp, .without = e->cfg.without };
    lock(e);
    uint64_t flushes = e->cache.flushes;
    bool ready = room(t) && !e->debug && !e->watching && e->cpus && take_window(t, pc, &w) && !page_is_masked(e, pc);
    if (ready) {
        ir_region_reset(r, e->cfg.guest->ir);
        t->log.n = 0;
        o.gs = e->cpus->cpu->guest_base != 0;
        o.check_tiny = e->check_tiny;
        ready = guest_plan_loops(&t->plan, r, e->cfg.guest, &w, executed, e, TIER2_INSNS);
        if (!ready)
            cover(t, pc);
    }
    if (ready)
        pthread_mutex_lock(&t->work);
    unlock(e);
    if (!ready)
        return;
    guest_translate_plan(&t->plan, r, e->cfg.guest, e->cfg.model, w);
    ir_optimise(r);
    size_t len = host_xlate(r, &o, t->code, CODE, 0, &t->out);
    pthread_mutex_unlock(&t->work);
    lock(e);
    if (len && flushes == e->cache.flushes && e->check_tiny == o.check_tiny && !e->debug && !e->watching &&
        !page_is_masked(e, pc) && unchanged(t, &w))
        install(t, &w, len);
    else if (!len)
        cover(t, pc);
    unlock(e);
}

/* -------------------------------------------------------------- the thread */

static void ask_samples(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    for (struct exec *x = e->cpus; x; x = x->next)
        if (__atomic_load_n(&x->running, __ATOMIC_RELAXED)) {
            __atomic_store_n(&x->sample, 1, __ATOMIC_RELAXED);
            world_ask(x);
        }
    pthread_mutex_unlock(&e->lock);
}

/* CPU time of the process, in nanoseconds; FIRST_NS if it is more. */
static long cpu_time(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) || now.tv_sec || now.tv_nsec > FIRST_NS ? FIRST_NS : now.tv_nsec;
}

static void *run(void *arg)
{
    struct tier2 *t = arg;
    struct engine *e = t->e;
    unsigned quiet = 0, naps = 0;
    long ns = FIRST_NS - cpu_time(); /* the first sample counts from the process's start */
    if (ns < STEP_NS)
        ns = STEP_NS;
    t->task = (pid_t)syscall(SYS_gettid);
    __atomic_store_n(&t->tid, t->task, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE)) {
        struct timespec step = { 0, naps ? NAP_NS : ns };
        clock_nanosleep(naps ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID, 0, &step, NULL);
        naps = naps ? naps - 1 : quiet < QUIET ? NAPS : 0;
        if (__atomic_load_n(&t->stop, __ATOMIC_ACQUIRE))
            break;
        quiet++;
        if (__atomic_exchange_n(&t->finds, 0, __ATOMIC_RELAXED)) {
            quiet = 0;
            for (unsigned k = 0; k < SAMPLES; k++)
                if (__atomic_load_n(&t->sample[k].n, __ATOMIC_RELAXED) >= HOT) {
                    uint64_t pc = __atomic_load_n(&t->sample[k].pc, __ATOMIC_RELAXED);
                    __atomic_store_n(&t->sample[k].n, 0, __ATOMIC_RELAXED);
                    compile(t, pc);
                }
        }
        ask_samples(e);
        ns = STEP_NS << (quiet / QUIET < 2 ? quiet / QUIET : 2);
    }
    __atomic_store_n(&t->tid, 0, __ATOMIC_RELEASE);
    return NULL;
}

/* --------------------------------------------------------- begin and end */

struct tier2 *tier2_new(struct engine *e)
{
    struct tier2 *t = cache_pages(sizeof *t);
    if (!t)
        return NULL;
    t->e = e;
    t->pid = getpid();
    pthread_mutex_init(&t->work, NULL);
    return t;
}

static int create(void *arg)
{
    struct tier2 *t = arg;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 256 << 10);
    t->running = !pthread_create(&t->thread, &attr, run, t);
    pthread_attr_destroy(&attr);
    return 0;
}

/* pthread_create makes the two threads share a list of semaphore adjustments (CLONE_SYSVSEM), which the guest would
 * see (kcmp, and when they are made). So a thread without such a list makes it: one of a moment, on this
 * one's stack and with its thread-local memory while this one waits. */
static void create_apart(struct tier2 *t)
{
    char stack[16 << 10] __attribute__((aligned(64)));
    pid_t tid = -1, now;
    if (clone(create, stack + sizeof stack, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
              CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, t, &tid, NULL, &tid) < 0)
        return; /* no thread to be had: no second tier */
    while ((now = __atomic_load_n(&tid, __ATOMIC_ACQUIRE)))
        syscall(SYS_futex, &tid, FUTEX_WAIT, now, NULL, NULL, 0);
}

static void start(struct engine *e)
{
    struct tier2 *t = e->tier2;
    uint64_t mask = ~(1ull << (SIGSEGV - 1) | 1ull << (SIGBUS - 1)), old;
    pthread_mutex_lock(&e->lock);
    if (!t->running && !__atomic_load_n(&t->ending, __ATOMIC_ACQUIRE) && getpid() == t->pid) {
        t->stop = false;
        syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &old, 8);
        create_apart(t);
        syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
    }
    pthread_mutex_unlock(&e->lock);
}

void tier2_due(struct engine *e, struct exec *x)
{
    struct tier2 *t = e->tier2;
    x->rounds = LATER;
    if (!t || __atomic_load_n(&t->running, __ATOMIC_RELAXED))
        return;
    if (e->st.tbs - t->inherited >= FRESH || cpu_time() == FIRST_NS)
        start(e);
    else
        x->rounds = ROUNDS;
}

pid_t engine_own_thread(const struct engine *e)
{
    return e->tier2 ? __atomic_load_n(&e->tier2->tid, __ATOMIC_ACQUIRE) : 0;
}

void engine_quiet(struct engine *e)
{
    struct tier2 *t = e->tier2;
    if (!t || getpid() != t->pid)
        return;
    pthread_mutex_lock(&e->lock);
    bool was = t->running;
    pthread_t thread = t->thread;
    if (was) {
        t->running = false;
        __atomic_store_n(&t->ending, true, __ATOMIC_RELEASE); /* until it has: no other begins */
        __atomic_store_n(&t->stop, true, __ATOMIC_RELEASE);
    }
    for (struct exec *x = e->cpus; x; x = x->next)
        x->rounds = LATER; /* it begins again by and by */
    pthread_mutex_unlock(&e->lock);
    if (!was) { /* perhaps another thread is at it */
        while (__atomic_load_n(&t->ending, __ATOMIC_ACQUIRE))
            sched_yield();
        return;
    }
    while (pthread_tryjoin_np(thread, NULL) == EBUSY)
        ; /* it sleeps until the process has used some more time, which this uses */
    while (syscall(SYS_tgkill, t->pid, t->task, 0) == 0)
        sched_yield(); /* joined, but the kernel still counts it */
    __atomic_store_n(&t->ending, false, __ATOMIC_RELEASE);
}

void tier2_fork_prepare(struct engine *e)
{
    if (e->tier2)
        pthread_mutex_lock(&e->tier2->work);
}

void tier2_fork_parent(struct engine *e)
{
    if (e->tier2)
        pthread_mutex_unlock(&e->tier2->work);
}

void tier2_fork_child(struct engine *e)
{
    if (!e->tier2)
        return;
    pthread_mutex_init(&e->tier2->work, NULL);
    e->tier2->running = e->tier2->ending = false;
    e->tier2->pid = getpid();
    e->tier2->tid = 0;
    e->tier2->inherited = e->st.tbs;
    e->cpus->rounds = ROUNDS;
}

/* Heads of loops inside it are not known; a region made of one of them will be in the cache next time. */
void tier2_loaded(struct engine *e, uint64_t pc)
{
    if (e->tier2)
        cover(e->tier2, pc);
}

void tier2_flushed(struct engine *e)
{
    if (e->tier2)
        memset(e->tier2->covered, 0, sizeof e->tier2->covered);
}

void tier2_free(struct engine *e)
{
    struct tier2 *t = e->tier2;
    if (!t)
        return;
    engine_quiet(e);
    if (t->code)
        ir_region_free(&t->region);
    free(t->out.relocs);
    free(t->out.links);
    free(t->out.faults);
    free(t->code);
    munmap(t, sizeof *t);
    e->tier2 = NULL;
}
