/*
 * The IR interpreter: executes a region on a CPU's state, one operation after the other.
 *
 * It is the second opinion for every translation and the backend of hosts without one, so it is
 * written for plainness: values in an array by number, registers straight in their slots, memory by
 * ordinary accesses. cpu->pc is that of the instruction at each of its memory operations, and all
 * earlier instructions are complete in the slots: a fault may unwind from anywhere (siglongjmp),
 * which is why nothing here is allocated but on the stack.
 *
 * Floats are in interp_fp.c, vectors in interp_vec.c, integers and flags in eval.c.
 */
#include <alloca.h>
#include <ffi.h>
#include <signal.h>
#include "build.h"
#include "interp.h"

typedef unsigned __int128 u128;

/* ------------------------------------------------------------------- memory */

static struct ir_value read_memory(const void *p, unsigned size)
{
    struct ir_value v = {0, 0};
    uint8_t b; uint16_t h; uint32_t w;
    switch (size) {
    case 0: memcpy(&b, p, 1); v.lo = b; break;
    case 1: memcpy(&h, p, 2); v.lo = h; break;
    case 2: memcpy(&w, p, 4); v.lo = w; break;
    case 3: memcpy(&v.lo, p, 8); break;
    case 4: memcpy(&v, p, 16); break;
    }
    return v;
}

static void write_memory(void *p, unsigned size, struct ir_value v)
{
    switch (size) {
    case 0: memcpy(p, &v.lo, 1); break;
    case 1: memcpy(p, &v.lo, 2); break;
    case 2: memcpy(p, &v.lo, 4); break;
    case 3: memcpy(p, &v.lo, 8); break;
    case 4: memcpy(p, &v, 16); break;
    }
}

/* Stores want if memory still holds *old; else gives what it holds in *old. Sequentially
 * consistent. */
__attribute__((no_sanitize("alignment")))
static bool swap_if_equal(void *p, unsigned size, struct ir_value *old, struct ir_value want)
{
    bool done = false;
    switch (size) {
#define CASE(n, type) \
    case n: { \
        type o = (type)old->lo; \
        done = __atomic_compare_exchange_n((type *)p, &o, (type)want.lo, false, __ATOMIC_SEQ_CST, \
                                           __ATOMIC_SEQ_CST); \
        *old = (struct ir_value){o, 0}; \
        break; \
    }
    CASE(0, uint8_t)
    CASE(1, uint16_t)
    CASE(2, uint32_t)
    CASE(3, uint64_t)
#undef CASE
    case 4:
#if defined(__x86_64__)
        __asm__ volatile("lock cmpxchg16b %1"
                         : "=@ccz"(done), "+m"(*(struct ir_value *)p), "+a"(old->lo), "+d"(old->hi)
                         : "b"(want.lo), "c"(want.hi) : "memory");
#else
        done = __atomic_compare_exchange((u128 *)p, (u128 *)old, (u128 *)&want, false,
                                         __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
#endif
        break;
    }
    return done;
}

static uint64_t low_bytes(uint64_t v, unsigned size)
{
    return size >= 3 ? v : v & ((1ull << (8u << size)) - 1);
}

static int64_t as_signed(uint64_t v, unsigned size)
{
    unsigned unused = 64 - (8u << size);
    return (int64_t)(v << unused) >> unused;
}

static uint64_t amo_result(enum ir_amo op, unsigned size, uint64_t old, uint64_t b)
{
    int64_t so = as_signed(old, size), sb = as_signed(b, size);
    switch (op) {
    case IR_AMO_ADD: return old + b;
    case IR_AMO_ANDN: return old & ~b;
    case IR_AMO_XOR: return old ^ b;
    case IR_AMO_OR: return old | b;
    case IR_AMO_SMAX: return so > sb ? old : b;
    case IR_AMO_SMIN: return so < sb ? old : b;
    case IR_AMO_UMAX: return old > b ? old : b;
    case IR_AMO_UMIN: return old < b ? old : b;
    case IR_AMO_SWP: return b;
    }
    return b;
}

static struct ir_value do_load(const struct ir_inst *i, const char *p)
{
    unsigned size = IR_MEM_SIZE(i->aux);
    struct ir_value v = read_memory(p, size);
    if (IR_MEM_SIGNED(i->aux))
        v.lo = (uint64_t)as_signed(v.lo, size) & ir_type_mask((enum ir_type)i->type);
    if (IR_MEM_ORDER(i->aux))
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return v;
}

static void do_store(const struct ir_inst *i, char *p, struct ir_value v)
{
    unsigned order = IR_MEM_ORDER(i->aux);
    if (order)
        __atomic_thread_fence(__ATOMIC_RELEASE);
    write_memory(p, IR_MEM_SIZE(i->aux), v);
    if (order & IR_RELEASE) /* a later acquiring load may not pass it */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static struct ir_value do_atomic(const struct ir_inst *i, char *p, const struct ir_value *arg)
{
    unsigned size = IR_MEM_SIZE(i->aux);
    struct ir_value old, want = arg[2];
    switch ((unsigned)i->op) {
    case IR_amo:
        old = read_memory(p, size);
        do
            want = (struct ir_value){low_bytes(amo_result((enum ir_amo)i->imm, size, old.lo,
                                                          low_bytes(arg[1].lo, size)), size), 0};
        while (!swap_if_equal(p, size, &old, want));
        return old;
    case IR_cas:
        old = (struct ir_value){low_bytes(arg[1].lo, size), arg[1].hi};
        swap_if_equal(p, size, &old, want);
        return old;
    }
    if (arg[3].lo == 0)
        return (struct ir_value){1, 0};
    old = (struct ir_value){low_bytes(arg[1].lo, size), arg[1].hi};
    return (struct ir_value){!swap_if_equal(p, size, &old, want), 0};
}

static void do_fence(enum ir_fence kind)
{
    switch (kind) {
    case IR_FENCE_FULL: __atomic_thread_fence(__ATOMIC_SEQ_CST); break;
    case IR_FENCE_LOAD: __atomic_thread_fence(__ATOMIC_ACQUIRE); break;
    case IR_FENCE_STORE: __atomic_thread_fence(__ATOMIC_RELEASE); break;
    }
}

/* ------------------------------------------------------- registers, helpers */

static struct ir_value get_reg(const struct cpu *cpu, const struct ir_reg *reg)
{
    const char *slot = (const char *)cpu + reg->offset;
    struct ir_value v;
    uint16_t flags;
    switch (reg->type) {
    case IR_I32: return read_memory(slot, 2);
    case IR_V128: return read_memory(slot, 4);
    case IR_FLG:
        memcpy(&flags, slot, 2);
        v = (struct ir_value){ir_flags_from_slot(flags), 0};
        return v;
    }
    return read_memory(slot, 3);
}

static void set_reg(struct cpu *cpu, const struct ir_reg *reg, struct ir_value v)
{
    char *slot = (char *)cpu + reg->offset;
    uint16_t flags;
    switch (reg->type) {
    case IR_I32: write_memory(slot, 2, v); return;
    case IR_V128: write_memory(slot, 4, v); return;
    case IR_FLG:
        flags = ir_flags_to_slot((uint32_t)v.lo);
        memcpy(slot, &flags, 2);
        return;
    }
    write_memory(slot, 3, v);
}

static uint64_t do_call(struct cpu *cpu, const struct ir_helper *h, const struct ir_value *arg)
{
    ffi_type *types[5];
    void *values[5];
    uint64_t args[5], result = 0;
    unsigned n = 0;
    ffi_cif cif;
    if (h->class != IR_PURE)
        args[n++] = (uint64_t)(uintptr_t)cpu;
    for (unsigned k = 0; k < h->nargs; k++)
        args[n++] = arg[k].lo;
    for (unsigned k = 0; k < n; k++) {
        types[k] = &ffi_type_uint64;
        values[k] = &args[k];
    }
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, n, &ffi_type_uint64, types) == FFI_OK)
        ffi_call(&cif, FFI_FN(h->fn), &result, values);
    return result;
}

/* ------------------------------------------------------------------- control */

static enum ir_leave leave(struct cpu *cpu, enum ir_leave why, uint64_t pc, int64_t imm)
{
    cpu->pc = pc;
    cpu->leave_reason = why;
    cpu->leave_imm = (uint64_t)imm;
    return why;
}

static struct ir_value operand(const struct ir_region *r, const struct ir_value *values, ir_ref v)
{
    if (!ir_is_const(v))
        return values[v];
    const struct ir_const *c = &r->consts[v & ~IR_CONST_BIT];
    return (struct ir_value){c->lo, c->hi};
}

/* Where guest address a is. */
static char *host_address(const struct cpu *cpu, const struct ir_region *r, uint64_t a)
{
    uint64_t mask = r->target->address_mask;
    return (char *)(uintptr_t)(cpu->guest_base + (mask ? a & mask : a));
}

/* The instruction is about to access 1 << log2 bytes at a. */
static void observe(struct cpu *cpu, const struct ir_region *r, uint64_t a, unsigned log2, bool read,
                    bool write)
{
    const struct ir_watch *w = cpu->watch;
    uint64_t mask = r->target->address_mask, at = mask ? a & mask : a;

    for (unsigned k = 0; k < w->n; k++) {
        const struct ir_watch_range *g = &w->range[k];
        if (at < g->end && at + (1u << log2) > g->start && ((g->read && read) || (g->write && write)))
            w->hit(cpu, g, at < g->start ? g->start : at, write);
    }
}

static enum ir_leave leave_fault(struct cpu *cpu)
{
    cpu->leave_reason = IR_LEAVE_FAULT;
    return IR_LEAVE_FAULT;
}

/* Where the access i at a can be done, by the slow path of system mode; NULL: a fault. */
static char *mmu_address(struct cpu *cpu, const struct ir_inst *i, uint64_t a, unsigned how)
{
    unsigned space = IR_MEM_SPACE(i->aux) == 2 ? IR_MMU_SPACE : 0;
    uint64_t delta = cpu->mmu_ops->address(cpu, a, IR_MEM_SIZE(i->aux) | how | space);
    return delta == ~0ull ? NULL : (char *)(uintptr_t)(a + delta);
}

static bool mmu_store(struct cpu *cpu, const struct ir_inst *i, uint64_t a, struct ir_value v)
{
    unsigned space = IR_MEM_SPACE(i->aux) == 2 ? IR_MMU_SPACE : 0, order = IR_MEM_ORDER(i->aux);
    if (order)
        __atomic_thread_fence(__ATOMIC_RELEASE);
    bool done = cpu->mmu_ops->store(cpu, a, IR_MEM_SIZE(i->aux) | IR_MMU_WRITE | space, v.lo, v.hi);
    if (order & IR_RELEASE)
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return done;
}

enum ir_leave ir_interp(struct cpu *cpu, const struct ir_region *r)
{
    struct ir_value *values = alloca(r->ninsts * sizeof(*values));
    const struct ir_block *block = &r->blocks[0];
    values[0] = (struct ir_value){0, 0};

enter:
    if (block->poll && cpu->poll_limit == ~0ull)
        return leave(cpu, IR_LEAVE_POLL, block->pc, 0);
    for (uint32_t v = block->first; v < block->end; v++) {
        const struct ir_inst *i = &r->insts[v];
        struct ir_value arg[4], *out = &values[v];
        const struct ir_helper *h;
        uint64_t result;
        char *p;
        for (unsigned k = 0; k < 4; k++)
            arg[k] = operand(r, values, i->arg[k]);

        switch ((unsigned)i->op) {
        case IR_nop:
            break;
        case IR_insn:
            cpu->pc = (uint64_t)i->imm;
            break;
        case IR_get:
            *out = get_reg(cpu, &r->target->regs[i->imm]);
            break;
        case IR_set:
            set_reg(cpu, &r->target->regs[i->imm], arg[0]);
            break;
        case IR_select:
            *out = arg[0].lo ? arg[1] : arg[2];
            break;
        case IR_pair:
            *out = (struct ir_value){arg[0].lo, arg[1].lo};
            break;
        case IR_lo64:
            *out = (struct ir_value){arg[0].lo, 0};
            break;
        case IR_hi64:
            *out = (struct ir_value){arg[0].hi, 0};
            break;
        case IR_load:
        case IR_store:
            result = arg[0].lo + (uint64_t)i->imm +
                     (i->arg[1] ? arg[1].lo << IR_MEM_SCALE(i->aux) : 0);
            if (cpu->watch)
                observe(cpu, r, result, IR_MEM_SIZE(i->aux), i->op == IR_load, i->op == IR_store);
            if (cpu->mmu_ops && i->op == IR_store) {
                if (!mmu_store(cpu, i, result, arg[2]))
                    return leave_fault(cpu);
                break;
            }
            p = cpu->mmu_ops ? mmu_address(cpu, i, result, 0) : host_address(cpu, r, result);
            if (cpu->mmu_ops && !p)
                return leave_fault(cpu);
            if (i->op == IR_load)
                *out = do_load(i, p);
            else
                do_store(i, p, arg[2]);
            break;
        case IR_amo: case IR_cas: case IR_casx:
            if (cpu->watch)
                observe(cpu, r, arg[0].lo, IR_MEM_SIZE(i->aux), true, true);
            if (cpu->mmu_ops && i->op == IR_casx && !arg[3].lo) {
                *out = (struct ir_value){1, 0};
                break;
            }
            p = cpu->mmu_ops ? mmu_address(cpu, i, arg[0].lo, IR_MMU_WRITE | IR_MMU_ATOMIC) : host_address(cpu, r, arg[0].lo);
            if (cpu->mmu_ops && !p)
                return leave_fault(cpu);
            *out = do_atomic(i, p, arg);
            break;
        case IR_aligned:
            if (arg[0].lo & (uint64_t)(i->imm - 1) &&
                !(i->aux && (arg[0].lo & 15) + (uint64_t)i->imm <= 16)) {
                cpu->fault_signo = SIGBUS;
                cpu->fault_code = BUS_ADRALN;
                cpu->fault_addr = arg[0].lo;
                return leave_fault(cpu);
            }
            break;
        case IR_fence:
            do_fence((enum ir_fence)i->aux);
            break;
        case IR_call:
            h = &r->target->helpers[i->imm];
            result = do_call(cpu, h, arg);
            if (h->class == IR_MAY_LEAVE && result) {
                cpu->leave_reason = result - 1;
                return (enum ir_leave)(result - 1);
            }
            *out = (struct ir_value){result & ir_type_mask((enum ir_type)i->type), 0};
            break;
        case IR_jmp:
            block = &r->blocks[i->imm];
            goto enter;
        case IR_br:
            block = &r->blocks[arg[0].lo ? (uint32_t)i->imm : (uint64_t)i->imm >> 32];
            goto enter;
        case IR_goto: case IR_callg:
            return leave(cpu, IR_LEAVE_LOOKUP, (uint64_t)i->imm, 0);
        case IR_gotoi: case IR_calli: case IR_retg:
            return leave(cpu, IR_LEAVE_LOOKUP, arg[0].lo, 0);
        case IR_leave:
            return leave(cpu, (enum ir_leave)i->aux, arg[0].lo, i->imm);
        default:
            if (i->op >= IR_vadd) {
                *out = (ir_opinfo[i->op].effects & IR_E_FPENV) || i->op == IR_fvbfdot
                           ? interp_float_vector(cpu, i, arg)
                                                             : interp_vector(i, arg);
            } else if (i->op >= IR_fadd) {
                *out = interp_float(cpu, r, i, arg);
            } else {
                ir_ref typed = i->arg[i->op == IR_crc32c];
                *out = (struct ir_value){ir_eval((enum ir_op)i->op, (enum ir_type)i->type,
                                                 ir_type_of(r, typed), arg[0].lo, arg[1].lo,
                                                 arg[2].lo, i->aux, i->imm),
                                         0};
            }
            break;
        }
    }
    assert(!"block without terminator");
    return IR_LEAVE_LOOKUP;
}
