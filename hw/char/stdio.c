/*
 * Standard input and output as a character backend.
 *
 * A terminal is set to raw mode while the machine runs and put back at exit. Input is read only while the device
 * has room, so nothing is lost; output waits for a slow reader.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include "chardev.h"
#include "machine_lock.h"

struct chardev {
    struct loop *loop;
    struct loop_fd *in;
    struct chardev_front front;
    bool at_end;
};

static struct termios saved;
static bool is_raw;

static void put_back(void)
{
    if (is_raw)
        tcsetattr(0, TCSANOW, &saved);
    is_raw = false;
}

static void make_raw(void)
{
    struct termios t;
    if (tcgetattr(0, &saved) < 0)
        return;
    t = saved;
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(0, TCSANOW, &t) == 0) {
        is_raw = true;
        atexit(put_back);
    }
}

static void readable(void *arg, uint32_t events)
{
    struct chardev *c = arg;
    uint8_t bytes[256];
    size_t room = c->front.room ? c->front.room(c->front.device) : 0;
    if (!room) {
        loop_change(c->loop, c->in, 0);
        return;
    }
    ssize_t n = read(0, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (n > 0) {
        c->front.take(c->front.device, bytes, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        c->at_end = true;
        loop_unwatch(c->loop, c->in);
        c->in = NULL;
    }
}

struct chardev *chardev_stdio(struct loop *l, bool raw, char *err, size_t errlen)
{
    struct chardev *c = calloc(1, sizeof *c);
    if (!c) {
        snprintf(err, errlen, "no memory");
        return NULL;
    }
    c->loop = l;
    c->in = loop_watch(l, 0, 0, readable, c); /* NULL: a plain file, or none; then there is no input */
    if (raw && isatty(0))
        make_raw();
    return c;
}

void chardev_free(struct chardev *c)
{
    if (!c)
        return;
    loop_unwatch(c->loop, c->in);
    free(c);
    put_back();
}

void chardev_attach(struct chardev *c, const struct chardev_front *f)
{
    c->front = *f;
    chardev_accept(c);
}

void chardev_accept(struct chardev *c)
{
    if (c->in)
        loop_change(c->loop, c->in, EPOLLIN);
}

void chardev_write(struct chardev *c, const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t k = write(1, bytes, n);
        if (k > 0) {
            bytes += k;
            n -= (size_t)k;
        } else if (k < 0 && errno == EAGAIN) {
            struct pollfd p = { 1, POLLOUT, 0 };
            poll(&p, 1, 100);
        } else if (k < 0 && errno != EINTR) {
            return; /* nobody reads it */
        }
    }
}
