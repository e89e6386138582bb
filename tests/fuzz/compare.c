/*
 * compare.c: what counts as a difference between two runs of one case, and the table of differences
 * that are known and explained.
 *
 * Not compared, because the architecture leaves it open or the brief of the mode says so:
 *   - memory within 64 bytes of a window's end after a fault there: a store that crosses the end may
 *     have written its first part (Arm ARM B2.5.1, stores are not single-copy atomic across a page);
 *   - NZCV at SIGSEGV, SIGBUS and SIGILL inside sequences, unless opt.fault_flags: by default myna does not
 *     compute flags that a later instruction overwrites;
 *   - FPSR, unless opt.fpsr; FPCR.Len and Stride;
 *   - si_code of a tagged or non-canonical address fault is compared, its address too.
 */
#include <string.h>
#include "fuzz.h"

unsigned compare(const struct test *t, const struct fuzz_result *a, const struct fuzz_result *b)
{
    unsigned d = 0;
    if (a->signo == SIG_HANG && b->signo == SIG_HANG)
        return 0;
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
    bool masked = (fault || a->signo == SIG_ILL) && t->n > 1 && !strcmp(t->what, "seq") && !opt.fault_flags;
    if ((a->nzcv ^ b->nzcv) & 0xf0000000 && !masked)
        d |= D_NZCV;
    if (opt.fp) {
        if (memcmp(a->v, b->v, sizeof a->v) != 0)
            d |= D_V;
        if ((a->fpcr ^ b->fpcr) & ~0x370000ul) /* Len and Stride: RAZ or not, as one likes */
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
    return a->signo == SIG_SEGV && a->addr == 0 && b->addr >= (1ull << 47) - 64;
}

/* An access that straddles the end of the host's canonical addresses: the
 * host cannot say more than that it failed. */
static bool edge_of_space(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_SEGV && b->signo == SIG_BUS && (b->addr + 16) >> 47 == 1 &&
           b->addr >> 47 == 0;
}

/* Linux raises SIGILL with ILL_ILLOPC for an undefined instruction (arch/arm64/kernel/traps.c,
 * do_el0_undef); qemu's user mode says ILL_ILLOPN. */
static bool illopn(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_ILL && a->code == 2 && b->code == 1;
}

/* A misaligned branch target that is not mapped: the PC alignment fault comes first (Arm ARM D1.3.5.5,
 * priorities of exceptions), qemu fetches first. */
static bool pc_alignment(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_SEGV && b->signo == SIG_BUS && b->code == 1 && b->pc & 3 && a->pc == b->pc;
}

/* FCVTZS (scalar, fixed-point) of half precision: V[d] is the 16-bit result, the rest 0. */
static bool half_sign(const struct fuzz_result *a, const struct fuzz_result *b)
{
    for (unsigned i = 0; i < 64; i++)
        if (a->v[i] != b->v[i] && (i & 1 || a->v[i] >> 16 != 0xffff || b->v[i] != (uint16_t)a->v[i]))
            return false;
    return true;
}

static bool a_undefined(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_ILL && (b->signo != SIG_ILL || b->pc != a->pc);
}

static bool at_fault(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_SEGV && b->signo == SIG_SEGV;
}

/* The address of a fault is that of the access's first byte if this byte faults (Arm ARM, FAR_EL1); qemu 10
 * reports that of its host's access, which it rounds down for atomicity. */
static bool rounded_down(const struct fuzz_result *a, const struct fuzz_result *b)
{
    bool aligned = false;
    for (uint64_t size = 2; size <= 16; size *= 2)
        aligned |= a->addr == (b->addr & -size);
    return a->signo == SIG_SEGV && a->addr != b->addr && aligned;
}

/* Code that makes tagged accesses is translated with masked addresses in myna; where such code makes an
 * access that has bit 55 set, which can only fault, the top byte is missing in si_addr. */
static bool masked_address(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return (a->signo == SIG_SEGV || a->signo == SIG_BUS) && ((a->addr >> 55 & 1 && (b->addr == 0 || b->addr >> 55 == 0x1ff)) ||
                                                            (b->addr >> 55 == 1 && a->addr << 8 >> 8 == b->addr));
}

/* In the hole between two segments of the executor Linux has nothing mapped; qemu has, without access. */
static bool image_hole(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_SEGV && a->code == 2 && b->code == 1 && a->addr >> 20 == 4;
}

/* A misaligned LDAPR or store-exclusive raises an alignment fault without FEAT_LSE2 (Arm ARM B2.5.2,
 * AArch64.ExclusiveMonitorsPass); qemu does the first, and fails the second without a look at the address. */
static bool misaligned(const struct fuzz_result *a, const struct fuzz_result *b)
{
    (void)a;
    return b->signo == SIG_BUS && b->code == 1 && !(b->pc & 3);
}

/* The other way round: qemu 10 has FEAT_LSE2, myna's models only with -cpu max,lse2=on. */
static bool misaligned_here(const struct fuzz_result *a, const struct fuzz_result *b)
{
    (void)a;
    return b->signo == SIG_BUS && b->code == 1 && !(b->pc & 3);
}

/* Linux removes the tag from si_addr (arch_untagged_si_addr); qemu leaves it at an alignment fault. */
static bool tag_kept(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_BUS && (uint64_t)((int64_t)(a->addr << 8) >> 8) == b->addr;
}

/* Translation of an address beyond the host's canonical ones: Linux on arm64 raises SIGSEGV (do_mem_abort);
 * qemu 10 passes on its host's SIGBUS for some accesses. */
static bool host_fault(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_BUS && a->code == 128 && b->signo == SIG_SEGV && b->addr >= (1ull << 47) - 64;
}

/* The translation for a cache maintenance instruction "might fault" (Arm ARM, DC CVAP): myna makes none. */
static bool no_translation(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return a->signo == SIG_SEGV && !b->signo;
}

/* FIZ, AH, NEP (FEAT_AFP) and EBF (FEAT_EBF16) are RES0 without their features, which qemu 10 has. */
static bool fpcr_bits(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return !((a->fpcr ^ b->fpcr) & ~0x372007ul) && !(b->fpcr & 0x2007);
}

/* With FPCR.FZ: subnormal operands flushed without IDC, flushed results with IXC (fast flags). */
static bool flushed(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return !opt.exact_fpsr && b->fpcr >> 24 & 1 && !((a->fpsr ^ b->fpsr) & 0x0800000f);
}

/* Without: underflow is not seen where the result rounds up to the least normal number. */
static bool rounded_up(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return !opt.exact_fpsr && (a->fpsr & ~b->fpsr) == 8 && !(b->fpsr & ~a->fpsr) && b->fpsr & 0x10;
}

/* A subnormal operand that is flushed is no integer: FJCVTZS clears Z (Arm ARM, FPToFixedJS). Sequences
 * have none with FPCR.FZ (seq.c): what uses Z would differ too. */
static bool flushes(const struct fuzz_result *a, const struct fuzz_result *b)
{
    return b->fpcr >> 24 & 1 && !(b->nzcv >> 28) && a->nzcv >> 28 == 4;
}

enum { D_ANY = ~0u };

/*
 * Known exceptions: a difference is explained if each bit of it is in the `diff` of a row whose condition
 * holds and which the last instruction that ran (of a single one: that) matches; it is the reference
 * that deviates from the manual, or myna by a decision that its documents name.
 */
static const struct exception {
    uint32_t mask, value;
    unsigned diff;
    bool (*when)(const struct fuzz_result *a, const struct fuzz_result *b);
    const char *reason;
} exceptions[] = {
    { 0, 0, D_KIND, pc_alignment, "qemu fetches before it checks the alignment of pc" },
    { 0x3fc00000, 0x08000000, D_ANY, misaligned, "misaligned store-exclusive" },
    { 0x3ffffc00, 0x38bfc000, D_ANY, misaligned, "misaligned LDAPR" },
    { 0x3f000000, 0x08000000, D_KIND, misaligned_here, "misaligned access without FEAT_LSE2" },
    { 0x3b200c00, 0x38200000, D_KIND, misaligned_here, "misaligned access without FEAT_LSE2" },
    { 0x3f200c00, 0x19000000, D_KIND, misaligned_here, "misaligned access without FEAT_LSE2" },
    { 0, 0, D_ADDR, tag_kept, "qemu keeps the tag in si_addr of SIGBUS" },
    { 0, 0, D_KIND, host_fault, "qemu 10's SIGBUS of a non-canonical address" },
    { 0xffffffe0, 0xd50b7c20, D_KIND, no_translation, "qemu 10 faults in DC CVAP" },
    { 0xffffffe0, 0xd50b7d20, D_KIND, no_translation, "qemu 10 faults in DC CVADP" },
    { 0xffffffe0, 0xd51b4400, D_FPCR, fpcr_bits, "FEAT_AFP and FEAT_EBF16 of qemu 10" },
    { 0xbfbf7c00, 0x083e7c00, D_SP, NULL, "qemu's CASP of x30 writes SP for register 31" },
    { 0x3e400000, 0x2c400000, D_V, at_fault, "qemu's partly done load of several V registers" },
    { 0xbe400000, 0x0c400000, D_V, at_fault, "qemu's partly done load of several V registers" },
    { 0xdff0fc00, 0x5f10fc00, D_V, half_sign, "qemu 7.2 leaves a sign above FCVTZS of a half" },
    { 0xfffffc00, 0x1e7e0000, D_NZCV | D_FPSR, flushes, "qemu 7.2: Z of FJCVTZS for a flushed operand" },
    { 0, 0, D_FPSR, flushed, "FZ: IDC and IXC are exact with -cpu max,fpflags=exact only" },
    { 0, 0, D_FPSR, rounded_up, "underflow of the least normal number: with fpflags=exact only" },
    { 0xffffffe0, 0xd50b7c20, D_ANY, a_undefined, "qemu's user mode lacks DC CVAP" },
    { 0xffffffe0, 0xd50b7d20, D_ANY, a_undefined, "qemu's user mode lacks DC CVADP" },
    { 0, 0, D_ADDR, rounded_down, "qemu 10 rounds a faulting address down" },
    { 0, 0, D_ADDR, masked_address, "the top byte of an address with bit 55 in masked code" },
    { 0, 0, D_KIND, edge_of_space, "an access across 2^47" },
    { 0, 0, D_CODE, image_hole, "a hole in the program's image" },
    { 0, 0, D_CODE, illopn, "qemu's si_code of SIGILL" },
    { 0, 0, D_ADDR, address_lost, "qemu reports 0 for a non-canonical address" },
};

/* Is it for this case? Where a run ended: at its signal's pc. */
static bool matches(const struct exception *e, const struct test *t, const struct fuzz_result *a,
                    const struct fuzz_result *b)
{
    for (unsigned k = 1; k < LIT_FIRST; k++) {
        uint64_t here = t->c.entry + 4 * k;
        bool ended = (a->signo && a->pc == here) || (b->signo && b->pc == here);
        if ((t->c.words[k] & e->mask) == e->value && (t->n == 1 || !e->mask || ended))
            return true;
    }
    return false;
}

/* Two exceptions may meet in one case (flags and an address, say): each takes its bits away. Those for
 * all bits stand alone. */
const char *explained(const struct test *t, unsigned diff, const struct fuzz_result *a,
                      const struct fuzz_result *b)
{
    const char *why = NULL;
    for (unsigned i = 0; i < sizeof exceptions / sizeof *exceptions; i++) {
        const struct exception *e = &exceptions[i];
        if (!(diff & e->diff) || (e->when && !e->when(a, b)) || !matches(e, t, a, b))
            continue;
        why = why ? why : e->reason;
        diff &= ~e->diff;
    }
    return diff ? NULL : why;
}
