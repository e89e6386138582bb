/*
 * What video and audio codecs, image conversion and quantised networks do with Advanced SIMD: saturating
 * sums, rounding fixed-point products, a sub-pixel filter with narrowing, sums of absolute differences,
 * colour conversion through LD4 and ST3, stereo mixing through LD2, table lookups, shifts by a register,
 * and dot products of bytes. Intrinsics for aarch64; elsewhere the same in plain C for the compiler's
 * vectoriser, so the results agree.
 *
 *     neon [ROUNDS [KERNEL]]     prints a checksum of each kernel
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __aarch64__
#pragma GCC target("arch=armv8.2-a+dotprod")
#include <arm_neon.h>
#endif

enum { N = 4096 };
static int16_t sa[2 * N], sb[N], so[N];
static uint8_t ba[4 * N + 16], bb[N], bo[4 * N];

static inline int clip(int v, int lo, int hi) { return v < lo ? lo : v > hi ? hi : v; }

__attribute__((noinline)) static void mix(int16_t *o, const int16_t *a, const int16_t *b, int gain)
{
#ifdef __aarch64__
    int16x8_t g = vdupq_n_s16((int16_t)gain);
    for (int i = 0; i < N; i += 8)
        vst1q_s16(o + i, vqaddq_s16(vld1q_s16(a + i), vqrdmulhq_s16(vld1q_s16(b + i), g)));
#else
    for (int i = 0; i < N; i++)
        o[i] = (int16_t)clip(a[i] + clip((b[i] * gain * 2 + 0x8000) >> 16, -32768, 32767), -32768, 32767);
#endif
}

/* The six-tap filter of H.264: 1 -5 20 20 -5 1, rounded, 5 bits down. */
__attribute__((noinline)) static void filter(uint8_t *o, const uint8_t *s)
{
#ifdef __aarch64__
    uint8x8_t k20 = vdup_n_u8(20), k5 = vdup_n_u8(5);
    for (int i = 0; i < N; i += 16) {
        int16x8_t r[2];
        for (int h = 0; h < 2; h++) {
            const uint8_t *p = s + i + 8 * h;
            uint16x8_t x = vaddl_u8(vld1_u8(p), vld1_u8(p + 5));
            x = vmlal_u8(vmlal_u8(x, vld1_u8(p + 2), k20), vld1_u8(p + 3), k20);
            x = vmlsl_u8(vmlsl_u8(x, vld1_u8(p + 1), k5), vld1_u8(p + 4), k5);
            r[h] = vreinterpretq_s16_u16(x);
        }
        vst1q_u8(o + i, vqrshrun_high_n_s16(vqrshrun_n_s16(r[0], 5), r[1], 5));
    }
#else
    for (int i = 0; i < N; i++)
        o[i] = (uint8_t)clip((s[i] + s[i + 5] - 5 * (s[i + 1] + s[i + 4]) + 20 * (s[i + 2] + s[i + 3]) + 16) >> 5,
                             0, 255);
#endif
}

__attribute__((noinline)) static unsigned sad(const uint8_t *a, const uint8_t *b)
{
    unsigned total = 0;
    for (int k = 0; k < N; k += 256) { /* a block of 16 x 16 */
#ifdef __aarch64__
        uint16x8_t s = vdupq_n_u16(0);
        for (int i = k; i < k + 256; i += 16) {
            uint8x16_t x = vld1q_u8(a + i), y = vld1q_u8(b + i);
            s = vabal_high_u8(vabal_u8(s, vget_low_u8(x), vget_low_u8(y)), x, y);
        }
        total += vaddlvq_u16(s);
#else
        unsigned s = 0;
        for (int i = k; i < k + 256; i++)
            s += (unsigned)abs(a[i] - b[i]);
        total += s;
#endif
    }
    return total;
}

/* RGBA to BGR, half as bright. */
__attribute__((noinline)) static void colours(uint8_t *o, const uint8_t *s)
{
#ifdef __aarch64__
    for (int i = 0; i < N; i += 16) {
        uint8x16x4_t v = vld4q_u8(s + 4 * i);
        uint8x16x3_t r = { { vshrq_n_u8(v.val[2], 1), vshrq_n_u8(v.val[1], 1), vshrq_n_u8(v.val[0], 1) } };
        vst3q_u8(o + 3 * i, r);
    }
#else
    for (int i = 0; i < N; i++)
        for (int k = 0; k < 3; k++)
            o[3 * i + k] = s[4 * i + 2 - k] >> 1;
#endif
}

__attribute__((noinline)) static void mono(int16_t *o, const int16_t *s)
{
#ifdef __aarch64__
    for (int i = 0; i < N; i += 8) {
        int16x8x2_t v = vld2q_s16(s + 2 * i);
        vst1q_s16(o + i, vrhaddq_s16(v.val[0], v.val[1]));
    }
#else
    for (int i = 0; i < N; i++)
        o[i] = (int16_t)((s[2 * i] + s[2 * i + 1] + 1) >> 1);
#endif
}

__attribute__((noinline)) static void table(uint8_t *o, const uint8_t *s, const uint8_t *t)
{
#ifdef __aarch64__
    uint8x16x4_t v = { { vld1q_u8(t), vld1q_u8(t + 16), vld1q_u8(t + 32), vld1q_u8(t + 48) } };
    for (int i = 0; i < N; i += 16)
        vst1q_u8(o + i, vqtbl4q_u8(v, vandq_u8(vld1q_u8(s + i), vdupq_n_u8(0x7f))));
#else
    for (int i = 0; i < N; i++)
        o[i] = (s[i] & 0x7f) < 64 ? t[s[i] & 0x3f] : 0;
#endif
}

__attribute__((noinline)) static void scale(int16_t *o, const int16_t *s, int down)
{
#ifdef __aarch64__
    int16x8_t n = vdupq_n_s16((int16_t)-down);
    for (int i = 0; i < N; i += 8)
        vst1q_s16(o + i, vqsubq_s16(vrshlq_s16(vld1q_s16(s + i), n), vdupq_n_s16(3)));
#else
    for (int i = 0; i < N; i++)
        o[i] = (int16_t)clip(((s[i] + (1 << (down - 1))) >> down) - 3, -32768, 32767);
#endif
}

__attribute__((noinline)) static int dot(const int8_t *a, const int8_t *b)
{
#ifdef __aarch64__
    int32x4_t s = vdupq_n_s32(0), u = s;
    for (int i = 0; i < N; i += 32) {
        s = vdotq_s32(s, vld1q_s8(a + i), vld1q_s8(b + i));
        u = vdotq_s32(u, vld1q_s8(a + i + 16), vld1q_s8(b + i + 16));
    }
    return vaddvq_s32(vaddq_s32(s, u));
#else
    int s = 0;
    for (int i = 0; i < N; i++)
        s += a[i] * b[i];
    return s;
#endif
}

static uint32_t sum(const void *p, unsigned n)
{
    uint32_t h = 2166136261u;
    for (unsigned i = 0; i < n; i++)
        h = (h ^ ((const uint8_t *)p)[i]) * 16777619u;
    return h;
}

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 1000, only = argc > 2 ? atoi(argv[2]) : -1;
    uint32_t x = 1, total[8] = { 0 };
    for (int i = 0; i < 4 * N + 16; i++) {
        x = x * 1664525 + 1013904223;
        ba[i] = (uint8_t)(x >> 24);
        if (i < N) {
            bb[i] = (uint8_t)(x >> 16);
            sb[i] = (int16_t)(x >> 12);
        }
        if (i < 2 * N)
            sa[i] = (int16_t)(x >> 14);
    }
    for (int r = 0; r < rounds; r++)
        for (int k = 0; k < 8; k++) {
            if (only >= 0 && k != only)
                continue;
            switch (k) {
            case 0: mix(so, sa, sb, 20000 + r % 100); break;
            case 1: filter(bo, ba + r % 8); break;
            case 2: total[2] += sad(ba + r % 8, bb); break;
            case 3: colours(bo, ba); break;
            case 4: mono(so, sa); break;
            case 5: table(bo, ba, bb + r % 8); break;
            case 6: scale(so, sa, 1 + r % 6); break;
            case 7: total[7] += (uint32_t)dot((const int8_t *)ba + r % 8, (const int8_t *)bb); break;
            }
            if (r == rounds - 1)
                total[k] += sum(bo, sizeof bo) ^ sum(so, sizeof so);
        }
    for (int k = 0; k < 8; k++)
        printf("%d %08x\n", k, total[k]);
    return 0;
}
