/*
 * The backend `user`: a network of its own with a router, DHCP, DNS and TFTP by libslirp, and the host's sockets as the way
 * out. No rights are needed.
 *
 * libslirp is asked before each sleep of the loop what it wants of its descriptors; what has changed goes to the loop. It
 * is called in one go for all events of a round. While the guest has no room, the host's sockets are not read.
 *
 * What comes of one connection in one go is joined to large packets (net_join) if the guest takes them; packets that the guest
 * has not cut go to libslirp as they are, with right sums. Packets are whole when libslirp made them: the guest need not
 * look at their sums.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

static const struct netdev_option options[] = {
    { "ipv4", "on|off", "IPv4 (on)" }, { "ipv6", "on|off", "IPv6 (on)" }, { "net", "ADDR[/MASK]", "the guest's network (10.0.2.0/24)" },
    { "host", "ADDR", "the host, as the guest sees it (the network's .2)" }, { "ipv6-net", "ADDR[/LENGTH]", "the same of IPv6 (fec0::/64)" },
    { "ipv6-prefix", "ADDR", "likewise" }, { "ipv6-prefixlen", "LENGTH", "likewise" }, { "ipv6-host", "ADDR", "the host (xx::2)" },
    { "restrict", "on|off", "no way out of it but the forwards (off)" }, { "hostname", "NAME", "the guest's name by DHCP" },
    { "dhcpstart", "ADDR", "the first of 16 addresses that DHCP gives (the network's .15)" },
    { "dns", "ADDR", "the name server, as the guest sees it (.3)" }, { "ipv6-dns", "ADDR", "likewise (xx::3)" },
    { "dnssearch", "DOMAIN", "domain for short names; may be given several times" }, { "domainname", "NAME", "the guest's domain by DHCP" },
    { "tftp", "FOLDER", "its files can be had by TFTP" }, { "tftp-server-name", "NAME", "by DHCP (RFC 2132, option 66)" },
    { "bootfile", "FILE", "by BOOTP: what to boot from there" }, { "smb", "FOLDER", "not there yet" }, { "smbserver", "ADDR", "not there yet" },
    { "hostfwd", "[tcp|udp]:[HOST]:PORT-[GUEST]:PORT", "connections to the host go to the guest; several times" },
    { "guestfwd", "[tcp]:ADDR:PORT-DEV|cmd:COMMAND", "connections of the guest go to a character backend or a program" }, { NULL }
};

#ifdef MYNA_SLIRP

#include <arpa/inet.h>
#include <slirp/libslirp.h>
#include <sys/epoll.h>

#include "char/chardev.h"

struct user_fd { struct user *u; struct loop_fd *watch; uint32_t want, had, got; };

/* Connections of the guest to an address of this network that go to a character backend. */
struct guestfwd {
    struct guestfwd *next;
    struct user *u;
    struct chardev *c;
    struct in_addr addr;
    int port;
};

struct user_timer { struct alarm *alarm; SlirpTimerCb fn; void *arg; };

struct user {
    struct net_port p;
    Slirp *slirp;
    struct user_fd **fds;     /* by descriptor; NULL: never seen */
    int nfds;
    struct alarm *wake;
    bool events;              /* something is ready, or the time has come */
    bool full;                /* the guest has no room */
    bool restricted;
    struct in_addr net;
    struct guestfwd *forwards;
    struct net_join join;
};

/* ------------------------------------------------------------------ to the guest */

static void send_joined(struct user *u)
{
    struct net_packet k;
    if (!u->join.n)
        return;
    net_joined(&u->join, &k.h);
    struct iovec v = { u->join.bytes, u->join.n };
    k.iov = &v;
    k.niov = 1;
    k.size = v.iov_len;
    u->join.n = 0;
    u->full |= !net_send(&u->p, 0, &k);
}

static ssize_t send_packet(const void *bytes, size_t n, void *arg)
{
    struct user *u = arg;
    bool joins = u->p.peer && (u->p.peer->takes & NET_TSO4);
    if (!joins || !net_join(&u->join, bytes, n)) {
        send_joined(u);
        if (!joins || !net_join(&u->join, bytes, n)) {
            struct iovec v = { (void *)(uintptr_t)bytes, n };
            struct net_packet k = { { .flags = NET_DATA_VALID }, &v, 1, n };
            u->full |= !net_send(&u->p, 0, &k);
        }
    }
    return (ssize_t)n;
}

static void room(struct net_port *p) { ((struct user *)p)->full = false; }

/* ---------------------------------------------------------------- from the guest */

static bool receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    static uint8_t bytes[NET_MAX];
    struct user *u = (struct user *)p;
    slirp_input(u->slirp, net_linear(k, bytes), (int)k->size);
    return true;
}

/* --------------------------------------------------------------------- descriptors */

static struct user_fd *entry(struct user *u, int fd)
{
    if (fd >= u->nfds) {
        int n = fd + 32;
        struct user_fd **more = realloc(u->fds, (size_t)n * sizeof *more);
        if (!more)
            return NULL;
        memset(more + u->nfds, 0, (size_t)(n - u->nfds) * sizeof *more);
        u->fds = more;
        u->nfds = n;
    }
    if (!u->fds[fd] && (u->fds[fd] = calloc(1, sizeof **u->fds)))
        u->fds[fd]->u = u;
    return u->fds[fd];
}

static void ready(void *arg, uint32_t events)
{
    struct user_fd *f = arg;
    f->got |= events;
    f->u->events = true;
}

static void forget_fd(struct user *u, int fd)
{
    if (fd < u->nfds && u->fds[fd]) {
        struct user_fd *f = u->fds[fd];
        loop_unwatch(u->p.machine->loop, f->watch);
        *f = (struct user_fd){ .u = u };
    }
}

static void register_fd(int fd, void *arg) { forget_fd(arg, fd); }
static void unregister_fd(int fd, void *arg) { forget_fd(arg, fd); }

static int add_poll(int fd, int events, void *arg)
{
    struct user *u = arg;
    struct user_fd *f = entry(u, fd);
    if (!f)
        return -1;
    f->want |= (events & SLIRP_POLL_IN ? EPOLLIN : 0) | (events & SLIRP_POLL_OUT ? EPOLLOUT : 0) | (events & SLIRP_POLL_PRI ? EPOLLPRI : 0);
    return fd;
}

static int get_events(int index, void *arg)
{
    struct user *u = arg;
    if (index < 0 || index >= u->nfds || !u->fds[index])
        return 0;
    uint32_t e = u->fds[index]->got;
    return (e & EPOLLIN ? SLIRP_POLL_IN : 0) | (e & EPOLLOUT ? SLIRP_POLL_OUT : 0) | (e & EPOLLPRI ? SLIRP_POLL_PRI : 0) |
           (e & EPOLLERR ? SLIRP_POLL_ERR : 0) | (e & EPOLLHUP ? SLIRP_POLL_HUP : 0);
}

/* What libslirp wants goes to the loop; descriptors that nothing is wanted of are not watched, or their end would be told for
 * ever. */
static void apply(struct user *u, int fd)
{
    struct user_fd *f = u->fds[fd];
    struct loop *l = u->p.machine->loop;
    f->got = 0;
    if (u->full)
        f->want &= (uint32_t)~EPOLLIN;
    if (f->want != f->had) {
        if (!f->want) {
            loop_unwatch(l, f->watch);
            f->watch = NULL;
        } else if (f->watch) {
            loop_change(l, f->watch, f->want);
        } else {
            f->watch = loop_watch(l, fd, f->want, ready, f);
        }
        f->had = f->watch ? f->want : 0;
    }
    f->want = 0;
}

static bool before_wait(struct net_port *p)
{
    struct user *u = (struct user *)p;
    uint32_t timeout = UINT32_MAX;
    if (u->events) {
        u->events = false;
        slirp_pollfds_poll(u->slirp, 0, get_events, u);
    }
    send_joined(u);
    slirp_pollfds_fill(u->slirp, &timeout, add_poll, u);
    for (int fd = 0; fd < u->nfds; fd++)
        if (u->fds[fd] && (u->fds[fd]->want || u->fds[fd]->had))
            apply(u, fd);
    if (timeout < 1000) /* a second is what it says when nothing goes on */
        alarm_at(u->wake, clock_now(p->machine->loop) + timeout * 1000000ull);
    else
        alarm_off(u->wake);
    return false;
}

static void time_has_come(void *arg) { ((struct user *)arg)->events = true; }

/* -------------------------------------------------------------------------- clocks */

static void guest_error(const char *text, void *arg) { /* what a guest sends is no news */ }
static int64_t clock_ns(void *arg) { return (int64_t)clock_now(((struct user *)arg)->p.machine->loop); }

static void ring(void *arg)
{
    struct user_timer *t = arg;
    t->fn(t->arg);
}

static void *timer_new(SlirpTimerCb fn, void *fn_arg, void *arg)
{
    struct user_timer *t = calloc(1, sizeof *t);
    if (!t || !(t->alarm = alarm_new(((struct user *)arg)->p.machine->loop, ring, t))) {
        free(t);
        return NULL;
    }
    t->fn = fn;
    t->arg = fn_arg;
    return t;
}

static void timer_free(void *timer, void *arg)
{
    struct user_timer *t = timer;
    if (t)
        alarm_free(t->alarm);
    free(t);
}

static void timer_mod(void *timer, int64_t ms, void *arg)
{
    if (timer)
        alarm_at(((struct user_timer *)timer)->alarm, (uint64_t)ms * 1000000);
}

static void notify(void *arg) { loop_wake(((struct user *)arg)->p.machine->loop); }

static const SlirpCb callbacks = {
    .send_packet = send_packet, .guest_error = guest_error, .clock_get_ns = clock_ns, .timer_new = timer_new, .timer_free = timer_free,
    .timer_mod = timer_mod, .register_poll_fd = register_fd, .unregister_poll_fd = unregister_fd, .notify = notify,
};

/* ------------------------------------------------------------------------ forwards */

/* Copies text up to `end` (0: all) into part; what is behind it, NULL: there is no such character, or too much text. */
static const char *part_of(const char *text, char end, char *part, size_t n)
{
    const char *stop = end ? strchr(text, end) : text + strlen(text);
    if (!stop || (size_t)(stop - text) >= n)
        return NULL;
    memcpy(part, text, (size_t)(stop - text));
    part[stop - text] = 0;
    return end ? stop + 1 : stop;
}

static bool parse_port(const char *text, int *port)
{
    uint64_t v;
    bool ok = parse_number(text, false, 65535, &v);
    *port = ok ? (int)v : 0;
    return ok;
}

bool user_hostfwd(struct net_port *p, const char *rule, bool remove, char *err, size_t errlen)
{
    struct user *u = (struct user *)p;
    struct in_addr host = { INADDR_ANY }, guest = { 0 };
    char protocol[8], address[64], port[16];
    const char *at = part_of(rule, ':', protocol, sizeof protocol);
    int host_port = 0, guest_port = 0;
    bool udp = at && !strcmp(protocol, "udp");
    if (!at || (*protocol && strcmp(protocol, "tcp") && !udp) || !(at = part_of(at, ':', address, sizeof address)) ||
        (*address && inet_aton(address, &host) == 0))
        goto bad;
    if (remove) {
        if (!parse_port(at, &host_port))
            goto bad;
        if (slirp_remove_hostfwd(u->slirp, udp, host, host_port) == 0)
            return true;
        snprintf(err, errlen, "there is no forward %s", rule);
        return false;
    }
    if (!(at = part_of(at, '-', port, sizeof port)) || !parse_port(port, &host_port) || !(at = part_of(at, ':', address, sizeof address)) ||
        (*address && inet_aton(address, &guest) == 0) || !parse_port(at, &guest_port) || !guest_port)
        goto bad;
    errno = 0;
    if (slirp_add_hostfwd(u->slirp, udp, host, host_port, guest, guest_port) == 0)
        return true;
    snprintf(err, errlen, "hostfwd=%s: %s", rule, errno ? strerror(errno) : "it can't be had");
    return false;
bad:
    snprintf(err, errlen, "hostfwd=%s: it should be %s", rule, remove ? "[tcp|udp]:[HOST]:PORT" : "[tcp|udp]:[HOST]:PORT-[GUEST]:PORT");
    return false;
}

static ssize_t to_chardev(const void *bytes, size_t n, void *arg)
{
    return (ssize_t)chardev_write(((struct guestfwd *)arg)->c, bytes, n);
}

static size_t chardev_wants(void *arg)
{
    struct guestfwd *g = arg;
    return slirp_socket_can_recv(g->u->slirp, g->addr, g->port);
}

static void from_chardev(void *arg, const uint8_t *bytes, size_t n)
{
    struct guestfwd *g = arg;
    slirp_socket_recv(g->u->slirp, g->addr, g->port, bytes, (int)n);
}

static bool add_guestfwd(struct user *u, const char *rule, char *err, size_t errlen)
{
    char protocol[8], address[64], port[16], id[128];
    const char *at = part_of(rule, ':', protocol, sizeof protocol);
    struct guestfwd *g = calloc(1, sizeof *g);
    bool none = false;
    if (!g || !at || (*protocol && strcmp(protocol, "tcp")) || !(at = part_of(at, ':', address, sizeof address)) || !inet_aton(address, &g->addr) ||
        !(at = part_of(at, '-', port, sizeof port)) || !parse_port(port, &g->port) || !*at) {
        snprintf(err, errlen, "guestfwd=%s: it should be [tcp]:ADDR:PORT-DEV or [tcp]:ADDR:PORT-cmd:COMMAND", rule);
        free(g);
        return false;
    }
    g->u = u;
    g->next = u->forwards;
    u->forwards = g;
    if (!strncmp(at, "cmd:", 4)) {
        if (slirp_add_exec(u->slirp, at + 4, &g->addr, g->port) == 0)
            return true;
        snprintf(err, errlen, "guestfwd=%s: the address is taken, or not in the guest's network", rule);
        return false;
    }
    struct chardev_front front = { .room = chardev_wants, .take = from_chardev, .device = g };
    snprintf(id, sizeof id, "guestfwd.%s.%d", u->p.name, g->port);
    g->c = chardev_add_short(u->p.machine->loop, id, at, &none, err, errlen);
    if (!g->c) {
        if (none)
            snprintf(err, errlen, "guestfwd=%s: a character backend is needed", rule);
        return false;
    }
    if (slirp_add_guestfwd(u->slirp, to_chardev, g, &g->addr, g->port) < 0 || !chardev_attach(g->c, &front)) {
        snprintf(err, errlen, "guestfwd=%s: the address is taken or not in the guest's network, or the character backend has a user", rule);
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------- options */

static bool address(const struct netdev_words *w, const char *name, struct in_addr *a, char *err, size_t errlen)
{
    const char *text = netdev_word(w, name);
    if (!text || inet_pton(AF_INET, text, a) == 1)
        return true;
    snprintf(err, errlen, "%s=%s: it should be an IPv4 address", name, text);
    return false;
}

static bool address6(const struct netdev_words *w, const char *name, struct in6_addr *a, char *err, size_t errlen)
{
    const char *text = netdev_word(w, name);
    if (!text || inet_pton(AF_INET6, text, a) == 1)
        return true;
    snprintf(err, errlen, "%s=%s: it should be an IPv6 address", name, text);
    return false;
}

/* "ADDR[/MASK]", the mask as bits or as an address; without one it is that of the address's class. */
static bool parse_net(const char *text, struct in_addr *net, struct in_addr *mask)
{
    char part[32];
    const char *slash = strchr(text, '/');
    uint64_t bits;
    if (!part_of(text, slash ? '/' : 0, part, sizeof part) || inet_pton(AF_INET, part, net) != 1)
        return false;
    uint32_t a = ntohl(net->s_addr);
    if (!slash)
        mask->s_addr = htonl(a >> 31 == 0 ? 0xff000000 : a >> 30 == 2 ? 0xffff0000 : 0xffffff00);
    else if (parse_number(slash + 1, false, 32, &bits))
        mask->s_addr = htonl(bits ? ~0u << (32 - bits) : 0);
    else if (inet_pton(AF_INET, slash + 1, mask) != 1)
        return false;
    net->s_addr &= mask->s_addr;
    return true;
}

static bool parse_ipv4(const struct netdev_words *w, SlirpConfig *c, char *err, size_t errlen)
{
    const char *text = netdev_word(w, "net");
    struct in_addr net, mask;
    if (!parse_net(text ? text : "10.0.2.0/24", &net, &mask)) {
        snprintf(err, errlen, "net=%s: it should be ADDR[/MASK]", text);
        return false;
    }
    uint32_t inside = ~mask.s_addr;
    c->vnetwork = net;
    c->vnetmask = mask;
    c->vhost.s_addr = net.s_addr | (htonl(2) & inside);
    c->vnameserver.s_addr = net.s_addr | (htonl(3) & inside);
    c->vdhcp_start.s_addr = net.s_addr | (htonl(15) & inside);
    if (!address(w, "host", &c->vhost, err, errlen) || !address(w, "dns", &c->vnameserver, err, errlen) ||
        !address(w, "dhcpstart", &c->vdhcp_start, err, errlen))
        return false;
    const struct { const char *name; struct in_addr a; } all[] = { { "host", c->vhost }, { "dns", c->vnameserver }, { "dhcpstart", c->vdhcp_start } };
    for (unsigned k = 0; k < 3; k++) {
        if ((all[k].a.s_addr & mask.s_addr) != net.s_addr) {
            snprintf(err, errlen, "%s=%s: it is not in the guest's network", all[k].name, inet_ntoa(all[k].a));
            return false;
        }
        for (unsigned j = 0; j < k; j++)
            if (all[k].a.s_addr == all[j].a.s_addr) {
                snprintf(err, errlen, "%s and %s have the same address %s", all[j].name, all[k].name, inet_ntoa(all[k].a));
                return false;
            }
    }
    return true;
}

static bool parse_ipv6(const struct netdev_words *w, SlirpConfig *c, char *err, size_t errlen)
{
    const char *text = netdev_word(w, "ipv6-net");
    char part[64];
    uint64_t bits = 64;
    inet_pton(AF_INET6, "fec0::", &c->vprefix_addr6);
    if (text) {
        const char *slash = strchr(text, '/');
        if (!part_of(text, slash ? '/' : 0, part, sizeof part) || inet_pton(AF_INET6, part, &c->vprefix_addr6) != 1 ||
            (slash && !parse_number(slash + 1, false, 126, &bits))) {
            snprintf(err, errlen, "ipv6-net=%s: it should be ADDR[/LENGTH]", text);
            return false;
        }
    }
    if (!address6(w, "ipv6-prefix", &c->vprefix_addr6, err, errlen) || !netdev_word_number(w, "ipv6-prefixlen", 126, &bits, err, errlen))
        return false;
    c->vprefix_len = (uint8_t)bits;
    c->vhost6 = c->vnameserver6 = c->vprefix_addr6;
    c->vhost6.s6_addr[15] |= 2;
    c->vnameserver6.s6_addr[15] |= 3;
    return address6(w, "ipv6-host", &c->vhost6, err, errlen) && address6(w, "ipv6-dns", &c->vnameserver6, err, errlen);
}

/* One kind that is asked for goes without the other, unless that is too. */
static bool parse_kinds(const struct netdev_words *w, bool *v4, bool *v6, char *err, size_t errlen)
{
    bool four = netdev_word(w, "ipv4") != NULL, six = netdev_word(w, "ipv6") != NULL;
    *v4 = *v6 = true;
    if (!netdev_word_bool(w, "ipv4", v4, err, errlen) || !netdev_word_bool(w, "ipv6", v6, err, errlen))
        return false;
    if (four && *v4 && !six)
        *v6 = false;
    else if (six && *v6 && !four)
        *v4 = false;
    if (*v4 || *v6)
        return true;
    snprintf(err, errlen, "neither IPv4 nor IPv6 is left");
    return false;
}

static bool open_user(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    struct user *u = (struct user *)p;
    SlirpConfig c = { .version = 4 };
    const char *search[NETDEV_WORDS + 1] = { NULL };
    bool v4, v6;
    if (netdev_word(w, "smb") || netdev_word(w, "smbserver")) {
        snprintf(err, errlen, "smb= is not there: a folder can be had by tftp=, or from a server on the host");
        return false;
    }
    if (!netdev_word_bool(w, "restrict", &u->restricted, err, errlen) || !parse_kinds(w, &v4, &v6, err, errlen) || !parse_ipv4(w, &c, err, errlen) ||
        !parse_ipv6(w, &c, err, errlen))
        return false;
    for (unsigned k = 0; (search[k] = netdev_word_at(w, "dnssearch", k)); k++)
        continue;
    c.restricted = u->restricted;
    c.in_enabled = v4;
    c.in6_enabled = v6;
    c.vhostname = netdev_word(w, "hostname");
    c.tftp_server_name = netdev_word(w, "tftp-server-name");
    c.tftp_path = netdev_word(w, "tftp");
    c.bootfile = netdev_word(w, "bootfile");
    c.vdnssearch = search[0] ? search : NULL;
    c.vdomainname = netdev_word(w, "domainname");
    u->net = c.vnetwork;
    p->takes = NET_BIG4;
    u->wake = alarm_new(p->machine->loop, time_has_come, u);
    u->slirp = u->wake ? slirp_new(&c, &callbacks, u) : NULL;
    if (!u->slirp) {
        snprintf(err, errlen, "libslirp does not take these options (names too long?)");
        return false;
    }
    const char *rule;
    for (unsigned k = 0; (rule = netdev_word_at(w, "hostfwd", k)); k++)
        if (!user_hostfwd(p, rule, false, err, errlen))
            return false;
    for (unsigned k = 0; (rule = netdev_word_at(w, "guestfwd", k)); k++)
        if (!add_guestfwd(u, rule, err, errlen))
            return false;
    return true;
}

static void free_user(struct net_port *p)
{
    struct user *u = (struct user *)p;
    for (struct guestfwd *g = u->forwards; g; g = g->next)
        if (g->c)
            chardev_detach(g->c, g);
    if (u->slirp)
        slirp_cleanup(u->slirp);
    for (int fd = 0; fd < u->nfds; fd++) {
        forget_fd(u, fd);
        free(u->fds[fd]);
    }
    free(u->fds);
    alarm_free(u->wake);
    while (u->forwards) {
        struct guestfwd *g = u->forwards;
        u->forwards = g->next;
        free(g);
    }
}

/* ------------------------------------------------------------------------- printing */

static void describe(const struct net_port *p, char *text, size_t n)
{
    const struct user *u = (const struct user *)p;
    snprintf(text, n, "net=%s,restrict=%s", inet_ntoa(u->net), u->restricted ? "on" : "off");
}

void user_print(struct net_port *p, FILE *f)
{
    char *text = slirp_connection_info(((struct user *)p)->slirp);
    fprintf(f, "%s", text ? text : "");
    free(text);
}

const struct netdev_class netdev_user = {
    .ops = { .type = "user", .receive = receive, .room = room, .before_wait = before_wait, .describe = describe, .free = free_user },
    .help = "user-mode networking: no rights needed", .options = options, .size = sizeof(struct user), .open = open_user,
};

#else /* without libslirp */

bool user_hostfwd(struct net_port *p, const char *rule, bool remove, char *err, size_t errlen) { return false; }
void user_print(struct net_port *p, FILE *f) { }

const struct netdev_class netdev_user = {
    .ops = { .type = "user" }, .help = "this build is without libslirp (./configure --enable-slirp says why)", .options = options,
};

#endif
