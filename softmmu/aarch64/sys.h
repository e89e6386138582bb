/*
 * An aarch64 processor of a machine: what struct cpu does not hold, and what the files of this folder share.
 *
 * General registers, the hottest system registers and PSTATE are rows of the register table (frontend/aarch64/
 * state.def); all other system registers are in sys.v, by row of sysreg.def. Everything that translated code depends
 * on besides the code itself is summed up in sys.flags (enum a64_flags); whatever changes one of its sources calls
 * a64_context_changed().
 */
#ifndef MYNA_A64_SYS_H
#define MYNA_A64_SYS_H

#include "sysmode.h"
#include "sysreg.h"
#include "vcpu.h"

/* PSTATE in row pstate: the bits as in SPSR_ELx, NZCV apart (row nzcv). */
enum {
    PS_SP = 1, PS_EL_SHIFT = 2, PS_F = 1 << 6, PS_I = 1 << 7, PS_A = 1 << 8, PS_D = 1 << 9, PS_DAIF = PS_D | PS_A | PS_I | PS_F,
    PS_BTYPE = 3 << 10, PS_SSBS = 1 << 12, PS_IL = 1 << 20, PS_SS = 1 << 21, PS_PAN = 1 << 22, PS_UAO = 1 << 23, PS_DIT = 1 << 24,
};

/* Bits of registers, named as in the manual. */
enum {
    SCTLR_M = 1 << 0, SCTLR_A = 1 << 1, SCTLR_SA = 1 << 3, SCTLR_SA0 = 1 << 4, SCTLR_UMA = 1 << 9, SCTLR_DZE = 1 << 14,
    SCTLR_UCT = 1 << 15, SCTLR_NTWI = 1 << 16, SCTLR_NTWE = 1 << 18, SCTLR_WXN = 1 << 19, SCTLR_SPAN = 1 << 23, SCTLR_E0E = 1 << 24,
    SCTLR_EE = 1 << 25, SCTLR_UCI = 1 << 26,
};
#define SCTLR_EPAN (1ull << 57)
enum { CPACR_FPEN_SHIFT = 20 };
#define HCR_VM    (1ull << 0)
#define HCR_SWIO  (1ull << 1)
#define HCR_PTW   (1ull << 2)
#define HCR_FMO   (1ull << 3)
#define HCR_IMO   (1ull << 4)
#define HCR_AMO   (1ull << 5)
#define HCR_VF    (1ull << 6)
#define HCR_VI    (1ull << 7)
#define HCR_VSE   (1ull << 8)
#define HCR_FB    (1ull << 9)
#define HCR_DC    (1ull << 12)
#define HCR_TWI   (1ull << 13)
#define HCR_TWE   (1ull << 14)
#define HCR_TID1  (1ull << 16)
#define HCR_TID2  (1ull << 17)
#define HCR_TID3  (1ull << 18)
#define HCR_TSC   (1ull << 19)
#define HCR_TACR  (1ull << 21)
#define HCR_TSW   (1ull << 22)
#define HCR_TPCP  (1ull << 23)
#define HCR_TPU   (1ull << 24)
#define HCR_TTLB  (1ull << 25)
#define HCR_TVM   (1ull << 26)
#define HCR_TGE   (1ull << 27)
#define HCR_TDZ   (1ull << 28)
#define HCR_HCD   (1ull << 29)
#define HCR_TRVM  (1ull << 30)
#define HCR_RW    (1ull << 31)
#define HCR_CD    (1ull << 32)
#define HCR_ID    (1ull << 33)
#define HCR_E2H   (1ull << 34)
#define HCR_TLOR  (1ull << 35)
#define HCR_APK   (1ull << 40)
#define HCR_API   (1ull << 41)
#define SCR_NS    (1ull << 0)
#define SCR_IRQ   (1ull << 1)
#define SCR_FIQ   (1ull << 2)
#define SCR_EA    (1ull << 3)
#define SCR_SMD   (1ull << 7)
#define SCR_HCE   (1ull << 8)
#define SCR_RW    (1ull << 10)
#define SCR_ST    (1ull << 11)
#define SCR_TWI   (1ull << 12)
#define SCR_TWE   (1ull << 13)
#define SCR_APK   (1ull << 16)
#define SCR_API   (1ull << 17)

/* Kinds of exceptions, with their offset from the vector. */
enum a64_exception { A64_SYNC = 0, A64_IRQ = 0x80, A64_FIQ = 0x100, A64_SERROR = 0x180 };

/* Exception classes of ESR_ELx.EC. */
enum {
    EC_UNKNOWN = 0x00, EC_WFX = 0x01, EC_FP = 0x07, EC_BTI = 0x0d, EC_ILLEGAL = 0x0e, EC_SVC = 0x15, EC_HVC = 0x16, EC_SMC = 0x17,
    EC_SYSREG = 0x18, EC_FPAC = 0x1c, EC_IABORT = 0x20, EC_PCALIGN = 0x22, EC_DABORT = 0x24, EC_SPALIGN = 0x26, EC_SERROR = 0x2f,
    EC_BREAKPOINT = 0x30, EC_STEP = 0x32, EC_WATCHPOINT = 0x34, EC_BRK = 0x3c,
};
static inline uint64_t syndrome(unsigned ec, uint32_t iss) { return (uint64_t)ec << 26 | 1u << 25 | iss; }

/* Translation regimes. E20: EL2&0, HCR_EL2.E2H. */
enum a64_regime { REGIME_EL10, REGIME_E20, REGIME_EL2, REGIME_EL3 };

struct a64_timer {
    uint64_t cval, ctl; /* ctl: bits 0 ENABLE, 1 IMASK */
    struct alarm *alarm;
    void (*line)(void *arg, bool up); void *line_arg; /* interrupt output */
    bool up;
};
enum { TIMER_PHYS, TIMER_VIRT, TIMER_HYP, TIMER_HYPVIRT, TIMER_SEC, NTIMERS };

enum a64_fault { FAULT_NONE, FAULT_ADDRESS_SIZE = 0x00, FAULT_TRANSLATION = 0x04, FAULT_ACCESS_FLAG = 0x08, FAULT_PERMISSION = 0x0c,
                 FAULT_EXTERNAL = 0x10, FAULT_EXTERNAL_WALK = 0x14, FAULT_ALIGNMENT = 0x21, FAULT_CONFLICT = 0x30 };

struct a64_access {
    enum { A64_READ, A64_WRITE, A64_EXEC } what;
    bool unprivileged;       /* EL0, or LDTR and STTR */
    bool probe;              /* no change of descriptors (AT, debuggers) */
    bool pan;                /* PSTATE.PAN counts */
    bool cache_op;           /* cache maintenance: syndrome's CM */
};

struct a64_walk {
    bool ok;
    /* found */
    gpa_t pa;                /* of the address asked for */
    unsigned shift;          /* log2 of the block or page that has these attributes */
    bool read, write, exec;  /* for the access' privilege */
    bool clean;              /* writes must come to the walk first (dirty state) */
    bool global, guarded, device, secure;
    uint8_t attr, share;     /* MAIR byte, shareability: for PAR_EL1 */
    /* fault */
    uint8_t fsc;             /* fault status code with its level */
    bool stage2, s1ptw;
    gpa_t ipa;               /* HPFAR_EL2 */
};

/* Work that waits until guest code is left. */
enum { DUE_PAGES = 32 };
struct a64_due {
    gva_t pages[DUE_PAGES];
    unsigned npages;
    bool unchain_all, all_code;
};

struct a64_sys {
    struct vcpu *vcpu;
    const struct cpu_model *model;
    uint64_t v[A64_NSYS];
    uint64_t sp_el[4];       /* [1] to [3]: stack pointers of the levels; that in use is in row sp, EL0's in row sp_el0 */
    uint32_t flags;          /* enum a64_flags */
    uint32_t flags_of[4];    /* at each level, when it was last there */
    bool has_el2, has_el3;
    uint64_t mpidr, rvbar;
    uint64_t cntfrq;
    uint64_t pamax;          /* bits of a physical address */
    struct a64_timer timer[NTIMERS];
    struct alarm *wait_alarm; /* ends a wait: the event stream's next event, the time of WFET and WFIT */
    uint64_t wait_until;     /* virtual count; ~0: none */
    bool in_wfe, timed_out;
    bool turning_on;         /* PSCI CPU_ON was accepted; under the machine's lock */
    uint64_t pmu_base, pmu_on; /* cycle counter: value when the clock was pmu_on; pmu.c */
    uint32_t lines;          /* interrupt lines that are up: bit LINE_... */
    uint64_t claim;          /* DBGCLAIM tags */
    struct a64_spaces *spaces; /* space.c */
    struct a64_space *space;   /* in force for code */
    bool changed;            /* flags or space have changed since the last look (ops.c) */
    struct { gva_t va; struct a64_walk walk; struct a64_access access; bool valid, watchpoint; } note; /* a fault that is to be taken */
    bool sp_odd;             /* SP was misaligned once (A64_FLAG_SPUSES) */
    bool stepped, stepped_exclusive; gva_t stepped_pc; /* software step: the last instruction that began with PSTATE.SS */
    struct a64_due due;
    bool psci_smc;           /* PSCI conduit: SMC, else HVC */
    bool psci;               /* the machine answers PSCI */
    struct { uint32_t fpcr, fpsr; } saved; /* state.c: as the guest reads them, while they are saved or read back */
    uint64_t entry, entry_arg; /* where a CPU that is switched on begins */
};
enum { LINE_IRQ = 1, LINE_FIQ = 2, LINE_VIRQ = 4, LINE_VFIQ = 8, LINE_SERROR = 16, LINE_VSERROR = 32 };

static inline unsigned a64_el(struct cpu *cpu) { return *a64_reg(cpu, A64_pstate) >> PS_EL_SHIFT & 3; }
struct a64_sys *a64_sys(struct cpu *cpu);

/* Is the current world secure? */
bool a64_secure(const struct a64_sys *s, unsigned el);
/* HCR_EL2 as it takes effect: 0 where there is no EL2 in this world. */
uint64_t a64_hcr(const struct a64_sys *s);
enum a64_regime a64_regime_of(const struct a64_sys *s, unsigned el);

/* --- walk.c: address translation ---------------------------------------------------------------- */

/* Translates va in a regime. */
void a64_translate(struct a64_sys *s, enum a64_regime regime, gva_t va, struct a64_access a, struct a64_walk *w);

/* --- space.c ------------------------------------------------------------------------------------ */

bool a64_spaces_init(struct a64_sys *s); /* false: no memory */
void a64_spaces_free(struct a64_sys *s);
void a64_choose_tlb(struct cpu *cpu, enum a64_regime regime, unsigned el);
void a64_space_changed(struct cpu *cpu);
void a64_tlb_flush_all(struct a64_sys *s);
void a64_tlb_flush_va(struct a64_sys *s, gva_t va, unsigned asid); /* asid: or ANY_ASID */
enum { ANY_ASID = 1 << 16 };
void a64_tlb_flush_asid(struct a64_sys *s, unsigned asid);
struct tlb_entry *a64_fill(struct vcpu *v, gva_t va, bool write, unsigned space);
struct code_page *a64_fetch(struct vcpu *v, gva_t pc);
bool a64_maps(struct vcpu *v, gva_t va, gpa_t pa, uint32_t flags);
void a64_flags_changed(struct a64_sys *s, unsigned el); /* code at el is translated for others from now on */
void a64_flush_physical(struct vcpu *v, gpa_t first, gpa_t last);
void a64_track_page(struct vcpu *v, gpa_t page);
void a64_code_changed_later(struct a64_sys *s, gpa_t pa); /* the guest says so, of a line of the instruction cache */
void a64_all_code_changed_later(struct a64_sys *s);
bool a64_is_due(const struct a64_sys *s);
void a64_settle(struct vcpu *v);
void a64_note(struct a64_sys *s, gva_t va, const struct a64_walk *w, struct a64_access a);

/* --- sysreg.c, ops.c, timer.c, id.c -------------------------------------------------------------- */

uint64_t a64_sysreg_read(struct a64_sys *s, unsigned r);
void a64_sysreg_write(struct a64_sys *s, unsigned r, uint64_t v);
/* Row of the register that an MRS or MSR at the current level means, or -1: an exception was taken. */
int a64_sysreg_check(struct cpu *cpu, unsigned code, unsigned rt, bool write);
bool a64_sysreg_present(const struct a64_sys *s, unsigned r);
uint64_t a64_id_system(struct a64_sys *s, unsigned r);
uint64_t a64_id_aa64pfr0(struct a64_sys *s);
static inline bool a64_has(const struct a64_sys *s, enum a64_feature f) { return cpu_has(s->model, f); }
void a64_set_spsel(struct cpu *cpu, unsigned sp);
uint64_t a64_count(struct a64_sys *s);              /* the physical counter */
uint64_t a64_timer_count(struct a64_sys *s, unsigned timer);
uint64_t a64_timer_ctl(struct a64_sys *s, unsigned timer);
void a64_timer_set(struct a64_sys *s, unsigned timer, uint64_t cval, uint64_t ctl);
void a64_timer_update(struct a64_sys *s, unsigned timer);
/* The CPU is going to sleep: what ends that besides events and interrupts is set up. */
void a64_begin_wait(struct a64_sys *s, bool wfe);
bool a64_traps(const struct a64_sys *s, unsigned el);
uint32_t a64_access_syndrome(struct cpu *cpu);
gva_t a64_branch_address(const struct a64_sys *s, unsigned el, gva_t to);
void a64_take_fp_trap(struct cpu *cpu);
void a64_log_exception(struct cpu *cpu, unsigned target, enum a64_exception kind, uint64_t esr, uint64_t ret);
bool cpu_has_pan(const struct a64_sys *s);
/* Does PSCI's call in x0; false: none. *next: what the vCPU does then. */
extern const struct a64_system a64_softmmu; /* ops.c */
const struct gdb_target *a64_gdb_target(void); /* gdb.c */
/* state.c, of struct isa. */
unsigned a64_state(struct vcpu *v, struct state_part *parts);
unsigned a64_saved(struct vcpu *v, struct state_part *parts);
bool a64_loaded(struct vcpu *v, char *err, size_t errlen);
void a64_describe(const struct vcpu *v, char *text, size_t n);
/* Of struct isa: registers for core dumps. */
size_t a64_core_registers(struct vcpu *v, uint8_t *out);
bool a64_psci(struct vcpu *v, enum vcpu_next *next);

/* --- semihosting.c: the call in w0, with block x1; outside guest code, without the lock. */
void a64_semihosting(struct vcpu *v);

/* --- fault.c, debug.c ----------------------------------------------------------------------------- */

void a64_refuse(struct vcpu *v, gva_t va, bool write, unsigned space, bool misaligned);
void a64_fault(struct vcpu *v);
/* The instruction at pc; 0 (undefined) if it can't be read. */
uint32_t a64_insn_at_pc(struct cpu *cpu);
/* Are debug exceptions from level el enabled, with PSTATE ps? */
bool a64_debug_enabled(const struct a64_sys *s, unsigned el, uint64_t ps);
/* A64_FLAG_STEP, A64_FLAG_BREAK for code at el. */
uint32_t a64_debug_flags(const struct a64_sys *s, unsigned el, uint64_t ps);
/* Before an instruction with one of these flags. True: an exception was taken instead. */
bool a64_before(struct cpu *cpu, uint32_t insn, gva_t pc);
bool a64_watches_page(const struct a64_sys *s, gva_t page);
bool a64_watch(struct vcpu *v, gva_t va, unsigned size, bool write, unsigned space);
void a64_take_watchpoint(struct cpu *cpu, gva_t va, bool write);
void a64_take_brk(struct cpu *cpu, uint32_t imm, gva_t pc);
/* A break- or watchpoint register was written. */
void a64_debug_changed(struct a64_sys *s);

/* --- exception.c --------------------------------------------------------------------------------- */

/* Takes an exception to level target; ret: preferred return address. */
void a64_take(struct cpu *cpu, unsigned target, enum a64_exception kind, uint64_t esr, uint64_t ret);
/* Target level of a synchronous exception from the current level that has no trap of its own. */
unsigned a64_target(const struct a64_sys *s, unsigned el);
/* A synchronous exception to its usual target. */
void a64_raise(struct cpu *cpu, uint64_t esr, uint64_t ret);
/* Abort of a data access or fetch at va. */
void a64_abort(struct cpu *cpu, gva_t va, const struct a64_walk *w, struct a64_access a);
void a64_eret(struct cpu *cpu);
/* Takes a pending interrupt that is not masked; true if it did. */
bool a64_take_interrupt(struct cpu *cpu);
/* Is there one that it would take? */
bool a64_interrupt_open(struct cpu *cpu);
/* Is there one that would wake a WFI? */
bool a64_has_interrupt(const struct a64_sys *s);
/* Recomputes flags, data TLB and code context; something of them may have changed. */
void a64_context_changed(struct cpu *cpu);

#endif
