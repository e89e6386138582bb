/*
 * thread.c: guest threads are host threads; how they begin and end, robust lists, futexes.
 *
 * A guest thread (CLONE_THREAD) is a pthread of the host, so that the C library below myna works in it.
 * It shares with its creator what pthread_create shares; what the guest wants apart (CLONE_FS,
 * CLONE_FILES, CLONE_SYSVSEM left out) is taken apart by unshare in the new thread. Ids, masks,
 * futexes, scheduling and signals are the host kernel's own, with the guest's addresses.
 *
 * The end of a pthread is what the kernel would do, in its order: robust list, then clear_child_tid
 * and its wake-up, as the guest may use the memory of the thread after that. The first thread ends by the
 * host's exit alone: the kernel does all that for it.
 *
 * A fork of a process with threads goes through the C library's fork, whose own locks would else stay
 * taken in the child for ever; only with flags that it can't do the bare system call is used.
 * Sources: clone(2), set_robust_list(2), Linux kernel/fork.c, kernel/futex/core.c, kernel/exit.c.
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gdb/gdb.h"
#include "guest_process.h"
#include "guest_signal.h"
#include "mem.h"
#include "path.h"

enum { THREAD_STACK = 512 << 10, ROBUST_HEAD = 24, ROBUST_LIMIT = 2048, WAITV_MAX = 128 };

/* ---------------------------------------------------------- threads of a process */

void thread_add(struct thread *t)
{
    struct process *p = t->p;

    pthread_mutex_lock(&p->threads_lock);
    t->next = p->threads;
    p->threads = t;
    p->nthreads++;
    pthread_mutex_unlock(&p->threads_lock);
}

/* Takes t off the list; true if others are left. */
static bool thread_remove(struct thread *t)
{
    struct process *p = t->p;
    bool others;

    pthread_mutex_lock(&p->threads_lock);
    for (struct thread **at = &p->threads; *at != NULL; at = &(*at)->next)
        if (*at == t) {
            *at = t->next;
            break;
        }
    others = --p->nthreads != 0;
    pthread_mutex_unlock(&p->threads_lock);
    return others;
}

bool thread_exists(struct process *p, pid_t tid)
{
    bool found = false;

    pthread_mutex_lock(&p->threads_lock);
    for (const struct thread *t = p->threads; t != NULL && !found; t = t->next)
        found = t->tid == tid;
    pthread_mutex_unlock(&p->threads_lock);
    return found;
}

void thread_fork_prepare(struct thread *t)
{
    mm_lock(t);
    pthread_mutex_lock(path_lock(t->p));
    pthread_mutex_lock(&t->p->threads_lock);
    pthread_mutex_lock(&t->p->sig->lock);
}

void thread_fork_parent(struct thread *t)
{
    pthread_mutex_unlock(&t->p->sig->lock);
    pthread_mutex_unlock(&t->p->threads_lock);
    pthread_mutex_unlock(path_lock(t->p));
    mm_unlock(t);
}

void thread_fork_child(struct thread *t)
{
    struct process *p = t->p;

    pthread_mutex_init(&p->sig->lock, NULL);
    pthread_mutex_init(&p->threads_lock, NULL);
    pthread_mutex_init(path_lock(p), NULL);
    pthread_mutex_init(&p->mm->lock, NULL);
    uring_fork_child(p);
    p->mm->holder = NULL;
    for (struct thread *x = p->threads, *next; x != NULL; x = next) {
        next = x->next;
        if (x == t || !x->has_pthread)
            continue;
        if (x->sig != NULL)
            munmap(x->sig, sizeof(struct thread_signals) + SIGNAL_HOST_STACK);
        free(x);
    }
    t->next = NULL;
    t->has_pthread = false;
    t->vfork_done = NULL;
    t->robust_list = 0;
    p->threads = t;
    p->nthreads = 1;
    p->threaded = false;
}

/* ---------------------------------------------------------------------- begin */

void thread_child_registers(struct thread *t, const struct clone_request *q)
{
    t->p->abi->clone_child(t->cpu, q->stack ? q->stack + q->stack_size : 0,
                           q->flags & CLONE_SETTLS ? &q->tls : NULL);
}

struct cpu *thread_copy_cpu(struct thread *t, struct thread *child)
{
    const struct cpu *from = t->cpu;
    struct cpu *cpu = engine_cpu_new(t->p->engine, from->guest_base);

    if (cpu == NULL)
        return NULL;
    cpu->pc = from->pc;
    memcpy(cpu->near_regs, from->near_regs, sizeof cpu->near_regs);
    memcpy(cpu->far_regs, from->far_regs, sizeof cpu->far_regs);
    cpu->guest_mxcsr = from->guest_mxcsr;
    cpu->fp_mode = from->fp_mode;
    cpu->fp_flags = from->fp_flags;
    cpu->guest = from->guest;
    cpu->env = child;
    return cpu;
}

/* What a new thread gets from its creator, who waits until `ready`. */
struct beginning {
    struct thread *t;
    const struct clone_request *q;
    pid_t tid;
    uint32_t ready;
};

static void wait_for(uint32_t *word)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == 0)
        host_syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void *thread_main(void *arg)
{
    struct beginning *b = arg;
    struct thread *t = b->t;
    const struct clone_request *q = b->q;
    const uint64_t apart = CLONE_FS | CLONE_FILES | CLONE_SYSVSEM;

    t->tid = (pid_t)host_syscall(SYS_gettid);
    signal_enter_thread(t);
    signal_block(t); /* all but faults from here on */
    if (~q->flags & apart)
        host_syscall(SYS_unshare, ~q->flags & apart);
    if (q->flags & CLONE_PARENT_SETTID)
        user_write(t->p, q->parent_tid, &t->tid, sizeof t->tid);
    if (q->flags & CLONE_CHILD_SETTID)
        user_write(t->p, q->child_tid, &t->tid, sizeof t->tid);
    thread_child_registers(t, q);
    b->tid = t->tid;
    __atomic_store_n(&b->ready, 1, __ATOMIC_RELEASE);
    host_syscall(SYS_futex, &b->ready, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    signal_unblock(t);
    cpu_loop(t);
    thread_end(t);
    return NULL;
}

long thread_clone(struct thread *t, const struct clone_request *q)
{
    struct beginning b = {.q = q};
    struct thread *c = aligned_alloc(64, (sizeof *c + 63) & ~(size_t)63); /* written at every system call */
    uint32_t done = 0;
    pthread_attr_t attr;
    pthread_t id;
    int r = EAGAIN;

    if (c == NULL)
        return -EAGAIN;
    *c = (struct thread){
        .p = t->p,
        .has_pthread = true,
        .clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0,
        .sig_mask = t->sig_mask,
        .altstack.flags = SS_DISABLE,
        .vfork_done = q->flags & CLONE_VFORK ? &done : NULL,
    };
    b.t = c;
    if (mm_host_room(THREAD_STACK, 0))
        c->cpu = thread_copy_cpu(t, c);
    if (c->cpu != NULL) {
        thread_add(c);
        t->p->threaded = true;
        pthread_attr_init(&attr);
        pthread_attr_setstacksize(&attr, THREAD_STACK);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        r = signal_host_thread(t->p, &id, &attr, thread_main, &b);
        pthread_attr_destroy(&attr);
        signal_block(t);
        if (r != 0)
            thread_remove(c);
    }
    if (r != 0) {
        engine_cpu_free(t->p->engine, c->cpu);
        free(c);
        return -r;
    }
    wait_for(&b.ready);
    if (q->flags & CLONE_VFORK)
        wait_for(&done);
    return b.tid;
}

/* ------------------------------------------------------------------------ end */

/* One entry of a robust list whose owner ends: the futex word says so and a waiter is woken. The map is
 * locked, so that the word stays where it is. */
static void release_robust(struct thread *t, uint64_t word, bool pi)
{
    uint32_t *at = g2h(t->p, word), value, want;

    if (word & 3 || !mm_check(t->p->mm, word, sizeof value, PROT_READ | PROT_WRITE) ||
        user_read(t->p, &value, word, sizeof value) != 0)
        return;
    do {
        if ((value & FUTEX_TID_MASK) != (uint32_t)t->tid)
            return;
        want = (value & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
    } while (!__atomic_compare_exchange_n(at, &value, want, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
    if (!pi && value & FUTEX_WAITERS)
        host_syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* struct robust_list_head: first entry, offset of the futex word in an entry, an entry in the making.
 * Bit 0 of an entry's address marks a priority-inheriting one. */
static void walk_robust_list(struct thread *t)
{
    uint64_t head[3], entry, next;

    if (t->robust_list == 0 || user_read(t->p, head, t->robust_list, sizeof head) != 0)
        return;
    entry = head[0];
    for (unsigned n = 0; (entry & ~1ull) != t->robust_list && n < ROBUST_LIMIT; n++, entry = next) {
        bool bad = user_read(t->p, &next, entry & ~1ull, sizeof next) != 0;

        if (entry != head[2]) /* that one comes last */
            release_robust(t, (entry & ~1ull) + head[1], entry & 1);
        if (bad)
            return;
    }
    if (head[2] != 0)
        release_robust(t, (head[2] & ~1ull) + head[1], head[2] & 1);
}

void thread_end(struct thread *t)
{
    struct process *p = t->p;
    const uint32_t zero = 0;

    if (!t->has_pthread)
        for (;;)
            host_syscall(SYS_exit, t->sys_arg0);
    signal_block_all();
    /* faults of the guest's lists are still survived, by user_fault_fixup */
    signal_block(t);
    mm_lock(t);
    walk_robust_list(t);
    mm_unlock(t);
    host_syscall(SYS_set_robust_list, NULL, ROBUST_HEAD);
    engine_cpu_free(p->engine, t->cpu);
    if (t->clear_child_tid != 0 &&
        user_write(p, t->clear_child_tid, &zero, sizeof zero) == 0)
        host_syscall(SYS_futex, g2h(p, t->clear_child_tid), FUTEX_WAKE, 1, NULL, NULL, 0);
    if (t->vfork_done != NULL) {
        uint32_t *done = t->vfork_done;

        __atomic_store_n(done, 1, __ATOMIC_RELEASE);
        host_syscall(SYS_futex, done, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
    signal_block_all();
    signal_leave_thread(t, NULL);
    free(t->gdb);
    strace_thread_end(t);
    free(t);
}

/* The last thread's status is the process's (Linux since 5.18). */
long sys_exit(struct thread *t, const uint64_t *a)
{
    if (!signal_block(t)) /* a signal of the process that this thread has taken is not lost */
        return -SYS_RESTARTNOINTR;
    gdb_thread_exit(t);
    if (!thread_remove(t))
        return sys_exit_group(t, a);
    t->exiting = true;
    return -SYS_KEEP_REGS;
}

long sys_set_tid_address(struct thread *t, const uint64_t *a)
{
    t->clear_child_tid = a[0];
    if (t->has_pthread)
        return t->tid;
    return host_syscall(SYS_set_tid_address, arg_ptr(t, a[0]));
}

/* -------------------------------------------------------------- robust lists */

/* The list holds guest addresses, so the host's kernel may walk it only with base 0. */
long sys_set_robust_list(struct thread *t, const uint64_t *a)
{
    if (a[1] != ROBUST_HEAD)
        return -EINVAL;
    t->robust_list = a[0];
    return t->p->guest_base ? 0 : host_syscall(SYS_set_robust_list, a[0], a[1]);
}

long sys_get_robust_list(struct thread *t, const uint64_t *a)
{
    uint64_t head = 0, len = ROBUST_HEAD;
    bool found = false;
    long r;

    pthread_mutex_lock(&t->p->threads_lock);
    for (const struct thread *x = t->p->threads; x != NULL; x = x->next)
        if (x->tid == (pid_t)a[0] || ((pid_t)a[0] == 0 && x == t)) {
            head = x->robust_list;
            found = true;
        }
    pthread_mutex_unlock(&t->p->threads_lock);
    if (!found) { /* of another process; only base 0 is common to all */
        r = host_syscall(SYS_get_robust_list, (pid_t)a[0], &head, &len);
        if (r < 0)
            return r;
    }
    if (user_write(t->p, a[2], &len, sizeof len) != 0 || user_write(t->p, a[1], &head, sizeof head) != 0)
        return -EFAULT;
    return 0;
}

/* ------------------------------------------------------------------- futexes */

long sys_futex(struct thread *t, const uint64_t *a)
{
    struct process *p = t->p;
    int op = (int)a[1] & FUTEX_CMD_MASK;
    /* argument 3 is a timeout or a count; argument 4 a second word */
    bool timed = op == FUTEX_WAIT || op == FUTEX_LOCK_PI || op == FUTEX_WAIT_BITSET ||
                 op == FUTEX_WAIT_REQUEUE_PI || op == 13 /* FUTEX_LOCK_PI2 */;
    bool second = op == FUTEX_REQUEUE || op == FUTEX_CMP_REQUEUE || op == FUTEX_WAKE_OP ||
                  op == FUTEX_WAIT_REQUEUE_PI || op == FUTEX_CMP_REQUEUE_PI;
    uint64_t arg3 = timed && a[3] ? (uintptr_t)g2h(p, a[3]) : a[3];

    return host_syscall_blocking(t, SYS_futex, g2h(p, a[0]), a[1], a[2], arg3,
                                 second ? g2h(p, a[4]) : NULL, a[5]);
}

/* struct futex_waitv */
struct waiter {
    uint64_t value, address;
    uint32_t flags, reserved;
};

long sys_futex_waitv(struct thread *t, const uint64_t *a)
{
    struct waiter w[WAITV_MAX];
    unsigned n = (unsigned)a[1];

    if (n == 0 || n > WAITV_MAX)
        return -EINVAL;
    if (user_read(t->p, w, a[0], n * sizeof *w) != 0)
        return -EFAULT;
    for (unsigned i = 0; i < n; i++)
        w[i].address = (uintptr_t)arg_ptr(t, w[i].address);
    return host_syscall_blocking(t, SYS_futex_waitv, w, n, a[2], arg_ptr(t, a[3]), a[4]);
}

long sys_futex_requeue(struct thread *t, const uint64_t *a)
{
    struct waiter w[2];

    if (a[0] == 0)
        return -EINVAL;
    if (user_read(t->p, w, a[0], sizeof w) != 0)
        return -EFAULT;
    for (unsigned i = 0; i < 2; i++)
        w[i].address = (uintptr_t)arg_ptr(t, w[i].address);
    return host_syscall(456, w, a[1], a[2], a[3]);
}
