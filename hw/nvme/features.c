/*
 * NVM Express: Get Features and Set Features (base 5.14, 5.21). A feature is a row; none is kept over a reset.
 */
#include <string.h>

#include "nvme.h"

enum { OF_NAMESPACES = 1, CHANGEABLE = 2 };
enum { SELECT_CURRENT, SELECT_DEFAULT, SELECT_SAVED, SELECT_CAPABILITIES };
enum { OVER_THRESHOLD = 343, THRESHOLD_SENSOR = 0xf << 16, THRESHOLD_UNDER = 1 << 20, THRESHOLD_TYPE = 3 << 20, MS = 1000000 };

struct row {
    uint8_t id, flags;
    uint32_t value, mask; /* after a reset; bits that software may set */
    /* NULL: it is n->feature[id]. */
    unsigned (*get)(struct nvme_request *q, bool current);
    unsigned (*set)(struct nvme_request *q);
};

/* ----------------------------------------------------------------------- those that act */

static unsigned get_temperature(struct nvme_request *q, bool current)
{
    bool under = q->c.cdw11 & THRESHOLD_UNDER;
    if (q->c.cdw11 & THRESHOLD_SENSOR) /* the composite one alone */
        return NVME_INVALID_FIELD;
    q->result = under ? (current ? q->n->under_threshold : 0) : current ? q->n->feature[FEATURE_TEMPERATURE] : OVER_THRESHOLD;
    return NVME_OK;
}

static unsigned set_temperature(struct nvme_request *q)
{
    struct nvme *n = q->n;
    unsigned sensor = q->c.cdw11 & THRESHOLD_SENSOR, type = q->c.cdw11 & THRESHOLD_TYPE;
    if ((sensor && sensor != THRESHOLD_SENSOR) || type > THRESHOLD_UNDER)
        return NVME_INVALID_FIELD;
    *(type ? &n->under_threshold : &n->feature[FEATURE_TEMPERATURE]) = q->c.cdw11 & 0xffff;
    if (nvme_warnings(n) & n->feature[FEATURE_EVENTS] & 0xff)
        nvme_tell(n, EVENT_HEALTH, 1, LOG_HEALTH);
    return NVME_OK;
}

static unsigned get_queues(struct nvme_request *q, bool current)
{
    q->result = (q->n->max_ioqpairs - 1) * 0x10001u;
    return NVME_OK;
}

/* All that there are, whatever is asked for. */
static unsigned set_queues(struct nvme_request *q)
{
    if (q->n->io_queues)
        return NVME_SEQUENCE;
    if ((q->c.cdw11 & 0xffff) == 0xffff || q->c.cdw11 >> 16 == 0xffff)
        return NVME_INVALID_FIELD;
    return get_queues(q, true);
}

static unsigned get_vector(struct nvme_request *q, bool current)
{
    unsigned vector = q->c.cdw11 & 0xffff;
    if (vector >= q->n->msix_qsize)
        return NVME_INVALID_FIELD;
    q->result = vector | (uint32_t)(current ? q->n->no_coalescing[vector] : !vector) << 16;
    return NVME_OK;
}

static unsigned set_vector(struct nvme_request *q)
{
    unsigned vector = q->c.cdw11 & 0xffff;
    if (vector >= q->n->msix_qsize)
        return NVME_INVALID_FIELD;
    q->n->no_coalescing[vector] = q->c.cdw11 >> 16 & 1;
    return NVME_OK;
}

static unsigned get_timestamp(struct nvme_request *q, bool current)
{
    const struct nvme *n = q->n;
    uint64_t ms = n->timestamp + (clock_now(n->p.d.machine->loop) - n->timestamp_at) / MS;
    uint64_t v = current ? (ms & 0xffffffffffff) | (uint64_t)n->timestamp_origin << 49 : 0;
    return nvme_put(q, &v, sizeof v, sizeof v);
}

static unsigned set_timestamp(struct nvme_request *q)
{
    struct nvme *n = q->n;
    uint64_t v;
    unsigned status = nvme_take(q, &v, sizeof v);
    if (!status) {
        n->timestamp = v & 0xffffffffffff;
        n->timestamp_at = clock_now(n->p.d.machine->loop);
        n->timestamp_origin = 1; /* by Set Features */
    }
    return status;
}

static const struct row rows[] = {
    { FEATURE_ARBITRATION, CHANGEABLE, 7, 0xffffff07, NULL, NULL },
    { FEATURE_POWER, CHANGEABLE, 0, 0, NULL, NULL }, /* one state; workloads are taken */
    { FEATURE_TEMPERATURE, CHANGEABLE, OVER_THRESHOLD, 0xffff, get_temperature, set_temperature },
    { FEATURE_RECOVERY, CHANGEABLE | OF_NAMESPACES, 0, 0xffff, NULL, NULL },
    { FEATURE_WRITE_CACHE, CHANGEABLE, 1, 1, NULL, NULL },
    { FEATURE_QUEUES, CHANGEABLE, 0, 0, get_queues, set_queues },
    { FEATURE_COALESCING, CHANGEABLE, 0, 0xffff, NULL, NULL }, /* a hint: interrupts come in batches as they are */
    { FEATURE_VECTOR, CHANGEABLE, 0, 0, get_vector, set_vector },
    { FEATURE_ATOMICITY, CHANGEABLE, 0, 1, NULL, NULL },
    { FEATURE_EVENTS, CHANGEABLE, 0, 0xff | NVME_NOTICE_NAMESPACES, NULL, NULL },
    { FEATURE_TIMESTAMP, CHANGEABLE, 0, 0, get_timestamp, set_timestamp },
};
enum { ROWS = sizeof rows / sizeof *rows };

static const struct row *find(unsigned id)
{
    for (unsigned k = 0; k < ROWS; k++)
        if (rows[k].id == id)
            return &rows[k];
    return NULL;
}

void nvme_reset_features(struct nvme *n)
{
    memset(n->no_coalescing, 0, sizeof n->no_coalescing);
    n->no_coalescing[0] = 1; /* the admin queue's */
    n->under_threshold = 0;
    n->timestamp = n->timestamp_at = 0;
    n->timestamp_origin = 0;
    for (unsigned k = 0; k < ROWS; k++)
        n->feature[rows[k].id] = rows[k].value;
}

/* A namespace's number where the feature has one for each; NVME_OK: it fits. */
static unsigned check_namespace(const struct nvme_request *q, const struct row *r, bool set)
{
    uint32_t nsid = q->c.nsid;
    if (!(r->flags & OF_NAMESPACES))
        return set && nsid && nsid != NVME_ALL ? NVME_NOT_OF_NAMESPACES : NVME_OK;
    if (nsid == NVME_ALL)
        return set ? NVME_OK : NVME_INVALID_FIELD;
    if (!nsid || nsid > NVME_NAMESPACES)
        return NVME_INVALID_NAMESPACE;
    return nvme_ns_at(q->n, nsid) ? NVME_OK : NVME_INVALID_FIELD;
}

unsigned nvme_get_features(struct nvme_request *q)
{
    const struct row *r = find(q->c.cdw10 & 0xff);
    unsigned select = q->c.cdw10 >> 8 & 7;
    bool current = select == SELECT_CURRENT;
    if (!r || select > SELECT_CAPABILITIES)
        return NVME_INVALID_FIELD;
    if (select == SELECT_CAPABILITIES) {
        q->result = (r->flags & CHANGEABLE ? 4 : 0) | (r->flags & OF_NAMESPACES ? 2 : 0);
        return NVME_OK;
    }
    unsigned status = check_namespace(q, r, false);
    if (status || r->get)
        return status ? status : r->get(q, current);
    q->result = current ? q->n->feature[r->id] : r->value;
    return NVME_OK;
}

unsigned nvme_set_features(struct nvme_request *q)
{
    const struct row *r = find(q->c.cdw10 & 0xff);
    if (q->c.cdw10 >> 31)
        return NVME_NOT_SAVEABLE;
    if (!r)
        return NVME_INVALID_FIELD;
    unsigned status = check_namespace(q, r, true);
    if (status || r->set)
        return status ? status : r->set(q);
    if (r->id == FEATURE_RECOVERY && (q->c.cdw11 & 1 << 16)) /* errors for blocks that are deallocated */
        return NVME_INVALID_FIELD;
    if (r->id == FEATURE_POWER && (q->c.cdw11 & 0x1f))
        return NVME_INVALID_FIELD;
    q->n->feature[r->id] = q->c.cdw11 & r->mask;
    return NVME_OK;
}
