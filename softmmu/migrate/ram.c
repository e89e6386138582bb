/*
 * Memory in a stream. See ram.h.
 *
 * What is written while pages are sent is noticed by MEM_DIRTY of physmem.h: a page without it is slow for stores (TLB_TRACK) until
 * the first one sets it. To begin a round the bits are taken away under the machine's lock, and then every vCPU's TLB
 * is emptied before a page of the round is read: a store that an old entry let through comes before that, and is seen.
 * A page that had no such entry, and no store, had no bit.
 *
 * Memory is a file that has holes where nothing was ever written: those pages are neither read nor sent. The receiver
 * begins with nothing but holes.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ram.h"

enum { RUN = 256 /* pages of one record, at most */, SOME = 4096 /* pages looked at in one call */ };

static void add_region(void *arg, struct mem_region *r)
{
    struct ram *m = arg;
    if (m->n > RAM_REGIONS)
        return;
    if (m->n == RAM_REGIONS) {
        m->n++; /* too many: ram_find says so */
        return;
    }
    struct ram_region *g = &m->at[m->n];
    unsigned same = 0;
    for (unsigned k = 0; k < m->n; k++)
        same += !strcmp(m->at[k].r->name, r->name);
    *g = (struct ram_region){ .r = r, .pages = r->size >> PAGE_BITS };
    if (same)
        snprintf(g->name, sizeof g->name, "%.56s#%u", r->name, same);
    else
        snprintf(g->name, sizeof g->name, "%.56s", r->name);
    m->n++;
}

bool ram_find(struct ram *m, struct machine *machine, char *err, size_t errlen)
{
    *m = (struct ram){ .machine = machine };
    physmem_regions(machine->memory, add_region, m);
    if (m->n > RAM_REGIONS) {
        snprintf(err, errlen, "the machine has more than %d regions of memory", RAM_REGIONS);
        m->n = 0;
        return false;
    }
    for (unsigned k = 0; k < m->n; k++)
        if (!(m->at[k].bits = calloc(m->at[k].pages / 64 + 1, 8))) {
            snprintf(err, errlen, "no memory");
            ram_free(m);
            return false;
        }
    return true;
}

void ram_free(struct ram *m)
{
    for (unsigned k = 0; k < m->n; k++)
        free(m->at[k].bits);
    m->n = 0;
}

uint64_t ram_bytes(const struct ram *m)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < m->n; k++)
        n += m->at[k].r->size;
    return n;
}

uint64_t ram_left(const struct ram *m)
{
    uint64_t n = 0;
    for (unsigned k = 0; k < m->n; k++)
        n += m->at[k].todo;
    return n;
}

/* --------------------------------------------------------------------------- rounds */

static void set_todo(struct ram_region *g, uint64_t page)
{
    uint64_t bit = 1ull << page % 64;
    g->todo += !(g->bits[page / 64] & bit);
    g->bits[page / 64] |= bit;
}

/* Takes the bits away, eight pages at a time; keep: they are noted as pages to be sent. */
static void take_bits(struct ram_region *g, bool keep)
{
    uint8_t *pages = g->r->pages;
    const uint64_t all = 0x0101010101010101ull * MEM_DIRTY;
    for (uint64_t k = 0; k < g->pages; k++) {
        uint64_t word;
        if (k % 8 == 0 && g->pages - k >= 8 && (memcpy(&word, pages + k, 8), !(word & all))) {
            k += 7;
            continue;
        }
        if (!(__atomic_load_n(&pages[k], __ATOMIC_RELAXED) & MEM_DIRTY))
            continue;
        __atomic_fetch_and(&pages[k], (uint8_t)~MEM_DIRTY, __ATOMIC_SEQ_CST);
        if (keep)
            set_todo(g, k);
    }
}

static void forget(struct vcpu *v, uint64_t first, uint64_t last) { v->machine->isa->flush_physical(v, first, last); }

/* Every vCPU has left guest code, or will have emptied its TLBs before it enters it. Without the lock. */
static void empty_tlbs(struct machine *m)
{
    for (unsigned k = 0; k < m->nvcpus; k++)
        vcpu_do(m->vcpus[k], forget, 0, ~0ull);
    for (unsigned k = 0; k < m->nvcpus; k++)
        vcpu_wait_for(m->vcpus[k]);
}

void ram_begin(struct ram *m, bool standing)
{
    bool locked = machine_lock_enter();
    for (unsigned k = 0; k < m->n; k++) {
        struct ram_region *g = &m->at[k];
        if (!standing) /* else nobody asks for them; a migration that is under way may want them */
            take_bits(g, false);
        memset(g->bits, 0xff, g->pages / 64 * 8);
        if (g->pages % 64)
            g->bits[g->pages / 64] = (1ull << g->pages % 64) - 1;
        g->todo = g->pages;
    }
    if (locked)
        machine_lock_leave();
    if (!standing)
        empty_tlbs(m->machine);
}

void ram_collect(struct ram *m, bool standing)
{
    bool locked = machine_lock_enter();
    for (unsigned k = 0; k < m->n; k++)
        take_bits(&m->at[k], true);
    if (locked)
        machine_lock_leave();
    if (!standing)
        empty_tlbs(m->machine);
    m->again = true;
}

/* -------------------------------------------------------------------------- sending */

void ram_put_list(struct ram *m, struct stream *s)
{
    stream_put_number(s, 'R', 1);
    stream_put_number(s, m->n, 4);
    for (unsigned k = 0; k < m->n; k++) {
        stream_put_text(s, m->at[k].name);
        stream_put_number(s, m->at[k].r->size, 8);
    }
}

static bool is_zero(const uint8_t *page)
{
    const uint64_t *p = (const uint64_t *)(const void *)page;
    for (unsigned k = 0; k < PAGE_BYTES / 8; k += 8)
        if (p[k] | p[k + 1] | p[k + 2] | p[k + 3] | p[k + 4] | p[k + 5] | p[k + 6] | p[k + 7])
            return false;
    return true;
}

static void put_run(struct stream *s, unsigned region, uint64_t page, uint64_t n, const uint8_t *host)
{
    stream_put_number(s, host ? 'P' : 'Z', 1);
    stream_put_number(s, region, 2);
    stream_put_number(s, page, 8);
    stream_put_number(s, n, 4);
    if (host)
        stream_put(s, host + page * PAGE_BYTES, n * PAGE_BYTES);
}

/* The first page from `page` on that has to be sent. */
static uint64_t next_todo(const struct ram_region *g, uint64_t page)
{
    while (page < g->pages) {
        uint64_t w = g->bits[page / 64] >> page % 64;
        if (w)
            return page + (unsigned)__builtin_ctzll(w);
        page = (page | 63) + 1;
    }
    return g->pages;
}

/* Pages of [page, end) are done; how many had to be. */
static void clear_todo(struct ram_region *g, uint64_t page, uint64_t end)
{
    for (; page < end; page++) {
        uint64_t bit = 1ull << page % 64;
        g->todo -= (g->bits[page / 64] & bit) != 0;
        g->bits[page / 64] &= ~bit;
    }
}

/* Where data begins at or after the page, as far as the file knows. */
static uint64_t next_data(const struct ram_region *g, uint64_t page)
{
    off_t at = g->r->fd < 0 || g->r->apart ? -1 : lseek(g->r->fd, (off_t)(page * PAGE_BYTES), SEEK_DATA);
    if (at >= 0)
        return (uint64_t)at >> PAGE_BITS;
    return g->r->fd >= 0 && !g->r->apart && errno == ENXIO ? g->pages : page;
}

static void put_pages(struct ram *m, struct stream *s, unsigned region, uint64_t page)
{
    struct ram_region *g = &m->at[region];
    uint64_t end = page, seen = 0;
    while (seen < SOME && page < g->pages && !stream_failed(s)) {
        uint64_t data = m->again ? page : next_data(g, page);
        if (data > page) {
            m->zero += data - page;
            clear_todo(g, page, data);
            page = next_todo(g, data);
            continue;
        }
        bool zero = is_zero(g->r->host + page * PAGE_BYTES);
        for (end = page + 1; end - page < RUN && end < g->pages && (g->bits[end / 64] >> end % 64 & 1) &&
                             is_zero(g->r->host + end * PAGE_BYTES) == zero;)
            end++;
        if (!zero || m->again)
            put_run(s, region, page, end - page, zero ? NULL : g->r->host);
        *(zero ? &m->zero : &m->normal) += end - page;
        seen += end - page;
        clear_todo(g, page, end);
        page = next_todo(g, end);
    }
}

bool ram_put_some(struct ram *m, struct stream *s)
{
    for (unsigned k = 0; k < m->n; k++)
        if (m->at[k].todo) {
            put_pages(m, s, k, next_todo(&m->at[k], 0));
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------------ receiving */

static void compare(struct ram *m, struct stream *s, const char *name, uint64_t size, bool *had)
{
    for (unsigned k = 0; k < m->n; k++) {
        if (strcmp(m->at[k].name, name) || had[k])
            continue;
        had[k] = true;
        if (m->at[k].r->size != size)
            stream_fail(s, "memory '%s' has %" PRIu64 " MiB in the stream, and %" PRIu64 " MiB here (%" PRIu64 " and %" PRIu64 " bytes)", name, size >> 20,
                        m->at[k].r->size >> 20, size, m->at[k].r->size);
        return;
    }
    stream_fail(s, "the stream has memory '%s', which this machine has not", name);
}

/* Nothing is in it any more. */
static void empty(struct ram_region *g)
{
    if (g->r->fd < 0 || g->r->apart || fallocate(g->r->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)g->r->size) < 0)
        memset(g->r->host, 0, g->r->size);
    memset(g->bits, 0, (g->pages / 64 + 1) * 8);
}

void ram_get_list(struct ram *m, struct stream *s)
{
    bool had[RAM_REGIONS] = { false };
    char name[256];
    uint32_t n = (uint32_t)stream_get_number(s, 4);
    if (n > RAM_REGIONS)
        stream_fail(s, "the stream is damaged: %u regions of memory", n);
    for (uint32_t k = 0; k < n && !stream_failed(s); k++) {
        stream_get_text(s, name, sizeof name);
        uint64_t size = stream_get_number(s, 8);
        if (!stream_failed(s))
            compare(m, s, name, size, had);
        /* In the stream regions are known by their places in its list. */
        for (unsigned j = k; j < m->n && !stream_failed(s); j++)
            if (!strcmp(m->at[j].name, name)) {
                struct ram_region g = m->at[j];
                bool h = had[j];
                m->at[j] = m->at[k];
                m->at[k] = g;
                had[j] = had[k];
                had[k] = h;
                break;
            }
    }
    for (unsigned k = 0; k < m->n && !stream_failed(s); k++)
        if (!had[k])
            stream_fail(s, "this machine has memory '%s', which the stream has not", m->at[k].name);
    for (unsigned k = 0; k < m->n && !stream_failed(s); k++)
        empty(&m->at[k]);
}

void ram_get_pages(struct ram *m, struct stream *s, bool zero)
{
    uint32_t region = (uint32_t)stream_get_number(s, 2);
    uint64_t page = stream_get_number(s, 8), n = stream_get_number(s, 4);
    if (stream_failed(s))
        return;
    if (region >= m->n || page >= m->at[region].pages || !n || n > RUN || n > m->at[region].pages - page) {
        stream_fail(s, "the stream is damaged: pages that the machine's memory has not");
        return;
    }
    struct ram_region *g = &m->at[region];
    if (!zero)
        stream_get(s, g->r->host + page * PAGE_BYTES, n * PAGE_BYTES);
    for (uint64_t k = page; k < page + n; k++) {
        uint64_t bit = 1ull << k % 64;
        if (!zero)
            g->bits[k / 64] |= bit;
        else if (g->bits[k / 64] & bit)
            memset(g->r->host + k * PAGE_BYTES, 0, PAGE_BYTES);
    }
    *(zero ? &m->zero : &m->normal) += n;
}
