/*
 * The server: a host thread that waits for gdb, and for what the guest has to tell it.
 *
 * Packets are "$data#checksum", acknowledged by + until gdb asks to leave that out. While the guest runs gdb
 * may send one byte, 3, to stop it; the answer to the packet that let it run comes when it stops.
 * If gdb goes away without a word the guest goes on without it, and gdb may come again.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "guest_signal.h"

/* ------------------------------------------------------------------ answers */

static const char digits[] = "0123456789abcdef";

void gdb_put_byte(struct gdb *g, char byte)
{
    if (g->nout < GDB_PACKET)
        g->out[g->nout++] = byte;
}

void gdb_put(struct gdb *g, const char *text)
{
    while (*text)
        gdb_put_byte(g, *text++);
}

void gdb_putf(struct gdb *g, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    gdb_put(g, text);
}

void gdb_put_hex(struct gdb *g, const void *bytes, size_t n)
{
    const uint8_t *b = bytes;

    for (size_t k = 0; k < n; k++) {
        gdb_put_byte(g, digits[b[k] >> 4]);
        gdb_put_byte(g, digits[b[k] & 15]);
    }
}

bool gdb_put_escaped(struct gdb *g, const void *bytes, size_t n)
{
    const char *b = bytes;

    for (size_t k = 0; k < n; k++) {
        bool special = b[k] == '#' || b[k] == '$' || b[k] == '}' || b[k] == '*';

        if (g->nout + 2 > GDB_PACKET)
            return false;
        if (special)
            gdb_put_byte(g, '}');
        gdb_put_byte(g, special ? b[k] ^ 0x20 : b[k]);
    }
    return true;
}

void gdb_put_thread(struct gdb *g, pid_t tid)
{
    if (g->multiprocess)
        gdb_putf(g, "p%x.%x", (unsigned)getpid(), (unsigned)tid);
    else
        gdb_putf(g, "%x", (unsigned)tid);
}

static bool send_all(struct gdb *g, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t r = send(g->conn, bytes, n, MSG_NOSIGNAL);

        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        bytes += r;
        n -= (size_t)r;
    }
    return true;
}

/* Sends what was put together. The buffer has room for the frame around it. */
static void send_answer(struct gdb *g)
{
    uint8_t sum = 0;
    char *frame = g->out - 1;

    for (size_t k = 0; k < g->nout; k++)
        sum += (uint8_t)g->out[k];
    frame[0] = '$';
    g->out[g->nout] = '#';
    g->out[g->nout + 1] = digits[sum >> 4];
    g->out[g->nout + 2] = digits[sum & 15];
    send_all(g, frame, g->nout + 4);
    g->nout = 0;
}

/* ------------------------------------------------------------- stop replies */

static void put_trap(struct gdb *g, struct thread *t)
{
    const struct gdb_target *target = g->p->abi->gdb;
    const struct gdb_stop *s = &g->stop;

    gdb_putf(g, "T%02xthread:", (unsigned)gdb_signal_number(s->signo));
    gdb_put_thread(g, t->tid);
    gdb_put(g, ";");
    if (s->kind == GDB_STOP_WATCH)
        gdb_putf(g, "%swatch:%llx;", s->type == '3' ? "r" : s->type == '4' ? "a" : "",
                 (unsigned long long)s->addr);
    else if (s->kind == GDB_STOP_EXEC) {
        gdb_put(g, "exec:");
        gdb_put_hex(g, g->p->exe, strlen(g->p->exe));
        gdb_put(g, ";");
    } else if (s->kind == GDB_STOP_ENTRY || s->kind == GDB_STOP_RETURN)
        gdb_putf(g, "syscall_%s:%llx;", s->kind == GDB_STOP_ENTRY ? "entry" : "return", (unsigned long long)s->addr);
    else if (s->kind == GDB_STOP_BREAK && (s->type == '1' ? g->hwbreak : g->swbreak))
        gdb_put(g, s->type == '1' ? "hwbreak:;" : "swbreak:;");
    for (unsigned k = 0; k < target->nexpedited; k++) {
        uint8_t value[64];
        size_t n = gdb_read_register(t, target->expedited[k], value);

        gdb_putf(g, "%02x:", target->expedited[k]);
        gdb_put_hex(g, value, n);
        gdb_put(g, ";");
    }
}

void gdb_put_stop(struct gdb *g)
{
    struct thread *t = gdb_find(g, g->stop.tid);

    switch (g->stop.kind) {
    case GDB_STOP_EXIT:
        gdb_putf(g, "W%02x", (unsigned)g->stop.signo);
        break;
    case GDB_STOP_KILLED:
        gdb_putf(g, "X%02x", (unsigned)gdb_signal_number(g->stop.signo));
        break;
    case GDB_STOP_SIGNAL:
    case GDB_STOP_BREAK:
    case GDB_STOP_WATCH:
    case GDB_STOP_ENTRY:
    case GDB_STOP_RETURN:
    case GDB_STOP_EXEC:
        if (t == NULL)
            t = gdb_find(g, 0);
        if (t == NULL) {
            gdb_put(g, "S05");
            return;
        }
        g->current = g->cont = t->tid;
        put_trap(g, t);
        return;
    }
    if (g->multiprocess)
        gdb_putf(g, ";process:%x", (unsigned)getpid());
}

/* The guest has stopped: gdb is told. lock held. */
static void tell_stop(struct gdb *g)
{
    gdb_wait_quiet(g);
    pthread_mutex_lock(&g->p->threads_lock);
    gdb_put_stop(g);
    pthread_mutex_unlock(&g->p->threads_lock);
    send_answer(g);
    g->told = true;
    if (g->stop.kind == GDB_STOP_EXIT || g->stop.kind == GDB_STOP_KILLED) {
        g->ended = true;
        pthread_cond_broadcast(&g->quiet);
    }
}

void gdb_detach(struct gdb *g)
{
    if (!g->attached)
        return;
    g->nbreaks = g->nwatches = 0;
    gdb_sync(g, false);
    g->attached = false;
    signal_debugged(g->p);
    for (struct thread *t = g->p->threads; t != NULL; t = t->next)
        if (t->gdb != NULL)
            t->gdb->action = GDB_CONT, t->gdb->held = t->gdb->stepped = false;
    gdb_open_gate(g);
}

/* ------------------------------------------------------------------ packets */

static void hang_up(struct gdb *g)
{
    pthread_mutex_lock(&g->lock);
    pthread_mutex_lock(&g->p->threads_lock);
    gdb_detach(g);
    pthread_mutex_unlock(&g->p->threads_lock);
    pthread_mutex_unlock(&g->lock);
    for (unsigned k = 0; k < GDB_FILES; k++)
        if (g->files[k].fd > 0) {
            fd_unhide(g->p, g->files[k].fd);
            g->files[k].fd = 0;
        }
    shutdown(g->conn, SHUT_RDWR);
    fd_unhide(g->p, g->conn);
    g->conn = -1;
    g->nin = 0;
}

/* One packet, unescaped in place. */
static void take_packet(struct gdb *g, const uint8_t *data, size_t n)
{
    size_t len = 0;
    bool answer;

    for (size_t k = 0; k < n; k++)
        g->packet[len++] = data[k] == '}' && k + 1 < n ? data[++k] ^ 0x20 : data[k];
    g->packet[len] = 0;
    if (!strncmp((char *)g->packet, "vFile:", 6)) { /* files of /proc need the locks themselves */
        gdb_hostfile(g, (char *)g->packet + 6, len - 6);
        send_answer(g);
        return;
    }
    pthread_mutex_lock(&g->lock);
    pthread_mutex_lock(&g->p->threads_lock);
    answer = gdb_command(g, (char *)g->packet, len);
    pthread_mutex_unlock(&g->p->threads_lock);
    pthread_mutex_unlock(&g->lock);
    if (answer)
        send_answer(g);
}

static int hex_digit(uint8_t c)
{
    const char *at = c ? strchr(digits, c | 0x20) : NULL;

    return at ? (int)(at - digits) : -1;
}

/* What of the input is complete. */
static void take_input(struct gdb *g)
{
    size_t at = 0;

    while (at < g->nin && g->conn >= 0) {
        uint8_t *end, sum = 0;

        if (g->in[at] == 3) {
            pthread_mutex_lock(&g->lock);
            if (!g->stopped && g->attached) {
                g->stop = (struct gdb_stop){.kind = GDB_STOP_SIGNAL, .signo = SIGINT};
                gdb_close_gate(g);
            }
            pthread_mutex_unlock(&g->lock);
        }
        if (g->in[at] != '$') {
            at++;
            continue;
        }
        end = memchr(g->in + at, '#', g->nin - at);
        if (end == NULL || end + 3 > g->in + g->nin)
            break;
        for (const uint8_t *b = g->in + at + 1; b < end; b++)
            sum += *b;
        size_t from = at + 1;
        at = (size_t)(end + 3 - g->in);
        if (hex_digit(end[1]) * 16 + hex_digit(end[2]) != sum && !g->no_ack) {
            send_all(g, "-", 1);
            continue;
        }
        if (!g->no_ack)
            send_all(g, "+", 1);
        take_packet(g, g->in + from, (size_t)(end - (g->in + from)));
    }
    if (at > g->nin)
        at = g->nin;
    memmove(g->in, g->in + at, g->nin - at);
    g->nin -= at;
}

static void accept_gdb(struct gdb *g)
{
    int fd = accept4(g->listener, NULL, NULL, SOCK_CLOEXEC), on = 1;

    if (fd < 0)
        return;
    if (g->conn >= 0) { /* one at a time */
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    g->conn = fd_hide(g->p, fd);
    g->no_ack = g->multiprocess = g->swbreak = g->hwbreak = g->exec_events = false;
    pthread_mutex_lock(&g->lock);
    g->attached = true;
    g->pass_signals = 0;
    memset(g->catches, 0, sizeof g->catches);
    g->modid_field = 0;
    g->stop = (struct gdb_stop){.kind = GDB_STOP_SIGNAL, .signo = SIGTRAP};
    gdb_close_gate(g);
    signal_debugged(g->p); /* until now Ctrl-C and the like ended a process that waits for gdb */
    gdb_wait_quiet(g);
    g->told = true; /* gdb asks by itself */
    pthread_mutex_unlock(&g->lock);
}

void *gdb_server(void *arg)
{
    struct gdb *g = arg;
    eventfd_t n;

    signal_allow_faults();
    for (;;) {
        struct pollfd p[3] = {{g->event, POLLIN, 0}, {g->listener, POLLIN, 0}, {g->conn, POLLIN, 0}};

        if (poll(p, 3, -1) < 0)
            continue;
        if (p[0].revents != 0) {
            eventfd_read(g->event, &n);
            pthread_mutex_lock(&g->lock);
            if (g->stopped && !g->told && g->attached)
                tell_stop(g);
            pthread_mutex_unlock(&g->lock);
        }
        if (p[1].revents != 0)
            accept_gdb(g);
        if (p[2].revents != 0 && g->conn >= 0) {
            ssize_t r = recv(g->conn, g->in + g->nin, sizeof g->in - g->nin, 0);

            if (r <= 0 && !(r < 0 && errno == EINTR)) {
                hang_up(g);
            } else if (r > 0) {
                g->nin += (size_t)r;
                take_input(g);
                if (g->nin == sizeof g->in) /* no packet is that long */
                    hang_up(g);
            }
        }
        pthread_mutex_lock(&g->lock);
        bool gone = g->conn >= 0 && !g->attached;
        pthread_mutex_unlock(&g->lock);
        if (gone)
            hang_up(g);
    }
    return NULL;
}

/* -------------------------------------------------------------------- start */

static int listen_unix(struct gdb *g, const char *path, char *err, size_t errlen)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    const char *pct = strstr(path, "%d");
    char name[sizeof a.sun_path];
    int n, fd;

    if (pct != NULL)
        n = snprintf(name, sizeof name, "%.*s%d%s", (int)(pct - path), path, (int)getpid(), pct + 2);
    else
        n = snprintf(name, sizeof name, "%s", path);
    if (n >= (int)sizeof name) {
        snprintf(err, errlen, "%s: the name of a socket can't be that long", path);
        return -ENAMETOOLONG;
    }
    memcpy(a.sun_path, name, sizeof name);
    unlink(name);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 1) < 0) {
        n = -errno;
        snprintf(err, errlen, "%s: %s", name, strerror(-n));
        close(fd);
        return n;
    }
    g->unlink_path = strdup(name);
    return fd;
}

/* host: a numeric address, "localhost", or NULL for all addresses. */
static int listen_tcp(const char *host, const char *port, char *err, size_t errlen)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    unsigned long number = strtoul(port, NULL, 10);
    bool is_v6 = host != NULL && inet_pton(AF_INET6, host, &v6.sin6_addr) == 1;
    int fd, on = 1;

    if (host != NULL && !strcmp(host, "localhost"))
        host = "127.0.0.1";
    if (number > 65535 || (host != NULL && !is_v6 && inet_pton(AF_INET, host, &v4.sin_addr) != 1)) {
        snprintf(err, errlen, "%s:%s is not an address and a port", host ? host : "", port);
        return -EINVAL;
    }
    v4.sin_port = v6.sin6_port = htons((uint16_t)number);
    fd = socket(is_v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || (is_v6 ? bind(fd, (struct sockaddr *)&v6, sizeof v6)
                         : bind(fd, (struct sockaddr *)&v4, sizeof v4)) < 0 || listen(fd, 1) < 0) {
        int r = -errno;

        snprintf(err, errlen, "port %s: %s", port, strerror(-r));
        close(fd);
        return r;
    }
    return fd;
}

/* The connection that an earlier program of this process had, after execve: gdb is told of it. */
static int take_session(struct gdb *g, const char *text, char *err, size_t errlen)
{
    int fd;
    unsigned flags;

    if (sscanf(text, "%d,%x", &fd, &flags) != 2 || fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        snprintf(err, errlen, "no session of gdb's: %s", text);
        return -EINVAL;
    }
    g->conn = fd_hide(g->p, fd);
    g->no_ack = flags & 1;
    g->multiprocess = flags & 2;
    g->swbreak = flags & 4;
    g->hwbreak = flags & 8;
    g->exec_events = g->suspend = g->attached = true;
    g->stop = (struct gdb_stop){.kind = GDB_STOP_EXEC, .signo = SIGTRAP};
    return -1;
}

bool gdb_exec(struct thread *t, char *text, size_t size)
{
    struct gdb *g = t->p->gdb;

    if (g == NULL)
        return false;
    pthread_mutex_lock(&g->lock);
    if (!g->attached || !g->exec_events || g->conn < 0) {
        pthread_mutex_unlock(&g->lock);
        return false;
    }
    fcntl(g->conn, F_SETFD, 0);
    snprintf(text, size, "session:%d,%x", g->conn,
             (unsigned)(g->no_ack | g->multiprocess << 1 | g->swbreak << 2 | g->hwbreak << 3));
    return true;
}

void gdb_exec_failed(struct thread *t)
{
    struct gdb *g = t->p->gdb;

    fcntl(g->conn, F_SETFD, FD_CLOEXEC);
    pthread_mutex_unlock(&g->lock);
}

/* where is cut up. */
static int open_listener(struct gdb *g, char *where, char *err, size_t errlen)
{
    char *comma = strchr(where, ','), *colon;

    g->suspend = true;
    if (comma != NULL) {
        *comma = 0;
        if (strcmp(comma + 1, "suspend=n") && strcmp(comma + 1, "suspend=y")) {
            snprintf(err, errlen, "'%s' is neither suspend=y nor suspend=n", comma + 1);
            return -EINVAL;
        }
        g->suspend = comma[9] == 'y';
    }
    if (!strncmp(where, "unix:", 5))
        return listen_unix(g, where + 5, err, errlen);
    if (*where && where[strspn(where, "0123456789")] == 0)
        return listen_tcp(NULL, where, err, errlen);
    colon = strrchr(where, ':');
    if (colon != NULL && strchr(where, '/') == NULL) {
        *colon = 0;
        return listen_tcp(*where && strcmp(where, "*") ? where : NULL, colon + 1, err, errlen);
    }
    return listen_unix(g, where, err, errlen);
}

int gdb_start(struct process *p, const char *where, char *err, size_t errlen)
{
    struct gdb *g = calloc(1, sizeof *g);
    char *copy = strdup(where), *out = malloc(GDB_PACKET + 8);
    pthread_t id;
    int r;

    if (g == NULL || copy == NULL || out == NULL || p->abi->gdb == NULL) {
        snprintf(err, errlen, "no memory");
        return -ENOMEM;
    }
    g->p = p;
    g->conn = g->mem = -1;
    g->out = out + 1;
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->go, NULL);
    pthread_cond_init(&g->quiet, NULL);
    bool session = !strncmp(copy, "session:", 8);
    r = session ? take_session(g, copy + 8, err, errlen) : open_listener(g, copy, err, errlen);
    free(copy);
    if (r < -1 || (r < 0 && !session))
        return r;
    g->listener = session ? -1 : fd_hide(p, r);
    g->event = fd_hide(p, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    g->stopped = g->suspend;
    g->told = g->suspend && !session; /* otherwise gdb asks by itself */
    p->gdb = g;
    p->threaded = true; /* forks go through the C library: there is a host thread more */
    r = -signal_host_thread(p, &id, NULL, gdb_server, g);
    signal_unblock(p->threads);
    if (r < 0)
        snprintf(err, errlen, "the stub's thread can't start: %s", strerror(-r));
    if (session) {
        signal_debugged(p);
        eventfd_write(g->event, 1);
    }
    return r;
}
