/*
 * Files behind guest addresses, between symbols.c and unwind.c.
 */
#ifndef MYNA_SYMBOLS_H
#define MYNA_SYMBOLS_H

#include <elf.h>
#include "user.h"

struct image_file {
    char path[PATH_MAX];
    uint64_t start;     /* guest address where this range of it is mapped */
    uint64_t offset;    /* in the file */
    const uint8_t *data;
    size_t size;
};

/* What is mapped at addr, by the host's maps; image_done afterwards. The file may have no data. */
bool image_at(struct process *p, uint64_t addr, struct image_file *f);
void image_done(struct image_file *f);
/* Its header if it is a 64-bit ELF file, or NULL. */
const Elf64_Ehdr *image_header(const struct image_file *f);
/* n entries of `size` bytes at offset, or NULL if they aren't all in the file. */
const void *image_part(const struct image_file *f, uint64_t offset, uint64_t n, uint64_t size);
/* The file's own address of a byte of it, and back: by the segments. */
bool image_address(const struct image_file *f, uint64_t offset, uint64_t *addr);
bool image_offset(const struct image_file *f, uint64_t addr, uint64_t *offset);

/* One step up a guest's stack by the tables for exceptions: regs are those at pc; known: which of them are (bit k).
 * call: pc is a return address. Afterwards they are the caller's, and *pc is. False: there is no table for pc, or it
 * needs what isn't known; nothing is changed. *end: pc has no caller. */
bool unwind_step(struct process *p, uint64_t regs[UNWIND_REGS], uint64_t *known, uint64_t *pc, bool call, bool *end);

#endif
