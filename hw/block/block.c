/*
 * Backends and requests: attaching, batches, draining; -drive is in drive.c, files in raw.c. See block.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "drive.h"

static struct block *all, *touched;

/* ------------------------------------------------------------------------ requests */

void block_done(struct block_request *r, int error)
{
    struct block *b = r->block;
    free(r->rest);
    r->rest = NULL;
    if (b) {
        b->in_flight--;
        if (!b->touched) {
            b->touched = true;
            b->next_touched = touched;
            touched = b;
        }
    }
    r->done(r, error);
}

static void batch_done(void)
{
    while (touched) {
        struct block *b = touched;
        touched = b->next_touched;
        b->touched = false;
        if (b->front.batch_done)
            b->front.batch_done(b->front.device);
    }
}

static int refused(const struct block *b, const struct block_request *r)
{
    if (b->node->readonly && (r->op == BLOCK_WRITE || r->op == BLOCK_ZERO || r->op == BLOCK_DISCARD))
        return -EROFS;
    if (r->op != BLOCK_FLUSH && (r->offset > b->node->size || r->bytes > b->node->size - r->offset))
        return -EIO;
    return 0;
}

static void count(struct block *b, const struct block_request *r)
{
    if (r->op == BLOCK_READ) {
        b->reads++;
        b->read_bytes += r->bytes;
    } else if (r->op == BLOCK_WRITE) {
        b->writes++;
        b->written_bytes += r->bytes;
    } else if (r->op == BLOCK_FLUSH) {
        b->flushes++;
    }
}

void block_submit(struct block *b, struct block_request *r)
{
    int error = refused(b, r);
    r->block = b;
    r->rest = NULL;
    b->in_flight++;
    count(b, r);
    aio_plug();
    if (error || (r->op != BLOCK_FLUSH && !r->bytes) ||
        (r->op == BLOCK_DISCARD && !b->options.discard) || (r->op == BLOCK_FLUSH && b->options.cache == CACHE_UNSAFE)) {
        block_done(r, error);
    } else {
        if (r->op == BLOCK_ZERO && !b->options.discard)
            r->flags &= ~(unsigned)BLOCK_UNMAP;
        if (b->node->writethrough && (r->op == BLOCK_WRITE || r->op == BLOCK_ZERO))
            r->flags |= BLOCK_FUA;
        block_node_submit(b->node, r);
    }
    aio_unplug();
}

void block_plug(struct block *b) { aio_plug(); }

void block_unplug(struct block *b)
{
    aio_unplug();
}

void block_drain(struct block *b)
{
    while (b->in_flight && aio_wait())
        ;
}

struct now { struct block_request r; bool over; int error; };

static void now_done(struct block_request *r, int error)
{
    struct now *n = (struct now *)r;
    n->over = true;
    n->error = error;
}

static int transfer_now(struct block *b, enum block_op op, uint64_t offset, void *at, size_t n)
{
    struct iovec io = { at, n };
    struct now w = { .r = { .op = op, .offset = offset, .bytes = n, .iov = &io, .niov = 1, .done = now_done } };
    block_submit(b, &w.r);
    while (!w.over && aio_wait())
        ;
    return w.over ? w.error : -EIO;
}

int block_read_now(struct block *b, uint64_t offset, void *to, size_t n) { return transfer_now(b, BLOCK_READ, offset, to, n); }

int block_write_now(struct block *b, uint64_t offset, const void *from, size_t n)
{
    return transfer_now(b, BLOCK_WRITE, offset, (void *)from, n); /* it is only read */
}

unsigned block_slice(const struct iovec *io, unsigned nio, uint64_t skip, uint64_t n, struct iovec *out, unsigned max)
{
    unsigned k = 0;
    for (; nio && n && k < max; io++, nio--) {
        if (skip >= io->iov_len) {
            skip -= io->iov_len;
            continue;
        }
        uint64_t len = io->iov_len - skip < n ? io->iov_len - skip : n;
        out[k++] = (struct iovec){ (uint8_t *)io->iov_base + skip, len };
        n -= len;
        skip = 0;
    }
    return k;
}

/* ------------------------------------------------------------------------ backends */

void block_add(struct block *b)
{
    struct block **at = &all;
    while (*at)
        at = &(*at)->next;
    *at = b;
    backend_add(PROP_DRIVE, b->options.id, b);
    aio_after_batch(batch_done);
}

struct block *block_next(struct block *b) { return b ? b->next : all; }

struct block *block_by_index(enum block_if interface, int index)
{
    for (struct block *b = all; b; b = b->next)
        if (b->options.interface == interface && b->options.index == index)
            return b;
    return NULL;
}

bool block_attach(struct block *b, struct machine *m, const struct block_front *f, char *err, size_t errlen)
{
    if (b->attached) {
        snprintf(err, errlen, "drive %s is used by another device", b->options.id);
        return false;
    }
    b->attached = true;
    b->front = *f;
    aio_attach(m->loop);
    return true;
}

void block_detach(struct block *b)
{
    block_drain(b);
    b->attached = false;
    b->front = (struct block_front){ 0 };
}

void block_node_close(struct block_node *n)
{
    if (!n)
        return;
    struct block_node *below = n->below;
    n->driver->close(n);
    free(n->filename);
    free(n);
    block_node_close(below);
}

void blocks_close(void)
{
    while (all) {
        struct block *b = all;
        all = b->next;
        block_drain(b);
        backend_remove(PROP_DRIVE, b);
        block_node_close(b->node);
        block_options_free(&b->options);
        free(b);
    }
}
