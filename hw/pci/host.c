/*
 * The generic PCI Express host bridge: configuration space in memory (ECAM; PCI Express Base, 7.2.2), windows for I/O and
 * memory, four interrupt pins. Linux's pci-host-ecam-generic (Documentation/devicetree/bindings/pci/
 * host-generic-pci.yaml).
 *
 * Bus addresses of memory are the machine's; I/O ports are at `io` and up. What no function answers in the windows reads
 * as ones, and so do functions that are not there.
 */
#include <string.h>

#include "pci.h"
#include "tree.h"

enum { ECAM_SIZE = 256 << 20, ECAM_SMALL = 16 << 20, IO_SIZE = 0x10000 };

/* --------------------------------------------------------------------------- ECAM */

static struct pci_device *find_below(struct pci_bus *b, unsigned bus, unsigned function, unsigned depth)
{
    if (pci_bus_number(b) == bus)
        return b->at[function];
    for (unsigned k = 0; k < 256 && depth; k++) {
        struct pci_device *p = b->at[k];
        if (p && p->secondary && p->config[PCI_SECONDARY] && bus >= p->config[PCI_SECONDARY] && bus <= p->config[PCI_SUBORDINATE])
            return find_below(p->secondary, bus, function, depth - 1);
    }
    return NULL;
}

struct pci_device *pci_find(struct pci_host *h, unsigned bus, unsigned function)
{
    struct pci_device *p = find_below(&h->bus, bus, function, 16);
    return p && p->d.realized ? p : NULL;
}

static uint64_t ecam_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct pci_device *p = pci_find(device, offset >> 20 & 255, offset >> 12 & 255);
    return p ? pci_config_read(p, offset & 0xfff, size) : ~0u;
}

static void ecam_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pci_device *p = pci_find(device, offset >> 20 & 255, offset >> 12 & 255);
    if (p)
        pci_config_write(p, offset & 0xfff, size, (uint32_t)value);
}

static uint64_t hole_read(void *device, uint64_t offset, unsigned size, struct mem_attr a) { return ~0ull; }

static const struct mmio_ops ecam_ops = { ecam_read, ecam_write, 1, 4, false };
static const struct mmio_ops hole_ops = { hole_read, NULL, 1, 8, true };

/* ------------------------------------------------------------------------ windows */

static bool inside(const struct pci_window *w, gpa_t at, gpa_t last) { return at >= w->first && last <= w->last && last >= at; }

/* A window of a bridge's: base and limit. */
static bool bridge_passes(const struct pci_device *p, bool io, gpa_t at, gpa_t last)
{
    if (!(p->config[PCI_COMMAND] & (io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY)))
        return false;
    if (io) {
        struct pci_window w = { (p->config[PCI_IO_BASE] & 0xf0u) << 8 | pci_get(p, PCI_IO_BASE_HIGH, 2) << 16,
                                (p->config[PCI_IO_LIMIT] & 0xf0u) << 8 | 0xfff | pci_get(p, PCI_IO_LIMIT_HIGH, 2) << 16 };
        return inside(&w, at, last);
    }
    struct pci_window w = { (pci_get(p, PCI_MEM_BASE, 2) & 0xfff0) << 16, (pci_get(p, PCI_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff };
    struct pci_window pref = {
        (gpa_t)pci_get(p, PCI_PREF_BASE_HIGH, 4) << 32 | (gpa_t)(pci_get(p, PCI_PREF_BASE, 2) & 0xfff0) << 16,
        (gpa_t)pci_get(p, PCI_PREF_LIMIT_HIGH, 4) << 32 | (gpa_t)(pci_get(p, PCI_PREF_LIMIT, 2) & 0xfff0) << 16 | 0xfffff
    };
    return inside(&w, at, last) || inside(&pref, at, last);
}

bool pci_bus_reaches(const struct pci_bus *b, bool io, gpa_t at, uint64_t size)
{
    gpa_t last = at + (size - 1);
    if (b->bridge)
        return bridge_passes(b->bridge, io, at, last) && pci_bus_reaches(b->bridge->on, io, at, size);
    struct pci_window ports = { 0, IO_SIZE - 1 };
    return io ? inside(&ports, at, last) : inside(&b->host->memory[0], at, last) || inside(&b->host->memory[1], at, last);
}

/* --------------------------------------------------------------------------- life */

static void reset(struct device *d)
{
    struct pci_host *h = (struct pci_host *)d;
    h->in_message = false;
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct pci_host *h = (struct pci_host *)d;
    pci_bus_init(&h->bus, h, NULL, d, "pcie.0", 32);
    if (device_region(d, 0, mem_new_mmio("pcie-ecam", h->high ? ECAM_SIZE : ECAM_SMALL, &ecam_ops, h)))
        return true;
    snprintf(err, errlen, "no memory for the PCI host bridge");
    return false;
}

bool pci_host_place(struct device *d, gpa_t ecam, gpa_t io, struct pci_window low, struct pci_window high, const struct irq pin[PCI_PINS],
                    uint32_t first_spi, char *err, size_t errlen)
{
    struct pci_host *h = (struct pci_host *)d;
    struct pci_window holes[3] = { { io, io + IO_SIZE - 1 }, low, high };
    bool ok = device_map(d, 0, ecam);
    h->ecam = ecam;
    h->io = io;
    h->memory[0] = low;
    h->memory[1] = high;
    h->first_spi = first_spi;
    memcpy(h->pin, pin, sizeof h->pin);
    for (unsigned k = 0; ok && k < 3; k++) {
        uint64_t n = holes[k].last - holes[k].first + 1;
        if (holes[k].first > holes[k].last)
            continue;
        h->holes[k] = mem_new_mmio(k ? "pcie-mmio" : "pcie-io", n, &hole_ops, h);
        ok = h->holes[k] && (h->hole_at[k] = physmem_map(d->machine->memory, h->holes[k], holes[k].first, 0, n, -2));
    }
    struct device *root = ok ? device_new(d->machine, "gpex-root", err, errlen) : NULL;
    if (root && device_realize(root, &h->bus.b, err, errlen))
        return true;
    if (!ok)
        snprintf(err, errlen, "no memory for the PCI host bridge");
    return false;
}

static void unrealize(struct device *d)
{
    struct pci_host *h = (struct pci_host *)d;
    for (unsigned k = 0; k < 3; k++) {
        physmem_unmap(d->machine->memory, h->hole_at[k]);
        mem_free(h->holes[k]);
    }
}

static void node(struct device *d, struct tree *t)
{
    const struct pci_host *h = (struct pci_host *)d;
    gpa_t low = h->memory[0].first, high = h->memory[1].first;
    uint64_t nlow = h->memory[0].last - low + 1, nhigh = h->memory[1].last - high + 1, necam = h->high ? ECAM_SIZE : ECAM_SMALL;
    uint32_t ranges[21] = { 0x01000000, 0, 0, (uint32_t)(h->io >> 32), (uint32_t)h->io, 0, IO_SIZE,
                            0x02000000, 0, (uint32_t)low, 0, (uint32_t)low, 0, (uint32_t)nlow,
                            0x03000000, (uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(high >> 32), (uint32_t)high,
                            (uint32_t)(nhigh >> 32), (uint32_t)nhigh };
    uint32_t map[16][10], *m = map[0];
    tree_begin(t, "pcie@%llx", low);
    tree_text(t, "compatible", "pci-host-ecam-generic");
    tree_text(t, "device_type", "pci");
    tree_cells(t, "#address-cells", 3);
    tree_cells(t, "#size-cells", 2);
    tree_cells(t, "linux,pci-domain", 0);
    tree_cells(t, "bus-range", 0, (uint32_t)(necam >> 20) - 1);
    tree_flag(t, "dma-coherent");
    tree_reg(t, h->ecam, necam);
    tree_cells_n(t, "ranges", h->high ? 21 : 14, ranges);
    for (struct device *k = NULL; (k = device_next(d->machine, k));)
        if (!strcmp(k->type->name, "arm-gicv2m") || !strcmp(k->type->name, "arm-gicv3-its")) {
            tree_cells(t, "msi-map", 0, PHANDLE_MSI, 0, 0x10000);
            break;
        }
    tree_cells(t, "#interrupt-cells", 1);
    for (uint32_t slot = 0; slot < 4; slot++)
        for (uint32_t pin = 0; pin < PCI_PINS; pin++, m += 10)
            memcpy(m, (uint32_t[10]){ slot << 11, 0, 0, pin + 1, PHANDLE_GIC, 0, 0, 0, h->first_spi + (pin + slot) % PCI_PINS, 4 }, 40);
    tree_cells_n(t, "interrupt-map", 160, map[0]);
    tree_cells(t, "interrupt-map-mask", 0x1800, 0, 0, 7);
    tree_end(t);
}

static const struct property properties[] = {
    PROPERTY(struct pci_host, high, PROP_BOOL, "highmem", "on", "256 buses, else 16"),
    { NULL }
};

const struct device_type pci_host_type = {
    .name = "gpex-pcihost", .category = "Bridge", .help = "generic PCI Express host bridge", .size = sizeof(struct pci_host),
    .properties = properties, .realize = realize, .unrealize = unrealize, .reset = reset, .node = node,
    .no_fields = "its pins are what the functions' add up to",
};

/* Function 00.0 of the root bus. */
static bool root_realize(struct device *d, char *err, size_t errlen)
{
    static const struct pci_ids ids = { 0x1b36, 0x0008, 0, 0x060000, 0x1af4, 0x1100 };
    return pci_realize((struct pci_device *)d, &ids, err, errlen);
}
static void root_reset(struct device *d) { pci_reset((struct pci_device *)d); }
static const char *root_valid(struct device *d) { return pci_valid((struct pci_device *)d); }
static void root_loaded(struct device *d) { pci_loaded((struct pci_device *)d); }
static const struct field root_fields[] = { PCI_FIELDS, { NULL } };

const struct device_type pci_root_type = {
    .name = "gpex-root", .bus = "PCI", .category = "Bridge", .help = "the host bridge as a function of its bus",
    .size = sizeof(struct pci_device), .base_properties = pci_properties, .fields = root_fields, .realize = root_realize,
    .reset = root_reset, .valid = root_valid, .loaded = root_loaded,
};

/* ----------------------------------------------------------------------- info pci */

static void print_bus(struct pci_bus *b, void (*line)(void *arg, const char *text), void *arg)
{
    char text[160];
    for (unsigned k = 0; k < 256; k++) {
        struct pci_device *p = b->at[k];
        if (!p)
            continue;
        snprintf(text, sizeof text, "  Bus %3u, device %3u, function %u: %s, class %06x, PCI device %04x:%04x, id \"%s\"", pci_bus_number(b),
                 k >> 3, k & 7, p->d.type->name, pci_get(p, PCI_CLASS, 3), pci_get(p, PCI_VENDOR, 2), pci_get(p, PCI_DEVICE, 2),
                 p->d.id ? p->d.id : "");
        line(arg, text);
        for (unsigned n = 0; n < PCI_BARS; n++)
            if (p->bar[n].r) {
                const struct pci_bar *r = &p->bar[n];
                snprintf(text, sizeof text, "      BAR%u: %s of %#llx bytes at %#llx%s", n,
                         r->kind & PCI_BAR_IO ? "I/O" : r->kind & PCI_BAR_MEM64 ? "64 bit memory" : "32 bit memory",
                         (unsigned long long)r->size, (unsigned long long)r->at, r->mapping ? "" : " (off)");
                line(arg, text);
            }
        if (p->secondary)
            print_bus(p->secondary, line, arg);
    }
}

void pci_print(struct machine *m, void (*line)(void *arg, const char *text), void *arg)
{
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type == &pci_host_type)
            print_bus(&((struct pci_host *)d)->bus, line, arg);
}
