/*
 * Format raw: the file as it is, or a part of it (offset=, size=).
 *
 * If an image is raw only because probing saw nothing else, nothing that would be seen as a format later may be written into its
 * first sector: a guest could make its disk a qcow2 image whose backing file is any file of the host's.
 */
#include <errno.h>
#include <string.h>

#include "block.h"
#include "drive.h"

struct raw { struct block_node n; uint64_t offset; };

static bool is_forbidden(const struct block_request *r)
{
    uint8_t head[512] = { 0 };
    size_t at = 0;
    if (r->op != BLOCK_WRITE || r->offset >= sizeof head)
        return false;
    if (r->offset)
        return true; /* sectors are written as a whole */
    for (unsigned k = 0; k < r->niov && at < sizeof head; k++) {
        size_t n = r->iov[k].iov_len < sizeof head - at ? r->iov[k].iov_len : sizeof head - at;
        memcpy(head + at, r->iov[k].iov_base, n);
        at += n;
    }
    return at < sizeof head || block_looks_formatted(head, at);
}

static void submit(struct block_node *n, struct block_request *r)
{
    if (r->flags & BLOCK_COMPRESSED) {
        block_done(r, -ENOTSUP);
        return;
    }
    if (n->guessed && is_forbidden(r)) {
        block_done(r, -EPERM);
        return;
    }
    r->offset += ((struct raw *)n)->offset;
    r->node = n->file;
    n->file->driver->submit(n->file, r);
}

static int open_raw(struct block_node *n, struct opts *o, const struct block_how *how, char *err, size_t errlen)
{
    struct raw *w = (struct raw *)n;
    uint64_t size = ~0ull;
    if (!opts_size(o, "offset", &w->offset, err, errlen) || !opts_size(o, "size", &size, err, errlen))
        return -EINVAL;
    if ((w->offset & 511) || w->offset > n->file->size || (size != ~0ull && ((size & 511) || size > n->file->size - w->offset)))
        return snprintf(err, errlen, "%s: offset= and size= are multiples of 512 inside the file", n->filename), -EINVAL;
    n->size = size != ~0ull ? size : n->file->size - w->offset;
    n->align = n->file->align;
    if (n->guessed && how->writable)
        fprintf(stderr, "myna: %s: no format is given; it is taken for raw, and what would look like another format is not written to its first "
                        "sector (format=raw allows it)\n", n->filename ? n->filename : n->name);
    return 0;
}

static void close_raw(struct block_node *n) { }

static int create(struct block_node *file, uint64_t size, struct opts *o, char *err, size_t errlen)
{
    const char *p = opts_get(o, "preallocation");
    enum block_preallocation mode = PREALLOC_OFF;
    if (p && (!block_preallocation_by_name(p, &mode) || mode == PREALLOC_METADATA))
        return snprintf(err, errlen, "preallocation=%s: here it may be off, falloc, full", p), -EINVAL;
    return file->driver->resize(file, size, true, mode, err, errlen);
}

static int status(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s)
{
    return block_status(n->file, offset + ((struct raw *)n)->offset, bytes, s);
}

static int resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen)
{
    struct raw *w = (struct raw *)n;
    if (w->offset || n->size != n->file->size)
        return snprintf(err, errlen, "with offset= or size= it can't be resized"), -ENOTSUP;
    int rc = n->file->driver->resize ? n->file->driver->resize(n->file, size, shrink, p, err, errlen) : -ENOTSUP;
    if (!rc)
        n->size = n->file->size;
    return rc;
}

static unsigned probe(const uint8_t *head, size_t n, const char *filename) { return 1; }

static int measure(uint64_t size, uint64_t data, struct opts *o, uint64_t *required, uint64_t *full, char *err, size_t errlen)
{
    *required = *full = size;
    return 0;
}

static const struct block_create_option create_options[] = {
    { "preallocation", CREATE_TEXT, "off", "off, falloc: space is reserved, full: and written" },
    { NULL }
};

const struct block_driver block_raw = {
    .name = "raw", .kind = BLOCK_FORMAT, .size = sizeof(struct raw), .probe = probe, .open = open_raw, .submit = submit,
    .close = close_raw, .create = create, .create_options = create_options, .status = status, .resize = resize, .measure = measure,
};
