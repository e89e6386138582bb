/*
 * -drive: its suboptions, one row each, and opening what they say.
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
static const char *const reports[] = { "report", NULL };
static const char *const formats[] = { "raw", NULL };

const char *block_cache_name(enum block_cache c) { return caches[c]; }
const char *block_if_name(enum block_if i) { return i == IF_DEFAULT ? "default" : interfaces[i]; }

struct parsed {
    struct block_options o;
    int unit; /* -1: not said */
};

enum kind { TEXT, FLAG, CHOICE, NUMBER };
struct suboption {
    const char *name;
    enum kind kind;
    size_t at;                  /* in struct parsed */
    const char *const *choices; /* CHOICE: see choose() */
    const char *help;
};
#define AT(member) offsetof(struct parsed, member)
static const struct suboption suboptions[] = {
    { "file",            TEXT,   AT(o.file),      NULL,       "the image or host device" },
    { "id",              TEXT,   AT(o.id),        NULL,       "name for -device ...,drive=" },
    { "if",              CHOICE, AT(o.interface), interfaces, "none: for -device; virtio: a disk (default); pflash: flash" },
    { "index",           NUMBER, AT(o.index),     NULL,       "which one of its interface" },
    { "unit",            NUMBER, AT(unit),        NULL,       "the same" },
    { "format",          CHOICE, 0,               formats,    "of the image" },
    { "media",           CHOICE, 0,               medias,     "cdrom: read-only" },
    { "readonly",        FLAG,   AT(o.readonly),  NULL,       "writes are refused" },
    { "read-only",       FLAG,   AT(o.readonly),  NULL,       "the same" },
    { "snapshot",        FLAG,   AT(o.snapshot),  NULL,       "writes go to a temporary file" },
    { "cache",           CHOICE, AT(o.cache),     caches,     "how the host's cache is used" },
    { "aio",             CHOICE, 0,               aios,       "how the host's I/O is done" },
    { "discard",         CHOICE, 0,               discards,   "unmap: discards are given on to the host" },
    { "locking",         FLAG,   AT(o.locking),   NULL,       "off: other processes may write to it" },
    { "file.locking",    FLAG,   AT(o.locking),   NULL,       "the same" },
    { "werror",          CHOICE, 0,               reports,    "errors are the guest's" },
    { "rerror",          CHOICE, 0,               reports,    "the same" },
    { "detect-zeroes",   CHOICE, 0,               offs,       "only off" },
    { "copy-on-read",    CHOICE, 0,               offs,       "only off" },
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
        p->o.discard = k == 1;
    else if (!strcmp(name, "aio"))
        p->o.aio = k == 1 ? AIO_THREADS : AIO_URING;
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
    if (!o->file) {
        snprintf(err, errlen, "-drive: no file= is given");
        return false;
    }
    if (o->interface == IF_DEFAULT)
        o->interface = IF_VIRTIO;
    if (o->interface > IF_PFLASH) {
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
        o->readonly = true;
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
    if (o->aio == AIO_URING && !aio_works(AIO_URING)) {
        snprintf(err, errlen, "-drive aio=io_uring: this host or this myna has none");
        return false;
    }
    return o->id != NULL;
}

/* Formats that are not here would be shown to the guest as they are: they are named instead, unless format=raw. */
static bool check_format(struct block_node *n, const struct parsed *p, bool raw, char *err, size_t errlen)
{
    static const struct { const char *magic, *name; size_t n; } known[] = {
        { "QFI\xfb", "qcow2", 4 }, { "KDMV", "vmdk", 4 }, { "conectix", "vpc", 8 }, { "vhdxfile", "vhdx", 8 }, { "QED\0", "qed", 4 },
    };
    struct block probe = { .node = n, .options = { .cache = CACHE_WRITEBACK } };
    uint8_t head[512];
    if (raw || n->size < sizeof head || block_read_now(&probe, 0, head, sizeof head))
        return true;
    for (unsigned k = 0; k < sizeof known / sizeof *known; k++)
        if (!memcmp(head, known[k].magic, known[k].n)) {
            snprintf(err, errlen, "%s: images of format %s can't be opened yet (format=raw takes it as it is)", p->o.file, known[k].name);
            return false;
        }
    return true;
}

void block_options_free(struct block_options *o)
{
    free(o->file);
    free(o->id);
}

static bool says_raw(const char *text)
{
    struct word w;
    while (next_word(&text, &w))
        if (!strcmp(w.name, "format"))
            return true;
    return false;
}

bool block_drive_option(const char *text, char *err, size_t errlen)
{
    struct parsed p = { .o = { .interface = IF_DEFAULT, .index = -1, .locking = true }, .unit = -1 };
    struct block_node *n = NULL;
    struct block *b = NULL;
    *err = 0;
    if (!parse(&p, text, err, errlen) || !complete(&p, err, errlen))
        goto fail;
    n = block_open_file(&p.o, err, errlen);
    if (!n || !check_format(n, &p, says_raw(text), err, errlen))
        goto fail;
    if (p.o.snapshot) {
        struct block_node *top = block_open_snapshot(n, p.o.aio, err, errlen);
        if (!top)
            goto fail;
        n = top;
        n->readonly = p.o.readonly;
    }
    b = calloc(1, sizeof *b);
    if (!b)
        goto fail;
    b->options = p.o;
    b->node = n;
    block_add(b);
    return true;
fail:
    if (!*err)
        snprintf(err, errlen, "-drive: no memory");
    block_node_close(n);
    block_options_free(&p.o);
    return false;
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
