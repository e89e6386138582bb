/* qsort and bsearch through function pointers, and three sorts of its own, over several data shapes. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 4000 };
struct item { int key; unsigned char tag[5]; short s; };
static uint32_t seed;
static uint32_t rnd(void) { return (seed = seed * 1664525 + 1013904223) >> 8; }

static int by_int(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}
static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return memcmp(x->tag, y->tag, sizeof(x->tag));
}
static int by_string(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}
static void heap_sort(int *a, int n)
{
    for (int start = n / 2, end = n; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            int t = a[--end];
            a[end] = a[0];
            a[0] = t;
        }
        for (int root = start, child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && a[child] < a[child + 1])
                child++;
            if (a[root] >= a[child])
                break;
            int t = a[root];
            a[root] = a[child];
            a[child] = t;
        }
    }
}
static void merge_sort(int *a, int *tmp, int n)
{
    if (n < 2)
        return;
    int m = n / 2, i = 0, j = m, k = 0;
    merge_sort(a, tmp, m);
    merge_sort(a + m, tmp, n - m);
    while (i < m && j < n)
        tmp[k++] = a[j] < a[i] ? a[j++] : a[i++];
    while (i < m)
        tmp[k++] = a[i++];
    memcpy(a, tmp, k * sizeof(*a));
}
static void shell_sort(int *a, int n)
{
    for (int gap = n / 2; gap; gap /= 2)
        for (int i = gap; i < n; i++) {
            int v = a[i], j = i;
            for (; j >= gap && a[j - gap] > v; j -= gap)
                a[j] = a[j - gap];
            a[j] = v;
        }
}
static uint32_t hash(const void *p, size_t n)
{
    const unsigned char *b = p;
    uint32_t h = 2166136261u;
    while (n--)
        h = (h ^ *b++) * 16777619u;
    return h;
}
int main(void)
{
    static int a[N], b[N], tmp[N];
    static struct item items[N];
    static char text[N][16];
    static char *names[N];
    for (int shape = 0; shape < 5; shape++) {
        seed = shape + 1;
        for (int i = 0; i < N; i++)
            a[i] = shape == 0 ? (int)rnd() - (1 << 23) : shape == 1 ? i : shape == 2 ? N - i
                 : shape == 3 ? (int)(rnd() % 7) : (int)(rnd() % 100) * (i & 1 ? -1 : 1);
        void (*sorts[])(int *, int) = { heap_sort, shell_sort };
        memcpy(b, a, sizeof(b));
        qsort(b, N, sizeof(*b), by_int);
        printf("shape %d: %08x", shape, hash(b, sizeof(b)));
        for (unsigned s = 0; s < 2; s++) {
            memcpy(tmp, a, sizeof(a));
            sorts[s](tmp, N);
            printf(" %d", memcmp(tmp, b, sizeof(b)));
        }
        merge_sort(a, tmp, N);
        printf(" %d\n", memcmp(a, b, sizeof(b)));
        int found = 0;
        for (int i = 0; i < N; i++) {
            int key = (int)rnd() % 1000;
            found += bsearch(&key, b, N, sizeof(*b), by_int) != NULL;
        }
        printf("found %d\n", found);
    }
    memset(items, 0, sizeof(items));
    for (int i = 0; i < N; i++) {
        items[i].key = rnd() % 50;
        for (int j = 0; j < 5; j++)
            items[i].tag[j] = rnd();
        items[i].s = i;
        unsigned high = rnd() % 5000;
        snprintf(text[i], sizeof(text[i]), "%x-%u", high, rnd() % 10);
        names[i] = text[i];
    }
    qsort(items, N, sizeof(items[0]), by_key);
    printf("items %08x\n", hash(items, sizeof(items)));
    qsort(names, N, sizeof(names[0]), by_string);
    uint32_t h = 0;
    for (int i = 0; i < N; i++)
        h = h * 33 + hash(names[i], strlen(names[i]));
    printf("names %s %s %08x\n", names[0], names[N - 1], h);
    return 0;
}
