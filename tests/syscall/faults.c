/* Synchronous signals: addresses and codes, repair by the handler, alternate stack, bad jumps. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include "check.h"

static volatile int faults, signo, code, repair;
static char *volatile fault_at;
static volatile uintptr_t fault_pc, context_addr, syndrome;
static sigjmp_buf back;
static char *altstack;
static volatile int on_alt;

static void on(int s, siginfo_t *si, void *v)
{
    ucontext_t *uc = v;
    struct _aarch64_ctx *h = (void *)uc->uc_mcontext.__reserved;

    while (h->magic && h->magic != ESR_MAGIC)
        h = (void *)((char *)h + h->size);
    syndrome = h->magic ? ((struct esr_context *)h)->esr : 0;
    faults++;
    signo = s;
    code = si->si_code;
    fault_at = si->si_addr;
    fault_pc = uc->uc_mcontext.pc;
    context_addr = uc->uc_mcontext.fault_address;
    on_alt = altstack && (char *)&uc >= altstack && (char *)&uc < altstack + 65536;
    if (repair)
        mprotect((void *)((uintptr_t)fault_at & ~4095ul), 4096, PROT_READ | PROT_WRITE);
    else
        siglongjmp(back, 1);
}

#define TRY(statement) do { \
        faults = 0; repair = 0; \
        if (sigsetjmp(back, 1) == 0) { statement; } \
    } while (0)

static int deep(int n)
{
    volatile char pad[1000];

    pad[0] = (char)n;
    return n == 0 ? 0 : deep(n - 1) + pad[0];
}

int main(void)
{
    struct sigaction sa = {.sa_sigaction = on, .sa_flags = SA_SIGINFO};
    char *page = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *file;
    FILE *f = tmpfile();
    int status;
    pid_t child;
    stack_t ss, old;

    for (int s = 1; s < 32; s++)
        if (s == SIGSEGV || s == SIGBUS || s == SIGILL || s == SIGTRAP || s == SIGFPE)
            sigaction(s, &sa, NULL);

    mprotect(page, 4096, PROT_READ);
    munmap(page + 4096, 4096);
    TRY(*(volatile char *)(page + 5) = 1);
    CHECK_EQ(faults, 1);
    CHECK_EQ(signo, SIGSEGV);
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK_EQ(fault_at, page + 5);
    CHECK_EQ(context_addr, (uintptr_t)page + 5);
    CHECK_EQ(syndrome >> 26, 0x24);       /* data abort from EL0 */
    CHECK_EQ(syndrome >> 6 & 1, 1);       /* a write */
    CHECK_EQ(syndrome & 0x3c, 0xc);       /* permission */
    TRY(*(volatile char *)(page + 4096 + 9) = 1);
    CHECK_EQ(code, SEGV_MAPERR);
    CHECK_EQ(fault_at, page + 4096 + 9);
    TRY(status = *(volatile int *)8);
    CHECK_EQ(code, SEGV_MAPERR);
    CHECK_EQ(fault_at, 8);
    CHECK_EQ(syndrome >> 6 & 1, 0);
    CHECK_EQ(syndrome & 0x3c, 4);         /* translation */
    TRY(status = *(volatile int *)(page + 4094)); /* across: the address is the unmapped byte's page */
    CHECK_EQ(faults, 1);
    CHECK_EQ(fault_at, page + 4096);
    TRY(((void (*)(void))(page + 8192))()); /* not executable */
    CHECK_EQ(signo, SIGSEGV);
    CHECK_EQ(code, SEGV_ACCERR);
    CHECK_EQ(fault_at, page + 8192);
    CHECK_EQ(fault_pc, (uintptr_t)page + 8192);
    TRY(((void (*)(void))0x10)());
    CHECK_EQ(signo, SIGSEGV);
    CHECK_EQ(code, SEGV_MAPERR);
    CHECK_EQ(fault_pc, 0x10);
    TRY(asm volatile(".inst 0x00000000")); /* udf */
    CHECK_EQ(signo, SIGILL);
    CHECK_EQ(code, ILL_ILLOPC);
    CHECK_EQ(fault_at, fault_pc);
    TRY(asm volatile("brk #1"));
    CHECK_EQ(signo, SIGTRAP);
    CHECK_EQ(code, TRAP_BRKPT);

    repair = 1; /* the faulting instruction is repeated */
    faults = 0;
    *(volatile char *)(page + 7) = 42;
    CHECK_EQ(faults, 1);
    CHECK_EQ(page[7], 42);

    CHECK_EQ(ftruncate(fileno(f), 10), 0);
    file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(f), 0);
    TRY(status = file[4095]);
    CHECK_EQ(faults, 0);
    TRY(status = *(volatile char *)(file + 4097));
    CHECK_EQ(signo, SIGBUS);
    CHECK_EQ(code, BUS_ADRERR);
    CHECK_EQ(fault_at, file + 4097);

    altstack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ss = (stack_t){.ss_sp = altstack, .ss_size = 65536};
    CHECK_EQ(sigaltstack(&ss, NULL), 0);
    sa.sa_flags |= SA_ONSTACK;
    sigaction(SIGSEGV, &sa, NULL);
    TRY(deep(10000000)); /* the stack overflows */
    CHECK_EQ(signo, SIGSEGV);
    CHECK_EQ(on_alt, 1);
    sigaltstack(NULL, &old);
    CHECK_EQ(old.ss_sp, altstack);
    CHECK_EQ(old.ss_flags, 0);
    ss.ss_size = 100;
    CHECK_EQ(sigaltstack(&ss, NULL), -1);
    CHECK_EQ(errno, ENOMEM);

    fflush(stdout);
    child = fork(); /* no handler: death by the signal */
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        *(volatile char *)8 = 1;
    }
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    child = fork();
    if (child == 0) { /* blocked or ignored: death all the same */
        sigset_t set;
        signal(SIGSEGV, SIG_IGN);
        sigemptyset(&set);
        sigaddset(&set, SIGSEGV);
        sigprocmask(SIG_BLOCK, &set, NULL);
        *(volatile char *)8 = 1;
    }
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    child = fork();
    if (child == 0) { /* no room for the frame */
        sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
        sigaction(SIGUSR1, &sa, NULL);
        signal(SIGSEGV, SIG_DFL);
        munmap(altstack, 65536);
        raise(SIGUSR1);
    }
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    child = fork();
    if (child == 0) { /* a frame that never was */
        signal(SIGSEGV, SIG_DFL);
        asm volatile("mov x8, #139\n svc #0\n" : : : "x8", "x0", "memory");
    }
    waitpid(child, &status, 0);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    return check_done();
}
