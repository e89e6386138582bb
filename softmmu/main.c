/*
 * myna-system: the command line of system mode, in QEMU's words, single or double dash.
 *
 * One row an option. What is not there yet is named: an option that myna-system does not know ends it with one line.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "boards/boards.h"
#include "char/chardev.h"


enum { MAX_DEVICES = 256 };

struct options {
    struct board_config config;
    struct machine_config machine;
    const struct board *board;
    const char *board_properties, *cpu;
    const char *devices[MAX_DEVICES];
    unsigned ndevices;
    bool paused, no_reboot;
};

static _Noreturn void die(const char *what, const char *argument)
{
    fprintf(stderr, "myna-system-aarch64: %s%s%s\n", what, argument ? " " : "", argument ? argument : "");
    exit(1);
}

/* --- options; each gives false if its argument makes no sense --- */

static bool opt_machine(struct options *o, const char *a)
{
    struct word w;
    if (!next_word(&a, &w))
        return false;
    if (!strcmp(w.name, "help")) {
        printf("Supported machines are:\n");
        for (const struct board *b = boards; b->name; b++)
            printf("%-20s %s\n", b->name, b->help);
        exit(0);
    }
    for (const struct board *b = boards; b->name; b++)
        if (!strcmp(b->name, w.name) || (b->alias && !strcmp(b->alias, w.name)))
            o->board = b;
    o->board_properties = a;
    return o->board != NULL;
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
    o->config.ncpus = (unsigned)n;
    return !*end && n >= 1 && n <= 512;
}
static bool opt_memory(struct options *o, const char *a)
{
    char with_unit[64];
    snprintf(with_unit, sizeof with_unit, "%s%s", a, a[strspn(a, "0123456789")] ? "" : "M");
    return parse_number(with_unit, true, 255ull << 30, &o->config.memory) && o->config.memory >= 1 << 20 && !(o->config.memory & 4095);
}
static bool opt_kernel(struct options *o, const char *a) { return (o->config.kernel = a) != NULL; }
static bool opt_initrd(struct options *o, const char *a) { return (o->config.initrd = a) != NULL; }
static bool opt_append(struct options *o, const char *a) { return (o->config.append = a) != NULL; }
static bool opt_device(struct options *o, const char *a)
{
    size_t n = strcspn(a, ",");
    if (!strcmp(a, "help") || !strcmp(a + n, ",help")) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)n, a);
        device_help(a[n] ? name : NULL, stdout);
        exit(0);
    }
    if (o->ndevices == MAX_DEVICES)
        return false;
    o->devices[o->ndevices++] = a;
    return true;
}
static bool opt_global(struct options *o, const char *a)
{
    char err[256];
    return device_global(a, err, sizeof err);
}
static bool opt_drive(struct options *o, const char *a)
{
    char err[256];
    if (!strcmp(a, "help")) {
        block_drive_help(stdout);
        exit(0);
    }
    if (!block_drive_option(a, err, sizeof err))
        die(err, NULL);
    return true;
}
static bool opt_accel(struct options *o, const char *a)
{
    o->machine.interp = !strcmp(a, "interp");
    return o->machine.interp || !strcmp(a, "tcg") || !strcmp(a, "jit");
}
static bool opt_without(struct options *o, const char *a)
{
    unsigned bit = engine_ablation(a, strlen(a));
    o->machine.without |= bit;
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
static bool opt_one_insn(struct options *o, const char *a) { return o->machine.one_insn = true; }
static bool opt_no_reboot(struct options *o, const char *a) { return o->no_reboot = true; }
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
    { "device", "NAME[,PROPERTY=VALUE...]", opt_device, "adds a device; 'help' lists them, 'NAME,help' its properties" },
    { "drive", "file=FILE[,if=virtio|pflash|none,id=ID...]", opt_drive, "an image; 'help' lists what else" },
    { "global", "DEVICE.PROPERTY=VALUE", opt_global, "another default of a device's property" },
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

/* The board, with the properties of -M, and what is plugged in. */
static struct device *make_board(struct machine *m, const struct options *o, char *err, size_t errlen)
{
    struct device *b = device_new_type(m, o->board->type, err, errlen);
    const char *p = o->board_properties;
    struct word w;
    if (!b)
        return NULL;
    while (next_word(&p, &w)) {
        if (!strcmp(w.name, "help")) {
            device_help(o->board->type->name, stdout);
            exit(0);
        }
        if (!device_set(b, w.name, w.value ? w.value : "on", err, errlen))
            return NULL;
    }
    if (!device_realize(b, NULL, err, errlen))
        return NULL;
    for (unsigned k = 0; k < o->ndevices; k++)
        if (!device_add(m, o->devices[k], err, errlen))
            return NULL;
    return virtio_blk_for_drives(m, err, errlen) && o->board->complete(b, err, errlen) ? b : NULL;
}

int main(int argc, char **argv)
{
    static struct cpu_model model;
    static struct options o;
    char err[256] = "";
    log_file = stderr;
    o.config.ncpus = 1;
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
    if (!o.board)
        die("no board: -M virt", NULL);
    if (o.config.ncpus > o.board->max_cpus)
        die("too many processors for the board:", o.board->name);
    if (!o.config.memory)
        o.config.memory = o.board->default_memory;
    if (o.board->isa->guest->parse_cpu(o.cpu ? o.cpu : o.board->default_cpu, &model, err, sizeof err))
        die(err, NULL);
    o.machine.isa = o.board->isa;
    o.machine.model = &model;
    struct machine *m = machine_new(&o.machine, err, sizeof err);
    if (!m)
        die(err, NULL);
    m->config = &o.config;
    m->no_reboot = o.no_reboot;
    m->reset_devices = devices_reset;
    o.config.serial[0] = chardev_stdio(m->loop, true, err, sizeof err);
    if (!o.config.serial[0] || !make_board(m, &o, err, sizeof err))
        die(err, NULL);
    int status = machine_run(m, o.paused);
    if (log_mask & LOG_STATS)
        engine_stats(m->engine, log_file);
    return status;
}
