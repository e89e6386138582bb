/* setjmp/longjmp: values kept, nested frames skipped, from a signal handler, and many times over. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static jmp_buf top;
static sigjmp_buf sig;
static int depth;

static __attribute__((noinline)) void down(int n, int value)
{
    volatile char frame[64];
    frame[n & 63] = n;
    depth++;
    if (n == 0)
        longjmp(top, value);
    down(n - 1, value);
    printf("never %d\n", frame[n & 63]);
}
static void handler(int s) { siglongjmp(sig, s); }

static ucontext_t main_uc, co_uc;
static int steps;
static void coroutine(int a, int b)
{
    for (int i = 0; i < 5; i++) {
        steps += a * i + b;
        swapcontext(&co_uc, &main_uc);
    }
}
int main(void)
{
    volatile int rounds = 0;
    int r = setjmp(top);
    if (r != 0)
        printf("back with %d at depth %d\n", r, depth);
    if (rounds < 5) {
        rounds++;
        depth = 0;
        down(rounds * 100, rounds);
    }
    volatile long sum = 0;
    for (volatile int i = 0; i < 20000; i++) {
        if ((r = setjmp(top)) == 0)
            longjmp(top, i + 1);
        sum += r;
    }
    printf("sum %ld\n", sum);
    signal(SIGUSR1, handler);
    volatile int caught = 0;
    for (volatile int i = 0; i < 200; i++) {
        if ((r = sigsetjmp(sig, 1)) == 0)
            raise(SIGUSR1);
        caught += r == SIGUSR1;
    }
    printf("caught %d\n", caught);
    static char stack[65536];
    getcontext(&co_uc);
    co_uc.uc_stack.ss_sp = stack;
    co_uc.uc_stack.ss_size = sizeof(stack);
    co_uc.uc_link = &main_uc;
    makecontext(&co_uc, (void (*)(void))coroutine, 2, 10, 3);
    for (int i = 0; i < 6; i++)
        swapcontext(&main_uc, &co_uc);
    printf("steps %d\n", steps);
    return 0;
}
