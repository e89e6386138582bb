/*
 * Virtio 1.2 devices (OASIS virtio-v1.2; "modern" only): what a device, its queues and its transport know of one
 * another.
 *
 * A device (blk, console, rng ...) is one struct virtio_class and a struct that begins with struct virtio. A transport
 * (mmio.c, ../pci/) shows its registers to the guest and calls the functions of "for transports"; struct virtio
 * begins with room for the transport's own struct, which begins with struct device. So a device has one device_type
 * a transport, each a row: NAME-device by VIRTIO_MMIO below, NAME-pci by the like macro of the PCI transport.
 *
 * Queues are split or packed rings in guest memory (ring.c). What the driver puts there is never trusted: a ring that
 * makes no sense sets DEVICE_NEEDS_RESET, and the device stands still until it is reset.
 * Everything runs with the machine's lock held.
 */
#ifndef MYNA_VIRTIO_H
#define MYNA_VIRTIO_H

#include <sys/uio.h>
#include "device.h"

struct virtio;

enum { /* device status (2.1) */
    VIRTIO_ACKNOWLEDGE = 1, VIRTIO_DRIVER = 2, VIRTIO_DRIVER_OK = 4, VIRTIO_FEATURES_OK = 8, VIRTIO_NEEDS_RESET = 64,
    VIRTIO_FAILED = 128
};
enum { /* feature bits of queues and transports (6) */
    VIRTIO_F_INDIRECT_DESC = 28, VIRTIO_F_EVENT_IDX = 29, VIRTIO_F_VERSION_1 = 32, VIRTIO_F_ACCESS_PLATFORM = 33,
    VIRTIO_F_RING_PACKED = 34, VIRTIO_F_RING_RESET = 40
};
#define VIRTIO_BIT(n) (1ull << (n))

enum {
    VIRTIO_QUEUES = 64,         /* of a device, at most */
    VIRTIO_QUEUE_MAX = 1024,    /* descriptors of a queue, at most */
    VIRTIO_CONFIG_MAX = 256,    /* bytes of a configuration space */
    VIRTIO_TRANSPORT_SPACE = 24 << 10
};

/* --------------------------------------------------------------------- for devices */

/* A device: blk.c's, console.c's ... */
struct virtio_class {
    const char *name;     /* "virtio-blk" */
    uint16_t id;          /* device ID (5) */
    uint16_t pci_class;   /* class << 8 | subclass, for the PCI transport */
    uint32_t config_size; /* bytes of the configuration space, 0 .. VIRTIO_CONFIG_MAX */
    /* Adds queues (virtio_add_queue) and its own bits to v->offered. False: the reason in err. */
    bool (*realize)(struct virtio *v, char *err, size_t errlen);
    void (*unrealize)(struct virtio *v);
    /* The driver or the machine resets it: when it returns, no request of the queues is under way. */
    void (*reset)(struct virtio *v);
    /* Fills the configuration space, which is zeroed, little endian. Called when it is read. */
    void (*config)(struct virtio *v, uint8_t *space);
    /* The driver writes size (1, 2, 4) bytes at offset, inside config_size. NULL: nothing is writable. */
    void (*config_write)(struct virtio *v, uint32_t offset, unsigned size, uint32_t value);
    /* As those of struct device_type (device.h). NULL: nothing to do. */
    const char *(*settle)(struct virtio *v);
    const char *(*valid)(struct virtio *v);
    void (*loaded)(struct virtio *v);
    const char *(*unmigratable)(struct virtio *v);
    void (*started)(struct virtio *v); /* DRIVER_OK was set; v->features are those agreed on. NULL: nothing to do */
    /* There may be new buffers in queue q: take them by virtio_pop until it gives NULL. */
    void (*notify)(struct virtio *v, unsigned q);
    /* VIRTIO_F_RING_RESET: as reset, of one queue. NULL: not offered. */
    void (*reset_queue)(struct virtio *v, unsigned q);
};

/* A queue as the driver set it up, and how far it is: saved. */
struct virtio_ring_state {
    uint64_t desc, driver, device; /* physical addresses of the three areas (2.6) */
    uint16_t size;                 /* descriptors; what the driver chose */
    uint16_t max;                  /* what the device offers */
    uint16_t next;                 /* split: available index; packed: position of the next descriptor */
    uint16_t used;                 /* split: used index; packed: position of the next used descriptor */
    uint16_t signalled;            /* used when the driver was last interrupted */
    uint8_t enabled, wrap_next, wrap_used;
    uint8_t unsignalled;           /* there were pushes since */
    uint32_t waiting;              /* buffers taken and not yet given back */
};

/* Where the areas are in host memory: found again when the queue is used first. NULL: not yet. */
struct virtio_ring_host {
    uint8_t *desc, *driver, *device;
    struct mem_region *desc_region, *device_region; /* what the device writes: packed descriptors, device area */
    uint64_t desc_offset, device_offset;
};

struct virtio_transport {
    /* queue: whose used buffers the driver wants to hear of; -1: the configuration has changed. */
    void (*interrupt)(struct virtio *v, int queue);
};

struct virtio {
    union {
        struct device d;
        uint8_t transport_space[VIRTIO_TRANSPORT_SPACE];
    };
    const struct virtio_class *class;
    const struct virtio_transport *transport;
    uint64_t offered, features; /* what the device has; what the driver took of it */
    uint32_t generation;        /* of the configuration */
    uint8_t status;
    bool broken;                /* nothing is done until a reset */
    bool no_dma;                /* set by the transport: the device may not touch memory now (bus master off) */
    unsigned nqueues;
    uint16_t queue_max[VIRTIO_QUEUES]; /* as ring's max, when they were made */
    struct virtio_ring_state ring[VIRTIO_QUEUES];
    struct virtio_ring_host host[VIRTIO_QUEUES];
    uint64_t again;             /* queues to be looked at again: a notification takes a bounded number of chains */
    unsigned serving, left;     /* the queue whose notification is served, plus one; chains that it may still take */
    struct alarm *later;
    struct virtio_scratch *scratch; /* ring.c: the chain that is being read */
    bool event_idx, indirect, packed, queue_reset; /* properties */
};

/* Rows for the tables of each device. */
#define VIRTIO_PROPERTIES \
    PROPERTY(struct virtio, event_idx, PROP_BOOL, "event_idx", "on", "event index: fewer interrupts and notifications"), \
    PROPERTY(struct virtio, indirect, PROP_BOOL, "indirect_desc", "on", "indirect descriptors"), \
    PROPERTY(struct virtio, packed, PROP_BOOL, "packed", "off", "packed rings"), \
    PROPERTY(struct virtio, queue_reset, PROP_BOOL, "queue_reset", "on", "single queues can be reset")
#define VIRTIO_FIELDS \
    FIELD(struct virtio, features), FIELD(struct virtio, generation), FIELD(struct virtio, status), \
    FIELD(struct virtio, broken), FIELD(struct virtio, ring)

/* The initializer of the device_type of NAME on virtio-mmio. */
#define VIRTIO_MMIO(name_, S, category_, help_, class_, properties_, fields_) { \
    .name = name_ "-device", .bus = "virtio-bus", .category = category_, .help = help_, .size = sizeof(S), \
    .properties = properties_, .fields = fields_, .class = class_, .realize = virtio_mmio_realize, \
    .unrealize = virtio_unrealize, .reset = virtio_device_reset, .settle = virtio_settle, .valid = virtio_valid, .loaded = virtio_loaded, \
    .unmigratable = virtio_unmigratable }

/* Adds a queue of at most max descriptors (a power of two, 2 .. VIRTIO_QUEUE_MAX); returns its number. */
unsigned virtio_add_queue(struct virtio *v, unsigned max);
static inline bool virtio_has(const struct virtio *v, unsigned feature) { return v->features >> feature & 1; }
static inline bool virtio_running(const struct virtio *v) { return (v->status & VIRTIO_DRIVER_OK) && !v->broken && !v->no_dma; }
/* The configuration has changed: a new generation, and an interrupt if the driver runs. */
void virtio_config_changed(struct virtio *v);
/* The driver did what the standard forbids: NEEDS_RESET; what: for -d guest_errors. */
void virtio_break(struct virtio *v, unsigned q, const char *what);

/* A chain of descriptors: one request. It is one piece of memory; a device's own request begins with it. */
struct virtio_chain {
    uint16_t queue, id;
    uint16_t count;          /* packed: descriptors it takes in the ring */
    unsigned nout, nin;      /* pieces that the device reads, and writes */
    struct iovec *out, *in;
    size_t out_size, in_size; /* bytes left in them */
    unsigned nmarks;
    struct virtio_mark { struct mem_region *r; uint64_t offset, n; } *marks; /* what it may write */
};

/* The next chain of queue q, in a piece of `size` bytes (sizeof of what begins with struct virtio_chain; what is
 * behind that is zeroed) and more. NULL: there is none now, and the driver will notify when there is. */
void *virtio_pop(struct virtio *v, unsigned q, size_t size);
/* Puts the last popped chain of a queue back, as if it had not been popped, and frees it. Only while none of the queue
 * was popped or pushed since. */
void virtio_unpop(struct virtio *v, struct virtio_chain *c);
/* Gives it back with `written` bytes in its `in` part, and frees it. */
void virtio_push(struct virtio *v, struct virtio_chain *c, uint32_t written);
/* The same of n chains of one queue, in the order they were popped: the driver sees all of them or none. */
void virtio_push_all(struct virtio *v, struct virtio_chain **c, const uint32_t *written, unsigned n);
/* Frees it without giving it back (reset). */
void virtio_drop(struct virtio *v, struct virtio_chain *c);
/* After pushes: an interrupt, if the driver wants one. */
void virtio_signal(struct virtio *v, unsigned q);
/* Is there a chain that could be popped? */
bool virtio_has_chain(struct virtio *v, unsigned q);

/* Takes n bytes off the front of out; false: there are fewer (then nothing is taken). */
bool virtio_take(struct virtio_chain *c, void *to, size_t n);
/* Puts up to n bytes at the front of in, and takes those places off it; how many there was room for. */
size_t virtio_put(struct virtio_chain *c, const void *from, size_t n);
/* Takes the last byte of in off it; NULL: it is empty. */
uint8_t *virtio_take_last(struct virtio_chain *c);

/* ------------------------------------------------------------------ for transports */

/* ring.c, for virtio.c: room for chains; what is known of a queue's areas is forgotten. */
struct virtio_scratch *virtio_scratch_new(void);
void virtio_ring_forget(struct virtio *v, unsigned q);
/* virtio.c, for ring.c: false: this notification has taken enough, the rest comes later. */
bool virtio_may_pop(struct virtio *v, unsigned q);

/* Of device_type.realize, after the transport made its own: class->realize and the common features. */
bool virtio_realize(struct virtio *v, const struct virtio_transport *t, char *err, size_t errlen);
/* Of device_type, for a transport that has nothing of its own to do there. */
void virtio_unrealize(struct device *d);
void virtio_device_reset(struct device *d);
const char *virtio_settle(struct device *d);
const char *virtio_valid(struct device *d);
void virtio_loaded(struct device *d);
const char *virtio_unmigratable(struct device *d);
bool virtio_mmio_realize(struct device *d, char *err, size_t errlen);

/* The device's reset, when the driver writes status 0 or the transport is reset. */
void virtio_reset(struct virtio *v);
/* Writes device status: 0 resets; FEATURES_OK does not stay if the driver's choice is refused. Read v->status. */
void virtio_set_status(struct virtio *v, uint8_t status);
/* Half 0 or 1 of the 64 feature bits; other halves: zero. */
uint32_t virtio_device_features(const struct virtio *v, uint32_t half);
uint32_t virtio_driver_features(const struct virtio *v, uint32_t half);
/* Ignored after FEATURES_OK, and for bits that are not offered. */
void virtio_set_driver_features(struct virtio *v, uint32_t half, uint32_t bits);

/* Queue q: NULL beyond v->nqueues. Reading its state is reading the registers. */
const struct virtio_ring_state *virtio_queue(const struct virtio *v, uint32_t q);
/* All are ignored while the queue is enabled, and for queues that there are not. size: 1 .. max; split: a power of two. */
void virtio_queue_set_size(struct virtio *v, uint32_t q, uint32_t size);
enum virtio_area { VIRTIO_DESC, VIRTIO_DRIVER_AREA, VIRTIO_DEVICE_AREA };
/* high: the upper half of the address, else the lower. */
void virtio_queue_set_address(struct virtio *v, uint32_t q, enum virtio_area area, bool high, uint32_t value);
uint32_t virtio_queue_address(const struct virtio *v, uint32_t q, enum virtio_area area, bool high);
/* Off: requests under way end first; the addresses stay. */
void virtio_queue_enable(struct virtio *v, uint32_t q, bool on);
/* VIRTIO_F_RING_RESET: the queue is as before it was set up. Ignored unless agreed on. */
void virtio_queue_reset(struct virtio *v, uint32_t q);
/* The driver's notification. */
void virtio_notify(struct virtio *v, uint32_t q);

/* size 1, 2 or 4 (8: two of 4); outside of the space: zero, ignored. */
uint64_t virtio_config_read(struct virtio *v, uint32_t offset, unsigned size);
void virtio_config_write(struct virtio *v, uint32_t offset, unsigned size, uint64_t value);

#endif
