/*
 * What the files of the GICv3 share: gicv3.c (distributor, wiring), gicv3_cpu.c (redistributors), gicv3_lpi.c (LPIs),
 * gicv3_sysreg.c (CPU interfaces), its.c.
 *
 * Arm IHI 0069, with affinity routing always on and 5 bits of priority. Everything under the machine's lock.
 */
#ifndef MYNA_GICV3_H
#define MYNA_GICV3_H

#include "gic.h"

enum { GIC_OWN = 32, GIC_SGIS = 16, GIC_SPURIOUS = 1023, GIC_BANKS = 32, GIC_LPI_FIRST = 8192, GIC_ID_BITS = 16,
       GIC_PRIORITY_MASK = 0xf8, GIC_IDLE = 0xff, GIC_NOWHERE = 0xffff };

/* Interrupt groups as they take effect. With one security state there are G0 and G1NS. */
enum gic_group { G0, G1S, G1NS, NGROUPS };

/* 32 interrupts; bit n of a word is of interrupt n. */
struct gicv3_bank {
    uint32_t group, grpmod, enabled, latch /* pending by an edge or a write */, active, level /* of the input */, edge;
    uint32_t nsacr[2];
    uint8_t priority[32];
};

/* A processor's redistributor and CPU interface: a device of its own. */
struct gicv3_cpu {
    struct device d;
    struct gicv3 *gic;
    struct vcpu *vcpu;
    unsigned index;
    bool last;               /* of its region */
    uint32_t affinity;       /* Aff3.Aff2.Aff1.Aff0 */
    struct irq out[GIC_OUTPUTS];
    struct gicv3_bank bank;  /* SGIs and PPIs */
    uint32_t ctlr, waker;
    uint64_t propbaser, pendbaser;
    /* LPIs: a copy of the pending table, and the most urgent one that is enabled */
    uint64_t *lpis;
    unsigned nlpis;
    uint32_t lpi;            /* 0: none */
    uint8_t lpi_priority;
    /* CPU interface */
    uint8_t pmr, bpr[NGROUPS];
    uint32_t active_priorities[NGROUPS]; /* bit n: priority 8n */
    bool enable[NGROUPS];
    bool eoimode[3];         /* of Secure, Non-secure, EL3 */
    bool cbpr[2];            /* of Secure, Non-secure */
    /* Virtual CPU interface (ICH_) */
    uint64_t hcr, vmcr, lr[4];
    uint32_t vapr[2];
};

struct gicv3 {
    struct device d;
    uint32_t nirqs;          /* properties */
    bool security, its;
    uint32_t redist1;        /* redistributors in the first region; the others are in the second */
    unsigned ncpus;
    struct gicv3_cpu **cpu;
    uint32_t ctlr;
    struct gicv3_bank bank[GIC_BANKS]; /* [0] is unused */
    uint64_t router[GIC_BANKS * 32];
    uint16_t target[GIC_BANKS * 32];   /* index of the processor that router names, or GIC_NOWHERE */
    struct { struct gicv3 *g; unsigned cpu; } *own;
};

enum { GICD_ENABLE_G0 = 1, GICD_ENABLE_G1NS = 2, GICD_ENABLE_G1S = 4, GICD_ARE_S = 1 << 4, GICD_ARE_NS = 1 << 5, GICD_DS = 1 << 6 };

/* One security state, of the interrupt controller at least? */
static inline bool gicv3_ds(const struct gicv3 *g) { return !g->security || (g->ctlr & GICD_DS); }

/* --- gicv3.c --- */

void gicv3_update(struct gicv3 *g);
/* Registers that a distributor's and a redistributor's frame have alike, of one bank: offset is that of the class
 * (0x080 IGROUPR ... 0xe00 NSACR), k which word of the bank's (priorities: 8, configurations: 2). */
uint32_t gicv3_bank_read(const struct gicv3 *g, const struct gicv3_bank *b, unsigned class, unsigned k, bool secure);
void gicv3_bank_write(struct gicv3 *g, struct gicv3_bank *b, unsigned class, unsigned k, uint32_t v, bool secure, bool own);
/* The word that an offset below 0x1000 means: its class and bank (of 0 to 31) and which word of it; false: no such one. */
bool gicv3_decode(unsigned offset, unsigned *class, unsigned *bank, unsigned *k);
static inline uint32_t gicv3_pending(const struct gicv3_bank *b) { return b->latch | (b->level & ~b->edge); }
enum gic_group gicv3_group(const struct gicv3 *g, const struct gicv3_bank *b, unsigned n);
/* By affinity; NULL: there is none. */
struct gicv3_cpu *gicv3_by_affinity(const struct gicv3 *g, uint32_t affinity);

/* --- gicv3_sysreg.c, gicv3_virt.c --- */

extern const struct gic_cpu_ops gicv3_cpu_ops;
void gicv3_cpu_update(struct gicv3_cpu *c); /* tells the processor what is pending now */
void gicv3_cpu_if_reset(struct gicv3_cpu *c);
/* Clears an interrupt's active state, by number. */
void gicv3_deactivate(struct gicv3_cpu *c, unsigned id);

/* --- gicv3_lpi.c --- */

/* The guest's tables: memory alone, never registers, which would lead back here. False: there is none (reads are zero). */
bool gicv3_table_read(struct device *d, gpa_t at, void *to, uint64_t n);
void gicv3_table_write(struct device *d, gpa_t at, const void *from, uint64_t n);

void gicv3_lpi_enable(struct gicv3_cpu *c); /* GICR_CTLR.EnableLPIs was set: reads the pending table */
void gicv3_lpi_set(struct gicv3_cpu *c, uint32_t id, bool pending);
bool gicv3_lpi_is_pending(const struct gicv3_cpu *c, uint32_t id);
void gicv3_lpi_reconfigure(struct gicv3_cpu *c); /* configuration may have changed: looks at all again */
void gicv3_lpi_move_all(struct gicv3_cpu *from, struct gicv3_cpu *to);

#endif
