/*
 * QMP on a character device, and its commands about the board: what there is, and what the command line takes.
 */
#include <stdlib.h>
#include <string.h>

#include "boards/boards.h"
#include "guest.h"
#include "monitor.h"
#include "monitor/qmp.h"
#include "qmp_rows.h"

/* --------------------------------------------------------------------------- name */

static json_t *query_name(struct qmp_call *c)
{
    const char *name = c->machine->config->name;
    return name ? json_pack("{s:s}", "name", name) : json_object();
}

static json_t *query_uuid(struct qmp_call *c)
{
    char text[40];
    size_t n = 0;
    for (unsigned k = 0; k < 16; k++)
        n += (size_t)snprintf(text + n, sizeof text - n, k == 4 || k == 6 || k == 8 || k == 10 ? "-%02x" : "%02x", c->machine->config->uuid[k]);
    return json_pack("{s:s}", "UUID", text);
}

/* -------------------------------------------------------------------------- boards */

static json_t *query_machines(struct qmp_call *c)
{
    json_t *all = json_array();
    for (const struct board *b = boards; b->name; b++) {
        json_t *one = json_pack("{s:s,s:i,s:b,s:b,s:b}", "name", b->name, "cpu-max", (int)b->max_cpus, "hotpluggable-cpus", 0,
                                "numa-mem-supported", 0, "deprecated", 0);
        if (b->alias)
            json_object_set_new(one, "alias", json_string(b->alias));
        if (b->default_cpu) {
            char type[80];
            snprintf(type, sizeof type, "%s-arm-cpu", b->default_cpu);
            json_object_set_new(one, "default-cpu-type", json_string(type));
        }
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *query_cpu_definitions(struct qmp_call *c)
{
    json_t *all = json_array();
    for (const struct cpu_model *m = c->machine->isa->guest->models; m->name; m++) {
        char type[80];
        snprintf(type, sizeof type, "%s-arm-cpu", m->name);
        json_array_append_new(all, json_pack("{s:s,s:s,s:b,s:b}", "name", m->name, "typename", type, "static", 0, "deprecated", 0));
    }
    return all;
}

/* A model is what it is: nothing of it is listed as a property to be set. */
static json_t *query_cpu_model_expansion(struct qmp_call *c)
{
    json_t *model = json_object_get(c->args, "model");
    const char *name = json_string_value(json_object_get(model, "name"));
    if (strcmp(qmp_text(c, "type"), "full"))
        return qmp_fail(c, QMP_GENERIC, "type: only full expansions are made of the guest's models");
    for (const struct cpu_model *m = c->machine->isa->guest->models; m->name; m++)
        if (!strcmp(m->name, name))
            return json_pack("{s:{s:s,s:{s:b}}}", "model", "name", name, "props", "aarch64", 1);
    return qmp_fail(c, QMP_GENERIC, "there is no processor model '%s'", name);
}

/* Where processor k is. */
static json_t *topology(const struct board_config *b, unsigned k)
{
    unsigned thread = k % b->threads, core = k / b->threads % b->cores, cluster = k / b->threads / b->cores % b->clusters;
    return json_pack("{s:i,s:i,s:i,s:i}", "socket-id", (int)(k / b->threads / b->cores / b->clusters), "cluster-id", (int)cluster, "core-id", (int)core,
                     "thread-id", (int)thread);
}

static json_t *query_cpus_fast(struct qmp_call *c)
{
    json_t *all = json_array();
    for (unsigned k = 0; k < c->machine->nvcpus; k++) {
        char path[64];
        snprintf(path, sizeof path, "/machine/unattached/device[%u]", k);
        json_array_append_new(all, json_pack("{s:i,s:s,s:o,s:i,s:s}", "cpu-index", (int)k, "qom-path", path, "props", topology(c->machine->config, k),
                                             "thread-id", c->machine->vcpus[k]->tid, "target", "aarch64"));
    }
    return all;
}

static json_t *query_hotpluggable_cpus(struct qmp_call *c)
{
    const struct board_config *b = c->machine->config;
    json_t *all = json_array();
    if (!c->machine->nvcpus) {
        json_decref(all);
        return qmp_fail(c, QMP_GENERIC, "this board has no processors");
    }
    for (unsigned k = b->max_cpus; k--;) {
        char type[80], path[64];
        snprintf(type, sizeof type, "%s-arm-cpu", c->machine->model->name);
        json_t *one = json_pack("{s:s,s:i,s:o}", "type", type, "vcpus-count", 1, "props", topology(b, k));
        snprintf(path, sizeof path, "/machine/unattached/device[%u]", k);
        if (k < c->machine->nvcpus)
            json_object_set_new(one, "qom-path", json_string(path));
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *query_memory_size(struct qmp_call *c)
{
    return json_pack("{s:I,s:i}", "base-memory", (json_int_t)c->machine->config->memory, "plugged-memory", 0);
}
static json_t *none(struct qmp_call *c) { return json_array(); }

static json_t *query_gic(struct qmp_call *c)
{
    return json_pack("[{s:i,s:b,s:b},{s:i,s:b,s:b}]", "version", 3, "emulated", 1, "kernel", 0, "version", 2, "emulated", 1, "kernel", 0);
}

/* -------------------------------------------------------------------- command line */

/* Options that take words, by their groups' names; words as "name" (a text), "name?" (on or off), "name#" (a number), "name+" (a size). */
static const struct { const char *option, *words; } groups[] = {
    { "action", "reboot shutdown panic watchdog" },
    { "chardev", "backend path host port server? wait? telnet? reconnect# nodelay? delay? ipv4? ipv6? id mux? signal? size+ logfile logappend? "
                 "append? input-path" },
    { "device", "driver id bus" },
    { "drive", "file id if index# unit# format media readonly? read-only? snapshot? cache aio discard werror rerror" },
    { "fw_cfg", "name file string" },
    { "global", "driver property value" },
    { "machine", "" },
    { "memory", "size+" },
    { "mon", "mode chardev pretty?" },
    { "name", "guest process debug-threads?" },
    { "netdev", "" },
    { "object", "" },
    { "rtc", "base clock driftfix" },
    { "sandbox", "enable? obsolete elevateprivileges spawn resourcecontrol" },
    { "semihosting-config", "enable? userspace? target" },
    { "smp-opts", "cpus# sockets# clusters# cores# threads# maxcpus#" },
};

static json_t *parameters(const char *words)
{
    json_t *all = json_array();
    while (*words) {
        size_t n = strcspn(words, " "), len = n;
        const char *type = "string";
        switch (words[n - 1]) {
        case '?':
            type = "boolean";
            len--;
            break;
        case '#':
            type = "number";
            len--;
            break;
        case '+':
            type = "size";
            len--;
            break;
        }
        json_array_append_new(all, json_pack("{s:s%,s:s}", "name", words, len, "type", type));
        words += n + (words[n] == ' ');
    }
    return all;
}

static json_t *query_command_line_options(struct qmp_call *c)
{
    const char *wanted = qmp_text(c, "option");
    json_t *all = json_array();
    for (unsigned k = 0; k < sizeof groups / sizeof *groups; k++)
        if (!wanted || !strcmp(wanted, groups[k].option))
            json_array_append_new(all, json_pack("{s:s,s:o}", "option", groups[k].option, "parameters", parameters(groups[k].words)));
    if (wanted && !json_array_size(all)) {
        json_decref(all);
        return qmp_fail(c, QMP_GENERIC, "there is no option '%s'", wanted);
    }
    return all;
}

/* ---------------------------------------------------------------------------- rows */

static const struct qmp_type types[] = {
    { "CpuInfoFast", QMP_STRUCT, "cpu-index: int, qom-path: str, thread-id: int, *props: CpuInstanceProperties, target: SysEmuTarget" },
    { "CpuInstanceProperties", QMP_STRUCT, "*node-id: int, *socket-id: int, *die-id: int, *cluster-id: int, *core-id: int, *thread-id: int" },
    { "NameInfo", QMP_STRUCT, "*name: str" },
    { "UuidInfo", QMP_STRUCT, "UUID: str" },
    { "MachineInfo", QMP_STRUCT, "name: str, *alias: str, *is-default: bool, cpu-max: int, hotpluggable-cpus: bool, numa-mem-supported: bool, "
                                 "deprecated: bool, *default-cpu-type: str, *default-ram-id: str" },
    { "CpuDefinitionInfo", QMP_STRUCT, "name: str, *migration-safe: bool, static: bool, *unavailable-features: [str], typename: str, *alias-of: str, "
                                       "deprecated: bool" },
    { "CpuModelInfo", QMP_STRUCT, "name: str, *props: any" },
    { "CpuModelExpansionType", QMP_ENUM, "static, full" },
    { "CpuModelExpansionInfo", QMP_STRUCT, "model: CpuModelInfo" },
    { "HotpluggableCPU", QMP_STRUCT, "type: str, vcpus-count: int, props: CpuInstanceProperties, *qom-path: str" },
    { "MemoryInfo", QMP_STRUCT, "base-memory: size, *plugged-memory: size" },
    { "MemoryDeviceInfo", QMP_STRUCT, "type: str, data: any" },
    { "GICCapability", QMP_STRUCT, "version: int, emulated: bool, kernel: bool" },
    { "CommandLineOptionInfo", QMP_STRUCT, "option: str, parameters: [CommandLineParameterInfo]" },
    { "CommandLineParameterType", QMP_ENUM, "string, boolean, number, size" },
    { "CommandLineParameterInfo", QMP_STRUCT, "name: str, type: CommandLineParameterType, *help: str, *default: str" },
    { "TpmModel", QMP_ENUM, "tpm-tis-device" },
    { "TpmType", QMP_ENUM, "emulator" },
    { NULL }
};

static const struct qmp_command commands[] = {
    { "query-name", "", "NameInfo", query_name },
    { "query-uuid", "", "UuidInfo", query_uuid },
    { "query-machines", "", "[MachineInfo]", query_machines },
    { "query-cpu-definitions", "", "[CpuDefinitionInfo]", query_cpu_definitions },
    { "query-cpu-model-expansion", "type: CpuModelExpansionType, model: CpuModelInfo", "CpuModelExpansionInfo", query_cpu_model_expansion },
    { "query-cpus-fast", "", "[CpuInfoFast]", query_cpus_fast },
    { "query-hotpluggable-cpus", "", "[HotpluggableCPU]", query_hotpluggable_cpus },
    { "query-memory-size-summary", "", "MemoryInfo", query_memory_size },
    { "query-memory-devices", "", "[MemoryDeviceInfo]", none },
    { "query-gic-capabilities", "", "[GICCapability]", query_gic },
    { "query-tpm-models", "", "[TpmModel]", none },
    { "query-tpm-types", "", "[TpmType]", none },
    { "query-command-line-options", "*option: str", "[CommandLineOptionInfo]", query_command_line_options },
    { NULL }
};

/* ------------------------------------------------------------------------- sessions */

struct session { struct chardev *c; struct qmp *q; };

static size_t write_out(void *arg, const uint8_t *bytes, size_t n) { return chardev_write(((struct session *)arg)->c, bytes, n); }
static int take_fd(void *arg) { return chardev_take_fd(((struct session *)arg)->c); }
static size_t room(void *arg) { return qmp_room(((struct session *)arg)->q); }
static void take(void *arg, const uint8_t *bytes, size_t n) { qmp_input(((struct session *)arg)->q, bytes, n); }
static void drained(void *arg) { qmp_drained(((struct session *)arg)->q); }
static void event(void *arg, enum chardev_event e)
{
    struct session *s = arg;
    if (e == CHARDEV_OPENED)
        qmp_opened(s->q);
    else if (e == CHARDEV_CLOSED)
        qmp_closed(s->q);
}

void qmp_add_hw(void)
{
    static bool added;
    if (added)
        return;
    added = true;
    qmp_add(commands, types, NULL, NULL);
    qmp_add_chardevs();
    qmp_add_devices();
    qmp_add_pci();
    qmp_add_blocks();
    qmp_add_balloon();
    qmp_add_nets();
    qmp_add_snapshots();
    qmp_add_objects();
}

bool qmp_attach(struct machine *m, struct chardev *c, bool pretty, char *err, size_t errlen)
{
    qmp_add_hw();
    monitor_add_hw(); /* human-monitor-command has them too */
    struct session *s = calloc(1, sizeof *s);
    struct monitor_port port = { write_out, s, false, take_fd };
    if (!s || !(s->q = qmp_new(m, &port, pretty))) {
        snprintf(err, errlen, "no memory for QMP");
        free(s);
        return false;
    }
    s->c = c;
    struct chardev_front f = { room, take, s, drained, event };
    if (chardev_attach(c, &f))
        return true;
    snprintf(err, errlen, "the character device has a user already");
    return false;
}
