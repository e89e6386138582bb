/*
 * The code cache: translations, the links between them, and where they are. Used by exec.c only.
 *
 * The arena (arena.c) is shared memory (a memfd where possible) mapped twice: code is written through one view and runs in
 * the other, so no page is ever writable and executable. Code is only appended; a flush empties all of it at once.
 *
 * One thread at a time changes it (engine->lock). Threads that run translated code read it meanwhile:
 * cache_find_code, and cache_find_shared, which may fail to find what is there. Nothing that they could
 * hold is freed before a flush, and that happens only while no thread runs.
 */
#ifndef MYNA_CACHE_H
#define MYNA_CACHE_H

#include "exec.h"
#include "target.h"

struct tb { /* a cache line */
    uint64_t pc;               /* where it starts */
    struct ir_region *region;  /* interpreted: no code */
    uint32_t code_off, code_len; /* in the arena */
    uint32_t faults;           /* in cache->faults */
    uint32_t links;            /* in cache->links */
    uint32_t flex;             /* in cache->flexes */
    uint32_t in_links;         /* first link that jumps here + 1 */
    uint32_t next_page[2];     /* lists of the pages it touches: tb * 2 + which of its pages + 1 */
    uint16_t nfaults, nlinks;
    uint16_t before, len;      /* guest bytes [pc - before, pc + len) that it depends on, at most two pages */
    uint8_t nflex;
    bool valid;
    bool masked;               /* its accesses clear the address' top byte */
    bool loops;                /* a thread may go round inside it */
    bool is_signed;            /* cache_sign: it may be restored after it was retired */
    bool tiny;                 /* reuse.c: engine->check_tiny when it was made */
    bool dispatches;           /* it may end with an indirect branch that is no return */
    bool lands;                /* calls return into its code */
};
static_assert(sizeof(struct tb) == 64, "a translation that is looked at costs one cache miss");

static inline uint64_t tb_lo(const struct tb *tb) { return tb->pc - tb->before; }
static inline uint64_t tb_hi(const struct tb *tb) { return tb->pc + tb->len; }

struct tb_link {
    uint64_t pc;
    uint32_t field_off, stub_off; /* in the arena */
    uint32_t target;           /* tb + 1, or 0 */
    uint32_t next;             /* next in the target's list + 1 */
};

enum { FIRST_HASH = 1 << 11, PAGE_HASH = 1 << 12, RETIRED_HASH = 1 << 14, MAX_TBS = 1 << 20, MAX_LINKS = 1 << 21,
       MAX_FAULTS = 1 << 22, MAX_FLEXES = 1 << 20 };

/* How far into a table memory was asked for ahead of its use: one call for many pages instead of a
 * page fault for each. */
enum { LEAST_AHEAD = 8 << 10 /* after the first */, MOST_AHEAD = 256 << 10 };

/* Open addressing; the table doubles when half full. */
struct tb_hash {
    struct tb_hash *older;
    uint32_t mask;             /* entries, a power of two, less one */
    struct tb_slot { uint32_t tag, tb; /* + 1; 0: empty */ } slot[];
};

struct cache {
    uint8_t *rw;               /* writable view */
    uint8_t *rx;               /* executable view */
    size_t size, used, floor;  /* floor: end of the common stubs; a page's end */
    uint64_t *frozen;          /* bits by page of the arena: not to be written (arena.c) */
    bool any_frozen;
    bool tail_shared;          /* what is free is another process's */
    bool no_seal;              /* arena_load is of no use */
    unsigned thaws;            /* pages, since the fork */
    unsigned shift;            /* tables have their entries >> shift */
    size_t ready;              /* of the arena: bytes whose memory is there */
    size_t made;               /* bytes of code translated here: how far memory is asked for ahead (loaded code tells nothing) */
    struct tb *tbs;            /* tables are reserved at once and filled from the start */
    uint32_t ntbs;
    struct tb_link *links;
    uint32_t nlinks;
    struct link_way *ways;     /* by link: of those in frozen pages that have a target and are not patched */
    struct fault_entry *faults;
    uint32_t nfaults;
    struct xlate_flex *flexes;
    uint32_t nflexes;
    size_t tbs_ready, links_ready, faults_ready;
    struct tb_hash *hash;
    struct tb_hash *old_hashes; /* until the flush: somebody may be reading them */
    uint32_t hash_used;
    uint32_t hash_seq;         /* odd while the hash table changes */
    uint32_t *pages;           /* PAGE_HASH: tb + 1 */
    uint64_t *signatures;      /* by translation, of those that is_signed says */
    uint32_t *retired;         /* RETIRED_HASH: by pc, the last one retired + 1, if it is signed */
    uint64_t changed[PAGE_HASH / 64]; /* pages (hashed) of which translations have been retired */
    uint64_t *entries;         /* CODE_ENTRIES bits, by guest address / 4: a translation may begin there */
    uint64_t flushes;
};

/* n bytes of zeroes that cost nothing until they are touched (calloc clears the heap's first pages); to be given back by
 * munmap. NULL: no memory. */
void *cache_pages(size_t n);
/* Reserves the arena of size >> shift bytes and the tables. 0 or -errno. */
int cache_init(struct cache *c, size_t size, unsigned shift);
void cache_free(struct cache *c);
void cache_flush(struct cache *c);
/* Valid translation that starts at pc, or NULL. */
struct tb *cache_find(const struct cache *c, uint64_t pc);
/* The same without the lock, for a running thread: NULL also if the table is being changed. */
struct tb *cache_find_shared(const struct cache *c, uint64_t pc);
/* May there be one at pc, valid or not? False is certain. */
bool cache_may_begin(const struct cache *c, uint64_t pc);
/* Translation whose code holds the executable address, or NULL. */
struct tb *cache_find_code(const struct cache *c, const uint8_t *host);
/* Is there room for another translation of the largest size? Then its memory is made ready. */
bool cache_has_room(struct cache *c, size_t code);
/* Room for that much more, with its memory made ready? code 0: in the tables alone. */
bool cache_reserve(struct cache *c, size_t code, uint32_t tbs, uint32_t links, uint32_t faults,
                   uint32_t flexes);
/* Some of these, perhaps all, will be reserved soon: the tables are made ready for it. */
void cache_expect(struct cache *c, uint32_t tbs, uint32_t links);
/* Enters n translations that the caller has put at tbs + ntbs, their code and tables behind what is
 * in use, links among them in place: they are found from now on. */
void cache_enter(struct cache *c, uint32_t n);
/* Enters a translation of o's tables whose code stands at rw + used; region: interpreted instead. */
struct tb *cache_add(struct cache *c, uint64_t pc, uint64_t lo, uint64_t hi, const struct xlate_out *o,
                     struct ir_region *region);
/* Makes link jump to tb's code. */
void cache_link(struct cache *c, uint32_t link, struct tb *to);
/* All links to a translation go back to their stubs. */
void cache_unlink(struct cache *c, struct tb *tb);
/* Retires a translation: nothing jumps to it any more. */
void cache_retire(struct cache *c, struct tb *tb);
/* Have translations that begin in pc's page been retired (or in one of equal hash)? */
bool cache_changed(const struct cache *c, uint64_t pc);
/* Gives tb a signature. / The signature of one that has one. */
void cache_sign(struct cache *c, struct tb *tb, uint64_t signature);
uint64_t cache_signature(const struct cache *c, const struct tb *tb);
/* The signed translation that was the last one retired at pc (NULL: not known); makes it valid again, where
 * there is none at its pc. */
struct tb *cache_find_retired(const struct cache *c, uint64_t pc);
void cache_restore(struct cache *c, struct tb *tb);
/* Calls fn for every valid translation that holds a byte of [start, start + len). */
void cache_for_range(struct cache *c, uint64_t start, uint64_t len, void (*fn)(void *, struct tb *),
                     void *arg);

/* --- arena.c ---------------------------------------------------------------------------------- */

/* The arena of size bytes (pages). 0 or -errno. */
int arena_init(struct cache *c, size_t size);
void arena_free(struct cache *c);
/* Can code bytes be written at rw + used? */
bool arena_room(struct cache *c, size_t code);
/* Is the page of that offset not to be written where it is? */
bool arena_is_frozen(const struct cache *c, uint32_t off);
/* Where the four bytes at off of the arena may be written, which are in one page; thaws it. NULL: no memory. */
uint8_t *arena_patch(struct cache *c, uint32_t off);
/* All is free from floor on; no thread is in the cache. */
void arena_flush(struct cache *c);
/* Private memory for len bytes of code that will run at rx + *base, behind all that is in use; NULL: none, or not worth it.
 * / It is not needed. / It moves there, used covers it; nothing in it can be written any more. False: no memory, and it is
 * gone. */
uint8_t *arena_load(struct cache *c, size_t len, uint32_t *base);
void arena_drop(uint8_t *at, size_t len);
bool arena_seal(struct cache *c, uint8_t *at, uint32_t base, size_t len);
/* Before a fork: the child may go on with what is in use. / In the child. */
void arena_fork(struct cache *c);
void arena_forked(struct cache *c);

static inline const uint8_t *tb_code(const struct cache *c, const struct tb *tb)
{
    return c->rx + tb->code_off;
}

#endif
