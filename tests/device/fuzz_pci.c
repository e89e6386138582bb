/*
 * Fuzzer of PCI devices that are not virtio's: NVM Express and the 82540EM, with registers at random, and queues, descriptors
 * and commands that are nearly right.
 *
 *   fuzz_pci [SECONDS] [SEED] [DEVICE]    each target for that long (1), from that seed (1); or one of them
 *
 * Nothing is expected but that we live and answer: build it with ./configure --enable-asan. A crash prints the target and the
 * seed of its round.
 */
#include "fuzz.h"
#include "net/backend.h"
#include "net/e1000.h"
#include "nvme/nvme.h"
#include "pci_bench.h"

enum { IMAGE = 256 << 10, OPS = 3000, SLOT = 1, BAR = WINDOW_AT, TABLE = WINDOW_AT + 0x100000, BELLS = BAR + 0x1000, QUEUES = 4, SIZE = 16,
       QUEUES_AT = RAM_AT + 0x10000, LISTS = RAM_AT + 0x200000, DATA = RAM_AT + 0x400000, RX_RING = RAM_AT + 0x1000, TX_RING = RAM_AT + 0x2000 };

struct target { const char *device, *more, *drive; bool net; void (*round)(struct bench *b, struct net_port *port); };

static uint64_t value(void)
{
    static const uint64_t odd[] = { 0, 1, ~0ull, 0x80000000, 0xffff, 0xfffff000, RAM_AT, RAM_AT + RAM_BYTES - 1, RAM_AT + RAM_BYTES, BAR, 1ull << 63 };
    switch (below(4)) {
    case 0:
        return odd[below(sizeof odd / sizeof *odd)];
    case 1:
        return below(300);
    case 2:
        return RAM_AT + (below(RAM_BYTES) & ~(below(2) ? 0xfffu : 3u));
    default:
        return rnd() >> below(64);
    }
}

static void any_access(struct bench *b, gpa_t at, unsigned bytes)
{
    unsigned size = 1u << below(4), offset = below(bytes + 8);
    if (!one_in(4))
        offset &= ~(size - 1);
    if (one_in(3))
        bench_read(b, at + offset, size);
    else
        bench_write(b, at + offset, size, value());
}

/* Configuration, and back to where the round wants it. */
static void disturb(struct bench *b)
{
    set_config(b, SLOT, below(256) & ~3u, 4, (uint32_t)value());
    set_config(b, SLOT, PCI_BAR0 + 4, 4, 0);
    place_bar(b, SLOT, 4, TABLE);
    place_bar(b, SLOT, 0, BAR);
}

static void put(struct bench *b, gpa_t at, unsigned n, uint64_t v) { memcpy(ram(b, at), &v, n); }

/* ------------------------------------------------------------------------------- NVMe */

static unsigned tails[QUEUES];

static void nvme_start(struct bench *b)
{
    static const unsigned sizes[] = { 2, 3, SIZE, SIZE, SIZE, 64 };
    unsigned n = sizes[below(6)];
    bench_write(b, BAR + 0x14, 4, 0);
    bench_write(b, BAR + 0x24, 4, (n - 1) | (n - 1) << 16);
    bench_write(b, BAR + 0x28, 8, QUEUES_AT);
    bench_write(b, BAR + 0x30, 8, QUEUES_AT + 0x10000);
    bench_write(b, BAR + 0x14, 4, 1 | 6 << 16 | 4 << 20 | (one_in(8) ? below(6) : 0) << 7);
    memset(tails, 0, sizeof tails);
}

static uint64_t data_at(void) { return one_in(30) ? value() : DATA + (below(1 << 20) & ~(one_in(2) ? 0xfffu : 3u)); }

static void nvme_lists(struct bench *b)
{
    gpa_t at = LISTS + (below(64 << 10) & ~7u);
    for (unsigned k = below(40); k; k--, at += 16) {
        if (one_in(2)) { /* entries of PRP lists */
            put(b, at, 8, one_in(20) ? value() : DATA + (below(1 << 20) & ~0xfffu));
            put(b, at + 8, 8, one_in(10) ? LISTS + (below(64 << 10) & ~0xfffu) : DATA + (below(1 << 20) & ~0xfffu));
        } else { /* descriptors */
            unsigned type = one_in(4) ? below(256) : below(4) << 4;
            put(b, at, 8, type == 0x20 || type == 0x30 ? LISTS + (below(64 << 10) & ~15u) : data_at());
            put(b, at + 8, 8, (uint64_t)type << 56 | (type == 0x20 || type == 0x30 ? below(20) * 16 : below(5) * 512));
        }
    }
}

static void nvme_command(struct bench *b)
{
    static const uint8_t admin[] = { 0, 1, 2, 4, 5, 6, 6, 8, 9, 10, 12, 0x7c, 0x80 }, io[] = { 0, 1, 1, 2, 2, 5, 8, 9, 0x0c };
    unsigned id = one_in(3) ? 0 : below(QUEUES);
    struct nvme_command c = {
        .opcode = one_in(20) ? (uint8_t)rnd() : id ? io[below(sizeof io)] : admin[below(sizeof admin)], .flags = one_in(4) && id ? 0x40 : one_in(40) ? (uint8_t)rnd() : 0,
        .cid = (uint16_t)rnd(), .nsid = one_in(20) ? (uint32_t)value() : 1 + below(3), .prp1 = data_at(), .prp2 = one_in(2) ? LISTS + (below(64 << 10) & ~7u) : data_at(),
        .cdw10 = one_in(8) ? (uint32_t)value() : below(IMAGE / 512), .cdw12 = one_in(8) ? (uint32_t)value() : below(one_in(3) ? 300 : 9),
    };
    if (c.flags & 0x40) {
        unsigned type = below(5) << 4;
        c.prp1 = type == 0x20 || type == 0x30 ? LISTS + (below(64 << 10) & ~15u) : data_at();
        c.prp2 = (uint64_t)type << 56 | (type == 0x20 || type == 0x30 ? below(40) * 16 : below(9) * 512);
    }
    if (c.opcode == 0 || c.opcode == 1 || c.opcode == 4 || c.opcode == 5)
        if (!id) {
            unsigned q = 1 + below(QUEUES);
            static const unsigned sizes[] = { 1, 2, SIZE - 1, SIZE - 1, SIZE - 1, 63, 2047 };
            c.cdw10 = q | sizes[below(7)] << 16;
            c.cdw11 = (one_in(20) ? 0 : 1) | (c.opcode == 5 ? 2u | below(9) << 16 : (1 + below(QUEUES)) << 16);
            c.prp1 = one_in(10) ? value() & ~0xfffull : QUEUES_AT + 0x20000 * q + (c.opcode == 5 ? 0x10000 : 0);
            if (q < QUEUES)
                tails[q] = 0;
        }
    if (!id && c.opcode == 2)
        c.cdw10 = below(8) | below(2) << 15 | below(1100) << 16;
    if (!id && c.opcode == 6)
        c.cdw10 = below(20);
    if (!id && (c.opcode == 9 || c.opcode == 10))
        c.cdw10 = below(0x12) | (one_in(4) ? below(4) << 8 : 0);
    if (!id && c.opcode == 0x80 && !one_in(10))
        c.opcode = 6;
    if (!id && c.opcode == 0x7c) {
        c.prp1 &= ~0xfffull;
        c.prp2 = data_at() & ~0xfffull;
    }
    memcpy(ram(b, QUEUES_AT + 0x20000 * id + 64 * tails[id]), &c, sizeof c);
    tails[id] = (tails[id] + 1) % SIZE;
    if (!one_in(4))
        bench_write(b, BELLS + 8 * id, 4, tails[id]);
}

static void nvme_round(struct bench *b, struct net_port *port)
{
    place_bar(b, SLOT, 4, TABLE);
    if (one_in(2))
        use_msix(b, SLOT, TABLE, 8);
    nvme_start(b);
    for (unsigned k = 0; k < OPS; k++)
        switch (below(24)) {
        case 0:
            any_access(b, one_in(3) ? BAR : BELLS, one_in(3) ? 0x2000 : 64);
            break;
        case 1:
            nvme_lists(b);
            break;
        case 2: /* completions are taken: to where the doorbell of the queue says, or somewhere */
        case 3:
        case 4:
            bench_write(b, BELLS + 8 * below(QUEUES) + 4, 4, below(SIZE));
            break;
        case 5:
            if (one_in(30))
                disturb(b);
            if (one_in(10))
                bench_write(b, BAR + 0x14, 4, one_in(2) ? 0x460001 | below(4) << 14 : (uint32_t)value());
            if (one_in(10) || (bench_read(b, BAR + 0x1c, 4) & 0xe))
                nvme_start(b);
            break;
        default:
            nvme_command(b);
        }
    bench_write(b, BAR + 0x14, 4, 0);
    if (bench_read(b, BAR + 8, 4) != 0x10400 || bench_read(b, BAR + 0x1c, 4) & 3)
        abort();
}

/* ------------------------------------------------------------------------------ e1000 */

static bool port_receives(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    uint8_t last;
    return one_in(50) ? false : net_copy(k, k->size - 1, &last, 1) == 1;
}
static const struct netdev_class port_class = { .ops = { .type = "test", .receive = port_receives }, .size = sizeof(struct net_port) };

static void e1000_start(struct bench *b)
{
    static const unsigned sizes[] = { 8, 16, 16, 64 };
    unsigned n = sizes[below(4)] * 16;
    for (unsigned k = 0; k < 64; k++)
        put(b, RX_RING + 16 * k, 8, one_in(20) ? value() : DATA + below(1 << 20));
    const uint32_t rows[][2] = {
        { E_TDBAL, TX_RING }, { E_TDBAH, 0 }, { E_TDLEN, n }, { E_TDH, 0 }, { E_TDT, 0 }, { E_TCTL, 2 }, { E_RDBAL, RX_RING }, { E_RDBAH, 0 }, { E_RDLEN, n }, { E_RDH, 0 },
        { E_RDT, below(n / 16) }, { E_RCTL, 2 | (one_in(2) ? 0x8038 : 0) | (one_in(2) ? (uint32_t)rnd() & 0x07ff83fc : 0) }, { E_CTRL, (one_in(2) ? 1u << 30 : 0) | 0x40 },
        { E_IMS, (uint32_t)rnd() }, { E_RXCSUM, (uint32_t)rnd() & 0x7ff }, { E_ITR, below(3) ? 0 : below(1000) }, { E_RDTR, below(3) ? 0 : below(100) }, { E_TIDV, below(10) },
    };
    for (unsigned k = 0; k < sizeof rows / sizeof *rows; k++)
        bench_write(b, BAR + rows[k][0], 4, rows[k][1]);
}

/* Nearly TCP or UDP over IPv4 or IPv6. */
static void packet_bytes(uint8_t *p, unsigned n)
{
    bool six = one_in(2);
    memset(p, one_in(4) ? 0xff : 2, 12);
    memset(p + 12, 0, 100);
    memcpy(p + 12, six ? "\x86\xdd\x60" : "\x08\0\x45", 3);
    p[17] = (uint8_t)n;
    p[16] = (uint8_t)(n >> 8);
    p[six ? 20 : 23] = one_in(2) ? 6 : 17;
    p[(six ? 54 : 34) + 12] = 0x50;
    for (unsigned k = below(4); k; k--)
        p[below(60)] = (uint8_t)rnd();
}

static void e1000_send(struct bench *b)
{
    unsigned ring = (unsigned)bench_read(b, BAR + E_TDLEN, 4) / 16, tail = (unsigned)bench_read(b, BAR + E_TDT, 4);
    for (unsigned k = below(6); k && ring && tail < ring && ring <= 64; k--) {
        gpa_t d = TX_RING + 16 * tail, at = one_in(30) ? value() : DATA + below(1 << 20);
        uint64_t low = at, high;
        if (one_in(3)) {
            bool six = one_in(2), tcp = one_in(2);
            unsigned l4 = six ? 54 : 34;
            low = 14 | 24 << 8 | 33 << 16 | (uint64_t)l4 << 32 | (uint64_t)(l4 + (tcp ? 16 : 6)) << 40;
            high = below(100000) | (uint64_t)(0x20 | tcp | !six << 1 | below(2) << 2) << 24 | (uint64_t)(l4 + (tcp ? 20 : 8)) << 40 | (uint64_t)(48 + below(1500)) << 48;
            if (one_in(6))
                low ^= 1ull << below(64);
            if (one_in(6))
                high ^= 1ull << below(64);
        } else if (one_in(4)) {
            high = (one_in(3) ? below(70000) & 0xffff : below(2000)) | (rnd() & 0xffff00df00000000ull) | below(4) << 24 | (one_in(2) ? 8u << 24 : 0);
        } else {
            high = (one_in(8) ? below(1 << 20) : below(4000)) | 1u << 20 | (uint64_t)(0x20 | (rnd() & 0xcf)) << 24 | below(4) * (1ull << 40) | rnd() << 48;
        }
        if (at >= RAM_AT && at < RAM_AT + RAM_BYTES - 200 && one_in(2))
            packet_bytes(ram(b, at), below(4000));
        put(b, d, 8, low);
        put(b, d + 8, 8, high);
        tail = (tail + 1) % ring;
    }
    bench_write(b, BAR + E_TDT, 4, tail);
}

static void e1000_give(struct bench *b, struct net_port *port)
{
    static uint8_t bytes[NET_MAX];
    machine_lock_enter();
    for (unsigned k = below(5); k; k--) {
        unsigned n = one_in(3) ? 14 + below(NET_MAX - 14) : 14 + below(2000);
        packet_bytes(bytes, n);
        struct iovec v[2] = { { bytes, 13 }, { bytes + 13, n - 13 } };
        struct net_packet p = { { one_in(3) ? NET_DATA_VALID : (uint8_t)below(4), (uint8_t)(one_in(4) ? below(6) : 0), 54, 1000, 34, 16 }, v, 2, n };
        net_send(port, 0, &p);
    }
    loop_wake(b->m.loop);
    machine_lock_leave();
}

static void e1000_round(struct bench *b, struct net_port *port)
{
    e1000_start(b);
    for (unsigned k = 0; k < OPS; k++)
        switch (below(16)) {
        case 0:
            any_access(b, BAR, one_in(3) ? 0x20000 : 0x6000);
            break;
        case 1:
            any_access(b, BAR + (one_in(2) ? 0x2800 : 0x3800), 0x40);
            break;
        case 2:
            bench_write(b, BAR + E_EECD, 4, below(1024));
            break;
        case 3:
            bench_write(b, BAR + E_MDIC, 4, below(65536) | below(32) << 16 | 1 << 21 | below(4) << 26);
            break;
        case 4:
            if (one_in(20))
                disturb(b);
            if (one_in(4))
                e1000_start(b);
            bench_read(b, BAR + E_ICR, 4);
            break;
        case 5:
        case 6:
            e1000_give(b, port);
            bench_write(b, BAR + E_RDT, 4, below(64));
            break;
        default:
            e1000_send(b);
        }
    bench_write(b, BAR + E_CTRL, 4, 1 << 26);
    if (!(bench_read(b, BAR + E_STATUS, 4) & 0x80) || bench_read(b, BAR + E_RCTL, 4))
        abort();
}

/* ------------------------------------------------------------------------------ rounds */

static const struct target targets[] = {
    { "nvme,serial=s,drive=f%d,msix_qsize=8,max_ioqpairs=4,id=n%d", "nvme-ns,bus=n%d,drive=g%d", ",discard=unmap", false, nvme_round },
    { "nvme,serial=s,drive=f%d,msix_qsize=8,mdts=0,logical_block_size=4096,id=n%d", NULL, ",aio=threads,cache=writethrough", false, nvme_round },
    { "nvme,serial=s,drive=f%d,aerl=0,id=n%d", NULL, ",readonly=on", false, nvme_round },
    { "e1000,netdev=t%d", NULL, NULL, true, e1000_round },
    { "e1000,netdev=t%d,mitigation=off", NULL, NULL, true, e1000_round },
};
enum { NTARGETS = sizeof targets / sizeof *targets };

static void one_round(const void *target)
{
    static uint8_t image[IMAGE];
    static unsigned number; /* ids are not used twice */
    const struct target *t = target;
    struct bench *b = bench_new();
    struct net_port *port = NULL;
    char text[256], file[64];
    number++;
    bench_pci(b);
    for (unsigned k = 0; k < 4096; k++)
        ram(b, DATA)[below(1 << 20)] = (uint8_t)rnd();
    for (unsigned k = 0; k < 2 && t->drive; k++) {
        snprintf(file, sizeof file, "%s/myna-fuzz-%d", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (int)getpid());
        snprintf(text, sizeof text, ",id=%c%u,index=%u%s", "fg"[k], number, (2 * number + k) & 255, t->drive);
        bench_drive(file, text, image, sizeof image);
    }
    if (t->net) {
        machine_lock_enter();
        snprintf(text, sizeof text, "t%u", number);
        if (!(port = netdev_new(&b->m, &port_class, text)))
            die("no memory");
        port->takes = below(2) ? (unsigned)below(256) : 0;
        machine_lock_leave();
    }
    snprintf(text, sizeof text, t->device, number, number);
    bench_add(b, text);
    if (t->more) {
        snprintf(text, sizeof text, t->more, number, number);
        bench_add(b, text);
    }
    place_bar(b, SLOT, 0, BAR);
    t->round(b, port);
    bench_pci_free(b);
}

int main(int argc, char **argv)
{
    double limit = argc > 1 ? atof(argv[1]) : 1;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
    if (!freopen("/dev/null", "r", stdin))
        return 1;
    for (const struct target *t = targets; t < targets + NTARGETS; t++)
        if (argc <= 3 || !strcmp(argv[3], t->device))
            fuzz_rounds(t->device, 76, limit, seed, 120, one_round, t);
    printf("passed\n");
    return 0;
}
