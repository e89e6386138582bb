/*
 * Sizes of qcow2 disks: growing, shrinking, reserving space.
 */
#include <stdio.h>

#include "qcow2.h"

static int write_size(struct qcow2 *q, uint64_t size)
{
    uint64_t field = htobe64(size);
    int rc = block_node_write(q->n.file, offsetof(struct qcow2_header, size), &field, sizeof field, 0);
    if (!rc)
        rc = qcow2_sync(q);
    if (!rc)
        q->n.size = size;
    return rc;
}

/* Clusters that nothing was written to: the file reads as zeroes there, or it is made to. */
int qcow2_preallocate(struct qcow2 *q, uint64_t from, uint64_t to)
{
    uint64_t mask = q->cluster - 1;
    int rc = 0;
    for (uint64_t at = (from + mask) & ~mask, n; at < to && !rc; at += n) {
        uint64_t left = ((to - at) + mask) >> q->cluster_bits, host, got = 0;
        struct qslice *s;
        uint32_t in;
        bool fresh = false;
        if ((rc = qcow2_alloc(q, left < 4096 ? left : 4096, &host, &got, &fresh)) < 0)
            break;
        n = got * q->cluster;
        if (!fresh)
            rc = block_node_zero(q->n.file, host, n, 0);
        for (uint64_t k = 0; k < got && !rc; k++) {
            uint64_t entry = htobe64((host + k * q->cluster) | QCOW2_COPIED), bits = htobe64(0xffffffffull);
            if ((rc = qcow2_entry(q, at + k * q->cluster, &s, &in)) < 0)
                break;
            memcpy(s->data + in, &entry, 8);
            if (q->extended)
                memcpy(s->data + in + 8, &bits, 8);
            qcache_changed(&q->l2, s, in, q->entry_bytes);
        }
    }
    return rc;
}

/* The state of a machine that a snapshot has left behind the disk's end is not the disk's. */
static int drop_vmstate(struct qcow2 *q)
{
    uint64_t used = qcow2_l1_entries(q, q->n.size), left = q->l1_size > used ? q->l1_size - used : 0;
    return left ? qcow2_discard(q, qcow2_vmstate_at(q, q->n.size), left << (q->cluster_bits + q->l2_bits), true) : 0;
}

static int grow(struct qcow2 *q, uint64_t size, enum block_preallocation mode, char *err, size_t errlen)
{
    uint64_t old = q->n.size, under = q->n.backing ? q->n.backing->size : 0;
    int rc = drop_vmstate(q);
    if (!rc)
        rc = qcow2_grow_l1(q, qcow2_l1_entries(q, size));
    if (!rc)
        rc = write_size(q, size);
    if (!rc && under > old) /* what the backing has there was not seen before */
        rc = qcow2_zero(q, old, (size < under ? size : under) - old, 0);
    if (rc || mode == PREALLOC_OFF)
        return rc;
    if (q->n.backing)
        return snprintf(err, errlen, "preallocation with a backing file is not supported"), -ENOTSUP;
    rc = qcow2_preallocate(q, old, size);
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc && q->n.file->grows && q->n.file->driver->resize && q->n.file->size < q->end)
        rc = q->n.file->driver->resize(q->n.file, q->end, false, mode == PREALLOC_METADATA ? PREALLOC_OFF : mode, err, errlen);
    return rc;
}

/* L2 tables of the part that is cut off are empty by now. */
static void free_tables(struct qcow2 *q, uint64_t from)
{
    for (uint64_t k = from; k < q->l1_size; k++) {
        uint64_t table = q->l1[k] & QCOW2_OFFSET;
        if (!table || (table & (q->cluster - 1)))
            continue;
        qcache_forget(&q->l2, table, q->cluster);
        qset_remove(&q->tables, table >> q->cluster_bits);
        qcow2_free(q, table, q->cluster, true);
        q->l1[k] = 0;
        q->l1_low = q->l1_low >= q->l1_high || k < q->l1_low ? (uint32_t)k : q->l1_low;
        q->l1_high = k + 1 > q->l1_high ? (uint32_t)k + 1 : q->l1_high;
    }
}

static int cut(struct qcow2 *q, uint64_t size, char *err, size_t errlen)
{
    uint64_t old = q->n.size, mask = q->cluster - 1, inside = (size + mask) & ~mask;
    int rc = 0;
    if (q->nsnapshots)
        return snprintf(err, errlen, "an image with snapshots can't be made smaller"), -ENOTSUP;
    rc = drop_vmstate(q);
    if (!rc && inside > size) /* if it grows again, nothing shall be seen there */
        rc = qcow2_zero(q, size, (inside < old ? inside : old) - size, 0);
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc)
        rc = write_size(q, size);
    if (!rc && ((old + mask) & ~mask) > inside)
        rc = qcow2_discard(q, inside, ((old + mask) & ~mask) - inside, true);
    if (!rc)
        free_tables(q, qcow2_l1_entries(q, size));
    return rc;
}

int qcow2_resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation mode, char *err, size_t errlen)
{
    struct qcow2 *q = (struct qcow2 *)n;
    if (q->version < 3 && q->nsnapshots)
        return snprintf(err, errlen, "an image with snapshots in format 0.10 can't be resized"), -ENOTSUP;
    if (qcow2_l1_entries(q, size) > QCOW2_MAX_L1 / 8)
        return snprintf(err, errlen, "a disk of that size wants larger clusters"), -EFBIG;
    block_drain_all();
    int rc = size > n->size ? grow(q, size, mode, err, errlen) : size < n->size ? cut(q, size, err, errlen) : 0;
    if (!rc)
        rc = qcow2_flush(q);
    return rc;
}
