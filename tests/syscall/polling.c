/* epoll's event layout, waits with masks, eventfd, sockets with descriptors, several messages. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "check.h"

static volatile int n;
static void on(int s) { n++; }

static int send_fd(int sock, int fd)
{
    char data = 'd', control[CMSG_SPACE(sizeof fd)];
    struct iovec iov = {&data, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);

    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    return (int)sendmsg(sock, &m, 0);
}

static int receive_fd(int sock)
{
    char data = 0, control[CMSG_SPACE(sizeof(int))];
    struct iovec iov = {&data, 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                       .msg_controllen = sizeof control};
    struct cmsghdr *c;
    int fd;

    if (recvmsg(sock, &m, MSG_CMSG_CLOEXEC) != 1 || data != 'd')
        return -1;
    c = CMSG_FIRSTHDR(&m);
    if (c == NULL || c->cmsg_type != SCM_RIGHTS)
        return -1;
    memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

int main(void)
{
    struct epoll_event ev[4], in;
    struct mmsghdr mm[3] = {0};
    struct iovec iov[3];
    struct sockaddr_in sin = {.sin_family = AF_INET}, peer;
    struct ucred cred;
    struct timespec ts;
    struct timeval tv = {.tv_usec = 20000};
    socklen_t len;
    char buf[3][8];
    int p[2], ep, efd[3], sv[2], fd, one = 1, srv, cli;
    uint64_t v;
    sigset_t usr1, none;
    fd_set r, w;

    CHECK_EQ(sizeof in, 16);
    CHECK_EQ(offsetof(struct epoll_event, data), 8);
    ep = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < 3; i++) {
        efd[i] = eventfd(0, EFD_NONBLOCK);
        in = (struct epoll_event){.events = EPOLLIN, .data.u64 = 0x1111111122222222ull * (unsigned)(i + 1)};
        CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_ADD, efd[i], &in), 0);
    }
    CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
    v = 3;
    CHECK_EQ(write(efd[0], &v, 8), 8);
    CHECK_EQ(write(efd[2], &v, 8), 8);
    memset(ev, 0xee, sizeof ev);
    CHECK_EQ(epoll_wait(ep, ev, 4, 100), 2);
    CHECK_EQ(ev[0].events, EPOLLIN);
    CHECK_EQ(ev[0].data.u64 + ev[1].data.u64, 0x1111111122222222ull * 4);
    CHECK_EQ(ev[2].events, 0xeeeeeeee);
    CHECK_EQ(read(efd[0], &v, 8), 8);
    CHECK_EQ(v, 3);
    CHECK_EQ(epoll_ctl(ep, EPOLL_CTL_DEL, efd[2], NULL), 0);
    CHECK_EQ(epoll_wait(ep, ev, 4, 0), 0);
    CHECK_EQ(epoll_wait(ep, ev, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);

    signal(SIGUSR1, on);
    sigemptyset(&none);
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    sigprocmask(SIG_BLOCK, &usr1, NULL);
    raise(SIGUSR1);
    CHECK_EQ(epoll_wait(ep, ev, 4, 10), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(epoll_pwait(ep, ev, 4, 1000, &none), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(n, 1);
    raise(SIGUSR1);
    FD_ZERO(&r);
    ts = (struct timespec){.tv_sec = 5};
    CHECK_EQ(pselect(0, &r, NULL, NULL, &ts, &none), -1);
    CHECK_EQ(n, 2);

    CHECK_EQ(pipe2(p, O_NONBLOCK | O_CLOEXEC), 0);
    FD_ZERO(&r);
    FD_ZERO(&w);
    FD_SET(p[0], &r);
    FD_SET(p[1], &w);
    CHECK_EQ(select(p[1] + 1, &r, &w, NULL, &tv), 1);
    CHECK(!FD_ISSET(p[0], &r) && FD_ISSET(p[1], &w));
    CHECK_EQ(poll(&(struct pollfd){.fd = p[0], .events = POLLIN}, 1, 10), 0);
    CHECK_EQ(write(p[1], "ab", 2), 2);
    CHECK_EQ(poll(&(struct pollfd){.fd = p[0], .events = POLLIN}, 1, 10), 1);

    CHECK_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, sv), 0);
    CHECK_EQ(send_fd(sv[0], p[0]), 1);
    fd = receive_fd(sv[1]);
    CHECK(fd >= 0);
    CHECK_EQ(read(fd, buf[0], 8), 2);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    for (int i = 0; i < 3; i++) {
        iov[i] = (struct iovec){(char *)"abcdefgh" + i, (size_t)(i + 1)};
        mm[i].msg_hdr = (struct msghdr){.msg_iov = &iov[i], .msg_iovlen = 1};
    }
    CHECK_EQ(sendmmsg(sv[0], mm, 3, 0), 3);
    CHECK_EQ(mm[2].msg_len, 3);
    for (int i = 0; i < 3; i++)
        iov[i] = (struct iovec){buf[i], 8};
    CHECK_EQ(recvmmsg(sv[1], mm, 3, MSG_WAITFORONE, NULL), 3);
    CHECK_EQ(mm[1].msg_len, 2);
    CHECK(memcmp(buf[1], "bc", 2) == 0);
    len = sizeof cred;
    CHECK_EQ(getsockopt(sv[0], SOL_SOCKET, SO_PEERCRED, &cred, &len), 0);
    CHECK_EQ(cred.pid, getpid());

    srv = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(setsockopt(srv, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK_EQ(bind(srv, (struct sockaddr *)&sin, sizeof sin), 0);
    CHECK_EQ(listen(srv, 1), 0);
    len = sizeof sin;
    CHECK_EQ(getsockname(srv, (struct sockaddr *)&sin, &len), 0);
    cli = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(connect(cli, (struct sockaddr *)&sin, sizeof sin), 0);
    len = sizeof peer;
    fd = accept4(srv, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);
    CHECK(fd >= 0);
    CHECK_EQ(len, sizeof peer);
    CHECK_EQ(send(cli, "hello", 5, MSG_NOSIGNAL), 5);
    CHECK_EQ(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 1000), 1);
    CHECK_EQ(recv(fd, buf, 8, 0), 5);
    CHECK_EQ(recv(fd, buf, 8, 0), -1);
    CHECK_EQ(errno, EAGAIN);
    CHECK_EQ(shutdown(cli, SHUT_WR), 0);
    CHECK_EQ(poll(&(struct pollfd){.fd = fd, .events = POLLRDHUP}, 1, 1000), 1);
    CHECK_EQ(recv(fd, buf, 8, 0), 0);
    return check_done();
}
