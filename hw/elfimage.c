/*
 * ELF files as images of memory (System V ABI, "Object Files": the program headers). 64 bits, little endian. Nothing in
 * the file is believed before it was compared with the file's size.
 */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elfimage.h"

bool elf_is(const void *data, size_t n) { return n >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG); }

bool elf_flatten(const void *data, size_t n, unsigned machine, uint64_t most, void **image, size_t *size, uint64_t *at, uint64_t *entry,
                 char *err, size_t errlen)
{
    const uint8_t *d = data;
    Elf64_Ehdr h;
    uint64_t low = ~0ull, high = 0;
    if (n < sizeof h || (memcpy(&h, d, sizeof h), h.e_ident[EI_CLASS] != ELFCLASS64 || h.e_ident[EI_DATA] != ELFDATA2LSB ||
                         h.e_machine != machine || h.e_phentsize != sizeof(Elf64_Phdr))) {
        snprintf(err, errlen, "no program of this machine");
        return false;
    }
    for (unsigned pass = 0; pass < 2; pass++) {
        if (pass && (low >= high || high - low > most || !(*image = calloc(1, high - low)))) {
            snprintf(err, errlen, low >= high ? "nothing to load in it" : "does not fit into the memory");
            return false;
        }
        for (unsigned k = 0; k < h.e_phnum; k++) {
            Elf64_Phdr p;
            uint64_t where = h.e_phoff + (uint64_t)k * sizeof p;
            if (where < h.e_phoff || where > n - sizeof p) {
                snprintf(err, errlen, "its program headers are not in the file");
                return false;
            }
            memcpy(&p, d + where, sizeof p);
            if (p.p_type != PT_LOAD || !p.p_memsz)
                continue;
            if (p.p_filesz > p.p_memsz || p.p_offset > n || p.p_filesz > n - p.p_offset || p.p_paddr + p.p_memsz < p.p_paddr) {
                snprintf(err, errlen, "segment %u is not in the file", k);
                return false;
            }
            if (pass)
                memcpy((uint8_t *)*image + (p.p_paddr - low), d + p.p_offset, p.p_filesz);
            low = p.p_paddr < low ? p.p_paddr : low;
            high = p.p_paddr + p.p_memsz > high ? p.p_paddr + p.p_memsz : high;
        }
    }
    *size = high - low;
    *at = low;
    *entry = h.e_entry;
    return true;
}
