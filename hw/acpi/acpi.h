/*
 * ACPI tables for a guest's firmware (ACPI 6.4; Arm's BBR and the tables it names): what a board says of itself, and the
 * files of fw_cfg that firmware makes the tables of: etc/acpi/tables, etc/acpi/rsdp, etc/table-loader.
 */
#ifndef MYNA_ACPI_H
#define MYNA_ACPI_H

#include "aml.h"
#include "device.h"

struct acpi_block { gpa_t at; uint64_t size; uint32_t irq; }; /* size 0: there is none; irq: the number that the GIC has */

/* An Arm board. */
struct acpi_board {
    struct machine *machine;     /* processors, topology */
    unsigned gic;                /* 2 or 3 */
    struct acpi_block distributor, cpu_interface, v2m, its, redist[2];
    uint32_t v2m_count;          /* v2m.irq: the first of them */
    uint32_t maintenance;        /* interrupt of the virtual CPU interface; 0: there is none */
    bool psci, psci_smc;
    struct acpi_block uart, ged, fw_cfg, flash[2], virtio; /* virtio: the first slot */
    unsigned virtio_slots;
    /* PCI: configuration space, and its windows; pci.irq: the first of four pins */
    struct acpi_block pci, pci_io, pci_low, pci_high;
};

/* False: no memory, or no room. */
bool acpi_offer(struct device *fw_cfg, const struct acpi_board *b);

/* dsdt.c: the definition block, without its header. */
void acpi_dsdt(struct aml *a, const struct acpi_board *b);

/* ged.c: the power button by a Generic Event Device (5.6.9). */
void acpi_ged_press_power(struct device *ged);

#endif
