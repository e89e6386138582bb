/*
 * 82540EM: transmit (SDM 3.3 to 3.5): legacy, context and data descriptors, checksums, VLAN tags, TCP and UDP segmentation.
 *
 * A packet is gathered into e->tx.bytes; segmentation is left to the network layer, which hands large packets on where the other
 * end takes them. A segmented packet beyond what a packet may have there goes in several, each with its own part of the numbers.
 *
 * A frame without its check sequence inserted (IFCS clear) is sent as it is, and none is ever cut off: there are none here.
 */
#include <string.h>

#include "e1000.h"

enum { BURST = 256, CRC = 4, SMALLEST = 60, PIECE = 4096 };
enum { /* commands, options, status */
    EOP = 1, INSERT_SUM = 1 << 2, SEGMENT = 1 << 2, REPORT = 1 << 3, EXTENDED = 1 << 5, TAGGED = 1 << 6, DELAYED = 1 << 7,
    CONTEXT_TCP = 1, CONTEXT_IP = 2, IP_SUM = 1, L4_SUM = 2, DONE = 1, TYPE_CONTEXT = 0, TYPE_DATA = 1,
    TCP_FIN = 1, TCP_PSH = 8, TCP_CWR = 128,
};

static uint32_t get(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    for (unsigned k = 0; k < n; k++)
        v |= (uint32_t)p[k] << 8 * k;
    return v;
}
static uint32_t get_be(const uint8_t *p, unsigned n)
{
    uint32_t v = 0;
    while (n--)
        v = v << 8 | *p++;
    return v;
}
static void put_be(uint8_t *p, unsigned n, uint32_t v)
{
    while (n--) {
        p[n] = (uint8_t)v;
        v >>= 8;
    }
}

/* ------------------------------------------------------------------------------ frames */

static void loop_back(void *arg, const uint8_t *bytes, size_t n)
{
    struct iovec v = { (void *)(uintptr_t)bytes, n };
    e1000_receive(arg, &(struct net_packet){ { 0 }, &v, 1, n });
}

static void send_bytes(struct e1000 *e, struct net_header h, uint8_t *bytes, size_t n)
{
    uint8_t tag[E_VLAN_TAG], whole[NET_MAX + E_VLAN_TAG];
    bool tagged = e->tx.tagged && (e->reg[E_CTRL / 4] & CTRL_VME);
    struct iovec v[3] = { { bytes, 12 }, { tag, sizeof tag }, { bytes + 12, n - 12 } };
    struct net_packet k = { h, v, 3, n };
    if (tagged) {
        put_be(tag, 2, e->reg[E_VET / 4]);
        put_be(tag + 2, 2, e->tx.tag);
        k.size += sizeof tag;
        k.h.csum_start += h.flags ? (uint16_t)sizeof tag : 0;
        k.h.hdr_len += h.gso_type ? (uint16_t)sizeof tag : 0;
    } else {
        v[0].iov_len = n;
        k.niov = 1;
    }
    if (k.size > NET_MAX)
        return;
    if (!e1000_loops_back(e)) {
        net_send(&e->port, 0, &k);
        return;
    }
    net_copy(&k, 0, whole, sizeof whole);
    if (h.gso_type)
        net_segment(&k.h, whole, k.size, loop_back, e);
    else if (!h.flags || net_checksum(&k.h, whole, k.size))
        loop_back(e, whole, k.size);
}

static void count(struct e1000 *e, unsigned size)
{
    const uint8_t *to = e->tx.bytes;
    e1000_count_frame(e, S_TPT, S_GPTC, S_PTC64, S_GOTC, S_TOT, size + CRC);
    if (to[0] & 1)
        e1000_count(e, get(to, 4) == 0xffffffff && get(to + 4, 2) == 0xffff ? S_BPTC : S_MPTC);
}

/* ------------------------------------------------------------------------ segmentation */

/* Numbers of the headers for n bytes altogether, then what is there goes, in segments. */
static void send_large(struct e1000 *e, unsigned n)
{
    struct e1000_tx *t = &e->tx;
    const struct e1000_context *c = &t->segmented;
    uint8_t *p = t->bytes, *l4 = p + c->tucss;
    bool tcp = c->command & CONTEXT_TCP, ipv4 = c->command & CONTEXT_IP, several = n > (unsigned)c->header + c->mss;
    uint16_t sum;
    if (ipv4) {
        put_be(p + c->ipcss + 2, 2, n - c->ipcss);
        put_be(p + c->ipcss + 10, 2, 0);
        sum = net_fold(net_sum(p + c->ipcss, (p[c->ipcss] & 15) * 4u, 0));
        memcpy(p + c->ipcss + 10, &sum, 2);
    } else {
        put_be(p + c->ipcss + 4, 2, n - c->ipcss - 40);
    }
    if (!tcp)
        put_be(l4 + 4, 2, n - c->tucss);
    unsigned field = tcp ? 16 : 6;
    memcpy(&sum, l4 + field, 2); /* of the pseudo header without its length */
    sum = (uint16_t)~net_fold((uint64_t)sum + (uint16_t)((n - c->tucss) >> 8 | (n - c->tucss) << 8));
    memcpy(l4 + field, &sum, 2);
    struct net_header h = {
        .flags = NET_NEEDS_CSUM, .gso_type = (uint8_t)(!several ? NET_GSO_NONE : !tcp ? NET_GSO_UDP_L4 : ipv4 ? NET_GSO_TCPV4 : NET_GSO_TCPV6),
        .hdr_len = c->header, .gso_size = several ? c->mss : 0, .csum_start = c->tucss, .csum_offset = (uint16_t)field
    };
    for (unsigned left = n - c->header, k; left; left -= k) {
        k = left < c->mss ? left : c->mss;
        count(e, c->header + k);
    }
    send_bytes(e, h, p, n);
}

/* Do the context and the header fit together? */
static bool can_segment(const struct e1000_tx *t)
{
    const struct e1000_context *c = &t->segmented;
    unsigned l4 = c->command & CONTEXT_TCP ? 20 : 8;
    return c->mss >= NET_GSO_MIN && c->ipcss >= 14 && c->tucss >= c->ipcss + (c->command & CONTEXT_IP ? 20 : 40) && c->header >= c->tucss + l4 &&
           t->size > c->header && c->ipcss + (c->command & CONTEXT_IP ? (t->bytes[c->ipcss] & 15) * 4u : 40u) <= c->header;
}

/* Whole segments of what is there go, the rest stays behind the header. */
static void send_part(struct e1000 *e)
{
    struct e1000_tx *t = &e->tx;
    const struct e1000_context *c = &t->segmented;
    if (!can_segment(t)) {
        t->too_large = 1;
        return;
    }
    uint8_t header[256], *tcp = t->bytes + c->tucss;
    unsigned n = (t->size - c->header) / c->mss * c->mss, rest = t->size - c->header - n;
    memcpy(header, t->bytes, c->header);
    if (c->command & CONTEXT_TCP)
        tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
    send_large(e, c->header + n);
    memmove(t->bytes + c->header, t->bytes + c->header + n, rest);
    memcpy(t->bytes, header, c->header);
    t->size = c->header + rest;
    if (c->command & CONTEXT_TCP) {
        put_be(tcp + 4, 4, get_be(tcp + 4, 4) + n);
        tcp[13] &= (uint8_t)~TCP_CWR;
    }
    if (c->command & CONTEXT_IP)
        put_be(t->bytes + c->ipcss + 4, 2, get_be(t->bytes + c->ipcss + 4, 2) + n / c->mss);
}

/* ----------------------------------------------------------------------------- packets */

static void put_sum(uint8_t *p, unsigned size, unsigned start, unsigned field, unsigned end)
{
    end = end && end + 1 < size ? end + 1 : size;
    if (start >= end || field + 2 > size)
        return;
    uint16_t sum = net_fold(net_sum(p + start, end - start, 0));
    memcpy(p + field, &sum, 2);
}

static void send_plain(struct e1000 *e)
{
    struct e1000_tx *t = &e->tx;
    const struct e1000_context *c = &t->plain;
    struct net_header h = { 0 };
    if (t->options & IP_SUM)
        put_sum(t->bytes, t->size, c->ipcss, c->ipcso, c->ipcse);
    if ((t->options & L4_SUM) && !c->tucse && c->tucso >= c->tucss && c->tucso + 2u <= t->size)
        h = (struct net_header){ .flags = NET_NEEDS_CSUM, .csum_start = c->tucss, .csum_offset = (uint16_t)(c->tucso - c->tucss) };
    else if (t->options & L4_SUM)
        put_sum(t->bytes, t->size, c->tucss, c->tucso, c->tucse);
    if (t->size < SMALLEST) {
        memset(t->bytes + t->size, 0, SMALLEST - t->size);
        t->size = SMALLEST;
    }
    count(e, t->size);
    send_bytes(e, h, t->bytes, t->size);
}

static void end_packet(struct e1000 *e)
{
    struct e1000_tx *t = &e->tx;
    if (t->segment && !t->too_large && can_segment(t)) {
        e1000_count(e, S_TSCTC);
        send_large(e, t->size);
    } else if (!t->segment && !t->too_large && t->size >= 14) {
        send_plain(e);
    }
    t->size = 0;
    t->options = t->segment = t->tagged = t->started = t->too_large = 0;
    t->tag = 0;
}

static void add_bytes(struct e1000 *e, uint64_t at, unsigned n)
{
    struct e1000_tx *t = &e->tx;
    unsigned most = t->segment ? E_LARGE_MOST : E_PLAIN_MOST;
    while (n && !t->too_large) {
        if (t->size >= most && t->segment)
            send_part(e);
        unsigned room = t->size < most ? most - t->size : 0, k = room < n ? room : n; /* more than that may have come from a saved state */
        if (!k || t->too_large) {
            t->too_large = 1;
            return;
        }
        pci_dma_read(&e->p, at, t->bytes + t->size, k);
        t->size += k;
        at += k;
        n -= k;
    }
}

/* ------------------------------------------------------------------------- descriptors */

static void take_context(struct e1000 *e, const uint8_t *d)
{
    struct e1000_context *c = d[11] & SEGMENT ? &e->tx.segmented : &e->tx.plain;
    *c = (struct e1000_context){
        .ipcss = d[0], .ipcso = d[1], .ipcse = (uint16_t)get(d + 2, 2), .tucss = d[4], .tucso = d[5], .tucse = (uint16_t)get(d + 6, 2),
        .payload = get(d + 8, 4) & 0xfffff, .command = d[11], .header = d[13], .mss = (uint16_t)get(d + 14, 2)
    };
}

static void take_data(struct e1000 *e, const uint8_t *d, bool extended)
{
    struct e1000_tx *t = &e->tx;
    uint8_t command = d[11];
    if (!t->started) { /* the first descriptor says it for the packet */
        t->started = 1;
        t->segment = extended && (command & SEGMENT);
        t->options = extended ? d[13] : 0;
    }
    add_bytes(e, get(d, 4) | (uint64_t)get(d + 4, 4) << 32, extended ? get(d + 8, 4) & 0xfffff : get(d + 8, 2));
    if (!(command & EOP))
        return;
    t->tagged = command & TAGGED ? 1 : 0;
    t->tag = (uint16_t)get(d + 14, 2);
    if (!extended && (command & INSERT_SUM) && !t->too_large)
        put_sum(t->bytes, t->size, d[13], d[10], 0);
    end_packet(e);
}

bool e1000_transmit(struct e1000 *e)
{
    unsigned n = e->reg[E_TDLEN / 4] / 16, *head = e1000_reg(e, E_TDH), tail = e->reg[E_TDT / 4], causes = 0, k;
    uint64_t base = e->reg[E_TDBAL / 4] | (uint64_t)e->reg[E_TDBAH / 4] << 32;
    bool delayed = false, room = true;
    if (!(e->reg[E_TCTL / 4] & TCTL_EN) || *head >= n || tail >= n || *head == tail)
        return false;
    for (k = 0; k < BURST && *head != tail && (room = net_can_send(&e->port, 0)); k++) {
        uint8_t d[16];
        gpa_t at = base + 16 * *head;
        pci_dma_read(&e->p, at, d, sizeof d);
        bool extended = d[11] & EXTENDED;
        unsigned type = d[10] >> 4;
        if (extended && type == TYPE_CONTEXT)
            take_context(e, d);
        else if (!extended || type == TYPE_DATA)
            take_data(e, d, extended);
        if (d[11] & REPORT) {
            d[12] |= DONE;
            pci_dma_write(&e->p, at + 12, d + 12, 1);
            if ((d[11] & DELAYED) && e->reg[E_TIDV / 4])
                delayed = true;
            else
                causes |= C_TXDW;
        }
        *head = *head + 1 == n ? 0 : *head + 1;
    }
    if (*head == tail) {
        causes |= C_TXQE;
        if (e->reg[E_TXDCTL / 4] >> 25) /* a threshold of free descriptors */
            causes |= C_TXD_LOW;
    }
    if (delayed && !(causes & C_TXDW))
        e1000_delay(e, &e->tx_due, &e->tx_last, e->reg[E_TIDV / 4] & 0xffff, e->reg[E_TADV / 4] & 0xffff);
    e->causes |= causes;
    return *head != tail && room;
}
