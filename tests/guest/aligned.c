/* Misaligned exclusives, atomics and ordered accesses: each at every offset of two aligned 16 bytes. With
 * FEAT_LSE2 (HWCAP_USCAT) they work where they lie within aligned 16 bytes, without it where they are
 * aligned to their size; else SIGBUS, BUS_ADRALN, with their address, and nothing has changed. Ordinary
 * accesses always work. By the Arm manual's AArch64.UnalignedAccessFaults (B2.5.2); aligned.expect is
 * right for both. TEST: native=no flags=-O0 */
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

static uint8_t memory[64] __attribute__((aligned(64)));
static sigjmp_buf back;
static volatile int code;
static void *volatile address;
static void on_bus(int signo, siginfo_t *si, void *uc)
{
    code = si->si_code;
    address = si->si_addr;
    siglongjmp(back, 1);
}

#define OP(name, text) \
    static void name(void *p) \
    { \
        register uint64_t a asm("x0") = 1, b asm("x1") = 2, c asm("x2") = 3, d asm("x3") = 4; \
        register void *q asm("x4") = p; \
        asm volatile(".arch armv8.4-a\n" text : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : "r"(q) : "x5", "memory"); \
    }
OP(ldxrh, "ldxrh w0, [x4]") OP(ldxr4, "ldxr w0, [x4]") OP(ldaxr8, "ldaxr x0, [x4]")
OP(stxr4, "stxr w0, w1, [x4]") OP(stlxr8, "stlxr w0, x1, [x4]")
OP(ldxp4, "ldxp w0, w1, [x4]") OP(ldxp8, "ldaxp x0, x1, [x4]") OP(stxp8, "stxp w5, x0, x1, [x4]")
OP(cash, "cash w0, w1, [x4]") OP(cas4, "cas w0, w1, [x4]") OP(casal8, "casal x0, x1, [x4]")
OP(casp4, "casp w0, w1, w2, w3, [x4]") OP(casp8, "caspal x0, x1, x2, x3, [x4]")
OP(ldaddh, "ldaddh w0, w1, [x4]") OP(ldadd4, "ldadd w0, w1, [x4]") OP(ldadd8, "ldaddal x0, x1, [x4]")
OP(ldsmax4, "ldsmax w0, w1, [x4]") OP(ldclr8, "ldclr x0, x1, [x4]") OP(swp8, "swp x0, x1, [x4]")
OP(stset4, "stset w0, [x4]")
OP(ldarh, "ldarh w0, [x4]") OP(ldar4, "ldar w0, [x4]") OP(ldar8, "ldar x0, [x4]")
OP(stlrh, "stlrh w0, [x4]") OP(stlr4, "stlr w0, [x4]") OP(stlr8, "stlr x0, [x4]")
OP(ldapr8, "ldapr x0, [x4]") OP(ldapur8, "ldapur x0, [x4, #0]") OP(stlur4, "stlur w0, [x4, #0]")
OP(ldapursh, "ldapursh x0, [x4]")
OP(ldr8, "ldr x0, [x4]") OP(str4, "str w0, [x4]") OP(ldp8, "ldp x0, x1, [x4]") OP(ldrb, "ldarb w0, [x4]")
OP(casb, "casb w0, w1, [x4]")

static const struct { const char *name; void (*fn)(void *); int size, plain; } ops[] = {
#define O(name, size) { #name, name, size, 0 }
    O(ldxrh, 2), O(ldxr4, 4), O(ldaxr8, 8), O(stxr4, 4), O(stlxr8, 8), O(ldxp4, 8), O(ldxp8, 16), O(stxp8, 16),
    O(cash, 2), O(cas4, 4), O(casal8, 8), O(casp4, 8), O(casp8, 16), O(ldaddh, 2), O(ldadd4, 4), O(ldadd8, 8),
    O(ldsmax4, 4), O(ldclr8, 8), O(swp8, 8), O(stset4, 4), O(ldarh, 2), O(ldar4, 4), O(ldar8, 8), O(stlrh, 2),
    O(stlr4, 4), O(stlr8, 8), O(ldapr8, 8), O(ldapur8, 8), O(stlur4, 4), O(ldapursh, 2), O(ldrb, 1), O(casb, 1),
    { "ldr8", ldr8, 8, 1 }, { "str4", str4, 4, 1 }, { "ldp8", ldp8, 16, 1 },
};

int main(void)
{
    struct sigaction sa = { .sa_sigaction = on_bus, .sa_flags = SA_SIGINFO };
    int lse2 = getauxval(AT_HWCAP) >> 25 & 1, n = 0, wrong = 0;
    sigaction(SIGBUS, &sa, NULL);
    for (unsigned k = 0; k < sizeof ops / sizeof *ops; k++)
        for (int at = 0; at < 32; at++) {
            int size = ops[k].size;
            int works = ops[k].plain || (lse2 ? at % 16 + size <= 16 : at % size == 0);
            uint8_t before[64];
            for (int i = 0; i < 64; i++)
                memory[i] = before[i] = (uint8_t)(i * 37 + at);
            code = 0;
            if (!sigsetjmp(back, 1))
                ops[k].fn(memory + at);
            int ok = works ? !code : code == BUS_ADRALN && address == memory + at && !memcmp(before, memory, 64);
            n++;
            wrong += !ok;
            if (!ok)
                printf("%s at %d: code %d\n", ops[k].name, at, code);
        }
    printf("%d accesses, wrong %d\n", n, wrong);
    return wrong != 0;
}
