/*
 * Checksums, segmentation and joining of packets (hw/net/offload.c). Expected: RFC 1071's example and a well-known IPv4
 * header; else what the RFCs say of segments, worked out here word by word: sums by a plain loop of 16 bits, sequence numbers (RFC
 * 9293), flags, fragments (RFC 791 3.2, RFC 8200 4.5), and that the payload put together again is the payload.
 */
#include "driver.h"
#include "net/offload.h"

enum { ETH = 14, FIN = 1, PSH = 8, ACK = 16, CWR = 128 };

static uint32_t be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | *p++;
    return v;
}
static void set(uint8_t *p, unsigned n, uint32_t v)
{
    while (n--)
        *p++ = (uint8_t)(v >> 8 * n);
}

/* RFC 1071, in words of the network's order. */
static uint32_t plain_sum(const uint8_t *p, size_t n, uint32_t sum)
{
    for (size_t k = 0; k < n; k += 2)
        sum += (uint32_t)p[k] << 8 | (k + 1 < n ? p[k + 1] : 0u);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}
static uint32_t pseudo(const uint8_t *ip, unsigned protocol, unsigned n)
{
    bool six = *ip >> 4 == 6;
    return plain_sum(ip + (six ? 8 : 12), six ? 32 : 8, protocol + n);
}

struct packet { uint8_t bytes[NET_MAX]; unsigned n, l4, payload, protocol; };

/* A packet of n bytes of payload; its sum is the pseudo header's, as a driver leaves it (complete: the right one). */
static void make(struct packet *k, unsigned version, unsigned protocol, unsigned n, unsigned options, bool vlan, bool complete)
{
    uint8_t *p = k->bytes;
    unsigned l3 = vlan ? 18 : 14, head = protocol == 6 ? 20 + options : 8;
    memset(p, 0, 128);
    memcpy(p, "\x52\x54\0\1\2\3\x52\x54\0\4\5\6", 12);
    if (vlan)
        set(p + 12, 4, 0x81000007);
    set(p + l3 - 2, 2, version == 4 ? 0x0800 : 0x86dd);
    k->l4 = l3 + (version == 4 ? 20 : 40);
    k->payload = k->l4 + head;
    k->n = k->payload + n;
    k->protocol = protocol;
    uint8_t *ip = p + l3, *l4 = p + k->l4;
    if (version == 4) {
        set(ip, 4, 0x45000000 | (20 + head + n));
        set(ip + 4, 4, 0xfffe4000);
        set(ip + 8, 2, 0x4000 | protocol);
        set(ip + 12, 4, 0x0a00020f);
        set(ip + 16, 4, 0x0a000202);
        set(ip + 10, 2, ~plain_sum(ip, 20, 0));
    } else {
        set(ip, 4, 0x60000000);
        set(ip + 4, 4, (head + n) << 16 | protocol << 8 | 64);
        for (unsigned j = 8; j < 40; j++)
            ip[j] = (uint8_t)(j * 7);
    }
    set(l4, 4, 0x9c401389);
    if (protocol == 6) {
        set(l4 + 4, 4, 0xfffffff0);
        set(l4 + 8, 4, 77);
        set(l4 + 12, 2, (head / 4) << 12 | ACK | PSH | FIN | CWR);
        set(l4 + 14, 2, 512);
        memset(l4 + 20, 1, options);
    } else {
        set(l4 + 4, 2, 8 + n);
    }
    for (unsigned j = 0; j < n; j++)
        p[k->payload + j] = (uint8_t)(j * 13 + (j >> 8) * 5);
    uint8_t *field = l4 + (protocol == 6 ? 16 : 6);
    uint32_t sum = pseudo(ip, protocol, head + n);
    set(field, 2, sum);
    if (complete) {
        set(field, 2, 0);
        set(field, 2, ~plain_sum(l4, head + n, sum));
    }
}

/* ------------------------------------------------------------------ what comes out */

struct out { const struct packet *whole; unsigned count, at, piece, type; bool bad; uint32_t id; uint8_t datagram[NET_MAX]; };

static void take(void *arg, const uint8_t *p, size_t n)
{
    struct out *o = arg;
    const struct packet *w = o->whole;
    unsigned l3 = be(p + 12, 2) == 0x8100 ? 18 : 14, version = p[l3] >> 4, left = w->n - w->payload - o->at;
    const uint8_t *ip = p + l3, *was = w->bytes + l3;
    bool v4 = version == 4;
    if (v4)
        CHECK(plain_sum(ip, 20, 0) == 0xffff && be(ip + 2, 2) == n - l3 && be(ip + 8, 2) == be(was + 8, 2));
    else
        CHECK(be(ip + 4, 2) == n - l3 - 40);
    CHECK(!memcmp(p, w->bytes, l3));
    if (o->type == NET_GSO_UDP) {
        unsigned head = l3 + (v4 ? 20 : 48), whole = w->n - w->l4, offset = v4 ? (be(ip + 6, 2) & 0x1fff) * 8 : be(ip + 42, 2) & 0xfff8;
        bool more = v4 ? ip[6] & 0x20 : ip[43] & 1;
        if (!v4) {
            CHECK(ip[6] == 44 && ip[40] == 17 && (!o->count || be(ip + 44, 4) == o->id));
            o->id = be(ip + 44, 4);
        } else {
            CHECK(be(ip + 4, 2) == 0xfffe);
        }
        CHECK(offset == o->at && more == (offset + n - head < whole) && (!more || n - head == (o->piece & ~7u)));
        memcpy(o->datagram + offset, p + head, n - head);
        o->at += (unsigned)(n - head);
    } else {
        const uint8_t *l4 = p + w->l4;
        unsigned bytes = (unsigned)n - w->payload;
        CHECK(bytes == (left < o->piece ? left : o->piece) && !memcmp(p + w->payload, w->bytes + w->payload + o->at, bytes));
        CHECK(plain_sum(l4, n - w->l4, pseudo(ip, w->protocol, (unsigned)n - w->l4)) == 0xffff);
        CHECK(!v4 || be(ip + 4, 2) == ((0xfffe + o->count) & 0xffff));
        if (w->protocol == 6) {
            bool first = !o->at, last = bytes == left;
            CHECK(be(l4 + 4, 4) == (uint32_t)(0xfffffff0 + o->at) && be(l4 + 8, 4) == 77);
            CHECK(l4[13] == (ACK | (last ? FIN | PSH : 0) | (first ? CWR : 0)));
        } else {
            CHECK(be(l4 + 4, 2) == 8 + bytes);
        }
        o->at += bytes;
    }
    o->count++;
}

static void cuts(unsigned version, unsigned protocol, unsigned type, unsigned n, unsigned piece, unsigned options, bool vlan)
{
    static struct packet k;
    static struct out o;
    make(&k, version, protocol, n, options, vlan, false);
    o = (struct out){ .whole = &k, .piece = piece, .type = type & 0x7f };
    struct net_header h = { NET_NEEDS_CSUM, (uint8_t)type, 0, (uint16_t)piece, (uint16_t)k.l4, protocol == 6 ? 16 : 6 };
    CHECK(net_segment(&h, k.bytes, k.n, take, &o));
    if (type == NET_GSO_UDP) {
        CHECK(o.at == k.n - k.l4 && !memcmp(o.datagram + 8, k.bytes + k.payload, n));
        CHECK(plain_sum(o.datagram, 8 + n, pseudo(k.bytes + (vlan ? 18 : 14), 17, 8 + n)) == 0xffff);
    } else {
        CHECK(o.at == n && o.count == (n + piece - 1) / piece);
    }
}

static void refused(struct net_header h, const struct packet *k, unsigned n)
{
    static struct out o;
    o = (struct out){ .whole = k };
    CHECK(!net_segment(&h, k->bytes, n, take, &o) && !o.count);
}

static void bad_ones(void)
{
    static struct packet k;
    struct net_header h = { NET_NEEDS_CSUM, NET_GSO_TCPV4, 0, 1460, 34, 16 };
    make(&k, 4, 6, 4000, 0, false, false);
    for (unsigned n = 0; n <= 54; n++)
        refused(h, &k, n);
    h.gso_size = 0;
    refused(h, &k, k.n);
    h.gso_size = 47;
    refused(h, &k, k.n);
    h.gso_size = 1460;
    h.gso_type = NET_GSO_TCPV6;
    refused(h, &k, k.n);
    h.gso_type = NET_GSO_UDP;
    refused(h, &k, k.n);
    h.gso_type = 99;
    refused(h, &k, k.n);
    h.gso_type = NET_GSO_TCPV4;
    k.bytes[k.l4 + 12] = 0x40; /* a TCP header of 16 bytes */
    refused(h, &k, k.n);
    k.bytes[k.l4 + 12] = 0xf0;
    refused(h, &k, k.l4 + 40);
    k.bytes[14] = 0x44;
    refused(h, &k, k.n);
    make(&k, 4, 6, 4000, 0, false, false);
    k.bytes[20] |= 0x20; /* a fragment already */
    refused(h, &k, k.n);
    make(&k, 6, 6, 4000, 0, false, false);
    k.bytes[20] = 0; /* hop-by-hop options that go on for ever */
    memset(k.bytes + 54, 0, 4000);
    h.gso_type = NET_GSO_TCPV6;
    refused(h, &k, k.n);
    h = (struct net_header){ .csum_start = 0xffff, .csum_offset = 0xffff };
    CHECK(!net_checksum(&h, k.bytes, k.n));
    h = (struct net_header){ .csum_start = (uint16_t)(k.n - 1), .csum_offset = 0 };
    CHECK(!net_checksum(&h, k.bytes, k.n));
}

/* ---------------------------------------------------------------------------- sums */

static void sums(void)
{
    static const uint8_t rfc1071[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };
    static const uint8_t ip[] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7 };
    uint16_t v = net_fold(net_sum(rfc1071, sizeof rfc1071, 0));
    CHECK(be((uint8_t *)&v, 2) == 0x220d);
    v = net_fold(net_sum(ip, sizeof ip, 0));
    CHECK(be((uint8_t *)&v, 2) == 0xb861);
    static uint8_t bytes[70000];
    for (unsigned k = 0; k < sizeof bytes; k++)
        bytes[k] = (uint8_t)(k * k + (k >> 7));
    for (unsigned n = 0; n < 300; n++) {
        v = net_fold(net_sum(bytes + n % 7, n, 0));
        CHECK(be((uint8_t *)&v, 2) == (~plain_sum(bytes + n % 7, n, 0) & 0xffff));
    }
    memset(bytes, 0xff, sizeof bytes);
    v = net_fold(net_sum(bytes, sizeof bytes, 0));
    CHECK(v == 0);
    static struct packet k, done;
    for (unsigned version = 4; version <= 6; version += 2)
        for (unsigned n = 0; n < 3000; n += 333) {
            unsigned protocol = n & 1 ? 6 : 17;
            make(&k, version, protocol, n, 0, n & 2, false);
            make(&done, version, protocol, n, 0, n & 2, true);
            struct net_header h = { NET_NEEDS_CSUM, 0, 0, 0, (uint16_t)k.l4, protocol == 6 ? 16 : 6 };
            CHECK(net_checksum(&h, k.bytes, k.n) && !memcmp(k.bytes, done.bytes, k.n));
            struct net_layers l;
            net_parse(k.bytes, k.n, &l);
            CHECK(l.l4 == k.l4 && l.payload == k.payload && l.end == k.n && l.version == version && l.protocol == protocol);
        }
    make(&k, 4, 6, 60000, 12, false, false);
    make(&done, 4, 6, 60000, 12, false, true);
    CHECK(net_checksum_big(k.bytes, k.n) && !memcmp(k.bytes, done.bytes, k.n));
}

/* ------------------------------------------------------------------------- joining */

struct pieces { struct net_join *j; unsigned count; };

static void join_one(void *arg, const uint8_t *p, size_t n)
{
    struct pieces *s = arg;
    CHECK(net_join(s->j, p, n));
    s->count++;
}

static void joins(unsigned n, unsigned piece, unsigned options)
{
    static struct packet k, done;
    static struct net_join j;
    struct pieces s = { &j, 0 };
    make(&k, 4, 6, n, options, false, false);
    k.bytes[k.l4 + 13] = ACK | PSH;
    done = k;
    set(done.bytes + k.l4 + 16, 2, 0);
    set(done.bytes + k.l4 + 16, 2, pseudo(k.bytes + 14, 6, n + 20 + options));
    j.n = 0;
    struct net_header h = { NET_NEEDS_CSUM, NET_GSO_TCPV4, 0, (uint16_t)piece, (uint16_t)k.l4, 16 };
    CHECK(net_segment(&h, k.bytes, k.n, join_one, &s) && s.count == (n + piece - 1) / piece);
    net_joined(&j, &h);
    CHECK(j.n == k.n && h.gso_size == piece && h.gso_type == NET_GSO_TCPV4 && h.csum_start == k.l4 && h.csum_offset == 16 && h.hdr_len == k.payload);
    CHECK(!memcmp(j.bytes, done.bytes, k.n));
    /* What does not follow is not taken. */
    make(&k, 4, 6, 1000, 0, false, true);
    k.bytes[k.l4 + 13] = ACK;
    j.n = 0;
    CHECK(net_join(&j, k.bytes, k.n) && !net_join(&j, k.bytes, k.n));
    set(k.bytes + k.l4 + 4, 4, 0xfffffff0 + 1000);
    k.bytes[k.l4 + 2] ^= 1;
    CHECK(!net_join(&j, k.bytes, k.n)); /* another port */
    k.bytes[k.l4 + 2] ^= 1;
    k.bytes[k.l4 + 13] = ACK | FIN;
    CHECK(!net_join(&j, k.bytes, k.n) && !net_joinable(k.bytes, k.n));
    k.bytes[k.l4 + 13] = ACK;
    CHECK(net_join(&j, k.bytes, k.n) && j.count == 2);
}

int main(void)
{
    static const unsigned lengths[] = { 1, 1459, 1460, 1461, 4380, 30001, 65000 };
    sums();
    for (unsigned k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        unsigned n = lengths[k];
        for (unsigned vlan = 0; vlan < 2; vlan++) {
            cuts(4, 6, NET_GSO_TCPV4, n, 1460, 0, vlan);
            cuts(4, 6, NET_GSO_TCPV4 | NET_GSO_ECN, n, 536, 12, vlan);
            cuts(6, 6, NET_GSO_TCPV6, n, 1440, 12, vlan);
            cuts(4, 17, NET_GSO_UDP, n, 1480, 0, vlan);
            cuts(6, 17, NET_GSO_UDP, n, 1452, 0, vlan);
            cuts(4, 17, NET_GSO_UDP_L4, n, 1472, 0, vlan);
            cuts(6, 17, NET_GSO_UDP_L4, n, 1200, 0, vlan);
        }
    }
    bad_ones();
    joins(4380, 1460, 0);
    joins(50001, 1448, 12);
    printf(failures ? "%u failed\n" : "passed\n", failures);
    return failures != 0;
}
