/*
 * The monitor on a character device, and its rows that see devices, buses and backends.
 */
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "boards/boards.h"
#include "monitor.h"
#include "snapshots.h"
#include "net/net.h"
#include "monitor/monitor.h"
#include "pci/pci.h"

/* ----------------------------------------------------------------------- the tree */

static void indent(FILE *f, unsigned n) { fprintf(f, "%*s", (int)n, ""); }

static void print_properties(const struct device *d, const struct property *p, FILE *f, unsigned depth)
{
    for (; p && p->name; p++) {
        char text[256];
        device_get(d, p, text, sizeof text);
        indent(f, depth);
        fprintf(f, p->kind == PROP_STRING || p->kind == PROP_ENUM ? "%s = \"%s\"\n" : "%s = %s\n", p->name, text);
    }
}

static void print_device(const struct device *d, FILE *f, unsigned depth)
{
    indent(f, depth);
    fprintf(f, "dev: %s, id \"%s\"\n", d->type->name, d->id ? d->id : "");
    if (d->bus && d->bus->type->place) {
        char text[64] = "";
        d->bus->type->place(d->bus, d, text, sizeof text);
        indent(f, depth + 2);
        fprintf(f, "%s\n", text);
    }
    print_properties(d, d->type->properties, f, depth + 2);
    print_properties(d, d->type->base_properties, f, depth + 2);
    for (unsigned k = 0; k < DEVICE_REGIONS; k++)
        if (d->region[k] && d->mapping[k]) {
            indent(f, depth + 2);
            fprintf(f, "mmio %016llx/%016llx\n", (unsigned long long)d->at[k], (unsigned long long)d->region[k]->size);
        }
    for (const struct bus *b = d->buses; b; b = b->next) {
        indent(f, depth + 2);
        fprintf(f, "bus: %s\n", b->name);
        indent(f, depth + 4);
        fprintf(f, "type %s\n", b->type->name);
        for (const struct device *c = b->first; c; c = c->sibling)
            print_device(c, f, depth + 4);
    }
}

static void info_qtree(struct monitor_call *c)
{
    for (struct device *d = NULL; (d = device_next(c->machine, d));)
        if (!d->bus)
            print_device(d, c->out, 0);
}

static void pci_line(void *arg, const char *text) { fprintf(arg, "%s\n", text); }
static void info_pci(struct monitor_call *c) { pci_print(c->machine, pci_line, c->out); }

static void info_chardev(struct monitor_call *c)
{
    for (struct chardev *d = NULL; (d = backend_next(PROP_CHARDEV, d));) {
        char text[320];
        chardev_describe(d, text, sizeof text);
        fprintf(c->out, "%s: filename=%s\n", backend_id(PROP_CHARDEV, d), text);
    }
}

static void info_block(struct monitor_call *c)
{
    for (struct block *b = NULL; (b = block_next(b));) {
        const char *id = backend_id(PROP_DRIVE, b);
        const struct block_node *n = b->node;
        if (n)
            fprintf(c->out, "%s: %s (%s%s)\n", *id ? id : "(no id)", n->filename ? n->filename : "", n->driver->name, n->readonly ? ", read-only" : "");
        else
            fprintf(c->out, "%s: [not inserted]\n", *id ? id : "(no id)");
        if (block_has_tray(b))
            fprintf(c->out, "    Removable device: %slocked, tray %s\n", block_tray_is_locked(b) ? "" : "not ", block_tray_is_open(b) ? "open" : "closed");
        fprintf(c->out, "    Attached to: %s\n    Cache mode: %s\n    Done: %llu reads (%llu bytes), %llu writes (%llu bytes), %llu flushes\n",
                b->attached ? block_if_name(b->options.interface) : "nothing", block_cache_name(b->options.cache), (unsigned long long)b->reads,
                (unsigned long long)b->read_bytes, (unsigned long long)b->writes, (unsigned long long)b->written_bytes, (unsigned long long)b->flushes);
    }
}

static void info_version(struct monitor_call *c) { fprintf(c->out, "myna-system-aarch64\n"); }
static void info_name(struct monitor_call *c)
{
    if (c->machine->config->name)
        fprintf(c->out, "%s\n", c->machine->config->name);
}
static void info_uuid(struct monitor_call *c)
{
    for (unsigned k = 0; k < 16; k++)
        fprintf(c->out, k == 4 || k == 6 || k == 8 || k == 10 ? "-%02x" : "%02x", c->machine->config->uuid[k]);
    fputc('\n', c->out);
}

/* ------------------------------------------------------------------------ commands */

static struct chardev *ring(struct monitor_call *c)
{
    struct chardev *d = backend_by_id(PROP_CHARDEV, c->argv[0]);
    if (d && chardev_is_ring(d))
        return d;
    fprintf(c->out, "%s is no ringbuf\n", c->argv[0]);
    return NULL;
}

static void cmd_ring_read(struct monitor_call *c)
{
    struct chardev *d = ring(c);
    size_t n = strtoul(c->argv[1], NULL, 0);
    while (d && n) {
        uint8_t bytes[256];
        size_t got = chardev_ring_read(d, bytes, n < sizeof bytes ? n : sizeof bytes);
        if (!got)
            break;
        n -= got;
        for (size_t k = 0; k < got; k++)
            fprintf(c->out, bytes[k] == '\\' ? "\\\\" : (bytes[k] < ' ' && bytes[k] != '\n') || bytes[k] == 0x7f ? "\\u%04X" : "%c", bytes[k]);
    }
    if (d)
        fputc('\n', c->out);
}

static void cmd_ring_write(struct monitor_call *c)
{
    struct chardev *d = ring(c);
    if (d && chardev_ring_write(d, (const uint8_t *)c->argv[1], strlen(c->argv[1])) < strlen(c->argv[1]))
        fprintf(c->out, "%s: there is no room for all of it\n", c->argv[0]);
}

static const char *next_chardev(struct machine *m, unsigned k)
{
    struct chardev *d = NULL;
    while ((d = backend_next(PROP_CHARDEV, d)))
        if (!k--)
            return backend_id(PROP_CHARDEV, d);
    return NULL;
}

static const struct monitor_command commands[] = {
    { "ringbuf_read", "CHARDEV SIZE", "takes what a ring buffer holds", 2, 2, cmd_ring_read, next_chardev },
    { "ringbuf_write", "CHARDEV DATA", "input from a ring buffer", 2, 2, cmd_ring_write, next_chardev },
    { NULL },
};
static const struct monitor_command info[] = {
    { "qtree", "", "devices and buses", 0, 0, info_qtree },
    { "pci", "", "devices on PCI buses", 0, 0, info_pci },
    { "block", "", "disks and their images", 0, 0, info_block },
    { "chardev", "", "character backends", 0, 0, info_chardev },
    { "version", "", "what this is", 0, 0, info_version },
    { "name", "", "the machine's name", 0, 0, info_name },
    { "uuid", "", "the machine's number", 0, 0, info_uuid },
    { NULL },
};

/* ------------------------------------------------------------------------ sessions */

struct session { struct chardev *c; struct monitor *mon; bool mux; };

static size_t write_out(void *arg, const uint8_t *bytes, size_t n)
{
    struct session *s = arg;
    return chardev_write(s->c, bytes, n);
}
static size_t room(void *arg) { return monitor_room(((struct session *)arg)->mon); }
static void take(void *arg, const uint8_t *bytes, size_t n) { monitor_input(((struct session *)arg)->mon, bytes, n); }
static void drained(void *arg) { monitor_drained(((struct session *)arg)->mon); }
static void event(void *arg, enum chardev_event e)
{
    struct session *s = arg;
    if (e == CHARDEV_FOCUSED || (e == CHARDEV_OPENED && !s->mux))
        monitor_focus(s->mon);
}

void monitor_add_hw(void)
{
    static bool added;
    if (!added) {
        monitor_add(commands, info);
        net_monitor_add();
        monitor_add_plug();
        snapshots_monitor_add();
    }
    added = true;
}

bool monitor_attach(struct machine *m, struct chardev *c, char *err, size_t errlen)
{
    monitor_add_hw();
    struct session *s = calloc(1, sizeof *s);
    struct monitor_port port = { write_out, s, false };
    if (!s || !(s->mon = monitor_new(m, &port, err, errlen)))
        return false;
    s->c = c;
    s->mux = chardev_is_mux(c);
    struct chardev_front f = { room, take, s, drained, event };
    if (chardev_attach(c, &f))
        return true;
    snprintf(err, errlen, "the character device has a user already");
    return false;
}
