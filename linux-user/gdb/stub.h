/*
 * Inside the stub: what its files share. gdb.h explains the whole.
 */
#ifndef MYNA_GDB_STUB_H
#define MYNA_GDB_STUB_H

#include "gdb/gdb.h"
#include "wire.h"

enum { GDB_BREAKS = 4096, GDB_FILES = 16, GDB_CALLS = 512 };

enum gdb_where { GDB_OUT /* in myna or a system call */, GDB_RUNNING, GDB_AT_GATE };
enum gdb_action { GDB_CONT, GDB_STEP, GDB_RANGE /* steps while pc is in [low, high) */ };

/* What the stub knows of a guest thread: t->gdb. Under gdb->lock. */
struct gdb_thread {
    uint8_t where, action;
    bool held;           /* stays stopped when others are let go */
    bool stepped;        /* a step is done and not yet reported */
    int signo;           /* to be delivered when it goes on, 0: none */
    int shown;           /* gdb has sent this signal itself: not shown again */
    uint64_t low, high;  /* GDB_RANGE */
    siginfo_t info;      /* of the last stop; si_signo 0: none */
};

/* Why the guest stopped. */
enum gdb_kind { GDB_STOP_SIGNAL, GDB_STOP_BREAK, GDB_STOP_WATCH, GDB_STOP_ENTRY, GDB_STOP_RETURN, GDB_STOP_EXEC,
                GDB_STOP_EXIT, GDB_STOP_KILLED };
struct gdb_stop {
    enum gdb_kind kind;
    pid_t tid;           /* 0: any thread */
    int signo;           /* the host's number; of GDB_STOP_EXIT the status */
    uint64_t addr;       /* GDB_STOP_WATCH; of GDB_STOP_ENTRY and _RETURN the system call's number */
    char type;           /* '2' write, '3' read, '4' access; breakpoints '0', '1' */
};

struct gdb_break { uint64_t addr, len; char type; }; /* '0' ... '4' of the Z packet */

struct gdb {
    struct process *p;
    pthread_mutex_t lock;
    pthread_cond_t go;       /* the gate may have opened */
    pthread_cond_t quiet;    /* no thread runs any more; or the server is done with an exit */
    bool attached;           /* gdb is there: guest threads report */
    bool stopped;            /* the gate is closed */
    bool told;               /* gdb knows of the stop */
    bool ended;              /* gdb knows of the process's end */
    unsigned running;        /* threads in guest code */
    struct gdb_stop stop;
    uint64_t pass_signals;   /* QPassSignals: delivered without a stop */
    uint64_t catches[GDB_CALLS / 64]; /* QCatchSyscalls: system calls that stop, by number */
    /* breakpoints and watched memory as gdb sees them; the engine follows when threads are let go */
    struct gdb_break breaks[GDB_BREAKS];
    unsigned nbreaks;
    uint64_t set[GDB_BREAKS]; /* in the engine */
    unsigned nset;
    struct gdb_break watches[ENGINE_WATCHES];
    unsigned nwatches;
    /* the server's own */
    int listener, event, mem; /* descriptors, -1: none */
    struct wire wire;
    char *unlink_path;
    bool suspend, multiprocess, swbreak, hwbreak, exec_events;
    pid_t current, cont;     /* Hg, Hc */
    uint64_t modid_field;    /* guest address of libc's description of link_map.l_tls_modid, 0: not known */
    pid_t at_thread;         /* qsThreadInfo: the last one listed */
    struct gdb_file { int fd; } files[GDB_FILES];
    uint8_t memory[GDB_PACKET];
};

/* --- stop.c ------------------------------------------------------------------------------------ */

/* lock held: closes the gate and asks all threads to come to it. */
void gdb_close_gate(struct gdb *g);
/* lock held: waits until no thread is in guest code, a second at most. */
void gdb_wait_quiet(struct gdb *g);
/* lock held: opens the gate. */
void gdb_open_gate(struct gdb *g);
/* The thread's part, made at need; NULL: no memory. */
struct gdb_thread *gdb_of(struct thread *t);

/* --- server.c ---------------------------------------------------------------------------------- */

void *gdb_server(void *gdb);
/* Adds to the answer. */
static inline void gdb_put(struct gdb *g, const char *text) { wire_put(&g->wire, text); }
#define gdb_putf(g, ...) wire_putf(&(g)->wire, __VA_ARGS__)
static inline void gdb_put_byte(struct gdb *g, char byte) { wire_put_byte(&g->wire, byte); }
static inline void gdb_put_hex(struct gdb *g, const void *bytes, size_t n) { wire_put_hex(&g->wire, bytes, n); }
static inline bool gdb_put_escaped(struct gdb *g, const void *bytes, size_t n) { return wire_put_escaped(&g->wire, bytes, n); }
/* "pPID.TID" or "TID". */
void gdb_put_thread(struct gdb *g, pid_t tid);
/* Puts the stop reply together. Both locks held. */
void gdb_put_stop(struct gdb *g);
/* gdb is gone or wants to be: breakpoints go, threads run on. Both locks held. */
void gdb_detach(struct gdb *g);

/* --- command.c, resume.c, query.c, hostfile.c: answer one packet; both locks held but for the last -- */

/* s: its text, NUL-terminated, n bytes. False: there is no answer (yet). */
bool gdb_command(struct gdb *g, char *s, size_t n);
bool gdb_resume(struct gdb *g, const char *s); /* vCont;... */
bool gdb_resume_old(struct gdb *g, const char *s); /* c s C S */
void gdb_query(struct gdb *g, char *s);
void gdb_hostfile(struct gdb *g, char *s, size_t n); /* after "vFile:" */

/* Parsers: from *s, which is moved on. */
static inline uint64_t gdb_parse_hex(const char **s) { return wire_parse_hex(s); }
/* Thread id; process (if given) is checked. -1: all; 0: any; -2: malformed or of another process. */
pid_t gdb_parse_thread(struct gdb *g, const char **s);
static inline bool gdb_parse_bytes(const char *s, void *to, size_t n) { return wire_parse_bytes(s, to, n); }
struct thread *gdb_find(struct gdb *g, pid_t tid); /* 0: the first; NULL: there's none */

/* --- target.c ---------------------------------------------------------------------------------- */

/* The register's bytes at out; its size, 0 if there is no such register. */
size_t gdb_read_register(struct thread *t, unsigned number, uint8_t out[64]);
bool gdb_write_register(struct thread *t, unsigned number, const uint8_t *bytes);
/* Signal numbers: gdb has its own. 0 for what it doesn't know. */
int gdb_signal_number(int host_signo);
int gdb_signal_host(int gdb_signo);

/* --- memory.c ---------------------------------------------------------------------------------- */

/* Bytes read or written up to the first that isn't mapped. Pages that the guest may not access are read and
 * written all the same. */
size_t gdb_read_memory(struct gdb *g, uint64_t addr, void *to, size_t n);
size_t gdb_write_memory(struct gdb *g, uint64_t addr, const void *from, size_t n);
/* Z and z packets: 0 or -errno. */
int gdb_insert(struct gdb *g, char type, uint64_t addr, uint64_t len);
int gdb_remove(struct gdb *g, char type, uint64_t addr, uint64_t len);
/* The engine is told what is in force. only_steps: breakpoints don't count for what is going to run. */
void gdb_sync(struct gdb *g, bool only_steps);
bool gdb_has_break(const struct gdb *g, uint64_t addr, char *type);

#endif
