/*
 * GICv3 CPU interface by system registers (Arm IHI 0069H, 4.8 and 12.2): acknowledging, ending, priorities, SGIs.
 *
 * Registers that the manual banks by security state are banked by SCR_EL3.NS here too, at EL3 as well. Not there:
 * the older interface in memory (SRE reads as one), 1-of-N, routing modifiers (ICC_CTLR_EL3.RM).
 */
#include <string.h>

#include "gicv3.h"
#include "gicv3_virt.h"
#include "isa.h"
#include "sys.h"

enum { PRIORITY_BITS = 5, LEAST_BPR = 7 - PRIORITY_BITS, SECURE = 0, NONSECURE = 1, AT_EL3 = 2 };

static struct a64_sys *sys_of(const struct gicv3_cpu *c) { return c->vcpu->state; }
static bool is_secure(const struct gicv3_cpu *c) { return sys_of(c)->has_el3 && !(sys_of(c)->v[A64_SYS_SCR_EL3] & SCR_NS); }
static unsigned level_of(const struct gicv3_cpu *c) { return a64_el(c->vcpu->cpu); }
/* The Group 1 that the current security state has. */
static enum gic_group group1(const struct gicv3_cpu *c) { return is_secure(c) && !gicv3_ds(c->gic) ? G1S : G1NS; }
static unsigned state_of(const struct gicv3_cpu *c) { return is_secure(c) ? SECURE : NONSECURE; }

/* ---------------------------------------------------------------------- priorities */

/* Bits of a priority that decide preemption, of a group (table 4-8). */
static uint8_t preemption_mask(const struct gicv3_cpu *c, enum gic_group group)
{
    bool common = group == G1NS ? c->cbpr[NONSECURE] : group == G1S && c->cbpr[SECURE];
    unsigned bpr = group == G0 || common ? c->bpr[G0] : group == G1NS ? c->bpr[G1NS] - 1u : c->bpr[G1S];
    return (uint8_t)(0xff << (bpr + 1));
}

/* The group of the highest active priority; *bit: that priority / 8, or 32: nothing is active. */
static enum gic_group running(const struct gicv3_cpu *c, unsigned *bit)
{
    enum gic_group best = G0;
    *bit = 32;
    for (unsigned k = 0; k < NGROUPS; k++)
        if (c->active_priorities[k] && (unsigned)__builtin_ctz(c->active_priorities[k]) < *bit) {
            *bit = (unsigned)__builtin_ctz(c->active_priorities[k]);
            best = (enum gic_group)k;
        }
    return best;
}

static unsigned running_priority(const struct gicv3_cpu *c)
{
    unsigned bit;
    running(c, &bit);
    return bit == 32 ? GIC_IDLE : bit << 3;
}

/* ----------------------------------------------------------------------- candidates */

struct candidate { unsigned id; uint8_t priority; enum gic_group group; };

static void look(const struct gicv3_cpu *c, const struct gicv3_bank *b, unsigned first, uint32_t groups[NGROUPS], struct candidate *best)
{
    const struct gicv3 *g = c->gic;
    uint32_t one = b->group, one_s = gicv3_ds(g) ? 0 : ~b->group & b->grpmod, zero = ~(one | one_s);
    uint32_t p = gicv3_pending(b) & b->enabled & ~b->active & ((zero & groups[G0]) | (one_s & groups[G1S]) | (one & groups[G1NS]));
    for (; p; p &= p - 1) {
        unsigned n = (unsigned)__builtin_ctz(p);
        if (b->priority[n] < best->priority && (first < GIC_OWN || g->target[first + n] == c->index))
            *best = (struct candidate){ first + n, b->priority[n], gicv3_group(g, b, n) };
    }
}

/* The most urgent pending interrupt of groups that are enabled; priority GIC_IDLE: none. */
static struct candidate highest(const struct gicv3_cpu *c)
{
    const struct gicv3 *g = c->gic;
    struct candidate best = { GIC_SPURIOUS, GIC_IDLE, G1NS };
    static const uint8_t bits[NGROUPS] = { [G0] = GICD_ENABLE_G0, [G1S] = GICD_ENABLE_G1S, [G1NS] = GICD_ENABLE_G1NS };
    uint32_t groups[NGROUPS], any = 0;
    for (unsigned k = 0; k < NGROUPS; k++)
        any |= groups[k] = (g->ctlr & bits[k]) && c->enable[k] ? ~0u : 0;
    if (!any)
        return best;
    look(c, &c->bank, 0, groups, &best);
    for (unsigned k = 1; k < g->nirqs / 32; k++)
        look(c, &g->bank[k], 32 * k, groups, &best);
    if (c->lpi && groups[G1NS] && c->lpi_priority < best.priority)
        best = (struct candidate){ c->lpi, c->lpi_priority, G1NS };
    return best;
}

static bool signals(const struct gicv3_cpu *c, const struct candidate *k)
{
    uint8_t mask = preemption_mask(c, k->group);
    unsigned now = running_priority(c);
    return k->priority < c->pmr && (now == GIC_IDLE || (k->priority & mask) < (now & mask));
}

void gicv3_cpu_update(struct gicv3_cpu *c)
{
    gicv3_virt_update(c);
    struct candidate k = highest(c);
    bool up = k.priority != GIC_IDLE && signals(c, &k), fiq = false;
    if (up) { /* table 4-3 */
        bool secure = is_secure(c), el3 = sys_of(c)->has_el3 && level_of(c) == 3;
        fiq = k.group == G0 || (!gicv3_ds(c->gic) && (el3 || (k.group == G1S ? !secure : secure)));
    }
    irq_set(&c->out[GIC_IRQ], up && !fiq);
    irq_set(&c->out[GIC_FIQ], fiq);
}

static void changed_world(void *device, unsigned cpu)
{
    struct gicv3 *g = device;
    gicv3_cpu_update(g->cpu[cpu]);
}

/* ---------------------------------------------------------------- acknowledge and end */

/* Does the CPU, where it is now, get an interrupt of this group from ICC_IAR0 (which 0) or ICC_IAR1? */
static bool answers(const struct gicv3_cpu *c, unsigned which, enum gic_group group)
{
    return which ? group == group1(c) : group == G0;
}

static unsigned acknowledge(struct gicv3_cpu *c, unsigned which)
{
    struct candidate k = highest(c);
    if (k.priority == GIC_IDLE || !signals(c, &k) || !answers(c, which, k.group))
        return GIC_SPURIOUS;
    c->active_priorities[k.group] |= 1u << ((k.priority & preemption_mask(c, k.group)) >> 3);
    if (k.id >= GIC_LPI_FIRST) {
        gicv3_lpi_set(c, k.id, false);
    } else {
        struct gicv3_bank *b = k.id < GIC_OWN ? &c->bank : &c->gic->bank[k.id / 32];
        b->active |= 1u << k.id % 32;
        b->latch &= ~(1u << k.id % 32);
    }
    gicv3_cpu_update(c);
    return k.id;
}

void gicv3_deactivate(struct gicv3_cpu *c, unsigned id)
{
    struct gicv3 *g = c->gic;
    if (id >= g->nirqs)
        return;
    struct gicv3_bank *b = id < GIC_OWN ? &c->bank : &g->bank[id / 32];
    enum gic_group group = gicv3_group(g, b, id % 32);
    if (group != G1NS && !is_secure(c) && !gicv3_ds(g) && level_of(c) != 3)
        return;
    b->active &= ~(1u << id % 32);
    if (id >= GIC_OWN && g->target[id] < g->ncpus)
        gicv3_cpu_update(g->cpu[g->target[id]]);
}

static unsigned mode_state(const struct gicv3_cpu *c) { return sys_of(c)->has_el3 && level_of(c) == 3 ? AT_EL3 : state_of(c); }

static void end(struct gicv3_cpu *c, unsigned which, unsigned id)
{
    unsigned bit;
    if (id >= 1020 && id < GIC_LPI_FIRST)
        return;
    enum gic_group group = running(c, &bit);
    if (bit == 32 || !answers(c, which, group))
        return;
    c->active_priorities[group] &= c->active_priorities[group] - 1;
    if (!c->eoimode[mode_state(c)])
        gicv3_deactivate(c, id);
    gicv3_cpu_update(c);
}

/* --------------------------------------------------------------------------- SGIs */

/* Whether an SGI asked for as of `group` by a CPU of this security state reaches an interrupt of group `is` (table 4-10). */
static bool sgi_allowed(const struct gicv3 *g, bool secure, enum gic_group group, enum gic_group is, unsigned nsacr)
{
    if (secure || gicv3_ds(g))
        return group == is;
    return is == G1NS ? group == G1NS : nsacr >= (is == G0 ? 1 : 2);
}

static void send_sgi(struct gicv3_cpu *c, uint64_t v, enum gic_group group)
{
    struct gicv3 *g = c->gic;
    unsigned id = v >> 24 & 15, first = (unsigned)(v >> 44 & 15) * 16;
    uint32_t cluster = (uint32_t)(v >> 48 & 0xff) << 24 | (uint32_t)(v >> 32 & 0xff) << 16 | (uint32_t)(v >> 16 & 0xff) << 8;
    bool others = v >> 40 & 1;
    for (unsigned k = 0; k < g->ncpus; k++) {
        struct gicv3_cpu *to = g->cpu[k];
        unsigned aff0 = (to->affinity & 0xff) - first;
        bool named = others ? to != c : (to->affinity & 0xffffff00) == cluster && aff0 < 16 && (v >> aff0 & 1);
        if (named && sgi_allowed(g, is_secure(c), group, gicv3_group(g, &to->bank, id), to->bank.nsacr[0] >> 2 * id & 3)) {
            to->bank.latch |= 1u << id;
            gicv3_cpu_update(to);
        }
    }
}

/* ---------------------------------------------------------------------- registers */

/* With two security states and FIQs for EL3, Non-secure software sees the lower half of the priorities (4.8.1). */
static bool shifted(const struct gicv3_cpu *c)
{
    return sys_of(c)->has_el3 && !is_secure(c) && level_of(c) != 3 && (sys_of(c)->v[A64_SYS_SCR_EL3] & SCR_FIQ);
}
static uint8_t seen_priority(const struct gicv3_cpu *c, unsigned p)
{
    return (uint8_t)(!shifted(c) || p == GIC_IDLE ? p : p & 0x80 ? p << 1 : 0);
}

static void set_pmr(struct gicv3_cpu *c, uint64_t v)
{
    if (shifted(c)) {
        if (!(c->pmr & 0x80))
            return;
        v = (v & 0xff) >> 1 | 0x80;
    }
    c->pmr = v & GIC_PRIORITY_MASK;
}

static uint64_t bpr1(const struct gicv3_cpu *c)
{
    enum gic_group group = group1(c);
    if (group == G1S)
        return c->cbpr[SECURE] ? c->bpr[G0] : c->bpr[G1S];
    if (!c->cbpr[NONSECURE])
        return c->bpr[G1NS];
    return c->bpr[G0] < 7 ? c->bpr[G0] + 1u : 7;
}

static void set_bpr(struct gicv3_cpu *c, enum gic_group group, uint64_t v)
{
    unsigned least = group == G1NS ? LEAST_BPR + 1 : LEAST_BPR;
    if (group == G1S && c->cbpr[SECURE])
        group = G0;
    if (group == G1NS && c->cbpr[NONSECURE])
        return;
    c->bpr[group] = (uint8_t)((v & 7) < least ? least : v & 7);
}

/* PRIbits, IDbits (16), A3V. */
enum { CTLR_FIXED = (PRIORITY_BITS - 1) << 8 | 1 << 15 };

static bool read_own(struct gicv3_cpu *c, unsigned reg, uint64_t *v)
{
    struct candidate k;
    switch (reg) {
    case A64_SYS_ICC_PMR_EL1:
        *v = seen_priority(c, c->pmr);
        return true;
    case A64_SYS_ICC_IAR0_EL1:
    case A64_SYS_ICC_IAR1_EL1:
        *v = acknowledge(c, reg == A64_SYS_ICC_IAR1_EL1);
        return true;
    case A64_SYS_ICC_HPPIR0_EL1:
    case A64_SYS_ICC_HPPIR1_EL1:
        k = highest(c);
        *v = k.priority != GIC_IDLE && answers(c, reg == A64_SYS_ICC_HPPIR1_EL1, k.group) ? k.id : GIC_SPURIOUS;
        return true;
    case A64_SYS_ICC_BPR0_EL1:
        *v = c->bpr[G0];
        return true;
    case A64_SYS_ICC_BPR1_EL1:
        *v = bpr1(c);
        return true;
    case A64_SYS_ICC_AP0R0_EL1:
        *v = c->active_priorities[G0];
        return true;
    case A64_SYS_ICC_AP1R0_EL1:
        *v = c->active_priorities[group1(c)];
        return true;
    case A64_SYS_ICC_RPR_EL1:
        *v = seen_priority(c, running_priority(c));
        return true;
    case A64_SYS_ICC_CTLR_EL1:
        *v = CTLR_FIXED | c->cbpr[state_of(c)] | c->eoimode[state_of(c)] << 1;
        return true;
    case A64_SYS_ICC_CTLR_EL3:
        *v = CTLR_FIXED | c->cbpr[SECURE] | c->cbpr[NONSECURE] << 1 | c->eoimode[AT_EL3] << 2 | c->eoimode[SECURE] << 3 |
             c->eoimode[NONSECURE] << 4;
        return true;
    case A64_SYS_ICC_SRE_EL1:
        *v = 7;
        return true;
    case A64_SYS_ICC_SRE_EL2:
    case A64_SYS_ICC_SRE_EL3:
        *v = 15;
        return true;
    case A64_SYS_ICC_IGRPEN0_EL1:
        *v = c->enable[G0];
        return true;
    case A64_SYS_ICC_IGRPEN1_EL1:
        *v = c->enable[group1(c)];
        return true;
    case A64_SYS_ICC_IGRPEN1_EL3:
        *v = c->enable[G1NS] | c->enable[G1S] << 1;
        return true;
    }
    *v = 0;
    return false;
}

static bool write_own(struct gicv3_cpu *c, unsigned reg, uint64_t v)
{
    switch (reg) {
    case A64_SYS_ICC_PMR_EL1:
        set_pmr(c, v);
        break;
    case A64_SYS_ICC_EOIR0_EL1:
    case A64_SYS_ICC_EOIR1_EL1:
        end(c, reg == A64_SYS_ICC_EOIR1_EL1, v & 0xffffff);
        return true;
    case A64_SYS_ICC_DIR_EL1:
        if (c->eoimode[mode_state(c)])
            gicv3_deactivate(c, v & 0xffffff);
        break;
    case A64_SYS_ICC_BPR0_EL1:
        set_bpr(c, G0, v);
        break;
    case A64_SYS_ICC_BPR1_EL1:
        set_bpr(c, group1(c), v);
        break;
    case A64_SYS_ICC_AP0R0_EL1:
        c->active_priorities[G0] = (uint32_t)v;
        break;
    case A64_SYS_ICC_AP1R0_EL1:
        c->active_priorities[group1(c)] = (uint32_t)v;
        break;
    case A64_SYS_ICC_SGI0R_EL1:
        send_sgi(c, v, G0);
        return true;
    case A64_SYS_ICC_SGI1R_EL1:
        send_sgi(c, v, group1(c));
        return true;
    case A64_SYS_ICC_ASGI1R_EL1: /* of the other security state */
        if (!gicv3_ds(c->gic))
            send_sgi(c, v, is_secure(c) ? G1NS : G1S);
        return true;
    case A64_SYS_ICC_CTLR_EL1:
        c->cbpr[state_of(c)] = v & 1;
        c->eoimode[state_of(c)] = v >> 1 & 1;
        break;
    case A64_SYS_ICC_CTLR_EL3:
        c->cbpr[SECURE] = v & 1;
        c->cbpr[NONSECURE] = v >> 1 & 1;
        c->eoimode[AT_EL3] = v >> 2 & 1;
        c->eoimode[SECURE] = v >> 3 & 1;
        c->eoimode[NONSECURE] = v >> 4 & 1;
        break;
    case A64_SYS_ICC_SRE_EL1:
    case A64_SYS_ICC_SRE_EL2:
    case A64_SYS_ICC_SRE_EL3:
        return true;
    case A64_SYS_ICC_IGRPEN0_EL1:
        c->enable[G0] = v & 1;
        break;
    case A64_SYS_ICC_IGRPEN1_EL1:
        c->enable[group1(c)] = v & 1;
        break;
    case A64_SYS_ICC_IGRPEN1_EL3:
        c->enable[G1NS] = v & 1;
        c->enable[G1S] = v >> 1 & 1;
        break;
    default:
        return false;
    }
    gicv3_cpu_update(c);
    return true;
}

static bool read_reg(void *device, unsigned cpu, unsigned reg, uint64_t *v)
{
    struct gicv3_cpu *c = ((struct gicv3 *)device)->cpu[cpu];
    return gicv3_virt_read(c, reg, v) || read_own(c, reg, v);
}

static bool write_reg(void *device, unsigned cpu, unsigned reg, uint64_t v)
{
    struct gicv3_cpu *c = ((struct gicv3 *)device)->cpu[cpu];
    return gicv3_virt_write(c, reg, v) || write_own(c, reg, v);
}

/* Level that an access from el traps to: ICH_HCR_EL2's traps, HCR_EL2 for SGIs, SCR_EL3 for what is EL3's. */
static unsigned trap(void *device, unsigned cpu, unsigned el, unsigned group)
{
    const struct gicv3_cpu *c = ((struct gicv3 *)device)->cpu[cpu];
    struct a64_sys *s = sys_of(c);
    uint64_t hcr = a64_hcr(s), scr = s->v[A64_SYS_SCR_EL3];
    bool under2 = el == 1 && s->has_el2 && !a64_secure(s, 1);
    bool fmo = under2 && (hcr & HCR_FMO), imo = under2 && (hcr & HCR_IMO);
    if (under2) {
        bool common = c->hcr & ICH_HCR_TC;
        if (group == T_SGI ? common || fmo || imo : group == T_ICC ? common : c->hcr & (group == T_ICC0 ? ICH_HCR_TALL0 : ICH_HCR_TALL1))
            return 2;
    }
    if (!s->has_el3 || el == 3)
        return 0;
    bool fiq = scr & SCR_FIQ, irq = scr & SCR_IRQ;
    switch (group) {
    case T_ICC0:
        return fiq && !fmo ? 3 : 0;
    case T_ICC1:
        return irq && !imo ? 3 : 0;
    default: /* common ones, SGIs */
        return fiq && irq && !fmo && !imo ? 3 : 0;
    }
}

const struct gic_cpu_ops gicv3_cpu_ops = { read_reg, write_reg, trap, changed_world };

void gicv3_cpu_if_reset(struct gicv3_cpu *c)
{
    c->pmr = 0;
    c->bpr[G0] = c->bpr[G1S] = LEAST_BPR;
    c->bpr[G1NS] = LEAST_BPR + 1;
    memset(c->active_priorities, 0, sizeof c->active_priorities);
    memset(c->enable, 0, sizeof c->enable);
    memset(c->eoimode, 0, sizeof c->eoimode);
    memset(c->cbpr, 0, sizeof c->cbpr);
    c->hcr = c->vmcr = 0;
    memset(c->lr, 0, sizeof c->lr);
    memset(c->vapr, 0, sizeof c->vapr);
}
