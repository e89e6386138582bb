/*
 * The human monitor's commands that plug things in and take them out: devices, media, memory. What they do is what QMP's of the same names do.
 */
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "monitor.h"
#include "monitor/monitor.h"
#include "virtio/balloon.h"

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

static struct block *drive(struct monitor_call *c, const char *id)
{
    struct block *b = backend_by_id(PROP_DRIVE, id);
    if (!b)
        fprintf(c->out, "Error: there is no drive '%s'\n", id);
    return b;
}

static void eject(struct monitor_call *c)
{
    char err[512] = "";
    bool force = !strcmp(c->argv[0], "-f");
    struct block *b = c->argc > force ? drive(c, c->argv[force]) : NULL;
    if (c->argc == force)
        fprintf(c->out, "Error: eject wants the name of a drive\n");
    else if (b)
        say(c, block_eject(b, force, err, sizeof err), err);
}

static void change(struct monitor_call *c)
{
    static const struct { const char *name; enum block_medium_mode mode; } modes[] = {
        { "retain", MEDIUM_RETAIN }, { "read-only", MEDIUM_READ_ONLY }, { "read-write", MEDIUM_READ_WRITE },
    };
    char err[512] = "";
    int k = !strcmp(c->argv[0], "-f"), m = 0;
    bool force = k;
    if (c->argc < k + 2) {
        fprintf(c->out, "Error: change wants the names of a drive and of an image\n");
        return;
    }
    while (c->argc > k + 3 && m < 3 && strcmp(modes[m].name, c->argv[k + 3]))
        m++;
    struct block *b = m < 3 ? drive(c, c->argv[k]) : NULL;
    if (m == 3)
        fprintf(c->out, "Error: %s: it may be retain, read-only or read-write\n", c->argv[k + 3]);
    else if (b)
        say(c, block_change_medium(b, c->argv[k + 1], c->argc > k + 2 ? c->argv[k + 2] : NULL, modes[m].mode, force, err, sizeof err), err);
}

static struct device *find_balloon(struct monitor_call *c)
{
    struct device *d = balloon_find(c->machine);
    if (!d)
        fprintf(c->out, "Error: the machine has no balloon\n");
    return d;
}

static void balloon(struct monitor_call *c)
{
    struct device *d = find_balloon(c);
    uint64_t mebibytes;
    if (d && (!parse_number(c->argv[0], false, UINT64_MAX >> 20, &mebibytes) || !mebibytes))
        fprintf(c->out, "Error: %s is no number of MiB\n", c->argv[0]);
    else if (d)
        balloon_set(d, mebibytes << 20);
}

static void info_balloon(struct monitor_call *c)
{
    const struct device *d = find_balloon(c);
    if (d)
        fprintf(c->out, "balloon: actual=%llu\n", (unsigned long long)(balloon_left(d) >> 20));
}

static const char *next_drive(struct machine *m, unsigned k)
{
    for (struct block *b = NULL; (b = block_next(b));)
        if (block_is_removable(b) && !k--)
            return b->options.id;
    return NULL;
}

static const struct monitor_command commands[] = {
    { "eject", "[-f] DRIVE", "opens a drive's tray and takes the medium out; -f: though the guest has locked it", 1, 2, eject, next_drive },
    { "change", "[-f] DRIVE FILE [FORMAT [retain|read-only|read-write]]", "another medium", 2, 5, change, next_drive },
    { "balloon", "MIB", "asks the guest to keep that much of its memory", 1, 1, balloon },
    { "device_add", "NAME[,PROPERTY=VALUE...]", "plugs a device in", 1, 1, add_device },
    { "device_del", "ID", "asks the guest to give a device up, and takes it out then", 1, 1, del_device, next_device },
    { "block_resize", "DISK SIZE", "another size for an image", 2, 2, resize },
    { NULL }
};

static const struct monitor_command info[] = {
    { "balloon", "", "how much memory the guest has kept", 0, 0, info_balloon },
    { NULL }
};

void monitor_add_plug(void) { monitor_add(commands, info); }
