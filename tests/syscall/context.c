/* Signal frames of arm64: siginfo, the context read and changed by handlers, nesting, records. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>
#include "check.h"

/* Sets x0-x28 from in[0..28], v0 and v31 from in[30..33], flags to those of equality, traps, and
 * stores x0, nzcv, fpsr, v0, x28 to out[0..5]. */
void trap_registers(const uint64_t *in, uint64_t *out);
extern char trap_insn[];
asm(".globl trap_registers, trap_insn\n"
    "trap_registers:\n"
    " stp x29, x30, [sp, #-112]!\n mov x29, sp\n stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n"
    " stp x23, x24, [sp, #48]\n stp x25, x26, [sp, #64]\n stp x27, x28, [sp, #80]\n"
    " str x1, [sp, #96]\n mov x30, x0\n"
    " ldr q0, [x30, #240]\n ldr q31, [x30, #256]\n"
    " ldp x0, x1, [x30]\n ldp x2, x3, [x30, #16]\n ldp x4, x5, [x30, #32]\n ldp x6, x7, [x30, #48]\n"
    " ldp x8, x9, [x30, #64]\n ldp x10, x11, [x30, #80]\n ldp x12, x13, [x30, #96]\n"
    " ldp x14, x15, [x30, #112]\n ldp x16, x17, [x30, #128]\n ldp x18, x19, [x30, #144]\n"
    " ldp x20, x21, [x30, #160]\n ldp x22, x23, [x30, #176]\n ldp x24, x25, [x30, #192]\n"
    " ldp x26, x27, [x30, #208]\n ldr x28, [x30, #224]\n"
    " cmp x0, x0\n"
    "trap_insn: brk #5\n"
    " ldr x30, [sp, #96]\n mrs x1, nzcv\n stp x0, x1, [x30]\n mrs x1, fpsr\n str x1, [x30, #16]\n"
    " str q0, [x30, #24]\n str x28, [x30, #40]\n"
    " ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n ldp x23, x24, [sp, #48]\n"
    " ldp x25, x26, [sp, #64]\n ldp x27, x28, [sp, #80]\n ldp x29, x30, [sp], #112\n ret\n");

static volatile int traps, depth, deepest, order[8], norder;
static uint64_t in[34], out[6];

static struct fpsimd_context *fpsimd(ucontext_t *uc)
{
    struct _aarch64_ctx *h = (void *)uc->uc_mcontext.__reserved;

    while (h->magic && h->magic != FPSIMD_MAGIC)
        h = (void *)((char *)h + h->size);
    return h->magic ? (void *)h : NULL;
}

static void on_brk(int s, siginfo_t *si, void *v)
{
    ucontext_t *uc = v;
    struct fpsimd_context *fp = fpsimd(uc);
    uint64_t *record = __builtin_frame_address(0);

    traps++;
    CHECK_EQ(si->si_signo, SIGTRAP);
    CHECK_EQ(si->si_code, TRAP_BRKPT);
    CHECK_EQ((uintptr_t)si->si_addr, (uintptr_t)trap_insn);
    CHECK_EQ(uc->uc_mcontext.pc, (uintptr_t)trap_insn);
    for (int i = 0; i < 29; i++)
        CHECK_EQ(uc->uc_mcontext.regs[i], in[i]);
    CHECK_EQ(uc->uc_mcontext.pstate >> 28, 6); /* Z and C */
    CHECK_EQ(uc->uc_mcontext.sp, uc->uc_mcontext.regs[29]);
    CHECK_EQ((uintptr_t)si & 15, 0);
    CHECK_EQ((uintptr_t)uc - (uintptr_t)si, 128);
    CHECK(fp != NULL);
    CHECK_EQ(fp->head.size, sizeof *fp);
    CHECK_EQ((uint64_t)fp->vregs[0], in[30]);
    CHECK_EQ((uint64_t)(fp->vregs[31] >> 64), in[33]);
    record = (uint64_t *)record[0]; /* the chain leads to the interrupted function */
    CHECK_EQ(record[0], uc->uc_mcontext.regs[29]);
    CHECK_EQ(record[1], uc->uc_mcontext.regs[30]);
    uc->uc_mcontext.pc += 4;
    uc->uc_mcontext.regs[0] = 4711;
    uc->uc_mcontext.regs[28] = 12345;
    uc->uc_mcontext.pstate = 1ull << 31;
    fp->vregs[0] = (__uint128_t)77 << 64 | 88;
    fp->fpsr = 1 << 27;
}

static void on_nested(int s, siginfo_t *si, void *v)
{
    if (++depth > deepest)
        deepest = depth;
    if (s == SIGUSR1) {
        raise(SIGUSR2); /* at once */
        raise(SIGUSR1); /* blocked until this one returns */
        CHECK_EQ(deepest, 2);
    }
    order[norder++ & 7] = s * 10 + depth;
    depth--;
    if (s == SIGUSR1 && norder >= 3) /* the second time: no third */
        signal(SIGUSR1, SIG_IGN);
}

static volatile int once;
static void on_once(int s) { once++; }

static void on_mask(int s, siginfo_t *si, void *v)
{
    ucontext_t *uc = v;
    sigset_t now;

    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(sigismember(&now, SIGWINCH) == 1); /* sa_mask */
    CHECK(sigismember(&now, s) == 1);
    CHECK(sigismember(&uc->uc_sigmask, SIGWINCH) == 0);
    sigaddset(&uc->uc_sigmask, SIGHUP); /* in force after the return */
}

int main(void)
{
    struct sigaction sa = {.sa_flags = SA_SIGINFO};
    sigset_t set;

    for (int i = 0; i < 34; i++)
        in[i] = 0x0101010101010101ull * (uint64_t)(i + 1);
    sa.sa_sigaction = on_brk;
    sigaction(SIGTRAP, &sa, NULL);
    trap_registers(in, out);
    CHECK_EQ(traps, 1);
    CHECK_EQ(out[0], 4711);
    CHECK_EQ(out[1], 1ull << 31);
    CHECK_EQ(out[2], 1ull << 27);
    CHECK_EQ(out[3], 88);
    CHECK_EQ(out[4], 77);
    CHECK_EQ(out[5], 12345);

    sa.sa_sigaction = on_nested;
    sigaction(SIGUSR1, &sa, NULL);
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR1);
    CHECK_EQ(deepest, 2);
    CHECK_EQ(order[0], SIGUSR2 * 10 + 2);
    CHECK_EQ(order[1], SIGUSR1 * 10 + 1);
    CHECK_EQ(order[2], SIGUSR2 * 10 + 2);

    sa = (struct sigaction){.sa_handler = on_once, .sa_flags = SA_RESETHAND};
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR2);
    sigaction(SIGUSR2, NULL, &sa);
    CHECK_EQ(once, 1);
    CHECK(sa.sa_handler == SIG_DFL);

    sa = (struct sigaction){.sa_sigaction = on_mask, .sa_flags = SA_SIGINFO};
    sigaddset(&sa.sa_mask, SIGWINCH);
    sigaction(SIGUSR2, &sa, NULL);
    raise(SIGUSR2);
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(sigismember(&set, SIGHUP) == 1);
    CHECK(sigismember(&set, SIGWINCH) == 0);
    return check_done();
}
