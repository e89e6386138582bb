/*
 * The guest's physical address space: RAM, ROM and devices' registers by address.
 *
 * A region is memory or a device's register block; it is mapped into a space at one or more addresses, and
 * where mappings overlap the one of higher priority is seen. Mappings are gathered into a flat view that readers
 * walk without a lock: a change makes a new view, and the old one is freed once no reader is in it.
 *
 * RAM is a memory file (memfd), so that it can be shared with other processes; its host address never changes.
 * Guest physical addresses have a type name of their own, gpa_t; so have virtual ones, gva_t.
 */
#ifndef MYNA_PHYSMEM_H
#define MYNA_PHYSMEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t gpa_t;
typedef uint64_t gva_t;

enum { PAGE_BITS = 12, PAGE_BYTES = 1 << PAGE_BITS };

/* Who makes an access, as far as devices care. */
struct mem_attr {
    uint32_t requester; /* PCI: bus << 8 | device << 3 | function, for message interrupts; else ~0 */
    bool secure;        /* Arm: of the secure world */
    bool user;          /* unprivileged */
};
static const struct mem_attr MEM_CPU = { ~0u, false, false };

/* A device's registers. offset: from the start of the region, size: 1, 2, 4 or 8 bytes, naturally aligned, min <=
 * size <= max: other accesses of the guest are split into the largest ones allowed, or widened (a read takes
 * the bytes it wants, a write gives zeroes for the others). read or write may be NULL: reads give 0, writes do nothing. */
struct mmio_ops {
    uint64_t (*read)(void *device, uint64_t offset, unsigned size, struct mem_attr a);
    void (*write)(void *device, uint64_t offset, unsigned size, uint64_t value, struct mem_attr a);
    uint8_t min, max; /* 0: 1 and 8 */
    bool unlocked;    /* callable without the machine's lock */
    bool merges;      /* a write that is widened keeps the other bytes: the register, which reading doesn't change, is read before */
};

enum mem_kind { MEM_RAM, MEM_ROM /* writes are ignored */, MEM_MMIO, MEM_ROM_DEVICE /* reads memory, writes go to the device */ };

enum { /* of a page of memory: bits of mem_region.pages */
    MEM_CODE = 1,  /* translations were made of it: the CPUs' stores must come to memory_written() */
    MEM_DIRTY = 2  /* written since it was last asked for (migration, displays) */
};

struct mem_region {
    const char *name; /* the region's own copy */
    enum mem_kind kind;
    uint64_t size;    /* bytes */
    uint8_t *host;    /* memory: host address */
    int fd;           /* of the memory file, -1: none */
    bool apart;       /* what is written does not go to the file: it is mapped privately */
    uint8_t *pages;   /* memory: bits of each page, changed by atomic operations */
    const struct mmio_ops *ops;
    void *device;
};

/* Memory of size bytes, zeroed (a multiple of PAGE_BYTES). NULL with the host's refusal in *error (-errno). */
struct mem_region *mem_new_ram(const char *name, uint64_t size, enum mem_kind kind, int *error);
/* Memory on a file of at least size bytes, whose descriptor it takes (in any case). share: what is written goes to the file. */
struct mem_region *mem_new_file(const char *name, uint64_t size, int fd, bool share, int *error);
/* Registers of a device; ops and device live as long as the region. */
struct mem_region *mem_new_mmio(const char *name, uint64_t size, const struct mmio_ops *ops, void *device);
/* MEM_ROM_DEVICE: gives memory a device for writes, or for both while it is not reading memory (flash). */
void mem_set_device(struct mem_region *r, const struct mmio_ops *ops, void *device);
void mem_free(struct mem_region *r);

struct physmem;
struct mapping;

/* changed: called with the machine's lock held after mappings have changed, with the range that is affected. */
struct physmem *physmem_new(void (*changed)(void *arg, gpa_t start, gpa_t last), void *arg);
void physmem_free(struct physmem *m);

/* Maps [offset, offset + size) of r at base; priority decides where mappings overlap (higher wins, later wins among
 * equals). The parts seen are cut to what fits below 2^64. Takes effect at once unless a transaction is open.
 * NULL: no memory, or an empty or impossible range. */
struct mapping *physmem_map(struct physmem *m, struct mem_region *r, gpa_t base, uint64_t offset, uint64_t size, int priority);
void physmem_unmap(struct physmem *m, struct mapping *at);
/* Several changes at once. */
void physmem_begin(struct physmem *m);
void physmem_commit(struct physmem *m);

/* A piece of the flat view: [base, last] is r from offset on. */
struct mem_range {
    gpa_t base, last;
    uint64_t offset;
    struct mem_region *r;
};

/* A reader: each thread that looks at the view has its own, on the list of the space. */
struct mem_reader {
    const void *volatile view;
    struct mem_reader *next;
    uint32_t version;      /* of the view that last is of, 0: none */
    struct mem_range last; /* what was found */
};
void physmem_reader_add(struct physmem *m, struct mem_reader *who);
void physmem_reader_remove(struct physmem *m, struct mem_reader *who);

/* What is at gpa: false if nothing; then *out has the hole's bounds and r NULL. */
bool physmem_find(struct physmem *m, struct mem_reader *who, gpa_t gpa, struct mem_range *out);

enum mem_result { MEM_OK, MEM_NOTHING /* no memory, no device there */ };

/* One access of 1, 2, 4 or 8 bytes, any alignment, by a CPU or device. The caller does not hold the machine's
 * lock; it is taken for devices (see machine.h). */
enum mem_result physmem_load(struct physmem *m, struct mem_reader *who, gpa_t gpa, unsigned size, uint64_t *value, struct mem_attr a);
enum mem_result physmem_store(struct physmem *m, struct mem_reader *who, gpa_t gpa, unsigned size, uint64_t value, struct mem_attr a);

/* DMA: copies n bytes from / to guest memory. What hits no memory reads as ones, and is lost on writes; devices'
 * registers count as nothing unless it is one aligned access of 1, 2, 4 or 8 bytes. */
enum mem_result physmem_read(struct physmem *m, struct mem_reader *who, gpa_t gpa, void *to, uint64_t n, struct mem_attr a);
enum mem_result physmem_write(struct physmem *m, struct mem_reader *who, gpa_t gpa, const void *from, uint64_t n, struct mem_attr a);

/* Host address of guest memory at gpa, with *n cut to what is contiguous there; NULL: no RAM. Good as long as the
 * machine lives. Who writes says so by physmem_wrote afterwards. */
void *physmem_host(struct physmem *m, struct mem_reader *who, gpa_t gpa, uint64_t *n, bool write);
void physmem_wrote(struct physmem *m, struct mem_region *r, uint64_t offset, uint64_t n);

/* Whole pages of RAM go back to the host: they read as zeroes until they are written. What the host does not take stays as it is; parts
 * of pages too. It counts as a write (physmem_wrote). */
void physmem_discard(struct physmem *m, struct mem_region *r, uint64_t offset, uint64_t n);

/* Called by physmem_wrote and the CPUs' slow path for pages with MEM_CODE: translations of [offset, offset + n) are
 * to be retired. */
void physmem_on_code(struct physmem *m, void (*code_written)(void *arg, struct mem_region *r, uint64_t offset, uint64_t n), void *arg);

/* Each region of memory that is mapped somewhere, once, in the order of the lowest addresses. Lock held. */
void physmem_regions(struct physmem *m, void (*fn)(void *arg, struct mem_region *r), void *arg);

/* Prints the flat view, one line a range (monitor: info mtree). */
void physmem_print(struct physmem *m, void (*line)(void *arg, const char *text), void *arg);

#endif
