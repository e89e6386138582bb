/*
 * virtio-blk (virtio-v1.2 §5.2): a disk on a block backend, with several queues, flush, discard and write zeroes.
 *
 * A request is the chain itself with what the backend wants of it (struct blk_request). Requests of one notification go
 * to the backend together, and a batch of them that is done makes one interrupt.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "pci/virtio_pci.h"

enum { /* feature bits */
    F_SEG_MAX = 2, F_GEOMETRY = 4, F_RO = 5, F_BLK_SIZE = 6, F_FLUSH = 9, F_TOPOLOGY = 10, F_CONFIG_WCE = 11, F_MQ = 12,
    F_DISCARD = 13, F_WRITE_ZEROES = 14
};
enum { T_IN = 0, T_OUT = 1, T_FLUSH = 4, T_GET_ID = 8, T_DISCARD = 11, T_WRITE_ZEROES = 13 };
enum { S_OK = 0, S_IOERR = 1, S_UNSUPP = 2 };
enum { SECTOR = 512, ID_BYTES = 20, CONFIG_BYTES = 60, AUTO_QUEUES = 65535 };

/* The configuration space: little endian, as the host is. */
struct __attribute__((packed)) blk_config {
    uint64_t capacity;
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
};
_Static_assert(sizeof(struct blk_config) == CONFIG_BYTES, "virtio-v1.2 5.2.4");

struct virtio_blk {
    struct virtio v;
    struct block *drive;
    struct iothread *iothread;
    char *serial;
    uint32_t logical, physical, min_io, opt_io, discard_granularity;
    uint16_t num_queues, queue_size;
    uint32_t max_discard_sectors, max_write_zeroes_sectors;
    bool config_wce, discard, write_zeroes;
    uint8_t writeback;   /* the driver's choice of the cache's mode */
    uint64_t to_signal;  /* queues with requests done */
};

struct blk_request {
    struct virtio_chain c;
    struct virtio_blk *b;
    uint8_t *status;
    uint32_t written;      /* bytes that the driver gets, without the status */
    struct block_request r;
};

/* -------------------------------------------------------------------------- requests */

static void finish(struct blk_request *q, uint8_t status)
{
    struct virtio_blk *b = q->b;
    *q->status = status;
    b->to_signal |= 1ull << q->c.queue;
    virtio_push(&b->v, &q->c, (status == S_OK ? q->written : 0) + 1);
}

static void done(struct block_request *r, int error)
{
    struct blk_request *q = (struct blk_request *)((char *)r - offsetof(struct blk_request, r));
    finish(q, error == 0 ? S_OK : error == -EOPNOTSUPP ? S_UNSUPP : S_IOERR);
}

static void batch_done(void *device)
{
    struct virtio_blk *b = device;
    while (b->to_signal) {
        unsigned q = (unsigned)__builtin_ctzll(b->to_signal);
        b->to_signal &= b->to_signal - 1;
        virtio_signal(&b->v, q);
    }
}

static void submit(struct blk_request *q, enum block_op op, uint64_t sector, uint64_t bytes, unsigned flags)
{
    struct virtio_blk *b = q->b;
    if (sector > block_size(b->drive) / SECTOR || ((sector * SECTOR | bytes) & (b->logical - 1))) {
        finish(q, S_IOERR);
        return;
    }
    q->r.op = op;
    q->r.flags = flags | (b->writeback ? 0 : BLOCK_FUA);
    q->r.offset = sector * SECTOR;
    q->r.bytes = bytes;
    q->r.iov = op == BLOCK_READ ? q->c.in : q->c.out;
    q->r.niov = op == BLOCK_READ ? q->c.nin : q->c.nout;
    q->r.done = done;
    block_submit(b->drive, &q->r);
}

/* Discard and write zeroes: one segment, as max_*_seg says. */
static void range(struct blk_request *q, uint32_t type)
{
    struct { uint64_t sector; uint32_t sectors, flags; } s;
    struct virtio_blk *b = q->b;
    bool zero = type == T_WRITE_ZEROES;
    uint32_t max = zero ? b->max_write_zeroes_sectors : b->max_discard_sectors;
    if (!virtio_has(&b->v, zero ? F_WRITE_ZEROES : F_DISCARD) || q->c.out_size != sizeof s || !virtio_take(&q->c, &s, sizeof s) ||
        (s.flags & ~(zero ? 1u : 0u)))
        finish(q, S_UNSUPP);
    else if (s.sectors > max)
        finish(q, S_IOERR);
    else
        submit(q, zero ? BLOCK_ZERO : BLOCK_DISCARD, s.sector, (uint64_t)s.sectors * SECTOR, zero && s.flags ? BLOCK_UNMAP : 0);
}

static void get_id(struct blk_request *q)
{
    char id[ID_BYTES] = { 0 };
    const struct virtio_blk *b = q->b;
    if (b->serial)
        memcpy(id, b->serial, strnlen(b->serial, ID_BYTES));
    q->written = (uint32_t)virtio_put(&q->c, id, sizeof id);
    finish(q, S_OK);
}

static void start(struct virtio_blk *b, struct blk_request *q)
{
    struct { uint32_t type, reserved; uint64_t sector; } head;
    q->b = b;
    if (!virtio_take(&q->c, &head, sizeof head) || !(q->status = virtio_take_last(&q->c))) {
        virtio_break(&b->v, q->c.queue, "a request without head or status");
        virtio_drop(&b->v, &q->c);
        return;
    }
    switch (head.type) {
    case T_IN:
        q->written = (uint32_t)q->c.in_size;
        submit(q, BLOCK_READ, head.sector, q->c.in_size, 0);
        break;
    case T_OUT:
        submit(q, BLOCK_WRITE, head.sector, q->c.out_size, 0);
        break;
    case T_FLUSH:
        submit(q, BLOCK_FLUSH, 0, 0, 0);
        break;
    case T_GET_ID:
        get_id(q);
        break;
    case T_DISCARD:
    case T_WRITE_ZEROES:
        range(q, head.type);
        break;
    default:
        finish(q, S_UNSUPP);
    }
}

static void notify(struct virtio *v, unsigned queue)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    struct blk_request *q;
    block_plug(b->drive);
    while ((q = virtio_pop(v, queue, sizeof *q)))
        start(b, q);
    block_unplug(b->drive);
    batch_done(b);
}

static void blk_reset(struct virtio *v)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    block_drain(b->drive);
    b->to_signal = 0;
    b->writeback = !b->drive->node->writethrough;
}

static void reset_queue(struct virtio *v, unsigned q) { block_drain(((struct virtio_blk *)v)->drive); }

/* --------------------------------------------------------------------- configuration */

/* Without the bit for the cache's mode, a driver that does not flush wants every write on the disk (5.2.5.1). */
static void started(struct virtio *v)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    if (!virtio_has(v, F_CONFIG_WCE))
        b->writeback = virtio_has(v, F_FLUSH);
}

static void config(struct virtio *v, uint8_t *space)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    uint64_t sectors = block_size(b->drive) / SECTOR, cylinders = sectors / (16 * 63);
    struct blk_config c = {
        .capacity = sectors, .seg_max = b->queue_size > 2 ? b->queue_size - 2u : 1, .heads = 16, .sectors = 63,
        .cylinders = (uint16_t)(cylinders < 2 ? 2 : cylinders > 16383 ? 16383 : cylinders), .blk_size = b->logical,
        .physical_block_exp = (uint8_t)__builtin_ctz(b->physical / b->logical), .min_io_size = (uint16_t)(b->min_io / b->logical),
        .opt_io_size = b->opt_io / b->logical, .writeback = b->writeback, .num_queues = b->num_queues,
        .max_discard_sectors = b->max_discard_sectors, .max_discard_seg = 1,
        .discard_sector_alignment = b->discard_granularity / SECTOR,
        .max_write_zeroes_sectors = b->max_write_zeroes_sectors, .max_write_zeroes_seg = 1, .write_zeroes_may_unmap = 1,
    };
    memcpy(space, &c, sizeof c);
}

static void config_write(struct virtio *v, uint32_t offset, unsigned size, uint32_t value)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    if (offset == offsetof(struct blk_config, writeback) && size == 1 && virtio_has(v, F_CONFIG_WCE))
        b->writeback = value & 1;
}

/* ---------------------------------------------------------------------------- making */

static bool is_block_size(uint32_t n) { return n >= SECTOR && n <= 2 << 20 && !(n & (n - 1)); }

static bool check(struct virtio_blk *b, char *err, size_t errlen)
{
    if (!b->physical)
        b->physical = b->logical > SECTOR ? b->logical : SECTOR;
    if (!b->discard_granularity || b->discard_granularity == ~0u)
        b->discard_granularity = b->logical;
    if (!b->drive)
        snprintf(err, errlen, "virtio-blk: drive= is missing: the id of a -drive");
    else if (!is_block_size(b->logical) || b->logical > 32768 || !is_block_size(b->physical) || b->physical < b->logical)
        snprintf(err, errlen, "virtio-blk: block sizes are powers of two from 512 on, the physical not below the logical");
    else if (b->min_io % b->logical || b->opt_io % b->logical || b->discard_granularity % b->logical)
        snprintf(err, errlen, "virtio-blk: sizes of I/O should be multiples of logical_block_size");
    else if (!b->num_queues || b->num_queues > VIRTIO_QUEUES)
        snprintf(err, errlen, "virtio-blk: num-queues=%u: it should be 1 to %d", b->num_queues, VIRTIO_QUEUES);
    else if (b->queue_size < 4 || b->queue_size > VIRTIO_QUEUE_MAX || (b->queue_size & (b->queue_size - 1)))
        snprintf(err, errlen, "virtio-blk: queue-size=%u: it should be a power of two, 4 to %d", b->queue_size, VIRTIO_QUEUE_MAX);
    else
        return true;
    return false;
}

static void resized(void *device) { virtio_config_changed(device); }

static bool blk_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_blk *b = (struct virtio_blk *)v;
    struct block_front f = { batch_done, b, resized, NULL };
    if (b->num_queues == AUTO_QUEUES) /* mmio has one interrupt for all */
        b->num_queues = !strcmp(v->d.type->bus, "PCI") ? (uint16_t)(v->d.machine->nvcpus < 16 ? v->d.machine->nvcpus : 16) : 1;
    if (!check(b, err, errlen) || !block_attach(b->drive, v->d.machine, &f, err, errlen))
        return false;
    uint64_t bits = VIRTIO_BIT(F_SEG_MAX) | VIRTIO_BIT(F_GEOMETRY) | VIRTIO_BIT(F_BLK_SIZE) | VIRTIO_BIT(F_FLUSH) | VIRTIO_BIT(F_TOPOLOGY);
    if (b->drive->node->readonly)
        bits |= VIRTIO_BIT(F_RO);
    if (b->config_wce)
        bits |= VIRTIO_BIT(F_CONFIG_WCE);
    if (b->num_queues > 1)
        bits |= VIRTIO_BIT(F_MQ);
    if (b->discard)
        bits |= VIRTIO_BIT(F_DISCARD);
    if (b->write_zeroes)
        bits |= VIRTIO_BIT(F_WRITE_ZEROES);
    v->offered |= bits;
    for (unsigned q = 0; q < b->num_queues; q++)
        virtio_add_queue(v, b->queue_size);
    return true;
}

static void blk_unrealize(struct virtio *v) { block_detach(((struct virtio_blk *)v)->drive); }

static const struct virtio_class class = {
    .name = "virtio-blk", .id = 2, .pci_class = 0x0100, .config_size = CONFIG_BYTES, .realize = blk_realize, .unrealize = blk_unrealize,
    .reset = blk_reset, .config = config, .config_write = config_write, .started = started, .notify = notify, .reset_queue = reset_queue,
};
#define P(member, kind, name, value, help) PROPERTY(struct virtio_blk, member, kind, name, value, help)
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    P(drive, PROP_DRIVE, "drive", NULL, "its backend"),
    BOOT_PROPERTY,
    P(iothread, PROP_IOTHREAD, "iothread", NULL, "nothing: requests never wait under the machine's lock"),
    P(serial, PROP_STRING, "serial", NULL, "up to 20 characters"),
    P(logical, PROP_U32, "logical_block_size", "512", "the smallest piece that is read or written"),
    P(physical, PROP_U32, "physical_block_size", NULL, "what the disk likes best (the logical)"),
    P(min_io, PROP_U32, "min_io_size", NULL, "best smallest request"),
    P(opt_io, PROP_U32, "opt_io_size", NULL, "best request"),
    P(discard_granularity, PROP_U32, "discard_granularity", NULL, "pieces of discards (the logical block)"),
    P(num_queues, PROP_U16, "num-queues", "65535", "65535: one for each processor, on mmio one"),
    P(queue_size, PROP_U16, "queue-size", "256", "descriptors of a queue"),
    P(config_wce, PROP_BOOL, "config-wce", "on", "the driver may change the cache's mode"),
    P(discard, PROP_BOOL, "discard", "on", "the driver may discard"),
    P(max_discard_sectors, PROP_U32, "max-discard-sectors", "4194303", "of one request"),
    P(write_zeroes, PROP_BOOL, "write-zeroes", "on", "the driver may write zeroes"),
    P(max_write_zeroes_sectors, PROP_U32, "max-write-zeroes-sectors", "4194303", "of one request"),
    { NULL }
};
static const struct field fields[] = { VIRTIO_FIELDS, FIELD(struct virtio_blk, writeback), { NULL } };

const struct device_type virtio_blk_pci_type =
    VIRTIO_PCI("virtio-blk", struct virtio_blk, "Storage", "disk", &class, properties, fields);
const struct device_type virtio_blk_device_type =
    VIRTIO_MMIO("virtio-blk", struct virtio_blk, "Storage", "disk", &class, properties, fields);

bool virtio_blk_for_drives(struct machine *m, char *err, size_t errlen)
{
    char text[96];
    bool pci = device_type_find("virtio-blk-pci") && bus_by_type(m, "PCI");
    for (struct block *b = NULL; (b = block_next(b));) {
        snprintf(text, sizeof text, "virtio-blk-%s,drive=%s", pci ? "pci" : "device", b->options.id);
        if (b->options.interface == IF_VIRTIO && !b->attached && !device_add(m, text, err, errlen))
            return false;
    }
    return true;
}
