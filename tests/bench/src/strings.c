/* The C library's string functions over short and middling strings. Argument: rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 512, MAX = 256 };
static char pool[N][MAX], copy[MAX * 2];

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    unsigned seed = 1;
    unsigned long h = 0;
    for (int i = 0; i < N; i++) {
        unsigned n = i % 8 ? 8 + i % 40 : MAX - 2 - i % 100;
        for (unsigned k = 0; k < n; k++) {
            seed = seed * 1103515245 + 12345;
            pool[i][k] = 'a' + (seed >> 16) % 24;
        }
    }
    while (rounds--)
        for (int i = 0; i < N; i++) {
            char *s = pool[i], *t = pool[(i * 7 + rounds) % N];
            size_t n = strlen(s);
            memcpy(copy, s, n + 1);
            strcat(copy, t);
            h = h * 31 + strlen(copy) + (strcmp(s, t) > 0) + (memcmp(copy, s, n) == 0);
            char *f = strchr(copy, 'q'), *l = strrchr(copy, 'e'), *m = memchr(t, 'x', strlen(t));
            h += (f ? f - copy : 0) * 3 + (l ? l - copy : 0) * 5 + (m ? m - t : 0) * 7;
            char *w = strstr(copy, "abc");
            h += (w ? w - copy : 1) + strncmp(s, copy, n) + strspn(s, "abcdefghijkl");
            memset(copy, i, n);
            memmove(copy + 3, copy, n);
            h += (unsigned char)copy[n / 2];
        }
    printf("%016lx\n", h);
    return 0;
}
