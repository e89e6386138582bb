/*
 * mremap.c: mremap.
 *
 * Arguments are checked by the kernel's rules for the guest; then the host moves what there is, several
 * mappings at once too where its kernel does that (6.17). Where the host is asked with something of
 * myna's own in a hole of the range, the answer is ENOMEM. A call that fails may have unmapped part of
 * the ranges, as the kernel unmaps the target before it looks further: the map is then held against the
 * host. Source: mm/mremap.c of Linux 6.1 and 6.18.
 */
#include <sys/mman.h>
#include <sys/syscall.h>
#include "mem.h"

#ifndef MREMAP_DONTUNMAP
#define MREMAP_DONTUNMAP 4
#endif

static bool may_grow(struct process *p, const struct mapping *m, uint64_t len)
{
    return mm_may_grow(p, len, 0, m->prot & PROT_WRITE && !m->shared);
}

/* Forgets what of [start, end) the host no longer has, and gives back placeholders. */
static void resync(struct process *p, uint64_t start, uint64_t end)
{
    mm_unclaim(p, start, end - start);
    for (uint64_t at = start; at < end;) {
        const struct mapping *m = maptree_first(p->mm, at);
        if (!m || m->start >= end)
            return;
        uint64_t from = m->start > at ? m->start : at, to = m->end < end ? m->end : end;
        at = to;
        while (from < to) { /* the host unmaps whole pages of it */
            uint64_t n = mm_host_has(p, from, to) ? to - from : GUEST_PAGE;
            if (n == GUEST_PAGE && !mm_host_has(p, from, from + n))
                mm_forget(p, from, from + n);
            from += n;
        }
    }
}

/* Is there nothing of myna's in the holes of [start, end)? */
static bool holes_are_free(struct process *p, uint64_t start, uint64_t end)
{
    if (mm_check(p->mm, start, end - start, 0))
        return true;
    if (mm_claim(p, start, end - start) < 0)
        return false;
    mm_unclaim(p, start, end - start);
    return true;
}

/* Does the host's kernel move several mappings at once? Two pages of its own are tried. */
static bool host_moves_several(void)
{
    static int answer; /* 1: no, 2: yes */

    if (!answer) {
        char *at = mmap(NULL, 4 * GUEST_PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (at == MAP_FAILED)
            return false;
        mprotect(at, GUEST_PAGE, PROT_NONE);
        answer = mremap(at, 2 * GUEST_PAGE, 2 * GUEST_PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
                        at + 2 * GUEST_PAGE) == MAP_FAILED ? 1 : 2;
        munmap(at, 4 * GUEST_PAGE);
    }
    return answer == 2;
}

/* Without a new address: shrinks, or grows in place. Address, -errno, or 0: it must move. */
static int64_t resize(struct process *p, const struct mapping *m, uint64_t old, uint64_t osize,
                      uint64_t nsize, bool may_move)
{
    struct mm *mm = p->mm;
    int64_t r;

    if (nsize <= osize) {
        if (nsize < osize && (r = mm_unmap(p, old + nsize, osize - nsize)) < 0)
            return r;
        return (int64_t)old;
    }
    if (m->end < old + osize)
        return -EFAULT; /* several mappings can't grow */
    if (!may_grow(p, m, nsize - osize))
        return -ENOMEM;
    /* In place, if the host can; it knows too where it sees several mappings. */
    if (osize && old + nsize <= mm->limit && !mm->reserved) {
        r = host_syscall(SYS_mremap, g2h(p, old), osize, nsize, 0, 0);
        if (r >= 0) {
            mm_move(p, old, osize, old, nsize, true);
            return (int64_t)old;
        }
        if (r != -ENOMEM)
            return r;
    }
    return may_move ? 0 : -ENOMEM;
}

/* A place for nsize bytes that the host may map over: *new or, if that isn't fixed, anywhere. */
static int64_t make_place(struct process *p, uint64_t nsize, uint64_t flags, uint64_t new)
{
    bool wanted = flags & MREMAP_DONTUNMAP && new && !(new & GUEST_PAGE_MASK) &&
                  new + nsize > new && new + nsize <= p->mm->limit;
    int64_t r;

    if (flags & MREMAP_FIXED) {
        mm_sync(p, new, new + nsize);
        r = mm_claim(p, new, nsize);
        return r < 0 ? r : (int64_t)new;
    }
    if (wanted && mm_is_free(p->mm, new, nsize) && mm_claim(p, new, nsize) == 0)
        return (int64_t)new;
    return mm_place(p, nsize, GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                    0);
}

static long do_mremap(struct thread *t, const uint64_t *a)
{
    struct process *p = t->p;
    struct mm *mm = p->mm;
    uint64_t old = a[0], osize = PAGE_UP(a[1]), nsize = PAGE_UP(a[2]), flags = a[3], new = a[4];
    const struct mapping *m;
    int64_t r;

    if ((flags & ~(uint64_t)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) ||
        (old & GUEST_PAGE_MASK) || !nsize || old + osize < old || nsize > mm->limit ||
        ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) && !(flags & MREMAP_MAYMOVE)) ||
        ((flags & MREMAP_DONTUNMAP) && osize != nsize))
        return -EINVAL;
    if (osize < a[1] || nsize < a[2])
        return -EINVAL;
    if ((flags & MREMAP_FIXED) &&
        ((new & GUEST_PAGE_MASK) || new + nsize < new || new + nsize > mm->limit ||
         (new < old + osize && old < new + nsize)))
        return -EINVAL;
    mm_sync(p, old, old + osize);
    if (old >= mm->limit || old + osize > mm->limit || !(m = mm_find(mm, old)))
        return -EFAULT;
    if (mm_make_room_for_move(p, old, osize) < 0)
        return -ENOMEM;
    m = mm_find(mm, old);
    if (!osize && !m->shared)
        return -EINVAL;
    if (!(flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))) {
        r = resize(p, m, old, osize, nsize, flags & MREMAP_MAYMOVE);
        if (r != 0)
            return r;
        m = mm_find(mm, old);
    } else if (m->end < old + (osize < nsize ? osize : nsize) &&
               (nsize != osize || !host_moves_several())) {
        return -EFAULT; /* the host may see one mapping where the guest has several */
    } else if (nsize > osize || flags & MREMAP_DONTUNMAP) {
        if (!may_grow(p, m, flags & MREMAP_DONTUNMAP ? nsize : nsize - osize))
            return -ENOMEM;
    }
    if (!holes_are_free(p, old, old + osize))
        return -ENOMEM;
    r = make_place(p, nsize, flags, new);
    if (r < 0)
        return r;
    new = (uint64_t)r;
    r = host_syscall(SYS_mremap, g2h(p, old), osize, nsize,
                     flags | MREMAP_MAYMOVE | MREMAP_FIXED, g2h(p, new));
    if (r < 0) {
        resync(p, new, new + nsize);
        resync(p, old, old + osize);
        return r;
    }
    if (osize > nsize)
        mm_forget(p, old + nsize, old + osize);
    mm_move(p, old, osize < nsize ? osize : nsize, new, nsize, !osize || (flags & MREMAP_DONTUNMAP));
    mm_unclaim(p, new, nsize);
    if (mm->reserved && osize && !(flags & MREMAP_DONTUNMAP))
        host_syscall(SYS_mmap, g2h(p, old), osize, PROT_NONE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    return (long)new;
}

long sys_mremap(struct thread *t, const uint64_t *a)
{
    mm_lock(t);
    long r = do_mremap(t, a);
    mm_unlock(t);
    return r;
}
