/*
 * signal.c: host signals become the guest's.
 *
 * The model: the host kernel keeps all state it can keep.
 *
 * - The host's disposition of a signal is the guest's: SIG_DFL and SIG_IGN are set as they are, so
 *   that default actions, wait statuses, ignored signals over execve and SIGCHLD rules are the
 *   kernel's own. A guest handler becomes on_signal with the guest's SA_RESTART and SA_NOCLD flags.
 *   Only the five fault signals are always caught.
 * - The host's mask is the guest's, less the fault signals. So whatever reaches on_signal is to be
 *   delivered, and what is blocked stays pending in the kernel: queueing of real-time signals,
 *   sigpending, sigtimedwait and signalfd need nothing here.
 * - on_signal captures one signal: siginfo is kept and everything stays blocked after its return,
 *   until signal_deliver has built the guest's frame and set the mask of the guest's handler. At
 *   most one asynchronous signal is captured at any time.
 * - A captured signal in translated code: engine_kick. In a system call: safe_syscall.S. The kernel
 *   alone decides whether the call restarts (it then rewinds to the stub) or ends by EINTR.
 * - Handlers that change signal state, fork or exec call signal_block first. If a signal is captured
 *   by then, the guest sees it before the call, as if it had come just before the instruction.
 *
 * Threads need nothing more: masks and thread-directed signals are the host thread's, and who takes a
 * signal of the process is the host kernel's choice among those that don't block it. The table of
 * dispositions has a lock; no handler takes it.
 *
 * Fault signals sent by kill() while the guest blocks them wait in `held`, since the host can't
 * block them. All 64 signals are the guest's: handlers are installed by the raw system call.
 * Frames are the ABI's (aarch64/sigframe.c). Linux 6.1 kernel/signal.c, arm64 kernel/signal.c and
 * signal(7) say what is right.
 */
#include <sys/mman.h>
#include <sys/single_threaded.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gdb/gdb.h"
#include "guest_process.h"
#include "guest_signal.h"

enum { HOST_SA_RESTORER = 0x04000000 };
#define SA_EXPOSE_TAGBITS 0x800u
#define SS_AUTODISARM_ (1u << 31)

/* What the host kernel takes. */
struct host_action {
    uintptr_t handler;
    uint64_t flags;
    void (*restorer)(void);
    uint64_t mask;
};

extern const char signal_stub_start[], signal_stub_insn[], signal_stub_restart[];
extern void signal_restorer(void);

/* The thread that this host thread runs: what a signal handler must reach. */
static __thread struct thread *current;

/* ------------------------------------------------------------ host primitives */

static uint64_t host_mask_swap(uint64_t mask)
{
    uint64_t old = 0;

    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, SIGNAL_SET_SIZE);
    return old;
}

static void host_set_action(int signo, const struct host_action *a)
{
    syscall(SYS_rt_sigaction, signo, a, NULL, SIGNAL_SET_SIZE);
}

static void host_set_default(int signo)
{
    struct host_action a = {.restorer = signal_restorer, .flags = HOST_SA_RESTORER};

    host_set_action(signo, &a);
}

void signal_die(int signo)
{
    fflush(log_file ? log_file : stderr);
    host_set_default(signo);
    syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signo);
    host_mask_swap(~signal_bit(signo));
    for (;;) /* the first process of a PID namespace does not die of it */
        syscall(SYS_exit_group, 128 + signo);
}

/* ------------------------------------------------------------------- handlers */

/* Mask that is in force for the guest now. */
static uint64_t effective_mask(const struct thread *t)
{
    return t->sig_has_temp ? t->sig_temp_mask : t->sig_mask;
}

static void hold(struct thread_signals *s, const siginfo_t *si)
{
    if (!(s->held & signal_bit(si->si_signo)))
        s->held_info[si->si_signo] = *si;
    s->held |= signal_bit(si->si_signo);
}

/* A fault of myna itself: nothing may be trusted, so write() alone. */
static _Noreturn void die_of_bug(int signo, const siginfo_t *si, const ucontext_t *uc)
{
    char line[160];
    int n = snprintf(line, sizeof line,
                     "myna: internal error: signal %d (code %d) at host pc %#llx, address %#llx, "
                     "guest pc %#llx\n",
                     signo, si->si_code, (unsigned long long)uc->uc_mcontext.gregs[REG_RIP],
                     (unsigned long long)(uintptr_t)si->si_addr,
                     current ? (unsigned long long)current->cpu->pc : 0ull);

    if (write(STDERR_FILENO, line, (size_t)n) < 0)
        n = 0;
    signal_die(signo);
}

static void on_signal(int signo, siginfo_t *si, void *ucv)
{
    ucontext_t *uc = ucv;
    struct thread *t = current;
    struct thread_signals *s;
    greg_t *pc = &uc->uc_mcontext.gregs[REG_RIP];
    bool is_fault = signal_bit(signo) & SIGNAL_FAULTS;
    int saved_errno = errno;
    uint64_t all = ~SIGNAL_FAULTS;

    if (signo == SIGTRAP && si->si_code == SI_TIMER && t != NULL && engine_sample(t->p->engine, t->cpu, si, uc)) {
        errno = saved_errno;
        return;
    }
    if (is_fault && si->si_code > 0) {
        if (user_fault_fixup(uc))
            return;
        if (t == NULL || !engine_fault(t->p->engine, t->cpu, si, uc))
            die_of_bug(signo, si, uc);
        s = signals_of(t);
        s->host_fault = true;
        s->fault_addr = t->cpu->fault_addr;
        s->fault_write = uc->uc_mcontext.gregs[REG_ERR] & 2;
        errno = saved_errno;
        return;
    }
    if (t == NULL)
        return;
    s = signals_of(t);
    if (is_fault && (s->captured || effective_mask(t) & signal_bit(signo))) {
        hold(s, si);
        return;
    }
    s->info = *si;
    s->captured = 1;
    t->cpu->pending = 1;
    engine_kick(t->cpu);
    if (t->p->mm->userfaults) /* the access may wait for somebody who waits for this signal's handler */
        engine_interrupt(t->p->engine, t->cpu, uc);
    memcpy(&uc->uc_sigmask, &all, sizeof all);
    if (*pc >= (greg_t)signal_stub_start && *pc <= (greg_t)signal_stub_insn) {
        if (*pc == (greg_t)signal_stub_insn &&
            uc->uc_mcontext.gregs[REG_RAX] == SYS_restart_syscall) {
            uc->uc_mcontext.gregs[REG_RAX] = -EINTR; /* stopped, continued, and now a handler */
            *pc += 2;
        } else {
            *pc = (greg_t)signal_stub_restart;
        }
    }
    errno = saved_errno;
}

struct signal_action signal_action_of(struct process *p, int signo)
{
    pthread_mutex_lock(&p->sig->lock);
    struct signal_action act = p->sig->action[signo];
    pthread_mutex_unlock(&p->sig->lock);
    return act;
}

void signal_block_all(void) { host_mask_swap(~0ull); }

int signal_host_thread(struct process *p, pthread_t *id, const pthread_attr_t *attr, void *(*run)(void *),
                       void *arg)
{
    enum { SIGNAL_SETXID = 33 }; /* nptl(7) */
    int r;

    signal_block_all();
    r = pthread_create(id, attr, run, arg);
    pthread_mutex_lock(&p->sig->lock);
    signal_sync_action(p, SIGNAL_SETXID);
    pthread_mutex_unlock(&p->sig->lock);
    return r;
}

void signal_allow_faults(void) { host_mask_swap(~SIGNAL_FAULTS); }

void signal_debugged(struct process *p)
{
    pthread_mutex_lock(&p->sig->lock);
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++)
        if (!(signal_bit(signo) & SIGNAL_UNBLOCKABLE))
            signal_sync_action(p, signo);
    pthread_mutex_unlock(&p->sig->lock);
}

/* Signals without a handler that are caught all the same: gdb wants to see them, or the stack is shown. */
static bool is_wanted(const struct process *p, int signo)
{
    return gdb_wants(p, signo) ||
           (p->backtrace && (signo == SIGABRT || signo == SIGQUIT || signo == SIGSYS || signo == SIGXCPU));
}

void signal_sync_action(struct process *p, int signo)
{
    const struct signal_action *act = &p->sig->action[signo];
    bool is_fault = signal_bit(signo) & SIGNAL_FAULTS;
    struct host_action a = {
        .restorer = signal_restorer,
        .flags = HOST_SA_RESTORER | (act->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT)),
        .mask = ~SIGNAL_FAULTS,
    };

    if (act->handler > 1 || is_fault || (act->handler == 0 && is_wanted(p, signo))) {
        a.handler = (uintptr_t)on_signal;
        a.flags |= SA_SIGINFO | SA_ONSTACK |
                   (act->handler > 1 ? act->flags & SA_RESTART : SA_RESTART);
    } else if (act->handler == 1) {
        a.handler = (uintptr_t)SIG_IGN;
    }
    host_set_action(signo, &a);
}

/* -------------------------------------------------------------- start and end */

struct thread *signal_enter_thread(struct thread *t)
{
    struct thread *prev = current;
    struct thread_signals *s = t->sig;
    stack_t st;

    if (s == NULL) {
        s = mmap(NULL, sizeof *s + SIGNAL_HOST_STACK, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (s == MAP_FAILED)
            user_die(1, "no memory for a thread's signal state");
        s->host_stack = s + 1;
        t->sig = s;
    }
    st = (stack_t){.ss_sp = s->host_stack, .ss_size = SIGNAL_HOST_STACK};
    sigaltstack(&st, NULL);
    current = t;
    return prev;
}

void signal_leave_thread(struct thread *t, struct thread *prev)
{
    const stack_t none = {.ss_flags = SS_DISABLE};

    if (prev == NULL)
        sigaltstack(&none, NULL);
    current = prev;
    if (t->sig != NULL)
        munmap(t->sig, sizeof(struct thread_signals) + SIGNAL_HOST_STACK);
    t->sig = NULL;
}

int signal_init(struct process *p, struct thread *t)
{
    static struct sigtable first;
    struct host_action old;
    uint64_t mask = host_mask_swap(~SIGNAL_FAULTS);

    /* Or the first pthread_create anywhere in myna takes and unblocks signal 33 (glibc's nptl/pthread_create.c,
     * late_init): the C library counts this process as one with threads from the start. */
    __libc_single_threaded = 0;
    p->sig = &first;
    t->sig_mask = mask & ~SIGNAL_UNBLOCKABLE;
    t->altstack.flags = SS_DISABLE;
    signal_enter_thread(t);
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
        if (signal_bit(signo) & SIGNAL_UNBLOCKABLE)
            continue;
        memset(&old, 0, sizeof old);
        syscall(SYS_rt_sigaction, signo, NULL, &old, SIGNAL_SET_SIZE);
        first.action[signo].handler = old.handler == (uintptr_t)SIG_IGN;
        if (signal_bit(signo) & SIGNAL_FAULTS)
            signal_sync_action(p, signo);
    }
    signal_unblock(t);
    return 0;
}

bool signal_block(struct thread *t)
{
    host_mask_swap(~SIGNAL_FAULTS);
    return !signals_of(t)->captured;
}

void signal_set_mask(struct thread *t, uint64_t mask)
{
    t->sig_mask = mask & ~SIGNAL_UNBLOCKABLE;
    if (signals_of(t)->held & ~t->sig_mask) {
        t->cpu->pending = 1;
        engine_kick(t->cpu);
    }
}

void signal_unblock(struct thread *t)
{
    if (!signals_of(t)->captured)
        host_mask_swap(t->sig_mask & ~SIGNAL_FAULTS);
}

void signal_prepare_exec(struct thread *t)
{
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++) {
        struct host_action a = {.restorer = signal_restorer, .flags = HOST_SA_RESTORER};

        if (!(signal_bit(signo) & SIGNAL_FAULTS))
            continue;
        if (t->p->sig->action[signo].handler == 1)
            a.handler = (uintptr_t)SIG_IGN;
        host_set_action(signo, &a);
    }
    host_mask_swap(t->sig_mask);
}

void signal_abort_exec(struct thread *t)
{
    host_mask_swap(~SIGNAL_FAULTS);
    for (int signo = 1; signo <= SIGNAL_COUNT; signo++)
        if (signal_bit(signo) & SIGNAL_FAULTS)
            signal_sync_action(t->p, signo);
}

/* ------------------------------------------------------------------- delivery */

/* sp is on the guest's alternate stack (never so with SS_AUTODISARM, which disarms it). */
static bool on_altstack(const struct thread *t, uint64_t sp)
{
    return !(t->altstack.flags & SS_AUTODISARM_) && sp > t->altstack.sp &&
           sp - t->altstack.sp <= t->altstack.size;
}

static _Noreturn void die_of(struct thread *t, const struct signal_event *ev)
{
    report_fatal(t, ev->info.si_signo, ev->info.si_code, (uint64_t)(uintptr_t)ev->info.si_addr);
    gdb_killed(t, ev->info.si_signo);
    if (!proc_of(t->p)->vfork_child)
        report_end(t->p);
    signal_die(ev->info.si_signo);
}

/* Enters the guest's handler: frame, mask. All signals are blocked in the host. If the frame can't be
 * written the signal becomes SIGSEGV, and if it is one already, or that has no handler, the end. */
static void enter_handler(struct thread *t, struct signal_event *ev, const struct signal_action *first,
                          uint64_t base_mask)
{
    struct signal_action act = *first;

    for (;;) {
        int signo = ev->info.si_signo;
        uint64_t sp = t->p->abi->get_sp(t->cpu);

        if (act.flags & SA_ONSTACK && t->altstack.size && !on_altstack(t, sp))
            sp = t->altstack.sp + t->altstack.size;
        if (sigframe_push(t, ev, &act, t->sig_mask, sp)) {
            t->sig_mask = base_mask | act.mask;
            if (!(act.flags & SA_NODEFER))
                t->sig_mask |= signal_bit(signo);
            t->sig_mask &= ~SIGNAL_UNBLOCKABLE;
            if (act.flags & SA_RESETHAND) {
                pthread_mutex_lock(&t->p->sig->lock);
                t->p->sig->action[signo].handler = 0;
                signal_sync_action(t->p, signo);
                pthread_mutex_unlock(&t->p->sig->lock);
            }
            if (t->altstack.flags & SS_AUTODISARM_) {
                t->altstack.sp = t->altstack.size = 0;
                t->altstack.flags = SS_DISABLE;
            }
            return;
        }
        act = signal_action_of(t->p, SIGSEGV);
        if (signo == SIGSEGV || act.handler <= 1 || base_mask & signal_bit(SIGSEGV)) {
            *ev = (struct signal_event){.info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL}};
            die_of(t, ev);
        }
        *ev = (struct signal_event){.info = {.si_signo = SIGSEGV, .si_code = SI_KERNEL}};
    }
}

/* What the interrupted system call becomes now that act's handler runs (NULL: none does). */
static void resolve_restart(struct thread *t, const struct signal_action *act)
{
    bool again = t->restart == SYS_RESTARTNOINTR ||
                 (t->restart == SYS_RESTARTSYS && act != NULL && act->flags & SA_RESTART);

    if (t->restart == 0)
        return;
    if (again)
        t->p->abi->syscall_rewind(t->cpu, t->sys_nr, t->sys_arg0);
    else
        t->p->abi->syscall_result(t->cpu, (uint64_t)-EINTR);
    t->restart = 0;
}

bool signal_take_held(struct thread *t, uint64_t mask)
{
    struct thread_signals *s = signals_of(t);
    uint64_t ready = s->held & ~mask;

    if (!ready || s->captured)
        return s->captured;
    host_mask_swap(~SIGNAL_FAULTS);
    if (!s->captured) {
        int signo = __builtin_ctzll(ready) + 1;

        s->held &= ~signal_bit(signo);
        s->info = s->held_info[signo];
        s->captured = 1;
        t->cpu->pending = 1;
        engine_kick(t->cpu);
    }
    return true;
}

static bool ignored_by_default(int signo)
{
    return signo == SIGCHLD || signo == SIGURG || signo == SIGWINCH || signo == SIGCONT;
}

static bool stops_by_default(int signo)
{
    return signo == SIGTSTP || signo == SIGTTIN || signo == SIGTTOU;
}

void signal_deliver(struct thread *t)
{
    struct thread_signals *s = signals_of(t);

    for (;;) {
        struct signal_event ev = {0};
        struct signal_action act;
        int signo;

        t->cpu->pending = 0;
        engine_unkick(t->cpu);
        if (!s->captured && !signal_take_held(t, t->sig_mask))
            break;
        ev.info = s->info;
        if (t->p->gdb && !gdb_signal(t, &ev.info)) {
            s->captured = 0;
            host_mask_swap(t->sig_mask & ~SIGNAL_FAULTS);
            continue;
        }
        signo = ev.info.si_signo;
        act = signal_action_of(t->p, signo);
        if (act.handler > 1) {
            uint64_t base = effective_mask(t);

            if (t->p->strace)
                strace_signal(t, &ev.info);
            resolve_restart(t, &act);
            enter_handler(t, &ev, &act, base);
            t->sig_has_temp = false;
        } else if (act.handler == 0 && !ignored_by_default(signo)) {
            if (!stops_by_default(signo))
                die_of(t, &ev);
            syscall(SYS_kill, getpid(), SIGSTOP);
        }
        s->captured = 0;
        host_mask_swap(t->sig_mask & ~SIGNAL_FAULTS);
    }
    resolve_restart(t, NULL);
    t->sig_has_temp = false;
}

void signal_force(struct thread *t, int signo, int code, uint64_t addr)
{
    struct thread_signals *s = signals_of(t);
    struct signal_action act = signal_action_of(t->p, signo);
    struct signal_event ev = {.info = {.si_signo = signo, .si_code = code}};
    uint64_t plain = addr >> 55 & 1 ? addr : addr << 8 >> 8; /* without the tag: untagged_addr() */
    bool data = s->host_fault && s->fault_addr == addr; /* else it is a fetch */

    host_mask_swap(~SIGNAL_FAULTS);
    if (s->captured) { /* as if it had come before the instruction, which faults again afterwards */
        s->host_fault = false;
        signal_deliver(t);
        return;
    }
    if (signo == SIGSEGV) {
        struct mapping m;
        bool mapped = mm_lookup(t, plain, &m);

        ev.info.si_code = mapped ? SEGV_ACCERR : SEGV_MAPERR;
        ev.esr = sigframe_abort_syndrome(!data, s->fault_write, mapped ? ABORT_PERMISSION : ABORT_TRANSLATION);
    } else if (signo == SIGBUS) {
        ev.esr = sigframe_abort_syndrome(!data, s->fault_write,
                                         code == BUS_ADRALN ? ABORT_ALIGNMENT : ABORT_TRANSLATION);
    }
    s->host_fault = false;
    if (signo == SIGSEGV || signo == SIGBUS)
        ev.fault_addr = plain;
    ev.info.si_addr = (void *)(uintptr_t)(act.flags & SA_EXPOSE_TAGBITS ? addr : plain);
    if (t->p->gdb && !gdb_signal(t, &ev.info)) {
        signal_unblock(t);
        return;
    }
    if (ev.info.si_signo != signo) {
        signo = ev.info.si_signo;
        act = signal_action_of(t->p, signo);
    }
    if (t->p->strace)
        strace_signal(t, &ev.info);
    if (act.handler <= 1 || t->sig_mask & signal_bit(signo))
        die_of(t, &ev);
    enter_handler(t, &ev, &act, t->sig_mask);
    signal_unblock(t);
}
