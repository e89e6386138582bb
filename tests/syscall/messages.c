/* Sockets: ancillary data (descriptors, credentials, timestamps), several messages at once, netlink, filters,
 * options, addresses. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <stddef.h>
#include <time.h>
#include "check.h"

union control { struct cmsghdr h; char bytes[256]; };

static struct msghdr message(struct iovec *iov, void *buf, size_t len, union control *c, size_t clen)
{
    *iov = (struct iovec){buf, len};
    return (struct msghdr){.msg_iov = iov, .msg_iovlen = 1, .msg_control = c->bytes, .msg_controllen = clen};
}

static void descriptors(void)
{
    int s[2], pipefd[2], got[2] = {-1, -1}, one = 1;
    union control c;
    struct iovec iov;
    char buf[16];
    struct ucred me = {getpid(), getuid(), getgid()}, seen = {0};

    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
    CHECK_EQ(fcntl(s[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(pipe(pipefd), 0);
    memset(&c, 0, sizeof c);
    struct msghdr m = message(&iov, "two", 3, &c, CMSG_SPACE(2 * sizeof(int)));
    c.h.cmsg_level = SOL_SOCKET;
    c.h.cmsg_type = SCM_RIGHTS;
    c.h.cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(&c.h), pipefd, sizeof pipefd);
    CHECK_EQ(sendmsg(s[0], &m, 0), 3);
    memset(&c, 0, sizeof c);
    m = message(&iov, buf, sizeof buf, &c, sizeof c.bytes);
    CHECK_EQ(recvmsg(s[1], &m, MSG_CMSG_CLOEXEC), 3);
    CHECK_EQ(m.msg_controllen, CMSG_SPACE(2 * sizeof(int)));
    memcpy(got, CMSG_DATA(&c.h), sizeof got);
    CHECK_EQ(fcntl(got[0], F_GETFD), FD_CLOEXEC);
    CHECK_EQ(write(got[1], "p", 1), 1);
    CHECK_EQ(read(pipefd[0], buf, 1), 1);
    /* room for one only: the flag says that the rest is gone */
    memset(&c, 0, sizeof c);
    c.h.cmsg_level = SOL_SOCKET;
    c.h.cmsg_type = SCM_RIGHTS;
    c.h.cmsg_len = CMSG_LEN(2 * sizeof(int));
    memcpy(CMSG_DATA(&c.h), pipefd, sizeof pipefd);
    m = message(&iov, "two", 3, &c, CMSG_SPACE(2 * sizeof(int)));
    CHECK_EQ(sendmsg(s[0], &m, 0), 3);
    m = message(&iov, buf, sizeof buf, &c, CMSG_LEN(sizeof(int)));
    CHECK_EQ(recvmsg(s[1], &m, 0), 3);
    CHECK_EQ(m.msg_flags & MSG_CTRUNC, MSG_CTRUNC);

    CHECK_EQ(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one), 0);
    memset(&c, 0, sizeof c);
    c.h.cmsg_level = SOL_SOCKET;
    c.h.cmsg_type = SCM_CREDENTIALS;
    c.h.cmsg_len = CMSG_LEN(sizeof me);
    memcpy(CMSG_DATA(&c.h), &me, sizeof me);
    m = message(&iov, "who", 3, &c, CMSG_SPACE(sizeof me));
    CHECK_EQ(sendmsg(s[0], &m, 0), 3);
    m = message(&iov, buf, sizeof buf, &c, sizeof c.bytes);
    memset(&c, 0, sizeof c);
    CHECK_EQ(recvmsg(s[1], &m, 0), 3);
    CHECK_EQ(c.h.cmsg_type, SCM_CREDENTIALS);
    memcpy(&seen, CMSG_DATA(&c.h), sizeof seen);
    CHECK_EQ(seen.pid, me.pid);
    CHECK_EQ(seen.uid, me.uid);
    socklen_t len = sizeof seen;
    CHECK_EQ(getsockopt(s[0], SOL_SOCKET, SO_PEERCRED, &seen, &len), 0);
    CHECK_EQ(seen.pid, getpid());
    int pidfd;
    len = sizeof pidfd;
    if (getsockopt(s[0], SOL_SOCKET, 77 /* SO_PEERPIDFD, Linux 6.5 */, &pidfd, &len) == 0)
        CHECK(fcntl(pidfd, F_GETFD) >= 0);
}

static void datagrams(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}, from;
    socklen_t len = sizeof a;
    int u = socket(AF_INET, SOCK_DGRAM, 0), one = 1;
    union control c;
    struct iovec iov, iovs[3];
    char buf[16], bufs[3][8];
    struct mmsghdr mm[3];

    memset(&c, 0, sizeof c);
    CHECK_EQ(bind(u, (void *)&a, sizeof a), 0);
    CHECK_EQ(getsockname(u, (void *)&a, &len), 0);
    CHECK_EQ(setsockopt(u, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one), 0);
    CHECK_EQ(setsockopt(u, IPPROTO_IP, IP_PKTINFO, &one, sizeof one), 0);
    CHECK_EQ(sendto(u, "x", 1, 0, (void *)&a, len), 1);
    struct msghdr m = message(&iov, buf, sizeof buf, &c, sizeof c.bytes);
    m.msg_name = &from;
    m.msg_namelen = sizeof from;
    CHECK_EQ(recvmsg(u, &m, 0), 1);
    CHECK_EQ(m.msg_namelen, sizeof from);
    CHECK_EQ(from.sin_port, a.sin_port);
    struct timespec *stamp = NULL, now;
    struct in_pktinfo *info = NULL;
    for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
        if (h->cmsg_level == SOL_SOCKET && h->cmsg_type == SO_TIMESTAMPNS)
            stamp = (void *)CMSG_DATA(h);
        if (h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_PKTINFO)
            info = (void *)CMSG_DATA(h);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK(stamp && now.tv_sec - stamp->tv_sec < 5);
    CHECK(info && info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));

    for (int i = 0; i < 3; i++) {
        iovs[i] = (struct iovec){"abc" + i, 3 - i};
        mm[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &iovs[i], .msg_iovlen = 1, .msg_name = &a, .msg_namelen = len}};
    }
    CHECK_EQ(sendmmsg(u, mm, 3, 0), 3);
    CHECK_EQ(mm[1].msg_len, 2);
    for (int i = 0; i < 3; i++) {
        iovs[i] = (struct iovec){bufs[i], 8};
        mm[i].msg_hdr.msg_name = NULL;
        mm[i].msg_hdr.msg_namelen = 0;
    }
    struct timespec ts = {.tv_nsec = 50000000};
    CHECK_EQ(recvmmsg(u, mm, 3, MSG_WAITFORONE, &ts), 3);
    CHECK_EQ(mm[2].msg_len, 1);
    CHECK_EQ(bufs[2][0], 'c');

    /* a filter that drops all but what begins with 'k' */
    struct sock_filter code[] = {
        {BPF_LD | BPF_B | BPF_ABS, 0, 0, 8}, {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 'k'},
        {BPF_RET | BPF_K, 0, 0, 0xffff}, {BPF_RET | BPF_K, 0, 0, 0},
    };
    struct sock_fprog prog = {4, code};
    CHECK_EQ(setsockopt(u, SOL_SOCKET, SO_ATTACH_FILTER, &prog, sizeof prog), 0);
    CHECK_EQ(sendto(u, "n", 1, 0, (void *)&a, len), 1);
    CHECK_EQ(sendto(u, "k", 1, 0, (void *)&a, len), 1);
    CHECK_EQ(recv(u, buf, 1, 0), 1);
    CHECK_EQ(buf[0], 'k');
    CHECK_EQ(setsockopt(u, SOL_SOCKET, SO_DETACH_FILTER, &one, sizeof one), 0);

    struct timeval tv = {.tv_usec = 20000}, back;
    CHECK_EQ(setsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), 0);
    len = sizeof back;
    CHECK_EQ(getsockopt(u, SOL_SOCKET, SO_RCVTIMEO, &back, &len), 0);
    CHECK(back.tv_sec == 0 && back.tv_usec >= 20000 && len == sizeof back);
    CHECK_EQ(recv(u, buf, 1, 0), -1);
    CHECK_EQ(errno, EAGAIN);
    struct ip_mreqn mreq = {.imr_multiaddr.s_addr = inet_addr("224.0.0.9"), .imr_address.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_EQ(setsockopt(u, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof mreq), 0);
    /* the error queue */
    CHECK_EQ(setsockopt(u, IPPROTO_IP, IP_RECVERR, &one, sizeof one), 0);
    struct sockaddr_in nobody = a;
    nobody.sin_port = htons(1);
    CHECK_EQ(sendto(u, "x", 1, 0, (void *)&nobody, sizeof nobody), 1);
    struct pollfd pf = {u, 0, 0};
    CHECK_EQ(poll(&pf, 1, 1000), 1);
    m = message(&iov, buf, sizeof buf, &c, sizeof c.bytes);
    CHECK_EQ(recvmsg(u, &m, MSG_ERRQUEUE), 1);
    struct cmsghdr *h = CMSG_FIRSTHDR(&m);
    while (h && !(h->cmsg_level == IPPROTO_IP && h->cmsg_type == IP_RECVERR))
        h = CMSG_NXTHDR(&m, h);
    CHECK(h && ((struct sock_extended_err *)CMSG_DATA(h))->ee_errno == ECONNREFUSED);
    close(u);
}

static void streams(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    socklen_t len = sizeof a;
    int l = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1, c, s, value;

    if (l >= 0 && bind(l, (void *)&a, sizeof a) == 0) {
        CHECK_EQ(listen(l, 4), 0);
        CHECK_EQ(getsockname(l, (void *)&a, &len), 0);
        CHECK_EQ(accept4(l, NULL, NULL, 0), -1);
        CHECK_EQ(errno, EAGAIN);
        c = socket(AF_INET6, SOCK_STREAM, 0);
        CHECK_EQ(connect(c, (void *)&a, len), 0);
        s = accept4(l, (void *)&a, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
        CHECK(s >= 0);
        CHECK_EQ(fcntl(s, F_GETFD), FD_CLOEXEC);
        CHECK(fcntl(s, F_GETFL) & O_NONBLOCK);
        CHECK_EQ(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one), 0);
        struct tcp_info ti;
        len = sizeof ti;
        CHECK_EQ(getsockopt(c, IPPROTO_TCP, TCP_INFO, &ti, &len), 0);
        CHECK_EQ(ti.tcpi_state, 1); /* established */
        char name[16];
        len = sizeof name;
        CHECK_EQ(getsockopt(c, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
        CHECK_EQ(send(c, "abc", 3, 0), 3);
        struct pollfd pf = {s, POLLIN, 0};
        CHECK_EQ(poll(&pf, 1, 1000), 1);
        CHECK_EQ(ioctl(s, FIONREAD, &value), 0);
        CHECK_EQ(value, 3);
        CHECK_EQ(shutdown(c, SHUT_WR), 0);
        close(c);
        close(s);
    }
    close(l);
    snprintf(un.sun_path + 1, sizeof un.sun_path - 1, "messages-%d", getpid());
    len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(un.sun_path + 1);
    l = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CHECK_EQ(bind(l, (void *)&un, len), 0);
    CHECK_EQ(listen(l, 1), 0);
    c = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    CHECK_EQ(connect(c, (void *)&un, len), 0);
    struct sockaddr_un back;
    socklen_t blen = sizeof back;
    CHECK_EQ(getpeername(c, (void *)&back, &blen), 0);
    CHECK_EQ(blen, len);
    CHECK(memcmp(&back, &un, len) == 0);
    len = sizeof value;
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_TYPE, &value, &len), 0);
    CHECK_EQ(value, SOCK_SEQPACKET);
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_DOMAIN, &value, &len), 0);
    CHECK_EQ(value, AF_UNIX);
    CHECK_EQ(setsockopt(c, SOL_SOCKET, SO_SNDBUF, (int[]){40000}, 4), 0);
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_SNDBUF, &value, &len), 0);
    CHECK_EQ(value, 80000);
    CHECK_EQ(setsockopt(c, SOL_SOCKET, 9999, &value, 4), -1);
    CHECK_EQ(errno, ENOPROTOOPT);
    CHECK_EQ(getsockopt(c, SOL_SOCKET, SO_TYPE, (void *)8, &len), -1);
    CHECK_EQ(errno, EFAULT);
}

static void netlink(void)
{
    struct { struct nlmsghdr n; struct rtgenmsg g; } req = {
        {NLMSG_LENGTH(sizeof(struct rtgenmsg)), RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, 7, 0}, {AF_UNSPEC}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, me = {.nl_family = AF_NETLINK};
    int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), found = 0, done = 0;
    static char buf[32768] __attribute__((aligned(8)));
    socklen_t len = sizeof me;

    CHECK(s >= 0);
    CHECK_EQ(bind(s, (void *)&me, sizeof me), 0);
    CHECK_EQ(getsockname(s, (void *)&me, &len), 0);
    CHECK(me.nl_pid != 0);
    CHECK_EQ(sendto(s, &req, req.n.nlmsg_len, 0, (void *)&kernel, sizeof kernel), req.n.nlmsg_len);
    while (!done) {
        ssize_t n = recv(s, buf, sizeof buf, 0);
        if (n <= 0)
            break;
        for (struct nlmsghdr *h = (void *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
            if (h->nlmsg_type == NLMSG_DONE)
                done = 1;
            if (h->nlmsg_type == RTM_NEWLINK && h->nlmsg_seq == 7) {
                struct ifinfomsg *i = NLMSG_DATA(h);
                int left = IFLA_PAYLOAD(h);
                for (struct rtattr *r = IFLA_RTA(i); RTA_OK(r, left); r = RTA_NEXT(r, left))
                    if (r->rta_type == IFLA_IFNAME && !strcmp(RTA_DATA(r), "lo"))
                        found = i->ifi_index;
            }
        }
    }
    CHECK(done);
    CHECK_EQ(found, if_nametoindex("lo"));
    struct ifreq ifr = {.ifr_name = "lo"};
    struct ifconf conf = {.ifc_len = sizeof buf, .ifc_buf = buf};
    int u = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK_EQ(ioctl(u, SIOCGIFINDEX, &ifr), 0);
    CHECK_EQ(ifr.ifr_ifindex, found);
    CHECK_EQ(ioctl(u, SIOCGIFFLAGS, &ifr), 0);
    CHECK(ifr.ifr_flags & IFF_LOOPBACK);
    CHECK_EQ(ioctl(u, SIOCGIFCONF, &conf), 0);
    CHECK_EQ(conf.ifc_len % sizeof(struct ifreq), 0);
    CHECK(conf.ifc_len == 0 || !strcmp(conf.ifc_req[0].ifr_name, "lo"));
}

int main(void)
{
    descriptors();
    datagrams();
    streams();
    netlink();
    return check_done();
}
