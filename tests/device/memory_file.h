/*
 * A block node that is a file in memory, with a log of what was written and flushed when, and completions that come from a
 * thread in any order. From the log an image can be made as it may be after a crash: what was on its way to the disk is there, or
 * not, or half of it, by sectors.
 */
#ifndef MYNA_TEST_MEMORY_FILE_H
#define MYNA_TEST_MEMORY_FILE_H

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block/block.h"

struct event {
    enum { EVENT_WRITE, EVENT_FLUSH } kind;
    uint64_t offset, bytes, begun, ended; /* stamps; ended ~0: not yet */
    uint8_t *data;                        /* NULL: zeroes */
};
struct memory_file {
    struct block_node n;
    uint8_t *data;
    uint64_t length, room, stamp;
    bool logging;
    struct event *events;
    unsigned nevents;
    long fail_after; /* requests until all fail; -1: never */
};
struct memory_op { struct aio_op aio; struct block_request *r; struct memory_file *f; int error; long event; };

static ssize_t memory_nothing(struct aio_op *op) { return 0; }

static void memory_ended(struct aio_op *op, ssize_t result)
{
    struct memory_op *o = (struct memory_op *)op;
    struct block_request *r = o->r;
    int error = o->error;
    if (o->event >= 0)
        o->f->events[o->event].ended = ++o->f->stamp;
    free(o);
    block_done(r, error);
}

static void memory_room(struct memory_file *f, uint64_t length)
{
    if (length > f->room) {
        uint64_t room = length * 3 / 2 + (1 << 16);
        f->data = realloc(f->data, room);
        assert(f->data);
        memset(f->data + f->room, 0, room - f->room);
        f->room = room;
    }
    if (length > f->length)
        f->length = length;
    f->n.size = (f->length + 511) & ~511ull;
}

static long memory_event(struct memory_file *f, int kind, uint64_t offset, uint64_t bytes, const uint8_t *data)
{
    if (!f->logging)
        return -1;
    if (!(f->nevents & (f->nevents - 1)))
        f->events = realloc(f->events, (f->nevents ? 2 * f->nevents : 1) * sizeof *f->events);
    f->events[f->nevents] = (struct event){ kind, offset, bytes, ++f->stamp, ~0ull, NULL };
    if (data) {
        f->events[f->nevents].data = malloc(bytes);
        memcpy(f->events[f->nevents].data, data, bytes);
    }
    return f->nevents++;
}

static void memory_submit(struct block_node *n, struct block_request *r)
{
    struct memory_file *f = (struct memory_file *)n;
    struct memory_op *o = calloc(1, sizeof *o);
    uint64_t at = r->offset;
    o->aio = (struct aio_op){ .what = AIO_CALL, .call = memory_nothing, .done = memory_ended };
    o->r = r;
    o->f = f;
    o->event = -1;
    if (f->fail_after >= 0 && f->fail_after-- == 0) {
        f->fail_after = 0;
        o->error = -EIO;
    } else if (r->op == BLOCK_READ) {
        for (unsigned k = 0; k < r->niov; at += r->iov[k++].iov_len) {
            uint64_t have = at < f->length ? f->length - at : 0;
            size_t len = r->iov[k].iov_len < have ? r->iov[k].iov_len : have;
            memcpy(r->iov[k].iov_base, f->data + (len ? at : 0), len);
            memset((uint8_t *)r->iov[k].iov_base + len, 0, r->iov[k].iov_len - len);
        }
    } else if (r->op == BLOCK_WRITE && at + r->bytes > 1ull << 31) {
        o->error = -EFBIG;
    } else if (r->op == BLOCK_WRITE) {
        memory_room(f, at + r->bytes);
        for (unsigned k = 0; k < r->niov; at += r->iov[k++].iov_len)
            memcpy(f->data + at, r->iov[k].iov_base, r->iov[k].iov_len);
        o->event = memory_event(f, EVENT_WRITE, r->offset, r->bytes, f->data + r->offset);
    } else if (r->op == BLOCK_ZERO || r->op == BLOCK_DISCARD) {
        if (at + r->bytes > 1ull << 31) {
            o->error = -EFBIG;
        } else if (r->op == BLOCK_ZERO || at < f->length) {
            uint64_t bytes = r->op == BLOCK_DISCARD && r->bytes > f->length - at ? f->length - at : r->bytes;
            memory_room(f, at + bytes);
            memset(f->data + at, 0, bytes);
            o->event = memory_event(f, EVENT_WRITE, at, bytes, NULL);
        }
    } else {
        o->event = memory_event(f, EVENT_FLUSH, 0, 0, NULL);
    }
    aio_begin(AIO_THREADS, &o->aio);
}

static void memory_close(struct block_node *n)
{
    struct memory_file *f = (struct memory_file *)n;
    for (unsigned k = 0; k < f->nevents; k++)
        free(f->events[k].data);
    free(f->events);
    free(f->data);
}

static int memory_resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen)
{
    struct memory_file *f = (struct memory_file *)n;
    if (size < f->length)
        memset(f->data + size, 0, f->length - size);
    f->length = size;
    memory_room(f, size);
    return 0;
}

static const struct block_driver memory_driver = {
    .name = "memory", .kind = BLOCK_PROTOCOL, .size = sizeof(struct memory_file), .submit = memory_submit, .close = memory_close,
    .resize = memory_resize,
};

/* A file with a copy of these bytes, known by name. */
static inline struct memory_file *memory_file(const char *name, const void *bytes, uint64_t n)
{
    char err[256];
    struct memory_file *f = (struct memory_file *)block_node_new(&memory_driver);
    f->n.grows = true;
    f->fail_after = -1;
    memory_room(f, n);
    if (n)
        memcpy(f->data, bytes, n);
    if (!block_node_name(&f->n, name, err, sizeof err)) {
        fprintf(stderr, "%s\n", err);
        abort();
    }
    return f;
}

/* What may be in the file if all stops at `stamp`; `initial` is what it was when logging began. Random by rnd. */
static inline uint8_t *memory_crash(const struct memory_file *f, const uint8_t *initial, uint64_t ninitial, uint64_t stamp, uint64_t (*rnd)(void),
                                    uint64_t *length)
{
    uint64_t stable = 0, end = ninitial; /* writes that ended before this are on the disk */
    for (unsigned k = 0; k < f->nevents; k++) {
        const struct event *e = &f->events[k];
        if (e->begun > stamp)
            break;
        if (e->kind == EVENT_FLUSH && e->ended <= stamp && e->begun > stable)
            stable = e->begun;
        if (e->kind == EVENT_WRITE && e->offset + e->bytes > end)
            end = e->offset + e->bytes;
    }
    uint8_t *image = calloc(1, end + 512);
    memcpy(image, initial, ninitial);
    *length = ninitial;
    unsigned mood = rnd() % 4;
    for (unsigned k = 0; k < f->nevents && f->events[k].begun <= stamp; k++) {
        const struct event *e = &f->events[k];
        if (e->kind != EVENT_WRITE)
            continue;
        bool sure = e->ended < stable, whole = sure || (mood != 0 && rnd() % 8);
        if (!sure && mood != 1 && rnd() % 2)
            continue;
        for (uint64_t at = 0; at < e->bytes; at += 512) {
            uint64_t n = e->bytes - at < 512 ? e->bytes - at : 512;
            if (!whole && rnd() % 2)
                continue;
            if (e->data)
                memcpy(image + e->offset + at, e->data + at, n);
            else
                memset(image + e->offset + at, 0, n);
            if (e->offset + at + n > *length)
                *length = e->offset + at + n;
        }
    }
    return image;
}

#endif
