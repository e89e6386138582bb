/*
 * ids.c: identity of the process, limits, namespaces.
 *
 * Most of it is the host process's own. What is not: limits that would bind myna instead of the
 * guest (address space, data, a very small stack) are kept here and only reported back.
 */
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_process.h"

long sys_getpid(struct thread *t, const uint64_t *a) { return getpid(); }
long sys_getppid(struct thread *t, const uint64_t *a) { return getppid(); }
long sys_gettid(struct thread *t, const uint64_t *a) { return syscall(SYS_gettid); }

/* --------------------------------------------------------------------- limits */

enum { SMALLEST_STACK = 1 << 20 }; /* myna's own C stack obeys the same limit */

const int kept_limits[PROCESS_NLIMITS] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK};

/* Index of a limit that is not passed to the host, or -1. */
static int kept_index(int resource, const struct rlimit *set)
{
    for (int i = 0; i < PROCESS_NLIMITS; i++)
        if (kept_limits[i] == resource)
            return resource == RLIMIT_STACK && set != NULL && set->rlim_cur >= SMALLEST_STACK ? -1
                                                                                               : i;
    return -1;
}

/* prlimit of this process by the kernel's rules for one kept here. */
static int set_kept_limit(struct proc_state *ps, int i, const struct rlimit *want,
                          const struct rlimit *now)
{
    if (want->rlim_cur > want->rlim_max)
        return -EINVAL;
    if (want->rlim_max > now->rlim_max && geteuid() != 0)
        return -EPERM;
    ps->limit[i].set = true;
    ps->limit[i].cur = want->rlim_cur;
    ps->limit[i].max = want->rlim_max;
    return 0;
}

static long own_limit(struct thread *t, int resource, const struct rlimit *want, struct rlimit *old)
{
    struct proc_state *ps = proc_of(t->p);
    int i = kept_index(resource, NULL), r = 0;

    if (prlimit(0, (enum __rlimit_resource)resource, NULL, old) != 0)
        return -errno;
    if (i >= 0 && ps->limit[i].set) {
        old->rlim_cur = ps->limit[i].cur;
        old->rlim_max = ps->limit[i].max;
    }
    if (want == NULL)
        return 0;
    if (kept_index(resource, want) >= 0)
        return set_kept_limit(ps, i, want, old);
    if (prlimit(0, (enum __rlimit_resource)resource, want, NULL) != 0)
        r = -errno;
    else if (i >= 0)
        ps->limit[i].set = false;
    return r;
}

long sys_prlimit64(struct thread *t, const uint64_t *a)
{
    struct rlimit want, old;
    long r;

    if (a[2] != 0 && user_read(t->p, &want, a[2], sizeof want) != 0)
        return -EFAULT;
    if ((pid_t)a[0] != 0 && (pid_t)a[0] != getpid())
        r = prlimit((pid_t)a[0], (enum __rlimit_resource)a[1], a[2] ? &want : NULL, &old) ? -errno
                                                                                          : 0;
    else
        r = own_limit(t, (int)a[1], a[2] ? &want : NULL, &old);
    if (r == 0 && a[3] != 0)
        r = user_write(t->p, a[3], &old, sizeof old);
    return r;
}

long sys_getrlimit(struct thread *t, const uint64_t *a)
{
    const uint64_t b[4] = {0, a[0], 0, a[1]};

    return a[1] == 0 ? -EFAULT : sys_prlimit64(t, b);
}

long sys_setrlimit(struct thread *t, const uint64_t *a)
{
    const uint64_t b[4] = {0, a[0], a[1], 0};

    return a[1] == 0 ? -EFAULT : sys_prlimit64(t, b);
}

/* ----------------------------------------------------- other processes, namespaces */

/* Two processes' descriptors, files, memory ...: only the slot of an epoll target is an address. */
long sys_kcmp(struct thread *t, const uint64_t *a)
{
    const int epoll_target = 7;

    return host_syscall(SYS_kcmp, a[0], a[1], a[2], a[3],
                        (int)a[2] == epoll_target ? (uintptr_t)arg_ptr(t, a[4]) : a[4]);
}

/* Rights are each thread's own: none of myna's keeps what the guest gives up. */
long sys_capset(struct thread *t, const uint64_t *a)
{
    engine_quiet(t->p->engine);
    return host_syscall(SYS_capset, arg_ptr(t, a[0]), arg_ptr(t, a[1]));
}

long sys_unshare(struct thread *t, const uint64_t *a)
{
    struct watchdog *w = watchdog_pause(t->p);
    long r;

    engine_quiet(t->p->engine);
    r = host_syscall(SYS_unshare, a[0]);
    watchdog_resume(w);
    return r;
}

long sys_setns(struct thread *t, const uint64_t *a)
{
    struct watchdog *w = watchdog_pause(t->p);
    long r;

    engine_quiet(t->p->engine);
    r = host_syscall(SYS_setns, a[0], a[1]);
    watchdog_resume(w);
    return r;
}
