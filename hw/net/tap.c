/*
 * The backend `tap`: a network interface of the host's, and `bridge`: the same made by a helper program that has the right
 * to (Linux, Documentation/networking/tuntap.rst).
 *
 * With vnet_hdr=on (the default) frames come and go with a virtio header: checksums and large packets go through undone, as far as
 * the guest takes them (TUNSETOFFLOAD). With queues=N the interface has N queues, each a descriptor.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"

#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum { BURST = 64, HEADER = 10 /* what the kernel takes without being told */ };
#define DEFAULT_SCRIPT "/etc/qemu-ifup"
#define DEFAULT_DOWNSCRIPT "/etc/qemu-ifdown"
#define DEFAULT_BRIDGE "br0"
#define DEFAULT_HELPER "/usr/lib/qemu/qemu-bridge-helper"

struct tap;
struct tap_queue { struct tap *t; unsigned number; int fd; struct loop_fd *watch; bool full, stuck; uint32_t events; };

struct tap {
    struct net_port p;
    bool header;
    bool uso;               /* the kernel knows TUN_F_USO4 */
    char name[IFNAMSIZ];
    char *downscript;
    struct tap_queue q[NET_QUEUES];
    unsigned nopen;
};

/* ------------------------------------------------------------------------- frames */

static void watch(struct tap_queue *q)
{
    struct loop *l = q->t->p.machine->loop;
    uint32_t want = (q->full ? 0 : EPOLLIN) | (q->stuck ? EPOLLOUT : 0);
    if (want == q->events)
        return;
    if (q->watch && want)
        loop_change(l, q->watch, want);
    q->events = want;
    if (!want) {
        loop_unwatch(l, q->watch);
        q->watch = NULL;
    }
}

static void ready(void *arg, uint32_t events);
static void watch_new(struct tap_queue *q)
{
    watch(q);
    if (q->events && !q->watch && !(q->watch = loop_watch(q->t->p.machine->loop, q->fd, q->events, ready, q)))
        q->events = 0;
}

static void read_frames(struct tap_queue *q)
{
    static uint8_t bytes[HEADER + NET_MAX];
    struct tap *t = q->t;
    for (unsigned k = 0; k < BURST && !q->full; k++) {
        ssize_t n = read(q->fd, bytes, sizeof bytes), head = t->header ? HEADER : 0;
        if (n <= head)
            break;
        struct iovec v = { bytes + head, (size_t)(n - head) };
        struct net_packet p = { { 0 }, &v, 1, v.iov_len };
        if (t->header)
            memcpy(&p.h, bytes, HEADER);
        q->full = !net_send(&t->p, q->number, &p);
    }
}

static void ready(void *arg, uint32_t events)
{
    struct tap_queue *q = arg;
    if (events & EPOLLOUT) {
        q->stuck = false;
        net_room(&q->t->p, q->number);
    }
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        read_frames(q);
    watch_new(q);
}

static bool receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    struct tap *t = (struct tap *)p;
    struct tap_queue *q = &t->q[queue];
    static uint8_t whole[NET_MAX];
    struct iovec v[64];
    unsigned n = 0;
    if (t->header)
        v[n++] = (struct iovec){ (void *)(uintptr_t)&k->h, HEADER };
    if (k->niov < 63) {
        memcpy(v + n, k->iov, k->niov * sizeof *v);
        n += k->niov;
    } else {
        v[n++] = (struct iovec){ (void *)(uintptr_t)net_linear(k, whole), k->size };
    }
    ssize_t rc = writev(q->fd, v, (int)n);
    if (rc < 0 && (errno == EAGAIN || errno == EINTR)) {
        q->stuck = true;
        watch_new(q);
        return false;
    }
    if (rc < 0)
        p->dropped++; /* the kernel does not like it: the interface is down, or a header that makes no sense */
    return true;
}

static void room(struct net_port *p)
{
    struct tap *t = (struct tap *)p;
    for (unsigned k = 0; k < t->nopen; k++) {
        t->q[k].full = false;
        watch_new(&t->q[k]);
    }
}

/* What the guest takes decides what the kernel may leave undone. */
static void takes(struct net_port *p)
{
    struct tap *t = (struct tap *)p;
    static const struct { unsigned takes, flag; } rows[] = {
        { NET_CSUM, TUN_F_CSUM }, { NET_TSO4, TUN_F_TSO4 }, { NET_TSO6, TUN_F_TSO6 }, { NET_ECN, TUN_F_TSO_ECN }, { NET_UFO, TUN_F_UFO },
        { NET_USO, TUN_F_USO4 | TUN_F_USO6 },
    };
    unsigned flags = 0;
    if (!t->header)
        return;
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++)
        if (p->peer && (p->peer->takes & rows[k].takes) && (rows[k].takes != NET_USO || t->uso))
            flags |= rows[k].flag;
    if (flags & ~(unsigned)TUN_F_CSUM)
        flags |= TUN_F_CSUM;
    for (unsigned k = 0; k < t->nopen; k++)
        if (ioctl(t->q[k].fd, TUNSETOFFLOAD, (unsigned long)flags) < 0)
            ioctl(t->q[k].fd, TUNSETOFFLOAD, (unsigned long)(flags & (TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6)));
}

/* ------------------------------------------------------------------------- opening */

static bool add_queue(struct tap *t, int fd, char *err, size_t errlen)
{
    if (t->nopen == NET_QUEUES) {
        snprintf(err, errlen, "more than %d queues", NET_QUEUES);
        close(fd);
        return false;
    }
    struct tap_queue *q = &t->q[t->nopen];
    *q = (struct tap_queue){ .t = t, .number = t->nopen, .fd = fd };
    t->p.nqueues = ++t->nopen;
    return true;
}

/* Does this descriptor of a tap have headers? False: it is none. */
static bool look_at(struct tap *t, int fd, bool *header, char *err, size_t errlen)
{
    struct ifreq r = { 0 };
    if (ioctl(fd, TUNGETIFF, &r) < 0) {
        snprintf(err, errlen, "descriptor %d is no tap: %s", fd, strerror(errno));
        return false;
    }
    snprintf(t->name, sizeof t->name, "%s", r.ifr_name);
    *header = r.ifr_flags & IFF_VNET_HDR;
    return true;
}

static int make_interface(struct tap *t, bool *header, bool many, char *err, size_t errlen)
{
    struct ifreq r = { 0 };
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        snprintf(err, errlen, "/dev/net/tun: %s", strerror(errno));
        return -1;
    }
    r.ifr_flags = (short)(IFF_TAP | IFF_NO_PI | (many ? IFF_MULTI_QUEUE : 0) | (*header ? IFF_VNET_HDR : 0));
    snprintf(r.ifr_name, sizeof r.ifr_name, "%s", *t->name ? t->name : "tap%d");
    if (ioctl(fd, TUNSETIFF, &r) < 0) {
        snprintf(err, errlen, "ifname=%s: %s", r.ifr_name, errno == EPERM ? "no right to make or use this interface (CAP_NET_ADMIN)" : strerror(errno));
        close(fd);
        return -1;
    }
    snprintf(t->name, sizeof t->name, "%s", r.ifr_name);
    return fd;
}

static bool run_script(const char *script, const char *name, char *err, size_t errlen)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        execl(script, script, name, NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    snprintf(err, errlen, "%s %s: it failed, with status %d", script, name, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return false;
}

static bool start(struct tap *t, uint64_t sndbuf, char *err, size_t errlen)
{
    int bytes = sndbuf > INT_MAX || !sndbuf ? INT_MAX : (int)sndbuf;
    t->p.takes = t->header ? NET_CSUM | NET_TSO4 | NET_TSO6 | NET_ECN | NET_UFO : 0;
    /* The kernel answers whether it knows an offload before any guest asks for it. */
    t->uso = t->header && ioctl(t->q[0].fd, TUNSETOFFLOAD, (unsigned long)(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_USO4 | TUN_F_USO6)) == 0;
    if (t->uso)
        t->p.takes |= NET_USO;
    for (unsigned k = 0; k < t->nopen; k++) {
        int size = HEADER;
        if (t->header && ioctl(t->q[k].fd, TUNSETVNETHDRSZ, &size) < 0) {
            snprintf(err, errlen, "TUNSETVNETHDRSZ: %s", strerror(errno));
            return false;
        }
        if (ioctl(t->q[k].fd, TUNSETSNDBUF, &bytes) < 0 && errno != EINVAL) {
            snprintf(err, errlen, "sndbuf: %s", strerror(errno));
            return false;
        }
        watch_new(&t->q[k]);
    }
    takes(&t->p);
    return true;
}

/* A helper makes the interface, puts it into the bridge and hands its descriptor over a socket (its one argument of ours). */
static int ask_helper(const char *helper, const char *bridge, bool header, char *err, size_t errlen)
{
    int pair[2], status = 0, fd = -1;
    char fd_text[32], bridge_text[64];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0) {
        snprintf(err, errlen, "socketpair: %s", strerror(errno));
        return -1;
    }
    fcntl(pair[0], F_SETFD, FD_CLOEXEC);
    snprintf(fd_text, sizeof fd_text, "--fd=%d", pair[1]);
    snprintf(bridge_text, sizeof bridge_text, "--br=%s", bridge);
    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (header)
            execl(helper, helper, "--use-vnet", fd_text, bridge_text, NULL);
        else
            execl(helper, helper, fd_text, bridge_text, NULL);
        _exit(127);
    }
    close(pair[1]);
    char byte, control[CMSG_SPACE(sizeof(int))];
    struct iovec v = { &byte, 1 };
    struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control };
    while (pid > 0 && recvmsg(pair[0], &m, MSG_CMSG_CLOEXEC) < 0 && errno == EINTR)
        continue;
    struct cmsghdr *c = pid > 0 ? CMSG_FIRSTHDR(&m) : NULL;
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    close(pair[0]);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (fd < 0)
        snprintf(err, errlen, "%s: it gave no interface of bridge %s (status %d)", helper, bridge, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    else
        net_nonblock(fd);
    return fd;
}

/* Descriptors of fd= and fds=. */
static bool take_fds(struct tap *t, const char *list, const char *name, char *err, size_t errlen)
{
    char text[16];
    for (bool first = true; *list; list += strcspn(list, ":"), list += *list == ':', first = false) {
        bool header;
        snprintf(text, sizeof text, "%.*s", (int)strcspn(list, ":"), list);
        int fd = net_given_fd(text, name, err, errlen);
        if (fd < 0 || !look_at(t, fd, &header, err, errlen) || !add_queue(t, fd, err, errlen))
            return false;
        if (!first && header != t->header) {
            snprintf(err, errlen, "%s: some have virtio headers, others not", name);
            return false;
        }
        t->header = header;
    }
    return t->nopen != 0;
}

static bool no_vhost(const struct netdev_words *w, char *err, size_t errlen)
{
    bool vhost = false;
    if (!netdev_word_bool(w, "vhost", &vhost, err, errlen))
        return false;
    if (!vhost && !netdev_word(w, "vhostfd") && !netdev_word(w, "vhostfds"))
        return true;
    snprintf(err, errlen, "vhost=on is not there: rings are served in this process (vhost=off)");
    return false;
}

static bool open_tap(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    struct tap *t = (struct tap *)p;
    const char *fd = netdev_word(w, "fd"), *fds = netdev_word(w, "fds"), *ifname = netdev_word(w, "ifname"), *script = netdev_word(w, "script");
    const char *down = netdev_word(w, "downscript"), *helper = netdev_word(w, "helper"), *bridge = netdev_word(w, "br");
    uint64_t queues = 1, sndbuf = 0;
    bool header = true;
    if (!no_vhost(w, err, errlen) || !netdev_word_bool(w, "vnet_hdr", &header, err, errlen) ||
        !netdev_word_number(w, "queues", NET_QUEUES, &queues, err, errlen) || !netdev_word_number(w, "sndbuf", ~0ull, &sndbuf, err, errlen))
        return false;
    if ((fd != NULL) + (fds != NULL) + (helper != NULL || bridge != NULL) > 1 || ((fd || fds) && (ifname || script || down))) {
        snprintf(err, errlen, "fd=, fds= and helper= exclude one another, and ifname=, script= and downscript=");
        return false;
    }
    if (fd || fds)
        return take_fds(t, fd ? fd : fds, fd ? "fd" : "fds", err, errlen) && start(t, sndbuf, err, errlen);
    if (helper || bridge) {
        int got = ask_helper(helper ? helper : DEFAULT_HELPER, bridge ? bridge : DEFAULT_BRIDGE, header, err, errlen);
        return got >= 0 && look_at(t, got, &t->header, err, errlen) && add_queue(t, got, err, errlen) && start(t, sndbuf, err, errlen);
    }
    if (ifname && strlen(ifname) >= sizeof t->name) {
        snprintf(err, errlen, "ifname=%s: a longer name than interfaces have", ifname);
        return false;
    }
    snprintf(t->name, sizeof t->name, "%s", ifname ? ifname : "");
    t->header = header;
    for (unsigned k = 0; k < (queues ? queues : 1); k++) {
        int one = make_interface(t, &t->header, queues > 1, err, errlen);
        if (one < 0 || !add_queue(t, one, err, errlen))
            return false;
    }
    script = script ? script : DEFAULT_SCRIPT;
    if (*script && strcmp(script, "no") && !run_script(script, t->name, err, errlen))
        return false;
    down = down ? down : DEFAULT_DOWNSCRIPT;
    t->downscript = *down && strcmp(down, "no") ? strdup(down) : NULL;
    return start(t, sndbuf, err, errlen);
}

static bool open_bridge(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    struct tap *t = (struct tap *)p;
    const char *helper = netdev_word(w, "helper"), *bridge = netdev_word(w, "br");
    int fd = ask_helper(helper ? helper : DEFAULT_HELPER, bridge ? bridge : DEFAULT_BRIDGE, true, err, errlen);
    return fd >= 0 && look_at(t, fd, &t->header, err, errlen) && add_queue(t, fd, err, errlen) && start(t, 0, err, errlen);
}

static void free_tap(struct net_port *p)
{
    struct tap *t = (struct tap *)p;
    char err[256];
    for (unsigned k = 0; k < t->nopen; k++) {
        loop_unwatch(p->machine->loop, t->q[k].watch);
        close(t->q[k].fd);
    }
    if (t->downscript && !run_script(t->downscript, t->name, err, sizeof err))
        fprintf(stderr, "myna: %s\n", err);
    free(t->downscript);
}

static void describe(const struct net_port *p, char *text, size_t n) { snprintf(text, n, "ifname=%s", ((const struct tap *)p)->name); }

static const struct netdev_option tap_options[] = {
    { "ifname", "NAME", "the interface; a new one if there is none (tap0 and on)" }, { "script", "FILE|no", "run with its name (" DEFAULT_SCRIPT ")" },
    { "downscript", "FILE|no", "likewise at the end (" DEFAULT_DOWNSCRIPT ")" }, { "fd", "N", "an open tap" }, { "fds", "N:M:...", "one with queues" },
    { "queues", "N", "queues of the interface (1)" }, { "vnet_hdr", "on|off", "checksums and large packets go through undone (on)" },
    { "sndbuf", "SIZE", "bytes under way to the host (no limit)" }, { "br", "NAME", "as of bridge" }, { "helper", "FILE", "as of bridge" },
    { "vhost", "off", "on is not there" }, { "vhostfd", "N", "not there" }, { "vhostfds", "N:M", "not there" }, { "vhostforce", "on|off", "nothing" },
    { "poll-us", "N", "nothing" }, { NULL }
};
static const struct netdev_option bridge_options[] = {
    { "br", "NAME", "the bridge (" DEFAULT_BRIDGE ")" }, { "helper", "FILE", "the program that makes it (" DEFAULT_HELPER ")" }, { NULL }
};

#define TAP_OPS(name) { .type = name, .receive = receive, .room = room, .takes = takes, .describe = describe, .free = free_tap }
const struct netdev_class netdev_tap = {
    .ops = TAP_OPS("tap"), .help = "an interface of the host's", .options = tap_options, .size = sizeof(struct tap), .open = open_tap,
};
const struct netdev_class netdev_bridge = {
    .ops = TAP_OPS("bridge"), .help = "an interface in a bridge of the host's, by a helper program", .options = bridge_options,
    .size = sizeof(struct tap), .open = open_bridge,
};
