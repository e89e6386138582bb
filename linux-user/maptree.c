/*
 * The container of the memory map: disjoint ranges ordered by address, in a treap.
 *
 * Nodes lie in one array and name one another by index (0: none). Each knows of its subtree the
 * lowest and highest address and the widest gap between neighbours, so that the highest free range
 * of a size is found in one descent. The priority of a node is a hash of its address: the same
 * mappings give the same tree. Runtimes with tens of thousands of mappings are ordinary.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include "mem.h"

struct map_node {
    struct mapping m;
    uint64_t low, high, gap; /* of the subtree */
    uint32_t left, right;    /* left also links free nodes */
};

static struct map_node *node(const struct mm *mm, uint32_t i)
{
    return &mm->nodes[i];
}

/* Heap order: an arbitrary but fixed mixture of the address's bits. */
static uint64_t priority(const struct mm *mm, uint32_t i)
{
    uint64_t x = mm->nodes[i].m.start >> 12;

    x *= 0x9e3779b97f4a7c15ull;
    return x ^ x >> 29;
}

static uint64_t wider(uint64_t a, uint64_t b) { return a > b ? a : b; }

static void update(const struct mm *mm, uint32_t i)
{
    struct map_node *n = node(mm, i);

    n->low = n->m.start;
    n->high = n->m.end;
    n->gap = 0;
    if (n->left) {
        const struct map_node *l = node(mm, n->left);
        n->low = l->low;
        n->gap = wider(l->gap, n->m.start - l->high);
    }
    if (n->right) {
        const struct map_node *r = node(mm, n->right);
        n->high = r->high;
        n->gap = wider(n->gap, wider(r->gap, r->low - n->m.end));
    }
}

/* Nodes that start below key go to *l, the others to *r. */
static void split(const struct mm *mm, uint32_t i, uint64_t key, uint32_t *l, uint32_t *r)
{
    if (!i) {
        *l = *r = 0;
        return;
    }
    struct map_node *n = node(mm, i);
    if (n->m.start < key) {
        split(mm, n->right, key, &n->right, r);
        *l = i;
    } else {
        split(mm, n->left, key, l, &n->left);
        *r = i;
    }
    update(mm, i);
}

static uint32_t join(const struct mm *mm, uint32_t l, uint32_t r)
{
    if (!l || !r)
        return l ? l : r;
    if (priority(mm, l) > priority(mm, r)) {
        node(mm, l)->right = join(mm, node(mm, l)->right, r);
        update(mm, l);
        return l;
    }
    node(mm, r)->left = join(mm, l, node(mm, r)->left);
    update(mm, r);
    return r;
}

int maptree_reserve(struct mm *mm, uint32_t n)
{
    if (mm->used + n < mm->cap) /* node 0 stays unused; the free list is a bonus */
        return 0;
    uint32_t cap = mm->cap ? mm->cap * 2 : 64;
    while (mm->used + n >= cap)
        cap *= 2;
    struct map_node *nodes = realloc(mm->nodes, cap * sizeof(*nodes));
    if (!nodes)
        return -ENOMEM;
    mm->nodes = nodes;
    mm->cap = cap;
    if (!mm->used)
        mm->used = 1;
    return 0;
}

/* The map's totals, with a mapping more or (sign -1) less. */
static void count(struct mm *mm, const struct mapping *m, int64_t sign)
{
    int64_t n = sign * (int64_t)(m->end - m->start);

    mm->total += (uint64_t)n;
    if (m->prot & PROT_WRITE && !m->shared && !m->grows)
        mm->data += (uint64_t)n;
    mm->nstacks += m->grows ? (uint32_t)sign : 0;
    mm->nalias += m->shared && m->exec_seen ? (uint32_t)sign : 0;
}

void maptree_insert(struct mm *mm, const struct mapping *m)
{
    uint32_t i = mm->free, l, r;

    count(mm, m, 1);

    if (i)
        mm->free = node(mm, i)->left;
    else
        i = mm->used++;
    *node(mm, i) = (struct map_node){ .m = *m };
    update(mm, i);
    split(mm, mm->root, m->start, &l, &r);
    mm->root = join(mm, join(mm, l, i), r);
}

void maptree_remove(struct mm *mm, uint64_t start)
{
    uint32_t l, i, r;

    split(mm, mm->root, start, &l, &r);
    split(mm, r, start + 1, &i, &r);
    mm->root = join(mm, l, r);
    count(mm, &node(mm, i)->m, -1);
    node(mm, i)->left = mm->free;
    mm->free = i;
}

struct mapping *maptree_first(const struct mm *mm, uint64_t addr)
{
    struct mapping *found = NULL;

    for (uint32_t i = mm->root; i;) {
        struct map_node *n = node(mm, i);
        if (n->m.end > addr) {
            found = &n->m;
            i = n->left;
        } else {
            i = n->right;
        }
    }
    return found;
}

struct mapping *maptree_before(const struct mm *mm, uint64_t addr)
{
    struct mapping *found = NULL;

    for (uint32_t i = mm->root; i;) {
        struct map_node *n = node(mm, i);
        if (n->m.start < addr) {
            found = &n->m;
            i = n->right;
        } else {
            i = n->left;
        }
    }
    return found;
}

struct want { uint64_t low, top, len, align; };

/* The highest fitting range in [lo, hi) around subtree i, or 0. */
static uint64_t search(const struct mm *mm, uint32_t i, uint64_t lo, uint64_t hi,
                       const struct want *w)
{
    if (lo >= w->top || hi <= w->low)
        return 0;
    if (!i) {
        lo = wider(lo, w->low);
        hi = hi < w->top ? hi : w->top;
        if (hi < lo || hi - lo < w->len)
            return 0;
        uint64_t a = (hi - w->len) & ~(w->align - 1);
        return a >= lo ? a : 0;
    }
    const struct map_node *n = node(mm, i);
    if (wider(n->gap, wider(n->low - lo, hi - n->high)) < w->len)
        return 0;
    uint64_t a = search(mm, n->right, n->m.end, hi, w);
    return a ? a : search(mm, n->left, lo, n->m.start, w);
}

uint64_t maptree_highest_free(const struct mm *mm, uint64_t low, uint64_t top, uint64_t len,
                              uint64_t align)
{
    struct want w = { low, top, len, align };

    return search(mm, mm->root, 0, ~0ull, &w);
}
