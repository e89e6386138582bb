/*
 * INQUIRY (SPC-4 6.4) and its pages of vital product data: SPC-4 7.8, SBC-3 6.6.
 */
#include <string.h>

#include "disk.h"

/* Left-aligned, padded with spaces (4.3.1). */
static void put_text(uint8_t *p, const char *text, size_t n)
{
    size_t len = text ? strnlen(text, n) : 0;
    memcpy(p, text ? text : "", len);
    memset(p + len, ' ', n - len);
}

static size_t unit_serial(const struct scsi_disk *d, uint8_t *p)
{
    size_t n = strnlen(d->serial, 36);
    memcpy(p, d->serial, n);
    return n;
}

/* One designation descriptor (7.8.5). */
static size_t designator(uint8_t *p, uint8_t code_set, uint8_t type, const void *id, size_t n)
{
    p[0] = code_set;
    p[1] = type;
    p[2] = 0;
    p[3] = (uint8_t)n;
    memcpy(p + 4, id, n);
    return n + 4;
}

static size_t identification(const struct scsi_disk *d, uint8_t *p)
{
    enum { BINARY = 1, ASCII = 2, SAS = 0x60, PIV_PORT = 0x90, VENDOR = 0, NAA = 3, RELATIVE_PORT = 4 };
    uint8_t id[8];
    size_t n = 0;
    if (d->device_id)
        n += designator(p + n, ASCII, VENDOR, d->device_id, strnlen(d->device_id, 255 - 8));
    put64(id, d->wwn);
    if (d->wwn)
        n += designator(p + n, BINARY, NAA, id, 8);
    put64(id, d->port_wwn);
    if (d->port_wwn)
        n += designator(p + n, SAS | BINARY, PIV_PORT | NAA, id, 8);
    put32(id, d->port_index);
    if (d->port_index)
        n += designator(p + n, SAS | BINARY, PIV_PORT | RELATIVE_PORT, id, 4);
    return n;
}

static size_t block_limits(const struct scsi_disk *d, uint8_t *p)
{
    uint64_t unmap = scsi_max_unmap(d), most = d->max_io_size / d->logical;
    memset(p, 0, 60);
    p[0] = 1; /* WSNZ: WRITE SAME of 0 blocks is none */
    put16(p + 2, d->min_io / d->logical);
    put32(p + 4, (uint32_t)(most < 0xffffffff ? most : 0xffffffff));
    put32(p + 8, d->opt_io / d->logical);
    put32(p + 16, (uint32_t)unmap);
    put32(p + 20, UNMAP_DESCRIPTORS);
    put32(p + 24, d->discard_granularity / d->logical);
    put64(p + 32, unmap); /* WRITE SAME */
    return 60;
}

static size_t characteristics(const struct scsi_disk *d, uint8_t *p)
{
    memset(p, 0, 60);
    put16(p, d->rotation_rate);
    return 60;
}

static size_t provisioning(const struct scsi_disk *d, uint8_t *p)
{
    enum { LBPU = 0x80, LBPWS = 0x40, LBPWS10 = 0x20, THIN = 2 };
    memset(p, 0, 4);
    p[1] = LBPU | LBPWS | LBPWS10;
    p[2] = THIN;
    return 4;
}

static bool has_serial(const struct scsi_disk *d) { return d->serial; }
static bool is_disk(const struct scsi_disk *d) { return !scsi_is_cd(d); }

static size_t supported(const struct scsi_disk *d, uint8_t *p);
/* In the order of their codes; fill: what is behind the four bytes of the head, at most 1000. */
static const struct page { uint8_t code; bool (*here)(const struct scsi_disk *d); size_t (*fill)(const struct scsi_disk *d, uint8_t *p); } pages[] = {
    { 0x00, NULL, supported }, { 0x80, has_serial, unit_serial }, { 0x83, NULL, identification }, { 0xb0, is_disk, block_limits },
    { 0xb1, is_disk, characteristics }, { 0xb2, is_disk, provisioning },
};
enum { NPAGES = sizeof pages / sizeof *pages };

static size_t supported(const struct scsi_disk *d, uint8_t *p)
{
    size_t n = 0;
    for (unsigned k = 0; k < NPAGES; k++)
        if (!pages[k].here || pages[k].here(d))
            p[n++] = pages[k].code;
    return n;
}

static void standard(struct scsi_disk *d, struct scsi_request *r)
{
    enum { RMB = 0x80, SPC_4 = 6, HISUP = 0x10, FORMAT = 2, CMDQUE = 2 };
    uint8_t p[36] = { scsi_class_of(&d->s)->type, d->removable ? RMB : 0, SPC_4, HISUP | FORMAT, 36 - 5, 0, 0, CMDQUE };
    put_text(p + 8, d->vendor, 8);
    put_text(p + 16, d->product, 16);
    put_text(p + 32, d->version, 4);
    scsi_reply(r, p, sizeof p, get16(r->cdb + 3));
}

void scsi_inquiry(struct scsi_disk *d, struct scsi_request *r)
{
    uint8_t p[1024];
    if ((r->cdb[1] & 2) || (!(r->cdb[1] & 1) && r->cdb[2])) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    if (!(r->cdb[1] & 1)) {
        standard(d, r);
        return;
    }
    for (unsigned k = 0; k < NPAGES; k++)
        if (pages[k].code == r->cdb[2] && (!pages[k].here || pages[k].here(d))) {
            size_t n = pages[k].fill(d, p + 4);
            p[0] = scsi_class_of(&d->s)->type;
            p[1] = pages[k].code;
            put16(p + 2, (uint32_t)n);
            scsi_reply(r, p, n + 4, get16(r->cdb + 3));
            return;
        }
    scsi_fail(r, SENSE_BAD_CDB);
}
