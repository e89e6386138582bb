/*
 * Character backends: what all have in common, and their command line. See chardev.h.
 *
 * A backend with descriptors is read and written here. A descriptor is watched only for what is wanted of it: a hang-up
 * that nobody may act on yet would else be reported for ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "backend.h"
#include "machine_lock.h"

static const struct chardev_class *const classes[] = {
    &chardev_null, &chardev_stdio, &chardev_file, &chardev_pipe, &chardev_pty, &chardev_socket, &chardev_serial, &chardev_ring, NULL
};
static struct chardev *all;

/* ------------------------------------------------------------------------ input */

static size_t front_room(const struct chardev *c) { return c->attached && c->front.room ? c->front.room(c->front.device) : 0; }

void chardev_tell(struct chardev *c, enum chardev_event e)
{
    if (c->attached && c->front.event)
        c->front.event(c->front.device, e);
}

static void end_of_input(struct chardev *c)
{
    if (c->class->lost && c->class->lost(c))
        return;
    loop_unwatch(c->loop, c->watch_in);
    c->watch_in = NULL;
    c->in = -1;
}

static void readable(void *arg, uint32_t events)
{
    struct chardev *c = arg;
    uint8_t bytes[4096];
    size_t room = front_room(c);
    if (room && c->in >= 0) {
        size_t want = room < sizeof bytes ? room : sizeof bytes;
        ssize_t n = c->class->read ? c->class->read(c, bytes, want) : read(c->in, bytes, want);
        if (n > 0) {
            size_t left = c->class->filter ? c->class->filter(c, bytes, (size_t)n) : (size_t)n;
            if (left)
                c->front.take(c->front.device, bytes, left);
        } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
            end_of_input(c);
        }
    }
    chardev_update(c);
}

static void pump(void *arg)
{
    struct chardev *c = arg;
    c->pump = false;
    readable(c, 0);
}

void chardev_accept(struct chardev *c)
{
    if (c->class->accept)
        c->class->accept(c);
    else
        chardev_update(c);
}

/* ----------------------------------------------------------------------- output */

/* What the descriptor takes of n bytes now; -1: nobody will ever read them. */
static ssize_t put(struct chardev *c, const uint8_t *bytes, size_t n)
{
    ssize_t k = write(c->out, bytes, n);
    if (k >= 0)
        return k;
    return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

static void no_reader(struct chardev *c)
{
    c->n = 0;
    if (c->class->lost && c->class->lost(c))
        return;
    loop_unwatch(c->loop, c->watch_out);
    c->watch_out = NULL;
    c->out = -1;
    c->open = c->in >= 0;
}

static void drain(struct chardev *c)
{
    while (c->n && c->out >= 0) {
        size_t run = CHARDEV_QUEUE - c->first < c->n ? CHARDEV_QUEUE - c->first : c->n;
        ssize_t k = put(c, c->queue + c->first, run);
        if (k < 0) {
            no_reader(c);
            break;
        }
        c->first = (c->first + (size_t)k) % CHARDEV_QUEUE;
        c->n -= (size_t)k;
        if ((size_t)k < run)
            break;
    }
    if (c->starved && c->n <= CHARDEV_QUEUE / 2) {
        c->starved = false;
        if (c->attached && c->front.drained)
            c->front.drained(c->front.device);
    }
}

static void writable(void *arg, uint32_t events)
{
    drain(arg);
    chardev_update(arg);
}

static bool enqueue(struct chardev *c, const uint8_t *bytes, size_t n)
{
    if (!c->queue && !(c->queue = malloc(CHARDEV_QUEUE)))
        return false;
    for (size_t k = 0; k < n; k++)
        c->queue[(c->first + c->n++) % CHARDEV_QUEUE] = bytes[k];
    return true;
}

size_t chardev_room(const struct chardev *c)
{
    if (c->class->room)
        return c->class->room(c);
    return c->open ? (CHARDEV_QUEUE - c->n) / (c->double_ff ? 2 : 1) : CHARDEV_QUEUE;
}

static size_t write_out(struct chardev *c, const uint8_t *bytes, size_t n)
{
    if (!c->open || c->out < 0)
        return n;
    size_t room = chardev_room(c), done = 0;
    n = n < room ? n : room;
    if (!c->n && !c->double_ff) {
        ssize_t k = put(c, bytes, n);
        if (k < 0) {
            no_reader(c);
            return n;
        }
        done = (size_t)k;
    }
    for (; done < n; done++) {
        size_t same = n - done;
        if (c->double_ff) {
            const uint8_t *ff = memchr(bytes + done, 0xff, n - done);
            same = ff ? (size_t)(ff - bytes) + 1 - done : n - done;
        }
        if (!enqueue(c, bytes + done, same))
            return n;
        done += same - 1;
        if (c->double_ff && bytes[done] == 0xff)
            enqueue(c, bytes + done, 1);
    }
    if (c->double_ff)
        drain(c);
    return n;
}

size_t chardev_write(struct chardev *c, const uint8_t *bytes, size_t n)
{
    size_t done = c->class->write ? c->class->write(c, bytes, n) : write_out(c, bytes, n);
    c->starved = done < n;
    if (c->log && done) {
        fwrite(bytes, 1, done, c->log);
        fflush(c->log);
    }
    if (!c->class->write)
        chardev_update(c);
    return done;
}

/* --------------------------------------------------------------------- watching */

static void watch(struct chardev *c, int fd, struct loop_fd **w, uint32_t *had, uint32_t want, void (*ready)(void *, uint32_t))
{
    if (want == *had && !*w == !want)
        return;
    *had = want;
    if (!want) {
        loop_unwatch(c->loop, *w);
        *w = NULL;
    } else if (*w) {
        loop_change(c->loop, *w, want);
    } else if (!(*w = loop_watch(c->loop, fd, want, ready, c)) && errno == EPERM) {
        if (ready == readable)
            c->in_is_file = true;
    }
}

static void both(void *arg, uint32_t events)
{
    struct chardev *c = arg;
    if (events & EPOLLOUT || (c->n && events & (EPOLLERR | EPOLLHUP)))
        drain(c);
    if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
        readable(c, events);
    chardev_update(c);
}

void chardev_update(struct chardev *c)
{
    uint32_t in = c->in >= 0 && front_room(c) ? EPOLLIN : 0, out = c->out >= 0 && c->n ? EPOLLOUT : 0;
    if (c->in >= 0 && c->in == c->out) {
        watch(c, c->in, &c->watch_in, &c->wants_in, in | out, both);
        return;
    }
    if (c->in >= 0 && !c->in_is_file)
        watch(c, c->in, &c->watch_in, &c->wants_in, in, readable);
    if (c->out >= 0)
        watch(c, c->out, &c->watch_out, &c->wants_out, out, writable);
    if (c->in_is_file && in && !c->pump)
        c->pump = loop_defer(c->loop, pump, c);
}

void chardev_opened(struct chardev *c)
{
    c->open = true;
    c->n = 0;
    chardev_tell(c, CHARDEV_OPENED);
    chardev_update(c);
}

void chardev_closed(struct chardev *c)
{
    loop_unwatch(c->loop, c->watch_in);
    loop_unwatch(c->loop, c->watch_out);
    c->watch_in = c->watch_out = NULL;
    c->wants_in = c->wants_out = 0;
    if (c->in >= 0)
        close(c->in);
    if (c->out >= 0 && c->out != c->in)
        close(c->out);
    c->in = c->out = -1;
    c->n = 0;
    bool was = c->open;
    c->open = false;
    if (was)
        chardev_tell(c, CHARDEV_CLOSED);
    if (c->starved) {
        c->starved = false;
        if (c->attached && c->front.drained)
            c->front.drained(c->front.device);
    }
}

struct later { struct loop *loop; struct loop_fd *watch; int fd; void (*fn)(void *arg); void *arg; };

static void later_ready(void *arg, uint32_t events)
{
    struct later l = *(struct later *)arg;
    free(arg);
    loop_unwatch(l.loop, l.watch);
    close(l.fd);
    l.fn(l.arg);
}

bool chardev_later(struct loop *l, unsigned ms, void (*fn)(void *arg), void *arg)
{
    struct later *t = malloc(sizeof *t);
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000l + 1 } };
    if (t && fd >= 0 && timerfd_settime(fd, 0, &when, NULL) == 0) {
        *t = (struct later){ .loop = l, .fd = fd, .fn = fn, .arg = arg };
        if ((t->watch = loop_watch(l, fd, EPOLLIN, later_ready, t)))
            return true;
    }
    free(t);
    if (fd >= 0)
        close(fd);
    return false;
}

int chardev_reopen(int fd, int flags)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return open(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* ------------------------------------------------------------------ making, ends */

struct chardev *chardev_new(struct loop *l, const struct chardev_class *k, const char *id)
{
    struct chardev *c = calloc(1, k->size ? k->size : sizeof *c), **at = &all;
    if (!c || !(c->id = strdup(id))) {
        free(c);
        return NULL;
    }
    c->class = k;
    c->loop = l;
    c->in = c->out = -1;
    while (*at)
        at = &(*at)->next;
    *at = c;
    backend_add(PROP_CHARDEV, id, c);
    return c;
}

/* Not used by anybody yet. */
static void drop(struct chardev *c)
{
    struct chardev **at = &all;
    while (*at && *at != c)
        at = &(*at)->next;
    if (*at)
        *at = c->next;
    backend_remove(PROP_CHARDEV, c);
    if (c->log)
        fclose(c->log);
    free(c->id);
    free(c);
}

void chardev_finish(void)
{
    for (struct chardev *c = all; c; c = c->next) {
        for (unsigned tries = 0; tries < 50 && c->n && c->out >= 0; tries++) {
            struct pollfd p = { c->out, POLLOUT, 0 };
            poll(&p, 1, 10);
            drain(c);
        }
        if (c->class->finish)
            c->class->finish(c);
    }
}

bool chardev_attach(struct chardev *c, const struct chardev_front *f)
{
    if (chardev_is_mux(c))
        return chardev_mux_attach(c, f);
    if (c->attached)
        return false;
    c->front = *f;
    c->attached = true;
    if (c->open)
        chardev_tell(c, CHARDEV_OPENED);
    chardev_accept(c);
    return true;
}

void chardev_detach(struct chardev *c, void *device)
{
    if (chardev_is_mux(c)) {
        chardev_mux_detach(c, device);
        return;
    }
    c->attached = c->starved = false;
    chardev_update(c);
}

bool chardev_is_open(const struct chardev *c) { return c->open; }
bool chardev_has_front(const struct chardev *c) { return c->attached || chardev_is_mux(c); }
bool chardev_is_terminal(const struct chardev *c) { return c->terminal; }

int chardev_take_fd(struct chardev *c) { return c->class->take_fd ? c->class->take_fd(c) : -1; }

const char *chardev_class_name(unsigned k) { return k < sizeof classes / sizeof *classes - 1 ? classes[k]->name : NULL; }

void chardev_describe(const struct chardev *c, char *text, size_t n)
{
    if (c->class->describe)
        c->class->describe(c, text, n);
    else
        snprintf(text, n, "%s", c->class->name);
}

/* ---------------------------------------------------------------- command line */

const char *chardev_option(const struct chardev_options *o, const char *name)
{
    const char *value = NULL; /* the last one wins */
    for (unsigned k = 0; k < o->n; k++)
        if (!strcmp(o->at[k].name, name))
            value = o->at[k].value;
    return value;
}

bool chardev_option_bool(const struct chardev_options *o, const char *name, bool *v, char *err, size_t errlen)
{
    const char *text = chardev_option(o, name);
    if (!text || parse_bool(text, v))
        return true;
    snprintf(err, errlen, "-chardev: %s=%s: it should be on or off", name, text);
    return false;
}

bool chardev_option_number(const struct chardev_options *o, const char *name, uint64_t max, uint64_t *v, char *err, size_t errlen)
{
    const char *text = chardev_option(o, name);
    if (!text || parse_number(text, true, max, v))
        return true;
    snprintf(err, errlen, "-chardev: %s=%s: it should be a number up to %llu", name, text, (unsigned long long)max);
    return false;
}

static void free_options(struct chardev_options *o)
{
    for (unsigned k = 0; k < o->n; k++)
        free(o->at[k].value);
    o->n = 0;
}

static bool add_option(struct chardev_options *o, const char *name, const char *value)
{
    if (o->n == CHARDEV_OPTIONS)
        return false;
    snprintf(o->at[o->n].name, sizeof o->at[0].name, "%.31s", name);
    return (o->at[o->n].value = strdup(value)) && ++o->n;
}

/* Is name one of the words? */
static bool is_word(const char *words, const char *name)
{
    for (size_t n; *words; words += n + (words[n] == ' ')) {
        n = strcspn(words, " ");
        if (n == strlen(name) && !memcmp(words, name, n))
            return true;
    }
    return false;
}

struct next_word_of { const char *words[2]; unsigned at; }; /* what it gives stays: only errors ask */
static const char *next_option(void *arg)
{
    struct next_word_of *w = arg;
    while (w->at < 2 && !*w->words[w->at])
        w->at++;
    if (w->at == 2)
        return NULL;
    size_t n = strcspn(w->words[w->at], " ");
    char *text = strndup(w->words[w->at], n);
    w->words[w->at] += n + (w->words[w->at][n] == ' ');
    return text;
}
static const char *next_class(void *arg)
{
    const struct chardev_class *const **at = arg;
    return **at ? (*(*at)++)->name : NULL;
}

static const char common[] = "id mux logfile logappend signal";

/* The rest of the words; "server" is server=on, "nowait" wait=off. */
static bool parse_options(const struct chardev_class *k, const char *text, struct chardev_options *o, char *err, size_t errlen)
{
    struct word w;
    while (next_word(&text, &w)) {
        const char *name = w.name, *value = w.value;
        if (!value && !strncmp(name, "no", 2) && is_word(k->options, name + 2)) {
            name += 2;
            value = "off";
        }
        if (!is_word(k->options, name) && !is_word(common, name)) {
            struct next_word_of words = { { k->options, common } };
            const char *near = nearest(name, next_option, &words);
            snprintf(err, errlen, "-chardev %s has no option %s%s%s", k->name, name, near ? "; the nearest is " : "", near ? near : "");
            return false;
        }
        if (!add_option(o, name, value ? value : "on")) {
            snprintf(err, errlen, "-chardev %s: too many options", k->name);
            return false;
        }
    }
    return true;
}

static struct chardev *make(struct loop *l, const struct chardev_class *k, const struct chardev_options *o, char *err, size_t errlen)
{
    const char *id = chardev_option(o, "id"), *log = chardev_option(o, "logfile");
    bool mux = false, append = false;
    char base_id[80];
    if (!id || !*id) {
        snprintf(err, errlen, "-chardev %s: id= is missing", k->name);
        return NULL;
    }
    if (backend_by_id(PROP_CHARDEV, id)) {
        snprintf(err, errlen, "-chardev %s: there is a character device with the id %s already", k->name, id);
        return NULL;
    }
    if (!chardev_option_bool(o, "mux", &mux, err, errlen) || !chardev_option_bool(o, "logappend", &append, err, errlen))
        return NULL;
    snprintf(base_id, sizeof base_id, mux ? "%s-base" : "%s", id);
    struct chardev *c = chardev_new(l, k, base_id), *m;
    if (!c) {
        snprintf(err, errlen, "-chardev %s: no memory", k->name);
        return NULL;
    }
    if (log && !(c->log = fopen(log, append ? "ae" : "we"))) {
        snprintf(err, errlen, "%s: %s", log, strerror(errno));
        drop(c);
        return NULL;
    }
    if (!k->open(c, o, err, errlen)) {
        drop(c);
        return NULL;
    }
    if (!mux)
        return c;
    if (!(m = chardev_mux(c, id)))
        snprintf(err, errlen, "-chardev %s: no memory", k->name);
    return m;
}

static const struct chardev_class *find_class(const char *name)
{
    static const struct { const char *name, *is; } aliases[] = { { "tty", "serial" }, { "memory", "ringbuf" } };
    for (unsigned k = 0; k < sizeof aliases / sizeof *aliases; k++)
        if (!strcmp(aliases[k].name, name))
            name = aliases[k].is;
    for (unsigned k = 0; classes[k]; k++)
        if (!strcmp(classes[k]->name, name))
            return classes[k];
    return NULL;
}

struct chardev *chardev_add(struct loop *l, const char *text, char *err, size_t errlen)
{
    struct word w;
    struct chardev_options o = { .n = 0 };
    bool named = next_word(&text, &w);
    const struct chardev_class *k = named && (!w.value || !strcmp(w.name, "backend")) ? find_class(w.value ? w.value : w.name) : NULL;
    if (!k) {
        const struct chardev_class *const *at = classes;
        const char *near = named ? nearest(w.name, next_class, &at) : NULL;
        snprintf(err, errlen, "there is no character device %s%s%s (-chardev help)", named ? w.name : "", near ? "; the nearest is " : "",
                 near ? near : "");
        return NULL;
    }
    struct chardev *c = parse_options(k, text, &o, err, errlen) ? make(l, k, &o, err, errlen) : NULL;
    free_options(&o);
    return c;
}

/* Short forms: what comes before the first comma is the address, the rest options. */
static const struct { const char *prefix, *class; const char *extra; bool has_path, has_host; } short_forms[] = {
    { "stdio", "stdio", NULL, false, false }, { "pty", "pty", NULL, false, false }, { "null", "null", NULL, false, false },
    { "ringbuf", "ringbuf", NULL, false, false }, { "file:", "file", NULL, true, false }, { "pipe:", "pipe", NULL, true, false },
    { "unix:", "socket", NULL, true, false }, { "tcp:", "socket", NULL, false, true }, { "telnet:", "socket", "telnet", false, true },
    { "/dev/", "serial", NULL, true, false },
};

struct chardev *chardev_add_short(struct loop *l, const char *id, const char *text, bool *none, char *err, size_t errlen)
{
    struct chardev_options o = { .n = 0 };
    struct chardev *c = NULL;
    bool mux = !strncmp(text, "mon:", 4);
    const char *whole = text;
    *none = !strcmp(text, "none");
    if (*none)
        return NULL;
    text += mux ? 4 : 0;
    if (!strncmp(text, "chardev:", 8)) {
        if (!(c = backend_by_id(PROP_CHARDEV, text + 8)))
            snprintf(err, errlen, "there is no -chardev with the id %s", text + 8);
        return c;
    }
    for (unsigned k = 0; k < sizeof short_forms / sizeof *short_forms; k++) {
        size_t n = strlen(short_forms[k].prefix), len;
        const char *at = text + (strcmp(short_forms[k].class, "serial") ? n : 0);
        if (strncmp(text, short_forms[k].prefix, n))
            continue;
        const struct chardev_class *class = find_class(short_forms[k].class);
        char address[256];
        len = strcspn(at, ",");
        snprintf(address, sizeof address, "%.*s", (int)len, at);
        add_option(&o, "id", id);
        if (short_forms[k].has_path)
            add_option(&o, "path", address);
        if (short_forms[k].has_host) {
            char *colon = strrchr(address, ':');
            if (!colon)
                break;
            *colon = 0;
            add_option(&o, "host", address);
            add_option(&o, "port", colon + 1);
        }
        if (short_forms[k].extra)
            add_option(&o, short_forms[k].extra, "on");
        if (mux)
            add_option(&o, "mux", "on");
        if (mux && class == &chardev_stdio)
            add_option(&o, "signal", "off"); /* Ctrl-C is the guest's */
        if (parse_options(class, at + len + (at[len] == ','), &o, err, errlen))
            c = make(l, class, &o, err, errlen);
        free_options(&o);
        return c;
    }
    free_options(&o);
    snprintf(err, errlen, "%s: no such character device: stdio, mon:stdio, pty, null, none, file:PATH, pipe:PATH, unix:PATH, tcp:HOST:PORT, "
             "telnet:HOST:PORT, /dev/..., chardev:ID", whole);
    return NULL;
}

void chardev_help(FILE *f)
{
    fprintf(f, "Available chardev backend types:\n");
    for (unsigned k = 0; classes[k]; k++)
        fprintf(f, "  %-8s %s%s%s\n", classes[k]->name, classes[k]->help, *classes[k]->options ? ": " : "", classes[k]->options);
    fprintf(f, "  all have id, mux, logfile, logappend\n");
}
