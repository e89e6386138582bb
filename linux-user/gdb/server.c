/*
 * The server: a host thread that waits for gdb, and for what the guest has to tell it.
 *
 * Packets: ../../gdb/wire.c. While the guest runs gdb
 * may send one byte, 3, to stop it; the answer to the packet that let it run comes when it stops.
 * If gdb goes away without a word the guest goes on without it, and gdb may come again.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "guest_signal.h"

/* ------------------------------------------------------------------ answers */

void gdb_put_thread(struct gdb *g, pid_t tid)
{
    if (g->multiprocess)
        gdb_putf(g, "p%x.%x", (unsigned)getpid(), (unsigned)tid);
    else
        gdb_putf(g, "%x", (unsigned)tid);
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
    wire_send(&g->wire);
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
    shutdown(g->wire.conn, SHUT_RDWR);
    fd_unhide(g->p, g->wire.conn);
    g->wire.conn = -1;
    g->wire.nin = 0;
}

static void take_packet(void *arg, char *s, size_t len)
{
    struct gdb *g = arg;
    bool answer;

    if (!strncmp(s, "vFile:", 6)) { /* files of /proc need the locks themselves */
        gdb_hostfile(g, s + 6, len - 6);
        wire_send(&g->wire);
        return;
    }
    pthread_mutex_lock(&g->lock);
    pthread_mutex_lock(&g->p->threads_lock);
    answer = gdb_command(g, s, len);
    pthread_mutex_unlock(&g->p->threads_lock);
    pthread_mutex_unlock(&g->lock);
    if (answer)
        wire_send(&g->wire);
}

static void interrupt(void *arg)
{
    struct gdb *g = arg;

    pthread_mutex_lock(&g->lock);
    if (!g->stopped && g->attached) {
        g->stop = (struct gdb_stop){.kind = GDB_STOP_SIGNAL, .signo = SIGINT};
        gdb_close_gate(g);
    }
    pthread_mutex_unlock(&g->lock);
}

static void accept_gdb(struct gdb *g)
{
    int fd = wire_accept(g->listener);

    if (fd < 0)
        return;
    if (g->wire.conn >= 0) { /* one at a time */
        close(fd);
        return;
    }
    g->wire.conn = fd_hide(g->p, fd);
    g->wire.no_ack = g->multiprocess = g->swbreak = g->hwbreak = g->exec_events = false;
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
        struct pollfd p[3] = {{g->event, POLLIN, 0}, {g->listener, POLLIN, 0}, {g->wire.conn, POLLIN, 0}};

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
        if (p[2].revents != 0 && g->wire.conn >= 0) {
            ssize_t r = recv(g->wire.conn, g->wire.in + g->wire.nin, sizeof g->wire.in - g->wire.nin, 0);

            if (r <= 0 && !(r < 0 && errno == EINTR)) {
                hang_up(g);
            } else if (r > 0) {
                g->wire.nin += (size_t)r;
                wire_take(&g->wire, &(struct wire_user){take_packet, interrupt, g});
                if (g->wire.nin == sizeof g->wire.in) /* no packet is that long */
                    hang_up(g);
            }
        }
        pthread_mutex_lock(&g->lock);
        bool gone = g->wire.conn >= 0 && !g->attached;
        pthread_mutex_unlock(&g->lock);
        if (gone)
            hang_up(g);
    }
    return NULL;
}

/* -------------------------------------------------------------------- start */

/* The connection that an earlier program of this process had, after execve: gdb is told of it. */
static int take_session(struct gdb *g, const char *text, char *err, size_t errlen)
{
    int fd;
    unsigned flags;

    if (sscanf(text, "%d,%x", &fd, &flags) != 2 || fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
        snprintf(err, errlen, "no session of gdb's: %s", text);
        return -EINVAL;
    }
    g->wire.conn = fd_hide(g->p, fd);
    g->wire.no_ack = flags & 1;
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
    if (!g->attached || !g->exec_events || g->wire.conn < 0) {
        pthread_mutex_unlock(&g->lock);
        return false;
    }
    fcntl(g->wire.conn, F_SETFD, 0);
    snprintf(text, size, "session:%d,%x", g->wire.conn,
             (unsigned)(g->wire.no_ack | g->multiprocess << 1 | g->swbreak << 2 | g->hwbreak << 3));
    return true;
}

void gdb_exec_failed(struct thread *t)
{
    struct gdb *g = t->p->gdb;

    fcntl(g->wire.conn, F_SETFD, FD_CLOEXEC);
    pthread_mutex_unlock(&g->lock);
}

/* where is cut up. */
static int open_listener(struct gdb *g, char *where, char *err, size_t errlen)
{
    char *comma = strchr(where, ',');

    g->suspend = true;
    if (comma != NULL) {
        *comma = 0;
        if (strcmp(comma + 1, "suspend=n") && strcmp(comma + 1, "suspend=y")) {
            snprintf(err, errlen, "'%s' is neither suspend=y nor suspend=n", comma + 1);
            return -EINVAL;
        }
        g->suspend = comma[9] == 'y';
    }
    return wire_listen(where, &g->unlink_path, err, errlen);
}

int gdb_start(struct process *p, const char *where, char *err, size_t errlen)
{
    struct gdb *g = calloc(1, sizeof *g);
    char *copy = strdup(where);
    pthread_t id;
    int r;

    if (g == NULL || copy == NULL || !wire_init(&g->wire) || p->abi->gdb == NULL) {
        snprintf(err, errlen, "no memory");
        return -ENOMEM;
    }
    g->p = p;
    g->mem = -1;
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
