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

static const struct qmp_command commands[] = {
    { "netdev_add", "type: str, id: str", "", add, true },
    { "netdev_del", "id: str", "", del },
    { "set_link", "name: str, up: bool", "", set_link },
    { NULL }
};
static const struct qmp_event events[] = {
    { "NIC_RX_FILTER_CHANGED", "*name: str, path: str" },
    { NULL }
};
static const struct qmp_missing missing[] = {
    { "query-rx-filter", "filters of network devices are not shown" },
    { "announce-self", "nothing announces the guest's addresses" },
    { NULL }
};

void qmp_add_nets(void) { qmp_add(commands, NULL, events, missing); }
