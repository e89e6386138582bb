/*
 * Exact binary floating point by integers, after the pseudocode of the Arm manual (J1.3, functions
 * FPAdd, FPMul, FPMulAdd, FPDiv, FPSqrt, FPMax, FPMaxNum, FPCompare, FPConvert, FPToFixed,
 * FixedToFP, FPRoundInt, FPRound, FPProcessNaNs; FPCR.AH = FIZ = NEP = 0).
 *
 * It is the cold path of translated code: NaN results, conversions out of range, half precision,
 * fused operations on a host without FMA. Tininess is detected before rounding; a flushed result
 * raises underflow only.
 *
 * Finite numbers are sign * sig * 2^exp with any sig of up to 128 bits, which pack() normalises and
 * rounds once. No host floating point is used and nothing is read but the arguments.
 */
#include "softfp.h"

typedef unsigned __int128 u128;

struct format {
    int total, precision, emax; /* bits; bits with the hidden one; largest exponent */
};

static const struct format *format_of(enum ir_lane lane)
{
    static const struct format half = { 16, 11, 15 }, single = { 32, 24, 127 },
                               dbl = { 64, 53, 1023 };
    return lane == IR_LH ? &half : lane == IR_LS ? &single : &dbl;
}

enum kind { ZERO, FINITE, INFINITE, QUIET, SIGNALLING };

struct number {
    enum kind kind;
    bool sign;
    int exp;      /* value = sig * 2^exp */
    uint64_t sig;
};

static int emin(const struct format *f) { return 1 - f->emax; }
static uint64_t fraction_mask(const struct format *f) { return (1ull << (f->precision - 1)) - 1; }
static uint64_t sign_bit(const struct format *f) { return 1ull << (f->total - 1); }
static uint64_t infinity(const struct format *f, bool sign)
{
    return (sign ? sign_bit(f) : 0) | (uint64_t)(2 * f->emax + 1) << (f->precision - 1);
}
static uint64_t quiet_bit(const struct format *f) { return 1ull << (f->precision - 2); }
static uint64_t default_nan(const struct format *f) { return infinity(f, false) | quiet_bit(f); }

/* Conversions between formats set CONVERTING in a copy of the mode: the alternative half-precision
 * format counts there alone, flushing of half precision everywhere else. */
enum { CONVERTING = 1 << 16 };
static bool is_half(const struct format *f) { return f->precision == 11; }
static bool alternative(const struct softfp_env *e, const struct format *f)
{
    return is_half(f) && (e->mode & CONVERTING) && (e->mode & IR_FP_AHP);
}
static bool flushes(const struct softfp_env *e, const struct format *f)
{
    return is_half(f) ? (e->mode & IR_FP_FLUSH_HALF) && !(e->mode & CONVERTING)
                      : (e->mode & IR_FP_FLUSH) != 0;
}

static struct number unpack(struct softfp_env *e, const struct format *f, uint64_t v)
{
    uint64_t fraction = v & fraction_mask(f);
    int biased = (int)(v >> (f->precision - 1)) & (2 * f->emax + 1);
    struct number n = { .sign = v >> (f->total - 1) & 1 };
    bool ahp = alternative(e, f);
    if (biased == 2 * f->emax + 1 && !ahp) {
        n.kind = !fraction ? INFINITE : fraction & quiet_bit(f) ? QUIET : SIGNALLING;
    } else if (biased) {
        n.kind = FINITE;
        n.sig = fraction | (fraction_mask(f) + 1);
        n.exp = biased - f->emax - (f->precision - 1);
    } else if (fraction) {
        if (flushes(e, f)) {
            e->flags |= is_half(f) ? 0 : SOFTFP_INPUT;
            n.kind = ZERO;
        } else {
            n.kind = FINITE;
            n.sig = fraction;
            n.exp = emin(f) - (f->precision - 1);
        }
    } else {
        n.kind = ZERO;
    }
    return n;
}

static int msb(u128 v)
{
    return v >> 64 ? 127 - __builtin_clzll((uint64_t)(v >> 64)) : 63 - __builtin_clzll((uint64_t)v);
}

/* Is sig's integer part q to be incremented, the rest being rest / 2^shift (and more if sticky)? */
static bool rounds_up(enum ir_round mode, bool sign, bool odd,
                      int half /* -1 0 1: rest against 1/2 */, bool inexact)
{
    switch (mode) {
    case IR_RN_TIES_EVEN: return half > 0 || (half == 0 && odd);
    case IR_RN_TIES_AWAY: return half >= 0;
    case IR_RN_UP:        return inexact && !sign;
    case IR_RN_DOWN:      return inexact && sign;
    case IR_RN_ZERO:
    case IR_RN_DYN:       return false;
    }
    return false;
}

/* sig / 2^shift rounded to an integer; *inexact. sticky: the true value is a little larger. */
static u128 shift_round(enum ir_round mode, bool sign, u128 sig, int shift, bool sticky,
                        bool *inexact)
{
    if (shift <= 0) {
        *inexact = sticky; /* callers leave room, so sticky never meets a left shift */
        return shift > -128 ? sig << -shift : 0;
    }
    u128 whole, rest, half_unit;
    if (shift > 127) {
        whole = 0;
        rest = sig != 0;
        half_unit = 2; /* certainly less than a half */
    } else {
        whole = sig >> shift;
        rest = sig & (((u128)1 << shift) - 1);
        half_unit = (u128)1 << (shift - 1);
    }
    int half = rest > half_unit || (rest == half_unit && sticky) ? 1 : rest == half_unit ? 0 : -1;
    *inexact = rest || sticky;
    return whole + rounds_up(mode, sign, whole & 1, half, *inexact);
}

/* The number sign * (sig + (sticky ? a bit : 0)) * 2^exp in format f. sig is not 0. */
static uint64_t pack(struct softfp_env *e, const struct format *f, bool sign, int exp, u128 sig,
                     bool sticky)
{
    uint64_t s = sign ? sign_bit(f) : 0;
    bool ahp = alternative(e, f);
    if (sticky && !(sig >> 120)) { /* room below, so that sticky is below the rounding bit */
        int up = 120 - msb(sig);
        sig <<= up;
        exp -= up;
    }
    int top = exp + msb(sig);
    bool tiny = top < emin(f);
    if (tiny && flushes(e, f)) {
        e->flags |= SOFTFP_UNDERFLOW;
        return s;
    }
    int quantum = (tiny ? emin(f) : top) - (f->precision - 1);
    bool inexact;
    uint64_t q = (uint64_t)shift_round(e->round, sign, sig, quantum - exp, sticky, &inexact);
    /* q has precision bits, fewer if subnormal, or is one above the largest of them */
    int biased = quantum + (f->precision - 1) + f->emax;
    if (q >> f->precision) {
        q >>= 1;
        biased++;
    }
    if (tiny && q <= fraction_mask(f))
        biased = 0;
    if (biased >= 2 * f->emax + 1 + ahp) {
        if (ahp) {
            e->flags |= SOFTFP_INVALID;
            return s | 0x7fff;
        }
        e->flags |= SOFTFP_OVERFLOW | SOFTFP_INEXACT;
        bool to_infinity = e->round == IR_RN_TIES_EVEN || e->round == IR_RN_TIES_AWAY ||
                           (e->round == IR_RN_UP && !sign) || (e->round == IR_RN_DOWN && sign);
        return to_infinity ? infinity(f, sign) : infinity(f, sign) - 1;
    }
    if (inexact)
        e->flags |= SOFTFP_INEXACT | (tiny ? SOFTFP_UNDERFLOW : 0);
    return s | (uint64_t)biased << (f->precision - 1) | (q & fraction_mask(f));
}

/* --------------------------------------------------------------------- NaNs */

bool softfp_is_nan(enum ir_lane lane, uint64_t a)
{
    const struct format *f = format_of(lane);
    return (a & ~sign_bit(f)) > infinity(f, false);
}

uint64_t softfp_nan(struct softfp_env *e, enum ir_lane lane, const uint64_t *operand, unsigned n)
{
    const struct format *f = format_of(lane);
    for (int signalling = 1; signalling >= 0; signalling--)
        for (unsigned k = 0; k < n; k++)
            if (softfp_is_nan(lane, operand[k]) && signalling == !(operand[k] & quiet_bit(f))) {
                if (signalling)
                    e->flags |= SOFTFP_INVALID;
                return e->mode & IR_FP_DEFAULT_NAN ? default_nan(f) : operand[k] | quiet_bit(f);
            }
    e->flags |= SOFTFP_INVALID; /* no operand was one: the operation is invalid */
    return default_nan(f);
}

static bool any_nan(enum ir_lane lane, uint64_t a, uint64_t b)
{
    return softfp_is_nan(lane, a) || softfp_is_nan(lane, b);
}
static uint64_t nan2(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    uint64_t v[2] = { a, b };
    return softfp_nan(e, lane, v, 2);
}

/* --------------------------------------------------------------- arithmetic */

/* Sum of two exact finite numbers, each sig < 2^112; zeros have sig 0. */
static uint64_t sum(struct softfp_env *e, const struct format *f, bool sa, int ea, u128 a, bool sb,
                    int eb, u128 b)
{
    if (!a && !b) {
        bool s = sa == sb ? sa : e->round == IR_RN_DOWN;
        return s ? sign_bit(f) : 0;
    }
    if (!a || !b)
        return pack(e, f, a ? sa : sb, a ? ea : eb, a ? a : b, false);
    /* x: the one with the higher top bit, moved up to bit 125 */
    bool swap = ea + msb(a) < eb + msb(b);
    bool sx = swap ? sb : sa, sy = swap ? sa : sb;
    int ex = swap ? eb : ea, ey = swap ? ea : eb;
    u128 x = swap ? b : a, y = swap ? a : b;
    int up = 125 - msb(x);
    x <<= up;
    ex -= up;
    bool sticky = false;
    if (ey >= ex) {
        y <<= ey - ex; /* its top is not above x's */
    } else {
        int down = ex - ey;
        if (down > 127) {
            sticky = true;
            y = 0;
        } else {
            sticky = (y & (((u128)1 << down) - 1)) != 0;
            y >>= down;
        }
    }
    if (sx == sy)
        return pack(e, f, sx, ex, x + y, sticky);
    /* x - (y + sticky): one unit less with sticky, and the rest is sticky again */
    if (x == y && !sticky)
        return e->round == IR_RN_DOWN ? sign_bit(f) : 0;
    bool sign = sx;
    if (x < y) {
        u128 z = x;
        x = y;
        y = z;
        sign = !sign;
    }
    return pack(e, f, sign, ex, x - y - sticky, sticky);
}

uint64_t softfp_add(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (any_nan(lane, a, b))
        return nan2(e, lane, a, b);
    if (x.kind == INFINITE && y.kind == INFINITE && x.sign != y.sign)
        return softfp_nan(e, lane, NULL, 0);
    if (x.kind == INFINITE || y.kind == INFINITE)
        return infinity(f, x.kind == INFINITE ? x.sign : y.sign);
    return sum(e, f, x.sign, x.exp, x.sig, y.sign, y.exp, y.sig);
}

uint64_t softfp_sub(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    if (!softfp_is_nan(lane, b)) /* a NaN's sign stays */
        b ^= sign_bit(format_of(lane));
    return softfp_add(e, lane, a, b);
}

uint64_t softfp_mul(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (any_nan(lane, a, b))
        return nan2(e, lane, a, b);
    bool sign = x.sign != y.sign;
    if (x.kind == INFINITE || y.kind == INFINITE)
        return x.kind == ZERO || y.kind == ZERO ? softfp_nan(e, lane, NULL, 0) : infinity(f, sign);
    if (x.kind == ZERO || y.kind == ZERO)
        return sign ? sign_bit(f) : 0;
    return pack(e, f, sign, x.exp + y.exp, (u128)x.sig * y.sig, false);
}

uint64_t softfp_div(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (any_nan(lane, a, b))
        return nan2(e, lane, a, b);
    bool sign = x.sign != y.sign;
    if ((x.kind == INFINITE && y.kind == INFINITE) || (x.kind == ZERO && y.kind == ZERO))
        return softfp_nan(e, lane, NULL, 0);
    if (x.kind == INFINITE || y.kind == ZERO) {
        if (x.kind != INFINITE)
            e->flags |= SOFTFP_DIVZERO;
        return infinity(f, sign);
    }
    if (x.kind == ZERO || y.kind == INFINITE)
        return sign ? sign_bit(f) : 0;
    int up = 127 - msb(x.sig); /* a quotient of at least 64 bits */
    u128 n = (u128)x.sig << up;
    return pack(e, f, sign, x.exp - up - y.exp, n / y.sig, n % y.sig != 0);
}

uint64_t softfp_sqrt(struct softfp_env *e, enum ir_lane lane, uint64_t a)
{
    const struct format *f = format_of(lane);
    if (softfp_is_nan(lane, a))
        return softfp_nan(e, lane, &a, 1);
    struct number x = unpack(e, f, a);
    if (x.kind == ZERO)
        return x.sign ? sign_bit(f) : 0;
    if (x.sign)
        return softfp_nan(e, lane, NULL, 0);
    if (x.kind == INFINITE)
        return infinity(f, false);
    int up = 126 - msb(x.sig);
    up += (x.exp - up) & 1; /* even exponent */
    u128 n = (u128)x.sig << up, root = 0, rest = 0;
    for (int k = 126; k >= 0; k -= 2) { /* digit by digit */
        rest = rest << 2 | (n >> k & 3);
        u128 trial = root << 2 | 1;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1;
        }
    }
    return pack(e, f, false, (x.exp - up) / 2, root, rest != 0);
}

uint64_t softfp_fma(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, uint64_t c,
                    unsigned negate)
{
    const struct format *f = format_of(lane);
    a ^= negate & 1 ? sign_bit(f) : 0;
    c ^= negate & 2 ? sign_bit(f) : 0;
    struct number x = unpack(e, f, a), y = unpack(e, f, b), z = unpack(e, f, c);
    bool undefined =
        (x.kind == INFINITE && y.kind == ZERO) || (x.kind == ZERO && y.kind == INFINITE);
    bool nan_c = softfp_is_nan(lane, c);
    if (nan_c && undefined && (c & quiet_bit(f)))
        return softfp_nan(e, lane, NULL, 0);
    if (nan_c || any_nan(lane, a, b)) {
        uint64_t v[3] = { c, a, b };
        return softfp_nan(e, lane, v, 3);
    }
    bool sign = x.sign != y.sign, inf = x.kind == INFINITE || y.kind == INFINITE;
    if (undefined || (inf && z.kind == INFINITE && z.sign != sign))
        return softfp_nan(e, lane, NULL, 0);
    if (inf || z.kind == INFINITE)
        return infinity(f, inf ? sign : z.sign);
    return sum(e, f, sign, x.exp + y.exp, (u128)x.sig * y.sig, z.sign, z.exp, z.sig);
}

/* ------------------------------------------------------ comparison, min, max */

/* -1, 0, 1 of numbers that are no NaNs. */
static int order(const struct number *x, const struct number *y)
{
    if (x->kind == ZERO && y->kind == ZERO)
        return 0;
    if (x->kind == ZERO)
        return y->sign ? 1 : -1;
    if (y->kind == ZERO || x->sign != y->sign)
        return x->sign ? -1 : 1;
    int m = x->sign ? -1 : 1;
    if (x->kind == INFINITE || y->kind == INFINITE)
        return x->kind == y->kind ? 0 : x->kind == INFINITE ? m : -m;
    int tx = x->exp + msb(x->sig), ty = y->exp + msb(y->sig);
    if (tx != ty)
        return tx > ty ? m : -m;
    uint64_t a = x->sig << (63 - msb(x->sig)), b = y->sig << (63 - msb(y->sig));
    return a == b ? 0 : a > b ? m : -m;
}

uint32_t softfp_compare(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b,
                        bool signal)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (x.kind >= QUIET || y.kind >= QUIET) {
        if (signal || x.kind == SIGNALLING || y.kind == SIGNALLING)
            e->flags |= SOFTFP_INVALID;
        return 3u << 28;
    }
    int o = order(&x, &y);
    return o < 0 ? 8u << 28 : o == 0 ? 6u << 28 : 2u << 28;
}

uint64_t softfp_minmax(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, bool max,
                       bool number)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (number && x.kind == QUIET && y.kind < QUIET) {
        a = infinity(f, max);
        x = unpack(e, f, a);
    } else if (number && y.kind == QUIET && x.kind < QUIET) {
        b = infinity(f, max);
        y = unpack(e, f, b);
    }
    if (x.kind >= QUIET || y.kind >= QUIET)
        return nan2(e, lane, a, b);
    int o = order(&x, &y);
    if (o == 0 && x.kind == ZERO)
        return (max ? x.sign && y.sign : x.sign || y.sign) ? sign_bit(f) : 0;
    const struct number *n = (max ? o > 0 : o < 0) ? &x : &y;
    if (n->kind == ZERO) /* perhaps flushed */
        return n->sign ? sign_bit(f) : 0;
    return n == &x ? a : b;
}

/* -------------------------------------------------------------- conversions */

/* From format f to format g. */
static uint64_t convert(struct softfp_env *e, const struct format *f, const struct format *g,
                        uint64_t a);

uint64_t softfp_convert(struct softfp_env *e, enum ir_lane from, enum ir_lane to, uint64_t a)
{
    e->mode |= CONVERTING;
    a = softfp_convert_plain(e, from, to, a);
    e->mode &= ~(unsigned)CONVERTING;
    return a;
}

uint64_t softfp_convert_plain(struct softfp_env *e, enum ir_lane from, enum ir_lane to, uint64_t a)
{
    return convert(e, format_of(from), format_of(to), a);
}

uint64_t softfp_to_bfloat(struct softfp_env *e, uint64_t a)
{
    static const struct format bfloat = { 16, 8, 127 };
    return convert(e, format_of(IR_LS), &bfloat, a);
}

static uint64_t convert(struct softfp_env *e, const struct format *f, const struct format *g,
                        uint64_t a)
{
    struct number x = unpack(e, f, a);
    bool ahp = alternative(e, g);
    uint64_t s = x.sign ? sign_bit(g) : 0;
    switch (x.kind) {
    case QUIET:
    case SIGNALLING:
        if (x.kind == SIGNALLING || ahp)
            e->flags |= SOFTFP_INVALID;
        if (ahp)
            return s;
        if (e->mode & IR_FP_DEFAULT_NAN)
            return default_nan(g);
        a &= fraction_mask(f);
        a = g->precision > f->precision ? a << (g->precision - f->precision)
                                        : a >> (f->precision - g->precision);
        return infinity(g, x.sign) | quiet_bit(g) | a;
    case INFINITE:
        if (ahp) {
            e->flags |= SOFTFP_INVALID;
            return s | 0x7fff;
        }
        return infinity(g, x.sign);
    case ZERO:
        return s;
    case FINITE:
        break;
    }
    return pack(e, g, x.sign, x.exp, x.sig, false);
}

uint64_t softfp_to_int(struct softfp_env *e, enum ir_lane lane, uint64_t a, enum ir_round round,
                       unsigned bits, bool is_unsigned, unsigned fraction)
{
    struct number x = unpack(e, format_of(lane), a);
    uint64_t all = ~0ull >> (64 - bits), top = is_unsigned ? all : all >> 1;
    if (x.kind == ZERO)
        return 0;
    if (x.kind >= QUIET) {
        e->flags |= SOFTFP_INVALID;
        return 0;
    }
    bool inexact = false, huge = x.kind == INFINITE;
    u128 v = 0;
    if (!huge) {
        int exp = x.exp + (int)fraction;
        huge = exp + msb(x.sig) > 64;
        if (!huge)
            v = shift_round(round, x.sign, x.sig, -exp, false, &inexact);
    }
    u128 limit = x.sign ? is_unsigned ? 0 : (u128)top + 1 : top;
    if (huge || v > limit) {
        e->flags |= SOFTFP_INVALID;
        return (x.sign ? is_unsigned ? 0 : top + 1 : top) & all;
    }
    if (inexact)
        e->flags |= SOFTFP_INEXACT;
    return (x.sign ? 0 - (uint64_t)v : (uint64_t)v) & all;
}

uint64_t softfp_from_int(struct softfp_env *e, enum ir_lane lane, uint64_t v, unsigned bits,
                         bool is_unsigned, unsigned fraction)
{
    v &= ~0ull >> (64 - bits);
    bool sign = !is_unsigned && v >> (bits - 1);
    if (sign)
        v = (0 - v) & (~0ull >> (64 - bits));
    return v ? pack(e, format_of(lane), sign, -(int)fraction, v, false) : 0;
}

uint64_t softfp_round(struct softfp_env *e, enum ir_lane lane, uint64_t a, enum ir_round round,
                      bool exact)
{
    const struct format *f = format_of(lane);
    if (softfp_is_nan(lane, a))
        return softfp_nan(e, lane, &a, 1);
    struct number x = unpack(e, f, a);
    if (x.kind == INFINITE)
        return a;
    bool inexact = false;
    u128 v = 0;
    if (x.kind == FINITE) {
        if (x.exp >= 0)
            return a;
        v = shift_round(round, x.sign, x.sig, -x.exp, false, &inexact);
    }
    if (exact && inexact)
        e->flags |= SOFTFP_INEXACT;
    return v ? pack(e, f, x.sign, 0, v, false) : x.sign ? sign_bit(f) : 0;
}

uint64_t softfp_round_within(struct softfp_env *e, enum ir_lane lane, uint64_t a,
                             enum ir_round round, unsigned bits)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a);
    uint64_t least = sign_bit(f) | (uint64_t)((int)bits - 1 + f->emax) << (f->precision - 1);
    bool inexact = false;
    u128 v = 0;
    if (x.kind == ZERO)
        return x.sign ? sign_bit(f) : 0;
    if (x.kind == FINITE && x.exp + msb(x.sig) <= 64)
        v = shift_round(round, x.sign, x.sig, -x.exp, false, &inexact);
    else
        v = (u128)1 << 100;
    if (v > ((u128)1 << (bits - 1)) - !x.sign) {
        e->flags |= SOFTFP_INVALID;
        return least;
    }
    if (inexact)
        e->flags |= SOFTFP_INEXACT;
    return v ? pack(e, f, x.sign, 0, v, false) : x.sign ? sign_bit(f) : 0;
}

uint32_t softfp_to_int_modulo(struct softfp_env *e, uint64_t a)
{
    struct number x = unpack(e, format_of(IR_LD), a);
    if (x.kind == ZERO)
        return 0;
    if (x.kind != FINITE || x.exp > 31) { /* a multiple of 2^32, if a number */
        e->flags |= SOFTFP_INVALID;
        return 0;
    }
    bool inexact;
    u128 v = shift_round(IR_RN_ZERO, x.sign, x.sig, -x.exp, false, &inexact);
    e->flags |= v > (1ull << 31) - !x.sign ? SOFTFP_INVALID : inexact ? SOFTFP_INEXACT : 0;
    return x.sign ? 0u - (uint32_t)v : (uint32_t)v;
}

/* ------------------------------------------- half and BFloat16 into single */

/* The same number; a signalling NaN stays one. */
static uint64_t widen_half(struct softfp_env *e, uint64_t a)
{
    if (softfp_is_nan(IR_LH, a))
        return infinity(format_of(IR_LS), a >> 15 & 1) | (a & 0x3ff) << 13;
    return softfp_convert_plain(e, IR_LH, IR_LS, a);
}

uint64_t softfp_fma_half(struct softfp_env *e, uint64_t a, uint64_t b, uint64_t c, unsigned negate)
{
    return softfp_fma(e, IR_LS, widen_half(e, a), widen_half(e, b), c, negate);
}

/* A result truncated under e, rounded to odd instead. */
static uint64_t to_odd(struct softfp_env *e, uint64_t v)
{
    unsigned flags = e->flags;
    e->flags = 0;
    if (flags & SOFTFP_OVERFLOW)
        return infinity(format_of(IR_LS), v >> 31);
    return v | !!(flags & SOFTFP_INEXACT);
}

uint32_t softfp_bfdot(uint32_t a, uint32_t b, uint32_t c)
{
    struct softfp_env e = { IR_RN_ZERO, IR_FP_DEFAULT_NAN | IR_FP_FLUSH, 0 };
    uint64_t even = to_odd(&e, softfp_mul(&e, IR_LS, (uint32_t)(a << 16), (uint32_t)(b << 16)));
    uint64_t odd = to_odd(&e, softfp_mul(&e, IR_LS, a & 0xffff0000, b & 0xffff0000));
    uint64_t both = to_odd(&e, softfp_add(&e, IR_LS, even, odd));
    return (uint32_t)to_odd(&e, softfp_add(&e, IR_LS, c, both));
}

/* ----------------------------------------------------------------- estimates */

/* 2 - a * b, or (3 - a * b) / 2, with one rounding; infinity times zero counts as 0. */
uint64_t softfp_step(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b, bool sqrt)
{
    const struct format *f = format_of(lane);
    a ^= sign_bit(f);
    struct number x = unpack(e, f, a), y = unpack(e, f, b);
    if (any_nan(lane, a, b))
        return nan2(e, lane, a, b);
    bool inf = x.kind == INFINITE || y.kind == INFINITE, zero = x.kind == ZERO || y.kind == ZERO;
    bool sign = x.sign != y.sign;
    if (inf && !zero)
        return infinity(f, sign);
    u128 product = zero ? 0 : (u128)x.sig * y.sig;
    return sum(e, f, sign, x.exp + y.exp - sqrt, product, false, sqrt ? -1 : 0, sqrt ? 3 : 2);
}

unsigned softfp_recip_entry(unsigned a)
{
    unsigned b = (1u << 19) / (2 * a + 1);
    return (b + 1) / 2;
}

unsigned softfp_rsqrt_entry(unsigned a)
{
    a = a < 256 ? 2 * a + 1 : 2 * ((a & ~1u) + 1);
    uint64_t b = 512;
    while (a * (b + 1) * (b + 1) < 1u << 28)
        b++;
    return (unsigned)(b + 1) / 2;
}

/* The fraction as the manual scales it, to 52 bits, and the biased exponent of a normalised number.
 */
static uint64_t scaled_fraction(const struct format *f, uint64_t a, int *exp)
{
    uint64_t fraction = (a & fraction_mask(f)) << (53 - f->precision);
    *exp = (int)(a >> (f->precision - 1)) & (2 * f->emax + 1);
    if (*exp == 0) {
        while (!(fraction >> 51 & 1)) {
            fraction <<= 1;
            --*exp;
        }
        fraction <<= 1;
    }
    return fraction & ((1ull << 52) - 1);
}
static uint64_t estimated(const struct format *f, bool sign, int exp, uint64_t fraction)
{
    return (sign ? sign_bit(f) : 0) | (uint64_t)exp << (f->precision - 1) |
           fraction >> (53 - f->precision);
}

uint64_t softfp_estimate(struct softfp_env *e, enum ir_lane lane, uint64_t a, bool sqrt)
{
    const struct format *f = format_of(lane);
    struct number x = unpack(e, f, a);
    int exp;
    if (x.kind >= QUIET)
        return softfp_nan(e, lane, &a, 1);
    if (x.kind == ZERO) {
        e->flags |= SOFTFP_DIVZERO;
        return infinity(f, x.sign);
    }
    if (sqrt && x.sign)
        return softfp_nan(e, lane, NULL, 0);
    if (x.kind == INFINITE)
        return x.sign ? sign_bit(f) : 0;
    uint64_t fraction = scaled_fraction(f, a, &exp);
    if (sqrt) {
        uint64_t top = exp & 1 ? 1u << 7 | fraction >> 45 : 1u << 8 | fraction >> 44;
        uint64_t r = softfp_rsqrt_entry((unsigned)top) & 0xff;
        return estimated(f, false, (3 * f->emax - 1 - exp) / 2, r << 44);
    }
    if (x.exp + msb(x.sig) < -f->emax - 1) { /* the reciprocal is out of range */
        e->flags |= SOFTFP_OVERFLOW | SOFTFP_INEXACT;
        bool up = e->round == IR_RN_TIES_EVEN || (e->round == IR_RN_UP && !x.sign) ||
                  (e->round == IR_RN_DOWN && x.sign);
        return infinity(f, x.sign) - !up;
    }
    if (flushes(e, f) && x.exp + msb(x.sig) >= f->emax - 1) {
        e->flags |= SOFTFP_UNDERFLOW;
        return x.sign ? sign_bit(f) : 0;
    }
    uint64_t r = (uint64_t)(softfp_recip_entry(1u << 8 | (unsigned)(fraction >> 44)) & 0xff) << 44;
    exp = 2 * f->emax - 1 - exp;
    if (exp <= 0) { /* subnormal: the hidden bit joins the fraction */
        r = exp == 0 ? 1ull << 51 | r >> 1 : 1ull << 50 | r >> 2;
        exp = 0;
    }
    return estimated(f, x.sign, exp, r);
}

uint64_t softfp_exponent(struct softfp_env *e, enum ir_lane lane, uint64_t a)
{
    const struct format *f = format_of(lane);
    unpack(e, f, a); /* for the flag of subnormal operands */
    if (softfp_is_nan(lane, a))
        return softfp_nan(e, lane, &a, 1);
    uint64_t mask = infinity(f, false), exp = a & mask;
    return (a & sign_bit(f)) | (exp ? ~exp & mask : mask - (fraction_mask(f) + 1));
}

uint64_t softfp_mulx(struct softfp_env *e, enum ir_lane lane, uint64_t a, uint64_t b)
{
    const struct format *f = format_of(lane);
    struct softfp_env quiet = { e->round, e->mode, 0 };
    struct number x = unpack(&quiet, f, a), y = unpack(&quiet, f, b);
    if ((x.kind == INFINITE && y.kind == ZERO) || (x.kind == ZERO && y.kind == INFINITE)) {
        e->flags |= quiet.flags;
        return ((a ^ b) & sign_bit(f)) | (uint64_t)(f->emax + 1) << (f->precision - 1);
    }
    return softfp_mul(e, lane, a, b);
}

uint64_t softfp_narrow_odd(struct softfp_env *e, uint64_t a)
{
    struct softfp_env to_zero = { IR_RN_ZERO, e->mode, 0 };
    uint64_t v = softfp_convert(&to_zero, IR_LD, IR_LS, a);
    bool flushed = (to_zero.flags & SOFTFP_UNDERFLOW) && !(to_zero.flags & SOFTFP_INEXACT);
    e->flags |= to_zero.flags;
    return (to_zero.flags & SOFTFP_INEXACT) && !flushed ? v | 1 : v;
}
