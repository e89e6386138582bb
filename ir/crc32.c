/*
 * CRC-32 (polynomial 0x04c11db7, reflected) of one to eight bytes.
 *
 * x86's instruction has another polynomial. With carry-less multiplication 64 bits x at a time are reduced by
 * Barrett's method: the quotient of x * t^64 by the polynomial is the low half of x times the reflected reciprocal, and the
 * remainder the high half of that quotient times the reflected polynomial. Fewer bytes stand at the top of x, where those
 * that come last are; bits of the old value below them only move. The constants follow from the polynomial: t^96 divided by
 * it, reflected. Without that instruction: zlib's table of bytes (its function would invert before and after).
 */
#include "crc32.h"
#include <zlib.h>
#ifdef __x86_64__
#include <immintrin.h>

__attribute__((target("pclmul"))) static uint32_t reduce(uint64_t x)
{
    const __m128i k = _mm_set_epi64x(0x1db710641, (int64_t)0xb4e5b025f7011641);
    __m128i t = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)x), k, 0x00);
    t = _mm_clmulepi64_si128(t, k, 0x10);
    return (uint32_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(t, t));
}
#endif

uint32_t crc32_update(uint32_t crc, uint64_t value, unsigned bytes)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("pclmul")) {
        if (bytes == 8)
            return reduce(crc ^ value);
        return (bytes == 4 ? 0 : crc >> 8 * bytes) ^ reduce((crc ^ value) << (64 - 8 * bytes));
    }
#endif
    const z_crc_t *table = get_crc_table();
    for (; bytes; bytes--, value >>= 8)
        crc = (uint32_t)table[(crc ^ value) & 255] ^ crc >> 8;
    return crc;
}
