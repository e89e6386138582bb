/*
 * The receiving side of a migration: -incoming, migrate-incoming.
 *
 * The machine is made and reset, its images are not ours yet. A thread reads the stream; when its end has come the images are taken, the
 * other side is told, and the machine runs if it ran there (and -S was not given). A stream that can't be taken ends the process.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "migration.h"
#include "vmstate.h"

/* Lock held. */
static void answer(struct channel *c, const struct stream *s, const char *why)
{
    uint8_t text[2 + 255];
    char err[64];
    size_t n = strlen(why);
    if (!s || !(stream_flags(s) & STREAM_ANSWER))
        return;
    n = n < 255 ? n : 255;
    text[0] = n != 0;
    text[1] = (uint8_t)n;
    memcpy(text + 2, why, n);
    c->write(c, text, n ? n + 2 : 1, err, sizeof err);
}

static bool complete(struct stream *s)
{
    uint8_t byte;
    bool more = stream_peek(s, &byte);
    return !more && stream_ended(s);
}

static void *receive(void *arg)
{
    struct migration *g = arg;
    struct machine *m = g->machine;
    char err[256] = "";
    bool running = false;
    struct stream *s = stream_new_reader(g->channel, err, sizeof err);
    bool good = s && vmstate_get(m, s, false, &running);
    if (s && !good)
        snprintf(err, sizeof err, "%s", stream_error(s));
    if (good && !complete(s)) {
        good = false;
        snprintf(err, sizeof err, "the stream goes on behind its end, or breaks off before it");
    }
    machine_lock_enter();
    if (good && m->parts && !m->parts->take_images(m, err, sizeof err))
        good = false;
    answer(g->channel, s, good ? "" : err);
    g->ended = migration_ms();
    g->transferred = s ? stream_transferred(s) : 0;
    stream_free(s);
    g->channel->close(g->channel);
    g->channel = NULL;
    g->expected = false;
    if (good) {
        m->phase = NULL;
        m->started = true;
        migration_status(g, MIGRATE_COMPLETED);
        if (g->start && running)
            machine_continue(m);
        if (m->parts)
            m->parts->arrived(m);
    } else {
        snprintf(g->error, sizeof g->error, "%s", err);
        migration_status(g, MIGRATE_FAILED);
        fprintf(stderr, "myna-system-aarch64: the incoming machine can't be taken: %s\n", err);
        machine_quit(m, 1, CAUSE_HOST_ERROR);
    }
    migration_thread_ends(g);
    machine_lock_leave();
    return NULL;
}

/* In the loop: somebody is there. */
static void come(void *arg, struct channel *c)
{
    struct migration *g = arg;
    char err[128];
    g->channel = c;
    g->began = migration_ms();
    migration_status(g, MIGRATE_ACTIVE);
    if (migration_thread(g, receive, err, sizeof err))
        return;
    fprintf(stderr, "myna-system-aarch64: -incoming: %s\n", err);
    machine_quit(g->machine, 1, CAUSE_HOST_ERROR);
}

bool migrate_incoming(struct machine *m, const char *uri, char *err, size_t errlen)
{
    struct migration *g = migration_of(m);
    if (!g->expected || !g->deferred) {
        snprintf(err, errlen, g->expected ? "the machine waits for its state already" : "the machine was not started with -incoming defer");
        return false;
    }
    if (!channel_listen(m, uri, come, g, err, errlen))
        return false;
    g->deferred = false;
    migration_status(g, MIGRATE_SETUP);
    return true;
}

bool migrate_incoming_option(struct machine *m, const char *uri, bool start, char *err, size_t errlen)
{
    struct migration *g = migration_of(m);
    g->expected = g->deferred = g->incoming = true;
    g->start = start;
    m->phase = "inmigrate";
    return !uri || migrate_incoming(m, uri, err, errlen);
}

bool migrate_may_run(struct machine *m, bool *later, char *err, size_t errlen)
{
    struct migration *g = m->migration;
    *later = g && g->expected;
    if (*later)
        g->start = true;
    if (!m->phase || *later)
        return true;
    if (strcmp(m->phase, "postmigrate") != 0)
        return true;
    return !m->parts || m->parts->take_images(m, err, errlen);
}
