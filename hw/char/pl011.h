#ifndef MYNA_PL011_H
#define MYNA_PL011_H

#include "chardev.h"
#include "irq.h"
#include "physmem.h"

struct pl011;
/* irq: its one combined output. The backend may be NULL. */
struct pl011 *pl011_new(struct chardev *backend, struct irq irq);
void pl011_free(struct pl011 *p);
void pl011_reset(struct pl011 *p);
struct mem_region *pl011_region(struct pl011 *p);

#endif
