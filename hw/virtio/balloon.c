/*
 * virtio-balloon (virtio-v1.2 §5.5): the host asks for memory (num_pages), the driver gives pages of 4 KiB and says how many it
 * has given (actual); what it gives goes back to the host (physmem_discard). Besides, statistics of the guest's memory, and
 * free pages that it reports, which go back to the host too until it uses them again.
 *
 * What is given back reads as zeroes; its host address stays, so neither TLBs nor other DMA hold anything stale, and
 * translations made of it are retired as if it had been written.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "balloon.h"
#include "boards/boards.h"
#include "pci/virtio_pci.h"

enum { F_STATS = 1, F_DEFLATE_ON_OOM = 2, F_REPORTING = 5 };
enum { INFLATE = 0, DEFLATE = 1, STATS = 2, HINT = 3, REPORT = 4, QUEUES = 5, CONFIG_BYTES = 16, ACTUAL = 4, SHIFT = 12,
       BURST = 1 << 16 /* pages that one notification gives back; what is beyond stays */ };

struct virtio_balloon {
    struct virtio v;
    uint32_t num_pages, actual;   /* of 4 KiB: wanted, given */
    bool deflate_on_oom, reporting;
    uint32_t interval;            /* seconds between statistics; 0: none are asked for */
    struct virtio_chain *held;    /* the buffer of statistics, until new ones are wanted */
    struct alarm *next;
    uint64_t stat[BALLOON_STATS]; /* ~0: not known */
    uint64_t updated;             /* seconds since 1970 */
};

/* ------------------------------------------------------------------------------ pages */

static void give_back(struct virtio_balloon *b, gpa_t at, uint64_t n)
{
    struct machine *m = b->v.d.machine;
    struct mem_range g;
    while (n && physmem_find(m->memory, &m->reader, at, &g)) {
        uint64_t k = g.last - at < n - 1 ? g.last - at + 1 : n;
        if (g.r->kind == MEM_RAM)
            physmem_discard(m->memory, g.r, g.offset + (at - g.base), k);
        at += k;
        n -= k;
    }
}

/* Page numbers; those that follow one another go together. */
static void inflate(struct virtio_balloon *b, struct virtio_chain *c, unsigned *left)
{
    uint32_t pages[256];
    gpa_t first = 0;
    uint64_t n = 0;
    for (size_t count; (count = c->out_size / 4) && *left; *left -= (unsigned)count) {
        count = count < 256 ? count : 256;
        count = count < *left ? count : *left;
        virtio_take(c, pages, count * 4);
        for (size_t k = 0; k < count; k++) {
            gpa_t at = (gpa_t)pages[k] << SHIFT;
            if (n && at == first + n) {
                n += PAGE_BYTES;
                continue;
            }
            if (n)
                give_back(b, first, n);
            first = at;
            n = PAGE_BYTES;
        }
    }
    if (n)
        give_back(b, first, n);
}

/* The buffers are the free pages. */
static void report(struct virtio_balloon *b, struct virtio_chain *c)
{
    for (unsigned k = 0; k < c->nmarks; k++)
        physmem_discard(b->v.d.machine->memory, c->marks[k].r, c->marks[k].offset, c->marks[k].n);
}

/* ------------------------------------------------------------------------- statistics */

static void next_time(struct virtio_balloon *b)
{
    if (b->interval)
        alarm_at(b->next, clock_now(b->v.d.machine->loop) + b->interval * 1000000000ull);
    else
        alarm_off(b->next);
}

static void take_stats(struct virtio_balloon *b)
{
    enum { MOST_STATS = 64 };
    struct __attribute__((packed)) { uint16_t tag; uint64_t value; } s;
    memset(b->stat, 0xff, sizeof b->stat);
    for (unsigned k = 0; k < MOST_STATS && virtio_take(b->held, &s, sizeof s); k++)
        if (s.tag < BALLOON_STATS)
            b->stat[s.tag] = s.value;
    b->updated = (uint64_t)time(NULL);
    next_time(b);
}

/* The driver fills the buffer anew when it gets it back. */
static void want_stats(void *arg)
{
    struct virtio_balloon *b = arg;
    if (!b->held && virtio_running(&b->v))
        b->held = virtio_pop(&b->v, STATS, sizeof *b->held);
    if (b->held) {
        virtio_push(&b->v, b->held, 0);
        b->held = NULL;
        virtio_signal(&b->v, STATS);
    }
    next_time(b);
}

/* --------------------------------------------------------------------------- queues */

static void notify(struct virtio *v, unsigned q)
{
    struct virtio_balloon *b = (struct virtio_balloon *)v;
    struct virtio_chain *c;
    unsigned left = BURST;
    while ((c = virtio_pop(v, q, sizeof *c))) {
        if (q == STATS && virtio_has(v, F_STATS)) {
            if (b->held)
                virtio_push(v, b->held, 0);
            b->held = c;
            take_stats(b);
            continue;
        }
        if (q == INFLATE)
            inflate(b, c, &left);
        else if (q != DEFLATE && virtio_has(v, F_REPORTING))
            report(b, c); /* Linux numbers its queues without gaps for those that it has not */
        virtio_push(v, c, 0);
    }
    virtio_signal(v, q);
}

static void drop_held(struct virtio_balloon *b)
{
    if (b->held)
        virtio_drop(&b->v, b->held);
    b->held = NULL;
}

static void reset_queue(struct virtio *v, unsigned q)
{
    if (q == STATS)
        drop_held((struct virtio_balloon *)v);
}

/* What it had given is its own again. */
static void balloon_reset(struct virtio *v)
{
    struct virtio_balloon *b = (struct virtio_balloon *)v;
    drop_held(b);
    memset(b->stat, 0xff, sizeof b->stat);
    b->updated = 0;
    b->actual = 0;
}

static const char *settle(struct virtio *v)
{
    struct virtio_balloon *b = (struct virtio_balloon *)v;
    if (b->held)
        virtio_unpop(v, b->held);
    b->held = NULL;
    return NULL;
}

static void loaded(struct virtio *v) { next_time((struct virtio_balloon *)v); }

static void config(struct virtio *v, uint8_t *space)
{
    const struct virtio_balloon *b = (const struct virtio_balloon *)v;
    memcpy(space, &b->num_pages, 4);
    memcpy(space + ACTUAL, &b->actual, 4);
}

static uint64_t left_of(const struct virtio_balloon *b, uint32_t pages)
{
    uint64_t all = b->v.d.machine->config->memory, given = (uint64_t)pages << SHIFT;
    return given < all ? all - given : 0;
}

static void config_write(struct virtio *v, uint32_t offset, unsigned size, uint32_t value)
{
    struct virtio_balloon *b = (struct virtio_balloon *)v;
    if (offset != ACTUAL || size != 4 || value == b->actual)
        return;
    b->actual = value;
    if (v->d.machine->config)
        machine_event(v->d.machine, "BALLOON_CHANGE", "{s:I}", "actual", (long long)left_of(b, value));
}

/* ------------------------------------------------------------------- for the monitors */

static const struct virtio_class class;

struct device *balloon_find(struct machine *m)
{
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type->class == &class && d->realized)
            return d;
    return NULL;
}

void balloon_set(struct device *d, uint64_t bytes)
{
    struct virtio_balloon *b = (struct virtio_balloon *)d;
    uint64_t all = d->machine->config->memory;
    b->num_pages = (uint32_t)(bytes < all ? (all - bytes) >> SHIFT : 0);
    virtio_config_changed(&b->v);
}

uint64_t balloon_left(const struct device *d)
{
    const struct virtio_balloon *b = (const struct virtio_balloon *)d;
    return left_of(b, b->actual);
}

const uint64_t *balloon_stats(const struct device *d, uint64_t *updated)
{
    *updated = ((const struct virtio_balloon *)d)->updated;
    return ((const struct virtio_balloon *)d)->stat;
}

uint32_t balloon_interval(const struct device *d) { return ((const struct virtio_balloon *)d)->interval; }

void balloon_set_interval(struct device *d, uint32_t seconds)
{
    struct virtio_balloon *b = (struct virtio_balloon *)d;
    b->interval = seconds;
    if (seconds)
        want_stats(b);
    else
        next_time(b);
}

/* ------------------------------------------------------------------------------ making */

static bool balloon_realize(struct virtio *v, char *err, size_t errlen)
{
    struct virtio_balloon *b = (struct virtio_balloon *)v;
    if (balloon_find(v->d.machine)) {
        snprintf(err, errlen, "virtio-balloon: the machine has one already");
        return false;
    }
    if (!(b->next = alarm_new(v->d.machine->loop, want_stats, b))) {
        snprintf(err, errlen, "virtio-balloon: no memory");
        return false;
    }
    v->offered |= VIRTIO_BIT(F_STATS);
    if (b->deflate_on_oom)
        v->offered |= VIRTIO_BIT(F_DEFLATE_ON_OOM);
    if (b->reporting)
        v->offered |= VIRTIO_BIT(F_REPORTING);
    for (unsigned q = 0; q < (b->reporting ? (unsigned)QUEUES : HINT); q++)
        virtio_add_queue(v, 128);
    memset(b->stat, 0xff, sizeof b->stat);
    next_time(b);
    return true;
}

static void balloon_unrealize(struct virtio *v) { alarm_free(((struct virtio_balloon *)v)->next); }

static const struct virtio_class class = {
    .name = "virtio-balloon", .id = 5, .pci_class = 0x00ff, .config_size = CONFIG_BYTES, .realize = balloon_realize, .unrealize = balloon_unrealize,
    .reset = balloon_reset, .reset_queue = reset_queue, .config = config, .config_write = config_write, .notify = notify, .settle = settle,
    .loaded = loaded,
};
static const struct property properties[] = {
    VIRTIO_PROPERTIES,
    PROPERTY(struct virtio_balloon, deflate_on_oom, PROP_BOOL, "deflate-on-oom", "off", "the guest may take pages back rather than run out of memory"),
    PROPERTY(struct virtio_balloon, reporting, PROP_BOOL, "free-page-reporting", "off", "the guest reports free pages by itself"),
    PROPERTY(struct virtio_balloon, interval, PROP_U32, "guest-stats-polling-interval", NULL, "seconds between statistics (none)"),
    { NULL }
};
static const struct field fields[] = {
    VIRTIO_FIELDS, FIELD(struct virtio_balloon, num_pages), FIELD(struct virtio_balloon, actual), { NULL }
};

const struct device_type virtio_balloon_pci_type =
    VIRTIO_PCI("virtio-balloon", struct virtio_balloon, "Misc", "memory that the host takes and gives", &class, properties, fields);
const struct device_type virtio_balloon_device_type =
    VIRTIO_MMIO("virtio-balloon", struct virtio_balloon, "Misc", "memory that the host takes and gives", &class, properties, fields);
