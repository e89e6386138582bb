/*
 * What devices and disks do for a machine's state (struct machine_parts).
 *
 * A device's section has its path: NAME[n] of those that the board wires, BUS/PLACE/NAME of those on a bus. So the machine that
 * reads it may have been described in another order.
 */
#include <stdio.h>
#include <string.h>

#include "block/block.h"
#include "boards/boards.h"
#include "device.h"
#include "migrate.h"
#include "migrate/vmstate.h"
#include "net/net.h"

static bool has_state(const struct device *d) { return d->realized && (d->type->fields || d->type->base_fields); }

void device_state_path(const struct device *d, char *text, size_t n)
{
    char place[64] = "";
    unsigned k = 0;
    if (!d->bus) {
        for (const struct device *o = d->machine->devices; o && o != d; o = o->next)
            k += !o->bus && o->type == d->type;
        snprintf(text, n, "%s[%u]", d->type->name, k);
        return;
    }
    if (d->bus->type->place) {
        d->bus->type->place(d->bus, d, place, sizeof place);
    } else {
        for (const struct device *o = d->bus->first; o && o != d; o = o->sibling)
            k++;
        snprintf(place, sizeof place, "%u", k);
    }
    snprintf(text, n, "%s/%s/%s", d->bus->name, place, d->type->name);
}

static unsigned parts_of(struct device *d, struct state_part *parts)
{
    parts[0] = (struct state_part){ d->type->base_fields, d };
    parts[1] = (struct state_part){ d->type->fields, d };
    return 2;
}

/* What was written to it is in a file that nobody else has. */
static bool is_overlaid(const struct block_node *n) { return n && (n->driver->kind == BLOCK_FILTER || is_overlaid(n->file)); }

static bool unmigratable(struct machine *m, char *err, size_t errlen)
{
    char path[256];
    for (struct block *b = NULL; (b = block_next(b));)
        if (b->attached && is_overlaid(b->node)) {
            snprintf(err, errlen, "disk '%s' has snapshot=on: what was written to it is in no image", b->options.id);
            return true;
        }
    for (struct device *d = NULL; (d = device_next(m, d));) {
        const char *why = d->realized && d->type->unmigratable ? d->type->unmigratable(d) : NULL;
        device_state_path(d, path, sizeof path);
        if (d->unplugging)
            why = "the guest was asked to give it up";
        if (why) {
            snprintf(err, errlen, "device '%s' can't be saved: %s", path, why);
            return true;
        }
    }
    return false;
}

static bool stand_still(struct machine *m, char *err, size_t errlen)
{
    char path[256];
    block_drain_all();
    for (struct device *d = NULL; (d = device_next(m, d));) {
        const char *why = d->realized && d->type->settle ? d->type->settle(d) : NULL;
        if (!why)
            continue;
        device_state_path(d, path, sizeof path);
        snprintf(err, errlen, "device '%s' can't be saved: %s", path, why);
        return false;
    }
    block_drain_all();
    for (struct block_node *n = NULL; (n = block_node_next(n));) {
        int rc = n->readonly || n->no_flush || n->given ? 0 : block_node_flush(n);
        if (rc) {
            snprintf(err, errlen, "disk %s can't be written: %s", n->name, strerror(-rc));
            return false;
        }
    }
    return true;
}

static void save(struct machine *m, struct stream *s)
{
    struct state_part parts[STATE_PARTS];
    char path[256];
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (has_state(d)) {
            device_state_path(d, path, sizeof path);
            state_save(s, path, d->type->version, parts, parts_of(d, parts));
        }
}

/* -------------------------------------------------------------------------- reading */

static void load_begin(struct machine *m)
{
    for (struct device *d = NULL; (d = device_next(m, d));)
        d->was_loaded = false;
}

static bool load(struct machine *m, const struct section *s, bool *known, char *err, size_t errlen)
{
    struct state_part parts[STATE_PARTS];
    char path[256];
    *known = true;
    for (struct device *d = NULL; (d = device_next(m, d));) {
        device_state_path(d, path, sizeof path);
        if (!has_state(d) || strcmp(path, section_name(s)) != 0)
            continue;
        if (d->was_loaded) {
            snprintf(err, errlen, "it is there twice");
            return false;
        }
        d->was_loaded = true;
        return state_load(s, d->type->version, parts, parts_of(d, parts), err, errlen);
    }
    return *known = false;
}

static bool load_end(struct machine *m, char *err, size_t errlen)
{
    char path[256];
    for (struct device *d = NULL; (d = device_next(m, d));) {
        if (!has_state(d))
            continue;
        device_state_path(d, path, sizeof path);
        if (!d->was_loaded) {
            snprintf(err, errlen, "this machine has a device '%s', which the stream has not", path);
            return false;
        }
        const char *why = d->type->valid ? d->type->valid(d) : NULL;
        if (why) {
            snprintf(err, errlen, "device '%s': %s", path, why);
            return false;
        }
    }
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (has_state(d) && d->type->loaded)
            d->type->loaded(d);
    return true;
}

/* --------------------------------------------------------------------------- images */

static bool give_images(struct machine *m, char *err, size_t errlen) { return block_give_all(err, errlen); }
static bool take_images(struct machine *m, char *err, size_t errlen) { return block_take_all(err, errlen); }
static void arrived(struct machine *m) { net_announce(); }
static const char *board(struct machine *m)
{
    const struct device *b = m->board_state;
    return b ? b->type->name : "none";
}

const struct machine_parts device_parts = {
    unmigratable, stand_still, save, load_begin, load, load_end, give_images, take_images, arrived, board,
};
