/*
 * The slow paths of guest memory accesses: what the inline TLB probe does not answer.
 *
 * A miss fills the TLB by the ISA's walk. What is no plain memory (devices, pages that a debugger watches, pages with
 * translations, accesses over the end of a page) is done here. A load is answered by the address of a copy; the
 * translated load then takes it from there. A store is done as a whole, after all its pages were found writable,
 * so that a fault leaves memory as it was. An atomic access needs memory: elsewhere it is refused.
 */
#include <string.h>
#include "machine.h"
#include "vcpu.h"

enum { INFO_SIZE = 7, INFO_WRITE = 8, INFO_SPACE_SHIFT = 4, INFO_SPACE = 1, INFO_ATOMIC = 32 };

static struct tlb *tlb_of(struct cpu *cpu, unsigned space) { return cpu->mmu[space].tlb; }

/* Entry that allows the access, filled if need be; NULL: a fault, noted. */
static struct tlb_entry *entry_for(struct vcpu *v, gva_t va, bool write, unsigned space)
{
    struct tlb_entry *e = tlb_find(tlb_of(v->cpu, space), va);
    if (e && !((write ? e->write : e->read) & TLB_NONE) && !(write && (e->page & TLB_CLEAN)))
        return e;
    return v->machine->isa->fill(v, va, write, space);
}

static gpa_t physical(const struct tlb_entry *e, gva_t va)
{
    return (e->page & ~(uint64_t)(PAGE_BYTES - 1)) | (va & (PAGE_BYTES - 1));
}

static struct mem_attr attributes(const struct tlb_entry *e) { return (struct mem_attr){ .requester = ~0u, .secure = e->page & TLB_SECURE }; }

/* A store to a page with translations, or the first one since they were tracked. */
static void written(struct vcpu *v, struct tlb_entry *e, gva_t va, unsigned n)
{
    if ((e->write & TLB_TRACK) && !machine_wrote_tracked(v, physical(e, va), n))
        e->write &= ~(uint64_t)TLB_TRACK; /* nothing is left there to look after */
}

/* n bytes inside one page. False: nothing is there. */
static bool load_piece(struct vcpu *v, const struct tlb_entry *e, gva_t va, unsigned n, uint8_t *to)
{
    if (!(e->read & TLB_IO)) {
        memcpy(to, (void *)(uintptr_t)(va + e->addend), n);
        return true;
    }
    struct physmem *m = vcpu_physmem(v);
    gpa_t pa = physical(e, va);
    struct mem_attr a = attributes(e); /* the device may change the map, and with it the entry */
    while (n) { /* 16 bytes are two accesses; odd pieces are of accesses over a page's end */
        unsigned k = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        uint64_t value;
        if (physmem_load(m, &v->reader, pa, k, &value, a) != MEM_OK)
            return false;
        memcpy(to, &value, k);
        pa += k;
        to += k;
        n -= k;
    }
    return true;
}

static bool store_piece(struct vcpu *v, struct tlb_entry *e, gva_t va, unsigned n, const uint8_t *from)
{
    if (!(e->write & TLB_IO)) {
        memcpy((void *)(uintptr_t)(va + e->addend), from, n);
        written(v, e, va, n);
        return true;
    }
    struct physmem *m = vcpu_physmem(v);
    gpa_t pa = physical(e, va);
    struct mem_attr a = attributes(e); /* the device may change the map, and with it the entry */
    while (n) {
        unsigned k = n >= 8 ? 8 : n >= 4 ? 4 : n >= 2 ? 2 : 1;
        uint64_t value = 0;
        memcpy(&value, from, k);
        if (physmem_store(m, &v->reader, pa, k, value, a) != MEM_OK)
            return false;
        pa += k;
        from += k;
        n -= k;
    }
    return true;
}

static bool misaligned(const struct tlb_entry *e, bool write, gva_t va, unsigned n)
{
    return ((write ? e->write : e->read) & TLB_ALIGN) && (va & (n - 1));
}

/* Is the access one that somebody watches? Then a fault is noted. */
static bool watched(struct vcpu *v, const struct tlb_entry *e, bool write, gva_t va, unsigned n, unsigned space)
{
    return (write ? e->write : e->read) & TLB_WATCH && v->machine->isa->watch(v, va, n, write, space);
}

uint64_t softmmu_address(struct cpu *cpu, uint64_t va, unsigned info)
{
    struct vcpu *v = vcpu_of(cpu);
    unsigned n = 1u << (info & INFO_SIZE), space = info >> INFO_SPACE_SHIFT & INFO_SPACE;
    unsigned first = PAGE_BYTES - (va & (PAGE_BYTES - 1));
    bool atomic = info & INFO_ATOMIC, write = info & INFO_WRITE;
    struct tlb_entry *e = entry_for(v, va, write, space);
    if (!e)
        return ~0ull;
    if (misaligned(e, write, va, n) || (atomic && (first < n || ((write ? e->write : e->read) & TLB_IO)))) {
        v->machine->isa->refuse(v, va, write, space, misaligned(e, write, va, n) || first < n);
        return ~0ull;
    }
    if (watched(v, e, write, va, n, space) || (write && atomic && watched(v, e, false, va, n, space)))
        return ~0ull;
    uint64_t tag = write ? e->write : e->read;
    if (atomic || (first >= n && !(tag & (TLB_IO | TLB_WATCH)))) {
        if (write)
            written(v, e, va, n);
        return e->addend;
    }
    uint8_t *copy = cpu->bounce;
    if (first >= n) {
        if (!load_piece(v, e, va, n, copy))
            goto nothing;
    } else {
        struct tlb_entry one = *e; /* the second may displace it */
        struct tlb_entry *two = entry_for(v, va + first, false, space);
        if (!two || watched(v, two, false, va, n, space))
            return ~0ull;
        if (!load_piece(v, &one, va, first, copy) || !load_piece(v, two, va + first, n - first, copy + first))
            goto nothing;
    }
    return (uint64_t)(uintptr_t)copy - va;
nothing:
    v->machine->isa->refuse(v, va, false, space, false);
    return ~0ull;
}

bool softmmu_store(struct cpu *cpu, uint64_t va, unsigned info, uint64_t low, uint64_t high)
{
    struct vcpu *v = vcpu_of(cpu);
    unsigned n = 1u << (info & INFO_SIZE), space = info >> INFO_SPACE_SHIFT & INFO_SPACE;
    unsigned first = PAGE_BYTES - (va & (PAGE_BYTES - 1));
    uint64_t value[2] = { low, high };
    struct tlb_entry *e = entry_for(v, va, true, space);
    if (!e)
        return false;
    if (misaligned(e, true, va, n)) {
        v->machine->isa->refuse(v, va, true, space, true);
        return false;
    }
    if (watched(v, e, true, va, n, space))
        return false;
    bool done;
    if (first >= n) {
        done = store_piece(v, e, va, n, (const uint8_t *)value);
    } else {
        e = entry_for(v, va + first, true, space);
        if (!e || watched(v, e, true, va, n, space))
            return false;
        e = entry_for(v, va, true, space); /* the second may have displaced it */
        done = e && store_piece(v, e, va, first, (const uint8_t *)value);
        e = done ? entry_for(v, va + first, true, space) : NULL;
        done = e && store_piece(v, e, va + first, n - first, (const uint8_t *)value + first);
    }
    if (!done)
        v->machine->isa->refuse(v, va, true, space, false);
    return done;
}
