/*
 * The files of the persistent cache: one per program name and configuration, see
 * docs/persistent-cache.md. Little endian, natural alignment, read by the myna build that wrote them
 * and no other (its build id is part of the file's name and header).
 *
 *   header, then chunks. A chunk is what one process has added: header, segment descriptors, and for each
 *   segment its payload: meta (stored_tb, stored_link, reloc words, flex homes, function offsets),
 *   the fault table, the code.
 *
 * Every part has a checksum keyed by the file's random seed. A part whose checksum fails isn't used.
 */
#ifndef MYNA_PCACHE_FORMAT_H
#define MYNA_PCACHE_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define PCACHE_MAGIC "mynaTC1\n"
#define PCACHE_SUFFIX ".tc"
enum { CHUNK_MAGIC = 0x6b6e6863, MAX_CHUNKS = 64, MAX_FILE = 256 << 20, MAX_SEGMENTS = 1024 };

struct stored_header {
    char magic[8];
    uint64_t config[2]; /* hash of everything that changes the code, and of the program's name */
    uint64_t seed[4];   /* random: the key of all hashes in the file */
    uint64_t sum;       /* of what stands before it */
};
static_assert(sizeof(struct stored_header) == 64, "no gaps");

struct stored_chunk {
    uint32_t magic, nsegs;
    uint64_t len; /* of the chunk, this header included; a multiple of 16 */
    uint64_t sum; /* of magic, nsegs, len and the segment descriptors */
    uint64_t zero;
};

/* Translations of one mapping, for the guest address where it was. */
struct stored_seg {
    uint64_t lo, hi;    /* guest bytes they depend on are in [lo, hi) */
    uint32_t ntbs, nlinks, nfaults, nflexes, nrelocs, nfns, code_len, ninsns;
    uint32_t ntier2, zero; /* translations of tier 2 */
    uint64_t off;       /* of the payload, from the start of the chunk */
    uint64_t sum[3];    /* of meta, faults, code */
};

struct stored_tb {
    uint64_t hash;      /* of the guest bytes it depends on */
    uint32_t pc;        /* from lo */
    uint32_t code_off, code_len; /* in the segment's code */
    uint32_t id_off;    /* in its code: the 32-bit number of its first link */
    uint32_t in_links;  /* first link that jumps here + 1 */
    uint16_t before, len;
    uint16_t nfaults, nlinks, nrelocs, ninsns;
    uint8_t nflex, kind /* STORED_... */, dispatches, zero;
};
static_assert(sizeof(struct stored_tb) == 48, "no gaps but at the end");

enum { STORED_LOOPS = 1, STORED_TIER2 = 2, STORED_LANDS = 4 };

struct stored_link {
    uint16_t field, stub; /* in its translation's code */
    int32_t pc;           /* from the translation's */
    uint32_t target;      /* translation + 1 of the segment it jumps to, or 0 */
    uint32_t next;        /* next link with that target + 1 */
};

/* Places in a translation's code: off | kind << 16 | value << 20 (enum reloc_kind; an engine function is
 * a number in the segment's table of function offsets). */
enum { RELOC_VALUES = 1 << 12 };

static inline size_t seg_meta_len(const struct stored_seg *s, size_t flex_size)
{
    return s->ntbs * sizeof(struct stored_tb) + s->nlinks * sizeof(struct stored_link) +
           ((s->nrelocs * 4ul + s->nflexes * flex_size + 7) & ~7ul) + s->nfns * 8ul;
}

/* Of a segment's meta data, the part before the relocations; it is read to where its tables will be made. */
static inline size_t seg_tables_len(const struct stored_seg *s)
{
    return s->ntbs * sizeof(struct stored_tb) + s->nlinks * sizeof(struct stored_link);
}

/* Checksum of meta data: translations, links, and len bytes of the rest. */
uint64_t pcache_meta_sum(const struct stored_seg *s, const void *tbs, const void *links, const void *rest, size_t len,
                         const uint64_t key[4]);
/* The same of all in one place. */
static inline uint64_t pcache_whole_meta_sum(const struct stored_seg *s, const uint8_t *meta, size_t len, const uint64_t key[4])
{
    size_t tables = seg_tables_len(s);
    return pcache_meta_sum(s, meta, meta + s->ntbs * sizeof(struct stored_tb), meta + tables, len - tables, key);
}

/* Keyed hash of n bytes: 64 bits. Not for use without a secret or random key. */
uint64_t pcache_hash(const void *p, size_t n, const uint64_t key[4]);

#endif
