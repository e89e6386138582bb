/*
 * Synchronous exceptions to EL1 from EL1 and EL0, translation off: syndrome, return address, vector, saved state.
 *
 * Expected values: Arm ARM D1.3 (exceptions), D1.3.5.5 (priorities), D24.2.40 (ESR_EL1 and its ISS by class), D24.2.41 (FAR_EL1).
 */
#include "lib.h"

#define SYSREG_ISS(op0, op1, crn, crm, op2, rt, read) \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1 | (read))

static char buffer[64] __attribute__((aligned(64)));

/* ---------------------------------------------------------------- from EL1 */

static void calls(void)
{
    u64 at = RUN("svc #0", : "memory");
    check_trap("SVC #0", ESR(0x15, 0), at + 4, 1, 4);
    at = RUN("svc #0xffff", : "memory");
    check_trap("SVC #0xffff", ESR(0x15, 0xffff), at + 4, 1, 4);
    at = RUN("brk #0x1234", : "memory");
    check_trap("BRK", ESR(0x3c, 0x1234), at, 1, 4);
    at = RUN("udf #7", : "memory");
    check_trap("UDF", ESR(0, 0), at, 1, 4);
    at = RUN("hlt #1", : "memory");
    check_trap("HLT", ESR(0, 0), at, 1, 4);
    at = RUN("smc #1", : "memory");
    check_trap("SMC without EL3", ESR(0, 0), at, 1, 4);
    at = RUN("hvc #1", : "memory");
    check_trap("HVC without EL2", ESR(0, 0), at, 1, 4);
    at = RUN(".inst 0xffffffff", : "memory");
    check_trap("no instruction", ESR(0, 0), at, 1, 4);
    at = RUN("dcps1", : "memory");
    check_trap("DCPS1", ESR(0, 0), at, 1, 4);
    at = RUN("drps", : "memory");
    check_trap("DRPS", ESR(0, 0), at, 1, 4);
}

static void registers(void)
{
    u64 v;
    u64 at = RUN("mrs x0, hcr_el2", : "x0");
    check_trap("MRS HCR_EL2 without EL2", ESR(0, 0), at, 1, 4);
    at = RUN("mrs x0, scr_el3", : "x0");
    check_trap("MRS SCR_EL3 at EL1", ESR(0, 0), at, 1, 4);
    at = RUN("msr s3_0_c0_c0_0, x0", : "memory");
    check_trap("MSR to a read-only register", ESR(0, 0), at, 1, 4);
    at = RUN("mrs x0, s3_0_c15_c15_7", : "x0");
    check_trap("no such register", ESR(0, 0), at, 1, 4);
    at = RUN("mrs x0, s3_0_c0_c7_7", : "x0");
    check_no_trap("reserved ID registers read as zero");
    at = RUN("mrs x0, s2_0_c1_c0_4", : "x0");
    check_trap("MRS of a write-only register", ESR(0, 0), at, 1, 4);
    at = RUN("mrs x0, sp_el0", : "x0");
    check_no_trap("SP_EL0 with SPSel 1");
    asm volatile("mov %0, sp\n msr spsel, #0\n mov sp, %0" : "=&r"(v));
    at = RUN("mrs x0, sp_el0", : "x0");
    asm volatile("msr spsel, #1");
    check_trap("SP_EL0 with SPSel 0", ESR(0, 0), at, 1, 0);
}

static void floating_point(void)
{
    MSR(cpacr_el1, 0);
    ISB();
    u64 at = RUN("fmov d0, x0", : "memory");
    check_trap("FP with CPACR.FPEN 0", ESR(7, 0x1e00000), at, 1, 4);
    at = RUN("ldr q0, [%1]", "r"(buffer) : "memory");
    check_trap("LDR Q with CPACR.FPEN 0", ESR(7, 0x1e00000), at, 1, 4);
    at = RUN("mrs x0, fpcr", : "x0");
    check_trap("FPCR with CPACR.FPEN 0", ESR(7, 0x1e00000), at, 1, 4);
    MSR(cpacr_el1, 1 << 20);
    ISB();
    RUN("fmov d0, x0", : "memory");
    check_no_trap("FP with CPACR.FPEN 1 at EL1");
    MSR(cpacr_el1, 2 << 20);
    ISB();
    at = RUN("fmov d0, x0", : "memory");
    check_trap("FP with CPACR.FPEN 2", ESR(7, 0x1e00000), at, 1, 4);
    MSR(cpacr_el1, 3 << 20);
    ISB();
    RUN("fmov d0, x0", : "memory");
    check_no_trap("FP with CPACR.FPEN 3");
}

/* Data accesses are to Device memory while translation is off: unaligned ones fault (B2.7.2). */
static void alignment(void)
{
    u64 at = RUN("ldr x0, [%1]", "r"(buffer + 1) : "x0");
    check_trap("unaligned load of Device memory", ESR(0x25, 0x21), at, 1, 4);
    check("its FAR", TRAPS->last.far, (u64)buffer + 1);
    at = RUN("str w0, [%1]", "r"(buffer + 2) : "memory");
    check_trap("unaligned store to Device memory", ESR(0x25, 0x61), at, 1, 4);
    check("its FAR", TRAPS->last.far, (u64)buffer + 2);
    at = RUN("ldp x0, x1, [%1]", "r"(buffer + 4) : "x0", "x1");
    check_trap("unaligned LDP of Device memory", ESR(0x25, 0x21), at, 1, 4);
    RUN("ldrb w0, [%1]", "r"(buffer + 3) : "x0");
    check_no_trap("byte of Device memory");
    at = RUN("ldxr x0, [%1]", "r"(buffer + 4) : "x0");
    check_trap("unaligned LDXR", ESR(0x25, 0x21), at, 1, 4);
    at = RUN("stlr x0, [%1]", "r"(buffer + 4) : "memory");
    check_trap("unaligned STLR", ESR(0x25, 0x61), at, 1, 4);
    check("its FAR", TRAPS->last.far, (u64)buffer + 4);
    at = RUN("stxr w1, w0, [%1]", "r"(buffer + 2) : "x1", "memory");
    check_trap("unaligned STXR", ESR(0x25, 0x61), at, 1, 4);
    at = RUN("ldar w0, [%1]", "r"(buffer + 2) : "x0");
    check_trap("unaligned LDAR", ESR(0x25, 0x21), at, 1, 4);

    u64 go = (u64)buffer | 2;
    TRAPS->taken = 0;
    asm volatile("blr %0" :: "r"(go) : "x30", "memory");
    check_trap("PC alignment", ESR(0x22, 0), go, 1, 4);
    check("its FAR", TRAPS->last.far, go);
}

/* SCTLR_EL1.SA: loads and stores with SP as base want it aligned to 16 bytes (D1.3.8). With SP_EL0, since the vectors
 * write to EL1's own. */
static u64 misaligned_sp_at;
static __attribute__((noinline)) void with_sp(unsigned how)
{
    TRAPS->taken = 0;
    u64 old, at = 0;
    switch (how) {
    case 0:
        asm volatile("mov %0, sp\n sub x9, %0, #256\n add x9, x9, #8\n mov sp, x9\n adr %1, 1f\n1: ldr x0, [sp, #8]\n mov sp, %0"
                     : "=&r"(old), "=&r"(at) :: "x0", "x9", "memory");
        break;
    case 1:
        asm volatile("mov %0, sp\n sub sp, sp, #260\n adr %1, 1f\n1: strb w0, [sp]\n mov sp, %0"
                     : "=&r"(old), "=&r"(at) :: "x0", "memory");
        break;
    case 2:
        asm volatile("mov %0, sp\n sub sp, sp, #256\n str x0, [sp, #-8]!\n adr %1, 1f\n1: ldr x0, [sp], #8\n mov sp, %0"
                     : "=&r"(old), "=&r"(at) :: "x0", "memory");
        break;
    case 3: /* no access by it */
        asm volatile("mov %0, sp\n sub sp, sp, #248\n adr %1, 1f\n1: add x9, sp, #8\n str x9, [x9]\n mov sp, %0"
                     : "=&r"(old), "=&r"(at) :: "x9", "memory");
        break;
    case 4:
        asm volatile("mov %0, sp\n sub sp, sp, #264\n adr %1, 1f\n1: stp x0, x1, [sp, #16]\n mov sp, %0"
                     : "=&r"(old), "=&r"(at) :: "memory");
        break;
    }
    misaligned_sp_at = at;
}

static void stack_pointer(void)
{
    u64 spare;
    for (unsigned sa = 0; sa < 2; sa++)
        for (unsigned k = 0; k < 5; k++) {
            MSR(sctlr_el1, SCTLR_RES1 | sa << 3);
            ISB();
            asm volatile("mov %0, sp\n msr spsel, #0\n sub x9, %0, #2048\n mov sp, x9" : "=&r"(spare) :: "x9", "memory");
            with_sp(k);
            asm volatile("msr spsel, #1" ::: "memory");
            if (sa && k != 3)
                check_trap("SP alignment", ESR(0x26, 0), misaligned_sp_at, 1, 0);
            else if (k == 1 || k == 3)
                check_no_trap("SP misaligned, no fault");
            TRAPS->taken = 0;
        }
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
}

/* Nothing is at this physical address: synchronous external abort (D24.2.40: DFSC 0x10). */
static void external(void)
{
    enum { NOWHERE = 0x0f000000 };
    u64 at = RUN("ldr x0, [%1]", "r"((u64)NOWHERE) : "x0");
    check_trap("load of nothing", ESR(0x25, 0x10), at, 1, 4);
    check("its FAR", TRAPS->last.far, NOWHERE);
    at = RUN("str x0, [%1]", "r"((u64)NOWHERE + 8) : "memory");
    check_trap("store to nothing", ESR(0x25, 0x50), at, 1, 4);
    check("its FAR", TRAPS->last.far, NOWHERE + 8);
    TRAPS->taken = 0;
    asm volatile("blr %0" :: "r"((u64)NOWHERE) : "x30", "memory");
    check_trap("fetch of nothing", ESR(0x21, 0x10), NOWHERE, 1, 4);
    check("its FAR", TRAPS->last.far, NOWHERE);
    /* above the physical address size: address size fault, level 0 */
    at = RUN("ldr x0, [%1]", "r"(1ull << 54) : "x0");
    check_trap("address size", ESR(0x25, 0), at, 1, 4);
}

/* ------------------------------------------------- saved state, illegal state */

static void saved_state(void)
{
    u64 nzcv = 0xa0000000, after;
    asm volatile("msr nzcv, %1\n svc #1\n mrs %0, nzcv" : "=r"(after) : "r"(nzcv) : "cc", "memory");
    check("SPSR of EL1h with NZCV", TRAPS->last.spsr & ~0x1c01000ull, nzcv | (MRS(daif) & 0x3c0) | 5);
    check("NZCV comes back", after, nzcv);
    u64 daif = MRS(daif);
    asm volatile("msr daifclr, #8\n svc #2\n msr daif, %0" :: "r"(daif) : "memory");
    check("SPSR.D", TRAPS->last.spsr & 0x200, 0);
    check("D comes back", MRS(daif), daif);
}

static __attribute__((noinline)) void return_with(u64 spsr)
{
    TRAPS->taken = 0;
    asm volatile("adr x9, 1f\n msr elr_el1, x9\n msr spsr_el1, %0\n eret\n1: nop\n" :: "r"(spsr) : "x9", "memory");
}

/* D1.3.4.1: returns to a state that is not there set PSTATE.IL, the next instruction is refused. */
static void illegal_state(void)
{
    static const struct { const char *name; u64 spsr; } cases[] = {
        { "return with SPSR.IL", SPSR_EL1 | 1 << 20 }, { "return to EL2", SPSR_EL2 }, { "return to EL3", SPSR_EL3 },
        { "return to M 0b0001", 0x3c1 }, { "return to M 0b0110", 0x3c6 }, { "return to AArch32", 0x3d3 },
    };
    u64 landing;
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        return_with(cases[k].spsr);
        asm volatile("mrs %0, elr_el1" : "=r"(landing));
        check(cases[k].name, TRAPS->taken, 1);
        check(cases[k].name, TRAPS->last.esr, ESR(0x0e, 0));
        check(cases[k].name, TRAPS->last.spsr & (1 << 20 | 0x1f), 1 << 20 | 5);
        check(cases[k].name, TRAPS->last.elr, landing);
        check(cases[k].name, TRAPS->last.vector, 4);
    }
}

/* ---------------------------------------------------------------- from EL0 */

static u64 el0_calls(u64 unused)
{
    u64 at = RUN("svc #0x77", : "memory");
    check_trap("SVC from EL0", ESR(0x15, 0x77), at + 4, 1, 8);
    check("SPSR of EL0", TRAPS->last.spsr & 0x3ff, 0x3c0);
    at = RUN("brk #9", : "memory");
    check_trap("BRK from EL0", ESR(0x3c, 9), at, 1, 8);
    at = RUN("hvc #0", : "memory");
    check_trap("HVC from EL0", ESR(0, 0), at, 1, 8);
    at = RUN("smc #0", : "memory");
    check_trap("SMC from EL0", ESR(0, 0), at, 1, 8);
    at = RUN("eret", : "memory");
    check_trap("ERET at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("mrs x0, currentel", : "x0");
    check_trap("CurrentEL at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("mrs x0, sctlr_el1", : "x0");
    check_trap("SCTLR_EL1 at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("msr spsel, #0", : "memory");
    check_trap("MSR SPSel at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("msr tpidrro_el0, x0", : "memory");
    check_trap("MSR TPIDRRO_EL0 at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("tlbi vmalle1", : "memory");
    check_trap("TLBI at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("dc ivac, %1", "r"(buffer) : "memory");
    check_trap("DC IVAC at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("at s1e0r, %1", "r"(buffer) : "memory");
    check_trap("AT at EL0", ESR(0, 0), at, 1, 8);
    at = RUN("ldr x0, [%1]", "r"(buffer + 1) : "x0");
    check_trap("alignment from EL0", ESR(0x24, 0x21), at, 1, 8);
    TRAPS->taken = 0;
    asm volatile("blr %0" :: "r"((u64)buffer | 1) : "x30", "memory");
    check_trap("PC alignment from EL0", ESR(0x22, 0), (u64)buffer | 1, 1, 8);
    TRAPS->taken = 0;
    asm volatile("blr %0" :: "r"(0x0f000000ull) : "x30", "memory");
    check_trap("fetch of nothing from EL0", ESR(0x20, 0x10), 0x0f000000, 1, 8);
    return 0;
}

/* What SCTLR_EL1 and others take from EL0: first with all bits off, then on. */
static u64 el0_traps(u64 on)
{
    static const struct { const char *name; unsigned ec; u64 iss; } want[] = {
        { "CTR_EL0", 0x18, SYSREG_ISS(3, 3, 0, 0, 1, 0, 1) }, { "DAIF", 0x18, SYSREG_ISS(3, 3, 4, 2, 1, 0, 1) },
        { "DAIFSet", 0x18, SYSREG_ISS(0, 3, 4, 15, 6, 31, 0) }, { "DC ZVA", 0x18, SYSREG_ISS(1, 3, 7, 4, 1, 0, 0) },
        { "DC CVAU", 0x18, SYSREG_ISS(1, 3, 7, 11, 1, 0, 0) }, { "DC CIVAC", 0x18, SYSREG_ISS(1, 3, 7, 14, 1, 0, 0) },
        { "IC IVAU", 0x18, SYSREG_ISS(1, 3, 7, 5, 1, 0, 0) }, { "CNTVCT_EL0", 0x18, SYSREG_ISS(3, 3, 14, 0, 2, 0, 1) },
        { "CNTPCT_EL0", 0x18, SYSREG_ISS(3, 3, 14, 0, 1, 0, 1) }, { "CNTFRQ_EL0", 0x18, SYSREG_ISS(3, 3, 14, 0, 0, 0, 1) },
        { "CNTV_CTL_EL0", 0x18, SYSREG_ISS(3, 3, 14, 3, 1, 0, 1) }, { "CNTP_CVAL_EL0", 0x18, SYSREG_ISS(3, 3, 14, 2, 2, 7, 0) },
        { "PMCR_EL0", 0x18, SYSREG_ISS(3, 3, 9, 12, 0, 0, 1) }, { "WFI", 0x01, 0x1e00000 }, { "FMOV", 0x07, 0x1e00000 },
    };
    for (unsigned k = 0; k < sizeof want / sizeof *want; k++) {
        u64 at = 0;
        TRAPS->taken = 0;
        char *p = buffer;
        switch (k) {
        case 0: at = RUN("mrs x0, ctr_el0", : "x0"); break;
        case 1: at = RUN("mrs x0, daif", : "x0"); break;
        case 2: at = RUN("msr daifset, #15", : "memory"); break;
        case 3: at = RUN("dc zva, %1", "r"(p) : "memory"); break;
        case 4: at = RUN("dc cvau, %1", "r"(p) : "memory"); break;
        case 5: at = RUN("dc civac, %1", "r"(p) : "memory"); break;
        case 6: at = RUN("ic ivau, %1", "r"(p) : "memory"); break;
        case 7: at = RUN("mrs x0, cntvct_el0", : "x0"); break;
        case 8: at = RUN("mrs x0, cntpct_el0", : "x0"); break;
        case 9: at = RUN("mrs x0, cntfrq_el0", : "x0"); break;
        case 10: at = RUN("mrs x0, cntv_ctl_el0", : "x0"); break;
        case 11: at = RUN("msr cntp_cval_el0, x7", : "memory"); break;
        case 12: at = RUN("mrs x0, pmcr_el0", : "x0"); break;
        case 13:
            if (on)
                continue; /* would wait */
            at = RUN("wfi", : "memory");
            break;
        case 14: at = RUN("fmov d0, x0", : "memory"); break;
        }
        if (!on)
            check_trap(want[k].name, ESR(want[k].ec, want[k].iss | (k >= 3 && k <= 6 ? (*(uint32_t *)at & 31) << 5 : 0)), at, 1, 8);
        else if (k == 3) /* all of it is Device memory: DC ZVA faults (D24.2.40: CM 0, WnR 1) */
            check_trap("DC ZVA to Device memory", ESR(0x24, 0x61), at, 1, 8);
        else
            check_no_trap(want[k].name);
    }
    return 0;
}

static u64 el0_wfe(u64 unused)
{
    u64 at;
    TRAPS->taken = 0;
    asm volatile("sevl\n wfe" ::: "memory"); /* with the event register set it never traps */
    check_no_trap("WFE with an event");
    at = RUN("wfe", : "memory");
    check_trap("WFE", ESR(1, 0x1e00001), at, 1, 8);
    return 0;
}

static u64 el0_sp(u64 unused)
{
    u64 old, at;
    TRAPS->taken = 0;
    asm volatile("mov %0, sp\n sub sp, sp, #264\n adr %1, 1f\n1: ldr x0, [sp]\n mov sp, %0" : "=&r"(old), "=&r"(at) :: "x0", "memory");
    check_trap("SP alignment at EL0", ESR(0x26, 0), at, 1, 8);
    return 0;
}

static void from_el0(void)
{
    at_el(0, el0_calls, 0);
    MSR(cpacr_el1, 1 << 20);
    MSR(cntkctl_el1, 0);
    at_el(0, el0_traps, 0);
    at_el(0, el0_wfe, 0);
    MSR(cpacr_el1, 3 << 20);
    MSR(cntkctl_el1, 0x303);
    MSR(pmuserenr_el0, 1);
    /* DZE UCT nTWI nTWE UMA UCI */
    MSR(sctlr_el1, SCTLR_RES1 | 1 << 14 | 1 << 15 | 1 << 16 | 1 << 18 | 1 << 9 | 1 << 26);
    at_el(0, el0_traps, 1);
    MSR(sctlr_el1, SCTLR_RES1 | 1 << 4); /* SA0 */
    at_el(0, el0_sp, 0);
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
}

void program(void)
{
    calls();
    registers();
    floating_point();
    alignment();
    external();
    saved_state();
    illegal_state();
    stack_pointer();
    from_el0();
}
