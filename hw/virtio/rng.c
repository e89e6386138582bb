/*
 * virtio-rng (virtio-v1.2 §5.4): random bytes of the host, or of the backend of rng=. max-bytes in every period of milliseconds, if
 * a limit is wanted; a request beyond it waits for the next period.
 */
#include "backend/rng.h"
#include "pci/virtio_pci.h"

struct virtio_rng {
    struct virtio v;
    uint64_t max_bytes;
    uint32_t period;    /* ms */
    uint64_t left;      /* of this period */
    struct alarm *next_period;
    struct rng_backend *rng; /* NULL: the host's */
    struct rng_user user;
};

/* Fills a request as far as it may; the bytes given. */
static uint32_t fill(struct virtio_rng *r, struct virtio_chain *c)
{
    uint32_t done = 0;
    while (c->in_size && r->left && done < 64 << 10) {
        uint8_t bytes[256];
        size_t want = c->in_size < sizeof bytes ? c->in_size : sizeof bytes;
        if (want > r->left)
            want = (size_t)r->left;
        size_t n = rng_take(r->rng, &r->user, bytes, want);
        if (!n)
            break;
        done += (uint32_t)virtio_put(c, bytes, n);
        r->left -= n;
    }
    return done;
}

static void notify(struct virtio *v, unsigned q)
{
    struct virtio_rng *r = (struct virtio_rng *)v;
    struct virtio_chain *c;
    while (r->left && !r->user.waiting && (c = virtio_pop(v, q, sizeof *c))) {
        size_t room = c->in_size;
        uint32_t n = fill(r, c);
        if (room && !n && r->user.waiting)
            virtio_unpop(v, c); /* until there are some */
        else
            virtio_push(v, c, n);
    }
    virtio_signal(v, q);
    if (!r->left && alarm_when(r->next_period) == ~0ull)
        alarm_at(r->next_period, clock_now(v->d.machine->loop) + r->period * 1000000ull);
}

static void new_period(void *arg)
{
    struct virtio_rng *r = arg;
    r->left = r->max_bytes;
    virtio_notify(&r->v, 0);
}

static void more(void *arg) { virtio_notify(&((struct virtio_rng *)arg)->v, 0); }

static void rng_reset(struct virtio *v)
{
    struct virtio_rng *r = (struct virtio_rng *)v;
    alarm_off(r->next_period);
    r->user.waiting = false;
    r->left = r->max_bytes;
}

static void rng_loaded(struct virtio *v)
{
    struct virtio_rng *r = (struct virtio_rng *)v;
    r->left = r->left < r->max_bytes ? r->left : r->max_bytes;
    if (!r->left)
        alarm_at(r->next_period, clock_now(v->d.machine->loop) + r->period * 1000000ull);
}

static void reset_queue(struct virtio *v, unsigned q) { /* nothing is ever under way */ }

static bool rng_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_rng *r = (struct virtio_rng *)v;
    if (!r->period || !r->max_bytes) {
        snprintf(err, errlen, "virtio-rng: max-bytes and period should not be zero");
        return false;
    }
    r->next_period = alarm_new(v->d.machine->loop, new_period, r);
    if (!r->next_period) {
        snprintf(err, errlen, "virtio-rng: no memory");
        return false;
    }
    r->user = (struct rng_user){ .ready = more, .arg = r };
    rng_attach(r->rng, &r->user);
    virtio_add_queue(v, 8);
    return true;
}

static void rng_unrealize(struct virtio *v)
{
    struct virtio_rng *r = (struct virtio_rng *)v;
    rng_detach(r->rng, &r->user);
    alarm_free(r->next_period);
}

static const struct virtio_class class = {
    .name = "virtio-rng", .id = 4, .pci_class = 0x00ff, .realize = rng_realize, .unrealize = rng_unrealize, .reset = rng_reset,
    .reset_queue = reset_queue, .notify = notify, .loaded = rng_loaded,
};
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    PROPERTY(struct virtio_rng, rng, PROP_RNG, "rng", NULL, "where its bytes come from (the host's own)"),
    PROPERTY(struct virtio_rng, max_bytes, PROP_U64, "max-bytes", "9223372036854775807", "bytes given in a period, at most"),
    PROPERTY(struct virtio_rng, period, PROP_U32, "period", "65536", "milliseconds"),
    { NULL }
};
static const struct field fields[] = { VIRTIO_FIELDS, FIELD(struct virtio_rng, left), { NULL } };

const struct device_type virtio_rng_pci_type =
    VIRTIO_PCI("virtio-rng", struct virtio_rng, "Misc", "random bytes of the host", &class, properties, fields);
const struct device_type virtio_rng_device_type =
    VIRTIO_MMIO("virtio-rng", struct virtio_rng, "Misc", "random bytes of the host", &class, properties, fields);
