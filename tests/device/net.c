/*
 * virtio-net as a driver and the other end see it (virtio-v1.2 §5.1): frames both ways, merged buffers, frames that wait for
 * buffers, what is left undone and done on the way, the control queue and what it filters, links, several pairs, and headers and
 * commands that make no sense.
 */
#include "driver.h"
#include "net/backend.h"

enum { RX = 0, TX = 1, CTRL = 2, HEADER = 12, SIZE = 64, BUFFER = 1600 };
enum { F_CSUM = 0, F_GUEST_CSUM = 1, F_GUEST_OFFLOADS = 2, F_MAC = 5, F_GUEST_TSO4 = 7, F_TSO4 = 11, F_MRG = 15, F_STATUS = 16, F_VQ = 17, F_RX = 18,
       F_VLAN = 19, F_EXTRA = 20, F_ANNOUNCE = 21, F_MQ = 22, F_ADDR = 23 };
#define B(n) VIRTIO_BIT(n)
static const uint64_t PLAIN = B(F_MAC) | B(F_STATUS), ALL = ~B(VIRTIO_F_RING_PACKED) & ~B(F_MQ), PACKED = B(VIRTIO_F_RING_PACKED);

/* ---------------------------------------------------------------------- the other end */

static struct got { struct net_header h; unsigned n, queue; uint8_t bytes[NET_MAX]; } got[64];
static unsigned ngot, rooms;
static bool closed; /* it has no room */
static struct net_port *port;

static bool receive(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    if (closed)
        return false;
    struct got *g = &got[ngot++ % 64];
    g->h = k->h;
    g->queue = queue;
    g->n = (unsigned)net_copy(k, 0, g->bytes, sizeof g->bytes);
    CHECK(g->n == k->size);
    return true;
}
static void room(struct net_port *p) { rooms++; }

static const struct netdev_class class = { .ops = { .type = "test", .receive = receive, .room = room }, .size = sizeof(struct net_port) };

static bool send_to_guest(const void *bytes, unsigned n, struct net_header h, unsigned queue)
{
    struct iovec v[3] = { { (void *)(uintptr_t)bytes, 5 }, { (uint8_t *)(uintptr_t)bytes + 5, 0 }, { (uint8_t *)(uintptr_t)bytes + 5, n - 5 } };
    struct net_packet k = { h, v, 3, n };
    machine_lock_enter();
    bool ok = net_send(port, queue, &k);
    loop_wake(port->machine->loop);
    machine_lock_leave();
    return ok;
}

static void set_closed(bool on)
{
    machine_lock_enter();
    closed = on;
    if (!on)
        net_room(port, NET_ALL);
    machine_lock_leave();
}

static unsigned wait_for(unsigned n)
{
    for (unsigned t = 0; t < 2000 && __atomic_load_n(&ngot, __ATOMIC_ACQUIRE) < n; t++)
        pause_ms(1);
    return ngot;
}

/* ---------------------------------------------------------------------- the driver */

static uint32_t be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | *p++;
    return v;
}

static void frame(uint8_t *p, const char *to, unsigned n, unsigned seed)
{
    memcpy(p, to, 6);
    memcpy(p + 6, "\x52\x54\0\x12\x34\x99\x88\xb5", 8);
    for (unsigned k = 14; k < n; k++)
        p[k] = (uint8_t)(seed * 31 + k * 7 + (k >> 8));
}
static const char OURS[] = "\x52\x54\0\x12\x34\x56", EVERY[] = "\xff\xff\xff\xff\xff\xff", GROUP[] = "\1\0\x5e\0\0\5", OTHER[] = "\x52\x54\0\x12\x34\x57";

/* A frame in two pieces behind its header; cut: the header alone, of that many bytes. */
static void put_frame(struct driver *d, unsigned q, struct net_header h, const uint8_t *bytes, unsigned n, unsigned cut)
{
    static unsigned first;
    gpa_t at = BUFFERS_AT + (1 << 20);
    uint8_t head[HEADER] = { 0 };
    memcpy(head, &h, sizeof h);
    memcpy(ram(d->b, at), head, HEADER);
    memcpy(ram(d->b, at + 64), bytes, n);
    struct piece p[3] = { { at, cut ? cut : HEADER, 0 }, { at + 64, n / 2, 0 }, { at + 64 + n / 2, n - n / 2, 0 } };
    put_chain(d, q, first, p, cut ? 1 : 3, 0);
    first = (first + 3) % d->q[q].size;
    notify(d, q);
}

static void put_buffers(struct driver *d, unsigned q, unsigned n, unsigned bytes)
{
    static unsigned next[8];
    for (unsigned k = 0; k < n; k++) {
        unsigned id = next[q]++ % d->q[q].size;
        put_chain(d, q, id, &(struct piece){ BUFFERS_AT + 0x8000 * q + BUFFER * id, bytes, D_WRITE }, 1, 0);
    }
    notify(d, q);
}

/* The next frame that the guest got, put together; its size without the header, 0: none. */
static unsigned take_frame(struct driver *d, unsigned q, uint8_t *to, struct net_header *h, unsigned *buffers)
{
    unsigned at = 0, n = 1;
    for (unsigned k = 0; k < n; k++) {
        uint32_t written;
        int id = take_used(d, q, &written, 1);
        if (id < 0)
            return 0;
        memcpy(to + at, ram(d->b, BUFFERS_AT + 0x8000 * q + BUFFER * (unsigned)id), written);
        at += written;
        if (!k) {
            memcpy(h, to, sizeof *h);
            n = to[10] | to[11] << 8;
            CHECK(n >= 1);
        }
    }
    *buffers = n;
    memmove(to, to + HEADER, at - HEADER);
    return at - HEADER;
}

static bool has_frame(struct driver *d, unsigned q)
{
    pause_ms(5);
    return (uint16_t)peek(d, d->q[q].device + 2, 2) != d->q[q].used;
}

/* ----------------------------------------------------------------------------- tests */

static void both_ways(struct driver *d, uint64_t features)
{
    static uint8_t bytes[NET_MAX], back[NET_MAX];
    struct net_header h;
    unsigned buffers;
    uint32_t n;
    drive(d, features, 3, SIZE);
    CHECK(d->features & B(F_MAC) && peek(d, d->at + R_CONFIG, 4) == 0x12005452 && peek(d, d->at + R_CONFIG + 6, 2) == 1);
    ngot = 0;
    for (unsigned k = 0; k < 200; k++) {
        unsigned size = 60 + k * 7;
        frame(bytes, OTHER, size, k);
        put_frame(d, TX, (struct net_header){ 0 }, bytes, size, 0);
        CHECK(take_used(d, TX, &n, 3) >= 0 && n == 0);
        CHECK(wait_for(k + 1) == k + 1 && got[k % 64].n == size && !memcmp(got[k % 64].bytes, bytes, size));
    }
    bool merged = d->features & B(F_MRG);
    for (unsigned k = 0; k < 200; k++) {
        unsigned size = 60 + k * 7, each = merged && k % 3 ? 128 : BUFFER;
        frame(bytes, k & 1 ? OURS : EVERY, size, k);
        put_buffers(d, RX, (HEADER + size + each - 1) / each, each);
        CHECK(send_to_guest(bytes, size, (struct net_header){ 0 }, 0));
        CHECK(take_frame(d, RX, back, &h, &buffers) == size && !memcmp(back, bytes, size) && !h.flags && !h.gso_type);
        CHECK(buffers == (HEADER + size + each - 1) / each);
    }
    CHECK(reg(d, R_ISR) & 1);
    set_reg(d, R_ACK, 3);
    CHECK(reg(d, R_STATUS) == 15);
}

/* Frames for which there are no buffers wait, in order; the sender is told to stop and to go on. */
static void waits(struct driver *d, uint64_t features)
{
    static uint8_t bytes[BUFFER], back[NET_MAX];
    struct net_header h;
    unsigned buffers;
    drive(d, features, 3, SIZE);
    rooms = 0;
    put_buffers(d, RX, 4, BUFFER);
    for (unsigned k = 0; k < 300; k++) {
        frame(bytes, OURS, 1000, k);
        CHECK(send_to_guest(bytes, 1000, (struct net_header){ 0 }, 0) == (k < 4));
    }
    CHECK(rooms == 0);
    for (unsigned k = 0; k < 300; k++) {
        frame(bytes, OURS, 1000, k);
        CHECK(take_frame(d, RX, back, &h, &buffers) == 1000 && !memcmp(back, bytes, 1000));
        put_buffers(d, RX, 1, BUFFER);
    }
    pause_ms(20);
    CHECK(rooms == 1);
    /* The other way: what the other end does not take stays in the ring. */
    uint32_t n;
    set_closed(true);
    ngot = 0;
    for (unsigned k = 0; k < 10; k++) {
        frame(bytes, OTHER, 500, k);
        put_frame(d, TX, (struct net_header){ 0 }, bytes, 500, 0);
        pause_ms(2);
    }
    CHECK(take_used(d, TX, &n, 3) >= 0 && !has_frame(d, TX)); /* one is kept, the others are not done */
    set_closed(false);
    for (unsigned k = 1; k < 10; k++)
        CHECK(take_used(d, TX, &n, 3) >= 0);
    CHECK(wait_for(10) == 10);
}

/* 20 bytes of TCP over IPv4 with n bytes behind it. */
static unsigned tcp(uint8_t *p, unsigned n)
{
    memset(p, 0, 54);
    frame(p, OTHER, 54 + n, 3);
    memcpy(p + 12, "\x08\0\x45\0", 4);
    p[16] = (uint8_t)((40 + n) >> 8);
    p[17] = (uint8_t)(40 + n);
    memcpy(p + 18, "\0\1\x40\0\x40\6\0\0\x0a\0\2\x0f\x0a\0\2\2\0\x50\0\x51\0\0\0\1\0\0\0\2\x50\x10\2\0\0\0\0\0", 36);
    return 54 + n;
}

static void offloads(struct driver *d)
{
    static uint8_t bytes[NET_MAX], back[NET_MAX];
    struct net_header h = { NET_NEEDS_CSUM, NET_GSO_TCPV4, 54, 1000, 34, 16 }, r;
    unsigned n = tcp(bytes, 3500), buffers;
    uint32_t none;
    drive(d, ALL, 3, SIZE);
    ngot = 0;
    put_frame(d, TX, h, bytes, n, 0); /* the other end takes nothing undone */
    CHECK(take_used(d, TX, &none, 3) >= 0 && wait_for(4) == 4);
    for (unsigned k = 0; k < 4; k++)
        CHECK(got[k].n == (k < 3 ? 1054 : 554) && !got[k].h.flags && !got[k].h.gso_type && be(got[k].bytes + 38, 4) == 1 + 1000 * k);
    port->takes = NET_CSUM | NET_TSO4;
    put_frame(d, TX, h, bytes, n, 0);
    CHECK(take_used(d, TX, &none, 3) >= 0 && wait_for(5) == 5 && got[4].n == n && !memcmp(&got[4].h, &h, sizeof h));
    port->takes = 0;
    CHECK(port->peer->takes & NET_TSO4 && port->peer->takes & NET_CSUM);
    put_buffers(d, RX, 3, BUFFER);
    memcpy(bytes, OURS, 6);
    CHECK(send_to_guest(bytes, n, h, 0));
    CHECK(take_frame(d, RX, back, &r, &buffers) == n && !memcmp(back, bytes, n) && !memcmp(&r, &h, sizeof h) && buffers == 3);
    /* What makes no sense is gone, and the device goes on. */
    static const struct net_header bad[] = {
        { NET_NEEDS_CSUM, 0, 0, 0, 0xffff, 0xffff }, { NET_NEEDS_CSUM, 0, 0, 0, 3553, 0 }, { NET_NEEDS_CSUM, NET_GSO_TCPV4, 0, 0, 34, 16 },
        { NET_NEEDS_CSUM, NET_GSO_TCPV4, 0, 1, 34, 16 }, { NET_NEEDS_CSUM, NET_GSO_TCPV6, 0, 1000, 34, 16 }, { 0, NET_GSO_UDP, 0, 1000, 0, 0 },
        { 0xff, 0x7f, 0xffff, 0xffff, 0xffff, 0xffff },
    };
    for (unsigned k = 0; k < sizeof bad / sizeof *bad; k++) {
        put_frame(d, TX, bad[k], bytes, n, 0);
        CHECK(take_used(d, TX, &none, 3) >= 0);
    }
    CHECK(ngot == 5 && reg(d, R_STATUS) == 15);
    memset(&h, 0, sizeof h);
    put_frame(d, TX, h, bytes, 60, 0);
    CHECK(take_used(d, TX, &none, 3) >= 0 && wait_for(6) == 6 && got[5].n == 60);
    /* Without the guest's offloads packets come finished. */
    drive(d, ALL & ~B(F_GUEST_TSO4), 3, SIZE);
    h = (struct net_header){ NET_NEEDS_CSUM, NET_GSO_TCPV4, 54, 1000, 34, 16 };
    put_buffers(d, RX, 8, BUFFER);
    CHECK(!(port->peer->takes & NET_TSO4) && send_to_guest(bytes, n, h, 0));
    for (unsigned k = 0; k < 4; k++)
        CHECK(take_frame(d, RX, back, &r, &buffers) == (k < 3 ? 1054 : 554) && !r.flags && !r.gso_type);
    /* A header cut short: the device wants a reset. */
    put_frame(d, TX, h, bytes, 60, 11);
    pause_ms(20);
    CHECK(reg(d, R_STATUS) & VIRTIO_NEEDS_RESET);
    drive(d, ALL, 3, SIZE);
    put_buffers(d, RX, 1, 11);
    send_to_guest(bytes, 60, (struct net_header){ 0 }, 0);
    pause_ms(20);
    CHECK(reg(d, R_STATUS) & VIRTIO_NEEDS_RESET);
}

static int command(struct driver *d, unsigned q, unsigned class_, unsigned number, const void *data, unsigned n)
{
    gpa_t at = BUFFERS_AT + (2 << 20);
    uint32_t written;
    poke(d, at, 1, class_);
    poke(d, at + 1, 1, number);
    memcpy(ram(d->b, at + 16), data, n);
    poke(d, at + 4096, 1, 0x77);
    struct piece p[3] = { { at, 2, 0 }, { at + 16, n, 0 }, { at + 4096, 1, D_WRITE } };
    put_chain(d, q, 0, p, 3, 0);
    notify(d, q);
    CHECK(take_used(d, q, &written, 3) >= 0 && written == 1);
    return (int)peek(d, at + 4096, 1);
}
static int mode(struct driver *d, unsigned number, uint8_t on) { return command(d, CTRL, 0, number, &on, 1); }

/* Does the guest get such a frame? */
static bool comes(struct driver *d, const char *to, unsigned vlan)
{
    static uint8_t bytes[60], back[NET_MAX];
    struct net_header h;
    unsigned buffers;
    frame(bytes, to, 60, 1);
    if (vlan)
        memcpy(bytes + 12, (uint8_t[]){ 0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan }, 4);
    put_buffers(d, RX, 1, BUFFER);
    send_to_guest(bytes, 60, (struct net_header){ 0 }, 0);
    if (has_frame(d, RX))
        return take_frame(d, RX, back, &h, &buffers) == 60;
    return false;
}

static void control(struct driver *d)
{
    static uint8_t table[8 + 6 * 100];
    uint16_t vlan = 100;
    drive(d, ALL, 3, SIZE);
    CHECK(comes(d, OTHER, 0) && comes(d, GROUP, 0) && comes(d, OURS, 100)); /* after a reset: everything */
    CHECK(mode(d, 0, 0) == 0);
    CHECK(comes(d, OURS, 0) && comes(d, EVERY, 0) && !comes(d, OTHER, 0) && !comes(d, GROUP, 0) && !comes(d, OURS, 100));
    CHECK(mode(d, 1, 1) == 0 && comes(d, GROUP, 0) && mode(d, 1, 0) == 0 && !comes(d, GROUP, 0));
    CHECK(mode(d, 2, 1) == 0 && comes(d, OTHER, 0) && mode(d, 2, 0) == 0 && !comes(d, OTHER, 0));
    CHECK(mode(d, 5, 1) == 0 && !comes(d, EVERY, 0) && mode(d, 5, 0) == 0 && comes(d, EVERY, 0));
    CHECK(mode(d, 4, 1) == 0 && !comes(d, OURS, 0) && mode(d, 4, 0) == 0);
    CHECK(mode(d, 6, 1) == 1 && command(d, CTRL, 9, 0, table, 1) == 1 && command(d, CTRL, 0, 0, table, 0) == 1);
    CHECK(command(d, CTRL, 2, 0, &vlan, 2) == 0 && comes(d, OURS, 100) && !comes(d, OURS, 101));
    CHECK(command(d, CTRL, 2, 1, &vlan, 2) == 0 && !comes(d, OURS, 100));
    vlan = 4096;
    CHECK(command(d, CTRL, 2, 0, &vlan, 2) == 1);
    table[0] = 1;
    memcpy(table + 4, OTHER, 6);
    table[10] = 1;
    memcpy(table + 14, GROUP, 6);
    CHECK(command(d, CTRL, 1, 0, table, 20) == 0 && comes(d, OTHER, 0) && comes(d, GROUP, 0));
    table[10] = 2;
    CHECK(command(d, CTRL, 1, 0, table, 20) == 1 && comes(d, GROUP, 0)); /* more entries than bytes: as before */
    memset(table, 0xff, 4);
    CHECK(command(d, CTRL, 1, 0, table, 20) == 1);
    memset(table, 0, sizeof table);
    table[4] = 90; /* more groups than there is room for: all */
    CHECK(command(d, CTRL, 1, 0, table, 8 + 540) == 0 && comes(d, GROUP, 0) && !comes(d, OTHER, 0));
    CHECK(command(d, CTRL, 1, 1, OTHER, 6) == 0 && comes(d, OTHER, 0) && !comes(d, OURS, 0) && peek(d, d->at + R_CONFIG + 5, 1) == 0x57);
    CHECK(command(d, CTRL, 1, 1, OTHER, 5) == 1);
    uint64_t some = B(F_GUEST_CSUM), too_much = ~0ull;
    CHECK(command(d, CTRL, 5, 0, &some, 8) == 0 && port->peer->takes == (NET_CSUM | NET_VALID));
    CHECK(command(d, CTRL, 5, 0, &too_much, 8) == 1 && port->peer->takes == (NET_CSUM | NET_VALID));
    uint16_t pairs = 2;
    CHECK(command(d, CTRL, 4, 0, &pairs, 2) == 1); /* it has one pair */
    set_reg(d, R_STATUS, 0);
    CHECK(peek(d, d->at + R_CONFIG + 5, 1) == 0x56);
}

static void links(struct driver *d)
{
    char err[200];
    drive(d, ALL, 3, SIZE);
    set_reg(d, R_ACK, 3);
    machine_lock_enter();
    CHECK(net_set_link("n0", false, err, sizeof err) && !net_set_link("nobody", false, err, sizeof err));
    machine_lock_leave();
    CHECK(peek(d, d->at + R_CONFIG + 6, 2) == 0 && (reg(d, R_ISR) & 2) && !comes(d, OURS, 0));
    set_reg(d, R_ACK, 3);
    machine_lock_enter();
    CHECK(net_set_link("n0", true, err, sizeof err));
    net_announce();
    machine_lock_leave();
    CHECK(peek(d, d->at + R_CONFIG + 6, 2) == 3 && (reg(d, R_ISR) & 2) && comes(d, OURS, 0));
    CHECK(command(d, CTRL, 3, 0, "", 0) == 0 && peek(d, d->at + R_CONFIG + 6, 2) == 1);
}

static void several(struct driver *d)
{
    static uint8_t bytes[60], back[NET_MAX];
    struct net_header h;
    unsigned buffers;
    uint32_t n;
    uint16_t pairs = 2, none = 0;
    drive(d, ALL | B(F_MQ), 5, SIZE);
    CHECK(peek(d, d->at + R_CONFIG + 8, 2) == 2);
    CHECK(command(d, 4, 4, 0, &none, 2) == 1 && command(d, 4, 4, 0, &pairs, 2) == 0);
    ngot = 0;
    frame(bytes, OURS, 60, 1);
    for (unsigned k = 0; k < 2; k++) {
        put_frame(d, 2 * k + 1, (struct net_header){ 0 }, bytes, 60, 0);
        CHECK(take_used(d, 2 * k + 1, &n, 3) >= 0 && wait_for(k + 1) == k + 1 && got[k].queue == k);
        put_buffers(d, 2 * k, 1, BUFFER);
        CHECK(send_to_guest(bytes, 60, (struct net_header){ 0 }, k));
        CHECK(take_frame(d, 2 * k, back, &h, &buffers) == 60);
    }
    drive(d, ALL, 3, SIZE); /* without pairs the control queue is the third */
    CHECK(command(d, 2, 0, 0, "\1", 1) == 0);
}

int main(void)
{
    char err[200];
    struct bench *b = bench_new();
    machine_lock_enter();
    port = netdev_new(&b->m, &class, "t");
    machine_lock_leave();
    struct driver d = { .b = b, .at = bench_virtio(b, "virtio-net-device,netdev=t,id=n0,packed=on") };
    both_ways(&d, PLAIN);
    both_ways(&d, ALL);
    both_ways(&d, ALL | PACKED);
    both_ways(&d, (ALL & ~B(VIRTIO_F_EVENT_IDX)) | PACKED);
    waits(&d, PLAIN);
    waits(&d, ALL);
    offloads(&d);
    control(&d);
    links(&d);
    machine_lock_enter();
    port = netdev_new(&b->m, &class, "t2");
    port->nqueues = 2;
    machine_lock_leave();
    struct driver e = { .b = b, .at = bench_virtio(b, "virtio-net-device,netdev=t2,mq=on,mac=52:54:00:12:34:56") };
    several(&e);
    machine_lock_enter();
    CHECK(netdev_del("t2", err, sizeof err) && !netdev_del("t2", err, sizeof err)); /* under the running device */
    machine_lock_leave();
    pause_ms(20);
    CHECK(peek(&e, e.at + R_CONFIG + 6, 2) == 0);
    bench_free(b);
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
