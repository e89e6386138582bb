/*
 * Faults in translated code and its helpers become the guest's.
 *
 * A fault is found by the host pc in the fault map: all guest registers are in homes there (commit rule),
 * so the handler copies the pinned ones from the signal's context to their slots and resumes in the
 * leave stub. Everything here runs in a signal handler: it reads the cache's tables, which are only
 * appended to while this thread runs, and changes nothing but this thread's own state.
 */
#include <assert.h>
#include <cpuid.h>
#include <string.h>
#include "engine.h"

static const uint8_t greg_of[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI,
                                     REG_RDI, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13,
                                     REG_R14, REG_R15 };

/* The entry of code offset off. A helper's return address can be where the next guest instruction's
 * access begins: two entries, the helper's first. */
static const struct fault_entry *find_fault(const struct cache *c, const struct tb *tb, uint32_t off,
                                            bool helper)
{
    uint32_t lo = 0, hi = tb->nfaults;
    const struct fault_entry *f = c->faults + tb->faults;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (f[mid].off < off)
            lo = mid + 1;
        else
            hi = mid;
    }
    while (!helper && lo + 1 < tb->nfaults && f[lo + 1].off == off)
        lo++;
    return lo < tb->nfaults && f[lo].off == off ? &f[lo] : NULL;
}

bool engine_in_code(const struct engine *e, const struct cpu *cpu, const ucontext_t *uc)
{
    const uint8_t *pc = (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
    return (pc >= e->cache.rx && pc < e->cache.rx + e->cache.size) || cpu->helper_ra ||
           ((const struct exec *)cpu->exec)->in_interp;
}

static void fault_address(struct cpu *cpu, const siginfo_t *si, const ucontext_t *uc, bool in_code,
                          const uint8_t *pc)
{
    uint64_t host = (uint64_t)(uintptr_t)si->si_addr;
    cpu->fault_signo = (uint32_t)si->si_signo;
    cpu->fault_code = (uint32_t)si->si_code;
    /* #GP tells no address: a non-canonical one, or misaligned operand of a 16-byte atomic */
    if (in_code && si->si_signo == SIGSEGV && si->si_code == SI_KERNEL) {
        uint64_t regs[16], a;
        for (int k = 0; k < 16; k++)
            regs[k] = (uint64_t)uc->uc_mcontext.gregs[greg_of[k]];
        if (host_operand_address(pc, regs, cpu->guest_base, &a)) {
            host = a;
            if ((int64_t)(a << 16) >> 16 == (int64_t)a) {
                cpu->fault_signo = SIGBUS;
                cpu->fault_code = BUS_ADRALN;
            } else {
                cpu->fault_code = SEGV_MAPERR;
            }
        }
    }
    cpu->fault_addr = host - cpu->guest_base;
    if (in_code && si->si_signo == SIGILL) { /* of IR_aligned */
        cpu->fault_signo = SIGBUS;
        cpu->fault_code = BUS_ADRALN;
        cpu->fault_addr = cpu->leave_arg;
    }
}

/* Vector register reg of the interrupted code: 16 bytes. Those above 15 are a component of the extended state, where it
 * is by CPUID; absent if all are zero. */
static const void *saved_vector(const ucontext_t *uc, unsigned reg)
{
    enum { SW_BYTES = 464, XSTATE_BV = 512, HIGH_ZMM = 7 };
    static const uint8_t zero[16];
    static uint32_t at; /* the same for all */
    const char *fp = (const char *)uc->uc_mcontext.fpregs;
    if (reg < 16)
        return &uc->uc_mcontext.fpregs->_xmm[reg];
    uint32_t magic;
    uint64_t present;
    memcpy(&magic, fp + SW_BYTES, sizeof magic);
    memcpy(&present, fp + XSTATE_BV, sizeof present);
    if (magic != FP_XSTATE_MAGIC1 || !(present >> HIGH_ZMM & 1))
        return zero;
    uint32_t offset = __atomic_load_n(&at, __ATOMIC_RELAXED);
    if (!offset) {
        uint32_t size, c, d;
        __cpuid_count(0xd, HIGH_ZMM, size, offset, c, d);
        __atomic_store_n(&at, offset, __ATOMIC_RELAXED);
    }
    return fp + offset + (reg - 16) * 64;
}

/* The guest's registers out of the host's, at a place in translated code where all have homes. vector(arg, reg): where
 * those are, NULL: they are in their slots. */
static void save_homes(struct engine *e, struct cpu *cpu, const struct tb *tb, const struct fault_entry *f, const uint64_t gpr[16],
                       const void *(*vector)(const void *arg, unsigned reg), const void *arg)
{
    const struct cache *c = &e->cache;
    const struct ir_target *t = e->cfg.guest->ir;
    struct host_pin p[MAX_PINS];
    unsigned n = host_pins(t, false, p);
    for (unsigned k = 0; k < n; k++) {
        if ((f->flags & FAULT_BORROWED) && (p[k].reg == 3 || p[k].reg == 11))
            continue;
        uint16_t row = p[k].row;
        if (f->flags & FAULT_FLEX)
            for (unsigned j = 0; j < tb->nflex; j++)
                if (c->flexes[tb->flex + j].reg == p[k].reg && !c->flexes[tb->flex + j].vector)
                    row = (uint16_t)c->flexes[tb->flex + j].in; /* the pinned one is in its slot */
        memcpy((char *)cpu + t->regs[row].offset, &gpr[p[k].reg], 8);
    }
    n = host_pins(t, true, p);
    for (unsigned k = 0; k < n && vector; k++) {
        uint16_t row = p[k].row;
        if (f->flags & FAULT_FLEX)
            for (unsigned j = 0; j < tb->nflex; j++)
                if (c->flexes[tb->flex + j].reg == p[k].reg && c->flexes[tb->flex + j].vector)
                    row = (uint16_t)c->flexes[tb->flex + j].in;
        memcpy((char *)cpu + t->regs[row].offset, vector(arg, p[k].reg), 16);
    }
}

static const void *vector_of_signal(const void *uc, unsigned reg) { return saved_vector(uc, reg); }
static const void *vector_of_slow_path(const void *cpu, unsigned reg) { return host_mmu_saved_vector(cpu, reg); }

static void save_pinned(struct engine *e, struct cpu *cpu, const struct tb *tb, const struct fault_entry *f,
                        const ucontext_t *uc)
{
    const greg_t *g = uc->uc_mcontext.gregs;
    uint64_t gpr[16];
    for (unsigned k = 0; k < 16; k++)
        gpr[k] = (uint64_t)g[greg_of[k]];
    save_homes(e, cpu, tb, f, gpr, uc->uc_mcontext.fpregs ? vector_of_signal : NULL, uc);
    if (uc->uc_mcontext.fpregs)
        cpu->guest_mxcsr = uc->uc_mcontext.fpregs->mxcsr;
    cpu->ret_sp = (uint64_t)g[REG_RSP];
}

/* The address that the translation begins at. */
static uint64_t pc_of(const struct engine *e, const struct tb *tb)
{
    return e->cfg.system ? e->cfg.pc_of_key(e->cfg.owner, tb->pc) : tb->pc;
}

void exec_mmu_fault(struct engine *e, struct cpu *cpu)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)cpu->mmu_ra;
    const struct tb *tb = cache_find_code(&e->cache, at);
    const struct fault_entry *f = tb ? find_fault(&e->cache, tb, (uint32_t)(at - tb_code(&e->cache, tb)), true) : NULL;
    assert(f); /* the place is one that emit_mmu.c has noted */
    uint64_t gpr[16];
    host_mmu_saved(cpu, gpr);
    save_homes(e, cpu, tb, f, gpr, vector_of_slow_path, cpu);
    cpu->pc = pc_of(e, tb) + f->pc_delta;
    cpu->mmu_ra = 0;
}

bool engine_fault(struct engine *e, struct cpu *cpu, siginfo_t *si, ucontext_t *uc)
{
    struct exec *x = cpu->exec;
    greg_t *g = uc->uc_mcontext.gregs;
    const uint8_t *pc = (const uint8_t *)g[REG_RIP];
    struct cache *c = &e->cache;
    if (x->in_interp) {
        fault_address(cpu, si, uc, false, pc);
        /* the handler returns into exec_interp_unwind, so that the signal mask is what it was */
        g[REG_RIP] = (greg_t)(uintptr_t)exec_interp_unwind;
        g[REG_RDI] = (greg_t)(uintptr_t)x;
        g[REG_RSP] = ((g[REG_RSP] - 512) & ~15) - 8;
        return true;
    }
    bool in_code = pc >= c->rx && pc < c->rx + c->size;
    if (!in_code && !cpu->helper_ra)
        return false;
    const uint8_t *at = in_code ? pc : (const uint8_t *)(uintptr_t)cpu->helper_ra;
    struct tb *tb = cache_find_code(c, at);
    if (!tb)
        return false;
    const struct fault_entry *f = find_fault(c, tb, (uint32_t)(at - tb_code(c, tb)), !in_code);
    if (!f)
        return false;
    if (in_code) {
        save_pinned(e, cpu, tb, f, uc);
    } else {
        cpu->ret_sp += 8; /* the return address of the call of the stub */
        cpu->helper_ra = 0;
    }
    cpu->pc = pc_of(e, tb) + f->pc_delta;
    fault_address(cpu, si, uc, in_code, pc);
    if (tb->masked && cpu->fault_addr >> 55 == 1) /* of the upper half: its top byte was masked */
        cpu->fault_addr |= 0xffull << 56;
    enum ir_leave why = IR_LEAVE_FAULT;
    uint64_t tag = cpu->fault_addr >> 56;
    if (in_code && si->si_code == SI_KERNEL && tag && !tb->masked) {
        /* top byte ignore: the run loop has this code translated again with masked addresses */
        x->mask_pc[0] = tb->pc;
        x->mask_pc[1] = cpu->pc;
        why = IR_LEAVE_FLUSH;
    }
    g[REG_RIP] = (greg_t)(uintptr_t)e->stubs.at[STUB_LEAVE_RAW];
    g[REG_RSP] = (greg_t)cpu->host_sp;
    g[REG_RAX] = (greg_t)why;
    return true;
}

bool engine_interrupt(struct engine *e, struct cpu *cpu, ucontext_t *uc)
{
    greg_t *g = uc->uc_mcontext.gregs;
    const uint8_t *pc = (const uint8_t *)g[REG_RIP];
    struct cache *c = &e->cache;
    if (pc < c->rx || pc >= c->rx + c->size)
        return false;
    struct tb *tb = cache_find_code(c, pc);
    const struct fault_entry *f = tb ? find_fault(c, tb, (uint32_t)(pc - tb_code(c, tb)), false) : NULL;
    if (!f)
        return false;
    save_pinned(e, cpu, tb, f, uc);
    cpu->pc = pc_of(e, tb) + f->pc_delta;
    g[REG_RIP] = (greg_t)(uintptr_t)e->stubs.at[STUB_LEAVE_RAW];
    g[REG_RSP] = (greg_t)cpu->host_sp;
    g[REG_RAX] = (greg_t)IR_LEAVE_POLL;
    return true;
}
