/*
 * Checksums, segmentation and joining in software: see offload.h. Headers after RFC 791 (IPv4), 8200 (IPv6), 9293 (TCP),
 * 768 (UDP), sums after RFC 1071, and IEEE 802.1Q tags.
 *
 * The callers pass packets that nobody else can change (copies of the guest's). All lengths of headers are checked in
 * net_parse; what comes later relies on its layers.
 */
#include <string.h>

#include "offload.h"

enum { ETH = 14, TCP = 6, UDP = 17, FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, CWR = 128, TCP_SUM = 16, UDP_SUM = 6 };

static uint16_t get16(const uint8_t *p) { return (uint16_t)(p[0] << 8 | p[1]); }
static uint32_t get32(const uint8_t *p) { return (uint32_t)get16(p) << 16 | get16(p + 2); }
static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

/* -------------------------------------------------------------------------- layers */

/* The headers of IPv6 that may stand before TCP and UDP; the offset of what follows, 0: something else. */
static unsigned ipv6_payload(const uint8_t *p, unsigned at, unsigned end, uint8_t *protocol)
{
    uint8_t next = p[at + 6];
    at += 40;
    while (next == 0 || next == 43 || next == 60) { /* hop-by-hop, routing, destination options */
        if (at + 8 > end)
            return 0;
        next = p[at];
        at += 8 + 8u * p[at + 1];
    }
    *protocol = next;
    return at <= end ? at : 0;
}

void net_parse(const uint8_t *p, size_t n, struct net_layers *l)
{
    unsigned at = ETH, type, l4 = 0;
    *l = (struct net_layers){ .l3 = ETH, .end = (unsigned)n };
    if (n < ETH + 20)
        return;
    for (type = get16(p + 12); (type == 0x8100 || type == 0x88a8) && at + 4 + 20 <= n && at < ETH + 8; at += 4)
        type = get16(p + at + 2);
    l->l3 = at;
    if (type == 0x0800 && p[at] >> 4 == 4) {
        unsigned length = (p[at] & 15) * 4u, total = get16(p + at + 2);
        if (length < 20 || at + length > n)
            return;
        if (total >= length && at + total <= n)
            l->end = at + total;
        l->version = 4;
        l->protocol = p[at + 9];
        if (!(get16(p + at + 6) & 0x3fff))
            l4 = at + length;
    } else if (type == 0x86dd && at + 40 <= n && p[at] >> 4 == 6) {
        unsigned length = get16(p + at + 4);
        if (length && at + 40 + length <= n)
            l->end = at + 40 + length;
        l->version = 6;
        l4 = ipv6_payload(p, at, l->end, &l->protocol);
    }
    if (l4 && l->protocol == TCP && l4 + 20 <= l->end) {
        unsigned length = (p[l4 + 12] >> 4) * 4u;
        if (length < 20 || l4 + length > l->end)
            return;
        l->l4 = l4;
        l->payload = l4 + length;
    } else if (l4 && l->protocol == UDP && l4 + 8 <= l->end) {
        l->l4 = l4;
        l->payload = l4 + 8;
    }
}

/* ---------------------------------------------------------------------------- sums */

/* Words of 32 bits in several accumulators of 64, which the compiler makes vectors of. */
uint64_t net_sum(const uint8_t *p, size_t n, uint64_t sum)
{
    uint64_t part[8] = { 0 };
    for (; n >= 32; n -= 32, p += 32) {
        uint32_t w[8];
        memcpy(w, p, 32);
        for (unsigned k = 0; k < 8; k++)
            part[k] += w[k];
    }
    sum = (sum & 0xffffffff) + (sum >> 32);
    for (unsigned k = 0; k < 8; k++)
        sum += part[k];
    for (; n >= 2; n -= 2, p += 2) {
        uint16_t w;
        memcpy(&w, p, 2);
        sum += w;
    }
    return n ? sum + *p : sum;
}

uint16_t net_fold(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)~sum;
}

static uint64_t pseudo(const uint8_t *p, const struct net_layers *l)
{
    unsigned n = l->end - l->l4;
    uint8_t tail[8] = { 0, 0, (uint8_t)(n >> 8), (uint8_t)n, 0, 0, 0, l->protocol };
    uint64_t sum = l->version == 4 ? net_sum(p + l->l3 + 12, 8, 0) : net_sum(p + l->l3 + 8, 32, 0);
    return net_sum(tail, 8, sum);
}

uint16_t net_l4_sum(const uint8_t *p, const struct net_layers *l)
{
    unsigned field = l->l4 + (l->protocol == TCP ? TCP_SUM : UDP_SUM);
    uint16_t old;
    memcpy(&old, p + field, 2);
    return net_fold(net_sum(p + l->l4, l->end - l->l4, pseudo(p, l)) + (uint16_t)~old); /* plus its complement: zero */
}

static void store_l4_sum(uint8_t *p, const struct net_layers *l)
{
    uint8_t *field = p + l->l4 + (l->protocol == TCP ? TCP_SUM : UDP_SUM);
    memset(field, 0, 2);
    uint16_t sum = net_fold(net_sum(p + l->l4, l->end - l->l4, pseudo(p, l)));
    if (!sum && l->protocol == UDP)
        sum = 0xffff;
    memcpy(field, &sum, 2);
}

static void store_ip_sum(uint8_t *ip)
{
    memset(ip + 10, 0, 2);
    uint16_t sum = net_fold(net_sum(ip, (ip[0] & 15) * 4u, 0));
    memcpy(ip + 10, &sum, 2);
}

bool net_checksum(const struct net_header *h, uint8_t *p, size_t n)
{
    size_t field = (size_t)h->csum_start + h->csum_offset;
    if (field + 2 > n)
        return false;
    /* The field has the pseudo header's sum already. */
    uint16_t sum = net_fold(net_sum(p + h->csum_start, n - h->csum_start, 0));
    if (!sum && h->csum_offset == UDP_SUM)
        sum = 0xffff;
    memcpy(p + field, &sum, 2);
    return true;
}

bool net_checksum_big(uint8_t *p, size_t n)
{
    struct net_layers l;
    net_parse(p, n, &l);
    if (!l.l4 || l.protocol != TCP)
        return false;
    store_l4_sum(p, &l);
    return true;
}

/* -------------------------------------------------------------------- segmentation */

struct cut {
    const uint8_t *p;
    struct net_layers l;
    unsigned piece;
    void (*put)(void *arg, const uint8_t *p, size_t n);
    void *arg;
    uint8_t out[NET_MAX];
};

/* The IP header of a packet of n bytes, the k-th of those that it is cut into. */
static void fix_ip(struct cut *c, unsigned n, unsigned k)
{
    uint8_t *ip = c->out + c->l.l3;
    if (c->l.version == 6) {
        put16(ip + 4, n - c->l.l3 - 40);
        return;
    }
    put16(ip + 2, n - c->l.l3);
    put16(ip + 4, get16(c->p + c->l.l3 + 4) + k);
    store_ip_sum(ip);
}

static void cut_l4(struct cut *c)
{
    unsigned head = c->l.payload, total = c->l.end - head, k = 0;
    for (unsigned at = 0; at < total; at += c->piece, k++) {
        unsigned n = total - at < c->piece ? total - at : c->piece;
        struct net_layers l = c->l;
        uint8_t *l4 = c->out + l.l4;
        l.end = head + n;
        memcpy(c->out, c->p, head);
        memcpy(c->out + head, c->p + head + at, n);
        fix_ip(c, l.end, k);
        if (l.protocol == TCP) {
            put32(l4 + 4, get32(l4 + 4) + at);
            if (at + n < total)
                l4[13] &= (uint8_t)~(FIN | PSH);
            if (at)
                l4[13] &= (uint8_t)~CWR;
        } else {
            put16(l4 + 4, 8 + n);
        }
        store_l4_sum(c->out, &l);
        c->put(c->arg, c->out, l.end);
    }
}

/* UDP as fragments of one datagram, whose sum is that of the whole (RFC 791 3.2, RFC 8200 4.5). whole: has the sum. */
static void cut_fragments(struct cut *c, const uint8_t *whole)
{
    static uint32_t identification; /* of IPv6; under the machine's lock */
    unsigned head = c->l.l4, total = c->l.end - head, extra = c->l.version == 6 ? 8 : 0, before = 6;
    identification++;
    if (extra) /* the field that says what follows: of the last header before UDP */
        for (unsigned at = c->l.l3 + 40, next = whole[c->l.l3 + 6]; next != UDP; at += 8 + 8u * whole[at + 1]) {
            before = at - c->l.l3;
            next = whole[at];
        }
    for (unsigned at = 0; at < total; at += c->piece) {
        unsigned n = total - at < c->piece ? total - at : c->piece, more = at + n < total;
        memcpy(c->out, whole, head);
        memcpy(c->out + head + extra, whole + head + at, n);
        if (extra) {
            uint8_t *f = c->out + head;
            c->out[c->l.l3 + before] = 44;
            f[0] = UDP;
            f[1] = 0;
            put16(f + 2, at | more);
            put32(f + 4, identification);
        }
        fix_ip(c, head + extra + n, 0);
        if (!extra) {
            put16(c->out + c->l.l3 + 6, at / 8 | more << 13);
            store_ip_sum(c->out + c->l.l3);
        }
        c->put(c->arg, c->out, head + extra + n);
    }
}

bool net_segment(const struct net_header *h, const uint8_t *p, size_t n, void (*put)(void *arg, const uint8_t *p, size_t n), void *arg)
{
    struct cut c;
    unsigned type = h->gso_type & ~NET_GSO_ECN;
    c.p = p;
    c.put = put;
    c.arg = arg;
    c.piece = h->gso_size;
    if (n > NET_MAX - 8 || c.piece < NET_GSO_MIN)
        return false;
    net_parse(p, n, &c.l);
    bool tcp = type == NET_GSO_TCPV4 || type == NET_GSO_TCPV6, udp = type == NET_GSO_UDP || type == NET_GSO_UDP_L4;
    if (!c.l.l4 || (!tcp && !udp) || c.l.protocol != (tcp ? TCP : UDP) || (type == NET_GSO_TCPV4 && c.l.version != 4) ||
        (type == NET_GSO_TCPV6 && c.l.version != 6) || c.l.payload == c.l.end)
        return false;
    if (type != NET_GSO_UDP) {
        cut_l4(&c);
        return true;
    }
    uint8_t whole[NET_MAX];
    memcpy(whole, p, n);
    put16(whole + c.l.l4 + 4, c.l.end - c.l.l4);
    if (h->flags & NET_NEEDS_CSUM)
        store_l4_sum(whole, &c.l);
    c.piece &= ~7u;
    cut_fragments(&c, whole);
    return true;
}

/* ------------------------------------------------------------------------- joining */

/* Plain data of an established connection. */
static bool is_data(const uint8_t *p, const struct net_layers *l)
{
    return l->l4 && l->protocol == TCP && l->l3 == ETH && l->version == 4 && l->l4 == ETH + 20 && l->end > l->payload &&
           (p[l->l4 + 13] & ~PSH) == ACK;
}

bool net_joinable(const uint8_t *p, size_t n)
{
    struct net_layers l;
    net_parse(p, n, &l);
    return is_data(p, &l);
}

/* Same addresses, ports, acknowledgement, options, way through the network. */
static bool same_flow(const struct net_join *j, const uint8_t *p, const struct net_layers *l)
{
    const uint8_t *a = j->bytes, *ta = a + j->l.l4, *tp = p + l->l4;
    return l->payload == j->l.payload && !memcmp(a, p, ETH) && a[ETH + 1] == p[ETH + 1] && a[ETH + 8] == p[ETH + 8] &&
           !memcmp(a + ETH + 12, p + ETH + 12, 8) && !memcmp(ta, tp, 4) && !memcmp(ta + 8, tp + 8, 5) &&
           !memcmp(ta + 20, tp + 20, l->payload - l->l4 - 20);
}

bool net_join(struct net_join *j, const uint8_t *p, size_t n)
{
    struct net_layers l;
    net_parse(p, n, &l);
    if (n > NET_MAX || !is_data(p, &l))
        return false;
    unsigned bytes = l.end - l.payload;
    if (!j->n) {
        memcpy(j->bytes, p, l.end);
        j->n = l.end;
        j->l = l;
        j->next = get32(p + l.l4 + 4) + bytes;
        j->piece = (uint16_t)bytes;
        j->count = 1;
        j->full = false;
        return true;
    }
    if (j->full || get32(p + l.l4 + 4) != j->next || bytes > j->piece || j->n + bytes > ETH + 65535 || !same_flow(j, p, &l))
        return false;
    memcpy(j->bytes + j->n, p + l.payload, bytes);
    j->n += bytes;
    j->l.end = (unsigned)j->n;
    j->next += bytes;
    j->count++;
    j->full = bytes < j->piece;
    memcpy(j->bytes + j->l.l4 + 14, p + l.l4 + 14, 2);             /* the latest window */
    j->bytes[j->l.l4 + 13] |= (uint8_t)(p[l.l4 + 13] & PSH);
    return true;
}

void net_joined(struct net_join *j, struct net_header *h)
{
    *h = (struct net_header){ .flags = NET_DATA_VALID };
    if (j->count == 1)
        return;
    uint8_t *ip = j->bytes + ETH, *tcp = j->bytes + j->l.l4;
    put16(ip + 2, (uint32_t)j->n - ETH);
    store_ip_sum(ip);
    uint16_t sum = (uint16_t)~net_fold(pseudo(j->bytes, &j->l));
    memcpy(tcp + TCP_SUM, &sum, 2);
    *h = (struct net_header){ .flags = NET_NEEDS_CSUM, .gso_type = NET_GSO_TCPV4, .hdr_len = (uint16_t)j->l.payload, .gso_size = j->piece,
                              .csum_start = (uint16_t)j->l.l4, .csum_offset = TCP_SUM };
}
