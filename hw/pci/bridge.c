/*
 * PCI bridges: PCI Express root ports and the conventional bridge (PCI-to-PCI Bridge 1.2; PCI Express Base 2.0, 7.8).
 *
 * A root port's slot takes a device and gives it back while the machine runs (6.7 "PCI Express Hot-Plug Support"): a device
 * that comes changes presence and the link; one that shall go presses the attention button, and is gone when software has
 * switched the slot's power and its indicator off. Functions of several come in with function 0, which is the last.
 */
#include "pci.h"

enum { EXPRESS_SIZE = 60, EXPRESS_FLAGS = 2, EXPRESS_DEVICE_CAP = 4, EXPRESS_DEVICE_CONTROL = 8, EXPRESS_LINK_CAP = 12, EXPRESS_LINK_CONTROL = 16,
       EXPRESS_LINK_STATUS = 18, EXPRESS_SLOT_CAP = 20, EXPRESS_SLOT_CONTROL = 24, EXPRESS_SLOT_STATUS = 26, EXPRESS_ROOT_CONTROL = 28, EXPRESS_DEVICE_CONTROL2 = 40, ROOT_PORT = 4 };

enum { /* slot capabilities, status, control */
    SLOT_BUTTON = 1 << 0, SLOT_POWER = 1 << 1, SLOT_ATTENTION_LED = 1 << 3, SLOT_POWER_LED = 1 << 4, SLOT_HOTPLUG = 1 << 6,
    STATUS_BUTTON = 1 << 0, STATUS_PRESENCE_CHANGED = 1 << 3, STATUS_COMPLETED = 1 << 4, STATUS_PRESENT = 1 << 6, STATUS_LINK_CHANGED = 1 << 8,
    CONTROL_INTERRUPT = 1 << 5, CONTROL_LED = 3 << 8, CONTROL_LED_ON = 1 << 8, CONTROL_LED_BLINKS = 2 << 8, CONTROL_LED_OFF = 3 << 8,
    CONTROL_POWER_OFF = 1 << 10, CONTROL_MASK = 0x17ff,
    LINK_REPORTS = 1 << 20, LINK_ACTIVE = 1 << 13, FLAGS_SLOT = 1 << 8,
};

struct bridge {
    struct pci_device p;
    struct pci_bus bus;
    uint32_t chassis, slot, port; /* taken as given: names of places, of no effect */
    bool hotplug;
    uint16_t express;   /* a port: its capability */
    bool asks;          /* the slot's interrupt is asked for */
    bool leaving;       /* the slot's device goes soon */
    uint16_t control;   /* the slot's, before software wrote it */
};

static void reset_below(struct pci_bus *b)
{
    for (unsigned k = 0; k < 256; k++)
        if (b->at[k] && b->at[k]->d.realized && b->at[k]->d.type->reset)
            b->at[k]->d.type->reset(&b->at[k]->d);
}

/* ---------------------------------------------------------------------------- slots */

static uint32_t slot_get(struct bridge *b, unsigned reg) { return pci_get(&b->p, b->express + reg, 2); }
static void slot_put(struct bridge *b, unsigned reg, uint32_t v) { pci_put(&b->p, b->express + reg, 2, v); }

/* The bits of status that control lets through have the same places but the last. */
static void slot_interrupt(struct bridge *b)
{
    uint32_t status = slot_get(b, EXPRESS_SLOT_STATUS), control = slot_get(b, EXPRESS_SLOT_CONTROL);
    uint32_t events = (status & control & 0x1f) | (status & STATUS_LINK_CHANGED && control & 1 << 12 ? STATUS_LINK_CHANGED : 0);
    bool asks = events && control & CONTROL_INTERRUPT, before = b->asks;
    b->asks = asks;
    if (!pci_messages_on(&b->p))
        pci_intx(&b->p, asks);
    else if (asks && !before)
        pci_message(&b->p, 0);
}

static void slot_event(struct bridge *b, uint32_t events)
{
    slot_put(b, EXPRESS_SLOT_STATUS, slot_get(b, EXPRESS_SLOT_STATUS) | events);
    slot_interrupt(b);
}

/* Presence and link as they are; no event. */
static void slot_present(struct bridge *b, bool present)
{
    uint32_t status = slot_get(b, EXPRESS_SLOT_STATUS), link = slot_get(b, EXPRESS_LINK_STATUS);
    slot_put(b, EXPRESS_SLOT_STATUS, present ? status | STATUS_PRESENT : status & ~(uint32_t)STATUS_PRESENT);
    slot_put(b, EXPRESS_LINK_STATUS, present ? link | LINK_ACTIVE : link & ~(uint32_t)LINK_ACTIVE);
}

static struct bridge *bridge_of(struct pci_bus *b) { return (struct bridge *)b->bridge; }

static void slot_plugged(struct pci_bus *bus, struct pci_device *p)
{
    struct bridge *b = bridge_of(bus);
    if (p->address & 7)
        return;
    slot_present(b, true);
    slot_event(b, STATUS_PRESENCE_CHANGED | STATUS_LINK_CHANGED);
}

/* Later, in the loop: a device waits for its requests. */
static void slot_empty(void *arg)
{
    struct bridge *b = arg;
    b->leaving = false;
    for (unsigned k = 8; k--;)
        if (b->bus.at[k])
            device_unplugged(&b->bus.at[k]->d);
    slot_present(b, false);
    slot_event(b, STATUS_PRESENCE_CHANGED | STATUS_LINK_CHANGED);
}

static void slot_leave(struct bridge *b)
{
    if (!b->leaving)
        b->leaving = loop_defer(b->p.d.machine->loop, slot_empty, b);
}

static bool slot_off(uint32_t control) { return (control & (CONTROL_POWER_OFF | CONTROL_LED)) == (CONTROL_POWER_OFF | CONTROL_LED_OFF); }

static bool slot_unplug(struct pci_bus *bus, struct pci_device *p, char *err, size_t errlen)
{
    struct bridge *b = bridge_of(bus);
    uint32_t control = slot_get(b, EXPRESS_SLOT_CONTROL);
    if (slot_off(control)) {
        slot_leave(b); /* nobody uses it */
    } else if ((control & CONTROL_LED) == CONTROL_LED_BLINKS) {
        snprintf(err, errlen, "the guest is busy with the slot of '%s': its power indicator blinks", p->d.id ? p->d.id : p->d.type->name);
        return false;
    } else {
        p->d.unplugging = true;
        slot_event(b, STATUS_BUTTON);
    }
    return true;
}

static void slot_wrote(struct bridge *b)
{
    uint32_t control = slot_get(b, EXPRESS_SLOT_CONTROL);
    if (b->bus.at[0] && b->bus.at[0]->d.added && slot_off(control) && !slot_off(b->control))
        slot_leave(b);
    b->control = (uint16_t)control;
    slot_event(b, STATUS_COMPLETED);
}

/* Power is on where there is a device. A device that was asked to go is gone. */
static void slot_reset(struct bridge *b)
{
    if (b->bus.at[0] && b->bus.at[0]->d.unplugging)
        slot_leave(b);
    bool present = b->bus.at[0] && !b->leaving;
    slot_present(b, present);
    slot_put(b, EXPRESS_SLOT_CONTROL, present ? CONTROL_LED_ON | 3 << 6 : CONTROL_LED_OFF | 3 << 6 | CONTROL_POWER_OFF);
    b->control = (uint16_t)slot_get(b, EXPRESS_SLOT_CONTROL);
    b->asks = false;
}

static void slot_make(struct bridge *b)
{
    static const struct pci_slot slot = { slot_plugged, slot_unplug };
    struct pci_device *p = &b->p;
    unsigned at = b->express;
    b->bus.slot = &slot;
    pci_put(p, at + EXPRESS_FLAGS, 2, pci_get(p, at + EXPRESS_FLAGS, 2) | FLAGS_SLOT);
    pci_put(p, at + EXPRESS_LINK_CAP, 4, pci_get(p, at + EXPRESS_LINK_CAP, 4) | LINK_REPORTS);
    pci_put(p, at + EXPRESS_SLOT_CAP, 4, SLOT_BUTTON | SLOT_POWER | SLOT_ATTENTION_LED | SLOT_POWER_LED | SLOT_HOTPLUG | (b->slot & 0x1fff) << 19);
    pci_allow(p, at + EXPRESS_SLOT_CONTROL, 2, CONTROL_MASK);
    p->write1[at + EXPRESS_SLOT_STATUS] = STATUS_BUTTON | 1 << 1 | 1 << 2 | STATUS_PRESENCE_CHANGED | STATUS_COMPLETED;
    p->write1[at + EXPRESS_SLOT_STATUS + 1] = STATUS_LINK_CHANGED >> 8;
}

static bool touches(unsigned offset, unsigned size, unsigned first, unsigned n) { return offset < first + n && first < offset + size; }

/* -------------------------------------------------------------------------- bridges */

static void wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    struct bridge *b = (struct bridge *)p;
    if (b->bus.slot && touches(offset, size, b->express + EXPRESS_SLOT_CONTROL, 2))
        slot_wrote(b);
    else if (b->bus.slot)
        slot_interrupt(b); /* status that was cleared, messages that were switched on */
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
    b->express = (uint16_t)at;
    if (b->hotplug)
        slot_make(b);
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
    struct bridge *b = (struct bridge *)d;
    pci_reset(&b->p);
    if (b->bus.slot)
        slot_reset(b);
}
static const char *valid(struct device *d) { return pci_valid((struct pci_device *)d); }
static const char *unmigratable(struct device *d) { return ((struct bridge *)d)->leaving ? "the device in its slot leaves just now" : NULL; }
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
    PROPERTY(struct bridge, hotplug, PROP_BOOL, "hotplug", "on", "devices come and go while the machine runs"),
    { NULL }
};
static const struct property bridge_properties[] = {
    PROPERTY(struct bridge, chassis, PROP_U32, "chassis_nr", "0", "its place, for people"),
    { NULL }
};
static const struct field fields[] = { PCI_FIELDS, FIELD(struct bridge, asks), FIELD(struct bridge, control), { NULL } };

const struct device_type pcie_root_port_type = {
    .name = "pcie-root-port", .bus = "PCI", .category = "Bridge", .help = "PCI Express root port", .size = sizeof(struct bridge),
    .properties = port_properties, .base_properties = pci_properties, .fields = fields, .realize = port_realize, .unrealize = unrealize,
    .reset = reset, .valid = valid, .loaded = loaded, .unmigratable = unmigratable,
};
const struct device_type pci_bridge_type = {
    .name = "pci-bridge", .bus = "PCI", .category = "Bridge", .help = "conventional PCI bridge", .size = sizeof(struct bridge),
    .properties = bridge_properties, .base_properties = pci_properties, .fields = fields, .realize = bridge_realize,
    .unrealize = unrealize, .reset = reset, .valid = valid, .loaded = loaded, .unmigratable = unmigratable,
};
