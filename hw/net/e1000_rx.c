/*
 * 82540EM: receive (SDM 3.2): filters by address, hash and VLAN; descriptors with buffers of one size, of which a frame takes as
 * many as it needs; checksums, VLAN tags.
 *
 * A frame for which there are no descriptors waits in the network layer. Its length counts a check sequence, as hardware's does unless
 * SECRC strips it; there is none, and its four bytes are zero.
 */
#include <string.h>

#include "e1000.h"

enum { RCTL_UPE = 1 << 3, RCTL_MPE = 1 << 4, RCTL_LPE = 1 << 5, RCTL_BAM = 1 << 15, RCTL_VFE = 1 << 18, RCTL_CFIEN = 1 << 19, RCTL_CFI = 1 << 20,
       RCTL_DPF = 1 << 22, RCTL_PMCF = 1 << 23, RCTL_BSEX = 1 << 25, RCTL_SECRC = 1 << 26 };
enum { S_DD = 1, S_EOP = 2, S_IXSM = 4, S_VP = 8, S_TCPCS = 0x20, S_IPCS = 0x40, E_TCPE = 0x20, E_IPE = 0x40, IPOFL = 1 << 8, TUOFL = 1 << 9 };
enum { CRC = 4, SMALLEST = 60, USUAL = 1518 /* with a tag, without the check sequence */, LARGEST = 16384 - CRC, ADDRESSES = 16, VALID = 1 << 31, FLUSH = 1 << 31 };

static const uint8_t pause_address[6] = { 0x01, 0x80, 0xc2, 0, 0, 1 };

static bool is_broadcast(const uint8_t *a) { return (a[0] & a[1] & a[2] & a[3] & a[4] & a[5]) == 0xff; }

/* ----------------------------------------------------------------------------- filters */

static void address_at(const struct e1000 *e, unsigned k, uint8_t a[6])
{
    uint32_t low = e->reg[E_RA / 4 + 2 * k], high = e->reg[E_RA / 4 + 2 * k + 1];
    for (unsigned i = 0; i < 6; i++)
        a[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
}

static bool in_table(const struct e1000 *e, const uint8_t *frame)
{
    uint8_t a[6];
    for (unsigned k = 0; k < ADDRESSES; k++) {
        uint32_t high = e->reg[E_RA / 4 + 2 * k + 1];
        unsigned select = high >> 16 & 3; /* 0: to it, 1: from it */
        address_at(e, k, a);
        if ((high & (uint32_t)VALID) && select < 2 && !memcmp(a, frame + 6 * select, 6))
            return true;
    }
    return false;
}

static bool in_hash(const struct e1000 *e, const uint8_t *frame)
{
    static const uint8_t shifts[] = { 4, 3, 2, 0 };
    unsigned bits = (unsigned)(frame[5] << 8 | frame[4]) >> shifts[e->reg[E_RCTL / 4] >> 12 & 3] & 0xfff;
    return e->reg[E_MTA / 4 + (bits >> 5)] >> (bits & 31) & 1;
}

/* The first 18 bytes of a frame. */
static bool is_for_guest(const struct e1000 *e, const uint8_t *frame)
{
    uint32_t rctl = e->reg[E_RCTL / 4];
    bool multicast = frame[0] & 1;
    if ((rctl & RCTL_VFE) && (uint32_t)(frame[12] << 8 | frame[13]) == (e->reg[E_VET / 4] & 0xffff)) {
        unsigned id = (frame[14] << 8 | frame[15]) & 0xfff, cfi = frame[14] >> 4 & 1;
        if (!(e->reg[E_VFTA / 4 + (id >> 5)] >> (id & 31) & 1) || ((rctl & RCTL_CFIEN) && cfi != (rctl & RCTL_CFI ? 1u : 0u)))
            return false;
    }
    if (!memcmp(frame, pause_address, 6) && frame[12] == 0x88 && frame[13] == 0x08) {
        if ((rctl & RCTL_DPF) || !(rctl & RCTL_PMCF))
            return false;
        return true;
    }
    if (is_broadcast(frame))
        return rctl & (RCTL_BAM | RCTL_MPE);
    return in_table(e, frame) || (multicast ? (rctl & RCTL_MPE) || in_hash(e, frame) : (rctl & RCTL_UPE) != 0);
}

void e1000_tell_filter(const struct e1000 *e, struct net_rx_filter *f)
{
    uint32_t rctl = e->reg[E_RCTL / 4];
    static uint8_t vlans[4096 / 8];
    for (unsigned k = 0; k < sizeof vlans; k++)
        vlans[k] = (uint8_t)(e->reg[E_VFTA / 4 + k / 4] >> k % 4 * 8);
    f->promiscuous = (rctl & RCTL_UPE) && (rctl & RCTL_MPE);
    f->broadcast = rctl & RCTL_BAM;
    f->unicast = rctl & RCTL_UPE ? NET_RECEIVE_ALL : NET_RECEIVE_NORMAL;
    f->multicast = rctl & RCTL_MPE ? NET_RECEIVE_ALL : NET_RECEIVE_NORMAL;
    f->vlan = rctl & RCTL_VFE ? NET_RECEIVE_NORMAL : NET_RECEIVE_ALL;
    f->main_mac = e->mac;
    f->vlans = vlans;
}

/* --------------------------------------------------------------------------- checksums */

static void check_sums(const struct e1000 *e, const struct net_packet *k, const uint8_t *p, unsigned n, uint8_t *status, uint8_t *errors)
{
    uint32_t wanted = e->reg[E_RXCSUM / 4];
    struct net_layers l;
    net_parse(p, n, &l);
    *status |= S_IXSM;
    if (!l.version || !(wanted & (IPOFL | TUOFL)))
        return;
    if ((wanted & IPOFL) && l.version == 4) {
        *status = (uint8_t)((*status & ~S_IXSM) | S_IPCS);
        if (net_fold(net_sum(p + l.l3, (p[l.l3] & 15) * 4u, 0)))
            *errors |= E_IPE;
    }
    if (!(wanted & TUOFL) || !l.l4)
        return;
    uint16_t sum;
    memcpy(&sum, p + l.l4 + (l.protocol == 6 ? 16 : 6), 2);
    if (l.protocol == 17 && !sum)
        return; /* a datagram without one */
    *status = (uint8_t)((*status & ~S_IXSM) | S_TCPCS);
    uint16_t right = k->h.flags & NET_DATA_VALID ? sum : net_l4_sum(p, &l);
    if (right != sum && !(right == 0 && sum == 0xffff))
        *errors |= E_TCPE;
}

/* ----------------------------------------------------------------------------- frames */

static unsigned buffer_size(uint32_t rctl)
{
    unsigned size = 2048u >> (rctl >> 16 & 3);
    return !(rctl & RCTL_BSEX) ? size : size == 2048 ? 16384 : size * 16;
}

static void count(struct e1000 *e, const uint8_t *frame, unsigned size)
{
    e1000_count_frame(e, S_TPR, S_GPRC, S_PRC64, S_GORC, S_TOR, size + CRC);
    if (frame[0] & 1)
        e1000_count(e, is_broadcast(frame) ? S_BPRC : S_MPRC);
}

/* Into descriptors, of which there are enough; n with the check sequence, if it is wanted. */
static void put_frame(struct e1000 *e, const uint8_t *p, unsigned n, uint8_t status, uint8_t errors, unsigned sum, unsigned tag)
{
    unsigned ring = e->reg[E_RDLEN / 4] / 16, *head = e1000_reg(e, E_RDH), size = buffer_size(e->reg[E_RCTL / 4]);
    uint64_t base = e->reg[E_RDBAL / 4] | (uint64_t)e->reg[E_RDBAH / 4] << 32, buffer;
    for (unsigned at = 0; at < n && *head != e->reg[E_RDT / 4];) {
        gpa_t d = base + 16 * *head;
        unsigned k = n - at < size ? n - at : size;
        pci_dma_read(&e->p, d, &buffer, 8);
        if (buffer) { /* without a buffer it is passed over */
            pci_dma_write(&e->p, buffer, p + at, k);
            at += k;
        } else {
            k = 0;
        }
        uint8_t out[8] = { (uint8_t)k, (uint8_t)(k >> 8), (uint8_t)sum, (uint8_t)(sum >> 8), S_DD, 0, 0, 0 };
        if (k && at == n) {
            out[4] |= (uint8_t)(S_EOP | status);
            out[5] = errors;
            out[6] = (uint8_t)tag;
            out[7] = (uint8_t)(tag >> 8);
        }
        pci_dma_write(&e->p, d + 8, out, sizeof out);
        *head = *head + 1 == ring ? 0 : *head + 1;
    }
}

static void signal_received(struct e1000 *e, unsigned n, unsigned ring)
{
    unsigned left = (e->reg[E_RDT / 4] + ring - e->reg[E_RDH / 4]) % ring, delay = e->reg[E_RDTR / 4] & 0xffff;
    if (left <= ring >> (1 + (e->reg[E_RCTL / 4] >> 8 & 3)))
        e->causes |= C_RXDMT0;
    if (n <= (e->reg[E_RSRPD / 4] & 0xfff))
        e->causes |= C_SRPD;
    if (delay)
        e1000_delay(e, &e->rx_due, &e->rx_last, delay, e->reg[E_RADV / 4] & 0xffff);
    else
        e->causes |= C_RXT0;
}

bool e1000_receive(struct e1000 *e, const struct net_packet *k)
{
    static uint8_t bytes[LARGEST + CRC]; /* under the machine's lock */
    uint32_t rctl = e->reg[E_RCTL / 4];
    unsigned ring = e->reg[E_RDLEN / 4] / 16, head = e->reg[E_RDH / 4], tail = e->reg[E_RDT / 4], size = (unsigned)k->size, tag = 0;
    uint8_t status = 0, errors = 0, *p = bytes;
    if (!(rctl & RCTL_EN) || !ring || head >= ring || tail >= ring)
        return true;
    memset(bytes, 0, 18);
    net_copy(k, 0, bytes, 18);
    if (!is_for_guest(e, bytes))
        return true;
    if (size > LARGEST || (size > USUAL && !(rctl & RCTL_LPE))) {
        e1000_count(e, S_ROC);
        return true;
    }
    unsigned stripped = 0, need = (size < SMALLEST ? SMALLEST : size) + (rctl & RCTL_SECRC ? 0 : CRC), each = buffer_size(rctl);
    if ((tail + ring - head) % ring < (need + each - 1) / each) {
        if ((need + each - 1) / each < ring)
            return false;
        e1000_count(e, S_MPC); /* it never fits */
        e->causes |= C_RXO;
        return true;
    }
    net_copy(k, 0, bytes, size);
    if (size < SMALLEST) {
        memset(bytes + size, 0, SMALLEST - size);
        size = SMALLEST;
    }
    count(e, bytes, size);
    check_sums(e, k, bytes, size, &status, &errors);
    memset(bytes + size, 0, CRC);
    if ((e->reg[E_CTRL / 4] & CTRL_VME) && (uint32_t)(p[12] << 8 | p[13]) == (e->reg[E_VET / 4] & 0xffff)) {
        tag = (unsigned)(p[14] << 8 | p[15]);
        status |= S_VP;
        memmove(bytes + E_VLAN_TAG, bytes, 12);
        p += E_VLAN_TAG;
        stripped = E_VLAN_TAG;
    }
    unsigned first = e->reg[E_RXCSUM / 4] & 0xff, n = size - stripped;
    unsigned sum = first < n ? (uint16_t)~net_fold(net_sum(p + first, n - first, 0)) : 0;
    put_frame(e, p, n + (rctl & RCTL_SECRC ? 0 : CRC), status, errors, sum, tag);
    signal_received(e, size, ring);
    return true;
}
