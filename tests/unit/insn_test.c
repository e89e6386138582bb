/*
 * Runs the one-line instruction tests (tests/insn/README.md has the format).
 *
 * Every line runs in each of these ways, from the same state:
 *   direct  guest_translate and ir_interp, without the engine
 *   interp  the engine with -accel interp
 *   jit     the engine
 *   one     the engine, one instruction a translation
 *   base    the engine with guest addresses away from host addresses
 *   sse     the engine on a host with nothing beyond x86-64-v2
 *   avx     the engine on a host with AVX but not AVX2, FMA or AVX-512
 *   exact   the engine with floating-point flags exact (-cpu max,fpflags=exact)
 * and whatever the line does not name must be unchanged. A wrong line is printed with what differs
 * and the command that repeats it. With --rows, rows of the decode files that no line reaches are
 * errors too, save those listed in `untested`.
 *
 * Interpreter and JIT share decoder and lowering, so their agreement proves nothing: the expected
 * values come from elsewhere (the head of each file says from where).
 */
#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include "aarch64.h"
#include "exec.h"

enum { CODE = 0x10000000, START = CODE + 0x800, WINDOW = 0x10010000, PAGE = 0x1000, MAXWORDS = 31 };
enum { BRK = 0xd4200000u };
/* Linux gives programs fault addresses without the tag, unless they ask (SA_EXPOSE_TAGBITS). */
#define NO_TAG 0x00ffffffffffffffull
#define BASE_ELSEWHERE 0x200000000000ull

/* Rows that no line can reach, and why. */
static const struct { const char *row, *why; } untested[] = {
    { NULL, NULL }
};

/* The engine is optional at link time: without it only the direct way runs. */
#pragma weak engine_new
#pragma weak engine_free
#pragma weak engine_cpu_new
#pragma weak engine_cpu_free
#pragma weak engine_run
#pragma weak engine_fault
#pragma weak engine_invalidate
#pragma weak log_mask
#pragma weak log_file

struct state {
    uint64_t x[31], sp, pc, nzcv, fpcr, fpsr, tpidr;
    uint64_t v[32][2];
    uint8_t mem[PAGE];
};

enum end { END_CODE, END_UNDEF, END_FAULT, END_BUS, END_SVC, END_BRK, END_OTHER };

struct outcome {
    enum end end;
    uint64_t arg; /* fault address, immediate */
};

struct test {
    const char *file;
    unsigned line;
    const char *text; /* the whole line */
    uint32_t words[MAXWORDS];
    unsigned nwords;
    struct state before, after;
    struct outcome want;
    bool loose_fpsr;  /* fpsr~=: exact only where floating-point flags are */
    bool loose_flags; /* nzcv~=: exact only where flags are precise */
};

enum way { DIRECT, INTERP, JIT, ONE, BASE, SSE, AVX, EXACT, NWAYS };
static const char *const way_name[NWAYS] = { "direct", "interp", "jit", "one",
                                             "base", "sse", "avx", "exact" };

/* What a signal handler must reach. */
static struct engine *cur_engine;
static struct cpu *cur_cpu;
static const struct test *cur_test;
static const char *cur_way;
static sigjmp_buf fault_jump;
static volatile uint64_t fault_addr;

/* ---------------------------------------------------------------- parsing */

static void parse_error(const struct test *t, const char *what, const char *at)
{
    fprintf(stderr, "%s:%u: %s: %s\n", t->file, t->line, what, at);
    exit(2);
}

/* A number: C syntax, or M or P with an offset. */
static uint64_t parse_number(const struct test *t, const char *s)
{
    uint64_t start = 0;
    const char *p = s;
    char *end;
    if (*p == 'M' || *p == 'P') {
        start = *p++ == 'M' ? WINDOW : START;
        if (!*p)
            return start;
    }
    bool minus = *p == '-';
    p += *p == '-' || *p == '+';
    uint64_t v = strtoull(p, &end, 0);
    if (end == p || *end)
        parse_error(t, "not a number", s);
    return start + (minus ? -v : v);
}

static void parse_hex128(const struct test *t, const char *s, uint64_t out[2])
{
    const char *digits = s[0] == '0' && s[1] == 'x' ? s + 2 : s;
    size_t n = strlen(digits);
    if (digits == s || n == 0 || n > 32 || strspn(digits, "0123456789abcdefABCDEF") != n)
        parse_error(t, "a V register is 0x and up to 32 hex digits", s);
    char low[17];
    snprintf(low, sizeof low, "%s", n > 16 ? digits + n - 16 : digits);
    char high[17] = "0";
    if (n > 16)
        snprintf(high, sizeof high, "%.*s", (int)(n - 16), digits);
    out[0] = strtoull(low, NULL, 16);
    out[1] = strtoull(high, NULL, 16);
}

static void parse_memory(const struct test *t, struct state *s, const char *key, const char *hex)
{
    char *end;
    uint64_t off = strtoull(key + 1, &end, 0);
    size_t n = strlen(hex);
    if (strcmp(end, "]") || n % 2 || off > PAGE || n / 2 > PAGE - off)
        parse_error(t, "memory is [offset]=bytes", key);
    for (size_t i = 0; i < n / 2; i++) {
        char byte[3] = { hex[2 * i], hex[2 * i + 1], 0 };
        s->mem[off + i] = (uint8_t)strtoul(byte, &end, 16);
        if (*end)
            parse_error(t, "not hex", hex);
    }
}

static bool parse_register(const struct test *t, struct state *s, const char *key, const char *val)
{
    unsigned n;
    int used = 0;
    static const struct { const char *name; size_t off; } one[] = {
        { "sp", offsetof(struct state, sp) }, { "pc", offsetof(struct state, pc) },
        { "nzcv", offsetof(struct state, nzcv) }, { "fpcr", offsetof(struct state, fpcr) },
        { "fpsr", offsetof(struct state, fpsr) }, { "tpidr", offsetof(struct state, tpidr) },
    };
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        if (!strcmp(key, one[i].name)) {
            *(uint64_t *)((char *)s + one[i].off) = parse_number(t, val);
            return true;
        }
    }
    if (sscanf(key, "x%u%n", &n, &used) == 1 && !key[used] && n < 31) {
        s->x[n] = parse_number(t, val);
        return true;
    }
    if (sscanf(key, "v%u%n", &n, &used) == 1 && !key[used] && n < 32) {
        parse_hex128(t, val, s->v[n]);
        return true;
    }
    return false;
}

static bool parse_outcome(struct test *t, const char *key, const char *val)
{
    static const struct { const char *name; enum end end; } ends[] = {
        { "fault", END_FAULT }, { "bus", END_BUS }, { "svc", END_SVC }, { "break", END_BRK },
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (!strcmp(key, ends[i].name)) {
            t->want = (struct outcome){ ends[i].end, parse_number(t, val) };
            if (ends[i].end == END_FAULT || ends[i].end == END_BUS)
                t->want.arg &= NO_TAG;
            if (ends[i].end != END_SVC)
                t->after.pc = START;
            return true;
        }
    }
    return false;
}

static void parse_state(struct test *t, struct state *s, char *text, bool after)
{
    for (char *tok = strtok(text, " \t"); tok; tok = strtok(NULL, " \t")) {
        char *eq = strchr(tok, '=');
        if (!eq && after && !strcmp(tok, "undef")) {
            t->want.end = END_UNDEF;
            s->pc = START;
            continue;
        }
        if (!eq)
            parse_error(t, "not name=value", tok);
        *eq = 0;
        if (after && !strcmp(tok, "nzcv~")) {
            t->loose_flags = true;
            tok[4] = 0;
        }
        if (after && !strcmp(tok, "fpsr~")) {
            t->loose_fpsr = true;
            tok[4] = 0;
        }
        if (tok[0] == '[')
            parse_memory(t, s, tok, eq + 1);
        else if (!parse_register(t, s, tok, eq + 1) && !(after && parse_outcome(t, tok, eq + 1)))
            parse_error(t, "unknown name", tok);
    }
}

static void state_default(struct state *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < 31; n++)
        s->x[n] = 0xc0de000080000000 | (uint64_t)n << 32 | n;
    for (unsigned n = 0; n < 32; n++) {
        s->v[n][0] = 0xa0a1a2a3a4a5a600 | n;
        s->v[n][1] = 0xb0b1b2b3b4b5b600 | n;
    }
    for (unsigned i = 0; i < PAGE; i++)
        s->mem[i] = (uint8_t)(0x80 ^ i);
    s->sp = WINDOW + 0x800;
    s->pc = START;
    s->nzcv = 5;
    s->tpidr = 0x7e1d0;
}

static void parse_line(struct test *t, char *line)
{
    char *words = strchr(line, '|');
    char *before = words ? strchr(words + 1, '|') : NULL;
    char *after = before ? strstr(before + 1, "=>") : NULL;
    if (!after)
        parse_error(t, "a test is `text | words | before => after`", t->text);
    *words++ = *before++ = *after = 0;
    after += 2;
    words += strspn(words, " ="); /* `=`: words the assembler refuses */
    for (char *tok = strtok(words, " \t"); tok; tok = strtok(NULL, " \t")) {
        char *end;
        if (t->nwords == MAXWORDS)
            parse_error(t, "too many words", tok);
        t->words[t->nwords++] = (uint32_t)strtoul(tok, &end, 16);
        if (*end)
            parse_error(t, "not an instruction word", tok);
    }
    if (!t->nwords)
        parse_error(t, "no words: fill the line in (tests/insn/gen/fill.py)", t->text);
    state_default(&t->before);
    parse_state(t, &t->before, before, false);
    t->after = t->before;
    t->after.pc = START + 4 * t->nwords;
    t->want = (struct outcome){ END_CODE, 0 };
    parse_state(t, &t->after, after, true);
}

/* ---------------------------------------------------------------- running */

struct runner {
    enum way way;
    uint64_t base;          /* host address of guest address 0 */
    struct engine *engine;  /* NULL: direct */
    struct cpu *cpu;
    struct ir_region region;
    bool show;              /* the direct way prints the IR (the engine logs) */
};

static void on_fault(int signo, siginfo_t *si, void *p)
{
    if (cur_engine && engine_fault(cur_engine, cur_cpu, si, p))
        return;
    if (!cur_engine && cur_cpu) {
        fault_addr = (uint64_t)si->si_addr;
        siglongjmp(fault_jump, signo);
    }
    char msg[64];
    int n = snprintf(msg, sizeof msg, "signal %d at ", signo);
    if (cur_test)
        n = dprintf(2, "%.*s%s:%u (%s): %s\n", n, msg, cur_test->file, cur_test->line, cur_way,
                    cur_test->text);
    signal(signo, SIG_DFL);
}

static void on_alarm(int signo)
{
    if (cur_test)
        dprintf(2, "%s:%u (%s) does not end: %s\n", cur_test->file, cur_test->line, cur_way,
                cur_test->text);
    _exit(1);
}

static void *map_guest(uint64_t base, uint64_t addr)
{
    void *want = (void *)(uintptr_t)(base + addr);
    void *p = mmap(want, PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (p != want) {
        fprintf(stderr, "cannot map %#" PRIx64 ": %s\n", base + addr, strerror(errno));
        exit(2);
    }
    return p;
}

static struct code_window fetch(void *owner, uint64_t pc)
{
    const struct runner *r = owner;
    if (pc < CODE || pc >= CODE + PAGE)
        return (struct code_window){ NULL, pc, 0 };
    return (struct code_window){ (const uint8_t *)(uintptr_t)(r->base + pc), pc, CODE + PAGE - pc };
}

static bool runner_open(struct runner *r, enum way way)
{
    char err[200] = "";
    memset(r, 0, sizeof *r);
    r->way = way;
    r->base = way == BASE ? BASE_ELSEWHERE : 0;
    if (way == DIRECT) {
        r->cpu = aligned_alloc(64, sizeof *r->cpu);
        memset(r->cpu, 0, sizeof *r->cpu);
        r->cpu->guest = &guest_aarch64;
        ir_region_init(&r->region, guest_aarch64.ir);
        return true;
    }
    if (!engine_new)
        return false;
    static struct cpu_model exact;
    exact = guest_aarch64.models[0];
    exact.exact_fp = true;
    struct engine_config c = {
        .guest = &guest_aarch64, .model = way == EXACT ? &exact : &guest_aarch64.models[0], .interp = way == INTERP,
        .host_features = way == SSE ? "-avx,-bmi1,-bmi2,-lzcnt,-aes,-pclmul,-sha,-gfni" :
                         way == AVX ? "-avx2,-fma,-f16c,-avx512vl,-vbmi" : NULL,
        .one_insn = way == ONE, .max_insns = way == ONE, .fetch = fetch, .owner = r,
    };
    r->engine = engine_new(&c, err, sizeof err);
    if (!r->engine) {
        fprintf(stderr, "engine: %s\n", err);
        exit(2);
    }
    r->cpu = engine_cpu_new(r->engine, r->base);
    return true;
}

static void runner_close(struct runner *r)
{
    if (r->engine) {
        engine_cpu_free(r->engine, r->cpu);
        engine_free(r->engine);
    } else {
        ir_region_free(&r->region);
        free(r->cpu);
    }
}

static enum ir_leave run_direct(struct runner *r)
{
    int signo = sigsetjmp(fault_jump, 1);
    if (signo) {
        r->cpu->fault_signo = (uint32_t)signo;
        r->cpu->fault_addr = fault_addr;
        return IR_LEAVE_FAULT;
    }
    for (;;) {
        ir_region_reset(&r->region, guest_aarch64.ir);
        guest_translate(&r->region, &guest_aarch64, &guest_aarch64.models[0],
                        fetch(r, r->cpu->pc), 64, false);
        ir_optimise(&r->region);
        if (r->show)
            ir_print(stdout, &r->region);
        uint32_t at;
        const char *wrong = ir_verify(&r->region, &at);
        if (wrong) {
            fprintf(stderr, "%s:%u: the verifier says: %s, at %u\n", cur_test->file,
                    cur_test->line, wrong, at);
            ir_print(stderr, &r->region);
            exit(1);
        }
        enum ir_leave why = ir_interp(r->cpu, &r->region);
        if (why != IR_LEAVE_LOOKUP && why != IR_LEAVE_LINK && why != IR_LEAVE_ICINV &&
            why != IR_LEAVE_FLUSH)
            return why;
    }
}

static void put_state(struct runner *r, const struct test *t)
{
    struct cpu *cpu = r->cpu;
    const struct state *s = &t->before;
    guest_aarch64.reset(cpu, &guest_aarch64.models[0]);
    for (unsigned n = 0; n < 31; n++)
        *a64_reg(cpu, A64_X(n)) = s->x[n];
    for (unsigned n = 0; n < 32; n++)
        memcpy(a64_vreg(cpu, n), s->v[n], 16);
    *a64_reg(cpu, A64_sp) = s->sp;
    *a64_reg(cpu, A64_tpidr) = s->tpidr;
    a64_set_nzcv(cpu, (uint32_t)s->nzcv << 28);
    a64_set_fpcr(cpu, (uint32_t)s->fpcr);
    a64_set_fpsr(cpu, (uint32_t)s->fpsr);
    cpu->pc = s->pc;
    memcpy((void *)(uintptr_t)(r->base + WINDOW), s->mem, PAGE);
    uint32_t *code = (void *)(uintptr_t)(r->base + CODE);
    for (unsigned i = 0; i < PAGE / 4; i++)
        code[i] = BRK;
    memcpy(code + (START - CODE) / 4, t->words, 4 * t->nwords);
    if (r->engine)
        engine_invalidate(r->engine, CODE, PAGE);
}

static void take_state(struct runner *r, struct state *s)
{
    struct cpu *cpu = r->cpu;
    for (unsigned n = 0; n < 31; n++)
        s->x[n] = *a64_reg(cpu, A64_X(n));
    for (unsigned n = 0; n < 32; n++)
        memcpy(s->v[n], a64_vreg(cpu, n), 16);
    s->sp = *a64_reg(cpu, A64_sp);
    s->tpidr = *a64_reg(cpu, A64_tpidr);
    s->nzcv = a64_get_nzcv(cpu) >> 28;
    s->fpcr = a64_get_fpcr(cpu);
    s->fpsr = a64_get_fpsr(cpu);
    s->pc = cpu->pc;
    memcpy(s->mem, (void *)(uintptr_t)(r->base + WINDOW), PAGE);
}

static struct outcome run(struct runner *r)
{
    cur_engine = r->engine;
    cur_cpu = r->cpu;
    enum ir_leave why;
    do
        why = r->engine ? engine_run(r->engine, r->cpu) : run_direct(r);
    while (why == IR_LEAVE_POLL);
    cur_engine = NULL;
    cur_cpu = NULL;
    const struct cpu *cpu = r->cpu;
    if (why == IR_LEAVE_UNDEF)
        return (struct outcome){ END_UNDEF, 0 };
    if (why == IR_LEAVE_SYSCALL)
        return (struct outcome){ END_SVC, cpu->leave_imm };
    if (why == IR_LEAVE_FAULT)
        return (struct outcome){ cpu->fault_signo == SIGBUS ? END_BUS : END_FAULT,
                                 (cpu->fault_addr - (r->engine ? 0 : r->base)) & NO_TAG };
    if (why == IR_LEAVE_BREAK && cpu->pc >= CODE && cpu->pc < CODE + PAGE) {
        uint32_t word = *(uint32_t *)(uintptr_t)(r->base + cpu->pc);
        return (struct outcome){ word == BRK ? END_CODE : END_BRK, cpu->leave_imm };
    }
    return (struct outcome){ END_OTHER, why };
}

/* --------------------------------------------------------------- comparing */

static unsigned differ(const char *name, uint64_t want, uint64_t have)
{
    if (want != have)
        printf("  %-5s is %#18" PRIx64 "  should be %#18" PRIx64 "\n", name, have, want);
    return want != have;
}

static unsigned compare(const struct state *want, const struct state *have)
{
    unsigned bad = 0;
    char name[16];
    for (unsigned n = 0; n < 31; n++) {
        snprintf(name, sizeof name, "x%u", n);
        bad += differ(name, want->x[n], have->x[n]);
    }
    bad += differ("sp", want->sp, have->sp);
    bad += differ("pc", want->pc, have->pc);
    bad += differ("nzcv", want->nzcv, have->nzcv);
    bad += differ("fpcr", want->fpcr, have->fpcr);
    bad += differ("fpsr", want->fpsr, have->fpsr);
    bad += differ("tpidr", want->tpidr, have->tpidr);
    for (unsigned n = 0; n < 32; n++) {
        if (memcmp(want->v[n], have->v[n], 16)) {
            printf("  v%-4u is 0x%016" PRIx64 "%016" PRIx64 "  should be 0x%016" PRIx64
                   "%016" PRIx64 "\n", n, have->v[n][1], have->v[n][0],
                   want->v[n][1], want->v[n][0]);
            bad++;
        }
    }
    for (unsigned i = 0, shown = 0; i < PAGE && shown < 8; i++) {
        if (want->mem[i] != have->mem[i]) {
            printf("  [%#x] is %02x  should be %02x\n", i, have->mem[i], want->mem[i]);
            bad++;
            shown++;
        }
    }
    return bad;
}

static const char *const end_name[] = { "end of code", "undef", "fault", "bus", "svc", "break",
                                        "leave reason" };

static bool run_test(struct runner *r, const struct test *t, const char *self)
{
    static struct state have;
    cur_test = t;
    cur_way = way_name[r->way];
    put_state(r, t);
    alarm(20);
    struct outcome o = run(r);
    alarm(0);
    take_state(r, &have);
    if (t->loose_flags && r->way != ONE)
        have.nzcv = t->after.nzcv;
    if (t->loose_fpsr && r->way != EXACT && r->way != INTERP && r->way != DIRECT)
        have.fpsr = t->after.fpsr;
    bool same = o.end == t->want.end && (o.end <= END_UNDEF || o.arg == t->want.arg) &&
                !memcmp(&have, &t->after, sizeof have);
    if (same)
        return true;
    printf("%s:%u (%s): %s\n", t->file, t->line, way_name[r->way], t->text);
    if (o.end != t->want.end || (o.end > END_UNDEF && o.arg != t->want.arg))
        printf("  ended by %s %#" PRIx64 "  should be %s %#" PRIx64 "\n", end_name[o.end], o.arg,
               end_name[t->want.end], t->want.arg);
    compare(&t->after, &have);
    printf("  repeat: %s --way %s --line %u %s\n", self, way_name[r->way], t->line, t->file);
    return false;
}

/* -------------------------------------------------------------------- rows */

struct rows {
    char name[4096][32];
    bool seen[4096];
    unsigned n;
};

static void rows_read(struct rows *rows, const char *path)
{
    char line[400];
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    while (fgets(line, sizeof line, f))
        if (isalpha((unsigned char)line[0]) && strncmp(line, "prefix ", 7) && rows->n < 4096)
            sscanf(line, "%31s", rows->name[rows->n++]);
    fclose(f);
}

static void rows_mark(struct rows *rows, const struct test *t)
{
    for (unsigned i = 0; i < t->nwords; i++) {
        const char *name = guest_aarch64.row_name(&guest_aarch64.models[0], t->words[i]);
        for (unsigned k = 0; name && k < rows->n; k++)
            rows->seen[k] |= !strcmp(name, rows->name[k]);
    }
}

static unsigned rows_report(const struct rows *rows)
{
    unsigned missing = 0;
    for (unsigned k = 0; k < rows->n; k++) {
        bool excused = false;
        for (unsigned i = 0; untested[i].row; i++)
            excused |= !strcmp(untested[i].row, rows->name[k]);
        if (rows->seen[k] && excused) {
            printf("row %s has a test, but is listed as one that cannot\n", rows->name[k]);
            missing++;
        }
        if (!rows->seen[k] && !excused) {
            printf("row %s has no test\n", rows->name[k]);
            missing++;
        }
    }
    return missing;
}

/* -------------------------------------------------------------------- main */

struct list {
    struct test *test;
    unsigned n, cap;
};

static void read_file(struct list *l, const char *path, unsigned only)
{
    char *line = NULL;
    size_t size = 0;
    unsigned number = 0;
    FILE *f = fopen(path, "r");
    if (!f) {
        perror(path);
        exit(2);
    }
    while (getline(&line, &size, f) >= 0) {
        number++;
        line[strcspn(line, "\n")] = 0;
        if (line[0] == '#' || !line[strspn(line, " \t")] || (only && only != number))
            continue;
        if (l->n == l->cap) {
            l->cap = l->cap ? 2 * l->cap : 256;
            l->test = realloc(l->test, l->cap * sizeof *l->test);
            assert(l->test);
        }
        struct test *t = &l->test[l->n++];
        memset(t, 0, sizeof *t);
        t->file = path;
        t->line = number;
        t->text = strdup(line);
        parse_line(t, line);
    }
    free(line);
    fclose(f);
}

static void usage(void)
{
    puts("usage: insn_test [--way direct|interp|jit|one|base|sse|avx|exact] [--line N] [--ir] "
         "[--rows FILE.decode]... [FILE.t]...\n"
         "Runs tests/insn/aarch64/*.t when no file is given; --ir: prints IR and host code. "
         "Exit status: 0 all right, 1 wrong "
         "lines, 2 bad input.");
    exit(2);
}

int main(int argc, char **argv)
{
    static struct rows rows;
    struct list list = { 0 };
    int only_way = -1;
    bool show = false;
    unsigned only_line = 0, bad = 0, ran = 0;
    const char *files[256];
    unsigned nfiles = 0;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--way") && i + 1 < argc) {
            i++;
            for (only_way = 0; only_way < NWAYS && strcmp(argv[i], way_name[only_way]); only_way++)
                ;
            if (only_way == NWAYS)
                usage();
        } else if (!strcmp(argv[i], "--line") && i + 1 < argc) {
            only_line = (unsigned)atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--ir")) {
            show = true;
            if (&log_mask && &log_file) {
                log_mask = LOG_OPT | LOG_OUT_ASM;
                log_file = stdout;
            }
        } else if (!strcmp(argv[i], "--rows") && i + 1 < argc) {
            rows_read(&rows, argv[++i]);
        } else if (argv[i][0] == '-' || nfiles == 256) {
            usage();
        } else {
            files[nfiles++] = argv[i];
        }
    }
    glob_t g = { 0 };
    if (!nfiles && !glob("tests/insn/aarch64/*.t", 0, NULL, &g))
        for (; nfiles < g.gl_pathc && nfiles < 256; nfiles++)
            files[nfiles] = g.gl_pathv[nfiles];
    for (unsigned i = 0; i < nfiles; i++)
        read_file(&list, files[i], only_line);

    static char stack[262144];
    stack_t ss = { .ss_sp = stack, .ss_size = sizeof stack };
    sigaltstack(&ss, NULL);
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK };
    static const int faults[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP };
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigaction(faults[i], &sa, NULL);
    signal(SIGALRM, on_alarm);
    map_guest(0, CODE);
    map_guest(0, WINDOW);
    map_guest(BASE_ELSEWHERE, CODE);
    map_guest(BASE_ELSEWHERE, WINDOW);

    for (int way = 0; way < NWAYS; way++) {
        static struct runner r;
        if ((only_way >= 0 && way != only_way) || !runner_open(&r, (enum way)way))
            continue;
        r.show = show;
        unsigned wrong = 0;
        for (unsigned i = 0; i < list.n; i++)
            wrong += !run_test(&r, &list.test[i], argv[0]);
        runner_close(&r);
        printf("insn %-6s %u lines, %u wrong\n", way_name[way], list.n, wrong);
        bad += wrong;
        ran++;
    }
    for (unsigned i = 0; i < list.n; i++)
        rows_mark(&rows, &list.test[i]);
    bad += rows_report(&rows);
    globfree(&g);
    return bad || !ran || !list.n;
}
