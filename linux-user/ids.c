/*
 * ids.c: identity of the process, limits, prctl, personality, namespaces.
 *
 * Most of it is the host process's own. What is not: limits that would bind myna instead of the
 * guest (address space, data, a very small stack) are kept here and only reported back; prctl
 * commands that concern the host's instruction set, its memory layout or its system calls get the
 * answer of an arm64 kernel without that feature. Every prctl command is named in one table.
 */
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest_process.h"

long sys_getpid(struct thread *t, const uint64_t *a) { return getpid(); }
long sys_getppid(struct thread *t, const uint64_t *a) { return getppid(); }
long sys_gettid(struct thread *t, const uint64_t *a) { return syscall(SYS_gettid); }

/* --------------------------------------------------------------------- limits */

enum { SMALLEST_STACK = 1 << 20 }; /* myna's own C stack obeys the same limit */

static const int kept_limits[PROCESS_NLIMITS] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK};

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

/* ---------------------------------------------------------------------- prctl */

enum prctl_kind {
    HOST,       /* the host's prctl with the same numbers */
    HOST_PTR,   /* its second argument is an address */
    ABSENT,     /* EINVAL, as a kernel or CPU without the feature */
    NOPERM,     /* EPERM */
    TID_ADDRESS,
    VMA_NAME
};

static const struct { uint32_t option; uint8_t kind; const char *name; } prctls[] = {
    {1,  HOST,     "PR_SET_PDEATHSIG"},       {2,  HOST_PTR, "PR_GET_PDEATHSIG"},
    {3,  HOST,     "PR_GET_DUMPABLE"},        {4,  HOST,     "PR_SET_DUMPABLE"},
    {5,  ABSENT,   "PR_GET_UNALIGN"},         {6,  ABSENT,   "PR_SET_UNALIGN"},
    {7,  HOST,     "PR_GET_KEEPCAPS"},        {8,  HOST,     "PR_SET_KEEPCAPS"},
    {9,  ABSENT,   "PR_GET_FPEMU"},           {10, ABSENT,   "PR_SET_FPEMU"},
    {11, ABSENT,   "PR_GET_FPEXC"},           {12, ABSENT,   "PR_SET_FPEXC"},
    {13, HOST,     "PR_GET_TIMING"},          {14, HOST,     "PR_SET_TIMING"},
    {15, HOST_PTR, "PR_SET_NAME"},            {16, HOST_PTR, "PR_GET_NAME"},
    {19, ABSENT,   "PR_GET_ENDIAN"},          {20, ABSENT,   "PR_SET_ENDIAN"},
    {21, HOST,     "PR_GET_SECCOMP"},         {22, ABSENT,   "PR_SET_SECCOMP"},
    {23, HOST,     "PR_CAPBSET_READ"},        {24, HOST,     "PR_CAPBSET_DROP"},
    {25, ABSENT,   "PR_GET_TSC"},             {26, ABSENT,   "PR_SET_TSC"},
    {27, HOST,     "PR_GET_SECUREBITS"},      {28, HOST,     "PR_SET_SECUREBITS"},
    {29, HOST,     "PR_SET_TIMERSLACK"},      {30, HOST,     "PR_GET_TIMERSLACK"},
    {31, HOST,     "PR_TASK_PERF_EVENTS_DISABLE"}, {32, HOST, "PR_TASK_PERF_EVENTS_ENABLE"},
    {33, HOST,     "PR_MCE_KILL"},            {34, HOST,     "PR_MCE_KILL_GET"},
    {35, NOPERM,   "PR_SET_MM"},              {36, HOST,     "PR_SET_CHILD_SUBREAPER"},
    {37, HOST_PTR, "PR_GET_CHILD_SUBREAPER"}, {38, HOST,     "PR_SET_NO_NEW_PRIVS"},
    {39, HOST,     "PR_GET_NO_NEW_PRIVS"},    {40, TID_ADDRESS, "PR_GET_TID_ADDRESS"},
    {41, HOST,     "PR_SET_THP_DISABLE"},     {42, HOST,     "PR_GET_THP_DISABLE"},
    {43, ABSENT,   "PR_MPX_ENABLE_MANAGEMENT"}, {44, ABSENT, "PR_MPX_DISABLE_MANAGEMENT"},
    {45, ABSENT,   "PR_SET_FP_MODE"},         {46, ABSENT,   "PR_GET_FP_MODE"},
    {47, HOST,     "PR_CAP_AMBIENT"},         {50, ABSENT,   "PR_SVE_SET_VL"},
    {51, ABSENT,   "PR_SVE_GET_VL"},          {52, HOST,     "PR_GET_SPECULATION_CTRL"},
    {53, HOST,     "PR_SET_SPECULATION_CTRL"}, {54, ABSENT,  "PR_PAC_RESET_KEYS"},
    {55, ABSENT,   "PR_SET_TAGGED_ADDR_CTRL"}, {56, ABSENT,  "PR_GET_TAGGED_ADDR_CTRL"},
    {57, HOST,     "PR_SET_IO_FLUSHER"},      {58, HOST,     "PR_GET_IO_FLUSHER"},
    {59, ABSENT,   "PR_SET_SYSCALL_USER_DISPATCH"}, {60, ABSENT, "PR_PAC_SET_ENABLED_KEYS"},
    {61, ABSENT,   "PR_PAC_GET_ENABLED_KEYS"}, {62, HOST,    "PR_SCHED_CORE"},
    {63, ABSENT,   "PR_SME_SET_VL"},          {64, ABSENT,   "PR_SME_GET_VL"},
    {65, ABSENT,   "PR_SET_MDWE"},            {66, ABSENT,   "PR_GET_MDWE"},
    {67, HOST,     "PR_SET_MEMORY_MERGE"},    {68, HOST,     "PR_GET_MEMORY_MERGE"},
    {0x53564d41, VMA_NAME, "PR_SET_VMA"},     {0x59616d61, HOST, "PR_SET_PTRACER"},
};

long sys_prctl(struct thread *t, const uint64_t *a)
{
    uint32_t option = (uint32_t)a[0];
    size_t i = 0, n = sizeof prctls / sizeof *prctls;

    while (i < n && prctls[i].option != option)
        i++;
    if (i == n) {
        log_unimp("prctl option %u", option);
        return -EINVAL;
    }
    switch ((enum prctl_kind)prctls[i].kind) {
    case HOST:
        return host_syscall(SYS_prctl, a[0], a[1], a[2], a[3], a[4]);
    case HOST_PTR:
        return host_syscall(SYS_prctl, a[0], arg_ptr(t, a[1]), a[2], a[3], a[4]);
    case VMA_NAME:
        return host_syscall(SYS_prctl, a[0], a[1], arg_ptr(t, a[2]), a[3], arg_ptr(t, a[4]));
    case TID_ADDRESS:
        return user_write(t->p, a[1], &t->clear_child_tid, sizeof t->clear_child_tid);
    case NOPERM:
        log_unimp("prctl %s", prctls[i].name);
        return -EPERM;
    case ABSENT:
        log_unimp("prctl %s", prctls[i].name);
        return -EINVAL;
    }
    return -EINVAL;
}

/* ------------------------------------------------------ personality, namespaces */

long sys_personality(struct thread *t, const uint64_t *a)
{
    const uint64_t read_implies_exec = 0x0400000;

    if ((uint32_t)a[0] == 0xffffffff)
        return host_syscall(SYS_personality, 0xffffffff);
    return host_syscall(SYS_personality, (uint32_t)a[0] & ~read_implies_exec);
}

/* Two processes' descriptors, files, memory ...: only the slot of an epoll target is an address. */
long sys_kcmp(struct thread *t, const uint64_t *a)
{
    const int epoll_target = 7;

    return host_syscall(SYS_kcmp, a[0], a[1], a[2], a[3],
                        (int)a[2] == epoll_target ? (uintptr_t)arg_ptr(t, a[4]) : a[4]);
}

long sys_unshare(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_unshare, a[0]);
}

long sys_setns(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_setns, a[0], a[1]);
}
