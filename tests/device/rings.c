/*
 * Virtio queues and virtio-blk, as a driver sees them: split and packed rings, indirect tables, event suppression, rings
 * that make no sense. What is expected is virtio-v1.2's §2.6 to §2.8, §4.2 and §5.2.
 */
#include "driver.h"

enum { IMAGE = 1 << 20, BLK_OUT = 1, BLK_FLUSH = 4, BLK_ID = 8, BLK_DISCARD = 11, BLK_ZEROES = 13 };
enum { HEAD_AT = BUFFERS_AT, STATUS_AT = BUFFERS_AT + 0x100, TABLE_AT = BUFFERS_AT + 0x1000, DATA_AT = BUFFERS_AT + 0x10000 };
static const uint64_t INDIRECT = VIRTIO_BIT(VIRTIO_F_INDIRECT_DESC), EVENT = VIRTIO_BIT(VIRTIO_F_EVENT_IDX),
                      PACKED = VIRTIO_BIT(VIRTIO_F_RING_PACKED), BLK = 0x7200 | 0x44;

/* One request; data in up to three pieces. Returns the status byte, or -1 if nothing came back. */
static int request(struct driver *d, unsigned type, uint64_t sector, unsigned bytes, bool in, bool indirect, uint32_t *written)
{
    static unsigned first;
    struct piece p[5] = { { HEAD_AT, 16, 0 } };
    unsigned n = 1, cut = bytes > 1024 ? bytes / 1024 * 512 : bytes;
    uint32_t none;
    poke(d, HEAD_AT, 4, type);
    poke(d, HEAD_AT + 8, 8, sector);
    poke(d, STATUS_AT, 1, 0x77);
    if (bytes)
        p[n++] = (struct piece){ DATA_AT, cut, in ? D_WRITE : 0 };
    if (bytes > cut)
        p[n++] = (struct piece){ DATA_AT + cut, bytes - cut, in ? D_WRITE : 0 };
    p[n++] = (struct piece){ STATUS_AT, 1, D_WRITE };
    first = (first + 1) % d->q[0].size;
    put_chain(d, 0, first, p, n, indirect ? TABLE_AT : 0);
    notify(d, 0);
    int id = take_used(d, 0, written ? written : &none, indirect ? 1 : n);
    CHECK(id == (int)first);
    return id < 0 ? -1 : (int)peek(d, STATUS_AT, 1);
}

static void fill(struct driver *d, unsigned n, unsigned seed)
{
    for (unsigned k = 0; k < n; k++)
        ram(d->b, DATA_AT)[k] = (uint8_t)(seed * 31 + k * 7 + (k >> 8));
}
static bool filled(struct driver *d, unsigned n, unsigned seed)
{
    for (unsigned k = 0; k < n; k++)
        if (ram(d->b, DATA_AT)[k] != (uint8_t)(seed * 31 + k * 7 + (k >> 8)))
            return false;
    return true;
}

static void transfers(struct driver *d, uint64_t features, unsigned size, bool indirect)
{
    uint32_t n;
    drive(d, features | BLK, 1, size);
    for (unsigned k = 0; k < 40; k++) {
        unsigned bytes = 512 << k % 5;
        fill(d, bytes, k);
        CHECK(request(d, BLK_OUT, 3 * k, bytes, false, indirect, &n) == 0 && n == 1);
        memset(ram(d->b, DATA_AT), 0xee, bytes);
        CHECK(request(d, 0, 3 * k, bytes, true, indirect, &n) == 0 && n == bytes + 1);
        CHECK(filled(d, bytes, k));
    }
    CHECK(request(d, BLK_FLUSH, 0, 0, false, indirect, NULL) == 0);
    CHECK(reg(d, R_STATUS) == 15);
    CHECK(reg(d, R_ISR) & 1);
    set_reg(d, R_ACK, 1);
    CHECK(reg(d, R_ISR) == 0 && !d->b->line[0]);
}

static void commands(struct driver *d)
{
    drive(d, BLK, 1, 8);
    CHECK(peek(d, d->at + R_CONFIG, 4) == (IMAGE + 512) / 512); /* 100 bytes more than IMAGE: rounded up */
    CHECK(peek(d, d->at + R_CONFIG + 20, 4) == 512);            /* blk_size */
    CHECK(request(d, BLK_ID, 0, 20, true, false, NULL) == 0 && !memcmp(ram(d->b, DATA_AT), "serial-7\0\0", 10));
    CHECK(request(d, 99, 0, 512, true, false, NULL) == 2);
    CHECK(request(d, 0, (IMAGE + 512) / 512, 512, true, false, NULL) == 1);
    CHECK(request(d, 0, ~0ull, 512, true, false, NULL) == 1);
    CHECK(request(d, 0, 0, 500, true, false, NULL) == 1);
    CHECK(request(d, 0, IMAGE / 512, 512, true, false, NULL) == 0); /* the last sector: 100 bytes and zeros */
    CHECK(peek(d, DATA_AT + 99, 1) == 0x5a && peek(d, DATA_AT + 100, 8) == 0 && peek(d, DATA_AT + 504, 8) == 0);
    fill(d, 4096, 1);
    CHECK(request(d, BLK_OUT, 8, 4096, false, false, NULL) == 0);
    poke(d, DATA_AT, 8, 9);      /* sector */
    poke(d, DATA_AT + 8, 8, 2);  /* sectors, flags */
    CHECK(request(d, BLK_ZEROES, 0, 16, false, false, NULL) == 0);
    CHECK(request(d, 0, 8, 2048, true, false, NULL) == 0);
    CHECK(peek(d, DATA_AT + 512, 8) == 0 && peek(d, DATA_AT + 1528, 8) == 0 && peek(d, DATA_AT + 511, 1) && peek(d, DATA_AT + 1537, 1));
    poke(d, DATA_AT, 8, 8);
    poke(d, DATA_AT + 8, 8, 8);
    CHECK(request(d, BLK_DISCARD, 0, 16, false, false, NULL) == 0);
    CHECK(request(d, 0, 8, 4096, true, false, NULL) == 0 && peek(d, DATA_AT, 8) == 0); /* discard=unmap: a hole */
    poke(d, DATA_AT + 8, 8, 8 | 1ull << 32);
    CHECK(request(d, BLK_DISCARD, 0, 16, false, false, NULL) == 2); /* unmap is no flag of a discard */
    poke(d, DATA_AT, 8, IMAGE / 512);
    poke(d, DATA_AT + 8, 8, 8);
    CHECK(request(d, BLK_ZEROES, 0, 16, false, false, NULL) == 1);
    /* the cache's mode */
    CHECK(peek(d, d->at + R_CONFIG + 32, 1) == 1);
    poke(d, d->at + R_CONFIG + 32, 1, 0);
    CHECK(d->features & 1 << 11 ? peek(d, d->at + R_CONFIG + 32, 1) == 0 : true);
    CHECK(request(d, BLK_OUT, 0, 512, false, false, NULL) == 0);
}

/* An interrupt comes when the event index is passed, and only then. */
static void events(struct driver *d, bool packed)
{
    drive(d, BLK | EVENT | (packed ? PACKED : 0), 1, 8);
    struct queue *q = &d->q[0];
    gpa_t flags = q->driver + (packed ? 2 : 0), event = packed ? q->driver : q->driver + 4 + 2 * 8;
    if (packed)
        poke(d, flags, 2, 2);
    poke(d, event, 2, packed ? 4 | 1 << 15 : 1); /* after the second request of two (packed: 2 descriptors each) */
    CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    if (packed)
        CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    CHECK(!(reg(d, R_ISR) & 1));
    CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    pause_ms(20);
    CHECK(reg(d, R_ISR) & 1);
    CHECK(d->b->line[0]);
    set_reg(d, R_ACK, 3);
    CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0); /* passed already */
    CHECK(!(reg(d, R_ISR) & 1));
    if (!packed) {
        CHECK(peek(d, q->device + 4 + 8 * 8, 2) == q->avail); /* the device wants to hear of the next buffer */
        return;
    }
    CHECK(peek(d, q->device, 2) == (q->avail | (unsigned)q->avail_wrap << 15) && peek(d, q->device + 2, 2) == 2);
    poke(d, flags, 2, 1); /* none at all */
    for (unsigned k = 0; k < 9; k++)
        CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    CHECK(!(reg(d, R_ISR) & 1));
    poke(d, flags, 2, 0); /* always */
    CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    pause_ms(20);
    CHECK(reg(d, R_ISR) & 1);
}

/* ------------------------------------------------------------------------- nonsense */

enum nonsense {
    LOOP, NEXT_BEYOND, HEAD_BEYOND, AVAIL_AHEAD, ADDRESS_HOLE, ADDRESS_WRAP, LENGTH_BEYOND, ORDER, INDIRECT_NESTED, INDIRECT_NEXT,
    INDIRECT_LENGTH, INDIRECT_EMPTY, INDIRECT_HOLE, INDIRECT_NOT_AGREED, NO_HEAD, NO_STATUS, RING_HOLE, RING_ODD, INDIRECT_LOOP,
    NONSENSES
};

static void put_nonsense(struct driver *d, enum nonsense what)
{
    struct queue *q = &d->q[0];
    unsigned next = d->packed ? D_NEXT | D_AVAIL : D_NEXT, last = d->packed ? D_AVAIL : 0;
    gpa_t table = q->desc;
#define DESC(t, k, at, n, flags, link) put_desc(d, t, k, at, n, d->packed ? 0 : (flags), d->packed ? (flags) : (link))
    DESC(table, 0, HEAD_AT, 16, next, 1);
    DESC(table, 1, STATUS_AT, 1, last | D_WRITE, 0);
    unsigned head = 0, avail = 1;
    switch (what) {
    case LOOP:
        DESC(table, 1, DATA_AT, 512, next | D_WRITE, 0);
        for (unsigned k = 2; k < 8 && d->packed; k++)
            DESC(table, k, DATA_AT, 512, next | D_WRITE, 0);
        break;
    case NEXT_BEYOND:
        DESC(table, 0, HEAD_AT, d->packed ? 0xffffffff : 16, next, 8);
        break;
    case HEAD_BEYOND:
        head = 8;
        if (d->packed)
            DESC(table, 0, ~0ull, 16, next, 1);
        break;
    case AVAIL_AHEAD:
        avail = 9;
        if (d->packed)
            DESC(table, 0, HEAD_AT, 0, last, 1);
        break;
    case ADDRESS_HOLE:
        DESC(table, 0, 0x10000000, 16, next, 1);
        break;
    case ADDRESS_WRAP:
        DESC(table, 0, ~0ull - 7, 16, next, 1);
        break;
    case LENGTH_BEYOND:
        DESC(table, 0, RAM_AT + RAM_BYTES - 8, 16, next, 1);
        break;
    case ORDER:
        DESC(table, 0, HEAD_AT, 16, next | D_WRITE, 1);
        DESC(table, 1, STATUS_AT, 1, last, 0);
        break;
    case INDIRECT_NESTED:
        DESC(TABLE_AT, 0, TABLE_AT, 16, D_INDIRECT, 0);
        DESC(table, 0, TABLE_AT, d->packed ? 17 : 16, last | D_INDIRECT, 0);
        break;
    case INDIRECT_NEXT:
        DESC(table, 0, TABLE_AT, 16, next | D_INDIRECT, 1);
        break;
    case INDIRECT_LENGTH:
        DESC(table, 0, TABLE_AT, 24, last | D_INDIRECT, 0);
        break;
    case INDIRECT_EMPTY:
        DESC(table, 0, TABLE_AT, 0, last | D_INDIRECT, 0);
        break;
    case INDIRECT_HOLE:
        DESC(table, 0, 0x10000000, 32, last | D_INDIRECT, 0);
        break;
    case INDIRECT_NOT_AGREED:
        DESC(TABLE_AT, 0, HEAD_AT, 16, d->packed ? 0 : D_NEXT, 1);
        DESC(TABLE_AT, 1, STATUS_AT, 1, D_WRITE, 0);
        DESC(table, 0, TABLE_AT, 32, last | D_INDIRECT, 0);
        break;
    case INDIRECT_LOOP:
        DESC(TABLE_AT, 0, HEAD_AT, 16, next, 0);
        DESC(table, 0, TABLE_AT, d->packed ? 0x4001 * 16 : 32, last | D_INDIRECT, 0);
        break;
    case NO_HEAD:
        DESC(table, 0, HEAD_AT, 15, next, 1);
        break;
    case NO_STATUS:
        DESC(table, 1, DATA_AT, 512, last, 0);
        break;
    case RING_HOLE:
    case RING_ODD:
    case NONSENSES:
        break;
    }
#undef DESC
    if (!d->packed) {
        poke(d, q->driver + 4, 2, head);
        poke(d, q->driver + 2, 2, avail);
    }
    notify(d, 0);
}

static void nonsense(struct driver *d, bool packed)
{
    for (unsigned k = 0; k < NONSENSES; k++) {
        drive(d, BLK | (k == INDIRECT_NOT_AGREED ? 0 : INDIRECT) | (packed ? PACKED : 0), k == RING_HOLE || k == RING_ODD ? 0 : 1, 8);
        if (k == RING_HOLE || k == RING_ODD) {
            enable_queue(d, 0, 8);
            set_reg(d, R_STATUS, 0);
            drive(d, BLK | (packed ? PACKED : 0), 0, 8);
            set_reg(d, R_QUEUE, 0);
            set_reg(d, R_SIZE, 8);
            set_address(d, R_DESC, k == RING_HOLE ? RAM_AT + RAM_BYTES - 16 : QUEUES_AT + 8);
            set_address(d, R_AVAIL, d->q[0].driver);
            set_address(d, R_USED, d->q[0].device);
            set_reg(d, R_READY, 1);
        }
        put_nonsense(d, k);
        if (!(reg(d, R_STATUS) & VIRTIO_NEEDS_RESET)) {
            fprintf(stderr, "nonsense %u, %s: status %x\n", k, packed ? "packed" : "split", reg(d, R_STATUS));
            failures++;
        }
        CHECK(reg(d, R_ISR) & 2); /* the driver is told */
        set_reg(d, R_STATUS, 15);
        CHECK(reg(d, R_STATUS) & VIRTIO_NEEDS_RESET);
        drive(d, BLK | (packed ? PACKED : 0), 1, 8);
        CHECK(request(d, BLK_FLUSH, 0, 0, false, false, NULL) == 0);
    }
}

/* What the registers say before anything is agreed on. */
static void registers(struct driver *d)
{
    set_reg(d, R_STATUS, 0);
    CHECK(reg(d, 0) == 0x74726976 && reg(d, 4) == 2 && reg(d, 8) == 2);
    CHECK(offered(d) >> 32 & 1);
    CHECK(peek(d, d->at + 1, 1) == 0 && peek(d, d->at + 0x1ff, 1) == 0);
    set_reg(d, R_STATUS, 3);
    set_reg(d, R_DRIVER_SEL, 0);
    set_reg(d, R_DRIVER, ~0u);
    set_reg(d, R_STATUS, 3 | 8);
    CHECK(reg(d, R_STATUS) == 3); /* without VERSION_1 */
    set_reg(d, R_STATUS, 3 | 4);
    CHECK(reg(d, R_STATUS) == 3);
    set_reg(d, R_QUEUE, 0);
    CHECK(reg(d, R_MAX) == 256 && reg(d, R_READY) == 0);
    set_reg(d, R_QUEUE, 4000000000u);
    CHECK(reg(d, R_MAX) == 0);
    set_reg(d, R_READY, 1);
    CHECK(reg(d, R_READY) == 0);
    notify(d, 17);
}

int main(void)
{
    struct bench *b = bench_new();
    struct driver d = { .b = b };
    static uint8_t image[IMAGE + 100];
    char file[64];
    snprintf(file, sizeof file, "/tmp/myna-rings-%d", (int)getpid());
    memset(image + IMAGE, 0x5a, 100);
    for (unsigned threads = 0; threads < 2; threads++) {
        char words[64], device[128];
        snprintf(words, sizeof words, ",id=d%u,discard=unmap%s", threads, threads ? ",aio=threads" : "");
        snprintf(device, sizeof device, "virtio-blk-device,drive=d%u,serial=serial-7,packed=on", threads);
        bench_drive(file, words, image, sizeof image);
        d.at = bench_virtio(b, device);
        if (!threads)
            registers(&d);
        for (unsigned k = 0; k < 8; k++)
            transfers(&d, (k & 1 ? PACKED : 0) | (k & 2 ? INDIRECT : 0) | (k & 4 ? EVENT : 0), k & 1 ? 7 : 8, k & 2);
        commands(&d);
        if (!threads)
            events(&d, false);
        if (!threads)
            events(&d, true);
        nonsense(&d, false);
        nonsense(&d, true);
    }
    bench_free(b);
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
