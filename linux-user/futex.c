/*
 * futex.c: futexes are the host's, on the same memory.
 *
 * The fourth argument is a timeout for the waiting operations and a number for the others. All go
 * through the blocking stub; the kernel knows which of them restart.
 */
#include <linux/futex.h>
#include <sys/syscall.h>

#include "guest_process.h"

long sys_futex(struct thread *t, const uint64_t *a)
{
    void *second = arg_ptr(t, a[4]);
    long timeout = (long)a[3];

    switch ((int)a[1] & FUTEX_CMD_MASK) {
    case FUTEX_WAIT:
    case FUTEX_WAIT_BITSET:
    case FUTEX_LOCK_PI:
    case 13: /* FUTEX_LOCK_PI2 */
    case FUTEX_WAIT_REQUEUE_PI:
        timeout = (long)arg_ptr(t, a[3]);
        break;
    }
    return host_syscall_blocking(t, SYS_futex, g2h(t->p, a[0]), a[1], a[2], timeout, second, a[5]);
}

/* The kernel walks the list by its pointers when the thread ends: right only if guest addresses are
 * host addresses. With another base there is but this one thread, and nobody to wait for it. */
long sys_set_robust_list(struct thread *t, const uint64_t *a)
{
    if (a[1] != 24)
        return -EINVAL;
    return t->p->guest_base == 0 ? host_syscall(SYS_set_robust_list, a[0], a[1]) : 0;
}
