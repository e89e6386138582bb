/*
 * Character backends: where a serial port's bytes go to and come from on the host.
 */
#ifndef MYNA_CHARDEV_H
#define MYNA_CHARDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "loop.h"

struct chardev;

/* What a device gives: room() bytes that it can take now, and take(). Called in the loop, with the lock. */
struct chardev_front {
    size_t (*room)(void *device);
    void (*take)(void *device, const uint8_t *bytes, size_t n);
    void *device;
};

/* Standard input and output; raw: keys come one by one, and control characters are the guest's. NULL with the reason. */
struct chardev *chardev_stdio(struct loop *l, bool raw, char *err, size_t errlen);
void chardev_free(struct chardev *c);
void chardev_attach(struct chardev *c, const struct chardev_front *f);
/* Bytes out; what the host does not take at once is kept, up to a limit. */
void chardev_write(struct chardev *c, const uint8_t *bytes, size_t n);
/* The device has room again. */
void chardev_accept(struct chardev *c);

#endif
