/*
 * EL2 without and with VHE: routing, traps, stage 2, timers, the virtual offset, HVC and SMC (Arm ARM D1.3.1, D8.2.12,
 * D13, D24.2.58 HCR_EL2; fault codes D24.2.41; HPFAR_EL2 D24.2.66).
 * TEST: machine=virt,virtualization=on
 */
#include "lib.h"

#define SYSREG_ISS(op0, op1, crn, crm, op2, rt, read) \
    ((op0) << 20 | (op2) << 17 | (op1) << 14 | (crn) << 10 | (rt) << 5 | (crm) << 1 | (read))
#define HCR_BASE (1ull << 31 | 3ull << 40) /* RW, API, APK */
enum { VM = 1 << 0, FMO = 1 << 3, IMO = 1 << 4, DC = 1 << 12, TWI = 1 << 13, TWE = 1 << 14, TID1 = 1 << 16, TID2 = 1 << 17, TID3 = 1 << 18,
       TSC = 1 << 19, TACR = 1 << 21, TPU = 1 << 24, TTLB = 1 << 25, TVM = 1 << 26, TGE = 1 << 27, TDZ = 1 << 28,
       TRVM = 1 << 30 };
#define E2H (1ull << 34)

static u64 buffer[64] __attribute__((aligned(4096)));

static void hcr(u64 bits)
{
    MSR(hcr_el2, HCR_BASE | bits);
    ISB();
}

/* ------------------------------------------------------------ calls and traps */

static u64 guest_calls(u64 unused)
{
    u64 at = RUN("hvc #0x321", : "memory");
    check_trap("HVC from EL1", ESR(0x16, 0x321), at + 4, 2, 8);
    check("SPSR of EL1", TRAPS->last.spsr & 0x3cf, 0x3c5);
    at = RUN("svc #7", : "memory");
    check_trap("SVC at EL1 stays there", ESR(0x15, 7), at + 4, 1, 4);
    at = RUN("mrs x9, hcr_el2", : "x9");
    check_trap("HCR_EL2 at EL1", ESR(0, 0), at, 1, 4);
    return 0;
}

static u64 plain_guest(u64 which)
{
    u64 at = 0;
    switch (which) {
    case 0: at = RUN("wfi", : "memory"); break;
    case 1: asm volatile("sevl\n wfe" ::: "memory"); at = RUN("wfe", : "memory"); break; /* without an event */
    case 2: at = RUN("mrs x9, revidr_el1", : "x9"); break;
    case 3: at = RUN("mrs x9, ctr_el0", : "x9"); break;
    case 4: at = RUN("mrs x9, id_aa64mmfr0_el1", : "x9"); break;
    case 5: at = RUN("smc #0x55", : "memory"); break;
    case 6: at = RUN("mrs x9, actlr_el1", : "x9"); break;
    case 7: at = RUN("tlbi vmalle1", : "memory"); break;
    case 8: at = RUN("msr contextidr_el1, x9", : "memory"); break;
    case 9: at = RUN("mrs x9, contextidr_el1", : "x9"); break;
    case 10: at = RUN("dc zva, %1", "r"(buffer) : "memory"); break;
    case 11: at = RUN("ic ialluis", : "memory"); break;
    case 12: at = RUN("mrs x9, s3_0_c0_c4_4", : "x9"); break;
    case 13: at = RUN("mrs x9, clidr_el1", : "x9"); break;
    case 14: at = RUN("mrs x9, cpacr_el1", : "x9"); break;
    case 15: at = RUN("fmov d0, x9", : "memory"); break;
    case 16: at = RUN("mrs x9, cntpct_el0", : "x9"); break;
    case 17: at = RUN("mrs x9, cntp_ctl_el0", : "x9"); break;
    case 18: at = RUN("mrs x9, mdscr_el1", : "x9"); break;
    case 19: at = RUN("msr oslar_el1, x9", : "memory"); break;
    case 20: at = RUN("mrs x9, pmcr_el0", : "x9"); break;
    case 21: at = RUN("mrs x9, pmccntr_el0", : "x9"); break;
    case 22: at = RUN("mrs x9, s3_0_c2_c1_0", : "x9"); break; /* APIAKeyLo_EL1 */
    case 23: at = RUN("brk #3", : "memory"); break;
    case 24: at = RUN("mrs x9, cntvct_el0", : "x9"); break;
    case 25: at = RUN("mrs x9, cntv_ctl_el0", : "x9"); break;
    }
    return at;
}

static void traps_of_guests(void)
{
    enum { MRS_ = 1, MSR_ = 0, RT = 9 };
    static const struct { const char *name; u64 hcr; unsigned which, ec; u64 iss; } cases[] = {
        { "TWI", TWI, 0, 1, 0x1e00000 }, { "TWE", TWE, 1, 1, 0x1e00001 },
        { "TID1", TID1, 2, 0x18, SYSREG_ISS(3, 0, 0, 0, 6, RT, MRS_) }, { "TID2", TID2, 3, 0x18, SYSREG_ISS(3, 3, 0, 0, 1, RT, MRS_) },
        { "TID2, CLIDR", TID2, 13, 0x18, SYSREG_ISS(3, 1, 0, 0, 1, RT, MRS_) },
        { "TID3", TID3, 4, 0x18, SYSREG_ISS(3, 0, 0, 7, 0, RT, MRS_) }, { "TID3, reserved", TID3, 12, 0x18, SYSREG_ISS(3, 0, 0, 4, 4, RT, MRS_) },
        { "TSC", TSC, 5, 0x17, 0x55 }, { "TACR", TACR, 6, 0x18, SYSREG_ISS(3, 0, 1, 0, 1, RT, MRS_) },
        { "TTLB", TTLB, 7, 0x18, SYSREG_ISS(1, 0, 8, 7, 0, 31, MSR_) }, { "TVM", TVM, 8, 0x18, SYSREG_ISS(3, 0, 13, 0, 1, RT, MSR_) },
        { "TRVM", TRVM, 9, 0x18, SYSREG_ISS(3, 0, 13, 0, 1, RT, MRS_) }, { "TDZ", TDZ, 10, 0x18, SYSREG_ISS(1, 3, 7, 4, 1, 0, MSR_) },
        { "TPU", TPU, 11, 0x18, SYSREG_ISS(1, 0, 7, 1, 0, 31, MSR_) },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        hcr(cases[k].hcr);
        u64 at = at_el(1, plain_guest, cases[k].which), iss = cases[k].iss;
        if (cases[k].which == 10)
            iss |= (*(uint32_t *)at & 31) << 5;
        check_trap(cases[k].name, ESR(cases[k].ec, iss), at, 2, 8);
        hcr(0);
        if (cases[k].which > 1 && cases[k].which != 5 && cases[k].which != 10) {
            at_el(1, plain_guest, cases[k].which);
            check_no_trap(cases[k].name);
        }
    }
    /* reads of the other direction are not trapped */
    hcr(TVM);
    at_el(1, plain_guest, 9);
    check_no_trap("TVM and a read");
    hcr(TRVM);
    at_el(1, plain_guest, 8);
    check_no_trap("TRVM and a write");
    hcr(0);
    u64 at;
    MSR(cptr_el2, 0x33ff | 1ull << 31);
    at = at_el(1, plain_guest, 14);
    check_trap("CPTR_EL2.TCPAC", ESR(0x18, SYSREG_ISS(3, 0, 1, 0, 2, RT, MRS_)), at, 2, 8);
    MSR(cptr_el2, 0x33ff | 1 << 10);
    at = at_el(1, plain_guest, 15);
    check_trap("CPTR_EL2.TFP", ESR(7, 0x1e00000), at, 2, 8);
    at = RUN("fmov d0, x9", : "memory");
    check_trap("CPTR_EL2.TFP at EL2", ESR(7, 0x1e00000), at, 2, 4);
    MSR(cptr_el2, 0x33ff);
    MSR(cnthctl_el2, 0);
    at = at_el(1, plain_guest, 16);
    check_trap("CNTHCTL_EL2.EL1PCTEN", ESR(0x18, SYSREG_ISS(3, 3, 14, 0, 1, RT, MRS_)), at, 2, 8);
    at = at_el(1, plain_guest, 17);
    check_trap("CNTHCTL_EL2.EL1PCEN", ESR(0x18, SYSREG_ISS(3, 3, 14, 2, 1, RT, MRS_)), at, 2, 8);
    MSR(cnthctl_el2, 3 | 1 << 14);
    at = at_el(1, plain_guest, 24);
    check_trap("CNTHCTL_EL2.EL1TVCT", ESR(0x18, SYSREG_ISS(3, 3, 14, 0, 2, RT, MRS_)), at, 2, 8);
    at_el(1, plain_guest, 25);
    check_no_trap("CNTHCTL_EL2.EL1TVCT, the timer");
    MSR(cnthctl_el2, 3 | 1 << 13);
    at = at_el(1, plain_guest, 25);
    check_trap("CNTHCTL_EL2.EL1TVT", ESR(0x18, SYSREG_ISS(3, 3, 14, 3, 1, RT, MRS_)), at, 2, 8);
    at_el(1, plain_guest, 24);
    check_no_trap("CNTHCTL_EL2.EL1TVT, the counter");
    MSR(cnthctl_el2, 3);
    MSR(mdcr_el2, 1 << 9 | 1 << 10 | 1 << 11);
    at = at_el(1, plain_guest, 18);
    check_trap("MDCR_EL2.TDA", ESR(0x18, SYSREG_ISS(2, 0, 0, 2, 2, RT, MRS_)), at, 2, 8);
    at = at_el(1, plain_guest, 19);
    check_trap("MDCR_EL2.TDOSA", ESR(0x18, SYSREG_ISS(2, 0, 1, 0, 4, RT, MSR_)), at, 2, 8);
    MSR(mdcr_el2, 1 << 5);
    at = at_el(1, plain_guest, 20);
    check_trap("MDCR_EL2.TPMCR", ESR(0x18, SYSREG_ISS(3, 3, 9, 12, 0, RT, MRS_)), at, 2, 8);
    at_el(1, plain_guest, 21);
    check_no_trap("MDCR_EL2.TPMCR, PMCCNTR");
    MSR(mdcr_el2, 1 << 6);
    at = at_el(1, plain_guest, 21);
    check_trap("MDCR_EL2.TPM", ESR(0x18, SYSREG_ISS(3, 3, 9, 13, 0, RT, MRS_)), at, 2, 8);
    MSR(mdcr_el2, 1 << 8);
    at = at_el(1, plain_guest, 23);
    check_trap("MDCR_EL2.TDE: BRK", ESR(0x3c, 3), at, 2, 8);
    MSR(mdcr_el2, 0);
    at = at_el(1, plain_guest, 23);
    check_trap("BRK without TDE", ESR(0x3c, 3), at, 1, 4);
    MSR(hcr_el2, 1ull << 31);
    at = at_el(1, plain_guest, 22);
    check_trap("HCR_EL2.APK", ESR(0x18, SYSREG_ISS(3, 0, 2, 1, 0, RT, MRS_)), at, 2, 8);
    hcr(0);
    check("SMC without EL3, without TSC", (at_el(1, plain_guest, 5), esr_ec(TRAPS->last.esr)), 0);
    hcr(0);
}

static u64 read_ids(u64 unused)
{
    check("VPIDR_EL2", MRS(midr_el1), 0x12345678);
    check("VMPIDR_EL2", MRS(mpidr_el1), 0x80000077);
    return 0;
}

static void identities(void)
{
    u64 midr = MRS(midr_el1), mpidr = MRS(mpidr_el1);
    MSR(vpidr_el2, 0x12345678);
    MSR(vmpidr_el2, 0x80000077);
    at_el(1, read_ids, 0);
    check("MIDR_EL1 at EL2", MRS(midr_el1), midr);
    check("MPIDR_EL1 at EL2", MRS(mpidr_el1), mpidr);
    MSR(vpidr_el2, midr);
    MSR(vmpidr_el2, mpidr);
    check("ID_AA64PFR0_EL1: EL0 to EL2, AArch64 only", MRS(id_aa64pfr0_el1) & 0xffff, 0x0111);
}

/* TGE: what EL0 does goes to EL2 (D1.3.1.3). */
static u64 el0_under_tge(u64 unused)
{
    u64 at = RUN("svc #5", : "memory");
    check_trap("SVC with TGE", ESR(0x15, 5), at + 4, 2, 8);
    at = RUN("udf #1", : "memory");
    check_trap("UDF with TGE", ESR(0, 0), at, 2, 8);
    at = RUN("ldr x9, [%1]", "r"((char *)buffer + 1) : "x9");
    check_trap("alignment with TGE", ESR(0x24, 0x21), at, 2, 8);
    check("FAR_EL2", TRAPS->last.far, (u64)buffer + 1);
    at = RUN("brk #1", : "memory");
    check_trap("BRK with TGE", ESR(0x3c, 1), at, 2, 8);
    return 0;
}

/* ------------------------------------------------------------------- stage 2 */

static u64 *s2, *s2_top;
enum { S2_READ = 1 << 6, S2_WRITE = 2 << 6, S2_RW = 3 << 6, S2_NORMAL = 0xf << 2, S2_SH = 3 << 8, S2_AF = 1 << 10 };
#define S2_PAGE (PTE_PAGE | S2_AF | S2_SH | S2_NORMAL)
#define IPA 0x80000000ull /* 2 GiB: a page of its own tables */

static u64 guest_access(u64 how)
{
    TRAPS->taken = 0;
    u64 at = 0;
    switch (how & 15) {
    case 0: at = RUN("ldr x9, [%1]", "r"(IPA + 0x18) : "x9"); break;
    case 1: at = RUN("str w9, [%1]", "r"(IPA + 0x18) : "memory"); break;
    case 2: at = RUN("ldrsb w9, [%1]", "r"(IPA + 0x18) : "x9"); break;
    case 3: at = RUN("ldp x9, x10, [%1]", "r"(IPA + 0x10) : "x9", "x10"); break;
    case 4: at = IPA; asm volatile("blr %0" :: "r"(IPA) : "x30", "memory"); break;
    case 5: at = RUN("ldrh w9, [%1], #2", "r"(IPA + 0x18) : "x9"); break;
    case 6: return *(volatile u64 *)(IPA + 0x18);
    case 7: at = RUN("strb wzr, [%1, %2]", "r"(IPA), "r"(0x18ull) : "memory"); break;
    case 8: at = RUN("ldrsw x9, [%1]", "r"(IPA + 0x18) : "x9"); break;
    }
    return at;
}

/* EC from below, FAR and HPFAR. */
static void check_stage2(const char *what, unsigned ec, u64 iss, u64 at, u64 ipa)
{
    check_trap(what, ESR(ec, iss), at, 2, 8);
    check(what, MRS(hpfar_el2), ipa >> 12 << 4);
}
static void flush2(void) { asm volatile("dsb ishst\n tlbi vmalls12e1is\n dsb ish\n isb" ::: "memory"); }

static void stage2(void)
{
    /* VTCR: 4K, 40 bits of IPA in, start at level 1 (two concatenated tables: 1024 entries), 48 bits out. */
    s2_top = new_table(8192);
    s2_top[0] = 0 | S2_AF | S2_RW | PTE_VALID;                                /* devices: Device-nGnRnE */
    s2_top[1] = MEMORY | S2_AF | S2_RW | S2_NORMAL | S2_SH | PTE_VALID;
    s2 = new_table(4096);
    u64 *l2 = new_table(4096);
    s2_top[2] = (u64)l2 | PTE_TABLE;
    l2[0] = (u64)s2 | PTE_TABLE;
    MSR(vtcr_el2, 24 | 1 << 6 | 1 << 8 | 1 << 10 | 3 << 12 | 5 << 16 | 1ull << 31);
    MSR(vttbr_el2, (u64)s2_top | 3ull << 48);
    hcr(VM);
    flush2();
    enum { ISV = 1 << 24 };
    u64 at = at_el(1, guest_access, 0);
    check_stage2("stage 2, translation, LDR X", 0x24, ISV | 3 << 22 | 9 << 16 | 1 << 15 | 0x07, at, IPA);
    check("its FAR", TRAPS->last.far, IPA + 0x18);
    at = at_el(1, guest_access, 1);
    check_stage2("stage 2, translation, STR W", 0x24, ISV | 2 << 22 | 9 << 16 | 1 << 6 | 0x07, at, IPA);
    at = at_el(1, guest_access, 2);
    check_stage2("stage 2, translation, LDRSB W", 0x24, ISV | 0 << 22 | 1 << 21 | 9 << 16 | 0x07, at, IPA);
    at = at_el(1, guest_access, 8);
    check_stage2("stage 2, translation, LDRSW X", 0x24, ISV | 2 << 22 | 1 << 21 | 9 << 16 | 1 << 15 | 0x07, at, IPA);
    at = at_el(1, guest_access, 7);
    check_stage2("stage 2, translation, STRB", 0x24, ISV | 0 << 22 | 31 << 16 | 1 << 6 | 0x07, at, IPA);
    at = at_el(1, guest_access, 3);
    check_stage2("stage 2, translation, LDP: no ISV", 0x24, 0x07, at, IPA);
    at = at_el(1, guest_access, 5);
    check_stage2("stage 2, translation, write-back: no ISV", 0x24, 0x07, at, IPA);
    at = at_el(1, guest_access, 4);
    check_stage2("stage 2, translation, fetch", 0x20, 0x07, at, IPA);
    /* permissions */
    buffer[3] = 0xd65f03c0;
    s2[0] = (u64)buffer | S2_PAGE | S2_READ;
    flush2();
    check("stage 2, read", at_el(1, guest_access, 6), 0xd65f03c0);
    at = at_el(1, guest_access, 1);
    check_stage2("stage 2, read only", 0x24, ISV | 2 << 22 | 9 << 16 | 1 << 6 | 0x0f, at, IPA);
    s2[0] = (u64)buffer | S2_PAGE | S2_WRITE;
    flush2();
    at = at_el(1, guest_access, 0);
    check_stage2("stage 2, write only", 0x24, ISV | 3 << 22 | 9 << 16 | 1 << 15 | 0x0f, at, IPA);
    s2[0] = (u64)buffer | S2_PAGE | S2_RW | 2ull << 53; /* XN */
    flush2();
    at = at_el(1, guest_access, 4);
    check_stage2("stage 2, XN", 0x20, 0x0f, at, IPA);
    s2[0] = ((u64)buffer | S2_PAGE | S2_RW) & ~(u64)S2_AF;
    flush2();
    at = at_el(1, guest_access, 0);
    check_stage2("stage 2, access flag", 0x24, ISV | 3 << 22 | 9 << 16 | 1 << 15 | 0x0b, at, IPA);
    l2[0] = 0;
    flush2();
    at = at_el(1, guest_access, 0);
    check_stage2("stage 2, translation, level 2", 0x24, ISV | 3 << 22 | 9 << 16 | 1 << 15 | 0x06, at, IPA);
    s2_top[2] = 0;
    flush2();
    at = at_el(1, guest_access, 0);
    check_stage2("stage 2, translation, level 1", 0x24, ISV | 3 << 22 | 9 << 16 | 1 << 15 | 0x05, at, IPA);
    s2_top[2] = (u64)l2 | PTE_TABLE;
    l2[0] = (u64)s2 | PTE_TABLE;
    /* one more VMID: its own mapping of the same address */
    static u64 second[512] __attribute__((aligned(4096)));
    s2[0] = (u64)buffer | S2_PAGE | S2_RW;
    u64 *other = new_table(8192), *other_l2 = new_table(4096), *other_l3 = new_table(4096);
    other[0] = s2_top[0];
    other[1] = s2_top[1];
    other[2] = (u64)other_l2 | PTE_TABLE;
    other_l2[0] = (u64)other_l3 | PTE_TABLE;
    other_l3[0] = (u64)second | S2_PAGE | S2_RW;
    second[3] = 222;
    buffer[3] = 111;
    flush2();
    for (unsigned k = 0; k < 6; k++) {
        MSR(vttbr_el2, (u64)(k & 1 ? other : s2_top) | (k & 1 ? 4ull : 3ull) << 48);
        ISB();
        check("VMIDs", at_el(1, guest_access, 6), k & 1 ? 222 : 111);
    }
    MSR(vttbr_el2, (u64)s2_top | 3ull << 48);
    /* TLBI IPAS2E1IS with VMALLE1IS, as hypervisors do it */
    s2[0] = (u64)second | S2_PAGE | S2_RW;
    asm volatile("dsb ishst\n tlbi ipas2e1is, %0\n dsb ish\n tlbi vmalle1is\n dsb ish\n isb" :: "r"(IPA >> 12) : "memory");
    check("TLBI IPAS2E1IS", at_el(1, guest_access, 6), 222);
    hcr(0);
}

/* Stage 1 tables of the guest by stage 2: a fault on them has S1PTW. */
static u64 *guest_root;
static u64 guest_mmu(u64 unused)
{
    mmu_on(guest_root, guest_root);
    u64 r = *(volatile u64 *)(0x8000000000ull + 0x18);
    u64 at = RUN("ldr x9, [%1]", "r"(0x8000001000ull) : "x9");
    check_trap("stage 1 fault under stage 2", ESR(0x25, 0x07), at, 1, 4);
    at = RUN("ldr x9, [%1]", "r"(0x9000000000ull + 8) : "x9");
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
    check_trap("stage 2 fault of a table", ESR(0x24, 0x07 | 1 << 7), at, 2, 8);
    check("its FAR", TRAPS->last.far, 0x9000000008);
    return r;
}

static void nested(void)
{
    guest_root = identity_tables();
    s2[0] = (u64)buffer | S2_PAGE | S2_RW;
    buffer[3] = 333;
    *entry_of(guest_root, 0x8000000000, 3) = IPA | PTE_PAGE | PTE_AF | PTE_NORMAL | PTE_SH;
    *entry_of(guest_root, 0x9000000000, 1) = (IPA + 0x5000) | PTE_TABLE; /* a table that stage 2 doesn't map */
    hcr(VM);
    flush2();
    check("both stages", at_el(1, guest_mmu, 0), 333);
    check("HPFAR of the table", MRS(hpfar_el2), (IPA + 0x5000) >> 12 << 4);
    asm volatile("at s12e1r, %0\n isb" :: "r"(0x8000000018ull) : "memory");
    check("AT S12E1R with stage 1 off", MRS(par_el1) & 1, 1); /* 0x80_0000_0018 is above 40 bits of IPA */
    asm volatile("at s12e1r, %0\n isb" :: "r"(IPA + 0x18) : "memory");
    check("AT S12E1R", MRS(par_el1) & 0xfffffffff001, (u64)buffer);
    asm volatile("at s12e1r, %0\n isb" :: "r"(IPA + 0x3000) : "memory");
    check("AT S12E1R, fault of stage 2", MRS(par_el1) & 0x37f, 1 | 7 << 1 | 1 << 9);
    hcr(0);
}

/* ---------------------------------------------------------------------- VHE */

static void vhe(void)
{
    MSR(vbar_el1, 0x40001800); /* EL1's; EL12 names it from here on */
    u64 vbar2 = MRS(vbar_el2);
    hcr(E2H);
    MSR(cptr_el2, 3 << 20); /* CPACR's layout */
    check("VBAR_EL1 means VBAR_EL2", MRS(vbar_el1), vbar2);
    check("VBAR_EL12", MRS(s3_5_c12_c0_0), 0x40001800);
    MSR(s3_5_c12_c0_0, 0x40002000);
    check("VBAR_EL12, written", MRS(s3_5_c12_c0_0), 0x40002000);
    MSR(s3_5_c4_c0_1, 0x1234); /* ELR_EL12 */
    MSR(elr_el1, 0x5678);
    check("ELR_EL1 means ELR_EL2", MRS(elr_el2), 0x5678);
    check("ELR_EL12", MRS(s3_5_c4_c0_1), 0x1234);
    check("CPACR_EL1 means CPTR_EL2", MRS(cpacr_el1), 3 << 20);
    MSR(contextidr_el1, 99);
    check("CONTEXTIDR_EL1 means CONTEXTIDR_EL2", MRS(s3_4_c13_c0_1), 99);
    /* the EL2&0 regime with two ranges: our own tables by TTBR0_EL2, TTBR1_EL2 */
    u64 *root = identity_tables();
    *entry_of(root, 0x8000000000, 3) = (u64)buffer | PTE_PAGE | PTE_AF | PTE_NORMAL | PTE_SH | PTE_USER;
    buffer[3] = 444;
    MSR(mair_el1, MAIR_VALUE);
    MSR(tcr_el1, TCR_4K_48);
    MSR(ttbr0_el1, root);
    MSR(ttbr1_el1, root);
    tlbi_all();
    MSR(sctlr_el1, SCTLR_RES1 | 1);
    ISB();
    check("TTBR0_EL2", *(volatile u64 *)0x8000000018, 444);
    check("TTBR1_EL2", *(volatile u64 *)0xffff008000000018, 444);
    RUN("ldr x9, [%1]", "r"(0x8000001000ull) : "x9");
    check("fault in the EL2&0 regime", TRAPS->last.esr, ESR(0x25, 0x07));
    /* with TGE EL0 is the host's; LDTR at EL2 is EL0's access */
    hcr(E2H | TGE);
    RUN("ldtr x9, [%1]", "r"(0x8000000018ull) : "x9");
    check_no_trap("LDTR of a user page");
    RUN("ldtr x9, [%1]", "r"(buffer) : "x9");
    check("LDTR of EL2's page", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x0d));
    *entry_of(root, 0x8000000000, 3) = 0;
    asm volatile("dsb ishst\n tlbi vaae1is, %0\n dsb ish\n isb" :: "r"(0x8000000000 >> 12) : "memory");
    RUN("ldr x9, [%1]", "r"(0x8000000018ull) : "x9");
    check("TLBI VAAE1IS means EL2&0", TRAPS->taken ? TRAPS->last.esr : 0, ESR(0x25, 0x07));
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
    at_el(0, el0_under_tge, 0);
    hcr(0);
    MSR(cptr_el2, 0x33ff);
    extern char vectors[];
    MSR(vbar_el1, vectors);
    ISB();
}

/* --------------------------------------------------------------------- timers */

static u64 virtual_count(u64 unused)
{
    u64 v = MRS(cntvct_el0), p = MRS(cntpct_el0);
    return p - v;
}

static void timers(void)
{
    MSR(cntvoff_el2, 1000000000000ull);
    u64 apart = at_el(1, virtual_count, 0);
    expect("CNTVOFF_EL2 at EL1", apart - 1000000000000ull < 10000000);
    apart = virtual_count(0);
    expect("CNTVOFF_EL2 at EL2 without E2H", apart - 1000000000000ull < 10000000);
    hcr(E2H);
    apart = virtual_count(0);
    expect("no offset at EL2 with E2H", apart < 10000000);
    hcr(0);
    MSR(cntvoff_el2, 0);
    MSR(cnthp_cval_el2, 0);
    MSR(cnthp_ctl_el2, 3); /* masked */
    check("CNTHP's condition", MRS(cnthp_ctl_el2), 7);
    MSR(cnthp_tval_el2, 1000000000);
    check("CNTHP's condition, later", MRS(cnthp_ctl_el2), 3);
    expect("CNTHP_TVAL_EL2", MRS(cnthp_tval_el2) <= 1000000000 && MRS(cnthp_tval_el2) > 900000000);
    MSR(cnthp_ctl_el2, 0);
}

/* Virtual interrupts: HCR_EL2.VI with IMO (D1.3.6.3). */
static volatile unsigned virqs;
static bool virq(struct trap *t)
{
    if ((t->vector & 3) != VECTOR_IRQ)
        return false;
    virqs++;
    t->spsr |= 0x80;
    return true;
}
static u64 open_irq(u64 unused)
{
    u64 isr = MRS(isr_el1);
    TRAPS->handler = virq;
    asm volatile("msr daifclr, #2\n isb\n nop\n nop\n msr daifset, #2" ::: "memory");
    TRAPS->handler = NULL;
    return isr;
}

static void virtual_irq(void)
{
    virqs = 0;
    hcr(IMO | 1 << 7);
    check("ISR_EL1", at_el(1, open_irq, 0), 0x80);
    check("virtual IRQs taken", virqs, 1);
    check("its vector", TRAPS->last.vector, 4 + VECTOR_IRQ);
    check("its level", TRAPS->last.level, 1);
    hcr(1 << 7); /* without IMO there is none */
    at_el(1, open_irq, 0);
    check("VI without IMO", virqs, 1);
    hcr(0);
}

void program(void)
{
    check("we are at EL2", current_el(), 2);
    at_el(1, guest_calls, 0);
    traps_of_guests();
    identities();
    hcr(TGE);
    at_el(0, el0_under_tge, 0);
    hcr(0);
    stage2();
    nested();
    timers();
    virtual_irq();
    vhe();
}
