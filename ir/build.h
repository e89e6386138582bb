/*
 * Inside of the builder, for build.c and fold*.c only: appending and interning in line, because a
 * translation has 200 ns for a guest instruction and its four or so operations.
 */
#ifndef MYNA_IR_BUILD_H
#define MYNA_IR_BUILD_H

/* An instruction is assembled from small stores and read back at once: wider loads made by the
 * compiler would wait for the stores to retire, which doubles the cost of ir_emit (measured). */
#pragma GCC optimize("no-tree-slp-vectorize", "no-store-merging")

#include <string.h>
#include "ir.h"

void ir_grow_insts(struct ir_region *r);

/* Appends a copy of in; no terminators. */
static inline ir_ref build_push(struct ir_region *r, const struct ir_inst *in)
{
    if (__builtin_expect(r->ninsts == r->cap_insts, 0))
        ir_grow_insts(r);
    struct ir_inst *out = &r->insts[r->ninsts];
    out->op = in->op;
    out->type = in->type;
    out->aux = in->aux;
    out->uses = 0;
    out->zeros = in->zeros;
    out->mark = 0;
    out->arg[0] = in->arg[0];
    out->arg[1] = in->arg[1];
    out->arg[2] = in->arg[2];
    out->arg[3] = in->arg[3];
    out->imm = in->imm;
    return r->ninsts++;
}

static inline ir_ref build_push_end(struct ir_region *r, const struct ir_inst *in)
{
    ir_ref v = build_push(r, in);
    r->blocks[r->cur_block].end = v + 1;
    return v;
}

/* Bits of a lane by the low three bits of aux; 8 for the number that is none. */
static const uint8_t ir_lane_bits[8] = {8, 16, 32, 64, 16, 32, 64, 8};

/* Memory of at least n bytes, valid until the next call. Contents undefined. */
void *ir_scratch(struct ir_region *r, size_t n);

/* Block numbers of r in the order of their instructions, into order[nblocks]. Blocks without
 * instructions are left out; returns how many there are. */
unsigned ir_block_order(const struct ir_region *r, uint32_t *order);

/* Successors of block b inside the region into s[2]; returns their number. */
static inline unsigned ir_block_succ(const struct ir_region *r, const struct ir_block *b,
                                     uint32_t *s)
{
    const struct ir_inst *t = &r->insts[b->end - 1];
    if (t->op == IR_jmp) {
        s[0] = (uint32_t)t->imm;
        return 1;
    }
    if (t->op == IR_br) {
        s[0] = (uint32_t)t->imm;
        s[1] = (uint32_t)((uint64_t)t->imm >> 32);
        return 2;
    }
    return 0;
}

#endif
