/*
 * Interrupt lines: a device's output wired to an input of somebody. Under the machine's lock.
 */
#ifndef MYNA_IRQ_H
#define MYNA_IRQ_H

#include <stdbool.h>
#include <stddef.h>

struct irq {
    void (*set)(void *to, unsigned input, bool up);
    void *to;
    unsigned input;
};

/* An unconnected line may be set. */
static inline void irq_set(const struct irq *i, bool up)
{
    if (i->set)
        i->set(i->to, i->input, up);
}

#endif
