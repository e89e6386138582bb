/*
 * The text form of the IR, shared by print.c and parse.c: how aux and imm of each operation are
 * written.
 *
 *     region pc=0x1000 end=0x1010 insns=3
 *     b0 pc=0x1000 poll flags_dead entry cold:
 *       insn 0x1000, 4
 *       %2:i64 = get x1
 *       %3:i64 = add %2, 8
 *       set x0, %3
 *       %5:i64 = load.4s [%2 + %3<<2 - 16] acq
 *       %6:i32 = icmp.lt %5, 0x100
 *       br %6, b1, b2
 *
 * A value is % and the number of its instruction; void instructions take a number too but do not
 * show it. Constants are decimal if small, else hex; `:type` follows where the operand alone does
 * not say the type; 128 bits are 0xHIGH_LOW. A memory operation shows the log2 size as bytes. What
 * has no form of its own follows as `#imm` and `aux=N`, so the form loses nothing.
 */
#ifndef MYNA_IR_TEXT_H
#define MYNA_IR_TEXT_H

#include "ir.h"

enum text_aux {
    AUX_NONE,
    AUX_CC,
    AUX_LANE,
    AUX_VCMP,
    AUX_ROUND,
    AUX_VROUND,
    AUX_MEM,
    AUX_AMO,
    AUX_FENCE,
    AUX_LEAVE,
    AUX_DEAD
};
enum text_imm { IMM_PLAIN, IMM_REG, IMM_FIELD, IMM_BITS, IMM_HELPER, IMM_PC, IMM_BLOCK, IMM_BLOCKS,
                IMM_ADDRESS };

struct text_form {
    uint8_t aux, imm;
};

static inline struct text_form text_form(unsigned op)
{
    static const struct text_form forms[IR_NOPS] = {
        [IR_insn] = {AUX_NONE, IMM_PC},
        [IR_get] = {AUX_NONE, IMM_REG},
        [IR_set] = {AUX_NONE, IMM_REG},
        [IR_ubfx] = {AUX_NONE, IMM_FIELD},
        [IR_sbfx] = {AUX_NONE, IMM_FIELD},
        [IR_bfi] = {AUX_NONE, IMM_FIELD},
        [IR_zext] = {AUX_NONE, IMM_BITS},
        [IR_sext] = {AUX_NONE, IMM_BITS},
        [IR_crc32c] = {AUX_NONE, IMM_BITS},
        [IR_icmp] = {AUX_CC, IMM_PLAIN},
        [IR_itst] = {AUX_CC, IMM_PLAIN},
        [IR_cc] = {AUX_CC, IMM_PLAIN},
        [IR_load] = {AUX_MEM, IMM_ADDRESS},
        [IR_store] = {AUX_MEM, IMM_ADDRESS},
        [IR_amo] = {AUX_AMO, IMM_ADDRESS},
        [IR_cas] = {AUX_MEM, IMM_ADDRESS},
        [IR_casx] = {AUX_MEM, IMM_ADDRESS},
        [IR_fence] = {AUX_FENCE, IMM_PLAIN},
        [IR_call] = {AUX_NONE, IMM_HELPER},
        [IR_jmp] = {AUX_NONE, IMM_BLOCK},
        [IR_br] = {AUX_NONE, IMM_BLOCKS},
        [IR_goto] = {AUX_DEAD, IMM_PC},
        [IR_callg] = {AUX_NONE, IMM_PC},
        [IR_leave] = {AUX_LEAVE, IMM_PLAIN},
        [IR_fcvti] = {AUX_ROUND, IMM_PLAIN},
        [IR_frint] = {AUX_ROUND, IMM_PLAIN},
        [IR_vcmp] = {AUX_VCMP, IMM_PLAIN},
        [IR_fvcmp] = {AUX_VCMP, IMM_PLAIN},
        [IR_fvcvti] = {AUX_VROUND, IMM_PLAIN},
        [IR_fvrint] = {AUX_VROUND, IMM_PLAIN},
    };
    if (op >= IR_vadd && forms[op].aux == AUX_NONE)
        return (struct text_form){AUX_LANE, IMM_PLAIN};
    return forms[op];
}

static const char *const text_lane[] = {"b", "h", "s", "d", "lh", "ls", "ld"};
static const char *const text_round[] = {"even", "up", "down", "zero", "away", "dyn"};
static const char *const text_amo[] = {"add",  "andn", "xor",  "or", "smax",
                                       "smin", "umax", "umin", "swp"};
static const char *const text_fence[] = {"full", "load", "store"};
static const char *const text_order[] = {"", "acq", "rel", "acq_rel"};
static const char *const text_leave[] = {"lookup", "link",  "poll",  "syscall", "break", "undef",
                                         "fault",  "fetch", "flush", "icinv",   "guest"};
#define TEXT_COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* The type that operand k of i must have, or IR_VOID if that is open. Operands before k are filled
 * in. */
static inline enum ir_type text_arg_type(const struct ir_region *r, const struct ir_inst *i,
                                         unsigned k)
{
    ir_ref a = i->arg[0];
    switch (ir_opinfo[i->op].args[k]) {
    case 't': return (enum ir_type)i->type;
    case 'w': return IR_I32;
    case 'q': case 'k': case '.': return IR_I64;
    case 'o': return IR_I128;
    case 'x': return IR_V128;
    case 'f': return IR_FLG;
    case 'm': case 'g':
        return (ir_is_const(a) ? (a & ~IR_CONST_BIT) < r->nconsts : a < r->ninsts)
                   ? ir_type_of(r, a)
                   : IR_VOID;
    }
    if (i->op == IR_set && (uint64_t)i->imm < r->target->nregs)
        return (enum ir_type)r->target->regs[i->imm].type;
    return IR_VOID;
}

#endif
