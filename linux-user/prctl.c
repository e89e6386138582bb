/*
 * prctl.c: options of prctl(2) and personality(2).
 *
 * Most options are the host process's own. Those that concern the processor or the layout of memory are
 * answered here as arm64's kernel would; which is which stands in prctl.def.
 *
 * Sources: Linux kernel/sys.c, arch/arm64/kernel/{process,pointer_auth,sys}.c of 6.12.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "guest_process.h"

enum { TSC_ENABLE = 1, TSC_SIGSEGV = 2 };

#define HOST(n, name, format)
#define OWN(n, name) static long prctl_##name(struct thread *t, const uint64_t *a);
#define NOT(n, name, error, reason)
#include "prctl.def"

static const struct option {
    uint32_t number;
    const char *name, *format;
    long (*call)(struct thread *t, const uint64_t *a);
    int error;
    const char *reason;
} options[] = {
#define HOST(n, name, format)       { n, #name, format },
#define OWN(n, name)                { n, #name, NULL, prctl_##name },
#define NOT(n, name, error, reason) { n, #name, NULL, NULL, error, reason },
#include "prctl.def"
};

long sys_prctl(struct thread *t, const uint64_t *a)
{
    const struct option *o = options, *end = o + sizeof options / sizeof *options;
    uint64_t b[5] = {a[0], a[1], a[2], a[3], a[4]};

    while (o < end && o->number != (uint32_t)a[0])
        o++;
    if (o == end) {
        log_unimp("prctl option %u is unknown", (uint32_t)a[0]);
        return -EINVAL;
    }
    if (o->call != NULL)
        return o->call(t, a);
    if (o->format == NULL) {
        log_unimp("prctl %s is not supported: %s", o->name, o->reason);
        return -o->error;
    }
    for (unsigned i = 0; o->format[i]; i++)
        if (o->format[i] == 'p')
            b[i + 1] = (uintptr_t)arg_ptr(t, a[i + 1]);
    return host_syscall(SYS_prctl, b[0], b[1], b[2], b[3], b[4]);
}

/* ------------------------------------------------------------------ processor */

/* The counters are always readable. */
static long prctl_PR_GET_TSC(struct thread *t, const uint64_t *a)
{
    const uint32_t enabled = TSC_ENABLE;

    return user_write(t->p, a[1], &enabled, sizeof enabled);
}

static long prctl_PR_SET_TSC(struct thread *t, const uint64_t *a)
{
    if (a[1] == TSC_SIGSEGV)
        log_unimp("prctl PR_SET_TSC: PR_TSC_SIGSEGV is not supported");
    return a[1] == TSC_ENABLE ? 0 : -EINVAL;
}

static long prctl_PR_PAC_RESET_KEYS(struct thread *t, const uint64_t *a)
{
    if (t->p->abi->reset_keys == NULL || a[2] || a[3] || a[4])
        return -EINVAL;
    return t->p->abi->reset_keys(t->cpu, a[1]);
}

static long prctl_PR_PAC_SET_ENABLED_KEYS(struct thread *t, const uint64_t *a)
{
    const uint64_t all = 15; /* PR_PAC_ENABLED_KEYS_MASK: both keys for instructions, both for data */

    if (t->p->abi->reset_keys == NULL || t->p->abi->reset_keys(t->cpu, ~0ull) != 0)
        return -EINVAL;
    if (a[3] || a[4] || a[1] & ~all || a[2] & ~a[1])
        return -EINVAL;
    if (a[2] != a[1]) {
        log_unimp("prctl PR_PAC_SET_ENABLED_KEYS: keys cannot be disabled");
        return -EINVAL;
    }
    return 0;
}

static long prctl_PR_PAC_GET_ENABLED_KEYS(struct thread *t, const uint64_t *a)
{
    if (t->p->abi->reset_keys == NULL || t->p->abi->reset_keys(t->cpu, ~0ull) != 0)
        return -EINVAL;
    return a[1] || a[2] || a[3] || a[4] ? -EINVAL : 15;
}

/* --------------------------------------------------------------------- memory */

/* The ends of arguments and environment may be moved, which programs do that change their title. */
/* The tagged address ABI (Documentation/arch/arm64/tagged-address-abi.rst), without MTE. It is the process's here, not
 * each thread's. */
static long prctl_PR_SET_TAGGED_ADDR_CTRL(struct thread *t, const uint64_t *a)
{
    if (!t->p->abi->untag || a[1] & ~1ull || a[2] || a[3] || a[4]) /* PR_TAGGED_ADDR_ENABLE */
        return -EINVAL;
    t->p->tagged = a[1];
    return 0;
}

static long prctl_PR_GET_TAGGED_ADDR_CTRL(struct thread *t, const uint64_t *a)
{
    return t->p->abi->untag && !a[1] && !a[2] && !a[3] && !a[4] ? t->p->tagged : -EINVAL;
}

static long prctl_PR_SET_MM(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->p->mm;
    uint64_t *ends[] = {&mm->arg_start, &mm->arg_end, &mm->env_start, &mm->env_end};
    unsigned which = (unsigned)(a[1] - PR_SET_MM_ARG_START);
    long r;

    if (which >= sizeof ends / sizeof *ends) {
        log_unimp("prctl PR_SET_MM %llu is not supported", (unsigned long long)a[1]);
        return -EPERM;
    }
    mm_lock(t);
    r = host_syscall(SYS_prctl, a[0], a[1], arg_ptr(t, a[2]), a[3], a[4]);
    if (r == 0)
        *ends[which] = a[2];
    mm_unlock(t);
    return r;
}

static long prctl_PR_GET_AUXV(struct thread *t, const uint64_t *a)
{
    uint64_t buf[128];
    size_t len = t->p->mm->auxv_len < sizeof buf ? t->p->mm->auxv_len : sizeof buf;

    if (a[3] || a[4])
        return -EINVAL;
    if (user_read(t->p, buf, t->p->mm->auxv, len) != 0 ||
        user_write(t->p, a[1], buf, a[2] < len ? a[2] : len) != 0)
        return -EFAULT;
    return (long)len;
}

static long prctl_PR_GET_TID_ADDRESS(struct thread *t, const uint64_t *a)
{
    return user_write(t->p, a[1], &t->clear_child_tid, sizeof t->clear_child_tid);
}

/* ---------------------------------------------------------------- personality */

/* The processor runs no 32-bit programs: their personality is refused as the kernel does then.
 * READ_IMPLIES_EXEC is for the guest's mappings, not for the host's (mmap.c); an execve ends it. */
long sys_personality(struct thread *t, const uint64_t *a)
{
    const uint32_t read_implies_exec = 0x0400000, type = 0xff, linux32 = 8, ask = 0xffffffff;
    uint32_t want = (uint32_t)a[0];

    long old = host_syscall(SYS_personality, ask);

    if (old >= 0 && t->p->mm->read_implies_exec)
        old |= read_implies_exec;
    if (want == ask)
        return old;
    if ((want & type) == linux32)
        return -EINVAL;
    host_syscall(SYS_personality, want & ~read_implies_exec);
    t->p->mm->read_implies_exec = want & read_implies_exec;
    return old;
}
