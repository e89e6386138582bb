/*
 * QMP's commands of the core: the machine's life, processors, memory, and QMP itself. ../../hw/qmp_*.c have the others.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdset.h"
#include "qmp.h"

/* ------------------------------------------------------------------------ QMP itself */

/* The version that these commands and types are those of. */
json_t *qmp_version(void)
{
    return json_pack("{s:{s:i,s:i,s:i},s:s}", "qemu", "micro", 0, "minor", 2, "major", 7, "package", "myna");
}

static json_t *query_version(struct qmp_call *c) { return qmp_version(); }
static json_t *query_schema(struct qmp_call *c) { return qmp_schema(); }

static json_t *query_commands(struct qmp_call *c)
{
    json_t *all = json_array();
    const struct qmp_command *row;
    for (unsigned k = 0; (row = qmp_command_at(k)); k++)
        json_array_append_new(all, json_pack("{s:s}", "name", row->name));
    return all;
}

/* Of the table's sake: sessions do it themselves. */
static json_t *capabilities(struct qmp_call *c)
{
    return qmp_fail(c, QMP_COMMAND_NOT_FOUND, "capabilities have been negotiated already");
}

static json_t *human(struct qmp_call *c)
{
    char *text = NULL;
    size_t n = 0;
    json_int_t cpu = qmp_number(c, "cpu-index", 0);
    unsigned chosen = (unsigned)cpu;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return qmp_fail(c, QMP_GENERIC, "no memory");
    if (qmp_has(c, "cpu-index") && (cpu < 0 || cpu >= c->machine->nvcpus)) {
        fclose(out);
        free(text);
        return qmp_fail(c, QMP_GENERIC, "cpu-index: there is no processor %lld", (long long)cpu);
    }
    monitor_run(c->machine, qmp_text(c, "command-line"), &chosen, out);
    fclose(out);
    /* Lines end as on a terminal; what is not UTF-8 can't be said. */
    char *lines = malloc(2 * n + 1);
    size_t len = 0;
    for (size_t k = 0; lines && k < n; k++) {
        if (text[k] == '\n')
            lines[len++] = '\r';
        lines[len++] = text[k];
    }
    json_t *answer = lines ? json_stringn(lines, len) : NULL;
    for (size_t k = 0; lines && !answer && k < len; k++)
        if ((unsigned char)lines[k] >= 0x80)
            lines[k] = '?';
    if (lines && !answer)
        answer = json_stringn(lines, len);
    free(lines);
    free(text);
    return answer ? answer : qmp_fail(c, QMP_GENERIC, "no memory");
}

/* ------------------------------------------------------------------------------ life */

static json_t *query_status(struct qmp_call *c)
{
    struct machine *m = c->machine;
    return json_pack("{s:s,s:b,s:b}", "status", monitor_state(m), "singlestep", 0, "running", m->state == MACHINE_RUNNING);
}

static json_t *stop(struct qmp_call *c)
{
    machine_pause(c->machine);
    machine_wait_stopped(c->machine);
    return json_object();
}

static json_t *cont(struct qmp_call *c)
{
    return monitor_cont(c->machine, c->error, sizeof c->error) ? json_object() : NULL;
}

static void quit_after(struct machine *m) { machine_quit(m, 0, CAUSE_QUIT); }
static json_t *quit(struct qmp_call *c)
{
    c->after = quit_after;
    return json_object();
}

static json_t *system_reset(struct qmp_call *c)
{
    machine_reset(c->machine, CAUSE_HOST_RESET);
    return json_object();
}

static void powerdown_after(struct machine *m) { monitor_powerdown(m); }
static json_t *system_powerdown(struct qmp_call *c)
{
    c->after = powerdown_after;
    return json_object();
}

static json_t *set_action(struct qmp_call *c)
{
    const char *reboot = qmp_text(c, "reboot"), *shutdown = qmp_text(c, "shutdown");
    if (reboot)
        c->machine->no_reboot = !strcmp(reboot, "shutdown");
    if (shutdown)
        c->machine->no_shutdown = !strcmp(shutdown, "pause");
    return json_object();
}

static json_t *exit_preconfig(struct qmp_call *c)
{
    return qmp_fail(c, QMP_GENERIC, "the machine is made already: there is no -preconfig");
}

/* ------------------------------------------------------------------------ processors */

static json_t *query_target(struct qmp_call *c) { return json_pack("{s:s}", "arch", "aarch64"); }
static json_t *query_kvm(struct qmp_call *c) { return json_pack("{s:b,s:b}", "enabled", 0, "present", 0); }

/* ---------------------------------------------------------------------------- memory */

static json_t *save(struct qmp_call *c, bool physical)
{
    json_int_t cpu = qmp_number(c, "cpu-index", 0), size = qmp_number(c, "size", 0);
    if (cpu < 0 || cpu >= c->machine->nvcpus)
        return qmp_fail(c, QMP_GENERIC, "cpu-index: there is no processor %lld", (long long)cpu);
    if (size < 0)
        return qmp_fail(c, QMP_GENERIC, "size: it should not be negative");
    return monitor_save(c->machine->vcpus[cpu], (uint64_t)qmp_number(c, "val", 0), (uint64_t)size, physical, qmp_text(c, "filename"), c->error,
                        sizeof c->error)
               ? json_object() : NULL;
}
static json_t *memsave(struct qmp_call *c) { return save(c, false); }
static json_t *pmemsave(struct qmp_call *c) { return save(c, true); }

/* The last one. */
static struct { bool done, failed; uint64_t bytes; } last_dump;

static int open_for_dump(struct qmp_call *c, const char *protocol)
{
    int fd = -1;
    if (!strncmp(protocol, "file:", 5)) {
        if ((fd = open(protocol + 5, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
            qmp_fail(c, QMP_GENERIC, "%s: %s", protocol + 5, strerror(errno));
    } else if (!strncmp(protocol, "fd:", 3)) {
        if ((fd = fds_take(protocol + 3)) < 0)
            qmp_fail(c, QMP_GENERIC, "there is no descriptor named '%s'", protocol + 3);
    } else {
        qmp_fail(c, QMP_GENERIC, "protocol: it should be file:PATH or fd:NAME");
    }
    return fd;
}

static json_t *dump_answer(void)
{
    return json_pack("{s:s,s:I,s:I}", "status", !last_dump.done ? "none" : last_dump.failed ? "failed" : "completed", "completed",
                     (json_int_t)last_dump.bytes, "total", (json_int_t)last_dump.bytes);
}
static json_t *query_dump(struct qmp_call *c) { return dump_answer(); }

/* It is done when the answer comes; detached ones have their event too. */
static json_t *dump_memory(struct qmp_call *c)
{
    const char *format = qmp_text(c, "format");
    bool range = qmp_has(c, "begin");
    if (range != qmp_has(c, "length"))
        return qmp_fail(c, QMP_GENERIC, "the arguments 'begin' and 'length' go together");
    if (range && !qmp_number(c, "length", 0))
        return qmp_fail(c, QMP_GENERIC, "length: it should not be zero");
    if (qmp_flag(c, "paging", false))
        return qmp_fail(c, QMP_GENERIC, "paging: dumps are by physical address");
    if (format && strcmp(format, "elf"))
        return qmp_fail(c, QMP_GENERIC, "format: only elf is there");
    int fd = open_for_dump(c, qmp_text(c, "protocol"));
    if (fd < 0)
        return NULL;
    bool done = monitor_dump(c->machine, fd, (uint64_t)qmp_number(c, "begin", 0), (uint64_t)qmp_number(c, "length", -1), &last_dump.bytes, c->error,
                             sizeof c->error);
    close(fd);
    last_dump.done = true;
    last_dump.failed = !done;
    if (qmp_flag(c, "detach", false))
        qmp_send_event(c->machine, "DUMP_COMPLETED", done ? json_pack("{s:o}", "result", dump_answer())
                                                          : json_pack("{s:o,s:s}", "result", dump_answer(), "error", c->error));
    return done || qmp_flag(c, "detach", false) ? json_object() : NULL;
}

static json_t *dump_formats(struct qmp_call *c) { return json_pack("{s:[s]}", "formats", "elf"); }

/* ---------------------------------------------------------------------------- tables */

static const struct qmp_type types[] = {
    { "VersionInfo", QMP_STRUCT, "qemu: VersionTriple, package: str" },
    { "VersionTriple", QMP_STRUCT, "major: int, minor: int, micro: int" },
    { "CommandInfo", QMP_STRUCT, "name: str" },
    { "QMPCapability", QMP_ENUM, "oob" },
    { "StatusInfo", QMP_STRUCT, "running: bool, singlestep: bool, status: RunState" },
    { "RunState", QMP_ENUM, "debug, inmigrate, internal-error, io-error, paused, postmigrate, prelaunch, finish-migrate, restore-vm, running, "
                            "save-vm, shutdown, suspended, watchdog, guest-panicked, colo" },
    { "ShutdownCause", QMP_ENUM, "none, host-error, host-qmp-quit, host-qmp-system-reset, host-signal, host-ui, guest-shutdown, guest-reset, "
                                 "guest-panic, subsystem-reset, snapshot-load" },
    { "RebootAction", QMP_ENUM, "reset, shutdown" },
    { "ShutdownAction", QMP_ENUM, "poweroff, pause" },
    { "SysEmuTarget", QMP_ENUM, "aarch64, i386, riscv64, x86_64" },
    { "TargetInfo", QMP_STRUCT, "arch: SysEmuTarget" },
    { "KvmInfo", QMP_STRUCT, "enabled: bool, present: bool" },
    { "DumpGuestMemoryFormat", QMP_ENUM, "elf" },
    { "DumpGuestMemoryCapability", QMP_STRUCT, "formats: [DumpGuestMemoryFormat]" },
    { "DumpStatus", QMP_ENUM, "none, active, completed, failed" },
    { "DumpQueryResult", QMP_STRUCT, "status: DumpStatus, completed: int, total: int" },
    { "SchemaInfo", QMP_UNION, "name: str, meta-type: SchemaMetaType | meta-type | builtin=SchemaInfoBuiltin, enum=SchemaInfoEnum, "
                               "array=SchemaInfoArray, object=SchemaInfoObject, alternate=SchemaInfoAlternate, command=SchemaInfoCommand, "
                               "event=SchemaInfoEvent" },
    { "SchemaMetaType", QMP_ENUM, "builtin, enum, array, object, alternate, command, event" },
    { "SchemaInfoBuiltin", QMP_STRUCT, "json-type: JSONType" },
    { "JSONType", QMP_ENUM, "string, number, int, boolean, null, object, array, value" },
    { "SchemaInfoEnum", QMP_STRUCT, "members: [SchemaInfoEnumMember], values: [str]" },
    { "SchemaInfoEnumMember", QMP_STRUCT, "name: str, *features: [str]" },
    { "SchemaInfoArray", QMP_STRUCT, "element-type: str" },
    { "SchemaInfoObject", QMP_STRUCT, "members: [SchemaInfoObjectMember], *tag: str, *variants: [SchemaInfoObjectVariant]" },
    { "SchemaInfoObjectMember", QMP_STRUCT, "name: str, type: str, *default: any, *features: [str]" },
    { "SchemaInfoObjectVariant", QMP_STRUCT, "case: str, type: str" },
    { "SchemaInfoAlternate", QMP_STRUCT, "members: [SchemaInfoAlternateMember]" },
    { "SchemaInfoAlternateMember", QMP_STRUCT, "type: str" },
    { "SchemaInfoCommand", QMP_STRUCT, "arg-type: str, ret-type: str, *allow-oob: bool" },
    { "SchemaInfoEvent", QMP_STRUCT, "arg-type: str" },
    { NULL }
};

static const struct qmp_command commands[] = {
    { "qmp_capabilities", "*enable: [QMPCapability]", "", capabilities },
    { "query-version", "", "VersionInfo", query_version },
    { "query-commands", "", "[CommandInfo]", query_commands },
    { "query-qmp-schema", "", "[SchemaInfo]", query_schema },
    { "human-monitor-command", "command-line: str, *cpu-index: int", "str", human },
    { "query-status", "", "StatusInfo", query_status },
    { "stop", "", "", stop },
    { "cont", "", "", cont },
    { "quit", "", "", quit },
    { "system_reset", "", "", system_reset },
    { "system_powerdown", "", "", system_powerdown },
    { "set-action", "*reboot: RebootAction, *shutdown: ShutdownAction", "", set_action },
    { "x-exit-preconfig", "", "", exit_preconfig },
    { "query-target", "", "TargetInfo", query_target },
    { "query-kvm", "", "KvmInfo", query_kvm },
    { "dump-guest-memory", "paging: bool, protocol: str, *detach: bool, *begin: int, *length: int, *format: DumpGuestMemoryFormat", "", dump_memory },
    { "query-dump", "", "DumpQueryResult", query_dump },
    { "query-dump-guest-memory-capability", "", "DumpGuestMemoryCapability", dump_formats },
    { "memsave", "val: int, size: int, filename: str, *cpu-index: int", "", memsave },
    { "pmemsave", "val: int, size: int, filename: str", "", pmemsave },
    { NULL }
};

static const struct qmp_event events[] = {
    { "STOP", "" }, { "RESUME", "" }, { "POWERDOWN", "" },
    { "DUMP_COMPLETED", "result: DumpQueryResult, *error: str" },
    { "RESET", "guest: bool, reason: ShutdownCause" },
    { "SHUTDOWN", "guest: bool, reason: ShutdownCause" },
    { NULL }
};

static const struct qmp_missing missing[] = {
    { "system_wakeup", "no board here can be suspended" },
    { "inject-nmi", "the board has no such interrupt" },
    { "screendump", "there are no displays" },
    { "send-key", "there is no keyboard" },
    { "input-send-event", "there are no input devices" },
    { "query-mice", "there are no mice" },
    { "set_password", "there is no display server" },
    { "expire_password", "there is no display server" },
    { "query-vnc", "there is no display server" },
    { "query-spice", "there is no display server" },
    { "rtc-reset-reinjection", "it is for another board" },
    { "watchdog-set-action", "there is no watchdog" },
    { NULL }
};

void qmp_add_core(void) { qmp_add(commands, types, events, missing); }
