/*
 * query-pci: buses, functions, their windows and BARs.
 */
#include "monitor/qmp.h"
#include "pci/pci.h"
#include "qmp_rows.h"

static json_t *regions(const struct pci_device *p)
{
    json_t *all = json_array();
    for (unsigned n = 0; n < PCI_BARS; n++) {
        const struct pci_bar *b = &p->bar[n];
        if (!b->r)
            continue;
        bool io = b->kind & PCI_BAR_IO;
        json_t *one = json_pack("{s:i,s:I,s:I,s:s}", "bar", (int)n, "size", (json_int_t)b->size, "address",
                                b->mapping ? (json_int_t)(io ? b->at - p->on->host->io : b->at) : (json_int_t)-1, "type", io ? "io" : "memory");
        if (!io) {
            json_object_set_new(one, "prefetch", json_boolean(b->kind & PCI_BAR_PREFETCH));
            json_object_set_new(one, "mem_type_64", json_boolean(b->kind & PCI_BAR_MEM64));
        }
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *range(json_int_t base, json_int_t limit) { return json_pack("{s:I,s:I}", "base", base, "limit", limit); }

static json_t *devices(const struct pci_bus *b);

static json_t *bridge(const struct pci_device *p)
{
    json_int_t pref = (json_int_t)(pci_get(p, PCI_PREF_BASE, 2) & 0xfff0) << 16 | (json_int_t)pci_get(p, PCI_PREF_BASE_HIGH, 4) << 32;
    json_int_t top = (json_int_t)(pci_get(p, PCI_PREF_LIMIT, 2) & 0xfff0) << 16 | 0xfffff | (json_int_t)pci_get(p, PCI_PREF_LIMIT_HIGH, 4) << 32;
    json_t *bus = json_pack("{s:i,s:i,s:i,s:o,s:o,s:o}", "number", (int)pci_bus_number(p->on), "secondary", p->config[PCI_SECONDARY], "subordinate",
                            p->config[PCI_SUBORDINATE], "io_range",
                            range((p->config[PCI_IO_BASE] & 0xf0) << 8 | pci_get(p, PCI_IO_BASE_HIGH, 2) << 16,
                                  (p->config[PCI_IO_LIMIT] & 0xf0) << 8 | 0xfff | pci_get(p, PCI_IO_LIMIT_HIGH, 2) << 16),
                            "memory_range", range((json_int_t)(pci_get(p, PCI_MEM_BASE, 2) & 0xfff0) << 16,
                                                  (json_int_t)(pci_get(p, PCI_MEM_LIMIT, 2) & 0xfff0) << 16 | 0xfffff),
                            "prefetchable_range", range(pref, top));
    return json_pack("{s:o,s:o}", "bus", bus, "devices", devices(p->secondary));
}

static json_t *function(const struct pci_device *p)
{
    json_t *id = json_pack("{s:i,s:i}", "device", (int)pci_get(p, PCI_DEVICE, 2), "vendor", (int)pci_get(p, PCI_VENDOR, 2));
    if (!p->secondary) {
        json_object_set_new(id, "subsystem", json_integer(pci_get(p, PCI_SUBSYSTEM, 2)));
        json_object_set_new(id, "subsystem-vendor", json_integer(pci_get(p, PCI_SUBSYSTEM_VENDOR, 2)));
    }
    json_t *one = json_pack("{s:i,s:i,s:i,s:o,s:{s:i,s:s},s:i,s:s,s:o}", "bus", (int)pci_bus_number(p->on), "slot", p->address >> 3, "function",
                            p->address & 7, "id", id, "class_info", "class", (int)pci_get(p, PCI_CLASS + 1, 2), "desc", p->d.type->name, "irq_pin",
                            p->config[PCI_INT_PIN], "qdev_id", p->d.id ? p->d.id : "", "regions", regions(p));
    if (p->config[PCI_INT_PIN])
        json_object_set_new(one, "irq", json_integer(p->config[PCI_INT_LINE]));
    if (p->secondary)
        json_object_set_new(one, "pci_bridge", bridge(p));
    return one;
}

static json_t *devices(const struct pci_bus *b)
{
    json_t *all = json_array();
    for (unsigned k = 0; k < 256; k++)
        if (b->at[k] && b->at[k]->d.realized)
            json_array_append_new(all, function(b->at[k]));
    return all;
}

static json_t *query_pci(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct device *d = NULL; (d = device_next(c->machine, d));)
        if (d->type == &pci_host_type)
            json_array_append_new(all, json_pack("{s:i,s:o}", "bus", 0, "devices", devices(&((struct pci_host *)d)->bus)));
    return all;
}

static const struct qmp_type types[] = {
    { "PciInfo", QMP_STRUCT, "bus: int, devices: [PciDeviceInfo]" },
    { "PciDeviceInfo", QMP_STRUCT, "bus: int, slot: int, function: int, class_info: PciDeviceClass, id: PciDeviceId, *irq: int, irq_pin: int, "
                                   "qdev_id: str, *pci_bridge: PciBridgeInfo, regions: [PciMemoryRegion]" },
    { "PciDeviceClass", QMP_STRUCT, "*desc: str, class: int" },
    { "PciDeviceId", QMP_STRUCT, "device: int, vendor: int, *subsystem: int, *subsystem-vendor: int" },
    { "PciBridgeInfo", QMP_STRUCT, "bus: PciBusInfo, *devices: [PciDeviceInfo]" },
    { "PciBusInfo", QMP_STRUCT, "number: int, secondary: int, subordinate: int, io_range: PciMemoryRange, memory_range: PciMemoryRange, "
                                "prefetchable_range: PciMemoryRange" },
    { "PciMemoryRange", QMP_STRUCT, "base: int, limit: int" },
    { "PciMemoryRegion", QMP_STRUCT, "bar: int, type: str, address: int, size: int, *prefetch: bool, *mem_type_64: bool" },
    { NULL }
};
static const struct qmp_command commands[] = { { "query-pci", "", "[PciInfo]", query_pci }, { NULL } };

void qmp_add_pci(void) { qmp_add(commands, types, NULL, NULL); }
