/*
 * How guest_translate cuts code into regions: block ends, loops, exits, polls, look-ahead for dead
 * flags, windows, limits, odd program counters; and that extended regions compute what plain ones do
 * (random code with branches, both by the IR interpreter).
 *
 *     translate_test [SEED [ROUNDS]]
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "aarch64.h"
#include "aarch64_decode.h"

enum { BASE = 0x400000 };

static struct ir_region r;
static struct cpu_model model;
static unsigned long passed, failed;

/* Instructions used below. */
enum {
    NOP = 0xd503201f, ADD = 0x91000400, /* add x0, x0, #1 */
    CMP = 0xf100001f, /* cmp x0, #0 */
    ADC = 0x9a010000, /* adc x0, x0, x1 */
    RET = 0xd65f03c0, BR = 0xd61f0000, BLR = 0xd63f0000, SVC = 0xd4000001, UDF = 0,
    LDR = 0xf9400020, ISB = 0xd5033fdf
};
static uint32_t b(int n) { return 0x14000000 | (n & 0x3ffffff); }
static uint32_t bl(int n) { return 0x94000000 | (n & 0x3ffffff); }
static uint32_t b_ne(int n) { return 0x54000001 | (n & 0x7ffff) << 5; }
static uint32_t cbz(int n) { return 0xb4000000 | (n & 0x7ffff) << 5; }

static void expect(bool ok, const char *what, int line)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    printf("%s:%d: %s\n", __FILE__, line, what);
    ir_print(stdout, &r);
}
#define EXPECT(x) expect(x, #x, __LINE__)

static bool over_calls;

/* Translates the words from index start on; max_insns, precise and blocks as guest_translate has them. */
static void translate(const uint32_t *words, size_t n, size_t start, unsigned max, bool precise,
                      unsigned blocks)
{
    struct code_window w = { (const uint8_t *)(words + start), BASE + 4 * start, 4 * (n - start),
                             4 * start };
    uint32_t at;
    ir_region_reset(&r, guest_aarch64.ir);
    guest_translate_extended(&r, &guest_aarch64, &model, w, max, precise, blocks, over_calls);
    const char *wrong = ir_verify(&r, &at);
    expect(!wrong, wrong ? wrong : "", __LINE__);
}
#define TRANSLATE(start, max, precise, blocks, ...)                                     \
    do {                                                                                \
        const uint32_t words[] = { __VA_ARGS__ };                                       \
        translate(words, sizeof words / sizeof *words, start, max, precise, blocks);    \
    } while (0)

static const struct ir_inst *end_of(unsigned block)
{
    return &r.insts[r.blocks[block].end - 1];
}
static bool goes_to(unsigned block, uint64_t target, bool dead)
{
    return end_of(block)->op == IR_goto && (uint64_t)end_of(block)->imm == target &&
           (end_of(block)->aux & 1) == dead;
}
static unsigned way(unsigned block, bool taken)
{
    return (unsigned)((uint64_t)end_of(block)->imm >> (taken ? 0 : 32));
}

/* ------------------------------------------------------------------- shapes */

static void test_ends(void)
{
    TRANSLATE(0, 0, false, 1, ADD, ADD, b(4));
    EXPECT(r.ninsns == 3 && r.end_pc == BASE + 12 && goes_to(0, BASE + 24, false));
    EXPECT(!r.blocks[0].poll && r.blocks[0].entry);
    TRANSLATE(0, 0, false, 1, ADD, RET, ADD);
    EXPECT(r.ninsns == 2 && end_of(0)->op == IR_retg && !r.blocks[0].poll);
    TRANSLATE(0, 0, false, 1, BR);
    EXPECT(end_of(0)->op == IR_gotoi && r.blocks[0].poll);
    TRANSLATE(0, 0, false, 1, BLR);
    EXPECT(end_of(0)->op == IR_calli && r.blocks[0].poll);
    EXPECT(ir_const_value(&r, end_of(0)->arg[1]) == BASE + 4);
    TRANSLATE(0, 0, false, 1, bl(8));
    EXPECT(end_of(0)->op == IR_callg && end_of(0)->imm == BASE + 32 && r.blocks[0].poll);
    over_calls = true; /* where the call returns to is an entry that knows nothing; it is not beyond a limit */
    TRANSLATE(0, 0, false, 2, bl(8), ADD, RET, ADD);
    EXPECT(r.ninsns == 3 && end_of(0)->op == IR_callg && r.blocks[1].entry && r.blocks[1].pc == BASE + 4);
    EXPECT(end_of(1)->op == IR_retg && !r.blocks[1].poll && r.blocks[0].poll);
    TRANSLATE(0, 0, false, 2, BLR, ADD, bl(8), ADD);
    EXPECT(r.ninsns == 3 && end_of(1)->op == IR_callg && r.nblocks == 2);
    TRANSLATE(0, 1, false, 2, bl(8), ADD, RET);
    EXPECT(r.ninsns == 1 && r.nblocks == 1);
    over_calls = false;
    TRANSLATE(0, 0, false, 1, ADD, SVC, ADD);
    EXPECT(end_of(0)->op == IR_leave && end_of(0)->aux == IR_LEAVE_SYSCALL);
    EXPECT(ir_const_value(&r, end_of(0)->arg[0]) == BASE + 8);
    TRANSLATE(0, 0, false, 1, ADD, UDF);
    EXPECT(end_of(0)->aux == IR_LEAVE_UNDEF && ir_const_value(&r, end_of(0)->arg[0]) == BASE + 4);
    TRANSLATE(0, 0, false, 1, ADD, ISB, ADD);
    EXPECT(r.ninsns == 2 && end_of(0)->op == IR_leave && end_of(0)->aux == IR_LEAVE_LOOKUP);
}

static void test_branches(void)
{
    TRANSLATE(0, 0, false, 1, CMP, b_ne(4), ADD);
    EXPECT(r.nblocks == 3 && end_of(0)->op == IR_br);
    EXPECT(goes_to(way(0, true), BASE + 20, false) && goes_to(way(0, false), BASE + 8, false));
    EXPECT(!r.blocks[0].poll);
    TRANSLATE(2, 0, false, 1, ADD, ADD, CMP, b_ne(-2)); /* backward, not to the entry */
    EXPECT(r.blocks[0].poll == false || way(0, true) != 0);
    TRANSLATE(0, 0, false, 1, ADD, cbz(-1)); /* a loop */
    EXPECT(end_of(0)->op == IR_br && way(0, true) == 0 && r.blocks[0].poll && r.nblocks == 2);
    TRANSLATE(0, 0, false, 1, ADD, b(-1));
    EXPECT(end_of(0)->op == IR_jmp && end_of(0)->imm == 0 && r.blocks[0].poll);
    TRANSLATE(0, 1, false, 1, b(0)); /* stepped: no loop inside */
    EXPECT(goes_to(0, BASE, false) && r.blocks[0].poll);
    TRANSLATE(1, 0, false, 1, ADD, ADD, cbz(-2));
    EXPECT(r.nblocks == 3 && r.blocks[0].poll);
    TRANSLATE(0, 0, false, 1, ADD, ADD, cbz(-1)); /* into itself: that block polls, not this */
    EXPECT(r.nblocks == 3 && !r.blocks[0].poll);
    TRANSLATE(0, 0, false, 1, b_ne(1), ADD); /* to the next instruction */
    EXPECT(r.nblocks == 1 && goes_to(0, BASE + 4, false));
    TRANSLATE(0, 0, false, 1, 0x54000000 | 4 << 5 | 14, ADD); /* b.al */
    EXPECT(r.nblocks == 1 && goes_to(0, BASE + 16, false));
    TRANSLATE(0, 0, false, 1, 0xb4000000 | 4 << 5 | 31, ADD); /* cbz xzr */
    EXPECT(r.nblocks == 1 && goes_to(0, BASE + 16, false));
}

static void test_limits(void)
{
    uint32_t many[100];
    for (int i = 0; i < 100; i++)
        many[i] = ADD;
    translate(many, 100, 0, 0, false, 1);
    EXPECT(r.ninsns == 64 && goes_to(0, BASE + 256, false) && !r.blocks[0].poll);
    translate(many, 100, 0, 1, false, 1);
    EXPECT(r.ninsns == 1 && goes_to(0, BASE + 4, false));
    translate(many, 7, 0, 0, false, 1); /* the window ends */
    EXPECT(r.ninsns == 7 && goes_to(0, BASE + 28, false) && r.end_pc == BASE + 28);
    for (size_t len = 0; len < 4; len++) {
        struct code_window w = { (const uint8_t *)many, BASE, len };
        ir_region_reset(&r, guest_aarch64.ir);
        guest_translate(&r, &guest_aarch64, &model, w, 0, false);
        EXPECT(end_of(0)->op == IR_leave && end_of(0)->aux == IR_LEAVE_FETCH && !end_of(0)->imm);
    }
    struct code_window odd = { (const uint8_t *)many, BASE + 2, 64 };
    ir_region_reset(&r, guest_aarch64.ir);
    guest_translate(&r, &guest_aarch64, &model, odd, 0, false);
    EXPECT(end_of(0)->aux == IR_LEAVE_FETCH && end_of(0)->imm == 1);
    struct code_window tagged = { NULL, 0x5a00000000000000 | BASE, 0 };
    ir_region_reset(&r, guest_aarch64.ir);
    guest_translate(&r, &guest_aarch64, &model, tagged, 0, false);
    EXPECT(goes_to(0, BASE, false) && !r.ninsns);
}

/* --------------------------------------------------------------- look-ahead */

static void test_flags(void)
{
    TRANSLATE(0, 0, false, 1, CMP, b(1), CMP);
    EXPECT(goes_to(0, BASE + 8, true) && r.seen_hi == BASE + 12);
    TRANSLATE(0, 0, true, 1, CMP, b(1), CMP);
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(1), ADC, CMP);
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(2), UDF, ADD, b(2), UDF, CMP); /* along a branch */
    EXPECT(goes_to(0, BASE + 12, true) && r.seen_hi == BASE + 28);
    TRANSLATE(0, 0, false, 1, CMP, b(1), bl(2), ADC, CMP); /* into a function that is known */
    EXPECT(goes_to(0, BASE + 8, true));
    TRANSLATE(0, 0, false, 1, CMP, b(1), BLR, CMP, CMP);
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(3, 0, false, 1, CMP, ADD, ADD, CMP, b(-4)); /* before the region, in the window */
    EXPECT(goes_to(0, BASE, true) && r.seen_lo == BASE && r.seen_hi == BASE + 20);
    TRANSLATE(0, 0, false, 1, CMP, b(1), cbz(3), CMP, UDF, CMP); /* both ways of a branch */
    EXPECT(goes_to(0, BASE + 8, true));
    TRANSLATE(0, 0, false, 1, CMP, b(1), cbz(3), CMP, UDF, ADC);
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(1), b_ne(2), CMP, CMP); /* reads flags */
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(1), ADD); /* the window ends */
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(1), ADD, ADD, ADD, ADD, ADD, ADD, ADD, ADD,
              ADD, ADD, ADD, ADD, CMP); /* too far */
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b(1), SVC, CMP);
    EXPECT(goes_to(0, BASE + 8, false));
    TRANSLATE(0, 0, false, 1, CMP, b_ne(-1), CMP); /* loop: dead at its entry */
    EXPECT(way(0, true) == 0 && r.blocks[0].flags_dead && goes_to(way(0, false), BASE + 8, true));
    TRANSLATE(0, 0, false, 1, ADC, CMP, b_ne(-2), CMP);
    EXPECT(way(0, true) == 0 && !r.blocks[0].flags_dead);
    TRANSLATE(0, 0, false, 1, CMP, b(0)); /* a cycle without end */
    EXPECT(goes_to(0, BASE + 4, false));
}

/* -------------------------------------------------------------- extended */

static void test_extended(void)
{
    TRANSLATE(0, 0, false, 4, CMP, b_ne(8), ADD, cbz(8), ADD, RET);
    EXPECT(r.ninsns == 6 && r.nblocks == 5 && end_of(0)->op == IR_br);
    unsigned second = way(0, false), third = way(second, false);
    EXPECT(r.blocks[second].pc == BASE + 8 && end_of(second)->op == IR_br);
    EXPECT(r.blocks[third].pc == BASE + 16 && end_of(third)->op == IR_retg);
    EXPECT(goes_to(way(0, true), BASE + 36, false) && goes_to(way(second, true), BASE + 44, false));
    TRANSLATE(0, 0, false, 2, CMP, b_ne(8), ADD, cbz(8), ADD, RET); /* as many blocks as allowed */
    EXPECT(r.ninsns == 4 && goes_to(way(way(0, false), false), BASE + 16, false));
    TRANSLATE(0, 2, false, 4, CMP, b_ne(8), ADD, RET); /* as many instructions */
    EXPECT(r.ninsns == 2 && goes_to(way(0, false), BASE + 8, false));
    TRANSLATE(0, 0, false, 4, CMP, b_ne(8), ADD, b(-3)); /* a loop of two blocks */
    EXPECT(end_of(way(0, false))->op == IR_jmp && r.blocks[0].poll);
}

/* Runs words from index 0 until the pc is outside them. */
static void run(struct cpu *cpu, const uint32_t *words, size_t n, unsigned blocks)
{
    cpu->pc = BASE;
    for (int steps = 0; steps < 1000 && cpu->pc - BASE < 4 * n; steps++) {
        translate(words, n, (cpu->pc - BASE) / 4, 0, false, blocks);
        ir_optimise(&r);
        if (ir_interp(cpu, &r) != IR_LEAVE_LOOKUP)
            return;
    }
}

static bool is_plain(int row)
{
    static const char *const not[] = { "LD", "ST", "SWP", "CAS", "PRF", "SYS", "MRS", "MSR", "SVC",
                                       "BRK", "B", "UDF", "HLT", "HVC", "SMC", "RET", "CBZ", "CBNZ",
                                       "TBZ", "TBNZ", "F", "SCVT", "UCVT" };
    for (unsigned i = 0; i < sizeof not / sizeof *not; i++)
        if (!strncmp(a64_rows[row].name, not[i], strlen(not[i])) && strcmp(a64_rows[row].name, "BFM"))
            return false;
    return true;
}

static bool is_undefined(uint32_t word)
{
    translate(&word, 1, 0, 1, false, 1);
    return end_of(0)->op == IR_leave && end_of(0)->aux == IR_LEAVE_UNDEF;
}

static void test_random(uint64_t seed, unsigned rounds)
{
    static struct cpu start, a, c;
    enum { WORDS = 40 };
    uint32_t words[WORDS];
    for (unsigned k = 0; k < rounds; k++) {
        uint64_t rng = seed + k;
        for (int i = 0; i < WORDS; i++) {
            uint64_t v = decode_rand(&rng);
            int ahead = 1 + (int)(v >> 8 & 0xffff) % (WORDS - i);
            if (v % 4 == 0) {
                uint32_t f[] = { b(ahead), b_ne(ahead) + (uint32_t)(v >> 40) % 13, cbz(ahead) | (v >> 32 & 31),
                                 0x36000000 | (uint32_t)ahead << 5 | (v >> 32 & 0x80f8001f) };
                words[i] = f[v >> 4 & 3];
                continue;
            }
            do
                words[i] = a64_random((unsigned)(decode_rand(&rng) % A64_NROWS), &rng);
            while (!is_plain(a64_decode(words[i])) || is_undefined(words[i]));
        }
        guest_aarch64.reset(&start, &model);
        for (int i = 0; i < 31; i++)
            *a64_reg(&start, A64_X(i)) = decode_rand(&rng) >> (decode_rand(&rng) & 63);
        a64_set_nzcv(&start, (uint32_t)decode_rand(&rng) << 28);
        a = c = start;
        run(&a, words, WORDS, 1);
        run(&c, words, WORDS, 8);
        bool same = a.pc == c.pc && a64_get_nzcv(&a) == a64_get_nzcv(&c);
        for (int i = 0; i <= A64_sp; i++)
            same = same && *a64_reg(&a, A64_x0 + i) == *a64_reg(&c, A64_x0 + i);
        if (!same) {
            printf("random code of seed %" PRIu64 ": pc %" PRIx64 " against %" PRIx64 "\n", seed + k,
                   a.pc, c.pc);
            guest_aarch64.dump(&a, stdout);
            guest_aarch64.dump(&c, stdout);
        }
        same ? passed++ : failed++;
    }
}

int main(int argc, char **argv)
{
    char err[128];
    if (guest_aarch64.parse_cpu("max", &model, err, sizeof err))
        return 2;
    ir_region_init(&r, guest_aarch64.ir);
    test_ends();
    test_branches();
    test_limits();
    test_flags();
    test_extended();
    test_random(argc > 1 ? strtoull(argv[1], NULL, 0) : 1, argc > 2 ? (unsigned)atoi(argv[2]) : 2000);
    ir_region_free(&r);
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
