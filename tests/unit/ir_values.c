/*
 * Values of operations in the interpreter.
 *
 * Integers, flags and vectors: cases worked out by hand from ops.def, each run by the interpreter
 * on raw IR, so that nothing is folded. Floats: the host's arithmetic (SSE, libm's fma, the
 * compiler's half-precision conversions) on random and special operands, where guest and host must
 * agree; the NaN rules and saturation by the Arm manual's pseudocode worked out.
 */
#include <fenv.h>
#include <math.h>
#include "ir_test.h"

static struct ir_region r;
static struct cpu cpu;

static uint64_t *slot(unsigned reg)
{
    return (uint64_t *)((char *)&cpu + test_target.regs[reg].offset);
}

static void start(void)
{
    ir_region_reset(&r, &test_target);
    r.raw = true;
    ir_block_new(&r, 0);
    ir_block_begin(&r, 0, false);
    memset(&cpu, 0, offsetof(struct cpu, jump_cache));
    cpu.guest_mxcsr = 0x1f80;
}

static void finish(void)
{
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    ir_interp(&cpu, &r);
}

/* Result of the operation on integer constants; flags come as bits 31:28. */
static uint64_t integer(enum ir_op op, enum ir_type t, enum ir_type at, const uint64_t *v,
                        unsigned aux, int64_t imm)
{
    const char *letters = ir_opinfo[op].args;
    ir_ref arg[3] = {0};
    start();
    for (unsigned k = 0; letters[k]; k++) {
        if (letters[k] == 'f')
            arg[k] = ir1(&r, IR_flpack, IR_FLG, ir_const(&r, IR_I32, v[k]));
        else
            arg[k] = ir_const(&r, letters[k] == 'w' ? IR_I32 : letters[k] == 'q' ? IR_I64
                                  : letters[k] == 't' ? t : at, v[k]);
    }
    ir_ref x = ir_emit(&r, op, t, arg[0], arg[1], arg[2], 0, aux, imm);
    if (t == IR_FLG)
        x = ir1(&r, IR_flget, t = IR_I32, x);
    if (t == IR_I32)
        x = ir1i(&r, IR_zext, IR_I64, x, 32);
    ir_set(&r, 0, x);
    finish();
    return *slot(0);
}

static void test_integers(void)
{
    enum { W = IR_I32, Q = IR_I64, F = IR_FLG };
    static const struct {
        uint16_t op;
        uint8_t t, at, aux;
        uint64_t v[3];
        int64_t imm;
        uint64_t want;
    } cases[] = {
        {IR_add, W, W, 0, {0xffffffff, 2}, 0, 1},
        {IR_add, Q, Q, 0, {0xffffffff, 2}, 0, 0x100000001},
        {IR_sub, W, W, 0, {0, 1}, 0, 0xffffffff},
        {IR_mul, W, W, 0, {0x10001, 0x10001}, 0, 0x20001},
        {IR_umulh, Q, Q, 0, {~0ull, ~0ull}, 0, 0xfffffffffffffffe},
        {IR_smulh, Q, Q, 0, {~0ull, 5}, 0, ~0ull},
        {IR_udiv, W, W, 0, {0xfffffff0, 16}, 0, 0x0fffffff},
        {IR_udiv, Q, Q, 0, {7, 0}, 0, 0},
        {IR_sdiv, W, W, 0, {0xfffffff9, 2}, 0, 0xfffffffd}, /* -7 / 2 = -3 */
        {IR_sdiv, W, W, 0, {0x80000000, 0xffffffff}, 0, 0x80000000},
        {IR_sdiv, Q, Q, 0, {1ull << 63, ~0ull}, 0, 1ull << 63},
        {IR_sdiv, Q, Q, 0, {7, 0}, 0, 0},
        {IR_andn, Q, Q, 0, {0xff, 0x0f}, 0, 0xf0},
        {IR_not, W, W, 0, {0xf}, 0, 0xfffffff0},
        {IR_neg, W, W, 0, {1}, 0, 0xffffffff},
        {IR_shl, W, W, 0, {0x80000001, 33}, 0, 2},
        {IR_shr, W, W, 0, {0x80000001, 1}, 0, 0x40000000},
        {IR_sar, W, W, 0, {0x80000001, 1}, 0, 0xc0000000},
        {IR_sar, Q, Q, 0, {1ull << 63, 63}, 0, ~0ull},
        {IR_ror, W, W, 0, {0x12345678, 8}, 0, 0x78123456},
        {IR_ror, Q, Q, 0, {1, 64}, 0, 1},
        {IR_clz, W, W, 0, {0}, 0, 32},
        {IR_clz, Q, Q, 0, {1}, 0, 63},
        {IR_ctz, W, W, 0, {0}, 0, 32},
        {IR_ctz, Q, Q, 0, {8}, 0, 3},
        {IR_popcnt, Q, Q, 0, {0xff00ff}, 0, 16},
        {IR_bswap, W, W, 0, {0x12345678}, 0, 0x78563412},
        {IR_bswap, Q, Q, 0, {0x0102030405060708}, 0, 0x0807060504030201},
        {IR_rbit, W, W, 0, {1}, 0, 0x80000000},
        {IR_rbit, Q, Q, 0, {6}, 0, 0x6000000000000000},
        {IR_extr, W, W, 0, {0x11112222, 0x33334444}, 16, 0x22223333},
        {IR_ubfx, Q, Q, 0, {0xabcd1234}, 16 | 8 << 8, 0xcd},
        {IR_sbfx, W, W, 0, {0xabcd1234}, 16 | 8 << 8, 0xffffffcd},
        {IR_bfi, W, W, 0, {0xffffffff, 0x5}, 8 | 4 << 8, 0xfffff5ff},
        {IR_zext, Q, W, 0, {0xffff1234}, 16, 0x1234},
        {IR_sext, Q, W, 0, {0x80000000}, 32, 0xffffffff80000000},
        {IR_sext, W, Q, 0, {0x1280}, 8, 0xffffff80},
        {IR_trunc, W, Q, 0, {0x123456789}, 0, 0x23456789},
        {IR_adc, W, W, 0, {0xffffffff, 0, 1}, 0, 0},
        {IR_sbc, Q, Q, 0, {5, 3, 0}, 0, 1},
        {IR_icmp, W, W, IR_LT, {0x80000000, 1}, 0, 1},
        {IR_icmp, W, Q, IR_LT, {0x80000000, 1}, 0, 0},
        {IR_icmp, W, W, IR_HI, {0x80000000, 1}, 0, 1},
        {IR_icmp, W, W, IR_LE, {3, 3}, 0, 1},
        {IR_itst, W, W, IR_MI, {0x80000000, 0x80000000}, 0, 1},
        {IR_itst, W, Q, IR_MI, {0x80000000, 0x80000000}, 0, 0},
        {IR_itst, W, Q, IR_EQ, {6, 9}, 0, 1},
        {IR_select, Q, Q, 0, {1, 5, 6}, 0, 5},
        {IR_select, Q, Q, 0, {0, 5, 6}, 0, 6},
        /* flags NZCV */
        {IR_fladd, F, W, 0, {0x7fffffff, 1}, 0, 0x90000000},
        {IR_fladd, F, W, 0, {0xffffffff, 1}, 0, 0x60000000},
        {IR_fladd, F, Q, 0, {1ull << 63, 1ull << 63}, 0, 0x70000000},
        {IR_flsub, F, W, 0, {3, 3}, 0, 0x60000000},
        {IR_flsub, F, W, 0, {3, 4}, 0, 0x80000000},
        {IR_flsub, F, W, 0, {0x80000000, 1}, 0, 0x30000000},
        {IR_flsub, F, Q, 0, {4, 3}, 0, 0x20000000},
        {IR_fllog, F, W, 0, {0x80000000}, 0, 0x80000000},
        {IR_fllog, F, Q, 0, {0}, 0, 0x40000000},
        {IR_fladc, F, W, 0, {0xffffffff, 0, 1}, 0, 0x60000000},
        {IR_fladc, F, W, 0, {0x7fffffff, 0, 1}, 0, 0x90000000},
        {IR_flsbc, F, W, 0, {0, 0, 0}, 0, 0x80000000},  /* 0 - 0 - 1 */
        {IR_flsbc, F, Q, 0, {0, ~0ull, 0}, 0, 0x40000000}, /* 0 + 0 + 0: no carry */
        {IR_flsel, F, F, 0, {1, 0x80000000, 0x40000000}, 0, 0x80000000},
        {IR_flsel, F, F, 0, {0, 0x80000000, 0x40000000}, 0, 0x40000000},
        {IR_flget, W, F, 0, {0xb0000000}, 0, 0xb0000000},
        {IR_cc, W, F, IR_HI, {0x20000000}, 0, 1},
        {IR_cc, W, F, IR_HI, {0x60000000}, 0, 0},
        {IR_cc, W, F, IR_GE, {0x90000000}, 0, 1},
        {IR_cc, W, F, IR_LT, {0x80000000}, 0, 1},
        {IR_cc, W, F, IR_GT, {0x40000000}, 0, 0},
        {IR_cc, W, F, IR_LE, {0x10000000}, 0, 1},
        {IR_cc, W, F, IR_VC, {0x10000000}, 0, 0},
        {IR_cc, W, F, IR_PL, {0x10000000}, 0, 1},
    };
    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        uint64_t have = integer((enum ir_op)cases[k].op, (enum ir_type)cases[k].t,
                                (enum ir_type)cases[k].at, cases[k].v, cases[k].aux, cases[k].imm);
        check(have == cases[k].want, "%s (case %u): %#llx, not %#llx", ir_opinfo[cases[k].op].name,
              k, (unsigned long long)have, (unsigned long long)cases[k].want);
    }
    /* the check value of CRC-32C: "123456789" gives e3069283 with both inversions */
    uint64_t crc =
        integer(IR_crc32c, IR_I32, IR_I64, (uint64_t[]){0xffffffff, 0x3837363534333231}, 0, 64);
    crc = integer(IR_crc32c, IR_I32, IR_I32, (uint64_t[]){crc, 0xffffff39}, 0, 8);
    check(crc == (0xe3069283 ^ 0xffffffff), "crc32c: %#llx", (unsigned long long)crc);
}

/* ------------------------------------------------------------------- vectors */

static void test_vectors(void)
{
    static const struct {
        uint16_t op, aux;
        uint64_t a[2], b[2]; /* low, high */
        int64_t imm;
        uint64_t want[2];
    } cases[] = {
        {IR_vadd, IR_B, {0xff, 0}, {0x01, 5}, 0, {0, 5}},
        {IR_vsub, IR_H, {0, 1}, {1, 0}, 0, {0xffff, 1}},
        {IR_vmul, IR_S, {0x1000100010003, 0}, {0x200000002, 0}, 0, {0x0002000200020006, 0}},
        {IR_vneg, IR_B, {0x0180, 0}, {0}, 0, {0xff80, 0}},
        {IR_vabs, IR_H, {0xffff8000, 0}, {0}, 0, {0x00018000, 0}},
        {IR_vbsl, 0, {0xff00, 0}, {0x1234, 0}, 0, {0x1200, 0}},
        {IR_vcmp, IR_B | IR_GT << 8, {0x7f80, 0}, {0x807f, 0}, 0, {0xff00, 0}},
        {IR_vcmp, IR_B | IR_HI << 8, {0x7f80, 0}, {0x807f, 0}, 0, {0x00ff, 0}},
        {IR_vtst, IR_S, {0x100000002, 0}, {0x100000001, 0}, 0, {0xffffffff00000000, 0}},
        {IR_vsmin, IR_B, {0x807f, 0}, {0x0000, 0}, 0, {0x8000, 0}},
        {IR_vumax, IR_B, {0x807f, 0}, {0x7f80, 0}, 0, {0x8080, 0}},
        {IR_vshli, IR_H, {0x80018001, 0}, {0}, 1, {0x00020002, 0}},
        {IR_vshri, IR_H, {0x8001, 0}, {0}, 16, {0, 0}},
        {IR_vsari, IR_H, {0x8001, 0}, {0}, 16, {0xffff, 0}},
        {IR_vshlv, IR_B, {0x818181, 0}, {0x0801ff, 0}, 0, {0x000200, 0}},
        {IR_vshrv, IR_H, {0x8001800180018001, 0}, {0x0010000f00010100, 0}, 0, {0x0000000140000000, 0}},
        {IR_vsarv, IR_S, {0x8000000180000001, 0}, {0x0000002000000001, 0}, 0, {0xffffffffc0000000, 0}},
        {IR_vsqadd, IR_D, {1ull << 63, 5}, {~0ull, 1}, 0, {1ull << 63, 6}},
        {IR_vsqsub, IR_S, {0x7fffffff80000000, 0}, {0xffffffff00000001, 0}, 0, {0x7fffffff80000000, 0}},
        {IR_vfxmul, IR_H, {0x8000400000038000, 0}, {0x8000400020004000, 0}, 0, {0x800020000000c000, 0}},
        {IR_vfxmul, IR_H, {0x0001000100038000, 0}, {0x4000bfff20004000, 0}, 1, {0x0001ffff0001c000, 0}},
        {IR_vfxmul, IR_S, {0x0000000180000000, 0}, {0x4000000080000000, 0}, 2, {0x0000000080000000, 0}},
        {IR_vpackss, IR_H, {0x7fff8000007fff7f, 0}, {0, 0x0080}, 0, {0x7f807f80, 0x0000007f00000000}},
        {IR_vpacksu, IR_H, {0x7fff800000ffff7f, 0}, {0, 0x0100}, 0, {0xff00ff00, 0x000000ff00000000}},
        {IR_vpackuu, IR_S, {0x0001000000001234, 0}, {0, 0xffffffff}, 0, {0xffff1234, 0x0000ffff00000000}},
        {IR_vmaddw, 0, {0x8000800000020003, 0}, {0x80008000ffff0004, 0}, 0, {0x800000000000000a, 0}},
        {IR_vmaddb, 0, {0xffffffff0203, 0}, {0x7f7f8080ff04, 0}, 0, {0x7fff8000000a, 0}},
        {IR_vsad, 0, {0xff00010203040506, 9}, {0x00ff010203040507, 0}, 0, {511, 9}},
        {IR_vdot4, IR_S, {0xff02030480808080, 0}, {0x0101010180808080, 0}, 3, {0x0000000800010000, 0}},
        {IR_vdot4, IR_S, {0xff02030480808080, 0}, {0x0101010180808080, 0}, 2, {0x00000108ffff0000, 0}},
        {IR_vdupl,
         IR_S,
         {0x1111111122222222, 0x33333333},
         {0},
         2,
         {0x3333333333333333, 0x3333333333333333}},
        {IR_vinsl, IR_B, {0, 0}, {0xab00, 0}, 15 | 1 << 8, {0, 0xab00000000000000}},
        {IR_vlow64, 0, {1, 2}, {0}, 0, {1, 0}},
        {IR_vhigh64, 0, {1, 2}, {0}, 0, {2, 0}},
        {IR_vcomb, 0, {1, 2}, {3, 4}, 0, {1, 3}},
        {IR_vext,
         IR_B,
         {0x0706050403020100, 0x0f0e0d0c0b0a0908},
         {0x1716151413121110, 0x1f1e1d1c1b1a1918},
         3,
         {0x0a09080706050403, 0x1211100f0e0d0c0b}},
        {IR_vext64,
         IR_B,
         {0x0706050403020100, 9},
         {0x1716151413121110, 9},
         3,
         {0x1211100706050403, 0}},
        {IR_vzip1,
         IR_H,
         {0x0003000200010000, 9},
         {0x0013001200110010, 9},
         0,
         {0x0011000100100000, 0x0013000300120002}},
        {IR_vuzp2,
         IR_S,
         {0x0000000100000000, 0x0000000300000002},
         {0x0000001100000010, 0x0000001300000012},
         0,
         {0x0000000300000001, 0x0000001300000011}},
        {IR_vtrn1,
         IR_S,
         {0x0000000100000000, 0x0000000300000002},
         {0x0000001100000010, 0x0000001300000012},
         0,
         {0x0000001000000000, 0x0000001200000002}},
        {IR_vtrn2, IR_D, {1, 2}, {3, 4}, 0, {2, 4}},
        {IR_vtbl,
         0,
         {0x0706050403020100, 0x0f0e0d0c0b0a0908},
         {0x10ff0f0001, 0},
         0,
         {0x00000f0001, 0}},
        {IR_vrev, IR_B, {0x0706050403020100, 0}, {0}, 32, {0x0405060700010203, 0}},
        {IR_vrbit, 0, {0x0180, 0}, {0}, 0, {0x8001, 0}},
        {IR_vcnt, 0, {0xff01, 0}, {0}, 0, {0x0801, 0}},
        {IR_vclz, IR_H, {0x00010000, 0}, {0}, 0, {0x00100010000f0010, 0x0010001000100010}},
        {IR_vaddp,
         IR_S,
         {0x200000001, 0x400000003},
         {0x600000005, 0x800000007},
         0,
         {0x700000003, 0xf0000000b}},
        {IR_vumaxp, IR_D, {1, 2}, {4, 3}, 0, {2, 4}},
        {IR_vaddv, IR_H, {0xffff000200030004, 0x0001000100010001}, {0}, 0, {12, 0}},
        {IR_vsminv, IR_B, {0x80, 0x7f}, {0}, 0, {0x80, 0}},
        {IR_vuminv, IR_S, {0x200000003, 0x500000004}, {0}, 0, {2, 0}},
        {IR_vxtn, IR_S, {0x1234567811112222, 0xaaaabbbbccccdddd}, {0}, 0, {0xbbbbdddd56782222, 0}},
        {IR_vshrn, IR_H, {0x1234567811112222, 0}, {0}, 8, {0x12561122, 0}},
        {IR_vuxtl, IR_B, {0xff01, 0}, {0}, 0, {0x00ff0001, 0}},
        {IR_vsxtl, IR_B, {0xff01, 0}, {0}, 0, {0xffff0001, 0}},
        {IR_vumull, IR_S, {0xffffffff, 9}, {0xffffffff, 9}, 0, {0xfffffffe00000001, 0}},
        {IR_vsmull, IR_S, {0xffffffff, 9}, {2, 9}, 0, {0xfffffffffffffffe, 0}},
        {IR_vuavg, IR_D, {~0ull, 0}, {~0ull, 1}, 0, {~0ull, 0}},
        {IR_vurhavg, IR_D, {~0ull, 0}, {~0ull, 1}, 0, {~0ull, 1}},
        {IR_vuqadd, IR_B, {0x80ff, 0}, {0x0101, 0}, 0, {0x81ff, 0}},
        {IR_vuqadd, IR_D, {~0ull, 1}, {1, 1}, 0, {~0ull, 2}},
        {IR_vuqsub, IR_B, {0x0102, 0}, {0x0201, 0}, 0, {0x0001, 0}},
        {IR_vpmull, IR_D, {3, 0}, {3, 0}, 0, {5, 0}},
        {IR_vpmull, IR_D, {1ull << 63, 0}, {2, 0}, 0, {0, 1}},
        {IR_fvadd,
         IR_LS,
         {0x3f8000003f800000, 0},
         {0x400000003f800000, 0},
         0,
         {0x4040000040000000, 0}},
        {IR_fvmul,
         IR_LD,
         {0x4000000000000000, 0x4008000000000000},
         {0x4000000000000000, 0x4000000000000000},
         0,
         {0x4010000000000000, 0x4018000000000000}},
        {IR_fvcmp,
         IR_LS | IR_GT << 8,
         {0x4000000040000000, 0},
         {0x3f8000007fc00000, 0},
         0,
         {0xffffffff00000000, 0}},
        {IR_fvcvti,
         IR_LS | IR_RN_ZERO << 8,
         {0xbfc000004f000000, 0},
         {0},
         0,
         {0xffffffff7fffffff, 0}},
        {IR_ivcvtf, IR_LS, {0xffffffff00000003, 0}, {0}, 1, {0xbf0000003fc00000, 0}}, /* 1 fraction
                                                                                         bit */
        {IR_ivcvtf, IR_LH, {0xffff, 0}, {0}, 0, {0xbc00, 0}},
        {IR_fvrint,
         IR_LD | IR_RN_UP << 8,
         {0x3ff8000000000000, 0xbfe0000000000000},
         {0},
         0,
         {0x4000000000000000, 0x8000000000000000}},
        {IR_fvwiden, IR_LH, {0x3c00c000, 0}, {0}, 0, {0x3f800000c0000000, 0}},
        {IR_fvnarrow,
         IR_LD,
         {0x3ff0000000000000, 0x4000000000000000},
         {0},
         0,
         {0x400000003f800000, 0}},
    };
    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        enum ir_op op = (enum ir_op)cases[k].op;
        unsigned n = ir_opinfo[op].nargs;
        start();
        ir_ref a = ir_const128(&r, IR_V128, cases[k].a[0], cases[k].a[1]);
        ir_ref b = n > 1 ? ir_const128(&r, IR_V128, cases[k].b[0], cases[k].b[1]) : 0;
        ir_ref c = n > 2 ? ir_const128(&r, IR_V128, 0, 0) : 0;
        ir_set(&r, T_Q0, ir_emit(&r, op, IR_V128, a, b, c, 0, cases[k].aux, cases[k].imm));
        finish();
        check(memcmp(slot(T_Q0), cases[k].want, 16) == 0,
              "%s (case %u): %#llx %#llx, not %#llx %#llx", ir_opinfo[op].name, k,
              (unsigned long long)slot(T_Q0)[0], (unsigned long long)slot(T_Q0)[1],
              (unsigned long long)cases[k].want[0], (unsigned long long)cases[k].want[1]);
    }
}

/* -------------------------------------------------------------------- floats */

/* Result of a float operation; *flags: the cumulative ones. */
static uint64_t floating(enum ir_op op, enum ir_type t, enum ir_type at, uint64_t a, uint64_t b,
                         uint64_t c, unsigned aux, int64_t imm, unsigned mode, unsigned *flags)
{
    uint64_t v[3] = {a, b, c};
    ir_ref arg[3] = {0}, x;
    start();
    cpu.guest_mxcsr |= mode << 13;
    for (unsigned k = 0; k < ir_opinfo[op].nargs; k++)
        arg[k] = ir_const(&r, at, v[k]);
    x = ir_emit(&r, op, t, arg[0], arg[1], arg[2], 0, aux, imm);
    if (t == IR_FLG)
        x = ir1(&r, IR_flget, t = IR_I32, x);
    else if (t != IR_I32 && t != IR_I64)
        x = ir1(&r, IR_fbits, t = t == IR_F64 ? IR_I64 : IR_I32, x);
    if (t == IR_I32)
        x = ir1i(&r, IR_zext, IR_I64, x, 32);
    ir_set(&r, 0, x);
    finish();
    if (flags)
        *flags = cpu.guest_mxcsr & 0x3f;
    return *slot(0);
}

static double as_f64(uint64_t v) { double d; memcpy(&d, &v, 8); return d; }
static uint64_t f64_bits(double d) { uint64_t v; memcpy(&v, &d, 8); return v; }
static float as_f32(uint64_t v) { uint32_t w = (uint32_t)v; float d; memcpy(&d, &w, 4); return d; }
static uint64_t f32_bits(float d) { uint32_t v; memcpy(&v, &d, 4); return v; }

static uint64_t some_float(uint64_t *seed, bool wide)
{
    static const uint64_t special64[] = {0,
                                         1ull << 63,
                                         0x3ff0000000000000,
                                         0xbff0000000000000,
                                         1,
                                         0x000fffffffffffff,
                                         0x0010000000000000,
                                         0x7fefffffffffffff,
                                         0x7ff0000000000000,
                                         0xfff0000000000000,
                                         0x4340000000000000,
                                         0x3fe0000000000000,
                                         0x4330000000000001,
                                         0x3ff0000000000001};
    static const uint32_t special32[] = {0,          1u << 31,   0x3f800000, 0xbf800000, 1,
                                         0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0xff800000,
                                         0x4b800000, 0x3f000000, 0x4b000001, 0x3f800001};
    uint64_t v = random64(seed), k = random64(seed);
    if (k % 4 == 0)
        return wide ? special64[v % 14] : special32[v % 14];
    if (k % 4 == 1) /* exponents near one another: cancellation */
        return wide ? (v & 0x800fffffffffffff) | (1020 + k / 4 % 8) << 52
                    : (v & 0x807fffff) | (124 + k / 4 % 8) << 23;
    return wide ? v : (uint32_t)v;
}

/* MXCSR's flags from <fenv.h>'s. */
static unsigned host_flags(void)
{
    int e = fetestexcept(FE_ALL_EXCEPT);
    return (e & FE_INVALID ? 1 : 0) | (e & FE_DIVBYZERO ? 4 : 0) | (e & FE_OVERFLOW ? 8 : 0) |
           (e & FE_INEXACT ? 32 : 0); /* underflow: tininess is detected at different times */
}

static void compare_host(bool wide, enum ir_op op, uint64_t a, uint64_t b, uint64_t c,
                         unsigned mode)
{
    static const int modes[] = {FE_TONEAREST, FE_DOWNWARD, FE_UPWARD, FE_TOWARDZERO};
    volatile double x = as_f64(a), y = as_f64(b), z = as_f64(c), d = 0;
    volatile float p = as_f32(a), q = as_f32(b), s = as_f32(c), f = 0;
    if (wide ? x != x || y != y || z != z : p != p || q != q || s != s)
        return;
    fesetround(modes[mode]);
    feclearexcept(FE_ALL_EXCEPT);
    switch ((unsigned)op) {
    case IR_fadd: d = x + y; f = p + q; break;
    case IR_fsub: d = x - y; f = p - q; break;
    case IR_fmul: d = x * y; f = p * q; break;
    case IR_fdiv: d = x / y; f = p / q; break;
    case IR_fsqrt: d = sqrt(x); f = sqrtf(p); break;
    case IR_fma: d = fma(x, y, z); f = fmaf(p, q, s); break;
    }
    /* only one of both counts: do it alone for the flags */
    feclearexcept(FE_ALL_EXCEPT);
    switch ((unsigned)op) {
    case IR_fadd: if (wide) d = x + y; else f = p + q; break;
    case IR_fsub: if (wide) d = x - y; else f = p - q; break;
    case IR_fmul: if (wide) d = x * y; else f = p * q; break;
    case IR_fdiv: if (wide) d = x / y; else f = p / q; break;
    case IR_fsqrt: if (wide) d = sqrt(x); else f = sqrtf(p); break;
    case IR_fma: if (wide) d = fma(x, y, z); else f = fmaf(p, q, s); break;
    }
    unsigned want_flags = host_flags(), flags;
    fesetround(FE_TONEAREST);
    uint64_t want = wide ? f64_bits(d) : f32_bits(f);
    if (wide ? d != d : f != f)
        want = wide ? 0x7ff8000000000000 : 0x7fc00000;
    enum ir_type t = wide ? IR_F64 : IR_F32;
    uint64_t have = floating(op, t, t, a, b, c, 0, 0, mode, &flags);
    flags &= ~16u;
    check(have == want && (op == IR_fma || flags == want_flags),
          "%s %s %#llx %#llx %#llx mode %u: %#llx flags %#x, host %#llx flags %#x",
          ir_opinfo[op].name, wide ? "f64" : "f32", (unsigned long long)a, (unsigned long long)b,
          (unsigned long long)c, mode, (unsigned long long)have, flags, (unsigned long long)want,
          want_flags);
}

static void test_floats_by_host(void)
{
    static const uint8_t ops[] = {IR_fadd, IR_fsub, IR_fmul, IR_fdiv, IR_fsqrt, IR_fma};
    uint64_t seed = 7;
    for (unsigned k = 0; k < 60000 && failed < 20; k++) {
        bool wide = k & 1;
        uint64_t a = some_float(&seed, wide), b = some_float(&seed, wide),
                 c = some_float(&seed, wide);
        compare_host(wide, (enum ir_op)ops[k / 2 % 6], a, b, c,
                     (unsigned)(random64(&seed) >> 9) & 3);
    }
    for (unsigned k = 0; k < 20000 && failed < 20; k++) {
        uint64_t a = some_float(&seed, true), v = random64(&seed) >> (k % 64);
        double x = as_f64(a);
        if (x == x) {
            volatile float f = (float)x;
            check(floating(IR_fcvt, IR_F32, IR_F64, a, 0, 0, 0, 0, 0, NULL) == f32_bits(f),
                  "fcvt %a", x);
            if (fabs(x) < 0x1p62) {
                uint64_t zero = floating(IR_fcvti, IR_I64, IR_F64, a, 0, 0, IR_RN_ZERO, 0, 0, NULL);
                uint64_t even =
                    floating(IR_fcvti, IR_I64, IR_F64, a, 0, 0, IR_RN_TIES_EVEN, 0, 0, NULL);
                uint64_t away =
                    floating(IR_fcvti, IR_I64, IR_F64, a, 0, 0, IR_RN_TIES_AWAY, 0, 0, NULL);
                uint64_t down = floating(IR_fcvti, IR_I64, IR_F64, a, 0, 0, IR_RN_DOWN, 0, 0, NULL);
                uint64_t up = floating(IR_fcvti, IR_I64, IR_F64, a, 0, 0, IR_RN_UP, 0, 0, NULL);
                check(zero == (uint64_t)(int64_t)x && even == (uint64_t)llrint(x) &&
                      away == (uint64_t)llround(x) && down == (uint64_t)(int64_t)floor(x) &&
                      up == (uint64_t)(int64_t)ceil(x), "fcvti %a", x);
            }
            check(floating(IR_frint, IR_F64, IR_F64, a, 0, 0, IR_RN_TIES_EVEN, 0, 0, NULL) ==
                  f64_bits(rint(x)), "frint %a", x);
            check(floating(IR_frint, IR_F64, IR_F64, a, 0, 0, IR_RN_TIES_AWAY, 0, 0, NULL) ==
                  f64_bits(round(x)), "frint away %a", x);
        }
        check(floating(IR_icvtf, IR_F32, IR_I64, v, 0, 0, 0, 0, 0, NULL) ==
                  f32_bits((float)(int64_t)v),
              "icvtf f32 %#llx", (unsigned long long)v);
        check(floating(IR_icvtf, IR_F64, IR_I64, v, 0, 0, 0, 0x80, 0, NULL) == f64_bits((double)v),
              "icvtf f64 unsigned %#llx", (unsigned long long)v);
        check(floating(IR_icvtf, IR_F64, IR_I64, v, 0, 0, 0, 5, 0, NULL) ==
              f64_bits((double)(int64_t)v / 32), "icvtf fixed %#llx", (unsigned long long)v);
    }
#if defined(__FLT16_MANT_DIG__)
    for (unsigned k = 0; k < 20000 && failed < 20; k++) {
        uint32_t a = (uint32_t)random64(&seed);
        a = (a & 0x80ffffff) | (100 + a / 7 % 50) << 23;
        _Float16 h = (_Float16)as_f32(a);
        uint16_t want;
        memcpy(&want, &h, 2);
        check(floating(IR_fcvt, IR_F16, IR_F32, a, 0, 0, 0, 0, 0, NULL) == want, "fcvt f16 %#x", a);
        uint16_t x = (uint16_t)random64(&seed), y = (uint16_t)random64(&seed);
        _Float16 hx, hy, sum;
        memcpy(&hx, &x, 2);
        memcpy(&hy, &y, 2);
        if (hx != hx || hy != hy)
            continue;
        sum = (_Float16)((float)hx * (float)hy);
        memcpy(&want, &sum, 2);
        if (sum == sum)
            check(floating(IR_fmul, IR_F16, IR_F16, x, y, 0, 0, 0, 0, NULL) == want,
                  "fmul f16 %#x %#x", x, y);
        sum = (_Float16)((float)hx + (float)hy);
        memcpy(&want, &sum, 2);
        if (sum == sum)
            check(floating(IR_fadd, IR_F16, IR_F16, x, y, 0, 0, 0, 0, NULL) == want,
                  "fadd f16 %#x %#x", x, y);
    }
#endif
}

static void test_floats_by_manual(void)
{
    enum { IOC = 1, DZC = 4, OFC = 8, UFC = 16, IXC = 32 };
    static const uint64_t q1 = 0x7ff8000000000001, q2 = 0xfff8000000000002, s1 = 0x7ff0000000000003,
                          s2 = 0xfff0000000000004, inf = 0x7ff0000000000000,
                          one = 0x3ff0000000000000, dn = 0x7ff8000000000000, neg = 1ull << 63;
    const struct {
        uint16_t op;
        uint8_t t, at, aux;
        uint64_t a, b, c;
        int64_t imm;
        uint64_t want;
        unsigned flags;
    } cases[] = {
        /* NaN selection: signalling first, then in order; quieted */
        {IR_fadd, IR_F64, IR_F64, 0, q1, s2, 0, 0, s2 | 1ull << 51, IOC},
        {IR_fadd, IR_F64, IR_F64, 0, q1, q2, 0, 0, q1, 0},
        {IR_fmul, IR_F64, IR_F64, 0, one, q2, 0, 0, q2, 0},
        {IR_fsub, IR_F64, IR_F64, 0, s1, s2, 0, 0, s1 | 1ull << 51, IOC},
        {IR_fsub, IR_F64, IR_F64, 0, one, q2, 0, 0, q2, 0},
        {IR_fadd, IR_F64, IR_F64, 0, inf, inf | neg, 0, 0, dn, IOC},
        {IR_fdiv, IR_F64, IR_F64, 0, one, neg, 0, 0, inf | neg, DZC},
        {IR_fdiv, IR_F64, IR_F64, 0, 0, 0, 0, 0, dn, IOC},
        {IR_fsqrt, IR_F64, IR_F64, 0, one | neg, 0, 0, 0, dn, IOC},
        {IR_fsqrt, IR_F64, IR_F64, 0, neg, 0, 0, 0, neg, 0},
        /* fma: addend, then operands; infinity by zero with a quiet addend is the default NaN */
        {IR_fma, IR_F64, IR_F64, 0, q1, q2, q1 + 8, 0, q1 + 8, 0},
        {IR_fma, IR_F64, IR_F64, 0, s1, q2, q1, 0, s1 | 1ull << 51, IOC},
        {IR_fma, IR_F64, IR_F64, 0, inf, 0, q1, 0, dn, IOC},
        {IR_fma, IR_F64, IR_F64, 0, inf, 0, s1, 0, s1 | 1ull << 51, IOC},
        {IR_fma, IR_F64, IR_F64, 0, q1, one, one, 1, q1 | neg, 0}, /* fmsub: a negated first */
        {IR_fma, IR_F64, IR_F64, 0, one, one, q1, 2, q1 | neg, 0}, /* the addend negated first */
        {IR_fma, IR_F64, IR_F64, 0, one, one, one, 2, 0, 0},
        /* minimum and maximum */
        {IR_fmax, IR_F64, IR_F64, 0, 0, neg, 0, 0, 0, 0},
        {IR_fmin, IR_F64, IR_F64, 0, 0, neg, 0, 0, neg, 0},
        {IR_fmax, IR_F64, IR_F64, 0, one, q1, 0, 0, q1, 0},
        {IR_fmax, IR_F64, IR_F64, 0, one, q1, 0, 1, one, 0},
        {IR_fmin, IR_F64, IR_F64, 0, q1, inf | neg, 0, 1, inf | neg, 0},
        {IR_fmin, IR_F64, IR_F64, 0, s1, one, 0, 1, s1 | 1ull << 51, IOC},
        {IR_fmin, IR_F64, IR_F64, 0, q1, q2, 0, 1, q1, 0},
        {IR_fmin, IR_F64, IR_F64, 0, one | neg, one, 0, 0, one | neg, 0},
        /* comparisons */
        {IR_fcmp, IR_FLG, IR_F64, 0, 0, neg, 0, 0, 0x60000000, 0},
        {IR_fcmp, IR_FLG, IR_F64, 0, one | neg, one, 0, 0, 0x80000000, 0},
        {IR_fcmp, IR_FLG, IR_F64, 0, inf, one, 0, 0, 0x20000000, 0},
        {IR_fcmp, IR_FLG, IR_F64, 0, q1, one, 0, 0, 0x30000000, 0},
        {IR_fcmp, IR_FLG, IR_F64, 0, q1, one, 0, 1, 0x30000000, IOC},
        {IR_fcmp, IR_FLG, IR_F32, 0, 0x7fa00000, 0, 0, 0, 0x30000000, IOC},
        /* conversions */
        {IR_fcvt, IR_F32, IR_F64, 0, s1, 0, 0, 0, 0x7fc00000, IOC},
        {IR_fcvt, IR_F64, IR_F32, 0, 0xffc12345, 0, 0, 0, 0xfff82468a0000000, 0},
        {IR_fcvt, IR_F16, IR_F32, 0, 0x477ff000, 0, 0, 0, 0x7c00, OFC | IXC}, /* 65520 */
        {IR_fcvt, IR_F16, IR_F32, 0, 0x33800000, 0, 0, 0, 0x0001, 0},         /* 2^-24 */
        {IR_fcvt, IR_F16, IR_F32, 0, 0x33000000, 0, 0, 0, 0x0000,
         UFC | IXC}, /* half of it: to even */
        {IR_fcvti, IR_I32, IR_F64, IR_RN_ZERO, q1, 0, 0, 0, 0, IOC},
        {IR_fcvti, IR_I32, IR_F64, IR_RN_ZERO, 0x41e0000000000000, 0, 0, 0, 0x7fffffff, IOC},
        {IR_fcvti, IR_I32, IR_F64, IR_RN_ZERO, 0xc1e0000000200000, 0, 0, 0, 0x80000000, IOC},
        {IR_fcvti, IR_I32, IR_F64, IR_RN_ZERO, 0xc1e00000001fffff, 0, 0, 0, 0x80000000, IXC},
        {IR_fcvti, IR_I32, IR_F64, IR_RN_ZERO, one | neg, 0, 0, 0x80, 0, IOC},
        {IR_fcvti, IR_I64, IR_F64, IR_RN_ZERO, inf, 0, 0, 0x80, ~0ull, IOC},
        {IR_fcvti, IR_I64, IR_F64, IR_RN_ZERO, one, 0, 0, 4, 16, 0},
        {IR_fcvti, IR_I64, IR_F64, IR_RN_TIES_AWAY, 0x3fe0000000000000, 0, 0, 0, 1, IXC},
        {IR_fcvti, IR_I64, IR_F64, IR_RN_TIES_EVEN, 0x3fe0000000000000, 0, 0, 0, 0, IXC},
        {IR_frint, IR_F64, IR_F64, IR_RN_ZERO, 0xbfe0000000000000, 0, 0, 0, neg, 0},
        {IR_frint, IR_F64, IR_F64, IR_RN_ZERO, 0xbfe0000000000000, 0, 0, 1, neg, IXC},
        {IR_frint, IR_F64, IR_F64, IR_RN_ZERO, s1, 0, 0, 0, s1 | 1ull << 51, IOC},
        {IR_icvtf, IR_F16, IR_I64, 0, 65520, 0, 0, 0, 0x7c00, OFC | IXC},
        {IR_icvtf, IR_F32, IR_I32, 0, 0xffffffff, 0, 0, 0, 0xbf800000, 0},
        /* bits */
        {IR_fneg, IR_F64, IR_F64, 0, s1, 0, 0, 0, s1 | neg, 0},
        {IR_fabs, IR_F32, IR_F32, 0, 0xffa00001, 0, 0, 0, 0x7fa00001, 0},
        /* tininess before rounding: largest subnormal and a bit rounds to the smallest normal */
        {IR_fmul, IR_F64, IR_F64, 0, 0x0010000000000000, 0x3fefffffffffffff, 0, 0,
         0x0010000000000000, UFC | IXC},
        {IR_fmul, IR_F64, IR_F64, 0, 0x0010000000000000, 0x3fe0000000000000, 0, 0,
         0x0008000000000000, 0},
    };
    for (unsigned k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
        unsigned flags;
        uint64_t have =
            floating((enum ir_op)cases[k].op, (enum ir_type)cases[k].t, (enum ir_type)cases[k].at,
                     cases[k].a, cases[k].b, cases[k].c, cases[k].aux, cases[k].imm, 0, &flags);
        check(have == cases[k].want && flags == cases[k].flags,
              "%s (case %u): %#llx flags %#x, not %#llx %#x", ir_opinfo[cases[k].op].name, k,
              (unsigned long long)have, flags, (unsigned long long)cases[k].want, cases[k].flags);
    }
}

/* -------------------------------------------------------------------- memory */

static void test_memory(void)
{
    static uint8_t memory[64] __attribute__((aligned(16)));
    ir_ref base, x, f;
    for (unsigned k = 0; k < 64; k++)
        memory[k] = (uint8_t)(0x80 + k);
    start();
    cpu.guest_base = (uint64_t)(uintptr_t)memory - 0x1000;
    ir_emit(&r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x500);
    base = ir_const(&r, IR_I64, 0x1000);
    x = ir_emit(&r, IR_load, IR_I64, base, 0, 0, 0, IR_MEM(1, 1, 0, 0), 2);
    f = ir_emit(&r, IR_load, IR_V128, base, ir_const(&r, IR_I64, 2), 0, 0, IR_MEM(4, 0, 3, 0), 0);
    ir_ref low = ir_emit(&r, IR_load, IR_I32, base, 0, 0, 0, IR_MEM(0, 1, 0, 0), 0);
    ir_ref old = ir_emit(&r, IR_amo, IR_I32, base, ir_const(&r, IR_I32, 0x7f), 0, 0,
                         IR_MEM(0, 0, 0, 0), IR_AMO_SMAX);
    ir_ref cas = ir_emit(&r, IR_cas, IR_I64, ir_const(&r, IR_I64, 0x1008),
                         ir_const(&r, IR_I64, 0x8f8e8d8c8b8a8988), ir_const(&r, IR_I64, 5), 0,
                         IR_MEM(3, 0, 0, 0), 0);
    ir_ref pair = ir_emit(&r, IR_cas, IR_I128, ir_const(&r, IR_I64, 0x1020),
                          ir_const128(&r, IR_I128, 0xa7a6a5a4a3a2a1a0, 0xafaeadacabaaa9a8),
                          ir_const128(&r, IR_I128, 7, 8), 0, IR_MEM(4, 0, 0, 0), 0);
    ir_ref lost = ir_emit(&r, IR_casx, IR_I32, base, ir_const(&r, IR_I64, 0),
                          ir_const(&r, IR_I64, 1), ir_const(&r, IR_I32, 0), IR_MEM(3, 0, 0, 0), 0);
    ir_ref differs =
        ir_emit(&r, IR_casx, IR_I32, base, ir_const(&r, IR_I64, 0), ir_const(&r, IR_I64, 1),
                ir_const(&r, IR_I32, 1), IR_MEM(3, 0, 0, 0), 0);
    ir_ref done =
        ir_emit(&r, IR_casx, IR_I32, ir_const(&r, IR_I64, 0x1030), ir_const(&r, IR_I32, 0xb3b2b1b0),
                ir_const(&r, IR_I32, 1), ir_const(&r, IR_I32, 1), IR_MEM(2, 0, 0, 0), 0);
    ir_emit(&r, IR_store, IR_VOID, base, 0, x, 0, IR_MEM(1, 0, 0, IR_RELEASE), 62);
    ir_emit(&r, IR_fence, IR_VOID, 0, 0, 0, 0, IR_FENCE_FULL, 0);
    ir_set(&r, 0, x);
    ir_set(&r, T_Q0, f);
    ir_set(&r, 1, ir1i(&r, IR_zext, IR_I64, low, 32));
    ir_set(&r, 2, ir1i(&r, IR_zext, IR_I64, old, 32));
    ir_set(&r, 3, cas);
    ir_set(&r, 4, ir1(&r, IR_hi64, IR_I64, pair));
    x = ir2i(&r, IR_bfi, IR_I32, lost, differs, 4 | 4 << 8);
    x = ir2i(&r, IR_bfi, IR_I32, x, done, 8 | 4 << 8);
    ir_set(&r, 5, ir1i(&r, IR_zext, IR_I64, x, 32));
    finish();
    check(*slot(0) == 0xffffffffffff8382, "load.2s: %#llx", (unsigned long long)*slot(0));
    check(slot(T_Q0)[0] == 0x9796959493929190 && slot(T_Q0)[1] == 0x9f9e9d9c9b9a9998, "load.16");
    check(*slot(1) == 0xffffff80, "load.1s as i32");
    check(*slot(2) == 0x80 && memory[0] == 0x7f && memory[1] == 0x81, "amo smax of bytes");
    check(*slot(3) == 0x8f8e8d8c8b8a8988 && memory[8] == 5 && memory[9] == 0, "cas.8");
    check(*slot(4) == 0xafaeadacabaaa9a8 && memory[0x20] == 7 && memory[0x28] == 8, "cas.16");
    check(*slot(5) == 0x011, "casx: lost, differs, done: %#llx", (unsigned long long)*slot(5));
    check(memory[0x30] == 1, "casx stores");
    check(memory[62] == 0x82 && memory[63] == 0x83, "store.2 rel");
    check(cpu.pc == 0x10 && cpu.leave_reason == IR_LEAVE_LOOKUP, "goto");
}

int main(void)
{
    ir_region_init(&r, &test_target);
    test_integers();
    test_vectors();
    test_memory();
    test_floats_by_manual();
    test_floats_by_host();
    ir_region_free(&r);
    return report();
}
