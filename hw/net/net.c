/*
 * Ports and what goes between them: see net.h. Frames that the peer does not take as they are get finished here.
 *
 * Order: a lane is a queue to a port. What cannot be received is copied to its end, and from then on everything goes there
 * until it is empty again; so a lane with frames is a stalled one, and its sender waits.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct net_held {
    struct net_held *next;
    struct net_header h;
    size_t size;
    uint8_t bytes[];
};

static struct net_port *all;

/* ------------------------------------------------------------------------- pieces */

size_t net_copy(const struct net_packet *k, size_t at, void *to, size_t n)
{
    size_t done = 0;
    for (unsigned i = 0; i < k->niov && done < n; i++) {
        size_t len = k->iov[i].iov_len;
        if (at >= len) {
            at -= len;
            continue;
        }
        len = len - at < n - done ? len - at : n - done;
        memcpy((uint8_t *)to + done, (const uint8_t *)k->iov[i].iov_base + at, len);
        done += len;
        at = 0;
    }
    return done;
}

const uint8_t *net_linear(const struct net_packet *k, uint8_t *to)
{
    if (k->niov == 1)
        return k->iov->iov_base;
    net_copy(k, 0, to, NET_MAX);
    return to;
}

/* --------------------------------------------------------------------------- lanes */

static void hold(struct net_port *to, struct net_lane *l, const struct net_packet *k)
{
    struct net_held *h = l->n < NET_HELD ? malloc(sizeof *h + k->size) : NULL;
    l->stalled = true;
    if (!h) {
        to->dropped++;
        return;
    }
    h->next = NULL;
    h->h = k->h;
    h->size = net_copy(k, 0, h->bytes, k->size);
    if (!l->first)
        l->last = &l->first;
    *l->last = h;
    l->last = &h->next;
    l->n++;
}

static bool deliver(struct net_port *to, unsigned queue, const struct net_packet *k)
{
    queue %= to->nqueues;
    struct net_lane *l = &to->lane[queue];
    if (!l->first && to->ops->receive(to, queue, k))
        return true;
    hold(to, l, k);
    return false;
}

void net_forget(struct net_port *to)
{
    for (unsigned q = 0; q < NET_QUEUES; q++) {
        struct net_lane *l = &to->lane[q];
        while (l->first) {
            struct net_held *h = l->first;
            l->first = h->next;
            to->dropped++;
            free(h);
        }
        l->n = 0;
    }
}

static void drain(struct net_port *to, unsigned queue)
{
    struct net_lane *l = &to->lane[queue];
    while (l->first) {
        struct net_held *h = l->first;
        struct iovec v = { h->bytes, h->size };
        struct net_packet k = { h->h, &v, 1, h->size };
        if (!to->ops->receive(to, queue, &k))
            return;
        l->first = h->next;
        l->n--;
        free(h);
    }
    if (l->stalled) {
        l->stalled = false;
        if (to->peer && to->peer->ops->room)
            to->peer->ops->room(to->peer);
    }
}

void net_room(struct net_port *to, unsigned queue)
{
    if (queue != NET_ALL)
        drain(to, queue % to->nqueues);
    else
        for (unsigned q = 0; q < to->nqueues; q++)
            drain(to, q);
}

bool net_can_send(const struct net_port *from, unsigned queue)
{
    return !from->peer || !from->peer->lane[queue % from->peer->nqueues].first;
}

/* ------------------------------------------------------------------------- sending */

/* What a port must take for this frame to reach it as it is. */
static unsigned needs(const struct net_header *h)
{
    unsigned n = h->flags & NET_NEEDS_CSUM ? NET_CSUM : 0;
    switch (h->gso_type & ~NET_GSO_ECN) {
    case NET_GSO_NONE:
        return n;
    case NET_GSO_TCPV4:
        n |= NET_TSO4;
        break;
    case NET_GSO_TCPV6:
        n |= NET_TSO6;
        break;
    case NET_GSO_UDP:
        n |= NET_UFO;
        break;
    case NET_GSO_UDP_L4:
        n |= NET_USO;
        break;
    default:
        n |= 1u << 31; /* nobody knows it */
    }
    return h->gso_type & NET_GSO_ECN ? n | NET_ECN : n;
}

struct cutting { struct net_port *to; unsigned queue; bool room; };

static void put_segment(void *arg, const uint8_t *p, size_t n)
{
    struct cutting *c = arg;
    struct iovec v = { (void *)(uintptr_t)p, n };
    struct net_packet k = { { 0 }, &v, 1, n };
    c->room &= deliver(c->to, c->queue, &k);
}

/* Does what the peer does not. The bytes are copied first: a guest may still write into its own. */
static bool finish(struct net_port *to, unsigned queue, const struct net_packet *k)
{
    static uint8_t bytes[NET_MAX]; /* under the machine's lock, and nobody below comes back here */
    uint8_t *p = bytes;
    struct cutting c = { to, queue, true };
    struct iovec v = { p, net_copy(k, 0, p, sizeof bytes) };
    struct net_packet done = { k->h, &v, 1, v.iov_len };
    bool big = (k->h.gso_type & ~NET_GSO_ECN) == NET_GSO_TCPV4 && (to->takes & NET_BIG4);
    bool ok;
    if (k->h.gso_type == NET_GSO_NONE || big) {
        ok = big ? net_checksum_big(p, v.iov_len) : net_checksum(&k->h, p, v.iov_len);
        done.h = (struct net_header){ 0 };
        if (ok)
            return deliver(to, queue, &done);
    } else {
        ok = net_segment(&k->h, p, v.iov_len, put_segment, &c);
    }
    if (!ok)
        to->dropped++;
    return c.room;
}

bool net_send(struct net_port *from, unsigned queue, const struct net_packet *k)
{
    struct net_port *to = from->peer;
    if (!to || from->link_down || to->link_down || k->size < 14 || k->size > NET_MAX)
        return true;
    for (struct net_filter *f = from->filters; f; f = f->next)
        f->see(f, true, k);
    for (struct net_filter *f = to->filters; f; f = f->next)
        f->see(f, false, k);
    if (needs(&k->h) & ~to->takes)
        return finish(to, queue, k);
    if ((k->h.flags & NET_DATA_VALID) && !(to->takes & NET_VALID)) {
        struct net_packet plain = *k;
        plain.h.flags &= (uint8_t)~NET_DATA_VALID;
        return deliver(to, queue, &plain);
    }
    return deliver(to, queue, k);
}

bool net_send_bytes(struct net_port *from, unsigned queue, const void *bytes, size_t n)
{
    struct iovec v = { (void *)(uintptr_t)bytes, n };
    struct net_packet k = { { 0 }, &v, 1, n };
    return net_send(from, queue, &k);
}

/* ---------------------------------------------------------------------- connections */

void net_takes(struct net_port *p, unsigned takes)
{
    if (p->takes == takes)
        return;
    p->takes = takes;
    if (p->peer && p->peer->ops->takes)
        p->peer->ops->takes(p->peer);
}

static void tell_link(struct net_port *p)
{
    if (p && p->ops->link)
        p->ops->link(p);
}

void net_connect(struct net_port *a, struct net_port *b)
{
    a->peer = b;
    b->peer = a;
    if (a->ops->takes)
        a->ops->takes(a);
    if (b->ops->takes)
        b->ops->takes(b);
}

static void disconnect(struct net_port *p)
{
    struct net_port *q = p->peer;
    if (!q)
        return;
    net_forget(p);
    net_forget(q);
    p->peer = q->peer = NULL;
    if (p->ops->takes)
        p->ops->takes(p);
    if (q->ops->takes)
        q->ops->takes(q);
    if (q->netdev) { /* a device whose backend goes */
        *q->netdev = NULL;
        q->link_down = true;
    }
    tell_link(q);
}

/* ---------------------------------------------------------------------- before waiting */

/* A machine that goes on takes frames again. */
static void look_at_machine(struct machine *m)
{
    static bool ran;
    bool runs = m->state == MACHINE_RUNNING;
    if (runs && !ran)
        for (struct net_port *p = all; p; p = p->next) {
            net_room(p, NET_ALL);
            if (p->mac && p->ops->room)
                p->ops->room(p);
        }
    ran = runs;
}

static bool before_wait(void *arg)
{
    bool more = false;
    look_at_machine(arg);
    for (struct net_port *p = all; p; p = p->next)
        if (p->ops->before_wait)
            more |= p->ops->before_wait(p);
    for (struct net_port *p = all; p; p = p->next)
        if (p->ops->flush)
            p->ops->flush(p);
    return more;
}

/* Devices first: what they send, backends send on in the same round. */
static void enlist(struct net_port *p)
{
    struct net_port **at = &all;
    bool first = !all;
    while (*at && (!p->mac || (*at)->mac))
        at = &(*at)->next;
    p->next = *at;
    *at = p;
    if (first)
        loop_before_wait(p->machine->loop, before_wait, p->machine);
}

static void delist(struct net_port *p)
{
    struct net_port **at = &all;
    while (*at && *at != p)
        at = &(*at)->next;
    if (!*at)
        return;
    *at = p->next;
    if (!all)
        loop_before_wait(p->machine->loop, NULL, NULL);
}

/* --------------------------------------------------------------------------- making */

bool net_attach(struct net_port *nic, struct machine *m, const char *name, struct net_port **backend, char *err, size_t errlen)
{
    if (*backend && (*backend)->peer) {
        snprintf(err, errlen, "netdev=%s: it is in use by %s", (*backend)->name, (*backend)->peer->name);
        return false;
    }
    if (!(nic->name = strdup(name))) {
        snprintf(err, errlen, "%s: no memory", name);
        return false;
    }
    nic->machine = m;
    nic->netdev = backend;
    enlist(nic);
    if (*backend)
        net_connect(nic, *backend);
    return true;
}

void net_detach(struct net_port *nic)
{
    if (!nic->name)
        return;
    nic->netdev = NULL;
    disconnect(nic);
    delist(nic);
    free(nic->name);
    nic->name = NULL;
}

void net_name(const struct device *d, char *text, size_t n)
{
    snprintf(text, n, "%s", d->id ? d->id : "");
    for (unsigned k = 0; !d->id && k < 1000; k++) {
        snprintf(text, n, "%s.%u", d->type->name, k);
        if (!net_port_by_name(text))
            return;
    }
}

struct net_port *netdev_new(struct machine *m, const struct netdev_class *c, const char *name)
{
    struct net_port *p = calloc(1, c->size);
    if (!p || !(p->name = strdup(name))) {
        free(p);
        return NULL;
    }
    p->ops = &c->ops;
    p->class = c;
    p->nqueues = 1;
    p->machine = m;
    enlist(p);
    backend_add(PROP_NETDEV, name, p);
    return p;
}

/* Of a backend: with what it opened. */
static void free_port(struct net_port *p)
{
    disconnect(p);
    while (p->filters) {
        struct net_filter *f = p->filters;
        p->filters = f->next;
        f->gone(f);
    }
    if (p->ops->free)
        p->ops->free(p);
    net_forget(p);
    delist(p);
    backend_remove(PROP_NETDEV, p);
    free(p->name);
    free(p);
}

bool netdev_del(const char *id, char *err, size_t errlen)
{
    struct net_port *p = backend_by_id(PROP_NETDEV, id);
    if (p)
        free_port(p);
    else
        snprintf(err, errlen, "there is no network backend %s", id);
    return p != NULL;
}

void netdevs_close(void)
{
    struct net_port *p;
    while ((p = backend_next(PROP_NETDEV, NULL)))
        free_port(p);
}

/* -------------------------------------------------------------------------- by name */

struct net_port *net_port_next(struct net_port *p) { return p ? p->next : all; }

struct net_port *net_port_by_name(const char *name)
{
    struct net_port *p = NULL;
    while ((p = net_port_next(p)) && strcmp(p->name, name))
        continue;
    return p;
}

bool net_set_link(const char *name, bool up, char *err, size_t errlen)
{
    struct net_port *p = net_port_by_name(name);
    if (!p) {
        snprintf(err, errlen, "there is no network device or backend %s", name);
        return false;
    }
    if (p->link_down == !up)
        return true;
    p->link_down = !up;
    if (!up) {
        net_forget(p);
        if (p->peer)
            net_forget(p->peer);
    }
    tell_link(p);
    tell_link(p->peer);
    net_room(p, NET_ALL);
    if (p->peer)
        net_room(p->peer, NET_ALL);
    return true;
}

void net_default_mac(uint8_t mac[6])
{
    static const uint8_t base[5] = { 0x52, 0x54, 0x00, 0x12, 0x34 };
    static unsigned count;
    for (unsigned k = 0; k < 6; k++)
        if (mac[k])
            return;
    memcpy(mac, base, 5);
    mac[5] = (uint8_t)(0x56 + count++);
}

/* A reverse ARP request (RFC 903), which asks for nothing but shows switches the address. */
void net_announce(void)
{
    for (struct net_port *p = all; p; p = p->next) {
        uint8_t f[60] = { [12] = 0x80, [13] = 0x35, [15] = 1, [16] = 8, [18] = 6, [19] = 4, [21] = 3 };
        if (!p->mac)
            continue;
        memset(f, 0xff, 6);
        memcpy(f + 6, p->mac, 6);
        memcpy(f + 22, p->mac, 6);
        memcpy(f + 32, p->mac, 6);
        net_send_bytes(p, 0, f, sizeof f);
        if (p->ops->announce)
            p->ops->announce(p);
    }
}

void net_filter_changed(struct net_port *p)
{
    char path[128];
    struct device *d = p->machine ? device_by_id(p->machine, p->name) : NULL;
    if (!p->machine || p->filter_told)
        return;
    p->filter_told = true;
    snprintf(path, sizeof path, "/machine/unattached/%s", p->name);
    if (d)
        device_path(d, path, sizeof path);
    machine_event(p->machine, "NIC_RX_FILTER_CHANGED", "{s:s,s:s}", "name", p->name, "path", path);
}

bool net_rx_filter(const struct net_port *p, struct net_rx_filter *f)
{
    *f = (struct net_rx_filter){ .name = p->name, .main_mac = p->mac };
    if (p->ops->filter)
        p->ops->filter(p, f);
    return p->ops->filter != NULL;
}
