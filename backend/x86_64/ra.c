/*
 * Register allocation: one forward walk, with what the pre-scan of the region (scan.c) found.
 *
 * A value has a register, a copy in memory, or both. Memory copies are guest slots (while the guest
 * register still holds that value) or spill slots. Only rax, rcx, rdx and xmm0-3 are given to values
 * that are not in a home, so the choice of what to evict is small: free ones first, then those with a
 * memory copy, then the one used last.
 *
 * Values that cross into a block which is not simply the continuation of the block before live in
 * memory (V_GLOBAL): spilled at their definition, their slot is kept to the end of the region.
 */
#include "emit_priv.h"

/* ---------------------------------------------------------------- bookkeeping */

void ra_block_begin(struct emit *e, uint32_t block, bool keep)
{
    e->block = block;
    e->glock = e->xlock = 0;
    if (keep)
        return;
    for (int k = 0; k < NGPR; k++)
        if (e->gval[k])
            e->v[e->gval[k]].reg = -1;
    for (int k = 0; k < NXMM; k++)
        if (e->xval[k])
            e->v[e->xval[k]].reg = -1;
    memset(e->gval, 0, sizeof e->gval);
    memset(e->gcst, 0, sizeof e->gcst);
    memset(e->xval, 0, sizeof e->xval);
    memset(e->slotval, 0, e->r->target->nregs * sizeof *e->slotval);
    for (uint32_t left = e->spill_used; left; left &= left - 1) {
        int k = __builtin_ctz(left);
        if (!(e->v[e->spillval[k]].flags & V_STABLE)) {
            e->spill_used &= ~(1u << k);
            e->spillval[k] = 0;
        }
    }
    e->fl_val = 0;
    e->alu.op = 0;
}

static bool live_after(struct emit *e, ir_ref v) { return v && e->v[v].last > e->at; }
/* Still needed by the instruction being emitted or later ones. */
static bool live_now(struct emit *e, ir_ref v) { return v && e->v[v].last >= e->at; }

void ra_free_spills(struct emit *e)
{
    for (uint32_t left = e->spill_used; left; left &= left - 1) {
        int k = __builtin_ctz(left);
        ir_ref v = e->spillval[k];
        if (v && !live_after(e, v) && !(e->v[v].flags & V_STABLE)) {
            e->v[v].flags &= (uint8_t)~V_MEM;
            e->spill_used &= ~(1u << k);
            e->spillval[k] = 0;
        }
    }
}

int32_t ra_spill_slot(struct emit *e, ir_ref v)
{
    for (int k = 0; k < MAX_SPILL; k++)
        if (!(e->spill_used >> k & 1)) {
            e->spill_used |= 1u << k;
            e->spillval[k] = v;
            return (int32_t)offsetof(struct cpu, spill) + k * 16 - STATE_BIAS;
        }
    e->failed = true;
    return CPU_DISP(spill);
}

struct mem ra_mem(struct emit *e, ir_ref v) { return mem_bd(STATE, vi(e, v)->mem); }

static void store_value(struct emit *e, const struct vinfo *v, int32_t disp)
{
    if (v->class == CL_XMM) {
        bool avx = e->hf->avx;
        if (avx)
            v_rrm(&e->cb, OP_MOVUPS_S, false, v->reg, 0, mem_bd(STATE, disp));
        else
            x_rm(&e->cb, OP_MOVUPS_S, false, v->reg, mem_bd(STATE, disp));
    } else {
        x_rm(&e->cb, OP_MOV_RM_R, true, v->reg, mem_bd(STATE, disp));
    }
}

void ra_to_mem(struct emit *e, ir_ref ref)
{
    struct vinfo *v = vi(e, ref);
    if (v->flags & V_MEM)
        return;
    assert(v->reg >= 0);
    v->mem = ra_spill_slot(e, v->root);
    v->flags |= V_MEM;
    store_value(e, v, v->mem);
}

/* Another register that holds value v, or -1. */
static int other_holder(struct emit *e, ir_ref v, int not_this, bool vec)
{
    ir_ref *val = vec ? e->xval : e->gval;
    for (int k = 0; k < (vec ? NXMM : NGPR); k++)
        if (k != not_this && val[k] == v)
            return k;
    return -1;
}

/* Register reg of a class is about to be overwritten: its value is given up, moved or spilled. */
static int find_scratch(struct emit *e, bool vec, uint32_t avoid);

static void vacate(struct emit *e, int reg, bool vec, bool move)
{
    ir_ref *val = vec ? e->xval : e->gval;
    ir_ref v = val[reg];
    if (!vec)
        e->gcst[reg] = 0;
    val[reg] = 0;
    if (!v)
        return;
    struct vinfo *p = &e->v[v];
    if (p->reg != reg)
        return;
    if (!live_now(e, v)) {
        p->reg = -1;
        return;
    }
    int other = other_holder(e, v, reg, vec);
    if (other >= 0) {
        p->reg = (int8_t)other;
        return;
    }
    if (p->flags & V_MEM) {
        p->reg = -1;
        return;
    }
    if (move) { /* to a free scratch register if there is one */
        uint32_t scratch = vec ? XMM_SCRATCH : GPR_SCRATCH, lock = vec ? e->xlock : e->glock;
        for (uint32_t left = scratch & ~lock & ~(1u << reg); left; left &= left - 1) {
            int k = __builtin_ctz(left);
            if (!live_now(e, val[k])) {
                vacate(e, k, vec, false);
                if (vec) {
                    emit_x2(e, OP_MOVAPS, k, reg);
                } else {
                    mov_rr(&e->cb, true, k, reg);
                }
                val[k] = v;
                p->reg = (int8_t)k;
                return;
            }
        }
    }
    p->reg = (int8_t)reg;
    ra_to_mem(e, v);
    p->reg = -1;
}

static int find_scratch(struct emit *e, bool vec, uint32_t avoid)
{
    ir_ref *val = vec ? e->xval : e->gval;
    uint32_t scratch = vec ? XMM_SCRATCH : GPR_SCRATCH, lock = (vec ? e->xlock : e->glock) | avoid;
    int best = -1;
    uint32_t best_score = 0;
    for (uint32_t left = scratch & ~lock; left; left &= left - 1) {
        int k = __builtin_ctz(left);
        uint32_t score;
        if (!live_now(e, val[k]) || e->v[val[k]].reg != k)
            score = !vec && e->gcst[k] ? 0xfffffff0 : 0xffffffff;
        else if (e->v[val[k]].flags & V_MEM)
            score = 0x80000000u | (e->v[val[k]].last & 0x0fffffff);
        else
            score = e->v[val[k]].last & 0x0fffffff;
        if (score > best_score || best < 0) {
            best = k;
            best_score = score;
        }
    }
    if (best < 0) { /* cannot happen with emitters that lock at most three */
        e->failed = true;
        best = vec ? 0 : RAX;
    }
    vacate(e, best, vec, false);
    return best;
}

int ra_temp(struct emit *e)
{
    int k = find_scratch(e, false, 0);
    e->glock |= 1u << k;
    return k;
}
int rx_temp(struct emit *e)
{
    int k = find_scratch(e, true, 0);
    e->xlock |= 1u << k;
    return k;
}

void ra_take(struct emit *e, int reg)
{
    if (e->glock >> reg & 1) {
        e->failed = true; /* an emitter asked for a register it uses already */
        return;
    }
    e->glock |= 1u << reg;
    vacate(e, reg, false, true);
}

/* Loads value v (a root with a memory copy) into register k. */
static void load_value(struct emit *e, struct vinfo *v, int k)
{
    if (v->class == CL_XMM) {
        if (e->hf->avx)
            v_rrm(&e->cb, OP_MOVUPS_L, false, k, 0, mem_bd(STATE, v->mem));
        else
            x_rm(&e->cb, OP_MOVUPS_L, false, k, mem_bd(STATE, v->mem));
    } else {
        x_rm(&e->cb, OP_MOV_R_RM, true, k, mem_bd(STATE, v->mem));
    }
}

int ra_const_near(const struct emit *e, uint64_t value, int32_t *disp)
{
    if (e->without & WITHOUT_CONSTANTS)
        return -1;
    for (int k = 0; k < NGPR; k++)
        if (e->gcst[k] && !e->gval[k]) {
            int64_t d = (int64_t)(value - ir_const_value(e->r, e->gcst[k]));
            if (d == (int32_t)d) {
                *disp = (int32_t)d;
                return k;
            }
        }
    return -1;
}

static void const_to(struct emit *e, ir_ref c, int k)
{
    uint64_t value = ir_const_value(e->r, c);
    int32_t disp;
    int near = value > UINT32_MAX && (int64_t)value != (int32_t)value ? ra_const_near(e, value, &disp) : -1;
    if (near >= 0)
        x_rm(&e->cb, OP_LEA, true, k, mem_bd(near, disp));
    else
        mov_ri(&e->cb, k, value);
}

int ra_use(struct emit *e, ir_ref ref)
{
    if (ir_is_const(ref)) {
        uint64_t want = ir_const_value(e->r, ref);
        int hint = e->v[e->at].hint, own = hint ? e->home[hint - 1].reg : -1; /* the result may go there */
        for (int k = 0; k < (e->without & WITHOUT_CONSTANTS ? RDX + 1 : NGPR); k++)
            if (e->gcst[k] && !e->gval[k] && k != own && ir_const_value(e->r, e->gcst[k]) == want) {
                e->glock |= 1u << k;
                return k;
            }
        int k = ra_temp(e);
        const_to(e, ref, k);
        e->gcst[k] = ref;
        return k;
    }
    struct vinfo *v = vi(e, ref);
    if (v->reg < 0) {
        assert(v->flags & V_MEM);
        int k = find_scratch(e, false, 0);
        load_value(e, v, k);
        e->gval[k] = v->root;
        v->reg = (int8_t)k;
    }
    e->glock |= 1u << v->reg;
    return v->reg;
}

int ra_use_in(struct emit *e, ir_ref ref, int reg)
{
    if (!ir_is_const(ref)) {
        struct vinfo *v = vi(e, ref);
        if (v->reg == reg && !(e->glock >> reg & 1)) {
            e->glock |= 1u << reg;
            if (live_after(e, v->root)) { /* the caller overwrites it */
                int src = reg;
                if (!(v->flags & V_MEM) && other_holder(e, v->root, reg, false) < 0) {
                    uint32_t free_reg = 0;
                    for (int k = 0; k <= RDX; k++)
                        if (!(e->glock >> k & 1) && !live_now(e, e->gval[k]))
                            free_reg |= 1u << k;
                    if (free_reg) {
                        int k = __builtin_ctz(free_reg);
                        vacate(e, k, false, false);
                        mov_rr(&e->cb, true, k, src);
                        e->gval[k] = v->root;
                        v->reg = (int8_t)k;
                        e->gval[reg] = 0;
                        return reg;
                    }
                    ra_to_mem(e, ref);
                }
                e->gval[reg] = 0;
                int other = other_holder(e, v->root, reg, false);
                v->reg = (int8_t)other;
            }
            e->gcst[reg] = 0; /* a value that dies here stays bound: it may be another operand too */
            return reg;
        }
        ra_take(e, reg);
        if (v->reg >= 0)
            mov_rr(&e->cb, true, reg, v->reg);
        else
            load_value(e, v, reg);
        return reg;
    }
    ra_take(e, reg);
    const_to(e, ref, reg);
    return reg;
}

/* Is v more than one operand of the instruction being emitted? */
static bool used_twice(struct emit *e, ir_ref root)
{
    const struct ir_inst *p = inst(e, e->at);
    unsigned n = 0;
    for (unsigned k = 0; k < ir_opinfo[p->op].nargs; k++)
        n += p->arg[k] && !ir_is_const(p->arg[k]) && root_of(e, p->arg[k]) == root;
    return n > 1;
}

int ra_copy(struct emit *e, ir_ref ref)
{
    if (!ir_is_const(ref)) {
        struct vinfo *v = vi(e, ref);
        /* a dying value in an unlocked scratch register is its own copy */
        if (v->reg >= 0 && (GPR_SCRATCH >> v->reg & 1) && !(e->glock >> v->reg & 1) &&
            !live_after(e, v->root) && !used_twice(e, v->root)) {
            int k = v->reg;
            e->glock |= 1u << k;
            e->gval[k] = 0;
            e->gcst[k] = 0;
            v->reg = -1;
            return k;
        }
        uint32_t before = e->glock;
        if (v->reg >= 0)
            e->glock |= 1u << v->reg; /* not chosen as the copy */
        int k = ra_temp(e);
        if (v->reg >= 0)
            mov_rr(&e->cb, true, k, v->reg);
        else
            load_value(e, v, k);
        e->glock &= before | 1u << k | ~GPR_SCRATCH; /* there are but three scratch registers */
        return k;
    }
    int k = ra_temp(e);
    const_to(e, ref, k);
    return k;
}

int rx_use(struct emit *e, ir_ref ref)
{
    if (ir_is_const(ref)) {
        const struct ir_const *c = &e->r->consts[ref & ~IR_CONST_BIT];
        int k = rx_temp(e);
        if (!c->lo && !c->hi)
            emit_x3(e, 0x57 | M0F, k, k, k);
        else
            emit_const_op(e, OP_MOVAPS, k, 0, c->lo, c->hi);
        return k;
    }
    struct vinfo *v = vi(e, ref);
    if (v->reg < 0) {
        assert(v->flags & V_MEM);
        int k = find_scratch(e, true, 0);
        load_value(e, v, k);
        e->xval[k] = v->root;
        v->reg = (int8_t)k;
    }
    if (e->low && v->reg >= 16) {
        int k = rx_temp(e);
        emit_x2(e, OP_MOVAPS, k, v->reg);
        return k;
    }
    e->xlock |= 1u << v->reg;
    return v->reg;
}

int rx_use_in(struct emit *e, ir_ref ref, int reg)
{
    struct vinfo *v = ir_is_const(ref) ? NULL : vi(e, ref);
    if (e->xlock >> reg & 1)
        e->failed = true; /* an emitter asked for a register it uses already */
    e->xlock |= 1u << reg;
    if (v && v->reg == reg && !used_twice(e, v->root))
        return reg;
    vacate(e, reg, true, true);
    if (!v) {
        const struct ir_const *c = &e->r->consts[ref & ~IR_CONST_BIT];
        emit_const_op(e, OP_MOVAPS, reg, 0, c->lo, c->hi);
    } else if (v->reg >= 0) {
        emit_x2(e, OP_MOVAPS, reg, v->reg);
    } else {
        load_value(e, v, reg);
    }
    return reg;
}

int rx_copy(struct emit *e, ir_ref ref)
{
    if (!ir_is_const(ref)) {
        struct vinfo *v = vi(e, ref);
        if (v->reg >= 0 && (XMM_SCRATCH >> v->reg & 1) && !(e->xlock >> v->reg & 1) &&
            !live_after(e, v->root) && !used_twice(e, v->root)) {
            int k = v->reg;
            e->xlock |= 1u << k;
            e->xval[k] = 0;
            v->reg = -1;
            return k;
        }
        uint32_t before = e->xlock;
        if (v->reg >= 0)
            e->xlock |= 1u << v->reg;
        int k = rx_temp(e);
        if (v->reg >= 0)
            emit_x2(e, OP_MOVAPS, k, v->reg);
        else
            load_value(e, v, k);
        e->xlock &= before | 1u << k | ~XMM_SCRATCH;
        return k;
    }
    int s = rx_use(e, ref);
    return s; /* a constant's register belongs to nobody */
}

/* ------------------------------------------------------------------- results */

void ra_bind(struct emit *e, uint32_t i, int reg)
{
    struct vinfo *v = &e->v[i];
    bool vec = v->class == CL_XMM;
    v->reg = (int8_t)reg;
    (vec ? e->xval : e->gval)[reg] = i;
    if (!vec)
        e->gcst[reg] = 0;
}

/* The home that value i may be computed into, or -1. */
static int home_for(struct emit *e, uint32_t i, bool vec, bool clear)
{
    struct vinfo *v = &e->v[i];
    if (!v->hint)
        return -1;
    int p = e->home[v->hint - 1].reg;
    if (p < 0 || (p >= 16 && e->low))
        return -1;
    ir_ref old = (vec ? e->xval : e->gval)[p];
    uint32_t lock = vec ? e->xlock : e->glock;
    if (old && e->v[old].reg == p && e->v[old].last > e->at) {
        if (e->v[old].last <= v->hint_at)
            return -1; /* read again before the commit: not worth a copy */
        if (lock >> p & 1) { /* an operand here, needed later: copy it away first */
            if (clear)
                return -1;
        }
        vacate(e, p, vec, true);
    } else if (clear && (lock >> p & 1)) {
        return -1;
    } else if (old && e->v[old].reg == p) {
        if (old != i && e->v[old].last < e->at)
            vacate(e, p, vec, false);
    }
    return p;
}

static int def(struct emit *e, uint32_t i, bool vec, bool clear)
{
    int p = home_for(e, i, vec, clear);
    if (p >= 0) {
        ir_ref old = (vec ? e->xval : e->gval)[p];
        if (old && e->v[old].reg == p) { /* an operand that dies here */
            int other = other_holder(e, old, p, vec);
            e->v[old].reg = (int8_t)(other >= 0 ? other : p);
            if (other < 0 && !live_after(e, old))
                e->v[old].reg = (int8_t)p; /* still readable by this operation's emitter */
        }
    } else if (!clear) {
        /* the register of an operand that dies here, else a free one */
        uint32_t scratch = vec ? XMM_SCRATCH : GPR_SCRATCH, lock = vec ? e->xlock : e->glock;
        ir_ref *val = vec ? e->xval : e->gval;
        p = -1;
        for (uint32_t left = scratch & lock; left && p < 0; left &= left - 1) {
            int k = __builtin_ctz(left);
            if (val[k] && e->v[val[k]].reg == k && e->v[val[k]].last <= e->at)
                p = k;
        }
        if (p < 0)
            p = find_scratch(e, vec, 0);
    } else {
        p = find_scratch(e, vec, 0);
    }
    if (vec)
        e->xlock |= 1u << p;
    else
        e->glock |= 1u << p;
    ra_bind(e, i, p);
    return p;
}

int ra_def(struct emit *e, uint32_t i) { return def(e, i, false, false); }
int ra_def_clear(struct emit *e, uint32_t i) { return def(e, i, false, true); }
int rx_def(struct emit *e, uint32_t i) { return def(e, i, true, false); }
int rx_def_clear(struct emit *e, uint32_t i) { return def(e, i, true, true); }

int ra_def_scratch(struct emit *e, uint32_t i)
{
    int k = find_scratch(e, false, 0);
    e->glock |= 1u << k;
    ra_bind(e, i, k);
    return k;
}

/* The result starts as a copy of a and must not be in b's register. */
static int def_copy(struct emit *e, uint32_t i, ir_ref a, ir_ref b, bool vec)
{
    int ra = -1, rb = -1;
    if (!ir_is_const(a) && vi(e, a)->reg >= 0) {
        ra = vi(e, a)->reg;
    }
    if (b && !ir_is_const(b) && vi(e, b)->reg >= 0) {
        rb = vi(e, b)->reg;
        if (vec) e->xlock |= 1u << rb; else e->glock |= 1u << rb;
    }
    bool a_dies = ra >= 0 && e->v[root_of(e, a)].last <= e->at;
    uint32_t scratch = vec ? XMM_SCRATCH : GPR_SCRATCH, before = vec ? e->xlock : e->glock;
    if (ra >= 0) { if (vec) e->xlock |= 1u << ra; else e->glock |= 1u << ra; }
    int d = -1;
    struct vinfo *v = &e->v[i];
    int hp = v->hint ? e->home[v->hint - 1].reg : -1;
    if (hp >= 0 && hp != rb && !(hp >= 16 && e->low)) {
        d = home_for(e, i, vec, false);
        if (d >= 0 && ra == d)
            ra = d; /* in place: a is there and dies, or its copy was moved away and d still holds it */
    }
    if (d < 0) {
        if (a_dies && (scratch >> ra & 1) && ra != rb)
            d = ra;
        else
            d = find_scratch(e, vec, 0);
    }
    if (d != ra) {
        if (ir_is_const(a)) {
            if (vec) {
                const struct ir_const *c = &e->r->consts[a & ~IR_CONST_BIT];
                if (!c->lo && !c->hi)
                    emit_x3(e, 0x57 | M0F, d, d, d);
                else
                    emit_const_op(e, OP_MOVAPS, d, 0, c->lo, c->hi);
            } else {
                const_to(e, a, d);
            }
        } else if (vi(e, a)->reg >= 0) {
            if (vec)
                emit_x2(e, OP_MOVAPS, d, vi(e, a)->reg);
            else
                mov_rr(&e->cb, true, d, vi(e, a)->reg);
        } else {
            load_value(e, vi(e, a), d);
        }
    }
    if (vec) /* a has been read */
        e->xlock = (e->xlock & (before | ~scratch)) | 1u << d;
    else
        e->glock = (e->glock & (before | ~scratch)) | 1u << d;
    ra_bind(e, i, d);
    return d;
}
int ra_def_copy(struct emit *e, uint32_t i, ir_ref a, ir_ref b) { return def_copy(e, i, a, b, false); }
int rx_def_copy(struct emit *e, uint32_t i, ir_ref a, ir_ref b) { return def_copy(e, i, a, b, true); }

bool ra_in_mem(struct emit *e, ir_ref ref, struct mem *m)
{
    if (ir_is_const(ref))
        return false;
    struct vinfo *v = vi(e, ref);
    if (v->reg >= 0 || !(v->flags & V_MEM))
        return false;
    *m = mem_bd(STATE, v->mem);
    return true;
}

void ra_spill_scratch(struct emit *e, bool vectors)
{
    for (int k = 0; k <= RDX; k++) {
        if (live_after(e, e->gval[k]) && e->v[e->gval[k]].reg == k &&
            other_holder(e, e->gval[k], k, false) < 0)
            ra_to_mem(e, e->gval[k]);
        vacate(e, k, false, false);
    }
    if (vectors)
        for (int k = 0; k < 4; k++) {
            if (live_after(e, e->xval[k]) && e->v[e->xval[k]].reg == k &&
                other_holder(e, e->xval[k], k, true) < 0)
                ra_to_mem(e, e->xval[k]);
            vacate(e, k, true, false);
        }
}

/* Gives live value u, whose memory copy (if any) is a guest slot, a spill slot of its own. */
static void to_spill(struct emit *e, ir_ref u)
{
    struct vinfo *v = &e->v[u];
    if (v->class == CL_PAIR)
        return;
    if (v->reg < 0) {
        int k = find_scratch(e, v->class == CL_XMM, 0);
        if (v->class == CL_FLG) {
            x_rm(&e->cb, OP_MOVZX16, false, k, mem_bd(STATE, v->mem));
            v->mem = ra_spill_slot(e, u);
            x_rm(&e->cb, OP_MOV_RM_R, false, k, mem_bd(STATE, v->mem));
            return;
        }
        load_value(e, v, k);
        ra_bind(e, u, k);
    }
    v->flags &= (uint8_t)~V_MEM;
    ra_to_mem(e, u);
}

void ra_forget_homes(struct emit *e)
{
    for (unsigned r = 0; r < e->r->target->nregs; r++) {
        ir_ref u = e->slotval[r];
        if (u && (e->v[u].flags & V_MEM) && e->v[u].mem == e->home[r].disp && e->home[r].reg < 0 &&
            live_after(e, u))
            to_spill(e, u);
        e->slotval[r] = 0;
    }
    for (int k = 0; k < NGPR; k++) {
        if (!(GPR_SCRATCH >> k & 1) && k != RSP && k != RBP) {
            if (live_after(e, e->gval[k]) && e->v[e->gval[k]].reg == k)
                ra_to_mem(e, e->gval[k]);
            vacate(e, k, false, false);
        }
    }
    for (int k = 4; k < NXMM; k++) { /* above the scratch registers */
        if (live_after(e, e->xval[k]) && e->v[e->xval[k]].reg == k)
            ra_to_mem(e, e->xval[k]);
        vacate(e, k, true, false);
    }
}

void ra_global(struct emit *e, uint32_t i)
{
    struct vinfo *v = &e->v[i];
    e->glock = e->xlock = 0; /* the operation has ended */
    if (v->class == CL_FLG) {
        if (e->fl_val == i && !(v->flags & V_MEM)) {
            int32_t disp = ra_spill_slot(e, i);
            flags_store(e, i, mem_bd(STATE, disp));
            v->mem = disp;
            v->flags |= V_MEM;
        } else if (v->flags & V_MEM) { /* in the register's slot, which may change on some ways only */
            to_spill(e, i);
        }
        return;
    }
    if (v->class == CL_PAIR)
        return;
    for (int k = 0; k < MAX_SPILL; k++)
        if ((e->spill_used >> k & 1) && e->spillval[k] == i)
            return;
    to_spill(e, i);
}

/* ------------------------------------------------------------- get and set */

/* The slot of guest register row is about to change: the value that has its memory copy there must be
 * somewhere else if it is still needed. */
void ra_leave_slot(struct emit *e, unsigned row, ir_ref keep)
{
    ir_ref u = e->slotval[row];
    e->slotval[row] = 0;
    if (!u || u == keep)
        return;
    struct vinfo *v = &e->v[u];
    if (!(v->flags & V_MEM) || v->mem != e->home[row].disp)
        return;
    v->flags &= (uint8_t)~V_MEM;
    if (v->reg >= 0 || v->last <= e->at)
        return;
    v->flags |= V_MEM;
    int k = find_scratch(e, v->class == CL_XMM, 0);
    if (v->class == CL_FLG) {
        x_rm(&e->cb, OP_MOVZX16, false, k, mem_bd(STATE, v->mem));
        v->mem = ra_spill_slot(e, u);
        x_rm(&e->cb, OP_MOV_RM_R, false, k, mem_bd(STATE, v->mem));
        return;
    }
    load_value(e, v, k);
    v->flags &= (uint8_t)~V_MEM;
    ra_bind(e, u, k);
}

void emit_get(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned row = (unsigned)p->imm;
    struct vinfo *v = &e->v[i];
    const struct home *h = &e->home[row];
    if (h->reg >= 0) {
        bool vec = v->class == CL_XMM;
        ir_ref *val = vec ? e->xval : e->gval;
        if (live_after(e, val[h->reg])) /* the same value by another name: only the last is tracked */
            vacate(e, h->reg, vec, true);
        val[h->reg] = i;
        v->reg = h->reg;
    } else {
        ra_leave_slot(e, row, 0);
        v->mem = h->disp;
        v->flags |= V_MEM;
        e->slotval[row] = i;
    }
}

void emit_set(struct emit *e, uint32_t i)
{
    const struct ir_inst *p = inst(e, i);
    unsigned row = (unsigned)p->imm;
    ir_ref a = p->arg[0];
    const struct home h = e->home[row];
    bool vec = class_of(e->r->target->regs[row].type) == CL_XMM;
    if (h.reg >= 0) {
        ir_ref *val = vec ? e->xval : e->gval;
        if (!ir_is_const(a) && vi(e, a)->reg == h.reg)
            return;
        if (val[h.reg] && val[h.reg] != root_of(e, a)) {
            uint32_t *lock = vec ? &e->xlock : &e->glock;
            if (!ir_is_const(a) && vi(e, a)->reg >= 0)
                *lock |= 1u << vi(e, a)->reg;
            if (live_after(e, val[h.reg]))
                vacate(e, h.reg, vec, true);
            else
                vacate(e, h.reg, vec, false);
        }
        if (ir_is_const(a)) {
            const struct ir_const *c = &e->r->consts[a & ~IR_CONST_BIT];
            if (vec) {
                if (!c->lo && !c->hi)
                    emit_x3(e, 0x57 | M0F, h.reg, h.reg, h.reg);
                else
                    emit_const_op(e, OP_MOVAPS, h.reg, 0, c->lo, c->hi);
            } else if (!c->lo && !flags_busy(e)) {
                flags_clobber(e);
                alu_rr(&e->cb, ALU_XOR, false, h.reg, h.reg);
            } else {
                const_to(e, a, h.reg);
            }
            val[h.reg] = 0;
            if (!vec)
                e->gcst[h.reg] = a;
            return;
        }
        if (!vec)
            e->gcst[h.reg] = 0;
        struct vinfo *v = vi(e, a);
        if (v->reg < 0) {
            load_value(e, v, h.reg);
        } else if (vec) {
            emit_x2(e, OP_MOVAPS, h.reg, v->reg);
        } else {
            mov_rr(&e->cb, true, h.reg, v->reg);
        }
        val[h.reg] = v->root;
        int old = v->reg;
        if (old < 0 || ((vec ? XMM_SCRATCH : GPR_SCRATCH) >> old & 1)) {
            v->reg = h.reg; /* the scratch register is free again */
            if (old >= 0)
                val[old] = 0;
        }
        return;
    }
    struct mem m = mem_bd(STATE, h.disp);
    ir_ref root = root_of(e, a);
    if (!ir_is_const(a) && (e->v[root].flags & V_MEM) && e->v[root].mem == h.disp &&
        e->slotval[row] == root)
        return; /* it is there */
    if (!ir_is_const(a) && e->v[root].class == CL_GPR)
        ra_use(e, a); /* before the old value of the slot takes a register */
    ra_leave_slot(e, row, root);
    if (e->r->target->regs[row].type == IR_FLG) {
        flags_store(e, a, m);
        if (!ir_is_const(a)) {
            struct vinfo *v = &e->v[root];
            if (!(v->flags & V_MEM)) {
                v->mem = h.disp;
                v->flags |= V_MEM;
            }
            e->slotval[row] = root;
        }
        return;
    }
    int32_t imm;
    if (vec) {
        int s = rx_use(e, a);
        if (e->hf->avx)
            v_rrm(&e->cb, OP_MOVUPS_S, false, s, 0, m);
        else
            x_rm(&e->cb, OP_MOVUPS_S, false, s, m);
    } else if (imm32(e, a, true, &imm)) {
        mov_mi32(&e->cb, true, m, imm);
        return;
    } else {
        x_rm(&e->cb, OP_MOV_RM_R, true, ra_use(e, a), m);
    }
    if (!ir_is_const(a)) {
        struct vinfo *v = &e->v[root];
        if (!(v->flags & V_MEM)) {
            v->mem = h.disp;
            v->flags |= V_MEM;
        }
        if (v->mem == h.disp)
            e->slotval[row] = root;
    }
}
