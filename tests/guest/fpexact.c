/*
 * TEST: run=no
 *
 * fpexact.c: vectors for add, multiply, fused multiply-add, divide, square root, rounding and conversions in half,
 * single and double precision, in every mode of FPCR (four roundings, FZ, FZ16, DN, AHP), made here and
 * checked against fpexact.h, which calculates exactly. Each is one instruction as it stands in a program;
 * those with a vector form run on full vectors too. FPSR is compared from zero.
 *
 *     fpexact COUNT [fast|exact [SEED [ROW]]]
 *
 * COUNT vectors for every row and every mode. exact: flags as the manual says; fast: but for the deviations
 * of docs/floating-point.md. A difference is printed with all that repeats it; the status is 1 then.
 *
 * Operands are like TestFloat's: exponents at the ends of the range, at the other operand's (so that sums
 * cancel and products meet the least and the greatest number) and anywhere, fractions of few runs of
 * ones, boundaries of integers, and a list of special values.
 */
#include <stdio.h>
#include <stdlib.h>
#include "fpexact.h"

enum op { ADD, SUB, MUL, NMUL, DIV, SQRT, MADD, MSUB, NMADD, NMSUB, FMLA, FMLS, CVT, RINT, TOINT, FROMINT };

struct row {
    const char *name;
    enum op op;
    const struct format *from, *to; /* TOINT: from; FROMINT: to */
    int mode;                       /* enum rounding, or CURRENT */
    int bits, fbits;                /* of the integer */
    bool uns, exact;
    uint64_t (*scalar)(uint64_t a, uint64_t b, uint64_t c, uint32_t *fpsr);
    uint32_t (*vector)(void *r, const void *a, const void *b); /* FPSR */
};
enum { CURRENT = -1 };

/* ------------------------------------------------------------ instructions */

/* One instruction on scalars: the result is R, a vector register, or I, a general one. */
#define SCALAR(id, result, text)                                                                    \
    static uint64_t s_##id(uint64_t a, uint64_t b, uint64_t c, uint32_t *fpsr)                      \
    {                                                                                               \
        uint64_t r = c, i = a, f;                                                                   \
        __asm__ volatile("msr fpsr, xzr\n\t" text "\n\tmrs %[f], fpsr"                              \
                         : [r] "+&w"(r), [i] "+&r"(i), [f] "=&r"(f)                                 \
                         : [a] "w"(a), [b] "w"(b), [c] "w"(c));                                     \
        *fpsr = (uint32_t)f;                                                                        \
        return result;                                                                              \
    }
/* The same on full vectors: v0 (the accumulator before), v1, v2. */
#define VECTOR(id, text)                                                                            \
    static uint32_t v_##id(void *r, const void *a, const void *b)                                   \
    {                                                                                               \
        uint64_t f;                                                                                 \
        __asm__ volatile("ldr q0, [%1]\n\tldr q1, [%2]\n\tldr q2, [%3]\n\tmsr fpsr, xzr\n\t" text   \
                         "\n\tmrs %0, fpsr\n\tstr q0, [%1]"                                         \
                         : "=&r"(f) : "r"(r), "r"(a), "r"(b) : "v0", "v1", "v2", "memory");         \
        return (uint32_t)f;                                                                         \
    }

/* X(id, op, from, to, mode, bits, fbits, uns, exact, scalar text, vector text), by what they have in common.
 * F: formats as h s d; L: lanes of a full vector. */
#define BINARY1(X, insn, op, F, L)                                                                  \
    X(insn##_##F, op, F, F, CURRENT, 0, 0, 0, 0, #insn " %" #F "[r], %" #F "[a], %" #F "[b]",       \
      #insn " v0." L ", v1." L ", v2." L)
#define BINARY(X, insn, op) \
    BINARY1(X, insn, op, h, "8h") BINARY1(X, insn, op, s, "4s") BINARY1(X, insn, op, d, "2d")
#define NMUL1(X, F)                                                                                 \
    XS(X, fnmul_##F, NMUL, F, F, CURRENT, 0, 0, 0, 0, "fnmul %" #F "[r], %" #F "[a], %" #F "[b]")
#define UNARY1(X, insn, op, mode, exact, F, L)                                                      \
    X(insn##_##F, op, F, F, mode, 0, 0, 0, exact, #insn " %" #F "[r], %" #F "[a]",                  \
      #insn " v0." L ", v1." L)
#define UNARY(X, insn, op, mode, exact)                                                             \
    UNARY1(X, insn, op, mode, exact, h, "8h") UNARY1(X, insn, op, mode, exact, s, "4s")             \
    UNARY1(X, insn, op, mode, exact, d, "2d")
#define FUSED1(X, insn, op, F)                                                                      \
    XS(X, insn##_##F, op, F, F, CURRENT, 0, 0, 0, 0,                                                \
       #insn " %" #F "[r], %" #F "[a], %" #F "[b], %" #F "[c]")
#define FUSED(X, insn, op) FUSED1(X, insn, op, h) FUSED1(X, insn, op, s) FUSED1(X, insn, op, d)
#define ACCU1(X, insn, op, F, L)                                                                    \
    X(insn##_##F, op, F, F, CURRENT, 0, 0, 0, 0, #insn " %[r]." L ", %[a]." L ", %[b]." L,          \
      #insn " v0." L ", v1." L ", v2." L)
#define ACCU(X, insn, op) ACCU1(X, insn, op, h, "8h") ACCU1(X, insn, op, s, "4s") ACCU1(X, insn, op, d, "2d")
#define CVT1(X, A, B) XS(X, fcvt_##A##_##B, CVT, A, B, CURRENT, 0, 0, 0, 0, "fcvt %" #B "[r], %" #A "[a]")
/* to integers in general and in vector registers */
#define TOGEN(X, insn, mode, uns, F, W, bits)                                                       \
    XI(X, insn##_##W##_##F, TOINT, F, F, mode, bits, 0, uns, 0, #insn " %" #W "[i], %" #F "[a]")
#define TOVEC(X, insn, mode, uns, F, L, bits)                                                       \
    X(insn##_v_##F, TOINT, F, F, mode, bits, 0, uns, 0, #insn " %" #F "[r], %" #F "[a]",            \
      #insn " v0." L ", v1." L)
#define TOINT1(X, insn, mode, uns)                                                                  \
    TOGEN(X, insn, mode, uns, h, w, 32) TOGEN(X, insn, mode, uns, s, w, 32)                         \
    TOGEN(X, insn, mode, uns, d, w, 32) TOGEN(X, insn, mode, uns, h, x, 64)                         \
    TOGEN(X, insn, mode, uns, s, x, 64) TOGEN(X, insn, mode, uns, d, x, 64)                         \
    TOVEC(X, insn, mode, uns, h, "8h", 16) TOVEC(X, insn, mode, uns, s, "4s", 32)                   \
    TOVEC(X, insn, mode, uns, d, "2d", 64)
#define TOFIX(X, insn, uns, F, W, bits, n)                                                          \
    XI(X, insn##_##W##_##F##_##n, TOINT, F, F, ZERO, bits, n, uns, 0,                               \
       #insn " %" #W "[i], %" #F "[a], #" #n)
#define FROMFIX(X, insn, uns, F, W, bits, n)                                                        \
    XS(X, insn##_##F##_##W##_##n, FROMINT, F, F, CURRENT, bits, n, uns, 0,                          \
       #insn " %" #F "[r], %" #W "[i], #" #n)
#define FIXV(X, insn, op, mode, uns, F, L, bits, n)                                                 \
    X(insn##_v_##F##_##n, op, F, F, mode, bits, n, uns, 0, #insn " %" #F "[r], %" #F "[a], #" #n,   \
      #insn " v0." L ", v1." L ", #" #n)
#define FIXED1(X, to, from, uns, F, L, lane)                                                        \
    TOFIX(X, to, uns, F, w, 32, 1) TOFIX(X, to, uns, F, w, 32, 15) TOFIX(X, to, uns, F, w, 32, 32)  \
    TOFIX(X, to, uns, F, x, 64, 1) TOFIX(X, to, uns, F, x, 64, 33) TOFIX(X, to, uns, F, x, 64, 64)  \
    FROMFIX(X, from, uns, F, w, 32, 1) FROMFIX(X, from, uns, F, w, 32, 32)                          \
    FROMFIX(X, from, uns, F, x, 64, 17) FROMFIX(X, from, uns, F, x, 64, 64)                         \
    FIXV(X, to, TOINT, ZERO, uns, F, L, lane, 1) FIXV(X, to, TOINT, ZERO, uns, F, L, lane, 16)      \
    FIXV(X, from, FROMINT, CURRENT, uns, F, L, lane, 1) FIXV(X, from, FROMINT, CURRENT, uns, F, L, lane, 16)
#define FIXED(X, to, from, uns)                                                                     \
    FIXED1(X, to, from, uns, h, "8h", 16) FIXED1(X, to, from, uns, s, "4s", 32)                     \
    FIXED1(X, to, from, uns, d, "2d", 64)
#define FROMGEN(X, insn, uns, F, W, bits)                                                           \
    XS(X, insn##_##F##_##W, FROMINT, F, F, CURRENT, bits, 0, uns, 0, #insn " %" #F "[r], %" #W "[i]")
#define FROMVEC(X, insn, uns, F, L, bits)                                                           \
    X(insn##_v_##F, FROMINT, F, F, CURRENT, bits, 0, uns, 0, #insn " %" #F "[r], %" #F "[a]",       \
      #insn " v0." L ", v1." L)
#define FROMINT1(X, insn, uns)                                                                      \
    FROMGEN(X, insn, uns, h, w, 32) FROMGEN(X, insn, uns, s, w, 32) FROMGEN(X, insn, uns, d, w, 32) \
    FROMGEN(X, insn, uns, h, x, 64) FROMGEN(X, insn, uns, s, x, 64) FROMGEN(X, insn, uns, d, x, 64) \
    FROMVEC(X, insn, uns, h, "8h", 16) FROMVEC(X, insn, uns, s, "4s", 32) FROMVEC(X, insn, uns, d, "2d", 64)

#define ROWS(X)                                                                                     \
    BINARY(X, fadd, ADD) BINARY(X, fsub, SUB) BINARY(X, fmul, MUL) BINARY(X, fdiv, DIV)             \
    NMUL1(X, h) NMUL1(X, s) NMUL1(X, d) UNARY(X, fsqrt, SQRT, CURRENT, 0)                           \
    FUSED(X, fmadd, MADD) FUSED(X, fmsub, MSUB) FUSED(X, fnmadd, NMADD) FUSED(X, fnmsub, NMSUB)     \
    ACCU(X, fmla, FMLA) ACCU(X, fmls, FMLS)                                                         \
    CVT1(X, h, s) CVT1(X, h, d) CVT1(X, s, h) CVT1(X, s, d) CVT1(X, d, h) CVT1(X, d, s)             \
    XS(X, fcvtxn, CVT, d, s, ODD, 0, 0, 0, 0, "fcvtxn %s[r], %d[a]")                                \
    UNARY(X, frintn, RINT, TIEEVEN, 0) UNARY(X, frintp, RINT, POSINF, 0)                            \
    UNARY(X, frintm, RINT, NEGINF, 0) UNARY(X, frintz, RINT, ZERO, 0)                               \
    UNARY(X, frinta, RINT, TIEAWAY, 0) UNARY(X, frintx, RINT, CURRENT, 1)                           \
    UNARY(X, frinti, RINT, CURRENT, 0)                                                              \
    TOINT1(X, fcvtns, TIEEVEN, 0) TOINT1(X, fcvtnu, TIEEVEN, 1) TOINT1(X, fcvtps, POSINF, 0)        \
    TOINT1(X, fcvtpu, POSINF, 1) TOINT1(X, fcvtms, NEGINF, 0) TOINT1(X, fcvtmu, NEGINF, 1)          \
    TOINT1(X, fcvtzs, ZERO, 0) TOINT1(X, fcvtzu, ZERO, 1) TOINT1(X, fcvtas, TIEAWAY, 0)             \
    TOINT1(X, fcvtau, TIEAWAY, 1) FROMINT1(X, scvtf, 0) FROMINT1(X, ucvtf, 1)                       \
    FIXED(X, fcvtzs, scvtf, 0) FIXED(X, fcvtzu, ucvtf, 1)

/* XS: a scalar form alone; XI: with its result in a general register. In lists these take the meaning that
 * the list's X gives them: K is pasted in by X. */
#define XS(X, id, op, from, to, mode, bits, fbits, uns, exact, text) \
    X##_S(id, op, from, to, mode, bits, fbits, uns, exact, text)
#define XI(X, id, op, from, to, mode, bits, fbits, uns, exact, text) \
    X##_I(id, op, from, to, mode, bits, fbits, uns, exact, text)

#define CODE(id, op, from, to, mode, bits, fbits, uns, exact, text, vtext) SCALAR(id, r, text) VECTOR(id, vtext)
#define CODE_S(id, op, from, to, mode, bits, fbits, uns, exact, text) SCALAR(id, r, text)
#define CODE_I(id, op, from, to, mode, bits, fbits, uns, exact, text) SCALAR(id, i, text)
ROWS(CODE)

#define ENTRY(id, op, from, to, mode, bits, fbits, uns, exact, text, vtext) \
    { #id, op, &format_##from, &format_##to, mode, bits, fbits, uns, exact, s_##id, v_##id },
#define ENTRY_S(id, op, from, to, mode, bits, fbits, uns, exact, text) \
    { #id, op, &format_##from, &format_##to, mode, bits, fbits, uns, exact, s_##id, NULL },
#define ENTRY_I(...) ENTRY_S(__VA_ARGS__)
static const struct row rows[] = { ROWS(ENTRY) };

/* ---------------------------------------------------------------- operands */

static uint64_t seed = 1;
static uint64_t rnd64(void) /* splitmix64 */
{
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
static int rnd(int n) { return (int)((rnd64() >> 32) * (uint64_t)n >> 32); }

static uint64_t fraction(int bits)
{
    uint64_t all = ones(bits), run = ones(rnd(bits + 1));
    switch (rnd(8)) {
    case 0: return rnd(3) ? 0 : all;
    case 1: return run;                                  /* ones below */
    case 2: return all & ~run;                           /* ones above */
    case 3: return 1ull << rnd(bits);
    case 4: return all & ~(1ull << rnd(bits));
    case 5: return (1ull << rnd(bits)) ^ (1ull << rnd(bits));
    case 6: return (all & ~run) ^ (1ull << rnd(bits));   /* TestFloat's runs with a bit changed */
    default: return rnd64() & all;
    }
}

/* A number of this exponent (unbiased), or the nearest end of the range, subnormals included. */
static uint64_t with_exponent(const struct format *f, int exponent)
{
    int biased = exponent + format_bias(f), top = (int)ones(f->ebits) - 1;
    biased = biased < 0 ? 0 : biased > top ? top : biased;
    return sign_of(f, rnd(2)) | (uint64_t)biased << (f->prec - 1) | fraction(f->prec - 1);
}

static uint64_t special(const struct format *f)
{
    uint64_t normal = 1ull << (f->prec - 1), inf = inf_of(f, false), v;
    uint64_t one = (uint64_t)format_bias(f) << (f->prec - 1);
    switch (rnd(14)) {
    case 0: case 1: v = 0; break;
    case 2: v = 1 + (uint64_t)rnd(2); break;
    case 3: v = normal - 1 - (uint64_t)rnd(2); break;
    case 4: v = normal + (uint64_t)rnd(2); break;
    case 5: v = one - 1 + (uint64_t)rnd(3); break;
    case 6: v = inf - 1 - (uint64_t)rnd(2); break;
    case 7: case 8: v = inf; break;
    case 9: v = default_nan(f) | fraction(f->prec - 2); break;
    case 10: v = inf | 1 | fraction(f->prec - 2); break; /* signalling */
    case 11: v = fraction(f->prec - 1); break;           /* subnormal */
    case 12: v = inf | fraction(f->prec - 1); break;
    default: v = one + ((uint64_t)rnd(5) << (f->prec - 1)) + ((uint64_t)rnd(2) << (f->prec - 2));
    }
    return v | sign_of(f, rnd(2));
}

/* near: an exponent of interest for this operand */
static uint64_t operand(const struct format *f, int near)
{
    int k = rnd(16), p = f->prec;
    if (k < 3)
        return special(f);
    if (k < 10)
        return with_exponent(f, near + rnd(9) - 4);
    if (k < 12)
        return with_exponent(f, near + rnd(2 * p + 5) - p - 2);
    if (k < 13)
        return with_exponent(f, format_emin(f) - 1 + rnd(p + 2));
    if (k < 14)
        return with_exponent(f, format_bias(f) - rnd(p + 2));
    return with_exponent(f, format_emin(f) - 1 + rnd(1 << f->ebits));
}

static int exponent_of(const struct format *f, uint64_t v)
{
    return (int)(v >> (f->prec - 1) & ones(f->ebits)) - format_bias(f);
}

/* v[0 .. 2] for one vector */
static void operands(const struct row *r, uint64_t v[3])
{
    const struct format *f = r->from;
    int emin = format_emin(f), range = 1 << f->ebits, ends[] = { emin - f->prec, emin, -emin, 0 };
    int end = ends[rnd(4)], any = emin + rnd(range);
    v[1] = v[2] = 0;
    switch (r->op) {
    case ADD: case SUB:
        v[0] = operand(f, any);
        v[1] = operand(f, exponent_of(f, v[0]));
        if (!rnd(16))
            v[1] = v[0] ^ sign_of(f, rnd(2));
        return;
    case MUL: case NMUL:
        v[0] = operand(f, any);
        v[1] = operand(f, end - exponent_of(f, v[0]));
        return;
    case DIV:
        v[0] = operand(f, any);
        v[1] = operand(f, exponent_of(f, v[0]) - end);
        return;
    case SQRT:
        v[0] = operand(f, rnd(2) ? end : any) & ~(rnd(8) ? sign_of(f, true) : 0);
        return;
    case MADD: case MSUB: case NMADD: case NMSUB: case FMLA: case FMLS:
        v[0] = operand(f, any);
        v[1] = operand(f, (rnd(2) ? end : any) - exponent_of(f, v[0]));
        v[2] = operand(f, exponent_of(f, v[0]) + exponent_of(f, v[1]));
        if (!rnd(8)) { /* the rounded product: the sum is what it lost */
            struct effect none = { 0, 0 };
            v[2] = fp_mul(v[0], v[1], f, (uint32_t)rnd(4) << 22, &none) ^ sign_of(f, rnd(2));
        }
        return;
    case CVT: {
        int to = format_emin(r->to), tops[] = { to - r->to->prec, to, -to, 0 };
        v[0] = operand(f, tops[rnd(4)]);
        return;
    }
    case RINT: v[0] = operand(f, rnd(2) ? 0 : rnd(f->prec + 2)); return;
    case TOINT: {
        int at[] = { 0, r->bits - 1, r->bits, rnd(r->bits + 1) };
        v[0] = operand(f, at[rnd(4)] - r->fbits);
        return;
    }
    case FROMINT:
        v[0] = (rnd(8) ? fraction(r->bits) : fraction(rnd(r->bits) + 1)) ^ (rnd(2) ? ones(64) : 0);
        if (!rnd(4))
            v[0] = (1ull << rnd(r->bits)) + (uint64_t)rnd(5) - 2;
        return;
    }
}

/* --------------------------------------------------------------- reference */

static uint64_t reference(const struct row *r, const uint64_t v[3], uint32_t fpcr, struct effect *x)
{
    const struct format *f = r->from;
    uint64_t s = sign_of(f, true), a = v[0], b = v[1], c = v[2];
    enum rounding mode = r->mode == CURRENT ? rounding_of(fpcr) : (enum rounding)r->mode;
    switch (r->op) {
    case ADD: return fp_add(a, b, false, f, fpcr, x);
    case SUB: return fp_add(a, b, true, f, fpcr, x);
    case MUL: return fp_mul(a, b, f, fpcr, x);
    case NMUL: return fp_mul(a, b, f, fpcr, x) ^ s;
    case DIV: return fp_div(a, b, f, fpcr, x);
    case SQRT: return fp_sqrt(a, f, fpcr, x);
    case MADD: case FMLA: return fp_muladd(c, a, b, f, fpcr, x);
    case MSUB: case FMLS: return fp_muladd(c, a ^ s, b, f, fpcr, x);
    case NMADD: return fp_muladd(c ^ s, a ^ s, b, f, fpcr, x);
    case NMSUB: return fp_muladd(c ^ s, a, b, f, fpcr, x);
    case CVT: return fp_convert(a, f, r->to, fpcr, mode, x);
    case RINT: return fp_round_int(a, f, fpcr, mode, r->exact, x);
    case TOINT: return fp_to_fixed(a, f, r->bits, r->uns, r->fbits, fpcr, mode, x);
    case FROMINT: return fixed_to_fp(a, f, r->bits, r->uns, r->fbits, fpcr, x);
    }
    return 0;
}

/* -------------------------------------------------------------------- runs */

static bool fast;
static unsigned long vectors, wrong;

static void report(const struct row *r, const char *form, uint32_t fpcr, const uint64_t v[3], uint64_t got,
                   uint64_t want, uint32_t got_flags, const struct effect *x)
{
    if (wrong++ < 20)
        printf("%s (%s): fpcr=%#x %#llx %#llx %#llx: %#llx fpsr=%#x, exactly %#llx fpsr=%#x\n", r->name, form, fpcr,
               (unsigned long long)v[0], (unsigned long long)v[1], (unsigned long long)v[2],
               (unsigned long long)got, got_flags, (unsigned long long)want, x->flags);
}

static bool flags_differ(uint32_t got, const struct effect *x)
{
    return (got ^ x->flags) & ~(fast ? x->deviates : 0);
}

static void run(const struct row *r, uint32_t fpcr, long count)
{
    enum { LANES = 8 };
    int lanes = 128 / r->from->width, bytes = r->from->width / 8;
    uint64_t v[LANES][3], want[LANES], got[2];
    uint8_t in[3][16];
    for (long i = 0; i < count; i += lanes) {
        struct effect sum = { 0, 0 };
        for (int k = 0; k < lanes; k++) {
            struct effect x = { 0, 0 };
            uint32_t flags;
            operands(r, v[k]);
            want[k] = reference(r, v[k], fpcr, &x);
            uint64_t is = r->scalar(v[k][0], v[k][1], v[k][2], &flags);
            if (r->op == FMLA || r->op == FMLS) /* on a full vector: the other lanes are not of interest */
                is &= ones(r->from->width);
            vectors++;
            if (is != want[k] || flags_differ(flags, &x))
                report(r, "scalar", fpcr, v[k], is, want[k], flags, &x);
            sum.flags |= x.flags;
            sum.deviates |= x.deviates;
            for (int o = 0; o < 3; o++)
                memcpy(in[o] + k * bytes, &v[k][o], (size_t)bytes);
        }
        if (!r->vector)
            continue;
        memcpy(got, in[2], 16);
        uint32_t flags = r->vector(got, in[0], in[1]);
        vectors += (unsigned long)lanes;
        for (int k = 0; k < lanes; k++) {
            uint64_t is = 0;
            memcpy(&is, (uint8_t *)got + k * bytes, (size_t)bytes);
            if (is != want[k] || flags_differ(flags, &sum))
                report(r, "vector", fpcr, v[k], is, want[k], flags, &sum);
        }
    }
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 8;
    const char *only = argc > 4 ? argv[4] : NULL;
    fast = argc > 2 && !strcmp(argv[2], "fast");
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
    static const uint32_t bit[] = { FPCR_FZ, FPCR_FZ16, FPCR_DN, FPCR_AHP };
    for (unsigned mode = 0; mode < 64; mode++) {
        uint32_t fpcr = (mode & 3) << 22;
        for (unsigned i = 0; i < 4; i++)
            fpcr |= mode >> (i + 2) & 1 ? bit[i] : 0;
        __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)fpcr));
        for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
            if (only && strcmp(rows[i].name, only) != 0)
                continue;
            seed = first * 1000003 + mode * 1009 + i; /* a row alone draws the same */
            run(&rows[i], fpcr, count);
        }
        __asm__ volatile("msr fpcr, xzr");
    }
    printf("%zu rows, %lu vectors, %lu wrong\n", sizeof rows / sizeof *rows, vectors, wrong);
    return wrong != 0;
}
