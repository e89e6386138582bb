/*
 * PCI bridges: PCI Express root ports and the conventional bridge (PCI-to-PCI Bridge 1.2; PCI Express Base 2.0, 7.8).
 * Nothing is plugged or taken out while the machine runs, so slots say that they are filled for good.
 */
#include "pci.h"

enum { EXPRESS_SIZE = 60, EXPRESS_FLAGS = 2, EXPRESS_DEVICE_CAP = 4, EXPRESS_DEVICE_CONTROL = 8, EXPRESS_LINK_CAP = 12, EXPRESS_LINK_CONTROL = 16,
       EXPRESS_LINK_STATUS = 18, EXPRESS_ROOT_CONTROL = 28, EXPRESS_DEVICE_CONTROL2 = 40, ROOT_PORT = 4 };

struct bridge {
    struct pci_device p;
    struct pci_bus bus;
    uint32_t chassis, slot, port; /* taken as given: names of places, of no effect */
};

static void reset_below(struct pci_bus *b)
{
    for (unsigned k = 0; k < 256; k++)
        if (b->at[k] && b->at[k]->d.realized && b->at[k]->d.type->reset)
            b->at[k]->d.type->reset(&b->at[k]->d);
}

static void wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    if (offset <= PCI_BRIDGE_CONTROL && offset + size > PCI_BRIDGE_CONTROL && (p->config[PCI_BRIDGE_CONTROL] & 1 << 6))
        reset_below(p->secondary); /* Secondary Bus Reset */
}

static bool make(struct device *d, const struct pci_ids *ids, unsigned slots, char *err, size_t errlen)
{
    struct bridge *b = (struct bridge *)d;
    struct pci_device *p = &b->p;
    if (!pci_realize(p, ids, err, errlen))
        return false;
    p->config[PCI_HEADER] |= 1;
    pci_allow(p, 0x18, 4, 0xffffffff); /* primary, secondary, subordinate */
    pci_put(p, PCI_IO_BASE, 2, 0x0101);
    pci_allow(p, PCI_IO_BASE, 2, 0xf0f0);
    pci_allow(p, PCI_MEM_BASE, 4, 0xfff0fff0);
    pci_put(p, PCI_PREF_BASE, 4, 0x00010001);
    pci_allow(p, PCI_PREF_BASE, 4, 0xfff0fff0);
    pci_allow(p, PCI_PREF_BASE_HIGH, 4, ~0u);
    pci_allow(p, PCI_PREF_LIMIT_HIGH, 4, ~0u);
    pci_allow(p, PCI_IO_BASE_HIGH, 4, ~0u);
    pci_allow(p, PCI_BRIDGE_CONTROL, 2, 0x0047);
    p->write1[0x1f] = 0xf9; /* secondary status */
    p->wrote = wrote;
    p->secondary = &b->bus;
    char name[32];
    snprintf(name, sizeof name, "%s", d->id ? d->id : "");
    if (!d->id)
        snprintf(name, sizeof name, "pci.%u.%u", (unsigned)p->address >> 3, (unsigned)p->address & 7);
    pci_bus_init(&b->bus, p->on->host, p, d, name, slots);
    return true;
}

static bool port_realize(struct device *d, char *err, size_t errlen)
{
    static const struct pci_ids ids = { 0x1b36, 0x000c, 0, 0x060400, 0, 0 };
    struct bridge *b = (struct bridge *)d;
    struct pci_device *p = &b->p;
    if (!make(d, &ids, 1, err, errlen))
        return false;
    unsigned at = pci_capability(p, PCI_CAP_EXPRESS, EXPRESS_SIZE);
    pci_put(p, at + EXPRESS_FLAGS, 2, 2 | ROOT_PORT << 4);
    pci_put(p, at + EXPRESS_DEVICE_CAP, 4, 1 << 15); /* role-based errors */
    pci_allow(p, at + EXPRESS_DEVICE_CONTROL, 2, 0x70ff & ~0x700u);
    pci_put(p, at + EXPRESS_LINK_CAP, 4, 1 | 1 << 4 | (b->port & 0xff) << 24);
    pci_allow(p, at + EXPRESS_LINK_CONTROL, 2, 0x40);
    pci_put(p, at + EXPRESS_LINK_STATUS, 2, 1 | 1 << 4);
    pci_allow(p, at + EXPRESS_ROOT_CONTROL, 2, 0xf);
    pci_allow(p, at + EXPRESS_DEVICE_CONTROL2, 2, 0x2f);
    p->config[PCI_INT_PIN] = 1;
    pci_msi(p, 1);
    return true;
}

static bool bridge_realize(struct device *d, char *err, size_t errlen)
{
    static const struct pci_ids ids = { 0x1b36, 0x0001, 0, 0x060400, 0, 0 };
    return make(d, &ids, 32, err, errlen);
}

static void reset(struct device *d)
{
    pci_reset((struct pci_device *)d);
}
static void loaded(struct device *d)
{
    pci_loaded((struct pci_device *)d);
    pci_bus_remap(((struct pci_device *)d)->secondary);
}
static void unrealize(struct device *d) { pci_unrealize((struct pci_device *)d); }

static const struct property port_properties[] = {
    PROPERTY(struct bridge, chassis, PROP_U32, "chassis", "0", "its place, for people"),
    PROPERTY(struct bridge, slot, PROP_U32, "slot", "0", "likewise"),
    PROPERTY(struct bridge, port, PROP_U32, "port", "0", "number of the port"),
    { NULL }
};
static const struct property bridge_properties[] = {
    PROPERTY(struct bridge, chassis, PROP_U32, "chassis_nr", "0", "its place, for people"),
    { NULL }
};
static const struct field fields[] = { PCI_FIELDS, { NULL } };

const struct device_type pcie_root_port_type = {
    .name = "pcie-root-port", .bus = "PCI", .category = "Bridge", .help = "PCI Express root port", .size = sizeof(struct bridge),
    .properties = port_properties, .base_properties = pci_properties, .fields = fields, .realize = port_realize, .unrealize = unrealize,
    .reset = reset, .loaded = loaded,
};
const struct device_type pci_bridge_type = {
    .name = "pci-bridge", .bus = "PCI", .category = "Bridge", .help = "conventional PCI bridge", .size = sizeof(struct bridge),
    .properties = bridge_properties, .base_properties = pci_properties, .fields = fields, .realize = bridge_realize,
    .unrealize = unrealize, .reset = reset, .loaded = loaded,
};
