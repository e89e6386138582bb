/*
 * Checking a qcow2 image: all that refers to a cluster is counted and compared with the reference counts of the image. A count
 * that is too high is a leak, one that is too low a corruption, as are references to nowhere and wrong COPIED flags.
 *
 * Repair writes the right counts; if the blocks that hold them make no sense themselves, all new ones, at the file's end.
 */
#include <stdarg.h>
#include <stdio.h>

#include "qcow2.h"

struct walk {
    struct qcow2 *q;
    struct block_check *c;
    uint32_t *refs;       /* of each cluster of the file */
    uint64_t n, previous; /* clusters; host of the entry before, +1 cluster */
    uint64_t budget;      /* L2 entries still looked at, against images that refer to the same a million times */
    uint8_t *copy;
    bool rebuild;
};

static void say(struct block_check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct block_check *c, const char *format, ...)
{
    char line[256];
    va_list args;
    if (!c->say)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    c->say(c->arg, line);
}

static bool refer(struct walk *w, uint64_t host, uint64_t bytes, const char *what)
{
    uint64_t first = host >> w->q->cluster_bits, last = (host + (bytes ? bytes : 1) - 1) >> w->q->cluster_bits;
    if (!bytes)
        return true;
    if (last >= w->n || last < first) {
        say(w->c, "ERROR: %s at offset %#llx lies beyond the end of the file", what, (unsigned long long)host);
        w->c->corruptions++;
        return false;
    }
    for (uint64_t k = first; k <= last; k++)
        if (w->refs[k] != UINT32_MAX)
            w->refs[k]++;
    return true;
}

static bool aligned(struct walk *w, uint64_t host, const char *what)
{
    if (!(host & (w->q->cluster - 1)))
        return true;
    say(w->c, "ERROR: %s at offset %#llx is not at the beginning of a cluster", what, (unsigned long long)host);
    w->c->corruptions++;
    return false;
}

/* -------------------------------------------------------------------------- references */

static int walk_entry(struct walk *w, const uint8_t *entry, bool active, uint64_t *fixed)
{
    struct qcow2 *q = w->q;
    uint64_t e, host, count;
    uint32_t packed;
    memcpy(&e, entry, 8);
    e = be64toh(e);
    *fixed = e;
    if (e & QCOW2_COMPRESSED) {
        qcow2_packed_place(q, e, &host, &packed);
        if (e & QCOW2_COPIED) {
            say(w->c, "ERROR: the compressed cluster at %#llx has the flag COPIED", (unsigned long long)host);
            w->c->corruptions++;
            *fixed = e & ~QCOW2_COPIED;
        }
        /* the last sector may reach beyond the end */
        uint64_t end = w->n << q->cluster_bits;
        refer(w, host, host < end && host + packed > end ? end - host : packed, "compressed data");
        w->c->compressed_clusters += active;
        w->c->allocated_clusters += active;
        w->c->fragmented_clusters += active; /* all of them are, as others count */
        return 0;
    }
    host = e & QCOW2_OFFSET;
    if (!host)
        return 0;
    if (!aligned(w, host, "data") || !refer(w, host, q->cluster, "data"))
        return 0;
    if (!active)
        return 0;
    w->c->allocated_clusters++;
    w->c->fragmented_clusters += w->previous && host != w->previous;
    w->previous = host + q->cluster;
    int rc = qcow2_refcount(q, host >> q->cluster_bits, &count);
    if (!rc && (count == 1) != !!(e & QCOW2_COPIED)) {
        say(w->c, "ERROR: the data at %#llx has %s flag COPIED, and is counted %llu times", (unsigned long long)host,
            e & QCOW2_COPIED ? "the" : "no", (unsigned long long)count);
        w->c->corruptions++;
    }
    return rc;
}

static int walk_l2(struct walk *w, uint64_t table, bool active, unsigned fix)
{
    struct qcow2 *q = w->q;
    int rc = 0;
    for (uint32_t from = 0; from < q->cluster && !rc; from += q->l2.bytes) {
        struct qslice *s;
        if ((rc = qcache_get(q, &q->l2, table + from, &s)) < 0)
            break;
        memcpy(w->copy, s->data, q->l2.bytes);
        for (uint32_t at = 0; at < q->l2.bytes && !rc; at += q->entry_bytes) {
            uint64_t e, fixed;
            if (!w->budget--)
                return -EFBIG;
            memcpy(&e, w->copy + at, 8);
            rc = walk_entry(w, w->copy + at, active, &fixed);
            if (!rc && fixed != be64toh(e) && (fix & BLOCK_FIX_ERRORS) && !(rc = qcache_get(q, &q->l2, table + from, &s))) {
                fixed = htobe64(fixed);
                memcpy(s->data + at, &fixed, 8);
                qcache_changed(&q->l2, s, at, 8);
                w->c->corruptions_fixed++;
            }
        }
    }
    return rc;
}

static int walk_l1(struct walk *w, const uint64_t *l1, uint32_t n, bool active, unsigned fix)
{
    struct qcow2 *q = w->q;
    int rc = 0;
    for (uint32_t k = 0; k < n && !rc; k++) {
        uint64_t table = l1[k] & QCOW2_OFFSET, count;
        if (!table || !aligned(w, table, "an L2 table") || !refer(w, table, q->cluster, "an L2 table"))
            continue;
        if (active && !(rc = qcow2_refcount(q, table >> q->cluster_bits, &count)) && (count == 1) != !!(l1[k] & QCOW2_COPIED)) {
            say(w->c, "ERROR: the L2 table at %#llx has %s flag COPIED, and is counted %llu times", (unsigned long long)table,
                l1[k] & QCOW2_COPIED ? "the" : "no", (unsigned long long)count);
            w->c->corruptions++;
        }
        if (!rc)
            rc = walk_l2(w, table, active, fix);
    }
    return rc;
}

static int walk_snapshot(struct walk *w, const struct qsnapshot *s)
{
    struct qcow2 *q = w->q;
    if (!aligned(w, s->l1_offset, "a snapshot's L1 table") || !refer(w, s->l1_offset, s->l1_size * 8ull, "a snapshot's L1 table"))
        return 0;
    uint64_t *l1 = calloc(s->l1_size + 1, 8);
    int rc = l1 ? 0 : -ENOMEM;
    if (!rc && s->l1_size)
        rc = block_node_read(q->n.file, s->l1_offset, l1, s->l1_size * 8ull);
    for (uint32_t k = 0; k < s->l1_size && !rc; k++)
        l1[k] = be64toh(l1[k]);
    if (!rc)
        rc = walk_l1(w, l1, s->l1_size, false, 0);
    free(l1);
    return rc;
}

/* Bitmaps of others: a folder, a table each, data. */
static int walk_bitmaps(struct walk *w)
{
    struct qcow2 *q = w->q;
    uint64_t at = q->bitmaps_offset, end = at + q->bitmaps_size;
    if (!(q->autoclear & AUTOCLEAR_BITMAPS) || !q->nbitmaps)
        return 0;
    if (!aligned(w, at, "the folder of bitmaps") || q->bitmaps_size > 64 << 20 || !refer(w, at, q->bitmaps_size, "the folder of bitmaps"))
        return 0;
    for (uint32_t k = 0; k < q->nbitmaps && at + 24 <= end; k++) {
        struct __attribute__((packed)) { uint64_t table; uint32_t size, flags; uint8_t type, granularity; uint16_t name; uint32_t extra; } e;
        int rc = block_node_read(q->n.file, at, &e, sizeof e);
        if (rc)
            return rc;
        uint64_t table = be64toh(e.table), size = be32toh(e.size), entry;
        if (size <= 1 << 22 && aligned(w, table, "a bitmap's table") && refer(w, table, size * 8, "a bitmap's table"))
            for (uint64_t j = 0; j < size; j++) {
                if ((rc = block_node_read(q->n.file, table + j * 8, &entry, 8)) < 0)
                    return rc;
                entry = be64toh(entry) & QCOW2_OFFSET;
                if (entry && aligned(w, entry, "a bitmap"))
                    refer(w, entry, q->cluster, "a bitmap");
            }
        at = (at + sizeof e + be16toh(e.name) + be32toh(e.extra) + 7) & ~7ull;
    }
    return 0;
}

static void walk_blocks(struct walk *w)
{
    struct qcow2 *q = w->q;
    for (uint32_t k = 0; k < q->rt_size; k++) {
        uint64_t host = q->rt[k] & ~511ull;
        if (!host)
            continue;
        if (!aligned(w, host, "a block of reference counts") || !refer(w, host, q->cluster, "a block of reference counts"))
            w->rebuild = true;
        else if (w->refs[host >> q->cluster_bits] != 1) {
            say(w->c, "ERROR: the block of reference counts at %#llx is used for something else too", (unsigned long long)host);
            w->c->corruptions++;
            w->rebuild = true;
        }
    }
}

static int count_references(struct walk *w, unsigned fix)
{
    struct qcow2 *q = w->q;
    int rc = 0;
    refer(w, 0, q->cluster, "the header");
    refer(w, q->l1_offset, q->l1_size * 8ull, "the L1 table");
    refer(w, q->snapshots_offset, q->snapshots_bytes, "the table of snapshots");
    rc = walk_l1(w, q->l1, q->l1_size, true, fix);
    for (unsigned k = 0; k < q->nsnapshots && !rc; k++)
        rc = walk_snapshot(w, &q->snapshots[k]);
    if (!rc)
        rc = walk_bitmaps(w);
    if (!refer(w, q->rt_offset, (uint64_t)q->rt_clusters << q->cluster_bits, "the table of reference counts"))
        w->rebuild = true;
    walk_blocks(w);
    return rc;
}

/* --------------------------------------------------------------------- counts, repair */

static int compare(struct walk *w, unsigned fix)
{
    struct qcow2 *q = w->q;
    uint64_t count;
    unsigned block_bits = q->cluster_bits + 3 - q->refcount_order;
    int rc = 0;
    for (uint64_t k = 0; k < w->n && !rc; k++) {
        uint64_t index = k >> block_bits;
        bool block = index < q->rt_size && (q->rt[index] & ~511ull) && !(q->rt[index] & (q->cluster - 1));
        if (w->rebuild && !block)
            count = 0;
        else
            rc = qcow2_refcount(q, k, &count);
        if (rc)
            break;
        if (count || w->refs[k])
            w->c->image_end_offset = (k + 1) << q->cluster_bits;
        if (count == w->refs[k])
            continue;
        bool leak = count > w->refs[k];
        say(w->c, "%s cluster %llu is counted %llu times, referred to %u times", leak ? "Leaked:" : "ERROR:", (unsigned long long)k,
            (unsigned long long)count, w->refs[k]);
        *(leak ? &w->c->leaks : &w->c->corruptions) += 1;
        if (!block && !leak)
            w->rebuild = true;
        if (!(fix & (leak ? BLOCK_FIX_LEAKS : BLOCK_FIX_ERRORS)) || w->rebuild)
            continue;
        if ((rc = qcow2_set_count(q, k, w->refs[k])) == -EOVERFLOW)
            rc = 0; /* it is found again */
        else if (!rc)
            *(leak ? &w->c->leaks_fixed : &w->c->corruptions_fixed) += 1;
    }
    return rc;
}

/* All counts anew, behind everything. */
static int rebuild(struct walk *w)
{
    struct qcow2 *q = w->q;
    uint64_t per = (uint64_t)q->cluster * 8 >> q->refcount_order, blocks = 1, table = 1, all = w->n, most = q->refcount_order == 6 ? ~0ull : (1ull << (1 << q->refcount_order)) - 1;
    for (uint64_t was = 0; was != blocks + table;) {
        was = blocks + table;
        blocks = (all + was + per - 1) / per;
        table = (blocks * 8 + q->cluster - 1) / q->cluster;
    }
    for (uint64_t k = 0; k < q->rt_clusters; k++)
        if ((q->rt_offset >> q->cluster_bits) + k < w->n && w->refs[(q->rt_offset >> q->cluster_bits) + k])
            w->refs[(q->rt_offset >> q->cluster_bits) + k]--;
    for (uint32_t k = 0; k < q->rt_size; k++) {
        uint64_t c = (q->rt[k] & ~511ull) >> q->cluster_bits;
        if ((q->rt[k] & ~511ull) && !(q->rt[k] & (q->cluster - 1)) && c < w->n && w->refs[c])
            w->refs[c]--;
    }
    uint64_t at = w->n << q->cluster_bits, bytes = table * q->cluster;
    uint64_t *rt = calloc(1, bytes);
    uint8_t *block = calloc(1, q->cluster);
    int rc = !rt || !block ? -ENOMEM : bytes > QCOW2_MAX_RT ? -EFBIG : 0;
    for (uint64_t b = 0; b < blocks && !rc; b++) {
        memset(block, 0, q->cluster);
        for (uint64_t k = 0; k < per; k++) {
            uint64_t c = b * per + k, v = c < w->n ? w->refs[c] : c < w->n + blocks + table;
            qcow2_put_count(block, q->refcount_order, k, v < most ? v : most);
        }
        rt[b] = at + b * q->cluster;
        rc = block_node_write(q->n.file, rt[b], block, q->cluster, 0);
    }
    uint64_t host = at + blocks * q->cluster;
    free(block);
    if (rc)
        free(rt);
    else
        rc = qcow2_set_table(q, rt, host, table);
    if (rc)
        return rc;
    qcache_drop(&q->rb);
    q->end = host + bytes;
    q->fresh = q->fresh == ~0ull ? ~0ull : q->end;
    w->c->corruptions_fixed = w->c->corruptions;
    w->c->leaks_fixed = w->c->leaks;
    return 0;
}

static int repair_rest(struct walk *w, unsigned fix)
{
    struct qcow2 *q = w->q;
    int rc = 0;
    if (w->rebuild && (fix & BLOCK_FIX_ERRORS))
        rc = rebuild(w);
    if (!rc && (fix & BLOCK_FIX_ERRORS) && (rc = qcow2_fix_copied(q)) == 0)
        w->c->corruptions_fixed = w->c->corruptions; /* what is left is found by the next look */
    if (!rc)
        rc = qcow2_flush_tables(q, true);
    if (!rc && (fix & BLOCK_FIX_ERRORS))
        rc = qcow2_set_incompatible(q, INCOMPAT_DIRTY | INCOMPAT_CORRUPT, false);
    return rc;
}

static int check_once(struct qcow2 *q, struct block_check *c, unsigned fix)
{
    struct walk w = { .q = q, .c = c, .n = qcow2_round(q, q->n.file->size) >> q->cluster_bits, .budget = 1ull << 33 };
    int rc = 0;
    if (q->end >> q->cluster_bits > w.n) /* the last cluster is not written to its end */
        w.n = q->end >> q->cluster_bits;
    c->total_clusters = (q->n.size + q->cluster - 1) >> q->cluster_bits;
    if (w.n > 1ull << 33 || !(w.refs = calloc(w.n + 1, sizeof *w.refs)) || !(w.copy = malloc(q->l2.bytes)))
        rc = -ENOMEM;
    if (!rc)
        rc = count_references(&w, fix);
    if (!rc)
        rc = compare(&w, fix);
    if (!rc && fix)
        rc = repair_rest(&w, fix);
    free(w.refs);
    free(w.copy);
    return rc;
}

/* After a repair a second look says what is left. */
int qcow2_check(struct block_node *n, struct block_check *c, unsigned fix)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct block_check first = { .say = c->say, .arg = c->arg };
    int rc;
    if (fix && n->readonly)
        return -EROFS;
    block_drain_all();
    if (q->write_open && (rc = qcow2_flush_tables(q, true)) < 0)
        return rc;
    rc = check_once(q, &first, fix);
    if (!rc && fix && (first.corruptions || first.leaks)) {
        struct block_check second = { 0 };
        rc = check_once(q, &second, 0);
        first.corruptions_fixed = first.corruptions > second.corruptions ? first.corruptions - second.corruptions : 0;
        first.leaks_fixed = first.leaks > second.leaks ? first.leaks - second.leaks : 0;
        second.corruptions = first.corruptions;
        second.leaks = first.leaks;
        second.corruptions_fixed = first.corruptions_fixed;
        second.leaks_fixed = first.leaks_fixed;
        first = second;
    }
    first.say = c->say;
    first.arg = c->arg;
    if (rc == -EIO)
        first.check_errors++;
    *c = first;
    q->hint = 0;
    q->broken = false;
    return rc == -EIO ? 0 : rc;
}
