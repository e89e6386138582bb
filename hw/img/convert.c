/*
 * convert: images copied into a new one, of another format, smaller, with a backing file or without; dd: a part of one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "copy.h"

struct job {
    const struct args *a;
    struct copy c;
    const char *target, *format, *backing, *backing_format;
    char *said_backing, *said_format;
    bool target_opts;
};

static bool is_device(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 && S_ISBLK(st.st_mode);
}

static bool options(struct job *j)
{
    const struct args *a = j->a;
    struct copy *c = &j->c;
    uint64_t n = 8;
    const char *backing = a->value[OPT_backing_copy];
    c->sparse = 4096;
    if (has(a, OPT_sparse) && (!size_parse(a->value[OPT_sparse], &c->sparse) || c->sparse % 512))
        return complain("convert: -S %s: a size, a multiple of 512, or 0", a->value[OPT_sparse]), false;
    if (has(a, OPT_coroutines) && !number_parse(a->value[OPT_coroutines], 1, 16, &n))
        return complain("convert: -m %s: a number from 1 to 16", a->value[OPT_coroutines]), false;
    if (has(a, OPT_rate) && (!size_parse(a->value[OPT_rate], &c->rate) || !c->rate))
        return complain("convert: -r %s: bytes a second, with a suffix", a->value[OPT_rate]), false;
    j->said_backing = suboption(a->value[OPT_o], "backing_file");
    j->said_format = suboption(a->value[OPT_o], "backing_fmt");
    j->backing = backing ? backing : j->said_backing;
    j->backing_format = has(a, OPT_F_backing) ? a->value[OPT_F_backing] : j->said_format;
    if (j->backing && !*j->backing)
        j->backing = NULL;
    c->compress = has(a, OPT_compress);
    /* The host's cache reads ahead by itself: buffers that stay in the processor's cache cost less than more of them gain. */
    bool cached = !c->compress && !has(a, OPT_cache) && !has(a, OPT_source_cache);
    c->tasks = cached && !has(a, OPT_coroutines) ? 3 : (unsigned)n;
    c->unordered = has(a, OPT_unordered);
    c->salvage = has(a, OPT_salvage);
    c->host_copies = has(a, OPT_copy_range);
    c->backed = j->backing != NULL;
    const struct { bool wrong; const char *why; } rules[] = {
        { c->host_copies && has(a, OPT_sparse), "-C and -S: one looks for zeros, the other does not" },
        { c->host_copies && c->compress, "-C copies data as it is: -c does not go with it" },
        { c->backed && a->nfiles > 2, "a backing file of several images joined makes no sense" },
        { has(a, OPT_is_zero) && !has(a, OPT_no_create), "--target-is-zero goes with -n" },
        { has(a, OPT_target_opts) && !has(a, OPT_no_create), "--target-image-opts goes with -n" },
        { has(a, OPT_target_opts) && has(a, OPT_O), "--target-image-opts: the format is said by driver=, not by -O" },
        { has(a, OPT_no_create) && has(a, OPT_o), "-n: nothing is created that -o could be for" },
        { has(a, OPT_no_create) && has(a, OPT_backing_copy), "-n and -B: the image is there already, with its backing file or without" },
        { has(a, OPT_F_backing) && !j->backing, "-F: no backing file is given" },
        { j->backing && !j->backing_format, "-B: the backing file's format must be given (-F)" },
    };
    for (unsigned k = 0; k < sizeof rules / sizeof *rules; k++)
        if (rules[k].wrong)
            return complain("convert: %s", rules[k].why), false;
    if (c->host_copies)
        c->sparse = 4096;
    return true;
}

static bool open_sources(struct job *j)
{
    const struct args *a = j->a;
    struct block_how how;
    unsigned n = a->nfiles - 1;
    j->c.parts = calloc(n, sizeof *j->c.parts);
    if (!j->c.parts || !image_how(a, a->value[OPT_source_cache], false, &how))
        return false;
    for (; j->c.nparts < n; j->c.nparts++) {
        struct copy_part *p = &j->c.parts[j->c.nparts];
        p->file = a->files[j->c.nparts];
        p->node = image_open_snapshot(a, j->c.nparts, &how);
        if (!p->node)
            return false;
        p->bytes = p->node->size;
        p->base = j->c.backed ? p->node->backing : NULL;
        if (image_chain_has(p->node, j->target))
            return complain("convert: %s would be read and written at the same time (%s)", j->target, p->file), false;
    }
    return true;
}

static bool open_target(struct job *j, bool create)
{
    const struct args *a = j->a;
    struct block_how how;
    uint64_t size = 0;
    const char *cache = has(a, OPT_cache) ? a->value[OPT_cache] : "unsafe";
    bool device = !j->target_opts && is_device(j->target);
    for (unsigned k = 0; k < j->c.nparts; k++)
        size += j->c.parts[k].bytes;
    if (create && image_create(a, j->target, j->format, a->value[OPT_o], size, j->backing, j->backing_format, false))
        return false;
    if (!image_how(a, cache, true, &how))
        return false;
    how.no_locks = false;
    j->c.target_file = j->target;
    j->c.target = image_open(j->target, j->target_opts ? NULL : j->format, j->target_opts, &how);
    if (!j->c.target)
        return false;
    if (j->c.compress && !j->c.target->driver->compresses)
        return complain("convert: %s: format %s has no compression", j->target, j->c.target->driver->name), false;
    if (j->c.target->size < size)
        return complain("convert: %s is smaller than what is to be copied", j->target), false;
    j->c.target_zero = (create && !device && !j->backing) || has(a, OPT_is_zero);
    return true;
}

static void close_job(struct job *j)
{
    for (unsigned k = 0; k < j->c.nparts; k++)
        block_unref(j->c.parts[k].node);
    block_unref(j->c.target);
    free(j->c.parts);
    free(j->said_backing);
    free(j->said_format);
}

/* Copies; what was written is on its way to the disk as the cache option says. */
static int finish(struct job *j)
{
    signals_catch();
    progress_begin(j->a);
    int status = copy_run(&j->c);
    if (!status && has(j->a, OPT_cache) && !image_flush(j->c.target, j->target))
        status = 1;
    if (!status)
        progress_end();
    return status;
}

int command_convert(const struct args *a)
{
    struct job j = { .a = a, .format = a->value[OPT_O] ? a->value[OPT_O] : "raw", .target_opts = has(a, OPT_target_opts) };
    int status = 1;
    if (!image_format_known(j.format))
        return 1;
    if (image_options_help(a->value[OPT_o], j.format))
        return 0;
    if (a->nfiles < 2)
        return complain("convert: a file is missing; it is: myna-img convert [OPTIONS] FILE... TARGET");
    j.target = a->files[a->nfiles - 1];
    if (options(&j) && open_sources(&j) && open_target(&j, !has(a, OPT_no_create)))
        status = finish(&j);
    close_job(&j);
    return status;
}

/* ------------------------------------------------------------------------------- dd */

struct operands {
    const char *in, *out;
    uint64_t bs, count, skip;
    bool counted;
};

static bool operand(struct operands *o, const char *word)
{
    const struct { const char *name; const char **text; uint64_t *number; } known[] = {
        { "if=", &o->in, NULL }, { "of=", &o->out, NULL }, { "bs=", NULL, &o->bs }, { "count=", NULL, &o->count }, { "skip=", NULL, &o->skip },
    };
    for (unsigned k = 0; k < sizeof known / sizeof *known; k++) {
        size_t n = strlen(known[k].name);
        if (strncmp(word, known[k].name, n))
            continue;
        if (known[k].text)
            *known[k].text = word + n;
        else if (!size_parse(word + n, known[k].number))
            return complain("dd: %s: a number, perhaps with a suffix", word), false;
        o->counted = o->counted || known[k].number == &o->count;
        return true;
    }
    return complain("dd: no operand %s (if=, of=, bs=, count=, skip=)", word), false;
}

int command_dd(const struct args *a)
{
    struct operands o = { .bs = 512 };
    struct job j = { .a = a, .format = a->value[OPT_O] ? a->value[OPT_O] : "raw" };
    struct copy_part part = { 0 };
    struct block_how how;
    int status = 1;
    for (unsigned k = 0; k < a->nfiles; k++)
        if (!operand(&o, a->files[k]))
            return 1;
    if (!o.in || !o.out || !*o.in || !*o.out)
        return complain("dd: if= and of= must be given");
    if (!o.bs || o.bs > INT32_MAX)
        return complain("dd: bs= may be 1 to %d", INT32_MAX);
    if (!image_format_known(j.format) || !image_how(a, NULL, false, &how))
        return 1;
    struct args in = *a;
    in.files = &o.in;
    part.file = o.in;
    part.node = image_open_snapshot(&in, 0, &how);
    if (!part.node)
        return 1;
    uint64_t size = part.node->size, skip = o.skip > size / o.bs ? size : o.skip * o.bs;
    uint64_t most = !o.counted ? size : o.count > size / o.bs ? size : o.count * o.bs;
    part.from = skip;
    part.bytes = size - skip < most ? size - skip : most;
    j.target = o.out;
    if (image_chain_has(part.node, o.out))
        complain("dd: %s would be read and written at the same time", o.out);
    else if (o.skip > size / o.bs)
        complain("dd: %s: skip= is behind its end", o.in);
    else {
        j.c.parts = calloc(1, sizeof part);
        if (j.c.parts) {
            j.c.parts[0] = part;
            j.c.nparts = 1;
            part.node = NULL;
            j.c.sparse = 4096;
            j.c.tasks = 8;
            if (open_target(&j, true))
                status = finish(&j);
        }
        close_job(&j);
    }
    block_unref(part.node);
    return status;
}
