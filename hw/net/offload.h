/*
 * What network hardware does for a host, in software: checksums, cutting large packets into those that fit a wire,
 * joining those that belong together. Functions of bytes alone: no device, no backend.
 *
 * Packets are Ethernet frames without their check sequence; struct net_header is virtio's (virtio-v1.2 §5.1.6), which says
 * what is left to do with one.
 */
#ifndef MYNA_NET_OFFLOAD_H
#define MYNA_NET_OFFLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct net_header {
    uint8_t flags, gso_type;
    uint16_t hdr_len, gso_size, csum_start, csum_offset;
};
enum { NET_NEEDS_CSUM = 1, NET_DATA_VALID = 2 };
enum { NET_GSO_NONE = 0, NET_GSO_TCPV4 = 1, NET_GSO_UDP = 3 /* fragments */, NET_GSO_TCPV6 = 4, NET_GSO_UDP_L4 = 5, NET_GSO_ECN = 0x80 };
enum {
    NET_MAX = 65536 + 64, /* bytes of a packet, at most */
    NET_GSO_MIN = 48,     /* the smallest segment that is cut: below, a packet is refused */
};

/* Where the headers of a packet are, from its first byte on. l4 and payload are 0 if it is neither TCP nor UDP, or a
 * fragment, or cut short. */
struct net_layers {
    unsigned l3, l4, payload;
    unsigned end;     /* of the IP packet: what is behind it pads the frame */
    uint8_t version;  /* 4, 6; 0: no IP */
    uint8_t protocol; /* 6: TCP, 17: UDP */
};
void net_parse(const uint8_t *p, size_t n, struct net_layers *l);

/* The ones' complement sum of n bytes, added to `sum`; in the bytes' own order. net_fold: its 16 bits, inverted (RFC 1071). */
uint64_t net_sum(const uint8_t *p, size_t n, uint64_t sum);
uint16_t net_fold(uint64_t sum);
/* TCP's or UDP's sum of l's packet with its pseudo header, as if its own field were zero. */
uint16_t net_l4_sum(const uint8_t *p, const struct net_layers *l);

/* Does what NET_NEEDS_CSUM asks for, in place. False: the place is outside of the packet. */
bool net_checksum(const struct net_header *h, uint8_t *p, size_t n);
/* As net_checksum of a TCP packet that is larger than its segments: with the sum of the packet as it is. */
bool net_checksum_big(uint8_t *p, size_t n);

/* Cuts a packet as h says, into whole ones with all sums; put(arg, segment, bytes) gets each. False: h and the packet do
 * not fit together, and nothing was put. */
bool net_segment(const struct net_header *h, const uint8_t *p, size_t n, void (*put)(void *arg, const uint8_t *p, size_t n), void *arg);

/* TCP segments that follow one another joined to one: `bytes` holds `n` of them, h says what it is. */
struct net_join {
    size_t n;
    struct net_layers l;
    uint32_t next;  /* the sequence number that goes on */
    uint16_t piece; /* bytes of each segment but the last */
    unsigned count; /* segments */
    bool full;      /* nothing can follow */
    uint8_t bytes[NET_MAX];
};
/* Takes a whole packet with right sums if it is the first, or follows. False: j stays; send it (net_joined) first, or p by itself. */
bool net_join(struct net_join *j, const uint8_t *p, size_t n);
/* Is p one that could be joined at all? */
bool net_joinable(const uint8_t *p, size_t n);
/* Completes j's headers and fills h; j->bytes, j->n is the packet. Then set j->n to 0. */
void net_joined(struct net_join *j, struct net_header *h);

#endif
