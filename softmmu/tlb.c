/*
 * Tables of the data TLB: filling, growing, flushing.
 *
 * Mappings larger than a page are entered page by page. A flush of an address has to find all pages of its mapping:
 * filters tell whether a mapping of that size may be in the table there, and only then it is searched.
 */
#include <stdlib.h>
#include <string.h>
#include "tlb.h"

static const struct tlb_entry none = { TLB_NONE, TLB_NONE, 0, 0 };

static unsigned count(const struct tlb *t) { return (unsigned)(t->mask / sizeof(struct tlb_entry)) + 1; }

static bool resize(struct tlb *t, unsigned n)
{
    struct tlb_entry *at = aligned_alloc(64, n * sizeof *at);
    if (!at)
        return false;
    free(t->at);
    t->at = at;
    t->mask = (uint64_t)(n - 1) * sizeof *at;
    return true;
}

bool tlb_init(struct tlb *t)
{
    memset(t, 0, sizeof *t);
    if (!resize(t, TLB_LEAST))
        return false;
    tlb_flush(t);
    return true;
}

void tlb_free(struct tlb *t)
{
    free(t->at);
    t->at = NULL;
}

void tlb_flush(struct tlb *t)
{
    if (t->empty)
        return;
    /* One that is mostly empty when it goes was too large. */
    if (t->fills < count(t) / 8 && count(t) > TLB_LEAST)
        resize(t, count(t) / 2);
    for (unsigned k = 0; k < count(t); k++)
        t->at[k] = none;
    for (unsigned k = 0; k < TLB_VICTIMS; k++)
        t->victim[k] = none;
    if (t->large_last)
        memset(t->large, 0, sizeof t->large);
    t->huge = t->large_last = 0;
    t->large_first = ~0ull;
    t->fills = t->evictions = 0;
    t->nonglobal = t->global = t->middle = t->tagged = false;
    t->empty = true;
}

static uint64_t page_of(const struct tlb_entry *e)
{
    uint64_t tag = e->read & TLB_NONE ? e->write : e->read;
    return tag & ~(uint64_t)(PAGE_BYTES - 1);
}
static bool is_none(const struct tlb_entry *e) { return e->read & e->write & TLB_NONE; }

static uint64_t huge_bit(gva_t va) { return 1ull << ((va >> 30) * 0x9e3779b97f4a7c15ull >> 58); }
static unsigned large_bit(gva_t va) { return (unsigned)(va >> 21 ^ va >> 33) & (TLB_FILTER - 1); }

/* May va be in a mapping that has more entries than those of 64 KiB around it? */
static bool may_be_large(const struct tlb *t, gva_t va)
{
    if (va < t->large_first || va > t->large_last)
        return false;
    return (t->large[large_bit(va) / 64] >> (large_bit(va) % 64) & 1) || (t->huge & huge_bit(va));
}
static void note_large(struct tlb *t, gva_t va, unsigned shift)
{
    gva_t first = shift < 63 ? va >> shift << shift : 0, last = shift < 63 ? first + (1ull << shift) - 1 : ~0ull;
    t->large_first = first < t->large_first ? first : t->large_first;
    t->large_last = last > t->large_last ? last : t->large_last;
    if (shift >= 36)
        t->huge = ~0ull; /* of a terabyte, or without translation: one bit for each GiB is too much */
    else if (shift >= 30)
        for (unsigned k = 0; k < 1u << (shift - 30); k++)
            t->huge |= huge_bit(first + ((gva_t)k << 30));
    else
        for (unsigned k = 0; k < (shift > 21 ? 1u << (shift - 21) : 1); k++)
            t->large[large_bit(first + ((gva_t)k << 21)) / 64] |= 1ull << (large_bit(first + ((gva_t)k << 21)) % 64);
}

/* Removes the entries that which() names. */
static void remove_if(struct tlb *t, bool (*which)(const struct tlb_entry *e, uint64_t a, uint64_t b), uint64_t a, uint64_t b)
{
    for (unsigned k = 0; k < count(t); k++)
        if (!is_none(&t->at[k]) && which(&t->at[k], a, b))
            t->at[k] = none;
    for (unsigned k = 0; k < TLB_VICTIMS; k++)
        if (!is_none(&t->victim[k]) && which(&t->victim[k], a, b))
            t->victim[k] = none;
}

static bool in_mapping(const struct tlb_entry *e, uint64_t va, uint64_t unused)
{
    return (page_of(e) ^ va) << 8 >> 8 >> (e->page & TLB_SHIFT_MASK) == 0; /* tags don't count */
}
static bool is_nonglobal(const struct tlb_entry *e, uint64_t a, uint64_t b) { return !(e->page & TLB_GLOBAL); }
static bool is_physical(const struct tlb_entry *e, uint64_t first, uint64_t last)
{
    uint64_t page = e->page & ~(uint64_t)(PAGE_BYTES - 1);
    return page >= first && page <= last;
}

void tlb_flush_page(struct tlb *t, gva_t va)
{
    if (t->empty)
        return;
    if (t->tagged || may_be_large(t, va)) {
        remove_if(t, in_mapping, va, 0);
        return;
    }
    gva_t first = t->middle ? va & ~0xffffull : va;
    for (unsigned k = 0; k < (t->middle ? 16 : 1); k++) {
        struct tlb_entry *e = tlb_slot(t, first + (gva_t)k * PAGE_BYTES);
        if (!is_none(e) && in_mapping(e, va, 0))
            *e = none;
    }
    for (unsigned k = 0; k < TLB_VICTIMS; k++)
        if (!is_none(&t->victim[k]) && in_mapping(&t->victim[k], va, 0))
            t->victim[k] = none;
}

void tlb_drop_nonglobal(struct tlb *t)
{
    if (!t->nonglobal)
        return;
    remove_if(t, is_nonglobal, 0, 0);
    t->nonglobal = false;
}

void tlb_flush_physical(struct tlb *t, gpa_t first, gpa_t last)
{
    if (!t->empty)
        remove_if(t, is_physical, first & ~(uint64_t)(PAGE_BYTES - 1), last);
}

static bool track(const struct tlb_entry *entry, uint64_t page, uint64_t unused)
{
    struct tlb_entry *e = (struct tlb_entry *)entry; /* of a table of ours */
    if (is_physical(e, page, page) && !(e->write & TLB_NONE))
        e->write |= TLB_TRACK;
    return false;
}

void tlb_track_page(struct tlb *t, gpa_t page)
{
    if (!t->empty)
        remove_if(t, track, page, 0);
}

struct tlb_entry *tlb_find(struct tlb *t, gva_t va)
{
    gva_t page = va & ~(uint64_t)(PAGE_BYTES - 1);
    struct tlb_entry *e = tlb_slot(t, va);
    if (!is_none(e) && page_of(e) == page)
        return e;
    for (unsigned k = 0; k < TLB_VICTIMS; k++)
        if (!is_none(&t->victim[k]) && page_of(&t->victim[k]) == page) {
            struct tlb_entry old = *e;
            *e = t->victim[k];
            t->victim[k] = old;
            return e;
        }
    return NULL;
}

/* Twice as large, with what is in it. */
static void grow(struct tlb *t)
{
    unsigned n = count(t);
    struct tlb_entry *old = t->at;
    t->at = NULL;
    if (!resize(t, 2 * n)) {
        t->at = old;
        return;
    }
    for (unsigned k = 0; k < 2 * n; k++)
        t->at[k] = none;
    for (unsigned k = 0; k < n; k++)
        if (!is_none(&old[k]))
            *tlb_slot(t, page_of(&old[k])) = old[k];
    free(old);
    t->fills = t->evictions = 0;
}

struct tlb_entry *tlb_fill(struct tlb *t, gva_t va, const struct tlb_entry *e)
{
    struct tlb_entry *at = tlb_slot(t, va);
    unsigned shift = e->page & TLB_SHIFT_MASK;
    t->fills++;
    t->empty = false;
    if (!is_none(at) && page_of(at) != page_of(e)) {
        if (++t->evictions > count(t) / 4 && count(t) < TLB_MOST) {
            grow(t);
            at = tlb_slot(t, va);
        }
        if (!is_none(at) && page_of(at) != page_of(e))
            t->victim[t->next_victim++ % TLB_VICTIMS] = *at;
    }
    *at = *e;
    if (shift >= 17)
        note_large(t, va, shift);
    else if (shift > PAGE_BITS)
        t->middle = true;
    if (e->page & TLB_GLOBAL)
        t->global = true;
    else
        t->nonglobal = true;
    t->tagged |= (uint64_t)((int64_t)(va << 8) >> 8) != va;
    return at;
}
