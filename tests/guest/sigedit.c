/* Handlers that edit the context they return to, as runtimes do, and the stacks handlers run on: a call
 * injected at any instruction of a running loop (Go's preemption), from a timer and from another
 * thread; a page made inaccessible as a safepoint, whose handler goes elsewhere (HotSpot); a null
 * check and a bad load that continue at a landing pad with another result (HotSpot, V8); registers, flags,
 * vector registers and the mask edited in the frame; nested handlers on three kinds of stack,
 * SS_AUTODISARM, SA_NODEFER, SA_RESETHAND. Argument: how often (1).
 * sigedit.expect: worked out from the program. TEST: native=no flags=-O0 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1u << 31)
#endif
typedef struct { uint32_t magic, size, fpsr, fpcr; __uint128_t v[32]; } fpsimd;
static int wrong;
#define WANT(e) ((e) ? 0 : wrong++ > 4 ? 0 : (printf("line %d: not so: %s\n", __LINE__, #e)))

/* mix(n): a loop over all kinds of state that leaves x27 alone; between its labels a call may be injected. */
uint64_t mix(uint64_t n);
extern char mix_begin[], mix_end[], injected[], injected_end[];
extern atomic_long injections;
asm(".text\n.balign 16\n.globl mix\n.globl mix_begin\n.globl mix_end\n.globl injected\n.globl injected_end\nmix:\n"
    "   stp x29, x30, [sp, #-48]!\n   stp x19, x28, [sp, #16]\n   str x27, [sp, #32]\n"
    "   mov x19, #1\n   mov x28, #3\n   mov x2, #5\n   fmov d0, #1.0\n   movi v17.2d, #0\n   mov x9, #0\n"
    "mix_begin:\n"
    "1: ldr x3, =6364136223846793005\n   mul x19, x19, x3\n   adds x19, x19, x28\n   adc x9, x9, xzr\n"
    "   eor x28, x28, x19, lsr #17\n   cmp x19, x28\n   cinc x2, x2, hi\n   ccmp x2, x9, #2, ne\n"
    "   csinv x4, x2, x28, mi\n   add x9, x9, x4\n   ror x30, x19, #7\n   eor x9, x9, x30\n"
    "   ucvtf d1, x28\n   fadd d0, d0, d1\n   fmov x5, d0\n   eor x9, x9, x5, lsr #50\n"
    "   dup v1.2d, x19\n   add v17.2d, v17.2d, v1.2d\n   ext v17.16b, v17.16b, v17.16b, #3\n"
    "   stp x9, x2, [sp, #-16]!\n   bl 2f\n   ldp x9, x2, [sp], #16\n"
    "   subs x0, x0, #1\n   b.ne 1b\n"
    "   nop\nmix_end:\n"
    "   fmov x5, d17\n   eor x0, x19, x5\n   add x0, x0, x9\n"
    "   ldr x27, [sp, #32]\n   ldp x19, x28, [sp, #16]\n   ldp x29, x30, [sp], #48\n   ret\n"
    "2: mov x6, x30\n   eor x28, x28, x6\n   eor x28, x28, x6\n   ret\n   .ltorg\n"
    /* the injected call: x30 is where to go on, the interrupted x30 lies on the stack */
    "injected:\n   sub sp, sp, #784\n   stp x0, x1, [sp]\n   stp x2, x3, [sp, #16]\n   stp x4, x5, [sp, #32]\n"
    "   stp x6, x7, [sp, #48]\n   stp x8, x9, [sp, #64]\n   stp x10, x11, [sp, #80]\n   stp x12, x13, [sp, #96]\n"
    "   stp x14, x15, [sp, #112]\n   stp x16, x17, [sp, #128]\n   stp x18, x30, [sp, #144]\n"
    "   mrs x0, nzcv\n   mrs x1, fpsr\n   stp x0, x1, [sp, #160]\n"
    "   stp q0, q1, [sp, #176]\n   stp q2, q3, [sp, #208]\n   stp q4, q5, [sp, #240]\n   stp q6, q7, [sp, #272]\n"
    "   stp q16, q17, [sp, #304]\n   stp q18, q19, [sp, #336]\n   stp q20, q21, [sp, #368]\n"
    "   bl count_injection\n"
    "   movi v0.2d, #-1\n   movi v17.2d, #-1\n   mov x9, #-1\n   cmp x9, #3\n" /* nothing here may last */
    "   ldp q0, q1, [sp, #176]\n   ldp q2, q3, [sp, #208]\n   ldp q4, q5, [sp, #240]\n   ldp q6, q7, [sp, #272]\n"
    "   ldp q16, q17, [sp, #304]\n   ldp q18, q19, [sp, #336]\n   ldp q20, q21, [sp, #368]\n"
    "   ldp x0, x1, [sp, #160]\n   msr nzcv, x0\n   msr fpsr, x1\n"
    "   ldp x18, x27, [sp, #144]\n   ldp x16, x17, [sp, #128]\n   ldp x14, x15, [sp, #112]\n"
    "   ldp x12, x13, [sp, #96]\n   ldp x10, x11, [sp, #80]\n   ldp x8, x9, [sp, #64]\n   ldp x6, x7, [sp, #48]\n"
    "   ldp x4, x5, [sp, #32]\n   ldp x2, x3, [sp, #16]\n   ldp x0, x1, [sp]\n   add sp, sp, #784\n"
    "   ldr x30, [sp], #16\n   br x27\ninjected_end:\n");
atomic_long injections;
void count_injection(void) { injections++; }

static void on_preempt(int signo, siginfo_t *si, void *ucv)
{
    mcontext_t *c = &((ucontext_t *)ucv)->uc_mcontext;
    if (c->pc < (uintptr_t)mix_begin || c->pc >= (uintptr_t)mix_end)
        return;
    c->sp -= 16;
    *(uint64_t *)c->sp = c->regs[30];
    c->regs[30] = c->pc;
    c->pc = (uintptr_t)injected;
}
static uint64_t expected;
static atomic_int stop;
static void *mixes(void *arg)
{
    while (!stop)
        if (mix(3000) != expected)
            wrong++;
    return NULL;
}
static void preemption(void)
{
    struct sigaction sa = { .sa_sigaction = on_preempt, .sa_flags = SA_SIGINFO | SA_RESTART };
    struct itimerval it = { { 0, 300 }, { 0, 300 } }, off = { 0 };
    pthread_t t[2];
    expected = mix(3000);
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGURG, &sa, NULL);
    injections = 0;
    setitimer(ITIMER_REAL, &it, NULL);
    for (long i = 0; injections < 150 && i < 2000000; i++)
        WANT(mix(3000) == expected);
    setitimer(ITIMER_REAL, &off, NULL);
    WANT(injections >= 150);
    stop = 0;
    for (int i = 0; i < 2; i++)
        pthread_create(&t[i], NULL, mixes, NULL);
    injections = 0;
    for (long i = 0; injections < 1500 && i < 2000000; i++) {
        pthread_kill(t[i & 1], SIGURG);
        if (i % 16 == 0)
            usleep(20);
    }
    stop = 1;
    for (int i = 0; i < 2; i++)
        pthread_join(t[i], NULL);
    WANT(injections >= 1500);
    printf("preemption: wrong %d\n", wrong);
}

/* A thread polls a page; making it inaccessible brings all threads to the handler. */
static volatile int *safepoint;
static atomic_int arrived, left, go;
static void on_segv(int signo, siginfo_t *si, void *ucv)
{
    mcontext_t *c = &((ucontext_t *)ucv)->uc_mcontext;
    uint32_t insn = *(uint32_t *)c->pc;
    if (si->si_addr == (void *)safepoint && si->si_code == SEGV_ACCERR && c->fault_address == (uintptr_t)safepoint) {
        arrived++;
        while (!go)
            usleep(50);
        left++;
        return; /* the load again */
    }
    if ((uintptr_t)si->si_addr == 0x18 && si->si_code == SEGV_MAPERR) { /* the null check: to its landing pad */
        c->regs[(insn & 31)] = 4711;
        c->pc += 8;
        return;
    }
    static const char text[] = "unexpected fault\n";
    write(1, text, sizeof text - 1);
    _exit(3);
}
static void *polls(void *arg)
{
    uint64_t n = 0;
    while (!stop) {
        n += *safepoint + mix(10);
        n += mix(3);
    }
    return (void *)n;
}
static long null_check(const void *p)
{
    long r;
    asm volatile("mov %0, #1\n   ldr %0, [%1, #24]\n   b 1f\n   add %0, %0, #1\n1:" : "=&r"(r) : "r"(p) : "memory");
    return r;
}
static void runtimes(void)
{
    struct sigaction sa = { .sa_sigaction = on_segv, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    pthread_t t[3];
    long here[4] = { 0, 0, 0, 99 };
    sigaction(SIGSEGV, &sa, NULL);
    safepoint = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    stop = 0;
    for (int i = 0; i < 3; i++)
        pthread_create(&t[i], NULL, polls, NULL);
    for (int i = 0; i < 60; i++) {
        arrived = left = go = 0;
        mprotect((void *)safepoint, 4096, PROT_NONE);
        while (arrived < 3)
            usleep(20);
        mprotect((void *)safepoint, 4096, PROT_READ);
        go = 1;
        while (left < 3)
            usleep(20);
    }
    stop = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < 3000; i++)
        WANT(null_check(i % 3 ? here : NULL) == (i % 3 ? 99 : 4712));
    signal(SIGSEGV, SIG_DFL);
    printf("safepoints, null checks: wrong %d\n", wrong);
}

/* Everything in a frame may be edited. The program stops at brk and goes on behind it. */
static void on_trap(int signo, siginfo_t *si, void *ucv)
{
    ucontext_t *uc = ucv;
    mcontext_t *c = &uc->uc_mcontext;
    fpsimd *f = (fpsimd *)c->__reserved;
    c->pc += 4;
    c->regs[3] ^= 0xff00;
    c->pstate ^= 0xf0000000;
    f->v[9] += ((__uint128_t)5 << 64) + 7;
    f->fpcr = 1 << 22;
    f->fpsr |= 0x10;
    sigaddset(&uc->uc_sigmask, SIGUSR2);
}
static void edited(void)
{
    struct sigaction sa = { .sa_sigaction = on_trap, .sa_flags = SA_SIGINFO };
    sigaction(SIGTRAP, &sa, NULL);
    for (int i = 0; i < 300; i++) {
        uint64_t x3, nzcv, fpcr, fpsr, lo, hi;
        sigset_t now;
        asm volatile("mov x3, #0x1234\n   mov x4, #0x60000000\n   msr nzcv, x4\n   movi v9.16b, #1\n   msr fpcr, xzr\n"
                     "   msr fpsr, xzr\n   brk #1\n   mrs %1, nzcv\n   mov %0, x3\n   mrs %2, fpcr\n   mrs %3, fpsr\n"
                     "   msr fpcr, xzr\n   umov %4, v9.d[0]\n   umov %5, v9.d[1]\n"
                     : "=&r"(x3), "=&r"(nzcv), "=&r"(fpcr), "=&r"(fpsr), "=&r"(lo), "=&r"(hi)
                     : : "x3", "x4", "v9", "cc");
        WANT(x3 == 0xed34 && nzcv == 0x90000000 && fpcr == 1 << 22 && fpsr == 0x10);
        WANT(lo == 0x0101010101010108 && hi == 0x0101010101010106);
        sigprocmask(SIG_BLOCK, NULL, &now);
        WANT(sigismember(&now, SIGUSR2));
        sigdelset(&now, SIGUSR2);
        sigprocmask(SIG_SETMASK, &now, NULL);
    }
    printf("edited: wrong %d\n", wrong);
}

/* Stacks and nesting. */
static char *alternate;
enum { ALT = 1 << 16 };
static volatile int depth, deepest, on_alt, flags_seen[8]; /* raise() is a leaf function to gcc */
static int is_on(const void *p) { return (const char *)p >= alternate && (const char *)p < alternate + ALT; }
static void nests(int signo, siginfo_t *si, void *uc)
{
    char here;
    stack_t now;
    sigaltstack(NULL, &now);
    flags_seen[depth] = now.ss_flags;
    on_alt |= is_on(&here) << depth;
    if (++depth < 5)
        raise(signo == SIGUSR1 ? SIGUSR2 : SIGUSR1); /* SIGUSR1: alternate stack, SIGUSR2: this one */
    if (depth > deepest)
        deepest = depth;
    depth--;
    sigaltstack(NULL, &now);
    WANT(now.ss_flags == flags_seen[depth]);
}
static void again(int signo) /* SA_NODEFER */
{
    if (++depth < 7)
        raise(signo);
    if (depth > deepest)
        deepest = depth;
    depth--;
}
static void stacks(void)
{
    stack_t st = { .ss_sp = alternate, .ss_size = ALT }, old;
    struct sigaction one = { .sa_sigaction = nests, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
    struct sigaction two = { .sa_sigaction = nests, .sa_flags = SA_SIGINFO | SA_NODEFER }, got;
    struct sigaction nodefer = { .sa_handler = again, .sa_flags = SA_NODEFER | SA_RESETHAND };
    sigset_t none;
    sigemptyset(&none);
    WANT(sigaltstack(&st, NULL) == 0);
    sigaction(SIGUSR1, &one, NULL);
    sigaction(SIGUSR2, &two, NULL);
    deepest = on_alt = 0;
    raise(SIGUSR2); /* here, alternate, still there (SIGUSR2), alternate going on, ... */
    WANT(deepest == 5 && on_alt == 0x1e);
    WANT(flags_seen[0] == 0 && flags_seen[1] == SS_ONSTACK && flags_seen[4] == SS_ONSTACK);
    /* disarmed as the handler begins: the next one goes on where this one stands; armed again at its end */
    st.ss_flags = SS_AUTODISARM;
    WANT(sigaltstack(&st, NULL) == 0);
    deepest = on_alt = 0;
    raise(SIGUSR1);
    WANT(deepest == 5 && on_alt == 0x1f);
    WANT(flags_seen[0] == SS_DISABLE && flags_seen[1] == SS_DISABLE);
    WANT(sigaltstack(NULL, &old) == 0 && old.ss_flags == (int)SS_AUTODISARM && old.ss_sp == alternate && old.ss_size == ALT);
    st.ss_flags = SS_DISABLE;
    WANT(sigaltstack(&st, NULL) == 0);
    sigaction(SIGUSR1, &nodefer, NULL);
    nodefer.sa_flags = SA_NODEFER;
    sigaction(SIGUSR2, &nodefer, NULL);
    deepest = depth = 0;
    raise(SIGUSR2);
    WANT(deepest == 7);
    depth = 6;
    raise(SIGUSR1); /* once: then it is the default again */
    sigaction(SIGUSR1, NULL, &got);
    WANT(got.sa_handler == SIG_DFL);
    depth = 0;
    printf("stacks: wrong %d\n", wrong);
}

int main(int argc, char **argv)
{
    alternate = malloc(ALT);
    for (int n = argc > 1 ? atoi(argv[1]) : 1; n; n--) {
        preemption();
        runtimes();
        edited();
        stacks();
    }
    return wrong != 0;
}
