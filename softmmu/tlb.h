/*
 * Data TLBs: guest virtual pages to host memory, as translated code looks them up inline.
 *
 * An entry is found by the low bits of the page number. Code compares the page of the access' last byte with `read`
 * or `write` and adds `addend` to the guest address. A tag with any of its low bits set never compares equal: the
 * slow path (access.c) looks at what they mean. One table serves one view of memory: who makes views apart (ISA,
 * by address space identifier, privilege ...) has a table for each and tells the CPU which is in force (struct cpu_mmu).
 *
 * A table belongs to one vCPU and is touched by its thread alone.
 */
#ifndef MYNA_TLB_H
#define MYNA_TLB_H

#include "exec.h"
#include "physmem.h"

enum { /* low bits of tags */
    TLB_IO = 1,      /* no memory there: entry->page has the physical page */
    TLB_WATCH = 2,   /* watched by a debugger: always slow */
    TLB_TRACK = 4,   /* write: translations were made of it, or it is clean: the slow path does what is due */
    TLB_ALIGN = 8,   /* Device memory: unaligned accesses fault */
    TLB_NONE = 2048  /* no access, or no entry */
};

struct tlb_entry {
    uint64_t read, write; /* page address | low bits */
    uint64_t addend;      /* host address - guest address */
    uint64_t page;        /* physical page | bits 5:0 log2 of the mapping's size, bit 6 global, bit 7 unwritten (dirty state), bit 8 secure */
};
static_assert(sizeof(struct tlb_entry) == 32, "translated code shifts by 5");
enum { TLB_SHIFT_MASK = 63, TLB_GLOBAL = 64, TLB_CLEAN = 128, TLB_SECURE = 256 };

enum { TLB_LEAST = 256, TLB_MOST = 8192, TLB_VICTIMS = 8, TLB_FILTER = 4096 };

struct tlb {
    struct tlb_entry *at;
    uint64_t mask;            /* (entries - 1) * sizeof(struct tlb_entry) */
    struct tlb_entry victim[TLB_VICTIMS];
    unsigned next_victim;
    unsigned fills, evictions; /* since the last change of size */
    /* Mappings of more than 64 KiB: where they are, and a filter by va >> 21; huge: of 1 GiB and more, by va >> 30. */
    gva_t large_first, large_last;
    uint64_t large[TLB_FILTER / 64], huge;
    bool nonglobal, global, empty;
    bool middle;              /* mappings of more than a page, up to 64 KiB */
    bool tagged;              /* entries of addresses with a tag: they are not where the address without belongs */
};

/* False: no memory. */
bool tlb_init(struct tlb *t);
void tlb_free(struct tlb *t);
void tlb_flush(struct tlb *t);
/* What maps va, whatever its size. */
void tlb_flush_page(struct tlb *t, gva_t va);
void tlb_drop_nonglobal(struct tlb *t);
/* Entries of memory at the physical page are slow for writes from now on (code was made of it) / all go whose
 * physical page is in [first, last]. */
void tlb_track_page(struct tlb *t, gpa_t page);
void tlb_flush_physical(struct tlb *t, gpa_t first, gpa_t last);
/* Entry that va belongs into. */
static inline struct tlb_entry *tlb_slot(const struct tlb *t, gva_t va)
{
    return (struct tlb_entry *)((char *)t->at + (va >> (PAGE_BITS - 5) & t->mask));
}
/* Entry of va's page if it is there (a victim is brought back), else NULL. */
struct tlb_entry *tlb_find(struct tlb *t, gva_t va);
/* Puts e in for va's page; the table may grow, so slots found before are void. Returns where it is. */
struct tlb_entry *tlb_fill(struct tlb *t, gva_t va, const struct tlb_entry *e);

#endif
