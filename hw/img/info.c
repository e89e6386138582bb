/*
 * info: what an image is, for people and as JSON.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "image.h"
#include "snapshots.h"

struct shown {
    struct block_info i;
    struct block_snapshot *snapshots;
    int nsnapshots;
    const char *file, *format;
};

static void print_json(struct json *j, const struct shown *s)
{
    const struct block_info *i = &s->i;
    json_object(j, NULL);
    json_number(j, "virtual-size", (int64_t)i->virtual_size);
    json_string(j, "filename", s->file);
    if (i->cluster_size)
        json_number(j, "cluster-size", (int64_t)i->cluster_size);
    json_string(j, "format", s->format);
    json_number(j, "actual-size", (int64_t)i->actual_size);
    if (i->encrypted)
        json_bool(j, "encrypted", true);
    if (s->nsnapshots > 0) {
        json_array(j, "snapshots");
        for (int k = 0; k < s->nsnapshots; k++)
            snapshot_json(j, &s->snapshots[k]);
        json_end(j, ']');
    }
    if (i->ndetails) {
        json_object(j, "format-specific");
        json_string(j, "type", s->format);
        json_object(j, "data");
        for (unsigned k = 0; k < i->ndetails; k++) {
            const struct block_detail *d = &i->details[k];
            switch (d->kind) {
            case DETAIL_TEXT: json_string(j, d->name, d->text); break;
            case DETAIL_BOOL: json_bool(j, d->name, d->number); break;
            case DETAIL_NUMBER: json_number(j, d->name, (int64_t)d->number); break;
            }
        }
        json_end(j, '}');
        json_end(j, '}');
    }
    if (i->backing_filename) {
        if (*i->full_backing)
            json_string(j, "full-backing-filename", i->full_backing);
        json_string(j, "backing-filename", i->backing_filename);
        if (i->backing_format)
            json_string(j, "backing-filename-format", i->backing_format);
    }
    json_bool(j, "dirty-flag", i->dirty);
    json_end(j, '}');
}

static void print_details(const struct block_info *i)
{
    if (i->ndetails)
        printf("Format specific information:\n");
    for (unsigned k = 0; k < i->ndetails; k++) {
        const struct block_detail *d = &i->details[k];
        printf("    ");
        for (const char *c = d->name; *c; c++)
            putchar(*c == '-' ? ' ' : *c);
        switch (d->kind) {
        case DETAIL_TEXT: printf(": %s\n", d->text); break;
        case DETAIL_BOOL: printf(": %s\n", d->number ? "true" : "false"); break;
        case DETAIL_NUMBER: printf(": %llu\n", (unsigned long long)d->number); break;
        }
    }
}

static void print_human(const struct shown *s)
{
    const struct block_info *i = &s->i;
    printf("image: %s\nfile format: %s\nvirtual size: %s (%llu bytes)\ndisk size: %s\n", s->file, s->format, size_human(i->virtual_size).s,
           (unsigned long long)i->virtual_size, size_human(i->actual_size).s);
    if (i->encrypted)
        printf("encrypted: yes\n");
    if (i->cluster_size)
        printf("cluster_size: %llu\n", (unsigned long long)i->cluster_size);
    if (i->dirty)
        printf("cleanly shut down: no\n");
    if (i->backing_filename) {
        printf("backing file: %s", i->backing_filename);
        if (!*i->full_backing)
            printf(" (cannot determine actual path)");
        else if (strcmp(i->full_backing, i->backing_filename))
            printf(" (actual path: %s)", i->full_backing);
        printf("\n");
        if (i->backing_format)
            printf("backing file format: %s\n", i->backing_format);
    }
    if (s->nsnapshots > 0)
        snapshots_print(s->snapshots, s->nsnapshots);
    print_details(i);
}

/* One image; the name and format of its backing file into next and next_format. False: said. */
static bool show_one(const struct args *a, const char *file, const char *format, bool opts, struct json *j, char *next, char *next_format)
{
    struct block_how how;
    struct shown *s = calloc(1, sizeof *s);
    if (!s || !image_how(a, NULL, false, &how))
        return free(s), false;
    how.no_backing = how.as_it_is = true;
    struct block_node *n = image_open(file, format, opts, &how);
    if (!n)
        return free(s), false;
    block_get_info(n, &s->i);
    s->file = n->filename ? n->filename : file;
    s->format = n->driver->name;
    if (n->driver->snapshot_list)
        s->nsnapshots = n->driver->snapshot_list(n, &s->snapshots);
    if (j)
        print_json(j, s);
    else
        print_human(s);
    snprintf(next, 4096, "%s", s->i.backing_filename ? *s->i.full_backing ? s->i.full_backing : s->i.backing_filename : "");
    snprintf(next_format, 32, "%s", s->i.backing_format ? s->i.backing_format : "");
    free(s->snapshots);
    free(s);
    block_unref(n);
    return true;
}

/* The files of a chain that were shown, so that a circle ends. */
struct seen { struct { dev_t device; ino_t inode; } at[256]; unsigned n; };

static bool seen_before(struct seen *s, const char *file)
{
    struct stat st;
    if (stat(file, &st) < 0)
        return false;
    for (unsigned k = 0; k < s->n; k++)
        if (s->at[k].device == st.st_dev && s->at[k].inode == st.st_ino)
            return complain("%s: the chain of backing files is a circle", file);
    if (s->n == sizeof s->at / sizeof *s->at)
        return complain("%s: more than %u backing files", file, s->n);
    s->at[s->n].device = st.st_dev;
    s->at[s->n++].inode = st.st_ino;
    return false;
}

int command_info(const struct args *a)
{
    struct json json = { .f = stdout }, *j = NULL;
    static char file[4096], next[4096], format[32];
    static struct seen seen;
    bool as_json, good = true, chain = has(a, OPT_chain);
    if (!output_is_json(a, &as_json))
        return 1;
    snprintf(file, sizeof file, "%s", a->files[0]);
    if (as_json)
        j = &json;
    if (j && chain)
        json_array(j, NULL);
    for (unsigned depth = 0; good && *file && (!depth || chain); depth++) {
        if (depth && !j)
            printf("\n");
        good = !seen_before(&seen, file) &&
               show_one(a, file, depth ? *format ? format : NULL : a->value[OPT_f], !depth && has(a, OPT_image_opts), j, next, format);
        memcpy(file, next, sizeof file);
    }
    if (j && chain)
        json_end(j, ']');
    return good ? 0 : 1;
}
