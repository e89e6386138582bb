/*
 * The human monitor's commands that plug things in and take them out. What they do is what QMP's of the same names do.
 */
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "monitor.h"
#include "monitor/monitor.h"

static void say(struct monitor_call *c, bool ok, const char *err)
{
    if (!ok)
        fprintf(c->out, "Error: %s\n", err);
}

static void add_device(struct monitor_call *c)
{
    char err[512] = "";
    say(c, device_add(c->machine, c->argv[0], err, sizeof err), err);
}

static void del_device(struct monitor_call *c)
{
    char err[512] = "";
    bool none;
    say(c, device_del(c->machine, c->argv[0], &none, err, sizeof err), err);
}

static const char *next_device(struct machine *m, unsigned k)
{
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->added && d->id && !k--)
            return d->id;
    return NULL;
}

static void resize(struct monitor_call *c)
{
    char err[512] = "";
    uint64_t size;
    struct block *b = backend_by_id(PROP_DRIVE, c->argv[0]);
    struct block_node *n = b ? b->node : block_node_by_name(c->argv[0]);
    if (!n)
        fprintf(c->out, "Error: there is no disk or node '%s'\n", c->argv[0]);
    else if (!parse_number(c->argv[1], true, INT64_MAX, &size))
        fprintf(c->out, "Error: %s is no size\n", c->argv[1]);
    else
        say(c, block_change_size(n, size, err, sizeof err), err);
}

static const struct monitor_command commands[] = {
    { "device_add", "NAME[,PROPERTY=VALUE...]", "plugs a device in", 1, 1, add_device },
    { "device_del", "ID", "asks the guest to give a device up, and takes it out then", 1, 1, del_device, next_device },
    { "block_resize", "DISK SIZE", "another size for an image", 2, 2, resize },
    { NULL }
};

void monitor_add_plug(void) { monitor_add(commands, NULL); }
