/*
 * Backends and requests: attaching, batches, draining, zeroes in what is written. -drive is in drive.c, nodes in node.c. See block.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "drive.h"

static struct block *all, *touched;

/* ------------------------------------------------------------------------ requests */

/* What the device sees as an error of its medium. */
static void tell_error(const struct block *b, const struct block_request *r, int error)
{
    static const char *const reasons[] = { "Input/output error", "No space left on device" };
    bool nospace = error == -ENOSPC;
    if (r->op == BLOCK_DISCARD || !b->machine || !b->node)
        return;
    machine_event(b->machine, "BLOCK_IO_ERROR", "{s:s,s:s,s:s,s:s,s:b,s:s}", "device", b->options.id, "node-name", b->node->name, "operation",
                  r->op == BLOCK_READ ? "read" : "write", "action", "report", "nospace", nospace,
                  "reason", error == -EIO || nospace ? reasons[nospace] : strerror(-error));
}

void block_done(struct block_request *r, int error)
{
    struct block *b = r->block;
    free(r->rest);
    r->rest = NULL;
    if (b) {
        b->in_flight--;
        if (error)
            tell_error(b, r, error);
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
    if (!b->node)
        return -ENOMEDIUM;
    if (b->node->readonly && (r->op == BLOCK_WRITE || r->op == BLOCK_ZERO || r->op == BLOCK_DISCARD))
        return -EROFS;
    if (b->node->given && r->op != BLOCK_READ)
        return -EPERM; /* another process writes it now */
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

bool block_is_zero(const void *at, size_t n)
{
    const uint8_t *p = at;
    for (; n && ((uintptr_t)p & 7); n--)
        if (*p++)
            return false;
    for (; n >= 8; n -= 8, p += 8)
        if (*(const uint64_t *)p)
            return false;
    for (; n; n--)
        if (*p++)
            return false;
    return true;
}

static bool writes_zeroes(const struct block_request *r)
{
    for (unsigned k = 0; k < r->niov; k++)
        if (!block_is_zero(r->iov[k].iov_base, r->iov[k].iov_len))
            return false;
    return true;
}

void block_submit(struct block *b, struct block_request *r)
{
    struct block_node *n = b->node;
    int error = refused(b, r);
    r->block = b;
    r->rest = NULL;
    b->in_flight++;
    count(b, r);
    aio_plug();
    if (error || (r->op != BLOCK_FLUSH && !r->bytes) || (r->op == BLOCK_DISCARD && !n->unmap) || (r->op == BLOCK_FLUSH && n->no_flush)) {
        block_done(r, error);
    } else {
        if (r->op == BLOCK_WRITE && n->zeroes && writes_zeroes(r)) {
            r->op = BLOCK_ZERO;
            r->flags |= n->zeroes == ZEROES_UNMAP ? BLOCK_UNMAP : 0;
        }
        if (r->op == BLOCK_ZERO && !n->unmap)
            r->flags &= ~(unsigned)BLOCK_UNMAP;
        if (n->no_flush)
            r->flags &= ~(unsigned)BLOCK_FUA;
        else if (n->writethrough && (r->op == BLOCK_WRITE || r->op == BLOCK_ZERO))
            r->flags |= BLOCK_FUA;
        block_node_submit(n, r);
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
    if (!b->node && !f->tray) {
        snprintf(err, errlen, "drive %s is empty, and the device wants a medium", b->options.id);
        return false;
    }
    b->attached = true;
    b->machine = m;
    b->front = *f;
    aio_attach(m->loop);
    return true;
}

static void free_block(struct block *b)
{
    for (struct block **at = &all; *at; at = &(*at)->next)
        if (*at == b) {
            *at = b->next;
            break;
        }
    for (struct block **at = &touched; *at; at = &(*at)->next_touched)
        if (*at == b) {
            *at = b->next_touched;
            break;
        }
    backend_remove(PROP_DRIVE, b);
    if (b->counted)
        b->node->writers--;
    block_unref(b->node);
    free(b->options.id);
    free(b);
}

void block_detach(struct block *b)
{
    block_drain(b);
    b->attached = false;
    b->machine = NULL;
    b->front = (struct block_front){ 0 };
    if (b->of_node)
        free_block(b);
}

void block_forget(const void *b)
{
    for (struct block *k = all; b && k; k = k->next)
        if (k == b) {
            if (k->of_node && !k->attached)
                free_block(k);
            return;
        }
}

bool block_change_size(struct block_node *n, uint64_t size, char *err, size_t errlen)
{
    if (size % 512 || size > INT64_MAX) {
        snprintf(err, errlen, "size: it should be a multiple of 512");
        return false;
    }
    block_drain_all();
    if (block_resize(n, size, true, PREALLOC_OFF, err, errlen) < 0)
        return false;
    for (struct block *b = all; b; b = b->next)
        if (b->node == n && b->front.resized)
            b->front.resized(b->front.device);
    return true;
}

/* A node that a device names gets a backend for as long as the device has it. */
struct block *block_find(const char *id)
{
    struct block *b = backend_by_id(PROP_DRIVE, id);
    struct block_node *n = b ? NULL : block_node_by_name(id);
    if (!n || (!n->readonly && n->writers) || !(b = calloc(1, sizeof *b)))
        return b;
    b->options.id = strdup(id);
    b->options.interface = IF_NONE;
    b->options.index = -1;
    b->options.cache = n->no_flush ? CACHE_UNSAFE : n->writethrough ? CACHE_WRITETHROUGH : CACHE_WRITEBACK;
    b->of_node = true;
    b->node = block_ref(n);
    b->readonly = n->readonly;
    b->counted = !n->readonly;
    n->writers += b->counted;
    block_add(b);
    return b;
}

/* Ends with all of them, and then with the nodes of -blockdev, those first that nobody else has. */
void blocks_close(void)
{
    while (all) {
        block_drain(all);
        free_block(all);
    }
    for (bool again = true; again;) {
        again = false;
        for (struct block_node *n = NULL; !again && (n = block_node_next(n));)
            if (n->monitor && n->refs == 1) {
                n->monitor = false;
                block_unref(n);
                again = true;
            }
    }
}
