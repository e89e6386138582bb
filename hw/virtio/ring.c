/*
 * Queues of virtio devices: split (virtio-v1.2 §2.7) and packed (§2.8) rings, indirect descriptors, event suppression.
 *
 * A chain of descriptors is read once, each descriptor by whole words, checked, and turned into pieces of host memory; what the
 * driver changes in the ring afterwards is not seen. The checks: indices inside the ring, no more descriptors in a chain
 * than the ring has (so no loops), no more buffers under way than descriptors, readable parts before writable ones,
 * everything inside RAM. What fails one ends in virtio_break.
 *
 * The areas of a ring are looked up once and must each lie in one piece of RAM, whose host address never changes. The
 * driver's own stores are ordered by it; ours by release stores of the index (split) or the flags (packed), and
 * by a full fence between "what I have done" and "does the other want to hear of it".
 */
#include <stdlib.h>
#include <string.h>

#include "pieces.h"
#include "virtio.h"

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAIL = 1 << 7, USED = 1 << 15, DESC_BYTES = 16 };
enum { NO_INTERRUPT = 1 };                             /* split: flags of the driver area */
enum { EVENT_ENABLE = 0, EVENT_DISABLE = 1, EVENT_DESC = 2 }; /* packed */
enum { PIECES = VIRTIO_QUEUE_MAX + 64 };
#define CHAIN_MOST (1ull << 32) /* bytes (2.7.5.2, 2.8.5) */

struct virtio_scratch {
    unsigned nout, nin, nmarks;
    size_t out_size, in_size;
    struct iovec out[PIECES], in[PIECES];
    struct virtio_mark marks[PIECES];
};

struct desc { uint64_t addr; uint32_t len; uint16_t id /* split: flags */, flags /* split: next */; };

struct virtio_scratch *virtio_scratch_new(void) { return malloc(sizeof(struct virtio_scratch)); }

static uint16_t load16(const uint8_t *p) { return __atomic_load_n((const uint16_t *)(const void *)p, __ATOMIC_ACQUIRE); }
static void store16(uint8_t *p, uint16_t v) { __atomic_store_n((uint16_t *)(void *)p, v, __ATOMIC_RELEASE); }
static void store32(uint8_t *p, uint32_t v) { __atomic_store_n((uint32_t *)(void *)p, v, __ATOMIC_RELAXED); }
static void fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

static struct desc load_desc(const uint8_t *table, unsigned k)
{
    typedef uint64_t __attribute__((aligned(1))) word; /* an indirect table may lie anywhere */
    const volatile word *p = (const volatile word *)(const void *)(table + (size_t)DESC_BYTES * k);
    uint64_t a = p[0], b = p[1];
    return (struct desc){ a, (uint32_t)b, (uint16_t)(b >> 32), (uint16_t)(b >> 48) };
}

/* -------------------------------------------------------------------------- areas */

void virtio_ring_forget(struct virtio *v, unsigned q) { v->host[q] = (struct virtio_ring_host){ 0 }; }

/* n bytes at gpa in one piece of RAM; NULL: they are not. */
static uint8_t *find_area(struct virtio *v, gpa_t gpa, uint64_t n, unsigned align, struct mem_region **r, uint64_t *offset)
{
    struct machine *m = v->d.machine;
    struct mem_range g;
    if ((gpa & (align - 1)) || !physmem_find(m->memory, &m->reader, gpa, &g) || g.r->kind != MEM_RAM || g.last - gpa < n - 1)
        return NULL;
    *offset = g.offset + (gpa - g.base);
    *r = g.r;
    return g.r->host + *offset;
}

static void wrote_device_area(struct virtio *v, unsigned q, uint64_t at, uint64_t n)
{
    struct virtio_ring_host *h = &v->host[q];
    physmem_wrote(v->d.machine->memory, h->device_region, h->device_offset + at, n);
}

/* Is queue q to be looked at? */
static bool is_ready(struct virtio *v, unsigned q)
{
    const struct virtio_ring_state *r = &v->ring[q];
    struct virtio_ring_host *h = &v->host[q], found = { 0 };
    if (!virtio_running(v) || !r->enabled)
        return false;
    if (h->desc)
        return true;
    bool packed = virtio_has(v, VIRTIO_F_RING_PACKED);
    struct mem_region *unused;
    uint64_t offset;
    found.device = find_area(v, r->device, packed ? 4 : 6 + 8ull * r->size, 4, &found.device_region, &found.device_offset);
    found.driver = find_area(v, r->driver, packed ? 4 : 6 + 2ull * r->size, packed ? 4 : 2, &unused, &offset);
    found.desc = find_area(v, r->desc, (uint64_t)DESC_BYTES * r->size, 16, &found.desc_region, &found.desc_offset);
    if (!found.desc || !found.driver || !found.device) {
        virtio_break(v, q, "an area of the ring is not in memory, or not aligned");
        return false;
    }
    *h = found;
    return true;
}

/* ------------------------------------------------------------------------- chains */

/* Adds n bytes at gpa to what is read (out) or written (in); a reason if that can't be. */
static const char *add_piece(struct virtio *v, gpa_t gpa, uint64_t n, bool write)
{
    struct virtio_scratch *s = v->scratch;
    struct machine *m = v->d.machine;
    if (!write && s->nin)
        return "a readable descriptor behind a writable one";
    if (gpa + n < gpa)
        return "a buffer beyond the address space";
    if (write)
        s->in_size += n;
    else
        s->out_size += n;
    if (s->in_size + s->out_size > CHAIN_MOST)
        return "a chain of more than 4 GiB";
    while (n) {
        struct mem_range g;
        if (!physmem_find(m->memory, &m->reader, gpa, &g) || (g.r->kind != MEM_RAM && (write || g.r->kind != MEM_ROM)))
            return "a buffer that is not in memory";
        uint64_t k = g.last - gpa < n - 1 ? g.last - gpa + 1 : n, offset = g.offset + (gpa - g.base);
        struct iovec *all = write ? s->in : s->out;
        unsigned *count = write ? &s->nin : &s->nout;
        struct iovec *last = *count ? &all[*count - 1] : NULL;
        uint8_t *host = g.r->host + offset;
        if (last && (uint8_t *)last->iov_base + last->iov_len == host) {
            last->iov_len += k;
        } else {
            if (*count == PIECES)
                return "too many pieces";
            all[(*count)++] = (struct iovec){ host, k };
        }
        struct virtio_mark *mark = s->nmarks ? &s->marks[s->nmarks - 1] : NULL;
        if (write && mark && mark->r == g.r && mark->offset + mark->n == offset) {
            mark->n += k;
        } else if (write) {
            if (s->nmarks == PIECES)
                return "too many pieces";
            s->marks[s->nmarks++] = (struct virtio_mark){ g.r, offset, k };
        }
        gpa += k;
        n -= k;
    }
    return NULL;
}

/* The table that an indirect descriptor names; the number of its descriptors in *n. */
static const uint8_t *indirect_table(struct virtio *v, const struct desc *d, unsigned *n)
{
    struct mem_region *r;
    uint64_t offset;
    *n = d->len / DESC_BYTES;
    if (!virtio_has(v, VIRTIO_F_INDIRECT_DESC) || !d->len || d->len % DESC_BYTES || *n > VIRTIO_QUEUE_MAX)
        return NULL;
    return find_area(v, d->addr, d->len, 1, &r, &offset);
}

static void begin_chain(struct virtio *v)
{
    struct virtio_scratch *s = v->scratch;
    s->nout = s->nin = s->nmarks = 0;
    s->out_size = s->in_size = 0;
}

static void *end_chain(struct virtio *v, unsigned q, unsigned id, unsigned count, size_t size)
{
    struct virtio_scratch *s = v->scratch;
    size = (size + 15) & ~(size_t)15;
    size_t nio = (s->nout + s->nin) * sizeof(struct iovec);
    struct virtio_chain *c = malloc(size + nio + s->nmarks * sizeof *s->marks);
    if (!c) {
        virtio_break(v, q, "no memory for a request");
        return NULL;
    }
    memset(c, 0, size);
    c->queue = (uint16_t)q;
    c->id = (uint16_t)id;
    c->count = (uint16_t)count;
    c->nout = s->nout;
    c->nin = s->nin;
    c->out_size = s->out_size;
    c->in_size = s->in_size;
    c->out = (struct iovec *)((uint8_t *)c + size);
    c->in = c->out + s->nout;
    c->nmarks = s->nmarks;
    c->marks = (struct virtio_mark *)(c->in + s->nin);
    memcpy(c->out, s->out, s->nout * sizeof *s->out);
    memcpy(c->in, s->in, s->nin * sizeof *s->in);
    memcpy(c->marks, s->marks, s->nmarks * sizeof *s->marks);
    v->ring[q].waiting++;
    return c;
}

/* ---------------------------------------------------------------------- split rings */

static unsigned split_available(struct virtio *v, unsigned q)
{
    return (uint16_t)(load16(v->host[q].driver + 2) - v->ring[q].next);
}

/* There is nothing: says that the driver is to notify, and looks again. */
static unsigned split_rearm(struct virtio *v, unsigned q)
{
    const struct virtio_ring_state *r = &v->ring[q];
    if (virtio_has(v, VIRTIO_F_EVENT_IDX)) {
        unsigned at = 4 + 8 * r->size;
        store16(v->host[q].device + at, r->next);
        wrote_device_area(v, q, at, 2);
        fence();
    }
    return split_available(v, q);
}

static const char *walk_split(struct virtio *v, unsigned q, unsigned head)
{
    const uint8_t *table = v->host[q].desc;
    unsigned n = v->ring[q].size, at = head, seen = 0;
    bool inside = false;
    for (;;) {
        if (at >= n)
            return "a descriptor beyond the table";
        if (seen++ == n)
            return "a chain longer than its table";
        struct desc d = load_desc(table, at);
        unsigned flags = d.id;
        if (flags & INDIRECT) {
            if (inside || (flags & NEXT) || !(table = indirect_table(v, &d, &n)))
                return "a bad indirect descriptor";
            inside = true;
            at = seen = 0;
            continue;
        }
        const char *wrong = add_piece(v, d.addr, d.len, flags & WRITE);
        if (wrong || !(flags & NEXT))
            return wrong;
        at = d.flags;
    }
}

static void *pop_split(struct virtio *v, unsigned q, size_t size)
{
    struct virtio_ring_state *r = &v->ring[q];
    unsigned n = split_available(v, q);
    if (!n && !(n = split_rearm(v, q)))
        return NULL;
    const char *wrong = n > r->size ? "an available index too far ahead" : NULL;
    unsigned head = load16(v->host[q].driver + 4 + 2 * (r->next & (r->size - 1)));
    begin_chain(v);
    if (wrong || (wrong = walk_split(v, q, head))) {
        virtio_break(v, q, wrong);
        return NULL;
    }
    void *c = end_chain(v, q, head, 1, size);
    if (c)
        r->next++;
    return c;
}

static void push_split(struct virtio *v, struct virtio_chain **c, const uint32_t *written, unsigned n)
{
    unsigned q = (*c)->queue;
    struct virtio_ring_state *r = &v->ring[q];
    uint8_t *device = v->host[q].device;
    for (unsigned k = 0; k < n; k++, r->used++) {
        unsigned at = 4 + 8 * (r->used & (r->size - 1));
        store32(device + at, c[k]->id);
        store32(device + at + 4, written[k]);
        wrote_device_area(v, q, at, 8);
    }
    store16(device + 2, r->used);
    wrote_device_area(v, q, 2, 2);
}

/* Has `now` passed event since `old`? (2.7.10) */
static bool passed(uint16_t event, uint16_t now, uint16_t old)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

static bool split_wants(struct virtio *v, unsigned q)
{
    struct virtio_ring_state *r = &v->ring[q];
    const uint8_t *driver = v->host[q].driver;
    if (virtio_has(v, VIRTIO_F_EVENT_IDX))
        return passed(load16(driver + 4 + 2 * r->size), r->used, r->signalled);
    return !(load16(driver) & NO_INTERRUPT);
}

/* --------------------------------------------------------------------- packed rings */

static bool packed_available(struct virtio *v, unsigned q)
{
    const struct virtio_ring_state *r = &v->ring[q];
    unsigned flags = load16(v->host[q].desc + DESC_BYTES * r->next + 14);
    return !(flags & AVAIL) == !r->wrap_next && !(flags & USED) == !!r->wrap_next;
}

static bool packed_rearm(struct virtio *v, unsigned q)
{
    const struct virtio_ring_state *r = &v->ring[q];
    uint8_t *device = v->host[q].device;
    if (virtio_has(v, VIRTIO_F_EVENT_IDX)) {
        store16(device, (uint16_t)(r->next | r->wrap_next << 15));
        store16(device + 2, EVENT_DESC);
    } else {
        store16(device + 2, EVENT_ENABLE);
    }
    wrote_device_area(v, q, 0, 4);
    fence();
    return packed_available(v, q);
}

/* In an indirect table all descriptors count, in their order; only WRITE means anything in their flags. */
static const char *walk_packed_table(struct virtio *v, const struct desc *head)
{
    unsigned n;
    const uint8_t *table = indirect_table(v, head, &n);
    const char *wrong = table ? NULL : "a bad indirect descriptor";
    for (unsigned k = 0; !wrong && k < n; k++) {
        struct desc d = load_desc(table, k);
        wrong = add_piece(v, d.addr, d.len, d.flags & WRITE);
    }
    return wrong;
}

static const char *walk_packed(struct virtio *v, unsigned q, unsigned *id, unsigned *count)
{
    const struct virtio_ring_state *r = &v->ring[q];
    unsigned at = r->next;
    for (*count = 1;; ++*count) {
        struct desc d = load_desc(v->host[q].desc, at);
        const char *wrong;
        *id = d.id;
        if (d.flags & INDIRECT)
            wrong = *count > 1 || (d.flags & NEXT) ? "an indirect descriptor in a chain" : walk_packed_table(v, &d);
        else
            wrong = add_piece(v, d.addr, d.len, d.flags & WRITE);
        if (wrong || !(d.flags & NEXT))
            return wrong;
        if (*count == r->size)
            return "a chain longer than the ring";
        at = at + 1 == r->size ? 0 : at + 1;
    }
}

static void *pop_packed(struct virtio *v, unsigned q, size_t size)
{
    struct virtio_ring_state *r = &v->ring[q];
    unsigned id, count;
    if (!packed_available(v, q) && !packed_rearm(v, q))
        return NULL;
    begin_chain(v);
    const char *wrong = walk_packed(v, q, &id, &count);
    if (wrong) {
        virtio_break(v, q, wrong);
        return NULL;
    }
    void *c = end_chain(v, q, id, count, size);
    if (c && (r->next += count) >= r->size) {
        r->next -= r->size;
        r->wrap_next ^= 1;
    }
    return c;
}

/* The first one's flags come last: the driver looks at them before it looks at others'. */
static void push_packed(struct virtio *v, struct virtio_chain **c, const uint32_t *written, unsigned n)
{
    unsigned q = (*c)->queue, first = v->ring[q].used;
    struct virtio_ring_state *r = &v->ring[q];
    struct virtio_ring_host *h = &v->host[q];
    uint16_t first_flags = 0;
    for (unsigned k = 0; k < n; k++) {
        unsigned at = DESC_BYTES * r->used;
        uint16_t flags = (uint16_t)((r->wrap_used ? AVAIL | USED : 0) | (written[k] ? WRITE : 0));
        store32(h->desc + at + 8, written[k]);
        __atomic_store_n((uint16_t *)(void *)(h->desc + at + 12), c[k]->id, __ATOMIC_RELAXED);
        if (k)
            store16(h->desc + at + 14, flags);
        else
            first_flags = flags;
        physmem_wrote(v->d.machine->memory, h->desc_region, h->desc_offset + at, DESC_BYTES);
        if ((r->used += c[k]->count) >= r->size) {
            r->used -= r->size;
            r->signalled -= r->size;
            r->wrap_used ^= 1;
        }
    }
    store16(h->desc + DESC_BYTES * first + 14, first_flags);
}

static bool packed_wants(struct virtio *v, unsigned q)
{
    struct virtio_ring_state *r = &v->ring[q];
    const uint8_t *driver = v->host[q].driver;
    unsigned flags = load16(driver + 2) & 3, event = load16(driver);
    if (flags != EVENT_DESC || !virtio_has(v, VIRTIO_F_EVENT_IDX))
        return flags != EVENT_DISABLE;
    uint16_t at = event & 0x7fff;
    if (event >> 15 != r->wrap_used)
        at -= r->size;
    return passed(at, r->used, r->signalled);
}

/* ---------------------------------------------------------------------- for devices */

void *virtio_pop(struct virtio *v, unsigned q, size_t size)
{
    if (!is_ready(v, q) || !virtio_may_pop(v, q))
        return NULL;
    if (v->ring[q].waiting >= v->ring[q].size && virtio_has_chain(v, q)) {
        virtio_break(v, q, "more buffers than descriptors");
        return NULL;
    }
    return virtio_has(v, VIRTIO_F_RING_PACKED) ? pop_packed(v, q, size) : pop_split(v, q, size);
}

bool virtio_has_chain(struct virtio *v, unsigned q)
{
    if (!is_ready(v, q))
        return false;
    return virtio_has(v, VIRTIO_F_RING_PACKED) ? packed_available(v, q) : split_available(v, q) != 0;
}

static void mark(struct virtio *v, const struct virtio_chain *c)
{
    for (unsigned i = 0; i < c->nmarks; i++)
        physmem_wrote(v->d.machine->memory, c->marks[i].r, c->marks[i].offset, c->marks[i].n);
}

static void release(struct virtio *v, struct virtio_chain *c)
{
    if (v->ring[c->queue].waiting)
        v->ring[c->queue].waiting--;
    free(c);
}

void virtio_drop(struct virtio *v, struct virtio_chain *c)
{
    mark(v, c); /* a part of it may be there */
    release(v, c);
}

void virtio_unpop(struct virtio *v, struct virtio_chain *c)
{
    struct virtio_ring_state *r = &v->ring[c->queue];
    if (!virtio_has(v, VIRTIO_F_RING_PACKED)) {
        r->next--;
    } else if (r->next < c->count) {
        r->next += r->size - c->count;
        r->wrap_next ^= 1;
    } else {
        r->next -= c->count;
    }
    release(v, c);
}

void virtio_push_all(struct virtio *v, struct virtio_chain **c, const uint32_t *written, unsigned n)
{
    unsigned q = (*c)->queue;
    for (unsigned k = 0; k < n; k++)
        mark(v, c[k]);
    if (is_ready(v, q)) {
        if (virtio_has(v, VIRTIO_F_RING_PACKED))
            push_packed(v, c, written, n);
        else
            push_split(v, c, written, n);
        v->ring[q].unsignalled = 1;
    }
    for (unsigned k = 0; k < n; k++)
        release(v, c[k]);
}

void virtio_push(struct virtio *v, struct virtio_chain *c, uint32_t written) { virtio_push_all(v, &c, &written, 1); }

void virtio_signal(struct virtio *v, unsigned q)
{
    struct virtio_ring_state *r = &v->ring[q];
    if (!r->unsignalled || !is_ready(v, q))
        return;
    r->unsignalled = 0;
    fence();
    bool wants = virtio_has(v, VIRTIO_F_RING_PACKED) ? packed_wants(v, q) : split_wants(v, q);
    r->signalled = r->used;
    if (wants)
        v->transport->interrupt(v, (int)q);
}

/* ------------------------------------------------------------------- bytes of chains */

bool virtio_take(struct virtio_chain *c, void *to, size_t n)
{
    return c->out_size >= n && pieces_take(&c->out, &c->nout, &c->out_size, to, NULL, n) == n;
}

size_t virtio_put(struct virtio_chain *c, const void *from, size_t n)
{
    return pieces_take(&c->in, &c->nin, &c->in_size, NULL, from, n);
}

uint8_t *virtio_take_last(struct virtio_chain *c)
{
    while (c->nin && !c->in[c->nin - 1].iov_len)
        c->nin--;
    if (!c->nin)
        return NULL;
    struct iovec *last = &c->in[c->nin - 1];
    c->in_size--;
    uint8_t *byte = (uint8_t *)last->iov_base + --last->iov_len;
    if (!last->iov_len)
        c->nin--;
    return byte;
}
