/*
 * What the lowering files of aarch64 share: operands, flags, conditions, helpers.
 *
 * A lowering function lower_NAME(t, args) emits the IR of one instruction and returns true. It
 * returns false, before it has emitted anything that writes, if the encoding is undefined. Register
 * number 31 is the zero register in the plain accessors and the stack pointer in those named sp.
 * Writes to a 32-bit register clear the upper half. Sources are read before the first write.
 */
#ifndef MYNA_AARCH64_LOWER_H
#define MYNA_AARCH64_LOWER_H

#include "sysmode.h"
#include "aarch64_decode.h"

enum a64_helper {
#define HELPER(name, class, result, nargs, params) A64_HELPER_##name,
#include "helpers.def"
    A64_NHELPERS
};
#define HELPER(name, class, result, nargs, params) uint64_t a64_helper_##name params;
#include "helpers.def"

static inline enum ir_type type_of(bool sf) { return sf ? IR_I64 : IR_I32; }
static inline ir_ref imm_x(struct tr *t, uint64_t v) { return ir_const(t->r, IR_I64, v); }
static inline ir_ref imm_w(struct tr *t, uint32_t v) { return ir_const(t->r, IR_I32, v); }
/* sf: of 64 bits, else of 32. */
static inline ir_ref imm_r(struct tr *t, bool sf, uint64_t v)
{
    return ir_const(t->r, type_of(sf), sf ? v : (uint32_t)v);
}

/* ------------------------------------------------------- general registers */

static inline ir_ref get_x(struct tr *t, unsigned n)
{
    return n == 31 ? imm_x(t, 0) : ir_get(t->r, A64_X(n));
}
static inline ir_ref get_w(struct tr *t, unsigned n)
{
    return n == 31 ? imm_w(t, 0) : ir1(t->r, IR_trunc, IR_I32, ir_get(t->r, A64_X(n)));
}
static inline ir_ref get_r(struct tr *t, bool sf, unsigned n)
{
    return sf ? get_x(t, n) : get_w(t, n);
}
static inline void set_x(struct tr *t, unsigned n, ir_ref v)
{
    if (n != 31)
        ir_set(t->r, A64_X(n), v);
}
static inline void set_w(struct tr *t, unsigned n, ir_ref v)
{
    if (n != 31)
        ir_set(t->r, A64_X(n), ir1i(t->r, IR_zext, IR_I64, v, 32));
}
static inline void set_r(struct tr *t, bool sf, unsigned n, ir_ref v)
{
    if (sf)
        set_x(t, n, v);
    else
        set_w(t, n, v);
}

/* 31 is the stack pointer. */
static inline ir_ref get_xsp(struct tr *t, unsigned n)
{
    return ir_get(t->r, n == 31 ? A64_sp : A64_X(n));
}
static inline ir_ref get_rsp(struct tr *t, bool sf, unsigned n)
{
    ir_ref v = get_xsp(t, n);
    return sf ? v : ir1(t->r, IR_trunc, IR_I32, v);
}
static inline void set_xsp(struct tr *t, unsigned n, ir_ref v)
{
    ir_set(t->r, n == 31 ? A64_sp : A64_X(n), v);
}
static inline void set_rsp(struct tr *t, bool sf, unsigned n, ir_ref v)
{
    set_xsp(t, n, sf ? v : ir1i(t->r, IR_zext, IR_I64, v, 32));
}

/* Register rm shifted as in the shifted-register forms: 0 LSL, 1 LSR, 2 ASR, 3 ROR by imm < width. */
static inline ir_ref get_shifted(struct tr *t, bool sf, unsigned rm, unsigned shift, unsigned imm)
{
    static const uint8_t op[4] = { IR_shl, IR_shr, IR_sar, IR_ror };
    ir_ref v = get_r(t, sf, rm);
    return imm ? ir2(t->r, (enum ir_op)op[shift], type_of(sf), v, imm_w(t, imm)) : v;
}

/* Program-counter-relative address, known now. */
static inline ir_ref imm_pc(struct tr *t, int64_t offset)
{
    return imm_x(t, t->pc + (uint64_t)offset);
}

/* ------------------------------------------------------- flags, conditions */

static inline ir_ref get_nzcv(struct tr *t) { return ir_get(t->r, A64_nzcv); }
static inline void set_nzcv(struct tr *t, ir_ref flags) { ir_set(t->r, A64_nzcv, flags); }
/* Flags from NZCV in bits 31:28 of an i32. */
static inline void set_nzcv_bits(struct tr *t, ir_ref bits)
{
    set_nzcv(t, ir1(t->r, IR_flpack, IR_FLG, bits));
}
/* Carry as i32 0 or 1. */
static inline ir_ref get_carry(struct tr *t)
{
    return ir_emit(t->r, IR_cc, IR_I32, get_nzcv(t), 0, 0, 0, IR_HS, 0);
}

/* The IR's condition of an A64 condition number below 14 (AL and NV have none). */
static inline enum ir_cc cond_cc(unsigned cond)
{
    static const uint8_t cc[14] = { IR_EQ, IR_NE, IR_HS, IR_LO, IR_MI, IR_PL, IR_VS,
                                    IR_VC, IR_HI, IR_LS_, IR_GE, IR_LT, IR_GT, IR_LE };
    return (enum ir_cc)cc[cond];
}
/* Does condition 0..15 hold now? i32 0 or 1; AL and NV are the constant 1. */
static inline ir_ref cond_holds(struct tr *t, unsigned cond)
{
    if (cond >= 14)
        return imm_w(t, 1);
    return ir_emit(t->r, IR_cc, IR_I32, get_nzcv(t), 0, 0, 0, cond_cc(cond), 0);
}

/* ------------------------------------------------------------- system mode (sysmode.c) */

static inline bool is_system(const struct tr *t) { return t->code.flags & A64_FLAG_SYSTEM; }
static inline unsigned level_of(const struct tr *t) { return t->code.flags & A64_FLAG_EL; }
bool sys_hint(struct tr *t, unsigned hint);
bool sys_wait_until(struct tr *t, enum a64_event e, unsigned rd);
bool sys_mrs(struct tr *t, unsigned code, unsigned rt);
bool sys_msr(struct tr *t, unsigned code, unsigned rt);
bool sys_pstate(struct tr *t, unsigned op1, unsigned op2, unsigned imm);
bool sys_op(struct tr *t, unsigned code, unsigned rt);
bool sys_before(struct tr *t);
/* Takes an exception or does what e says, and ends the block. */
bool sys_event(struct tr *t, enum a64_event e, unsigned imm);

/* ------------------------------------------------------------------- others */

/* Calls a helper; unused arguments are 0. */
static inline ir_ref call_helper(struct tr *t, enum a64_helper h, ir_ref a, ir_ref b, ir_ref c,
                                 ir_ref d)
{
    return ir_emit(t->r, IR_call, (enum ir_type)t->guest->ir->helpers[h].result, a, b, c, d, 0, h);
}

static inline bool has_feature(const struct tr *t, enum a64_feature f)
{
    return cpu_has(t->model, f);
}

/* Exclusives, atomics and ordered accesses of 1 << size bytes at base + disp want them in one aligned 16
 * bytes, or aligned to their size without FEAT_LSE2 (Arm ARM B2.5.2; SCTLR_EL1.nAA is 0 under Linux). */
static inline void check_aligned(struct tr *t, ir_ref base, int64_t disp, unsigned size)
{
    if (!size)
        return;
    if (disp)
        base = ir2(t->r, IR_add, IR_I64, base, ir_const(t->r, IR_I64, (uint64_t)disp));
    ir_emit(t->r, IR_aligned, IR_VOID, base, 0, 0, 0, has_feature(t, A64_FEAT_LSE2), 1ll << size);
}

/* In system mode, before anything is written: v, which is to become SP / SP, which is the base of an access. */
static inline void check_new_sp(struct tr *t, ir_ref v)
{
    if (t->code.flags & A64_FLAG_SPWRITES)
        ir_emit(t->r, IR_aligned, IR_VOID, v, 0, 0, 0, 0, 16);
}
static inline void check_sp_base(struct tr *t)
{
    if (t->code.flags & A64_FLAG_SPUSES)
        ir_emit(t->r, IR_aligned, IR_VOID, ir_get(t->r, A64_sp), 0, 0, 0, 0, 16);
}
/* The base of an access that writes base + step back to it. */
static inline void check_stepped_sp(struct tr *t, int64_t step)
{
    if (t->code.flags & A64_FLAG_SPWRITES && step & 15)
        check_new_sp(t, ir2(t->r, IR_add, IR_I64, ir_get(t->r, A64_sp), imm_x(t, (uint64_t)step)));
}
/* SCTLR.A: an element of 1 << size bytes at base + (index << scale) + disp. */
static inline void check_strict(struct tr *t, ir_ref base, ir_ref index, unsigned scale, int64_t disp, unsigned size)
{
    if (!(t->code.flags & A64_FLAG_STRICT) || !size)
        return;
    if (index)
        base = ir2(t->r, IR_add, IR_I64, base, scale ? ir2(t->r, IR_shl, IR_I64, index, imm_w(t, scale)) : index);
    if (disp)
        base = ir2(t->r, IR_add, IR_I64, base, imm_x(t, (uint64_t)disp));
    ir_emit(t->r, IR_aligned, IR_VOID, base, 0, 0, 0, 0, 1ll << size);
}

/* Pointer authentication (pauth.c). The address in p is checked against its code under the modifier
 * m and comes back without it, or damaged as the manual says. */
enum a64_pac_key { A64_KEY_IA, A64_KEY_IB, A64_KEY_DA, A64_KEY_DB, A64_KEY_GA };
ir_ref pauth_auth(struct tr *t, enum a64_pac_key key, ir_ref p, ir_ref m);
/* The instructions in hint space; hint = CRm:op2. Returns true. */
bool pauth_hint(struct tr *t, unsigned hint);

/* What MRS of an identification register (op0 = 3, op1 = 0, CRn = 0) gives to a program under Linux.
 * False: undefined. */
bool a64_id_register(const struct cpu_model *m, unsigned crm, unsigned op2, uint64_t *v);

/* Members of guest_aarch64 that cpu.c defines. */
extern const struct cpu_model a64_models[];
void a64_reset(struct cpu *cpu, const struct cpu_model *m);
int a64_parse_cpu(const char *spec, struct cpu_model *out, char *err, size_t errlen);
void a64_print_cpus(FILE *f);

/* The value of a logical immediate in *v. False: the encoding is reserved. */
bool a64_bitmask_imm(bool sf, unsigned n, unsigned imms, unsigned immr, uint64_t *v);

#endif
