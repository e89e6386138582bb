/*
 * What the children of a fork translate first is the same for most of them: the way out of fork, to _exit or execve.
 * Each would do it again, as its translations go with it, and the translator comes to life page by page for it. So a child
 * tells: a page that all processes of the family share takes the guest addresses of its first translations; whoever forks
 * next translates those that it hasn't got, before, and its children find them.
 *
 * What stands there is only a hint. A process translates its own memory at these addresses, if there is code; that it is never
 * executed there does no harm. Entries that two processes read or write at the same moment may be lost.
 */
#include <sys/mman.h>
#include "engine.h"

enum { MOST = 64 /* told by one child, learnt at one fork */ };

struct heirs {
    uint32_t n;
    uint64_t pc[MOST];
};

void heirs_tell(struct engine *e, uint64_t pc)
{
    if (!e->is_child || e->told == MOST)
        return;
    e->told++;
    uint32_t k = __atomic_fetch_add(&e->heirs->n, 1, __ATOMIC_RELAXED);
    if (k < MOST)
        __atomic_store_n(&e->heirs->pc[k], pc, __ATOMIC_RELAXED);
}

void heirs_learn(struct engine *e, struct cpu *cpu)
{
    if (e->cfg.without & WITHOUT_HEIRS || e->cfg.stress || e->cfg.interp || e->cfg.one_insn || e->debug || e->watching)
        return;
    if (!e->heirs) {
        struct heirs *h = mmap(NULL, sizeof *h, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        e->heirs = h == MAP_FAILED ? NULL : h;
        return;
    }
    uint32_t n = __atomic_exchange_n(&e->heirs->n, 0, __ATOMIC_RELAXED);
    for (uint32_t k = 0; k < n && k < MOST; k++) {
        uint64_t pc = __atomic_exchange_n(&e->heirs->pc[k], 0, __ATOMIC_RELAXED);
        if (pc && !cache_find(&e->cache, pc))
            exec_translate(e, cpu, pc);
    }
}

void heirs_free(struct engine *e)
{
    if (e->heirs)
        munmap(e->heirs, sizeof *e->heirs);
}
