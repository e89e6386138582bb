/*
 * The shape of a tier 2 region, found before anything is lowered: which guest blocks it has, the edges among
 * them, loops, and where the flags are dead. region.c makes it, translate.c lowers by it.
 */
#ifndef MYNA_REGION_H
#define MYNA_REGION_H

#include "guest.h"

enum { PLAN_BLOCKS = 64 /* sets of blocks are words of 64 bits */, PLAN_NONE = 255 };

struct plan_block {
    uint64_t pc, end;      /* guest bytes [pc, end) */
    uint64_t next[2];      /* by enum flow */
    uint64_t succ;         /* set of the blocks it goes on to inside the region */
    uint16_t ninsns;
    uint8_t kind;          /* enum flow; FLOW_NEXT: it goes on to the block at end */
    uint8_t flags;         /* enum flag_effect of the block as a whole */
    uint8_t depth;         /* of loops around it */
    bool head;             /* an edge from its own or a later block comes here: it polls */
    bool flags_dead;       /* at its start */
    uint8_t block;         /* of the IR */
};

/* Blocks in the order of their addresses. */
struct plan {
    unsigned n, entry;
    struct plan_block b[PLAN_BLOCKS];
};

/* Plans the region of the loop nest that code.pc is in. wanted: shall the region hold the code at a branch's target?
 * (NULL: all of it.) max_insns bounds it. False: no way leads back to code.pc within reach. r->seen_lo, seen_hi
 * grow by what was looked at. */
bool plan_make(struct plan *p, struct ir_region *r, const struct guest *g, const struct code_window *code,
               bool (*wanted)(const void *arg, uint64_t pc), const void *arg, unsigned max_insns);
/* Block of the plan that starts at pc, or PLAN_NONE. */
unsigned plan_find(const struct plan *p, uint64_t pc);

/* plan_make with r (reset) set up for it. */
bool guest_plan_loops(struct plan *p, struct ir_region *r, const struct guest *g, const struct code_window *code,
                      bool (*wanted)(const void *arg, uint64_t pc), const void *arg, unsigned max_insns);
/* Lowers a plan into the same r. The blocks' numbers are entered in p. */
void guest_translate_plan(struct plan *p, struct ir_region *r, const struct guest *g, const struct cpu_model *m,
                          struct code_window code);

/* translate.c: are flags written before anything can read them, from pc on? budget: instructions left to
 * decode. */
bool flags_dead_from(struct ir_region *r, const struct guest *g, const struct code_window *code, uint64_t pc,
                     unsigned *budget);

#endif
