/*
 * Stage 1 of EL1&0: levels, granules, sizes, permissions, attributes, hardware updates, ASIDs, maintenance
 * (Arm ARM D8.2 to D8.7, D8.13, D8.14; fault status codes: D24.2.40).
 *
 * The program itself runs by TTBR0 with 4 KiB granules, mapped as it is; odd granules and sizes are tried with TTBR1.
 */
#include "lib.h"

enum { ATTR = PTE_PAGE | PTE_AF | PTE_SH | PTE_NORMAL, BLOCK = PTE_VALID | PTE_AF | PTE_SH | PTE_NORMAL };
enum { TRANSLATION = 4, ACCESS_FLAG = 8, PERMISSION = 12, WNR = 64, ALIGNMENT = 0x21 };
#define VA 0x8000000000ull
#define DABORT(iss) ESR(0x25, iss)
#define IABORT(iss) ESR(0x21, iss)
#define NEVER_EXEC (PTE_PXN | PTE_UXN)

static u64 *root;
static u64 page[4][512] __attribute__((aligned(65536)));
static uint32_t code[1024] __attribute__((aligned(4096))) = { 0xd65f03c0 /* ret */ };

static u64 outcome(void) { return TRAPS->taken ? TRAPS->last.esr : 0; }
static u64 read_at(u64 va) { RUN("ldr x9, [%1]", "r"(va) : "x9", "memory"); return outcome(); }
static u64 write_at(u64 va) { RUN("str x9, [%1]", "r"(va) : "x9", "memory"); return outcome(); }
static u64 user_read(u64 va) { RUN("ldtr x9, [%1]", "r"(va) : "x9", "memory"); return outcome(); }
static u64 user_write(u64 va) { RUN("sttr x9, [%1]", "r"(va) : "x9", "memory"); return outcome(); }
static u64 exec_at(u64 va)
{
    TRAPS->taken = 0;
    asm volatile("blr %0" :: "r"(va) : "x30", "memory");
    return outcome();
}
static void flush(u64 va) { asm volatile("dsb ishst\n tlbi vaae1is, %0\n dsb ish\n isb" :: "r"(va >> 12 & 0xfffffffffff) : "memory"); }

/* The page at VA becomes this. */
static void map(u64 va, u64 descriptor)
{
    *entry_of(root, va, 3) = 0;
    flush(va);
    *entry_of(root, va, 3) = descriptor;
    asm volatile("dsb ishst\n isb" ::: "memory");
}

/* ------------------------------------------------------------------- levels */

static void levels(void)
{
    static const u64 at[4] = { VA + (1ull << 39) * 3, VA + (1ull << 30) * 7, VA + (1ull << 21) * 9 + (1ull << 30), VA + (1ull << 30) + 4096 };
    *entry_of(root, VA + (1ull << 30), 3) = 0; /* makes tables of levels 1, 2 and 3 */
    for (unsigned k = 0; k < 4; k++) {
        check("translation fault, read", read_at(at[k] + 8), DABORT(TRANSLATION + k));
        check("its FAR", TRAPS->last.far, at[k] + 8);
        check("translation fault, write", write_at(at[k] + 16), DABORT((TRANSLATION + k) | WNR));
        check("its FAR", TRAPS->last.far, at[k] + 16);
        check("translation fault, fetch", exec_at(at[k] + 4), IABORT(TRANSLATION + k));
        check("its FAR", TRAPS->last.far, at[k] + 4);
        check("its ELR", TRAPS->last.elr, at[k] + 4);
    }
    /* atomics read first; compare-and-swap, too */
    RUN("ldadd x9, x10, [%1]", "r"(at[3]) : "x9", "x10", "memory");
    check("translation fault, LDADD", outcome(), DABORT(TRANSLATION + 3));
    RUN("cas x9, x10, [%1]", "r"(at[3]) : "x9", "x10", "memory");
    check("translation fault, CAS", outcome(), DABORT(TRANSLATION + 3));
    RUN("prfm pldl1keep, [%1]", "r"(at[3]) : "memory");
    check("prefetch does not fault", outcome(), 0);
    RUN("dc civac, %1", "r"(at[3]) : "memory");
    check("translation fault, DC CIVAC", outcome(), DABORT((TRANSLATION + 3) | WNR | 1 << 8));
    RUN("ic ivau, %1", "r"(at[3]) : "memory");
    check("translation fault, IC IVAU", outcome(), DABORT((TRANSLATION + 3) | WNR | 1 << 8));
    RUN("dc zva, %1", "r"(at[3]) : "memory");
    check("translation fault, DC ZVA", outcome(), DABORT((TRANSLATION + 3) | WNR));
    /* over the end of a page: the second is not there */
    map(VA + (2ull << 30), (u64)page[0] | ATTR);
    check("over the end of the page", read_at(VA + (2ull << 30) + 4092), DABORT(TRANSLATION + 3));
    check("its FAR", TRAPS->last.far, VA + (2ull << 30) + 4096);
    page[0][511] = 0x1234;
    check("store over the end of the page", write_at(VA + (2ull << 30) + 4090), DABORT((TRANSLATION + 3) | WNR));
    check("its FAR", TRAPS->last.far, VA + (2ull << 30) + 4096);
    /* AF clear */
    map(VA, ((u64)page[0] | ATTR) & ~(u64)PTE_AF);
    check("access flag, level 3", read_at(VA), DABORT(ACCESS_FLAG + 3));
    check("access flag, level 3, fetch", exec_at(VA), IABORT(ACCESS_FLAG + 3));
    *entry_of(root, VA + (4ull << 30) + (2 << 21), 2) = ((u64)MEMORY | BLOCK) & ~(u64)PTE_AF;
    check("access flag, level 2", write_at(VA + (4ull << 30) + (2 << 21)), DABORT((ACCESS_FLAG + 2) | WNR));
    *entry_of(root, VA + (5ull << 30), 1) = ((u64)MEMORY | BLOCK) & ~(u64)PTE_AF;
    check("access flag, level 1", read_at(VA + (5ull << 30)), DABORT(ACCESS_FLAG + 1));
    /* reserved descriptors: a block at level 0, a "block" at level 3 */
    *entry_of(root, VA + (1ull << 39) * 4, 0) = (u64)MEMORY | BLOCK;
    check("block at level 0", read_at(VA + (1ull << 39) * 4), DABORT(TRANSLATION + 0));
    *entry_of(root, VA + (1ull << 30) + 8192, 3) = (u64)page[0] | BLOCK;
    check("block at level 3", read_at(VA + (1ull << 30) + 8192), DABORT(TRANSLATION + 3));
    DSB();
}

static void blocks(void)
{
    u64 offset = (u64)page[1] - MEMORY;
    *entry_of(root, VA + (6ull << 30), 1) = (u64)MEMORY | BLOCK; /* 1 GiB */
    *entry_of(root, VA + (7ull << 30), 2) = ((u64)page[1] & ~0x1fffffull) | BLOCK; /* 2 MiB */
    DSB();
    ISB();
    page[1][3] = 0x1111;
    check("1 GiB block", *(volatile u64 *)(VA + (6ull << 30) + offset + 24), 0x1111);
    check("2 MiB block", *(volatile u64 *)(VA + (7ull << 30) + ((u64)page[1] & 0x1fffff) + 24), 0x1111);
    /* invalidated by any address in it */
    *entry_of(root, VA + (7ull << 30), 2) = 0;
    flush(VA + (7ull << 30) + 0x1ff000);
    check("2 MiB block is gone", read_at(VA + (7ull << 30) + ((u64)page[1] & 0x1fffff) + 24), DABORT(TRANSLATION + 2));
    *entry_of(root, VA + (6ull << 30), 1) = 0;
    flush(VA + (6ull << 30));
    check("1 GiB block is gone", read_at(VA + (6ull << 30) + offset + 24), DABORT(TRANSLATION + 1));
    /* 16 contiguous pages */
    for (unsigned k = 0; k < 16; k++)
        *entry_of(root, VA + 0x10000 + k * 4096, 3) = ((u64)page[0] + k * 4096) | ATTR | PTE_CONT;
    DSB();
    for (unsigned k = 0; k < 4; k++)
        page[k][5] = 100 + k;
    for (unsigned k = 0; k < 4; k++)
        check("contiguous pages", *(volatile u64 *)(VA + 0x10000 + k * 4096 + 40), 100 + k);
}

/* -------------------------------------------------------------- permissions */

static void permissions(void)
{
    struct { const char *name; u64 bits; u64 r, w, ur, uw, x; } cases[] = {
        { "RW for EL1", NEVER_EXEC, 0, 0, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3 },
        { "RW for all", PTE_USER | NEVER_EXEC, 0, 0, 0, 0, PERMISSION + 3 },
        { "RO for EL1", PTE_RO | NEVER_EXEC, 0, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3 },
        { "RO for all", PTE_RO | PTE_USER | NEVER_EXEC, 0, PERMISSION + 3, 0, PERMISSION + 3, PERMISSION + 3 },
        { "RX for EL1", PTE_RO | PTE_UXN, 0, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3, 0 },
        { "RX for all", PTE_RO | PTE_USER, 0, PERMISSION + 3, 0, PERMISSION + 3, 0 },
        { "RWX for EL1", PTE_UXN, 0, 0, PERMISSION + 3, PERMISSION + 3, 0 },
        { "writable by EL0: no fetch at EL1", PTE_USER, 0, 0, 0, 0, PERMISSION + 3 },
        { "PXN", PTE_RO | PTE_PXN, 0, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3, PERMISSION + 3 },
    };
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        map(VA, (u64)code | ATTR | cases[k].bits);
        check(cases[k].name, read_at(VA + 64), cases[k].r ? DABORT(cases[k].r) : 0);
        check(cases[k].name, write_at(VA + 64), cases[k].w ? DABORT(cases[k].w | WNR) : 0);
        check(cases[k].name, user_read(VA + 64), cases[k].ur ? DABORT(cases[k].ur) : 0);
        check(cases[k].name, user_write(VA + 64), cases[k].uw ? DABORT(cases[k].uw | WNR) : 0);
        check(cases[k].name, exec_at(VA), cases[k].x ? IABORT(cases[k].x) : 0);
    }
    /* a permission fault of an atomic on a page that may be read is that of its write */
    map(VA, (u64)code | ATTR | PTE_RO);
    RUN("ldadd x9, x10, [%1]", "r"(VA + 64) : "x9", "x10", "memory");
    check("LDADD, read only", outcome(), DABORT((PERMISSION + 3) | WNR));
}

/* Bits of table descriptors (D8.4.6): APTable, UXNTable, PXNTable. */
static void hierarchy(void)
{
    u64 at = VA + (9ull << 30), *table = entry_of(root, at, 2);
    *entry_of(root, at, 3) = (u64)code | ATTR | PTE_USER;
    static const struct { const char *name; u64 bits, w, ur; } cases[] = {
        { "no APTable", 0, 0, 0 }, { "APTable 1: not for EL0", 1ull << 61, 0, PERMISSION + 3 },
        { "APTable 2: read only", 2ull << 61, PERMISSION + 3, 0 }, { "APTable 3", 3ull << 61, PERMISSION + 3, PERMISSION + 3 },
    };
    for (unsigned k = 0; k < 4; k++) {
        *table = (*table & ~(3ull << 61)) | cases[k].bits;
        flush(at);
        check(cases[k].name, write_at(at + 64), cases[k].w ? DABORT(cases[k].w | WNR) : 0);
        check(cases[k].name, user_read(at + 64), cases[k].ur ? DABORT(cases[k].ur) : 0);
    }
    *table &= ~(3ull << 61);
    *entry_of(root, at, 3) = (u64)code | ATTR | PTE_RO;
    flush(at);
    check("no PXNTable", exec_at(at), 0);
    *table |= 1ull << 59;
    flush(at);
    check("PXNTable", exec_at(at), IABORT(PERMISSION + 3));
    /* TCR_EL1.HPD0: not looked at */
    MSR(tcr_el1, TCR_4K_48 | 1ull << 41);
    tlbi_all();
    check("HPD0", exec_at(at), 0);
    MSR(tcr_el1, TCR_4K_48);
    tlbi_all();
}

static void pan_uao(void)
{
    map(VA, (u64)page[0] | ATTR | PTE_USER | NEVER_EXEC);
    map(VA + 4096, (u64)page[1] | ATTR | NEVER_EXEC);
    asm volatile(".inst 0xd500419f" ::: "memory"); /* MSR PAN, #1 */
    check("PAN, user's page, read", read_at(VA), DABORT(PERMISSION + 3));
    check("PAN, user's page, write", write_at(VA), DABORT((PERMISSION + 3) | WNR));
    check("PAN, own page", read_at(VA + 4096), 0);
    check("PAN, LDTR", user_read(VA), 0);
    check("PAN, STTR", user_write(VA), 0);
    check("PAN register", MRS(s3_0_c4_c2_3), 1 << 22);
    TRAPS->taken = 0;
    asm volatile("svc #0" ::: "memory");
    check("SPSR.PAN", TRAPS->last.spsr >> 22 & 1, 1);
    asm volatile(".inst 0xd500409f" ::: "memory"); /* MSR PAN, #0 */
    check("PAN off", read_at(VA), 0);
    asm volatile(".inst 0xd500417f" ::: "memory"); /* MSR UAO, #1 */
    check("UAO: LDTR as EL1", user_read(VA + 4096), 0);
    check("UAO: STTR as EL1", user_write(VA + 4096), 0);
    asm volatile(".inst 0xd500407f" ::: "memory"); /* MSR UAO, #0 */
    check("no UAO", user_read(VA + 4096), DABORT(PERMISSION + 3));
    /* SCTLR_EL1.SPAN 0: PAN is set by an exception */
    MSR(sctlr_el1, (SCTLR_RES1 | 1) & ~(1ull << 23));
    ISB();
    TRAPS->taken = 0;
    asm volatile("svc #0" ::: "memory");
    check("SPSR.PAN before", TRAPS->last.spsr >> 22 & 1, 0);
    MSR(sctlr_el1, SCTLR_RES1 | 1);
    ISB();
}

/* --------------------------------------------------------- alignment, types */

static void types(void)
{
    map(VA, (u64)page[0] | ATTR);
    check("unaligned, Normal", read_at(VA + 1), 0);
    RUN("ldp x9, x10, [%1]", "r"(VA + 3) : "x9", "x10");
    check("unaligned LDP, Normal", outcome(), 0);
    RUN("ldr q0, [%1]", "r"(VA + 3) : "memory");
    check("unaligned Q, Normal", outcome(), 0);
    RUN("dc zva, %1", "r"(VA + 64) : "memory");
    check("DC ZVA", outcome(), 0);
    map(VA, (u64)page[0] | PTE_PAGE | PTE_AF | PTE_NC);
    check("unaligned, Normal non-cacheable", read_at(VA + 1), 0);
    map(VA, (u64)page[0] | PTE_PAGE | PTE_AF | PTE_DEVICE);
    check("unaligned, Device", read_at(VA + 1), DABORT(ALIGNMENT));
    check("its FAR", TRAPS->last.far, VA + 1);
    check("unaligned, Device, write", write_at(VA + 2), DABORT(ALIGNMENT | WNR));
    check("aligned, Device", read_at(VA + 8), 0);
    map(VA, (u64)page[0] | ATTR);
    MSR(sctlr_el1, SCTLR_RES1 | 1 | 2); /* A */
    ISB();
    check("SCTLR.A, read", read_at(VA + 4), DABORT(ALIGNMENT));
    check("its FAR", TRAPS->last.far, VA + 4);
    check("SCTLR.A, write", write_at(VA + 4), DABORT(ALIGNMENT | WNR));
    RUN("ldp w9, w10, [%1]", "r"(VA + 4) : "x9", "x10");
    check("SCTLR.A, LDP of words", outcome(), 0);
    RUN("ldp x9, x10, [%1]", "r"(VA + 4) : "x9", "x10");
    check("SCTLR.A, LDP", outcome(), DABORT(ALIGNMENT));
    RUN("ldr q0, [%1]", "r"(VA + 8) : "memory");
    check("SCTLR.A, Q", outcome(), DABORT(ALIGNMENT));
    RUN("ld1 {v0.8h}, [%1]", "r"(VA + 2) : "memory");
    check("SCTLR.A, LD1 of halfwords", outcome(), 0);
    RUN("st1 {v0.4s}, [%1]", "r"(VA + 2) : "memory");
    check("SCTLR.A, ST1 of words", outcome(), DABORT(ALIGNMENT | WNR));
    RUN("ldrh w9, [%1, %2]", "r"(VA), "r"(1ull) : "x9");
    check("SCTLR.A, by index", outcome(), DABORT(ALIGNMENT));
    RUN("ldrb w9, [%1]", "r"(VA + 1) : "x9");
    check("SCTLR.A, byte", outcome(), 0);
    RUN("str x9, [%1, #4]!", "r"(VA) : "memory");
    check("SCTLR.A, write-back", outcome(), DABORT(ALIGNMENT | WNR));
    MSR(sctlr_el1, SCTLR_RES1 | 1);
    ISB();
}

/* ------------------------------------------------------------- TTBR1, sizes */

/* Granules and sizes by TTBR1: t1sz, TG1, the page's granule shift, its level of lookup, and level of a block. */
static void sizes(void)
{
    static const struct { const char *name; unsigned t1sz, tg1, shift; bool ds; } cases[] = {
        { "4K, 48 bits", 16, 2, 12, false }, { "4K, 47 bits", 17, 2, 12, false }, { "4K, 40 bits", 24, 2, 12, false },
        { "4K, 39 bits", 25, 2, 12, false }, { "4K, 31 bits", 33, 2, 12, false }, { "4K, 30 bits", 34, 2, 12, false },
        { "4K, 25 bits", 39, 2, 12, false }, { "16K, 48 bits", 16, 1, 14, false }, { "16K, 47 bits", 17, 1, 14, false },
        { "16K, 36 bits", 28, 1, 14, false }, { "16K, 25 bits", 39, 1, 14, false }, { "64K, 48 bits", 16, 3, 16, false },
        { "64K, 42 bits", 22, 3, 16, false }, { "64K, 29 bits", 35, 3, 16, false }, { "64K, 52 bits", 12, 3, 16, false },
        { "4K, 52 bits, LPA2", 12, 2, 12, true }, { "16K, 52 bits, LPA2", 12, 1, 14, true },
    };
    /* our own tables: with TCR.DS bits 9:8 are of the address, not shareability */
    u64 *plain = identity_tables();
    *entry_of(plain, MEMORY, 1) &= ~(u64)PTE_SH;
    for (unsigned k = 0; k < sizeof cases / sizeof *cases; k++) {
        unsigned shift = cases[k].shift, stride = shift - 3, bits = 64 - cases[k].t1sz;
        int first = 4 - (int)((bits - shift + stride - 1) / stride);
        u64 base = ~0ull << bits, at = base + (1ull << (bits - 1)) + (3ull << shift) + 0x128; /* in the middle */
        u64 attr = cases[k].ds ? PTE_PAGE | PTE_AF | PTE_NORMAL : ATTR;
        /* tables from the first level down */
        u64 *table = new_table(bits - shift - (3 - (unsigned)first) * stride > 9 ? 65536 : 1u << shift), *top = table, *last = NULL;
        for (int level = first; level <= 3; level++) {
            unsigned lsb = shift + (3 - (unsigned)level) * stride, width = level == first ? bits - lsb : stride;
            u64 *e = &table[at >> lsb & ((1ull << width) - 1)];
            if (level == 3) {
                last = e;
            } else {
                table = new_table(1u << shift);
                *e = (u64)table | PTE_TABLE;
            }
        }
        *last = ((u64)page[0] & ~((1ull << shift) - 1)) | attr;
        u64 offset = ((3ull << shift) + 0x128) & ((1ull << shift) - 1);
        *(volatile u64 *)(((u64)page[0] & ~((1ull << shift) - 1)) + offset) = 0x5000 + k;
        u64 tcr = (TCR_4K_48 & ~(63ull << 16 | 3ull << 30)) | (u64)cases[k].t1sz << 16 | (u64)cases[k].tg1 << 30;
        if (cases[k].ds)
            tcr |= 1ull << 59;
        if (cases[k].t1sz < 16)
            tcr = (tcr & ~(7ull << 32)) | 6ull << 32; /* 52 bits of physical address */
        MSR(sctlr_el1, SCTLR_RES1);
        ISB();
        MSR(tcr_el1, tcr);
        MSR(ttbr0_el1, plain);
        MSR(ttbr1_el1, top);
        tlbi_all();
        MSR(sctlr_el1, SCTLR_RES1 | 1);
        ISB();
        u64 fault = read_at(at), value = fault ? fault : *(volatile u64 *)at;
        check(cases[k].name, value, 0x5000 + k);
        check(cases[k].name, read_at(at + (1ull << shift)), DABORT(TRANSLATION + 3));
        if (bits < 52) /* one bit above the range */
            check(cases[k].name, read_at(at & ~(1ull << bits)), DABORT(TRANSLATION));
        /* the first level's empty entry */
        if (bits > shift + (3 - (unsigned)first) * stride) {
            u64 esr = DABORT(first < 0 ? 0x2b : TRANSLATION + first);
            check(cases[k].name, read_at(base), esr);
        }
    }
    MSR(sctlr_el1, SCTLR_RES1);
    ISB();
    MSR(tcr_el1, TCR_4K_48);
    MSR(ttbr0_el1, root);
    MSR(ttbr1_el1, root);
    tlbi_all();
    MSR(sctlr_el1, SCTLR_RES1 | 1);
    ISB();
}

static void with_tcr(u64 tcr)
{
    MSR(tcr_el1, tcr);
    tlbi_all();
}

static void controls(void)
{
    u64 high = 0xffff000000000000 | VA;
    map(VA, (u64)page[0] | ATTR);
    page[0][0] = 77;
    check("TTBR1", *(volatile u64 *)high, 77);
    check("between the ranges", read_at(1ull << 50), DABORT(TRANSLATION));
    check("not canonical", read_at(0xff00000000000000 | VA), DABORT(TRANSLATION));
    check("tagged, no TBI", read_at(VA | 0x12ull << 56), DABORT(TRANSLATION));
    with_tcr(TCR_4K_48 | 1ull << 37);
    check("TBI0", read_at(VA | 0x12ull << 56), 0);
    check("TBI0 alone", read_at(high & ~(0xf0ull << 56)), DABORT(TRANSLATION));
    check("TBI0, FAR has the tag", (read_at((VA + 4096 * 77) | 0x12ull << 56), TRAPS->last.far), (VA + 4096 * 77) | 0x12ull << 56);
    map(VA, (u64)code | ATTR | PTE_RO);
    check("TBI0, branch", exec_at(VA | 0x12ull << 56), 0);
    map(VA, (u64)page[0] | ATTR);
    with_tcr(TCR_4K_48 | 1ull << 38);
    check("TBI1", read_at(high & ~(0xf0ull << 56)), 0);
    with_tcr(TCR_4K_48 | 1ull << 23);
    check("EPD1", read_at(high), DABORT(TRANSLATION));
    check("EPD1, TTBR0", read_at(VA), 0);
    with_tcr(TCR_4K_48 | 1ull << 56);
    check("E0PD1, LDTR", user_read(high), DABORT(TRANSLATION));
    check("E0PD1, LDR", read_at(high), 0);
    /* output address above the configured size: IPS 36 bits */
    map(VA + 4096, 1ull << 40 | ATTR);
    with_tcr((TCR_4K_48 & ~(7ull << 32)) | 1ull << 32);
    check("address size, level 3", read_at(VA + 4096), DABORT(3));
    with_tcr(TCR_4K_48);
    map(VA + 4096, 0);
}

/* Hardware update of access flag and dirty state (D8.5). */
static void updates(void)
{
    u64 *e = entry_of(root, VA, 3);
    map(VA, ((u64)page[0] | ATTR) & ~(u64)PTE_AF);
    with_tcr(TCR_4K_48 | 1ull << 39); /* HA */
    check("HA: read", read_at(VA), 0);
    check("HA: AF is set", *e & PTE_AF, PTE_AF);
    map(VA, (u64)page[0] | ATTR | PTE_RO | PTE_DBM);
    check("DBM without HD", write_at(VA), DABORT((PERMISSION + 3) | WNR));
    with_tcr(TCR_4K_48 | 1ull << 39 | 1ull << 40);
    check("HD: read", read_at(VA), 0);
    check("HD: still clean", *e & PTE_RO, PTE_RO);
    check("HD: write", write_at(VA), 0);
    check("HD: dirty", *e & PTE_RO, 0);
    map(VA, (u64)page[0] | ATTR | PTE_RO);
    check("HD without DBM", write_at(VA), DABORT((PERMISSION + 3) | WNR));
    map(VA, (u64)page[0] | ATTR | PTE_RO | PTE_DBM);
    RUN("ldadd x9, x10, [%1]", "r"(VA) : "x9", "x10", "memory");
    check("HD: LDADD", outcome(), 0);
    check("HD: dirty", *e & PTE_RO, 0);
    map(VA, ((u64)page[0] | ATTR) & ~(u64)PTE_AF);
    asm volatile("at s1e1r, %0\n isb" :: "r"(VA) : "memory");
    check("AT, HA", MRS(par_el1) & 1, 0);
    with_tcr(TCR_4K_48);
}

/* Address translation instructions: PAR_EL1 (D24.2.128). */
static void translate(void)
{
    map(VA, (u64)page[2] | ATTR | PTE_RO);
    map(VA + 4096, (u64)page[2] | PTE_PAGE | PTE_AF | PTE_DEVICE | PTE_USER);
    asm volatile("at s1e1r, %0\n isb" :: "r"(VA + 0x123) : "memory");
    check("AT S1E1R", MRS(par_el1) & 0xff00fffffffff001, (u64)page[2] | 0xffull << 56);
    check("AT S1E1R, shareability", MRS(par_el1) >> 7 & 3, 3);
    asm volatile("at s1e1w, %0\n isb" :: "r"(VA) : "memory");
    check("AT S1E1W", MRS(par_el1) & 0x37f, (PERMISSION + 3) << 1 | 1);
    asm volatile("at s1e0r, %0\n isb" :: "r"(VA) : "memory");
    check("AT S1E0R", MRS(par_el1) & 0x37f, (PERMISSION + 3) << 1 | 1);
    asm volatile("at s1e0w, %0\n isb" :: "r"(VA + 4096) : "memory");
    check("AT S1E0W of Device", MRS(par_el1) & 0xff00fffffffff001, (u64)page[2]);
    asm volatile("at s1e1r, %0\n isb" :: "r"(VA + 4096 * 99) : "memory");
    check("AT S1E1R, translation", MRS(par_el1) & 0x37f, (TRANSLATION + 3) << 1 | 1);
}

/* ------------------------------------------------------------ ASIDs, TLBI */

static void asids(void)
{
    u64 *other = identity_tables();
    enum { NG = ATTR | PTE_NG };
    *entry_of(root, VA, 3) = (u64)page[0] | NG;
    *entry_of(other, VA, 3) = (u64)page[1] | NG;
    *entry_of(root, VA + 4096, 3) = *entry_of(other, VA + 4096, 3) = (u64)page[2] | ATTR;
    *entry_of(root, VA + 8192, 3) = *entry_of(other, VA + 8192, 3) = 0;
    tlbi_all();
    page[0][1] = 1;
    page[1][1] = 2;
    page[2][1] = 3;
    for (unsigned k = 0; k < 10; k++) {
        MSR(ttbr0_el1, (u64)root | 5ull << 48);
        ISB();
        check("ASID 5", *(volatile u64 *)(VA + 8), 1);
        check("ASID 5, global", *(volatile u64 *)(VA + 4104), 3);
        MSR(ttbr0_el1, (u64)other | 6ull << 48);
        ISB();
        check("ASID 6", *(volatile u64 *)(VA + 8), 2);
        check("ASID 6, global", *(volatile u64 *)(VA + 4104), 3);
    }
    /* each kind of invalidation makes a change visible, in the space it names */
    static const char *const names[] = { "TLBI VAE1", "TLBI VALE1", "TLBI VAAE1", "TLBI VAALE1", "TLBI ASIDE1", "TLBI VMALLE1",
                                         "TLBI VAE1IS", "TLBI VALE1IS", "TLBI VAAE1IS", "TLBI VAALE1IS", "TLBI ASIDE1IS", "TLBI VMALLE1IS" };
    for (unsigned k = 0; k < 12; k++) {
        u64 by_va = 5ull << 48 | VA >> 12, asid = 5ull << 48;
        MSR(ttbr0_el1, (u64)root | asid);
        ISB();
        check(names[k], *(volatile u64 *)(VA + 8), 1);
        *entry_of(root, VA, 3) = 0;
        DSB();
        switch (k) {
        case 0: asm volatile("tlbi vae1, %0" :: "r"(by_va)); break;
        case 1: asm volatile("tlbi vale1, %0" :: "r"(by_va)); break;
        case 2: asm volatile("tlbi vaae1, %0" :: "r"(by_va)); break;
        case 3: asm volatile("tlbi vaale1, %0" :: "r"(by_va)); break;
        case 4: asm volatile("tlbi aside1, %0" :: "r"(asid)); break;
        case 5: asm volatile("tlbi vmalle1"); break;
        case 6: asm volatile("tlbi vae1is, %0" :: "r"(by_va)); break;
        case 7: asm volatile("tlbi vale1is, %0" :: "r"(by_va)); break;
        case 8: asm volatile("tlbi vaae1is, %0" :: "r"(by_va)); break;
        case 9: asm volatile("tlbi vaale1is, %0" :: "r"(by_va)); break;
        case 10: asm volatile("tlbi aside1is, %0" :: "r"(asid)); break;
        case 11: asm volatile("tlbi vmalle1is"); break;
        }
        DSB();
        ISB();
        check(names[k], read_at(VA + 8), DABORT(TRANSLATION + 3));
        *entry_of(root, VA, 3) = (u64)page[3] | NG;
        DSB();
        page[3][1] = 4;
        check(names[k], *(volatile u64 *)(VA + 8), 4);
        *entry_of(root, VA, 3) = 0;
        tlbi_all();
        *entry_of(root, VA, 3) = (u64)page[0] | NG;
        DSB();
        MSR(ttbr0_el1, (u64)other | 6ull << 48);
        ISB();
        check(names[k], *(volatile u64 *)(VA + 8), 2);
    }
    MSR(ttbr0_el1, root);
    tlbi_all();
    /* code that was fetched through a mapping goes with it, in loops that stay inside translated code */
    uint32_t *one = (uint32_t *)page[0], *two = (uint32_t *)page[1];
    one[0] = 0xd2800020, two[0] = 0xd2800040; /* mov x0, #1 or 2 */
    one[1] = two[1] = 0xd65f03c0;
    asm volatile("dsb ish\n ic ialluis\n dsb ish\n isb" ::: "memory");
    for (unsigned k = 0; k < 50; k++) {
        map(VA, (u64)(k & 1 ? two : one) | ATTR | PTE_RO);
        check("code by a new mapping", ((u64 (*)(void))VA)(), k & 1 ? 2 : 1);
    }
}

void program(void)
{
    root = identity_tables();
    mmu_on(root, root);
    levels();
    blocks();
    permissions();
    hierarchy();
    pan_uao();
    types();
    controls();
    updates();
    translate();
    asids();
    sizes();
}
