/*
 * Boards by name, and what the command line says of one.
 */
#ifndef MYNA_BOARDS_H
#define MYNA_BOARDS_H

#include "isa.h"
#include "machine.h"

struct board_config {
    const struct cpu_model *model;
    unsigned ncpus;
    uint64_t memory; /* bytes */
    const char *kernel, *initrd, *append;
    bool interp, one_insn, no_reboot;
    size_t cache_size;
    unsigned without;
    struct isa_config isa;
};

/* NULL with the reason. */
struct machine *board_virt(const struct board_config *c, char *err, size_t errlen);

#endif
