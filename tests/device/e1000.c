/*
 * The 82540EM as a driver and the other end see it: EEPROM and PHY, interrupts with their delays, receive filters and descriptors,
 * transmit descriptors of all kinds, segmentation, VLANs, statistics, links. Values are of Intel's PCI/PCI-X Family of Gigabit
 * Ethernet Controllers Software Developer's Manual.
 */
#include "net/backend.h"
#include "net/e1000.h"
#include "pci_bench.h"

enum { SLOT = 1, BAR = WINDOW_AT, IO_BAR = 0x1000, RX_RING = RAM_AT + 0x10000, TX_RING = RAM_AT + 0x20000, BUFFERS = RAM_AT + 0x100000, DATA = RAM_AT + 0x400000,
       RING = 16 };

static struct bench *b;
static struct net_port *port;
static struct got { struct net_header h; unsigned n; uint8_t bytes[NET_MAX]; } got[128];
static unsigned ngot, tail, rx_tail;

static bool take_packet(struct net_port *p, unsigned queue, const struct net_packet *k)
{
    struct got *g = &got[ngot % 128];
    g->h = k->h;
    g->n = (unsigned)net_copy(k, 0, g->bytes, sizeof g->bytes);
    __atomic_store_n(&ngot, ngot + 1, __ATOMIC_RELEASE);
    return true;
}
static const struct netdev_class class = { .ops = { .type = "test", .receive = take_packet }, .size = sizeof(struct net_port) };

static uint32_t reg(unsigned r) { return (uint32_t)bench_read(b, BAR + r, 4); }
static void set_reg(unsigned r, uint32_t v) { bench_write(b, BAR + r, 4, v); }
static uint64_t peek(gpa_t at, unsigned n) { uint64_t v = 0; memcpy(&v, ram(b, at), n); return v; }
static void poke(gpa_t at, unsigned n, uint64_t v) { memcpy(ram(b, at), &v, n); }
static uint32_t be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | *p++;
    return v;
}

/* ------------------------------------------------------------------------- EEPROM, PHY */

static void eecd_bit(bool di)
{
    set_reg(E_EECD, 2 | (di ? 4 : 0));
    set_reg(E_EECD, 2 | (di ? 4 : 0) | 1);
    set_reg(E_EECD, 2 | (di ? 4 : 0));
}
static void eecd_bits(unsigned v, unsigned n)
{
    while (n--)
        eecd_bit(v >> n & 1);
}

static unsigned eecd_read(unsigned at)
{
    unsigned v = 0;
    set_reg(E_EECD, 2);
    eecd_bits(6, 3);
    eecd_bits(at, 6);
    CHECK(!(reg(E_EECD) & 8)); /* a zero before the data */
    for (unsigned k = 0; k < 16; k++) {
        eecd_bit(0);
        v = v << 1 | (reg(E_EECD) >> 3 & 1);
    }
    set_reg(E_EECD, 0);
    return v;
}

static void eecd_write(unsigned at, unsigned v)
{
    set_reg(E_EECD, 2);
    eecd_bits(5, 3);
    eecd_bits(at, 6);
    eecd_bits(v, 16);
    set_reg(E_EECD, 0);
    set_reg(E_EECD, 2);
    CHECK(reg(E_EECD) & 8); /* it is ready */
    set_reg(E_EECD, 0);
}

static unsigned eerd(unsigned at)
{
    set_reg(E_EERD, at << 8 | 1);
    CHECK((reg(E_EERD) & 0xff10) == (at << 8 | 0x10));
    return reg(E_EERD) >> 16;
}

static unsigned phy(unsigned at)
{
    set_reg(E_MDIC, at << 16 | 1 << 21 | 2 << 26);
    CHECK((reg(E_MDIC) >> 28 & 5) == 1);
    return reg(E_MDIC) & 0xffff;
}
static void set_phy(unsigned at, unsigned v) { set_reg(E_MDIC, v | at << 16 | 1 << 21 | 1 << 26); }

static void parts(void)
{
    unsigned sum = 0;
    CHECK(get_config(b, SLOT, 0, 4) == 0x100e8086 && get_config(b, SLOT, PCI_CLASS, 3) == 0x020000);
    CHECK((reg(E_STATUS) & 0x00c3) == 0x0083 && (reg(E_EECD) & 0x300) == 0x100 && reg(E_PBA) == 0x00100030 && reg(E_VET) == 0x8100);
    CHECK(reg(E_RA) == 0x12005452 && reg(E_RA + 4) == 0x80005634);
    for (unsigned k = 0; k < 64; k++) {
        sum += eerd(k);
        CHECK(eecd_read(k) == eerd(k));
    }
    CHECK((sum & 0xffff) == 0xbaba && eerd(0) == 0x5452 && eerd(0x0d) == 0x100e && eerd(0x0e) == 0x8086);
    eecd_write(9, 0x1234);
    CHECK(eerd(9) == 0xffff); /* writes are not enabled */
    set_reg(E_EECD, 2);
    eecd_bits(0x13, 5);
    eecd_bits(0, 4);
    set_reg(E_EECD, 0);
    eecd_write(9, 0x1234);
    CHECK(eerd(9) == 0x1234 && eecd_read(9) == 0x1234);
    eecd_write(9, 0xffff);
    set_reg(E_EECD, 1 << 6);
    CHECK(reg(E_EECD) & 1 << 7);
    CHECK(phy(2) == 0x0141 && (phy(3) & 0xfff0) == 0x0c20 && (phy(1) & 0x24) == 0x24 && phy(0) == 0x1140 && (phy(17) & 0xac00) == 0xac00);
    set_reg(E_MDIC, 2 << 16 | 3 << 21 | 2 << 26);
    CHECK(reg(E_MDIC) >> 28 & 4); /* no such PHY */
    reg(E_ICR);
    set_phy(0, 0x1340); /* negotiates again */
    CHECK(phy(0) == 0x1140 && (reg(E_ICR) & C_LSC));
    set_phy(4, 0x01e1);
    CHECK(phy(4) == 0x01e1);
    set_phy(0, 0x9140);
    CHECK(phy(4) == 0x0de1);
    set_reg(E_MDIC, 2 << 16 | 1 << 21 | 2 << 26 | 1 << 29);
    CHECK(reg(E_ICR) & C_MDAC);
}

/* -------------------------------------------------------------------------- interrupts */

static void interrupts(void)
{
    reg(E_ICR);
    set_reg(E_IMC, ~0u);
    set_reg(E_ICS, C_LSC);
    CHECK(!b->line[SLOT] && reg(E_IMS) == 0);
    set_reg(E_IMS, C_LSC | C_RXT0);
    CHECK(b->line[SLOT] && reg(E_IMS) == (C_LSC | C_RXT0));
    CHECK(reg(E_ICR) == C_LSC && !b->line[SLOT] && reg(E_ICR) == 0);
    set_reg(E_ICS, C_LSC | C_RXT0);
    set_reg(E_ICR, C_LSC);
    CHECK(b->line[SLOT]);
    set_reg(E_IMC, C_RXT0);
    CHECK(!b->line[SLOT] && reg(E_ICR) == C_RXT0);
    set_reg(E_ITR, 40000); /* of 256 ns: 10 ms from one to the next */
    set_reg(E_ICS, C_LSC);
    CHECK(b->line[SLOT] && reg(E_ICR) == C_LSC);
    set_reg(E_ICS, C_LSC);
    CHECK(!b->line[SLOT]);
    pause_ms(100);
    CHECK(b->line[SLOT] && reg(E_ICR) == C_LSC && !b->line[SLOT]);
    set_reg(E_ITR, 0);
    set_reg(E_ICS, C_LSC);
    pause_ms(30);
    CHECK(b->line[SLOT] && reg(E_ICR) == C_LSC);
    set_reg(E_IMC, ~0u);
}

/* ----------------------------------------------------------------------------- receive */

static const uint8_t OURS[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x56 }, EVERY[6] = { 255, 255, 255, 255, 255, 255 }, GROUP[6] = { 1, 0, 0x5e, 0, 0, 5 },
                     OTHER[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x57 };

static void frame(uint8_t *p, const uint8_t *to, unsigned n)
{
    memcpy(p, to, 6);
    memcpy(p + 6, "\x52\x54\0\x12\x34\x99\x88\xb5", 8);
    for (unsigned k = 14; k < n; k++)
        p[k] = (uint8_t)(n * 31 + k * 7 + (k >> 8));
}

static bool give(const uint8_t *p, unsigned n)
{
    machine_lock_enter();
    bool ok = net_send_bytes(port, 0, p, n);
    loop_wake(b->m.loop);
    machine_lock_leave();
    return ok;
}

static void rx_start(uint32_t rctl)
{
    memset(ram(b, RX_RING), 0, 16 * RING);
    for (unsigned k = 0; k < RING; k++)
        poke(RX_RING + 16 * k, 8, BUFFERS + 0x4000 * k);
    set_reg(E_RCTL, 0);
    set_reg(E_RDBAL, RX_RING);
    set_reg(E_RDBAH, 0);
    set_reg(E_RDLEN, 16 * RING);
    set_reg(E_RDH, 0);
    set_reg(E_RDT, rx_tail = RING - 1);
    set_reg(E_RCTL, rctl | 2);
}

static unsigned done(unsigned k) { return (unsigned)peek(RX_RING + 16 * k + 12, 1); }
static unsigned wait_done(unsigned k)
{
    for (unsigned t = 0; t < 2000 && !(done(k) & 1); t++)
        pause_ms(1);
    return done(k);
}
static bool comes(const uint8_t *to, unsigned vlan)
{
    uint8_t p[64];
    unsigned head = reg(E_RDH);
    frame(p, to, 60);
    if (vlan)
        memcpy(p + 12, (uint8_t[]){ 0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan }, 4);
    CHECK(give(p, 60));
    bool there = reg(E_RDH) != head;
    if (there)
        set_reg(E_RDT, (reg(E_RDT) + 1) % RING);
    return there;
}

static void filters(void)
{
    rx_start(0);
    CHECK(comes(OURS, 0) && !comes(OTHER, 0) && !comes(EVERY, 0) && !comes(GROUP, 0));
    rx_start(1 << 15);
    CHECK(comes(EVERY, 0) && !comes(GROUP, 0));
    rx_start(1 << 3);
    CHECK(comes(OTHER, 0) && !comes(GROUP, 0));
    rx_start(1 << 4);
    CHECK(comes(GROUP, 0) && !comes(OTHER, 0));
    /* Bits 47:36 of the address, 0x050: word 2, bit 16; with another offset another bit. */
    set_reg(E_MTA + 8, 1 << 16);
    rx_start(0);
    CHECK(comes(GROUP, 0));
    rx_start(1 << 12);
    CHECK(!comes(GROUP, 0));
    set_reg(E_MTA + 8, 0);
    set_reg(E_MTA + 20, 1); /* 46:35: 0x0a0 */
    CHECK(comes(GROUP, 0));
    set_reg(E_MTA + 20, 0);
    set_reg(E_RA + 8, 0x12005452);
    set_reg(E_RA + 12, 0x00005734);
    rx_start(0);
    CHECK(!comes(OTHER, 0));
    set_reg(E_RA + 12, 0x80005734);
    CHECK(comes(OTHER, 0));
    set_reg(E_RA + 12, 0);
    rx_start(1 << 18);
    CHECK(comes(OURS, 0) && !comes(OURS, 100));
    set_reg(E_VFTA + 4 * 3, 1 << 4);
    CHECK(comes(OURS, 100) && !comes(OURS, 101));
    set_reg(E_VFTA + 4 * 3, 0);
    rx_start(0);
    CHECK(comes(OURS, 100));
    set_reg(E_RCTL, 0);
    CHECK(!comes(OURS, 0));
}

static void receive(void)
{
    static uint8_t p[10000];
    unsigned n = 1000;
    frame(p, OURS, n);
    rx_start(3 << 16); /* buffers of 256 bytes */
    reg(E_ICR);
    CHECK(give(p, n) && wait_done(3) == (3 | 4) && done(0) == 1 && done(2) == 1 && !done(4));
    for (unsigned k = 0; k < 4; k++)
        CHECK(peek(RX_RING + 16 * k + 8, 2) == (k < 3 ? 256 : 1000 + 4 - 768) && !memcmp(ram(b, BUFFERS + 0x4000 * k), p + 256 * k, k < 3 ? 256 : 232));
    pause_ms(20);
    CHECK(reg(E_RDH) == 4 && reg(E_ICR) & C_RXT0);
    rx_start(1 << 26 | 1 << 5 | 1 << 25 | 3 << 16); /* without check sequence, long packets, 4 KiB */
    frame(p, OURS, 9000);
    CHECK(give(p, 9000) && wait_done(2) == (3 | 4) && peek(RX_RING + 8, 2) == 4096 && peek(RX_RING + 40, 2) == 808 && !memcmp(ram(b, BUFFERS + 0x8000), p + 8192, 808));
    rx_start(0);
    reg(S_ROC);
    CHECK(give(p, 9000) && give(p, 1519) && !done(0) && reg(S_ROC) == 2 && give(p, 1518) && wait_done(0) == (3 | 4));
    frame(p, OURS, 20);
    CHECK(give(p, 20) && (wait_done(1) & 3) == 3 && peek(RX_RING + 24, 2) == 64 && peek(BUFFERS + 0x4000 + 20, 8) == 0); /* padded */
    /* A tag is taken out. */
    set_reg(E_CTRL, reg(E_CTRL) | 1 << 30);
    frame(p, OURS, 100);
    memcpy(p + 12, "\x81\0\x60\x64", 4);
    CHECK(give(p, 100) && (wait_done(2) & 0xb) == 0xb && peek(RX_RING + 32 + 14, 2) == 0x6064 && peek(RX_RING + 32 + 8, 2) == 100);
    CHECK(!memcmp(ram(b, BUFFERS + 0x8000), p, 12) && !memcmp(ram(b, BUFFERS + 0x8000 + 12), p + 16, 84));
    set_reg(E_CTRL, reg(E_CTRL) & ~(1u << 30));
    /* Sums: of the whole from PCSS on, of IP and TCP. */
    frame(p, OURS, 74);
    memcpy(p + 12, "\x08\0\x45\0\0\x3c\x1c\x46\x40\0\x40\6\xb1\xe6\xac\x10\x0a\x63\xac\x10\x0a\x0c", 22); /* a header whose sum is known: b1e6 */
    memset(p + 34, 0, 40);
    p[46] = 0x50;
    struct net_layers l;
    net_parse(p, 74, &l);
    uint16_t right = net_l4_sum(p, &l);
    memcpy(p + 50, &right, 2);
    set_reg(E_RXCSUM, 14 | 3 << 8);
    CHECK(give(p, 74) && wait_done(3) == 0x63 && peek(RX_RING + 48 + 13, 1) == 0);
    uint32_t sum = 0;
    for (unsigned k = 14; k < 74; k += 2)
        sum += (uint32_t)(p[k] | p[k + 1] << 8);
    sum = (sum & 0xffff) + (sum >> 16);
    CHECK(peek(RX_RING + 48 + 10, 2) == ((sum & 0xffff) + (sum >> 16)));
    p[60] ^= 1;
    CHECK(give(p, 74) && wait_done(4) == 0x63 && peek(RX_RING + 64 + 13, 1) == 0x20);
    p[60] ^= 1;
    p[24] ^= 1;
    CHECK(give(p, 74) && wait_done(5) == 0x63 && (peek(RX_RING + 80 + 13, 1) & 0x40));
    set_reg(E_RXCSUM, 0);
    /* What has no descriptors waits, in order. */
    rx_start(0);
    for (unsigned k = 0; k < 20; k++) {
        frame(p, OURS, 100 + k);
        CHECK(give(p, 100 + k) == (k < 15));
    }
    pause_ms(20);
    CHECK(reg(E_RDH) == 15 && (reg(E_ICR) & C_RXDMT0));
    memset(ram(b, RX_RING + 12), 0, 1);
    for (unsigned k = 0; k < 5; k++)
        poke(RX_RING + 16 * ((15 + k) % RING) + 12, 1, 0);
    set_reg(E_RDT, 4);
    CHECK((wait_done(3) & 3) == 3 && peek(RX_RING + 240 + 8, 2) == 119 && peek(RX_RING + 48 + 8, 2) == 123);
    /* Delayed: 20000 units of 1.024 us. */
    rx_start(0);
    set_reg(E_IMC, ~0u);
    reg(E_ICR);
    set_reg(E_RDTR, 20000);
    CHECK(give(p, 100) && (wait_done(0) & 3) == 3);
    pause_ms(5);
    CHECK(!(reg(E_ICR) & C_RXT0));
    pause_ms(200);
    CHECK(reg(E_ICR) & C_RXT0);
    set_reg(E_RDTR, 0);
}

/* ---------------------------------------------------------------------------- transmit */

static void tx_start(void)
{
    memset(ram(b, TX_RING), 0, 16 * RING);
    set_reg(E_TCTL, 0);
    set_reg(E_TDBAL, TX_RING);
    set_reg(E_TDBAH, 0);
    set_reg(E_TDLEN, 16 * RING);
    set_reg(E_TDH, 0);
    set_reg(E_TDT, tail = 0);
    set_reg(E_TCTL, 2 | 8);
    ngot = 0;
}

static void put_tx(uint64_t low, uint64_t high)
{
    poke(TX_RING + 16 * tail, 8, low);
    poke(TX_RING + 16 * tail + 8, 8, high);
    tail = (tail + 1) % RING;
}
static unsigned go(unsigned n)
{
    set_reg(E_TDT, tail);
    for (unsigned t = 0; t < 2000 && (reg(E_TDH) != tail || __atomic_load_n(&ngot, __ATOMIC_ACQUIRE) < n); t++)
        pause_ms(1);
    return ngot;
}

/* Headers of Ethernet, IPv4 and TCP, n bytes behind them; the sum of the pseudo header without its length in its place. */
static void tcp_packet(gpa_t at, unsigned n)
{
    uint8_t *p = ram(b, at);
    frame(p, OTHER, 54 + n);
    memcpy(p + 12, "\x08\0\x45\0\0\0\x12\x34\x40\0\x40\6\0\0\x0a\0\2\x0f\x0a\0\2\2\x30\x39\0\x50\0\0\x10\0\0\0\0\2\x50\x99\2\0\0\0\0\0", 42);
    uint32_t sum = 0x0a00 + 0x020f + 0x0a00 + 0x0202 + 6;
    p[50] = (uint8_t)(sum >> 8);
    p[51] = (uint8_t)sum;
}

static bool right_sums(const struct got *g)
{
    struct net_layers l;
    net_parse(g->bytes, g->n, &l);
    uint16_t sum;
    memcpy(&sum, g->bytes + l.l4 + 16, 2);
    return l.l4 && l.version == 4 && !net_fold(net_sum(g->bytes + l.l3, 20, 0)) && net_l4_sum(g->bytes, &l) == sum;
}

/* A context for segments, the packet of n bytes in pieces, and what comes of it. */
static void segments(unsigned n, unsigned mss, unsigned piece, uint64_t special)
{
    unsigned count = (n + mss - 1) / mss, at = 0, off = special ? 4 : 0;
    tx_start();
    tcp_packet(DATA, n);
    put_tx(14 | 24 << 8 | 33 << 16 | 34ull << 32 | 50ull << 40, (n & 0xfffff) | 0x27ull << 24 | 54ull << 40 | (uint64_t)mss << 48);
    for (unsigned left = 54 + n, k; left; left -= k, at += k) {
        k = left < piece ? left : piece;
        put_tx(DATA + at, k | 1ull << 20 | (uint64_t)(0x2c | (k == left) | (special ? 0x40 : 0)) << 24 | 3ull << 40 | special << 48);
    }
    CHECK(go(count) == count);
    const uint8_t *all = ram(b, DATA);
    for (unsigned k = 0; k < count && k < 128; k++) {
        struct got *g = &got[k];
        unsigned bytes = n - k * mss < mss ? n - k * mss : mss;
        bool last = k + 1 == count;
        CHECK(g->n == 54 + off + bytes && !memcmp(g->bytes + 54 + off, all + 54 + k * mss, bytes) && !g->h.gso_type && !g->h.flags);
        CHECK(be(g->bytes + 18 + off, 2) == 0x1234 + k && be(g->bytes + 38 + off, 4) == 0x1000 + k * mss && be(g->bytes + 16 + off, 2) == 40 + bytes);
        CHECK(g->bytes[47 + off] == (0x10 | (k ? 0 : 0x80) | (last ? 9 : 0)) && right_sums(g));
        CHECK(!special || be(g->bytes + 12, 4) == (0x81000000 | special));
    }
    CHECK(reg(E_TDH) == tail && (peek(TX_RING + 16 * ((tail + RING - 1) % RING) + 12, 1) & 1));
}

static void transmit(void)
{
    tx_start();
    reg(E_ICR);
    frame(ram(b, DATA), OTHER, 200);
    put_tx(DATA, 100 | 8ull << 24);                 /* two descriptors, the second one ends it; both are reported */
    put_tx(DATA + 100, 100 | 9ull << 24);
    CHECK(go(1) == 1 && got[0].n == 200 && !memcmp(got[0].bytes, ram(b, DATA), 200) && peek(TX_RING + 12, 1) == 1 && peek(TX_RING + 28, 1) == 1);
    pause_ms(5);
    CHECK((reg(E_ICR) & (C_TXDW | C_TXQE)) == (C_TXDW | C_TXQE));
    put_tx(DATA, 20 | 1ull << 24);                  /* short: padded, not reported */
    CHECK(go(2) == 2 && got[1].n == 60 && peek(TX_RING + 44, 1) == 0);
    put_tx(DATA, 200 | 20ull << 16 | 5ull << 24 | 30ull << 40); /* legacy, a sum from byte 30 on at byte 20 */
    uint16_t sum = net_fold(net_sum(ram(b, DATA) + 30, 170, 0));
    CHECK(go(3) == 3 && !memcmp(got[2].bytes + 20, &sum, 2) && !memcmp(got[2].bytes + 22, ram(b, DATA + 22), 178));
    /* A tag, only while CTRL.VME is on. */
    put_tx(DATA, 200 | 0x41ull << 24 | 0x2005ull << 48);
    CHECK(go(4) == 4 && got[3].n == 200);
    set_reg(E_CTRL, reg(E_CTRL) | 1 << 30);
    put_tx(DATA, 200 | 0x41ull << 24 | 0x2005ull << 48);
    CHECK(go(5) == 5 && got[4].n == 204 && be(got[4].bytes + 12, 4) == 0x81002005 && !memcmp(got[4].bytes + 16, ram(b, DATA + 12), 188));
    /* A context for sums, and a packet that uses it. */
    tcp_packet(DATA, 100);
    ram(b, DATA)[17] = 140;
    ram(b, DATA)[51] = (uint8_t)(ram(b, DATA)[51] + 120); /* the driver's sum has the length here */
    set_reg(E_CTRL, reg(E_CTRL) & ~(1u << 30));
    put_tx(14 | 24 << 8 | 33 << 16 | 34ull << 32 | 50ull << 40, 0x23ull << 24);
    put_tx(DATA, 154 | 1ull << 20 | 0x29ull << 24 | 3ull << 40);
    CHECK(go(6) == 6 && got[5].n == 154 && right_sums(&got[5]) && !got[5].h.flags);
    port->takes = NET_CSUM;
    put_tx(DATA, 154 | 1ull << 20 | 0x29ull << 24 | 3ull << 40);
    CHECK(go(7) == 7 && got[6].h.flags == NET_NEEDS_CSUM && got[6].h.csum_start == 34 && got[6].h.csum_offset == 16);
    port->takes = 0;
    segments(3500, 1000, 2000, 0);
    segments(1000, 1460, 2000, 0);
    segments(64000, 1460, 16000, 0);
    segments(150000, 1448, 16000, 0);
    set_reg(E_CTRL, reg(E_CTRL) | 1 << 30);
    segments(5000, 1000, 2000, 0x0007);
    set_reg(E_CTRL, reg(E_CTRL) & ~(1u << 30));
    port->takes = NET_CSUM | NET_TSO4;
    tx_start();
    tcp_packet(DATA, 20000);
    put_tx(14 | 24 << 8 | 33 << 16 | 34ull << 32 | 50ull << 40, 20000 | 0x27ull << 24 | 54ull << 40 | 1460ull << 48);
    put_tx(DATA, 20054 | 1ull << 20 | 0x2dull << 24 | 3ull << 40);
    CHECK(go(1) == 1 && got[0].n == 20054 && got[0].h.gso_type == NET_GSO_TCPV4 && got[0].h.gso_size == 1460 && be(got[0].bytes + 16, 2) == 20040);
    port->takes = 0;
    /* What makes no sense is gone, and the next one comes. */
    put_tx(0, 5000 | 0x27ull << 24);
    put_tx(DATA, 2054 | 1ull << 20 | 0x2dull << 24 | 3ull << 40);
    put_tx(~0ull, ~0ull << 40 | 0x25ull << 24);
    put_tx(DATA, 0xfffff | 1ull << 20 | 0x25ull << 24);
    put_tx(0x1000, 100 | 9ull << 24);
    put_tx(DATA, 100 | 9ull << 24);
    unsigned before = ngot;
    CHECK(go(before + 2) >= before + 2 && got[(ngot - 1) % 128].n == 100);
    set_reg(E_TDT, 500); /* beyond the ring */
    pause_ms(5);
    CHECK(reg(E_TDH) == tail);
}

/* ------------------------------------------------------------------- links, loops, counters */

static void links(void)
{
    char err[200];
    uint8_t p[64];
    set_reg(E_IMC, ~0u);
    reg(E_ICR);
    rx_start(0);
    machine_lock_enter();
    CHECK(net_set_link("nic", false, err, sizeof err));
    machine_lock_leave();
    CHECK(!(reg(E_STATUS) & 2) && (reg(E_ICR) & C_LSC) && !(phy(1) & 4) && !(phy(17) & 0x400) && !comes(OURS, 0));
    machine_lock_enter();
    CHECK(net_set_link("nic", true, err, sizeof err));
    machine_lock_leave();
    CHECK((reg(E_STATUS) & 2) && (reg(E_ICR) & C_LSC) && !(phy(1) & 4) && (phy(1) & 4) && comes(OURS, 0)); /* that it was lost is seen once */
    /* A loop in the PHY: what is sent comes back, and the other end gets nothing. */
    tx_start();
    rx_start(0);
    set_phy(0, 0x4140);
    frame(ram(b, DATA), OURS, 300);
    put_tx(DATA, 300 | 9ull << 24);
    set_reg(E_TDT, tail);
    CHECK((wait_done(0) & 3) == 3 && !memcmp(ram(b, BUFFERS), ram(b, DATA), 300) && ngot == 0);
    set_phy(0, 0x1140);
    for (unsigned at = 0x4000; at < 0x4100; at += 4)
        reg(at);
    frame(p, OURS, 60);
    for (unsigned k = 0; k < 3; k++)
        CHECK(give(p, 60));
    put_tx(DATA, 300 | 9ull << 24);
    go(1);
    CHECK(reg(S_TPR) == 3 && reg(S_TPR) == 0 && reg(S_GPRC) == 3 && reg(S_PRC64) == 3 && reg(S_GORC) == 192 && reg(S_GORC) == 192 && reg(S_GORC + 4) == 0 && reg(S_GORC) == 0);
    CHECK(reg(S_GPTC) == 1 && reg(S_PTC64 + 12) == 1 && reg(S_TOT) == 304);
    /* A reset by I/O. */
    set_reg(E_RA, 0x11223344);
    set_reg(E_IMS, 5);
    place_bar(b, SLOT, 1, IO_BAR);
    bench_write(b, IO_AT + IO_BAR, 4, E_CTRL);
    bench_write(b, IO_AT + IO_BAR + 4, 4, 1 << 26);
    CHECK(bench_read(b, IO_AT + IO_BAR, 4) == E_CTRL && reg(E_IMS) == 0 && reg(E_RA) == 0x12005452 && reg(E_RCTL) == 0 && reg(E_RDLEN) == 0);
    bench_write(b, IO_AT + IO_BAR, 4, 0xfffffffc);
    bench_write(b, IO_AT + IO_BAR + 4, 4, 1);
    CHECK(bench_read(b, IO_AT + IO_BAR + 4, 4) == 0);
    CHECK(reg(0x1fffc) == 0 && reg(0x8000) == 0);
    set_reg(0x1fffc, 7);
    CHECK(reg(0x1fffc) == 7); /* packet buffer memory */
}

int main(void)
{
    char err[200];
    b = bench_new();
    bench_pci(b);
    machine_lock_enter();
    port = netdev_new(&b->m, &class, "t");
    CHECK(!device_add(&b->m, "e1000,mac=01:00:00:00:00:01", err, sizeof err) && strstr(err, "multicast"));
    machine_lock_leave();
    bench_add(b, "e1000,netdev=t,id=nic");
    place_bar(b, SLOT, 0, BAR);
    parts();
    interrupts();
    filters();
    receive();
    transmit();
    links();
    /* What comes in a stream may be anybody's: a packet that is longer than one can get. */
    struct e1000 *e = (struct e1000 *)device_by_id(&b->m, "nic");
    machine_lock_enter();
    e->tx.size = 60000;
    e->tx.segment = 0;
    e->tx.started = 1;
    e->p.d.type->loaded(&e->p.d);
    CHECK(!e->tx.size && !e->tx.started);
    machine_lock_leave();
    bench_pci_free(b);
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
