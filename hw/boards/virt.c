/*
 * The `virt` board of aarch64: memory map and device tree as guests expect them of QEMU's board of that name
 * (QEMU documentation, system/arm/virt; the map itself is what its device tree says).
 *
 * There are RAM, flash, GICv2 with v2m, GICv3 with ITS, PL011, PL031, PL061 with the power key, fw_cfg, virtio slots,
 * generic timers, PSCI; for firmware ACPI tables (../acpi/).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acpi/acpi.h"
#include "arm_boot.h"
#include "backend/memory.h"
#include "block/block.h"
#include "block/pflash.h"
#include "boot_order.h"
#include "gpio/pl061.h"
#include "intc/gic.h"
#include "misc/fw_cfg.h"
#include "pci/pci.h"
#include "smbios/smbios.h"
#include "sys.h"
#include "tree.h"
#include "virt.h"
#include "virtio/mmio.h"

enum { RAM = 0x40000000, NIRQS = 288, V2M_IRQS = 64 };

/* The map: address and size of what is always at the same place, and its (first) shared interrupt. */
enum slot { SLOT_GIC_DIST, SLOT_GIC_CPU, SLOT_GIC_V2M, SLOT_GIC_ITS, SLOT_GIC_REDIST, SLOT_UART, SLOT_RTC, SLOT_FW_CFG,
            SLOT_GPIO, SLOT_FLASH, SLOT_GED, SLOT_VIRTIO, SLOT_PCI_MEMORY, SLOT_PCI_IO, SLOT_PCI_ECAM };
enum { VIRTIO_SLOTS = 32, FLASH_BANKS = 2, FLASH_BANK = 64 << 20 };
static const struct { gpa_t at; uint64_t size; unsigned spi; } map[] = {
    [SLOT_GIC_DIST] = { 0x08000000, 0x10000, 0 },
    [SLOT_GIC_CPU] = { 0x08010000, 0x10000, 0 },
    [SLOT_GIC_V2M] = { 0x08020000, 0x1000, 48 },
    [SLOT_GIC_ITS] = { 0x08080000, 0x20000, 0 },
    [SLOT_GIC_REDIST] = { 0x080a0000, 0xf60000, 0 },
    [SLOT_UART] = { 0x09000000, 0x1000, 1 },
    [SLOT_RTC] = { 0x09010000, 0x1000, 2 },
    [SLOT_FW_CFG] = { 0x09020000, 0x18, 0 },
    [SLOT_GPIO] = { 0x09030000, 0x1000, 7 },
    [SLOT_GED] = { 0x09080000, 0x4, 9 },
    [SLOT_FLASH] = { 0, FLASH_BANK, 0 },
    [SLOT_VIRTIO] = { 0x0a000000, VIRTIO_MMIO_SIZE * VIRTIO_SLOTS, 16 },
    [SLOT_PCI_MEMORY] = { 0x10000000, 0x2eff0000, 3 },
    [SLOT_PCI_IO] = { 0x3eff0000, 0x10000, 0 },
    [SLOT_PCI_ECAM] = { 0x3f000000, 0x1000000, 0 },
};

enum on_off_auto { AUTO, ON, OFF };
enum gic_choice { CHOICE_2, CHOICE_3, CHOICE_MAX, CHOICE_HOST };
enum { REDIST_SIZE = 0x20000, REDIST_FIRST = 0xf60000 / REDIST_SIZE };
#define REDIST_HIGH 0x4000000000ull /* of processors that have no room in the first region */

/* With highmem=on: 256 buses, and a window of 512 GiB. */
#define PCI_HIGH_ECAM 0x4010000000ull
#define PCI_HIGH_FIRST 0x8000000000ull
#define PCI_HIGH_LAST 0xffffffffffull

struct virt {
    struct device d;
    bool el2, el3; /* virtualization=, secure= */
    struct isa_config isa;
    struct mem_region *ram;
    uint32_t gic_version; /* gic-version=: enum gic_choice */
    struct block *pflash[FLASH_BANKS]; /* pflash0=, pflash1= */
    uint32_t acpi;        /* acpi=: enum on_off_auto */
    bool its, highmem;
    struct device *gic, *virtio[VIRTIO_SLOTS];
    struct device *fw_cfg, *gpio, *ged, *flash[FLASH_BANKS];
    struct bus system; /* of what -device makes without a bus of its own: loader */
    struct arm_boot boot;
    bool firmware;     /* there is something in the first flash bank */
    bool started;      /* at least once */
};

static struct virt *virt_of(struct device *d) { return (struct virt *)d; }

/* ------------------------------------------------------------------ device tree */

static void tree_chosen(struct virt *b, struct tree *t)
{
    const struct board_config *c = b->d.machine->config;
    tree_begin(t, "chosen", 0);
    char uart[32];
    snprintf(uart, sizeof uart, "/pl011@%llx", (unsigned long long)map[SLOT_UART].at);
    tree_text(t, "stdout-path", uart);
    if (c->append)
        tree_text(t, "bootargs", c->append);
    if (b->boot.initrd_size) {
        tree_u64(t, "linux,initrd-start", b->boot.initrd_at);
        tree_u64(t, "linux,initrd-end", b->boot.initrd_at + b->boot.initrd_size);
    }
    tree_end(t);
}

static void tree_cpus(struct virt *b, struct tree *t)
{
    struct machine *m = b->d.machine;
    tree_begin(t, "cpus", 0);
    tree_cells(t, "#address-cells", 1);
    tree_cells(t, "#size-cells", 0);
    for (unsigned k = 0; k < m->nvcpus; k++) {
        uint32_t mpidr = (uint32_t)(a64_mpidr(m->vcpus[k]) & 0xffffff);
        tree_begin(t, "cpu@%llx", mpidr);
        tree_text(t, "device_type", "cpu");
        tree_text(t, "compatible", "arm,armv8");
        tree_cells(t, "reg", mpidr);
        if (m->nvcpus > 1)
            tree_text(t, "enable-method", "psci");
        tree_end(t);
    }
    tree_end(t);
    tree_begin(t, "timer", 0);
    tree_texts(t, "compatible", "arm,armv8-timer\0arm,armv7-timer");
    tree_flag(t, "always-on");
    uint32_t how = 0x4 | (b->gic->type == &gicv2_type ? ((1u << m->nvcpus) - 1) << 8 : 0);
    tree_cells(t, "interrupts", 1, 13, how, 1, 14, how, 1, 11, how, 1, 10, how);
    tree_end(t);
    tree_begin(t, "psci", 0);
    tree_texts(t, "compatible", "arm,psci-1.0\0arm,psci-0.2\0arm,psci");
    tree_text(t, "method", b->isa.psci_smc ? "smc" : "hvc");
    tree_cells(t, "cpu_suspend", 0xc4000001);
    tree_cells(t, "cpu_off", 0x84000002);
    tree_cells(t, "cpu_on", 0xc4000003);
    tree_cells(t, "migrate", 0xc4000005);
    tree_end(t);
}

static bool make_tree(struct virt *b)
{
    struct machine *m = b->d.machine;
    struct tree *t = tree_new();
    if (!t)
        return false;
    tree_text(t, "compatible", "linux,dummy-virt");
    tree_text(t, "model", "linux,dummy-virt");
    tree_cells(t, "#address-cells", 2);
    tree_cells(t, "#size-cells", 2);
    tree_cells(t, "interrupt-parent", PHANDLE_GIC);
    tree_chosen(b, t);
    tree_begin(t, "memory@%llx", RAM);
    tree_text(t, "device_type", "memory");
    tree_reg(t, RAM, m->config->memory);
    tree_end(t);
    tree_cpus(b, t);
    tree_begin(t, "apb-pclk", 0);
    tree_text(t, "compatible", "fixed-clock");
    tree_cells(t, "#clock-cells", 0);
    tree_cells(t, "clock-frequency", 24000000);
    tree_text(t, "clock-output-names", "clk24mhz");
    tree_cells(t, "phandle", PHANDLE_CLOCK);
    tree_end(t);
    tree_begin(t, "flash@%llx", map[SLOT_FLASH].at);
    tree_text(t, "compatible", "cfi-flash");
    tree_cells(t, "reg", 0, 0, 0, FLASH_BANK, 0, FLASH_BANK, 0, FLASH_BANK);
    tree_cells(t, "bank-width", 4);
    tree_end(t);
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type->node)
            d->type->node(d, t);
    for (unsigned k = 0; k < VIRTIO_SLOTS; k++)
        virtio_mmio_node(b->virtio[k], t);
    b->boot.dtb = tree_finish(t, &b->boot.dtb_size);
    tree_free(t);
    return b->boot.dtb != NULL;
}

/* ----------------------------------------------------------------------- starting */

static void reset(struct device *d)
{
    struct virt *b = virt_of(d);
    struct machine *m = d->machine;
    if (b->started)
        boot_order_again(b->fw_cfg);
    b->started = true;
    images_write(&b->boot.images, m);
    if (b->boot.dtb && b->boot.dtb_at)
        physmem_write(m->memory, &m->reader, b->boot.dtb_at, b->boot.dtb, b->boot.dtb_size, MEM_CPU);
}

static void started(struct vcpu *v, void *arg)
{
    struct virt *b = arg;
    uint64_t pc = b->boot.entry;
    bool is_linux = !loader_entry(v->machine, v->index, &pc) && b->boot.is_linux;
    if (!is_linux) { /* it begins as after a reset, at the highest level */
        v->cpu->pc = pc;
        return;
    }
    a64_enter(v->cpu, b->isa.el2 ? 2 : 1, pc);
    *a64_reg(v->cpu, A64_x0) = b->boot.dtb_at;
}

/* A guest listens to one of the two: to the key of the device tree or to ACPI's button. */
static void press_power(struct machine *m)
{
    struct virt *b = m->board_state;
    pl061_press_power(b->gpio);
    if (b->ged)
        acpi_ged_press_power(b->ged);
}

/* Firmware gets the kernel through fw_cfg and decides. */
static bool offer_kernel(struct virt *b, char *err, size_t errlen)
{
    const struct board_config *c = b->d.machine->config;
    const struct { const char *path; unsigned size, data; } files[] = { { c->kernel, FW_KERNEL_SIZE, FW_KERNEL }, { c->initrd, FW_INITRD_SIZE, FW_INITRD } };
    for (unsigned k = 0; k < 2; k++) {
        size_t n = 0;
        /* an initrd is the kernel's to unpack */
        uint8_t *(*reader)(const char *, size_t, size_t *, char *, size_t) = k ? image_read_as_is : image_read;
        uint8_t *data = files[k].path ? reader(files[k].path, c->memory, &n, err, errlen) : NULL;
        if (files[k].path && (!data || !fw_cfg_add(b->fw_cfg, files[k].data, data, n) || !fw_cfg_add_int(b->fw_cfg, files[k].size, n, 4)))
            return false;
        free(data);
    }
    size_t n = c->append ? strlen(c->append) + 1 : 0;
    return !n || (fw_cfg_add(b->fw_cfg, FW_APPEND, c->append, n) && fw_cfg_add_int(b->fw_cfg, FW_APPEND_SIZE, n, 4));
}

/* -bios: into the first bank, as if it had been programmed there. */
static bool load_bios(struct virt *b, char *err, size_t errlen)
{
    const char *path = b->d.machine->config->bios;
    size_t n;
    if (!pflash_empty(b->flash[0])) {
        snprintf(err, errlen, "-bios %s: the first flash bank has an image already", path);
        return false;
    }
    uint8_t *data = image_read(path, FLASH_BANK, &n, err, errlen);
    if (!data || !images_add(&b->boot.images, data, n, map[SLOT_FLASH].at))
        return false;
    return b->firmware = true;
}

/* --------------------------------------------------------------------------- ACPI */

static struct acpi_block block(enum slot slot)
{
    return (struct acpi_block){ map[slot].at, map[slot].size, map[slot].spi ? 32 + map[slot].spi : 0 };
}

static bool offer_acpi(struct virt *b)
{
    bool v3 = b->gic_version != CHOICE_2;
    unsigned n = b->d.machine->nvcpus;
    struct acpi_board a = {
        .machine = b->d.machine, .gic = v3 ? 3 : 2, .distributor = block(SLOT_GIC_DIST), .psci = b->isa.psci, .psci_smc = b->isa.psci_smc,
        .maintenance = b->el2 ? 25 : 0, .uart = block(SLOT_UART), .ged = block(SLOT_GED), .fw_cfg = block(SLOT_FW_CFG), .virtio = block(SLOT_VIRTIO),
        .virtio_slots = VIRTIO_SLOTS, .pci = block(SLOT_PCI_ECAM), .pci_io = block(SLOT_PCI_IO), .pci_low = block(SLOT_PCI_MEMORY),
    };
    a.virtio.size = VIRTIO_MMIO_SIZE;
    for (unsigned k = 0; k < FLASH_BANKS; k++)
        a.flash[k] = (struct acpi_block){ map[SLOT_FLASH].at + k * map[SLOT_FLASH].size, map[SLOT_FLASH].size, 0 };
    if (v3) {
        a.redist[0] = block(SLOT_GIC_REDIST);
        if (n > REDIST_FIRST)
            a.redist[1] = (struct acpi_block){ REDIST_HIGH, (uint64_t)(n - REDIST_FIRST) * REDIST_SIZE, 0 };
        if (b->its)
            a.its = block(SLOT_GIC_ITS);
    } else {
        a.cpu_interface = block(SLOT_GIC_CPU);
        a.v2m = block(SLOT_GIC_V2M);
        a.v2m_count = V2M_IRQS;
    }
    if (b->highmem) {
        a.pci = (struct acpi_block){ PCI_HIGH_ECAM, 256 << 20, 0 };
        a.pci_high = (struct acpi_block){ PCI_HIGH_FIRST, PCI_HIGH_LAST - PCI_HIGH_FIRST + 1, 0 };
    }
    a.pci.irq = a.pci_low.irq;
    return acpi_offer(b->fw_cfg, &a);
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
    for (unsigned k = 0; k < b->d.machine->nvcpus; k++) {
        struct vcpu *v = b->d.machine->vcpus[k];
        struct irq out[GIC_OUTPUTS] = { [GIC_IRQ] = { set_line, v, LINE_IRQ }, [GIC_FIQ] = { set_line, v, LINE_FIQ },
                                        [GIC_VIRQ] = { set_line, v, LINE_VIRQ }, [GIC_VFIQ] = { set_line, v, LINE_VFIQ } };
        gic_class(b->gic)->connect(b->gic, k, out);
        for (unsigned t = 0; t < NTIMERS; t++) {
            struct irq *i = malloc(sizeof *i);
            if (!i)
                return false;
            *i = gic_class(b->gic)->ppi(b->gic, k, ppi[t]);
            a64_connect_timer(v, t, timer_line, i);
        }
    }
    return true;
}

static struct irq shared(struct virt *b, unsigned n) { return gic_class(b->gic)->spi(b->gic, n); }

/* A device of the board with numbers (or texts) as properties, ended by a NULL name. */
struct setting { const char *name; unsigned value; const char *text; };
static struct device *make(struct virt *b, const char *type, const struct setting *p, char *err, size_t errlen)
{
    struct device *d = device_new(b->d.machine, type, err, errlen);
    for (; d && p && p->name; p++) {
        char text[16];
        snprintf(text, sizeof text, "%u", p->value);
        if (!device_set(d, p->name, p->text ? p->text : text, err, errlen))
            return NULL;
    }
    return d && device_realize(d, NULL, err, errlen) ? d : NULL;
}

static bool make_gicv2(struct virt *b, char *err, size_t errlen)
{
    struct setting p[] = { { "num-cpu", b->d.machine->nvcpus, NULL }, { "num-irq", NIRQS, NULL },
                           { "has-security-extensions", 0, b->el3 ? "on" : "off" }, { NULL, 0, NULL } };
    b->gic = make(b, "arm-gic", p, err, errlen);
    if (!b->gic)
        return false;
    struct setting q[] = { { "base-spi", 32 + map[SLOT_GIC_V2M].spi, NULL }, { "num-spi", V2M_IRQS, NULL }, { NULL, 0, NULL } };
    struct device *v2m = make(b, "arm-gicv2m", q, err, errlen);
    return v2m && device_map(b->gic, 0, map[SLOT_GIC_DIST].at) && device_map(b->gic, 1, map[SLOT_GIC_CPU].at) &&
           device_map(v2m, 0, map[SLOT_GIC_V2M].at);
}

static bool make_gicv3(struct virt *b, char *err, size_t errlen)
{
    struct machine *m = b->d.machine;
    struct device *gic = device_new(m, "arm-gicv3", err, errlen);
    if (!gic || !device_set(gic, "has-security-extensions", b->el3 ? "on" : "off", err, errlen) ||
        !device_set(gic, "has-lpi", b->its ? "on" : "off", err, errlen) || !device_realize(gic, NULL, err, errlen))
        return false;
    b->gic = gic;
    if (!device_map(gic, 0, map[SLOT_GIC_DIST].at))
        return false;
    unsigned n = 0;
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type == &gicv3_cpu_type) {
            gpa_t at = n < REDIST_FIRST ? map[SLOT_GIC_REDIST].at + n * REDIST_SIZE : REDIST_HIGH + (n - REDIST_FIRST) * REDIST_SIZE;
            if (!device_map(d, 0, at))
                return false;
            n++;
        }
    if (!b->its)
        return true;
    struct device *its = make(b, "arm-gicv3-its", NULL, err, errlen);
    return its && device_map(its, 0, map[SLOT_GIC_ITS].at);
}

static bool make_gic(struct virt *b, char *err, size_t errlen)
{
    if (b->gic_version == CHOICE_HOST) {
        snprintf(err, errlen, "gic-version=host wants KVM; gic-version=max is the best there is here");
        return false;
    }
    snprintf(err, errlen, "no memory for the GIC");
    return b->gic_version == CHOICE_2 ? make_gicv2(b, err, errlen) : make_gicv3(b, err, errlen);
}

/* A built-in device of one register block and one interrupt. */
static struct device *built_in(struct virt *b, struct device *d, enum slot slot, char *err, size_t errlen)
{
    if (d && device_realize(d, NULL, err, errlen)) {
        device_connect(d, 0, shared(b, map[slot].spi), map[slot].spi);
        if (device_map(d, 0, map[slot].at))
            return d;
        snprintf(err, errlen, "no memory for %s", d->type->name);
    }
    return NULL;
}

/* From the last slot down: -device takes the first free one in the order of making, and Linux, which goes through the
 * tree from the lowest address up, shall find the devices where it does with QEMU. */
static bool make_virtio_slots(struct virt *b, char *err, size_t errlen)
{
    for (unsigned k = VIRTIO_SLOTS; k--;) {
        char number[12];
        struct device *d = device_new(b->d.machine, "virtio-mmio", err, errlen);
        snprintf(number, sizeof number, "%u", k);
        if (!d || !device_set(d, "number", number, err, errlen) || !device_realize(d, NULL, err, errlen))
            return false;
        unsigned spi = map[SLOT_VIRTIO].spi + k;
        device_connect(d, 0, shared(b, spi), spi);
        if (!device_map(d, 0, map[SLOT_VIRTIO].at + VIRTIO_MMIO_SIZE * k)) {
            snprintf(err, errlen, "no memory for virtio-mmio");
            return false;
        }
        b->virtio[k] = d;
    }
    return true;
}

static bool make_pci(struct virt *b, char *err, size_t errlen)
{
    struct device *host = device_new(b->d.machine, "gpex-pcihost", err, errlen);
    if (!host || !device_set(host, "highmem", b->highmem ? "on" : "off", err, errlen) || !device_realize(host, NULL, err, errlen))
        return false;
    unsigned spi = map[SLOT_PCI_MEMORY].spi;
    struct irq pin[PCI_PINS] = { shared(b, spi), shared(b, spi + 1), shared(b, spi + 2), shared(b, spi + 3) };
    gpa_t low = map[SLOT_PCI_MEMORY].at;
    struct pci_window high = { 1, 0 };
    if (b->highmem)
        high = (struct pci_window){ PCI_HIGH_FIRST, PCI_HIGH_LAST };
    return pci_host_place(host, b->highmem ? PCI_HIGH_ECAM : map[SLOT_PCI_ECAM].at, map[SLOT_PCI_IO].at,
                          (struct pci_window){ low, low + map[SLOT_PCI_MEMORY].size - 1 }, high, pin, spi, err, errlen);
}

/* pflash0= and pflash1=; if=pflash, by index, and -pflash. */
static bool make_flash(struct virt *b, char *err, size_t errlen)
{
    for (unsigned k = 0; k < FLASH_BANKS; k++) {
        struct block *drive = b->pflash[k] ? b->pflash[k] : block_by_index(IF_PFLASH, (int)k);
        struct device *d = device_new(b->d.machine, "cfi.pflash01", err, errlen);
        if (!d || !device_set(d, "name", k ? "virt.flash1" : "virt.flash0", err, errlen))
            return false;
        if (drive)
            device_set_pointer(d, "drive", drive);
        if (!device_realize(d, NULL, err, errlen))
            return false;
        if (!device_map(d, 0, map[SLOT_FLASH].at + k * map[SLOT_FLASH].size)) {
            snprintf(err, errlen, "no memory for flash");
            return false;
        }
        b->flash[k] = d;
        b->firmware |= drive && !k;
    }
    return true;
}

static bool make_small(struct virt *b, char *err, size_t errlen)
{
    struct machine *m = b->d.machine;
    if (!built_in(b, device_new(m, "pl031", err, errlen), SLOT_RTC, err, errlen) ||
        !(b->gpio = built_in(b, device_new(m, "pl061", err, errlen), SLOT_GPIO, err, errlen)))
        return false;
    if (b->acpi != OFF && !(b->ged = built_in(b, device_new(m, "acpi-ged", err, errlen), SLOT_GED, err, errlen)))
        return false;
    m->power_button = press_power;
    b->fw_cfg = device_new(m, "fw_cfg", err, errlen);
    return b->fw_cfg && device_realize(b->fw_cfg, NULL, err, errlen) && device_map(b->fw_cfg, 0, map[SLOT_FW_CFG].at);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    static const struct bus_type system_bus = { .name = "System" };
    struct virt *b = virt_of(d);
    struct machine *m = d->machine;
    const struct board_config *c = m->config;
    m->board_state = b;
    bus_init(&b->system, &system_bus, d, "main-system-bus", 0);
    b->isa = (struct isa_config){ .el2 = b->el2, .el3 = b->el3, .psci = true, .psci_smc = b->el2, .started = started, .started_arg = b };
    if (!machine_add_cpus(m, c->ncpus, &b->isa, err, errlen))
        return false;
    if (!(b->ram = memory_of_board(m, "mach-virt.ram", err, errlen)) || !make_gic(b, err, errlen))
        return false;
    if (!wire_cpus(b) || !physmem_map(m->memory, b->ram, RAM, 0, c->memory, 0)) {
        snprintf(err, errlen, "no memory for the machine");
        return false;
    }
    struct device *uart = device_new(m, "pl011", err, errlen);
    if (uart && c->serial[0])
        device_set_pointer(uart, "chardev", c->serial[0]);
    return built_in(b, uart, SLOT_UART, err, errlen) && make_small(b, err, errlen) && make_flash(b, err, errlen) && make_virtio_slots(b, err, errlen) &&
           make_pci(b, err, errlen);
}

bool virt_complete(struct device *d, char *err, size_t errlen)
{
    struct virt *b = virt_of(d);
    const struct board_config *c = d->machine->config;
    if (c->bios && !load_bios(b, err, errlen))
        return false;
    if (c->kernel && !(b->firmware ? offer_kernel(b, err, errlen) : arm_boot_load(&b->boot, c, RAM, err, errlen)))
        return false;
    if (!c->kernel || b->firmware)
        b->boot.dtb_at = RAM; /* where firmware looks for it */
    if (!b->boot.is_linux)
        b->isa.psci = !b->el3; /* it is the firmware */
    for (unsigned k = 0; k < c->nsmbios; k++)
        if (!smbios_option(c->smbios[k], err, errlen))
            return false;
    if (!boot_order_offer(b->fw_cfg, err, errlen))
        return false;
    snprintf(err, errlen, "no room for what firmware is to read");
    if (((b->acpi == ON || (b->firmware && b->acpi == AUTO)) && !offer_acpi(b)) ||
        ((b->firmware || c->nsmbios) && !smbios_offer(b->fw_cfg, "QEMU Virtual Machine", "virt", RAM)))
        return false;
    snprintf(err, errlen, "no memory for the device tree");
    if (c->dtb ? !arm_boot_dtb(&b->boot, c, RAM, err, errlen) : !make_tree(b))
        return false;
    if (c->dumpdtb) {
        FILE *f = fopen(c->dumpdtb, "we");
        if (!f || fwrite(b->boot.dtb, 1, b->boot.dtb_size, f) != b->boot.dtb_size || fclose(f)) {
            snprintf(err, errlen, "%s: %s", c->dumpdtb, strerror(errno));
            return false;
        }
        exit(0);
    }
    return true;
}

static const struct property properties[] = {
    PROPERTY(struct virt, el2, PROP_BOOL, "virtualization", "off", "processors with EL2"),
    PROPERTY(struct virt, el3, PROP_BOOL, "secure", "off", "processors with EL3"),
    PROPERTY_ENUM(struct virt, gic_version, "gic-version", "2", "2|3|max|host", "interrupt controller; max: 3"),
    PROPERTY_ENUM(struct virt, acpi, "acpi", "auto", "auto|on|off", "ACPI tables in fw_cfg; auto: if there is firmware"),
    PROPERTY(struct virt, pflash[0], PROP_DRIVE, "pflash0", NULL, "contents of the first flash bank"),
    PROPERTY(struct virt, pflash[1], PROP_DRIVE, "pflash1", NULL, "contents of the second flash bank"),
    PROPERTY(struct virt, its, PROP_BOOL, "its", "on", "with GICv3: messages become LPIs by an ITS"),
    PROPERTY(struct virt, highmem, PROP_BOOL, "highmem", "on", "PCI has 256 buses and 64-bit addresses"),
    { NULL }
};

const struct device_type virt_type = {
    .name = "virt-machine", .category = "Board", .size = sizeof(struct virt), .properties = properties, .realize = realize, .reset = reset,
    .no_fields = "it is wiring",
};
