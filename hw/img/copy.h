/*
 * Copying what images hold into another: the engine of convert, dd and commit. See copy.c.
 */
#ifndef MYNA_IMG_COPY_H
#define MYNA_IMG_COPY_H

#include "block/task.h"
#include "image.h"

/* A stretch of the target and where it comes from. */
struct copy_part {
    struct block_node *node, *base; /* base: what is not allocated above it is left to the target's backing; NULL: none */
    const char *file;
    uint64_t from, bytes;           /* in the node; what is behind the node's end is zeros */
};

struct copy {
    struct copy_part *parts;
    unsigned nparts;
    struct block_node *target;
    const char *target_file;
    bool target_zero; /* it reads as zeros: none need be written */
    bool backed;      /* parts have a base: what is not allocated is not written */
    bool compress, unordered, salvage, host_copies;
    uint64_t sparse;  /* runs of zeros of so many bytes are not written as data; 0: all is */
    uint64_t rate;    /* bytes a second; 0: no limit */
    unsigned tasks;   /* requests in flight */

    /* copy.c's own */
    uint64_t total, next, done;
    uint32_t chunk, unit;
    struct block_status extent; /* from extent_at to extent_end of the target */
    uint64_t extent_at, extent_end;
    struct task_mutex taking;
    struct task_queue turns;
    uint64_t tickets, turn;
    unsigned running, slot;
    int error;
    int target_fd;              /* -C: the target's file; -1: its nodes do it */
    struct { const struct block_node *node; int fd; } files[32];
    unsigned nfiles;
    int64_t begun;
};

/* Copies all parts, in their order, from the target's beginning on. Progress is shown. 0, or 1: it was said what went wrong. */
int copy_run(struct copy *c);

#endif
