/*
 * Networks: network devices of the guest and backends on the host are ports; two of them are peers. What one sends the other
 * receives: Ethernet frames in pieces, with a virtio header that says what of a frame is not done yet (offload.h).
 *
 * A port says what it takes undone (takes); the rest is done here, in software, before it gets there. A port without room
 * refuses a frame; it is then kept, the sender is told to stop, and told again when there is room: nothing is lost but
 * what comes from a sender that does not stop (the limit is NET_HELD frames), or while a link is down.
 *
 * A port has queues; frames of one queue stay in order. Everything runs in the loop's thread with the machine's lock, but for
 * making and command line, and never waits. Before the loop sleeps, each port may act (before_wait, then flush).
 *
 * A backend is a file and a row (backend.h, netdev.c); it is found by its id through properties of PROP_NETDEV, whose value is
 * its struct net_port. A device has a struct net_port of its own and attaches it (net_attach).
 */
#ifndef MYNA_NET_H
#define MYNA_NET_H

#include <stdio.h>
#include <sys/uio.h>
#include "device.h"
#include "offload.h"

enum { NET_QUEUES = 31, NET_HELD = 2048 };

enum net_takes { /* of what is not done yet */
    NET_CSUM = 1,   /* NET_NEEDS_CSUM */
    NET_TSO4 = 2, NET_TSO6 = 4, NET_ECN = 8, NET_UFO = 16, NET_USO = 32, /* packets to be cut, with NET_CSUM */
    NET_BIG4 = 64,  /* TCP/IPv4 packets to be cut, but with sums that are right as they are */
    NET_VALID = 128 /* NET_DATA_VALID */
};

struct net_packet {
    struct net_header h;
    const struct iovec *iov;
    unsigned niov;
    size_t size; /* of all pieces, 14 .. NET_MAX */
};

struct net_port;
struct net_rx_filter;

struct net_ops {
    const char *type;       /* "nic", "user" ... */
    /* Takes a frame as it is. False: there is no room in this queue; net_room when there is. The pieces are only good
     * during the call. */
    bool (*receive)(struct net_port *p, unsigned queue, const struct net_packet *k);
    /* All others may be NULL. There is room again behind a net_send that gave false. */
    void (*room)(struct net_port *p);
    void (*takes)(struct net_port *p);       /* the peer takes something else now, or is another (NULL: none) */
    void (*link)(struct net_port *p);        /* link_down of this or of the peer has changed */
    /* The loop goes to sleep soon. True: there is more to do than was done, it should not. */
    bool (*before_wait)(struct net_port *p);
    void (*flush)(struct net_port *p);       /* likewise, after all before_wait: the time for interrupts */
    void (*describe)(const struct net_port *p, char *text, size_t n); /* for info network */
    void (*announce)(struct net_port *p);    /* of devices: the guest is asked to */
    void (*filter)(const struct net_port *p, struct net_rx_filter *f); /* of devices */
    void (*free)(struct net_port *p);        /* of backends: what open took, but not the port */
};

struct net_held; /* a frame that waits */
struct net_lane { struct net_held *first, **last; unsigned n; bool stalled; };

struct net_filter {
    struct net_filter *next;
    /* A frame goes by; out: from the port that the filter is on. */
    void (*see)(struct net_filter *f, bool out, const struct net_packet *k);
    void (*gone)(struct net_filter *f); /* the port is freed */
};

struct net_port {
    const struct net_ops *ops;
    char *name;
    struct net_port *peer;   /* NULL: none */
    struct net_port *next;   /* of all */
    unsigned nqueues;        /* 1 .. NET_QUEUES; those that frames come in */
    unsigned takes;
    bool link_down;
    bool filter_told;        /* QMP was told that the filter has changed, and has not asked since */
    uint64_t dropped;        /* frames from its peer that were not taken */
    struct net_lane lane[NET_QUEUES]; /* to this port */
    struct net_filter *filters;
    const struct netdev_class *class; /* of backends */
    struct machine *machine;
    const uint8_t *mac;      /* of devices; backends: NULL */
    const char *model;       /* likewise */
    struct net_port **netdev; /* likewise: its property, set to NULL when the backend goes */
};

/* ----------------------------------------------------------------------- for ports */

/* The port of a device: name is copied; backend may be NULL. Its ops, mac and model are set. False: the reason in err. */
bool net_attach(struct net_port *nic, struct machine *m, const char *name, struct net_port **backend, char *err, size_t errlen);
void net_detach(struct net_port *nic);
/* What a device's port is called: its id, or "virtio-net-pci.0", its type's name and a number. */
void net_name(const struct device *d, char *text, size_t n);

/* Frames to the peer. False: it was kept, and there should come no more of this queue before ops->room. */
bool net_send(struct net_port *from, unsigned queue, const struct net_packet *k);
/* The same of one piece, with nothing left to do. */
bool net_send_bytes(struct net_port *from, unsigned queue, const void *bytes, size_t n);
/* Would net_send keep it? */
bool net_can_send(const struct net_port *from, unsigned queue);
/* This port has room in that queue again (NET_ALL: in all): frames that wait are received, senders told. */
enum { NET_ALL = ~0u };
void net_room(struct net_port *to, unsigned queue);
/* Drops what waits for it. */
void net_forget(struct net_port *to);
/* p->takes is now that. */
void net_takes(struct net_port *p, unsigned takes);
static inline bool net_link_up(const struct net_port *p) { return p->peer && !p->link_down && !p->peer->link_down; }

/* Copies bytes [at, at + n) of a frame; how many there are. */
size_t net_copy(const struct net_packet *k, size_t at, void *to, size_t n);
/* An address that is unset (all zero) becomes the next 52:54:00:12:34:56 ... */
void net_default_mac(uint8_t mac[6]);

/* -------------------------------------------------------------- command line, monitor */

struct netdev_words; /* backend.h */

/* Of -netdev: "TYPE,id=ID[,OPTION=VALUE...]". False: the reason in err. */
bool netdev_add(struct machine *m, const char *text, char *err, size_t errlen);
/* The same of words that are taken apart (QMP): names[k]=values[k], with "type" and "id" among them. */
bool netdev_add_words(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
/* Frees it; a device on it stays, without a link. */
bool netdev_del(const char *id, char *err, size_t errlen);
/* Frees all, at the machine's end. */
void netdevs_close(void);
/* Of -nic and -net: backends at once, devices by net_make_nics, when the board has its buses. */
bool net_nic_option(struct machine *m, const char *text, char *err, size_t errlen);
bool net_net_option(struct machine *m, const char *text, char *err, size_t errlen);
/* When none of the options was given: a device on user-mode networking, if that is there. */
bool net_default(struct machine *m, char *err, size_t errlen);
bool net_make_nics(struct machine *m, char *err, size_t errlen);
void netdev_help(const char *type /* NULL: the types */, FILE *f);
void net_model_help(FILE *f);
/* "help" and its like on the command line: printed, true. */
bool net_option_help(const char *text, bool nic, FILE *f);

/* By the id of a device or a backend. */
struct net_port *net_port_by_name(const char *name);
struct net_port *net_port_next(struct net_port *p); /* NULL: the first */
bool net_set_link(const char *name, bool up, char *err, size_t errlen);
/* "tcp:[HOST]:PORT-[GUEST]:PORT" of a user-mode backend; id NULL: the first. remove: only up to the '-'. */
bool net_hostfwd(const char *id, const char *rule, bool remove, char *err, size_t errlen);
void net_print(FILE *f);                 /* info network */
void net_print_usernet(FILE *f);         /* info usernet */

/* All devices' addresses are told to what they are connected to, by the device and, if it can, by the guest. */
void net_announce(void);
/* What a device receives: as query-rx-filter has it. False: it has no such thing. */
enum net_mode { NET_RECEIVE_NONE, NET_RECEIVE_NORMAL, NET_RECEIVE_ALL };
struct net_rx_filter {
    const char *name;
    bool promiscuous, broadcast, unicast_overflow, multicast_overflow;
    enum net_mode unicast, multicast, vlan;
    const uint8_t *main_mac;                 /* 6 bytes */
    unsigned nunicast, nmulticast;
    const uint8_t (*unicast_table)[6], (*multicast_table)[6];
    const uint8_t *vlans;                    /* a bit each, 4096 */
};
bool net_rx_filter(const struct net_port *p, struct net_rx_filter *f);
/* The guest has set it: an event of QMP, once until query-rx-filter. */
void net_filter_changed(struct net_port *p);
void net_monitor_add(void); /* monitor.c: its rows */

/* Of -object filter-dump (object.h). */
bool net_dump_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool net_dump_del(const char *id, char *err, size_t errlen);

#endif
