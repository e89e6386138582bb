/*
 * The engine on threads: each does one operation at a time, by the plain system calls. Threads are made as they are
 * wanted, up to a limit, and end with the process.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "aio.h"
#include "machine_lock.h"

enum { THREADS = 16 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t wanted, finished;
    struct aio_op *first, **last; /* to be done */
    struct aio_op *done, **last_done;
    unsigned nthreads, starting, idle, queued;
    int event;
} t = { .lock = PTHREAD_MUTEX_INITIALIZER, .wanted = PTHREAD_COND_INITIALIZER, .finished = PTHREAD_COND_INITIALIZER };

static ssize_t perform(struct aio_op *op)
{
    if (op->what == AIO_CALL)
        return op->call(op);
    int n = (int)(op->niov < IOV_MAX ? op->niov : IOV_MAX);
    ssize_t rc;
    do {
        switch (op->what) {
        case AIO_READ:
            rc = preadv2(op->fd, op->iov, n, (off_t)op->offset, op->flags);
            break;
        case AIO_WRITE:
            rc = pwritev2(op->fd, op->iov, n, (off_t)op->offset, op->flags);
            break;
        case AIO_SYNC:
            rc = fdatasync(op->fd);
            break;
        case AIO_FALLOCATE:
            rc = fallocate(op->fd, op->flags, (off_t)op->offset, (off_t)op->bytes);
            break;
        default:
            rc = -1;
            errno = EINVAL;
        }
    } while (rc < 0 && errno == EINTR);
    return rc < 0 ? -errno : rc;
}

static void *worker(void *unused)
{
    pthread_mutex_lock(&t.lock);
    t.starting--;
    for (;;) {
        while (!t.first) {
            t.idle++;
            pthread_cond_wait(&t.wanted, &t.lock);
            t.idle--;
        }
        struct aio_op *op = t.first;
        t.queued--;
        if (!(t.first = op->next))
            t.last = &t.first;
        pthread_mutex_unlock(&t.lock);
        op->result = perform(op);
        op->next = NULL;
        /* Whoever has it may be waiting for us: so no more than a try. */
        if (op->direct && machine_lock_try()) {
            aio_finish(op);
            machine_lock_leave();
            pthread_mutex_lock(&t.lock);
            continue;
        }
        pthread_mutex_lock(&t.lock);
        if (!t.done) {
            uint64_t one = 1;
            if (write(t.event, &one, sizeof one) < 0) { /* full: it is readable */
            }
            pthread_cond_signal(&t.finished);
        }
        *t.last_done = op;
        t.last_done = &op->next;
    }
    return NULL;
}

static void begin(struct aio_op *op)
{
    op->next = NULL;
    pthread_mutex_lock(&t.lock);
    *t.last = op;
    t.last = &op->next;
    t.queued++;
    pthread_mutex_unlock(&t.lock);
}

static bool new_thread(void)
{
    sigset_t all, saved;
    pthread_t thread;
    sigfillset(&all); /* signals are for others */
    pthread_sigmask(SIG_SETMASK, &all, &saved);
    int rc = pthread_create(&thread, NULL, worker, NULL);
    pthread_sigmask(SIG_SETMASK, &saved, NULL);
    if (rc)
        return false;
    pthread_detach(thread);
    t.nthreads++;
    t.starting++;
    return true;
}

static bool start(void)
{
    t.last = &t.first;
    t.last_done = &t.done;
    t.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return t.event >= 0 && new_thread();
}

/* A thread for each operation that waits, as far as the limit goes. */
static void send(void)
{
    pthread_mutex_lock(&t.lock);
    while (t.nthreads < THREADS && t.queued > t.idle + t.starting && new_thread())
        ;
    for (unsigned k = 0; k < t.queued && k < t.idle; k++)
        pthread_cond_signal(&t.wanted);
    pthread_mutex_unlock(&t.lock);
}

static unsigned reap(bool wait)
{
    unsigned n = 0;
    pthread_mutex_lock(&t.lock);
    while (wait && !t.done)
        pthread_cond_wait(&t.finished, &t.lock);
    struct aio_op *all = t.done;
    t.done = NULL;
    t.last_done = &t.done;
    pthread_mutex_unlock(&t.lock);
    for (; all; n++) {
        struct aio_op *op = all;
        all = op->next;
        aio_finish(op);
    }
    return n;
}

static int event(void) { return t.event; }
static void quiet(bool on) { }

const struct aio_engine aio_threads = { "threads", start, begin, send, reap, event, quiet };
