/*
 * virtio-net (virtio-v1.2 §5.1): a network device with mergeable receive buffers, checksums and segmentation left to the other
 * end in both directions, several pairs of queues, and a control queue (net_ctrl.c).
 *
 * Frames go from and to the guest's memory without a copy in between where the other end takes them so; what it
 * does not take is done by the network layer. A notification only notes the queue: the loop looks at it before it sleeps,
 * so the driver goes on meanwhile and does not notify again; interrupts for what was done come at the end of the loop's round.
 *
 * A frame that does not fit what the driver has put into the queue is not taken: it waits in the network layer, and
 * its sender with it. Sent frames are done when the peer has them.
 */
#include <stdlib.h>
#include <string.h>

#include "net_device.h"
#include "pci/virtio_pci.h"

enum { HEADER = 12 /* with the number of buffers */, BURST = 256, FRAME = 14, SPEED_UNKNOWN = -1 };

/* The configuration space: little endian, as the host is. */
struct __attribute__((packed)) net_config {
    uint8_t mac[6];
    uint16_t status, max_pairs, mtu;
    uint32_t speed;
    uint8_t duplex, unused[3];
};

static struct virtio_net *net_of(struct net_port *p) { return (struct virtio_net *)((char *)p - offsetof(struct virtio_net, port)); }

static void look_at(struct virtio_net *n, uint64_t queues)
{
    n->look |= queues;
    if (n->look)
        loop_wake(n->v.d.machine->loop);
}

static bool is_running(const struct virtio_net *n) { return n->v.d.machine->state == MACHINE_RUNNING && virtio_running(&n->v); }

/* -------------------------------------------------------------------------- sending */

/* Frames of one queue; true: there may be more. */
static bool send_frames(struct virtio_net *n, unsigned q)
{
    struct virtio *v = &n->v;
    for (unsigned k = 0; k < BURST; k++) {
        struct virtio_chain *c = net_can_send(&n->port, q / 2) ? virtio_pop(v, q, sizeof *c) : NULL;
        struct net_packet p;
        uint8_t head[HEADER];
        if (!c)
            return false; /* it notifies, or the peer says when it has room */
        if (!virtio_take(c, head, sizeof head)) {
            virtio_break(v, q, "a frame without a header");
            virtio_drop(v, c);
            return false;
        }
        memcpy(&p.h, head, sizeof p.h);
        p.h.flags &= NET_NEEDS_CSUM;
        p.iov = c->out;
        p.niov = c->nout;
        p.size = c->out_size;
        net_send(&n->port, q / 2, &p);
        virtio_push(v, c, 0);
        n->signal |= 1ull << q;
    }
    return true;
}

/* ------------------------------------------------------------------------ receiving */

/* Chains for n bytes into n->chains; how many, 0: there are not enough now. *never: nor will there be. */
static unsigned take_buffers(struct virtio_net *n, unsigned q, size_t bytes, bool *never)
{
    struct virtio *v = &n->v;
    unsigned count = 0, most = virtio_has(v, NET_F_MRG_RXBUF) ? v->ring[q].size : 1;
    size_t room = 0;
    while (room < bytes && count < most) {
        struct virtio_chain *c = virtio_pop(v, q, sizeof *c);
        if (!c)
            break;
        n->chains[count++] = c;
        room += c->in_size;
        if ((count == 1 && c->in_size < HEADER) || !c->in_size) {
            virtio_break(v, q, "a receive buffer that is too small");
            break;
        }
    }
    if (room >= bytes && !v->broken)
        return count;
    *never = count == most;
    while (count)
        virtio_unpop(v, n->chains[--count]);
    return 0;
}

static void fill(struct virtio_net *n, unsigned count, const struct net_packet *k)
{
    uint8_t head[HEADER] = { 0 };
    unsigned at = 0;
    size_t had = n->chains[0]->in_size;
    memcpy(head, &k->h, sizeof k->h);
    head[10] = (uint8_t)count;
    head[11] = (uint8_t)(count >> 8);
    virtio_put(n->chains[0], head, sizeof head);
    for (unsigned i = 0; i < k->niov; i++) {
        const uint8_t *from = k->iov[i].iov_base;
        size_t left = k->iov[i].iov_len;
        for (;;) {
            size_t put = virtio_put(n->chains[at], from, left);
            from += put;
            if (!(left -= put))
                break;
            n->written[at] = (uint32_t)had;
            had = n->chains[++at]->in_size;
        }
    }
    n->written[at] = (uint32_t)(had - n->chains[at]->in_size);
}

static bool receive(struct net_port *p, unsigned pair, const struct net_packet *k)
{
    struct virtio_net *n = net_of(p);
    unsigned q = 2 * pair, count;
    uint8_t head[18] = { 0 };
    bool never = false;
    if (!is_running(n))
        return false;
    net_copy(k, 0, head, sizeof head);
    if (!net_for_guest(n, head))
        return true;
    count = take_buffers(n, q, HEADER + k->size, &never);
    if (!count) {
        p->dropped += never;
        return never;
    }
    fill(n, count, k);
    virtio_push_all(&n->v, n->chains, n->written, count);
    n->signal |= 1ull << q;
    return true;
}

/* ------------------------------------------------------------------- the loop's round */

static bool before_wait(struct net_port *p)
{
    struct virtio_net *n = net_of(p);
    uint64_t look = n->look;
    if (!look || !is_running(n))
        return false;
    n->look = 0;
    for (unsigned q = 0; q < 2u * n->active; q++) {
        if (!(look >> q & 1))
            continue;
        if (!(q & 1))
            net_room(p, q / 2);
        else if (send_frames(n, q))
            n->look |= 1ull << q;
    }
    return n->look;
}

static void flush(struct net_port *p)
{
    struct virtio_net *n = net_of(p);
    while (n->signal) {
        unsigned q = (unsigned)__builtin_ctzll(n->signal);
        n->signal &= n->signal - 1;
        virtio_signal(&n->v, q);
    }
}

static void room(struct net_port *p) { look_at(net_of(p), 0xaaaaaaaaaaaaaaaaull); }

static void notify(struct virtio *v, unsigned q)
{
    struct virtio_net *n = (struct virtio_net *)v;
    if (virtio_has(v, NET_F_CTRL_VQ) && q == net_control_queue(n))
        net_control(n, q);
    else
        look_at(n, 1ull << q);
}

/* ---------------------------------------------------------------------------- state */

void virtio_net_set_offloads(struct virtio_net *n)
{
    static const struct { uint8_t feature; unsigned takes; } rows[] = {
        { NET_F_GUEST_CSUM, NET_CSUM | NET_VALID }, { NET_F_GUEST_TSO4, NET_TSO4 }, { NET_F_GUEST_TSO6, NET_TSO6 }, { NET_F_GUEST_ECN, NET_ECN },
        { NET_F_GUEST_UFO, NET_UFO }, { NET_F_GUEST_USO4, NET_USO },
    };
    unsigned takes = 0;
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++)
        if (n->offloads >> rows[k].feature & 1)
            takes |= rows[k].takes;
    net_takes(&n->port, takes & NET_CSUM ? takes : 0); /* the others stand on it */
}

static void update_link(struct net_port *p)
{
    struct virtio_net *n = net_of(p);
    uint16_t was = n->status;
    n->status &= (uint16_t)~NET_S_LINK_UP;
    /* A device without a backend has a link, as a card in a switch that forwards nothing. */
    if (!p->link_down && (!p->peer || !p->peer->link_down) && n->port.name)
        n->status |= NET_S_LINK_UP;
    if (n->status != was && virtio_has(&n->v, NET_F_STATUS))
        virtio_config_changed(&n->v);
}

void virtio_net_announce(struct virtio_net *n)
{
    if (virtio_has(&n->v, NET_F_GUEST_ANNOUNCE) && virtio_has(&n->v, NET_F_CTRL_VQ) && (n->status & NET_S_LINK_UP)) {
        n->status |= NET_S_ANNOUNCE;
        virtio_config_changed(&n->v);
    }
}

static void started(struct virtio *v)
{
    struct virtio_net *n = (struct virtio_net *)v;
    n->offloads = v->features & NET_GUEST_OFFLOADS;
    n->active = n->port.nqueues = 1;
    virtio_net_set_offloads(n);
    look_at(n, ~0ull);
}

static void net_reset(struct virtio *v)
{
    struct virtio_net *n = (struct virtio_net *)v;
    n->look = n->signal = 0;
    n->offloads = 0;
    n->active = n->port.nqueues = 1;
    n->status &= (uint16_t)~NET_S_ANNOUNCE;
    net_filter_reset(n);
    net_forget(&n->port);
    net_takes(&n->port, 0);
}

/* What the saved state says is held against what there is. A guest that moved is asked to tell its new switch. */
static void loaded(struct virtio *v)
{
    struct virtio_net *n = (struct virtio_net *)v;
    struct net_receive_filter *f = &n->filter;
    if (!n->active || n->active > n->pairs)
        n->active = 1;
    if (f->nunicast + f->nmulticast > MAC_TABLE)
        f->nunicast = f->nmulticast = 0;
    n->offloads &= NET_GUEST_OFFLOADS & v->features;
    n->port.nqueues = n->active;
    virtio_net_set_offloads(n);
    update_link(&n->port);
    virtio_net_announce(n);
    look_at(n, ~0ull);
}

static void reset_queue(struct virtio *v, unsigned q) { /* nothing is under way between two calls */ }

static void config(struct virtio *v, uint8_t *space)
{
    const struct virtio_net *n = (const struct virtio_net *)v;
    struct net_config c = {
        .status = n->status, .max_pairs = n->pairs, .mtu = n->host_mtu, .speed = (uint32_t)n->speed,
        .duplex = (uint8_t)(n->duplex == 2 ? 0xff : n->duplex),
    };
    memcpy(c.mac, n->mac, 6);
    memcpy(space, &c, sizeof c);
}

/* --------------------------------------------------------------------------- making */

static void announce(struct net_port *p) { virtio_net_announce(net_of(p)); }
static void tell_filter(const struct net_port *p, struct net_rx_filter *f)
{
    net_filter_tell((const struct virtio_net *)((const char *)p - offsetof(struct virtio_net, port)), f);
}

static const struct net_ops ops = {
    .type = "nic", .receive = receive, .room = room, .link = update_link, .before_wait = before_wait, .flush = flush, .announce = announce,
    .filter = tell_filter,
};

static bool check(const struct virtio_net *n, char *err, size_t errlen)
{
    const struct { const char *name; uint16_t size; } sizes[] = { { "rx_queue_size", n->rx_size }, { "tx_queue_size", n->tx_size } };
    for (unsigned k = 0; k < 2; k++)
        if (sizes[k].size < 64 || sizes[k].size > VIRTIO_QUEUE_MAX || (sizes[k].size & (sizes[k].size - 1))) {
            snprintf(err, errlen, "virtio-net: %s=%u: it should be a power of two, 64 to %d", sizes[k].name, sizes[k].size, VIRTIO_QUEUE_MAX);
            return false;
        }
    if (n->speed < SPEED_UNKNOWN)
        snprintf(err, errlen, "virtio-net: speed=%d: it should be megabits a second, or -1: unknown", n->speed);
    else if (n->host_mtu && n->host_mtu < 68)
        snprintf(err, errlen, "virtio-net: host_mtu=%u: it should be 68 at least", n->host_mtu);
    else if (n->mac_property[0] & 1)
        snprintf(err, errlen, "virtio-net: mac=: it is a multicast address");
    else
        return true;
    return false;
}

static uint64_t features(struct virtio_net *n)
{
    uint64_t bits = VIRTIO_BIT(NET_F_MAC);
    for (unsigned k = 0; k < 64; k++)
        if (n->feature[k])
            bits |= VIRTIO_BIT(k);
    if (n->host_mtu)
        bits |= VIRTIO_BIT(NET_F_MTU);
    if (n->speed != SPEED_UNKNOWN || n->duplex != 2)
        bits |= VIRTIO_BIT(NET_F_SPEED_DUPLEX);
    if (n->pairs > 1)
        bits |= VIRTIO_BIT(NET_F_MQ);
    /* What stands on something else (5.1.3.1). */
    const uint64_t control = VIRTIO_BIT(NET_F_CTRL_RX) | VIRTIO_BIT(NET_F_CTRL_VLAN) | VIRTIO_BIT(NET_F_CTRL_RX_EXTRA) | VIRTIO_BIT(NET_F_GUEST_ANNOUNCE) |
                             VIRTIO_BIT(NET_F_MQ) | VIRTIO_BIT(NET_F_CTRL_MAC_ADDR) | VIRTIO_BIT(NET_F_CTRL_GUEST_OFFLOADS);
    const uint64_t sums = VIRTIO_BIT(NET_F_HOST_TSO4) | VIRTIO_BIT(NET_F_HOST_TSO6) | VIRTIO_BIT(NET_F_HOST_ECN) | VIRTIO_BIT(NET_F_HOST_UFO) |
                          VIRTIO_BIT(NET_F_HOST_USO);
    if (!(bits >> NET_F_CTRL_VQ & 1))
        bits &= ~control;
    if (!(bits >> NET_F_CSUM & 1))
        bits &= ~sums;
    if (!(bits >> NET_F_GUEST_CSUM & 1))
        bits &= ~(NET_GUEST_OFFLOADS & ~VIRTIO_BIT(NET_F_GUEST_CSUM));
    if (bits >> NET_F_GUEST_USO4 & 1)
        bits |= VIRTIO_BIT(NET_F_GUEST_USO6);
    return bits;
}

static bool net_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_net *n = (struct virtio_net *)v;
    char name[96];
    if (!check(n, err, errlen))
        return false;
    n->pairs = n->mq && n->netdev ? (uint16_t)n->netdev->nqueues : 1;
    n->pairs = n->pairs > NET_QUEUES ? NET_QUEUES : n->pairs;
    n->active = 1;
    net_default_mac(n->mac_property);
    net_filter_reset(n);
    n->port.ops = &ops;
    n->port.mac = n->mac;
    n->port.model = v->d.type->name;
    n->port.nqueues = 1;
    net_name(&v->d, name, sizeof name);
    if (!net_attach(&n->port, v->d.machine, name, &n->netdev, err, errlen))
        return false;
    v->offered |= features(n);
    for (unsigned k = 0; k < n->pairs; k++) {
        virtio_add_queue(v, n->rx_size);
        virtio_add_queue(v, n->tx_size);
    }
    if (v->offered >> NET_F_CTRL_VQ & 1)
        virtio_add_queue(v, 64);
    update_link(&n->port);
    return true;
}

static void net_unrealize(struct virtio *v) { net_detach(&((struct virtio_net *)v)->port); }

static const struct virtio_class class = {
    .name = "virtio-net", .id = 1, .pci_class = 0x0200, .config_size = sizeof(struct net_config) - 3, .realize = net_realize,
    .unrealize = net_unrealize, .reset = net_reset, .config = config,
    .started = started, .loaded = loaded, .notify = notify, .reset_queue = reset_queue,
};

#define P(member, kind, name, value, help) PROPERTY(struct virtio_net, member, kind, name, value, help)
#define FEATURE(name, bit, value, help) { name, PROP_BOOL, offsetof(struct virtio_net, feature) + (bit), value, NULL, help }
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    P(netdev, PROP_NETDEV, "netdev", NULL, "its backend"),
    P(mac_property, PROP_MAC, "mac", NULL, "its address (52:54:00:12:34:56 and on)"),
    P(mq, PROP_BOOL, "mq", "off", "a pair of queues for each of the backend's"),
    P(rx_size, PROP_U16, "rx_queue_size", "256", "descriptors of a receive queue"),
    P(tx_size, PROP_U16, "tx_queue_size", "256", "descriptors of a send queue"),
    P(host_mtu, PROP_U16, "host_mtu", "0", "the largest packet that the guest should send; 0: it is not told"),
    P(speed, PROP_S32, "speed", "-1", "megabits a second; -1: unknown"),
    PROPERTY_ENUM(struct virtio_net, duplex, "duplex", "unknown", "half|full|unknown", "what the guest is told"),
    PROPERTY_ENUM(struct virtio_net, tx_mode, "tx", "bh", "bh|timer", "nothing: frames are always sent in the loop's round"),
    P(romfile, PROP_STRING, "romfile", NULL, "nothing: there are no option ROMs"),
    FEATURE("csum", NET_F_CSUM, "on", "the guest may leave checksums to do"),
    FEATURE("guest_csum", NET_F_GUEST_CSUM, "on", "the guest may get packets with checksums to do"),
    FEATURE("ctrl_guest_offloads", NET_F_CTRL_GUEST_OFFLOADS, "on", "the guest may change what it takes"),
    FEATURE("guest_tso4", NET_F_GUEST_TSO4, "on", "large TCP packets to the guest, IPv4"),
    FEATURE("guest_tso6", NET_F_GUEST_TSO6, "on", "IPv6"),
    FEATURE("guest_ecn", NET_F_GUEST_ECN, "on", "with congestion notification"),
    FEATURE("guest_ufo", NET_F_GUEST_UFO, "on", "large UDP packets to the guest, to be fragments"),
    FEATURE("guest_uso4", NET_F_GUEST_USO4, "on", "and to be datagrams"),
    FEATURE("host_tso4", NET_F_HOST_TSO4, "on", "large TCP packets from the guest, IPv4"),
    FEATURE("host_tso6", NET_F_HOST_TSO6, "on", "IPv6"),
    FEATURE("host_ecn", NET_F_HOST_ECN, "on", "with congestion notification"),
    FEATURE("host_ufo", NET_F_HOST_UFO, "on", "large UDP packets from the guest, to be fragments"),
    FEATURE("host_uso", NET_F_HOST_USO, "on", "and to be datagrams"),
    FEATURE("mrg_rxbuf", NET_F_MRG_RXBUF, "on", "a packet may take several receive buffers"),
    FEATURE("status", NET_F_STATUS, "on", "the guest sees the link"),
    FEATURE("ctrl_vq", NET_F_CTRL_VQ, "on", "the control queue"),
    FEATURE("ctrl_rx", NET_F_CTRL_RX, "on", "modes of receiving, addresses"),
    FEATURE("ctrl_rx_extra", NET_F_CTRL_RX_EXTRA, "on", "more modes"),
    FEATURE("ctrl_vlan", NET_F_CTRL_VLAN, "on", "VLANs are filtered"),
    FEATURE("ctrl_mac_addr", NET_F_CTRL_MAC_ADDR, "on", "the guest may set its address"),
    FEATURE("guest_announce", NET_F_GUEST_ANNOUNCE, "on", "the guest can be asked to announce itself"),
    { NULL }
};
static const struct field fields[] = {
    VIRTIO_FIELDS, FIELD(struct virtio_net, mac), FIELD(struct virtio_net, active), FIELD(struct virtio_net, offloads),
    FIELD_NAMED(struct virtio_net, status, "link_status"), FIELD(struct virtio_net, filter), { NULL }
};

const struct device_type virtio_net_pci_type =
    VIRTIO_PCI("virtio-net", struct virtio_net, "Network", "network device", &class, properties, fields);
const struct device_type virtio_net_device_type =
    VIRTIO_MMIO("virtio-net", struct virtio_net, "Network", "network device", &class, properties, fields);
