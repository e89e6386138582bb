/*
 * Standard input and output as a character backend.
 *
 * A terminal is raw while the machine runs, and is put back at the end. Descriptors 0 and 1 may be shared with other
 * processes, so they are not made non-blocking: they are opened once more where the kernel can (terminals, pipes), which
 * gives open descriptions of our own. A plain file takes writes at once, and is always ready to be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "backend.h"

static struct termios saved;
static bool is_raw, taken;

static void put_back(void)
{
    if (is_raw)
        tcsetattr(0, TCSANOW, &saved);
    is_raw = false;
}

static void make_raw(bool signals)
{
    struct termios t;
    if (tcgetattr(0, &saved) < 0)
        return;
    t = saved;
    t.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (signals ? 0 : ISIG));
    t.c_cflag = (t.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (tcsetattr(0, TCSANOW, &t) == 0) {
        is_raw = true;
        atexit(put_back);
    }
}

/* A socket can't be opened again; one's own copy is set non-blocking by each call instead: see below. */
static int own(int fd, int flags)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -1;
    if (S_ISREG(st.st_mode))
        return dup(fd);
    int again = chardev_reopen(fd, flags);
    if (again >= 0)
        return again;
    again = dup(fd);
    if (again >= 0 && S_ISSOCK(st.st_mode))
        fcntl(again, F_SETFL, fcntl(again, F_GETFL) | O_NONBLOCK);
    return again;
}

static bool open_stdio(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen)
{
    bool signals = true;
    if (!chardev_option_bool(o, "signal", &signals, err, errlen))
        return false;
    if (taken) {
        snprintf(err, errlen, "-chardev stdio: standard input and output are in use already");
        return false;
    }
    taken = true;
    c->in = own(0, O_RDONLY);
    c->out = own(1, O_WRONLY);
    c->terminal = isatty(0);
    if (c->terminal)
        make_raw(signals);
    chardev_opened(c);
    return true;
}

static void finish(struct chardev *c) { put_back(); }

const struct chardev_class chardev_stdio = {
    .name = "stdio", .options = "signal", .help = "standard input and output", .open = open_stdio, .finish = finish,
};
