/*
 * Fuzzer of devices: random register accesses, and for virtio rings that are nearly right, or not at all.
 *
 *   fuzz [SECONDS] [SEED] [DEVICE]    each row of targets for that long (2), from that seed (1); or one of them
 *
 * Nothing is expected but that we live, answer, and never touch what is not the guest's: build it with
 * ./configure --enable-asan. A crash prints the target and the seed of the round, which repeats it (up to the timing
 * of completions).
 */
#include "9p/p9.h"
#include "char/chardev.h"
#include "driver.h"
#include "fuzz.h"
#include "net/backend.h"

enum { IMAGE = 256 << 10, OPS = 3000 };

/* A device of a virtio-mmio slot (-device words), or one that boards wire, by its type; its -drive or -chardev, and a device on
 * its bus. %d: number of the round. */
static const struct target { const char *device; bool virtio; const char *drive, *chardev, *more; bool net, scsi; const char *folder; } targets[] = {
    { "virtio-blk-device,drive=f%d,packed=on,num-queues=3,queue-size=16", true, ",discard=unmap" },
    { "virtio-blk-device,drive=f%d,logical_block_size=4096", true, ",aio=threads,cache=writethrough" },
    { "virtio-blk-device,drive=f%d,packed=on", true, ",readonly=on" },
    { "virtio-blk-device,drive=f%d,event_idx=off", true, ",snapshot=on" },
    { "virtio-rng-device,packed=on", true, NULL },
    { "virtio-rng-device,max-bytes=4096,period=1", true, NULL },
    { "virtio-serial-device,packed=on", true, NULL, "ringbuf,id=r%d,size=4096", "virtconsole,chardev=r%d" },
    { "virtio-serial-device,max_ports=3", true, NULL, "ringbuf,id=r%d,size=4096", "virtserialport,chardev=r%d,name=n" },
    { "virtio-net-device,netdev=t%d,packed=on,mq=on", true, .net = true },
    { "virtio-net-device,netdev=t%d,mrg_rxbuf=off", true, .net = true },
    { "virtio-9p-device,fsdev=p%d,mount_tag=t", true, .folder = "security_model=mapped-xattr" },
    { "virtio-9p-device,fsdev=p%d,mount_tag=t,packed=on", true, .folder = "security_model=mapped-file" },
    { "virtio-9p-device,fsdev=p%d,mount_tag=t,event_idx=off", true, .folder = "security_model=passthrough,multidevs=remap" },
    { "virtio-scsi-device,packed=on,num_queues=3", true, ",discard=unmap", NULL, "scsi-hd,drive=f%d", .scsi = true },
    { "virtio-scsi-device,virtqueue_size=16", true, ",readonly=on", NULL, "scsi-cd,drive=f%d", .scsi = true },
    { "virtio-scsi-device", true, "", NULL, "scsi-hd,drive=f%d,removable=on,logical_block_size=4096", .scsi = true },
    { "virtio-balloon-device,free-page-reporting=on,packed=on", true, NULL },
    { "virtio-balloon-device,guest-stats-polling-interval=1", true, NULL },
    { "pl011", false, NULL },
};
enum { NTARGETS = sizeof targets / sizeof *targets };

static uint64_t value(void)
{
    static const uint64_t odd[] = { 0, 1, ~0ull, 0x80000000, 0xffff, 0x8000, RAM_AT, RAM_AT + RAM_BYTES - 1, RAM_AT + RAM_BYTES, SLOT_AT, 1ull << 63 };
    switch (below(4)) {
    case 0:
        return odd[below(sizeof odd / sizeof *odd)];
    case 1:
        return below(300);
    case 2:
        return RAM_AT + (below(RAM_BYTES) & ~(below(2) ? 0xfu : 0u));
    default:
        return rnd();
    }
}

static void any_access(struct bench *b, gpa_t at, unsigned size_of_block)
{
    unsigned size = 1u << below(4), offset = below(size_of_block + 8);
    if (!one_in(4))
        offset &= ~(size - 1);
    if (one_in(3))
        bench_read(b, at + offset, size);
    else
        bench_write(b, at + offset, size, value());
}

/* ----------------------------------------------------------------------------- rings */

static gpa_t buffer_at(void) { return one_in(20) ? value() : BUFFERS_AT + below(1 << 20); }

static uint32_t length(void)
{
    return one_in(20) ? (uint32_t)value() : one_in(8) ? below(1 << 18) : one_in(2) ? 512 * below(9) : below(40);
}

/* A head as virtio-blk's (others take it as any bytes). */
static void put_head(struct driver *d)
{
    static const uint8_t types[] = { 0, 1, 4, 8, 11, 13 };
    gpa_t at = BUFFERS_AT + 64 * below(64);
    poke(d, at, 4, one_in(10) ? value() : types[below(sizeof types)]);
    poke(d, at + 8, 8, one_in(4) ? value() : below(IMAGE / 512));
    poke(d, at + 16, 8, below(IMAGE / 512)); /* for discards: the segment */
    poke(d, at + 24, 8, below(64));
}

static void put_request(struct driver *d)
{
    struct piece p[13];
    unsigned n = 1 + below(one_in(10) ? 12 : 4), k = below(one_in(3) ? 8 : 1);
    put_head(d);
    p[0] = (struct piece){ BUFFERS_AT + 64 * below(64), one_in(10) ? length() : 16, one_in(20) ? D_WRITE : 0 };
    bool writes = one_in(2);
    for (unsigned j = 1; j < n; j++)
        p[j] = (struct piece){ buffer_at(), length(), (one_in(30) ? below(8) : 0) | (writes ? D_WRITE : 0) };
    p[n++] = (struct piece){ BUFFERS_AT + 0x8000 + below(256), 1, D_WRITE };
    if (d->q[k].size)
        put_chain(d, k, below(d->q[k].size), p, n - one_in(20), one_in(3) ? BUFFERS_AT + 0x9000 + 16 * below(64) : 0);
    if (!one_in(4))
        notify(d, k);
}

/* A command for a unit that is there, mostly, or a control request. */
static void put_scsi(struct driver *d)
{
    static const uint8_t codes[] = {
        0x00, 0x03, 0x08, 0x0a, 0x12, 0x15, 0x1a, 0x1b, 0x1e, 0x25, 0x28, 0x2a, 0x2e, 0x2f, 0x35, 0x41, 0x42, 0x43, 0x46, 0x4a, 0x51, 0x55, 0x5a,
        0x88, 0x8a, 0x8f, 0x91, 0x93, 0x9e, 0xa0, 0xa8, 0xaa, 0xaf, 0xbd,
    };
    gpa_t at = BUFFERS_AT + 64 * below(64), data = BUFFERS_AT + below(1 << 18);
    uint8_t head[64] = { 1, (uint8_t)below(2), one_in(2) ? 0x40 : 0, (uint8_t)below(2) }, *cdb = head + 19;
    unsigned k = one_in(8) ? 0 : one_in(20) ? 1 : 2 + below(3), n = 512 * below(9), group;
    bool in = one_in(2);
    for (unsigned j = 8; j < sizeof head; j++)
        head[j] = one_in(12) ? (uint8_t)rnd() : 0;
    cdb[0] = one_in(30) ? (uint8_t)rnd() : codes[below(sizeof codes)];
    group = cdb[0] >> 5;
    cdb[group == 0 ? 4 : group == 4 ? 13 : group == 5 ? 9 : 8] = (uint8_t)below(one_in(2) ? 9 : 256);
    cdb[group == 4 ? 9 : 5] ^= (uint8_t)below(200);
    if (k == 0) {
        memset(head, 0, 24);
        head[0] = (uint8_t)below(4);
        head[4] = (uint8_t)below(9);
        head[head[0] ? 4 : 8] = 1;
        head[16] = (uint8_t)below(3);
    }
    memcpy(ram(d->b, at), head, sizeof head);
    if (one_in(2)) /* a parameter list, perhaps */
        for (unsigned j = 0; j < 40; j++)
            ram(d->b, data)[j] = (uint8_t)(one_in(3) ? below(32) : 0);
    struct piece p[4] = { { at, k ? 51 : head[0] ? 16 : 24, 0 } };
    unsigned count = 1;
    if (k && !in)
        p[count++] = (struct piece){ data, n, 0 };
    if (one_in(3)) {
        p[count++] = (struct piece){ BUFFERS_AT + 0x8000, 50, D_WRITE };
        p[count++] = (struct piece){ BUFFERS_AT + 0x9000, 58 + (in ? n : 0), D_WRITE };
    } else {
        p[count++] = (struct piece){ BUFFERS_AT + 0x8000, 108, D_WRITE };
        if (in && count < 4)
            p[count++] = (struct piece){ data, n, D_WRITE };
    }
    if (d->q[k].size)
        put_chain(d, k, below(d->q[k].size), p, count, one_in(3) ? BUFFERS_AT + 0x9800 : 0);
    notify(d, k);
}

static void damage(struct driver *d)
{
    struct queue *q = &d->q[below(2)];
    gpa_t at[] = { q->desc + below(16 * 16), q->driver + below(40), q->device + below(140) };
    if (q->size)
        poke(d, at[below(3)], 1u << below(4), value());
}

/* The other end of a port sends and reads. */
static void from_host(struct chardev *c)
{
    uint8_t bytes[300] = { 0 };
    machine_lock_enter();
    chardev_ring_write(c, bytes, below(sizeof bytes));
    chardev_ring_read(c, bytes, below(sizeof bytes));
    machine_lock_leave();
}

/* --------------------------------------------------------------------------- frames */

static bool port_receives(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    uint8_t last;
    return one_in(50) ? false : net_copy(k, k->size - 1, &last, 1) == 1;
}
static const struct netdev_class port_class = { .ops = { .type = "test", .receive = port_receives }, .size = sizeof(struct net_port) };

static struct net_header net_head(void)
{
    static const uint8_t types[] = { 0, 0, 1, 3, 4, 5, 0x81 };
    struct net_header h = {
        (uint8_t)below(4), types[below(sizeof types)], (uint16_t)below(100), (uint16_t)(one_in(4) ? value() : 500 + below(1000)), (uint16_t)below(80), 16
    };
    if (one_in(10))
        h = (struct net_header){ (uint8_t)rnd(), (uint8_t)rnd(), (uint16_t)rnd(), (uint16_t)rnd(), (uint16_t)rnd(), (uint16_t)rnd() };
    return h;
}

/* Nearly TCP or UDP over IPv4 or IPv6. */
static void net_bytes(uint8_t *p, unsigned n)
{
    bool six = one_in(2);
    unsigned l4 = six ? 54 : 34;
    memset(p, one_in(4) ? 0xff : 2, 12);
    memcpy(p + 12, six ? "\x86\xdd\x60" : "\x08\0\x45", 3);
    p[17] = (uint8_t)n;
    p[16] = (uint8_t)(n >> 8);
    p[six ? 20 : 23] = one_in(2) ? 6 : one_in(3) ? (uint8_t)below(64) : 17;
    p[l4 + 12] = 0x50;
    for (unsigned k = below(4); k; k--)
        p[below(60)] = (uint8_t)rnd();
}

static void put_frame(struct driver *d)
{
    unsigned q = below(one_in(4) ? 7 : 3), n = one_in(4) ? below(66000) : 60 + below(3000);
    gpa_t at = BUFFERS_AT + below(1 << 18);
    uint8_t bytes[128];
    struct net_header h = net_head();
    if (!d->q[q % 8].size)
        return;
    if (q & 1) {
        memset(bytes, 0, sizeof bytes);
        net_bytes(bytes, n);
        memcpy(ram(d->b, at), &h, sizeof h);
        memcpy(ram(d->b, at + 12), bytes, sizeof bytes);
        struct piece p[2] = { { at, 12 + below(100), 0 }, { at + 112, n, 0 } };
        put_chain(d, q, below(d->q[q].size), p, 1 + below(2), 0);
    } else if (q == 2 || q == 4) {
        for (unsigned k = 0; k < 64; k++)
            ram(d->b, at)[k] = (uint8_t)(k < 2 ? below(6) : one_in(2) ? below(3) : rnd());
        struct piece p[3] = { { at, 2, 0 }, { at + 2, below(40), 0 }, { at + 64, 1, D_WRITE } };
        put_chain(d, q, below(d->q[q].size), p, 3, 0);
    } else {
        for (unsigned k = below(8); k; k--)
            put_chain(d, q, below(d->q[q].size), &(struct piece){ at + 2048 * k, one_in(9) ? below(20) : below(2048), D_WRITE }, 1, 0);
    }
    notify(d, q);
}

static void frames_from_host(struct driver *d)
{
    static uint8_t bytes[NET_MAX];
    machine_lock_enter();
    for (unsigned k = below(5); k; k--) {
        unsigned n = one_in(3) ? 14 + below(NET_MAX - 14) : 128 + below(2000);
        memset(bytes, 0, 128);
        net_bytes(bytes, n);
        struct iovec v[2] = { { bytes, 13 }, { bytes + 13, n - 13 } };
        struct net_packet p = { net_head(), v, 2, n };
        net_send(d->port, below(2), &p);
    }
    if (one_in(4))
        net_room(d->port, NET_ALL);
    loop_wake(d->b->m.loop);
    machine_lock_leave();
}

/* --------------------------------------------------------------------------- folders */

static const struct target *playing;

/* A message of 9P whose fields are nearly right. */
static void put_9p(struct driver *d)
{
    static const uint8_t types[] = { 8, 12, 14, 16, 18, 20, 22, 24, 26, 30, 32, 40, 50, 52, 54, 70, 72, 74, 76, 100, 104, 108, 110, 110, 110, 116, 118, 120, 122 };
    static const char *const names[] = { "a", "b", "c", "sub", "..", ".", "", "a/b", ".virtfs_metadata", "user.x", "user.virtfs.mode", "9P2000.L" };
    gpa_t at = BUFFERS_AT + 0x1000 * below(64);
    uint8_t *p = ram(d->b, at);
    unsigned type = types[below(sizeof types)], n = 7, fields = one_in(3) ? 2 + below(12) : 0;
    if (!fields) { /* the beginning that most have */
        p[n] = (uint8_t)below(6);
        memset(p + n + 1, 0, 3);
        n += 4;
        fields = 1 + below(8);
    }
    if (type == 100)
        n = 7 + (memcpy(p + 7, "\0\0\1\0\x08\0""9P2000.L", 14), 14);
    else if (type == 104)
        n = 7 + (memcpy(p + 7, "\1\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 16), p[7] = (uint8_t)below(6), 16);
    else if (type == 110 && !one_in(8)) {
        memset(p + 7, 0, 10);
        p[7] = (uint8_t)below(6);
        p[11] = (uint8_t)below(6);
        p[15] = (uint8_t)(fields = below(3));
        n = 17;
    }
    for (; fields && type != 100 && type != 104; fields--) {
        const char *name = names[below(sizeof names / sizeof *names)];
        switch (type == 110 ? 0 : below(4)) {
        case 0:
            p[n] = (uint8_t)strlen(name);
            p[n + 1] = 0;
            memcpy(p + n + 2, name, strlen(name));
            n += 2 + (unsigned)strlen(name);
            break;
        case 1:
            memset(p + n, 0, 8);
            p[n] = (uint8_t)below(6);
            n += one_in(3) ? 8 : one_in(3) ? 2 : 4;
            break;
        case 2:
            memcpy(p + n, &(uint64_t){ value() }, 8);
            n += one_in(2) ? 4 : 8;
            break;
        default:
            memcpy(p + n, &(uint32_t){ one_in(2) ? 0100644 : below(1 << 14) }, 4);
            n += 4;
        }
    }
    uint32_t size = one_in(20) ? (uint32_t)value() : n;
    memcpy(p, &size, 4);
    p[4] = one_in(40) ? (uint8_t)rnd() : (uint8_t)type;
    p[5] = (uint8_t)below(20);
    p[6] = 0;
    struct piece all[3] = { { at, 7 + below(n), 0 }, { 0, 0, 0 }, { BUFFERS_AT + (1 << 19) + 0x1000 * below(64), one_in(9) ? below(200) : below(8192), D_WRITE } };
    all[0].n = all[0].n > n ? n : all[0].n;
    all[1] = (struct piece){ at + all[0].n, n - all[0].n + (one_in(4) ? below(500) : 0), 0 };
    if (d->q[0].size)
        put_chain(d, 0, below(d->q[0].size), all, one_in(60) ? 2 : 3, one_in(4) ? BUFFERS_AT + 0x9000 + 16 * below(64) : 0);
    notify(d, 0);
}

static char folder_path[64];

/* A folder with something in it, and what must never be touched beside it. */
static void make_folder(void)
{
    char text[512];
    snprintf(folder_path, sizeof folder_path, "/tmp/myna-fuzz-9p-%d", (int)getpid());
    snprintf(text, sizeof text, "rm -rf %s; mkdir -p %s/in/sub && cd %s && echo keep >canary && cp canary in/a && ln -s ../canary in/b && mkfifo in/c", folder_path, folder_path,
             folder_path);
    if (system(text))
        die(text);
}

static void check_folder(void)
{
    char text[512];
    snprintf(text, sizeof text, "cd %s && test \"$(ls)\" = \"$(printf 'canary\\nin')\" && test \"$(cat canary)\" = keep; e=$?; rm -rf %s; exit $e", folder_path, folder_path);
    if (system(text)) {
        fprintf(stderr, "it was outside of its folder\n");
        abort();
    }
}

static void virtio_round(struct driver *d)
{
    for (unsigned k = 0; k < OPS; k++) {
        switch (below(24)) {
        case 0:
            any_access(d->b, d->at, VIRTIO_MMIO_SIZE);
            break;
        case 1:
            poke(d, d->at + R_CONFIG + below(80), 1u << below(4), value());
            break;
        case 2:
            damage(d);
            break;
        case 3:
            notify(d, below(8));
            break;
        case 4:
            set_reg(d, R_ACK, below(4));
            break;
        case 6:
            if (d->chardev)
                from_host(d->chardev);
            if (d->port)
                frames_from_host(d);
            break;
        case 5:
            if (one_in(10))
                set_reg(d, R_STATUS, one_in(2) ? 0 : below(256));
            break;
        default:
            if (playing->folder && !one_in(30))
                put_9p(d);
            else if (d->port && !one_in(4))
                put_frame(d);
            else if (d->scsi && !one_in(8))
                put_scsi(d);
            else
                put_request(d);
        }
        if (one_in(40) || (reg(d, R_STATUS) & VIRTIO_NEEDS_RESET)) {
            static const unsigned sizes[] = { 1, 2, 4, 8, 16, 16, 16, 7 };
            failures = 0; /* whether it does what it is asked is not the question here */
            drive(d, one_in(3) ? rnd() : ~(uint64_t)(one_in(2) ? VIRTIO_BIT(VIRTIO_F_RING_PACKED) : 0), below(6), sizes[below(8)]);
        }
    }
    set_reg(d, R_STATUS, 0);
    if (reg(d, 0) != 0x74726976 || reg(d, R_STATUS)) {
        fprintf(stderr, "it does not answer any more\n");
        abort();
    }
}

/* --------------------------------------------------------------------------- rounds */

/* Devices that boards wire: their first block. */
static void wired_round(struct bench *b, const struct target *t)
{
    char err[256];
    machine_lock_enter();
    struct device *d = device_new(&b->m, t->device, err, sizeof err);
    if (!d || !device_realize(d, NULL, err, sizeof err) || !device_map(d, 0, SLOT_AT))
        die(err);
    devices_reset(&b->m);
    machine_lock_leave();
    for (unsigned k = 0; k < OPS; k++)
        any_access(b, SLOT_AT, one_in(3) ? (unsigned)d->region[0]->size : 0x100);
}

static void one_round(const void *target)
{
    const struct target *t = target;
    static unsigned number; /* ids are not used twice */
    number++;
    static uint8_t image[IMAGE];
    struct bench *b = bench_new();
    char text[256], file[64], err[256];
    for (unsigned k = 0; k < 4096; k++)
        ram(b, BUFFERS_AT)[below(1 << 20)] = (uint8_t)rnd();
    playing = t;
    if (t->folder) {
        make_folder();
        snprintf(text, sizeof text, "local,id=p%u,path=%s/in,%s", number, folder_path, t->folder);
        machine_lock_enter();
        if (!p9_fsdev_add(text, err, sizeof err))
            die(err);
        machine_lock_leave();
    }
    if (t->drive) {
        snprintf(file, sizeof file, "%s/myna-fuzz-%d", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
        snprintf(text, sizeof text, ",id=f%u,index=%u%s", number, number & 255, t->drive);
        bench_drive(file, text, image, sizeof image);
    }
    if (t->chardev) {
        machine_lock_enter();
        snprintf(text, sizeof text, t->chardev, number);
        if (!chardev_add(b->m.loop, text, err, sizeof err))
            die(err);
        machine_lock_leave();
    }
    struct net_port *port = NULL;
    if (t->net) {
        machine_lock_enter();
        snprintf(text, sizeof text, "t%u", number);
        if (!(port = netdev_new(&b->m, &port_class, text)))
            die("no memory");
        port->nqueues = 2;
        port->takes = below(2) ? (unsigned)below(256) : 0;
        machine_lock_leave();
    }
    if (t->virtio) {
        snprintf(text, sizeof text, t->device, number);
        struct driver d = { .b = b, .at = bench_virtio(b, text), .port = port, .scsi = t->scsi };
        if (t->more) {
            machine_lock_enter();
            snprintf(text, sizeof text, t->more, number);
            if (!device_add(&b->m, text, err, sizeof err))
                die(err);
            snprintf(text, sizeof text, "r%u", number);
            d.chardev = backend_by_id(PROP_CHARDEV, text);
            machine_lock_leave();
        }
        virtio_round(&d);
    } else {
        wired_round(b, t);
    }
    bench_free(b);
    if (t->folder) {
        check_folder();
        p9_fsdevs_close();
    }
}

int main(int argc, char **argv)
{
    double limit = argc > 1 ? atof(argv[1]) : 2;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    if (!freopen("/dev/null", "r", stdin))
        return 1;
    for (const struct target *t = targets; t < targets + NTARGETS; t++)
        if (argc <= 3 || !strcmp(argv[3], t->device))
            fuzz_rounds(t->device, 72, limit, seed, 120, one_round, t);
    printf("passed\n");
    return 0;
}
