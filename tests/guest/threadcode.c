/* Code and memory that change while other threads run: code rewritten by one thread and called by others,
 * a loop another thread is in is patched, code unmapped and mapped again elsewhere, data made
 * inaccessible and unmapped under running threads, many translations in all threads at once.
 * threadcode.expect: what the architecture and the kernel promise. TEST: native=no */
#include <linux/membarrier.h>
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
#include <sys/syscall.h>
#include <unistd.h>

enum { MOV_W0 = 0x52800000, RET = 0xd65f03c0, ADD_W0_W0 = 0x11000000, NOP = 0xd503201f, N = 3 };
typedef int (*fn)(int);
static atomic_int stop, wrong, ready, generation;
static pthread_t thread[N];
static uint32_t *code;
static int rounds = 120;

static void run(void *(*body)(void *))
{
    stop = ready = 0;
    for (long i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, body, (void *)i);
    while (ready < N)
        sched_yield();
}
static void finish(const char *what)
{
    stop = 1;
    for (int i = 0; i < N; i++)
        pthread_join(thread[i], NULL);
    printf("%s: wrong %d\n", what, wrong);
}
static void emit(uint32_t *at, const uint32_t *c, int n)
{
    memcpy(at, c, n * 4);
    __builtin___clear_cache((char *)at, (char *)(at + n));
}
static uint32_t *pages(size_t n)
{
    return mmap(NULL, n, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Two functions: the one that isn't published is rewritten, then published; who reads the generation with
 * acquire and executes isb sees the new code. Nobody may still be in the old one: each acknowledges. */
static atomic_int seen[N];
static void *calls_latest(void *arg)
{
    ready++;
    while (!stop) {
        int g = atomic_load_explicit(&generation, memory_order_acquire);
        asm volatile("isb" ::: "memory");
        int r = ((fn)(code + (g & 1) * 16))(0);
        if (r != (g & 0xffff))
            wrong++;
        if (seen[(long)arg] == g)
            sched_yield();
        atomic_store_explicit(&seen[(long)arg], g, memory_order_release);
    }
    return NULL;
}
static void rewritten(void)
{
    code = pages(4096);
    generation = 0;
    emit(code, (uint32_t[]){ MOV_W0, RET }, 2);
    for (int i = 0; i < N; i++)
        seen[i] = 0;
    run(calls_latest);
    for (int g = 1; g < rounds; g++) {
        for (int i = 0; i < N; i++)
            while (seen[i] != g - 1)
                sched_yield();
        emit(code + (g & 1) * 16, (uint32_t[]){ MOV_W0 | (g & 0xffff) << 5, RET }, 2);
        atomic_store_explicit(&generation, g, memory_order_release);
    }
    for (int i = 0; i < N; i++)
        while (seen[i] != rounds - 1)
            sched_yield();
    finish("rewritten");
    munmap(code, 4096);
}

/* New code and membarrier(SYNC_CORE): a thread that sees what was stored after it runs the new code, even
 * if it was in the midst of the old one. The function: 40 divisions, ldr w1, [x0]; mov w0, #generation;
 * orr x0, x0, x1, lsl #32. */
static volatile uint32_t announced;
static void *sees_announcement(void *arg)
{
    ready++;
    while (!stop) {
        uint64_t r = ((uint64_t (*)(volatile uint32_t *))code)(&announced);
        if ((uint32_t)r < r >> 32)
            wrong++;
    }
    return NULL;
}
static void synchronised(void)
{
    uint32_t body[44];
    code = pages(4096);
    for (int i = 0; i < 40; i++)
        body[i] = 0x9ac00c02; /* sdiv x2, x0, x0 */
    body[40] = 0xb9400001;
    body[41] = MOV_W0;
    body[42] = 0xaa018000;
    body[43] = RET;
    emit(code, body, 44);
    announced = 0;
    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0);
    run(sees_announcement);
    for (int g = 1; g < rounds * 10; g++) {
        emit(code + 41, (uint32_t[]){ MOV_W0 | (g & 0xffff) << 5 }, 1);
        syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0);
        announced = g & 0xffff;
        if (g % 64 == 0)
            usleep(50);
    }
    finish("synchronised");
    munmap(code, 4096);
}

/* loop: ldr w1, [x0]; cbnz w1, out; b loop. Its branch becomes a nop, which leads out. */
static void *in_loop(void *arg)
{
    static const uint32_t never = 0;
    ready++;
    while (!stop)
        ((int (*)(const uint32_t *))code)(&never);
    return NULL;
}
static void patched_loop(void)
{
    static const uint32_t loop[] = { 0xb9400001 /* ldr w1, [x0] */, 0x35000041 /* cbnz w1, +8 */,
                                     0x17fffffe /* b -8 */, RET };
    for (int i = 0; i < rounds / 30; i++) {
        code = pages(4096);
        emit(code, loop, 4);
        run(in_loop);
        stop = 1;
        if (i & 1)
            usleep(200);
        emit(code + 2, (uint32_t[]){ NOP }, 1);
        for (int k = 0; k < N; k++)
            pthread_join(thread[k], NULL);
        munmap(code, 4096);
    }
    printf("patched loop: left\n");
}

static __thread sigjmp_buf back;
static __thread volatile int in_test;
static void on_fault(int signo, siginfo_t *si, void *uc)
{
    if (!in_test)
        _exit(77);
    siglongjmp(back, signo);
}

/* A data page that comes and goes: each access works or faults at the right address. */
static volatile int *page;
static void *touches(void *arg)
{
    long faults = 0;
    ready++;
    in_test = 1;
    while (!stop)
        if (!sigsetjmp(back, 1)) {
            for (int i = 0; i < 50; i++) {
                int v = page[i];
                if (v != 0 && v != 5)
                    wrong++;
            }
        } else {
            faults++;
        }
    return (void *)faults;
}
static void coming_and_going(void)
{
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    run(touches);
    for (int i = 0; i < rounds; i++) {
        mprotect((void *)page, 4096, PROT_NONE);
        mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
        page[i % 50] = 5;
        munmap((void *)page, 4096);
        mmap((void *)page, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        if (i % 8 == 0)
            usleep(50);
    }
    finish("coming and going");
    munmap((void *)page, 4096);
}

/* Code that is unmapped under the threads that run it faults; they go on when it is back. */
static void *runs_code(void *arg)
{
    ready++;
    in_test = 1;
    while (!stop)
        if (!sigsetjmp(back, 1)) {
            int r = ((fn)code)(1);
            if (r != 33)
                wrong++;
        }
    return NULL;
}
static void code_unmapped(void)
{
    uint32_t body[33];
    for (int i = 0; i < 32; i++)
        body[i] = ADD_W0_W0 | 1 << 10;
    body[32] = RET;
    code = pages(4096);
    emit(code, body, 33);
    run(runs_code);
    for (int i = 0; i < rounds; i++) {
        if (i % 3 == 0) {
            mprotect(code, 4096, PROT_READ);
            mprotect(code, 4096, PROT_READ | PROT_EXEC);
            mprotect(code, 4096, PROT_READ | PROT_WRITE | PROT_EXEC);
        } else {
            /* prepared elsewhere, so that it is never there in part */
            uint32_t *n = pages(4096);
            emit(n, body, 33);
            if (i % 3 == 1)
                munmap(code, 4096);
            mremap(n, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, code);
        }
        if (i % 8 == 0)
            usleep(100);
    }
    finish("code unmapped");
    munmap(code, 4096);
}

/* All threads make and run new code of their own all the time. */
static void *generates(void *arg)
{
    uint32_t *p = pages(1 << 16);
    ready++;
    for (int i = 0; i < rounds * 4; i++) {
        uint32_t *at = p + (i * 37 % 1000) * 16;
        int v = (int)((i * 7 + (long)arg) & 0xffff);
        emit(at, (uint32_t[]){ MOV_W0 | (uint32_t)v << 5, ADD_W0_W0 | 3 << 10, ADD_W0_W0 | 4 << 10, RET }, 4);
        for (int k = 0; k < 3; k++)
            if (((fn)at)(0) != v + 7)
                wrong++;
    }
    munmap(p, 1 << 16);
    return NULL;
}

int main(int argc, char **argv)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    sigaction(SIGSEGV, &sa, NULL);
    if (argc > 1)
        rounds = atoi(argv[1]);
    rewritten();
    synchronised();
    patched_loop();
    coming_and_going();
    code_unmapped();
    run(generates);
    finish("generated in all threads");
    return 0;
}
