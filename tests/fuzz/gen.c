/*
 * gen.c: values and single-instruction cases. Operands come from a pool of special values or are
 * random; the base of a load or store is set so that the access falls into the data window, most of
 * it inside, some across either end, some into a read-only page, a few anywhere.
 *
 * A slot: word 0 loads x30, words 1 .. n are the test, then a branch to the exit; the rest is filled
 * with BRK; literals at the end.
 */
#include <string.h>
#include "fuzz.h"

uint64_t hash_name(const char *s)
{
    uint64_t h = 0xcbf29ce484222325;
    for (; *s; s++)
        h = (h ^ (uint8_t)*s) * 0x100000001b3;
    return h;
}

uint64_t rng_value(struct rng *r)
{
    static const uint64_t pool[] = {
        0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000,
        0xffff, 0x10000, 0x7fffffff, 0x80000000, 0x80000001, 0xffffffff, 0x100000000,
        0x7fffffffffffffff, 0x8000000000000000, 0x8000000000000001, 0xfffffffffffffffe,
        0xffffffffffffffff, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x00ff00ff00ff00ff,
        0x0123456789abcdef, 0xffffffff80000000, 0xffffffff7fffffff, 0xffffffff00000000,
        0x7fffffff80000000, 0x8080808080808080, 0x0101010101010101, 0xffffffffffff8000,
        0xffffffffffffff80, FUZZ_WIN, FUZZ_WIN + 0x800,
    };
    switch (rnd(r, 10)) {
    case 0: case 1: case 2: case 3: return pool[rnd(r, sizeof pool / sizeof *pool)];
    case 4: return 1ull << rnd(r, 64);
    case 5: return ~(1ull << rnd(r, 64));
    case 6: return (1ull << rnd(r, 64)) - 1;
    case 7: return rng64(r) >> rnd(r, 64);
    default: return rng64(r);
    }
}

static uint64_t lane(struct rng *r, int w)
{
    static const uint64_t f64[] = {
        0, 0x8000000000000000, 0x3ff0000000000000, 0xbff0000000000000, 1, 0x8000000000000001,
        0x000fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x7fefffffffffffff,
        0xffefffffffffffff, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
        0x7ff8000000000123, 0xfff8000000000001, 0x7ff0000000000001, 0xfff4000000000000,
        0x41dfffffffc00000, 0x41e0000000000000, 0x41efffffffe00000, 0x41f0000000000000,
        0x43e0000000000000, 0xc3e0000000000000, 0x43f0000000000000, 0x3fe0000000000000,
        0xbfe0000000000000, 0x3ff8000000000000, 0x4004000000000000, 0x400921fb54442d18,
        0x3fdfffffffffffff, 0x4330000000000001, 0x3690000000000000, 0x380fffffe0000000,
        0x47efffffe0000000, 0x47effffff0000000,
    };
    static const uint32_t f32[] = {
        0, 0x80000000, 0x3f800000, 0xbf800000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x80800000,
        0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0x7fc00123, 0xffc00001,
        0x7f800001, 0xffa00000, 0x4effffff, 0x4f000000, 0xcf000000, 0x4f7fffff, 0x4f800000,
        0x5f000000, 0xdf000000, 0x5f800000, 0x3f000000, 0xbf000000, 0x3fc00000, 0x40200000,
        0x40490fdb, 0x3effffff, 0x4b000001, 0x33800000, 0x387fe000, 0x477fefff, 0x477ff000,
    };
    static const uint16_t f16[] = {
        0, 0x8000, 0x3c00, 0xbc00, 1, 0x8001, 0x03ff, 0x0400, 0x8400, 0x7bff, 0xfbff, 0x7c00, 0xfc00,
        0x7e00, 0x7e01, 0xfe00, 0x7c01, 0xfd00, 0x3800, 0xb800, 0x3e00, 0x4100, 0x4248, 0x77ff,
        0x7800, 0x37ff,
    };
    uint64_t m = w == 64 ? ~0ull : (1ull << w) - 1;
    if (pct(r, 30))
        return rng_value(r) & m;
    if (pct(r, 25))
        return rng64(r) & m;
    bool near = pct(r, 35); /* an exponent near 1: sums and products stay ordinary */
    switch (w) {
    case 16:
        return near ? (rng64(r) & 0x83ff) | (uint64_t)(10 + rnd(r, 10)) << 10
                    : f16[rnd(r, sizeof f16 / 2)];
    case 32:
        return near ? (rng64(r) & 0x807fffff) | (uint64_t)(115 + rnd(r, 50)) << 23
                    : f32[rnd(r, sizeof f32 / 4)];
    case 64:
        return near ? (rng64(r) & 0x800fffffffffffff) | (uint64_t)(1000 + rnd(r, 90)) << 52
                    : f64[rnd(r, sizeof f64 / 8)];
    default:
        return rng_value(r) & m;
    }
}

void rng_vector(struct rng *r, uint64_t v[2])
{
    static const int widths[] = { 8, 16, 16, 32, 32, 32, 64, 64, 64 };
    int w = widths[rnd(r, 9)];
    bool same = pct(r, 10);
    uint64_t first = lane(r, w);
    for (int h = 0; h < 2; h++) {
        v[h] = 0;
        for (int i = 0; i < 64; i += w)
            v[h] |= (same ? first : lane(r, w)) << i;
    }
    if (pct(r, 10))
        v[1] = 0;
}

void window_init(uint8_t *win)
{
    struct rng r = { opt.seed * 0x9e3779b97f4a7c15 + 77 };
    for (unsigned i = 0; i < FUZZ_WIN_SIZE; i += 16) {
        uint64_t v[2];
        if (pct(&r, 50))
            v[0] = rng_value(&r), v[1] = rng_value(&r);
        else
            rng_vector(&r, v);
        memcpy(win + i, v, 16);
    }
}

void gen_state(struct rng *r, struct test *t)
{
    for (int i = 0; i < 31; i++)
        t->c.x[i] = rng_value(r);
    t->c.sp = FUZZ_WIN + 16 * (16 + rnd(r, FUZZ_WIN_SIZE / 16 - 32));
    for (int i = 0; i < 32; i++)
        rng_vector(r, &t->c.v[2 * i]);
    t->c.nzcv = (uint64_t)rnd(r, 16) << 28;
    t->c.fpcr = opt.fpcr ? (uint64_t)rnd(r, 32) << 22 | (uint64_t)rnd(r, 2) << 19 : 0;
    t->c.fpsr = 0;
}

void gen_finish(struct rng *r, struct test *t)
{
    struct fuzz_case *c = &t->c;
    c->entry = FUZZ_SLOT(t->slot);
    c->words[0] = 0x58000000 | LIT_X30 << 5 | 30; /* ldr x30, literal */
    uint64_t at = c->entry + 4 * (t->n + 1);
    c->words[t->n + 1] = 0x14000000 | (((uint64_t)FUZZ_CODE - at) >> 2 & 0x3ffffff);
    for (unsigned i = t->n + 2; i < LIT_FIRST; i++)
        if (!c->words[i])
            c->words[i] = 0xd4200000 | (i & 0xffff) << 5; /* brk #i */
    for (unsigned i = LIT_FIRST; i < LIT_X30; i += 2) {
        uint64_t v = rng_value(r);
        memcpy(&c->words[i], &v, 8);
    }
    memcpy(&c->words[LIT_X30], &c->x[30], 8);
}

static void set_x(struct test *t, int n, uint64_t v)
{
    if (n < 31)
        t->c.x[n] = v;
}

/* Where an access of m->size bytes should go. */
static uint64_t choose_target(struct rng *r, const struct a64_mem *m)
{
    unsigned s = m->size ? m->size : 1;
    switch (rnd(r, 100)) {
    case 0 ... 39: /* aligned by 64 */
        return FUZZ_WIN + 64 * (1 + rnd(r, FUZZ_WIN_SIZE / 64 - 2));
    case 40 ... 64:
        return FUZZ_WIN + s * (rnd(r, FUZZ_WIN_SIZE / s));
    case 65 ... 79:
        return FUZZ_WIN + 64 + rnd(r, FUZZ_WIN_SIZE - 192);
    case 80 ... 85: /* around the upper end */
        return FUZZ_WIN + FUZZ_WIN_SIZE - 2 * s + rnd(r, 3 * s + 1);
    case 86 ... 91: /* around the lower end */
        return FUZZ_WIN - s + rnd(r, 2 * s);
    case 92 ... 94:
        return FUZZ_RO + rnd(r, 4032);
    case 95 ... 97: /* tagged */
        return (FUZZ_WIN + 64 * (1 + rnd(r, FUZZ_WIN_SIZE / 64 - 2))) | (uint64_t)rnd(r, 256) << 56;
    default:
        return pct(r, 50) ? FUZZ_WIN + 0x10000 + rnd(r, 0x10000) : rng_value(r) & 0xffff000000000fff;
    }
}

/* Sets the registers so that the access goes where it should. */
static void aim(struct rng *r, struct test *t, const struct a64_mem *m)
{
    uint64_t off = (uint64_t)m->offset;
    if (m->rm >= 0) {
        uint64_t index = pct(r, 70) ? rnd(r, 256) : rng_value(r);
        if (m->rm == 31)
            index = 0;
        set_x(t, m->rm, index);
        off = a64_extend(index, m->ext) << m->shift;
    }
    uint64_t base = choose_target(r, m) - off;
    if (m->rn == 31)
        t->c.sp = pct(r, 97) ? base & ~15ull : base;
    else
        set_x(t, m->rn, base);
}

void gen_row(const struct row *row, uint64_t index, struct test *t)
{
    struct rng r = { (opt.seed + 1) * 0x9e3779b97f4a7c15 ^ hash_name(row->name) ^
                     index * 0xd1342543de82ef95 };
    memset(t, 0, sizeof *t);
    snprintf(t->what, sizeof t->what, "rows:%s", row->name);
    t->index = index;
    t->slot = (hash_name(row->name) * ROW_POOL + index) % FUZZ_MAX_CASES;
    gen_state(&r, t);
    uint32_t w = row_word(row, &r);
    uint32_t *out = t->c.words;
    unsigned n = CODE_FIRST;
    struct a64_mem m;
    int lo, width;
    uint64_t entry = FUZZ_SLOT(t->slot);

    if (a64_is_branch_imm(w, &lo, &width) || a64_is_branch_reg(w)) {
        /* the branch, then three marks, then the exit; targets are any of them */
        unsigned to = 1 + rnd(&r, 4);
        if (a64_is_branch_reg(w)) {
            uint64_t target = entry + 4 * (n + to);
            if (pct(&r, 4))
                target = rng_value(&r);
            else if (pct(&r, 4))
                target |= 1 + rnd(&r, 3);
            else if (pct(&r, 4))
                target |= 0x5a00000000000000;
            set_x(t, w >> 5 & 31, target);
            if ((w >> 5 & 31) == 30)
                t->c.x[30] = target;
        } else {
            uint32_t field = ((1u << width) - 1) << lo;
            uint32_t imm = to << lo;
            if (pct(&r, 3) && width > 14) { /* far away, where nothing is mapped */
                uint32_t far = (uint32_t)rng64(&r) & (field >> lo);
                int64_t off = (int64_t)((uint64_t)far << (64 - width)) >> (64 - width);
                uint64_t target = entry + 4 * n + 4 * (uint64_t)off;
                if (target > FUZZ_SLOT(FUZZ_MAX_CASES) || (target > 0x1000000 && target < FUZZ_CODE))
                    imm = far << lo;
            }
            w = (w & ~field) | (imm & field);
        }
        if (a64_excluded(w))
            w = 0xd503201f;
        out[n++] = w;
        for (unsigned i = 0; i < 3; i++)
            out[n++] = 0x52800000 | (i + 1) << 5 | (20 + i); /* mov w20+i, #i+1 */
    } else if (a64_is_mem(w, &m)) {
        if (m.rn == -1 && pct(&r, 97)) { /* literal: to the pool, some unaligned by words */
            uint32_t imm = LIT_FIRST + rnd(&r, 11) - n;
            w = (w & ~(0x7ffffu << 5)) | imm << 5;
        } else if (m.rn >= 0) {
            if (m.writeback && pct(&r, 20) && m.imm_width == 9)
                w &= ~(0x1f0u << 12);
            a64_is_mem(w, &m);
            aim(&r, t, &m);
        }
        if (m.exclusive && !m.load && pct(&r, 75)) {
            /* take the monitor first: LDXR or LDXP of the same size into registers not used */
            uint32_t take = (w & ~(31u << 16) & ~31u) | 31u << 16 | 1u << 22 | 31;
            if (w >> 21 & 1 && w >> 31) {
                unsigned rt2 = 0;
                while (rt2 == (w >> 5 & 31) || rt2 == (w & 31) || rt2 == (w >> 16 & 31) ||
                       rt2 == (w >> 10 & 31))
                    rt2++;
                take = (take & ~(31u << 10)) | rt2 << 10;
                out[n++] = take;
            } else if (!(w >> 21 & 1)) {
                out[n++] = take;
            }
        }
        out[n++] = w;
    } else {
        out[n++] = w;
    }
    t->n = n - 1;
    gen_finish(&r, t);
}
