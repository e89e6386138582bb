/*
 * -d prof: where a program's time goes, by samples.
 *
 * Each guest thread has a timer of its own CPU time; its signal (one of those that the owner always catches, so the
 * guest keeps all of its own) finds the host pc: in a translation, in a helper that one called, in the
 * translator, elsewhere in the run loop, or outside the engine (system calls). The sample is counted for the
 * translation's guest address. Leaving translated code is counted by cause.
 *
 * The handler allocates nothing and takes no lock. The kernel checks such timers at its ticks: 250 samples a
 * second of CPU time, more or less. Without -d prof there is no timer and one test in the run loop.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "engine.h"

enum { WITH_CODE = 10, REGIONS = 1 << 14, HELPERS = 1024, LEAVES = 32, SHOWN = 24, PERIOD_NS = 1000000, LOOK_BACK = 48 };

enum where { IN_CODE, IN_HELPER, IN_COLD, IN_TRANSLATOR, IN_LOOP, OUTSIDE, NWHERE };

struct prof {
    struct region { uint64_t pc; uint32_t count, in_helper, code_len, len; } at[REGIONS];
    uint32_t where[NWHERE], helper[HELPERS], lost;
    uint64_t left[LEAVES];
};

static uint32_t add(uint32_t *n) { return __atomic_fetch_add(n, 1, __ATOMIC_RELAXED); }

struct prof *prof_new(void) { return calloc(1, sizeof(struct prof)); }

void prof_thread(struct engine *e, struct exec *x)
{
    struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGTRAP, .sigev_value.sival_ptr = e->prof };
    const struct itimerspec every = { { 0, PERIOD_NS }, { 0, PERIOD_NS } };
    int id;
    x->sampled = true;
    ev._sigev_un._tid = (int)syscall(SYS_gettid);
    if (syscall(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, &ev, &id) == 0) {
        syscall(SYS_timer_settime, id, 0, &every, NULL);
        x->timer = id;
    }
}

void prof_thread_end(struct exec *x)
{
    if (x->sampled)
        syscall(SYS_timer_delete, x->timer);
    x->sampled = false;
}

void prof_forked(struct engine *e, struct exec *x)
{
    memset(e->prof, 0, sizeof *e->prof);
    x->sampled = false; /* timers aren't inherited */
}

void prof_left(struct engine *e, enum ir_leave why)
{
    if ((unsigned)why < LEAVES)
        __atomic_fetch_add(&e->prof->left[why], 1, __ATOMIC_RELAXED);
}

static struct region *region_of(struct prof *p, const struct tb *tb)
{
    uint32_t k = (uint32_t)(tb->pc * 0x9e3779b97f4a7c15u >> 40);
    for (unsigned n = 0; n < 64; n++) {
        struct region *r = &p->at[(k + n) % REGIONS];
        uint64_t none = 0;
        if (__atomic_compare_exchange_n(&r->pc, &none, tb->pc, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) ||
            none == tb->pc) {
            r->code_len = tb->code_len;
            r->len = tb->len;
            return r;
        }
    }
    return NULL;
}

/* The number of the helper whose call returns to ra: its address is loaded right before. */
static unsigned helper_at(const struct engine *e, const uint8_t *ra)
{
    const struct ir_target *t = e->cfg.guest->ir;
    for (const uint8_t *p = ra - 15; p >= ra - LOOK_BACK; p--) {
        void *fn;
        if (p[0] != 0x48 || p[1] != 0xb8)
            continue;
        memcpy(&fn, p + 2, sizeof fn);
        for (unsigned k = 0; k < t->nhelpers && k < HELPERS; k++)
            if (t->helpers[k].fn == fn)
                return k;
    }
    return HELPERS;
}

bool engine_sample(struct engine *e, struct cpu *cpu, const siginfo_t *si, const ucontext_t *uc)
{
    struct prof *p = e->prof;
    struct exec *x = cpu->exec;
    const uint8_t *pc = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
    if (!p || si->si_value.sival_ptr != p)
        return false;
    enum where where = x->translates ? IN_TRANSLATOR : !x->running ? OUTSIDE : x->in_code ? IN_COLD : IN_LOOP;
    const struct tb *tb = NULL;
    if (x->running && pc >= e->cache.rx && pc < e->cache.rx + e->cache.size) {
        where = IN_CODE;
        tb = cache_find_code(&e->cache, pc);
    } else if (where == IN_COLD && cpu->helper_ra) {
        where = IN_HELPER;
        tb = cache_find_code(&e->cache, (const uint8_t *)(uintptr_t)cpu->helper_ra);
        unsigned k = helper_at(e, (const uint8_t *)(uintptr_t)cpu->helper_ra);
        if (k < HELPERS)
            add(&p->helper[k]);
    }
    add(&p->where[where]);
    struct region *r = tb ? region_of(p, tb) : NULL;
    if (r) {
        add(&r->count);
        if (where == IN_HELPER)
            add(&r->in_helper);
    } else if (tb) {
        add(&p->lost);
    }
    return true;
}

static int by_count(const void *a, const void *b)
{
    const struct region *x = a, *y = b;
    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

/* Guest and host code of the translation that is there now. */
static void print_code(struct engine *e, FILE *f, uint64_t pc)
{
    static uint8_t guest[2 * 4096];
    const struct tb *tb = cache_find(&e->cache, pc);
    if (!tb || tb->region)
        return;
    size_t n = (size_t)(tb_hi(tb) - tb_lo(tb));
    if (n > sizeof guest || !e->cfg.read || e->cfg.read(e->cfg.owner, guest, tb_lo(tb), n))
        return;
    fprintf(f, "GUEST: 0x%llx from 0x%llx\n", (unsigned long long)pc, (unsigned long long)tb_lo(tb));
    disas_guest(f, e->cfg.guest, guest, n, tb_lo(tb));
    fprintf(f, "HOST: [size=%u]\n", tb->code_len);
    disas_host(f, tb_code(&e->cache, tb), tb->code_len, (uint64_t)(uintptr_t)tb_code(&e->cache, tb));
    fputc('\n', f);
}

static double percent(uint64_t n, uint64_t of) { return of ? 100.0 * (double)n / (double)of : 0; }

void engine_profile(struct engine *e, FILE *f, void (*name)(void *, FILE *, uint64_t pc), void *arg)
{
    static const char *const where[NWHERE] = { "translated code", "helpers", "cold calls and stubs", "translator",
                                               "run loop", "outside" };
    static const char *const leave[] = { [IR_LEAVE_LOOKUP] = "lookups", [IR_LEAVE_LINK] = "links",
        [IR_LEAVE_SYSCALL] = "system calls", [IR_LEAVE_BREAK] = "breaks", [IR_LEAVE_UNDEF] = "undefined",
        [IR_LEAVE_FETCH] = "fetch", [IR_LEAVE_FAULT] = "faults", [IR_LEAVE_POLL] = "polls",
        [IR_LEAVE_FLUSH] = "flush", [IR_LEAVE_GUEST] = "guest's own", [IR_LEAVE_ICINV] = "code flushes",
        [IR_LEAVE_DEBUG] = "debugger" };
    struct prof *p = e->prof;
    const struct ir_target *t = e->cfg.guest->ir;
    uint64_t all = 0;
    if (!p)
        return;
    for (struct exec *x = e->cpus; x; x = x->next) /* of all threads: the owner may be about to stop catching signals */
        prof_thread_end(x);
    for (unsigned k = 0; k < NWHERE; k++)
        all += p->where[k];
    fprintf(f, "profile: %llu samples;", (unsigned long long)all);
    for (unsigned k = 0; k < NWHERE; k++)
        fprintf(f, "%s %s %.1f %%", k ? "," : "", where[k], percent(p->where[k], all));
    fprintf(f, "\n%llu translations, %.2f ms; %zu KiB of code\nexits:", (unsigned long long)e->st.tbs, (double)e->st.ns / 1e6,
            e->cache.used >> 10);
    for (unsigned k = 0; k < sizeof leave / sizeof *leave; k++)
        if (p->left[k] && leave[k])
            fprintf(f, " %s %llu", leave[k], (unsigned long long)p->left[k]);
    fprintf(f, "\nhelpers:");
    for (unsigned k = 0; k < t->nhelpers && k < HELPERS; k++)
        if (p->helper[k])
            fprintf(f, " %s %.1f %%", t->helpers[k].name, percent(p->helper[k], all));
    qsort(p->at, REGIONS, sizeof *p->at, by_count);
    fprintf(f, "\nhot regions: share, in helpers, guest instructions seen, bytes of host code, address\n");
    for (unsigned k = 0; k < SHOWN && p->at[k].count; k++) {
        const struct region *r = &p->at[k];
        fprintf(f, "%6.2f %% %6.2f %% %4u %6u  0x%llx", percent(r->count, all), percent(r->in_helper, all),
                r->len >> e->cfg.guest->insn_shift, r->code_len, (unsigned long long)r->pc);
        name(arg, f, r->pc);
        fputc('\n', f);
    }
    if (log_mask & LOG_PROF_ASM && pthread_mutex_trylock(&e->lock) == 0) {
        for (unsigned k = 0; k < WITH_CODE && p->at[k].count; k++)
            print_code(e, f, p->at[k].pc);
        pthread_mutex_unlock(&e->lock);
    }
    if (p->lost)
        fprintf(f, "%u samples of more regions than are counted\n", p->lost);
}
