/*
 * Commands of CD-ROM drives (MMC-6 6): a disc has one session with one data track, from block 0 to its end; one that is too
 * large for a CD is a DVD-ROM.
 */
#include <string.h>

#include "disk.h"

enum { PROFILE_NONE = 0, PROFILE_CD_ROM = 8, PROFILE_DVD_ROM = 0x10 };
enum { FRAMES = 75, SECONDS = 60, LEAD_IN = 2 * FRAMES, CD_BLOCKS = 80 * SECONDS * FRAMES };
enum { ADR_DATA = 0x14, LEAD_OUT = 0xaa };

static unsigned profile(const struct scsi_disk *d)
{
    return !scsi_has_medium(d) ? PROFILE_NONE : scsi_blocks(d) > CD_BLOCKS ? PROFILE_DVD_ROM : PROFILE_CD_ROM;
}

/* Minute, second, frame: of a block, whose first lies behind the lead-in. */
static void put_msf(uint8_t *p, uint64_t block)
{
    block += LEAD_IN;
    p[0] = (uint8_t)(block / FRAMES / SECONDS);
    p[1] = (uint8_t)(block / FRAMES % SECONDS);
    p[2] = (uint8_t)(block % FRAMES);
}

static void put_address(uint8_t *p, uint64_t block, bool msf)
{
    if (msf)
        put_msf(p + 1, block);
    else
        put32(p, (uint32_t)block);
}

static size_t put_track(uint8_t *p, uint8_t number, uint64_t block, bool msf)
{
    p[1] = ADR_DATA;
    p[2] = number;
    put_address(p + 4, block, msf);
    return 8;
}

/* A line of the lead-in's table (format 2). */
static size_t put_point(uint8_t *p, uint8_t point, uint8_t a, uint8_t b, uint8_t c)
{
    const uint8_t line[11] = { 1, ADR_DATA, 0, point, 0, 0, 0, 0, a, b, c };
    memcpy(p, line, sizeof line);
    return sizeof line;
}

/* READ TOC/PMA/ATIP (6.26). */
void scsi_read_toc(struct scsi_disk *d, struct scsi_request *r)
{
    uint8_t p[64] = { 0, 0, 1, 1 }, end[3], format = r->cdb[2] & 15, track = r->cdb[6];
    bool msf = r->cdb[1] & 2;
    size_t n = 4;
    if (!format)
        format = r->cdb[9] >> 6; /* where it was before MMC */
    put_msf(end, scsi_blocks(d));
    switch (format) {
    case 0: /* tracks from that one on */
        if (track > 1 && track != LEAD_OUT) {
            scsi_fail(r, SENSE_BAD_CDB);
            return;
        }
        if (track != LEAD_OUT)
            n += put_track(p + n, 1, 0, msf);
        n += put_track(p + n, LEAD_OUT, scsi_blocks(d), msf);
        break;
    case 1: /* the last session's first track */
        n += put_track(p + n, 1, 0, msf);
        break;
    case 2:
        n += put_point(p + n, 0xa0, 1, 0, 0);
        n += put_point(p + n, 0xa1, 1, 0, 0);
        n += put_point(p + n, 0xa2, end[0], end[1], end[2]);
        n += put_point(p + n, 1, 0, 2, 0);
        break;
    default:
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    put16(p, (uint32_t)(n - 2));
    scsi_reply(r, p, n, get16(r->cdb + 7));
}

/* ------------------------------------------------------------------------- features */

static size_t feature(uint8_t *p, unsigned code, unsigned flags, const void *data, size_t n)
{
    put16(p, code);
    p[2] = (uint8_t)flags; /* version << 2 | persistent << 1 | current */
    p[3] = (uint8_t)n;
    memcpy(p + 4, data, n);
    return n + 4;
}

/* GET CONFIGURATION (6.6), features of chapter 5. */
void scsi_get_configuration(struct scsi_disk *d, struct scsi_request *r)
{
    enum { ALL = 0, THOSE_CURRENT = 1, ONE = 2 };
    unsigned now = profile(d), how = r->cdb[1] & 3, first = get16(r->cdb + 2), on = now != PROFILE_NONE;
    const uint8_t profiles[8] = { 0, PROFILE_DVD_ROM, now == PROFILE_DVD_ROM, 0, 0, PROFILE_CD_ROM, now == PROFILE_CD_ROM, 0 };
    const uint8_t core[8] = { 0, 0, 0, 1 /* SCSI family */, 0 };
    const uint8_t morphing[4] = { 0 }, removable[4] = { 0x29 /* a tray that opens and can be locked */ };
    const uint8_t readable[8] = { 0, 0, CD_BLOCK >> 8, CD_BLOCK & 255, 0, 1 };
    const uint8_t cd_read[4] = { 0 }, dvd_read[4] = { 0 };
    const struct { unsigned code, flags, size; const void *data; } features[] = {
        { 0x0000, 3, sizeof profiles, profiles },
        { 0x0001, 2 << 2 | 3, sizeof core, core },
        { 0x0002, 1 << 2 | 3, sizeof morphing, morphing },
        { 0x0003, 3, sizeof removable, removable },
        { 0x0010, on, sizeof readable, readable },
        { 0x001e, 2 << 2 | (now == PROFILE_CD_ROM), sizeof cd_read, cd_read },
        { 0x001f, now == PROFILE_DVD_ROM, sizeof dvd_read, dvd_read },
    };
    uint8_t p[160] = { 0 };
    size_t n = 8;
    if (how == 3) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    for (unsigned k = 0; k < sizeof features / sizeof *features; k++)
        if (how == ONE ? features[k].code == first : features[k].code >= first && (how == ALL || (features[k].flags & 1)))
            n += feature(p + n, features[k].code, features[k].flags, features[k].data, features[k].size);
    put32(p, (uint32_t)(n - 4));
    put16(p + 6, now);
    scsi_reply(r, p, n, get16(r->cdb + 7));
}

/* GET EVENT STATUS NOTIFICATION (6.7), asked for again and again; of media. */
void scsi_get_event(struct scsi_disk *d, struct scsi_request *r)
{
    enum { MEDIA = 4, NEA = 0x80, OPEN = 1, PRESENT = 2 };
    uint8_t p[8] = { 0, 0, NEA, 1 << MEDIA };
    size_t n = 4;
    if (!(r->cdb[1] & 1)) { /* by itself: no */
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    if (r->cdb[4] & 1 << MEDIA) {
        n = 8;
        p[2] = MEDIA;
        p[4] = d->media_event;
        p[5] = (d->tray_open ? OPEN : 0) | (scsi_has_medium(d) ? PRESENT : 0);
        if (get16(r->cdb + 7) >= n)
            d->media_event = EVENT_NONE;
    }
    put16(p, (uint32_t)(n - 2));
    scsi_reply(r, p, n, get16(r->cdb + 7));
}

/* READ DISC INFORMATION (6.21), the standard kind. */
void scsi_disc_information(struct scsi_disk *d, struct scsi_request *r)
{
    uint8_t p[34] = { 0 };
    if (r->cdb[1] & 7) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    put16(p, sizeof p - 2);
    p[2] = 0x0e;                   /* finalized; the last session is complete */
    p[3] = p[4] = p[5] = p[6] = 1; /* first track, sessions, first and last track of the last session */
    p[7] = 0x20;                   /* unrestricted use */
    scsi_reply(r, p, sizeof p, get16(r->cdb + 7));
}

/* MECHANISM STATUS (6.12): no changer. */
void scsi_mechanism_status(struct scsi_disk *d, struct scsi_request *r)
{
    uint8_t p[8] = { 0, d->tray_open ? 0x10 : 0 };
    scsi_reply(r, p, sizeof p, get16(r->cdb + 8));
}
