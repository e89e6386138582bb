/*
 * What all virtio devices have in common: status, features, configuration, the setting up of queues (virtio-v1.2 §2,
 * §3). ring.c has the queues themselves.
 *
 * The life of a device: the driver sets ACKNOWLEDGE, DRIVER, agrees on features (FEATURES_OK stays only if VIRTIO_F_VERSION_1
 * is among them: there is no legacy interface), sets up queues, sets DRIVER_OK. From then on queues are looked at.
 * Whatever the driver breaks of this is ignored or ends in NEEDS_RESET, never in us.
 */
#include <stdlib.h>
#include <string.h>

#include "exec.h"
#include "virtio.h"

enum { BURST = 2 * VIRTIO_QUEUE_MAX /* chains of one notification */ };

/* ------------------------------------------------------------------------- making */

unsigned virtio_add_queue(struct virtio *v, unsigned max)
{
    v->ring[v->nqueues].max = (uint16_t)max;
    v->ring[v->nqueues].size = v->queue_max[v->nqueues] = (uint16_t)max;
    return v->nqueues++;
}

static void look_again(void *arg);

bool virtio_realize(struct virtio *v, const struct virtio_transport *t, char *err, size_t errlen)
{
    v->class = v->d.type->class;
    v->transport = t;
    v->offered = VIRTIO_BIT(VIRTIO_F_VERSION_1);
    if (v->event_idx)
        v->offered |= VIRTIO_BIT(VIRTIO_F_EVENT_IDX);
    if (v->indirect)
        v->offered |= VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC);
    if (v->packed)
        v->offered |= VIRTIO_BIT(VIRTIO_F_RING_PACKED);
    if (v->queue_reset && v->class->reset_queue)
        v->offered |= VIRTIO_BIT(VIRTIO_F_RING_RESET);
    v->scratch = virtio_scratch_new();
    v->later = alarm_new(v->d.machine->loop, look_again, v);
    if (!v->scratch || !v->later) {
        if (v->later)
            alarm_free(v->later);
        free(v->scratch);
        v->scratch = NULL;
        snprintf(err, errlen, "%s: no memory", v->class->name);
        return false;
    }
    if (v->class->realize(v, err, errlen))
        return true;
    alarm_free(v->later);
    free(v->scratch);
    v->scratch = NULL;
    return false;
}

void virtio_unrealize(struct device *d)
{
    struct virtio *v = (struct virtio *)d;
    virtio_reset(v);
    if (v->class->unrealize)
        v->class->unrealize(v);
    alarm_free(v->later);
    free(v->scratch);
}

/* -------------------------------------------------------------------------- status */

static void clear_queue(struct virtio *v, unsigned q)
{
    struct virtio_ring_state *r = &v->ring[q];
    *r = (struct virtio_ring_state){ .max = r->max, .size = r->max, .wrap_next = 1, .wrap_used = 1 };
    virtio_ring_forget(v, q);
}

void virtio_reset(struct virtio *v)
{
    if (v->class->reset)
        v->class->reset(v);
    alarm_off(v->later);
    v->again = 0;
    v->status = 0;
    v->broken = false;
    v->features = 0;
    for (unsigned q = 0; q < v->nqueues; q++)
        clear_queue(v, q);
}

void virtio_device_reset(struct device *d) { virtio_reset((struct virtio *)d); }

const char *virtio_settle(struct device *d)
{
    struct virtio *v = (struct virtio *)d;
    const char *why = v->class->settle ? v->class->settle(v) : NULL;
    for (unsigned q = 0; q < v->nqueues && !why; q++)
        if (v->ring[q].waiting)
            why = "requests are under way that can't be ended";
    return why;
}

const char *virtio_unmigratable(struct device *d)
{
    struct virtio *v = (struct virtio *)d;
    return v->class->unmigratable ? v->class->unmigratable(v) : NULL;
}

/* What the driver could not have made of the queue? */
static const char *queue_invalid(const struct virtio *v, unsigned q)
{
    const struct virtio_ring_state *r = &v->ring[q];
    if (r->max != v->queue_max[q])
        return "a queue has another size than here";
    if (!r->size || r->size > r->max || (!virtio_has(v, VIRTIO_F_RING_PACKED) && (r->size & (r->size - 1))))
        return "a queue's size makes no sense";
    if (r->enabled > 1 || r->wrap_next > 1 || r->wrap_used > 1 || r->waiting)
        return "a queue's state makes no sense";
    if (virtio_has(v, VIRTIO_F_RING_PACKED) && (r->next >= r->size || r->used >= r->size))
        return "a packed queue's position is beyond its end";
    return NULL;
}

const char *virtio_valid(struct device *d)
{
    struct virtio *v = (struct virtio *)d;
    const char *why = NULL;
    if (v->features & ~v->offered)
        return "its driver has agreed on features that this device does not offer";
    for (unsigned q = 0; q < v->nqueues && !why; q++)
        why = queue_invalid(v, q);
    return !why && v->class->valid ? v->class->valid(v) : why;
}

void virtio_loaded(struct device *d)
{
    struct virtio *v = (struct virtio *)d;
    for (unsigned q = 0; q < v->nqueues; q++)
        virtio_ring_forget(v, q);
    if (v->class->loaded)
        v->class->loaded(v);
}

void virtio_set_status(struct virtio *v, uint8_t status)
{
    uint8_t was = v->status;
    if (!status) {
        virtio_reset(v);
        return;
    }
    status |= was & VIRTIO_NEEDS_RESET;
    if (!(was & VIRTIO_FEATURES_OK) && (status & VIRTIO_FEATURES_OK) && !virtio_has(v, VIRTIO_F_VERSION_1))
        status &= (uint8_t)~VIRTIO_FEATURES_OK;
    if (!(status & VIRTIO_FEATURES_OK))
        status &= (uint8_t)~VIRTIO_DRIVER_OK;
    v->status = status;
    if (!(was & VIRTIO_DRIVER_OK) && (status & VIRTIO_DRIVER_OK)) {
        if (v->class->started)
            v->class->started(v);
        /* What the driver put into queues before. */
        for (unsigned q = 0; q < v->nqueues; q++)
            virtio_notify(v, q);
    }
}

void virtio_break(struct virtio *v, unsigned q, const char *what)
{
    if (v->broken)
        return;
    v->broken = true;
    if (log_mask & LOG_UNIMP)
        fprintf(log_file, "%s: queue %u: %s: it needs a reset\n", v->class->name, q, what);
    v->status |= VIRTIO_NEEDS_RESET;
    if (v->status & VIRTIO_DRIVER_OK)
        v->transport->interrupt(v, -1);
}

/* ------------------------------------------------------------------------ features */

uint32_t virtio_device_features(const struct virtio *v, uint32_t half)
{
    return half < 2 ? (uint32_t)(v->offered >> 32 * half) : 0;
}

uint32_t virtio_driver_features(const struct virtio *v, uint32_t half)
{
    return half < 2 ? (uint32_t)(v->features >> 32 * half) : 0;
}

void virtio_set_driver_features(struct virtio *v, uint32_t half, uint32_t bits)
{
    if (half > 1 || (v->status & VIRTIO_FEATURES_OK))
        return;
    v->features &= ~(0xffffffffull << 32 * half);
    v->features |= (uint64_t)bits << 32 * half & v->offered;
}

/* -------------------------------------------------------------------------- queues */

static struct virtio_ring_state *ring(struct virtio *v, uint32_t q) { return q < v->nqueues ? &v->ring[q] : NULL; }

const struct virtio_ring_state *virtio_queue(const struct virtio *v, uint32_t q) { return q < v->nqueues ? &v->ring[q] : NULL; }

void virtio_queue_set_size(struct virtio *v, uint32_t q, uint32_t size)
{
    struct virtio_ring_state *r = ring(v, q);
    if (r && !r->enabled && size && size <= r->max && (virtio_has(v, VIRTIO_F_RING_PACKED) || !(size & (size - 1))))
        r->size = (uint16_t)size;
}

static uint64_t *area_of(struct virtio_ring_state *r, enum virtio_area area)
{
    return area == VIRTIO_DESC ? &r->desc : area == VIRTIO_DRIVER_AREA ? &r->driver : &r->device;
}

void virtio_queue_set_address(struct virtio *v, uint32_t q, enum virtio_area area, bool high, uint32_t value)
{
    struct virtio_ring_state *r = ring(v, q);
    if (!r || r->enabled)
        return;
    uint64_t *at = area_of(r, area);
    *at = high ? (*at & 0xffffffff) | (uint64_t)value << 32 : (*at & ~0xffffffffull) | value;
}

uint32_t virtio_queue_address(const struct virtio *v, uint32_t q, enum virtio_area area, bool high)
{
    const struct virtio_ring_state *r = virtio_queue(v, q);
    uint64_t at = !r ? 0 : area == VIRTIO_DESC ? r->desc : area == VIRTIO_DRIVER_AREA ? r->driver : r->device;
    return (uint32_t)(high ? at >> 32 : at);
}

void virtio_queue_enable(struct virtio *v, uint32_t q, bool on)
{
    struct virtio_ring_state *r = ring(v, q);
    if (!r || r->enabled == on)
        return;
    if (!on) {
        if (v->class->reset_queue) {
            v->class->reset_queue(v, q);
            r->enabled = 0;
        }
        return;
    }
    r->next = r->used = r->signalled = 0;
    r->unsignalled = 0;
    r->wrap_next = r->wrap_used = 1;
    r->waiting = 0;
    r->enabled = 1;
    virtio_ring_forget(v, q);
}

void virtio_queue_reset(struct virtio *v, uint32_t q)
{
    if (q >= v->nqueues || !virtio_has(v, VIRTIO_F_RING_RESET))
        return;
    v->class->reset_queue(v, q);
    clear_queue(v, q);
}

void virtio_notify(struct virtio *v, uint32_t q)
{
    if (q >= v->nqueues || !v->ring[q].enabled || !virtio_running(v))
        return;
    unsigned serving = v->serving, left = v->left;
    v->serving = q + 1;
    v->left = BURST;
    v->class->notify(v, q);
    v->serving = serving;
    v->left = left;
}

/* Another processor could fill the queue for ever, and the machine's lock is held. */
bool virtio_may_pop(struct virtio *v, unsigned q)
{
    if (v->serving != q + 1 || v->left) {
        v->left -= v->serving == q + 1;
        return true;
    }
    v->again |= 1ull << q;
    alarm_at(v->later, clock_now(v->d.machine->loop));
    return false;
}

static void look_again(void *arg)
{
    struct virtio *v = arg;
    for (unsigned q = 0; q < v->nqueues; q++)
        if (v->again >> q & 1) {
            v->again &= ~(1ull << q);
            virtio_notify(v, q);
        }
}

/* ------------------------------------------------------------------- configuration */

uint64_t virtio_config_read(struct virtio *v, uint32_t offset, unsigned size)
{
    uint8_t space[VIRTIO_CONFIG_MAX] = { 0 };
    uint64_t value = 0;
    if (offset >= v->class->config_size || !v->class->config)
        return 0;
    v->class->config(v, space);
    uint32_t left = v->class->config_size - offset;
    memcpy(&value, space + offset, size < left ? size : left);
    return value;
}

void virtio_config_write(struct virtio *v, uint32_t offset, unsigned size, uint64_t value)
{
    if (size == 8) {
        virtio_config_write(v, offset, 4, value & 0xffffffff);
        virtio_config_write(v, offset + 4, 4, value >> 32);
    } else if (v->class->config_write && offset < v->class->config_size && size <= v->class->config_size - offset) {
        v->class->config_write(v, offset, size, (uint32_t)value);
    }
}

void virtio_config_changed(struct virtio *v)
{
    v->generation++;
    if (v->status & VIRTIO_DRIVER_OK)
        v->transport->interrupt(v, -1);
}
