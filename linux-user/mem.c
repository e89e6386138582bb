/*
 * The guest's memory map: what is mapped where, and placement.
 *
 * The map (maptree.c) holds exactly the guest's memory, as disjoint ranges; whatever else is mapped
 * in this host process is myna's own and stays out of the guest's reach: new ranges are made with
 * MAP_FIXED_NOREPLACE, and MAP_FIXED, munmap and mprotect reach only what the map lists.
 *
 * Guest PROT_EXEC is host PROT_READ: guest code is data to the host. Addresses are chosen here, top
 * down in the zone [low, high), so that they don't depend on where the host put myna.
 *
 * With -R the zone is one reserved range of the host (PROT_NONE) and freed memory returns to it.
 *
 * Changes to ranges that code was translated from are reported to the engine. One lock serves the map
 * and the host's mappings behind it, so that both always say the same; the translator holds it
 * while it reads guest code.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "user.h"
#include "mem.h"

enum { PROT_GUEST = PROT_READ | PROT_WRITE | PROT_EXEC };
enum { MAP_ABOVE4G_ = 0x80 }; /* x86's own, as MAP_32BIT */

struct mm *mm_new(void)
{
    struct mm *mm = calloc(1, sizeof(*mm));

    if (!mm)
        return NULL;
    pthread_mutex_init(&mm->lock, NULL);
    mm->low = MM_LOWEST;
    mm->high = MM_ZONE_TOP;
    mm->limit = MM_HOST_LIMIT;
    return mm;
}

void mm_lock(struct thread *t)
{
    pthread_mutex_lock(&t->p->mm->lock);
    t->p->mm->holder = t;
}

void mm_unlock(struct thread *t)
{
    t->p->mm->holder = NULL;
    pthread_mutex_unlock(&t->p->mm->lock);
}

bool mm_lookup(struct thread *t, uint64_t addr, struct mapping *m)
{
    mm_lock(t);
    mm_sync(t->p, addr, addr + 1);
    const struct mapping *at = mm_find(t->p->mm, addr);
    if (at)
        *m = *at;
    mm_unlock(t);
    return at != NULL;
}

bool mm_lookup_fetch(struct thread *t, uint64_t addr, struct mapping *m, bool *readable)
{
    uint8_t byte;

    mm_lock(t);
    mm_sync(t->p, addr, addr + 1);
    const struct mapping *at = mm_find(t->p->mm, addr);
    if (at)
        *m = *at;
    *readable = at && user_read(t->p, &byte, addr, 1) == 0;
    mm_unlock(t);
    return at != NULL;
}

/* --- the map --------------------------------------------------------------------------------- */

/* Makes addr a boundary between mappings if it is inside one. */
static void map_split(struct mm *mm, uint64_t addr)
{
    struct mapping *at = maptree_first(mm, addr);

    if (!at || at->start >= addr)
        return;
    struct mapping below = *at, above = *at;
    below.end = above.start = addr;
    above.offset += addr - below.start;
    maptree_remove(mm, below.start);
    maptree_insert(mm, &below);
    maptree_insert(mm, &above);
}

static bool map_mergeable(const struct mapping *a, const struct mapping *b)
{
    return a->end == b->start && a->prot == b->prot && a->shared == b->shared &&
           a->anonymous == b->anonymous && a->exec_seen == b->exec_seen && a->shm == b->shm &&
           a->grows == b->grows && a->noexec == b->noexec &&
           a->dev == b->dev && a->ino == b->ino && ((a->anonymous && !a->shared) ||
            (a->ino && a->offset + (a->end - a->start) == b->offset));
}

/* Joins the mappings that meet at addr if they are alike. */
static void map_merge_at(struct mm *mm, uint64_t addr)
{
    const struct mapping *above = maptree_first(mm, addr), *below = maptree_before(mm, addr);

    if (!above || !below || above == below || !map_mergeable(below, above))
        return;
    struct mapping m = *below;
    m.end = above->end;
    maptree_remove(mm, addr);
    maptree_remove(mm, m.start);
    maptree_insert(mm, &m);
}

/* Forgets [start, end); true if code may have been translated from it. */
static bool map_remove(struct mm *mm, uint64_t start, uint64_t end)
{
    const struct mapping *m;
    bool exec = false;

    map_split(mm, start);
    map_split(mm, end);
    while ((m = maptree_first(mm, start)) && m->start < end) {
        exec |= m->exec_seen;
        maptree_remove(mm, m->start);
    }
    return exec;
}

static void map_insert(struct mm *mm, const struct mapping *m)
{
    uint64_t start = m->start, end = m->end;

    maptree_insert(mm, m);
    map_merge_at(mm, start);
    map_merge_at(mm, end);
}

const struct mapping *mm_find(const struct mm *mm, uint64_t addr)
{
    const struct mapping *m = maptree_first(mm, addr);

    return m && m->start <= addr ? m : NULL;
}

uint64_t mm_next(const struct mm *mm, uint64_t addr)
{
    const struct mapping *m = maptree_first(mm, addr);

    return !m ? ~0ull : m->start > addr ? m->start : addr;
}

bool mm_check(const struct mm *mm, uint64_t addr, uint64_t len, int prot)
{
    uint64_t end = addr + len;

    if (end < addr)
        return false;
    while (addr < end) {
        const struct mapping *m = maptree_first(mm, addr);
        if (!m || m->start > addr || (m->prot & prot) != prot)
            return false;
        addr = m->end;
    }
    return true;
}

/* Is nothing of the guest's in [start, end)? */
static bool map_free(const struct mm *mm, uint64_t start, uint64_t end)
{
    const struct mapping *m = maptree_first(mm, start);

    return !m || m->start >= end;
}

static void invalidate(struct process *p, uint64_t start, uint64_t end)
{
    if (p->engine)
        engine_invalidate(p->engine, start, end - start);
}

/* --- the host's side ------------------------------------------------------------------------- */

static int host_prot(int prot)
{
    return (prot & (PROT_READ | PROT_WRITE)) | (prot & PROT_EXEC ? PROT_READ : 0);
}

static int64_t host_mmap(struct process *p, uint64_t addr, uint64_t len, int prot, int flags,
                         int fd, uint64_t off)
{
    return host_syscall(SYS_mmap, g2h(p, addr), len, prot, flags, fd, off);
}

/* A range that the guest doesn't own: takes it only if the host has nothing there. */
static int64_t host_map_fresh(struct process *p, uint64_t addr, uint64_t len, int prot, int flags,
                              int fd, uint64_t off)
{
    struct mm *mm = p->mm;
    bool reserved = mm->reserved && addr + len <= mm->limit;
    int how = reserved ? MAP_FIXED : MAP_FIXED_NOREPLACE;
    int64_t r = host_mmap(p, addr, len, prot,
                          (flags & ~(MAP_FIXED | MAP_FIXED_NOREPLACE)) | how, fd, off);

    if (r < 0)
        return r;
    if ((uint64_t)r != addr + p->guest_base) { /* a kernel without MAP_FIXED_NOREPLACE */
        munmap((void *)(uintptr_t)r, len);
        return -EEXIST;
    }
    return 0;
}

static int host_unmap(struct process *p, uint64_t addr, uint64_t len)
{
    if (p->mm->reserved && addr + len <= p->mm->limit) {
        int64_t r = host_mmap(p, addr, len, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        return r < 0 ? (int)r : 0;
    }
    return (int)host_syscall(SYS_munmap, g2h(p, addr), len);
}

/* Fills the gaps of [start, end) that aren't the guest's with placeholders, so that one MAP_FIXED
 * may cover all. -ENOMEM if myna's own memory is there. undo: takes them away again. */
static int claim_gaps(struct process *p, uint64_t start, uint64_t end, bool undo, uint64_t undo_end)
{
    for (uint64_t at = start; at < end;) {
        const struct mapping *m = maptree_first(p->mm, at);
        uint64_t gap = m && m->start < end ? m->start : end;
        if (gap > at) {
            if (undo) {
                if (at >= undo_end)
                    return 0;
                host_unmap(p, at, gap - at);
            } else if (host_map_fresh(p, at, gap - at, PROT_NONE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
                claim_gaps(p, start, end, true, at);
                return -ENOMEM;
            }
        }
        at = m && m->start < end ? m->end : end;
    }
    return 0;
}

/* --- placement ------------------------------------------------------------------------------- */

int64_t mm_place(struct process *p, uint64_t len, uint64_t align, int prot, int flags, int fd,
                 uint64_t off)
{
    struct mm *mm = p->mm;
    uint64_t top = mm->high;

    for (unsigned tries = 0; tries < 4096; tries++) {
        uint64_t a = maptree_highest_free(mm, mm->low, top, len, align);
        if (!a)
            return -ENOMEM;
        int64_t r = host_map_fresh(p, a, len, prot, flags, fd, off);
        if (!r)
            return (int64_t)a;
        if (r != -EEXIST)
            return r;
        top = a; /* the host has something of its own there */
    }
    return -ENOMEM;
}

/* --- map, unmap, protect --------------------------------------------------------------------- */

/* Is fd a file of a file system without executable files? The program being on one, all may be. */
static bool on_noexec(const struct mm *mm, int fd)
{
    struct statfs fs;

    return !mm->exec_anywhere && fstatfs(fd, &fs) == 0 && fs.f_flags & ST_NOEXEC;
}

int mm_record(struct process *p, uint64_t start, uint64_t end, int prot, int flags, int fd,
              uint64_t off)
{
    struct mapping m = { .start = start, .end = end, .prot = (uint8_t)(prot & PROT_GUEST),
                         .shared = (flags & MAP_TYPE) != MAP_PRIVATE,
                         .anonymous = flags & MAP_ANONYMOUS, .exec_seen = prot & PROT_EXEC,
                         .grows = flags & MAP_GROWSDOWN, .offset = off };
    struct stat st;

    if (m.anonymous) {
        m.offset = 0;
        m.ino = m.shared ? ++p->mm->nshared : 0;
    } else {
        if (fstat(fd, &st) == 0) {
            m.dev = st.st_dev;
            m.ino = st.st_ino;
        }
        m.noexec = !(prot & PROT_EXEC) && on_noexec(p->mm, fd);
    }
    if (map_remove(p->mm, start, end))
        invalidate(p, start, end);
    map_insert(p->mm, &m);
    return 0;
}

static int64_t map_fixed(struct process *p, uint64_t addr, uint64_t len, int prot, int flags,
                         int fd, uint64_t off)
{
    struct mm *mm = p->mm;
    uint64_t end = addr + len;
    int64_t r;

    if ((addr & GUEST_PAGE_MASK) || end < addr)
        return -EINVAL;
    if (end > mm->limit)
        return -ENOMEM;
    mm_sync(p, addr, end);
    if (map_free(mm, addr, end)) {
        r = host_map_fresh(p, addr, len, host_prot(prot), flags, fd, off);
        return r == -EEXIST && !(flags & MAP_FIXED_NOREPLACE) ? -ENOMEM : r;
    }
    if (flags & MAP_FIXED_NOREPLACE)
        return -EEXIST;
    bool gaps = !mm_check(mm, addr, len, 0);
    if (gaps && (r = claim_gaps(p, addr, end, false, 0)) < 0)
        return r;
    r = host_mmap(p, addr, len, host_prot(prot), flags | MAP_FIXED, fd, off);
    if (r < 0) {
        if (gaps)
            claim_gaps(p, addr, end, true, end);
        return r;
    }
    return 0;
}

/* Bytes of [start, end) that are mapped. */
static uint64_t mapped_bytes(const struct mm *mm, uint64_t start, uint64_t end)
{
    uint64_t n = 0;

    for (const struct mapping *m = maptree_first(mm, start); m && m->start < end;
         m = maptree_first(mm, m->end))
        n += (m->end < end ? m->end : end) - (m->start > start ? m->start : start);
    return n;
}

int64_t mm_map(struct process *p, uint64_t addr, uint64_t len, int prot, int flags, int fd,
               uint64_t off)
{
    struct mm *mm = p->mm;
    uint64_t align = GUEST_PAGE;
    int64_t r = -EEXIST;

    if (!len || (off & GUEST_PAGE_MASK))
        return -EINVAL;
    flags &= ~(MAP_32BIT | MAP_ABOVE4G_ | MAP_STACK | MAP_EXECUTABLE | MAP_DENYWRITE);
    if (mm->reserved)
        flags &= ~MAP_GROWSDOWN;
    if (flags & MAP_HUGETLB) {
        unsigned log = (unsigned)flags >> MAP_HUGE_SHIFT & 63;
        align = 1ull << (log ? log : 21);
        len = (len + align - 1) & ~(align - 1);
    }
    len = PAGE_UP(len);
    if (!len || len > mm->limit)
        return -ENOMEM;
    r = maptree_reserve(mm, 3);
    if (r < 0)
        return r;
    if (mm->lock_future && !(mm->lock_future & MCL_ONFAULT))
        flags |= MAP_LOCKED;
    if (prot & PROT_EXEC && !(flags & MAP_ANONYMOUS) && on_noexec(mm, fd))
        return -EPERM;
    uint64_t gone = flags & MAP_FIXED ? mapped_bytes(mm, addr, addr + len) : 0;
    if (!mm_may_grow(p, len, gone, (prot & PROT_WRITE) && (flags & MAP_TYPE) == MAP_PRIVATE))
        return -ENOMEM;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        r = map_fixed(p, addr, len, prot, flags, fd, off);
        if (r < 0)
            return r;
    } else {
        addr = PAGE_DOWN(addr);
        if (addr >= MM_LOWEST && !(addr & (align - 1)) && addr + len > addr &&
            addr + len <= mm->limit && map_free(mm, addr, addr + len))
            r = host_map_fresh(p, addr, len, host_prot(prot), flags, fd, off);
        else
            r = -EEXIST;
        if (r == -EEXIST || r == -EPERM) {
            r = mm_place(p, len, align, host_prot(prot), flags, fd, off);
            addr = (uint64_t)r;
        }
        if (r < 0)
            return r;
    }
    mm_record(p, addr, addr + len, prot, flags, fd, off);
    if (mm->lock_future & MCL_ONFAULT)
        host_syscall(SYS_mlock2, g2h(p, addr), len, MLOCK_ONFAULT);
    return (int64_t)addr;
}

int mm_unmap(struct process *p, uint64_t addr, uint64_t len)
{
    struct mm *mm = p->mm;
    uint64_t end = PAGE_UP(addr + len);

    if ((addr & GUEST_PAGE_MASK) || !len || end <= addr || end > mm->limit)
        return -EINVAL;
    int r = maptree_reserve(mm, 2);
    if (r < 0)
        return r;
    mm_sync(p, addr, end);
    for (const struct mapping *m = maptree_first(mm, addr); m && m->start < end;) {
        uint64_t from = m->start > addr ? m->start : addr, to = from;
        for (; m && m->start <= to && to < end; m = maptree_first(mm, to))
            to = m->end;
        if (to > end)
            to = end;
        r = host_unmap(p, from, to - from);
        if (r < 0)
            return r;
    }
    if (map_remove(mm, addr, end))
        invalidate(p, addr, end);
    return 0;
}

void mm_record_prot(struct process *p, uint64_t addr, uint64_t end, int prot)
{
    struct mm *mm = p->mm;
    bool gone = false;

    map_split(mm, addr);
    map_split(mm, end);
    for (uint64_t at = addr; at < end;) {
        struct mapping m = *maptree_first(mm, at);
        maptree_remove(mm, m.start);
        m.prot = (uint8_t)(prot & PROT_GUEST);
        if (prot & PROT_EXEC) {
            m.exec_seen = true;
        } else if (m.exec_seen) {
            m.exec_seen = false;
            gone = true;
        }
        maptree_insert(mm, &m);
        at = m.end;
        map_merge_at(mm, m.start);
    }
    map_merge_at(mm, end);
    if (gone)
        invalidate(p, addr, end);
}

/* Like the kernel's: mapping by mapping, so that an error leaves what comes before it changed. */
int mm_protect(struct process *p, uint64_t addr, uint64_t len, int prot)
{
    struct mm *mm = p->mm;
    uint64_t end = PAGE_UP(addr + len);

    if (addr & GUEST_PAGE_MASK)
        return -EINVAL;
    if (!len)
        return 0;
    if (end <= addr || end > mm->limit)
        return -ENOMEM;
    int r = maptree_reserve(mm, 2);
    if (r < 0)
        return r;
    mm_sync(p, addr, end);
    while (addr < end) {
        const struct mapping *m = mm_find(mm, addr);
        if (!m)
            return -ENOMEM;
        uint64_t stop = m->end < end ? m->end : end;
        bool grows = m->grows;
        if (m->noexec && prot & PROT_EXEC)
            return -EACCES;
        if (prot & PROT_WRITE && !m->shared && !(m->prot & PROT_WRITE) &&
            !mm_may_grow(p, stop - addr, stop - addr, !grows))
            return -ENOMEM;
        r = (int)host_syscall(SYS_mprotect, g2h(p, addr), stop - addr, host_prot(prot));
        if (r < 0)
            return r;
        mm_record_prot(p, addr, stop, prot);
        addr = stop;
    }
    return 0;
}

/* --- moving and attaching (used by mmap.c) --------------------------------------------------- */

/* Moves the bookkeeping of [old, old + olen) to [new, new + nlen), which may be longer if the old range is
 * one mapping; what is in the new range where the old one has holes stays. keep: the old range stays
 * mapped (MREMAP_DONTUNMAP, or olen was 0). */
int mm_move(struct process *p, uint64_t old, uint64_t olen, uint64_t new, uint64_t nlen, bool keep)
{
    struct mm *mm = p->mm;
    uint64_t end = old + olen, from = old;

    do {
        const struct mapping *at = maptree_first(mm, from);
        if (!at || (olen && at->start >= end))
            break;
        struct mapping m = *at;
        uint64_t start = m.start > from ? m.start : from;
        bool last = m.end >= end;
        from = m.end;
        m.offset += start - m.start;
        m.end = last ? new + nlen : new + (m.end - old);
        m.start = new + (start - old);
        if (old == new) { /* it has grown */
            map_remove(mm, old, end);
            map_insert(mm, &m);
            return 0;
        }
        if (map_remove(mm, m.start, m.end))
            invalidate(p, m.start, m.end);
        map_insert(mm, &m);
        if (last)
            break;
    } while (from < end);
    if (!keep && map_remove(mm, old, end))
        invalidate(p, old, end);
    return 0;
}

int mm_make_room_for_move(struct process *p, uint64_t addr, uint64_t len)
{
    uint32_t n = 4;

    for (const struct mapping *m = maptree_first(p->mm, addr); m && m->start < addr + len;
         m = maptree_first(p->mm, m->end))
        n++;
    return maptree_reserve(p->mm, n);
}

/* Marks [addr, addr + len) as a System V segment and gives it its properties. */
void mm_record_shm(struct process *p, uint64_t addr, uint64_t len, int prot, int id)
{
    struct mapping m = { .start = addr, .end = addr + len, .prot = (uint8_t)prot, .shared = true,
                         .shm = true, .exec_seen = prot & PROT_EXEC, .ino = (unsigned)id + 1u };

    if (map_remove(p->mm, addr, addr + len))
        invalidate(p, addr, addr + len);
    map_insert(p->mm, &m);
}

void mm_extend(struct process *p, uint64_t start, uint64_t low)
{
    struct mapping m;

    if (maptree_reserve(p->mm, 1) < 0)
        return;
    m = *mm_find(p->mm, start);
    maptree_remove(p->mm, start);
    m.start = low;
    map_insert(p->mm, &m);
}

/* Forgets a range that the host has unmapped by itself. */
void mm_forget(struct process *p, uint64_t start, uint64_t end)
{
    if (map_remove(p->mm, start, end))
        invalidate(p, start, end);
}

int mm_make_room(struct process *p)
{
    return maptree_reserve(p->mm, 4);
}

int mm_claim(struct process *p, uint64_t addr, uint64_t len)
{
    return claim_gaps(p, addr, addr + len, false, 0);
}

void mm_unclaim(struct process *p, uint64_t addr, uint64_t len)
{
    claim_gaps(p, addr, addr + len, true, addr + len);
}

bool mm_is_free(const struct mm *mm, uint64_t addr, uint64_t len)
{
    return map_free(mm, addr, addr + len);
}

/* --- the engine's view ----------------------------------------------------------------------- */

/* cpu: NULL for a thread of the engine's own. */
void user_lock(void *owner, struct cpu *cpu)
{
    struct process *p = owner;

    if (cpu != NULL) {
        mm_lock(thread_of(cpu));
    } else {
        pthread_mutex_lock(&p->mm->lock);
        p->mm->holder = NULL;
    }
}

void user_unlock(void *owner, struct cpu *cpu)
{
    struct process *p = owner;

    if (cpu != NULL)
        mm_unlock(thread_of(cpu));
    else
        pthread_mutex_unlock(&p->mm->lock);
}

int user_copy(void *owner, void *to, uint64_t addr, size_t n) { return user_read(owner, to, addr, n); }

struct code_window user_fetch(void *owner, uint64_t pc)
{
    struct process *p = owner;
    const struct mapping *m = mm_find(p->mm, pc);
    struct code_window w = { .pc = pc };
    uint8_t probe;

    if (!m && p->mm->nstacks) { /* a stack that has grown? */
        mm_sync(p, pc, pc + 1);
        m = mm_find(p->mm, pc);
    }
    if (!m || !(m->prot & PROT_EXEC) || user_read(p, &probe, pc, 1))
        return w;
    uint64_t page = PAGE_DOWN(pc) + GUEST_PAGE, end = page;
    if (m->end > page && !user_read(p, &probe, page, 1)) /* a file may end before its mapping */
        end = page + GUEST_PAGE;
    w.host = g2h(p, pc);
    w.len = end - pc;
    if (!m->anonymous && !m->shared && !m->shm && m->ino && !(m->prot & PROT_WRITE)) {
        w.stored_lo = m->start;
        w.stored_hi = m->end;
    }
    w.before = pc - (m->start < PAGE_DOWN(pc) ? PAGE_DOWN(pc) - GUEST_PAGE : PAGE_DOWN(pc));
    return w;
}

/* Where the same offset of some shared mapping is executable, it is invalidated; that this may be of
 * another file costs a translation at worst. */
void user_flushed(void *owner, uint64_t start, uint64_t len)
{
    struct process *p = owner;

    pthread_mutex_lock(&p->mm->lock);
    const struct mapping *from = p->mm->nalias ? mm_find(p->mm, start) : NULL;
    if (from && from->shared && p->mm->nalias > from->exec_seen) {
        uint64_t offset = from->offset + start - from->start;
        for (const struct mapping *m = maptree_first(p->mm, 0); m; m = maptree_first(p->mm, m->end))
            if (m->shared && m->exec_seen && offset >= m->offset &&
                offset - m->offset < m->end - m->start)
                engine_invalidate(p->engine, m->start + offset - m->offset, len);
    }
    pthread_mutex_unlock(&p->mm->lock);
}
