/*
 * NVM Express controller: the PCI function, its registers (base 3.1), queues with their doorbells, interrupts, start, reset and
 * shutdown (base 7.3, 7.6). See nvme.h.
 *
 * A doorbell is served at once, in the thread of the processor that rings it; commands of one ring go to the images together, and
 * what ends in a batch makes one interrupt. With shadow doorbells (base 7.13) the driver rings only when a submission queue was
 * found empty, or when completions wait for room; an event index that no head ever is keeps it from ringing for others.
 *
 * Not offered: a subsystem reset (NSSR), a controller memory buffer, a persistent memory region.
 */
#include <stdlib.h>
#include <string.h>

#include "nvme.h"

enum { REG_CAP = 0x00, REG_VS = 0x08, REG_INTMS = 0x0c, REG_INTMC = 0x10, REG_CC = 0x14, REG_CSTS = 0x1c, REG_AQA = 0x24, REG_ASQ = 0x28, REG_ACQ = 0x30,
       REGISTERS = 0x40, DOORBELLS = 0x1000, REGION = 0x2000 };
enum { CC_EN = 1, CC_CSS = 7 << 4, CC_AMS = 7 << 11, CC_SHN = 3 << 14, CC_SET = 0x3ff0 /* command set, page size, arbitration: only while it is off */, CC_MASK = 0xfffff1 | CC_SHN,
       CSTS_RDY = 1, CSTS_CFS = 2, CSTS_SHST = 3 << 2, CSTS_SHUTTING = 1 << 2, CSTS_SHUT = 2 << 2 };
enum { VERSION = 0x00010400, MPS_MAX = 4, TIMEOUT = 15 /* of 500 ms */, ENTRY_SQ = 64, ENTRY_CQ = 16, BURST = 1024, NO_HEAD = 0xffff };
static const uint64_t CAP = (NVME_ENTRIES - 1) | 1ull << 16 /* queues are contiguous */ | (uint64_t)TIMEOUT << 24 | 1ull << 37 /* the NVM command set */ |
                            (uint64_t)MPS_MAX << 52;

/* --------------------------------------------------------------------------- memory */

bool nvme_find_memory(struct nvme *n, uint64_t at, uint64_t bytes, bool write, struct nvme_memory *m)
{
    struct machine *machine = n->p.d.machine;
    struct mem_range g;
    if (at + bytes < at || !physmem_find(machine->memory, &machine->reader, at, &g) || g.r->kind != MEM_RAM || g.last - at < bytes - 1)
        return false;
    m->r = g.r;
    m->offset = g.offset + (at - g.base);
    m->at = g.r->host + m->offset;
    return true;
}

static void wrote(struct nvme *n, const struct nvme_memory *m, uint64_t at, uint64_t bytes)
{
    physmem_wrote(n->p.d.machine->memory, m->r, m->offset + at, bytes);
}

/* ------------------------------------------------------------------ shadow doorbells */

enum { SQ_BELL = 0, CQ_BELL = 4 };

static uint32_t shadow_of(const struct nvme *n, unsigned id, unsigned bell)
{
    return __atomic_load_n((const uint32_t *)(const void *)(n->shadow.at + 8 * id + bell), __ATOMIC_ACQUIRE);
}

static void set_event_index(struct nvme *n, unsigned id, unsigned bell, unsigned v)
{
    unsigned at = 8 * id + bell;
    __atomic_store_n((uint32_t *)(void *)(n->event_index.at + at), v, __ATOMIC_RELEASE);
    wrote(n, &n->event_index, at, 4);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

/* Not of the admin queue, whose doorbells are registers alone. A value that makes no sense changes nothing. */
static bool has_shadow(const struct nvme *n, unsigned id) { return id && n->shadow.at; }

static void read_tail(struct nvme *n, unsigned id)
{
    uint32_t v = shadow_of(n, id, SQ_BELL);
    if (v < n->sq[id].size)
        n->sq[id].tail = (uint16_t)v;
}

static void read_head(struct nvme *n, unsigned id)
{
    uint32_t v = shadow_of(n, id, CQ_BELL);
    if (v < n->cq[id].size)
        n->cq[id].head = (uint16_t)v;
}

/* ----------------------------------------------------------------------- completions */

bool nvme_has_room(const struct nvme *n, unsigned cqid)
{
    const struct nvme_cq *c = &n->cq[cqid];
    unsigned used = (c->tail + c->size - c->head) % c->size;
    return used + n->kept[cqid] < c->size - 1u;
}

static void fatal(struct nvme *n) { n->csts |= CSTS_CFS; }

void nvme_post(struct nvme *n, unsigned sqid, unsigned cid, uint32_t result, unsigned status)
{
    const struct nvme_sq *s = &n->sq[sqid];
    struct nvme_cq *c = &n->cq[s->cqid];
    const struct nvme_memory *m = &n->cq_at[s->cqid];
    unsigned at = ENTRY_CQ * c->tail;
    uint32_t words[3] = { result, 0, s->head | sqid << 16 };
    if (!pci_master(&n->p)) {
        fatal(n);
        return;
    }
    memcpy(m->at + at, words, sizeof words);
    __atomic_store_n((uint32_t *)(void *)(m->at + at + 12), cid | (status << 1 | c->phase) << 16, __ATOMIC_RELEASE);
    wrote(n, m, at, ENTRY_CQ);
    if (++c->tail == c->size) {
        c->tail = 0;
        c->phase ^= 1;
    }
    n->to_signal[s->cqid / 64] |= 1ull << s->cqid % 64;
}

/* Pins: while an entry is not taken, and software has not masked it. */
static void update_pin(struct nvme *n)
{
    bool up = false;
    for (unsigned k = 0; k < NVME_QUEUES && !up && !pci_msix_on(&n->p); k++) {
        const struct nvme_cq *c = &n->cq[k];
        up = c->size && c->interrupts && c->head != c->tail && !(n->intms >> (c->vector & 31) & 1);
    }
    pci_intx(&n->p, up);
}

void nvme_signal(struct nvme *n)
{
    bool pins = !pci_msix_on(&n->p), any = false;
    for (unsigned k = 0; k < sizeof n->to_signal / sizeof *n->to_signal; k++)
        while (n->to_signal[k]) {
            unsigned id = 64 * k + (unsigned)__builtin_ctzll(n->to_signal[k]);
            n->to_signal[k] &= n->to_signal[k] - 1;
            if (!n->cq[id].size || !n->cq[id].interrupts)
                continue;
            any = true;
            if (!pins)
                pci_message(&n->p, n->cq[id].vector);
            else if (has_shadow(n, id))
                set_event_index(n, id, CQ_BELL, n->cq[id].head);
        }
    if (any && pins)
        update_pin(n);
}

static unsigned decorate(struct nvme *n, unsigned status)
{
    bool again = status == NVME_OK || status == NVME_ABORT_REQUESTED || status == NVME_INTERNAL || status == NVME_FORMATTING || status >> 8 == 2;
    return again && status != NVME_COMPARE_FAILURE ? status : status | NVME_DNR;
}

static struct nvme_request *new_request(struct nvme *n)
{
    struct nvme_request *q = n->free;
    if (q)
        n->free = q->next;
    else if ((q = calloc(1, sizeof *q)))
        q->n = n;
    return q;
}

/* Its lists of pieces stay, unless they are large. */
static void free_request(struct nvme_request *q)
{
    enum { KEPT = 256 };
    free(q->buffer);
    q->buffer = NULL;
    q->ns = NULL;
    q->npieces = 0;
    q->n->held -= q->held;
    q->held = 0;
    q->result = 0;
    q->step = NULL;
    if (q->most > KEPT) {
        free(q->iov);
        free(q->piece);
        q->iov = NULL;
        q->piece = NULL;
        q->most = 0;
    }
    q->next = q->n->free;
    q->n->free = q;
}

void nvme_complete(struct nvme_request *q, unsigned status)
{
    struct nvme *n = q->n;
    unsigned cqid = n->sq[q->sqid].cqid;
    n->kept[cqid]--;
    nvme_post(n, q->sqid, q->c.cid, q->result, decorate(n, status));
    free_request(q);
}

/* --------------------------------------------------------------------------- commands */

static bool is_running(const struct nvme *n) { return (n->csts & (CSTS_RDY | CSTS_CFS)) == CSTS_RDY && !(n->csts & CSTS_SHST); }

static void execute(struct nvme *n, unsigned id)
{
    struct nvme_sq *s = &n->sq[id];
    struct nvme_request *q = new_request(n);
    unsigned cqid = s->cqid;
    if (!q) {
        fatal(n);
        return;
    }
    memcpy(&q->c, n->sq_at[id].at + ENTRY_SQ * s->head, sizeof q->c);
    s->head = (uint16_t)(s->head + 1 == s->size ? 0 : s->head + 1);
    q->sqid = (uint16_t)id;
    n->kept[cqid]++;
    unsigned status = q->c.flags & 3 ? NVME_INVALID_FIELD /* fused operations */ : id ? nvme_io(q) : nvme_admin(q);
    if (status == NVME_HELD) {
        n->kept[cqid]--;
        free_request(q);
    } else if (status != NVME_PENDING) {
        nvme_complete(q, status);
    }
}

/* Is there room for one more? Without it the driver is to ring when there is. */
static bool wait_for_room(struct nvme *n, unsigned cqid)
{
    if (nvme_has_room(n, cqid))
        return true;
    if (has_shadow(n, cqid)) {
        read_head(n, cqid);
        if (nvme_has_room(n, cqid))
            return true;
        set_event_index(n, cqid, CQ_BELL, n->cq[cqid].head);
        read_head(n, cqid);
        if (nvme_has_room(n, cqid))
            return true;
    }
    n->starved[cqid] = true;
    return false;
}

static void look_later(struct nvme *n, unsigned id)
{
    n->look[id / 64] |= 1ull << id % 64;
    alarm_at(n->again, clock_now(n->p.d.machine->loop));
}

static void serve(struct nvme *n, unsigned id)
{
    struct nvme_sq *s = &n->sq[id];
    if (!is_running(n) || !s->size)
        return;
    if (!pci_master(&n->p)) {
        fatal(n);
        return;
    }
    aio_plug();
    for (unsigned k = 0;; k++) {
        if (s->head == s->tail && has_shadow(n, id)) {
            read_tail(n, id);
            if (s->head == s->tail) {
                set_event_index(n, id, SQ_BELL, s->tail);
                read_tail(n, id);
            }
        }
        if (s->head == s->tail || !is_running(n) || !s->size || !wait_for_room(n, s->cqid))
            break;
        if (k == BURST) {
            look_later(n, id);
            break;
        }
        execute(n, id);
    }
    aio_unplug();
    nvme_signal(n);
}

static void serve_again(void *arg)
{
    struct nvme *n = arg;
    for (unsigned id = 0; id < NVME_QUEUES; id++)
        if (n->look[id / 64] >> id % 64 & 1) {
            n->look[id / 64] &= ~(1ull << id % 64);
            serve(n, id);
        }
}

static void ring_sq(struct nvme *n, unsigned id, uint32_t v)
{
    if (id >= NVME_QUEUES || !n->sq[id].size) {
        nvme_tell(n, EVENT_ERROR, 0, LOG_ERROR);
    } else if (v >= n->sq[id].size) {
        nvme_tell(n, EVENT_ERROR, 1, LOG_ERROR);
    } else {
        n->sq[id].tail = (uint16_t)v;
        serve(n, id);
    }
    nvme_signal(n);
}

static void ring_cq(struct nvme *n, unsigned id, uint32_t v)
{
    if (id >= NVME_QUEUES || !n->cq[id].size) {
        nvme_tell(n, EVENT_ERROR, 0, LOG_ERROR);
    } else if (v >= n->cq[id].size) {
        nvme_tell(n, EVENT_ERROR, 1, LOG_ERROR);
    } else {
        n->cq[id].head = (uint16_t)v;
        if (has_shadow(n, id))
            set_event_index(n, id, CQ_BELL, pci_msix_on(&n->p) ? NO_HEAD : v);
        if (!id)
            nvme_tell_waiting(n);
        if (n->starved[id]) {
            n->starved[id] = false;
            for (unsigned k = 0; k < NVME_QUEUES; k++)
                if (n->sq[k].size && n->sq[k].cqid == id)
                    serve(n, k);
        }
    }
    nvme_signal(n);
    if (!pci_msix_on(&n->p))
        update_pin(n);
}

void nvme_start_sq(struct nvme *n, unsigned id, const struct nvme_memory *m)
{
    n->sq_at[id] = *m;
    n->sq[id].head = n->sq[id].tail = 0;
    if (has_shadow(n, id))
        set_event_index(n, id, SQ_BELL, 0);
}

void nvme_start_cq(struct nvme *n, unsigned id, const struct nvme_memory *m)
{
    n->cq_at[id] = *m;
    n->cq[id].head = n->cq[id].tail = 0;
    n->cq[id].phase = 1;
    n->kept[id] = 0;
    n->starved[id] = false;
    if (has_shadow(n, id))
        set_event_index(n, id, CQ_BELL, pci_msix_on(&n->p) ? NO_HEAD : 0);
}

void nvme_drain(struct nvme *n)
{
    for (unsigned k = 1; k <= NVME_NAMESPACES; k++)
        if (n->ns[k])
            block_drain(n->ns[k]->drive);
}

/* ------------------------------------------------------------------- start and reset */

static bool start(struct nvme *n)
{
    unsigned page = 1u << nvme_page_bits(n), sq = (n->aqa & 0xfff) + 1, cq = (n->aqa >> 16 & 0xfff) + 1;
    struct nvme_memory at_sq, at_cq;
    if ((n->cc >> 7 & 15) > MPS_MAX || (n->cc & (CC_CSS | CC_AMS)) || ((n->asq | n->acq) & (page - 1)) || sq < 2 || cq < 2 || !pci_master(&n->p) ||
        !nvme_find_memory(n, n->asq, (uint64_t)sq * ENTRY_SQ, false, &at_sq) || !nvme_find_memory(n, n->acq, (uint64_t)cq * ENTRY_CQ, true, &at_cq))
        return false;
    n->sq[0] = (struct nvme_sq){ .base = n->asq, .size = (uint16_t)sq };
    n->cq[0] = (struct nvme_cq){ .base = n->acq, .size = (uint16_t)cq, .interrupts = 1 };
    nvme_start_cq(n, 0, &at_cq);
    nvme_start_sq(n, 0, &at_sq);
    n->timestamp_at = clock_now(n->p.d.machine->loop);
    return true;
}

/* All but the admin queue's registers (base 7.3.2). */
static void reset_controller(struct nvme *n)
{
    n->ending = true;
    nvme_drain(n);
    n->ending = false;
    alarm_off(n->again);
    memset(n->sq, 0, sizeof n->sq);
    memset(n->cq, 0, sizeof n->cq);
    memset(n->kept, 0, sizeof n->kept);
    memset(n->starved, 0, sizeof n->starved);
    memset(n->to_signal, 0, sizeof n->to_signal);
    memset(n->look, 0, sizeof n->look);
    memset(&n->shadow, 0, sizeof n->shadow);
    memset(&n->event_index, 0, sizeof n->event_index);
    memset(n->changed, 0, sizeof n->changed);
    n->shadow_base = n->event_index_base = 0;
    n->nrequests = n->nevents = 0;
    n->masked = 0;
    n->csts = 0;
    n->intms = 0;
    n->io_queues = false;
    nvme_reset_features(n);
    pci_intx(&n->p, false);
}

struct flush { struct block_request r; struct nvme *n; };

static void shut(struct nvme *n) { n->csts = (n->csts & ~(uint32_t)CSTS_SHST) | CSTS_SHUT; }

static void flushed(struct block_request *r, int error)
{
    struct flush *f = (struct flush *)r;
    struct nvme *n = f->n;
    free(f);
    if (!--n->flushes && (n->csts & CSTS_SHST) == CSTS_SHUTTING)
        shut(n);
}

/* What was written is on stable storage, then it says so (base 7.6.2). */
static void shut_down(struct nvme *n)
{
    n->csts = (n->csts & ~(uint32_t)CSTS_SHST) | CSTS_SHUTTING;
    n->flushes++;
    for (unsigned k = 1; k <= NVME_NAMESPACES; k++) {
        struct flush *f = n->ns[k] ? calloc(1, sizeof *f) : NULL;
        if (!f)
            continue;
        *f = (struct flush){ .r = { .op = BLOCK_FLUSH, .done = flushed }, .n = n };
        n->flushes++;
        block_submit(n->ns[k]->drive, &f->r);
    }
    if (!--n->flushes)
        shut(n);
}

static void write_cc(struct nvme *n, uint32_t v)
{
    uint32_t old = n->cc;
    n->cc = (v & old & CC_EN) ? (v & CC_MASK & ~(uint32_t)CC_SET) | (old & CC_SET) : v & CC_MASK;
    if ((v & CC_EN) && !(old & CC_EN)) {
        if (start(n))
            n->csts |= CSTS_RDY;
        else
            fatal(n);
    } else if (!(v & CC_EN) && (old & CC_EN)) {
        reset_controller(n);
    }
    if ((v & CC_SHN) && !(old & CC_SHN))
        shut_down(n);
    else if (!(v & CC_SHN) && (old & CC_SHN))
        n->csts &= ~(uint32_t)CSTS_SHST;
}

/* ------------------------------------------------------------------------- registers */

static uint64_t read_register(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    const struct nvme *n = device;
    const uint64_t regs[REGISTERS / 8] = {
        CAP, VERSION | (uint64_t)n->intms << 32, n->intms | (uint64_t)n->cc << 32, (uint64_t)n->csts << 32, (uint64_t)n->aqa << 32, n->asq, n->acq,
    };
    if (offset >= REGISTERS)
        return 0;
    return size == 8 ? regs[offset / 8] : (uint32_t)(regs[offset / 8] >> (offset % 8 * 8));
}

static void put_half(uint64_t *reg, unsigned half, uint32_t v) { *reg = half ? (uint32_t)*reg | (uint64_t)v << 32 : (*reg >> 32 << 32) | v; }

static void write_word(struct nvme *n, unsigned offset, uint32_t v)
{
    switch (offset) {
    case REG_INTMS:
    case REG_INTMC:
        n->intms = offset == REG_INTMS ? n->intms | v : n->intms & ~v;
        if (!pci_msix_on(&n->p))
            update_pin(n);
        break;
    case REG_CC:
        write_cc(n, v);
        break;
    case REG_AQA:
        n->aqa = v & 0x0fff0fff;
        break;
    case REG_ASQ:
    case REG_ASQ + 4:
        put_half(&n->asq, offset != REG_ASQ, offset == REG_ASQ ? v & ~0xfffu : v);
        break;
    case REG_ACQ:
    case REG_ACQ + 4:
        put_half(&n->acq, offset != REG_ACQ, offset == REG_ACQ ? v & ~0xfffu : v);
        break;
    }
}

static void write_register(void *device, uint64_t offset, unsigned size, uint64_t v, struct mem_attr a)
{
    struct nvme *n = device;
    for (unsigned k = 0; k < size; k += 4, v >>= 32) {
        unsigned at = (unsigned)offset + k;
        if (at < DOORBELLS)
            write_word(n, at, (uint32_t)v);
        else if (is_running(n) && (at & 4))
            ring_cq(n, (at - DOORBELLS) / 8, (uint32_t)v);
        else if (is_running(n))
            ring_sq(n, (at - DOORBELLS) / 8, (uint32_t)v);
    }
}

static const struct mmio_ops ops = { read_register, write_register, 4, 8, false };

/* --------------------------------------------------------------------------- the function */

enum { EXPRESS_SIZE = 60, EXPRESS_FLAGS = 2, EXPRESS_DEVICE_CAP = 4, EXPRESS_DEVICE_CONTROL = 8, EXPRESS_LINK_CAP = 12, EXPRESS_LINK_CONTROL = 16,
       EXPRESS_LINK_STATUS = 18, EXPRESS_DEVICE_CONTROL2 = 40, INTEGRATED = 9, CAN_FLR = 1 << 28, DO_FLR = 1 << 15,
       CAP_POWER = 1, POWER_SIZE = 8, POWER_CONTROL = 4 };

/* PCI Express Base 2.0, 7.8; PCI Power Management 1.2, 3.2. */
static void make_capabilities(struct nvme *n)
{
    struct pci_device *p = &n->p;
    bool below = p->on->bridge;
    unsigned at = pci_capability(p, CAP_POWER, POWER_SIZE);
    pci_put(p, at + 2, 2, 3);
    pci_put(p, at + POWER_CONTROL, 2, 1 << 3); /* keeps its state on the way to D0 */
    pci_allow(p, at + POWER_CONTROL, 2, 3);
    at = pci_capability(p, PCI_CAP_EXPRESS, EXPRESS_SIZE);
    pci_put(p, at + EXPRESS_FLAGS, 2, 2 | (below ? 0 : INTEGRATED << 4));
    pci_put(p, at + EXPRESS_DEVICE_CAP, 4, CAN_FLR | 1 << 15 /* role-based errors */);
    pci_allow(p, at + EXPRESS_DEVICE_CONTROL, 2, 0x78ff);
    if (below) {
        pci_put(p, at + EXPRESS_LINK_CAP, 4, 1 | 1 << 4);
        pci_allow(p, at + EXPRESS_LINK_CONTROL, 2, 0x40);
        pci_put(p, at + EXPRESS_LINK_STATUS, 2, 1 | 1 << 4);
    }
    pci_allow(p, at + EXPRESS_DEVICE_CONTROL2, 2, 0x0f);
    p->writable[at + EXPRESS_DEVICE_CONTROL + 1] |= DO_FLR >> 8;
    n->express = (uint16_t)at;
}

static void reset(struct device *d)
{
    struct nvme *n = (struct nvme *)d;
    reset_controller(n);
    n->cc = n->aqa = 0;
    n->asq = n->acq = 0;
    pci_reset(&n->p);
}

static void config_wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    struct nvme *n = (struct nvme *)p;
    uint8_t *control = &p->config[n->express + EXPRESS_DEVICE_CONTROL + 1];
    if (*control & DO_FLR >> 8) { /* reads as zero, and is gone before the reset writes here again */
        *control &= (uint8_t)~(DO_FLR >> 8);
        reset(&p->d);
    } else if (offset < n->p.msix + 4u && offset + size > n->p.msix) {
        update_pin(n);
    }
}

static void name_bus(struct nvme *n)
{
    char name[32];
    snprintf(name, sizeof name, "%s", n->p.d.id ? n->p.d.id : "");
    for (unsigned k = 0; !n->p.d.id && k < 1000; k++) {
        snprintf(name, sizeof name, "nvme-bus.%u", k);
        if (!bus_by_name(n->p.d.machine, name))
            break;
    }
    bus_init(&n->bus, &nvme_bus_type, &n->p.d, name, 0);
}

static bool check(const struct nvme *n, char *err, size_t errlen)
{
    if (!n->serial || !*n->serial)
        snprintf(err, errlen, "nvme: serial= is missing");
    else if (!n->max_ioqpairs || n->max_ioqpairs >= NVME_QUEUES)
        snprintf(err, errlen, "nvme: max_ioqpairs=%u: it should be 1 to %d", n->max_ioqpairs, NVME_QUEUES - 1);
    else if (!n->msix_qsize || n->msix_qsize > PCI_MSIX_MAX)
        snprintf(err, errlen, "nvme: msix_qsize=%u: it should be 1 to %d", n->msix_qsize, PCI_MSIX_MAX);
    else if (n->mdts > 16)
        snprintf(err, errlen, "nvme: mdts=%u: it should be 0 to 16, a power of two of pages (0: no limit)", n->mdts);
    else
        return true;
    return false;
}

static void unrealize(struct device *d)
{
    struct nvme *n = (struct nvme *)d;
    n->ending = true;
    nvme_drain(n);
    nvme_ns_detach(&n->own);
    pci_unrealize(&n->p);
    if (n->again)
        alarm_free(n->again);
    for (struct nvme_request *q; (q = n->free);) {
        n->free = q->next;
        free(q->iov);
        free(q->piece);
        free(q->buffer);
        free(q);
    }
    free(n->sink);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct nvme *n = (struct nvme *)d;
    struct pci_ids ids = { 0x1b36, 0x0010, 2, 0x010802, 0x1af4, 0x1100 };
    if (n->intel_id)
        ids = (struct pci_ids){ 0x8086, 0x5845, 2, 0x010802, 0x1af4, 0x1100 };
    if (!check(n, err, errlen) || !pci_realize(&n->p, &ids, err, errlen))
        return false;
    make_capabilities(n);
    n->p.config[PCI_INT_PIN] = 1;
    n->p.wrote = config_wrote;
    n->again = alarm_new(d->machine->loop, serve_again, n);
    snprintf(err, errlen, "no memory");
    if (!n->again || !pci_bar(&n->p, 0, PCI_BAR_MEM64, mem_new_mmio("nvme", REGION, &ops, n)) || !pci_msix(&n->p, n->msix_qsize, 4) ||
        (n->own.drive && !(n->own.nsid = 1)) || (n->own.drive && !nvme_ns_attach(n, &n->own, "nvme", err, errlen))) {
        unrealize(d);
        return false;
    }
    name_bus(n);
    nvme_reset_features(n);
    return true;
}

/* What the saved state says is held against what there is. */
static bool load_queues(struct nvme *n)
{
    for (unsigned k = 0; k < NVME_QUEUES; k++) {
        const struct nvme_sq *s = &n->sq[k];
        const struct nvme_cq *c = &n->cq[k];
        if (c->size && (c->size < 2 || c->size > 4096 || c->head >= c->size || c->tail >= c->size || c->vector >= n->msix_qsize ||
                        !nvme_find_memory(n, c->base, (uint64_t)ENTRY_CQ * c->size, true, &n->cq_at[k])))
            return false;
        if (s->size && (s->size < 2 || s->size > 4096 || s->head >= s->size || s->tail >= s->size || s->cqid >= NVME_QUEUES || !s->cqid != !k || !n->cq[s->cqid].size ||
                        !nvme_find_memory(n, s->base, (uint64_t)ENTRY_SQ * s->size, false, &n->sq_at[k])))
            return false;
    }
    memset(&n->shadow, 0, sizeof n->shadow);
    memset(&n->event_index, 0, sizeof n->event_index);
    if (n->shadow_base && (!nvme_find_memory(n, n->shadow_base, 8 * NVME_QUEUES, false, &n->shadow) ||
                           !nvme_find_memory(n, n->event_index_base, 8 * NVME_QUEUES, true, &n->event_index)))
        return false;
    return n->nrequests <= n->aerl + 1u && n->nevents <= NVME_EVENTS;
}

static const char *valid(struct device *d)
{
    struct nvme *n = (struct nvme *)d;
    return n->own.drive && n->own.format >= n->own.nformats ? "its namespace has a format that is not there" : pci_valid(&n->p);
}

static void loaded(struct device *d)
{
    struct nvme *n = (struct nvme *)d;
    pci_loaded(&n->p);
    if (n->own.format >= n->own.nformats)
        n->own.format = 0;
    if (!load_queues(n)) {
        reset_controller(n);
        fatal(n);
    }
    for (unsigned k = 0; k < NVME_QUEUES; k++)
        if (n->sq[k].size)
            look_later(n, k);
}

#define P(member, kind, name, value, help) PROPERTY(struct nvme, member, kind, name, value, help)
static const struct property properties[] = {
    P(serial, PROP_STRING, "serial", NULL, "20 characters of it (it has to be there)"),
    NVME_NS_PROPERTIES(struct nvme, own),
    P(max_ioqpairs, PROP_U32, "max_ioqpairs", "64", "pairs of queues"),
    P(msix_qsize, PROP_U16, "msix_qsize", "65", "interrupt vectors"),
    P(mdts, PROP_U8, "mdts", "7", "the largest transfer: 2 to the power of it pages of 4 KiB; 0: no limit"),
    P(aerl, PROP_U8, "aerl", "3", "event requests that may wait, less one"),
    P(aer_max_queued, PROP_U32, "aer_max_queued", "64", "events that wait for a request"),
    P(intel_id, PROP_BOOL, "use-intel-id", "off", "another vendor's number"),
    { NULL }
};
#define F(member) FIELD(struct nvme, member)
static const struct field fields[] = {
    PCI_FIELDS, F(cc), F(csts), F(aqa), F(intms), F(asq), F(acq), F(sq), F(cq), F(shadow_base), F(event_index_base), F(io_queues), F(feature),
    F(under_threshold), F(no_coalescing), F(timestamp), F(timestamp_at), F(timestamp_origin), F(requests), F(nrequests), F(event), F(nevents), F(masked),
    F(changed), F(errors), F(nerrors), F(own.format), F(own.reads), F(own.writes), F(own.read_sectors), F(own.written_sectors), F(own.media_errors), { NULL }
};

const struct device_type nvme_type = {
    .name = "nvme", .bus = "PCI", .category = "Storage", .help = "NVM Express controller", .size = sizeof(struct nvme), .properties = properties,
    .base_properties = pci_properties, .fields = fields, .realize = realize, .unrealize = unrealize, .reset = reset, .valid = valid, .loaded = loaded,
};
