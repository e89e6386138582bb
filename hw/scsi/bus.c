/*
 * SCSI buses: where units are, what a target answers for units that it has not (SPC-4 6.4.2, 6.33), unit attentions (SAM-5
 * 5.14), the ends of requests. See scsi.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi.h"

enum { INQUIRY = 0x12, REQUEST_SENSE = 0x03, REPORT_LUNS = 0xa0 };

/* ------------------------------------------------------------------------- places */

struct scsi_device *scsi_unit(const struct scsi_bus *b, unsigned channel, unsigned target, unsigned lun)
{
    for (struct scsi_device *u = NULL; (u = scsi_next(b, u));)
        if (u->channel == channel && u->id == (int32_t)target && u->lun == (int32_t)lun)
            return u;
    return NULL;
}

static struct scsi_device *any_unit(const struct scsi_bus *b, unsigned channel, unsigned target)
{
    for (struct scsi_device *u = NULL; (u = scsi_next(b, u));)
        if (u->channel == channel && u->id == (int32_t)target)
            return u;
    return NULL;
}

static bool plug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    const struct scsi_bus *b = (const struct scsi_bus *)bus;
    struct scsi_device *u = (struct scsi_device *)d;
    int32_t targets = (int32_t)b->host->targets, luns = (int32_t)b->host->luns, unit = u->lun < 0 ? 0 : u->lun;
    if (u->id < 0) {
        for (u->id = 0; u->id < targets && scsi_unit(b, u->channel, (unsigned)u->id, (unsigned)unit);)
            u->id++;
        u->lun = unit;
    } else if (u->lun < 0) {
        for (u->lun = 0; u->lun < luns && scsi_unit(b, u->channel, (unsigned)u->id, (unsigned)u->lun);)
            u->lun++;
    }
    if (u->channel >= b->host->channels)
        snprintf(err, errlen, "%s: channel=%u: bus %s has channels 0 to %u", d->type->name, u->channel, bus->name, b->host->channels - 1);
    else if (u->id >= targets)
        snprintf(err, errlen, "%s: scsi-id=%d: bus %s has targets 0 to %d", d->type->name, u->id, bus->name, targets - 1);
    else if (u->lun >= luns)
        snprintf(err, errlen, "%s: lun=%d: bus %s has units 0 to %d", d->type->name, u->lun, bus->name, luns - 1);
    else if (scsi_unit(b, u->channel, (unsigned)u->id, (unsigned)u->lun))
        snprintf(err, errlen, "%s: scsi-id=%d,lun=%d of bus %s is taken", d->type->name, u->id, u->lun, bus->name);
    else
        return true;
    return false;
}

static void unplug(struct bus *bus, struct device *d)
{
    struct scsi_bus *b = (struct scsi_bus *)bus;
    b->host->batch_done(b); /* what ended when it was drained */
}

static void place(const struct bus *b, const struct device *d, char *text, size_t n)
{
    const struct scsi_device *u = (const struct scsi_device *)d;
    snprintf(text, n, "channel %u, scsi-id %d, lun %d", u->channel, u->id, u->lun);
}

static bool hot_plug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    struct scsi_bus *b = (struct scsi_bus *)bus;
    if (b->host->hot(b))
        return true;
    snprintf(err, errlen, "%s: nothing is plugged into bus %s while the machine is there (hotplug=off)", d->type->name, bus->name);
    return false;
}

static void hot_plugged(struct bus *bus, struct device *d)
{
    struct scsi_bus *b = (struct scsi_bus *)bus;
    b->host->plugged(b, (struct scsi_device *)d, true);
}

/* No guest is asked: the unit is gone, as a cable that is drawn. */
static bool hot_unplug(struct bus *bus, struct device *d, char *err, size_t errlen)
{
    struct scsi_bus *b = (struct scsi_bus *)bus;
    if (!b->host->hot(b)) {
        snprintf(err, errlen, "nothing is taken out of bus %s while the machine is there (hotplug=off)", bus->name);
        return false;
    }
    scsi_class_of((struct scsi_device *)d)->drain((struct scsi_device *)d);
    b->host->plugged(b, (struct scsi_device *)d, false);
    device_unplugged(d);
    return true;
}

static const struct bus_type scsi_bus_type = { "SCSI", plug, unplug, place, hot_plug, hot_plugged, hot_unplug };

void scsi_bus_init(struct scsi_bus *b, const struct scsi_host *h, struct device *d)
{
    char name[32];
    snprintf(name, sizeof name, "%.29s.0", d->id ? d->id : "scsi");
    for (unsigned k = 1; !d->id && bus_by_name(d->machine, name); k++)
        snprintf(name, sizeof name, "scsi.%u", k);
    b->host = h;
    bus_init(&b->b, &scsi_bus_type, d, name, 0);
}

/* --------------------------------------------------------------------- attentions */

/* A reset says more than what was before it. */
void scsi_attention(struct scsi_device *u, struct scsi_sense s)
{
    if (s.asc == SENSE_RESET.asc)
        u->nattentions = 0;
    scsi_no_attention(u, s);
    if (u->nattentions < SCSI_ATTENTIONS)
        u->attention[u->nattentions++] = s;
}

void scsi_no_attention(struct scsi_device *u, struct scsi_sense s)
{
    unsigned n = 0;
    for (unsigned k = 0; k < u->nattentions; k++)
        if (memcmp(&u->attention[k], &s, sizeof s))
            u->attention[n++] = u->attention[k];
    u->nattentions = (uint8_t)n;
}

/* False: there is none. */
static bool take_attention(struct scsi_device *u, struct scsi_sense *s)
{
    if (!u->nattentions)
        return false;
    *s = u->attention[0];
    scsi_no_attention(u, *s);
    return true;
}

void scsi_reset(struct scsi_device *u, struct scsi_sense what)
{
    if (scsi_class_of(u)->reset)
        scsi_class_of(u)->reset(u);
    scsi_attention(u, what);
}

/* --------------------------------------------------------------------------- ends */

void scsi_end(struct scsi_request *r, uint8_t status)
{
    r->status = status;
    if (r->held)
        r->unit->held -= r->held;
    r->held = 0;
    free(r->data);
    r->data = NULL;
    r->done(r);
}

/* Fixed format, current error. */
static void fill_sense(uint8_t p[SCSI_SENSE], struct scsi_sense s)
{
    memset(p, 0, SCSI_SENSE);
    p[0] = 0x70;
    p[2] = s.key;
    p[7] = SCSI_SENSE - 8;
    p[12] = s.asc;
    p[13] = s.ascq;
}

void scsi_fail(struct scsi_request *r, struct scsi_sense s)
{
    fill_sense(r->sense, s);
    r->nsense = SCSI_SENSE;
    r->moved = 0;
    scsi_end(r, SCSI_CHECK_CONDITION);
}

void scsi_overrun(struct scsi_request *r)
{
    r->overrun = true;
    scsi_end(r, SCSI_GOOD);
}

void scsi_reply(struct scsi_request *r, const void *data, size_t n, size_t allocation)
{
    if (allocation > r->in_size) {
        scsi_overrun(r);
        return;
    }
    n = n < allocation ? n : allocation;
    for (unsigned k = 0; k < r->nin && r->moved < n; k++) {
        size_t part = r->in[k].iov_len < n - r->moved ? r->in[k].iov_len : n - r->moved;
        memcpy(r->in[k].iov_base, (const uint8_t *)data + r->moved, part);
        r->moved += part;
    }
    scsi_end(r, SCSI_GOOD);
}

/* With DESC the descriptor format, without descriptors (4.5.2). */
void scsi_reply_sense(struct scsi_request *r, struct scsi_sense s)
{
    const uint8_t desc[8] = { 0x72, s.key, s.asc, s.ascq };
    uint8_t fixed[SCSI_SENSE];
    fill_sense(fixed, s);
    if (r->cdb[1] & 1)
        scsi_reply(r, desc, sizeof desc, r->cdb[4]);
    else
        scsi_reply(r, fixed, sizeof fixed, r->cdb[4]);
}

bool scsi_take(const struct scsi_request *r, size_t offset, void *to, size_t n)
{
    size_t done = 0;
    if (offset > r->out_size || n > r->out_size - offset)
        return false;
    for (unsigned k = 0; k < r->nout && done < n; k++) {
        if (offset >= r->out[k].iov_len) {
            offset -= r->out[k].iov_len;
            continue;
        }
        size_t part = r->out[k].iov_len - offset < n - done ? r->out[k].iov_len - offset : n - done;
        memcpy((uint8_t *)to + done, (const uint8_t *)r->out[k].iov_base + offset, part);
        done += part;
        offset = 0;
    }
    return true;
}

bool scsi_hold(struct scsi_request *r, size_t n)
{
    enum { MOST = 32 << 20 };
    struct scsi_device *u = r->unit;
    if (u->held && u->held + n > MOST)
        scsi_end(r, SCSI_TASK_SET_FULL);
    else if (!(r->data = malloc(n)))
        scsi_fail(r, SENSE_TARGET_FAILURE);
    else
        u->held += r->held = n;
    return r->held;
}

void scsi_step(struct scsi_request *r)
{
    r->again = true;
    if (r->stepping)
        return;
    r->stepping = true;
    while (r->again) {
        r->again = false;
        if (!r->step(r))
            return;
    }
    r->stepping = false;
}

void scsi_step_done(struct block_request *io, int error)
{
    struct scsi_request *r = scsi_of_io(io);
    r->error = !error && (r->given_up || r->unit->ending) ? -ECANCELED : error;
    scsi_step(r);
}

/* ------------------------------------------------------------------------ targets */

/* The units of the target. Well-known units: none. */
static void report_luns(const struct scsi_bus *b, const struct scsi_device *any, struct scsi_request *r)
{
    uint32_t allocation = get32(r->cdb + 6), n = 0;
    uint8_t select = r->cdb[2], *p;
    if (allocation < 16 || select > 2) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    for (struct scsi_device *u = NULL; (u = scsi_next(b, u));)
        n++;
    if (!(p = r->data = calloc(n + 1, 8))) {
        scsi_fail(r, SENSE_TARGET_FAILURE);
        return;
    }
    n = 0;
    for (struct scsi_device *u = NULL; select != 1 && (u = scsi_next(b, u));)
        if (u->channel == any->channel && u->id == any->id) {
            unsigned lun = (unsigned)u->lun; /* peripheral device addressing, else flat space (SAM-5 4.7) */
            put16(p + 8 * ++n, lun < 256 ? lun : 0x4000 | lun);
        }
    put32(p, 8 * n);
    scsi_reply(r, p, 8 * n + 8, allocation);
}

static void no_unit(struct scsi_request *r)
{
    static const uint8_t inquiry[36] = { 0x7f, 0, 6, 2, 31 };
    if (r->cdb[0] == INQUIRY && !(r->cdb[1] & 3) && !r->cdb[2])
        scsi_reply(r, inquiry, sizeof inquiry, get16(r->cdb + 3));
    else if (r->cdb[0] == REQUEST_SENSE)
        scsi_reply_sense(r, SENSE_NO_UNIT);
    else
        scsi_fail(r, r->cdb[0] == INQUIRY ? SENSE_BAD_CDB : SENSE_NO_UNIT);
}

/* The control byte (SAM-5 5.2): no ACA is there. */
static bool naca(const uint8_t *cdb)
{
    static const uint8_t at[8] = { 5, 9, 9, 0, 15, 11, 0, 0 };
    unsigned k = at[cdb[0] >> 5];
    return k && (cdb[k] & 4);
}

bool scsi_start(struct scsi_bus *b, unsigned channel, unsigned target, unsigned lun, struct scsi_request *r)
{
    struct scsi_device *any = any_unit(b, channel, target), *u = scsi_unit(b, channel, target, lun);
    struct scsi_sense s;
    if (!any)
        return false;
    r->unit = u;
    if (naca(r->cdb))
        scsi_fail(r, SENSE_BAD_CDB);
    else if (r->cdb[0] == REPORT_LUNS)
        report_luns(b, any, r);
    else if (!u)
        no_unit(r);
    else if (r->cdb[0] == REQUEST_SENSE && take_attention(u, &s))
        scsi_reply_sense(r, s);
    /* MMC-6 7: these two tell of events themselves. */
    else if (r->cdb[0] != REQUEST_SENSE && r->cdb[0] != INQUIRY && r->cdb[0] != 0x46 && r->cdb[0] != 0x4a && take_attention(u, &s))
        scsi_fail(r, s);
    else
        scsi_class_of(u)->start(u, r);
    return true;
}
