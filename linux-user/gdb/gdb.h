/*
 * The debugger's stub: gdb's remote serial protocol (the manual's appendix E) for the guest.
 *
 * A host thread of its own, the server, talks to gdb. Guest threads pass a gate before each stretch of guest
 * code: gdb_run. A thread with something to show (breakpoint, signal, step) closes the gate for all, says
 * what it is and waits; the server asks the others to leave translated code, tells gdb and serves it until
 * it lets them go. A thread inside a system call counts as stopped there: it waits at the gate when
 * the call is over.
 *
 * stop.c       the guest threads' side: the gate, reports, what is called from elsewhere
 * server.c     the server: sockets, packets, stop replies
 * command.c    the packets by letter; query.c those that begin with q and Q; resume.c vCont
 * hostfile.c   vFile: files for gdb
 * target.c     registers and their description, from the guest's table
 * memory.c     guest memory, breakpoints, watched memory
 *
 * Locks: gdb->lock, then threads_lock; the server holds both while it answers a packet, so that no struct
 * thread goes away. Nothing here knows a guest but through struct gdb_target.
 */
#ifndef MYNA_GDB_H
#define MYNA_GDB_H

#include "registers.h"
#include "user.h"

/* ------------------------------------------------------------ what others call */

/* Opens where gdb is expected (PORT, HOST:PORT, unix:PATH, PATH; ",suspend=n" after it; or "session:..." of gdb_exec)
 * and starts the server. Unless suspend=n, guest threads wait at the gate for gdb. 0, or -errno with the reason in err. */
int gdb_start(struct process *p, const char *where, char *err, size_t errlen);
/* The thread runs until something is for cpu_loop: engine_run for a process that may be debugged. */
enum ir_leave gdb_run(struct thread *t);
/* A signal is about to be delivered to the guest; gdb may want to see it and to change it (info). False: it
 * is not delivered. */
bool gdb_signal(struct thread *t, siginfo_t *info);
/* The thread begins (entry) or has ended system call nr, its result in the registers: gdb may want to know. */
void gdb_syscall(struct thread *t, uint64_t nr, bool entry);
/* Does the host have to catch the signal although the guest doesn't? */
bool gdb_wants(const struct process *p, int signo);
/* The thread is about to leave the list of threads. */
void gdb_thread_exit(struct thread *t);
/* The process ends by exit(status), or by a signal. gdb is told. */
void gdb_exit(struct thread *t, int status);
void gdb_killed(struct thread *t, int signo);
/* Before an execve of a guest program: will gdb's session go on in it? Then text is where the next myna finds it
 * (gdb_start's `where`), and the stub stands still until the execve or gdb_exec_failed. */
bool gdb_exec(struct thread *t, char *text, size_t size);
void gdb_exec_failed(struct thread *t);
/* In the child of a fork: it is not debugged. files_shared: its table of descriptors is the parent's. */
void gdb_fork_child(struct thread *t, bool files_shared);

#endif
