/*
 * The engine on io_uring (liburing). Without liburing, or where the kernel refuses, it says that it does not work, and
 * threads do the work.
 *
 * Transfers of a megabyte and more are handed to the kernel's workers at once: copying them out of the page cache would hold up
 * whoever sends them, with the machine's lock held.
 */
#include "aio.h"

#ifdef MYNA_URING
#include <errno.h>
#include <liburing.h>
#include <limits.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { ENTRIES = 256, BIG = 1 << 20 };

static struct {
    struct io_uring ring;
    int event;
    unsigned unsent;
    struct aio_op *refused; /* that the kernel did not take */
} u;

static bool start(void)
{
    if (io_uring_queue_init(ENTRIES, &u.ring, 0) < 0)
        return false;
    u.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct io_uring_probe *p = io_uring_get_probe_ring(&u.ring);
    bool good = p && io_uring_opcode_supported(p, IORING_OP_FALLOCATE) && u.event >= 0 &&
                io_uring_register_eventfd(&u.ring, u.event) == 0;
    if (p)
        io_uring_free_probe(p);
    if (good)
        return true;
    if (u.event >= 0)
        close(u.event);
    io_uring_queue_exit(&u.ring);
    return false;
}

static void send_off(void)
{
    while (u.unsent) {
        int n = io_uring_submit(&u.ring);
        if (n > 0) {
            u.unsent -= (unsigned)n < u.unsent ? (unsigned)n : u.unsent;
        } else if (n != -EINTR) {
            break; /* short of memory, or of room for completions: after the next ones it is tried again */
        }
    }
}

static void begin(struct aio_op *op)
{
    struct io_uring_sqe *sqe;
    while (!(sqe = io_uring_get_sqe(&u.ring))) {
        send_off();
        if (u.unsent >= ENTRIES) { /* the kernel takes none now */
            op->result = -EAGAIN;
            op->next = u.refused;
            u.refused = op;
            return;
        }
    }
    unsigned n = op->niov < IOV_MAX ? op->niov : IOV_MAX;
    switch (op->what) {
    case AIO_READ:
        io_uring_prep_readv2(sqe, op->fd, op->iov, n, op->offset, op->flags);
        break;
    case AIO_WRITE:
        io_uring_prep_writev2(sqe, op->fd, op->iov, n, op->offset, op->flags);
        break;
    case AIO_SYNC:
        io_uring_prep_fsync(sqe, op->fd, IORING_FSYNC_DATASYNC);
        break;
    case AIO_FALLOCATE:
        io_uring_prep_fallocate(sqe, op->fd, op->flags, (off_t)op->offset, (off_t)op->bytes);
        break;
    case AIO_CALL: /* goes to threads */
        io_uring_prep_nop(sqe);
        break;
    }
    if (op->bytes >= BIG)
        io_uring_sqe_set_flags(sqe, IOSQE_ASYNC);
    io_uring_sqe_set_data(sqe, op);
    u.unsent++;
}

static unsigned reap(bool wait)
{
    struct io_uring_cqe *cqe;
    unsigned n = 0;
    if (wait && !u.refused)
        io_uring_submit_and_wait(&u.ring, 1);
    while (io_uring_peek_cqe(&u.ring, &cqe) == 0 && cqe) {
        struct aio_op *op = io_uring_cqe_get_data(cqe);
        op->result = cqe->res;
        io_uring_cqe_seen(&u.ring, cqe);
        aio_finish(op);
        n++;
    }
    while (u.refused) {
        struct aio_op *op = u.refused;
        u.refused = op->next;
        aio_finish(op);
        n++;
    }
    if (u.unsent)
        send_off();
    return n;
}

static int event(void) { return u.event; }
static void quiet(bool on) { io_uring_cq_eventfd_toggle(&u.ring, !on); }

#else

static bool start(void) { return false; }
static void begin(struct aio_op *op) { }
static void send_off(void) { }
static unsigned reap(bool wait) { return 0; }
static int event(void) { return -1; }
static void quiet(bool on) { }

#endif

const struct aio_engine aio_uring = { "io_uring", start, begin, send_off, reap, event, quiet };
