/*
 * GICv2, v2m, GICv3 and ITS by their registers. What is expected is what Arm IHI 0048B (GICv2) and IHI 0069H (GICv3) say;
 * sections stand beside the checks.
 */
#include "bench.h"
#include "intc/gic.h"
#include "isa.h"
#include "sys.h"

enum { DIST = 0x08000000, CPU_IF = 0x08010000, V2M = 0x08020000, ITS = 0x08080000, REDIST = 0x080a0000, STEP = 0x20000, SGI_FRAME = 0x10000 };
enum { GROUPR = 0x80, SET_ENABLE = 0x100, CLEAR_ENABLE = 0x180, SET_PENDING = 0x200, CLEAR_PENDING = 0x280, SET_ACTIVE = 0x300,
       CLEAR_ACTIVE = 0x380, PRIORITY = 0x400, TARGETS = 0x800, CONFIG = 0xc00, GROUPMOD = 0xd00, ROUTER = 0x6000, SGIR = 0xf00 };

static struct machine *m;
static struct device *gic;
static struct isa_config config;
static bool out[4][GIC_OUTPUTS];
static bool secure_access;

static void set_out(void *to, unsigned input, bool up) { ((bool *)to)[input] = up; }

static uint32_t get(gpa_t at)
{
    uint64_t v = 0;
    physmem_load(m->memory, &m->reader, at, 4, &v, (struct mem_attr){ .requester = ~0u, .secure = secure_access });
    return (uint32_t)v;
}
static void put(gpa_t at, uint64_t v) { physmem_store(m->memory, &m->reader, at, 4, v, (struct mem_attr){ .requester = ~0u, .secure = secure_access }); }
static void put8(gpa_t at, uint64_t v) { physmem_store(m->memory, &m->reader, at, 1, v, (struct mem_attr){ .requester = ~0u, .secure = secure_access }); }
static void put64(gpa_t at, uint64_t v) { physmem_store(m->memory, &m->reader, at, 8, v, MEM_CPU); }
static uint64_t sys(unsigned cpu, unsigned reg)
{
    uint64_t v = 0;
    m->gic->read(m->gic_device, cpu, reg, &v);
    return v;
}
static void set_sys(unsigned cpu, unsigned reg, uint64_t v) { m->gic->write(m->gic_device, cpu, reg, v); }
static void line(unsigned spi, bool up)
{
    struct irq i = gic_class(gic)->spi(gic, spi);
    irq_set(&i, up);
}

static void begin(unsigned ncpus, bool el3)
{
    static struct cpu_model model;
    struct machine_config c = { .isa = &isa_aarch64, .model = &model, .interp = true };
    char err[256];
    log_file = stderr;
    config = (struct isa_config){ .el3 = el3 };
    if (guest_aarch64.parse_cpu("max", &model, err, sizeof err) || !(m = machine_new(&c, err, sizeof err)) ||
        !machine_add_cpus(m, ncpus, &config, err, sizeof err))
        die(err);
    memset(out, 0, sizeof out);
    secure_access = false;
}

static struct device *make(const char *type, const char *property, const char *value)
{
    char err[256];
    struct device *d = device_new(m, type, err, sizeof err);
    if (!d || (property && !device_set(d, property, value, err, sizeof err)) || !device_realize(d, NULL, err, sizeof err))
        die(err);
    return d;
}

static void connect_all(void)
{
    for (unsigned k = 0; k < m->nvcpus; k++) {
        struct irq o[GIC_OUTPUTS] = { { set_out, out[k], 0 }, { set_out, out[k], 1 }, { set_out, out[k], 2 }, { set_out, out[k], 3 } };
        gic_class(gic)->connect(gic, k, o);
    }
    devices_reset(m);
    for (unsigned k = 0; k < m->nvcpus; k++)
        isa_aarch64.reset(m->vcpus[k]);
}

static void end(void)
{
    devices_free(m);
    machine_free(m);
}

/* ------------------------------------------------------------------------- GICv2 */

enum { C_CTLR = 0, C_PMR = 4, C_BPR = 8, C_IAR = 0xc, C_EOIR = 0x10, C_RPR = 0x14, C_HPPIR = 0x18, C_DIR = 0x1000 };
#define C(reg) (CPU_IF + (reg))

static void gicv2(void)
{
    begin(2, false);
    gic = make("arm-gic", "num-cpu", "2");
    struct device *v2m = make("arm-gicv2m", NULL, NULL);
    device_map(gic, 0, DIST);
    device_map(gic, 1, CPU_IF);
    device_map(v2m, 0, V2M);
    connect_all();
    CHECK((get(DIST + 4) & 31) == 8);                 /* 4.3.2: 288 lines */
    CHECK((get(DIST + 4) >> 5 & 7) == 1);             /* two processors */
    CHECK((get(DIST + 0xfe8) >> 4 & 15) == 2);        /* architecture */
    put(DIST, 1);
    put(C(C_CTLR), 1);
    put(C(C_PMR), 0xf0);
    put(DIST + SET_ENABLE + 4, 1 << 8);               /* interrupt 40 */
    put8(DIST + TARGETS + 40, 1);
    put8(DIST + PRIORITY + 40, 0x47);
    CHECK((get(DIST + PRIORITY + 40) & 0xff) == 0x40); /* unimplemented bits read as zero, 3.5.1 */
    line(8, true);
    CHECK(out[0][GIC_IRQ] && !out[1][GIC_IRQ]);
    CHECK((get(C(C_HPPIR)) & 0x3ff) == 40);
    CHECK(get(C(C_IAR)) == 40);
    CHECK(!out[0][GIC_IRQ]);
    CHECK(get(C(C_RPR)) == 0x40);
    CHECK(get(DIST + SET_PENDING + 4) & 1 << 8);      /* active and pending: the level is up, 3.2.4 */
    CHECK(get(DIST + SET_ACTIVE + 4) & 1 << 8);
    CHECK(get(C(C_IAR)) == 1023);
    line(8, false);
    CHECK(!(get(DIST + SET_PENDING + 4) & 1 << 8));
    put(C(C_EOIR), 40);
    CHECK(!(get(DIST + SET_ACTIVE + 4) & 1 << 8) && get(C(C_RPR)) == 0xff);
    /* Of edges: pending is kept, and once more while it is active. */
    put(DIST + CONFIG + 8, 2 << 16);
    line(8, true);
    line(8, false);
    CHECK(get(C(C_IAR)) == 40);
    CHECK(!(get(DIST + SET_PENDING + 4) & 1 << 8));
    line(8, true);
    line(8, false);
    CHECK(!out[0][GIC_IRQ]);
    put(C(C_EOIR), 40);
    CHECK(out[0][GIC_IRQ] && get(C(C_IAR)) == 40);
    put(C(C_EOIR), 40);
    /* Priorities: the mask, preemption. */
    put(C(C_PMR), 0x40);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(!out[0][GIC_IRQ]);                           /* only higher ones than the mask */
    put(C(C_PMR), 0xf0);
    CHECK(out[0][GIC_IRQ]);
    put(DIST + SET_ENABLE + 4, 1 << 9);
    put8(DIST + TARGETS + 41, 1);
    put8(DIST + PRIORITY + 41, 0x20);
    CHECK(get(C(C_IAR)) == 40);
    put(DIST + SET_PENDING + 4, 1 << 9);
    CHECK(out[0][GIC_IRQ] && get(C(C_IAR)) == 41);    /* preempts */
    put(C(C_EOIR), 41);
    CHECK(get(C(C_RPR)) == 0x40);
    put(C(C_EOIR), 40);
    /* EOImode: EOIR drops the priority, DIR deactivates. */
    put(C(C_CTLR), 1 | 1 << 9);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(get(C(C_IAR)) == 40);
    put(C(C_EOIR), 40);
    CHECK((get(DIST + SET_ACTIVE + 4) & 1 << 8) && get(C(C_RPR)) == 0xff);
    put(C(C_DIR), 40);
    CHECK(!(get(DIST + SET_ACTIVE + 4) & 1 << 8));
    put(C(C_CTLR), 1);
    /* SGIs: to oneself, to others. */
    put(DIST + SGIR, 2 << 24 | 5);
    CHECK(get(C(C_IAR)) == 5);
    put(C(C_EOIR), 5);
    put(DIST + SGIR, 1 << 24 | 6);
    CHECK(!out[0][GIC_IRQ] && get(C(C_IAR)) == 1023);
    /* A message through the frame: 80 is of edges. */
    CHECK(get(V2M + 8) == (80u << 16 | 64));
    put(DIST + SET_ENABLE + 8, 1 << 16);
    put(DIST + CONFIG + 20, 2);
    put8(DIST + TARGETS + 80, 1);
    put(V2M + 0x40, 80);
    CHECK(get(C(C_IAR)) == 80);
    put(C(C_EOIR), 80);
    put(V2M + 0x40, 79);
    put(V2M + 0x40, 144);
    CHECK(get(C(C_IAR)) == 1023);
    end();
}

/* Security extensions (3.8, 4.1.3, 4.4): 40 is of Group 0, 41 of Group 1. */
static void gicv2_security(void)
{
    begin(1, false);
    gic = make("arm-gic", "has-security-extensions", "on");
    device_map(gic, 0, DIST);
    device_map(gic, 1, CPU_IF);
    connect_all();
    secure_access = true;
    CHECK(get(DIST + 4) & 1 << 10);
    put(DIST, 3);
    put(C(C_CTLR), 1 | 8);                            /* Group 0, as FIQs */
    put(C(C_PMR), 0xf0);
    put(DIST + GROUPR + 4, 1 << 9);
    put(DIST + SET_ENABLE + 4, 3 << 8);
    put(DIST + PRIORITY + 40, 0xa0a0);
    put(DIST + CONFIG + 8, 0xa << 16);
    secure_access = false;
    CHECK(get(DIST) == 1 && get(DIST + GROUPR + 4) == 0 && get(DIST + SET_ENABLE + 4) == 1 << 9);
    CHECK(get(DIST + PRIORITY + 40) == 0x4000 && get(C(C_PMR)) == 0xe0);
    CHECK(get(C(C_CTLR)) == 0);
    put(C(C_CTLR), 1);                                /* EnableGrp1, as it is seen from here */
    put(DIST + SET_PENDING + 4, 3 << 8);              /* 41 alone */
    CHECK(out[0][GIC_IRQ] && !out[0][GIC_FIQ]);
    secure_access = true;
    CHECK(get(C(C_CTLR)) == (1 | 2 | 8));
    CHECK(get(C(C_IAR)) == 1022);                     /* of the other group, without AckCtl */
    put(DIST + SET_PENDING + 4, 1 << 8);
    put8(DIST + PRIORITY + 40, 0x20);
    CHECK(out[0][GIC_FIQ] && !out[0][GIC_IRQ]);
    secure_access = false;
    CHECK(get(C(C_IAR)) == 1023);
    secure_access = true;
    CHECK(get(C(C_IAR)) == 40);
    put(C(C_EOIR), 40);
    secure_access = false;
    CHECK(get(C(C_IAR)) == 41 && get(C(C_RPR)) == 0x40);
    put(C(C_EOIR), 41);
    CHECK(get(C(C_RPR)) == 0xff && get(DIST + SET_ACTIVE + 4) == 0);
    put(C(C_PMR), 0x40);
    secure_access = true;
    CHECK(get(C(C_PMR)) == 0xa0);
    secure_access = false;
    end();
}

/* ------------------------------------------------------------------------- GICv3 */

static void make_gicv3(unsigned ncpus, bool el3)
{
    begin(ncpus, el3);
    gic = make("arm-gicv3", "has-security-extensions", el3 ? "on" : "off");
    device_map(gic, 0, DIST);
    gpa_t at = REDIST;
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type == &gicv3_cpu_type) {
            device_map(d, 0, at);
            at += STEP;
        }
    connect_all();
}

static void enable_all(void)
{
    put(DIST, 3);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        set_sys(k, A64_SYS_ICC_PMR_EL1, 0xff);
        set_sys(k, A64_SYS_ICC_IGRPEN1_EL1, 1);
        put(REDIST + STEP * k + SGI_FRAME + GROUPR, ~0u);
        put(REDIST + STEP * k + SGI_FRAME + SET_ENABLE, 0xffff);
    }
    put(DIST + GROUPR + 4, ~0u);
}

static uint64_t ack(unsigned cpu) { return sys(cpu, A64_SYS_ICC_IAR1_EL1); }
static void eoi(unsigned cpu, uint64_t id) { set_sys(cpu, A64_SYS_ICC_EOIR1_EL1, id); }

static void gicv3(void)
{
    make_gicv3(2, false);
    CHECK((get(DIST + 4) & 31) == 8);                              /* 12.9.38 */
    CHECK((get(DIST + 0xffe8) >> 4 & 15) == 3);                    /* architecture */
    CHECK((get(DIST) & (1 << 6 | 1 << 4)) == (1 << 6 | 1 << 4));   /* one security state; ARE is fixed */
    CHECK(get(REDIST + 8) >> 8 == 0 && !(get(REDIST + 8) & 16));   /* 12.11.38: number, Last */
    CHECK(get(REDIST + STEP + 8) >> 8 == 1 && (get(REDIST + STEP + 8) & 16) && get(REDIST + STEP + 12) == 1);
    CHECK((sys(0, A64_SYS_ICC_SRE_EL1) & 1) && (sys(0, A64_SYS_ICC_CTLR_EL1) >> 8 & 7) == 4);
    enable_all();
    /* A level, routed to the second processor. */
    put(DIST + SET_ENABLE + 4, 1 << 8);
    put64(DIST + ROUTER + 8 * 40, 1);
    put8(DIST + PRIORITY + 40, 0x47);
    CHECK((get(DIST + PRIORITY + 40) & 0xff) == 0x40);
    line(8, true);
    CHECK(out[1][GIC_IRQ] && !out[0][GIC_IRQ] && !out[1][GIC_FIQ]);
    CHECK(sys(1, A64_SYS_ICC_HPPIR1_EL1) == 40 && sys(1, A64_SYS_ICC_HPPIR0_EL1) == 1023);
    CHECK(ack(0) == 1023 && ack(1) == 40);
    CHECK(sys(1, A64_SYS_ICC_RPR_EL1) == 0x40 && sys(1, A64_SYS_ICC_AP1R0_EL1) == 1 << (0x40 >> 3));
    CHECK((get(DIST + SET_PENDING + 4) & 1 << 8) && (get(DIST + SET_ACTIVE + 4) & 1 << 8)); /* active and pending, 4.1.2 */
    line(8, false);
    CHECK(!(get(DIST + SET_PENDING + 4) & 1 << 8));
    eoi(1, 40);
    CHECK(!(get(DIST + SET_ACTIVE + 4) & 1 << 8) && sys(1, A64_SYS_ICC_RPR_EL1) == 0xff);
    /* Of edges. */
    put(DIST + CONFIG + 8, 2 << 16);
    line(8, true);
    line(8, false);
    CHECK(ack(1) == 40 && !(get(DIST + SET_PENDING + 4) & 1 << 8));
    line(8, true);
    line(8, false);
    CHECK((get(DIST + SET_PENDING + 4) & 1 << 8) && !out[1][GIC_IRQ]);
    eoi(1, 40);
    CHECK(out[1][GIC_IRQ] && ack(1) == 40);
    eoi(1, 40);
    /* Mask, preemption, binary point (4.8). */
    set_sys(1, A64_SYS_ICC_PMR_EL1, 0x40);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(!out[1][GIC_IRQ] && ack(1) == 1023);
    set_sys(1, A64_SYS_ICC_PMR_EL1, 0xff);
    CHECK(sys(1, A64_SYS_ICC_PMR_EL1) == 0xf8);
    CHECK(ack(1) == 40);
    put(DIST + SET_ENABLE + 4, 1 << 9);
    put64(DIST + ROUTER + 8 * 41, 1);
    put8(DIST + PRIORITY + 41, 0x20);
    set_sys(1, A64_SYS_ICC_BPR1_EL1, 0);
    CHECK(sys(1, A64_SYS_ICC_BPR1_EL1) == 3);                      /* least of Non-secure Group 1 with 5 bits */
    set_sys(1, A64_SYS_ICC_BPR1_EL1, 7);                           /* group priority is bit 7 alone: no preemption */
    put(DIST + SET_PENDING + 4, 1 << 9);
    CHECK(!out[1][GIC_IRQ]);
    set_sys(1, A64_SYS_ICC_BPR1_EL1, 3);
    CHECK(out[1][GIC_IRQ] && ack(1) == 41 && sys(1, A64_SYS_ICC_RPR_EL1) == 0x20);
    eoi(1, 41);
    CHECK(sys(1, A64_SYS_ICC_RPR_EL1) == 0x40);
    eoi(1, 40);
    /* EOImode. */
    set_sys(1, A64_SYS_ICC_CTLR_EL1, 2);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(ack(1) == 40);
    eoi(1, 40);
    CHECK((get(DIST + SET_ACTIVE + 4) & 1 << 8) && sys(1, A64_SYS_ICC_RPR_EL1) == 0xff);
    set_sys(1, A64_SYS_ICC_DIR_EL1, 40);
    CHECK(!(get(DIST + SET_ACTIVE + 4) & 1 << 8));
    set_sys(1, A64_SYS_ICC_CTLR_EL1, 0);
    /* SGIs: to a list, to all others (12.2.21). */
    set_sys(0, A64_SYS_ICC_SGI1R_EL1, 5ull << 24 | 2);
    CHECK(!out[0][GIC_IRQ] && out[1][GIC_IRQ] && ack(1) == 5);
    eoi(1, 5);
    set_sys(1, A64_SYS_ICC_SGI1R_EL1, 6ull << 24 | 1ull << 40);
    CHECK(out[0][GIC_IRQ] && !out[1][GIC_IRQ] && ack(0) == 6);
    eoi(0, 6);
    set_sys(0, A64_SYS_ICC_SGI1R_EL1, 7ull << 24 | 1ull << 16 | 1); /* Aff1 1: nobody */
    CHECK(!out[0][GIC_IRQ] && !out[1][GIC_IRQ]);
    /* Group 0 is a FIQ; a group that is off is not signalled. */
    put(DIST + GROUPR + 4, ~(1u << 8));
    set_sys(1, A64_SYS_ICC_IGRPEN0_EL1, 1);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(out[1][GIC_FIQ] && !out[1][GIC_IRQ] && ack(1) == 1023 && sys(1, A64_SYS_ICC_IAR0_EL1) == 40);
    set_sys(1, A64_SYS_ICC_EOIR0_EL1, 40);
    put(DIST, 2);
    put(DIST + SET_PENDING + 4, 1 << 8);
    CHECK(!out[1][GIC_FIQ]);
    put(DIST + CLEAR_PENDING + 4, 1 << 8);
    /* PPIs. */
    struct irq ppi = gic_class(gic)->ppi(gic, 0, 27);
    put(REDIST + SGI_FRAME + SET_ENABLE, 1 << 27);
    irq_set(&ppi, true);
    CHECK(out[0][GIC_IRQ] && ack(0) == 27);
    irq_set(&ppi, false);
    eoi(0, 27);
    CHECK(!out[0][GIC_IRQ]);
    end();
}

/* Two security states (4.6, 4.8.1; table 4-3). */
static void security(void)
{
    make_gicv3(1, true);
    struct vcpu *v = m->vcpus[0];
    struct a64_sys *s = v->state;
    uint64_t *ps = a64_reg(v->cpu, A64_pstate);
    secure_access = true;
    put(DIST, 7);
    put(DIST + GROUPR + 4, 1 << 10);       /* 42: Group 1, Non-secure; 41: Secure Group 1; 40: Group 0 */
    put(DIST + GROUPMOD + 4, 1 << 9);
    put(DIST + SET_ENABLE + 4, 7 << 8);
    put(DIST + PRIORITY + 40, 0xa0a0a0);
    set_sys(0, A64_SYS_ICC_IGRPEN1_EL3, 3);
    set_sys(0, A64_SYS_ICC_IGRPEN0_EL1, 1);
    set_sys(0, A64_SYS_ICC_PMR_EL1, 0xff);
    secure_access = false;
    CHECK(!(get(DIST + 4) & 0) && get(DIST + PRIORITY + 40) == 0x400000); /* Non-secure sees its own, shifted */
    CHECK(get(DIST + GROUPR + 4) == 0 && get(DIST + SET_ENABLE + 4) == 1 << 10);
    put(DIST + CLEAR_ENABLE + 4, 7 << 8);
    secure_access = true;
    CHECK(get(DIST + SET_ENABLE + 4) == 3 << 8);
    put(DIST + SET_ENABLE + 4, 7 << 8);
    put(DIST + CONFIG + 8, 0x2a << 16);
    put(DIST + SET_PENDING + 4, 1 << 10);
    CHECK(out[0][GIC_FIQ]);                 /* Group 1 of the other state while at EL3 */
    CHECK(ack(0) == 1023);
    s->v[A64_SYS_SCR_EL3] |= SCR_NS | SCR_FIQ;
    *ps = (*ps & ~12ull) | 4;               /* EL1, Non-secure */
    m->gic->world(m->gic_device, 0);
    CHECK(out[0][GIC_IRQ] && !out[0][GIC_FIQ]);
    put(DIST + SET_PENDING + 4, 1 << 9);    /* Secure Group 1 */
    put8(DIST + PRIORITY + 41, 0x20);
    CHECK(out[0][GIC_FIQ] && !out[0][GIC_IRQ] && ack(0) == 1023);
    s->v[A64_SYS_SCR_EL3] &= ~SCR_NS;       /* EL1, Secure: its own Group 1 is an IRQ */
    m->gic->world(m->gic_device, 0);
    CHECK(out[0][GIC_IRQ] && !out[0][GIC_FIQ] && ack(0) == 41);
    eoi(0, 41);
    s->v[A64_SYS_SCR_EL3] |= SCR_NS;
    CHECK(sys(0, A64_SYS_ICC_PMR_EL1) == 0xf0);   /* 0xf8 shifted */
    set_sys(0, A64_SYS_ICC_PMR_EL1, 0x40);
    s->v[A64_SYS_SCR_EL3] &= ~SCR_NS;
    CHECK(sys(0, A64_SYS_ICC_PMR_EL1) == 0xa0);
    end();
}

/* --------------------------------------------------------------------------- ITS */

enum { QUEUE = 0x40010000, DEVICE_TABLE = 0x40020000, COLLECTION_TABLE = 0x40040000, ITT = 0x40060000, PROPERTIES = 0x40080000,
       PENDING = 0x400a0000, LPI = 8192 };
static uint64_t queue_at;

static void run_command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    uint64_t words[4] = { a, b, c, d };
    for (unsigned k = 0; k < 4; k++)
        put64(QUEUE + queue_at + 8 * k, words[k]);
    queue_at = (queue_at + 32) % 0x1000;
    put64(ITS + 0x88, queue_at);
    CHECK(get(ITS + 0x90) == queue_at);
}
static void event(unsigned device, unsigned n)
{
    physmem_store(m->memory, &m->reader, ITS + 0x10040, 4, n, (struct mem_attr){ .requester = device });
}
static void configure(unsigned lpi, unsigned byte) { put8(PROPERTIES + lpi - LPI, byte); }
#define DEV(command, device) ((uint64_t)(device) << 32 | (command))

static void its(void)
{
    int rc;
    make_gicv3(2, false);
    struct device *d = make("arm-gicv3-its", NULL, NULL);
    struct mem_region *memory = mem_new_ram("ram", RAM_BYTES, MEM_RAM, &rc);
    physmem_map(m->memory, memory, RAM_AT, 0, RAM_BYTES, 0);
    device_map(d, 0, ITS);
    devices_reset(m);
    enable_all();
    CHECK(get(DIST + 4) & 1 << 17);                                    /* LPIS */
    CHECK((get(ITS + 8) & 1) && get(ITS) >> 31);                       /* physical LPIs; quiescent */
    for (unsigned k = 0; k < 2; k++) {
        put64(REDIST + STEP * k + 0x70, PROPERTIES | 13);              /* 14 bits of interrupt numbers */
        put64(REDIST + STEP * k + 0x78, (PENDING + 0x10000 * k) | 1ull << 62);
        put(REDIST + STEP * k, 1);
    }
    CHECK((get(ITS + 0x104) >> 24 & 7) == 1 && (get(ITS + 0x10c) >> 24 & 7) == 4); /* devices, collections */
    put64(ITS + 0x100, 1ull << 63 | DEVICE_TABLE | 15);
    put64(ITS + 0x108, 1ull << 63 | COLLECTION_TABLE);
    put64(ITS + 0x80, 1ull << 63 | QUEUE);
    queue_at = 0;
    put(ITS, 1);
    event(0x10, 3); /* nothing is mapped */
    CHECK(!out[0][GIC_IRQ]);
    run_command(DEV(0x08, 0x10), 3, 1ull << 63 | ITT, 0);              /* MAPD, 4 bits of events */
    run_command(0x09, 0, 1ull << 63 | 0ull << 16 | 0, 0);              /* MAPC: 0 at the first processor, 1 at the second */
    run_command(0x09, 0, 1ull << 63 | 1ull << 16 | 1, 0);
    run_command(DEV(0x0a, 0x10), (uint64_t)(LPI + 5) << 32 | 3, 0, 0); /* MAPTI: event 3 is LPI 8197 of collection 0 */
    event(0x10, 3);
    CHECK(!out[0][GIC_IRQ]);                                           /* pending, not enabled */
    CHECK(memory->host[PENDING - RAM_AT + (LPI + 5) / 8] == 1 << 5);
    configure(LPI + 5, 0xa1);
    run_command(DEV(0x0c, 0x10), 3, 0, 0);                             /* INV */
    CHECK(out[0][GIC_IRQ] && ack(0) == LPI + 5);
    CHECK(memory->host[PENDING - RAM_AT + (LPI + 5) / 8] == 0);
    CHECK(!out[0][GIC_IRQ] && sys(0, A64_SYS_ICC_RPR_EL1) == 0xa0);
    eoi(0, LPI + 5);
    CHECK(sys(0, A64_SYS_ICC_RPR_EL1) == 0xff && ack(0) == 1023);
    event(0x11, 3);  /* another device; events that the table has no room for */
    event(0x10, 16);
    event(~0u, 3);
    CHECK(ack(0) == 1023);
    run_command(DEV(0x03, 0x10), 3, 0, 0);                             /* INT, then CLEAR */
    CHECK(out[0][GIC_IRQ]);
    run_command(DEV(0x04, 0x10), 3, 0, 0);
    CHECK(!out[0][GIC_IRQ]);
    event(0x10, 3);
    run_command(DEV(0x01, 0x10), 3, 1, 0);                             /* MOVI: takes what is pending along */
    CHECK(!out[0][GIC_IRQ] && out[1][GIC_IRQ]);
    run_command(0x0e, 0, 1ull << 16, 0ull << 16);                      /* MOVALL: from the second to the first */
    CHECK(out[0][GIC_IRQ] && !out[1][GIC_IRQ] && ack(0) == LPI + 5);
    eoi(0, LPI + 5);
    event(0x10, 3);
    CHECK(ack(1) == LPI + 5);                                          /* the collection is still the second's */
    eoi(1, LPI + 5);
    configure(LPI + 6, 0x21);
    run_command(DEV(0x0a, 0x10), (uint64_t)(LPI + 6) << 32 | 4, 1, 0);
    event(0x10, 3);
    event(0x10, 4);
    CHECK(ack(1) == LPI + 6);                                          /* the more urgent one */
    eoi(1, LPI + 6);
    configure(LPI + 5, 0xa0);
    run_command(0x0d, 0, 1, 0);                                        /* INVALL */
    CHECK(!out[1][GIC_IRQ]);
    configure(LPI + 5, 0xa1);
    run_command(0x0d, 0, 1, 0);
    CHECK(out[1][GIC_IRQ]);
    run_command(DEV(0x0f, 0x10), 3, 0, 0);                             /* DISCARD: pending goes too */
    CHECK(!out[1][GIC_IRQ]);
    event(0x10, 3);
    CHECK(!out[1][GIC_IRQ]);
    run_command(DEV(0x0b, 0x10), 7, 1, 0);                             /* MAPI of event 7: no LPI has that number */
    event(0x10, 7);
    run_command(DEV(0x08, 0x10), 0, 0, 0);                             /* MAPD without V */
    event(0x10, 4);
    CHECK(!out[1][GIC_IRQ]);
    /* Tables that are the ITS itself lead nowhere. */
    put(ITS, 0);
    put64(ITS + 0x100, 1ull << 63 | ITS);
    put64(ITS + 0x108, 1ull << 63 | (REDIST & ~0xfffull));
    put(ITS, 1);
    run_command(DEV(0x08, 0x10), 3, 1ull << 63 | ITS, 0);
    run_command(DEV(0x0a, 0x10), (uint64_t)(LPI + 5) << 32 | 3, 0, 0);
    event(0x10, 3);
    end();
    mem_free(memory);
}

int main(void)
{
    machine_lock_enter();
    gicv2();
    gicv2_security();
    gicv3();
    security();
    its();
    if (failures)
        return 1;
    printf("passed\n");
    return 0;
}
