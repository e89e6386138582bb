/*
 * Media that can be changed: what the monitors do to drives with trays (struct block_tray), in the words of QMP's
 * blockdev-open-tray, -close-tray, -remove-medium, -insert-medium, -change-medium and eject.
 *
 * A medium is the backend's node. It goes in and out only while no request is under way, and the tray open if a device has
 * one; a guest that holds the tray locked is asked, and whoever wants it anyhow says force. A drive that no device has
 * takes media as it likes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

static const char *name_of(const struct block *b) { return b->options.id; }

bool block_is_removable(const struct block *b) { return !b->attached || b->front.tray; }
bool block_has_tray(const struct block *b) { return b->attached && b->front.tray; }
bool block_tray_is_open(const struct block *b) { return block_has_tray(b) && b->front.tray->is_open(b->front.device); }
bool block_tray_is_locked(const struct block *b) { return block_has_tray(b) && b->front.tray->is_locked(b->front.device); }

void block_tray_moved(struct block *b, struct device *d, bool open)
{
    char path[160] = "";
    if (!d->id)
        device_path(d, path, sizeof path);
    machine_event(d->machine, "DEVICE_TRAY_MOVED", "{s:s,s:s,s:b}", "device", b->of_node ? "" : name_of(b), "id", d->id ? d->id : path, "tray-open", open);
}

static bool may_change(const struct block *b, char *err, size_t errlen)
{
    if (!block_is_removable(b))
        snprintf(err, errlen, "the medium of '%s' can't be changed", name_of(b));
    return block_is_removable(b);
}

static const char locked[] = "the guest keeps the tray of '%s' locked, and was asked to open it; 'force' opens it";

bool block_open_tray(struct block *b, bool force, char *err, size_t errlen)
{
    if (!may_change(b, err, errlen))
        return false;
    if (!block_has_tray(b) || block_tray_is_open(b))
        return true;
    if (block_tray_is_locked(b) && !force) {
        b->front.tray->ask(b->front.device);
        snprintf(err, errlen, locked, name_of(b));
        return false;
    }
    b->front.tray->move(b->front.device, true);
    return true;
}

bool block_close_tray(struct block *b, char *err, size_t errlen)
{
    if (!may_change(b, err, errlen))
        return false;
    if (block_tray_is_open(b))
        b->front.tray->move(b->front.device, false);
    return true;
}

static bool is_open(const struct block *b, char *err, size_t errlen)
{
    if (!may_change(b, err, errlen))
        return false;
    if (!block_has_tray(b) || block_tray_is_open(b))
        return true;
    snprintf(err, errlen, "the tray of '%s' is not open", name_of(b));
    return false;
}

void block_set_node(struct block *b, struct block_node *n)
{
    struct block_node *was = b->node;
    block_drain(b);
    b->node = n;
    if (b->counted)
        was->writers--;
    b->counted = n && !n->readonly;
    if (b->counted)
        n->writers++;
    if (b->attached && b->front.tray)
        b->front.tray->changed(b->front.device);
    if (was)
        block_unref(was);
}

bool block_remove_medium(struct block *b, char *err, size_t errlen)
{
    if (!is_open(b, err, errlen))
        return false;
    if (b->node)
        block_set_node(b, NULL);
    return true;
}

bool block_insert_medium(struct block *b, struct block_node *n, char *err, size_t errlen)
{
    if (!is_open(b, err, errlen))
        return false;
    if (b->node)
        snprintf(err, errlen, "there is a medium in '%s' already", name_of(b));
    else if (!n->readonly && n->writers)
        snprintf(err, errlen, "node '%s' has a writer already", n->name);
    else {
        block_set_node(b, block_ref(n));
        return true;
    }
    return false;
}

bool block_eject(struct block *b, bool force, char *err, size_t errlen)
{
    return block_open_tray(b, force, err, errlen) && block_remove_medium(b, err, errlen);
}

bool block_change_medium(struct block *b, const char *filename, const char *format, enum block_medium_mode mode, bool force, char *err, size_t errlen)
{
    struct block_how how = b->how;
    if (!may_change(b, err, errlen))
        return false;
    how.writable = mode == MEDIUM_READ_WRITE || (mode == MEDIUM_RETAIN && !b->readonly);
    struct block_node *n = block_open(filename, format, NULL, &how, err, errlen);
    if (!n)
        return false;
    bool done = block_open_tray(b, force, err, errlen) && block_remove_medium(b, err, errlen);
    if (done) {
        b->readonly = !how.writable;
        block_set_node(b, n);
        done = block_close_tray(b, err, errlen);
    } else {
        block_unref(n);
    }
    return done;
}

struct block *block_new_empty(const char *name)
{
    static unsigned number;
    char id[80];
    struct block *b = calloc(1, sizeof *b);
    do
        snprintf(id, sizeof id, "%.60s.medium%u", name, number++);
    while (backend_by_id(PROP_DRIVE, id));
    if (!b || !(b->options.id = strdup(id))) {
        free(b);
        return NULL;
    }
    b->options.interface = IF_NONE;
    b->options.index = -1;
    b->of_node = b->readonly = true;
    b->how.aio = AIO_DEFAULT;
    block_add(b);
    return b;
}
