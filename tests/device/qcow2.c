/*
 * qcow2 images against a flat model: random requests side by side, snapshots, sizes, compressed clusters, reopening, over files
 * in memory whose completions come in any order; then images as crashes leave them, from a log of writes and flushes; errors of
 * the host; and mutated images. The image must check clean (after crashes: nothing but leaks) all the time.
 *
 *   qcow2 [ROUNDS [SEED]]           all of it; rounds of each
 *   qcow2 model|crash|errors|mutate ROUNDS SEED
 *   qcow2 dump FILE OUT             the disk as a raw file
 *   qcow2 load FILE RAW [-c]        writes a raw file over the disk (-c: compressed), zeroes as holes
 *   qcow2 create FILE SIZE OPTIONS
 *   qcow2 check FILE [fix]
 *   qcow2 reads FILE FORMAT N       random reads of 4 KiB, 32 at a time: processor time of each
 *   qcow2 random FILE RAW ROUNDS SEED   random requests to an image that has the contents of RAW, which is kept up
 */
#include <sys/resource.h>

#include "fuzz.h"
#include "memory_file.h"

#include "block/drive.h"
#include "block/task.h"

static unsigned failures;
#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "%s:%d: seed %llu: %s\n", __FILE__, __LINE__, (unsigned long long)now_seed, #what); \
            if (++failures > 10) \
                exit(1); \
        } \
    } while (0)

enum { DEPTH = 12, SNAPSHOTS = 4, MOST_PENDING = 6 };

/* Of each sector: the numbers of writes whose contents it may have after a crash. 0: zeroes. */
struct sector { uint32_t n, may[MOST_PENDING]; bool any; };

struct model {
    struct block_node *node, *backing;
    struct memory_file *file;
    char options[256];
    uint64_t size;
    uint8_t *disk;                    /* what it should have */
    struct sector *sectors;           /* NULL: no crashes in this test */
    struct { char name[16]; uint8_t *disk; uint64_t size; } snapshots[SNAPSHOTS];
    unsigned nsnapshots, under_way;
    uint32_t number;
    struct { uint64_t offset, bytes; bool busy; } busy[DEPTH];
    bool failing;
};
struct request { struct block_request r; struct model *m; unsigned slot; uint8_t *data; struct iovec io[3]; uint32_t number; };

static void say(void *arg, const char *line) { fprintf(stderr, "    %s\n", line); }

/* ------------------------------------------------------------------------------ images */

static struct block_node *open_over(const char *file, const char *backing, bool writable)
{
    char err[512];
    struct block_how how = { .writable = writable, .unmap = true };
    struct opts *o = opts_new();
    opts_set(o, "driver", "qcow2");
    opts_set(o, "file", file);
    opts_set(o, "backing", backing);
    opts_set(o, "l2-cache-size", "64k");
    struct block_node *n = block_open_opts(o, &how, err, sizeof err);
    opts_free(o);
    if (!n) {
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)now_seed, err);
        failures++;
    }
    return n;
}

/* No two writes have the same contents: the sector's number and the write's. */
static void fill(uint8_t *data, uint64_t offset, uint64_t bytes, uint32_t number)
{
    for (uint64_t k = 0; k < bytes; k += 4) {
        uint32_t v = k % 512 == 0 ? number : (uint32_t)((offset + k) * 2654435761u) ^ number;
        memcpy(data + k, &v, 4);
    }
}

static bool make_image(struct model *m, bool crashes)
{
    static const char *const sizes[] = { "512", "1k", "4k", "16k", "64k", "256k" }, *const preallocations[] = { "off", "metadata", "full" };
    static const unsigned bits[] = { 1, 2, 4, 8, 16, 32, 64 };
    char err[512];
    unsigned cluster = below(6), old = one_in(6), extended = !old && cluster >= 3 && one_in(2);
    struct opts *o = opts_new();
    *m = (struct model){ 0 };
    m->size = (1 + below(4000)) * 512ull;
    snprintf(m->options, sizeof m->options, "cluster_size=%s,compat=%s", sizes[cluster], old ? "0.10" : "1.1");
    if (extended)
        strcat(m->options, ",extended_l2=on");
    if (!old)
        sprintf(m->options + strlen(m->options), ",refcount_bits=%u%s%s", bits[below(7)], one_in(3) ? ",lazy_refcounts=on" : "", one_in(3) ? ",compression_type=zstd" : "");
    bool backing = one_in(2);
    if (!backing && one_in(3))
        sprintf(m->options + strlen(m->options), ",preallocation=%s", preallocations[below(3)]);
    m->disk = calloc(1, 8 << 20);
    if (crashes)
        m->sectors = calloc((8 << 20) / 512, sizeof *m->sectors);
    for (uint64_t k = 0; m->sectors && k < (8 << 20) / 512; k++)
        m->sectors[k].n = 1; /* zeroes */
    m->file = memory_file("file", NULL, 0);
    if (!opts_parse(o, m->options, err, sizeof err) || block_qcow2.create(&m->file->n, m->size, o, err, sizeof err)) {
        fprintf(stderr, "seed %llu: %s: %s\n", (unsigned long long)now_seed, m->options, err);
        exit(1);
    }
    opts_free(o);
    if (backing) {
        uint64_t n = (1 + below(4000)) * 512ull;
        uint8_t *data = malloc(n);
        fill(data, 0, n, 0x80000000u);
        m->backing = &memory_file("backing", data, n)->n;
        if (n > m->size)
            n = m->size;
        if (!m->sectors)
            memcpy(m->disk, data, n);
        for (uint64_t k = 0; m->sectors && k < n / 512; k++)
            m->sectors[k].may[0] = 0x80000000u;
        if (m->sectors)
            memcpy(m->disk, data, n);
        free(data);
    }
    m->node = open_over("file", backing ? "backing" : NULL, true);
    return m->node != NULL;
}

static void free_image(struct model *m)
{
    block_unref(m->node);
    block_unref(&m->file->n);
    block_unref(m->backing);
    for (unsigned k = 0; k < m->nsnapshots; k++)
        free(m->snapshots[k].disk);
    free(m->disk);
    free(m->sectors);
}

static void check_node(struct model *m, struct block_node *n, bool leaks)
{
    struct block_check c = { .say = leaks ? NULL : say };
    int rc = n->driver->check(n, &c, 0);
    if (rc || c.corruptions || c.check_errors || (c.leaks && !leaks)) {
        fprintf(stderr, "seed %llu: %s: check says %d: %llu corruptions, %llu leaks\n", (unsigned long long)now_seed, m->options, rc,
                (unsigned long long)c.corruptions, (unsigned long long)c.leaks);
        if (++failures > 3)
            exit(1);
    }
}

/* ---------------------------------------------------------------------------- requests */

static void may_be(struct model *m, uint64_t sector, uint32_t number)
{
    struct sector *s = &m->sectors[sector];
    if (s->n == MOST_PENDING)
        s->any = true;
    else
        s->may[s->n++] = number;
}

static void done(struct block_request *r, int error)
{
    struct request *q = (struct request *)r;
    struct model *m = q->m;
    uint64_t offset = m->busy[q->slot].offset, bytes = m->busy[q->slot].bytes;
    m->busy[q->slot].busy = false;
    m->under_way--;
    if (error && !m->failing && error != -ENOTSUP) {
        fprintf(stderr, "seed %llu: %s: request %d fails: %s\n", (unsigned long long)now_seed, m->options, r->op, strerror(-error));
        failures++;
    }
    if (r->op == BLOCK_READ && !error && !m->failing && memcmp(q->data, m->disk + offset, bytes)) {
        uint64_t k = 0;
        while (q->data[k] == m->disk[offset + k])
            k++;
        fprintf(stderr, "seed %llu: %s: a read of %#llx+%#llx differs at %#llx\n", (unsigned long long)now_seed, m->options,
                (unsigned long long)offset, (unsigned long long)bytes, (unsigned long long)(offset + k));
        if (++failures > 5)
            exit(1);
    }
    free(q->data);
    free(q);
}

static int free_slot(struct model *m, uint64_t offset, uint64_t bytes)
{
    int slot = -1;
    for (int k = 0; k < DEPTH; k++) {
        if (!m->busy[k].busy)
            slot = k;
        else if (m->busy[k].offset < offset + bytes && offset < m->busy[k].offset + m->busy[k].bytes)
            return -1;
    }
    return slot;
}

static void wait_all(struct model *m)
{
    while (m->under_way)
        CHECK(aio_wait());
}

static void begin(struct model *m)
{
    static const enum block_op ops[] = { BLOCK_READ, BLOCK_READ, BLOCK_WRITE, BLOCK_WRITE, BLOCK_WRITE, BLOCK_WRITE, BLOCK_ZERO, BLOCK_DISCARD };
    enum block_op op = ops[below(8)];
    uint64_t sectors = m->size / 512, offset = (uint64_t)below((unsigned)sectors) * 512, bytes = (1 + (one_in(4) ? below(600) : below(20))) * 512ull;
    unsigned flags = op == BLOCK_ZERO && one_in(2) ? BLOCK_UNMAP : 0;
    struct block_info i;
    if (one_in(12)) {
        flags |= op == BLOCK_WRITE || op == BLOCK_ZERO ? BLOCK_FUA : 0;
    } else if (op == BLOCK_WRITE && one_in(6)) {
        block_get_info(m->node, &i);
        offset &= ~(i.cluster_size - 1);
        bytes = i.cluster_size;
        flags |= BLOCK_COMPRESSED;
    }
    if (bytes > m->size - offset)
        bytes = m->size - offset;
    if (op == BLOCK_DISCARD) /* alone: then it is looked at */
        wait_all(m);
    int slot = free_slot(m, offset, bytes);
    if (slot < 0) {
        wait_all(m);
        slot = free_slot(m, offset, bytes);
    }
    struct request *q = calloc(1, sizeof *q);
    q->m = m;
    q->slot = (unsigned)slot;
    q->data = malloc(bytes);
    q->number = ++m->number;
    uint64_t first = below((unsigned)bytes / 512 + 1) * 512;
    q->io[0] = (struct iovec){ q->data, first };
    q->io[1] = (struct iovec){ q->data + first, bytes - first };
    q->r = (struct block_request){ .op = op, .flags = flags, .offset = offset, .bytes = bytes, .iov = q->io, .niov = 2, .done = done };
    m->busy[slot].busy = true;
    m->busy[slot].offset = offset;
    m->busy[slot].bytes = bytes;
    m->under_way++;
    if (op == BLOCK_WRITE) {
        fill(q->data, offset, bytes, q->number);
        if (one_in(8))
            memset(q->data, 0, bytes);
        memcpy(m->disk + offset, q->data, bytes);
    } else if (op != BLOCK_READ) {
        /* A discard may do nothing to parts of clusters: what is there is seen afterwards. */
        if (op == BLOCK_ZERO)
            memset(m->disk + offset, 0, bytes);
    }
    for (uint64_t k = offset / 512; m->sectors && op != BLOCK_READ && k < (offset + bytes) / 512; k++) {
        uint32_t v;
        memcpy(&v, m->disk + k * 512, 4);
        may_be(m, k, op == BLOCK_DISCARD ? 0 : v);
    }
    block_node_submit(m->node, &q->r);
    if (op == BLOCK_DISCARD) {
        uint8_t *now = malloc(bytes);
        wait_all(m);
        if (block_node_read(m->node, offset, now, bytes) == 0)
            for (uint64_t k = 0; k < bytes; k += 512) {
                if (block_is_zero(now + k, 512))
                    memset(m->disk + offset + k, 0, 512);
                else if (!m->failing)
                    CHECK(!memcmp(now + k, m->disk + offset + k, 512));
            }
        free(now);
    }
}

static void compare(struct model *m, struct block_node *n)
{
    uint8_t *data = malloc(m->size);
    CHECK(n->size == m->size);
    CHECK(block_node_read(n, 0, data, m->size) == 0);
    for (uint64_t k = 0; k < m->size; k += 512)
        if (memcmp(data + k, m->disk + k, 512)) {
            fprintf(stderr, "seed %llu: %s: sector %llu differs\n", (unsigned long long)now_seed, m->options, (unsigned long long)k / 512);
            failures++;
            break;
        }
    free(data);
    if (failures > 5)
        exit(1);
}

/* --------------------------------------------------------------------------- the model */

static void snapshot(struct model *m)
{
    unsigned k = m->nsnapshots ? below(m->nsnapshots) : 0;
    struct block_snapshot s = { 0 };
    const struct block_driver *d = m->node->driver;
    int rc;
    if (m->nsnapshots < SNAPSHOTS && one_in(2)) {
        snprintf(s.name, sizeof s.name, "s%u", ++m->number);
        if (one_in(2)) { /* with the state of a machine */
            uint8_t state[5000];
            fill(state, 0, sizeof state, 77);
            rc = d->vmstate_write(m->node, 0, state, sizeof state);
            CHECK(rc == 0);
            s.vm_state_size = sizeof state;
        }
        rc = d->snapshot_create(m->node, &s);
        if (rc == -ENOTSUP || rc == -EOVERFLOW) { /* counts of few bits */
            return;
        }
        CHECK(rc == 0);
        memcpy(m->snapshots[m->nsnapshots].name, s.name, 16);
        m->snapshots[m->nsnapshots].size = m->size;
        m->snapshots[m->nsnapshots].disk = malloc(8 << 20);
        memcpy(m->snapshots[m->nsnapshots++].disk, m->disk, 8 << 20);
    } else if (m->nsnapshots && one_in(2)) {
        rc = d->snapshot_apply(m->node, m->snapshots[k].name);
        if (rc == -EOVERFLOW)
            return;
        CHECK(rc == 0);
        m->size = m->snapshots[k].size;
        memcpy(m->disk, m->snapshots[k].disk, 8 << 20);
    } else if (m->nsnapshots) {
        rc = d->snapshot_delete(m->node, m->snapshots[k].name);
        CHECK(rc == 0);
        free(m->snapshots[k].disk);
        m->snapshots[k] = m->snapshots[--m->nsnapshots];
    }
}

static void resize(struct model *m)
{
    char err[256];
    uint64_t size = (1 + below(8000)) * 512ull;
    enum block_preallocation p = !m->backing && one_in(4) ? PREALLOC_METADATA : PREALLOC_OFF;
    int rc = block_resize(m->node, size, true, p, err, sizeof err);
    if (rc == -ENOTSUP)
        return;
    if (rc)
        fprintf(stderr, "%s\n", err);
    CHECK(rc == 0);
    if (size < m->size)
        memset(m->disk + size, 0, m->size - size);
    m->size = size;
}

static void reopen(struct model *m)
{
    block_unref(m->node);
    m->node = open_over("file", m->backing ? "backing" : NULL, true);
    if (!m->node)
        exit(1);
}

static void model_round(const void *unused)
{
    struct model m;
    if (!make_image(&m, false))
        exit(1);
    for (unsigned k = 0; k < 150; k++) {
        begin(&m);
        if (one_in(25)) {
            wait_all(&m);
            CHECK(block_node_flush(m.node) == 0);
        }
        if (one_in(20)) {
            wait_all(&m);
            if (one_in(2))
                snapshot(&m);
            else if (one_in(2))
                resize(&m);
            else
                reopen(&m);
            compare(&m, m.node);
        }
    }
    wait_all(&m);
    compare(&m, m.node);
    CHECK(block_node_flush(m.node) == 0);
    CHECK(block_node_flush(m.node) == 0);
    check_node(&m, m.node, false);
    reopen(&m);
    check_node(&m, m.node, false);
    compare(&m, m.node);
    free_image(&m);
}

/* ----------------------------------------------------------------------------- crashes */

static void flushed(struct model *m)
{
    for (uint64_t k = 0; k < m->size / 512; k++) {
        struct sector *s = &m->sectors[k];
        uint32_t v;
        memcpy(&v, m->disk + k * 512, 4);
        s->n = 1;
        s->may[0] = v;
        s->any = false;
    }
}

static void look_after_crash(struct model *m, const uint8_t *image, uint64_t length)
{
    struct memory_file *f = memory_file("crashed", image, length);
    struct block_node *n = open_over("crashed", m->backing ? "backing" : NULL, true);
    if (n) {
        check_node(m, n, true);
        uint8_t *data = malloc(m->size);
        CHECK(block_node_read(n, 0, data, m->size) == 0);
        for (uint64_t k = 0; k < m->size / 512; k++) {
            const struct sector *s = &m->sectors[k];
            uint32_t v;
            unsigned j = 0;
            memcpy(&v, data + k * 512, 4);
            while (j < s->n && s->may[j] != v)
                j++;
            if (j == s->n && !s->any) {
                fprintf(stderr, "seed %llu: %s: after a crash sector %llu has %#x; it may have", (unsigned long long)now_seed, m->options, (unsigned long long)k, v);
                for (j = 0; j < s->n; j++)
                    fprintf(stderr, " %#x", s->may[j]);
                fprintf(stderr, "\n");
                if (++failures > 3)
                    exit(1);
                break;
            }
        }
        free(data);
        /* Leaks are repaired, and then there is nothing. */
        struct block_check c = { 0 };
        CHECK(n->driver->check(n, &c, BLOCK_FIX_LEAKS) == 0 && c.leaks_fixed == c.leaks);
        check_node(m, n, false);
        block_unref(n);
    }
    block_unref(&f->n);
}

/* The state at the last acknowledged flush, then requests until the crash. */
static void crash_round(const void *unused)
{
    struct model m;
    if (!make_image(&m, true))
        exit(1);
    CHECK(block_node_flush(m.node) == 0);
    uint64_t ninitial = m.file->length;
    uint8_t *initial = malloc(ninitial + 1);
    memcpy(initial, m.file->data, ninitial);
    m.file->logging = true;
    for (unsigned part = 0; part < 4; part++) {
        uint64_t from = m.file->stamp;
        for (unsigned k = 0; k < 25; k++)
            begin(&m);
        wait_all(&m);
        uint64_t to = m.file->stamp;
        for (unsigned k = 0; k < 3; k++) {
            uint64_t length, stamp = from + 1 + rnd() % (to - from + 1);
            uint8_t *image = memory_crash(m.file, initial, ninitial, stamp, rnd, &length);
            look_after_crash(&m, image, length);
            free(image);
        }
        from = m.file->stamp;
        CHECK(block_node_flush(m.node) == 0);
        for (unsigned k = 0; k < 3; k++) { /* inside the flush */
            uint64_t length, stamp = from + 1 + rnd() % (m.file->stamp - from + 1);
            uint8_t *image = memory_crash(m.file, initial, ninitial, stamp, rnd, &length);
            look_after_crash(&m, image, length);
            free(image);
        }
        flushed(&m);
    }
    free(initial);
    free_image(&m);
}

/* --------------------------------------------------------------------- the host's errors */

static void errors_round(const void *unused)
{
    struct model m;
    if (!make_image(&m, false))
        exit(1);
    for (unsigned k = 0; k < 30; k++)
        begin(&m);
    wait_all(&m);
    CHECK(block_node_flush(m.node) == 0);
    m.failing = true;
    memset(m.disk, 0, 8 << 20);
    for (unsigned again = 0; again < 4; again++) {
        m.file->fail_after = below(60);
        for (unsigned k = 0; k < 20; k++) {
            struct block_info i;
            begin(&m);
            if (one_in(10))
                block_node_flush(m.node);
            block_get_info(m.node, &i);
        }
        wait_all(&m);
        m.file->fail_after = -1;
        block_node_flush(m.node);
        /* What a failed request leaves is not corrupt. */
        check_node(&m, m.node, true);
    }
    /* Reads compare against nothing here. */
    free_image(&m);
}

/* ----------------------------------------------------------------------- mutated images */

static void *seed_image;
static uint64_t seed_bytes, seed_size;
static char seed_options[256];

static void mutate(uint8_t *data, uint64_t n)
{
    unsigned times = 1 + below(6);
    for (unsigned k = 0; k < times; k++) {
        static const uint64_t values[] = { 0, 1, 0xff, 0x7fffffff, 0xffffffff, 1ull << 62, 1ull << 63, ~0ull, 0x10000, 0x200 };
        uint64_t at = one_in(2) ? below(120) : below((unsigned)n - 8), v = values[below(10)];
        unsigned size = 1u << below(4);
        if (one_in(3))
            v = htobe64(below((unsigned)n));
        else if (one_in(3))
            v = rnd();
        else if (one_in(3))
            v = (htobe64(below((unsigned)n)) & ~htobe64(0xffff)) | (one_in(2) ? htobe64(1ull << 63) : 0);
        if (one_in(3))
            at &= ~7ull;
        if (at + size <= n)
            memcpy(data + at, &v, size);
        if (one_in(6))
            data[at] ^= (uint8_t)(1 << below(8));
    }
}

static void ended(struct block_request *r, int error) { ++*(unsigned *)(r + 1); }

static void mutate_round(const void *unused)
{
    char err[512];
    static uint64_t made = ~0ull;
    if (made != now_seed / 50) { /* one image for so many rounds */
        struct model m;
        made = now_seed / 50;
        state = made * 0x9e3779b97f4a7c15ull | 1;
        if (!make_image(&m, false))
            exit(1);
        for (unsigned k = 0; k < 60; k++) {
            begin(&m);
            if (one_in(15)) {
                wait_all(&m);
                snapshot(&m);
            }
        }
        wait_all(&m);
        block_node_flush(m.node);
        free(seed_image);
        seed_bytes = m.file->length;
        seed_size = m.size;
        seed_image = malloc(seed_bytes);
        memcpy(seed_image, m.file->data, seed_bytes);
        strcpy(seed_options, m.options);
        free_image(&m);
        state = now_seed * 0xbf58476d1ce4e5b9ull | 1;
    }
    uint8_t *copy = malloc(seed_bytes);
    memcpy(copy, seed_image, seed_bytes);
    mutate(copy, one_in(2) && seed_bytes > 4096 ? 4096 : seed_bytes);
    struct memory_file *f = memory_file("file", copy, seed_bytes);
    struct block_how how = { .writable = !one_in(3), .unmap = true, .no_backing = true, .as_it_is = one_in(2) };
    struct opts *o = opts_new();
    opts_set(o, "driver", "qcow2");
    opts_set(o, "file", "file");
    opts_set(o, "l2-cache-size", "64k");
    struct block_node *n = block_open_opts(o, &how, err, sizeof err);
    opts_free(o);
    if (n) {
        static uint8_t data[70000];
        struct block_check c = { 0 };
        struct block_status st;
        struct block_snapshot *list = NULL;
        for (unsigned k = 0; k < 12; k++) {
            uint64_t bytes = (1 + below(100)) * 512ull, offset = n->size > bytes ? (rnd() % (n->size - bytes)) & ~511ull : 0;
            struct { struct block_request r; unsigned over; } q = { .over = 0 };
            struct iovec io = { data, bytes };
            if (offset + bytes > n->size)
                continue;
            q.r = (struct block_request){ .op = how.writable ? (enum block_op)below(5) : BLOCK_READ, .offset = offset, .bytes = bytes, .iov = &io, .niov = 1, .done = ended };
            block_node_submit(n, &q.r);
            while (!q.over)
                CHECK(aio_wait());
            block_status(n, offset, bytes, &st);
        }
        if (n->driver->snapshot_list(n, &list) > 0 && how.writable && one_in(3)) {
            if (one_in(2))
                n->driver->snapshot_apply(n, list[0].id);
            else
                n->driver->snapshot_delete(n, list[0].id);
        }
        free(list);
        if (n->size < 64ull << 30)
            n->driver->check(n, &c, how.writable && one_in(2) ? BLOCK_FIX_LEAKS | BLOCK_FIX_ERRORS : 0);
        block_unref(n);
    }
    block_unref(&f->n);
    free(copy);
}

/* ------------------------------------------------------------------------------- tools */

static struct block_node *open_file(const char *file, bool writable)
{
    char err[512];
    struct block_how how = { .writable = writable, .unmap = true, .as_it_is = true };
    struct block_node *n = block_open(file, NULL, NULL, &how, err, sizeof err);
    if (!n) {
        fprintf(stderr, "%s\n", err);
        exit(1);
    }
    return n;
}

static int fails(const char *what, int rc)
{
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", what, strerror(-rc));
    return rc < 0;
}

static int dump(const char *file, const char *out)
{
    static uint8_t data[1 << 20];
    struct block_node *n = open_file(file, false);
    FILE *f = fopen(out, "wb");
    for (uint64_t at = 0; at < n->size; at += sizeof data) {
        uint64_t bytes = n->size - at < sizeof data ? n->size - at : sizeof data;
        int rc = block_node_read(n, at, data, bytes);
        if (fails("read", rc) || fwrite(data, 1, bytes, f) != bytes)
            return 1;
    }
    block_unref(n);
    return fclose(f) != 0;
}

static int load(const char *file, const char *raw, bool packed)
{
    static uint8_t data[2 << 20];
    struct block_node *n = open_file(file, true);
    struct block_info i;
    FILE *f = fopen(raw, "rb");
    block_get_info(n, &i);
    uint64_t step = packed ? i.cluster_size : sizeof data;
    for (uint64_t at = 0; at < n->size; at += step) {
        uint64_t bytes = n->size - at < step ? n->size - at : step;
        memset(data, 0, bytes);
        if (fread(data, 1, bytes, f) == 0)
            break;
        int rc = block_is_zero(data, bytes) ? block_node_zero(n, at, bytes, BLOCK_UNMAP) : block_node_write(n, at, data, bytes, packed ? BLOCK_COMPRESSED : 0);
        if (fails("write", rc))
            return 1;
    }
    fclose(f);
    block_unref(n);
    return 0;
}

static int create(const char *file, const char *size, const char *options)
{
    char err[512];
    struct opts *o = opts_new();
    int rc = opts_parse(o, options, err, sizeof err) ? block_create("qcow2", file, strtoull(size, NULL, 0), o, err, sizeof err) : -EINVAL;
    if (rc)
        fprintf(stderr, "%s\n", err);
    opts_free(o);
    return rc != 0;
}

static int check(const char *file, bool fix)
{
    struct block_node *n = open_file(file, fix);
    struct block_check c = { .say = say };
    int rc = n->driver->check(n, &c, fix ? BLOCK_FIX_LEAKS | BLOCK_FIX_ERRORS : 0);
    printf("%d: %llu corruptions, %llu leaks, %llu and %llu repaired\n", rc, (unsigned long long)c.corruptions, (unsigned long long)c.leaks,
           (unsigned long long)c.corruptions_fixed, (unsigned long long)c.leaks_fixed);
    block_unref(n);
    return rc || c.corruptions > c.corruptions_fixed || c.leaks > c.leaks_fixed;
}

struct reading { struct block_request r; struct iovec io; struct block_node *n; unsigned *left, *under_way; uint8_t data[4096]; };

static void read_again(struct block_request *r, int error)
{
    struct reading *q = (struct reading *)r;
    --*q->under_way;
    if (!*q->left || error)
        return;
    --*q->left;
    ++*q->under_way;
    q->r = (struct block_request){ .op = BLOCK_READ, .offset = rnd() % (q->n->size / 4096) * 4096, .bytes = 4096, .iov = &q->io, .niov = 1, .done = read_again };
    block_node_submit(q->n, &q->r);
}

static int reads(const char *file, const char *format, unsigned left)
{
    char err[512];
    struct block_how how = { 0 };
    struct block_node *n = block_open(file, format, NULL, &how, err, sizeof err);
    struct rusage u;
    unsigned under_way = 0, all = left;
    if (!n)
        return fprintf(stderr, "%s\n", err), 1;
    struct reading *q = calloc(32, sizeof *q);
    state = 88172645463325252ull;
    aio_plug();
    for (unsigned k = 0; k < 32; k++) {
        q[k].n = n;
        q[k].io = (struct iovec){ q[k].data, sizeof q[k].data };
        q[k].left = &left;
        q[k].under_way = &under_way;
        under_way++;
        read_again(&q[k].r, 0);
    }
    aio_unplug();
    while (under_way && aio_wait())
        ;
    getrusage(RUSAGE_SELF, &u);
    double user = (double)u.ru_utime.tv_sec * 1e6 + (double)u.ru_utime.tv_usec, sys = (double)u.ru_stime.tv_sec * 1e6 + (double)u.ru_stime.tv_usec;
    printf("%s: %u reads, %.2f us each, %.2f of it user time\n", format, all, (user + sys) / all, user / all);
    free(q);
    block_unref(n);
    return 0;
}

static int random_requests(const char *file, const char *raw, unsigned rounds)
{
    struct model m = { .node = open_file(file, true), .options = "" };
    FILE *f = fopen(raw, "r+b");
    m.size = m.node->size;
    m.disk = calloc(1, m.size);
    if (!f || fread(m.disk, 1, m.size, f) != m.size)
        return 1;
    for (unsigned k = 0; k < rounds; k++)
        begin(&m);
    wait_all(&m);
    compare(&m, m.node);
    rewind(f);
    if (fwrite(m.disk, 1, m.size, f) != m.size || fclose(f))
        return 1;
    block_unref(m.node);
    return failures != 0;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*round)(const void *); unsigned share; } tests[] = {
        { "model", model_round, 1 }, { "crash", crash_round, 1 }, { "errors", errors_round, 1 }, { "mutate", mutate_round, 10 },
    };
    static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM };
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "dump") && argc == 4)
        return dump(argv[2], argv[3]);
    if (!strcmp(what, "load") && argc >= 4)
        return load(argv[2], argv[3], argc > 4);
    if (!strcmp(what, "create") && argc == 5)
        return create(argv[2], argv[3], argv[4]);
    if (!strcmp(what, "reads") && argc == 5)
        return reads(argv[2], argv[3], (unsigned)atoi(argv[4]));
    if (!strcmp(what, "check") && argc >= 3)
        return check(argv[2], argc > 3);
    for (unsigned k = 0; k < sizeof signals / sizeof *signals; k++)
        signal(signals[k], crashed);
    now_name = "qcow2";
    if (!strcmp(what, "random") && argc == 6) {
        state = (now_seed = strtoull(argv[5], NULL, 0)) * 0x9e3779b97f4a7c15ull | 1;
        return random_requests(argv[2], argv[3], (unsigned)atoi(argv[4]));
    }
    bool one = argc == 4;
    unsigned rounds = one ? (unsigned)atoi(argv[2]) : argc > 1 ? (unsigned)atoi(argv[1]) : 40;
    uint64_t seed = one ? strtoull(argv[3], NULL, 0) : argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (unsigned k = 0; k < 4; k++) {
        if (one && strcmp(what, tests[k].name))
            continue;
        now_name = tests[k].name;
        for (unsigned j = 0; j < rounds * (one ? 1 : tests[k].share); j++) {
            now_seed = seed + j;
            state = now_seed * 0x9e3779b97f4a7c15ull | 1;
            alarm(30);
            tests[k].round(NULL);
        }
        printf("%-7s %u rounds, %u failures\n", tests[k].name, rounds * (one ? 1 : tests[k].share), failures);
        fflush(stdout);
    }
    return failures != 0;
}
