/*
 * commit: an image's data goes down into a backing file of its, which then holds what was seen through the image.
 *
 * What was written below is on the disk before the image is emptied: whoever is killed in between has all data twice.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "copy.h"

struct commit {
    const struct args *a;
    struct block_node *image, *view, *base; /* the image to empty; its chain, only read; what is written */
    const struct block_node *stop;          /* of the view: the base */
};

/* The node of the chain that is the base. NULL: said. */
static const struct block_node *find_base(const struct commit *j)
{
    const char *wanted = j->a->value[OPT_base];
    if (!j->view->backing) {
        complain("commit: %s has no backing file", j->a->files[0]);
        return NULL;
    }
    if (!wanted)
        return j->view->backing;
    for (const struct block_node *n = j->view->backing; n; n = n->backing)
        if (n->filename && (!strcmp(n->filename, wanted) || image_same_file(n->filename, wanted)))
            return n;
    complain("commit: %s is not among the backing files of %s", wanted, j->a->files[0]);
    return NULL;
}

static bool open_all(struct commit *j)
{
    const struct args *a = j->a;
    struct block_how how, view;
    if (!image_how(a, a->value[OPT_cache], true, &how))
        return false;
    view = how;
    view.writable = false;
    view.no_locks = how.no_backing = true;
    j->image = image_open_arg(a, 0, &how);
    j->view = j->image ? image_open_arg(a, 0, &view) : NULL;
    j->stop = j->view ? find_base(j) : NULL;
    if (!j->stop)
        return false;
    how.no_backing = false;
    j->base = image_open(j->stop->filename, j->stop->driver->name, false, &how);
    return j->base != NULL;
}

static bool make_room(const struct commit *j)
{
    char err[1024] = "";
    int error = 0;
    if (j->base->size < j->view->size)
        error = block_resize(j->base, j->view->size, false, PREALLOC_OFF, err, sizeof err);
    if (error)
        complain("commit: %s could not be made as long as the image: %s", j->base->filename, image_reason(err, error));
    return !error;
}

static bool empty(const struct commit *j)
{
    if (!j->image->driver->empty)
        return true;
    int error = j->image->driver->empty(j->image);
    if (error)
        complain("commit: %s could not be emptied: %s (its data is in %s, too)", j->a->files[0], strerror(-error), j->base->filename);
    return !error;
}

int command_commit(const struct args *a)
{
    struct commit j = { .a = a };
    struct copy_part part = { .file = a->files[0] };
    struct copy c = { .parts = &part, .nparts = 1, .backed = true, .sparse = 4096, .tasks = 8 };
    int status = 1;
    if (has(a, OPT_rate) && (!size_parse(a->value[OPT_rate], &c.rate) || !c.rate))
        return complain("commit: -r %s: bytes a second, with a suffix", a->value[OPT_rate]);
    if (open_all(&j) && make_room(&j)) {
        part.node = j.view;
        part.base = (struct block_node *)j.stop;
        part.bytes = j.view->size;
        c.target = j.base;
        c.target_file = j.base->filename;
        signals_catch();
        progress_begin(a);
        status = copy_run(&c);
        if (!status && !image_flush(j.base, c.target_file))
            status = 1;
        /* With -b the images between stay as they are: only the top of a chain of two is emptied. */
        if (!status && !has(a, OPT_drop) && j.stop == j.view->backing && !empty(&j))
            status = 1;
        if (!status && !image_flush(j.image, a->files[0]))
            status = 1;
    }
    if (!status) {
        progress_end();
        say(a, "Image committed.\n");
    }
    block_unref(j.view);
    block_unref(j.image);
    block_unref(j.base);
    return status;
}
