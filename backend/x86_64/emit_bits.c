/*
 * Shifts, bit fields, counts and reversals.
 */
#include "emit_vec.h"

void emit_shift(struct emit *e, uint32_t i, enum shift op)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    struct mem m;
    if (ir_is_const(b)) {
        unsigned n = (unsigned)ir_const_value(e->r, b) & (w ? 63 : 31);
        if (op == SH_ROR && e->hf->bmi2) {
            if (ra_in_mem(e, a, &m)) {
                int d = ra_def(e, i);
                asm_vex(&e->cb, OP_RORX, w, 0, d, 0, 0, m.base);
                asm_mem(&e->cb, d, m, 0);
            } else {
                int x = ra_use(e, a);
                v_rrr(&e->cb, OP_RORX, w, ra_def(e, i), 0, x);
            }
            cb8(&e->cb, n);
            return;
        }
        if (op == SH_SHL && n <= 3 && n && !ra_in_mem(e, a, &m)) {
            int x = ra_use(e, a), d = ra_def(e, i);
            if (d == x && !flags_busy(e)) {
                flags_clobber(e);
                shift_ri(&e->cb, op, w, d, n);
                return;
            }
            if (n == 1) {
                struct mem s = { .base = (int8_t)x, .index = (int8_t)x };
                x_rm(&e->cb, OP_LEA, w, d, s);
                return;
            }
            struct mem s = { .base = -1, .index = (int8_t)x, .scale = (uint8_t)n };
            x_rm(&e->cb, OP_LEA, w, d, s);
            return;
        }
        if (!flags_busy(e) || !e->hf->bmi2) {
            flags_clobber(e);
            int d = ra_def_copy(e, i, a, IR_NONE);
            if (n)
                shift_ri(&e->cb, op, w, d, n);
            else if (!w) /* a zext shares the register */
                mov_rr(&e->cb, false, d, d);
            return;
        }
    }
    if (e->hf->bmi2 && op != SH_ROR) {
        int c = ra_use(e, b);
        unsigned o = op == SH_SHL ? OP_SHLX : op == SH_SHR ? OP_SHRX : OP_SARX;
        if (ra_in_mem(e, a, &m)) {
            int d = ra_def(e, i);
            v_rrm(&e->cb, o, w, d, c, m);
        } else {
            int x = ra_use(e, a);
            v_rrr(&e->cb, o, w, ra_def(e, i), c, x);
        }
        return;
    }
    flags_clobber(e);
    ra_use_in(e, b, RCX);
    /* the result in scratch: rcx may be anything's register */
    int d;
    if (!ir_is_const(a) && vi(e, a)->reg >= 0) {
        int x = ra_use(e, a);
        d = ra_def_scratch(e, i);
        mov_rr(&e->cb, true, d, x);
    } else {
        d = ra_copy(e, a);
        ra_bind(e, i, d);
    }
    shift_rcl(&e->cb, op, w, d);
}

void emit_field(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0];
    bool w = p->type == IR_I64;
    unsigned lsb = p->imm & 0xff, width = p->imm >> 8 & 0xff, bits = w ? 64 : 32;
    bool sign = p->op == IR_sbfx;
    struct mem m;
    if (lsb % 8 == 0 && (width == 8 || width == 16) && ra_in_mem(e, a, &m)) {
        m.disp += (int)lsb / 8;
        unsigned o = width == 8 ? (sign ? OP_MOVSX8 : OP_MOVZX8) : (sign ? OP_MOVSX16 : OP_MOVZX16);
        x_rm(&e->cb, o, w && sign, ra_def(e, i), m);
        return;
    }
    if (lsb == 0 && (width == 8 || width == 16 || (width == 32 && w))) {
        int x = ra_use(e, a), d = ra_def(e, i);
        if (width == 32) {
            if (sign)
                x_rr(&e->cb, OP_MOVSXD, true, d, x);
            else
                mov_rr(&e->cb, false, d, x);
        } else {
            x_rr(&e->cb, width == 8 ? (sign ? OP_MOVSX8 : OP_MOVZX8) : (sign ? OP_MOVSX16 : OP_MOVZX16),
                 w && sign, d, x);
        }
        return;
    }
    flags_clobber(e);
    if (!sign && lsb + width < bits && width <= 31) {
        if (lsb == 0) {
            int d = ra_def_copy(e, i, a, IR_NONE);
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)((1u << width) - 1));
            return;
        }
        int d;
        if (e->hf->bmi2 && !ir_is_const(a) && vi(e, a)->reg >= 0 && !dies(e, a)) {
            int x = ra_use(e, a);
            d = ra_def(e, i);
            v_rrr(&e->cb, OP_RORX, w, d, 0, x);
            cb8(&e->cb, lsb);
        } else {
            d = ra_def_copy(e, i, a, IR_NONE);
            shift_ri(&e->cb, SH_SHR, w, d, lsb);
        }
        if (width == 8)
            x_rr(&e->cb, OP_MOVZX8, false, d, d);
        else if (width == 16)
            x_rr(&e->cb, OP_MOVZX16, false, d, d);
        else
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)((1u << width) - 1));
        return;
    }
    int d = ra_def_copy(e, i, a, IR_NONE);
    if (lsb + width < bits)
        shift_ri(&e->cb, SH_SHL, w, d, bits - lsb - width);
    if (width < bits)
        shift_ri(&e->cb, sign ? SH_SAR : SH_SHR, w, d, bits - width);
}

void emit_bfi(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    ir_ref a = p->arg[0], b = p->arg[1];
    bool w = p->type == IR_I64;
    unsigned lsb = p->imm & 0xff, width = p->imm >> 8 & 0xff, bits = w ? 64 : 32;
    uint64_t mask = (width == 64 ? ~0ull : (1ull << width) - 1) << lsb;
    flags_clobber(e);
    int t = -1;
    uint64_t cb = 0;
    if (ir_is_const(b)) {
        cb = ir_const_value(e->r, b) << lsb & mask;
    } else { /* the field in place, alone */
        t = ra_copy(e, b);
        if (lsb + width == bits) {
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width == 8 || width == 16) {
            x_rr(&e->cb, width == 8 ? OP_MOVZX8 : OP_MOVZX16, false, t, t);
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width < 32) {
            alu_ri(&e->cb, ALU_AND, false, t, (int32_t)((1u << width) - 1));
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else if (width == 32) {
            mov_rr(&e->cb, false, t, t);
            if (lsb)
                shift_ri(&e->cb, SH_SHL, w, t, lsb);
        } else {
            shift_ri(&e->cb, SH_SHL, w, t, bits - width);
            if (bits - width > lsb)
                shift_ri(&e->cb, SH_SHR, w, t, bits - width - lsb);
        }
    }
    int d = ra_def_copy(e, i, a, IR_NONE); /* b has been read */
    uint64_t keep = w ? ~mask : (uint32_t)~mask;
    if (w && keep == (uint32_t)keep) {
        if (keep == 0xffffffff)
            mov_rr(&e->cb, false, d, d);
        else
            alu_ri(&e->cb, ALU_AND, false, d, (int32_t)keep);
    } else if (!w || (int64_t)keep == (int32_t)keep) {
        alu_ri(&e->cb, ALU_AND, w, d, (int32_t)keep);
    } else if (lsb == 0) { /* clear the low bits */
        shift_ri(&e->cb, SH_SHR, true, d, width);
        shift_ri(&e->cb, SH_SHL, true, d, width);
    } else {
        int u = ra_temp(e);
        mov_ri(&e->cb, u, keep);
        alu_rr(&e->cb, ALU_AND, true, d, u);
    }
    if (t >= 0) {
        alu_rr(&e->cb, ALU_OR, w, d, t);
    } else if (cb) {
        if (!w || (int64_t)cb == (int32_t)cb) {
            alu_ri(&e->cb, ALU_OR, w, d, (int32_t)cb);
        } else {
            int u = ra_temp(e);
            mov_ri(&e->cb, u, cb);
            alu_rr(&e->cb, ALU_OR, true, d, u);
        }
    }
}

void emit_count(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    bool w = p->type == IR_I64, clz = p->op == IR_clz;
    flags_clobber(e);
    int x = ra_use(e, p->arg[0]);
    if (clz ? e->hf->lzcnt : e->hf->bmi1) {
        x_rr(&e->cb, clz ? OP_LZCNT : OP_TZCNT, w, ra_def(e, i), x);
        return;
    }
    int d = ra_def_clear(e, i), t = ra_temp(e);
    if (clz) {
        mov_ri(&e->cb, t, w ? 127 : 63);
        x_rr(&e->cb, OP_BSR, w, d, x);
        x_rr(&e->cb, OP_CMOV | CC_E, false, d, t);
        alu_ri(&e->cb, ALU_XOR, false, d, w ? 63 : 31);
    } else {
        mov_ri(&e->cb, t, w ? 64 : 32);
        x_rr(&e->cb, OP_BSF, w, d, x);
        x_rr(&e->cb, OP_CMOV | CC_E, false, d, t);
    }
}

void emit_bswap(struct emit *e, bool w, int d)
{
    unsigned rex = (unsigned)w << 3 | (unsigned)d >> 3;
    if (rex)
        cb8(&e->cb, 0x40 | rex);
    cb8(&e->cb, 0x0f);
    cb8(&e->cb, 0xc8 | (unsigned)(d & 7));
}

void emit_rbit(struct emit *e, uint32_t i)
{
    static const uint64_t mask[3] = { 0x5555555555555555, 0x3333333333333333, 0x0f0f0f0f0f0f0f0f };
    const struct ir_inst *p = inst(e, i);
    bool w = p->type == IR_I64;
    if (e->hf->gfni && e->hf->avx) { /* bits of bytes as a product of matrices; then the bytes */
        int a = ra_use(e, p->arg[0]), x = rx_temp(e), to = ra_def(e, i);
        v_rrr(&e->cb, OP_MOVD_X_R, w, x, 0, a);
        emit_const_op(e, GF2P8AFFINEQB | OPW, x, x, 0x8040201008040201, 0x8040201008040201);
        emit_const_imm(e, 0);
        v_rrr(&e->cb, OP_MOVD_R_X, w, x, 0, to);
        emit_bswap(e, w, to);
        return;
    }
    flags_clobber(e);
    int d = ra_copy(e, p->arg[0]), t = ra_temp(e), k = ra_temp(e);
    ra_bind(e, i, d);
    emit_bswap(e, w, d);
    for (int s = 0; s < 3; s++) {
        mov_ri(&e->cb, k, w ? mask[s] : (uint32_t)mask[s]);
        mov_rr(&e->cb, w, t, d);
        shift_ri(&e->cb, SH_SHR, w, t, 1u << s);
        alu_rr(&e->cb, ALU_AND, w, t, k);
        alu_rr(&e->cb, ALU_AND, w, d, k);
        shift_ri(&e->cb, SH_SHL, w, d, 1u << s);
        alu_rr(&e->cb, ALU_OR, w, d, t);
    }
}
