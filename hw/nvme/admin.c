/*
 * NVM Express admin commands (base 5): queues, aborts, asynchronous events, doorbell buffers. Those that read tables are in
 * identify.c, features.c and logs.c, Format NVM in io.c.
 */
#include <string.h>

#include "nvme.h"

enum { ENTRY_SQ = 6, ENTRY_CQ = 4 /* log2 of bytes */ };

/* --------------------------------------------------------------------------- events */

void nvme_tell_waiting(struct nvme *n)
{
    for (unsigned k = 0; k < n->nevents && n->nrequests;) {
        struct nvme_event e = n->event[k];
        e.type &= 7;
        if (n->masked >> e.type & 1) {
            k++;
            continue;
        }
        if (!nvme_has_room(n, 0))
            return;
        memmove(&n->event[k], &n->event[k + 1], (--n->nevents - k) * sizeof *n->event);
        n->masked |= (uint8_t)(1u << e.type);
        nvme_post(n, 0, n->requests[0], e.type | (uint32_t)e.info << 8 | (uint32_t)e.log << 16, NVME_OK);
        memmove(&n->requests[0], &n->requests[1], --n->nrequests * sizeof *n->requests);
    }
}

void nvme_tell(struct nvme *n, enum nvme_event_type type, unsigned info, enum nvme_log log)
{
    unsigned most = n->aer_max_queued < NVME_EVENTS ? n->aer_max_queued : NVME_EVENTS;
    if (!n->sq[0].size || (n->nevents >= most && !n->nrequests) || n->nevents == NVME_EVENTS)
        return;
    n->event[n->nevents++] = (struct nvme_event){ (uint8_t)type, (uint8_t)info, (uint8_t)log };
    nvme_tell_waiting(n);
}

void nvme_unmask(struct nvme *n, enum nvme_event_type type)
{
    n->masked &= (uint8_t)~(1u << type);
    nvme_tell_waiting(n);
}

void nvme_changed(struct nvme *n, uint32_t nsid)
{
    bool told = memchr(n->changed, 1, sizeof n->changed);
    n->changed[nsid] = 1;
    if (!told && (n->feature[FEATURE_EVENTS] & NVME_NOTICE_NAMESPACES))
        nvme_tell(n, EVENT_NOTICE, 0, LOG_CHANGED);
    nvme_signal(n);
}

static unsigned event_request(struct nvme_request *q)
{
    struct nvme *n = q->n;
    if (n->nrequests > n->aerl)
        return NVME_EVENT_LIMIT;
    n->requests[n->nrequests++] = q->c.cid;
    n->kept[0]--; /* it may be answered at once */
    nvme_tell_waiting(n);
    n->kept[0]++;
    return NVME_HELD;
}

/* Only those that wait for an event can be; others are nearly done. */
static unsigned abort_command(struct nvme_request *q)
{
    struct nvme *n = q->n;
    unsigned sqid = q->c.cdw10 & 0xffff, cid = q->c.cdw10 >> 16;
    if (sqid >= NVME_QUEUES || !n->sq[sqid].size)
        return NVME_INVALID_FIELD;
    q->result = 1;
    for (unsigned k = 0; k < n->nrequests && !sqid; k++)
        if (n->requests[k] == cid && nvme_has_room(n, 0)) {
            memmove(&n->requests[k], &n->requests[k + 1], (--n->nrequests - k) * sizeof *n->requests);
            nvme_post(n, 0, cid, 0, NVME_ABORT_REQUESTED);
            q->result = 0;
            break;
        }
    return NVME_OK;
}

/* --------------------------------------------------------------------------- queues */

static bool is_queue(const struct nvme *n, unsigned id) { return id && id <= n->max_ioqpairs; }

static unsigned check_queue(const struct nvme_request *q, unsigned log2)
{
    const struct nvme *n = q->n;
    unsigned entries = (q->c.cdw10 >> 16) + 1, size = n->cc >> (log2 == ENTRY_SQ ? 16 : 20) & 15;
    if (entries < 2 || entries > NVME_ENTRIES || size != log2)
        return NVME_QUEUE_SIZE;
    if (q->c.prp1 & ((1ull << nvme_page_bits(n)) - 1))
        return NVME_PRP_OFFSET;
    return q->c.cdw11 & 1 ? NVME_OK : NVME_INVALID_FIELD; /* contiguous, as CAP.CQR says */
}

static unsigned create_cq(struct nvme_request *q)
{
    struct nvme *n = q->n;
    struct nvme_memory m;
    unsigned id = q->c.cdw10 & 0xffff, vector = q->c.cdw11 >> 16, interrupts = q->c.cdw11 >> 1 & 1;
    if (!is_queue(n, id) || n->cq[id].size)
        return NVME_QUEUE_ID;
    unsigned status = check_queue(q, ENTRY_CQ);
    if (status)
        return status;
    if (vector >= n->msix_qsize || (vector && !pci_msix_on(&n->p)))
        return NVME_VECTOR;
    struct nvme_cq c = { .base = q->c.prp1, .size = (uint16_t)((q->c.cdw10 >> 16) + 1), .vector = (uint16_t)vector, .interrupts = (uint8_t)interrupts };
    if (!nvme_find_memory(n, c.base, (uint64_t)c.size << ENTRY_CQ, true, &m))
        return NVME_DATA_TRANSFER;
    n->cq[id] = c;
    nvme_start_cq(n, id, &m);
    n->io_queues = true;
    return NVME_OK;
}

static unsigned create_sq(struct nvme_request *q)
{
    struct nvme *n = q->n;
    struct nvme_memory m;
    unsigned id = q->c.cdw10 & 0xffff, cqid = q->c.cdw11 >> 16;
    if (!is_queue(n, id) || n->sq[id].size || !is_queue(n, cqid))
        return NVME_QUEUE_ID;
    if (!n->cq[cqid].size)
        return NVME_CQ_INVALID;
    unsigned status = check_queue(q, ENTRY_SQ);
    if (status)
        return status;
    struct nvme_sq s = { .base = q->c.prp1, .size = (uint16_t)((q->c.cdw10 >> 16) + 1), .cqid = (uint16_t)cqid };
    if (!nvme_find_memory(n, s.base, (uint64_t)s.size << ENTRY_SQ, false, &m))
        return NVME_DATA_TRANSFER;
    n->sq[id] = s;
    nvme_start_sq(n, id, &m);
    n->io_queues = true;
    return NVME_OK;
}

/* What is under way ends first. */
static unsigned delete_sq(struct nvme_request *q)
{
    struct nvme *n = q->n;
    unsigned id = q->c.cdw10 & 0xffff;
    if (!is_queue(n, id) || !n->sq[id].size)
        return NVME_QUEUE_ID;
    nvme_drain(n);
    n->sq[id] = (struct nvme_sq){ 0 };
    return NVME_OK;
}

static unsigned delete_cq(struct nvme_request *q)
{
    struct nvme *n = q->n;
    unsigned id = q->c.cdw10 & 0xffff;
    if (!is_queue(n, id) || !n->cq[id].size)
        return NVME_QUEUE_ID;
    for (unsigned k = 1; k < NVME_QUEUES; k++)
        if (n->sq[k].size && n->sq[k].cqid == id)
            return NVME_QUEUE_DELETION;
    n->cq[id] = (struct nvme_cq){ 0 };
    return NVME_OK;
}

/* Copies of the doorbells in memory (base 5.7): the driver's, and up to where it need not ring. */
static unsigned doorbell_buffer(struct nvme_request *q)
{
    struct nvme *n = q->n;
    uint64_t page = 1ull << nvme_page_bits(n);
    struct nvme_memory shadow, events;
    if ((q->c.prp1 | q->c.prp2) & (page - 1))
        return NVME_INVALID_FIELD;
    if (!nvme_find_memory(n, q->c.prp1, page, false, &shadow) || !nvme_find_memory(n, q->c.prp2, page, true, &events))
        return NVME_DATA_TRANSFER;
    n->shadow = shadow;
    n->event_index = events;
    n->shadow_base = q->c.prp1;
    n->event_index_base = q->c.prp2;
    return NVME_OK;
}

unsigned nvme_admin(struct nvme_request *q)
{
    if (q->c.flags >> 6)
        return NVME_INVALID_FIELD;
    switch (q->c.opcode) {
    case ADMIN_DELETE_SQ:
        return delete_sq(q);
    case ADMIN_CREATE_SQ:
        return create_sq(q);
    case ADMIN_DELETE_CQ:
        return delete_cq(q);
    case ADMIN_CREATE_CQ:
        return create_cq(q);
    case ADMIN_GET_LOG:
        return nvme_get_log(q);
    case ADMIN_IDENTIFY:
        return nvme_identify(q);
    case ADMIN_ABORT:
        return abort_command(q);
    case ADMIN_SET_FEATURES:
        return nvme_set_features(q);
    case ADMIN_GET_FEATURES:
        return nvme_get_features(q);
    case ADMIN_EVENT_REQUEST:
        return event_request(q);
    case ADMIN_DOORBELL_BUFFER:
        return doorbell_buffer(q);
    case ADMIN_FORMAT:
        return nvme_format(q);
    }
    return NVME_INVALID_OPCODE;
}
