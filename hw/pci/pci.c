/*
 * PCI functions: configuration space, BARs, INTx, DMA; see pci.h. msi.c has messages, host.c and bridge.c what is between
 * a function and the machine.
 */
#include <string.h>

#include "pci.h"

const struct property pci_properties[] = { PCI_PROPERTIES, { NULL } };

/* ------------------------------------------------------------------------- buses */

static bool plug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    struct pci_bus *b = (struct pci_bus *)bus;
    struct pci_device *p = (struct pci_device *)d;
    if (p->address < 0) {
        for (unsigned slot = 0; slot < b->slots && p->address < 0; slot++) {
            bool free = true;
            for (unsigned f = 0; f < 8; f++)
                free &= !b->at[slot << 3 | f];
            if (free)
                p->address = (int32_t)(slot << 3);
        }
        if (p->address < 0) {
            snprintf(err, errlen, "%s: no free slot on bus %s", d->type->name, bus->name);
            return false;
        }
    }
    unsigned at = (unsigned)p->address, slot = at >> 3;
    if (slot >= b->slots) {
        snprintf(err, errlen, "%s: addr=%x: bus %s has no such slot", d->type->name, slot, bus->name);
        return false;
    }
    if (b->at[at]) {
        snprintf(err, errlen, "%s: addr=%x.%x of bus %s is taken by %s", d->type->name, slot, at & 7, bus->name, b->at[at]->d.type->name);
        return false;
    }
    /* Several functions: function 0 has to say so in its header. */
    for (unsigned f = 0; f < 8; f++)
        if (b->at[slot << 3 | f] && ((f == 0 && !b->at[slot << 3]->multifunction) || ((at & 7) == 0 && !p->multifunction))) {
            snprintf(err, errlen, "%s: function 0 of slot %x on bus %s wants multifunction=on", d->type->name, slot, bus->name);
            return false;
        }
    b->at[at] = p;
    p->on = b;
    return true;
}

static void unplug(struct bus *bus, struct device *d)
{
    struct pci_bus *b = (struct pci_bus *)bus;
    b->at[((struct pci_device *)d)->address & 255] = NULL;
}

static void place(const struct bus *bus, const struct device *d, char *text, size_t n)
{
    const struct pci_device *p = (const struct pci_device *)d;
    snprintf(text, n, "slot %x.%x", (unsigned)p->address >> 3 & 31, (unsigned)p->address & 7);
}

static bool hot_plug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    const struct pci_bus *b = (struct pci_bus *)bus;
    if (b->slot && !b->at[0])
        return true;
    snprintf(err, errlen, b->slot ? "%s: the slot of bus %s has a device already" : "%s: nothing is plugged into bus %s while the machine is there",
             d->type->name, bus->name);
    return false;
}

static void hot_plugged(struct bus *bus, struct device *d)
{
    struct pci_bus *b = (struct pci_bus *)bus;
    b->slot->plugged(b, (struct pci_device *)d);
}

static bool hot_unplug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    struct pci_bus *b = (struct pci_bus *)bus;
    if (b->slot)
        return b->slot->unplug(b, (struct pci_device *)d, err, errlen);
    snprintf(err, errlen, "nothing is taken out of bus %s while the machine is there", bus->name);
    return false;
}

const struct bus_type pci_bus_type = { "PCI", plug, unplug, place, hot_plug, hot_plugged, hot_unplug };

void pci_bus_init(struct pci_bus *b, struct pci_host *host, struct pci_device *bridge, struct device *owner, const char *name, unsigned slots)
{
    b->host = host;
    b->bridge = bridge;
    b->slots = slots;
    bus_init(&b->b, &pci_bus_type, owner, name, 0);
}

unsigned pci_bus_number(const struct pci_bus *b) { return b->bridge ? b->bridge->config[PCI_SECONDARY] : 0; }

/* ---------------------------------------------------------------------------- BARs */

static gpa_t bar_address(const struct pci_device *p, unsigned n, bool *enabled)
{
    const struct pci_bar *b = &p->bar[n];
    uint32_t command = pci_get(p, PCI_COMMAND, 2), low = pci_get(p, PCI_BAR0 + 4 * n, 4);
    *enabled = command & (b->kind & PCI_BAR_IO ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
    gpa_t at = low & (b->kind & PCI_BAR_IO ? ~3u : ~15u);
    if (b->kind & PCI_BAR_MEM64)
        at |= (gpa_t)pci_get(p, PCI_BAR0 + 4 * n + 4, 4) << 32;
    return at;
}

static void remap(struct pci_device *p)
{
    struct physmem *m = p->d.machine->memory;
    for (unsigned n = 0; n < PCI_BARS; n++) {
        struct pci_bar *b = &p->bar[n];
        bool on;
        if (!b->r)
            continue;
        bool io = b->kind & PCI_BAR_IO;
        gpa_t at = bar_address(p, n, &on);
        on = on && at && pci_bus_reaches(p->on, io, at, b->size);
        if (io)
            at += p->on->host->io;
        if (b->mapping && (!on || at != b->at)) {
            physmem_unmap(m, b->mapping);
            b->mapping = NULL;
        }
        if (on && !b->mapping) {
            b->at = at;
            b->mapping = physmem_map(m, b->r, at, 0, b->size, -1);
        }
    }
}

void pci_bus_remap(struct pci_bus *b)
{
    for (unsigned k = 0; k < 256; k++)
        if (b->at[k] && b->at[k]->d.realized) {
            remap(b->at[k]);
            if (b->at[k]->secondary)
                pci_bus_remap(b->at[k]->secondary);
        }
}

bool pci_bar(struct pci_device *p, unsigned n, unsigned kind, struct mem_region *r)
{
    if (!r)
        return false;
    p->bar[n] = (struct pci_bar){ .r = r, .kind = kind, .size = r->size };
    pci_put(p, PCI_BAR0 + 4 * n, 4, kind);
    pci_allow(p, PCI_BAR0 + 4 * n, 4, (uint32_t)~(r->size - 1) & (kind & PCI_BAR_IO ? ~3u : ~15u));
    if (kind & PCI_BAR_MEM64)
        pci_allow(p, PCI_BAR0 + 4 * n + 4, 4, (uint32_t)(~(r->size - 1) >> 32));
    return true;
}

/* ------------------------------------------------------------------ configuration */

unsigned pci_capability(struct pci_device *p, uint8_t id, unsigned size)
{
    unsigned at = p->next_capability;
    p->next_capability = (uint16_t)((at + size + 3) & ~3u);
    p->config[at] = id;
    p->config[p->last_capability ? p->last_capability + 1u : PCI_CAPABILITIES] = (uint8_t)at;
    p->last_capability = (uint16_t)at;
    p->config[PCI_STATUS] |= PCI_STATUS_CAPABILITIES;
    return at;
}

bool pci_realize(struct pci_device *p, const struct pci_ids *ids, char *err, size_t errlen)
{
    if (!p->on) {
        snprintf(err, errlen, "%s wants a PCI bus", p->d.type->name);
        return false;
    }
    p->next_capability = 0x40;
    pci_put(p, PCI_VENDOR, 2, ids->vendor);
    pci_put(p, PCI_DEVICE, 2, ids->device);
    pci_put(p, PCI_REVISION, 1, ids->revision);
    pci_put(p, PCI_CLASS, 3, ids->class);
    pci_put(p, PCI_HEADER, 1, p->multifunction ? 0x80 : 0);
    if (ids->subsystem_vendor) {
        pci_put(p, PCI_SUBSYSTEM_VENDOR, 2, ids->subsystem_vendor);
        pci_put(p, PCI_SUBSYSTEM, 2, ids->subsystem);
    }
    pci_allow(p, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | 1 << 6 | 1 << 8 | PCI_COMMAND_NO_INTX);
    p->write1[PCI_STATUS + 1] = 0xf9;
    p->writable[PCI_LINE_SIZE] = p->writable[PCI_INT_LINE] = 0xff;
    return true;
}

void pci_unrealize(struct pci_device *p)
{
    for (unsigned n = 0; n < PCI_BARS; n++) {
        if (p->bar[n].mapping)
            physmem_unmap(p->d.machine->memory, p->bar[n].mapping);
        mem_free(p->bar[n].r);
        p->bar[n] = (struct pci_bar){ 0 };
    }
    pci_intx(p, false);
}

/* What software can write goes to zero, but the interrupt line's number. */
void pci_reset(struct pci_device *p)
{
    for (unsigned k = 0; k < PCI_CONFIG; k++)
        if (k != PCI_INT_LINE)
            p->config[k] &= (uint8_t)~(p->writable[k] | p->write1[k]);
    memcpy(p->made, p->config, sizeof p->made);
    pci_msi_reset(p);
    pci_intx(p, false);
    remap(p);
    if (p->secondary)
        pci_bus_remap(p->secondary);
    if (p->wrote)
        p->wrote(p, PCI_COMMAND, 2);
}

uint32_t pci_config_read(struct pci_device *p, unsigned offset, unsigned size)
{
    if (p->reads)
        p->reads(p, offset, size);
    return pci_get(p, offset, size);
}

static bool touches(unsigned offset, unsigned size, unsigned first, unsigned n) { return offset < first + n && first < offset + size; }
static void show_intx(struct pci_device *p);

void pci_config_write(struct pci_device *p, unsigned offset, unsigned size, uint32_t v)
{
    for (unsigned k = 0; k < size; k++) {
        uint8_t byte = (uint8_t)(v >> 8 * k), w = p->writable[offset + k], *c = &p->config[offset + k];
        *c = (uint8_t)((*c & ~w) | (byte & w));
        *c &= (uint8_t)~(byte & p->write1[offset + k]);
    }
    bool bridge = p->secondary;
    if (touches(offset, size, PCI_COMMAND, 2) || touches(offset, size, PCI_BAR0, bridge ? 8 : 24)) {
        remap(p);
        show_intx(p);
    }
    if (bridge && (touches(offset, size, PCI_COMMAND, 2) || touches(offset, size, PCI_SECONDARY, 0x34 - PCI_SECONDARY)))
        pci_bus_remap(p->secondary);
    pci_msi_wrote(p, offset, size);
    if (p->wrote)
        p->wrote(p, offset, size);
}

/* What software can't change is as it is here. The status register has a life of its own. */
const char *pci_valid(struct pci_device *p)
{
    for (unsigned k = 0; k < sizeof p->made; k++)
        if (k != PCI_STATUS && k != PCI_STATUS + 1 && ((p->config[k] ^ p->made[k]) & ~(p->writable[k] | p->write1[k])))
            return k < 4 ? "it has other PCI identifiers than here" : "its PCI configuration is of another device than here";
    if ((p->msi && p->config[p->msi] != PCI_CAP_MSI) || (p->msix && p->config[p->msix] != PCI_CAP_MSIX))
        return "its PCI capabilities are at other places than here";
    return NULL;
}

void pci_loaded(struct pci_device *p)
{
    remap(p);
    show_intx(p);
    if (p->wrote)
        p->wrote(p, PCI_COMMAND, 2);
}

/* ---------------------------------------------------------------------------- INTx */

/* Pins of a slot are turned by its number on each bus on the way (bridge specification, table 9-1). */
void pci_bus_pin(struct pci_bus *b, unsigned slot, unsigned pin, bool up)
{
    pin = (pin + slot) % PCI_PINS;
    if (b->bridge) {
        pci_bus_pin(b->bridge->on, (unsigned)b->bridge->address >> 3, pin, up);
        return;
    }
    struct pci_host *h = b->host;
    h->asserted[pin] += up ? 1 : -1u;
    irq_set(&h->pin[pin], h->asserted[pin] != 0);
}

static void show_intx(struct pci_device *p)
{
    bool up = p->intx && !(pci_get(p, PCI_COMMAND, 2) & PCI_COMMAND_NO_INTX) && p->config[PCI_INT_PIN];
    if (up == p->intx_up)
        return;
    p->intx_up = up;
    pci_bus_pin(p->on, (unsigned)p->address >> 3, p->config[PCI_INT_PIN] - 1u, up);
}

void pci_intx(struct pci_device *p, bool up)
{
    p->intx = up;
    p->config[PCI_STATUS] = (uint8_t)((p->config[PCI_STATUS] & ~PCI_STATUS_INTX) | (up ? PCI_STATUS_INTX : 0));
    show_intx(p);
}

/* ----------------------------------------------------------------------------- DMA */

uint32_t pci_requester(const struct pci_device *p) { return pci_bus_number(p->on) << 8 | (uint32_t)p->address; }

/* Is the function a bus master, and are all bridges above it? */
static bool may_master(const struct pci_device *p)
{
    for (; p; p = p->on->bridge)
        if (!pci_master(p))
            return false;
    return true;
}

static enum mem_result dma(struct pci_device *p, gpa_t at, uint8_t *bytes, uint64_t n, bool write)
{
    struct machine *m = p->d.machine;
    enum mem_result result = MEM_OK;
    while (n) {
        uint64_t k = n;
        uint8_t *host = may_master(p) ? physmem_host(m->memory, &m->reader, at, &k, write) : NULL;
        struct mem_range g;
        if (!host) {
            physmem_find(m->memory, &m->reader, at, &g);
            k = g.last - at < n - 1 ? g.last - at + 1 : n;
            result = MEM_NOTHING;
            if (!write)
                memset(bytes, 0xff, k);
        } else if (write) {
            physmem_write(m->memory, &m->reader, at, bytes, k, (struct mem_attr){ .requester = pci_requester(p) });
        } else {
            memcpy(bytes, host, k);
        }
        at += k;
        bytes += k;
        n -= k;
    }
    return result;
}

enum mem_result pci_dma_read(struct pci_device *p, gpa_t at, void *to, uint64_t n) { return dma(p, at, to, n, false); }
enum mem_result pci_dma_write(struct pci_device *p, gpa_t at, const void *from, uint64_t n)
{
    return dma(p, at, (uint8_t *)from, n, true); /* it is only read */
}

/* Writes a message to where software wants it. One that makes a device send another is the end of it. */
void pci_send(struct pci_device *p, gpa_t at, uint32_t data)
{
    struct pci_host *h = p->on->host;
    struct machine *m = p->d.machine;
    if (!may_master(p) || h->in_message || (at & 3))
        return;
    h->in_message = true;
    physmem_store(m->memory, &m->reader, at, 4, data, (struct mem_attr){ .requester = pci_requester(p) });
    h->in_message = false;
}
