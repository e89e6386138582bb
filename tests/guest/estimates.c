/* Estimates, Newton-Raphson steps and FMULX of Advanced SIMD: every sign and exponent with the bits of the
 * fraction that select a table's entry, and pairs of operands near the points where steps round, in seven
 * modes of FPCR, with FPSR. Prints a digest for each. Argument: log2 of the operands of an estimate.
 * TEST: native=no */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DN = 1 << 25, FZ = 1 << 24, RP = 1 << 22, RM = 2 << 22, RZ = 3 << 22 };

static uint64_t digest, state;

static void mix(uint64_t v)
{
    digest = (digest ^ v) * 0x9e3779b97f4a7c15u;
    digest ^= digest >> 29;
}
static uint64_t draw(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}
static void mix_fpsr(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, fpsr\n\tmsr fpsr, xzr" : "=r"(v));
    mix(v);
}

#define ONE(name, insn, T)                                                                         \
    static uint64_t name(uint64_t a, uint64_t b)                                                   \
    {                                                                                              \
        T r, x;                                                                                    \
        uint64_t v = 0;                                                                            \
        memcpy(&x, &a, sizeof x);                                                                  \
        (void)b;                                                                                   \
        __asm__ volatile(insn : "=w"(r) : "w"(x));                                                 \
        memcpy(&v, &r, sizeof r);                                                                  \
        return v;                                                                                  \
    }
#define TWO(name, insn, T)                                                                         \
    static uint64_t name(uint64_t a, uint64_t b)                                                   \
    {                                                                                              \
        T r, x, y;                                                                                 \
        uint64_t v = 0;                                                                            \
        memcpy(&x, &a, sizeof x);                                                                  \
        memcpy(&y, &b, sizeof y);                                                                  \
        __asm__ volatile(insn : "=w"(r) : "w"(x), "w"(y));                                         \
        memcpy(&v, &r, sizeof r);                                                                  \
        return v;                                                                                  \
    }
ONE(recpe_s, "frecpe %s0, %s1", float)
ONE(recpe_d, "frecpe %d0, %d1", double)
ONE(rsqrte_s, "frsqrte %s0, %s1", float)
ONE(rsqrte_d, "frsqrte %d0, %d1", double)
ONE(recpx_s, "frecpx %s0, %s1", float)
ONE(recpx_d, "frecpx %d0, %d1", double)
ONE(urecpe, "urecpe %0.2s, %1.2s", float)
ONE(ursqrte, "ursqrte %0.2s, %1.2s", float)
TWO(recps_s, "frecps %s0, %s1, %s2", float)
TWO(recps_d, "frecps %d0, %d1, %d2", double)
TWO(rsqrts_s, "frsqrts %s0, %s1, %s2", float)
TWO(rsqrts_d, "frsqrts %d0, %d1, %d2", double)
TWO(mulx_s, "fmulx %s0, %s1, %s2", float)
TWO(mulx_d, "fmulx %d0, %d1, %d2", double)

static const struct { const char *name; uint64_t (*fn)(uint64_t, uint64_t); int bits, operands; } list[] = {
    { "frecpe s", recpe_s, 32, 1 },   { "frecpe d", recpe_d, 64, 1 },
    { "frsqrte s", rsqrte_s, 32, 1 }, { "frsqrte d", rsqrte_d, 64, 1 },
    { "frecpx s", recpx_s, 32, 1 },   { "frecpx d", recpx_d, 64, 1 },
    { "urecpe", urecpe, 32, 1 },      { "ursqrte", ursqrte, 32, 1 },
    { "frecps s", recps_s, 32, 2 },   { "frecps d", recps_d, 64, 2 },
    { "frsqrts s", rsqrts_s, 32, 2 }, { "frsqrts d", rsqrts_d, 64, 2 },
    { "fmulx s", mulx_s, 32, 2 },     { "fmulx d", mulx_d, 64, 2 },
};

/* All values of the top bits, and four of the others. */
static void sweep(uint64_t (*fn)(uint64_t, uint64_t), int bits, int top)
{
    uint64_t rest = (1ull << (bits - top)) - 1;
    for (uint64_t t = 0; t < 1ull << top; t++) {
        const uint64_t low[4] = { 0, 1, rest, draw() & rest };
        for (int k = 0; k < 4; k++)
            mix(fn(t << (bits - top) | low[k], 0));
        mix_fpsr();
    }
}

/* Products near a power of two, special operands, any. */
static void pairs(uint64_t (*fn)(uint64_t, uint64_t), int bits, long n)
{
    static const uint64_t special[] = { 0, 1, 2, 3, 0x3ff, 0x7ff, 0x7fe, 0x800, 0xbff, 0xfff };
    int fraction = bits == 64 ? 52 : 23;
    uint64_t exponents = bits == 64 ? 0x7ff : 0xff, all = ~0ull >> (64 - bits);
    for (long k = 0; k < n; k++) {
        uint64_t a = draw(), b = draw(), kind = draw() & 7;
        if (kind < 3) {
            uint64_t e = 2 * (exponents >> 1) - (a >> fraction & exponents) + draw() % 5 - 2;
            b = (b & ~(exponents << fraction)) | (e & exponents) << fraction;
        } else if (kind == 3) { /* zeros, subnormals, infinities, NaNs */
            uint64_t e = special[draw() % 10] >> (bits == 64 ? 0 : 3);
            b = e << fraction | (draw() & 1 ? draw() & 3 : 1ull << (fraction - 1));
        } else if (kind == 4) {
            a &= ~((1ull << fraction) - 1);
            b &= ~((1ull << fraction) - 1);
        }
        mix(fn(a & all, b & all));
        if (k % 4 == 0)
            mix_fpsr();
    }
}

int main(int argc, char **argv)
{
    static const uint32_t modes[] = { 0, DN, FZ, RP, RM, RZ, FZ | DN | RZ };
    int top = argc > 1 ? atoi(argv[1]) : 13;
    for (unsigned m = 0; m < sizeof modes / sizeof *modes; m++) {
        __asm__ volatile("msr fpcr, %0" ::"r"((uint64_t)modes[m]));
        for (unsigned k = 0; k < sizeof list / sizeof *list; k++) {
            digest = 1;
            state = 88172645463325252u;
            if (list[k].operands == 1)
                sweep(list[k].fn, list[k].bits, list[k].bits == 64 ? top + 3 : top);
            else
                pairs(list[k].fn, list[k].bits, 1l << top);
            printf("%07x %s %016llx\n", modes[m], list[k].name, (unsigned long long)digest);
        }
    }
    return 0;
}
