/*
 * System calls on memory: brk, the mmap family, System V segments, other processes' memory.
 *
 * Arguments are checked by the kernel's rules for the guest (mm/mmap.c of Linux 6.1)
 * before the host sees them, because a wrong range could reach myna's own memory. Each call holds the
 * map's lock from its checks to its end.
 */
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include "mem.h"

enum { PROT_ARM_BTI = 0x10, PROT_KNOWN = PROT_READ | PROT_WRITE | PROT_EXEC | 8 /* PROT_SEM */ };

int mm_reserve(struct process *p, uint64_t size)
{
    size = PAGE_UP(size);
    int64_t r = host_syscall(SYS_mmap, (uintptr_t)p->guest_base, size, PROT_NONE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE |
                             (p->guest_base ? MAP_FIXED_NOREPLACE : 0), -1, 0);
    if (r < 0)
        return (int)r;
    p->guest_base = (uint64_t)r;
    p->mm->reserved = true;
    p->mm->limit = size;
    p->mm->high = size < MM_ZONE_TOP ? size : MM_ZONE_TOP;
    return 0;
}

static long do_brk(struct thread *t, const uint64_t *a)
{
    struct mm *mm = t->p->mm;
    uint64_t old = PAGE_UP(mm->brk), new = PAGE_UP(a[0]);

    if (a[0] < mm->brk_start || a[0] > mm->limit)
        return (long)mm->brk;
    if (new < old) {
        if (mm_unmap(t->p, new, old - new) < 0)
            return (long)mm->brk;
    } else if (!mm_may_brk(t->p, a[0])) {
        return (long)mm->brk;
    } else if (new > old &&
               mm_map(t->p, old, new - old, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) < 0) {
        return (long)mm->brk;
    }
    mm->brk = a[0];
    return (long)mm->brk;
}

/* PROT_EXEC where the personality has READ_IMPLIES_EXEC. */
static int implied_exec(const struct mm *mm, uint64_t prot)
{
    return mm->read_implies_exec && (prot & PROT_READ) ? PROT_EXEC : 0;
}

static long do_mmap(struct thread *t, const uint64_t *a)
{
    int flags = (int)a[3], fd = (int)a[4];

    if (!(flags & MAP_ANONYMOUS) && fd_hidden(t->p, fd))
        return -EBADF;
    int implied = implied_exec(t->p->mm, a[2]);
    int64_t r = mm_map(t->p, a[0], a[1], (int)a[2] | implied, flags, fd, a[5]);
    if (r == -EPERM && implied) /* a file that may not be executed */
        r = mm_map(t->p, a[0], a[1], (int)a[2], flags, fd, a[5]);
    if (r == -EINVAL && a[0] == 0 && fd >= 0 && (flags & MAP_SHARED))
        r = uring_map(t->p, a[1], (int)a[2], flags, fd, a[5]);
    return r;
}

static long do_munmap(struct thread *t, const uint64_t *a)
{
    return mm_unmap(t->p, a[0], a[1]);
}

static long protect(struct thread *t, uint64_t addr, uint64_t len, uint64_t prot)
{
    struct process *p = t->p;

    if (prot & PROT_GROWSDOWN) { /* down to the start of the mapping: a stack */
        mm_sync(p, addr, addr + 1);
        const struct mapping *m = maptree_first(p->mm, addr);
        if ((prot & PROT_GROWSUP) || (addr & GUEST_PAGE_MASK))
            return -EINVAL;
        if (!m || m->start >= addr + len)
            return -ENOMEM;
        if (!m->grows && (m->start < p->mm->stack_low || m->end > p->mm->stack_high))
            return -EINVAL;
        len += addr - m->start;
        addr = m->start;
        prot &= ~(uint64_t)PROT_GROWSDOWN;
    }
    if (prot & ~(uint64_t)(PROT_KNOWN | PROT_ARM_BTI))
        return -EINVAL;
    return mm_protect(p, addr, len, (int)prot | implied_exec(p->mm, prot));
}

static long do_mprotect(struct thread *t, const uint64_t *a)
{
    return protect(t, a[0], a[1], a[2]);
}

static long do_pkey_mprotect(struct thread *t, const uint64_t *a)
{
    return (int)a[3] == -1 ? protect(t, a[0], a[1], a[2]) : -EINVAL;
}

/* --- System V segments ----------------------------------------------------------------------- */

static long do_shmat(struct thread *t, const uint64_t *a)
{
    struct process *p = t->p;
    uint64_t addr = a[1], flags = a[2];
    struct shmid_ds ds;
    int prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
               (flags & SHM_EXEC ? PROT_EXEC : 0);
    int64_t r = host_syscall(SYS_shmctl, (int)a[0], IPC_STAT, &ds);

    if (r < 0)
        return r;
    uint64_t len = PAGE_UP(ds.shm_segsz);
    if (mm_make_room(p) < 0)
        return -ENOMEM;
    if (addr) {
        if (addr & GUEST_PAGE_MASK) {
            if (!(flags & SHM_RND))
                return -EINVAL;
            addr = PAGE_DOWN(addr);
        }
        if (addr + len < addr || addr + len > p->mm->limit ||
            (!(flags & SHM_REMAP) && !mm_is_free(p->mm, addr, len)))
            return -EINVAL;
        if ((r = mm_claim(p, addr, len)) < 0)
            return -EINVAL;
    } else {
        if (flags & SHM_REMAP)
            return -EINVAL;
        r = mm_place(p, len, GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                     -1, 0);
        if (r < 0)
            return r;
        addr = (uint64_t)r;
    }
    r = host_syscall(SYS_shmat, (int)a[0], g2h(p, addr),
                     (flags & ~(uint64_t)(SHM_EXEC | SHM_RND)) | SHM_REMAP);
    if (r < 0) {
        if (mm_is_free(p->mm, addr, len))
            host_syscall(SYS_munmap, g2h(p, addr), len);
        return r;
    }
    mm_record_shm(p, addr, len, prot, (int)a[0]);
    return (long)addr;
}

static long do_shmdt(struct thread *t, const uint64_t *a)
{
    struct process *p = t->p;
    const struct mapping *m = mm_find(p->mm, a[0]);

    if (!m || !m->shm || m->start != a[0] || m->offset)
        return -EINVAL;
    uint64_t id = m->ino, end = m->end;
    long r = host_syscall(SYS_shmdt, g2h(p, a[0]));
    if (r < 0)
        return r;
    while ((m = mm_find(p->mm, end)) && m->shm && m->ino == id && m->start - m->offset == a[0])
        end = m->end;
    mm_forget(p, a[0], end);
    return 0;
}

/* --- the calls, under the map's lock --------------------------------------------------------- */

static long locked(struct thread *t, const uint64_t *a, long (*call)(struct thread *, const uint64_t *))
{
    mm_lock(t);
    long r = call(t, a);
    mm_unlock(t);
    return r;
}

#define LOCKED(name) long sys_##name(struct thread *t, const uint64_t *a) { return locked(t, a, do_##name); }
LOCKED(brk)
LOCKED(mmap)
LOCKED(munmap)
LOCKED(mprotect)
LOCKED(pkey_mprotect)
LOCKED(shmat)
LOCKED(shmdt)

/* --- other processes' memory: the addresses there are guest addresses too -------------------- */

static long vm_rw(struct thread *t, const uint64_t *a, long nr)
{
    struct iovec here[USER_FASTIOV], there[USER_FASTIOV], *lv, *rv;
    int ln = user_iov(t->p, a[1], a[2], here, &lv);

    if (ln < 0)
        return ln;
    int rn = user_iov(t->p, a[3], a[4], there, &rv);
    long r = rn < 0 ? rn : host_syscall(nr, (int)a[0], lv, ln, rv, rn, a[5]);
    if (r > 0 && nr == SYS_process_vm_writev && (pid_t)a[0] == getpid()) /* perhaps code */
        for (int i = 0; i < rn; i++)
            engine_invalidate(t->p->engine, (uintptr_t)rv[i].iov_base - t->p->guest_base, rv[i].iov_len);
    user_iov_free(here, lv);
    user_iov_free(there, rv);
    return r;
}

long sys_process_vm_readv(struct thread *t, const uint64_t *a)
{
    return vm_rw(t, a, SYS_process_vm_readv);
}

long sys_process_vm_writev(struct thread *t, const uint64_t *a)
{
    return vm_rw(t, a, SYS_process_vm_writev);
}
