/*
 * SCSI: what a host adapter (../virtio/scsi.c), its bus and the logical units on it know of one another (SAM-5).
 *
 * A unit is a device on a bus of type "SCSI", at a channel, a target (scsi-id) and a number (lun). The adapter makes a
 * struct scsi_request of what its driver sent and gives it to scsi_start; `done` is called when it is over, perhaps
 * before scsi_start returns, and the request is the adapter's again. Nothing waits.
 *
 * Of what a driver sends only the adapter's framing is checked by the adapter: CDBs and parameters are the units'
 * business. Everything runs with the machine's lock held.
 */
#ifndef MYNA_SCSI_H
#define MYNA_SCSI_H

#include <sys/uio.h>
#include "block/block.h"

enum { SCSI_CDB = 32, SCSI_SENSE = 18, SCSI_ATTENTIONS = 4 };
enum { SCSI_GOOD = 0, SCSI_CHECK_CONDITION = 2, SCSI_TASK_SET_FULL = 0x28 };                                         /* status */
enum { SCSI_DISK = 0, SCSI_CD = 5 };                                                           /* peripheral device type */

/* Key, additional code and its qualifier (SPC-4 4.5, annex D). */
struct scsi_sense { uint8_t key, asc, ascq; };
#define SENSE(key, asc, ascq) ((struct scsi_sense){ key, asc, ascq })
#define SENSE_NONE SENSE(0, 0, 0)
#define SENSE_NO_MEDIUM SENSE(2, 0x3a, 1)          /* the tray is closed */
#define SENSE_TRAY_OPEN SENSE(2, 0x3a, 2)
#define SENSE_READ_ERROR SENSE(3, 0x11, 0)
#define SENSE_WRITE_ERROR SENSE(3, 0x0c, 0)
#define SENSE_TARGET_FAILURE SENSE(4, 0x44, 0)
#define SENSE_LIST_LENGTH SENSE(5, 0x1a, 0)
#define SENSE_NO_COMMAND SENSE(5, 0x20, 0)
#define SENSE_OUT_OF_RANGE SENSE(5, 0x21, 0)
#define SENSE_BAD_CDB SENSE(5, 0x24, 0)
#define SENSE_NO_UNIT SENSE(5, 0x25, 0)
#define SENSE_BAD_LIST SENSE(5, 0x26, 0)
#define SENSE_NO_SAVING SENSE(5, 0x39, 0)
#define SENSE_LOCKED SENSE(5, 0x53, 2)
#define SENSE_NEW_MEDIUM SENSE(6, 0x28, 0)
#define SENSE_RESET SENSE(6, 0x29, 0)
#define SENSE_UNIT_RESET SENSE(6, 0x29, 3)
#define SENSE_NEXUS_RESET SENSE(6, 0x29, 7)
#define SENSE_MODE_CHANGED SENSE(6, 0x2a, 1)
#define SENSE_CAPACITY_CHANGED SENSE(6, 0x2a, 9)
#define SENSE_WRITE_PROTECTED SENSE(7, 0x27, 0)
#define SENSE_NO_SPACE SENSE(7, 0x27, 7)
#define SENSE_ABORTED SENSE(11, 0, 0)
#define SENSE_MISCOMPARE SENSE(14, 0x1d, 0)

struct scsi_device;

struct scsi_request {
    /* The adapter's: */
    uint8_t cdb[SCSI_CDB];       /* zeroes behind what the driver sent */
    struct iovec *out, *in;      /* the driver's data, and room for ours; these arrays are changed */
    unsigned nout, nin;
    size_t out_size, in_size;
    void (*done)(struct scsi_request *r);
    /* The result: */
    uint8_t status;
    bool overrun;                /* the CDB wants more bytes than out or in have; nothing was done */
    uint8_t nsense, sense[SCSI_SENSE]; /* fixed format (SPC-4 4.5.3), with a CHECK CONDITION */
    size_t moved;                /* bytes of out read or of in written */
    /* The unit's: */
    struct scsi_device *unit;
    struct block_request io;
    struct iovec iov;            /* of `data` */
    void *data;                  /* freed at the end */
    size_t held;                 /* its bytes, if they are counted: see scsi_hold */
    /* Commands of several steps; see scsi_step. False: the request has ended. */
    bool (*step)(struct scsi_request *r);
    bool stepping, again;
    bool given_up;               /* the adapter's: it ends after the step under way */
    int error;                   /* of the last step's io */
    uint64_t at, left;           /* what step makes of them */
    unsigned count, next;
};

/* What a kind of unit is: struct device_type.class. */
struct scsi_class {
    uint8_t type;
    void (*start)(struct scsi_device *u, struct scsi_request *r);
    void (*drain)(struct scsi_device *u); /* waits until no request is under way */
    void (*reset)(struct scsi_device *u); /* what a reset of the unit does to its state */
};

struct scsi_device {
    struct device d;
    uint32_t channel;
    int32_t id, lun;             /* -1: the next free one */
    uint8_t nattentions;         /* unit attentions that the initiator has not heard of, the most urgent first */
    struct scsi_sense attention[SCSI_ATTENTIONS];
    uint32_t subscribed;         /* asynchronous events: the adapter's */
    bool ending;                 /* requests of several steps end after the one under way */
    size_t held;                 /* bytes of requests' data */
};
#define SCSI_PROPERTIES \
    PROPERTY(struct scsi_device, channel, PROP_U32, "channel", NULL, "0"), \
    PROPERTY(struct scsi_device, id, PROP_S32, "scsi-id", "-1", "the target (the next free one)"), \
    PROPERTY(struct scsi_device, lun, PROP_S32, "lun", "-1", "the unit's number (the next free one)")
#define SCSI_FIELDS \
    FIELD_UP_TO(struct scsi_device, nattentions, SCSI_ATTENTIONS), FIELD(struct scsi_device, attention), FIELD(struct scsi_device, subscribed)

struct scsi_bus {
    struct bus b;
    const struct scsi_host *host;
};
/* The adapter. */
struct scsi_host {
    unsigned channels, targets, luns; /* how many there may be */
    bool (*hot)(struct scsi_bus *b);  /* may units come and go? */
    void (*plugged)(struct scsi_bus *b, struct scsi_device *u, bool in); /* while the machine is there */
    void (*changed)(struct scsi_bus *b, struct scsi_device *u, struct scsi_sense what); /* capacity, mode parameters */
    void (*medium)(struct scsi_bus *b, struct scsi_device *u);           /* another one, or a tray moved */
    void (*batch_done)(struct scsi_bus *b); /* requests were done: time for an interrupt */
};

/* Gives d the bus; name: NULL: "ID.0" of d, or "scsi.N". */
void scsi_bus_init(struct scsi_bus *b, const struct scsi_host *h, struct device *d);
struct scsi_device *scsi_unit(const struct scsi_bus *b, unsigned channel, unsigned target, unsigned lun); /* NULL: none */
static inline struct scsi_device *scsi_next(const struct scsi_bus *b, const struct scsi_device *u)
{
    return (struct scsi_device *)(u ? u->d.sibling : b->b.first);
}
static inline struct scsi_bus *scsi_bus_of(const struct scsi_device *u) { return (struct scsi_bus *)u->d.bus; }
static inline const struct scsi_class *scsi_class_of(const struct scsi_device *u) { return u->d.type->class; }

/* Has a unit do r, whose part "the adapter's" is filled and whose rest is zeroed. False: there is no such target; then done
 * is not called. */
bool scsi_start(struct scsi_bus *b, unsigned channel, unsigned target, unsigned lun, struct scsi_request *r);
/* A reset of a unit, heard of by the unit attention `what`. */
void scsi_reset(struct scsi_device *u, struct scsi_sense what);

/* ------------------------------------------------------------------------ for units */

void scsi_attention(struct scsi_device *u, struct scsi_sense s);
void scsi_no_attention(struct scsi_device *u, struct scsi_sense s); /* it is not so any more */
/* Each ends the request. */
void scsi_end(struct scsi_request *r, uint8_t status);
void scsi_fail(struct scsi_request *r, struct scsi_sense s);
void scsi_overrun(struct scsi_request *r);
/* The first min(n, allocation) bytes for the driver. */
void scsi_reply(struct scsi_request *r, const void *data, size_t n, size_t allocation);
void scsi_reply_sense(struct scsi_request *r, struct scsi_sense s); /* of REQUEST SENSE */
/* Copies n bytes from offset on of what the driver sent; false: there are fewer. Nothing ends. */
bool scsi_take(const struct scsi_request *r, size_t offset, void *to, size_t n);
/* n bytes at r->data. False: no memory, or others have so much that the initiator is to try again; the request has ended. */
bool scsi_hold(struct scsi_request *r, size_t n);
/* Has r->step called, and again after each io whose done is scsi_step_done, until it gives false. */
void scsi_step(struct scsi_request *r);
void scsi_step_done(struct block_request *io, int error);
static inline struct scsi_request *scsi_of_io(struct block_request *io)
{
    return (struct scsi_request *)((char *)io - offsetof(struct scsi_request, io));
}

static inline unsigned get16(const uint8_t *p) { return (unsigned)p[0] << 8 | p[1]; }
static inline uint32_t get24(const uint8_t *p) { return (uint32_t)p[0] << 16 | get16(p + 1); }
static inline uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
static inline uint64_t get64(const uint8_t *p) { return (uint64_t)get32(p) << 32 | get32(p + 4); }
static inline void put16(uint8_t *p, uint32_t v) { p[0] = (uint8_t)(v >> 8), p[1] = (uint8_t)v; }
static inline void put32(uint8_t *p, uint32_t v) { put16(p, v >> 16), put16(p + 2, v); }
static inline void put64(uint8_t *p, uint64_t v) { put32(p, (uint32_t)(v >> 32)), put32(p + 4, (uint32_t)v); }

/* After all devices of the command line: a unit for each drive of if=scsi, and an adapter if there is none. False: the
 * reason in err. (drives.c) */
bool scsi_for_drives(struct machine *m, char *err, size_t errlen);

#endif
