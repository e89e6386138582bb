/* printf and scanf over integers, strings and widths; time formatting. No floating point values. */
#include <inttypes.h>
#include <stddef.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(void)
{
    const long long v[] = { 0, 1, -1, 42, INT_MIN, INT_MAX, LLONG_MIN, LLONG_MAX, 1234567890123 };
    for (unsigned i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        printf("%lld|%20lld|%-20lld|%020lld|%+lld|% lld\n", v[i], v[i], v[i], v[i], v[i], v[i]);
        printf("%llu|%llx|%#llX|%#llo|%d|%hd|%hhd|%u\n", v[i], v[i], v[i], v[i], (int)v[i],
               (short)v[i], (signed char)v[i], (unsigned)v[i]);
        printf("%.5lld|%.0lld|%*lld|%-*lld|%'lld\n", v[i], v[i], 25, v[i], 25, v[i], v[i]);
    }
    printf("%s|%10s|%-10s|%.2s|%c|%5c|%%|%p\n", "abc", "abc", "abc", "abc", 'x', 'y', (void *)0);
    printf("%2$s %1$s %3$d\n", "world", "hello", 7);
    printf("%zu %jd %td %" PRIx64 " %" PRId8 "\n", sizeof(int), (intmax_t)-5, (ptrdiff_t)9,
           UINT64_C(0xfeedfacecafebeef), (int8_t)-3);
    int n = 0;
    printf("abc%ndef\n", &n);
    printf("n=%d\n", n);
    int a, b, got;
    unsigned x;
    char word[20], set[20];
    long long l;
    got = sscanf(" 12 -34 ff hello 99999999999 xyz123", "%d%d%x%19s%lld %19[a-z]", &a, &b, &x, word,
                 &l, set);
    printf("%d: %d %d %x %s %lld %s\n", got, a, b, x, word, l, set);
    got = sscanf("10:20", "%d:%d%n", &a, &b, &n);
    printf("%d: %d %d %d\n", got, a, b, n);
    char big[5000], small[10];
    memset(big, 'z', sizeof(big) - 1);
    big[sizeof(big) - 1] = 0;
    printf("%d %s\n", snprintf(small, sizeof(small), "%s", big), small);
    time_t t = 1700000000;
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(small, sizeof(small), "%H:%M:%S", &tm);
    strftime(big, sizeof(big), "%Y-%m-%d %j %a %b %U", &tm);
    printf("%s %s %ld\n", big, small, (long)timegm(&tm));
    FILE *f = open_memstream(&(char *){ NULL }, &(size_t){ 0 });
    printf("%d\n", fprintf(f, "%0100d", 5));
    fclose(f);
    return 0;
}
