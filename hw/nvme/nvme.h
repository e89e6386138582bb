/*
 * NVM Express: what the files of this folder share. Sections are those of the NVM Express Base Specification 1.4 ("base") and of
 * its chapter on the NVM command set.
 *
 *   ctrl.c      registers, queues, doorbells, interrupts, life of the controller
 *   dma.c       data of a command: PRP lists and SGLs
 *   admin.c     admin commands, events
 *   identify.c  features.c  logs.c    the tables that admin commands read
 *   io.c        commands of the NVM command set, Format
 *   ns.c        namespaces, the bus that they are on
 *
 * A command is fetched only when its completion queue has a free entry, which it keeps: a completion never waits, and there are
 * never more commands under way than completion queues have entries. Asynchronous Event Requests keep none; they are two numbers.
 */
#ifndef MYNA_NVME_H
#define MYNA_NVME_H

#include "block/block.h"
#include "pci/pci.h"

enum {
    NVME_QUEUES = 129,      /* with the admin queue */
    NVME_NAMESPACES = 256, NVME_ENTRIES = 2048 /* of a queue of I/O */, NVME_EVENTS = 64, NVME_ERRORS = 16, NVME_FEATURES = 0x20,
    NVME_TEMPERATURE = 323, /* kelvin */
    NVME_SINK = 64 << 10,
    NVME_ALL = 0xffffffff,  /* as a namespace's number: all */
};

/* Status of a command: type << 8 | code (base 4.6.1). */
enum nvme_status {
    NVME_OK = 0, NVME_INVALID_OPCODE = 0x01, NVME_INVALID_FIELD = 0x02, NVME_DATA_TRANSFER = 0x04, NVME_INTERNAL = 0x06, NVME_ABORT_REQUESTED = 0x07,
    NVME_INVALID_NAMESPACE = 0x0b, NVME_SEQUENCE = 0x0c, NVME_SGL_SEGMENT = 0x0d, NVME_SGL_COUNT = 0x0e, NVME_SGL_LENGTH = 0x0f, NVME_SGL_TYPE = 0x11,
    NVME_PRP_OFFSET = 0x13, NVME_WRITE_PROTECTED = 0x20, NVME_LBA_RANGE = 0x80, NVME_CAPACITY = 0x81, NVME_FORMATTING = 0x84,
    NVME_CQ_INVALID = 0x100, NVME_QUEUE_ID = 0x101, NVME_QUEUE_SIZE = 0x102, NVME_EVENT_LIMIT = 0x105, NVME_VECTOR = 0x108, NVME_LOG_PAGE = 0x109,
    NVME_FORMAT = 0x10a, NVME_QUEUE_DELETION = 0x10c, NVME_NOT_SAVEABLE = 0x10d, NVME_NOT_CHANGEABLE = 0x10e, NVME_NOT_OF_NAMESPACES = 0x10f,
    NVME_WRITE_FAULT = 0x280, NVME_READ_ERROR = 0x281, NVME_COMPARE_FAILURE = 0x285,
    NVME_DNR = 1 << 14,
    NVME_PENDING = 0x10000, /* not yet: nvme_complete follows */
    NVME_HELD = 0x10001,    /* it has become an entry of the list of event requests */
};

enum nvme_admin_opcode {
    ADMIN_DELETE_SQ = 0x00, ADMIN_CREATE_SQ = 0x01, ADMIN_GET_LOG = 0x02, ADMIN_DELETE_CQ = 0x04, ADMIN_CREATE_CQ = 0x05, ADMIN_IDENTIFY = 0x06,
    ADMIN_ABORT = 0x08, ADMIN_SET_FEATURES = 0x09, ADMIN_GET_FEATURES = 0x0a, ADMIN_EVENT_REQUEST = 0x0c, ADMIN_DOORBELL_BUFFER = 0x7c, ADMIN_FORMAT = 0x80,
};
enum nvme_io_opcode { IO_FLUSH = 0x00, IO_WRITE = 0x01, IO_READ = 0x02, IO_COMPARE = 0x05, IO_WRITE_ZEROES = 0x08, IO_DATASET = 0x09, IO_VERIFY = 0x0c };

enum nvme_feature {
    FEATURE_ARBITRATION = 0x01, FEATURE_POWER = 0x02, FEATURE_TEMPERATURE = 0x04, FEATURE_RECOVERY = 0x05, FEATURE_WRITE_CACHE = 0x06,
    FEATURE_QUEUES = 0x07, FEATURE_COALESCING = 0x08, FEATURE_VECTOR = 0x09, FEATURE_ATOMICITY = 0x0a, FEATURE_EVENTS = 0x0b, FEATURE_TIMESTAMP = 0x0e,
};
enum nvme_event_type { EVENT_ERROR = 0, EVENT_HEALTH = 1, EVENT_NOTICE = 2 };
enum nvme_log { LOG_ERROR = 1, LOG_HEALTH = 2, LOG_FIRMWARE = 3, LOG_CHANGED = 4, LOG_EFFECTS = 5 };
enum { NVME_NOTICE_NAMESPACES = 1 << 8 }; /* of FEATURE_EVENTS, and of OAES */

struct nvme_command { /* as in memory (base 4.2) */
    uint8_t opcode, flags;
    uint16_t cid;
    uint32_t nsid, cdw2, cdw3;
    uint64_t mptr, prp1, prp2; /* the last two: or a descriptor of an SGL */
    uint32_t cdw10, cdw11, cdw12, cdw13, cdw14, cdw15;
};
_Static_assert(sizeof(struct nvme_command) == 64, "base 4.2");

struct nvme;
struct nvme_piece { struct mem_region *r; uint64_t offset, n; }; /* of guest memory; r NULL: of nobody's */

/* A namespace: the controller's own, or a device of its bus. */
struct nvme_ns {
    struct nvme *n;
    uint32_t nsid;
    struct block *drive;
    uint32_t logical, physical, min_io, opt_io, discard_granularity; /* bytes; properties */
    char *uuid_text, *nguid_text;
    uint64_t eui64;
    bool eui64_default;
    uint8_t uuid[16], nguid[16];
    bool has_uuid, has_nguid;
    uint8_t format;         /* index of the formats of its blocks */
    uint8_t formats[3], nformats; /* log2 of the bytes of a block */
    bool formatting, leaving;
    uint8_t formatted;      /* percent */
    uint64_t reads, writes, read_sectors, written_sectors, media_errors;
};

struct nvme_request {
    struct nvme *n;
    struct nvme_request *next; /* of those that are free */
    struct nvme_ns *ns;
    struct nvme_command c;
    uint16_t sqid;
    uint32_t result;
    struct iovec *iov;         /* of its data in guest memory */
    struct nvme_piece *piece;  /* likewise */
    unsigned npieces, most;
    uint8_t *buffer;           /* of what is not moved as it is */
    uint64_t held;             /* its bytes, where they are counted */
    /* A command of several requests to images: step sends the next, or says how it ends. */
    unsigned (*step)(struct nvme_request *q);
    bool stepping, stepped;
    int error;
    uint64_t at, end;
    unsigned turn;
    struct iovec one;
    struct block_request r;
};

/* What is saved of queues. size 0: there is none. */
struct nvme_sq { uint64_t base; uint16_t size, head, tail, cqid; };
struct nvme_cq { uint64_t base; uint16_t size, head, tail, vector; uint8_t phase, interrupts, pad[6]; };
struct nvme_memory { uint8_t *at; struct mem_region *r; uint64_t offset; }; /* a queue's */

struct nvme_event { uint8_t type, info, log; };
struct nvme_error { uint64_t count; uint16_t sqid, cid, status, location; uint64_t lba; uint32_t nsid; };

struct nvme {
    struct pci_device p;
    struct bus bus;
    /* properties */
    char *serial;
    uint32_t max_ioqpairs;
    uint16_t msix_qsize;
    uint8_t aerl, mdts;
    uint32_t aer_max_queued;
    bool intel_id;
    struct nvme_ns own;     /* drive= of the controller */
    struct nvme_ns *ns[NVME_NAMESPACES + 1];
    uint16_t express;       /* capability */
    /* registers */
    uint32_t cc, csts, aqa, intms;
    uint64_t asq, acq;
    /* queues, 0 is the admin queue */
    struct nvme_sq sq[NVME_QUEUES];
    struct nvme_cq cq[NVME_QUEUES];
    struct nvme_memory sq_at[NVME_QUEUES], cq_at[NVME_QUEUES], shadow, event_index;
    uint64_t shadow_base, event_index_base;
    uint16_t kept[NVME_QUEUES];     /* entries of completion queues that commands under way have */
    bool starved[NVME_QUEUES];      /* submission queues wait for room in it */
    uint64_t to_signal[(NVME_QUEUES + 63) / 64];
    struct nvme_request *free;
    struct alarm *again;            /* queues that had more than a round */
    uint64_t look[(NVME_QUEUES + 63) / 64];
    bool io_queues;                 /* there have been some since the reset */
    /* features */
    uint32_t feature[NVME_FEATURES], under_threshold;
    uint8_t no_coalescing[PCI_MSIX_MAX];
    uint64_t timestamp, timestamp_at; /* ms as set, clock then */
    uint8_t timestamp_origin;
    /* events */
    uint16_t requests[256], nrequests; /* commands that wait for one */
    struct nvme_event event[NVME_EVENTS];
    uint16_t nevents;
    uint8_t masked;                 /* types that were told and not read */
    uint8_t changed[NVME_NAMESPACES + 1];
    struct nvme_error errors[NVME_ERRORS];
    uint64_t nerrors;
    /* shutdown: flushes under way */
    unsigned flushes;
    uint8_t *sink;                  /* of bit buckets, and of what is only verified */
    bool ending;                    /* commands of several steps end after the one under way */
    uint64_t held;                  /* bytes of requests' buffers that are counted */
};

/* --- ctrl.c --- */
static inline unsigned nvme_page_bits(const struct nvme *n) { return 12 + (n->cc >> 7 & 15); }
/* The command has ended; q is gone. */
void nvme_complete(struct nvme_request *q, unsigned status);
/* An entry without a command of its own; there is room. */
void nvme_post(struct nvme *n, unsigned sqid, unsigned cid, uint32_t result, unsigned status);
bool nvme_has_room(const struct nvme *n, unsigned cqid);
/* Interrupts for what was posted. */
void nvme_signal(struct nvme *n);
/* Memory of a queue, or of doorbells; false: there is no such memory. */
bool nvme_find_memory(struct nvme *n, uint64_t at, uint64_t bytes, bool write, struct nvme_memory *m);
void nvme_start_cq(struct nvme *n, unsigned id, const struct nvme_memory *m);
void nvme_start_sq(struct nvme *n, unsigned id, const struct nvme_memory *m);
void nvme_drain(struct nvme *n);

/* --- dma.c: status --- */
/* The command's data of n bytes into q->iov; to_host: the controller writes it. */
unsigned nvme_map(struct nvme_request *q, uint64_t n, bool to_host);
/* NVME_SINK bytes that nobody reads; NULL: no memory. */
uint8_t *nvme_sink(struct nvme *n);
/* Bytes were written into it. */
void nvme_wrote(struct nvme_request *q);
/* Whole transfers, of n bytes; what is beyond have of bytes is zero. */
unsigned nvme_put(struct nvme_request *q, const void *bytes, uint64_t have, uint64_t n);
unsigned nvme_take(struct nvme_request *q, void *bytes, uint64_t n);

/* --- admin.c --- */
unsigned nvme_admin(struct nvme_request *q);
void nvme_tell(struct nvme *n, enum nvme_event_type type, unsigned info, enum nvme_log log);
void nvme_tell_waiting(struct nvme *n);
/* The log of those events was read. */
void nvme_unmask(struct nvme *n, enum nvme_event_type type);
/* A namespace is another now, came or went. */
void nvme_changed(struct nvme *n, uint32_t nsid);

unsigned nvme_identify(struct nvme_request *q);
unsigned nvme_get_features(struct nvme_request *q);
unsigned nvme_set_features(struct nvme_request *q);
void nvme_reset_features(struct nvme *n);
unsigned nvme_get_log(struct nvme_request *q);
/* An entry of the error log; lba: ~0: none. */
void nvme_log_error(struct nvme_request *q, unsigned status, uint64_t lba);
/* Bits of the critical warning. */
unsigned nvme_warnings(const struct nvme *n);

/* --- io.c --- */
unsigned nvme_io(struct nvme_request *q);
unsigned nvme_format(struct nvme_request *q);

/* --- ns.c --- */
static inline unsigned nvme_block_bits(const struct nvme_ns *s) { return s->formats[s->format]; }
static inline uint64_t nvme_ns_blocks(const struct nvme_ns *s) { return block_size(s->drive) >> nvme_block_bits(s); }
/* NULL: no such namespace. */
static inline struct nvme_ns *nvme_ns_at(const struct nvme *n, uint32_t nsid)
{
    return nsid && nsid <= NVME_NAMESPACES ? n->ns[nsid] : NULL;
}
bool nvme_ns_attach(struct nvme *n, struct nvme_ns *s, const char *name, char *err, size_t errlen);
void nvme_ns_detach(struct nvme_ns *s);
extern const struct bus_type nvme_bus_type;

#define NVME_NS_PROPERTIES(S, at) \
    PROPERTY(S, at.drive, PROP_DRIVE, "drive", NULL, "its backend"), \
    BOOT_PROPERTY, \
    PROPERTY(S, at.logical, PROP_U32, "logical_block_size", "512", "bytes of a block, until the guest formats it"), \
    PROPERTY(S, at.physical, PROP_U32, "physical_block_size", NULL, "what the disk likes best (the logical)"), \
    PROPERTY(S, at.min_io, PROP_U32, "min_io_size", NULL, "best smallest request"), \
    PROPERTY(S, at.opt_io, PROP_U32, "opt_io_size", NULL, "best request"), \
    PROPERTY(S, at.discard_granularity, PROP_U32, "discard_granularity", NULL, "pieces of discards (the logical block)")

#endif
