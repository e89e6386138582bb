/*
 * rebase: another backing file for an image. Without -u what is seen through the image stays the same: what the new backing file
 * has otherwise than the old one goes into the image, and is on the disk before the image's header names the new one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

enum { CHUNK = 1 << 20 };

struct rebase {
    const struct args *a;
    const char *file, *to, *format;       /* to: NULL: no backing file from now on */
    struct block_node *image, *view, *new; /* view: the image's old chain, only read */
    const struct block_node *common;      /* of the old chain: what is the new one's, too */
    uint8_t *old_data, *new_data;
    uint64_t unit;
};

/* What is behind a node's end is zeros. */
static int read_padded(struct block_node *n, uint64_t at, uint8_t *to, uint64_t bytes)
{
    uint64_t there = n && at < n->size ? n->size - at : 0;
    there = there < bytes ? there : bytes;
    memset(to + there, 0, bytes - there);
    return there ? block_node_read(n, at, to, there) : 0;
}

static bool failed(const struct rebase *r, int error, const char *doing, uint64_t at)
{
    complain("rebase: %s: %s at offset %" PRIu64 ": %s", r->file, doing, at, strerror(-error));
    return false;
}

/* Is a stretch, not in the image, the same in both for sure? *bytes: as far as that is so. */
static int same_origin(const struct rebase *r, uint64_t at, uint64_t *bytes)
{
    struct block_status s;
    struct block_node *old = r->view->backing;
    if (!r->common || !old || at >= old->size)
        return 0;
    if (old == r->common)
        return 1;
    int error = block_status_chain(old, r->common, at, *bytes, &s);
    if (error < 0)
        return error;
    *bytes = s.bytes < *bytes ? s.bytes : *bytes;
    return !(s.flags & (BLOCK_IS_ALLOCATED | BLOCK_IS_ZERO));
}

/* [at, at + bytes), not in the image, gets what differs, in whole units. */
static bool merge(const struct rebase *r, uint64_t at, uint64_t bytes)
{
    int error = read_padded(r->view->backing, at, r->old_data, bytes);
    if (!error)
        error = read_padded(r->new, at, r->new_data, bytes);
    if (error)
        return failed(r, error, "reading the backing files", at);
    for (uint64_t k = 0, n; k < bytes; k += n) {
        bool differs = false, d;
        for (n = 0; k + n < bytes; n += r->unit) {
            uint64_t left = bytes - k - n < r->unit ? bytes - k - n : r->unit;
            d = memcmp(r->old_data + k + n, r->new_data + k + n, left) != 0;
            if (n && d != differs)
                break;
            differs = d;
        }
        n = n < bytes - k ? n : bytes - k;
        if (!differs)
            continue;
        if (bytes_are_zero(r->old_data + k, n))
            error = block_node_zero(r->image, at + k, n, BLOCK_UNMAP);
        else
            error = block_node_write(r->image, at + k, r->old_data + k, n, has(r->a, OPT_compress) && n == r->unit ? BLOCK_COMPRESSED : 0);
        if (error)
            return failed(r, error, "writing", at + k);
    }
    return true;
}

static bool merge_all(const struct rebase *r)
{
    struct block_status s;
    uint64_t size = r->image->size, n;
    for (uint64_t at = 0; at < size; at += n) {
        int error = block_status(r->image, at, size - at, &s);
        n = s.bytes;
        if (error < 0)
            return failed(r, error, "looking for data", at);
        if (signals_came())
            return complain("rebase: %s: stopped by a signal; the old backing file stands", r->file), false;
        if (!(s.flags & BLOCK_IS_ALLOCATED)) {
            int same = same_origin(r, at, &n);
            if (same < 0)
                return failed(r, same, "looking for data", at);
            if (!same) {
                uint64_t most = CHUNK - at % CHUNK;
                n = n < most ? n : most;
                if (!merge(r, at, n))
                    return false;
            }
        }
        progress_show(at + n, size);
    }
    return image_flush(r->image, r->file);
}

static bool open_chains(struct rebase *r)
{
    struct block_how how;
    char full[4096];
    if (!image_how(r->a, r->a->value[OPT_source_cache], false, &how))
        return false;
    how.no_locks = true;
    r->view = image_open_arg(r->a, 0, &how);
    if (!r->view)
        return false;
    if (!r->to)
        return true;
    if (!block_path(r->file, r->to, full, sizeof full))
        return complain("rebase: %s: the name is too long", r->to), false;
    if (image_same_file(full, r->file))
        return complain("rebase: %s can't be its own backing file", r->file), false;
    r->new = image_open(full, r->format, false, &how);
    if (!r->new)
        return false;
    if (image_chain_has(r->new, r->file))
        return complain("rebase: %s stands on %s: that would be a circle", r->to, r->file), false;
    for (const struct block_node *n = r->view->backing; n && !r->common; n = n->backing)
        if (n->filename && r->new->filename && image_same_file(n->filename, r->new->filename) && n->driver == r->new->driver)
            r->common = n;
    return true;
}

static bool buffers(struct rebase *r)
{
    struct block_info *i = calloc(1, sizeof *i);
    void *p = NULL, *q = NULL;
    r->unit = 4096;
    if (!i || posix_memalign(&p, 4096, CHUNK) || posix_memalign(&q, 4096, CHUNK))
        return complain("rebase: no memory"), free(i), free(p), false;
    block_get_info(r->image, i);
    if (i->cluster_size)
        r->unit = i->cluster_size < CHUNK ? i->cluster_size : CHUNK;
    free(i);
    r->old_data = p;
    r->new_data = q;
    return true;
}

int command_rebase(const struct args *a)
{
    struct rebase r = { .a = a, .file = a->files[0], .to = a->value[OPT_backing], .format = a->value[OPT_F_backing] };
    struct block_how how;
    int status = 1, error;
    if (!r.to)
        return complain("rebase: no backing file is given (-b; -b \"\" is none)");
    if (!*r.to)
        r.to = r.format = NULL;
    if (r.to && !r.format)
        return complain("rebase: %s: its format must be given (-F)", r.to);
    if (r.format && !image_format_known(r.format))
        return 1;
    if (!image_how(a, a->value[OPT_cache], true, &how))
        return 1;
    how.no_backing = true;
    r.image = image_open_arg(a, 0, &how);
    if (!r.image)
        return 1;
    signals_catch();
    progress_begin(a);
    if (!r.image->driver->set_backing)
        complain("rebase: %s: images of format %s have no backing file", r.file, r.image->driver->name);
    else if (has(a, OPT_unsafe) || (open_chains(&r) && buffers(&r) && merge_all(&r))) {
        error = r.image->driver->set_backing(r.image, r.to, r.format);
        if (error)
            complain("rebase: %s: its header could not be changed: %s", r.file,
                     error == -ENOSPC ? "the backing file's name does not fit into it" : strerror(-error));
        else if (image_flush(r.image, r.file))
            status = 0;
    }
    if (!status)
        progress_end();
    free(r.old_data);
    free(r.new_data);
    block_unref(r.view);
    block_unref(r.new);
    block_unref(r.image);
    return status;
}
