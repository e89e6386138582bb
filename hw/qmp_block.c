/*
 * QMP's commands about disks and their images.
 */
#include <stdlib.h>
#include <string.h>

#include "block/block.h"
#include "monitor/qmp.h"
#include "qmp_rows.h"

/* The device that has b; NULL: none. */
static struct device *user_of(struct machine *m, const struct block *b)
{
    const struct property *p;
    for (struct device *d = NULL; (d = device_next(m, d));)
        for (unsigned k = 0; (p = device_property(d->type, &k));)
            if (p->kind == PROP_DRIVE && *(void **)((char *)d + p->offset) == b)
                return d;
    return NULL;
}

static void user_path(struct machine *m, const struct block *b, json_t *to)
{
    char path[160];
    struct device *d = user_of(m, b);
    if (!d)
        return;
    device_path(d, path, sizeof path);
    bool inside = d->id && d->bus && strcmp(d->bus->type->name, "SCSI") != 0; /* QEMU has a device without an id in virtio's */
    json_object_set_new(to, "qdev", json_string(d->id && !inside ? d->id : path));
}

static json_t *detail(const struct block_detail *d)
{
    switch (d->kind) {
    case DETAIL_TEXT:
        return json_string(d->text);
    case DETAIL_BOOL:
        return json_boolean(d->number);
    case DETAIL_NUMBER:
        break;
    }
    return json_integer((json_int_t)d->number);
}

static json_t *image_of(struct block_node *n)
{
    struct block_info i;
    const char *name = n->filename ? n->filename : "";
    block_get_info(n, &i);
    json_t *v = json_pack("{s:s,s:s,s:I,s:I}", "filename", name, "format", n->driver->name, "virtual-size", (json_int_t)n->size, "actual-size",
                          (json_int_t)i.actual_size);
    json_object_set_new(v, "dirty-flag", json_boolean(i.dirty));
    if (i.cluster_size)
        json_object_set_new(v, "cluster-size", json_integer((json_int_t)i.cluster_size));
    if (i.backing_filename)
        json_object_set_new(v, "backing-filename", json_string(i.backing_filename));
    if (*i.full_backing)
        json_object_set_new(v, "full-backing-filename", json_string(i.full_backing));
    if (i.backing_format)
        json_object_set_new(v, "backing-filename-format", json_string(i.backing_format));
    if (i.ndetails) {
        json_t *data = json_object();
        for (unsigned k = 0; k < i.ndetails; k++)
            json_object_set_new(data, i.details[k].name, detail(&i.details[k]));
        json_object_set_new(v, "format-specific", json_pack("{s:s,s:o}", "type", n->driver->name, "data", data));
    }
    if (n->backing)
        json_object_set_new(v, "backing-image", image_of(n->backing));
    return v;
}

static json_t *node_info(struct block_node *n, const struct block *b)
{
    static const char *const zeroes[] = { [ZEROES_OFF] = "off", [ZEROES_ON] = "on", [ZEROES_UNMAP] = "unmap" };
    bool direct = b && (b->options.cache == CACHE_NONE || b->options.cache == CACHE_DIRECTSYNC);
    int depth = 0;
    for (const struct block_node *k = n->backing; k; k = k->backing)
        depth++;
    json_t *v = json_pack("{s:s,s:b,s:s,s:i,s:b,s:s,s:i,s:i,s:i,s:i,s:i,s:i,s:i,s:o,s:{s:b,s:b,s:b}}", "file", n->filename ? n->filename : "", "ro",
                          n->readonly, "drv", n->driver->name, "backing_file_depth", depth, "encrypted", 0, "detect_zeroes", zeroes[n->zeroes], "bps", 0,
                          "bps_rd", 0, "bps_wr", 0, "iops", 0, "iops_rd", 0, "iops_wr", 0, "write_threshold", 0, "image", image_of(n), "cache",
                          "writeback", !n->writethrough, "direct", direct, "no-flush", n->no_flush);
    if (*n->name)
        json_object_set_new(v, "node-name", json_string(n->name));
    if (n->backing && n->backing->filename)
        json_object_set_new(v, "backing_file", json_string(n->backing->filename));
    return v;
}

static json_t *query_block(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct block *b = NULL; (b = block_next(b));) {
        json_t *one = json_pack("{s:s,s:b,s:b,s:s}", "device", backend_id(PROP_DRIVE, b), "removable", block_is_removable(b), "locked",
                                block_tray_is_locked(b), "type", "unknown");
        if (b->node)
            json_object_set_new(one, "inserted", node_info(b->node, b));
        if (block_has_tray(b))
            json_object_set_new(one, "tray_open", json_boolean(block_tray_is_open(b)));
        user_path(c->machine, b, one);
        json_array_append_new(all, one);
    }
    return all;
}

static json_t *query_named(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct block_node *n = NULL; (n = block_node_next(n));)
        json_array_append_new(all, node_info(n, NULL));
    return all;
}

static json_t *blockdev_add(struct qmp_call *c)
{
    char *text = qmp_flatten(c->args, NULL);
    struct opts *o = text ? opts_new() : NULL;
    bool done = o && opts_parse(o, text, c->error, sizeof c->error) && block_blockdev_add(o, c->error, sizeof c->error);
    opts_free(o);
    free(text);
    return done ? json_object() : NULL;
}

static json_t *blockdev_del(struct qmp_call *c)
{
    return block_blockdev_del(qmp_text(c, "node-name"), c->error, sizeof c->error) ? json_object() : NULL;
}

static json_t *resize(struct qmp_call *c)
{
    const char *device = qmp_text(c, "device"), *name = qmp_text(c, "node-name");
    json_int_t size = qmp_number(c, "size", 0);
    struct block *b = device ? backend_by_id(PROP_DRIVE, device) : NULL;
    struct block_node *n = b ? b->node : name ? block_node_by_name(name) : NULL;
    if (!device == !name)
        return qmp_fail(c, QMP_GENERIC, "one of the arguments 'device' and 'node-name' is needed");
    if (!n)
        return qmp_fail(c, QMP_GENERIC, "there is no %s '%s'", device ? "device" : "node", device ? device : name);
    return block_change_size(n, (uint64_t)size, c->error, sizeof c->error) ? json_object() : NULL;
}

static json_t *query_blockstats(struct qmp_call *c)
{
    json_t *all = json_array();
    for (struct block *b = NULL; (b = block_next(b));) {
        json_t *s = json_pack("{s:I,s:I,s:I,s:I,s:I}", "rd_bytes", (json_int_t)b->read_bytes, "wr_bytes", (json_int_t)b->written_bytes, "rd_operations",
                              (json_int_t)b->reads, "wr_operations", (json_int_t)b->writes, "flush_operations", (json_int_t)b->flushes);
        static const char *const zeroes[] = {
            "unmap_bytes", "unmap_operations", "rd_total_time_ns", "wr_total_time_ns", "flush_total_time_ns", "unmap_total_time_ns", "rd_merged",
            "wr_merged", "unmap_merged", "wr_highest_offset", "failed_rd_operations", "failed_wr_operations", "failed_flush_operations",
            "failed_unmap_operations", "invalid_rd_operations", "invalid_wr_operations", "invalid_flush_operations", "invalid_unmap_operations",
        };
        for (unsigned k = 0; k < sizeof zeroes / sizeof *zeroes; k++)
            json_object_set_new(s, zeroes[k], json_integer(0));
        json_object_set_new(s, "account_invalid", json_true());
        json_object_set_new(s, "account_failed", json_true());
        json_object_set_new(s, "timed_stats", json_array());
        json_t *one = json_pack("{s:s,s:o}", "device", backend_id(PROP_DRIVE, b), "stats", s);
        if (b->node && *b->node->name)
            json_object_set_new(one, "node-name", json_string(b->node->name));
        user_path(c->machine, b, one);
        json_array_append_new(all, one);
    }
    return all;
}

/* By the backend's id or the device's. */
static struct block *chosen(struct qmp_call *c)
{
    const char *device = qmp_text(c, "device"), *id = qmp_text(c, "id");
    struct block *b = device ? backend_by_id(PROP_DRIVE, device) : NULL;
    if (!device == !id) {
        qmp_fail(c, QMP_GENERIC, "one of the arguments 'device' and 'id' is needed");
        return NULL;
    }
    for (struct block *k = NULL; id && !b && (k = block_next(k));) {
        struct device *d = user_of(c->machine, k);
        char path[160] = "";
        if (d)
            device_path(d, path, sizeof path);
        if (d && ((d->id && !strcmp(d->id, id)) || !strcmp(path, id)))
            b = k;
    }
    if (!b)
        qmp_fail(c, QMP_DEVICE_NOT_FOUND, "there is no device '%s'", device ? device : id);
    return b;
}

static json_t *outcome(bool done) { return done ? json_object() : NULL; }

static json_t *eject(struct qmp_call *c)
{
    struct block *b = chosen(c);
    return b ? outcome(block_eject(b, qmp_flag(c, "force", false), c->error, sizeof c->error)) : NULL;
}

/* A tray that the guest has locked is no failure: it was asked to open it, and the event says when it has. */
static json_t *open_tray(struct qmp_call *c)
{
    struct block *b = chosen(c);
    bool force = qmp_flag(c, "force", false), asked = b && !force && block_tray_is_locked(b) && !block_tray_is_open(b);
    return b ? outcome(block_open_tray(b, force, c->error, sizeof c->error) || asked) : NULL;
}

static json_t *close_tray(struct qmp_call *c)
{
    struct block *b = chosen(c);
    return b ? outcome(block_close_tray(b, c->error, sizeof c->error)) : NULL;
}

static json_t *remove_medium(struct qmp_call *c)
{
    struct block *b = chosen(c);
    return b ? outcome(block_remove_medium(b, c->error, sizeof c->error)) : NULL;
}

static json_t *insert_medium(struct qmp_call *c)
{
    struct block *b = chosen(c);
    struct block_node *n = block_node_by_name(qmp_text(c, "node-name"));
    if (b && !n)
        return qmp_fail(c, QMP_GENERIC, "there is no node '%s'", qmp_text(c, "node-name"));
    return b ? outcome(block_insert_medium(b, n, c->error, sizeof c->error)) : NULL;
}

static json_t *change_medium(struct qmp_call *c)
{
    const char *mode = qmp_text(c, "read-only-mode");
    struct block *b = chosen(c);
    enum block_medium_mode m = !mode || !strcmp(mode, "retain") ? MEDIUM_RETAIN : !strcmp(mode, "read-only") ? MEDIUM_READ_ONLY : MEDIUM_READ_WRITE;
    return b ? outcome(block_change_medium(b, qmp_text(c, "filename"), qmp_text(c, "format"), m, qmp_flag(c, "force", false), c->error,
                                           sizeof c->error)) : NULL;
}

static const struct qmp_type types[] = {
    { "BlockInfo", QMP_STRUCT, "device: str, *qdev: str, type: str, removable: bool, locked: bool, *inserted: BlockDeviceInfo, *tray_open: bool, "
                               "*io-status: BlockDeviceIoStatus" },
    { "BlockDeviceIoStatus", QMP_ENUM, "ok, failed, nospace" },
    { "BlockDeviceInfo", QMP_STRUCT, "file: str, *node-name: str, ro: bool, drv: str, *backing_file: str, backing_file_depth: int, encrypted: bool, "
                                     "detect_zeroes: BlockdevDetectZeroesOptions, bps: int, bps_rd: int, bps_wr: int, iops: int, iops_rd: int, "
                                     "iops_wr: int, image: ImageInfo, cache: BlockdevCacheInfo, write_threshold: int" },
    { "BlockdevDetectZeroesOptions", QMP_ENUM, "off, on, unmap" },
    { "BlockdevCacheInfo", QMP_STRUCT, "writeback: bool, direct: bool, no-flush: bool" },
    { "ImageInfo", QMP_STRUCT, "filename: str, format: str, *dirty-flag: bool, *actual-size: int, virtual-size: int, *cluster-size: int, "
                               "*encrypted: bool, *compressed: bool, *backing-filename: str, *full-backing-filename: str, "
                               "*backing-filename-format: str, *snapshots: [any], *backing-image: ImageInfo, *format-specific: any" },
    { "BlockStats", QMP_STRUCT, "*device: str, *qdev: str, *node-name: str, stats: BlockDeviceStats, *parent: BlockStats, *backing: BlockStats" },
    { "BlockDeviceStats", QMP_STRUCT, "rd_bytes: int, wr_bytes: int, unmap_bytes: int, rd_operations: int, wr_operations: int, flush_operations: int, "
                                      "unmap_operations: int, rd_total_time_ns: int, wr_total_time_ns: int, flush_total_time_ns: int, "
                                      "unmap_total_time_ns: int, rd_merged: int, wr_merged: int, unmap_merged: int, wr_highest_offset: int, "
                                      "*idle_time_ns: int, failed_rd_operations: int, failed_wr_operations: int, failed_flush_operations: int, "
                                      "failed_unmap_operations: int, invalid_rd_operations: int, invalid_wr_operations: int, "
                                      "invalid_flush_operations: int, invalid_unmap_operations: int, account_invalid: bool, account_failed: bool, "
                                      "timed_stats: [any]" },
    { "BlockdevChangeReadOnlyMode", QMP_ENUM, "retain, read-only, read-write" },
    { "IoOperationType", QMP_ENUM, "read, write" },
    { "BlockErrorAction", QMP_ENUM, "ignore, report, stop" },
    { NULL }
};
static const struct qmp_command commands[] = {
    { "query-block", "", "[BlockInfo]", query_block },
    { "query-blockstats", "*query-nodes: bool", "[BlockStats]", query_blockstats },
    { "query-named-block-nodes", "*flat: bool", "[BlockDeviceInfo]", query_named },
    { "blockdev-add", "driver: str, *node-name: str, *read-only: bool, *auto-read-only: bool, *detect-zeroes: BlockdevDetectZeroesOptions", "",
      blockdev_add, true },
    { "blockdev-del", "node-name: str", "", blockdev_del },
    { "block_resize", "*device: str, *node-name: str, size: int", "", resize },
    { "eject", "*device: str, *id: str, *force: bool", "", eject },
    { "blockdev-open-tray", "*device: str, *id: str, *force: bool", "", open_tray },
    { "blockdev-close-tray", "*device: str, *id: str", "", close_tray },
    { "blockdev-remove-medium", "id: str", "", remove_medium },
    { "blockdev-insert-medium", "id: str, node-name: str", "", insert_medium },
    { "blockdev-change-medium", "*device: str, *id: str, filename: str, *format: str, *force: bool, *read-only-mode: BlockdevChangeReadOnlyMode", "",
      change_medium },
    { NULL }
};
static const struct qmp_event events[] = {
    { "DEVICE_TRAY_MOVED", "device: str, id: str, tray-open: bool" },
    { "BLOCK_IO_ERROR", "device: str, *node-name: str, operation: IoOperationType, action: BlockErrorAction, *nospace: bool, reason: str" },
    { NULL }
};

void qmp_add_blocks(void) { qmp_add(commands, types, events, NULL); }
