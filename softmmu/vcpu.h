/*
 * Virtual processors: a host thread each, what the machine's other parts ask of them, and what an ISA gives.
 *
 * Nothing here knows an ISA: struct isa is all that is asked of one. A vCPU's thread alone touches its struct cpu and
 * its TLBs; others put work into its queue, which it does before it runs guest code again.
 */
#ifndef MYNA_VCPU_H
#define MYNA_VCPU_H

#include "tlb.h"

struct machine;
struct vcpu;
struct gdb_target;
struct state_part;

/* The page that code at a virtual address is in. */
struct code_page {
    gpa_t pa;            /* of the page */
    struct mem_region *r; uint64_t offset; /* where it is; r NULL: no memory there */
    uint32_t flags;      /* the ISA's: what the translation depends on besides */
    bool global;         /* valid in every address space of this level */
    uint32_t view, era;  /* machine.c's note: its number since then, 0: not known */
};

enum vcpu_next { VCPU_GO_ON, VCPU_SLEEP /* until there is an interrupt or work */, VCPU_RESET, VCPU_OFF, VCPU_SHUTDOWN };

struct isa {
    const struct guest *guest;
    /* State of its own for a vCPU, in *state; err has the reason of NULL. */
    void *(*init)(struct vcpu *v, char *err, size_t errlen);
    void (*done)(void *state);
    void (*reset)(struct vcpu *v);
    /* Fills the TLB in force (space 0: current, 1: as the unprivileged level) for va; NULL: a fault, which is noted
     * and taken by `fault`. */
    struct tlb_entry *(*fill)(struct vcpu *v, gva_t va, bool write, unsigned space);
    /* Where the code at pc is, until the next call of this vCPU; NULL: a fault, noted likewise. */
    struct code_page *(*fetch)(struct vcpu *v, gva_t pc);
    /* Is the page at va what code was fetched from with these flags, and global still? */
    bool (*maps)(struct vcpu *v, gva_t va, gpa_t pa, uint32_t flags);
    /* An access could not be done for another reason: misaligned Device access, or nothing is at the address. */
    void (*refuse)(struct vcpu *v, gva_t va, bool write, unsigned space, bool misaligned);
    /* An access to a page whose TLB entry is marked TLB_WATCH. True: it is not done, a fault is noted. */
    bool (*watch)(struct vcpu *v, gva_t va, unsigned n, bool write, unsigned space);
    /* Takes the noted fault; cpu->pc is precise. */
    void (*fault)(struct vcpu *v);
    /* Takes a pending interrupt, if one is not masked. */
    bool (*interrupt)(struct vcpu *v);
    /* What was put off until guest code is left; before each entry. */
    void (*settle)(struct vcpu *v);
    bool (*wakes)(struct vcpu *v); /* is there one, masked or not, that ends a wait? */
    /* Translated code left for a reason that the engine doesn't know. */
    enum vcpu_next (*leave)(struct vcpu *v, enum ir_leave why);
    /* All TLBs of this vCPU: memory at [first, last] was mapped anew / code was made of the page. */
    void (*flush_physical)(struct vcpu *v, gpa_t first, gpa_t last);
    void (*track_page)(struct vcpu *v, gpa_t page);
    /* For debuggers: va to pa without side effects. */
    bool (*translate)(struct vcpu *v, gva_t va, gpa_t *pa);
    void (*dump)(struct vcpu *v, FILE *f);
    /* For core dumps: the ELF machine; struct elf_prstatus of Linux with the registers, at most 512 bytes: its size. */
    unsigned elf_machine;
    size_t (*core_registers)(struct vcpu *v, uint8_t *out);
    const struct gdb_target *(*gdb_target)(void); /* registers for gdb; NULL: none */
    /* State that is saved (state.h): rows and what they are in, at most STATE_PARTS; how many. saved: what is in them is made right first;
     * loaded: they were read back. False: that can't be, the reason in err. The vCPU stands still. */
    unsigned (*state)(struct vcpu *v, struct state_part *parts);
    unsigned (*saved)(struct vcpu *v, struct state_part *parts);
    bool (*loaded)(struct vcpu *v, char *err, size_t errlen);
    /* What of its options a saved state depends on. */
    void (*describe)(const struct vcpu *v, char *text, size_t n);
};

struct vcpu {
    struct machine *machine;
    struct cpu *cpu;          /* cpu->env points back */
    void *state;              /* the ISA's */
    unsigned index;
    struct mem_reader reader;
    pthread_t thread;
    int tid;                  /* the kernel's number of it, once it runs */
    /* under the machine's lock */
    pthread_cond_t wake;
    bool off;                 /* powered down (PSCI) */
    bool sleeping;            /* in WFI or WFE, until the ISA says that it wakes */
    bool held, step, stepped; /* by gdb: it does not run; runs one instruction, without interrupts; has done so */
    bool awaits_reset;        /* has asked for a reset of the machine: executes nothing before */
    bool stopped;             /* stands still: vcpus_stop */
    /* any thread */
    uint32_t outside;         /* 1: not in guest code, nor will be before its queue is empty */
    struct vcpu_work *work;   /* queue, newest first */
    uint32_t queued, urgent;  /* pieces in it; it wants to be done even by one that sleeps */
    uint32_t event;           /* event register of WFE */
    bool tlbi_asked;          /* broadcast invalidations that a DSB has to wait for */
    bool reset_asked;
    bool views_full;          /* locate had no number for a page */
    struct { struct mem_region *r; uint64_t offset; } wrote[16]; /* pages with code that this CPU has written */
    unsigned nwrote;
    bool wrote_more;          /* and others, that had no room there */
};

/* The vCPU whose thread this is, or NULL. */
struct vcpu *vcpu_self(void);
static inline struct vcpu *vcpu_of(struct cpu *cpu) { return cpu->env; }
static inline struct cpu *vcpu_cpu(struct vcpu *v) { return v->cpu; }
static inline struct mem_reader *vcpu_reader(struct vcpu *v) { return &v->reader; }
struct physmem *vcpu_physmem(struct vcpu *v);
/* Virtual time in ns. */
uint64_t vcpu_now(struct vcpu *v);

/* Has fn(v, arg) called by v's thread before it runs guest code again. For v's own thread: at once. */
void vcpu_do(struct vcpu *v, void (*fn)(struct vcpu *v, uint64_t a, uint64_t b), uint64_t a, uint64_t b);
/* The same for all others that are not powered off: what only concerns TLBs. Returns at once; vcpu_wait_others waits until
 * each has done all that was asked so far, or is outside guest code (then it does it before it enters). */
void vcpu_do_others(struct vcpu *self, void (*fn)(struct vcpu *v, uint64_t a, uint64_t b), uint64_t a, uint64_t b);
void vcpu_wait_others(struct vcpu *self);
/* By a thread that is no vCPU's, without the lock: until v has taken up all that was asked of it so far, or is outside. */
void vcpu_wait_for(struct vcpu *v);
/* An interrupt line or what masks it has changed: looked at before the next guest instruction of a poll. Any thread. */
void vcpu_recheck(struct vcpu *v);
/* Lets other threads run for a moment. The caller leaves guest code next: its queue may have filled up. */
void vcpu_yield(struct vcpu *v);
void vcpu_event(struct vcpu *v);       /* sets the event register, wakes a WFE */
void vcpu_request_reset(struct vcpu *v);
/* DMA-like write by the CPU itself (page-table walks). */
void vcpu_wrote(struct vcpu *v, gpa_t pa, unsigned n);

/* The interrupt controller's registers of the CPU's own interface (struct gic_cpu_ops); they exist if the machine has
 * such a controller. trap: level that an access from el traps to, or 0. */
void vcpu_gic_read(struct vcpu *v, unsigned reg, uint64_t *value);
void vcpu_gic_write(struct vcpu *v, unsigned reg, uint64_t value);
unsigned vcpu_gic_trap(struct vcpu *v, unsigned el, unsigned group);
void vcpu_gic_world(struct vcpu *v); /* nothing if there is no such controller */

/* --- access.c: the slow paths of translated code and of the interpreter -------------------------- */

/* info: log2 of the size | write << 3 | space << 4 | atomic << 5. Returns what to add to va to get a host address at
 * which the access can be done at once: of guest memory, or for a load of a copy of what was read. write without atomic is
 * not for this function. On a fault ~0 (noted). */
uint64_t softmmu_address(struct cpu *cpu, uint64_t va, unsigned info);
/* A store of 1 << size bytes (low, high) at va. False: a fault (noted). */
bool softmmu_store(struct cpu *cpu, uint64_t va, unsigned info, uint64_t low, uint64_t high);

#endif
