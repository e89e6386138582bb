/*
 * The memory of translated code: see cache.h.
 *
 * Code is written through one view of shared memory and runs in the other. Pages of the arena can also be frozen: what
 * is there runs, and is never written where it is.
 *
 * - Code from the persistent cache comes as private memory that is filled elsewhere and then moved into the executable
 *   view: it needs neither shared pages, which cost twice as much, nor a second set of page table entries.
 * - A fork freezes all there is: parent and child go on running the same pages. The parent keeps the free part behind them;
 *   the child gets one of its own when it first translates something. Neither copies anything before.
 *
 * A link in frozen code is not patched: its stub finds the way in a table (cache->ways). One that is taken thousands of times
 * is, and one that was patched before and leads to what is retired. Such a patch thaws the page: shared memory of this process's
 * own with the same bytes takes its place in both views. Threads that run there meanwhile see the same code before and
 * after. A thawed page costs 15 microseconds and is two mappings, so after many of them all that is frozen is thawed at once.
 *
 * No page is writable and executable at once: what is moved into the executable view has lost its right to be written.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include "cache.h"

enum { PAGE = 4096, MANY_THAWS = 1024, LEAST_LOAD = 16 << 10 };
#define HUGE_PAGE (2ul << 20)
#define HUGE_FROM (1ul << 20)

static size_t page_up(size_t n) { return (n + PAGE - 1) & ~(size_t)(PAGE - 1); }

/* Memory to be mapped twice, with neither a descriptor nor RLIMIT_FSIZE in the way. */
static uint8_t *shared_memory(void *at, size_t size)
{
    return mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
}

/* A memfd of that size, or -1 where the process may not have one (growing it beyond RLIMIT_FSIZE would
 * raise SIGXFSZ). */
static int code_file(size_t size)
{
    struct rlimit lim;
    if (getrlimit(RLIMIT_FSIZE, &lim) == 0 && lim.rlim_cur < size)
        return -1;
    int fd = memfd_create("myna-code", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, (off_t)size) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* The executable view of the shared memory at rw. */
static uint8_t *second_view(uint8_t *rw, size_t size)
{
    uint8_t *rx = mremap(rw, 0, size, MREMAP_MAYMOVE); /* old size 0: it stays there too */
    if (rx != MAP_FAILED && mprotect(rx, size, PROT_READ | PROT_EXEC) < 0) {
        munmap(rx, size);
        return MAP_FAILED;
    }
    return rx;
}

int arena_init(struct cache *c, size_t size)
{
    c->size = size;
    int fd = code_file(size);
    if (fd >= 0) {
        c->rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        c->rx = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
        close(fd); /* the mappings keep it; a guest counts its own descriptors from 3 */
    } else {
        c->rw = shared_memory(NULL, size);
        c->rx = c->rw == MAP_FAILED ? MAP_FAILED : second_view(c->rw, size);
    }
    if (c->rw == MAP_FAILED || c->rx == MAP_FAILED)
        return errno ? -errno : -ENOMEM;
    c->frozen = cache_pages(size / PAGE / 8 + 8);
    return c->frozen ? 0 : -ENOMEM;
}

void arena_free(struct cache *c)
{
    if (c->rw && c->rw != MAP_FAILED)
        munmap(c->rw, c->size);
    if (c->rx && c->rx != MAP_FAILED)
        munmap(c->rx, c->size);
    if (c->frozen)
        munmap(c->frozen, c->size / PAGE / 8 + 8);
}

/* ---------------------------------------------------------------- frozen pages */

static void mark(struct cache *c, size_t from, size_t to, bool frozen)
{
    for (size_t k = from / PAGE; k < to / PAGE; k++)
        if (frozen)
            c->frozen[k / 64] |= 1ull << (k % 64);
        else
            c->frozen[k / 64] &= ~(1ull << (k % 64));
}

/* Puts memory of this process's own into both views of [from, to), pages; copy: with the bytes that run there now. False:
 * nothing has changed. */
static bool replace(struct cache *c, size_t from, size_t to, bool copy)
{
    size_t n = to - from;
    int err = errno;
    uint8_t *rw = shared_memory(NULL, n), *rx = MAP_FAILED;
    if (rw != MAP_FAILED) {
        if (copy)
            memcpy(rw, c->rx + from, n);
        rx = second_view(rw, n);
    }
    bool done = rx != MAP_FAILED && mremap(rx, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, c->rx + from) != MAP_FAILED;
    /* the executable view is what counts: the other one gets the same memory or, if that fails, nothing is there */
    if (done && mremap(rw, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, c->rw + from) == MAP_FAILED)
        abort(); /* the kernel has room for the one and not for the other */
    if (!done) {
        if (rx != MAP_FAILED)
            munmap(rx, n);
        if (rw != MAP_FAILED)
            munmap(rw, n);
    }
    errno = err;
    if (done)
        mark(c, from, to, false);
    return done;
}

/* New memory for all that is at `from` or behind, where nobody is. False: none to be had; that part can't be used. */
static bool renew(struct cache *c, size_t from)
{
    size_t n = c->size - from;
    int err = errno;
    c->tail_shared = shared_memory(c->rw + from, n) == MAP_FAILED ||
                     mremap(c->rw + from, 0, n, MREMAP_MAYMOVE | MREMAP_FIXED, c->rx + from) == MAP_FAILED ||
                     mprotect(c->rx + from, n, PROT_READ | PROT_EXEC) < 0;
    errno = err;
    if (c->tail_shared) {
        c->used = page_up(c->used);
        return false;
    }
    c->ready = from;
    return true;
}

bool arena_is_frozen(const struct cache *c, uint32_t off)
{
    return c->any_frozen && c->frozen[off / PAGE / 64] >> (off / PAGE % 64) & 1;
}

uint8_t *arena_patch(struct cache *c, uint32_t off)
{
    size_t page = off & ~(size_t)(PAGE - 1), used = page_up(c->used);
    if (!arena_is_frozen(c, off))
        return c->rw + off;
    if (c->thaws++ >= MANY_THAWS && replace(c, c->floor, used, true)) {
        c->thaws = 0;
        c->any_frozen = false; /* but for the stubs, which nobody patches */
        return c->rw + off;
    }
    return replace(c, page, page + PAGE, true) ? c->rw + off : NULL;
}

/* The free part is this process's own. */
static bool own_tail(struct cache *c)
{
    assert(!c->tail_shared || c->used % PAGE == 0);
    return !c->tail_shared || c->used == c->size || renew(c, c->used);
}

bool arena_room(struct cache *c, size_t code)
{
    return c->used + code <= c->size && own_tail(c);
}

void arena_flush(struct cache *c)
{
    if (c->any_frozen || c->tail_shared) {
        if (!renew(c, c->floor))
            return;
        mark(c, c->floor, c->size, false);
        c->any_frozen = false;
        c->thaws = 0;
    }
    c->used = c->floor;
}

/* ---------------------------------------------------------- code that is loaded */

/* Bytes of len that huge pages are for; *all: with the pages behind them. */
static size_t huge_part(size_t len, size_t *all)
{
    size_t huge = (len & ~(HUGE_PAGE - 1)) + ((len & (HUGE_PAGE - 1)) >= HUGE_FROM ? HUGE_PAGE : 0);
    *all = huge > page_up(len) ? huge : page_up(len);
    return huge;
}

uint8_t *arena_load(struct cache *c, size_t len, uint32_t *base)
{
    size_t n, huge = huge_part(len, &n), from = page_up(c->used), extra = huge ? HUGE_PAGE : 0;
    if (huge)
        from += -(uintptr_t)(c->rx + from) & (HUGE_PAGE - 1);
    if (c->no_seal || len < LEAST_LOAD || from + n > c->size)
        return NULL;
    uint8_t *at = mmap(NULL, n + extra, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | (huge ? MAP_NORESERVE : MAP_POPULATE), -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    if (huge) {
        size_t lead = -(uintptr_t)at & (HUGE_PAGE - 1);
        if (lead)
            munmap(at, lead);
        if (lead < extra)
            munmap(at + lead + n, extra - lead);
        at += lead;
        madvise(at, huge, MADV_HUGEPAGE);
    }
    *base = (uint32_t)from;
    return at;
}

void arena_drop(uint8_t *at, size_t len)
{
    size_t n;
    huge_part(len, &n);
    munmap(at, n);
}

bool arena_seal(struct cache *c, uint8_t *at, uint32_t base, size_t len)
{
    size_t n, was = c->used;
    huge_part(len, &n);
    if (mprotect(at, n, PROT_READ | PROT_EXEC) < 0) { /* a policy: what was writable is never executable */
        c->no_seal = true;
        c->used = base;
        bool room = arena_room(c, n);
        if (room)
            memcpy(c->rw + base, at, len);
        else
            c->used = was;
        munmap(at, n);
        return room;
    }
    if (mremap(at, n, n, MREMAP_MAYMOVE | MREMAP_FIXED, c->rx + base) == MAP_FAILED) {
        munmap(at, n);
        if (!replace(c, base, base + n, false)) /* it may have taken away what was there */
            abort();
        return false;
    }
    c->any_frozen = true;
    mark(c, base, base + n, true);
    c->used = base + n;
    if (c->ready < c->used)
        c->ready = c->used;
    return true;
}

/* -------------------------------------------------------------------- fork */

void arena_fork(struct cache *c)
{
    c->used = page_up(c->used); /* the size is one of pages */
    mark(c, 0, c->used, true);
    c->any_frozen = true;
    c->thaws = 0;
}

void arena_forked(struct cache *c)
{
    c->tail_shared = true;
    c->made = 0;
}
