/*
 * What process.c, execve.c and ids.c keep per guest process: p->proc. Made at first use.
 */
#ifndef MYNA_GUEST_PROCESS_H
#define MYNA_GUEST_PROCESS_H

#include <sys/resource.h>
#include "user.h"

enum { PROCESS_NLIMITS = 3 };
extern const int kept_limits[PROCESS_NLIMITS]; /* RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK: see ids.c */

struct proc_state {
    bool vfork_child;      /* shares memory with a suspended parent: leaves no trace in it */
    struct { bool set; uint64_t cur, max; } limit[PROCESS_NLIMITS];
};

static inline struct proc_state *proc_of(struct process *p)
{
    static struct proc_state first; /* of the process myna was started for, and forks of it */

    if (p->proc == NULL)
        p->proc = &first;
    return p->proc;
}

/* clone3's argument, also for clone. Addresses are the guest's. */
struct clone_request {
    uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
    uint64_t set_tid, set_tid_size, cgroup;
};

/* --- execve.c ------------------------------------------------------------------------------- */

/* Takes "#! interpreter [argument]" apart, the first n bytes of a script and a NUL; *arg may become
 * NULL. False: there is no interpreter (ENOEXEC). */
bool execve_parse_script(char *head, size_t n, char **interp, char **arg);

/* --- execstate.c ---------------------------------------------------------------------------- */

/* The limits kept here as the text of option -kept-limits; "": none. And back. */
void exec_limits_give(struct process *p, char *buf, size_t size);
void exec_limits_take(struct process *p, const char *text);
/* The host gets the limits kept here, for a program of its own; and back, if that didn't start. */
void exec_limits_swap(struct process *p, struct rlimit old[PROCESS_NLIMITS]);
void exec_limits_restore(struct process *p, const struct rlimit old[PROCESS_NLIMITS]);
/* Room for some descriptors more where the table is full, for as long as myna starts a program; the
 * limit before is in *old. False: the limit can't be raised. */
bool exec_more_descriptors(struct rlimit *old);
void exec_less_descriptors(const struct rlimit *old);
/* The identity that a set-id file open at fd gives: SAME: none, or what there is; TAKEN: it is this
 * thread's now, give it back by restore if the execve fails; REFUSED: this process may not take it. */
enum exec_identity { IDENTITY_SAME, IDENTITY_TAKEN, IDENTITY_REFUSED };
struct exec_ids { uid_t ruid, euid, suid; gid_t rgid, egid, sgid; };
enum exec_identity exec_identity_take(int fd, struct exec_ids *old);
void exec_identity_restore(const struct exec_ids *old);

/* --- thread.c ------------------------------------------------------------------------------- */

/* Enters t in its process's list of threads. */
void thread_add(struct thread *t);
/* Is there such a thread? One that has ended for the guest may live on in the host for a moment. */
bool thread_exists(struct process *p, pid_t tid);
/* A new thread in t's process (CLONE_THREAD): its id or -errno. All signals are blocked. */
long thread_clone(struct thread *t, const struct clone_request *q);
/* A CPU for a child: guest registers as the parent's, the engine's part its own; NULL: no memory. */
struct cpu *thread_copy_cpu(struct thread *t, struct thread *child);
/* Registers of a child: its stack, its thread pointer, and 0 as the result. */
void thread_child_registers(struct thread *t, const struct clone_request *q);
/* After cpu_loop has returned: ends the host thread, or returns from it if it is a pthread. */
void thread_end(struct thread *t);
/* Before and after a fork: no other thread is inside the process's own data meanwhile. In the child
 * all other threads are gone and this is the first one. */
void thread_fork_prepare(struct thread *t);
void thread_fork_parent(struct thread *t);
void thread_fork_child(struct thread *t);

/* Host address of a guest pointer argument; a null pointer stays one. */
static inline void *arg_ptr(const struct thread *t, uint64_t a)
{
    return a ? g2h(t->p, a) : NULL;
}

#endif
