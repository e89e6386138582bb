/*
 * ELF files as images of memory.
 */
#ifndef MYNA_HW_ELFIMAGE_H
#define MYNA_HW_ELFIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Does it begin as an ELF file? */
bool elf_is(const void *data, size_t n);
/* Its loadable segments by physical address, as one image of at most `most` bytes: *image (malloc'd), *size, *at, *entry.
 * False with the reason in err: it is not an executable of that machine (e_machine), damaged, or too large. */
bool elf_flatten(const void *data, size_t n, unsigned machine, uint64_t most, void **image, size_t *size, uint64_t *at, uint64_t *entry,
                 char *err, size_t errlen);

#endif
