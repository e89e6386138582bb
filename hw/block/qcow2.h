/*
 * qcow2 images, versions 2 and 3: what the files qcow2*.c share. After the format's description (docs/interop/qcow2.txt of its
 * authors): facts, names of fields and features.
 *
 * A request whose clusters are where the tables in memory say, side by side in the file, goes straight down, without a copy and
 * without anything allocated. All else is a task (task.h) that waits for tables, for space, for its turn.
 *
 * Tables in memory are changed at once and written by qcow2_flush_tables, which takes a copy of all that is changed, and
 * writes it in this order, with the host's cache flushed between two kinds: reference counts, the table of their blocks, L2
 * tables, the L1 table. So what a table on the disk refers to is always counted there, and complete. Clusters that are no longer
 * referred to are given back only after the tables without them are on the disk: a crash leaves leaks, nothing else.
 *
 * Whoever maps clusters anew holds its range of guest clusters alone (struct qrange); writes to where clusters are hold it together.
 */
#ifndef MYNA_QCOW2_H
#define MYNA_QCOW2_H

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "task.h"

#define QCOW2_MAGIC 0x514649fbu
#define QCOW2_COPIED (1ull << 63)
#define QCOW2_COMPRESSED (1ull << 62)
#define QCOW2_ZERO 1ull
#define QCOW2_OFFSET 0x00fffffffffffe00ull

enum { INCOMPAT_DIRTY = 1, INCOMPAT_CORRUPT = 2, INCOMPAT_DATA_FILE = 4, INCOMPAT_COMPRESSION = 8, INCOMPAT_EXTENDED_L2 = 16 };
enum { COMPAT_LAZY = 1 };
enum { AUTOCLEAR_BITMAPS = 1, AUTOCLEAR_RAW_DATA = 2 };
enum { COMPRESS_ZLIB = 0, COMPRESS_ZSTD = 1 };
enum { EXT_END = 0, EXT_BACKING_FORMAT = 0xe2792aca, EXT_FEATURES = 0x6803f857, EXT_BITMAPS = 0x23852875, EXT_LUKS = 0x0537be77,
       EXT_DATA_FILE = 0x44415441 };

/* Limits, against images that want us to take all memory. */
enum { QCOW2_MAX_L1 = 32 << 20, QCOW2_MAX_RT = 8 << 20, QCOW2_MAX_SNAPSHOTS = 65536, QCOW2_SLICE = 64 << 10, QCOW2_MAX_EXTRA = 1024 };

/* The header as it is in the file: big endian. */
struct __attribute__((packed)) qcow2_header {
    uint32_t magic, version;
    uint64_t backing_offset;
    uint32_t backing_size, cluster_bits;
    uint64_t size;
    uint32_t crypt, l1_size;
    uint64_t l1_offset, rt_offset;
    uint32_t rt_clusters, nsnapshots;
    uint64_t snapshots_offset;
    /* version 3 */
    uint64_t incompatible, compatible, autoclear;
    uint32_t refcount_order, header_length;
    uint8_t compression, padding[7];
};

/* A piece of a table: its first byte is at host in the file. */
struct qslice {
    uint64_t host;
    uint8_t *data;
    uint32_t low, high;   /* bytes that are changed and not written */
    unsigned pins;        /* while it is read or written */
    bool loading, recent;
    struct qslice *next;  /* of the same hash */
};
struct qcache {
    uint32_t bytes;       /* of a slice */
    unsigned max, n, hand, ndirty;
    struct qslice **slots, **heads;
    unsigned nheads;
    struct task_queue loaded;
};

/* Host clusters by number, for "is this one of our tables?". */
struct qset { uint64_t *at; size_t room, n; };

enum qkind { Q_UNALLOCATED, Q_ZERO, Q_NORMAL, Q_COMPRESSED };
struct qmap {
    enum qkind kind;
    bool here;         /* the cluster has a place of its own: host */
    bool copied;       /* and nobody else has that */
    uint64_t host;     /* of the first byte asked for; COMPRESSED: of the data */
    uint32_t packed;   /* COMPRESSED: bytes up to the end of the last sector */
};

struct qrange {
    uint64_t first, last; /* clusters */
    bool alone;
    struct qrange *next, **back;
};

struct qfree { uint64_t cluster, n; bool discard; struct qfree *next; };

struct qsnapshot {
    uint64_t l1_offset;
    uint32_t l1_size, date_s, date_ns, extra;
    uint64_t clock_ns, vm_size, disk_size, icount;
    char *id, *name;
    uint8_t *rest; /* of the extra data, unknown to us: kept */
};

struct qcow2 {
    struct block_node n;
    unsigned version, cluster_bits, refcount_order, l2_bits, entry_bytes;
    unsigned unit_bits, units; /* pieces of a cluster that are mapped one by one: 1, or 32 subclusters */
    uint32_t cluster, header_length;
    bool extended;
    uint64_t incompatible, compatible, autoclear;
    uint8_t compression;
    char *backing_name, *backing_format;
    uint8_t *features;         /* the feature name table */
    uint32_t nfeatures;
    uint8_t *unknown;          /* header extensions that are kept as they are */
    uint32_t nunknown;
    uint64_t bitmaps_offset, bitmaps_size;
    uint32_t nbitmaps;

    uint64_t *l1;              /* host's byte order */
    uint64_t l1_offset;
    uint32_t l1_size, l1_low, l1_high; /* entries that are changed */
    uint64_t *rt;
    uint64_t rt_offset;
    uint32_t rt_clusters, rt_size /* entries */, rt_low, rt_high;
    struct qcache l2, rb;
    struct qset tables;
    struct qsnapshot *snapshots;
    unsigned nsnapshots;
    uint64_t snapshots_offset, snapshots_bytes;

    uint64_t hint;             /* no free cluster below */
    uint64_t end;              /* of the file, whole clusters; beyond it nothing is in use */
    uint64_t fresh;            /* from this byte on the file reads as zeroes; ~0: not known */
    uint64_t packed_at;        /* where the next compressed bytes go; 0: a new cluster */
    struct task_mutex allocating, flushing, packing;
    struct task_mutex linking; /* L1 entries */
    struct qfree *freed, *ready; /* ready: the tables without them are on the disk */
    unsigned nfreed;
    bool linked;               /* since the last sync an L2 entry came to refer to data */
    struct qrange *ranges;
    unsigned nalone;
    struct task_queue range_left;
    bool broken;               /* tables make no sense: nothing is written any more */
    bool write_open;           /* opened for writing: the header is ours */
    /* What was unpacked last. */
    struct { uint64_t host; uint8_t *data; } unpacked[4];
    unsigned next_unpacked;
};

static inline uint64_t qcow2_round(const struct qcow2 *q, uint64_t n) { return (n + q->cluster - 1) & ~(uint64_t)(q->cluster - 1); }
static inline uint64_t qcow2_l1_entries(const struct qcow2 *q, uint64_t size)
{
    unsigned shift = q->cluster_bits + q->l2_bits;
    return (size >> shift) + ((size & ((1ull << shift) - 1)) != 0);
}
/* Guest offset where the state of a machine begins. */
static inline uint64_t qcow2_vmstate_at(const struct qcow2 *q, uint64_t disk)
{
    return qcow2_l1_entries(q, disk) << (q->cluster_bits + q->l2_bits);
}

/* --- qcow2_cache.c --- */
bool qcache_init(struct qcache *c, uint32_t bytes, uint64_t total);
void qcache_free(struct qcache *c);
void qcache_drop(struct qcache *c); /* all slices; none is changed */
struct qslice *qcache_peek(struct qcache *c, uint64_t host); /* NULL: not in memory */
/* Waits. The slice is good until the next wait. */
int qcache_get(struct qcow2 *q, struct qcache *c, uint64_t host, struct qslice **s);
void qcache_changed(struct qcache *c, struct qslice *s, uint32_t at, uint32_t n);
/* Slices of [host, host + n) are forgotten, changed or not: the clusters are no table any more. */
void qcache_forget(struct qcache *c, uint64_t host, uint64_t n);
/* All changed tables, and everything is on stable storage after it; clusters are given back. Waits. */
int qcow2_flush(struct qcow2 *q);
/* Writes all changed tables; sync: and flushes at the end. Waits. */
int qcow2_flush_tables(struct qcow2 *q, bool sync);
static inline bool qcow2_is_changed(const struct qcow2 *q)
{
    return q->l2.ndirty || q->rb.ndirty || q->l1_low < q->l1_high || q->rt_low < q->rt_high;
}
int qcow2_sync(struct qcow2 *q);
bool qset_add(struct qset *s, uint64_t v);
bool qset_has(const struct qset *s, uint64_t v);
void qset_remove(struct qset *s, uint64_t v);

/* --- qcow2_refcount.c --- */
uint64_t qcow2_get_count(const void *block, unsigned order, uint64_t k);
void qcow2_put_count(void *block, unsigned order, uint64_t k, uint64_t v);
/* The count of a host cluster. Waits. */
int qcow2_refcount(struct qcow2 *q, uint64_t cluster, uint64_t *count);
/* Writes rt, a table of counts' blocks of that many clusters, to `host`, and makes it the image's; rt, allocated, is taken
 * over, or freed on an error. The blocks are written already. Waits. */
int qcow2_set_table(struct qcow2 *q, uint64_t *rt, uint64_t host, uint64_t clusters);
/* For repairs. Waits. */
int qcow2_set_count(struct qcow2 *q, uint64_t cluster, uint64_t v);
/* Adds `by` to the counts of n clusters. Waits; wants `allocating`. */
int qcow2_count(struct qcow2 *q, uint64_t cluster, uint64_t n, int by);
/* Up to n clusters side by side, counted; at least one. *fresh: they read as zeroes. Waits. */
int qcow2_alloc(struct qcow2 *q, uint64_t n, uint64_t *host, uint64_t *got, bool *fresh);
/* All n side by side. Waits. */
int qcow2_alloc_all(struct qcow2 *q, uint64_t n, uint64_t *host);
/* They are no longer referred to by tables in memory; given back when the tables are written. */
void qcow2_free(struct qcow2 *q, uint64_t host, uint64_t bytes, bool discard);
/* Gives back what is ready. Waits. */
int qcow2_free_ready(struct qcow2 *q);
/* Compressed bytes get a place: clusters are shared by several. Waits. */
int qcow2_alloc_packed(struct qcow2 *q, uint32_t bytes, uint64_t *host);

/* --- qcow2_map.c --- */
/* From offset on: what is there, for how many bytes (*bytes: at most that many, one L2 slice). -EAGAIN: a table is not in
 * memory. Does not wait. */
int qcow2_map_now(struct qcow2 *q, uint64_t offset, uint64_t *bytes, struct qmap *m);
/* The same; waits for tables. */
int qcow2_map(struct qcow2 *q, uint64_t offset, uint64_t *bytes, struct qmap *m);
/* The entry of a guest cluster for changing: its L2 table is made or copied. Waits; the slice is good until the next wait. */
int qcow2_entry(struct qcow2 *q, uint64_t offset, struct qslice **s, uint32_t *at);
int qcow2_decode(const struct qcow2 *q, const uint8_t *entry, unsigned unit, struct qmap *m);
/* The tables make no sense: says so, sets the corrupt bit. -EIO. */
int qcow2_broken(struct qcow2 *q, const char *what, uint64_t where);
void qcow2_packed_place(const struct qcow2 *q, uint64_t entry, uint64_t *host, uint32_t *bytes);
int qcow2_grow_l1(struct qcow2 *q, uint64_t entries);

/* --- qcow2_io.c --- */
void qcow2_submit(struct block_node *n, struct block_request *r);
/* Guest data in the order of the disk, beyond it the state of a machine; wait. */
int qcow2_read(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes);
int qcow2_write(struct qcow2 *q, uint64_t offset, const struct iovec *iov, unsigned niov, uint64_t bytes, unsigned flags);
int qcow2_zero(struct qcow2 *q, uint64_t offset, uint64_t bytes, unsigned flags);
int qcow2_discard(struct qcow2 *q, uint64_t offset, uint64_t bytes, bool full);
void qcow2_enter(struct qcow2 *q, struct qrange *r, uint64_t offset, uint64_t bytes, bool alone);
void qcow2_leave(struct qcow2 *q, struct qrange *r);

/* --- qcow2_pack.c --- */
bool qcow2_can_pack(uint8_t compression);
/* Wait (in a thread of the host's). unpack: exactly `bytes` come out. pack: *n 0: it does not get smaller. */
int qcow2_unpack(uint8_t compression, const uint8_t *from, size_t n, uint8_t *to, size_t bytes);
int qcow2_pack(uint8_t compression, const uint8_t *from, size_t bytes, uint8_t *to, size_t *n);

/* --- qcow2_header.c --- */
int qcow2_read_header(struct qcow2 *q, const struct block_how *how, char *err, size_t errlen);
/* All of it, extensions and the backing's name too. Waits. */
int qcow2_write_header(struct qcow2 *q);
int qcow2_set_incompatible(struct qcow2 *q, uint64_t bits, bool on);
extern const struct block_create_option qcow2_create_options[];
int qcow2_create(struct block_node *file, uint64_t size, struct opts *o, char *err, size_t errlen);
int qcow2_measure(uint64_t size, uint64_t data, struct opts *o, uint64_t *required, uint64_t *full, char *err, size_t errlen);
int qcow2_amend(struct block_node *n, struct opts *o, char *err, size_t errlen);

/* --- qcow2_check.c, qcow2_snapshot.c, qcow2_resize.c --- */
int qcow2_check(struct block_node *n, struct block_check *c, unsigned fix);
int qcow2_load_snapshots(struct qcow2 *q, char *err, size_t errlen);
void qcow2_free_snapshots(struct qcow2 *q);
/* COPIED flags of the tables in use, from the counts. Waits. */
int qcow2_fix_copied(struct qcow2 *q);
int qcow2_snapshot_list(struct block_node *n, struct block_snapshot **list);
int qcow2_snapshot_create(struct block_node *n, struct block_snapshot *s);
int qcow2_snapshot_apply(struct block_node *n, const char *name);
int qcow2_snapshot_delete(struct block_node *n, const char *name);
int qcow2_snapshot_load(struct block_node *n, const char *name);
int qcow2_empty(struct block_node *n);
int qcow2_vmstate_read(struct block_node *n, uint64_t offset, void *to, size_t bytes);
int qcow2_vmstate_write(struct block_node *n, uint64_t offset, const void *from, size_t bytes);
int qcow2_resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen);
/* All of [from, to) gets clusters. */
int qcow2_preallocate(struct qcow2 *q, uint64_t from, uint64_t to);

#endif
