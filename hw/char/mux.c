/*
 * The multiplexer: several fronts on one backend, and keys to switch between them.
 *
 * All may write; input goes to the one in focus. The escape key (Ctrl-A) and one more: h help, x quit, s save disks,
 * b break, c next front, t time stamps, the escape key itself. Each front has a buffer, so that keys work although the
 * guest does not read its port; when it is full the backend is not read, and nothing is lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend.h"

enum { FRONTS = 4, BUFFER = 4096 };

struct mux {
    struct chardev c;
    struct chardev *base;
    struct { struct chardev_front f; uint8_t in[BUFFER]; size_t first, n; } front[FRONTS];
    unsigned nfronts, focus;
    bool escaped, stamps, in_line;
    struct timespec since;
};

static unsigned escape_key = 1;
static void (*on_quit)(void *arg), (*on_save)(void *arg);
static void *keys_arg;

void chardev_mux_keys(unsigned escape, void (*quit)(void *arg), void (*save)(void *arg), void *arg)
{
    escape_key = escape;
    on_quit = quit;
    on_save = save;
    keys_arg = arg;
}

static void give(struct mux *m, unsigned k)
{
    struct chardev_front *f = &m->front[k].f;
    while (m->front[k].n) {
        size_t room = f->room ? f->room(f->device) : 0, run = BUFFER - m->front[k].first;
        run = run < m->front[k].n ? run : m->front[k].n;
        run = run < room ? run : room;
        if (!run)
            return;
        uint8_t bytes[BUFFER];
        memcpy(bytes, m->front[k].in + m->front[k].first, run);
        m->front[k].first = (m->front[k].first + run) % BUFFER;
        m->front[k].n -= run;
        f->take(f->device, bytes, run);
    }
}

static void tell(struct mux *m, unsigned k, enum chardev_event e)
{
    if (k < m->nfronts && m->front[k].f.event)
        m->front[k].f.event(m->front[k].f.device, e);
}

static void set_focus(struct mux *m, unsigned k)
{
    tell(m, m->focus, CHARDEV_UNFOCUSED);
    m->focus = k;
    tell(m, k, CHARDEV_FOCUSED);
}

static void say(struct mux *m, const char *text) { chardev_write(m->base, (const uint8_t *)text, strlen(text)); }

static void help(struct mux *m)
{
    static const char *const lines[] = {
        "h    print this help", "x    exit myna", "s    write what disks' caches hold", "t    time stamps at the start of lines",
        "b    send a break", "c    switch between the console and the monitor",
    };
    char key[8], text[128];
    snprintf(key, sizeof key, escape_key && escape_key < 27 ? "C-%c" : "0x%02x", escape_key < 27 ? 'a' + (int)escape_key - 1 : (int)escape_key);
    say(m, "\r\n");
    for (unsigned k = 0; k < sizeof lines / sizeof *lines; k++) {
        snprintf(text, sizeof text, "%s %s\r\n", key, lines[k]);
        say(m, text);
    }
    snprintf(text, sizeof text, "%s %s  send %s\r\n", key, key, key);
    say(m, text);
}

/* The key after the escape key; true: the byte is input. */
static bool key(struct mux *m, uint8_t byte)
{
    if (byte == escape_key)
        return true;
    switch (byte) {
    case 'h':
    case '?':
        help(m);
        break;
    case 'x':
        say(m, "myna: terminated\r\n");
        if (on_quit)
            on_quit(keys_arg);
        break;
    case 's':
        if (on_save)
            on_save(keys_arg);
        break;
    case 'b':
        tell(m, m->focus, CHARDEV_BREAK);
        break;
    case 'c':
        if (m->nfronts)
            set_focus(m, (m->focus + 1) % m->nfronts);
        break;
    case 't':
        m->stamps = !m->stamps;
        clock_gettime(CLOCK_MONOTONIC, &m->since);
        break;
    }
    return false;
}

static size_t mux_room(void *device)
{
    struct mux *m = device;
    return m->nfronts ? BUFFER - m->front[m->focus].n : 0;
}

static void mux_take(void *device, const uint8_t *bytes, size_t n)
{
    struct mux *m = device;
    for (size_t k = 0; k < n; k++) {
        if (m->escaped) {
            m->escaped = false;
            if (!key(m, bytes[k]))
                continue;
        } else if (bytes[k] == escape_key) {
            m->escaped = true;
            continue;
        }
        unsigned f = m->focus;
        if (m->front[f].n < BUFFER)
            m->front[f].in[(m->front[f].first + m->front[f].n++) % BUFFER] = bytes[k];
        give(m, f);
    }
}

static void mux_drained(void *device)
{
    struct mux *m = device;
    for (unsigned k = 0; k < m->nfronts; k++)
        if (m->front[k].f.drained)
            m->front[k].f.drained(m->front[k].f.device);
}

static void mux_event(void *device, enum chardev_event e)
{
    struct mux *m = device;
    m->c.open = m->base->open;
    for (unsigned k = 0; k < m->nfronts; k++)
        if (e != CHARDEV_BREAK || k == m->focus)
            tell(m, k, e);
}

static size_t write_mux(struct chardev *c, const uint8_t *bytes, size_t n)
{
    struct mux *m = (struct mux *)c;
    if (!m->stamps)
        return chardev_write(m->base, bytes, n);
    size_t done = 0;
    while (done < n) {
        if (!m->in_line) {
            struct timespec t;
            char text[32];
            clock_gettime(CLOCK_MONOTONIC, &t);
            long long ms = (t.tv_sec - m->since.tv_sec) * 1000ll + (t.tv_nsec - m->since.tv_nsec) / 1000000;
            snprintf(text, sizeof text, "[%02lld:%02lld:%02lld.%03lld] ", ms / 3600000, ms / 60000 % 60, ms / 1000 % 60, ms % 1000);
            if (chardev_room(m->base) < sizeof text)
                break;
            say(m, text);
            m->in_line = true;
        }
        const uint8_t *end = memchr(bytes + done, '\n', n - done);
        size_t run = end ? (size_t)(end - bytes) + 1 - done : n - done, k = chardev_write(m->base, bytes + done, run);
        done += k;
        if (k < run)
            break;
        m->in_line = !end;
    }
    return done;
}

static size_t room_of(const struct chardev *c) { return chardev_room(((const struct mux *)c)->base); }

static void accept_mux(struct chardev *c)
{
    struct mux *m = (struct mux *)c;
    for (unsigned k = 0; k < m->nfronts; k++)
        give(m, k);
    chardev_accept(m->base);
}

static void describe(const struct chardev *c, char *text, size_t n) { snprintf(text, n, "mux"); }

static const struct chardev_class chardev_mux_class = {
    .name = "mux", .options = "", .size = sizeof(struct mux), .write = write_mux, .room = room_of, .accept = accept_mux, .describe = describe,
};

bool chardev_is_mux(const struct chardev *c) { return c->class == &chardev_mux_class; }

struct chardev *chardev_mux(struct chardev *base, const char *id)
{
    struct mux *m = (struct mux *)chardev_new(base->loop, &chardev_mux_class, id);
    if (!m)
        return NULL;
    m->base = base;
    m->c.open = base->open;
    m->c.terminal = base->terminal;
    struct chardev_front f = { mux_room, mux_take, m, mux_drained, mux_event };
    chardev_attach(base, &f);
    return &m->c;
}

bool chardev_mux_attach(struct chardev *c, const struct chardev_front *f)
{
    struct mux *m = (struct mux *)c;
    if (m->nfronts == FRONTS)
        return false;
    m->front[m->nfronts++].f = *f;
    if (c->open)
        tell(m, m->nfronts - 1, CHARDEV_OPENED);
    if (m->nfronts == 1)
        tell(m, 0, CHARDEV_FOCUSED);
    chardev_accept(c);
    return true;
}

void chardev_mux_detach(struct chardev *c, void *device)
{
    struct mux *m = (struct mux *)c;
    for (unsigned k = 0; k < m->nfronts; k++)
        if (m->front[k].f.device == device) {
            memmove(&m->front[k], &m->front[k + 1], (m->nfronts - k - 1) * sizeof *m->front);
            m->nfronts--;
            if (m->focus >= k && m->focus)
                m->focus--;
            return;
        }
}
