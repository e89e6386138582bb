/*
 * EVEX forms (AVX-512 VL, BW, DQ; 128 bits) of the instructions that the emitters know by their VEX opcode.
 *
 * Where the host has AVX-512, xmm16 to xmm31 are homes of guest registers (regs.def). The emitters don't ask which
 * registers they have: v_rrr, v_rrm, emit_x3i and emit_const_op come here as soon as a register above 15 is an operand.
 * An instruction has its EVEX form by the table (W and the size of its memory operand, which scales a one-byte
 * displacement, differ from VEX), or it is made of two by mask register k1: comparisons into vectors, tests, signs.
 * What has neither (byte blends, horizontal sums, SHA, ...) is an operation with low registers: evex_low tells
 * which these are, and the allocator then gives copies in xmm0 to xmm3 for operands in homes above 15 and no such home
 * for the result.
 *
 * k1 is never live between operations. Source: Intel SDM volume 2, "Instruction Format" and each instruction's page.
 */
#include "emit_priv.h"

enum { FORM = 8, W1 = 16 /* always 1 */, WX = 32 /* as the VEX form's */, T1S = 64 /* twice the size with W */ };
#define FULL (FORM | 4) /* 16 bytes */
#define HALF (FORM | 3)
#define QUARTER (FORM | 2)

static const uint8_t form[4096] = {
    /* moves */
    [0x28 | M0F] = FULL, [0x10 | M0F] = FULL, [0x11 | M0F] = FULL,
    [0x6f | M0F | P66] = FULL, [0x6f | M0F | PF3] = FULL, [0x7f | M0F | PF3] = FULL,
    [0x10 | M0F | PF3] = QUARTER, [0x11 | M0F | PF3] = QUARTER,
    [0x10 | M0F | PF2] = HALF | W1, [0x11 | M0F | PF2] = HALF | W1,
    [0x7e | M0F | PF3] = HALF | W1, [0xd6 | M0F | P66] = HALF | W1,
    [0x6e | M0F | P66] = QUARTER | WX | T1S, [0x7e | M0F | P66] = QUARTER | WX | T1S,
    /* integers: opcode in the order of the map */
    [0x60 | M0F | P66] = FULL, [0x61 | M0F | P66] = FULL, [0x62 | M0F | P66] = FULL,
    [0x63 | M0F | P66] = FULL, [0x67 | M0F | P66] = FULL, [0x68 | M0F | P66] = FULL,
    [0x69 | M0F | P66] = FULL, [0x6a | M0F | P66] = FULL, [0x6b | M0F | P66] = FULL,
    [0x6c | M0F | P66] = FULL | W1, [0x6d | M0F | P66] = FULL | W1,
    [0x70 | M0F | P66] = FULL, [0x70 | M0F | PF2] = FULL, [0x70 | M0F | PF3] = FULL,
    [0x71 | M0F | P66] = FULL, [0x72 | M0F | P66] = FULL, [0x73 | M0F | P66] = FULL | W1,
    [0xc4 | M0F | P66] = FORM | 1, [0xc5 | M0F | P66] = FORM | 1,
    [0xd4 | M0F | P66] = FULL | W1, [0xd5 | M0F | P66] = FULL, [0xd8 | M0F | P66] = FULL,
    [0xd9 | M0F | P66] = FULL, [0xda | M0F | P66] = FULL, [0xdb | M0F | P66] = FULL,
    [0xdc | M0F | P66] = FULL, [0xdd | M0F | P66] = FULL, [0xde | M0F | P66] = FULL,
    [0xdf | M0F | P66] = FULL, [0xe0 | M0F | P66] = FULL, [0xe3 | M0F | P66] = FULL,
    [0xe4 | M0F | P66] = FULL, [0xe5 | M0F | P66] = FULL, [0xe8 | M0F | P66] = FULL,
    [0xe9 | M0F | P66] = FULL, [0xea | M0F | P66] = FULL, [0xeb | M0F | P66] = FULL,
    [0xec | M0F | P66] = FULL, [0xed | M0F | P66] = FULL, [0xee | M0F | P66] = FULL,
    [0xef | M0F | P66] = FULL, [0xf4 | M0F | P66] = FULL | W1, [0xf5 | M0F | P66] = FULL,
    [0xf6 | M0F | P66] = FULL, [0xf8 | M0F | P66] = FULL, [0xf9 | M0F | P66] = FULL,
    [0xfa | M0F | P66] = FULL, [0xfb | M0F | P66] = FULL | W1, [0xfc | M0F | P66] = FULL,
    [0xfd | M0F | P66] = FULL, [0xfe | M0F | P66] = FULL,
    [0x00 | M38 | P66] = FULL, [0x04 | M38 | P66] = FULL, [0x0b | M38 | P66] = FULL,
    [0x1c | M38 | P66] = FULL, [0x1d | M38 | P66] = FULL, [0x1e | M38 | P66] = FULL,
    [0x20 | M38 | P66] = HALF, [0x21 | M38 | P66] = QUARTER, [0x22 | M38 | P66] = FORM | 1,
    [0x23 | M38 | P66] = HALF, [0x24 | M38 | P66] = QUARTER, [0x25 | M38 | P66] = HALF,
    [0x28 | M38 | P66] = FULL | W1, [0x2b | M38 | P66] = FULL,
    [0x30 | M38 | P66] = HALF, [0x31 | M38 | P66] = QUARTER, [0x32 | M38 | P66] = FORM | 1,
    [0x33 | M38 | P66] = HALF, [0x34 | M38 | P66] = QUARTER, [0x35 | M38 | P66] = HALF,
    [0x38 | M38 | P66] = FULL, [0x39 | M38 | P66] = FULL, [0x3a | M38 | P66] = FULL,
    [0x3b | M38 | P66] = FULL, [0x3c | M38 | P66] = FULL, [0x3d | M38 | P66] = FULL,
    [0x3e | M38 | P66] = FULL, [0x3f | M38 | P66] = FULL, [0x40 | M38 | P66] = FULL,
    [0x45 | M38 | P66] = FULL | WX, [0x46 | M38 | P66] = FULL | WX, [0x47 | M38 | P66] = FULL | WX,
    [0x58 | M38 | P66] = QUARTER, [0x59 | M38 | P66] = HALF | W1, [0x78 | M38 | P66] = FORM,
    [0x79 | M38 | P66] = FORM | 1,
    [0x0f | M3A | P66] = FULL, [0x14 | M3A | P66] = FORM, [0x15 | M3A | P66] = FORM | 1,
    [0x16 | M3A | P66] = QUARTER | WX | T1S, [0x20 | M3A | P66] = FORM, [0x21 | M3A | P66] = QUARTER,
    [0x22 | M3A | P66] = QUARTER | WX | T1S,
    [0x25 | M3A | P66] = FULL | W1, [0xce | M3A | P66] = FULL | W1, [0xcf | M3A | P66] = FULL | W1,
    /* with VAES and VPCLMULQDQ (evex_low) */
    [0xdc | M38 | P66] = FULL, [0xdd | M38 | P66] = FULL, [0xde | M38 | P66] = FULL,
    [0xdf | M38 | P66] = FULL, [0x44 | M3A | P66] = FULL,
    /* floats: none packed single, 66 packed double, F3 and F2 scalars */
#define FLOATS(op) [op | M0F] = FULL, [op | M0F | P66] = FULL | W1, [op | M0F | PF3] = QUARTER, \
                   [op | M0F | PF2] = HALF | W1
    FLOATS(0x51), FLOATS(0x58), FLOATS(0x59), FLOATS(0x5c), FLOATS(0x5d), FLOATS(0x5e), FLOATS(0x5f),
#define PACKED(op) [op | M0F] = FULL, [op | M0F | P66] = FULL | W1
    PACKED(0x14), PACKED(0x15), PACKED(0x54), PACKED(0x55), PACKED(0x56), PACKED(0x57), PACKED(0xc6),
    [0x2e | M0F] = QUARTER, [0x2e | M0F | P66] = HALF | W1,
    [0x2f | M0F] = QUARTER, [0x2f | M0F | P66] = HALF | W1,
    [0x5a | M0F] = HALF, [0x5a | M0F | P66] = FULL | W1, [0x5a | M0F | PF3] = QUARTER,
    [0x5a | M0F | PF2] = HALF | W1,
    [0x5b | M0F] = FULL, [0x5b | M0F | PF3] = FULL, [0x5b | M0F | P66] = FULL,
    [0x2a | M0F | PF3] = QUARTER | WX | T1S, [0x2a | M0F | PF2] = QUARTER | WX | T1S,
    [0x2c | M0F | PF3] = QUARTER | WX, [0x2c | M0F | PF2] = HALF | WX,
    [0x2d | M0F | PF3] = QUARTER | WX, [0x2d | M0F | PF2] = HALF | WX,
    [0x08 | M3A | P66] = FULL, [0x09 | M3A | P66] = FULL | W1, [0x0a | M3A | P66] = QUARTER,
    [0x0b | M3A | P66] = HALF | W1, /* vrndscale: the immediate's low four bits mean the same */
    [0xa8 | M38 | P66] = FULL | WX, [0xaa | M38 | P66] = FULL | WX, [0xac | M38 | P66] = FULL | WX,
    [0xae | M38 | P66] = FULL | WX, [0xa9 | M38 | P66] = QUARTER | WX | T1S,
    [0xab | M38 | P66] = QUARTER | WX | T1S, [0xad | M38 | P66] = QUARTER | WX | T1S,
    [0xaf | M38 | P66] = QUARTER | WX | T1S,
};

enum { K1 = 1, VPMOVM2B = 0x28 | M38 | PF3, VPMOVM2D = 0x38 | M38 | PF3, VPMOVD2M = 0x39 | M38 | PF3,
       VPTESTMD = 0x27 | M38 | P66, KORTESTB = 0x98 | M0F | P66, KMOVB = 0x93 | M0F | P66 };

static unsigned form_of(unsigned op) { return form[op & 0xfff]; }

unsigned evex_scale(unsigned op, bool w)
{
    unsigned f = form_of(op);
    return (f & 7) + ((f & T1S) && w);
}

/* The prefix and opcode byte. rm4, x3, b3: bits of the registers of the operand. */
static void prefix(struct codebuf *c, unsigned op, bool w, int reg, int v, unsigned x, unsigned b)
{
    cb8(c, 0x62);
    cb8(c, (unsigned)(~reg >> 3 & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (unsigned)(~reg >> 4 & 1) << 4 |
               (op >> 8 & 3));
    cb8(c, (unsigned)w << 7 | (unsigned)(~v & 15) << 3 | 4 | (op >> 10 & 3));
    cb8(c, (unsigned)(~v >> 4 & 1) << 3);
    cb8(c, op);
}

static bool wide(unsigned op, bool w)
{
    unsigned f = form_of(op);
    assert(f & FORM);
    return f & W1 || ((f & WX) && (w || (op & OPW)));
}

/* Comparisons to a vector: 0, or 1 + log2 of the lane's size. */
static unsigned compares(unsigned op)
{
    switch (op & 0xfff) {
    case 0x74 | M0F | P66: case 0x64 | M0F | P66: return 1;
    case 0x75 | M0F | P66: case 0x65 | M0F | P66: return 2;
    case 0x76 | M0F | P66: case 0x66 | M0F | P66: case 0xc2 | M0F: return 3;
    case 0x29 | M38 | P66: case 0x37 | M38 | P66: case 0xc2 | M0F | P66: return 4;
    }
    return 0;
}
/* The vector of the lanes that k1 has. */
static void spread(struct codebuf *c, unsigned lane, int reg)
{
    e_rrr(c, lane > 2 ? VPMOVM2D : VPMOVM2B, !(lane & 1), reg, 0, K1);
}

static void test_mask(struct codebuf *c)
{
    asm_vex(c, KORTESTB, false, 0, K1, 0, 0, K1);
    cb8(c, 0xc0 | K1 << 3 | K1);
}

void evex_rrr(struct codebuf *c, unsigned op, bool w, int reg, int v, int rm)
{
    unsigned lane = compares(op);
    if (lane) {
        e_rrr(c, op, lane == 4, K1, v, rm);
        spread(c, lane, reg);
        return;
    }
    switch (op & 0xfff) {
    case 0x17 | M38 | P66: /* ptest: ZF alone */
        e_rrr(c, VPTESTMD, false, K1, reg, rm);
        test_mask(c);
        return;
    case 0x50 | M0F: case 0x50 | M0F | P66: /* movmskps, movmskpd */
        e_rrr(c, VPMOVD2M, (op & P66) != 0, K1, 0, rm);
        asm_vex(c, KMOVB, false, 0, reg, 0, 0, K1);
        cb8(c, 0xc0 | (unsigned)(reg & 7) << 3 | K1);
        return;
    }
    prefix(c, op, wide(op, w), reg, v, (unsigned)rm >> 4 & 1, (unsigned)rm >> 3 & 1);
    cb8(c, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}

void evex_rrm(struct codebuf *c, unsigned op, bool w, int reg, int v, struct mem m)
{
    unsigned lane = compares(op), shift = lane ? 4 : evex_scale(op, w);
    if (m.gs)
        cb8(c, 0x65);
    unsigned x = m.index < 0 ? 0 : (unsigned)m.index >> 3, b = m.base < 0 ? 0 : (unsigned)m.base >> 3;
    prefix(c, op, lane ? lane == 4 : wide(op, w), lane ? K1 : reg, v, x, b);
    asm_mem(c, lane ? K1 : reg, m, shift);
    if (lane)
        spread(c, lane, reg);
}

void evex_compare(struct codebuf *c, unsigned op, int reg, int a, int b, unsigned imm)
{
    unsigned lane = compares(op);
    e_rrr(c, op, lane == 4, K1, a, b);
    cb8(c, imm);
    spread(c, lane, reg);
}

void evex_const(struct emit *e, unsigned op, int reg, int v, uint64_t lo, uint64_t hi)
{
    unsigned lane = compares(op);
    prefix(&e->cb, op, lane ? lane == 4 : wide(op, false), lane ? K1 : reg, v, 0, 0);
    emit_rip_operand(e, lane ? K1 : reg, lo, hi);
    if (lane)
        spread(&e->cb, lane, reg);
}

void evex_unordered(struct codebuf *c, bool dbl, int a)
{
    e_rrr(c, 0xc2 | M0F | (dbl ? P66 : 0), dbl, K1, a, a);
    cb8(c, 3); /* unordered, quiet */
    test_mask(c);
}

/* Operations with an instruction that has no EVEX form, by when. */
enum { NEVER, ALWAYS, HALVES /* lanes of half precision */, SCALAR_HALF /* of that type, or from it */,
       NO_VAES, NO_VPCLMUL, TO_HALF, LANES12 /* 16 or 32 bits */, LANES01 };
static const uint8_t low[IR_NOPS] = {
    [IR_vsha1r4] = ALWAYS, [IR_vsha256r2] = ALWAYS, [IR_vsha256m1] = ALWAYS, [IR_vsha256m2] = ALWAYS,
    [IR_vaesimc] = ALWAYS, [IR_vaesenc] = NO_VAES, [IR_vaesencl] = NO_VAES, [IR_vaesdec] = NO_VAES,
    [IR_vaesdecl] = NO_VAES, [IR_vaesmc] = NO_VAES, [IR_vpmull] = NO_VPCLMUL,
    [IR_vaddp] = LANES12, [IR_vtrn1] = LANES12, [IR_vtrn2] = LANES12,
    [IR_vumaxv] = LANES01, [IR_vuminv] = LANES01, [IR_vsmaxv] = LANES01, [IR_vsminv] = LANES01,
    [IR_vfxmul] = LANES12, /* pblendw */
    [IR_fvbfcvt] = ALWAYS, [IR_fvbfdot] = ALWAYS, [IR_fvfmaw] = ALWAYS,
    [IR_fvadd] = HALVES, [IR_fvsub] = HALVES, [IR_fvmul] = HALVES, [IR_fvdiv] = HALVES, [IR_fvfma] = HALVES,
    [IR_fvmin] = HALVES, [IR_fvmax] = HALVES, [IR_fvcmp] = HALVES, [IR_fvsqrt] = HALVES,
    [IR_fvcvti] = HALVES, [IR_ivcvtf] = HALVES, [IR_fvrint] = HALVES, [IR_fvwiden] = HALVES,
    [IR_fvnarrow] = TO_HALF,
    [IR_fadd] = SCALAR_HALF, [IR_fsub] = SCALAR_HALF, [IR_fmul] = SCALAR_HALF, [IR_fdiv] = SCALAR_HALF,
    [IR_fsqrt] = SCALAR_HALF, [IR_fma] = SCALAR_HALF, [IR_fmin] = SCALAR_HALF, [IR_fmax] = SCALAR_HALF,
    [IR_fcmp] = SCALAR_HALF, [IR_fcvt] = SCALAR_HALF, [IR_fcvti] = SCALAR_HALF, [IR_icvtf] = SCALAR_HALF,
    [IR_frint] = SCALAR_HALF, [IR_fneg] = SCALAR_HALF, [IR_fabs] = SCALAR_HALF,
};

bool evex_low(const struct emit *e, uint32_t i)
{
    const struct ir_inst *p = &e->r->insts[i];
    unsigned lane = p->aux & 7;
    switch (low[p->op]) {
    case NEVER:       return false;
    case HALVES:      return lane == IR_LH;
    case SCALAR_HALF: return p->type == IR_F16 || (p->op != IR_icvtf && ir_type_of(e->r, p->arg[0]) == IR_F16);
    case TO_HALF:     return lane == IR_LS;
    case NO_VAES:     return !e->hf->vaes;
    case NO_VPCLMUL:  return !e->hf->vpclmul;
    case LANES12:     return (lane & 3) == 1 || (lane & 3) == 2;
    case LANES01:     return (lane & 3) <= 1;
    }
    return true;
}
