/*
 * Tables of a qcow2 image in memory: slices of L2 tables and blocks of reference counts, and writing all that is changed in an
 * order that leaves leaks at worst. See qcow2.h.
 */
#include "qcow2.h"

enum { LEAST = 16 /* slices */ };

/* ------------------------------------------------------------------------------ slices */

bool qcache_init(struct qcache *c, uint32_t bytes, uint64_t total)
{
    uint64_t n = total / bytes + 1;
    c->bytes = bytes;
    c->max = (unsigned)(n < LEAST ? LEAST : n > 1 << 16 ? 1 << 16 : n);
    for (c->nheads = 16; c->nheads < c->max; c->nheads *= 2)
        ;
    c->slots = calloc(c->max, sizeof *c->slots);
    c->heads = calloc(c->nheads, sizeof *c->heads);
    return c->slots && c->heads;
}

static unsigned head_of(const struct qcache *c, uint64_t host) { return (unsigned)(host / c->bytes * 0x9e3779b97f4a7c15ull >> 40) & (c->nheads - 1); }

void qcache_drop(struct qcache *c)
{
    for (unsigned k = 0; k < c->n; k++) {
        free(c->slots[k]->data);
        free(c->slots[k]);
    }
    if (c->heads)
        memset(c->heads, 0, c->nheads * sizeof *c->heads);
    c->n = c->hand = c->ndirty = 0;
}

void qcache_free(struct qcache *c)
{
    qcache_drop(c);
    free(c->slots);
    free(c->heads);
    *c = (struct qcache){ 0 };
}

static struct qslice *look(struct qcache *c, uint64_t host)
{
    struct qslice *s = c->heads[head_of(c, host)];
    while (s && s->host != host)
        s = s->next;
    return s;
}

struct qslice *qcache_peek(struct qcache *c, uint64_t host)
{
    struct qslice *s = look(c, host);
    if (!s || s->loading)
        return NULL;
    s->recent = true;
    return s;
}

static void unhash(struct qcache *c, struct qslice *s)
{
    for (struct qslice **at = &c->heads[head_of(c, s->host)]; *at; at = &(*at)->next)
        if (*at == s) {
            *at = s->next;
            return;
        }
}

/* A slice that nobody needs: a new one while there may be more, else one that was not asked for lately. NULL: all are
 * changed or busy. */
static struct qslice *spare(struct qcache *c)
{
    if (c->n < c->max) {
        struct qslice *s = calloc(1, sizeof *s);
        void *data = NULL;
        if (s && !posix_memalign(&data, 4096, c->bytes < 4096 ? 4096 : c->bytes)) {
            s->data = data;
            return c->slots[c->n++] = s;
        }
        free(s);
    }
    for (unsigned tries = 0; tries < 2 * c->n; tries++) {
        struct qslice *s = c->slots[c->hand++ % c->n];
        if (s->pins || s->high > s->low)
            continue;
        if (!s->recent) {
            unhash(c, s);
            return s;
        }
        s->recent = false;
    }
    return NULL;
}

int qcache_get(struct qcow2 *q, struct qcache *c, uint64_t host, struct qslice **out)
{
    struct qslice *s;
    int rc;
    for (;;) {
        while ((s = look(c, host)) && s->loading)
            task_wait(&c->loaded);
        if (s)
            break;
        if ((s = spare(c))) {
            s->host = host;
            s->low = s->high = 0;
            s->loading = true;
            s->pins = 1;
            s->next = c->heads[head_of(c, host)];
            c->heads[head_of(c, host)] = s;
            rc = block_node_read(q->n.file, host, s->data, c->bytes);
            s->pins--;
            s->loading = false;
            if (rc) {
                unhash(c, s);
                s->host = ~0ull;
                s->recent = false;
            }
            task_wake(&c->loaded);
            if (rc)
                return rc;
            break;
        }
        if (c->ndirty == 0) /* all are being read: soon they are not */
            task_wait(&c->loaded);
        else if ((rc = qcow2_flush_tables(q, false)) < 0)
            return rc;
    }
    s->recent = true;
    *out = s;
    return 0;
}

void qcache_changed(struct qcache *c, struct qslice *s, uint32_t at, uint32_t n)
{
    if (s->low >= s->high) {
        s->low = at;
        s->high = at + n;
        c->ndirty++;
        return;
    }
    s->low = at < s->low ? at : s->low;
    s->high = at + n > s->high ? at + n : s->high;
}

void qcache_forget(struct qcache *c, uint64_t host, uint64_t n)
{
    for (unsigned k = 0; k < c->n; k++) {
        struct qslice *s = c->slots[k];
        if (s->host >= host && s->host < host + n && !s->loading) {
            if (s->high > s->low)
                c->ndirty--;
            s->low = s->high = 0;
            unhash(c, s);
            s->host = ~0ull;
            s->recent = false;
        }
    }
}

/* ---------------------------------------------------------------------------- writing */

/* A changed piece of a table, as it was when the flush began. */
struct copy {
    struct qslice *slice;
    uint64_t host;
    uint32_t bytes, low;
    uint8_t *data;
};
struct copies { struct copy *at; unsigned n, done; };

static bool add_copy(struct copies *all, struct qslice *s, uint64_t host, uint32_t low, const void *data, uint32_t bytes)
{
    if (!(all->n & (all->n - 1))) {
        struct copy *more = realloc(all->at, (all->n ? 2 * all->n : 1) * sizeof *more);
        if (!more)
            return false;
        all->at = more;
    }
    void *mine = NULL;
    if (posix_memalign(&mine, 4096, bytes < 4096 ? 4096 : bytes))
        return false;
    memcpy(mine, data, bytes);
    all->at[all->n++] = (struct copy){ s, host, bytes, low, mine };
    return true;
}

/* Whole sectors of what is changed. */
static bool copy_slices(struct qcache *c, struct copies *all)
{
    for (unsigned k = 0; k < c->n && c->ndirty; k++) {
        struct qslice *s = c->slots[k];
        if (s->low >= s->high)
            continue;
        uint32_t low = s->low & ~511u, high = (s->high + 511) & ~511u;
        if (!add_copy(all, s, s->host + low, low, s->data + low, high - low))
            return false;
        s->low = s->high = 0;
        s->pins++;
        c->ndirty--;
    }
    return true;
}

static bool copy_entries(struct copies *all, const uint64_t *table, uint32_t size, uint64_t host, uint32_t *low, uint32_t *high)
{
    if (*low >= *high)
        return true;
    uint32_t from = *low & ~63u, to = (*high + 63) & ~63u;
    uint64_t *big = calloc(to - from, 8);
    if (!big)
        return false;
    for (uint32_t k = from; k < to && k < size; k++)
        big[k - from] = htobe64(table[k]);
    bool good = add_copy(all, NULL, host + from * 8ull, from, big, (to - from) * 8);
    free(big);
    if (good)
        *low = *high = 0;
    return good;
}

struct batch { unsigned left; int error; struct task_queue queue; };
struct part { struct block_request r; struct iovec io; struct batch *b; };

static void part_done(struct block_request *r, int error)
{
    struct part *p = (struct part *)r;
    struct batch *b = p->b;
    if (error)
        b->error = error;
    b->left--;
    free(p);
    task_wake(&b->queue);
}

static int write_copies(struct qcow2 *q, struct copies *all)
{
    struct batch b = { .left = 1 };
    aio_plug();
    for (unsigned k = 0; k < all->n; k++) {
        struct part *p = calloc(1, sizeof *p);
        if (!p) {
            b.error = -ENOMEM;
            break;
        }
        p->b = &b;
        p->io = (struct iovec){ all->at[k].data, all->at[k].bytes };
        p->r = (struct block_request){ .op = BLOCK_WRITE, .offset = all->at[k].host, .bytes = all->at[k].bytes, .iov = &p->io, .niov = 1, .done = part_done };
        b.left++;
        block_node_submit(q->n.file, &p->r);
    }
    aio_unplug();
    b.left--;
    while (b.left)
        task_wait(&b.queue);
    all->done = !b.error;
    return b.error;
}

int qcow2_sync(struct qcow2 *q)
{
    if (q->n.no_flush)
        return 0;
    return block_node_flush(q->n.file);
}

/* What could not be written is changed still. */
static void release(struct qcache *c, struct copies *all)
{
    for (unsigned k = 0; k < all->n; k++) {
        struct copy *p = &all->at[k];
        if (p->slice) {
            p->slice->pins--;
            if (!all->done)
                qcache_changed(c, p->slice, p->low, p->bytes);
        }
        free(p->data);
    }
    free(all->at);
}

static void remember(const struct copies *all, uint32_t size, uint32_t *low, uint32_t *high)
{
    if (!all->n || all->done)
        return;
    uint32_t from = all->at[0].low, to = from + all->at[0].bytes / 8;
    to = to < size ? to : size;
    *low = *low >= *high || from < *low ? from : *low;
    *high = to > *high ? to : *high;
}

static int write_all(struct qcow2 *q, struct copies *counts, struct copies *rt, struct copies *l2, struct copies *l1, bool linked)
{
    struct { struct copies *c; bool sync; } step[] = { { counts, false }, { rt, true }, { l2, true }, { l1, true } };
    bool unsynced = linked;
    int rc = 0;
    for (unsigned k = 0; k < 4 && !rc; k++) {
        if (!step[k].c->n) {
            step[k].c->done = true;
            continue;
        }
        if (step[k].sync && unsynced)
            rc = qcow2_sync(q);
        unsynced = true;
        if (!rc)
            rc = write_copies(q, step[k].c);
    }
    return rc;
}

int qcow2_flush_tables(struct qcow2 *q, bool sync)
{
    struct copies counts = { 0 }, rt = { 0 }, l2 = { 0 }, l1 = { 0 };
    int rc;
    task_lock(&q->flushing);
    struct qfree *freed = q->freed;
    bool linked = q->linked;
    q->freed = NULL;
    q->nfreed = 0;
    q->linked = false;
    rc = copy_slices(&q->rb, &counts) && copy_entries(&rt, q->rt, q->rt_size, q->rt_offset, &q->rt_low, &q->rt_high) &&
         copy_slices(&q->l2, &l2) && copy_entries(&l1, q->l1, q->l1_size, q->l1_offset, &q->l1_low, &q->l1_high) ? 0 : -ENOMEM;
    if (!rc)
        rc = write_all(q, &counts, &rt, &l2, &l1, linked);
    if (!rc && (sync || freed))
        rc = qcow2_sync(q);
    release(&q->rb, &counts);
    release(&q->l2, &l2);
    remember(&rt, q->rt_size, &q->rt_low, &q->rt_high);
    remember(&l1, q->l1_size, &q->l1_low, &q->l1_high);
    for (unsigned k = 0; k < rt.n; k++)
        free(rt.at[k].data);
    for (unsigned k = 0; k < l1.n; k++)
        free(l1.at[k].data);
    free(rt.at);
    free(l1.at);
    q->linked |= rc && linked;
    struct qfree **to = rc ? &q->freed : &q->ready;
    while (freed) {
        struct qfree *next = freed->next;
        freed->next = *to;
        *to = freed;
        q->nfreed += rc != 0;
        freed = next;
    }
    task_unlock(&q->flushing);
    task_wake(&q->l2.loaded);
    task_wake(&q->rb.loaded);
    return rc;
}

int qcow2_flush(struct qcow2 *q)
{
    int rc = qcow2_flush_tables(q, true), rc2 = q->ready ? qcow2_free_ready(q) : 0;
    return rc ? rc : rc2;
}

/* -------------------------------------------------------------------------------- sets */

static size_t place(const struct qset *s, uint64_t v)
{
    size_t k = (size_t)(v * 0x9e3779b97f4a7c15ull >> 20) & (s->room - 1);
    while (s->at[k] && s->at[k] != v + 1)
        k = (k + 1) & (s->room - 1);
    return k;
}

bool qset_has(const struct qset *s, uint64_t v) { return s->room && s->at[place(s, v)]; }

bool qset_add(struct qset *s, uint64_t v)
{
    if (2 * (s->n + 1) > s->room) {
        struct qset more = { .room = s->room ? 2 * s->room : 64 };
        if (!(more.at = calloc(more.room, 8)))
            return false;
        for (size_t k = 0; k < s->room; k++)
            if (s->at[k])
                more.at[place(&more, s->at[k] - 1)] = s->at[k];
        more.n = s->n;
        free(s->at);
        *s = more;
    }
    size_t k = place(s, v);
    s->n += !s->at[k];
    s->at[k] = v + 1;
    return true;
}

/* Those behind it that were put off move up. */
void qset_remove(struct qset *s, uint64_t v)
{
    if (!qset_has(s, v))
        return;
    size_t k = place(s, v);
    s->at[k] = 0;
    s->n--;
    for (k = (k + 1) & (s->room - 1); s->at[k]; k = (k + 1) & (s->room - 1)) {
        uint64_t again = s->at[k];
        s->at[k] = 0;
        s->at[place(s, again - 1)] = again;
    }
}
