/* Code that comes and goes faster than a failed fetch can find out why: no memory there is SIGSEGV, never SIGBUS, which is
 * for mappings that a file doesn't reach. codegone.expect: what the kernel promises. TEST: native=no */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { N = 3, MOV_W0_33 = 0x52800420, RET = 0xd65f03c0 };
static atomic_int stop, ready, other, wrong, faults;
static uint32_t *code;
static __thread sigjmp_buf back;

static void on_fault(int signo, siginfo_t *si, void *uc)
{
    if (signo == SIGBUS || (uint32_t *)si->si_addr != code)
        other++;
    faults++;
    siglongjmp(back, signo);
}
static void *runs_code(void *arg)
{
    ready++;
    while (!stop)
        if (!sigsetjmp(back, 1) && ((int (*)(void))code)() != 33)
            wrong++;
    return NULL;
}
static uint32_t *made(void)
{
    uint32_t *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    p[0] = MOV_W0_33;
    p[1] = RET;
    __builtin___clear_cache((char *)p, (char *)(p + 2));
    return p;
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    pthread_t thread[N];
    int rounds = argc > 1 ? atoi(argv[1]) : 10000;
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    code = made();
    for (int i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, runs_code, NULL);
    while (ready < N)
        sched_yield();
    for (int i = 0; i < rounds; i++) {
        uint32_t *n = made();
        munmap(code, 4096);
        mremap(n, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, code);
    }
    stop = 1;
    for (int i = 0; i < N; i++)
        pthread_join(thread[i], NULL);
    printf("wrong %d, other faults %d\n", wrong, other);
    return 0;
}
