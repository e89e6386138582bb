/*
 * Views of code pages: the key that translations are found by.
 *
 * A translation depends on the physical page its code is in, the virtual page it runs at and what of the processor's
 * state it was made for. Each such triple that code was ever fetched by is a view with a number; number << 12 |
 * offset in the page is the engine's key of an instruction. So the same physical code at the same address in many
 * processes is one translation, and a change of mapping does not touch it.
 */
#ifndef MYNA_VIEWS_H
#define MYNA_VIEWS_H

#include "vcpu.h"

struct code_view {
    uint64_t vpage;      /* virtual address of the page */
    gpa_t pa;            /* physical page */
    struct mem_region *r;
    uint64_t offset;     /* of the page in r */
    uint32_t flags;
    bool global;
    uint32_t next;       /* of the same hash + 1 */
    uint32_t next_page;  /* of the same physical page's hash + 1 */
    uint32_t next_vpage; /* of the same virtual page's hash + 1 */
};

struct code_views;
struct code_views *views_new(void);
void views_free(struct code_views *c);
/* The view's number, made if it is new; 0: there are no more. *is_new: the page had no translations in any view. Any thread. */
uint32_t views_get(struct code_views *c, uint64_t vpage, const struct code_page *page, bool *is_new);
const struct code_view *views_at(const struct code_views *c, uint32_t n);
/* Calls fn for each view of the physical page; true if there was one. */
bool views_of_page(struct code_views *c, const struct mem_region *r, uint64_t offset, void (*fn)(void *arg, uint32_t n), void *arg);
/* The same for the views of a virtual page. */
void views_of_vpage(struct code_views *c, uint64_t vpage, void (*fn)(void *arg, uint32_t n), void *arg);
unsigned views_count(const struct code_views *c);
/* All numbers are free again. While no vCPU is in guest code. */
void views_reset(struct code_views *c);
/* How often that has been. */
uint32_t views_era(const struct code_views *c);

#endif
