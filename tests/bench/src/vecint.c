/* Integer loops that the compiler makes into vector code. Argument: rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 4096 };
static int32_t a[N], b[N], c[N];
static uint8_t p[N], q[N], r[N];
static int16_t s[N], t[N];

static __attribute__((noinline)) int32_t ints(void)
{
    int32_t sum = 0;
    for (int i = 0; i < N; i++)
        c[i] = (a[i] + b[i]) * 3 - (c[i] >> 2);
    for (int i = 0; i < N; i++)
        a[i] = a[i] > c[i] ? a[i] ^ b[i] : c[i];
    for (int i = 0; i < N; i++)
        sum += a[i] * b[i];
    return sum;
}
static __attribute__((noinline)) uint32_t pixels(void)
{
    uint32_t diff = 0;
    for (int i = 0; i < N; i++) {
        int v = (p[i] * 77 + q[i] * 150) >> 8;
        r[i] = v > 255 ? 255 : v;
    }
    for (int i = 0; i < N; i++)
        diff += p[i] > r[i] ? p[i] - r[i] : r[i] - p[i];
    for (int i = 0; i < N; i++)
        q[i] = (q[i] + r[i] + 1) >> 1;
    return diff;
}
static __attribute__((noinline)) int32_t samples(void)
{
    int32_t dot = 0;
    for (int i = 0; i < N; i++)
        dot += s[i] * t[i];
    for (int i = 0; i < N; i++)
        t[i] = (int16_t)((s[i] * 3 + t[i]) >> 1);
    return dot;
}
int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    uint32_t seed = 1, h = 0;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525 + 1013904223;
        a[i] = seed >> 8;
        b[i] = seed >> 3;
        p[i] = seed >> 24;
        q[i] = seed >> 16;
        s[i] = seed >> 17;
        t[i] = seed >> 11;
    }
    while (rounds--)
        h = h * 31 + ints() + pixels() + samples();
    printf("%08x\n", h);
    return 0;
}
