/*
 * sigcall.c: the system calls about signals.
 *
 * Dispositions and masks are kept twice, for the guest here and for the host by signal.c; both change
 * only with all signals blocked. Pending signals are the host kernel's, but for held fault signals.
 * Layouts of siginfo_t, stack_t and struct sigaction are those of every 64-bit Linux.
 */
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_process.h"
#include "guest_signal.h"


#define SS_AUTODISARM_ (1u << 31)
/* What arm64 demands of an alternate stack at least. */
enum { GUEST_MINSIGSTKSZ = 5120 };
/* Flags the kernel knows; others are cleared so that programs can test for them. */
#define SA_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART | SA_NODEFER | \
                  SA_RESETHAND | 0x800u | 0x04000000u)

/* Reads a guest's signal set; size must be the kernel's. */
static int read_set(struct thread *t, uint64_t addr, uint64_t size, uint64_t *set)
{
    if (size != SIGNAL_SET_SIZE)
        return -EINVAL;
    return user_read(t->p, set, addr, sizeof *set);
}

long sys_rt_sigaction(struct thread *t, const uint64_t *a)
{
    int signo = (int)a[0];
    struct signal_action act = {0}, old;

    if (a[3] != SIGNAL_SET_SIZE || signo < 1 || signo > SIGNAL_COUNT)
        return -EINVAL;
    if (a[1] != 0) {
        if (user_read(t->p, &act, a[1], sizeof act) != 0)
            return -EFAULT;
        if (signal_bit(signo) & SIGNAL_UNBLOCKABLE)
            return -EINVAL;
    }
    if (a[1] != 0) {
        if (!signal_block(t))
            return -SYS_RESTARTNOINTR;
        act.flags &= SA_KNOWN;
        act.mask &= ~SIGNAL_UNBLOCKABLE;
        pthread_mutex_lock(&t->p->sig->lock);
        old = t->p->sig->action[signo];
        t->p->sig->action[signo] = act;
        signal_sync_action(t->p, signo);
        pthread_mutex_unlock(&t->p->sig->lock);
        if (act.handler == 1)
            signals_of(t)->held &= ~signal_bit(signo);
        signal_unblock(t);
    } else {
        old = signal_action_of(t->p, signo);
    }
    if (a[2] != 0 && user_write(t->p, a[2], &old, sizeof old) != 0)
        return -EFAULT;
    return 0;
}

long sys_rt_sigprocmask(struct thread *t, const uint64_t *a)
{
    uint64_t set, old = t->sig_mask, mask = old;
    int r;

    if (a[3] != SIGNAL_SET_SIZE)
        return -EINVAL;
    if (a[1] != 0) {
        r = read_set(t, a[1], a[3], &set);
        if (r != 0)
            return r;
        switch ((int)a[0]) {
        case SIG_BLOCK: mask |= set; break;
        case SIG_UNBLOCK: mask &= ~set; break;
        case SIG_SETMASK: mask = set; break;
        default: return -EINVAL;
        }
        if (!signal_block(t))
            return -SYS_RESTARTNOINTR;
        signal_set_mask(t, mask);
        signal_unblock(t);
    }
    return a[2] != 0 ? user_write(t->p, a[2], &old, sizeof old) : 0;
}

long sys_rt_sigpending(struct thread *t, const uint64_t *a)
{
    uint64_t set = 0;

    if (a[1] > SIGNAL_SET_SIZE)
        return -EINVAL;
    if (signals_of(t)->captured)
        return -SYS_RESTARTNOINTR;
    syscall(SYS_rt_sigpending, &set, SIGNAL_SET_SIZE);
    set |= signals_of(t)->held;
    return user_write(t->p, a[0], &set, a[1]);
}

long sys_rt_sigsuspend(struct thread *t, const uint64_t *a)
{
    uint64_t set, host;
    long r = read_set(t, a[0], a[1], &set);

    if (r != 0)
        return r;
    t->sig_temp_mask = set & ~SIGNAL_UNBLOCKABLE;
    t->sig_has_temp = true;
    if (signal_take_held(t, t->sig_temp_mask))
        return -EINTR;
    host = set & ~SIGNAL_FAULTS;
    r = host_syscall_blocking(t, SYS_rt_sigsuspend, (long)&host, SIGNAL_SET_SIZE);
    if (r == -SYS_RESTARTNOINTR)
        t->sig_has_temp = false;
    return r;
}

long sys_rt_sigtimedwait(struct thread *t, const uint64_t *a)
{
    struct thread_signals *s = signals_of(t);
    uint64_t set, host, ready;
    siginfo_t info;
    struct timespec ts;
    long r = read_set(t, a[0], a[3], &set);

    if (r == 0 && a[2] != 0)
        r = user_read(t->p, &ts, a[2], sizeof ts);
    if (r != 0)
        return r;
    ready = s->held & set;
    if (ready) {
        int signo = __builtin_ctzll(ready) + 1;

        s->held &= ~signal_bit(signo);
        info = s->held_info[signo];
        r = signo;
    } else {
        host = set & ~SIGNAL_FAULTS;
        r = host_syscall_blocking(t, SYS_rt_sigtimedwait, (long)&host, (long)&info,
                                  (long)(a[2] ? &ts : NULL), SIGNAL_SET_SIZE);
    }
    if (r > 0 && a[1] != 0 && user_write(t->p, a[1], &info, sizeof info) != 0)
        return -EFAULT;
    return r;
}

/* A siginfo that the process sends itself with a code of the kernel's own would look like a fault of
 * translated code to on_signal: it is held instead and delivered from there. */
static bool queue_own_fault(struct thread *t, int signo, uint64_t addr, long *result)
{
    struct thread_signals *s = signals_of(t);
    siginfo_t info;

    if (signo < 1 || signo > SIGNAL_COUNT || !(signal_bit(signo) & SIGNAL_FAULTS))
        return false;
    if (user_read(t->p, &info, addr, sizeof info) != 0) {
        *result = -EFAULT;
        return true;
    }
    if (info.si_code <= 0)
        return false;
    info.si_signo = signo;
    s->held_info[signo] = info;
    s->held |= signal_bit(signo);
    signal_set_mask(t, t->sig_mask);
    *result = 0;
    return true;
}

long sys_rt_sigqueueinfo(struct thread *t, const uint64_t *a)
{
    long r;

    if ((pid_t)a[0] == getpid() && queue_own_fault(t, (int)a[1], a[2], &r))
        return r;
    return host_syscall(SYS_rt_sigqueueinfo, a[0], a[1], g2h(t->p, a[2]));
}

long sys_rt_tgsigqueueinfo(struct thread *t, const uint64_t *a)
{
    long r;

    if ((pid_t)a[0] == getpid() && queue_own_fault(t, (int)a[2], a[3], &r))
        return r;
    return host_syscall(SYS_rt_tgsigqueueinfo, a[0], a[1], a[2], g2h(t->p, a[3]));
}

long sys_pidfd_send_signal(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_pidfd_send_signal, a[0], a[1], a[2] ? g2h(t->p, a[2]) : NULL, a[3]);
}

long sys_kill(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_kill, a[0], a[1]);
}

long sys_tkill(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_tkill, a[0], a[1]);
}

long sys_tgkill(struct thread *t, const uint64_t *a)
{
    if ((pid_t)a[0] == getpid() && !thread_exists(t->p, (pid_t)a[1]))
        return -ESRCH;
    return host_syscall(SYS_tgkill, a[0], a[1], a[2]);
}

long sys_signalfd4(struct thread *t, const uint64_t *a)
{
    uint64_t set;
    int r = read_set(t, a[1], a[2], &set);

    return r != 0 ? r : host_syscall(SYS_signalfd4, a[0], &set, SIGNAL_SET_SIZE, a[3]);
}

long sys_restart_syscall(struct thread *t, const uint64_t *a)
{
    return -EINTR; /* the host's kernel restarts its own; the guest's never has one open */
}

/* -------------------------------------------------------- alternate stack, return */

struct guest_stack {
    uint64_t sp;
    int32_t flags, pad;
    uint64_t size;
};

static bool on_altstack(const struct thread *t)
{
    uint64_t sp = t->p->abi->get_sp(t->cpu);

    return !(t->altstack.flags & SS_AUTODISARM_) && sp > t->altstack.sp &&
           sp - t->altstack.sp <= t->altstack.size;
}

/* Sets the guest's alternate stack by the rules of sigaltstack(2). */
static int set_altstack(struct thread *t, const struct guest_stack *ss)
{
    uint32_t mode = (uint32_t)ss->flags & ~SS_AUTODISARM_;

    if (on_altstack(t))
        return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0)
        return -EINVAL;
    if (mode != SS_DISABLE && ss->size < GUEST_MINSIGSTKSZ)
        return -ENOMEM;
    t->altstack.flags = (uint32_t)ss->flags;
    t->altstack.sp = mode == SS_DISABLE ? 0 : ss->sp;
    t->altstack.size = mode == SS_DISABLE ? 0 : ss->size;
    return 0;
}

long sys_sigaltstack(struct thread *t, const uint64_t *a)
{
    struct guest_stack ss, old = {
        .sp = t->altstack.sp,
        .size = t->altstack.size,
        .flags = (int32_t)(t->altstack.size == 0 ? SS_DISABLE
                           : (on_altstack(t) ? SS_ONSTACK : 0) |
                             (t->altstack.flags & SS_AUTODISARM_)),
    };
    int r;

    if (a[0] != 0) {
        r = user_read(t->p, &ss, a[0], sizeof ss);
        if (r == 0)
            r = set_altstack(t, &ss);
        if (r != 0)
            return r;
    }
    return a[1] != 0 ? user_write(t->p, a[1], &old, sizeof old) : 0;
}

long sys_rt_sigreturn(struct thread *t, const uint64_t *a)
{
    uint64_t mask, stack[3];
    struct guest_stack ss;

    if (!signal_block(t))
        return -SYS_RESTARTNOINTR;
    if (sigframe_pop(t, &mask, stack)) {
        signal_set_mask(t, mask);
        signal_unblock(t);
        ss = (struct guest_stack){.sp = stack[0], .flags = (int32_t)stack[1], .size = stack[2]};
        set_altstack(t, &ss);
    } else {
        signal_force(t, SIGSEGV, SEGV_MAPERR, t->p->abi->get_sp(t->cpu));
    }
    return -SYS_KEEP_REGS;
}

/* ------------------------------------------------------------- blocking host calls */

long signal_stub_syscall(const uint32_t *captured, long nr, long a, long b, long c, long d, long e,
                         long f);

long host_syscall_blocking(struct thread *t, long nr, ...)
{
    __builtin_va_list ap;
    long v[6];

    __builtin_va_start(ap, nr);
    for (int i = 0; i < 6; i++)
        v[i] = __builtin_va_arg(ap, long);
    __builtin_va_end(ap);
    return signal_stub_syscall(&signals_of(t)->captured, nr, v[0], v[1], v[2], v[3], v[4], v[5]);
}
