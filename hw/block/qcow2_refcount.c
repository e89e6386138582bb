/*
 * Reference counts of a qcow2 image's clusters: reading and changing them, finding free clusters, giving clusters back, making
 * room for more counts. Counts have 1 to 64 bits (refcount_order 0 to 6), in blocks of one cluster that a table lists.
 */
#include "qcow2.h"

static unsigned block_bits(const struct qcow2 *q) { return q->cluster_bits + 3 - q->refcount_order; }
static uint64_t most(const struct qcow2 *q) { return q->refcount_order == 6 ? ~0ull : (1ull << (1 << q->refcount_order)) - 1; }

uint64_t qcow2_get_count(const void *block, unsigned order, uint64_t k)
{
    const uint8_t *b = block;
    uint16_t v2;
    uint32_t v4;
    uint64_t v8;
    switch (order) {
    case 3:
        return b[k];
    case 4:
        memcpy(&v2, b + 2 * k, 2);
        return be16toh(v2);
    case 5:
        memcpy(&v4, b + 4 * k, 4);
        return be32toh(v4);
    case 6:
        memcpy(&v8, b + 8 * k, 8);
        return be64toh(v8);
    default: /* 1, 2, 4 bits: the first in the lowest */
        return b[(k << order) / 8] >> (k << order) % 8 & ((1u << (1 << order)) - 1);
    }
}

void qcow2_put_count(void *block, unsigned order, uint64_t k, uint64_t v)
{
    uint8_t *b = block;
    uint16_t v2 = htobe16((uint16_t)v);
    uint32_t v4 = htobe32((uint32_t)v);
    uint64_t v8 = htobe64(v);
    unsigned shift = (unsigned)((k << order) % 8), mask = order < 3 ? (1u << (1 << order)) - 1 : 0;
    switch (order) {
    case 3:
        b[k] = (uint8_t)v;
        break;
    case 4:
        memcpy(b + 2 * k, &v2, 2);
        break;
    case 5:
        memcpy(b + 4 * k, &v4, 4);
        break;
    case 6:
        memcpy(b + 8 * k, &v8, 8);
        break;
    default:
        b[(k << order) / 8] = (uint8_t)((b[(k << order) / 8] & ~(mask << shift)) | (v & mask) << shift);
    }
}

/* The slice with a cluster's count, the count's number in it, and how many are behind it. *s NULL: there is no block. */
static int counts_of(struct qcow2 *q, uint64_t cluster, struct qslice **s, uint64_t *k, uint64_t *left)
{
    uint64_t index = cluster >> block_bits(q), in = cluster & ((1ull << block_bits(q)) - 1);
    uint64_t per = (uint64_t)q->rb.bytes * 8 >> q->refcount_order;
    *s = NULL;
    *k = in % per;
    *left = per - *k;
    if (index >= q->rt_size || !(q->rt[index] & ~511ull))
        return 0;
    uint64_t host = q->rt[index] & ~511ull;
    if (host & (q->cluster - 1))
        return qcow2_broken(q, "a block of reference counts", host);
    return qcache_get(q, &q->rb, host + in / per * q->rb.bytes, s);
}

int qcow2_refcount(struct qcow2 *q, uint64_t cluster, uint64_t *count)
{
    struct qslice *s;
    uint64_t k, left;
    int rc = counts_of(q, cluster, &s, &k, &left);
    *count = rc || !s ? 0 : qcow2_get_count(s->data, q->refcount_order, k);
    return rc;
}

static void changed(struct qcow2 *q, struct qslice *s, uint64_t k)
{
    uint32_t at = (uint32_t)((k << q->refcount_order) / 8);
    qcache_changed(&q->rb, s, at, q->refcount_order < 3 ? 1 : 1u << (q->refcount_order - 3));
}

int qcow2_count(struct qcow2 *q, uint64_t cluster, uint64_t n, int by)
{
    struct qslice *s;
    uint64_t k, left;
    for (; n; n--, cluster++) {
        int rc = counts_of(q, cluster, &s, &k, &left);
        if (rc)
            return rc;
        uint64_t now = s ? qcow2_get_count(s->data, q->refcount_order, k) : 0;
        if (!s || (by < 0 && !now))
            return qcow2_broken(q, "the reference count of the cluster", cluster << q->cluster_bits);
        if (by > 0 && now == most(q))
            return -EOVERFLOW;
        qcow2_put_count(s->data, q->refcount_order, k, by > 0 ? now + 1 : now - 1);
        changed(q, s, k);
        if (by < 0 && now == 1 && cluster < q->hint)
            q->hint = cluster;
        if (by < 0 && now == 1 && q->packed_at >> q->cluster_bits == cluster)
            q->packed_at = 0;
    }
    return 0;
}

int qcow2_set_count(struct qcow2 *q, uint64_t cluster, uint64_t v)
{
    struct qslice *s;
    uint64_t k, left;
    int rc = counts_of(q, cluster, &s, &k, &left);
    if (rc || !s)
        return rc ? rc : -EIO;
    if (v > most(q))
        return -EOVERFLOW;
    qcow2_put_count(s->data, q->refcount_order, k, v);
    changed(q, s, k);
    return 0;
}

/* ------------------------------------------------------------------ room for more counts */

static void in_use(struct qcow2 *q, uint64_t end)
{
    if (end > q->end)
        q->end = end;
    if (q->fresh != ~0ull && end > q->fresh)
        q->fresh = end;
}

/* A new block for the counts of clusters around `cluster`, which is free and becomes it. It is in the file, and counts itself,
 * before the table has it: nothing waits in between. */
static int make_block(struct qcow2 *q, uint64_t cluster)
{
    uint64_t host = cluster << q->cluster_bits;
    uint32_t index = (uint32_t)(cluster >> block_bits(q));
    uint8_t *block = NULL;
    if (qset_has(&q->tables, cluster))
        return qcow2_broken(q, "a table without a reference count", host);
    if (posix_memalign((void **)&block, 4096, q->cluster < 4096 ? 4096 : q->cluster))
        return -ENOMEM;
    memset(block, 0, q->cluster);
    qcow2_put_count(block, q->refcount_order, cluster & ((1ull << block_bits(q)) - 1), 1);
    int rc = block_node_write(q->n.file, host, block, q->cluster, 0);
    free(block);
    if (!rc && !qset_add(&q->tables, cluster))
        rc = -ENOMEM;
    in_use(q, host + q->cluster);
    if (rc)
        return rc;
    qcache_forget(&q->rb, host, q->cluster);
    qcache_forget(&q->l2, host, q->cluster);
    q->rt[index] = host;
    q->rt_low = q->rt_low >= q->rt_high || index < q->rt_low ? index : q->rt_low;
    q->rt_high = index + 1 > q->rt_high ? index + 1 : q->rt_high;
    q->linked = true; /* the block is flushed before the table's entry is written */
    q->hint = cluster + 1;
    return 0;
}

int qcow2_set_table(struct qcow2 *q, uint64_t *rt, uint64_t host, uint64_t clusters)
{
    uint64_t size = clusters * q->cluster / 8, *big = malloc(size * 8);
    struct __attribute__((packed)) { uint64_t offset; uint32_t clusters; } field = { htobe64(host), htobe32((uint32_t)clusters) };
    int rc = big ? 0 : -ENOMEM;
    for (uint64_t k = 0; k < size && big; k++)
        big[k] = htobe64(rt[k]);
    if (!rc)
        rc = block_node_write(q->n.file, host, big, size * 8, 0);
    if (!rc)
        rc = qcow2_sync(q); /* before the header says where it is */
    if (!rc)
        rc = block_node_write(q->n.file, offsetof(struct qcow2_header, rt_offset), &field, sizeof field, 0);
    if (!rc)
        rc = qcow2_sync(q);
    free(big);
    if (rc) {
        free(rt);
        return rc;
    }
    free(q->rt);
    q->rt = rt;
    q->rt_offset = host;
    q->rt_clusters = (uint32_t)clusters;
    q->rt_size = (uint32_t)size;
    q->rt_low = q->rt_high = 0;
    return 0;
}

static void mark_table(struct qcow2 *q, uint64_t cluster, uint64_t n, bool on)
{
    for (; n; n--, cluster++)
        if (on)
            qset_add(&q->tables, cluster);
        else
            qset_remove(&q->tables, cluster);
}

/* A larger table of blocks, behind all that the old one covers; new blocks, which count themselves and it, lie before it.
 * Nothing else may be writing the old one: `flushing` is ours. */
static int write_larger_table(struct qcow2 *q, uint64_t first, uint64_t nblocks, uint64_t nclusters)
{
    uint64_t size = nclusters * q->cluster / 8, per = 1ull << block_bits(q), index = first >> block_bits(q), all = nblocks + nclusters;
    uint64_t host = first << q->cluster_bits, table = host + nblocks * q->cluster;
    uint64_t *rt = calloc(size, 8);
    uint8_t *block = calloc(1, q->cluster);
    int rc = rt && block ? 0 : -ENOMEM;
    if (!rc) {
        memcpy(rt, q->rt, q->rt_size * 8ull);
        for (uint64_t k = 0; k < nblocks; k++)
            rt[index + k] = host + k * q->cluster;
    }
    for (uint64_t k = 0; k < nblocks && !rc; k++) {
        memset(block, 0, q->cluster);
        for (uint64_t j = 0; j < per && k * per + j < all; j++)
            qcow2_put_count(block, q->refcount_order, j, 1);
        rc = block_node_write(q->n.file, host + k * q->cluster, block, q->cluster, 0);
    }
    free(block);
    if (rc)
        free(rt);
    else
        rc = qcow2_set_table(q, rt, table, nclusters);
    if (rc)
        return rc;
    mark_table(q, first, all, true);
    qcache_forget(&q->rb, host, all * q->cluster);
    qcache_forget(&q->l2, host, all * q->cluster);
    in_use(q, host + all * q->cluster);
    return 0;
}

static int grow_table(struct qcow2 *q)
{
    uint64_t first = (uint64_t)q->rt_size << block_bits(q), old = q->rt_offset, nold = q->rt_clusters;
    uint64_t nblocks = 1, entries = q->cluster / 8, nclusters = q->rt_clusters + q->rt_clusters / 2 + 1;
    while (nblocks << block_bits(q) < nblocks + nclusters || nclusters * entries < q->rt_size + nblocks) {
        if (nclusters * entries < q->rt_size + nblocks)
            nclusters++;
        else
            nblocks++;
    }
    if (nclusters * q->cluster > QCOW2_MAX_RT || (first + nblocks + nclusters) >> (63 - q->cluster_bits))
        return -EFBIG;
    task_lock(&q->flushing);
    int rc = write_larger_table(q, first, nblocks, nclusters);
    task_unlock(&q->flushing);
    if (rc)
        return rc;
    mark_table(q, old >> q->cluster_bits, nold, false);
    return qcow2_count(q, old >> q->cluster_bits, nold, -1);
}

/* --------------------------------------------------------------------------- allocating */

/* The first free clusters from the hint on, at most n, not counted yet. */
static int find_free(struct qcow2 *q, uint64_t n, uint64_t *first, uint64_t *got)
{
    for (uint64_t c = q->hint;;) {
        struct qslice *s;
        uint64_t k, left, from;
        int rc;
        if (c >> (55 - q->cluster_bits))
            return -EFBIG;
        if (c >> block_bits(q) >= q->rt_size) {
            if ((rc = grow_table(q)) < 0)
                return rc;
            continue;
        }
        if ((rc = counts_of(q, c, &s, &k, &left)) < 0)
            return rc;
        if (!s) {
            if ((rc = make_block(q, c)) < 0)
                return rc;
            c = q->hint;
            continue;
        }
        for (from = k; left && qcow2_get_count(s->data, q->refcount_order, k); left--)
            k++;
        c += k - from;
        if (!left) {
            q->hint = c;
            continue;
        }
        for (*got = 0; *got < n && *got < left && !qcow2_get_count(s->data, q->refcount_order, k + *got);) {
            if (qset_has(&q->tables, c + *got))
                return qcow2_broken(q, "a table without a reference count", (c + *got) << q->cluster_bits);
            ++*got;
        }
        *first = c;
        q->hint = c;
        return 0;
    }
}

int qcow2_alloc(struct qcow2 *q, uint64_t n, uint64_t *host, uint64_t *got, bool *fresh)
{
    uint64_t first;
    int rc = q->broken ? -EIO : 0;
    if (!rc && q->ready)
        rc = qcow2_free_ready(q);
    if (rc)
        return rc;
    task_lock(&q->allocating);
    rc = find_free(q, n, &first, got);
    if (!rc)
        rc = qcow2_count(q, first, *got, 1);
    if (!rc) {
        q->hint = first + *got;
        *host = first << q->cluster_bits;
        *fresh = q->fresh != ~0ull && *host >= q->fresh;
        in_use(q, *host + *got * q->cluster);
    }
    task_unlock(&q->allocating);
    return rc;
}

/* What is found too short stays uncounted: the search goes on behind it. */
int qcow2_alloc_all(struct qcow2 *q, uint64_t n, uint64_t *host)
{
    uint64_t first, got, want = n, start = ~0ull, lowest = ~0ull;
    int rc = 0;
    if (q->broken)
        return -EIO;
    task_lock(&q->allocating);
    while (want) {
        if ((rc = find_free(q, want, &first, &got)) < 0)
            break;
        lowest = first < lowest ? first : lowest;
        if (start == ~0ull || first != start + (n - want)) {
            start = first;
            want = n;
            got = got < n ? got : n;
        }
        want -= got;
        q->hint = first + got;
    }
    if (!rc)
        rc = qcow2_count(q, start, n, 1);
    q->hint = lowest == start && !rc ? start + n : lowest < q->hint ? lowest : q->hint;
    if (!rc) {
        *host = start << q->cluster_bits;
        in_use(q, *host + n * q->cluster);
    }
    task_unlock(&q->allocating);
    return rc;
}

int qcow2_alloc_packed(struct qcow2 *q, uint32_t bytes, uint64_t *host)
{
    uint64_t here = q->packed_at >> q->cluster_bits, room, count = 0, fresh_host, got;
    bool fresh;
    int rc;
    task_lock(&q->packing);
    here = q->packed_at >> q->cluster_bits;
    room = q->packed_at ? q->cluster - (q->packed_at & (q->cluster - 1)) : 0;
    rc = room ? qcow2_refcount(q, here, &count) : 0;
    if (!rc && (!count || count == most(q)))
        room = 0;
    if (!rc && room >= bytes) {
        *host = q->packed_at;
    } else if (!rc && !(rc = qcow2_alloc(q, 1, &fresh_host, &got, &fresh))) {
        if (room && fresh_host >> q->cluster_bits == here + 1) {
            *host = q->packed_at;
        } else {
            room = 0;
            *host = fresh_host;
        }
    }
    if (!rc && room) { /* one more in the old one */
        task_lock(&q->allocating);
        rc = qcow2_count(q, here, 1, 1);
        task_unlock(&q->allocating);
    }
    if (!rc)
        q->packed_at = (*host + bytes) & (q->cluster - 1) ? *host + bytes : 0;
    task_unlock(&q->packing);
    return rc;
}

/* ------------------------------------------------------------------------ giving back */

void qcow2_free(struct qcow2 *q, uint64_t host, uint64_t bytes, bool discard)
{
    uint64_t first = host >> q->cluster_bits, n = ((host + bytes - 1) >> q->cluster_bits) - first + 1;
    struct qfree *f = q->freed;
    if (f && f->discard == discard && f->cluster + f->n == first) {
        f->n += n;
        return;
    }
    if (!(f = malloc(sizeof *f)))
        return; /* it leaks */
    *f = (struct qfree){ first, n, discard, q->freed };
    q->freed = f;
    q->nfreed++;
}

/* Discarded before it is free for others. */
static int give_back(struct qcow2 *q, uint64_t cluster, uint64_t n, bool discard)
{
    int rc = 0;
    for (uint64_t from = cluster, end = cluster + n, c = from; discard && !rc && c <= end; c++) {
        uint64_t count = 0;
        if (c < end)
            rc = qcow2_refcount(q, c, &count);
        if (c < end && count == 1)
            continue;
        if (c > from && !rc) /* what the host can not take back it keeps */
            block_node_discard(q->n.file, from << q->cluster_bits, (c - from) << q->cluster_bits);
        from = c + 1;
    }
    return rc ? rc : qcow2_count(q, cluster, n, -1);
}

int qcow2_free_ready(struct qcow2 *q)
{
    int rc = 0;
    task_lock(&q->allocating);
    while (q->ready && !rc) {
        struct qfree *f = q->ready;
        q->ready = f->next;
        if (!q->broken)
            rc = give_back(q, f->cluster, f->n, f->discard && q->n.unmap);
        free(f);
    }
    task_unlock(&q->allocating);
    return rc;
}
