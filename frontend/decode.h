/*
 * The tables that decodegen makes of *.decode files, as C sees them. One struct decode_row per row;
 * the generated header of a guest (gen/<isa>_decode.h) declares its arrays, enum and functions under
 * the prefix that the files name. See decodegen.c for the syntax of the rows.
 */
#ifndef MYNA_DECODE_H
#define MYNA_DECODE_H

#include <stdbool.h>
#include <stdint.h>

/* One run of bits of a field. Runs of one name form one value, the first run highest. */
struct decode_field {
    const char *name;
    uint8_t lsb, width;
    bool is_signed;
};

/* Words with (word & mask) == value. */
struct decode_cube {
    uint32_t mask, value;
};

struct decode_row {
    const char *name;                 /* the manual's mnemonic up to the first underscore */
    uint32_t mask, value;             /* word & mask == value ... */
    const struct decode_cube *except; /* ... and in none of these */
    const struct decode_field *fields;
    uint8_t nexcept, nfields;
    uint8_t feature;                  /* guest's enum; 0: always present */
    uint8_t flags;                    /* enum flag_effect of guest.h */
    bool ends;                        /* ends the block */
};

/* Does word belong to the row? */
static inline bool decode_row_match(const struct decode_row *r, uint32_t word)
{
    if ((word & r->mask) != r->value)
        return false;
    for (unsigned i = 0; i < r->nexcept; i++)
        if ((word & r->except[i].mask) == r->except[i].value)
            return false;
    return true;
}

/* What decoding a word needs of its row, small enough to stay in the cache. */
struct decode_key {
    uint32_t mask, value;
    uint8_t feature, flags;
    bool ends, except; /* the row has exceptions */
};

/* splitmix64: the random source of the encoding generators. */
static inline uint64_t decode_rand(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

#endif
