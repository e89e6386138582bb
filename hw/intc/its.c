/*
 * Interrupt Translation Service of a GICv3 (Arm IHI 0069H, chapter 5, 12.18 and 12.19).
 *
 * A device's write of an event's number to GITS_TRANSLATER becomes an LPI of the redistributor that the guest's tables
 * say: device table -> interrupt translation table -> collection table. All tables are in guest memory, with entries of
 * 8 bytes whose layout is ours; nothing of them is kept here, and nothing in them is trusted. Commands are done at once
 * when GITS_CWRITER is written; one that makes no sense is ignored, as is one of a virtual LPI (GICv4), which is not there.
 * A device is known by its requester id.
 *
 * Entries: a device's: bit 63 valid, 52:5 its table's address >> 8, 4:0 bits of event numbers - 1. A collection's: bit 63
 * valid, 15:0 processor. An event's: bit 63 valid, 39:16 interrupt, 15:0 collection.
 */
#include <string.h>

#include "gicv3.h"
#include "tree.h"

enum { GITS_CTLR = 0x00, GITS_IIDR = 0x04, GITS_TYPER = 0x08, GITS_CBASER = 0x80, GITS_CWRITER = 0x88, GITS_CREADR = 0x90,
       GITS_BASER = 0x100, GITS_ID = 0xffd0, GITS_TRANSLATER = 0x10040 };
enum { DEVICES, COLLECTIONS, NTABLES, ENTRY = 8, COMMAND = 32, DEVICE_BITS = 16, EVENT_BITS = 16, COLLECTION_BITS = 16 };
enum { C_MOVI = 0x01, C_INT = 0x03, C_CLEAR = 0x04, C_SYNC = 0x05, C_MAPD = 0x08, C_MAPC = 0x09, C_MAPTI = 0x0a, C_MAPI = 0x0b,
       C_INV = 0x0c, C_INVALL = 0x0d, C_MOVALL = 0x0e, C_DISCARD = 0x0f };
#define VALID (1ull << 63)
#define INDIRECT (1ull << 62)

struct its {
    struct device d;
    struct gicv3 *gic;
    uint32_t ctlr;
    uint64_t cbaser, cwriter, creadr, baser[NTABLES];
};

/* ------------------------------------------------------------------------- tables */

static uint64_t load(struct its *s, gpa_t at)
{
    uint64_t v = 0;
    return gicv3_table_read(&s->d, at, &v, 8) ? v : 0;
}
static void store(struct its *s, gpa_t at, uint64_t v) { gicv3_table_write(&s->d, at, &v, 8); }

static unsigned page_shift(uint64_t baser)
{
    static const uint8_t shift[4] = { 12, 14, 16, 16 };
    return shift[baser >> 8 & 3];
}
static gpa_t base_of(uint64_t baser)
{
    return page_shift(baser) == 16 ? (baser & 0xffffffff0000ull) | (baser >> 12 & 15) << 48 : baser & 0xfffffffff000ull & ~((1ull << page_shift(baser)) - 1);
}

/* Address of entry n of a table; false: the table has none. */
static bool entry_at(struct its *s, unsigned table, uint64_t n, gpa_t *at)
{
    uint64_t b = s->baser[table], page = 1ull << page_shift(b), bytes = ((b & 0xff) + 1) << page_shift(b);
    if (!(b & VALID) || n >= 1ull << (table == DEVICES ? DEVICE_BITS : COLLECTION_BITS))
        return false;
    if (!(b & INDIRECT)) {
        *at = base_of(b) + n * ENTRY;
        return n < bytes / ENTRY;
    }
    uint64_t per_page = page / ENTRY, k = n / per_page;
    if (k >= bytes / 8)
        return false;
    uint64_t l1 = load(s, base_of(b) + k * 8);
    *at = (l1 & 0xffffffffff000ull & ~(page - 1)) + n % per_page * ENTRY;
    return l1 & VALID;
}

static bool event_at(struct its *s, uint32_t device, uint32_t event, gpa_t *at)
{
    gpa_t where;
    if (!entry_at(s, DEVICES, device, &where))
        return false;
    uint64_t d = load(s, where);
    *at = ((d >> 5 & 0xffffffffffff) << 8) + (uint64_t)event * ENTRY;
    return (d & VALID) && (uint64_t)event < 2ull << (d & 31);
}

static struct gicv3_cpu *collection(struct its *s, uint32_t n)
{
    gpa_t at;
    if (!entry_at(s, COLLECTIONS, n, &at))
        return NULL;
    uint64_t c = load(s, at);
    return (c & VALID) && (c & 0xffff) < s->gic->ncpus ? s->gic->cpu[c & 0xffff] : NULL;
}

/* The event's entry, LPI and redistributor; false: it is not mapped. */
struct translation { gpa_t at; uint64_t entry; uint32_t lpi; struct gicv3_cpu *cpu; };
static bool translate(struct its *s, uint32_t device, uint32_t event, struct translation *t)
{
    if (!event_at(s, device, event, &t->at))
        return false;
    t->entry = load(s, t->at);
    t->lpi = t->entry >> 16 & 0xffffff;
    return (t->entry & VALID) && (t->cpu = collection(s, t->entry & 0xffff));
}

/* ----------------------------------------------------------------------- commands */

static struct gicv3_cpu *target(struct its *s, uint64_t word)
{
    uint64_t n = word >> 16 & 0xffffffff;
    return n < s->gic->ncpus ? s->gic->cpu[n] : NULL;
}

static void map_device(struct its *s, const uint64_t *c)
{
    gpa_t at;
    if (entry_at(s, DEVICES, c[0] >> 32, &at) && (c[1] & 31) < EVENT_BITS)
        store(s, at, c[2] & VALID ? VALID | (c[2] >> 8 & 0xfffffffffff) << 5 | (c[1] & 31) : 0);
}

static void map_collection(struct its *s, const uint64_t *c)
{
    gpa_t at;
    if (entry_at(s, COLLECTIONS, c[2] & 0xffff, &at) && (!(c[2] & VALID) || target(s, c[2] & ~VALID)))
        store(s, at, c[2] & VALID ? VALID | (c[2] >> 16 & 0xffff) : 0);
}

static void map_event(struct its *s, const uint64_t *c, uint32_t lpi)
{
    gpa_t at;
    if (lpi >= GIC_LPI_FIRST && lpi < 1 << GIC_ID_BITS && event_at(s, c[0] >> 32, (uint32_t)c[1], &at))
        store(s, at, VALID | (uint64_t)lpi << 16 | (c[2] & 0xffff));
}

static void move_event(struct its *s, struct translation *t, uint32_t to)
{
    struct gicv3_cpu *cpu = collection(s, to);
    if (!cpu)
        return;
    store(s, t->at, (t->entry & ~0xffffull) | to);
    if (cpu != t->cpu && gicv3_lpi_is_pending(t->cpu, t->lpi)) {
        gicv3_lpi_set(t->cpu, t->lpi, false);
        gicv3_lpi_set(cpu, t->lpi, true);
    }
}

static void invalidate(struct gicv3_cpu *c)
{
    if (c) {
        gicv3_lpi_reconfigure(c);
        gicv3_cpu_update(c);
    }
}

static void command(struct its *s, const uint64_t *c)
{
    struct translation t;
    struct gicv3_cpu *from, *to;
    uint8_t what = (uint8_t)c[0];
    switch (what) {
    case C_MAPD:
        map_device(s, c);
        return;
    case C_MAPC:
        map_collection(s, c);
        return;
    case C_MAPTI:
        map_event(s, c, (uint32_t)(c[1] >> 32));
        return;
    case C_MAPI:
        map_event(s, c, (uint32_t)c[1]);
        return;
    case C_INVALL:
        invalidate(collection(s, c[2] & 0xffff));
        return;
    case C_MOVALL:
        from = target(s, c[2]);
        to = target(s, c[3]);
        if (from && to)
            gicv3_lpi_move_all(from, to);
        return;
    case C_SYNC:
        return; /* every command has taken effect */
    case C_MOVI: case C_INT: case C_CLEAR: case C_INV: case C_DISCARD:
        if (!translate(s, c[0] >> 32, (uint32_t)c[1], &t))
            return;
        if (what == C_MOVI)
            move_event(s, &t, c[2] & 0xffff);
        else if (what == C_INV)
            invalidate(t.cpu);
        else
            gicv3_lpi_set(t.cpu, t.lpi, what == C_INT);
        if (what == C_DISCARD)
            store(s, t.at, 0);
        return;
    }
}

/* At most one round of the queue. */
static void run_commands(struct its *s)
{
    uint64_t size = ((s->cbaser & 0xff) + 1) << 12, c[4];
    gpa_t base = s->cbaser & 0xffffffffff000ull;
    if (!(s->ctlr & 1) || !(s->cbaser & VALID) || s->cwriter >= size || s->creadr >= size)
        return;
    while (s->creadr != s->cwriter) {
        if (gicv3_table_read(&s->d, base + s->creadr, c, COMMAND))
            command(s, c);
        s->creadr = (s->creadr + COMMAND) % size;
    }
}

/* ---------------------------------------------------------------------- registers */

static uint64_t *wide_register(struct its *s, uint64_t offset)
{
    switch (offset & ~7ull) {
    case GITS_CBASER:
        return &s->cbaser;
    case GITS_CWRITER:
        return &s->cwriter;
    case GITS_CREADR:
        return &s->creadr;
    case GITS_BASER:
        return &s->baser[DEVICES];
    case GITS_BASER + 8:
        return &s->baser[COLLECTIONS];
    default:
        return NULL;
    }
}

static uint64_t its_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[12] = { 0x44, 0, 0, 0, 0x94, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
    struct its *s = device;
    uint64_t *reg = wide_register(s, offset), typer;
    if (reg)
        return (uint32_t)(*reg >> (offset & 4 ? 32 : 0));
    if (offset >= GITS_ID && offset < 0x10000)
        return id[(offset - GITS_ID) / 4];
    switch (offset) {
    case GITS_CTLR: /* Quiescent: always */
        return s->ctlr | 1u << 31;
    case GITS_IIDR:
        return 0x43b;
    case GITS_TYPER: /* CIL, CIDbits, Devbits, IDbits, size of an event's entry, physical LPIs; targets by number */
    case GITS_TYPER + 4:
        typer = 1ull << 36 | (uint64_t)(COLLECTION_BITS - 1) << 32 | (DEVICE_BITS - 1) << 13 | (EVENT_BITS - 1) << 8 | (ENTRY - 1) << 4 | 1;
        return (uint32_t)(typer >> (offset & 4 ? 32 : 0));
    default:
        return 0;
    }
}

static void its_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct its *s = device;
    uint64_t *reg = wide_register(s, offset), v;
    struct translation t;
    if (offset == GITS_TRANSLATER) {
        if ((s->ctlr & 1) && translate(s, a.requester, (uint32_t)value, &t))
            gicv3_lpi_set(t.cpu, t.lpi, true);
        return;
    }
    if (offset == GITS_CTLR)
        s->ctlr = value & 1;
    if (reg) {
        v = offset & 4 ? (uint32_t)*reg | value << 32 : *reg >> 32 << 32 | (uint32_t)value;
        if (reg == &s->cwriter) {
            *reg = v & 0xfffe0;
        } else if (s->ctlr & 1 || reg == &s->creadr) {
            return; /* only while it is off; read only */
        } else if (reg == &s->cbaser) {
            *reg = v & 0xb8effffffffffcffull;
            s->creadr = 0;
        } else {
            /* Type and Entry_Size are fixed; two levels for devices alone. */
            *reg = (v & (reg == &s->baser[DEVICES] ? 0xf8e0ffffffffffffull : 0xb8e0ffffffffffffull)) | (uint64_t)(ENTRY - 1) << 48 |
                   (reg == &s->baser[DEVICES] ? 1ull : 4ull) << 56;
        }
    }
    run_commands(s);
}

/* --------------------------------------------------------------------------- life */

static const struct mmio_ops ops = { its_read, its_write, 4, 4, false };

static void reset(struct device *d)
{
    struct its *s = (struct its *)d;
    s->ctlr = 0;
    s->cbaser = s->cwriter = s->creadr = 0;
    s->baser[DEVICES] = (uint64_t)(ENTRY - 1) << 48 | 1ull << 56;
    s->baser[COLLECTIONS] = (uint64_t)(ENTRY - 1) << 48 | 4ull << 56;
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct its *s = (struct its *)d;
    for (struct device *k = NULL; !s->gic && (k = device_next(d->machine, k));)
        if (k->type == &gicv3_type)
            s->gic = (struct gicv3 *)k;
    if (!s->gic || !s->gic->its) {
        snprintf(err, errlen, "an ITS wants a GICv3 with LPIs");
        return false;
    }
    if (device_region(d, 0, mem_new_mmio("its", 0x20000, &ops, s)))
        return true;
    snprintf(err, errlen, "no memory for the ITS");
    return false;
}

void its_node(struct device *d, struct tree *t)
{
    tree_begin(t, "its@%llx", d->at[0]);
    tree_text(t, "compatible", "arm,gic-v3-its");
    tree_flag(t, "msi-controller");
    tree_cells(t, "#msi-cells", 1);
    tree_reg(t, d->at[0], 0x20000);
    tree_cells(t, "phandle", PHANDLE_MSI);
    tree_end(t);
}

static const char *valid(struct device *d)
{
    const struct its *s = (const struct its *)d;
    return (s->cwriter | s->creadr) & (COMMAND - 1) ? "its queue of commands makes no sense" : NULL;
}

static const struct field fields[] = {
    FIELD(struct its, ctlr), FIELD(struct its, cbaser), FIELD(struct its, cwriter), FIELD(struct its, creadr), FIELD(struct its, baser),
    { NULL }
};

const struct device_type its_type = {
    .name = "arm-gicv3-its", .category = "Misc", .help = "messages to LPIs of a GICv3", .size = sizeof(struct its), .fields = fields,
    .realize = realize, .reset = reset, .valid = valid,
};
