/*
 * myna-system: makes the machine that the command line (cli/options.c) describes, and runs it.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "9p/p9.h"
#include "backend/memory.h"
#include "block/block.h"
#include "char/chardev.h"
#include "cli/options.h"
#include "gdbstub.h"
#include "migrate.h"
#include "migrate/migrate.h"
#include "monitor.h"
#include "net/net.h"
#include "object.h"
#include "scsi/scsi.h"
#include "snapshots.h"

/* The board, with the properties of -M, and what is plugged in. */
static struct device *make_board(struct machine *m, const struct options *o, char *err, size_t errlen)
{
    struct device *b = device_new_type(m, o->board->type, err, errlen);
    if (!b)
        return NULL;
    for (unsigned k = 0; k < o->board_properties.n; k++) {
        const char *p = o->board_properties.at[k];
        struct word w;
        next_word(&p, &w);
        if (!strcmp(w.name, "help")) {
            device_help(o->board->type->name, stdout);
            exit(0);
        }
        if (!device_set(b, w.name, w.value, err, errlen))
            return NULL;
    }
    if (!device_realize(b, NULL, err, errlen))
        return NULL;
    if (!net_make_nics(m, err, errlen))
        return NULL;
    for (unsigned k = 0; k < o->devices.n; k++)
        if (!device_add(m, o->devices.at[k], err, errlen))
            return NULL;
    return virtio_blk_for_drives(m, err, errlen) && scsi_for_drives(m, err, errlen) && (!o->board->complete || o->board->complete(b, err, errlen)) ? b : NULL;
}

/* Images of disks and flash banks. */
static void make_drives(const struct options *o)
{
    char err[256] = "", text[4096];
    for (unsigned k = 0; k < o->blockdevs.n; k++)
        if (!block_blockdev_option(o->blockdevs.at[k], err, sizeof err))
            die("-blockdev %s: %s", o->blockdevs.at[k], err);
    for (unsigned k = 0; k < o->drives.n; k++) {
        snprintf(text, sizeof text, "%s%s", o->drives.at[k], o->snapshot ? ",snapshot=on" : "");
        if (!block_drive_option(text, err, sizeof err))
            die("%s", err);
    }
    for (unsigned k = 0; k < o->pflash.n; k++) {
        snprintf(text, sizeof text, "if=pflash,format=raw,file=%s", o->pflash.at[k]);
        if (!block_drive_option(text, err, sizeof err))
            die("%s", err);
    }
}

/* A daemon has no standard input and output. */
static void no_stdio(struct options *o)
{
    const struct texts *lists[] = { &o->serials, &o->monitors, &o->qmps, &o->pretty_qmps, &o->chardevs };
    if (!o->process.daemonize)
        return;
    for (unsigned t = 0; t < sizeof lists / sizeof *lists; t++)
        for (unsigned k = 0; k < lists[t]->n; k++)
            if (!strncmp(lists[t]->at[k], "stdio", 5) || !strncmp(lists[t]->at[k], "mon:stdio", 9))
                die("-daemonize: a daemon has no standard input and output: %s can't be used", lists[t]->at[k]);
    if (!o->serials.n && !o->no_defaults && o->nographic)
        die("-daemonize: a daemon has no standard input and output: -nographic needs -serial and -monitor elsewhere");
    if (!o->serials.n && !o->no_defaults)
        o->serials.at[o->serials.n++] = "null";
}

/* Character backends, and who is on which. Without -serial and -monitor, -nographic means mon:stdio for both. */
static void make_chardevs(struct machine *m, struct options *o)
{
    char err[256] = "", id[32];
    bool none;
    for (unsigned k = 0; k < o->chardevs.n; k++)
        if (!chardev_add(m->loop, o->chardevs.at[k], err, sizeof err))
            die("%s", err);
    no_stdio(o);
    if (!o->serials.n && !o->no_defaults && (o->nographic || !o->no_display)) {
        bool monitor = !o->monitors.n && !o->mons.n && !o->qmps.n && !o->pretty_qmps.n;
        if (!o->nographic)
            fprintf(stderr, "myna-system-aarch64: there is no display here: the serial port is on standard input and output (-nographic)\n");
        o->serials.at[o->serials.n++] = monitor ? "mon:stdio" : "stdio";
    }
    for (unsigned k = 0; k < o->serials.n; k++) {
        snprintf(id, sizeof id, "serial%u", k);
        o->config.serial[k] = chardev_add_short(m->loop, id, o->serials.at[k], &none, err, sizeof err);
        if (!o->config.serial[k] && !none)
            die("-serial %s: %s", o->serials.at[k], err);
    }
}

static void make_qmp(struct machine *m, struct chardev *c, bool pretty, const char *option, const char *text)
{
#ifdef MYNA_QMP
    char err[256] = "";
    if (!qmp_attach(m, c, pretty, err, sizeof err))
        die("%s %s: %s", option, text, err);
#else
    die("%s %s: this myna was built without QMP (it needs jansson)", option, text);
#endif
}

static void make_qmps(struct machine *m, const struct texts *t, bool pretty)
{
    static unsigned made;
    char err[256] = "", id[32];
    bool none;
    for (unsigned k = 0; k < t->n; k++) {
        snprintf(id, sizeof id, "qmp%u", made++);
        struct chardev *c = chardev_add_short(m->loop, id, t->at[k], &none, err, sizeof err);
        if (!c && !none)
            die("-qmp %s: %s", t->at[k], err);
        if (c)
            make_qmp(m, c, pretty, "-qmp", t->at[k]);
    }
}

/* Folders of the host. */
static void make_fsdevs(const struct options *o)
{
    char err[256] = "";
    for (unsigned k = 0; k < o->fsdevs.n; k++)
        if (!p9_fsdev_add(o->fsdevs.at[k], err, sizeof err))
            die("-fsdev %s: %s", o->fsdevs.at[k], err);
}

/* Network backends; the devices of -nic and -net come with the board. */
static void make_networks(struct machine *m, const struct options *o)
{
    static const char *const names[] = { "netdev", "nic", "net" };
    bool (*const add[])(struct machine *m, const char *text, char *err, size_t errlen) = { netdev_add, net_nic_option, net_net_option };
    const struct texts *const texts[] = { &o->netdevs, &o->nics, &o->nets };
    char err[512] = "";
    unsigned n = 0;
    for (unsigned j = 0; j < 3; j++)
        for (unsigned k = 0; k < texts[j]->n; k++, n++)
            if (!add[j](m, texts[j]->at[k], err, sizeof err))
                die("-%s %s: %s", names[j], texts[j]->at[k], err);
    if (!n && !o->no_defaults && !net_default(m, err, sizeof err))
        die("%s", err);
}

/* Filters want networks, which come later; all others are there before anything wants them. */
static void make_objects(struct machine *m, const struct options *o, bool filters)
{
    char err[512] = "";
    for (unsigned k = 0; k < o->objects.n; k++)
        if (!strncmp(o->objects.at[k], "filter-", 7) == filters && !object_add(m, o->objects.at[k], err, sizeof err))
            die("-object %s: %s", o->objects.at[k], err);
}

/* Monitors: where -monitor and -mon say, else on what the serial port shares with it (mon:). */
static void make_monitors(struct machine *m, struct options *o)
{
    char err[256] = "", id[32];
    bool none = false;
    for (unsigned k = 0; k < o->monitors.n; k++) {
        snprintf(id, sizeof id, "compat_monitor%u", k);
        struct chardev *c = chardev_add_short(m->loop, id, o->monitors.at[k], &none, err, sizeof err);
        if (!none && (!c || !monitor_attach(m, c, err, sizeof err)))
            die("-monitor %s: %s", o->monitors.at[k], err);
    }
    for (unsigned k = 0; k < o->mons.n; k++) {
        const char *p = o->mons.at[k];
        struct chardev *c = NULL;
        bool control = false, pretty = false;
        struct word w;
        while (next_word(&p, &w)) {
            if (!w.value || !strcmp(w.name, "chardev"))
                c = backend_by_id(PROP_CHARDEV, w.value ? w.value : w.name);
            else if (!strcmp(w.name, "mode") && !strcmp(w.value, "control"))
                control = true;
            else if (!strcmp(w.name, "mode") && strcmp(w.value, "readline"))
                die("-mon mode=%s: it may be readline or control", w.value);
            else if (!strcmp(w.name, "pretty") && !parse_bool(w.value, &pretty))
                die("-mon pretty=%s: it may be on or off", w.value);
        }
        if (!c)
            die("-mon %s: there is no such -chardev", o->mons.at[k]);
        if (control)
            make_qmp(m, c, pretty, "-mon", o->mons.at[k]);
        else if (!monitor_attach(m, c, err, sizeof err))
            die("-mon %s: %s", o->mons.at[k], err);
    }
    make_qmps(m, &o->qmps, false);
    make_qmps(m, &o->pretty_qmps, true);
    for (unsigned k = 0; k < o->serials.n; k++)
        if (!strncmp(o->serials.at[k], "mon:", 4) && !monitor_attach(m, o->config.serial[k], err, sizeof err))
            die("-serial %s: %s", o->serials.at[k], err);
}

/* The host's wish that we end: as if the monitor's quit had been typed. */
static void on_signal(void *arg, uint32_t events)
{
    struct machine *m = arg;
    machine_quit(m, 0, CAUSE_SIGNAL);
}

static void catch_ends(struct machine *m)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd >= 0)
        loop_watch(m->loop, fd, EPOLLIN, on_signal, m);
    signal(SIGPIPE, SIG_IGN);
}

/* -loadvm: the first thing that the loop does. */
static struct { struct machine *machine; const struct options *options; } to_load;

static void load_vm(void *arg)
{
    char err[512] = "";
    if (!snapshots_load(to_load.machine, to_load.options->loadvm, NULL, NULL, err, sizeof err)) {
        fprintf(stderr, "myna-system-aarch64: -loadvm %s: %s\n", to_load.options->loadvm, err);
        machine_quit(to_load.machine, 1, CAUSE_HOST_ERROR);
    } else if (!to_load.options->paused) {
        machine_continue(to_load.machine);
    }
}

static void quit(void *arg) { machine_quit(arg, 0, CAUSE_UI); }

int main(int argc, char **argv)
{
    static struct cpu_model model;
    static struct options o;
    char err[256] = "";
    log_file = stderr;
    options_parse(&o, argc, argv);
    process_begin(&o.process);
    if (!o.cpu && o.board->default_cpu && !strcmp(o.board->default_cpu, "max"))
        fprintf(stderr, "myna-system-aarch64: no -cpu: it is max\n");
    if (o.board->isa->guest->parse_cpu(o.cpu ? o.cpu : o.board->default_cpu ? o.board->default_cpu : "max", &model, err, sizeof err))
        die("%s", err);
    o.machine.isa = o.board->isa;
    o.machine.model = &model;
    struct machine *m = machine_new(&o.machine, err, sizeof err);
    if (!m)
        die("%s", err);
    m->config = &o.config;
    m->no_reboot = o.no_reboot;
    m->no_shutdown = o.no_shutdown;
    m->semihosting = o.semihosting;
    m->semihosting_user = o.semihosting_user;
    m->semihosting_text = o.config.append ? o.config.append : o.config.kernel;
    m->reset_devices = devices_reset;
    m->parts = &device_parts;
    catch_ends(m);
    chardev_mux_keys(o.escape_key, quit, NULL, m);
    machine_lock_enter();
    make_chardevs(m, &o);
    make_objects(m, &o, false);
    if (!memory_settle(m, err, sizeof err))
        die("%s", err);
    block_open_given(o.incoming != NULL);
    make_drives(&o);
    make_fsdevs(&o);
    make_networks(m, &o);
    make_objects(m, &o, true);
    if (!make_board(m, &o, err, sizeof err))
        die("%s", err);
    make_monitors(m, &o);
    for (unsigned k = 0; k < o.gdbs.n; k++)
        if (strcmp(o.gdbs.at[k], "none") && !gdbstub_start(m, o.gdbs.at[k], err, sizeof err))
            die("-gdb %s: %s", o.gdbs.at[k], err);
    if (o.incoming && !migrate_incoming_option(m, strcmp(o.incoming, "defer") ? o.incoming : NULL, !o.paused, err, sizeof err))
        die("-incoming %s: %s", o.incoming, err);
    block_open_given(false);
    to_load.machine = m;
    to_load.options = &o;
    if (o.loadvm && (o.incoming || !loop_defer(m->loop, load_vm, NULL)))
        die("-loadvm %s: %s", o.loadvm, o.incoming ? "-incoming is another way to begin" : "no memory");
    process_ready(&o.process);
    m->complete = true;
    machine_lock_leave();
    int status = machine_run(m, o.paused || o.incoming || o.loadvm);
    migrate_finish(m);
    chardev_finish();
    machine_lock_enter();
    netdevs_close();
    blocks_close();
    machine_lock_leave();
    if (log_mask & LOG_STATS)
        engine_stats(m->engine, log_file);
    return status;
}
