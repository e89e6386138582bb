/*
 * Entry of the code generator (host_xlate), host features, and the small services that emit.h promises to
 * the emitters of vector and floating point operations.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "emit_priv.h"
#include "hostcpu.h"

struct codebuf *emit_cb(struct emit *e) { return &e->cb; }
const struct host_features *emit_hf(const struct emit *e) { return e->hf; }
const struct ir_inst *emit_inst(const struct emit *e, uint32_t i) { return &e->r->insts[i]; }

const struct ir_const *emit_const(const struct emit *e, ir_ref v)
{
    return &e->r->consts[v & ~IR_CONST_BIT];
}

/* -------------------------------------------------------------- host features */

static struct host_features detect(void)
{
    struct host_features f = { 0 };
    unsigned r[4], b, c, xcr0 = 0;
    if (!host_cpuid(1, r))
        return f;
    c = r[2];
    bool osxsave = c >> 27 & 1;
    if (osxsave) {
        unsigned hi;
        __asm__("xgetbv" : "=a"(xcr0), "=d"(hi) : "c"(0));
    }
    bool ymm = (xcr0 & 6) == 6, zmm = (xcr0 & 0xe6) == 0xe6;
    f.aes = c >> 25 & 1;
    f.pclmul = c >> 1 & 1;
    f.avx = ymm && (c >> 28 & 1);
    f.fma = f.avx && (c >> 12 & 1);
    f.f16c = f.avx && (c >> 29 & 1);
    if (host_cpuid(7, r)) {
        b = r[1];
        c = r[2];
        f.bmi1 = b >> 3 & 1;
        f.bmi2 = b >> 8 & 1;
        f.avx2 = f.avx && (b >> 5 & 1);
        f.sha = b >> 29 & 1;
        f.gfni = c >> 8 & 1;
        bool avx512 = zmm && (b >> 16 & 1) && (b >> 17 & 1) && (b >> 28 & 1) && (b >> 30 & 1); /* F DQ CD BW */
        f.avx512vl = avx512 && (b >> 31 & 1);
        f.vbmi = f.avx512vl && (c >> 1 & 1);
        f.vnni = f.avx512vl && (c >> 11 & 1);
        f.vaes = f.avx512vl && (c >> 9 & 1);
        f.vpclmul = f.avx512vl && (c >> 10 & 1);
    }
    if (host_cpuid(0x80000001, r))
        f.lzcnt = r[2] >> 5 & 1;
    return f;
}

static const struct { const char *name; size_t off; } names[] = {
#define F(n) { #n, offsetof(struct host_features, n) }
    F(avx), F(avx2), F(bmi1), F(bmi2), F(lzcnt), F(fma), F(f16c), F(aes), F(pclmul), F(sha), F(gfni),
    F(avx512vl), F(vbmi), F(vnni), F(vaes), F(vpclmul),
#undef F
};

const char *host_feature_name(unsigned i, bool *has)
{
    struct host_features f = detect();

    if (i >= sizeof names / sizeof *names)
        return NULL;
    *has = *(bool *)((char *)&f + names[i].off);
    return names[i].name;
}

const struct host_features *host_features_get(const char *list, char *err, size_t errlen)
{
    static struct host_features f; /* the same for the whole process */
    f = detect();
    const char *s = list;
    while (s && *s) {
        size_t n = strcspn(s, ",");
        bool found = false;
        for (size_t k = 0; k < sizeof names / sizeof *names && *s == '-'; k++)
            if (strlen(names[k].name) == n - 1 && !memcmp(names[k].name, s + 1, n - 1)) {
                *(bool *)((char *)&f + names[k].off) = false;
                found = true;
            }
        if (!found) {
            snprintf(err, errlen, "unknown host feature '%.*s' (use -NAME)", (int)n, s);
            return NULL;
        }
        s += n + (s[n] == ',');
    }
    if (!f.avx)
        f.avx2 = f.fma = f.f16c = f.avx512vl = false;
    if (!f.avx512vl)
        f.vbmi = f.vnni = f.vaes = f.vpclmul = false;
    return &f;
}

uint64_t host_features_bits(const struct host_features *f)
{
    const bool *b = (const bool *)f;
    uint64_t bits = 0;
    static_assert(sizeof *f <= 64, "one bit each");
    for (size_t k = 0; k < sizeof *f; k++)
        bits |= (uint64_t)b[k] << k;
    return bits;
}

/* ------------------------------------------------------------- vector services */

void emit_x3(struct emit *e, unsigned op, int dst, int a, int b)
{
    if (e->hf->avx) {
        v_rrr(&e->cb, op, false, dst, a, b);
        return;
    }
    if (dst != a) {
        assert(dst != b || a == b);
        x_rr(&e->cb, OP_MOVAPS, false, dst, a);
    }
    x_rr(&e->cb, op, false, dst, b);
}

void emit_x2(struct emit *e, unsigned op, int dst, int src)
{
    if (op == OP_MOVAPS && dst == src)
        return;
    if (e->hf->avx)
        v_rrr(&e->cb, op, false, dst, 0, src);
    else
        x_rr(&e->cb, op, false, dst, src);
}

void emit_x3i(struct emit *e, unsigned op, int dst, int a, int b, unsigned imm)
{
    if (((dst | a | b) & 16) && (op & 0x3ff) == (0xc2 | M0F)) {
        evex_compare(&e->cb, op, dst, a, b, imm);
        return;
    }
    emit_x3(e, op, dst, a, b);
    cb8(&e->cb, imm);
}

void emit_x2i(struct emit *e, unsigned op, int dst, int src, unsigned imm)
{
    emit_x2(e, op, dst, src);
    cb8(&e->cb, imm);
}

/* A rip-relative operand: mod 0, rm 5. */
void emit_rip_operand(struct emit *e, int reg, uint64_t lo, uint64_t hi)
{
    cb8(&e->cb, (unsigned)(reg & 7) << 3 | 5);
    if (e->npool == sizeof e->pool / sizeof *e->pool) {
        e->failed = true;
        cb32(&e->cb, 0);
        return;
    }
    e->pool[e->npool].at = e->cb.p;
    e->pool[e->npool].behind = 0;
    e->pool[e->npool].lo = lo;
    e->pool[e->npool++].hi = hi;
    cb32(&e->cb, 0);
}

void emit_const_imm(struct emit *e, unsigned imm)
{
    if (e->npool)
        e->pool[e->npool - 1].behind = 1;
    cb8(&e->cb, imm);
}

void emit_const_op(struct emit *e, unsigned op, int reg, int v, uint64_t lo, uint64_t hi)
{
    if ((reg | v) & 16) {
        evex_const(e, op, reg, v, lo, hi);
        return;
    }
    if (e->hf->avx) {
        asm_vex(&e->cb, op, false, 0, reg, v, 0, 0);
    } else {
        asm_prefixes(&e->cb, op, false);
        if (reg >= 8 || (op & OPW))
            cb8(&e->cb, 0x40 | (unsigned)(reg >> 3) << 2 | (op & OPW ? 8u : 0u));
        asm_map(&e->cb, op);
    }
    emit_rip_operand(e, reg, lo, hi);
}

void emit_cold(struct emit *e, int cc, void (*fn)(struct emit *, uint32_t, const int *), uint32_t i,
               const int *regs)
{
    if (e->ncolds == sizeof e->colds / sizeof *e->colds) {
        e->failed = true;
        return;
    }
    struct cold *c = &e->colds[e->ncolds++];
    if (cc < 0) {
        cb8(&e->cb, 0xe9);
    } else {
        cb8(&e->cb, 0x0f);
        cb8(&e->cb, 0x80 | (unsigned)cc);
    }
    c->jump = e->cb.p;
    cb32(&e->cb, 0);
    c->back = e->cb.p;
    c->fn = fn;
    c->i = i;
    c->guest_pc = e->guest_pc;
    memcpy(c->regs, regs, sizeof c->regs);
}

void emit_cold_call(struct emit *e, void (*fn)(struct cpu *))
{
    /* push the function, call the stub: it keeps every register and drops the push */
    struct xlate_out *o = e->out;
    x_rm(&e->cb, OP_MOV_RM_R, true, RAX, mem_bd(STATE, CPU_DISP(leave_arg)));
    cb8(&e->cb, 0x48);
    cb8(&e->cb, 0xb8);
    if (o->nrelocs == o->cap_relocs)
        o->overflow = true;
    else
        o->relocs[o->nrelocs++] = (struct reloc){ (uint32_t)(e->cb.p - e->cb.start), RELOC_FN,
                                                  (intptr_t)fn - (intptr_t)host_xlate };
    cb64(&e->cb, (uint64_t)(uintptr_t)fn);
    emit_call_stub(e, STUB_COLD_CALL); /* restores rax from leave_arg too */
}

/* ------------------------------------------------------------------------ entry */

static _Thread_local struct emit *the_emit; /* scratch memory of this thread's translator */

static bool room_for(struct emit *e, const struct ir_region *r)
{
    if (r->ninsts > e->cap_v) {
        free(e->v);
        e->cap_v = r->ninsts + r->ninsts / 2 + 256;
        e->v = malloc(e->cap_v * sizeof *e->v);
    }
    if (r->nblocks > e->cap_b) {
        free(e->b);
        e->cap_b = r->nblocks + 16;
        e->b = malloc(e->cap_b * sizeof *e->b);
    }
    if (!e->v || !e->b) {
        free(e->v);
        free(e->b);
        e->v = NULL;
        e->b = NULL;
        e->cap_v = e->cap_b = 0;
        return false;
    }
    return true;
}

size_t host_xlate(const struct ir_region *r, const struct host_xlate_opts *o, uint8_t *buf, size_t cap,
                  intptr_t delta, struct xlate_out *out)
{
    struct emit *e = the_emit;
    if (!e && !(e = the_emit = calloc(1, sizeof *e)))
        return 0;
    if (!room_for(e, r))
        return 0;
    e->cb = (struct codebuf){ .p = buf, .start = buf, .end = buf + cap, .delta = delta };
    e->r = r;
    e->hf = o->hf;
    e->stubs = o->stubs;
    e->out = out;
    e->gs = o->gs;
    e->mmu = o->mmu;
    e->chains = o->chains;
    e->mask_tags = o->mask_tags;
    e->check_tiny = o->check_tiny;
    e->exact_fp = o->exact_fp;
    e->insn_shift = o->insn_shift;
    e->without = o->without;
    e->failed = e->borrowed = false;
    e->spill_used = 0;
    memset(e->spillval, 0, sizeof e->spillval);
    e->fl_val = 0;
    e->alu.op = 0;
    e->ncolds = e->npolls = e->npool = e->nflex = e->nexits = 0;
    out->nrelocs = out->nlinks = out->nfaults = out->nflex = 0;
    out->overflow = false;
    if (e->target != r->target)
        host_homes(e, r->target);
    emit_region(e);
    for (unsigned k = 0; k < e->nflex; k++) { /* as they were */
        e->home[e->flex[k].f.in].reg = -1;
        e->home[e->flex[k].f.out].reg = e->flex[k].f.reg;
    }
    if (e->failed || out->overflow)
        return 0;
    out->code_len = (uint32_t)(e->cb.p - e->cb.start);
    return out->code_len;
}

void host_relocate(const struct xlate_out *o, const struct ir_target *t, const struct stubs *stubs,
                   uint8_t *at, intptr_t delta)
{
    for (uint32_t k = 0; k < o->nrelocs; k++) {
        const struct reloc *x = &o->relocs[k];
        uint8_t *field = at + x->off;
        uint64_t v = 0;
        size_t n = 8;
        switch ((enum reloc_kind)x->kind) {
        case RELOC_STUB:
            v = (uint64_t)(stubs->at[x->value] - (field + delta + 4));
            n = 4;
            break;
        case RELOC_HELPER:
            v = (uint64_t)(uintptr_t)t->helpers[x->value].fn;
            break;
        case RELOC_FN:
            v = (uint64_t)((intptr_t)x->value + (intptr_t)host_xlate);
            break;
        }
        memcpy(field, &v, n);
    }
}
