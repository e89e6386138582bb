/*
 * Snapshots inside a qcow2 image: a copy of the L1 table each; what it refers to is counted once more. And the state of a
 * machine, which lies behind the disk's end in the guest's addresses.
 *
 * They are made while nothing else is under way. What counts more is written before what refers to it, and what refers to it no
 * longer before it counts less: a crash leaves leaks.
 */
#include <stdio.h>
#include <time.h>

#include "qcow2.h"

struct __attribute__((packed)) entry {
    uint64_t l1_offset;
    uint32_t l1_size;
    uint16_t id_bytes, name_bytes;
    uint32_t date_s, date_ns;
    uint64_t clock_ns;
    uint32_t vm_size, extra;
};
struct __attribute__((packed)) extra { uint64_t vm_size, disk_size, icount; };

/* ---------------------------------------------------------------------------- the table */

static void free_snapshot(struct qsnapshot *s)
{
    free(s->id);
    free(s->name);
    free(s->rest);
}

void qcow2_free_snapshots(struct qcow2 *q)
{
    for (unsigned k = 0; q->snapshots && k < q->nsnapshots; k++)
        free_snapshot(&q->snapshots[k]);
    free(q->snapshots);
    q->snapshots = NULL;
}

static int load_one(struct qcow2 *q, struct qsnapshot *s, uint64_t *at)
{
    struct entry e;
    struct extra x = { 0 };
    int rc = block_node_read(q->n.file, *at, &e, sizeof e);
    if (rc)
        return rc;
    uint32_t id = be16toh(e.id_bytes), name = be16toh(e.name_bytes), rest;
    *s = (struct qsnapshot){ be64toh(e.l1_offset), be32toh(e.l1_size), be32toh(e.date_s), be32toh(e.date_ns), be32toh(e.extra),
                             be64toh(e.clock_ns), be32toh(e.vm_size), q->n.size, ~0ull, NULL, NULL, NULL };
    if (s->extra > QCOW2_MAX_EXTRA || s->l1_size > QCOW2_MAX_L1 / 8 || (s->l1_offset & (q->cluster - 1)) || s->l1_offset >> 56)
        return -EINVAL;
    if ((rc = block_node_read(q->n.file, *at + sizeof e, &x, s->extra < sizeof x ? s->extra : sizeof x)))
        return rc;
    if (s->extra >= 8)
        s->vm_size = be64toh(x.vm_size);
    if (s->extra >= 16)
        s->disk_size = be64toh(x.disk_size);
    if (s->extra >= 24)
        s->icount = be64toh(x.icount);
    rest = s->extra > sizeof x ? s->extra - sizeof x : 0;
    s->id = calloc(1, id + 1u);
    s->name = calloc(1, name + 1u);
    s->rest = rest ? malloc(rest) : NULL;
    if (!s->id || !s->name || (rest && !s->rest))
        return -ENOMEM;
    *at += sizeof e;
    if (rest)
        rc = block_node_read(q->n.file, *at + sizeof x, s->rest, rest);
    *at += s->extra;
    if (!rc && id)
        rc = block_node_read(q->n.file, *at, s->id, id);
    if (!rc && name)
        rc = block_node_read(q->n.file, *at + id, s->name, name);
    *at = (*at + id + name + 7) & ~7ull;
    return rc;
}

int qcow2_load_snapshots(struct qcow2 *q, char *err, size_t errlen)
{
    unsigned n = q->nsnapshots;
    uint64_t at = q->snapshots_offset;
    int rc = 0;
    q->nsnapshots = 0;
    if (!n)
        return 0;
    if (q->snapshots_offset + n * sizeof(struct entry) > q->n.file->size)
        return snprintf(err, errlen, "%s: its table of snapshots is beyond the end of the file", q->n.filename ? q->n.filename : "image"), -EINVAL;
    if (!(q->snapshots = calloc(n, sizeof *q->snapshots)))
        return -ENOMEM;
    while (q->nsnapshots < n && !rc)
        rc = load_one(q, &q->snapshots[q->nsnapshots++], &at);
    q->snapshots_bytes = at - q->snapshots_offset;
    if (rc)
        snprintf(err, errlen, "%s: its table of snapshots makes no sense", q->n.filename ? q->n.filename : "image");
    return rc;
}

static uint64_t entry_bytes(const struct qsnapshot *s)
{
    uint32_t x = s->extra < sizeof(struct extra) ? sizeof(struct extra) : s->extra;
    return (sizeof(struct entry) + x + strlen(s->id) + strlen(s->name) + 7) & ~7ull;
}

static uint8_t *put_one(uint8_t *at, const struct qsnapshot *s)
{
    uint32_t x = s->extra < sizeof(struct extra) ? sizeof(struct extra) : s->extra;
    struct entry e = { htobe64(s->l1_offset), htobe32(s->l1_size), htobe16((uint16_t)strlen(s->id)), htobe16((uint16_t)strlen(s->name)),
                       htobe32(s->date_s), htobe32(s->date_ns), htobe64(s->clock_ns), htobe32(s->vm_size >> 32 ? 0 : (uint32_t)s->vm_size), htobe32(x) };
    struct extra more = { htobe64(s->vm_size), htobe64(s->disk_size), htobe64(s->icount) };
    memcpy(at, &e, sizeof e);
    memcpy(at + sizeof e, &more, sizeof more);
    if (x > sizeof more)
        memcpy(at + sizeof e + sizeof more, s->rest, x - sizeof more);
    memcpy(at + sizeof e + x, s->id, strlen(s->id));
    memcpy(at + sizeof e + x + strlen(s->id), s->name, strlen(s->name));
    return at + entry_bytes(s);
}

/* A new table, and the header's word for it; the old one is given back. */
static int write_table(struct qcow2 *q, const struct qsnapshot *list, unsigned n)
{
    uint64_t bytes = 0, host = 0, old = q->snapshots_offset, nold = q->snapshots_bytes;
    for (unsigned k = 0; k < n; k++)
        bytes += entry_bytes(&list[k]);
    uint8_t *data = calloc(1, bytes + 1), *at = data;
    int rc = data ? 0 : -ENOMEM;
    if (!rc && n)
        rc = qcow2_alloc_all(q, qcow2_round(q, bytes) >> q->cluster_bits, &host);
    for (unsigned k = 0; k < n && !rc; k++)
        at = put_one(at, &list[k]);
    if (!rc)
        rc = block_node_write(q->n.file, host, data, bytes, 0);
    free(data);
    if (!rc)
        rc = qcow2_flush_tables(q, true);
    struct __attribute__((packed)) { uint32_t n; uint64_t offset; } field = { htobe32(n), htobe64(host) };
    if (!rc)
        rc = block_node_write(q->n.file, offsetof(struct qcow2_header, nsnapshots), &field, sizeof field, 0);
    if (!rc)
        rc = qcow2_sync(q);
    if (rc)
        return rc;
    for (uint64_t k = 0; k < nold; k += q->cluster)
        qset_remove(&q->tables, (old + k) >> q->cluster_bits);
    for (uint64_t k = 0; k < bytes; k += q->cluster)
        qset_add(&q->tables, (host + k) >> q->cluster_bits);
    if (nold)
        qcow2_free(q, old, nold, false);
    q->snapshots_offset = host;
    q->snapshots_bytes = bytes;
    return 0;
}

/* ----------------------------------------------------------------------------- counting */

/* All that an L1 table refers to counts `by` more or less; *left: how many of them still do, so that it can be undone. */
static int count_cluster(struct qcow2 *q, uint64_t host, uint64_t bytes, int by, uint64_t *left)
{
    uint64_t first = host >> q->cluster_bits, last = (host + bytes - 1) >> q->cluster_bits;
    int rc = 0;
    for (uint64_t c = first; c <= last && !rc && *left; c++)
        if (!(rc = qcow2_count(q, c, 1, by)))
            --*left;
    return rc;
}

static int count_table(struct qcow2 *q, uint64_t table, uint8_t *copy, int by, uint64_t *left)
{
    int rc = 0;
    for (uint32_t from = 0; from < q->cluster && !rc && *left; from += q->l2.bytes) {
        struct qslice *s;
        if ((rc = qcache_get(q, &q->l2, table + from, &s)) < 0)
            break;
        memcpy(copy, s->data, q->l2.bytes);
        for (uint32_t at = 0; at < q->l2.bytes && !rc && *left; at += q->entry_bytes) {
            uint64_t e, host;
            uint32_t packed;
            memcpy(&e, copy + at, 8);
            e = be64toh(e);
            if (e & QCOW2_COMPRESSED) {
                qcow2_packed_place(q, e, &host, &packed);
                rc = count_cluster(q, host, packed, by, left);
            } else if (e & QCOW2_OFFSET) {
                rc = count_cluster(q, e & QCOW2_OFFSET, 1, by, left);
            }
        }
    }
    return rc;
}

static int count_all(struct qcow2 *q, const uint64_t *l1, uint32_t n, int by, uint64_t *left)
{
    uint8_t *copy = malloc(q->l2.bytes);
    int rc = copy ? 0 : -ENOMEM;
    for (uint32_t k = 0; k < n && !rc && *left; k++) {
        uint64_t table = l1[k] & QCOW2_OFFSET, last = 0;
        if (!table)
            continue;
        if (table & (q->cluster - 1))
            rc = qcow2_broken(q, "an L2 table", table);
        if (!rc)
            rc = count_table(q, table, copy, by, left);
        if (!rc && *left)
            rc = count_cluster(q, table, 1, by, left);
        if (!rc && by < 0 && !(rc = qcow2_refcount(q, table >> q->cluster_bits, &last)) && !last) {
            qcache_forget(&q->l2, table, q->cluster);
            qset_remove(&q->tables, table >> q->cluster_bits);
        }
    }
    free(copy);
    return rc;
}

static int count_more(struct qcow2 *q, const uint64_t *l1, uint32_t n)
{
    uint64_t left = ~0ull, back;
    int rc = count_all(q, l1, n, 1, &left);
    if (rc == -EOVERFLOW) {
        back = ~0ull - left;
        count_all(q, l1, n, -1, &back);
    }
    return rc;
}

static int count_less(struct qcow2 *q, const uint64_t *l1, uint32_t n)
{
    uint64_t left = ~0ull;
    return count_all(q, l1, n, -1, &left);
}

/* The COPIED flags of the tables in use: set where the count is one. */
static int fix_table(struct qcow2 *q, uint64_t table)
{
    uint64_t count;
    int rc = 0;
    for (uint32_t from = 0; from < q->cluster && !rc; from += q->l2.bytes)
        for (uint32_t at = 0; at < q->l2.bytes && !rc; at += q->entry_bytes) {
            struct qslice *s;
            uint64_t e, f;
            if ((rc = qcache_get(q, &q->l2, table + from, &s)) < 0)
                break;
            memcpy(&e, s->data + at, 8);
            e = be64toh(e);
            if ((e & QCOW2_COMPRESSED) || !(e & QCOW2_OFFSET))
                continue;
            if ((rc = qcow2_refcount(q, (e & QCOW2_OFFSET) >> q->cluster_bits, &count)) < 0)
                break;
            f = count == 1 ? e | QCOW2_COPIED : e & ~QCOW2_COPIED;
            if (f == e)
                continue;
            if ((rc = qcache_get(q, &q->l2, table + from, &s)) < 0)
                break;
            f = htobe64(f);
            memcpy(s->data + at, &f, 8);
            qcache_changed(&q->l2, s, at, 8);
        }
    return rc;
}

int qcow2_fix_copied(struct qcow2 *q)
{
    int rc = 0;
    for (uint32_t k = 0; k < q->l1_size && !rc; k++) {
        uint64_t table = q->l1[k] & QCOW2_OFFSET, count, f;
        if (!table || (table & (q->cluster - 1)))
            continue;
        if ((rc = qcow2_refcount(q, table >> q->cluster_bits, &count)) < 0 || (rc = fix_table(q, table)) < 0)
            break;
        f = count == 1 ? table | QCOW2_COPIED : table;
        if (f == q->l1[k])
            continue;
        q->l1[k] = f;
        q->l1_low = q->l1_low >= q->l1_high || k < q->l1_low ? k : q->l1_low;
        q->l1_high = k + 1 > q->l1_high ? k + 1 : q->l1_high;
    }
    return rc;
}

/* ---------------------------------------------------------------------------- operations */

static int find(const struct qcow2 *q, const char *name)
{
    for (unsigned k = 0; k < q->nsnapshots; k++)
        if (!strcmp(q->snapshots[k].id, name))
            return (int)k;
    for (unsigned k = 0; k < q->nsnapshots; k++)
        if (!strcmp(q->snapshots[k].name, name))
            return (int)k;
    return -ENOENT;
}

int qcow2_snapshot_list(struct block_node *n, struct block_snapshot **list)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct block_snapshot *all = calloc(q->nsnapshots + 1, sizeof *all);
    if (!all)
        return -ENOMEM;
    for (unsigned k = 0; k < q->nsnapshots; k++) {
        const struct qsnapshot *s = &q->snapshots[k];
        snprintf(all[k].id, sizeof all[k].id, "%s", s->id);
        snprintf(all[k].name, sizeof all[k].name, "%s", s->name);
        all[k].vm_state_size = s->vm_size;
        all[k].date_s = s->date_s;
        all[k].date_ns = s->date_ns;
        all[k].vm_clock_ns = s->clock_ns;
        all[k].disk_size = s->disk_size;
        all[k].icount = s->icount;
    }
    *list = all;
    return (int)q->nsnapshots;
}

static void next_id(const struct qcow2 *q, char *id, size_t n)
{
    unsigned long most = 0, v;
    for (unsigned k = 0; k < q->nsnapshots; k++)
        if ((v = strtoul(q->snapshots[k].id, NULL, 10)) > most && v < 1ul << 32)
            most = v;
    snprintf(id, n, "%lu", most + 1);
}

/* The L1 table of a new snapshot: as ours, without flags. */
static int copy_l1(struct qcow2 *q, uint64_t *host)
{
    uint64_t bytes = q->l1_size * 8ull;
    uint64_t *big = calloc(1, qcow2_round(q, bytes) + 8);
    int rc = big ? 0 : -ENOMEM;
    *host = 0;
    if (!rc && bytes)
        rc = qcow2_alloc_all(q, qcow2_round(q, bytes) >> q->cluster_bits, host);
    for (uint32_t k = 0; k < q->l1_size && !rc; k++)
        big[k] = htobe64(q->l1[k] & ~QCOW2_COPIED);
    if (!rc && bytes)
        rc = block_node_write(q->n.file, *host, big, qcow2_round(q, bytes), 0);
    free(big);
    return rc;
}

int qcow2_snapshot_create(struct block_node *n, struct block_snapshot *b)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct qsnapshot s = { .l1_size = q->l1_size, .vm_size = b->vm_state_size, .disk_size = n->size, .clock_ns = b->vm_clock_ns,
                           .icount = b->icount, .extra = sizeof(struct extra) };
    struct timespec now;
    int rc;
    if (n->readonly || q->broken)
        return n->readonly ? -EROFS : -EIO;
    if (q->nsnapshots >= QCOW2_MAX_SNAPSHOTS)
        return -EFBIG;
    if (q->refcount_order == 0)
        return -ENOTSUP; /* counts of one bit */
    if (!*b->id)
        next_id(q, b->id, sizeof b->id);
    for (unsigned k = 0; k < q->nsnapshots; k++)
        if (!strcmp(q->snapshots[k].id, b->id))
            return -EEXIST;
    if (!b->date_s) {
        clock_gettime(CLOCK_REALTIME, &now);
        b->date_s = (uint64_t)now.tv_sec;
        b->date_ns = (uint32_t)now.tv_nsec;
    }
    s.date_s = (uint32_t)b->date_s;
    s.date_ns = b->date_ns;
    block_drain_all();
    if ((rc = qcow2_flush(q)) < 0)
        return rc;
    struct qsnapshot *list = realloc(q->snapshots, (q->nsnapshots + 1) * sizeof *list);
    if (!list)
        return -ENOMEM;
    q->snapshots = list;
    s.id = strdup(b->id);
    s.name = strdup(b->name);
    rc = s.id && s.name ? copy_l1(q, &s.l1_offset) : -ENOMEM;
    if (!rc && (rc = count_more(q, q->l1, q->l1_size)) < 0 && s.l1_offset)
        qcow2_free(q, s.l1_offset, s.l1_size * 8ull, false);
    if (!rc)
        rc = qcow2_fix_copied(q);
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc) {
        list[q->nsnapshots] = s;
        rc = write_table(q, list, q->nsnapshots + 1);
    }
    if (rc) {
        free_snapshot(&s);
        return rc;
    }
    q->nsnapshots++;
    for (uint64_t k = 0; k < s.l1_size * 8ull; k += q->cluster)
        qset_add(&q->tables, (s.l1_offset + k) >> q->cluster_bits);
    if (b->vm_state_size) { /* it is the snapshot's now */
        uint64_t at = qcow2_vmstate_at(q, n->size);
        rc = qcow2_discard(q, at, qcow2_round(q, b->vm_state_size), true);
    }
    return rc ? rc : qcow2_flush(q);
}

static int read_l1(struct qcow2 *q, const struct qsnapshot *s, uint64_t **l1)
{
    *l1 = calloc(s->l1_size + 1, 8);
    int rc = *l1 ? 0 : -ENOMEM;
    if (!rc && s->l1_size)
        rc = block_node_read(q->n.file, s->l1_offset, *l1, s->l1_size * 8ull);
    for (uint32_t k = 0; k < s->l1_size && !rc; k++)
        (*l1)[k] = be64toh((*l1)[k]) & QCOW2_OFFSET;
    return rc;
}

static int use_l1(struct qcow2 *q, const uint64_t *l1, const struct qsnapshot *s)
{
    int rc = 0;
    for (uint32_t k = 0; k < q->l1_size; k++) {
        uint64_t table = q->l1[k] & QCOW2_OFFSET;
        q->l1[k] = k < s->l1_size ? l1[k] : 0;
        if (table)
            qset_remove(&q->tables, table >> q->cluster_bits);
    }
    for (uint32_t k = 0; k < q->l1_size; k++)
        if (q->l1[k])
            qset_add(&q->tables, q->l1[k] >> q->cluster_bits);
    q->l1_low = 0;
    q->l1_high = q->l1_size;
    if (!(rc = qcow2_flush_tables(q, true)) && s->disk_size != q->n.size && s->disk_size <= INT64_MAX - 511) {
        uint64_t size = (s->disk_size + 511) & ~511ull, field = htobe64(size);
        if (qcow2_l1_entries(q, size) > q->l1_size)
            return -EINVAL;
        rc = block_node_write(q->n.file, offsetof(struct qcow2_header, size), &field, sizeof field, 0);
        if (!rc)
            q->n.size = size;
    }
    return rc;
}

int qcow2_snapshot_apply(struct block_node *n, const char *name)
{
    struct qcow2 *q = (struct qcow2 *)n;
    uint64_t *l1 = NULL, *old = NULL;
    uint32_t nold;
    int k = find(q, name), rc;
    if (k < 0 || n->readonly || q->broken)
        return k < 0 ? k : n->readonly ? -EROFS : -EIO;
    const struct qsnapshot *s = &q->snapshots[k];
    block_drain_all();
    if ((rc = qcow2_flush(q)) < 0 || (rc = read_l1(q, s, &l1)) < 0 || (rc = qcow2_grow_l1(q, s->l1_size)) < 0)
        goto out;
    nold = q->l1_size;
    if (!(old = malloc(nold * 8ull + 8))) {
        rc = -ENOMEM;
        goto out;
    }
    memcpy(old, q->l1, nold * 8ull);
    rc = count_more(q, l1, s->l1_size);
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc)
        rc = use_l1(q, l1, s);
    if (!rc)
        rc = count_less(q, old, nold);
    if (!rc)
        rc = qcow2_fix_copied(q);
    if (!rc)
        rc = qcow2_flush(q);
out:
    free(l1);
    free(old);
    return rc;
}

int qcow2_snapshot_delete(struct block_node *n, const char *name)
{
    struct qcow2 *q = (struct qcow2 *)n;
    uint64_t *l1 = NULL;
    int k = find(q, name), rc;
    if (k < 0 || n->readonly || q->broken)
        return k < 0 ? k : n->readonly ? -EROFS : -EIO;
    struct qsnapshot s = q->snapshots[k];
    block_drain_all();
    if ((rc = qcow2_flush(q)) < 0 || (rc = read_l1(q, &s, &l1)) < 0)
        goto out;
    memmove(&q->snapshots[k], &q->snapshots[k + 1], (q->nsnapshots - (unsigned)k - 1) * sizeof s);
    if ((rc = write_table(q, q->snapshots, q->nsnapshots - 1)) < 0) {
        memmove(&q->snapshots[k + 1], &q->snapshots[k], (q->nsnapshots - (unsigned)k - 1) * sizeof s);
        q->snapshots[k] = s;
        goto out;
    }
    q->nsnapshots--;
    rc = count_less(q, l1, s.l1_size);
    for (uint64_t at = 0; at < s.l1_size * 8ull; at += q->cluster)
        qset_remove(&q->tables, (s.l1_offset + at) >> q->cluster_bits);
    if (!rc && s.l1_size)
        rc = qcow2_count(q, s.l1_offset >> q->cluster_bits, qcow2_round(q, s.l1_size * 8ull) >> q->cluster_bits, -1);
    free_snapshot(&s);
    if (!rc)
        rc = qcow2_fix_copied(q);
    if (!rc)
        rc = qcow2_flush(q);
out:
    free(l1);
    return rc;
}

int qcow2_snapshot_load(struct block_node *n, const char *name)
{
    struct qcow2 *q = (struct qcow2 *)n;
    uint64_t *l1 = NULL;
    int k = find(q, name), rc;
    if (k < 0 || !n->readonly)
        return k < 0 ? k : -EINVAL;
    const struct qsnapshot *s = &q->snapshots[k];
    if (s->disk_size > INT64_MAX - 511 || qcow2_l1_entries(q, s->disk_size) > s->l1_size)
        return -EINVAL;
    block_drain_all();
    if ((rc = read_l1(q, s, &l1)) < 0) {
        free(l1);
        return rc;
    }
    free(q->l1);
    q->l1 = l1;
    q->l1_size = s->l1_size;
    n->size = (s->disk_size + 511) & ~511ull;
    return 0;
}

int qcow2_empty(struct block_node *n)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct qsnapshot nothing = { .disk_size = n->size };
    uint32_t nold = q->l1_size;
    uint64_t *old = malloc(nold * 8ull + 8);
    int rc = old ? 0 : -ENOMEM;
    if (!rc && (n->readonly || q->broken))
        rc = n->readonly ? -EROFS : -EIO;
    block_drain_all();
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc) {
        memcpy(old, q->l1, nold * 8ull);
        rc = use_l1(q, NULL, &nothing);
    }
    if (!rc)
        rc = count_less(q, old, nold);
    if (!rc)
        rc = qcow2_flush(q);
    free(old);
    return rc;
}

/* ----------------------------------------------------------------- a machine's state */

int qcow2_vmstate_read(struct block_node *n, uint64_t offset, void *to, size_t bytes)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct iovec io = { to, bytes };
    return qcow2_read(q, qcow2_vmstate_at(q, n->size) + offset, &io, 1, bytes);
}

int qcow2_vmstate_write(struct block_node *n, uint64_t offset, const void *from, size_t bytes)
{
    struct qcow2 *q = (struct qcow2 *)n;
    struct iovec io = { (void *)from, bytes }; /* it is only read */
    uint64_t at = qcow2_vmstate_at(q, n->size) + offset;
    if (n->readonly)
        return -EROFS;
    int rc = qcow2_grow_l1(q, qcow2_l1_entries(q, at + bytes));
    return rc ? rc : qcow2_write(q, at, &io, 1, bytes, 0);
}
