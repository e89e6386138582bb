/*
 * The sending side of a migration.
 *
 * A thread sends all memory, then again what was written meanwhile, round by round, while the machine runs. When what is left can be
 * sent in downtime-limit at the speed that was measured, the machine is paused, and with the lock held the rest of the memory, clock,
 * processors and devices follow. Then the images are given up, the end mark is sent, and, if the channel goes both ways,
 * the other side says whether it has taken the machine. Until then nothing is lost: whatever fails, the machine goes on here.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "migration.h"
#include "vmstate.h"

enum { STANDING_MS = 60000 /* for all that is sent while the machine stands and its lock is held */, ROUND_LEAST_MS = 1 };

uint64_t migration_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct migration *migration_of(struct machine *m)
{
    struct migration *g = m->migration;
    if (g)
        return g;
    if (!(g = calloc(1, sizeof *g))) {
        fprintf(stderr, "myna: no memory\n");
        exit(1);
    }
    g->machine = m;
    pthread_cond_init(&g->over, NULL);
    migrate_parameters_init(g);
    return m->migration = g;
}

const char *migrate_status_name(enum migrate_status s)
{
    static const char *const names[] = {
        [MIGRATE_NONE] = "none", [MIGRATE_SETUP] = "setup", [MIGRATE_ACTIVE] = "active", [MIGRATE_DEVICE] = "device",
        [MIGRATE_CANCELLING] = "cancelling", [MIGRATE_CANCELLED] = "cancelled", [MIGRATE_COMPLETED] = "completed", [MIGRATE_FAILED] = "failed",
    };
    return names[s];
}

static bool has(const struct migration *g, const char *name)
{
    for (const struct migrate_capability *c = g->capabilities; c->name; c++)
        if (!strcmp(c->name, name))
            return c->value;
    return false;
}

void migration_status(struct migration *g, enum migrate_status s)
{
    g->status = s;
    if (has(g, "events"))
        machine_event(g->machine, "MIGRATION", "{s:s}", "status", migrate_status_name(s));
}

bool migration_thread(struct migration *g, void *(*fn)(void *), char *err, size_t errlen)
{
    if (g->thread_made) /* it has ended, or is about to */
        pthread_join(g->thread, NULL);
    g->thread_ends = false;
    int rc = pthread_create(&g->thread, NULL, fn, g);
    g->thread_made = rc == 0;
    if (rc)
        snprintf(err, errlen, "no thread: %s", strerror(rc));
    return rc == 0;
}

void migration_thread_ends(struct migration *g)
{
    g->thread_ends = true;
    pthread_cond_broadcast(&g->over);
}

/* ------------------------------------------------------------------------- in the thread */

struct sending {
    struct migration *g;
    struct channel *channel;
    struct stream *stream;
    struct ram ram;
    bool given; /* the images were */
};

/* What is known so far; lock held. */
static void note(struct sending *s)
{
    struct migration *g = s->g;
    g->transferred = s->stream ? stream_transferred(s->stream) : 0;
    g->left = ram_left(&s->ram) * PAGE_BYTES;
    g->total = ram_bytes(&s->ram);
    g->zero = s->ram.zero;
    g->normal = s->ram.normal;
}

static bool cancelled(const struct sending *s) { return __atomic_load_n(&s->g->stop, __ATOMIC_ACQUIRE); }

/* All that has to be sent now. Bytes a second that went. */
static uint64_t send_round(struct sending *s)
{
    uint64_t began = migration_ms(), payload = stream_payload(s->stream), pages = s->ram.zero + s->ram.normal, at = began, now;
    while (!cancelled(s) && ram_put_some(&s->ram, s->stream) && !stream_failed(s->stream)) {
        now = migration_ms();
        if (now - at < 100)
            continue;
        at = now;
        __atomic_store_n(&s->g->limit, s->g->parameters.max_bandwidth, __ATOMIC_RELAXED);
        machine_lock_enter();
        note(s);
        machine_lock_leave();
    }
    stream_flush(s->stream);
    now = migration_ms();
    uint64_t ms = now - began > ROUND_LEAST_MS ? now - began : ROUND_LEAST_MS;
    s->g->pages_rate = (s->ram.zero + s->ram.normal - pages) * 1000 / ms;
    return (stream_payload(s->stream) - payload) * 1000 / ms;
}

/* Until little is left. */
static void send_memory(struct sending *s)
{
    struct migration *g = s->g;
    ram_begin(&s->ram, false);
    for (;;) {
        uint64_t rate = send_round(s);
        if (cancelled(s) || stream_failed(s->stream))
            return;
        ram_collect(&s->ram, false);
        machine_lock_enter();
        g->rounds++;
        /* A short round says little; the limit is what we will have at most. */
        if (rate > g->rate || g->rounds == 1 || ram_left(&s->ram) > 256)
            g->rate = rate;
        note(s);
        if (has(g, "events"))
            machine_event(g->machine, "MIGRATION_PASS", "{s:I}", "pass", (long long)g->rounds);
        bool enough = g->left <= g->rate / 1000 * g->parameters.downtime_limit || g->machine->state != MACHINE_RUNNING;
        machine_lock_leave();
        if (enough)
            return;
    }
}

/* The other side's word: a byte, and a text if it is not 0. */
static void get_answer(struct sending *s)
{
    char err[192] = "", text[256] = "";
    uint8_t refused, n;
    if (!s->channel->read(s->channel, &refused, 1, err, sizeof err))
        stream_fail(s->stream, "the other side has not said that it has taken the machine: %s", err);
    else if (refused && s->channel->read(s->channel, &n, 1, err, sizeof err) && s->channel->read(s->channel, text, n, err, sizeof err))
        stream_fail(s->stream, "the other side refuses: %.*s", (int)n, text);
    else if (refused)
        stream_fail(s->stream, "the other side refuses");
}

/* The rest, with the machine standing; lock held. */
static void send_rest(struct sending *s, bool both_ways)
{
    struct migration *g = s->g;
    struct machine *m = g->machine;
    char err[256] = "";
    g->precopy = stream_transferred(s->stream);
    g->paused = migration_ms();
    g->running = vmstate_stand_still(m);
    m->phase = "finish-migrate";
    migration_status(g, MIGRATE_DEVICE);
    __atomic_store_n(&g->limit, 0, __ATOMIC_RELAXED);
    channel_deadline(s->channel, STANDING_MS);
    if (m->parts && (m->parts->unmigratable(m, err, sizeof err) || !m->parts->stand_still(m, err, sizeof err))) {
        stream_fail(s->stream, "%s", err);
        return;
    }
    ram_collect(&s->ram, true);
    while (ram_put_some(&s->ram, s->stream))
        if (stream_failed(s->stream))
            return;
    vmstate_put_state(m, s->stream, g->running);
    stream_flush(s->stream); /* all but the end: the other side waits for that with taking the images */
    if (m->parts && !stream_failed(s->stream)) {
        s->given = true;
        if (!m->parts->give_images(m, err, sizeof err))
            stream_fail(s->stream, "%s", err);
    }
    stream_finish(s->stream);
    if (!stream_failed(s->stream) && both_ways)
        get_answer(s);
    if (!stream_failed(s->stream) && !channel_end(s->channel, err, sizeof err))
        stream_fail(s->stream, "%s", err);
}

/* Nobody has it: it goes on here. Lock held. */
static void go_on(struct sending *s)
{
    struct migration *g = s->g;
    struct machine *m = g->machine;
    char err[256] = "";
    if (s->given && !m->parts->take_images(m, err, sizeof err)) {
        fprintf(stderr, "myna: after a migration that failed: %s; the machine stays paused\n", err);
        m->phase = "postmigrate";
        return;
    }
    m->phase = NULL;
    if (g->running)
        machine_continue(m);
}

static void *send_all(void *arg)
{
    struct migration *g = arg;
    struct machine *m = g->machine;
    struct sending s = { .g = g };
    bool standing = false;
    char err[256] = "";
    machine_lock_enter();
    enum stream_compression how = (enum stream_compression)g->parameters.compression;
    int level = (int)(how == STREAM_ZLIB ? g->parameters.zlib_level : g->parameters.zstd_level);
    if (has(g, "compress") && how == STREAM_PLAIN && stream_can(STREAM_ZLIB)) {
        how = STREAM_ZLIB;
        level = (int)g->parameters.compress_level;
    }
    bool good = ram_find(&s.ram, m, err, sizeof err);
    machine_lock_leave();
    if (good && !(s.channel = channel_open(g->uri, g->fd, &g->limit, &g->stop, err, sizeof err)))
        good = false;
    bool both = s.channel && channel_both_ways(s.channel);
    if (good && !(s.stream = stream_new_writer(s.channel, how, level, both ? STREAM_ANSWER : 0, err, sizeof err)))
        good = false;
    if (good) {
        machine_lock_enter();
        g->setup = migration_ms() - g->began;
        if (g->status == MIGRATE_SETUP)
            migration_status(g, MIGRATE_ACTIVE);
        vmstate_put_head(m, &s.ram, s.stream);
        machine_lock_leave();
        send_memory(&s);
    }
    machine_lock_enter();
    if (good && !cancelled(&s) && !stream_failed(s.stream)) {
        standing = true;
        send_rest(&s, both);
    }
    g->ended = migration_ms();
    if (good && stream_failed(s.stream))
        snprintf(err, sizeof err, "%s", stream_error(s.stream));
    good = good && standing && !stream_failed(s.stream);
    note(&s);
    if (good) {
        g->downtime = g->ended - g->paused;
        g->left = 0;
        m->phase = "postmigrate";
        migration_status(g, MIGRATE_COMPLETED);
    } else {
        if (standing)
            go_on(&s);
        if (cancelled(&s))
            migration_status(g, MIGRATE_CANCELLED);
        else {
            snprintf(g->error, sizeof g->error, "%s", err);
            fprintf(stderr, "myna: migration: %s\n", err);
            migration_status(g, MIGRATE_FAILED);
        }
    }
    ram_free(&s.ram);
    stream_free(s.stream);
    if (s.channel)
        s.channel->close(s.channel);
    migration_thread_ends(g);
    machine_lock_leave();
    return NULL;
}

/* ------------------------------------------------------------------------------ from outside */

static bool is_busy(const struct migration *g) { return g->thread_made && !g->thread_ends; }

bool migrate_sends(const struct machine *m) { return m->migration && !m->migration->incoming && is_busy(m->migration); }

bool migrate_start(struct machine *m, const char *uri, char *err, size_t errlen)
{
    struct migration *g = migration_of(m);
    if (is_busy(g) || g->expected) {
        snprintf(err, errlen, g->expected ? "this machine waits for its own state (-incoming)" : "a migration is under way already");
        return false;
    }
    if (m->phase && !strcmp(m->phase, "postmigrate")) {
        snprintf(err, errlen, "this machine has moved already: cont makes it run here again");
        return false;
    }
    if (m->phase) {
        snprintf(err, errlen, "the machine is in state %s: it can't be moved now", m->phase);
        return false;
    }
    if (m->parts && m->parts->unmigratable(m, err, errlen))
        return false;
    if (!channel_check(uri, &g->fd, err, errlen))
        return false;
    free(g->uri);
    g->uri = strdup(uri);
    g->stop = g->incoming = false;
    *g->error = 0;
    g->limit = g->parameters.max_bandwidth;
    g->began = g->ended = migration_ms();
    g->setup = g->downtime = g->rounds = g->rate = g->pages_rate = g->transferred = g->precopy = g->left = g->total = g->zero = g->normal = 0;
    if (!g->uri || !migration_thread(g, send_all, err, errlen))
        return false;
    migration_status(g, MIGRATE_SETUP);
    return true;
}

void migrate_wait(struct machine *m)
{
    struct migration *g = migration_of(m);
    while (is_busy(g) && !m->ended)
        pthread_cond_wait(&g->over, machine_lock_mutex());
}

void migrate_cancel(struct machine *m)
{
    struct migration *g = migration_of(m);
    if (!is_busy(g) || g->incoming || (g->status != MIGRATE_SETUP && g->status != MIGRATE_ACTIVE))
        return;
    __atomic_store_n(&g->stop, true, __ATOMIC_RELEASE);
    migration_status(g, MIGRATE_CANCELLING);
}

void migrate_finish(struct machine *m)
{
    struct migration *g = m->migration;
    if (!g)
        return;
    __atomic_store_n(&g->stop, true, __ATOMIC_RELEASE);
    if (g->thread_made && !(g->incoming && !g->thread_ends)) /* one that receives may wait for ever */
        pthread_join(g->thread, NULL);
}

void migrate_figures(struct machine *m, struct migrate_figures *f)
{
    const struct migration *g = migration_of(m);
    bool active = is_busy(g);
    uint64_t now = active ? migration_ms() : g->ended;
    *f = (struct migrate_figures){ .status = g->status, .incoming = g->incoming, .error = g->error, .total_ms = now - g->began,
                                   .downtime_ms = g->downtime, .setup_ms = g->setup, .transferred = g->transferred, .remaining = g->left, .total = g->total,
                                   .zero = g->zero, .normal = g->normal, .rounds = g->rounds, .pages_per_second = g->pages_rate, .precopy = g->precopy };
    f->downtime_bytes = g->status == MIGRATE_COMPLETED ? g->transferred - g->precopy : 0;
    f->rate = f->total_ms ? g->transferred * 1000 / f->total_ms : 0;
    f->expected_ms = active ? (g->rate ? g->left * 1000 / g->rate : g->parameters.downtime_limit) : g->downtime;
}
