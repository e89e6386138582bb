/*
 * Self-hosted debug: software step, breakpoints, watchpoints (Arm ARM D2; pseudocode AArch64.GenerateDebugExceptionsFrom,
 * AArch64.StateMatch, AArch64.BreakpointMatch, AArch64.WatchpointMatch).
 *
 * Code is translated with a call before each instruction while software step is on or a breakpoint is enabled at the
 * current level (a64_before). Watched pages have their TLB entries marked, so that accesses come to the slow path, which
 * asks a64_watch. Breakpoints by context are compared with CONTEXTIDR_EL1; those by VMID never match. External debug
 * is not there.
 */
#include "machine.h"
#include "sys.h"

enum { MDSCR_SS = 1, MDSCR_KDE = 1 << 13, MDSCR_MDE = 1 << 15, NBREAK = 6, NCONTEXT = 2, NWATCH = 4 };

static const struct { uint16_t value, control; } breakpoints[NBREAK] = {
    { A64_SYS_DBGBVR0_EL1, A64_SYS_DBGBCR0_EL1 }, { A64_SYS_DBGBVR1_EL1, A64_SYS_DBGBCR1_EL1 },
    { A64_SYS_DBGBVR2_EL1, A64_SYS_DBGBCR2_EL1 }, { A64_SYS_DBGBVR3_EL1, A64_SYS_DBGBCR3_EL1 },
    { A64_SYS_DBGBVR4_EL1, A64_SYS_DBGBCR4_EL1 }, { A64_SYS_DBGBVR5_EL1, A64_SYS_DBGBCR5_EL1 },
}, watchpoints[NWATCH] = {
    { A64_SYS_DBGWVR0_EL1, A64_SYS_DBGWCR0_EL1 }, { A64_SYS_DBGWVR1_EL1, A64_SYS_DBGWCR1_EL1 },
    { A64_SYS_DBGWVR2_EL1, A64_SYS_DBGWCR2_EL1 }, { A64_SYS_DBGWVR3_EL1, A64_SYS_DBGWCR3_EL1 },
};

/* Level that debug exceptions from EL0, EL1 and EL2 go to. */
static unsigned target(const struct a64_sys *s)
{
    bool el2 = s->has_el2 && !a64_secure(s, 1);
    return el2 && ((a64_hcr(s) & HCR_TGE) || (s->v[A64_SYS_MDCR_EL2] >> 8 & 1)) ? 2 : 1;
}

bool a64_debug_enabled(const struct a64_sys *s, unsigned el, uint64_t ps)
{
    unsigned to = target(s);
    if ((s->v[A64_SYS_OSLAR_EL1] & 1) || el > to || (a64_secure(s, el) && (s->v[A64_SYS_MDCR_EL3] >> 16 & 1)))
        return false;
    return el < to || ((s->v[A64_SYS_MDSCR_EL1] & MDSCR_KDE) && !(ps & PS_D));
}

/* Does a break- or watchpoint's control word (SSC, HMC, PMC or PAC) mean el? */
static bool matches_level(const struct a64_sys *s, uint64_t c, unsigned el)
{
    unsigned ssc = c >> 14 & 3, hmc = c >> 13 & 1, pxc = c >> 1 & 3;
    bool secure = a64_secure(s, el);
    if ((ssc == 1 && secure) || (ssc == 2 && !secure))
        return false;
    switch (el) {
    case 0:
        return pxc & 2;
    case 1:
        return pxc & 1;
    case 2:
        return hmc && ssc != 2;
    default:
        return hmc && ssc != 1;
    }
}

/* Breakpoint n compares contexts: does it? It is linked to, or on its own. */
static bool matches_context(const struct a64_sys *s, unsigned n, unsigned el)
{
    unsigned type = s->v[breakpoints[n].control] >> 20 & 15;
    bool guest = el < 2 && !(el == 0 && (a64_hcr(s) & HCR_TGE) && (a64_hcr(s) & HCR_E2H));
    if (n < NBREAK - NCONTEXT || (type & ~1u) != 2 || el == 3)
        return false;
    uint64_t id = s->v[guest ? A64_SYS_CONTEXTIDR_EL1 : A64_SYS_CONTEXTIDR_EL2];
    return (uint32_t)s->v[breakpoints[n].value] == (uint32_t)id;
}

static bool linked_matches(const struct a64_sys *s, uint64_t control, unsigned el)
{
    unsigned n = control >> 16 & 15;
    return n < NBREAK && (s->v[breakpoints[n].control] & 1) && (s->v[breakpoints[n].control] >> 20 & 15) == 3 && matches_context(s, n, el);
}

static bool breaks(const struct a64_sys *s, unsigned n, unsigned el, gva_t pc)
{
    uint64_t c = s->v[breakpoints[n].control];
    if (!(c & 1) || !matches_level(s, c, el))
        return false;
    switch (c >> 20 & 15) {
    case 0:
    case 1:
        return (int64_t)((s->v[breakpoints[n].value] ^ pc) << 11) == 0 && (!(c >> 20 & 1) || linked_matches(s, c, el));
    case 2:
        return matches_context(s, n, el);
    default:
        return false;
    }
}

uint32_t a64_debug_flags(const struct a64_sys *s, unsigned el, uint64_t ps)
{
    uint64_t mdscr = s->v[A64_SYS_MDSCR_EL1];
    uint32_t f = 0;
    if (!(mdscr & (MDSCR_SS | MDSCR_MDE)) || !a64_debug_enabled(s, el, ps))
        return 0;
    if (mdscr & MDSCR_SS)
        f |= A64_FLAG_STEP;
    for (unsigned n = 0; n < NBREAK && (mdscr & MDSCR_MDE); n++)
        if ((s->v[breakpoints[n].control] & 1) && matches_level(s, s->v[breakpoints[n].control], el))
            f |= A64_FLAG_BREAK;
    return f;
}

static void take(struct cpu *cpu, unsigned ec, uint32_t iss, gva_t ret)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned to = target(s);
    a64_take(cpu, to, A64_SYNC, syndrome(ec + (to == a64_el(cpu)), iss), ret);
}

bool a64_before(struct cpu *cpu, uint32_t insn, gva_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    uint64_t *ps = a64_reg(cpu, A64_pstate);
    unsigned el = a64_el(cpu);
    if (s->flags & A64_FLAG_STEP) {
        if (!(*ps & PS_SS)) { /* ISV: an instruction was stepped; EX: it was a load-exclusive */
            uint32_t iss = s->stepped ? 1u << 24 | (uint32_t)s->stepped_exclusive << 6 : 0;
            s->stepped = false;
            take(cpu, EC_STEP, iss | 0x22, pc);
            return true;
        }
    }
    for (unsigned n = 0; n < NBREAK && (s->flags & A64_FLAG_BREAK); n++)
        if (breaks(s, n, el, pc)) {
            take(cpu, EC_BREAKPOINT, 0x22, pc);
            return true;
        }
    if (s->flags & A64_FLAG_STEP) {
        *ps &= ~(uint64_t)PS_SS;
        s->stepped = true;
        s->stepped_exclusive = (insn & 0x3f400000) == 0x08400000 && !(insn >> 23 & 1);
        s->stepped_pc = pc;
    }
    return false;
}

/* --------------------------------------------------------------------- watchpoints */

static bool any_watchpoint(const struct a64_sys *s, unsigned n)
{
    return (s->v[A64_SYS_MDSCR_EL1] & MDSCR_MDE) && (s->v[watchpoints[n].control] & 1);
}

/* Does watchpoint n cover [va, va + size)? */
static bool covers(const struct a64_sys *s, unsigned n, gva_t va, unsigned size)
{
    uint64_t c = s->v[watchpoints[n].control], at = s->v[watchpoints[n].value];
    unsigned mask = c >> 24 & 31, bas = c >> 5 & 0xff, base = at & 4;
    for (unsigned k = 0; k < size; k++) {
        uint64_t differ = ((va + k) ^ at) << 11 >> 11;
        unsigned byte = (va + k) & 7;
        if (mask >= 3 ? !(differ >> mask) && bas == 0xff
                      : !(differ >> 3) && byte >= base && (bas >> (byte - base) & (base ? 15 >> 0 : 255) & 1))
            return true;
    }
    return false;
}

bool a64_watches_page(const struct a64_sys *s, gva_t page)
{
    for (unsigned n = 0; n < NWATCH; n++) {
        unsigned mask = s->v[watchpoints[n].control] >> 24 & 31;
        uint64_t differ = (page ^ s->v[watchpoints[n].value]) << 11 >> 11;
        if (any_watchpoint(s, n) && !(differ >> (mask > PAGE_BITS ? mask : PAGE_BITS)))
            return true;
    }
    return false;
}

/* struct isa.watch */
bool a64_watch(struct vcpu *v, gva_t va, unsigned size, bool write, unsigned space)
{
    struct a64_sys *s = v->state;
    struct cpu *cpu = v->cpu;
    unsigned el = a64_el(cpu), as = space && cpu->mmu[1].tlb != cpu->mmu[0].tlb ? 0 : el;
    if (!a64_debug_enabled(s, el, *a64_reg(cpu, A64_pstate)))
        return false;
    for (unsigned n = 0; n < NWATCH; n++) {
        uint64_t c = s->v[watchpoints[n].control];
        if (!any_watchpoint(s, n) || !(c >> 3 & (write ? 2 : 1)) || !matches_level(s, c, as) || !covers(s, n, va, size))
            continue;
        if ((c >> 20 & 1) && !linked_matches(s, c, el))
            continue;
        a64_note(s, va, &(struct a64_walk){ .fsc = 0x22 }, (struct a64_access){ .what = write ? A64_WRITE : A64_READ });
        s->note.watchpoint = true;
        return true;
    }
    return false;
}

void a64_take_watchpoint(struct cpu *cpu, gva_t va, bool write)
{
    struct a64_sys *s = a64_sys(cpu);
    s->v[target(s) == 2 ? A64_SYS_FAR_EL2 : A64_SYS_FAR_EL1] = va;
    take(cpu, EC_WATCHPOINT, (uint32_t)write << 6 | 0x22, cpu->pc);
}

/* A breakpoint instruction. It goes where debug exceptions go, whether they are enabled or not. */
void a64_take_brk(struct cpu *cpu, uint32_t imm, gva_t pc)
{
    struct a64_sys *s = a64_sys(cpu);
    unsigned el = a64_el(cpu), to = target(s);
    a64_take(cpu, el > to ? el : to, A64_SYNC, syndrome(EC_BRK, imm), pc);
}

void a64_debug_changed(struct a64_sys *s)
{
    a64_tlb_flush_all(s); /* what is watched is another page */
    a64_context_changed(vcpu_cpu(s->vcpu));
}
