/*
 * What can be set about migration: the tables of parameters and capabilities.
 *
 * Many are of ways to migrate that are not here: parameters of those are kept as they are set, and said again when somebody asks;
 * capabilities of those can't be switched on.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "migrate.h"
#include "migration.h"

#define AT(member) offsetof(struct migrate_parameters, member)
#define NUMBER(name, member, least, most, value, used) { name, MIGRATE_NUMBER, AT(member), least, most, value, NULL, used, false }
#define TRUTH(name, member, value) { name, MIGRATE_TRUTH, AT(member), 0, 1, value, NULL, false, false }
#define NOTHING(name) { name, MIGRATE_TEXT, AT(empty), 0, 0, 0, NULL, false, false }

/* In the order in which they are listed. */
const struct migrate_parameter migrate_parameter_rows[] = {
    NUMBER("announce-initial", announce_initial, 0, 100000, 50, false),
    NUMBER("announce-max", announce_max, 0, 100000, 550, false),
    NUMBER("announce-rounds", announce_rounds, 0, 1000, 5, false),
    NUMBER("announce-step", announce_step, 0, 10000, 100, false),
    NUMBER("compress-level", compress_level, 0, 9, 1, true),
    NUMBER("compress-threads", compress_threads, 1, 255, 8, false),
    TRUTH("compress-wait-thread", compress_wait, 1),
    NUMBER("decompress-threads", decompress_threads, 1, 255, 2, false),
    NUMBER("throttle-trigger-threshold", throttle_trigger, 1, 100, 50, false),
    NUMBER("cpu-throttle-initial", throttle_initial, 1, 99, 20, false),
    NUMBER("cpu-throttle-increment", throttle_increment, 1, 99, 10, false),
    TRUTH("cpu-throttle-tailslow", throttle_tailslow, 0),
    NUMBER("max-cpu-throttle", max_throttle, 1, 99, 99, false),
    NOTHING("tls-creds"),
    NOTHING("tls-hostname"),
    NUMBER("max-bandwidth", max_bandwidth, 0, INT64_MAX, 128 << 20, true),
    NUMBER("downtime-limit", downtime_limit, 0, 2000000, 300, true),
    NUMBER("x-checkpoint-delay", checkpoint_delay, 0, UINT32_MAX, 20000, false),
    TRUTH("block-incremental", block_incremental, 0),
    NUMBER("multifd-channels", channels, 1, 255, 2, false),
    { "multifd-compression", MIGRATE_CHOICE, AT(compression), 0, 0, STREAM_PLAIN, "none|zlib|zstd", true, false },
    NUMBER("multifd-zlib-level", zlib_level, 0, 9, 1, true),
    NUMBER("multifd-zstd-level", zstd_level, 0, 20, 1, true),
    NUMBER("xbzrle-cache-size", cache_size, 4096, INT64_MAX, 64 << 20, false),
    NUMBER("max-postcopy-bandwidth", postcopy_bandwidth, 0, INT64_MAX, 0, false),
    NOTHING("tls-authz"),
    { NULL }
};

static const struct migrate_capability rows[] = {
    { "xbzrle", false, false, "pages are sent whole" },
    { "rdma-pin-all", false, false, "there is no RDMA" },
    { "auto-converge", false, false, "processors are not slowed down" },
    { "zero-blocks", false, false, "disks are not migrated" },
    { "compress", true, false, NULL },
    { "events", true, false, NULL },
    { "postcopy-ram", false, false, "there is no post-copy: memory comes before the machine runs" },
    { "x-colo", false, false, "there is no COLO" },
    { "release-ram", false, false, "memory stays until the end" },
    { "block", false, false, "disks are not migrated: they are shared" },
    { "return-path", true, false, NULL },
    { "pause-before-switchover", false, false, "there is no stop before the last phase" },
    { "multifd", false, false, "there is one stream; multifd-compression compresses it" },
    { "dirty-bitmaps", false, false, "there are no dirty bitmaps of disks" },
    { "postcopy-blocktime", false, false, "there is no post-copy" },
    { "late-block-activate", false, false, "images are taken when the state has come" },
    { "x-ignore-shared", false, false, "all memory is sent" },
    { "validate-uuid", false, false, "UUIDs are not compared" },
    { "background-snapshot", false, false, "snapshots stop the machine" },
    { "zero-copy-send", false, false, "pages are copied" },
    { "postcopy-preempt", false, false, "there is no post-copy" },
    { NULL }
};
_Static_assert(sizeof rows / sizeof *rows == MIGRATE_CAPABILITIES, "struct migration has room for them");

void migrate_parameters_init(struct migration *g)
{
    for (const struct migrate_parameter *p = migrate_parameter_rows; p->name; p++)
        *(uint64_t *)((char *)&g->parameters + p->offset) = p->value;
    memcpy(g->capabilities, rows, sizeof rows);
}

uint64_t *migrate_parameter_value(struct machine *m, const struct migrate_parameter *p)
{
    return (uint64_t *)((char *)&migration_of(m)->parameters + p->offset);
}

const struct migrate_parameter *migrate_parameter_find(const char *name)
{
    for (const struct migrate_parameter *p = migrate_parameter_rows; p->name; p++)
        if (!strcmp(p->name, name))
            return p;
    return NULL;
}

bool migrate_set_number(struct machine *m, const struct migrate_parameter *p, uint64_t v, char *err, size_t errlen)
{
    if (v < p->least || v > p->most) {
        snprintf(err, errlen, "%s: it should be %" PRIu64 " to %" PRIu64, p->name, p->least, p->most);
        return false;
    }
    __atomic_store_n(migrate_parameter_value(m, p), v, __ATOMIC_RELAXED);
    return true;
}

void migrate_choice_text(const struct migrate_parameter *p, uint64_t v, char *text, size_t n)
{
    const char *c = p->choices;
    while (v-- && *c)
        c += strcspn(c, "|"), c += *c == '|';
    snprintf(text, n, "%.*s", (int)strcspn(c, "|"), c);
}

bool migrate_set_choice(struct machine *m, const struct migrate_parameter *p, const char *v, char *err, size_t errlen)
{
    char word[32];
    if (p->kind == MIGRATE_TEXT) {
        if (!*v)
            return true;
        snprintf(err, errlen, "%s: there is no TLS for migration", p->name);
        return false;
    }
    for (uint64_t k = 0;; k++) {
        migrate_choice_text(p, k, word, sizeof word);
        if (!*word) {
            snprintf(err, errlen, "%s: it should be one of %s", p->name, p->choices);
            return false;
        }
        if (strcmp(word, v) != 0)
            continue;
        if (!stream_can((enum stream_compression)k)) {
            snprintf(err, errlen, "%s: this myna was built without %s", p->name, word);
            return false;
        }
        __atomic_store_n(migrate_parameter_value(m, p), k, __ATOMIC_RELAXED);
        return true;
    }
}

struct migrate_capability *migrate_capabilities(struct machine *m) { return migration_of(m)->capabilities; }

bool migrate_set_capability(struct machine *m, const char *name, bool on, char *err, size_t errlen)
{
    for (struct migrate_capability *c = migrate_capabilities(m); c->name; c++) {
        if (strcmp(c->name, name) != 0)
            continue;
        if (on && !c->can) {
            snprintf(err, errlen, "capability '%s' is not there: %s", name, c->why);
            return false;
        }
        c->value = on;
        return true;
    }
    snprintf(err, errlen, "there is no capability '%s'", name);
    return false;
}
