/*
 * What process.c, execve.c and ids.c keep per guest process: p->proc. Made at first use.
 */
#ifndef MYNA_GUEST_PROCESS_H
#define MYNA_GUEST_PROCESS_H

#include "user.h"

enum { PROCESS_NLIMITS = 3 }; /* RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK: see ids.c */

struct proc_state {
    bool vfork_child;      /* shares memory with a suspended parent: leaves no trace in it */
    void *exec_buf;        /* execve's arrays; a vfork child leaves them to its parent */
    size_t exec_len;
    struct { bool set; uint64_t cur, max; } limit[PROCESS_NLIMITS];
};

static inline struct proc_state *proc_of(struct process *p)
{
    static struct proc_state first; /* of the process myna was started for, and forks of it */

    if (p->proc == NULL)
        p->proc = &first;
    return p->proc;
}

/* Host address of a guest pointer argument; a null pointer stays one. */
static inline void *arg_ptr(const struct thread *t, uint64_t a)
{
    return a ? g2h(t->p, a) : NULL;
}

#endif
