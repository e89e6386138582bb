/*
 * The hash of the persistent cache: products of 64 bits folded to 64 (sum and difference of the halves
 * are the classic way to use the host's widening multiplication), four lanes for what is long.
 *
 * It is keyed: the key is random and lies in a file that only its owner can read, so that nobody else
 * can make two different codes with the same hash. Short inputs, a translation's guest bytes, take one
 * lane: about 1 ns for 16 bytes.
 */
#include <string.h>
#include "pcache_format.h"

static inline uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 r = (unsigned __int128)a * b;
    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t load(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}

uint64_t pcache_hash(const void *data, size_t n, const uint64_t key[4])
{
    const uint8_t *p = data;
    uint64_t a = key[0] ^ n, b = key[1], c = key[2], d = key[3];
    size_t left = n;
    if (left >= 64) {
        for (; left >= 64; left -= 64, p += 64) {
            a = fold(a ^ load(p), key[1] ^ load(p + 8)) + key[3];
            b = fold(b ^ load(p + 16), key[2] ^ load(p + 24)) + key[0];
            c = fold(c ^ load(p + 32), key[3] ^ load(p + 40)) + key[1];
            d = fold(d ^ load(p + 48), key[0] ^ load(p + 56)) + key[2];
        }
        a = fold(a ^ key[2], b ^ key[3]) ^ fold(c ^ key[0], d ^ key[1]);
    }
    for (; left >= 16; left -= 16, p += 16)
        a = fold(a ^ load(p), key[1] ^ load(p + 8)) + key[3];
    if (left) {
        uint8_t last[16] = { 0 };
        memcpy(last, p, left);
        a = fold(a ^ load(last), key[2] ^ load(last + 8)) + key[3];
    }
    return fold(a ^ key[3], key[0] ^ (uint64_t)n << 32 ^ 0x9e3779b97f4a7c15u);
}

uint64_t pcache_meta_sum(const struct stored_seg *s, const void *tbs, const void *links, const void *rest, size_t len,
                         const uint64_t key[4])
{
    uint64_t sums[3] = { pcache_hash(tbs, s->ntbs * sizeof(struct stored_tb), key),
                         pcache_hash(links, s->nlinks * sizeof(struct stored_link), key), pcache_hash(rest, len, key) };
    return pcache_hash(sums, sizeof sums, key);
}
