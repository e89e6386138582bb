/* Inside the character backends: what their files share. See chardev.h. */
#ifndef MYNA_CHAR_BACKEND_H
#define MYNA_CHAR_BACKEND_H

#include "chardev.h"
#include "device.h"

enum { CHARDEV_QUEUE = 64 << 10, CHARDEV_OPTIONS = 24 };

/* The words of -chardev. */
struct chardev_options {
    struct { char name[32]; char *value; } at[CHARDEV_OPTIONS];
    unsigned n;
};
/* NULL or what is given instead: not said. */
const char *chardev_option(const struct chardev_options *o, const char *name);
/* False: neither on nor off; the reason in err. *v stays if it is not said. */
bool chardev_option_bool(const struct chardev_options *o, const char *name, bool *v, char *err, size_t errlen);
bool chardev_option_number(const struct chardev_options *o, const char *name, uint64_t max, uint64_t *v, char *err, size_t errlen);

struct chardev_class {
    const char *name, *options, *help; /* options: apart by spaces, besides id, mux, logfile and logappend */
    size_t size;                       /* of its struct, which begins with struct chardev */
    /* Opens it: sets in and out, or the functions below. */
    bool (*open)(struct chardev *c, const struct chardev_options *o, char *err, size_t errlen);
    /* All may be NULL: then c->in is read and c->out written. */
    size_t (*write)(struct chardev *c, const uint8_t *bytes, size_t n); /* instead of the queue */
    size_t (*room)(const struct chardev *c);
    void (*accept)(struct chardev *c);
    size_t (*filter)(struct chardev *c, uint8_t *bytes, size_t n); /* of input, in place */
    ssize_t (*read)(struct chardev *c, uint8_t *bytes, size_t n);  /* instead of read(2) of c->in */
    int (*take_fd)(struct chardev *c);
    bool (*lost)(struct chardev *c);  /* the other end is gone; false: there's nobody any more */
    void (*finish)(struct chardev *c);
    void (*describe)(const struct chardev *c, char *text, size_t n);
};

struct chardev {
    const struct chardev_class *class;
    char *id;
    struct loop *loop;
    struct chardev *next;       /* of all, in the order of making */
    struct chardev_front front;
    bool attached;
    bool open;                  /* there is another end */
    bool terminal;
    bool double_ff;             /* telnet: bytes of 0xff go out twice */
    bool starved;               /* the front waits for drained */
    int in, out;                /* descriptors, non-blocking, -1: none */
    struct loop_fd *watch_in, *watch_out;
    uint32_t wants_in, wants_out;
    bool in_is_file, pump;      /* a plain file is always ready: read by calls put off */
    uint8_t *queue;             /* CHARDEV_QUEUE bytes in a ring */
    size_t first, n;
    FILE *log;
};

/* A backend of class k, on the list of all, not open yet. NULL: no memory. */
struct chardev *chardev_new(struct loop *l, const struct chardev_class *k, const char *id);
/* The descriptors are set; there is another end. Front and loop are told. */
void chardev_opened(struct chardev *c);
/* The other end is gone: descriptors are closed, what is queued is dropped. */
void chardev_closed(struct chardev *c);
/* Watches what is to be watched: after c->in, c->out or room have changed. */
void chardev_update(struct chardev *c);
void chardev_tell(struct chardev *c, enum chardev_event e);
/* fd without waiting: of its own open description where that can be had, so that others' are not changed. */
int chardev_reopen(int fd, int flags);
/* Calls fn(arg) after ms of the host's time; the descriptor to close for cancelling is not given: fn decides. */
bool chardev_later(struct loop *l, unsigned ms, void (*fn)(void *arg), void *arg);

/* mux.c: a multiplexer over base. */
struct chardev *chardev_mux(struct chardev *base, const char *id);
bool chardev_mux_attach(struct chardev *c, const struct chardev_front *f);
void chardev_mux_detach(struct chardev *c, void *device);

extern const struct chardev_class chardev_null, chardev_stdio, chardev_file, chardev_pipe, chardev_pty, chardev_socket, chardev_serial, chardev_ring;

#endif
