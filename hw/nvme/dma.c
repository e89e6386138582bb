/*
 * Data of NVM Express commands: where it is in guest memory, by PRP entries and lists (base 4.3) or by SGLs (base 4.4).
 *
 * It is mapped to pieces of host memory, which images read and write without a copy. A command whose data is not all memory
 * ends with Data Transfer Error before anything of it moves. Every step on the way takes a part of the data, or is a segment
 * of those that may still come: a list that goes round ends.
 */
#include <stdlib.h>
#include <string.h>

#include "nvme.h"

enum { SEGMENTS = 256, DESCRIPTOR = 16, PIECES = 1 << 20, DESCRIPTORS = 1024 /* of an SGL, besides one for each page */ };
enum { SGL_DATA = 0, SGL_BUCKET = 1, SGL_SEGMENT = 2, SGL_LAST = 3 };

static bool more_pieces(struct nvme_request *q)
{
    unsigned most = q->most ? 2 * q->most : 16;
    if (most > PIECES)
        return false;
    struct iovec *iov = realloc(q->iov, most * sizeof *iov);
    q->iov = iov ? iov : q->iov;
    struct nvme_piece *piece = realloc(q->piece, most * sizeof *piece);
    q->piece = piece ? piece : q->piece;
    if (!iov || !piece)
        return false;
    q->most = most;
    return true;
}

static unsigned add(struct nvme_request *q, uint8_t *host, struct mem_region *r, uint64_t offset, uint64_t n)
{
    struct iovec *v = q->npieces ? &q->iov[q->npieces - 1] : NULL;
    if (v && r && (uint8_t *)v->iov_base + v->iov_len == host && q->piece[q->npieces - 1].r == r) {
        v->iov_len += n;
        q->piece[q->npieces - 1].n += n;
        return NVME_OK;
    }
    if (q->npieces == q->most && !more_pieces(q))
        return NVME_INTERNAL;
    q->iov[q->npieces] = (struct iovec){ host, n };
    q->piece[q->npieces++] = (struct nvme_piece){ r, offset, n };
    return NVME_OK;
}

static unsigned add_memory(struct nvme_request *q, gpa_t gpa, uint64_t n, bool to_host)
{
    struct machine *m = q->n->p.d.machine;
    if (gpa + n < gpa)
        return NVME_DATA_TRANSFER;
    while (n) {
        struct mem_range g;
        if (!physmem_find(m->memory, &m->reader, gpa, &g) || (g.r->kind != MEM_RAM && (to_host || g.r->kind != MEM_ROM)))
            return NVME_DATA_TRANSFER;
        uint64_t k = g.last - gpa < n - 1 ? g.last - gpa + 1 : n, offset = g.offset + (gpa - g.base);
        unsigned status = add(q, g.r->host + offset, g.r, offset, k);
        if (status)
            return status;
        gpa += k;
        n -= k;
    }
    return NVME_OK;
}

/* --------------------------------------------------------------------------- PRP */

static unsigned map_list(struct nvme_request *q, uint64_t list, uint64_t n, bool to_host)
{
    uint64_t page = 1ull << nvme_page_bits(q->n), entry;
    if (list & 7)
        return NVME_PRP_OFFSET;
    for (;; list += 8) {
        if (pci_dma_read(&q->n->p, list, &entry, 8))
            return NVME_DATA_TRANSFER;
        if (entry & (page - 1))
            return NVME_PRP_OFFSET;
        if ((list & (page - 1)) == page - 8 && n > page) { /* the last one of a page: where the list goes on */
            list = entry - 8;
            continue;
        }
        uint64_t k = n < page ? n : page;
        unsigned status = add_memory(q, entry, k, to_host);
        if (status || !(n -= k))
            return status;
    }
}

static unsigned map_prp(struct nvme_request *q, uint64_t n, bool to_host)
{
    uint64_t page = 1ull << nvme_page_bits(q->n), one = q->c.prp1, two = q->c.prp2;
    uint64_t first = page - (one & (page - 1));
    if (one & 3)
        return NVME_PRP_OFFSET;
    first = first < n ? first : n;
    unsigned status = add_memory(q, one, first, to_host);
    if (status || !(n -= first))
        return status;
    if (n > page)
        return map_list(q, two, n, to_host);
    return two & (page - 1) ? NVME_PRP_OFFSET : add_memory(q, two, n, to_host);
}

/* --------------------------------------------------------------------------- SGL */

struct descriptor { uint64_t at; uint32_t n; uint8_t reserved[3], type; };
_Static_assert(sizeof(struct descriptor) == DESCRIPTOR, "base 4.4");

uint8_t *nvme_sink(struct nvme *n)
{
    if (!n->sink)
        n->sink = malloc(NVME_SINK);
    return n->sink;
}

/* Bytes that nobody wants; one place for all of them. */
static unsigned add_bucket(struct nvme_request *q, uint64_t n)
{
    struct nvme *c = q->n;
    if (!nvme_sink(c))
        return NVME_INTERNAL;
    while (n) {
        uint64_t k = n < NVME_SINK ? n : NVME_SINK;
        unsigned status = add(q, c->sink, NULL, 0, k);
        if (status)
            return status;
        n -= k;
    }
    return NVME_OK;
}

static unsigned add_descriptor(struct nvme_request *q, const struct descriptor *d, uint64_t *left, bool to_host)
{
    uint64_t n = d->n < *left ? d->n : *left;
    switch (d->type) {
    case SGL_BUCKET << 4:
        if (!to_host)
            return NVME_OK;
        *left -= n;
        return add_bucket(q, n);
    case SGL_DATA << 4:
        *left -= n;
        return add_memory(q, d->at, n, to_host);
    case SGL_SEGMENT << 4:
    case SGL_LAST << 4:
        return NVME_SGL_COUNT;
    }
    return NVME_SGL_TYPE;
}

/* A descriptor for more data than the command moves is allowed (SGLS says so). */
static unsigned map_sgl(struct nvme_request *q, uint64_t n, bool to_host)
{
    struct descriptor d;
    memcpy(&d, &q->c.prp1, sizeof d);
    unsigned status = NVME_OK, type = d.type >> 4, seen = 0, most = DESCRIPTORS + (q->n->mdts ? 1u << q->n->mdts : PIECES);
    if (type != SGL_SEGMENT && type != SGL_LAST) {
        status = add_descriptor(q, &d, &n, to_host);
        return status ? status : n ? NVME_SGL_LENGTH : NVME_OK;
    }
    for (unsigned segments = 0; n; segments++) {
        bool last = d.type == SGL_LAST << 4;
        uint64_t at = d.at, count = d.n / DESCRIPTOR;
        if ((!last && d.type != SGL_SEGMENT << 4) || !count || d.n % DESCRIPTOR)
            return d.type & 15 ? NVME_SGL_TYPE : NVME_SGL_SEGMENT;
        if (segments == SEGMENTS)
            return NVME_SGL_COUNT;
        for (; count && n; count--, at += DESCRIPTOR) {
            if (seen++ == most) /* reading them, and what is kept of them, takes too long for so little data */
                return NVME_SGL_COUNT;
            if (pci_dma_read(&q->n->p, at, &d, sizeof d))
                return NVME_DATA_TRANSFER;
            type = d.type >> 4;
            if (count == 1 && (type == SGL_SEGMENT || type == SGL_LAST)) {
                if (last)
                    return NVME_SGL_SEGMENT;
                break;
            }
            uint64_t before = n;
            if ((status = add_descriptor(q, &d, &n, to_host)))
                return status;
            if (n == before && ++segments == SEGMENTS) /* moves nothing: there may be some of those */
                return NVME_SGL_COUNT;
        }
        if (n && !count)
            return NVME_SGL_LENGTH;
    }
    return NVME_OK;
}

/* ----------------------------------------------------------------------- transfers */

unsigned nvme_map(struct nvme_request *q, uint64_t n, bool to_host)
{
    unsigned how = q->c.flags >> 6;
    q->npieces = 0;
    if (!pci_master(&q->n->p))
        return NVME_DATA_TRANSFER;
    if (how == 3 || (how && !q->sqid)) /* admin commands: PRPs alone */
        return NVME_INVALID_FIELD;
    return how ? map_sgl(q, n, to_host) : map_prp(q, n, to_host);
}

void nvme_wrote(struct nvme_request *q)
{
    for (unsigned k = 0; k < q->npieces; k++)
        if (q->piece[k].r)
            physmem_wrote(q->n->p.d.machine->memory, q->piece[k].r, q->piece[k].offset, q->piece[k].n);
}

unsigned nvme_put(struct nvme_request *q, const void *bytes, uint64_t have, uint64_t n)
{
    const uint8_t *from = bytes;
    unsigned status = nvme_map(q, n, true);
    for (unsigned k = 0; !status && k < q->npieces; k++) {
        uint64_t part = q->iov[k].iov_len < have ? q->iov[k].iov_len : have;
        memcpy(q->iov[k].iov_base, from, part);
        memset((uint8_t *)q->iov[k].iov_base + part, 0, q->iov[k].iov_len - part);
        from += part;
        have -= part;
    }
    if (!status)
        nvme_wrote(q);
    return status;
}

unsigned nvme_take(struct nvme_request *q, void *bytes, uint64_t n)
{
    uint8_t *to = bytes;
    unsigned status = nvme_map(q, n, false);
    for (unsigned k = 0; !status && k < q->npieces; k++) {
        memcpy(to, q->iov[k].iov_base, q->iov[k].iov_len);
        to += q->iov[k].iov_len;
    }
    return status;
}
