/*
 * net.c: sockets.
 *
 * struct msghdr, control messages, addresses and options have the same layout and numbers on all
 * 64-bit Linuxes, so with guest base 0 messages pass as they are. With another base the header and
 * the I/O vector are rewritten; control messages hold no addresses. Socket filters hold one.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "guest_process.h"

long sys_bind(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_bind, a[0], arg_ptr(t, a[1]), a[2]);
}

long sys_connect(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_connect, a[0], arg_ptr(t, a[1]), a[2]);
}

/* struct sock_fprog: a count and an address. */
static long set_filter(struct thread *t, const uint64_t *a)
{
    struct { uint64_t len, filter; } prog;

    if (a[4] < sizeof prog)
        return -EINVAL;
    if (user_read(t->p, &prog, a[3], sizeof prog) != 0)
        return -EFAULT;
    prog.filter += t->p->guest_base;
    return host_syscall(SYS_setsockopt, a[0], a[1], a[2], &prog, sizeof prog);
}

long sys_setsockopt(struct thread *t, const uint64_t *a)
{
    if ((int)a[1] == SOL_SOCKET && ((int)a[2] == SO_ATTACH_FILTER || (int)a[2] == 51))
        return set_filter(t, a); /* 51: SO_ATTACH_REUSEPORT_CBPF */
    return host_syscall(SYS_setsockopt, a[0], a[1], a[2], arg_ptr(t, a[3]), a[4]);
}

long sys_getsockopt(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_getsockopt, a[0], a[1], a[2], arg_ptr(t, a[3]), arg_ptr(t, a[4]));
}

/* ------------------------------------------------------------------- messages */

/* A guest message header as the host's; the vector is in local or malloc'd. */
static int message_to_host(struct thread *t, struct msghdr *m, struct iovec *local,
                           struct iovec **iov)
{
    int n = user_iov(t->p, (uint64_t)(uintptr_t)m->msg_iov, m->msg_iovlen, local, iov);

    if (n < 0)
        return n == -EINVAL ? -EMSGSIZE : n;
    m->msg_iov = *iov;
    m->msg_iovlen = (size_t)n;
    m->msg_name = arg_ptr(t, (uint64_t)(uintptr_t)m->msg_name);
    m->msg_control = arg_ptr(t, (uint64_t)(uintptr_t)m->msg_control);
    return 0;
}

/* One message; back: what recvmsg changes in the header is written to the guest's. */
static long one_message(struct thread *t, long nr, uint64_t fd, uint64_t addr, uint64_t flags,
                        bool back)
{
    struct iovec local[USER_FASTIOV], *iov = local;
    struct msghdr m, host;
    long r;

    if (t->p->guest_base == 0)
        return host_syscall_blocking(t, nr, fd, addr, flags);
    if (user_read(t->p, &m, addr, sizeof m) != 0)
        return -EFAULT;
    host = m;
    r = message_to_host(t, &host, local, &iov);
    if (r != 0)
        return r;
    r = host_syscall_blocking(t, nr, fd, &host, flags);
    if (r >= 0 && back) {
        m.msg_namelen = host.msg_namelen;
        m.msg_controllen = host.msg_controllen;
        m.msg_flags = host.msg_flags;
        if (user_write(t->p, addr, &m, sizeof m) != 0)
            r = -EFAULT;
    }
    user_iov_free(local, iov);
    return r;
}

long sys_sendmsg(struct thread *t, const uint64_t *a)
{
    return one_message(t, SYS_sendmsg, a[0], a[1], a[2], false);
}

long sys_recvmsg(struct thread *t, const uint64_t *a)
{
    return one_message(t, SYS_recvmsg, a[0], a[1], a[2], true);
}

/* Several by one at a time: only for a base other than 0. The timeout of recvmmsg is looked at after
 * each message by the kernel too; here the first wait is unbounded, as it is there. */
static long many_messages(struct thread *t, long nr, const uint64_t *a, bool back)
{
    uint64_t flags = a[3];
    long n = 0;

    while (n < (long)(uint32_t)a[2]) {
        uint64_t at = a[1] + (uint64_t)n * sizeof(struct mmsghdr);
        long r = one_message(t, nr, a[0], at, flags & ~(uint64_t)MSG_WAITFORONE, back);
        uint32_t len = (uint32_t)r;

        if (r >= 0 && user_write(t->p, at + offsetof(struct mmsghdr, msg_len), &len, sizeof len) != 0)
            r = -EFAULT;
        if (r < 0)
            return n > 0 ? n : r;
        n++;
        if (flags & MSG_WAITFORONE)
            flags |= MSG_DONTWAIT;
    }
    return n;
}

long sys_sendmmsg(struct thread *t, const uint64_t *a)
{
    if (t->p->guest_base == 0)
        return host_syscall_blocking(t, SYS_sendmmsg, a[0], a[1], a[2], a[3]);
    return many_messages(t, SYS_sendmsg, a, false);
}

long sys_recvmmsg(struct thread *t, const uint64_t *a)
{
    if (t->p->guest_base == 0)
        return host_syscall_blocking(t, SYS_recvmmsg, a[0], a[1], a[2], a[3], a[4]);
    return many_messages(t, SYS_recvmsg, a, true);
}
