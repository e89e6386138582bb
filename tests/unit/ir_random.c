/*
 * Random regions: what the builder and the passes make of a region does the same as the region.
 *
 * A program of guest-like instructions is built twice from one seed, raw and folding, over several
 * blocks with forward branches and bounded loops. The raw one is interpreted as it stands; the folded
 * one, the optimised one, and one that went through text and ir_pass_fold must end with the same
 * registers, memory and exit. Some accesses fault: then all registers must be exact at the fault, flags
 * too unless the guest sets them before it reads them, which is tried by going on after the fault.
 *
 *     ir_random [SEED [COUNT]]   `ir_random SEED 1` repeats a case and prints it
 *     ir_random -b               measures the builder instead
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include "ir_test.h"

enum { MEMORY = 16384, GUARD = 0x22000, MAX_VALUES = 64, EXITS = 4, EXIT_PC = 0x80000 };

static char *memory[2]; /* with a guard that can't be reached behind it */
static sigjmp_buf on_fault;

static void segv(int sig)
{
    (void)sig;
    siglongjmp(on_fault, 1);
}

/* ---------------------------------------------------------------- generator */

struct gen {
    struct ir_region *r;
    uint64_t seed;
    ir_ref ints[MAX_VALUES], words[MAX_VALUES]; /* i64 and i32 values of this instruction */
    unsigned nints, nwords;
};

static unsigned pick(struct gen *g, unsigned n) { return (unsigned)(random64(&g->seed) >> 20) % n; }

static uint64_t interesting(struct gen *g)
{
    static const uint64_t pool[] = {0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 0x7f, 0x80, 0xff, 0x100, 0x7fff,
        0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x7fffffffffffffff,
        0x8000000000000000, ~0ull, ~1ull, 0xff00, 0x00ffff0000000000, 0xfffffffffffffff8};
    uint64_t v = random64(&g->seed);
    return pick(g, 5) ? pool[v % (sizeof(pool) / 8)] : v;
}

static void keep_int(struct gen *g, ir_ref v)
{
    if (g->nints < MAX_VALUES)
        g->ints[g->nints++] = v;
}
static void keep_word(struct gen *g, ir_ref v)
{
    if (g->nwords < MAX_VALUES)
        g->words[g->nwords++] = v;
}

static ir_ref some_int(struct gen *g)
{
    unsigned k = pick(g, 6);
    if (k == 0)
        return ir_const(g->r, IR_I64, interesting(g));
    if (k == 1 || !g->nints)
        return ir_get(g->r, pick(g, 7));
    return g->ints[pick(g, g->nints)];
}

static ir_ref some_word(struct gen *g)
{
    unsigned k = pick(g, 6);
    if (k == 0)
        return ir_const(g->r, IR_I32, interesting(g));
    if (k == 1 || !g->nwords)
        return ir1(g->r, IR_trunc, IR_I32, ir_get(g->r, pick(g, 7)));
    return g->words[pick(g, g->nwords)];
}

static ir_ref some(struct gen *g, enum ir_type t) { return t == IR_I32 ? some_word(g) : some_int(g); }

/* Evaluation order of arguments is C's choice, so operands are drawn in statements. */
static ir_ref some_condition(struct gen *g)
{
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    static const uint8_t tests[] = {IR_EQ, IR_NE, IR_MI, IR_PL};
    unsigned kind = pick(g, 4);
    if (kind == 0) {
        unsigned cc = pick(g, IR_NCC);
        return ir_emit(g->r, IR_cc, IR_I32, ir_get(g->r, T_NZCV), 0, 0, 0, cc, 0);
    }
    ir_ref a = some(g, t), b = some(g, t);
    if (kind == 1) {
        unsigned cc = tests[pick(g, 4)];
        return ir_emit(g->r, IR_itst, IR_I32, a, b, 0, 0, cc, 0);
    }
    return ir_icmp(g->r, (enum ir_cc)pick(g, 10), a, b);
}

static void gen_value(struct gen *g)
{
    static const uint8_t binary[] = {IR_add, IR_sub, IR_mul, IR_and, IR_or, IR_xor, IR_andn, IR_udiv, IR_sdiv,
                                     IR_add, IR_sub, IR_and, IR_add, IR_xor};
    static const uint8_t unary[] = {IR_not, IR_neg, IR_clz, IR_ctz, IR_popcnt, IR_bswap, IR_rbit};
    static const uint8_t shifts[] = {IR_shl, IR_shr, IR_sar, IR_ror};
    static const uint8_t sizes[] = {8, 16, 32};
    struct ir_region *r = g->r;
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64, from = pick(g, 2) ? IR_I32 : IR_I64;
    unsigned w = t == IR_I32 ? 32 : 64, lsb, width;
    ir_ref a, b, c, v;
    unsigned kind = pick(g, 16), op;
    switch (kind) {
    default:
        op = binary[pick(g, sizeof(binary))];
        a = some(g, t);
        b = some(g, t);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 3:
        op = pick(g, 2) ? IR_umulh : IR_smulh;
        t = IR_I64;
        a = some_int(g);
        b = some_int(g);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 4:
        op = unary[pick(g, sizeof(unary))];
        v = ir1(r, (enum ir_op)op, t, some(g, t));
        break;
    case 5: case 6:
        op = shifts[pick(g, 4)];
        a = some(g, t);
        b = pick(g, 3) ? ir_const(r, IR_I32, pick(g, 70)) : some_word(g);
        v = ir2(r, (enum ir_op)op, t, a, b);
        break;
    case 7:
        width = 1 + pick(g, w);
        lsb = pick(g, w - width + 1);
        op = pick(g, 3);
        a = some(g, t);
        b = op == 2 ? some(g, t) : 0;
        v = ir_emit(r, op == 0 ? IR_ubfx : op == 1 ? IR_sbfx : IR_bfi, t, a, b, 0, 0, 0, lsb | width << 8);
        break;
    case 8: case 9:
        op = pick(g, 2) ? IR_zext : IR_sext;
        width = sizes[pick(g, 3)];
        v = ir1i(r, (enum ir_op)op, t, some(g, from), width);
        break;
    case 10:
        v = ir1(r, IR_trunc, t = IR_I32, some_int(g));
        break;
    case 11:
        v = some_condition(g);
        t = IR_I32;
        if (pick(g, 2)) {
            v = ir1i(r, IR_zext, IR_I64, v, 32);
            t = IR_I64;
        }
        break;
    case 12:
        c = some_condition(g);
        a = pick(g, 2) ? some(g, t) : ir_const(r, t, pick(g, 3) - 1ull);
        b = pick(g, 2) ? some(g, t) : ir_const(r, t, pick(g, 3) - 1ull);
        v = ir3(r, IR_select, t, c, a, b);
        break;
    case 13:
        op = pick(g, 2) ? IR_adc : IR_sbc;
        a = some(g, t);
        b = some(g, t);
        c = some_condition(g);
        v = ir3(r, (enum ir_op)op, t, a, b, c);
        break;
    case 14:
        a = some(g, t);
        b = pick(g, 3) ? some(g, t) : a;
        v = ir_emit(r, IR_extr, t, a, b, 0, 0, 0, pick(g, w));
        break;
    case 15:
        if (pick(g, 2)) {
            a = some_int(g);
            b = some_int(g);
            v = ir_emit(r, IR_call, IR_I64, a, b, 0, 0, 0, T_PURE2);
            t = IR_I64;
        } else {
            a = some_word(g);
            b = some(g, from);
            v = ir_emit(r, IR_crc32c, IR_I32, a, b, 0, 0, 0, sizes[pick(g, 3)]);
            t = IR_I32;
        }
        break;
    }
    if (t == IR_I32)
        keep_word(g, v);
    else
        keep_int(g, v);
}

/* base (x6 made small, now and then near the guard) + constants + a small index */
static ir_ref some_address(struct gen *g, ir_ref *index, unsigned *scale, int64_t *disp)
{
    struct ir_region *r = g->r;
    ir_ref base = ir_get(r, T_X6);
    ir_ref i = ir2(r, IR_and, IR_I64, ir_get(r, pick(g, 7)), ir_const(r, IR_I64, pick(g, 2) ? 0xff : 0x1f8));
    *index = 0;
    *scale = 0;
    *disp = pick(g, 2) ? 0 : (int64_t)pick(g, 64) - 32;
    switch (pick(g, 6)) {
    case 0: break;
    case 1: base = ir2(r, IR_add, IR_I64, base, ir_const(r, IR_I64, pick(g, 256))); break;
    case 2: base = ir2(r, IR_sub, IR_I64, base, ir_const(r, IR_I64, pick(g, 256))); break;
    case 3: base = ir2(r, IR_add, IR_I64, base, i); break;
    case 4: base = ir2(r, IR_add, IR_I64, base, ir2(r, IR_shl, IR_I64, i, ir_const(r, IR_I32, pick(g, 3))));
            break;
    case 5:
        *index = pick(g, 2) ? i : ir2(r, IR_add, IR_I64, i, ir_const(r, IR_I64, pick(g, 64)));
        *scale = pick(g, 3);
        break;
    }
    return base;
}

static void gen_memory(struct gen *g)
{
    struct ir_region *r = g->r;
    ir_ref index, v;
    unsigned scale, size, is_signed;
    int64_t disp;
    ir_ref base = some_address(g, &index, &scale, &disp);
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    size = pick(g, t == IR_I32 ? 3 : 4);
    is_signed = pick(g, 2);
    switch (pick(g, 8)) {
    case 0: case 1: case 2:
        v = ir_emit(r, IR_load, t, base, index, 0, 0, IR_MEM(size, is_signed, scale, 0), disp);
        if (t == IR_I32)
            keep_word(g, v);
        else
            keep_int(g, v);
        break;
    case 3: case 4: case 5: case 6:
        v = some(g, t);
        ir_emit(r, IR_store, IR_VOID, base, index, v, 0, IR_MEM(size, 0, scale, pick(g, 4)), disp);
        break;
    case 7:
        if (index)
            base = ir2(r, IR_add, IR_I64, base, index);
        base = ir2(r, IR_and, IR_I64, base, ir_const(r, IR_I64, ~7ull));
        v = some(g, t);
        v = ir_emit(r, IR_amo, t, base, v, 0, 0, IR_MEM(size, 0, 0, 0), pick(g, 9));
        if (t == IR_I32)
            keep_word(g, v);
        else
            keep_int(g, v);
        break;
    }
}

static void gen_flags(struct gen *g)
{
    static const uint8_t two[] = {IR_fladd, IR_flsub, IR_flsub};
    struct ir_region *r = g->r;
    enum ir_type t = pick(g, 2) ? IR_I32 : IR_I64;
    ir_ref a = some(g, t), b = some(g, t), c, f;
    unsigned op = two[pick(g, 3)];
    switch (pick(g, 8)) {
    case 0:
        f = ir1(r, IR_fllog, IR_FLG, a);
        break;
    case 1:
        c = some_condition(g);
        op = pick(g, 2) ? IR_fladc : IR_flsbc;
        f = ir3(r, (enum ir_op)op, IR_FLG, a, b, c);
        break;
    case 2: case 3: { /* a conditional compare */
        c = some_condition(g);
        ir_ref known = ir1(r, IR_flpack, IR_FLG, ir_const(r, IR_I32, (uint64_t)pick(g, 16) << 28));
        f = ir2(r, (enum ir_op)op, IR_FLG, a, b);
        f = pick(g, 3) ? ir3(r, IR_flsel, IR_FLG, c, f, known) : ir3(r, IR_flsel, IR_FLG, c, known, f);
        break;
    }
    case 4:
        f = ir1(r, IR_flpack, IR_FLG, pick(g, 2) ? some_word(g) : ir1(r, IR_flget, IR_I32, ir_get(r, T_NZCV)));
        break;
    default: /* with the result, as subs and adds do */
        f = ir2(r, (enum ir_op)op, IR_FLG, a, b);
        c = ir2(r, op == IR_flsub ? IR_sub : IR_add, t, a, b);
        if (t == IR_I32) {
            keep_word(g, c);
            c = ir1i(r, IR_zext, IR_I64, c, 32);
        }
        if (pick(g, 2))
            ir_set(r, pick(g, 6), c);
        keep_int(g, c);
        break;
    }
    ir_set(r, T_NZCV, f);
}

static void gen_vector(struct gen *g)
{
    static const uint8_t two[] = {IR_vand, IR_vor, IR_vxor, IR_vandn, IR_vadd, IR_vsub, IR_vumin, IR_vzip1,
                                  IR_vuqsub, IR_vtst, IR_vcomb, IR_vushl};
    static const uint8_t one[] = {IR_vlow64, IR_vhigh64, IR_vnot, IR_vneg, IR_vabs, IR_vcnt, IR_vaddv, IR_vlow64};
    struct ir_region *r = g->r;
    ir_ref a = ir_get(r, T_Q0 + pick(g, 4)), b = ir_get(r, T_Q0 + pick(g, 4)), v;
    enum ir_lane lane = (enum ir_lane)pick(g, 4);
    unsigned op;
    switch (pick(g, 6)) {
    case 0:
        op = one[pick(g, sizeof(one))];
        v = irv1(r, (enum ir_op)op, lane, a, 0);
        break;
    case 1:
        op = pick(g, 3);
        a = ir1(r, IR_vlow, IR_F64, a);
        b = ir1(r, IR_vlow, IR_F64, b);
        v = ir1(r, IR_vzx, IR_V128, op == 0 ? a : op == 1 ? ir1(r, IR_fabs, IR_F64, a)
                                                        : ir2(r, IR_fadd, IR_F64, a, b));
        break;
    case 2:
        keep_int(g, ir_emit(r, IR_vget, IR_I64, a, 0, 0, 0, lane, pick(g, 2) | (int64_t)pick(g, 2) << 7));
        return;
    case 3:
        v = ir1(r, IR_vzx, IR_V128, some_int(g));
        break;
    default:
        op = two[pick(g, sizeof(two))];
        v = irv2(r, (enum ir_op)op, lane, a, b, 0);
        if (pick(g, 2))
            v = irv1(r, IR_vlow64, IR_B, v, 0);
        break;
    }
    ir_set(r, T_Q0 + pick(g, 4), v);
}

static void gen_insn(struct gen *g, uint64_t pc)
{
    struct ir_region *r = g->r;
    g->nints = g->nwords = 0; /* values do not cross instructions, as in a frontend */
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
    unsigned kind = pick(g, 40);
    if (kind == 0) {
        ir_emit(r, IR_call, IR_VOID, some_int(g), 0, 0, 0, 0, pick(g, 2) ? T_STATE1 : T_LEAVE1);
        return;
    }
    for (unsigned n = pick(g, 4); n > 0; n--)
        gen_value(g);
    if (kind < 14)
        gen_memory(g);
    for (unsigned n = pick(g, 3); n > 0; n--)
        gen_value(g);
    if (kind < 20)
        gen_flags(g);
    else if (kind < 24)
        gen_vector(g);
    if (kind == 25) { /* the base register moves */
        ir_ref v = ir2(r, IR_add, IR_I64, ir_get(r, T_X6), ir_const(r, IR_I64, pick(g, 64)));
        v = ir2(r, IR_and, IR_I64, v, ir_const(r, IR_I64, 0x1ffff));
        ir_set(r, T_X6, pick(g, 30) ? ir2(r, IR_or, IR_I64, ir2(r, IR_and, IR_I64, v, ir_const(r, IR_I64, 0x7ff)),
                                          ir_const(r, IR_I64, 0x400))
                                    : v);
    }
    for (unsigned n = 1 + pick(g, 2); n > 0; n--) {
        unsigned reg = pick(g, 6);
        if (g->nwords && pick(g, 2))
            ir_set(r, reg, ir1i(r, IR_zext, IR_I64, some_word(g), 32));
        else
            ir_set(r, reg, some_int(g));
    }
}

static int64_t two_targets(uint32_t yes, uint32_t no) { return (int64_t)((uint64_t)no << 32 | yes); }

/* cmp or subs and the like of registers, as the last thing before a branch or the first in a block. */
static void gen_compare(struct gen *g, uint64_t pc)
{
    struct ir_region *r = g->r;
    bool wide = pick(g, 2);
    enum ir_type t = wide ? IR_I64 : IR_I32;
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
    g->nints = g->nwords = 0;
    unsigned ra = pick(g, 6), rb = pick(g, 6), rd = pick(g, 6), kind = pick(g, 4);
    ir_ref a = ir_get(r, ra), b = pick(g, 2) ? ir_get(r, rb) : 0;
    if (!wide) {
        a = ir1(r, IR_trunc, IR_I32, a);
        b = b ? ir1(r, IR_trunc, IR_I32, b) : 0;
    }
    if (!b)
        b = ir_const(r, t, pick(g, 100));
    ir_ref f = kind == 3 ? ir1(r, IR_fllog, IR_FLG, a) : ir2(r, kind == 2 ? IR_fladd : IR_flsub, IR_FLG, a, b);
    if (kind == 1 || kind == 2) {
        ir_ref v = ir2(r, kind == 2 ? IR_add : IR_sub, t, a, b);
        ir_set(r, rd, wide ? v : ir1i(r, IR_zext, IR_I64, v, 32));
    }
    ir_set(r, T_NZCV, f);
}

/* Block 0 only jumps on; each later block ends in a branch forward, a bounded loop or an exit; the last
 * ones are plain exits, every second with dead flags. x7 counts the loops' rounds down. */
static void generate(struct ir_region *r, uint64_t seed, bool raw)
{
    struct gen g = {.r = r, .seed = seed};
    bool targeted[16] = {false}; /* by a block other than the one before, perhaps */
    bool head[16] = {false};
    ir_region_reset(r, &test_target);
    r->raw = raw;
    unsigned n = 2 + pick(&g, 6);
    r->precise_flags = pick(&g, 4) == 0;
    uint64_t pc = 0x10000;
    r->pc = pc;
    for (unsigned b = 0; b <= n + EXITS; b++)
        ir_block_new(r, 0);
    ir_block_begin(r, 0, false);
    ir_emit(r, IR_jmp, IR_VOID, 0, 0, 0, 0, 0, 1);
    for (unsigned b = 1; b <= n; b++)
        targeted[b] = head[b] = pick(&g, 3) == 0;
    targeted[1] = true;
    for (unsigned b = 1; b <= n; b++) {
        r->blocks[b].pc = pc;
        r->blocks[b].poll = pick(&g, 6) == 0;
        ir_block_begin(r, b, b > 1 && !targeted[b] && !r->blocks[b].poll);
        if (pick(&g, 2)) {
            gen_compare(&g, pc);
            pc += 4;
        }
        for (unsigned k = 1 + pick(&g, 6); k > 0; k--, pc += 4)
            gen_insn(&g, pc);
        if (pick(&g, 2)) {
            gen_compare(&g, pc);
            pc += 4;
            if (pick(&g, 3) == 0) {
                gen_insn(&g, pc);
                pc += 4;
            }
        }
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, (int64_t)pc);
        pc += 4;
        g.nints = g.nwords = 0;
        unsigned kind = pick(&g, 8);
        if (b == n || kind == 0) {
            static const uint8_t exits[] = {IR_goto, IR_gotoi, IR_leave, IR_retg};
            unsigned op = exits[pick(&g, 4)];
            ir_ref a = op == IR_goto ? 0 : op == IR_leave ? ir_const(r, IR_I64, pc) : some_int(&g);
            ir_emit(r, (enum ir_op)op, IR_VOID, a, 0, 0, 0, op == IR_leave ? IR_LEAVE_SYSCALL : 0,
                    op == IR_goto ? (int64_t)pc : 7);
            if (b < n)
                targeted[b + 1] = true; /* not a successor of this block */
        } else if (kind < 5 && head[1 + b / 2]) {
            unsigned to = 1 + b / 2; /* a loop */
            ir_ref left = ir2(r, IR_sub, IR_I64, ir_get(r, T_X7), ir_const(r, IR_I64, 1));
            ir_set(r, T_X7, left);
            ir_ref again = ir_icmp(r, IR_GT, left, ir_const(r, IR_I64, 0));
            ir_emit(r, IR_br, IR_VOID, again, 0, 0, 0, 0, two_targets(to, b + 1));
        } else {
            bool out = pick(&g, 2), swap = pick(&g, 2);
            unsigned to = out ? n + 1 + pick(&g, EXITS) : b + 1 + pick(&g, n - b);
            ir_ref c = out && pick(&g, 2)
                ? ir_emit(r, IR_cc, IR_I32, ir_get(r, T_NZCV), 0, 0, 0, pick(&g, IR_NCC), 0)
                : some_condition(&g);
            ir_emit(r, IR_br, IR_VOID, c, 0, 0, 0, 0, swap ? two_targets(b + 1, to) : two_targets(to, b + 1));
            if (!out)
                targeted[to] |= to != b + 1;
        }
    }
    for (unsigned k = 0; k < EXITS; k++) {
        ir_block_begin(r, n + 1 + k, false);
        ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, k & 1, EXIT_PC + k);
    }
    r->end_pc = pc;
}

/* ------------------------------------------------------------------ running */

struct outcome {
    int why; /* enum ir_leave, or -1: fault */
    uint64_t pc, imm;
};

static struct cpu machines[2];
static char contents[MEMORY];

static uint64_t *slot(struct cpu *cpu, unsigned reg)
{
    return (uint64_t *)((char *)cpu + test_target.regs[reg].offset);
}

static void prepare(unsigned m, uint64_t seed)
{
    struct cpu *cpu = &machines[m];
    struct gen g = {.seed = seed ^ 0x5bd1e995};
    memset(cpu, 0, offsetof(struct cpu, jump_cache));
    memcpy(memory[m], contents, MEMORY);
    for (unsigned k = 0; k < 6; k++)
        *slot(cpu, k) = interesting(&g);
    *slot(cpu, T_X6) = pick(&g, 3) ? 0x400 + pick(&g, 0x800) : MEMORY - pick(&g, 0x600);
    *slot(cpu, T_X7) = 4;
    uint16_t flags = ir_flags_to_slot(pick(&g, 16) << 28);
    memcpy(slot(cpu, T_NZCV), &flags, 2);
    for (unsigned k = 0; k < 8; k++)
        slot(cpu, T_Q0)[k] = interesting(&g);
    cpu->guest_base = (uint64_t)(uintptr_t)memory[m];
    cpu->guest_mxcsr = 0x1f80;
}

static struct outcome run(unsigned m, const struct ir_region *r)
{
    struct cpu *cpu = &machines[m];
    volatile int why = -1;
    if (sigsetjmp(on_fault, 0) == 0)
        why = (int)ir_interp(cpu, r);
    return (struct outcome){why, cpu->pc, why == -1 ? 0 : cpu->leave_imm};
}

static uint32_t nzcv(unsigned m)
{
    uint16_t flags;
    memcpy(&flags, slot(&machines[m], T_NZCV), 2);
    return ir_flags_from_slot(flags);
}

/* What differs between the machines, or NULL. */
static const char *difference(struct outcome a, struct outcome b, bool flags)
{
    static char text[64];
    if (a.why != b.why || a.pc != b.pc || a.imm != b.imm)
        return "exit";
    for (unsigned k = 0; k < 8; k++)
        if (*slot(&machines[0], k) != *slot(&machines[1], k)) {
            snprintf(text, sizeof(text), "x%u: %#llx, %#llx", k, (unsigned long long)*slot(&machines[0], k),
                     (unsigned long long)*slot(&machines[1], k));
            return text;
        }
    if (memcmp(slot(&machines[0], T_Q0), slot(&machines[1], T_Q0), 64))
        return "vectors";
    if (memcmp(memory[0], memory[1], MEMORY))
        return "memory";
    if (machines[0].guest_mxcsr != machines[1].guest_mxcsr)
        return "cumulative flags";
    if (a.pc >= EXIT_PC && a.pc & 1)
        flags = false; /* an exit with dead flags */
    if (flags && nzcv(0) != nzcv(1)) {
        snprintf(text, sizeof(text), "nzcv: %#x, %#x", nzcv(0), nzcv(1));
        return text;
    }
    return NULL;
}

/* Goes on at instruction pc of the raw region r, as a new translation after a signal would. */
static struct outcome resume(unsigned m, const struct ir_region *r, uint64_t pc)
{
    struct ir_region from = *r;
    struct ir_block blocks[32];
    memcpy(blocks, r->blocks, r->nblocks * sizeof(*blocks));
    from.blocks = blocks;
    for (uint32_t b = 1; b < r->nblocks; b++)
        for (uint32_t v = r->blocks[b].first; v < r->blocks[b].end; v++)
            if (r->insts[v].op == IR_insn && (uint64_t)r->insts[v].imm == pc) {
                blocks[0].first = v;
                blocks[0].end = r->blocks[b].end;
            }
    return run(m, &from);
}

static bool compare(const char *stage, uint64_t seed, const struct ir_region *raw, const struct ir_region *other,
                    bool precise)
{
    uint32_t at;
    const char *wrong = ir_verify(other, &at);
    if (!wrong) {
        prepare(0, seed);
        prepare(1, seed);
        struct outcome a = run(0, raw), b = run(1, other);
        wrong = difference(a, b, precise || a.why != -1);
        if (!wrong && a.why == -1) {
            for (unsigned m = 0; m < 2; m++)
                mprotect(memory[m] + MEMORY, GUARD, PROT_READ | PROT_WRITE);
            uint64_t pc = a.pc;
            a = resume(0, raw, pc);
            b = resume(1, raw, pc);
            wrong = a.why == -1 ? "faults without guard" : difference(a, b, true);
            for (unsigned m = 0; m < 2; m++) {
                madvise(memory[m] + MEMORY, GUARD, MADV_DONTNEED);
                mprotect(memory[m] + MEMORY, GUARD, PROT_NONE);
            }
        }
    }
    if (check(!wrong, "ir_random %llu 1: %s: %s", (unsigned long long)seed, stage, wrong))
        return true;
    printf("--- raw\n");
    ir_print(stdout, raw);
    printf("--- %s\n", stage);
    ir_print(stdout, other);
    return false;
}

static char *printed(const struct ir_region *r)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    ir_print(f, r);
    fclose(f);
    return text;
}

static void test_random(uint64_t seed, unsigned count)
{
    struct ir_region raw, folded, text;
    uint32_t at;
    char err[128];
    ir_region_init(&raw, &test_target);
    ir_region_init(&folded, &test_target);
    ir_region_init(&text, &test_target);
    for (uint64_t end = seed + count; seed < end && failed < 5; seed++) {
        generate(&raw, seed, true);
        const char *wrong = ir_verify(&raw, &at);
        if (!check(!wrong, "ir_random %llu 1: raw: %s at %%%u", (unsigned long long)seed, wrong, at)) {
            ir_print(stdout, &raw);
            continue;
        }
        generate(&folded, seed, false);
        bool precise = raw.precise_flags;
        if (!compare("folded", seed, &raw, &folded, true))
            continue;
        ir_optimise(&folded);
        if (!compare("optimised", seed, &raw, &folded, precise))
            continue;
        if (seed % 8)
            continue;
        char *once = printed(&raw);
        if (check(ir_parse(&text, once, err, sizeof(err)), "ir_random %llu 1: %s", (unsigned long long)seed, err)) {
            char *twice = printed(&text);
            check(strcmp(once, twice) == 0, "ir_random %llu 1: reads back differently", (unsigned long long)seed);
            free(twice);
            text.precise_flags = precise;
            ir_optimise(&text);
            compare("read and optimised", seed, &raw, &text, precise);
        }
        free(once);
    }
    ir_region_free(&raw);
    ir_region_free(&folded);
    ir_region_free(&text);
}

/* ---------------------------------------------------------------- benchmark */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A block as a frontend emits it: 12 instructions of compiled C. Returns how many ir_emit it took. */
static unsigned typical_block(struct ir_region *r)
{
    unsigned n = 0;
    ir_ref a, b, s;
    ir_region_reset(r, &test_target);
    ir_block_new(r, 0x1000);
    unsigned b1 = ir_block_new(r, 0x1030), b2 = ir_block_new(r, 0x1034);
    ir_block_begin(r, 0, false);
    for (unsigned k = 0; k < 3; k++) {
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1000); /* ldr x1, [x0, #8] */
        a = ir2(r, IR_add, IR_I64, ir_get(r, 0), ir_const(r, IR_I64, 8));
        ir_set(r, 1, ir_emit(r, IR_load, IR_I64, a, 0, 0, 0, IR_MEM(3, 0, 0, 0), 0));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1004); /* add x2, x1, x3, lsl #2 */
        b = ir2(r, IR_shl, IR_I64, ir_get(r, 3), ir_const(r, IR_I32, 2));
        ir_set(r, 2, ir2(r, IR_add, IR_I64, ir_get(r, 1), b));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1008); /* and w4, w2, #0xff */
        a = ir1(r, IR_trunc, IR_I32, ir_get(r, 2));
        a = ir2(r, IR_and, IR_I32, a, ir_const(r, IR_I32, 0xff));
        ir_set(r, 4, ir1i(r, IR_zext, IR_I64, a, 32));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x100c); /* subs w5, w4, w1 */
        a = ir1(r, IR_trunc, IR_I32, ir_get(r, 4));
        b = ir1(r, IR_trunc, IR_I32, ir_get(r, 1));
        s = ir2(r, IR_sub, IR_I32, a, b);
        ir_ref f = ir2(r, IR_flsub, IR_FLG, a, b);
        ir_set(r, 5, ir1i(r, IR_zext, IR_I64, s, 32));
        ir_set(r, T_NZCV, f);
        n += 1 + 4 + 1 + 5 + 1 + 5 + 1 + 9;
    }
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1010); /* b.lt */
    a = ir_emit(r, IR_cc, IR_I32, ir_get(r, T_NZCV), 0, 0, 0, IR_LT, 0);
    ir_emit(r, IR_br, IR_VOID, a, 0, 0, 0, 0, two_targets(b1, b2));
    ir_block_begin(r, b1, true);
    ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x1030);
    ir_block_begin(r, b2, false);
    ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x2000);
    return n + 6;
}

static void bench_builder(void)
{
    enum { ROUNDS = 200000 };
    struct ir_region r;
    ir_region_init(&r, &test_target);
    double start = now();
    unsigned long n = 0;
    for (unsigned k = 0; k < ROUNDS; k++)
        n += typical_block(&r);
    double built = now();
    for (unsigned k = 0; k < ROUNDS; k++) {
        typical_block(&r);
        ir_optimise(&r);
    }
    double all = now();
    printf("ir_emit: %.1f ns each (%lu per block of 13 instructions, reset and blocks included)\n",
           (built - start) / (double)n, n / ROUNDS);
    printf("building: %.0f ns, ir_optimise: %.0f ns per guest instruction\n",
           (built - start) / ROUNDS / 13, (all - built - (built - start)) / ROUNDS / 13);
    ir_region_free(&r);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "-b") == 0) {
        bench_builder();
        return 0;
    }
    struct sigaction sa = {.sa_handler = segv, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    for (unsigned m = 0; m < 2; m++) {
        memory[m] = mmap(NULL, MEMORY + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory[m] == MAP_FAILED || mprotect(memory[m], MEMORY, PROT_READ | PROT_WRITE)) {
            puts("no memory");
            return 1;
        }
    }
    struct gen g = {.seed = 99};
    for (unsigned k = 0; k < MEMORY / 8; k++) {
        uint64_t v = interesting(&g);
        memcpy(contents + 8 * k, &v, 8);
    }
    test_random(argc > 1 ? strtoull(argv[1], NULL, 0) : 1,
                argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 20000);
    return report();
}
