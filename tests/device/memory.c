/*
 * The machine core by itself: physical address space, data TLB, translation-table walks (softmmu/physmem.h, tlb.h,
 * aarch64/walk.c).
 *
 * Walks: tables of every granule, size of address and level of the leaf are made here by the rules of Arm ARM D8.2, D8.3, with
 * random addresses and permissions; what comes out is compared with what was put in.
 */
#include <stdlib.h>
#include <string.h>

#include "isa.h"
#include "machine.h"
#include "sys.h"

static unsigned failures;
#define CHECK(x) do { if (!(x)) { failures++; printf("%s:%d: %s\n", __FILE__, __LINE__, #x); } } while (0)

static uint64_t seed = 1;
static uint64_t draw(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

/* ---------------------------------------------------------- physical addresses */

static uint64_t last_offset, last_value, accesses;
static uint64_t io_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    accesses++;
    return 0x1122334455667788ull >> 8 * (offset & 7) & (size == 8 ? ~0ull : (1ull << 8 * size) - 1);
}
static void io_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    accesses++;
    last_offset = offset;
    last_value = value;
}
static void ignore(void *arg, gpa_t first, gpa_t last) { ++*(unsigned *)arg; }

static void physical(void)
{
    static const struct mmio_ops ops = { io_read, io_write, 4, 4, true }, merging = { io_read, io_write, 4, 4, true, true };
    unsigned changes = 0;
    int error;
    struct physmem *m = physmem_new(ignore, &changes);
    struct mem_reader who = { 0 };
    physmem_reader_add(m, &who);
    struct mem_region *ram = mem_new_ram("ram", 1 << 20, MEM_RAM, &error), *rom = mem_new_ram("rom", 65536, MEM_ROM, &error);
    struct mem_region *io = mem_new_mmio("io", 4096, &ops, NULL);
    struct mem_range g;
    uint64_t v;
    CHECK(!physmem_find(m, &who, 0x1000, &g) && g.base == 0 && g.last == ~0ull);
    struct mapping *low = physmem_map(m, ram, 0x100000, 0, 1 << 20, 0);
    physmem_map(m, ram, 0x80000000, 0x1000, 0x2000, 0); /* the same memory by another name */
    physmem_map(m, rom, 0x40000000, 0, 65536, 0);
    CHECK(changes == 3);
    CHECK(physmem_find(m, &who, 0x101234, &g) && g.r == ram && g.base == 0x100000 && g.last == 0x1fffff && g.offset == 0);
    CHECK(physmem_find(m, &who, 0x80001000, &g) && g.r == ram && g.offset == 0x1000 && g.base == 0x80000000 && g.last == 0x80001fff);
    CHECK(!physmem_find(m, &who, 0x200000, &g) && g.base == 0x200000 && g.last == 0x3fffffff);
    CHECK(physmem_store(m, &who, 0x101ffc, 8, 0x8877665544332211, MEM_CPU) == MEM_OK); /* over a page's end */
    CHECK(physmem_load(m, &who, 0x80001000 - 4, 8, &v, MEM_CPU) == MEM_OK && v == 0x8877665544332211);
    CHECK(physmem_store(m, &who, 0x40000000, 4, 0xffff, MEM_CPU) == MEM_OK);
    CHECK(physmem_load(m, &who, 0x40000000, 4, &v, MEM_CPU) == MEM_OK && v == 0); /* ROM keeps what it has */
    CHECK(physmem_load(m, &who, 0x10, 4, &v, MEM_CPU) == MEM_NOTHING);
    /* a device over memory, by priority */
    struct mapping *over = physmem_map(m, io, 0x110000, 0, 4096, 1);
    CHECK(physmem_find(m, &who, 0x110004, &g) && g.r == io && g.base == 0x110000 && g.last == 0x110fff);
    CHECK(physmem_find(m, &who, 0x111000, &g) && g.r == ram && g.offset == 0x11000);
    accesses = 0;
    CHECK(physmem_load(m, &who, 0x110000, 8, &v, MEM_CPU) == MEM_OK && accesses == 2 && v == 0x1122334455667788);
    accesses = 0;
    CHECK(physmem_load(m, &who, 0x110002, 1, &v, MEM_CPU) == MEM_OK && accesses == 1 && v == 0x66);
    CHECK(physmem_store(m, &who, 0x110008, 4, 77, MEM_CPU) == MEM_OK && last_offset == 8 && last_value == 77);
    accesses = 0; /* a read may have effects of its own: a narrow write makes none */
    CHECK(physmem_store(m, &who, 0x11000a, 2, 0xabcd, MEM_CPU) == MEM_OK && accesses == 1 && last_offset == 8 && last_value == 0xabcd0000);
    mem_set_device(io, &merging, NULL);
    CHECK(physmem_store(m, &who, 0x110009, 1, 0xab, MEM_CPU) == MEM_OK && accesses == 3 && last_value == 0x5566ab88);
    uint64_t n = 1 << 20;
    CHECK(physmem_host(m, &who, 0x100000, &n, true) == ram->host && n == 0x10000);
    CHECK(!physmem_host(m, &who, 0x110000, &n, false));
    physmem_begin(m);
    changes = 0;
    physmem_unmap(m, over);
    physmem_unmap(m, low);
    CHECK(physmem_find(m, &who, 0x110004, &g) && g.r == io && !changes); /* not yet */
    physmem_commit(m);
    CHECK(!physmem_find(m, &who, 0x110004, &g) && changes);
    /* the end of the address space */
    CHECK(physmem_map(m, ram, ~0ull - 0xfff, 0, 0x1000, 0) != NULL);
    CHECK(physmem_find(m, &who, ~0ull, &g) && g.last == ~0ull);
    CHECK(!physmem_map(m, ram, 0, 0, 0, 0));
    char text[100];
    memset(text, 1, sizeof text);
    CHECK(physmem_read(m, &who, 0x80001fc0, text, 100, MEM_CPU) == MEM_NOTHING || (uint8_t)text[99] == 0xff);
    physmem_reader_remove(m, &who);
    physmem_free(m);
}

/* ------------------------------------------------------------------------ TLB */

static struct tlb_entry entry(gva_t va, gpa_t pa, unsigned shift, bool global)
{
    return (struct tlb_entry){ va, va, 1234, pa | shift | (global ? TLB_GLOBAL : 0) };
}
static bool has(struct tlb *t, gva_t va) { return tlb_find(t, va) != NULL; }
static void put(struct tlb *t, gva_t va, gpa_t pa, unsigned shift, bool global)
{
    struct tlb_entry e = entry(va, pa, shift, global);
    tlb_fill(t, va, &e);
}

static void tlbs(void)
{
    struct tlb t;
    CHECK(tlb_init(&t));
    CHECK(!has(&t, 0) && !has(&t, 0x5000));
    put(&t, 0x5000, 0x9000, 12, true);
    CHECK(has(&t, 0x5000) && has(&t, 0x5fff) && !has(&t, 0x6000) && !has(&t, 0x12000000005000));
    /* as many as it grows to, and victims */
    for (unsigned k = 0; k < 4000; k++)
        put(&t, 0x10000000ull + k * 4096ull, k * 4096ull, 12, k & 1);
    unsigned found = 0;
    for (unsigned k = 0; k < 4000; k++)
        found += has(&t, 0x10000000ull + k * 4096ull);
    CHECK(found > 3000);
    CHECK(has(&t, 0x10000000ull + 3999 * 4096ull));
    tlb_drop_nonglobal(&t);
    for (unsigned k = 0; k < 4000; k += 2)
        CHECK(!has(&t, 0x10000000ull + k * 4096ull));
    CHECK(has(&t, 0x10000000ull + 3999 * 4096ull));
    tlb_flush(&t);
    CHECK(!has(&t, 0x10000000ull + 3999 * 4096ull));
    /* an address of a large mapping takes all its pages */
    for (unsigned k = 0; k < 20; k++) {
        put(&t, 0x40040000 + k * 0x3000ull, k * 0x3000ull, 21, true);
        put(&t, 0x80000000 + k * 0x1000ull, k * 0x1000ull, 16, true);
        put(&t, 0xc0080000ull + k * 0x1001000ull, k * 0x1000000ull, 30, true);
    }
    tlb_flush_page(&t, 0x401ff000);
    for (unsigned k = 0; k < 20; k++)
        CHECK(!has(&t, 0x40040000 + k * 0x3000ull) && has(&t, 0xc0080000ull + k * 0x1001000ull));
    tlb_flush_page(&t, 0x8000f000);
    for (unsigned k = 0; k < 20; k++)
        CHECK(has(&t, 0x80000000 + k * 0x1000ull) == (k >= 16));
    tlb_flush_page(&t, 0xffff0000);
    for (unsigned k = 0; k < 20; k++)
        CHECK(!has(&t, 0xc0080000ull + k * 0x1001000ull));
    /* by physical address */
    put(&t, 0x1000, 0x7000, 12, true);
    put(&t, 0x2000, 0x8000, 12, true);
    tlb_track_page(&t, 0x7000);
    CHECK((tlb_find(&t, 0x1000)->write & TLB_TRACK) && !(tlb_find(&t, 0x2000)->write & TLB_TRACK));
    tlb_flush_physical(&t, 0x7000, 0x7fff);
    CHECK(!has(&t, 0x1000) && has(&t, 0x2000));
    tlb_free(&t);
}

/* ---------------------------------------------------------------------- walks */

#define RAM 0x40000000ull
enum { RAM_SIZE = 64 << 20 };
static struct mem_region *ram;
static uint64_t free_at;

static uint64_t table(uint64_t bytes)
{
    free_at = (free_at + bytes - 1) & ~(bytes - 1);
    uint64_t at = RAM + free_at;
    memset(ram->host + free_at, 0, bytes);
    free_at += bytes;
    return at;
}
static uint64_t *word(uint64_t pa) { return (uint64_t *)(void *)(ram->host + (pa - RAM)); }

/* One random tree with one leaf; the walk must find it, and nothing beside it. */
static void one_walk(struct a64_sys *s)
{
    static const uint8_t granules[3] = { 12, 14, 16 }, tg0[3] = { 0, 2, 1 }, tg1[3] = { 2, 1, 3 };
    unsigned g = draw() % 3, granule = granules[g], stride = granule - 3;
    bool high = draw() & 1, lpa2 = granule != 16 && !(draw() & 3), large = granule == 16 && !(draw() & 3);
    unsigned bits = lpa2 || large ? 25 + draw() % 28 : 25 + draw() % 24, tsz = 64 - bits; /* of the virtual address */
    int first = 4 - (int)((bits - granule + stride - 1) / stride);
    int leaf = 3 - (int)(draw() % 3);
    int least = granule == 12 ? (lpa2 ? 0 : 1) : granule == 14 ? (lpa2 ? 1 : 2) : large ? 1 : 2; /* levels with blocks */
    leaf = leaf < first ? first : leaf;
    leaf = leaf < least ? least : leaf > 3 ? 3 : leaf;
    free_at = 0;
    uint64_t va = (draw() & ((1ull << bits) - 1)) | (high ? ~0ull << bits : 0);
    unsigned leaf_shift = granule + (3 - (unsigned)leaf) * stride;
    uint64_t pa_max = lpa2 || large ? 52 : 48, pa = draw() & ((1ull << pa_max) - 1) & ~((1ull << leaf_shift) - 1);
    uint64_t at = 0, top = 0;
    for (int level = first; level <= leaf; level++) {
        unsigned lsb = granule + (3 - (unsigned)level) * stride, n = level == first ? bits - lsb : stride;
        uint64_t base = table((8ull << n) < 64 ? 64 : 8ull << n);
        if (level == first)
            top = base;
        else
            *word(at) = base | 3;
        at = base + (va >> lsb & ((1ull << n) - 1)) * 8;
    }
    unsigned ap = draw() & 3, attr = draw() & 7;
    bool uxn = draw() & 1, pxn = draw() & 1, ng = draw() & 1;
    uint64_t d = (leaf == 3 ? 3 : 1) | attr << 2 | (uint64_t)ap << 6 | 1 << 10 | (uint64_t)ng << 11 | (uint64_t)pxn << 53 | (uint64_t)uxn << 54;
    if (lpa2)
        d |= (pa & ((1ull << 50) - 1)) | (pa >> 50 & 3) << 8;
    else if (large)
        d |= (pa & ((1ull << 48) - 1)) | (pa >> 48 & 15) << 12;
    else
        d |= pa;
    *word(at) = d;
    uint64_t ps = lpa2 || large ? 6 : 5;
    uint64_t tcr = ps << 32 | (uint64_t)lpa2 << 59 | (uint64_t)tsz << (high ? 16 : 0) | (uint64_t)(high ? tg1[g] : tg0[g]) << (high ? 30 : 14) |
                   16ull << (high ? 0 : 16);
    s->v[A64_SYS_TCR_EL1] = tcr;
    s->v[high ? A64_SYS_TTBR1_EL1 : A64_SYS_TTBR0_EL1] = top;
    s->v[A64_SYS_MAIR_EL1] = 0xff00447704ff00bbull;
    s->v[A64_SYS_SCTLR_EL1] = 1;
    for (unsigned k = 0; k < 6; k++) {
        struct a64_access a = { .what = k % 3 == 0 ? A64_READ : k % 3 == 1 ? A64_WRITE : A64_EXEC, .unprivileged = k >= 3 };
        bool user = ap & 1, ro = ap & 2;
        bool ok = a.what == A64_READ ? !a.unprivileged || user : a.what == A64_WRITE ? (!a.unprivileged || user) && !ro
                  : a.unprivileged ? !uxn : !pxn && !(user && !ro);
        struct a64_walk w;
        a64_translate(s, REGIME_EL10, va, a, &w);
        bool good = w.ok == ok && (ok ? w.pa == (pa | (va & ((1ull << leaf_shift) - 1))) && w.shift == leaf_shift && w.global == !ng
                                      : w.fsc == (FAULT_PERMISSION | (unsigned)leaf));
        if (!good && failures++ < 10)
            printf("granule %u, %u bits%s%s, leaf at %d (first %d), va %#llx pa %#llx: access %u gives ok %d fsc %#x pa %#llx shift %u\n",
                   1u << granule, bits, high ? ", TTBR1" : "", lpa2 ? ", LPA2" : large ? ", 52" : "", leaf, first, (unsigned long long)va,
                   (unsigned long long)pa, k, w.ok, w.fsc, (unsigned long long)w.pa, w.shift);
    }
    /* the neighbour of the leaf is not mapped */
    struct a64_walk w;
    gva_t beside = va ^ 1ull << leaf_shift;
    a64_translate(s, REGIME_EL10, beside, (struct a64_access){ .what = A64_READ }, &w);
    CHECK(leaf_shift >= bits || (!w.ok && w.fsc == (FAULT_TRANSLATION | (unsigned)leaf)));
    *word(at) = 0;
    a64_translate(s, REGIME_EL10, va, (struct a64_access){ .what = A64_READ }, &w);
    CHECK(!w.ok && w.fsc == (FAULT_TRANSLATION | (unsigned)leaf));
    /* one bit beyond the range */
    if (bits < 55) {
        a64_translate(s, REGIME_EL10, va ^ 1ull << bits, (struct a64_access){ .what = A64_READ }, &w);
        CHECK(!w.ok && w.fsc == FAULT_TRANSLATION);
    }
}

static void walks(void)
{
    static struct cpu_model model;
    static const struct isa_config config = { .psci = true };
    char err[128];
    int error;
    CHECK(!guest_aarch64.parse_cpu("max", &model, err, sizeof err));
    struct machine_config c = { .isa = &isa_aarch64, .model = &model, .interp = true };
    struct machine *m = machine_new(&c, err, sizeof err);
    if (!m || !machine_add_cpus(m, 1, &config, err, sizeof err)) {
        printf("no machine: %s\n", err);
        failures++;
        return;
    }
    machine_lock_enter();
    ram = mem_new_ram("ram", RAM_SIZE, MEM_RAM, &error);
    physmem_map(m->memory, ram, RAM, 0, RAM_SIZE, 0);
    isa_aarch64.reset(m->vcpus[0]);
    machine_lock_leave();
    for (unsigned k = 0; k < 20000; k++)
        one_walk(m->vcpus[0]->state);
    machine_free(m);
}

int main(void)
{
    physical();
    tlbs();
    walks();
    printf(failures ? "%u failures\n" : "ok\n", failures);
    return failures != 0;
}
