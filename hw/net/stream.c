/*
 * Frames in a stream: the backends `stream` and `socket`. Each frame goes as its length, four bytes of big endian, and
 * its bytes. A server takes one client at a time; a client may try again when its server has gone (reconnect).
 *
 * While the host does not take what is written, nothing more is received (socket_receive gives false); while the guest has no
 * room, nothing is read. A length that no frame has ends the connection.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

#include "sockets.h"

enum { PREFIX = 4, IN_BYTES = 256 << 10, OUT_BYTES = PREFIX + NET_MAX };

static void update(struct net_socket *s);
static void try_again(void *arg);
static void client_comes(void *arg, uint32_t events);

/* ---------------------------------------------------------------------- connections */

static bool connected(struct net_socket *s)
{
    int one = 1;
    setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* others refuse it */
    s->nin = s->nout = s->first = 0;
    s->full = false;
    if ((!s->in && !(s->in = malloc(IN_BYTES))) || (!s->out && !(s->out = malloc(OUT_BYTES))))
        return false;
    update(s);
    net_room(&s->p, 0);
    return true;
}

static void unwatch(struct net_socket *s)
{
    loop_unwatch(s->p.machine->loop, s->watch);
    s->watch = NULL;
    s->events = 0;
}

static void lost(struct net_socket *s)
{
    unwatch(s);
    close(s->fd);
    s->fd = -1;
    s->connecting = false;
    s->nin = s->nout = 0;
    net_room(&s->p, 0); /* frames go nowhere now */
    if (s->listener >= 0 && !s->listen_watch)
        s->listen_watch = loop_watch(s->p.machine->loop, s->listener, EPOLLIN, client_comes, s);
    else if (s->reconnect)
        alarm_at(s->again, clock_now(s->p.machine->loop) + s->reconnect * 1000000);
}

/* -------------------------------------------------------------------------- frames */

static void take_frames(struct net_socket *s)
{
    size_t at = 0;
    while (!s->full && s->nin - at >= PREFIX) {
        const uint8_t *p = s->in + at;
        size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
        if (n > NET_MAX) {
            lost(s);
            return;
        }
        if (s->nin - at < PREFIX + n)
            break;
        at += PREFIX + n;
        s->full = !net_send_bytes(&s->p, 0, p + PREFIX, n);
    }
    memmove(s->in, s->in + at, s->nin - at);
    s->nin -= at;
}

static void read_frames(struct net_socket *s)
{
    ssize_t n = recv(s->fd, s->in + s->nin, IN_BYTES - s->nin, MSG_DONTWAIT);
    if (n > 0) {
        s->nin += (size_t)n;
        take_frames(s);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        lost(s);
    }
}

static void write_frames(struct net_socket *s)
{
    while (s->nout) {
        ssize_t n = send(s->fd, s->out + s->first, s->nout, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n < 0) {
            lost(s);
            return;
        }
        s->first += (size_t)n;
        s->nout -= (size_t)n;
    }
    net_room(&s->p, 0);
}

static void ready(void *arg, uint32_t events)
{
    struct net_socket *s = arg;
    if (s->connecting) {
        int error = 0;
        socklen_t n = sizeof error;
        getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n);
        s->connecting = false;
        if (error || !connected(s))
            lost(s);
        return;
    }
    if (events & (EPOLLOUT | EPOLLERR))
        write_frames(s);
    if (s->fd >= 0 && !s->full && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
        read_frames(s);
    if (s->fd >= 0)
        update(s);
}

static void update(struct net_socket *s)
{
    struct loop *l = s->p.machine->loop;
    uint32_t want = s->connecting ? EPOLLOUT : (s->full ? 0u : (uint32_t)EPOLLIN) | (s->nout ? (uint32_t)EPOLLOUT : 0u);
    if (want == s->events)
        return;
    if (!want) {
        unwatch(s);
        return;
    }
    if (s->watch)
        loop_change(l, s->watch, want);
    else
        s->watch = loop_watch(l, s->fd, want, ready, s);
    s->events = s->watch ? want : 0;
}

bool socket_receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    struct net_socket *s = (struct net_socket *)p;
    if (s->dgram)
        return dgram_receive(s, k);
    if (s->fd < 0 || s->connecting)
        return true; /* nobody is there */
    if (s->nout)
        return false;
    uint8_t head[PREFIX] = { (uint8_t)(k->size >> 24), (uint8_t)(k->size >> 16), (uint8_t)(k->size >> 8), (uint8_t)k->size };
    struct iovec v[64] = { { head, PREFIX } };
    ssize_t n = 0;
    if (k->niov < 64) {
        memcpy(v + 1, k->iov, k->niov * sizeof *v);
        struct msghdr m = { .msg_iov = v, .msg_iovlen = k->niov + 1 };
        n = sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return true; /* reading finds it out */
        n = n < 0 ? 0 : n;
    }
    if ((size_t)n == PREFIX + k->size)
        return true;
    memcpy(s->out, head, PREFIX);
    net_copy(k, 0, s->out + PREFIX, k->size);
    s->first = (size_t)n;
    s->nout = PREFIX + k->size - (size_t)n;
    update(s);
    return true;
}

void socket_room(struct net_port *p)
{
    struct net_socket *s = (struct net_socket *)p;
    if (s->dgram) {
        dgram_room(s);
        return;
    }
    if (s->fd < 0 || s->connecting || !s->full)
        return;
    s->full = false;
    take_frames(s);
    if (s->fd >= 0)
        update(s);
}

/* -------------------------------------------------------------------------- server, client */

static void client_comes(void *arg, uint32_t events)
{
    struct net_socket *s = arg;
    int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    loop_unwatch(s->p.machine->loop, s->listen_watch);
    s->listen_watch = NULL;
    s->fd = fd;
    if (!connected(s))
        lost(s);
}

static bool serve(struct net_socket *s, const struct sockaddr_storage *a, unsigned n, const char *what, char *err, size_t errlen)
{
    int one = 1;
    if (a->ss_family == AF_UNIX)
        unlink(((const struct sockaddr_un *)a)->sun_path);
    s->listener = socket(a->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->listener < 0 || setsockopt(s->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
        bind(s->listener, (const struct sockaddr *)a, n) < 0 || listen(s->listener, 1) < 0) {
        snprintf(err, errlen, "%s: %s", what, strerror(errno));
        return false;
    }
    if (a->ss_family == AF_UNIX)
        s->unlink_path = strdup(((const struct sockaddr_un *)a)->sun_path);
    s->listen_watch = loop_watch(s->p.machine->loop, s->listener, EPOLLIN, client_comes, s);
    return s->listen_watch != NULL;
}

/* 0: connected or soon; else an errno. */
static int join(struct net_socket *s)
{
    s->fd = socket(s->peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s->fd < 0)
        return errno;
    if (connect(s->fd, (struct sockaddr *)&s->peer, s->npeer) == 0)
        return connected(s) ? 0 : ENOMEM;
    if (errno != EINPROGRESS) {
        int error = errno;
        close(s->fd);
        s->fd = -1;
        return error;
    }
    s->connecting = true;
    update(s);
    return 0;
}

static void try_again(void *arg)
{
    struct net_socket *s = arg;
    if (s->fd < 0 && join(s))
        alarm_at(s->again, clock_now(s->p.machine->loop) + s->reconnect * 1000000);
}

static bool start_client(struct net_socket *s, const char *what, char *err, size_t errlen)
{
    if (s->reconnect && !(s->again = alarm_new(s->p.machine->loop, try_again, s))) {
        snprintf(err, errlen, "no memory");
        return false;
    }
    int error = join(s);
    if (error && s->reconnect) {
        alarm_at(s->again, clock_now(s->p.machine->loop) + s->reconnect * 1000000);
        return true;
    }
    if (error)
        snprintf(err, errlen, "%s: %s", what, strerror(error));
    return !error;
}

static bool use_fd(struct net_socket *s, int fd, char *err, size_t errlen)
{
    int kind = 0, listens = 0;
    socklen_t n = sizeof kind;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &n) < 0) {
        snprintf(err, errlen, "fd=%d: it is no socket", fd);
        return false;
    }
    n = sizeof listens;
    getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &n);
    if (listens) {
        s->listener = fd;
        s->listen_watch = loop_watch(s->p.machine->loop, fd, EPOLLIN, client_comes, s);
        return s->listen_watch != NULL;
    }
    s->fd = fd;
    return kind == SOCK_DGRAM ? dgram_start(s) : connected(s);
}

/* -------------------------------------------------------------------------- words */

bool socket_address(const struct netdev_words *w, const char *prefix, int kind, bool passive, struct socket_address *a, bool *given, char *err,
                    size_t errlen)
{
    char name[5][32];
    static const char *const parts[] = { "type", "host", "port", "path", "str" };
    const char *value[5];
    for (unsigned k = 0; k < 5; k++) {
        snprintf(name[k], sizeof name[k], "%s.%s", prefix, parts[k]);
        value[k] = netdev_word(w, name[k]);
    }
    *a = (struct socket_address){ .fd = -1 };
    *given = value[0] != NULL;
    if (!*given)
        return true;
    if (!strcmp(value[0], "inet") && value[1] && value[2]) {
        a->kind = ADDRESS_INET;
        snprintf(a->host, sizeof a->host, "%s", value[1]);
        snprintf(a->text, sizeof a->text, strchr(value[1], ':') ? "[%.250s]:%.40s" : "%.250s:%.40s", value[1], value[2]);
        return net_address(a->text, kind, passive, &a->a, &a->n, err, errlen);
    }
    if (!strcmp(value[0], "unix") && value[3]) {
        a->kind = ADDRESS_UNIX;
        snprintf(a->text, sizeof a->text, "%s", value[3]);
        return net_unix_address(value[3], &a->a, &a->n, err, errlen);
    }
    if (!strcmp(value[0], "fd") && value[4]) {
        a->kind = ADDRESS_FD;
        snprintf(a->text, sizeof a->text, "fd %.20s", value[4]);
        return (a->fd = net_given_fd(value[4], name[4], err, errlen)) >= 0;
    }
    snprintf(err, errlen, "%s=%s: it should be inet with %s.host= and %s.port=, unix with %s.path=, or fd with %s.str=", name[0], value[0], prefix,
             prefix, prefix, prefix);
    return false;
}

static bool open_stream(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    struct net_socket *s = (struct net_socket *)p;
    struct socket_address a;
    bool server = false, given;
    uint64_t seconds = 0;
    s->fd = s->listener = -1;
    if (!netdev_word_bool(w, "server", &server, err, errlen) || !netdev_word_number(w, "reconnect", 86400, &seconds, err, errlen) ||
        !netdev_word_number(w, "reconnect-ms", 86400000, &s->reconnect, err, errlen) ||
        !socket_address(w, "addr", SOCK_STREAM, server, &a, &given, err, errlen))
        return false;
    if (!given) {
        snprintf(err, errlen, "addr.type=inet|unix|fd is missing");
        return false;
    }
    s->reconnect += seconds * 1000;
    snprintf(s->about, sizeof s->about, "%.280s%s", a.text, server ? ",server=on" : "");
    if (a.kind == ADDRESS_FD)
        return use_fd(s, a.fd, err, errlen);
    if (server)
        return serve(s, &a.a, a.n, a.text, err, errlen);
    s->peer = a.a;
    s->npeer = a.n;
    return start_client(s, a.text, err, errlen);
}

static bool open_socket(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    static const char *const ways[] = { "fd", "listen", "connect", "mcast", "udp" };
    struct net_socket *s = (struct net_socket *)p;
    const char *value = NULL, *local = netdev_word(w, "localaddr");
    struct sockaddr_storage a;
    unsigned way = 0, n = 0, count = 0;
    s->fd = s->listener = -1;
    for (unsigned k = 0; k < sizeof ways / sizeof *ways; k++)
        if (netdev_word(w, ways[k])) {
            value = netdev_word(w, ways[way = k]);
            count++;
        }
    if (count != 1) {
        snprintf(err, errlen, "one of fd=, listen=, connect=, mcast= and udp= is needed");
        return false;
    }
    snprintf(s->about, sizeof s->about, "%s=%.280s", ways[way], value);
    switch (way) {
    case 0:
        s->fd = net_given_fd(value, "fd", err, errlen);
        if (s->fd < 0)
            return false;
        n = (unsigned)s->fd;
        s->fd = -1;
        return use_fd(s, (int)n, err, errlen);
    case 1:
        return net_address(value, SOCK_STREAM, true, &a, &n, err, errlen) && serve(s, &a, n, value, err, errlen);
    case 2:
        return net_address(value, SOCK_STREAM, false, &s->peer, &s->npeer, err, errlen) && start_client(s, value, err, errlen);
    case 3:
        s->fd = dgram_multicast(value, local, &s->to, &s->nto, err, errlen);
        return s->fd >= 0 && dgram_start(s);
    default:
        if (!local) {
            snprintf(err, errlen, "udp= wants localaddr=HOST:PORT too");
            return false;
        }
        if (!net_address(value, SOCK_DGRAM, false, &s->to, &s->nto, err, errlen) || !net_address(local, SOCK_DGRAM, true, &a, &n, err, errlen))
            return false;
        s->fd = dgram_bound(&a, n, local, err, errlen);
        return s->fd >= 0 && dgram_start(s);
    }
}

void socket_describe(const struct net_port *p, char *text, size_t n)
{
    const struct net_socket *s = (const struct net_socket *)p;
    snprintf(text, n, "%.200s%s", s->about, s->fd < 0 ? ",disconnected" : "");
}

void socket_free(struct net_port *p)
{
    struct net_socket *s = (struct net_socket *)p;
    loop_unwatch(p->machine->loop, s->watch);
    loop_unwatch(p->machine->loop, s->listen_watch);
    if (s->fd >= 0)
        close(s->fd);
    if (!s->dgram && s->listener >= 0)
        close(s->listener);
    alarm_free(s->again);
    if (s->unlink_path)
        unlink(s->unlink_path);
    free(s->unlink_path);
    free(s->in);
    free(s->out);
}

static const struct netdev_option socket_options[] = {
    { "fd", "N", "an open socket" }, { "listen", "[HOST]:PORT", "waits for a client" }, { "connect", "HOST:PORT", "is one" },
    { "mcast", "GROUP:PORT", "a multicast group as a bus" }, { "udp", "HOST:PORT", "datagrams there" },
    { "localaddr", "HOST[:PORT]", "the own address, of mcast and udp" }, { NULL }
};
static const struct netdev_option stream_options[] = {
    { "server", "on|off", "waits for a client (off)" }, { "addr.type", "inet|unix|fd", "the socket" }, { "addr.host", "HOST", "of inet" },
    { "addr.port", "PORT", "likewise" }, { "addr.path", "FILE", "of unix" }, { "addr.str", "N", "of fd: an open descriptor" },
    { "reconnect", "SECONDS", "a client tries again (0: not)" }, { "reconnect-ms", "N", "likewise" }, { NULL }
};

const struct netdev_class netdev_socket = {
    .ops = SOCKET_OPS("socket"), .help = "another machine, by TCP, UDP or multicast", .options = socket_options, .size = sizeof(struct net_socket),
    .open = open_socket,
};
const struct netdev_class netdev_stream = {
    .ops = SOCKET_OPS("stream"), .help = "another machine, by a stream: TCP, Unix", .options = stream_options, .size = sizeof(struct net_socket),
    .open = open_stream,
};
