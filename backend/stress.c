/*
 * -accel jit,stress=SEED: what happens rarely happens all the time, so that tests meet it.
 *
 * At turns of the run loop, each thread by a sequence of its own from the seed: translations are retired
 * that nobody asked to retire, jump caches are emptied, return stacks lost, polls asked for, the whole
 * cache emptied with the world stopped. Regions are cut at random numbers of instructions and blocks, and links
 * withheld for a while or for good; half of the loops are tier 2's at once. All of that may happen to a program at any time, so none of it may
 * be seen. With one thread and no signals a run repeats itself.
 *
 * All chances are quotients of 2^16 at a turn of the run loop. Some links are never made, so the run
 * loop is come to again and again, however long the program runs.
 */
#include "engine.h"

enum {
    RETIRE_ONE = 4096,    /* one translation by chance */
    RETIRE_NEXT = 2048,   /* the one that is about to run */
    EMPTY_JUMPS = 512,    /* this thread's jump cache */
    LOSE_RETURNS = 1024,  /* its return stack */
    ASK = 49152,          /* it comes back at its next poll */
    EMPTY_ALL = 4,        /* the cache; RETIRE_ALL: all translations, one by one */
    RETIRE_ALL = 2,
    WITHHOLD = 32768,     /* a link this time */
    NEVER = 2048,         /* a link to this address for good; the address in a jump cache */
};

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint32_t draw(struct exec *x)
{
    x->random += 0x9e3779b97f4a7c15u;
    return (uint32_t)(mix(x->random) >> 32);
}

static bool chance(uint32_t *bits, uint32_t of)
{
    bool yes = (*bits & 0xffff) < of;
    *bits = mix(*bits + 0x1234567u) >> 16 & 0xffffffff;
    return yes;
}

void stress_thread(struct engine *e, struct exec *x)
{
    x->random = mix(e->cfg.stress + mix(e->nstressed++ + 1));
}

void stress_shape(struct exec *x, unsigned *insns, unsigned *blocks)
{
    uint32_t r = draw(x), most = *insns;
    *insns = r & 1 ? most : 1 + (r >> 8) % most;
    *blocks = 1 + (r >> 16) % 16;
}

bool stress_loops(struct exec *x)
{
    return draw(x) & 1;
}

bool stress_withholds(struct engine *e, struct exec *x, uint64_t target)
{
    return (mix(target ^ mix(e->cfg.stress)) & 0xffff) < NEVER || (draw(x) & 0xffff) < WITHHOLD;
}

bool stress_hides(struct engine *e, uint64_t pc)
{
    return (mix(pc + mix(e->cfg.stress)) & 0xffff) < NEVER;
}

void stress_turn(struct engine *e, struct exec *x, struct cpu *cpu)
{
    uint32_t r = draw(x);
    if (chance(&r, EMPTY_JUMPS))
        clear_jump_caches(cpu);
    if (chance(&r, LOSE_RETURNS))
        clear_returns(x);
    if (chance(&r, ASK))
        world_ask(x);
    bool one = chance(&r, RETIRE_ONE), next = chance(&r, RETIRE_NEXT), all = chance(&r, RETIRE_ALL),
         empty = chance(&r, EMPTY_ALL);
    if (!(one | next | all | empty))
        return;
    world_lock(x, false);
    struct tb *tb = next ? cache_find(&e->cache, cpu->pc) : NULL;
    if (tb)
        world_retire(e, tb);
    if (one && e->cache.ntbs) {
        tb = &e->cache.tbs[draw(x) % e->cache.ntbs];
        if (tb->valid)
            world_retire(e, tb);
    }
    if (all)
        cache_for_range(&e->cache, 0, ~0ull, world_retire, e);
    if (empty && world_stop(e, x)) {
        world_flush(e);
        world_go(e);
    }
    world_unlock(x, false);
}
