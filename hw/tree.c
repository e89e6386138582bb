/* Writing a device tree: see tree.h. */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

enum { TREE_SIZE = 1 << 20 };

struct tree {
    void *blob;
    int error; /* libfdt's first */
};

static void note(struct tree *t, int rc)
{
    if (!t->error)
        t->error = rc;
}

struct tree *tree_new(void)
{
    struct tree *t = calloc(1, sizeof *t);
    if (!t || !(t->blob = calloc(1, TREE_SIZE))) {
        tree_free(t);
        return NULL;
    }
    note(t, fdt_create(t->blob, TREE_SIZE));
    note(t, fdt_finish_reservemap(t->blob));
    note(t, fdt_begin_node(t->blob, ""));
    return t;
}

void tree_free(struct tree *t)
{
    if (t)
        free(t->blob);
    free(t);
}

void *tree_finish(struct tree *t, size_t *size)
{
    note(t, fdt_end_node(t->blob));
    note(t, fdt_finish(t->blob));
    if (t->error)
        return NULL;
    *size = fdt_totalsize(t->blob);
    void *blob = t->blob;
    t->blob = NULL;
    return blob;
}

void tree_begin(struct tree *t, const char *format, unsigned long long unit)
{
    char name[64];
    snprintf(name, sizeof name, format, unit);
    note(t, fdt_begin_node(t->blob, name));
}
void tree_end(struct tree *t) { note(t, fdt_end_node(t->blob)); }
void tree_flag(struct tree *t, const char *name) { tree_bytes(t, name, "", 0); }
void tree_text(struct tree *t, const char *name, const char *text) { note(t, fdt_property_string(t->blob, name, text)); }
void tree_bytes(struct tree *t, const char *name, const void *bytes, size_t n)
{
    note(t, fdt_property(t->blob, name, bytes, (int)n));
}
void tree_u64(struct tree *t, const char *name, uint64_t v) { note(t, fdt_property_u64(t->blob, name, v)); }

void tree_cells_n(struct tree *t, const char *name, unsigned n, const uint32_t *v)
{
    fdt32_t *to;
    int rc = fdt_property_placeholder(t->blob, name, (int)(n * 4), (void **)&to);
    note(t, rc);
    for (unsigned k = 0; !rc && k < n; k++)
        to[k] = cpu_to_fdt32(v[k]);
}

void tree_reg(struct tree *t, uint64_t at, uint64_t size)
{
    tree_cells(t, "reg", (uint32_t)(at >> 32), (uint32_t)at, (uint32_t)(size >> 32), (uint32_t)size);
}

/* The child of the root of that name, made if it is not there; negative: an error. */
static int child(void *blob, const char *name)
{
    int node = fdt_subnode_offset(blob, 0, name);
    return node == -FDT_ERR_NOTFOUND ? fdt_add_subnode(blob, 0, name) : node;
}

static bool patch(void *blob, const struct tree_boot *b)
{
    int node = child(blob, "chosen"), rc = node < 0 ? node : 0;
    if (!rc && b->append)
        rc = fdt_setprop_string(blob, node, "bootargs", b->append);
    if (!rc && b->initrd_size) {
        rc = fdt_setprop_u64(blob, node, "linux,initrd-start", b->initrd_at);
        rc = rc ? rc : fdt_setprop_u64(blob, node, "linux,initrd-end", b->initrd_at + b->initrd_size);
    }
    node = fdt_node_offset_by_prop_value(blob, -1, "device_type", "memory", 7);
    if (rc || node >= 0)
        return !rc; /* what it says of memory counts */
    node = fdt_add_subnode(blob, 0, "memory");
    const fdt64_t reg[2] = { cpu_to_fdt64(b->ram), cpu_to_fdt64(b->memory) };
    return node >= 0 && !fdt_setprop_string(blob, node, "device_type", "memory") && !fdt_setprop(blob, node, "reg", reg, sizeof reg);
}

void *tree_patch(const void *dtb, size_t n, const struct tree_boot *b, size_t *size)
{
    if (n < sizeof(struct fdt_header) || fdt_check_header(dtb) || fdt_totalsize(dtb) > n)
        return NULL;
    size_t room = fdt_totalsize(dtb) + 4096 + (b->append ? strlen(b->append) : 0);
    void *blob = malloc(room);
    if (blob && !fdt_open_into(dtb, blob, (int)room) && patch(blob, b) && !fdt_pack(blob)) {
        *size = fdt_totalsize(blob);
        return blob;
    }
    free(blob);
    return NULL;
}
