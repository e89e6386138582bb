/*
 * The monitor: commands typed to the machine. A session is a thread of its own, so that a line can be edited and a long
 * command can run while the machine goes on; commands run with the machine's lock.
 *
 * A session talks through a pseudo terminal that it owns: the line editor (libedit) has a terminal whatever is at the
 * port, and the port (a character device, hw/monitor.c) is written by the loop alone, which never waits. Without libedit
 * lines are plain.
 *
 * Commands are rows of tables: commands.c has the core's, whoever has others adds them (monitor_add).
 */
#ifndef MYNA_MONITOR_H
#define MYNA_MONITOR_H

#include <stdio.h>
#include "machine.h"

/* One command being done. Rows print to out. */
struct monitor_call {
    struct machine *machine;
    FILE *out;
    unsigned *cpu;      /* the chosen processor, by index; rows may change it */
    const char *format; /* "4xw" of "x/4xw", or "" */
    const char *rest;   /* the text behind the command's name */
    int argc;           /* words of it; argv[argc] is NULL */
    char **argv;
};

enum { MONITOR_ARGS = 16 };

struct monitor_command {
    const char *name;   /* and other names, apart by '|' */
    const char *args, *help;
    int least, most;    /* numbers of words after the name */
    void (*run)(struct monitor_call *c);
    const char *(*next)(struct machine *m, unsigned k); /* completion of the first word: candidate k, or NULL; may be NULL */
};

/* Tables end with a NULL name and live as long as the process; info: of "info NAME". */
void monitor_add(const struct monitor_command *commands, const struct monitor_command *info);
void monitor_add_core(void);

/* Does one line; lock held. *cpu: the session's chosen processor. */
void monitor_run(struct machine *m, const char *line, unsigned *cpu, FILE *out);

/* fn(v, arg) in v's thread, before it runs guest code again; waits for it. v NULL: nothing is done. Lock held; it is given up meanwhile. */
void monitor_on_vcpu(struct vcpu *v, void (*fn)(struct vcpu *v, void *arg), void *arg);

/* Candidate k for the word that ends at before[n]; NULL: no more. Lock held. */
const char *monitor_complete(struct machine *m, const char *before, size_t n, unsigned k);

/* What the rows of both monitors do; lock held. False: the reason in err. */
/* Writes n bytes of memory at `at` to a file; v: by whose virtual addresses, unless physical. */
bool monitor_save(struct vcpu *v, uint64_t at, uint64_t n, bool physical, const char *path, char *err, size_t errlen);
/* dump.c: an ELF core of memory in [begin, begin + length) and of the processors into fd, with the machine standing meanwhile; how many
 * bytes of memory. */
bool monitor_dump(struct machine *m, int fd, uint64_t begin, uint64_t length, uint64_t *total, char *err, size_t errlen);
bool monitor_cont(struct machine *m, char *err, size_t errlen);
bool monitor_powerdown(struct machine *m); /* false: the board has no power button */
/* In the words of QMP's RunState. */
const char *monitor_state(const struct machine *m);

/* expr.c: the value of an expression ("$x0 + 0x10 * 4"); false: the reason in err. */
bool monitor_value(struct vcpu *v, const char *text, uint64_t *value, char *err, size_t errlen);

/* ------------------------------------------------------------------- sessions */

struct monitor;

/* Where a session's text goes: how many of n bytes are taken; `monitor_drained` when there is room again. Lock held. */
struct monitor_port {
    size_t (*write)(void *arg, const uint8_t *bytes, size_t n);
    void *arg;
    bool focused;   /* it may talk at once; else it waits for monitor_focus */
    /* A descriptor that came with the input (SCM_RIGHTS), the caller's; -1: none. NULL: none ever does. */
    int (*take_fd)(void *arg);
};
/* NULL: the reason in err. */
struct monitor *monitor_new(struct machine *m, const struct monitor_port *p, char *err, size_t errlen);
/* All with the lock, by the loop. */
size_t monitor_room(struct monitor *mon);
void monitor_input(struct monitor *mon, const uint8_t *bytes, size_t n);
void monitor_drained(struct monitor *mon);
void monitor_focus(struct monitor *mon);

#endif
