/*
 * Hubs: -netdev hubport, and where -net puts everything. What one port's peer sends all others' get; nothing is left undone in
 * it, as nobody knows what all of them take. A port whose peer has no room holds its frames and in the end drops them: the
 * others do not wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "backend.h"

struct hubport { struct net_port p; unsigned hub; };

unsigned hub_number(const struct net_port *p) { return ((const struct hubport *)p)->hub; }

static bool receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    for (struct net_port *q = NULL; (q = net_port_next(q));)
        if (q != p && q->class == &netdev_hubport && hub_number(q) == hub_number(p))
            net_send(q, 0, k);
    return true;
}

struct net_port *hub_port(struct machine *m, unsigned hub, const char *name)
{
    struct net_port *p = netdev_new(m, &netdev_hubport, name);
    if (p)
        ((struct hubport *)p)->hub = hub;
    return p;
}

static bool open_hubport(struct net_port *p, const struct netdev_words *w, char *err, size_t errlen)
{
    const char *other = netdev_word(w, "netdev");
    uint64_t hub = 0;
    if (!netdev_word(w, "hubid")) {
        snprintf(err, errlen, "hubid= is missing");
        return false;
    }
    if (!netdev_word_number(w, "hubid", 255, &hub, err, errlen))
        return false;
    ((struct hubport *)p)->hub = (unsigned)hub;
    struct net_port *peer = other ? backend_by_id(PROP_NETDEV, other) : NULL;
    if (other && (!peer || peer->peer)) {
        snprintf(err, errlen, "netdev=%s: %s", other, peer ? "it is in use" : "there is no such backend");
        return false;
    }
    if (peer)
        net_connect(p, peer);
    return true;
}

static void describe(const struct net_port *p, char *text, size_t n) { snprintf(text, n, "hubid=%u", hub_number(p)); }

static const struct netdev_option options[] = {
    { "hubid", "NUMBER", "the hub" }, { "netdev", "ID", "a backend that is on this port, instead of a device" }, { NULL }
};

const struct netdev_class netdev_hubport = {
    .ops = { .type = "hubport", .receive = receive, .describe = describe }, .help = "a port of a hub", .options = options,
    .size = sizeof(struct hubport), .open = open_hubport,
};
