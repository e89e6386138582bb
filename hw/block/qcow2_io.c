/*
 * Requests to a qcow2 image: the fast way down for data that is where the tables in memory say, tasks for all else. See qcow2.h.
 */
#include "qcow2.h"

/* ------------------------------------------------------------------------------ ranges */

static bool meets(const struct qcow2 *q, uint64_t first, uint64_t last, bool alone)
{
    if (!alone && !q->nalone)
        return false;
    for (const struct qrange *r = q->ranges; r; r = r->next)
        if (r->first <= last && first <= r->last && (alone || r->alone))
            return true;
    return false;
}

static void put_range(struct qcow2 *q, struct qrange *r, uint64_t first, uint64_t last, bool alone)
{
    *r = (struct qrange){ first, last, alone, q->ranges, &q->ranges };
    if (q->ranges)
        q->ranges->back = &r->next;
    q->ranges = r;
    q->nalone += alone;
}

void qcow2_enter(struct qcow2 *q, struct qrange *r, uint64_t offset, uint64_t bytes, bool alone)
{
    uint64_t first = offset >> q->cluster_bits, last = (offset + bytes - 1) >> q->cluster_bits;
    while (meets(q, first, last, alone))
        task_wait(&q->range_left);
    put_range(q, r, first, last, alone);
}

void qcow2_leave(struct qcow2 *q, struct qrange *r)
{
    *r->back = r->next;
    if (r->next)
        r->next->back = r->back;
    q->nalone -= r->alone;
    if (q->range_left.first)
        task_wake(&q->range_left);
}

/* ------------------------------------------------------------------- parts side by side */

struct batch { unsigned left; int error; struct task_queue queue; };
struct part { struct block_request r; struct batch *b; uint8_t *mine; struct iovec io[]; };

static void part_done(struct block_request *r, int error)
{
    struct part *p = (struct part *)r;
    struct batch *b = p->b;
    if (error && !b->error)
        b->error = error;
    b->left--;
    free(p->mine);
    free(p);
    task_wake(&b->queue);
}

/* [skip, skip + bytes) of iov from or to `offset` of a node, between head and tail, which it frees with the rest (mine). */
static int begin_part(struct batch *b, struct block_node *to, enum block_op op, uint64_t offset, const struct iovec *iov, unsigned niov,
                      uint64_t skip, uint64_t bytes, struct iovec head, struct iovec tail, uint8_t *mine)
{
    struct part *p = calloc(1, sizeof *p + (niov + 2) * sizeof(struct iovec));
    unsigned n = 0;
    if (!p) {
        free(mine);
        return -ENOMEM;
    }
    if (head.iov_len)
        p->io[n++] = head;
    n += block_slice(iov, niov, skip, bytes, p->io + n, niov);
    if (tail.iov_len)
        p->io[n++] = tail;
    p->b = b;
    p->mine = mine;
    p->r = (struct block_request){ .op = op, .offset = offset, .bytes = head.iov_len + bytes + tail.iov_len, .iov = p->io, .niov = n, .done = part_done };
    b->left++;
    block_node_submit(to, &p->r);
    return 0;
}

static int end_batch(struct batch *b, int rc)
{
    while (b->left)
        task_wait(&b->queue);
    return rc ? rc : b->error;
}

static void fill_zero(const struct iovec *iov, unsigned niov, uint64_t skip, uint64_t n)
{
    for (; niov && n; iov++, niov--) {
        if (skip >= iov->iov_len) {
            skip -= iov->iov_len;
            continue;
        }
        size_t len = iov->iov_len - skip < n ? iov->iov_len - skip : n;
        memset((uint8_t *)iov->iov_base + skip, 0, len);
        n -= len;
        skip = 0;
    }
}

static void scatter(const struct iovec *iov, unsigned niov, uint64_t skip, const uint8_t *from, uint64_t n)
{
    for (; niov && n; iov++, niov--) {
        if (skip >= iov->iov_len) {
            skip -= iov->iov_len;
            continue;
        }
        size_t len = iov->iov_len - skip < n ? iov->iov_len - skip : n;
        memcpy((uint8_t *)iov->iov_base + skip, from, len);
        from += len;
        n -= len;
        skip = 0;
    }
}

static void gather(const struct iovec *iov, unsigned niov, uint64_t skip, uint8_t *to, uint64_t n)
{
    for (; niov && n; iov++, niov--) {
        if (skip >= iov->iov_len) {
            skip -= iov->iov_len;
            continue;
        }
        size_t len = iov->iov_len - skip < n ? iov->iov_len - skip : n;
        memcpy(to, (const uint8_t *)iov->iov_base + skip, len);
        to += len;
        n -= len;
        skip = 0;
    }
}

/* ---------------------------------------------------------------------------- reading */

struct unpack { const struct qcow2 *q; uint8_t *from, *to; uint32_t n; };

static int unpack(void *arg)
{
    struct unpack *u = arg;
    return qcow2_unpack(u->q->compression, u->from, u->n, u->to, u->q->cluster);
}

/* A compressed cluster: *data is good until the next wait. */
static int unpacked(struct qcow2 *q, const struct qmap *m, const uint8_t **data)
{
    for (unsigned k = 0; k < 4; k++)
        if (q->unpacked[k].data && q->unpacked[k].host == m->host) {
            *data = q->unpacked[k].data;
            return 0;
        }
    struct unpack u = { q, malloc(m->packed), malloc(q->cluster), m->packed };
    int rc = u.from && u.to ? block_node_read(q->n.file, m->host, u.from, m->packed) : -ENOMEM;
    if (!rc)
        rc = block_call(unpack, &u);
    free(u.from);
    if (rc) {
        free(u.to);
        return rc;
    }
    unsigned k = q->next_unpacked++ % 4;
    free(q->unpacked[k].data);
    q->unpacked[k].host = m->host;
    q->unpacked[k].data = u.to;
    *data = u.to;
    return 0;
}

static const struct iovec none;

/* Without a range of its own. */
static int read_inside(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes)
{
    struct block_node *under = q->n.backing;
    struct batch b = { 0 };
    const uint8_t *data;
    int rc = 0;
    for (uint64_t done = 0, n; done < bytes && !rc; done += n) {
        uint64_t at = offset + done;
        struct qmap m;
        n = bytes - done;
        if ((rc = qcow2_map(q, at, &n, &m)) < 0)
            break;
        if (m.kind == Q_UNALLOCATED && under && at < under->size && at < q->n.size) {
            n = n < under->size - at ? n : under->size - at;
            n = n < q->n.size - at ? n : q->n.size - at;
            rc = begin_part(&b, under, BLOCK_READ, at, iov, niov, done, n, none, none, NULL);
        } else if (m.kind == Q_NORMAL) {
            rc = begin_part(&b, q->n.file, BLOCK_READ, m.host, iov, niov, done, n, none, none, NULL);
        } else if (m.kind == Q_COMPRESSED) {
            if (!(rc = unpacked(q, &m, &data)))
                scatter(iov, niov, done, data + (at & (q->cluster - 1)), n);
        } else {
            fill_zero(iov, niov, done, n);
        }
    }
    return end_batch(&b, rc);
}

int qcow2_read(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes)
{
    struct qrange range;
    if (!bytes)
        return 0;
    qcow2_enter(q, &range, offset, bytes, false);
    int rc = read_inside(q, offset, iov, niov, bytes);
    qcow2_leave(q, &range);
    return rc;
}

/* ---------------------------------------------------------------------------- writing */

/* Clusters that will be mapped when their data is written. */
struct link {
    uint64_t offset, host;        /* of the first cluster */
    uint64_t n;
    bool reused;                  /* they had this place before */
    unsigned from, to;            /* subclusters that have data: [from, to) of each */
    uint64_t packed;              /* a compressed cluster's entry; 0: it is none */
    struct link *next;
};
struct write { struct qcow2 *q; struct batch b; struct link *links, **last; };

/* Is [host, host + n) a place that guest data may be written to? */
static bool may_write(const struct qcow2 *q, uint64_t host, uint64_t n)
{
    if (host < q->cluster || host + n > q->end || host + n < host)
        return false;
    for (uint64_t c = host >> q->cluster_bits; c <= (host + n - 1) >> q->cluster_bits; c++)
        if (qset_has(&q->tables, c))
            return false;
    return true;
}

static void free_entry(struct qcow2 *q, const uint8_t *entry, uint64_t keep, bool discard)
{
    uint64_t e, host;
    uint32_t packed;
    memcpy(&e, entry, 8);
    e = be64toh(e);
    if (e & QCOW2_COMPRESSED) {
        qcow2_packed_place(q, e, &host, &packed);
        qcow2_free(q, host, packed, discard);
    } else if ((e & QCOW2_OFFSET) && (e & QCOW2_OFFSET) != keep) {
        qcow2_free(q, e & QCOW2_OFFSET, q->cluster, discard);
    }
}

static void put64(uint8_t *at, uint64_t v)
{
    v = htobe64(v);
    memcpy(at, &v, 8);
}

static uint64_t bits_of(const struct link *l, const uint8_t *old, bool same)
{
    uint64_t was, mask = (l->to - l->from == 32 ? 0xffffffffull : ((1ull << (l->to - l->from)) - 1)) << l->from;
    memcpy(&was, old + 8, 8);
    was = be64toh(was);
    if (!same) /* a new place: what is not written here has no data yet */
        was &= 0xffffffffull << 32;
    return (was & ~(mask << 32)) | mask;
}

static int put_links(struct qcow2 *q, struct link *l)
{
    for (; l; l = l->next)
        for (uint64_t k = 0; k < l->n; k++) {
            struct qslice *s;
            uint32_t at;
            uint64_t host = l->host + k * q->cluster, e;
            int rc = qcow2_entry(q, l->offset + k * q->cluster, &s, &at);
            if (rc)
                return rc;
            uint8_t *entry = s->data + at;
            memcpy(&e, entry, 8);
            bool same = !l->packed && !(be64toh(e) & QCOW2_COMPRESSED) && (be64toh(e) & QCOW2_OFFSET) == host;
            free_entry(q, entry, l->packed ? 0 : host, true);
            if (q->extended)
                put64(entry + 8, l->packed ? 0 : bits_of(l, entry, same));
            put64(entry, l->packed ? l->packed : host | QCOW2_COPIED);
            qcache_changed(&q->l2, s, at, q->entry_bytes);
            q->linked = true;
        }
    return 0;
}

static int add_link(struct write *w, struct link l)
{
    struct link *p = malloc(sizeof *p);
    if (!p)
        return -ENOMEM;
    *p = l;
    p->next = NULL;
    *w->last = p;
    w->last = &p->next;
    return 0;
}

static bool reads_zero(const struct qcow2 *q, const struct qmap *m, uint64_t at)
{
    return m->kind == Q_ZERO || (m->kind == Q_UNALLOCATED && (!q->n.backing || at >= q->n.backing->size || at >= q->n.size));
}

/* Data [offset, offset + bytes) goes to host + its offset from `low`, with what was there before from low on and up to high.
 * empty: the place reads as zeroes, and so did the old content. */
static int write_around(struct write *w, uint64_t host, uint64_t low, uint64_t high, uint64_t offset, const struct iovec *iov, unsigned niov,
                        uint64_t skip, uint64_t bytes, bool empty)
{
    struct qcow2 *q = w->q;
    uint64_t nhead = offset - low, ntail = high - offset - bytes;
    uint8_t *mine = NULL;
    int rc = 0;
    if (empty || (!nhead && !ntail))
        return begin_part(&w->b, q->n.file, BLOCK_WRITE, host + nhead, iov, niov, skip, bytes, none, none, NULL);
    if (posix_memalign((void **)&mine, 4096, nhead + ntail))
        return -ENOMEM;
    struct iovec head = { mine, nhead }, tail = { mine + nhead, ntail };
    if (nhead)
        rc = read_inside(q, low, &head, 1, nhead);
    if (!rc && ntail)
        rc = read_inside(q, offset + bytes, &tail, 1, ntail);
    if (rc) {
        free(mine);
        return rc;
    }
    return begin_part(&w->b, q->n.file, BLOCK_WRITE, host, iov, niov, skip, bytes, head, tail, mine);
}

/* Into a cluster that is ours alone but has no data there: zeroes, or subclusters. */
static int write_reused(struct write *w, const struct qmap *m, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t skip, uint64_t bytes)
{
    struct qcow2 *q = w->q;
    uint64_t unit = 1ull << q->unit_bits, cluster = offset & ~(uint64_t)(q->cluster - 1), low = offset & ~(unit - 1);
    uint64_t high = (offset + bytes + unit - 1) & ~(unit - 1), place = m->host - (offset - cluster);
    if (!may_write(q, place, q->cluster))
        return qcow2_broken(q, "the place of data", place);
    int rc = add_link(w, (struct link){ .offset = cluster, .host = place, .n = 1, .reused = true,
                                        .from = (unsigned)((low - cluster) >> q->unit_bits), .to = (unsigned)((high - cluster) >> q->unit_bits) });
    return rc ? rc : write_around(w, place + (low - cluster), low, high, offset, iov, niov, skip, bytes, false);
}

/* Into new clusters; *bytes: how many fitted side by side. */
static int write_new(struct write *w, const struct qmap *m, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t skip, uint64_t *bytes)
{
    struct qcow2 *q = w->q;
    uint64_t mask = q->cluster - 1, first = offset & ~mask, n = ((offset + *bytes - 1) >> q->cluster_bits) - (offset >> q->cluster_bits) + 1;
    uint64_t host, got, low, high, unit = 1ull << q->unit_bits;
    bool fresh, whole = m->here || m->kind == Q_COMPRESSED;
    int rc = qcow2_alloc(q, n, &host, &got, &fresh);
    if (rc)
        return rc;
    if (first + got * q->cluster < offset + *bytes)
        *bytes = first + got * q->cluster - offset;
    low = whole ? first : offset & ~(unit - 1);
    high = whole ? first + got * q->cluster : (offset + *bytes + unit - 1) & ~(unit - 1);
    struct link l = { .offset = first, .host = host, .n = got, .to = q->units };
    if (q->extended) { /* one cluster at a time */
        l.from = (unsigned)((low - first) >> q->unit_bits);
        l.to = (unsigned)((high - first) >> q->unit_bits);
    }
    if ((rc = add_link(w, l)) < 0) {
        qcow2_free(q, host, got * q->cluster, false);
        return rc;
    }
    bool empty = fresh && !whole && !(q->extended && q->n.backing) && reads_zero(q, m, low);
    return write_around(w, host + (low - first), low, high, offset, iov, niov, skip, *bytes, empty);
}

static int write_inside(struct write *w, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes)
{
    struct qcow2 *q = w->q;
    int rc = 0;
    for (uint64_t done = 0, n; done < bytes && !rc; done += n) {
        uint64_t at = offset + done, in_cluster = q->cluster - (at & (q->cluster - 1));
        struct qmap m;
        n = bytes - done;
        if ((rc = qcow2_map(q, at, &n, &m)) < 0)
            break;
        if (m.kind == Q_NORMAL && m.copied) {
            rc = may_write(q, m.host, n) ? begin_part(&w->b, q->n.file, BLOCK_WRITE, m.host, iov, niov, done, n, none, none, NULL)
                                         : qcow2_broken(q, "the place of data", m.host);
        } else if (m.copied) {
            n = n < in_cluster ? n : in_cluster;
            rc = write_reused(w, &m, at, iov, niov, done, n);
        } else {
            if (q->extended || m.kind == Q_COMPRESSED) /* all of the cluster that is to be written */
                n = bytes - done < in_cluster ? bytes - done : in_cluster;
            rc = write_new(w, &m, at, iov, niov, done, &n);
        }
    }
    return rc;
}

static int finish_write(struct write *w, int rc)
{
    struct qcow2 *q = w->q;
    rc = end_batch(&w->b, rc);
    if (!rc)
        rc = put_links(q, w->links);
    else
        for (struct link *l = w->links; l; l = l->next)
            if (!l->reused && !l->packed)
                qcow2_free(q, l->host, l->n * q->cluster, false);
    while (w->links) {
        struct link *l = w->links;
        w->links = l->next;
        free(l);
    }
    return rc;
}

/* What was freed must not pile up where nobody flushes. */
static int after_write(struct qcow2 *q, int rc, unsigned flags)
{
    if (!rc && ((flags & BLOCK_FUA) || q->nfreed > 4096))
        rc = qcow2_flush(q);
    return rc;
}

struct pack { const struct qcow2 *q; uint8_t *from, *to; size_t n; };

static int pack(void *arg)
{
    struct pack *p = arg;
    return qcow2_pack(p->q->compression, p->from, p->q->cluster, p->to, &p->n);
}

static int write_packed(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes)
{
    if ((offset & (q->cluster - 1)) || bytes > q->cluster || (bytes < q->cluster && offset + bytes != q->n.size))
        return -EINVAL;
    struct pack p = { q, calloc(1, q->cluster), malloc(q->cluster), 0 };
    struct write w = { .q = q, .last = &w.links };
    struct qrange range;
    uint64_t host;
    int rc = p.from && p.to ? 0 : -ENOMEM;
    if (!rc) {
        gather(iov, niov, 0, p.from, bytes);
        rc = block_call(pack, &p);
    }
    if (!rc && !p.n) {
        rc = qcow2_write(q, offset, iov, niov, bytes, 0);
    } else if (!rc) {
        qcow2_enter(q, &range, offset, q->cluster, true);
        rc = qcow2_alloc_packed(q, (uint32_t)p.n, &host);
        for (unsigned k = 0; k < 4 && !rc; k++) { /* the place may have had others */
            free(q->unpacked[k].data);
            q->unpacked[k].data = NULL;
        }
        if (!rc)
            rc = block_node_write(q->n.file, host, p.to, p.n, 0);
        if (!rc) {
            uint64_t sectors = ((host + p.n - 1) >> 9) - (host >> 9);
            rc = add_link(&w, (struct link){ .offset = offset, .host = host, .n = 1, .to = q->units,
                                             .packed = host | sectors << (62 - (q->cluster_bits - 8)) | QCOW2_COMPRESSED });
        }
        rc = finish_write(&w, rc);
        qcow2_leave(q, &range);
    }
    free(p.from);
    free(p.to);
    return rc;
}

int qcow2_write(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes, unsigned flags)
{
    struct write w = { .q = q, .last = &w.links };
    struct qrange range;
    if (q->broken)
        return -EIO;
    if (!bytes)
        return 0;
    if (flags & BLOCK_COMPRESSED)
        return after_write(q, write_packed(q, offset, iov, niov, bytes), flags);
    qcow2_enter(q, &range, offset, bytes, true);
    int rc = finish_write(&w, write_inside(&w, offset, iov, niov, bytes));
    qcow2_leave(q, &range);
    return after_write(q, rc, flags);
}

/* ------------------------------------------------------------------- zeroes, discards */

static int write_zeroes(struct qcow2 *q, uint64_t offset, uint64_t bytes)
{
    static const uint8_t zeros[64 << 10];
    int rc = 0;
    for (uint64_t n; bytes && !rc; offset += n, bytes -= n) {
        struct qmap m;
        n = bytes;
        if ((rc = qcow2_map(q, offset, &n, &m)) < 0)
            break;
        if (reads_zero(q, &m, offset))
            continue;
        n = n < sizeof zeros ? n : sizeof zeros;
        struct iovec io = { (void *)zeros, n };
        rc = qcow2_write(q, offset, &io, 1, n, 0);
    }
    return rc;
}

/* Whole clusters read as zeroes from now on (or as nothing, if that is the same or `full`). */
static int unmap_clusters(struct qcow2 *q, uint64_t offset, uint64_t bytes, bool unmap, bool full)
{
    int rc = 0;
    for (uint64_t end = offset + bytes, n; offset < end && !rc; offset += n) {
        struct qmap m;
        struct qslice *s;
        uint32_t at;
        n = end - offset;
        if ((rc = qcow2_map(q, offset, &n, &m)) < 0)
            break;
        bool nothing = m.kind == Q_UNALLOCATED && !m.here;
        if (nothing && (full || !q->n.backing || offset >= q->n.backing->size)) {
            n &= ~(uint64_t)(q->cluster - 1); /* a run of subclusters may end inside */
            n = n ? n : q->cluster;
            continue;
        }
        if (m.kind == Q_ZERO && n >= q->cluster && !full && (!m.here || (!unmap && m.copied))) {
            n &= ~(uint64_t)(q->cluster - 1);
            continue;
        }
        n = q->cluster;
        if ((rc = qcow2_entry(q, offset, &s, &at)) < 0)
            break;
        uint8_t *entry = s->data + at;
        uint64_t e = 0, bits = 0;
        bool keep = !unmap && !full && m.here && m.copied;
        if (keep) {
            memcpy(&e, entry, 8);
            e = be64toh(e);
        } else {
            free_entry(q, entry, 0, unmap || full);
        }
        if (q->extended)
            bits = full ? 0 : 0xffffffffull << 32;
        else if (!full && (keep || (q->n.backing && offset < q->n.backing->size) || q->version >= 3))
            e |= QCOW2_ZERO;
        put64(entry, e);
        if (q->extended)
            put64(entry + 8, bits);
        qcache_changed(&q->l2, s, at, q->entry_bytes);
    }
    return rc;
}

int qcow2_zero(struct qcow2 *q, uint64_t offset, uint64_t bytes, unsigned flags)
{
    uint64_t mask = q->cluster - 1, first = (offset + mask) & ~mask, end = offset + bytes, last = end & ~mask;
    struct qrange range;
    int rc = 0;
    if (q->broken)
        return -EIO;
    if (end == q->n.size) /* the last cluster ends with the disk */
        last = (end + mask) & ~mask;
    if (first >= last || (q->version < 3 && q->n.backing))
        return after_write(q, write_zeroes(q, offset, bytes), flags);
    if (offset < first)
        rc = write_zeroes(q, offset, first - offset);
    if (!rc && last < end)
        rc = write_zeroes(q, last, end - last);
    if (rc)
        return rc;
    qcow2_enter(q, &range, first, last - first, true);
    rc = unmap_clusters(q, first, last - first, (flags & BLOCK_UNMAP) || q->version < 3, q->version < 3);
    qcow2_leave(q, &range);
    return after_write(q, rc, flags);
}

int qcow2_discard(struct qcow2 *q, uint64_t offset, uint64_t bytes, bool full)
{
    uint64_t mask = q->cluster - 1, first = (offset + mask) & ~mask, end = offset + bytes, last = end & ~mask;
    struct qrange range;
    if (q->broken)
        return -EIO;
    if (end == q->n.size)
        last = (end + mask) & ~mask;
    if (first >= last || (!full && q->version < 3 && q->n.backing))
        return 0;
    qcow2_enter(q, &range, first, last - first, true);
    int rc = unmap_clusters(q, first, last - first, true, full || (q->version < 3));
    qcow2_leave(q, &range);
    return after_write(q, rc, 0);
}

/* ---------------------------------------------------------------------------- requests */

static void run(void *arg)
{
    struct block_request *r = arg;
    struct qcow2 *q = (struct qcow2 *)r->node;
    int rc = -EIO;
    switch (r->op) {
    case BLOCK_READ:
        rc = qcow2_read(q, r->offset, r->iov, r->niov, r->bytes);
        break;
    case BLOCK_WRITE:
        rc = qcow2_write(q, r->offset, r->iov, r->niov, r->bytes, r->flags);
        break;
    case BLOCK_FLUSH:
        rc = qcow2_flush(q);
        break;
    case BLOCK_ZERO:
        rc = qcow2_zero(q, r->offset, r->bytes, r->flags);
        break;
    case BLOCK_DISCARD:
        rc = qcow2_discard(q, r->offset, r->bytes, false);
        break;
    }
    block_done(r, rc);
}

static bool fast_read(struct qcow2 *q, struct block_request *r)
{
    struct block_node *under = q->n.backing;
    struct qmap m;
    uint64_t n = r->bytes;
    if (qcow2_map_now(q, r->offset, &n, &m) || n != r->bytes)
        return false;
    if (m.kind == Q_NORMAL) {
        r->offset = m.host;
        block_node_submit(q->n.file, r);
        return true;
    }
    if (m.kind == Q_UNALLOCATED && under && r->offset < under->size) {
        if (r->bytes > under->size - r->offset)
            return false;
        block_node_submit(under, r);
        return true;
    }
    if (m.kind == Q_COMPRESSED)
        return false;
    fill_zero(r->iov, r->niov, 0, r->bytes);
    block_done(r, 0);
    return true;
}

/* A write to where data is; it holds its clusters until it ends. */
struct fast { struct block_request r; struct qrange range; struct qcow2 *q; struct block_request *above; struct fast *next; };
static struct fast *spare;

static void fast_done(struct block_request *r, int error)
{
    struct fast *f = (struct fast *)r;
    struct block_request *above = f->above;
    qcow2_leave(f->q, &f->range);
    f->next = spare;
    spare = f;
    block_done(above, error);
}

static bool fast_write(struct qcow2 *q, struct block_request *r)
{
    struct qmap m;
    uint64_t n = r->bytes, first = r->offset >> q->cluster_bits, last = (r->offset + r->bytes - 1) >> q->cluster_bits;
    if ((r->flags & BLOCK_COMPRESSED) || q->broken || ((r->flags & BLOCK_FUA) && (qcow2_is_changed(q) || q->flushing.taken)) ||
        qcow2_map_now(q, r->offset, &n, &m) || n != r->bytes || m.kind != Q_NORMAL || !m.copied || !may_write(q, m.host, n) ||
        meets(q, first, last, false))
        return false;
    struct fast *f = spare;
    if (f)
        spare = f->next;
    else if (!(f = malloc(sizeof *f)))
        return false;
    f->q = q;
    f->above = r;
    f->r = (struct block_request){ .op = BLOCK_WRITE, .flags = r->flags, .offset = m.host, .bytes = n, .iov = r->iov, .niov = r->niov, .done = fast_done };
    put_range(q, &f->range, first, last, false);
    block_node_submit(q->n.file, &f->r);
    return true;
}

void qcow2_submit(struct block_node *n, struct block_request *r)
{
    struct qcow2 *q = (struct qcow2 *)n;
    if (r->op == BLOCK_READ && fast_read(q, r))
        return;
    if (r->op == BLOCK_WRITE && fast_write(q, r))
        return;
    if (r->op == BLOCK_FLUSH && !qcow2_is_changed(q) && !q->freed && !q->ready && !q->flushing.taken) {
        q->linked = false;
        block_node_submit(n->file, r);
        return;
    }
    if (!task_start(run, r))
        block_done(r, -ENOMEM);
}
