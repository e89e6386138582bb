/*
 * POSIX record locks (Tlock, Tgetlock) among the clients of one server; an owner is a process of a client, as the guest names them. Among
 * processes of one client its kernel has decided before it asks: and it lets a waiter go on before it tells us that the lock is
 * gone, so that a lock in the way of another of the same client would be an error, which Linux waits out for 30 seconds. The
 * host's programs are not asked.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tree.h"

enum { READ_LOCK, WRITE_LOCK, UNLOCK };
enum { SUCCESS, BLOCKED, FAILED };

struct lock {
    struct lock *next;
    uint64_t first, last;
    uint32_t process;
    uint8_t type;
    char client[];
};

static uint64_t last_of(const struct lock_request *r)
{
    return !r->length || r->start + (r->length - 1) < r->start ? ~0ull : r->start + (r->length - 1);
}

static bool owns(const struct lock *k, const struct lock_request *r) { return k->process == r->process && !strcmp(k->client, r->client); }

static struct lock *in_the_way(struct node *n, const struct lock_request *r)
{
    struct lock *k = n->locks;
    while (k && (!strcmp(k->client, r->client) || k->first > last_of(r) || k->last < r->start || (k->type == READ_LOCK && r->type == READ_LOCK)))
        k = k->next;
    return k;
}

static struct lock *new_lock(struct tree9 *t, const struct lock_request *r, uint8_t type, uint64_t first, uint64_t last)
{
    size_t n = strlen(r->client) + 1;
    struct lock *k = t->nlocks < TREE_LOCKS ? malloc(sizeof *k + n) : NULL;
    if (!k)
        return NULL;
    t->nlocks++;
    *k = (struct lock){ NULL, first, last, r->process, type };
    memcpy(k->client, r->client, n);
    return k;
}

/* Is one of the owner's locks to be cut in two? */
static bool splits(const struct node *n, const struct lock_request *r)
{
    for (const struct lock *k = n->locks; k; k = k->next)
        if (owns(k, r) && k->first < r->start && k->last > last_of(r))
            return true;
    return false;
}

/* The owner's own locks make room for r: cut, split (then spare is the second half) or gone. */
static void make_room(struct tree9 *t, struct node *n, const struct lock_request *r, struct lock *spare)
{
    uint64_t first = r->start, last = last_of(r);
    for (struct lock **at = &n->locks, *k; (k = *at);) {
        if (!owns(k, r) || k->first > last || k->last < first) {
            at = &k->next;
        } else if (k->first < first && k->last > last) { /* then there is no other */
            *spare = (struct lock){ k->next, last + 1, k->last, k->process, k->type };
            k->last = first - 1;
            k->next = spare;
            return;
        } else if (k->first < first) {
            k->last = first - 1;
            at = &k->next;
        } else if (k->last > last) {
            k->first = last + 1;
            at = &k->next;
        } else {
            *at = k->next;
            t->nlocks--;
            free(k);
        }
    }
}

unsigned node_lock(struct tree9 *t, struct node *n, const struct lock_request *r)
{
    unsigned status = SUCCESS;
    if (r->type > UNLOCK || strlen(r->client) >= NAME_BYTES)
        return FAILED;
    pthread_mutex_lock(&t->mutex);
    if (r->type != UNLOCK && in_the_way(n, r)) {
        status = BLOCKED;
    } else {
        bool two = splits(n, r);
        struct lock *own = r->type == UNLOCK ? NULL : new_lock(t, r, r->type, r->start, last_of(r));
        struct lock *spare = two ? new_lock(t, r, r->type, 0, 0) : NULL;
        if ((r->type != UNLOCK && !own) || (two && !spare)) {
            t->nlocks -= (own != NULL) + (spare != NULL);
            free(own);
            free(spare);
            status = FAILED;
        } else {
            make_room(t, n, r, spare);
            if (own) {
                own->next = n->locks;
                n->locks = own;
            }
        }
    }
    pthread_mutex_unlock(&t->mutex);
    return status;
}

void node_getlock(struct tree9 *t, struct node *n, struct lock_request *r, char client[NAME_BYTES])
{
    pthread_mutex_lock(&t->mutex);
    struct lock *k = r->type == UNLOCK || strlen(r->client) >= NAME_BYTES ? NULL : in_the_way(n, r);
    if (k) {
        strcpy(client, k->client);
        *r = (struct lock_request){ k->type, k->first, k->last == ~0ull ? 0 : k->last - k->first + 1, k->process, client };
    } else {
        r->type = UNLOCK;
    }
    pthread_mutex_unlock(&t->mutex);
}

void node_drop_locks(struct tree9 *t, struct node *n)
{
    pthread_mutex_lock(&t->mutex);
    for (struct lock *k; (k = n->locks); t->nlocks--) {
        n->locks = k->next;
        free(k);
    }
    pthread_mutex_unlock(&t->mutex);
}
