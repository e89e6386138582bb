/*
 * Regions, mappings and the flat view of the physical address space.
 *
 * The view is an array of ranges in the order of addresses, made anew by each commit: mappings are laid over one
 * another from the lowest priority up. A reader publishes the view it is about to use in its own struct, then looks
 * whether it is still the current one (a hazard pointer); a commit frees the old view when no reader names it. So a
 * lookup costs two stores, two loads and a binary search, and takes no lock.
 *
 * What the guest asks for is never trusted: sizes, alignments and ends are checked here, once for all devices.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine_lock.h"
#include "physmem.h"

struct mapping {
    struct mem_region *r;
    gpa_t base, last;
    uint64_t offset;
    int priority;
    unsigned age; /* among equal priorities the younger is above */
    struct mapping *next;
};

struct view {
    unsigned n;
    struct mem_range at[];
};

struct physmem {
    struct view *view;
    uint32_t version;      /* counts views, from 1 */
    struct mapping *mappings;
    struct mem_reader *readers;
    pthread_mutex_t lock; /* mappings, readers, commits */
    unsigned nmappings, ages, open;
    gpa_t changed_first, changed_last; /* since the last commit; first > last: nothing */
    void (*changed)(void *arg, gpa_t start, gpa_t last);
    void *changed_arg;
    void (*code_written)(void *arg, struct mem_region *r, uint64_t offset, uint64_t n);
    void *code_arg;
};

/* ------------------------------------------------------------------ regions */

static struct mem_region *new_region(const char *name, enum mem_kind kind, uint64_t size)
{
    struct mem_region *r = calloc(1, sizeof *r);
    char *copy = strdup(name);
    if (!r || !copy) {
        free(r);
        free(copy);
        return NULL;
    }
    *r = (struct mem_region){ .name = copy, .kind = kind, .size = size, .fd = -1 };
    return r;
}

/* Memory on the file fd, which is the region's from now on. */
static struct mem_region *on_file(const char *name, uint64_t size, enum mem_kind kind, int fd, int how, int *error)
{
    struct mem_region *r = new_region(name, kind, size);
    *error = -ENOMEM;
    if (!r) {
        close(fd);
        return NULL;
    }
    r->fd = fd;
    r->apart = how & MAP_PRIVATE;
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, how, r->fd, 0);
    if (at == MAP_FAILED)
        goto failed;
    r->host = at;
    at = mmap(NULL, size >> PAGE_BITS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        goto failed;
    r->pages = at;
    return r;
failed:
    *error = -errno;
    mem_free(r);
    return NULL;
}

struct mem_region *mem_new_ram(const char *name, uint64_t size, enum mem_kind kind, int *error)
{
    int fd = memfd_create(name, MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size) < 0) {
        *error = -errno;
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    return on_file(name, size, kind, fd, MAP_SHARED | MAP_NORESERVE, error);
}

/* Reserved: of huge pages that are not there we hear now, not by a signal later. */
struct mem_region *mem_new_file(const char *name, uint64_t size, int fd, bool share, int *error)
{
    return on_file(name, size, MEM_RAM, fd, share ? MAP_SHARED : MAP_PRIVATE, error);
}

struct mem_region *mem_new_mmio(const char *name, uint64_t size, const struct mmio_ops *ops, void *device)
{
    struct mem_region *r = new_region(name, MEM_MMIO, size);
    if (r)
        mem_set_device(r, ops, device);
    return r;
}

void mem_set_device(struct mem_region *r, const struct mmio_ops *ops, void *device)
{
    r->ops = ops;
    r->device = device;
}

void mem_free(struct mem_region *r)
{
    if (!r)
        return;
    if (r->host)
        munmap(r->host, r->size);
    if (r->pages)
        munmap(r->pages, r->size >> PAGE_BITS);
    if (r->fd >= 0)
        close(r->fd);
    free((char *)r->name);
    free(r);
}

/* ------------------------------------------------------------------ readers */

void physmem_reader_add(struct physmem *m, struct mem_reader *who)
{
    pthread_mutex_lock(&m->lock);
    who->view = NULL;
    who->version = 0;
    who->next = m->readers;
    m->readers = who;
    pthread_mutex_unlock(&m->lock);
}

void physmem_reader_remove(struct physmem *m, struct mem_reader *who)
{
    pthread_mutex_lock(&m->lock);
    for (struct mem_reader **p = &m->readers; *p; p = &(*p)->next)
        if (*p == who) {
            *p = who->next;
            break;
        }
    pthread_mutex_unlock(&m->lock);
}

static const struct view *enter_view(struct physmem *m, struct mem_reader *who)
{
    for (;;) {
        const struct view *v = __atomic_load_n(&m->view, __ATOMIC_ACQUIRE);
        __atomic_store_n(&who->view, v, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&m->view, __ATOMIC_SEQ_CST) == v)
            return v;
    }
}

static void leave_view(struct mem_reader *who) { __atomic_store_n(&who->view, NULL, __ATOMIC_RELEASE); }

bool physmem_find(struct physmem *m, struct mem_reader *who, gpa_t gpa, struct mem_range *out)
{
    /* Most come from walks of translation tables, one after the other in the same memory. */
    uint32_t version = __atomic_load_n(&m->version, __ATOMIC_ACQUIRE);
    if (who->version == version && gpa >= who->last.base && gpa <= who->last.last) {
        *out = who->last;
        return true;
    }
    const struct view *v = enter_view(m, who);
    unsigned lo = 0, hi = v->n; /* the first range that ends at or after gpa */
    while (lo < hi) {
        unsigned k = (lo + hi) / 2;
        if (v->at[k].last < gpa)
            lo = k + 1;
        else
            hi = k;
    }
    bool found = lo < v->n && v->at[lo].base <= gpa;
    if (found) {
        *out = v->at[lo];
        who->last = *out;
        who->version = version;
    } else {
        *out = (struct mem_range){ .base = lo ? v->at[lo - 1].last + 1 : 0,
                                   .last = lo < v->n ? v->at[lo].base - 1 : ~0ull };
    }
    leave_view(who);
    return found;
}

/* ------------------------------------------------------------------ commits */

/* Puts mapping a over the n ranges at out, which are in order; returns how many there are then. A range that it
 * hits in the middle becomes two, so there is room for two more. */
static unsigned overlay(struct mem_range *out, unsigned n, const struct mapping *a)
{
    struct mem_range rest[2];
    unsigned first = 0, nrest = 0;
    while (first < n && out[first].last < a->base)
        first++;
    unsigned end = first;
    while (end < n && out[end].base <= a->last)
        end++;
    if (first < end && out[first].base < a->base) {
        rest[0] = out[first];
        rest[0].last = a->base - 1;
        nrest = 1;
    }
    struct mem_range whole = { a->base, a->last, a->offset, a->r };
    struct mem_range tail;
    bool has_tail = first < end && out[end - 1].last > a->last;
    if (has_tail) {
        tail = out[end - 1];
        tail.offset += a->last + 1 - tail.base;
        tail.base = a->last + 1;
    }
    unsigned pieces = nrest + 1 + has_tail;
    memmove(out + first + pieces, out + end, (n - end) * sizeof *out);
    if (nrest)
        out[first] = rest[0];
    out[first + nrest] = whole;
    if (has_tail)
        out[first + nrest + 1] = tail;
    return n - (end - first) + pieces;
}

static int by_priority(const void *a, const void *b)
{
    const struct mapping *x = *(struct mapping *const *)a, *y = *(struct mapping *const *)b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    return x->age < y->age ? -1 : 1;
}

static bool build_view(struct physmem *m, struct view **out)
{
    struct view *v = malloc(sizeof *v + (2 * m->nmappings + 2) * sizeof v->at[0]);
    struct mapping **order = malloc((m->nmappings + 1) * sizeof *order);
    if (!v || !order) {
        free(v);
        free(order);
        return false;
    }
    unsigned n = 0;
    for (struct mapping *p = m->mappings; p; p = p->next)
        order[n++] = p;
    qsort(order, n, sizeof *order, by_priority);
    v->n = 0;
    for (unsigned k = 0; k < n; k++)
        v->n = overlay(v->at, v->n, order[k]);
    free(order);
    *out = v;
    return true;
}

static void wait_for_readers(struct physmem *m, const struct view *old)
{
    for (struct mem_reader *who = m->readers; who; who = who->next)
        while (__atomic_load_n(&who->view, __ATOMIC_SEQ_CST) == old)
            sched_yield();
}

/* m->lock held. Without memory for a new view the old one stays: the guest sees its last map. */
static void commit(struct physmem *m)
{
    struct view *now, *old = m->view;
    gpa_t first = m->changed_first, last = m->changed_last;
    if (first > last || !build_view(m, &now))
        return;
    m->changed_first = ~0ull;
    m->changed_last = 0;
    __atomic_store_n(&m->view, now, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&m->version, 1, __ATOMIC_SEQ_CST);
    wait_for_readers(m, old);
    free(old);
    if (m->changed)
        m->changed(m->changed_arg, first, last);
}

void physmem_begin(struct physmem *m)
{
    pthread_mutex_lock(&m->lock);
    m->open++;
    pthread_mutex_unlock(&m->lock);
}

void physmem_commit(struct physmem *m)
{
    pthread_mutex_lock(&m->lock);
    if (!--m->open)
        commit(m);
    pthread_mutex_unlock(&m->lock);
}

static void note_change(struct physmem *m, const struct mapping *p)
{
    if (p->base < m->changed_first)
        m->changed_first = p->base;
    if (p->last > m->changed_last)
        m->changed_last = p->last;
    if (!m->open)
        commit(m);
}

struct mapping *physmem_map(struct physmem *m, struct mem_region *r, gpa_t base, uint64_t offset, uint64_t size, int priority)
{
    if (!size || offset > r->size || size > r->size - offset)
        return NULL;
    struct mapping *p = malloc(sizeof *p);
    if (!p)
        return NULL;
    gpa_t last = base + (size - 1);
    *p = (struct mapping){ .r = r, .base = base, .last = last < base ? ~0ull : last, .offset = offset, .priority = priority };
    pthread_mutex_lock(&m->lock);
    p->age = m->ages++;
    p->next = m->mappings;
    m->mappings = p;
    m->nmappings++;
    note_change(m, p);
    pthread_mutex_unlock(&m->lock);
    return p;
}

void physmem_unmap(struct physmem *m, struct mapping *at)
{
    if (!at)
        return;
    pthread_mutex_lock(&m->lock);
    for (struct mapping **p = &m->mappings; *p; p = &(*p)->next)
        if (*p == at) {
            *p = at->next;
            m->nmappings--;
            break;
        }
    note_change(m, at);
    pthread_mutex_unlock(&m->lock);
    free(at);
}

struct physmem *physmem_new(void (*changed)(void *arg, gpa_t start, gpa_t last), void *arg)
{
    struct physmem *m = calloc(1, sizeof *m);
    struct view *v = calloc(1, sizeof *v);
    if (!m || !v) {
        free(m);
        free(v);
        return NULL;
    }
    pthread_mutex_init(&m->lock, NULL);
    m->view = v;
    m->version = 1;
    m->changed_first = ~0ull;
    m->changed = changed;
    m->changed_arg = arg;
    return m;
}

void physmem_free(struct physmem *m)
{
    if (!m)
        return;
    for (struct mapping *p = m->mappings, *next; p; p = next) {
        next = p->next;
        free(p);
    }
    free(m->view);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ----------------------------------------------------------------- accesses */

void physmem_on_code(struct physmem *m, void (*code_written)(void *, struct mem_region *, uint64_t, uint64_t), void *arg)
{
    m->code_written = code_written;
    m->code_arg = arg;
}

void physmem_wrote(struct physmem *m, struct mem_region *r, uint64_t offset, uint64_t n)
{
    if (!n)
        return;
    for (uint64_t k = offset >> PAGE_BITS; k <= (offset + n - 1) >> PAGE_BITS; k++) {
        uint8_t bits = __atomic_load_n(&r->pages[k], __ATOMIC_RELAXED);
        if (!(bits & MEM_DIRTY))
            __atomic_fetch_or(&r->pages[k], MEM_DIRTY, __ATOMIC_RELAXED);
        if ((bits & MEM_CODE) && m->code_written) {
            uint64_t lo = k << PAGE_BITS, hi = lo + PAGE_BYTES;
            lo = lo > offset ? lo : offset;
            hi = hi < offset + n ? hi : offset + n;
            m->code_written(m->code_arg, r, lo, hi - lo);
        }
    }
}

void physmem_discard(struct physmem *m, struct mem_region *r, uint64_t offset, uint64_t n)
{
    uint64_t first = (offset + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1), end = (offset + n) & ~(uint64_t)(PAGE_BYTES - 1);
    if (r->kind != MEM_RAM || end <= first || madvise(r->host + first, end - first, MADV_REMOVE) < 0)
        return;
    physmem_wrote(m, r, first, end - first);
}

static bool reads_memory(const struct mem_region *r) { return r->kind != MEM_MMIO; }

/* Access of a device's registers in pieces it takes. value: the little-endian bytes. */
static void device_access(const struct mem_region *r, uint64_t offset, unsigned size, uint64_t *value, bool write, struct mem_attr a)
{
    const struct mmio_ops *o = r->ops;
    unsigned min = o->min ? o->min : 1, max = o->max ? o->max : 8;
    bool locked = !o->unlocked && machine_lock_enter();
    uint64_t got = 0;
    for (unsigned done = 0; done < size;) {
        unsigned n = size - done;
        if (n > max)
            n = max;
        while ((n & (n - 1)) || ((offset + done) & (n - 1)))
            n = n & (n - 1) ? n & (n - 1) : n / 2;
        unsigned wide = n < min ? min : n, skip = (unsigned)((offset + done) & (wide - 1));
        uint64_t at = offset + done - skip, mask = n == 8 ? ~0ull : (1ull << 8 * n) - 1;
        if (write) {
            uint64_t v = *value >> 8 * done & mask;
            uint64_t old = wide != n && o->merges ? o->read(r->device, at, wide, a) : 0;
            v = (old & ~(mask << 8 * skip)) | v << 8 * skip;
            if (o->write)
                o->write(r->device, at, wide, v, a);
        } else {
            uint64_t v = o->read ? o->read(r->device, at, wide, a) : 0;
            got |= (v >> 8 * skip & mask) << 8 * done;
        }
        done += n;
    }
    if (locked)
        machine_lock_leave();
    if (!write)
        *value = got;
}

/* One access inside one range. */
static void access_range(struct physmem *m, const struct mem_range *g, gpa_t gpa, unsigned size, uint64_t *value, bool write, struct mem_attr a)
{
    uint64_t offset = g->offset + (gpa - g->base);
    struct mem_region *r = g->r;
    if (r->kind == MEM_MMIO || (write && r->kind == MEM_ROM_DEVICE)) {
        device_access(r, offset, size, value, write, a);
    } else if (!write) {
        *value = 0;
        memcpy(value, r->host + offset, size);
    } else if (r->kind == MEM_RAM) {
        memcpy(r->host + offset, value, size);
        physmem_wrote(m, r, offset, size);
    }
}

static enum mem_result access_at(struct physmem *m, struct mem_reader *who, gpa_t gpa, unsigned size, uint64_t *value, bool write, struct mem_attr a)
{
    struct mem_range g;
    if (!physmem_find(m, who, gpa, &g)) {
        if (!write)
            *value = size == 8 ? ~0ull : (1ull << 8 * size) - 1;
        return MEM_NOTHING;
    }
    if (g.last - gpa >= size - 1) {
        access_range(m, &g, gpa, size, value, write, a);
        return MEM_OK;
    }
    /* over the end of a range: byte by byte, each where it belongs */
    enum mem_result result = MEM_OK;
    uint64_t got = 0;
    for (unsigned k = 0; k < size; k++) {
        uint64_t byte = *value >> 8 * k & 0xff;
        if (access_at(m, who, gpa + k, 1, &byte, write, a) != MEM_OK)
            result = MEM_NOTHING;
        got |= byte << 8 * k;
    }
    if (!write)
        *value = got;
    return result;
}

enum mem_result physmem_load(struct physmem *m, struct mem_reader *who, gpa_t gpa, unsigned size, uint64_t *value, struct mem_attr a)
{
    return access_at(m, who, gpa, size, value, false, a);
}

enum mem_result physmem_store(struct physmem *m, struct mem_reader *who, gpa_t gpa, unsigned size, uint64_t value, struct mem_attr a)
{
    return access_at(m, who, gpa, size, &value, true, a);
}

void *physmem_host(struct physmem *m, struct mem_reader *who, gpa_t gpa, uint64_t *n, bool write)
{
    struct mem_range g;
    if (!physmem_find(m, who, gpa, &g) || !reads_memory(g.r) || (write && g.r->kind != MEM_RAM))
        return NULL;
    if (*n && g.last - gpa < *n - 1)
        *n = g.last - gpa + 1;
    return g.r->host + g.offset + (gpa - g.base);
}

static enum mem_result copy(struct physmem *m, struct mem_reader *who, gpa_t gpa, uint8_t *at, uint64_t n, bool write, struct mem_attr a)
{
    enum mem_result result = MEM_OK;
    while (n) {
        struct mem_range g;
        bool found = physmem_find(m, who, gpa, &g);
        uint64_t k = g.last - gpa < n - 1 ? g.last - gpa + 1 : n, offset = g.offset + (gpa - g.base);
        if (found && reads_memory(g.r) && !(write && g.r->kind == MEM_ROM_DEVICE)) {
            if (!write) {
                memcpy(at, g.r->host + offset, k);
            } else if (g.r->kind == MEM_RAM) {
                memcpy(g.r->host + offset, at, k);
                physmem_wrote(m, g.r, offset, k);
            }
        } else if (found && k == n && n <= 8 && !(n & (n - 1)) && !(gpa & (n - 1))) {
            uint64_t v = 0;
            if (write)
                memcpy(&v, at, n);
            access_range(m, &g, gpa, (unsigned)n, &v, write, a);
            if (!write)
                memcpy(at, &v, n);
        } else {
            result = MEM_NOTHING;
            if (!write)
                memset(at, 0xff, k);
        }
        gpa += k;
        at += k;
        n -= k;
    }
    return result;
}

enum mem_result physmem_read(struct physmem *m, struct mem_reader *who, gpa_t gpa, void *to, uint64_t n, struct mem_attr a)
{
    return copy(m, who, gpa, to, n, false, a);
}

enum mem_result physmem_write(struct physmem *m, struct mem_reader *who, gpa_t gpa, const void *from, uint64_t n, struct mem_attr a)
{
    return copy(m, who, gpa, (uint8_t *)from, n, true, a); /* it is only read */
}

void physmem_print(struct physmem *m, void (*line)(void *arg, const char *text), void *arg)
{
    static const char *const kind[] = { "ram", "rom", "i/o", "romd" };
    char text[160];
    pthread_mutex_lock(&m->lock); /* no commit meanwhile */
    for (unsigned k = 0; k < m->view->n; k++) {
        const struct mem_range *g = &m->view->at[k];
        snprintf(text, sizeof text, "%016" PRIx64 "-%016" PRIx64 " %s %s +%#" PRIx64, g->base, g->last, kind[g->r->kind], g->r->name,
                 g->offset);
        line(arg, text);
    }
    pthread_mutex_unlock(&m->lock);
}

void physmem_regions(struct physmem *m, void (*fn)(void *arg, struct mem_region *r), void *arg)
{
    struct mem_region *last = NULL;
    gpa_t at = 0;
    for (bool first = true;; first = false) {
        const struct mapping *next = NULL;
        for (const struct mapping *p = m->mappings; p; p = p->next) {
            bool later = first || p->base > at || (p->base == at && (uintptr_t)p->r > (uintptr_t)last);
            if (p->r->host && later && (!next || p->base < next->base || (p->base == next->base && (uintptr_t)p->r < (uintptr_t)next->r)))
                next = p;
        }
        if (!next)
            return;
        at = next->base;
        last = next->r;
        bool seen = false; /* at a lower address */
        for (const struct mapping *p = m->mappings; p; p = p->next)
            seen |= p->r == last && p->base < at;
        if (!seen)
            fn(arg, last);
    }
}
