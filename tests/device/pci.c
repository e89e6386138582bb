/*
 * PCI by configuration space, as a driver does it: PCI Local Bus 3.0 (6.2.5 BARs, 6.7 capabilities, 6.8 messages),
 * PCI-to-PCI Bridge 1.2; virtio 1.2, 4.1 for the device.
 */
#include "bench.h"
#include "pci/pci.h"

enum { ECAM = 0x20000000, IO = 0x1f000000, LOW = 0x10000000, LOW_LAST = 0x10ffffff, HOLE = 0x11000000, CATCH = 0x18000000 };
#define HIGH 0x8000000000ull

static struct bench *b;
static uint64_t caught_at, caught_value;
static uint32_t caught_from;
static unsigned caught;

static void catch_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    caught++;
    caught_at = offset;
    caught_value = value;
    caught_from = a.requester;
}
static const struct mmio_ops catcher = { NULL, catch_write, 4, 4, false };

static gpa_t config(unsigned bus, unsigned slot, unsigned offset) { return ECAM + (bus << 20) + (slot << 15) + offset; }
static uint64_t get(unsigned slot, unsigned offset, unsigned size) { return bench_read(b, config(0, slot, offset), size); }
static void put(unsigned slot, unsigned offset, unsigned size, uint64_t v) { bench_write(b, config(0, slot, offset), size, v); }

static unsigned find_capability(unsigned slot, unsigned id, unsigned after)
{
    unsigned at = (unsigned)get(slot, PCI_CAPABILITIES, 1), n = 0;
    for (; at && n < 48; at = (unsigned)get(slot, at + 1, 1), n++) {
        CHECK(at >= 0x40 && !(at & 3));
        if (get(slot, at, 1) == id && at > after)
            return at;
    }
    return 0;
}

static void bars(void)
{
    CHECK(get(1, 0, 4) == 0x10441af4);               /* virtio 4.1.2: 0x1040 + 4 */
    CHECK(get(1, PCI_REVISION, 1) >= 1);
    CHECK(get(4, 0, 4) == 0xffffffff);               /* nobody */
    put(1, 0, 4, 0);
    CHECK(get(1, 0, 4) == 0x10441af4);
    put(1, PCI_BAR0 + 16, 4, ~0u);
    put(1, PCI_BAR0 + 20, 4, ~0u);
    CHECK(get(1, PCI_BAR0 + 16, 4) == 0xffffc00c && get(1, PCI_BAR0 + 20, 4) == 0xffffffff); /* 16 KiB, 64 bit, prefetchable */
    put(1, PCI_BAR0, 4, ~0u);
    CHECK(get(1, PCI_BAR0, 4) == 0);
    put(1, PCI_BAR0 + 16, 4, (uint32_t)HIGH);
    put(1, PCI_BAR0 + 20, 4, HIGH >> 32);
    CHECK(bench_read(b, HIGH + 18, 2) == 0xffff);    /* off */
    put(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    CHECK(bench_read(b, HIGH + 18, 2) == 1);         /* num_queues */
    put(1, PCI_COMMAND, 2, 0);
    CHECK(bench_read(b, HIGH + 18, 2) == 0xffff);
    /* Never over memory, nor outside of the windows. */
    put(1, PCI_BAR0 + 16, 4, RAM_AT);
    put(1, PCI_BAR0 + 20, 4, 0);
    ram(b, RAM_AT)[18] = 0x5a;
    put(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    CHECK(bench_read(b, RAM_AT + 18, 1) == 0x5a);
    put(1, PCI_BAR0 + 16, 4, HOLE);
    CHECK(bench_read(b, HOLE + 18, 2) != 1);
    put(1, PCI_BAR0 + 16, 4, (uint32_t)HIGH);
    put(1, PCI_BAR0 + 20, 4, HIGH >> 32);
    CHECK(bench_read(b, HIGH + 18, 2) == 1);
    /* The same through the capability of access by configuration space (4.1.4.9). */
    unsigned cap = 0;
    while ((cap = find_capability(1, PCI_CAP_VENDOR, cap)) && get(1, cap + 3, 1) != 5)
        ;
    CHECK(cap);
    put(1, cap + 4, 1, 4);
    put(1, cap + 8, 4, 18);
    put(1, cap + 12, 4, 2);
    CHECK(get(1, cap + 16, 2) == 1);
    put(1, cap + 8, 4, 0xfffffffe);
    get(1, cap + 16, 4);
}

static struct pci_device *function(const char *id) { return (struct pci_device *)device_by_id(&b->m, id); }

static void message(const char *id, unsigned vector)
{
    machine_lock_enter();
    pci_message(function(id), vector);
    machine_lock_leave();
}

static void messages(void)
{
    unsigned cap = find_capability(1, PCI_CAP_MSIX, 0);
    CHECK(cap && (get(1, cap + 2, 2) & 0x7ff) == 1);           /* two vectors */
    CHECK((get(1, cap + 4, 4) & 7) == 1 && !(get(1, cap + 4, 4) & ~7u));
    put(1, PCI_BAR0 + 4, 4, LOW);
    CHECK(bench_read(b, LOW + 12, 4) == 1 && bench_read(b, LOW + 28, 4) == 1); /* masked after reset */
    put(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    put(1, cap + 2, 2, 0x8000);
    bench_write(b, LOW + 16, 4, CATCH + 0x40);
    bench_write(b, LOW + 20, 4, 0);
    bench_write(b, LOW + 24, 4, 0x1234);
    message("r", 1);
    CHECK(!caught && (bench_read(b, LOW + 0x800, 4) & 2));     /* masked: pending */
    bench_write(b, LOW + 28, 4, 0);
    CHECK(caught == 1 && caught_at == 0x40 && caught_value == 0x1234 && caught_from == 1 << 3);
    CHECK(!bench_read(b, LOW + 0x800, 4));
    message("r", 1);
    CHECK(caught == 2);
    put(1, cap + 2, 2, 0xc000);                                 /* all masked */
    message("r", 1);
    CHECK(caught == 2);
    put(1, cap + 2, 2, 0x8000);
    CHECK(caught == 3);
    put(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);                 /* no bus master: no messages, no DMA */
    message("r", 1);
    CHECK(caught == 3);
    uint32_t word = 0x5a5a5a5a;
    machine_lock_enter();
    CHECK(pci_dma_write(function("r"), RAM_AT + 64, &word, 4) == MEM_NOTHING && pci_dma_read(function("r"), RAM_AT, &word, 4) == MEM_NOTHING);
    machine_lock_leave();
    CHECK(ram(b, RAM_AT)[64] == 0 && word == 0xffffffff);
    message("r", 7);                                            /* there are two */
    put(1, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    bench_write(b, LOW + 16, 4, LOW + 16);                      /* a message to the table itself */
    message("r", 1);
    CHECK(bench_read(b, LOW + 16, 4) == (0x1234 & ~3u));
}

/* Pins: INTA of slot s is the host's pin s % 4; behind a bridge in slot 3, INTA of slot 2 is 2 + 3. */
static void pins(void)
{
    machine_lock_enter();
    pci_intx(function("r"), true);
    CHECK(b->line[1] && (pci_get(function("r"), PCI_STATUS, 2) & PCI_STATUS_INTX));
    pci_intx(function("below"), true);
    CHECK(b->line[1] && !b->line[2]);
    pci_intx(function("r"), false);
    CHECK(b->line[1]);
    machine_lock_leave();
    put(3, 0x18, 4, 0x010100);
    bench_write(b, config(1, 2, PCI_COMMAND), 2, PCI_COMMAND_NO_INTX);
    CHECK(!b->line[1]);
    bench_write(b, config(1, 2, PCI_COMMAND), 2, 0);
    CHECK(b->line[1]);
    machine_lock_enter();
    pci_intx(function("below"), false);
    machine_lock_leave();
    CHECK(!b->line[1]);
}

/* What a bridge lets through: its window, with memory on (3.2.5). */
static void bridges(void)
{
    CHECK(get(3, 0, 4) == 0x00011b36 && (get(3, PCI_HEADER, 1) & 0x7f) == 1);
    CHECK(bench_read(b, config(1, 2, 0), 4) == 0x10441af4 && bench_read(b, config(1, 1, 0), 4) == 0xffffffff);
    bench_write(b, config(1, 2, PCI_BAR0 + 16), 4, LOW + 0x200000);
    bench_write(b, config(1, 2, PCI_BAR0 + 20), 4, 0);
    bench_write(b, config(1, 2, PCI_COMMAND), 2, PCI_COMMAND_MEMORY);
    put(3, PCI_MEM_BASE, 4, 0x10301030);
    put(3, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
    CHECK(bench_read(b, LOW + 0x200012, 2) == 0xffff);
    put(3, PCI_MEM_BASE, 4, 0x10201020);
    CHECK(bench_read(b, LOW + 0x200012, 2) == 1);
    put(3, PCI_COMMAND, 2, 0);
    CHECK(bench_read(b, LOW + 0x200012, 2) == 0xffff);
    put(3, 0x18, 4, 0x050400); /* other numbers */
    CHECK(bench_read(b, config(1, 2, 0), 4) == 0xffffffff && bench_read(b, config(4, 2, 0), 4) == 0x10441af4);
    put(3, PCI_BRIDGE_CONTROL, 2, 1 << 6); /* secondary bus reset */
    CHECK(bench_read(b, config(4, 2, PCI_COMMAND), 2) == 0);
}

int main(void)
{
    static const char *const devices[] = { "virtio-rng-pci,id=r", "pci-bridge,id=br,addr=3", "virtio-rng-pci,id=below,bus=br,addr=2" };
    char err[256];
    b = bench_new();
    machine_lock_enter();
    struct mem_region *r = mem_new_mmio("catch", 0x1000, &catcher, NULL);
    physmem_map(b->m.memory, r, CATCH, 0, 0x1000, 0);
    struct device *host = device_new(&b->m, "gpex-pcihost", err, sizeof err);
    struct irq pin[PCI_PINS];
    for (unsigned k = 0; k < PCI_PINS; k++)
        pin[k] = (struct irq){ set_line, b, k };
    if (!host || !device_realize(host, NULL, err, sizeof err) ||
        !pci_host_place(host, ECAM, IO, (struct pci_window){ LOW, LOW_LAST }, (struct pci_window){ HIGH, HIGH + 0xffffffffff }, pin, 3, err, sizeof err))
        die(err);
    for (unsigned k = 0; k < 3; k++)
        if (!device_add(&b->m, devices[k], err, sizeof err))
            die(err);
    CHECK(!device_add(&b->m, "virtio-rng-pci,addr=1.1", err, sizeof err)); /* function 0 is not one of several */
    CHECK(!device_add(&b->m, "virtio-rng-pci,addr=0", err, sizeof err));
    devices_reset(&b->m);
    machine_lock_leave();
    bars();
    messages();
    pins();
    bridges();
    bench_free(b);
    mem_free(r);
    if (failures)
        return 1;
    printf("passed\n");
    return 0;
}
