/* An integer mix: sieve, hash table, heap sort, matrix, bit tricks, a checksum. Argument: rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 1 << 14 };
static uint8_t flags[N * 4];
static uint32_t keys[N], heap[N], mat[3][48][48];

static uint32_t sieve(void)
{
    uint32_t count = 0;
    memset(flags, 1, sizeof(flags));
    for (uint32_t i = 2; i < sizeof(flags); i++)
        if (flags[i]) {
            count++;
            for (uint32_t j = 2 * i; j < sizeof(flags); j += i)
                flags[j] = 0;
        }
    return count;
}
static uint32_t hash(uint32_t seed)
{
    uint32_t hits = 0;
    memset(keys, 0, sizeof(keys));
    for (int i = 0; i < N / 2; i++) {
        seed = seed * 1664525 + 1013904223;
        uint32_t k = seed >> 12 | 1, at = (k * 2654435761u) >> 18;
        while (keys[at & (N - 1)] && keys[at & (N - 1)] != k)
            at++;
        hits += keys[at & (N - 1)] == k;
        keys[at & (N - 1)] = k;
    }
    return hits;
}
static uint32_t sort(void)
{
    int n = N / 4;
    for (int i = 0; i < n; i++)
        heap[i] = keys[i * 4] ^ (uint32_t)i * 7919;
    for (int start = n / 2, end = n; end > 1;) {
        if (start > 0) {
            start--;
        } else {
            uint32_t t = heap[--end];
            heap[end] = heap[0];
            heap[0] = t;
        }
        for (int root = start, child; (child = 2 * root + 1) < end; root = child) {
            if (child + 1 < end && heap[child] < heap[child + 1])
                child++;
            if (heap[root] >= heap[child])
                break;
            uint32_t t = heap[root];
            heap[root] = heap[child];
            heap[child] = t;
        }
    }
    return heap[n / 2];
}
static uint32_t matrix(void)
{
    for (int i = 0; i < 48; i++)
        for (int j = 0; j < 48; j++) {
            uint32_t s = 0;
            for (int k = 0; k < 48; k++)
                s += mat[0][i][k] * mat[1][k][j];
            mat[2][i][j] = s;
        }
    return mat[2][17][31];
}
static uint32_t bits(uint32_t x)
{
    uint32_t h = 0;
    for (int i = 0; i < 5000; i++) {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        uint32_t v = x;
        int n = 0;
        for (; v; v &= v - 1)
            n++;
        h = (h << 7 | h >> 25) + n + (x % 1000 == 0) + (x / 7 & 3);
    }
    return h;
}
int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 10;
    uint32_t h = 1;
    for (int i = 0; i < 48; i++)
        for (int j = 0; j < 48; j++)
            mat[0][i][j] = i * 3 + j, mat[1][i][j] = i ^ j;
    while (rounds--) {
        h = h * 31 + sieve();
        h = h * 31 + hash(h);
        h = h * 31 + sort();
        h = h * 31 + matrix();
        h = h * 31 + bits(h | 1);
        mat[0][h % 48][h % 47] ^= h;
    }
    printf("%08x\n", h);
    return 0;
}
