/*
 * NVM Express: Identify (base 5.15). A structure is rows of numbers at their offsets.
 */
#include <string.h>

#include "nvme.h"

enum { SIZE = 4096, CNS_NAMESPACE = 0x00, CNS_CONTROLLER = 0x01, CNS_ACTIVE = 0x02, CNS_DESCRIPTORS = 0x03, CNS_SET_NAMESPACE = 0x05,
       CNS_SET_CONTROLLER = 0x06, CNS_ALLOCATED = 0x10, CNS_ALLOCATED_NAMESPACE = 0x11 };
enum { DESCRIPTOR_EUI64 = 1, DESCRIPTOR_NGUID = 2, DESCRIPTOR_UUID = 3, DESCRIPTOR_SET = 4 };

struct number { uint16_t at; uint8_t size; uint64_t value; };

static void put_number(uint8_t *to, unsigned size, uint64_t v)
{
    for (unsigned k = 0; k < size; k++)
        to[k] = (uint8_t)(v >> 8 * k);
}

static void put_numbers(uint8_t *to, const struct number *row, unsigned n)
{
    for (; n; n--, row++)
        put_number(to + row->at, row->size, row->value);
}
#define PUT(to, rows) put_numbers(to, rows, sizeof rows / sizeof *rows)

/* Text without an end, filled with spaces. */
static void put_text(uint8_t *to, unsigned size, const char *text)
{
    size_t n = strnlen(text, size);
    memset(to, ' ', size);
    memcpy(to, text, n);
}

/* --------------------------------------------------------------------- the controller */

static void controller(const struct nvme *n, uint8_t *to)
{
    uint64_t bytes = 0;
    for (unsigned k = 1; k <= NVME_NAMESPACES; k++)
        bytes += n->ns[k] ? block_size(n->ns[k]->drive) : 0;
    const struct number rows[] = {
        { 0, 2, pci_get(&n->p, PCI_VENDOR, 2) }, { 2, 2, pci_get(&n->p, PCI_SUBSYSTEM_VENDOR, 2) },
        { 72, 1, 6 },                  /* recommended arbitration burst */
        { 73, 3, 0x525400 },           /* IEEE OUI */
        { 77, 1, n->mdts }, { 80, 4, 0x00010400 },
        { 92, 4, NVME_NOTICE_NAMESPACES }, { 111, 1, 1 /* an I/O controller */ },
        { 256, 2, 1 << 1 | 1 << 8 },   /* Format NVM, Doorbell Buffer Config */
        { 258, 1, 3 }, { 259, 1, n->aerl },
        { 260, 1, 1 | 1 << 1 },        /* one slot of firmware, which is read only */
        { 261, 1, 1 | 1 << 1 | 1 << 2 }, /* health by namespace, effects of commands, long logs */
        { 262, 1, NVME_ERRORS - 1 }, { 266, 2, 343 }, { 268, 2, 373 }, /* temperatures that warn, that are critical */
        { 280, 8, bytes },
        { 512, 1, 0x66 }, { 513, 1, 0x44 }, { 516, 4, NVME_NAMESPACES },
        { 520, 2, 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 }, /* Compare, DSM, Write Zeroes, select of features, Timestamp, Verify */
        { 525, 1, 1 | 3 << 1 },        /* a cache that is written back; Flush of all namespaces */
        { 536, 4, 1 | 1 << 16 | 1 << 18 }, /* SGLs: any alignment, bit buckets, longer than the data */
        { 540, 4, NVME_NAMESPACES }, { 2048, 2, 0x9c4 /* 25 W */ },
    };
    PUT(to, rows);
    put_text(to + 4, 20, n->serial);
    put_text(to + 24, 40, "QEMU NVMe Ctrl"); /* guests name disks after it */
    put_text(to + 64, 8, "1.0");
    snprintf((char *)to + 768, 256, "nqn.2019-08.org.qemu:%s", n->serial);
}

/* ---------------------------------------------------------------------- a namespace */

static uint64_t blocks_less_one(const struct nvme_ns *s, uint32_t bytes)
{
    uint64_t n = bytes >> nvme_block_bits(s);
    return n ? (n > 65536 ? 65535 : n - 1) : 0;
}

static void put_reversed(uint8_t *to, uint64_t v, unsigned size)
{
    for (unsigned k = 0; k < size; k++)
        to[k] = (uint8_t)(v >> 8 * (size - 1 - k));
}

static void name_space(const struct nvme_ns *s, uint8_t *to)
{
    uint64_t blocks = nvme_ns_blocks(s), best = blocks_less_one(s, s->min_io > s->physical ? s->min_io : s->physical);
    uint64_t discard = blocks_less_one(s, s->discard_granularity);
    const struct number rows[] = {
        { 0, 8, blocks }, { 8, 8, blocks }, { 16, 8, blocks }, { 24, 1, 1 << 4 /* the best sizes are there */ }, { 25, 1, s->nformats - 1u },
        { 26, 1, s->format }, { 32, 1, s->formatting ? 0x80 | (100u - s->formatted) : 0x80 },
        { 33, 1, 1 | 1 << 3 }, /* what is deallocated reads as zeroes; Write Zeroes may do it */
        { 48, 8, block_size(s->drive) }, { 64, 2, best }, { 66, 2, best }, { 68, 2, discard }, { 70, 2, discard },
        { 72, 2, s->opt_io ? blocks_less_one(s, s->opt_io) : best }, { 99, 1, s->drive->node->readonly },
    };
    PUT(to, rows);
    memcpy(to + 104, s->nguid, 16);
    put_reversed(to + 120, s->eui64, 8);
    for (unsigned k = 0; k < s->nformats; k++)
        to[128 + 4 * k + 2] = s->formats[k];
}

static uint8_t *put_descriptor(uint8_t *to, unsigned type, const void *bytes, unsigned n)
{
    to[0] = (uint8_t)type;
    to[1] = (uint8_t)n;
    memcpy(to + 4, bytes, n);
    return to + 4 + n;
}

static void descriptors(const struct nvme_ns *s, uint8_t *to)
{
    uint8_t eui64[8], set = 0; /* the NVM command set */
    put_reversed(eui64, s->eui64, 8);
    if (s->has_uuid)
        to = put_descriptor(to, DESCRIPTOR_UUID, s->uuid, 16);
    if (s->eui64)
        to = put_descriptor(to, DESCRIPTOR_EUI64, eui64, 8);
    if (s->has_nguid)
        to = put_descriptor(to, DESCRIPTOR_NGUID, s->nguid, 16);
    put_descriptor(to, DESCRIPTOR_SET, &set, 1);
}

static void list(const struct nvme *n, uint32_t after, uint8_t *to)
{
    for (unsigned k = after < NVME_NAMESPACES ? after + 1 : NVME_NAMESPACES + 1; k <= NVME_NAMESPACES; k++)
        if (n->ns[k]) {
            put_number(to, 4, k);
            to += 4;
        }
}

/* What all namespaces have: their formats. */
static void common(uint8_t *to)
{
    to[24] = 1 << 4;
    to[25] = 1;
    to[33] = 1 | 1 << 3;
    to[130] = 9;
    to[134] = 12;
}

unsigned nvme_identify(struct nvme_request *q)
{
    const struct nvme *n = q->n;
    uint8_t bytes[SIZE] = { 0 };
    uint32_t nsid = q->c.nsid;
    const struct nvme_ns *s = nvme_ns_at(n, nsid);
    bool valid = nsid && nsid <= NVME_NAMESPACES, nvm_set = !(q->c.cdw11 >> 24);
    switch (q->c.cdw10 & 0xff) {
    case CNS_CONTROLLER:
        controller(n, bytes);
        break;
    case CNS_NAMESPACE:
    case CNS_ALLOCATED_NAMESPACE:
        if (nsid == NVME_ALL)
            common(bytes);
        else if (!valid)
            return NVME_INVALID_NAMESPACE;
        else if (s) /* all zero: it is not active */
            name_space(s, bytes);
        break;
    case CNS_ACTIVE:
    case CNS_ALLOCATED:
        if (nsid >= 0xfffffffe)
            return NVME_INVALID_NAMESPACE;
        list(n, nsid, bytes);
        break;
    case CNS_DESCRIPTORS:
        if (!valid)
            return NVME_INVALID_NAMESPACE;
        if (!s)
            return NVME_INVALID_FIELD;
        descriptors(s, bytes);
        break;
    case CNS_SET_NAMESPACE: /* nothing that only the NVM command set has */
        if (!valid)
            return NVME_INVALID_NAMESPACE;
        if (!nvm_set)
            return NVME_INVALID_FIELD;
        break;
    case CNS_SET_CONTROLLER: /* no limits but the transfer's */
        if (!nvm_set)
            return NVME_INVALID_FIELD;
        break;
    default:
        return NVME_INVALID_FIELD;
    }
    return nvme_put(q, bytes, sizeof bytes, sizeof bytes);
}
