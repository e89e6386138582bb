/*
 * GICv3 virtual CPU interface (Arm IHI 0069H, chapter 6, 12.3 and 12.4): list registers by which EL2 gives interrupts to
 * EL1, what EL1's ICC_ accesses mean then (ICV_), and the maintenance interrupt.
 *
 * Four list registers, 5 bits of priority. An access of EL1 is virtual if HCR_EL2.FMO (Group 0), IMO (Group 1) or either
 * (both groups) says so.
 */
#include "gicv3_virt.h"
#include "isa.h"
#include "sys.h"

enum { NLRS = 4, LR_PENDING = 1, LR_ACTIVE = 2, MAINTENANCE = 25, LEAST_BPR = 2, HCR_EOICOUNT_SHIFT = 27 };
enum { VENG0 = 1 << 0, VENG1 = 1 << 1, VFIQEN = 1 << 3, VCBPR = 1 << 4, VEOIM = 1 << 9 };
#define LR_EOI (1ull << 41)
#define LR_GROUP (1ull << 60)
#define LR_HW (1ull << 61)

static unsigned state_of(uint64_t lr) { return lr >> 62; }
static uint32_t id_of(uint64_t lr) { return (uint32_t)lr; }
static uint8_t priority_of(uint64_t lr) { return (uint8_t)(lr >> 48) & GIC_PRIORITY_MASK; }

static unsigned bpr(const struct gicv3_cpu *c, unsigned group)
{
    unsigned zero = c->vmcr >> 21 & 7;
    if (!group)
        return zero;
    return c->vmcr & VCBPR ? (zero < 7 ? zero + 1 : 7) : c->vmcr >> 18 & 7;
}
static uint8_t preemption_mask(const struct gicv3_cpu *c, unsigned group)
{
    return (uint8_t)(0xff << (bpr(c, group) + (group ? 0 : 1)));
}

static unsigned running_priority(const struct gicv3_cpu *c)
{
    uint32_t active = c->vapr[0] | c->vapr[1];
    return active ? (unsigned)__builtin_ctz(active) << 3 : GIC_IDLE;
}

/* List register of the most urgent pending interrupt of an enabled group, or -1. */
static int highest(const struct gicv3_cpu *c)
{
    int best = -1;
    if (!(c->hcr & ICH_HCR_EN))
        return -1;
    for (int k = 0; k < NLRS; k++)
        if (state_of(c->lr[k]) == LR_PENDING && (c->vmcr & (c->lr[k] & LR_GROUP ? VENG1 : VENG0)) &&
            (best < 0 || priority_of(c->lr[k]) < priority_of(c->lr[best])))
            best = k;
    return best;
}

static bool signals(const struct gicv3_cpu *c, int k)
{
    if (k < 0)
        return false;
    uint8_t p = priority_of(c->lr[k]), mask = preemption_mask(c, c->lr[k] & LR_GROUP ? 1 : 0);
    unsigned now = running_priority(c);
    return p < (c->vmcr >> 24 & 0xff) && (now == GIC_IDLE || (p & mask) < (now & mask));
}

/* --------------------------------------------------------------- maintenance interrupt */

static uint32_t ended(const struct gicv3_cpu *c)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < NLRS; k++)
        v |= (uint32_t)(!state_of(c->lr[k]) && !(c->lr[k] & LR_HW) && (c->lr[k] & LR_EOI)) << k;
    return v;
}
static uint32_t empty(const struct gicv3_cpu *c)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < NLRS; k++)
        v |= (uint32_t)!state_of(c->lr[k]) << k;
    return v & ~ended(c);
}

static uint32_t misr(const struct gicv3_cpu *c)
{
    unsigned valid = 0, pending = 0;
    for (unsigned k = 0; k < NLRS; k++) {
        valid += state_of(c->lr[k]) != 0;
        pending += state_of(c->lr[k]) == LR_PENDING;
    }
    bool on0 = c->vmcr & VENG0, on1 = c->vmcr & VENG1;
    return (ended(c) ? 1 : 0) | (c->hcr & ICH_HCR_UIE && valid <= 1 ? 2 : 0) |
           (c->hcr & ICH_HCR_LRENPIE && c->hcr >> HCR_EOICOUNT_SHIFT ? 4 : 0) | (c->hcr & ICH_HCR_NPIE && !pending ? 8 : 0) |
           (c->hcr & ICH_HCR_GRP0EIE && on0 ? 16 : 0) | (c->hcr & ICH_HCR_GRP0DIE && !on0 ? 32 : 0) |
           (c->hcr & ICH_HCR_GRP1EIE && on1 ? 64 : 0) | (c->hcr & ICH_HCR_GRP1DIE && !on1 ? 128 : 0);
}

void gicv3_virt_update(struct gicv3_cpu *c)
{
    struct a64_sys *s = c->vcpu->state;
    if (!s->has_el2)
        return;
    uint32_t bit = 1u << MAINTENANCE;
    bool asks = (c->hcr & ICH_HCR_EN) && misr(c);
    c->bank.level = asks ? c->bank.level | bit : c->bank.level & ~bit;
    int k = highest(c);
    bool up = signals(c, k), one = up && (c->lr[k] & LR_GROUP);
    irq_set(&c->out[GIC_VIRQ], up && one);
    irq_set(&c->out[GIC_VFIQ], up && !one);
}

/* ------------------------------------------------------------------------ EL1's view */

static uint64_t acknowledge(struct gicv3_cpu *c, unsigned group)
{
    int k = highest(c);
    if (!signals(c, k) || !(c->lr[k] & LR_GROUP) != !group)
        return GIC_SPURIOUS;
    uint32_t id = id_of(c->lr[k]);
    c->vapr[group] |= 1u << ((priority_of(c->lr[k]) & preemption_mask(c, group)) >> 3);
    c->lr[k] = (c->lr[k] & ~(3ull << 62)) | (id >= GIC_LPI_FIRST ? 0 : (uint64_t)LR_ACTIVE << 62);
    return id;
}

static void deactivate(struct gicv3_cpu *c, uint32_t id)
{
    for (unsigned k = 0; k < NLRS; k++)
        if (id_of(c->lr[k]) == id && (state_of(c->lr[k]) & LR_ACTIVE)) {
            c->lr[k] &= ~((uint64_t)LR_ACTIVE << 62);
            if (c->lr[k] & LR_HW)
                gicv3_deactivate(c, c->lr[k] >> 32 & 0x1fff);
            return;
        }
    if (id < 1020)
        c->hcr += 1ull << HCR_EOICOUNT_SHIFT; /* no list register: EL2 keeps it elsewhere */
    c->hcr = (uint32_t)c->hcr;
}

static void end(struct gicv3_cpu *c, unsigned group, uint32_t id)
{
    uint32_t both = c->vapr[0] | c->vapr[1], lowest = both & -both;
    if (!(c->vapr[group] & lowest) || (id >= 1020 && id < GIC_LPI_FIRST))
        return;
    c->vapr[group] &= ~lowest;
    if (!(c->vmcr & VEOIM) && id < GIC_LPI_FIRST)
        deactivate(c, id);
}

static uint64_t pending_id(const struct gicv3_cpu *c, unsigned group)
{
    int k = highest(c);
    return k >= 0 && !(c->lr[k] & LR_GROUP) == !group ? id_of(c->lr[k]) : GIC_SPURIOUS;
}

static void put(uint64_t *v, unsigned shift, unsigned bits, uint64_t field)
{
    uint64_t mask = (1ull << bits) - 1;
    *v = (*v & ~(mask << shift)) | (field & mask) << shift;
}

static void set_bpr(struct gicv3_cpu *c, unsigned group, uint64_t v)
{
    unsigned least = group ? LEAST_BPR + 1 : LEAST_BPR;
    v = (v & 7) < least ? least : v & 7;
    if (!group)
        put(&c->vmcr, 21, 3, v);
    else if (!(c->vmcr & VCBPR))
        put(&c->vmcr, 18, 3, v);
}

/* Is an access of the CPU to a register of these trap groups one to the virtual interface? */
static bool is_virtual(const struct gicv3_cpu *c, unsigned reg)
{
    struct a64_sys *s = c->vcpu->state;
    uint64_t hcr = a64_hcr(s);
    if (a64_el(c->vcpu->cpu) != 1 || !(hcr & (HCR_FMO | HCR_IMO)))
        return false;
    switch (a64_sysregs[reg].trap) {
    case T_ICC:
        return true;
    case T_ICC0:
        return hcr & HCR_FMO;
    case T_ICC1:
        return hcr & HCR_IMO;
    default:
        return false;
    }
}

static bool icv_read(struct gicv3_cpu *c, unsigned reg, uint64_t *v)
{
    switch (reg) {
    case A64_SYS_ICC_PMR_EL1:
        *v = c->vmcr >> 24 & 0xff;
        return true;
    case A64_SYS_ICC_IAR0_EL1:
    case A64_SYS_ICC_IAR1_EL1:
        *v = acknowledge(c, reg == A64_SYS_ICC_IAR1_EL1);
        gicv3_cpu_update(c);
        return true;
    case A64_SYS_ICC_HPPIR0_EL1:
    case A64_SYS_ICC_HPPIR1_EL1:
        *v = pending_id(c, reg == A64_SYS_ICC_HPPIR1_EL1);
        return true;
    case A64_SYS_ICC_BPR0_EL1:
    case A64_SYS_ICC_BPR1_EL1:
        *v = bpr(c, reg == A64_SYS_ICC_BPR1_EL1);
        return true;
    case A64_SYS_ICC_AP0R0_EL1:
    case A64_SYS_ICC_AP1R0_EL1:
        *v = c->vapr[reg == A64_SYS_ICC_AP1R0_EL1];
        return true;
    case A64_SYS_ICC_RPR_EL1:
        *v = running_priority(c);
        return true;
    case A64_SYS_ICC_CTLR_EL1:
        *v = 4 << 8 | 1 << 15 | (c->vmcr & VCBPR ? 1 : 0) | (c->vmcr & VEOIM ? 2 : 0);
        return true;
    case A64_SYS_ICC_IGRPEN0_EL1:
        *v = c->vmcr & VENG0;
        return true;
    case A64_SYS_ICC_IGRPEN1_EL1:
        *v = c->vmcr >> 1 & 1;
        return true;
    }
    *v = 0;
    return true;
}

static void icv_write(struct gicv3_cpu *c, unsigned reg, uint64_t v)
{
    switch (reg) {
    case A64_SYS_ICC_PMR_EL1:
        put(&c->vmcr, 24, 8, v & GIC_PRIORITY_MASK);
        break;
    case A64_SYS_ICC_EOIR0_EL1:
    case A64_SYS_ICC_EOIR1_EL1:
        end(c, reg == A64_SYS_ICC_EOIR1_EL1, v & 0xffffff);
        break;
    case A64_SYS_ICC_DIR_EL1:
        if (c->vmcr & VEOIM)
            deactivate(c, v & 0xffffff);
        break;
    case A64_SYS_ICC_BPR0_EL1:
    case A64_SYS_ICC_BPR1_EL1:
        set_bpr(c, reg == A64_SYS_ICC_BPR1_EL1, v);
        break;
    case A64_SYS_ICC_AP0R0_EL1:
    case A64_SYS_ICC_AP1R0_EL1:
        c->vapr[reg == A64_SYS_ICC_AP1R0_EL1] = (uint32_t)v;
        break;
    case A64_SYS_ICC_CTLR_EL1:
        put(&c->vmcr, 4, 1, v);
        put(&c->vmcr, 9, 1, v >> 1);
        break;
    case A64_SYS_ICC_IGRPEN0_EL1:
        put(&c->vmcr, 0, 1, v);
        break;
    case A64_SYS_ICC_IGRPEN1_EL1:
        put(&c->vmcr, 1, 1, v);
        break;
    }
}

/* ------------------------------------------------------------------------ EL2's view */

static bool ich_read(struct gicv3_cpu *c, unsigned reg, uint64_t *v)
{
    switch (reg) {
    case A64_SYS_ICH_AP0R0_EL2:
    case A64_SYS_ICH_AP1R0_EL2:
        *v = c->vapr[reg == A64_SYS_ICH_AP1R0_EL2];
        return true;
    case A64_SYS_ICH_HCR_EL2:
        *v = c->hcr;
        return true;
    case A64_SYS_ICH_VTR_EL2: /* PRIbits, PREbits, A3V, nV4, ListRegs */
        *v = 4ull << 29 | 4 << 26 | 1 << 21 | 1 << 20 | (NLRS - 1);
        return true;
    case A64_SYS_ICH_MISR_EL2:
        *v = misr(c);
        return true;
    case A64_SYS_ICH_EISR_EL2:
        *v = ended(c);
        return true;
    case A64_SYS_ICH_ELRSR_EL2:
        *v = empty(c);
        return true;
    case A64_SYS_ICH_VMCR_EL2:
        *v = c->vmcr | VFIQEN;
        return true;
    case A64_SYS_ICH_LR0_EL2:
    case A64_SYS_ICH_LR1_EL2:
    case A64_SYS_ICH_LR2_EL2:
    case A64_SYS_ICH_LR3_EL2:
        *v = c->lr[reg - A64_SYS_ICH_LR0_EL2];
        return true;
    }
    return false;
}

static bool ich_write(struct gicv3_cpu *c, unsigned reg, uint64_t v)
{
    switch (reg) {
    case A64_SYS_ICH_AP0R0_EL2:
    case A64_SYS_ICH_AP1R0_EL2:
        c->vapr[reg == A64_SYS_ICH_AP1R0_EL2] = (uint32_t)v;
        return true;
    case A64_SYS_ICH_HCR_EL2:
        c->hcr = v & 0xf8001cff;
        return true;
    case A64_SYS_ICH_VMCR_EL2:
        c->vmcr = v & 0xff000213;
        set_bpr(c, 0, v >> 21);
        put(&c->vmcr, 18, 3, (v >> 18 & 7) < LEAST_BPR + 1 ? LEAST_BPR + 1 : v >> 18);
        return true;
    case A64_SYS_ICH_LR0_EL2:
    case A64_SYS_ICH_LR1_EL2:
    case A64_SYS_ICH_LR2_EL2:
    case A64_SYS_ICH_LR3_EL2:
        c->lr[reg - A64_SYS_ICH_LR0_EL2] = v & 0xf0f81fff0000ffffull;
        return true;
    }
    return false;
}

bool gicv3_virt_read(struct gicv3_cpu *c, unsigned reg, uint64_t *v)
{
    return is_virtual(c, reg) ? icv_read(c, reg, v) : ich_read(c, reg, v);
}

bool gicv3_virt_write(struct gicv3_cpu *c, unsigned reg, uint64_t v)
{
    bool done = is_virtual(c, reg);
    if (done)
        icv_write(c, reg, v);
    else
        done = ich_write(c, reg, v);
    if (done)
        gicv3_cpu_update(c);
    return done;
}
