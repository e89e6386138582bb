/*
 * What bare-metal guests of system mode's tests stand on: the serial port, checks, exceptions, levels, power.
 *
 * Each program has guest_main(). It compares what the processor does with what the Arm Architecture Reference Manual
 * (DDI 0487, "Arm ARM") says, by check(); wrong values are printed, and report() ends with one line of counts and
 * switches the machine off. Built with -mgeneral-regs-only -mstrict-align: caches and MMU are off at first, memory
 * is Device then.
 */
#ifndef BARE_LIB_H
#define BARE_LIB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t u64;

#define MRS(reg) ({ u64 v_; asm volatile("mrs %0, " #reg : "=r"(v_)); v_; })
#define MSR(reg, value) asm volatile("msr " #reg ", %0" :: "r"((u64)(value)) : "memory")
#define ISB() asm volatile("isb" ::: "memory")
#define DSB() asm volatile("dsb ish" ::: "memory")

/* --- output and checks */
void put(const char *s);
void put_hex(u64 v);
/* One comparison. */
void check(const char *what, u64 got, u64 want);
/* The same for a comparison's outcome. */
void expect(const char *what, bool ok);
_Noreturn void report(void);
_Noreturn void power_off(void);
u64 smccc(u64 fn, u64 a, u64 b, u64 c); /* by HVC, or SMC where EL2 is ours */

/* --- exceptions */
struct trap {
    u64 x[31], elr, spsr, esr, far, level, vector;
};
enum { VECTOR_SYNC, VECTOR_IRQ, VECTOR_FIQ, VECTOR_SERROR };
/* vector: 0-3 from the level itself with SP_EL0, 4-7 with its own SP, 8-11 from a lower level */

/* The last exception of each CPU, and how many there were since taken = 0. A handler of the program's own is called
 * before, and says true if it has done all (else: what lib.c does). */
struct cpu_traps {
    struct trap last;
    unsigned taken;
    bool (*handler)(struct trap *t);
};
extern struct cpu_traps traps[8];
unsigned cpu_number(void);
#define TRAPS (&traps[cpu_number()])

static inline unsigned esr_ec(u64 esr) { return esr >> 26 & 63; }
#define ESR(ec, iss) ((u64)(ec) << 26 | 1u << 25 | (iss))

/* Executes one instruction (text) with operands and gives its address; TRAPS tells what came of it. An instruction
 * that is refused is skipped. */
#define RUN(insn, ...)                                                                  \
    ({                                                                                  \
        u64 at_;                                                                        \
        TRAPS->taken = 0;                                                               \
        asm volatile("adr %0, 1f\n1: " insn : "=&r"(at_) : __VA_ARGS__);                \
        at_;                                                                            \
    })

/* Compares the last exception: its syndrome, the address it returns to, its vector and target level. */
void check_trap(const char *what, u64 esr, u64 elr, unsigned level, unsigned vector);
void check_no_trap(const char *what);
void check_fault(const char *what, u64 esr, u64 far, unsigned level);

/* --- levels */
unsigned current_el(void);
enum { SPSR_EL0 = 0x3c0, SPSR_EL1 = 0x3c5, SPSR_EL1T = 0x3c4, SPSR_EL2 = 0x3c9, SPSR_EL2T = 0x3c8, SPSR_EL3 = 0x3cd };
u64 at_level(u64 spsr, u64 (*fn)(u64), u64 arg, u64 stack);
/* fn(arg) at EL0, EL1 or EL2, from a level above it. */
u64 at_el(unsigned el, u64 (*fn)(u64), u64 arg);
extern u64 leave_how; /* how a lower level comes back: 0 SVC, 1 HVC, 2 SMC */

/* --- processors */
/* Another CPU runs fn(arg), in the same state as a fresh one; it stands still after that. 0, or PSCI's error. */
int64_t cpu_start(unsigned cpu, void (*fn)(u64), u64 arg);
u64 mpidr_of(unsigned cpu);

/* --- tables of stage 1 with 4 KiB pages */
enum {
    PTE_VALID = 1, PTE_PAGE = 3, PTE_TABLE = 3, PTE_USER = 1 << 6, PTE_RO = 1 << 7, PTE_SH = 3 << 8, PTE_AF = 1 << 10, PTE_NG = 1 << 11,
    PTE_DEVICE = 0 << 2, PTE_NORMAL = 1 << 2, PTE_NC = 2 << 2,
};
#define PTE_DBM (1ull << 51)
#define PTE_CONT (1ull << 52)
#define PTE_PXN (1ull << 53)
#define PTE_UXN (1ull << 54)
#define MAIR_VALUE 0x44ff00 /* attributes 0 Device-nGnRnE, 1 Normal write-back, 2 Normal non-cacheable */
/* An empty table of n bytes, aligned to them (4096, 16384, 65536). */
u64 *new_table(size_t n);
/* The descriptor of va at a level of a tree of 4 KiB granules and 48 bits, tables made on the way. */
u64 *entry_of(u64 *root, u64 va, unsigned level);
/* A tree with 1 GiB blocks for devices and memory, as they are. */
u64 *identity_tables(void);
void tlbi_all(void);
/* Turns EL1's translation on with these tables (T0SZ = T1SZ = 16, 4 KiB). */
void mmu_on(const u64 *ttbr0, const u64 *ttbr1);
enum { UART_BASE = 0x09000000, MEMORY = 0x40000000 };
#define SCTLR_RES1 0x30d00800
#define TCR_4K_48 (16ull | 16ull << 16 | 2ull << 30 | 5ull << 32 | 0x3500ull | 0x3500ull << 16)

#endif
