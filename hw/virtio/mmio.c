/*
 * virtio-mmio, version 2 (virtio-v1.2 §4.2): a slot of 0x200 bytes of registers and one interrupt, which is a bus of
 * one place. A slot with nothing in it reads as device 0.
 */
#include "mmio.h"
#include "tree.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00c, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024, QUEUE_SEL = 0x030, QUEUE_SIZE_MAX = 0x034, QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESC_LOW = 0x080, QUEUE_DESC_HIGH = 0x084, QUEUE_DRIVER_LOW = 0x090, QUEUE_DRIVER_HIGH = 0x094,
    QUEUE_DEVICE_LOW = 0x0a0, QUEUE_DEVICE_HIGH = 0x0a4, SHM_LEN_LOW = 0x0b0, SHM_BASE_HIGH = 0x0bc, QUEUE_RESET = 0x0c0,
    CONFIG_GENERATION = 0x0fc, CONFIG = 0x100
};
enum { ISR_QUEUE = 1, ISR_CONFIG = 2 };

struct virtio_mmio {
    struct device d;
    struct bus bus;
    struct virtio *v; /* NULL: nothing is plugged in */
    uint32_t isr, queue, device_half, driver_half;
    uint32_t number;
};

static void update(struct virtio_mmio *s) { device_line(&s->d, 0, s->isr); }

static void interrupt(struct virtio *v, int queue)
{
    struct virtio_mmio *s = (struct virtio_mmio *)v->d.bus->owner;
    s->isr |= queue < 0 ? ISR_CONFIG : ISR_QUEUE;
    update(s);
}

static const struct virtio_transport transport = { interrupt };

/* ------------------------------------------------------------------------ registers */

static uint32_t read_register(struct virtio_mmio *s, uint64_t offset)
{
    struct virtio *v = s->v;
    const struct virtio_ring_state *r = v ? virtio_queue(v, s->queue) : NULL;
    switch (offset) {
    case MAGIC:
        return 0x74726976;
    case VERSION:
        return 2;
    case VENDOR_ID:
        return 0x554d4551;
    }
    if (!v)
        return 0;
    switch (offset) {
    case DEVICE_ID:
        return v->class->id;
    case DEVICE_FEATURES:
        return virtio_device_features(v, s->device_half);
    case QUEUE_SIZE_MAX:
        return r ? r->max : 0;
    case QUEUE_READY:
        return r ? r->enabled : 0;
    case INTERRUPT_STATUS:
        return s->isr;
    case STATUS:
        return v->status;
    case CONFIG_GENERATION:
        return v->generation;
    }
    if (offset >= SHM_LEN_LOW && offset <= SHM_BASE_HIGH)
        return ~0u; /* there is no shared memory */
    return 0;
}

static void write_queue(struct virtio_mmio *s, uint64_t offset, uint32_t value)
{
    struct virtio *v = s->v;
    switch (offset) {
    case QUEUE_SIZE:
        virtio_queue_set_size(v, s->queue, value);
        break;
    case QUEUE_READY:
        virtio_queue_enable(v, s->queue, value & 1);
        break;
    case QUEUE_DESC_LOW:
    case QUEUE_DESC_HIGH:
        virtio_queue_set_address(v, s->queue, VIRTIO_DESC, offset & 4, value);
        break;
    case QUEUE_DRIVER_LOW:
    case QUEUE_DRIVER_HIGH:
        virtio_queue_set_address(v, s->queue, VIRTIO_DRIVER_AREA, offset & 4, value);
        break;
    case QUEUE_DEVICE_LOW:
    case QUEUE_DEVICE_HIGH:
        virtio_queue_set_address(v, s->queue, VIRTIO_DEVICE_AREA, offset & 4, value);
        break;
    case QUEUE_RESET:
        if (value & 1)
            virtio_queue_reset(v, s->queue);
        break;
    }
}

static void write_register(struct virtio_mmio *s, uint64_t offset, uint32_t value)
{
    struct virtio *v = s->v;
    switch (offset) {
    case DEVICE_FEATURES_SEL:
        s->device_half = value;
        break;
    case DRIVER_FEATURES:
        virtio_set_driver_features(v, s->driver_half, value);
        break;
    case DRIVER_FEATURES_SEL:
        s->driver_half = value;
        break;
    case QUEUE_SEL:
        s->queue = value;
        break;
    case QUEUE_NOTIFY:
        virtio_notify(v, value);
        break;
    case INTERRUPT_ACK:
        s->isr &= ~value;
        update(s);
        break;
    case STATUS:
        virtio_set_status(v, (uint8_t)value);
        if (!v->status) {
            s->isr = 0;
            update(s);
        }
        break;
    default:
        write_queue(s, offset, value);
    }
}

static uint64_t mmio_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct virtio_mmio *s = device;
    if (offset >= CONFIG)
        return s->v ? virtio_config_read(s->v, (uint32_t)(offset - CONFIG), size) : 0;
    return size == 4 ? read_register(s, offset) : 0;
}

static void mmio_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct virtio_mmio *s = device;
    if (!s->v)
        return;
    if (offset >= CONFIG)
        virtio_config_write(s->v, (uint32_t)(offset - CONFIG), size, value);
    else if (size == 4)
        write_register(s, offset, (uint32_t)value);
}

static const struct mmio_ops ops = { mmio_read, mmio_write, 1, 4, false };

/* ------------------------------------------------------------------- slots and buses */

static void place(const struct bus *b, const struct device *d, char *text, size_t n)
{
    const struct virtio_mmio *s = (const struct virtio_mmio *)b->owner;
    snprintf(text, n, "slot %u", s->number);
}

static void unplug(struct bus *b, struct device *d)
{
    struct virtio_mmio *s = (struct virtio_mmio *)b->owner;
    s->v = NULL;
    s->isr = 0;
    update(s);
}

static const struct bus_type virtio_bus = { .name = "virtio-bus", .unplug = unplug, .place = place };

/* Of the devices: VIRTIO_MMIO in virtio.h. */
bool virtio_mmio_realize(struct device *d, char *err, size_t errlen)
{
    struct virtio_mmio *s = (struct virtio_mmio *)d->bus->owner;
    if (!virtio_realize((struct virtio *)d, &transport, err, errlen))
        return false;
    s->v = (struct virtio *)d;
    return true;
}

static bool slot_realize(struct device *d, char *err, size_t errlen)
{
    struct virtio_mmio *s = (struct virtio_mmio *)d;
    char name[32];
    if (!device_region(d, 0, mem_new_mmio("virtio-mmio", VIRTIO_MMIO_SIZE, &ops, s))) {
        snprintf(err, errlen, "virtio-mmio: no memory");
        return false;
    }
    snprintf(name, sizeof name, "virtio-mmio-bus.%u", s->number);
    bus_init(&s->bus, &virtio_bus, d, name, 1);
    return true;
}

static void slot_reset(struct device *d)
{
    struct virtio_mmio *s = (struct virtio_mmio *)d;
    s->isr = s->queue = s->device_half = s->driver_half = 0;
    update(s);
}

static void slot_loaded(struct device *d) { update((struct virtio_mmio *)d); }

void virtio_mmio_node(struct device *d, struct tree *t)
{
    tree_begin(t, "virtio_mmio@%llx", d->at[0]);
    tree_flag(t, "dma-coherent");
    tree_cells(t, "interrupts", 0, d->spi[0], 1);
    tree_reg(t, d->at[0], VIRTIO_MMIO_SIZE);
    tree_text(t, "compatible", "virtio,mmio");
    tree_end(t);
}

static const struct property properties[] = {
    PROPERTY(struct virtio_mmio, number, PROP_U32, "number", NULL, "which slot of the board it is"),
    { NULL }
};
static const struct field fields[] = {
    FIELD(struct virtio_mmio, isr), FIELD(struct virtio_mmio, queue), FIELD(struct virtio_mmio, device_half),
    FIELD(struct virtio_mmio, driver_half), { NULL }
};

const struct device_type virtio_mmio_type = {
    .name = "virtio-mmio", .category = "Misc", .size = sizeof(struct virtio_mmio), .properties = properties, .fields = fields,
    .realize = slot_realize, .reset = slot_reset, .loaded = slot_loaded,
};
