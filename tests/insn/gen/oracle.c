/*
 * The oracle of the instruction tests: an aarch64 program that puts a register and memory state in
 * place, runs a few instruction words and reports the state after them. It is run by qemu-aarch64
 * (or on real hardware), so nothing of myna takes part.
 *
 * Records of struct state come on stdin and go back on stdout. The state is put in place and read
 * back through signal frames: SIGUSR1's handler stores the registers into its ucontext, the page of
 * code is full of `brk`, and the handler of the signal that ends the run copies them out again.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { CODE = 0x10000000, START = CODE + 0x800, WINDOW = 0x10010000, PAGE = 0x1000 };
enum { RESERVED_FPSIMD_MAGIC = 0x46508001 };

struct state {
    uint64_t x[31], sp, pc, nzcv, fpcr, fpsr, tpidr;
    uint64_t v[32][2];
    uint64_t signo, fault;  /* out: the signal that ended the run, si_addr */
    uint32_t nwords, words[31];
    uint8_t mem[PAGE];
};

static struct state st;
static ucontext_t home;
static uint64_t home_tpidr;
static volatile int done;

static struct fpsimd_context *find_fpsimd(ucontext_t *uc)
{
    struct fpsimd_context *f = (void *)uc->uc_mcontext.__reserved;
    while (f->head.magic != RESERVED_FPSIMD_MAGIC)
        f = (void *)((char *)f + f->head.size);
    return f;
}

static void enter(int signo, siginfo_t *si, void *p)
{
    ucontext_t *uc = p;
    struct fpsimd_context *f = find_fpsimd(uc);
    (void)signo, (void)si;
    memcpy(&home, uc, sizeof home);
    __asm__ volatile("mrs %0, tpidr_el0" : "=r"(home_tpidr));
    memcpy(uc->uc_mcontext.regs, st.x, sizeof st.x);
    uc->uc_mcontext.sp = st.sp;
    uc->uc_mcontext.pc = st.pc;
    uc->uc_mcontext.pstate = (uc->uc_mcontext.pstate & 0xfffffff) | st.nzcv << 28;
    memcpy(f->vregs, st.v, sizeof st.v);
    f->fpcr = (uint32_t)st.fpcr;
    f->fpsr = (uint32_t)st.fpsr;
    __asm__ volatile("msr tpidr_el0, %0" :: "r"(st.tpidr));
}

static void leave(int signo, siginfo_t *si, void *p)
{
    ucontext_t *uc = p;
    struct fpsimd_context *f = find_fpsimd(uc);
    __asm__ volatile("mrs %0, tpidr_el0\n msr tpidr_el0, %1" : "=&r"(st.tpidr) : "r"(home_tpidr));
    memcpy(st.x, uc->uc_mcontext.regs, sizeof st.x);
    st.sp = uc->uc_mcontext.sp;
    st.pc = uc->uc_mcontext.pc;
    st.nzcv = uc->uc_mcontext.pstate >> 28;
    memcpy(st.v, f->vregs, sizeof st.v);
    st.fpcr = f->fpcr;
    st.fpsr = f->fpsr;
    st.signo = (uint64_t)signo;
    st.fault = (uint64_t)si->si_addr;
    memcpy(uc, &home, sizeof home);
    done = 1;
}

int main(void)
{
    static char stack[65536];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    sigaltstack(&ss, NULL);
    struct sigaction sa = { .sa_flags = SA_SIGINFO | SA_ONSTACK };
    sigfillset(&sa.sa_mask);
    sa.sa_sigaction = enter;
    sigaction(SIGUSR1, &sa, NULL);
    sa.sa_sigaction = leave;
    static const int ends[] = { SIGTRAP, SIGILL, SIGSEGV, SIGBUS, SIGFPE };
    for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &sa, NULL);
    uint32_t *code = mmap((void *)CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    uint8_t *window = mmap((void *)WINDOW, PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (code == MAP_FAILED || window == MAP_FAILED)
        return 1;
    while (fread(&st, sizeof st, 1, stdin) == 1) {
        for (unsigned i = 0; i < PAGE / 4; i++)
            code[i] = 0xd4200000; /* brk #0 */
        memcpy((void *)(uintptr_t)START, st.words, 4 * st.nwords);
        __builtin___clear_cache((char *)code, (char *)code + PAGE);
        memcpy(window, st.mem, PAGE);
        done = 0;
        kill(getpid(), SIGUSR1);
        while (!done)
            ;
        memcpy(st.mem, window, PAGE);
        fwrite(&st, sizeof st, 1, stdout);
    }
    return 0;
}
