/*
 * Boards by name, and what the command line says of one.
 *
 * A board is a device that makes all others: its properties are those of -M NAME,PROPERTY=VALUE. main makes
 * the machine and the board's device, realizes it (memory, processors, built-in devices), plugs in what -device asks for, and
 * calls `complete` (device tree, images), in this order.
 */
#ifndef MYNA_BOARDS_H
#define MYNA_BOARDS_H

#include "device.h"
#include "isa.h"

enum { MAX_SERIALS = 4, MAX_FW_CFG = 32, MAX_SMBIOS = 32 };

struct fw_cfg_item { const char *name, *file, *text; }; /* -fw_cfg: one of file and text */

/* Common to all boards, from the command line; m->config. */
struct board_config {
    unsigned ncpus;  /* 1.. */
    unsigned max_cpus, sockets, clusters, cores, threads; /* their product is max_cpus */
    uint64_t memory; /* bytes */
    bool memory_given, mem_prealloc;        /* -m was; -mem-prealloc */
    const char *memory_backend, *mem_path;  /* -M memory-backend=, -mem-path; NULL: none */
    const char *kernel, *initrd, *append, *dtb, *dumpdtb; /* NULL: none */
    struct chardev *serial[MAX_SERIALS];                  /* NULL: nothing is connected */
    const char *bios;
    struct fw_cfg_item fw_cfg[MAX_FW_CFG];
    unsigned nfw_cfg;
    int64_t rtc_base;     /* seconds since 1970 at the machine's start, of what the RTC shows */
    bool rtc_virtual;     /* the RTC stands while the machine is paused */
    const char *name;     /* -name, or NULL */
    uint8_t uuid[16];
    bool has_uuid;
    /* -boot: letters of kinds of devices (NULL: none), milliseconds (-1: not said) */
    const char *boot_order, *boot_once;
    bool boot_menu, boot_strict;
    int32_t boot_splash_time, boot_reboot_timeout;
    const char *smbios[MAX_SMBIOS]; /* -smbios, each */
    unsigned nsmbios;
};

struct board {
    const char *name, *alias, *help;
    const struct isa *isa;
    const struct device_type *type;
    unsigned max_cpus;
    const char *default_cpu; /* NULL: it has no processors */
    uint64_t default_memory;
    bool (*complete)(struct device *board, char *err, size_t errlen); /* NULL: there is nothing to do */
};

/* Ended by a NULL name. */
extern const struct board boards[];

#endif
