/*
 * The aarch64 guest: its register and helper tables, the way from an instruction word to its lowering
 * function, and what the block-end look-ahead wants to know of an instruction. CPU models and
 * identification registers are in cpu.c.
 *
 * A word is undefined if no row has it, if the model lacks the row's feature, or if the lowering
 * refuses it. An undefined word still has its `insn` mark and ends the block.
 */
#include <inttypes.h>
#define A64_DECODE_IMPLEMENT
#define A64_LOWER_IMPLEMENT
#include "lower.h"

const struct ir_reg a64_regs[A64_NREGS] = {
#define REG(name, type, pin, slot) { #name, type, pin, slot },
#include "state.def"
};

static const struct ir_helper a64_helpers[A64_NHELPERS] = {
#define HELPER(name, class, result, nargs, params) \
    { #name, (void *)a64_helper_##name, class, result, nargs },
#include "helpers.def"
};

/* The top byte of an address is ignored. */
static const struct ir_target a64_target = { a64_regs, A64_NREGS, a64_helpers, A64_NHELPERS,
                                             0x00ffffffffffffff };

static_assert((int)A64_NREGS <= (int)IR_MAXREGS, "the register table fits");
static_assert(A64_NFEATURES <= 64, "a model's features are one word");

/* Row of a word if the model has it, else -1. */
static int find_row(const struct cpu_model *m, uint32_t word)
{
    int row = a64_decode(word);
    if (row >= 0 && a64_keys[row].feature && !cpu_has(m, a64_keys[row].feature))
        return -1;
    return row;
}

/* Does the word access SIMD and FP registers? (C4.1: op0 x111; loads and stores with V; MRS and MSR of FPCR, FPSR) */
static bool is_fp(uint32_t word)
{
    if ((word >> 25 & 7) == 7)
        return true;
    if ((word >> 27 & 1) && !(word >> 25 & 1))
        return word >> 26 & 1;
    return (word & 0xffdfffc0) == 0xd51b4400;
}

static bool a64_lower(struct tr *t)
{
    size_t left = t->code.pc + t->code.len - t->pc;
    if (left < 4 || (t->pc & 3)) {
        t->len = 0;
        return false;
    }
    memcpy(&t->insn, t->code.host + (int64_t)(t->pc - t->code.pc), 4);
    t->len = 4;
    code_note(&t->code, t->pc, t->insn);
    ir_emit_insn(t->r, t->pc, 4);
    int row = find_row(t->model, t->insn);
    if (t->code.flags & (A64_FLAG_ILLEGAL | A64_FLAG_STEP | A64_FLAG_BREAK) && sys_before(t))
        return true;
    if (t->code.flags & A64_FLAG_NOFP && row >= 0 && is_fp(t->insn))
        return sys_event(t, A64_EVENT_FP, 0);
    if (row < 0 || !a64_lower_row(t, row, t->insn))
        tr_leave(t, IR_LEAVE_UNDEF, t->insn, t->pc);
    return true;
}

static uint64_t branch_target(uint64_t pc, uint32_t word, unsigned lsb, unsigned width)
{
    return pc + (uint64_t)((int64_t)((int32_t)(word << (32 - lsb - width)) >> (32 - width)) * 4);
}

/* Rows that set flags have encodings that the lowering refuses; these set nothing. */
static bool sets_flags(int row, uint32_t word)
{
    unsigned imm = word >> 10 & 63;
    uint64_t v;
    bool sf = word >> 31;
    switch (row) {
    case A64_ROW_ADDS_reg:
    case A64_ROW_SUBS_reg:
        return (word >> 22 & 3) != 3 && (sf || imm < 32);
    case A64_ROW_ANDS_reg:
    case A64_ROW_BICS_reg:
        return sf || imm < 32;
    case A64_ROW_ADDS_ext:
    case A64_ROW_SUBS_ext:
        return (imm & 7) <= 4;
    case A64_ROW_ANDS_imm:
        return a64_bitmask_imm(sf, word >> 22 & 1, imm, word >> 16 & 63, &v);
    default:
        return !a64_keys[row].feature;
    }
}

/* struct guest's flow, for a row. */
static inline enum flow where_next(int row, uint64_t pc, uint32_t word, uint64_t next[2])
{
    switch (row) {
    case A64_ROW_B:
        next[0] = branch_target(pc, word, 0, 26);
        return FLOW_GOTO;
    case A64_ROW_BL:
        next[0] = branch_target(pc, word, 0, 26);
        return FLOW_CALL;
    case A64_ROW_B_cond:
    case A64_ROW_BC_cond:
    case A64_ROW_CBZ:
    case A64_ROW_CBNZ:
        next[1] = branch_target(pc, word, 5, 19);
        break;
    case A64_ROW_TBZ:
    case A64_ROW_TBNZ:
        next[1] = branch_target(pc, word, 5, 14);
        break;
    default:
        if (a64_keys[row].ends)
            return FLOW_END;
        next[0] = pc + 4;
        return FLOW_NEXT;
    }
    next[0] = pc + 4;
    return FLOW_BRANCH;
}

static enum flag_effect a64_flag_effect(const struct code_window *code, uint64_t pc,
                                        uint64_t next[2])
{
    uint32_t word;
    next[0] = next[1] = 0;
    const uint8_t *bytes = code_at(code, pc, 4);
    if ((pc & 3) || !bytes)
        return FLAGS_READ;
    memcpy(&word, bytes, 4);
    code_note(code, pc, word);
    int row = a64_decode(word);
    if (row < 0)
        return FLAGS_READ;
    where_next(row, pc, word, next);
    if (a64_keys[row].flags == FLAGS_SET && !sets_flags(row, word))
        return FLAGS_READ;
    return (enum flag_effect)a64_keys[row].flags;
}

static enum flow a64_flow(const struct code_window *code, uint64_t pc, uint64_t next[2], unsigned *len)
{
    uint32_t word;
    const uint8_t *bytes = code_at(code, pc, 4);
    next[0] = next[1] = 0;
    *len = 4;
    if ((pc & 3) || !bytes)
        return FLOW_BAD;
    memcpy(&word, bytes, 4);
    int row = a64_decode(word);
    if (row < 0)
        return FLOW_BAD;
    return where_next(row, pc, word, next);
}

/* Linux sets TBI0 and not TBI1: the top byte of a branch target is dropped where bit 55 is 0 (Arm ARM,
 * AArch64.BranchAddr). */
static uint64_t a64_clean_pc(uint64_t target)
{
    return target >> 55 & 1 ? target : target << 8 >> 8;
}

static const char *a64_row_name(const struct cpu_model *m, uint32_t word)
{
    int row = find_row(m, word);
    return row < 0 ? NULL : a64_rows[row].name;
}

static void a64_dump(const struct cpu *state, FILE *f)
{
    struct cpu *cpu = (struct cpu *)state; /* read only */
    uint32_t nzcv = a64_get_nzcv(cpu);
    fprintf(f, " pc %016" PRIx64 "  sp %016" PRIx64 "  %c%c%c%c\n", cpu->pc, *a64_reg(cpu, A64_sp),
            nzcv >> 31 & 1 ? 'N' : '-', nzcv >> 30 & 1 ? 'Z' : '-', nzcv >> 29 & 1 ? 'C' : '-',
            nzcv >> 28 & 1 ? 'V' : '-');
    for (unsigned i = 0; i < 31; i++)
        fprintf(f, "%s%u %016" PRIx64 "%s", i < 10 ? " x" : "x", i, *a64_reg(cpu, A64_X(i)),
                i % 4 == 3 || i == 30 ? "\n" : "  ");
}

const struct guest guest_aarch64 = {
    .name = "aarch64",
    .elf_machine = 183,
    .elf_class = 2,
    .insn_shift = 2,
    .ir = &a64_target,
    .models = a64_models,
    .reg_sp = A64_sp,
    .reg_flags = A64_nzcv,
    .capstone_arch = 1, /* CS_ARCH_ARM64 */
    .capstone_mode = 0, /* little endian */
    .lower = a64_lower,
    .flag_effect = a64_flag_effect,
    .flow = a64_flow,
    .clean_pc = a64_clean_pc,
    .reset = a64_reset,
    .dump = a64_dump,
    .row_name = a64_row_name,
    .parse_cpu = a64_parse_cpu,
    .print_cpus = a64_print_cpus,
};
