/*
 * fpexact.h: the manual's floating-point functions on exact numbers, for fpexact.c.
 *
 * Operands are unpacked to sign, integer and power of two; sums are made in integers as wide as they need
 * (of doubles up to 4,300 bits), quotients and roots as 64 bits or more with a remainder; what is exact, or exact but
 * for a lowest bit that says "and a little more", is rounded once. Nothing is shared with ir/softfp.c, and
 * no floating-point instruction is used. Names and order of the checks are those of the Arm ARM's shared
 * pseudocode (J1.3: FPUnpack, FPRoundBase, FPProcessNaNs, FPAdd, FPMulAdd, FPConvert, FPToFixed, FixedToFP,
 * FPRoundInt), FPCR.AH and trapped exceptions left out.
 */
#ifndef FPEXACT_H
#define FPEXACT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef unsigned __int128 u128;

enum { IOC = 1, DZC = 2, OFC = 4, UFC = 8, IXC = 16, IDC = 128 };
enum { FPCR_FZ16 = 1 << 19, FPCR_FZ = 1 << 24, FPCR_DN = 1 << 25, FPCR_AHP = 1 << 26 };
enum rounding { TIEEVEN, POSINF, NEGINF, ZERO, TIEAWAY, ODD };
enum kind { IS_ZERO, IS_FINITE, IS_INF, IS_QNAN, IS_SNAN };

struct format { int width, prec, ebits; }; /* prec: with the leading bit */
static const struct format format_h = { 16, 11, 5 }, format_s = { 32, 24, 8 }, format_d = { 64, 53, 11 };

static inline int format_bias(const struct format *f) { return (1 << (f->ebits - 1)) - 1; }
static inline int format_emin(const struct format *f) { return 1 - format_bias(f); }

/* What an operation does besides its result. */
struct effect {
    uint32_t flags;
    uint32_t deviates; /* flags that myna may have differently unless fpflags=exact (docs/floating-point.md) */
};

struct num { enum kind kind; bool sign; int exp; uint64_t sig; uint64_t bits; }; /* sig * 2^exp */

static inline bool is_nan(const struct num *n) { return n->kind >= IS_QNAN; }
static inline uint64_t ones(int n) { return n >= 64 ? ~0ull : (1ull << n) - 1; }
static inline uint64_t sign_of(const struct format *f, bool sign) { return (uint64_t)sign << (f->width - 1); }
static inline uint64_t inf_of(const struct format *f, bool sign)
{
    return sign_of(f, sign) | ones(f->ebits) << (f->prec - 1);
}
static inline uint64_t default_nan(const struct format *f)
{
    return inf_of(f, false) | 1ull << (f->prec - 2);
}
static inline enum rounding rounding_of(uint32_t fpcr) { return (enum rounding)(fpcr >> 22 & 3); }

/* FPUnpackBase. convert: half precision by FPUnpackCV (AHP counts, FZ16 does not). */
static inline struct num unpack(uint64_t bits, const struct format *f, uint32_t fpcr, bool convert, struct effect *x)
{
    uint64_t frac = bits & ones(f->prec - 1), exp = bits >> (f->prec - 1) & ones(f->ebits);
    struct num n = { .kind = IS_FINITE, .sign = bits >> (f->width - 1) & 1, .bits = bits & ones(f->width) };
    bool half = f->width == 16;
    if (exp == 0) {
        bool flush = fpcr & (half ? FPCR_FZ16 : FPCR_FZ) && !(half && convert);
        if (frac && flush && !half) {
            x->flags |= IDC;
            x->deviates |= IDC;
        }
        n.kind = !frac || flush ? IS_ZERO : IS_FINITE;
        n.sig = n.kind == IS_ZERO ? 0 : frac;
        n.exp = format_emin(f) - (f->prec - 1);
    } else if (exp == ones(f->ebits) && !(half && convert && fpcr & FPCR_AHP)) {
        n.kind = !frac ? IS_INF : frac >> (f->prec - 2) ? IS_QNAN : IS_SNAN;
    } else {
        n.sig = frac | 1ull << (f->prec - 1);
        n.exp = (int)exp - format_bias(f) - (f->prec - 1);
    }
    return n;
}

/* ------------------------------------------------------- integers of any width */

enum { LIMBS = 72 };
struct big { uint64_t limb[LIMBS]; int n; int exp; bool sign; }; /* limbs * 2^exp */

/* v * 2^(exp), as an integer of units 2^base, n limbs. */
static inline void big_set(struct big *b, bool sign, u128 v, int exp, int base, int n)
{
    int shift = exp - base, at = shift / 64, s = shift % 64;
    memset(b->limb, 0, (size_t)n * 8);
    uint64_t lo = (uint64_t)v, hi = (uint64_t)(v >> 64);
    b->limb[at] = lo << s;
    b->limb[at + 1] = hi << s | (s ? lo >> (64 - s) : 0);
    b->limb[at + 2] = s ? hi >> (64 - s) : 0;
    b->n = n;
    b->exp = base;
    b->sign = sign;
}

/* The exact sum of sa * a * 2^ea and sb * b * 2^eb. */
static inline void big_sum(struct big *r, bool sa, u128 a, int ea, bool sb, u128 b, int eb)
{
    struct big x, y;
    int base = ea < eb ? ea : eb, top = ea < eb ? eb : ea, n = (top - base) / 64 + 4;
    big_set(&x, sa, a, ea, base, n);
    big_set(&y, sb, b, eb, base, n);
    int order = 0;
    for (int i = n; i-- > 0 && !order;)
        order = (x.limb[i] > y.limb[i]) - (x.limb[i] < y.limb[i]);
    const struct big *big = order < 0 ? &y : &x, *small = order < 0 ? &x : &y;
    bool minus = sa != sb;
    uint64_t carry = minus;
    for (int i = 0; i < n; i++) {
        u128 t = (u128)big->limb[i] + (minus ? ~small->limb[i] : small->limb[i]) + carry;
        r->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    r->n = n;
    r->exp = base;
    r->sign = big->sign;
}

static inline int big_top(const struct big *b) /* its highest bit that is set, or -1 */
{
    for (int i = b->n; i-- > 0;)
        if (b->limb[i])
            return 64 * i + 63 - __builtin_clzll(b->limb[i]);
    return -1;
}

/* Bits [from, from + 64). */
static inline uint64_t big_bits(const struct big *b, int from)
{
    int at = from / 64, s = from % 64;
    uint64_t lo = at < b->n ? b->limb[at] : 0, hi = at + 1 < b->n ? b->limb[at + 1] : 0;
    return s ? lo >> s | hi << (64 - s) : lo;
}
static inline bool big_any_below(const struct big *b, int from)
{
    for (int i = 0; i < b->n && 64 * i < from; i++)
        if (b->limb[i] & ones(from - 64 * i))
            return true;
    return false;
}

/* The integer part in units of 2^(b->exp + drop), and what is lost: 0 nothing, 1 less than a half, 2 a
 * half, 3 more. drop may be negative. */
static inline uint64_t big_split(const struct big *b, int drop, int *lost)
{
    *lost = 0;
    if (drop <= 0)
        return -drop > 63 ? 0 : big_bits(b, 0) << -drop;
    bool half = big_bits(b, drop - 1) & 1, rest = big_any_below(b, drop - 1);
    *lost = 2 * half + rest;
    return big_bits(b, drop);
}

static inline bool rounds_up(enum rounding mode, bool sign, int lost, uint64_t value)
{
    switch (mode) {
    case TIEEVEN: return lost == 3 || (lost == 2 && value & 1);
    case POSINF: return lost && !sign;
    case NEGINF: return lost && sign;
    case TIEAWAY: return lost >= 2;
    case ZERO: case ODD: break;
    }
    return false;
}

/* FPRoundBase of a number that is not 0. */
static inline uint64_t round_big(const struct big *v, const struct format *f, uint32_t fpcr, enum rounding mode,
                                 bool convert, struct effect *x)
{
    bool half = f->width == 16, alternative = half && convert && fpcr & FPCR_AHP;
    int exponent = big_top(v) + v->exp, emin = format_emin(f), lost;
    bool tiny = exponent < emin;
    if (tiny && fpcr & (half ? FPCR_FZ16 : FPCR_FZ) && !(half && convert)) {
        x->flags |= UFC;
        if (!half)
            x->deviates |= IXC;
        return sign_of(f, v->sign);
    }
    int unit = (tiny ? emin : exponent) - (f->prec - 1);
    uint64_t mant = big_split(v, unit - v->exp, &lost);
    uint64_t biased = tiny ? 0 : (uint64_t)(exponent - emin + 1);
    if (tiny && lost)
        x->flags |= UFC;
    if (rounds_up(mode, v->sign, lost, mant)) {
        mant++;
        if (tiny && mant == 1ull << (f->prec - 1)) {
            biased = 1;
            if (!half)
                x->deviates |= UFC;
        }
        if (mant == 1ull << f->prec) {
            biased++;
            mant >>= 1;
        }
    }
    if (mode == ODD && lost)
        mant |= 1;
    if (biased >= ones(f->ebits) + alternative) {
        if (alternative) {
            x->flags |= IOC;
            return sign_of(f, v->sign) | ones(f->width - 1);
        }
        bool to_inf = mode == TIEEVEN || mode == TIEAWAY || (mode == POSINF && !v->sign) ||
                      (mode == NEGINF && v->sign);
        x->flags |= OFC | IXC;
        return inf_of(f, v->sign) - !to_inf;
    }
    if (lost)
        x->flags |= IXC;
    return sign_of(f, v->sign) | biased << (f->prec - 1) | (mant & ones(f->prec - 1));
}

static inline uint64_t round_wide(bool sign, u128 v, int exp, const struct format *f, uint32_t fpcr,
                                  enum rounding mode, bool convert, struct effect *x)
{
    struct big b;
    big_set(&b, sign, v, exp, exp, 4);
    return round_big(&b, f, fpcr, mode, convert, x);
}

/* -------------------------------------------------------------------- NaNs */

static inline uint64_t invalid(const struct format *f, struct effect *x)
{
    x->flags |= IOC;
    return default_nan(f);
}

static inline uint64_t process_nan(const struct num *n, const struct format *f, uint32_t fpcr, struct effect *x)
{
    if (n->kind == IS_SNAN)
        x->flags |= IOC;
    return fpcr & FPCR_DN ? default_nan(f) : n->bits | 1ull << (f->prec - 2);
}

/* FPProcessNaNs, FPProcessNaNs3: signalling ones first, then in order. */
static inline bool process_nans(const struct num *const *n, int count, const struct format *f, uint32_t fpcr,
                                struct effect *x, uint64_t *result)
{
    for (enum kind k = IS_SNAN; k >= IS_QNAN; k--)
        for (int i = 0; i < count; i++)
            if (n[i]->kind == k) {
                *result = process_nan(n[i], f, fpcr, x);
                return true;
            }
    return false;
}

/* -------------------------------------------------------------- arithmetic */

/* A sum that is 0 exactly has the sign of the rounding mode. */
static inline uint64_t round_sum(const struct big *sum, const struct format *f, uint32_t fpcr, struct effect *x)
{
    if (big_top(sum) < 0)
        return sign_of(f, rounding_of(fpcr) == NEGINF);
    return round_big(sum, f, fpcr, rounding_of(fpcr), false, x);
}

static inline uint64_t fp_add(uint64_t op1, uint64_t op2, bool subtract, const struct format *f, uint32_t fpcr,
                              struct effect *x)
{
    struct num a = unpack(op1, f, fpcr, false, x), b = unpack(op2, f, fpcr, false, x);
    uint64_t nan;
    if (process_nans((const struct num *const[]){ &a, &b }, 2, f, fpcr, x, &nan))
        return nan;
    b.sign ^= subtract;
    if (a.kind == IS_INF && b.kind == IS_INF && a.sign != b.sign)
        return invalid(f, x);
    if (a.kind == IS_INF || b.kind == IS_INF)
        return inf_of(f, a.kind == IS_INF ? a.sign : b.sign);
    if (a.kind == IS_ZERO && b.kind == IS_ZERO && a.sign == b.sign)
        return sign_of(f, a.sign);
    struct big sum;
    big_sum(&sum, a.sign, a.sig, a.exp, b.sign, b.sig, b.exp);
    return round_sum(&sum, f, fpcr, x);
}

static inline uint64_t fp_mul(uint64_t op1, uint64_t op2, const struct format *f, uint32_t fpcr, struct effect *x)
{
    struct num a = unpack(op1, f, fpcr, false, x), b = unpack(op2, f, fpcr, false, x);
    uint64_t nan;
    if (process_nans((const struct num *const[]){ &a, &b }, 2, f, fpcr, x, &nan))
        return nan;
    bool sign = a.sign != b.sign;
    if ((a.kind == IS_INF && b.kind == IS_ZERO) || (a.kind == IS_ZERO && b.kind == IS_INF))
        return invalid(f, x);
    if (a.kind == IS_INF || b.kind == IS_INF)
        return inf_of(f, sign);
    if (a.kind == IS_ZERO || b.kind == IS_ZERO)
        return sign_of(f, sign);
    return round_wide(sign, (u128)a.sig * b.sig, a.exp + b.exp, f, fpcr, rounding_of(fpcr), false, x);
}

static inline void normalise(struct num *n) /* the leading bit to bit 63 */
{
    int s = __builtin_clzll(n->sig);
    n->sig <<= s;
    n->exp -= s;
}

static inline uint64_t fp_div(uint64_t op1, uint64_t op2, const struct format *f, uint32_t fpcr, struct effect *x)
{
    struct num a = unpack(op1, f, fpcr, false, x), b = unpack(op2, f, fpcr, false, x);
    uint64_t nan;
    if (process_nans((const struct num *const[]){ &a, &b }, 2, f, fpcr, x, &nan))
        return nan;
    bool sign = a.sign != b.sign;
    if ((a.kind == IS_INF && b.kind == IS_INF) || (a.kind == IS_ZERO && b.kind == IS_ZERO))
        return invalid(f, x);
    if (a.kind == IS_INF || b.kind == IS_ZERO) {
        if (a.kind != IS_INF)
            x->flags |= DZC;
        return inf_of(f, sign);
    }
    if (a.kind == IS_ZERO || b.kind == IS_INF)
        return sign_of(f, sign);
    normalise(&a);
    normalise(&b);
    u128 top = (u128)a.sig << 64, q = top / b.sig;
    return round_wide(sign, q << 1 | (q * b.sig != top), a.exp - 64 - b.exp - 1, f, fpcr, rounding_of(fpcr),
                      false, x);
}

static inline uint64_t fp_sqrt(uint64_t op, const struct format *f, uint32_t fpcr, struct effect *x)
{
    struct num a = unpack(op, f, fpcr, false, x);
    if (is_nan(&a))
        return process_nan(&a, f, fpcr, x);
    if (a.kind == IS_ZERO)
        return sign_of(f, a.sign);
    if (a.sign)
        return invalid(f, x);
    if (a.kind == IS_INF)
        return inf_of(f, false);
    normalise(&a);
    int odd = (a.exp & 1) != 0;
    u128 v = (u128)a.sig << (62 + odd), rest = 0;
    int exp = a.exp - 62 - odd; /* even */
    uint64_t root = 0;
    for (int i = 126; i >= 0; i -= 2) { /* two bits of v give one of the root */
        rest = rest << 2 | (v >> i & 3);
        u128 trial = (u128)root << 2 | 1;
        root <<= 1;
        if (rest >= trial) {
            rest -= trial;
            root |= 1;
        }
    }
    return round_wide(false, (u128)root << 1 | (rest != 0), exp / 2 - 1, f, fpcr, rounding_of(fpcr), false, x);
}

/* addend + op1 * op2 */
static inline uint64_t fp_muladd(uint64_t addend, uint64_t op1, uint64_t op2, const struct format *f, uint32_t fpcr,
                                 struct effect *x)
{
    struct num c = unpack(addend, f, fpcr, false, x), a = unpack(op1, f, fpcr, false, x);
    struct num b = unpack(op2, f, fpcr, false, x);
    bool no_product = (a.kind == IS_INF && b.kind == IS_ZERO) || (a.kind == IS_ZERO && b.kind == IS_INF);
    uint64_t nan;
    if (process_nans((const struct num *const[]){ &c, &a, &b }, 3, f, fpcr, x, &nan))
        return c.kind == IS_QNAN && no_product ? invalid(f, x) : nan;
    bool sign = a.sign != b.sign, inf = a.kind == IS_INF || b.kind == IS_INF;
    bool zero = a.kind == IS_ZERO || b.kind == IS_ZERO;
    if (no_product || (c.kind == IS_INF && inf && c.sign != sign))
        return invalid(f, x);
    if (c.kind == IS_INF || inf)
        return inf_of(f, inf ? sign : c.sign);
    if (c.kind == IS_ZERO && zero && c.sign == sign)
        return sign_of(f, sign);
    struct big sum;
    big_sum(&sum, c.sign, c.sig, c.exp, sign, (u128)a.sig * b.sig, a.exp + b.exp);
    return round_sum(&sum, f, fpcr, x);
}

/* ------------------------------------------------------------- conversions */

static inline uint64_t fp_convert(uint64_t op, const struct format *from, const struct format *to, uint32_t fpcr,
                                  enum rounding mode, struct effect *x)
{
    struct num a = unpack(op, from, fpcr, true, x);
    bool alternative = to->width == 16 && fpcr & FPCR_AHP;
    if (is_nan(&a)) {
        if (a.kind == IS_SNAN || alternative)
            x->flags |= IOC;
        if (alternative)
            return sign_of(to, a.sign);
        if (fpcr & FPCR_DN)
            return default_nan(to);
        uint64_t payload = (a.bits & ones(from->prec - 2)) << (53 - from->prec); /* FPConvertNaN: 51 bits */
        return sign_of(to, a.sign) | default_nan(to) | payload >> (53 - to->prec);
    }
    if (a.kind == IS_INF) {
        if (!alternative)
            return inf_of(to, a.sign);
        x->flags |= IOC;
        return sign_of(to, a.sign) | ones(to->width - 1);
    }
    if (a.kind == IS_ZERO)
        return sign_of(to, a.sign);
    return round_wide(a.sign, a.sig, a.exp, to, fpcr, mode, true, x);
}

/* The integer nearest to a * 2^fbits in the mode, as magnitude; beyond 2^65 it stays 2^65. */
static inline u128 to_integer(const struct num *a, int fbits, enum rounding mode, int *lost)
{
    int exp = a->exp + fbits;
    *lost = 0;
    if (a->kind == IS_ZERO)
        return 0;
    if (exp > 0) {
        u128 v = a->sig;
        return 64 - __builtin_clzll(a->sig) + exp > 65 ? (u128)1 << 65 : v << exp;
    }
    struct big b;
    big_set(&b, a->sign, a->sig, 0, 0, 4);
    u128 v = big_split(&b, -exp, lost);
    return v + rounds_up(mode, a->sign, *lost, (uint64_t)v);
}

static inline uint64_t fp_to_fixed(uint64_t op, const struct format *f, int bits, bool uns, int fbits, uint32_t fpcr,
                                   enum rounding mode, struct effect *x)
{
    struct num a = unpack(op, f, fpcr, false, x);
    int lost = 0;
    if (is_nan(&a)) {
        x->flags |= IOC;
        return 0;
    }
    u128 v = a.kind == IS_INF ? (u128)1 << 65 : to_integer(&a, fbits, mode, &lost);
    u128 most = uns ? (a.sign ? 0 : ((u128)1 << bits) - 1) : ((u128)1 << (bits - 1)) - !a.sign;
    if (v > most) {
        x->flags |= IOC;
        v = most;
    } else if (lost) {
        x->flags |= IXC;
    }
    return (uint64_t)(a.sign ? -v : v) & ones(bits);
}

static inline uint64_t fixed_to_fp(uint64_t op, const struct format *f, int bits, bool uns, int fbits, uint32_t fpcr,
                                   struct effect *x)
{
    op &= ones(bits);
    bool sign = !uns && op >> (bits - 1);
    if (sign)
        op = -op & ones(bits);
    if (!op)
        return 0;
    return round_wide(sign, op, -fbits, f, fpcr, rounding_of(fpcr), false, x);
}

static inline uint64_t fp_round_int(uint64_t op, const struct format *f, uint32_t fpcr, enum rounding mode,
                                    bool exact, struct effect *x)
{
    struct num a = unpack(op, f, fpcr, false, x);
    int lost;
    if (is_nan(&a))
        return process_nan(&a, f, fpcr, x);
    if (a.kind == IS_INF)
        return inf_of(f, a.sign);
    if (a.kind == IS_FINITE && a.exp >= 0)
        return a.bits;
    u128 v = to_integer(&a, 0, mode, &lost);
    if (lost && exact)
        x->flags |= IXC;
    return v ? round_wide(a.sign, v, 0, f, fpcr, ZERO, false, x) : sign_of(f, a.sign);
}

#endif
