/*
 * The command line, in QEMU's words, single or double dash. One row an option: its names, its argument, what it does.
 *
 * An option that is given twice counts as it does there: the last one, or all of those that add something. What QEMU has
 * and myna has not is a row without a function, so that it can be named.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "9p/p9.h"
#include "block/block.h"
#include "char/chardev.h"
#include "net/net.h"
#include "object.h"
#include "options.h"

#ifndef MYNA_VERSION
#define MYNA_VERSION "0.1"
#endif

static bool stamps; /* -msg timestamp=on */

void die(const char *fmt, ...)
{
    va_list ap;
    if (stamps) {
        struct timespec t;
        struct tm tm;
        char text[32];
        clock_gettime(CLOCK_REALTIME, &t);
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", gmtime_r(&t.tv_sec, &tm));
        fprintf(stderr, "%s.%06ldZ ", text, t.tv_nsec / 1000);
    }
    fprintf(stderr, "myna-system-aarch64: ");
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

static bool add(struct texts *t, const char *text)
{
    if (t->n == MAX_WORDS)
        die("more than %u of one option", MAX_WORDS);
    t->at[t->n++] = text;
    return true;
}

/* --- options; each gives false if its argument makes no sense ------------------------- */

static const char *next_board(void *arg)
{
    const struct board **b = arg;
    return (*b)->name ? (*b)++->name : NULL;
}

static void find_board(struct options *o, const char *name)
{
    if (!strcmp(name, "help")) {
        printf("Supported machines are:\n");
        for (const struct board *b = boards; b->name; b++)
            printf("%-20s %s\n", b->name, b->help);
        exit(0);
    }
    for (const struct board *b = boards; b->name; b++)
        if (!strcmp(b->name, name) || (b->alias && !strcmp(b->alias, name))) {
            o->board = b;
            return;
        }
    const struct board *at = boards;
    const char *near = nearest(name, next_board, &at);
    if (!near && !strncmp(name, "virt-", 5))
        near = "virt";
    die("there is no board %s%s%s (-M help)", name, near ? "; the nearest is " : "", near ? near : "");
}

static bool opt_accel(struct options *o, const char *a);

static bool opt_machine(struct options *o, const char *a)
{
    struct board_config *c = &o->config;
    const struct { const char *name; const char **to; } texts[] = {
        { "kernel", &c->kernel }, { "initrd", &c->initrd }, { "append", &c->append }, { "dtb", &c->dtb }, { "dumpdtb", &c->dumpdtb },
        { "firmware", &c->bios }, { "memory-backend", &c->memory_backend },
    };
    static const char *const nothing[] = { "usb", "graphics", "dump-guest-core", "mem-merge", "memory-encryption", "default-ram-id" };
    struct word w;
    for (bool first = true; next_word(&a, &w); first = false) {
        if (!strcmp(w.name, "type") || (first && !w.value && strcmp(w.name, "accel"))) {
            find_board(o, w.value ? w.value : w.name);
            continue;
        }
        if (!strcmp(w.name, "accel") && w.value) {
            if (!opt_accel(o, strdup(w.value)))
                die("-machine accel=%s: tcg or interp", w.value);
            continue;
        }
        bool done = false;
        for (unsigned k = 0; k < sizeof texts / sizeof *texts; k++)
            if (!strcmp(texts[k].name, w.name) && w.value)
                done = (*texts[k].to = strdup(w.value)) != NULL;
        for (unsigned k = 0; k < sizeof nothing / sizeof *nothing; k++)
            done |= !strcmp(nothing[k], w.name);
        if (done)
            continue;
        char *text = NULL;
        if (asprintf(&text, "%s=%s", w.name, w.value ? w.value : "on") > 0)
            add(&o->board_properties, text);
    }
    return true;
}

static bool opt_cpu(struct options *o, const char *a)
{
    if (!strcmp(a, "help")) {
        guest_aarch64.print_cpus(stdout);
        exit(0);
    }
    return (o->cpu = a) != NULL;
}

static bool opt_smp(struct options *o, const char *a)
{
    struct board_config *c = &o->config;
    const struct { const char *name; unsigned *to; } words[] = {
        { "cpus", &c->ncpus }, { "maxcpus", &c->max_cpus }, { "sockets", &c->sockets }, { "clusters", &c->clusters }, { "cores", &c->cores },
        { "threads", &c->threads },
    };
    struct word w;
    c->ncpus = c->max_cpus = c->sockets = c->clusters = c->cores = c->threads = 0;
    while (next_word(&a, &w)) {
        const char *name = w.value ? w.name : "cpus";
        uint64_t v;
        unsigned k = 0;
        while (k < sizeof words / sizeof *words && strcmp(words[k].name, name))
            k++;
        if (k == sizeof words / sizeof *words || !parse_number(w.value ? w.value : w.name, false, 4096, &v) || !v)
            return false;
        *words[k].to = (unsigned)v;
    }
    return o->smp_given = true;
}

/* What is not said of the topology follows: cores before sockets, as QEMU has it since 6.2. */
static void complete_smp(struct board_config *c)
{
    unsigned clusters = c->clusters ? c->clusters : 1, threads = c->threads ? c->threads : 1;
    unsigned total = c->max_cpus ? c->max_cpus : c->ncpus;
    if (!total && (c->sockets || c->cores || c->threads || c->clusters))
        total = (c->sockets ? c->sockets : 1) * clusters * (c->cores ? c->cores : 1) * threads;
    total = total ? total : 1;
    if (!c->cores)
        c->cores = total / ((c->sockets ? c->sockets : 1) * clusters * threads);
    if (!c->sockets)
        c->sockets = c->cores ? total / (c->cores * clusters * threads) : 0;
    c->clusters = clusters;
    c->threads = threads;
    c->max_cpus = total;
    c->ncpus = c->ncpus ? c->ncpus : total;
    unsigned product = c->sockets * c->clusters * c->cores * c->threads;
    if (product != total)
        die("-smp: sockets (%u) * clusters (%u) * cores (%u) * threads (%u) is not the number of processors (%u)", c->sockets, c->clusters,
            c->cores, c->threads, total);
    if (c->ncpus > c->max_cpus)
        die("-smp: cpus (%u) is more than maxcpus (%u)", c->ncpus, c->max_cpus);
}

static bool opt_memory(struct options *o, const char *a)
{
    struct word w;
    while (next_word(&a, &w)) {
        const char *text = w.value ? w.value : w.name;
        char with_unit[80];
        if (w.value && (!strcmp(w.name, "slots") || !strcmp(w.name, "maxmem")))
            die("-m %s=: there is no memory that can be plugged in", w.name);
        if (w.value && strcmp(w.name, "size"))
            return false;
        snprintf(with_unit, sizeof with_unit, "%.70s%s", text, text[strspn(text, "0123456789")] ? "" : "M");
        if (!parse_number(with_unit, true, 255ull << 30, &o->config.memory) || o->config.memory < 1 << 20 || o->config.memory & 4095)
            return false;
    }
    return o->config.memory_given = true;
}

static bool opt_mem_path(struct options *o, const char *a) { return (o->config.mem_path = a) != NULL; }
static bool opt_mem_prealloc(struct options *o, const char *a) { return o->config.mem_prealloc = true; }
static bool opt_kernel(struct options *o, const char *a) { return (o->config.kernel = a) != NULL; }
static bool opt_initrd(struct options *o, const char *a) { return (o->config.initrd = a) != NULL; }
static bool opt_append(struct options *o, const char *a) { return (o->config.append = a) != NULL; }
static bool opt_dtb(struct options *o, const char *a) { return (o->config.dtb = a) != NULL; }
static bool opt_bios(struct options *o, const char *a) { return (o->config.bios = a) != NULL; }
static bool opt_pflash(struct options *o, const char *a) { return add(&o->pflash, a); }
static bool opt_drive(struct options *o, const char *a)
{
    if (!strcmp(a, "help")) {
        block_drive_help(stdout);
        exit(0);
    }
    return add(&o->drives, a);
}

/* Short for -drive of the board's own interface; -cdrom and -hdc are the same place. Lives as long as we. */
static bool short_drive(struct options *o, const char *file, unsigned index, bool cdrom)
{
    char *text = malloc(2 * strlen(file) + 64), *p = text;
    if (!text)
        return false;
    p += sprintf(p, "index=%u,media=%s,file=", index, cdrom ? "cdrom" : "disk");
    for (; *file; file++) {
        if (*file == ',')
            *p++ = ',';
        *p++ = *file;
    }
    *p = 0;
    return add(&o->drives, text);
}
static bool opt_hda(struct options *o, const char *a) { return short_drive(o, a, 0, false); }
static bool opt_hdb(struct options *o, const char *a) { return short_drive(o, a, 1, false); }
static bool opt_hdc(struct options *o, const char *a) { return short_drive(o, a, 2, false); }
static bool opt_hdd(struct options *o, const char *a) { return short_drive(o, a, 3, false); }
static bool opt_cdrom(struct options *o, const char *a) { return short_drive(o, a, 2, true); }
static bool opt_blockdev(struct options *o, const char *a) { return add(&o->blockdevs, a); }
static bool opt_incoming(struct options *o, const char *a) { return (o->incoming = a) != NULL; }
static bool opt_loadvm(struct options *o, const char *a) { return (o->loadvm = a) != NULL; }
static bool opt_snapshot(struct options *o, const char *a) { return o->snapshot = true; }

static const char *next_type(void *arg)
{
    const struct device_type *const **at = arg;
    return **at ? (*(*at)++)->name : NULL;
}

static bool opt_device(struct options *o, const char *a)
{
    size_t n = strcspn(a, ",");
    if (!strcmp(a, "help") || !strcmp(a, "?") || !strcmp(a + n, ",help")) {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)n, a);
        if (a[n] && !device_type_find(name)) {
            const struct device_type *const *at = device_types();
            const char *near = nearest(name, next_type, &at);
            die("there is no device %s%s%s (-device help)", name, near ? "; the nearest is " : "", near ? near : "");
        }
        device_help(a[n] ? name : NULL, stdout);
        exit(0);
    }
    return add(&o->devices, a);
}
static bool opt_global(struct options *o, const char *a)
{
    char err[256];
    return device_global(a, err, sizeof err);
}
static bool opt_chardev(struct options *o, const char *a)
{
    if (!strcmp(a, "help") || !strcmp(a, "?")) {
        chardev_help(stdout);
        exit(0);
    }
    return add(&o->chardevs, a);
}
static bool opt_serial(struct options *o, const char *a) { return o->serials.n < MAX_SERIALS && add(&o->serials, a); }
static bool opt_monitor(struct options *o, const char *a) { return add(&o->monitors, a); }
static bool opt_qmp(struct options *o, const char *a) { return add(&o->qmps, a); }
static bool opt_qmp_pretty(struct options *o, const char *a) { return add(&o->pretty_qmps, a); }
static bool opt_mon(struct options *o, const char *a) { return add(&o->mons, a); }
static bool opt_echr(struct options *o, const char *a)
{
    uint64_t v;
    bool ok = parse_number(a, false, 255, &v);
    o->escape_key = (unsigned)v;
    return ok;
}
static bool opt_nographic(struct options *o, const char *a) { return o->nographic = true; }
static bool opt_display(struct options *o, const char *a)
{
    if (!strcmp(a, "help")) {
        printf("Available display backend types:\nnone\n");
        exit(0);
    }
    return o->no_display = !strcmp(a, "none");
}
/* What lists something ends here. */
static void net_help(const char *a, bool nic)
{
    if (net_option_help(a, nic, stdout))
        exit(0);
}
static bool opt_netdev(struct options *o, const char *a)
{
    net_help(a, false);
    return add(&o->netdevs, a);
}
static bool opt_nic(struct options *o, const char *a)
{
    net_help(a, true);
    return add(&o->nics, a);
}
static bool opt_net(struct options *o, const char *a)
{
    net_help(a, true);
    return add(&o->nets, a);
}
static bool opt_object(struct options *o, const char *a)
{
    if (!strcmp(a, "help") || !strcmp(a, "?")) {
        object_help(stdout);
        exit(0);
    }
    return add(&o->objects, a);
}
static bool opt_fsdev(struct options *o, const char *a) { return add(&o->fsdevs, a); }
static bool opt_virtfs(struct options *o, const char *a)
{
    char *fsdev, *device, err[256];
    if (!p9_virtfs(a, &fsdev, &device, err, sizeof err))
        die("-virtfs %s: %s", a, err);
    return add(&o->fsdevs, fsdev) && add(&o->devices, device);
}
static bool opt_none(struct options *o, const char *a) { return !strcmp(a, "none") || !strcmp(a, "null"); }
static bool opt_nodefaults(struct options *o, const char *a) { return o->no_defaults = true; }
static bool opt_nothing(struct options *o, const char *a) { return true; }

/* Of several the first one that is here counts. */
static bool opt_accel(struct options *o, const char *a)
{
    struct word w;
    if (!next_word(&a, &w) || w.value)
        return false;
    if (!strcmp(w.name, "help")) {
        printf("Accelerators supported:\ntcg\ninterp\n");
        exit(0);
    }
    bool found = false;
    for (char *name = strtok(w.name, ":"); name; name = strtok(NULL, ":")) {
        if (!strcmp(name, "tcg") || !strcmp(name, "jit") || !strcmp(name, "interp")) {
            if (!o->accel_given)
                o->machine.interp = !strcmp(name, "interp");
            o->accel_given = found = true;
        } else if (!strcmp(name, "kvm") || !strcmp(name, "hvf") || !strcmp(name, "xen") || !strcmp(name, "whpx")) {
            o->accel_missing = found = true;
        } else {
            return false;
        }
    }
    if (!found)
        return false;
    while (next_word(&a, &w)) {
        uint64_t v;
        bool flag;
        if (!w.value)
            return false;
        if (!strcmp(w.name, "tb-size")) {
            if (!parse_number(w.value, false, 4096, &v))
                return false;
            o->machine.cache_size = (size_t)v << 20;
        } else if (!strcmp(w.name, "one-insn-per-tb")) {
            if (!parse_bool(w.value, &flag))
                return false;
            o->machine.one_insn = flag;
        } else if (!strcmp(w.name, "thread")) {
            if (strcmp(w.value, "multi"))
                die("-accel thread=%s: each processor has a thread (thread=multi)", w.value);
        } else if (strcmp(w.name, "split-wx")) {
            return false;
        }
    }
    return true;
}

static bool opt_without(struct options *o, const char *a)
{
    unsigned bit = engine_ablation(a, strlen(a));
    o->machine.without |= bit;
    return bit != 0;
}

/* Names with no bits are QEMU's for what myna has nothing to say of. */
static const struct log_item { const char *name; unsigned bits; const char *help; } log_items[] = {
    { "in_asm", LOG_IN_ASM, "guest code as it is translated" }, { "op", LOG_IR, "its intermediate form" }, { "op_opt", LOG_OPT, "after passes" },
    { "out_asm", LOG_OUT_ASM, "host code" }, { "exec", LOG_EXEC, "each translation that is entered" }, { "cpu", LOG_CPU, "registers at each entry" },
    { "int", LOG_INT, "interrupts and exceptions" }, { "unimp", LOG_UNIMP, "what is not there" },
    { "guest_errors", LOG_UNIMP, "what a guest should not do" }, { "stats", LOG_STATS, "the engine's counts at the end" },
    { "mmu", 0, "nothing" }, { "page", 0, "nothing" }, { "nochain", 0, "nothing" }, { "pcall", 0, "nothing" }, { "cpu_reset", 0, "nothing" },
    { "fpu", 0, "nothing" }, { "plugin", 0, "nothing" }, { "strace", 0, "nothing" }, { "none", 0, "nothing" },
};
enum { NLOG_ITEMS = sizeof log_items / sizeof *log_items };

static const char *next_log(void *arg)
{
    unsigned *k = arg;
    return *k < NLOG_ITEMS ? log_items[(*k)++].name : NULL;
}

static bool opt_log(struct options *o, const char *a)
{
    struct word w;
    while (next_word(&a, &w)) {
        unsigned k = 0;
        if (!strcmp(w.name, "help")) {
            for (k = 0; k < NLOG_ITEMS; k++)
                printf("%-14s %s\n", log_items[k].name, log_items[k].help);
            exit(0);
        }
        while (k < NLOG_ITEMS && strcmp(log_items[k].name, w.name))
            k++;
        if (k == NLOG_ITEMS) {
            const char *near = nearest(w.name, next_log, &(unsigned){ 0 });
            die("-d %s: there is no such item%s%s (-d help)", w.name, near ? "; the nearest is " : "", near ? near : "");
        }
        log_mask |= log_items[k].bits;
    }
    return true;
}
static bool opt_log_file(struct options *o, const char *a)
{
    FILE *f = fopen(a, "we");
    if (!f)
        die("-D %s: %s", a, strerror(errno));
    log_file = f;
    return true;
}
static bool opt_one_insn(struct options *o, const char *a) { return o->machine.one_insn = true; }
static bool opt_no_reboot(struct options *o, const char *a) { return o->no_reboot = true; }
static bool opt_no_shutdown(struct options *o, const char *a) { return o->no_shutdown = true; }
static bool opt_paused(struct options *o, const char *a) { return o->paused = true; }
static bool opt_s(struct options *o, const char *a) { return add(&o->gdbs, "tcp::1234"); }
static bool opt_gdb(struct options *o, const char *a) { return add(&o->gdbs, a); }
static bool opt_pidfile(struct options *o, const char *a) { return (o->process.pidfile = a) != NULL; }
static bool opt_daemonize(struct options *o, const char *a) { return o->process.daemonize = true; }
static bool opt_runas(struct options *o, const char *a) { return (o->process.user = a) != NULL; }
static bool opt_chroot(struct options *o, const char *a) { return (o->process.root = a) != NULL; }
static bool opt_sandbox(struct options *o, const char *a) { return sandbox_parse(&o->process.sandbox, a); }
static bool opt_readconfig(struct options *o, const char *a)
{
    read_config(o, a);
    return true;
}

static bool opt_msg(struct options *o, const char *a)
{
    struct word w;
    while (next_word(&a, &w))
        if (!w.value || (strcmp(w.name, "timestamp") && strcmp(w.name, "guest-name")) || !parse_bool(w.value, !strcmp(w.name, "timestamp") ? &stamps : &(bool){ false }))
            return false;
    return true;
}

static bool opt_version(struct options *o, const char *a)
{
    printf("myna-system-aarch64 version " MYNA_VERSION "\n");
    exit(0);
}
static bool opt_help(struct options *o, const char *a);

/* Names apart by '|'. argument NULL: none. set NULL: QEMU's, not here; help says what to do. */
static const struct option {
    const char *names, *argument;
    bool (*set)(struct options *o, const char *argument);
    const char *help;
} options[] = {
    { "help|h|?", NULL, opt_help, "prints this text" },
    { "version", NULL, opt_version, "prints the version" },
    { "machine|M", "NAME[,PROPERTY=VALUE...]", opt_machine, "board; 'help' lists them, NAME,help its properties" },
    { "cpu", "MODEL[,PROPERTY=on|off...]", opt_cpu, "processor model (max); 'help' lists them" },
    { "accel", "tcg|interp[,tb-size=MIB]", opt_accel, "tcg: host code (default); interp: the interpreter" },
    { "smp", "[cpus=]N[,maxcpus=,sockets=,clusters=,cores=,threads=]", opt_smp, "processors (1)" },
    { "m", "[size=]SIZE", opt_memory, "memory, MiB without a suffix (128M)" },
    { "mem-path", "FILE|DIR", opt_mem_path, "the guest's memory is in that file, or in a new one of that folder" },
    { "mem-prealloc", NULL, opt_mem_prealloc, "all of the guest's memory is there from the start" },
    { "kernel", "FILE", opt_kernel, "a Linux Image (gzip'd or not) or an ELF program" },
    { "initrd", "FILE", opt_initrd, "the kernel's first root file system" },
    { "append", "TEXT", opt_append, "the kernel's command line" },
    { "dtb", "FILE", opt_dtb, "a device tree instead of the board's own" },
    { "bios", "FILE", opt_bios, "firmware, in the first flash bank" },
    { "pflash", "FILE", opt_pflash, "contents of a flash bank; what the guest writes goes to the file" },
    { "hda|hd0", "FILE", opt_hda, "the first disk" },
    { "hdb|hd1", "FILE", opt_hdb, "the second disk" },
    { "hdc|hd2", "FILE", opt_hdc, "the third disk" },
    { "hdd|hd3", "FILE", opt_hdd, "the fourth disk" },
    { "cdrom", "FILE", opt_cdrom, "a disk that is not written to, in the third one's place" },
    { "drive", "file=FILE[,if=virtio|scsi|pflash|none,id=ID...]", opt_drive, "an image; 'help' lists what else" },
    { "blockdev", "driver=raw|qcow2|file...,node-name=N...", opt_blockdev, "a node of the graph of images, for -device ...,drive=N" },
    { "snapshot", NULL, opt_snapshot, "disks are not written" },
    { "device", "NAME[,PROPERTY=VALUE...]", opt_device, "adds a device; 'help' lists them, 'NAME,help' its properties" },
    { "global", "DEVICE.PROPERTY=VALUE", opt_global, "another default of a device's property" },
    { "chardev", "CLASS,id=ID[,OPTION=VALUE...]", opt_chardev, "a character backend; 'help' lists the classes" },
    { "serial", "DEV", opt_serial, "serial port: stdio mon:stdio pty null none file: pipe: unix: tcp: telnet: /dev/ chardev:ID" },
    { "monitor", "DEV", opt_monitor, "the monitor, likewise" },
    { "qmp", "DEV", opt_qmp, "QMP, the monitor of programs, likewise" },
    { "qmp-pretty", "DEV", opt_qmp_pretty, "the same, with its answers laid out for people" },
    { "mon", "chardev=ID[,mode=readline|control,pretty=on]", opt_mon, "a monitor, or QMP (control), on a character backend" },
    { "echr", "NUMBER", opt_echr, "the multiplexer's escape key (1: Ctrl-A)" },
    { "nographic", NULL, opt_nographic, "no display; serial port and monitor on standard input and output" },
    { "display", "none", opt_display, "no display" },
    { "netdev", "TYPE,id=ID[,OPTION=VALUE...]", opt_netdev, "a network backend; 'help' lists the types, 'TYPE,help' options" },
    { "nic", "TYPE|none[,model=NAME,mac=ADDR,OPTION=VALUE...]", opt_nic, "a network device on a backend; 'model=help' lists models" },
    { "net", "nic|TYPE|none[,OPTION=VALUE...]", opt_net, "the same, each of the two, by a hub" },
    { "object", "KIND,id=ID[,OPTION=VALUE...]", opt_object, "an object; 'help' lists the kinds" },
    { "fsdev", "local,id=ID,path=DIR,security_model=passthrough|mapped-xattr|mapped-file|none[,readonly=on][,multidevs=...]", opt_fsdev,
      "a folder of the host, for -device virtio-9p-pci,fsdev=ID,mount_tag=TAG" },
    { "virtfs", "local,path=DIR,mount_tag=TAG,security_model=...", opt_virtfs, "both in one" },
    { "vga|parallel", "none", opt_none, "none: there is none" },
    { "nodefaults", NULL, opt_nodefaults, "only what is asked for" },
    { "no-user-config|nodefconfig", NULL, opt_nothing, "nothing: there are no such files" },
    { "S", NULL, opt_paused, "the processors wait for 'cont' or a debugger" },
    { "s", NULL, opt_s, "the same as -gdb tcp::1234" },
    { "gdb", "tcp:[HOST]:PORT|unix:PATH", opt_gdb, "waits for gdb there" },
    { "semihosting", NULL, opt_semihosting, "guests' semihosting calls are served" },
    { "semihosting-config", "enable=on,target=native,userspace=on", opt_semihosting_config, "the same in detail" },
    { "fw_cfg", "[name=]NAME,file=FILE|string=TEXT", opt_fw_cfg, "an item for the guest's firmware" },
    { "boot", "[order=LETTERS][,once=LETTERS][,menu=on|off][,splash-time=MS][,reboot-timeout=MS][,strict=on|off]", opt_boot,
      "what firmware starts from: c disks, d CD-ROMs, n networks; bootindex= of devices comes first" },
    { "smbios", "type=NUMBER[,FIELD=VALUE...]", opt_smbios, "what SMBIOS tells the guest" },
    { "rtc", "base=utc|localtime|DATE,clock=host|vm", opt_rtc, "what the real-time clock shows" },
    { "name", "NAME", opt_name, "the machine's name" },
    { "uuid", "UUID", opt_uuid, "the machine's number" },
    { "incoming", "defer|URI", opt_incoming, "the machine's state comes from tcp:[HOST]:PORT unix:PATH exec:COMMAND file:PATH fd:N" },
    { "loadvm", "NAME", opt_loadvm, "begins as the machine was when savevm saved it" },
    { "no-reboot", NULL, opt_no_reboot, "a reset of the guest ends the machine" },
    { "no-shutdown", NULL, opt_no_shutdown, "a guest that switches off leaves the machine standing" },
    { "pidfile", "FILE", opt_pidfile, "the process's number goes there" },
    { "daemonize", NULL, opt_daemonize, "goes into the background when the machine is ready" },
    { "runas", "USER|UID:GID", opt_runas, "becomes that user before the guest runs" },
    { "chroot", "DIR", opt_chroot, "goes into that root before the guest runs" },
    { "sandbox", "on[,obsolete=allow|deny,elevateprivileges=allow|deny|children,spawn=allow|deny,resourcecontrol=allow|deny]", opt_sandbox,
      "denies system calls by groups" },
    { "readconfig", "FILE", opt_readconfig, "options from an ini-like file" },
    { "action", "reboot=reset|shutdown,shutdown=poweroff|pause,panic=...,watchdog=...", opt_action, "what the guest's doings lead to" },
    { "msg", "timestamp=on|off", opt_msg, "errors with the time before them" },
    { "add-fd", "fd=N,set=N[,opaque=TEXT]", opt_add_fd, "a descriptor that is opened as /dev/fdset/N" },
    { "d", "ITEM[,...]", opt_log, "logs; 'help' lists the items" },
    { "D", "FILE", opt_log_file, "log file instead of stderr" },
    { "singlestep|one-insn-per-tb", NULL, opt_one_insn, "translates one guest instruction at a time" },
    { "without", "TECHNIQUE", opt_without, "leaves a technique out (ablations.def), for tests" },
    { "icount|vnc|spice|audiodev|trace|plugin|numa|tpmdev|usbdevice|"
      "writeconfig|watchdog-action|overcommit|acpitable|sd|mtdblock|run-with", "...", NULL, "not there yet" },
    { "enable-kvm|preconfig|full-screen|usb", NULL, NULL, "not there yet" },
};
enum { NOPTIONS = sizeof options / sizeof *options };

static bool opt_help(struct options *o, const char *a)
{
    printf("usage: myna-system-aarch64 [OPTIONS] [DISK]\n");
    for (unsigned k = 0; k < NOPTIONS; k++) {
        if (!options[k].set)
            continue;
        int n = 0;
        for (const char *p = options[k].names; *p; p += strcspn(p, "|"), p += *p == '|')
            n += printf("%s-%.*s", n ? ", " : "  ", (int)strcspn(p, "|"), p);
        n += printf(" %s", options[k].argument ? options[k].argument : "");
        printf("%*s %s\n", n < 44 ? 44 - n : 0, "", options[k].help);
    }
    exit(0);
}

struct names { unsigned row; const char *at; }; /* what it gives stays: the process ends with it */

static const char *next_name(void *arg)
{
    struct names *n = arg;
    while (!n->at || !*n->at) {
        if (n->row == NOPTIONS)
            return NULL;
        n->at = options[n->row].set ? options[n->row].names : "";
        n->row++;
    }
    size_t len = strcspn(n->at, "|");
    char *text = strndup(n->at, len);
    n->at += len + (n->at[len] == '|');
    return text;
}

static const struct option *find(const char *word)
{
    size_t n = strlen(word);
    for (unsigned k = 0; k < NOPTIONS; k++)
        for (const char *p = options[k].names; *p; p += strcspn(p, "|"), p += *p == '|')
            if (strcspn(p, "|") == n && !memcmp(p, word, n))
                return &options[k];
    return NULL;
}

static void check(struct options *o)
{
    struct board_config *c = &o->config;
    if (!o->board)
        die("no board: -M virt (-M help lists them)");
    if (o->accel_missing && !o->accel_given)
        die("-accel: only tcg and interp are here");
    complete_smp(c);
    if (c->max_cpus > o->board->max_cpus)
        die("-smp: board %s has %u processors at most, not %u", o->board->name, o->board->max_cpus, c->max_cpus);
    if (!c->kernel && (c->initrd || c->append))
        die("%s is for a kernel: -kernel FILE is missing", c->initrd ? "-initrd" : "-append");
    if (!c->memory)
        c->memory = o->board->default_memory;
}

/* The row; typed: as it was written. */
static const struct option *known(const char *word, const char *typed)
{
    const struct option *p = find(word);
    if (!p) {
        struct names all = { 0 };
        const char *near = nearest(word, next_name, &all);
        die("there is no option %s%s%s (-help lists them)", typed, near ? "; the nearest is -" : "", near ? near : "");
    }
    if (!p->set)
        die("-%s is %s (-help lists what is)", word, p->help);
    return p;
}

static void apply(struct options *o, const struct option *p, const char *word, const char *argument)
{
    if (!p->set(o, argument))
        die("-%s %s: it should be %s, %s", word, argument, p->argument, p->help);
}

void option_apply(struct options *o, const char *name, const char *argument)
{
    apply(o, known(name, name), name, argument);
}

void options_parse(struct options *o, int argc, char **argv)
{
    o->config.rtc_base = time(NULL);
    o->config.boot_splash_time = o->config.boot_reboot_timeout = -1;
    o->escape_key = 1;
    for (int k = 1; k < argc; k++) {
        const char *word = argv[k];
        if (word[0] != '-') {
            char *text = NULL;
            if (asprintf(&text, "file=%s,index=0,media=disk", word) > 0)
                add(&o->drives, text);
            continue;
        }
        word += 1 + (word[1] == '-');
        const struct option *p = known(word, argv[k]);
        if (p->argument && ++k == argc)
            die("-%s: an argument is missing: %s, %s", word, p->argument, p->help);
        apply(o, p, word, p->argument ? argv[k] : NULL);
    }
    check(o);
}
