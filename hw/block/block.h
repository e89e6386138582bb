/*
 * Block backends: what a guest's disks are on the host.
 *
 * A `struct block` is what -drive makes and a device attaches to, found by its id (backend_by_id(PROP_DRIVE, ...)) or by
 * if= and index. Below it is a node, which is a format or a file: nodes read, write, flush, discard and zero by byte
 * offsets, and a format is a node above another. Requests are structs of the caller's with a callback; nothing waits.
 *
 * All calls want the machine's lock, callbacks have it. The host's I/O is done by aio.h without it.
 */
#ifndef MYNA_BLOCK_H
#define MYNA_BLOCK_H

#include <sys/uio.h>
#include "aio.h"
#include "device.h"

struct block;
struct block_node;

/* ------------------------------------------------------------------------ requests */

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO };
enum { /* flags */
    BLOCK_FUA = 1,   /* WRITE, ZERO: on stable storage before it is done */
    BLOCK_UNMAP = 2, /* ZERO: the place on the host may be given back */
};

struct block_request {
    enum block_op op;
    unsigned flags;
    uint64_t offset, bytes;  /* inside the node; FLUSH: not used */
    const struct iovec *iov; /* READ, WRITE: of `bytes` bytes altogether; lives until done */
    unsigned niov;
    /* Called once, perhaps before block_submit returns. error: 0 or -errno. The request is the caller's again. */
    void (*done)(struct block_request *r, int error);
    /* of the layers below */
    struct block *block;
    struct block_node *node;
    uint64_t finished;    /* bytes done so far */
    struct iovec *rest;   /* what is left after a short transfer, and how many */
    unsigned nrest;
    struct aio_op aio;
};

/* --------------------------------------------------------------------------- nodes */

struct block_driver {
    const char *name; /* of format= : "raw", "qcow2" */
    /* Begins r, which lies inside n->size; ends by block_done(r, error), at once or later. */
    void (*submit)(struct block_node *n, struct block_request *r);
    void (*close)(struct block_node *n);
};

struct block_node {
    const struct block_driver *driver;
    struct block_node *below;    /* what a format or filter stands on */
    uint64_t size;               /* bytes, a multiple of 512 */
    uint32_t align;              /* offsets, lengths and memory that go through without a copy: 1, 512 ... */
    bool readonly, writethrough;
    char *filename;
};

struct block_options; /* below */

/* A file of size bytes that has no name and goes with its node. NULL: the reason in err. */
struct block_node *block_open_temporary(uint64_t size, enum aio_kind aio, char *err, size_t errlen);
/* The file or host device; locked against other processes as the options say. NULL: the reason in err. */
struct block_node *block_open_file(const struct block_options *o, char *err, size_t errlen);
/* Writes go to a temporary file that nobody sees, reads of what was not written to n, which it owns then. NULL: the
 * reason in err, and n is still the caller's. */
struct block_node *block_open_snapshot(struct block_node *n, enum aio_kind aio, char *err, size_t errlen);
void block_node_close(struct block_node *n);
/* For formats: sends a request of their own down. */
static inline void block_node_submit(struct block_node *n, struct block_request *r)
{
    r->node = n;
    r->finished = 0;
    r->rest = NULL;
    n->driver->submit(n, r);
}
/* Ends a request. */
void block_done(struct block_request *r, int error);
/* The iovecs of a part of others': [skip, skip + n) of io; how many there are, at most max. */
unsigned block_slice(const struct iovec *io, unsigned nio, uint64_t skip, uint64_t n, struct iovec *out, unsigned max);

/* ------------------------------------------------------------------------ backends */

enum block_cache { CACHE_WRITEBACK, CACHE_NONE, CACHE_WRITETHROUGH, CACHE_DIRECTSYNC, CACHE_UNSAFE };
enum block_if { IF_NONE, IF_VIRTIO, IF_PFLASH, IF_IDE, IF_SCSI, IF_SD, IF_MTD, IF_FLOPPY, IF_DEFAULT };

/* What -drive says. */
struct block_options {
    char *file, *id;
    bool readonly, snapshot, cdrom;
    bool discard; /* is given on to the host */
    bool locking;
    enum block_cache cache;
    enum aio_kind aio;
    enum block_if interface;
    int index; /* -1: the next free one */
};

/* What a device that uses a backend gives. */
struct block_front {
    /* After a number of requests were done: time for one interrupt. NULL: nothing. */
    void (*batch_done)(void *device);
    void *device;
};

struct block {
    struct block_options options;
    struct block_node *node;
    struct block_front front;
    bool attached, touched;
    unsigned in_flight;
    struct block *next, *next_touched;
    uint64_t reads, writes, flushes, read_bytes, written_bytes; /* for the monitor */
};

/* Of -drive: "file=F,format=raw,if=virtio,id=I..." opens the image. False: the reason in err. */
bool block_drive_option(const char *text, char *err, size_t errlen);
/* The text of -drive's help: one line a suboption. */
void block_drive_help(FILE *f);
/* The drive of that interface and index; NULL: none. */
struct block *block_by_index(enum block_if interface, int index);
/* All: b = NULL gives the first. */
struct block *block_next(struct block *b);
const char *block_cache_name(enum block_cache c);
const char *block_if_name(enum block_if i);
/* Ends all requests and closes all images. */
void blocks_close(void);

/* After all devices of the command line: a virtio-blk for each drive of if=virtio, on PCI if the machine has it. False: the
 * reason in err. (../virtio/blk.c) */
bool virtio_blk_for_drives(struct machine *m, char *err, size_t errlen);

/* A device takes it. False: another has it; the reason in err. */
bool block_attach(struct block *b, struct machine *m, const struct block_front *f, char *err, size_t errlen);
void block_detach(struct block *b);

/* Bytes, a multiple of 512. */
static inline uint64_t block_size(const struct block *b) { return b->node->size; }
/* A request beyond the end ends with -EIO, one that writes what is read-only with -EROFS. */
void block_submit(struct block *b, struct block_request *r);
/* Requests between the two go to the host together; those that are done at once are done in block_unplug. */
void block_plug(struct block *b);
void block_unplug(struct block *b);
/* Waits until none is under way. */
void block_drain(struct block *b);
/* Waits; for what a machine does before it runs. 0 or -errno. */
int block_read_now(struct block *b, uint64_t offset, void *to, size_t n);
int block_write_now(struct block *b, uint64_t offset, const void *from, size_t n);

#endif
