/*
 * -drive if=scsi: the units that such drives make (media=cdrom: a CD-ROM drive), at the target that is their index.
 */
#include <string.h>

#include "scsi.h"

bool scsi_for_drives(struct machine *m, char *err, size_t errlen)
{
    char text[160];
    for (struct block *b = NULL; (b = block_next(b));) {
        if (b->options.interface != IF_SCSI || b->attached)
            continue;
        bool pci = device_type_find("virtio-scsi-pci") && bus_by_type(m, "PCI");
        if (!bus_by_type(m, "SCSI") && !device_add(m, pci ? "virtio-scsi-pci" : "virtio-scsi-device", err, errlen))
            return false;
        snprintf(text, sizeof text, "scsi-%s,drive=%s,scsi-id=%d", b->options.cdrom ? "cd" : "hd", b->options.id, b->options.index);
        if (!device_add(m, text, err, errlen))
            return false;
    }
    return true;
}
