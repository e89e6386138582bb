/* Integer arithmetic of every width: wrap-around, division and its corners, shifts, carries, compares. */
#include <limits.h>
#include <stdint.h>
#include <stdio.h>

static uint64_t seed = 0x9e3779b97f4a7c15u;
static uint64_t next(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static const int64_t special[] = { 0, 1, -1, 2, -2, 127, -128, 255, 32767, -32768, 65535, INT_MAX,
                                   INT_MIN, UINT_MAX, LLONG_MAX, LLONG_MIN, 0x5555555555555555,
                                   (int64_t)0xaaaaaaaaaaaaaaaau, 10, -10, 1000000007 };
#define N ((int)(sizeof(special) / sizeof(special[0])))

/* A noinline function per operation and type: operands are not known to the compiler. */
#define OPS(T, U, name, bits)                                                                       \
    static __attribute__((noinline)) uint64_t name(T a, T b)                                        \
    {                                                                                               \
        uint64_t h = 0;                                                                             \
        unsigned s = (U)b % bits;                                                                   \
        h = h * 31 + (U)((U)a + (U)b);                                                              \
        h = h * 31 + (U)((U)a - (U)b);                                                              \
        h = h * 31 + (U)((U)a * (uint64_t)(U)b);                                                    \
        if (b != 0 && b != (T)-1) {                                                                 \
            h = h * 31 + (U)(a / b);                                                                \
            h = h * 31 + (U)(a % b);                                                                \
        }                                                                                           \
        if (b != 0) {                                                                               \
            h = h * 31 + (U)((U)a / (U)b);                                                          \
            h = h * 31 + (U)((U)a % (U)b);                                                          \
        }                                                                                           \
        h = h * 31 + (U)((U)a << s);                                                                \
        h = h * 31 + (U)((U)a >> s);                                                                \
        h = h * 31 + (U)(a >> s);                                                                   \
        h = h * 31 + (U)(((U)a << s) | ((U)a >> ((bits - s) % bits)));                              \
        h = h * 31 + (U)((a & b) | (a & ~b)) + (U)(a ^ ~b);                                         \
        h = h * 31 + (a < b) + 2 * (a <= b) + 4 * ((U)a < (U)b) + 8 * ((U)a <= (U)b);               \
        h = h * 31 + (U)(a < b ? a : b) + (U)((U)a > (U)b ? a : b);                                 \
        h = h * 31 + (U)-(U)a + (U)~b + !a;                                                         \
        T r;                                                                                        \
        h = h * 31 + __builtin_add_overflow(a, b, &r);                                              \
        h = h * 31 + __builtin_sub_overflow(a, b, &r) + (U)r;                                       \
        h = h * 31 + __builtin_mul_overflow(a, b, &r) + (U)r;                                       \
        return h;                                                                                   \
    }
OPS(int8_t, uint8_t, ops8, 8)
OPS(int16_t, uint16_t, ops16, 16)
OPS(int32_t, uint32_t, ops32, 32)
OPS(int64_t, uint64_t, ops64, 64)

static __attribute__((noinline)) uint64_t constants(int64_t a)
{
    uint64_t h = 0, u = a;
    int32_t w = a;
    h = h * 31 + a / 3 + a / 7 + a / 10 + a / -5 + a % 1000 + a / 4096 + a % 4096;
    h = h * 31 + u / 3 + u / 7 + u / 10 + u % 1000000007;
    h = h * 31 + w / 3 + w / 7 + w % 10 + (uint32_t)w / 9 + (uint32_t)w % 11;
    h = h * 31 + u * 3 + u * 5 + u * 9 + u * 17 + u * 255 + u * 0x123456789abcdefu;
    h = h * 31 + (u & 0xff00ff00ff00ff00u) + (u | 0x0f0f0f0f) + (u ^ 0x8000000000000001u);
    h = h * 31 + (int8_t)a + (int16_t)a + (uint8_t)a + (uint16_t)a + (uint32_t)a;
    h = h * 31 + (a >> 63) + (u >> 63) + (u << 63 >> 60) + (w >> 31) + ((uint32_t)w >> 31);
    return h;
}

int main(void)
{
    uint64_t h8 = 0, h16 = 0, h32 = 0, h64 = 0, c = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            h8 = h8 * 37 + ops8(special[i], special[j]);
            h16 = h16 * 37 + ops16(special[i], special[j]);
            h32 = h32 * 37 + ops32(special[i], special[j]);
            h64 = h64 * 37 + ops64(special[i], special[j]);
        }
        c = c * 37 + constants(special[i]);
        printf("%lld: %016llx\n", (long long)special[i], (unsigned long long)constants(special[i]));
    }
    for (int i = 0; i < 20000; i++) {
        int64_t a = next(), b = next() >> (i & 63);
        h8 = h8 * 37 + ops8(a, b);
        h16 = h16 * 37 + ops16(a, b);
        h32 = h32 * 37 + ops32(a, b);
        h64 = h64 * 37 + ops64(a, b);
        c = c * 37 + constants(a);
    }
    printf("%016llx %016llx %016llx %016llx %016llx\n", (unsigned long long)h8,
           (unsigned long long)h16, (unsigned long long)h32, (unsigned long long)h64,
           (unsigned long long)c);
    return 0;
}
