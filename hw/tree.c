/* Writing a device tree: see tree.h. */
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>

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
