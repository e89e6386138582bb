/*
 * seq.c: sequences of 2 to 30 instructions. Most are random rows; between them stand flag producers and
 * consumers, forward branches, bounded loops, calls of small functions behind the exit, exclusive
 * pairs, loads and stores through base registers that nothing else writes, sometimes a fault.
 *
 * Every sequence ends: branches go forward, except a loop's, which counts a reserved register down and
 * goes on only while it is greater than 0; no branch enters a loop from outside; x30 is reserved.
 */
#include <string.h>
#include "fuzz.h"

struct seq {
    struct rng r;
    struct test *t;
    unsigned n, limit;      /* next word, first word not to be used by the main part */
    uint32_t reserved;      /* registers that random instructions must not write */
    int base[2], index, count;
    unsigned pending[32], npending; /* forward branches not yet resolved */
    unsigned due[32];               /* words still to come before they are */
    unsigned call[16], ncall;       /* BL or ADR words that want a function */
    bool in_loop;
};

static void put(struct seq *s, uint32_t w)
{
    if (s->n < LIT_FIRST)
        s->t->c.words[s->n++] = w;
}

static void resolve(struct seq *s, bool all)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < s->npending; i++) {
        if (!all && s->due[i] > 0) {
            s->due[i]--;
            s->pending[kept] = s->pending[i];
            s->due[kept++] = s->due[i];
            continue;
        }
        uint32_t *w = &s->t->c.words[s->pending[i]];
        int lo, width;
        a64_is_branch_imm(*w, &lo, &width);
        *w |= (s->n - s->pending[i]) << lo;
    }
    s->npending = kept;
}

static int free_reg(struct seq *s)
{
    for (;;) {
        int x = (int)rnd(&s->r, 31);
        if (!(s->reserved >> x & 1))
            return x;
    }
}
static int any_reg(struct seq *s) { return (int)rnd(&s->r, 32); }

/* Is word fit for a sequence? fixed: bits that make it what it is. Rewrites the fields that it writes away from reserved registers. */
static bool fit(struct seq *s, uint32_t fixed, uint32_t *word)
{
    uint32_t w = *word;
    struct a64_mem m;
    int lo, width;
    if (a64_excluded(w) || a64_is_branch_imm(w, &lo, &width) || a64_is_branch_reg(w))
        return false;
    if ((w & 0xffffffe0) == 0xd51b4400) /* MSR FPCR: modes come with the state */
        return false;
    if (!opt.fp && (w & 0xffd00000) == 0xd5100000) /* it may be FPSR, which is not loaded then */
        return false;
    if ((w & 0xdff0fc00) == 0x5f10fc00) /* qemu 7.2 leaves a sign above FCVTZS of a half: compare.c */
        return false;
    if ((w & 0xfffffc00) == 0x1e7e0000 && s->t->c.fpcr >> 24 & 1) /* qemu 7.2's Z of FJCVTZS: compare.c */
        return false;
    if ((w & 0xffffffe0) == 0xd53b4420 && opt.fpsr && !opt.exact_fpsr) /* MRS FPSR: it may deviate */
        return false;
    if ((w & 0xff000000) == 0xd4000000) /* exceptions end the sequence */
        return pct(&s->r, 3);
    bool mem = a64_is_mem(w, &m);
    if ((w & 0x3f800000) == 0x08000000 && ((w & 0x00200000) == 0 || w >> 31))
        return false; /* exclusives come in pairs: a mismatched pair is unpredictable */
    bool vector = (w & 0x0e000000) == 0x0e000000 || (mem && m.vector);
    if (vector && !opt.fp)
        return false;
    if (mem && m.rn >= 0 && (w & 0x0a000000) == 0x08000000) {
        unsigned pick = rnd(&s->r, 8);
        unsigned rn = pick < 2 ? 31 : (unsigned)s->base[m.writeback || pick & 1]; /* [0] stays aligned */
        w = (w & ~(31u << 5)) | rn << 5;
        if (m.imm_width == 12) /* the base is in the middle of the window */
            w = (w & ~(0xfffu << 10)) | rnd(&s->r, (2048 >> m.imm_scale) - 2) << 10;
        if (m.imm_width == 9 && m.writeback)
            w = (w & ~(0x1ffu << 12)) | ((rnd(&s->r, 64) - 32) & 0x1ff) << 12;
        if (m.imm_width == 7 && m.imm_scale > 3)
            w = (w & ~(0x7fu << 15)) | ((rnd(&s->r, 64) - 32) & 0x7f) << 15;
        if (m.writeback && (w & 0x3a000000) == 0x28000000)
            w = (w & ~(0x7fu << 15)) | ((rnd(&s->r, 8) - 4) & 0x7f) << 15;
        if (rn == 31 && m.writeback && pct(&s->r, 90)) /* sp stays aligned mostly */
            return false;
        if ((w & 0xbe800000) == 0x0c800000) /* structures, post-indexed by a register */
            w = (w & ~(31u << 16)) | (pct(&s->r, 50) ? 31u : (unsigned)s->index) << 16;
        if (m.rm >= 0)
            w = (w & ~(31u << 16)) | (unsigned)s->index << 16;
        if (!m.vector) {
            for (int f = 0; f <= 16; f = f == 0 ? 10 : f == 10 ? 16 : 17) {
                bool used = f == 0 || (f == 10 && (w & 0x3a000000) == 0x28000000) ||
                            (f == 10 && m.exclusive && w >> 21 & 1) ||
                            (f == 16 && (w & 0x3f000000) == 0x08000000);
                if (used && (w >> f & 31) != 31 && s->reserved >> (w >> f & 31) & 1)
                    w = (w & ~(31u << f)) | (unsigned)free_reg(s) << f;
            }
        }
        if ((w & 0x3f000000) == 0x08000000 || (w & 0x3b200c00) == 0x38200000 ||
            (w & 0x3f000000) == 0x19000000) { /* those want alignment: use the other base */
            w = (w & ~(31u << 5)) | (unsigned)s->base[0] << 5;
            if (m.imm_width == 9)
                w = (w & ~(0x1ffu << 12)) | (rnd(&s->r, 16) * 16 & 0xff) << 12;
        }
        if (a64_unpredictable(w))
            return false;
    } else if (mem && m.rn == -1) { /* literal */
        uint32_t imm = LIT_FIRST + rnd(&s->r, 10) - s->n;
        w = (w & ~(0x7ffffu << 5)) | (imm & 0x7ffff) << 5;
        if (!m.vector && s->reserved >> (w & 31) & 1)
            w = (w & ~31u) | (unsigned)free_reg(s);
    } else if (mem) { /* cache maintenance */
        w = (w & ~31u) | (unsigned)s->base[0];
    } else if (!(fixed & 31)) {
        if ((w & 31) != 31 && s->reserved >> (w & 31) & 1)
            w = (w & ~31u) | (unsigned)free_reg(s);
        bool to_sp = (w & 31) == 31 && ((w & 0x3f800000) == 0x11000000 ||
                     (w & 0x1f800000) == 0x12000000 || (w & 0x3fe00000) == 0x0b200000);
        if (to_sp && pct(&s->r, 95))
            w = (w & ~31u) | (unsigned)free_reg(s);
    }
    *word = w;
    return true;
}

static void random_row(struct seq *s)
{
    for (unsigned tries = 0; tries < 200; tries++) {
        const struct row *row = &rows[rnd(&s->r, nrows)];
        unsigned top = row->value >> 25 & 15;
        /* weights of the groups: immediates, registers, loads and stores, FP, system */
        bool ls = (top & 5) == 4, fp = (top & 7) == 7, sys = (top & 14) == 10;
        unsigned keep = ls ? 45 : fp ? 40 : sys ? 12 : 100;
        if (!pct(&s->r, keep) || row->unknown)
            continue;
        uint32_t w;
        if (row->npool && pct(&s->r, 99)) { /* a defined word with other registers */
            static const uint32_t fields[] = { 31, 31u << 5 };
            w = row->pool[rnd(&s->r, row->npool)];
            for (unsigned i = 0; i < 2; i++)
                if (!(row->mask & fields[i]))
                    w = (w & ~fields[i]) | ((uint32_t)rng64(&s->r) & fields[i]);
            if (!(row->mask & 31u << 16) && ((w & 0x0e000000) == 0x0a000000 || /* Rm */
                                             (w & 0x1f200400) == 0x0e200400))
                w = (w & ~(31u << 16)) | rnd(&s->r, 32) << 16;
            if (a64_unpredictable(w))
                continue;
        } else if (row->npool || pct(&s->r, 1)) {
            w = row_word(row, &s->r);
        } else {
            continue;
        }
        if (fit(s, row->mask, &w)) {
            put(s, w);
            return;
        }
    }
    put(s, 0xd503201f);
}

/* Something that sets flags, by registers or immediates, 32 or 64 bits. */
static void flag_producer(struct seq *s)
{
    uint32_t sf = (uint32_t)rnd(&s->r, 2) << 31, sub = (uint32_t)rnd(&s->r, 2) << 30;
    unsigned rd = pct(&s->r, 60) ? 31 : (unsigned)free_reg(s), rn = (unsigned)any_reg(s);
    unsigned rm = (unsigned)any_reg(s);
    switch (rnd(&s->r, 8)) {
    case 0: case 1:
        put(s, 0x31000000 | sf | sub | (rnd(&s->r, 3) ? rnd(&s->r, 8) : rnd(&s->r, 4096)) << 10 |
            rn << 5 | rd);
        break;
    case 2: case 3:
        put(s, 0x2b000000 | sf | sub | rm << 16 | rn << 5 | rd);
        break;
    case 4:
        put(s, 0x6a000000 | sf | rm << 16 | (rnd(&s->r, 2) ? rn : rm) << 5 | rd);
        break;
    case 5:
        put(s, 0x72000000 | sf | rnd(&s->r, 32) << 16 | rnd(&s->r, 31) << 10 | rn << 5 | rd);
        break;
    case 6:
        put(s, 0x3a000000 | sf | sub | rm << 16 | rn << 5 | rd);
        break;
    default: /* CCMP, CCMN, register or immediate */
        put(s, 0x3a400000 | sf | sub | rm << 16 | rnd(&s->r, 16) << 12 | rnd(&s->r, 2) << 11 | rn << 5 |
            rnd(&s->r, 16));
    }
}

static void flag_consumer(struct seq *s)
{
    uint32_t sf = (uint32_t)rnd(&s->r, 2) << 31, sub = (uint32_t)rnd(&s->r, 2) << 30;
    unsigned rd = (unsigned)free_reg(s), rn = (unsigned)any_reg(s), rm = (unsigned)any_reg(s);
    switch (rnd(&s->r, 4)) {
    case 0:
        put(s, 0x1a9f07e0 | sf | rnd(&s->r, 16) << 12 | rd); /* cset */
        break;
    case 1:
        put(s, 0x1a000000 | sf | sub | rm << 16 | rn << 5 | rd); /* adc, sbc */
        break;
    default:
        put(s, 0x1a800000 | sf | sub | rm << 16 | rnd(&s->r, 16) << 12 | rnd(&s->r, 2) << 10 | rn << 5 |
            rd);
    }
}

static void forward_branch(struct seq *s)
{
    if (s->npending == 32)
        return;
    uint32_t sf = (uint32_t)rnd(&s->r, 2) << 31;
    s->pending[s->npending] = s->n;
    s->due[s->npending++] = 1 + rnd(&s->r, 5);
    switch (rnd(&s->r, 8)) {
    case 0: case 1: case 2: case 3:
        put(s, 0x54000000 | rnd(&s->r, 16));
        break;
    case 4: case 5:
        put(s, 0x34000000 | sf | rnd(&s->r, 2) << 24 | (unsigned)any_reg(s));
        break;
    case 6:
        put(s, 0x36000000 | sf | rnd(&s->r, 2) << 24 | rnd(&s->r, 32) << 19 | (unsigned)any_reg(s));
        break;
    default:
        put(s, 0x14000000);
    }
}

static void item(struct seq *s);

static void loop(struct seq *s)
{
    if (s->in_loop || s->n + 9 > s->limit) {
        random_row(s);
        return;
    }
    s->in_loop = true;
    resolve(s, true); /* nothing jumps into the loop */
    put(s, 0xd2800000 | (1 + rnd(&s->r, 6)) << 5 | (unsigned)s->count); /* mov count, #k */
    unsigned head = s->n, len = rnd(&s->r, 5);
    for (unsigned i = 0; i < len; i++)
        item(s);
    resolve(s, true);
    uint32_t c = (uint32_t)s->count;
    put(s, 0xf1000400 | c << 5 | c); /* subs count, count, #1 */
    if (pct(&s->r, 30)) {
        uint32_t back = (head - s->n) & 0x7ffff;
        put(s, 0xb5000000 | back << 5 | c); /* cbnz */
    } else {
        uint32_t back = (head - s->n) & 0x7ffff;
        put(s, 0x54000000 | back << 5 | (rnd(&s->r, 2) ? 12 : 1)); /* b.gt, b.ne */
    }
    s->in_loop = false;
}

/* LDXR and STXR, or LDXP and STXP, of one size; between them nothing, or one more instruction. */
static void exclusive(struct seq *s)
{
    uint32_t rn = (uint32_t)s->base[0] << 5, order = (uint32_t)rnd(&s->r, 2) << 15;
    unsigned rt = (unsigned)free_reg(s), rs = (unsigned)free_reg(s), rt2 = (unsigned)free_reg(s);
    if (rs == rt || rs == rt2 || rt == rt2)
        return;
    bool two = pct(&s->r, 30);
    uint32_t sz = (two ? 2 + rnd(&s->r, 2) : rnd(&s->r, 4)) << 30;
    uint32_t kind = two ? 0x08200000 | rt2 << 10 : 0x08007c00;
    put(s, kind | 0x005f0000 | sz | order | rn | rt);
    if (pct(&s->r, 50))
        random_row(s);
    put(s, kind | sz | rs << 16 | order | rn | rt);
}

static void item(struct seq *s)
{
    resolve(s, false);
    switch (rnd(&s->r, 100)) {
    case 0 ... 11: flag_producer(s); break;
    case 12 ... 19: flag_consumer(s); break;
    case 20 ... 27:
        if (pct(&s->r, 60))
            flag_producer(s);
        forward_branch(s);
        break;
    case 28 ... 30: loop(s); break;
    case 31 ... 33: /* call: bl, or adr and blr */
        if (s->ncall < 16 && s->n + 4 < s->limit) {
            if (pct(&s->r, 50)) {
                s->call[s->ncall++] = s->n;
                put(s, 0x94000000);
            } else {
                unsigned x = (unsigned)free_reg(s);
                s->call[s->ncall++] = s->n;
                put(s, 0x10000000 | x);
                put(s, 0xd63f0000 | x << 5);
            }
        }
        break;
    case 34 ... 35: exclusive(s); break;
    case 36: /* an address out of nothing */
        if (pct(&s->r, 30))
            put(s, 0xf9400000 | (unsigned)any_reg(s) << 5 | (unsigned)free_reg(s));
        break;
    default: random_row(s);
    }
}

void gen_seq(uint64_t index, struct test *t)
{
    struct seq s = { .r = { (opt.seed + 1) * 0x9e3779b97f4a7c15 ^ 0x5ec0 ^ index * 0xd1342543de82ef95 },
                     .t = t, .n = CODE_FIRST };
    memset(t, 0, sizeof *t);
    snprintf(t->what, sizeof t->what, "seq");
    t->index = index;
    t->slot = index % FUZZ_MAX_CASES;
    gen_state(&s.r, t);

    s.reserved = 1u << 30;
    int *special[4] = { &s.base[0], &s.base[1], &s.index, &s.count };
    for (int i = 0; i < 4; i++) {
        *special[i] = free_reg(&s);
        s.reserved |= 1u << *special[i];
    }
    t->c.x[s.base[0]] = FUZZ_WIN + 0x800;
    t->c.x[s.base[1]] = FUZZ_WIN + 0x700 + rnd(&s.r, 256);
    if (pct(&s.r, 10)) /* near an end: faults become likely */
        t->c.x[s.base[1]] = FUZZ_WIN + (pct(&s.r, 50) ? 40 : FUZZ_WIN_SIZE - 40);
    t->c.x[s.index] = rnd(&s.r, 64);
    t->c.x[s.count] = 1 + rnd(&s.r, 3);
    t->c.sp = FUZZ_WIN + 0x600 + 16 * rnd(&s.r, 32);

    unsigned len = 2 + rnd(&s.r, 29);
    s.limit = CODE_FIRST + len;
    while (s.n < s.limit)
        item(&s);
    if (s.n > CODE_LAST - 8)
        s.n = CODE_LAST - 8;
    resolve(&s, true);
    t->n = s.n - 1;
    s.n++; /* the exit jump */
    if (s.ncall) {
        /* one function for all calls: a few instructions and ret */
        unsigned at = s.n, k = rnd(&s.r, 4);
        while (k--)
            random_row(&s);
        put(&s, 0xd65f03c0);
        for (unsigned i = 0; i < s.ncall; i++) {
            uint32_t *w = &t->c.words[s.call[i]];
            if (s.call[i] > t->n)
                continue;
            uint32_t d = at - s.call[i];
            if (*w >> 26 == 0x25)
                *w |= d;
            else
                *w |= d << 5; /* adr: bytes / 4 in immhi */
        }
    }
    gen_finish(&s.r, t);
}
