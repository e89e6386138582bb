/*
 * aio.c: the kernel's older asynchronous I/O (io_setup ...).
 *
 * The context's identifier is the address of a ring of results that the C library reads by itself, and
 * requests hold addresses: all pass as they are where guest addresses are the host's, and the calls are
 * refused by name with another guest base. The kernel puts the ring where it likes; it is moved into the
 * guest's memory, and the kernel changes the identifier along (fs/aio.c, aio_ring_mremap).
 */
#include <sys/mman.h>
#include <sys/syscall.h>

#include "guest_process.h"
#include "guest_signal.h"
#include "mem.h"

/* struct aio_ring of fs/aio.c; `number` struct io_event follow. */
struct aio_ring {
    uint32_t id, number, head, tail, magic, compat, incompat, header_length;
};
enum { EVENT_SIZE = 32 };

static bool refused(const struct thread *t)
{
    if (t->p->guest_base == 0)
        return false;
    log_unimp("asynchronous I/O (io_setup) is not supported with a guest base");
    return true;
}

/* The new ring at host address `at` into the guest's memory: its guest address or -errno. */
static int64_t place_ring(struct process *p, uint64_t at)
{
    const struct aio_ring *ring = (const void *)(uintptr_t)at;
    uint64_t len = PAGE_UP(sizeof *ring + (uint64_t)ring->number * EVENT_SIZE);
    int64_t to = mm_place(p, len, GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    long r;

    if (to < 0)
        return to;
    r = host_syscall(SYS_mremap, at, len, len, (long)(MREMAP_MAYMOVE | MREMAP_FIXED), g2h(p, (uint64_t)to));
    if (r < 0) {
        munmap(g2h(p, (uint64_t)to), len);
        return r;
    }
    mm_record(p, (uint64_t)to, (uint64_t)to + len, PROT_READ | PROT_WRITE, MAP_SHARED, -1, 0);
    return to;
}

long sys_io_setup(struct thread *t, const uint64_t *a)
{
    uint64_t context;
    int64_t to = -ENOMEM;
    long r;

    if (refused(t))
        return -ENOSYS;
    if (user_read(t->p, &context, a[1], sizeof context) != 0)
        return -EFAULT;
    mm_lock(t);
    r = maptree_reserve(t->p->mm, 3);
    if (r == 0)
        r = host_syscall(SYS_io_setup, a[0], &context);
    if (r == 0) {
        to = place_ring(t->p, context);
        if (to < 0) {
            host_syscall(SYS_io_destroy, context);
            r = to;
        }
    }
    mm_unlock(t);
    if (r == 0)
        r = user_write(t->p, a[1], &to, sizeof to);
    return r;
}

/* It waits for requests under way: without the lock. */
long sys_io_destroy(struct thread *t, const uint64_t *a)
{
    struct mapping m;
    bool known = mm_lookup(t, a[0], &m) && m.start == a[0];
    long r = refused(t) ? -ENOSYS : host_syscall(SYS_io_destroy, a[0]);

    if (r == 0 && known) {
        mm_lock(t);
        mm_forget(t->p, m.start, m.end);
        mm_unlock(t);
    }
    return r;
}

long sys_io_submit(struct thread *t, const uint64_t *a)
{
    return refused(t) ? -ENOSYS : host_syscall(SYS_io_submit, a[0], a[1], a[2]);
}

long sys_io_cancel(struct thread *t, const uint64_t *a)
{
    return refused(t) ? -ENOSYS : host_syscall(SYS_io_cancel, a[0], a[1], a[2]);
}

long sys_io_getevents(struct thread *t, const uint64_t *a)
{
    return refused(t) ? -ENOSYS : host_syscall_blocking(t, SYS_io_getevents, a[0], a[1], a[2], a[3], a[4]);
}

long sys_io_pgetevents(struct thread *t, const uint64_t *a)
{
    uint64_t host, *mask = NULL, packed[2] = {0, SIGNAL_SET_SIZE};
    long r = 0;

    if (refused(t))
        return -ENOSYS;
    if (a[5] != 0) {
        if (user_read(t->p, packed, a[5], sizeof packed) != 0)
            return -EFAULT;
        r = wait_mask_begin(t, packed[0], packed[1], &host, &mask);
        packed[0] = (uintptr_t)mask;
    }
    if (r == 0)
        r = host_syscall_blocking(t, SYS_io_pgetevents, a[0], a[1], a[2], a[3], a[4], packed);
    return wait_mask_end(t, r);
}
