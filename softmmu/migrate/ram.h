/*
 * The guest's memory in a stream: which pages have to be sent, sending and receiving them.
 */
#ifndef MYNA_RAM_H
#define MYNA_RAM_H

#include "machine.h"
#include "stream.h"

enum { RAM_REGIONS = 64 };

struct ram_region {
    struct mem_region *r;
    char name[72];
    uint64_t pages;
    uint64_t *bits;   /* sending: a page has to be sent; receiving: it was written */
    uint64_t todo;    /* sending: how many */
};

struct ram {
    struct machine *machine;
    unsigned n;
    struct ram_region at[RAM_REGIONS];
    bool again;       /* pages have been sent once: zeroes have to be sent too */
    /* counts of pages */
    uint64_t zero, normal;
};

/* All memory that is seen in the machine's address space; lock held. False: the reason in err. */
bool ram_find(struct ram *m, struct machine *machine, char *err, size_t errlen);
void ram_free(struct ram *m);
uint64_t ram_bytes(const struct ram *m);
/* Pages that have to be sent still. */
uint64_t ram_left(const struct ram *m);

/* All pages are to be sent, and from now on each that is written. standing: the vCPUs stand still, and the lock is held; else by a
 * thread that is no vCPU's, without the lock. */
void ram_begin(struct ram *m, bool standing);
/* Pages that were written since are to be sent (again). */
void ram_collect(struct ram *m, bool standing);

/* The regions' names and sizes. */
void ram_put_list(struct ram *m, struct stream *s);
/* Sends some of what is left; false: nothing is. */
bool ram_put_some(struct ram *m, struct stream *s);

/* Holds the stream's list against ours, and empties all memory. */
void ram_get_list(struct ram *m, struct stream *s);
/* Records of kind 'P' and 'Z', behind their first byte. */
void ram_get_pages(struct ram *m, struct stream *s, bool zero);

#endif
