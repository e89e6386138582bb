/*
 * Format qcow2: opening, closing, describing; the row of the driver. See qcow2.h for how it works.
 */
#include <stdio.h>

#include "drive.h"
#include "qcow2.h"

enum { COVER = 32 << 20 /* bytes of L2 tables in memory at most */, LEAST_COUNTS = 256 << 10 };

static unsigned probe(const uint8_t *head, size_t n, const char *filename)
{
    return n >= 8 && !memcmp(head, "QFI\xfb", 4) && (head[7] == 2 || head[7] == 3) && !head[4] && !head[5] && !head[6] ? 100 : n >= 4 && !memcmp(head, "QFI\xfb", 4) ? 50 : 0;
}

static void release(struct qcow2 *q)
{
    qcow2_free_snapshots(q);
    qcache_free(&q->l2);
    qcache_free(&q->rb);
    for (unsigned k = 0; k < 4; k++)
        free(q->unpacked[k].data);
    while (q->freed || q->ready) {
        struct qfree **from = q->freed ? &q->freed : &q->ready, *f = *from;
        *from = f->next;
        free(f);
    }
    free(q->tables.at);
    free(q->l1);
    free(q->rt);
    free(q->features);
    free(q->unknown);
    free(q->backing_name);
    free(q->backing_format);
}

static int read_table(struct qcow2 *q, uint64_t host, uint64_t bytes, uint64_t **table)
{
    *table = calloc(1, (bytes | 511) + 1);
    if (!*table)
        return -ENOMEM;
    int rc = bytes ? block_node_read(q->n.file, host, *table, bytes) : 0;
    for (uint64_t k = 0; k < bytes / 8 && !rc; k++)
        (*table)[k] = be64toh((*table)[k]);
    return rc;
}

static bool own(struct qcow2 *q, uint64_t host, uint64_t bytes)
{
    for (uint64_t k = 0; k < bytes; k += q->cluster)
        if (!qset_add(&q->tables, (host + k) >> q->cluster_bits))
            return false;
    return true;
}

/* Every cluster that holds a table: nothing of the guest's goes there. */
static int know_tables(struct qcow2 *q)
{
    bool good = own(q, 0, q->cluster) && own(q, q->l1_offset, q->l1_size * 8ull) && own(q, q->rt_offset, (uint64_t)q->rt_clusters << q->cluster_bits) &&
                own(q, q->snapshots_offset, q->snapshots_bytes);
    for (uint32_t k = 0; k < q->l1_size && good; k++)
        if (q->l1[k] & QCOW2_OFFSET)
            good = own(q, q->l1[k] & QCOW2_OFFSET, 1);
    for (uint32_t k = 0; k < q->rt_size && good; k++)
        if (q->rt[k] & ~511ull)
            good = own(q, q->rt[k] & ~511ull, 1);
    for (unsigned k = 0; k < q->nsnapshots && good; k++)
        good = own(q, q->snapshots[k].l1_offset, q->snapshots[k].l1_size * 8ull);
    return good ? 0 : -ENOMEM;
}

static int init_caches(struct qcow2 *q, struct opts *o, char *err, size_t errlen)
{
    uint64_t l2 = ((q->n.size >> q->cluster_bits) + 1) * q->entry_bytes, counts = LEAST_COUNTS, both = 0;
    l2 = l2 < COVER ? l2 + (256 << 10) : COVER;
    if (!opts_size(o, "l2-cache-size", &l2, err, errlen) || !opts_size(o, "refcount-cache-size", &counts, err, errlen) ||
        !opts_size(o, "cache-size", &both, err, errlen))
        return -EINVAL;
    if (both && !opts_has(o, "l2-cache-size"))
        l2 = both > counts ? both - counts : 0;
    opts_get(o, "l2-cache-entry-size");
    opts_get(o, "lazy-refcounts"); /* counts are always written in time */
    uint32_t slice = q->cluster < QCOW2_SLICE ? q->cluster : QCOW2_SLICE;
    return qcache_init(&q->l2, slice, l2) && qcache_init(&q->rb, slice, counts) ? 0 : -ENOMEM;
}

/* Repairs what a crash has left behind, clears what only others keep up. */
static int begin_writing(struct qcow2 *q, const struct block_how *how, char *err, size_t errlen)
{
    int rc = 0;
    q->write_open = true;
    if (how->as_it_is)
        return 0;
    if (q->incompatible & INCOMPAT_DIRTY) {
        struct block_check c = { 0 };
        rc = qcow2_check(&q->n, &c, BLOCK_FIX_LEAKS | BLOCK_FIX_ERRORS);
        if (rc || c.corruptions > c.corruptions_fixed || c.check_errors)
            return snprintf(err, errlen, "%s: it was not closed, and repairing it failed", q->n.filename ? q->n.filename : "image"), rc ? rc : -EIO;
    }
    if (q->autoclear && q->version >= 3) {
        q->autoclear = 0;
        rc = qcow2_write_header(q);
        if (!rc)
            rc = qcow2_sync(q);
    }
    return rc;
}

static int open_qcow2(struct block_node *n, struct opts *o, const struct block_how *how, char *err, size_t errlen)
{
    struct qcow2 *q = (struct qcow2 *)n;
    uint64_t rt_bytes;
    int rc = qcow2_read_header(q, how, err, errlen);
    if (!rc)
        rc = init_caches(q, o, err, errlen);
    rt_bytes = (uint64_t)q->rt_clusters << q->cluster_bits;
    if (!rc && !(rc = read_table(q, q->rt_offset, rt_bytes, &q->rt)))
        q->rt_size = (uint32_t)(rt_bytes / 8);
    if (!rc)
        rc = read_table(q, q->l1_offset, q->l1_size * 8ull, &q->l1);
    if (!rc)
        rc = qcow2_load_snapshots(q, err, errlen);
    if (!rc && how->writable)
        rc = know_tables(q);
    n->align = n->file->align;
    q->end = qcow2_round(q, n->file->size);
    q->fresh = n->file->grows ? q->end : ~0ull;
    if (!rc && how->writable && !how->given)
        rc = begin_writing(q, how, err, errlen);
    if (rc) {
        if (!*err)
            snprintf(err, errlen, "%s: %s", n->filename ? n->filename : "image", strerror(-rc));
        release(q);
    }
    return rc;
}

static void close_qcow2(struct block_node *n)
{
    struct qcow2 *q = (struct qcow2 *)n;
    if (q->write_open && !q->broken) {
        int rc = qcow2_flush(q);
        if (!rc && qcow2_is_changed(q)) /* counts of what was given back */
            rc = qcow2_flush_tables(q, true);
        if (rc)
            fprintf(stderr, "myna: %s: its tables can't be written: %s\n", n->filename ? n->filename : n->name, strerror(-rc));
    }
    release(q);
}

static int give(struct block_node *n)
{
    struct qcow2 *q = (struct qcow2 *)n;
    int rc = 0;
    if (q->write_open && !q->broken) {
        rc = qcow2_flush(q);
        if (!rc && qcow2_is_changed(q))
            rc = qcow2_flush_tables(q, true);
    }
    q->write_open = rc != 0;
    return rc;
}

/* Opened anew in the same place. */
static int take(struct block_node *n, char *err, size_t errlen)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct block_how how = { .writable = !n->readonly };
    struct opts *o = opts_new();
    uint64_t size = n->size;
    if (!o)
        return snprintf(err, errlen, "no memory"), -ENOMEM;
    release(q);
    memset((uint8_t *)q + sizeof q->n, 0, sizeof *q - sizeof q->n);
    int rc = open_qcow2(n, o, &how, err, errlen);
    opts_free(o);
    if (!rc && n->size != size)
        rc = (snprintf(err, errlen, "%s: it has another size now", n->filename ? n->filename : n->name), -EINVAL);
    if (rc)
        q->broken = true;
    return rc;
}

static void info(struct block_node *n, struct block_info *i)
{
    struct qcow2 *q = (struct qcow2 *)n;
    const struct { struct block_detail d; bool old; /* of version 2 too */ } all[] = {
        { { "compat", DETAIL_TEXT, q->version == 2 ? "0.10" : "1.1", 0 }, true },
        { { "compression-type", DETAIL_TEXT, q->compression ? "zstd" : "zlib", 0 }, true },
        { { "lazy-refcounts", DETAIL_BOOL, NULL, q->compatible & COMPAT_LAZY }, false },
        { { "refcount-bits", DETAIL_NUMBER, NULL, 1u << q->refcount_order }, true },
        { { "corrupt", DETAIL_BOOL, NULL, (q->incompatible & INCOMPAT_CORRUPT) != 0 }, false },
        { { "extended-l2", DETAIL_BOOL, NULL, q->extended }, false },
    };
    i->cluster_size = q->cluster;
    i->subcluster_size = q->extended ? 1u << q->unit_bits : 0;
    i->dirty = q->incompatible & INCOMPAT_DIRTY;
    i->corrupt = q->incompatible & INCOMPAT_CORRUPT;
    i->compressed = true;
    i->nsnapshots = q->nsnapshots;
    for (unsigned k = 0; k < sizeof all / sizeof *all; k++)
        if (q->version > 2 || all[k].old)
            i->details[i->ndetails++] = all[k].d;
}

static int status(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct qmap m;
    uint64_t got = bytes;
    int rc = qcow2_map(q, offset, &got, &m);
    if (rc)
        return rc;
    s->bytes = got;
    s->flags = m.kind == Q_UNALLOCATED ? 0 : BLOCK_IS_ALLOCATED | (m.kind == Q_ZERO ? BLOCK_IS_ZERO : BLOCK_IS_DATA);
    if (m.kind == Q_COMPRESSED)
        s->flags |= BLOCK_IS_COMPRESSED;
    if (m.kind == Q_NORMAL || (m.kind == Q_ZERO && m.here)) {
        s->flags |= BLOCK_HAS_OFFSET;
        s->host = m.host;
    }
    return 0;
}

static bool get_backing(struct block_node *n, const char **name, const char **format)
{
    const struct qcow2 *q = (const struct qcow2 *)n;
    *name = q->backing_name;
    *format = q->backing_format;
    return q->backing_name != NULL;
}

static int set_backing(struct block_node *n, const char *name, const char *format)
{
    struct qcow2 *q = (struct qcow2 *)n;
    char *old = q->backing_name, *old_format = q->backing_format;
    if (name && strlen(name) > 1023)
        return -EINVAL;
    q->backing_name = name && *name ? strdup(name) : NULL;
    q->backing_format = q->backing_name && format && *format ? strdup(format) : NULL;
    int rc = qcow2_flush(q);
    if (!rc)
        rc = qcow2_write_header(q);
    if (!rc)
        rc = qcow2_sync(q);
    if (rc) {
        free(q->backing_name);
        free(q->backing_format);
        q->backing_name = old;
        q->backing_format = old_format;
        return rc;
    }
    free(old);
    free(old_format);
    return 0;
}

const struct block_driver block_qcow2 = {
    .name = "qcow2", .kind = BLOCK_FORMAT, .backing = true, .compresses = true, .size = sizeof(struct qcow2), .probe = probe,
    .open = open_qcow2, .submit = qcow2_submit, .close = close_qcow2, .create = qcow2_create, .create_options = qcow2_create_options,
    .info = info, .status = status, .resize = qcow2_resize, .check = qcow2_check, .set_backing = set_backing, .get_backing = get_backing,
    .snapshot_list = qcow2_snapshot_list, .snapshot_create = qcow2_snapshot_create, .snapshot_apply = qcow2_snapshot_apply,
    .snapshot_delete = qcow2_snapshot_delete, .snapshot_load = qcow2_snapshot_load, .empty = qcow2_empty,
    .give = give, .take = take, .vmstate_read = qcow2_vmstate_read, .vmstate_write = qcow2_vmstate_write,
    .amend = qcow2_amend, .measure = qcow2_measure,
};
