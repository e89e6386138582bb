/*
 * GICv2 (Arm IHI 0048B): distributor and CPU interfaces; the security extensions by a property.
 *
 * Group 1 interrupts go to the IRQ output, group 0 to FIQ if GICC_CTLR.FIQEn says so. The banked registers of a CPU
 * are chosen by the vCPU whose thread makes the access. All under the machine's lock.
 */
#include <stdlib.h>
#include <string.h>
#include "gic.h"
#include "tree.h"

enum { MAX_CPUS = 8, MAX_IRQS = 1020, OWN = 32, SGIS = 16, SPURIOUS = 1023, PRIORITY_BITS = 5 };

enum { GICD_CTLR = 0x000, GICD_TYPER = 0x004, GICD_IIDR = 0x008, GICD_IGROUPR = 0x080, GICD_ISENABLER = 0x100, GICD_ICENABLER = 0x180,
       GICD_ISPENDR = 0x200, GICD_ICPENDR = 0x280, GICD_ISACTIVER = 0x300, GICD_ICACTIVER = 0x380, GICD_IPRIORITYR = 0x400,
       GICD_ITARGETSR = 0x800, GICD_ICFGR = 0xc00, GICD_SGIR = 0xf00, GICD_CPENDSGIR = 0xf10, GICD_SPENDSGIR = 0xf20, GICD_ID = 0xfd0 };
enum { GICC_CTLR = 0x00, GICC_PMR = 0x04, GICC_BPR = 0x08, GICC_IAR = 0x0c, GICC_EOIR = 0x10, GICC_RPR = 0x14, GICC_HPPIR = 0x18,
       GICC_ABPR = 0x1c, GICC_AIAR = 0x20, GICC_AEOIR = 0x24, GICC_AHPPIR = 0x28, GICC_APR = 0xd0, GICC_IIDR = 0xfc, GICC_DIR = 0x1000 };

/* An interrupt; its own for each CPU below OWN, for all else at [0]. Bit c: of CPU c. */
struct line {
    uint8_t enabled, pending, active, level, group; /* level: of the input */
    uint8_t edge, targets;
    uint8_t priority[MAX_CPUS];
    uint8_t source[MAX_CPUS]; /* SGI: which CPUs asked for it */
};

struct cpu_if {
    uint32_t ctlr;
    uint8_t pmr, bpr, abpr;
    unsigned nrunning;
    struct { uint16_t irq; uint8_t priority; } running[64]; /* taken, not ended: a stack */
};

struct gicv2 {
    struct device d;
    uint32_t ncpus, nirqs; /* properties */
    bool security;
    uint32_t ctlr;
    struct line line[MAX_IRQS];
    uint32_t hot[MAX_IRQS / 32 + 1]; /* bit n: interrupt n may be pending; cleared when it is found that it is not */
    struct cpu_if cpu[MAX_CPUS];
    struct own { struct gicv2 *g; unsigned cpu; struct irq irq, fiq; } own[MAX_CPUS];
};

static uint8_t bit_of(unsigned irq, unsigned cpu) { return irq < OWN ? (uint8_t)(1u << cpu) : 1; }
static uint8_t priority_of(const struct gicv2 *g, unsigned irq, unsigned cpu) { return g->line[irq].priority[irq < OWN ? cpu : 0]; }

static bool is_pending(const struct gicv2 *g, unsigned irq, unsigned cpu)
{
    const struct line *l = &g->line[irq];
    uint8_t b = bit_of(irq, cpu);
    return (l->pending & b) || (!l->edge && irq >= SGIS && (l->level & b));
}

static void heat(struct gicv2 *g, unsigned irq) { g->hot[irq / 32] |= 1u << irq % 32; }

/* May interrupt k be signalled to the CPU, if its priority allows? */
static bool eligible(const struct gicv2 *g, unsigned k, unsigned cpu)
{
    const struct line *l = &g->line[k];
    uint8_t b = bit_of(k, cpu);
    if (!(l->enabled & b) || (l->active & b) || !is_pending(g, k, cpu) || (k >= OWN && !(l->targets & 1u << cpu)))
        return false;
    unsigned group = l->group & b ? 2 : 1;
    return (g->ctlr & group) && (g->cpu[cpu].ctlr & group);
}

/* The most urgent pending interrupt of a CPU, or SPURIOUS. */
static unsigned highest(struct gicv2 *g, unsigned cpu)
{
    unsigned best = SPURIOUS, best_priority = 0x100;
    for (unsigned j = 0; j < g->nirqs / 32; j++)
        for (uint32_t w = g->hot[j]; w; w &= w - 1) {
            unsigned k = 32 * j + (unsigned)__builtin_ctz(w);
            if (!g->line[k].pending && !g->line[k].level)
                g->hot[j] &= ~(1u << k % 32);
            else if (priority_of(g, k, cpu) < best_priority && eligible(g, k, cpu)) {
                best = k;
                best_priority = priority_of(g, k, cpu);
            }
        }
    return best;
}

static unsigned running_priority(const struct cpu_if *c) { return c->nrunning ? c->running[c->nrunning - 1].priority : 0xff; }

/* Bits of a priority that decide preemption. */
static uint8_t preemption_mask(const struct cpu_if *c, bool group1)
{
    unsigned bpr = group1 && !(c->ctlr & 1 << 4) ? (c->abpr ? c->abpr - 1u : 0) : c->bpr;
    return (uint8_t)(0xff << (bpr + 1));
}

static void update_cpu(struct gicv2 *g, unsigned cpu)
{
    struct cpu_if *c = &g->cpu[cpu];
    unsigned irq = highest(g, cpu);
    bool up = false, fiq = false;
    if (irq != SPURIOUS) {
        uint8_t p = priority_of(g, irq, cpu);
        bool group1 = g->line[irq].group & bit_of(irq, cpu);
        up = p < c->pmr && (!c->nrunning || (p & preemption_mask(c, group1)) < (running_priority(c) & preemption_mask(c, group1)));
        fiq = !group1 && (c->ctlr & 1 << 3);
    }
    irq_set(&g->own[cpu].irq, up && !fiq);
    irq_set(&g->own[cpu].fiq, up && fiq);
}

static void update(struct gicv2 *g)
{
    for (unsigned k = 0; k < g->ncpus; k++)
        update_cpu(g, k);
}

/* -------------------------------------------------------------------- inputs */

static void set_input(struct gicv2 *g, unsigned irq, uint8_t b, bool up)
{
    struct line *l = &g->line[irq];
    if (up)
        heat(g, irq);
    if (up && l->edge && !(l->level & b))
        l->pending |= b;
    l->level = up ? l->level | b : l->level & (uint8_t)~b;
    update(g);
}

static void set_shared(void *to, unsigned n, bool up) { set_input(to, n, 1, up); }
static void set_own(void *to, unsigned n, bool up)
{
    struct own *o = to;
    set_input(o->g, n, (uint8_t)(1u << o->cpu), up);
}

static struct irq spi(struct device *d, unsigned n) { return (struct irq){ set_shared, d, OWN + n }; }
static struct irq ppi(struct device *d, unsigned cpu, unsigned n) { return (struct irq){ set_own, &((struct gicv2 *)d)->own[cpu], n }; }

/* ---------------------------------------------------------------- distributor */

static unsigned asking(const struct gicv2 *g)
{
    struct vcpu *v = vcpu_self();
    return v && v->index < g->ncpus ? v->index : 0;
}

/* Is it an access of Non-secure software, which sees Group 1 alone (4.1.3)? */
static bool is_restricted(const struct gicv2 *g, struct mem_attr a) { return g->security && !a.secure; }

static bool in_group1(const struct gicv2 *g, unsigned irq, unsigned cpu) { return g->line[irq].group & bit_of(irq, cpu); }
/* Non-secure software has the lower half of the priorities, as if it were all (3.8.1). */
static uint8_t shown(uint8_t p, bool ns) { return !ns || p == 0xff ? p : p & 0x80 ? (uint8_t)(p << 1) : 0; }
static uint8_t meant(uint8_t p, bool ns) { return (ns ? p >> 1 | 0x80 : p) & (uint8_t)(0xff << (8 - PRIORITY_BITS)); }

/* The bit of each of eight interrupts from `first` on, by get. */
#define GATHER(first, expression)                                                          \
    ({                                                                                     \
        uint8_t v_ = 0;                                                                    \
        for (unsigned j_ = 0; j_ < 8 && (first) + j_ < g->nirqs; j_++) {                   \
            unsigned k = (first) + j_;                                                     \
            uint8_t b = bit_of(k, cpu);                                                    \
            if (!ns || (g->line[k].group & b))                                             \
                v_ |= (uint8_t)(!!(expression) << j_);                                     \
        }                                                                                  \
        v_;                                                                                \
    })
#define SCATTER(first, value, statement)                                                   \
    for (unsigned j_ = 0; j_ < 8 && (first) + j_ < g->nirqs; j_++)                         \
        if ((value) >> j_ & 1) {                                                           \
            unsigned k = (first) + j_;                                                     \
            struct line *l = &g->line[k];                                                  \
            uint8_t b = bit_of(k, cpu);                                                    \
            if (!ns || (l->group & b)) {                                                   \
                statement;                                                                 \
            }                                                                              \
        }

/* A byte of the distributor. */
static uint8_t dist_read_byte(struct gicv2 *g, unsigned offset, unsigned cpu, bool ns)
{
    if (offset >= GICD_IGROUPR && offset < GICD_ISENABLER)
        return ns ? 0 : GATHER((offset & 0x7f) * 8, g->line[k].group & b);
    if (offset >= GICD_ISENABLER && offset < GICD_ISPENDR)
        return GATHER((offset & 0x7f) * 8, g->line[k].enabled & b);
    if (offset >= GICD_ISPENDR && offset < GICD_ISACTIVER)
        return GATHER((offset & 0x7f) * 8, is_pending(g, k, cpu));
    if (offset >= GICD_ISACTIVER && offset < GICD_IPRIORITYR)
        return GATHER((offset & 0x7f) * 8, g->line[k].active & b);
    unsigned irq = offset & 0x3ff;
    if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + g->nirqs)
        return ns && !in_group1(g, irq, cpu) ? 0 : shown(priority_of(g, irq, cpu), ns);
    if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + g->nirqs)
        return irq < OWN ? (uint8_t)(1u << cpu) : g->ncpus == 1 || (ns && !in_group1(g, irq, cpu)) ? 0 : g->line[irq].targets;
    if (offset >= GICD_ICFGR && offset < GICD_ICFGR + g->nirqs / 4) {
        uint8_t v = 0;
        for (unsigned j = 0; j < 4; j++) {
            unsigned k = (offset - GICD_ICFGR) * 4 + j;
            if (!ns || in_group1(g, k, cpu))
                v |= (uint8_t)((k < SGIS || g->line[k].edge ? 2 : 0) << 2 * j);
        }
        return v;
    }
    if (offset >= GICD_CPENDSGIR && offset < GICD_CPENDSGIR + 0x20)
        return ns && !in_group1(g, offset & 15, cpu) ? 0 : g->line[offset & 15].source[cpu];
    return 0;
}

static void dist_write_byte(struct gicv2 *g, unsigned offset, uint8_t value, unsigned cpu, bool ns)
{
    unsigned first = (offset & 0x7f) * 8, irq = offset & 0x3ff;
    if (offset >= GICD_IGROUPR && offset < GICD_ISENABLER) {
        if (ns)
            return;
        SCATTER(first, value, l->group |= b)
        SCATTER(first, (uint8_t)~value, l->group &= (uint8_t)~b)
    } else if (offset >= GICD_ISENABLER && offset < GICD_ICENABLER) {
        SCATTER(first, value, l->enabled |= b)
    } else if (offset >= GICD_ICENABLER && offset < GICD_ISPENDR) {
        SCATTER(first, value, if (k >= SGIS) l->enabled &= (uint8_t)~b)
    } else if (offset >= GICD_ISPENDR && offset < GICD_ICPENDR) {
        SCATTER(first, value, if (k >= SGIS) { l->pending |= b; heat(g, k); })
    } else if (offset >= GICD_ICPENDR && offset < GICD_ISACTIVER) {
        SCATTER(first, value, if (k >= SGIS) l->pending &= (uint8_t)~b)
    } else if (offset >= GICD_ISACTIVER && offset < GICD_ICACTIVER) {
        SCATTER(first, value, l->active |= b)
    } else if (offset >= GICD_ICACTIVER && offset < GICD_IPRIORITYR) {
        SCATTER(first, value, l->active &= (uint8_t)~b)
    } else if (offset >= GICD_IPRIORITYR && offset < GICD_IPRIORITYR + g->nirqs) {
        if (!ns || in_group1(g, irq, cpu))
            g->line[irq].priority[irq < OWN ? cpu : 0] = meant(value, ns);
    } else if (offset >= GICD_ITARGETSR && offset < GICD_ITARGETSR + g->nirqs) {
        if (irq >= OWN && (!ns || in_group1(g, irq, cpu)))
            g->line[irq].targets = value & (uint8_t)((1u << g->ncpus) - 1);
    } else if (offset >= GICD_ICFGR && offset < GICD_ICFGR + g->nirqs / 4) {
        for (unsigned j = 0; j < 4; j++) {
            unsigned k = (offset - GICD_ICFGR) * 4 + j;
            if (k >= SGIS && (!ns || in_group1(g, k, cpu)))
                g->line[k].edge = value >> (2 * j + 1) & 1;
        }
    } else if (offset >= GICD_CPENDSGIR && offset < GICD_SPENDSGIR) {
        if (ns && !in_group1(g, offset & 15, cpu))
            return;
        struct line *l = &g->line[offset & 15];
        l->source[cpu] &= (uint8_t)~value;
        if (!l->source[cpu])
            l->pending &= (uint8_t)~(1u << cpu);
    } else if (offset >= GICD_SPENDSGIR && offset < GICD_SPENDSGIR + 16) {
        if (ns && !in_group1(g, offset & 15, cpu))
            return;
        struct line *l = &g->line[offset & 15];
        l->source[cpu] |= value;
        if (l->source[cpu])
            l->pending |= (uint8_t)(1u << cpu);
        heat(g, offset & 15);
    }
}

/* v: GICD_SGIR. With security NSATT, or being Non-secure, says which group the interrupt has to be of at its target. */
static void send_sgi(struct gicv2 *g, uint32_t v, unsigned cpu, bool ns)
{
    unsigned irq = v & 15, all = (1u << g->ncpus) - 1, to = v >> 16 & 0xff;
    switch (v >> 24 & 3) {
    case 1:
        to = all & ~(1u << cpu);
        break;
    case 2:
        to = 1u << cpu;
        break;
    case 3:
        to = 0;
        break;
    }
    struct line *l = &g->line[irq];
    for (unsigned k = 0; k < g->ncpus && g->security; k++)
        if (in_group1(g, irq, k) != (ns || (v >> 15 & 1)))
            to &= ~(1u << k);
    for (unsigned k = 0; k < g->ncpus; k++)
        if (to >> k & 1)
            l->source[k] |= (uint8_t)(1u << cpu);
    l->pending |= (uint8_t)(to & all);
    heat(g, irq);
}

static uint64_t dist_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[12] = { 4, 0, 0, 0, 0x90, 0xb4, 0x2b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
    struct gicv2 *g = device;
    unsigned cpu = asking(g);
    bool ns = is_restricted(g, a);
    if (offset == GICD_CTLR)
        return ns ? g->ctlr >> 1 : g->ctlr;
    if (offset == GICD_TYPER)
        return (g->nirqs / 32 - 1) | (g->ncpus - 1) << 5 | (uint32_t)g->security << 10;
    if (offset == GICD_IIDR)
        return 0x43b;
    if (offset >= GICD_ID)
        return id[(offset - GICD_ID) / 4 % 12];
    uint64_t v = 0;
    for (unsigned k = 0; k < size; k++)
        v |= (uint64_t)dist_read_byte(g, (unsigned)offset + k, cpu, ns) << 8 * k;
    return v;
}

static void dist_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct gicv2 *g = device;
    unsigned cpu = asking(g);
    bool ns = is_restricted(g, a);
    if (offset == GICD_CTLR)
        g->ctlr = ns ? (g->ctlr & 1) | (value & 1) << 1 : value & 3;
    else if (offset == GICD_SGIR)
        send_sgi(g, (uint32_t)value, cpu, ns);
    else
        for (unsigned k = 0; k < size; k++)
            dist_write_byte(g, (unsigned)offset + k, (uint8_t)(value >> 8 * k), cpu, ns);
    update(g);
}

/* --------------------------------------------------------------- CPU interface */

enum { ACK_CTL = 1 << 2, EOI_MODE = 1 << 9, EOI_MODE_NS = 1 << 10, OTHER_GROUP = 1022 };

/* With security: SPURIOUS or OTHER_GROUP instead of an interrupt that the register does not give (4.4.4); else irq. */
static unsigned given(const struct gicv2 *g, unsigned irq, unsigned cpu, bool ns, bool alias)
{
    if (!g->security || irq == SPURIOUS)
        return irq;
    bool group1 = in_group1(g, irq, cpu);
    if (ns || alias)
        return group1 && !(ns && alias) ? irq : SPURIOUS;
    return group1 && !(g->cpu[cpu].ctlr & ACK_CTL) ? OTHER_GROUP : irq;
}

static unsigned acknowledge(struct gicv2 *g, unsigned cpu, bool ns, bool alias)
{
    struct cpu_if *c = &g->cpu[cpu];
    unsigned irq = highest(g, cpu);
    if (irq == SPURIOUS || priority_of(g, irq, cpu) >= c->pmr || c->nrunning == 64)
        return SPURIOUS;
    struct line *l = &g->line[irq];
    uint8_t b = bit_of(irq, cpu);
    bool group1 = l->group & b;
    if (c->nrunning && (priority_of(g, irq, cpu) & preemption_mask(c, group1)) >= (running_priority(c) & preemption_mask(c, group1)))
        return SPURIOUS;
    if (given(g, irq, cpu, ns, alias) != irq)
        return given(g, irq, cpu, ns, alias);
    c->running[c->nrunning].irq = (uint16_t)irq;
    c->running[c->nrunning++].priority = priority_of(g, irq, cpu);
    l->active |= b;
    unsigned value = irq;
    if (irq < SGIS) {
        unsigned from = (unsigned)__builtin_ctz(l->source[cpu] | 0x100);
        l->source[cpu] &= (uint8_t)~(1u << from);
        if (!l->source[cpu])
            l->pending &= (uint8_t)~b;
        value |= (from & 7) << 10;
    } else {
        l->pending &= (uint8_t)~b;
    }
    update(g);
    return value;
}

static void deactivate(struct gicv2 *g, unsigned irq, unsigned cpu)
{
    if (irq < g->nirqs)
        g->line[irq].active &= (uint8_t)~bit_of(irq, cpu);
}

static void end(struct gicv2 *g, uint32_t value, unsigned cpu, bool ns)
{
    struct cpu_if *c = &g->cpu[cpu];
    unsigned irq = value & 0x3ff;
    if (irq >= g->nirqs || (ns && !in_group1(g, irq, cpu)))
        return;
    for (unsigned k = c->nrunning; k--;)
        if (c->running[k].irq == irq) {
            memmove(&c->running[k], &c->running[k + 1], (c->nrunning - k - 1) * sizeof c->running[0]);
            c->nrunning--;
            break;
        }
    if (!(c->ctlr & (ns ? EOI_MODE_NS : EOI_MODE))) /* else by DIR */
        deactivate(g, irq, cpu);
}

static uint64_t cpu_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct gicv2 *g = device;
    unsigned cpu = asking(g), irq;
    bool ns = is_restricted(g, a);
    struct cpu_if *c = &g->cpu[cpu];
    switch (offset) {
    case GICC_CTLR:
        return ns ? (c->ctlr >> 1 & 1) | (c->ctlr & EOI_MODE_NS) >> 1 : c->ctlr;
    case GICC_PMR:
        return ns ? shown(c->pmr, ns) : c->pmr;
    case GICC_BPR:
        return ns ? c->abpr : c->bpr;
    case GICC_ABPR:
        return ns ? 0 : c->abpr;
    case GICC_IAR:
    case GICC_AIAR:
        return acknowledge(g, cpu, ns, offset == GICC_AIAR);
    case GICC_RPR:
        return shown((uint8_t)running_priority(c), ns);
    case GICC_HPPIR:
    case GICC_AHPPIR:
        irq = given(g, highest(g, cpu), cpu, ns, offset == GICC_AHPPIR);
        return irq < SGIS ? irq | (unsigned)__builtin_ctz(g->line[irq].source[cpu] | 0x100) << 10 : irq;
    case GICC_IIDR:
        return 0x0202043b;
    default:
        return 0;
    }
}

static void cpu_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct gicv2 *g = device;
    unsigned cpu = asking(g);
    struct cpu_if *c = &g->cpu[cpu];
    bool ns = is_restricted(g, a);
    if (ns && offset == GICC_BPR)
        offset = GICC_ABPR;
    else if (ns && (offset == GICC_ABPR || offset == GICC_AEOIR))
        return;
    switch (offset) {
    case GICC_CTLR:
        if (ns)
            c->ctlr = (c->ctlr & ~(2u | EOI_MODE_NS)) | (value & 1) << 1 | (value & EOI_MODE) << 1;
        else
            c->ctlr = value & (g->security ? 0x7ff : 0x3ff);
        break;
    case GICC_PMR:
        if (!ns || (c->pmr & 0x80))
            c->pmr = meant((uint8_t)value, ns);
        break;
    case GICC_BPR:
        c->bpr = (value & 7) < 8 - PRIORITY_BITS - 1 ? 8 - PRIORITY_BITS - 1 : value & 7;
        break;
    case GICC_ABPR:
        c->abpr = (value & 7) < 8 - PRIORITY_BITS ? 8 - PRIORITY_BITS : value & 7;
        break;
    case GICC_EOIR:
    case GICC_AEOIR:
        end(g, (uint32_t)value, cpu, ns);
        break;
    case GICC_DIR:
        if ((value & 0x3ff) < g->nirqs && (!ns || in_group1(g, value & 0x3ff, cpu)))
            deactivate(g, value & 0x3ff, cpu);
        break;
    }
    update(g);
}

/* ----------------------------------------------------------------------- life */

static const struct mmio_ops dist_ops = { dist_read, dist_write, 1, 4, false };
static const struct mmio_ops cpu_ops = { cpu_read, cpu_write, 4, 4, false };

static void reset(struct device *d)
{
    struct gicv2 *g = (struct gicv2 *)d;
    g->ctlr = 0;
    for (unsigned k = 0; k < g->nirqs; k++) {
        uint8_t level = g->line[k].level;
        memset(&g->line[k], 0, sizeof g->line[k]);
        g->line[k].level = level;
        if (k < SGIS)
            g->line[k].enabled = 0xff;
        g->line[k].targets = k >= OWN && g->ncpus == 1;
    }
    for (unsigned k = 0; k < g->ncpus; k++) {
        struct cpu_if *c = &g->cpu[k];
        c->ctlr = 0;
        c->pmr = 0;
        c->bpr = 8 - PRIORITY_BITS - 1;
        c->abpr = 8 - PRIORITY_BITS;
        c->nrunning = 0;
    }
    update(g);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct gicv2 *g = (struct gicv2 *)d;
    if (g->ncpus < 1 || g->ncpus > MAX_CPUS || g->nirqs % 32 || g->nirqs < 64 || g->nirqs > MAX_IRQS) {
        snprintf(err, errlen, "gic-version=2 has room for 1 to %d processors, not %u, and for 64 to %d interrupts", MAX_CPUS, g->ncpus,
                 MAX_IRQS);
        return false;
    }
    for (unsigned k = 0; k < MAX_CPUS; k++) {
        g->own[k].g = g;
        g->own[k].cpu = k;
    }
    if (device_region(d, 0, mem_new_mmio("gic-distributor", 0x1000, &dist_ops, g)) &&
        device_region(d, 1, mem_new_mmio("gic-cpu-interface", 0x2000, &cpu_ops, g)))
        return true;
    snprintf(err, errlen, "no memory for the GIC");
    return false;
}

static void connect(struct device *d, unsigned cpu, const struct irq *out)
{
    struct gicv2 *g = (struct gicv2 *)d;
    g->own[cpu].irq = out[GIC_IRQ];
    g->own[cpu].fiq = out[GIC_FIQ];
}

static const char *valid(struct device *d)
{
    const struct gicv2 *g = (const struct gicv2 *)d;
    for (unsigned k = 0; k < MAX_CPUS; k++) {
        const struct cpu_if *c = &g->cpu[k];
        if (c->nrunning > sizeof c->running / sizeof *c->running || c->bpr > 7 || c->abpr > 7)
            return "a processor's interface makes no sense";
        for (unsigned n = 0; n < c->nrunning; n++)
            if (c->running[n].irq >= g->nirqs)
                return "an interrupt is active that is not there";
    }
    return NULL;
}

static void loaded(struct device *d)
{
    struct gicv2 *g = (struct gicv2 *)d;
    memset(g->hot, 0xff, sizeof g->hot);
    update(g);
}

static void node(struct device *d, struct tree *t)
{
    tree_begin(t, "intc@%llx", d->at[0]);
    tree_text(t, "compatible", "arm,cortex-a15-gic");
    tree_cells(t, "#interrupt-cells", 3);
    tree_flag(t, "interrupt-controller");
    tree_cells(t, "#address-cells", 2);
    tree_cells(t, "#size-cells", 2);
    tree_flag(t, "ranges");
    tree_cells(t, "reg", 0, (uint32_t)d->at[0], 0, 0x10000, 0, (uint32_t)d->at[1], 0, 0x10000);
    tree_cells(t, "phandle", PHANDLE_GIC);
    gic_children(d, &gicv2m_type, gicv2m_node, t);
    tree_end(t);
}

static const struct gic_class class = { spi, ppi, connect };
static const struct property properties[] = {
    PROPERTY(struct gicv2, ncpus, PROP_U32, "num-cpu", "1", "processors, 1 to 8"),
    PROPERTY(struct gicv2, nirqs, PROP_U32, "num-irq", "288", "interrupts with the 32 of each processor, a multiple of 32"),
    PROPERTY(struct gicv2, security, PROP_BOOL, "has-security-extensions", "off", "two security states"),
    { NULL }
};
static const struct field fields[] = { FIELD(struct gicv2, ctlr), FIELD(struct gicv2, line), FIELD(struct gicv2, cpu), { NULL } };

const struct device_type gicv2_type = {
    .name = "arm-gic", .category = "Misc", .help = "GICv2", .size = sizeof(struct gicv2), .properties = properties, .fields = fields,
    .class = &class, .realize = realize, .reset = reset, .valid = valid, .loaded = loaded, .node = node,
};
