/*
 * Prints regions in the form that text.h describes and parse.c reads back. Prints anything, also
 * what the verifier rejects; nops are left out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include "build.h"
#include "text.h"

static void print_number(FILE *f, uint64_t v, unsigned bits)
{
    int64_t s = (int64_t)(v << (64 - bits)) >> (64 - bits);
    if (s >= -65536 && s < 65536)
        fprintf(f, "%" PRId64, s);
    else
        fprintf(f, "0x%" PRIx64, v);
}

static void print_value(FILE *f, const struct ir_region *r, ir_ref v, enum ir_type expected)
{
    if (!ir_is_const(v)) {
        fprintf(f, "%%%u", v);
        return;
    }
    if ((v & ~IR_CONST_BIT) >= r->nconsts) {
        fputs("?", f);
        return;
    }
    const struct ir_const *c = &r->consts[v & ~IR_CONST_BIT];
    switch (c->type) {
    case IR_I128: case IR_V128: case IR_V256:
        fprintf(f, "0x%016" PRIx64 "_%016" PRIx64, c->hi, c->lo);
        break;
    case IR_I32:
        print_number(f, c->lo, 32);
        break;
    case IR_I64:
        print_number(f, c->lo, 64);
        break;
    default:
        fprintf(f, "0x%" PRIx64, c->lo);
        break;
    }
    if (c->type != expected)
        fprintf(f, ":%s", ir_type_name((enum ir_type)c->type));
}

static const char *name_of(const char *const *table, size_t n, unsigned i)
{
    return i < n ? table[i] : "?";
}
#define NAME_OF(table, i) name_of(table, TEXT_COUNT(table), i)

static void print_address(FILE *f, const struct ir_region *r, const struct ir_inst *i)
{
    unsigned scale = IR_MEM_SCALE(i->aux);
    bool indexed = (i->op == IR_load || i->op == IR_store) && i->arg[1];
    fputs(" [", f);
    print_value(f, r, i->arg[0], IR_I64);
    if (indexed) {
        fputs(" + ", f);
        print_value(f, r, i->arg[1], IR_VOID);
    }
    if (scale)
        fprintf(f, "<<%u", scale);
    if (i->imm && i->op != IR_amo) {
        fputs(i->imm < 0 ? " - " : " + ", f);
        print_number(f, i->imm < 0 ? -(uint64_t)i->imm : (uint64_t)i->imm, 64);
    }
    fputs("]", f);
    if (IR_MEM_ORDER(i->aux))
        fprintf(f, " %s", text_order[IR_MEM_ORDER(i->aux)]);
    if (IR_MEM_SPACE(i->aux))
        fprintf(f, " @%u", IR_MEM_SPACE(i->aux));
}

/* What of aux the op's own form shows; the rest is printed as aux=N. */
static unsigned print_suffix(FILE *f, const struct ir_inst *i, struct text_form form)
{
    unsigned aux = i->aux;
    switch ((enum text_aux)form.aux) {
    case AUX_NONE:
        break;
    case AUX_CC:
        if (aux >= IR_NCC)
            break;
        fprintf(f, ".%s", ir_cc_name((enum ir_cc)aux));
        return 0;
    case AUX_LANE:
        if ((aux & 7) == 7)
            break;
        fprintf(f, ".%s", text_lane[aux & 7]);
        return aux & ~7u;
    case AUX_VCMP:
        if ((aux & 7) == 7 || (aux >> 8 & 15) >= IR_NCC)
            break;
        fprintf(f, ".%s.%s", text_lane[aux & 7], ir_cc_name((enum ir_cc)(aux >> 8 & 15)));
        return aux & ~0xf07u;
    case AUX_ROUND:
        if (aux >= TEXT_COUNT(text_round))
            break;
        fprintf(f, ".%s", text_round[aux]);
        return 0;
    case AUX_VROUND:
        if ((aux & 7) == 7 || (aux >> 8 & 15) >= TEXT_COUNT(text_round))
            break;
        fprintf(f, ".%s.%s", text_lane[aux & 7], text_round[aux >> 8 & 15]);
        return aux & ~0xf07u;
    case AUX_AMO:
        fprintf(f, ".%s", NAME_OF(text_amo, (uint64_t)i->imm > 8 ? 9 : (unsigned)i->imm));
        /* fall through */
    case AUX_MEM:
        fprintf(f, ".%u%s", 1u << IR_MEM_SIZE(aux), IR_MEM_SIGNED(aux) ? "s" : "");
        return aux & 0xe00u;
    case AUX_FENCE:
        if (aux >= TEXT_COUNT(text_fence))
            break;
        fprintf(f, ".%s", text_fence[aux]);
        return 0;
    case AUX_LEAVE:
        if (aux >= TEXT_COUNT(text_leave))
            break;
        fprintf(f, ".%s", text_leave[aux]);
        return 0;
    case AUX_DEAD:
        if (aux & 1)
            fputs(".flags_dead", f);
        return aux & ~1u;
    }
    return aux;
}

static void print_inst(FILE *f, const struct ir_region *r, uint32_t v)
{
    const struct ir_inst *i = &r->insts[v];
    const struct ir_opinfo *info = &ir_opinfo[i->op];
    struct text_form form = text_form(i->op);
    const char *sep = " ";
    bool plain = false;

    fputs("  ", f);
    if (i->type != IR_VOID)
        fprintf(f, "%%%u:%s = ", v, ir_type_name((enum ir_type)i->type));
    fputs(info->name, f);
    if (i->op == IR_insn) {
        fprintf(f, " 0x%" PRIx64 ", %u\n", (uint64_t)i->imm, i->aux);
        return;
    }
    unsigned rest = print_suffix(f, i, form);
    switch ((enum text_imm)form.imm) {
    case IMM_REG:
        fprintf(f, " %s", (uint64_t)i->imm < r->target->nregs ? r->target->regs[i->imm].name : "?");
        sep = ", ";
        break;
    case IMM_BITS:
        fprintf(f, ".%" PRId64, i->imm);
        break;
    case IMM_HELPER:
        fprintf(f, " %s(",
                (uint64_t)i->imm < r->target->nhelpers ? r->target->helpers[i->imm].name : "?");
        sep = "";
        break;
    case IMM_PC:
        fprintf(f, " 0x%" PRIx64, (uint64_t)i->imm);
        sep = ", ";
        break;
    case IMM_ADDRESS:
        print_address(f, r, i);
        sep = ", ";
        break;
    case IMM_PLAIN: case IMM_FIELD: case IMM_BLOCK: case IMM_BLOCKS:
        plain = form.imm == IMM_PLAIN;
        break;
    }
    bool memory = form.imm == IMM_ADDRESS, indexed = i->op == IR_load || i->op == IR_store;
    for (unsigned k = memory ? indexed ? 2 : 1 : 0; k < info->nargs; k++) {
        if (!i->arg[k])
            continue;
        fputs(sep, f);
        print_value(f, r, i->arg[k], text_arg_type(r, i, k));
        sep = ", ";
    }
    switch ((enum text_imm)form.imm) {
    case IMM_HELPER:
        fputs(")", f);
        break;
    case IMM_FIELD:
        fprintf(f, "%s%" PRId64 ":%" PRId64, sep, i->imm & 0xff, i->imm >> 8);
        break;
    case IMM_BLOCK:
        fprintf(f, "%sb%" PRIu32, sep, (uint32_t)i->imm);
        break;
    case IMM_BLOCKS:
        fprintf(f, "%sb%" PRIu32 ", b%" PRIu32, sep, (uint32_t)i->imm,
                (uint32_t)((uint64_t)i->imm >> 32));
        break;
    case IMM_PLAIN: case IMM_REG: case IMM_BITS: case IMM_PC: case IMM_ADDRESS:
        break;
    }
    if (plain && i->imm)
        fprintf(f, "%s#%" PRId64, sep, i->imm);
    if (rest)
        fprintf(f, " aux=%u", rest);
    fputs("\n", f);
}

void ir_print(FILE *f, const struct ir_region *r)
{
    fprintf(f, "region pc=0x%" PRIx64 " end=0x%" PRIx64 " insns=%u\n", r->pc, r->end_pc, r->ninsns);
    uint32_t *order = malloc((r->nblocks + 1) * sizeof(*order));
    unsigned n = order ? ir_block_order(r, order) : 0;
    for (unsigned k = 0; k < n; k++) {
        const struct ir_block *b = &r->blocks[order[k]];
        fprintf(f, "b%u pc=0x%" PRIx64 "%s%s%s%s:\n", order[k], b->pc, b->poll ? " poll" : "",
                b->flags_dead ? " flags_dead" : "", b->entry ? " entry" : "",
                b->cold ? " cold" : "");
        for (uint32_t v = b->first; v < b->end; v++)
            if (r->insts[v].op >= IR_NOPS)
                fprintf(f, "  ? operation %u\n", r->insts[v].op);
            else if (r->insts[v].op != IR_nop)
                print_inst(f, r, v);
    }
    free(order);
}
