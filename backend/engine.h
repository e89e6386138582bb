/*
 * Inside the engine: what translate.c, exec.c (the run loop), world.c (threads) and fault.c share.
 *
 * Who may touch what:
 *
 * - Tables of the code cache are changed under engine->lock. They are appended to, and read without the
 *   lock by threads that are `running` and by their signal handlers.
 * - The cache is emptied, and memory of old tables given back, only while no thread runs (world_stop):
 *   whatever a running thread holds (a translation, a link's number, a return address) stays good until
 *   it parks.
 * - Order of locks: the owner's (engine_config.lock), then engine->lock. A thread parks before it waits
 *   for either.
 */
#ifndef MYNA_ENGINE_H
#define MYNA_ENGINE_H

#include <pthread.h>
#include <setjmp.h>
#include "cache.h"

enum { MASK_PAGES = 1024, JUMP_CACHE = 4096 };

struct engine {
    struct engine_config cfg;
    struct cache cache;
    struct stubs stubs;
    const struct host_features *hf;
    struct tier2 *tier2;       /* NULL: none */
    struct prof *prof;         /* -d prof; NULL: none */
    struct pcache *pcache;     /* NULL: no persistent cache */
    struct code_log code_log;  /* for it: what the translation at hand was made of */
    uint32_t save_due;         /* 1: pcache_tick says so; whoever comes by next writes */
    /* Nonzero: the lock's holder waits until no other thread runs. Read at every entry, so in a cache line that
     * translating doesn't write. */
    uint32_t stop __attribute__((aligned(64)));
    pthread_mutex_t lock __attribute__((aligned(64)));
    struct exec *holder;       /* thread that holds the lock, if it has a CPU */
    struct ir_region region;   /* scratch, under the lock */
    struct xlate_out out;
    struct exec *cpus;
    uint64_t nstressed;        /* CPUs made so far (stress.c) */
    uint64_t mask_pages[MASK_PAGES]; /* pages whose code makes tagged accesses (page + 1), hashed */
    bool any_mask;
    bool check_tiny; /* some thread has had IR_FP_CHECKED: from then on for all code */
    FILE *perfmap;
    bool files_shared;         /* by the child of the fork in progress */
    bool is_child;             /* of a fork of this engine */
    uint32_t told;             /* heirs.c: so many translations */
    struct heirs *heirs;       /* NULL: there has been no fork */
    uint8_t code_copy[2 * (2048 + 64)]; /* guest code being translated (reuse.c) */
    struct debug *debug;       /* breakpoints (debug.c); NULL: there have been none */
    bool watching;             /* all code is interpreted */
    struct ir_watch watch;
    struct ir_watch_range watched[ENGINE_WATCHES];
    struct { uint64_t tbs, insns, guest_bytes, code_bytes, lookups, misses, links, retired, ns, interp,
             stops, asks, reused, contended, waited, tier2, tier2_insns; } st;
};

/* Backend's per-thread data: cpu->exec. */
struct exec {
    struct engine *e;
    struct cpu *cpu;
    struct exec *next;
    jmp_buf interp_fault;
    volatile bool in_interp;
    uint32_t running;          /* 1: may be in translated code or hold something of the cache (a futex) */
    uint32_t asked;            /* 1: shall leave translated code at its next poll */
    uint32_t stale_returns;    /* 1: a translation that calls return into has been retired */
    uint32_t sample;           /* 1: where it leaves next is wanted to be known (tier2.c) */
    uint32_t rounds;           /* of the run loop, until it is asked whether tier 2 begins */
    uint64_t link_flushes;     /* cache->flushes when the link in cpu->link was taken */
    uint64_t mask_pc[2];       /* engine_fault found a tagged access: translation, instruction */
    uint64_t lookups;
    uint64_t contended, waited; /* the lock was another's when this thread asked for it; ns of wall time (-d stats) */
    uint32_t entries;          /* of engine_run */
    bool forget;               /* the return stack is to be emptied before code runs (engine_reset_returns) */
    uint8_t level, to_level;   /* whose return stack is in use / is to be */
    struct level { uint64_t sp, base, limit; uint8_t *at; } levels[ENGINE_LEVELS]; /* [0] is the only one without system mode */
    struct jumps *jumps;       /* all of this CPU's */
    bool debugged;             /* breakpoints count */
    uint64_t random;           /* stress.c */
    bool sampled;              /* prof.c: it has a timer, */
    int timer;                 /* its number */
    volatile bool in_code, translates; /* prof.c: where this thread is */
    struct tb own;             /* interpreted once where the cache had no room */
};

/* --- reuse.c: lock held ---------------------------------------------------------------------- */

/* If code of this page has been changing: lets w show a copy, which nobody changes, and returns true. */
bool reuse_prepare(struct engine *e, struct code_window *w);
/* tb was made from w after reuse_prepare: it may be asked for again. */
void reuse_note(struct engine *e, struct tb *tb, const struct code_window *w);
/* A retired translation of the code that w shows, valid again; or NULL. */
struct tb *reuse_find(struct engine *e, const struct code_window *w, bool masked);

/* --- heirs.c: lock held ---------------------------------------------------------------------- */

void heirs_tell(struct engine *e, uint64_t pc); /* has been translated; with e->heirs */
void heirs_learn(struct engine *e, struct cpu *cpu); /* before a fork; both locks held */
void heirs_free(struct engine *e);

/* Translates the code at pc and enters it in the cache. Both locks held. NULL: no memory, or nothing to execute there. */
struct tb *exec_translate(struct engine *e, struct cpu *cpu, uint64_t pc);
/* exec.c: leaves the interpreter after a fault; fault.c makes the signal handler return into it. */
void exec_interp_unwind(struct exec *x);
/* The same for a reason other than a fault. */
_Noreturn void exec_interp_leave(struct exec *x, enum ir_leave why);
/* A translation of the one instruction at pc, for the interpreter; valid until the next one of this thread.
 * Both locks held. NULL: no memory. */
struct tb *exec_translate_one(struct engine *e, struct cpu *cpu, uint64_t pc);
enum ir_leave exec_run_region(struct exec *x, struct cpu *cpu, const struct ir_region *r);
/* fault.c: a slow path of an access has left with a fault (cpu->mmu_ra): registers to their slots, cpu->pc. */
void exec_mmu_fault(struct engine *e, struct cpu *cpu);
void exec_flush_line(struct engine *e, struct exec *x, uint64_t addr);

/* --- tier2.c: start without the lock, the others with it ----------------------------------------- */

enum { TIER2_INSNS = 400 /* guest instructions of a region */ };
struct tier2 *tier2_new(struct engine *e);
void tier2_free(struct engine *e);
void tier2_due(struct engine *e, struct exec *x); /* x's rounds are over: starts the thread, or asks again later */
void tier2_sample(struct engine *e, uint64_t pc); /* needs no lock */
void tier2_flushed(struct engine *e);
void tier2_changed(struct engine *e, uint64_t pc); /* under the engine's lock */
void tier2_loaded(struct engine *e, uint64_t pc); /* a region from the persistent cache */
void tier2_fork_prepare(struct engine *e);
void tier2_fork_parent(struct engine *e);
void tier2_fork_child(struct engine *e);

/* --- debug.c ---------------------------------------------------------------------------------- */

bool debug_is_break(const struct engine *e, uint64_t pc);
/* Breakpoints are where regions end: after cache_flush. Lock held. */
void debug_mark_entries(struct engine *e);
void debug_free(struct engine *e);
/* engine_step for a running thread. */
enum ir_leave debug_step(struct engine *e, struct exec *x, struct cpu *cpu);

/* --- prof.c: only with e->prof -------------------------------------------------------------- */

struct prof *prof_new(void);
void prof_thread(struct engine *e, struct exec *x); /* by the thread itself, when it first runs */
void prof_thread_end(struct exec *x);
void prof_forked(struct engine *e, struct exec *x);
void prof_left(struct engine *e, enum ir_leave why);

/* --- stress.c: only with cfg.stress ------------------------------------------------------------- */

void stress_thread(struct engine *e, struct exec *x); /* a new one; lock held */
/* How large a translation may become: instructions (out of *insns), blocks. */
void stress_shape(struct exec *x, unsigned *insns, unsigned *blocks);
/* Shall the code be a tier 2 region if it is in a loop? */
bool stress_loops(struct exec *x);
/* Is a link to target not to be made? Lock held. */
bool stress_withholds(struct engine *e, struct exec *x, uint64_t target);
/* Is the translation at pc never to be in a jump cache? */
bool stress_hides(struct engine *e, uint64_t pc);
/* At a turn of the run loop, before the translation at cpu->pc is looked for. Running, no lock. */
void stress_turn(struct engine *e, struct exec *x, struct cpu *cpu);

/* --- world.c -------------------------------------------------------------------------------- */

/* This thread begins / ends to run. Between the two it must not wait for another thread. */
void world_enter(struct exec *x);
void world_park(struct exec *x);
/* The lock, for a running thread: it is parked while it waits, so what it knew of the cache may be
 * gone. owner: the owner's lock too. */
void world_lock(struct exec *x, bool owner);
void world_unlock(struct exec *x, bool owner);
/* Lock held: no other thread runs after it until world_go. x: this thread or NULL. False: one did not
 * come to a poll in time (it may wait for this one by a page fault); nothing is stopped then. */
bool world_stop(struct engine *e, struct exec *x);
void world_go(struct engine *e);
/* Empties the cache. Lock held, world stopped. */
void world_flush(struct engine *e);
/* Retires a translation. Lock held. */
void world_retire(void *engine, struct tb *tb);
/* Returns into retired translations, on x's return stack, go to the lookup instead. By x itself, running, between
 * translations. */
void world_fix_returns(struct exec *x);
/* x leaves translated code at its next poll, and goes on. */
void world_ask(struct exec *x);
void world_forget_returns(struct exec *x);
void world_switch_level(struct exec *x);
/* Allows polls to pass again unless somebody has asked meanwhile. */
void world_calm(struct exec *x);

/* Has code of pc's page (or one of equal hash) made tagged accesses? */
static inline bool page_is_masked(const struct engine *e, uint64_t pc)
{
    return e->any_mask && e->mask_pages[(pc >> 12) % MASK_PAGES] == (pc >> 12) + 1;
}

void clear_jump_caches(struct cpu *cpu);
void clear_returns(struct exec *x); /* all levels' */
static inline void clear_jump_entry(struct jump_entry *cache, size_t k)
{
    /* An empty entry holds a pc that belongs elsewhere: 0, and ~0 in the entry that 0 belongs to. So
     * fresh memory is an empty cache but for that one. */
    __atomic_store_n(&cache[k].pc, k ? 0 : ~0ull, __ATOMIC_RELAXED);
}

#endif
