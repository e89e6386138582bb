/*
 * The small machine of the IR's tests, and their harness: eight integer registers, flags, four
 * vectors, one helper of each class. Each test program includes it once.
 */
#ifndef IR_TEST_H
#define IR_TEST_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "ir.h"

enum { T_X0, T_X5 = 5, T_X6, T_X7, T_NZCV, T_Q0, T_Q3 = T_Q0 + 3, T_NREGS };
enum { T_PURE2, T_STATE1, T_LEAVE1 };

static unsigned passed, failed;

static uint64_t helper_pure(uint64_t a, uint64_t b) { return a * 3 + b; }
static uint64_t helper_state(struct cpu *cpu, uint64_t a)
{
    uint64_t *x1 = (uint64_t *)((char *)cpu + 24);
    *x1 += a;
    return *x1 ^ a;
}
static uint64_t helper_leave(struct cpu *cpu, uint64_t a)
{
    if (a & 1)
        return 0;
    cpu->pc += 4;
    return 1 + IR_LEAVE_FLUSH;
}

static const struct ir_reg regs[T_NREGS] = {
    {"x0", IR_I64, 0, 16},    {"x1", IR_I64, 1, 24},   {"x2", IR_I64, 2, 32},
    {"x3", IR_I64, 3, 40},    {"x4", IR_I64, -1, 48},  {"x5", IR_I64, -1, 56},
    {"x6", IR_I64, -1, 64},   {"x7", IR_I64, -1, 72},  {"nzcv", IR_FLG, -1, 80},
    {"q0", IR_V128, 0, 256},  {"q1", IR_V128, 1, 272}, {"q2", IR_V128, 2, 288},
    {"q3", IR_V128, -1, 304},
};
static const struct ir_helper helpers[] = {
    {"pure2", (void *)helper_pure, IR_PURE, IR_I64, 2},
    {"state1", (void *)helper_state, IR_STATE, IR_I64, 1},
    {"leave1", (void *)helper_leave, IR_MAY_LEAVE, IR_VOID, 1},
};
static const struct ir_target test_target = {regs, T_NREGS, helpers, 3};

/* Counts one check; prints what (as printf) if it fails. Returns ok. */
__attribute__((format(printf, 2, 3), unused))
static bool check(bool ok, const char *format, ...)
{
    va_list ap;
    if (ok) {
        passed++;
        return true;
    }
    failed++;
    va_start(ap, format);
    fputs("FAIL ", stdout);
    vprintf(format, ap);
    fputs("\n", stdout);
    va_end(ap);
    return false;
}

__attribute__((unused))
static uint64_t random64(uint64_t *seed)
{
    uint64_t z = *seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* Prints the sum; gives main's result. */
__attribute__((unused))
static int report(void)
{
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}

#endif
