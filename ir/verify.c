/*
 * The verifier: what must hold of every region that reaches a pass or a backend.
 *
 *   blocks     filled, disjoint, ended by a terminator and holding no other; targets exist
 *   values     defined before they are used in the order of instructions, by a definition whose
 *              block dominates the use; constants have a type that constants can have
 *   types      of operands by the letters of ops.def, of results by its result column
 *   fields     imm and aux within their ranges; rows of registers and helpers exist; arity of calls
 *   commit     no operation that may fault follows a `set` within one guest instruction on any path
 *   entries    where control comes in from outside (entry, poll), nothing is done before an `insn`
 *
 * It is used in debug builds and tests; it allocates and does not hurry. Blocks that cannot be
 * reached are checked too, except for dominance.
 */
#include <stdlib.h>
#include "build.h"

static bool is_int(enum ir_type t) { return t == IR_I32 || t == IR_I64; }
static bool is_float(enum ir_type t) { return t == IR_F16 || t == IR_F32 || t == IR_F64; }
static unsigned type_bytes(enum ir_type t)
{
    static const uint8_t bytes[IR_NTYPES] = {0, 4, 8, 16, 2, 4, 8, 16, 32, 0};
    return bytes[t];
}

/* ------------------------------------------------------------------ operands */

static const char *check_arg(char letter, enum ir_type t, enum ir_type inst, enum ir_type *first)
{
    switch (letter) {
    case 't': return t == inst ? NULL : "operand is not of the instruction's type";
    case 'w': return t == IR_I32 ? NULL : "operand is not i32";
    case 'q': case 'k': case '.': return t == IR_I64 ? NULL : "operand is not i64";
    case 'o': return t == IR_I128 ? NULL : "operand is not i128";
    case 'x': return t == IR_V128 ? NULL : "operand is not v128";
    case 'f': return t == IR_FLG ? NULL : "operand is not flags";
    case 'n': *first = t; return is_int(t) ? NULL : "operand is not an integer";
    case 'e': *first = t; return is_float(t) ? NULL : "operand is not a float";
    case 'm': case 'g': return t == *first ? NULL : "operand differs in type from the first";
    case '*': case '?': return t != IR_VOID ? NULL : "operand has no value";
    }
    return "unknown letter in ops.def";
}

static const char *check_const(const struct ir_const *c)
{
    switch (c->type) {
    case IR_I32: case IR_F32:
        return c->lo >> 32 || c->hi ? "constant of 32 bits has more" : NULL;
    case IR_F16:
        return c->lo >> 16 || c->hi ? "constant of 16 bits has more" : NULL;
    case IR_I64: case IR_F64:
        return c->hi ? "constant of 64 bits has more" : NULL;
    case IR_I128: case IR_V128:
        return NULL;
    }
    return "constant of a type that has none";
}

static const char *check_args(const struct ir_region *r, const struct ir_inst *i, uint32_t v)
{
    const struct ir_opinfo *info = &ir_opinfo[i->op];
    enum ir_type first = IR_VOID;
    for (unsigned k = 0; k < 4; k++) {
        ir_ref a = i->arg[k];
        char letter = k < info->nargs ? info->args[k] : 0;
        if (!a) {
            if (letter && letter != '.' && letter != '?')
                return "operand is missing";
            continue;
        }
        if (!letter)
            return "too many operands";
        if (letter == 'k' && !ir_is_const(a))
            return "operand is not a constant";
        if (ir_is_const(a)) {
            if ((a & ~IR_CONST_BIT) >= r->nconsts)
                return "constant does not exist";
            const char *wrong = check_const(&r->consts[a & ~IR_CONST_BIT]);
            if (wrong)
                return wrong;
        } else if (a >= v) {
            return "value is used before it is defined";
        }
        const char *wrong = check_arg(letter, ir_type_of(r, a), (enum ir_type)i->type, &first);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* -------------------------------------------------------------------- fields */

static const char *check_field(const struct ir_inst *i, enum ir_type t)
{
    unsigned lsb = (unsigned)i->imm & 0xff, width = (unsigned)(i->imm >> 8) & 0xff;
    return i->imm >> 16 || width == 0 || lsb + width > type_bytes(t) * 8 ? "bit field out of range"
                                                                         : NULL;
}

static const char *check_memory(const struct ir_region *r, const struct ir_inst *i)
{
    unsigned size = IR_MEM_SIZE(i->aux);
    bool plain = i->op == IR_load || i->op == IR_store;
    enum ir_type t = (enum ir_type)(i->op == IR_store ? ir_type_of(r, i->arg[2])
                                    : i->op == IR_casx ? ir_type_of(r, i->arg[1]) : i->type);
    if (size > 4)
        return "memory size out of range";
    if (t == IR_FLG || t == IR_V256 || 1u << size > type_bytes(t))
        return "memory size does not fit the type";
    if (is_float(t) && 1u << size != type_bytes(t))
        return "memory size does not fit the type";
    if (IR_MEM_SIGNED(i->aux) && (i->op != IR_load || !is_int(t)))
        return "sign extension of what is no integer load";
    if (i->op == IR_casx && ir_type_of(r, i->arg[2]) != t)
        return "operand differs in type from the first";
    if (IR_MEM_SCALE(i->aux) > 4 || (IR_MEM_SCALE(i->aux) && (!plain || !i->arg[1])))
        return "index scale without index";
    if (plain ? i->imm != (int32_t)i->imm : i->op != IR_amo && i->imm)
        return "displacement out of range";
    if (i->op == IR_amo && (uint64_t)i->imm > IR_AMO_SWP)
        return "unknown atomic operation";
    return NULL;
}

/* imm of frint: bit 0, and the bits of the integers. */
static bool rounds_within(int64_t imm)
{
    return imm >> 1 == 0 || imm == (32 << 8 | 1) || imm == (64 << 8 | 1);
}

static const char *check_lane_imm(const struct ir_inst *i)
{
    unsigned bits = ir_lane_bits[i->aux & 7];
    uint64_t imm = (uint64_t)i->imm, lanes = 128 / bits;
    if ((i->aux & 7) == 7)
        return "unknown lane";
    if (ir_opinfo[i->op].effects & IR_E_FPENV && (i->aux & 7) < IR_LH)
        return "lane is not one of a float";
    switch ((unsigned)i->op) {
    case IR_vshli: return imm < bits ? NULL : "vector shift out of range";
    case IR_vshri: case IR_vsari: return imm <= bits ? NULL : "vector shift out of range";
    case IR_vshrn: return bits > 8 && imm <= bits ? NULL : "vector shift out of range";
    case IR_vdupl: case IR_vins: return imm < lanes ? NULL : "vector lane out of range";
    case IR_vget:
        return !(imm & ~0x8full) && (imm & 15) < lanes &&
                       bits <= type_bytes((enum ir_type)i->type) * 8
                   ? NULL
                   : "vector lane out of range";
    case IR_vinsl: return !(imm & ~0xf0full) && (imm & 15) < lanes && imm >> 8 < lanes
                              ? NULL : "vector lane out of range";
    case IR_vror: return bits >= 32 && imm < bits ? NULL : "vector shift out of range";
    case IR_vpmull: return imm & ~0x11ull ? "vector lane out of range" : NULL;
    case IR_vpick: return imm <= 255 ? NULL : "vector lane out of range";
    case IR_vsha1r4: return imm <= 3 ? NULL : "unknown function";
    case IR_vext: return imm <= 15 ? NULL : "vector shift out of range";
    case IR_vext64: return imm <= 7 ? NULL : "vector shift out of range";
    case IR_vrev:
        return (imm == 16 || imm == 32 || imm == 64) && imm > bits
                   ? NULL : "vector container out of range";
    case IR_vfxmul: case IR_vpackss: case IR_vpacksu: case IR_vpackuu:
        return bits != 16 && bits != 32 ? "vector lane out of range"
               : imm > (i->op == IR_vfxmul ? 2 : 0) ? "immediate out of range"
                                                    : NULL;
    case IR_vdot4: return imm <= 3 ? NULL : "immediate out of range";
    case IR_vxtn: return bits > 8 ? NULL : "vector lane out of range";
    case IR_vuxtl: case IR_vsxtl: case IR_vumull: case IR_vsmull:
        return bits < 64 ? NULL : "vector lane out of range";
    case IR_fvcvti:
        return (i->aux >> 8 & 15) <= IR_RN_DYN ? NULL : "unknown rounding";
    case IR_fvrint:
        return (i->aux >> 8 & 15) <= IR_RN_DYN && rounds_within(i->imm) ? NULL : "unknown rounding";
    case IR_fvcmp: {
        unsigned cc = i->aux >> 8 & 15;
        return cc == IR_EQ || cc == IR_GE || cc == IR_GT ? NULL
                                                         : "condition is none of this operation";
    }
    case IR_fvwiden:
        return bits < 64 ? NULL : "vector lane out of range";
    case IR_fvfmaw:
        return bits == 16 && !(imm >> 1) ? NULL : "vector lane out of range";
    case IR_fvbfcvt:
        return bits == 32 ? NULL : "vector lane out of range";
    case IR_fvnarrow:
        return bits > 16 ? NULL : "vector lane out of range";
    case IR_vcmp: {
        unsigned cc = i->aux >> 8 & 15;
        return cc == IR_EQ || cc == IR_GE || cc == IR_GT || cc == IR_HS || cc == IR_HI
                   ? NULL : "condition is none of this operation";
    }
    }
    return NULL;
}

static const char *check_call(const struct ir_region *r, const struct ir_inst *i)
{
    if ((uint64_t)i->imm >= r->target->nhelpers)
        return "helper does not exist";
    const struct ir_helper *h = &r->target->helpers[i->imm];
    for (unsigned k = 0; k < 4; k++) {
        if ((k < h->nargs) != (i->arg[k] != 0))
            return "number of arguments is not the helper's";
        if (i->arg[k] && !is_int(ir_type_of(r, i->arg[k])))
            return "argument of a helper is not an integer";
    }
    if (i->type != h->result && i->type != IR_VOID)
        return "result type is not the helper's";
    if (h->class == IR_MAY_LEAVE && i->type != IR_VOID)
        return "a helper that may leave gives no value";
    return NULL;
}

static const char *check_fields(const struct ir_region *r, const struct ir_inst *i)
{
    enum ir_type t = (enum ir_type)i->type, at = i->arg[0] ? ir_type_of(r, i->arg[0]) : IR_VOID;
    unsigned bits = type_bytes(t) * 8;
    int result = ir_opinfo[i->op].result;
    if (result >= 0 && t != (enum ir_type)result)
        return "result type is not the operation's";
    switch ((unsigned)i->op) {
    case IR_get:
    case IR_set:
        if ((uint64_t)i->imm >= r->target->nregs)
            return "guest register does not exist";
        if ((i->op == IR_get ? t : at) != (enum ir_type)r->target->regs[i->imm].type)
            return "type is not the guest register's";
        return NULL;
    case IR_umulh: case IR_smulh:
        return t == IR_I64 ? NULL : "only for i64";
    case IR_add: case IR_sub: case IR_mul: case IR_udiv: case IR_sdiv: case IR_and: case IR_or:
    case IR_xor: case IR_andn: case IR_not: case IR_neg: case IR_shl: case IR_shr: case IR_sar:
    case IR_ror: case IR_clz: case IR_ctz: case IR_popcnt: case IR_bswap: case IR_rbit: case IR_adc:
    case IR_sbc:
        return is_int(t) ? NULL : "integer operation of another type";
    case IR_extr:
        return is_int(t) && (uint64_t)i->imm < bits ? NULL : "bit field out of range";
    case IR_ubfx: case IR_sbfx: case IR_bfi:
        return is_int(t) ? check_field(i, t) : "integer operation of another type";
    case IR_zext: case IR_sext:
        return is_int(t) && (i->imm == 8 || i->imm == 16 || i->imm == 32)
                   ? NULL
                   : "extension out of range";
    case IR_crc32c:
        if (t != IR_I32)
            return "only for i32";
        return (i->imm == 8 || i->imm == 16 || i->imm == 32 || i->imm == 64) &&
               i->imm <= type_bytes(ir_type_of(r, i->arg[1])) * 8 ? NULL : "extension out of range";
    case IR_icmp:
        return i->aux <= IR_LE ? NULL : "condition is none of this operation";
    case IR_itst:
        return i->aux == IR_EQ || i->aux == IR_NE || i->aux == IR_MI || i->aux == IR_PL
                   ? NULL : "condition is none of this operation";
    case IR_cc:
        return i->aux < IR_NCC ? NULL : "condition is none of this operation";
    case IR_select:
        return t != IR_VOID && t != IR_FLG ? NULL : "selection of another type";
    case IR_load: case IR_store: case IR_amo: case IR_cas: case IR_casx:
        if (i->op == IR_amo && !is_int(t))
            return "integer operation of another type";
        if (i->op == IR_cas && !is_int(t) && t != IR_I128)
            return "integer operation of another type";
        return check_memory(r, i);
    case IR_aligned:
        return (i->imm == 2 || i->imm == 4 || i->imm == 8 || i->imm == 16) && i->aux <= 1
                   ? NULL : "alignment out of range";
    case IR_fence:
        return i->aux <= IR_FENCE_STORE ? NULL : "unknown fence";
    case IR_call:
        return check_call(r, i);
    case IR_jmp:
        return (uint64_t)i->imm < r->nblocks ? NULL : "target block does not exist";
    case IR_br:
        return (uint32_t)i->imm < r->nblocks && (uint64_t)i->imm >> 32 < r->nblocks
                   ? NULL : "target block does not exist";
    case IR_leave:
        return i->aux <= IR_LEAVE_GUEST ? NULL : "unknown reason to leave";
    case IR_fadd: case IR_fsub: case IR_fmul: case IR_fdiv: case IR_fsqrt: case IR_fma:
    case IR_fmin: case IR_fmax: case IR_fneg: case IR_fabs: case IR_icvtf: case IR_bitsf: case IR_vlow:
        return is_float(t) ? NULL : "float operation of another type";
    case IR_fcvt:
        return is_float(t) && (uint64_t)i->imm <= 1 ? NULL : "float operation of another type";
    case IR_fcmp:
        return ir_type_of(r, i->arg[0]) != IR_F16 ? NULL : "comparison of half precision";
    case IR_frint:
        return is_float(t) && i->aux <= IR_RN_DYN && rounds_within(i->imm) ? NULL
                                                                           : "unknown rounding";
    case IR_fcvti:
        if (i->imm & 0x100 && (i->imm != 0x100 || i->aux != IR_RN_ZERO || t != IR_I32 || at != IR_F64))
            return "modulo of another conversion";
        return is_int(t) && i->aux <= IR_RN_DYN ? NULL : "unknown rounding";
    case IR_fbits:
        return t == (at == IR_F64 ? IR_I64 : IR_I32) ? NULL : "integer operation of another type";
    case IR_vzx:
        return is_int(at) || is_float(at) ? NULL : "vector of another type";
    }
    if (i->op == IR_vget && !is_int(t))
        return "integer operation of another type";
    return i->op >= IR_vadd ? check_lane_imm(i) : NULL;
}

/* -------------------------------------------------------------------- blocks */

/* Facts about blocks, by number. */
struct flow {
    uint32_t *order;         /* blocks in the order of their instructions */
    uint32_t *owner;         /* of each instruction: block number + 1, or 0 */
    uint64_t *dom;           /* bit matrix: the blocks that dominate block b */
    bool *reached, *open;    /* open: a `set` since the last `insn` on some path to its start */
    uint32_t words;
};

static bool dominates(const struct flow *f, uint32_t a, uint32_t b)
{
    return f->dom[(size_t)b * f->words + a / 64] >> (a % 64) & 1;
}

static const char *check_blocks(const struct ir_region *r, struct flow *f, uint32_t *at)
{
    uint32_t end = 1;
    if (r->nblocks == 0)
        return "region without blocks";
    unsigned filled = ir_block_order(r, f->order);
    for (uint32_t b = 0; b < r->nblocks; b++)
        if (r->blocks[b].end <= r->blocks[b].first)
            return *at = r->blocks[b].first, "block without terminator";
    if (filled != r->nblocks)
        return "block that was not begun";
    for (unsigned k = 0; k < filled; k++) {
        const struct ir_block *b = &r->blocks[f->order[k]];
        *at = b->first;
        if (b->first < end || b->end > r->ninsts)
            return "blocks overlap";
        for (uint32_t v = b->first; v < b->end; v++) {
            *at = v;
            if (r->insts[v].op >= IR_NOPS || r->insts[v].type >= IR_NTYPES)
                return "unknown operation or type";
            bool term = ir_opinfo[r->insts[v].op].effects & IR_E_TERM;
            if (term != (v + 1 == b->end))
                return term ? "terminator inside a block" : "block without terminator";
            f->owner[v] = f->order[k] + 1;
        }
        end = b->end;
    }
    for (uint32_t v = 1; v < r->ninsts; v++)
        if (!f->owner[v] && r->insts[v].op != IR_nop)
            return *at = v, "instruction outside of blocks";
    return NULL;
}

/* Blocks reached from entries, and dominators, by iteration to the fixed point. */
static void find_dominators(const struct ir_region *r, struct flow *f)
{
    uint32_t n = r->nblocks, succ[2];
    memset(f->dom, 0xff, (size_t)n * f->words * 8);
    for (uint32_t b = 0; b < n; b++)
        if (b == 0 || r->blocks[b].entry) {
            f->reached[b] = true;
            memset(f->dom + (size_t)b * f->words, 0, f->words * 8);
            f->dom[(size_t)b * f->words + b / 64] |= 1ull << (b % 64);
        }
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t b = 0; b < n; b++) {
            if (!f->reached[b])
                continue;
            for (unsigned k = ir_block_succ(r, &r->blocks[b], succ); k-- > 0;) {
                uint64_t *to = f->dom + (size_t)succ[k] * f->words;
                const uint64_t *from = f->dom + (size_t)b * f->words;
                changed |= !f->reached[succ[k]];
                f->reached[succ[k]] = true;
                for (uint32_t w = 0; w < f->words; w++) {
                    uint64_t self = succ[k] / 64 == w ? 1ull << (succ[k] % 64) : 0;
                    uint64_t met = to[w] & (from[w] | self);
                    changed |= met != to[w];
                    to[w] = met;
                }
            }
        }
    }
}

static const char *check_dominance(const struct ir_region *r, const struct flow *f, uint32_t *at)
{
    for (uint32_t v = 1; v < r->ninsts; v++) {
        const struct ir_inst *i = &r->insts[v];
        if (!f->owner[v] || !f->reached[f->owner[v] - 1])
            continue;
        for (unsigned k = 0; k < ir_opinfo[i->op].nargs; k++) {
            ir_ref a = i->arg[k];
            if (!a || ir_is_const(a))
                continue;
            *at = v;
            if (!f->owner[a])
                return "value is defined outside of blocks";
            if (!dominates(f, f->owner[a] - 1, f->owner[v] - 1))
                return "definition does not dominate the use";
        }
    }
    return NULL;
}

/* May instruction i fault, or leave like a fault? */
static bool may_fault(const struct ir_region *r, const struct ir_inst *i)
{
    return ir_opinfo[i->op].effects & IR_E_FAULT ||
           (i->op == IR_call && r->target->helpers[i->imm].class == IR_MAY_LEAVE);
}

static const char *check_commit(const struct ir_region *r, struct flow *f, uint32_t *at)
{
    uint32_t succ[2];
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t k = 0; k < r->nblocks; k++) {
            const struct ir_block *b = &r->blocks[f->order[k]];
            bool open = f->open[f->order[k]];
            for (uint32_t v = b->first; v < b->end; v++) {
                const struct ir_inst *i = &r->insts[v];
                *at = v;
                if (i->op == IR_insn)
                    open = false;
                else if (open && may_fault(r, i))
                    return "an operation that may fault follows a set";
                else if (i->op == IR_set)
                    open = true;
            }
            for (unsigned s = ir_block_succ(r, b, succ); s-- > 0;)
                if (open && !f->open[succ[s]])
                    changed = f->open[succ[s]] = true;
        }
    }
    for (uint32_t k = 0; k < r->nblocks; k++) {
        const struct ir_block *b = &r->blocks[k];
        if (k != 0 && !b->entry && !b->poll)
            continue;
        for (uint32_t v = b->first; v < b->end && r->insts[v].op != IR_insn; v++) {
            *at = v;
            if (r->insts[v].op == IR_set || may_fault(r, &r->insts[v]))
                return "an entry does something before its first insn";
        }
    }
    return NULL;
}

static const char *check_region(const struct ir_region *r, struct flow *f, uint32_t *at)
{
    const char *wrong = check_blocks(r, f, at);
    if (wrong)
        return wrong;
    for (uint32_t v = 1; v < r->ninsts; v++) {
        const struct ir_inst *i = &r->insts[v];
        if (i->op == IR_nop)
            continue;
        *at = v;
        if ((wrong = check_args(r, i, v)) || (wrong = check_fields(r, i)))
            return wrong;
    }
    find_dominators(r, f);
    if ((wrong = check_dominance(r, f, at)) || (wrong = check_commit(r, f, at)))
        return wrong;
    return NULL;
}

const char *ir_verify(const struct ir_region *r, uint32_t *at)
{
    uint32_t n = r->nblocks, words = (n + 63) / 64, ignored;
    size_t bytes = (size_t)n * words * 8 + (size_t)n * 4 + (size_t)r->ninsts * 4 + (size_t)n * 2;
    char *memory = calloc(1, bytes + 8);
    if (!memory)
        return "no memory to verify";
    struct flow f = {.words = words};
    f.dom = (uint64_t *)memory;
    f.order = (uint32_t *)(f.dom + (size_t)n * words);
    f.owner = f.order + n;
    f.reached = (bool *)(f.owner + r->ninsts);
    f.open = f.reached + n;
    if (!at)
        at = &ignored;
    *at = 0;
    const char *wrong = check_region(r, &f, at);
    free(memory);
    return wrong;
}
