/*
 * Random bytes for guests: the host's own (getrandom), or a file's, a device's or a pipe's, which are read ahead by a piece when they are
 * wanted: where the host can say when there is something, in the event loop; a plain file by a thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "block/aio.h"
#include "device.h"
#include "rng.h"

enum { PIECE = 1024 };

struct rng_backend {
    struct machine *m;
    int fd;                /* -1: builtin */
    uint8_t bytes[PIECE];
    size_t n;              /* of them not taken yet; they are at the end */
    struct loop_fd *watch;
    bool plain, reading, ended;
    struct aio_op op;
    struct rng_user *users;
    char *name;
};

static void tell(struct rng_backend *b)
{
    for (struct rng_user *u = b->users; u; u = u->next)
        if (u->waiting) {
            u->waiting = false;
            u->ready(u->arg);
        }
}

static void got(struct rng_backend *b, ssize_t n)
{
    b->reading = false;
    if (n > 0) {
        b->n = (size_t)n;
        memmove(b->bytes + PIECE - n, b->bytes, (size_t)n);
    } else if (!b->ended && n != -EAGAIN) {
        fprintf(stderr, "-object rng-random: %s: %s\n", b->name, n < 0 ? strerror((int)-n) : "it has ended: there are no more random bytes");
        b->ended = true;
    }
    tell(b);
}

static ssize_t read_file(struct aio_op *op)
{
    struct rng_backend *b = (struct rng_backend *)((char *)op - offsetof(struct rng_backend, op));
    ssize_t n = read(b->fd, b->bytes, PIECE);
    return n < 0 ? -errno : n;
}
static void file_read(struct aio_op *op, ssize_t n) { got((struct rng_backend *)((char *)op - offsetof(struct rng_backend, op)), n); }

static void readable(void *backend, uint32_t events)
{
    struct rng_backend *b = backend;
    ssize_t n = read(b->fd, b->bytes, PIECE);
    n = n < 0 ? -errno : n;
    if (n == -EAGAIN)
        return;
    loop_change(b->m->loop, b->watch, 0);
    got(b, n);
}

static void fill(struct rng_backend *b)
{
    if (b->reading || b->ended)
        return;
    b->reading = true;
    if (b->plain) {
        b->op = (struct aio_op){ .what = AIO_CALL, .call = read_file, .done = file_read };
        aio_begin(AIO_THREADS, &b->op);
    } else {
        loop_change(b->m->loop, b->watch, EPOLLIN);
    }
}

size_t rng_take(struct rng_backend *b, struct rng_user *u, void *to, size_t n)
{
    if (!b || b->fd < 0) {
        ssize_t some = getrandom(to, n < 256 ? n : 256, GRND_NONBLOCK); /* so many come at once, if any */
        return some > 0 ? (size_t)some : 0;
    }
    if (!b->n)
        fill(b); /* it may be done at once: u is not to be told of that */
    if (!b->n) {
        u->waiting = true;
        return 0;
    }
    n = n < b->n ? n : b->n;
    memcpy(to, b->bytes + PIECE - b->n, n);
    memset(b->bytes + PIECE - b->n, 0, n); /* nobody else shall have them */
    b->n -= n;
    return n;
}

void rng_attach(struct rng_backend *b, struct rng_user *u)
{
    if (!b)
        return;
    u->next = b->users;
    b->users = u;
}

void rng_detach(struct rng_backend *b, struct rng_user *u)
{
    for (struct rng_user **at = b ? &b->users : NULL; at && *at; at = &(*at)->next)
        if (*at == u) {
            *at = u->next;
            return;
        }
}

static struct rng_backend *new_backend(struct machine *m, const char *id)
{
    struct rng_backend *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->m = m;
    b->fd = -1;
    backend_add(PROP_RNG, id, b);
    return b;
}

bool rng_builtin_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    if (new_backend(m, object_word(n, names, values, "id")))
        return true;
    snprintf(err, errlen, "rng-builtin: no memory");
    return false;
}

bool rng_random_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    const char *path = object_word(n, names, values, "filename");
    path = path ? path : "/dev/urandom";
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        snprintf(err, errlen, "rng-random: filename=%s: %s", path, strerror(errno));
        return false;
    }
    struct rng_backend *b = new_backend(m, object_word(n, names, values, "id"));
    if (!b) {
        close(fd);
        snprintf(err, errlen, "rng-random: no memory");
        return false;
    }
    b->fd = fd;
    b->name = strdup(path);
    b->watch = loop_watch(m->loop, fd, 0, readable, b);
    b->plain = !b->watch;
    aio_attach(m->loop);
    return true;
}

bool rng_del(const char *id, char *err, size_t errlen)
{
    struct rng_backend *b = backend_by_id(PROP_RNG, id);
    if (b->users) {
        snprintf(err, errlen, "%s is in use", id);
        return false;
    }
    while (b->plain && b->reading && aio_wait())
        ;
    backend_remove(PROP_RNG, b);
    if (b->watch)
        loop_unwatch(b->m->loop, b->watch);
    if (b->fd >= 0)
        close(b->fd);
    free(b->name);
    free(b);
    return true;
}
