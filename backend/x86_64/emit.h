/*
 * The x86_64 code generator's shared state and the register allocator's interface.
 *
 * One forward pass over the region emits code; a backward pre-scan (scan.c) has found for each value
 * its last use and the home it is on its way to. A value is in a host register, in memory (a guest
 * slot or a spill slot, relative to rbp), or both; constants are materialised where used. Pinned
 * guest registers are host registers, so `get` costs nothing and `set` of a value computed into its
 * home costs nothing (destination-driven selection).
 *
 * Rules for an emitter of an operation: take operands (ra_use*), then the result (ra_def*), then emit.
 * Registers taken are locked until the operation ends. A result register may be the register of an
 * operand that dies here; ra_def's contract says when. Host flags that hold a live value are saved by
 * flags_clobber(), to be called before the first instruction that changes EFLAGS.
 */
#ifndef MYNA_EMIT_H
#define MYNA_EMIT_H

#include "asm.h"
#include "ir.h"

/* Host registers with a fixed role. */
enum { STATE = RBP /* &cpu + 128 */, STATE_BIAS = 128 };
/* Offset of a struct cpu field from rbp. */
#define CPU_DISP(field) ((int32_t)offsetof(struct cpu, field) - STATE_BIAS)

/* What the host can do; by CPUID, reducible for tests. Baseline: x86-64-v2. */
struct host_features {
    bool avx, avx2, bmi1, bmi2, lzcnt, fma, f16c, aes, pclmul, sha, gfni, avx512vl, vbmi, vnni, vaes, vpclmul;
};

struct emit;

/* --- general registers ---
 * v: any i32 or i64 value or constant. An i32 value's upper 32 bits in its register are unspecified. */
int ra_use(struct emit *e, ir_ref v);                /* in some register, read only */
int ra_use_in(struct emit *e, ir_ref v, int reg);    /* copied or moved into scratch reg; may be overwritten */
int ra_copy(struct emit *e, ir_ref v);               /* in a scratch register that may be overwritten */
int ra_temp(struct emit *e);                         /* a free scratch register */
/* Result register of instruction i: its home if that is possible, else scratch. It may be the register
 * of an operand that dies here. ra_def_clear: never a register locked by this operation's operands. */
int ra_def(struct emit *e, uint32_t i);
int ra_def_clear(struct emit *e, uint32_t i);
/* Result register already holding a copy of operand a (a `mov` was emitted if needed); never the
 * register of b (pass IR_NONE if there is no other operand to keep). */
int ra_def_copy(struct emit *e, uint32_t i, ir_ref a, ir_ref b);

/* --- vector registers: the same for f16 f32 f64 v128 values --- */
int rx_use(struct emit *e, ir_ref v);
int rx_use_in(struct emit *e, ir_ref v, int reg);    /* in scratch reg, read only */
int rx_copy(struct emit *e, ir_ref v);
int rx_temp(struct emit *e);
int rx_def(struct emit *e, uint32_t i);
int rx_def_clear(struct emit *e, uint32_t i);
int rx_def_copy(struct emit *e, uint32_t i, ir_ref a, ir_ref b);

/* Memory operand of v if it is in memory only (then it is usable as a source operand), else false.
 * 16-byte operands are 16-byte aligned. */
bool ra_in_mem(struct emit *e, ir_ref v, struct mem *m);
/* 16-byte constant in the constant pool: rip-relative in the code cache, aligned. Emits
 * `op reg, v, [rip + constant]` in VEX form if the host has AVX, else legacy (v must be reg). */
void emit_const_op(struct emit *e, unsigned op, int reg, int v, uint64_t lo, uint64_t hi);

/* Before an instruction that changes EFLAGS. */
void flags_clobber(struct emit *e);
/* true if EFLAGS hold a value that is needed later (choose forms that keep them). */
bool flags_busy(const struct emit *e);
/* EFLAGS now hold the value of FLG instruction i. carry: CF is C itself (additions); else CF = not C. */
void flags_hold(struct emit *e, uint32_t i, bool carry);

struct codebuf *emit_cb(struct emit *e);
const struct host_features *emit_hf(const struct emit *e);
const struct ir_inst *emit_inst(const struct emit *e, uint32_t i);
/* The constant v (ir_is_const). */
const struct ir_const *emit_const(const struct emit *e, ir_ref v);

/* Three-operand SSE/AVX: dst = a op b. Uses VEX with AVX, else movaps + legacy form (dst must not be b
 * then, unless it is a too). w: VEX.W. */
void emit_x3(struct emit *e, unsigned op, int dst, int a, int b);
void emit_x2(struct emit *e, unsigned op, int dst, int src);           /* dst = op src */
void emit_x3i(struct emit *e, unsigned op, int dst, int a, int b, unsigned imm); /* with imm8 */
void emit_x2i(struct emit *e, unsigned op, int dst, int src, unsigned imm);

/* A cold piece of code, emitted after the region's hot code: jumps from here (condition cc, or always
 * with cc = -1) to code that fn emits, which jumps back to the instruction after. fn gets i and
 * must leave all registers as they are but those it was told to change. */
void emit_cold(struct emit *e, int cc, void (*fn)(struct emit *e, uint32_t i, const int *regs),
               uint32_t i, const int *regs /* 6, copied */);
/* For cold code: calls a C function with the given class of clobbers: fn(struct cpu *, void *arg block).
 * All host registers are kept; arguments are exchanged through cpu->scratch. */
void emit_cold_call(struct emit *e, void (*fn)(struct cpu *));

/* Operation emitters by chapter. Each handles the ops it knows and returns false for others. */
bool emit_int_op(struct emit *e, uint32_t i);
bool emit_mem_op(struct emit *e, uint32_t i);
bool emit_flow_op(struct emit *e, uint32_t i);
bool emit_fp_op(struct emit *e, uint32_t i);
bool emit_vec_op(struct emit *e, uint32_t i);
bool emit_crypto_op(struct emit *e, uint32_t i);

#endif
