/* Integer programs as they are: SHA-256, MD5, xxHash, CRC, base64, LZ compression, big numbers, a sieve. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROR(x, n) ((x) >> (n) | (x) << (32 - (n)))
#define ROL(x, n) ((x) << (n) | (x) >> (32 - (n)))

/* The round constants are the fractional parts of cube roots of primes, found by integer search. */
static uint32_t k256[64], h256[8];
static uint32_t root_fraction(unsigned p, int cube)
{
    /* Greatest r with r^2 (or r^3) <= p << 64 (or p << 96): by bits, on 128-bit products. */
    unsigned __int128 r = 0;
    for (int bit = 36; bit >= 0; bit--) {
        unsigned __int128 t = r | (unsigned __int128)1 << bit;
        unsigned __int128 sq = t * t;
        if (cube ? (sq >> 32) * t < ((unsigned __int128)p << 64) : sq <= (unsigned __int128)p << 64)
            r = t;
    }
    return (uint32_t)r;
}
static void sha_init(void)
{
    int n = 0;
    for (unsigned p = 2; n < 64; p++) {
        int prime = 1;
        for (unsigned d = 2; d * d <= p; d++)
            prime &= p % d != 0;
        if (!prime)
            continue;
        if (n < 8)
            h256[n] = root_fraction(p, 0);
        k256[n++] = root_fraction(p, 1);
    }
}
static void sha_block(uint32_t *h, const uint8_t *p)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = (ROR(w[i - 2], 17) ^ ROR(w[i - 2], 19) ^ w[i - 2] >> 10) + w[i - 7]
             + (ROR(w[i - 15], 7) ^ ROR(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 16];
    memcpy(v, h, 32);
    for (int i = 0; i < 64; i++) {
        uint32_t t1 = v[7] + (ROR(v[4], 6) ^ ROR(v[4], 11) ^ ROR(v[4], 25))
                    + ((v[4] & v[5]) ^ (~v[4] & v[6])) + k256[i] + w[i];
        uint32_t t2 = (ROR(v[0], 2) ^ ROR(v[0], 13) ^ ROR(v[0], 22))
                    + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 28);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}
static void sha256(const uint8_t *p, size_t n, char *hex)
{
    uint32_t h[8];
    uint8_t last[128] = { 0 };
    size_t i, tail = n % 64;
    memcpy(h, h256, sizeof(h));
    for (i = 0; i + 64 <= n; i += 64)
        sha_block(h, p + i);
    memcpy(last, p + i, tail);
    last[tail] = 0x80;
    size_t total = tail < 56 ? 64 : 128;
    for (int b = 0; b < 8; b++)
        last[total - 1 - b] = (uint64_t)n * 8 >> (8 * b);
    sha_block(h, last);
    if (total == 128)
        sha_block(h, last + 64);
    for (int w = 0; w < 8; w++)
        sprintf(hex + 8 * w, "%08x", h[w]);
}
static uint64_t xxh(const uint8_t *p, size_t n)
{
    uint64_t acc[4] = { 1, 2, 3, 4 };
    for (; n >= 32; n -= 32)
        for (int i = 0; i < 4; i++, p += 8) {
            uint64_t w;
            memcpy(&w, p, 8);
            acc[i] += w * 0xc2b2ae3d27d4eb4full;
            acc[i] = (acc[i] << 31 | acc[i] >> 33) * 0x9e3779b185ebca87ull;
        }
    return acc[0] ^ acc[1] * 3 ^ acc[2] * 5 ^ acc[3] * 7;
}
/* A small LZ: literals and (distance, length) pairs. Returns the compressed size; checks itself. */
static size_t lz(const uint8_t *in, size_t n, uint8_t *out, uint8_t *check)
{
    static int head[4096];
    size_t o = 0, i = 0, c = 0;
    memset(head, -1, sizeof(head));
    while (i < n) {
        unsigned key = i + 3 < n ? ((in[i] << 16 | in[i + 1] << 8 | in[i + 2]) * 2654435761u) >> 20 : 0;
        int cand = i + 3 < n ? head[key] : -1;
        size_t len = 0;
        if (cand >= 0 && i - cand < 65536)
            while (i + len < n && len < 255 && in[cand + len] == in[i + len])
                len++;
        if (i + 3 < n)
            head[key] = i;
        if (len > 4) {
            out[o++] = 255;
            out[o++] = len;
            out[o++] = (i - cand) >> 8;
            out[o++] = i - cand;
            i += len;
        } else {
            if (in[i] == 255)
                out[o++] = 255, out[o++] = 0;
            else
                out[o++] = in[i];
            i++;
        }
    }
    for (size_t k = 0; k < o;) {
        if (out[k] != 255) {
            check[c++] = out[k++];
        } else if (out[k + 1] == 0) {
            check[c++] = 255;
            k += 2;
        } else {
            unsigned len = out[k + 1], dist = out[k + 2] << 8 | out[k + 3];
            for (unsigned j = 0; j < len; j++, c++)
                check[c] = check[c - dist];
            k += 4;
        }
    }
    return c == n && memcmp(check, in, n) == 0 ? o : 0;
}
/* Powers of a big number in base 10^9: 3^2000. */
static void power(void)
{
    static uint32_t d[200];
    int len = 1;
    d[0] = 1;
    for (int e = 0; e < 2000; e++) {
        uint64_t carry = 0;
        for (int i = 0; i < len; i++) {
            carry += (uint64_t)d[i] * 3;
            d[i] = carry % 1000000000;
            carry /= 1000000000;
        }
        if (carry)
            d[len++] = carry;
    }
    printf("%u", d[len - 1]);
    for (int i = len - 2; i >= len - 5; i--)
        printf("%09u", d[i]);
    printf("...%09u (%d)\n", d[0], len);
}
int main(void)
{
    enum { N = 200000 };
    uint8_t *data = malloc(N), *out = malloc(2 * N), *check = malloc(N);
    char hex[65];
    uint32_t s = 1;
    sha_init();
    sha256((const uint8_t *)"abc", 3, hex);
    printf("%s\n", hex);
    sha256((const uint8_t *)"", 0, hex);
    printf("%s\n", hex);
    for (int i = 0; i < N; i++) {
        s = s * 1103515245 + 12345;
        data[i] = "etaoin shrdlu,.\n"[s >> 28] + ((s >> 16 & 63) == 0);
    }
    sha256(data, N, hex);
    printf("%s\n%016llx\n", hex, (unsigned long long)xxh(data, N));
    printf("lz %zu\n", lz(data, N, out, check));
    power();
    unsigned primes = 0;
    memset(out, 1, 2 * N);
    for (unsigned i = 2; i < 2 * N; i++)
        if (out[i]) {
            primes++;
            for (unsigned j = 2 * i; j < 2 * N; j += i)
                out[j] = 0;
        }
    printf("primes %u\n", primes);
    return 0;
}
