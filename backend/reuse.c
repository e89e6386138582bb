/*
 * Translations of guest code that comes back: made valid again instead of made again.
 *
 * A guest JIT takes the right to execute from its whole code area to write a few bytes, and gives it back:
 * everything translated from there is retired, as it must not run meanwhile, but most of it will be
 * asked for again with the same bytes. So a miss looks first whether the last translation retired at
 * that pc was of what is there now. Then it is valid again: its code and side tables are still in
 * the arena, the links out of it are kept up by what they lead to, those into it come back one by one.
 *
 * "The same bytes" is a signature over all that the translation depends on ([seen_lo, seen_hi), look-ahead
 * included): 64 bits, in which a change of one word always shows. It must be of the bytes that were
 * translated, though another thread may be writing there: such code is translated from a copy.
 *
 * All this costs something, so it is done only for pages where translations have been retired before
 * (cache->changed): code that never changes pays nothing. What else a translation depends on is
 * compared as well: masked addresses, the check for tiny results.
 */
#include <string.h>
#include "engine.h"

enum { AROUND = 2048 + 64 }; /* bytes each way that a translation may look at */

static uint64_t signature(const uint8_t *p, size_t n)
{
    uint64_t h = n, w;
    for (; n >= 8; p += 8, n -= 8) { /* each step is one to one in h and in w */
        memcpy(&w, p, 8);
        h = (h ^ w) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    for (; n; p++, n--) {
        h = (h ^ *p) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

bool reuse_prepare(struct engine *e, struct code_window *w)
{
    if (!cache_changed(&e->cache, w->pc) || !w->len)
        return false;
    if (w->before > AROUND)
        w->before = AROUND;
    if (w->len > AROUND)
        w->len = AROUND;
    memcpy(e->code_copy, w->host - w->before, w->before + w->len);
    w->host = e->code_copy + w->before;
    return true;
}

void reuse_note(struct engine *e, struct tb *tb, const struct code_window *w)
{
    const uint8_t *p = code_at(w, tb_lo(tb), (size_t)(tb_hi(tb) - tb_lo(tb)));
    if (!p || tb->region)
        return;
    tb->tiny = e->check_tiny;
    cache_sign(&e->cache, tb, signature(p, (size_t)(tb_hi(tb) - tb_lo(tb))));
}

struct tb *reuse_find(struct engine *e, const struct code_window *w, bool masked)
{
    struct tb *tb = cache_find_retired(&e->cache, w->pc);
    if (!tb || tb->masked != masked || tb->tiny != e->check_tiny)
        return NULL;
    const uint8_t *p = code_at(w, tb_lo(tb), (size_t)(tb_hi(tb) - tb_lo(tb)));
    if (!p || signature(p, (size_t)(tb_hi(tb) - tb_lo(tb))) != cache_signature(&e->cache, tb))
        return NULL;
    cache_restore(&e->cache, tb);
    e->st.reused++;
    return tb;
}
