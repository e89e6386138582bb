/*
 * The namespace of an Arm board (DSDT): processors, the devices of its map, the PCI host bridge, the power button.
 *
 * What PCI has below the bridge, firmware and guests find by themselves. The real-time clock is not in it: firmware has it.
 */
#include "acpi.h"
#include "pci/pci.h"

enum { PCI_SLOTS = 32, EVENT_POWER = 2, PRESSED = 0x80 };

static void crs(struct aml *a)
{
    aml_named(a, "_CRS");
    aml_resources(a);
}

/* A device of one block of registers, and an interrupt if it has one. */
static void simple(struct aml *a, const char *name, const char *hid, unsigned uid, bool coherent, const struct acpi_block *b, bool edge)
{
    aml_device(a, name);
    aml_named_text(a, "_HID", hid);
    aml_named_int(a, "_UID", uid);
    if (coherent)
        aml_named_int(a, "_CCA", 1);
    crs(a);
    aml_fixed_memory(a, b->at, b->size);
    if (b->irq)
        aml_interrupt(a, b->irq, edge);
    aml_end(a);
    aml_end(a);
}

static void processors(struct aml *a, const struct acpi_board *b)
{
    for (unsigned k = 0; k < b->machine->nvcpus; k++) {
        char name[12];
        snprintf(name, sizeof name, "C%03X", k);
        aml_device(a, name);
        aml_named_text(a, "_HID", "ACPI0007");
        aml_named_int(a, "_UID", k);
        aml_end(a);
    }
}

/* What of PCI Express the guest may control (PCI Firmware 3.3, 4.5.1): hotplug by ports, power events, capabilities. */
static void pci_osc(struct aml *a)
{
    enum { MAY = 0x15, UNKNOWN_UUID = 4, UNKNOWN_REVISION = 8, MASKED = 0x10 };
    aml_method(a, "_OSC", 4, true);
    static const char *const words[] = { "CDW1", "CDW2", "CDW3" };
    for (unsigned k = 0; k < 3; k++) {
        if (k == 1) {
            aml_if(a);
            aml_op(a, AML_LEQUAL);
            aml_op(a, AML_ARG0);
            aml_uuid(a, "33DB4D5B-1FF7-401C-9657-7441C03DD766");
        }
        aml_op(a, AML_DWORD_FIELD);
        aml_op(a, AML_ARG3);
        aml_int(a, 4 * k);
        aml_path(a, words[k]);
    }
    aml_op(a, AML_STORE);
    aml_path(a, "CDW3");
    aml_op(a, AML_LOCAL0);
    aml_op(a, AML_AND);
    aml_path(a, "CDW3");
    aml_int(a, MAY);
    aml_path(a, "CDW3");
    static const struct { enum aml_op left; const char *path; uint64_t value; unsigned bit; } checks[] = {
        { AML_ARG1, NULL, 1, UNKNOWN_REVISION }, { AML_LOCAL0, "CDW3", 0, MASKED }
    };
    for (unsigned k = 0; k < 2; k++) {
        aml_if(a);
        aml_op(a, AML_LNOT);
        aml_op(a, AML_LEQUAL);
        aml_op(a, checks[k].left);
        if (checks[k].path)
            aml_path(a, checks[k].path);
        else
            aml_int(a, checks[k].value);
        aml_op(a, AML_OR);
        aml_path(a, "CDW1");
        aml_int(a, checks[k].bit);
        aml_path(a, "CDW1");
        aml_end(a);
    }
    aml_end(a);
    aml_else(a);
    aml_op(a, AML_OR);
    aml_path(a, "CDW1");
    aml_int(a, UNKNOWN_UUID);
    aml_path(a, "CDW1");
    aml_end(a);
    aml_op(a, AML_RETURN);
    aml_op(a, AML_ARG3);
    aml_end(a);
}

/* 6.2.13: which of the four inputs each pin of each slot has. */
static void pci_routes(struct aml *a, uint32_t first)
{
    aml_named(a, "_PRT");
    aml_package(a, PCI_SLOTS * PCI_PINS);
    for (unsigned slot = 0; slot < PCI_SLOTS; slot++)
        for (unsigned pin = 0; pin < PCI_PINS; pin++) {
            aml_package(a, 4);
            aml_int(a, slot << 16 | 0xffff);
            aml_int(a, pin);
            aml_int(a, 0);
            aml_int(a, first + (slot + pin) % PCI_PINS);
            aml_end(a);
        }
    aml_end(a);
}

static void pci(struct aml *a, const struct acpi_board *b)
{
    aml_device(a, "PCI0");
    aml_named_text(a, "_HID", "PNP0A08");
    aml_named_text(a, "_CID", "PNP0A03");
    aml_named_int(a, "_SEG", 0);
    aml_named_int(a, "_BBN", 0);
    aml_named_int(a, "_UID", 0);
    aml_named_int(a, "_CCA", 1);
    aml_named_int(a, "_CBA", b->pci.at);
    pci_routes(a, b->pci.irq);
    crs(a);
    aml_window(a, 2, AML_BUSES, 0, (b->pci.size >> 20) - 1, 0);
    aml_window(a, 4, AML_MEMORY, b->pci_low.at, b->pci_low.at + b->pci_low.size - 1, 0);
    aml_window(a, 4, AML_IO, 0, b->pci_io.size - 1, b->pci_io.at);
    if (b->pci_high.size)
        aml_window(a, 8, AML_MEMORY, b->pci_high.at, b->pci_high.at + b->pci_high.size - 1, 0);
    aml_end(a);
    pci_osc(a);
    /* configuration space is nobody else's (PCI Firmware 3.3, 4.1.2) */
    aml_device(a, "RES0");
    aml_named_text(a, "_HID", "PNP0C02");
    crs(a);
    aml_window(a, 8, AML_MEMORY, b->pci.at, b->pci.at + b->pci.size - 1, 0);
    aml_end(a);
    aml_end(a);
    aml_end(a);
}

static void power(struct aml *a, const struct acpi_board *b)
{
    aml_device(a, "PWRB");
    aml_named_text(a, "_HID", "PNP0C0C");
    aml_named_int(a, "_UID", 0);
    aml_end(a);
    aml_device(a, "GED");
    aml_named_text(a, "_HID", "ACPI0013");
    aml_named_text(a, "_UID", "GED");
    crs(a);
    aml_interrupt(a, b->ged.irq, true);
    aml_end(a);
    aml_region32(a, "EREG", "ESEL", b->ged.at);
    aml_method(a, "_EVT", 1, true);
    aml_op(a, AML_STORE);
    aml_path(a, "ESEL");
    aml_op(a, AML_LOCAL0);
    aml_if(a);
    aml_op(a, AML_AND);
    aml_op(a, AML_LOCAL0);
    aml_int(a, EVENT_POWER);
    aml_op(a, AML_NONE);
    aml_op(a, AML_NOTIFY);
    aml_path(a, "\\_SB.PWRB");
    aml_int(a, PRESSED);
    aml_end(a);
    aml_end(a);
    aml_end(a);
}

void acpi_dsdt(struct aml *a, const struct acpi_board *b)
{
    aml_scope(a, "\\_SB");
    processors(a, b);
    simple(a, "COM0", "ARMH0011", 0, false, &b->uart, false);
    for (unsigned k = 0; k < 2; k++)
        if (b->flash[k].size) {
            char name[12];
            snprintf(name, sizeof name, "FLS%X", k & 15);
            simple(a, name, "LNRO0015", k, false, &b->flash[k], false);
        }
    simple(a, "FWCF", "QEMU0002", 0, true, &b->fw_cfg, false);
    for (unsigned k = 0; k < b->virtio_slots; k++) {
        struct acpi_block slot = { b->virtio.at + k * b->virtio.size, b->virtio.size, b->virtio.irq + k };
        char name[12];
        snprintf(name, sizeof name, "VR%02u", k % 100);
        simple(a, name, "LNRO0005", k, true, &slot, true);
    }
    pci(a, b);
    if (b->ged.size)
        power(a, b);
    aml_end(a);
}
