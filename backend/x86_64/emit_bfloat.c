/*
 * Code for BFloat16 on hosts with AVX (others take the cold path): dot products of pairs, and
 * narrowing. BFMLAL needs nothing: it widens by shifts.
 *
 * Dot products have an arithmetic of their own: each product and sum is rounded to odd, subnormals are
 * zeros on the way in and out, the guest's modes and flags do not matter. MXCSR is exchanged for
 * truncation with DAZ and FTZ meanwhile. Products of 8-bit significands are exact. A sum s of a and b,
 * truncated, is exact if and only if s - a = b and s - b = a: if it is exact, both differences are; if
 * it is not, s minus the operand of larger magnitude is exact nevertheless (Sterbenz, or common
 * multiples of its last place) and is not the other operand. An inexact sum gets its last bit set; a
 * flushed one stays zero. Infinities, NaNs and the largest number (as what truncation makes of an
 * overflow) go to the cold path.
 *
 * Narrowing to the nearest is done on the bits. It is the cold path's where it would have to set a
 * flag that is not set yet, in other modes, and for what is subnormal or not below the largest number.
 */
#include "emit_fp.h"

enum {
    LDMXCSR = 2, STMXCSR = 3, OP_MXCSR = 0xae | M0F, /* /digit */
    PADDD = 0xfe | M0F | P66, PAND = 0xdb | M0F | P66, PANDN = 0xdf | M0F | P66,
    POR = 0xeb | M0F | P66, PXOR = 0xef | M0F | P66, PCMPGTD = 0x66 | M0F | P66,
    PMAXSD = 0x3d | M38 | P66, PSHIFTD = 0x72 | M0F | P66, PACKUSDW = 0x2b | M38 | P66,
    CMP_NEQ = 4, TRUNCATE_FLUSH = 0xffc0, ROUND_MODES = 0xe040, INEXACT = 0x20,
};
/* Places in cpu->scratch. */
enum { AT_X = 0, AT_Y = 16, AT_MOST = 48, AT_MXCSR = 64, AT_GUEST = 68, AT_ASIDE = 112 };
#define EACH(x) ((uint64_t)(x) << 32 | (x))

static void shift(struct emit *e, unsigned way, int d, int a, unsigned n)
{
    v_rrr(&e->cb, PSHIFTD, false, way, d, a);
    cb8(&e->cb, n);
}
enum { LEFT = 6, RIGHT = 2 };
static void with_const(struct emit *e, unsigned op, int d, int a, uint32_t k)
{
    emit_const_op(e, op, d, a, EACH(k), EACH(k));
}
static void keep(struct emit *e, int x, unsigned at) { x_mem(e, OP_MOVUPS_S, x, 0, scratch(at)); }
static void load(struct emit *e, int x, unsigned at) { x_mem(e, OP_MOVUPS_L, x, 0, scratch(at)); }
static void mxcsr(struct emit *e, int way, unsigned at)
{
    x_rm(&e->cb, OP_MXCSR, false, way, scratch(at));
}

/* d = the sum of what is at AT_X and AT_Y, rounded to odd. t, u: other registers. */
static void odd_sum(struct emit *e, int d, int t, int u)
{
    load(e, d, AT_X);
    x_mem(e, OP_ADDP, d, d, scratch(AT_Y));
    x_mem(e, OP_SUBP, t, d, scratch(AT_X));
    x_mem(e, OP_CMPP, t, t, scratch(AT_Y));
    cb8(&e->cb, CMP_NEQ);
    x_mem(e, OP_SUBP, u, d, scratch(AT_Y));
    x_mem(e, OP_CMPP, u, u, scratch(AT_X));
    cb8(&e->cb, CMP_NEQ);
    emit_x3(e, POR, t, t, u);
    emit_x3(e, PXOR, u, u, u);
    emit_x3i(e, OP_CMPP, u, u, d, CMP_NEQ);
    emit_x3(e, PAND, t, t, u);
    shift(e, RIGHT, t, t, 31);
    emit_x3(e, POR, d, d, t);
}
/* u = the largest magnitude of lanes of x and of what is at AT_MOST. */
static void most(struct emit *e, int u, int x)
{
    with_const(e, PAND, u, x, 0x7fffffff);
    x_mem(e, PMAXSD, u, u, scratch(AT_MOST));
}

static void dot(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    int a = rx_use(e, p->arg[0]), b = rx_use(e, p->arg[1]), c = rx_use(e, p->arg[2]);
    int d = rx_def_clear(e, i);
    flags_clobber(e);
    bool aside = __builtin_popcount(e->xlock & XMM_SCRATCH) >= 3;
    bool both = (e->xlock & XMM_SCRATCH) == XMM_SCRATCH;
    int t = both ? b : rx_temp(e), u = aside ? a : rx_temp(e);
    if (aside)
        keep(e, a, AT_ASIDE);
    if (both)
        keep(e, b, 80);
    mxcsr(e, STMXCSR, AT_GUEST);
    mov_mi32(&e->cb, false, scratch(AT_MXCSR), TRUNCATE_FLUSH);
    mxcsr(e, LDMXCSR, AT_MXCSR);
    keep(e, c, 32);
    keep(e, b, AT_Y);
    shift(e, LEFT, d, b, 16);
    shift(e, LEFT, t, a, 16);
    emit_x3(e, OP_MULP, d, d, t);
    with_const(e, PAND, u, a, 0xffff0000);
    load(e, t, AT_Y);
    with_const(e, PAND, t, t, 0xffff0000);
    emit_x3(e, OP_MULP, t, t, u);
    keep(e, d, AT_X);
    keep(e, t, AT_Y);
    with_const(e, PAND, t, t, 0x7fffffff);
    keep(e, t, AT_MOST);
    most(e, u, d);
    keep(e, u, AT_MOST);
    odd_sum(e, d, t, u);
    keep(e, d, AT_X);
    most(e, u, d);
    keep(e, u, AT_MOST);
    load(e, t, 32);
    keep(e, t, AT_Y);
    odd_sum(e, d, t, u);
    most(e, u, d);
    mxcsr(e, LDMXCSR, AT_GUEST);
    with_const(e, PCMPGTD, u, u, 0x7f7ffffe);
    emit_x2(e, OP_PTEST, u, u);
    if (aside)
        load(e, a, AT_ASIDE);
    if (both)
        load(e, b, 80);
    fp_go_cold(e, CC_NE, i, d, a, b, c);
}

static void narrow(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = emit_inst(e, i);
    struct codebuf *c = &e->cb;
    int a = rx_use(e, p->arg[0]), d = rx_def_clear(e, i), t = rx_temp(e), u = rx_temp(e);
    int g = ra_temp(e);
    flags_clobber(e);
    mxcsr(e, STMXCSR, AT_MXCSR);
    x_rm(c, OP_MOV_R_RM, false, g, scratch(AT_MXCSR));
    alu_ri(c, ALU_AND, false, g, ROUND_MODES | INEXACT);
    alu_ri(c, ALU_CMP, false, g, INEXACT);
    uint8_t *over = jump_over(e, CC_NE);
    with_const(e, PAND, t, a, 0x7fffffff);
    with_const(e, PCMPGTD, u, t, 0x007fffff);
    with_const(e, PCMPGTD, d, t, 0);
    emit_x3(e, PANDN, u, u, d);
    with_const(e, PCMPGTD, t, t, 0x7f7f7fff);
    emit_x3(e, POR, t, t, u);
    emit_x2(e, OP_PTEST, t, t);
    shift(e, RIGHT, d, a, 16);
    with_const(e, PAND, d, d, 1);
    emit_x3(e, PADDD, d, d, a);
    with_const(e, PADDD, d, d, 0x7fff);
    shift(e, RIGHT, d, d, 16);
    emit_x3(e, PXOR, t, t, t);
    emit_x3(e, PACKUSDW, d, d, t);
    bind_over(e, over);
    fp_go_cold(e, CC_NE, i, d, a, -1, -1);
}

bool emit_bfloat_op(struct emit *e, uint32_t i)
{
    unsigned op = emit_inst(e, i)->op;
    if (!e->hf->avx || (op != IR_fvbfdot && op != IR_fvbfcvt))
        return false;
    if (op == IR_fvbfdot)
        dot(e, i);
    else
        narrow(e, i);
    return true;
}
