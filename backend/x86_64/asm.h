/*
 * x86_64 machine code encoder: one function per form of operands, opcodes as packed constants.
 *
 * An opcode constant holds the opcode byte, its map, its mandatory prefix and W, as the Intel SDM
 * (volume 2, "Instruction Format") names them. The same constant serves the legacy, VEX and EVEX form.
 * Nothing here knows the IR. The code buffer must have room for a whole instruction (16 bytes): the
 * translator checks once per IR operation (cb_room).
 */
#ifndef MYNA_ASM_H
#define MYNA_ASM_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum host_reg { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 };

/* Condition codes as in Jcc, SETcc, CMOVcc. */
enum host_cc { CC_O, CC_NO, CC_B, CC_AE, CC_E, CC_NE, CC_BE, CC_A, CC_S, CC_NS, CC_P, CC_NP, CC_L,
               CC_GE, CC_LE, CC_G };

/* p: where the next byte goes in the writable view; delta: executable address - writable address. */
struct codebuf {
    uint8_t *p, *start, *end;
    intptr_t delta;
};

static inline bool cb_room(const struct codebuf *c, size_t n) { return (size_t)(c->end - c->p) >= n; }
static inline void cb8(struct codebuf *c, unsigned v) { *c->p++ = (uint8_t)v; }
static inline void cb32(struct codebuf *c, uint32_t v) { memcpy(c->p, &v, 4); c->p += 4; }
static inline void cb64(struct codebuf *c, uint64_t v) { memcpy(c->p, &v, 8); c->p += 8; }

/* A memory operand: seg:[base + (index << scale) + disp]. base, index: -1 for none. */
struct mem {
    int8_t base, index;
    uint8_t scale;
    bool gs;
    int32_t disp;
};
static inline struct mem mem_bd(int base, int32_t disp)
{
    return (struct mem){ .base = (int8_t)base, .index = -1, .disp = disp };
}

/* Opcode constants: opcode | map << 8 | prefix << 10 | W << 12 | byte registers << 13. */
enum {
    M0F = 1 << 8, M38 = 2 << 8, M3A = 3 << 8,
    P66 = 1 << 10, PF3 = 2 << 10, PF2 = 3 << 10,
    OPW = 1 << 12,
    OPB = 1 << 13, /* byte operand in reg or rm: needs REX for spl bpl sil dil */
};

/* The bytes of an instruction are stored through a local pointer: through c->p each store would make
 * the compiler read the pointer again. A byte that may be absent is stored always and kept or not. */
static inline uint8_t *asm_prefix(uint8_t *p, unsigned op, bool gs)
{
    static const uint8_t pp[4] = { 0, 0x66, 0xf3, 0xf2 };
    *p = 0x65;
    p += gs;
    *p = pp[op >> 10 & 3];
    return p + ((op >> 10 & 3) != 0);
}
static inline uint8_t *asm_opcode(uint8_t *p, unsigned op)
{
    if (op >> 8 & 3) {
        *p++ = 0x0f;
        *p = (op >> 8 & 3) == 2 ? 0x38 : 0x3a;
        p += (op >> 8 & 3) >= 2;
    }
    *p++ = (uint8_t)op;
    return p;
}
static inline uint8_t *asm_u32(uint8_t *p, uint32_t v)
{
    memcpy(p, &v, 4);
    return p + 4;
}
/* For emitters that put an instruction together themselves. */
static inline void asm_prefixes(struct codebuf *c, unsigned op, bool gs)
{
    c->p = asm_prefix(c->p, op, gs);
}
static inline void asm_map(struct codebuf *c, unsigned op) { c->p = asm_opcode(c->p, op); }

/* Legacy forms (GPR or SSE). w: 64-bit operand size. reg may be a /digit. */
static inline void x_rr(struct codebuf *c, unsigned op, bool w, int reg, int rm)
{
    uint8_t *p = asm_prefix(c->p, op, false);
    unsigned rex = (unsigned)(w || (op & OPW)) << 3 | (unsigned)(reg >> 3) << 2 | (unsigned)(rm >> 3);
    *p = (uint8_t)(0x40 | rex);
    p += rex || ((op & OPB) && (reg >= 4 || rm >= 4));
    p = asm_opcode(p, op);
    *p++ = (uint8_t)(0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
    c->p = p;
}
/* ModRM, SIB and displacement. disp8 is scaled by 1 << shift for EVEX forms (else shift 0). */
static inline uint8_t *asm_operand(uint8_t *p, int reg, struct mem m, unsigned shift)
{
    unsigned r = (unsigned)(reg & 7) << 3;
    if (m.base < 0) { /* [index * scale + disp32] or [disp32] */
        *p++ = (uint8_t)(r | 4);
        *p++ = (uint8_t)((unsigned)m.scale << 6 | (m.index < 0 ? 4u : (unsigned)(m.index & 7)) << 3 | 5);
        return asm_u32(p, (uint32_t)m.disp);
    }
    int32_t d8 = m.disp >> shift;
    bool fits8 = d8 == (int8_t)d8 && (int32_t)((uint32_t)d8 << shift) == m.disp;
    unsigned mod = m.disp == 0 && (m.base & 7) != RBP ? 0 : fits8 ? 1 : 2;
    if (m.index >= 0 || (m.base & 7) == RSP) {
        assert(m.index != RSP);
        *p++ = (uint8_t)(mod << 6 | r | 4);
        *p++ = (uint8_t)((unsigned)m.scale << 6 |
                         (m.index < 0 ? 4u : (unsigned)(m.index & 7)) << 3 | (unsigned)(m.base & 7));
    } else {
        *p++ = (uint8_t)(mod << 6 | r | (unsigned)(m.base & 7));
    }
    if (mod == 2)
        return asm_u32(p, (uint32_t)m.disp);
    *p = (uint8_t)d8;
    return p + mod;
}
static inline void asm_mem(struct codebuf *c, int reg, struct mem m, unsigned shift)
{
    c->p = asm_operand(c->p, reg, m, shift);
}
static inline void x_rm(struct codebuf *c, unsigned op, bool w, int reg, struct mem m)
{
    uint8_t *p = asm_prefix(c->p, op, m.gs);
    unsigned rex = (unsigned)(w || (op & OPW)) << 3 | (unsigned)(reg >> 3) << 2 |
                   (m.index >= 0 ? (unsigned)(m.index >> 3) : 0u) << 1 |
                   (m.base >= 0 ? (unsigned)(m.base >> 3) : 0u);
    *p = (uint8_t)(0x40 | rex);
    p += rex || ((op & OPB) && reg >= 4);
    c->p = asm_operand(asm_opcode(p, op), reg, m, 0);
}

/* VEX, 128 bits (l = 0) or 256 (l = 1). For two-operand forms v = 0. */
static inline void asm_vex(struct codebuf *c, unsigned op, bool w, int l, int reg, int v, int x, int b)
{
    uint8_t *p = c->p;
    unsigned pp = op >> 10 & 3, map = op >> 8 & 3;
    w = w || (op & OPW);
    if (!w && map == 1 && !(x >> 3 & 1) && !(b >> 3 & 1)) {
        *p++ = 0xc5;
        *p++ = (uint8_t)((unsigned)(~reg >> 3 & 1) << 7 | (unsigned)(~v & 15) << 3 | (unsigned)l << 2 | pp);
    } else {
        *p++ = 0xc4;
        *p++ = (uint8_t)((unsigned)(~reg >> 3 & 1) << 7 | (unsigned)(~x >> 3 & 1) << 6 |
                         (unsigned)(~b >> 3 & 1) << 5 | map);
        *p++ = (uint8_t)((unsigned)w << 7 | (unsigned)(~v & 15) << 3 | (unsigned)l << 2 | pp);
    }
    *p++ = (uint8_t)op;
    c->p = p;
}
/* evex.c: the same with a vector register above 15 among the operands; scale of a one-byte displacement, log2. */
void evex_rrr(struct codebuf *c, unsigned op, bool w, int reg, int v, int rm);
void evex_rrm(struct codebuf *c, unsigned op, bool w, int reg, int v, struct mem m);
unsigned evex_scale(unsigned op, bool w);

static inline void v_rrr(struct codebuf *c, unsigned op, bool w, int reg, int v, int rm)
{
    if (__builtin_expect((reg | v | rm) & 16, 0)) {
        evex_rrr(c, op, w, reg, v, rm);
        return;
    }
    asm_vex(c, op, w, 0, reg, v, 0, rm);
    cb8(c, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}
static inline void v_rrm(struct codebuf *c, unsigned op, bool w, int reg, int v, struct mem m)
{
    if (__builtin_expect((reg | v) & 16, 0)) {
        evex_rrm(c, op, w, reg, v, m);
        return;
    }
    if (m.gs)
        cb8(c, 0x65);
    asm_vex(c, op, w, 0, reg, v, m.index < 0 ? 0 : m.index, m.base < 0 ? 0 : m.base);
    asm_mem(c, reg, m, 0);
}

/* EVEX.128 (AVX-512VL); registers 0..31. mask: 0, or number of the k register whose zero bits clear lanes. */
static inline void e_rrrk(struct codebuf *c, unsigned op, bool w, int reg, int v, int rm, unsigned mask)
{
    cb8(c, 0x62);
    cb8(c, (unsigned)(~reg >> 3 & 1) << 7 | (unsigned)(~rm >> 4 & 1) << 6 |
               (unsigned)(~rm >> 3 & 1) << 5 | (unsigned)(~reg >> 4 & 1) << 4 | (op >> 8 & 3));
    cb8(c, (unsigned)(w || (op & OPW)) << 7 | (unsigned)(~v & 15) << 3 | 4 | (op >> 10 & 3));
    cb8(c, (mask ? 0x80u : 0u) | (unsigned)(~v >> 4 & 1) << 3 | mask);
    cb8(c, op);
    cb8(c, 0xc0 | (unsigned)(reg & 7) << 3 | (unsigned)(rm & 7));
}
static inline void e_rrr(struct codebuf *c, unsigned op, bool w, int reg, int v, int rm)
{
    e_rrrk(c, op, w, reg, v, rm, 0);
}

/* GPR opcodes */
enum {
    OP_MOV_R_RM = 0x8b, OP_MOV_RM_R = 0x89, OP_MOV_RM_R8 = 0x88 | OPB, OP_MOV_RM_R16 = 0x89 | P66,
    OP_LEA = 0x8d, OP_TEST = 0x85, OP_TEST8 = 0x84 | OPB, OP_XCHG = 0x87, OP_XCHG8 = 0x86 | OPB,
    OP_XCHG16 = 0x87 | P66,
    OP_MOVZX8 = 0xb6 | M0F | OPB, OP_MOVZX16 = 0xb7 | M0F, OP_MOVSX8 = 0xbe | M0F | OPB,
    OP_MOVSX16 = 0xbf | M0F, OP_MOVSXD = 0x63,
    OP_IMUL = 0xaf | M0F, OP_IMUL_I = 0x69, OP_IMUL_I8 = 0x6b,
    OP_CMOV = 0x40 | M0F, OP_SETCC = 0x90 | M0F | OPB,
    OP_BSF = 0xbc | M0F, OP_BSR = 0xbd | M0F, OP_TZCNT = 0xbc | M0F | PF3, OP_LZCNT = 0xbd | M0F | PF3,
    OP_POPCNT = 0xb8 | M0F | PF3, OP_CRC32_8 = 0xf0 | M38 | PF2 | OPB, OP_CRC32 = 0xf1 | M38 | PF2,
    OP_SHLD_I = 0xa4 | M0F, OP_SHRD_I = 0xac | M0F, OP_BT = 0xa3 | M0F,
    OP_CMPXCHG = 0xb1 | M0F, OP_CMPXCHG8 = 0xb0 | M0F | OPB, OP_CMPXCHG16 = 0xb1 | M0F | P66,
    OP_XADD = 0xc1 | M0F, OP_XADD8 = 0xc0 | M0F | OPB, OP_XADD16 = 0xc1 | M0F | P66,
    OP_ANDN = 0xf2 | M38, OP_BEXTR = 0xf7 | M38, OP_SHLX = 0xf7 | M38 | P66, OP_SARX = 0xf7 | M38 | PF3,
    OP_SHRX = 0xf7 | M38 | PF2, OP_RORX = 0xf0 | M3A | PF2, OP_MULX = 0xf6 | M38 | PF2,
};
/* The eight classic operations: opcode base (r, rm = base + 3; rm, r = base + 1), /digit of 81 and 83. */
enum alu { ALU_ADD, ALU_OR, ALU_ADC, ALU_SBB, ALU_AND, ALU_SUB, ALU_XOR, ALU_CMP };
enum shift { SH_ROL, SH_ROR, SH_RCL, SH_RCR, SH_SHL, SH_SHR, SH_SAR = 7 };

static inline void alu_rr(struct codebuf *c, enum alu a, bool w, int dst, int src)
{
    x_rr(c, (unsigned)a * 8 + 3, w, dst, src);
}
static inline void alu_rm(struct codebuf *c, enum alu a, bool w, int dst, struct mem m)
{
    x_rm(c, (unsigned)a * 8 + 3, w, dst, m);
}
static inline void alu_mr(struct codebuf *c, enum alu a, bool w, struct mem m, int src)
{
    x_rm(c, (unsigned)a * 8 + 1, w, src, m);
}
static inline void alu_ri(struct codebuf *c, enum alu a, bool w, int dst, int32_t imm)
{
    if (imm == (int8_t)imm) {
        x_rr(c, 0x83, w, (int)a, dst);
        cb8(c, (unsigned)imm);
    } else {
        x_rr(c, 0x81, w, (int)a, dst);
        cb32(c, (uint32_t)imm);
    }
}
static inline void alu_mi(struct codebuf *c, enum alu a, bool w, struct mem m, int32_t imm)
{
    if (imm == (int8_t)imm) {
        x_rm(c, 0x83, w, (int)a, m);
        cb8(c, (unsigned)imm);
    } else {
        x_rm(c, 0x81, w, (int)a, m);
        cb32(c, (uint32_t)imm);
    }
}
static inline void shift_ri(struct codebuf *c, enum shift s, bool w, int dst, unsigned n)
{
    if (n == 1) {
        x_rr(c, 0xd1, w, (int)s, dst);
    } else {
        x_rr(c, 0xc1, w, (int)s, dst);
        cb8(c, n);
    }
}
static inline void shift_rcl(struct codebuf *c, enum shift s, bool w, int dst)
{
    x_rr(c, 0xd3, w, (int)s, dst);
}
/* Loads a constant without touching the flags. */
static inline void mov_ri(struct codebuf *c, int dst, uint64_t v)
{
    if (v == (uint32_t)v) {
        if (dst >= 8)
            cb8(c, 0x41);
        cb8(c, 0xb8 | (dst & 7));
        cb32(c, (uint32_t)v);
    } else if ((int64_t)v == (int32_t)v) {
        x_rr(c, 0xc7, true, 0, dst);
        cb32(c, (uint32_t)v);
    } else {
        cb8(c, 0x48 | dst >> 3);
        cb8(c, 0xb8 | (dst & 7));
        cb64(c, v);
    }
}
static inline void mov_rr(struct codebuf *c, bool w, int dst, int src)
{
    x_rr(c, OP_MOV_R_RM, w, dst, src);
}
static inline void mov_mi32(struct codebuf *c, bool w, struct mem m, int32_t imm)
{
    x_rm(c, 0xc7, w, 0, m);
    cb32(c, (uint32_t)imm);
}

/* SSE opcodes: the VEX form takes the first source in v (OP2) or none (OP1). The comment column of the
 * SDM is the name. */
enum {
    OP_MOVAPS = 0x28 | M0F, OP_MOVUPS_L = 0x10 | M0F, OP_MOVUPS_S = 0x11 | M0F,
    OP_MOVDQA = 0x6f | M0F | P66, OP_MOVDQU_L = 0x6f | M0F | PF3, OP_MOVDQU_S = 0x7f | M0F | PF3,
    OP_MOVQ_L = 0x7e | M0F | PF3,  /* xmm <- xmm/m64, upper cleared */
    OP_MOVQ_S = 0xd6 | M0F | P66,  /* xmm/m64 <- xmm */
    OP_MOVSS_L = 0x10 | M0F | PF3, OP_MOVSS_S = 0x11 | M0F | PF3,
    OP_MOVSD_L = 0x10 | M0F | PF2, OP_MOVSD_S = 0x11 | M0F | PF2,
    OP_MOVD_X_R = 0x6e | M0F | P66, /* with w: movq */
    OP_MOVD_R_X = 0x7e | M0F | P66,
};

#endif
