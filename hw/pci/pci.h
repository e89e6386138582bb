/*
 * PCI functions and buses (PCI Local Bus 3.0, PCI Express Base 2.0, PCI-to-PCI Bridge 1.2).
 *
 * A function is a struct that begins with struct pci_device; its type's bus is "PCI", its base_properties hold
 * PCI_PROPERTIES, its fields PCI_FIELDS. Its realize calls pci_realize first, then pci_bar, pci_capability, pci_msi,
 * pci_msix as it needs; its reset calls pci_reset, its loaded pci_loaded, its unrealize pci_unrealize.
 *
 * Configuration space is bytes with two masks: what software may write, and what it clears by writing ones. What the guest
 * does there takes effect in pci.c: BARs appear in the machine's memory where the host bridge and the bridges between let
 * them through, never over memory. DMA and messages are those of a bus master: without Bus Master Enable there is none.
 */
#ifndef MYNA_PCI_H
#define MYNA_PCI_H

#include "device.h"

enum { PCI_CONFIG = 4096, PCI_BARS = 6, PCI_MSIX_MAX = 128, PCI_PINS = 4 };
enum { /* configuration space */
    PCI_VENDOR = 0x00, PCI_DEVICE = 0x02, PCI_COMMAND = 0x04, PCI_STATUS = 0x06, PCI_REVISION = 0x08, PCI_CLASS = 0x09 /* 3 bytes */,
    PCI_LINE_SIZE = 0x0c, PCI_HEADER = 0x0e, PCI_BAR0 = 0x10, PCI_SUBSYSTEM_VENDOR = 0x2c, PCI_SUBSYSTEM = 0x2e, PCI_CAPABILITIES = 0x34,
    PCI_INT_LINE = 0x3c, PCI_INT_PIN = 0x3d,
    /* header type 1 */
    PCI_SECONDARY = 0x19, PCI_SUBORDINATE = 0x1a, PCI_IO_BASE = 0x1c, PCI_IO_LIMIT = 0x1d, PCI_MEM_BASE = 0x20, PCI_MEM_LIMIT = 0x22,
    PCI_PREF_BASE = 0x24, PCI_PREF_LIMIT = 0x26, PCI_PREF_BASE_HIGH = 0x28, PCI_PREF_LIMIT_HIGH = 0x2c, PCI_IO_BASE_HIGH = 0x30,
    PCI_IO_LIMIT_HIGH = 0x32, PCI_BRIDGE_CONTROL = 0x3e
};
enum { PCI_COMMAND_IO = 1, PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4, PCI_COMMAND_NO_INTX = 1 << 10, PCI_STATUS_INTX = 1 << 3,
       PCI_STATUS_CAPABILITIES = 1 << 4 };
enum { PCI_CAP_MSI = 0x05, PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11 };
enum pci_bar_kind { PCI_BAR_MEM32 = 0, PCI_BAR_IO = 1, PCI_BAR_MEM64 = 4, PCI_BAR_PREFETCH = 8 /* with one of the others */ };

struct pci_device;
struct pci_host;

struct pci_bus {
    struct bus b;
    struct pci_host *host;
    struct pci_device *bridge;    /* whose secondary bus it is; NULL: the host's */
    struct pci_device *at[256];   /* by slot << 3 | function */
    unsigned slots;               /* 32; 1 below a port */
    const struct pci_slot *slot;  /* functions come and go while the machine runs; NULL: they don't */
};

/* What a bus does for that: see struct bus_type. */
struct pci_slot {
    void (*plugged)(struct pci_bus *b, struct pci_device *p);
    bool (*unplug)(struct pci_bus *b, struct pci_device *p, char *err, size_t errlen);
};

struct pci_bar { struct mem_region *r; unsigned kind; uint64_t size; struct mapping *mapping; gpa_t at; };

struct pci_device {
    struct device d;
    int32_t address;              /* addr=; as plugged in: slot << 3 | function */
    bool multifunction;
    struct pci_bus *on;
    uint8_t made[64];             /* the first of configuration, as it was made */
    uint8_t config[PCI_CONFIG], writable[PCI_CONFIG], write1[PCI_CONFIG];
    struct pci_bar bar[PCI_BARS];
    uint16_t next_capability, last_capability, msi, msix; /* offsets; 0: none */
    unsigned messages;            /* vectors */
    uint8_t msix_table[16 * PCI_MSIX_MAX], msix_pending[PCI_MSIX_MAX / 8];
    struct mem_region *msix_region;
    bool intx;                    /* what the function asks for */
    bool intx_up;                 /* what reaches the bus */
    struct pci_bus *secondary;    /* of a bridge */
    /* Hooks of the function, NULL or: before software reads, after it wrote [offset, offset + size) of configuration. */
    void (*reads)(struct pci_device *p, unsigned offset, unsigned size);
    void (*wrote)(struct pci_device *p, unsigned offset, unsigned size);
};

#define PCI_PROPERTIES \
    PROPERTY(struct pci_device, address, PROP_PCI_ADDR, "addr", NULL, "slot and function, as 06.0"), \
    PROPERTY(struct pci_device, multifunction, PROP_BOOL, "multifunction", "off", "function 0 of several")
#define PCI_FIELDS \
    FIELD(struct pci_device, config), FIELD(struct pci_device, msix_table), FIELD(struct pci_device, msix_pending), \
    FIELD(struct pci_device, intx)
extern const struct property pci_properties[]; /* PCI_PROPERTIES alone */

struct pci_ids { uint16_t vendor, device; uint8_t revision; uint32_t class /* 24 bits */; uint16_t subsystem_vendor, subsystem; };
bool pci_realize(struct pci_device *p, const struct pci_ids *ids, char *err, size_t errlen);
void pci_unrealize(struct pci_device *p); /* frees the regions of its BARs */
void pci_reset(struct pci_device *p);
const char *pci_valid(struct pci_device *p); /* what was read, before pci_loaded */
void pci_loaded(struct pci_device *p);

/* BAR n (64 bit: n + 1 too) is region r, the function's from now on. size: a power of two, from 16 (I/O: 4). */
bool pci_bar(struct pci_device *p, unsigned n, unsigned kind, struct mem_region *r);
/* Room for a capability of `size` bytes with its two of header, zeroed and read only; its offset. */
unsigned pci_capability(struct pci_device *p, uint8_t id, unsigned size);
/* MSI with n vectors (1 to 32, a power of two), of 64 bits and with masks. */
void pci_msi(struct pci_device *p, unsigned n);
/* MSI-X with n vectors (1 to PCI_MSIX_MAX), its table in a BAR of its own of 4 KiB. False: no memory. */
bool pci_msix(struct pci_device *p, unsigned n, unsigned bar);
static inline bool pci_msix_on(const struct pci_device *p) { return p->msix && (p->config[p->msix + 3] & 0x80); }
/* The message of a vector, by MSI-X or MSI; nothing if neither is on. */
void pci_message(struct pci_device *p, unsigned vector);
bool pci_messages_on(const struct pci_device *p);
void pci_intx(struct pci_device *p, bool up);

/* DMA: memory alone; what hits none reads as ones and is lost on writes. */
enum mem_result pci_dma_read(struct pci_device *p, gpa_t at, void *to, uint64_t n);
enum mem_result pci_dma_write(struct pci_device *p, gpa_t at, const void *from, uint64_t n);
static inline bool pci_master(const struct pci_device *p) { return p->config[PCI_COMMAND] & PCI_COMMAND_MASTER; }
uint32_t pci_requester(const struct pci_device *p); /* bus << 8 | slot << 3 | function */

/* Little-endian words of configuration space. */
static inline uint32_t pci_get(const struct pci_device *p, unsigned offset, unsigned size)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < size; k++)
        v |= (uint32_t)p->config[offset + k] << 8 * k;
    return v;
}
static inline void pci_put(struct pci_device *p, unsigned offset, unsigned size, uint32_t v)
{
    for (unsigned k = 0; k < size; k++)
        p->config[offset + k] = (uint8_t)(v >> 8 * k);
}
static inline void pci_allow(struct pci_device *p, unsigned offset, unsigned size, uint32_t mask)
{
    for (unsigned k = 0; k < size; k++)
        p->writable[offset + k] = (uint8_t)(mask >> 8 * k);
}

/* --- for hosts and bridges ---------------------------------------------------------------------- */

struct pci_window { gpa_t first, last; }; /* first > last: none */

struct pci_host {
    struct device d;
    struct pci_bus bus;
    bool high;                    /* highmem= */
    gpa_t ecam, io;               /* where they are in the machine's memory */
    struct pci_window memory[2];  /* bus addresses are the machine's */
    struct mem_region *holes[3];
    struct mapping *hole_at[3], *ecam_at;
    struct irq pin[PCI_PINS];
    uint32_t first_spi;
    unsigned asserted[PCI_PINS];
    bool in_message;
};

extern const struct bus_type pci_bus_type;
extern const struct device_type pci_host_type;
void pci_bus_init(struct pci_bus *b, struct pci_host *host, struct pci_device *bridge, struct device *owner, const char *name, unsigned slots);
/* Does the bus get accesses to [at, at + size)? */
bool pci_bus_reaches(const struct pci_bus *b, bool io, gpa_t at, uint64_t size);
/* Looks again where BARs of the functions on b and below are. */
void pci_bus_remap(struct pci_bus *b);
/* The function's pin (0 to 3) as the bus has it. */
void pci_bus_pin(struct pci_bus *b, unsigned slot, unsigned pin, bool up);
unsigned pci_bus_number(const struct pci_bus *b);
/* Configuration accesses of 1, 2 and 4 bytes, aligned. */
uint32_t pci_config_read(struct pci_device *p, unsigned offset, unsigned size);
void pci_config_write(struct pci_device *p, unsigned offset, unsigned size, uint32_t v);
/* The function at bus, slot << 3 | function; NULL: none. */
struct pci_device *pci_find(struct pci_host *h, unsigned bus, unsigned function);
void pci_msi_wrote(struct pci_device *p, unsigned offset, unsigned size);
void pci_msi_reset(struct pci_device *p);
/* A line for each function, for `info pci`. */
void pci_print(struct machine *m, void (*line)(void *arg, const char *text), void *arg);

/* Where boards want a host bridge: pins are the GIC's inputs first_spi .. first_spi + 3. */
bool pci_host_place(struct device *host, gpa_t ecam, gpa_t io, struct pci_window low, struct pci_window high, const struct irq pin[PCI_PINS],
                    uint32_t first_spi, char *err, size_t errlen);

#endif
