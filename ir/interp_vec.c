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

/* USHL and SSHL of one lane: shifted by the signed low byte of by. */
static uint64_t shift_lane(uint64_t x, int64_t sx, unsigned bits, uint64_t by, bool is_signed)
{
    int n = (int8_t)by;
    if (n >= (int)bits)
        return 0;
    if (n >= 0)
        return x << n;
    n = -n;
    if (is_signed)
        return (uint64_t)(sx >> (n > 63 ? 63 : n));
    return n >= (int)bits ? 0 : x >> n;
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
    case IR_vushl: return shift_lane(x, sx, bits, y, false);
    case IR_vsshl: return shift_lane(x, sx, bits, y, true);
    case IR_vclz: return x ? (unsigned)__builtin_clzll(x) - (64 - bits) : bits;
    case IR_vuavg: return (uint64_t)(((unsigned __int128)x + y) >> 1);
    case IR_vurhavg: return (uint64_t)(((unsigned __int128)x + y + 1) >> 1);
    case IR_vuqadd: return x + y < x || x + y > m ? m : x + y;
    case IR_vuqsub: return x > y ? x - y : 0;
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
    }
    return equal_lanes(i, bits, a, b);
}
