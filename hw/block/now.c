/*
 * Calls on nodes that wait: in aio_wait, or in a task for its turn. See block.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "task.h"

struct waiting {
    struct block_request r;
    struct aio_op op;
    bool over;
    int error;
    int (*fn)(void *arg);
    void *arg;
    struct task_queue queue;
};

static void ended(struct waiting *w, int error)
{
    w->over = true;
    w->error = error;
    task_wake(&w->queue);
}

static void request_done(struct block_request *r, int error) { ended((struct waiting *)r, error); }

static int wait_for(struct waiting *w)
{
    while (!w->over) {
        if (task_here())
            task_wait(&w->queue);
        else if (!aio_wait())
            return -EIO; /* called where nobody may wait: inside a completion */
    }
    return w->error;
}

int block_node_wait(struct block_node *n, struct block_request *r)
{
    struct waiting w = { .r = *r };
    w.r.done = request_done;
    w.r.block = NULL;
    block_node_submit(n, &w.r);
    return wait_for(&w);
}

static int transfer(struct block_node *n, enum block_op op, uint64_t offset, void *at, uint64_t bytes, unsigned flags)
{
    struct iovec io = { at, bytes };
    struct block_request r = { .op = op, .flags = flags, .offset = offset, .bytes = bytes, .iov = &io, .niov = 1 };
    return bytes || op == BLOCK_FLUSH ? block_node_wait(n, &r) : 0;
}

int block_node_read(struct block_node *n, uint64_t offset, void *to, size_t bytes) { return transfer(n, BLOCK_READ, offset, to, bytes, 0); }
int block_node_write(struct block_node *n, uint64_t offset, const void *from, size_t bytes, unsigned flags)
{
    return transfer(n, BLOCK_WRITE, offset, (void *)from, bytes, flags); /* it is only read */
}
int block_node_zero(struct block_node *n, uint64_t offset, uint64_t bytes, unsigned flags) { return transfer(n, BLOCK_ZERO, offset, NULL, bytes, flags); }
int block_node_discard(struct block_node *n, uint64_t offset, uint64_t bytes) { return transfer(n, BLOCK_DISCARD, offset, NULL, bytes, 0); }
int block_node_flush(struct block_node *n) { return transfer(n, BLOCK_FLUSH, 0, NULL, 0, 0); }

static ssize_t run_call(struct aio_op *op)
{
    struct waiting *w = (struct waiting *)((char *)op - offsetof(struct waiting, op));
    return w->fn(w->arg);
}

static void call_done(struct aio_op *op, ssize_t result)
{
    ended((struct waiting *)((char *)op - offsetof(struct waiting, op)), (int)result);
}

int block_call(int (*fn)(void *arg), void *arg)
{
    struct waiting w = { .fn = fn, .arg = arg };
    w.op = (struct aio_op){ .what = AIO_CALL, .call = run_call, .done = call_done };
    aio_begin(AIO_THREADS, &w.op);
    return wait_for(&w);
}

void block_drain_all(void)
{
    while (aio_wait())
        ;
}

/* ------------------------------------------------------------------- another process's */

/* Parents first. */
static int give(struct block_node *n)
{
    int rc = n->given || !n->driver->give ? 0 : n->driver->give(n);
    n->given |= rc == 0;
    return rc;
}

/* Is any parent of the node not given yet? */
static bool is_held(const struct block_node *n)
{
    for (struct block_node *p = NULL; (p = block_node_next(p));)
        if ((p->file == n || p->backing == n) && !p->given)
            return true;
    return false;
}

bool block_give_all(char *err, size_t errlen)
{
    block_drain_all();
    for (bool again = true; again;) {
        again = false;
        for (struct block_node *n = NULL; (n = block_node_next(n));) {
            if (n->given || is_held(n))
                continue;
            int rc = give(n);
            if (rc)
                return snprintf(err, errlen, "%s: %s", n->filename ? n->filename : n->name, strerror(-rc)), false;
            again = true;
        }
    }
    return true;
}

static bool take(struct block_node *n, char *err, size_t errlen)
{
    if (!n || !n->given)
        return true;
    if (!take(n->file, err, errlen) || !take(n->backing, err, errlen))
        return false;
    *err = 0;
    int rc = n->driver->take ? n->driver->take(n, err, errlen) : 0;
    if (rc && !*err)
        snprintf(err, errlen, "%s: %s", n->filename ? n->filename : n->name, strerror(-rc));
    n->given = rc != 0;
    return !rc;
}

bool block_take_all(char *err, size_t errlen)
{
    for (struct block_node *n = NULL; (n = block_node_next(n));)
        if (!take(n, err, errlen))
            return false;
    return true;
}

/* ------------------------------------------------------------------------ what is where */

int block_status(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s)
{
    *s = (struct block_status){ .flags = BLOCK_IS_ALLOCATED | BLOCK_IS_DATA | BLOCK_HAS_OFFSET, .bytes = bytes, .host = offset, .node = n };
    if (!bytes)
        return 0;
    if (n->driver->status)
        return n->driver->status(n, offset, bytes, s);
    return 0;
}

int block_status_chain(struct block_node *n, const struct block_node *base, uint64_t offset, uint64_t bytes, struct block_status *s)
{
    unsigned depth = 0;
    for (;; depth++) {
        if (offset >= n->size) { /* a backing that is shorter: zeroes from here on */
            *s = (struct block_status){ .flags = BLOCK_IS_ZERO | BLOCK_IS_ALLOCATED, .bytes = bytes, .node = n, .depth = depth };
            return 0;
        }
        if (bytes > n->size - offset)
            bytes = n->size - offset;
        int rc = block_status(n, offset, bytes, s);
        if (rc < 0)
            return rc;
        s->depth = depth;
        s->node = n;
        if (s->flags & BLOCK_IS_ALLOCATED)
            return 0;
        bytes = s->bytes;
        if (n->backing == base || !n->backing)
            break;
        n = n->backing;
    }
    *s = (struct block_status){ .flags = base ? 0 : BLOCK_IS_ZERO, .bytes = bytes, .node = n, .depth = depth };
    return 0;
}

/* ------------------------------------------------------------------------- descriptions */

void block_get_info(struct block_node *n, struct block_info *i)
{
    struct block_node *file = n;
    memset(i, 0, sizeof *i);
    while (file->file)
        file = file->file;
    if (file != n && file->driver->info)
        file->driver->info(file, i);
    uint64_t actual = i->actual_size;
    *i = (struct block_info){ .virtual_size = n->size, .actual_size = actual };
    if (n->driver->get_backing)
        n->driver->get_backing(n, &i->backing_filename, &i->backing_format);
    if (i->backing_filename && !block_path(n->filename ? n->filename : "", i->backing_filename, i->full_backing, sizeof i->full_backing))
        *i->full_backing = 0;
    if (n->driver->info)
        n->driver->info(n, i);
}

int block_resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen)
{
    *err = 0;
    size = (size + 511) & ~511ull;
    if (n->readonly)
        return snprintf(err, errlen, "%s is read-only", n->filename ? n->filename : n->name), -EROFS;
    if (!n->driver->resize)
        return snprintf(err, errlen, "images of format %s can't be resized", n->driver->name), -ENOTSUP;
    if (size < n->size && !shrink)
        return snprintf(err, errlen, "that would cut off data: shrinking must be asked for"), -EINVAL;
    int rc = n->driver->resize(n, size, shrink, p, err, errlen);
    if (rc < 0 && !*err)
        snprintf(err, errlen, "%s", strerror(-rc));
    return rc;
}
