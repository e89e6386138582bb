/*
 * Expressions of the monitor: numbers, $registers, + - * / % & | ^ << >> ~ and parentheses, 64 bits wide.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"

struct parser { struct vcpu *v; const char *at, *error; };

static uint64_t binary(struct parser *p, unsigned level);

static char peek(struct parser *p)
{
    while (*p->at == ' ')
        p->at++;
    return *p->at;
}

static uint64_t fail(struct parser *p, const char *why)
{
    if (!p->error)
        p->error = why;
    return 0;
}

static uint64_t reg(struct parser *p)
{
    char name[32];
    size_t n = 0;
    for (; isalnum((unsigned char)*p->at) || *p->at == '_'; p->at++)
        if (n + 1 < sizeof name)
            name[n++] = *p->at;
    name[n] = 0;
    if (!strcmp(name, "pc"))
        return p->v->cpu->pc;
    const struct ir_target *g = p->v->machine->isa->guest->ir;
    for (unsigned k = 0; k < g->nregs; k++)
        if (!strcmp(g->regs[k].name, name)) {
            uint64_t v = 0;
            memcpy(&v, (const char *)p->v->cpu + g->regs[k].offset, g->regs[k].type == IR_I32 ? 4 : 8);
            return v;
        }
    return fail(p, "there is no such register");
}

static uint64_t unary(struct parser *p)
{
    char c = peek(p), *end;
    switch (c) {
    case '(': {
        p->at++;
        uint64_t v = binary(p, 0);
        if (peek(p) != ')')
            return fail(p, "a ) is missing");
        p->at++;
        return v;
    }
    case '-':
        p->at++;
        return -unary(p);
    case '~':
        p->at++;
        return ~unary(p);
    case '+':
        p->at++;
        return unary(p);
    case '$':
        p->at++;
        return reg(p);
    }
    uint64_t v = strtoull(p->at, &end, 0);
    if (end == p->at)
        return fail(p, "a number or a $register is expected");
    p->at = end;
    return v;
}

/* Operators by rising precedence. */
static const char *const levels[] = { "|", "^", "&", "<>", "+-", "*/%" };
enum { LEVELS = sizeof levels / sizeof *levels };

static uint64_t apply(struct parser *p, char op, uint64_t a, uint64_t b)
{
    switch (op) {
    case '|':
        return a | b;
    case '^':
        return a ^ b;
    case '&':
        return a & b;
    case '<':
        return b < 64 ? a << b : 0;
    case '>':
        return b < 64 ? a >> b : 0;
    case '+':
        return a + b;
    case '-':
        return a - b;
    case '*':
        return a * b;
    default:
        if (!b)
            return fail(p, "division by zero");
        return op == '/' ? a / b : a % b;
    }
}

static uint64_t binary(struct parser *p, unsigned level)
{
    if (level == LEVELS)
        return unary(p);
    uint64_t a = binary(p, level + 1);
    for (char c; (c = peek(p)) && strchr(levels[level], c);) {
        p->at += c == '<' || c == '>' ? 2 : 1;
        a = apply(p, c, a, binary(p, level + 1));
    }
    return a;
}

bool monitor_value(struct vcpu *v, const char *text, uint64_t *value, char *err, size_t errlen)
{
    struct parser p = { v, text, NULL };
    *value = binary(&p, 0);
    if (!p.error && peek(&p))
        p.error = "there is more than an expression";
    if (p.error)
        snprintf(err, errlen, "%s: %s", text, p.error);
    return !p.error;
}
