/* What suites/pcache.py runs cold and warm: floats, 64-bit arithmetic, indirect calls, signals with precise
 * state, a fault in a loop with homes of its own, and code made at run time. Prints sums. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static sigjmp_buf back;
static volatile uint64_t faults;
static void on_fault(int signo)
{
    faults++;
    siglongjmp(back, signo);
}
static uint64_t add(uint64_t x) { return x + 77; }
static uint64_t rotate(uint64_t x) { return x >> 7 | x << 57; }
static uint64_t product(uint64_t x) { return x * 0x9e3779b97f4a7c15u; }
static uint64_t (*const step[])(uint64_t) = { add, rotate, product };

static uint64_t sum_until_fault(const unsigned char *p, uint64_t *seen)
{
    uint64_t s = 0;
    for (;; p++) {
        s = s * 31 + *p;
        *seen = s;
    }
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv)
{
    uint64_t x = argc;
    double f = 0;
    for (int i = 0; i < 3000; i++) {
        x = step[(x ^ (uint64_t)i) % 3](x);
        f += (double)(x & 0xffff) / (i + 1);
    }
    char *words[64], text[64][16];
    for (int i = 0; i < 64; i++) {
        snprintf(text[i], sizeof text[i], "%llx", (unsigned long long)(x * (unsigned)i));
        words[i] = text[i];
    }
    qsort(words, 64, sizeof *words, by_text);
    unsigned char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(page, 3, 4096);
    mprotect(page + 4096, 4096, PROT_NONE);
    signal(SIGSEGV, on_fault);
    static uint64_t seen;
    if (!sigsetjmp(back, 1))
        sum_until_fault(page + 4000, &seen);
#ifdef __aarch64__
    uint32_t *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (uint32_t k = 0; k < 5; k++) {
        code[0] = 0x52800000 | k << 5;
        code[1] = 0xd65f03c0;
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        x += (uint64_t)((int (*)(void))code)();
    }
#else
    x += 10;
#endif
    printf("%llx %.6f %s %llx %d\n", (unsigned long long)x, f, words[3], (unsigned long long)seen, (int)faults);
    return 42;
}
