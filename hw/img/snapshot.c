/*
 * snapshot: lists, makes, applies and deletes the snapshots inside an image.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "snapshots.h"

void snapshots_print(const struct block_snapshot *s, int n)
{
    printf("Snapshot list:\n%-10s%-17s%8s%20s%13s%11s\n", "ID", "TAG", "VM SIZE", "DATE", "VM CLOCK", "ICOUNT");
    for (int k = 0; k < n; k++, s++) {
        time_t date = (time_t)s->date_s;
        struct tm tm;
        char when[64] = "", clock[64], count[32] = "";
        uint64_t seconds = s->vm_clock_ns / 1000000000;
        if (localtime_r(&date, &tm))
            strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
        snprintf(clock, sizeof clock, "%02u:%02u:%02u.%03u", (unsigned)(seconds / 3600), (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60),
                 (unsigned)(s->vm_clock_ns / 1000000 % 1000));
        if (s->icount != ~0ull)
            snprintf(count, sizeof count, "%" PRIu64, s->icount);
        printf("%-9s %-16s %8s%20s%13s%11s\n", s->id, s->name, size_human(s->vm_state_size).s, when, clock, count);
    }
}

void snapshot_json(struct json *j, const struct block_snapshot *s)
{
    json_object(j, NULL);
    if (s->icount != ~0ull)
        json_number(j, "icount", (int64_t)s->icount);
    json_number(j, "vm-clock-nsec", (int64_t)(s->vm_clock_ns % 1000000000));
    json_string(j, "name", s->name);
    json_number(j, "date-sec", (int64_t)s->date_s);
    json_number(j, "date-nsec", s->date_ns);
    json_number(j, "vm-clock-sec", (int64_t)(s->vm_clock_ns / 1000000000));
    json_string(j, "id", s->id);
    json_number(j, "vm-state-size", (int64_t)s->vm_state_size);
    json_end(j, '}');
}

static int list(struct block_node *n, const char *file)
{
    struct block_snapshot *all = NULL;
    int count = n->driver->snapshot_list(n, &all);
    if (count > 0)
        snapshots_print(all, count);
    free(all);
    return count < 0 ? complain("snapshot: %s: %s", file, strerror(-count)) : 0;
}

static int make(struct block_node *n, const char *name)
{
    struct block_snapshot *s = calloc(1, sizeof *s);
    struct timespec now;
    int error = -ENAMETOOLONG;
    if (!s)
        return -ENOMEM;
    clock_gettime(CLOCK_REALTIME, &now);
    s->date_s = (uint64_t)now.tv_sec;
    s->date_ns = (uint32_t)now.tv_nsec;
    s->disk_size = n->size;
    if (strlen(name) < sizeof s->name) {
        strcpy(s->name, name);
        error = n->driver->snapshot_create(n, s);
    }
    free(s);
    return error;
}

int command_snapshot(const struct args *a)
{
    static const enum option_id what[] = { OPT_list, OPT_create, OPT_apply, OPT_delete };
    enum option_id chosen = OPT_list;
    struct block_how how;
    unsigned said = 0;
    int error = 0;
    for (unsigned k = 0; k < sizeof what / sizeof *what; k++)
        if (has(a, what[k])) {
            chosen = what[k];
            said++;
        }
    if (said > 1)
        return complain("snapshot: only one of -l, -c, -a and -d at a time");
    if (!image_how(a, NULL, chosen != OPT_list, &how))
        return 1;
    struct block_node *n = image_open_arg(a, 0, &how);
    if (!n)
        return 1;
    const struct block_driver *d = n->driver;
    const char *file = a->files[0];
    if (chosen == OPT_list && d->snapshot_list)
        error = list(n, file);
    else if (chosen == OPT_list)
        ; /* none */
    else if (!d->snapshot_create || !d->snapshot_apply || !d->snapshot_delete)
        error = complain("snapshot: %s: images of format %s have no snapshots", file, d->name);
    else if (chosen == OPT_create && (error = make(n, a->value[OPT_create])))
        complain("snapshot: %s: %s could not be made: %s", file, a->value[OPT_create], strerror(-error));
    else if (chosen == OPT_apply && (error = d->snapshot_apply(n, a->value[OPT_apply])))
        complain("snapshot: %s: %s could not be applied: %s", file, a->value[OPT_apply], error == -ENOENT ? "there is no such snapshot" : strerror(-error));
    else if (chosen == OPT_delete && (error = d->snapshot_delete(n, a->value[OPT_delete])))
        complain("snapshot: %s: %s could not be deleted: %s", file, a->value[OPT_delete], error == -ENOENT ? "there is no such snapshot" : strerror(-error));
    block_unref(n);
    return error ? 1 : 0;
}
