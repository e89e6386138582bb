/*
 * What the engines of host I/O have in common: which one, batches, the way into the event loop. See aio.h.
 *
 * Completions are taken at the end of a batch of operations (a read that the host's page cache could serve is done
 * then: no thread changes), or when the engine's descriptor wakes the loop. Callbacks may begin operations; those are
 * gathered and sent when the callbacks have returned.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "aio.h"
#include "loop.h"

enum { NENGINES = 2, MAX_AFTER = 4 };
static const struct aio_engine *const engines[NENGINES] = { &aio_uring, &aio_threads };

static struct {
    bool tried[NENGINES], works[NENGINES], watched[NENGINES], touched[NENGINES];
    unsigned plugged;
    bool reaping;
    unsigned under_way, nafter;
    struct loop *loop;
    void (*after[MAX_AFTER])(void);
} aio;

static void ready(void *engine, uint32_t events);

static bool start(unsigned k)
{
    if (!aio.tried[k]) {
        aio.tried[k] = true;
        aio.works[k] = engines[k]->start();
    }
    if (aio.works[k] && aio.loop && !aio.watched[k])
        aio.watched[k] = loop_watch(aio.loop, engines[k]->event(), EPOLLIN, ready, (void *)&engines[k]) != NULL;
    return aio.works[k];
}

static unsigned engine_of(enum aio_kind kind) { return kind == AIO_THREADS || !start(0) ? 1 : 0; }

bool aio_works(enum aio_kind kind) { return kind == AIO_URING ? start(0) : start(engine_of(kind)); }

void aio_attach(struct loop *l)
{
    if (aio.loop != l) /* another machine's, in tests */
        memset(aio.watched, 0, sizeof aio.watched);
    aio.loop = l;
    for (unsigned k = 0; k < NENGINES; k++)
        if (aio.works[k])
            start(k);
}

void aio_after_batch(void (*fn)(void))
{
    for (unsigned k = 0; k < aio.nafter; k++)
        if (aio.after[k] == fn)
            return;
    if (aio.nafter < MAX_AFTER)
        aio.after[aio.nafter++] = fn;
}

static void after_batch(void)
{
    for (unsigned k = 0; k < aio.nafter; k++)
        aio.after[k]();
}

static unsigned reap(unsigned k, bool wait)
{
    if (aio.reaping)
        return 0;
    aio.reaping = true;
    unsigned n = engines[k]->reap(wait);
    aio.reaping = false;
    return n;
}

/* Sends what was begun; takes what is done; until nothing more has begun. */
static void send_all(void)
{
    for (bool again = true; again && !aio.reaping;) {
        again = false;
        for (unsigned k = 0; k < NENGINES; k++) {
            if (!aio.touched[k])
                continue;
            aio.touched[k] = false;
            engines[k]->quiet(true);
            engines[k]->send();
            reap(k, false);
            engines[k]->quiet(false);
            reap(k, false); /* what came in between */
        }
        for (unsigned k = 0; k < NENGINES; k++)
            again |= aio.touched[k];
    }
}

void aio_begin(enum aio_kind kind, struct aio_op *op)
{
    unsigned k = op->what == AIO_CALL ? 1 : engine_of(kind);
    if (!start(k)) { /* not even a thread */
        op->done(op, -EAGAIN);
        return;
    }
    aio.under_way++;
    aio.touched[k] = true;
    engines[k]->begin(op);
    if (!aio.plugged && !aio.reaping) {
        send_all();
        after_batch();
    }
}

void aio_plug(void) { aio.plugged++; }

void aio_unplug(void)
{
    if (--aio.plugged || aio.reaping)
        return;
    send_all();
    after_batch();
}

void aio_finish(struct aio_op *op)
{
    aio.under_way--;
    op->done(op, op->result);
}

static void ready(void *engine, uint32_t events)
{
    unsigned k = (unsigned)((const struct aio_engine *const *)engine - engines);
    uint64_t count;
    if (read(engines[k]->event(), &count, sizeof count) < 0)
        count = 0; /* somebody has taken it */
    reap(k, false);
    send_all();
    after_batch();
}

/* Descriptors become readable with the first completion; what was read off them before is found by the next look, so the
 * limit is for nothing but errors of ours. */
static void wait_for_both(void)
{
    struct pollfd p[NENGINES];
    uint64_t count;
    for (unsigned k = 0; k < NENGINES; k++)
        p[k] = (struct pollfd){ .fd = engines[k]->event(), .events = POLLIN };
    poll(p, NENGINES, 10);
    for (unsigned k = 0; k < NENGINES; k++)
        if ((p[k].revents & POLLIN) && read(p[k].fd, &count, sizeof count) < 0)
            count = 0; /* somebody has taken it */
}

bool aio_wait(void)
{
    if (!aio.under_way || aio.reaping)
        return false;
    bool both = aio.works[0] && aio.works[1];
    unsigned n = 0; /* completions; what they begin is sent below, or at the next call */
    send_all();
    while (aio.under_way && !n) {
        for (unsigned k = 0; k < NENGINES; k++)
            if (aio.works[k])
                n += reap(k, !both);
        if (both && !n)
            wait_for_both();
    }
    send_all();
    after_batch();
    return true;
}
