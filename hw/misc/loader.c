/*
 * -device loader: puts a file, a program or a number into memory at each reset, and says where a processor starts.
 *
 * file= with addr= is raw data there unless it is an ELF program, which knows its addresses (force-raw=on: it does not);
 * data= and data-len= are a number; cpu-num= alone sets that processor's start to addr.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "boards/boards.h"
#include "elfimage.h"
#include "images.h"

enum { NO_CPU = UINT32_MAX };

struct loader {
    struct device d;
    char *file;
    uint64_t addr, data, entry;
    uint32_t cpu;
    uint8_t data_len;
    bool data_be, force_raw;
    struct images images;
};

static bool load_file(struct loader *l, char *err, size_t errlen)
{
    size_t n;
    uint8_t *data = image_read(l->file, l->d.machine->config->memory, &n, err, errlen);
    if (!data)
        return false;
    if (!l->force_raw && elf_is(data, n)) {
        char why[128];
        void *flat;
        gpa_t at;
        bool ok = elf_flatten(data, n, EM_AARCH64, l->d.machine->config->memory, &flat, &n, &at, &l->entry, why, sizeof why);
        free(data);
        if (!ok)
            snprintf(err, errlen, "%s: %s", l->file, why);
        return ok && images_add(&l->images, flat, n, at);
    }
    return images_add(&l->images, data, n, l->addr);
}

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct loader *l = (struct loader *)d;
    l->entry = l->addr;
    if (l->file && l->data_len) {
        snprintf(err, errlen, "loader: file= or data=, not both");
        return false;
    }
    if (l->data_len > 8 || (l->data && !l->data_len)) {
        snprintf(err, errlen, "loader: data= wants data-len=1 to 8");
        return false;
    }
    if (!l->file && !l->data_len && l->cpu == NO_CPU) {
        snprintf(err, errlen, "loader: one of file=, data= and cpu-num= is needed");
        return false;
    }
    if (l->cpu != NO_CPU && l->cpu >= d->machine->nvcpus) {
        snprintf(err, errlen, "loader: there is no processor %u", l->cpu);
        return false;
    }
    if (l->file && !load_file(l, err, errlen))
        return false;
    if (l->data_len) {
        uint64_t v = l->data_be ? __builtin_bswap64(l->data) >> (64 - 8 * l->data_len) : l->data;
        uint8_t *copy = malloc(8);
        if (!copy || !images_add(&l->images, copy, l->data_len, l->addr))
            return false;
        memcpy(copy, &v, 8);
    }
    if (images_write(&l->images, d->machine))
        return true;
    snprintf(err, errlen, "loader: there is no memory at %#llx", (unsigned long long)l->images.at[0].at);
    return false;
}

static void reset(struct device *d) { images_write(&((struct loader *)d)->images, d->machine); }

static void unrealize(struct device *d)
{
    struct loader *l = (struct loader *)d;
    for (unsigned k = 0; k < l->images.n; k++)
        free(l->images.at[k].data);
}

static const struct property properties[] = {
    PROPERTY(struct loader, file, PROP_STRING, "file", NULL, "raw data or an ELF program, gzip'd or not"),
    PROPERTY(struct loader, addr, PROP_U64, "addr", "0", "where it goes, or the processor starts"),
    PROPERTY(struct loader, cpu, PROP_U32, "cpu-num", "4294967295", "the processor that starts there"),
    PROPERTY(struct loader, data, PROP_U64, "data", "0", "a number to be written"),
    PROPERTY(struct loader, data_len, PROP_U8, "data-len", "0", "its bytes"),
    PROPERTY(struct loader, data_be, PROP_BOOL, "data-be", "off", "big-endian"),
    PROPERTY(struct loader, force_raw, PROP_BOOL, "force-raw", "off", "an ELF file is data like any other"),
    { NULL }
};

const struct device_type loader_type = {
    .name = "loader", .bus = "System", .category = "Misc", .help = "puts things into memory at reset", .no_fields = "it acts at reset only", .size = sizeof(struct loader),
    .properties = properties, .realize = realize, .unrealize = unrealize, .reset = reset,
};

bool loader_entry(struct machine *m, unsigned cpu, uint64_t *pc)
{
    bool found = false;
    for (struct device *d = NULL; (d = device_next(m, d));)
        if (d->type == &loader_type && ((struct loader *)d)->cpu == cpu && d->realized) {
            *pc = ((struct loader *)d)->entry;
            found = true;
        }
    return found;
}
