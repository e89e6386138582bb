/*
 * QMP's commands about networks.
 */
#include <stdlib.h>

#include "monitor/qmp.h"
#include "net/net.h"
#include "qmp_rows.h"

static json_t *add(struct qmp_call *c)
{
    char *rest = qmp_flatten(c->args, "type"), *text = NULL;
    bool done = rest && asprintf(&text, "%s,%s", qmp_text(c, "type"), rest) > 0 && netdev_add(c->machine, text, c->error, sizeof c->error);
    free(text);
    free(rest);
    return done ? json_object() : NULL;
}

static json_t *del(struct qmp_call *c)
{
    if (!backend_by_id(PROP_NETDEV, qmp_text(c, "id")))
        return qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no network backend '%s'", qmp_text(c, "id"));
    return netdev_del(qmp_text(c, "id"), c->error, sizeof c->error) ? json_object() : NULL;
}

static json_t *set_link(struct qmp_call *c)
{
    if (!net_port_by_name(qmp_text(c, "name")))
        return qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no network device '%s'", qmp_text(c, "name"));
    return net_set_link(qmp_text(c, "name"), qmp_flag(c, "up", true), c->error, sizeof c->error) ? json_object() : NULL;
}

static json_t *mac_text(const uint8_t *mac)
{
    return json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static json_t *mac_table(const uint8_t (*table)[6], unsigned n)
{
    json_t *all = json_array();
    for (unsigned k = 0; k < n; k++)
        json_array_append_new(all, mac_text(table[k]));
    return all;
}

static json_t *filter_of(struct net_port *p, const struct net_rx_filter *f)
{
    static const char *const modes[] = { [NET_RECEIVE_NONE] = "none", [NET_RECEIVE_NORMAL] = "normal", [NET_RECEIVE_ALL] = "all" };
    json_t *vlans = json_array();
    for (int k = 0; f->vlans && k < 4096; k++)
        if (f->vlans[k / 8] >> k % 8 & 1)
            json_array_append_new(vlans, json_integer(k));
    p->filter_told = false;
    return json_pack("{s:s,s:b,s:s,s:s,s:s,s:b,s:b,s:b,s:o,s:o,s:o,s:o}", "name", f->name, "promiscuous", f->promiscuous, "multicast",
                     modes[f->multicast], "unicast", modes[f->unicast], "vlan", modes[f->vlan], "broadcast-allowed", f->broadcast,
                     "multicast-overflow", f->multicast_overflow, "unicast-overflow", f->unicast_overflow, "main-mac", mac_text(f->main_mac),
                     "vlan-table", vlans, "unicast-table", mac_table(f->unicast_table, f->nunicast), "multicast-table",
                     mac_table(f->multicast_table, f->nmulticast));
}

static json_t *query_rx_filter(struct qmp_call *c)
{
    const char *name = qmp_text(c, "name");
    struct net_port *p = name ? net_port_by_name(name) : NULL;
    struct net_rx_filter f;
    if (name && (!p || !p->mac))
        return qmp_fail(c, QMP_GENERIC, "there is no network device '%s'", name);
    if (name && !net_rx_filter(p, &f))
        return qmp_fail(c, QMP_GENERIC, "the device '%s' has no filter", name);
    json_t *all = json_array();
    if (name)
        json_array_append_new(all, filter_of(p, &f));
    else
        for (p = NULL; (p = net_port_next(p));)
            if (p->mac && net_rx_filter(p, &f))
                json_array_append_new(all, filter_of(p, &f));
    return all;
}

/* Once: rounds and pauses are of no effect. */
static json_t *announce(struct qmp_call *c)
{
    net_announce();
    return json_object();
}

static const struct qmp_type types[] = {
    { "RxState", QMP_ENUM, "normal, none, all" },
    { "RxFilterInfo", QMP_STRUCT, "name: str, promiscuous: bool, multicast: RxState, unicast: RxState, vlan: RxState, broadcast-allowed: bool, "
                                  "multicast-overflow: bool, unicast-overflow: bool, main-mac: str, vlan-table: [int], unicast-table: [str], "
                                  "multicast-table: [str]" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "query-rx-filter", "*name: str", "[RxFilterInfo]", query_rx_filter },
    { "announce-self", "initial: int, max: int, rounds: int, step: int, *interfaces: [str], *id: str", "", announce },
    { "netdev_add", "type: str, id: str", "", add, true },
    { "netdev_del", "id: str", "", del },
    { "set_link", "name: str, up: bool", "", set_link },
    { NULL }
};
static const struct qmp_event events[] = {
    { "NIC_RX_FILTER_CHANGED", "*name: str, path: str" },
    { NULL }
};

void qmp_add_nets(void) { qmp_add(commands, types, events, NULL); }
