/* Short callees in hot loops, where a translator may be tempted to take the call away: what they may do with the link
 * register and the stack, jump tables like the PLT's whose entry changes, recursion far deeper than any return stack,
 * longjmp out of them, callees that are rewritten or mapped anew while their caller goes round, faults and a timer's signals in them
 * (the handler's pc, link register and chain of frames).
 * smallcalls.expect: what the architecture and the procedure call standard promise. TEST: native=no */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

enum { ROUNDS = 20000, PAGE = 65536 };

extern long leaves(long), skips(long), moves_x30(long), by_hand(long), by_table(long, void *), climbs(long, long);
extern long loads(long, void *);
extern const char loads_call[], loads_at[], loads_end[], spin_at[], spin_end[], spin_call[];
extern void *table[2];
extern long spins(volatile int *);

__asm__(
    ".text; .p2align 4\n"
    "leaf:     add x0, x0, #3; ret\n"
    "skipping: add x30, x30, #4; ret\n"              /* returns behind the next instruction */
    "other:    mov x9, x30; add x0, x0, #5; ret x9\n"  /* by another register */
    "callee1:  add x0, x0, #7; ret\n"
    "callee2:  add x0, x0, #9; ret\n"
    "slot:     adrp x16, table; ldr x17, [x16, :lo12:table]; add x16, x16, :lo12:table; br x17\n"
    /* x0 rounds of each; the sum in x0 */
    ".global leaves\nleaves: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x10, x0; mov x0, #0\n"
    "1: bl leaf; subs x10, x10, #1; b.ne 1b; ldp x29, x30, [sp], #16; ret\n"
    ".global skips\nskips: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x10, x0; mov x0, #0\n"
    "1: bl skipping; add x0, x0, #1000; add x0, x0, #1; subs x10, x10, #1; b.ne 1b; ldp x29, x30, [sp], #16; ret\n"
    ".global moves_x30\nmoves_x30: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x10, x0; mov x0, #0\n"
    "1: bl other; subs x10, x10, #1; b.ne 1b; ldp x29, x30, [sp], #16; ret\n"
    /* a call without bl, and one whose link register is another's by the time of the return */
    ".global by_hand\nby_hand: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x10, x0; mov x0, #0\n"
    "1: adr x30, 2f; b leaf\n add x0, x0, #1000\n2: bl 3f\n b 4f\n3: adr x30, 4f; ret\n4: subs x10, x10, #1; b.ne 1b\n"
    "ldp x29, x30, [sp], #16; ret\n"
    ".global by_table\nby_table: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x10, x0; mov x0, #0\n"
    "adrp x11, table; add x11, x11, :lo12:table; ldp x12, x13, [x11]\n"
    "1: bl slot; str x13, [x11]; bl slot; str x12, [x11]; subs x10, x10, #1; b.ne 1b; ldp x29, x30, [sp], #16; ret\n"
    /* recursion through a short callee: x0 deep, x1 is added */
    ".global climbs\nclimbs: cbz x0, 1f; stp x29, x30, [sp, #-16]!; mov x29, sp; sub x0, x0, #1; bl again; add x0, x0, x1\n"
    "ldp x29, x30, [sp], #16; 1: ret\n"
    "again: b climbs\n"
    /* a callee whose load may fault */
    "load: ldr x0, [x1]\n"
    ".global loads_at\n.set loads_at, load\n.global loads_end\nloads_end: add x0, x0, #1; ret\n"
    ".global loads\nloads: stp x29, x30, [sp, #-32]!; mov x29, sp; str x19, [sp, #16]; mov x10, x0; mov x19, #0\n"
    "1: bl load\n.global loads_call\nloads_call: add x19, x19, x0; subs x10, x10, #1; b.ne 1b; mov x0, x19; ldr x19, [sp, #16]\n"
    "ldp x29, x30, [sp], #32; ret\n"
    /* until *x0: a callee of arithmetic alone; x9 is the link register's copy, always */
    ".global spin_at\nspin_at: mov x9, x30; add x1, x1, #1; eor x1, x1, x2\n ret\n.global spin_end\nspin_end:\n"
    ".global spins\nspins: stp x29, x30, [sp, #-16]!; mov x29, sp; mov x1, #0; mov x2, #5\n"
    "1: bl spin_at\n.global spin_call\nspin_call: ldr w3, [x0]; cbz w3, 1b; mov x0, x1; ldp x29, x30, [sp], #16; ret\n"
    ".data; .p2align 4; .global table; table: .quad callee1, callee2\n.text\n");

/* ------------------------------------------------------------------ faults */

static int faults, wrong;
static uint64_t expected_frame;
static long good = 41;

static void on_fault(int sig, siginfo_t *si, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    const uint64_t *frame = (const uint64_t *)m->regs[29];
    (void)sig;
    faults++;
    wrong += m->pc != (uint64_t)loads_at || m->regs[30] != (uint64_t)loads_call || si->si_addr != (void *)16;
    wrong += m->regs[29] != m->sp || frame[0] != expected_frame; /* the caller's frame, then its caller's */
    m->regs[1] = (uint64_t)&good; /* the load again, and the rest of the loop */
}

__attribute__((noinline)) static void faulting(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    sigaction(SIGSEGV, &sa, NULL);
    expected_frame = (uint64_t)__builtin_frame_address(0);
    long sum = loads(ROUNDS, &good);
    for (int k = 0; k < 300; k++)
        sum += loads(100, (void *)16);
    signal(SIGSEGV, SIG_DFL);
    printf("faults: %ld, %d, %d wrong\n", sum, faults, wrong);
}

/* --------------------------------------------------------------- interrupts */

static volatile int stop;
static int ticks, inside, odd;

static void on_tick(int sig, siginfo_t *si, void *context)
{
    mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    (void)sig;
    (void)si;
    ticks++;
    if (m->pc >= (uint64_t)spin_at && m->pc < (uint64_t)spin_end) {
        inside++;
        odd += m->regs[30] != (uint64_t)spin_call || (m->pc != (uint64_t)spin_at && m->regs[9] != m->regs[30]);
    }
    if (ticks == 60)
        stop = 1;
}

static void interrupted(void)
{
    struct sigaction sa = { .sa_sigaction = on_tick, .sa_flags = SA_SIGINFO };
    struct itimerval every = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    spins(&stop);
    setitimer(ITIMER_REAL, &never, NULL);
    printf("interrupts: %d, %d odd\n", ticks >= 60, odd);
}

/* ------------------------------------------------------------------ longjmp */

static jmp_buf back;
static int left;
__attribute__((noinline)) static void leaver(int k)
{
    left++;
    if (k % 3 == 0)
        longjmp(back, 1);
}
static void jumping(void)
{
    volatile int k = 0, landed = 0;
    if (setjmp(back))
        landed++;
    while (k < ROUNDS) {
        leaver(++k);
        leaver(1);
    }
    printf("longjmp: %d landed of %d\n", landed, left);
}

/* ------------------------------------------------------------------ changes */

static void put(uint32_t *at, const uint32_t *code, int n)
{
    memcpy(at, code, (size_t)n * 4);
    __builtin___clear_cache((char *)at, (char *)(at + n));
}
static void callee(uint32_t *at, int v)
{
    const uint32_t code[2] = { 0x91000000 | (uint32_t)v << 10, 0xd65f03c0 }; /* add x0, x0, #v; ret */
    put(at, code, 2);
}

/* The caller and its callee a page apart: rewritten, mapped anew, without and with the right to execute. */
static void changing(void)
{
    uint32_t *code = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t *far = code + 2 * PAGE / 4;
    const uint32_t caller[10] = {
        0xa9bf7bfd,                   /* stp x29, x30, [sp, #-16]! */
        0xaa0003ea, 0xd2800000,       /* mov x10, x0; mov x0, #0 */
        0x94000000 | (uint32_t)(far - (code + 3)), /* 1: bl far */
        0xf100054a, 0x54ffffc1,       /* subs x10, x10, #1; b.ne 1b */
        0xa8c17bfd, 0xd65f03c0,       /* ldp x29, x30, [sp], #16; ret */
    };
    long (*run)(long) = (long (*)(long))code, bad = 0;
    put(code, caller, 10);
    callee(far, 1);
    bad += run(ROUNDS) != ROUNDS;
    for (int k = 2; k < 300; k++) {
        if (k % 7 == 0) {
            uint32_t *fresh = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            callee(fresh, k);
            mremap(fresh, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, far);
        } else if (k % 7 == 3) {
            mprotect(far, PAGE, PROT_READ | PROT_WRITE);
            callee(far, k);
            mprotect(far, PAGE, PROT_READ | PROT_EXEC);
            mprotect(far, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
        } else {
            callee(far, k);
        }
        bad += run(k % 5 ? 50 : 2000) != (long)k * (k % 5 ? 50 : 2000);
    }
    printf("changes: %ld wrong\n", bad);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("calls: %ld %ld %ld %ld %ld\n", leaves(ROUNDS), skips(ROUNDS), moves_x30(ROUNDS), by_hand(ROUNDS),
           by_table(ROUNDS, table));
    printf("recursion: %ld %ld\n", climbs(100, 3), climbs(200000, 1));
    jumping();
    faulting();
    interrupted();
    changing();
    return 0;
}
