/*
 * Commands that move blocks (SBC-3 5): reads and writes of all lengths of CDB, verification, flush, UNMAP, WRITE SAME, the
 * capacity. What lasts goes to the block layer and ends in a callback; those of several steps are a `step` (scsi.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "disk.h"

enum { FUA = 8, PIECE = 512 << 10 /* bytes of a step of WRITE SAME and VERIFY */ };

/* Where a command's blocks are. */
struct extent { uint64_t lba, n; };

/* By the group of the operation code (SPC-4 4.2.2): CDBs of 6, 10, 16 and 12 bytes. */
static struct extent extent_of(const uint8_t *cdb)
{
    switch (cdb[0] >> 5) {
    case 0:
        return (struct extent){ get24(cdb + 1) & 0x1fffff, cdb[4] ? cdb[4] : 256 };
    case 4:
        return (struct extent){ get64(cdb + 2), get32(cdb + 10) };
    case 5:
        return (struct extent){ get32(cdb + 2), get32(cdb + 6) };
    default:
        return (struct extent){ get32(cdb + 2), get16(cdb + 7) };
    }
}

static bool is_inside(const struct scsi_disk *d, struct extent e)
{
    uint64_t all = scsi_blocks(d);
    return e.lba <= all && e.n <= all - e.lba;
}

static struct scsi_sense sense_of(int error, bool read)
{
    switch (error) {
    case -EROFS:
        return SENSE_WRITE_PROTECTED;
    case -ENOSPC:
        return SENSE_NO_SPACE;
    case -ENOMEDIUM:
        return SENSE_NO_MEDIUM;
    case -ECANCELED:
        return SENSE_ABORTED;
    case -ENOMEM:
        return SENSE_TARGET_FAILURE;
    default:
        return read ? SENSE_READ_ERROR : SENSE_WRITE_ERROR;
    }
}

static void done(struct block_request *io, int error)
{
    struct scsi_request *r = scsi_of_io(io);
    bool read = r->io.op == BLOCK_READ;
    if (error) {
        scsi_fail(r, sense_of(error, read));
        return;
    }
    r->moved = (size_t)r->left;
    scsi_end(r, SCSI_GOOD);
}

/* Exactly n bytes of them, of which there are as many. */
static unsigned cut(struct iovec *io, unsigned count, size_t n)
{
    unsigned k = 0;
    for (; k < count && n; k++) {
        if (io[k].iov_len > n)
            io[k].iov_len = n;
        n -= io[k].iov_len;
    }
    return k;
}

static void transfer(struct scsi_disk *d, struct scsi_request *r, bool write)
{
    struct extent e = extent_of(r->cdb);
    bool six = r->cdb[0] < 0x20;
    if (!six && (r->cdb[1] & 0xe0)) { /* protection: no */
        scsi_fail(r, SENSE_BAD_CDB);
    } else if (!is_inside(d, e)) {
        scsi_fail(r, SENSE_OUT_OF_RANGE);
    } else if (e.n * d->logical > (write ? r->out_size : r->in_size)) {
        scsi_overrun(r);
    } else if (write && d->drive->node->readonly) {
        scsi_fail(r, SENSE_WRITE_PROTECTED);
    } else if (!e.n) {
        scsi_end(r, SCSI_GOOD);
    } else {
        struct iovec *io = write ? r->out : r->in;
        unsigned n = cut(io, write ? r->nout : r->nin, e.n * d->logical);
        bool verified = (r->cdb[0] & 0x1f) == 0x0e; /* WRITE AND VERIFY: it is on the medium */
        bool through = write && (!d->wce || verified || (!six && (r->cdb[1] & FUA)));
        r->left = e.n * d->logical; /* the block layer may change op and offset, not this */
        r->io = (struct block_request){ .op = write ? BLOCK_WRITE : BLOCK_READ, .flags = through ? BLOCK_FUA : 0, .offset = e.lba * d->logical,
                                        .bytes = r->left, .iov = io, .niov = n, .done = done };
        block_submit(d->drive, &r->io);
    }
}

void scsi_read(struct scsi_disk *d, struct scsi_request *r) { transfer(d, r, false); }
void scsi_write(struct scsi_disk *d, struct scsi_request *r) { transfer(d, r, true); }

void scsi_flush(struct scsi_disk *d, struct scsi_request *r)
{
    if (!is_inside(d, extent_of(r->cdb))) {
        scsi_fail(r, SENSE_OUT_OF_RANGE);
        return;
    }
    r->io = (struct block_request){ .op = BLOCK_FLUSH, .done = done };
    block_submit(d->drive, &r->io);
}

/* --------------------------------------------------------------------------- steps */

static bool over(struct scsi_request *r, struct scsi_sense s)
{
    s.key ? scsi_fail(r, s) : scsi_end(r, SCSI_GOOD);
    return false;
}

static bool begin_io(struct scsi_request *r, enum block_op op, unsigned flags, uint64_t bytes)
{
    r->io = (struct block_request){ .op = op, .flags = flags, .offset = r->at, .bytes = bytes, .iov = &r->iov, .niov = 1, .done = scsi_step_done };
    block_submit(scsi_disk_of(r)->drive, &r->io);
    return true;
}

static void first_step(struct scsi_request *r, bool (*step)(struct scsi_request *r), struct extent e, uint32_t block)
{
    r->step = step;
    r->at = e.lba * block;
    r->left = e.n * block;
    scsi_step(r);
}

/* The next descriptor. */
static bool unmap_step(struct scsi_request *r)
{
    struct scsi_disk *d = scsi_disk_of(r);
    const uint8_t *p = (const uint8_t *)r->data + 16 * r->next;
    if (r->error)
        return over(r, sense_of(r->error, false));
    if (r->next == r->count) {
        r->moved = get16(r->cdb + 7);
        return over(r, SENSE_NONE);
    }
    r->next++;
    r->at = get64(p) * d->logical;
    return begin_io(r, BLOCK_DISCARD, 0, (uint64_t)get32(p + 8) * d->logical);
}

void scsi_unmap(struct scsi_disk *d, struct scsi_request *r)
{
    size_t n = get16(r->cdb + 7);
    uint8_t head[8];
    uint64_t sum = 0;
    struct scsi_sense wrong = SENSE_NONE;
    if (n > r->out_size) {
        scsi_overrun(r);
        return;
    }
    if (r->cdb[1] & 1) /* ANCHOR */
        wrong = SENSE_BAD_CDB;
    else if (n && n < sizeof head)
        wrong = SENSE_LIST_LENGTH;
    if (wrong.key || !n) {
        over(r, wrong);
        return;
    }
    scsi_take(r, 0, head, sizeof head);
    r->count = get16(head + 2) / 16;
    if (16 * r->count > n - sizeof head)
        wrong = SENSE_LIST_LENGTH;
    else if (r->count > UNMAP_DESCRIPTORS)
        wrong = SENSE_BAD_LIST;
    else if (d->drive->node->readonly)
        wrong = SENSE_WRITE_PROTECTED;
    else if (!(r->data = malloc(16 * r->count + 1)))
        wrong = SENSE_TARGET_FAILURE;
    for (unsigned k = 0; !wrong.key && k < r->count; k++) {
        uint8_t *p = (uint8_t *)r->data + 16 * k;
        scsi_take(r, sizeof head + 16 * k, p, 16);
        sum += get32(p + 8);
        if (!is_inside(d, (struct extent){ get64(p), get32(p + 8) }))
            wrong = SENSE_OUT_OF_RANGE;
        else if (sum > scsi_max_unmap(d))
            wrong = SENSE_BAD_LIST;
    }
    if (wrong.key)
        over(r, wrong);
    else
        first_step(r, unmap_step, (struct extent){ 0, 0 }, 1);
}

/* The next piece; all of it at once if it is zeroes. */
static bool same_step(struct scsi_request *r)
{
    struct scsi_disk *d = scsi_disk_of(r);
    unsigned flags = d->wce ? 0 : BLOCK_FUA;
    uint64_t n = r->data && r->left > r->iov.iov_len ? r->iov.iov_len : r->left;
    if (r->error)
        return over(r, sense_of(r->error, false));
    if (r->count) { /* not the first one: at has been done */
        r->at += r->io.bytes;
        r->left -= r->io.bytes;
        n = r->left < n ? r->left : n;
    }
    r->count = 1;
    if (!r->left) {
        r->moved = r->out_size;
        return over(r, SENSE_NONE);
    }
    r->iov.iov_len = n;
    return begin_io(r, r->data ? BLOCK_WRITE : BLOCK_ZERO, flags | (!r->data && (r->cdb[1] & 8) ? BLOCK_UNMAP : 0), n);
}

void scsi_write_same(struct scsi_disk *d, struct scsi_request *r)
{
    enum { NDOB = 1, ANCHOR = 0x10 };
    struct extent e = extent_of(r->cdb);
    bool none = r->cdb[0] == 0x93 && (r->cdb[1] & NDOB);
    uint8_t *block = none ? NULL : malloc(d->logical);
    struct scsi_sense wrong = SENSE_NONE;
    if ((r->cdb[1] & (0xe0 | ANCHOR | 6 | (r->cdb[0] == 0x93 ? 0 : NDOB))) || !e.n || e.n > scsi_max_unmap(d))
        wrong = SENSE_BAD_CDB;
    else if (!is_inside(d, e))
        wrong = SENSE_OUT_OF_RANGE;
    else if (d->drive->node->readonly)
        wrong = SENSE_WRITE_PROTECTED;
    else if (!none && !block)
        wrong = SENSE_TARGET_FAILURE;
    else if (!none && !scsi_take(r, 0, block, d->logical)) {
        free(block);
        scsi_overrun(r);
        return;
    }
    if (!wrong.key && !none && !block_is_zero(block, d->logical)) {
        uint64_t n = PIECE / d->logical < e.n ? PIECE / d->logical : e.n;
        if (!scsi_hold(r, n * d->logical)) {
            free(block);
            return;
        }
        for (uint64_t k = 0; k < n; k++)
            memcpy((uint8_t *)r->data + k * d->logical, block, d->logical);
        r->iov = (struct iovec){ r->data, n * d->logical };
    }
    free(block);
    if (wrong.key)
        over(r, wrong);
    else
        first_step(r, same_step, e, d->logical);
}

/* Compares what was read, reads the next piece. */
static bool verify_step(struct scsi_request *r)
{
    const struct iovec *mine = &r->iov;
    uint8_t theirs[512];
    if (r->error)
        return over(r, sense_of(r->error, true));
    for (size_t k = 0; r->count && k < mine->iov_len; k += sizeof theirs) {
        scsi_take(r, r->moved + k, theirs, sizeof theirs);
        if (memcmp(theirs, (const uint8_t *)mine->iov_base + k, sizeof theirs))
            return over(r, SENSE_MISCOMPARE);
    }
    if (r->count) {
        r->at += mine->iov_len;
        r->left -= mine->iov_len;
        r->moved += mine->iov_len;
    }
    r->count = 1;
    if (!r->left)
        return over(r, SENSE_NONE);
    r->iov = (struct iovec){ r->data, r->left < PIECE ? r->left : PIECE };
    return begin_io(r, BLOCK_READ, 0, r->iov.iov_len);
}

/* Without data the medium is taken for good. */
void scsi_verify(struct scsi_disk *d, struct scsi_request *r)
{
    struct extent e = extent_of(r->cdb);
    unsigned bytchk = r->cdb[1] >> 1 & 3;
    uint64_t bytes = e.n * d->logical;
    struct scsi_sense wrong = SENSE_NONE;
    if ((r->cdb[1] & 0xe0) || bytchk > 1)
        wrong = SENSE_BAD_CDB;
    else if (!is_inside(d, e))
        wrong = SENSE_OUT_OF_RANGE;
    if (wrong.key || !bytchk || !e.n) {
        over(r, wrong);
    } else if (bytes > r->out_size) {
        scsi_overrun(r);
    } else if (scsi_hold(r, bytes < PIECE ? bytes : PIECE)) {
        first_step(r, verify_step, e, d->logical);
    }
}

/* ------------------------------------------------------------------------ capacity */

void scsi_read_capacity(struct scsi_disk *d, struct scsi_request *r)
{
    uint64_t last = scsi_blocks(d) - 1;
    uint8_t p[8];
    if (!scsi_is_cd(d) && (get32(r->cdb + 2) || (r->cdb[8] & 1))) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    put32(p, (uint32_t)(last < 0xffffffff ? last : 0xffffffff));
    put32(p + 4, d->logical);
    scsi_reply(r, p, sizeof p, sizeof p);
}

/* READ CAPACITY (16). */
void scsi_service_in(struct scsi_disk *d, struct scsi_request *r)
{
    enum { LBPME = 0x80 };
    uint8_t p[32] = { 0 };
    if ((r->cdb[1] & 31) != 0x10 || get64(r->cdb + 2) || (r->cdb[14] & 1)) {
        scsi_fail(r, SENSE_BAD_CDB);
        return;
    }
    put64(p, scsi_blocks(d) - 1);
    put32(p + 8, d->logical);
    p[13] = (uint8_t)__builtin_ctz(d->physical / d->logical);
    p[14] = LBPME;
    scsi_reply(r, p, sizeof p, get32(r->cdb + 10));
}
