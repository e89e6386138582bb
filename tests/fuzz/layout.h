/*
 * layout.h: what the guest executor (guest.c, guest.S) and the driver on the host share: addresses in
 * the guest and the records in the two shared mappings. Both sides are little endian with 64-bit
 * alignment, so the structures are the format.
 *
 * The driver owns `struct fuzz_batch` at descriptor 3, the executor `struct fuzz_output` at
 * descriptor 4. One byte on standard input starts a batch, one byte on standard output ends it.
 */
#ifndef FUZZ_LAYOUT_H
#define FUZZ_LAYOUT_H

#define FUZZ_CODE 0x02340000   /* page of the exit jump, then slots; within reach of `b` from the text */
#define FUZZ_IN   0x13570000   /* struct fuzz_batch */
#define FUZZ_OUT  0x17530000   /* struct fuzz_output */
#define FUZZ_WIN  0x30000000   /* data window; below it PROT_NONE, above it nothing is mapped */
#define FUZZ_RO   0x30100000   /* one read-only page of a fixed pattern */

#define FUZZ_SLOT_WORDS 64     /* words of code of one case, prologue, exit and literals included */
#define FUZZ_MAX_CASES  1024   /* in one batch; also the number of code slots */
#define FUZZ_WIN_SIZE   4096
#define FUZZ_SLOTS (FUZZ_CODE + 0x1000)
#define FUZZ_SLOT(n) (FUZZ_SLOTS + (n) * FUZZ_SLOT_WORDS * 4ul)
#define FUZZ_TPIDR 0x5a5a1234beef0040 /* TPIDR_EL0 at the start of a case */

/* offsets for guest.S */
#define CASE_SP    248
#define CASE_V     256
#define CASE_NZCV  768
#define CASE_FPCR  776
#define CASE_FPSR  784
#define CASE_ENTRY 792
#define RES_X      24
#define RES_SP     272
#define RES_V      288
#define RES_NZCV   800
#define RES_FPCR   808
#define RES_FPSR   816

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* Initial state and code of one case. words[0] is what runs first: it loads x30 from a literal. */
struct fuzz_case {
    uint64_t x[31], sp; /* x[30] is ignored: the code's own literal */
    uint64_t v[64];
    uint64_t nzcv, fpcr, fpsr;
    uint64_t entry;     /* address of its slot */
    uint32_t words[FUZZ_SLOT_WORDS];
};

/* signo 0: it reached the exit. Else the state is that of the signal's frame. */
struct fuzz_result {
    uint32_t signo, code;
    uint64_t addr, pc; /* pc is 0 at a normal exit */
    uint64_t x[31], sp, pad;
    uint64_t v[64];
    uint64_t nzcv, fpcr, fpsr, pad2;
    uint8_t win[FUZZ_WIN_SIZE];
};

struct fuzz_batch {
    uint32_t first, ncases; /* cases [first, ncases) are run */
    uint32_t use_v, pad;    /* use_v 0: V registers and FPCR, FPSR are neither loaded nor stored */
    uint8_t win[FUZZ_WIN_SIZE];
    struct fuzz_case c[FUZZ_MAX_CASES];
};

struct fuzz_output {
    uint32_t running, pad[3]; /* case that runs now: names the culprit after a crash or a hang */
    struct fuzz_result r[FUZZ_MAX_CASES];
};

_Static_assert(offsetof(struct fuzz_case, v) == CASE_V, "guest.S");
_Static_assert(offsetof(struct fuzz_case, nzcv) == CASE_NZCV, "guest.S");
_Static_assert(offsetof(struct fuzz_case, entry) == CASE_ENTRY, "guest.S");
_Static_assert(offsetof(struct fuzz_result, x) == RES_X, "guest.S");
_Static_assert(offsetof(struct fuzz_result, v) == RES_V, "guest.S");
_Static_assert(offsetof(struct fuzz_result, nzcv) == RES_NZCV, "guest.S");
#endif
#endif
