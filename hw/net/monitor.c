/*
 * The monitor's rows of networks. What they do is done by functions of net.h and object.h, which QMP calls too.
 */
#include <string.h>

#include "monitor/monitor.h"
#include "net.h"
#include "object.h"

static void info_network(struct monitor_call *c) { net_print(c->out); }
static void info_usernet(struct monitor_call *c) { net_print_usernet(c->out); }

static void tell(struct monitor_call *c, bool ok, const char *err)
{
    if (!ok)
        fprintf(c->out, "%s\n", err);
}

static void forward(struct monitor_call *c, bool remove)
{
    char err[300];
    tell(c, net_hostfwd(c->argc > 1 ? c->argv[0] : NULL, c->argv[c->argc - 1], remove, err, sizeof err), err);
}
static void cmd_hostfwd_add(struct monitor_call *c) { forward(c, false); }
static void cmd_hostfwd_remove(struct monitor_call *c) { forward(c, true); }

static void cmd_set_link(struct monitor_call *c)
{
    char err[300];
    bool up;
    if (!parse_bool(c->argv[1], &up))
        fprintf(c->out, "set_link %s %s: it should be on or off\n", c->argv[0], c->argv[1]);
    else
        tell(c, net_set_link(c->argv[0], up, err, sizeof err), err);
}

static void cmd_netdev_add(struct monitor_call *c)
{
    char err[512];
    tell(c, netdev_add(c->machine, c->argv[0], err, sizeof err), err);
}

static void cmd_netdev_del(struct monitor_call *c)
{
    char err[300];
    tell(c, netdev_del(c->argv[0], err, sizeof err), err);
}

static void cmd_object_add(struct monitor_call *c)
{
    char err[512];
    tell(c, object_add(c->machine, c->argv[0], err, sizeof err), err);
}

static void cmd_object_del(struct monitor_call *c)
{
    char err[300];
    tell(c, object_del(c->argv[0], err, sizeof err), err);
}

static void cmd_announce_self(struct monitor_call *c) { net_announce(); }

static const char *next_port(struct machine *m, unsigned k)
{
    struct net_port *p = NULL;
    while ((p = net_port_next(p)))
        if (!k--)
            return p->name;
    return NULL;
}

static const char *next_backend(struct machine *m, unsigned k)
{
    struct net_port *p = NULL;
    while ((p = backend_next(PROP_NETDEV, p)))
        if (!k--)
            return p->name;
    return NULL;
}

static const struct monitor_command commands[] = {
    { "hostfwd_add", "[NETDEV] [tcp|udp]:[HOST]:PORT-[GUEST]:PORT", "connections to the host go to the guest", 1, 2, cmd_hostfwd_add, next_backend },
    { "hostfwd_remove", "[NETDEV] [tcp|udp]:[HOST]:PORT", "no more", 1, 2, cmd_hostfwd_remove, next_backend },
    { "set_link", "NAME on|off", "the link of a network device or backend", 2, 2, cmd_set_link, next_port },
    { "netdev_add", "TYPE,id=ID[,OPTION=VALUE...]", "adds a network backend", 1, 1, cmd_netdev_add, NULL },
    { "netdev_del", "ID", "removes it", 1, 1, cmd_netdev_del, next_backend },
    { "object_add", "KIND,id=ID[,OPTION=VALUE...]", "adds an object", 1, 1, cmd_object_add, NULL },
    { "object_del", "ID", "removes it", 1, 1, cmd_object_del, NULL },
    { "announce_self", "", "switches hear where the guest is", 0, 2, cmd_announce_self, NULL },
    { NULL }
};
static const struct monitor_command info[] = {
    { "network", "", "network devices and backends", 0, 0, info_network },
    { "usernet", "", "connections of user-mode networks", 0, 0, info_usernet },
    { NULL }
};

void net_monitor_add(void) { monitor_add(commands, info); }
