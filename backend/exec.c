/*
 * The run loop: find -> enter -> leave with a reason; translation on demand; faults.
 *
 * Per CPU: struct cpu, its return stack, its jump cache. Per engine: the code cache and one lock for all
 * changes to it. Lookups that miss the jump cache take the lock; linked code and jump cache hits
 * never come here.
 *
 * A fault in translated code is found by the host pc in the fault map: all guest registers are in homes
 * there (commit rule), so the handler copies the pinned ones from the signal's context to their slots and
 * resumes in the leave stub.
 */
#include <asm/prctl.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "cache.h"

unsigned log_mask;
FILE *log_file;

enum { MAX_CODE = 48 << 10, /* of one translation */
       MAX_INSNS = 64, RET_STACK = 256 << 10, RET_SLACK = 4096, MASK_PAGES = 1024,
       DEFAULT_CACHE = 64 << 20, MAX_SHIFT = 6,
       SMALLEST_CACHE = 256 << 10, LARGEST_CACHE = 1 << 30 /* jumps reach 2 GiB */ };

struct engine {
    struct engine_config cfg;
    struct cache cache;
    struct stubs stubs;
    const struct host_features *hf;
    pthread_mutex_t lock;
    struct ir_region region;   /* scratch, under the lock */
    struct xlate_out out;
    struct exec *cpus;
    uint64_t mask_pages[MASK_PAGES]; /* pages whose code makes tagged accesses (page + 1), hashed */
    bool any_mask;
    bool check_tiny; /* some thread has flushed subnormal results: from then on for all code */
    FILE *perfmap;
    struct { uint64_t tbs, insns, guest_bytes, code_bytes, lookups, misses, links, retired, ns, interp; } st;
};

/* Backend's per-thread data: cpu->exec. */
struct exec {
    struct engine *e;
    struct cpu *cpu;
    struct exec *next;
    uint8_t *ret_stack;
    jmp_buf interp_fault;
    volatile bool in_interp;
    uint64_t flushes;          /* of the cache when this CPU last looked */
};

/* ------------------------------------------------------------------ CPUs */

static void reset_return_stack(struct cpu *cpu) { cpu->ret_sp = cpu->ret_base; }

/* An empty entry holds a pc that belongs elsewhere: 0, and ~0 in the entry that 0 belongs to. So fresh
 * memory is an empty cache but for that one. */
static void clear_jump_entry(struct cpu *cpu, size_t k) { cpu->jump_cache[k].pc = k ? 0 : ~0ull; }

static void clear_jump_cache(struct cpu *cpu)
{
    memset(cpu->jump_cache, 0, sizeof cpu->jump_cache);
    clear_jump_entry(cpu, 0);
}

struct cpu *engine_cpu_new(struct engine *e, uint64_t guest_base)
{
    size_t size = (sizeof(struct cpu) + 4095) & ~(size_t)4095;
    struct cpu *cpu = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct exec *x = calloc(1, sizeof *x);
    uint8_t *rs = mmap(NULL, RET_STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (cpu == MAP_FAILED || !x || rs == MAP_FAILED) {
        if (cpu != MAP_FAILED)
            munmap(cpu, size);
        if (rs != MAP_FAILED)
            munmap(rs, RET_STACK);
        free(x);
        return NULL;
    }
    mprotect(rs, 4096, PROT_NONE);
    x->e = e;
    x->cpu = cpu;
    x->ret_stack = rs;
    cpu->exec = x;
    cpu->guest = e->cfg.guest;
    cpu->guest_base = guest_base;
    cpu->ret_base = (uint64_t)(uintptr_t)(rs + RET_STACK - 64);
    uint64_t *sentinel = (uint64_t *)(uintptr_t)cpu->ret_base;
    sentinel[0] = (uint64_t)(uintptr_t)e->stubs.at[STUB_RET_MISS]; /* if a guest returns to ~0 */
    sentinel[1] = ~0ull;
    cpu->ret_limit = (uint64_t)(uintptr_t)(rs + 4096 + RET_SLACK);
    cpu->poll_limit = cpu->ret_limit;
    cpu->guest_mxcsr = 0x1f80;
    reset_return_stack(cpu);
    clear_jump_entry(cpu, 0);
    e->cfg.guest->reset(cpu, e->cfg.model);
    pthread_mutex_lock(&e->lock);
    x->next = e->cpus;
    e->cpus = x;
    pthread_mutex_unlock(&e->lock);
    return cpu;
}

void engine_cpu_free(struct engine *e, struct cpu *cpu)
{
    if (!cpu)
        return;
    struct exec *x = cpu->exec;
    pthread_mutex_lock(&e->lock);
    for (struct exec **p = &e->cpus; *p; p = &(*p)->next)
        if (*p == x) {
            *p = x->next;
            break;
        }
    pthread_mutex_unlock(&e->lock);
    munmap(x->ret_stack, RET_STACK);
    free(x);
    munmap(cpu, (sizeof(struct cpu) + 4095) & ~(size_t)4095);
}

void engine_kick(struct cpu *cpu)
{
    __atomic_store_n(&cpu->pending, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&cpu->poll_limit, ~0ull, __ATOMIC_SEQ_CST);
}

void engine_unkick(struct cpu *cpu)
{
    __atomic_store_n(&cpu->poll_limit, cpu->ret_limit, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->pending, __ATOMIC_SEQ_CST)) /* a kick came between */
        __atomic_store_n(&cpu->poll_limit, ~0ull, __ATOMIC_SEQ_CST);
}

/* ---------------------------------------------------------------- engine */

struct engine *engine_new(const struct engine_config *c, char *err, size_t errlen)
{
    struct engine *e = calloc(1, sizeof *e);
    if (!e) {
        snprintf(err, errlen, "no memory for the engine");
        return NULL;
    }
    e->cfg = *c;
    pthread_mutex_init(&e->lock, NULL);
    ir_region_init(&e->region, c->guest->ir);
    if (!log_file)
        log_file = stderr;
    e->hf = host_features_get(c->host_features, err, errlen);
    if (!e->hf)
        goto fail;
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
    size_t n = host_emit_stubs(&e->stubs, c->guest->ir, c->guest->insn_shift, e->cache.rw, 65536,
                               e->cache.rx - e->cache.rw);
    e->cache.used = e->cache.floor = (n + 63) & ~(size_t)63;
    if (c->perfmap) {
        char name[64];
        snprintf(name, sizeof name, "/tmp/perf-%d.map", (int)getpid());
        e->perfmap = fopen(name, "we");
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
    cache_free(&e->cache);
    ir_region_free(&e->region);
    free(e->out.relocs);
    free(e->out.links);
    free(e->out.faults);
    pthread_mutex_destroy(&e->lock);
    free(e);
}

static void flush_locked(struct engine *e)
{
    cache_flush(&e->cache);
    for (struct exec *x = e->cpus; x; x = x->next) {
        clear_jump_cache(x->cpu);
        reset_return_stack(x->cpu); /* landing sites are gone */
    }
}

void engine_flush(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    flush_locked(e);
    pthread_mutex_unlock(&e->lock);
}

static void retire(void *arg, struct tb *tb)
{
    struct engine *e = arg;
    e->st.retired++;
    for (struct exec *x = e->cpus; x; x = x->next) {
        size_t k = tb->pc >> e->cfg.guest->insn_shift & 4095;
        if (x->cpu->jump_cache[k].pc == tb->pc)
            clear_jump_entry(x->cpu, k);
    }
    cache_retire(&e->cache, tb);
}

void engine_invalidate(struct engine *e, uint64_t start, uint64_t len)
{
    pthread_mutex_lock(&e->lock);
    cache_for_range(&e->cache, start, len, retire, e);
    pthread_mutex_unlock(&e->lock);
}

int engine_fork_prepare(struct engine *e)
{
    pthread_mutex_lock(&e->lock);
    int fd = cache_fork_prepare(&e->cache);
    pthread_mutex_unlock(&e->lock);
    return fd;
}

void engine_fork_parent(struct engine *e, int copy) { cache_fork_parent(&e->cache, copy); }

int engine_fork_child(struct engine *e, int copy)
{
    pthread_mutex_init(&e->lock, NULL); /* only this thread is left; it held no lock */
    if (e->perfmap) {
        fclose(e->perfmap);
        e->perfmap = NULL;
    }
    return cache_fork_child(&e->cache, copy);
}

/* ------------------------------------------------------------- translation */

static bool page_is_masked(const struct engine *e, uint64_t pc)
{
    return e->any_mask && e->mask_pages[(pc >> 12) % MASK_PAGES] == (pc >> 12) + 1;
}

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

static bool known(const void *arg, uint64_t pc) { return cache_find(arg, pc); }

/* Translates the code at pc and enters it in the cache. Lock held. */
static struct tb *translate(struct engine *e, struct cpu *cpu, uint64_t pc)
{
    bool timed = log_mask & LOG_STATS;
    uint64_t t0 = timed ? now_ns() : 0;
    struct cache *c = &e->cache;
    struct ir_region *r = &e->region;
    unsigned max = e->cfg.one_insn ? 1 : e->cfg.max_insns ? e->cfg.max_insns : MAX_INSNS;
    struct code_window w = e->cfg.fetch(e->cfg.owner, pc);
    w.entries = c->entries;
    w.known = known;
    w.arg = c;
    if (!cache_has_room(c, MAX_CODE))
        flush_locked(e);
    size_t len;
    for (;; max = max > 1 ? max / 2 : 0) {
        ir_region_reset(r, e->cfg.guest->ir);
        if (log_mask & LOG_IR)
            r->raw = true;
        r->precise_flags = e->cfg.one_insn;
        guest_translate_extended(r, e->cfg.guest, e->cfg.model, w, max ? max : 1, e->cfg.one_insn,
                                 e->cfg.max_blocks);
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
        ir_optimise(r);
        if (log_mask & LOG_OPT)
            log_region("OPT:", r);
        if (e->cfg.interp || !max) {
            len = 0;
            break;
        }
        struct host_xlate_opts o = { .hf = e->hf, .stubs = &e->stubs, .gs = cpu->guest_base != 0,
                                     .mask_tags = page_is_masked(e, pc),
                                     .insn_shift = e->cfg.guest->insn_shift,
                                     .check_tiny = e->check_tiny,
                                     .exact_fp = e->cfg.model->exact_fp };
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
    struct tb *tb = cache_add(c, pc, r->seen_lo < pc ? r->seen_lo : pc,
                              r->seen_hi > pc ? r->seen_hi : pc + 1, &e->out, clone);
    tb->masked = page_is_masked(e, pc);
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

static struct tb *find_or_translate(struct engine *e, struct cpu *cpu, uint64_t pc, int64_t link)
{
    pthread_mutex_lock(&e->lock);
    uint64_t flushes = e->cache.flushes;
    if (__builtin_expect((cpu->fp_mode & IR_FP_FLUSH) && !e->check_tiny, 0)) {
        e->check_tiny = true;
        flush_locked(e);
    }
    struct tb *tb = cache_find(&e->cache, pc);
    e->st.lookups++;
    if (!tb) {
        e->st.misses++;
        tb = translate(e, cpu, pc);
    }
    if (tb && !tb->region) {
        if (link >= 0 && flushes == e->cache.flushes && (uint64_t)link < e->cache.nlinks &&
            e->cache.links[link].pc == pc) {
            cache_link(&e->cache, (uint32_t)link, tb);
            e->st.links++;
        }
        size_t k = pc >> e->cfg.guest->insn_shift & 4095;
        cpu->jump_cache[k].code = (uint64_t)(uintptr_t)tb_code(&e->cache, tb);
        cpu->jump_cache[k].pc = pc;
    }
    pthread_mutex_unlock(&e->lock);
    return tb;
}

/* ------------------------------------------------------------------ run loop */

static void interp_unwind(struct exec *x) { longjmp(x->interp_fault, 1); }

static enum ir_leave run_interpreted(struct exec *x, struct cpu *cpu, const struct ir_region *r)
{
    if (setjmp(x->interp_fault)) {
        x->in_interp = false;
        return IR_LEAVE_FAULT;
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
static void flush_line(struct engine *e, uint64_t addr)
{
    const struct guest *g = e->cfg.guest;
    uint64_t line = (g->clean_pc ? g->clean_pc(addr) : addr) & ~63ull;
    engine_invalidate(e, line, 64);
    if (e->cfg.flushed)
        e->cfg.flushed(e->cfg.owner, line, 64);
}

enum ir_leave engine_run(struct engine *e, struct cpu *cpu)
{
    struct exec *x = cpu->exec;
    int64_t link = -1;
    if (cpu->guest_base)
        syscall(SYS_arch_prctl, ARCH_SET_GS, cpu->guest_base);
    for (;;) {
        uint64_t flushes = e->cache.flushes;
        struct tb *tb = find_or_translate(e, cpu, cpu->pc, link);
        link = -1;
        if (!tb) {
            cpu->leave_imm = 0;
            return IR_LEAVE_FETCH; /* no memory for the translator itself */
        }
        if (log_mask & LOG_EXEC)
            fprintf(log_file, "exec 0x%llx\n", (unsigned long long)cpu->pc);
        if (log_mask & LOG_CPU)
            e->cfg.guest->dump(cpu, log_file);
        enum ir_leave why;
        if (tb->region)
            why = run_interpreted(x, cpu, tb->region);
        else
            why = (enum ir_leave)host_enter(cpu, &e->stubs, tb_code(&e->cache, tb));
        (void)flushes;
        switch (why) {
        case IR_LEAVE_LOOKUP:
        case IR_LEAVE_FLUSH:
            break;
        case IR_LEAVE_LINK:
            link = (int64_t)cpu->link;
            cpu->pc = e->cache.links[link].pc;
            break;
        case IR_LEAVE_POLL:
            if (cpu->ret_sp < cpu->ret_limit)
                reset_return_stack(cpu);
            if (cpu->poll_limit == ~0ull)
                return why;
            break;
        case IR_LEAVE_ICINV:
            flush_line(e, cpu->leave_arg);
            break;
        case IR_LEAVE_FETCH: /* the page may become executable without any flush */
            engine_invalidate(e, cpu->pc, 1);
            return why;
        case IR_LEAVE_SYSCALL:
        case IR_LEAVE_BREAK:
        case IR_LEAVE_UNDEF:
        case IR_LEAVE_FAULT:
        case IR_LEAVE_GUEST:
            return why;
        }
        if (cpu->poll_limit == ~0ull && why != IR_LEAVE_LINK)
            return IR_LEAVE_POLL;
    }
}

/* -------------------------------------------------------------------- faults */

static const uint8_t greg_of[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
                                     REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
                                     REG_R14, REG_R15 };

/* The entry of code offset off. A helper's return address can be where the next guest instruction's
 * access begins: two entries, the helper's first. */
static const struct fault_entry *find_fault(const struct cache *c, const struct tb *tb, uint32_t off,
                                            bool helper)
{
    uint32_t lo = 0, hi = tb->nfaults;
    const struct fault_entry *f = c->faults + tb->faults;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (f[mid].off < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (!helper && lo + 1 < tb->nfaults && f[lo + 1].off == off)
        lo++;
    return lo < tb->nfaults && f[lo].off == off ? &f[lo] : NULL;
}

bool engine_in_code(const struct engine *e, const struct cpu *cpu, const ucontext_t *uc)
{
    const uint8_t *pc = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
    return (pc >= e->cache.rx && pc < e->cache.rx + e->cache.size) || cpu->helper_ra ||
           ((const struct exec *)cpu->exec)->in_interp;
}

static void fault_address(struct cpu *cpu, const siginfo_t *si, const ucontext_t *uc, bool in_code,
                          const uint8_t *pc)
{
    uint64_t host = (uint64_t)(uintptr_t)si->si_addr;
    cpu->fault_signo = (uint32_t)si->si_signo;
    cpu->fault_code = (uint32_t)si->si_code;
    /* #GP tells no address: a non-canonical one, or misaligned operand of a 16-byte atomic */
    if (in_code && si->si_signo == SIGSEGV && si->si_code == SI_KERNEL) {
        uint64_t regs[16], a;
        for (int k = 0; k < 16; k++)
            regs[k] = (uint64_t)uc->uc_mcontext.gregs[greg_of[k]];
        if (host_operand_address(pc, regs, cpu->guest_base, &a)) {
            host = a;
            if ((int64_t)(a << 16) >> 16 == (int64_t)a) {
                cpu->fault_signo = SIGBUS;
                cpu->fault_code = BUS_ADRALN;
            } else {
                cpu->fault_code = SEGV_MAPERR;
            }
        }
    }
    cpu->fault_addr = host - cpu->guest_base;
}

bool engine_fault(struct engine *e, struct cpu *cpu, siginfo_t *si, ucontext_t *uc)
{
    struct exec *x = cpu->exec;
    greg_t *g = uc->uc_mcontext.gregs;
    const uint8_t *pc = (const uint8_t *)g[REG_RIP];
    struct cache *c = &e->cache;
    if (x->in_interp) {
        fault_address(cpu, si, uc, false, pc);
        /* the handler returns into interp_unwind, so that the signal mask is what it was */
        g[REG_RIP] = (greg_t)(uintptr_t)interp_unwind;
        g[REG_RDI] = (greg_t)(uintptr_t)x;
        g[REG_RSP] = ((g[REG_RSP] - 512) & ~15) - 8;
        return true;
    }
    bool in_code = pc >= c->rx && pc < c->rx + c->size;
    if (!in_code && !cpu->helper_ra)
        return false;
    const uint8_t *at = in_code ? pc : (const uint8_t *)(uintptr_t)cpu->helper_ra;
    struct tb *tb = cache_find_code(c, at);
    if (!tb)
        return false;
    const struct fault_entry *f = find_fault(c, tb, (uint32_t)(at - tb_code(c, tb)), !in_code);
    if (!f)
        return false;
    const struct ir_target *t = e->cfg.guest->ir;
    if (in_code) {
        struct host_pin p[16];
        unsigned n = host_pins(t, false, p);
        for (unsigned k = 0; k < n; k++) {
            if ((f->flags & FAULT_BORROWED) && (p[k].reg == 3 || p[k].reg == 11))
                continue;
            uint16_t row = p[k].row;
            if (f->flags & FAULT_FLEX)
                for (unsigned j = 0; j < tb->nflex; j++)
                    if (c->flexes[tb->flex + j].reg == p[k].reg && !c->flexes[tb->flex + j].vector)
                        row = (uint16_t)c->flexes[tb->flex + j].in; /* the pinned one is in its slot */
            memcpy((char *)cpu + t->regs[row].offset, &g[greg_of[p[k].reg]], 8);
        }
        n = host_pins(t, true, p);
        for (unsigned k = 0; k < n && uc->uc_mcontext.fpregs; k++) {
            uint16_t row = p[k].row;
            if (f->flags & FAULT_FLEX)
                for (unsigned j = 0; j < tb->nflex; j++)
                    if (c->flexes[tb->flex + j].reg == p[k].reg && c->flexes[tb->flex + j].vector)
                        row = (uint16_t)c->flexes[tb->flex + j].in;
            memcpy((char *)cpu + t->regs[row].offset, &uc->uc_mcontext.fpregs->_xmm[p[k].reg], 16);
        }
        if (uc->uc_mcontext.fpregs)
            cpu->guest_mxcsr = uc->uc_mcontext.fpregs->mxcsr;
        cpu->ret_sp = (uint64_t)g[REG_RSP];
    } else {
        cpu->ret_sp += 8; /* the return address of the call of the stub */
        cpu->helper_ra = 0;
    }
    cpu->pc = tb->pc + f->pc_delta;
    fault_address(cpu, si, uc, in_code, pc);
    if (tb->masked && cpu->fault_addr >> 55 == 1) /* of the upper half: its top byte was masked */
        cpu->fault_addr |= 0xffull << 56;
    enum ir_leave why = IR_LEAVE_FAULT;
    uint64_t tag = cpu->fault_addr >> 56;
    if (in_code && si->si_code == SI_KERNEL && tag && !tb->masked) {
        /* top byte ignore: translate this code again with masked addresses and go on */
        e->mask_pages[(tb->pc >> 12) % MASK_PAGES] = (tb->pc >> 12) + 1;
        e->mask_pages[(cpu->pc >> 12) % MASK_PAGES] = (cpu->pc >> 12) + 1;
        e->any_mask = true;
        retire(e, tb);
        struct tb *own = cache_find(c, cpu->pc);
        if (own)
            retire(e, own);
        why = IR_LEAVE_LOOKUP;
    }
    g[REG_RIP] = (greg_t)(uintptr_t)e->stubs.at[STUB_LEAVE_RAW];
    g[REG_RSP] = (greg_t)cpu->host_sp;
    g[REG_RAX] = (greg_t)why;
    return true;
}

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
    fprintf(f,
            "translations %llu  guest insns %llu  host bytes/insn %.1f  lookups %llu  misses %llu  links "
            "%llu  retired %llu  flushes %llu  interpreted %llu\n"
            "code %zu KiB  translation %.2f ms  %.0f ns/insn  %.2f M insns/s\n",
            (unsigned long long)e->st.tbs, (unsigned long long)e->st.insns,
            e->st.insns ? (double)e->st.code_bytes / (double)e->st.insns : 0.0,
            (unsigned long long)e->st.lookups, (unsigned long long)e->st.misses,
            (unsigned long long)e->st.links, (unsigned long long)e->st.retired,
            (unsigned long long)e->cache.flushes, (unsigned long long)e->st.interp, e->cache.used >> 10,
            (double)ns / 1e6, e->st.insns ? (double)ns / (double)e->st.insns : 0.0,
            ns ? (double)e->st.insns * 1e3 / (double)ns : 0.0);
}
