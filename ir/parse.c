/*
 * Reads the text form of the IR (text.h) into a raw region.
 *
 * What ir_print wrote reads back to the same instructions under the same numbers; nops fill the
 * gaps. Written by hand, values may have any numbers: one that is below the next free number is
 * only a name.
 * `;` starts a comment; the `region` line and pc= may be left out. Anything else that is not the
 * form is refused with the number of its line. The result is not verified.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include "build.h"
#include "text.h"

enum { MAX_NUMBER = 1 << 20, MAX_BLOCKS = 1 << 12 };

struct parser {
    struct ir_region *r;
    const char *p; /* next character */
    unsigned line;
    uint32_t *names; /* value by number in the text, 0 if there is none */
    bool in_block;
    bool failed;
    char *err;
    size_t errlen;
};

static void fail(struct parser *s, const char *format, ...)
{
    char what[128];
    va_list ap;
    if (s->failed)
        return;
    s->failed = true;
    va_start(ap, format);
    vsnprintf(what, sizeof(what), format, ap);
    va_end(ap);
    snprintf(s->err, s->errlen, "line %u: %s", s->line, what);
}

static void skip_blanks(struct parser *s)
{
    while (*s->p == ' ' || *s->p == '\t' || *s->p == '\r')
        s->p++;
}

static bool accept(struct parser *s, const char *text)
{
    skip_blanks(s);
    size_t n = strlen(text);
    if (strncmp(s->p, text, n) != 0)
        return false;
    s->p += n;
    return true;
}

static void expect(struct parser *s, const char *text)
{
    if (!accept(s, text))
        fail(s, "\"%s\" expected before \"%.12s\"", text, s->p);
}

static bool at_end(struct parser *s)
{
    skip_blanks(s);
    return *s->p == 0 || *s->p == '\n' || *s->p == ';';
}

/* A word of letters, digits and _ into out; empty if there is none. */
static void word(struct parser *s, char *out, size_t n)
{
    size_t len = 0;
    while ((isalnum((unsigned char)*s->p) || *s->p == '_') && len + 1 < n)
        out[len++] = *s->p++;
    out[len] = 0;
}

static bool accept_word(struct parser *s, const char *text)
{
    const char *start = s->p;
    if (accept(s, text) && !isalnum((unsigned char)*s->p) && *s->p != '_')
        return true;
    s->p = start;
    return false;
}

static uint64_t number(struct parser *s)
{
    char *end;
    skip_blanks(s);
    bool negative = *s->p == '-';
    const char *digits = s->p + negative;
    if (!isdigit((unsigned char)*digits)) {
        fail(s, "number expected before \"%.12s\"", s->p);
        return 0;
    }
    uint64_t v = strtoull(digits, &end, 0);
    s->p = end;
    return negative ? -v : v;
}

/* A number below limit. */
static uint32_t small_number(struct parser *s, uint32_t limit)
{
    uint64_t v = number(s);
    if (v >= limit)
        fail(s, "number out of range");
    return s->failed ? 0 : (uint32_t)v;
}

/* Index in a table of names of the word that follows "."; the whole word must match. */
static unsigned suffix(struct parser *s, const char *const *table, size_t n, const char *what)
{
    char name[16];
    if (*s->p != '.') {
        fail(s, "%s expected", what);
        return 0;
    }
    s->p++;
    word(s, name, sizeof(name));
    for (unsigned i = 0; i < n; i++)
        if (strcmp(table[i], name) == 0)
            return i;
    fail(s, "unknown %s \"%s\"", what, name);
    return 0;
}
#define SUFFIX(s, table, what) suffix(s, table, TEXT_COUNT(table), what)

static unsigned condition(struct parser *s)
{
    const char *names[IR_NCC];
    for (unsigned cc = 0; cc < IR_NCC; cc++)
        names[cc] = ir_cc_name((enum ir_cc)cc);
    return suffix(s, names, IR_NCC, "condition");
}

static enum ir_type type_name(struct parser *s)
{
    char name[16];
    word(s, name, sizeof(name));
    for (unsigned t = IR_VOID + 1; t < IR_NTYPES; t++)
        if (strcmp(ir_type_name((enum ir_type)t), name) == 0)
            return (enum ir_type)t;
    fail(s, "unknown type \"%s\"", name);
    return IR_VOID;
}

static ir_ref constant(struct parser *s, enum ir_type t)
{
    uint64_t v = number(s), hi = 0;
    bool wide = *s->p == '_';
    if (wide) {
        char digits[20] = "";
        hi = v;
        s->p++;
        word(s, digits, sizeof(digits));
        v = strtoull(digits, NULL, 16);
    }
    if (*s->p == ':') {
        s->p++;
        t = type_name(s);
    }
    if (t == IR_VOID)
        fail(s, "the constant needs a type");
    if (wide != (t == IR_I128 || t == IR_V128))
        fail(s, "constant of the wrong width");
    if (s->failed)
        return 0;
    return wide ? ir_const128(s->r, t, v, hi) : ir_const(s->r, t, v);
}

static ir_ref value(struct parser *s, enum ir_type t)
{
    if (!accept(s, "%"))
        return constant(s, t);
    uint32_t n = small_number(s, MAX_NUMBER);
    if (!s->failed && !s->names[n])
        fail(s, "%%%u is not defined", n);
    return s->failed ? 0 : s->names[n];
}

static uint32_t block_number(struct parser *s)
{
    expect(s, "b");
    return small_number(s, MAX_BLOCKS);
}

/* ------------------------------------------------------------ instructions */

static void parse_suffix(struct parser *s, struct ir_inst *i, struct text_form form)
{
    switch ((enum text_aux)form.aux) {
    case AUX_NONE:
        break;
    case AUX_CC:
        i->aux = (uint16_t)condition(s);
        break;
    case AUX_LANE:
        if (*s->p == '.')
            i->aux = (uint16_t)SUFFIX(s, text_lane, "lane");
        else
            i->aux = 7;
        break;
    case AUX_VCMP:
        i->aux = (uint16_t)SUFFIX(s, text_lane, "lane");
        i->aux |= (uint16_t)(condition(s) << 8);
        break;
    case AUX_VROUND:
        i->aux = (uint16_t)SUFFIX(s, text_lane, "lane");
        i->aux |= (uint16_t)(SUFFIX(s, text_round, "rounding") << 8);
        break;
    case AUX_ROUND:
        i->aux = (uint16_t)SUFFIX(s, text_round, "rounding");
        break;
    case AUX_AMO:
        i->imm = SUFFIX(s, text_amo, "atomic operation");
        /* fall through */
    case AUX_MEM: {
        expect(s, ".");
        uint32_t bytes = small_number(s, 256);
        if (bytes == 0 || bytes & (bytes - 1))
            fail(s, "memory size is no power of two");
        i->aux = (uint16_t)(bytes ? __builtin_ctz(bytes) : 0);
        if (*s->p == 's') {
            s->p++;
            i->aux |= 8;
        }
        break;
    }
    case AUX_FENCE:
        i->aux = (uint16_t)SUFFIX(s, text_fence, "fence");
        break;
    case AUX_LEAVE:
        i->aux = (uint16_t)SUFFIX(s, text_leave, "reason");
        break;
    case AUX_DEAD:
        if (accept(s, ".flags_dead"))
            i->aux = 1;
        break;
    }
}

static void parse_address(struct parser *s, struct ir_inst *i)
{
    bool first = true, negative = false;
    expect(s, "[");
    i->arg[0] = value(s, IR_I64);
    for (;;) {
        skip_blanks(s);
        if (accept(s, "<<")) {
            i->aux |= (uint16_t)(small_number(s, 8) << 4);
            continue;
        }
        negative = *s->p == '-';
        if (*s->p != '+' && *s->p != '-')
            break;
        s->p++;
        skip_blanks(s);
        if (!negative && first && *s->p == '%') {
            i->arg[1] = value(s, IR_I64);
            first = false;
            continue;
        }
        const char *start = s->p;
        uint64_t n = number(s);
        if (*s->p == ':' || *s->p == '<') { /* a constant index */
            s->p = start;
            i->arg[1] = constant(s, IR_I64);
            continue;
        }
        i->imm = (int64_t)(negative ? -n : n);
    }
    expect(s, "]");
    for (unsigned order = TEXT_COUNT(text_order); order-- > 1;)
        if (accept_word(s, text_order[order])) {
            i->aux |= (uint16_t)(order << 7);
            break;
        }
    if (accept(s, "@"))
        i->aux |= (uint16_t)(small_number(s, 16) << 12);
}

static int64_t find_row(struct parser *s, bool helper)
{
    const struct ir_target *t = s->r->target;
    char name[64];
    skip_blanks(s);
    word(s, name, sizeof(name));
    for (unsigned k = 0; k < (helper ? t->nhelpers : t->nregs); k++)
        if (strcmp(helper ? t->helpers[k].name : t->regs[k].name, name) == 0)
            return k;
    fail(s, "unknown %s \"%s\"", helper ? "helper" : "register", name);
    return 0;
}

/* Operands from k on, separated by commas; those that the op can do without may be missing. */
static void parse_operands(struct parser *s, struct ir_inst *i, unsigned k, bool comma)
{
    const char *letters = ir_opinfo[i->op].args;
    for (; k < ir_opinfo[i->op].nargs && !s->failed; k++) {
        bool optional = letters[k] == '.' || letters[k] == '?';
        if (optional && (at_end(s) || *s->p == ')' || (comma && *s->p != ',')))
            return;
        if (comma)
            expect(s, ",");
        i->arg[k] = value(s, text_arg_type(s->r, i, k));
        comma = true;
    }
}

static void parse_inst(struct parser *s)
{
    struct ir_inst in = {0}, *i = &in;
    char name[24];
    uint32_t number_of_value = 0;
    skip_blanks(s);
    if (accept(s, "%")) {
        number_of_value = small_number(s, MAX_NUMBER);
        expect(s, ":");
        i->type = type_name(s);
        expect(s, "=");
        skip_blanks(s);
    }
    word(s, name, sizeof(name));
    unsigned op = 0;
    while (op < IR_NOPS && strcmp(ir_opinfo[op].name, name) != 0)
        op++;
    if (op == IR_NOPS)
        fail(s, "unknown operation \"%s\"", name);
    if (s->failed)
        return;
    i->op = (uint8_t)op;
    struct text_form form = text_form(op);
    parse_suffix(s, i, form);
    bool comma = false;
    unsigned first = 0;
    switch ((enum text_imm)form.imm) {
    case IMM_REG:
        i->imm = find_row(s, false);
        comma = true;
        break;
    case IMM_BITS:
        expect(s, ".");
        i->imm = small_number(s, 256);
        break;
    case IMM_HELPER:
        i->imm = find_row(s, true);
        expect(s, "(");
        break;
    case IMM_PC:
        i->imm = (int64_t)number(s);
        comma = true;
        if (op == IR_insn && accept(s, ","))
            i->aux = (uint16_t)small_number(s, 65536);
        break;
    case IMM_ADDRESS:
        parse_address(s, i);
        comma = true;
        first = op == IR_load || op == IR_store ? 2 : 1;
        break;
    case IMM_PLAIN: case IMM_FIELD: case IMM_BLOCK: case IMM_BLOCKS:
        break;
    }
    parse_operands(s, i, first, comma);
    if (form.imm == IMM_HELPER) {
        expect(s, ")");
    } else if (form.imm == IMM_FIELD) {
        expect(s, ",");
        i->imm = small_number(s, 256);
        expect(s, ":");
        i->imm |= (int64_t)small_number(s, 256) << 8;
    } else if (form.imm == IMM_BLOCK) {
        i->imm = block_number(s);
    } else if (form.imm == IMM_BLOCKS) {
        expect(s, ",");
        i->imm = block_number(s);
        expect(s, ",");
        i->imm |= (int64_t)block_number(s) << 32;
    } else if (form.imm == IMM_PLAIN) {
        bool another = accept(s, ",");
        if (accept(s, "#"))
            i->imm = (int64_t)number(s);
        else if (another)
            fail(s, "\"#\" expected");
    }
    if (accept(s, "aux="))
        i->aux |= (uint16_t)small_number(s, 65536);
    if (!at_end(s))
        fail(s, "\"%.12s\" is left over", s->p);
    if (s->failed)
        return;
    if ((i->type == IR_VOID) != (ir_opinfo[op].result == IR_VOID) && op != IR_call) {
        fail(s, i->type ? "%s gives no value" : "%s gives a value", name);
        return;
    }
    if (number_of_value > s->r->ninsts && s->names[number_of_value] == 0)
        while (s->r->ninsts < number_of_value)
            ir_append(s->r, IR_nop, IR_VOID, 0, 0, 0, 0, 0, 0);
    ir_ref v = ir_append(s->r, (enum ir_op)op, (enum ir_type)i->type, i->arg[0], i->arg[1],
                         i->arg[2], i->arg[3], i->aux, i->imm);
    if (i->type != IR_VOID)
        s->names[number_of_value] = v;
    if (ir_opinfo[op].effects & IR_E_TERM)
        s->in_block = false;
}

/* ------------------------------------------------------------------- blocks */

static void parse_block(struct parser *s)
{
    struct ir_region *r = s->r;
    uint32_t b = block_number(s);
    if (s->failed)
        return;
    if (s->in_block) {
        fail(s, "the block before has no terminator");
        return;
    }
    while (r->nblocks <= b)
        ir_block_new(r, 0);
    if (r->blocks[b].end) {
        fail(s, "b%u is there already", b);
        return;
    }
    ir_block_begin(r, b, false);
    s->in_block = true;
    struct ir_block *block = &r->blocks[b];
    while (!s->failed && !accept(s, ":")) {
        if (accept(s, "pc="))
            block->pc = number(s);
        else if (accept_word(s, "poll"))
            block->poll = true;
        else if (accept_word(s, "flags_dead"))
            block->flags_dead = true;
        else if (accept_word(s, "entry"))
            block->entry = true;
        else if (accept_word(s, "cold"))
            block->cold = true;
        else
            fail(s, "unknown property of a block \"%.12s\"", s->p);
    }
    if (!at_end(s))
        fail(s, "\"%.12s\" is left over", s->p);
}

static void parse_region(struct parser *s)
{
    while (!s->failed && !at_end(s)) {
        if (accept(s, "pc="))
            s->r->pc = number(s);
        else if (accept(s, "end="))
            s->r->end_pc = number(s);
        else if (accept(s, "insns="))
            s->r->ninsns = small_number(s, UINT32_MAX);
        else
            fail(s, "unknown property of a region \"%.12s\"", s->p);
    }
}

bool ir_parse(struct ir_region *r, const char *text, char *err, size_t errlen)
{
    struct parser s = {.r = r, .p = text, .line = 1, .err = err, .errlen = errlen};
    ir_region_reset(r, r->target);
    r->raw = true;
    s.names = calloc(MAX_NUMBER, sizeof(*s.names));
    if (!s.names) {
        snprintf(err, errlen, "line 0: no memory");
        return false;
    }
    while (*s.p && !s.failed) {
        if (!at_end(&s)) {
            if (accept_word(&s, "region"))
                parse_region(&s);
            else if (*s.p == 'b' && isdigit((unsigned char)s.p[1]))
                parse_block(&s);
            else if (!s.in_block)
                fail(&s, "an instruction outside of blocks");
            else
                parse_inst(&s);
        }
        while (*s.p && *s.p != '\n' && !s.failed)
            s.p++;
        if (*s.p == '\n') {
            s.p++;
            s.line++;
        }
    }
    if (s.in_block)
        fail(&s, "the last block has no terminator");
    if (!s.failed && r->nblocks == 0)
        fail(&s, "no blocks");
    free(s.names);
    return !s.failed;
}
