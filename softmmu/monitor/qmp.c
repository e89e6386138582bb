/*
 * QMP's sessions: greeting, negotiation, requests and answers, events. See qmp.h.
 *
 * A session answers each request before it reads the next one. What the client does not read is kept, up to a limit at
 * which no more is read from it, and beyond which events are dropped for it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "fdset.h"
#include "qmp.h"
#include "qmp_stream.h"

enum { OUT_STOP = 1 << 20, OUT_MOST = 16 << 20, TABLES = 24 };

struct qmp {
    struct machine *machine;
    struct monitor_port port;
    bool pretty, open, ready; /* ready: past negotiation */
    struct qmp_stream in;
    char *out;
    size_t nout, sent, cap;
    struct qmp *next;
};

static struct qmp *sessions;
static const struct { enum qmp_class class; const char *name; } classes[] = {
    { QMP_GENERIC, "GenericError" }, { QMP_COMMAND_NOT_FOUND, "CommandNotFound" }, { QMP_DEVICE_NOT_ACTIVE, "DeviceNotActive" },
    { QMP_DEVICE_NOT_FOUND, "DeviceNotFound" }, { QMP_KVM_MISSING_CAP, "KVMMissingCap" },
};

/* ------------------------------------------------------------------------- tables */

static struct {
    const struct qmp_command *commands;
    const struct qmp_type *types;
    const struct qmp_event *events;
    const struct qmp_missing *missing;
} tables[TABLES];
static unsigned ntables;

void qmp_add(const struct qmp_command *commands, const struct qmp_type *types, const struct qmp_event *events, const struct qmp_missing *missing)
{
    if (ntables == TABLES)
        abort(); /* ours */
    tables[ntables].commands = commands;
    tables[ntables].types = types;
    tables[ntables].events = events;
    tables[ntables++].missing = missing;
}

static void add_own(void)
{
    static bool added;
    if (added)
        return;
    added = true;
    qmp_add_core();
    qmp_add_fds();
    qmp_add_migrate();
}

#define ROW_AT(member)                                                                      \
    {                                                                                       \
        add_own();                                                                          \
        for (unsigned t = 0; t < ntables; t++)                                              \
            for (unsigned i = 0; tables[t].member && tables[t].member[i].name; i++)         \
                if (!k--)                                                                   \
                    return &tables[t].member[i];                                            \
        return NULL;                                                                        \
    }
const struct qmp_command *qmp_command_at(unsigned k) ROW_AT(commands)
const struct qmp_type *qmp_type_at(unsigned k) ROW_AT(types)
const struct qmp_event *qmp_event_at(unsigned k) ROW_AT(events)
static const struct qmp_missing *missing_at(unsigned k) ROW_AT(missing)

static const struct qmp_command *find(const char *name)
{
    const struct qmp_command *c;
    for (unsigned k = 0; (c = qmp_command_at(k)); k++)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

const struct qmp_event *qmp_event_find(const char *name)
{
    const struct qmp_event *e;
    for (unsigned k = 0; (e = qmp_event_at(k)); k++)
        if (!strcmp(e->name, name))
            return e;
    return NULL;
}

/* ------------------------------------------------------------------------- output */

static void flush(struct qmp *q)
{
    while (q->sent < q->nout) {
        size_t n = q->port.write(q->port.arg, (const uint8_t *)q->out + q->sent, q->nout - q->sent);
        q->sent += n;
        if (!n)
            return;
    }
    q->sent = q->nout = 0;
    if (q->cap > OUT_STOP) {
        free(q->out);
        q->out = NULL;
        q->cap = 0;
    }
}

static void append(struct qmp *q, const char *text, size_t n)
{
    if (q->sent) {
        memmove(q->out, q->out + q->sent, q->nout - q->sent);
        q->nout -= q->sent;
        q->sent = 0;
    }
    if (q->cap - q->nout < n) {
        size_t cap = 2 * (q->nout + n);
        char *out = realloc(q->out, cap);
        if (!out)
            return;
        q->out = out;
        q->cap = cap;
    }
    memcpy(q->out + q->nout, text, n);
    q->nout += n;
}

/* One message, whose reference it takes. */
static void send_out(struct qmp *q, json_t *v)
{
    char *text = v ? json_dumps(v, q->pretty ? JSON_INDENT(4) : 0) : NULL;
    if (text) {
        append(q, text, strlen(text));
        append(q, "\r\n", 2);
        flush(q);
    }
    free(text);
    json_decref(v);
}

void qmp_drained(struct qmp *q) { flush(q); }
size_t qmp_room(struct qmp *q) { return q->nout - q->sent < OUT_STOP ? 4096 : 0; }

/* ------------------------------------------------------------------------- events */

static json_t *now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return json_pack("{s:I,s:I}", "seconds", (json_int_t)t.tv_sec, "microseconds", (json_int_t)t.tv_nsec / 1000);
}

static void broadcast(struct machine *m, const char *name, json_t *data)
{
    json_t *e = json_pack("{s:o,s:s}", "timestamp", now(), "event", name);
    if (data)
        json_object_set(e, "data", data);
    for (struct qmp *q = sessions; q; q = q->next)
        if (q->machine == m && q->open && q->ready && q->nout - q->sent < OUT_MOST)
            send_out(q, json_incref(e));
    json_decref(e);
}

/* An event that has a limit: until its time is over only the last one is kept. */
struct limited {
    struct machine *machine;
    const struct qmp_event *row;
    char *key;
    json_t *data;
    bool pending;
    int fd;
    struct loop_fd *watch;
    struct limited *next;
};
static struct limited *limited;

static void begin_pause(struct limited *l)
{
    struct itimerspec when = { .it_value = { l->row->limit / 1000, l->row->limit % 1000 * 1000000l + 1 } };
    timerfd_settime(l->fd, 0, &when, NULL);
}

static void pause_over(void *arg, uint32_t events)
{
    struct limited *l = arg, **at = &limited;
    uint64_t count;
    if (read(l->fd, &count, sizeof count) < 0)
        return;
    if (l->pending) {
        broadcast(l->machine, l->row->name, l->data);
        l->pending = false;
        begin_pause(l);
        return;
    }
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    loop_unwatch(l->machine->loop, l->watch);
    close(l->fd);
    json_decref(l->data);
    free(l->key);
    free(l);
}

/* True: it is kept back. */
static bool keep_back(struct machine *m, const struct qmp_event *row, json_t *data)
{
    const char *key = row->by ? json_string_value(json_object_get(data, row->by)) : "";
    struct limited *l = limited;
    key = key ? key : "";
    while (l && (l->row != row || strcmp(l->key, key)))
        l = l->next;
    if (l) {
        json_decref(l->data);
        l->data = json_incref(data);
        return l->pending = true;
    }
    if (!(l = calloc(1, sizeof *l)))
        return false;
    *l = (struct limited){ .machine = m, .row = row, .key = strdup(key), .next = limited };
    l->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (!l->key || l->fd < 0 || !(l->watch = loop_watch(m->loop, l->fd, EPOLLIN, pause_over, l))) {
        if (l->fd >= 0)
            close(l->fd);
        free(l->key);
        free(l);
        return false;
    }
    limited = l;
    begin_pause(l);
    return false;
}

void qmp_send_event(struct machine *m, const char *name, json_t *data)
{
    const struct qmp_event *row = qmp_event_find(name);
    if (!row || !row->limit || !keep_back(m, row, data))
        broadcast(m, name, data);
    json_decref(data);
}

static void on_event(struct machine *m, const char *name, const char *format, va_list ap)
{
    json_error_t e;
    qmp_send_event(m, name, format ? json_vpack_ex(&e, 0, format, ap) : NULL);
}

/* ------------------------------------------------------------------------ requests */

json_t *qmp_fail(struct qmp_call *c, enum qmp_class class, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(c->error, sizeof c->error, format, ap);
    va_end(ap);
    c->class = class;
    return NULL;
}

/* No such command: what is known of it. */
static void unknown(struct qmp_call *c, const char *name)
{
    const struct qmp_missing *x;
    for (unsigned k = 0; (x = missing_at(k)); k++)
        if (!strcmp(x->name, name)) {
            qmp_fail(c, QMP_COMMAND_NOT_FOUND, "the command %s is not there: %s", name, x->why);
            return;
        }
    qmp_fail(c, QMP_COMMAND_NOT_FOUND, "the command %s has not been found", name);
}

static json_t *run(struct qmp_call *c, const char *name)
{
    c->command = find(name);
    if (!c->command) {
        unknown(c, name);
        return NULL;
    }
    return qmp_check(c) ? c->command->run(c) : NULL;
}

json_t *qmp_run(struct machine *m, const char *name, json_t *args, enum qmp_class *class, char *error, size_t errlen)
{
    struct qmp_call c = { .machine = m, .args = args ? json_incref(args) : json_object() };
    json_t *answer = run(&c, name);
    *class = c.class;
    snprintf(error, errlen, "%s", c.error);
    json_decref(c.args);
    if (c.after)
        c.after(m);
    return answer;
}

static json_t *negotiate(struct qmp *q, struct qmp_call *c)
{
    json_t *enable = json_object_get(c->args, "enable"), *v;
    size_t k;
    const char *name;
    json_object_foreach(c->args, name, v)
        if (strcmp(name, "enable"))
            return qmp_fail(c, QMP_GENERIC, "there is no argument '%s'", name);
    if (enable && !json_is_array(enable))
        return qmp_fail(c, QMP_GENERIC, "the argument 'enable' should be an array");
    json_array_foreach(enable, k, v)
        return qmp_fail(c, QMP_GENERIC, json_is_string(v) ? "the capability '%s' is not offered" : "a capability should be a string%s",
                        json_is_string(v) ? json_string_value(v) : "");
    q->ready = true;
    return json_object();
}

/* The request's parts; false: it is none. */
static bool take_apart(struct qmp_call *c, json_t *request, const char **name)
{
    const char *key;
    json_t *v;
    *name = NULL;
    json_object_foreach(request, key, v) {
        if (!strcmp(key, "execute")) {
            if (!(*name = json_string_value(v)))
                return qmp_fail(c, QMP_GENERIC, "the member 'execute' should be a string"), false;
        } else if (!strcmp(key, "exec-oob")) {
            return qmp_fail(c, QMP_GENERIC, "'exec-oob' wants the capability oob, which is not offered"), false;
        } else if (!strcmp(key, "arguments")) {
            if (!json_is_object(v))
                return qmp_fail(c, QMP_GENERIC, "the member 'arguments' should be an object"), false;
            json_decref(c->args);
            c->args = json_incref(v);
        } else if (strcmp(key, "id")) {
            return qmp_fail(c, QMP_GENERIC, "a request has no member '%s'", key), false;
        }
    }
    return *name || (qmp_fail(c, QMP_GENERIC, "the request has no member 'execute'"), false);
}

static json_t *execute(struct qmp *q, struct qmp_call *c, json_t *request)
{
    const char *name;
    if (!json_is_object(request))
        return qmp_fail(c, QMP_GENERIC, "a request is a JSON object");
    if (!take_apart(c, request, &name))
        return NULL;
    bool negotiation = !strcmp(name, "qmp_capabilities");
    if (!q->ready)
        return negotiation ? negotiate(q, c) : qmp_fail(c, QMP_COMMAND_NOT_FOUND, "capabilities are to be negotiated first, with qmp_capabilities");
    if (negotiation)
        return qmp_fail(c, QMP_COMMAND_NOT_FOUND, "capabilities have been negotiated already");
    return run(c, name);
}

static void answer(struct qmp *q, struct qmp_call *c, json_t *result, json_t *id)
{
    json_t *v = result ? json_pack("{s:o}", "return", result)
                       : json_pack("{s:{s:s,s:s}}", "error", "class", classes[c->class].name, "desc", c->error);
    if (!v) /* an error text with bytes of its own */
        v = json_pack("{s:{s:s,s:s}}", "error", "class", classes[c->class].name, "desc", "an error that can't be written in UTF-8");
    if (id)
        json_object_set(v, "id", id);
    send_out(q, v);
}

static void got_text(void *arg, const char *text, size_t n, const char *error)
{
    struct qmp *q = arg;
    struct qmp_call c = { .machine = q->machine, .session = q, .args = json_object() };
    json_error_t e;
    json_t *request = error ? NULL : json_loadb(text, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e), *result = NULL, *id = NULL;
    if (request) {
        id = json_object_get(request, "id");
        result = execute(q, &c, request);
    } else {
        qmp_fail(&c, QMP_GENERIC, "no JSON: %s", error ? error : e.text);
    }
    answer(q, &c, result, id);
    json_decref(request);
    json_decref(c.args);
    if (c.after)
        c.after(q->machine);
}

void qmp_input(struct qmp *q, const uint8_t *bytes, size_t n) { qmp_stream_feed(&q->in, bytes, n, got_text, q); }

/* ------------------------------------------------------------------------ sessions */

struct qmp *qmp_new(struct machine *m, const struct monitor_port *p, bool pretty)
{
    struct qmp *q = calloc(1, sizeof *q), **at = &sessions;
    if (!q)
        return NULL;
    *q = (struct qmp){ .machine = m, .port = *p, .pretty = pretty };
    while (*at)
        at = &(*at)->next;
    *at = q;
    m->event = on_event;
    return q;
}

void qmp_opened(struct qmp *q)
{
    qmp_closed(q);
    q->open = true;
    send_out(q, json_pack("{s:{s:o,s:[]}}", "QMP", "version", qmp_version(), "capabilities"));
}

void qmp_closed(struct qmp *q)
{
    q->open = q->ready = false;
    q->sent = q->nout = 0;
    qmp_stream_reset(&q->in);
    fds_forget(q);
    for (int fd; (fd = qmp_take_fd(q)) >= 0;)
        close(fd);
}

int qmp_take_fd(struct qmp *q) { return q->port.take_fd ? q->port.take_fd(q->port.arg) : -1; }
const void *qmp_owner(const struct qmp *q) { return q; }
