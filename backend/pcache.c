/*
 * The persistent cache in a running process: which file, and what may be kept, noted as it is translated. What the file has
 * is loaded by pcache_load.c; what is written and how is pcache_save.c's.
 *
 * Loaded translations are like others in every respect: they are found, linked, retired and emptied by the same tables.
 */
#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include "pcache.h"

enum { TIER2_WORTH = 32 /* a hot loop is worth more than code that ran once */, MAX_TRIES = 8 };

/* ----------------------------------------------------------------- identity */

static const uint64_t name_key[4] = { 0x243f6a8885a308d3, 0x13198a2e03707344, 0xa4093822299f31d0,
                                      0x082efa98ec4e6c89 };

/* The linker's build id of this program: its length, 0 if there is none. */
static int find_build_id(struct dl_phdr_info *info, size_t size, void *out)
{
    (void)size;
    for (unsigned k = 0; k < info->dlpi_phnum; k++) {
        const ElfW(Phdr) *ph = &info->dlpi_phdr[k];
        if (ph->p_type != PT_NOTE)
            continue;
        const char *at = (const char *)(uintptr_t)(info->dlpi_addr + ph->p_vaddr), *end = at + ph->p_memsz;
        while (at + sizeof(ElfW(Nhdr)) <= end) {
            const ElfW(Nhdr) *n = (const void *)at;
            const char *name = at + sizeof *n, *desc = name + ((n->n_namesz + 3) & ~3u);
            if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && !memcmp(name, "GNU", 4) &&
                n->n_descsz >= 8 && n->n_descsz <= 32) {
                memcpy(out, desc, n->n_descsz);
                return (int)n->n_descsz;
            }
            at = desc + ((n->n_descsz + 3) & ~3u);
        }
    }
    return -1; /* the program itself comes first: no other is asked */
}

struct pcache *pcache_new(struct engine *e)
{
    const struct engine_config *c = &e->cfg;
    struct {
        uint8_t build[32];
        char guest[16], program[256];
        uint64_t features[4], options[4], host, version;
        uint32_t max_insns, max_blocks, without, tier2;
        uint64_t stress;
        uint8_t exact_fp, gs, zero[6];
    } id;
    if (!c->persist_dir || !c->read || c->interp || c->one_insn || c->precise ||
        (log_mask & (LOG_IN_ASM | LOG_IR | LOG_OPT | LOG_OUT_ASM)))
        return NULL;
    memset(&id, 0, sizeof id);
    if (dl_iterate_phdr(find_build_id, id.build) <= 0)
        return NULL;
    struct pcache *p = cache_pages(sizeof *p);
    if (!p || getrandom(p->seed, sizeof p->seed, 0) != sizeof p->seed) {
        if (p)
            munmap(p, sizeof *p);
        return NULL;
    }
    strncpy(id.guest, c->guest->name, sizeof id.guest - 1);
    strncpy(id.program, c->persist_name ? c->persist_name : "", sizeof id.program - 1);
    memcpy(id.features, c->model->features, sizeof id.features);
    memcpy(id.options, c->model->options, sizeof id.options);
    id.host = host_features_bits(e->hf);
    id.version = sizeof(struct stored_tb);
    id.max_insns = c->max_insns;
    id.max_blocks = c->max_blocks;
    id.without = c->without;
    id.tier2 = c->tier2_always;
    id.stress = c->stress;
    id.exact_fp = c->model->exact_fp;
    id.gs = c->persist_gs;
    p->config[0] = pcache_hash(&id, sizeof id, name_key);
    id.version ^= p->config[0];
    p->config[1] = pcache_hash(&id, sizeof id, name_key);
    p->dir = c->persist_dir;
    p->limit = c->persist_size;
    snprintf(p->name, sizeof p->name, "%016llx" PCACHE_SUFFIX, (unsigned long long)p->config[0]);
    return p;
}

void pcache_free(struct pcache *p)
{
    if (!p)
        return;
    pcache_drop_segments(p);
    free(p->segs);
    free(p->notes);
    free(p->relocs);
    if (p->temp)
        munmap(p->temp, p->cap_temp);
    munmap(p, sizeof *p);
}

/* ------------------------------------------------------------------- notes */

/* Room for n more entries of the given size. */
static bool room(void **at, uint32_t used, uint32_t n, uint32_t *cap, size_t size)
{
    if (used + n <= *cap)
        return true;
    uint32_t to = *cap ? *cap * 2 : 1024;
    while (to < used + n)
        to *= 2;
    void *more = realloc(*at, to * size);
    if (!more)
        return false;
    *at = more;
    *cap = to;
    return true;
}

static int function_number(struct pcache *p, int64_t fn)
{
    for (uint32_t k = 0; k < p->nfns; k++)
        if (p->fns[k] == fn)
            return (int)k;
    if (p->nfns == RELOC_VALUES)
        return -1;
    p->fns[p->nfns] = fn;
    return (int)p->nfns++;
}

/* The bytes in [lo, lo + len) hold every word that was read. */
static bool as_read(const struct code_log *l, const uint8_t *bytes, uint32_t lo, uint32_t len)
{
    for (uint32_t k = 0; k < l->n; k++) {
        uint32_t at = l->read[k].at - lo;
        if (at > len - 4)
            continue; /* look-ahead that came to no conclusion */
        if (memcmp(bytes + at, &l->read[k].word, 4))
            return false;
    }
    return true;
}

void pcache_note(struct engine *e, const struct tb *tb, const struct code_window *w, const struct xlate_out *o,
                 unsigned ninsns, bool tier2)
{
    struct pcache *p = e->pcache;
    uint8_t bytes[MAX_SEEN];
    uint64_t lo = tb_lo(tb), hi = tb_hi(tb);
    size_t len = hi - lo;
    if (e->check_tiny || tb->region || tb->masked || lo < w->stored_lo || hi > w->stored_hi ||
        len > sizeof bytes || len < 4 || (w->log && w->log->n > CODE_LOG) || o->nrelocs > UINT16_MAX ||
        tb->code_len > UINT16_MAX ||
        !room((void **)&p->notes, p->nnotes, 1, &p->cap_notes, sizeof *p->notes) ||
        !room((void **)&p->relocs, p->nrelocs, o->nrelocs, &p->cap_relocs, sizeof *p->relocs))
        return;
    memcpy(bytes, w->host - (w->pc - lo), len);
    if (w->log && !as_read(w->log, bytes, (uint32_t)lo, (uint32_t)len))
        return;
    uint32_t *r = p->relocs + p->nrelocs;
    for (uint32_t k = 0; k < o->nrelocs; k++) {
        int64_t v = o->relocs[k].value;
        if (o->relocs[k].kind == RELOC_FN)
            v = function_number(p, v);
        if (v < 0 || v >= RELOC_VALUES)
            return;
        r[k] = o->relocs[k].off | o->relocs[k].kind << 16 | (uint32_t)v << 20;
    }
    p->notes[p->nnotes++] = (struct note){
        .hash = pcache_hash(bytes, len, p->seed), .lo = w->stored_lo, .tb = (uint32_t)(tb - e->cache.tbs),
        .reloc = p->nrelocs, .nrelocs = (uint16_t)o->nrelocs, .ninsns = (uint16_t)ninsns,
        .id_off = o->nlinks ? o->id_off : 0, .tier2 = tier2 };
    p->nrelocs += o->nrelocs;
    p->new_insns += ninsns * (tier2 ? TIER2_WORTH : 1);
}

/* ----------------------------------------------------------------- changes */

void pcache_flushed(struct engine *e)
{
    struct pcache *p = e->pcache;
    p->nnotes = p->nrelocs = p->new_insns = 0;
    p->opened = false;
    pcache_drop_segments(p);
}

void pcache_changed(struct engine *e, uint64_t start, uint64_t len)
{
    struct pcache *p = e->pcache;
    for (unsigned k = 0; k < p->nsegs; k++) {
        struct segment *g = &p->segs[k];
        if (!g->waiting && g->tries < MAX_TRIES && g->s.lo < start + len && g->s.hi > start)
            g->waiting = true;
    }
}

void pcache_forked(struct engine *e)
{
    struct pcache *p = e->pcache;
    p->nnotes = p->nrelocs = p->new_insns = 0;
}

void pcache_stats(const struct pcache *p, FILE *f)
{
    fprintf(f, "persistent cache: %llu translations  %llu guest insns loaded  %llu segments  %llu refused  "
               "%.2f ms  %llu saved  %llu of tier 2%s\n",
            (unsigned long long)p->st.tbs, (unsigned long long)p->st.insns, (unsigned long long)p->st.segs,
            (unsigned long long)p->st.refused, (double)p->st.ns / 1e6, (unsigned long long)p->st.saved, (unsigned long long)p->st.tier2,
            p->st.merged ? "  merged" : "");
}
