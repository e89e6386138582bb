/* Inside virtio-net: what net.c (frames, rings, configuration) and net_ctrl.c (control queue, what is received) share. */
#ifndef MYNA_VIRTIO_NET_DEVICE_H
#define MYNA_VIRTIO_NET_DEVICE_H

#include "net/net.h"
#include "virtio.h"

enum { /* feature bits (virtio-v1.2 §5.1.3) */
    NET_F_CSUM = 0, NET_F_GUEST_CSUM = 1, NET_F_CTRL_GUEST_OFFLOADS = 2, NET_F_MTU = 3, NET_F_MAC = 5, NET_F_GUEST_TSO4 = 7, NET_F_GUEST_TSO6 = 8,
    NET_F_GUEST_ECN = 9, NET_F_GUEST_UFO = 10, NET_F_HOST_TSO4 = 11, NET_F_HOST_TSO6 = 12, NET_F_HOST_ECN = 13, NET_F_HOST_UFO = 14,
    NET_F_MRG_RXBUF = 15, NET_F_STATUS = 16, NET_F_CTRL_VQ = 17, NET_F_CTRL_RX = 18, NET_F_CTRL_VLAN = 19, NET_F_CTRL_RX_EXTRA = 20,
    NET_F_GUEST_ANNOUNCE = 21, NET_F_MQ = 22, NET_F_CTRL_MAC_ADDR = 23, NET_F_GUEST_USO4 = 54, NET_F_GUEST_USO6 = 55, NET_F_HOST_USO = 56,
    NET_F_SPEED_DUPLEX = 63
};
enum { NET_S_LINK_UP = 1, NET_S_ANNOUNCE = 2, MAC_TABLE = 64 };

/* Which frames are received; the driver sets it. */
struct net_receive_filter {
    uint8_t promiscuous, all_multicast, all_unicast, no_multicast, no_unicast, no_broadcast;
    uint8_t unicast_overflow, multicast_overflow; /* the table had no room: all of the kind */
    uint16_t nunicast, nmulticast;
    uint8_t table[MAC_TABLE][6];  /* unicast ones first */
    uint8_t vlans[4096 / 8];
};

struct virtio_net {
    struct virtio v;
    struct net_port port;
    struct net_port *netdev;      /* property */
    uint8_t mac_property[6], mac[6];
    uint16_t host_mtu, rx_size, tx_size;
    int32_t speed;
    uint32_t duplex, tx_mode;
    char *romfile;
    bool mq;
    uint64_t wanted;              /* feature bits by properties: see the table of them */
    bool feature[64];             /* the properties */
    uint16_t pairs, active;       /* pairs of queues: there are, in use */
    uint64_t offloads;            /* of the guest's, as set by the driver: bits as features */
    uint16_t status;
    struct net_receive_filter filter;
    uint64_t look, signal;        /* queues to look at, to signal */
    struct virtio_chain *chains[VIRTIO_QUEUE_MAX];
    uint32_t written[VIRTIO_QUEUE_MAX];
};

/* The control queue's number: it depends on whether the driver has several pairs. */
static inline unsigned net_control_queue(const struct virtio_net *n)
{
    return 2u * (virtio_has(&n->v, NET_F_MQ) ? n->pairs : 1);
}
/* The feature bits that are offloads of the guest's. */
#define NET_GUEST_OFFLOADS \
    (VIRTIO_BIT(NET_F_GUEST_CSUM) | VIRTIO_BIT(NET_F_GUEST_TSO4) | VIRTIO_BIT(NET_F_GUEST_TSO6) | VIRTIO_BIT(NET_F_GUEST_ECN) | \
     VIRTIO_BIT(NET_F_GUEST_UFO) | VIRTIO_BIT(NET_F_GUEST_USO4) | VIRTIO_BIT(NET_F_GUEST_USO6))

/* n->offloads has changed. */
void virtio_net_set_offloads(struct virtio_net *n);
/* The guest is asked to announce itself, if it can. */
void virtio_net_announce(struct virtio_net *n);
/* net_ctrl.c: as after a reset; a command of the control queue; the filter as others see it; is a frame, of which these are the first 18 bytes, for the guest? */
void net_filter_reset(struct virtio_net *n);
void net_control(struct virtio_net *n, unsigned q);
void net_filter_tell(const struct virtio_net *n, struct net_rx_filter *f);
bool net_for_guest(const struct virtio_net *n, const uint8_t *head);

#endif
