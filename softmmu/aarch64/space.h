/*
 * The views of memory of a processor: see space.c.
 */
#ifndef MYNA_A64_SPACE_H
#define MYNA_A64_SPACE_H

#include "sys.h"
#include "vcpu.h"

enum { SPACE_EL1, SPACE_EL2, SPACE_EL3, SPACE_USER, NSPACES = SPACE_USER + 12, CODE_SLOTS = 256, CODE_PAGES = 32768 };

struct a64_space_key { uint64_t table, stage2; uint16_t asid; };

/* A page that code was fetched from. */
struct a64_code {
    gva_t vpage;
    struct code_page page;
    bool valid;
};

struct a64_space {
    struct a64_space_key key; /* of EL0's */
    uint64_t used;
    struct tlb tlb[2];        /* [1]: with PSTATE.PAN */
    struct a64_code code[CODE_SLOTS];
    struct jumps *jumps;      /* the engine's, of this view */
    bool has_code, some_global, some_nonglobal; /* code was fetched; from pages that are (not) global */
    uint64_t large_code;      /* filter of blocks by va >> 21 */
    uint64_t pages[CODE_PAGES / 64]; /* by virtual page, hashed: code was fetched from it */
};

struct a64_spaces {
    struct a64_space at[NSPACES];
    struct a64_space *user;   /* EL0's now */
    uint64_t clock, high, vttbr;
};

#endif
