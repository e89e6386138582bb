/*
 * The engine as its owners (linux-user, softmmu) use it: code cache, translation, run loop, faults.
 *
 * One engine per process (user mode) or machine; one struct cpu per guest thread, each run by a host
 * thread of its own. The engine owns the code cache; the owner owns guest memory and tells the engine of
 * its changes.
 */
#ifndef MYNA_EXEC_H
#define MYNA_EXEC_H

#include <signal.h>
#include <ucontext.h>
#include "ablations.h"
#include "guest.h"

struct engine;

/* Log categories (-d). One mask for the process; a mutable global by design (style.md). */
enum { LOG_IN_ASM = 1, LOG_IR = 2, LOG_OPT = 4, LOG_OUT_ASM = 8, LOG_EXEC = 16, LOG_CPU = 32,
       LOG_UNIMP = 64, LOG_STRACE = 128, LOG_PAGE = 256, LOG_INT = 512, LOG_STATS = 1024, LOG_PROF = 2048, LOG_PROF_ASM = 4096 };
extern unsigned log_mask;
extern FILE *log_file; /* stderr unless -D */

/* Bit WITHOUT_... of the technique of that name, n characters (ablations.def); 0: there is none. */
unsigned engine_ablation(const char *name, size_t n);

/* Where code is, in system mode: what its translation is found by. A number of the owner's for the page's view, then the
 * offset in the page; with KEY_CHAINS the page is the same for all address spaces, until engine_unchain. */
#define KEY_CHAINS (1ull << 63)

struct engine_config {
    const struct guest *guest;
    const struct cpu_model *model;
    size_t cache_size;     /* bytes of host code (256 KiB to 1 GiB); 0: default */
    bool interp;           /* -accel interp */
    bool precise;          /* flags are exact at every instruction (debugger) */
    bool one_insn;         /* one guest instruction a translation, nothing elided */
    bool perfmap;          /* write /tmp/perf-PID.map */
    uint64_t stress;       /* seed of random invalidation and region shapes (stress.c); 0: none */
    unsigned without;      /* techniques left out: bits WITHOUT_... (ablations.def) */
    bool tier2_always;     /* loops are regions from the first execution on, made at once */
    unsigned max_insns;    /* of a translation; 0: default */
    unsigned max_blocks;   /* guest blocks of a translation; 0: default */
    const char *persist_dir;  /* of the persistent cache, absolute; NULL: none */
    const char *persist_name; /* of the program: its translations are together in a file */
    uint64_t persist_size;    /* bytes that the directory may have */
    bool persist_gs;          /* CPUs will have a guest base */
    /* Copies guest memory; nonzero: it can't be read. For the persistent cache; else NULL. */
    int (*read)(void *owner, void *to, uint64_t addr, size_t n);
    const char *host_features; /* NULL: by CPUID; else a list such as "-avx2,-bmi2" (tests) */
    bool system;           /* system mode: memory by cpu->mmu_ops, code by keys instead of addresses */
    /* System mode: where the code at pc is for this CPU, whose thread calls it, without locks. False: a fault. */
    bool (*locate)(void *owner, struct cpu *cpu, uint64_t pc, uint64_t *key);
    uint64_t (*pc_of_key)(void *owner, uint64_t key); /* the virtual address */
    /* Guest code at pc (system mode: at a key): see struct code_window. Called with both locks held. */
    struct code_window (*fetch)(void *owner, uint64_t pc);
    /* The guest flushed the instruction cache for [start, start + len): the owner invalidates what else
     * maps that memory. May be NULL. */
    void (*flushed)(void *owner, uint64_t start, uint64_t len);
    /* The owner's lock: guest memory does not change while it is held, so that code can be read. Taken
     * before the engine's own by a thread that translates. May be NULL (one thread). */
    void (*lock)(void *owner, struct cpu *cpu);
    void (*unlock)(void *owner, struct cpu *cpu);
    void *owner;
};

/* Makes the engine. Returns NULL with the reason in *err (no memory, no memfd ...). */
struct engine *engine_new(const struct engine_config *c, char *err, size_t errlen);
void engine_free(struct engine *e);

/* Makes / frees a CPU's state block (64-byte aligned, return stack allocated). guest_base is the host
 * address of guest address 0. NULL: no memory. */
struct cpu *engine_cpu_new(struct engine *e, uint64_t guest_base);
void engine_cpu_free(struct engine *e, struct cpu *cpu);

/* Runs guest code from cpu->pc until something is for the owner: any enum ir_leave except LOOKUP and
 * LINK, which the engine answers itself, and ICINV. All registers are in their slots at return. */
enum ir_leave engine_run(struct engine *e, struct cpu *cpu);

/* Asks the CPU to leave translated code at its next poll (IR_LEAVE_POLL). Safe in a signal handler
 * and from other threads. The owner clears cpu->pending and calls engine_unkick before it runs on. */
void engine_kick(struct cpu *cpu);
void engine_unkick(struct cpu *cpu);

/* Is host pc inside translated code (or a helper called from it)? For signal handlers. */
bool engine_in_code(const struct engine *e, const struct cpu *cpu, const ucontext_t *uc);

/* For the owner's handler of synchronous host signals (SIGSEGV SIGBUS SIGILL SIGFPE SIGTRAP). If the
 * fault happened in translated code or a helper: repairs the guest state, arranges for engine_run
 * to return IR_LEAVE_FAULT with cpu->pc precise, cpu->fault_addr the *guest* address (tag included
 * where the guest's was tagged), fault_signo and fault_code, and returns true; the handler just
 * returns. May also repair and go on by itself (tagged addresses, return stack overflow). Returns
 * false if the fault is not the guest's. Async-signal-safe. */
bool engine_fault(struct engine *e, struct cpu *cpu, siginfo_t *si, ucontext_t *uc);
/* For the owner's handler of asynchronous signals: if translated code was interrupted right before an access
 * to memory, arranges for engine_run to return IR_LEAVE_POLL there, with precise state and the access still
 * to be done, and returns true. For accesses that the kernel may hold up for as long as it likes: code that
 * goes on would wait again before it comes to a poll. Async-signal-safe. */
bool engine_interrupt(struct engine *e, struct cpu *cpu, ucontext_t *uc);

/* Guest code in [start, start + len) changed or went away: its translations are retired. Threads that
 * are inside one leave it at their next exit or poll. Not for a thread inside engine_run, but
 * for its callbacks. */
void engine_invalidate(struct engine *e, uint64_t start, uint64_t len);
void engine_flush(struct engine *e); /* all of it */
/* System mode: nothing goes directly to translations with keys in [key, key + len) any more, but what is in the same page. */
void engine_unchain(struct engine *e, uint64_t key, uint64_t len);
/* This CPU's guest returns are all looked up: what is at their addresses may be other code. By its own thread;
 * takes effect when it next leaves translated code. */
void engine_reset_returns(struct cpu *cpu);
/* System mode: the guest's levels have a return stack each (0 to ENGINE_LEVELS - 1). This CPU goes on with that of level;
 * by its own thread, when it next leaves translated code. */
enum { ENGINE_LEVELS = 4 };
void engine_level(struct cpu *cpu, unsigned level);
/* System mode: a jump cache for a view of memory, to be put into cpu->jumps while that is in force; lives as long as the
 * CPU. NULL: no memory. What is at a page / at all pages of the view may be other code: by the CPU's own thread. */
struct jumps *engine_jumps_new(struct cpu *cpu);
void engine_jumps_clear_page(const struct engine *e, struct jumps *j, uint64_t pc);
void engine_jumps_clear(struct jumps *j);
/* Empties the code cache like engine_flush and calls between(arg) while no thread runs: keys may mean something else after
 * it. Not for a thread inside engine_run. */
void engine_renumber(struct engine *e, void (*between)(void *arg), void *arg);
/* Every other thread leaves the translation it is in, if it is in one, before this returns. The caller is
 * not inside engine_run. */
void engine_sync(struct engine *e);

/* Ends the engine's own thread, before a call that wants a process of one thread or that changes what a thread may
 * do. It begins again by and by. Not for a thread inside engine_run. */
void engine_quiet(struct engine *e);
/* The id of that thread, or 0: the guest shall not see it. */
pid_t engine_own_thread(const struct engine *e);

/* Writes what was translated to the persistent cache, if that is worth it: before the process ends or
 * executes another program. Not for a thread inside engine_run. */
void engine_save(struct engine *e);

/* Bytes of disk of the persistent cache in dir, *files: how many files; clear: removes them first. -errno;
 * -EPERM: it isn't the caller's alone. */
int64_t engine_cache_usage(const char *dir, bool clear, unsigned *files);

/* Before fork(): what is translated so far is the child's too from now on, and patched by neither where it is. Keeps the
 * engine's lock until one of the two below. files_shared: the child will have the same table of descriptors
 * (CLONE_FILES), where what one closes is closed for both. With the owner's lock. Not for vfork children that share memory. */
void engine_fork_prepare(struct engine *e, struct cpu *cpu, bool files_shared);
/* After it, in the parent. */
void engine_fork_parent(struct engine *e);
/* After it, in the child, before it runs translated code: all CPUs but this one are gone. */
void engine_fork_child(struct engine *e, struct cpu *cpu);

/* --- debugging (debug.c). Guest memory is never changed; see also engine_config.precise. */

/* From now on this CPU is (not) debugged: breakpoints and watched memory count for it. By its own thread
 * outside engine_run, each time it is going to run. */
void engine_debug(struct cpu *cpu, bool on);
/* Sets or removes a breakpoint: engine_run leaves with IR_LEAVE_DEBUG and leave_imm 0 before the instruction
 * at pc. 0 or -ENOMEM. */
int engine_break(struct engine *e, uint64_t pc, bool set);
/* From now on these n ranges are watched, and no others: engine_run and engine_step leave with IR_LEAVE_DEBUG
 * before an access to them, leave_imm is the range's number + 1 and leave_arg the address. While there are any
 * all code is interpreted. steps: there'll be no engine_run before the next call, so code need not be
 * translated again if it was interpreted so far. */
enum { ENGINE_WATCHES = 64 };
void engine_watch(struct engine *e, const struct ir_watch_range *range, unsigned n, bool steps);
/* Executes the one instruction at cpu->pc, breakpoint or not. IR_LEAVE_LOOKUP: done, pc is the next one;
 * anything else is as of engine_run. */
enum ir_leave engine_step(struct engine *e, struct cpu *cpu);

/* -d prof (prof.c). sample: for the owner's handler of SIGTRAP: true if si is the profile's own, which has been counted.
 * profile: prints it; name prints what is at a guest address. */
bool engine_sample(struct engine *e, struct cpu *cpu, const siginfo_t *si, const ucontext_t *uc);
void engine_profile(struct engine *e, FILE *f, void (*name)(void *, FILE *, uint64_t pc), void *arg);

/* Prints statistics (-d stats): translations, bytes, time, jump cache misses, links. */
void engine_stats(const struct engine *e, FILE *f);

/* Lines of disassembly by capstone; without it, hex bytes. host: x86_64, else the guest's. */
void disas_guest(FILE *f, const struct guest *g, const uint8_t *code, size_t len, uint64_t pc);
void disas_host(FILE *f, const uint8_t *code, size_t len, uint64_t pc);

#endif
