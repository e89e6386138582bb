/*
 * The `virt` board of aarch64: memory map and device tree as guests expect them of QEMU's board of that name
 * (QEMU documentation, system/arm/virt; the map itself is what its device tree says).
 *
 * So far: RAM, GICv2, PL011, generic timers, PSCI.
 */
#include <errno.h>
#include <fcntl.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boards.h"
#include "char/pl011.h"
#include "intc/gicv2.h"
#include "isa.h"
#include "sys.h"

enum { GIC_DIST = 0x08000000, GIC_CPU = 0x08010000, UART = 0x09000000, RAM = 0x40000000, UART_IRQ = 1, NIRQS = 256, SPI = 32 };

struct virt {
    struct machine *m;
    struct board_config c;
    struct mem_region *ram;
    struct gicv2 *gic;
    struct chardev *console;
    struct pl011 *uart;
    void *fdt;
    uint64_t entry, dtb_at;
    struct { void *data; size_t n; gpa_t at; } image[3]; /* kernel, initrd, device tree: written again at each reset */
    unsigned nimages;
};

/* ------------------------------------------------------------------ device tree */

enum { PHANDLE_GIC = 0x8001, PHANDLE_CLOCK = 0x8000, FDT_SIZE = 1 << 20 };

static void cells(void *f, int node, const char *name, unsigned n, const uint32_t *v)
{
    uint32_t big[16];
    for (unsigned k = 0; k < n; k++)
        big[k] = cpu_to_fdt32(v[k]);
    fdt_setprop(f, node, name, big, (int)(n * 4));
}
#define CELLS(f, node, name, ...) \
    cells(f, node, name, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (uint32_t[]){ __VA_ARGS__ })

static int add(void *f, int parent, const char *format, uint64_t unit)
{
    char name[64];
    snprintf(name, sizeof name, format, (unsigned long long)unit);
    return fdt_add_subnode(f, parent, name);
}

static int make_tree(struct virt *b, char *err, size_t errlen)
{
    void *f = b->fdt = calloc(1, FDT_SIZE);
    const struct board_config *c = &b->c;
    if (!f || fdt_create_empty_tree(f, FDT_SIZE)) {
        snprintf(err, errlen, "no memory for the device tree");
        return -ENOMEM;
    }
    fdt_setprop_string(f, 0, "compatible", "linux,dummy-virt");
    fdt_setprop_string(f, 0, "model", "linux,dummy-virt");
    CELLS(f, 0, "#address-cells", 2);
    CELLS(f, 0, "#size-cells", 2);
    CELLS(f, 0, "interrupt-parent", PHANDLE_GIC);
    int n = add(f, 0, "chosen", 0);
    char uart[32];
    snprintf(uart, sizeof uart, "/pl011@%x", UART);
    fdt_setprop_string(f, n, "stdout-path", uart);
    if (c->append)
        fdt_setprop_string(f, n, "bootargs", c->append);
    for (unsigned k = 0; k < b->nimages; k++)
        if (k == 1) {
            fdt_setprop_u64(f, n, "linux,initrd-start", b->image[k].at);
            fdt_setprop_u64(f, n, "linux,initrd-end", b->image[k].at + b->image[k].n);
        }
    n = add(f, 0, "memory@%llx", RAM);
    fdt_setprop_string(f, n, "device_type", "memory");
    CELLS(f, n, "reg", 0, RAM, (uint32_t)(c->memory >> 32), (uint32_t)c->memory);
    n = add(f, 0, "psci", 0);
    fdt_setprop(f, n, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci", 36);
    fdt_setprop_string(f, n, "method", c->isa.psci_smc ? "smc" : "hvc");
    CELLS(f, n, "cpu_suspend", 0xc4000001);
    CELLS(f, n, "cpu_off", 0x84000002);
    CELLS(f, n, "cpu_on", 0xc4000003);
    CELLS(f, n, "migrate", 0xc4000005);
    int cpus = add(f, 0, "cpus", 0);
    CELLS(f, cpus, "#address-cells", 1);
    CELLS(f, cpus, "#size-cells", 0);
    for (unsigned k = b->m->nvcpus; k--;) {
        uint32_t mpidr = (uint32_t)(a64_mpidr(b->m->vcpus[k]) & 0xffffff);
        n = add(f, cpus, "cpu@%llx", mpidr);
        fdt_setprop_string(f, n, "device_type", "cpu");
        fdt_setprop_string(f, n, "compatible", "arm,armv8");
        CELLS(f, n, "reg", mpidr);
        if (b->m->nvcpus > 1)
            fdt_setprop_string(f, n, "enable-method", "psci");
    }
    n = add(f, 0, "timer", 0);
    fdt_setprop(f, n, "compatible", "arm,armv8-timer\0arm,armv7-timer", 32);
    fdt_setprop(f, n, "always-on", NULL, 0);
    uint32_t how = 0x4 | ((1u << b->m->nvcpus) - 1) << 8;
    CELLS(f, n, "interrupts", 1, 13, how, 1, 14, how, 1, 11, how, 1, 10, how);
    n = add(f, 0, "apb-pclk", 0);
    fdt_setprop_string(f, n, "compatible", "fixed-clock");
    CELLS(f, n, "#clock-cells", 0);
    CELLS(f, n, "clock-frequency", 24000000);
    fdt_setprop_string(f, n, "clock-output-names", "clk24mhz");
    CELLS(f, n, "phandle", PHANDLE_CLOCK);
    n = add(f, 0, "intc@%llx", GIC_DIST);
    fdt_setprop_string(f, n, "compatible", "arm,cortex-a15-gic");
    CELLS(f, n, "#interrupt-cells", 3);
    fdt_setprop(f, n, "interrupt-controller", NULL, 0);
    CELLS(f, n, "#address-cells", 2);
    CELLS(f, n, "#size-cells", 2);
    fdt_setprop(f, n, "ranges", NULL, 0);
    CELLS(f, n, "reg", 0, GIC_DIST, 0, 0x10000, 0, GIC_CPU, 0, 0x10000);
    CELLS(f, n, "phandle", PHANDLE_GIC);
    n = add(f, 0, "pl011@%llx", UART);
    fdt_setprop(f, n, "compatible", "arm,pl011\0arm,primecell", 24);
    CELLS(f, n, "reg", 0, UART, 0, 0x1000);
    CELLS(f, n, "interrupts", 0, UART_IRQ, 4);
    CELLS(f, n, "clocks", PHANDLE_CLOCK, PHANDLE_CLOCK);
    fdt_setprop(f, n, "clock-names", "uartclk\0apb_pclk", 17);
    fdt_pack(f);
    return 0;
}

/* ------------------------------------------------------------------------ images */

static int read_image(struct virt *b, const char *path, gpa_t at, char *err, size_t errlen)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return -errno;
    }
    size_t n = (size_t)st.st_size, got = 0;
    void *data = malloc(n ? n : 1);
    while (data && got < n) {
        ssize_t k = read(fd, (char *)data + got, n - got);
        if (k <= 0)
            break;
        got += (size_t)k;
    }
    close(fd);
    if (!data || got < n || at + n > RAM + b->c.memory) {
        snprintf(err, errlen, got < n ? "%s: can't be read whole" : "%s: does not fit into %llu MiB of memory", path,
                 (unsigned long long)(b->c.memory >> 20));
        free(data);
        return -EINVAL;
    }
    b->image[b->nimages].data = data;
    b->image[b->nimages].n = n;
    b->image[b->nimages++].at = at;
    return 0;
}

/* Documentation/arch/arm64/booting.rst: an Image says how far above a 2 MiB boundary it wants to be. */
static int load_kernel(struct virt *b, char *err, size_t errlen)
{
    int rc = read_image(b, b->c.kernel, RAM, err, errlen);
    if (rc)
        return rc;
    const uint8_t *d = b->image[0].data;
    uint64_t offset = 0x80000, size = b->image[0].n, v;
    if (b->image[0].n >= 64 && !memcmp(d + 56, "ARM\x64", 4)) {
        memcpy(&v, d + 16, 8);
        if (v) {
            size = v;
            memcpy(&offset, d + 8, 8);
        }
    }
    if (offset + size > b->c.memory || b->image[0].n + offset > b->c.memory) {
        snprintf(err, errlen, "%s: does not fit into %llu MiB of memory", b->c.kernel, (unsigned long long)(b->c.memory >> 20));
        return -EINVAL;
    }
    b->entry = b->image[0].at = RAM + offset;
    gpa_t at = (b->entry + size + 0x1fffff) & ~0x1fffffull;
    if (at < RAM + (b->c.memory / 2 < 128u << 20 ? b->c.memory / 2 : 128u << 20))
        at = RAM + (b->c.memory / 2 < 128u << 20 ? b->c.memory / 2 : 128u << 20);
    if (b->c.initrd) {
        rc = read_image(b, b->c.initrd, at, err, errlen);
        if (rc)
            return rc;
        at = (at + b->image[1].n + 0x1fffff) & ~0x1fffffull;
    }
    b->dtb_at = at;
    return 0;
}

static void reset(struct machine *m)
{
    struct virt *b = m->board;
    gicv2_reset(b->gic);
    pl011_reset(b->uart);
    for (unsigned k = 0; k < b->nimages; k++)
        physmem_write(m->memory, &m->reader, b->image[k].at, b->image[k].data, b->image[k].n, MEM_CPU);
    physmem_write(m->memory, &m->reader, b->dtb_at, b->fdt, fdt_totalsize(b->fdt), MEM_CPU);
}

static void started(struct vcpu *v, void *arg)
{
    struct virt *b = v->machine->board;
    a64_enter(v->cpu, b->c.isa.el2 ? 2 : 1, b->entry);
    *a64_reg(v->cpu, A64_x0) = b->dtb_at;
}

/* ------------------------------------------------------------------------- wiring */

static void set_line(void *to, unsigned line, bool up) { a64_set_line(to, line, up); }
static void timer_line(void *arg, bool up)
{
    struct irq *i = arg;
    irq_set(i, up);
}

static bool wire_cpus(struct virt *b)
{
    static const uint8_t ppi[NTIMERS] = { [TIMER_PHYS] = 30, [TIMER_VIRT] = 27, [TIMER_HYP] = 26, [TIMER_HYPVIRT] = 28, [TIMER_SEC] = 29 };
    for (unsigned k = 0; k < b->m->nvcpus; k++) {
        struct vcpu *v = b->m->vcpus[k];
        gicv2_connect(b->gic, k, (struct irq){ set_line, v, LINE_IRQ }, (struct irq){ set_line, v, LINE_FIQ });
        for (unsigned t = 0; t < NTIMERS; t++) {
            struct irq *i = malloc(sizeof *i);
            if (!i)
                return false;
            *i = gicv2_ppi(b->gic, k, ppi[t]);
            a64_connect_timer(v, t, timer_line, i);
        }
    }
    return true;
}

struct machine *board_virt(const struct board_config *c, char *err, size_t errlen)
{
    struct virt *b = calloc(1, sizeof *b);
    int rc;
    if (!b) {
        snprintf(err, errlen, "no memory");
        return NULL;
    }
    b->c = *c;
    b->c.isa.started = started;
    struct machine_config mc = { .isa = &isa_aarch64, .model = c->model, .isa_config = &b->c.isa, .nvcpus = c->ncpus,
                                 .interp = c->interp, .one_insn = c->one_insn, .cache_size = c->cache_size, .without = c->without };
    b->m = machine_new(&mc, err, errlen);
    if (!b->m)
        return NULL;
    b->m->board = b;
    b->m->reset_board = reset;
    b->m->no_reboot = c->no_reboot;
    b->ram = mem_new_ram("mach-virt.ram", c->memory, MEM_RAM, &rc);
    b->gic = gicv2_new(c->ncpus, NIRQS);
    b->console = chardev_stdio(b->m->loop, true, err, errlen);
    if (b->gic)
        b->uart = pl011_new(b->console, gicv2_input(b->gic, SPI + UART_IRQ));
    if (!b->ram || !b->gic || !b->uart || !wire_cpus(b)) {
        snprintf(err, errlen, "no memory for the machine");
        return NULL;
    }
    struct physmem *pm = b->m->memory;
    physmem_map(pm, b->ram, RAM, 0, c->memory, 0);
    physmem_map(pm, gicv2_distributor(b->gic), GIC_DIST, 0, 0x1000, 0);
    physmem_map(pm, gicv2_cpu_interface(b->gic), GIC_CPU, 0, 0x2000, 0);
    physmem_map(pm, pl011_region(b->uart), UART, 0, 0x1000, 0);
    if (c->kernel && load_kernel(b, err, errlen))
        return NULL;
    if (make_tree(b, err, errlen))
        return NULL;
    return b->m;
}
