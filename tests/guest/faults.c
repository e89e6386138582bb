/* Precise state at faults: a handler sees the registers of the faulting instruction, with no write-back
 * and no half of a pair done, changes them, and the program goes on. TEST: native=no */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static uint64_t seen[31], sp, pc, addr, pstate;
static int action;
static void handler(int s, siginfo_t *si, void *v)
{
    ucontext_t *uc = v;
    (void)s;
    memcpy(seen, uc->uc_mcontext.regs, sizeof(seen));
    sp = uc->uc_mcontext.sp;
    pc = uc->uc_mcontext.pc;
    pstate = uc->uc_mcontext.pstate;
    addr = (uint64_t)si->si_addr;
    uc->uc_mcontext.pc += 4;
    if (action == 1)
        uc->uc_mcontext.regs[4] = 0x1234;
    if (action == 2)
        uc->uc_mcontext.regs[7] = 0;
}
#define TRY(text, insn)                                                                            \
    do {                                                                                           \
        register uint64_t x1 asm("x1") = (uint64_t)hole, x2 asm("x2") = 22, x3 asm("x3") = 33;      \
        register uint64_t x4 asm("x4") = 44, x5 asm("x5") = 8;                                      \
        uint64_t at, eq; /* flags are read after the fault: only then must the frame show them */    \
        asm volatile("adr %5, 1f\ncmp %4, #8\n1: " insn "\ncset %6, eq"                             \
                     : "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5), "=&r"(at), "=&r"(eq)        \
                     :: "memory", "cc", "x6", "x7");                                               \
        uint64_t after[] = { x1 - (uint64_t)hole, x2, x3, x4 };                                     \
        printf("%-28s pc %d addr %+ld base %+ld x2 %lu x3 %lu x4 %lu nzcv %lx eq %lu", text,       \
               pc == at, (long)(addr - (uint64_t)hole), (long)(seen[1] - (uint64_t)hole),          \
               (unsigned long)seen[2], (unsigned long)seen[3], (unsigned long)seen[4],             \
               (unsigned long)(pstate >> 28), (unsigned long)eq);                                  \
        printf(" after %+ld %lu %lu %lx\n", (long)after[0], (unsigned long)after[1],               \
               (unsigned long)after[2], (unsigned long)after[3]);                                  \
    } while (0)

int main(void)
{
    long page = sysconf(_SC_PAGESIZE);
    char *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(map, 0x11, 3 * page);
    mprotect(map + page, page, PROT_NONE);
    char *hole = map + page;
    struct sigaction sa = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
    for (action = 0; action < 2; action++) {
        TRY("ldr", "ldr x4, [x1]");
        TRY("ldr offset", "ldr x4, [x1, #16]");
        TRY("ldr pre-index", "ldr x4, [x1, #16]!");
        TRY("ldr post-index", "ldr x4, [x1], #16");
        TRY("ldr register", "ldr x4, [x1, x5, lsl #3]");
        TRY("str post-index", "str x2, [x1], #-8");
        TRY("strb pre-index", "strb w2, [x1, #1]!");
        TRY("ldp", "ldp x2, x3, [x1]");
        TRY("ldp second half", "ldp x2, x3, [x1, #-8]");
        TRY("ldp pre-index", "ldp x2, x3, [x1, #-8]!");
        TRY("stp post-index", "stp x2, x3, [x1], #32");
        TRY("ldrsw", "ldrsw x4, [x1, #4]");
        TRY("ldxr", "ldxr x4, [x1]");
        TRY("ldar", "ldar w4, [x1]");
        TRY("stlr", "stlr x2, [x1]");
        TRY("ldur unaligned", "ldur x4, [x1, #-3]");
    }
    printf("stack kept %d\n", sp != 0);
    /* A loop that runs into the hole: how far it came is in the registers. */
    uint64_t i = 0, p = (uint64_t)map;
    action = 2; /* ends the loop */
    asm volatile("1: ldrb w7, [%1], #1\n add %0, %0, #1\n cmp w7, #0x11\n b.eq 1b"
                 : "+r"(i), "+r"(p)::"x7", "cc", "memory");
    printf("loop %ld %+ld\n", (long)i - page, (long)(p - (uint64_t)hole));
    return 0;
}
