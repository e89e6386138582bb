/*
 * The code cache's tables: see cache.h.
 *
 * Lists are numbers + 1 into arrays that never move, so that a signal handler can read them at any time.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "cache.h"

/* side table entries of one translation at most; bytes of code that one usually stays below */
enum { MAX_SIDE = 4096, SOON = 4096, MANY_TBS = 32768 /* more are not needed in one run */, MANY_TIMES = 2000 /* a link is taken by its stub before it is patched */ };

/* Entries of a table of which there are max in a cache of full size. */
static uint32_t table_size(const struct cache *c, uint32_t max) { return max >> c->shift; }

void *cache_pages(size_t n)
{
    void *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Sees to it that bytes [0, used) of a table have memory, and `ahead` after them. Without the call's help
 * (older kernels) they get it page by page. */
static void populate(void *base, size_t used, size_t *ready, size_t size, size_t ahead)
{
    if (used <= *ready)
        return;
    size_t to = (used + ahead + 4095) & ~(size_t)4095;
    if (to > size)
        to = size;
#ifdef MADV_POPULATE_WRITE
    int err = errno;
    madvise((char *)base + *ready, to - *ready, MADV_POPULATE_WRITE);
    errno = err;
#endif
    *ready = to;
}

static size_t hash_bytes(const struct tb_hash *h) { return sizeof *h + (h->mask + 1) * sizeof h->slot[0]; }

/* All of it will be used, here and there: its pages come by one call. */
static struct tb_hash *hash_new(uint32_t n)
{
    struct tb_hash *h = mmap(NULL, sizeof *h + n * sizeof h->slot[0], PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (h == MAP_FAILED)
        return NULL;
    h->mask = n - 1;
    return h;
}

static void free_hashes(struct tb_hash *h)
{
    for (struct tb_hash *older; h; h = older) {
        older = h->older;
        munmap(h, hash_bytes(h));
    }
}

int cache_init(struct cache *c, size_t size, unsigned shift)
{
    memset(c, 0, sizeof *c);
    size >>= shift;
    c->shift = shift;
    int err = arena_init(c, size);
    if (err < 0) {
        cache_free(c);
        return err;
    }
    c->tbs = cache_pages(table_size(c, MAX_TBS) * sizeof *c->tbs);
    c->links = cache_pages(table_size(c, MAX_LINKS) * sizeof *c->links);
    c->ways = cache_pages(table_size(c, MAX_LINKS) * sizeof *c->ways);
    c->faults = cache_pages(table_size(c, MAX_FAULTS) * sizeof *c->faults);
    c->flexes = cache_pages(table_size(c, MAX_FLEXES) * sizeof *c->flexes);
    c->hash = hash_new(FIRST_HASH);
    c->pages = cache_pages(PAGE_HASH * sizeof *c->pages);
    c->entries = cache_pages(CODE_ENTRIES / 8);
    c->signatures = cache_pages(table_size(c, MAX_TBS) * sizeof *c->signatures);
    c->retired = cache_pages(RETIRED_HASH * sizeof *c->retired);
    if (!c->signatures || !c->retired || !c->tbs || !c->links || !c->ways || !c->faults || !c->flexes || !c->hash || !c->pages || !c->entries)
        goto fail;
    return 0;
fail:
    err = errno ? -errno : -ENOMEM;
    cache_free(c);
    return err;
}

void cache_free(struct cache *c)
{
    cache_flush(c);
    arena_free(c);
    if (c->tbs)
        munmap(c->tbs, table_size(c, MAX_TBS) * sizeof *c->tbs);
    if (c->links)
        munmap(c->links, table_size(c, MAX_LINKS) * sizeof *c->links);
    if (c->ways)
        munmap(c->ways, table_size(c, MAX_LINKS) * sizeof *c->ways);
    if (c->faults)
        munmap(c->faults, table_size(c, MAX_FAULTS) * sizeof *c->faults);
    if (c->flexes)
        munmap(c->flexes, table_size(c, MAX_FLEXES) * sizeof *c->flexes);
    free_hashes(c->hash);
    free_hashes(c->old_hashes);
    if (c->pages)
        munmap(c->pages, PAGE_HASH * sizeof *c->pages);
    if (c->entries)
        munmap(c->entries, CODE_ENTRIES / 8);
    if (c->signatures)
        munmap(c->signatures, table_size(c, MAX_TBS) * sizeof *c->signatures);
    if (c->retired)
        munmap(c->retired, RETIRED_HASH * sizeof *c->retired);
    memset(c, 0, sizeof *c);
}

static void free_region(struct ir_region *r)
{
    if (r) {
        ir_region_free(r);
        free(r);
    }
}

void cache_flush(struct cache *c)
{
    for (uint32_t k = 0; k < c->ntbs; k++)
        free_region(c->tbs[k].region);
    if (c->ntbs) {
        memset(c->hash->slot, 0, (c->hash->mask + 1) * sizeof c->hash->slot[0]);
        memset(c->pages, 0, PAGE_HASH * sizeof *c->pages);
        memset(c->entries, 0, CODE_ENTRIES / 8);
        memset(c->retired, 0, RETIRED_HASH * sizeof *c->retired);
        madvise(c->ways, table_size(c, MAX_LINKS) * sizeof *c->ways, MADV_DONTNEED); /* zeroes again */
    }
    free_hashes(c->old_hashes);
    c->old_hashes = NULL;
    c->ntbs = c->nlinks = c->nfaults = c->nflexes = c->hash_used = 0;
    arena_flush(c);
    c->flushes++;
}

/* The entries of 64 bytes of guest code are in one cache line: they are looked for one after the other. */
static uint32_t hash_of(const struct tb_hash *h, uint64_t pc)
{
    return ((uint32_t)((pc >> 6) * 0x9e3779b97f4a7c15u >> 32) << 3 | (pc >> 3 & 7)) & h->mask;
}

static uint32_t tag_of(uint64_t pc) { return (uint32_t)(pc >> 1); }

/* Slot of pc, or the empty one where the search for it ends. */
static uint32_t hash_find(const struct cache *c, const struct tb_hash *h, uint64_t pc)
{
    uint32_t k = hash_of(h, pc), tag = tag_of(pc);
    while (h->slot[k].tb && (h->slot[k].tag != tag || c->tbs[h->slot[k].tb - 1].pc != pc))
        k = (k + 1) & h->mask;
    return k;
}

bool cache_may_begin(const struct cache *c, uint64_t pc)
{
    unsigned bit = (unsigned)(pc >> 2) & (CODE_ENTRIES - 1);
    return c->entries[bit / 64] >> (bit % 64) & 1;
}

struct tb *cache_find(const struct cache *c, uint64_t pc)
{
    uint32_t id = c->hash->slot[hash_find(c, c->hash, pc)].tb;
    return id ? &c->tbs[id - 1] : NULL;
}

/* What a table shows that changes under the search need not be right; the sequence number says
 * afterwards whether the answer counts. The steps are bounded, as there may seem to be no end. */
struct tb *cache_find_shared(const struct cache *c, uint64_t pc)
{
    uint32_t seq = __atomic_load_n(&c->hash_seq, __ATOMIC_ACQUIRE), steps = 0;
    const struct tb_hash *h = __atomic_load_n(&c->hash, __ATOMIC_ACQUIRE);
    uint32_t k = hash_of(h, pc), tag = tag_of(pc), id = 0;
    for (; !(seq & 1) && steps <= 64; steps++, k = (k + 1) & h->mask) {
        id = __atomic_load_n(&h->slot[k].tb, __ATOMIC_ACQUIRE);
        if (!id || (__atomic_load_n(&h->slot[k].tag, __ATOMIC_RELAXED) == tag && c->tbs[id - 1].pc == pc))
            break;
        id = 0;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if ((seq & 1) || !id || __atomic_load_n(&c->hash_seq, __ATOMIC_RELAXED) != seq)
        return NULL;
    return &c->tbs[id - 1];
}

static void hash_begin(struct cache *c)
{
    __atomic_store_n(&c->hash_seq, c->hash_seq + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void hash_end(struct cache *c) { __atomic_store_n(&c->hash_seq, c->hash_seq + 1, __ATOMIC_RELEASE); }

static void hash_put(struct tb_hash *h, uint64_t pc, uint32_t id)
{
    uint32_t k = hash_of(h, pc);
    while (h->slot[k].tb)
        k = (k + 1) & h->mask;
    h->slot[k].tag = tag_of(pc);
    __atomic_store_n(&h->slot[k].tb, id, __ATOMIC_RELEASE);
}

/* Makes the table n times as large, a power of two. Without memory it fills up further: slower, still
 * right. */
static void hash_grow(struct cache *c, uint32_t n)
{
    struct tb_hash *old = c->hash, *bigger = hash_new((old->mask + 1) * n);
    if (!bigger)
        return;
    for (uint32_t k = 0; k <= old->mask; k++)
        if (old->slot[k].tb)
            hash_put(bigger, c->tbs[old->slot[k].tb - 1].pc, old->slot[k].tb);
    __atomic_store_n(&c->hash, bigger, __ATOMIC_RELEASE);
    old->older = c->old_hashes;
    c->old_hashes = old;
}

/* Room for n more entries at once? */
static bool hash_reserve(struct cache *c, uint32_t n)
{
    uint32_t times = 1;
    while ((c->hash_used + n) * 2 > (c->hash->mask + 1) * times)
        times *= 2;
    if (times > 1)
        hash_grow(c, times);
    return c->hash_used + n < c->hash->mask;
}

static void hash_add(struct cache *c, uint64_t pc, uint32_t id)
{
    if (c->hash_used * 2 > c->hash->mask)
        hash_grow(c, 2);
    hash_put(c->hash, pc, id);
    c->hash_used++;
    unsigned bit = (unsigned)(pc >> 2) & (CODE_ENTRIES - 1);
    c->entries[bit / 64] |= 1ull << (bit % 64);
}

/* Removes pc's entry; those behind it in its cluster move up. */
static void hash_del(struct cache *c, uint64_t pc)
{
    struct tb_hash *h = c->hash;
    uint32_t mask = h->mask, k = hash_find(c, h, pc);
    if (!h->slot[k].tb)
        return;
    hash_begin(c);
    for (uint32_t j = (k + 1) & mask; h->slot[j].tb; j = (j + 1) & mask) {
        uint32_t want = hash_of(h, c->tbs[h->slot[j].tb - 1].pc);
        if (((j - want) & mask) >= ((j - k) & mask)) {
            h->slot[k] = h->slot[j];
            k = j;
        }
    }
    h->slot[k].tb = 0;
    c->hash_used--;
    hash_end(c);
}

struct tb *cache_find_code(const struct cache *c, const uint8_t *host)
{
    if (host < c->rx + c->floor || host >= c->rx + c->size)
        return NULL;
    uint32_t off = (uint32_t)(host - c->rx), lo = 0, hi = __atomic_load_n(&c->ntbs, __ATOMIC_ACQUIRE);
    while (lo < hi) { /* code is appended: offsets ascend */
        uint32_t mid = (lo + hi) / 2;
        if (c->tbs[mid].code_off <= off)
            lo = mid + 1;
        else
            hi = mid;
    }
    /* interpreted ones share the offset of the next and have no length */
    while (lo > 0 && !c->tbs[lo - 1].code_len)
        lo--;
    if (lo == 0 || off >= c->tbs[lo - 1].code_off + c->tbs[lo - 1].code_len)
        return NULL;
    return &c->tbs[lo - 1];
}

/* A table of which nothing is used yet will have that many bytes: in huge pages where most of one would be used. */
static void expect_table(void *base, size_t used, size_t ready)
{
    enum { HUGE_PAGE = 2 << 20, PAYS = 640 << 10 /* a huge page costs as much as these bytes of small ones */ };
    int err = errno;
    if (!ready)
        madvise(base, (used + HUGE_PAGE - PAYS) & ~(size_t)(HUGE_PAGE - 1), MADV_HUGEPAGE);
    errno = err;
}

void cache_expect(struct cache *c, uint32_t tbs, uint32_t links)
{
    expect_table(c->tbs, tbs * sizeof *c->tbs, c->tbs_ready);
    expect_table(c->links, links * sizeof *c->links, c->links_ready);
    if (tbs <= MANY_TBS)
        hash_reserve(c, tbs);
}

bool cache_has_room(struct cache *c, size_t code)
{
    if (c->hash_used >= c->hash->mask || !arena_room(c, code + 64) || c->ntbs + 1 >= table_size(c, MAX_TBS) ||
        c->nlinks + MAX_SIDE >= table_size(c, MAX_LINKS) ||
        c->nfaults + MAX_SIDE >= table_size(c, MAX_FAULTS) ||
        c->nflexes + MAX_FLEX >= table_size(c, MAX_FLEXES))
        return false;
    size_t ahead = c->made > MOST_AHEAD ? MOST_AHEAD : c->made < LEAST_AHEAD ? !!c->made * LEAST_AHEAD : c->made;
    populate(c->rw, c->used + SOON, &c->ready, c->size, ahead);
    populate(c->tbs, (c->ntbs + 1) * sizeof *c->tbs, &c->tbs_ready,
             table_size(c, MAX_TBS) * sizeof *c->tbs, ahead / 2);
    populate(c->links, (c->nlinks + 16) * sizeof *c->links, &c->links_ready,
             table_size(c, MAX_LINKS) * sizeof *c->links, ahead / 2);
    populate(c->faults, (c->nfaults + 64) * sizeof *c->faults, &c->faults_ready,
             table_size(c, MAX_FAULTS) * sizeof *c->faults, ahead / 4);
    return true;
}

bool cache_reserve(struct cache *c, size_t code, uint32_t tbs, uint32_t links, uint32_t faults,
                   uint32_t flexes)
{
    if ((code && !arena_room(c, code + SOON)) || c->ntbs + tbs >= table_size(c, MAX_TBS) ||
        c->nlinks + links + MAX_SIDE >= table_size(c, MAX_LINKS) ||
        c->nfaults + faults + MAX_SIDE >= table_size(c, MAX_FAULTS) ||
        c->nflexes + flexes + MAX_FLEX >= table_size(c, MAX_FLEXES) || !hash_reserve(c, tbs))
        return false;
    if (code)
        populate(c->rw, c->used + code, &c->ready, c->size, 0);
    populate(c->tbs, (c->ntbs + tbs) * sizeof *c->tbs, &c->tbs_ready,
             table_size(c, MAX_TBS) * sizeof *c->tbs, 0);
    populate(c->links, (c->nlinks + links) * sizeof *c->links, &c->links_ready,
             table_size(c, MAX_LINKS) * sizeof *c->links, 0);
    populate(c->faults, (c->nfaults + faults) * sizeof *c->faults, &c->faults_ready,
             table_size(c, MAX_FAULTS) * sizeof *c->faults, 0);
    return true;
}

static uint32_t page_hash(uint64_t page) { return (uint32_t)(page ^ page >> 12) & (PAGE_HASH - 1); }

static uint32_t retired_hash(uint64_t pc)
{
    return (uint32_t)(pc * 0x9e3779b97f4a7c15u >> 32) & (RETIRED_HASH - 1);
}

bool cache_changed(const struct cache *c, uint64_t pc)
{
    uint32_t p = page_hash(pc >> 12);
    return c->changed[p / 64] >> (p % 64) & 1;
}

void cache_sign(struct cache *c, struct tb *tb, uint64_t signature)
{
    c->signatures[tb - c->tbs] = signature;
    tb->is_signed = true;
}

uint64_t cache_signature(const struct cache *c, const struct tb *tb)
{
    return c->signatures[tb - c->tbs];
}

struct tb *cache_find_retired(const struct cache *c, uint64_t pc)
{
    uint32_t id = c->retired[retired_hash(pc)];
    return id && c->tbs[id - 1].pc == pc && !c->tbs[id - 1].valid ? &c->tbs[id - 1] : NULL;
}

void cache_restore(struct cache *c, struct tb *tb)
{
    __atomic_store_n(&tb->valid, true, __ATOMIC_SEQ_CST);
    hash_add(c, tb->pc, (uint32_t)(tb - c->tbs) + 1);
}

/* Into the lists of the pages it touches. */
static void page_add(struct cache *c, struct tb *tb)
{
    uint64_t first = tb_lo(tb) >> 12, last = (tb_hi(tb) - 1) >> 12;
    uint32_t id = (uint32_t)(tb - c->tbs);
    for (unsigned k = 0; k < 2; k++)
        if (k == 0 || last != first) {
            uint32_t p = page_hash(k ? last : first);
            tb->next_page[k] = c->pages[p];
            c->pages[p] = id * 2 + k + 1;
        }
}

/* at: where field may be written */
static void patch(uint8_t *at, uint32_t field, uint32_t to)
{
    int32_t rel = (int32_t)to - (int32_t)(field + 4);
    /* one store inside a cache line (emitted so): another thread sees the old or the new target */
    __atomic_store_n((int32_t *)(void *)at, rel, __ATOMIC_RELEASE);
}

struct tb *cache_add(struct cache *c, uint64_t pc, uint64_t lo, uint64_t hi, const struct xlate_out *o,
                     struct ir_region *region)
{
    struct tb *tb = &c->tbs[c->ntbs];
    uint32_t id = c->ntbs + 1;
    assert(pc - lo <= UINT16_MAX && hi - pc <= UINT16_MAX);
    *tb = (struct tb){ .pc = pc, .before = (uint16_t)(pc - lo), .len = (uint16_t)(hi - pc),
                       .code_off = (uint32_t)c->used, .valid = true, .region = region };
    if (!region) {
        tb->code_len = o->code_len;
        tb->faults = c->nfaults;
        tb->nfaults = (uint16_t)o->nfaults;
        memcpy(c->faults + c->nfaults, o->faults, o->nfaults * sizeof *o->faults);
        c->nfaults += o->nfaults;
        tb->nflex = (uint8_t)o->nflex;
        tb->flex = c->nflexes;
        memcpy(c->flexes + c->nflexes, o->flex, o->nflex * sizeof *o->flex);
        c->nflexes += o->nflex;
        tb->links = c->nlinks;
        tb->nlinks = (uint16_t)o->nlinks;
        for (uint32_t k = 0; k < o->nlinks; k++) {
            const struct xlink *x = &o->links[k];
            c->links[c->nlinks] = (struct tb_link){ .pc = x->pc, .field_off = tb->code_off + x->off,
                                                    .stub_off = tb->code_off + x->stub_off };
            c->nlinks++;
        }
        if (o->nlinks)
            memcpy(c->rw + tb->code_off + o->id_off, &tb->links, 4);
        c->used = (c->used + o->code_len + 15) & ~(size_t)15;
        c->made += o->code_len;
    }
    page_add(c, tb);
    __atomic_store_n(&c->ntbs, id, __ATOMIC_RELEASE);
    hash_add(c, pc, id);
    return tb;
}

void cache_enter(struct cache *c, uint32_t n)
{
    uint32_t first = c->ntbs;
    for (uint32_t k = first; k < first + n; k++)
        if (c->tbs[k].valid)
            page_add(c, &c->tbs[k]);
    __atomic_store_n(&c->ntbs, first + n, __ATOMIC_RELEASE); /* all at once: they jump to one another */
    for (uint32_t k = first; k < first + n; k++)
        if (c->tbs[k].valid)
            hash_add(c, c->tbs[k].pc, k + 1);
}

void cache_link(struct cache *c, uint32_t link, struct tb *to)
{
    struct tb_link *l = &c->links[link];
    struct link_way *way = &c->ways[link];
    if (to->region || (l->target && !way->off))
        return;
    if (!l->target && arena_is_frozen(c, l->field_off)) {
        way->left = MANY_TIMES;
        __atomic_store_n(&way->off, to->code_off, __ATOMIC_RELEASE);
    } else {
        uint8_t *at = arena_patch(c, l->field_off);
        if (!at)
            return;
        patch(at, l->field_off, to->code_off);
        __atomic_store_n(&way->off, 0, __ATOMIC_RELEASE);
    }
    if (l->target)
        return;
    uint32_t id = (uint32_t)(to - c->tbs) + 1;
    l->target = id;
    l->next = to->in_links;
    to->in_links = link + 1;
}

void cache_unlink(struct cache *c, struct tb *tb)
{
    for (uint32_t k = tb->in_links; k;) {
        struct tb_link *l = &c->links[k - 1];
        uint32_t next = l->next;
        l->target = l->next = 0;
        if (c->ways[k - 1].off) {
            __atomic_store_n(&c->ways[k - 1].off, 0, __ATOMIC_RELEASE);
            k = next;
            continue;
        }
        uint8_t *at = arena_patch(c, l->field_off);
        if (!at) {
            fprintf(stderr, "myna: no memory for changes of code\n");
            abort();
        }
        patch(at, l->field_off, l->stub_off);
        k = next;
    }
    tb->in_links = 0;
}

void cache_retire(struct cache *c, struct tb *tb)
{
    if (!tb->valid)
        return;
    __atomic_store_n(&tb->valid, false, __ATOMIC_SEQ_CST);
    hash_del(c, tb->pc);
    cache_unlink(c, tb);
    uint32_t p = page_hash(tb->pc >> 12);
    c->changed[p / 64] |= 1ull << (p % 64);
    if (tb->is_signed)
        c->retired[retired_hash(tb->pc)] = (uint32_t)(tb - c->tbs) + 1;
}

void cache_for_range(struct cache *c, uint64_t start, uint64_t len, void (*fn)(void *, struct tb *),
                     void *arg)
{
    if (!len)
        return;
    uint64_t last = start + len - 1 < start ? ~0ull : start + len - 1;
    if ((last >> 12) - (start >> 12) >= PAGE_HASH / 4) {
        for (uint32_t k = 0; k < c->ntbs; k++)
            if (c->tbs[k].valid && tb_lo(&c->tbs[k]) <= last && tb_hi(&c->tbs[k]) > start)
                fn(arg, &c->tbs[k]);
        return;
    }
    for (uint64_t page = start >> 12; page <= last >> 12; page++)
        for (uint32_t *at = &c->pages[page_hash(page)], k; (k = *at);) {
            struct tb *tb = &c->tbs[(k - 1) / 2];
            uint32_t *next = &tb->next_page[(k - 1) % 2];
            if (tb->valid && tb_lo(tb) <= last && tb_hi(tb) > start)
                fn(arg, tb);
            if (tb->valid || tb->is_signed) /* else it never comes back */
                at = next;
            else
                *at = *next;
        }
}
