/* Pipes, socket pairs, local TCP and UNIX sockets; select, poll, epoll, eventfd, timerfd, signalfd. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    char buf[200];
    int p[2], s[2];
    uint64_t u;
    setvbuf(stdout, NULL, _IONBF, 0);
    if (pipe2(p, O_NONBLOCK | O_CLOEXEC) || socketpair(AF_UNIX, SOCK_STREAM, 0, s))
        return 1;
    printf("empty %zd", read(p[0], buf, 1));
    printf(" %d\n", errno == EAGAIN);
    struct pollfd pf[2] = { { p[0], POLLIN, 0 }, { s[0], POLLIN | POLLOUT, 0 } };
    printf("poll %d", poll(pf, 2, 0));
    printf(" %d %d\n", pf[0].revents, pf[1].revents == POLLOUT);
    printf("write %zd\n", write(p[1], "hello", 5));
    printf("poll %d", poll(pf, 2, 1000));
    printf(" %d\n", pf[0].revents == POLLIN);
    fd_set r;
    FD_ZERO(&r);
    FD_SET(p[0], &r);
    FD_SET(s[0], &r);
    struct timeval tv = { 1, 0 };
    printf("select %d", select(s[0] > p[0] ? s[0] + 1 : p[0] + 1, &r, NULL, NULL, &tv));
    printf(" %d %d\n", FD_ISSET(p[0], &r), FD_ISSET(s[0], &r));
    int ep = epoll_create1(EPOLL_CLOEXEC), ev = eventfd(3, EFD_NONBLOCK);
    struct epoll_event e[4] = { { .events = EPOLLIN, .data.u64 = 0x1122334455667788 } };
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e[0]);
    e[0].data.u64 = 42;
    epoll_ctl(ep, EPOLL_CTL_ADD, ev, &e[0]);
    int n = epoll_wait(ep, e, 4, 1000);
    printf("epoll %d", n);
    uint64_t keys = 0;
    for (int i = 0; i < n; i++)
        keys ^= e[i].data.u64;
    printf(" %llx\n", (unsigned long long)keys);
    printf("eventfd %zd", read(ev, &u, 8));
    printf(" %llu\n", (unsigned long long)u);
    int t = timerfd_create(CLOCK_MONOTONIC, 0);
    timerfd_settime(t, 0, &(struct itimerspec){ .it_value = { 0, 10000000 } }, NULL);
    printf("timerfd %zd", read(t, &u, 8));
    printf(" %llu\n", (unsigned long long)u);
    sigset_t m;
    sigemptyset(&m);
    sigaddset(&m, SIGUSR1);
    sigprocmask(SIG_BLOCK, &m, NULL);
    int sf = signalfd(-1, &m, 0);
    kill(getpid(), SIGUSR1);
    struct signalfd_siginfo si;
    printf("signalfd %d", (int)(read(sf, &si, sizeof(si)) == sizeof(si)));
    printf(" %d\n", si.ssi_signo == SIGUSR1);
    /* A descriptor over a socket pair. */
    char control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec iov = { "fd", 2 };
    struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
                          .msg_controllen = sizeof(control) };
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &p[0], sizeof(int));
    printf("sendmsg %zd\n", sendmsg(s[0], &msg, 0));
    iov = (struct iovec){ buf, sizeof(buf) };
    printf("recvmsg %zd", recvmsg(s[1], &msg, 0));
    int passed;
    memcpy(&passed, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(int));
    printf(" %zd\n", read(passed, buf, 5));
    /* TCP over loopback. */
    int l = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(a);
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    printf("bind %d", bind(l, (void *)&a, sizeof(a)));
    printf(" listen %d", listen(l, 5));
    printf(" name %d\n", getsockname(l, (void *)&a, &len));
    if (fork() == 0) {
        int k = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(k, (void *)&a, sizeof(a)))
            _exit(1);
        for (int i = 0; i < 100; i++)
            if (send(k, "0123456789", 10, MSG_NOSIGNAL) != 10)
                _exit(2);
        shutdown(k, SHUT_WR);
        int got = recv(k, buf, sizeof(buf), MSG_WAITALL);
        _exit(got == 3 ? 0 : 3);
    }
    int k = accept4(l, NULL, NULL, SOCK_CLOEXEC), total = 0;
    while ((n = recv(k, buf, sizeof(buf), 0)) > 0)
        total += n;
    setsockopt(k, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    printf("tcp %d\n", total);
    n = write(k, "bye", 3);
    close(k);
    int status;
    wait(&status);
    printf("client %d\n", WEXITSTATUS(status));
    /* Datagrams, a refused connection, an abstract address. */
    int d1 = socket(AF_UNIX, SOCK_DGRAM, 0), d2 = socket(AF_UNIX, SOCK_DGRAM, 0);
    struct sockaddr_un un = { .sun_family = AF_UNIX };
    snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "myna-polling-%d", getpid());
    printf("abstract %d", bind(d1, (void *)&un, sizeof(un)));
    printf(" %zd", sendto(d2, "datagram", 8, 0, (void *)&un, sizeof(un)));
    printf(" %zd\n", recv(d1, buf, sizeof(buf), 0));
    close(l);
    int refused = socket(AF_INET, SOCK_STREAM, 0);
    printf("refused %d", connect(refused, (void *)&a, sizeof(a)));
    printf(" %d\n", errno == ECONNREFUSED);
    printf("bad domain %d\n", socket(12345, SOCK_STREAM, 0));
    signal(SIGPIPE, SIG_IGN);
    close(p[0]);
    close(passed);
    printf("broken %zd", write(p[1], "x", 1));
    printf(" %d\n", errno == EPIPE);
    return 0;
}
