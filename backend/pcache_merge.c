/*
 * Merging: a file of many chunks becomes one of two, what it holds and what the process at hand adds.
 *
 * That process knows what the segments are worth to it. Those it loaded become one segment for each mapping:
 * their translations that are right for it, each once, with links between them resolved. Those it found
 * to be of other code go: they are of another program of the same name, or of a version that is no more.
 * Those it had no use for are carried over as they are, the oldest left out if there are too many.
 *
 * The hashes in the file stay as they are, since the new file has the old one's key. The lock on the old file is
 * held meanwhile: nobody adds to it, and who opened it before finds that it has no name any more.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "pcache.h"

enum { LINE = 64, KEPT_SEGMENTS = 256, TIER2_IT = 2 /* in stored_tb.zero */ };
#define TIER2_COMES UINT32_MAX /* in place.id */
#define MOST_MERGED (64ul << 20)

/* A loaded segment, read again. */
struct part {
    const struct segment *g;
    struct meta m;
    uint8_t *at;                   /* malloc'd: meta, faults, code as in the file */
    const struct fault_entry *faults;
    const uint8_t *code;
};

struct place { uint64_t pc; uint32_t id; }; /* + 1; 0: empty */

struct merger {
    struct engine *e;
    struct pcache *p;
    int fd;
    struct part *parts;
    unsigned nparts;
    struct place *places;          /* open addressing: translations of the segment in work by pc */
    uint32_t mask;
    uint8_t *out;
    size_t len, cap;
};

static size_t payload_of(const struct stored_seg *s)
{
    return seg_meta_len(s, sizeof(struct xlate_flex)) + s->nfaults * sizeof(struct fault_entry) + s->code_len;
}

static bool read_part(struct merger *g, const struct segment *seg, struct part *part)
{
    const struct stored_seg *s = &seg->s;
    size_t meta = seg_meta_len(s, sizeof(struct xlate_flex)), faults = s->nfaults * sizeof(struct fault_entry);
    uint8_t *at = aligned_alloc(16, (payload_of(s) + 15) & ~15ul);
    *part = (struct part){ .g = seg, .at = at };
    if (!at || !pcache_pread(g->fd, at, payload_of(s), seg->at) ||
        pcache_whole_meta_sum(s, at, meta, g->p->file_seed) != s->sum[0] ||
        pcache_hash(at + meta, faults, g->p->file_seed) != s->sum[1] ||
        pcache_hash(at + meta + faults, s->code_len, g->p->file_seed) != s->sum[2])
        return false;
    part->m = pcache_meta(s, at);
    part->faults = (const void *)(at + meta);
    part->code = at + meta + faults;
    return pcache_well_formed(s, &part->m, g->e->cfg.guest->ir);
}

static struct place *find(struct merger *g, uint64_t pc)
{
    uint32_t k = (uint32_t)(pc * 0x9e3779b97f4a7c15u >> 32) & g->mask;
    while (g->places[k].id && g->places[k].pc != pc)
        k = (k + 1) & g->mask;
    return &g->places[k];
}

/* Are x's guest bytes here what they were? */
static bool is_right(const struct merger *g, const struct stored_seg *s, const struct stored_tb *x)
{
    uint8_t bytes[MAX_SEEN];
    size_t len = (size_t)x->before + x->len;
    return g->e->cfg.read(g->e->cfg.owner, bytes, s->lo + x->pc - x->before, len) == 0 &&
           pcache_hash(bytes, len, g->p->file_seed) == x->hash;
}

static void *grow(struct merger *g, size_t n)
{
    void *at = g->out + g->len;
    g->len += n;
    return g->len <= g->cap ? at : NULL;
}

/* Where code may stand from pos on: no link field crosses a cache line. */
static uint32_t place(const struct stored_link *links, unsigned n, bool tier2, uint32_t pos)
{
    if (tier2)
        pos = (pos + LINE - 1) & ~(uint32_t)(LINE - 1);
    for (pos = (pos + 15) & ~15u;; pos += 16) {
        bool crosses = false;
        for (unsigned k = 0; k < n; k++)
            crosses |= ((pos + links[k].field) & (LINE - 1)) > LINE - 4;
        if (!crosses)
            return pos;
    }
}

/* Tier 2 code comes before what tier 1 made of the same place: marks where it does. */
static void prefer_tier2(struct merger *g, uint64_t mapping)
{
    for (unsigned k = g->nparts; k--;) /* the newest */
        for (uint32_t j = 0; g->parts[k].g->mapping == mapping && j < g->parts[k].g->s.ntbs; j++) {
            struct stored_tb *x = &g->parts[k].m.tbs[j];
            struct place *at = find(g, g->parts[k].g->s.lo + x->pc);
            x->zero = 0;
            if (x->kind & STORED_TIER2 && !at->id && is_right(g, &g->parts[k].g->s, x)) {
                *at = (struct place){ g->parts[k].g->s.lo + x->pc, TIER2_COMES };
                x->zero = TIER2_IT;
            }
        }
}

/* Numbers the translations that are kept (in stored_tb.zero: 1 those that aren't) and counts. */
static void number(struct merger *g, uint64_t mapping, struct stored_seg *s)
{
    for (unsigned k = 0; k < g->nparts; k++) {
        struct part *part = &g->parts[k];
        const struct stored_seg *old = &part->g->s;
        if (part->g->mapping != mapping)
            continue;
        for (uint32_t j = 0; j < old->ntbs; j++) {
            struct stored_tb *x = &part->m.tbs[j];
            uint64_t pc = old->lo + x->pc, lo = pc - x->before, hi = pc + x->len;
            struct place *at = find(g, pc);
            x->zero = x->zero == TIER2_IT ? 0 : at->id || !is_right(g, old, x);
            if (x->zero)
                continue;
            *at = (struct place){ pc, ++s->ntbs };
            s->lo = lo < s->lo ? lo : s->lo;
            s->hi = hi > s->hi ? hi : s->hi;
            s->nlinks += x->nlinks;
            s->nfaults += x->nfaults;
            s->nflexes += x->nflex;
            s->nrelocs += x->nrelocs;
            s->ninsns += x->ninsns;
            s->ntier2 += (x->kind & STORED_TIER2) != 0;
        }
    }
}

/* The number of an engine function in the new segment. */
static uint32_t function(int64_t *fns, uint32_t *n, int64_t fn)
{
    uint32_t k = 0;
    while (k < *n && fns[k] != fn)
        k++;
    if (k == *n && k < RELOC_VALUES)
        fns[(*n)++] = fn;
    return k;
}

/* One segment of all that was loaded for a mapping. False: it doesn't fit. */
static bool join(struct merger *g, uint64_t mapping, struct stored_seg *s)
{
    static int64_t fns[RELOC_VALUES]; /* under the engine's lock */
    uint32_t nfns = 0, t = 0, pos = 0, link = 0, reloc = 0, fault = 0, flex = 0;
    g->len = (g->len + 15) & ~15ul;
    *s = (struct stored_seg){ .lo = ~0ull, .off = g->len };
    memset(g->places, 0, (g->mask + 1ul) * sizeof *g->places);
    prefer_tier2(g, mapping);
    number(g, mapping, s);
    if (!s->ntbs || s->hi - s->lo > INT32_MAX)
        return !s->ntbs;
    for (unsigned k = 0; k < g->nparts; k++)
        for (uint32_t f = 0; g->parts[k].g->mapping == mapping && f < g->parts[k].g->s.nfns; f++)
            if (function(fns, &nfns, g->parts[k].m.fns[f]) == RELOC_VALUES)
                return false;
    s->nfns = nfns;
    size_t meta_len = seg_meta_len(s, sizeof(struct xlate_flex));
    uint8_t *meta = grow(g, meta_len);
    struct fault_entry *faults = grow(g, s->nfaults * sizeof *faults);
    uint8_t *code = g->out + g->len;
    if (!meta || !faults)
        return false;
    memset(meta, 0, meta_len);
    struct meta m = pcache_meta(s, meta);
    struct stored_link *links = (void *)(m.tbs + s->ntbs);
    uint32_t *relocs = (void *)(links + s->nlinks);
    struct xlate_flex *flexes = (void *)(relocs + s->nrelocs);
    memcpy((void *)m.fns, fns, nfns * sizeof *fns);
    for (unsigned pass = 0; pass < 2; pass++) { /* places first: links are to them */
        t = 0;
        for (unsigned k = 0; k < g->nparts; k++) {
            const struct part *part = &g->parts[k];
            const struct stored_seg *old = &part->g->s;
            uint32_t l = 0, r = 0, fa = 0, fl = 0;
            if (part->g->mapping != mapping)
                continue;
            for (uint32_t j = 0; j < old->ntbs; j++) {
                const struct stored_tb *x = &part->m.tbs[j];
                if (x->zero) {
                } else if (pass == 0) {
                    pos = place(part->m.links + l, x->nlinks, x->kind & STORED_TIER2, pos);
                    m.tbs[t] = *x;
                    m.tbs[t].pc = (uint32_t)(old->lo + x->pc - s->lo);
                    m.tbs[t].code_off = pos;
                    m.tbs[t++].in_links = 0;
                    pos += x->code_len;
                } else {
                    struct stored_tb *n = &m.tbs[t++];
                    uint8_t *at = code + n->code_off;
                    memcpy(at, part->code + x->code_off, x->code_len);
                    memcpy(faults + fault, part->faults + fa, x->nfaults * sizeof *faults);
                    memcpy(flexes + flex, part->m.flexes + fl, x->nflex * sizeof *flexes);
                    for (uint32_t i = 0; i < x->nrelocs; i++) {
                        uint32_t w = part->m.relocs[r + i];
                        if ((w >> 16 & 15) == RELOC_FN)
                            w = (w & 0xfffff) | function(fns, &nfns, part->m.fns[w >> 20]) << 20;
                        relocs[reloc++] = w;
                    }
                    for (uint32_t i = 0; i < x->nlinks; i++) {
                        struct stored_link *sl = &links[link++];
                        *sl = part->m.links[l + i];
                        uint32_t target = g->e->cfg.without & WITHOUT_CHAIN ? 0
                                          : find(g, old->lo + x->pc + (uint64_t)(int64_t)sl->pc)->id;
                        uint32_t dest = target ? m.tbs[target - 1].code_off : n->code_off + sl->stub;
                        int32_t rel = (int32_t)(dest - (n->code_off + sl->field + 4u));
                        memcpy(at + sl->field, &rel, 4);
                        sl->target = target;
                        sl->next = 0;
                        if (target) {
                            sl->next = m.tbs[target - 1].in_links;
                            m.tbs[target - 1].in_links = link;
                        }
                    }
                    fault += x->nfaults;
                    flex += x->nflex;
                }
                l += x->nlinks;
                r += x->nrelocs;
                fa += x->nfaults;
                fl += x->nflex;
            }
        }
        if (pass == 0) {
            s->code_len = (pos + 15) & ~15u;
            if (!grow(g, s->code_len))
                return false;
            memset(code, 0xcc, s->code_len);
        }
    }
    s->sum[0] = pcache_whole_meta_sum(s, meta, meta_len, g->p->file_seed);
    s->sum[1] = pcache_hash(faults, s->nfaults * sizeof *faults, g->p->file_seed);
    s->sum[2] = pcache_hash(code, s->code_len, g->p->file_seed);
    return true;
}

/* The segments of the new chunk into segs: how many. */
static bool fill(struct merger *g, struct stored_seg *segs, uint32_t *nsegs, unsigned skip)
{
    struct pcache *p = g->p;
    for (unsigned k = 0; k < g->nparts; k++) {
        bool seen = false;
        for (unsigned j = 0; j < k; j++)
            seen |= g->parts[j].g->mapping == g->parts[k].g->mapping;
        if (seen)
            continue;
        if (!join(g, g->parts[k].g->mapping, &segs[*nsegs]))
            return false;
        *nsegs += segs[*nsegs].ntbs != 0;
    }
    for (unsigned k = 0; k < p->nsegs; k++) {
        const struct segment *old = &p->segs[k];
        if (old->verdict != UNTRIED || (skip && skip--))
            continue;
        g->len = (g->len + 15) & ~15ul;
        segs[*nsegs] = old->s;
        segs[*nsegs].off = g->len;
        void *to = grow(g, payload_of(&old->s));
        if (!to || !pcache_pread(g->fd, to, payload_of(&old->s), old->at))
            return false;
        ++*nsegs;
    }
    g->len = (g->len + 15) & ~15ul;
    return g->len <= g->cap;
}

uint8_t *pcache_merge(struct engine *e, int fd, const uint8_t *own, size_t own_len, size_t *len, size_t *cap)
{
    struct pcache *p = e->pcache;
    struct merger g = { .e = e, .p = p, .fd = fd, .parts = calloc(p->nsegs + 1, sizeof *g.parts) };
    size_t bytes = sizeof(struct stored_chunk) + p->nsegs * (sizeof(struct stored_seg) + 32ul) + own_len;
    uint64_t tbs = 0;
    uint32_t untried = 0, nsegs = 0;
    bool done = false;
    for (unsigned k = 0; g.parts && k < p->nsegs; k++) {
        const struct segment *s = &p->segs[k];
        untried += s->verdict == UNTRIED;
        if (s->verdict == LOADED) {
            tbs += s->s.ntbs;
            g.nparts += read_part(&g, s, &g.parts[g.nparts]) || (free(g.parts[g.nparts].at), false);
        }
        /* joined code may need other gaps: a cache line each */
        bytes += s->verdict == REFUSED ? 0 : payload_of(&s->s) + s->s.ntbs * (2ull * LINE);
    }
    for (g.mask = 1023; g.mask < 2 * tbs; g.mask = g.mask * 2 + 1)
        ;
    g.places = malloc((g.mask + 1ul) * sizeof *g.places);
    g.cap = (bytes + 4095) & ~4095ul;
    if (g.parts && g.places && g.cap <= MOST_MERGED) {
        g.out = mmap(NULL, g.cap, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (g.out == MAP_FAILED)
            g.out = NULL;
    }
    if (g.out) {
        struct stored_chunk *h = grow(&g, sizeof *h);
        struct stored_seg *segs = grow(&g, p->nsegs * sizeof *segs);
        done = fill(&g, segs, &nsegs, untried > KEPT_SEGMENTS ? untried - KEPT_SEGMENTS : 0);
        *h = (struct stored_chunk){ .magic = CHUNK_MAGIC, .nsegs = nsegs, .len = g.len };
        h->sum = pcache_chunk_sum(h, segs, p->file_seed);
        if (!nsegs)
            g.len = 0;
        done = done && g.len + own_len <= g.cap;
        if (done)
            memcpy(g.out + g.len, own, own_len);
    }
    for (unsigned k = 0; k < g.nparts; k++)
        free(g.parts[k].at);
    free(g.parts);
    free(g.places);
    if (!done && g.out)
        munmap(g.out, g.cap);
    *len = g.len + own_len;
    *cap = g.cap;
    return done ? g.out : NULL;
}
