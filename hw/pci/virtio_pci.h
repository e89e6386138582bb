/*
 * Virtio over PCI (virtio 1.2, 4.1), modern devices only: a transport of ../virtio/virtio.h. A device's row for it is
 *
 *     const struct device_type virtio_rng_pci_type = VIRTIO_PCI("virtio-rng", struct rng, "Misc", "...", &class, properties, fields);
 */
#ifndef MYNA_VIRTIO_PCI_H
#define MYNA_VIRTIO_PCI_H

#include "pci.h"
#include "virtio/virtio.h"

struct virtio_pci {
    struct pci_device p;
    int32_t nvectors;        /* vectors=; -1: one a queue, and one for the configuration */
    uint32_t legacy;         /* disable-legacy= */
    bool no_modern, platform;
    uint32_t device_select, driver_select;
    uint16_t queue, config_vector, vector[VIRTIO_QUEUES];
    uint8_t isr;
    uint16_t window;         /* capability of access by configuration space */
};

extern const struct property virtio_pci_properties[];
extern const struct field virtio_pci_fields[];

bool virtio_pci_realize(struct device *d, char *err, size_t errlen);
void virtio_pci_unrealize(struct device *d);
void virtio_pci_reset(struct device *d);
const char *virtio_pci_valid(struct device *d);
void virtio_pci_loaded(struct device *d);

/* The initializer of the device_type of NAME on PCI. properties_ and fields_ are those for virtio-mmio. */
#define VIRTIO_PCI(name_, S, category_, help_, class_, properties_, fields_) { \
    .name = name_ "-pci", .alias = name_, .bus = "PCI", .category = category_, .help = help_, .size = sizeof(S), \
    .properties = properties_, .base_properties = virtio_pci_properties, .fields = fields_, .base_fields = virtio_pci_fields, .class = class_, \
    .realize = virtio_pci_realize, .unrealize = virtio_pci_unrealize, .reset = virtio_pci_reset, .settle = virtio_settle, .valid = virtio_pci_valid, \
    .loaded = virtio_pci_loaded, .unmigratable = virtio_unmigratable }

#endif
