/*
 * compare.c: what counts as a difference between two runs of one case, and the table of differences
 * that are known and explained.
 *
 * Not compared, because the architecture leaves it open or the brief of the mode says so:
 *   - memory within 64 bytes of a window's end after a fault there: a store that crosses the end may
 *     have written its first part (Arm ARM B2.5.1, stores are not single-copy atomic across a page);
 *   - NZCV at SIGSEGV and SIGBUS inside sequences, unless opt.fault_flags: by default myna does not
 *     compute flags that a later instruction overwrites;
 *   - FPSR, unless opt.fpsr;
 *   - si_code of a tagged or non-canonical address fault is compared, its address too.
 */
#include <string.h>
#include "fuzz.h"

unsigned compare(const struct test *t, const struct fuzz_result *a, const struct fuzz_result *b)
{
    unsigned d = 0;
    if (a->signo != b->signo || a->signo >= SIG_CRASH)
        return D_KIND;
    bool fault = a->signo == SIG_SEGV || a->signo == SIG_BUS;
    if (a->pc != b->pc)
        d |= D_PC;
    if (a->signo && a->code != b->code)
        d |= D_CODE;
    if (fault && a->addr != b->addr)
        d |= D_ADDR;
    if (memcmp(a->x, b->x, sizeof a->x) != 0)
        d |= D_X;
    if (a->sp != b->sp)
        d |= D_SP;
    bool masked = fault && t->n > 1 && !strcmp(t->what, "seq") && !opt.fault_flags;
    if ((a->nzcv ^ b->nzcv) & 0xf0000000 && !masked)
        d |= D_NZCV;
    if (opt.fp) {
        if (memcmp(a->v, b->v, sizeof a->v) != 0)
            d |= D_V;
        if (a->fpcr != b->fpcr)
            d |= D_FPCR;
        if (opt.fpsr && (a->fpsr ^ b->fpsr) & 0x0800009f)
            d |= D_FPSR;
    }
    unsigned skip = fault ? 64 : 0;
    if (memcmp(a->win + skip, b->win + skip, FUZZ_WIN_SIZE - 2 * skip) != 0)
        d |= D_MEM;
    return d;
}

const char *diff_names(unsigned d)
{
    static char buf[96];
    static const char *const names[] = { "outcome", "pc", "si_addr", "x", "sp", "v", "nzcv", "fpcr",
                                         "fpsr", "memory", "si_code" };
    *buf = 0;
    for (unsigned i = 0; i < 11; i++)
        if (d >> i & 1) {
            if (*buf)
                strcat(buf, ",");
            strcat(buf, names[i]);
        }
    return buf;
}

/* The reference reports 0 for an address that its host calls non-canonical; Linux on arm64 reports the
 * address (arch/arm64/mm/fault.c, do_mem_abort). */
static bool address_lost(const struct fuzz_result *a, const struct fuzz_result *b)
{
    uint64_t top = b->addr << 8 >> 55; /* bits 55:47 */
    return a->signo == SIG_SEGV && a->addr == 0 && (top != 0 || b->addr >> 56 != 0);
}

/*
 * Known exceptions: a difference is explained if every bit of it is in `diff`, the condition holds, and
 * the last instruction that ran (of a single one: that) matches; the reference is the one that
 * deviates from the manual, as the reason says.
 */
static const struct exception {
    uint32_t mask, value;
    unsigned diff;
    bool (*when)(const struct fuzz_result *a, const struct fuzz_result *b);
    const char *reason;
} exceptions[] = {
    { 0, 0, D_ADDR, address_lost, "qemu reports 0 for a non-canonical address" },
};

const char *explained(const struct test *t, unsigned diff, const struct fuzz_result *a,
                      const struct fuzz_result *b)
{
    uint64_t at = a->pc - t->c.entry;
    for (unsigned i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        const struct exception *e = &exceptions[i];
        if (diff & ~e->diff || (e->when && !e->when(a, b)))
            continue;
        for (unsigned k = 1; k <= t->n; k++)
            if ((t->c.words[k] & e->mask) == e->value && (t->n == 1 || !e->mask || at == 4 * k))
                return e->reason;
    }
    return NULL;
}
