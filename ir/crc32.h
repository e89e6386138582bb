/*
 * CRC-32 as processors' instructions have it.
 */
#ifndef MYNA_CRC32_H
#define MYNA_CRC32_H

#include <stdint.h>

/* CRC-32 (polynomial 0x04c11db7, reflected, no inversions) of the low `bytes` (1, 2, 4, 8) bytes of value, start
 * value crc. */
uint32_t crc32_update(uint32_t crc, uint64_t value, unsigned bytes);

#endif
