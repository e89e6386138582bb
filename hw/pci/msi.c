/*
 * Messages of PCI functions: MSI and MSI-X (PCI Local Bus 3.0, 6.8), with masks and pending bits.
 */
#include <string.h>

#include "pci.h"

enum { MSI_CONTROL = 2, MSI_ADDRESS = 4, MSI_DATA = 12, MSI_MASK = 16, MSI_PENDING = 20, MSI_SIZE = 24, MSI_ENABLE = 1 };
enum { MSIX_CONTROL = 2, MSIX_TABLE = 4, MSIX_PBA = 8, MSIX_SIZE = 12, MSIX_PBA_OFFSET = 0x800, MSIX_REGION = 0x1000 };
enum { MSIX_ENABLE = 1 << 15, MSIX_MASK_ALL = 1 << 14 };

void pci_send(struct pci_device *p, gpa_t at, uint32_t data);

static uint32_t get32(const uint8_t *p) { return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24; }
static void put32(uint8_t *p, uint32_t v)
{
    for (unsigned k = 0; k < 4; k++)
        p[k] = (uint8_t)(v >> 8 * k);
}

/* ----------------------------------------------------------------------------- MSI */

static bool msi_on(const struct pci_device *p) { return p->msi && (p->config[p->msi + MSI_CONTROL] & MSI_ENABLE); }

void pci_msi(struct pci_device *p, unsigned n)
{
    unsigned at = pci_capability(p, PCI_CAP_MSI, MSI_SIZE);
    p->msi = (uint16_t)at;
    p->messages = n;
    pci_put(p, at + MSI_CONTROL, 2, (unsigned)__builtin_ctz(n) << 1 | 1 << 7 | 1 << 8);
    pci_allow(p, at + MSI_CONTROL, 2, 0x71);
    pci_allow(p, at + MSI_ADDRESS, 4, ~3u);
    pci_allow(p, at + MSI_ADDRESS + 4, 4, ~0u);
    pci_allow(p, at + MSI_DATA, 2, 0xffff);
    pci_allow(p, at + MSI_MASK, 4, n == 32 ? ~0u : (1u << n) - 1);
}

static void msi_send(struct pci_device *p, unsigned vector)
{
    unsigned at = p->msi, enabled = 1u << (p->config[at + MSI_CONTROL] >> 4 & 7);
    enabled = enabled > p->messages ? p->messages : enabled;
    vector &= enabled - 1; /* more than software wants share */
    if (pci_get(p, at + MSI_MASK, 4) >> vector & 1) {
        pci_put(p, at + MSI_PENDING, 4, pci_get(p, at + MSI_PENDING, 4) | 1u << vector);
        return;
    }
    uint32_t data = pci_get(p, at + MSI_DATA, 2);
    pci_send(p, pci_get(p, at + MSI_ADDRESS, 4) | (gpa_t)pci_get(p, at + MSI_ADDRESS + 4, 4) << 32, (data & ~(enabled - 1)) | vector);
}

/* --------------------------------------------------------------------------- MSI-X */

static bool msix_masked(const struct pci_device *p, unsigned vector)
{
    return (pci_get(p, p->msix + MSIX_CONTROL, 2) & MSIX_MASK_ALL) || (p->msix_table[16 * vector + 12] & 1);
}

static void msix_send(struct pci_device *p, unsigned vector)
{
    const uint8_t *e = p->msix_table + 16 * vector;
    if (vector >= p->messages)
        return;
    if (msix_masked(p, vector))
        p->msix_pending[vector / 8] |= (uint8_t)(1u << vector % 8);
    else
        pci_send(p, get32(e) | (gpa_t)get32(e + 4) << 32, get32(e + 8));
}

/* Masks may have gone: sends what waits. */
static void msix_look(struct pci_device *p)
{
    for (unsigned k = 0; pci_msix_on(p) && k < p->messages; k++)
        if ((p->msix_pending[k / 8] >> k % 8 & 1) && !msix_masked(p, k)) {
            p->msix_pending[k / 8] &= (uint8_t)~(1u << k % 8);
            msix_send(p, k);
        }
}

static uint64_t table_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    const struct pci_device *p = device;
    if (offset < 16 * p->messages)
        return get32(p->msix_table + offset);
    if (offset >= MSIX_PBA_OFFSET && offset + 4 <= MSIX_PBA_OFFSET + sizeof p->msix_pending)
        return get32(p->msix_pending + (offset - MSIX_PBA_OFFSET));
    return 0;
}

static void table_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pci_device *p = device;
    if (offset >= 16 * p->messages)
        return;
    put32(p->msix_table + offset, (uint32_t)value & (offset % 16 == 0 ? ~3u : offset % 16 == 12 ? 1u : ~0u));
    if (offset % 16 == 12)
        msix_look(p);
}

static const struct mmio_ops table_ops = { table_read, table_write, 4, 4, false };

bool pci_msix(struct pci_device *p, unsigned n, unsigned bar)
{
    struct mem_region *r = mem_new_mmio("msix", MSIX_REGION, &table_ops, p);
    if (!pci_bar(p, bar, PCI_BAR_MEM32, r))
        return false;
    unsigned at = pci_capability(p, PCI_CAP_MSIX, MSIX_SIZE);
    p->msix = (uint16_t)at;
    p->messages = n;
    pci_put(p, at + MSIX_CONTROL, 2, n - 1);
    pci_allow(p, at + MSIX_CONTROL, 2, MSIX_ENABLE | MSIX_MASK_ALL);
    pci_put(p, at + MSIX_TABLE, 4, bar);
    pci_put(p, at + MSIX_PBA, 4, MSIX_PBA_OFFSET | bar);
    return true;
}

/* ---------------------------------------------------------------------------- both */

bool pci_messages_on(const struct pci_device *p) { return pci_msix_on(p) || msi_on(p); }

void pci_message(struct pci_device *p, unsigned vector)
{
    if (pci_msix_on(p))
        msix_send(p, vector);
    else if (msi_on(p))
        msi_send(p, vector);
}

void pci_msi_wrote(struct pci_device *p, unsigned offset, unsigned size)
{
    if (p->msix && offset < p->msix + (unsigned)MSIX_SIZE && offset + size > p->msix)
        msix_look(p);
    if (!p->msi || offset >= p->msi + (unsigned)MSI_SIZE || offset + size <= p->msi || !msi_on(p))
        return;
    uint32_t waiting = pci_get(p, p->msi + MSI_PENDING, 4), ready = waiting & ~pci_get(p, p->msi + MSI_MASK, 4);
    pci_put(p, p->msi + MSI_PENDING, 4, waiting & ~ready);
    for (; ready; ready &= ready - 1)
        msi_send(p, (unsigned)__builtin_ctz(ready));
}

void pci_msi_reset(struct pci_device *p)
{
    if (p->msi)
        pci_put(p, p->msi + MSI_PENDING, 4, 0);
    memset(p->msix_table, 0, sizeof p->msix_table);
    memset(p->msix_pending, 0, sizeof p->msix_pending);
    for (unsigned k = 0; k < p->messages && p->msix; k++)
        p->msix_table[16 * k + 12] = 1; /* masked */
}
