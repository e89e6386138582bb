/*
 * -drive: its suboptions, one row each, and opening what they say; -blockdev. What is not the backend's but the nodes' goes on
 * to them as a tree of options (opts.h).
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"

static const char *const caches[] = { "writeback", "none", "writethrough", "directsync", "unsafe", NULL };
static const char *const interfaces[] = { "none", "virtio", "pflash", "ide", "scsi", "sd", "mtd", "floppy", NULL };
static const char *const aios[] = { "native", "threads", "io_uring", NULL };
static const char *const medias[] = { "disk", "cdrom", NULL };
static const char *const discards[] = { "ignore", "unmap", NULL };
static const char *const offs[] = { "off", NULL };
static const char *const zeroes[] = { "off", "on", "unmap", NULL };
static const char *const reports[] = { "report", NULL };

const char *block_cache_name(enum block_cache c) { return caches[c]; }
const char *block_if_name(enum block_if i) { return i == IF_DEFAULT ? "default" : interfaces[i]; }

struct parsed {
    struct block_options o;
    int unit; /* -1: not said */
    char *file, *format;
    bool readonly, snapshot, locking;
    bool empty; /* no medium yet */
    struct block_how how;
    struct opts *nodes;
};

enum kind { TEXT, FLAG, CHOICE, NUMBER, NODE /* of the nodes */ };
struct suboption {
    const char *name;
    enum kind kind;
    size_t at;                  /* in struct parsed */
    const char *const *choices; /* CHOICE: see choose() */
    const char *help;
};
#define AT(member) offsetof(struct parsed, member)
static const struct suboption suboptions[] = {
    { "file",            TEXT,   AT(file),        NULL,       "the image or host device" },
    { "id",              TEXT,   AT(o.id),        NULL,       "name for -device ...,drive=" },
    { "if",              CHOICE, AT(o.interface), interfaces, "none: for -device; virtio: a disk (default); scsi: a disk; pflash: flash" },
    { "index",           NUMBER, AT(o.index),     NULL,       "which one of its interface" },
    { "unit",            NUMBER, AT(unit),        NULL,       "the same" },
    { "format",          TEXT,   AT(format),      NULL,       "of the image: raw, qcow2 (what it looks like)" },
    { "media",           CHOICE, 0,               medias,     "cdrom: read-only, perhaps empty" },
    { "readonly",        FLAG,   AT(readonly),    NULL,       "writes are refused" },
    { "read-only",       FLAG,   AT(readonly),    NULL,       "the same" },
    { "snapshot",        FLAG,   AT(snapshot),    NULL,       "writes go to a temporary file" },
    { "cache",           CHOICE, AT(o.cache),     caches,     "how the host's cache is used" },
    { "aio",             CHOICE, 0,               aios,       "how the host's I/O is done" },
    { "discard",         CHOICE, 0,               discards,   "unmap: discards are given on to the host" },
    { "locking",         FLAG,   AT(locking),      NULL,       "off: other processes may write to it" },
    { "file.locking",    FLAG,   AT(locking),      NULL,       "the same" },
    { "werror",          CHOICE, 0,               reports,    "errors are the guest's" },
    { "rerror",          CHOICE, 0,               reports,    "the same" },
    { "detect-zeroes",   CHOICE, 0,               zeroes,     "zeroes that are written become holes" },
    { "copy-on-read",    CHOICE, 0,               offs,       "only off" },
    { "node-name",       NODE,   0,               NULL,       "of the node" },
    { "backing",         NODE,   0,               NULL,       "a node; backing.driver=... and so on: instead of what the image says" },
    { "lazy-refcounts",  NODE,   0,               NULL,       "qcow2: as the image has it" },
    { "l2-cache-size",   NODE,   0,               NULL,       "qcow2: bytes of tables kept in memory" },
    { "refcount-cache-size", NODE, 0,             NULL,       "qcow2: the same of reference counts" },
    { "cache-size",      NODE,   0,               NULL,       "qcow2: both" },
    { "offset",          NODE,   0,               NULL,       "raw: where it begins in the file" },
    { "size",            NODE,   0,               NULL,       "raw: how many bytes" },
};
enum { NSUBOPTIONS = sizeof suboptions / sizeof *suboptions };

static const char *next_suboption(void *arg)
{
    unsigned *k = arg;
    return *k < NSUBOPTIONS ? suboptions[(*k)++].name : NULL;
}

static int index_of(const char *const *choices, const char *value)
{
    for (int k = 0; choices[k]; k++)
        if (!strcmp(choices[k], value))
            return k;
    return -1;
}

static void join(const char *const *choices, char *text, size_t n)
{
    for (size_t at = 0; *choices && at < n; choices++)
        at += (size_t)snprintf(text + at, n - at, "%s%s", at ? ", " : "", *choices);
}

/* CHOICE suboptions that are not an enum of block_options. */
static void choose(struct parsed *p, const char *name, int k)
{
    if (!strcmp(name, "media"))
        p->o.cdrom = k == 1;
    else if (!strcmp(name, "discard"))
        p->how.unmap = k == 1;
    else if (!strcmp(name, "detect-zeroes"))
        p->how.zeroes = (enum block_zeroes)k;
    else if (!strcmp(name, "aio"))
        p->how.aio = k == 1 ? AIO_THREADS : AIO_URING;
    else if (!strcmp(name, "if"))
        p->o.interface = (enum block_if)k;
    else if (!strcmp(name, "cache"))
        p->o.cache = (enum block_cache)k;
}

static bool set(struct parsed *p, const struct suboption *s, const char *value, char *err, size_t errlen)
{
    void *at = (char *)p + s->at;
    char wanted[128] = "a number up to 255";
    uint64_t number;
    int k;
    switch (s->kind) {
    case TEXT:
        free(*(char **)at);
        *(char **)at = strdup(value);
        return *(char **)at != NULL;
    case FLAG:
        if (parse_bool(value, at))
            return true;
        snprintf(wanted, sizeof wanted, "on or off");
        break;
    case NUMBER:
        if (parse_number(value, false, 255, &number)) {
            *(int *)at = (int)number;
            return true;
        }
        break;
    case CHOICE:
        k = index_of(s->choices, value);
        if (k >= 0) {
            choose(p, s->name, k);
            return true;
        }
        join(s->choices, wanted, sizeof wanted);
        break;
    case NODE:
        return opts_set(p->nodes, s->name, value);
    }
    snprintf(err, errlen, "-drive %s=%s: here it may be %s", s->name, value, wanted);
    return false;
}

static bool parse(struct parsed *p, const char *text, char *err, size_t errlen)
{
    struct word w;
    while (next_word(&text, &w)) {
        const struct suboption *s = NULL;
        for (unsigned k = 0; k < NSUBOPTIONS && !s; k++)
            if (!strcmp(suboptions[k].name, w.name))
                s = &suboptions[k];
        if (!s && strchr(w.name, '.') && w.value) {
            if (!opts_set(p->nodes, w.name, w.value))
                return false;
            continue;
        }
        if (!s) {
            unsigned k = 0;
            const char *near = nearest(w.name, next_suboption, &k);
            snprintf(err, errlen, "-drive has no suboption %s%s%s", w.name, near ? "; the nearest is " : "", near ? near : "");
            return false;
        }
        if (!w.value && s->kind != FLAG) {
            snprintf(err, errlen, "-drive %s: it wants a value", w.name);
            return false;
        }
        if (!set(p, s, w.value ? w.value : "on", err, errlen))
            return false;
    }
    return true;
}

/* What the words do not say, and what goes together with what. */
static bool complete(struct parsed *p, char *err, size_t errlen)
{
    struct block_options *o = &p->o;
    char name[32];
    if (o->interface == IF_DEFAULT)
        o->interface = IF_VIRTIO;
    p->empty = (!p->file || !*p->file) && !opts_has(p->nodes, "file.filename");
    if (p->empty && o->interface != IF_NONE && o->interface != IF_SCSI) {
        snprintf(err, errlen, "-drive: no file= is given");
        return false;
    }
    if (o->interface > IF_PFLASH && o->interface != IF_SCSI) {
        snprintf(err, errlen, "-drive if=%s: no board has that here", interfaces[o->interface]);
        return false;
    }
    if (o->index < 0)
        o->index = p->unit;
    if (o->index < 0)
        for (o->index = 0; block_by_index(o->interface, o->index);)
            o->index++;
    if (o->interface != IF_NONE && block_by_index(o->interface, o->index)) {
        snprintf(err, errlen, "-drive if=%s,index=%d: there is one already", interfaces[o->interface], o->index);
        return false;
    }
    if (o->cdrom)
        p->readonly = true;
    if (!o->id) {
        snprintf(name, sizeof name, "%s%d", interfaces[o->interface], o->index);
        o->id = strdup(name);
    }
    for (const char *c = o->id; c && *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-._#", *c)) {
            snprintf(err, errlen, "-drive id=%s: only letters, digits, '-', '.' and '_' go into an id", o->id);
            return false;
        }
    if (o->id && backend_by_id(PROP_DRIVE, o->id)) {
        snprintf(err, errlen, "-drive id=%s: there is one already", o->id);
        return false;
    }
    if (p->how.aio == AIO_URING && !aio_works(AIO_URING)) {
        snprintf(err, errlen, "-drive aio=io_uring: this host or this myna has none");
        return false;
    }
    return o->id != NULL;
}

static void parsed_free(struct parsed *p)
{
    free(p->file);
    free(p->format);
    free(p->o.id);
    opts_free(p->nodes);
}

static void decide_how(struct parsed *p)
{
    struct block_how *h = &p->how;
    h->writable = !p->readonly && !p->snapshot;
    h->direct = p->o.cache == CACHE_NONE || p->o.cache == CACHE_DIRECTSYNC;
    h->writethrough = p->o.cache == CACHE_WRITETHROUGH || p->o.cache == CACHE_DIRECTSYNC;
    h->no_flush = p->o.cache == CACHE_UNSAFE;
    h->no_locks = !p->locking;
}

/* The image below, and above it what snapshot=on wants. */
static struct block_node *open_nodes(struct parsed *p, char *err, size_t errlen)
{
    struct block_how *h = &p->how;
    struct block_node *n = block_open(p->file, p->format, p->nodes, h, err, errlen), *top;
    if (!n || !p->snapshot)
        return n;
    if (!(top = block_open_snapshot(n, h->aio, err, errlen))) {
        block_unref(n);
        return NULL;
    }
    top->readonly = p->readonly;
    top->unmap = h->unmap;
    return top;
}

bool block_drive_option(const char *text, char *err, size_t errlen)
{
    struct parsed p = { .o = { .interface = IF_DEFAULT, .index = -1 }, .locking = true, .unit = -1, .nodes = opts_new() };
    struct block *b = calloc(1, sizeof *b);
    *err = 0;
    bool good = b && p.nodes && parse(&p, text, err, errlen) && complete(&p, err, errlen);
    if (good)
        decide_how(&p);
    if (!good || (!p.empty && !(b->node = open_nodes(&p, err, errlen)))) {
        if (!*err)
            snprintf(err, errlen, "-drive: no memory");
        parsed_free(&p);
        free(b);
        return false;
    }
    b->options = p.o;
    b->how = p.how;
    b->readonly = p.readonly;
    p.o.id = NULL;
    parsed_free(&p);
    block_add(b);
    return true;
}

/* -------------------------------------------------------------------------- -blockdev */

bool block_blockdev_add(const struct opts *o, char *err, size_t errlen)
{
    struct block_how how = { .writable = true };
    struct opts *mine = opts_copy(o);
    struct block_node *n = NULL;
    if (!mine)
        snprintf(err, errlen, "-blockdev: no memory");
    else if (!opts_get(mine, "driver"))
        snprintf(err, errlen, "-blockdev: driver= is missing");
    else if (!opts_get(mine, "node-name"))
        snprintf(err, errlen, "-blockdev driver=%s: node-name= is missing", opts_get(mine, "driver"));
    else if (block_node_by_name(opts_get(mine, "node-name")))
        snprintf(err, errlen, "node-name=%s: there is one already", opts_get(mine, "node-name"));
    else
        n = block_open_opts(o, &how, err, errlen);
    opts_free(mine);
    if (n)
        n->monitor = true;
    return n != NULL;
}

bool block_blockdev_option(const char *text, char *err, size_t errlen)
{
    struct opts *o = opts_new();
    bool good = o && (*text == '{' ? opts_parse_json(o, text, err, errlen) : opts_parse(o, text, err, errlen)) && block_blockdev_add(o, err, errlen);
    opts_free(o);
    return good;
}

bool block_blockdev_del(const char *name, char *err, size_t errlen)
{
    struct block_node *n = block_node_by_name(name);
    if (!n)
        return snprintf(err, errlen, "there is no node %s", name), false;
    if (!n->monitor || n->refs > 1)
        return snprintf(err, errlen, n->monitor ? "node %s is in use" : "node %s was not made by -blockdev", name), false;
    n->monitor = false;
    block_unref(n);
    return true;
}

void block_drive_help(FILE *f)
{
    for (unsigned k = 0; k < NSUBOPTIONS; k++) {
        char choices[128] = "";
        const struct suboption *s = &suboptions[k];
        if (s->choices)
            join(s->choices, choices, sizeof choices);
        fprintf(f, "  %-16s %s%s%s%s\n", s->name, s->help, s->choices ? " (" : "", choices, s->choices ? ")" : "");
    }
}
