/*
 * poll.c: ppoll, pselect6, epoll.
 *
 * Waiting with a signal mask of its own: the mask is in force for signals during the wait only; a
 * handler's frame restores the mask from before. The host does the same with the same mask, less the
 * fault signals (signal.c). struct epoll_event is packed on x86_64 alone: events are converted.
 */
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>

#include "guest_process.h"
#include "guest_signal.h"

int wait_mask_begin(struct thread *t, uint64_t addr, uint64_t size, uint64_t *host, uint64_t **arg)
{
    *arg = NULL;
    if (addr == 0)
        return 0;
    if (size != SIGNAL_SET_SIZE)
        return -EINVAL;
    if (user_read(t->p, host, addr, sizeof *host) != 0)
        return -EFAULT;
    t->sig_temp_mask = *host & ~SIGNAL_UNBLOCKABLE;
    t->sig_has_temp = true;
    *host &= ~SIGNAL_FAULTS;
    *arg = host;
    return signal_take_held(t, t->sig_temp_mask) ? -EINTR : 0;
}

long wait_mask_end(struct thread *t, long r)
{
    if (r != -EINTR)
        t->sig_has_temp = false;
    return r;
}

long sys_ppoll(struct thread *t, const uint64_t *a)
{
    uint64_t host, *mask;
    long r = wait_mask_begin(t, a[3], a[4], &host, &mask);

    if (r == 0)
        r = host_syscall_blocking(t, SYS_ppoll, arg_ptr(t, a[0]), a[1], arg_ptr(t, a[2]), mask,
                                  SIGNAL_SET_SIZE);
    return wait_mask_end(t, r);
}

long sys_pselect6(struct thread *t, const uint64_t *a)
{
    uint64_t host, *mask = NULL, packed[2];
    long r = 0;

    if (a[5] != 0) {
        if (user_read(t->p, packed, a[5], sizeof packed) != 0)
            return -EFAULT;
        r = wait_mask_begin(t, packed[0], packed[1], &host, &mask);
    }
    packed[0] = (uintptr_t)mask;
    packed[1] = SIGNAL_SET_SIZE;
    if (r == 0)
        r = host_syscall_blocking(t, SYS_pselect6, a[0], arg_ptr(t, a[1]), arg_ptr(t, a[2]),
                                  arg_ptr(t, a[3]), arg_ptr(t, a[4]), packed);
    return wait_mask_end(t, r);
}

/* ---------------------------------------------------------------------- epoll */

/* struct epoll_event of every guest but x86. */
struct guest_event {
    uint32_t events, pad;
    uint64_t data;
};

enum { FEW_EVENTS = 64 };

static bool is_packed(const struct thread *t) { return t->p->abi->column != 0; }

long sys_epoll_ctl(struct thread *t, const uint64_t *a)
{
    struct epoll_event host;
    struct guest_event ev;

    if (is_packed(t) || a[3] == 0)
        return host_syscall(SYS_epoll_ctl, a[0], a[1], a[2], arg_ptr(t, a[3]));
    if ((int)a[1] == EPOLL_CTL_DEL)
        return host_syscall(SYS_epoll_ctl, a[0], a[1], a[2], NULL);
    if (user_read(t->p, &ev, a[3], sizeof ev) != 0)
        return -EFAULT;
    host.events = ev.events;
    host.data.u64 = ev.data;
    return host_syscall(SYS_epoll_ctl, a[0], a[1], a[2], &host);
}

/* The wait itself: nr with host_timeout in its fourth argument. */
static long wait_events(struct thread *t, const uint64_t *a, long nr, long host_timeout)
{
    struct epoll_event few[FEW_EVENTS], *host = few;
    uint64_t set, *mask;
    int max = (int)a[2];
    long r;

    if (max <= 0 || max > INT_MAX / (int)sizeof *host)
        return -EINVAL;
    if (max > FEW_EVENTS) {
        host = malloc((size_t)max * sizeof *host);
        if (host == NULL)
            return -ENOMEM;
    }
    r = wait_mask_begin(t, a[4], a[5], &set, &mask);
    if (r == 0)
        r = host_syscall_blocking(t, nr, a[0], host, max, host_timeout, mask, SIGNAL_SET_SIZE);
    for (long i = 0; i < r; i++) {
        struct guest_event ev = {.events = host[i].events, .data = host[i].data.u64};
        int w = is_packed(t) ? user_write(t->p, a[1] + (uint64_t)i * sizeof *host, &host[i], sizeof *host)
                             : user_write(t->p, a[1] + (uint64_t)i * sizeof ev, &ev, sizeof ev);

        if (w != 0) {
            r = i > 0 ? i : -EFAULT;
            break;
        }
    }
    if (host != few)
        free(host);
    return wait_mask_end(t, r);
}

long sys_epoll_pwait(struct thread *t, const uint64_t *a)
{
    return wait_events(t, a, SYS_epoll_pwait, (long)(int)a[3]);
}

long sys_epoll_pwait2(struct thread *t, const uint64_t *a)
{
    return wait_events(t, a, 441, (long)arg_ptr(t, a[3]));
}
