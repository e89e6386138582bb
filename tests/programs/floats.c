/* For the tool chain's test: code whose -S output shows vectors, floating point, long double, complex,
 * builtins, atomics, structures by value, switch tables, inline assembly. */
#include <complex.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef float v4 __attribute__((vector_size(16)));
typedef int i4 __attribute__((vector_size(16)));
struct pair { double a, b; };
struct big { int v[20]; };
static double grid[64][64];

double dot(const double *restrict a, const double *restrict b, int n)
{
    double s = 0;
    for (int i = 0; i < n; i++)
        s += a[i] * b[i];
    return s;
}
void saxpy(float *restrict y, const float *restrict x, float a, int n)
{
    for (int i = 0; i < n; i++)
        y[i] = a * x[i] + y[i];
}
struct pair swap(struct pair p) { return (struct pair){ p.b + 1.5, p.a * 0.1 }; }
struct big fill(int k) { struct big b; for (int i = 0; i < 20; i++) b.v[i] = i * k; return b; }
v4 blend(v4 a, v4 b) { i4 m = a > b; return (v4)((m & (i4)a) | (~m & (i4)b)) + __builtin_shuffle(a, b, (i4){ 0, 5, 2, 7 }); }
long double wide(long double x) { return x * x / 3.0L + 1.25L; }
complex double spiral(complex double z, int n) { while (n--) z = z * z + (0.1 + 0.2 * I); return z; }
int classify(int c)
{
    switch (c) {
    case 'a': case 'e': return 1; case 'b': return 7; case 'c': return 3; case 'd': return 9; case 'f': return 2;
    case 'g': return 11; case 'h': return 4; default: return c > 100 ? -1 : 0;
    }
}
uint64_t mix(uint64_t x, __int128 y) { x ^= __builtin_bswap64(x) + __builtin_popcountll(x); return x * (uint64_t)(y >> 7) + __builtin_clzll(x | 1); }
static _Atomic int counter;
int bump(int n) { int old = __atomic_fetch_add(&counter, n, __ATOMIC_ACQ_REL); int e = old; __atomic_compare_exchange_n(&counter, &e, 5, 0, 5, 0); return old + e; }
void relax(int steps)
{
    for (int s = 0; s < steps; s++)
        for (int i = 1; i < 63; i++)
            for (int j = 1; j < 63; j++)
                grid[i][j] = 0.25 * (grid[i - 1][j] + grid[i + 1][j] + grid[i][j - 1] + grid[i][j + 1]);
}
uint8_t average(const uint8_t *p, int n) { unsigned s = 0; for (int i = 0; i < n; i++) s += p[i]; return s / (n ? n : 1); }
static int by_value(const void *a, const void *b) { double x = *(const double *)a, y = *(const double *)b; return (x > y) - (x < y); }

int main(void)
{
    static double a[200], b[200];
    static float x[200], y[200];
    for (int i = 0; i < 200; i++) {
        a[i] = sin(i) * 10; b[i] = sqrt(i) / 3; x[i] = (float)a[i]; y[i] = (float)(i % 7);
    }
    saxpy(y, x, 1.1f, 200);
    qsort(a, 200, sizeof *a, by_value);
    struct pair p = swap((struct pair){ 1, 2 });
    struct big f = fill(3);
    v4 v = blend((v4){ 1, 2, 3, 4 }, (v4){ 4, 3, 2, 1 });
    complex double z = spiral(0.1 + 0.3 * I, 30);
    for (int i = 0; i < 64; i++) grid[0][i] = i;
    relax(50);
    printf("%.17g %.9g %.17g %.17g %d %g %g\n", dot(a, b, 200), y[77], p.a, p.b, f.v[19], v[0], v[3]);
    printf("%.20Lg %.15g %.15g %d %d %llu\n", wide(2.5L), creal(z), cimag(z), classify('g'), classify('z'), (unsigned long long)mix(12345, (__int128)1 << 70));
    printf("%d %d %.17g %u %s\n", bump(7), bump(1), grid[20][20], average((const uint8_t *)"hello", 5), strrchr("a/b/c", '/'));
    printf("%a %.3e %ld %d\n", fma(0.1, 10, -1), cbrt(2), lrint(2.5), (int)floorf(-1.5f));
    return 0;
}
