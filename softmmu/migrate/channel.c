/*
 * Channels: files, pipes to commands, sockets. See channel.h.
 *
 * All descriptors are non-blocking where they can be, and waited for in short steps, so that a migration can be cancelled while its
 * other end takes nothing, and a limit of speed is kept in pieces of a tenth of a second.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "channel.h"
#include "monitor/fdset.h"

extern char **environ;

enum { STEP_MS = 100 };

struct pipe_channel {
    struct channel c;
    int in, out, child;
    uint64_t until; /* ns: of the time that all may take; 0: no end */
    const uint64_t *limit;
    const bool *stop;
    uint64_t window, sent; /* ns of the window's begin, bytes written in it */
};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static bool stopped(const struct pipe_channel *p) { return p->stop && __atomic_load_n(p->stop, __ATOMIC_ACQUIRE); }

/* False: it was cancelled, or the time is over. */
static bool wait_ready(struct pipe_channel *p, int fd, short events, char *err, size_t errlen)
{
    struct pollfd f = { fd, events, 0 };
    for (;;) {
        if (stopped(p)) {
            snprintf(err, errlen, "it was cancelled");
            return false;
        }
        if (p->until && now_ns() >= p->until) {
            snprintf(err, errlen, "the other end takes too long while the machine stands");
            return false;
        }
        if (poll(&f, 1, STEP_MS) > 0)
            return true;
    }
}

/* Before n bytes are written: no more in a tenth of a second than the limit allows. */
static void pace(struct pipe_channel *p, size_t n)
{
    uint64_t limit = p->limit ? __atomic_load_n(p->limit, __ATOMIC_RELAXED) : 0, now = now_ns();
    const uint64_t tenth = 100000000;
    if (limit && p->sent >= limit / 10 && now - p->window < tenth) {
        uint64_t left = tenth - (now - p->window);
        nanosleep(&(struct timespec){ 0, (long)left }, NULL);
        now = now_ns();
    }
    if (now - p->window >= tenth) {
        p->window = now;
        p->sent = 0;
    }
    p->sent += n;
}

static bool channel_write(struct channel *c, const void *from, size_t n, char *err, size_t errlen)
{
    struct pipe_channel *p = (struct pipe_channel *)c;
    const uint8_t *at = from;
    while (n) {
        size_t k = n < 64 << 10 ? n : 64 << 10;
        pace(p, k);
        if (!wait_ready(p, p->out, POLLOUT, err, errlen))
            return false;
        ssize_t done = write(p->out, at, k);
        if (done < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (done <= 0) {
            snprintf(err, errlen, "writing the stream: %s", strerror(done < 0 ? errno : ENOSPC));
            return false;
        }
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool channel_read(struct channel *c, void *to, size_t n, char *err, size_t errlen)
{
    struct pipe_channel *p = (struct pipe_channel *)c;
    uint8_t *at = to;
    while (n) {
        if (!wait_ready(p, p->in, POLLIN, err, errlen))
            return false;
        ssize_t done = read(p->in, at, n);
        if (done < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (done <= 0) {
            snprintf(err, errlen, done < 0 ? "reading the stream: %s" : "the stream ends too early", strerror(errno));
            return false;
        }
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void channel_close(struct channel *c)
{
    struct pipe_channel *p = (struct pipe_channel *)c;
    if (p->in >= 0)
        close(p->in);
    if (p->out >= 0 && p->out != p->in)
        close(p->out);
    if (p->child > 0) {
        kill(p->child, SIGTERM);
        waitpid(p->child, NULL, 0);
    }
    free(p);
}

struct channel *channel_new(int in, int out, int child, const uint64_t *limit, const bool *stop)
{
    struct pipe_channel *p = calloc(1, sizeof *p);
    if (!p) {
        if (in >= 0)
            close(in);
        if (out >= 0 && out != in)
            close(out);
        return NULL;
    }
    *p = (struct pipe_channel){ { channel_write, channel_read, channel_close }, in, out, child, 0, limit, stop, 0, 0 };
    return &p->c;
}

void channel_deadline(struct channel *c, unsigned ms) { ((struct pipe_channel *)c)->until = now_ns() + ms * 1000000ull; }

bool channel_both_ways(const struct channel *c)
{
    const struct pipe_channel *p = (const struct pipe_channel *)c;
    struct stat st;
    return p->in >= 0 && p->in == p->out && fstat(p->in, &st) == 0 && S_ISSOCK(st.st_mode);
}

bool channel_end(struct channel *c, char *err, size_t errlen)
{
    struct pipe_channel *p = (struct pipe_channel *)c;
    int status = 0;
    if (p->child <= 0)
        return true;
    close(p->out);
    p->out = -1;
    waitpid(p->child, &status, 0);
    p->child = 0;
    if (!status)
        return true;
    snprintf(err, errlen, "the command has failed (%s %d)", WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return false;
}

/* --------------------------------------------------------------------------- opening */

static void unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static bool begins(const char *uri, const char *kind, const char **rest)
{
    size_t n = strlen(kind);
    *rest = uri + n;
    return !strncmp(uri, kind, n);
}

bool channel_check(const char *uri, int *fd, char *err, size_t errlen)
{
    static const char *const kinds[] = { "exec:", "tcp:", "unix:", "file:", "fd:" };
    const char *rest = NULL;
    bool known = false;
    *fd = -1;
    for (unsigned k = 0; k < sizeof kinds / sizeof *kinds && !known; k++)
        known = begins(uri, kinds[k], &rest);
    if (!known || !*rest) {
        snprintf(err, errlen, "%s: %s", uri, known ? "something should follow the colon" : "it should be exec:COMMAND, tcp:HOST:PORT, unix:PATH, file:PATH or fd:NAME");
        return false;
    }
    if (begins(uri, "fd:", &rest)) {
        if ((*fd = fds_take(rest)) < 0 && rest[strspn(rest, "0123456789")] == 0)
            *fd = fcntl((int)strtol(rest, NULL, 10), F_DUPFD_CLOEXEC, 3);
        if (*fd < 0) {
            snprintf(err, errlen, "there is no descriptor named '%s'", rest);
            return false;
        }
        unblock(*fd);
    }
    return true;
}

/* "PATH[,offset=N]" */
static int open_file(const char *text, bool write, char *err, size_t errlen)
{
    const char *comma = strstr(text, ",offset=");
    char *path = strndup(text, comma ? (size_t)(comma - text) : strlen(text));
    uint64_t offset = comma ? strtoull(comma + 8, NULL, 0) : 0;
    int fd = path ? open(path, (write ? O_WRONLY | O_CREAT | (comma ? 0 : O_TRUNC) : O_RDONLY) | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || (offset && lseek(fd, (off_t)offset, SEEK_SET) < 0)) {
        snprintf(err, errlen, "%s: %s", text, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    free(path);
    return fd;
}

/* The command's standard input (write) or output is ours. */
static int run(const char *command, bool write, int *child, char *err, size_t errlen)
{
    int fds[2], ours = write ? 1 : 0, rc;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    char *argv[] = { "sh", "-c", (char *)command, NULL };
    if (pipe2(fds, O_CLOEXEC) < 0) {
        snprintf(err, errlen, "exec: %s", strerror(errno));
        return -1;
    }
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[!ours], write ? 0 : 1);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none); /* ours are blocked: main.c */
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
    rc = posix_spawn(child, "/bin/sh", &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(fds[!ours]);
    if (rc) {
        snprintf(err, errlen, "exec: /bin/sh: %s", strerror(rc));
        close(fds[ours]);
        return -1;
    }
    unblock(fds[ours]);
    return fds[ours];
}

static bool unix_address(const char *path, struct sockaddr_un *a, char *err, size_t errlen)
{
    *a = (struct sockaddr_un){ .sun_family = AF_UNIX };
    if (strlen(path) < sizeof a->sun_path) {
        memcpy(a->sun_path, path, strlen(path));
        return true;
    }
    snprintf(err, errlen, "unix:%s: the path is too long", path);
    return false;
}

/* "HOST:PORT", "[ADDR]:PORT", ":PORT"; options behind a comma are ignored (ipv4, ipv6, to=). */
static struct addrinfo *tcp_address(const char *text, bool listens, char *err, size_t errlen)
{
    char host[256], port[32];
    const char *colon = *text == '[' ? strchr(text, ']') : strchr(text, ':');
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = listens ? AI_PASSIVE : 0 }, *list = NULL;
    colon = colon && *colon == ']' ? colon + 1 : colon;
    if (!colon || *colon != ':') {
        snprintf(err, errlen, "tcp:%s: it should be HOST:PORT", text);
        return NULL;
    }
    bool bracket = *text == '[';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * bracket, text + bracket);
    snprintf(port, sizeof port, "%.*s", (int)strcspn(colon + 1, ","), colon + 1);
    int rc = getaddrinfo(*host ? host : NULL, port, &hints, &list);
    if (rc)
        snprintf(err, errlen, "tcp:%s: %s", text, gai_strerror(rc));
    return rc ? NULL : list;
}

/* A connection in the making is waited for in steps too. */
static bool connect_now(int fd, const struct sockaddr *a, socklen_t n, const bool *stop)
{
    struct pipe_channel p = { .stop = stop };
    char err[64];
    int error = 0;
    socklen_t len = sizeof error;
    if (connect(fd, a, n) == 0)
        return true;
    if (errno != EINPROGRESS)
        return false;
    if (!wait_ready(&p, fd, POLLOUT, err, sizeof err)) {
        errno = ECANCELED;
        return false;
    }
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    return !error;
}

static int connect_unix(const char *path, const bool *stop, char *err, size_t errlen)
{
    struct sockaddr_un a;
    if (!unix_address(path, &a, err, errlen))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect_now(fd, (struct sockaddr *)&a, sizeof a, stop))
        return fd;
    snprintf(err, errlen, "unix:%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int connect_tcp(const char *text, const bool *stop, char *err, size_t errlen)
{
    struct addrinfo *list = tcp_address(text, false, err, errlen);
    int fd = -1, one = 1;
    if (!list)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0 && !connect_now(fd, a->ai_addr, a->ai_addrlen, stop)) {
            snprintf(err, errlen, "tcp:%s: %s", text, strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

struct channel *channel_open(const char *uri, int fd, const uint64_t *limit, const bool *stop, char *err, size_t errlen)
{
    const char *rest;
    int child = 0;
    bool both = false;
    if (begins(uri, "exec:", &rest)) {
        fd = run(rest, true, &child, err, errlen);
    } else if (begins(uri, "file:", &rest)) {
        fd = open_file(rest, true, err, errlen);
    } else if (begins(uri, "unix:", &rest)) {
        fd = connect_unix(rest, stop, err, errlen);
        both = true;
    } else if (begins(uri, "tcp:", &rest)) {
        fd = connect_tcp(rest, stop, err, errlen);
        both = true;
    } else {
        struct stat st;
        both = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
    }
    if (fd < 0)
        return NULL;
    struct channel *c = channel_new(both ? fd : -1, fd, child, limit, stop);
    if (!c)
        snprintf(err, errlen, "no memory");
    return c;
}

/* ------------------------------------------------------------------------- listening */

struct channel_listener {
    struct machine *machine;
    int fd;
    struct loop_fd *watch;
    void (*come)(void *arg, struct channel *c);
    void *arg;
    struct channel *now; /* it is there already */
    char *path;
};

static void listener_free(struct channel_listener *l)
{
    if (!l)
        return;
    if (l->watch)
        loop_unwatch(l->machine->loop, l->watch);
    if (l->fd >= 0)
        close(l->fd);
    if (l->path)
        unlink(l->path);
    free(l->path);
    free(l);
}

static void there(void *arg)
{
    struct channel_listener *l = arg;
    l->come(l->arg, l->now);
    listener_free(l);
}

static void on_connection(void *arg, uint32_t events)
{
    struct channel_listener *l = arg;
    int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    if ((l->now = channel_new(fd, fd, 0, NULL, NULL)))
        there(l);
}

static int listen_unix(struct channel_listener *l, const char *path, char *err, size_t errlen)
{
    struct sockaddr_un a;
    if (!unix_address(path, &a, err, errlen))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    unlink(path);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0) {
        l->path = strdup(path);
        return fd;
    }
    snprintf(err, errlen, "unix:%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static int listen_tcp(const char *text, char *err, size_t errlen)
{
    struct addrinfo *list = tcp_address(text, true, err, errlen);
    int fd = -1, one = 1;
    if (!list)
        return -1;
    for (struct addrinfo *a = list; a && fd < 0; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0)
            setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        if (fd >= 0 && (bind(fd, a->ai_addr, a->ai_addrlen) < 0 || listen(fd, 1) < 0)) {
            snprintf(err, errlen, "tcp:%s: %s", text, strerror(errno));
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    return fd;
}

struct channel_listener *channel_listen(struct machine *m, const char *uri, void (*come)(void *arg, struct channel *c), void *arg, char *err, size_t errlen)
{
    struct channel_listener *l = calloc(1, sizeof *l);
    const char *rest;
    int fd, in = -1, child = 0;
    if (!l)
        return snprintf(err, errlen, "no memory"), NULL;
    *l = (struct channel_listener){ .machine = m, .fd = -1, .come = come, .arg = arg };
    if (!channel_check(uri, &fd, err, errlen))
        goto fail;
    if (begins(uri, "unix:", &rest) || begins(uri, "tcp:", &rest)) {
        l->fd = *uri == 'u' ? listen_unix(l, rest, err, errlen) : listen_tcp(rest, err, errlen);
        if (l->fd < 0)
            goto fail;
        if (!(l->watch = loop_watch(m->loop, l->fd, EPOLLIN, on_connection, l))) {
            snprintf(err, errlen, "%s: %s", uri, strerror(errno));
            goto fail;
        }
        return l;
    }
    in = begins(uri, "exec:", &rest) ? run(rest, false, &child, err, errlen) : begins(uri, "file:", &rest) ? open_file(rest, false, err, errlen) : fd;
    if (in < 0)
        goto fail;
    struct stat st;
    bool both = fstat(in, &st) == 0 && S_ISSOCK(st.st_mode);
    if (!(l->now = channel_new(in, both ? in : -1, child, NULL, NULL)) || !loop_defer(m->loop, there, l)) {
        snprintf(err, errlen, "no memory");
        goto fail;
    }
    return l;
fail:
    if (l->now)
        l->now->close(l->now);
    listener_free(l);
    return NULL;
}
