/*
 * Devices and buses: making, wiring, finding; the machine's list of devices. See device.h; properties.c has their
 * properties.
 */
#include <stdlib.h>
#include <string.h>

#include "device.h"

#define DEVICE(type) extern const struct device_type type;
#include "devices.def"
#undef DEVICE

static const struct device_type *const types[] = {
#define DEVICE(type) &type,
#include "devices.def"
#undef DEVICE
    NULL
};

const struct device_type *const *device_types(void) { return types; }

const struct device_type *device_type_find(const char *name)
{
    for (unsigned k = 0; types[k]; k++)
        if (!strcmp(types[k]->name, name) || (types[k]->alias && !strcmp(types[k]->alias, name)))
            return types[k];
    return NULL;
}

/* ------------------------------------------------------------------------ buses */

void bus_init(struct bus *b, const struct bus_type *t, struct device *owner, const char *name, unsigned max)
{
    b->type = t;
    b->owner = owner;
    b->max = max;
    snprintf(b->name, sizeof b->name, "%s", name);
    struct bus **at = &owner->buses;
    while (*at)
        at = &(*at)->next;
    *at = b;
}

static bool bus_plug(struct bus *b, struct device *d, char *err, size_t errlen)
{
    if (b->max && b->n == b->max) {
        snprintf(err, errlen, "%s: bus %s is full", d->type->name, b->name);
        return false;
    }
    if (b->type->plug && !b->type->plug(b, d, err, errlen))
        return false;
    struct device **at = &b->first;
    while (*at)
        at = &(*at)->sibling;
    *at = d;
    d->bus = b;
    b->n++;
    return true;
}

static void bus_unplug(struct device *d)
{
    struct bus *b = d->bus;
    struct device **at = &b->first;
    while (*at != d)
        at = &(*at)->sibling;
    *at = d->sibling;
    b->n--;
    if (b->type->unplug)
        b->type->unplug(b, d);
    d->bus = NULL;
}

static struct bus *find_bus(struct machine *m, const char *name, const char *type)
{
    for (struct device *d = m->devices; d; d = d->next)
        for (struct bus *b = d->buses; b; b = b->next)
            if (name ? !strcmp(b->name, name) : !strcmp(b->type->name, type) && (!b->max || b->n < b->max))
                return b;
    return NULL;
}

struct bus *bus_by_name(struct machine *m, const char *name) { return find_bus(m, name, NULL); }
struct bus *bus_by_type(struct machine *m, const char *type) { return find_bus(m, NULL, type); }

/* ---------------------------------------------------------------------- devices */

struct device *device_by_id(struct machine *m, const char *id)
{
    for (struct device *d = m->devices; d; d = d->next)
        if (d->id && !strcmp(d->id, id))
            return d;
    return NULL;
}

struct device *device_next(struct machine *m, struct device *d) { return d ? d->next : m->devices; }

bool device_realize(struct device *d, struct bus *bus, char *err, size_t errlen)
{
    const char *kind = d->type->bus;
    if (bus && (!kind || strcmp(bus->type->name, kind))) {
        snprintf(err, errlen, "%s does not go on bus %s, which is of type %s", d->type->name, bus->name, bus->type->name);
        return false;
    }
    if (kind && !bus && !(bus = bus_by_type(d->machine, kind))) {
        snprintf(err, errlen, "%s: the machine has no free place on a bus of type %s", d->type->name, kind);
        return false;
    }
    if (bus && !bus_plug(bus, d, err, errlen))
        return false;
    if (d->type->realize && !d->type->realize(d, err, errlen)) {
        if (bus)
            bus_unplug(d);
        return false;
    }
    d->realized = true;
    return true;
}

static void take_out(struct device *d)
{
    struct device **at = &d->machine->devices;
    while (*at && *at != d)
        at = &(*at)->next;
    if (*at)
        *at = d->next;
}

void device_free(struct device *d)
{
    if (!d)
        return;
    for (struct bus *b = d->buses; b; b = b->next)
        while (b->first)
            device_free(b->first);
    if (d->realized && d->type->unrealize)
        d->type->unrealize(d);
    if (d->bus)
        bus_unplug(d);
    for (unsigned k = 0; k < DEVICE_REGIONS; k++) {
        if (d->mapping[k])
            physmem_unmap(d->machine->memory, d->mapping[k]);
        if (d->region[k])
            mem_free(d->region[k]);
    }
    take_out(d);
    device_drop_properties(d);
    free(d->id);
    free(d);
}

void devices_reset(struct machine *m)
{
    for (struct device *d = m->devices; d; d = d->next)
        if (d->realized && d->type->reset)
            d->type->reset(d);
}

void devices_free(struct machine *m)
{
    while (m->devices)
        device_free(m->devices);
}

/* ----------------------------------------------------------------------- wiring */

bool device_region(struct device *d, unsigned k, struct mem_region *r)
{
    d->region[k] = r;
    return r != NULL;
}

bool device_map(struct device *d, unsigned k, gpa_t at)
{
    d->at[k] = at;
    d->mapping[k] = physmem_map(d->machine->memory, d->region[k], at, 0, d->region[k]->size, 0);
    return d->mapping[k] != NULL;
}

void device_connect(struct device *d, unsigned k, struct irq to, uint32_t spi)
{
    d->line[k] = to;
    d->spi[k] = spi;
}

void device_path(const struct device *d, char *text, size_t n)
{
    unsigned k = d->added ? 0 : d->machine->nvcpus;
    if (d->added && d->id) {
        snprintf(text, n, "/machine/peripheral/%s", d->id);
        return;
    }
    for (const struct device *o = d->machine->devices; o && o != d; o = o->next)
        k += o->added == d->added && !(o->added && o->id) && o != d->machine->board_state;
    snprintf(text, n, "/machine/%s/device[%u]", d->added ? "peripheral-anon" : "unattached", k);
}

void device_unplugged(struct device *d)
{
    char path[128];
    struct machine *m = d->machine;
    char *id = d->id ? strdup(d->id) : NULL;
    device_path(d, path, sizeof path);
    device_free(d);
    if (id)
        machine_event(m, "DEVICE_DELETED", "{s:s,s:s}", "device", id, "path", path);
    else
        machine_event(m, "DEVICE_DELETED", "{s:s}", "path", path);
    free(id);
}

bool device_del(struct machine *m, const char *id, bool *none, char *err, size_t errlen)
{
    struct device *d = NULL;
    char path[128];
    while ((d = device_next(m, d))) {
        device_path(d, path, sizeof path);
        if (d->added && ((d->id && !strcmp(d->id, id)) || !strcmp(path, id)))
            break;
    }
    if ((*none = !d))
        snprintf(err, errlen, "there is no device '%s'", id);
    else if (!d->bus || !d->bus->type->hot_unplug)
        snprintf(err, errlen, "device '%s' can't be taken out while the machine is there", id);
    else
        return d->bus->type->hot_unplug(d->bus, d, err, errlen);
    return false;
}

/* --------------------------------------------------------------------- -device */

struct device *device_add(struct machine *m, const char *text, char *err, size_t errlen)
{
    struct word w;
    if (!next_word(&text, &w) || w.value) {
        snprintf(err, errlen, "-device wants the name of a device first");
        return NULL;
    }
    struct device *d = device_new(m, w.name, err, errlen);
    if (!d)
        return NULL;
    struct bus *bus = NULL;
    if (!d->type->bus) {
        snprintf(err, errlen, "%s: only boards make it", d->type->name);
        goto fail;
    }
    while (next_word(&text, &w)) {
        if (w.value && !strcmp(w.name, "id")) {
            if (device_by_id(m, w.value)) {
                snprintf(err, errlen, "%s: there is a device with the id %s already", d->type->name, w.value);
                goto fail;
            }
            free(d->id);
            d->id = strdup(w.value);
        } else if (w.value && !strcmp(w.name, "bus")) {
            if (!(bus = bus_by_name(m, w.value))) {
                snprintf(err, errlen, "%s: no bus %s", d->type->name, w.value);
                goto fail;
            }
        } else if (!device_set(d, w.name, w.value ? w.value : "on", err, errlen)) {
            goto fail;
        }
    }
    d->added = true;
    if (!m->complete) {
        if (device_realize(d, bus, err, errlen))
            return d;
        goto fail;
    }
    if (!bus && !(bus = bus_by_type(m, d->type->bus))) {
        snprintf(err, errlen, "%s: the machine has no free place on a bus of type %s", d->type->name, d->type->bus);
        goto fail;
    }
    d->hotplugged = true;
    if (!bus->type->hot_plug) {
        snprintf(err, errlen, "%s: nothing is plugged into bus %s while the machine is there", d->type->name, bus->name);
        goto fail;
    }
    if (bus->type->hot_plug(bus, d, err, errlen) && device_realize(d, bus, err, errlen)) {
        if (d->type->reset)
            d->type->reset(d);
        if (bus->type->hot_plugged)
            bus->type->hot_plugged(bus, d);
        return d;
    }
fail:
    device_free(d);
    return NULL;
}
