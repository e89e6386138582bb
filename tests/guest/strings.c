/* The C library's memory and string functions at every alignment and many lengths, also beside an
 * unmapped page, against loops of one byte a step. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>
#include <wchar.h>

static unsigned char src[512], dst[512], want[512];
static unsigned bad, done;
#define CHECK(c) ((void)(done++, (c) || (bad++, bad < 5 && printf("line %d\n", __LINE__))))

static void fill(unsigned seed)
{
    for (unsigned i = 0; i < sizeof(src); i++)
        src[i] = (seed = seed * 1103515245 + 12345) >> 16 | 1;
}
static int sign(int x) { return (x > 0) - (x < 0); }

static void copies(unsigned off, unsigned to, unsigned n)
{
    memset(dst, 0xee, sizeof(dst));
    memset(want, 0xee, sizeof(want));
    for (unsigned i = 0; i < n; i++)
        want[to + i] = src[off + i];
    CHECK(memcpy(dst + to, src + off, n) == dst + to);
    CHECK(memcmp(dst, want, sizeof(dst)) == 0);
    memcpy(dst, src, sizeof(dst));
    for (unsigned i = 0; i < sizeof(want); i++)
        want[i] = i >= to && i < to + n ? src[off + i - to] : src[i];
    memmove(dst + to, dst + off, n);
    CHECK(memcmp(dst, want, sizeof(dst)) == 0);
    memset(dst + off, (int)n, n);
    for (unsigned i = 0; i < n; i++)
        CHECK(dst[off + i] == (unsigned char)n);
}
static void searches(char *s, unsigned n)
{
    memset(s, 'a', n);
    s[n] = 0;
    CHECK(strlen(s) == n && strnlen(s, n / 2) == n / 2 && strnlen(s, n + 9) == n);
    CHECK(strchr(s, 'b') == NULL && strchr(s, 0) == s + n && memchr(s, 'b', n) == NULL);
    for (unsigned at = 0; at < n; at += 1 + n / 7) {
        s[at] = 'b';
        CHECK(strchr(s, 'b') == s + at && strrchr(s, 'b') == s + at);
        CHECK(memchr(s, 'b', n) == s + at && strcspn(s, "xb") == at && strspn(s, "a") == at);
        CHECK(strchrnul(s, 'b') == s + at && memrchr(s, 'b', n) == s + at);
        CHECK(rawmemchr(s, 'b') == s + at && strpbrk(s, "cb") == s + at);
        s[at] = 'a';
    }
}
static void compares(char *a, char *b, unsigned n)
{
    memset(a, 'q', n);
    memset(b, 'q', n);
    a[n] = b[n] = 0;
    CHECK(strcmp(a, b) == 0 && strncmp(a, b, n + 5) == 0 && memcmp(a, b, n) == 0);
    for (unsigned at = 0; at < n; at += 1 + n / 5) {
        b[at] = at & 1 ? 'p' : (char)0xf0;
        int expect = at & 1 ? 1 : -1;
        CHECK(sign(strcmp(a, b)) == expect && sign(memcmp(a, b, n)) == expect);
        CHECK(sign(strncmp(a, b, at)) == 0 && sign(strncmp(a, b, at + 1)) == expect);
        b[at] = 'Q';
        CHECK(strcasecmp(a, b) == 0 && strncasecmp(a, b, n) == 0);
        b[at] = 'q';
    }
}
int main(void)
{
    fill(1);
    for (unsigned off = 0; off < 17; off++)
        for (unsigned n = 0; n < 140; n += 1 + n / 20)
            copies(off, (off * 7) % 33, n);
    copies(3, 70, 300);
    copies(90, 20, 300);
    /* Strings that end where the page ends: functions must not read on. */
    long page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(map + page, page);
    munmap(map + 3 * page, page);
    for (unsigned n = 0; n < 300; n += 1 + n / 40) {
        searches(map + page - n - 1, n);
        for (unsigned off = 0; off < 9; off++) {
            searches(map + off, n);
            compares(map + page - n - 1 - off, map + 3 * page - n - 1, n);
        }
    }
    char buf[200] = "one";
    strcat(buf, ",two");
    strncat(buf, ",three;four" + (buf[0] != 'o'), 6);
    printf("%s %zu\n", buf, strlen(buf));
    char *save, *copy = strdup(buf);
    for (char *t = strtok_r(copy, ",", &save); t; t = strtok_r(NULL, ",", &save))
        printf("[%s]", t);
    printf("%s|%s|\n", strstr("the quick brown fox", "brown"), (char *)memmem("abcabd", 6, "abd", 3));
    strncpy(buf, "short", 20);
    printf("%d %s %s\n", buf[19], stpcpy(buf, "end") - 3, strerror(2));
    wchar_t w[20];
    size_t converted = mbstowcs(w, "wide", 20);
    printf("%zu %zu\n", converted, wcslen(w));
    printf("%ld %lu %lld %d %x\n", strtol("-0x7f", NULL, 0), strtoul("777", NULL, 8),
           atoll("123456789012345"), atoi("  42abc"), (unsigned)strtoul("zz", NULL, 36));
    free(copy);
    printf("%u checks, %u bad\n", done, bad);
    return bad != 0;
}
