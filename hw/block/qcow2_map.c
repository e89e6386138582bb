/*
 * Where guest data is in a qcow2 image: L1 and L2 tables, with standard entries and with extended ones (32 subclusters each).
 */
#include <stdio.h>

#include "qcow2.h"

int qcow2_broken(struct qcow2 *q, const char *what, uint64_t where)
{
    if (!q->broken) {
        fprintf(stderr, "myna: %s: %s at %#llx makes no sense: nothing more is written to the image (myna-img check looks at it)\n",
                q->n.filename ? q->n.filename : q->n.name, what, (unsigned long long)where);
        q->broken = true;
    }
    return -EIO;
}

void qcow2_packed_place(const struct qcow2 *q, uint64_t entry, uint64_t *host, uint32_t *bytes)
{
    unsigned x = 62 - (q->cluster_bits - 8);
    *host = entry & ((1ull << x) - 1);
    *bytes = (uint32_t)(((entry >> x & ((1ull << (q->cluster_bits - 8)) - 1)) + 1) * 512 - (*host & 511));
}

/* m->host: of the cluster. */
int qcow2_decode(const struct qcow2 *q, const uint8_t *entry, unsigned unit, struct qmap *m)
{
    uint64_t e, bits;
    memcpy(&e, entry, 8);
    e = be64toh(e);
    *m = (struct qmap){ .kind = Q_UNALLOCATED };
    if (e & QCOW2_COMPRESSED) {
        m->kind = Q_COMPRESSED;
        qcow2_packed_place(q, e, &m->host, &m->packed);
        return 0;
    }
    m->host = e & QCOW2_OFFSET;
    m->here = m->host != 0;
    m->copied = m->here && (e & QCOW2_COPIED);
    if (m->host & (q->cluster - 1))
        return -EIO;
    if (!q->extended) {
        if ((e & QCOW2_ZERO) && q->version < 3)
            return -EIO;
        m->kind = e & QCOW2_ZERO ? Q_ZERO : m->here ? Q_NORMAL : Q_UNALLOCATED;
        return 0;
    }
    memcpy(&bits, entry + 8, 8);
    bits = be64toh(bits);
    bool data = bits >> unit & 1, zero = bits >> (32 + unit) & 1;
    if ((data && (zero || !m->here)) || (e & QCOW2_ZERO))
        return -EIO;
    m->kind = zero ? Q_ZERO : data ? Q_NORMAL : Q_UNALLOCATED;
    return 0;
}

/* The slice that has the entry of a guest offset; 0: no L2 table. */
static int slice_of(struct qcow2 *q, uint64_t offset, uint64_t *host, uint32_t *at)
{
    uint64_t index = offset >> (q->cluster_bits + q->l2_bits);
    uint64_t table = index < q->l1_size ? q->l1[index] & QCOW2_OFFSET : 0;
    uint64_t byte = (offset >> q->cluster_bits & ((1ull << q->l2_bits) - 1)) * q->entry_bytes;
    if (table & (q->cluster - 1))
        return qcow2_broken(q, "an L2 table", table);
    *at = (uint32_t)(byte & (q->l2.bytes - 1));
    *host = table ? table + (byte - *at) : 0;
    return 0;
}

static bool goes_on(const struct qmap *m, const struct qmap *next, uint64_t n)
{
    return next->kind == m->kind && next->here == m->here && next->copied == m->copied && (!m->here || next->host == m->host + n);
}

static int map_in(struct qcow2 *q, const struct qslice *s, uint32_t at, uint64_t offset, uint64_t *bytes, struct qmap *m)
{
    uint32_t unit_bytes = 1u << q->unit_bits, in = (uint32_t)(offset & (q->cluster - 1)), unit = in >> q->unit_bits;
    uint64_t n = unit_bytes - (in & (unit_bytes - 1));
    struct qmap next;
    if (qcow2_decode(q, s->data + at, unit, m))
        return qcow2_broken(q, "the L2 entry of the guest's cluster", offset);
    if (m->kind == Q_COMPRESSED) {
        n = q->cluster - in;
        *bytes = n < *bytes ? n : *bytes;
        return 0;
    }
    m->host += m->here ? in : 0;
    while (n < *bytes) {
        if (++unit == q->units) {
            unit = 0;
            if ((at += q->entry_bytes) == q->l2.bytes)
                break;
        }
        if (qcow2_decode(q, s->data + at, unit, &next))
            break; /* found when it is its turn */
        next.host += next.here ? (uint64_t)unit << q->unit_bits : 0;
        if (!goes_on(m, &next, n))
            break;
        n += unit_bytes;
    }
    *bytes = n < *bytes ? n : *bytes;
    return 0;
}

/* Nothing up to where the next L2 table begins. */
static int nothing(const struct qcow2 *q, uint64_t offset, uint64_t *bytes, struct qmap *m)
{
    uint64_t span = 1ull << (q->cluster_bits + q->l2_bits), left = span - (offset & (span - 1));
    *m = (struct qmap){ .kind = Q_UNALLOCATED };
    *bytes = left < *bytes ? left : *bytes;
    return 0;
}

int qcow2_map_now(struct qcow2 *q, uint64_t offset, uint64_t *bytes, struct qmap *m)
{
    uint64_t host;
    uint32_t at;
    int rc = slice_of(q, offset, &host, &at);
    if (rc)
        return rc;
    if (!host)
        return nothing(q, offset, bytes, m);
    const struct qslice *s = qcache_peek(&q->l2, host);
    return s ? map_in(q, s, at, offset, bytes, m) : -EAGAIN;
}

int qcow2_map(struct qcow2 *q, uint64_t offset, uint64_t *bytes, struct qmap *m)
{
    struct qslice *s;
    uint64_t host;
    uint32_t at;
    int rc = slice_of(q, offset, &host, &at);
    if (rc)
        return rc;
    if (!host)
        return nothing(q, offset, bytes, m);
    if ((rc = qcache_get(q, &q->l2, host, &s)) < 0)
        return rc;
    return map_in(q, s, at, offset, bytes, m);
}

/* ---------------------------------------------------------------------------- changing */

static int set_l1(struct qcow2 *q, uint32_t index, uint64_t table)
{
    if (!qset_add(&q->tables, table >> q->cluster_bits))
        return -ENOMEM;
    q->l1[index] = table | QCOW2_COPIED;
    q->l1_low = q->l1_low >= q->l1_high || index < q->l1_low ? index : q->l1_low;
    q->l1_high = index + 1 > q->l1_high ? index + 1 : q->l1_high;
    return 0;
}

/* An L2 table that is ours alone: an empty one, or a copy of the one that a snapshot has too. It is on the disk before an L1
 * entry says so (qcow2_flush_tables). */
static int own_table(struct qcow2 *q, uint32_t index)
{
    uint64_t old = q->l1[index] & QCOW2_OFFSET, table, got;
    bool fresh;
    uint8_t *data = NULL;
    int rc;
    if (old & (q->cluster - 1))
        return qcow2_broken(q, "an L2 table", old);
    if ((rc = qcow2_alloc(q, 1, &table, &got, &fresh)) < 0)
        return rc;
    qcache_forget(&q->l2, table, q->cluster);
    if (!old) {
        rc = block_node_zero(q->n.file, table, q->cluster, 0);
    } else if (!posix_memalign((void **)&data, 4096, q->cluster < 4096 ? 4096 : q->cluster)) {
        rc = block_node_read(q->n.file, old, data, q->cluster);
        if (!rc)
            rc = block_node_write(q->n.file, table, data, q->cluster, 0);
    } else {
        rc = -ENOMEM;
    }
    free(data);
    if (!rc)
        rc = set_l1(q, index, table);
    q->linked = true;
    if (rc)
        qcow2_free(q, table, q->cluster, false);
    else if (old)
        qcow2_free(q, old, q->cluster, false);
    return rc;
}

int qcow2_entry(struct qcow2 *q, uint64_t offset, struct qslice **s, uint32_t *at)
{
    uint64_t index = offset >> (q->cluster_bits + q->l2_bits), host;
    int rc = q->broken ? -EIO : 0;
    if (index >= q->l1_size)
        return -EINVAL;
    if (!rc && !((q->l1[index] & QCOW2_COPIED) && (q->l1[index] & QCOW2_OFFSET))) {
        task_lock(&q->linking);
        if (!((q->l1[index] & QCOW2_COPIED) && (q->l1[index] & QCOW2_OFFSET)))
            rc = own_table(q, (uint32_t)index);
        task_unlock(&q->linking);
    }
    if (rc || (rc = slice_of(q, offset, &host, at)))
        return rc;
    if (host < q->cluster || host + q->l2.bytes > q->end)
        return qcow2_broken(q, "an L2 table", host);
    return qcache_get(q, &q->l2, host, s);
}

int qcow2_grow_l1(struct qcow2 *q, uint64_t entries)
{
    uint64_t old = q->l1_offset, nold = qcow2_round(q, q->l1_size * 8ull), host, n;
    if (entries <= q->l1_size)
        return 0;
    n = qcow2_round(q, entries * 8);
    if (n > QCOW2_MAX_L1)
        return -EFBIG;
    uint64_t *l1 = calloc(n, 1), *big = calloc(n, 1);
    int rc = l1 && big ? qcow2_alloc_all(q, n >> q->cluster_bits, &host) : -ENOMEM;
    if (!rc)
        rc = qcow2_flush_tables(q, true); /* counted, and all that entries refer to is there */
    task_lock(&q->flushing);
    if (!rc) {
        memcpy(l1, q->l1, q->l1_size * 8ull);
        for (uint64_t k = 0; k < q->l1_size; k++)
            big[k] = htobe64(l1[k]);
        rc = block_node_write(q->n.file, host, big, n, 0);
    }
    if (!rc)
        rc = qcow2_sync(q);
    struct __attribute__((packed)) { uint32_t size; uint64_t offset; } field = { htobe32((uint32_t)entries), htobe64(host) };
    if (!rc)
        rc = block_node_write(q->n.file, offsetof(struct qcow2_header, l1_size), &field, sizeof field, 0);
    if (!rc)
        rc = qcow2_sync(q);
    if (!rc) {
        free(q->l1);
        q->l1 = l1;
        l1 = NULL;
        q->l1_offset = host;
        q->l1_size = (uint32_t)entries;
        q->l1_low = q->l1_high = 0;
        for (uint64_t k = 0; k < n; k += q->cluster)
            qset_add(&q->tables, (host + k) >> q->cluster_bits);
        for (uint64_t k = 0; old && k < nold; k += q->cluster)
            qset_remove(&q->tables, (old + k) >> q->cluster_bits);
        if (old && nold)
            qcow2_free(q, old, nold, false);
    }
    task_unlock(&q->flushing);
    free(l1);
    free(big);
    return rc;
}
