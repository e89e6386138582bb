/* All vector registers at an access that faults: as the handler finds them, and as it leaves them. The instructions before
 * it set most of them, so the registers are where translated code keeps them. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>
#include "check.h"

typedef __uint128_t v128;

/* Loads v0-v31 from in, doubles the words of each, reads a byte at bad, stores v0-v31 to out. */
void fault_with_vectors(const v128 *in, v128 *out, const void *bad);
#define EACH(x) x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) x(14) x(15) x(16) x(17) x(18) \
                x(19) x(20) x(21) x(22) x(23) x(24) x(25) x(26) x(27) x(28) x(29) x(30) x(31)
#define LOAD(n) " ldr q" #n ", [x0], #16\n"
#define DOUBLE(n) " add v" #n ".4s, v" #n ".4s, v" #n ".4s\n"
#define STORE(n) " str q" #n ", [x1], #16\n"
asm(".globl fault_with_vectors\n"
    "fault_with_vectors:\n"
    " stp d8, d9, [sp, #-64]!\n stp d10, d11, [sp, #16]\n stp d12, d13, [sp, #32]\n stp d14, d15, [sp, #48]\n"
    EACH(LOAD) EACH(DOUBLE)
    " ldrb w2, [x2]\n"
    EACH(STORE)
    " ldp d10, d11, [sp, #16]\n ldp d12, d13, [sp, #32]\n ldp d14, d15, [sp, #48]\n ldp d8, d9, [sp], #64\n ret\n");

static v128 in[32], want[32], out[32];
static volatile int faults;

static void on_fault(int s, siginfo_t *si, void *v)
{
    ucontext_t *uc = v;
    struct fpsimd_context *fp = (void *)uc->uc_mcontext.__reserved;

    faults++;
    CHECK_EQ((uintptr_t)si->si_addr, 64);
    CHECK_EQ(fp->head.magic, FPSIMD_MAGIC);
    CHECK(memcmp(fp->vregs, want, sizeof want) == 0);
    for (int k = 0; k < 32; k++)
        fp->vregs[k] = want[k] = ~want[k];
    uc->uc_mcontext.pc += 4;
}

int main(void)
{
    struct sigaction sa = {.sa_flags = SA_SIGINFO};

    sa.sa_sigaction = on_fault;
    sigaction(SIGSEGV, &sa, NULL);
    for (int round = 0; round < 3; round++) {
        for (int k = 0; k < 32; k++) {
            uint32_t w[4];
            for (int j = 0; j < 4; j++)
                w[j] = (uint32_t)(round * 1000003 + k * 257 + j * 16777619 + 1);
            memcpy(&in[k], w, 16);
            for (int j = 0; j < 4; j++)
                w[j] *= 2;
            memcpy(&want[k], w, 16);
        }
        fault_with_vectors(in, out, (void *)64);
        CHECK_EQ(faults, round + 1);
        CHECK(memcmp(out, want, sizeof out) == 0);
    }
    memset(in, 0, sizeof in); /* state that the host need not have saved */
    memset(want, 0, sizeof want);
    fault_with_vectors(in, out, (void *)64);
    CHECK(memcmp(out, want, sizeof out) == 0);
    return check_done();
}
