/*
 * EL3 with EL2 and EL1 below, secure and not: SMC, routing by SCR_EL3, traps of CPTR_EL3 and MDCR_EL3, returns to lower levels,
 * the EL3 regime (Arm ARM D1.3.1, D1.3.6, D24.2.124 SCR_EL3). It ends by semihosting, which is tried here too.
 * TEST: machine=virt,virtualization=on,secure=on image=elf args=-semihosting
 */
#include "lib.h"

#define SYSREG_ISS(op0, op1, crn, crm, op2, rt, read) \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1 | (read))
enum { NS = 1, IRQ = 2, FIQ = 4, EA = 8, SMD = 1 << 7, HCE = 1 << 8, RW = 1 << 10, ST = 1 << 11, TWI = 1 << 12, TWE = 1 << 13, KEYS = 3 << 16 };
#define SCR (RW | 0x30 | KEYS)

static u64 buffer[8];

static void scr(u64 bits)
{
    MSR(scr_el3, SCR | bits);
    ISB();
}

static u64 low(u64 which)
{
    u64 at = 0;
    switch (which) {
    case 0: at = RUN("smc #0x99", : "memory"); break;
    case 1: at = RUN("hvc #0x44", : "memory"); break;
    case 2: asm volatile("sevl\n wfe" ::: "memory"); at = RUN("wfe", : "memory"); break;
    case 3: at = RUN("wfi", : "memory"); break;
    case 4: at = RUN("fmov d0, x9", : "memory"); break;
    case 5: at = RUN("mrs x9, cpacr_el1", : "x9"); break;
    case 6: at = RUN("mrs x9, mdscr_el1", : "x9"); break;
    case 7: at = RUN("mrs x9, pmccntr_el0", : "x9"); break;
    case 8: at = RUN("mrs x9, s3_0_c2_c1_0", : "x9"); break;
    case 9: at = RUN("mrs x9, scr_el3", : "x9"); break;
    case 10: at = RUN("ldr x9, [%1]", "r"(0x0f000000ull) : "x9"); break; /* nothing is there */
    case 11: at = RUN("svc #3", : "memory"); break;
    case 12: at = RUN("brk #4", : "memory"); break;
    case 13: at = RUN("mrs x9, cntps_ctl_el1", : "x9"); break;
    case 14: at = RUN("mrs x9, cptr_el2", : "x9"); break;
    }
    return at;
}

static void calls(void)
{
    scr(NS | HCE);
    u64 at = at_el(1, low, 0);
    check_trap("SMC from EL1", ESR(0x17, 0x99), at + 4, 3, 8);
    check("SPSR", TRAPS->last.spsr & 0xf, 5);
    at = at_el(2, low, 0);
    check_trap("SMC from EL2", ESR(0x17, 0x99), at + 4, 3, 8);
    check("SPSR", TRAPS->last.spsr & 0xf, 9);
    at = at_el(1, low, 1);
    check_trap("HVC from EL1", ESR(0x16, 0x44), at + 4, 2, 8);
    at = at_el(2, low, 1);
    check_trap("HVC from EL2", ESR(0x16, 0x44), at + 4, 2, 4);
    scr(NS);
    at = at_el(1, low, 1);
    check_trap("HVC without HCE", ESR(0, 0), at, 1, 4);
    at = at_el(1, low, 11);
    check_trap("SVC at EL1", ESR(0x15, 3), at + 4, 1, 4);
    at = at_el(2, low, 11);
    check_trap("SVC at EL2", ESR(0x15, 3), at + 4, 2, 4);
    at = RUN("svc #8", : "memory");
    check_trap("SVC at EL3", ESR(0x15, 8), at + 4, 3, 4);
    at = RUN("smc #9", : "memory");
    check_trap("SMC at EL3", ESR(0x17, 9), at + 4, 3, 4);
    at = RUN("brk #5", : "memory");
    check_trap("BRK at EL3", ESR(0x3c, 5), at, 3, 4);
    at = at_el(1, low, 12);
    check_trap("BRK at EL1", ESR(0x3c, 4), at, 1, 4);
    at = at_el(1, low, 9);
    check_trap("SCR_EL3 at EL1", ESR(0, 0), at, 1, 4);
    at = at_el(2, low, 9);
    check_trap("SCR_EL3 at EL2", ESR(0, 0), at, 2, 4);
    /* secure EL1: there is no EL2 in that state */
    scr(HCE);
    at = at_el(1, low, 0);
    check_trap("SMC from secure EL1", ESR(0x17, 0x99), at + 4, 3, 8);
    at = at_el(1, low, 1);
    check_trap("HVC from secure EL1", ESR(0, 0), at, 1, 4);
    at = at_el(1, low, 13);
    check_trap("CNTPS_CTL_EL1 without SCR.ST", ESR(0x18, SYSREG_ISS(3, 7, 14, 2, 1, 9, 1)), at, 3, 8);
    scr(ST);
    at_el(1, low, 13);
    check_no_trap("CNTPS_CTL_EL1 with SCR.ST");
    scr(ST | NS);
    at = at_el(1, low, 13);
    check_trap("CNTPS_CTL_EL1, not secure", ESR(0, 0), at, 1, 4);
    /* a return to EL2 while SCR.NS is 0 is illegal */
    scr(0);
    TRAPS->taken = 0;
    asm volatile("adr x9, 1f\n msr elr_el3, x9\n msr spsr_el3, %0\n eret\n1: nop" :: "r"((u64)SPSR_EL2) : "x9", "memory");
    check("illegal return", TRAPS->last.esr, ESR(0x0e, 0));
    check("its level", TRAPS->last.level, 3);
    scr(NS | HCE);
}

static void traps_to_el3(void)
{
    scr(NS | HCE | TWE);
    u64 at = at_el(1, low, 2);
    check_trap("SCR.TWE", ESR(1, 0x1e00001), at, 3, 8);
    scr(NS | HCE | TWI);
    at = at_el(2, low, 3);
    check_trap("SCR.TWI", ESR(1, 0x1e00000), at, 3, 8);
    scr(NS | HCE);
    MSR(cptr_el3, 1 << 10);
    at = at_el(1, low, 4);
    check_trap("CPTR_EL3.TFP", ESR(7, 0x1e00000), at, 3, 8);
    at = RUN("fmov d0, x9", : "memory");
    check_trap("CPTR_EL3.TFP at EL3", ESR(7, 0x1e00000), at, 3, 4);
    MSR(cptr_el3, 1ull << 31);
    at = at_el(1, low, 5);
    check_trap("CPTR_EL3.TCPAC, CPACR", ESR(0x18, SYSREG_ISS(3, 0, 1, 0, 2, 9, 1)), at, 3, 8);
    at = at_el(2, low, 14);
    check_trap("CPTR_EL3.TCPAC, CPTR_EL2", ESR(0x18, SYSREG_ISS(3, 4, 1, 1, 2, 9, 1)), at, 3, 8);
    MSR(cptr_el3, 0);
    MSR(mdcr_el3, 1 << 9);
    at = at_el(1, low, 6);
    check_trap("MDCR_EL3.TDA", ESR(0x18, SYSREG_ISS(2, 0, 0, 2, 2, 9, 1)), at, 3, 8);
    MSR(mdcr_el3, 1 << 6);
    at = at_el(1, low, 7);
    check_trap("MDCR_EL3.TPM", ESR(0x18, SYSREG_ISS(3, 3, 9, 13, 0, 9, 1)), at, 3, 8);
    MSR(mdcr_el3, 0);
    MSR(scr_el3, RW | 0x30 | NS | HCE);
    at = at_el(1, low, 8);
    check_trap("SCR.APK", ESR(0x18, SYSREG_ISS(3, 0, 2, 1, 0, 9, 1)), at, 3, 8);
    scr(NS | HCE | EA);
    at = at_el(1, low, 10);
    check_trap("SCR.EA", ESR(0x24, 0x10), at, 3, 8);
    check("FAR_EL3", TRAPS->last.far, 0x0f000000);
    scr(NS | HCE);
    at = at_el(1, low, 10);
    check_trap("no SCR.EA", ESR(0x25, 0x10), at, 1, 4);
    scr(NS | HCE | SMD);
    at = RUN("smc #1", : "memory");
    check_trap("SMC at EL3 with SCR.SMD", ESR(0, 0), at, 3, 4);
    scr(NS | HCE);
}

/* The EL3 regime: one range, TTBR0_EL3. */
static void regime(void)
{
    u64 *root = identity_tables();
    static u64 page[512] __attribute__((aligned(4096)));
    *entry_of(root, 0x8000000000, 3) = (u64)page | PTE_PAGE | PTE_AF | PTE_NORMAL | PTE_SH | PTE_RO;
    page[3] = 555;
    MSR(mair_el3, MAIR_VALUE);
    MSR(tcr_el3, 16 | 0x3500 | 5 << 16 | 1u << 31 | 1 << 23);
    MSR(ttbr0_el3, root);
    tlbi_all();
    MSR(sctlr_el3, 0x30c50830 | 1);
    ISB();
    check("read by TTBR0_EL3", *(volatile u64 *)0x8000000018, 555);
    RUN("str x9, [%1]", "r"(0x8000000018ull) : "memory");
    check("write", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x4f));
    check("its level", TRAPS->last.level, 3);
    RUN("ldr x9, [%1]", "r"(0x8000001018ull) : "x9");
    check("no page", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x07));
    check("FAR_EL3", TRAPS->last.far, 0x8000001018);
    RUN("ldr x9, [%1]", "r"(0xffff008000000018ull) : "x9");
    check("no second range", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x04));
    *entry_of(root, 0x8000000000, 3) = 0;
    asm volatile("dsb ishst\n tlbi vae3is, %0\n dsb ish\n isb" :: "r"(0x8000000000 >> 12) : "memory");
    RUN("ldr x9, [%1]", "r"(0x8000000018ull) : "x9");
    check("TLBI VAE3IS", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x07));
    MSR(sctlr_el3, 0x30c50830);
    ISB();
}

/* --------------------------------------------------------------- semihosting */

static u64 semihost(u64 op, volatile void *block)
{
    register u64 x0 asm("x0") = op;
    register volatile void *x1 asm("x1") = block;
    asm volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static void semihosting(void)
{
    static char text[] = "/dev/null";
    volatile u64 b[4] = { (u64)text, 0, sizeof text - 1, 0 };
    u64 handle = semihost(0x01, b);
    expect("SYS_OPEN", handle != 0 && handle != ~0ull);
    b[0] = handle;
    check("SYS_FLEN", semihost(0x0c, b), 0);
    check("SYS_ISTTY", semihost(0x09, b), 0);
    b[1] = (u64)buffer;
    b[2] = 16;
    check("SYS_READ at the end: nothing of 16", semihost(0x06, b), 16);
    check("SYS_CLOSE", semihost(0x02, b), 0);
    check("SYS_CLOSE again", semihost(0x02, b), ~0ull);
    check("SYS_ERRNO", semihost(0x13, b), 9 /* EBADF */);
    expect("SYS_TIME", semihost(0x11, b) > 1000000000);
    b[0] = 12345;
    check("SYS_READ of no handle: nothing of 16", semihost(0x06, b), 16);
    check("no such operation", semihost(0xff, b), ~0ull);
    check("a block that is not there", semihost(0x01, (void *)0x0f000000), ~0ull);
    u64 at = RUN("hlt #0xf001", : "memory");
    check_trap("another HLT", ESR(0, 0), at, 3, 4);
}

void program(void)
{
    check("we are at EL3", current_el(), 3);
    check("ID_AA64PFR0_EL1: EL0 to EL3", MRS(id_aa64pfr0_el1) & 0xffff, 0x1111);
    calls();
    traps_to_el3();
    regime();
    semihosting();
}
