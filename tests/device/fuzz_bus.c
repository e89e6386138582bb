/*
 * Fuzzer of interrupt controllers and of PCI: random accesses to their registers, to configuration space, and tables and
 * commands in memory that are nearly right.
 *
 *   fuzz_bus [SECONDS] [SEED]    each target for that long (1), from that seed (1)
 *
 * Nothing is expected but that we live and answer: build it with ./configure --enable-asan. A crash prints the target and
 * the seed of its round.
 */
#include "bench.h"
#include "fuzz.h"
#include "intc/gic.h"
#include "isa.h"
#include "pci/pci.h"
#include "sys.h"

enum { OPS = 4000, BLOCKS_AT = 0x08000000, BLOCK = 1 << 20, PCI_AT = 0x10000000, ECAM_AT = 0x20000000, IO_AT = 0x1f000000, CPUS = 3 };

static uint64_t value(void)
{
    switch (below(6)) {
    case 0:
        return (uint64_t)below(2) << 63 | BLOCKS_AT | below(8 * BLOCK);
    case 1:
        return 1ull << 63 | RAM_AT | (below(RAM_BYTES) & ~0xfffu) | below(32);
    case 2:
        return below(300);
    case 3:
        return ~0ull >> below(64);
    case 4:
        return PCI_AT + (below(1 << 20) & ~0xfffu);
    default:
        return rnd();
    }
}

static void any_access(struct bench *b, gpa_t at, uint64_t size_of_block)
{
    unsigned size = 1u << below(4);
    uint64_t offset = rnd() % (size_of_block + 8);
    if (!one_in(4))
        offset &= ~(uint64_t)(size - 1);
    if (one_in(3))
        bench_read(b, at + offset, size);
    else
        bench_write(b, at + offset, size, value());
}

static struct device *make(struct bench *b, const char *type)
{
    char err[256];
    struct device *d = device_new(&b->m, type, err, sizeof err);
    if (!d || !device_realize(d, NULL, err, sizeof err))
        die(err);
    return d;
}

/* Blocks of all devices, one after another; returns how many. */
static unsigned place(struct bench *b, gpa_t *at, uint64_t *size)
{
    unsigned n = 0;
    for (struct device *d = NULL; (d = device_next(&b->m, d));)
        for (unsigned k = 0; k < DEVICE_REGIONS; k++)
            if (d->region[k] && !d->mapping[k]) {
                at[n] = BLOCKS_AT + (gpa_t)n * BLOCK;
                size[n] = d->region[k]->size;
                if (!device_map(d, k, at[n++]))
                    die("no memory");
            }
    return n;
}

/* ------------------------------------------------------------------------ controllers */

static void gicv2(struct bench *b)
{
    gpa_t at[8];
    uint64_t size[8];
    char err[256];
    machine_lock_enter();
    struct device *gic = device_new(&b->m, "arm-gic", err, sizeof err);
    if (!gic || !device_set(gic, "has-security-extensions", one_in(2) ? "on" : "off", err, sizeof err) || !device_realize(gic, NULL, err, sizeof err))
        die(err);
    make(b, "arm-gicv2m");
    unsigned n = place(b, at, size);
    devices_reset(&b->m);
    machine_lock_leave();
    for (unsigned k = 0; k < OPS; k++) {
        unsigned j = below(n);
        any_access(b, at[j], one_in(2) ? 0x40 : size[j]);
        if (one_in(4)) {
            machine_lock_enter();
            struct irq i = one_in(4) ? gic_class(gic)->ppi(gic, 0, 16 + below(16)) : gic_class(gic)->spi(gic, below(256));
            irq_set(&i, one_in(2));
            machine_lock_leave();
        }
    }
}

/* A processor as far as a GICv3 looks at one. */
static void bench_cpus(struct bench *b, bool el2, bool el3)
{
    b->m.vcpus = calloc(CPUS, sizeof *b->m.vcpus);
    for (unsigned k = 0; k < CPUS; k++) {
        struct vcpu *v = calloc(1, sizeof *v);
        struct a64_sys *s = calloc(1, sizeof *s);
        v->cpu = calloc(1, 1 << 17);
        v->machine = &b->m;
        v->index = k;
        v->state = s;
        s->vcpu = v;
        s->mpidr = 1ull << 31 | k;
        s->has_el2 = el2;
        s->has_el3 = el3;
        b->m.vcpus[k] = v;
    }
    b->m.nvcpus = CPUS;
}

static void put_commands(struct bench *b)
{
    static const uint8_t kinds[] = { 1, 3, 4, 5, 8, 8, 9, 9, 0xa, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf };
    for (unsigned k = 0; k < 4096; k += 32) {
        uint64_t c[4] = { (uint64_t)below(4) << 32 | kinds[below(sizeof kinds)], (uint64_t)(8192 + below(64)) << 32 | below(16),
                          (uint64_t)!one_in(5) << 63 | (one_in(2) ? (RAM_AT | below(RAM_BYTES)) & ~0xffu : 0) | below(4), below(4) << 16 };
        if (one_in(10))
            c[below(4)] = value();
        memcpy(ram(b, RAM_AT) + k, c, 32);
    }
}

static void gicv3(struct bench *b)
{
    gpa_t at[16];
    uint64_t size[16];
    char err[256];
    bool el3 = one_in(3);
    machine_lock_enter();
    bench_cpus(b, one_in(2), el3);
    struct device *gic = device_new(&b->m, "arm-gicv3", err, sizeof err);
    if (!gic || !device_set(gic, "has-security-extensions", el3 ? "on" : "off", err, sizeof err) || !device_realize(gic, NULL, err, sizeof err))
        die(err);
    make(b, "arm-gicv3-its");
    unsigned n = place(b, at, size);
    devices_reset(&b->m);
    machine_lock_leave();
    gpa_t its = at[n - 1];
    put_commands(b);
    for (unsigned j = 0; j < CPUS; j++) {
        bench_write(b, at[1 + j] + 0x70, 8, (RAM_AT + 0x100000) | 15);
        bench_write(b, at[1 + j] + 0x78, 8, RAM_AT + 0x200000 + 0x10000 * j);
        bench_write(b, at[1 + j], 4, 1);
    }
    memset(ram(b, RAM_AT + 0x100000), 0x41, 0x10000);
    bench_write(b, its + 0x100, 8, 1ull << 63 | (uint64_t)below(2) << 62 | (RAM_AT + 0x300000));
    bench_write(b, its + 0x108, 8, 1ull << 63 | (RAM_AT + 0x400000));
    bench_write(b, its + 0x80, 8, 1ull << 63 | RAM_AT);
    bench_write(b, its, 4, 1);
    for (unsigned k = 0; k < OPS; k++) {
        unsigned j = below(n), reg = below(A64_NSYS);
        if (one_in(3))
            any_access(b, at[j], one_in(2) ? 0x120 : size[j]);
        if (one_in(4))
            bench_write(b, its + 0x88, 8, 32 * below(128));
        machine_lock_enter();
        if (one_in(4))
            physmem_store(b->m.memory, &b->m.reader, its + 0x10040, 4, below(16), (struct mem_attr){ .requester = below(4) });
        if (one_in(4)) {
            struct irq i = one_in(4) ? gic_class(gic)->ppi(gic, below(CPUS), 16 + below(16)) : gic_class(gic)->spi(gic, below(256));
            irq_set(&i, one_in(2));
        }
        if (a64_sysregs[reg].how == GIC) {
            unsigned cpu = below(CPUS);
            struct a64_sys *s = b->m.vcpus[cpu]->state;
            uint64_t v;
            if (one_in(8))
                *a64_reg(b->m.vcpus[cpu]->cpu, A64_pstate) = below(4) << 2;
            if (one_in(8))
                s->v[A64_SYS_SCR_EL3] = rnd();
            if (one_in(8))
                s->v[A64_SYS_HCR_EL2] = rnd();
            b->m.gic->trap(b->m.gic_device, cpu, 1, T_ICC + below(4));
            if (one_in(2))
                b->m.gic->read(b->m.gic_device, cpu, reg, &v);
            else
                b->m.gic->write(b->m.gic_device, cpu, reg, value());
        }
        machine_lock_leave();
        if (one_in(500))
            put_commands(b);
    }
    machine_lock_enter();
    devices_free(&b->m);
    for (unsigned k = 0; k < CPUS; k++) {
        free(b->m.vcpus[k]->state);
        free(b->m.vcpus[k]->cpu);
        free(b->m.vcpus[k]);
    }
    free(b->m.vcpus);
    b->m.nvcpus = 0;
    machine_lock_leave();
}

/* ------------------------------------------------------------------------------- PCI */

static void pci(struct bench *b)
{
    static const char *const devices[] = { "pcie-root-port,id=p1,addr=1", "pci-bridge,id=p2,addr=2.0,multifunction=on", "virtio-rng-pci,addr=2.1",
        "virtio-rng-pci,bus=p1", "virtio-rng-pci,bus=p2,packed=on", "virtio-rng-pci,vectors=0", "pci-bridge,id=p3,bus=p2", "virtio-rng-pci,bus=p3" };
    char err[256];
    struct irq pins[PCI_PINS];
    machine_lock_enter();
    struct device *host = make(b, "gpex-pcihost");
    for (unsigned k = 0; k < PCI_PINS; k++)
        pins[k] = (struct irq){ set_line, b, k };
    if (!pci_host_place(host, ECAM_AT, IO_AT, (struct pci_window){ PCI_AT, PCI_AT + 0xffffff }, (struct pci_window){ 1ull << 39, (1ull << 40) - 1 },
                        pins, 3, err, sizeof err))
        die(err);
    for (unsigned k = 0; k < sizeof devices / sizeof *devices; k++)
        if (!device_add(&b->m, devices[k], err, sizeof err))
            die(err);
    devices_reset(&b->m);
    machine_lock_leave();
    for (unsigned k = 0; k < 3; k++) { /* bridges' buses, so that there is more to find */
        static const uint32_t where[3] = { 1 << 15, 2 << 15, 2 << 20 }, buses[3] = { 0x010100, 0x030200, 0x030302 };
        bench_write(b, ECAM_AT + where[k] + 0x18, 4, buses[k]);
        bench_write(b, ECAM_AT + where[k] + 4, 2, 7);
    }
    for (unsigned k = 0; k < OPS; k++) {
        gpa_t config = ECAM_AT + (below(5) << 20) + (below(6) << 15) + (below(2) << 12);
        switch (below(8)) {
        case 0:
            bench_write(b, config + 4, 2, one_in(4) ? rnd() : 7);
            break;
        case 1:
            bench_write(b, config + 0x10 + 4 * below(6), 4, one_in(2) ? PCI_AT + below(16) * 0x1000 : one_in(2) ? RAM_AT : (uint32_t)value());
            break;
        case 2:
            any_access(b, PCI_AT + below(16) * 0x1000, 0x1000);
            break;
        case 3:
            any_access(b, (1ull << 39) + below(4) * 0x4000, 0x4000);
            break;
        case 4: /* messages that go to PCI again */
            bench_write(b, PCI_AT + below(16) * 0x1000 + 16 * below(4), 8, PCI_AT + (below(0x10000) & ~3u));
            break;
        case 5:
            any_access(b, ECAM_AT, 256 << 20);
            break;
        default:
            any_access(b, config, one_in(2) ? 0x100 : 0x1000);
        }
    }
    if (bench_read(b, ECAM_AT, 4) != 0x00081b36) {
        fprintf(stderr, "it does not answer any more\n");
        abort();
    }
}

/* --------------------------------------------------------------------------- rounds */

static const struct target { const char *name; void (*round)(struct bench *b); } targets[] = { { "gicv2", gicv2 }, { "gicv3", gicv3 }, { "pci", pci } };

static void one_round(const void *target)
{
    struct bench *b = bench_new();
    ((const struct target *)target)->round(b);
    bench_free(b);
}

int main(int argc, char **argv)
{
    double limit = argc > 1 ? atof(argv[1]) : 1;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    for (const struct target *t = targets; t < targets + sizeof targets / sizeof *targets; t++)
        fuzz_rounds(t->name, 8, limit, seed, 60, one_round, t);
    printf("passed\n");
    return 0;
}
