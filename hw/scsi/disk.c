/*
 * Disks (scsi-hd) and CD-ROM drives (scsi-cd): one logical unit on a block backend. The table of commands is here, and what
 * concerns the unit itself: readiness, starting and stopping, the tray (SPC-4 6, SBC-3 5, MMC-6 6).
 *
 * There is a medium for the initiator if the backend has one and the tray is closed. Who changes it from outside does so
 * through block.h (struct block_tray); both ways end in the same events.
 */
#include <stdlib.h>
#include <string.h>

#include "disk.h"

/* ------------------------------------------------------------------------ the tray */

/* by_initiator: it knows; only of another medium it has to be told. */
static void move(struct scsi_disk *d, bool open, bool by_initiator)
{
    if (d->tray_open == open)
        return;
    d->tray_open = open;
    if (d->drive->node)
        d->media_event = open ? EVENT_REMOVED : EVENT_NEW;
    if (open)
        scsi_no_attention(&d->s, SENSE_NEW_MEDIUM);
    else if (d->drive->node && (!by_initiator || d->swapped))
        scsi_attention(&d->s, SENSE_NEW_MEDIUM);
    d->swapped &= open;
    block_tray_moved(d->drive, &d->s.d, open);
    if (d->s.d.bus)
        scsi_bus_of(&d->s)->host->medium(scsi_bus_of(&d->s), &d->s);
}

static bool tray_is_open(void *device) { return ((struct scsi_disk *)device)->tray_open; }
static bool tray_is_locked(void *device) { return ((struct scsi_disk *)device)->locked; }
static void tray_move(void *device, bool open) { move(device, open, false); }

static void tray_ask(void *device)
{
    struct scsi_disk *d = device;
    d->media_event = EVENT_EJECT;
    scsi_bus_of(&d->s)->host->medium(scsi_bus_of(&d->s), &d->s);
}

enum { WRITE_CACHE_AUTO, WRITE_CACHE_ON, WRITE_CACHE_OFF };

static bool has_cache(const struct scsi_disk *d)
{
    return d->write_cache == WRITE_CACHE_AUTO ? !(d->drive->node && d->drive->node->writethrough) : d->write_cache == WRITE_CACHE_ON;
}

static void medium_changed(void *device)
{
    struct scsi_disk *d = device;
    d->swapped = true;
    if (!scsi_is_cd(d))
        d->wce = has_cache(d);
}

static const struct block_tray tray = { tray_is_open, tray_is_locked, tray_move, tray_ask, medium_changed };

/* ------------------------------------------------------------------------ commands */

static void test_unit_ready(struct scsi_disk *d, struct scsi_request *r) { scsi_end(r, SCSI_GOOD); }

static void request_sense(struct scsi_disk *d, struct scsi_request *r)
{
    scsi_reply_sense(r, scsi_has_medium(d) ? SENSE_NONE : scsi_absence(d));
}

static void start_stop(struct scsi_disk *d, struct scsi_request *r)
{
    enum { START = 1, LOEJ = 2 };
    unsigned what = r->cdb[4];
    if (!(what >> 4) && (what & LOEJ)) { /* without a power condition: the tray */
        if (!d->removable) {
            scsi_fail(r, SENSE_BAD_CDB);
            return;
        }
        if (!(what & START) && d->locked && !d->tray_open) {
            scsi_fail(r, SENSE_LOCKED);
            return;
        }
        move(d, !(what & START), true);
    }
    scsi_end(r, SCSI_GOOD);
}

static void prevent_allow(struct scsi_disk *d, struct scsi_request *r)
{
    d->locked = d->removable && (r->cdb[4] & 1);
    scsi_end(r, SCSI_GOOD);
}

static void nothing(struct scsi_disk *d, struct scsi_request *r) { scsi_end(r, SCSI_GOOD); }

enum { HD = 1, CD = 2, BOTH = 3 };
static const struct command { uint8_t code, on; bool medium /* wants one */; scsi_command *run; } commands[] = {
    { 0x00, BOTH, true, test_unit_ready },
    { 0x03, BOTH, false, request_sense },
    { 0x08, BOTH, true, scsi_read },               /* READ (6) */
    { 0x0a, HD, true, scsi_write },                /* WRITE (6) */
    { 0x12, BOTH, false, scsi_inquiry },
    { 0x15, BOTH, false, scsi_mode_select },       /* MODE SELECT (6) */
    { 0x1a, BOTH, false, scsi_mode_sense },        /* MODE SENSE (6) */
    { 0x1b, BOTH, false, start_stop },
    { 0x1e, BOTH, false, prevent_allow },
    { 0x25, BOTH, true, scsi_read_capacity },
    { 0x28, BOTH, true, scsi_read },               /* READ (10) */
    { 0x2a, HD, true, scsi_write },                /* WRITE (10) */
    { 0x2b, BOTH, true, nothing },                 /* SEEK (10) */
    { 0x2e, HD, true, scsi_write },                /* WRITE AND VERIFY (10) */
    { 0x2f, BOTH, true, scsi_verify },             /* VERIFY (10) */
    { 0x35, BOTH, true, scsi_flush },              /* SYNCHRONIZE CACHE (10) */
    { 0x41, HD, true, scsi_write_same },           /* WRITE SAME (10) */
    { 0x42, HD, true, scsi_unmap },
    { 0x43, CD, true, scsi_read_toc },
    { 0x46, CD, false, scsi_get_configuration },
    { 0x4a, CD, false, scsi_get_event },
    { 0x51, CD, true, scsi_disc_information },
    { 0x55, BOTH, false, scsi_mode_select },       /* MODE SELECT (10) */
    { 0x5a, BOTH, false, scsi_mode_sense },        /* MODE SENSE (10) */
    { 0x88, HD, true, scsi_read },                 /* READ (16) */
    { 0x8a, HD, true, scsi_write },                /* WRITE (16) */
    { 0x8e, HD, true, scsi_write },                /* WRITE AND VERIFY (16) */
    { 0x8f, HD, true, scsi_verify },               /* VERIFY (16) */
    { 0x91, HD, true, scsi_flush },                /* SYNCHRONIZE CACHE (16) */
    { 0x93, HD, true, scsi_write_same },           /* WRITE SAME (16) */
    { 0x9e, HD, true, scsi_service_in },
    { 0xa8, BOTH, true, scsi_read },               /* READ (12) */
    { 0xaa, HD, true, scsi_write },                /* WRITE (12) */
    { 0xae, HD, true, scsi_write },                /* WRITE AND VERIFY (12) */
    { 0xaf, HD, true, scsi_verify },               /* VERIFY (12) */
    { 0xbb, CD, false, nothing },                  /* SET CD SPEED */
    { 0xbd, CD, false, scsi_mechanism_status },
};

static void start(struct scsi_device *u, struct scsi_request *r)
{
    struct scsi_disk *d = (struct scsi_disk *)u;
    unsigned kind = scsi_is_cd(d) ? CD : HD;
    const struct command *c = NULL;
    for (unsigned k = 0; k < sizeof commands / sizeof *commands && !c; k++)
        if (commands[k].code == r->cdb[0] && (commands[k].on & kind))
            c = &commands[k];
    if (!c)
        scsi_fail(r, SENSE_NO_COMMAND);
    else if (c->medium && !scsi_has_medium(d))
        scsi_fail(r, scsi_absence(d));
    else if (c->medium && !scsi_blocks(d))
        scsi_fail(r, SENSE(2, 4, 0)); /* not ready, no reason */
    else
        c->run(d, r);
}

static void drain(struct scsi_device *u)
{
    u->ending = true;
    block_drain(((struct scsi_disk *)u)->drive);
    u->ending = false;
}

static void unit_reset(struct scsi_device *u) { ((struct scsi_disk *)u)->locked = false; }

/* -------------------------------------------------------------------------- making */

static void batch_done(void *device)
{
    struct scsi_bus *b = scsi_bus_of(device);
    if (b)
        b->host->batch_done(b);
}

static void resized(void *device)
{
    struct scsi_disk *d = device;
    scsi_attention(&d->s, SENSE_CAPACITY_CHANGED);
    scsi_bus_of(&d->s)->host->changed(scsi_bus_of(&d->s), &d->s, SENSE_CAPACITY_CHANGED);
}

static bool is_block_size(uint32_t n) { return n >= SECTOR && n <= 32768 && !(n & (n - 1)); }

static char *copy_of(const char *text, size_t n) { return text && *text ? strndup(text, n) : NULL; }

static bool check(struct scsi_disk *d, char *err, size_t errlen)
{
    const char *name = d->s.d.type->name;
    if (!d->drive && !scsi_is_cd(d)) {
        snprintf(err, errlen, "%s: drive= is missing: the id of a -drive", name);
        return false;
    }
    if (!d->drive) {
        d->drive = block_new_empty(d->s.d.id ? d->s.d.id : name);
        d->own_drive = true;
    }
    d->logical = d->logical ? d->logical : scsi_is_cd(d) ? CD_BLOCK : SECTOR;
    d->physical = d->physical ? d->physical : d->logical;
    if (!d->discard_granularity || d->discard_granularity == ~0u)
        d->discard_granularity = d->logical > 4096 ? d->logical : 4096;
    if (!d->drive)
        snprintf(err, errlen, "%s: no memory", name);
    else if (!is_block_size(d->logical) || !is_block_size(d->physical) || d->physical < d->logical)
        snprintf(err, errlen, "%s: block sizes are powers of two from 512 to 32768, the physical not below the logical", name);
    else if (d->min_io % d->logical || d->opt_io % d->logical || d->discard_granularity % d->logical || d->min_io / d->logical > 0xffff)
        snprintf(err, errlen, "%s: sizes of I/O should be multiples of logical_block_size", name);
    else
        return true;
    return false;
}

static bool realize(struct device *device, char *err, size_t errlen)
{
    struct scsi_disk *d = (struct scsi_disk *)device;
    struct block_front f = { .batch_done = batch_done, .device = d, .resized = resized };
    d->removable |= scsi_is_cd(d);
    f.tray = d->removable ? &tray : NULL;
    if (!check(d, err, errlen) || !block_attach(d->drive, device->machine, &f, err, errlen))
        return false;
    d->drive->readonly |= scsi_is_cd(d);
    if (!d->device_id) /* what udev's by-id links are made of */
        d->device_id = d->serial ? copy_of(d->serial, 20) : d->own_drive ? NULL : copy_of(backend_id(PROP_DRIVE, d->drive), 64);
    if (!d->vendor)
        d->vendor = strdup("QEMU");
    if (!d->product)
        d->product = strdup(scsi_is_cd(d) ? "QEMU CD-ROM" : "QEMU HARDDISK");
    if (!d->version)
        d->version = strdup("2.5+");
    d->wce = has_cache(d);
    scsi_attention(&d->s, SENSE_RESET);
    return true;
}

static void unrealize(struct device *device)
{
    struct scsi_disk *d = (struct scsi_disk *)device;
    block_detach(d->drive);
    d->drive = NULL;
}

static void reset(struct device *device)
{
    struct scsi_disk *d = (struct scsi_disk *)device;
    block_drain(d->drive);
    move(d, false, true);
    d->media_event = EVENT_NONE;
    scsi_reset(&d->s, SENSE_RESET);
}

#define P(member, kind, name, value, help) PROPERTY(struct scsi_disk, member, kind, name, value, help)
#define COMMON_PROPERTIES \
    SCSI_PROPERTIES, \
    P(drive, PROP_DRIVE, "drive", NULL, "its backend"), \
    BOOT_PROPERTY, \
    P(serial, PROP_STRING, "serial", NULL, "up to 36 characters"), \
    P(vendor, PROP_STRING, "vendor", NULL, "up to 8 characters (QEMU)"), \
    P(product, PROP_STRING, "product", NULL, "up to 16 characters (QEMU HARDDISK, QEMU CD-ROM)"), \
    P(version, PROP_STRING, "ver", NULL, "up to 4 characters (2.5+)"), \
    P(device_id, PROP_STRING, "device_id", NULL, "its designator (the serial number, or the drive's id)"), \
    P(wwn, PROP_U64, "wwn", NULL, "world-wide name of the unit"), \
    P(port_wwn, PROP_U64, "port_wwn", NULL, "world-wide name of its port"), \
    P(port_index, PROP_U16, "port_index", NULL, "its port's number"), \
    P(logical, PROP_U32, "logical_block_size", NULL, "the smallest piece that is read or written (512; CD-ROM: 2048)"), \
    P(physical, PROP_U32, "physical_block_size", NULL, "what it likes best (the logical)"), \
    P(min_io, PROP_U32, "min_io_size", NULL, "best smallest request"), \
    P(opt_io, PROP_U32, "opt_io_size", NULL, "best request"), \
    P(max_io_size, PROP_SIZE, "max_io_size", "2147483647", "largest request")
static const struct property disk_properties[] = {
    COMMON_PROPERTIES,
    P(discard_granularity, PROP_U32, "discard_granularity", NULL, "pieces of discards (4096, or the logical block)"),
    P(max_unmap_size, PROP_SIZE, "max_unmap_size", "1G", "of one discard"),
    P(rotation_rate, PROP_U16, "rotation_rate", NULL, "a minute; 1: it has none (not said)"),
    P(removable, PROP_BOOL, "removable", "off", "its medium can be changed"),
    P(dpofua, PROP_BOOL, "dpofua", "off", "it says that it can write through its cache"),
    PROPERTY_ENUM(struct scsi_disk, write_cache, "write-cache", "auto", "auto|on|off", "it says that it has a cache that has to be flushed"),
    { NULL }
};
static const struct property cd_properties[] = { COMMON_PROPERTIES, { NULL } };
static const struct field fields[] = {
    SCSI_FIELDS, FIELD_UP_TO(struct scsi_disk, wce, 1), FIELD_UP_TO(struct scsi_disk, tray_open, 1), FIELD_UP_TO(struct scsi_disk, locked, 1),
    FIELD_UP_TO(struct scsi_disk, swapped, 1), FIELD_UP_TO(struct scsi_disk, media_event, EVENT_REMOVED), { NULL }
};
static const struct scsi_class disk_class = { SCSI_DISK, start, drain, unit_reset }, cd_class = { SCSI_CD, start, drain, unit_reset };

#define TYPE(name_, help_, class_, properties_) { \
    .name = name_, .bus = "SCSI", .category = "Storage", .help = help_, .size = sizeof(struct scsi_disk), .properties = properties_, \
    .fields = fields, .class = class_, .realize = realize, .unrealize = unrealize, .reset = reset }
const struct device_type scsi_hd_type = TYPE("scsi-hd", "SCSI disk", &disk_class, disk_properties);
const struct device_type scsi_cd_type = TYPE("scsi-cd", "SCSI CD-ROM drive", &cd_class, cd_properties);

/* A host's device whose commands are passed on. */
static bool no_passing(struct device *d, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: a host device's own commands are not passed on; scsi-hd takes its blocks (-drive file=/dev/...)", d->type->name);
    return false;
}
static const struct property block_properties[] = { SCSI_PROPERTIES, P(drive, PROP_DRIVE, "drive", NULL, "its backend"), BOOT_PROPERTY, { NULL } };
const struct device_type scsi_block_type = {
    .name = "scsi-block", .bus = "SCSI", .category = "Storage", .help = "not there yet: a SCSI device of the host", .size = sizeof(struct scsi_disk),
    .properties = block_properties, .realize = no_passing, .no_fields = "it is never there",
};
