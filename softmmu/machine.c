/*
 * A machine's life: made, run, paused, reset, ended; and what code it has translated.
 *
 * Code: the engine asks where the code at a virtual address is (locate) and for its bytes by key (fetch); views.h says
 * what a key is. Pages that translations were made of are marked (MEM_CODE); a write to one comes here, whoever
 * makes it, and retires what was made of the bytes written.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "machine.h"
#include "views.h"

/* ------------------------------------------------------------------------ lock */

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local bool has_lock;

bool machine_lock_enter(void)
{
    if (has_lock)
        return false;
    pthread_mutex_lock(&the_lock);
    has_lock = true;
    return true;
}
bool machine_lock_try(void)
{
    if (has_lock || pthread_mutex_trylock(&the_lock))
        return false;
    return has_lock = true;
}
void machine_lock_leave(void)
{
    has_lock = false;
    pthread_mutex_unlock(&the_lock);
}
bool machine_lock_held(void) { return has_lock; }
pthread_mutex_t *machine_lock_mutex(void) { return &the_lock; }

/* ------------------------------------------------------------------------ code */

static uint64_t key_of(const struct code_views *c, uint32_t view, gva_t pc)
{
    return (views_at(c, view)->global ? KEY_CHAINS : 0) | (uint64_t)view << PAGE_BITS | (pc & (PAGE_BYTES - 1));
}
static const struct code_view *view_of(const struct machine *m, uint64_t key)
{
    return views_at(m->views, (uint32_t)((key & ~KEY_CHAINS) >> PAGE_BITS));
}

static void track_page(struct vcpu *v, uint64_t page, uint64_t unused) { v->machine->isa->track_page(v, page); }

/* struct engine_config.locate */
static bool locate(void *owner, struct cpu *cpu, uint64_t pc, uint64_t *key)
{
    struct machine *m = owner;
    struct vcpu *v = vcpu_of(cpu);
    struct code_page *p = m->isa->fetch(v, pc);
    bool is_new;
    if (!p)
        return false;
    if (!p->view || p->era != views_era(m->views)) {
        p->view = views_get(m->views, pc & ~(uint64_t)(PAGE_BYTES - 1), p, &is_new);
        p->era = views_era(m->views);
        v->views_full = !p->view;
        if (!p->view)
            return false;
    }
    if (p->r && p->r->pages && !(__atomic_load_n(&p->r->pages[p->offset >> PAGE_BITS], __ATOMIC_ACQUIRE) & MEM_CODE)) {
        __atomic_fetch_or(&p->r->pages[p->offset >> PAGE_BITS], MEM_CODE, __ATOMIC_SEQ_CST);
        track_page(v, p->pa, 0);
        vcpu_do_others(v, track_page, p->pa, 0);
    }
    *key = (p->global ? KEY_CHAINS : 0) | (uint64_t)p->view << PAGE_BITS | (pc & (PAGE_BYTES - 1));
    return true;
}

static void renumber(void *arg)
{
    struct machine *m = arg;
    views_reset(m->views);
}

void machine_renumber(struct machine *m) { engine_renumber(m->engine, renumber, m); }

/* struct engine_config.fetch: the page's bytes from the key on. */
static struct code_window fetch(void *owner, uint64_t key)
{
    struct machine *m = owner;
    const struct code_view *w = view_of(m, key);
    uint64_t at = key & (PAGE_BYTES - 1);
    uint8_t *host = w->r && w->r->host ? w->r->host + w->offset : NULL;
    return (struct code_window){ .host = host + at, .pc = w->vpage + at, .len = host ? PAGE_BYTES - at : 0, .before = host ? at : 0,
                                 .key = key - (w->vpage + at), .flags = w->flags };
}

static uint64_t pc_of_key(void *owner, uint64_t key)
{
    struct machine *m = owner;
    return view_of(m, key)->vpage + (key & (PAGE_BYTES - 1));
}

struct range { struct machine *m; uint64_t at, n; };

static void retire(void *arg, uint32_t view)
{
    struct range *r = arg;
    engine_invalidate(r->m->engine, key_of(r->m->views, view, r->at), r->n);
}

static void code_written(void *arg, struct mem_region *r, uint64_t offset, uint64_t n)
{
    struct range g = { arg, offset & (PAGE_BYTES - 1), n };
    views_of_page(g.m->views, r, offset, retire, &g);
}

bool machine_wrote_tracked(struct vcpu *v, gpa_t pa, unsigned n)
{
    struct mem_range g;
    if (!physmem_find(v->machine->memory, &v->reader, pa, &g) || !g.r->pages)
        return false;
    uint64_t offset = g.offset + (pa - g.base);
    uint8_t *bits = &g.r->pages[offset >> PAGE_BITS], had = __atomic_fetch_or(bits, MEM_DIRTY, __ATOMIC_SEQ_CST);
    if (!(had & MEM_CODE))
        return false;
    /* All that was made of the page goes, and it is like others until code is made of it again. */
    engine_kick(v->cpu);
    if (v->nwrote == sizeof v->wrote / sizeof *v->wrote)
        return v->wrote_more = true;
    __atomic_fetch_and(bits, (uint8_t)~MEM_CODE, __ATOMIC_SEQ_CST);
    v->wrote[v->nwrote].r = g.r;
    v->wrote[v->nwrote++].offset = offset & ~(uint64_t)(PAGE_BYTES - 1);
    return false;
}

void machine_settle(struct vcpu *v)
{
    struct range all = { v->machine, 0, PAGE_BYTES };
    if (v->wrote_more)
        engine_flush(v->machine->engine);
    v->wrote_more = false;
    for (unsigned k = 0; k < v->nwrote; k++)
        views_of_page(v->machine->views, v->wrote[k].r, v->wrote[k].offset, retire, &all);
    v->nwrote = 0;
}

/* What goes from page to page directly may do so while the view's page is where it was. */
struct chains { struct machine *m; struct vcpu *v; };

static void unchain(void *arg, uint32_t view)
{
    struct chains *c = arg;
    const struct code_view *w = views_at(c->m->views, view);
    if (w->global && !c->m->isa->maps(c->v, w->vpage, w->pa, w->flags))
        engine_unchain(c->m->engine, key_of(c->m->views, view, 0), PAGE_BYTES);
}

void machine_unchain(struct vcpu *v, gva_t page)
{
    views_of_vpage(v->machine->views, page, unchain, &(struct chains){ v->machine, v });
}

void machine_unchain_all(struct vcpu *v)
{
    struct chains c = { v->machine, v };
    for (uint32_t k = 1; k <= views_count(c.m->views); k++)
        unchain(&c, k);
}

/* --------------------------------------------------------------------- mappings */

static void flush_physical(struct vcpu *v, uint64_t first, uint64_t last) { v->machine->isa->flush_physical(v, first, last); }

static void mappings_changed(void *arg, gpa_t first, gpa_t last)
{
    struct machine *m = arg;
    for (unsigned k = 0; k < m->nvcpus; k++)
        vcpu_do(m->vcpus[k], flush_physical, first, last);
}

/* ------------------------------------------------------------------------ signals */

static _Thread_local struct vcpu *this_vcpu;
struct vcpu *vcpu_self(void) { return this_vcpu; }

/* A fault in translated code or in its slow paths is the guest's; any other is ours. */
static void on_fault(int sig, siginfo_t *si, void *context)
{
    struct vcpu *v = this_vcpu;
    if (v && engine_fault(v->machine->engine, v->cpu, si, context))
        return;
    signal(sig, SIG_DFL); /* it happens again, and ends us as it should */
}

void machine_signal_stack(void)
{
    enum { SIZE = 256 << 10 };
    void *at = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stack_t s = { .ss_sp = at, .ss_size = SIZE };
    if (at != MAP_FAILED)
        sigaltstack(&s, NULL);
}

static void catch_faults(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE };
    struct sigaction a = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    for (unsigned k = 0; k < sizeof signals / sizeof *signals; k++)
        sigaction(signals[k], &a, NULL);
}

/* ------------------------------------------------------------------------ making */

struct vcpu *vcpu_new(struct machine *m, unsigned index, char *err, size_t errlen)
{
    struct vcpu *v = calloc(1, sizeof *v);
    if (v) {
        v->machine = m;
        v->index = index;
        pthread_cond_init(&v->wake, NULL);
        physmem_reader_add(m->memory, &v->reader);
        v->cpu = engine_cpu_new(m->engine, 0);
    }
    if (!v || !v->cpu) {
        snprintf(err, errlen, "no memory for CPU %u", index);
        free(v);
        return NULL;
    }
    static const struct ir_mmu ops = { softmmu_address, softmmu_store };
    v->cpu->env = v;
    v->cpu->mmu_ops = &ops;
    v->state = m->isa->init(v, err, errlen);
    return v->state ? v : NULL;
}

/* Translated code of a kernel and of what runs on it: a compiler alone has 60 MB. Used as it fills. */
enum { CODE_BYTES = 256 << 20 };

struct machine *machine_new(const struct machine_config *c, char *err, size_t errlen)
{
    struct machine *m = calloc(1, sizeof *m);
    if (!m || !(m->views = views_new()) || !(m->loop = loop_new()) ||
        !(m->memory = physmem_new(mappings_changed, m))) {
        snprintf(err, errlen, "no memory for the machine");
        goto fail;
    }
    m->isa = c->isa;
    m->model = c->model;
    pthread_cond_init(&m->all_stopped, NULL);
    physmem_reader_add(m->memory, &m->reader);
    physmem_on_code(m->memory, code_written, m);
    struct engine_config e = { .guest = c->isa->guest, .model = c->model, .cache_size = c->cache_size ? c->cache_size : CODE_BYTES, .interp = c->interp,
                               .one_insn = c->one_insn, .without = c->without, .host_features = c->host_features, .system = true,
                               .locate = locate, .fetch = fetch, .pc_of_key = pc_of_key, .owner = m };
    m->engine = engine_new(&e, err, errlen);
    if (!m->engine && !c->cache_size) { /* a limit of memory: the engine finds what there is */
        e.cache_size = 0;
        m->engine = engine_new(&e, err, errlen);
    }
    if (!m->engine)
        goto fail;
    catch_faults();
    return m;
fail:
    machine_free(m);
    return NULL;
}

bool machine_add_cpus(struct machine *m, unsigned n, const struct isa_config *c, char *err, size_t errlen)
{
    m->isa_config = c;
    m->vcpus = calloc(n, sizeof *m->vcpus);
    if (!m->vcpus) {
        snprintf(err, errlen, "no memory for %u processors", n);
        return false;
    }
    for (; m->nvcpus < n; m->nvcpus++)
        if (!(m->vcpus[m->nvcpus] = vcpu_new(m, m->nvcpus, err, errlen)))
            return false;
    cpu_set_t host;
    m->crowded = sched_getaffinity(0, sizeof host, &host) == 0 && n > (unsigned)CPU_COUNT(&host);
    return true;
}

void machine_free(struct machine *m)
{
    if (!m)
        return;
    for (unsigned k = 0; k < m->nvcpus; k++) {
        m->isa->done(m->vcpus[k]->state);
        engine_cpu_free(m->engine, m->vcpus[k]->cpu);
        free(m->vcpus[k]);
    }
    if (m->engine)
        engine_free(m->engine);
    physmem_free(m->memory);
    if (m->loop)
        loop_free(m->loop);
    views_free(m->views);
    free(m->vcpus);
    free(m);
}

/* -------------------------------------------------------------------------- life */

static void wake_all(struct machine *m)
{
    for (unsigned k = 0; k < m->nvcpus; k++)
        vcpu_recheck(m->vcpus[k]);
}

/* Until no vCPU is in guest code. */
void machine_wait_stopped(struct machine *m)
{
    for (unsigned k = 0; k < m->nvcpus; k++)
        while (!m->vcpus[k]->stopped && !m->ended && !pthread_equal(m->vcpus[k]->thread, pthread_self()))
            pthread_cond_wait(&m->all_stopped, &the_lock);
}

void machine_pause(struct machine *m)
{
    if (m->state != MACHINE_RUNNING)
        return;
    m->state = MACHINE_PAUSED;
    clock_run(m->loop, false);
    wake_all(m);
    machine_event(m, "STOP", NULL);
}

void machine_continue(struct machine *m)
{
    if (m->state != MACHINE_PAUSED)
        return;
    m->state = MACHINE_RUNNING;
    m->phase = NULL;
    m->started = true;
    clock_run(m->loop, true);
    wake_all(m);
    machine_event(m, "RESUME", NULL);
}

static void tell_cause(struct machine *m, const char *event, enum machine_cause why)
{
    static const char *const names[] = {
        "none", "host-error", "host-qmp-quit", "host-qmp-system-reset", "host-signal", "host-ui", "guest-shutdown", "guest-reset", "guest-panic",
        "subsystem-reset", "snapshot-load",
    };
    machine_event(m, event, "{s:b,s:s}", "guest", why >= CAUSE_GUEST_SHUTDOWN && why <= CAUSE_GUEST_PANIC, "reason", names[why]);
}

void machine_event(struct machine *m, const char *name, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (m->event)
        m->event(m, name, format, ap);
    va_end(ap);
}

void machine_quit(struct machine *m, int status, enum machine_cause why)
{
    if (!m->ended)
        tell_cause(m, "SHUTDOWN", why);
    m->exit_status = status;
    m->ended = true;
    m->state = MACHINE_SHUTDOWN;
    wake_all(m);
    loop_quit(m->loop);
}

void machine_reset_now(struct machine *m, enum machine_cause why)
{
    tell_cause(m, "RESET", why);
    if (m->reset_devices)
        m->reset_devices(m);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        m->isa->reset(m->vcpus[k]);
        m->vcpus[k]->awaits_reset = m->vcpus[k]->sleeping = false;
    }
    engine_flush(m->engine);
}

/* In the loop, with the vCPUs standing. */
static void do_reset(void *arg)
{
    struct machine *m = arg;
    enum machine_state was = m->state;
    if (m->ended || !m->reset_asked) /* who saves the machine has done it */
        return;
    m->resetting = true;
    m->state = MACHINE_PAUSED;
    wake_all(m);
    machine_wait_stopped(m);
    m->reset_asked = false;
    if (!m->ended) {
        machine_reset_now(m, m->reset_cause);
        m->state = was == MACHINE_SHUTDOWN ? MACHINE_PAUSED : was;
        if (m->state == MACHINE_RUNNING)
            clock_run(m->loop, true);
    }
    m->resetting = false;
    pthread_cond_broadcast(&m->all_stopped);
    wake_all(m);
}

void machine_reset(struct machine *m, enum machine_cause why)
{
    bool locked = machine_lock_enter();
    if (m->no_reboot) {
        machine_powerdown(m, why);
    } else if (!m->reset_asked) {
        m->reset_cause = why;
        m->reset_asked = loop_defer(m->loop, do_reset, m);
    }
    if (locked)
        machine_lock_leave();
}

void machine_powerdown(struct machine *m, enum machine_cause why)
{
    if (!m->no_shutdown) {
        machine_quit(m, 0, why);
        return;
    }
    tell_cause(m, "SHUTDOWN", why);
    if (m->state == MACHINE_RUNNING)
        machine_event(m, "STOP", NULL);
    clock_run(m->loop, false);
    m->state = MACHINE_SHUTDOWN;
    wake_all(m);
}

static void *first_steps(void *arg)
{
    this_vcpu = arg;
    return vcpu_thread(arg);
}

int machine_run(struct machine *m, bool paused)
{
    machine_lock_enter();
    m->loop_thread = pthread_self();
    if (m->reset_devices)
        m->reset_devices(m);
    for (unsigned k = 0; k < m->nvcpus; k++)
        m->isa->reset(m->vcpus[k]);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        int rc = pthread_create(&m->vcpus[k]->thread, NULL, first_steps, m->vcpus[k]);
        if (rc) {
            fprintf(stderr, "myna: no thread for CPU %u: %s\n", k, strerror(rc));
            exit(1);
        }
    }
    if (!paused)
        machine_continue(m);
    machine_lock_leave();
    loop_run(m->loop);
    for (unsigned k = 0; k < m->nvcpus; k++)
        pthread_join(m->vcpus[k]->thread, NULL);
    return m->exit_status;
}
