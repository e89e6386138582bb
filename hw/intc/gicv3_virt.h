/* The virtual CPU interface of a GICv3: gicv3_virt.c. */
#ifndef MYNA_GICV3_VIRT_H
#define MYNA_GICV3_VIRT_H

#include "gicv3.h"

enum { ICH_HCR_EN = 1 << 0, ICH_HCR_UIE = 1 << 1, ICH_HCR_LRENPIE = 1 << 2, ICH_HCR_NPIE = 1 << 3, ICH_HCR_GRP0EIE = 1 << 4,
       ICH_HCR_GRP0DIE = 1 << 5, ICH_HCR_GRP1EIE = 1 << 6, ICH_HCR_GRP1DIE = 1 << 7, ICH_HCR_TC = 1 << 10, ICH_HCR_TALL0 = 1 << 11,
       ICH_HCR_TALL1 = 1 << 12 };

/* Accesses to ICH_ registers, and those of EL1 to ICC_ registers that mean the virtual interface (ICV_). False: the access
 * is not of these. */
bool gicv3_virt_read(struct gicv3_cpu *c, unsigned reg, uint64_t *v);
bool gicv3_virt_write(struct gicv3_cpu *c, unsigned reg, uint64_t v);
/* Tells the processor of virtual interrupts, and of the maintenance interrupt. */
void gicv3_virt_update(struct gicv3_cpu *c);

#endif
