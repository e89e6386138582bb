/*
 * NVM Express: Get Log Page (base 5.14): errors, health, firmware, changed namespaces, commands and their effects.
 */
#include <string.h>

#include "nvme.h"

enum { MOST = 4096, NO_RAE = 1 << 15, TRANSFER = 1 << 20 };
enum { SUPPORTED = 1, CHANGES_BLOCKS = 1 << 1 };

static void put(uint8_t *to, unsigned size, uint64_t v)
{
    for (unsigned k = 0; k < size; k++)
        to[k] = (uint8_t)(v >> 8 * k);
}

/* ---------------------------------------------------------------------------- errors */

/* Of what went wrong with data, the newest first. */
void nvme_log_error(struct nvme_request *q, unsigned status, uint64_t lba)
{
    struct nvme *n = q->n;
    n->errors[n->nerrors++ % NVME_ERRORS] = (struct nvme_error){
        .count = n->nerrors, .sqid = q->sqid, .cid = q->c.cid, .status = (uint16_t)(status << 1), .location = 0xffff, .lba = lba, .nsid = q->c.nsid
    };
}

static void errors(const struct nvme *n, uint8_t *to)
{
    for (unsigned k = 0; k < NVME_ERRORS && k < n->nerrors; k++, to += 64) {
        const struct nvme_error *e = &n->errors[(n->nerrors - 1 - k) % NVME_ERRORS];
        put(to, 8, e->count);
        put(to + 8, 2, e->sqid);
        put(to + 10, 2, e->cid);
        put(to + 12, 2, e->status);
        put(to + 14, 2, e->location);
        put(to + 16, 8, e->lba);
        put(to + 24, 4, e->nsid);
    }
}

/* ---------------------------------------------------------------------------- health */

unsigned nvme_warnings(const struct nvme *n)
{
    bool hot = NVME_TEMPERATURE >= n->feature[FEATURE_TEMPERATURE], cold = NVME_TEMPERATURE <= n->under_threshold;
    return hot || cold ? 1 << 1 : 0;
}

static uint64_t thousands(uint64_t sectors) { return (sectors + 999) / 1000; }

static void health(const struct nvme *n, const struct nvme_ns *one, uint8_t *to)
{
    uint64_t reads = 0, writes = 0, read = 0, written = 0, media = 0;
    for (unsigned k = 1; k <= NVME_NAMESPACES; k++) {
        const struct nvme_ns *s = n->ns[k];
        if (!s || (one && s != one))
            continue;
        reads += s->reads;
        writes += s->writes;
        read += s->read_sectors;
        written += s->written_sectors;
        media += s->media_errors;
    }
    to[0] = (uint8_t)nvme_warnings(n);
    put(to + 1, 2, NVME_TEMPERATURE);
    to[3] = 100; /* percent of spares */
    put(to + 32, 8, thousands(read));
    put(to + 48, 8, thousands(written));
    put(to + 64, 8, reads);
    put(to + 80, 8, writes);
    put(to + 112, 8, 1); /* power cycles */
    put(to + 128, 8, clock_now(n->p.d.machine->loop) / 1000000000 / 3600);
    put(to + 160, 8, media);
    put(to + 176, 8, n->nerrors);
}

/* --------------------------------------------------------------------------- the others */

static void changed(struct nvme *n, uint8_t *to)
{
    for (unsigned k = 1; k <= NVME_NAMESPACES; k++)
        if (n->changed[k]) {
            put(to, 4, k);
            to += 4;
        }
}

static void effects(uint8_t *to)
{
    static const struct { uint16_t at; uint32_t v; } row[] = {
        { ADMIN_DELETE_SQ, SUPPORTED }, { ADMIN_CREATE_SQ, SUPPORTED }, { ADMIN_GET_LOG, SUPPORTED }, { ADMIN_DELETE_CQ, SUPPORTED },
        { ADMIN_CREATE_CQ, SUPPORTED }, { ADMIN_IDENTIFY, SUPPORTED }, { ADMIN_ABORT, SUPPORTED }, { ADMIN_SET_FEATURES, SUPPORTED },
        { ADMIN_GET_FEATURES, SUPPORTED }, { ADMIN_EVENT_REQUEST, SUPPORTED }, { ADMIN_DOORBELL_BUFFER, SUPPORTED },
        { ADMIN_FORMAT, SUPPORTED | CHANGES_BLOCKS | 1 << 2 /* namespaces */ | 1 << 16 /* no other command of it meanwhile */ },
        { 256 + IO_FLUSH, SUPPORTED | CHANGES_BLOCKS }, { 256 + IO_WRITE, SUPPORTED | CHANGES_BLOCKS }, { 256 + IO_READ, SUPPORTED },
        { 256 + IO_COMPARE, SUPPORTED }, { 256 + IO_WRITE_ZEROES, SUPPORTED | CHANGES_BLOCKS }, { 256 + IO_DATASET, SUPPORTED | CHANGES_BLOCKS },
        { 256 + IO_VERIFY, SUPPORTED },
    };
    for (unsigned k = 0; k < sizeof row / sizeof *row; k++)
        put(to + 4 * row[k].at, 4, row[k].v);
}

unsigned nvme_get_log(struct nvme_request *q)
{
    struct nvme *n = q->n;
    uint8_t bytes[MOST] = { 0 };
    unsigned size = 0, log = q->c.cdw10 & 0xff;
    bool keep = q->c.cdw10 & NO_RAE, all = !q->c.nsid || q->c.nsid == NVME_ALL;
    uint64_t length = ((uint64_t)(q->c.cdw10 >> 16) | (uint64_t)(q->c.cdw11 & 0xffff) << 16) * 4 + 4;
    uint64_t offset = q->c.cdw12 | (uint64_t)q->c.cdw13 << 32, limit = n->mdts ? 4096ull << n->mdts : TRANSFER;
    switch (log) {
    case LOG_ERROR:
        errors(n, bytes);
        size = 64 * NVME_ERRORS;
        break;
    case LOG_HEALTH:
        if (!all && q->c.nsid > NVME_NAMESPACES)
            return NVME_INVALID_NAMESPACE;
        if (!all && !nvme_ns_at(n, q->c.nsid))
            return NVME_INVALID_FIELD;
        health(n, all ? NULL : nvme_ns_at(n, q->c.nsid), bytes);
        size = 512;
        break;
    case LOG_FIRMWARE:
        bytes[0] = 1;
        memcpy(bytes + 8, "1.0     ", 8);
        size = 512;
        break;
    case LOG_CHANGED:
        changed(n, bytes);
        size = 4096;
        break;
    case LOG_EFFECTS:
        effects(bytes);
        size = 4096;
        break;
    default:
        return NVME_LOG_PAGE;
    }
    if ((offset & 3) || offset >= size || length > limit)
        return NVME_INVALID_FIELD;
    unsigned status = nvme_put(q, bytes + offset, size - offset, length);
    if (status || keep)
        return status;
    if (log == LOG_CHANGED)
        memset(n->changed, 0, sizeof n->changed);
    if (log == LOG_ERROR || log == LOG_HEALTH || log == LOG_CHANGED)
        nvme_unmask(n, log == LOG_ERROR ? EVENT_ERROR : log == LOG_HEALTH ? EVENT_HEALTH : EVENT_NOTICE);
    return status;
}
