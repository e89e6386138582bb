/* Counting, reversing, extracting and inserting bits; bit-fields; CRC and Gray codes by table and loop. */
#include <stdint.h>
#include <stdio.h>

struct fields { unsigned a : 3, b : 7, c : 1, d : 21; signed e : 5, f : 12; uint64_t g : 40, h : 24; };

static uint64_t seed = 0x123456789abcdef;
static uint64_t next(void) { return seed = seed * 6364136223846793005u + 1442695040888963407u; }

static __attribute__((noinline)) uint64_t counts(uint64_t x)
{
    uint32_t w = x;
    uint64_t h = __builtin_popcountll(x) * 3 + __builtin_popcount(w) + __builtin_parityll(x);
    if (x)
        h = h * 31 + __builtin_clzll(x) + 64 * __builtin_ctzll(x) + __builtin_ffsll(x);
    if (w)
        h = h * 31 + __builtin_clz(w) + 32 * __builtin_ctz(w);
    h = h * 31 + __builtin_clrsbll(x) + __builtin_clrsb(w);
    return h;
}
static __attribute__((noinline)) uint64_t moves(uint64_t x, unsigned s)
{
    uint32_t w = x;
    uint64_t h = __builtin_bswap64(x) ^ __builtin_bswap32(w) ^ __builtin_bswap16(w);
    h = h * 31 + (x << (s & 63) | x >> (-s & 63));
    h = h * 31 + (w << (s & 31) | w >> (-s & 31));
    h = h * 31 + (x >> 5 & 0x1fff) + ((int64_t)(x << 20) >> 50) + (w >> 3 & 0xff) + ((int32_t)(w << 7) >> 12);
    h = h * 31 + ((x & ~0xffffff00ull) | (x << 8 & 0xffffff00)) + (x & -x) + (x & (x - 1)) + (x ^ (x >> 1));
    h = h * 31 + (x & 0x3ffffffc0) + (x | 0x7000000000000007) + ((x & 0xff) << 30);
    return h;
}
static __attribute__((noinline)) uint64_t reverse(uint64_t x)
{
    uint64_t r = 0;
    for (int i = 0; i < 64; i++)
        r |= (x >> i & 1) << (63 - i);
    return r;
}
static uint32_t crc_table[256];
static uint32_t crc(const uint8_t *p, unsigned n)
{
    uint32_t c = ~0u;
    while (n--)
        c = crc_table[(c ^ *p++) & 255] ^ c >> 8;
    return ~c;
}
int main(void)
{
    struct fields f = { 0 };
    uint64_t h = 0;
    for (int i = 0; i < 30000; i++) {
        uint64_t x = next() >> (i & 63);
        h = h * 37 + counts(x) + moves(x, i);
        if (i % 16 == 0)
            h ^= reverse(x);
        f.a += x;
        f.b ^= x >> 3;
        f.c ^= f.a;
        f.d += f.b;
        f.e -= x;
        f.f += f.e;
        f.g = f.g * 3 + x;
        f.h ^= f.g;
        h = h * 41 + f.a + f.b + f.c + f.d + f.e + f.f + f.g + f.h;
    }
    printf("%016llx\n", (unsigned long long)h);
    printf("%u %u %u %u %d %d %llx %x\n", f.a, f.b, f.c, f.d, f.e, f.f, (unsigned long long)f.g,
           (unsigned)f.h);
    for (unsigned i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c >> 1 ^ (c & 1 ? 0xedb88320 : 0);
        crc_table[i] = c;
    }
    printf("%08x %08x\n", crc((const uint8_t *)"123456789", 9), crc((const uint8_t *)crc_table, 1024));
    return 0;
}
