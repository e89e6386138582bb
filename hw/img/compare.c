/*
 * compare: have two images the same contents? Exit status: 0 yes, 1 no, 2 and more: it could not be found out.
 *
 * The longer one may go on with zeros only; with -s sizes and what is allocated must be the same, too.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

enum { CHUNK = 1 << 20, FAILED = 2, OPEN_FAILED = 2, READ_FAILED = 4, STATUS_FAILED = 3 };

struct side {
    struct block_node *n;
    const char *file;
    struct block_status s; /* of what is compared now */
    uint8_t *buffer;
};

static bool find(struct side *s, uint64_t at, uint64_t bytes)
{
    int error = block_status_chain(s->n, NULL, at, bytes, &s->s);
    if (error < 0)
        complain("compare: %s: at offset %" PRIu64 ": %s", s->file, at, strerror(-error));
    return error >= 0;
}

static bool read_side(struct side *s, uint64_t at, uint64_t bytes)
{
    int error = block_node_read(s->n, at, s->buffer, bytes);
    if (error)
        complain("compare: %s: reading at offset %" PRIu64 ": %s", s->file, at, strerror(-error));
    return !error;
}

static bool zero(const struct side *s) { return s->s.flags & BLOCK_IS_ZERO || !(s->s.flags & BLOCK_IS_ALLOCATED); }

static uint64_t first_nonzero(const uint8_t *p, uint64_t n)
{
    uint64_t k = 0;
    while (k + 4096 <= n && bytes_are_zero(p + k, 4096))
        k += 4096;
    while (k < n && !p[k])
        k++;
    return k;
}

/* The sector is named, not the byte. */
static int differ(const struct args *a, uint64_t at)
{
    say(a, "Content mismatch at offset %" PRIu64 "!\n", at & ~(uint64_t)511);
    return 1;
}

/* Where both are. -1: go on at at + *bytes; else the exit status. */
static int compare_part(const struct args *a, struct side *x, struct side *y, uint64_t at, uint64_t *bytes)
{
    uint64_t n = *bytes, k;
    if (!find(x, at, n) || !find(y, at, n))
        return STATUS_FAILED;
    n = x->s.bytes < n ? x->s.bytes : n;
    *bytes = n = y->s.bytes < n ? y->s.bytes : n;
    if (has(a, OPT_strict) && (x->s.flags ^ y->s.flags) & (BLOCK_IS_ZERO | BLOCK_IS_ALLOCATED)) {
        say(a, "Strict mode: Offset %" PRIu64 " block status mismatch!\n", at);
        return 1;
    }
    if (zero(x) && zero(y))
        return -1;
    *bytes = n = n < CHUNK ? n : CHUNK;
    if ((!zero(x) && !read_side(x, at, n)) || (!zero(y) && !read_side(y, at, n)))
        return READ_FAILED;
    if (zero(x) || zero(y)) {
        k = first_nonzero(zero(x) ? y->buffer : x->buffer, n);
    } else {
        k = n;
        if (memcmp(x->buffer, y->buffer, n))
            for (k = 0; x->buffer[k] == y->buffer[k];)
                k++;
    }
    return k < n ? differ(a, at + k) : -1;
}

/* What the longer one has behind the other's end. */
static int compare_rest(const struct args *a, struct side *l, uint64_t at, uint64_t *bytes)
{
    if (!find(l, at, *bytes))
        return STATUS_FAILED;
    *bytes = l->s.bytes;
    if (zero(l))
        return -1;
    *bytes = *bytes < CHUNK ? *bytes : CHUNK;
    if (!read_side(l, at, *bytes))
        return READ_FAILED;
    uint64_t k = first_nonzero(l->buffer, *bytes);
    return k < *bytes ? differ(a, at + k) : -1;
}

static int compare(const struct args *a, struct side *x, struct side *y)
{
    struct side *longer = x->n->size > y->n->size ? x : y;
    uint64_t both = longer == x ? y->n->size : x->n->size, size = longer->n->size, bytes, at;
    int status = -1;
    if (both != size && has(a, OPT_strict)) {
        say(a, "Strict mode: Image size mismatch!\n");
        return 1;
    }
    for (at = 0; at < size && status < 0; at += bytes) {
        if (at == both)
            say(a, "Warning: Image size mismatch!\n");
        bytes = at < both ? both - at : size - at;
        status = at < both ? compare_part(a, x, y, at, &bytes) : compare_rest(a, longer, at, &bytes);
        progress_show(at + bytes, size);
        if (signals_came())
            return FAILED;
    }
    if (status < 0)
        say(a, "Images are identical.\n");
    return status < 0 ? 0 : status;
}

int command_compare(const struct args *a)
{
    struct block_how how;
    struct side x = { .file = a->files[0] }, y = { .file = a->files[1] };
    int status = OPEN_FAILED;
    void *p, *q;
    if (!image_how(a, a->value[OPT_source_cache], false, &how))
        return OPEN_FAILED;
    x.n = image_open_arg(a, 0, &how);
    y.n = x.n ? image_open(a->files[1], a->value[OPT_F_second], has(a, OPT_image_opts), &how) : NULL;
    if (x.n && y.n && !posix_memalign(&p, 4096, CHUNK)) {
        if (!posix_memalign(&q, 4096, CHUNK)) {
            x.buffer = p;
            y.buffer = q;
            signals_catch();
            progress_begin(a);
            status = compare(a, &x, &y);
            progress_end();
            free(q);
        }
        free(p);
    }
    block_unref(x.n);
    block_unref(y.n);
    return status;
}
