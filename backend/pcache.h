/*
 * The persistent cache, as exec.c and world.c use it: translations of the code of files, kept on disk.
 * Everything with the engine's lock held unless it says otherwise. docs/persistent-cache.md has the
 * format and what it is safe against.
 */
#ifndef MYNA_PCACHE_H
#define MYNA_PCACHE_H

#include "engine.h"
#include "pcache_format.h"

enum { MAX_SEEN = 4608 }; /* guest bytes that a translation depends on, one that is kept */

/* A translation that may be kept. */
struct note {
    uint64_t hash;       /* of its guest bytes, by pcache->seed */
    uint64_t file_hash;  /* the same by the file's; while writing */
    uint64_t lo;         /* start of the mapping it is in */
    uint32_t tb, reloc, id_off;
    uint16_t nrelocs, ninsns;
    bool tier2;
};

/* A segment of the file. */
struct segment {
    struct stored_seg s;
    uint64_t at;         /* of its payload in the file */
    uint64_t mapping;    /* LOADED: start of the mapping that it is of */
    enum { UNTRIED, LOADED, REFUSED /* it is of other code */ } verdict;
    uint8_t tries;
    bool waiting;        /* may be tried */
    uint32_t mask;       /* of the filter: bits less one */
    uint8_t *filter;     /* malloc'd; bits by hash of pc: what it may hold. NULL: not asked yet */
};

/* A segment's meta data in memory. */
struct meta {
    struct stored_tb *tbs;
    const struct stored_link *links;
    const uint32_t *relocs;
    const struct xlate_flex *flexes;
    const int64_t *fns;
};

struct pcache {
    const char *dir;
    char name[40];       /* of the file in dir */
    uint64_t config[2];
    uint64_t seed[4];    /* key of the notes' hashes, and of a file that this process makes */
    uint64_t file_seed[4]; /* the file's */
    uint64_t limit;      /* bytes of the directory */
    bool opened;         /* the file has been looked for */
    bool bad;            /* it is there, but of no use: to be replaced */
    bool torn;           /* something that is no chunk follows the last good one */
    uint64_t root[2];    /* the root folder when it was: who has changed it since writes nothing */
    uint64_t dev, ino;   /* of the file; ino 0: none */
    uint64_t end;        /* of the last good chunk */
    unsigned nchunks, reads;
    struct segment *segs;
    unsigned nsegs;
    struct note *notes;
    uint32_t nnotes, cap_notes; /* what is to be written: nothing that has been, nothing of the parent's */
    uint32_t *relocs;
    uint32_t nrelocs, cap_relocs;
    int64_t fns[RELOC_VALUES]; /* engine functions, less host_xlate */
    uint32_t nfns;
    uint32_t new_insns;  /* of the notes */
    uint64_t next_save;  /* ms of CLOCK_MONOTONIC_COARSE; 0: no note has been made yet */
    uint32_t wait;       /* ms between writing and writing */
    uint32_t have;       /* compare: how many were right, but there already */
    uint8_t *temp;
    size_t cap_temp;
    struct { uint64_t segs, tbs, insns, refused, ns, saved, merged, tier2; } st;
};

/* By e->cfg. NULL: there is to be none, or it can't be. */
struct pcache *pcache_new(struct engine *e);
void pcache_free(struct pcache *p);

/* The translation at pc from the file, with all that stands by it there; or NULL. w: as fetched, of
 * a mapping that can be stored. Both locks held. */
struct tb *pcache_find(struct engine *e, uint64_t pc, const struct code_window *w);
/* tb has just been made of w's bytes, with o beside its code: it may be kept. w->log has what was read; NULL: w is of
 * a copy. tier2: it is a region of that (tier2.c). */
void pcache_note(struct engine *e, const struct tb *tb, const struct code_window *w, const struct xlate_out *o,
                 unsigned ninsns, bool tier2);
/* All translations are gone. / Those in a range are, where something else may be mapped now. */
void pcache_flushed(struct engine *e);
void pcache_changed(struct engine *e, uint64_t start, uint64_t len);
void pcache_stats(const struct pcache *p, FILE *f);
/* In a child: what the parent has noted is the parent's to write. */
void pcache_forked(struct engine *e);

struct meta pcache_meta(const struct stored_seg *s, uint8_t *at);
/* Do counts and offsets stay inside? The checksum was right, so they do unless it is a forgery. */
bool pcache_well_formed(const struct stored_seg *s, const struct meta *m, const struct ir_target *t);
/* Is it time to write while the process goes on? Then e->save_due is set. With or without the lock. */
void pcache_tick(struct engine *e);

/* --- pcache_merge.c ------------------------------------------------------------------------- */

/* The file's segments (p->segs, of fd, which is locked) as one chunk, with own behind it: mmap'd, *cap bytes of
 * which *len count. NULL: no memory, or more than is worth keeping. Lock held. */
uint8_t *pcache_merge(struct engine *e, int fd, const uint8_t *own, size_t own_len, size_t *len, size_t *cap);

/* --- pcache_file.c -------------------------------------------------------------------------- */

/* The directory, if nobody else can write to it: a descriptor, or -errno. make: made if missing. */
int pcache_open_dir(const char *dir, bool make);
/* The file in it by the same rule: -ENOENT, or -EPERM for all that is there and not to be used. */
int pcache_open_file(int dirfd, const char *name, int flags);
/* Other threads of the guest go on meanwhile, and may close and open descriptors of which they know nothing: the same
 * file by a number that a guest's open will hardly have. */
int pcache_aside(int fd);
/* What the root folder is. */
void pcache_root(uint64_t id[2]);
/* Forgets the segments. */
void pcache_drop_segments(struct pcache *p);
/* Reads header and chunks' descriptors into p. */
void pcache_read_index(struct pcache *p, int fd);
/* Reads exactly n bytes. */
bool pcache_pread(int fd, void *to, size_t n, uint64_t off);
/* Checksum of a chunk's header and descriptors. */
uint64_t pcache_chunk_sum(const struct stored_chunk *h, const struct stored_seg *segs, const uint64_t key[4]);
/* Adds a chunk at p->end (file open for writing and locked; what stands there is cut off). / Puts a new
 * file with that chunk, by p->file_seed, in the old one's place; first: only if there is none. False: nothing
 * was added. */
bool pcache_append(struct pcache *p, int fd, const void *chunk, size_t len);
bool pcache_replace(struct pcache *p, int dirfd, const void *chunk, size_t len, bool first);
/* Takes away the files used longest ago if all have more than limit bytes (0: every file), until an eighth
 * is free. Returns the bytes left, *files (unless NULL) how many files. */
uint64_t pcache_evict(int dirfd, uint64_t limit, unsigned *files);

#endif
