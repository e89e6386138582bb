/*
 * System calls on memory that change no mapping of the guest's, or hand the host's kernel lists of
 * addresses: sealing, non-linear mappings, advice and pages of other processes, userfaultfd.
 *
 * What the kernel keeps by address (a userfaultfd's ranges and messages) holds guest addresses only where
 * these are the host's: with another guest base it is refused by name. Another process's memory is taken
 * to have the same base.
 *
 * Sources: Linux mm/mseal.c, mm/mmap.c (remap_file_pages), mm/madvise.c, mm/migrate.c of 6.12.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "guest_process.h"
#include "mem.h"

enum { NR_mseal = 462, MOVE_CHUNK = 512 };

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

/* The host's seal does it: its refusals reach the guest through the calls of mmap.c. */
long sys_mseal(struct thread *t, const uint64_t *a)
{
    uint64_t end = PAGE_UP(a[0] + a[1]);
    long r = 0;

    if (a[2] != 0 || (a[0] & GUEST_PAGE_MASK) || a[0] + a[1] < a[0] || end < a[0])
        return -EINVAL;
    mm_lock(t);
    if (end != a[0])
        r = mm_check(t->p->mm, a[0], end - a[0], 0) ? host_syscall(NR_mseal, g2h(t->p, a[0]), a[1], 0l)
                                                    : -ENOMEM;
    mm_unlock(t);
    return r;
}

static long do_remap(struct thread *t, uint64_t start, uint64_t size, const uint64_t *a)
{
    struct process *p = t->p;
    const struct mapping *found = mm_find(p->mm, start);
    struct mapping m;
    long r;

    if (found == NULL || !found->shared || found->anonymous || found->end < start + size)
        return -EINVAL;
    r = maptree_reserve(p->mm, 3);
    if (r < 0)
        return r;
    r = host_syscall(SYS_remap_file_pages, g2h(p, start), size, a[2], a[3], a[4]);
    if (r < 0)
        return r;
    m = *mm_find(p->mm, start);
    m.start = start;
    m.end = start + size;
    m.offset = a[3] * GUEST_PAGE;
    mm_forget(p, start, start + size);
    maptree_insert(p->mm, &m);
    return 0;
}

long sys_remap_file_pages(struct thread *t, const uint64_t *a)
{
    uint64_t start = PAGE_DOWN(a[0]), size = PAGE_DOWN(a[1]);
    long r;

    if (a[2] != 0 || start + size <= start || a[3] + (size >> 12) < a[3])
        return -EINVAL;
    mm_lock(t);
    r = do_remap(t, start, size, a);
    mm_unlock(t);
    return r;
}

/* Advice that changes no contents, as Linux 6.12 allows. */
long sys_process_madvise(struct thread *t, const uint64_t *a)
{
    struct iovec local[USER_FASTIOV], *iov;
    int advice = (int)a[3], n;
    long r;

    if (advice != MADV_COLD && advice != MADV_PAGEOUT && advice != MADV_WILLNEED && advice != MADV_COLLAPSE)
        return -EINVAL;
    n = user_iov(t->p, a[1], a[2], local, &iov);
    if (n < 0)
        return n;
    r = host_syscall(SYS_process_madvise, a[0], iov, (long)n, (long)advice, a[4]);
    user_iov_free(local, iov);
    return r;
}

long sys_move_pages(struct thread *t, const uint64_t *a)
{
    uint64_t page[MOVE_CHUNK], done = 0;
    long missed = 0;

    if (!user_converts(t->p) || a[2] == 0)
        return host_syscall(SYS_move_pages, a[0], a[1], a[2], arg_ptr(t, a[3]), arg_ptr(t, a[4]), a[5]);
    while (done < a[1]) {
        uint64_t n = a[1] - done < MOVE_CHUNK ? a[1] - done : MOVE_CHUNK;
        long r;

        if (user_read(t->p, page, a[2] + done * sizeof *page, n * sizeof *page) != 0)
            return -EFAULT;
        for (uint64_t i = 0; i < n; i++)
            page[i] += t->p->guest_base;
        r = host_syscall(SYS_move_pages, a[0], n, page, a[3] ? g2h(t->p, a[3] + done * 4) : NULL,
                         g2h(t->p, a[4] + done * 4), a[5]);
        if (r < 0)
            return r;
        missed += r;
        done += n;
    }
    return missed;
}

long sys_userfaultfd(struct thread *t, const uint64_t *a)
{
    if (t->p->guest_base != 0) {
        log_unimp("userfaultfd is not supported with a guest base");
        return -ENOSYS;
    }
    t->p->mm->userfaults = true;
    return host_syscall(SYS_userfaultfd, a[0]);
}
