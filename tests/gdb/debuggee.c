/* What tests/suites/gdb.py debugs. The first argument says what it does. TEST: run=no */
#define _GNU_SOURCE
#include <arm_neon.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int watched;
volatile int handled, sum;
volatile uint8_t bytes[64];
float32x4_t lanes; __thread long own = 5;

/* --- threads: breakpoints, steps, backtraces, watched memory */

__attribute__((noinline)) static int leaf(int n)
{
    watched += n;
    return n * 2;
}

__attribute__((noinline)) static int middle(int n)
{
    int r = leaf(n) + 1;
    return r;
}

__attribute__((noinline)) int outer(int n)
{
    int r = middle(n) + 3;
    return r;
}

static void *worker(void *arg)
{
    long k = (long)arg;
    int s = 0;

    pthread_setname_np(pthread_self(), k ? "second" : "first"), own = 1000 + k;
    for (int i = 0; i < 5; i++)
        s += outer(i + (int)k);
    return (void *)(long)s;
}

static int threads(void)
{
    pthread_t t[2];
    void *r[2];

    lanes = (float32x4_t){1.5f, -2.25f, 0.0f, 1e10f};
    for (long k = 0; k < 2; k++)
        pthread_create(&t[k], NULL, worker, (void *)(k * 10));
    for (int k = 0; k < 2; k++)
        pthread_join(t[k], &r[k]);
    printf("%ld %ld %d\n", (long)r[0], (long)r[1], watched);
    return 7;
}

/* --- vectors: v registers at a known place */

__attribute__((noinline)) static void stop_here(void) { __asm__ volatile("nop"); }

static int vectors(void)
{
    static const uint8_t ramp[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    uint64_t seen;

    __asm__ volatile("ldr q8, [%1]\n\tfmov d31, #1.5\n\tmovi v15.8h, #3\n\t"
                     ".globl vectors_set\nvectors_set:\n\tnop\n\tmov %0, v8.d[1]"
                     : "=&r"(seen) : "r"(ramp) : "v8", "v15", "v31", "memory");
    stop_here();
    printf("%llx\n", (unsigned long long)seen);
    return 0;
}

/* --- signals */

static void on_usr1(int signo) { handled += signo; }

static int signals(void)
{
    signal(SIGUSR1, on_usr1);
    raise(SIGUSR1);
    raise(SIGUSR1);
    raise(SIGTERM); /* the debugger drops it */
    printf("handled %d\n", handled);
    fflush(stdout);
    *(volatile int *)8 = 1; /* and lets this kill us */
    return 0;
}

/* --- watches: reads, sizes, a range inside a structure */

static int watches(void)
{
    for (int i = 0; i < 64; i++)
        bytes[i] = (uint8_t)i;
    sum = bytes[5];
    memset((void *)&bytes[32], 0x55, 16);
    sum += bytes[33];
    printf("%d\n", sum);
    return 0;
}

/* --- loop: stopped by hand; what it executes is made before */

static int spin(void)
{
    volatile unsigned long n = 0;

    for (;;)
        n++;
}

static int waiting(void)
{
    char c;

    printf("waiting\n");
    fflush(stdout);
    return read(0, &c, 1) == 1 ? c : 1;
}

/* --- forks: the child passes breakpoints unseen */

static int forks(void)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(outer(1) == 6 ? 3 : 4);
    waitpid(pid, &status, 0);
    printf("child %d\n", WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0) {
        watched = outer(2);
        _exit(5);
    }
    waitpid(pid, &status, 0);
    printf("child %d %d\n", WEXITSTATUS(status), watched);
    return outer(3) != 10;
}

/* --- exec: the next program is debugged too, if gdb can follow */

static int again(char **argv)
{
    execl("/proc/self/exe", argv[0], "vectors", (char *)NULL);
    return 1;
}

int main(int argc, char **argv)
{
    static const struct { const char *name; int (*run)(void); } table[] = {
        {"threads", threads}, {"vectors", vectors}, {"signals", signals}, {"watches", watches},
        {"spin", spin}, {"waiting", waiting}, {"forks", forks},
    };

    for (unsigned i = 0; argc > 1 && i < sizeof table / sizeof *table; i++)
        if (!strcmp(argv[1], table[i].name))
            return table[i].run();
    return argc > 1 && !strcmp(argv[1], "exec") ? again(argv) : 2;
}
