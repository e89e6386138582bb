/*
 * A pseudo terminal: its other side's name is printed, and whoever opens it is the other end.
 *
 * Nobody tells us when it is opened: while nobody has it, the descriptor reports a hang-up, so it is looked at twice
 * a second instead of being watched.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "backend.h"
#include "machine_lock.h"

struct pty { struct chardev c; int fd; char name[64], *link; };

static void look(void *arg)
{
    struct pty *p = arg;
    struct pollfd f = { p->fd, POLLIN, 0 };
    poll(&f, 1, 0);
    if (f.revents & POLLHUP) {
        chardev_later(p->c.loop, 500, look, p);
        return;
    }
    p->c.in = p->c.out = p->fd;
    chardev_opened(&p->c);
}

/* The terminal stays; it is not closed with its other side. */
static bool lost(struct chardev *c)
{
    struct pty *p = (struct pty *)c;
    int keep = fcntl(p->fd, F_DUPFD_CLOEXEC, 3);
    if (keep < 0)
        return false;
    chardev_closed(c);
    p->fd = keep;
    chardev_later(c->loop, 500, look, p);
    return true;
}

static bool open_pty(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    struct pty *p = (struct pty *)c;
    const char *path = chardev_option(o, "path");
    struct termios t;
    p->fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0 || grantpt(p->fd) < 0 || unlockpt(p->fd) < 0 || ptsname_r(p->fd, p->name, sizeof p->name)) {
        snprintf(err, errlen, "-chardev pty: %s", strerror(errno));
        return false;
    }
    int other = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other >= 0 && tcgetattr(other, &t) == 0) {
        cfmakeraw(&t);
        tcsetattr(other, TCSANOW, &t);
    }
    if (other >= 0)
        close(other);
    if (path && symlink(p->name, path) < 0) {
        snprintf(err, errlen, "%s: %s", path, strerror(errno));
        return false;
    }
    p->link = path ? strdup(path) : NULL;
    c->terminal = true;
    fprintf(stderr, "char device redirected to %s (label %s)\n", p->name, c->id);
    look(p);
    return true;
}

static void finish(struct chardev *c)
{
    struct pty *p = (struct pty *)c;
    if (p->link)
        unlink(p->link);
}

static void describe(const struct chardev *c, char *text, size_t n) { snprintf(text, n, "pty:%s", ((const struct pty *)c)->name); }

const struct chardev_class chardev_pty = {
    .name = "pty", .options = "path", .help = "a pseudo terminal; path: a link to it", .size = sizeof(struct pty), .open = open_pty, .lost = lost,
    .finish = finish, .describe = describe,
};
