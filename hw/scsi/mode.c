/*
 * MODE SENSE and MODE SELECT (SPC-4 6.11 to 6.14) and their pages: SPC-4 7.5, SBC-3 6.5, MMC-6 7 and annex of the
 * capabilities page (2Ah). One bit can be changed: the write cache's.
 */
#include <string.h>

#include "disk.h"

enum what { CURRENT, CHANGEABLE, DEFAULT, SAVED };
enum { WCE = 4, SENSE6 = 0x1a, SELECT6 = 0x15, WRITE_PROTECTED = 0x80, DPOFUA = 0x10 };
enum { ON_DISK = 1, ON_CD = 2 };

static void errors(const struct scsi_disk *d, uint8_t *p, enum what w)
{
    if (w != CHANGEABLE && !scsi_is_cd(d))
        p[2] = 0xc0; /* AWRE, ARRE: defects are the host's */
}

static void caching(const struct scsi_disk *d, uint8_t *p, enum what w)
{
    bool now = w == CHANGEABLE || (w == CURRENT ? d->wce : !(d->drive->node && d->drive->node->writethrough));
    p[2] = now && !scsi_is_cd(d) ? WCE : 0;
}

static void control(const struct scsi_disk *d, uint8_t *p, enum what w)
{
    if (w == CHANGEABLE)
        return;
    p[2] = 0x02; /* GLTSD: there are no logs */
    p[3] = 0x10; /* commands may be done in any order */
}

static void exceptions(const struct scsi_disk *d, uint8_t *p, enum what w)
{
    if (w != CHANGEABLE)
        p[2] = 0x08; /* DEXCPT: none are reported */
}

static void capabilities(const struct scsi_disk *d, uint8_t *p, enum what w)
{
    enum { SPEED = 50 * 176 /* kB/s */, BUFFER = 2048 /* KB */ };
    if (w == CHANGEABLE)
        return;
    p[2] = 0x0b;           /* reads CD-R, CD-RW, DVD-ROM */
    p[4] = 0x70;           /* mode 2 forms 1 and 2, several sessions */
    p[6] = 0x29 | (d->locked ? 2 : 0); /* a tray, that opens and can be locked */
    put16(p + 8, SPEED);
    put16(p + 12, BUFFER);
    put16(p + 14, SPEED);
}

static const struct page {
    uint8_t code, length /* behind the two bytes of the head */, on;
    void (*fill)(const struct scsi_disk *d, uint8_t *p, enum what w); /* the rest is 0 */
} pages[] = {
    { 0x01, 10, ON_DISK | ON_CD, errors }, { 0x08, 18, ON_DISK, caching }, { 0x0a, 10, ON_DISK, control },
    { 0x1c, 10, ON_DISK, exceptions },     { 0x2a, 20, ON_CD, capabilities },
};
enum { NPAGES = sizeof pages / sizeof *pages, ALL = 0x3f };

static size_t put_page(const struct scsi_disk *d, const struct page *page, enum what w, uint8_t *p)
{
    memset(p, 0, page->length + 2u);
    page->fill(d, p, w);
    p[0] = page->code;
    p[1] = page->length;
    return page->length + 2u;
}

static bool is_on(const struct scsi_disk *d, const struct page *page) { return page->on & (scsi_is_cd(d) ? ON_CD : ON_DISK); }

/* The short block descriptor (SBC-3 6.5.2.2). */
static size_t put_descriptor(const struct scsi_disk *d, uint8_t *p)
{
    uint64_t n = scsi_blocks(d);
    put32(p, (uint32_t)(n < 0xffffffff ? n : 0xffffffff));
    put32(p + 4, d->logical); /* 24 bits, below a byte that is 0 */
    return 8;
}

void scsi_mode_sense(struct scsi_disk *d, struct scsi_request *r)
{
    uint8_t p[160] = { 0 }, code = r->cdb[2] & 0x3f, subpage = r->cdb[3];
    enum what w = (enum what)(r->cdb[2] >> 6);
    bool six = r->cdb[0] == SENSE6, found = code == ALL && (!subpage || subpage == 0xff);
    size_t head = six ? 4 : 8, n = head;
    if (w == SAVED) {
        scsi_fail(r, SENSE_NO_SAVING);
        return;
    }
    if (!scsi_is_cd(d) && !(r->cdb[1] & 8))
        n += put_descriptor(d, p + n);
    p[six ? 3 : 7] = (uint8_t)(n - head);
    if (!scsi_is_cd(d))
        p[six ? 2 : 3] = (d->drive->node && d->drive->node->readonly ? WRITE_PROTECTED : 0) | (d->dpofua ? DPOFUA : 0);
    for (unsigned k = 0; k < NPAGES; k++)
        if (is_on(d, &pages[k]) && (code == ALL ? found : code == pages[k].code && !subpage)) {
            n += put_page(d, &pages[k], w, p + n);
            found = true;
        }
    if (!found) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    if (six)
        p[0] = (uint8_t)(n - 1);
    else
        put16(p, (uint32_t)(n - 2));
    scsi_reply(r, p, n, six ? r->cdb[4] : get16(r->cdb + 7));
}

/* The pages of a list. What is wrong with them, or SENSE_NONE; then with `apply` they are so. */
static struct scsi_sense select_pages(struct scsi_disk *d, const uint8_t *p, size_t n, bool apply)
{
    while (n) {
        const struct page *page = NULL;
        uint8_t now[64], can[64];
        for (unsigned k = 0; k < NPAGES; k++)
            if (n > 1 && pages[k].code == p[0] && is_on(d, &pages[k]))
                page = &pages[k];
        if (n < 2 || (page && n < p[1] + 2u))
            return SENSE_LIST_LENGTH;
        if (!page || p[1] != page->length)
            return SENSE_BAD_LIST;
        put_page(d, page, CURRENT, now);
        put_page(d, page, CHANGEABLE, can);
        for (unsigned k = 2; k < page->length + 2u; k++)
            if ((p[k] ^ now[k]) & ~can[k])
                return SENSE_BAD_LIST;
        if (apply && page->fill == caching)
            d->wce = !!(p[2] & WCE);
        n -= page->length + 2u;
        p += page->length + 2u;
    }
    return SENSE_NONE;
}

/* The cache is switched off when what is in it is written. */
static void flushed(struct block_request *io, int error)
{
    struct scsi_request *r = scsi_of_io(io);
    if (error)
        scsi_fail(r, SENSE_WRITE_ERROR);
    else
        scsi_end(r, SCSI_GOOD);
}

void scsi_mode_select(struct scsi_disk *d, struct scsi_request *r)
{
    enum { PF = 0x10, SP = 1 };
    uint8_t p[512], wce = d->wce;
    bool six = r->cdb[0] == SELECT6;
    size_t n = six ? r->cdb[4] : get16(r->cdb + 7), head = six ? 4 : 8, skip;
    struct scsi_sense wrong = SENSE_NONE;
    if (n > r->out_size) {
        scsi_overrun(r);
        return;
    }
    if ((r->cdb[1] & SP) || !(r->cdb[1] & PF))
        wrong = SENSE_BAD_CDB;
    else if (n && (n < head || n > sizeof p))
        wrong = SENSE_LIST_LENGTH;
    if (wrong.key || !n) {
        wrong.key ? scsi_fail(r, wrong) : scsi_end(r, SCSI_GOOD);
        return;
    }
    scsi_take(r, 0, p, n);
    r->moved = n;
    skip = six ? p[3] : get16(p + 6);
    if (skip && (skip != 8 || scsi_is_cd(d)))
        wrong = SENSE_BAD_LIST;
    else if (skip > n - head)
        wrong = SENSE_LIST_LENGTH;
    else if (skip && (get32(p + head + 4) & 0xffffff) != d->logical)
        wrong = SENSE_BAD_LIST;
    if (!wrong.key)
        wrong = select_pages(d, p + head + skip, n - head - skip, false);
    if (wrong.key) {
        scsi_fail(r, wrong);
        return;
    }
    select_pages(d, p + head + skip, n - head - skip, true);
    if (wce && !d->wce && d->drive->node) {
        r->io = (struct block_request){ .op = BLOCK_FLUSH, .done = flushed };
        block_submit(d->drive, &r->io);
    } else {
        scsi_end(r, SCSI_GOOD);
    }
}
