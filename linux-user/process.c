/*
 * process.c: guest processes are host processes: fork, vfork, exit, wait.
 *
 * A child without CLONE_VM is a host fork. It gets its own copy of the code cache (made before the
 * fork, as the parent goes on patching its own), no captured or held signals, and the guest's
 * registers as the call asks. All signals are blocked around it, so that nothing is captured in
 * between.
 *
 * A vfork (CLONE_VM | CLONE_VFORK) shares memory truly: posix_spawn's child reports its errors that
 * way. The child has its own struct process, thread, CPU state, host stack and signal state, made by
 * the parent before and freed by it after, since the child ends by execve or exit; the code cache and
 * the memory map are shared, which is safe as the parent sleeps in the kernel all the while. The host
 * TLS block is shared too: the parent takes `current` back before it unblocks signals.
 *
 * A child that shares memory with a parent that goes on (CLONE_VM alone) needs a TLS block of its own:
 * it borrows that of a host thread made for it, which waits in the kernel until the child has ended.
 * With CLONE_PARENT that can't be seen, and the thread and the child's state stay.
 *
 * Threads (CLONE_THREAD) are thread.c's. A fork in a process with threads is the C library's where it can
 * be, as its locks would stay taken in the child; with namespaces or an exit signal other than SIGCHLD
 * it is the bare call, and the child may hang if another thread was in malloc.
 *
 * Sources: clone(2), Linux kernel/fork.c, arm64 kernel/process.c (CLONE_SETTLS).
 */
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_UNPOISON_MEMORY_REGION(at, n) ((void)0)
#endif

#include "gdb/gdb.h"
#include "guest_process.h"
#include "guest_signal.h"

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#define CLONE_CLEAR_SIGHAND_ 0x100000000ull
#define CLONE_INTO_CGROUP_ 0x200000000ull

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
                    CLONE_NEWPID | CLONE_NEWNET)

enum { VFORK_STACK = 512 << 10, LENDER_STACK = 128 << 10, CLONE_ARGS_V0 = 64, CLONE_ARGS_V2 = 88 };

static_assert(sizeof(struct clone_request) == CLONE_ARGS_V2, "struct clone_args");

/* The host's clone with what remains of the flags; the stack of the caller. */
static long host_clone(struct thread *t, const struct clone_request *q, bool clone3)
{
    uint64_t flags = q->flags & ~(CLONE_SETTLS | CLONE_CLEAR_SIGHAND_);

    if (clone3) {
        struct clone_request h = *q;

        h.flags = flags;
        h.stack = h.stack_size = h.tls = 0;
        h.pidfd = (uintptr_t)arg_ptr(t, q->pidfd);
        h.child_tid = (uintptr_t)arg_ptr(t, q->child_tid);
        h.parent_tid = (uintptr_t)arg_ptr(t, q->parent_tid);
        h.set_tid = (uintptr_t)arg_ptr(t, q->set_tid);
        return host_syscall(SYS_clone3, &h, sizeof h);
    }
    return host_syscall(SYS_clone, flags | q->exit_signal, NULL,
                        arg_ptr(t, flags & CLONE_PIDFD ? q->pidfd : q->parent_tid),
                        arg_ptr(t, q->child_tid), 0);
}

/* CLONE_CLEAR_SIGHAND: handlers become defaults, what is ignored stays so. */
static void clear_handlers(struct process *p)
{
    pthread_mutex_lock(&p->sig->lock);
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
        if (p->sig->action[signo].handler <= 1)
            continue;
        p->sig->action[signo] = (struct signal_action){0};
        signal_sync_action(p, signo);
    }
    pthread_mutex_unlock(&p->sig->lock);
}

/* Can the C library's fork do it? */
static bool is_plain_fork(const struct clone_request *q)
{
    const uint64_t known = CLONE_SETTLS | CLONE_CLEAR_SIGHAND_ | CLONE_PARENT_SETTID |
                           CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;

    return !(q->flags & ~known) && q->exit_signal == SIGCHLD && !q->set_tid_size;
}

static long plain_fork(struct thread *t, const struct clone_request *q)
{
    pid_t pid = fork(), tid;

    if (pid < 0)
        return -errno;
    if (pid > 0) {
        if (q->flags & CLONE_PARENT_SETTID)
            user_write(t->p, q->parent_tid, &pid, sizeof pid);
        return pid;
    }
    tid = getpid();
    if (q->flags & CLONE_PARENT_SETTID)
        user_write(t->p, q->parent_tid, &tid, sizeof tid);
    if (q->flags & CLONE_CHILD_SETTID)
        user_write(t->p, q->child_tid, &tid, sizeof tid);
    host_syscall(SYS_set_tid_address, q->flags & CLONE_CHILD_CLEARTID ? arg_ptr(t, q->child_tid) : NULL);
    host_syscall(SYS_set_robust_list, NULL, 24l);
    return 0;
}

static long do_fork(struct thread *t, const struct clone_request *q, bool clone3)
{
    long pid;

    thread_fork_prepare(t);
    engine_fork_prepare(t->p->engine, t->cpu, q->flags & CLONE_FILES);
    pid = t->p->threaded && is_plain_fork(q) ? plain_fork(t, q) : host_clone(t, q, clone3);
    if (pid != 0) {
        engine_fork_parent(t->p->engine);
        thread_fork_parent(t);
        return pid;
    }
    thread_fork_child(t);
    t->tid = (pid_t)syscall(SYS_gettid);
    t->clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0;
    signals_of(t)->held = 0;
    engine_fork_child(t->p->engine, t->cpu);
    gdb_fork_child(t, q->flags & CLONE_FILES);
    watchdog_fork_child(t->p, is_plain_fork(q));
    if (q->flags & CLONE_CLEAR_SIGHAND_)
        clear_handlers(t->p);
    thread_child_registers(t, q);
    return -SYS_KEEP_REGS;
}

/* ---------------------------------------------------------------------- vfork */

/* Everything of a child that is not shared. */
struct vfork_child {
    struct thread t;
    struct process p;
    struct sigtable sig;
    struct proc_state proc;
    struct clone_request q;
};

static int vfork_main(void *arg)
{
    /* through a pointer: before a known call without return ASan looks for the thread's own stack */
    void (*volatile run)(struct thread *) = cpu_loop;
    struct vfork_child *c = arg;
    struct thread *t = &c->t;

    t->tid = (pid_t)syscall(SYS_gettid);
    signal_enter_thread(t);
    if (c->q.flags & CLONE_CLEAR_SIGHAND_)
        clear_handlers(&c->p);
    thread_child_registers(t, &c->q);
    signal_unblock(t);
    run(t);
    return 0;
}

static void free_child(struct vfork_child *c)
{
    struct thread *t = &c->t;

    if (t->exec_buf != NULL)
        munmap(t->exec_buf, t->exec_len);
    if (t->p->mm->holder == t) /* it was killed in the midst of a change */
        mm_unlock(t);
    engine_cpu_free(t->p->engine, t->cpu);
    strace_thread_end(t);
    /* its frames never returned: their marks must not outlive them, whatever is mapped here next */
    ASAN_UNPOISON_MEMORY_REGION((char *)c - VFORK_STACK, VFORK_STACK + PAGE_UP(sizeof *c));
    munmap((char *)c - VFORK_STACK, VFORK_STACK + PAGE_UP(sizeof *c));
}

/* Its stack lies below it. NULL: no memory. */
static struct vfork_child *make_child(struct thread *t, const struct clone_request *q)
{
    size_t len = VFORK_STACK + PAGE_UP(sizeof(struct vfork_child));
    char *mem = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                     -1, 0);
    struct vfork_child *c = (struct vfork_child *)(mem + VFORK_STACK);

    if (mem == MAP_FAILED)
        return NULL;
    mprotect(mem, GUEST_PAGE, PROT_NONE);
    c->q = *q;
    c->p = *t->p;
    c->proc = *proc_of(t->p);
    c->proc.vfork_child = true;
    c->p.proc = &c->proc;
    c->p.threads = &c->t;
    c->p.nthreads = 1;
    c->p.gdb = NULL;
    c->p.watchdog = NULL;
    pthread_mutex_init(&c->p.threads_lock, NULL);
    if (!(q->flags & CLONE_SIGHAND)) {
        pthread_mutex_lock(&t->p->sig->lock);
        memcpy(c->sig.action, t->p->sig->action, sizeof c->sig.action);
        pthread_mutex_unlock(&t->p->sig->lock);
        pthread_mutex_init(&c->sig.lock, NULL);
        c->p.sig = &c->sig;
    }
    c->t = (struct thread){
        .p = &c->p,
        .clear_child_tid = q->flags & CLONE_CHILD_CLEARTID ? q->child_tid : 0,
        .sig_mask = t->sig_mask,
        .altstack.flags = SS_DISABLE,
    };
    if (q->flags & CLONE_VFORK)
        c->t.altstack = t->altstack;
    c->t.cpu = thread_copy_cpu(t, &c->t);
    if (c->t.cpu != NULL)
        return c;
    munmap(mem, len);
    return NULL;
}

/* The host's clone for a child that shares memory: its id or -errno. */
static long clone_child(struct thread *t, struct vfork_child *c)
{
    uint64_t flags = c->q.flags & ~(CLONE_SETTLS | CLONE_CLEAR_SIGHAND_);
    int pid = clone(vfork_main, c, (int)(flags | c->q.exit_signal), c,
                    arg_ptr(t, flags & CLONE_PIDFD ? c->q.pidfd : c->q.parent_tid), NULL,
                    arg_ptr(t, c->q.child_tid));

    return pid < 0 ? -errno : pid;
}

static long do_vfork(struct thread *t, const struct clone_request *q)
{
    struct vfork_child *c = make_child(t, q);
    long pid;

    if (c == NULL)
        return -EAGAIN;
    pid = clone_child(t, c);
    signal_leave_thread(&c->t, t);
    free_child(c);
    return pid;
}

/* ------------------------------------------------- memory shared with a running parent */

/* What the creator and the thread that lends its TLS tell one another. */
struct loan {
    struct vfork_child *c;
    long pid;
    uint32_t ready;
};

static void *lend_thread(void *arg)
{
    struct loan *loan = arg;
    struct vfork_child *c = loan->c;
    siginfo_t si;
    long pid = clone_child(&c->t, c);

    loan->pid = pid;
    __atomic_store_n(&loan->ready, 1, __ATOMIC_RELEASE);
    host_syscall(SYS_futex, &loan->ready, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (pid > 0 && c->q.flags & CLONE_PARENT) /* nobody here sees its end */
        for (;;)
            host_syscall(SYS_pause);
    /* until it has ended or somebody else has waited for it; it stays to be waited for */
    while (pid > 0 && host_syscall(SYS_waitid, P_PID, pid, &si, WEXITED | WNOWAIT | __WALL, NULL) == -EINTR)
        ;
    signal_leave_thread(&c->t, NULL);
    free_child(c);
    return NULL;
}

static long do_shared(struct thread *t, const struct clone_request *q)
{
    struct loan loan = {.c = make_child(t, q)};
    pthread_attr_t attr;
    pthread_t id;
    int r;

    if (loan.c == NULL)
        return -EAGAIN;
    t->p->threaded = loan.c->p.threaded = true;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, LENDER_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    r = signal_host_thread(t->p, &id, &attr, lend_thread, &loan);
    pthread_attr_destroy(&attr);
    signal_block(t);
    if (r != 0) {
        free_child(loan.c);
        return -r;
    }
    while (__atomic_load_n(&loan.ready, __ATOMIC_ACQUIRE) == 0)
        host_syscall(SYS_futex, &loan.ready, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
    return loan.pid;
}

/* ---------------------------------------------------------------------- clone */

static long do_clone(struct thread *t, const struct clone_request *q, bool clone3)
{
    bool share_vm = q->flags & CLONE_VM;
    long r;

    if ((q->flags & CLONE_SIGHAND && !share_vm) ||
        (q->flags & CLONE_THREAD && !(q->flags & CLONE_SIGHAND)) ||
        (q->flags & CLONE_SIGHAND && q->flags & CLONE_CLEAR_SIGHAND_) ||
        (q->flags & CLONE_FS && q->flags & (CLONE_NEWNS | CLONE_NEWUSER)) ||
        (q->flags & CLONE_THREAD && q->flags & (CLONE_NEWUSER | CLONE_NEWPID | CLONE_PIDFD)))
        return -EINVAL;
    if (share_vm && (q->set_tid_size || q->flags & CLONE_INTO_CGROUP_)) {
        log_unimp("clone3 with CLONE_VM and set_tid or a cgroup");
        return -ENOSYS;
    }
    if (q->flags & CLONE_THREAD && q->flags & NAMESPACES) {
        log_unimp("clone of a thread in a namespace of its own");
        return -ENOSYS;
    }
    if (!signal_block(t))
        return -SYS_RESTARTNOINTR;
    r = q->flags & CLONE_THREAD ? thread_clone(t, q)
        : !share_vm ? do_fork(t, q, clone3)
        : q->flags & CLONE_VFORK ? do_vfork(t, q) : do_shared(t, q);
    signal_unblock(t);
    return r;
}

long sys_clone(struct thread *t, const uint64_t *a)
{
    bool tls_last = t->p->abi->column == 1; /* x86_64: flags, stack, parent, child, tls */
    struct clone_request q = {
        .flags = a[0] & 0xffffff00u,
        .exit_signal = a[0] & 0xff,
        .stack = a[1],
        .parent_tid = a[2],
        .pidfd = a[2],
        .tls = a[tls_last ? 4 : 3],
        .child_tid = a[tls_last ? 3 : 4],
    };

    return do_clone(t, &q, false);
}

long sys_clone3(struct thread *t, const uint64_t *a)
{
    struct clone_request q = {0};
    uint64_t extra = 0;

    if (a[1] < CLONE_ARGS_V0)
        return -EINVAL;
    if (a[1] > GUEST_PAGE)
        return -E2BIG;
    if (user_read(t->p, &q, a[0], a[1] < sizeof q ? a[1] : sizeof q) != 0)
        return -EFAULT;
    for (uint64_t at = sizeof q; at < a[1]; at++) {
        uint8_t byte;

        if (user_read(t->p, &byte, a[0] + at, 1) != 0)
            return -EFAULT;
        extra |= byte;
    }
    if (extra)
        return -E2BIG;
    if ((q.stack == 0) != (q.stack_size == 0) || q.exit_signal > SIGNAL_COUNT)
        return -EINVAL;
    return do_clone(t, &q, true);
}

/* -------------------------------------------------------------- end and waiting */

long sys_exit_group(struct thread *t, const uint64_t *a)
{
    if (!proc_of(t->p)->vfork_child)
        report_end(t->p);
    if (log_file != NULL)
        fflush(log_file);
    if ((int)a[0] == 127)
        report_missing_library(t->p);
    gdb_exit(t, (int)a[0]);
    for (;;)
        syscall(SYS_exit_group, (int)a[0]);
}

long sys_wait4(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_wait4, a[0], arg_ptr(t, a[1]), a[2], arg_ptr(t, a[3]));
}

long sys_waitid(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_waitid, a[0], a[1], arg_ptr(t, a[2]), a[3],
                                 arg_ptr(t, a[4]));
}
