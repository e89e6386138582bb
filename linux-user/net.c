/*
 * net.c: sockets.
 *
 * struct msghdr, control messages, addresses and options have the same layout and numbers on all
 * 64-bit Linuxes, so with guest base 0 messages pass as they are. With another base the header and
 * the I/O vector are rewritten; control messages hold no addresses. A few options hold one.
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

/* Options whose structure holds an address: converted where there is a guest base, or refused. */
enum { LARGEST = 64, SOL_IPV6_ = 41, SOL_TCP_ = 6, SOL_PACKET_ = 263 };

static const struct inner {
    int level, option;
    uint8_t size, offset; /* of the structure, of the address in it; 0, 0: refused */
} inner_options[] = {
    {SOL_SOCKET, SO_ATTACH_FILTER, 16, 8},
    {SOL_SOCKET, 51 /* SO_ATTACH_REUSEPORT_CBPF */, 16, 8},
    {SOL_PACKET_, 22 /* PACKET_FANOUT_DATA */, 16, 8},
    {SOL_TCP_, 35 /* TCP_ZEROCOPY_RECEIVE */, 0, 0},
    {0 /* SOL_IP */, 64 /* IPT_SO_SET_REPLACE, ARPT, EBT */, 0, 0},
    {0, 65 /* IPT_SO_SET_ADD_COUNTERS */, 0, 0},
    {SOL_IPV6_, 64 /* IP6T_SO_SET_REPLACE */, 0, 0},
    {132 /* SOL_SCTP */, 111 /* SCTP_SOCKOPT_CONNECTX3 */, 0, 0},
};

static const struct inner *inner_option(const struct thread *t, const uint64_t *a)
{
    if (!user_converts(t->p))
        return NULL;
    for (size_t i = 0; i < sizeof inner_options / sizeof *inner_options; i++)
        if (inner_options[i].level == (int)a[1] && inner_options[i].option == (int)a[2])
            return &inner_options[i];
    return NULL;
}

static long refused(const struct inner *o)
{
    log_unimp("socket option %d of level %d is not supported with a guest base", o->option, o->level);
    return -ENOPROTOOPT;
}

static long set_inner(struct thread *t, const uint64_t *a, const struct inner *o)
{
    char data[LARGEST];
    uint64_t inside;

    if (o->size == 0)
        return refused(o);
    if (a[4] < o->size)
        return -EINVAL;
    if (user_read(t->p, data, a[3], o->size) != 0)
        return -EFAULT;
    memcpy(&inside, data + o->offset, sizeof inside);
    inside = (uintptr_t)arg_ptr(t, inside);
    memcpy(data + o->offset, &inside, sizeof inside);
    return host_syscall(SYS_setsockopt, a[0], a[1], a[2], data, (long)o->size);
}

long sys_setsockopt(struct thread *t, const uint64_t *a)
{
    const struct inner *o = inner_option(t, a);

    return o != NULL ? set_inner(t, a, o)
                     : host_syscall(SYS_setsockopt, a[0], a[1], a[2], arg_ptr(t, a[3]), a[4]);
}

long sys_getsockopt(struct thread *t, const uint64_t *a)
{
    const struct inner *o = inner_option(t, a);

    if (o != NULL && o->size == 0)
        return refused(o);
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

    if (!user_converts(t->p))
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
    if (!user_converts(t->p))
        return host_syscall_blocking(t, SYS_sendmmsg, a[0], a[1], a[2], a[3]);
    return many_messages(t, SYS_sendmsg, a, false);
}

long sys_recvmmsg(struct thread *t, const uint64_t *a)
{
    if (!user_converts(t->p))
        return host_syscall_blocking(t, SYS_recvmmsg, a[0], a[1], a[2], a[3], a[4]);
    return many_messages(t, SYS_recvmsg, a, true);
}
