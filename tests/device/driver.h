/*
 * A driver of virtio-mmio devices as small as may be, after virtio-v1.2 §2.7, §2.8, §3.1 and §4.2: split or packed rings.
 */
#ifndef MYNA_TEST_DEVICE_DRIVER_H
#define MYNA_TEST_DEVICE_DRIVER_H

#include "bench.h"

enum { D_NEXT = 1, D_WRITE = 2, D_INDIRECT = 4, D_AVAIL = 1 << 7, D_USED = 1 << 15 };
enum { R_FEATURES = 0x10, R_FEATURES_SEL = 0x14, R_DRIVER = 0x20, R_DRIVER_SEL = 0x24, R_QUEUE = 0x30, R_MAX = 0x34, R_SIZE = 0x38,
       R_READY = 0x44, R_NOTIFY = 0x50, R_ISR = 0x60, R_ACK = 0x64, R_STATUS = 0x70, R_DESC = 0x80, R_AVAIL = 0x90, R_USED = 0xa0,
       R_QRESET = 0xc0, R_GENERATION = 0xfc, R_CONFIG = 0x100 };
enum { QUEUES_AT = RAM_AT, QUEUE_BYTES = 0x10000, BUFFERS_AT = RAM_AT + (8 << 20) };

struct queue {
    unsigned size;
    gpa_t desc, driver, device;
    uint16_t avail, used;        /* split: indices; packed: positions */
    bool avail_wrap, used_wrap;
};
struct driver {
    struct bench *b;
    gpa_t at;
    bool packed;
    uint64_t features;
    struct chardev *chardev; /* its other end, for fuzzers */
    struct net_port *port;   /* likewise */
    bool scsi;               /* it takes commands of SCSI */
    struct queue q[8];
};
struct piece { gpa_t at; uint32_t n; unsigned flags; };

static inline uint32_t reg(struct driver *d, unsigned r) { return (uint32_t)bench_read(d->b, d->at + r, 4); }
static inline void set_reg(struct driver *d, unsigned r, uint32_t v) { bench_write(d->b, d->at + r, 4, v); }
static inline uint64_t peek(struct driver *d, gpa_t at, unsigned n) { return bench_read(d->b, at, n); }
static inline void poke(struct driver *d, gpa_t at, unsigned n, uint64_t v) { bench_write(d->b, at, n, v); }

static inline uint64_t offered(struct driver *d)
{
    set_reg(d, R_FEATURES_SEL, 0);
    uint64_t low = reg(d, R_FEATURES);
    set_reg(d, R_FEATURES_SEL, 1);
    return low | (uint64_t)reg(d, R_FEATURES) << 32;
}

static inline void set_address(struct driver *d, unsigned r, gpa_t at)
{
    set_reg(d, r, (uint32_t)at);
    set_reg(d, r + 4, (uint32_t)(at >> 32));
}

static inline void enable_queue(struct driver *d, unsigned k, unsigned size)
{
    struct queue *q = &d->q[k];
    gpa_t at = QUEUES_AT + k * QUEUE_BYTES;
    *q = (struct queue){ .size = size, .desc = at, .driver = at + 0x4000, .device = at + 0x8000, .avail_wrap = true, .used_wrap = true };
    memset(ram(d->b, at), 0, QUEUE_BYTES);
    set_reg(d, R_QUEUE, k);
    set_reg(d, R_SIZE, size);
    set_address(d, R_DESC, q->desc);
    set_address(d, R_AVAIL, q->driver);
    set_address(d, R_USED, q->device);
    set_reg(d, R_READY, 1);
}

/* Up to DRIVER_OK with nqueues queues of size descriptors. features: besides VERSION_1. */
static inline void drive(struct driver *d, uint64_t features, unsigned nqueues, unsigned size)
{
    d->features = (features | VIRTIO_BIT(VIRTIO_F_VERSION_1)) & offered(d);
    d->packed = d->features >> VIRTIO_F_RING_PACKED & 1;
    set_reg(d, R_STATUS, 0);
    CHECK(reg(d, R_STATUS) == 0);
    set_reg(d, R_STATUS, 1 | 2);
    for (unsigned k = 0; k < 2; k++) {
        set_reg(d, R_DRIVER_SEL, k);
        set_reg(d, R_DRIVER, (uint32_t)(d->features >> 32 * k));
    }
    set_reg(d, R_STATUS, 1 | 2 | 8);
    CHECK(reg(d, R_STATUS) == (1 | 2 | 8));
    for (unsigned k = 0; k < nqueues; k++)
        enable_queue(d, k, size);
    set_reg(d, R_STATUS, 1 | 2 | 4 | 8);
}

static inline void put_desc(struct driver *d, gpa_t table, unsigned k, gpa_t at, uint32_t n, unsigned third, unsigned fourth)
{
    poke(d, table + 16 * k, 8, at);
    poke(d, table + 16 * k + 8, 4, n);
    poke(d, table + 16 * k + 12, 2, third);
    poke(d, table + 16 * k + 14, 2, fourth);
}

/* Puts n pieces into queue k as one chain, from descriptor `first` on (split) or at the ring's next place (packed, with id
 * `first`). indirect: the table goes there, if it is not 0. */
static inline void put_chain(struct driver *d, unsigned k, unsigned first, const struct piece *p, unsigned n, gpa_t indirect)
{
    struct queue *q = &d->q[k];
    struct piece whole = { indirect, 16 * n, D_INDIRECT };
    if (indirect) {
        for (unsigned j = 0; j < n; j++) {
            unsigned flags = p[j].flags | (j + 1 < n && !d->packed ? D_NEXT : 0);
            put_desc(d, indirect, j, p[j].at, p[j].n, d->packed ? 0 : flags, d->packed ? flags : j + 1);
        }
        p = &whole;
        n = 1;
    }
    if (!d->packed) {
        for (unsigned j = 0; j < n; j++)
            put_desc(d, q->desc, (first + j) % q->size, p[j].at, p[j].n, p[j].flags | (j + 1 < n ? D_NEXT : 0), (first + j + 1) % q->size);
        poke(d, q->driver + 4 + 2 * (q->avail % q->size), 2, first);
        poke(d, q->driver + 2, 2, ++q->avail);
        return;
    }
    unsigned head = q->avail, head_flags = 0;
    for (unsigned j = 0; j < n; j++) {
        unsigned flags = p[j].flags | (j + 1 < n ? D_NEXT : 0) | (q->avail_wrap ? D_AVAIL : D_USED);
        put_desc(d, q->desc, q->avail, p[j].at, p[j].n, first, j ? flags : flags ^ D_AVAIL ^ D_USED);
        if (!j)
            head_flags = flags;
        if (++q->avail == q->size) {
            q->avail = 0;
            q->avail_wrap = !q->avail_wrap;
        }
    }
    poke(d, q->desc + 16 * head + 14, 2, head_flags);
}

/* The next used buffer: its id, bytes written in *n; waits up to two seconds. -1: none came. descs: of the chain (packed). */
static inline int take_used(struct driver *d, unsigned k, uint32_t *n, unsigned descs)
{
    struct queue *q = &d->q[k];
    for (unsigned t = 0; t < 2000; t++, pause_ms(1)) {
        if (!d->packed && (uint16_t)peek(d, q->device + 2, 2) != q->used) {
            gpa_t at = q->device + 4 + 8 * (q->used++ % q->size);
            *n = (uint32_t)peek(d, at + 4, 4);
            return (int)peek(d, at, 4);
        }
        unsigned flags = d->packed ? (unsigned)peek(d, q->desc + 16 * q->used + 14, 2) : 0;
        if (d->packed && !(flags & D_AVAIL) == !q->used_wrap && !(flags & D_USED) == !q->used_wrap) {
            gpa_t at = q->desc + 16 * q->used;
            *n = (uint32_t)peek(d, at + 8, 4);
            int id = (int)peek(d, at + 12, 2);
            if ((q->used += descs) >= q->size) {
                q->used -= q->size;
                q->used_wrap = !q->used_wrap;
            }
            return id;
        }
    }
    return -1;
}

static inline void notify(struct driver *d, unsigned k) { set_reg(d, R_NOTIFY, k); }

#endif
