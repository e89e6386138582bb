/*
 * Character backends that are files: a file, a pair of FIFOs, a host's serial port, nothing at all, and a ring in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "backend.h"

static const char *path_of(const struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    const char *path = chardev_option(o, "path");
    if (!path || !*path) {
        snprintf(err, errlen, "-chardev %s: path= is missing", c->class->name);
        return NULL;
    }
    return path;
}

static int open_or_say(const char *path, int flags, char *err, size_t errlen)
{
    int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, 0666);
    if (fd < 0)
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
    return fd;
}

static bool open_null(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen) { return true; }

const struct chardev_class chardev_null = { .name = "null", .options = "", .help = "takes everything, gives nothing", .open = open_null };

static bool open_file(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    const char *path = path_of(c, o, err, errlen), *input = chardev_option(o, "input-path");
    bool append = false;
    if (!path || !chardev_option_bool(o, "append", &append, err, errlen))
        return false;
    if ((c->out = open_or_say(path, O_WRONLY | O_CREAT | O_NONBLOCK | (append ? O_APPEND : O_TRUNC), err, errlen)) < 0)
        return false;
    if (input && (c->in = open_or_say(input, O_RDONLY | O_NONBLOCK, err, errlen)) < 0)
        return false;
    chardev_opened(c);
    return true;
}

const struct chardev_class chardev_file = {
    .name = "file", .options = "path append input-path", .help = "output to a file, input from another", .open = open_file,
};

/* PATH.in and PATH.out, or PATH for both. Opened for both ways, so that neither end has to be there first. */
static bool open_pipe(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    const char *path = path_of(c, o, err, errlen);
    char name[512];
    if (!path)
        return false;
    snprintf(name, sizeof name, "%s.in", path);
    c->in = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    snprintf(name, sizeof name, "%s.out", path);
    c->out = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (c->in < 0 && c->out < 0)
        c->in = c->out = open_or_say(path, O_RDWR | O_NONBLOCK, err, errlen);
    else if (c->in < 0 || c->out < 0)
        snprintf(err, errlen, "%s.%s: %s", path, c->in < 0 ? "in" : "out", strerror(errno));
    if (c->in < 0 || c->out < 0)
        return false;
    chardev_opened(c);
    return true;
}

const struct chardev_class chardev_pipe = {
    .name = "pipe", .options = "path", .help = "FIFOs PATH.in and PATH.out, or PATH", .open = open_pipe,
};

static bool open_serial(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    const char *path = path_of(c, o, err, errlen);
    struct termios t;
    if (!path || (c->in = c->out = open_or_say(path, O_RDWR | O_NONBLOCK, err, errlen)) < 0)
        return false;
    if (tcgetattr(c->in, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(c->in, TCSANOW, &t);
    }
    c->terminal = isatty(c->in);
    chardev_opened(c);
    return true;
}

const struct chardev_class chardev_serial = { .name = "serial", .options = "path", .help = "a terminal or serial port of the host", .open = open_serial };

/* ------------------------------------------------------------------------ a ring */

struct ring {
    struct chardev c;
    uint8_t *at;
    size_t size, first, n;
    uint8_t in[4096]; /* input that the front has no room for yet */
    size_t nin;
};

static bool open_ring(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    struct ring *r = (struct ring *)c;
    uint64_t size = 65536;
    if (!chardev_option_number(o, "size", 1 << 30, &size, err, errlen))
        return false;
    if (!size || size & (size - 1) || !(r->at = malloc(size))) {
        snprintf(err, errlen, "-chardev ringbuf: size= should be a power of two");
        return false;
    }
    r->size = size;
    c->open = true;
    return true;
}

static size_t write_ring(struct chardev *c, const uint8_t *bytes, size_t n)
{
    struct ring *r = (struct ring *)c;
    for (size_t k = 0; k < n; k++) {
        r->at[(r->first + r->n) % r->size] = bytes[k];
        if (r->n < r->size)
            r->n++;
        else
            r->first = (r->first + 1) % r->size;
    }
    return n;
}

static size_t room_in_ring(const struct chardev *c) { return CHARDEV_QUEUE; }

static void give(struct chardev *c)
{
    struct ring *r = (struct ring *)c;
    size_t room;
    while (r->nin && c->attached && c->front.room && (room = c->front.room(c->front.device))) {
        uint8_t bytes[256];
        size_t n = r->nin < room ? r->nin : room;
        n = n < sizeof bytes ? n : sizeof bytes;
        memcpy(bytes, r->in, n);
        memmove(r->in, r->in + n, r->nin - n);
        r->nin -= n;
        c->front.take(c->front.device, bytes, n);
    }
}

const struct chardev_class chardev_ring = {
    .name = "ringbuf", .options = "size", .help = "the last bytes, in memory (monitor: ringbuf_read)", .size = sizeof(struct ring),
    .open = open_ring, .write = write_ring, .room = room_in_ring, .accept = give,
};

bool chardev_is_ring(const struct chardev *c) { return c->class == &chardev_ring; }

size_t chardev_ring_read(struct chardev *c, uint8_t *to, size_t n)
{
    struct ring *r = (struct ring *)c;
    n = n < r->n ? n : r->n;
    for (size_t k = 0; k < n; k++)
        to[k] = r->at[(r->first + k) % r->size];
    r->first = (r->first + n) % r->size;
    r->n -= n;
    return n;
}

size_t chardev_ring_write(struct chardev *c, const uint8_t *bytes, size_t n)
{
    struct ring *r = (struct ring *)c;
    n = n < sizeof r->in - r->nin ? n : sizeof r->in - r->nin;
    memcpy(r->in + r->nin, bytes, n);
    r->nin += n;
    give(c);
    return n;
}
