/*
 * QMP's commands about migration.
 */
#include <string.h>

#include "migrate/migrate.h"
#include "physmem.h"
#include "qmp.h"

static json_t *migrate(struct qmp_call *c)
{
    if (qmp_flag(c, "blk", false) || qmp_flag(c, "inc", false))
        return qmp_fail(c, QMP_GENERIC, "blk, inc: disks are not migrated, they are shared");
    if (qmp_flag(c, "resume", false))
        return qmp_fail(c, QMP_GENERIC, "resume: there is no post-copy that could be resumed");
    return migrate_start(c->machine, qmp_text(c, "uri"), c->error, sizeof c->error) ? json_object() : NULL;
}

static json_t *cancel(struct qmp_call *c)
{
    migrate_cancel(c->machine);
    return json_object();
}

static json_t *incoming(struct qmp_call *c)
{
    return migrate_incoming(c->machine, qmp_text(c, "uri"), c->error, sizeof c->error) ? json_object() : NULL;
}

/* -------------------------------------------------------------------------- parameters */

static json_t *query_parameters(struct qmp_call *c)
{
    json_t *all = json_object();
    char text[64];
    for (const struct migrate_parameter *p = migrate_parameter_rows; p->name; p++) {
        uint64_t v = *migrate_parameter_value(c->machine, p);
        json_t *value = NULL;
        switch (p->kind) {
        case MIGRATE_NUMBER:
            value = json_integer((json_int_t)v);
            break;
        case MIGRATE_TRUTH:
            value = json_boolean(v != 0);
            break;
        case MIGRATE_CHOICE:
            migrate_choice_text(p, v, text, sizeof text);
            value = json_string(text);
            break;
        case MIGRATE_TEXT:
            value = json_string("");
            break;
        }
        json_object_set_new(all, p->name, value);
    }
    return all;
}

static bool set_parameter(struct qmp_call *c, const char *name, json_t *value)
{
    const struct migrate_parameter *p = migrate_parameter_find(name);
    if (!p) {
        qmp_fail(c, QMP_GENERIC, "there is no parameter '%s'", name);
        return false;
    }
    if (json_is_null(value))
        return true; /* a text that is taken away */
    if (json_is_string(value))
        return migrate_set_choice(c->machine, p, json_string_value(value), c->error, sizeof c->error);
    json_int_t v = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    if (v < 0) {
        qmp_fail(c, QMP_GENERIC, "%s: it should not be negative", name);
        return false;
    }
    return migrate_set_number(c->machine, p, (uint64_t)v, c->error, sizeof c->error);
}

static json_t *set_parameters(struct qmp_call *c)
{
    const char *name;
    json_t *value;
    json_object_foreach(c->args, name, value)
        if (!set_parameter(c, name, value))
            return NULL;
    return json_object();
}

static json_t *query_capabilities(struct qmp_call *c)
{
    json_t *all = json_array();
    for (const struct migrate_capability *k = migrate_capabilities(c->machine); k->name; k++)
        json_array_append_new(all, json_pack("{s:b,s:s}", "state", k->value, "capability", k->name));
    return all;
}

static json_t *set_capabilities(struct qmp_call *c)
{
    size_t k;
    json_t *one;
    json_array_foreach(json_object_get(c->args, "capabilities"), k, one)
        if (!migrate_set_capability(c->machine, json_string_value(json_object_get(one, "capability")), json_is_true(json_object_get(one, "state")), c->error,
                                    sizeof c->error))
            return NULL;
    return json_object();
}

/* ----------------------------------------------------------------------------- figures */

static json_t *query_migrate(struct qmp_call *c)
{
    struct migrate_figures f;
    migrate_figures(c->machine, &f);
    if (f.status == MIGRATE_NONE)
        return json_object();
    json_t *all = json_pack("{s:s}", "status", migrate_status_name(f.status));
    if (*f.error)
        json_object_set_new(all, "error-desc", json_string(f.error));
    if (f.incoming)
        return all;
    json_object_set_new(all, "total-time", json_integer((json_int_t)f.total_ms));
    json_object_set_new(all, "setup-time", json_integer((json_int_t)f.setup_ms));
    json_object_set_new(all, f.status == MIGRATE_COMPLETED ? "downtime" : "expected-downtime",
                        json_integer((json_int_t)(f.status == MIGRATE_COMPLETED ? f.downtime_ms : f.expected_ms)));
    if (f.status != MIGRATE_SETUP)
        json_object_set_new(
            all, "ram",
            json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:f,s:I,s:I,s:i,s:I,s:I,s:I,s:I,s:I,s:I}", "transferred", (json_int_t)f.transferred, "remaining",
                      (json_int_t)f.remaining, "total", (json_int_t)f.total, "duplicate", (json_int_t)f.zero, "skipped", (json_int_t)0, "normal",
                      (json_int_t)f.normal, "normal-bytes", (json_int_t)(f.normal * PAGE_BYTES), "dirty-pages-rate", (json_int_t)0, "mbps",
                      (double)f.rate * 8 / 1e6, "dirty-sync-count", (json_int_t)f.rounds, "postcopy-requests", (json_int_t)0, "page-size", PAGE_BYTES,
                      "multifd-bytes", (json_int_t)0, "pages-per-second", (json_int_t)f.pages_per_second, "precopy-bytes", (json_int_t)f.precopy,
                      "downtime-bytes", (json_int_t)f.downtime_bytes, "postcopy-bytes", (json_int_t)0, "dirty-sync-missed-zero-copy", (json_int_t)0));
    return all;
}

/* ------------------------------------------------------------------------------ tables */

#define PARAMETERS \
    "*announce-initial: size, *announce-max: size, *announce-rounds: size, *announce-step: size, *compress-level: uint8, *compress-threads: uint8, " \
    "*compress-wait-thread: bool, *decompress-threads: uint8, *throttle-trigger-threshold: uint8, *cpu-throttle-initial: uint8, " \
    "*cpu-throttle-increment: uint8, *cpu-throttle-tailslow: bool, *max-bandwidth: size, *downtime-limit: uint64, *x-checkpoint-delay: uint32, " \
    "*block-incremental: bool, *multifd-channels: uint8, *xbzrle-cache-size: size, *max-postcopy-bandwidth: size, *max-cpu-throttle: uint8, " \
    "*multifd-compression: MultiFDCompression, *multifd-zlib-level: uint8, *multifd-zstd-level: uint8"

static const struct qmp_type types[] = {
    { "MigrationStatus", QMP_ENUM, "none, setup, cancelling, cancelled, active, postcopy-active, postcopy-paused, postcopy-recover, completed, failed, colo, "
                                   "pre-switchover, device, wait-unplug" },
    { "MigrationStats", QMP_STRUCT, "transferred: int, remaining: int, total: int, duplicate: int, skipped: int, normal: int, normal-bytes: int, "
                                    "dirty-pages-rate: int, mbps: number, dirty-sync-count: int, postcopy-requests: int, page-size: int, multifd-bytes: uint64, "
                                    "pages-per-second: uint64, precopy-bytes: uint64, downtime-bytes: uint64, postcopy-bytes: uint64, "
                                    "dirty-sync-missed-zero-copy: uint64" },
    { "MigrationInfo", QMP_STRUCT, "*status: MigrationStatus, *ram: MigrationStats, *total-time: int, *expected-downtime: int, *downtime: int, *setup-time: int, "
                                   "*error-desc: str" },
    { "MultiFDCompression", QMP_ENUM, "none, zlib, zstd" },
    { "StrOrNull", QMP_ALTERNATE, "s: str, n: null" },
    { "MigrationParameters", QMP_STRUCT, PARAMETERS ", *tls-creds: str, *tls-hostname: str, *tls-authz: str" },
    { "MigrateSetParameters", QMP_STRUCT, PARAMETERS ", *tls-creds: StrOrNull, *tls-hostname: StrOrNull, *tls-authz: StrOrNull" },
    { "MigrationCapability", QMP_ENUM, "xbzrle, rdma-pin-all, auto-converge, zero-blocks, compress, events, postcopy-ram, x-colo, release-ram, block, return-path, "
                                       "pause-before-switchover, multifd, dirty-bitmaps, postcopy-blocktime, late-block-activate, x-ignore-shared, "
                                       "validate-uuid, background-snapshot, zero-copy-send, postcopy-preempt" },
    { "MigrationCapabilityStatus", QMP_STRUCT, "capability: MigrationCapability, state: bool" },
    { NULL }
};

static const struct qmp_command commands[] = {
    { "migrate", "uri: str, *blk: bool, *inc: bool, *detach: bool, *resume: bool", "", migrate },
    { "migrate_cancel", "", "", cancel },
    { "migrate-incoming", "uri: str", "", incoming },
    { "query-migrate", "", "MigrationInfo", query_migrate },
    { "migrate-set-parameters", "MigrateSetParameters", "", set_parameters },
    { "query-migrate-parameters", "", "MigrationParameters", query_parameters },
    { "migrate-set-capabilities", "capabilities: [MigrationCapabilityStatus]", "", set_capabilities },
    { "query-migrate-capabilities", "", "[MigrationCapabilityStatus]", query_capabilities },
    { NULL }
};

static const struct qmp_event events[] = {
    { "MIGRATION", "status: MigrationStatus" },
    { "MIGRATION_PASS", "pass: int" },
    { NULL }
};

static const struct qmp_missing missing[] = {
    { "migrate-pause", "there is no post-copy" },
    { "migrate-recover", "there is no post-copy" },
    { "migrate-start-postcopy", "there is no post-copy" },
    { "migrate-continue", "there is no stop before the last phase" },
    { "calc-dirty-rate", "rates of writing are not measured but by a migration" },
    { "query-dirty-rate", "rates of writing are not measured but by a migration" },
    { "set-vcpu-dirty-limit", "processors are not slowed down" },
    { "cancel-vcpu-dirty-limit", "processors are not slowed down" },
    { "query-vcpu-dirty-limit", "processors are not slowed down" },
    { "x-colo-lost-heartbeat", "there is no COLO" },
    { "query-colo-status", "there is no COLO" },
    { "xen-save-devices-state", "this is no Xen" },
    { "xen-load-devices-state", "this is no Xen" },
    { "xen-set-replication", "this is no Xen" },
    { NULL }
};

void qmp_add_migrate(void) { qmp_add(commands, types, events, missing); }
