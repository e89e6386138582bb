/* Float loops that the compiler makes into vector code (no reassociation: sums by eight lanes by hand).
 * Argument: rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4096 };
static float a[N], b[N], c[N], d[N];

static __attribute__((noinline)) void axpy(float k)
{
    for (int i = 0; i < N; i++)
        c[i] = a[i] * k + b[i];
    for (int i = 0; i < N; i++)
        d[i] = c[i] > b[i] ? c[i] - b[i] : b[i] * 0.5f;
    for (int i = 0; i < N; i++)
        b[i] = (d[i] + c[i]) * 0.25f;
}
static __attribute__((noinline)) float dot(void)
{
    float lane[8] = { 0 };
    for (int i = 0; i < N; i += 8)
        for (int k = 0; k < 8; k++)
            lane[k] += c[i + k] * d[i + k];
    return lane[0] + lane[1] + lane[2] + lane[3] + lane[4] + lane[5] + lane[6] + lane[7];
}
int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    unsigned h = 0;
    for (int i = 0; i < N; i++) {
        a[i] = (float)(i % 97) / 97;
        b[i] = (float)(i % 89) / 89;
    }
    while (rounds--) {
        axpy(0.5f + (float)(rounds & 7) / 16);
        float s = dot();
        unsigned bits;
        memcpy(&bits, &s, 4);
        h = h * 31 + bits;
    }
    printf("%08x\n", h);
    return 0;
}
