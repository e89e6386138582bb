/*
 * Memory of the guest as an object: anonymous (a memory file of ours, as RAM without an object is), a file of the host's or in a
 * folder of it, huge pages; written through to the file (share=on) or kept apart. See memory.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boards/boards.h"
#include "memory.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* All pages are there from now on. */
static int populate(const struct mem_region *r)
{
    if (madvise(r->host, r->size, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -errno;
    for (uint64_t at = 0; at < r->size; at += PAGE_BYTES) /* Linux before 5.14 */
        ((volatile uint8_t *)r->host)[at] = r->host[at];
    return 0;
}

/* A file, or one without a name in a folder, of at least size bytes. A descriptor or -errno. */
static int open_file(const char *path, uint64_t size, bool readonly)
{
    struct stat st;
    int fd;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        char *text = NULL;
        if (asprintf(&text, "%s/myna-memory-XXXXXX", path) < 0)
            return -ENOMEM;
        fd = mkostemp(text, O_CLOEXEC);
        if (fd >= 0)
            unlink(text);
        free(text);
    } else {
        fd = open(path, (readonly ? O_RDONLY : O_RDWR | O_CREAT) | O_CLOEXEC, 0644);
    }
    if (fd < 0)
        return -errno;
    int rc = fstat(fd, &st) < 0 ? -errno : 0;
    if (!rc && S_ISREG(st.st_mode) && (uint64_t)st.st_size < size)
        rc = readonly ? -EINVAL : ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    if (rc)
        close(fd);
    return rc ? rc : fd;
}

/* ------------------------------------------------------------------------------ objects */

struct words {
    const char *id, *path;
    bool hugetlb, seal;
    uint64_t hugetlb_size;
};

static bool read_words(struct memory_backend *b, struct words *w, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    const struct { const char *name; bool *to; } flags[] = {
        { "share", &b->share }, { "prealloc", &b->prealloc }, { "merge", &b->merge }, { "dump", &b->dump }, { "discard-data", &b->discard },
        { "reserve", &b->reserve }, { "readonly", &b->readonly }, { "hugetlb", &w->hugetlb }, { "seal", &w->seal },
    };
    const struct { const char *name; uint64_t *to; bool size; } numbers[] = {
        { "size", &b->size, true }, { "hugetlbsize", &w->hugetlb_size, true }, { "align", &(uint64_t){ 0 }, true }, { "prealloc-threads", &(uint64_t){ 0 }, false },
    };
    for (unsigned k = 0; k < n; k++) {
        const char *name = names[k], *v = values[k];
        bool flag = false;
        for (unsigned j = 0; j < sizeof flags / sizeof *flags; j++)
            if (!strcmp(name, flags[j].name) && !parse_bool(v, flags[j].to)) {
                snprintf(err, errlen, "%s: %s=%s: it should be on or off", b->kind, name, v);
                return false;
            }
        for (unsigned j = 0; j < sizeof numbers / sizeof *numbers; j++)
            if (!strcmp(name, numbers[j].name) && !parse_number(v, numbers[j].size, UINT64_MAX >> 1, numbers[j].to)) {
                snprintf(err, errlen, "%s: %s=%s: it should be a %s", b->kind, name, v, numbers[j].size ? "size" : "number");
                return false;
            }
        if (!strcmp(name, "id"))
            w->id = v;
        else if (!strcmp(name, "mem-path"))
            w->path = v;
        else if (!strcmp(name, "host-nodes") || (!strcmp(name, "policy") && strcmp(v, "default")) ||
                 (!strcmp(name, "pmem") && (!parse_bool(v, &flag) || flag))) {
            snprintf(err, errlen, "%s: %s=%s is not here", b->kind, name, v);
            return false;
        }
    }
    if (!b->size || b->size & (PAGE_BYTES - 1))
        snprintf(err, errlen, b->size ? "%s: size= should be whole pages of %d bytes" : "%s: size= is missing", b->kind, PAGE_BYTES);
    else if (b->readonly && b->share)
        snprintf(err, errlen, "%s: readonly=on and share=on: the guest writes to its memory", b->kind);
    else
        return true;
    return false;
}

/* A descriptor of what it is on; -1: nothing of its own; else -errno. */
static int open_memfd(const struct words *w, uint64_t size, bool huge)
{
    unsigned flags = MFD_CLOEXEC | (w->seal ? MFD_ALLOW_SEALING : 0);
    if (huge)
        flags |= MFD_HUGETLB | (w->hugetlb_size ? (unsigned)__builtin_ctzll(w->hugetlb_size) << MAP_HUGE_SHIFT : 0);
    int fd = memfd_create("memory-backend", flags);
    if (fd < 0)
        return -errno;
    int rc = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    if (!rc && w->seal && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
        rc = -errno;
    if (rc)
        close(fd);
    return rc ? rc : fd;
}

static bool make(struct memory_backend *b, const struct words *w, char *err, size_t errlen)
{
    bool file = !strcmp(b->kind, "memory-backend-file"), memfd = !strcmp(b->kind, "memory-backend-memfd");
    int fd, rc = 0;
    if (file && !w->path) {
        snprintf(err, errlen, "%s: mem-path= is missing", b->kind);
        return false;
    }
    if (!file && !memfd) {
        b->ram = mem_new_ram(w->id, b->size, MEM_RAM, &rc);
    } else {
        fd = file ? open_file(w->path, b->size, b->readonly) : open_memfd(w, b->size, w->hugetlb);
        rc = fd < 0 ? fd : 0;
        if (!rc)
            b->ram = mem_new_file(w->id, b->size, fd, b->share, &rc);
    }
    if (b->ram && b->prealloc && (rc = populate(b->ram))) {
        mem_free(b->ram);
        b->ram = NULL;
    }
    if (!b->ram) {
        if (rc == -EINVAL && b->readonly)
            snprintf(err, errlen, "%s: %s is smaller than %llu bytes", b->kind, w->path, (unsigned long long)b->size);
        else if (file)
            snprintf(err, errlen, "%s: mem-path=%s: %s", b->kind, w->path, strerror(-rc));
        else
            snprintf(err, errlen, "%s: %llu bytes: %s", b->kind, (unsigned long long)b->size, strerror(-rc));
        return false;
    }
    if (b->merge)
        madvise(b->ram->host, b->size, MADV_MERGEABLE); /* a wish: where the host can't, it is not */
    if (!b->dump)
        madvise(b->ram->host, b->size, MADV_DONTDUMP);
    return true;
}

static bool add(struct memory_backend b, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    struct words w = { .seal = true };
    b.merge = b.dump = b.reserve = true;
    struct memory_backend *made = malloc(sizeof *made);
    if (!made || !read_words(&b, &w, n, names, values, err, errlen) || !make(&b, &w, err, errlen)) {
        free(made);
        return false;
    }
    *made = b;
    backend_add(PROP_MEMORY, w.id, made);
    return true;
}

bool memory_ram_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    return add((struct memory_backend){ .kind = "memory-backend-ram" }, n, names, values, err, errlen);
}
bool memory_file_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    return add((struct memory_backend){ .kind = "memory-backend-file" }, n, names, values, err, errlen);
}
bool memory_memfd_add(struct machine *m, unsigned n, const char *const *names, const char *const *values, char *err, size_t errlen)
{
    return add((struct memory_backend){ .kind = "memory-backend-memfd", .share = true }, n, names, values, err, errlen);
}

static void drop(struct memory_backend *b)
{
    backend_remove(PROP_MEMORY, b);
    if (b->discard) /* nobody wants what is in the file: it need not be written back */
        madvise(b->ram->host, b->size, MADV_REMOVE);
    mem_free(b->ram);
    free(b);
}

bool memory_del(const char *id, char *err, size_t errlen)
{
    struct memory_backend *b = backend_by_id(PROP_MEMORY, id);
    if (b->users) {
        snprintf(err, errlen, "the memory %s is the machine's", id);
        return false;
    }
    drop(b);
    return true;
}

/* ---------------------------------------------------------------------------- the board */

static void discard_at_end(void)
{
    for (struct memory_backend *b = NULL; (b = backend_next(PROP_MEMORY, b));)
        if (b->discard)
            madvise(b->ram->host, b->size, MADV_REMOVE);
}

bool memory_settle(struct machine *m, char *err, size_t errlen)
{
    struct board_config *c = (struct board_config *)(uintptr_t)m->config;
    struct memory_backend *b = c->memory_backend ? backend_by_id(PROP_MEMORY, c->memory_backend) : NULL;
    if (!c->memory_backend)
        return true;
    if (!b)
        snprintf(err, errlen, "-M memory-backend=%s: there is no such -object memory-backend-...", c->memory_backend);
    else if (c->mem_path)
        snprintf(err, errlen, "-mem-path and -M memory-backend=: only one of them");
    else if (c->memory_given && c->memory != b->size)
        snprintf(err, errlen, "-m %lluM and the size of %s, %lluM, should be the same", (unsigned long long)(c->memory >> 20), c->memory_backend,
                 (unsigned long long)(b->size >> 20));
    else
        return (c->memory = b->size) != 0;
    return false;
}

struct mem_region *memory_of_board(struct machine *m, const char *name, char *err, size_t errlen)
{
    const struct board_config *c = m->config;
    struct memory_backend *b = c->memory_backend ? backend_by_id(PROP_MEMORY, c->memory_backend) : NULL;
    int rc = 0;
    struct mem_region *r;
    if (b) {
        b->users++;
        atexit(discard_at_end);
        return b->ram;
    }
    if (c->mem_path) {
        int fd = open_file(c->mem_path, c->memory, false);
        r = fd < 0 ? NULL : mem_new_file(name, c->memory, fd, false, &rc);
        rc = fd < 0 ? fd : rc;
    } else {
        r = mem_new_ram(name, c->memory, MEM_RAM, &rc);
    }
    if (r && c->mem_prealloc && (rc = populate(r)))
        r = NULL;
    if (!r && c->mem_path)
        snprintf(err, errlen, "-mem-path %s: %s", c->mem_path, strerror(-rc));
    else if (!r)
        snprintf(err, errlen, "no %llu MiB of memory for the guest: %s", (unsigned long long)(c->memory >> 20), strerror(-rc));
    return r;
}
