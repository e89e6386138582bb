#ifndef MYNA_GICV2_H
#define MYNA_GICV2_H

#include "irq.h"
#include "physmem.h"

struct gicv2;
/* Distributor and CPU interfaces for ncpus (1 to 8) processors, nirqs inputs in all (multiple of 32, 64 to 1020, the
 * first 32 of them each CPU's own). irq, fiq: outputs of each CPU. NULL: no memory. */
struct gicv2 *gicv2_new(unsigned ncpus, unsigned nirqs);
void gicv2_free(struct gicv2 *g);
void gicv2_connect(struct gicv2 *g, unsigned cpu, struct irq irq, struct irq fiq);
void gicv2_reset(struct gicv2 *g);
struct mem_region *gicv2_distributor(struct gicv2 *g); /* 4 KiB */
struct mem_region *gicv2_cpu_interface(struct gicv2 *g); /* 8 KiB; the CPU that asks is known by its thread */
/* Shared input n (from 32) / a CPU's own input (16 to 31). */
struct irq gicv2_input(struct gicv2 *g, unsigned n);
struct irq gicv2_ppi(struct gicv2 *g, unsigned cpu, unsigned n);

#endif
