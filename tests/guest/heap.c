/* malloc, calloc, realloc, aligned allocations and free in random order; contents are checked. */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 500 };
static struct { unsigned char *p; size_t n; unsigned char tag; } slot[SLOTS];
static uint32_t seed = 7;
static uint32_t rnd(void) { return (seed = seed * 1664525 + 1013904223) >> 8; }

static int intact(int i)
{
    for (size_t k = 0; k < slot[i].n; k += 1 + k / 16)
        if (slot[i].p[k] != slot[i].tag)
            return 0;
    return 1;
}
int main(void)
{
    unsigned bad = 0, counts[4] = { 0 };
    size_t total = 0;
    for (int step = 0; step < 30000; step++) {
        int i = rnd() % SLOTS;
        size_t n = rnd() % 64 == 0 ? rnd() % 300000 : rnd() % 600;
        if (slot[i].p && !intact(i))
            bad++;
        switch (slot[i].p == NULL ? 0 : 1 + rnd() % 2) {
        case 0:
            switch (rnd() % 3) {
            case 0: slot[i].p = malloc(n + 1); break;
            case 1:
                slot[i].p = calloc(n + 1, 1);
                for (size_t k = 0; k < n; k++)
                    bad += slot[i].p[k] != 0;
                break;
            case 2:
                slot[i].p = aligned_alloc(64, (n + 64) & ~(size_t)63);
                bad += (uintptr_t)slot[i].p % 64 != 0;
                break;
            }
            counts[0]++;
            break;
        case 1:
            free(slot[i].p);
            slot[i].p = NULL;
            slot[i].n = 0;
            counts[1]++;
            continue;
        case 2: {
            size_t keep = n < slot[i].n ? n : slot[i].n;
            slot[i].p = realloc(slot[i].p, n + 1);
            for (size_t k = 0; k < keep; k += 1 + k / 16)
                bad += slot[i].p[k] != slot[i].tag;
            counts[2]++;
            break;
        }
        }
        slot[i].n = n;
        slot[i].tag = step;
        memset(slot[i].p, slot[i].tag, n);
        total += n;
    }
    for (int i = 0; i < SLOTS; i++)
        free(slot[i].p);
    malloc_trim(0);
    void *big = malloc(64 << 20);
    memset(big, 1, 64 << 20);
    big = realloc(big, 80 << 20);
    bad += ((char *)big)[(64 << 20) - 1] != 1;
    free(big);
    printf("%u %u %u total %zu bad %u\n", counts[0], counts[1], counts[2], total, bad);
    return bad != 0;
}
