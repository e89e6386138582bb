/*
 * memlimit.c: what bounds the guest's memory: RLIMIT_AS, RLIMIT_DATA, and stacks that grow.
 *
 * The limits that ids.c keeps (they would bind myna if the host had them) are held here against the
 * sizes that the map counts, by the kernel's rules (may_expand_vm in mm/mmap.c of Linux 6.1).
 *
 * A stack (MAP_GROWSDOWN; the first one too) is grown by the host's kernel when something below it is
 * touched, up to the host's RLIMIT_STACK, which is the guest's. The map learns of it when it is asked
 * about the range below: mm_sync. No other mapping can have come there meanwhile: the kernel keeps
 * a gap below such a mapping.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "guest_process.h"
#include "mem.h"

/* --- limits ---------------------------------------------------------------------------------- */

/* Of an RLIMIT_AS that the host has for us (ulimit -v before the start) an eighth, or this, stays for myna: a
 * translation can't be refused memory, the guest's mmap can. */
enum { OWN_ROOM = 64 << 20 };

void mm_limits_init(void)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_AS, &lim) == 0 && lim.rlim_cur != RLIM_INFINITY)
        mallopt(M_ARENA_MAX, 1); /* each takes up to 128 MB of addresses */
}

bool mm_host_room(uint64_t len, uint64_t gone)
{
    char text[32];
    uint64_t pages;
    struct rlimit lim;
    int fd;

    if (getrlimit(RLIMIT_AS, &lim) < 0 || lim.rlim_cur == RLIM_INFINITY)
        return true;
    if ((fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) < 0)
        return true;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    uint64_t own = lim.rlim_cur / 8 < OWN_ROOM ? lim.rlim_cur / 8 : OWN_ROOM;
    return sscanf(text, "%lu", &pages) != 1 || pages * GUEST_PAGE + len + own <= lim.rlim_cur + gone;
}

/* A kept limit in bytes; ~0: none. */
static uint64_t limit_of(struct process *p, int resource)
{
    const struct proc_state *ps = proc_of(p);

    for (int i = 0; i < PROCESS_NLIMITS; i++)
        if (kept_limits[i] == resource && ps->limit[i].set)
            return ps->limit[i].cur;
    return ~0ull;
}

bool mm_may_grow(struct process *p, uint64_t len, uint64_t gone, bool data)
{
    const struct mm *mm = p->mm;
    uint64_t as = limit_of(p, RLIMIT_AS), most = limit_of(p, RLIMIT_DATA);

    if (len > gone && !mm_host_room(len, gone))
        return false;
    if (as == ~0ull && most == ~0ull)
        return true;
    mm_sync(p, 0, mm->limit);
    if (mm->total - gone + len > as)
        return false;
    return !data || mm->data + len <= most;
}

bool mm_may_brk(struct process *p, uint64_t brk)
{
    const struct mm *mm = p->mm;
    uint64_t most = limit_of(p, RLIMIT_DATA);

    return most == ~0ull || brk - mm->brk_start + (mm->data_end - mm->data_start) <= most;
}

/* --- stacks ---------------------------------------------------------------------------------- */

bool mm_host_has(const struct process *p, uint64_t start, uint64_t end)
{
    return host_syscall(SYS_msync, g2h(p, start), end - start, MS_ASYNC) == 0;
}

/* Where the mapping that begins at start begins in the host; not below floor. */
static uint64_t host_start(const struct process *p, uint64_t start, uint64_t floor)
{
    uint64_t known = start, step = GUEST_PAGE;

    while (known - floor >= step && mm_host_has(p, known - step, known)) {
        known -= step;
        step *= 2;
    }
    for (; step; step = step / 2 & ~(uint64_t)GUEST_PAGE_MASK)
        while (known - floor >= step && mm_host_has(p, known - step, known))
            known -= step;
    return known;
}

void mm_sync(struct process *p, uint64_t start, uint64_t end)
{
    struct mm *mm = p->mm;
    uint64_t at = start;

    if (!mm->nstacks)
        return;
    for (const struct mapping *m; (m = maptree_first(mm, at)); at = m->end) {
        if (m->grows && m->start > start) {
            const struct mapping *below = maptree_before(mm, m->start);
            uint64_t low = host_start(p, m->start, below ? below->end : MM_LOWEST);
            if (low < m->start) {
                mm_extend(p, m->start, low);
                m = maptree_first(mm, low);
            }
        }
        if (m->start >= end)
            break;
    }
}
