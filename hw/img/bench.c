/*
 * bench: requests of one kind and size on an image, so many at a time, and how long they took.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "block/task.h"
#include "image.h"

struct bench {
    struct block_node *n;
    const char *file;
    bool write, drain;
    uint64_t count, depth, size, step, offset, flush, pattern;
    uint8_t *buffer;
    /* running */
    uint64_t begun, at, since_flush;
    unsigned tasks, writing;
    bool flushing;
    int error;
    struct task_queue queue;
};

static void flush(struct bench *b)
{
    b->flushing = true;
    while (b->drain && b->writing)
        task_wait(&b->queue);
    int error = block_node_flush(b->n);
    b->error = b->error ? b->error : error;
    b->flushing = false;
    task_wake(&b->queue);
}

static void work(void *arg)
{
    struct bench *b = arg;
    while (b->begun < b->count && !b->error && !signals_came()) {
        uint64_t at = b->at;
        b->begun++;
        b->at += b->step;
        if (b->at > b->n->size - b->size)
            b->at = b->offset;
        b->writing++;
        int error = b->write ? block_node_write(b->n, at, b->buffer, b->size, 0) : block_node_read(b->n, at, b->buffer, b->size);
        b->writing--;
        task_wake(&b->queue);
        b->error = b->error ? b->error : error;
        if (b->flush && ++b->since_flush >= b->flush && !b->flushing) {
            b->since_flush = 0;
            flush(b);
        }
        while (b->flushing && b->drain)
            task_wait(&b->queue);
    }
    b->tasks--;
    task_wake(&b->queue);
}

static bool options(struct bench *b, const struct args *a)
{
    const struct { enum option_id id; uint64_t *to; uint64_t min, max; } values[] = {
        { OPT_count, &b->count, 1, INT32_MAX }, { OPT_depth, &b->depth, 1, 4096 }, { OPT_buffer, &b->size, 1, 1 << 30 },
        { OPT_step, &b->step, 0, INT64_MAX }, { OPT_offset, &b->offset, 0, INT64_MAX }, { OPT_flush, &b->flush, 0, INT32_MAX },
        { OPT_pattern, &b->pattern, 0, 255 },
    };
    *b = (struct bench){ .count = 75000, .depth = 64, .size = 4096, .file = a->files[0], .write = has(a, OPT_write), .drain = !has(a, OPT_no_drain) };
    for (unsigned k = 0; k < sizeof values / sizeof *values; k++) {
        const char *text = a->value[values[k].id];
        if (text && (!size_parse(text, values[k].to) || *values[k].to < values[k].min || *values[k].to > values[k].max))
            return complain("bench: %s is no such number: %" PRIu64 " to %" PRIu64, text, values[k].min, values[k].max), false;
    }
    b->step = b->step ? b->step : b->size;
    if ((has(a, OPT_flush) || has(a, OPT_pattern)) && !b->write)
        return complain("bench: --flush-interval and --pattern go with -w"), false;
    if (has(a, OPT_no_drain) && !b->flush)
        return complain("bench: --no-drain goes with --flush-interval"), false;
    return true;
}

static bool host_io(const struct args *a, struct block_how *how)
{
    const char *aio = a->value[OPT_aio];
    how->aio = !aio ? AIO_DEFAULT : !strcmp(aio, "threads") ? AIO_THREADS : AIO_URING;
    if (aio && strcmp(aio, "threads") && strcmp(aio, "native") && strcmp(aio, "io_uring"))
        return complain("bench: -i may be native, threads or io_uring"), false;
    if (how->aio == AIO_URING && !aio_works(AIO_URING))
        return complain("bench: -i %s: this host or this myna-img has no io_uring", aio), false;
    return true;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int command_bench(const struct args *a)
{
    struct bench b;
    struct block_how how;
    void *p = NULL;
    if (!options(&b, a) || !image_how(a, a->value[OPT_cache], b.write, &how) || !host_io(a, &how))
        return 1;
    b.n = image_open_arg(a, 0, &how);
    if (!b.n)
        return 1;
    if (b.offset > b.n->size || b.size > b.n->size - b.offset || posix_memalign(&p, 4096, b.size)) {
        complain("bench: %s: requests of %" PRIu64 " bytes from offset %" PRIu64 " on are not inside it", b.file, b.size, b.offset);
        block_unref(b.n);
        return 1;
    }
    b.buffer = memset(p, (int)b.pattern, b.size);
    b.at = b.offset;
    say(a, "Sending %" PRIu64 " %s requests, %" PRIu64 " bytes each, %" PRIu64 " in parallel (starting at offset %" PRIu64 ", step size %" PRIu64 ")\n",
        b.count, b.write ? "write" : "read", b.size, b.depth, b.offset, b.step);
    if (b.flush)
        say(a, "Sending flush every %" PRIu64 " %srequests\n", b.flush, b.drain ? "" : "undrained ");
    signals_catch();
    double begun = seconds();
    for (uint64_t k = 0; k < b.depth; k++) {
        b.tasks++;
        if (!task_start(work, &b)) {
            b.tasks--;
            break;
        }
    }
    while (b.tasks)
        task_wait(&b.queue);
    if (b.error)
        complain("bench: %s: %s", b.file, strerror(-b.error));
    else
        say(a, "Run completed in %3.3f seconds.\n", seconds() - begun);
    block_unref(b.n);
    free(p);
    return b.error ? 1 : 0;
}
