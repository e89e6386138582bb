/*
 * -object memory-backend-ram, -file, -memfd: memory of the guest with a name of its own; -mem-path and -mem-prealloc.
 */
#ifndef MYNA_BACKEND_MEMORY_H
#define MYNA_BACKEND_MEMORY_H

#include "object.h"

struct memory_backend {
    const char *kind;   /* "memory-backend-ram" ... */
    uint64_t size;
    bool share, prealloc, merge, dump, discard, reserve, readonly;
    struct mem_region *ram;
    unsigned users;
};

bool memory_ram_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool memory_file_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool memory_memfd_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen);
bool memory_del(const char *id, char *err, size_t errlen);

/* What the machine's configuration says of its memory (-m, -M memory-backend=, -mem-path): its size becomes that of the backend,
 * unless another was asked for. False: the reason in err. */
bool memory_settle(struct machine *m, char *err, size_t errlen);
/* The board's memory of config->memory bytes, whose name is used where there is no backend. NULL: the reason in err. */
struct mem_region *memory_of_board(struct machine *m, const char *name, char *err, size_t errlen);

#endif
