/*
 * Writing a device tree, from its root to its leaves (libfdt's sequential functions underneath).
 *
 * Properties of a node come before its children. Errors are remembered, and tree_finish tells of them: nothing in
 * between is to be checked.
 */
#ifndef MYNA_TREE_H
#define MYNA_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tree;

struct tree *tree_new(void); /* with the root begun; NULL: no memory */
void tree_free(struct tree *t);
/* Ends the root. The tree (the caller's, by free) and its size; NULL: it did not fit, or there was no memory. */
void *tree_finish(struct tree *t, size_t *size);

/* A child of the current node becomes the current one; format as "name@%llx" with the unit address. */
void tree_begin(struct tree *t, const char *format, unsigned long long unit);
void tree_end(struct tree *t);
void tree_flag(struct tree *t, const char *name);
void tree_text(struct tree *t, const char *name, const char *text);
/* Several strings: n bytes with the zeros between and behind them. */
void tree_bytes(struct tree *t, const char *name, const void *bytes, size_t n);
#define tree_texts(t, name, literal) tree_bytes(t, name, literal, sizeof(literal))
void tree_u64(struct tree *t, const char *name, uint64_t v);
void tree_cells_n(struct tree *t, const char *name, unsigned n, const uint32_t *v);
#define tree_cells(t, name, ...) \
    tree_cells_n(t, name, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (uint32_t[]){ __VA_ARGS__ })
/* reg: address and size, two cells each. */
void tree_reg(struct tree *t, uint64_t at, uint64_t size);

/* A tree that somebody else wrote, with what the command line says of booting; NULL: it is none. The caller's, by free. */
struct tree_boot { const char *append; uint64_t initrd_at, initrd_size, ram, memory; };
void *tree_patch(const void *dtb, size_t n, const struct tree_boot *b, size_t *size);

/* Phandles that nodes of devices refer to. */
enum { PHANDLE_CLOCK = 0x8000, PHANDLE_GIC = 0x8001, PHANDLE_MSI = 0x8002, PHANDLE_GPIO = 0x8003, PHANDLE_SMMU = 0x8004 };

#endif
