/*
 * The graph of nodes: drivers, names, references, opening trees of them by options, guessing formats, chains of backing
 * files, making images. See block.h.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
#include "drive.h"

/* One row for each; the first format is what a file is that no other one knows. */
static const struct block_driver *const drivers[] = { &block_raw, &block_qcow2, &block_file, &block_host_device };
enum { NDRIVERS = sizeof drivers / sizeof *drivers, DEEPEST = 200 /* files of a chain */, HEAD = 2048 };

static struct block_node *nodes;

/* --------------------------------------------------------------------------- drivers */

const struct block_driver *block_driver_at(unsigned k) { return k < NDRIVERS ? drivers[k] : NULL; }

const struct block_driver *block_driver_by_name(const char *name)
{
    for (unsigned k = 0; k < NDRIVERS; k++)
        if (!strcmp(drivers[k]->name, name))
            return drivers[k];
    return NULL;
}

static const char *next_driver(void *k)
{
    const struct block_driver *d = block_driver_at((*(unsigned *)k)++);
    return d ? d->name : NULL;
}

static const struct block_driver *driver_or_say(const char *name, char *err, size_t errlen)
{
    const struct block_driver *d = block_driver_by_name(name);
    unsigned k = 0;
    const char *near = d ? NULL : nearest(name, next_driver, &k);
    if (d)
        return d;
    size_t at = (size_t)snprintf(err, errlen, "format=%s: there is no such image format or block driver%s%s; there are", name,
                                 near ? "; the nearest is " : "", near ? near : "");
    for (k = 0; k < NDRIVERS && at < errlen; k++)
        at += (size_t)snprintf(err + at, errlen - at, "%s %s", k ? "," : "", drivers[k]->name);
    return NULL;
}

static const char *const preallocations[] = { "off", "metadata", "falloc", "full", NULL };
const char *block_preallocation_name(enum block_preallocation p) { return preallocations[p]; }
bool block_preallocation_by_name(const char *name, enum block_preallocation *p)
{
    for (unsigned k = 0; preallocations[k]; k++)
        if (!strcmp(name, preallocations[k])) {
            *p = (enum block_preallocation)k;
            return true;
        }
    return false;
}

/* ------------------------------------------------------------------ names, references */

struct block_node *block_node_new(const struct block_driver *d)
{
    struct block_node *n = calloc(1, d->size > sizeof *n ? d->size : sizeof *n);
    if (!n)
        return NULL;
    n->driver = d;
    n->refs = 1;
    n->align = 1;
    return n;
}

struct block_node *block_node_next(struct block_node *n) { return n ? n->next : nodes; }

struct block_node *block_node_by_name(const char *name)
{
    for (struct block_node *n = nodes; n; n = n->next)
        if (!strcmp(n->name, name))
            return n;
    return NULL;
}

bool block_node_name(struct block_node *n, const char *name, char *err, size_t errlen)
{
    static unsigned count;
    if (!name)
        snprintf(n->name, sizeof n->name, "#block%u", ++count);
    else if (strlen(name) >= sizeof n->name || !isalpha((unsigned char)*name))
        return snprintf(err, errlen, "node-name=%s: names begin with a letter and have at most 31 characters", name), false;
    else if (block_node_by_name(name))
        return snprintf(err, errlen, "node-name=%s: there is one already", name), false;
    else
        snprintf(n->name, sizeof n->name, "%s", name);
    n->named = name != NULL;
    struct block_node **at = &nodes;
    while (*at)
        at = &(*at)->next;
    *at = n;
    return true;
}

struct block_node *block_ref(struct block_node *n)
{
    n->refs++;
    return n;
}

static void free_node(struct block_node *n)
{
    for (struct block_node **at = &nodes; *at; at = &(*at)->next)
        if (*at == n) {
            *at = n->next;
            break;
        }
    if (n->file && !n->readonly && n->file->writers)
        n->file->writers--;
    block_unref(n->backing);
    block_unref(n->file);
    free(n->filename);
    free(n);
}

void block_unref(struct block_node *n)
{
    if (!n || --n->refs)
        return;
    n->driver->close(n);
    free_node(n);
}

/* ----------------------------------------------------------------------------- opening */

struct above { const char *filename; const struct above *up; unsigned depth; };

static struct block_node *open_tree(struct opts *o, const struct block_how *how, const struct above *up, char *err, size_t errlen);

/* What every node has. */
static bool common(struct opts *o, struct block_how *h, char *err, size_t errlen)
{
    static const char *const discards[] = { "ignore", "off", "unmap", "on", NULL };
    static const char *const zeroes[] = { "off", "on", "unmap", NULL };
    bool readonly = !h->writable, writeback = !h->writethrough, ignored;
    unsigned discard = h->unmap ? 2 : 0, zero = h->zeroes;
    if (!opts_bool(o, "read-only", &readonly, err, errlen) || !opts_bool(o, "auto-read-only", &ignored, err, errlen) ||
        !opts_bool(o, "cache.direct", &h->direct, err, errlen) || !opts_bool(o, "cache.no-flush", &h->no_flush, err, errlen) ||
        !opts_bool(o, "cache.writeback", &writeback, err, errlen) ||
        !opts_choice(o, "discard", discards, &discard, err, errlen) || !opts_choice(o, "detect-zeroes", zeroes, &zero, err, errlen))
        return false;
    h->writable = !readonly;
    h->writethrough = !writeback;
    h->unmap = discard >= 2;
    h->zeroes = (enum block_zeroes)zero;
    if (h->zeroes == ZEROES_UNMAP && !h->unmap)
        return snprintf(err, errlen, "detect-zeroes=unmap wants discard=unmap"), false;
    return true;
}

static struct block_node *by_reference(const char *name, bool writes, char *err, size_t errlen)
{
    struct block_node *n = block_node_by_name(name);
    if (!n)
        return snprintf(err, errlen, "there is no node %s", name), NULL;
    if (writes && (n->readonly || n->writers))
        return snprintf(err, errlen, "node %s %s", name, n->readonly ? "is read-only" : "is written to by another already"), NULL;
    return block_ref(n);
}

static const struct block_driver *guess(struct block_node *file, const char *filename, char *err, size_t errlen)
{
    static const struct { const char *magic, *name; size_t n; } known[] = {
        { "KDMV", "vmdk", 4 }, { "conectix", "vpc", 8 }, { "vhdxfile", "vhdx", 8 }, { "QED\0", "qed", 4 },
        { "WithoutFreeSpace", "parallels", 16 }, { "WithouFreSpacExt", "parallels", 16 }, { "<<< Oracle VM VirtualBox", "vdi", 24 },
        { "LUKS\xba\xbe", "luks", 6 },
    };
    uint8_t head[HEAD] = { 0 };
    const struct block_driver *best = drivers[0];
    unsigned most = 0, sure;
    size_t n = file->size < HEAD ? (size_t)file->size : HEAD;
    int rc = block_node_read(file, 0, head, n);
    if (rc)
        return snprintf(err, errlen, "%s: %s", filename, strerror(-rc)), NULL;
    for (unsigned k = 0; k < NDRIVERS; k++)
        if (drivers[k]->probe && (sure = drivers[k]->probe(head, n, filename)) > most) {
            most = sure;
            best = drivers[k];
        }
    for (unsigned k = 0; k < sizeof known / sizeof *known && best == drivers[0]; k++)
        if (n >= known[k].n && !memcmp(head, known[k].magic, known[k].n))
            return snprintf(err, errlen, "%s: images of format %s can't be opened yet (format=raw takes it as it is)", filename, known[k].name), NULL;
    return best;
}

bool block_looks_formatted(const uint8_t *head, size_t n)
{
    for (unsigned k = 0; k < NDRIVERS; k++)
        if (drivers[k]->probe && drivers[k] != drivers[0] && drivers[k]->probe(head, n, "") > 10)
            return true;
    return false;
}

static struct block_node *open_file_child(struct opts *o, const struct block_how *h, const struct above *up, char *err, size_t errlen)
{
    const char *name = opts_get(o, "file"), *filename = opts_get(o, "filename");
    if (name)
        return by_reference(name, h->writable, err, errlen);
    struct opts *below = opts_below(o, "file");
    struct block_node *n = NULL;
    if (!below && filename && (below = opts_new()))
        opts_set(below, "filename", filename);
    if (!below)
        return snprintf(err, errlen, "the image's file is missing: file= (a node) or file.filename="), NULL;
    if (!opts_has(below, "driver"))
        opts_set(below, "driver", "file");
    n = open_tree(below, h, up, err, errlen);
    opts_free(below);
    return n;
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return a && b && !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static struct block_node *open_header_backing(const char *from, const char *name, const char *format, struct opts *o,
                                              const struct block_how *h, const struct above *up, char *err, size_t errlen)
{
    char full[4096];
    if (!strncmp(name, "json:", 5)) {
        if (!opts_parse_json(o, name + 5, err, errlen))
            return NULL;
    } else if (!block_path(from ? from : "", name, full, sizeof full)) {
        return snprintf(err, errlen, "the name of its backing file is too long"), NULL;
    } else {
        if (!opts_has(o, "file.filename"))
            opts_set(o, "file.filename", full);
        if (format && *format && !opts_has(o, "driver"))
            opts_set(o, "driver", format);
    }
    return open_tree(o, h, up, err, errlen);
}

static bool open_backing(struct block_node *n, struct opts *o, const struct block_how *how, const struct above *up, char *err, size_t errlen)
{
    struct block_how h = { .direct = how->direct, .no_locks = how->no_locks, .aio = how->aio, .as_it_is = true };
    const char *ref = opts_get(o, "backing"), *name = NULL, *format = NULL;
    char why[256] = "";
    if (opts_has(o, "backing") && (!ref || !*ref))
        return true;
    if (ref)
        return (n->backing = by_reference(ref, false, err, errlen)) != NULL;
    struct opts *below = opts_below(o, "backing");
    bool header = n->driver->get_backing && n->driver->get_backing(n, &name, &format) && name && *name;
    if (how->no_backing || (!below && !header)) {
        opts_free(below);
        return true;
    }
    if (!below && !(below = opts_new()))
        return snprintf(err, errlen, "no memory"), false;
    if (header && !opts_has(below, "file") && !opts_has(below, "filename") && !opts_has(below, "file.filename"))
        n->backing = open_header_backing(n->filename, name, format, below, &h, up, why, sizeof why);
    else
        n->backing = open_tree(below, &h, up, why, sizeof why);
    opts_free(below);
    if (!n->backing)
        snprintf(err, errlen, "%s: its backing file: %s", n->filename ? n->filename : n->name, why);
    return n->backing != NULL;
}

static bool open_given;
void block_open_given(bool given) { open_given = given; }

static struct block_node *open_tree(struct opts *o, const struct block_how *how, const struct above *up, char *err, size_t errlen)
{
    struct block_how h = *how;
    h.given |= open_given;
    const char *name = opts_get(o, "driver"), *node_name = opts_get(o, "node-name"), *unknown;
    const struct block_driver *d = name ? driver_or_say(name, err, errlen) : NULL;
    struct block_node *file = NULL, *n;
    struct above here = { NULL, up, up ? up->depth + 1 : 0 };
    *err = 0;
    if (name && !d)
        return driver_or_say(name, err, errlen), NULL;
    if (here.depth > DEEPEST)
        return snprintf(err, errlen, "the chain of images is deeper than %d", DEEPEST), NULL;
    if (!common(o, &h, err, errlen))
        return NULL;
    if (!d || d->kind != BLOCK_PROTOCOL) {
        const char *path = opts_has(o, "file") ? NULL : opts_has(o, "filename") ? opts_get(o, "filename") : opts_get(o, "file.filename");
        for (const struct above *a = up; a; a = a->up)
            if (same_file(a->filename, path))
                return snprintf(err, errlen, "%s: it is its own backing file", path), NULL;
        if (!(file = open_file_child(o, &h, up, err, errlen)))
            return NULL;
        if (!d && !(d = guess(file, file->filename ? file->filename : file->name, err, errlen))) {
            block_unref(file);
            return NULL;
        }
    }
    if (!(n = block_node_new(d))) {
        snprintf(err, errlen, "no memory");
        block_unref(file);
        return NULL;
    }
    n->file = file;
    n->readonly = !h.writable;
    n->writethrough = h.writethrough;
    n->no_flush = h.no_flush;
    n->given = h.given;
    n->unmap = h.unmap;
    n->zeroes = h.zeroes;
    n->filename = file && file->filename ? strdup(file->filename) : NULL;
    n->guessed = !name && d == drivers[0];
    if (file && !n->readonly)
        file->writers++;
    here.filename = n->filename;
    if (d->open(n, o, &h, err, errlen) < 0) {
        if (!*err)
            snprintf(err, errlen, "%s: can't be opened as %s", n->filename ? n->filename : "image", d->name);
        free_node(n);
        return NULL;
    }
    if ((d->backing && !open_backing(n, o, &h, &here, err, errlen)) || !block_node_name(n, node_name, err, errlen)) {
        block_unref(n);
        return NULL;
    }
    if ((unknown = opts_unknown(o))) {
        snprintf(err, errlen, "driver %s has no option %s", d->name, unknown);
        block_unref(n);
        return NULL;
    }
    return n;
}

struct block_node *block_open_opts(const struct opts *o, const struct block_how *how, char *err, size_t errlen)
{
    struct opts *mine = opts_copy(o);
    struct block_node *n = NULL;
    if (mine)
        n = open_tree(mine, how, NULL, err, errlen);
    else
        snprintf(err, errlen, "no memory");
    opts_free(mine);
    return n;
}

struct block_node *block_open(const char *filename, const char *format, const struct opts *more, const struct block_how *how,
                              char *err, size_t errlen)
{
    struct opts *o = opts_copy(more);
    struct block_node *n = NULL;
    if (!o) {
        snprintf(err, errlen, "no memory");
    } else if (filename && !strncmp(filename, "json:", 5)) {
        if (opts_parse_json(o, filename + 5, err, errlen)) {
            if (format)
                opts_set(o, "driver", format);
            n = open_tree(o, how, NULL, err, errlen);
        }
    } else {
        if (filename)
            opts_set(o, "file.filename", filename);
        if (format)
            opts_set(o, "driver", format);
        n = open_tree(o, how, NULL, err, errlen);
    }
    opts_free(o);
    return n;
}

/* ------------------------------------------------------------------------------- names */

/* "nbd:", "json:": letters, digits, '+', '-' and '.' up to a colon, before any '/'. */
static bool has_protocol(const char *name)
{
    const char *c = name;
    while (isalnum((unsigned char)*c) || (*c && strchr("+-.", *c)))
        c++;
    return *c == ':' && c > name;
}

bool block_path(const char *from, const char *name, char *full, size_t n)
{
    const char *slash = strrchr(from, '/');
    int len = *name == '/' || has_protocol(name) || !slash ? 0 : (int)(slash - from + 1);
    return snprintf(full, n, "%.*s%s", len, from, name) < (int)n;
}

/* ------------------------------------------------------------------------------ making */

static const char *next_create_option(void *at)
{
    const struct block_create_option **c = at;
    return *c && (*c)->name ? (*c)++->name : NULL;
}

/* Every option that is given must be in the format's table, and of its kind. */
static bool check_create_options(const struct block_driver *d, const struct opts *o, char *err, size_t errlen)
{
    const char *key, *value;
    for (unsigned k = 0; (key = opts_key(o, k, &value)); k++) {
        const struct block_create_option *c = d->create_options, *all = c;
        uint64_t number;
        bool on;
        while (c && c->name && strcmp(c->name, key))
            c++;
        if (!c || !c->name) {
            const char *near = nearest(key, next_create_option, &all);
            snprintf(err, errlen, "format %s has no option %s%s%s", d->name, key, near ? "; the nearest is " : "", near ? near : "");
            return false;
        }
        if (!value || (c->kind == CREATE_BOOL && !parse_bool(value, &on)) ||
            ((c->kind == CREATE_SIZE || c->kind == CREATE_NUMBER) && !parse_number(value, c->kind == CREATE_SIZE, INT64_MAX, &number))) {
            snprintf(err, errlen, "option %s=%s: it should be %s", key, value ? value : "", c->kind == CREATE_BOOL ? "on or off" : "a number");
            return false;
        }
    }
    return true;
}

/* The backing file must be there; its size is the image's if that is not said. */
static int look_at_backing(const char *filename, struct opts *o, uint64_t *size, char *err, size_t errlen)
{
    const char *name = opts_get(o, "backing_file"), *format = opts_get(o, "backing_fmt");
    char full[4096], why[256];
    if (!name || !*name)
        return 0;
    if (!block_path(filename, name, full, sizeof full))
        return snprintf(err, errlen, "%s: the name is too long", name), -EINVAL;
    if (*size != ~0ull && opts_has(o, "unsafe"))
        return 0;
    struct block_how how = { .no_locks = true, .as_it_is = true };
    struct block_node *n = block_open(full, format, NULL, &how, why, sizeof why);
    if (!n)
        return snprintf(err, errlen, "the backing file: %s", why), -ENOENT;
    if (*size == ~0ull)
        *size = n->size;
    block_unref(n);
    return 0;
}

int block_create(const char *format, const char *filename, uint64_t size, const struct opts *given, char *err, size_t errlen)
{
    const struct block_driver *d = driver_or_say(format, err, errlen);
    struct block_how how = { .writable = true };
    struct opts *o = NULL, *protocol = NULL;
    struct block_node *file = NULL;
    int rc = -EINVAL;
    if (!d)
        return -EINVAL;
    *err = 0;
    if (!d->create)
        return snprintf(err, errlen, "images of format %s can't be made", format), -ENOTSUP;
    if (!(o = opts_copy(given)) || !(protocol = opts_new())) {
        rc = -ENOMEM;
        goto out;
    }
    opts_remove(o, "unsafe");
    if (!check_create_options(d, o, err, errlen))
        goto out;
    if (given && opts_has(given, "unsafe"))
        opts_set(o, "unsafe", "on");
    if ((rc = look_at_backing(filename, o, &size, err, errlen)) < 0)
        goto out;
    if (size == ~0ull) {
        snprintf(err, errlen, "%s: no size is given", filename);
        rc = -EINVAL;
        goto out;
    }
    if ((rc = block_file.make(filename, 0, protocol, err, errlen)) < 0)
        goto out;
    opts_set(protocol, "driver", "file");
    opts_set(protocol, "filename", filename);
    if (!(file = block_open_opts(protocol, &how, err, errlen)))
        rc = -EIO;
    else
        rc = d->create(file, (size + 511) & ~511ull, o, err, errlen);
    block_unref(file);
out:
    if (rc < 0 && !*err)
        snprintf(err, errlen, "%s: %s", filename, strerror(-rc));
    opts_free(o);
    opts_free(protocol);
    return rc;
}
