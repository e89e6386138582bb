/*
 * The host's I/O without waiting: operations on descriptors, done by io_uring or by threads.
 *
 * Operations are begun, and their callbacks called, with the machine's lock held; the work itself is done without it.
 * There is one engine of each kind in a process, made when it is first wanted.
 */
#ifndef MYNA_AIO_H
#define MYNA_AIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct loop;

enum aio_kind { AIO_DEFAULT /* io_uring if it is there */, AIO_THREADS, AIO_URING };
enum aio_what { AIO_READ, AIO_WRITE, AIO_SYNC /* fdatasync */, AIO_FALLOCATE, AIO_CALL /* of the caller's, in a thread */ };

/* The caller's, until done is called. */
struct aio_op {
    enum aio_what what;
    int fd;
    int flags;               /* READ, WRITE: RWF_*; FALLOCATE: FALLOC_FL_* */
    uint64_t offset, bytes;
    const struct iovec *iov; /* READ, WRITE */
    unsigned niov;           /* at most IOV_MAX are used: then it is a short transfer */
    void (*done)(struct aio_op *op, ssize_t result); /* bytes, or 0, or -errno */
    ssize_t (*call)(struct aio_op *op); /* CALL: without the machine's lock */
    bool direct;             /* CALL: done may be called by the thread that did it, if the machine's lock is free then */
    ssize_t result;
    struct aio_op *next;
};

/* Does that kind work here? */
bool aio_works(enum aio_kind kind);
/* Completions come through this loop from now on; until then only through aio_wait. */
void aio_attach(struct loop *l);
void aio_begin(enum aio_kind kind, struct aio_op *op);
/* Between these, operations are only gathered; the outermost aio_unplug sends them off and calls done for those that
 * are done at once. */
void aio_plug(void);
void aio_unplug(void);
/* Waits for at least one completion. False: nothing is under way. */
bool aio_wait(void);
/* fn is called after each batch of completions. */
void aio_after_batch(void (*fn)(void));

/* --- an engine: threads.c, uring.c --- */

struct aio_engine {
    const char *name;
    bool (*start)(void);               /* once; false: it does not work here */
    void (*begin)(struct aio_op *op);
    void (*send)(void);                /* what was begun goes to the host */
    unsigned (*reap)(bool wait);       /* calls aio_finish for what is done; how many */
    int (*event)(void);                /* a descriptor that is readable when something is done */
    void (*quiet)(bool on);            /* while on, completions need not make it readable */
};
extern const struct aio_engine aio_threads, aio_uring;
/* Of engines: op has ended with op->result. */
void aio_finish(struct aio_op *op);

#endif
