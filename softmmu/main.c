/*
 * myna-system: the command line of system mode, in QEMU's words, single or double dash.
 *
 * One row an option. What is not there yet is named: an option that myna-system does not know ends it with one line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boards/boards.h"

struct options {
    struct board_config board;
    const char *machine, *cpu;
    bool paused;
};

static _Noreturn void die(const char *what, const char *argument)
{
    fprintf(stderr, "myna-system-aarch64: %s%s%s\n", what, argument ? " " : "", argument ? argument : "");
    exit(1);
}

/* --- options; each gives false if its argument makes no sense --- */

static bool opt_machine(struct options *o, const char *a)
{
    if (!strcmp(a, "help")) {
        printf("Machines:\n  virt    aarch64 virt board: GICv2, PL011, PSCI (so far)\n");
        exit(0);
    }
    o->machine = a;
    return !strcmp(a, "virt");
}
static bool opt_cpu(struct options *o, const char *a)
{
    if (!strcmp(a, "help")) {
        guest_aarch64.print_cpus(stdout);
        exit(0);
    }
    o->cpu = a;
    return true;
}
static bool opt_smp(struct options *o, const char *a)
{
    char *end;
    unsigned long n = strtoul(a, &end, 10);
    o->board.ncpus = (unsigned)n;
    return !*end && n >= 1 && n <= 8;
}
static bool opt_memory(struct options *o, const char *a)
{
    char *end;
    uint64_t n = strtoull(a, &end, 10);
    unsigned shift = *end == 'G' || *end == 'g' ? 30 : *end == 'K' || *end == 'k' ? 10 : 20;
    end += *end && strchr("GgMmKk", *end);
    o->board.memory = n << shift;
    return !*end && n && n < 1ull << (63 - shift) && o->board.memory >= 1 << 20 && !(o->board.memory & 4095) &&
           o->board.memory <= 255ull << 30;
}
static bool opt_kernel(struct options *o, const char *a) { return (o->board.kernel = a) != NULL; }
static bool opt_initrd(struct options *o, const char *a) { return (o->board.initrd = a) != NULL; }
static bool opt_append(struct options *o, const char *a) { return (o->board.append = a) != NULL; }
static bool opt_accel(struct options *o, const char *a)
{
    o->board.interp = !strcmp(a, "interp");
    return o->board.interp || !strcmp(a, "tcg") || !strcmp(a, "jit");
}
static bool opt_without(struct options *o, const char *a)
{
    unsigned bit = engine_ablation(a, strlen(a));
    o->board.without |= bit;
    return bit != 0;
}
static bool opt_log(struct options *o, const char *a)
{
    static const struct { const char *name; unsigned bits; } items[] = {
        { "in_asm", LOG_IN_ASM }, { "op", LOG_IR }, { "op_opt", LOG_OPT }, { "out_asm", LOG_OUT_ASM }, { "exec", LOG_EXEC },
        { "cpu", LOG_CPU }, { "int", LOG_INT }, { "unimp", LOG_UNIMP }, { "guest_errors", LOG_UNIMP }, { "stats", LOG_STATS },
    };
    while (*a) {
        size_t n = strcspn(a, ","), k = 0, count = sizeof items / sizeof *items;
        while (k < count && (strlen(items[k].name) != n || memcmp(items[k].name, a, n)))
            k++;
        if (k == count)
            return false;
        log_mask |= items[k].bits;
        a += n + (a[n] == ',');
    }
    return true;
}
static bool opt_log_file(struct options *o, const char *a)
{
    log_file = fopen(a, "we");
    if (!log_file)
        die(strerror(errno), a);
    return true;
}
static bool opt_one_insn(struct options *o, const char *a) { return o->board.one_insn = true; }
static bool opt_no_reboot(struct options *o, const char *a) { return o->board.no_reboot = true; }
static bool opt_paused(struct options *o, const char *a) { return o->paused = true; }
static bool opt_nothing(struct options *o, const char *a) { return true; }
static bool opt_help(struct options *o, const char *a);

static const struct option {
    const char *name, *argument; /* NULL: none */
    bool (*set)(struct options *o, const char *argument);
    const char *help;
} options[] = {
    { "M", "NAME", opt_machine, "board; 'help' lists them" },
    { "machine", "NAME", opt_machine, "the same" },
    { "cpu", "MODEL[,PROPERTY=on|off...]", opt_cpu, "processor model (max); 'help' lists them" },
    { "smp", "NUMBER", opt_smp, "processors, 1 to 8 (1)" },
    { "m", "SIZE", opt_memory, "memory, MiB without a suffix (128M)" },
    { "kernel", "FILE", opt_kernel, "a Linux Image" },
    { "initrd", "FILE", opt_initrd, "its first root file system" },
    { "append", "TEXT", opt_append, "its command line" },
    { "accel", "tcg|interp", opt_accel, "tcg: host code (default); interp: the interpreter" },
    { "without", "TECHNIQUE", opt_without, "leaves a technique out (ablations.def), for tests" },
    { "singlestep", NULL, opt_one_insn, "translates one guest instruction at a time" },
    { "nographic", NULL, opt_nothing, "no display, the serial port on standard input and output: always so" },
    { "no-reboot", NULL, opt_no_reboot, "a reset of the guest ends the machine" },
    { "S", NULL, opt_paused, "does not start the processors" },
    { "d", "ITEM[,...]", opt_log, "logs in_asm op op_opt out_asm exec cpu int unimp stats" },
    { "D", "FILE", opt_log_file, "log file instead of stderr" },
    { "help", NULL, opt_help, "prints this text" },
    { "h", NULL, opt_help, "the same" },
};
enum { NOPTIONS = sizeof options / sizeof *options };

static bool opt_help(struct options *o, const char *a)
{
    printf("usage: myna-system-aarch64 [OPTIONS]\n");
    for (unsigned k = 0; k < NOPTIONS; k++)
        printf("  -%s %-28s %s\n", options[k].name, options[k].argument ? options[k].argument : "", options[k].help);
    exit(0);
}

static const struct option *find(const char *word)
{
    word += word[0] == '-';
    word += word[0] == '-';
    for (unsigned k = 0; k < NOPTIONS; k++)
        if (!strcmp(options[k].name, word))
            return &options[k];
    return NULL;
}

int main(int argc, char **argv)
{
    static struct cpu_model model;
    struct options o = { .machine = NULL, .cpu = "max", .board = { .ncpus = 1, .memory = 128 << 20, .isa = { .psci = true } } };
    char err[256] = "";
    log_file = stderr;
    for (int k = 1; k < argc; k++) {
        const struct option *p = argv[k][0] == '-' ? find(argv[k]) : NULL;
        if (!p)
            die("no such option here:", argv[k]);
        if (p->argument && ++k == argc)
            die("an argument is missing after", argv[k - 1]);
        if (!p->set(&o, p->argument ? argv[k] : NULL)) {
            fprintf(stderr, "myna-system-aarch64: -%s %s: %s\n", p->name, argv[k], p->help);
            return 1;
        }
    }
    if (!o.machine)
        die("no board: -M virt", NULL);
    if (guest_aarch64.parse_cpu(o.cpu, &model, err, sizeof err))
        die(err, NULL);
    o.board.model = &model;
    struct machine *m = board_virt(&o.board, err, sizeof err);
    if (!m)
        die(err, NULL);
    int status = machine_run(m, o.paused);
    if (log_mask & LOG_STATS)
        engine_stats(m->engine, log_file);
    return status;
}
