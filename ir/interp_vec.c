/*
 * The interpreter's vectors of 128 bits: each operation lane by lane, as ops.def words it.
 */
#include "build.h"
#include "interp.h"

static uint64_t lane_mask(unsigned bits) { return bits == 64 ? ~0ull : (1ull << bits) - 1; }

static int64_t slane(struct ir_value v, unsigned bits, unsigned n)
{
    return (int64_t)(interp_lane(v, bits, n) << (64 - bits)) >> (64 - bits);
}

/* A signed number limited to the width, as an unsigned one of 64 bits. */
static uint64_t saturated(__int128 v, unsigned bits, bool is_signed)
{
    __int128 top = ((__int128)1 << (bits - is_signed)) - 1, bottom = is_signed ? -top - 1 : 0;
    return (uint64_t)(v > top ? top : v < bottom ? bottom : v);
}

static uint64_t fraction_product(int64_t x, int64_t y, unsigned bits, uint64_t rounding)
{
    __int128 half = (__int128)1 << (bits - 1);
    __int128 r = rounding == 0 ? 0 : rounding == 1 ? half : half - 1;
    return (uint64_t)(((__int128)x * y * 2 + r) >> bits);
}

/* One lane of an operation that works on equal lanes. */
static uint64_t lane_op(const struct ir_inst *i, unsigned bits, uint64_t x, int64_t sx, uint64_t y,
                        int64_t sy)
{
    uint64_t m = lane_mask(bits), imm = (uint64_t)i->imm;
    switch ((unsigned)i->op) {
    case IR_vadd: return x + y;
    case IR_vsub: return x - y;
    case IR_vmul: return x * y;
    case IR_vneg: return -x;
    case IR_vabs: return sx < 0 ? -x : x;
    case IR_vcmp:
        switch (i->aux >> 8 & 15) {
        case IR_EQ: return x == y ? m : 0;
        case IR_GE: return sx >= sy ? m : 0;
        case IR_GT: return sx > sy ? m : 0;
        case IR_HS: return x >= y ? m : 0;
        case IR_HI: return x > y ? m : 0;
        }
        return 0;
    case IR_vtst: return x & y ? m : 0;
    case IR_vsmin: case IR_vsminp: case IR_vsminv: return sx < sy ? x : y;
    case IR_vsmax: case IR_vsmaxp: case IR_vsmaxv: return sx > sy ? x : y;
    case IR_vumin: case IR_vuminp: case IR_vuminv: return x < y ? x : y;
    case IR_vumax: case IR_vumaxp: case IR_vumaxv: return x > y ? x : y;
    case IR_vaddp: case IR_vaddv: return x + y;
    case IR_vshli: return x << imm;
    case IR_vshri: return imm >= bits ? 0 : x >> imm;
    case IR_vsari: return (uint64_t)(sx >> (imm > 63 ? 63 : imm));
    case IR_vror: return imm ? x >> imm | x << (bits - imm) : x;
    case IR_vshlv: return y >= bits ? 0 : x << y;
    case IR_vshrv: return y >= bits ? 0 : x >> y;
    case IR_vsarv: return (uint64_t)(sx >> (y >= bits ? bits - 1 : y));
    case IR_vclz: return x ? (unsigned)__builtin_clzll(x) - (64 - bits) : bits;
    case IR_vuavg: return (uint64_t)(((unsigned __int128)x + y) >> 1);
    case IR_vurhavg: return (uint64_t)(((unsigned __int128)x + y + 1) >> 1);
    case IR_vuqadd: return x + y < x || x + y > m ? m : x + y;
    case IR_vuqsub: return x > y ? x - y : 0;
    case IR_vsqadd: return saturated((__int128)sx + sy, bits, true);
    case IR_vsqsub: return saturated((__int128)sx - sy, bits, true);
    case IR_vfxmul: return fraction_product(sx, sy, bits, imm);
    }
    return 0;
}

static struct ir_value equal_lanes(const struct ir_inst *i, unsigned bits, struct ir_value a,
                                   struct ir_value b)
{
    struct ir_value v = {0, 0};
    for (unsigned n = 0; n < 128 / bits; n++)
        interp_put_lane(&v, bits, n,
                        lane_op(i, bits, interp_lane(a, bits, n), slane(a, bits, n),
                                interp_lane(b, bits, n), slane(b, bits, n)));
    return v;
}

static struct ir_value pairwise(const struct ir_inst *i, unsigned bits, struct ir_value a,
                                struct ir_value b)
{
    struct ir_value v = {0, 0};
    unsigned half = 64 / bits;
    for (unsigned n = 0; n < 2 * half; n++) {
        struct ir_value from = n < half ? a : b;
        unsigned k = n % half * 2;
        interp_put_lane(&v, bits, n,
                        lane_op(i, bits, interp_lane(from, bits, k), slane(from, bits, k),
                                interp_lane(from, bits, k + 1), slane(from, bits, k + 1)));
    }
    return v;
}

static struct ir_value across(const struct ir_inst *i, unsigned bits, struct ir_value a)
{
    struct ir_value v = {0, 0};
    interp_put_lane(&v, bits, 0, interp_lane(a, bits, 0));
    for (unsigned n = 1; n < 128 / bits; n++)
        interp_put_lane(&v, bits, 0,
                        lane_op(i, bits, interp_lane(v, bits, 0), slane(v, bits, 0),
                                interp_lane(a, bits, n), slane(a, bits, n)));
    return v;
}

/* Lane n of zip, uzp and trn. */
static uint64_t permuted(unsigned op, unsigned bits, struct ir_value a, struct ir_value b,
                         unsigned n)
{
    unsigned lanes = 128 / bits, half = lanes / 2;
    switch (op) {
    case IR_vzip1: return interp_lane(n & 1 ? b : a, bits, n / 2);
    case IR_vzip2: return interp_lane(n & 1 ? b : a, bits, half + n / 2);
    case IR_vuzp1: return interp_lane(n < half ? a : b, bits, n % half * 2);
    case IR_vuzp2: return interp_lane(n < half ? a : b, bits, n % half * 2 + 1);
    case IR_vtrn1: return interp_lane(n & 1 ? b : a, bits, n & ~1u);
    case IR_vtrn2: return interp_lane(n & 1 ? b : a, bits, n | 1);
    }
    return 0;
}

static struct ir_value packed(unsigned op, unsigned bits, struct ir_value a, struct ir_value b)
{
    struct ir_value v = {0, 0};
    unsigned lanes = 128 / bits;
    for (unsigned n = 0; n < 2 * lanes; n++) {
        struct ir_value from = n < lanes ? a : b;
        __int128 x = op == IR_vpackuu ? (__int128)interp_lane(from, bits, n % lanes)
                                      : slane(from, bits, n % lanes);
        interp_put_lane(&v, bits / 2, n, saturated(x, bits / 2, op == IR_vpackss));
    }
    return v;
}

static struct ir_value dot4(uint64_t is_signed, struct ir_value a, struct ir_value b)
{
    struct ir_value v = {0, 0};
    for (unsigned n = 0; n < 4; n++) {
        int64_t sum = 0;
        for (unsigned k = 4 * n; k < 4 * n + 4; k++)
            sum += (is_signed & 1 ? slane(a, 8, k) : (int64_t)interp_lane(a, 8, k)) *
                   (is_signed & 2 ? slane(b, 8, k) : (int64_t)interp_lane(b, 8, k));
        interp_put_lane(&v, 32, n, (uint64_t)sum);
    }
    return v;
}

/* Sums of products of two neighbours, twice as wide: unsigned by signed bytes, or signed words. */
static struct ir_value product_pairs(unsigned bits, struct ir_value a, struct ir_value b)
{
    struct ir_value v = {0, 0};
    for (unsigned n = 0; n < 64 / bits; n++) {
        int64_t sum = 0;
        for (unsigned k = 2 * n; k < 2 * n + 2; k++)
            sum += (bits == 8 ? (int64_t)interp_lane(a, 8, k) : slane(a, 16, k)) * slane(b, bits, k);
        interp_put_lane(&v, 2 * bits, n, bits == 8 ? saturated(sum, 16, true) : (uint64_t)sum);
    }
    return v;
}

static struct ir_value absolute_differences(struct ir_value a, struct ir_value b)
{
    struct ir_value v = {0, 0};
    for (unsigned k = 0; k < 16; k++) {
        int64_t d = (int64_t)interp_lane(a, 8, k) - (int64_t)interp_lane(b, 8, k);
        *(k < 8 ? &v.lo : &v.hi) += (uint64_t)(d < 0 ? -d : d);
    }
    return v;
}

static uint64_t byte_op(unsigned op, uint64_t x)
{
    if (op == IR_vcnt)
        return (unsigned)__builtin_popcountll(x);
    uint64_t v = 0;
    for (unsigned n = 0; n < 8; n++)
        v |= (x >> n & 1) << (7 - n);
    return v;
}

struct ir_value interp_vector(const struct ir_inst *i, const struct ir_value *arg)
{
    struct ir_value a = arg[0], b = arg[1], c = arg[2], v = {0, 0};
    unsigned bits = ir_lane_bits[i->aux & 7], lanes = 128 / bits, n;
    uint64_t imm = (uint64_t)i->imm, x;

    switch ((unsigned)i->op) {
    case IR_vand: return (struct ir_value){a.lo & b.lo, a.hi & b.hi};
    case IR_vor: return (struct ir_value){a.lo | b.lo, a.hi | b.hi};
    case IR_vxor: return (struct ir_value){a.lo ^ b.lo, a.hi ^ b.hi};
    case IR_vandn: return (struct ir_value){a.lo & ~b.lo, a.hi & ~b.hi};
    case IR_vnot: return (struct ir_value){~a.lo, ~a.hi};
    case IR_vbsl:
        return (struct ir_value){(a.lo & b.lo) | (~a.lo & c.lo), (a.hi & b.hi) | (~a.hi & c.hi)};
    case IR_vdup:
        for (n = 0; n < lanes; n++)
            interp_put_lane(&v, bits, n, a.lo);
        return v;
    case IR_vdupl:
        for (n = 0; n < lanes; n++)
            interp_put_lane(&v, bits, n, interp_lane(a, bits, (unsigned)imm));
        return v;
    case IR_vget:
        x = imm & 0x80 ? (uint64_t)slane(a, bits, imm & 15) : interp_lane(a, bits, imm & 15);
        return (struct ir_value){x & ir_type_mask((enum ir_type)i->type), 0};
    case IR_vins:
        interp_put_lane(&a, bits, (unsigned)imm, b.lo);
        return a;
    case IR_vinsl:
        interp_put_lane(&a, bits, imm & 15, interp_lane(b, bits, (unsigned)(imm >> 8)));
        return a;
    case IR_vlow64: return (struct ir_value){a.lo, 0};
    case IR_vhigh64: return (struct ir_value){a.hi, 0};
    case IR_vcomb: return (struct ir_value){a.lo, b.lo};
    case IR_vext:
        for (n = 0; n < 16; n++)
            interp_put_lane(&v, 8, n,
                            n + imm < 16 ? interp_lane(a, 8, n + (unsigned)imm)
                                         : interp_lane(b, 8, n + (unsigned)imm - 16));
        return v;
    case IR_vext64:
        for (n = 0; n < 8; n++)
            interp_put_lane(&v, 8, n,
                            n + imm < 8 ? interp_lane(a, 8, n + (unsigned)imm)
                                        : interp_lane(b, 8, n + (unsigned)imm - 8));
        return v;
    case IR_vzip1: case IR_vzip2: case IR_vuzp1: case IR_vuzp2: case IR_vtrn1: case IR_vtrn2:
        for (n = 0; n < lanes; n++)
            interp_put_lane(&v, bits, n, permuted(i->op, bits, a, b, n));
        return v;
    case IR_vtbl:
        for (n = 0; n < 16; n++)
            interp_put_lane(
                &v, 8, n,
                interp_lane(b, 8, n) < 16 ? interp_lane(a, 8, (unsigned)interp_lane(b, 8, n)) : 0);
        return v;
    case IR_vrev: {
        unsigned per = (unsigned)imm / bits;
        for (n = 0; n < lanes; n++)
            interp_put_lane(&v, bits, n, interp_lane(a, bits, n / per * per + (per - 1 - n % per)));
        return v;
    }
    case IR_vrbit: case IR_vcnt:
        for (n = 0; n < 16; n++)
            interp_put_lane(&v, 8, n, byte_op(i->op, interp_lane(a, 8, n)));
        return v;
    case IR_vaddp: case IR_vumaxp: case IR_vuminp: case IR_vsmaxp: case IR_vsminp:
        return pairwise(i, bits, a, b);
    case IR_vaddv: case IR_vumaxv: case IR_vuminv: case IR_vsmaxv: case IR_vsminv:
        return across(i, bits, a);
    case IR_vxtn: case IR_vshrn:
        for (n = 0; n < lanes; n++) {
            x = interp_lane(a, bits, n);
            interp_put_lane(&v, bits / 2, n, i->op == IR_vxtn ? x : imm >= bits ? 0 : x >> imm);
        }
        return v;
    case IR_vuxtl: case IR_vsxtl:
        for (n = 0; n < lanes / 2; n++)
            interp_put_lane(&v, bits * 2, n,
                            i->op == IR_vuxtl ? interp_lane(a, bits, n)
                                              : (uint64_t)slane(a, bits, n));
        return v;
    case IR_vumull: case IR_vsmull:
        for (n = 0; n < lanes / 2; n++)
            interp_put_lane(&v, bits * 2, n,
                            i->op == IR_vumull ? interp_lane(a, bits, n) * interp_lane(b, bits, n)
                                               : (uint64_t)(slane(a, bits, n) * slane(b, bits, n)));
        return v;
    case IR_vxor3: return (struct ir_value){a.lo ^ b.lo ^ c.lo, a.hi ^ b.hi ^ c.hi};
    case IR_vbcax: return (struct ir_value){a.lo ^ (b.lo & ~c.lo), a.hi ^ (b.hi & ~c.hi)};
    case IR_vpick:
        for (n = 0; n < 4; n++)
            interp_put_lane(&v, 32, n, interp_lane(n < 2 ? a : b, 32, imm >> 2 * n & 3));
        return v;
    case IR_vpmull: case IR_vaesenc: case IR_vaesencl: case IR_vaesdec: case IR_vaesdecl:
    case IR_vaesmc: case IR_vaesimc: case IR_vsha1r4: case IR_vsha256r2: case IR_vsha256m1:
    case IR_vsha256m2: case IR_vsm4s:
        return ir_crypto(i->op, (unsigned)imm, arg);
    case IR_vpackss: case IR_vpacksu: case IR_vpackuu: return packed(i->op, bits, a, b);
    case IR_vdot4: return dot4(imm, a, b);
    case IR_vmaddw: return product_pairs(16, a, b);
    case IR_vmaddb: return product_pairs(8, a, b);
    case IR_vsad: return absolute_differences(a, b);
    case IR_vtbl2:
        for (n = 0; n < 16; n++) {
            x = interp_lane(c, 8, n);
            interp_put_lane(&v, 8, n, x < 16 ? interp_lane(a, 8, (unsigned)x)
                                      : x < 32 ? interp_lane(b, 8, (unsigned)x - 16) : 0);
        }
        return v;
    }
    return equal_lanes(i, bits, a, b);
}
