/*
 * The command line of myna-system: what it says, as main.c acts on it.
 */
#ifndef MYNA_OPTIONS_H
#define MYNA_OPTIONS_H

#include "boards/boards.h"
#include "process.h"

enum { MAX_WORDS = 256 };

/* Texts in the order they were given. */
struct texts { const char *at[MAX_WORDS]; unsigned n; };

struct options {
    struct board_config config;
    struct machine_config machine;
    const struct board *board;
    struct texts board_properties; /* "NAME=VALUE" */
    const char *cpu;
    struct texts devices, chardevs, serials, monitors, mons, drives, blockdevs, pflash, gdbs, qmps, pretty_qmps;
    struct texts netdevs, nics, nets, objects, fsdevs;
    struct process_options process;
    const char *incoming, *loadvm; /* NULL: none */
    bool paused, no_reboot, no_shutdown, nographic, no_display, no_defaults, snapshot, accel_given, accel_missing;
    bool smp_given, semihosting, semihosting_user;
    unsigned escape_key;
};

/* Reads the command line; ends the process for -help and the like, and with one line for what makes no sense. */
void options_parse(struct options *o, int argc, char **argv);
/* The option of that name as if it had been typed; argument NULL: it takes none. Ends the process if it makes no sense. */
void option_apply(struct options *o, const char *name, const char *argument);
/* settings.c */
bool opt_action(struct options *o, const char *argument);
bool opt_add_fd(struct options *o, const char *argument);
bool opt_name(struct options *o, const char *argument);
bool opt_uuid(struct options *o, const char *argument);
bool opt_boot(struct options *o, const char *argument);
bool opt_smbios(struct options *o, const char *argument);
bool opt_rtc(struct options *o, const char *argument);
bool opt_fw_cfg(struct options *o, const char *argument);
bool opt_semihosting(struct options *o, const char *argument);
bool opt_semihosting_config(struct options *o, const char *argument);
/* readconfig.c */
void read_config(struct options *o, const char *path);
/* Ends the process: "myna-system-aarch64: " and the text. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
