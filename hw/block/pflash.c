/*
 * A bank of NOR flash: two 16-bit chips side by side with the Intel command set (JEDEC JESD68 and JEP137: the query; Intel
 * "Common Flash Interface and Command Sets", AP-646).
 *
 * The guest reads memory while the chips are in their array mode. A command that makes them answer with status, numbers or
 * the query lays registers over the memory until the array is asked for again. What is programmed or erased goes to the
 * image in the background, whole 512-byte sectors, one request at a time.
 *
 * Both chips are taken to get the same commands; programming can only clear bits, as in the real thing. Blocks are never
 * locked; suspending does nothing, as nothing takes time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "pflash.h"

enum { SECTOR = 256 << 10, BUFFER_WORDS = 256 /* of 16 bits, of each chip */, READY = 0x80 };
enum mode { ARRAY, STATUS, NUMBERS, QUERY };
enum step { COMMAND, PROGRAM, ERASE, LOCK, COUNT, FILL, CONFIRM };

struct pflash {
    struct device d;
    struct block *drive;
    char *name;
    uint64_t length;
    struct mem_region *memory, *registers;
    struct mapping *over;        /* registers are seen */
    uint32_t mode, step, left, status;
    uint64_t buffer_at;
    uint32_t buffered;           /* bytes of the buffer's span */
    uint8_t buffer[BUFFER_WORDS * 4];
    uint64_t low, high;          /* what the image has not got yet */
    struct block_request request;
    struct iovec iov;
    bool busy, complained;
};

static uint64_t both(uint64_t v) { return v | v << 16; }

static void show(struct pflash *p, enum mode mode)
{
    p->mode = mode;
    if ((mode != ARRAY) == (p->over != NULL))
        return;
    if (p->over) {
        physmem_unmap(p->d.machine->memory, p->over);
        p->over = NULL;
    } else if (p->d.mapping[0]) {
        p->over = physmem_map(p->d.machine->memory, p->registers, p->d.at[0], 0, p->length, 1);
    }
}

/* ---------------------------------------------------------------------- the image */

static void write_back(struct pflash *p);

static void written(struct block_request *r, int error)
{
    struct pflash *p = (struct pflash *)((char *)r - offsetof(struct pflash, request));
    p->busy = false;
    if (error && !p->complained)
        fprintf(stderr, "myna: flash %s: can't be written: %s\n", p->name, strerror(-error));
    p->complained |= error != 0;
    write_back(p);
}

static void write_back(struct pflash *p)
{
    if (!p->drive || p->busy || p->low >= p->high)
        return;
    uint64_t at = p->low & ~511ull, n = ((p->high + 511) & ~511ull) - at;
    p->iov = (struct iovec){ p->memory->host + at, n };
    p->request = (struct block_request){ .op = BLOCK_WRITE, .offset = at, .bytes = n, .iov = &p->iov, .niov = 1, .done = written };
    p->low = p->high = 0;
    p->busy = true;
    block_submit(p->drive, &p->request);
}

static void changed(struct pflash *p, uint64_t at, uint64_t n)
{
    physmem_wrote(p->d.machine->memory, p->memory, at, n);
    if (p->low == p->high)
        p->low = at, p->high = at + n;
    p->low = at < p->low ? at : p->low;
    p->high = at + n > p->high ? at + n : p->high;
    write_back(p);
}

/* ----------------------------------------------------------------------- commands */

static bool read_only(const struct pflash *p) { return p->drive && p->drive->node->readonly; }

static void program(struct pflash *p, uint64_t at, const uint8_t *bytes, unsigned n)
{
    if (read_only(p)) {
        p->status |= 0x12; /* program error, block locked */
        return;
    }
    for (unsigned k = 0; k < n; k++)
        p->memory->host[at + k] &= bytes[k];
    changed(p, at, n);
}

static void erase(struct pflash *p, uint64_t at)
{
    at &= ~(uint64_t)(SECTOR - 1);
    if (read_only(p)) {
        p->status |= 0x22; /* erase error, block locked */
        return;
    }
    memset(p->memory->host + at, 0xff, SECTOR);
    changed(p, at, SECTOR);
}

static void command(struct pflash *p, uint64_t at, uint8_t c)
{
    p->step = COMMAND;
    switch (c) {
    case 0x10:
    case 0x40:
        p->step = PROGRAM;
        show(p, STATUS);
        break;
    case 0x20:
        p->step = ERASE;
        show(p, STATUS);
        break;
    case 0x50:
        p->status = READY;
        break;
    case 0x60:
        p->step = LOCK;
        show(p, STATUS);
        break;
    case 0x70:
    case 0xb0:
    case 0xd0:
        show(p, STATUS);
        break;
    case 0x90:
        show(p, NUMBERS);
        break;
    case 0x98:
        show(p, QUERY);
        break;
    case 0xe8:
        p->step = COUNT;
        p->buffer_at = ~0ull;
        p->buffered = 0;
        show(p, STATUS);
        break;
    default: /* 0xff, and what is none */
        show(p, ARRAY);
    }
}

static void fill(struct pflash *p, uint64_t at, unsigned size, uint64_t value)
{
    if (p->buffer_at == ~0ull) {
        p->buffer_at = at;
        memset(p->buffer, 0xff, sizeof p->buffer);
    }
    uint64_t offset = at - p->buffer_at;
    if (at < p->buffer_at || offset + size > sizeof p->buffer) {
        p->status |= 0x30; /* a command sequence error */
        p->step = COMMAND;
        return;
    }
    memcpy(p->buffer + offset, &value, size);
    if (offset + size > p->buffered)
        p->buffered = (uint32_t)(offset + size);
    if (!--p->left)
        p->step = CONFIRM;
}

static void flash_write(void *device, uint64_t at, unsigned size, uint64_t value, struct mem_attr a)
{
    struct pflash *p = device;
    uint8_t bytes[8], c = (uint8_t)value;
    memcpy(bytes, &value, 8);
    switch ((enum step)p->step) {
    case COMMAND:
        command(p, at, c);
        break;
    case PROGRAM:
        program(p, at, bytes, size);
        p->step = COMMAND;
        break;
    case ERASE:
        if (c == 0xd0)
            erase(p, at);
        else
            p->status |= 0x30;
        p->step = COMMAND;
        break;
    case LOCK:
        p->step = COMMAND;
        if (c != 0x01 && c != 0xd0 && c != 0x2f)
            command(p, at, c);
        break;
    case COUNT:
        p->left = (uint32_t)(value & 0xffff) + 1;
        p->step = p->left <= BUFFER_WORDS ? FILL : COMMAND;
        if (p->step == COMMAND)
            p->status |= 0x30;
        break;
    case FILL:
        fill(p, at, size, value);
        break;
    case CONFIRM:
        if (c == 0xd0)
            program(p, p->buffer_at, p->buffer, (unsigned)(p->length - p->buffer_at < p->buffered ? p->length - p->buffer_at : p->buffered));
        else
            p->status |= 0x30;
        p->step = COMMAND;
        break;
    }
}

/* What one chip answers to a query at word n. */
static uint8_t query(const struct pflash *p, uint64_t n)
{
    uint64_t chip = p->length / 2, sectors = p->length / SECTOR;
    static const uint8_t fixed[0x40] = {
        [0x10] = 'Q', 'R', 'Y', 0x01, 0x00, 0x31, 0x00, /* Intel's extended command set, its table at 0x31 */
        [0x1b] = 0x45, 0x55, 0x00, 0x00, 0x07, 0x07, 0x0a, 0x00, 0x04, 0x04, 0x04, 0x00, /* voltages, times */
        [0x28] = 0x01, 0x00, 0x09, 0x00, 0x01, /* 16 bits wide, a buffer of 2^9 bytes, one kind of block */
        [0x31] = 'P', 'R', 'I', '1', '0',
    };
    switch (n) {
    case 0x27:
        return (uint8_t)__builtin_ctzll(chip);
    case 0x2d:
        return (uint8_t)(sectors - 1);
    case 0x2e:
        return (uint8_t)((sectors - 1) >> 8);
    case 0x2f:
        return (uint8_t)(SECTOR / 2 / 256);
    case 0x30:
        return (uint8_t)(SECTOR / 2 / 256 >> 8);
    }
    return n < sizeof fixed ? fixed[n] : 0;
}

static uint64_t flash_read(void *device, uint64_t at, unsigned size, struct mem_attr a)
{
    struct pflash *p = device;
    uint64_t v = 0;
    switch ((enum mode)p->mode) {
    case ARRAY:
        memcpy(&v, p->memory->host + at, size);
        return v;
    case STATUS:
        v = both(p->status);
        break;
    case NUMBERS:
        v = both((at >> 2 & 0xff) == 0 ? 0x89 : (at >> 2 & 0xff) == 1 ? 0x18 : 0); /* maker, kind; lock bits */
        break;
    case QUERY:
        v = both(query(p, at >> 2 & 0xff));
        break;
    }
    v |= v << 32;
    v >>= 8 * (at & 3);
    return size == 8 ? v : v & ((1ull << 8 * size) - 1);
}

static const struct mmio_ops ops = { flash_read, flash_write, 1, 4, false };

/* ------------------------------------------------------------------------- device */

static bool realize(struct device *d, char *err, size_t errlen)
{
    struct pflash *p = (struct pflash *)d;
    int error = 0;
    p->memory = mem_new_ram(p->name, p->length, MEM_ROM_DEVICE, &error);
    p->registers = mem_new_mmio(p->name, p->length, &ops, p);
    if (!p->memory || !p->registers) {
        snprintf(err, errlen, "no memory for flash %s", p->name);
        return false;
    }
    mem_set_device(p->memory, &ops, p);
    device_region(d, 0, p->memory);
    p->status = READY;
    if (!p->drive)
        return true;
    const struct block_front f = { NULL, p, NULL, NULL };
    if (!p->drive->node) {
        snprintf(err, errlen, "drive %s is empty, and flash wants an image", p->drive->options.id);
        return false;
    }
    if (block_size(p->drive) != p->length) {
        snprintf(err, errlen, "%s: %llu bytes, and the flash bank has %llu (truncate -s %lluM)", p->drive->node->filename,
                 (unsigned long long)block_size(p->drive), (unsigned long long)p->length, (unsigned long long)(p->length >> 20));
        return false;
    }
    if (!block_attach(p->drive, d->machine, &f, err, errlen))
        return false;
    int rc = block_read_now(p->drive, 0, p->memory->host, p->length);
    if (rc)
        snprintf(err, errlen, "%s: %s", p->drive->node->filename, strerror(-rc));
    return !rc;
}

static void unrealize(struct device *d)
{
    struct pflash *p = (struct pflash *)d;
    show(p, ARRAY);
    if (p->drive) {
        block_drain(p->drive);
        block_detach(p->drive);
    }
    mem_free(p->registers);
}

static void reset(struct device *d)
{
    struct pflash *p = (struct pflash *)d;
    p->step = COMMAND;
    p->status = READY;
    show(p, ARRAY);
}

static const char *valid(struct device *d)
{
    const struct pflash *p = (const struct pflash *)d;
    bool empty = p->buffer_at == ~0ull && !p->buffered && p->step != CONFIRM;
    return empty || p->buffer_at < p->length ? NULL : "its write buffer is beyond its end";
}

static void loaded(struct device *d)
{
    struct pflash *p = (struct pflash *)d;
    enum mode mode = p->mode;
    p->mode = ARRAY;
    show(p, mode);
}

bool pflash_empty(const struct device *d) { return !((const struct pflash *)d)->drive; }

static const struct property properties[] = {
    PROPERTY(struct pflash, drive, PROP_DRIVE, "drive", NULL, "its contents"),
    PROPERTY(struct pflash, name, PROP_STRING, "name", "flash", "what it is called"),
    PROPERTY(struct pflash, length, PROP_SIZE, "length", "64M", "bytes"),
    { NULL }
};
static const struct field fields[] = {
    FIELD_UP_TO(struct pflash, mode, QUERY), FIELD_UP_TO(struct pflash, step, CONFIRM), FIELD(struct pflash, left), FIELD(struct pflash, status), FIELD(struct pflash, buffer_at),
    FIELD_UP_TO(struct pflash, buffered, BUFFER_WORDS * 4), FIELD(struct pflash, buffer), { NULL }
};

const struct device_type pflash_type = {
    .name = "cfi.pflash01", .category = "Storage", .help = "a bank of NOR flash", .size = sizeof(struct pflash), .properties = properties,
    .fields = fields, .realize = realize, .unrealize = unrealize, .reset = reset, .valid = valid, .loaded = loaded,
};
