/* Code that is changed while a call stands in it: the callee rewrites what comes behind the call, maps another page
 * over it or has another thread do it, many calls deep too, and returns. The new code runs.
 * returncode.expect: what the architecture promises. TEST: native=no */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { ROUNDS = 300, DEPTH = 60 };
typedef int (*outer)(void (*)(void *), void *);
static uint32_t *code;
static outer direct, indirect;
static int value, wrong;

static void put(uint32_t *at, const uint32_t *c, int n)
{
    memcpy(at, c, n * 4);
    __builtin___clear_cache((char *)at, (char *)(at + n));
}

/* Two functions that call what they are given and then return `v`: one by blr, one by bl to a br. */
static void make(uint32_t *at, int v)
{
    const uint32_t c[16] = {
        0xa9bf7bfd,                      /* stp x29, x30, [sp, #-16]! */
        0xaa0003e2,                      /* mov x2, x0 */
        0xaa0103e0,                      /* mov x0, x1 */
        0xd63f0040,                      /* blr x2 */
        0x52800000 | (uint32_t)v << 5,   /* mov w0, #v */
        0xa8c17bfd, 0xd65f03c0,          /* ldp x29, x30, [sp], #16; ret */
        0xd503201f,
        0xa9bf7bfd, 0xaa0003e2, 0xaa0103e0,
        0x94000004,                      /* bl +16 */
        0x52800000 | (uint32_t)v << 5,
        0xa8c17bfd, 0xd65f03c0,
        0xd61f0040,                      /* br x2 */
    };
    put(at, c, 16);
}
static void patch(int v)
{
    uint32_t mov = 0x52800000 | (uint32_t)v << 5;
    put(code + 4, &mov, 1);
    put(code + 12, &mov, 1);
}
static void check(int got, int want)
{
    wrong += got != want;
}

static void nothing(void *arg) { (void)arg; }
static void rewrites(void *arg)
{
    (void)arg;
    patch(++value & 0xffff);
}
static void maps(void *arg)
{
    uint32_t *fresh = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)arg;
    make(fresh, ++value & 0xffff);
    mremap(fresh, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, code);
}
static void protects(void *arg)
{
    (void)arg;
    mprotect(code, 4096, PROT_READ | PROT_WRITE);
    uint32_t mov = 0x52800000 | (uint32_t)(++value & 0xffff) << 5;
    code[4] = code[12] = mov;
    mprotect(code, 4096, PROT_READ | PROT_EXEC);
    mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
    __builtin___clear_cache((char *)code, (char *)(code + 16));
}

static void once(const char *what, void (*change)(void *))
{
    wrong = 0;
    for (int k = 0; k < ROUNDS; k++) {
        check(direct(nothing, NULL), value & 0xffff);
        check(direct(change, NULL), value & 0xffff);
        check(indirect(nothing, NULL), value & 0xffff);
        check(indirect(change, NULL), value & 0xffff);
    }
    printf("%s: wrong %d\n", what, wrong);
}

/* All calls under way return into code that the innermost has changed. */
static void deeper(void *arg)
{
    long depth = (long)arg;
    if (depth == 0)
        rewrites(NULL);
    else
        check((depth & 1 ? direct : indirect)(deeper, (void *)(depth - 1)), value & 0xffff);
}

static jmp_buf back;
static void leaves(void *arg)
{
    rewrites(arg);
    longjmp(back, 1);
}

static atomic_int there, done;
static void waits(void *arg)
{
    (void)arg;
    there = 1;
    while (!done)
        sched_yield();
    asm volatile("isb" ::: "memory");
}
static void *calls(void *arg)
{
    check(((outer)arg)(waits, NULL), value & 0xffff);
    return NULL;
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    make(code, 0);
    indirect = (outer)code;
    direct = (outer)(code + 8);
    once("rewritten", rewrites);
    once("mapped over", maps);
    once("by mprotect", protects);
    wrong = 0;
    for (int k = 0; k < ROUNDS / 10; k++)
        deeper((void *)(long)DEPTH);
    printf("deep: wrong %d\n", wrong);
    wrong = 0;
    for (volatile int k = 0; k < ROUNDS; k++) {
        if (!setjmp(back))
            check(direct(leaves, NULL), -1);
        check(indirect(nothing, NULL), value & 0xffff);
    }
    printf("longjmp: wrong %d\n", wrong);
    wrong = 0;
    for (int k = 0; k < ROUNDS; k++) {
        pthread_t t;
        there = done = 0;
        pthread_create(&t, NULL, calls, (void *)(k & 1 ? direct : indirect));
        while (!there)
            sched_yield();
        rewrites(NULL);
        done = 1;
        pthread_join(t, NULL);
    }
    printf("by another thread: wrong %d\n", wrong);
    return 0;
}
