/*
 * A host bridge on the bench, for PCI functions: configuration space, BARs placed, messages caught.
 */
#ifndef MYNA_TEST_DEVICE_PCI_BENCH_H
#define MYNA_TEST_DEVICE_PCI_BENCH_H

#include "bench.h"
#include "pci/pci.h"

enum { ECAM_AT = 0x20000000, IO_AT = 0x1f000000, IO_BYTES = 0x10000, WINDOW_AT = 0x10000000, WINDOW_LAST = 0x10ffffff, CATCH_AT = 0x18000000,
       CATCH_BYTES = 0x1000 };

struct caught { unsigned n; uint64_t at[16]; uint32_t value[16]; };
static struct caught caught;
static struct mem_region *catch_region;

static inline void catch_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    unsigned k = __atomic_load_n(&caught.n, __ATOMIC_RELAXED);
    caught.at[k % 16] = offset;
    caught.value[k % 16] = (uint32_t)value;
    __atomic_store_n(&caught.n, k + 1, __ATOMIC_RELEASE);
}
static const struct mmio_ops catcher = { NULL, catch_write, 4, 4, false };

static inline gpa_t config_at(unsigned slot, unsigned offset) { return ECAM_AT + (slot << 15) + offset; }
static inline uint32_t get_config(struct bench *b, unsigned slot, unsigned offset, unsigned n) { return (uint32_t)bench_read(b, config_at(slot, offset), n); }
static inline void set_config(struct bench *b, unsigned slot, unsigned offset, unsigned n, uint32_t v) { bench_write(b, config_at(slot, offset), n, v); }

static inline void bench_pci(struct bench *b)
{
    char err[256];
    struct irq pin[PCI_PINS];
    machine_lock_enter();
    catch_region = mem_new_mmio("catch", CATCH_BYTES, &catcher, NULL);
    physmem_map(b->m.memory, catch_region, CATCH_AT, 0, CATCH_BYTES, 0);
    struct device *host = device_new(&b->m, "gpex-pcihost", err, sizeof err);
    for (unsigned k = 0; k < PCI_PINS; k++)
        pin[k] = (struct irq){ set_line, b, k };
    if (!host || !device_realize(host, NULL, err, sizeof err) ||
        !pci_host_place(host, ECAM_AT, IO_AT, (struct pci_window){ WINDOW_AT, WINDOW_LAST }, (struct pci_window){ 0x8000000000ull, 0x80ffffffffull }, pin, 3,
                        err, sizeof err))
        die(err);
    machine_lock_leave();
}

/* A function by its -device words; reset with all others. */
static inline void bench_add(struct bench *b, const char *text)
{
    char err[256];
    machine_lock_enter();
    if (!device_add(&b->m, text, err, sizeof err))
        die(err);
    devices_reset(&b->m);
    machine_lock_leave();
}

/* Puts BAR n there and switches the function on. */
static inline void place_bar(struct bench *b, unsigned slot, unsigned n, uint32_t at)
{
    set_config(b, slot, PCI_BAR0 + 4 * n, 4, at);
    set_config(b, slot, PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static inline unsigned capability_at(struct bench *b, unsigned slot, unsigned id)
{
    unsigned at = get_config(b, slot, PCI_CAPABILITIES, 1);
    for (unsigned k = 0; at && k < 48 && get_config(b, slot, at, 1) != id; k++)
        at = get_config(b, slot, at + 1, 1);
    return at;
}

/* MSI-X: vector k goes to CATCH_AT + 4 * k with data k. table: where its BAR is. */
static inline void use_msix(struct bench *b, unsigned slot, uint32_t table, unsigned n)
{
    for (unsigned k = 0; k < n; k++) {
        bench_write(b, table + 16 * k, 4, CATCH_AT + 4 * k);
        bench_write(b, table + 16 * k + 4, 4, 0);
        bench_write(b, table + 16 * k + 8, 4, k);
        bench_write(b, table + 16 * k + 12, 4, 0);
    }
    set_config(b, slot, capability_at(b, slot, PCI_CAP_MSIX) + 2, 2, 0x8000);
}

static inline unsigned wait_caught(unsigned n)
{
    for (unsigned t = 0; t < 2000 && __atomic_load_n(&caught.n, __ATOMIC_ACQUIRE) < n; t++)
        pause_ms(1);
    return caught.n;
}

static inline void bench_pci_free(struct bench *b)
{
    bench_free(b);
    mem_free(catch_region);
}

#endif
