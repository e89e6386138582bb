/*
 * Writing the persistent cache: what this process has translated and the file lacks becomes one chunk.
 *
 * Only a translation whose guest bytes still are those it was made from is written (pcache_note kept their
 * hash), of a mapping that was private, of a file, and not writable. Code is copied as it would be
 * fresh: links go to their own stubs or, inside the segment, straight to their targets; fields that
 * depend on addresses are zeroed.
 *
 * A short process that adds little writes nothing: what is new must be a fair share of what it loaded.
 * If another process has the file locked it is left at that: the next run will add what is missing. A process
 * that goes on writes too, half a second after its first new translation, then ever more seldom, and never more than a
 * 64th of its time: so one that is killed from outside has lost little. A file of many chunks is
 * merged (pcache_merge.c) by the next who adds to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"

enum { LEAST_INSNS = 32, LEAST_SHARE = 32, MOST_SHARE = 4096 /* of what was loaded: one of so many */, FEW_CHUNKS = 8, MAX_GROUPS = 256,
       LOCK_WAIT_NS = 20000000, LINE = 64,
       FIRST_WAIT = 500, LAST_WAIT = 60000 /* ms between writing in a process that goes on */ };

struct builder {
    struct engine *e;
    struct pcache *p;
    uint32_t *take;     /* notes that are written, in order */
    uint32_t ntake;
    uint32_t *id;       /* by translation: number in its segment + 1, valid for the segment in work */
    uint64_t lo[MAX_GROUPS];
    unsigned ngroups;
    uint8_t *out;
    size_t len, cap;
};

/* Guest bytes of tb by the file's key; false: they are not what they were. */
static bool rehash(struct builder *b, const struct note *n, uint64_t *hash)
{
    struct pcache *p = b->p;
    const struct engine *e = b->e;
    const struct tb *tb = &e->cache.tbs[n->tb];
    uint8_t bytes[MAX_SEEN];
    size_t len = (size_t)tb->before + tb->len;
    if (len > sizeof bytes || e->cfg.read(e->cfg.owner, bytes, tb_lo(tb), len) != 0 ||
        pcache_hash(bytes, len, p->seed) != n->hash)
        return false;
    *hash = pcache_hash(bytes, len, p->file_seed);
    return true;
}

/* What other processes have added since: sorted hashes of their translations' bytes and pc. */
static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static uint64_t identity(uint64_t pc, uint64_t hash, bool tier2)
{
    return (hash ^ pc * 0x9e3779b97f4a7c15u) + tier2;
}

static uint64_t *others(struct pcache *p, int fd, unsigned known, size_t *n)
{
    size_t cap = 0;
    uint64_t *set = NULL;
    *n = 0;
    for (unsigned k = known; k < p->nsegs; k++)
        cap += p->segs[k].s.ntbs;
    if (!cap || !(set = malloc(cap * sizeof *set)))
        return NULL;
    for (unsigned k = known; k < p->nsegs; k++) {
        const struct stored_seg *s = &p->segs[k].s;
        struct stored_tb *t = malloc(s->ntbs * sizeof *t);
        if (t && pcache_pread(fd, t, s->ntbs * sizeof *t, p->segs[k].at))
            for (uint32_t j = 0; j < s->ntbs; j++)
                set[(*n)++] = identity(s->lo + t[j].pc, t[j].hash, t[j].kind & STORED_TIER2);
        free(t);
    }
    qsort(set, *n, sizeof *set, by_value);
    return set;
}

/* Chooses what to write. Its count of instructions. */
static uint64_t choose(struct builder *b, const uint64_t *set, size_t nset)
{
    struct pcache *p = b->p;
    uint64_t insns = 0;
    for (uint32_t k = 0; k < p->nnotes; k++) {
        struct note *n = &p->notes[k];
        const struct tb *tb = &b->e->cache.tbs[n->tb];
        uint64_t hash;
        if (!tb->valid || tb->masked || !rehash(b, n, &hash))
            continue;
        uint64_t key = identity(tb->pc, hash, n->tier2);
        if (nset && bsearch(&key, set, nset, sizeof *set, by_value))
            continue;
        unsigned g = 0;
        while (g < b->ngroups && b->lo[g] != n->lo)
            g++;
        if (g == b->ngroups) {
            if (g == MAX_GROUPS)
                continue;
            b->lo[b->ngroups++] = n->lo;
        }
        n->file_hash = hash;
        b->take[b->ntake++] = k;
        insns += n->tier2 ? LEAST_INSNS : n->ninsns;
    }
    return insns;
}

static void *grow(struct builder *b, size_t n)
{
    void *at = b->out + b->len;
    b->len += n;
    return b->len <= b->cap ? at : NULL;
}

/* Where a translation's code may stand from pos on: no link field crosses a cache line. */
static uint32_t place(const struct cache *c, const struct tb *tb, bool tier2, uint32_t pos)
{
    if (tier2) /* its loops are aligned */
        pos = (pos + LINE - 1) & ~(uint32_t)(LINE - 1);
    for (pos = (pos + 15) & ~15u;; pos += 16) {
        bool crosses = false;
        for (uint32_t k = tb->links; k < tb->links + tb->nlinks; k++)
            crosses |= ((pos + c->links[k].field_off - tb->code_off) & (LINE - 1)) > LINE - 4;
        if (!crosses)
            return pos;
    }
}

/* One segment's descriptor and payload. False: it doesn't fit the format, or b->out. */
static bool build_segment(struct builder *b, uint64_t lo, struct stored_seg *s)
{
    const struct cache *c = &b->e->cache;
    struct pcache *p = b->p;
    *s = (struct stored_seg){ .lo = ~0ull, .nfns = p->nfns, .off = b->len };
    for (uint32_t k = 0; k < b->ntake; k++) {
        const struct note *n = &p->notes[b->take[k]];
        const struct tb *tb = &c->tbs[n->tb];
        if (n->lo != lo)
            continue;
        b->id[n->tb] = ++s->ntbs;
        s->lo = tb_lo(tb) < s->lo ? tb_lo(tb) : s->lo;
        s->hi = tb_hi(tb) > s->hi ? tb_hi(tb) : s->hi;
        s->nlinks += tb->nlinks;
        s->nfaults += tb->nfaults;
        s->nflexes += tb->nflex;
        s->nrelocs += n->nrelocs;
        s->ninsns += n->ninsns;
        s->ntier2 += n->tier2;
    }
    if (s->hi - s->lo > INT32_MAX)
        return false;
    size_t meta_len = seg_meta_len(s, sizeof(struct xlate_flex));
    uint8_t *meta = grow(b, meta_len);
    struct fault_entry *faults = grow(b, s->nfaults * sizeof *faults);
    if (!meta || !faults)
        return false;
    memset(meta, 0, meta_len);
    struct stored_tb *tbs = (void *)meta;
    struct stored_link *links = (void *)(tbs + s->ntbs);
    uint32_t *relocs = (void *)(links + s->nlinks);
    struct xlate_flex *flexes = (void *)(relocs + s->nrelocs);
    int64_t *fns = (int64_t *)(void *)(meta + meta_len) - s->nfns;
    memcpy(fns, p->fns, s->nfns * sizeof *fns);
    uint8_t *code = b->out + b->len;
    uint32_t pos = 0, nlinks = 0, nrelocs = 0, nfaults = 0, nflexes = 0, t = 0;
    for (uint32_t k = 0; k < b->ntake; k++) { /* places first: links are to them */
        const struct note *n = &p->notes[b->take[k]];
        if (n->lo != lo)
            continue;
        const struct tb *tb = &c->tbs[n->tb];
        pos = place(c, tb, n->tier2, pos);
        tbs[t++] = (struct stored_tb){
            .hash = n->file_hash, .pc = (uint32_t)(tb->pc - s->lo), .code_off = pos, .code_len = tb->code_len,
            .id_off = n->id_off, .before = tb->before, .len = tb->len, .nfaults = tb->nfaults,
            .nlinks = tb->nlinks, .nrelocs = n->nrelocs, .ninsns = n->ninsns, .nflex = tb->nflex,
            .kind = (tb->loops ? STORED_LOOPS : 0) | (tb->lands ? STORED_LANDS : 0) | (n->tier2 ? STORED_TIER2 : 0), .dispatches = tb->dispatches };
        pos += tb->code_len;
    }
    s->code_len = (pos + 15) & ~15u;
    if (!grow(b, s->code_len))
        return false;
    memset(code, 0xcc, s->code_len);
    t = 0;
    for (uint32_t k = 0; k < b->ntake; k++) {
        const struct note *n = &p->notes[b->take[k]];
        if (n->lo != lo)
            continue;
        const struct tb *tb = &c->tbs[n->tb];
        struct stored_tb *st = &tbs[t++];
        uint8_t *at = code + st->code_off;
        memcpy(at, c->rx + tb->code_off, tb->code_len);
        memcpy(faults + nfaults, c->faults + tb->faults, tb->nfaults * sizeof *faults);
        nfaults += tb->nfaults;
        memcpy(flexes + nflexes, c->flexes + tb->flex, tb->nflex * sizeof *flexes);
        nflexes += tb->nflex;
        memcpy(relocs + nrelocs, p->relocs + n->reloc, n->nrelocs * sizeof *relocs);
        for (uint32_t j = 0; j < n->nrelocs; j++) {
            uint32_t r = relocs[nrelocs + j];
            memset(at + (r & 0xffff), 0, (r >> 16 & 15) == RELOC_STUB ? 4 : 8);
        }
        nrelocs += n->nrelocs;
        for (uint32_t j = 0; j < tb->nlinks; j++) {
            const struct tb_link *l = &c->links[tb->links + j];
            int64_t pc = (int64_t)(l->pc - tb->pc);
            uint32_t field = l->field_off - tb->code_off, stub = l->stub_off - tb->code_off;
            if (pc != (int32_t)pc || field > UINT16_MAX || stub > UINT16_MAX)
                return false;
            const struct tb *to = b->e->cfg.without & WITHOUT_CHAIN ? NULL : cache_find(c, l->pc);
            uint32_t target = to && !to->region ? b->id[to - c->tbs] : 0;
            uint32_t dest = target ? tbs[target - 1].code_off : st->code_off + stub;
            int32_t rel = (int32_t)(dest - (st->code_off + field + 4));
            memcpy(at + field, &rel, 4);
            struct stored_link *sl = &links[nlinks++];
            *sl = (struct stored_link){ (uint16_t)field, (uint16_t)stub, (int32_t)pc, target, 0 };
            if (target) {
                sl->next = tbs[target - 1].in_links;
                tbs[target - 1].in_links = nlinks;
            }
        }
        if (tb->nlinks)
            memset(at + n->id_off, 0, 4);
    }
    s->sum[0] = pcache_whole_meta_sum(s, meta, meta_len, p->file_seed);
    s->sum[1] = pcache_hash(faults, s->nfaults * sizeof *faults, p->file_seed);
    s->sum[2] = pcache_hash(code, s->code_len, p->file_seed);
    for (uint32_t k = 0; k < b->ntake; k++)
        b->id[p->notes[b->take[k]].tb] = 0;
    return true;
}

/* An upper bound of the chunk's size. */
static size_t chunk_bound(const struct builder *b)
{
    const struct cache *c = &b->e->cache;
    size_t n = sizeof(struct stored_chunk) +
               b->ngroups * (sizeof(struct stored_seg) + b->p->nfns * 8ul + 256);
    for (uint32_t k = 0; k < b->ntake; k++) {
        const struct note *x = &b->p->notes[b->take[k]];
        const struct tb *tb = &c->tbs[x->tb];
        n += sizeof(struct stored_tb) + tb->nlinks * sizeof(struct stored_link) + x->nrelocs * 4ul +
             tb->nflex * sizeof(struct xlate_flex) + tb->nfaults * sizeof(struct fault_entry) +
             tb->code_len + 2 * LINE + 16;
    }
    return n;
}

static bool build_chunk(struct builder *b)
{
    b->cap = (chunk_bound(b) + 4095) & ~4095ul;
    b->out = mmap(NULL, b->cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (b->out == MAP_FAILED) {
        b->out = NULL;
        return false;
    }
    struct stored_chunk *h = grow(b, sizeof *h);
    struct stored_seg *segs = grow(b, b->ngroups * sizeof *segs);
    for (unsigned g = 0; g < b->ngroups; g++) {
        b->len = (b->len + 15) & ~15ul;
        if (!build_segment(b, b->lo[g], &segs[g]))
            return false;
    }
    b->len = (b->len + 15) & ~15ul;
    *h = (struct stored_chunk){ .magic = CHUNK_MAGIC, .nsegs = b->ngroups, .len = b->len };
    h->sum = pcache_chunk_sum(h, segs, b->p->file_seed);
    return true;
}

/* The index anew, with what this process knows of the segments. Returns how many of them it knew. */
static unsigned read_again(struct pcache *p, int fd)
{
    struct segment *old = p->segs;
    unsigned n = p->nsegs;
    uint64_t ino = p->ino, dev = p->dev, end = p->end;
    unsigned known = n;
    p->segs = NULL;
    p->nsegs = 0;
    pcache_read_index(p, fd);
    if (p->ino != ino || p->dev != dev || p->end < end || p->nsegs < n)
        n = 0;
    for (unsigned k = 0; k < n; k++)
        p->segs[k] = old[k];
    for (unsigned k = n; k < known; k++)
        free(old[k].filter);
    free(old);
    return n;
}

/* Puts a chunk into the file: fd, or -1 if there is none. */
static bool publish(struct engine *e, int dirfd, int fd, const uint8_t *chunk, size_t n)
{
    struct pcache *p = e->pcache;
    size_t len, cap;
    if (fd < 0 || p->bad)
        return pcache_replace(p, dirfd, chunk, n, fd < 0);
    if (p->nchunks < MAX_CHUNKS && p->nsegs < MAX_SEGMENTS * 3 / 4 && p->end + n <= MAX_FILE)
        return pcache_append(p, fd, chunk, n);
    uint8_t *all = pcache_merge(e, fd, chunk, n, &len, &cap);
    if (!all)
        return pcache_replace(p, dirfd, chunk, n, false);
    bool done = pcache_replace(p, dirfd, all, len, false);
    munmap(all, cap);
    p->st.merged += done;
    return done;
}

/* The file as it is now, so that this process does not take what it has written for another's. What else is new in
 * it is not looked at either: it would have to be read to find the little that is missing. */
static void know_own(struct pcache *p, int dirfd, const uint64_t *mapping, unsigned n)
{
    int fd = pcache_open_file(dirfd, p->name, O_RDONLY);
    if (fd < 0)
        return;
    unsigned known = read_again(p, fd);
    close(fd);
    for (unsigned k = known; k < p->nsegs; k++)
        p->segs[k].waiting = false;
    for (unsigned k = 0; n <= p->nsegs - known && k < n; k++) {
        struct segment *g = &p->segs[p->nsegs - n + k];
        g->verdict = LOADED;
        g->mapping = mapping[k];
    }
}

enum outcome { DONE, /* or there is nothing to do, and won't be */ LATER /* another process is at it */ };

/* Lock held. */
static enum outcome save(struct engine *e)
{
    struct pcache *p = e->pcache;
    struct builder b = { .e = e, .p = p };
    enum outcome outcome = DONE;
    unsigned known = 0;
    uint64_t root[2];
    struct stat st;
    pcache_root(root);
    if (root[0] != p->root[0] || root[1] != p->root[1])
        return DONE;
    int dirfd = pcache_aside(pcache_open_dir(p->dir, true)), fd = -1;
    if (dirfd < 0)
        return DONE;
    fd = pcache_aside(pcache_open_file(dirfd, p->name, O_RDWR));
    if (fd == -EPERM)
        goto out;
    if (fd >= 0 && (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 || !st.st_nlink)) {
        outcome = LATER;
        goto out;
    }
    if (fd >= 0)
        known = read_again(p, fd);
    bool fresh = fd < 0 || p->bad;
    if (fresh)
        memcpy(p->file_seed, p->seed, sizeof p->seed);
    size_t nset = 0;
    uint64_t *set = fresh ? NULL : others(p, fd, known, &nset);
    b.take = malloc(p->nnotes * sizeof *b.take);
    b.id = calloc(e->cache.ntbs, sizeof *b.id);
    if (b.take && b.id && choose(&b, set, nset) >= LEAST_INSNS && build_chunk(&b)) {
        if (publish(e, dirfd, fd, b.out, b.len)) {
            p->st.saved += b.ntake;
            know_own(p, dirfd, b.lo, b.ngroups);
            if (fresh || !(p->nchunks & 7))
                pcache_evict(dirfd, p->limit, NULL);
        } else if (fd < 0) {
            outcome = LATER; /* another process was first */
        }
    }
    if (b.out)
        munmap(b.out, b.cap);
    free(b.take);
    free(b.id);
    free(set);
out:
    if (fd >= 0)
        close(fd);
    close(dirfd);
    return outcome;
}

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* Even a few translations cost each run more than all that is loaded with them: the translator itself comes to life for them,
 * page by page (0.3 ms). So little is enough for a file of few chunks; one that goes on growing by little waits for more. */
static bool is_worth_it(const struct pcache *p)
{
    unsigned share = p->nchunks < FEW_CHUNKS ? MOST_SHARE : p->nchunks < 4 * FEW_CHUNKS ? LEAST_SHARE * 4 : LEAST_SHARE;
    return p->new_insns >= LEAST_INSNS && p->new_insns >= p->st.insns / share;
}

void pcache_tick(struct engine *e)
{
    struct pcache *p = e->pcache;
    if (!is_worth_it(p))
        return;
    uint64_t now = now_ms();
    if (!p->next_save) {
        p->wait = FIRST_WAIT;
        p->next_save = now + p->wait;
    } else if (now >= p->next_save) {
        __atomic_store_n(&e->save_due, 1, __ATOMIC_RELAXED);
    }
}

void engine_save(struct engine *e)
{
    struct pcache *p = e->pcache;
    int err = errno;
    struct timespec until, begun, end;
    if (!p || e->check_tiny || !is_worth_it(p))
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOCK_WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    if (pthread_mutex_timedlock(&e->lock, &until) != 0)
        return;
    __atomic_store_n(&e->save_due, 0, __ATOMIC_RELAXED);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    enum outcome o = is_worth_it(p) ? save(e) : DONE;
    if (o == LATER && p->ino == 0) /* a file that was not there before: what it lacks */
        o = save(e);
    if (o == DONE) {
        p->nnotes = p->nrelocs = p->new_insns = 0;
        p->wait = p->wait < LAST_WAIT / 2 ? p->wait * 2 : LAST_WAIT;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    uint64_t took = (uint64_t)(end.tv_sec - begun.tv_sec) * 1000 + (uint64_t)(end.tv_nsec / 1000000) -
                    (uint64_t)(begun.tv_nsec / 1000000);
    p->next_save = now_ms() + (p->wait > took * 64 ? p->wait : took * 64);
    pthread_mutex_unlock(&e->lock);
    errno = err;
}
