/*
 * The register allocator and the code generator: random regions (ir_gen.h) under register pressure,
 * compiled and run, against the IR interpreter on the same region as it was built.
 *
 * Guest registers are aarch64's: per seed, other rows of its table, pinned ones and slots, play the
 * generator's roles. Each region is compiled twice, as it was built (after ir_pass_dead only) and
 * optimised, for changing sets of host features. All guest registers, flags, memory, the exit, its pc and
 * cumulative floating-point flags must agree. A region that fails is made smaller and printed.
 *
 * A region of ordinary size is hardly ever refused (host_xlate giving 0): that happens when an emitter
 * takes more scratch registers than there are. One in 5000 is let pass.
 *
 *     alloc_test [SEED [COUNT]]   `alloc_test SEED 1` repeats a case
 *     alloc_test -s SEED [COUNT]  prints each region too
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>
#include "aarch64.h"
#include "emit.h"
#include "exec.h"
#include "ir_gen.h"
#include "target.h"

enum { MEMORY = 16384, ORIGIN = 0x10000000, CODE = 1 << 20, STATES = 2, ORDINARY = 24 };

static const char *const feature_lists[] = { NULL, "-bmi2,-bmi1,-lzcnt", "-avx", "-avx512vl", "-vaes,-vpclmul",
                                             "-avx,-bmi1,-bmi2,-lzcnt,-gfni,-pclmul" };
enum { NFEATURES = sizeof feature_lists / sizeof *feature_lists };
static struct host_features features[NFEATURES];

static struct gen_machine machine;
static struct ir_target table; /* aarch64's registers with the helpers below */
static const struct ir_target *fitting[2]; /* the same as hosts without and with AVX-512 pin them */
static struct stubs stub_sets[2];
static struct cpu *cpus[2];    /* 0: translated, 1: interpreted */
static uint8_t *code;
static size_t code_start;
static struct stubs stubs;
static struct xlate_out out;
static char *const memory = (char *)(uintptr_t)ORIGIN;
static char contents[MEMORY], after[MEMORY];
static sigjmp_buf on_signal;
static uint32_t lazy_fcmp; /* cumulative flags that fcmp of the region may leave out */
static unsigned long compiled, refused, ordinary;

static uint64_t change_register(struct cpu *cpu, uint64_t a)
{
    uint64_t *x = a64_reg(cpu, machine.x[1]);
    *x += a;
    return *x ^ a;
}

static void caught(int sig)
{
    __asm__ volatile("cld");
    siglongjmp(on_signal, sig);
}

static void limit_time(unsigned microseconds)
{
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){ .it_value.tv_usec = microseconds }, NULL);
}

/* --------------------------------------------------------------------- states */

static void set_state(struct cpu *cpu, uint64_t seed)
{
    struct gen g = { .seed = seed ^ 0x5bd1e995 };
    memset(cpu, 0, 2048);
    for (unsigned k = 0; k < 31; k++)
        *a64_reg(cpu, A64_X(k)) = interesting(&g);
    *a64_reg(cpu, machine.x[6]) = ORIGIN + 0x400 + pick(&g, 0x800);
    *a64_reg(cpu, machine.x[7]) = 4;
    for (unsigned k = 0; k < 32; k++) {
        uint64_t v[2] = { interesting(&g), interesting(&g) };
        if (pick(&g, 2))
            v[0] = (v[0] & 0x800fffffffffffff) | (uint64_t)(1000 + pick(&g, 50)) << 52;
        memcpy(a64_vreg(cpu, k), v, 16);
    }
    a64_set_nzcv(cpu, pick(&g, 16) << 28);
    cpu->pc = 1;
    cpu->leave_imm = 0;
    cpu->ret_sp = cpu->ret_base;
    cpu->poll_limit = cpu->ret_limit;
    cpu->guest_mxcsr = 0x1f80;
    cpu->fp_mode = cpu->fp_flags = 0;
}

/* The roles of registers, from the seed: all pinned rows and slots get every role. */
static void choose_roles(uint64_t seed)
{
    uint8_t all[31];
    struct gen g = { .seed = seed ^ 0x2545f491 };
    for (unsigned k = 0; k < 31; k++)
        all[k] = (uint8_t)A64_X(k);
    for (unsigned k = 0; k < 8; k++) {
        unsigned j = k + pick(&g, 31 - k);
        machine.x[k] = all[j];
        all[j] = all[k];
    }
    unsigned first = pick(&g, 16);
    for (unsigned k = 0; k < 4; k++)
        machine.q[k] = (uint8_t)A64_V((first + k * (1 + pick(&g, 5))) % 32);
    static const uint8_t lengths[] = { 2, 3, 6, 12 };
    machine.insns = lengths[pick(&g, 4)];
    machine.loop0 = pick(&g, 2);
    machine.pressure = pick(&g, 5) != 0;
}

static struct cpu *new_cpu(void)
{
    struct cpu *c = mmap(NULL, sizeof *c, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint8_t *stack = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED || stack == MAP_FAILED)
        exit(2);
    c->ret_base = (uint64_t)(uintptr_t)stack + 60032;
    c->ret_limit = (uint64_t)(uintptr_t)stack + 4096;
    uint64_t *sentinel = (uint64_t *)(uintptr_t)c->ret_base;
    sentinel[0] = (uint64_t)(uintptr_t)stubs.at[STUB_RET_EMPTY];
    sentinel[1] = ~0ull;
    for (unsigned k = 0; k < 4096; k++) /* of another index: no probe hits */
        c->jump_cache[k].pc = (k ^ 1) << 2;
    c->jump_cache2[0].pc = ~0ull;
    return c;
}

/* -------------------------------------------------------------------- running */

struct outcome {
    enum ir_leave why;
    uint64_t pc, imm;
};

static struct outcome run_interpreted(struct cpu *cpu, const struct ir_region *r)
{
    struct outcome o = { .why = ir_interp(cpu, r) };
    o.pc = cpu->pc;
    o.imm = o.why == IR_LEAVE_SYSCALL ? cpu->leave_imm : 0;
    return o;
}

static struct outcome run_translated(struct cpu *cpu)
{
    struct outcome o = { .why = (enum ir_leave)host_enter(cpu, &stubs, code + code_start) };
    o.pc = cpu->pc;
    o.imm = o.why == IR_LEAVE_SYSCALL ? cpu->leave_imm : 0;
    if (o.why == IR_LEAVE_LINK) {
        o.why = IR_LEAVE_LOOKUP;
        o.pc = cpu->link < out.nlinks ? out.links[cpu->link].pc : ~0ull;
    }
    return o;
}

static const char *difference(struct outcome a, struct outcome b, bool precise)
{
    static char text[160];
    if (a.why != b.why || a.pc != b.pc || a.imm != b.imm) {
        snprintf(text, sizeof text, "leaves with %d at %#llx imm %#llx, should %d, %#llx, %#llx", a.why,
                 (unsigned long long)a.pc, (unsigned long long)a.imm, b.why, (unsigned long long)b.pc,
                 (unsigned long long)b.imm);
        return text;
    }
    for (unsigned k = 0; k < A64_NREGS; k++) {
        char *x = (char *)cpus[0] + a64_regs[k].offset, *y = (char *)cpus[1] + a64_regs[k].offset;
        uint64_t v[2][2] = { { 0 } };
        if (a64_regs[k].type == IR_FLG) {
            if (b.pc >= EXIT_PC && b.pc & 1 && !precise)
                continue; /* an exit with dead flags */
            v[0][0] = a64_get_nzcv(cpus[0]);
            v[1][0] = a64_get_nzcv(cpus[1]);
        } else {
            size_t n = a64_regs[k].type == IR_V128 ? 16 : 8;
            memcpy(v[0], x, n);
            memcpy(v[1], y, n);
        }
        if (v[0][0] == v[1][0] && v[0][1] == v[1][1])
            continue;
        snprintf(text, sizeof text, "%s is %#llx_%016llx, should be %#llx_%016llx", a64_regs[k].name,
                 (unsigned long long)v[0][1], (unsigned long long)v[0][0], (unsigned long long)v[1][1],
                 (unsigned long long)v[1][0]);
        return text;
    }
    if (memcmp(after, memory, MEMORY))
        return "memory";
    uint32_t fa = cpus[0]->guest_mxcsr & 0x3d, fb = cpus[1]->guest_mxcsr & 0x3d;
    fa |= lazy_fcmp; /* a comparison that one way only looks at need not be made on the other */
    fb |= lazy_fcmp;
    if (fa != fb && (fa | 16) != fb) {
        snprintf(text, sizeof text, "cumulative flags are %#x, should be %#x", fa, fb);
        return text;
    }
    return NULL;
}

/* What the code generator is asked to do the same as a raw region. */
struct trial {
    uint64_t seed;    /* of the states */
    bool optimised;
    unsigned features;
    bool gs;
};

static unsigned operations(const struct ir_region *r)
{
    unsigned n = 0;
    for (uint32_t b = 0; b < r->nblocks; b++)
        for (uint32_t i = r->blocks[b].first; i < r->blocks[b].end; i++) {
            unsigned op = r->insts[i].op;
            n += op != IR_nop && op != IR_insn && op != IR_get;
        }
    return n;
}

/* Compiles raw and compares it on some states. NULL: they agree, or it was refused (*gave_up).
 * made: the region that was compiled. */
static const char *attempt(const struct ir_region *raw, const struct trial *t, struct ir_region *made,
                           bool *gave_up)
{
    static char text[256];
    uint32_t at;
    const char *volatile stage = "passes";
    *gave_up = false;
    int sig = sigsetjmp(on_signal, 1);
    if (sig) {
        __asm__ volatile("ldmxcsr %0" : : "m"((uint32_t){ 0x1f80 }));
        limit_time(0);
        snprintf(text, sizeof text, "%s: %s", stage, strsignal(sig));
        return text;
    }
    if (ir_verify(raw, &at) || !ir_region_copy(made, raw))
        return NULL;
    unsigned set = host_npins(&features[t->features], true) > 12;
    made->target = fitting[set];
    stubs = stub_sets[set];
    for (unsigned k = 0; k < 2; k++)
        *(uint64_t *)(uintptr_t)cpus[k]->ret_base = (uint64_t)(uintptr_t)stubs.at[STUB_RET_EMPTY];
    made->precise_flags = raw->precise_flags;
    lazy_fcmp = 0;
    for (uint32_t i = 1; i < raw->ninsts; i++)
        if (raw->insts[i].op == IR_fcmp)
            lazy_fcmp = 3; /* invalid, denormal */
    if (t->optimised)
        ir_optimise(made);
    else
        ir_pass_dead(made);
    stage = "host_xlate";
    struct host_xlate_opts o = { .hf = &features[t->features], .stubs = &stubs, .insn_shift = 2,
                                 .gs = t->gs };
    size_t len = host_xlate(made, &o, code + code_start, CODE - code_start, 0, &out);
    if (!len) {
        *gave_up = true;
        return NULL;
    }
    for (uint32_t k = 0; k < out.nlinks; k++)
    for (unsigned n = 0; n < STATES; n++) {
        stage = "interpreter";
        set_state(cpus[0], t->seed + n);
        set_state(cpus[1], t->seed + n);
        memcpy(memory, contents, MEMORY);
        limit_time(100000);
        struct outcome want = run_interpreted(cpus[1], raw);
        memcpy(after, memory, MEMORY);
        memcpy(memory, contents, MEMORY);
        stage = "translated code";
        struct outcome got = run_translated(cpus[0]);
        limit_time(0);
        const char *wrong = difference(got, want, !t->optimised && raw->precise_flags);
        if (wrong)
            return wrong;
    }
    return NULL;
}

/* --------------------------------------------------------------- making smaller */

/* A change is kept if the region still goes wrong the same way: refused (how NULL), a signal or an
 * assertion in the same stage, or a difference. */
static bool still_bad(const struct ir_region *r, const struct trial *t, const char *how)
{
    static struct ir_region made;
    bool gave_up;
    if (!made.target)
        ir_region_init(&made, &table);
    const char *wrong = attempt(r, t, &made, &gave_up);
    if (!how || !wrong)
        return !how && !wrong && gave_up;
    size_t n = strcspn(how, ":");
    return how[n] ? !strncmp(how, wrong, n + 1) : !wrong[strcspn(wrong, ":")];
}

static void replace_uses(struct ir_region *r, uint32_t v, ir_ref by)
{
    for (uint32_t i = 1; i < r->ninsts; i++)
        for (unsigned k = 0; k < 4; k++)
            if (r->insts[i].arg[k] == v)
                r->insts[i].arg[k] = by;
}

static bool try_change(struct ir_region *r, const struct trial *t, const char *how, uint32_t i,
                       struct ir_inst with, ir_ref uses)
{
    static struct ir_region kept;
    if (!kept.target)
        ir_region_init(&kept, &table);
    if (!ir_region_copy(&kept, r))
        return false;
    bool precise = r->precise_flags;
    r->insts[i] = with;
    if (uses)
        replace_uses(r, i, uses);
    if (still_bad(r, t, how))
        return true;
    ir_region_copy(r, &kept);
    r->precise_flags = precise;
    return false;
}

static bool used(const struct ir_region *r, uint32_t v)
{
    for (uint32_t i = v + 1; i < r->ninsts; i++)
        for (unsigned k = 0; k < 4; k++)
            if (r->insts[i].arg[k] == v)
                return true;
    return false;
}

static void make_smaller(struct ir_region *r, const struct trial *t, const char *how)
{
    bool changed = true;
    for (unsigned round = 0; changed && round < 8; round++) {
        changed = false;
        for (uint32_t i = r->ninsts - 1; i > 0; i--) {
            struct ir_inst p = r->insts[i];
            if (p.op == IR_nop || p.op == IR_insn)
                continue;
            if (p.op == IR_br) {
                struct ir_inst j = { .op = IR_jmp, .imm = (uint32_t)p.imm };
                if (try_change(r, t, how, i, j, 0)) {
                    changed = true;
                    continue;
                }
                j.imm = (uint32_t)(p.imm >> 32);
                changed |= try_change(r, t, how, i, j, 0);
                continue;
            }
            if (ir_opinfo[p.op].effects & IR_E_TERM) {
                struct ir_inst j = { .op = IR_goto, .imm = EXIT_PC };
                if (p.op != IR_goto)
                    changed |= try_change(r, t, how, i, j, 0);
                continue;
            }
            struct ir_inst nothing = { .op = IR_nop };
            if (p.type == IR_VOID || !used(r, i)) {
                changed |= try_change(r, t, how, i, nothing, 0);
                continue;
            }
            for (unsigned k = 0; k < 4; k++) /* an operand of the same type, then constants */
                if (p.arg[k] && ir_type_of(r, p.arg[k]) == p.type &&
                    try_change(r, t, how, i, nothing, p.arg[k])) {
                    changed = true;
                    goto next;
                }
            for (unsigned v = 0; v < 2; v++) {
                if (p.type == IR_FLG) {
                    struct ir_inst j = { .op = IR_flpack, .type = IR_FLG };
                    j.arg[0] = ir_const(r, IR_I32, 0x60000000u << v);
                    if (p.op != IR_flpack && try_change(r, t, how, i, j, 0)) {
                        changed = true;
                        break;
                    }
                    continue;
                }
                if (try_change(r, t, how, i, nothing, ir_const(r, (enum ir_type)p.type, v))) {
                    changed = true;
                    break;
                }
            }
        next:;
        }
    }
}

/* --------------------------------------------------------------------- the test */

static void report_case(struct ir_region *raw, const struct trial *t, uint64_t seed, const char *wrong,
                        bool refusal)
{
    char first[256];
    static struct ir_region made;
    if (!made.target)
        ir_region_init(&made, &table);
    snprintf(first, sizeof first, "%s", wrong);
    make_smaller(raw, t, refusal ? NULL : first);
    bool gave_up;
    const char *now = attempt(raw, t, &made, &gave_up);
    printf("FAIL alloc_test %llu 1: %s%s%s: %s\n", (unsigned long long)seed,
           t->optimised ? "optimised" : "as built", t->features ? ", features " : "",
           t->features ? feature_lists[t->features] : "", first);
    printf("--- smallest: %s\n", now ? now : "refused");
    ir_print(stdout, raw);
    if (t->optimised) {
        printf("--- optimised\n");
        ir_print(stdout, &made);
    }
    if (!gave_up && getenv("ALLOC_TEST_ASM"))
        disas_host(stdout, code + code_start, out.code_len, (uintptr_t)code + code_start);
    fflush(stdout);
}

static void test_random(uint64_t seed, uint64_t count, bool show)
{
    static struct ir_region raw, made;
    ir_region_init(&raw, &table);
    ir_region_init(&made, &table);
    for (uint64_t end = seed + count; seed < end && failed < 5; seed++) {
        choose_roles(seed);
        generate(&raw, &machine, seed, true);
        uint32_t at;
        const char *wrong = ir_verify(&raw, &at);
        if (!check(!wrong, "alloc_test %llu 1: the generator's region: %s at %%%u",
                   (unsigned long long)seed, wrong, at))
            continue;
        if (show)
            ir_print(stdout, &raw);
        for (unsigned o = 0; o < 2; o++) {
            struct trial t = { seed * 8, o, (unsigned)(seed + o * (seed >> 2)) % NFEATURES, seed & 64 };
            bool gave_up;
            wrong = attempt(&raw, &t, &made, &gave_up);
            compiled++;
            if (gave_up) {
                refused++;
                if (operations(&made) <= ORDINARY) {
                    ordinary++;
                    wrong = count == 1 || ordinary * 5000 > compiled + 5000 ? "refused" : NULL;
                }
            }
            if (!wrong) {
                passed++;
                continue;
            }
            failed++;
            report_case(&raw, &t, seed, wrong, gave_up);
            break;
        }
    }
    ir_region_free(&raw);
    ir_region_free(&made);
}

int main(int argc, char **argv)
{
    char err[128];
    bool show = argc > 1 && strcmp(argv[1], "-s") == 0;
    argc -= show;
    argv += show;
    for (unsigned k = 0; k < NFEATURES; k++)
        features[k] = *host_features_get(feature_lists[k], err, sizeof err);
    static struct ir_helper own[] = {
        { "pure2", (void *)helper_pure, IR_PURE, IR_I64, 2 },
        { "state1", (void *)change_register, IR_STATE, IR_I64, 1 },
        { "leave1", (void *)helper_leave, IR_MAY_LEAVE, IR_VOID, 1 },
    };
    table = (struct ir_target){ .regs = a64_regs, .nregs = A64_NREGS, .helpers = own, .nhelpers = 3 };
    machine = (struct gen_machine){ .target = &table, .nzcv = A64_nzcv, .pure2 = T_PURE2,
                                    .state1 = T_STATE1, .leave1 = T_LEAVE1, .origin = ORIGIN };
    code = mmap(NULL, CODE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *low = mmap(memory, MEMORY, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (code == MAP_FAILED || low != memory) {
        puts("FAIL cannot map memory\n0 passed, 1 failed");
        return 1;
    }
    for (unsigned k = 0; k < 2; k++) {
        fitting[k] = host_fit_pins(&table, 32, k ? 32 : 12);
        code_start += (host_emit_stubs(&stub_sets[k], fitting[k], 2, 0, false, code + code_start, 65536, 0) + 63) & ~(size_t)63;
    }
    stubs = stub_sets[0];
    out.relocs = calloc(out.cap_relocs = 4096, sizeof *out.relocs);
    out.links = calloc(out.cap_links = 4096, sizeof *out.links);
    out.faults = calloc(out.cap_faults = 4096, sizeof *out.faults);
    cpus[0] = new_cpu();
    cpus[1] = new_cpu();
    struct gen g = { .seed = 99 };
    for (unsigned k = 0; k < MEMORY / 8; k++) {
        uint64_t v = interesting(&g);
        memcpy(contents + 8 * k, &v, 8);
    }
    static char stack[65536];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    struct sigaction sa = { .sa_handler = caught, .sa_flags = SA_ONSTACK | SA_NODEFER };
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGVTALRM };
    for (unsigned k = 0; k < sizeof signals / sizeof *signals; k++)
        sigaction(signals[k], &sa, NULL);
    test_random(argc > 1 ? strtoull(argv[1], NULL, 0) : 1,
                argc > 2 ? strtoull(argv[2], NULL, 0) : 20000, show);
    printf("%lu compilations, %lu refused, %lu of ordinary size\n", compiled, refused, ordinary);
    return report();
}
