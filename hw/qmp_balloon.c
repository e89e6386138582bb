/*
 * QMP's commands about the balloon, and its properties that are read and set while it is there.
 */
#include "boards/boards.h"
#include "monitor/qmp.h"
#include "qmp_rows.h"
#include "virtio/balloon.h"

static struct device *balloon(struct qmp_call *c)
{
    struct device *d = balloon_find(c->machine);
    if (!d)
        qmp_fail(c, QMP_DEVICE_NOT_ACTIVE, "the machine has no balloon (-device virtio-balloon-pci)");
    return d;
}

static json_t *set(struct qmp_call *c)
{
    struct device *d = balloon(c);
    json_int_t bytes = qmp_number(c, "value", 0);
    if (!d)
        return NULL;
    if (bytes <= 0)
        return qmp_fail(c, QMP_GENERIC, "value: it should be a size in bytes");
    balloon_set(d, (uint64_t)bytes);
    return json_object();
}

static json_t *query(struct qmp_call *c)
{
    struct device *d = balloon(c);
    return d ? json_pack("{s:I}", "actual", (json_int_t)balloon_left(d)) : NULL;
}

/* -------------------------------------------------------------------------- properties */

static json_t *stats(struct device *d)
{
    static const char *const names[BALLOON_STATS] = {
        "stat-swap-in", "stat-swap-out", "stat-major-faults", "stat-minor-faults", "stat-free-memory", "stat-total-memory", "stat-available-memory",
        "stat-disk-caches", "stat-htlb-pgalloc", "stat-htlb-pgfail",
    };
    uint64_t updated;
    const uint64_t *stat = balloon_stats(d, &updated);
    json_t *all = json_object();
    for (unsigned k = 0; k < BALLOON_STATS; k++)
        json_object_set_new(all, names[k], json_integer((json_int_t)stat[k]));
    return json_pack("{s:o,s:I}", "stats", all, "last-update", (json_int_t)updated);
}

static json_t *interval(struct device *d) { return json_integer(balloon_interval(d)); }

static bool set_interval(struct device *d, json_t *value, char *err, size_t errlen)
{
    bool good = json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= UINT32_MAX;
    if (good)
        balloon_set_interval(d, (uint32_t)json_integer_value(value));
    else
        snprintf(err, errlen, "guest-stats-polling-interval: it should be a number of seconds");
    return good;
}

static const struct qom_row rows[] = {
    { "virtio-balloon", "guest-stats", "guest statistics", stats, NULL },
    { "virtio-balloon", "guest-stats-polling-interval", "int", interval, set_interval },
    { NULL }
};
static const struct qmp_type types[] = { { "BalloonInfo", QMP_STRUCT, "actual: int" }, { NULL } };
static const struct qmp_command commands[] = {
    { "balloon", "value: int", "", set },
    { "query-balloon", "", "BalloonInfo", query },
    { NULL }
};
static const struct qmp_event events[] = { { "BALLOON_CHANGE", "actual: int", .limit = 1000 }, { NULL } };

void qmp_add_balloon(void)
{
    qmp_add(commands, types, events, NULL);
    qom_add(rows);
}
