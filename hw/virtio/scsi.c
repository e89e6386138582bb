/*
 * virtio-scsi (virtio-v1.2 §5.6): a host adapter. Queue 0 takes task management and asynchronous events' subscriptions, queue
 * 1 has buffers for events, the others take commands for the units on its bus (../scsi/).
 *
 * What is under way can't be called back from the host: a request that is aborted ends when the host has done it, with the
 * response ABORTED or RESET, and the answer to the task management function waits for all that it concerns.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pci/virtio_pci.h"
#include "scsi/scsi.h"

enum { F_INOUT = 0, F_HOTPLUG = 1, F_CHANGE = 2 };
enum { CONTROL = 0, EVENT = 1, COMMANDS = 2 };
enum { /* responses */
    S_OK = 0, S_OVERRUN = 1, S_ABORTED = 2, S_BAD_TARGET = 3, S_RESET = 4, S_FAILURE = 9, S_SUCCEEDED = 10, S_REJECTED = 11, S_INCORRECT_LUN = 12
};
enum { T_TMF = 0, T_AN_QUERY = 1, T_AN_SUBSCRIBE = 2 };
enum { ABORT_TASK, ABORT_TASK_SET, CLEAR_ACA, CLEAR_TASK_SET, NEXUS_RESET, UNIT_RESET, QUERY_TASK, QUERY_TASK_SET };
enum { E_NONE = 0, E_TRANSPORT_RESET = 1, E_ASYNC = 2, E_PARAMETERS = 3 };
#define E_MISSED 0x80000000u
enum { RESET_RESCAN = 1, RESET_REMOVED = 2, AN_MEDIA_CHANGE = 16 };
enum { CONFIG_BYTES = 36, SENSE_SIZE = 96, CDB_SIZE = 32, MOST_CDB = 256, MOST_SENSE = 1024, HEAD = 19, ANSWER = 12, AUTO_QUEUES = 65535 };
enum { TARGETS = 256, LUNS = 16384 };

struct __attribute__((packed)) scsi_config {
    uint32_t num_queues, seg_max, max_sectors, cmd_per_lun, event_info_size, sense_size, cdb_size;
    uint16_t max_channel, max_target;
    uint32_t max_lun;
};
_Static_assert(sizeof(struct scsi_config) == CONFIG_BYTES, "virtio-v1.2 5.6.4");

struct management { /* a function that waits for requests to end */
    struct virtio_chain c;
    struct management *next;
    unsigned waits;
    uint64_t number;                 /* of the first command that it does not concern */
    uint64_t id;
    bool all_units, all_ids;
    uint8_t target;
    uint16_t lun;
};

struct command {
    struct virtio_chain c;
    struct scsi_request r;
    struct virtio_scsi *s;
    struct command *next, **at;      /* of those under way */
    uint64_t id;
    uint8_t target, response;        /* what it ends with instead of OK */
    uint16_t lun;
    uint64_t number;                 /* in the order of their starts */
    struct iovec few[4], *answer;    /* where its response goes: cut off the front of c.in */
    unsigned nanswer;
};

struct virtio_scsi {
    struct virtio v;
    struct scsi_bus bus;
    uint32_t num_queues, queue_size, max_sectors, cmd_per_lun;
    bool hotplug, param_change;
    uint32_t sense_size, cdb_size;   /* the driver's choice */
    uint8_t missed;                  /* events for which there was no buffer */
    struct command *under_way;
    struct management *managing;     /* those that wait */
    uint64_t number;                 /* of the next command */
    uint64_t to_signal;              /* queues with requests done */
};

struct address { uint8_t target; uint16_t lun; };

/* §5.6.6.1: byte 0 is 1, then the target, then a single-level LUN. False: nothing can be there. */
static bool parse_lun(const uint8_t lun[8], struct address *a)
{
    unsigned n = get16(lun + 2);
    *a = (struct address){ lun[1], n & 0x3fff };
    return lun[0] == 1 && (n < 256 || n >> 14 == 1);
}

static void put_lun(uint8_t lun[8], const struct scsi_device *u)
{
    const uint8_t bytes[8] = { 1, (uint8_t)u->id, (uint8_t)(u->lun < 256 ? 0 : u->lun >> 8 | 0x40), (uint8_t)u->lun };
    memcpy(lun, bytes, sizeof bytes);
}

static void send_signals(struct virtio_scsi *s)
{
    while (s->to_signal) {
        unsigned q = (unsigned)__builtin_ctzll(s->to_signal);
        s->to_signal &= s->to_signal - 1;
        virtio_signal(&s->v, q);
    }
}

/* --------------------------------------------------------------------------- events */

static void put_event(struct virtio_scsi *s, uint32_t event, const struct scsi_device *u, uint32_t reason)
{
    struct { uint32_t event; uint8_t lun[8]; uint32_t reason; } e = { .event = event, .reason = reason };
    struct virtio_chain *c = virtio_running(&s->v) ? virtio_pop(&s->v, EVENT, sizeof *c) : NULL;
    if (!c) {
        s->missed |= virtio_running(&s->v);
        return;
    }
    if (s->missed)
        e.event |= E_MISSED;
    s->missed = 0;
    if (u)
        put_lun(e.lun, u);
    virtio_push(&s->v, c, (uint32_t)virtio_put(c, &e, sizeof e));
    virtio_signal(&s->v, EVENT);
}

static struct virtio_scsi *scsi_of(struct scsi_bus *b) { return (struct virtio_scsi *)b->b.owner; }
static bool hot(struct scsi_bus *b) { return scsi_of(b)->hotplug; }
static void batch_done(struct scsi_bus *b) { send_signals(scsi_of(b)); }

static void plugged(struct scsi_bus *b, struct scsi_device *u, bool in)
{
    struct virtio_scsi *s = scsi_of(b);
    if (virtio_has(&s->v, F_HOTPLUG))
        put_event(s, E_TRANSPORT_RESET, u, in ? RESET_RESCAN : RESET_REMOVED);
}

static void changed(struct scsi_bus *b, struct scsi_device *u, struct scsi_sense what)
{
    struct virtio_scsi *s = scsi_of(b);
    if (virtio_has(&s->v, F_CHANGE))
        put_event(s, E_PARAMETERS, u, what.asc | (uint32_t)what.ascq << 8);
}

static void medium(struct scsi_bus *b, struct scsi_device *u)
{
    if (u->subscribed & AN_MEDIA_CHANGE)
        put_event(scsi_of(b), E_ASYNC, u, AN_MEDIA_CHANGE);
}

static const struct scsi_host host = { 1, TARGETS, LUNS, hot, plugged, changed, medium, batch_done };

/* ------------------------------------------------------------------------- requests */

static void put_answer(const struct command *q, const uint8_t *from, size_t n)
{
    for (unsigned k = 0; k < q->nanswer && n; k++) {
        size_t part = q->answer[k].iov_len < n ? q->answer[k].iov_len : n;
        memcpy(q->answer[k].iov_base, from, part);
        from += part;
        n -= part;
    }
}

static void end_management(struct virtio_scsi *s, struct management *m, uint8_t response)
{
    virtio_push(&s->v, &m->c, (uint32_t)virtio_put(&m->c, &response, 1));
    s->to_signal |= 1u << CONTROL;
}

static bool concerns(const struct management *m, const struct command *q)
{
    return q->number < m->number && q->target == m->target && (m->all_units || q->lun == m->lun) && (m->all_ids || q->id == m->id);
}

/* Functions that wait for the end of q, which was given back. */
static void tell_waiting(struct virtio_scsi *s, const struct command *q)
{
    for (struct management **at = &s->managing, *m; (m = *at);) {
        if (!concerns(m, q) || --m->waits) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        end_management(s, m, S_OK);
    }
}

/* The residual: bytes of the buffers that were not transferred. */
static void finish(struct command *q, uint8_t response)
{
    struct virtio_scsi *s = q->s;
    uint8_t answer[ANSWER + MOST_SENSE] = { 0 };
    size_t bytes = q->c.in_size ? q->c.in_size : q->c.out_size, moved = q->r.moved < bytes ? q->r.moved : bytes;
    uint32_t nsense = q->r.nsense < s->sense_size ? q->r.nsense : s->sense_size, left = (uint32_t)(bytes - moved);
    if (q->response)
        response = q->response;
    if (response == S_OK) {
        memcpy(answer, &nsense, 4);
        memcpy(answer + 4, &left, 4);
        answer[10] = q->r.status;
        memcpy(answer + ANSWER, q->r.sense, nsense);
    }
    answer[11] = response;
    put_answer(q, answer, ANSWER + s->sense_size);
    if (q->at) {
        *q->at = q->next;
        if (q->next)
            q->next->at = q->at;
    }
    if (q->answer != q->few)
        free(q->answer);
    s->to_signal |= 1ull << q->c.queue;
    struct command ended = *q;
    virtio_push(&s->v, &q->c, (uint32_t)(ANSWER + s->sense_size + (response == S_OK && q->c.in_size ? moved : 0)));
    if (s->managing)
        tell_waiting(s, &ended);
}

static void request_done(struct scsi_request *r)
{
    struct command *q = (struct command *)((char *)r - offsetof(struct command, r));
    finish(q, r->overrun ? S_OVERRUN : S_OK);
}

/* Keeps the place of the response, and takes it off c.in. */
static bool reserve_answer(struct command *q, size_t n)
{
    unsigned pieces = 0;
    uint8_t zero[ANSWER + MOST_SENSE] = { 0 };
    if (q->c.in_size < n)
        return false;
    for (size_t sum = 0; pieces < q->c.nin && sum < n; pieces++)
        sum += q->c.in[pieces].iov_len;
    q->answer = pieces <= sizeof q->few / sizeof *q->few ? q->few : malloc(pieces * sizeof *q->answer);
    if (!q->answer)
        return false;
    memcpy(q->answer, q->c.in, pieces * sizeof *q->answer);
    q->nanswer = pieces;
    return virtio_put(&q->c, zero, n) == n;
}

static void start(struct virtio_scsi *s, struct command *q)
{
    uint8_t head[HEAD], cdb[MOST_CDB];
    struct address a;
    q->s = s;
    q->number = s->number++;
    if (!virtio_take(&q->c, head, HEAD) || !virtio_take(&q->c, cdb, s->cdb_size) || !reserve_answer(q, ANSWER + s->sense_size)) {
        virtio_break(&s->v, q->c.queue, "a request without head or response");
        virtio_drop(&s->v, &q->c);
        return;
    }
    bool good = parse_lun(head, &a);
    memcpy(&q->id, head + 8, 8);
    q->target = a.target;
    q->lun = a.lun;
    memcpy(q->r.cdb, cdb, s->cdb_size < SCSI_CDB ? s->cdb_size : SCSI_CDB);
    q->r.out = q->c.out;
    q->r.nout = q->c.nout;
    q->r.out_size = q->c.out_size;
    q->r.in = q->c.in;
    q->r.nin = q->c.nin;
    q->r.in_size = q->c.in_size;
    q->r.done = request_done;
    if (q->c.out_size && q->c.in_size) { /* both: F_INOUT is not offered */
        finish(q, S_FAILURE);
        return;
    }
    if ((q->next = s->under_way))
        q->next->at = &q->next;
    q->at = &s->under_way;
    s->under_way = q;
    if (!good || !scsi_start(&s->bus, 0, a.target, a.lun, &q->r))
        finish(q, S_BAD_TARGET);
}

/* ------------------------------------------------------------------- task management */

/* All under way that m concerns end with `response` (0: they are only counted), and m waits for them. How many. */
static unsigned give_up(struct virtio_scsi *s, struct management *m, bool all_units, bool all_ids, uint8_t response)
{
    unsigned n = 0;
    m->all_units = all_units;
    m->all_ids = all_ids;
    m->number = s->number;
    for (struct command *q = s->under_way; q; q = q->next) {
        if (!concerns(m, q))
            continue;
        n++;
        if (response && !q->response)
            q->response = response;
        q->r.given_up |= response != 0;
    }
    if (!response || !n)
        return n;
    m->waits = n;
    m->next = s->managing;
    s->managing = m;
    return n;
}

static bool has_target(const struct virtio_scsi *s, unsigned target)
{
    for (struct scsi_device *u = NULL; (u = scsi_next(&s->bus, u));)
        if (u->id == (int32_t)target)
            return true;
    return false;
}

/* The response; what it waits for is counted in m. */
static uint8_t manage(struct virtio_scsi *s, struct management *m, uint32_t what, const uint8_t lun[8], uint64_t id)
{
    struct address a;
    bool good = parse_lun(lun, &a);
    struct scsi_device *u = good ? scsi_unit(&s->bus, 0, a.target, a.lun) : NULL;
    if (!good || !has_target(s, a.target))
        return S_BAD_TARGET;
    if (!u && what != NEXUS_RESET)
        return S_INCORRECT_LUN;
    m->target = a.target;
    m->lun = a.lun;
    m->id = id;
    switch (what) {
    case ABORT_TASK:
        give_up(s, m, false, false, S_ABORTED);
        return S_OK;
    case QUERY_TASK:
        return give_up(s, m, false, false, 0) ? S_SUCCEEDED : S_OK;
    case ABORT_TASK_SET:
    case CLEAR_TASK_SET:
        give_up(s, m, false, true, S_ABORTED);
        return S_OK;
    case QUERY_TASK_SET:
        return give_up(s, m, false, true, 0) ? S_SUCCEEDED : S_OK;
    case UNIT_RESET:
        give_up(s, m, false, true, S_RESET);
        scsi_reset(u, SENSE_UNIT_RESET);
        return S_OK;
    case NEXUS_RESET:
        give_up(s, m, true, true, S_RESET);
        for (u = NULL; (u = scsi_next(&s->bus, u));)
            if (u->id == a.target)
                scsi_reset(u, SENSE_NEXUS_RESET);
        return S_OK;
    default: /* there is no ACA to be cleared */
        return S_REJECTED;
    }
}

/* Which of the events asked for there are; S_BAD_TARGET and so on otherwise. */
static uint8_t subscribe(struct virtio_scsi *s, const uint8_t lun[8], uint32_t *events, bool query)
{
    struct address a;
    bool good = parse_lun(lun, &a);
    struct scsi_device *u = good ? scsi_unit(&s->bus, 0, a.target, a.lun) : NULL;
    *events &= AN_MEDIA_CHANGE;
    if (u && scsi_class_of(u)->type != SCSI_CD)
        *events = 0;
    if (u && !query)
        u->subscribed = *events;
    return u ? S_OK : good && has_target(s, a.target) ? S_INCORRECT_LUN : S_BAD_TARGET;
}

static void control(struct virtio_scsi *s, struct management *m)
{
    struct __attribute__((packed)) { uint32_t type, subtype; uint8_t lun[8]; uint64_t id; } f = { 0 };
    struct __attribute__((packed)) { uint8_t lun[8]; uint32_t events; } n = { 0 };
    struct __attribute__((packed)) { uint32_t events; uint8_t response; } answer = { 0 };
    bool whole = virtio_take(&m->c, &f.type, 4);
    if (whole && f.type == T_TMF) {
        whole = virtio_take(&m->c, &f.subtype, 4) && virtio_take(&m->c, f.lun, 8) && virtio_take(&m->c, &f.id, 8) && m->c.in_size >= 1;
        uint8_t response = whole ? manage(s, m, f.subtype, f.lun, f.id) : S_FAILURE;
        if (whole && m->waits)
            return; /* the last request's end answers */
        if (whole)
            end_management(s, m, response);
    } else if (whole && (f.type == T_AN_QUERY || f.type == T_AN_SUBSCRIBE)) {
        whole = virtio_take(&m->c, &n, sizeof n) && m->c.in_size >= sizeof answer;
        if (whole) {
            uint32_t events = n.events;
            answer.response = subscribe(s, n.lun, &events, f.type == T_AN_QUERY);
            answer.events = events;
            virtio_push(&s->v, &m->c, (uint32_t)virtio_put(&m->c, &answer, sizeof answer));
            s->to_signal |= 1u << CONTROL;
        }
    } else {
        whole = false;
    }
    if (!whole) {
        virtio_break(&s->v, CONTROL, "a control request that makes no sense");
        virtio_drop(&s->v, &m->c);
    }
}

static void notify(struct virtio *v, unsigned queue)
{
    struct virtio_scsi *s = (struct virtio_scsi *)v;
    struct management *m;
    struct command *q;
    if (queue == EVENT) {
        if (s->missed)
            put_event(s, E_NONE, NULL, 0);
        return;
    }
    aio_plug();
    if (queue == CONTROL)
        while ((m = virtio_pop(v, queue, sizeof *m)))
            control(s, m);
    else
        while ((q = virtio_pop(v, queue, sizeof *q)))
            start(s, q);
    aio_unplug();
    send_signals(s);
}

/* ------------------------------------------------------------------------ the device */

static void drain(struct virtio_scsi *s)
{
    while (s->under_way) {
        struct command *was = s->under_way;
        for (struct scsi_device *u = NULL; (u = scsi_next(&s->bus, u));)
            if (u->d.realized)
                scsi_class_of(u)->drain(u);
        if (s->under_way == was) /* they are the units' alone, which have none */
            break;
    }
}

static void vscsi_reset(struct virtio *v)
{
    struct virtio_scsi *s = (struct virtio_scsi *)v;
    drain(s);
    s->sense_size = SENSE_SIZE;
    s->cdb_size = CDB_SIZE;
    s->missed = 0;
    s->to_signal = 0;
    for (struct scsi_device *u = NULL; (u = scsi_next(&s->bus, u));)
        if (u->d.realized) {
            u->subscribed = 0;
            scsi_reset(u, SENSE_RESET);
        }
}

static void reset_queue(struct virtio *v, unsigned q) { drain((struct virtio_scsi *)v); }

static void config(struct virtio *v, uint8_t *space)
{
    const struct virtio_scsi *s = (const struct virtio_scsi *)v;
    struct scsi_config c = {
        .num_queues = s->num_queues, .seg_max = s->queue_size > 2 ? s->queue_size - 2 : 1, .max_sectors = s->max_sectors, .cmd_per_lun = s->cmd_per_lun,
        .event_info_size = 16, .sense_size = s->sense_size, .cdb_size = s->cdb_size, .max_target = TARGETS - 1, .max_lun = LUNS - 1,
    };
    memcpy(space, &c, sizeof c);
}

/* Before DRIVER_OK only: no request is under way. */
static void config_write(struct virtio *v, uint32_t offset, unsigned size, uint32_t value)
{
    struct virtio_scsi *s = (struct virtio_scsi *)v;
    if (size != 4 || (v->status & VIRTIO_DRIVER_OK))
        return;
    if (offset == offsetof(struct scsi_config, sense_size) && value <= MOST_SENSE)
        s->sense_size = value;
    else if (offset == offsetof(struct scsi_config, cdb_size) && value && value <= MOST_CDB)
        s->cdb_size = value;
}

static bool vscsi_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_scsi *s = (struct virtio_scsi *)v;
    if (s->num_queues == AUTO_QUEUES) /* mmio has one interrupt for all */
        s->num_queues = !strcmp(v->d.type->bus, "PCI") ? (v->d.machine->nvcpus < 16 ? v->d.machine->nvcpus : 16) : 1;
    if (!s->num_queues || s->num_queues > VIRTIO_QUEUES - COMMANDS) {
        snprintf(err, errlen, "virtio-scsi: num_queues=%u: it should be 1 to %d", s->num_queues, VIRTIO_QUEUES - COMMANDS);
        return false;
    }
    if (s->queue_size < 4 || s->queue_size > VIRTIO_QUEUE_MAX || (s->queue_size & (s->queue_size - 1))) {
        snprintf(err, errlen, "virtio-scsi: virtqueue_size=%u: it should be a power of two, 4 to %d", s->queue_size, VIRTIO_QUEUE_MAX);
        return false;
    }
    v->offered |= (s->hotplug ? VIRTIO_BIT(F_HOTPLUG) : 0) | (s->param_change ? VIRTIO_BIT(F_CHANGE) : 0);
    for (unsigned q = 0; q < COMMANDS + s->num_queues; q++)
        virtio_add_queue(v, s->queue_size);
    s->sense_size = SENSE_SIZE;
    s->cdb_size = CDB_SIZE;
    scsi_bus_init(&s->bus, &host, &v->d);
    return true;
}

static const struct virtio_class class = {
    .name = "virtio-scsi", .id = 8, .pci_class = 0x0100, .config_size = CONFIG_BYTES, .realize = vscsi_realize, .reset = vscsi_reset,
    .config = config, .config_write = config_write, .notify = notify, .reset_queue = reset_queue,
};
#define P(member, kind, name, value, help) PROPERTY(struct virtio_scsi, member, kind, name, value, help)
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    P(num_queues, PROP_U32, "num_queues", "65535", "queues of commands; 65535: one for each processor, on mmio one"),
    P(queue_size, PROP_U32, "virtqueue_size", "256", "descriptors of a queue"),
    P(max_sectors, PROP_U32, "max_sectors", "65535", "of 512 bytes that one command should move"),
    P(cmd_per_lun, PROP_U32, "cmd_per_lun", "128", "commands that a unit should have at once"),
    P(hotplug, PROP_BOOL, "hotplug", "on", "units come and go while the machine is there"),
    P(param_change, PROP_BOOL, "param_change", "on", "the driver hears of other capacities"),
    { NULL }
};
static const struct field fields[] = {
    VIRTIO_FIELDS, FIELD_UP_TO(struct virtio_scsi, sense_size, MOST_SENSE), FIELD_UP_TO(struct virtio_scsi, cdb_size, MOST_CDB),
    FIELD_UP_TO(struct virtio_scsi, missed, 1), { NULL }
};

const struct device_type virtio_scsi_pci_type =
    VIRTIO_PCI("virtio-scsi", struct virtio_scsi, "Storage", "SCSI host adapter", &class, properties, fields);
const struct device_type virtio_scsi_device_type =
    VIRTIO_MMIO("virtio-scsi", struct virtio_scsi, "Storage", "SCSI host adapter", &class, properties, fields);
