/*
 * virtio-9p: 9P messages on a queue (Linux' net/9p/trans_virtio.c; the tag that a guest mounts by is in the configuration
 * space): a chain is a message, and behind it room for its answer. ../9p/ serves them.
 *
 * A message is served by a thread, without the machine's lock; data of files go between the host's file and the guest's
 * memory without a copy. Its chain goes back when the answer is there. A Tflush is answered when the message that it is about has
 * been, which is never cut short: nothing that a message does waits for anybody but the host.
 */
#include <stdlib.h>
#include <string.h>

#include "9p/p9.h"
#include "block/aio.h"
#include "pci/virtio_pci.h"

enum { F_MOUNT_TAG = 0, QUEUE_SIZE = 128, TAG_BYTES = 200, FLUSHED = 16 };

struct request {
    struct virtio_chain c;
    struct virtio_9p *device;
    struct request *next, **at;  /* among those under way */
    struct request *flushes;     /* that wait for this one, by `next` */
    struct p9_message m;
    uint16_t tag;
    uint32_t written;
    struct aio_op op;
};

struct virtio_9p {
    struct virtio v;
    struct p9_export *fsdev;
    char *tag;
    struct p9_server *server;
    struct request *under_way;
    bool dropping;               /* what ends now is not given back */
};

struct __attribute__((packed)) config { uint16_t n; char tag[TAG_BYTES]; };

static void finish(struct request *r)
{
    struct virtio_9p *d = r->device;
    if (d->dropping) {
        virtio_drop(&d->v, &r->c);
    } else if (!r->written) {
        virtio_break(&d->v, r->c.queue, "a message without room for its answer");
        virtio_drop(&d->v, &r->c);
    } else {
        virtio_push(&d->v, &r->c, r->written);
        virtio_signal(&d->v, 0);
    }
}

static void served(struct aio_op *op, ssize_t written)
{
    struct request *r = (struct request *)((char *)op - offsetof(struct request, op)), *f = r->flushes;
    if ((*r->at = r->next))
        r->next->at = r->at;
    r->written = (uint32_t)(written < 0 ? 0 : written);
    finish(r);
    while (f) {
        struct request *next = f->next;
        finish(f);
        f = next;
    }
}

static ssize_t serve(struct aio_op *op)
{
    struct request *r = (struct request *)((char *)op - offsetof(struct request, op));
    return p9_serve(r->device->server, &r->m);
}

static struct request *find(struct virtio_9p *d, uint16_t tag)
{
    struct request *r = d->under_way;
    while (r && r->tag != tag)
        r = r->next;
    return r;
}

static void start(struct virtio_9p *d, struct request *r)
{
    unsigned type;
    uint16_t old;
    r->device = d;
    r->m = (struct p9_message){ r->c.out, r->c.in, r->c.nout, r->c.nin, r->c.out_size, r->c.in_size };
    if (!p9_peek(&r->m, &type, &r->tag, &old)) {
        finish(r);
        return;
    }
    if (type == P9_TFLUSH) {
        struct request *about = find(d, old);
        r->written = p9_flushed(&r->m, r->tag);
        if (!about) {
            finish(r);
            return;
        }
        struct request **last = &about->flushes; /* in their order */
        while (*last)
            last = &(*last)->next;
        *last = r;
        return;
    }
    if ((r->next = d->under_way))
        r->next->at = &r->next;
    r->at = &d->under_way;
    d->under_way = r;
    r->op = (struct aio_op){ .what = AIO_CALL, .call = serve, .done = served, .direct = true };
    aio_begin(AIO_THREADS, &r->op);
}

static void notify(struct virtio *v, unsigned q)
{
    struct virtio_9p *d = (struct virtio_9p *)v;
    struct request *r;
    aio_plug();
    while ((r = virtio_pop(v, q, sizeof *r)))
        start(d, r);
    aio_unplug();
}

static void drain(struct virtio_9p *d)
{
    d->dropping = true;
    while (d->under_way && aio_wait())
        ;
    d->dropping = false;
}

static void reset_queue(struct virtio *v, unsigned q) { drain((struct virtio_9p *)v); }

static void reset(struct virtio *v)
{
    struct virtio_9p *d = (struct virtio_9p *)v;
    drain(d);
    p9_server_reset(d->server);
}

static void config(struct virtio *v, uint8_t *space)
{
    const struct virtio_9p *d = (struct virtio_9p *)v;
    struct config c = { .n = (uint16_t)strlen(d->tag) };
    memcpy(c.tag, d->tag, c.n);
    memcpy(space, &c, sizeof c);
}

static bool realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_9p *d = (struct virtio_9p *)v;
    if (!d->fsdev || !d->tag || !*d->tag || strlen(d->tag) > TAG_BYTES) {
        snprintf(err, errlen, !d->fsdev ? "virtio-9p: fsdev= is missing: the id of a -fsdev" : "virtio-9p: mount_tag= should be 1 to %d characters", TAG_BYTES);
        return false;
    }
    if (!(d->server = p9_server_new(d->fsdev))) {
        snprintf(err, errlen, "virtio-9p: no memory");
        return false;
    }
    d->fsdev->users++;
    aio_attach(v->d.machine->loop);
    v->offered |= VIRTIO_BIT(F_MOUNT_TAG);
    virtio_add_queue(v, QUEUE_SIZE);
    return true;
}

static void unrealize(struct virtio *v)
{
    struct virtio_9p *d = (struct virtio_9p *)v;
    p9_server_free(d->server);
    d->fsdev->users--;
}

/* Its fids are files that are open here. */
static const char *unmigratable(struct virtio *v)
{
    return p9_server_in_use(((struct virtio_9p *)v)->server) ? "its folder is mounted in the guest" : NULL;
}

static const char *settle(struct virtio *v)
{
    while (((struct virtio_9p *)v)->under_way && aio_wait())
        ;
    return unmigratable(v); /* what was under way may have mounted it */
}

static const struct virtio_class class = {
    .name = "virtio-9p", .id = 9, .pci_class = 0x0002, .config_size = sizeof(struct config), .realize = realize, .unrealize = unrealize,
    .reset = reset, .config = config, .notify = notify, .reset_queue = reset_queue, .settle = settle, .unmigratable = unmigratable,
};
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    PROPERTY(struct virtio_9p, fsdev, PROP_FSDEV, "fsdev", NULL, "the folder that it exports"),
    PROPERTY(struct virtio_9p, tag, PROP_STRING, "mount_tag", NULL, "the name that the guest mounts it by"),
    { NULL }
};
static const struct field fields[] = { VIRTIO_FIELDS, { NULL } };

const struct device_type virtio_9p_pci_type =
    VIRTIO_PCI("virtio-9p", struct virtio_9p, "Storage", "a folder of the host", &class, properties, fields);
const struct device_type virtio_9p_device_type =
    VIRTIO_MMIO("virtio-9p", struct virtio_9p, "Storage", "a folder of the host", &class, properties, fields);
