/*
 * memrange.c: system calls on ranges of memory that change no mapping: msync, madvise, mincore, locks.
 *
 * The host does them, on what is the guest's of the range. A range with holes is done mapping by
 * mapping: where the kernel goes on behind a hole and says ENOMEM at the end (msync, madvise) and
 * where it stops there (mlock, munlock, mincore). mlockall is made of mlock on each mapping: the host's
 * would lock myna too. Linux 6.1 mm/madvise.c, mm/msync.c, mm/mlock.c, mm/mincore.c.
 */
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "mem.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif

static long host_on(struct thread *t, long nr, uint64_t addr, uint64_t len, uint64_t x)
{
    return host_syscall(nr, g2h(t->p, addr), len, x);
}

/* -EINVAL: the range wraps; -ENOMEM: it has holes; 0: all of it is mapped. */
static long check_range(struct thread *t, uint64_t addr, uint64_t len)
{
    uint64_t start = PAGE_DOWN(addr), end = PAGE_UP(addr + len);

    if (end < start || addr + len < addr)
        return -EINVAL;
    mm_sync(t->p, start, end);
    return start != end && !mm_check(t->p->mm, start, end - start, 0) ? -ENOMEM : 0;
}

/* With the map locked: the mapped parts of a range with holes; the first hole ends it if stop. */
static long on_parts(struct thread *t, long nr, uint64_t addr, uint64_t len, uint64_t x, bool stop)
{
    uint64_t end = PAGE_UP(addr + len), at = PAGE_DOWN(addr);

    while (at < end) {
        const struct mapping *m = maptree_first(t->p->mm, at);
        if (!m || m->start >= end || (stop && m->start > at))
            break;
        uint64_t from = m->start > at ? m->start : at, to = m->end < end ? m->end : end;
        long r = host_on(t, nr, from, to - from, x);
        if (r < 0 && !(stop && (r == -ENOMEM || r == -EAGAIN))) /* locked, but not all of it is there */
            return r;
        at = to;
    }
    return -ENOMEM;
}

/* These may take long and do no harm to others' memory: the lock is for the check alone if there
 * are no holes. */
static long on_range(struct thread *t, long nr, uint64_t addr, uint64_t len, uint64_t x, bool stop)
{
    mm_lock(t);
    long r = check_range(t, addr, len);
    if (r == -ENOMEM)
        r = on_parts(t, nr, addr, len, x, stop);
    mm_unlock(t);
    return r < 0 ? r : host_on(t, nr, addr, len, x);
}

long sys_msync(struct thread *t, const uint64_t *a)
{
    long r = a[0] & GUEST_PAGE_MASK ? -EINVAL : host_on(t, SYS_msync, 0, 0, a[2]);

    return r < 0 ? r : on_range(t, SYS_msync, a[0], a[1], a[2], false);
}

/* Code in [start, end) may not be what it was. */
static void drop_code(struct thread *t, uint64_t start, uint64_t end)
{
    const struct mapping *m = maptree_first(t->p->mm, start);

    while (m && m->start < end && !m->exec_seen)
        m = maptree_first(t->p->mm, m->end);
    if (m && m->start < end)
        engine_invalidate(t->p->engine, start, end - start);
}

long sys_madvise(struct thread *t, const uint64_t *a)
{
    int advice = (int)a[2];
    long r = a[0] & GUEST_PAGE_MASK ? -EINVAL
             : host_on(t, SYS_madvise, 0, 0, (uint64_t)advice); /* is there such advice? */

    if (r < 0)
        return r;
    mm_lock(t);
    r = check_range(t, a[0], a[1]);
    if (r == 0)
        r = host_on(t, SYS_madvise, a[0], a[1], (uint64_t)advice);
    else if (r == -ENOMEM)
        r = on_parts(t, SYS_madvise, a[0], a[1], (uint64_t)advice, false);
    if (r != -EINVAL && (advice == MADV_DONTNEED || advice == MADV_REMOVE || advice == MADV_FREE ||
                         advice == MADV_DONTNEED_LOCKED))
        drop_code(t, a[0], a[0] + PAGE_UP(a[1]));
    mm_unlock(t);
    return r;
}

static long do_mincore(struct thread *t, const uint64_t *a)
{
    uint64_t at = a[0], end = PAGE_UP(a[0] + a[1]), vec = a[2];
    long r = check_range(t, at, a[1]);

    if (r == -EINVAL)
        return -ENOMEM;
    while (at < end) { /* what comes before a hole is written */
        const struct mapping *m = mm_find(t->p->mm, at);
        if (!m)
            return -ENOMEM;
        uint64_t to = m->end < end ? m->end : end;
        r = host_syscall(SYS_mincore, g2h(t->p, at), to - at, g2h(t->p, vec));
        if (r < 0)
            return r;
        vec += (to - at) / GUEST_PAGE;
        at = to;
    }
    return 0;
}

long sys_mincore(struct thread *t, const uint64_t *a)
{
    if (a[0] & GUEST_PAGE_MASK)
        return -EINVAL;
    mm_lock(t);
    long r = do_mincore(t, a);
    mm_unlock(t);
    return r;
}

/* --- locks ----------------------------------------------------------------------------------- */

long sys_mlock(struct thread *t, const uint64_t *a)
{
    return on_range(t, SYS_mlock, a[0], a[1], 0, true);
}

long sys_mlock2(struct thread *t, const uint64_t *a)
{
    return a[2] & ~(uint64_t)MLOCK_ONFAULT ? -EINVAL
                                           : on_range(t, SYS_mlock2, a[0], a[1], a[2], true);
}

long sys_munlock(struct thread *t, const uint64_t *a)
{
    return on_range(t, SYS_munlock, a[0], a[1], 0, true);
}

static bool has_ipc_lock(void)
{
    struct __user_cap_header_struct h = { _LINUX_CAPABILITY_VERSION_3, 0 };
    struct __user_cap_data_struct d[2] = { 0 };

    return host_syscall(SYS_capget, &h, d) == 0 && d[0].effective >> CAP_IPC_LOCK & 1;
}

/* On every mapping; errors of single ones don't count, as in the kernel. */
static void on_all(struct thread *t, long nr, uint64_t x)
{
    const struct mm *mm = t->p->mm;

    for (const struct mapping *m = maptree_first(mm, 0); m; m = maptree_first(mm, m->end))
        host_on(t, nr, m->start, m->end - m->start, x);
}

long sys_mlockall(struct thread *t, const uint64_t *a)
{
    int flags = (int)a[0];
    struct mm *mm = t->p->mm;
    struct rlimit lim;
    long r = 0;

    if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT)
        return -EINVAL;
    bool privileged = has_ipc_lock();
    if (getrlimit(RLIMIT_MEMLOCK, &lim) < 0 || (!privileged && !lim.rlim_cur))
        return -EPERM;
    mm_lock(t);
    mm_sync(t->p, 0, mm->limit);
    if (flags & MCL_CURRENT && !privileged && mm->total > lim.rlim_cur) {
        r = -ENOMEM;
    } else {
        mm->lock_future = flags & MCL_FUTURE ? flags & (MCL_FUTURE | MCL_ONFAULT) : 0;
        if (flags & MCL_CURRENT)
            on_all(t, SYS_mlock2, flags & MCL_ONFAULT ? MLOCK_ONFAULT : 0);
    }
    mm_unlock(t);
    return r;
}

long sys_munlockall(struct thread *t, const uint64_t *a)
{
    mm_lock(t);
    t->p->mm->lock_future = 0;
    on_all(t, SYS_munlock, 0);
    mm_unlock(t);
    return 0;
}
