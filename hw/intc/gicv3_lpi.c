/*
 * LPIs of a redistributor (Arm IHI 0069H, 5.1): the configuration and pending tables in guest memory.
 *
 * The pending table in memory is kept right at each change, so that it is all the state there is; a copy of it is searched.
 * Configuration is read when it is needed, never kept but for the most urgent LPI. LPIs are of Group 1, Non-secure.
 */
#include <string.h>

#include "gicv3.h"

bool gicv3_table_read(struct device *d, gpa_t at, void *to, uint64_t n)
{
    uint8_t *bytes = to;
    memset(to, 0, n);
    while (n) {
        uint64_t k = n;
        const uint8_t *host = physmem_host(d->machine->memory, &d->machine->reader, at, &k, false);
        if (!host)
            return false;
        memcpy(bytes, host, k);
        at += k;
        bytes += k;
        n -= k;
    }
    return true;
}

/* n bytes (1 or 8) that no page's end divides. */
void gicv3_table_write(struct device *d, gpa_t at, const void *from, uint64_t n)
{
    uint64_t k = n;
    if (physmem_host(d->machine->memory, &d->machine->reader, at, &k, true) && k == n)
        device_write(d, at, from, n);
}

static uint32_t limit(const struct gicv3_cpu *c)
{
    unsigned bits = (unsigned)(c->propbaser & 31) + 1;
    return 1u << (bits < GIC_ID_BITS ? bits : GIC_ID_BITS);
}

static gpa_t pending_table(const struct gicv3_cpu *c) { return c->pendbaser & 0x000fffffffff0000ull; }

/* Priority of an LPI, GIC_IDLE if it is not enabled. */
static uint8_t priority_of(struct gicv3_cpu *c, uint32_t id)
{
    uint8_t config = 0;
    gicv3_table_read(&c->d, (c->propbaser & 0x000ffffffffff000ull) + id - GIC_LPI_FIRST, &config, 1);
    if (!(config & 1))
        return GIC_IDLE;
    uint8_t p = config & 0xfc;
    return (gicv3_ds(c->gic) ? p : p >> 1 | 0x80) & GIC_PRIORITY_MASK;
}

static void consider(struct gicv3_cpu *c, uint32_t id)
{
    uint8_t p = priority_of(c, id);
    if (p < (c->lpi ? c->lpi_priority : GIC_IDLE)) {
        c->lpi = id;
        c->lpi_priority = p;
    }
}

void gicv3_lpi_reconfigure(struct gicv3_cpu *c)
{
    c->lpi = 0;
    if (!c->nlpis)
        return;
    for (unsigned k = GIC_LPI_FIRST / 64; k < 1 << GIC_ID_BITS >> 6; k++)
        for (uint64_t w = c->lpis[k]; w; w &= w - 1)
            consider(c, k * 64 + (unsigned)__builtin_ctzll(w));
}

void gicv3_lpi_enable(struct gicv3_cpu *c)
{
    memset(c->lpis, 0, 1 << GIC_ID_BITS >> 3);
    c->nlpis = 0;
    c->lpi = 0;
    if (!(c->ctlr & 1) || limit(c) <= GIC_LPI_FIRST)
        return;
    bool zero = c->pendbaser >> 62 & 1; /* PTZ: the guest says that the table is empty */
    c->pendbaser &= ~(1ull << 62);
    if (!zero && !gicv3_table_read(&c->d, pending_table(c) + GIC_LPI_FIRST / 8, c->lpis + GIC_LPI_FIRST / 64, (limit(c) - GIC_LPI_FIRST) / 8))
        memset(c->lpis, 0, 1 << GIC_ID_BITS >> 3);
    for (unsigned k = GIC_LPI_FIRST / 64; k < 1 << GIC_ID_BITS >> 6; k++)
        c->nlpis += (unsigned)__builtin_popcountll(c->lpis[k]);
    gicv3_lpi_reconfigure(c);
}

bool gicv3_lpi_is_pending(const struct gicv3_cpu *c, uint32_t id)
{
    return id < 1 << GIC_ID_BITS && (c->lpis[id / 64] >> id % 64 & 1);
}

void gicv3_lpi_set(struct gicv3_cpu *c, uint32_t id, bool pending)
{
    if (!(c->ctlr & 1) || id < GIC_LPI_FIRST || id >= limit(c) || gicv3_lpi_is_pending(c, id) == pending)
        return;
    c->lpis[id / 64] ^= 1ull << id % 64;
    c->nlpis += pending ? 1 : -1u;
    gicv3_table_write(&c->d, pending_table(c) + id / 8, (const uint8_t *)c->lpis + id / 8, 1);
    if (pending)
        consider(c, id);
    else if (id == c->lpi)
        gicv3_lpi_reconfigure(c);
    gicv3_cpu_update(c);
}

void gicv3_lpi_move_all(struct gicv3_cpu *from, struct gicv3_cpu *to)
{
    for (unsigned k = GIC_LPI_FIRST / 64; from != to && k < 1 << GIC_ID_BITS >> 6; k++)
        for (uint64_t w = from->lpis[k]; w; w &= w - 1) {
            uint32_t id = k * 64 + (unsigned)__builtin_ctzll(w);
            gicv3_lpi_set(from, id, false);
            gicv3_lpi_set(to, id, true);
        }
}
