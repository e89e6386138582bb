/*
 * ACPI's tables of an Arm board, as bytes with what is still open: pointers and checksums, which the guest's firmware
 * fills in once it has chosen where they are (QEMU documentation, BIOS linker/loader: commands of 128 bytes).
 *
 * A table is a function that writes what follows the common header; the list at the end says which there are and when. Fields
 * are those of ACPI 6.4 5.2, of Arm's IORT (DEN 0049), and of Microsoft's SPCR and DBG2, in the order they are in.
 */
#include <string.h>

#include "acpi.h"
#include "boards/boards.h"
#include "misc/fw_cfg.h"

#define TABLES "etc/acpi/tables"
#define RSDP "etc/acpi/rsdp"
enum { HEADER = 36, FILE_NAME = 56, LOADER_ENTRY = 128, PORT_PL011 = 3 };

/* ---------------------------------------------------------------- for the loader */

enum loader_command { LOADER_ALLOCATE = 1, LOADER_POINTER = 2, LOADER_CHECKSUM = 3 };
enum loader_zone { ZONE_HIGH = 1, ZONE_FSEG = 2 };

static void name(struct aml *l, const char *file)
{
    char text[FILE_NAME] = { 0 };
    snprintf(text, sizeof text, "%s", file);
    aml_bytes(l, text, sizeof text);
}

static void entry_end(struct aml *l) { aml_zeros(l, (LOADER_ENTRY - l->n % LOADER_ENTRY) % LOADER_ENTRY); }

static void load_allocate(struct aml *l, const char *file, unsigned align, enum loader_zone zone)
{
    aml_number(l, 4, LOADER_ALLOCATE);
    name(l, file);
    aml_number(l, 4, align);
    aml_number(l, 1, zone);
    entry_end(l);
}

/* The 8 bytes at `at` of file are an offset in TABLES, and become an address. */
static void load_pointer(struct aml *l, const char *file, size_t at)
{
    aml_number(l, 4, LOADER_POINTER);
    name(l, file);
    name(l, TABLES);
    aml_number(l, 4, at);
    aml_number(l, 1, 8);
    entry_end(l);
}

static void load_checksum(struct aml *l, const char *file, size_t at, size_t start, size_t n)
{
    aml_number(l, 4, LOADER_CHECKSUM);
    name(l, file);
    aml_number(l, 4, at);
    aml_number(l, 4, start);
    aml_number(l, 4, n);
    entry_end(l);
}

/* ------------------------------------------------------------------------- tables */

struct tables {
    const struct acpi_board *b;
    struct aml t, loader;
    size_t start, dsdt; /* of the table that is written, and of the DSDT */
};

/* 5.2.3.2: an address of memory, in registers of `bits`. */
static void address(struct aml *t, unsigned bits, gpa_t at)
{
    aml_number(t, 1, 0);
    aml_number(t, 1, bits);
    aml_number(t, 1, 0);
    aml_number(t, 1, bits == 32 ? 3 : 0);
    aml_number(t, 8, at);
}

static void dsdt(struct tables *c) { acpi_dsdt(&c->t, c->b); }

static void fadt(struct tables *c) /* 5.2.9: hardware-reduced, nearly all of it is zero */
{
    enum { AT_FLAGS = 112, AT_ARM_BOOT = 129, AT_MINOR = 131, AT_XDSDT = 140, SIZE = 276 };
    enum { HW_REDUCED = 1 << 20, PSCI_COMPLIANT = 1, PSCI_HVC = 2 };
    aml_zeros(&c->t, SIZE - HEADER);
    aml_patch(&c->t, c->start + AT_FLAGS, 4, HW_REDUCED);
    aml_patch(&c->t, c->start + AT_ARM_BOOT, 2, c->b->psci ? PSCI_COMPLIANT | (c->b->psci_smc ? 0 : PSCI_HVC) : 0);
    aml_patch(&c->t, c->start + AT_MINOR, 1, 0);
    aml_patch(&c->t, c->start + AT_XDSDT, 8, c->dsdt);
    load_pointer(&c->loader, TABLES, c->start + AT_XDSDT);
}

/* Type and length, as in the MADT and PPTT. */
static void part(struct aml *t, unsigned type, unsigned length)
{
    aml_number(t, 1, type);
    aml_number(t, 1, length);
    aml_number(t, 2, 0);
}

static void madt(struct tables *c) /* 5.2.12 */
{
    struct aml *t = &c->t;
    const struct acpi_board *b = c->b;
    aml_zeros(t, 8);
    part(t, 12, 24); /* the distributor */
    aml_number(t, 4, 0);
    aml_number(t, 8, b->distributor.at);
    aml_number(t, 4, 0);
    aml_number(t, 4, b->gic); /* version and reserved */
    for (unsigned k = 0; k < b->machine->nvcpus; k++) {
        part(t, 11, 80); /* a processor's interface */
        aml_number(t, 4, k);
        aml_number(t, 4, k);
        aml_number(t, 4, 1);  /* it can be used */
        aml_number(t, 4, 0);
        aml_number(t, 4, 0);  /* its PMU has no interrupt */
        aml_number(t, 8, 0);
        aml_number(t, 8, b->gic == 2 ? b->cpu_interface.at : 0);
        aml_number(t, 8, 0);
        aml_number(t, 8, 0);
        aml_number(t, 4, b->maintenance);
        aml_number(t, 8, 0);
        aml_number(t, 8, a64_mpidr(b->machine->vcpus[k]) & 0xff00ffffffull);
        aml_number(t, 4, 0);
    }
    if (b->v2m.size) {
        part(t, 13, 24);
        aml_number(t, 4, 0);
        aml_number(t, 8, b->v2m.at);
        aml_number(t, 4, 1); /* the numbers below count */
        aml_number(t, 2, b->v2m_count);
        aml_number(t, 2, b->v2m.irq);
    }
    for (unsigned k = 0; k < 2 && b->redist[k].size; k++) {
        part(t, 14, 16);
        aml_number(t, 8, b->redist[k].at);
        aml_number(t, 4, b->redist[k].size);
    }
    if (b->its.size) {
        part(t, 15, 20);
        aml_number(t, 4, 0);
        aml_number(t, 8, b->its.at);
        aml_number(t, 4, 0);
    }
}

static void gtdt(struct tables *c) /* 5.2.24: secure, non-secure, virtual and EL2 timer; levels, high, always on */
{
    static const uint8_t interrupts[] = { 29, 30, 27, 26 };
    aml_number(&c->t, 8, ~0ull);
    aml_number(&c->t, 4, 0);
    for (unsigned k = 0; k < sizeof interrupts; k++) {
        aml_number(&c->t, 4, interrupts[k]);
        aml_number(&c->t, 4, 4);
    }
    aml_number(&c->t, 8, ~0ull);
    aml_number(&c->t, 8, 0);
}

static void mcfg(struct tables *c) /* PCI Firmware 3.3, 4.1.2 */
{
    aml_zeros(&c->t, 8);
    aml_number(&c->t, 8, c->b->pci.at);
    aml_number(&c->t, 2, 0);
    aml_number(&c->t, 1, 0);
    aml_number(&c->t, 1, (c->b->pci.size >> 20) - 1);
    aml_number(&c->t, 4, 0);
}

static void spcr(struct tables *c)
{
    struct aml *t = &c->t;
    aml_number(t, 4, PORT_PL011);
    address(t, 32, c->b->uart.at);
    aml_number(t, 1, 8);                   /* an interrupt of the GIC */
    aml_number(t, 1, 0);
    aml_number(t, 4, c->b->uart.irq);
    aml_number(t, 1, 3);                   /* 9600 */
    aml_number(t, 1, 0);                   /* no parity */
    aml_number(t, 1, 1);
    aml_number(t, 1, 2);                   /* RTS, CTS */
    aml_number(t, 1, 0);                   /* VT100 */
    aml_number(t, 1, 0);
    aml_number(t, 4, 0xffffffff);          /* not PCI's */
    aml_zeros(t, 3 + 4 + 1 + 4);
}

static void dbg2(struct tables *c)
{
    static const char path[] = "\\_SB.COM0";
    enum { GAS_AT = 22, SIZE_AT = GAS_AT + 12, PATH_AT = SIZE_AT + 4 };
    struct aml *t = &c->t;
    aml_number(t, 4, HEADER + 8);
    aml_number(t, 4, 1);
    aml_number(t, 1, 0);
    aml_number(t, 2, PATH_AT + sizeof path);
    aml_number(t, 1, 1);
    aml_number(t, 2, sizeof path);
    aml_number(t, 2, PATH_AT);
    aml_number(t, 2, 0);
    aml_number(t, 2, 0);
    aml_number(t, 2, 0x8000);              /* a serial port */
    aml_number(t, 2, PORT_PL011);
    aml_number(t, 2, 0);
    aml_number(t, 2, GAS_AT);
    aml_number(t, 2, SIZE_AT);
    address(t, 32, c->b->uart.at);
    aml_number(t, 4, c->b->uart.size);
    aml_bytes(t, path, sizeof path);
}

static void iort(struct tables *c)
{
    enum { AT_NODES = 48, ITS_NODE = 24, ROOT_NODE = 36, MAPPING = 20 };
    struct aml *t = &c->t;
    aml_number(t, 4, 2);
    aml_number(t, 4, AT_NODES);
    aml_number(t, 4, 0);
    aml_number(t, 1, 0);                   /* the group of one ITS */
    aml_number(t, 2, ITS_NODE);
    aml_number(t, 1, 0);
    aml_zeros(t, 12);
    aml_number(t, 4, 1);
    aml_number(t, 4, 0);
    aml_number(t, 1, 2);                   /* the root complex: all its requesters go there */
    aml_number(t, 2, ROOT_NODE + MAPPING);
    aml_number(t, 1, 1);
    aml_number(t, 4, 0);
    aml_number(t, 4, 1);
    aml_number(t, 4, ROOT_NODE);
    aml_number(t, 4, 1);                   /* coherent */
    aml_number(t, 1, 0);
    aml_number(t, 2, 0);
    aml_number(t, 1, 3);
    aml_number(t, 4, 0);
    aml_number(t, 4, 0);
    aml_number(t, 1, 64);
    aml_zeros(t, 3);
    aml_number(t, 4, 0);
    aml_number(t, 4, 0xffff);
    aml_number(t, 4, 0);
    aml_number(t, 4, AT_NODES);
    aml_number(t, 4, 0);
}

/* 5.2.30: a node of the processors' tree; gives its offset. */
static uint32_t node(struct tables *c, uint32_t flags, uint32_t parent, unsigned id)
{
    uint32_t at = (uint32_t)(c->t.n - c->start);
    part(&c->t, 0, 20);
    aml_number(&c->t, 4, flags);
    aml_number(&c->t, 4, parent);
    aml_number(&c->t, 4, id);
    aml_number(&c->t, 4, 0);
    return at;
}

static void pptt(struct tables *c)
{
    enum { PACKAGE = 1, ID_VALID = 2, THREAD = 4, LEAF = 8 };
    const struct board_config *s = c->b->machine->config;
    unsigned threads = s->threads, core = threads, cluster = core * s->cores, socket = cluster * s->clusters;
    uint32_t in_socket = 0, in_cluster = 0, in_core = 0;
    for (unsigned k = 0; k < c->b->machine->nvcpus; k++) {
        if (k % socket == 0)
            in_socket = node(c, PACKAGE, 0, k / socket);
        if (k % cluster == 0)
            in_cluster = s->clusters > 1 ? node(c, 0, in_socket, k / cluster) : in_socket;
        if (threads > 1 && k % core == 0)
            in_core = node(c, 0, in_cluster, k / core);
        node(c, ID_VALID | LEAF | (threads > 1 ? THREAD : 0), threads > 1 ? in_core : in_cluster, k);
    }
}

/* The list, in the order they are in the file. */
static bool always(const struct acpi_board *b) { return true; }
static bool has_its(const struct acpi_board *b) { return b->its.size; }
static const struct {
    char signature[5];
    uint8_t revision;
    void (*write)(struct tables *c);
    bool (*present)(const struct acpi_board *b);
} list[] = {
    { "DSDT", 2, dsdt, always }, { "FACP", 6, fadt, always }, { "APIC", 4, madt, always }, { "PPTT", 2, pptt, always }, { "GTDT", 2, gtdt, always },
    { "MCFG", 1, mcfg, always }, { "SPCR", 2, spcr, always }, { "DBG2", 0, dbg2, always }, { "IORT", 0, iort, has_its },
};
enum { NLIST = sizeof list / sizeof *list };

static void table_begin(struct tables *c, const char *signature, unsigned revision)
{
    aml_zeros(&c->t, (8 - c->t.n % 8) % 8);
    c->start = c->t.n;
    aml_bytes(&c->t, signature, 4);
    aml_number(&c->t, 4, 0);
    aml_number(&c->t, 2, revision);
    aml_bytes(&c->t, "MYNA  MYNAVIRT", 14);
    aml_number(&c->t, 4, 1);
    aml_bytes(&c->t, "MYNA", 4);
    aml_number(&c->t, 4, 1);
}

static void table_end(struct tables *c)
{
    size_t n = c->t.n - c->start;
    aml_patch(&c->t, c->start + 4, 4, n);
    load_checksum(&c->loader, TABLES, c->start + 9, c->start, n);
}

static void rsdp(struct tables *c, struct aml *r, size_t xsdt) /* 5.2.5.3 */
{
    enum { AT_SUM = 8, FIRST_PART = 20, AT_XSDT = 24, AT_SUM_ALL = 32, SIZE = 36 };
    aml_bytes(r, "RSD PTR ", 8);
    aml_number(r, 1, 0);
    aml_bytes(r, "MYNA  ", 6);
    aml_number(r, 1, 2);
    aml_number(r, 4, 0);
    aml_number(r, 4, SIZE);
    aml_number(r, 8, xsdt);
    aml_number(r, 4, 0);
    load_pointer(&c->loader, RSDP, AT_XSDT);
    load_checksum(&c->loader, RSDP, AT_SUM, 0, FIRST_PART);
    load_checksum(&c->loader, RSDP, AT_SUM_ALL, 0, SIZE);
}

bool acpi_offer(struct device *fw_cfg, const struct acpi_board *b)
{
    struct tables c = { .b = b };
    struct aml root = { 0 };
    size_t at[NLIST];
    load_allocate(&c.loader, TABLES, 64, ZONE_HIGH);
    load_allocate(&c.loader, RSDP, 16, ZONE_FSEG);
    for (unsigned k = 0; k < NLIST; k++) {
        at[k] = 0;
        if (!list[k].present(b))
            continue;
        table_begin(&c, list[k].signature, list[k].revision);
        at[k] = c.start;
        list[k].write(&c);
        table_end(&c);
        c.dsdt = k ? c.dsdt : c.start;
    }
    table_begin(&c, "XSDT", 1);
    for (unsigned k = 1; k < NLIST; k++)
        if (list[k].present(b)) {
            load_pointer(&c.loader, TABLES, c.t.n);
            aml_number(&c.t, 8, at[k]);
        }
    table_end(&c);
    rsdp(&c, &root, c.start);
    bool ok = !c.t.failed && !c.loader.failed && !root.failed && fw_cfg_add_file(fw_cfg, TABLES, c.t.data, c.t.n) &&
              fw_cfg_add_file(fw_cfg, RSDP, root.data, root.n) && fw_cfg_add_file(fw_cfg, "etc/table-loader", c.loader.data, c.loader.n);
    aml_free(&c.t);
    aml_free(&c.loader);
    aml_free(&root);
    return ok;
}
