/*
 * strace_proc.c: arguments about processes, signals and time for -strace: the rest of show_KIND (strace_show.c).
 */
#include <linux/futex.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "guest_signal.h"
#include "strace.h"

#define put(...) line_put(x->l, __VA_ARGS__)
#define ARG (x->a[x->i])
typedef unsigned long long ull;
#define N(n) {n, #n}

static void address(const struct strace_arg *x, uint64_t addr)
{
    if (addr)
        put("%#llx", (ull)addr);
    else
        put("NULL");
}

/* Reads the argument as a structure; after: one that the call fills in. False: shown as an address. */
static bool read_arg(const struct strace_arg *x, void *to, size_t n, bool after)
{
    if (ARG && (!after || x->result >= 0) && !user_read(x->t->p, to, ARG, n))
        return true;
    address(x, ARG);
    return false;
}

/* --- time ---------------------------------------------------------------------------------------- */

static void put_timespec(const struct strace_arg *x, const struct timespec *ts)
{
    put("{tv_sec=%lld, tv_nsec=%ld}", (long long)ts->tv_sec, ts->tv_nsec);
}
static void put_timeval(const struct strace_arg *x, const struct timeval *tv)
{
    put("{tv_sec=%lld, tv_usec=%ld}", (long long)tv->tv_sec, (long)tv->tv_usec);
}

static void timespec(const struct strace_arg *x, bool after)
{
    struct timespec ts;

    if (read_arg(x, &ts, sizeof(ts), after))
        put_timespec(x, &ts);
}
void show_timespec(const struct strace_arg *x) { timespec(x, false); }
void show_timespec_out(const struct strace_arg *x) { timespec(x, true); }

static void timeval(const struct strace_arg *x, bool after)
{
    struct timeval tv;

    if (read_arg(x, &tv, sizeof(tv), after))
        put_timeval(x, &tv);
}
void show_timeval(const struct strace_arg *x) { timeval(x, false); }
void show_timeval_out(const struct strace_arg *x) { timeval(x, true); }

static void timer(const struct strace_arg *x, bool after)
{
    struct itimerspec it;

    if (!read_arg(x, &it, sizeof(it), after))
        return;
    put("{it_interval=");
    put_timespec(x, &it.it_interval);
    put(", it_value=");
    put_timespec(x, &it.it_value);
    put("}");
}
void show_itimerspec(const struct strace_arg *x) { timer(x, false); }
void show_itimerspec_out(const struct strace_arg *x) { timer(x, true); }

static void old_timer(const struct strace_arg *x, bool after)
{
    struct itimerval it;

    if (!read_arg(x, &it, sizeof(it), after))
        return;
    put("{it_interval=");
    put_timeval(x, &it.it_interval);
    put(", it_value=");
    put_timeval(x, &it.it_value);
    put("}");
}
void show_itimerval(const struct strace_arg *x) { old_timer(x, false); }
void show_itimerval_out(const struct strace_arg *x) { old_timer(x, true); }

/* The two times of utimensat. */
void show_timespecs(const struct strace_arg *x)
{
    struct timespec ts[2];

    if (!read_arg(x, ts, sizeof(ts), false))
        return;
    for (unsigned i = 0; i < 2; i++) {
        put(i ? ", " : "[");
        if (ts[i].tv_nsec == ((1l << 30) - 1))
            put("UTIME_NOW");
        else if (ts[i].tv_nsec == ((1l << 30) - 2))
            put("UTIME_OMIT");
        else
            put_timespec(x, &ts[i]);
    }
    put("]");
}

/* --- signals --------------------------------------------------------------------------------------- */

static void short_name(const struct strace_arg *x, int signo)
{
    if (signo == 32)
        put("RTMIN");
    else if (signo > 32)
        put("RT_%d", signo - 32);
    else
        put("%s", signal_name(signo) + 3);
}

/* A set: by the signals that aren't in it if these are fewer. */
static void set(const struct strace_arg *x, uint64_t s)
{
    const char *sep = "";
    bool inverted = __builtin_popcountll(s) >= 42;

    put(inverted ? "~[" : "[");
    for (int i = 1; i <= SIGNAL_COUNT; i++)
        if (!(s & signal_bit(i)) == inverted) {
            put("%s", sep);
            short_name(x, i);
            sep = " ";
        }
    put("]");
}

static void signals(const struct strace_arg *x, bool after)
{
    uint64_t s;

    if (read_arg(x, &s, sizeof(s), after))
        set(x, s);
}
void show_sigset(const struct strace_arg *x) { signals(x, false); }
void show_sigset_out(const struct strace_arg *x) { signals(x, true); }

static void action(const struct strace_arg *x, bool after)
{
    static const struct name flags[] = {
        {0x04000000, "SA_RESTORER"}, {SA_ONSTACK, "SA_ONSTACK"}, {SA_RESTART, "SA_RESTART"},
        {SA_NODEFER, "SA_NODEFER"}, {SA_RESETHAND, "SA_RESETHAND"}, {SA_SIGINFO, "SA_SIGINFO"},
        {SA_NOCLDSTOP, "SA_NOCLDSTOP"}, {SA_NOCLDWAIT, "SA_NOCLDWAIT"}, {0x800, "SA_EXPOSE_TAGBITS"}, {0, "0"},
    };
    struct signal_action s;

    if (!read_arg(x, &s, sizeof(s), after))
        return;
    if (s.handler > 1)
        put("{sa_handler=%#llx", (ull)s.handler);
    else
        put("{sa_handler=%s", s.handler ? "SIG_IGN" : "SIG_DFL");
    put(", sa_mask=");
    set(x, s.mask);
    put(", sa_flags=");
    names_put_bits(x->l, s.flags, flags);
    if (s.flags & 0x04000000)
        put(", sa_restorer=%#llx", (ull)s.restorer);
    put("}");
}
void show_sigaction(const struct strace_arg *x) { action(x, false); }
void show_sigaction_out(const struct strace_arg *x) { action(x, true); }

static void stack(const struct strace_arg *x, bool after)
{
    static const struct name flags[] = {
        {1, "SS_ONSTACK"}, {2, "SS_DISABLE"}, {1u << 31, "SS_AUTODISARM"}, {0, "0"},
    };
    struct { uint64_t sp; uint32_t flags, pad; uint64_t size; } s;

    if (!read_arg(x, &s, sizeof(s), after))
        return;
    put("{ss_sp=");
    address(x, s.sp);
    put(", ss_flags=");
    names_put_bits(x->l, s.flags, flags);
    put(", ss_size=%llu}", (ull)s.size);
}
void show_stack(const struct strace_arg *x) { stack(x, false); }
void show_stack_out(const struct strace_arg *x) { stack(x, true); }

void show_siginfo_out(const struct strace_arg *x)
{
    static const char *const codes[] = { "0", "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED",
                                         "CLD_CONTINUED" };
    siginfo_t si;

    if (!read_arg(x, &si, sizeof(si), true))
        return;
    if (!si.si_signo) {
        put("{}");
        return;
    }
    put("{si_signo=%s, si_code=", signal_name(si.si_signo));
    if (si.si_signo == SIGCHLD && si.si_code > 0 && si.si_code < 7)
        put("%s", codes[si.si_code]);
    else
        put("%s", si.si_code == SI_USER ? "SI_USER" : si.si_code == SI_TKILL ? "SI_TKILL" :
                  si.si_code == SI_QUEUE ? "SI_QUEUE" : si.si_code == SI_TIMER ? "SI_TIMER" : "SI_KERNEL");
    put(", si_pid=%d, si_uid=%u", (int)si.si_pid, si.si_uid);
    if (si.si_signo == SIGCHLD && si.si_code == CLD_EXITED)
        put(", si_status=%d", si.si_status);
    else if (si.si_signo == SIGCHLD)
        put(", si_status=%s", signal_name(si.si_status));
    put("}");
}

/* --- processes --------------------------------------------------------------------------------------- */

static const struct name clone_names[] = {
    N(CLONE_VM), N(CLONE_FS), N(CLONE_FILES), N(CLONE_SIGHAND), {0x1000, "CLONE_PIDFD"}, N(CLONE_PTRACE),
    N(CLONE_VFORK), N(CLONE_PARENT), N(CLONE_THREAD), N(CLONE_NEWNS), N(CLONE_SYSVSEM), N(CLONE_SETTLS),
    N(CLONE_PARENT_SETTID), N(CLONE_CHILD_CLEARTID), N(CLONE_DETACHED), N(CLONE_UNTRACED), N(CLONE_CHILD_SETTID),
    N(CLONE_NEWCGROUP), N(CLONE_NEWUTS), N(CLONE_NEWIPC), N(CLONE_NEWUSER), N(CLONE_NEWPID), N(CLONE_NEWNET),
    N(CLONE_IO), {0x100000000, "CLONE_CLEAR_SIGHAND"}, {0x200000000, "CLONE_INTO_CGROUP"}, {0, "0"},
};

/* The low byte is the signal at the child's end. */
void show_clone_flags(const struct strace_arg *x)
{
    uint64_t flags = ARG & ~0xffull;
    int signo = ARG & 0xff;

    if (flags || !signo)
        names_put_bits(x->l, flags, clone_names);
    if (signo)
        put("%s%s", flags ? "|" : "", signal_name(signo));
}

void show_clone_args(const struct strace_arg *x)
{
    uint64_t c[8]; /* flags pidfd child_tid parent_tid exit_signal stack stack_size tls */

    if (!read_arg(x, c, sizeof(c), false))
        return;
    put("{flags=");
    names_put_bits(x->l, c[0], clone_names);
    if (c[2] && c[0] & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID))
        put(", child_tid=%#llx", (ull)c[2]);
    if (c[3] && c[0] & CLONE_PARENT_SETTID)
        put(", parent_tid=%#llx", (ull)c[3]);
    put(", exit_signal=%s, stack=", c[4] ? signal_name((int)c[4]) : "0");
    address(x, c[5]);
    put(", stack_size=%#llx", (ull)c[6]);
    if (c[0] & CLONE_SETTLS)
        put(", tls=%#llx", (ull)c[7]);
    put("}");
}

static unsigned count_strings(const struct strace_arg *x)
{
    uint64_t s;
    unsigned n = 0;

    while (n < 100000 && !user_read(x->t->p, &s, ARG + n * 8ull, 8) && s)
        n++;
    return n;
}

void show_strings(const struct strace_arg *x)
{
    uint64_t s;
    struct strace_arg one = *x;
    unsigned n = 0;

    if (!read_arg(x, &s, 8, false))
        return;
    put("[");
    for (; n < 16 && !user_read(x->t->p, &s, ARG + n * 8ull, 8) && s; n++) {
        put(n ? ", " : "");
        one.a = &s;
        one.i = 0;
        show_string(&one);
    }
    put(count_strings(x) > n ? ", ...]" : "]");
}

void show_environment(const struct strace_arg *x)
{
    unsigned n = ARG ? count_strings(x) : 0;

    address(x, ARG);
    if (ARG)
        put(" /* %u var%s */", n, n == 1 ? "" : "s");
}

void show_status_out(const struct strace_arg *x)
{
    int s;

    if (x->result == 0 || !read_arg(x, &s, sizeof(s), true)) {
        if (x->result == 0)
            address(x, ARG);
        return;
    }
    if (WIFEXITED(s))
        put("[{WIFEXITED(s) && WEXITSTATUS(s) == %d}]", WEXITSTATUS(s));
    else if (WIFSTOPPED(s))
        put("[{WIFSTOPPED(s) && WSTOPSIG(s) == %s}]", signal_name(WSTOPSIG(s)));
    else if (WIFCONTINUED(s))
        put("[{WIFCONTINUED(s)}]");
    else
        put("[{WIFSIGNALED(s) && WTERMSIG(s) == %s%s}]", signal_name(WTERMSIG(s)),
            WCOREDUMP(s) ? " && WCOREDUMP(s)" : "");
}

static void limit(const struct strace_arg *x, const char *name, uint64_t v)
{
    if (v == ~0ull)
        put("%sRLIM64_INFINITY", name);
    else if (v > 1024 && v % 1024 == 0)
        put("%s%llu*1024", name, (ull)v / 1024);
    else
        put("%s%llu", name, (ull)v);
}
static void limits(const struct strace_arg *x, bool after)
{
    uint64_t r[2];

    if (!read_arg(x, r, sizeof(r), after))
        return;
    limit(x, "{rlim_cur=", r[0]);
    limit(x, ", rlim_max=", r[1]);
    put("}");
}
void show_rlimit(const struct strace_arg *x) { limits(x, false); }
void show_rlimit_out(const struct strace_arg *x) { limits(x, true); }

void show_rusage_out(const struct strace_arg *x)
{
    struct rusage r;

    if (!read_arg(x, &r, sizeof(r), true))
        return;
    put("{ru_utime=");
    put_timeval(x, &r.ru_utime);
    put(", ru_stime=");
    put_timeval(x, &r.ru_stime);
    put(", ...}");
}

void show_sched_param(const struct strace_arg *x)
{
    int priority;

    if (read_arg(x, &priority, sizeof(priority), false))
        put("[%d]", priority);
}

static void cpus(const struct strace_arg *x, uint64_t bytes, bool after)
{
    unsigned char set[128];
    const char *sep = "";

    if (bytes > sizeof(set))
        bytes = sizeof(set);
    if (!bytes || !read_arg(x, set, bytes, after))
        return;
    put("[");
    for (unsigned i = 0; i < bytes * 8; i++)
        if (set[i / 8] >> i % 8 & 1) {
            put("%s%u", sep, i);
            sep = " ";
        }
    put("]");
}
void show_cpuset(const struct strace_arg *x) { cpus(x, x->a[x->i - 1], false); }
void show_cpuset_out(const struct strace_arg *x)
{
    if (x->result <= 0)
        address(x, ARG);
    else
        cpus(x, (uint64_t)x->result, true);
}

void show_prctl_rest(const struct strace_arg *x)
{
    if (x->i <= prctl_arguments(x->a[0]))
        put("%#llx", (ull)ARG);
}

void show_prctl_arg(const struct strace_arg *x)
{
    if (!prctl_arguments(x->a[0]))
        return;
    switch ((int)x->a[0]) {
    case PR_SET_NAME:
        show_string(x);
        break;
    case PR_GET_NAME:
        if (x->result < 0)
            address(x, ARG);
        else
            show_string(x);
        break;
    case PR_SET_PDEATHSIG:
        show_signal(x);
        break;
    default:
        put("%#llx", (ull)ARG);
    }
}

/* --- futexes ------------------------------------------------------------------------------------------ */

void show_futex_op(const struct strace_arg *x)
{
    static const struct name ops[] = {
        N(FUTEX_WAKE), N(FUTEX_FD), N(FUTEX_REQUEUE), N(FUTEX_CMP_REQUEUE), N(FUTEX_WAKE_OP), N(FUTEX_LOCK_PI),
        N(FUTEX_UNLOCK_PI), N(FUTEX_TRYLOCK_PI), N(FUTEX_WAIT_BITSET), N(FUTEX_WAKE_BITSET),
        N(FUTEX_WAIT_REQUEUE_PI), N(FUTEX_CMP_REQUEUE_PI), {13, "FUTEX_LOCK_PI2"}, {0, "FUTEX_WAIT"},
    };
    unsigned op = (unsigned)ARG;

    names_put_one(x->l, op & (unsigned)FUTEX_CMD_MASK, ops);
    put("%s%s", op & FUTEX_PRIVATE_FLAG ? "_PRIVATE" : "", op & FUTEX_CLOCK_REALTIME ? "|FUTEX_CLOCK_REALTIME" : "");
}

static bool bitset(const struct strace_arg *x)
{
    unsigned op = (unsigned)x->a[1] & (unsigned)FUTEX_CMD_MASK;

    return op == FUTEX_WAIT_BITSET || op == FUTEX_WAKE_BITSET;
}

/* A time to wait or until which, or the second number of an operation that has one. */
void show_futex_timeout(const struct strace_arg *x)
{
    switch ((unsigned)x->a[1] & (unsigned)FUTEX_CMD_MASK) {
    case FUTEX_REQUEUE: case FUTEX_CMP_REQUEUE: case FUTEX_WAKE_OP: case FUTEX_CMP_REQUEUE_PI:
        put("%llu", (ull)ARG);
        break;
    case FUTEX_WAKE_BITSET:
        break;
    default:
        timespec(x, false);
    }
}

void show_futex_other(const struct strace_arg *x)
{
    if (!bitset(x))
        address(x, ARG);
}

void show_futex_last(const struct strace_arg *x)
{
    if (bitset(x) && (unsigned)ARG == FUTEX_BITSET_MATCH_ANY)
        put("FUTEX_BITSET_MATCH_ANY");
    else
        put("%#x", (unsigned)ARG);
}
