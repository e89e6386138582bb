/* Disks and CD-ROM drives: between the files of this folder. See disk.c. */
#ifndef MYNA_SCSI_DISK_H
#define MYNA_SCSI_DISK_H

#include "scsi.h"

enum { SECTOR = 512, CD_BLOCK = 2048, UNMAP_DESCRIPTORS = 255 };

struct scsi_disk {
    struct scsi_device s;
    struct block *drive;
    char *serial, *vendor, *product, *version, *device_id;
    uint64_t wwn, port_wwn, max_unmap_size, max_io_size;
    uint32_t logical, physical, min_io, opt_io, discard_granularity;
    uint32_t write_cache;        /* write-cache=: enum on_off_auto */
    uint16_t port_index, rotation_rate;
    bool removable, dpofua;
    bool own_drive;              /* made for it, without a medium */
    uint8_t wce;                 /* writes may stay in the host's cache until a flush */
    uint8_t tray_open, locked;   /* by the initiator: PREVENT ALLOW MEDIUM REMOVAL */
    uint8_t swapped;             /* the medium is not the one that the initiator knows */
    uint8_t media_event;         /* of GET EVENT STATUS NOTIFICATION: enum media_event */
};
enum media_event { EVENT_NONE, EVENT_EJECT, EVENT_NEW, EVENT_REMOVED };

static inline struct scsi_disk *scsi_disk_of(const struct scsi_request *r) { return (struct scsi_disk *)r->unit; }
static inline bool scsi_is_cd(const struct scsi_disk *d) { return scsi_class_of(&d->s)->type == SCSI_CD; }
static inline bool scsi_has_medium(const struct scsi_disk *d) { return d->drive->node && !d->tray_open; }
static inline uint64_t scsi_blocks(const struct scsi_disk *d) { return block_size(d->drive) / d->logical; }
static inline uint64_t scsi_max_unmap(const struct scsi_disk *d) /* blocks */
{
    uint64_t n = d->max_unmap_size / d->logical;
    return n < 0xffffffff ? n : 0xffffffff;
}
static inline struct scsi_sense scsi_absence(const struct scsi_disk *d) { return d->tray_open ? SENSE_TRAY_OPEN : SENSE_NO_MEDIUM; }

/* inquiry.c, mode.c, io.c, mmc.c: each ends the request, now or later. */
typedef void scsi_command(struct scsi_disk *d, struct scsi_request *r);
scsi_command scsi_inquiry, scsi_mode_sense, scsi_mode_select;
scsi_command scsi_read, scsi_write, scsi_verify, scsi_flush, scsi_unmap, scsi_write_same, scsi_read_capacity, scsi_service_in;
scsi_command scsi_read_toc, scsi_get_configuration, scsi_get_event, scsi_disc_information, scsi_mechanism_status;
#endif
