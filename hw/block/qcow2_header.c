/*
 * The header of a qcow2 image and its extensions: reading, writing, making new images, changing what can be changed.
 */
#include <stdio.h>

#include "drive.h"
#include "qcow2.h"

/* Features by their bits; names as in the feature name table that goes into every new image. */
static const struct { uint8_t type, bit; const char *name; } features[] = {
    { 0, 0, "dirty bit" }, { 0, 1, "corrupt bit" }, { 0, 2, "external data file" }, { 0, 3, "compression type" },
    { 0, 4, "extended L2 entries" }, { 1, 0, "lazy refcounts" }, { 2, 0, "bitmaps" }, { 2, 1, "raw external data" },
};
enum { NFEATURES = sizeof features / sizeof *features, FEATURE = 48, V2_LENGTH = 72, LENGTH = 112, EXTENSION_PAD = 8 };

static int bad(struct qcow2 *q, char *err, size_t errlen, int rc, const char *what)
{
    snprintf(err, errlen, "%s: %s", q->n.filename ? q->n.filename : "image", what);
    return rc;
}

/* ---------------------------------------------------------------------------- reading */

static uint32_t get32(const uint8_t *at)
{
    uint32_t v;
    memcpy(&v, at, 4);
    return be32toh(v);
}
static uint64_t get64(const uint8_t *at) { return (uint64_t)get32(at) << 32 | get32(at + 4); }

static int take_bitmaps(struct qcow2 *q, const uint8_t *at, uint32_t n)
{
    if (n < 24 || !(q->autoclear & AUTOCLEAR_BITMAPS))
        return 0;
    q->nbitmaps = get32(at);
    q->bitmaps_size = get64(at + 8);
    q->bitmaps_offset = get64(at + 16);
    return 0;
}

static int read_extensions(struct qcow2 *q, const uint8_t *head, uint32_t from, uint32_t to, char *err, size_t errlen)
{
    for (uint32_t at = from; at + 8 <= to;) {
        uint32_t type = get32(head + at), n = get32(head + at + 4);
        if (type == EXT_END)
            return 0;
        if (n > to - at - 8)
            return bad(q, err, errlen, -EINVAL, "a header extension is longer than the header's cluster");
        if (type == EXT_BACKING_FORMAT) {
            free(q->backing_format);
            q->backing_format = strndup((const char *)head + at + 8, n);
        } else if (type == EXT_FEATURES && !q->features) {
            if ((q->features = malloc(n + 1)))
                memcpy(q->features, head + at + 8, n);
            q->nfeatures = q->features ? n : 0;
        } else if (type == EXT_BITMAPS) {
            take_bitmaps(q, head + at + 8, n);
        } else if (type != EXT_LUKS && type != EXT_DATA_FILE && type != EXT_FEATURES) {
            uint32_t all = 8 + ((n + 7) & ~7u);
            uint8_t *more = realloc(q->unknown, q->nunknown + all);
            if (!more)
                return -ENOMEM;
            q->unknown = more;
            memset(more + q->nunknown, 0, all);
            memcpy(more + q->nunknown, head + at, 8 + n);
            q->nunknown += all;
        }
        at += 8 + ((n + 7) & ~7u);
    }
    return 0;
}

/* By the image's own table of names, else by its number. */
static int unknown_features(struct qcow2 *q, uint64_t bits, char *err, size_t errlen)
{
    char names[256] = "";
    size_t at = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        char name[64];
        if (!(bits >> bit & 1))
            continue;
        snprintf(name, sizeof name, "incompatible feature %u", bit);
        for (uint32_t k = 0; k + FEATURE <= q->nfeatures; k += FEATURE)
            if (q->features[k] == 0 && q->features[k + 1] == bit)
                snprintf(name, sizeof name, "%.46s", (const char *)q->features + k + 2);
        for (char *c = name; *c; c++)
            if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
                *c = '?';
        if (at < sizeof names)
            at += (size_t)snprintf(names + at, sizeof names - at, "%s%s", at ? ", " : "", name);
    }
    snprintf(err, errlen, "%s: the image has features that are not supported: %s", q->n.filename ? q->n.filename : "image", names);
    return -ENOTSUP;
}

static int check_header(struct qcow2 *q, const struct qcow2_header *h, const struct block_how *how, char *err, size_t errlen)
{
    uint64_t known = INCOMPAT_DIRTY | INCOMPAT_CORRUPT | INCOMPAT_COMPRESSION | INCOMPAT_EXTENDED_L2;
    uint32_t crypt = be32toh(h->crypt);
    if (q->incompatible & INCOMPAT_DATA_FILE)
        return bad(q, err, errlen, -ENOTSUP, "its data is in an external data file (data_file), which is not supported");
    if (q->incompatible & ~known)
        return unknown_features(q, q->incompatible & ~known, err, errlen);
    if (crypt)
        return bad(q, err, errlen, -ENOTSUP, crypt == 2 ? "it is encrypted with LUKS, which is not supported"
                                             : crypt == 1 ? "it is encrypted with AES, which is not supported" : "its encryption is not known");
    if ((q->incompatible & INCOMPAT_CORRUPT) && how->writable && !how->as_it_is)
        return bad(q, err, errlen, -EACCES, "it is marked as corrupt: it may be read (readonly=on), or repaired (myna-img check -r all)");
    if (q->refcount_order > 6)
        return bad(q, err, errlen, -EINVAL, "its reference counts have more than 64 bits");
    if (q->compression > COMPRESS_ZSTD || (q->compression && !(q->incompatible & INCOMPAT_COMPRESSION)))
        return bad(q, err, errlen, -ENOTSUP, "its compression type is not known");
    if (q->compression && !qcow2_can_pack(q->compression))
        return bad(q, err, errlen, -ENOTSUP, "it is compressed with zstd, which this myna was built without (libzstd-dev)");
    if (q->extended && q->cluster_bits < 14)
        return bad(q, err, errlen, -EINVAL, "extended L2 entries want clusters of 16 KiB at least");
    return 0;
}

static bool is_table(const struct qcow2 *q, uint64_t offset, uint64_t bytes)
{
    return !(offset & (q->cluster - 1)) && offset >= q->cluster && offset < 1ull << 56 && bytes < 1ull << 56;
}

static int check_tables(struct qcow2 *q, const struct qcow2_header *h, char *err, size_t errlen)
{
    q->l1_size = be32toh(h->l1_size);
    q->l1_offset = be64toh(h->l1_offset);
    q->rt_offset = be64toh(h->rt_offset);
    q->rt_clusters = be32toh(h->rt_clusters);
    q->nsnapshots = be32toh(h->nsnapshots);
    q->snapshots_offset = be64toh(h->snapshots_offset);
    uint64_t size = be64toh(h->size);
    q->n.size = (size + 511) & ~511ull;
    if (size > INT64_MAX - 511 || q->l1_size > QCOW2_MAX_L1 / 8)
        return bad(q, err, errlen, -EFBIG, "its L1 table is larger than 32 MiB");
    if (qcow2_l1_entries(q, q->n.size) > q->l1_size)
        return bad(q, err, errlen, -EINVAL, "its L1 table is too small for the disk");
    if (q->l1_size && !is_table(q, q->l1_offset, q->l1_size * 8ull))
        return bad(q, err, errlen, -EINVAL, "its L1 table is not at a cluster");
    if (!q->rt_clusters || (uint64_t)q->rt_clusters << q->cluster_bits > QCOW2_MAX_RT)
        return bad(q, err, errlen, -EFBIG, "its table of reference counts is empty or larger than 8 MiB");
    if (!is_table(q, q->rt_offset, 0))
        return bad(q, err, errlen, -EINVAL, "its table of reference counts is not at a cluster");
    if (q->nsnapshots > QCOW2_MAX_SNAPSHOTS || (q->nsnapshots && !is_table(q, q->snapshots_offset, 0)))
        return bad(q, err, errlen, -EINVAL, "its table of snapshots is not at a cluster, or too large");
    return 0;
}

int qcow2_read_header(struct qcow2 *q, const struct block_how *how, char *err, size_t errlen)
{
    struct qcow2_header h = { 0 };
    uint8_t *head;
    uint32_t bits, name_at, name_n, end;
    int rc = block_node_read(q->n.file, 0, &h, sizeof h);
    if (rc)
        return bad(q, err, errlen, rc, strerror(-rc));
    q->version = be32toh(h.version);
    bits = be32toh(h.cluster_bits);
    if (be32toh(h.magic) != QCOW2_MAGIC)
        return bad(q, err, errlen, -EINVAL, "it is not a qcow2 image");
    if (q->version != 2 && q->version != 3)
        return bad(q, err, errlen, -ENOTSUP, q->version == 1 ? "it is a qcow image of version 1, which is not supported"
                                                              : "it is a qcow2 image of a version that is not known");
    if (bits < 9 || bits > 21)
        return bad(q, err, errlen, -EINVAL, "its clusters are neither of 512 bytes nor up to 2 MiB");
    q->cluster_bits = bits;
    q->cluster = 1u << bits;
    q->refcount_order = 4;
    q->header_length = V2_LENGTH;
    if (q->version == 3) {
        q->incompatible = be64toh(h.incompatible);
        q->compatible = be64toh(h.compatible);
        q->autoclear = be64toh(h.autoclear);
        q->refcount_order = be32toh(h.refcount_order);
        q->header_length = be32toh(h.header_length);
        q->compression = q->header_length > 104 ? h.compression : 0;
        if (q->header_length < 104 || q->header_length > q->cluster)
            return bad(q, err, errlen, -EINVAL, "its header has a length that makes no sense");
    }
    q->extended = q->incompatible & INCOMPAT_EXTENDED_L2;
    q->entry_bytes = q->extended ? 16 : 8;
    q->l2_bits = bits - (q->extended ? 4 : 3);
    q->units = q->extended ? 32 : 1;
    q->unit_bits = q->extended ? bits - 5 : bits;
    name_at = (uint32_t)be64toh(h.backing_offset);
    name_n = be32toh(h.backing_size);
    if (be64toh(h.backing_offset) && (be64toh(h.backing_offset) > q->cluster || name_n > 1023 || name_n > q->cluster - name_at || name_at < q->header_length))
        return bad(q, err, errlen, -EINVAL, "the name of its backing file is not inside the first cluster");
    if (!(head = calloc(1, q->cluster)))
        return -ENOMEM;
    end = name_at ? name_at : q->cluster;
    if (!(rc = block_node_read(q->n.file, 0, head, q->cluster)))
        rc = read_extensions(q, head, q->header_length, end, err, errlen);
    if (!rc && name_at && name_n)
        q->backing_name = strndup((const char *)head + name_at, name_n);
    free(head);
    if (!rc)
        rc = check_header(q, &h, how, err, errlen);
    return rc ? rc : check_tables(q, &h, err, errlen);
}

/* ---------------------------------------------------------------------------- writing */

struct text { uint8_t *at; uint32_t n, room; };

static bool put(struct text *t, const void *from, uint32_t n)
{
    if (n > t->room - t->n)
        return false;
    memcpy(t->at + t->n, from, n);
    t->n += n;
    return true;
}

static bool put_extension(struct text *t, uint32_t type, const void *data, uint32_t n)
{
    static const uint8_t zeros[EXTENSION_PAD];
    uint32_t head[2] = { htobe32(type), htobe32(n) };
    return put(t, head, 8) && (!n || put(t, data, n)) && put(t, zeros, -n & 7);
}

static bool put_features(struct text *t)
{
    uint8_t table[NFEATURES][FEATURE] = { 0 };
    for (unsigned k = 0; k < NFEATURES; k++) {
        table[k][0] = features[k].type;
        table[k][1] = features[k].bit;
        memcpy(table[k] + 2, features[k].name, strlen(features[k].name));
    }
    return put_extension(t, EXT_FEATURES, table, sizeof table);
}

int qcow2_write_header(struct qcow2 *q)
{
    struct qcow2_header h = {
        .magic = htobe32(QCOW2_MAGIC), .version = htobe32(q->version), .cluster_bits = htobe32(q->cluster_bits), .size = htobe64(q->n.size),
        .l1_size = htobe32(q->l1_size), .l1_offset = htobe64(q->l1_offset), .rt_offset = htobe64(q->rt_offset),
        .rt_clusters = htobe32(q->rt_clusters), .nsnapshots = htobe32(q->nsnapshots), .snapshots_offset = htobe64(q->snapshots_offset),
        .incompatible = htobe64(q->incompatible), .compatible = htobe64(q->compatible), .autoclear = htobe64(q->autoclear),
        .refcount_order = htobe32(q->refcount_order), .header_length = htobe32(LENGTH), .compression = q->compression,
    };
    struct text t = { calloc(1, q->cluster), 0, q->cluster };
    uint32_t bitmaps[6] = { htobe32(q->nbitmaps), 0, htobe32((uint32_t)(q->bitmaps_size >> 32)), htobe32((uint32_t)q->bitmaps_size),
                            htobe32((uint32_t)(q->bitmaps_offset >> 32)), htobe32((uint32_t)q->bitmaps_offset) };
    bool good = t.at && put(&t, &h, q->version == 2 ? V2_LENGTH : LENGTH);
    if (good && q->backing_format)
        good = put_extension(&t, EXT_BACKING_FORMAT, q->backing_format, (uint32_t)strlen(q->backing_format));
    if (good && q->version == 3 && (q->autoclear & AUTOCLEAR_BITMAPS))
        good = put_extension(&t, EXT_BITMAPS, bitmaps, sizeof bitmaps);
    if (good && q->nunknown)
        good = put(&t, q->unknown, q->nunknown);
    struct text before = t; /* without names it is as good, if there is no room for them */
    uint32_t name = q->backing_name ? (uint32_t)strlen(q->backing_name) : 0;
    if (good && q->version == 3 && (!put_features(&t) || t.room - t.n < name + 8))
        t.n = before.n;
    good = good && put_extension(&t, EXT_END, NULL, 0);
    if (good && name) {
        h.backing_offset = htobe64(t.n);
        h.backing_size = htobe32(name);
        good = put(&t, q->backing_name, name);
        memcpy(t.at, &h, V2_LENGTH);
    }
    int rc = !t.at ? -ENOMEM : !good ? -ENOSPC : block_node_write(q->n.file, 0, t.at, (t.n + 511) & ~511u, 0);
    free(t.at);
    if (!rc)
        q->header_length = q->version == 2 ? V2_LENGTH : LENGTH;
    return rc;
}

int qcow2_set_incompatible(struct qcow2 *q, uint64_t bits, bool on)
{
    uint64_t now = on ? q->incompatible | bits : q->incompatible & ~bits, field = htobe64(now);
    if (q->version < 3 || now == q->incompatible)
        return 0;
    int rc = block_node_write(q->n.file, offsetof(struct qcow2_header, incompatible), &field, sizeof field, 0);
    if (!rc)
        rc = qcow2_sync(q);
    if (!rc)
        q->incompatible = now;
    return rc;
}

/* ----------------------------------------------------------------------------- making */

const struct block_create_option qcow2_create_options[] = {
    { "backing_file", CREATE_TEXT, NULL, "the image below it" },
    { "backing_fmt", CREATE_TEXT, NULL, "the format of that" },
    { "cluster_size", CREATE_SIZE, "65536", "512 to 2M, a power of two" },
    { "compat", CREATE_TEXT, "1.1", "0.10: version 2, 1.1: version 3" },
    { "compression_type", CREATE_TEXT, "zlib", "zlib or zstd, of clusters that are compressed" },
    { "data_file", CREATE_TEXT, NULL, "not supported" },
    { "data_file_raw", CREATE_BOOL, NULL, "not supported" },
    { "encryption", CREATE_BOOL, NULL, "not supported" },
    { "extended_l2", CREATE_BOOL, "off", "clusters in 32 pieces that are allocated one by one" },
    { "lazy_refcounts", CREATE_BOOL, "off", "allows to put off writing reference counts" },
    { "preallocation", CREATE_TEXT, "off", "off, metadata, falloc, full" },
    { "refcount_bits", CREATE_NUMBER, "16", "1, 2, 4 ... 64" },
    { NULL }
};

struct wish {
    unsigned version, cluster_bits, order;
    bool extended, lazy;
    uint8_t compression;
    enum block_preallocation preallocation;
    const char *backing, *format;
};

static bool wishes(struct wish *w, struct opts *o, char *err, size_t errlen)
{
    static const char *const compats[] = { "0.10", "v2", "1.1", "v3", NULL }, *const types[] = { "zlib", "zstd", NULL };
    static const char *const preallocations[] = { "off", "metadata", "falloc", "full", NULL };
    uint64_t cluster = 65536, bits = 16;
    unsigned compat = 2, type = 0, preallocation = 0;
    bool encryption = false, raw_data = false;
    if (!opts_size(o, "cluster_size", &cluster, err, errlen) || !opts_size(o, "refcount_bits", &bits, err, errlen) ||
        !opts_choice(o, "compat", compats, &compat, err, errlen) || !opts_choice(o, "compression_type", types, &type, err, errlen) ||
        !opts_choice(o, "preallocation", preallocations, &preallocation, err, errlen) || !opts_bool(o, "extended_l2", &w->extended, err, errlen) ||
        !opts_bool(o, "lazy_refcounts", &w->lazy, err, errlen) || !opts_bool(o, "encryption", &encryption, err, errlen) ||
        !opts_bool(o, "data_file_raw", &raw_data, err, errlen))
        return false;
    if (encryption || raw_data || opts_get(o, "data_file"))
        return snprintf(err, errlen, "qcow2: %s is not supported", encryption ? "encryption" : "data_file, an external data file,"), false;
    if (cluster < 512 || cluster > 2 << 20 || (cluster & (cluster - 1)))
        return snprintf(err, errlen, "qcow2: cluster_size is a power of two from 512 to 2M"), false;
    if (bits < 1 || bits > 64 || (bits & (bits - 1)))
        return snprintf(err, errlen, "qcow2: refcount_bits is a power of two up to 64"), false;
    w->version = compat < 2 ? 2 : 3;
    w->cluster_bits = (unsigned)__builtin_ctzll(cluster);
    w->order = (unsigned)__builtin_ctzll(bits);
    w->compression = (uint8_t)type;
    w->preallocation = (enum block_preallocation)preallocation;
    w->backing = opts_get(o, "backing_file");
    w->format = opts_get(o, "backing_fmt");
    if (w->version == 2 && (w->extended || w->lazy || w->order != 4 || w->compression))
        return snprintf(err, errlen, "qcow2: compat=0.10 has neither extended_l2, lazy_refcounts, refcount_bits nor compression_type"), false;
    if (w->extended && w->cluster_bits < 14)
        return snprintf(err, errlen, "qcow2: extended_l2 wants a cluster_size of 16k or more"), false;
    if (w->compression && !qcow2_can_pack(w->compression))
        return snprintf(err, errlen, "qcow2: compression_type=zstd: this myna was built without it (libzstd-dev)"), false;
    if (w->backing && w->preallocation && !w->extended)
        return snprintf(err, errlen, "qcow2: preallocation with a backing file is not supported"), false;
    return true;
}

/* A disk of no bytes: header, table of reference counts, one block of them. It grows when it is open. */
static int write_nothing(struct block_node *file, const struct wish *w)
{
    uint32_t cluster = 1u << w->cluster_bits;
    uint8_t *image = calloc(3, cluster);
    struct qcow2_header h = {
        .magic = htobe32(QCOW2_MAGIC), .version = htobe32(w->version), .cluster_bits = htobe32(w->cluster_bits),
        .rt_offset = htobe64(cluster), .rt_clusters = htobe32(1), .refcount_order = htobe32(w->order), .header_length = htobe32(LENGTH),
        .incompatible = htobe64((w->extended ? INCOMPAT_EXTENDED_L2 : 0) | (w->compression ? INCOMPAT_COMPRESSION : 0)),
        .compatible = htobe64(w->lazy ? COMPAT_LAZY : 0), .compression = w->compression,
    };
    uint64_t block = htobe64(2ull * cluster);
    if (!image)
        return -ENOMEM;
    memcpy(image, &h, w->version == 2 ? V2_LENGTH : LENGTH);
    memcpy(image + cluster, &block, 8);
    for (unsigned k = 0; k < 3; k++)
        qcow2_put_count(image + 2 * cluster, w->order, k, 1);
    int rc = block_node_write(file, 0, image, 3ull * cluster, 0);
    free(image);
    return rc;
}

int qcow2_create(struct block_node *file, uint64_t size, struct opts *o, char *err, size_t errlen)
{
    struct wish w = { 0 };
    struct block_how how = { .writable = true, .no_backing = true, .no_flush = true };
    struct opts *none = NULL;
    struct qcow2 *q;
    int rc;
    if (!wishes(&w, o, err, errlen))
        return -EINVAL;
    if (w.backing && strlen(w.backing) > 1023)
        return snprintf(err, errlen, "qcow2: the name of the backing file is longer than 1023 characters"), -EINVAL;
    if ((rc = write_nothing(file, &w)) < 0 || !(none = opts_new()) || !(q = (struct qcow2 *)block_node_new(&block_qcow2)))
        return rc < 0 ? rc : -ENOMEM;
    q->n.file = block_ref(file);
    q->n.no_flush = true;
    q->n.filename = file->filename ? strdup(file->filename) : NULL;
    rc = block_qcow2.open(&q->n, none, &how, err, errlen);
    opts_free(none);
    if (rc < 0) {
        block_unref(file);
        free(q->n.filename);
        free(q);
        return rc;
    }
    q->backing_name = w.backing && *w.backing ? strdup(w.backing) : NULL;
    q->backing_format = w.backing && w.format ? strdup(w.format) : NULL;
    rc = qcow2_resize(&q->n, size, false, w.preallocation, err, errlen);
    if (!rc)
        rc = qcow2_flush(q);
    if (!rc)
        rc = qcow2_write_header(q);
    q->n.readonly = true; /* it did not count itself as one who writes */
    block_unref(&q->n);
    if (rc == -EFBIG)
        snprintf(err, errlen, "qcow2: a disk of that size wants larger clusters");
    return rc;
}

/* ------------------------------------------------------------------ measuring, changing */

int qcow2_measure(uint64_t size, uint64_t data, struct opts *o, uint64_t *required, uint64_t *full, char *err, size_t errlen)
{
    struct wish w = { 0 };
    if (!wishes(&w, o, err, errlen))
        return -EINVAL;
    uint64_t cluster = 1ull << w.cluster_bits, n = (size + cluster - 1) >> w.cluster_bits;
    uint64_t per_l2 = cluster / (w.extended ? 16 : 8), all = (n + per_l2 - 1) / per_l2, l1 = (all * 8 + cluster - 1) / cluster;
    uint64_t meta = 1 + all + l1, per_block = cluster * 8 >> w.order, blocks = 0, table = 0;
    for (unsigned again = 0; again < 16; again++) { /* counts count themselves */
        blocks = (n + meta + blocks + table + per_block - 1) / per_block;
        table = (blocks * 8 + cluster - 1) / cluster;
    }
    meta += blocks + table;
    *full = (meta + n) * cluster;
    *required = w.preallocation ? *full : meta * cluster + ((data + cluster - 1) & ~(cluster - 1));
    return 0;
}

int qcow2_amend(struct block_node *n, struct opts *o, char *err, size_t errlen)
{
    static const char *const compats[] = { "0.10", "v2", "1.1", "v3", NULL };
    struct qcow2 *q = (struct qcow2 *)n;
    unsigned compat = q->version == 2 ? 0 : 2;
    bool lazy = q->compatible & COMPAT_LAZY;
    if (!opts_choice(o, "compat", compats, &compat, err, errlen) || !opts_bool(o, "lazy_refcounts", &lazy, err, errlen))
        return -EINVAL;
    if (opts_unknown(o))
        return snprintf(err, errlen, "qcow2: %s can't be changed", opts_unknown(o)), -ENOTSUP;
    if (compat < 2 && q->version == 3)
        return snprintf(err, errlen, "qcow2: compat=0.10 can't be had back"), -ENOTSUP;
    if (lazy && compat < 2)
        return snprintf(err, errlen, "qcow2: lazy_refcounts wants compat=1.1"), -EINVAL;
    q->version = compat < 2 ? 2 : 3;
    q->compatible = lazy ? q->compatible | COMPAT_LAZY : q->compatible & ~(uint64_t)COMPAT_LAZY;
    int rc = qcow2_flush(q);
    if (!rc)
        rc = qcow2_write_header(q);
    return rc ? rc : qcow2_sync(q);
}
