/*
 * fuzz.h: the driver's parts.
 *
 *   rows.c     the list of encodings to draw from (decode files or a table of encodings)
 *   a64.c      what must be known of a word to give it a sensible state: base, offset, hazards
 *   gen.c      single-instruction cases: values, registers, fix-ups
 *   seq.c      sequences with branches, loops, calls
 *   peer.c     a process that runs batches: qemu-aarch64 or myna with the executor
 *   compare.c  what counts as a difference; the table of known exceptions
 *   minimise.c making a failing case small, printing it
 *   main.c     modes, counting, report
 *
 * Everything is a function of (seed, mode, row, case number): a case is made again by its name.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stdio.h>
#include "layout.h"

/* ------------------------------------------------------------------ random */

struct rng { uint64_t s; };
static inline uint64_t rng64(struct rng *r) /* splitmix64 */
{
    uint64_t z = r->s += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
static inline unsigned rnd(struct rng *r, unsigned n) /* [0, n) */
{
    return (unsigned)((rng64(r) >> 32) * n >> 32);
}
static inline bool pct(struct rng *r, unsigned p) { return rnd(r, 100) < p; }

uint64_t rng_value(struct rng *r);              /* from the pool of special values, or random */
void rng_vector(struct rng *r, uint64_t v[2]);  /* lanes of special integers and FP values */
uint64_t hash_name(const char *s);

/* -------------------------------------------------------------------- rows */

enum { ROW_MAXEXCEPT = 16, ROW_POOL = 32 };
struct row {
    char name[48];
    char cls[16];             /* file or class it comes from */
    char feature[16];         /* feat= of its decode row, or empty */
    uint32_t mask, value;
    struct { uint32_t mask, value; } except[ROW_MAXEXCEPT]; /* words with these bits are not the row's */
    unsigned nexcept;
    bool unknown;             /* one of the two programs refused all words that were tried */
    uint32_t pool[ROW_POOL];  /* words of it that are defined */
    unsigned npool;
};
extern struct row *rows;
extern unsigned nrows;
/* Reads a .decode file, or the tab-separated table of all A64 encodings (only the class `cls`, NULL =
 * all but SVE and SME). Exits with a message if it can't be read. */
void rows_read_decode(const char *path);
void rows_read_table(const char *path, const char *cls);
uint32_t row_word(const struct row *w, struct rng *r); /* a random encoding of the row */

/* -------------------------------------------------------------- a64 words */

enum { SIG_ILL = 4, SIG_TRAP = 5, SIG_BUS = 7, SIG_SEGV = 11, SIG_CRASH = 1000, SIG_HANG = 1001 };

struct a64_mem {
    int rn;          /* base, 31 = sp, -1: pc-relative */
    int rm;          /* index register of a register offset, or -1 */
    int ext, shift;  /* option field and amount of the index */
    int64_t offset;  /* immediate added before the access */
    unsigned size;   /* bytes accessed (upper bound) */
    bool writeback, load, vector, exclusive;
    int imm_lo, imm_width, imm_scale; /* its immediate field, width 0: none */
};
bool a64_is_mem(uint32_t w, struct a64_mem *m);
bool a64_is_branch_imm(uint32_t w, int *lo, int *width); /* B BL B.cond CBZ TBZ */
bool a64_is_branch_reg(uint32_t w);
/* Why a word is never run (system call, implementation defined result), or NULL. */
const char *a64_excluded(uint32_t w);
/* Constrained unpredictable: any result is right. */
bool a64_unpredictable(uint32_t w);
/* Extends an index register as the option field says. */
uint64_t a64_extend(uint64_t v, int option);

/* ------------------------------------------------------------------- cases */

enum { CODE_FIRST = 1, CODE_LAST = 45, LIT_FIRST = 48, LIT_X30 = 62 };

struct test {
    struct fuzz_case c;
    unsigned n;        /* test words are words[1 .. n] */
    char what[64];     /* "rows:ADD_imm" or "seq" */
    uint64_t index, slot; /* case number; its code slot, a function of row and number */
};

struct options {
    uint64_t seed;
    bool fp;            /* load and compare V registers, draw FP rows */
    bool fpsr;          /* compare FPSR */
    bool exact_fpsr;    /* and allow none of the deviations of docs/floating-point.md */
    bool fault_flags;   /* compare NZCV at faults inside sequences */
    bool fpcr;          /* random FPCR */
    bool verbose, no_minimise;
    unsigned max_shown;
};
extern struct options opt;

void window_init(uint8_t *win); /* initial contents of the data window, by the seed */
void gen_state(struct rng *r, struct test *t);
void gen_finish(struct rng *r, struct test *t); /* exit jump, filler, literals */
void gen_row(const struct row *row, uint64_t index, struct test *t);
void gen_seq(uint64_t index, struct test *t);

/* ------------------------------------------------------------------- peers */

struct peer {
    char name[16];
    char **argv;
    int pid, to, from, out_fd;
    struct fuzz_output *out;
    unsigned crashes, hangs;
};
extern struct fuzz_batch *batch; /* shared with every peer */
void batch_init(void);
void peer_start(struct peer *p, const char *name, const char *command, const char *executor);
void peer_stop(struct peer *p);
/* Runs batch->c[0 .. ncases) on n peers at once; results in their ->out. */
void peers_run(struct peer *p, unsigned n);

/* ------------------------------------------------------------ comparison */

/* Differences, as bits of the result. */
enum { D_KIND = 1, D_PC = 2, D_ADDR = 4, D_X = 8, D_SP = 16, D_V = 32, D_NZCV = 64, D_FPCR = 128,
       D_FPSR = 256, D_MEM = 512, D_CODE = 1024 };
unsigned compare(const struct test *t, const struct fuzz_result *a, const struct fuzz_result *b);
/* The entry of the table of exceptions that explains the difference, or NULL. */
const char *explained(const struct test *t, unsigned diff, const struct fuzz_result *a,
                      const struct fuzz_result *b);
const char *diff_names(unsigned d);

/* Runs one case on both peers; the differences that nothing explains. Results in ->out->r[0]. */
unsigned run_one(const struct test *t, struct peer *p);
void minimise(struct test *t, struct peer *p);
void print_case(FILE *f, const struct test *t, struct peer *p);

#endif
