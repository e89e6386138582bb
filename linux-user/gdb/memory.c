/*
 * The guest's memory for gdb, and what is observed in it.
 *
 * Only what the guest's map lists is reached. Pages that the guest itself may not access are read and
 * written through /proc/self/mem, as ptrace does; translations of what was written go.
 *
 * gdb removes its breakpoints at each stop and sets them again before it goes on. So the engine is told
 * late, when threads are let go, and only of what is different then.
 */
#include <fcntl.h>
#include <unistd.h>

#include "gdb/stub.h"
#include "mem.h"

/* Bytes from addr on that are mapped, n at most. */
static size_t mapped(struct gdb *g, uint64_t addr, size_t n)
{
    struct mm *mm = g->p->mm;
    uint64_t at = addr;

    pthread_mutex_lock(&mm->lock);
    while (at - addr < n) {
        const struct mapping *m = mm_find(mm, at);

        if (m == NULL)
            break;
        at = m->end;
    }
    pthread_mutex_unlock(&mm->lock);
    return at - addr < n ? at - addr : n;
}

static int memory_file(struct gdb *g)
{
    if (g->mem < 0) {
        int fd = open("/proc/thread-self/mem", O_RDWR | O_CLOEXEC);

        g->mem = fd < 0 ? -1 : fd_hide(g->p, fd);
    }
    return g->mem;
}

size_t gdb_read_memory(struct gdb *g, uint64_t addr, void *to, size_t n)
{
    size_t done = 0;

    n = mapped(g, addr, n);
    while (done < n) { /* page by page, so that a hole in the file behind one ends it there */
        size_t part = GUEST_PAGE - (addr + done) % GUEST_PAGE;

        part = part < n - done ? part : n - done;
        if (user_read(g->p, (char *)to + done, addr + done, part) != 0 &&
            pread(memory_file(g), (char *)to + done, part, (off_t)(addr + done + g->p->guest_base)) !=
                (ssize_t)part)
            break;
        done += part;
    }
    return done;
}

size_t gdb_write_memory(struct gdb *g, uint64_t addr, const void *from, size_t n)
{
    size_t done = 0;

    n = mapped(g, addr, n);
    while (done < n) {
        size_t part = GUEST_PAGE - (addr + done) % GUEST_PAGE;

        part = part < n - done ? part : n - done;
        if (user_write(g->p, addr + done, (const char *)from + done, part) != 0 &&
            pwrite(memory_file(g), (const char *)from + done, part,
                   (off_t)(addr + done + g->p->guest_base)) != (ssize_t)part)
            break;
        done += part;
    }
    if (done != 0)
        engine_invalidate(g->p->engine, addr, done);
    return done;
}

/* -------------------------------------------------- breakpoints and watches */

static struct gdb_break *find(struct gdb_break *b, unsigned n, char type, uint64_t addr, uint64_t len)
{
    for (unsigned k = 0; k < n; k++)
        if (b[k].type == type && b[k].addr == addr && b[k].len == len)
            return &b[k];
    return NULL;
}

int gdb_insert(struct gdb *g, char type, uint64_t addr, uint64_t len)
{
    bool code = type <= '1';
    struct gdb_break *list = code ? g->breaks : g->watches;
    unsigned *n = code ? &g->nbreaks : &g->nwatches, most = code ? GDB_BREAKS : ENGINE_WATCHES;

    if (!code && (len == 0 || addr + len < addr))
        return -EINVAL;
    if (find(list, *n, type, addr, len) != NULL)
        return 0;
    if (*n == most)
        return -ENOSPC;
    if (code && mapped(g, addr, 1) == 0)
        return -EFAULT;
    list[(*n)++] = (struct gdb_break){addr, len, type};
    return 0;
}

int gdb_remove(struct gdb *g, char type, uint64_t addr, uint64_t len)
{
    bool code = type <= '1';
    struct gdb_break *list = code ? g->breaks : g->watches;
    unsigned *n = code ? &g->nbreaks : &g->nwatches;
    struct gdb_break *b = find(list, *n, type, addr, len);

    if (b != NULL)
        *b = list[--*n];
    return 0;
}

bool gdb_has_break(const struct gdb *g, uint64_t addr, char *type)
{
    for (unsigned k = 0; k < g->nbreaks; k++)
        if (g->breaks[k].addr == addr) {
            *type = g->breaks[k].type;
            return true;
        }
    return false;
}

static bool is_set(const struct gdb *g, uint64_t addr)
{
    for (unsigned k = 0; k < g->nset; k++)
        if (g->set[k] == addr)
            return true;
    return false;
}

static void sync_breaks(struct gdb *g)
{
    char type;

    for (unsigned k = 0; k < g->nset;)
        if (gdb_has_break(g, g->set[k], &type)) {
            k++;
        } else {
            engine_break(g->p->engine, g->set[k], false);
            g->set[k] = g->set[--g->nset];
        }
    for (unsigned k = 0; k < g->nbreaks; k++)
        if (!is_set(g, g->breaks[k].addr) && engine_break(g->p->engine, g->breaks[k].addr, true) == 0)
            g->set[g->nset++] = g->breaks[k].addr;
}

void gdb_sync(struct gdb *g, bool only_steps)
{
    struct ir_watch_range r[ENGINE_WATCHES];

    if (!only_steps)
        sync_breaks(g);
    for (unsigned k = 0; k < g->nwatches; k++)
        r[k] = (struct ir_watch_range){g->watches[k].addr, g->watches[k].addr + g->watches[k].len,
                                       g->watches[k].type != '2', g->watches[k].type != '3'};
    engine_watch(g->p->engine, r, g->nwatches, only_steps);
}
