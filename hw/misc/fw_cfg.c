/*
 * fw_cfg: items that a guest's firmware (and Linux' qemu_fw_cfg) reads by key (QEMU documentation, specs/fw_cfg).
 *
 * Registers: data at 0 (bytes in order, whatever the width), selector at 8 (big-endian), and at 16 the address of a
 * request in memory (big-endian; the low half starts it). Requests read, skip or select; items are read-only, writes fail.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boards/boards.h"
#include "fw_cfg.h"
#include "tree.h"

enum { DATA = 0, SELECTOR = 8, DMA = 16, SIZE = 24, ITEMS = 128, NAME = 56 };
enum { CTL_ERROR = 1, CTL_READ = 2, CTL_SKIP = 4, CTL_SELECT = 8, CTL_WRITE = 16 };

struct item { uint8_t *data; uint32_t n; char name[NAME]; };

struct fw_cfg {
    struct device d;
    struct item item[ITEMS];
    unsigned nfiles;
    uint16_t key;
    uint32_t at;
    uint64_t dma;
};

static struct fw_cfg *of(struct device *d) { return (struct fw_cfg *)d; }

bool fw_cfg_add(struct device *d, unsigned key, const void *data, size_t n)
{
    struct item *i = &of(d)->item[key];
    uint8_t *copy = key < ITEMS && n <= UINT32_MAX ? malloc(n + 1) : NULL;
    if (!copy)
        return false;
    memcpy(copy, data, n);
    free(i->data);
    i->data = copy;
    i->n = (uint32_t)n;
    return true;
}

bool fw_cfg_add_int(struct device *d, unsigned key, uint64_t v, unsigned size) { return fw_cfg_add(d, key, &v, size); }

/* The directory is made anew: a big-endian count, and for each file size, key, 0 and name. */
static bool make_directory(struct fw_cfg *f)
{
    struct { uint32_t n; uint16_t key, zero; char name[NAME]; } *e;
    size_t size = 4 + f->nfiles * sizeof *e;
    uint8_t *list = calloc(1, size);
    if (!list)
        return false;
    uint32_t count = htobe32(f->nfiles);
    memcpy(list, &count, 4);
    for (unsigned k = 0; k < f->nfiles; k++) {
        const struct item *i = &f->item[FW_FILES + k];
        e = (void *)(list + 4 + k * sizeof *e);
        uint32_t n = htobe32(i->n);
        uint16_t key = htobe16((uint16_t)(FW_FILES + k));
        memcpy(&e->n, &n, 4);
        memcpy(&e->key, &key, 2);
        memcpy(e->name, i->name, NAME);
    }
    bool ok = fw_cfg_add(&f->d, FW_DIRECTORY, list, size);
    free(list);
    return ok;
}

bool fw_cfg_add_file(struct device *d, const char *name, const void *data, size_t n)
{
    struct fw_cfg *f = of(d);
    for (unsigned k = FW_FILES; k < FW_FILES + f->nfiles; k++)
        if (!strcmp(f->item[k].name, name))
            return fw_cfg_add(d, k, data, n) && make_directory(f);
    if (FW_FILES + f->nfiles == ITEMS || strlen(name) >= NAME || !fw_cfg_add(d, FW_FILES + f->nfiles, data, n))
        return false;
    snprintf(f->item[FW_FILES + f->nfiles++].name, NAME, "%s", name);
    return make_directory(f);
}

bool fw_cfg_add_options(struct device *d, char *err, size_t errlen)
{
    const struct board_config *c = d->machine->config;
    for (unsigned k = 0; k < c->nfw_cfg; k++) {
        const struct fw_cfg_item *i = &c->fw_cfg[k];
        const char *data = i->text;
        char *read_in = NULL;
        size_t n = data ? strlen(data) : 0;
        if (i->file) {
            FILE *from = fopen(i->file, "re"), *to = open_memstream(&read_in, &n);
            int byte;
            if (!from || !to) {
                snprintf(err, errlen, "-fw_cfg %s: %s", i->file, strerror(errno));
                return false;
            }
            while ((byte = getc(from)) != EOF)
                putc(byte, to);
            fclose(from);
            fclose(to);
            data = read_in;
        }
        bool ok = fw_cfg_add_file(d, i->name, data, n);
        free(read_in);
        if (!ok) {
            snprintf(err, errlen, "-fw_cfg %s: no room", i->name);
            return false;
        }
    }
    return true;
}

/* ---------------------------------------------------------------------- registers */

static void choose(struct fw_cfg *f, uint16_t key)
{
    f->key = key;
    f->at = 0;
}

/* What is left of the chosen item. */
static uint32_t left(const struct fw_cfg *f, const uint8_t **at)
{
    const struct item *i = f->key < ITEMS ? &f->item[f->key] : NULL;
    if (!i || !i->data || f->at >= i->n)
        return 0;
    *at = i->data + f->at;
    return i->n - f->at;
}

/* Beyond its end an item is zeros. */
static bool read_to(struct fw_cfg *f, gpa_t to, uint32_t n)
{
    static const uint8_t zeros[4096];
    const uint8_t *at = zeros;
    uint32_t have = left(f, &at), now = n < have ? n : have;
    bool ok = !now || device_write(&f->d, to, at, now) == MEM_OK;
    f->at += now;
    for (uint32_t done = now; ok && done < n; done += now) {
        now = n - done < sizeof zeros ? n - done : sizeof zeros;
        ok = device_write(&f->d, to + done, zeros, now) == MEM_OK;
    }
    return ok;
}

static void request(struct fw_cfg *f)
{
    struct { uint32_t control, n; uint64_t at; } r;
    gpa_t at = f->dma;
    f->dma = 0;
    if (device_read(&f->d, at, &r, sizeof r) != MEM_OK)
        return;
    uint32_t control = be32toh(r.control), n = be32toh(r.n), result = 0;
    if (control & CTL_SELECT)
        choose(f, (uint16_t)(control >> 16));
    if (control & CTL_READ) {
        /* no more than the machine's memory, so that a length does not keep us busy */
        if (n > f->d.machine->config->memory || !read_to(f, be64toh(r.at), n))
            result = CTL_ERROR;
    } else if (control & CTL_WRITE) {
        result = CTL_ERROR;
    } else if (control & CTL_SKIP) {
        f->at = n < UINT32_MAX - f->at ? f->at + n : UINT32_MAX;
    }
    result = htobe32(result);
    device_write(&f->d, at, &result, sizeof result);
}

static uint64_t fw_read(void *device, uint64_t offset, unsigned size, struct mem_attr a)
{
    struct fw_cfg *f = device;
    if (offset < SELECTOR) {
        const uint8_t *at = NULL;
        uint64_t v = 0;
        uint32_t have = left(f, &at), n = size < have ? size : have;
        if (n)
            memcpy(&v, at, n);
        f->at += n;
        return v;
    }
    if (offset >= DMA) { /* "QEMU CFG", big-endian */
        uint64_t signature = htobe64(0x51454d5520434647ull);
        uint64_t v = signature >> 8 * (offset - DMA);
        return size == 8 ? v : v & ((1ull << 8 * size) - 1);
    }
    return 0;
}

static void fw_write(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a)
{
    struct fw_cfg *f = device;
    if (offset == SELECTOR && size == 2) {
        choose(f, be16toh((uint16_t)value));
    } else if (offset == DMA && size == 8) {
        f->dma = be64toh(value);
        request(f);
    } else if (offset == DMA && size == 4) {
        f->dma = (uint64_t)be32toh((uint32_t)value) << 32;
    } else if (offset == DMA + 4 && size == 4) {
        f->dma |= be32toh((uint32_t)value);
        request(f);
    }
}

static const struct mmio_ops ops = { fw_read, fw_write, 1, 8, false };

static bool realize(struct device *d, char *err, size_t errlen)
{
    const struct board_config *c = d->machine->config;
    if (device_region(d, 0, mem_new_mmio("fw_cfg", SIZE, &ops, d)) && fw_cfg_add(d, FW_SIGNATURE, "QEMU", 4) &&
        fw_cfg_add_int(d, FW_ID, 3, 4) && fw_cfg_add_int(d, FW_RAM_SIZE, c->memory, 8) && fw_cfg_add_int(d, FW_NCPUS, c->ncpus, 2) &&
        fw_cfg_add_int(d, FW_MAX_CPUS, c->max_cpus, 2) && fw_cfg_add_int(d, FW_NOGRAPHIC, 1, 2) && fw_cfg_add(d, FW_UUID, c->uuid, 16) &&
        make_directory(of(d)))
        return fw_cfg_add_options(d, err, errlen);
    snprintf(err, errlen, "fw_cfg: no memory");
    return false;
}

static void reset(struct device *d)
{
    choose(of(d), 0);
    of(d)->dma = 0;
}

static void unrealize(struct device *d)
{
    for (unsigned k = 0; k < ITEMS; k++)
        free(of(d)->item[k].data);
}

static void node(struct device *d, struct tree *t)
{
    tree_begin(t, "fw-cfg@%llx", d->at[0]);
    tree_text(t, "compatible", "qemu,fw-cfg-mmio");
    tree_reg(t, d->at[0], SIZE);
    tree_flag(t, "dma-coherent");
    tree_end(t);
}

static const struct field fields[] = { FIELD(struct fw_cfg, key), FIELD(struct fw_cfg, at), FIELD(struct fw_cfg, dma), { NULL } };

const struct device_type fw_cfg_type = {
    .name = "fw_cfg", .category = "Misc", .help = "configuration for firmware", .size = sizeof(struct fw_cfg), .fields = fields,
    .realize = realize, .unrealize = unrealize, .reset = reset, .node = node,
};
