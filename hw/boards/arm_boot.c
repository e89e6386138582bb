/*
 * Loading what an Arm board starts with. See arm_boot.h.
 *
 * Linux: an Image says how far above a 2 MiB boundary it wants to be and how much it needs. Its initrd comes
 * behind it, at 128 MiB or the middle of memory at the earliest, the device tree behind that. Other programs (ELF) have
 * the tree at the start of memory if they leave room there.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "arm_boot.h"
#include "elfimage.h"
#include "tree.h"

#define MIB2 0x1fffffull

static bool too_big(const char *path, const struct board_config *c, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: does not fit into %llu MiB of memory", path, (unsigned long long)(c->memory >> 20));
    return false;
}

static bool load_elf(struct arm_boot *b, const struct board_config *c, const uint8_t *data, size_t n, gpa_t ram, char *err, size_t errlen)
{
    char why[128];
    void *flat;
    gpa_t at;
    bool ok = elf_flatten(data, n, EM_AARCH64, c->memory, &flat, &n, &at, &b->entry, why, sizeof why);
    if (!ok || at < ram || at - ram > c->memory - n) {
        snprintf(err, errlen, "%s: %s", c->kernel, ok ? "is not for addresses of this board's memory" : why);
        return false;
    }
    b->dtb_at = at - ram >= MIB2 ? ram : (at + n + MIB2) & ~MIB2;
    return images_add(&b->images, flat, n, at);
}

static bool load_linux(struct arm_boot *b, const struct board_config *c, uint8_t *data, size_t n, gpa_t ram, char *err, size_t errlen)
{
    uint64_t offset = 0x80000, size = n, v, early = c->memory / 2 < 128u << 20 ? c->memory / 2 : 128u << 20;
    if (n >= 64 && !memcmp(data + 56, "ARM\x64", 4)) {
        memcpy(&v, data + 16, 8);
        if (v) {
            size = v;
            memcpy(&offset, data + 8, 8);
        }
    }
    if (offset > c->memory || size > c->memory - offset || n > c->memory - offset)
        return too_big(c->kernel, c, err, errlen);
    images_add(&b->images, data, n, ram + offset);
    b->is_linux = true;
    b->entry = ram + offset;
    gpa_t at = (b->entry + size + MIB2) & ~MIB2;
    at = at < ram + early ? ram + early : at;
    if (c->initrd) {
        /* not unpacked: that is the kernel's to do */
        FILE *f = fopen(c->initrd, "re");
        long length = f && !fseek(f, 0, SEEK_END) ? ftell(f) : -1;
        uint8_t *copy = length >= 0 && (uint64_t)length <= ram + c->memory - at ? malloc((size_t)length + 1) : NULL;
        bool ok = copy && !fseek(f, 0, SEEK_SET) && fread(copy, 1, (size_t)length, f) == (size_t)length;
        if (f)
            fclose(f);
        if (!ok) {
            free(copy);
            if (length >= 0 && !copy)
                return too_big(c->initrd, c, err, errlen);
            snprintf(err, errlen, "%s: can't be read", c->initrd);
            return false;
        }
        images_add(&b->images, copy, (size_t)length, at);
        b->initrd_at = at;
        b->initrd_size = (size_t)length;
        at = (at + (size_t)length + MIB2) & ~MIB2;
    }
    b->dtb_at = at;
    return true;
}

bool arm_boot_load(struct arm_boot *b, const struct board_config *c, gpa_t ram, char *err, size_t errlen)
{
    size_t n;
    uint8_t *data = image_read(c->kernel, c->memory, &n, err, errlen);
    if (!data)
        return false;
    if (!elf_is(data, n))
        return load_linux(b, c, data, n, ram, err, errlen);
    bool ok = load_elf(b, c, data, n, ram, err, errlen);
    free(data);
    return ok;
}

bool arm_boot_dtb(struct arm_boot *b, const struct board_config *c, gpa_t ram, char *err, size_t errlen)
{
    size_t n;
    uint8_t *data = image_read(c->dtb, 16 << 20, &n, err, errlen);
    if (!data)
        return false;
    const struct tree_boot boot = { c->append, b->initrd_at, b->initrd_size, ram, c->memory };
    b->dtb = tree_patch(data, n, &boot, &b->dtb_size);
    free(data);
    if (!b->dtb)
        snprintf(err, errlen, "%s: no device tree, or a broken one", c->dtb);
    return b->dtb != NULL;
}
