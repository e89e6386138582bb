/*
 * Opening and making images for commands. See image.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"

enum { REASON = 1024 };

const char *image_formats[] = { "raw", "qcow2", NULL };

const char *image_reason(const char *err, int error) { return *err ? err : strerror(error < 0 ? -error : error); }

static const char *next_format(void *arg)
{
    unsigned *k = arg;
    return image_formats[*k] ? image_formats[(*k)++] : NULL;
}

bool image_format_known(const char *format)
{
    unsigned k = 0;
    const struct block_driver *d = block_driver_by_name(format);
    if (d && d->kind != BLOCK_FILTER)
        return true;
    const char *near = nearest(format, next_format, &k);
    complain("there is no format %s%s%s (raw, qcow2)", format, near ? "; the nearest is " : "", near ? near : "");
    return false;
}

bool image_how(const struct args *a, const char *cache, bool writable, struct block_how *how)
{
    unsigned flags = 0;
    if (cache && !cache_parse(cache, &flags))
        return false;
    *how = (struct block_how){
        .writable = writable, .direct = flags & CACHE_TEXT_DIRECT, .writethrough = flags & CACHE_TEXT_SYNC,
        .no_flush = flags & CACHE_TEXT_UNSAFE, .no_locks = has(a, OPT_force_share), .unmap = true,
    };
    return true;
}

struct block_node *image_open(const char *file, const char *format, bool opts, const struct block_how *how)
{
    char err[REASON] = "";
    struct block_node *n = NULL;
    if (format && !image_format_known(format))
        return NULL;
    if (opts) {
        struct opts *o = opts_new();
        if (format)
            complain("--image-opts: the format is said by driver=, not by -f");
        else if (o && opts_parse(o, file, err, sizeof err))
            n = block_open_opts(o, how, err, sizeof err);
        opts_free(o);
        if (format)
            return NULL;
    } else {
        n = block_open(file, format, NULL, how, err, sizeof err);
    }
    if (!n)
        complain("%s%s%s", strstr(err, file) ? "" : file, strstr(err, file) ? "" : ": ", image_reason(err, errno));
    return n;
}

struct block_node *image_open_arg(const struct args *a, unsigned k, const struct block_how *how)
{
    return image_open(a->files[k], a->value[OPT_f], has(a, OPT_image_opts), how);
}

struct block_node *image_open_snapshot(const struct args *a, unsigned k, const struct block_how *how)
{
    const char *wanted = a->value[OPT_snapshot];
    struct block_node *n = image_open_arg(a, k, how);
    char *id = NULL;
    if (!n || !wanted)
        return n;
    if (!strncmp(wanted, "snapshot.", 9) && !(id = suboption(wanted, "snapshot.id")) && !(id = suboption(wanted, "snapshot.name")))
        complain("-l %s: it is NAME, snapshot.id=ID or snapshot.name=NAME", wanted);
    else if (!n->driver->snapshot_load)
        complain("%s: images of format %s have no snapshots", a->files[k], n->driver->name);
    else {
        int error = n->driver->snapshot_load(n, id ? id : wanted);
        free(id);
        if (!error)
            return n;
        complain("%s: %s: %s", a->files[k], wanted, error == -ENOENT ? "there is no such snapshot" : strerror(-error));
        block_unref(n);
        return NULL;
    }
    free(id);
    block_unref(n);
    return NULL;
}

struct block_node *image_open_backing(struct block_node *n, const struct block_how *how, bool *none)
{
    struct block_info *i = calloc(1, sizeof *i);
    struct block_node *backing = NULL;
    *none = false;
    if (!i)
        return NULL;
    block_get_info(n, i);
    if (!i->backing_filename || !*i->backing_filename)
        *none = true;
    else
        backing = image_open(*i->full_backing ? i->full_backing : i->backing_filename, i->backing_format, false, how);
    free(i);
    return backing;
}

bool image_same_file(const char *a, const char *b)
{
    struct stat s, t;
    return stat(a, &s) == 0 && stat(b, &t) == 0 && s.st_dev == t.st_dev && s.st_ino == t.st_ino &&
           (S_ISREG(s.st_mode) || S_ISBLK(s.st_mode));
}

bool image_chain_has(const struct block_node *n, const char *file)
{
    for (; n; n = n->backing)
        for (const struct block_node *f = n; f; f = f->file)
            if (f->filename && image_same_file(f->filename, file))
                return true;
    return false;
}

bool image_flush(struct block_node *n, const char *name)
{
    int error = block_node_flush(n);
    if (error)
        complain("%s: %s (it was being written to the disk)", name, strerror(-error));
    return !error;
}

/* -------------------------------------------------------------------------- options */

struct opts *image_options(const char *list)
{
    char err[REASON] = "";
    struct opts *o = opts_new();
    if (o && (!list || !*list || opts_parse(o, list, err, sizeof err)))
        return o;
    complain("-o %s: %s", list ? list : "", image_reason(err, ENOMEM));
    opts_free(o);
    return NULL;
}

bool image_options_help(const char *list, const char *format)
{
    struct word w;
    bool asked = false;
    while (list && next_word(&list, &w))
        asked = asked || !strcmp(w.name, "help") || !strcmp(w.name, "?");
    const struct block_driver *d = asked ? block_driver_by_name(format) : NULL;
    if (!d)
        return false;
    static const char *const kinds[] = { [CREATE_TEXT] = "str", [CREATE_BOOL] = "bool (on/off)", [CREATE_SIZE] = "size", [CREATE_NUMBER] = "num" };
    printf("Supported %s options:\n", format);
    for (const struct block_create_option *c = d->create_options; c && c->name; c++) {
        char text[64];
        snprintf(text, sizeof text, "%s=<%s>", c->name, kinds[c->kind]);
        printf("  %-22s - %s%s%s%s\n", text, c->help, c->value ? " (default: " : "", c->value ? c->value : "", c->value ? ")" : "");
    }
    return true;
}

static const char *default_of(const struct block_driver *d, const char *name)
{
    for (const struct block_create_option *c = d->create_options; c && c->name; c++)
        if (!strcmp(c->name, name))
            return strcmp(name, "preallocation") && strcmp(name, "compat") ? c->value : NULL;
    return NULL;
}

/* What is made, in one line: options with a value, said or by default; *: the size. */
static void show(const char *file, const struct block_driver *d, struct opts *o, uint64_t size)
{
    static const char *const qcow2[] = { "encryption", "cluster_size", "extended_l2", "preallocation", "compression_type", "*", "compat", "backing_file",
                                         "backing_fmt", "data_file", "data_file_raw", "lazy_refcounts", "refcount_bits", NULL };
    static const char *const others[] = { "*", "preallocation", "extent_size_hint", NULL };
    printf("Formatting '%s', fmt=%s", file, d->name);
    for (const char *const *name = d->backing ? qcow2 : others; *name; name++) {
        const char *value = opts_get(o, *name);
        uint64_t number;
        value = value ? value : default_of(d, *name);
        if (**name == '*')
            printf(" size=%llu", (unsigned long long)size);
        else if (value && !strcmp(*name, "cluster_size") && size_parse(value, &number))
            printf(" %s=%llu", *name, (unsigned long long)number);
        else if (value)
            printf(" %s=%s", *name, value);
    }
    printf("\n");
}

int image_create(const struct args *a, const char *file, const char *format, const char *list, uint64_t size, const char *backing,
                 const char *backing_format, bool visible)
{
    char err[REASON] = "";
    const struct block_driver *d = block_driver_by_name(format);
    struct opts *o = image_options(list);
    int error = 0;
    if (!o)
        return 1;
    opts_remove(o, "size");
    if (backing && !d->backing)
        error = complain("%s: images of format %s have no backing file", file, format);
    if (!error && ((backing && !opts_set(o, "backing_file", backing)) || (backing_format && !opts_set(o, "backing_fmt", backing_format)) ||
                   (has(a, OPT_unsafe) && !opts_set(o, "unsafe", "on"))))
        error = complain("%s: no memory", file);
    if (!error && visible && !has(a, OPT_quiet))
        show(file, d, o, size);
    if (!error) {
        error = block_create(format, file, size, o, err, sizeof err);
        if (error)
            complain("%s%s%s", strstr(err, file) ? "" : file, strstr(err, file) ? "" : ": ", image_reason(err, error));
    }
    opts_free(o);
    return error ? 1 : 0;
}
