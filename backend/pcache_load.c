/*
 * The persistent cache: what the file has is loaded when a translation is missing in the range of one of its segments.
 *
 * A segment is loaded as a whole, since a page fault or a lookup costs more than the copying of a translation. Its meta data
 * is read to where the tables will be made, and each translation's guest bytes are compared with the mapping at hand, by
 * their hash. If most are right, the code is read and relocated; those that are not right are cut out: links to them go
 * to stubs. Then all are entered at once. Nothing that was read counts before that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"

enum { MAX_READS = 8, LINE = 64, GLANCE = 32, AHEAD = 6,
       SMALL_SEGMENT = 10000 /* guest instructions: loaded in a quarter of a millisecond */ };
#define HUGE_PAGE (2ul << 20)
#define HUGE_FROM (512ul << 10)

/* Reads the index; the file's descriptor, or -1. */
static int open_index(struct engine *e)
{
    struct pcache *p = e->pcache;
    uint32_t tbs = 0, links = 0;
    p->opened = true;
    pcache_drop_segments(p);
    p->ino = 0;
    p->reads++;
    pcache_root(p->root);
    int dirfd = pcache_open_dir(p->dir, false);
    if (dirfd < 0)
        return -1;
    int fd = pcache_open_file(dirfd, p->name, O_RDONLY);
    close(dirfd);
    if (fd < 0)
        return -1;
    pcache_read_index(p, fd);
    for (unsigned k = 0; k < p->nsegs; k++) {
        tbs += p->segs[k].s.ntbs;
        links += p->segs[k].s.nlinks;
    }
    cache_expect(&e->cache, tbs, links);
    return fd;
}

/* The file of the index, if it still is that, unless *kept has it already (not -1). False: it isn't there. */
static bool reopen(const struct pcache *p, int *kept)
{
    struct stat st;
    if (*kept >= 0)
        return true;
    int dirfd = pcache_open_dir(p->dir, false);
    if (dirfd < 0)
        return false;
    int fd = pcache_open_file(dirfd, p->name, O_RDONLY);
    close(dirfd);
    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_ino != p->ino || st.st_dev != p->dev)) {
        close(fd);
        fd = -1;
    }
    *kept = fd;
    return fd >= 0;
}

/* Memory for a segment's meta data: huge pages, as page by page it would cost as much as what it is for. */
static uint8_t *temporary(struct pcache *p, size_t n)
{
    if (n <= p->cap_temp)
        return p->temp;
    if (p->temp)
        munmap(p->temp, p->cap_temp);
    size_t cap = (n + 4095) & ~4095ul, more = n > HUGE_FROM ? HUGE_PAGE : 0;
    if (more)
        cap = (n + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
    uint8_t *at = mmap(NULL, cap + more, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | (more ? MAP_NORESERVE : MAP_POPULATE), -1, 0);
    p->temp = NULL;
    p->cap_temp = 0;
    if (at == MAP_FAILED)
        return NULL;
    if (more) {
        uintptr_t lead = -(uintptr_t)at & (HUGE_PAGE - 1);
        if (lead)
            munmap(at, lead);
        if (lead < more)
            munmap(at + lead + cap, more - lead);
        at += lead;
        madvise(at, cap, MADV_HUGEPAGE);
    }
    p->temp = at;
    p->cap_temp = cap;
    return at;
}

static void drop_temporary(struct pcache *p)
{
    if (p->cap_temp >= HUGE_PAGE) {
        munmap(p->temp, p->cap_temp);
        p->temp = NULL;
        p->cap_temp = 0;
    }
}

struct meta pcache_meta(const struct stored_seg *s, uint8_t *at)
{
    struct meta m = { .tbs = (void *)at };
    m.links = (void *)(m.tbs + s->ntbs);
    m.relocs = (void *)(m.links + s->nlinks);
    m.flexes = (void *)(m.relocs + s->nrelocs);
    m.fns = (const int64_t *)(const void *)(at + seg_meta_len(s, sizeof(struct xlate_flex))) - s->nfns;
    return m;
}

bool pcache_well_formed(const struct stored_seg *s, const struct meta *m, const struct ir_target *t)
{
    uint64_t links = 0, faults = 0, flexes = 0, relocs = 0, end = 0;
    for (uint32_t k = 0; k < s->ntbs; k++) {
        const struct stored_tb *x = &m->tbs[k];
        uint64_t pc = s->lo + x->pc;
        if (x->code_off < end || x->code_off % 16 || (end = (uint64_t)x->code_off + x->code_len) > s->code_len ||
            !x->code_len || x->before > x->pc || pc + x->len > s->hi || x->before + x->len > MAX_SEEN ||
            (x->nlinks && (uint64_t)x->id_off + 4 > x->code_len) || x->in_links > s->nlinks ||
            x->nflex > MAX_FLEX || relocs + x->nrelocs > s->nrelocs || links + x->nlinks > s->nlinks)
            return false;
        for (uint32_t j = 0; j < x->nrelocs; j++) {
            uint32_t r = m->relocs[relocs + j], kind = r >> 16 & 15, v = r >> 20;
            if ((r & 0xffff) + (kind == RELOC_STUB ? 4 : 8) > x->code_len ||
                v >= (kind == RELOC_STUB ? NSTUBS : kind == RELOC_HELPER ? t->nhelpers :
                      kind == RELOC_FN ? s->nfns : 0))
                return false;
        }
        for (uint32_t j = 0; j < x->nlinks; j++) {
            const struct stored_link *l = &m->links[links + j];
            if (l->field + 4u > x->code_len || l->stub >= x->code_len || l->target > s->ntbs || l->next > s->nlinks)
                return false;
        }
        links += x->nlinks;
        faults += x->nfaults;
        flexes += x->nflex;
        relocs += x->nrelocs;
    }
    return links == s->nlinks && faults == s->nfaults && flexes == s->nflexes && relocs == s->nrelocs;
}

/* Marks (zero = 1) the translations whose guest bytes here are not those they were made from, or that may
 * not be used for another reason. How many are right. */
static uint32_t compare(struct engine *e, const struct stored_seg *s, struct stored_tb *tbs,
                        const struct code_window *w)
{
    uint8_t bytes[MAX_SEEN];
    uint32_t right = 0;
    e->pcache->have = 0;
    for (uint32_t k = 0; k < s->ntbs; k++) {
        struct stored_tb *x = &tbs[k];
        uint64_t pc = s->lo + x->pc, lo = pc - x->before;
        size_t len = (size_t)x->before + x->len;
        if (k + AHEAD < s->ntbs) /* guest code is cold: it has not been read in this process */
            __builtin_prefetch(w->host + (int64_t)(s->lo + tbs[k + AHEAD].pc - w->pc));
        x->zero = lo < w->stored_lo || pc + x->len > w->stored_hi ||
                  page_is_masked(e, pc) ||
                  e->cfg.read(e->cfg.owner, bytes, lo, len) != 0 ||
                  pcache_hash(bytes, len, e->pcache->file_seed) != x->hash;
        if (!x->zero && cache_may_begin(&e->cache, pc) && cache_find(&e->cache, pc)) {
            x->zero = 1;
            e->pcache->have++;
        }
        right += !x->zero;
    }
    return right;
}

static void relocate(const struct engine *e, const struct meta *m, const uint32_t *r, unsigned n, uint8_t *at,
                     intptr_t delta)
{
    for (unsigned k = 0; k < n; k++) {
        uint8_t *field = at + (r[k] & 0xffff);
        uint32_t v = r[k] >> 20, kind = r[k] >> 16 & 15;
        if (kind == RELOC_STUB) {
            int32_t rel = (int32_t)(e->stubs.at[v] - (field + delta + 4));
            memcpy(field, &rel, 4);
        } else {
            uint64_t to = kind == RELOC_HELPER ? (uint64_t)(uintptr_t)e->cfg.guest->ir->helpers[v].fn
                                               : (uint64_t)m->fns[v] + (uint64_t)(uintptr_t)host_xlate;
            memcpy(field, &to, 8);
        }
    }
}

/* Links to a translation that isn't used lead to their stubs. code: the segment's, which will be at base. */
static void cut_out(struct cache *c, struct tb *tb, uint8_t *code, uint32_t base)
{
    for (uint32_t k = tb->in_links, next; k; k = next) {
        struct tb_link *l = &c->links[k - 1];
        int32_t rel = (int32_t)(l->stub_off - (l->field_off + 4));
        memcpy(code + (l->field_off - base), &rel, 4);
        next = l->next;
        l->target = l->next = 0;
    }
    tb->in_links = 0;
}

/* The code, which is at code and will be at base in the arena, is made to fit there, and the tables are made; the faults
 * are behind those in use. */
static void install(struct engine *e, const struct stored_seg *s, const struct meta *m, uint8_t *code, uint32_t base)
{ /* tables are made in place, from the front; what they are made of ends where they do, and is shorter */
    struct cache *c = &e->cache;
    intptr_t delta = c->rx + base - code;
    uint32_t link = 0, fault = 0, flex = 0, reloc = 0;
    for (uint32_t k = 0; k < s->ntbs; k++) {
        const struct stored_tb stored = m->tbs[k], *x = &stored;
        struct tb *tb = &c->tbs[c->ntbs + k];
        uint8_t *at = code + x->code_off;
        uint32_t first = c->nlinks + link;
        *tb = (struct tb){
            .pc = s->lo + x->pc, .code_off = base + x->code_off, .code_len = x->code_len,
            .faults = c->nfaults + fault, .links = first, .flex = c->nflexes + flex,
            .in_links = x->in_links ? c->nlinks + x->in_links : 0, .nfaults = x->nfaults, .nlinks = x->nlinks,
            .before = x->before, .len = x->len, .nflex = x->nflex, .valid = !x->zero, .loops = (x->kind & STORED_LOOPS) != 0,
            .lands = (x->kind & STORED_LANDS) != 0,
            .dispatches = x->dispatches };
        for (uint32_t j = 0; j < x->nlinks; j++) {
            const struct stored_link stored_link = m->links[link + j], *l = &stored_link;
            c->links[first + j] = (struct tb_link){
                .pc = tb->pc + (uint64_t)(int64_t)l->pc, .field_off = tb->code_off + l->field,
                .stub_off = tb->code_off + l->stub, .target = l->target ? c->ntbs + l->target : 0,
                .next = l->next ? c->nlinks + l->next : 0 };
        }
        if (x->kind & STORED_TIER2 && !x->zero) {
            e->pcache->st.tier2++;
            tier2_loaded(e, tb->pc);
        }
        if (x->nlinks)
            memcpy(at + x->id_off, &first, 4);
        relocate(e, m, m->relocs + reloc, x->nrelocs, at, delta);
        reloc += x->nrelocs;
        link += x->nlinks;
        fault += x->nfaults;
        flex += x->nflex;
    }
    memcpy(c->flexes + c->nflexes, m->flexes, s->nflexes * sizeof *m->flexes);
    for (uint32_t k = 0; k < s->ntbs; k++)
        if (!c->tbs[c->ntbs + k].valid)
            cut_out(c, &c->tbs[c->ntbs + k], code, base);
}

static void enter(struct cache *c, const struct stored_seg *s)
{
    c->nlinks += s->nlinks;
    c->nfaults += s->nfaults;
    c->nflexes += s->nflexes;
    cache_enter(c, s->ntbs);
}

/* Reads code and faults to where they will be. m: of the segment, judged; the tables have room. False: as if nothing had been. */
static bool load_code(struct engine *e, const struct segment *g, const struct meta *m, int fd)
{
    struct pcache *p = e->pcache;
    struct cache *c = &e->cache;
    const struct stored_seg *s = &g->s;
    size_t fault_len = s->nfaults * sizeof(struct fault_entry);
    uint64_t from = g->at + seg_meta_len(s, sizeof(struct xlate_flex));
    uint32_t base;
    uint8_t *own = arena_load(c, s->code_len, &base), *code = own;
    if (!own)
        base = (uint32_t)(c->used + LINE - 1) & ~(uint32_t)(LINE - 1);
    /* at most half of the arena: the rest is for what is new */
    bool good = base + s->code_len <= c->size / 2 &&
                (own || cache_reserve(c, s->code_len + LINE, s->ntbs, s->nlinks, s->nfaults, s->nflexes));
    if (good && !own)
        code = c->rw + base;
    good = good && pcache_pread(fd, c->faults + c->nfaults, fault_len, from) &&
           pcache_pread(fd, code, s->code_len, from + fault_len) &&
           pcache_hash(c->faults + c->nfaults, fault_len, p->file_seed) == s->sum[1] &&
           pcache_hash(code, s->code_len, p->file_seed) == s->sum[2];
    if (good)
        install(e, s, m, code, base);
    if (own) {
        if (good)
            good = arena_seal(c, own, base, s->code_len);
        else
            arena_drop(own, s->code_len);
    } else if (good) {
        c->used = (base + s->code_len + 15) & ~15ul;
    }
    if (good)
        enter(c, s);
    return good;
}

/* A glance at the first translations, before all is read: is this another program's, or another version's?
 * What it says is not relied on. */
static bool is_another(struct engine *e, const struct segment *g, const struct code_window *w, int fd)
{
    struct stored_tb first[GLANCE];
    struct stored_seg s = g->s;
    if (s.ntbs < 2 * GLANCE)
        return false;
    s.ntbs = GLANCE;
    if (!pcache_pread(fd, first, sizeof first, g->at))
        return true;
    for (unsigned k = 0; k < GLANCE; k++)
        if (first[k].before + first[k].len > MAX_SEEN)
            return true;
    return compare(e, &s, first, w) < GLANCE / 4;
}

/* *spare: it isn't loaded because most of it is there already. */
static bool load_from(struct engine *e, struct segment *g, const struct code_window *w, int fd, bool *spare)
{
    struct pcache *p = e->pcache;
    const struct stored_seg *s = &g->s;
    struct cache *c = &e->cache;
    if (is_another(e, g, w, fd)) {
        if (!(*spare = p->have >= GLANCE / 4))
            g->verdict = REFUSED;
        return false;
    }
    size_t tables = seg_tables_len(s), rest_len = seg_meta_len(s, sizeof(struct xlate_flex)) - tables;
    if (!cache_reserve(c, 0, s->ntbs, s->nlinks, s->nfaults, s->nflexes))
        return false;
    uint8_t *rest = temporary(p, rest_len);
    struct stored_tb *tbs = (void *)((uint8_t *)(c->tbs + c->ntbs + s->ntbs) - s->ntbs * sizeof *tbs);
    struct stored_link *links = (void *)((uint8_t *)(c->links + c->nlinks + s->nlinks) - s->nlinks * sizeof *links);
    static_assert(sizeof *tbs <= sizeof *c->tbs && sizeof *links <= sizeof *c->links, "in place");
    if (!rest || !pcache_pread(fd, tbs, s->ntbs * sizeof *tbs, g->at) ||
        !pcache_pread(fd, links, s->nlinks * sizeof *links, g->at + s->ntbs * sizeof *tbs) ||
        !pcache_pread(fd, rest, rest_len, g->at + tables) ||
        pcache_meta_sum(s, tbs, links, rest, rest_len, p->file_seed) != s->sum[0])
        return false;
    const uint32_t *relocs = (void *)rest;
    struct meta m = { .tbs = tbs, .links = links, .relocs = relocs, .flexes = (void *)(relocs + s->nrelocs),
                      .fns = (const int64_t *)(const void *)(rest + rest_len) - s->nfns };
    if (!pcache_well_formed(s, &m, e->cfg.guest->ir))
        return false;
    uint32_t right = compare(e, s, m.tbs, w);
    if (right * 2 < s->ntbs) {
        if (!(*spare = (right + p->have) * 2 >= s->ntbs))
            g->verdict = REFUSED;
        return false;
    }
    if (!load_code(e, g, &m, fd))
        return false;
    g->verdict = LOADED;
    g->mapping = w->stored_lo;
    return true;
}

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool load(struct engine *e, struct segment *g, const struct code_window *w, int *fd)
{
    struct pcache *p = e->pcache;
    uint32_t first = e->cache.ntbs;
    bool spare = false, done = reopen(p, fd) && load_from(e, g, w, *fd, &spare);
    drop_temporary(p);
    if (!done) {
        p->st.refused += !spare;
        return false;
    }
    p->st.segs++;
    p->st.tbs += g->s.ntbs;
    p->st.insns += g->s.ninsns;
    for (uint32_t k = first; e->perfmap && k < e->cache.ntbs; k++)
        fprintf(e->perfmap, "%llx %x guest_%llx\n",
                (unsigned long long)(uintptr_t)tb_code(&e->cache, &e->cache.tbs[k]), e->cache.tbs[k].code_len,
                (unsigned long long)e->cache.tbs[k].pc);
    return true;
}

static uint32_t filter_bit(const struct segment *g, uint64_t pc)
{
    return (uint32_t)((pc - g->s.lo) * 0x9e3779b97f4a7c15u >> 32) & g->mask;
}

/* Asks the file what the segment holds; only a guide, so nothing is verified. False: no memory or no file. */
static bool make_filter(struct pcache *p, struct segment *g, int *fd)
{
    struct stored_tb tbs[256];
    uint32_t bits = 4096;
    while (bits < g->s.ntbs * 8)
        bits *= 2;
    uint8_t *filter = reopen(p, fd) ? calloc(bits / 8, 1) : NULL;
    g->mask = bits - 1;
    for (uint32_t k = 0, n; filter && k < g->s.ntbs; k += n) {
        n = g->s.ntbs - k < sizeof tbs / sizeof *tbs ? g->s.ntbs - k : sizeof tbs / sizeof *tbs;
        if (!pcache_pread(*fd, tbs, n * sizeof *tbs, g->at + k * sizeof *tbs)) {
            free(filter);
            filter = NULL;
            break;
        }
        for (uint32_t j = 0; j < n; j++) {
            uint32_t bit = filter_bit(g, g->s.lo + tbs[j].pc);
            filter[bit / 8] |= (uint8_t)(1 << bit % 8);
        }
    }
    g->filter = filter;
    return filter != NULL;
}

/* A program's file may hold far more than a run needs (a compiler's): a large segment is loaded for what it holds
 * alone, a small one for what is near. */
static bool may_hold(struct pcache *p, struct segment *g, uint64_t pc, int *fd)
{
    if (g->s.ninsns <= SMALL_SEGMENT || (!g->filter && !make_filter(p, g, fd)))
        return true;
    uint32_t bit = filter_bit(g, pc);
    return g->filter[bit / 8] >> (bit % 8) & 1;
}

/* May the segment have the translation at pc? tier2: or better ones for the mapping, than older segments have. */
static bool is_of_use(struct pcache *p, struct segment *g, uint64_t pc, const struct code_window *w, bool tier2, int *fd)
{
    if (!g->waiting || !g->s.ntier2 != !tier2)
        return false;
    return (tier2 ? g->s.lo >= w->stored_lo && g->s.hi <= w->stored_hi : pc >= g->s.lo && pc < g->s.hi) &&
           may_hold(p, g, pc, fd);
}

struct tb *pcache_find(struct engine *e, uint64_t pc, const struct code_window *w)
{
    struct pcache *p = e->pcache;
    struct tb *tb = NULL;
    uint64_t t0 = 0;
    int fd = -1, err = errno;
    if (e->check_tiny)
        return NULL;
    if (!p->opened && p->reads < MAX_READS)
        fd = open_index(e);
    for (unsigned k = p->nsegs * 2; k-- && !(tb && k < p->nsegs);) { /* those with tier 2 code first, the newest before */
        struct segment *g = &p->segs[k % p->nsegs];
        if (!is_of_use(p, g, pc, w, k >= p->nsegs, &fd))
            continue;
        if ((log_mask & LOG_STATS) && !t0)
            t0 = now_ns();
        g->waiting = false;
        g->tries++;
        if (load(e, g, w, &fd))
            tb = cache_find(&e->cache, pc);
    }
    if (fd >= 0)
        close(fd);
    errno = err;
    if (t0)
        p->st.ns += now_ns() - t0;
    return tb;
}
