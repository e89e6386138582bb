/*
 * NVM Express: the NVM command set (base 6), and Format NVM (base 5.23), whose work is of the same kind.
 *
 * Read and Write are one request to the image, of the guest's own memory. Others are steps: each sends a request or says how
 * the command ends. Without its cache (feature 06h), and with FUA, what is written is on stable storage before the command ends.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nvme.h"

enum { FUA = 1 << 30, DEALLOCATE = 1 << 25 /* of Write Zeroes */, AD = 1 << 2 /* of Dataset Management */, RANGE = 16,
       FORMAT_PIECE = 1 << 30, HELD = 64 << 20 /* bytes that are compared at once */ };

static struct nvme_request *request_of(struct block_request *r) { return (struct nvme_request *)((char *)r - offsetof(struct nvme_request, r)); }

/* The image's error as a status; it goes into the log of errors. */
static unsigned failed(struct nvme_request *q, int error)
{
    unsigned status = NVME_INTERNAL;
    uint64_t lba = q->r.offset >> (q->ns ? nvme_block_bits(q->ns) : 0);
    if (error == -EROFS)
        return NVME_WRITE_PROTECTED;
    if (error == -ENOSPC)
        status = NVME_CAPACITY;
    else if (q->r.op == BLOCK_READ)
        status = NVME_READ_ERROR;
    else if (q->r.op == BLOCK_WRITE || q->r.op == BLOCK_ZERO)
        status = NVME_WRITE_FAULT;
    if (q->ns)
        q->ns->media_errors += status >> 8 == 2;
    nvme_log_error(q, status, lba);
    return status;
}

/* ---------------------------------------------------------------------------- steps */

static unsigned format_step(struct nvme_request *q), check_format(const struct nvme_request *q, const struct nvme_ns *s);

/* The controller is reset, or the namespace is taken out. */
static unsigned give_up(struct nvme_request *q)
{
    if (q->step == format_step && q->ns)
        q->ns->formatting = false;
    return NVME_ABORT_REQUESTED;
}

static void run(struct nvme_request *q)
{
    unsigned status;
    q->stepping = true;
    do {
        q->stepped = false;
        status = q->n->ending || (q->ns && q->ns->leaving) ? give_up(q) : q->error && q->step != format_step ? failed(q, q->error) : q->step(q);
    } while (status == NVME_PENDING && q->stepped);
    q->stepping = false;
    if (status != NVME_PENDING)
        nvme_complete(q, status);
}

static void stepped(struct block_request *r, int error)
{
    struct nvme_request *q = request_of(r);
    q->error = error;
    q->stepped = true;
    if (!q->stepping)
        run(q);
}

static unsigned begin(struct nvme_request *q, unsigned (*step)(struct nvme_request *q))
{
    q->step = step;
    q->error = 0;
    q->turn = 0;
    run(q);
    return NVME_PENDING;
}

static unsigned send(struct nvme_request *q, struct nvme_ns *s, enum block_op op, uint64_t at, uint64_t bytes, unsigned flags)
{
    q->r.op = op;
    q->r.flags = flags;
    q->r.offset = at;
    q->r.bytes = bytes;
    q->r.iov = &q->one;
    q->r.niov = 1;
    q->r.done = stepped;
    block_submit(s->drive, &q->r);
    return NVME_PENDING;
}

/* ----------------------------------------------------------------------- read, write */

static uint64_t first_block(const struct nvme_request *q) { return q->c.cdw10 | (uint64_t)q->c.cdw11 << 32; }

/* The command's blocks as q->at, q->end in bytes of the image. */
static unsigned take_range(struct nvme_request *q)
{
    unsigned bits = nvme_block_bits(q->ns);
    uint64_t first = first_block(q), n = (q->c.cdw12 & 0xffff) + 1, blocks = nvme_ns_blocks(q->ns);
    if (first > blocks || n > blocks - first)
        return NVME_LBA_RANGE;
    q->at = first << bits;
    q->end = q->at + (n << bits);
    return NVME_OK;
}

static bool too_large(const struct nvme_request *q)
{
    uint64_t n = (uint64_t)((q->c.cdw12 & 0xffff) + 1) << nvme_block_bits(q->ns);
    return q->n->mdts && n > 4096ull << q->n->mdts;
}

static unsigned write_flags(const struct nvme_request *q)
{
    return (q->c.cdw12 & FUA) || !q->n->feature[FEATURE_WRITE_CACHE] ? BLOCK_FUA : 0;
}

static void moved(struct block_request *r, int error)
{
    struct nvme_request *q = request_of(r);
    if (q->c.opcode == IO_READ)
        nvme_wrote(q);
    nvme_complete(q, error ? failed(q, error) : NVME_OK);
}

static unsigned move(struct nvme_request *q, bool read)
{
    unsigned status = too_large(q) ? NVME_INVALID_FIELD : take_range(q);
    if (!status && !read && q->ns->drive->node->readonly)
        status = NVME_WRITE_PROTECTED;
    if (status || (status = nvme_map(q, q->end - q->at, read)))
        return status;
    *(read ? &q->ns->reads : &q->ns->writes) += 1;
    *(read ? &q->ns->read_sectors : &q->ns->written_sectors) += (q->end - q->at) >> 9;
    q->r.op = read ? BLOCK_READ : BLOCK_WRITE;
    q->r.flags = read ? 0 : write_flags(q);
    q->r.offset = q->at;
    q->r.bytes = q->end - q->at;
    q->r.iov = q->iov;
    q->r.niov = q->npieces;
    q->r.done = moved;
    block_submit(q->ns->drive, &q->r);
    return NVME_PENDING;
}

/* --------------------------------------------------------------------------- others */

static unsigned compare_step(struct nvme_request *q)
{
    const uint8_t *at = q->buffer;
    if (!q->turn++) {
        q->one = (struct iovec){ q->buffer, q->end - q->at };
        return send(q, q->ns, BLOCK_READ, q->at, q->end - q->at, 0);
    }
    for (unsigned k = 0; k < q->npieces; at += q->iov[k++].iov_len)
        if (memcmp(at, q->iov[k].iov_base, q->iov[k].iov_len))
            return NVME_COMPARE_FAILURE;
    return NVME_OK;
}

static unsigned compare(struct nvme_request *q)
{
    unsigned status = too_large(q) ? NVME_INVALID_FIELD : take_range(q);
    if (status || (status = nvme_map(q, q->end - q->at, false)))
        return status;
    uint64_t bytes = q->end - q->at;
    if ((q->n->held && q->n->held + bytes > HELD) || !(q->buffer = malloc(bytes))) /* it may be tried again */
        return NVME_INTERNAL;
    q->n->held += q->held = bytes;
    q->ns->reads++;
    return begin(q, compare_step);
}

static unsigned verify_step(struct nvme_request *q)
{
    uint64_t n = q->end - q->at < NVME_SINK ? q->end - q->at : NVME_SINK;
    if (!n)
        return NVME_OK;
    q->one = (struct iovec){ q->n->sink, n };
    q->at += n;
    return send(q, q->ns, BLOCK_READ, q->at - n, n, 0);
}

static unsigned verify(struct nvme_request *q)
{
    unsigned status = take_range(q);
    if (status)
        return status;
    if (!nvme_sink(q->n))
        return NVME_INTERNAL;
    return begin(q, verify_step);
}

static unsigned zeroes_step(struct nvme_request *q)
{
    if (q->turn++)
        return NVME_OK;
    return send(q, q->ns, BLOCK_ZERO, q->at, q->end - q->at, write_flags(q) | (q->c.cdw12 & DEALLOCATE ? BLOCK_UNMAP : 0));
}

static unsigned write_zeroes(struct nvme_request *q)
{
    unsigned status = take_range(q);
    if (!status && q->ns->drive->node->readonly)
        status = NVME_WRITE_PROTECTED;
    if (status)
        return status;
    q->ns->writes++;
    return begin(q, zeroes_step);
}

static unsigned flush_step(struct nvme_request *q)
{
    if (q->c.nsid != NVME_ALL)
        return q->turn++ ? NVME_OK : send(q, q->ns, BLOCK_FLUSH, 0, 0, 0);
    while (++q->turn <= NVME_NAMESPACES)
        if (q->n->ns[q->turn])
            return send(q, q->n->ns[q->turn], BLOCK_FLUSH, 0, 0, 0);
    return NVME_OK;
}

static uint64_t range_number(const struct nvme_request *q, unsigned at, unsigned size)
{
    uint64_t v = 0;
    memcpy(&v, q->buffer + RANGE * q->turn + at, size);
    return v;
}

static unsigned dataset_step(struct nvme_request *q)
{
    unsigned bits = nvme_block_bits(q->ns);
    if (q->turn > (q->c.cdw10 & 0xff))
        return NVME_OK;
    uint64_t n = range_number(q, 4, 4), first = range_number(q, 8, 8), blocks = nvme_ns_blocks(q->ns);
    if (first > blocks || n > blocks - first)
        return NVME_LBA_RANGE;
    q->turn++;
    return send(q, q->ns, BLOCK_DISCARD, first << bits, n << bits, 0);
}

/* Only deallocation does anything; other attributes are hints. */
static unsigned dataset(struct nvme_request *q)
{
    unsigned n = RANGE * ((q->c.cdw10 & 0xff) + 1);
    if (!(q->buffer = malloc(n)))
        return NVME_INTERNAL;
    unsigned status = nvme_take(q, q->buffer, n);
    if (!status && (q->c.cdw11 & AD) && q->ns->drive->node->readonly)
        status = NVME_WRITE_PROTECTED;
    return status || !(q->c.cdw11 & AD) ? status : begin(q, dataset_step);
}

unsigned nvme_io(struct nvme_request *q)
{
    uint32_t nsid = q->c.nsid;
    bool all = q->c.opcode == IO_FLUSH && nsid == NVME_ALL;
    if (!(q->ns = nvme_ns_at(q->n, nsid)) && !all)
        return nsid && nsid <= NVME_NAMESPACES ? NVME_INVALID_FIELD : NVME_INVALID_NAMESPACE;
    if (q->ns && q->ns->formatting)
        return NVME_FORMATTING;
    switch (q->c.opcode) {
    case IO_READ:
        return move(q, true);
    case IO_WRITE:
        return move(q, false);
    case IO_FLUSH:
        return begin(q, flush_step);
    case IO_COMPARE:
        return compare(q);
    case IO_WRITE_ZEROES:
        return write_zeroes(q);
    case IO_DATASET:
        return dataset(q);
    case IO_VERIFY:
        return verify(q);
    }
    return NVME_INVALID_OPCODE;
}

/* --------------------------------------------------------------------------- Format NVM */

/* One namespace, or all in turn: q->turn is the one that is at work. */
static unsigned format_step(struct nvme_request *q)
{
    struct nvme *n = q->n;
    struct nvme_ns *s = q->ns;
    if (q->error && s)
        s->formatting = false;
    if (q->error)
        return failed(q, q->error);
    if (s && q->at == q->end) {
        s->formatting = false;
        s->format = q->c.cdw10 & 15;
        if (q->c.nsid != NVME_ALL)
            return NVME_OK;
        s = NULL;
    }
    if (!s) {
        do
            q->turn++;
        while (q->turn <= NVME_NAMESPACES && (q->c.nsid == NVME_ALL ? !n->ns[q->turn] : q->turn != q->c.nsid));
        if (q->turn > NVME_NAMESPACES || !n->ns[q->turn])
            return NVME_OK;
        unsigned status = check_format(q, n->ns[q->turn]); /* it may have come, or be another one now */
        if (status)
            return status;
        q->ns = s = n->ns[q->turn];
        q->at = 0;
        q->end = block_size(s->drive);
        s->formatting = true;
    }
    uint64_t k = q->end - q->at < FORMAT_PIECE ? q->end - q->at : FORMAT_PIECE;
    s->formatted = (uint8_t)(q->end ? q->at * 100.0 / (double)q->end : 0);
    q->at += k;
    return send(q, s, BLOCK_ZERO, q->at - k, k, BLOCK_UNMAP);
}

static unsigned check_format(const struct nvme_request *q, const struct nvme_ns *s)
{
    unsigned erase = q->c.cdw10 >> 9 & 7;
    if ((q->c.cdw10 & 15) >= s->nformats || q->c.cdw10 >> 4 & 0x1f) /* no metadata, no protection */
        return NVME_FORMAT;
    if (erase > 1)
        return NVME_INVALID_FIELD;
    if (s->formatting)
        return NVME_FORMATTING;
    return s->drive->node->readonly ? NVME_WRITE_PROTECTED : NVME_OK;
}

unsigned nvme_format(struct nvme_request *q)
{
    const struct nvme_ns *s = nvme_ns_at(q->n, q->c.nsid);
    unsigned status = NVME_OK;
    if (!q->c.nsid || (q->c.nsid > NVME_NAMESPACES && q->c.nsid != NVME_ALL))
        return NVME_INVALID_NAMESPACE;
    if (!s && q->c.nsid != NVME_ALL)
        return NVME_INVALID_FIELD;
    for (unsigned k = 1; k <= NVME_NAMESPACES && !status; k++)
        if (q->n->ns[k] && (!s || s == q->n->ns[k]))
            status = check_format(q, q->n->ns[k]);
    return status ? status : begin(q, format_step);
}
