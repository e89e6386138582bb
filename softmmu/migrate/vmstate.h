/*
 * A whole machine in a stream: what it is, its memory, its clock, processors and devices.
 */
#ifndef MYNA_VMSTATE_H
#define MYNA_VMSTATE_H

#include "machine.h"
#include "ram.h"
#include "state.h"
#include "stream.h"

/* What the machine's other parts have to do with its state (m->parts); hw gives it. All with the lock. */
struct machine_parts {
    /* Can't it be saved as it is now? Then true, and the reason in err. */
    bool (*unmigratable)(struct machine *m, char *err, size_t errlen);
    /* The vCPUs stand still: requests end, what is written is on the disks. False: the reason in err. */
    bool (*stand_still)(struct machine *m, char *err, size_t errlen);
    void (*save)(struct machine *m, struct stream *s);
    /* Reading: begin, one section (*known false: it is nobody's), the end, with nothing missing. */
    void (*load_begin)(struct machine *m);
    bool (*load)(struct machine *m, const struct section *s, bool *known, char *err, size_t errlen);
    bool (*load_end)(struct machine *m, char *err, size_t errlen);
    /* Images are another process's from now on / ours again. False: the reason in err. */
    bool (*give_images)(struct machine *m, char *err, size_t errlen);
    bool (*take_images)(struct machine *m, char *err, size_t errlen);
    void (*arrived)(struct machine *m); /* the machine is here now, and runs soon: tell the network */
    const char *(*board)(struct machine *m); /* its name */
};

/* Pauses the machine and waits until its processors do nothing at all any more. Lock held, and given up meanwhile. Did it run? */
bool vmstate_stand_still(struct machine *m);

/* The head: what the machine is, and its memory's list. */
void vmstate_put_head(struct machine *m, struct ram *ram, struct stream *s);
/* Clock, processors, devices, and the end mark; the machine stands still, lock held. */
void vmstate_put_state(struct machine *m, struct stream *s, bool running);

/* Reads all up to the end mark and puts it in force. The machine has been reset and stands still; the lock is not held while
 * memory comes (locked: it is, and stays). *running: whether it ran. False: the stream's error says why. */
bool vmstate_get(struct machine *m, struct stream *s, bool locked, bool *running);

#endif
