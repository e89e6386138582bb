/*
 * sigframe.c: signal frames of arm64 Linux.
 *
 * From the stack pointer of the handler upwards: siginfo, ucontext with the signal context, whose
 * reserved area holds records (FP/SIMD always, the syndrome for faults, a terminator); then, 16 bytes
 * aligned, a frame record with the interrupted fp and lr, so that unwinders by frame pointer pass
 * through. x30 leads to SA_RESTORER or to the vDSO's __kernel_rt_sigreturn.
 *
 * A frame is believed by sigreturn only as far as the kernel would: pstate must be that of user mode,
 * records must be known and inside the area. Frames never hold SVE or SME state; sizes larger than
 * the reserved area are not made. Source: Linux uapi asm/sigcontext.h, arch/arm64/kernel/signal.c.
 */
#include "aarch64.h"
#include "guest_signal.h"

struct record {
    uint32_t magic, size;
};

struct fpsimd_record {
    struct record head;
    uint32_t fpsr, fpcr;
    uint8_t vregs[32][16];
};

struct esr_record {
    struct record head;
    uint64_t esr;
};

enum { FPSIMD_MAGIC = 0x46508001, ESR_MAGIC = 0x45535201 };

struct sigcontext_a64 {
    uint64_t fault_address;
    uint64_t regs[31];
    uint64_t sp, pc, pstate;
    uint8_t reserved[4096] __attribute__((aligned(16)));
};

struct ucontext_a64 {
    uint64_t flags, link;
    uint64_t stack_sp;
    int32_t stack_flags, pad;
    uint64_t stack_size;
    uint64_t sigmask;
    uint8_t unused[120];
    struct sigcontext_a64 mc;
};

struct rt_sigframe {
    siginfo_t info;
    struct ucontext_a64 uc;
};

static_assert(sizeof(struct fpsimd_record) == 528, "arm64 ABI");
static_assert(offsetof(struct ucontext_a64, mc) == 176, "arm64 ABI");
static_assert(offsetof(struct sigcontext_a64, reserved) == 288, "arm64 ABI");
static_assert(sizeof(struct rt_sigframe) == 4688, "arm64 ABI");

enum {
    PSTATE_BTYPE_SHIFT = 10,
    PSTATE_KEPT = 1 << 24 | 1 << 12, /* DIT, SSBS */
    PSTATE_BAD = 0x1f | 0xf << 6, /* mode bits, aarch32, masked interrupts: not user mode */
    BTYPE_CALL = 2                /* "c": what a handler's first instruction may be reached by */
};

uint64_t sigframe_abort_syndrome(bool fetch, bool write, enum sigframe_abort what)
{
    uint64_t ec = fetch ? 0x20 : 0x24;

    return ec << 26 | 1ull << 25 | (write && !fetch ? 1ull << 6 : 0) | (uint64_t)what;
}

static void put_context(struct thread *t, const struct signal_event *ev, struct ucontext_a64 *uc)
{
    struct cpu *cpu = t->cpu;
    struct fpsimd_record *fp = (struct fpsimd_record *)uc->mc.reserved;
    struct esr_record *esr = (struct esr_record *)(fp + 1);

    for (unsigned i = 0; i < 31; i++)
        uc->mc.regs[i] = *a64_reg(cpu, A64_X(i));
    uc->mc.sp = *a64_reg(cpu, A64_sp);
    uc->mc.pc = cpu->pc;
    uc->mc.pstate = a64_get_nzcv(cpu) | *a64_reg(cpu, A64_btype) << PSTATE_BTYPE_SHIFT |
                    *a64_reg(cpu, A64_pstate);
    uc->mc.fault_address = ev->fault_addr;
    fp->head = (struct record){FPSIMD_MAGIC, sizeof *fp};
    fp->fpsr = a64_get_fpsr(cpu);
    fp->fpcr = a64_get_fpcr(cpu);
    for (unsigned i = 0; i < 32; i++)
        memcpy(fp->vregs[i], a64_vreg(cpu, i), 16);
    if (ev->esr != 0) {
        esr->head = (struct record){ESR_MAGIC, sizeof *esr};
        esr->esr = ev->esr;
    }
}

bool sigframe_push(struct thread *t, const struct signal_event *ev, const struct signal_action *act,
                   uint64_t mask, uint64_t sp)
{
    struct cpu *cpu = t->cpu;
    struct rt_sigframe f = {.info = ev->info};
    uint64_t link[2] = {*a64_reg(cpu, A64_x29), *a64_reg(cpu, A64_x30)};
    uint64_t record = (sp - sizeof link) & ~15ull;
    uint64_t base = record - sizeof f;

    f.uc.stack_sp = t->altstack.sp;
    f.uc.stack_size = t->altstack.size;
    f.uc.stack_flags = (int32_t)t->altstack.flags;
    f.uc.sigmask = mask;
    put_context(t, ev, &f.uc);
    if (user_write(t->p, record, link, sizeof link) != 0 ||
        user_write(t->p, base, &f, sizeof f) != 0)
        return false;

    *a64_reg(cpu, A64_x0) = (uint64_t)ev->info.si_signo;
    if (act->flags & SA_SIGINFO) {
        *a64_reg(cpu, A64_x1) = base + offsetof(struct rt_sigframe, info);
        *a64_reg(cpu, A64_x2) = base + offsetof(struct rt_sigframe, uc);
    }
    *a64_reg(cpu, A64_x29) = record;
    *a64_reg(cpu, A64_x30) =
        act->flags & 0x04000000u ? act->restorer : vdso_sigreturn(t->p);
    *a64_reg(cpu, A64_sp) = base;
    *a64_reg(cpu, A64_btype) = BTYPE_CALL;
    *a64_reg(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
    cpu->pc = act->handler;
    return true;
}

/* Finds the FP/SIMD record; NULL if the area is malformed. */
static const struct fpsimd_record *find_fpsimd(const struct sigcontext_a64 *mc)
{
    const struct fpsimd_record *fp = NULL;
    size_t at = 0;

    for (;;) {
        struct record head;

        if (at + sizeof head > sizeof mc->reserved)
            return NULL;
        memcpy(&head, mc->reserved + at, sizeof head);
        if (head.magic == 0)
            return head.size == 0 ? fp : NULL;
        if (head.size < sizeof head || head.size % 16 != 0 ||
            head.size > sizeof mc->reserved - at)
            return NULL;
        if (head.magic == FPSIMD_MAGIC) {
            if (fp != NULL || head.size < sizeof *fp)
                return NULL;
            fp = (const struct fpsimd_record *)(mc->reserved + at);
        } else if (head.magic != ESR_MAGIC) {
            return NULL;
        }
        at += head.size;
    }
}

bool sigframe_pop(struct thread *t, uint64_t *mask, uint64_t stack[3])
{
    struct cpu *cpu = t->cpu;
    struct rt_sigframe f;
    const struct fpsimd_record *fp;
    uint64_t sp = *a64_reg(cpu, A64_sp);

    if (sp & 15 || user_read(t->p, &f, sp, sizeof f) != 0)
        return false;
    fp = find_fpsimd(&f.uc.mc);
    if (fp == NULL || f.uc.mc.pstate & PSTATE_BAD)
        return false;
    for (unsigned i = 0; i < 31; i++)
        *a64_reg(cpu, A64_X(i)) = f.uc.mc.regs[i];
    *a64_reg(cpu, A64_sp) = f.uc.mc.sp;
    cpu->pc = f.uc.mc.pc;
    a64_set_nzcv(cpu, (uint32_t)f.uc.mc.pstate & 0xf0000000u);
    *a64_reg(cpu, A64_btype) = f.uc.mc.pstate >> PSTATE_BTYPE_SHIFT & 3;
    *a64_reg(cpu, A64_pstate) = f.uc.mc.pstate & PSTATE_KEPT;
    *a64_reg(cpu, A64_exaddr) = A64_EXCLUSIVE_NONE;
    for (unsigned i = 0; i < 32; i++)
        memcpy(a64_vreg(cpu, i), fp->vregs[i], 16);
    a64_set_fpcr(cpu, fp->fpcr);
    a64_set_fpsr(cpu, fp->fpsr);
    *mask = f.uc.sigmask;
    stack[0] = f.uc.stack_sp;
    stack[1] = (uint32_t)f.uc.stack_flags;
    stack[2] = f.uc.stack_size;
    return true;
}
