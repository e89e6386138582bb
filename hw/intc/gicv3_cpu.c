/*
 * GICv3 redistributors (Arm IHI 0069H, 12.10 to 12.11): a processor's SGIs, PPIs and LPIs. Two frames of 64 KiB.
 *
 * GICR_WAKER is as it was written, and interrupts are forwarded whatever it says: guests that never wake their
 * redistributor run on other implementations too.
 */
#include <stdlib.h>
#include <string.h>

#include "gicv3.h"

enum { GICR_CTLR = 0x000, GICR_IIDR = 0x004, GICR_TYPER = 0x008, GICR_WAKER = 0x014, GICR_PROPBASER = 0x070, GICR_PENDBASER = 0x078,
       GICR_INVLPIR = 0x0a0, GICR_INVALLR = 0x0b0, GICR_SYNCR = 0x0c0, GICR_ID = 0xffd0, GICR_SGI = 0x10000 };
enum { ENABLE_LPIS = 1, CTLR_CES = 2, PROCESSOR_SLEEP = 2, CHILDREN_ASLEEP = 4 };

static uint64_t typer(const struct gicv3_cpu *c)
{
    return (uint64_t)c->affinity << 32 | (uint64_t)c->index << 8 | (uint64_t)c->last << 4 | c->gic->its;
}

static uint64_t redist_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    static const uint8_t id[12] = { 0x44, 0, 0, 0, 0x93, 0xb4, 0x3b, 0, 0x0d, 0xf0, 0x05, 0xb1 };
    const struct gicv3_cpu *c = device;
    unsigned class, bank, k, shift = offset & 4 ? 32 : 0;
    if (offset >= GICR_SGI) {
        offset -= GICR_SGI;
        if (gicv3_decode((unsigned)offset, &class, &bank, &k))
            return bank ? 0 : gicv3_bank_read(c->gic, &c->bank, class, k, a.secure);
        return 0;
    }
    if (offset >= GICR_ID)
        return id[(offset - GICR_ID) / 4];
    switch (offset) {
    case GICR_CTLR:
        return c->ctlr | (c->gic->its ? CTLR_CES : 0);
    case GICR_IIDR:
        return 0x43b;
    case GICR_TYPER:
    case GICR_TYPER + 4:
        return (uint32_t)(typer(c) >> shift);
    case GICR_WAKER:
        return a.secure || gicv3_ds(c->gic) ? c->waker : 0;
    case GICR_PROPBASER:
    case GICR_PROPBASER + 4:
        return (uint32_t)(c->propbaser >> shift);
    case GICR_PENDBASER:
    case GICR_PENDBASER + 4:
        return (uint32_t)(c->pendbaser >> shift);
    default:
        return 0;
    }
}

/* A word of a register of 64 bits. */
static uint64_t half(uint64_t old, uint64_t offset, uint64_t value)
{
    return offset & 4 ? (uint32_t)old | value << 32 : old >> 32 << 32 | (uint32_t)value;
}

static void redist_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct gicv3_cpu *c = device;
    unsigned class, bank, k;
    bool lpis = c->gic->its;
    if (offset >= GICR_SGI) {
        if (gicv3_decode((unsigned)offset - GICR_SGI, &class, &bank, &k) && !bank)
            gicv3_bank_write(c->gic, &c->bank, class, k, (uint32_t)value, a.secure, true);
        gicv3_cpu_update(c);
        return;
    }
    switch (offset) {
    case GICR_CTLR:
        if (lpis && ((c->ctlr ^ value) & ENABLE_LPIS)) {
            c->ctlr ^= ENABLE_LPIS;
            gicv3_lpi_enable(c);
        }
        break;
    case GICR_WAKER:
        if (a.secure || gicv3_ds(c->gic))
            c->waker = value & PROCESSOR_SLEEP ? PROCESSOR_SLEEP | CHILDREN_ASLEEP : 0;
        break;
    case GICR_PROPBASER:
    case GICR_PROPBASER + 4:
        if (lpis && !(c->ctlr & ENABLE_LPIS))
            c->propbaser = half(c->propbaser, offset, value) & 0x070fffffffffff9full;
        break;
    case GICR_PENDBASER:
    case GICR_PENDBASER + 4:
        if (lpis && !(c->ctlr & ENABLE_LPIS))
            c->pendbaser = half(c->pendbaser, offset, value) & 0x470fffffffff0f80ull;
        break;
    case GICR_INVLPIR:
    case GICR_INVALLR:
        gicv3_lpi_reconfigure(c);
        break;
    }
    gicv3_cpu_update(c);
}

static const struct mmio_ops ops = { redist_read, redist_write, 4, 4, false, true };

static void reset(struct device *d)
{
    struct gicv3_cpu *c = (struct gicv3_cpu *)d;
    uint32_t level = c->bank.level;
    memset(&c->bank, 0, sizeof c->bank);
    c->bank.level = level;
    c->bank.edge = 0xffff;
    c->ctlr = 0;
    c->waker = PROCESSOR_SLEEP | CHILDREN_ASLEEP;
    c->propbaser = c->pendbaser = 0;
    gicv3_lpi_enable(c);
    gicv3_cpu_if_reset(c);
    gicv3_cpu_update(c);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct gicv3_cpu *c = (struct gicv3_cpu *)d;
    c->lpis = calloc(1 << GIC_ID_BITS >> 6, sizeof *c->lpis);
    if (c->lpis && device_region(d, 0, mem_new_mmio("gicv3-redistributor", 0x20000, &ops, c)))
        return true;
    snprintf(err, errlen, "no memory for the GIC");
    return false;
}

static void unrealize(struct device *d) { free(((struct gicv3_cpu *)d)->lpis); }

static const char *valid(struct device *d)
{
    const struct gicv3_cpu *c = (const struct gicv3_cpu *)d;
    for (unsigned k = 0; k < NGROUPS; k++)
        if (c->bpr[k] > 7 || (k == G1NS && !c->bpr[k]))
            return "field 'bpr' makes no sense";
    return NULL;
}

/* What is pending of LPIs stands in guest memory. */
static const struct field fields[] = {
    FIELD(struct gicv3_cpu, bank), FIELD(struct gicv3_cpu, ctlr), FIELD(struct gicv3_cpu, waker), FIELD(struct gicv3_cpu, propbaser),
    FIELD(struct gicv3_cpu, pendbaser), FIELD(struct gicv3_cpu, pmr), FIELD(struct gicv3_cpu, bpr), FIELD(struct gicv3_cpu, active_priorities),
    FIELD(struct gicv3_cpu, enable), FIELD(struct gicv3_cpu, eoimode), FIELD(struct gicv3_cpu, cbpr), FIELD(struct gicv3_cpu, hcr),
    FIELD(struct gicv3_cpu, vmcr), FIELD(struct gicv3_cpu, lr), FIELD(struct gicv3_cpu, vapr), { NULL }
};

const struct device_type gicv3_cpu_type = {
    .name = "arm-gicv3-redistributor", .category = "Misc", .help = "a processor's part of a GICv3", .size = sizeof(struct gicv3_cpu),
    .fields = fields, .realize = realize, .unrealize = unrealize, .reset = reset,
    .valid = valid,
};
