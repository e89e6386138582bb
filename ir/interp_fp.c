/*
 * The interpreter's floating point: f16, f32 and f64 by integer arithmetic, after the pseudocode of
 * the Arm manual (FPUnpack, FPRound, FPProcessNaNs ...).
 *
 * Every value is unpacked to sign, exponent and a wide significand, worked on exactly (with a sticky
 * bit where it does not fit), and rounded once. NaN operands: a signalling one first, then in order
 * (fma: addend, a, b), quieted. A NaN that an operation makes is the positive default one. The rounding
 * mode and the cumulative flags are those of cpu->guest_mxcsr in the host's layout; an operation
 * underflows if its exact result is below the smallest normal number and it is inexact. cpu->fp_mode
 * selects flushing (not of half precision), default NaNs and alternative half precision.
 */
#include "interp.h"
#include "softfp.h"

typedef unsigned __int128 u128;

enum { INVALID = 1, DIVZERO = 4, OVERFLOW = 8, UNDERFLOW = 16, INEXACT = 32, /* as in MXCSR */
       INPUT = 64 /* a subnormal operand was flushed: cpu->fp_flags */ };

struct format {
    unsigned frac, exp; /* bits of fraction and exponent */
};

static struct format format_of(enum ir_type t)
{
    return t == IR_F16 ? (struct format){10, 5} : t == IR_F32 ? (struct format){23, 8}
                                                              : (struct format){52, 11};
}

enum kind { ZERO, NUMBER, INFINITE, QUIET, SIGNALLING };

/* value = (-1)^sign * mant * 2^exp for numbers; raw is the bit pattern */
struct unpacked {
    enum kind kind;
    bool sign;
    int exp;
    uint64_t mant, raw;
};

struct context {
    struct format f;
    enum ir_round mode;
    unsigned flags;
    unsigned fp_mode; /* enum ir_fp_mode */
};

static bool flushes(const struct context *c, struct format f) { return c->fp_mode & (f.exp == 5 ? IR_FP_FLUSH_HALF : IR_FP_FLUSH); }
static bool alternative(const struct context *c, struct format f) { return (c->fp_mode & IR_FP_AHP) && f.exp == 5; }

static uint64_t frac_mask(struct format f) { return (1ull << f.frac) - 1; }
static uint64_t sign_bit(struct format f) { return 1ull << (f.frac + f.exp); }
static uint64_t infinity(struct format f) { return ((1ull << f.exp) - 1) << f.frac; }
static uint64_t default_nan(struct format f) { return infinity(f) | 1ull << (f.frac - 1); }
static uint64_t with_sign(struct format f, bool sign, uint64_t v) { return sign ? v | sign_bit(f) : v; }

static struct unpacked unpack(struct context *c, struct format f, uint64_t raw)
{
    unsigned bias = (1u << (f.exp - 1)) - 1, e = (unsigned)(raw >> f.frac) & ((1u << f.exp) - 1);
    struct unpacked u = {NUMBER, (raw & sign_bit(f)) != 0, 0, raw & frac_mask(f), raw};
    if (e == (1u << f.exp) - 1 && !alternative(c, f))
        u.kind = u.mant == 0 ? INFINITE : u.mant >> (f.frac - 1) ? QUIET : SIGNALLING;
    else if (e == 0 && u.mant == 0)
        u.kind = ZERO;
    else if (e == 0 && flushes(c, f)) {
        c->flags |= f.exp == 5 ? 0 : INPUT;
        u.kind = ZERO;
        u.mant = 0;
        u.raw &= sign_bit(f);
    }
    else if (e)
        u.mant |= 1ull << f.frac;
    u.exp = (int)(e ? e : 1) - (int)bias - (int)f.frac;
    return u;
}

static unsigned width_of(u128 v)
{
    uint64_t hi = (uint64_t)(v >> 64), lo = (uint64_t)v;
    return hi ? 128 - (unsigned)__builtin_clzll(hi) : lo ? 64 - (unsigned)__builtin_clzll(lo) : 0;
}

/* v >> n with what is lost or'ed into the lowest bit. */
static u128 shift_sticky(u128 v, unsigned n)
{
    if (n == 0)
        return v;
    if (n > 127)
        return v != 0;
    return v >> n | ((v & (((u128)1 << n) - 1)) != 0);
}

/* Is the integer part v + fraction (rest of 2^n) rounded up? */
static bool rounds_up(enum ir_round mode, bool sign, bool odd, u128 rest, unsigned n)
{
    u128 half = (u128)1 << (n - 1);
    switch (mode) {
    case IR_RN_TIES_EVEN: return rest > half || (rest == half && odd);
    case IR_RN_TIES_AWAY: return rest >= half;
    case IR_RN_UP: return !sign && rest;
    case IR_RN_DOWN: return sign && rest;
    case IR_RN_ZERO: case IR_RN_DYN: return false;
    }
    return false;
}

/* mant * 2^exp rounded to the format. mant is not 0. */
static uint64_t pack(struct context *c, bool sign, u128 mant, int exp)
{
    struct format f = c->f;
    int bias = (1 << (f.exp - 1)) - 1, lowest = 1 - bias - (int)f.frac; /* exponent of the last place */
    int top = exp + (int)width_of(mant) - 1;
    int place = top - (int)f.frac > lowest ? top - (int)f.frac : lowest;
    bool tiny = top < 1 - bias;
    uint64_t v;
    if (tiny && flushes(c, f)) {
        c->flags |= UNDERFLOW;
        return with_sign(f, sign, 0);
    }
    if (place > exp) {
        unsigned n = (unsigned)(place - exp);
        if (n > 120) {
            mant = shift_sticky(mant, n - 120);
            n = 120;
        }
        u128 rest = mant & (((u128)1 << n) - 1);
        v = (uint64_t)(mant >> n);
        v += rounds_up(c->mode, sign, v & 1, rest, n);
        if (rest)
            c->flags |= INEXACT | (tiny ? UNDERFLOW : 0);
    } else {
        v = (uint64_t)(mant << (exp - place));
    }
    if (v >> (f.frac + 1)) {
        v >>= 1;
        place++;
    }
    uint64_t e = v >> f.frac ? (uint64_t)(place - lowest + 1) : 0;
    if (alternative(c, f)) {
        if (e >= 1u << f.exp) {
            c->flags = (c->flags & ~(unsigned)INEXACT) | INVALID;
            return with_sign(f, sign, 0x7fff);
        }
    } else if (e >= (1u << f.exp) - 1) {
        c->flags |= OVERFLOW | INEXACT;
        bool to_infinity = c->mode == IR_RN_TIES_EVEN || c->mode == IR_RN_TIES_AWAY ||
                           (c->mode == IR_RN_UP && !sign) || (c->mode == IR_RN_DOWN && sign);
        return with_sign(f, sign, infinity(f) - !to_infinity);
    }
    return with_sign(f, sign, e << f.frac | (v & frac_mask(f)));
}

static uint64_t zero_sum(const struct context *c) { return c->mode == IR_RN_DOWN ? sign_bit(c->f) : 0; }

static uint64_t invalid(struct context *c)
{
    c->flags |= INVALID;
    return default_nan(c->f);
}

/* The NaN rule over n operands. Returns true with the result in *out if one is a NaN. */
static bool nan_result(struct context *c, const struct unpacked *u, unsigned n, uint64_t *out)
{
    for (enum kind k = SIGNALLING; k >= QUIET; k--)
        for (unsigned j = 0; j < n; j++)
            if (u[j].kind == k) {
                if (k == SIGNALLING)
                    c->flags |= INVALID;
                *out = c->fp_mode & IR_FP_DEFAULT_NAN ? default_nan(c->f) : u[j].raw | 1ull << (c->f.frac - 1);
                return true;
            }
    return false;
}

/* The exact sum of two nonzero numbers given by 128-bit significands, rounded. */
static uint64_t sum(struct context *c, bool sa, u128 a, int ea, bool sb, u128 b, int eb)
{
    if (ea + (int)width_of(a) < eb + (int)width_of(b)) {
        u128 m = a; a = b; b = m;
        int e = ea; ea = eb; eb = e;
        bool s = sa; sa = sb; sb = s;
    }
    int up = 126 - (int)width_of(a); /* a is the larger; leaves a carry bit */
    a <<= up;
    ea -= up;
    if (eb > ea)
        b <<= eb - ea;
    else
        b = shift_sticky(b, (unsigned)(ea - eb));
    if (sa == sb)
        return pack(c, sa, a + b, ea);
    if (a == b)
        return zero_sum(c);
    return a > b ? pack(c, sa, a - b, ea) : pack(c, sb, b - a, ea);
}

static uint64_t do_add(struct context *c, struct unpacked a, struct unpacked b, bool subtract)
{
    uint64_t v;
    if (nan_result(c, (struct unpacked[]){a, b}, 2, &v))
        return v;
    b.sign ^= subtract;
    if (a.kind == INFINITE && b.kind == INFINITE && a.sign != b.sign)
        return invalid(c);
    if (a.kind == INFINITE || b.kind == INFINITE)
        return with_sign(c->f, a.kind == INFINITE ? a.sign : b.sign, infinity(c->f));
    if (a.kind == ZERO && b.kind == ZERO)
        return a.sign == b.sign ? with_sign(c->f, a.sign, 0) : zero_sum(c);
    if (a.kind == ZERO)
        return pack(c, b.sign, b.mant, b.exp);
    if (b.kind == ZERO)
        return pack(c, a.sign, a.mant, a.exp);
    return sum(c, a.sign, a.mant, a.exp, b.sign, b.mant, b.exp);
}

static uint64_t do_mul(struct context *c, struct unpacked a, struct unpacked b)
{
    uint64_t v;
    bool sign = a.sign ^ b.sign;
    if (nan_result(c, (struct unpacked[]){a, b}, 2, &v))
        return v;
    if ((a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE))
        return invalid(c);
    if (a.kind == INFINITE || b.kind == INFINITE)
        return with_sign(c->f, sign, infinity(c->f));
    if (a.kind == ZERO || b.kind == ZERO)
        return with_sign(c->f, sign, 0);
    return pack(c, sign, (u128)a.mant * b.mant, a.exp + b.exp);
}

static uint64_t do_div(struct context *c, struct unpacked a, struct unpacked b)
{
    uint64_t v;
    bool sign = a.sign ^ b.sign;
    if (nan_result(c, (struct unpacked[]){a, b}, 2, &v))
        return v;
    if ((a.kind == INFINITE && b.kind == INFINITE) || (a.kind == ZERO && b.kind == ZERO))
        return invalid(c);
    if (a.kind == INFINITE || b.kind == ZERO) {
        c->flags |= a.kind == INFINITE ? 0 : DIVZERO;
        return with_sign(c->f, sign, infinity(c->f));
    }
    if (a.kind == ZERO || b.kind == INFINITE)
        return with_sign(c->f, sign, 0);
    int up = 126 - (int)width_of(a.mant);
    u128 wide = (u128)a.mant << up, quotient = wide / b.mant;
    quotient = quotient << 1 | (wide % b.mant != 0);
    return pack(c, sign, quotient, a.exp - up - b.exp - 1);
}

static uint64_t do_sqrt(struct context *c, struct unpacked a)
{
    uint64_t v;
    if (nan_result(c, &a, 1, &v))
        return v;
    if (a.kind == ZERO || (a.kind == INFINITE && !a.sign))
        return a.raw;
    if (a.sign)
        return invalid(c);
    int up = 124 - (int)width_of(a.mant);
    up += (a.exp - up) & 1; /* an even exponent */
    u128 rest = (u128)a.mant << up, root = 0;
    for (int bit = 63; bit >= 0; bit--) {
        u128 trial = root | (u128)1 << bit;
        if (trial * trial <= rest)
            root = trial;
    }
    return pack(c, false, root << 1 | (root * root != rest), (a.exp - up) / 2 - 1);
}

static uint64_t do_fma(struct context *c, struct unpacked a, struct unpacked b, struct unpacked add)
{
    uint64_t v;
    bool sign = a.sign ^ b.sign;
    bool undefined = (a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE);
    if (undefined && add.kind == QUIET)
        return invalid(c);
    if (nan_result(c, (struct unpacked[]){add, a, b}, 3, &v))
        return v;
    bool infinite = a.kind == INFINITE || b.kind == INFINITE;
    if (undefined || (infinite && add.kind == INFINITE && add.sign != sign))
        return invalid(c);
    if (infinite || add.kind == INFINITE)
        return with_sign(c->f, infinite ? sign : add.sign, infinity(c->f));
    if (a.kind == ZERO || b.kind == ZERO) {
        if (add.kind == ZERO)
            return sign == add.sign ? with_sign(c->f, sign, 0) : zero_sum(c);
        return pack(c, add.sign, add.mant, add.exp);
    }
    u128 product = (u128)a.mant * b.mant;
    if (add.kind == ZERO)
        return pack(c, sign, product, a.exp + b.exp);
    return sum(c, sign, product, a.exp + b.exp, add.sign, add.mant, add.exp);
}

/* -1, 0 or 1 for numbers and infinities. */
static int compare(struct unpacked a, struct unpacked b, struct format f)
{
    uint64_t ma = a.raw & ~sign_bit(f), mb = b.raw & ~sign_bit(f);
    int64_t va = a.sign ? -(int64_t)ma : (int64_t)ma, vb = b.sign ? -(int64_t)mb : (int64_t)mb;
    return va < vb ? -1 : va > vb;
}

static uint64_t do_minmax(struct context *c, struct unpacked a, struct unpacked b, bool max, bool number)
{
    uint64_t v;
    if (number && a.kind == QUIET && b.kind < QUIET)
        return b.raw;
    if (number && b.kind == QUIET && a.kind < QUIET)
        return a.raw;
    if (nan_result(c, (struct unpacked[]){a, b}, 2, &v))
        return v;
    int order = compare(a, b, c->f);
    if (order == 0) /* only zeros differ: max is +0 unless both are -0, min the contrary */
        return max ? a.raw & b.raw : a.raw | b.raw;
    return (order > 0) == max ? a.raw : b.raw;
}

static uint64_t do_compare(struct context *c, struct unpacked a, struct unpacked b, bool signals)
{
    if (a.kind >= QUIET || b.kind >= QUIET) {
        if (signals || a.kind == SIGNALLING || b.kind == SIGNALLING)
            c->flags |= INVALID;
        return 0x30000000;
    }
    int order = compare(a, b, c->f);
    return order < 0 ? 0x80000000 : order == 0 ? 0x60000000 : 0x20000000;
}

/* To the format in c from format from. */
static uint64_t do_convert(struct context *c, struct unpacked a, struct format from)
{
    struct format f = c->f;
    uint64_t frac = a.raw & frac_mask(from);
    switch (a.kind) {
    case ZERO: return with_sign(f, a.sign, 0);
    case INFINITE:
        if (alternative(c, f)) {
            c->flags |= INVALID;
            return with_sign(f, a.sign, 0x7fff);
        }
        return with_sign(f, a.sign, infinity(f));
    case QUIET: case SIGNALLING:
        c->flags |= a.kind == SIGNALLING || alternative(c, f) ? INVALID : 0;
        if (alternative(c, f))
            return with_sign(f, a.sign, 0);
        if (c->fp_mode & IR_FP_DEFAULT_NAN)
            return default_nan(f);
        frac = f.frac >= from.frac ? frac << (f.frac - from.frac) : frac >> (from.frac - f.frac);
        return with_sign(f, a.sign, default_nan(f) | frac);
    case NUMBER: break;
    }
    return pack(c, a.sign, a.mant, a.exp);
}

/* mant * 2^exp to an integer below 2^100 by mode; beyond that, 2^100. */
static u128 to_integer(struct context *c, bool sign, uint64_t mant, int exp)
{
    if (exp >= 0)
        return exp + (int)width_of(mant) > 100 ? (u128)1 << 100 : (u128)mant << exp;
    unsigned n = (unsigned)-exp;
    u128 m = mant;
    if (n > 120) {
        m = shift_sticky(m, n - 120);
        n = 120;
    }
    u128 rest = m & (((u128)1 << n) - 1), v = m >> n;
    v += rounds_up(c->mode, sign, v & 1, rest, n);
    c->flags |= rest ? INEXACT : 0;
    return v;
}

static uint64_t do_to_int(struct context *c, struct unpacked a, unsigned bits, int64_t imm)
{
    bool is_unsigned = imm >> 7 & 1;
    u128 most = is_unsigned ? ((u128)1 << bits) - 1 : ((u128)1 << (bits - 1)) - 1;
    u128 least = is_unsigned ? 0 : (u128)1 << (bits - 1); /* of the negative numbers, without sign */
    uint64_t mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
    if (a.kind >= QUIET) {
        c->flags |= INVALID;
        return 0;
    }
    if (a.kind == ZERO)
        return 0;
    struct context inner = *c;
    u128 v = a.kind == INFINITE ? (u128)1 << 100 : to_integer(&inner, a.sign, a.mant, a.exp + (int)(imm & 0x7f));
    if (v > (a.sign ? least : most)) {
        c->flags |= INVALID;
        return (uint64_t)(a.sign ? -least : most) & mask;
    }
    c->flags = inner.flags;
    return (uint64_t)(a.sign ? -v : v) & mask;
}

/* FJCVTZS: to zero, modulo 2^32. */
static uint64_t do_to_modulo(struct context *c, struct unpacked a)
{
    if (a.kind >= INFINITE) {
        c->flags |= INVALID;
        return 0;
    }
    if (a.kind == ZERO || a.exp < -60)
        return c->flags |= a.kind == ZERO ? 0 : INEXACT, 0;
    u128 v = a.exp >= 0 ? (a.exp > 40 ? 0 : (u128)a.mant << a.exp) : a.mant >> -a.exp;
    if (a.exp > 40 || v > 0x7fffffffu + a.sign)
        c->flags |= INVALID;
    else if (a.exp < 0 && a.mant & ((1ull << -a.exp) - 1))
        c->flags |= INEXACT;
    return (uint32_t)(a.sign ? -v : v);
}

static uint64_t do_from_int(struct context *c, uint64_t v, enum ir_type t, int64_t imm)
{
    bool sign = !(imm >> 7 & 1) && v >> (ir_type_bits(t) - 1);
    if (sign)
        v = -v & ir_type_mask(t);
    return v ? pack(c, sign, v, -(int)(imm & 0x7f)) : 0;
}

static uint64_t do_round(struct context *c, struct unpacked a, bool exact)
{
    uint64_t v;
    unsigned before = c->flags;
    if (nan_result(c, &a, 1, &v))
        return v;
    if (a.kind != NUMBER || a.exp >= 0)
        return a.raw;
    u128 n = to_integer(c, a.sign, a.mant, a.exp);
    if (!exact)
        c->flags = before;
    return n ? pack(c, a.sign, n, 0) : with_sign(c->f, a.sign, 0);
}

/* do_round where only signed integers of so many bits are results. */
static uint64_t do_round_within(struct context *c, struct unpacked a, unsigned bits)
{
    struct context inner = *c;
    u128 n = a.kind == NUMBER ? to_integer(&inner, a.sign, a.mant, a.exp) : 0;
    if (a.kind >= INFINITE || n > ((u128)1 << (bits - 1)) - 1 + a.sign) {
        c->flags |= INVALID;
        inner.flags = 0;
        return pack(&inner, true, (u128)1 << (bits - 1), 0);
    }
    c->flags = inner.flags;
    return n ? pack(c, a.sign, n, 0) : with_sign(c->f, a.sign, 0);
}

static uint64_t float_bits(enum ir_type t, uint64_t v)
{
    return t == IR_F16 ? (uint16_t)v : t == IR_F32 ? (uint32_t)v : v;
}

/* One operation on scalars of type at to one of type t. */
static uint64_t scalar(struct cpu *cpu, unsigned op, enum ir_type t, enum ir_type at, unsigned round,
                       int64_t imm, const uint64_t *arg)
{
    static const uint8_t modes[] = {IR_RN_TIES_EVEN, IR_RN_DOWN, IR_RN_UP, IR_RN_ZERO};
    enum ir_round dynamic = (enum ir_round)modes[cpu->guest_mxcsr >> 13 & 3];
    bool from_float = op == IR_fcmp || op == IR_fcvti;
    /* The alternative format is one of conversions, half precision is flushed elsewhere. */
    unsigned not_here = op == IR_fcvt && !imm ? IR_FP_FLUSH_HALF : IR_FP_AHP;
    struct context c = {format_of(from_float ? at : t), dynamic, 0, cpu->fp_mode & ~not_here};
    struct format from = format_of(at);
    bool a_is_float = op < IR_fneg || op == IR_fcmp || op == IR_fcvt || op == IR_fcvti || op == IR_frint;
    struct unpacked a = unpack(&c, from, a_is_float ? arg[0] : 0), b = {0}, d = {0};
    if ((op <= IR_fmax && op != IR_fsqrt) || op == IR_fcmp)
        b = unpack(&c, c.f, arg[1]);
    if (op == IR_fma)
        d = unpack(&c, c.f, arg[2]);
    uint64_t v = 0;

    switch (op) {
    case IR_fadd: v = do_add(&c, a, b, false); break;
    case IR_fsub: v = do_add(&c, a, b, true); break;
    case IR_fmul: v = do_mul(&c, a, b); break;
    case IR_fdiv: v = do_div(&c, a, b); break;
    case IR_fsqrt: v = do_sqrt(&c, a); break;
    case IR_fma:
        if (imm & 1)
            a = unpack(&c, c.f, arg[0] ^ sign_bit(c.f));
        if (imm & 2)
            d = unpack(&c, c.f, arg[2] ^ sign_bit(c.f));
        v = do_fma(&c, a, b, d);
        break;
    case IR_fmin: v = do_minmax(&c, a, b, false, imm & 1); break;
    case IR_fmax: v = do_minmax(&c, a, b, true, imm & 1); break;
    case IR_fneg: v = arg[0] ^ sign_bit(c.f); break;
    case IR_fabs: v = arg[0] & ~sign_bit(c.f); break;
    case IR_fcmp: v = do_compare(&c, a, b, imm & 1); break;
    case IR_fcvt: v = do_convert(&c, a, from); break;
    case IR_fcvti:
        c.mode = round == IR_RN_DYN ? dynamic : (enum ir_round)round;
        v = imm & 0x100 ? do_to_modulo(&c, a) : do_to_int(&c, a, ir_type_bits(t), imm);
        break;
    case IR_icvtf: v = do_from_int(&c, arg[0], at, imm); break;
    case IR_frint:
        c.mode = round == IR_RN_DYN ? dynamic : (enum ir_round)round;
        v = imm >> 8 ? do_round_within(&c, a, (unsigned)(imm >> 8)) : do_round(&c, a, imm & 1);
        break;
    case IR_fbits: case IR_bitsf: case IR_vlow: v = float_bits(t, arg[0]); break;
    case IR_vzx: v = float_bits(at, arg[0]); break;
    }
    cpu->guest_mxcsr |= c.flags & 63;
    cpu->fp_flags |= c.flags & INPUT;
    return v;
}

struct ir_value interp_float(struct cpu *cpu, const struct ir_region *r, const struct ir_inst *i,
                             const struct ir_value *arg)
{
    uint64_t lo[3] = {arg[0].lo, arg[1].lo, arg[2].lo};
    return (struct ir_value){scalar(cpu, i->op, (enum ir_type)i->type, ir_type_of(r, i->arg[0]), i->aux,
                                    i->imm, lo), 0};
}

/* The scalar operation that a vector one does in each lane, its types from the lane's. */
static enum ir_op lane_form(unsigned op, enum ir_type lane, enum ir_type *to, enum ir_type *from)
{
    enum ir_type integer = lane == IR_F64 ? IR_I64 : IR_I32;
    *to = *from = lane;
    switch (op) {
    case IR_fvadd: return IR_fadd;
    case IR_fvsub: return IR_fsub;
    case IR_fvmul: return IR_fmul;
    case IR_fvdiv: return IR_fdiv;
    case IR_fvsqrt: return IR_fsqrt;
    case IR_fvfma: return IR_fma;
    case IR_fvmin: return IR_fmin;
    case IR_fvmax: return IR_fmax;
    case IR_fvcmp: *to = IR_FLG; return IR_fcmp;
    case IR_fvcvti: *to = integer; return IR_fcvti;
    case IR_ivcvtf: *from = integer; return IR_icvtf;
    case IR_fvrint: return IR_frint;
    case IR_fvwiden: *to = lane == IR_F16 ? IR_F32 : IR_F64; return IR_fcvt;
    case IR_fvnarrow: *to = lane == IR_F64 ? IR_F32 : IR_F16; return IR_fcvt;
    }
    return IR_nop;
}

/* A conversion of one half-precision lane to or from an integer of 16 bits. */
static uint64_t half_to_int(struct cpu *cpu, unsigned round, int64_t imm, const uint64_t *arg)
{
    static const uint8_t modes[] = {IR_RN_TIES_EVEN, IR_RN_DOWN, IR_RN_UP, IR_RN_ZERO};
    struct format f = format_of(IR_F16);
    struct context c = {f, (enum ir_round)(round == IR_RN_DYN ? modes[cpu->guest_mxcsr >> 13 & 3] : round), 0,
                        cpu->fp_mode & ~(unsigned)IR_FP_AHP};
    uint64_t v = do_to_int(&c, unpack(&c, f, arg[0]), 16, imm);
    cpu->guest_mxcsr |= c.flags;
    return v;
}

/* A product of half precision added to single: the factors as single numbers, signalling ones still so. */
static uint64_t fused_half(struct cpu *cpu, int64_t imm, const uint64_t *arg)
{
    struct format half = format_of(IR_F16), single = format_of(IR_F32);
    uint64_t lo[3] = {0, 0, arg[2]};
    for (unsigned k = 0; k < 2; k++) {
        struct context c = {single, IR_RN_ZERO, 0, cpu->fp_mode & ~(unsigned)IR_FP_AHP};
        struct unpacked u = unpack(&c, half, arg[k]);
        lo[k] = u.kind >= QUIET ? with_sign(single, u.sign, infinity(single) | (arg[k] & frac_mask(half)) << 13)
                                : do_convert(&c, u, half);
    }
    return scalar(cpu, IR_fma, IR_F32, IR_F32, 0, imm, lo);
}

/* Single precision to BFloat16. */
static uint64_t to_bfloat(struct cpu *cpu, uint64_t v)
{
    static const uint8_t modes[] = {IR_RN_TIES_EVEN, IR_RN_DOWN, IR_RN_UP, IR_RN_ZERO};
    struct context c = {{7, 8}, (enum ir_round)modes[cpu->guest_mxcsr >> 13 & 3], 0, cpu->fp_mode};
    v = do_convert(&c, unpack(&c, format_of(IR_F32), v), format_of(IR_F32));
    cpu->guest_mxcsr |= c.flags & 63;
    cpu->fp_flags |= c.flags & INPUT;
    return v;
}

/* One lane of fvfmaw, fvbfcvt or fvbfdot. */
static struct ir_value mixed_formats(struct cpu *cpu, const struct ir_inst *i, const struct ir_value *arg)
{
    struct ir_value v = {0, 0};
    for (unsigned n = 0; n < 4; n++) {
        if (i->op == IR_fvfmaw) {
            uint64_t lo[3] = {interp_lane(arg[0], 16, n), interp_lane(arg[1], 16, n), interp_lane(arg[2], 32, n)};
            interp_put_lane(&v, 32, n, fused_half(cpu, i->imm, lo));
        } else if (i->op == IR_fvbfcvt) {
            interp_put_lane(&v, 16, n, to_bfloat(cpu, interp_lane(arg[0], 32, n)));
        } else {
            interp_put_lane(&v, 32, n, softfp_bfdot((uint32_t)interp_lane(arg[0], 32, n),
                                                    (uint32_t)interp_lane(arg[1], 32, n),
                                                    (uint32_t)interp_lane(arg[2], 32, n)));
        }
    }
    return v;
}

struct ir_value interp_float_vector(struct cpu *cpu, const struct ir_inst *i, const struct ir_value *arg)
{
    static const uint8_t lane_types[] = {[IR_LH] = IR_F16, [IR_LS] = IR_F32, [IR_LD] = IR_F64, [7] = IR_F16};
    enum ir_type lane = (enum ir_type)lane_types[i->aux & 7], to, from;
    if (i->op == IR_fvfmaw || i->op == IR_fvbfcvt || i->op == IR_fvbfdot)
        return mixed_formats(cpu, i, arg);
    enum ir_op op = lane_form(i->op, lane, &to, &from);
    unsigned bits = lane == IR_F64 ? 64 : lane == IR_F32 ? 32 : 16, out = bits, lanes = 128 / bits;
    unsigned field = i->aux >> 8 & 15;
    struct ir_value v = {0, 0};
    if (op == IR_fcvt) {
        out = i->op == IR_fvwiden ? bits * 2 : bits / 2;
        lanes = i->op == IR_fvwiden ? lanes / 2 : lanes;
    }
    for (unsigned n = 0; n < lanes; n++) {
        uint64_t lo[3], x;
        for (unsigned k = 0; k < 3; k++)
            lo[k] = interp_lane(arg[k], bits, n);
        if (lane == IR_F16 && op == IR_fcvti) {
            x = half_to_int(cpu, field, i->imm, lo);
        } else {
            if (lane == IR_F16 && op == IR_icvtf && !(i->imm & 0x80))
                lo[0] = (uint32_t)(int16_t)lo[0];
            x = scalar(cpu, op, to, from, field, op == IR_fcmp ? field != IR_EQ : i->imm, lo);
        }
        if (op == IR_fcmp)
            x = ir_eval_cc((enum ir_cc)field, (uint32_t)x) ? ~0ull : 0;
        interp_put_lane(&v, out, n, x);
    }
    return v;
}
