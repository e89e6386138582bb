/* Floating point as programs use it: formats, rounding, comparisons with NaN, conversions, libm. */
#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double v[] = { 0.0, -0.0, 1.0, -1.5, 0.1, 1e300, -1e-300, DBL_MIN, 4.9e-324, DBL_MAX,
                            INFINITY, -INFINITY, NAN, 3.5, 2.5, 1e15 + 0.5, -2147483649.0, 1e19 };
#define N ((int)(sizeof(v) / sizeof(v[0])))

static __attribute__((noinline)) uint64_t pairs(double a, double b, float c, float d)
{
    uint64_t h = 0, u;
    double r[] = { a + b, a - b, a * b, a / b, c + d, c - d, c * d, c / d, fma(a, b, a), (float)a, c };
    for (unsigned i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
        if (isnan(r[i]))
            r[i] = 12345;
        memcpy(&u, &r[i], 8);
        h = h * 31 + u;
    }
    h = h * 31 + (a < b) + 2 * (a <= b) + 4 * (a == b) + 8 * (a != b) + 16 * !!isunordered(a, b);
    return h * 31 + (c > d) + 2 * (c >= d) + 4 * !!signbit(a) + 8 * !!isfinite(b);
}
int main(void)
{
    uint64_t h = 0;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            h = h * 37 + pairs(v[i], v[j], v[i], v[j]);
    printf("%016llx\n", (unsigned long long)h);
    for (int i = 0; i < N; i++)
        if (!isnan(v[i]))
            printf("%g %.17g %a %f %e %.3f\n", v[i], v[i], v[i], fabs(v[i]) < 1e20 ? v[i] : 0, v[i],
                   fabs(v[i]) < 1e20 ? v[i] : 0);
    for (int i = 0; i < N; i++)
        if (fabs(v[i]) < 2e9)
            printf("%d %ld %g %g %g %g %ld\n", (int)v[i], (long)v[i], floor(v[i]), ceil(v[i]),
                   trunc(v[i]), rint(v[i]), lround(v[i]));
    static const int modes[] = { FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO };
    for (int m = 0; m < 4; m++) {
        fesetround(modes[m]);
        volatile double a = 1, b = 3, c = -1, half = 2.5;
        volatile float fa = 1, fb = 3;
        printf("%a %a %a %g %g\n", a / b, c / b, (double)(fa / fb), rint(half), rint(-half));
    }
    fesetround(FE_TONEAREST);
    feclearexcept(FE_ALL_EXCEPT);
    volatile double z = 0, one = 1, big = DBL_MAX;
    printf("%d", fetestexcept(FE_ALL_EXCEPT));
    volatile double t = one / z;
    printf(" %d", !!fetestexcept(FE_DIVBYZERO));
    t = z / z;
    printf(" %d", !!fetestexcept(FE_INVALID));
    t = big * big;
    printf(" %d %d\n", !!fetestexcept(FE_OVERFLOW), !!fetestexcept(FE_INEXACT));
    (void)t;
    double s = 0;
    for (int i = 1; i <= 1000; i++)
        s += sqrt(i) / (i + 0.5);
    printf("%.15g\n", s);
    printf("%.12g %.12g %.12g %.12g %.12g\n", sin(1), cos(2), exp(1.5), log(10), pow(2, 0.5));
    printf("%.12g %.12g %.12g\n", atan2(1, 2), fmod(10, 3.3), hypot(3, 4));
    printf("%.17g %.9g %a\n", strtod("3.14159265358979323846", NULL), strtof("1e-40", NULL),
           strtod("0x1.8p-3", NULL));
    printf("%lld %llu %d\n", (long long)1e18, (unsigned long long)1.8e19, (int)-1e9f);
    return 0;
}
