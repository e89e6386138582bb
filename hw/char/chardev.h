/*
 * Character backends: where a serial port's, a monitor's or a virtio console's bytes go to and come from on the host.
 *
 * A backend is a row of chardev_classes (chardev.c) and a file; it is found by its id through properties of PROP_CHARDEV.
 * One front (a device, the monitor) is attached to it; a multiplexer (mux.c) on top of a backend has several, of which
 * the one in focus gets the input.
 *
 * Everything is called with the machine's lock and never waits: output that the host does not take is queued, up to a limit
 * (chardev_room); then the front waits for `drained`. Input is read from the host only while the front has room for it, so
 * none is lost. Output is dropped while nobody is at the other end (no client, the reader gone).
 */
#ifndef MYNA_CHARDEV_H
#define MYNA_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "loop.h"

struct chardev;

enum chardev_event {
    CHARDEV_OPENED, CHARDEV_CLOSED,       /* somebody came to, or left, the other end */
    CHARDEV_BREAK,                        /* a break on the line */
    CHARDEV_FOCUSED, CHARDEV_UNFOCUSED,   /* by the multiplexer's keys */
};

/* What a front gives: room() bytes that it can take now, and take(). The rest may be NULL. */
struct chardev_front {
    size_t (*room)(void *device);
    void (*take)(void *device, const uint8_t *bytes, size_t n);
    void *device;
    void (*drained)(void *device);        /* there is room for output again after chardev_write took less than all */
    void (*event)(void *device, enum chardev_event e);
};

/* Of -chardev: "CLASS,id=ID[,OPTION=VALUE...]". A socket with server=on,wait=on waits here for its client. NULL: the
 * reason in err. The backend (its multiplexer if mux=on) is found by its id from now on. */
struct chardev *chardev_add(struct loop *l, const char *text, char *err, size_t errlen);
/* Of -serial and -monitor: "stdio", "mon:stdio", "unix:PATH,server", "tcp:HOST:PORT", "file:PATH", "pty", "null",
 * "chardev:ID" ...; id: of the backend that is made. *none: it was "none", and NULL is no error. */
struct chardev *chardev_add_short(struct loop *l, const char *id, const char *text, bool *none, char *err, size_t errlen);
void chardev_help(FILE *f);

/* At the machine's end: what is queued gets half a second to go out, terminals are put back. */
void chardev_finish(void);

/* False: it has as many fronts as it takes. */
bool chardev_attach(struct chardev *c, const struct chardev_front *f);
void chardev_detach(struct chardev *c, void *device);
/* Bytes out; returns how many were taken (all that chardev_room allows, and what is dropped). */
size_t chardev_write(struct chardev *c, const uint8_t *bytes, size_t n);
size_t chardev_room(const struct chardev *c);
/* The front has room again. */
void chardev_accept(struct chardev *c);
bool chardev_is_open(const struct chardev *c);
bool chardev_has_front(const struct chardev *c);
bool chardev_is_mux(const struct chardev *c);
/* A terminal, or something that one may be behind: line editing makes sense. */
bool chardev_is_terminal(const struct chardev *c);
/* A descriptor that came with the input of a Unix socket (SCM_RIGHTS), the caller's; -1: none. */
int chardev_take_fd(struct chardev *c);
/* Class number k, its name; NULL: no more. */
const char *chardev_class_name(unsigned k);
/* "unix:/tmp/x,server=on" for info chardev. */
void chardev_describe(const struct chardev *c, char *text, size_t n);

/* Ring buffers (class ringbuf): what was written last, taken away. */
bool chardev_is_ring(const struct chardev *c);
size_t chardev_ring_read(struct chardev *c, uint8_t *to, size_t n);
/* From the other end: input of the front; returns how many bytes were taken. */
size_t chardev_ring_write(struct chardev *c, const uint8_t *bytes, size_t n);

/* The multiplexers' escape key, 1 (Ctrl-A) unless it is set, and what its x and s do. */
void chardev_mux_keys(unsigned escape, void (*quit)(void *arg), void (*save)(void *arg), void *arg);

#endif
