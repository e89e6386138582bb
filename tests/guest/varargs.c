/* Variable arguments of mixed types in registers and on the stack; structs by value of many sizes. */
#include <stdarg.h>
#include <stdio.h>

static __attribute__((noinline)) long long sum(const char *types, ...)
{
    va_list ap, again;
    long long s = 0;
    va_start(ap, types);
    va_copy(again, ap);
    for (const char *t = types; *t; t++)
        switch (*t) {
        case 'i': s = s * 3 + va_arg(ap, int); break;
        case 'l': s = s * 3 + va_arg(ap, long long); break;
        case 'u': s = s * 3 + va_arg(ap, unsigned); break;
        case 's': s = s * 3 + va_arg(ap, char *)[0]; break;
        case 'c': s = s * 3 + (char)va_arg(ap, int); break;
        }
    if (types[0] == 'i')
        s += va_arg(again, int);
    va_end(again);
    va_end(ap);
    return s;
}
struct s1 { char c; };
struct s3 { char c[3]; };
struct s8 { int a, b; };
struct s12 { int a, b, c; };
struct s16 { long a, b; };
struct s24 { long a, b, c; };
struct s64 { long v[8]; };
static __attribute__((noinline)) struct s24 mix(struct s1 a, struct s3 b, struct s8 c, struct s12 d,
                                                struct s16 e, struct s24 f, struct s64 g, int last)
{
    struct s24 r = { a.c + b.c[0] + b.c[1] + b.c[2], c.a * c.b + d.a + d.b + d.c,
                     e.a ^ e.b ^ f.a ^ f.b ^ f.c };
    for (int i = 0; i < 8; i++)
        r.a += g.v[i] * last;
    return r;
}
static __attribute__((noinline)) int ten(int a, int b, int c, int d, int e, int f, int g, int h, int i,
                                         signed char j, short k)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k;
}
int main(void)
{
    printf("%lld\n", sum("iiii", 1, 2, 3, 4));
    printf("%lld\n", sum("ilislulicil", 1, 2LL, -3, "x", 4LL, 5u, 6LL, -7, 'c', 8, 9LL));
    printf("%lld\n", sum("llllllllllll", 1LL, 2LL, 3LL, 4LL, 5LL, 6LL, 7LL, 8LL, 9LL, 10LL, 11LL, 12LL));
    struct s64 g = { { 1, 2, 3, 4, 5, 6, 7, 8 } };
    struct s24 r = { 0, 0, 0 };
    for (int i = 0; i < 1000; i++) {
        struct s24 t = mix((struct s1){ i }, (struct s3){ { i, 2, 3 } }, (struct s8){ i, 5 },
                           (struct s12){ 6, i, 8 }, (struct s16){ 9, i }, r, g, i);
        r.a += t.a;
        r.b ^= t.b;
        r.c = t.c;
    }
    printf("%ld %ld %ld\n", r.a, r.b, r.c);
    printf("%d\n", ten(1, 2, 3, 4, 5, 6, 7, 8, 9, -10, -11));
    char buf[100];
    int n = snprintf(buf, sizeof(buf), "%d %d %d %d %d %d %d %d %d %d", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    printf("%d %s\n", n, buf);
    return 0;
}
