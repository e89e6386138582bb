/*
 * The PCI transport of virtio (virtio 1.2, 4.1): see virtio_pci.h.
 *
 * BAR 4 (64 bit, 16 KiB) has the common configuration, ISR status, the device's configuration and notifications, a page
 * each; BAR 1 the MSI-X table. The capability of access by configuration space reaches BAR 4 too.
 */
#include <string.h>

#include "virtio_pci.h"

static_assert(sizeof(struct virtio_pci) <= VIRTIO_TRANSPORT_SPACE, "room of struct virtio for the transport");

enum { COMMON = 0x0000, ISR = 0x1000, DEVICE_CONFIG = 0x2000, NOTIFY = 0x3000, REGION = 0x4000, PAGE = 0x1000, NOTIFY_STEP = 4 };
enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_PCI = 5, NO_VECTOR = 0xffff, ISR_QUEUE = 1, ISR_CONFIG = 2 };
enum { /* of the common configuration */
    C_DEVICE_SELECT = 0, C_DEVICE_FEATURE = 4, C_DRIVER_SELECT = 8, C_DRIVER_FEATURE = 12, C_CONFIG_VECTOR = 16, C_QUEUES = 18, C_STATUS = 20,
    C_GENERATION = 21, C_QUEUE = 22, C_QUEUE_SIZE = 24, C_QUEUE_VECTOR = 26, C_QUEUE_ENABLE = 28, C_QUEUE_NOTIFY = 30, C_QUEUE_DESC = 32,
    C_QUEUE_DRIVER = 40, C_QUEUE_DEVICE = 48, C_QUEUE_DATA = 56, C_QUEUE_RESET = 58, C_SIZE = 60
};

static struct virtio_pci *pci_of(struct virtio *v) { return (struct virtio_pci *)v; }
static struct virtio *virtio_of(struct virtio_pci *t) { return (struct virtio *)t; }

/* -------------------------------------------------------------------- interrupts */

static void raise_isr(struct virtio_pci *t, uint8_t bit)
{
    t->isr |= bit;
    pci_intx(&t->p, true);
}

static void interrupt(struct virtio *v, int queue)
{
    struct virtio_pci *t = pci_of(v);
    unsigned vector = queue < 0 ? t->config_vector : t->vector[queue];
    if (!pci_msix_on(&t->p))
        raise_isr(t, queue < 0 ? ISR_CONFIG : ISR_QUEUE);
    else if (vector != NO_VECTOR)
        pci_message(&t->p, vector);
}

static const struct virtio_transport transport = { interrupt };

/* ------------------------------------------------------------ common configuration */

static uint64_t area(const struct virtio *v, uint32_t q, enum virtio_area a)
{
    return virtio_queue_address(v, q, a, false) | (uint64_t)virtio_queue_address(v, q, a, true) << 32;
}

/* The whole of it, as it reads. */
static void common_image(struct virtio_pci *t, uint8_t *image)
{
    struct virtio *v = virtio_of(t);
    const struct virtio_ring_state *q = virtio_queue(v, t->queue);
    memset(image, 0, C_SIZE + 4);
#define SHOW(at, type, value) memcpy(image + (at), &(type){ (type)(value) }, sizeof(type))
    SHOW(C_DEVICE_SELECT, uint32_t, t->device_select);
    SHOW(C_DEVICE_FEATURE, uint32_t, virtio_device_features(v, t->device_select));
    SHOW(C_DRIVER_SELECT, uint32_t, t->driver_select);
    SHOW(C_DRIVER_FEATURE, uint32_t, virtio_driver_features(v, t->driver_select));
    SHOW(C_CONFIG_VECTOR, uint16_t, t->config_vector);
    SHOW(C_QUEUES, uint16_t, v->nqueues);
    SHOW(C_STATUS, uint8_t, v->status);
    SHOW(C_GENERATION, uint8_t, v->generation);
    SHOW(C_QUEUE, uint16_t, t->queue);
    SHOW(C_QUEUE_VECTOR, uint16_t, NO_VECTOR);
    if (!q)
        return;
    SHOW(C_QUEUE_SIZE, uint16_t, q->size);
    SHOW(C_QUEUE_VECTOR, uint16_t, t->vector[t->queue]);
    SHOW(C_QUEUE_ENABLE, uint16_t, q->enabled);
    SHOW(C_QUEUE_NOTIFY, uint16_t, t->queue);
    SHOW(C_QUEUE_DESC, uint64_t, area(v, t->queue, VIRTIO_DESC));
    SHOW(C_QUEUE_DRIVER, uint64_t, area(v, t->queue, VIRTIO_DRIVER_AREA));
    SHOW(C_QUEUE_DEVICE, uint64_t, area(v, t->queue, VIRTIO_DEVICE_AREA));
    SHOW(C_QUEUE_DATA, uint16_t, t->queue);
#undef SHOW
}

static uint16_t vector_of(const struct virtio_pci *t, uint64_t v) { return t->p.msix && (uint16_t)v < t->p.messages ? (uint16_t)v : NO_VECTOR; }

static void forget_vectors(struct virtio_pci *t)
{
    t->config_vector = NO_VECTOR;
    for (unsigned k = 0; k < VIRTIO_QUEUES; k++)
        t->vector[k] = NO_VECTOR;
    t->isr = 0;
    t->device_select = t->driver_select = t->queue = 0;
    pci_intx(&t->p, false);
}

/* Of 1, 2 or 4 bytes; a field of 8 bytes is written by halves. Writes of another size than the field's are lost. */
static void common_write(struct virtio_pci *t, unsigned offset, unsigned size, uint64_t value)
{
    struct virtio *v = virtio_of(t);
    bool high = offset & 4;
    if (size == 4 && offset >= C_QUEUE_DESC && offset < C_QUEUE_DATA) {
        enum virtio_area a = offset < C_QUEUE_DRIVER ? VIRTIO_DESC : offset < C_QUEUE_DEVICE ? VIRTIO_DRIVER_AREA : VIRTIO_DEVICE_AREA;
        virtio_queue_set_address(v, t->queue, a, high, (uint32_t)value);
        return;
    }
    switch (offset << 4 | size) {
    case C_DEVICE_SELECT << 4 | 4:
        t->device_select = (uint32_t)value;
        break;
    case C_DRIVER_SELECT << 4 | 4:
        t->driver_select = (uint32_t)value;
        break;
    case C_DRIVER_FEATURE << 4 | 4:
        virtio_set_driver_features(v, t->driver_select, (uint32_t)value);
        break;
    case C_CONFIG_VECTOR << 4 | 2:
        t->config_vector = vector_of(t, value);
        break;
    case C_STATUS << 4 | 1:
        virtio_set_status(v, (uint8_t)value);
        if (!(uint8_t)value)
            forget_vectors(t);
        break;
    case C_QUEUE << 4 | 2:
        t->queue = (uint16_t)value;
        break;
    case C_QUEUE_SIZE << 4 | 2:
        virtio_queue_set_size(v, t->queue, (uint16_t)value);
        break;
    case C_QUEUE_VECTOR << 4 | 2:
        if (virtio_queue(v, t->queue))
            t->vector[t->queue] = vector_of(t, value);
        break;
    case C_QUEUE_ENABLE << 4 | 2:
        if (value & 1)
            virtio_queue_enable(v, t->queue, true);
        break;
    case C_QUEUE_RESET << 4 | 2:
        if (value & 1)
            virtio_queue_reset(v, t->queue);
        break;
    }
}

/* -------------------------------------------------------------------------- BAR 4 */

static uint64_t region_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct virtio_pci *t = device;
    uint8_t image[C_SIZE + 4];
    uint32_t at = offset % PAGE;
    uint64_t v = 0;
    switch (offset - at) {
    case COMMON:
        if (at + size > C_SIZE)
            return 0;
        common_image(t, image);
        memcpy(&v, image + at, size);
        return v;
    case ISR:
        if (at)
            return 0;
        v = t->isr;
        t->isr = 0;
        pci_intx(&t->p, false);
        return v;
    case DEVICE_CONFIG:
        return virtio_config_read(virtio_of(t), at, size);
    default:
        return 0;
    }
}

static void region_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct virtio_pci *t = device;
    uint32_t at = offset % PAGE;
    switch (offset - at) {
    case COMMON:
        common_write(t, at, size, value);
        break;
    case DEVICE_CONFIG:
        virtio_config_write(virtio_of(t), at, size, value);
        break;
    case NOTIFY:
        if (at % NOTIFY_STEP == 0)
            virtio_notify(virtio_of(t), at / NOTIFY_STEP);
        break;
    }
}

static const struct mmio_ops ops = { region_read, region_write, 1, 4, false };

/* ------------------------------------------------------------- configuration space */

/* Access by configuration space (4.1.4.9): the capability has BAR, offset and length, and then the data. */
static bool window(struct virtio_pci *t, uint32_t *offset, uint32_t *size)
{
    *offset = pci_get(&t->p, t->window + 8, 4);
    *size = pci_get(&t->p, t->window + 12, 4);
    return t->p.config[t->window + 4] == 4 && (*size == 1 || *size == 2 || *size == 4) && *offset <= REGION - *size && !(*offset & (*size - 1));
}

static bool at_window(const struct virtio_pci *t, unsigned offset, unsigned size)
{
    return t->window && offset < t->window + 20u && offset + size > t->window + 16u;
}

static void reads(struct pci_device *p, unsigned offset, unsigned size)
{
    struct virtio_pci *t = (struct virtio_pci *)p;
    uint32_t at, n;
    if (at_window(t, offset, size) && window(t, &at, &n))
        pci_put(p, t->window + 16u, n, (uint32_t)region_read(t, at, n, MEM_CPU));
}

static void wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    struct virtio_pci *t = (struct virtio_pci *)p;
    uint32_t at, n;
    virtio_of(t)->no_dma = !pci_master(p);
    if (at_window(t, offset, size) && window(t, &at, &n))
        region_write(t, at, n, pci_get(p, t->window + 16u, n), MEM_CPU);
}

static unsigned add(struct virtio_pci *t, unsigned kind, uint32_t offset, uint32_t length, unsigned size)
{
    unsigned at = pci_capability(&t->p, PCI_CAP_VENDOR, size);
    pci_put(&t->p, at + 2, 1, size);
    pci_put(&t->p, at + 3, 1, kind);
    pci_put(&t->p, at + 4, 1, kind == CAP_PCI ? 0 : 4);
    pci_put(&t->p, at + 8, 4, offset);
    pci_put(&t->p, at + 12, 4, length);
    return at;
}

/* --------------------------------------------------------------------------- life */

bool virtio_pci_realize(struct device *d, char *err, size_t errlen)
{
    struct virtio *v = (struct virtio *)d;
    struct virtio_pci *t = pci_of(v);
    const struct virtio_class *c = d->type->class;
    if (t->legacy == 2 || t->no_modern) {
        snprintf(err, errlen, "%s: %s: there are modern virtio devices only", d->type->name, t->no_modern ? "disable-modern=on" : "disable-legacy=off");
        return false;
    }
    struct pci_ids ids = { 0x1af4, (uint16_t)(0x1040 + c->id), 1, (uint32_t)c->pci_class << 8, 0x1af4, 0x1100 };
    if (!virtio_realize(v, &transport, err, errlen))
        return false;
    if (!pci_realize(&t->p, &ids, err, errlen))
        goto fail;
    if (t->platform)
        v->offered |= VIRTIO_BIT(VIRTIO_F_ACCESS_PLATFORM);
    unsigned n = t->nvectors < 0 ? v->nqueues + 1 : (unsigned)t->nvectors;
    n = n > PCI_MSIX_MAX ? PCI_MSIX_MAX : n;
    if (!pci_bar(&t->p, 4, PCI_BAR_MEM64 | PCI_BAR_PREFETCH, mem_new_mmio(c->name, REGION, &ops, t)) || (n && !pci_msix(&t->p, n, 1))) {
        snprintf(err, errlen, "%s: no memory", d->type->name);
        goto fail;
    }
    t->p.config[PCI_INT_PIN] = 1;
    add(t, CAP_COMMON, COMMON, C_SIZE, 16);
    add(t, CAP_ISR, ISR, 1, 16);
    if (c->config_size)
        add(t, CAP_DEVICE, DEVICE_CONFIG, c->config_size, 16);
    unsigned at = add(t, CAP_NOTIFY, NOTIFY, v->nqueues * NOTIFY_STEP, 20);
    pci_put(&t->p, at + 16, 4, NOTIFY_STEP);
    t->window = (uint16_t)add(t, CAP_PCI, 0, 0, 20);
    pci_allow(&t->p, t->window + 4u, 1, 0xff);
    pci_allow(&t->p, t->window + 8u, 4, ~0u);
    pci_allow(&t->p, t->window + 12u, 4, ~0u);
    pci_allow(&t->p, t->window + 16u, 4, ~0u);
    t->p.reads = reads;
    t->p.wrote = wrote;
    forget_vectors(t);
    return true;
fail:
    pci_unrealize(&t->p);
    virtio_unrealize(d);
    return false;
}

void virtio_pci_unrealize(struct device *d)
{
    virtio_unrealize(d);
    pci_unrealize((struct pci_device *)d);
}

void virtio_pci_reset(struct device *d)
{
    virtio_device_reset(d);
    forget_vectors((struct virtio_pci *)d);
    pci_reset((struct pci_device *)d);
}

const char *virtio_pci_valid(struct device *d)
{
    struct virtio_pci *t = (struct virtio_pci *)d;
    const char *why = pci_valid(&t->p);
    bool good = vector_of(t, t->config_vector) == t->config_vector;
    for (unsigned k = 0; k < virtio_of(t)->nqueues; k++)
        good = good && vector_of(t, t->vector[k]) == t->vector[k];
    return why ? why : good ? virtio_valid(d) : "a queue has a vector that is not there";
}

void virtio_pci_loaded(struct device *d)
{
    pci_loaded((struct pci_device *)d);
    virtio_loaded(d);
}

const struct property virtio_pci_properties[] = {
    PCI_PROPERTIES,
    PROPERTY(struct virtio_pci, nvectors, PROP_S32, "vectors", "-1", "MSI-X vectors; 0: none, -1: one a queue and one"),
    PROPERTY_ENUM(struct virtio_pci, legacy, "disable-legacy", "auto", "auto|on|off", "there are modern devices only"),
    PROPERTY(struct virtio_pci, no_modern, PROP_BOOL, "disable-modern", "off", "likewise"),
    PROPERTY(struct virtio_pci, platform, PROP_BOOL, "iommu_platform", "off", "offers VIRTIO_F_ACCESS_PLATFORM"),
    { NULL }
};

const struct field virtio_pci_fields[] = {
    PCI_FIELDS, FIELD(struct virtio_pci, device_select), FIELD(struct virtio_pci, driver_select), FIELD(struct virtio_pci, queue),
    FIELD(struct virtio_pci, config_vector), FIELD(struct virtio_pci, vector), FIELD(struct virtio_pci, isr), { NULL }
};
