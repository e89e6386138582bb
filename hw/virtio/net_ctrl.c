/*
 * virtio-net's control queue (virtio-v1.2 §5.1.6.5) and the receive filter that it sets: modes, addresses, VLANs, announcements,
 * pairs of queues, offloads.
 *
 * A command is a class, a number and its data, all read into a copy first; one byte says whether it was done. What is
 * refused changes nothing.
 */
#include <string.h>

#include "net_device.h"

enum { CLASS_RX, CLASS_MAC, CLASS_VLAN, CLASS_ANNOUNCE, CLASS_MQ, CLASS_OFFLOADS };
enum { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST };
enum { MAC_TABLE_SET, MAC_ADDR_SET };
enum { VLAN_ADD, VLAN_DEL };
enum { OK = 0, REFUSED = 1 };

void net_filter_reset(struct virtio_net *n)
{
    n->filter = (struct net_receive_filter){ .promiscuous = 1 };
    memset(n->filter.vlans, 0, sizeof n->filter.vlans);
    memcpy(n->mac, n->mac_property, 6);
}

bool net_for_guest(const struct virtio_net *n, const uint8_t *head)
{
    const struct net_receive_filter *f = &n->filter;
    static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
    if (f->promiscuous)
        return true;
    if (head[12] == 0x81 && head[13] == 0 && virtio_has(&n->v, NET_F_CTRL_VLAN)) {
        unsigned vlan = (head[14] << 8 | head[15]) & 0xfff;
        if (!(f->vlans[vlan / 8] >> vlan % 8 & 1))
            return false;
    }
    if (head[0] & 1) {
        if (!memcmp(head, broadcast, 6))
            return !f->no_broadcast;
        if (f->no_multicast)
            return false;
        if (f->all_multicast || f->multicast_overflow)
            return true;
        for (unsigned k = 0; k < f->nmulticast; k++)
            if (!memcmp(head, f->table[f->nunicast + k], 6))
                return true;
        return false;
    }
    if (f->no_unicast)
        return false;
    if (f->all_unicast || f->unicast_overflow || !memcmp(head, n->mac, 6))
        return true;
    for (unsigned k = 0; k < f->nunicast; k++)
        if (!memcmp(head, f->table[k], 6))
            return true;
    return false;
}

void net_filter_tell(const struct virtio_net *n, struct net_rx_filter *r)
{
    const struct net_receive_filter *f = &n->filter;
    r->promiscuous = f->promiscuous;
    r->broadcast = !f->no_broadcast;
    r->unicast_overflow = f->unicast_overflow;
    r->multicast_overflow = f->multicast_overflow;
    r->unicast = f->no_unicast ? NET_RECEIVE_NONE : f->all_unicast || f->unicast_overflow ? NET_RECEIVE_ALL : NET_RECEIVE_NORMAL;
    r->multicast = f->no_multicast ? NET_RECEIVE_NONE : f->all_multicast || f->multicast_overflow ? NET_RECEIVE_ALL : NET_RECEIVE_NORMAL;
    r->vlan = virtio_has(&n->v, NET_F_CTRL_VLAN) ? NET_RECEIVE_NORMAL : NET_RECEIVE_ALL;
    r->nunicast = f->nunicast;
    r->nmulticast = f->nmulticast;
    r->unicast_table = f->table;
    r->multicast_table = f->table + f->nunicast;
    r->vlans = f->vlans;
}

/* ------------------------------------------------------------------------ commands */

static int rx_mode(struct virtio_net *n, unsigned command, struct virtio_chain *c)
{
    struct net_receive_filter *f = &n->filter;
    uint8_t *const modes[] = { &f->promiscuous, &f->all_multicast, &f->all_unicast, &f->no_multicast, &f->no_unicast, &f->no_broadcast };
    uint8_t on;
    if (command > RX_NOBCAST || !virtio_has(&n->v, command <= RX_ALLMULTI ? NET_F_CTRL_RX : NET_F_CTRL_RX_EXTRA) || !virtio_take(c, &on, 1))
        return REFUSED;
    *modes[command] = on != 0;
    return OK;
}

/* One of the two lists; those that there is no room for are skipped. */
static bool take_list(struct virtio_chain *c, uint8_t (*table)[6], unsigned room, uint16_t *count, uint8_t *overflow)
{
    uint32_t entries;
    if (!virtio_take(c, &entries, 4) || entries > c->out_size / 6)
        return false;
    *overflow = entries > room;
    *count = (uint16_t)(*overflow ? 0 : entries);
    for (uint32_t k = 0; k < entries; k++) {
        uint8_t mac[6];
        virtio_take(c, mac, 6);
        if (!*overflow)
            memcpy(table[k], mac, 6);
    }
    return true;
}

static int mac_table(struct virtio_net *n, struct virtio_chain *c)
{
    struct net_receive_filter f = n->filter;
    if (!take_list(c, f.table, MAC_TABLE, &f.nunicast, &f.unicast_overflow) ||
        !take_list(c, f.table + f.nunicast, MAC_TABLE - f.nunicast, &f.nmulticast, &f.multicast_overflow) || c->out_size)
        return REFUSED;
    n->filter = f;
    return OK;
}

static int mac(struct virtio_net *n, unsigned command, struct virtio_chain *c)
{
    if (command == MAC_TABLE_SET && virtio_has(&n->v, NET_F_CTRL_RX))
        return mac_table(n, c);
    if (command != MAC_ADDR_SET || !virtio_has(&n->v, NET_F_CTRL_MAC_ADDR) || c->out_size != 6)
        return REFUSED;
    virtio_take(c, n->mac, 6);
    return OK;
}

static int vlan(struct virtio_net *n, unsigned command, struct virtio_chain *c)
{
    uint16_t id;
    if (command > VLAN_DEL || !virtio_has(&n->v, NET_F_CTRL_VLAN) || !virtio_take(c, &id, 2) || id > 4095)
        return REFUSED;
    n->filter.vlans[id / 8] &= (uint8_t)~(1u << id % 8);
    n->filter.vlans[id / 8] |= (uint8_t)((command == VLAN_ADD) << id % 8);
    return OK;
}

static int pairs(struct virtio_net *n, unsigned command, struct virtio_chain *c)
{
    uint16_t count;
    if (command || !virtio_has(&n->v, NET_F_MQ) || !virtio_take(c, &count, 2) || !count || count > n->pairs)
        return REFUSED;
    n->active = count;
    n->port.nqueues = count;
    n->look = ~0ull;
    return OK;
}

static int offloads(struct virtio_net *n, unsigned command, struct virtio_chain *c)
{
    uint64_t bits;
    if (command || !virtio_has(&n->v, NET_F_CTRL_GUEST_OFFLOADS) || !virtio_take(c, &bits, 8) || (bits & ~(NET_GUEST_OFFLOADS & n->v.features)))
        return REFUSED;
    n->offloads = bits;
    virtio_net_set_offloads(n);
    return OK;
}

static int announced(struct virtio_net *n, unsigned command)
{
    if (command || !virtio_has(&n->v, NET_F_GUEST_ANNOUNCE))
        return REFUSED;
    n->status &= (uint16_t)~NET_S_ANNOUNCE;
    return OK;
}

/* What a command about the filter has come to. */
static int filtered(struct virtio_net *n, int result)
{
    if (result == OK)
        net_filter_changed(&n->port);
    return result;
}

static int run(struct virtio_net *n, const uint8_t *head, struct virtio_chain *c)
{
    switch (head[0]) {
    case CLASS_RX:
        return filtered(n, rx_mode(n, head[1], c));
    case CLASS_MAC:
        return filtered(n, mac(n, head[1], c));
    case CLASS_VLAN:
        return filtered(n, vlan(n, head[1], c));
    case CLASS_ANNOUNCE:
        return announced(n, head[1]);
    case CLASS_MQ:
        return pairs(n, head[1], c);
    case CLASS_OFFLOADS:
        return offloads(n, head[1], c);
    }
    return REFUSED;
}

void net_control(struct virtio_net *n, unsigned q)
{
    struct virtio_chain *c;
    while ((c = virtio_pop(&n->v, q, sizeof *c))) {
        uint8_t head[2];
        if (!c->in_size || !virtio_take(c, head, 2)) {
            virtio_break(&n->v, q, "a command without head or answer");
            virtio_drop(&n->v, c);
            return;
        }
        uint8_t answer = (uint8_t)run(n, head, c);
        virtio_put(c, &answer, 1);
        virtio_push(&n->v, c, 1);
    }
    virtio_signal(&n->v, q);
}
