/* Top-byte-ignore: loads, stores, pairs, atomics, loops, calls and system calls through tagged pointers,
 * and the address a fault reports. TEST: native=no */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TAG(p, t) ((__typeof__(p))((uintptr_t)(p) | (uintptr_t)(t) << 56))
static sigjmp_buf back;
static void *volatile where;
static void handler(int s, siginfo_t *si, void *uc)
{
    (void)s, (void)uc;
    where = si->si_addr;
    siglongjmp(back, 1);
}
static __attribute__((noinline)) long sum(volatile long *p, int n)
{
    long s = 0;
    for (int i = 0; i < n; i++)
        s = s * 3 + p[i];
    return s;
}
static __attribute__((noinline)) void fill(volatile long *p, int n, long v)
{
    for (int i = 0; i < n; i++)
        p[i] = v + i;
}
int main(void)
{
    long *a = malloc(1000 * sizeof(long));
    for (int t = 0; t < 256; t += 15) {
        fill(TAG(a, t), 1000, t);
        printf("%d %ld %ld\n", t, sum(a, 1000), sum(TAG(a, t ^ 0x55), 1000));
    }
    memcpy(TAG(a, 1), TAG(a + 500, 2), 4000);
    printf("copied %d\n", memcmp(TAG(a, 3), a + 500, 4000));
    __atomic_fetch_add(TAG(a, 9), 5, __ATOMIC_SEQ_CST);
    printf("atomic %ld\n", a[0]);
    int64_t pair[2];
    asm volatile("ldp %0, %1, [%2]" : "=r"(pair[0]), "=r"(pair[1]) : "r"(TAG(a, 0x80)) : "memory");
    printf("pair %ld %ld\n", (long)pair[0], (long)pair[1]);
    long *walk = TAG(a, 0x7f), got;
    asm volatile("ldr %0, [%1], #8" : "=r"(got), "+r"(walk)::"memory");
    printf("post-index %ld %d\n", got, walk == TAG(a + 1, 0x7f));
    long (*volatile call)(volatile long *, int) = TAG(&sum, 0x5a);
    printf("call %ld\n", call(a, 3));
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
    long page = sysconf(_SC_PAGESIZE);
    char *hole = mmap(NULL, page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sigsetjmp(back, 1) == 0)
        *(volatile char *)TAG(hole + 5, 0x3c) = 1;
    printf("fault %d\n", where == hole + 5);
    free(a);
    return 0;
}
