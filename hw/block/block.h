/*
 * Block backends: what a guest's disks are on the host.
 *
 * A `struct block` is what -drive makes and a device attaches to, found by its id (backend_by_id(PROP_DRIVE, ...)) or by
 * if= and index. Below it is a graph of nodes: a node is a file (a protocol: raw.c), a format above a file (rawfmt.c,
 * qcow2*.c) or a filter (snapshot.c); it reads, writes, flushes, discards and zeroes by byte offsets. Nodes have names and
 * are counted by their parents; children have roles: file (what holds the format) and backing (what an overlay lies on).
 * A format is one file with one struct block_driver, and one row in node.c's table.
 *
 * Requests are structs of the caller's with a callback; nothing waits. The calls that do wait say so: they wait in
 * aio_wait, which wants no machine and no loop (so that myna-img needs none), or, inside a task (task.h), let others run.
 *
 * All calls want the machine's lock, callbacks have it; a program without a machine and with one thread needs none. The
 * host's I/O is done by aio.h without it.
 */
#ifndef MYNA_BLOCK_H
#define MYNA_BLOCK_H

#include <stdio.h>
#include <sys/uio.h>
#include "aio.h"
#include "device.h"
#include "opts.h"

struct block;
struct block_node;

/* ------------------------------------------------------------------------ requests */

enum block_op { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD, BLOCK_ZERO };
enum { /* flags */
    BLOCK_FUA = 1,        /* WRITE, ZERO: on stable storage before it is done */
    BLOCK_UNMAP = 2,      /* ZERO: the place on the host may be given back */
    BLOCK_COMPRESSED = 4, /* WRITE: one whole cluster of a format that can compress (driver->compresses), not yet
                           * allocated; the last cluster of an image may end with it. Else -ENOTSUP */
};

struct block_request {
    enum block_op op;
    unsigned flags;
    uint64_t offset, bytes;  /* inside the node; FLUSH: not used */
    const struct iovec *iov; /* READ, WRITE: of `bytes` bytes altogether; lives until done */
    unsigned niov;
    /* Called once, perhaps before block_submit returns. error: 0 or -errno. The request is the caller's again; op, flags and
     * offset may have changed on the way. */
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

enum block_kind { BLOCK_PROTOCOL, BLOCK_FORMAT, BLOCK_FILTER };
enum block_zeroes { ZEROES_OFF, ZEROES_ON, ZEROES_UNMAP };                       /* detect-zeroes= */
enum block_preallocation { PREALLOC_OFF, PREALLOC_METADATA, PREALLOC_FALLOC, PREALLOC_FULL };
const char *block_preallocation_name(enum block_preallocation p);
bool block_preallocation_by_name(const char *name, enum block_preallocation *p);

/* How a tree of nodes is opened, as far as its options do not say otherwise; children inherit it (a backing file is always
 * read-only and never repaired). { 0 } reads. */
struct block_how {
    bool writable;
    bool direct, no_flush, writethrough; /* cache=: without the host's cache; flushes do nothing; each write is flushed */
    bool unmap;                          /* discards are given on */
    bool no_locks;                       /* other processes may do what they like with the files (locking=off, -U) */
    bool no_backing;                     /* the overlay alone */
    bool as_it_is;                       /* for check: not repaired at opening, corrupt images too */
    bool given;                    /* another process has them still: see block_give_all */
    enum block_zeroes zeroes;
    enum aio_kind aio;
};

/* What is in a range of one node (not of its backing). */
enum { BLOCK_IS_ALLOCATED = 1 /* here; else the backing is seen */, BLOCK_IS_ZERO = 2 /* reads as zeroes */,
       BLOCK_IS_DATA = 4, BLOCK_IS_COMPRESSED = 8, BLOCK_HAS_OFFSET = 16 };
struct block_status {
    unsigned flags;
    uint64_t bytes;                /* from the offset asked for on: as far as this is so; at least 1 */
    uint64_t host;                 /* HAS_OFFSET: where it begins in `node` */
    const struct block_node *node; /* the file; of block_status_chain: the node of the chain it comes from */
    unsigned depth;                /* of block_status_chain: 0 the node itself, 1 its backing ... */
};

/* What is particular to a format, in the order in which it is printed. */
enum block_detail_kind { DETAIL_TEXT, DETAIL_BOOL, DETAIL_NUMBER };
struct block_detail {
    const char *name; /* as in JSON ("refcount-bits"); in plain text '-' is ' ' */
    enum block_detail_kind kind;
    const char *text;
    uint64_t number;  /* BOOL: 0 or 1 */
};
enum { BLOCK_DETAILS = 12 };
struct block_info {
    uint64_t virtual_size, actual_size /* on the host, of this file alone */, cluster_size /* 0: none */;
    bool dirty, corrupt, compressed /* may hold compressed clusters */, encrypted;
    uint64_t subcluster_size;       /* 0: none */
    unsigned nsnapshots;
    const char *backing_filename, *backing_format; /* as the image has them; NULL: none. The node's */
    char full_backing[4096];                       /* as it is opened; "": none */
    unsigned ndetails;
    struct block_detail details[BLOCK_DETAILS];
};

struct block_check { /* what a check has found; counts as in qemu-img check's JSON */
    uint64_t corruptions, leaks, corruptions_fixed, leaks_fixed, check_errors;
    uint64_t image_end_offset, total_clusters, allocated_clusters, fragmented_clusters, compressed_clusters;
    void (*say)(void *arg, const char *line); /* NULL: nobody listens; each thing found, a line */
    void *arg;
};
enum { BLOCK_FIX_LEAKS = 1, BLOCK_FIX_ERRORS = 2 };

struct block_snapshot {
    char id[64], name[1024];
    uint64_t vm_state_size, date_s, vm_clock_ns, disk_size, icount /* ~0: none */;
    uint32_t date_ns;
};

/* What can be said of a new image (-o KEY=VALUE), one row each. */
enum block_create_kind { CREATE_TEXT, CREATE_BOOL, CREATE_SIZE, CREATE_NUMBER };
struct block_create_option {
    const char *name;
    enum block_create_kind kind;
    const char *value; /* the default; NULL: none */
    const char *help;
};

struct block_driver {
    const char *name; /* of format= and driver= */
    enum block_kind kind;
    bool backing;     /* can have one */
    bool compresses;
    size_t size;      /* of the node's struct, which begins with struct block_node; 0: just that */
    /* How sure it is that a file that begins so is its: 0 not at all, 100 quite. NULL: never. */
    unsigned (*probe)(const uint8_t *head, size_t n, const char *filename);
    /* n->file is open (formats, filters), o are the node's own options; what it has asked for with opts_get counts as
     * known. Sets size, align, what is needed of the rest. Waits. 0 or -errno with the reason in err. */
    int (*open)(struct block_node *n, struct opts *o, const struct block_how *how, char *err, size_t errlen);
    /* Begins r, which lies inside n->size; ends by block_done(r, error), at once or later. */
    void (*submit)(struct block_node *n, struct block_request *r);
    /* All requests have ended. Writes what is not written yet. Waits. Children are closed after it. */
    void (*close)(struct block_node *n);

    /* All below may be NULL: not possible. They wait, return 0 or -errno, and give a reason where there is an err. */
    /* Protocols: makes or empties the file; size bytes. */
    int (*make)(const char *filename, uint64_t size, struct opts *o, char *err, size_t errlen);
    /* Formats: writes an empty image into the empty file, open for writing. */
    int (*create)(struct block_node *file, uint64_t size, struct opts *o, char *err, size_t errlen);
    const struct block_create_option *create_options; /* until name is NULL */
    void (*info)(struct block_node *n, struct block_info *i); /* `i` has been cleared, the common part is there */
    int (*status)(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s);
    int (*resize)(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen);
    int (*check)(struct block_node *n, struct block_check *c, unsigned fix);
    /* What the header says of the backing; NULL: none. The open backing node stays as it is. */
    int (*set_backing)(struct block_node *n, const char *filename, const char *format);
    /* What the header says of a backing; false: nothing. */
    bool (*get_backing)(struct block_node *n, const char **filename, const char **format);
    /* An array for the caller to free; how many, or -errno. */
    int (*snapshot_list)(struct block_node *n, struct block_snapshot **list);
    int (*snapshot_create)(struct block_node *n, struct block_snapshot *s); /* id "": the next number, put into s */
    int (*snapshot_apply)(struct block_node *n, const char *id_or_name);    /* what is in the image now is lost */
    int (*snapshot_delete)(struct block_node *n, const char *id_or_name);
    /* A read-only node shows what the snapshot holds from now on (convert -l). */
    int (*snapshot_load)(struct block_node *n, const char *id_or_name);
    /* Nothing is allocated any more, the backing is seen everywhere; snapshots stay (commit). Crash-safe. */
    int (*empty)(struct block_node *n);
    /* The state of a machine, beside the disk; it goes with the next snapshot_create, and comes with snapshot_apply. */
    int (*vmstate_read)(struct block_node *n, uint64_t offset, void *to, size_t bytes);
    int (*vmstate_write)(struct block_node *n, uint64_t offset, const void *from, size_t bytes);
    /* give: another process has the image from now on; what is in memory is in the file, nothing is written until take.
     * take: it is ours again, and anything in it may be another. The node is idle; its children are given later, and taken before. */
    int (*give)(struct block_node *n);
    int (*take)(struct block_node *n, char *err, size_t errlen);
    /* Changes options of the image (qemu-img amend): compat, lazy_refcounts. */
    int (*amend)(struct block_node *n, struct opts *o, char *err, size_t errlen);
    /* How many bytes an image of size bytes with these options needs: *required with data_bytes of data, *full for
     * a full one (qemu-img measure). */
    int (*measure)(uint64_t size, uint64_t data_bytes, struct opts *o, uint64_t *required, uint64_t *full, char *err, size_t errlen);
};

struct block_node {
    const struct block_driver *driver;
    char name[32];               /* node-name=, or one beginning with '#' */
    unsigned refs, writers;      /* parents, and those of them that write */
    struct block_node *file, *backing;
    uint64_t size;               /* bytes, a multiple of 512; see raw.c for files */
    uint32_t align;              /* offsets, lengths and memory that go through without a copy: 1, 512 ... */
    bool readonly, writethrough, no_flush;
    bool unmap;                  /* discards are given on */
    bool named;                  /* by node-name= */
    bool monitor;                /* one of refs is -blockdev's */
    bool given;                  /* it is another process's now */
    bool grows;                  /* a file that reads as zeroes beyond its end, and can be written there */
    bool guessed;                /* raw because nothing else was seen: see rawfmt.c */
    enum block_zeroes zeroes;
    char *filename;              /* of the file below it all; NULL: none */
    struct block_node *next;
};

/* Opens filename with a format (NULL: what probing says; then a raw image warns, and nothing is written into its first
 * sector that would be taken for another format) and its chain of backing files. `more` (NULL: none): options besides, as
 * of -blockdev ("backing.driver", "file.locking", "node-name" ...). A filename "json:{...}" holds all options. The caller
 * has a reference (block_unref). NULL: the reason in err. Waits. */
struct block_node *block_open(const char *filename, const char *format, const struct opts *more, const struct block_how *how,
                              char *err, size_t errlen);
/* Of options alone: driver=, file= (a node's name) or file.*, backing=, read-only=, discard=, detect-zeroes=, cache.direct=,
 * cache.no-flush=, node-name= and the driver's. */
struct block_node *block_open_opts(const struct opts *o, const struct block_how *how, char *err, size_t errlen);
/* A node of a driver, not known by name yet, with one reference; for drivers and tests. NULL: no memory. */
struct block_node *block_node_new(const struct block_driver *d);
/* It is known by that name (NULL: one of its own) from now on. False: the reason in err. */
bool block_node_name(struct block_node *n, const char *name, char *err, size_t errlen);
struct block_node *block_ref(struct block_node *n);
/* The last one closes it and what only it has. NULL is allowed. Waits. */
void block_unref(struct block_node *n);
struct block_node *block_node_by_name(const char *name);
/* All: n = NULL gives the first. */
struct block_node *block_node_next(struct block_node *n);
/* By format= or driver=; NULL: none. k-th of the table; NULL at its end. */
const struct block_driver *block_driver_by_name(const char *name);
const struct block_driver *block_driver_at(unsigned k);
/* The name as a path, seen from the file `from`: absolute names and those with a protocol as they are. False: too long. */
bool block_path(const char *from, const char *name, char *full, size_t n);
/* Makes an image: the file, then the format in it. size ~0: the backing file's. o: the format's create_options, checked
 * here. Waits. */
int block_create(const char *format, const char *filename, uint64_t size, const struct opts *o, char *err, size_t errlen);

/* A file of size bytes that has no name and goes with its node. NULL: the reason in err. */
struct block_node *block_open_temporary(uint64_t size, enum aio_kind aio, char *err, size_t errlen);
/* Writes go to a temporary file that nobody sees, reads of what was not written to n, which it owns then. NULL: the
 * reason in err, and n is still the caller's. */
struct block_node *block_open_snapshot(struct block_node *n, enum aio_kind aio, char *err, size_t errlen);

/* Sends a request to a node; the caller has checked that it lies inside, and that it may write. r->block is the caller's
 * business: NULL without a backend. */
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
bool block_is_zero(const void *at, size_t n);

/* --- these wait; 0 or -errno. A file may be read beyond its end (zeroes) and grows with writes. --- */
int block_node_read(struct block_node *n, uint64_t offset, void *to, size_t bytes);
int block_node_write(struct block_node *n, uint64_t offset, const void *from, size_t bytes, unsigned flags);
int block_node_zero(struct block_node *n, uint64_t offset, uint64_t bytes, unsigned flags);
int block_node_discard(struct block_node *n, uint64_t offset, uint64_t bytes);
int block_node_flush(struct block_node *n);
/* A request of the caller's but for done: sends it and waits for it. */
int block_node_wait(struct block_node *n, struct block_request *r);
/* fn(arg) in a thread of the host, without the machine's lock; its result. */
int block_call(int (*fn)(void *arg), void *arg);
/* All requests of all nodes end. */
void block_drain_all(void);
/* A machine that moves to another process: all images are that one's from now on, without locks of ours / are ours again. False: the
 * reason in err; then some may be given, or not taken. What is given already, or not, stays so. Wait. */
bool block_give_all(char *err, size_t errlen);
bool block_take_all(char *err, size_t errlen);
/* Images that are opened from now on are still another process's (-incoming). */
void block_open_given(bool given);
/* What is in [offset, offset + bytes) of that node; drivers without status say: data. */
int block_status(struct block_node *n, uint64_t offset, uint64_t bytes, struct block_status *s);
/* ... seen through its backing files down to but not `base` (NULL: all). Not allocated in any: BLOCK_IS_ZERO if there is no
 * base, flags 0 if there is. */
int block_status_chain(struct block_node *n, const struct block_node *base, uint64_t offset, uint64_t bytes, struct block_status *s);
void block_get_info(struct block_node *n, struct block_info *i);
/* -ENOTSUP with a reason where the format can not. */
int block_resize(struct block_node *n, uint64_t size, bool shrink, enum block_preallocation p, char *err, size_t errlen);

/* ------------------------------------------------------------------------ backends */

enum block_cache { CACHE_WRITEBACK, CACHE_NONE, CACHE_WRITETHROUGH, CACHE_DIRECTSYNC, CACHE_UNSAFE };
enum block_if { IF_NONE, IF_VIRTIO, IF_PFLASH, IF_IDE, IF_SCSI, IF_SD, IF_MTD, IF_FLOPPY, IF_DEFAULT };

/* What -drive says of the backend; the rest is the nodes'. */
struct block_options {
    char *id;
    bool cdrom;
    enum block_cache cache;
    enum block_if interface;
    int index; /* -1: the next free one */
};

/* What a drive whose medium can be changed gives; the device holds the tray's state. */
struct block_tray {
    bool (*is_open)(void *device);
    bool (*is_locked)(void *device);         /* by the guest */
    void (*move)(void *device, bool open);   /* whether it is locked or not; calls block_tray_moved */
    void (*ask)(void *device);               /* the guest is asked to open it */
    void (*changed)(void *device);           /* block->node is another one, or none */
};

/* What a device that uses a backend gives. */
struct block_front {
    /* After a number of requests were done: time for one interrupt. NULL: nothing. */
    void (*batch_done)(void *device);
    void *device;
    void (*resized)(void *device); /* block_size is another now; NULL: nothing */
    const struct block_tray *tray; /* NULL: the medium stays; then there has to be one */
};

struct block {
    struct block_options options;
    struct block_node *node; /* the medium; NULL: there is none, which only a front with a tray sees */
    struct block_how how;    /* how media are opened */
    bool readonly;           /* the next one too */
    bool counted;            /* among the node's writers */
    struct block_front front;
    struct machine *machine; /* of the device that has it */
    bool attached, touched, of_node /* made for a node's name: goes with its device */;
    unsigned in_flight;
    struct block *next, *next_touched;
    uint64_t reads, writes, flushes, read_bytes, written_bytes; /* for the monitor */
};

/* Of -drive: "file=F,format=raw,if=virtio,id=I..." opens the image. False: the reason in err. */
bool block_drive_option(const char *text, char *err, size_t errlen);
/* The text of -drive's help: one line a suboption. */
void block_drive_help(FILE *f);
/* -blockdev: "driver=...,node-name=...,..." or a JSON object of the same; or their tree. The nodes stay until
 * block_blockdev_del. False: the reason in err. Waits. */
bool block_blockdev_option(const char *text, char *err, size_t errlen);
bool block_blockdev_add(const struct opts *o, char *err, size_t errlen);
bool block_blockdev_del(const char *node_name, char *err, size_t errlen);
/* The backend of a device's drive=: a -drive's id, or a node's name, for which a backend is made. NULL: neither. */
struct block *block_find(const char *id_or_node);
/* Of a device that did not come to be: a backend that was made for a node's name goes, if it is there and nobody has it. */
void block_forget(const void *b);
/* Another size for an image while devices may have it; they are told. False: the reason in err. Waits. */
bool block_change_size(struct block_node *n, uint64_t size, char *err, size_t errlen);
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

/* --- medium.c: media that can be changed. Wait; false: the reason in err --- */
bool block_is_removable(const struct block *b); /* no device has it, or one with a tray */
bool block_has_tray(const struct block *b);
bool block_tray_is_open(const struct block *b);
bool block_tray_is_locked(const struct block *b);
/* A locked tray opens only by force; else the guest is asked to open it. */
bool block_open_tray(struct block *b, bool force, char *err, size_t errlen);
bool block_close_tray(struct block *b, char *err, size_t errlen);
/* With the tray open. */
bool block_remove_medium(struct block *b, char *err, size_t errlen);
bool block_insert_medium(struct block *b, struct block_node *n, char *err, size_t errlen);
bool block_eject(struct block *b, bool force, char *err, size_t errlen);
/* All of it: opens the image, then the tray, and closes it again. format NULL: what it looks like. */
enum block_medium_mode { MEDIUM_RETAIN, MEDIUM_READ_ONLY, MEDIUM_READ_WRITE };
bool block_change_medium(struct block *b, const char *filename, const char *format, enum block_medium_mode mode, bool force, char *err, size_t errlen);
/* A drive without a medium, for a device that has no drive=; it goes with it. name: part of its id. NULL: no memory. */
struct block *block_new_empty(const char *name);
/* Of devices: their tray has moved (QMP's DEVICE_TRAY_MOVED). */
void block_tray_moved(struct block *b, struct device *d, bool open);
/* Another medium, or NULL: the reference becomes b's. */
void block_set_node(struct block *b, struct block_node *n);

/* A device takes it. False: another has it; the reason in err. */
bool block_attach(struct block *b, struct machine *m, const struct block_front *f, char *err, size_t errlen);
void block_detach(struct block *b);

/* Bytes, a multiple of 512; 0 without a medium. */
static inline uint64_t block_size(const struct block *b) { return b->node ? b->node->size : 0; }
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
