/*
 * The order of booting, as firmware reads it from fw_cfg: the file "bootorder" with a path of a device on each line, the way
 * Open Firmware writes them (IEEE 1275; what EDK2's QemuBootOrderLib understands).
 *
 * Devices with bootindex= come first, the lowest number at the front. -boot order= names kinds of devices by letters (c disks, d
 * CD-ROMs, n networks), and those without a number follow in that order; without order= they are not in the list.
 */
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "boards.h"
#include "boot_order.h"
#include "misc/fw_cfg.h"
#include "pci/pci.h"

/* Kinds of devices that can be booted from: how their types' names begin, the node below the controller's. */
static const struct bootable { const char *type, *node; char letter; } bootable[] = {
    { "virtio-blk", "/disk@0,0", 'c' }, { "virtio-net", "/ethernet-phy@0", 'n' }, { "e1000", "/ethernet-phy@0", 'n' },
    { "nvme", "/namespace@", 'c' }, { "scsi-hd", "/channel@0/disk@", 'c' }, { "scsi-cd", "/channel@0/disk@", 'd' },
};

/* Open Firmware's names of PCI functions by class and subclass. */
static const struct { uint16_t class; const char *name; } pci_names[] = {
    { 0x0100, "scsi" }, { 0x0200, "ethernet" }, { 0x0604, "pci-bridge" },
};

static const struct bootable *kind_of(const struct device *d)
{
    for (unsigned k = 0; k < sizeof bootable / sizeof *bootable; k++)
        if (!strncmp(d->type->name, bootable[k].type, strlen(bootable[k].type)))
            return &bootable[k];
    return NULL;
}

static const struct property *property_of(const struct device *d, const char *name)
{
    const struct property *const lists[] = { d->type->properties, d->type->base_properties };
    for (unsigned k = 0; k < 2; k++)
        for (const struct property *p = lists[k]; p && p->name; p++)
            if (!strcmp(p->name, name))
                return p;
    return NULL;
}

static unsigned number_of(const struct device *d, const char *name)
{
    const struct property *p = property_of(d, name);
    char text[64] = "";
    if (p)
        device_get(d, p, text, sizeof text);
    return (unsigned)strtoul(text, NULL, 0);
}

static char letter_of(const struct device *d)
{
    const struct bootable *b = kind_of(d);
    const struct property *p = property_of(d, "drive");
    const struct block *drive = b && p && p->kind == PROP_DRIVE ? *(struct block *const *)((const char *)d + p->offset) : NULL;
    return !b ? 0 : drive && drive->options.cdrom ? 'd' : b->letter;
}

/* -------------------------------------------------------------------------- paths */

static void pci_path(const struct pci_device *p, FILE *f)
{
    const struct pci_device *bridge = p->on->bridge;
    uint16_t class = (uint16_t)(pci_get(p, PCI_CLASS, 3) >> 8);
    unsigned at = (unsigned)p->address, k = 0;
    if (bridge)
        pci_path(bridge, f);
    else
        fprintf(f, "/pci@%016llx", (unsigned long long)p->on->host->ecam);
    while (k < sizeof pci_names / sizeof *pci_names && pci_names[k].class != class)
        k++;
    if (k < sizeof pci_names / sizeof *pci_names)
        fprintf(f, "/%s@%x", pci_names[k].name, at >> 3);
    else
        fprintf(f, "/pci%04x,%04x@%x", pci_get(p, PCI_VENDOR, 2), pci_get(p, PCI_DEVICE, 2), at >> 3);
    if (at & 7)
        fprintf(f, ",%x", at & 7);
}

/* The controller that d is, or is plugged into. False: firmware would not find it. */
static bool controller_path(const struct device *d, FILE *f)
{
    for (; d; d = d->bus->owner) {
        if (!d->bus)
            return false;
        if (d->bus->type == &pci_bus_type) {
            pci_path((const struct pci_device *)d, f);
            return true;
        }
        if (!strcmp(d->bus->type->name, "virtio-bus")) {
            fprintf(f, "/virtio-mmio@%016llx", (unsigned long long)d->bus->owner->at[0]);
            return true;
        }
    }
    return false;
}

static void add_line(const struct device *d, FILE *f)
{
    const struct bootable *b = kind_of(d);
    if (!b || !controller_path(d, f))
        return;
    fputs(b->node, f);
    if (!strcmp(b->node, "/namespace@"))
        fprintf(f, "%x,0", property_of(d, "nsid") ? number_of(d, "nsid") : 1);
    else if (b->node[strlen(b->node) - 1] == '@')
        fprintf(f, "%x,%x", number_of(d, "scsi-id"), number_of(d, "lun"));
    fputc('\n', f);
}

/* --------------------------------------------------------------------------- list */

static int by_index(const void *a, const void *b)
{
    const struct device *x = *(struct device *const *)a, *y = *(struct device *const *)b;
    return (x->bootindex > y->bootindex) - (x->bootindex < y->bootindex);
}

static bool has_index(const struct device *d) { return property_of(d, "bootindex") && d->bootindex >= 0; }

static bool make_list(struct device *fw_cfg, const char *letters, char *err, size_t errlen)
{
    struct machine *m = fw_cfg->machine;
    struct device *indexed[256];
    unsigned n = 0;
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    snprintf(err, errlen, "no memory for the order of booting");
    if (!f)
        return false;
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (has_index(d) && n < sizeof indexed / sizeof *indexed)
            indexed[n++] = d;
    qsort(indexed, n, sizeof *indexed, by_index);
    bool ok = true;
    for (unsigned k = 0; k < n; k++) {
        if (k && indexed[k]->bootindex == indexed[k - 1]->bootindex && ok) {
            snprintf(err, errlen, "%s: bootindex=%d is %s's", indexed[k]->type->name, indexed[k]->bootindex, indexed[k - 1]->type->name);
            ok = false;
        }
        add_line(indexed[k], f);
    }
    for (; letters && *letters; letters++)
        for (struct device *d = NULL; (d = device_next(m, d));)
            if (!has_index(d) && letter_of(d) == *letters)
                add_line(d, f);
    if (m->config->boot_strict)
        fputs("HALT\n", f);
    ok &= !fclose(f);
    if (ok && size) {
        text[size - 1] = 0;
        ok = fw_cfg_add_file(fw_cfg, "bootorder", text, size);
    }
    free(text);
    return ok;
}

bool boot_order_offer(struct device *fw_cfg, char *err, size_t errlen)
{
    const struct board_config *c = fw_cfg->machine->config;
    uint16_t wait = (uint16_t)c->boot_splash_time;
    int32_t timeout = c->boot_reboot_timeout;
    if (!make_list(fw_cfg, c->boot_once ? c->boot_once : c->boot_order, err, errlen))
        return false;
    snprintf(err, errlen, "no memory for the order of booting");
    return fw_cfg_add_int(fw_cfg, FW_BOOT_MENU, c->boot_menu, 2) &&
           (c->boot_splash_time < 0 || fw_cfg_add_file(fw_cfg, "etc/boot-menu-wait", &wait, sizeof wait)) &&
           fw_cfg_add_file(fw_cfg, "etc/boot-fail-wait", &timeout, sizeof timeout);
}

void boot_order_again(struct device *fw_cfg)
{
    const struct board_config *c = fw_cfg->machine->config;
    char err[128];
    if (c->boot_once && !make_list(fw_cfg, c->boot_order, err, sizeof err))
        fprintf(stderr, "myna: %s\n", err);
}
