/*
 * Unix and TCP sockets as character backends: a server of one client at a time, or a client that may try again.
 *
 * A second client waits in the listener's queue until the first has gone. With telnet (RFC 854) the other end is told to
 * send each key and not to echo (WILL ECHO, WILL and DO SUPPRESS-GO-AHEAD, binary both ways), and its commands are taken
 * out of the input; a break becomes one on the line.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"

enum { MAX_FDS = 16 };

struct sock {
    struct chardev c;
    bool server, telnet, nodelay, unlink_path;
    uint64_t reconnect; /* seconds, 0: never */
    char *path, *host, *port;
    char *absolute; /* of path, once it is there */
    int listener;
    struct loop_fd *watch; /* of the listener, or of a connection that is being made */
    int pending;
    unsigned telnet_state;
    int fds[MAX_FDS]; /* that came with the input, the oldest first */
    unsigned nfds;
};

enum { IAC = 255, DONT = 254, DO = 253, WONT = 252, WILL = 251, SB = 250, BREAK = 243, SE = 240 };

static void connected(struct sock *s, int fd)
{
    int one = 1;
    if (s->nodelay && !s->path)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    s->c.in = s->c.out = fd;
    s->telnet_state = 0;
    if (s->telnet) {
        static const uint8_t hello[] = { IAC, WILL, 1, IAC, WILL, 3, IAC, DO, 3, IAC, WILL, 0, IAC, DO, 0 };
        if (send(fd, hello, sizeof hello, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            errno = 0; /* it will show */
    }
    chardev_opened(&s->c);
}

static size_t filter(struct chardev *c, uint8_t *bytes, size_t n)
{
    struct sock *s = (struct sock *)c;
    size_t left = 0;
    if (!s->telnet)
        return n;
    for (size_t k = 0; k < n; k++) {
        uint8_t b = bytes[k];
        switch (s->telnet_state) {
        case 0:
            if (b == IAC)
                s->telnet_state = IAC;
            else
                bytes[left++] = b;
            break;
        case IAC:
            s->telnet_state = 0;
            if (b == IAC)
                bytes[left++] = b;
            else if (b == BREAK)
                chardev_tell(c, CHARDEV_BREAK);
            else if (b >= WILL && b <= DONT)
                s->telnet_state = DO;
            else if (b == SB)
                s->telnet_state = SB;
            break;
        case SB:
            if (b == SE)
                s->telnet_state = 0;
            break;
        default:
            s->telnet_state = 0; /* the option's number */
        }
    }
    return left;
}

/* ---------------------------------------------------------------------- descriptors */

/* Descriptors that nobody has room for are closed. */
static void keep_fds(struct sock *s, struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t k = 0; k < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); k++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + k * sizeof fd, sizeof fd);
            if (s->nfds < MAX_FDS)
                s->fds[s->nfds++] = fd;
            else
                close(fd);
        }
    }
}

static ssize_t receive(struct chardev *c, uint8_t *bytes, size_t n)
{
    struct sock *s = (struct sock *)c;
    union { char bytes[CMSG_SPACE(MAX_FDS * sizeof(int))]; struct cmsghdr align; } control;
    struct iovec io = { bytes, n };
    struct msghdr m = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control };
    ssize_t got = recvmsg(c->in, &m, MSG_CMSG_CLOEXEC);
    if (got >= 0)
        keep_fds(s, &m);
    return got;
}

static int take_fd(struct chardev *c)
{
    struct sock *s = (struct sock *)c;
    if (!s->nfds)
        return -1;
    int fd = s->fds[0];
    memmove(s->fds, s->fds + 1, --s->nfds * sizeof *s->fds);
    return fd;
}

/* ---------------------------------------------------------------------- addresses */

/* Calls use(fd, address) for each address until one succeeds. The descriptor, or -1 with errno. */
static int for_addresses(struct sock *s, bool bind_it, int (*use)(int fd, const struct sockaddr *a, socklen_t n), int flags)
{
    if (s->path) {
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        if (strlen(s->path) >= sizeof a.sun_path)
            return errno = ENAMETOOLONG, -1;
        strcpy(a.sun_path, s->path);
        if (bind_it)
            unlink(s->path);
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
        if (fd >= 0 && use(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != EINPROGRESS) {
            int saved = errno;
            close(fd);
            return errno = saved, -1;
        }
        return fd;
    }
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = bind_it ? AI_PASSIVE : 0 }, *list;
    if (getaddrinfo(*s->host ? s->host : NULL, s->port, &hints, &list))
        return errno = EADDRNOTAVAIL, -1;
    int fd = -1, saved = EADDRNOTAVAIL, one = 1;
    for (struct addrinfo *a = list; a; a = a->ai_next) {
        if ((fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)) < 0)
            continue;
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (use(fd, a->ai_addr, a->ai_addrlen) == 0 || errno == EINPROGRESS)
            break;
        saved = errno;
        close(fd);
        fd = -1;
    }
    freeaddrinfo(list);
    errno = saved;
    return fd;
}

static int bind_and_listen(int fd, const struct sockaddr *a, socklen_t n) { return bind(fd, a, n) < 0 ? -1 : listen(fd, 4); }

/* ------------------------------------------------------------------------- server */

static void client_comes(void *arg, uint32_t events)
{
    struct sock *s = arg;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    loop_unwatch(s->c.loop, s->watch);
    s->watch = NULL;
    connected(s, fd);
}

static bool serve(struct sock *s, bool wait, char *err, size_t errlen)
{
    s->listener = for_addresses(s, true, bind_and_listen, 0);
    if (s->listener < 0)
        return false;
    s->unlink_path = s->path != NULL;
    char *whole = s->path ? realpath(s->path, NULL) : NULL; /* a daemon leaves its folder */
    if (whole)
        s->absolute = whole;
    if (wait) {
        char text[300];
        chardev_describe(&s->c, text, sizeof text);
        fprintf(stderr, "myna: waiting for a client on %s\n", text);
        int fd;
        while ((fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) < 0)
            if (errno != EINTR && errno != ECONNABORTED)
                return false;
        connected(s, fd);
        return true;
    }
    s->watch = loop_watch(s->c.loop, s->listener, EPOLLIN, client_comes, s);
    return s->watch != NULL;
}

/* ------------------------------------------------------------------------- client */

static void try_again(void *arg);

static void refused(struct sock *s)
{
    if (s->reconnect)
        chardev_later(s->c.loop, (unsigned)(s->reconnect * 1000), try_again, s);
}

static void connection_made(void *arg, uint32_t events)
{
    struct sock *s = arg;
    int error = 0;
    socklen_t n = sizeof error;
    getsockopt(s->pending, SOL_SOCKET, SO_ERROR, &error, &n);
    loop_unwatch(s->c.loop, s->watch);
    s->watch = NULL;
    if (error) {
        close(s->pending);
        refused(s);
    } else {
        connected(s, s->pending);
    }
}

static void try_again(void *arg)
{
    struct sock *s = arg;
    s->pending = for_addresses(s, false, connect, SOCK_NONBLOCK);
    if (s->pending < 0 || !(s->watch = loop_watch(s->c.loop, s->pending, EPOLLOUT, connection_made, s))) {
        if (s->pending >= 0)
            close(s->pending);
        refused(s);
    }
}

static bool join(struct sock *s)
{
    if (s->reconnect) {
        try_again(s);
        return true;
    }
    int fd = for_addresses(s, false, connect, 0);
    if (fd < 0)
        return false;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    connected(s, fd);
    return true;
}

static bool lost(struct chardev *c)
{
    struct sock *s = (struct sock *)c;
    chardev_closed(c);
    while (s->nfds)
        close(s->fds[--s->nfds]);
    if (s->server)
        s->watch = loop_watch(c->loop, s->listener, EPOLLIN, client_comes, s);
    else
        refused(s);
    return true;
}

/* ------------------------------------------------------------------------- options */

static bool open_socket(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    struct sock *s = (struct sock *)c;
    const char *path = chardev_option(o, "path"), *host = chardev_option(o, "host"), *port = chardev_option(o, "port");
    bool wait = true;
    s->listener = -1;
    s->nodelay = true;
    if (!chardev_option_bool(o, "server", &s->server, err, errlen) || !chardev_option_bool(o, "wait", &wait, err, errlen) ||
        !chardev_option_bool(o, "telnet", &s->telnet, err, errlen) || !chardev_option_bool(o, "nodelay", &s->nodelay, err, errlen) ||
        !chardev_option_bool(o, "delay", &(bool){ false }, err, errlen) ||
        !chardev_option_number(o, "reconnect", 3600, &s->reconnect, err, errlen))
        return false;
    if (!path == !port) {
        snprintf(err, errlen, "-chardev socket: either path= or port= is needed");
        return false;
    }
    if (s->server && s->reconnect) {
        snprintf(err, errlen, "-chardev socket: reconnect= is for clients");
        return false;
    }
    s->path = path ? strdup(path) : NULL;
    s->host = strdup(host ? host : "");
    s->port = port ? strdup(port) : NULL;
    c->double_ff = s->telnet;
    c->terminal = true;
    errno = 0;
    if (s->server ? serve(s, wait, err, errlen) : join(s))
        return true;
    char text[300];
    chardev_describe(c, text, sizeof text);
    snprintf(err, errlen, "%s: %s", text, strerror(errno));
    return false;
}

static void finish(struct chardev *c)
{
    struct sock *s = (struct sock *)c;
    if (s->unlink_path)
        unlink(s->absolute ? s->absolute : s->path);
}

static void describe(const struct chardev *c, char *text, size_t n)
{
    const struct sock *s = (const struct sock *)c;
    const char *kind = s->path ? "unix" : s->telnet ? "telnet" : "tcp", *state = c->open ? "" : "disconnected:";
    if (s->path)
        snprintf(text, n, "%s%s:%s%s", state, kind, s->path, s->server ? ",server=on" : "");
    else
        snprintf(text, n, "%s%s:%s:%s%s", state, kind, s->host, s->port, s->server ? ",server=on" : "");
}

const struct chardev_class chardev_socket = {
    .name = "socket", .options = "path host port server wait telnet nodelay delay reconnect ipv4 ipv6", .help = "a Unix or TCP socket",
    .size = sizeof(struct sock), .open = open_socket, .filter = filter, .read = receive, .take_fd = take_fd, .lost = lost, .finish = finish, .describe = describe,
};
