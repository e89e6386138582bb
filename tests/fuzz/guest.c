/*
 * guest.c: the executor, an aarch64 program without a C library that runs test cases and records
 * what they did. It needs little of the machine it tests: integer instructions, a dozen raw system
 * calls, signals on an alternate stack and instruction cache maintenance.
 *
 * For each batch the slots' code is copied into the code area and made visible by DC CVAU, IC IVAU and
 * barriers, as the architecture wants it, so a translator that misses code changes fails here. Each
 * case then starts from the same data window. A case that faults is recorded from the frame of its
 * signal and left through rt_sigreturn.
 *
 * It does not judge: comparing is the driver's part. What it cannot do (a mapping refused, a signal
 * outside a case) it says on standard error and exits with 3.
 */
#include "layout.h"

enum { SYS_read = 63, SYS_write = 64, SYS_exit_group = 94, SYS_sigaltstack = 132,
       SYS_rt_sigaction = 134, SYS_mmap = 222, SYS_mprotect = 226 };
enum { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGFPE = 8, SIGSEGV = 11 };
enum { PROT_R = 1, PROT_W = 2, PROT_X = 4, MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16,
       MAP_ANON = 32 };

/* The kernel's layouts (arch/arm64/include/uapi/asm/sigcontext.h, ucontext.h). */
struct ucontext {
    uint64_t flags, link, ss_sp, ss_flags, ss_size, sigmask[16];
    uint64_t fault_address __attribute__((aligned(16))), x[31], sp, pc, pstate;
    uint8_t reserved[4096] __attribute__((aligned(16)));
};
struct siginfo {
    int signo, err, code, pad;
    uint64_t addr;
};
struct ctx_head { uint32_t magic, size; };
#define FPSIMD_MAGIC 0x46508001

extern struct { uint64_t sp, result, use_v; } fuzz_ctx;
extern long fuzz_syscall(long nr, long a, long b, long c, long d, long e, long f);
extern void fuzz_run(struct fuzz_case *c, struct fuzz_result *r, uint64_t use_v);
extern const char fuzz_exit[], fuzz_recover[], fuzz_sigreturn[];

static uint8_t altstack[65536] __attribute__((aligned(16)));
static int in_case;

static void fail(const char *what)
{
    size_t n = 0;
    while (what[n])
        n++;
    fuzz_syscall(SYS_write, 2, (long)what, (long)n, 0, 0, 0);
    fuzz_syscall(SYS_exit_group, 3, 0, 0, 0, 0, 0);
}

static void *map(uint64_t at, uint64_t len, int prot, int flags, int fd)
{
    long r = fuzz_syscall(SYS_mmap, (long)at, (long)len, prot, flags | MAP_FIXED, fd, 0);
    if (r != (long)at)
        fail("fuzz executor: mmap refused\n");
    return (void *)r;
}

static void copy(void *to, const void *from, size_t n) /* n: a multiple of 16 */
{
    uint64_t *d = to;
    const uint64_t *s = from;
    for (; n; n -= 16, d += 2, s += 2) {
        uint64_t a = s[0], b = s[1];
        d[0] = a;
        d[1] = b;
    }
}

static void handler(int sig, struct siginfo *si, struct ucontext *uc)
{
    if (!in_case)
        fail("fuzz executor: signal outside a case\n");
    struct fuzz_result *r = (struct fuzz_result *)fuzz_ctx.result;
    r->signo = (uint32_t)sig;
    r->code = (uint32_t)si->code;
    r->addr = si->addr;
    r->pc = uc->pc;
    for (int i = 0; i < 31; i++)
        r->x[i] = uc->x[i];
    r->sp = uc->sp;
    r->nzcv = uc->pstate & 0xf0000000;
    struct ctx_head *h = (struct ctx_head *)uc->reserved;
    while (fuzz_ctx.use_v && h->magic && h->size) {
        if (h->magic == FPSIMD_MAGIC) {
            uint32_t *w = (uint32_t *)(h + 1);
            r->fpsr = w[0];
            r->fpcr = w[1];
            copy(r->v, w + 2, sizeof r->v);
            break;
        }
        h = (struct ctx_head *)((char *)h + h->size);
    }
    uc->pc = (uint64_t)fuzz_recover;
    uc->sp = fuzz_ctx.sp;
}

static void install(int sig)
{
    /* SA_SIGINFO | SA_ONSTACK | SA_RESTORER | SA_NODEFER */
    uint64_t sa[4] = { (uint64_t)handler, 0x4 | 0x08000000 | 0x04000000 | 0x40000000,
                       (uint64_t)fuzz_sigreturn, 0 };
    if (fuzz_syscall(SYS_rt_sigaction, sig, (long)sa, 0, 8, 0, 0))
        fail("fuzz executor: rt_sigaction refused\n");
}

static void sync_code(char *from, char *to)
{
    uint64_t ctr;
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
    uint64_t dline = 4u << (ctr >> 16 & 15), iline = 4u << (ctr & 15);
    for (char *p = from; p < to; p += dline)
        __asm__ volatile("dc cvau, %0" :: "r"(p) : "memory");
    __asm__ volatile("dsb ish" ::: "memory");
    for (char *p = from; p < to; p += iline)
        __asm__ volatile("ic ivau, %0" :: "r"(p) : "memory");
    __asm__ volatile("dsb ish\n\tisb" ::: "memory");
}

static void run_batch(struct fuzz_batch *b, struct fuzz_output *out)
{
    uint64_t lo = ~0ul, hi = 0;
    for (uint32_t i = b->first; i < b->ncases; i++) {
        uint64_t at = b->c[i].entry;
        copy((void *)at, b->c[i].words, sizeof b->c[i].words);
        lo = at < lo ? at : lo;
        hi = at > hi ? at : hi;
    }
    sync_code((char *)lo, (char *)hi + sizeof b->c[0].words);
    for (uint32_t i = b->first; i < b->ncases; i++) {
        struct fuzz_result *r = &out->r[i];
        copy((void *)FUZZ_WIN, b->win, FUZZ_WIN_SIZE);
        r->signo = r->code = 0;
        r->addr = r->pc = 0;
        *(volatile uint32_t *)&out->running = i;
        in_case = 1;
        __asm__ volatile("" ::: "memory");
        fuzz_run(&b->c[i], r, b->use_v);
        __asm__ volatile("" ::: "memory");
        in_case = 0;
        copy(r->win, (void *)FUZZ_WIN, FUZZ_WIN_SIZE);
    }
}

void fuzz_main(void)
{
    struct fuzz_batch *b = map(FUZZ_IN, (sizeof *b + 4095) & ~4095ul, PROT_R, MAP_SHARED, 3);
    struct fuzz_output *out = map(FUZZ_OUT, (sizeof *out + 4095) & ~4095ul, PROT_R | PROT_W,
                                  MAP_SHARED, 4);
    map(FUZZ_CODE, FUZZ_SLOT(FUZZ_MAX_CASES) - FUZZ_CODE, PROT_R | PROT_W | PROT_X,
        MAP_PRIVATE | MAP_ANON, -1);
    map(FUZZ_WIN - 0x10000, 0x10000, 0, MAP_PRIVATE | MAP_ANON, -1);
    map(FUZZ_WIN, FUZZ_WIN_SIZE, PROT_R | PROT_W, MAP_PRIVATE | MAP_ANON, -1);
    uint64_t *ro = map(FUZZ_RO, 4096, PROT_R | PROT_W, MAP_PRIVATE | MAP_ANON, -1);
    for (unsigned i = 0; i < 512; i++)
        ro[i] = 0x0123456789abcdefu * (2 * i + 1);
    if (fuzz_syscall(SYS_mprotect, FUZZ_RO, 4096, PROT_R, 0, 0, 0))
        fail("fuzz executor: mprotect refused\n");

    uint64_t ss[3] = { (uint64_t)altstack, 0, sizeof altstack };
    if (fuzz_syscall(SYS_sigaltstack, (long)ss, 0, 0, 0, 0, 0))
        fail("fuzz executor: sigaltstack refused\n");
    static const uint8_t sigs[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
    for (unsigned i = 0; i < sizeof sigs; i++)
        install(sigs[i]);

    uint32_t *exit_jump = (uint32_t *)FUZZ_CODE;
    *exit_jump = 0x14000000 | (((uint64_t)fuzz_exit - FUZZ_CODE) >> 2 & 0x3ffffff);
    sync_code((char *)exit_jump, (char *)exit_jump + 4);

    char go;
    while (fuzz_syscall(SYS_read, 0, (long)&go, 1, 0, 0, 0) == 1) {
        run_batch(b, out);
        fuzz_syscall(SYS_write, 1, (long)"d", 1, 0, 0, 0);
    }
    fuzz_syscall(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}
