/*
 * GICv3 distributor and the wiring of the whole controller (Arm IHI 0069H, chapters 4 and 12.9).
 *
 * Affinity routing is always on, for both security states; interrupts are of one target each (GICD_TYPER.No1N). With
 * security=on there are two security states, else GICD_CTLR.DS reads as one. Interrupt n's state is bit n % 32 of bank
 * n / 32; banks of SGIs and PPIs belong to the redistributors, which use the same code.
 */
#include <stdlib.h>
#include <string.h>

#include "gicv3.h"
#include "isa.h"
#include "tree.h"

enum { GICD_CTLR = 0x000, GICD_TYPER = 0x004, GICD_IIDR = 0x008, GICD_TYPER2 = 0x00c, GICD_SETSPI_NSR = 0x040, GICD_CLRSPI_NSR = 0x048,
       GICD_SETSPI_SR = 0x050, GICD_CLRSPI_SR = 0x058, GICD_IROUTER = 0x6000, GICD_ID = 0xffd0 };
/* Classes of words that say something of each interrupt. */
enum { IGROUPR = 0x080, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280, ISACTIVER = 0x300, ICACTIVER = 0x380,
       IPRIORITYR = 0x400, ICFGR = 0xc00, IGRPMODR = 0xd00, NSACR = 0xe00 };
#define AFFINITY_MASK 0xff00ffffffull

void gicv3_update(struct gicv3 *g)
{
    for (unsigned k = 0; k < g->ncpus; k++)
        gicv3_cpu_update(g->cpu[k]);
}

/* ------------------------------------------------------------------------ banks */

bool gicv3_decode(unsigned offset, unsigned *class, unsigned *bank, unsigned *k)
{
    /* class, words of a bank */
    static const uint16_t classes[][2] = { { IGROUPR, 1 }, { ISENABLER, 1 }, { ICENABLER, 1 }, { ISPENDR, 1 }, { ICPENDR, 1 },
        { ISACTIVER, 1 }, { ICACTIVER, 1 }, { IPRIORITYR, 8 }, { ICFGR, 2 }, { IGRPMODR, 1 }, { NSACR, 2 } };
    for (unsigned j = 0; j < sizeof classes / sizeof *classes; j++) {
        unsigned words = classes[j][1], n = (offset - classes[j][0]) / 4;
        if (offset >= classes[j][0] && n < GIC_BANKS * words) {
            *class = classes[j][0];
            *bank = n / words;
            *k = n % words;
            return true;
        }
    }
    return false;
}

enum gic_group gicv3_group(const struct gicv3 *g, const struct gicv3_bank *b, unsigned n)
{
    if (b->group >> n & 1)
        return G1NS;
    return !gicv3_ds(g) && (b->grpmod >> n & 1) ? G1S : G0;
}

/* Interrupts that Non-secure accesses see: those of their group, and those for which NSACR allows it. */
static uint32_t visible(const struct gicv3 *g, const struct gicv3_bank *b, bool secure, unsigned nsacr)
{
    if (secure || gicv3_ds(g))
        return ~0u;
    uint32_t v = b->group;
    for (unsigned n = 0; nsacr && n < 32; n++)
        if ((b->nsacr[n / 16] >> n % 16 * 2 & 3) >= nsacr)
            v |= 1u << n;
    return v;
}

/* Two bits of each of 16 interrupts; bit 1 of each from a word. */
static uint32_t spread(uint32_t bits)
{
    uint32_t v = 0;
    for (unsigned n = 0; n < 16; n++)
        v |= (bits >> n & 1) << (2 * n + 1);
    return v;
}

uint32_t gicv3_bank_read(const struct gicv3 *g, const struct gicv3_bank *b, unsigned class, unsigned k, bool secure)
{
    bool all = secure || gicv3_ds(g);
    uint32_t v = 0, seen = visible(g, b, secure, 0);
    switch (class) {
    case IGROUPR:
        return all ? b->group : 0;
    case ISENABLER:
    case ICENABLER:
        return b->enabled & seen;
    case ISPENDR:
    case ICPENDR:
        return gicv3_pending(b) & visible(g, b, secure, 1);
    case ISACTIVER:
    case ICACTIVER:
        return b->active & visible(g, b, secure, 2);
    case IPRIORITYR:
        for (unsigned n = 0; n < 4; n++)
            if (seen >> (4 * k + n) & 1)
                v |= (uint32_t)(all ? b->priority[4 * k + n] : (uint8_t)(b->priority[4 * k + n] << 1)) << 8 * n;
        return v;
    case ICFGR:
        return spread((b->edge & seen) >> 16 * k & 0xffff);
    case IGRPMODR:
        return secure && !gicv3_ds(g) ? b->grpmod : 0;
    case NSACR:
        return secure && !gicv3_ds(g) ? b->nsacr[k] : 0;
    }
    return 0;
}

void gicv3_bank_write(struct gicv3 *g, struct gicv3_bank *b, unsigned class, unsigned k, uint32_t v, bool secure, bool own)
{
    bool all = secure || gicv3_ds(g);
    uint32_t seen = visible(g, b, secure, 0);
    switch (class) {
    case IGROUPR:
        if (all)
            b->group = v;
        break;
    case ISENABLER:
        b->enabled |= v & seen;
        break;
    case ICENABLER:
        b->enabled &= ~(v & seen);
        break;
    case ISPENDR:
        b->latch |= v & visible(g, b, secure, 1);
        break;
    case ICPENDR:
        b->latch &= ~(v & visible(g, b, secure, 2));
        break;
    case ISACTIVER:
        b->active |= v & seen;
        break;
    case ICACTIVER:
        b->active &= ~(v & seen);
        break;
    case IPRIORITYR:
        for (unsigned n = 0; n < 4; n++)
            if (seen >> (4 * k + n) & 1) {
                uint8_t p = (uint8_t)(v >> 8 * n);
                b->priority[4 * k + n] = (all ? p : p >> 1 | 0x80) & GIC_PRIORITY_MASK;
            }
        break;
    case ICFGR:
        if (own && k == 0)
            break; /* SGIs are of edges */
        for (unsigned n = 16 * k; n < 16 * k + 16; n++)
            if (seen >> n & 1)
                b->edge = (b->edge & ~(1u << n)) | (v >> (2 * (n % 16) + 1) & 1) << n;
        break;
    case IGRPMODR:
        if (secure && !gicv3_ds(g))
            b->grpmod = v;
        break;
    case NSACR:
        if (secure && !gicv3_ds(g))
            b->nsacr[k] = v;
        break;
    }
}

/* ------------------------------------------------------------------- distributor */

struct gicv3_cpu *gicv3_by_affinity(const struct gicv3 *g, uint32_t affinity)
{
    for (unsigned k = 0; k < g->ncpus; k++)
        if (g->cpu[k]->affinity == affinity)
            return g->cpu[k];
    return NULL;
}

static void set_router(struct gicv3 *g, unsigned irq, uint64_t v)
{
    g->router[irq] = v & AFFINITY_MASK;
    struct gicv3_cpu *c = gicv3_by_affinity(g, (uint32_t)(g->router[irq] >> 8 & 0xff000000) | (uint32_t)(g->router[irq] & 0xffffff));
    g->target[irq] = c ? (uint16_t)c->index : GIC_NOWHERE;
}

static uint32_t read_ctlr(const struct gicv3 *g, bool secure)
{
    if (gicv3_ds(g))
        return (g->ctlr & 3) | GICD_ARE_S | GICD_DS;
    if (secure)
        return (g->ctlr & 7) | GICD_ARE_S | GICD_ARE_NS;
    return (g->ctlr & GICD_ENABLE_G1NS) | GICD_ARE_S; /* EnableGrp1A, and ARE_NS at bit 4 */
}

static void write_ctlr(struct gicv3 *g, uint32_t v, bool secure)
{
    if (gicv3_ds(g))
        g->ctlr = (g->ctlr & ~3u) | (v & 3);
    else if (secure)
        g->ctlr = v & (7 | GICD_DS);
    else
        g->ctlr = (g->ctlr & ~(uint32_t)GICD_ENABLE_G1NS) | (v & GICD_ENABLE_G1NS);
}

/* GICD_SETSPI and CLRSPI: messages. */
static void message(struct gicv3 *g, unsigned irq, bool set, bool secure)
{
    if (irq < GIC_OWN || irq >= g->nirqs)
        return;
    struct gicv3_bank *b = &g->bank[irq / 32];
    uint32_t bit = 1u << irq % 32;
    if (!(visible(g, b, secure, set ? 1 : 2) & bit))
        return;
    b->latch = set ? b->latch | bit : b->latch & ~bit;
}

static uint64_t dist_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[12] = { 0x44, 0, 0, 0, 0x92, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
    const struct gicv3 *g = device;
    unsigned class, bank, k;
    if (gicv3_decode((unsigned)offset, &class, &bank, &k))
        return bank && bank < g->nirqs / 32 ? gicv3_bank_read(g, &g->bank[bank], class, k, a.secure) : 0;
    if (offset >= GICD_IROUTER && offset < GICD_IROUTER + 8 * g->nirqs) {
        unsigned irq = (unsigned)(offset - GICD_IROUTER) / 8;
        bool seen = visible(g, &g->bank[irq / 32], a.secure, 3) >> irq % 32 & 1;
        return irq < GIC_OWN || !seen ? 0 : (uint32_t)(g->router[irq] >> (offset & 4 ? 32 : 0));
    }
    if (offset >= GICD_ID)
        return id[(offset - GICD_ID) / 4];
    switch (offset) {
    case GICD_CTLR:
        return read_ctlr(g, a.secure);
    case GICD_TYPER: /* MBIS, IDbits, A3V, No1N; SecurityExtn, LPIS */
        return (g->nirqs / 32 - 1) | 1 << 16 | (GIC_ID_BITS - 1) << 19 | 1 << 24 | 1 << 25 | (gicv3_ds(g) ? 0 : 1 << 10) | (g->its ? 1 << 17 : 0);
    case GICD_IIDR:
        return 0x43b;
    default:
        return 0;
    }
}

static void dist_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct gicv3 *g = device;
    unsigned class, bank, k;
    if (gicv3_decode((unsigned)offset, &class, &bank, &k)) {
        if (bank && bank < g->nirqs / 32)
            gicv3_bank_write(g, &g->bank[bank], class, k, (uint32_t)value, a.secure, false);
    } else if (offset >= GICD_IROUTER + 8 * GIC_OWN && offset < GICD_IROUTER + 8 * g->nirqs) {
        unsigned irq = (unsigned)(offset - GICD_IROUTER) / 8;
        uint64_t r = g->router[irq];
        if (visible(g, &g->bank[irq / 32], a.secure, 3) >> irq % 32 & 1)
            set_router(g, irq, offset & 4 ? (uint32_t)r | value << 32 : r >> 32 << 32 | (uint32_t)value);
    } else {
        switch (offset) {
        case GICD_CTLR:
            write_ctlr(g, (uint32_t)value, a.secure);
            break;
        case GICD_SETSPI_NSR:
        case GICD_CLRSPI_NSR:
            message(g, value & 0x3ff, offset == GICD_SETSPI_NSR, false);
            break;
        case GICD_SETSPI_SR:
        case GICD_CLRSPI_SR:
            if (a.secure)
                message(g, value & 0x3ff, offset == GICD_SETSPI_SR, true);
            break;
        }
    }
    gicv3_update(g);
}

/* ------------------------------------------------------------------------ inputs */

static void set_level(struct gicv3_bank *b, unsigned n, bool up)
{
    uint32_t bit = 1u << n;
    if (up && !(b->level & bit) && (b->edge & bit))
        b->latch |= bit;
    b->level = up ? b->level | bit : b->level & ~bit;
}

static void set_shared(void *to, unsigned irq, bool up)
{
    struct gicv3 *g = to;
    set_level(&g->bank[irq / 32], irq % 32, up);
    if (g->target[irq] < g->ncpus)
        gicv3_cpu_update(g->cpu[g->target[irq]]);
}

static void set_own(void *to, unsigned irq, bool up)
{
    struct gicv3_cpu *c = to;
    set_level(&c->bank, irq, up);
    gicv3_cpu_update(c);
}

static struct irq spi(struct device *d, unsigned n)
{
    struct gicv3 *g = (struct gicv3 *)d;
    return GIC_OWN + n < g->nirqs ? (struct irq){ set_shared, g, GIC_OWN + n } : (struct irq){ 0 };
}
static struct irq ppi(struct device *d, unsigned cpu, unsigned n) { return (struct irq){ set_own, ((struct gicv3 *)d)->cpu[cpu], n }; }

static void connect(struct device *d, unsigned cpu, const struct irq *out)
{
    memcpy(((struct gicv3 *)d)->cpu[cpu]->out, out, sizeof(struct irq) * GIC_OUTPUTS);
}

/* -------------------------------------------------------------------------- life */

static const struct mmio_ops ops = { dist_read, dist_write, 4, 4, false, true };

static void reset(struct device *d)
{
    struct gicv3 *g = (struct gicv3 *)d;
    g->ctlr = 0;
    for (unsigned k = 0; k < GIC_BANKS; k++) {
        uint32_t level = g->bank[k].level;
        memset(&g->bank[k], 0, sizeof g->bank[k]);
        g->bank[k].level = level;
    }
    for (unsigned k = GIC_OWN; k < g->nirqs; k++)
        set_router(g, k, 0);
}

static void loaded(struct device *d)
{
    struct gicv3 *g = (struct gicv3 *)d;
    for (unsigned k = GIC_OWN; k < g->nirqs; k++)
        set_router(g, k, g->router[k]);
    for (unsigned k = 0; k < g->ncpus; k++)
        if (g->cpu[k]->ctlr & 1)
            gicv3_lpi_enable(g->cpu[k]);
    gicv3_update(g);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct gicv3 *g = (struct gicv3 *)d;
    struct machine *m = d->machine;
    if (g->nirqs % 32 || g->nirqs < 64 || g->nirqs > GIC_BANKS * 32 - 32) {
        snprintf(err, errlen, "gicv3: %u interrupts are not a multiple of 32 from 64 to 992", g->nirqs);
        return false;
    }
    g->cpu = calloc(m->nvcpus, sizeof *g->cpu);
    if (!g->cpu || !device_region(d, 0, mem_new_mmio("gicv3-distributor", 0x10000, &ops, g))) {
        snprintf(err, errlen, "no memory for the GIC");
        return false;
    }
    for (; g->ncpus < m->nvcpus; g->ncpus++) {
        struct gicv3_cpu *c = (struct gicv3_cpu *)device_new_type(m, &gicv3_cpu_type, err, errlen);
        if (!c)
            return false;
        uint64_t mpidr = a64_mpidr(m->vcpus[g->ncpus]);
        c->gic = g;
        c->vcpu = m->vcpus[g->ncpus];
        c->index = g->ncpus;
        c->affinity = (uint32_t)(mpidr >> 8 & 0xff000000) | (uint32_t)(mpidr & 0xffffff);
        c->last = g->ncpus + 1 == m->nvcpus || g->ncpus + 1 == g->redist1;
        if (!device_realize(&c->d, NULL, err, errlen))
            return false;
        g->cpu[g->ncpus] = c;
    }
    m->gic = &gicv3_cpu_ops;
    m->gic_device = g;
    return true;
}

static void unrealize(struct device *d)
{
    struct gicv3 *g = (struct gicv3 *)d;
    d->machine->gic = NULL;
    free(g->cpu);
}

static void node(struct device *d, struct tree *t)
{
    const struct gicv3 *g = (struct gicv3 *)d;
    gpa_t first = g->cpu[0]->d.at[0], second = g->ncpus > g->redist1 ? g->cpu[g->redist1]->d.at[0] : 0;
    tree_begin(t, "intc@%llx", d->at[0]);
    tree_text(t, "compatible", "arm,gic-v3");
    tree_cells(t, "#interrupt-cells", 3);
    tree_flag(t, "interrupt-controller");
    tree_cells(t, "#address-cells", 2);
    tree_cells(t, "#size-cells", 2);
    tree_flag(t, "ranges");
    tree_cells(t, "#redistributor-regions", second ? 2 : 1);
    uint32_t n1 = g->redist1 << 17, n2 = (g->ncpus - (second ? g->redist1 : 0)) << 17;
    uint32_t reg[12] = { 0, (uint32_t)d->at[0], 0, 0x10000, (uint32_t)(first >> 32), (uint32_t)first, 0, n1,
                         (uint32_t)(second >> 32), (uint32_t)second, 0, n2 };
    tree_cells_n(t, "reg", second ? 12 : 8, reg);
    tree_cells(t, "interrupts", 1, 9, 4); /* maintenance of virtual interrupts */
    tree_cells(t, "phandle", PHANDLE_GIC);
    gic_children(d, &its_type, its_node, t);
    tree_end(t);
}

static const struct gic_class class = { spi, ppi, connect };
static const struct property properties[] = {
    PROPERTY(struct gicv3, nirqs, PROP_U32, "num-irq", "288", "interrupts with the 32 of each processor, a multiple of 32"),
    PROPERTY(struct gicv3, security, PROP_BOOL, "has-security-extensions", "off", "two security states"),
    PROPERTY(struct gicv3, its, PROP_BOOL, "has-lpi", "on", "LPIs: interrupts of an ITS"),
    PROPERTY(struct gicv3, redist1, PROP_U32, "redist-region-count", "123", "redistributors in the first region"),
    { NULL }
};
static const struct field fields[] = {
    FIELD(struct gicv3, ctlr), FIELD(struct gicv3, bank), FIELD(struct gicv3, router), { NULL }
};

const struct device_type gicv3_type = {
    .name = "arm-gicv3", .category = "Misc", .help = "GICv3", .size = sizeof(struct gicv3), .properties = properties, .fields = fields,
    .class = &class, .realize = realize, .unrealize = unrealize, .reset = reset, .loaded = loaded, .node = node,
};
