/*
 * Random regions: what the builder and the passes make of a region does the same as the region.
 *
 * A program of guest-like instructions is built twice from one seed, raw and folding, over several
 * blocks with forward branches and bounded loops. The raw one is interpreted as it stands; the
 * folded one, the optimised one, and one that went through text and ir_pass_fold must end with the
 * same registers, memory and exit. Some accesses fault: then all registers must be exact at the
 * fault, flags too unless the guest sets them before it reads them, which is tried by going on
 * after the fault.
 *
 *     ir_random [SEED [COUNT]]   `ir_random SEED 1` repeats a case and prints it
 *     ir_random -b               measures the builder instead
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include "ir_gen.h"

enum { MEMORY = 16384, GUARD = 0x22000 };

static char *memory[2]; /* with a guard that can't be reached behind it */
static sigjmp_buf on_fault;

static void segv(int sig)
{
    (void)sig;
    siglongjmp(on_fault, 1);
}

static const struct gen_machine machine = {
    .target = &test_target, .x = {0, 1, 2, 3, 4, 5, T_X6, T_X7}, .q = {T_Q0, T_Q0 + 1, T_Q0 + 2, T_Q3},
    .nzcv = T_NZCV, .pure2 = T_PURE2, .state1 = T_STATE1, .leave1 = T_LEAVE1, .faults = true,
};

/* ------------------------------------------------------------------ running */

struct outcome {
    int why; /* enum ir_leave, or -1: fault */
    uint64_t pc, imm;
};

static struct cpu machines[2];
static char contents[MEMORY];

static uint64_t *slot(struct cpu *cpu, unsigned reg)
{
    return (uint64_t *)((char *)cpu + test_target.regs[reg].offset);
}

static void prepare(unsigned m, uint64_t seed)
{
    struct cpu *cpu = &machines[m];
    struct gen g = {.seed = seed ^ 0x5bd1e995};
    memset(cpu, 0, offsetof(struct cpu, jump_cache));
    memcpy(memory[m], contents, MEMORY);
    for (unsigned k = 0; k < 6; k++)
        *slot(cpu, k) = interesting(&g);
    *slot(cpu, T_X6) = pick(&g, 3) ? 0x400 + pick(&g, 0x800) : MEMORY - pick(&g, 0x600);
    *slot(cpu, T_X7) = 4;
    uint16_t flags = ir_flags_to_slot(pick(&g, 16) << 28);
    memcpy(slot(cpu, T_NZCV), &flags, 2);
    for (unsigned k = 0; k < 8; k++)
        slot(cpu, T_Q0)[k] = interesting(&g);
    cpu->guest_base = (uint64_t)(uintptr_t)memory[m];
    cpu->guest_mxcsr = 0x1f80;
}

static struct outcome run(unsigned m, const struct ir_region *r)
{
    struct cpu *cpu = &machines[m];
    volatile int why = -1;
    if (sigsetjmp(on_fault, 0) == 0)
        why = (int)ir_interp(cpu, r);
    return (struct outcome){why, cpu->pc, why == -1 ? 0 : cpu->leave_imm};
}

static uint32_t nzcv(unsigned m)
{
    uint16_t flags;
    memcpy(&flags, slot(&machines[m], T_NZCV), 2);
    return ir_flags_from_slot(flags);
}

/* What differs between the machines, or NULL. */
static const char *difference(struct outcome a, struct outcome b, bool flags)
{
    static char text[64];
    if (a.why != b.why || a.pc != b.pc || a.imm != b.imm)
        return "exit";
    for (unsigned k = 0; k < 8; k++)
        if (*slot(&machines[0], k) != *slot(&machines[1], k)) {
            snprintf(text, sizeof(text), "x%u: %#llx, %#llx", k,
                     (unsigned long long)*slot(&machines[0], k),
                     (unsigned long long)*slot(&machines[1], k));
            return text;
        }
    if (memcmp(slot(&machines[0], T_Q0), slot(&machines[1], T_Q0), 64))
        return "vectors";
    if (memcmp(memory[0], memory[1], MEMORY))
        return "memory";
    if (machines[0].guest_mxcsr != machines[1].guest_mxcsr)
        return "cumulative flags";
    if (a.pc >= EXIT_PC && a.pc & 1)
        flags = false; /* an exit with dead flags */
    if (flags && nzcv(0) != nzcv(1)) {
        snprintf(text, sizeof(text), "nzcv: %#x, %#x", nzcv(0), nzcv(1));
        return text;
    }
    return NULL;
}

/* Goes on at instruction pc of the raw region r, as a new translation after a signal would. */
static struct outcome resume(unsigned m, const struct ir_region *r, uint64_t pc)
{
    struct ir_region from = *r;
    struct ir_block blocks[32];
    memcpy(blocks, r->blocks, r->nblocks * sizeof(*blocks));
    from.blocks = blocks;
    for (uint32_t b = 1; b < r->nblocks; b++)
        for (uint32_t v = r->blocks[b].first; v < r->blocks[b].end; v++)
            if (r->insts[v].op == IR_insn && (uint64_t)r->insts[v].imm == pc) {
                blocks[0].first = v;
                blocks[0].end = r->blocks[b].end;
            }
    return run(m, &from);
}

static bool compare(const char *stage, uint64_t seed, const struct ir_region *raw,
                    const struct ir_region *other, bool precise)
{
    uint32_t at;
    const char *wrong = ir_verify(other, &at);
    if (!wrong) {
        prepare(0, seed);
        prepare(1, seed);
        struct outcome a = run(0, raw), b = run(1, other);
        wrong = difference(a, b, precise || a.why != -1);
        if (!wrong && a.why == -1) {
            for (unsigned m = 0; m < 2; m++)
                mprotect(memory[m] + MEMORY, GUARD, PROT_READ | PROT_WRITE);
            uint64_t pc = a.pc;
            a = resume(0, raw, pc);
            b = resume(1, raw, pc);
            wrong = a.why == -1 ? "faults without guard" : difference(a, b, true);
            for (unsigned m = 0; m < 2; m++) {
                madvise(memory[m] + MEMORY, GUARD, MADV_DONTNEED);
                mprotect(memory[m] + MEMORY, GUARD, PROT_NONE);
            }
        }
    }
    if (check(!wrong, "ir_random %llu 1: %s: %s", (unsigned long long)seed, stage, wrong))
        return true;
    printf("--- raw\n");
    ir_print(stdout, raw);
    printf("--- %s\n", stage);
    ir_print(stdout, other);
    return false;
}

static char *printed(const struct ir_region *r)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    ir_print(f, r);
    fclose(f);
    return text;
}

static void test_random(uint64_t seed, unsigned count)
{
    struct ir_region raw, folded, text;
    uint32_t at;
    char err[128];
    ir_region_init(&raw, &test_target);
    ir_region_init(&folded, &test_target);
    ir_region_init(&text, &test_target);
    for (uint64_t end = seed + count; seed < end && failed < 5; seed++) {
        generate(&raw, &machine, seed, true);
        const char *wrong = ir_verify(&raw, &at);
        if (!check(!wrong, "ir_random %llu 1: raw: %s at %%%u", (unsigned long long)seed, wrong,
                   at)) {
            ir_print(stdout, &raw);
            continue;
        }
        generate(&folded, &machine, seed, false);
        bool precise = raw.precise_flags;
        if (!compare("folded", seed, &raw, &folded, true))
            continue;
        ir_optimise(&folded);
        if (!compare("optimised", seed, &raw, &folded, precise))
            continue;
        if (seed % 8)
            continue;
        char *once = printed(&raw);
        if (check(ir_parse(&text, once, err, sizeof(err)), "ir_random %llu 1: %s",
                  (unsigned long long)seed, err)) {
            char *twice = printed(&text);
            check(strcmp(once, twice) == 0, "ir_random %llu 1: reads back differently",
                  (unsigned long long)seed);
            free(twice);
            text.precise_flags = precise;
            ir_optimise(&text);
            compare("read and optimised", seed, &raw, &text, precise);
        }
        free(once);
    }
    ir_region_free(&raw);
    ir_region_free(&folded);
    ir_region_free(&text);
}

/* ---------------------------------------------------------------- benchmark */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* A block as a frontend emits it: 12 instructions of compiled C. Returns how many ir_emit it took.
 */
static unsigned typical_block(struct ir_region *r)
{
    unsigned n = 0;
    ir_ref a, b, s;
    ir_region_reset(r, &test_target);
    ir_block_new(r, 0x1000);
    unsigned b1 = ir_block_new(r, 0x1030), b2 = ir_block_new(r, 0x1034);
    ir_block_begin(r, 0, false);
    for (unsigned k = 0; k < 3; k++) {
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1000); /* ldr x1, [x0, #8] */
        a = ir2(r, IR_add, IR_I64, ir_get(r, 0), ir_const(r, IR_I64, 8));
        ir_set(r, 1, ir_emit(r, IR_load, IR_I64, a, 0, 0, 0, IR_MEM(3, 0, 0, 0), 0));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1004); /* add x2, x1, x3, lsl #2 */
        b = ir2(r, IR_shl, IR_I64, ir_get(r, 3), ir_const(r, IR_I32, 2));
        ir_set(r, 2, ir2(r, IR_add, IR_I64, ir_get(r, 1), b));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1008); /* and w4, w2, #0xff */
        a = ir1(r, IR_trunc, IR_I32, ir_get(r, 2));
        a = ir2(r, IR_and, IR_I32, a, ir_const(r, IR_I32, 0xff));
        ir_set(r, 4, ir1i(r, IR_zext, IR_I64, a, 32));
        ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x100c); /* subs w5, w4, w1 */
        a = ir1(r, IR_trunc, IR_I32, ir_get(r, 4));
        b = ir1(r, IR_trunc, IR_I32, ir_get(r, 1));
        s = ir2(r, IR_sub, IR_I32, a, b);
        ir_ref f = ir2(r, IR_flsub, IR_FLG, a, b);
        ir_set(r, 5, ir1i(r, IR_zext, IR_I64, s, 32));
        ir_set(r, T_NZCV, f);
        n += 1 + 4 + 1 + 5 + 1 + 5 + 1 + 9;
    }
    ir_emit(r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0x1010); /* b.lt */
    a = ir_emit(r, IR_cc, IR_I32, ir_get(r, T_NZCV), 0, 0, 0, IR_LT, 0);
    ir_emit(r, IR_br, IR_VOID, a, 0, 0, 0, 0, two_targets(b1, b2));
    ir_block_begin(r, b1, true);
    ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x1030);
    ir_block_begin(r, b2, false);
    ir_emit(r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x2000);
    return n + 6;
}

static void bench_builder(void)
{
    enum { ROUNDS = 200000 };
    struct ir_region r;
    ir_region_init(&r, &test_target);
    double start = now();
    unsigned long n = 0;
    for (unsigned k = 0; k < ROUNDS; k++)
        n += typical_block(&r);
    double built = now();
    for (unsigned k = 0; k < ROUNDS; k++) {
        typical_block(&r);
        ir_optimise(&r);
    }
    double all = now();
    printf("ir_emit: %.1f ns each (%lu per block of 13 instructions, reset and blocks included)\n",
           (built - start) / (double)n, n / ROUNDS);
    printf("building: %.0f ns, ir_optimise: %.0f ns per guest instruction\n",
           (built - start) / ROUNDS / 13, (all - built - (built - start)) / ROUNDS / 13);
    ir_region_free(&r);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "-b") == 0) {
        bench_builder();
        return 0;
    }
    struct sigaction sa = {.sa_handler = segv, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    for (unsigned m = 0; m < 2; m++) {
        memory[m] = mmap(NULL, MEMORY + GUARD, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory[m] == MAP_FAILED || mprotect(memory[m], MEMORY, PROT_READ | PROT_WRITE)) {
            puts("no memory");
            return 1;
        }
    }
    struct gen g = {.seed = 99};
    for (unsigned k = 0; k < MEMORY / 8; k++) {
        uint64_t v = interesting(&g);
        memcpy(contents + 8 * k, &v, 8);
    }
    test_random(argc > 1 ? strtoull(argv[1], NULL, 0) : 1,
                argc > 2 ? (unsigned)strtoul(argv[2], NULL, 0) : 20000);
    return report();
}
