/*
 * The meaning of the integer and flags operations of ops.def, written for clarity. Folding computes
 * constants with it and the interpreter runs on it, so both agree by construction; the backend and
 * the instruction tests are the independent check.
 */
#include "eval.h"

static uint64_t sign_extend(uint64_t v, unsigned bits)
{
    return (uint64_t)((int64_t)(v << (64 - bits)) >> (64 - bits));
}

static uint64_t low_bits(uint64_t v, unsigned bits)
{
    return bits >= 64 ? v : v & ((1ull << bits) - 1);
}

/* Flags of a + b + c at w bits. */
static uint32_t flags_of_sum(unsigned w, uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 wide = (unsigned __int128)a + b + c;
    uint64_t sum = low_bits((uint64_t)wide, w);
    uint32_t n = (uint32_t)(sum >> (w - 1)), z = sum == 0, carry = (uint32_t)(wide >> w) & 1;
    uint32_t v = (uint32_t)(((a ^ sum) & (b ^ sum)) >> (w - 1)) & 1;
    return n << 31 | z << 30 | carry << 29 | v << 28;
}

bool ir_eval_icmp(enum ir_cc cc, enum ir_type t, uint64_t a, uint64_t b)
{
    unsigned w = ir_type_bits(t);
    int64_t sa = (int64_t)sign_extend(a, w), sb = (int64_t)sign_extend(b, w);
    switch ((unsigned)cc) {
    case IR_EQ: return a == b;
    case IR_NE: return a != b;
    case IR_HS: return a >= b;
    case IR_LO: return a < b;
    case IR_HI: return a > b;
    case IR_LS_: return a <= b;
    case IR_GE: return sa >= sb;
    case IR_LT: return sa < sb;
    case IR_GT: return sa > sb;
    case IR_LE: return sa <= sb;
    }
    assert(!"condition of icmp");
    return false;
}

bool ir_eval_cc(enum ir_cc cc, uint32_t nzcv)
{
    bool n = nzcv >> 31, z = nzcv >> 30 & 1, c = nzcv >> 29 & 1, v = nzcv >> 28 & 1;
    switch (cc) {
    case IR_EQ: return z;
    case IR_NE: return !z;
    case IR_HS: return c;
    case IR_LO: return !c;
    case IR_HI: return c && !z;
    case IR_LS_: return !c || z;
    case IR_GE: return n == v;
    case IR_LT: return n != v;
    case IR_GT: return !z && n == v;
    case IR_LE: return z || n != v;
    case IR_MI: return n;
    case IR_PL: return !n;
    case IR_VS: return v;
    case IR_VC: return !v;
    case IR_NCC: break;
    }
    assert(!"condition of cc");
    return false;
}

static uint32_t crc32c(uint32_t crc, uint64_t v, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        crc = crc >> 1 ^ (0x82f63b78u & -(uint32_t)((crc ^ v >> i) & 1));
    return crc;
}

static uint64_t reverse_bits(uint64_t v, unsigned w)
{
    uint64_t out = 0;
    for (unsigned i = 0; i < w; i++)
        out |= (v >> i & 1) << (w - 1 - i);
    return out;
}

uint64_t ir_eval(enum ir_op op, enum ir_type t, enum ir_type at, uint64_t a, uint64_t b, uint64_t c,
                 unsigned aux, int64_t imm)
{
    unsigned w = ir_type_bits(t), aw = ir_type_bits(at), n = (unsigned)b & (w - 1);
    unsigned lsb = (unsigned)imm & 0xff, width = (unsigned)(imm >> 8) & 0xff;
    uint64_t mask = ir_type_mask(t), amask = ir_type_mask(at), field;

    switch ((unsigned)op) {
    case IR_add: return (a + b) & mask;
    case IR_sub: return (a - b) & mask;
    case IR_mul: return (a * b) & mask;
    case IR_umulh: return (uint64_t)((unsigned __int128)a * b >> 64);
    case IR_smulh: return (uint64_t)((__int128)(int64_t)a * (int64_t)b >> 64);
    case IR_udiv: return b ? a / b : 0;
    case IR_sdiv: {
        int64_t sa = (int64_t)sign_extend(a, w), sb = (int64_t)sign_extend(b, w);
        return b == 0 ? 0 : sb == -1 ? -(uint64_t)sa & mask : (uint64_t)(sa / sb) & mask;
    }
    case IR_and: return a & b;
    case IR_or: return a | b;
    case IR_xor: return a ^ b;
    case IR_andn: return a & ~b;
    case IR_not: return ~a & mask;
    case IR_neg: return -a & mask;
    case IR_shl: return a << n & mask;
    case IR_shr: return a >> n;
    case IR_sar: return (uint64_t)((int64_t)sign_extend(a, w) >> n) & mask;
    case IR_ror: return n ? (a >> n | a << (w - n)) & mask : a;
    case IR_clz: return a ? (unsigned)__builtin_clzll(a) - (64 - w) : w;
    case IR_ctz: return a ? (unsigned)__builtin_ctzll(a) : w;
    case IR_popcnt: return (unsigned)__builtin_popcountll(a);
    case IR_bswap: return w == 32 ? __builtin_bswap32((uint32_t)a) : __builtin_bswap64(a);
    case IR_rbit: return reverse_bits(a, w);
    case IR_extr: return imm ? (b >> imm | a << (w - imm)) & mask : b;
    case IR_ubfx: return low_bits(a >> lsb, width);
    case IR_sbfx: return sign_extend(a >> lsb, width) & mask;
    case IR_bfi:
        field = low_bits(~0ull, width) << lsb;
        return ((a & ~field) | (b << lsb & field)) & mask;
    case IR_zext: return low_bits(a, (unsigned)imm);
    case IR_sext: return sign_extend(a, (unsigned)imm) & mask;
    case IR_trunc: return (uint32_t)a;
    case IR_adc: return (a + b + c) & mask;
    case IR_sbc: return (a + ~b + c) & mask;
    case IR_icmp: return ir_eval_icmp((enum ir_cc)aux, at, a, b);
    case IR_itst:
        switch (aux) {
        case IR_EQ: return (a & b) == 0;
        case IR_NE: return (a & b) != 0;
        case IR_MI: return (a & b) >> (aw - 1) & 1;
        case IR_PL: return ~(a & b) >> (aw - 1) & 1;
        }
        break;
    case IR_select: return a ? b : c;
    case IR_crc32c: return crc32c((uint32_t)a, b, (unsigned)imm);

    case IR_fladd: return flags_of_sum(aw, a, b, 0);
    case IR_flsub: return flags_of_sum(aw, a, ~b & amask, 1);
    case IR_fllog: return (uint32_t)(a >> (aw - 1) & 1) << 31 | (uint32_t)(a == 0) << 30;
    case IR_fladc: return flags_of_sum(aw, a, b, c);
    case IR_flsbc: return flags_of_sum(aw, a, ~b & amask, c);
    case IR_flsel: return a ? b : c;
    case IR_flpack:
    case IR_flget: return a & 0xf0000000u;
    case IR_cc: return ir_eval_cc((enum ir_cc)aux, (uint32_t)a);
    }
    assert(!"integer operation");
    return 0;
}
