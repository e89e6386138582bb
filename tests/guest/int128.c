/* 128-bit integers: carries across words, multiplication, division, shifts by every count. */
#include <stdint.h>
#include <stdio.h>

typedef unsigned __int128 u128;
typedef __int128 i128;
static uint64_t seed = 88172645463325252u;
static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}
static u128 make(uint64_t hi, uint64_t lo) { return (u128)hi << 64 | lo; }
static uint64_t fold(u128 x) { return (uint64_t)(x >> 64) * 31 + (uint64_t)x; }

static __attribute__((noinline)) uint64_t all(u128 a, u128 b)
{
    uint64_t h = 0;
    unsigned s = (unsigned)b & 127;
    h = h * 33 + fold(a + b);
    h = h * 33 + fold(a - b);
    h = h * 33 + fold(a * b);
    if (b) {
        h = h * 33 + fold(a / b);
        h = h * 33 + fold(a % b);
        if ((i128)b != -1) {
            h = h * 33 + fold((i128)a / (i128)b);
            h = h * 33 + fold((i128)a % (i128)b);
        }
    }
    h = h * 33 + fold(a << s);
    h = h * 33 + fold(a >> s);
    h = h * 33 + fold((i128)a >> s);
    h = h * 33 + (a < b) + 2 * ((i128)a < (i128)b) + 4 * (a == b) + 8 * ((i128)a >= (i128)b);
    h = h * 33 + fold(-a) + fold(~b) + fold(a & b) + fold(a | b) + fold(a ^ b);
    h = h * 33 + (uint64_t)((u128)(uint64_t)a * (uint64_t)b >> 64);
    h = h * 33 + (uint64_t)((i128)(int64_t)a * (int64_t)b >> 64);
    return h;
}
static void print(u128 x)
{
    char buf[50], *p = buf + sizeof(buf);
    *--p = 0;
    do
        *--p = '0' + (int)(x % 10);
    while (x /= 10);
    printf("%s\n", p);
}
int main(void)
{
    static const uint64_t edge[] = { 0, 1, 2, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX,
                                     0xffffffff, 0x100000000 };
    uint64_t h = 0;
    for (int i = 0; i < 8 * 8 * 8 * 8; i++)
        h = h * 37 + all(make(edge[i & 7], edge[i >> 3 & 7]), make(edge[i >> 6 & 7], edge[i >> 9]));
    printf("%016llx\n", (unsigned long long)h);
    for (int i = 0; i < 5000; i++) {
        uint64_t p = next(), q = next(), r = next(), s = next();
        h = h * 37 + all(make(p, q), make(r >> (i & 63), s));
    }
    printf("%016llx\n", (unsigned long long)h);
    u128 f = 1;
    for (int i = 2; i <= 34; i++)
        f *= i;
    print(f);
    print(-(u128)1);
    return 0;
}
