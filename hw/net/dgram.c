/*
 * Frames as datagrams: the backend `dgram`, and what of `socket` is datagrams (mcast=, udp=, fd=). One datagram is one frame;
 * what the other end does not take is lost, as on a wire.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sockets.h"

enum { BURST = 64 };

static void ready(void *arg, uint32_t events)
{
    static uint8_t bytes[NET_MAX];
    struct net_socket *s = arg;
    bool full = false;
    for (unsigned k = 0; k < BURST && !full; k++) {
        ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (n < 0)
            break; /* what an earlier send ran into is told here too: gone with it */
        full = !net_send_bytes(&s->p, 0, bytes, (size_t)n);
    }
    if (full) {
        loop_unwatch(s->p.machine->loop, s->watch);
        s->watch = NULL;
    }
}

bool dgram_start(struct net_socket *s)
{
    s->dgram = true;
    net_nonblock(s->fd);
    s->watch = loop_watch(s->p.machine->loop, s->fd, EPOLLIN, ready, s);
    return s->watch != NULL;
}

void dgram_room(struct net_socket *s)
{
    if (!s->watch)
        s->watch = loop_watch(s->p.machine->loop, s->fd, EPOLLIN, ready, s);
}

bool dgram_receive(struct net_socket *s, const struct net_packet *k)
{
    struct msghdr m = {
        .msg_name = s->nto ? &s->to : NULL, .msg_namelen = s->nto, .msg_iov = (struct iovec *)(uintptr_t)k->iov, .msg_iovlen = k->niov,
    };
    if (sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        s->p.dropped++;
    return true;
}

/* ------------------------------------------------------------------------- opening */

int dgram_multicast(const char *group, const char *local, struct sockaddr_storage *to, unsigned *nto, char *err, size_t errlen)
{
    struct sockaddr_in *a = (struct sockaddr_in *)to, bound;
    struct ip_mreq join = { 0 };
    struct sockaddr_storage from;
    unsigned nfrom;
    char text[300];
    int one = 1;
    if (!net_address(group, SOCK_DGRAM, false, to, nto, err, errlen))
        return -1;
    if (a->sin_family != AF_INET || !IN_MULTICAST(ntohl(a->sin_addr.s_addr))) {
        snprintf(err, errlen, "mcast=%s: it is no multicast address of IPv4", group);
        return -1;
    }
    join.imr_multiaddr = a->sin_addr;
    if (local) {
        snprintf(text, sizeof text, "%.250s:0", local);
        if (!net_address(text, SOCK_DGRAM, false, &from, &nfrom, err, errlen))
            return -1;
        join.imr_interface = ((struct sockaddr_in *)&from)->sin_addr;
    }
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bound = *a;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&bound, sizeof bound) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &join, sizeof join) < 0 ||
        setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &one, sizeof one) < 0 ||
        (local && setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &join.imr_interface, sizeof join.imr_interface) < 0)) {
        snprintf(err, errlen, "mcast=%s: %s", group, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

int dgram_bound(const struct sockaddr_storage *a, unsigned n, const char *what, char *err, size_t errlen)
{
    int one = 1, fd = socket(a->ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && a->ss_family == AF_UNIX)
        unlink(((const struct sockaddr_un *)a)->sun_path);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (const struct sockaddr *)a, n) < 0) {
        snprintf(err, errlen, "%s: %s", what, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    return fd;
}

static bool open_dgram(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    struct net_socket *s = (struct net_socket *)p;
    struct socket_address local, remote;
    bool has_local, has_remote;
    s->fd = s->listener = -1;
    if (!socket_address(w, "local", SOCK_DGRAM, true, &local, &has_local, err, errlen) ||
        !socket_address(w, "remote", SOCK_DGRAM, false, &remote, &has_remote, err, errlen))
        return false;
    if (has_remote && remote.kind == ADDRESS_INET && remote.a.ss_family == AF_INET &&
        IN_MULTICAST(ntohl(((struct sockaddr_in *)&remote.a)->sin_addr.s_addr))) {
        if (has_local && local.kind == ADDRESS_FD)
            s->fd = local.fd;
        else
            s->fd = dgram_multicast(remote.text, has_local ? local.host : NULL, &s->to, &s->nto, err, errlen);
    } else if (!has_local || (local.kind != ADDRESS_FD && (!has_remote || remote.kind == ADDRESS_FD || remote.kind != local.kind))) {
        snprintf(err, errlen, "local.type=inet|unix with remote.type= of the same kind is needed, or local.type=fd, or a multicast remote");
        return false;
    } else {
        s->fd = local.kind == ADDRESS_FD ? local.fd : dgram_bound(&local.a, local.n, local.text, err, errlen);
        if (local.kind == ADDRESS_UNIX && s->fd >= 0)
            s->unlink_path = strdup(local.text);
    }
    if (s->fd >= 0 && has_remote && remote.kind != ADDRESS_FD) {
        s->to = remote.a;
        s->nto = remote.n;
    }
    snprintf(s->about, sizeof s->about, "%.140s%s%.140s", has_local ? local.text : "", has_remote ? " to " : "", has_remote ? remote.text : "");
    return s->fd >= 0 && dgram_start(s);
}

static const struct netdev_option options[] = {
    { "local.type", "inet|unix|fd", "where frames come in" }, { "local.host", "HOST", "of inet" }, { "local.port", "PORT", "likewise" },
    { "local.path", "FILE", "of unix" }, { "local.str", "N", "of fd: an open descriptor" }, { "remote.type", "inet|unix", "where they go" },
    { "remote.host", "HOST", "of inet; a multicast group too" }, { "remote.port", "PORT", "likewise" }, { "remote.path", "FILE", "of unix" }, { NULL }
};

const struct netdev_class netdev_dgram = {
    .ops = SOCKET_OPS("dgram"), .help = "datagrams: UDP, multicast, Unix", .options = options, .size = sizeof(struct net_socket), .open = open_dgram,
};
