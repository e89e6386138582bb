/*
 * The Generic Event Device (ACPI 6.4, 5.6.9) as the namespace describes it (dsdt.c): an interrupt, and a register that says
 * what has happened. A read gives the events since the last one. There is one event, the power button's.
 */
#include "acpi.h"

enum { SIZE = 4, EVENT_POWER = 2 };

struct ged { struct device d; uint32_t events; };

static uint64_t ged_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct ged *g = device;
    uint32_t v = g->events;
    g->events = 0;
    return v;
}

static const struct mmio_ops ops = { ged_read, NULL, 4, 4, false };

void acpi_ged_press_power(struct device *d)
{
    ((struct ged *)d)->events |= EVENT_POWER;
    device_line(d, 0, true); /* an edge */
    device_line(d, 0, false);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    if (device_region(d, 0, mem_new_mmio("acpi-ged", SIZE, &ops, d)))
        return true;
    snprintf(err, errlen, "acpi-ged: no memory");
    return false;
}

static void reset(struct device *d) { ((struct ged *)d)->events = 0; }

static const struct field fields[] = { FIELD(struct ged, events), { NULL } };

const struct device_type acpi_ged_type = {
    .name = "acpi-ged", .category = "Misc", .help = "ACPI events", .size = sizeof(struct ged), .fields = fields, .realize = realize, .reset = reset,
};
