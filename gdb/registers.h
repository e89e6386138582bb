/*
 * A guest as gdb sees it: registers, their numbers and their description (the gdb manual, "Target Descriptions"). registers.c.
 */
#ifndef MYNA_GDB_REGISTERS_H
#define MYNA_GDB_REGISTERS_H

#include "exec.h"

/* One register, in the order of gdb's numbers. size: bytes. type: gdb's name or one of the feature's own.
 * row: of the guest's register table, GDB_SPECIAL: read and write decide, by number. */
enum { GDB_SPECIAL = -1, GDB_PC = -2 };
struct gdb_register {
    const char *name, *type, *group;
    uint8_t size;
    int16_t row;
};
/* Registers from `first` on belong to the feature; types: XML text of its own types or "". */
struct gdb_feature {
    const char *name, *types;
    unsigned first;
};
struct gdb_target {
    const char *architecture, *osabi; /* osabi NULL: none */
    const struct gdb_feature *features;
    unsigned nfeatures;
    const struct gdb_register *regs;
    unsigned nregs;
    unsigned general;                  /* the first so many are sent together */
    unsigned expedited[4], nexpedited; /* sent with each stop: frame, stack, pc */
    unsigned pc;                       /* its number */
    uint64_t (*read)(struct cpu *cpu, unsigned number);
    void (*write)(struct cpu *cpu, unsigned number, uint64_t value);
    uint64_t (*dtv)(struct cpu *cpu);  /* guest address of the pointer to the thread's vector of TLS blocks */
};
extern const struct gdb_target gdb_target_aarch64;

/* The register's bytes at out; its size, 0 if there is no such register. ir: the guest's own table. */
size_t target_read(const struct gdb_target *g, const struct ir_target *ir, struct cpu *cpu, unsigned number, uint8_t out[64]);
bool target_write(const struct gdb_target *g, const struct ir_target *ir, struct cpu *cpu, unsigned number, const uint8_t *bytes);
/* Text of the target description: malloc'd. */
char *target_describe(const struct gdb_target *g);

#endif
