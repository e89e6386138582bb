/*
 * A machine: its processors, memory, clock and life. Devices see this, physmem.h, loop.h and ../hw/device.h.
 */
#ifndef MYNA_MACHINE_H
#define MYNA_MACHINE_H

#include <pthread.h>
#include <stdarg.h>
#include "loop.h"
#include "machine_lock.h"
#include "vcpu.h"

/* Why a machine is reset or ends: QMP's ShutdownCause, in its order. */
enum machine_cause {
    CAUSE_NONE, CAUSE_HOST_ERROR, CAUSE_QUIT, CAUSE_HOST_RESET, CAUSE_SIGNAL, CAUSE_UI, CAUSE_GUEST_SHUTDOWN, CAUSE_GUEST_RESET, CAUSE_GUEST_PANIC,
    CAUSE_SUBSYSTEM_RESET, CAUSE_SNAPSHOT_LOAD,
};

enum machine_state { MACHINE_PAUSED, MACHINE_RUNNING, MACHINE_SHUTDOWN /* the guest powered off; still there */ };

struct machine {
    const struct isa *isa;
    const struct cpu_model *model;
    struct engine *engine;
    struct physmem *memory;
    struct loop *loop;
    struct mem_reader reader;      /* of the loop's thread and of whoever has the lock */
    struct vcpu **vcpus;
    unsigned nvcpus;
    bool crowded; /* more vCPUs than processors of the host: who spins keeps others from running */
    enum machine_state state;
    bool no_reboot, no_shutdown;
    bool started;                  /* it has run before */
    bool complete;                 /* all of the command line is there: what comes now is plugged in while it runs */
    bool semihosting, semihosting_user; /* guests' calls of the host are served; from the user level too */
    const char *semihosting_text;       /* the command line that they get */
    void *semihosting_files;            /* the ISA's */
    int exit_status;
    bool ended, reset_asked, resetting; /* do_reset is at work: state says nothing */
    enum machine_cause reset_cause;
    pthread_cond_t all_stopped;    /* a vCPU has stopped */
    enum ir_leave (*run)(struct vcpu *v); /* instead of engine_run, while gdb is there (gdbstub.c); NULL: it is not */
    struct gdbstub *gdb;
    struct code_views *views;      /* views.c */
    struct device *devices;        /* ../hw/device.h: all of them, in the order they were made */
    const struct board_config *config; /* ../hw/boards/boards.h */
    void *board_state;             /* the board's device */
    const struct machine_parts *parts; /* migrate/vmstate.h: what devices and disks do for the machine's state; NULL: nobody is there */
    struct migration *migration;   /* migrate/migrate.h; NULL: there was none */
    const char *phase;             /* what is said to be the state while it is paused ("inmigrate" ...), in the words of QMP's RunState; NULL: nothing else */
    pthread_t loop_thread;
    void (*reset_devices)(struct machine *m); /* devices_reset */
    void (*power_button)(struct machine *m); /* asks the guest to switch itself off; NULL: the board has none */
    /* Interrupt controller of the CPUs' own interface, if the ISA has one in system registers. */
    const struct gic_cpu_ops *gic;
    void *gic_device;
    const struct isa_config *isa_config; /* the ISA's own options */
    /* What machine_event does; NULL: nobody listens. (monitor/qmp.h) */
    void (*event)(struct machine *m, const char *name, const char *format, va_list ap);
};

/* What MRS and MSR of an interrupt controller's registers do; reg: the ISA's number of the register. world: the CPU went to
 * another level or security state that decides which of its lines an interrupt goes to. */
struct gic_cpu_ops {
    bool (*read)(void *device, unsigned cpu, unsigned reg, uint64_t *v);
    bool (*write)(void *device, unsigned cpu, unsigned reg, uint64_t v);
    unsigned (*trap)(void *device, unsigned cpu, unsigned el, unsigned group);
    void (*world)(void *device, unsigned cpu);
};

struct machine_config {
    const struct isa *isa;
    const struct cpu_model *model;
    size_t cache_size; /* of translated code, bytes; 0: what is usual */
    bool interp, one_insn;
    unsigned without;  /* techniques left out (engine.h) */
    const char *host_features;
};
/* A paused machine without processors. NULL with the reason in err. */
struct machine *machine_new(const struct machine_config *c, char *err, size_t errlen);
/* n processors, before the machine runs; c: the ISA's own options, which live as long. */
bool machine_add_cpus(struct machine *m, unsigned n, const struct isa_config *c, char *err, size_t errlen);
void machine_free(struct machine *m);
/* Starts the vCPUs' threads and runs the loop until the machine ends; returns the exit status. */
int machine_run(struct machine *m, bool paused);

/* All with the lock. */
void machine_pause(struct machine *m);
void machine_continue(struct machine *m);
/* In the loop's thread, with the vCPUs standing: everything is as after a reset. */
void machine_reset_now(struct machine *m, enum machine_cause why);
/* After machine_pause, by another thread than a vCPU's: until all stand still. */
void machine_wait_stopped(struct machine *m);
void machine_reset(struct machine *m, enum machine_cause why);     /* soon, in the loop */
void machine_powerdown(struct machine *m, enum machine_cause why); /* the guest switched itself off */
void machine_quit(struct machine *m, int status, enum machine_cause why);

/* Tells QMP's clients of an event. format NULL: it has no data; else the data's members in the words of jansson's
 * json_pack ("{s:s,s:b}": name and string, name and int as a truth value). Each event is a row of some table of
 * qmp_events (monitor/qmp.h). Lock held. */
void machine_event(struct machine *m, const char *name, const char *format, ...);

/* This CPU has written [pa, pa + n) in a page that is tracked: what was made of it is retired when it leaves guest
 * code, by machine_settle. False: the page need not be tracked any more. */
bool machine_wrote_tracked(struct vcpu *v, gpa_t pa, unsigned n);
void machine_settle(struct vcpu *v);
/* The virtual page, or all, may be mapped to other code: where it is for this CPU, no translation goes there from another page
 * but by a lookup. */
void machine_unchain(struct vcpu *v, gva_t page);
void machine_unchain_all(struct vcpu *v);
/* There are no more numbers of views: all begin anew. By a vCPU's thread, outside guest code. */
void machine_renumber(struct machine *m);

/* vcpu.c: a vCPU's thread. */
void *vcpu_thread(void *vcpu);
/* An alternate signal stack for this thread: faults of translated code come as host signals. */
void machine_signal_stack(void);

#endif
