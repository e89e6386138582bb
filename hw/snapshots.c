/*
 * Snapshots of the whole machine: its state is a stream (softmmu/migrate) in the image of one disk, behind the disk's end, and each
 * disk that can be written has an internal snapshot of the same name. qemu-img sees them as it sees its own; the state
 * itself is myna's.
 *
 * The machine stands still meanwhile. Who asks waits; the caller may be the loop or a monitor's thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "migrate/migrate.h"
#include "migrate/vmstate.h"
#include "monitor/monitor.h"
#include "snapshots.h"

enum { DISKS = 64, PIECE = 1 << 20 };

struct disks { unsigned n; struct block_node *at[DISKS]; const char *name[DISKS]; struct block_node *vmstate; const char *vmstate_name; };

/* ------------------------------------------------------------------------ which disks */

static bool chosen(const char *const *names, const struct block *b)
{
    for (unsigned k = 0; names && names[k]; k++)
        if (!strcmp(names[k], b->options.id) || !strcmp(names[k], b->node->name))
            return true;
    return !names;
}

static bool add_disk(struct disks *d, struct block *b, char *err, size_t errlen)
{
    for (unsigned k = 0; k < d->n; k++)
        if (d->at[k] == b->node)
            return true;
    if (!b->node->driver->snapshot_create || d->n == DISKS) {
        snprintf(err, errlen, d->n == DISKS ? "%s is one disk too many" : "disk '%s' can be written, and its format has no snapshots (qcow2 has)", b->options.id);
        return false;
    }
    d->name[d->n] = b->options.id;
    d->at[d->n++] = b->node;
    return true;
}

static bool find_disks(struct disks *d, const char *vmstate, const char *const *names, char *err, size_t errlen)
{
    *d = (struct disks){ 0 };
    for (unsigned k = 0; names && names[k]; k++)
        if (!backend_by_id(PROP_DRIVE, names[k]) && !block_node_by_name(names[k])) {
            snprintf(err, errlen, "there is no disk '%s'", names[k]);
            return false;
        }
    for (struct block *b = NULL; (b = block_next(b));)
        if (b->node && (b->attached || names) && !b->node->readonly && chosen(names, b) && !add_disk(d, b, err, errlen))
            return false;
    for (unsigned k = 0; k < d->n && !d->vmstate; k++)
        if (d->at[k]->driver->vmstate_write && (!vmstate || !strcmp(vmstate, d->name[k]) || !strcmp(vmstate, d->at[k]->name))) {
            d->vmstate = d->at[k];
            d->vmstate_name = d->name[k];
        }
    if (d->vmstate)
        return true;
    if (vmstate)
        snprintf(err, errlen, "disk '%s' can't hold the machine's state", vmstate);
    else
        snprintf(err, errlen, "there is no disk that can be written and holds snapshots: the state wants a qcow2 image");
    return false;
}

/* The snapshot of that name or number; false: there is none. */
static bool find_snapshot(struct block_node *n, const char *name, struct block_snapshot *s)
{
    struct block_snapshot *list = NULL;
    int count = n->driver->snapshot_list ? n->driver->snapshot_list(n, &list) : 0, found = -1;
    for (int k = 0; k < count && found < 0; k++)
        if (!strcmp(list[k].name, name))
            found = k;
    for (int k = 0; k < count && found < 0; k++)
        if (!strcmp(list[k].id, name))
            found = k;
    if (found >= 0)
        *s = list[found];
    free(list);
    return found >= 0;
}

/* ------------------------------------------------------------------------ the channel */

/* Pieces are whole and aligned: an image takes those without reading first. */
struct state_channel { struct channel c; struct block_node *n; uint64_t offset, size; size_t have, at; uint8_t *piece; };

static bool put_piece(struct state_channel *c, char *err, size_t errlen)
{
    int rc = c->have ? c->n->driver->vmstate_write(c->n, c->offset, c->piece, c->have) : 0;
    c->offset += c->have;
    c->have = 0;
    if (rc)
        snprintf(err, errlen, "writing the state: %s", strerror(-rc));
    return !rc;
}

static bool state_write(struct channel *channel, const void *from, size_t n, char *err, size_t errlen)
{
    struct state_channel *c = (struct state_channel *)channel;
    for (const uint8_t *p = from; n;) {
        size_t k = PIECE - c->have < n ? PIECE - c->have : n;
        memcpy(c->piece + c->have, p, k);
        c->have += k;
        p += k;
        n -= k;
        if (c->have == PIECE && !put_piece(c, err, errlen))
            return false;
    }
    return true;
}

static bool state_read(struct channel *channel, void *to, size_t n, char *err, size_t errlen)
{
    struct state_channel *c = (struct state_channel *)channel;
    for (uint8_t *p = to; n;) {
        if (c->at == c->have) {
            uint64_t left = c->size - c->offset;
            c->have = left < PIECE ? (size_t)left : PIECE;
            c->at = 0;
            if (!c->have) {
                snprintf(err, errlen, "the state ends too early");
                return false;
            }
            int rc = c->n->driver->vmstate_read(c->n, c->offset, c->piece, c->have);
            if (rc) {
                snprintf(err, errlen, "reading the state: %s", strerror(-rc));
                return false;
            }
            c->offset += c->have;
        }
        size_t k = c->have - c->at < n ? c->have - c->at : n;
        memcpy(p, c->piece + c->at, k);
        c->at += k;
        p += k;
        n -= k;
    }
    return true;
}

static bool open_state(struct state_channel *c, struct block_node *n, uint64_t size, char *err, size_t errlen)
{
    *c = (struct state_channel){ .c = { state_write, state_read, NULL }, .n = n, .size = size };
    if ((c->piece = malloc(PIECE)))
        return true;
    snprintf(err, errlen, "no memory");
    return false;
}

/* Stands still, and is nobody else's; *ran: it is to go on afterwards. False: the reason in err. */
static bool take_machine(struct machine *m, bool *ran, char *err, size_t errlen)
{
    *ran = vmstate_stand_still(m);
    if (!m->phase && !m->ended && !migrate_sends(m))
        return true;
    snprintf(err, errlen, m->phase ? "the machine is in state %s now" : m->ended ? "the machine ends" : "the machine is moving", m->phase);
    if (*ran && !m->phase)
        machine_continue(m);
    return false;
}

/* ------------------------------------------------------------------------------ saving */

/* The state into the image; its size in *size. */
static bool put_state(struct machine *m, struct block_node *n, bool running, uint64_t *size, char *err, size_t errlen)
{
    struct state_channel c;
    struct ram ram;
    if (!open_state(&c, n, 0, err, errlen))
        return false;
    struct stream *s = ram_find(&ram, m, err, errlen) ? stream_new_writer(&c.c, STREAM_PLAIN, 0, 0, err, errlen) : NULL;
    bool good = s;
    if (s) {
        vmstate_put_head(m, &ram, s);
        ram_begin(&ram, true);
        while (ram_put_some(&ram, s) && !stream_failed(s))
            ;
        vmstate_put_state(m, s, running);
        stream_finish(s);
        good = !stream_failed(s);
        if (!good)
            snprintf(err, errlen, "%s", stream_error(s));
        good = good && put_piece(&c, err, errlen);
        *size = c.offset;
        stream_free(s);
    }
    ram_free(&ram);
    free(c.piece);
    return good;
}

static bool delete_all(const struct disks *d, const char *name, unsigned *count, char *err, size_t errlen)
{
    struct block_snapshot s;
    *count = 0;
    for (unsigned k = 0; k < d->n; k++) {
        if (!find_snapshot(d->at[k], name, &s))
            continue;
        int rc = d->at[k]->driver->snapshot_delete(d->at[k], s.id);
        if (rc) {
            snprintf(err, errlen, "disk '%s': snapshot '%s' can't be deleted: %s", d->name[k], name, strerror(-rc));
            return false;
        }
        ++*count;
    }
    return true;
}

static bool create_all(struct machine *m, const struct disks *d, const char *name, uint64_t size, char *err, size_t errlen)
{
    struct timespec now;
    unsigned unused;
    clock_gettime(CLOCK_REALTIME, &now);
    for (unsigned k = 0; k < d->n; k++) {
        struct block_snapshot s = { .vm_state_size = d->at[k] == d->vmstate ? size : 0, .date_s = (uint64_t)now.tv_sec, .date_ns = (uint32_t)now.tv_nsec,
                                    .vm_clock_ns = clock_now(m->loop), .icount = ~0ull };
        snprintf(s.name, sizeof s.name, "%s", name);
        int rc = d->at[k]->driver->snapshot_create(d->at[k], &s);
        if (rc) {
            char more[128];
            snprintf(err, errlen, "disk '%s': no snapshot: %s", d->name[k], strerror(-rc));
            delete_all(d, name, &unused, more, sizeof more);
            return false;
        }
    }
    return true;
}

bool snapshots_save(struct machine *m, const char *name, bool replace, const char *vmstate, const char *const *names, char *err, size_t errlen)
{
    struct disks d;
    struct block_snapshot old;
    char made[64];
    unsigned count;
    uint64_t size = 0;
    bool running;
    if (!name) {
        time_t now = time(NULL);
        struct tm t;
        strftime(made, sizeof made, "vm-%Y%m%d%H%M%S", localtime_r(&now, &t));
        name = made;
    }
    if (m->phase || m->state == MACHINE_SHUTDOWN || migrate_sends(m)) {
        snprintf(err, errlen, "the machine is in state %s: it can't be saved", migrate_sends(m) ? "moving" : monitor_state(m));
        return false;
    }
    if (strlen(name) > 255 || !*name) {
        snprintf(err, errlen, "a snapshot's name should have 1 to 255 characters");
        return false;
    }
    if ((m->parts && m->parts->unmigratable(m, err, errlen)) || !find_disks(&d, vmstate, names, err, errlen))
        return false;
    for (unsigned k = 0; k < d.n && !replace; k++)
        if (find_snapshot(d.at[k], name, &old)) {
            snprintf(err, errlen, "disk '%s' has a snapshot '%s' already", d.name[k], name);
            return false;
        }
    if (!take_machine(m, &running, err, errlen))
        return false;
    m->phase = "save-vm";
    bool good = m->parts->stand_still(m, err, errlen) && delete_all(&d, name, &count, err, errlen) && put_state(m, d.vmstate, running, &size, err, errlen) &&
                create_all(m, &d, name, size, err, errlen);
    m->phase = NULL;
    if (running)
        machine_continue(m);
    return good;
}

/* ----------------------------------------------------------------------------- loading */

static bool get_state(struct machine *m, struct block_node *n, uint64_t size, char *err, size_t errlen)
{
    struct state_channel c;
    bool running;
    if (!open_state(&c, n, size, err, errlen))
        return false;
    struct stream *s = stream_new_reader(&c.c, err, errlen);
    bool good = s && vmstate_get(m, s, true, &running);
    if (s && !good)
        snprintf(err, errlen, "%s", stream_error(s));
    stream_free(s);
    free(c.piece);
    return good;
}

bool snapshots_load(struct machine *m, const char *name, const char *vmstate, const char *const *names, char *err, size_t errlen)
{
    struct disks d;
    struct block_snapshot s;
    uint64_t size = 0;
    bool running;
    if (m->phase || migrate_sends(m)) {
        snprintf(err, errlen, "the machine is %s%s: no state can be loaded", m->phase ? "in state " : "moving", m->phase ? m->phase : "");
        return false;
    }
    if (!find_disks(&d, vmstate, names, err, errlen))
        return false;
    for (unsigned k = 0; k < d.n; k++) {
        if (!find_snapshot(d.at[k], name, &s)) {
            snprintf(err, errlen, "disk '%s' has no snapshot '%s'", d.name[k], name);
            return false;
        }
        if (d.at[k] == d.vmstate)
            size = s.vm_state_size;
    }
    if (!size) {
        snprintf(err, errlen, "snapshot '%s' is of disks alone: it has no state of the machine (myna-img snapshot -a reverts to it)", name);
        return false;
    }
    if (!take_machine(m, &running, err, errlen))
        return false;
    m->phase = "restore-vm";
    bool good = m->parts->stand_still(m, err, errlen);
    for (unsigned k = 0; k < d.n && good; k++) {
        int rc = find_snapshot(d.at[k], name, &s) ? d.at[k]->driver->snapshot_apply(d.at[k], s.id) : -ENOENT;
        if (rc)
            snprintf(err, errlen, "disk '%s': snapshot '%s' can't be put back: %s", d.name[k], name, strerror(-rc));
        good = !rc;
    }
    if (good) {
        machine_reset_now(m, CAUSE_SNAPSHOT_LOAD);
        good = get_state(m, d.vmstate, size, err, errlen);
        if (!good)
            machine_reset_now(m, CAUSE_SNAPSHOT_LOAD);
    }
    m->phase = NULL;
    if (m->state == MACHINE_SHUTDOWN && !m->ended)
        m->state = MACHINE_PAUSED;
    if (good && running)
        machine_continue(m);
    return good;
}

bool snapshots_delete(struct machine *m, const char *name, const char *const *names, char *err, size_t errlen)
{
    struct disks d;
    unsigned count;
    if (!find_disks(&d, NULL, names, err, errlen) || !delete_all(&d, name, &count, err, errlen))
        return false;
    if (count)
        return true;
    snprintf(err, errlen, "no disk has a snapshot '%s'", name);
    return false;
}

/* ----------------------------------------------------------------------------- telling */

static void print_one(const struct block_snapshot *s, bool with_id, FILE *out)
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    char size[32], date[32];
    double v = (double)s->vm_state_size;
    unsigned u = 0;
    time_t t = (time_t)s->date_s;
    struct tm tm;
    for (; v >= 1024 && u < 4; u++)
        v /= 1024;
    snprintf(size, sizeof size, "%.3g %s", v, units[u]);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", localtime_r(&t, &tm));
    uint64_t ms = s->vm_clock_ns / 1000000;
    fprintf(out, "%-10s%-17s%8s%20s%3" PRIu64 ":%02u:%02u.%03u%15s\n", with_id ? s->id : "--", s->name, size, date, ms / 3600000, (unsigned)(ms / 60000 % 60),
            (unsigned)(ms / 1000 % 60), (unsigned)(ms % 1000), "");
}

static bool on_all(const struct disks *d, const char *name)
{
    struct block_snapshot s;
    for (unsigned k = 0; k < d->n; k++)
        if (!find_snapshot(d->at[k], name, &s) || strcmp(s.name, name) != 0)
            return false;
    return true;
}

static void print_list(struct block_node *n, const struct disks *d, bool all, const char *title, FILE *out)
{
    struct block_snapshot *list = NULL;
    int count = n->driver->snapshot_list(n, &list);
    bool any = false;
    for (int k = 0; k < count; k++) {
        if (on_all(d, list[k].name) != all)
            continue;
        if (!any)
            fprintf(out, "%s\n%-10s%-17s%8s%20s%13s%11s\n", title, "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT");
        any = true;
        print_one(&list[k], !all, out);
    }
    if (!any && all)
        fprintf(out, "There is no snapshot that all disks have.\n");
    free(list);
}

void snapshots_show(FILE *out)
{
    struct disks d;
    char err[256] = "", title[512];
    if (!find_disks(&d, NULL, NULL, err, sizeof err)) {
        fprintf(out, "%s\n", err);
        return;
    }
    print_list(d.vmstate, &d, true, "List of snapshots present on all disks:", out);
    for (unsigned k = 0; k < d.n; k++) {
        snprintf(title, sizeof title, "\nList of partial (non-loadable) snapshots on '%s':", d.name[k]);
        print_list(d.at[k], &d, false, title, out);
    }
}

/* -------------------------------------------------------------------- the human monitor */

static void say(struct monitor_call *c, bool good, const char *err)
{
    if (!good)
        fprintf(c->out, "Error: %s\n", err);
}

static void cmd_savevm(struct monitor_call *c)
{
    char err[512] = "";
    say(c, snapshots_save(c->machine, c->argv[0], true, NULL, NULL, err, sizeof err), err);
}
static void cmd_loadvm(struct monitor_call *c)
{
    char err[512] = "";
    say(c, snapshots_load(c->machine, c->argv[0], NULL, NULL, err, sizeof err), err);
}
static void cmd_delvm(struct monitor_call *c)
{
    char err[512] = "";
    say(c, snapshots_delete(c->machine, c->argv[0], NULL, err, sizeof err), err);
}
static void info_snapshots(struct monitor_call *c) { snapshots_show(c->out); }

/* Names in the first disk that has any. */
static const char *next_name(struct machine *m, unsigned k)
{
    static char name[1024];
    struct disks d;
    char err[256];
    struct block_snapshot *list = NULL;
    if (!find_disks(&d, NULL, NULL, err, sizeof err))
        return NULL;
    int n = d.vmstate->driver->snapshot_list(d.vmstate, &list);
    bool there = n > 0 && k < (unsigned)n;
    if (there)
        snprintf(name, sizeof name, "%s", list[k].name);
    free(list);
    return there ? name : NULL;
}

static const struct monitor_command commands[] = {
    { "savevm", "[NAME]", "saves the machine into its qcow2 images", 0, 1, cmd_savevm, next_name },
    { "loadvm", "NAME", "puts the machine back as it was saved", 1, 1, cmd_loadvm, next_name },
    { "delvm", "NAME", "deletes what was saved", 1, 1, cmd_delvm, next_name },
    { NULL }
};
static const struct monitor_command info[] = {
    { "snapshots", "", "what was saved in the images", 0, 0, info_snapshots },
    { NULL }
};

void snapshots_monitor_add(void) { monitor_add(commands, info); }
