/*
 * Numbers and strings as 9P has them on the wire: little endian, strings with 16 bits of length before them. Both directions
 * have bounds that are checked: what does not fit sets `bad`, gives zeroes and stays so.
 */
#ifndef MYNA_P9_WIRE_H
#define MYNA_P9_WIRE_H

#include <string.h>
#include "p9.h"
#include "pieces.h"

struct wire {
    uint8_t *at, *end;
    bool bad;
};

static inline uint64_t wire_get(struct wire *w, unsigned n)
{
    uint64_t v = 0;
    if (w->bad || (size_t)(w->end - w->at) < n) {
        w->bad = true;
        return 0;
    }
    memcpy(&v, w->at, n);
    w->at += n;
    return v;
}
static inline uint8_t get8(struct wire *w) { return (uint8_t)wire_get(w, 1); }
static inline uint16_t get16(struct wire *w) { return (uint16_t)wire_get(w, 2); }
static inline uint32_t get32(struct wire *w) { return (uint32_t)wire_get(w, 4); }
static inline uint64_t get64(struct wire *w) { return wire_get(w, 8); }

/* Ended by a NUL, in the message itself: it is moved onto its length. With a NUL in it it is bad. */
static inline char *get_text(struct wire *w)
{
    static char none[1];
    unsigned n = get16(w);
    if (w->bad || (size_t)(w->end - w->at) < n || memchr(w->at, 0, n)) {
        w->bad = true;
        *none = 0;
        return none;
    }
    char *text = (char *)memmove(w->at - 1, w->at, n);
    text[n] = 0;
    w->at += n;
    return text;
}

static inline void wire_put(struct wire *w, const void *from, size_t n)
{
    if (w->bad || (size_t)(w->end - w->at) < n) {
        w->bad = true;
        return;
    }
    memcpy(w->at, from, n);
    w->at += n;
}
static inline void put8(struct wire *w, uint8_t v) { wire_put(w, &v, 1); }
static inline void put16(struct wire *w, uint16_t v) { wire_put(w, &v, 2); }
static inline void put32(struct wire *w, uint32_t v) { wire_put(w, &v, 4); }
static inline void put64(struct wire *w, uint64_t v) { wire_put(w, &v, 8); }
static inline void put_text(struct wire *w, const char *text)
{
    size_t n = strlen(text);
    put16(w, (uint16_t)n);
    wire_put(w, text, n);
}

#endif
