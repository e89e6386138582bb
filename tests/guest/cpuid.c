/* TEST: run=no
 * tests/suites/cpus.py runs it on every model.
 *
 * What a program can learn about its processor, four ways that must agree: AT_HWCAP and AT_HWCAP2, the
 * identification registers through MRS, /proc/cpuinfo, and whether an instruction of each feature runs or
 * raises SIGILL. The table follows the kernel's (Documentation/arch/arm64/elf_hwcaps.rst).
 * Prints the registers; a disagreement is a line with "wrong". Names of arguments: only their features'
 * state is printed. */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

enum { PFR0, PFR1, ISAR0, ISAR1, ISAR2, MMFR0, MMFR2, NREGS };
static uint64_t reg[NREGS];
static sigjmp_buf back;

static uint64_t page[8] __attribute__((aligned(64)));

#define T(name, text) \
    static void run_##name(void) { __asm__ volatile(".arch armv8.7-a+crypto+sha3+sm4+rng+fp16fml\n" text \
        : : "r"(page) : "x0", "x1", "x2", "x3", "v0", "v1", "v2", "v3", "cc", "memory"); }
T(aes, "aese v0.16b, v1.16b") T(pmull, "pmull v0.1q, v1.1d, v2.1d") T(sha1, "sha1h s0, s1") T(sha2, "sha256h q0, q1, v2.4s")
T(crc32, "crc32cx w0, w1, x2") T(atomics, "mov x3, %0\n ldadd x0, x1, [x3]") T(fphp, "fadd h0, h1, h2") T(asimdhp, "fmul v0.8h, v1.8h, v2.8h")
T(cpuid, "mrs x0, S3_0_C0_C0_0") T(asimdrdm, "sqrdmlah v0.4s, v1.4s, v2.4s") T(jscvt, "fjcvtzs w0, d1") T(fcma, "fcadd v0.4s, v1.4s, v2.4s, #90")
T(lrcpc, "mov x3, %0\n ldapr x0, [x3]") T(dcpop, "mov x3, %0\n dc cvap, x3") T(sha3, "eor3 v0.16b, v1.16b, v2.16b, v3.16b") T(sm3, "sm3partw1 v0.4s, v1.4s, v2.4s")
T(sm4, "sm4e v0.4s, v1.4s") T(asimddp, "udot v0.4s, v1.16b, v2.16b") T(sha512, "sha512h q0, q1, v2.2d") T(asimdfhm, "fmlal v0.4s, v1.4h, v2.4h") T(dit, "mrs x0, S3_3_C4_C2_5")
T(ilrcpc, "mov x3, %0\n ldapur x0, [x3, #8]") T(flagm, "cfinv") T(ssbs, "mrs x0, S3_3_C4_C2_6") T(sb, ".inst 0xd50330ff")
T(paca, "mov x0, 0\n mov x1, 0\n pacda x0, x1\n xpacd x0") T(pacg, "pacga x0, x1, x2") T(dcpodp, "mov x3, %0\n dc cvadp, x3") T(flagm2, "axflag")
T(frint, "frint32z d0, d1") T(i8mm, "smmla v0.4s, v1.16b, v2.16b") T(bf16, "bfdot v0.4s, v1.8h, v2.8h") T(rng, "mrs x0, rndr") T(ecv, "mrs x0, S3_3_C14_C0_6")
T(wfxt, "mov x0, 0\n .inst 0xd5031000") T(cssc, ".inst 0xdac02020" /* abs x0, x1 */) T(hbc, "cmp x0, x0\n .inst 0x54000030\n nop" /* bc.eq */)

/* name, AT_HWCAP word and bit, register, field, value from which on it is there, an instruction */
static const struct feature {
    const char *name;
    uint8_t word, bit, reg, shift, value;
    void (*run)(void);
} features[] = {
    { "aes", 0, 3, ISAR0, 4, 1, run_aes }, { "pmull", 0, 4, ISAR0, 4, 2, run_pmull }, { "sha1", 0, 5, ISAR0, 8, 1, run_sha1 },
    { "sha2", 0, 6, ISAR0, 12, 1, run_sha2 }, { "crc32", 0, 7, ISAR0, 16, 1, run_crc32 }, { "atomics", 0, 8, ISAR0, 20, 2, run_atomics },
    { "fphp", 0, 9, PFR0, 16, 1, run_fphp }, { "asimdhp", 0, 10, PFR0, 20, 1, run_asimdhp }, { "asimdrdm", 0, 12, ISAR0, 28, 1, run_asimdrdm },
    { "jscvt", 0, 13, ISAR1, 12, 1, run_jscvt }, { "fcma", 0, 14, ISAR1, 16, 1, run_fcma }, { "lrcpc", 0, 15, ISAR1, 20, 1, run_lrcpc },
    { "dcpop", 0, 16, ISAR1, 0, 1, run_dcpop }, { "sha3", 0, 17, ISAR0, 32, 1, run_sha3 }, { "sm3", 0, 18, ISAR0, 36, 1, run_sm3 },
    { "sm4", 0, 19, ISAR0, 40, 1, run_sm4 }, { "asimddp", 0, 20, ISAR0, 44, 1, run_asimddp }, { "sha512", 0, 21, ISAR0, 12, 2, run_sha512 },
    { "asimdfhm", 0, 23, ISAR0, 48, 1, run_asimdfhm }, { "dit", 0, 24, PFR0, 48, 1, run_dit }, { "uscat", 0, 25, MMFR2, 32, 1, NULL },
    { "ilrcpc", 0, 26, ISAR1, 20, 2, run_ilrcpc }, { "flagm", 0, 27, ISAR0, 52, 1, run_flagm }, { "ssbs", 0, 28, PFR1, 4, 2, run_ssbs },
    { "sb", 0, 29, ISAR1, 36, 1, run_sb }, { "paca", 0, 30, ISAR1, 8, 1, run_paca }, { "pacg", 0, 31, ISAR1, 28, 1, run_pacg },
    { "dcpodp", 1, 0, ISAR1, 0, 2, run_dcpodp }, { "flagm2", 1, 7, ISAR0, 52, 2, run_flagm2 }, { "frint", 1, 8, ISAR1, 32, 1, run_frint },
    { "i8mm", 1, 13, ISAR1, 52, 1, run_i8mm }, { "bf16", 1, 14, ISAR1, 44, 1, run_bf16 }, { "dgh", 1, 15, ISAR1, 48, 1, NULL },
    { "rng", 1, 16, ISAR0, 60, 1, run_rng }, { "ecv", 1, 19, MMFR0, 60, 1, run_ecv }, { "wfxt", 1, 31, ISAR2, 0, 2, run_wfxt },
    { "cssc", 1, 34, ISAR2, 52, 1, run_cssc }, { "hbc", 1, 44, ISAR2, 20, 1, run_hbc },
    { "cpuid", 0, 11, PFR0, 0, 1, run_cpuid },
};
enum { N = sizeof features / sizeof *features };

static void illegal(int sig) { siglongjmp(back, 1); }

static int runs(void (*f)(void))
{
    if (sigsetjmp(back, 1))
        return 0;
    f();
    return 1;
}

/* The words of the first line `key` of /proc/cpuinfo, with a blank at both ends. */
static void cpuinfo(const char *key, char *out, size_t n)
{
    char line[2048];
    FILE *f = fopen("/proc/cpuinfo", "r");
    *out = 0;
    while (f && !*out && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)) && strchr(line, ':')) {
            line[strcspn(line, "\n")] = 0;
            snprintf(out, n, "%s ", strchr(line, ':') + 1);
        }
    if (f)
        fclose(f);
}

#define MRS(n) ({ uint64_t v_; __asm__ volatile("mrs %0, " n : "=r"(v_)); v_; })

int main(int argc, char **argv)
{
    static const char *const names[NREGS] = { "PFR0", "PFR1", "ISAR0", "ISAR1", "ISAR2", "MMFR0", "MMFR2" };
    uint64_t cap[2] = { getauxval(AT_HWCAP), getauxval(AT_HWCAP2) }, known[2] = { 1 << 0 | 1 << 1, 0 }, midr = MRS("S3_0_C0_C0_0");
    char line[2048], want[64];
    unsigned count = 0, words = 0;

    reg[PFR0] = MRS("S3_0_C0_C4_0"); reg[PFR1] = MRS("S3_0_C0_C4_1"); reg[ISAR0] = MRS("S3_0_C0_C6_0"); reg[ISAR1] = MRS("S3_0_C0_C6_1");
    reg[ISAR2] = MRS("S3_0_C0_C6_2"); reg[MMFR0] = MRS("S3_0_C0_C7_0"); reg[MMFR2] = MRS("S3_0_C0_C7_2");
    struct sigaction sa = { .sa_handler = illegal };
    sigaction(SIGILL, &sa, NULL);
    cpuinfo("Features", line, sizeof line);
    for (unsigned i = 0; i < N; i++) {
        const struct feature *f = &features[i];
        snprintf(want, sizeof want, " %s ", f->name);
        int by_cap = cap[f->word] >> f->bit & 1, by_reg = (reg[f->reg] >> f->shift & 15) >= f->value;
        int by_text = strstr(line, want) != NULL, by_run = f->run ? runs(f->run) : by_cap;
        known[f->word] |= 1ull << f->bit;
        count += (unsigned)by_cap;
        if (by_cap != by_reg || by_cap != by_text || by_cap != by_run)
            printf("%s wrong: hwcap %d, register %d, cpuinfo %d, runs %d\n", f->name, by_cap, by_reg, by_text, by_run);
        for (int k = 1; k < argc; k++)
            if (!strcmp(argv[k], f->name))
                printf("%s %s\n", f->name, by_cap ? "on" : "off");
    }
    if (argc > 1)
        return 0;
    for (unsigned w = 0; w < 2; w++)
        if (cap[w] & ~known[w])
            printf("hwcap%u wrong: unknown bits %llx\n", w + 1, (unsigned long long)(cap[w] & ~known[w]));
    for (char *p = strtok(line, " "); p; p = strtok(NULL, " "))
        words++;
    if (words != count + 2)
        printf("cpuinfo wrong: %u features, %u in hwcap\n", words, count + 2);
    static const struct { const char *key, *format; unsigned shift, mask; } part[] = {
        { "CPU implementer", " 0x%02x ", 24, 0xff }, { "CPU variant", " 0x%x ", 20, 15 },
        { "CPU part", " 0x%03x ", 4, 0xfff }, { "CPU revision", " %u ", 0, 15 } };
    for (unsigned i = 0; i < 4; i++) {
        cpuinfo(part[i].key, line, sizeof line);
        snprintf(want, sizeof want, part[i].format, (unsigned)(midr >> part[i].shift) & part[i].mask);
        if (strcmp(line, want))
            printf("cpuinfo wrong: %s:%s, MIDR_EL1 has%s\n", part[i].key, line, want);
    }
    printf("MIDR %08llx\nCTR %08llx\nDCZID %llx\n", (unsigned long long)midr, (unsigned long long)MRS("ctr_el0"),
           (unsigned long long)MRS("dczid_el0"));
    for (unsigned i = 0; i < NREGS; i++)
        printf("%s %016llx\n", names[i], (unsigned long long)reg[i]);
    printf("hwcap %llx %llx\n", (unsigned long long)cap[0], (unsigned long long)cap[1]);
    return 0;
}
