/*
 * The memory map as the loader and the system calls of mmap.c use it, beyond what user.h offers.
 */
#ifndef MYNA_MEM_H
#define MYNA_MEM_H

#include "user.h"

/* Where things go; guest addresses. The zone leaves the low terabytes free for shadow memories of
 * sanitizers and keeps away from where hosts put their own programs (0x55..., 0x7f...). */
#define MM_LOWEST     0x10000ull
#define MM_PIE_BASE   0x2aaaaaaa0000ull
#define MM_ZONE_TOP   0x500000000000ull
#define MM_HOST_LIMIT 0x7ffffffff000ull
/* The guest base that is tried when base 0 collides with something of the host. */
#define MM_OTHER_BASE 0x100000000000ull

/* The container of the map (maptree.c). Pointers into it hold until the next change of the map.
 * maptree_reserve: n more mappings will fit, so that an update after the host's call can't fail. */
int maptree_reserve(struct mm *mm, uint32_t n);
void maptree_insert(struct mm *mm, const struct mapping *m); /* overlaps none */
void maptree_remove(struct mm *mm, uint64_t start);          /* the mapping that starts there */
/* The lowest mapping that ends above addr; the highest that starts below addr; or NULL. */
struct mapping *maptree_first(const struct mm *mm, uint64_t addr);
struct mapping *maptree_before(const struct mm *mm, uint64_t addr);
/* The highest aligned free range of len bytes inside [low, top), or 0. */
uint64_t maptree_highest_free(const struct mm *mm, uint64_t low, uint64_t top, uint64_t len,
                              uint64_t align);

/* Maps len bytes in the zone at an address of the given alignment; prot and flags are the host's.
 * Doesn't record the range. Guest address or -errno. */
int64_t mm_place(struct process *p, uint64_t len, uint64_t align, int prot, int flags, int fd,
                 uint64_t off);
/* Records a range just mapped in place of whatever was there. */
int mm_record(struct process *p, uint64_t start, uint64_t end, int prot, int flags, int fd,
              uint64_t off);
int mm_move(struct process *p, uint64_t old, uint64_t olen, uint64_t new, uint64_t nlen, bool keep);
void mm_record_shm(struct process *p, uint64_t addr, uint64_t len, int prot, int id);
void mm_forget(struct process *p, uint64_t start, uint64_t end);
int mm_make_room(struct process *p);
/* Placeholders where the range isn't the guest's: 0, or -ENOMEM if something of myna's is there. */
int mm_claim(struct process *p, uint64_t addr, uint64_t len);
/* Takes placeholders away again: what of the range isn't the guest's. */
void mm_unclaim(struct process *p, uint64_t addr, uint64_t len);
/* Room for the mappings of [addr, addr + len) once more. */
int mm_make_room_for_move(struct process *p, uint64_t addr, uint64_t len);
/* Is all of [start, end) mapped in the host? */
bool mm_host_has(const struct process *p, uint64_t start, uint64_t end);
bool mm_is_free(const struct mm *mm, uint64_t addr, uint64_t len);
/* memlimit.c: do the guest's limits let it map len bytes in place of gone bytes? data: private and
 * writable ones. mm_may_brk: may the heap end there? */
bool mm_may_grow(struct process *p, uint64_t len, uint64_t gone, bool data);
/* Would the host's own RLIMIT_AS leave myna room enough with len bytes more, gone bytes less? */
bool mm_host_room(uint64_t len, uint64_t gone);
/* At the start of a process, before there is a second thread. */
void mm_limits_init(void);
bool mm_may_brk(struct process *p, uint64_t brk);
/* Lets the map know how far stacks in [start, end) and the one above it have grown. */
void mm_sync(struct process *p, uint64_t start, uint64_t end);
/* The mapping that starts at start now starts at low. */
void mm_extend(struct process *p, uint64_t start, uint64_t low);
/* Sets the guest's protection of [addr, end), which the host has already. */
void mm_record_prot(struct process *p, uint64_t addr, uint64_t end, int prot);
/* Takes a range of the host for all guest addresses below size (-R). 0 or -errno. */
int mm_reserve(struct process *p, uint64_t size);

#endif
