/* Loops over arrays of every integer type, which the compiler makes into vector code at -O3. */
#include <stdint.h>
#include <stdio.h>

enum { N = 259 };
#define LOOPS(T, name)                                                                            \
    static T name##_a[N], name##_b[N], name##_c[N];                                               \
    static __attribute__((noinline)) uint64_t name(uint64_t seed)                                 \
    {                                                                                             \
        T *a = name##_a, *b = name##_b, *c = name##_c, lo = a[0], hi = a[0], sum = 0, ors = 0;      \
        for (int i = 0; i < N; i++) {                                                             \
            seed = seed * 6364136223846793005u + 1442695040888963407u;                            \
            a[i] = seed >> 32;                                                                    \
            b[i] = seed >> 40;                                                                    \
        }                                                                                         \
        for (int i = 0; i < N; i++) c[i] = a[i] + b[i];                                           \
        for (int i = 0; i < N; i++) c[i] = c[i] * a[i] - b[i];                                    \
        for (int i = 0; i < N; i++) c[i] ^= (a[i] & b[i]) | ~c[i];                                \
        for (int i = 0; i < N; i++) c[i] += a[i] > b[i] ? a[i] : b[i];                            \
        for (int i = 0; i < N; i++) c[i] -= a[i] < b[i] ? (T)3 : c[i];                            \
        for (int i = 0; i < N; i++) c[i] = c[i] << 3 | a[i] >> 2;                                 \
        for (int i = 0; i < N; i++) b[i] = c[N - 1 - i];                                          \
        for (int i = 0; i < N / 2; i++) a[i] = c[2 * i] + c[2 * i + 1];                           \
        for (int i = 0; i < N; i++) sum += c[i] * b[i];                                           \
        for (int i = 0; i < N; i++) ors |= a[i];                                                  \
        for (int i = 0; i < N; i++) lo = c[i] < lo ? c[i] : lo, hi = c[i] > hi ? c[i] : hi;       \
        uint64_t h = (uint64_t)sum + ors;                                                         \
        for (int i = 0; i < N; i++) h = h * 31 + c[i] + b[i] * 7 + a[i];                          \
        return h * 31 + lo + hi * 5;                                                              \
    }
LOOPS(int8_t, i8) LOOPS(uint8_t, u8) LOOPS(int16_t, i16) LOOPS(uint16_t, u16)
LOOPS(int32_t, i32) LOOPS(uint32_t, u32) LOOPS(int64_t, i64) LOOPS(uint64_t, u64)

static uint8_t bytes[N];
static int32_t words[N];
static __attribute__((noinline)) uint64_t conversions(void)
{
    uint64_t h = 0;
    int64_t wide = 0;
    uint32_t diff = 0;
    for (int i = 0; i < N; i++) words[i] = bytes[i] - 128;
    for (int i = 0; i < N; i++) wide += words[i] * (int64_t)words[i];
    for (int i = 0; i < N; i++) diff += words[i] < 0 ? -words[i] : words[i];
    for (int i = 0; i < N; i++) bytes[i] = words[i] > 100 ? 255 : words[i] < -100 ? 0 : words[i] + 3;
    for (int i = 0; i < N; i++) h = h * 31 + bytes[i];
    return h + wide * 3 + diff;
}
int main(void)
{
    uint64_t (*const f[])(uint64_t) = { i8, u8, i16, u16, i32, u32, i64, u64 };
    for (int k = 0; k < 8; k++) {
        uint64_t h = 0;
        for (int r = 0; r < 20; r++)
            h = h * 37 + f[k](r + k);
        printf("%d %016llx\n", k, (unsigned long long)h);
    }
    for (int i = 0; i < N; i++)
        bytes[i] = i * 37;
    printf("%016llx\n", (unsigned long long)conversions());
    return 0;
}
