/*
 * GICv2m: a frame that makes shared interrupts of a GICv2 out of messages (Arm Server Base System Architecture, appendix
 * "GICv2m Architecture"). Writing an interrupt's number to MSI_SETSPI_NS raises its edge.
 */
#include "gic.h"
#include "tree.h"

enum { MSI_TYPER = 0x008, MSI_SETSPI_NS = 0x040, MSI_IIDR = 0xfcc };

struct gicv2m {
    struct device d;
    uint32_t first, n;  /* interrupts, as the GIC counts them */
    struct device *gic;
};

static uint64_t frame_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    const struct gicv2m *f = device;
    switch (offset) {
    case MSI_TYPER:
        return f->first << 16 | f->n;
    case MSI_IIDR:
        return 0x43b;
    default:
        return 0;
    }
}

static void frame_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    const struct gicv2m *f = device;
    uint64_t irq = value & 0x3ff;
    if (offset != MSI_SETSPI_NS || irq < f->first || irq >= f->first + f->n)
        return;
    struct irq line = gic_class(f->gic)->spi(f->gic, (unsigned)irq - 32);
    irq_set(&line, true);
    irq_set(&line, false);
}

static const struct mmio_ops ops = { frame_read, frame_write, 4, 4, false };

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct gicv2m *f = (struct gicv2m *)d;
    for (struct device *k = NULL; !f->gic && (k = device_next(d->machine, k));)
        if (k->type == &gicv2_type)
            f->gic = k;
    if (!f->gic || f->first < 32 || f->first + f->n > 1020) {
        snprintf(err, errlen, "gicv2m: no such interrupts, or no GICv2");
        return false;
    }
    if (device_region(d, 0, mem_new_mmio("gicv2m", 0x1000, &ops, f)))
        return true;
    snprintf(err, errlen, "gicv2m: no memory");
    return false;
}

void gicv2m_node(struct device *d, struct tree *t)
{
    tree_begin(t, "v2m@%llx", d->at[0]);
    tree_text(t, "compatible", "arm,gic-v2m-frame");
    tree_flag(t, "msi-controller");
    tree_reg(t, d->at[0], 0x1000);
    tree_cells(t, "phandle", PHANDLE_MSI);
    tree_end(t);
}

static const struct property properties[] = {
    PROPERTY(struct gicv2m, first, PROP_U32, "base-spi", "80", "first interrupt, as the GIC counts them"),
    PROPERTY(struct gicv2m, n, PROP_U32, "num-spi", "64", "how many"),
    { NULL }
};

const struct device_type gicv2m_type = {
    .name = "arm-gicv2m", .category = "Misc", .help = "messages to interrupts of a GICv2", .size = sizeof(struct gicv2m),
    .properties = properties, .realize = realize, .no_fields = "it only forwards",
};
