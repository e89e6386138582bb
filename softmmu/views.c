/*
 * The table of views: entries never move and are never removed, so that they can be read without a lock; two
 * hash indexes of lists, by all that makes a view and by physical page.
 *
 * A guest can make a view of each combination of virtual and physical page. The table has a limit; when it is reached the engine
 * flushes everything and the table begins anew (machine_renumber). Lists lead to ever lower numbers, so who walks one meanwhile
 * comes to its end.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "views.h"

enum { MOST_VIEWS = 1 << 20, HASH = 1 << 16 };

struct code_views {
    pthread_mutex_t lock;
    struct code_view *at; /* [0] is none */
    uint32_t n, era;
    uint32_t by_all[HASH], by_page[HASH], by_vpage[HASH];
};

static uint32_t mix(uint64_t a) { return (uint32_t)(a * 0x9e3779b97f4a7c15ull >> 48) & (HASH - 1); }
static uint32_t hash_all(uint64_t vpage, gpa_t pa, uint32_t flags) { return mix((vpage >> PAGE_BITS) * 31 + (pa >> PAGE_BITS) + ((uint64_t)flags << 40)); }
static uint32_t hash_page(const struct mem_region *r, uint64_t offset) { return mix((uint64_t)(uintptr_t)r + (offset >> PAGE_BITS)); }

struct code_views *views_new(void)
{
    struct code_views *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->at = mmap(NULL, MOST_VIEWS * sizeof *c->at, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (c->at == MAP_FAILED) {
        free(c);
        return NULL;
    }
    pthread_mutex_init(&c->lock, NULL);
    c->n = 1;
    return c;
}

void views_free(struct code_views *c)
{
    if (!c)
        return;
    munmap(c->at, MOST_VIEWS * sizeof *c->at);
    free(c);
}

static uint32_t find(struct code_views *c, uint32_t h, uint64_t vpage, const struct code_page *p)
{
    for (uint32_t k = __atomic_load_n(&c->by_all[h], __ATOMIC_ACQUIRE); k; k = c->at[k].next)
        if (c->at[k].vpage == vpage && c->at[k].pa == p->pa && c->at[k].flags == p->flags && c->at[k].r == p->r &&
            c->at[k].offset == p->offset && c->at[k].global == p->global)
            return k;
    return 0;
}

uint32_t views_get(struct code_views *c, uint64_t vpage, const struct code_page *p, bool *is_new)
{
    uint32_t h = hash_all(vpage, p->pa, p->flags), k = find(c, h, vpage, p);
    *is_new = false;
    if (k)
        return k;
    pthread_mutex_lock(&c->lock);
    k = find(c, h, vpage, p);
    if (!k && c->n < MOST_VIEWS) {
        uint32_t hp = hash_page(p->r, p->offset), hv = mix(vpage >> PAGE_BITS);
        k = c->n;
        c->at[k] = (struct code_view){ .vpage = vpage, .pa = p->pa, .r = p->r, .offset = p->offset, .flags = p->flags,
                                       .global = p->global, .next = c->by_all[h], .next_page = c->by_page[hp],
                                       .next_vpage = c->by_vpage[hv] };
        __atomic_store_n(&c->n, k + 1, __ATOMIC_RELEASE);
        __atomic_store_n(&c->by_page[hp], k, __ATOMIC_RELEASE);
        __atomic_store_n(&c->by_vpage[hv], k, __ATOMIC_RELEASE);
        __atomic_store_n(&c->by_all[h], k, __ATOMIC_RELEASE);
        *is_new = true;
    }
    pthread_mutex_unlock(&c->lock);
    return k;
}

void views_reset(struct code_views *c)
{
    pthread_mutex_lock(&c->lock);
    memset(c->by_all, 0, sizeof c->by_all);
    memset(c->by_page, 0, sizeof c->by_page);
    memset(c->by_vpage, 0, sizeof c->by_vpage);
    c->n = 1;
    c->era++;
    pthread_mutex_unlock(&c->lock);
}

uint32_t views_era(const struct code_views *c) { return c->era; }

const struct code_view *views_at(const struct code_views *c, uint32_t n) { return &c->at[n]; }
unsigned views_count(const struct code_views *c) { return c->n - 1; }

bool views_of_page(struct code_views *c, const struct mem_region *r, uint64_t offset, void (*fn)(void *arg, uint32_t n), void *arg)
{
    bool any = false;
    offset &= ~(uint64_t)(PAGE_BYTES - 1);
    for (uint32_t k = __atomic_load_n(&c->by_page[hash_page(r, offset)], __ATOMIC_ACQUIRE); k; k = c->at[k].next_page)
        if (c->at[k].r == r && c->at[k].offset == offset) {
            fn(arg, k);
            any = true;
        }
    return any;
}

void views_of_vpage(struct code_views *c, uint64_t vpage, void (*fn)(void *arg, uint32_t n), void *arg)
{
    for (uint32_t k = __atomic_load_n(&c->by_vpage[mix(vpage >> PAGE_BITS)], __ATOMIC_ACQUIRE); k; k = c->at[k].next_vpage)
        if (c->at[k].vpage == vpage)
            fn(arg, k);
}
