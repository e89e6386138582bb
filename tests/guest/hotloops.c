/* Loops that become hot while they run: nested ones with breaks and continues, many registers carried, doubles and
 * vectors among them; the same in four threads, under a timer's signals, in a forked child; a load in such a loop
 * that faults, whose handler sees the registers as they must be there (aarch64) and goes on; a loop whose code
 * another thread changes (aarch64); a vfork child meanwhile. Argument: how often (1). Compared with the native build. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t ticks;
static void tick(int s) { (void)s; ticks++; }

/* Nested loops; more than a dozen values carried. */
__attribute__((noinline)) static uint64_t nest(uint64_t seed, unsigned n)
{
    uint64_t a = seed, b = 1, c = 2, d = 3, e = 5, f = 7, g = 11, h = 13, p = 17, q = 19, r = 23, s = 29;
    double x = 1.5, y = 0.25;
    static const uint8_t table[64] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6, 2, 6, 4, 3, 3 };
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j < 200; j++) {
            unsigned t = table[(a >> 7) & 63];
            if (t == 9) {
                g ^= a + j;
                a = a * 6364136223846793005u + 99;
                continue;
            }
            for (unsigned k = 0; k < t; k++) {
                b = b * 31 + (a ^ k);
                c += b >> 11;
                if ((c & 1023) == 77)
                    break;
                d ^= c << 3;
            }
            e += d * 3; f -= e ^ b; h += f >> 5; p = (p << 7 | p >> 57) + h; q += p & r; r ^= q + s; s += r * 5;
            x = x * 0.999 + (double)(t + 1) / 64;
            y += x * (y < 100 ? 0.5 : -1.0);
            a = a * 6364136223846793005u + 1442695040888963407u + (g & 1);
        }
        if (s % 1000003 == 5)
            break;
    }
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ p ^ q ^ r ^ s ^ (uint64_t)(x * 1e6) ^ (uint64_t)(int64_t)(y * 1e3);
}

static void *threaded(void *arg) { return (void *)(uintptr_t)nest((uintptr_t)arg, 6000); }

#ifdef __aarch64__
/* walk(p, n): sums words from p on; x9 counts them, x10 is 3 times x9, v31's low half follows x9. */
uint64_t walk(const uint32_t *p, uint64_t n);
extern char walk_load[], walk_resume[];
__asm__(".globl walk\nwalk: mov x9, #0\nmov x10, #0\nmov x11, #0\nmov x12, #0x55\nmov x13, #1\nmovi v31.2d, #0\n"
        "1: add x14, x9, x12\nadd x15, x14, x13\n"
        ".globl walk_load\nwalk_load: ldr w16, [x0, x9, lsl #2]\n"
        ".globl walk_resume\nwalk_resume: add x11, x11, x16\nadd x9, x9, #1\nadd x10, x10, #3\nfmov d31, x9\n"
        "eor x12, x12, x13\ntst x9, #7\nb.ne 2f\nadd x13, x13, #2\n2: cmp x9, x1\nb.lo 1b\nmov x0, x11\nret\n");
static int faults, wrong;
static void on_fault(int s, siginfo_t *si, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    struct { uint32_t magic, size, fpsr, fpcr; __uint128_t v[32]; } *fp = (void *)m->__reserved;
    (void)s;
    faults++;
    wrong += m->pc != (uintptr_t)walk_load || m->regs[10] != 3 * m->regs[9] || (uint64_t)fp->v[31] != m->regs[9] ||
             m->regs[14] != m->regs[9] + m->regs[12] || m->regs[15] != m->regs[14] + m->regs[13] ||
             m->fault_address != m->regs[0] + 4 * m->regs[9] || (uintptr_t)si->si_addr != m->fault_address;
    m->regs[16] = 7;
    m->pc = (uintptr_t)walk_resume;
}

static uint64_t faulting(void)
{
    enum { GOOD = 3 << 20 };
    uint8_t *mem = mmap(NULL, GOOD + 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    uint64_t sum = 0;
    sigaction(SIGSEGV, &sa, NULL);
    for (unsigned i = 0; i < GOOD / 4; i++)
        ((uint32_t *)mem)[i] = i * 2654435761u >> 20;
    mprotect(mem + GOOD, 4096, PROT_NONE);
    for (int k = 0; k < 40; k++)
        sum += walk((uint32_t *)mem, GOOD / 4 + 5);
    munmap(mem, GOOD + 4096);
    return sum + (uint64_t)faults * 1000003 + (uint64_t)wrong * 10000000019u;
}

/* A loop that counts until its step instruction becomes 0 by another thread's hand. */
static uint32_t *code;
static void *patcher(void *arg)
{
    (void)arg;
    usleep(60000);
    code[2] = 0xd2800000 | 0; /* mov x0, #0 */
    __builtin___clear_cache((char *)(code + 2), (char *)(code + 3));
    return NULL;
}
static uint64_t patched(void)
{
    static const uint32_t loop[] = { 0xd2800021, 0xd2800002, /* mov x1, #1; mov x2, #0 */
                                     0xd2800020,             /* mov x0, #1 */
                                     0x91000442, 0x92401c42, /* add x2, x2, #1; and x2, x2, #255 */
                                     0xb5ffffa0, 0xaa0103e0, 0xd65f03c0 }; /* cbnz x0, .-12; mov x0, x1; ret */
    pthread_t t;
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(code, loop, sizeof loop);
    __builtin___clear_cache((char *)code, (char *)code + sizeof loop);
    pthread_create(&t, NULL, patcher, NULL);
    uint64_t got = ((uint64_t(*)(void))code)();
    pthread_join(t, NULL);
    munmap(code, 4096);
    return got;
}
#else
static uint64_t faulting(void)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < (3 << 20) / 4; i++)
        sum += i * 2654435761u >> 20;
    return 40 * (sum + 35) + 40 * 5 * 1000003ull;
}
static uint64_t patched(void) { return 1; }
#endif

/* A vfork child that makes many calls, some of them such as want a process of one thread, while the parent's loops
 * are being looked at; the same by the parent. */
static int lives(void)
{
    pid_t child = vfork();
    if (child == 0) {
        for (int k = 0; k < 300; k++)
            syscall(SYS_getppid);
        syscall(SYS_setresuid, -1, -1, -1);
        nest(7, 500);
        syscall(SYS_setresgid, -1, -1, -1);
        _exit(5);
    }
    int status = 0;
    waitpid(child, &status, 0);
    syscall(SYS_setresuid, -1, -1, -1);
    for (int k = 0; k < 300; k++)
        syscall(SYS_getppid);
    return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
    struct itimerval often = { { 0, 700 }, { 0, 700 } }, off = { { 0, 0 }, { 0, 0 } };
    struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };
    for (int times = argc > 1 ? atoi(argv[1]) : 1; times > 0; times--) {
        pthread_t t[4];
        uint64_t alone = nest(42, 15000);
        printf("%016llx\n", (unsigned long long)alone);
        sigaction(SIGALRM, &sa, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        uint64_t under = nest(42, 15000);
        for (uintptr_t k = 0; k < 4; k++)
            pthread_create(&t[k], NULL, threaded, (void *)(k + 1));
        fflush(stdout);
        pid_t child = fork();
        if (child == 0) {
            int right = nest(42, 15000) == alone;
            _exit(right ? 7 : 8);
        }
        int status;
        waitpid(child, &status, 0);
        for (int k = 0; k < 4; k++) {
            void *r;
            pthread_join(t[k], &r);
            printf("%016llx\n", (unsigned long long)(uintptr_t)r);
        }
        setitimer(ITIMER_REAL, &off, NULL);
        printf("%d %d %d\n", under == alone, WEXITSTATUS(status), ticks > 3);
        printf("%d\n", lives());
        printf("%llu\n", (unsigned long long)faulting());
        printf("%llu\n", (unsigned long long)patched());
#ifdef __aarch64__
        faults = 0;
#endif
    }
    return 0;
}
