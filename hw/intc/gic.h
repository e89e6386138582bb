/*
 * Arm's interrupt controllers as boards see them: a GIC is a device whose class is a struct gic_class, and what hangs on
 * it (v2m frame, ITS) are devices of their own, whose nodes stand inside its node of the device tree.
 */
#ifndef MYNA_GIC_H
#define MYNA_GIC_H

#include "device.h"

/* Outputs of a GIC to a processor. */
enum gic_output { GIC_IRQ, GIC_FIQ, GIC_VIRQ, GIC_VFIQ, GIC_OUTPUTS };

struct gic_class {
    struct irq (*spi)(struct device *gic, unsigned n);               /* shared input n: interrupt 32 + n */
    struct irq (*ppi)(struct device *gic, unsigned cpu, unsigned n); /* a processor's own input: interrupt n, 16 to 31 */
    void (*connect)(struct device *gic, unsigned cpu, const struct irq out[GIC_OUTPUTS]);
};
static inline const struct gic_class *gic_class(const struct device *gic) { return gic->type->class; }

extern const struct device_type gicv2_type, gicv2m_type, gicv3_type, gicv3_cpu_type, its_type;

/* Nodes of the devices of a type as children of the GIC's node, which is the current one. */
static inline void gic_children(struct device *gic, const struct device_type *t, void (*node)(struct device *d, struct tree *t),
                                struct tree *tree)
{
    for (struct device *d = NULL; (d = device_next(gic->machine, d));)
        if (d->type == t && d->realized)
            node(d, tree);
}
void gicv2m_node(struct device *d, struct tree *t);
void its_node(struct device *d, struct tree *t);

#endif
