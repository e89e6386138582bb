/*
 * The persistent cache's directory and files: who may write them, their index, publication, eviction.
 *
 * A directory or file that isn't ours, or that others can write, is left alone. A new file is written
 * under another name and renamed; an old one grows at its end under flock. Whoever is killed meanwhile
 * leaves a stray file or a torn end: the former goes at a later eviction, the latter is cut off by the
 * next writer, and no reader believes it, as its checksums fail. Readers take no lock.
 *
 * No error is reported: without the cache everything works, slower.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "pcache.h"

enum { INDEX_READ = 8192, TOUCH_AFTER = 3600 /* s: a file's last use is known to the hour */,
       STRAY_AFTER = 3600, ASIDE = 40 /* below the 64 that a table of descriptors has anyway */ };
#define STRAY ".new-"

static bool is_ours(const struct stat *st)
{
    return st->st_uid == geteuid() && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int pcache_open_dir(const char *dir, bool make)
{
    struct stat st;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        char up[PATH_MAX];
        size_t n = strlen(dir);
        const char *slash = strrchr(dir, '/');
        if (mkdir(dir, 0700) < 0 && errno == ENOENT && slash && slash != dir && n < sizeof up) {
            memcpy(up, dir, (size_t)(slash - dir)); /* ~/.cache, perhaps: one level, not more */
            up[slash - dir] = 0;
            mkdir(up, 0700);
            mkdir(dir, 0700);
        }
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) < 0 || !is_ours(&st)) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

int pcache_open_file(int dirfd, const char *name, int flags)
{
    struct stat st;
    int fd = openat(dirfd, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : -EPERM; /* a link, a folder, one we can't read */
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ours(&st)) {
        close(fd);
        return -EPERM;
    }
    return fd;
}

void pcache_root(uint64_t id[2])
{
    struct stat st = { 0 };
    int rc = stat("/", &st);
    id[0] = rc < 0 ? 0 : st.st_dev;
    id[1] = rc < 0 ? 0 : st.st_ino;
}

int pcache_aside(int fd)
{
    int high = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, ASIDE);
    if (high < 0)
        return fd;
    close(fd);
    return high;
}

bool pcache_pread(int fd, void *to, size_t n, uint64_t off)
{
    for (char *at = to; n;) {
        ssize_t r = pread(fd, at, n, (off_t)off);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        at += r;
        off += (uint64_t)r;
        n -= (size_t)r;
    }
    return true;
}

/* ------------------------------------------------------------------ index */

uint64_t pcache_chunk_sum(const struct stored_chunk *h, const struct stored_seg *segs, const uint64_t key[4])
{
    return pcache_hash(h, offsetof(struct stored_chunk, sum), key) ^
           pcache_hash(segs, h->nsegs * sizeof *segs, key);
}

static bool add_segments(struct pcache *p, const struct stored_seg *s, const struct stored_chunk *h,
                         uint64_t at)
{
    if (p->nsegs + h->nsegs > MAX_SEGMENTS)
        return false;
    struct segment *segs = realloc(p->segs, (p->nsegs + h->nsegs) * sizeof *segs);
    if (!segs)
        return false;
    p->segs = segs;
    for (uint32_t k = 0; k < h->nsegs; k++) {
        uint64_t payload = seg_meta_len(&s[k], sizeof(struct xlate_flex)) +
                           s[k].nfaults * sizeof(struct fault_entry) + s[k].code_len;
        if (s[k].off > h->len || payload > h->len - s[k].off || s[k].lo >= s[k].hi)
            return false;
        segs[p->nsegs++] = (struct segment){ .s = s[k], .at = at + s[k].off, .waiting = true };
    }
    return true;
}

/* The chunk at p->end, of a file of size bytes. buf holds the file's bytes from `from` on. */
static bool read_chunk(struct pcache *p, int fd, uint64_t size, uint8_t *buf, uint64_t *from, size_t *have)
{
    struct stored_chunk h;
    uint64_t at = p->end, n = 0;
    struct stored_seg *more = NULL;
    if (size - at < sizeof h)
        return false;
    if (at < *from || at + sizeof h > *from + *have) {
        *from = at;
        *have = size - at < INDEX_READ ? (size_t)(size - at) : INDEX_READ;
        if (!pcache_pread(fd, buf, *have, at))
            return false;
    }
    memcpy(&h, buf + (at - *from), sizeof h);
    n = h.nsegs * sizeof(struct stored_seg);
    if (h.magic != CHUNK_MAGIC || !h.nsegs || h.nsegs > MAX_SEGMENTS || h.len % 16 || h.len > size - at ||
        sizeof h + n > h.len)
        return false;
    const struct stored_seg *s = (const void *)(buf + (at - *from) + sizeof h);
    if (at + sizeof h + n > *from + *have || (uintptr_t)s % 8) {
        more = malloc(n);
        s = more;
        if (!more || !pcache_pread(fd, more, n, at + sizeof h)) {
            free(more);
            return false;
        }
    }
    bool good = pcache_chunk_sum(&h, s, p->file_seed) == h.sum && add_segments(p, s, &h, at);
    free(more);
    if (good) {
        p->end += h.len;
        p->nchunks++;
    }
    return good;
}

void pcache_drop_segments(struct pcache *p)
{
    for (unsigned k = 0; k < p->nsegs; k++)
        free(p->segs[k].filter);
    p->nsegs = 0;
}

void pcache_read_index(struct pcache *p, int fd)
{
    uint8_t buf[INDEX_READ] __attribute__((aligned(16)));
    struct stored_header h;
    struct stat st;
    uint64_t from = 0;
    pcache_drop_segments(p);
    p->nchunks = 0;
    p->end = 0;
    p->bad = true;
    if (fstat(fd, &st) < 0 || st.st_size > MAX_FILE)
        return;
    p->dev = st.st_dev;
    p->ino = st.st_ino;
    size_t have = (size_t)st.st_size < sizeof buf ? (size_t)st.st_size : sizeof buf;
    if (have < sizeof h || !pcache_pread(fd, buf, have, 0))
        return;
    memcpy(&h, buf, sizeof h);
    if (memcmp(h.magic, PCACHE_MAGIC, 8) || h.config[0] != p->config[0] || h.config[1] != p->config[1] ||
        h.sum != pcache_hash(&h, offsetof(struct stored_header, sum), h.seed))
        return;
    memcpy(p->file_seed, h.seed, sizeof p->file_seed);
    p->end = sizeof h;
    p->bad = false;
    while (read_chunk(p, fd, (uint64_t)st.st_size, buf, &from, &have))
        ;
    p->torn = p->end != (uint64_t)st.st_size;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec - st.st_mtim.tv_sec > TOUCH_AFTER)
        futimens(fd, NULL);
}

/* ------------------------------------------------------------ publication */

static bool write_all(int fd, const void *data, size_t n)
{
    for (const char *at = data; n;) {
        ssize_t r = write(fd, at, n);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return false;
        at += r;
        n -= (size_t)r;
    }
    return true;
}

/* A write beyond it would raise SIGXFSZ. */
static bool size_allowed(uint64_t n)
{
    struct rlimit lim;
    return n <= MAX_FILE && (getrlimit(RLIMIT_FSIZE, &lim) < 0 || lim.rlim_cur >= n);
}

bool pcache_append(struct pcache *p, int fd, const void *chunk, size_t len)
{
    struct stat st;
    if (!size_allowed(p->end + len) || fstat(fd, &st) < 0 || !st.st_nlink || st.st_ino != p->ino ||
        st.st_dev != p->dev)
        return false;
    if ((uint64_t)st.st_size != p->end && ftruncate(fd, (off_t)p->end) < 0)
        return false;
    if (lseek(fd, (off_t)p->end, SEEK_SET) >= 0 && write_all(fd, chunk, len))
        return true;
    return ftruncate(fd, (off_t)p->end) < 0 && false; /* disk full */
}

bool pcache_replace(struct pcache *p, int dirfd, const void *chunk, size_t len, bool first)
{
    struct stored_header h = { .magic = PCACHE_MAGIC, .config = { p->config[0], p->config[1] } };
    char name[64];
    memcpy(h.seed, p->file_seed, sizeof h.seed);
    h.sum = pcache_hash(&h, offsetof(struct stored_header, sum), h.seed);
    if (!size_allowed(sizeof h + len))
        return false;
    snprintf(name, sizeof name, STRAY "%d-%08x", (int)getpid(), (unsigned)clock());
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    fd = pcache_aside(fd);
    if (fd < 0)
        return false;
    bool done = write_all(fd, &h, sizeof h) && write_all(fd, chunk, len);
    close(fd);
    if (done && first && linkat(dirfd, name, dirfd, p->name, 0) < 0) {
        done = errno != EEXIST; /* a file system without links: the last one wins */
        first = false;
    }
    done = done && (first || renameat(dirfd, name, dirfd, p->name) == 0);
    if (!done || first)
        unlinkat(dirfd, name, 0);
    return done;
}

/* --------------------------------------------------------------- eviction */

struct used { time_t when; uint64_t size; char name[48]; };

static int by_time(const void *a, const void *b)
{
    const struct used *x = a, *y = b;
    return x->when < y->when ? -1 : x->when > y->when;
}

uint64_t pcache_evict(int dirfd, uint64_t limit, unsigned *files)
{
    struct used *list = NULL;
    size_t n = 0, cap = 0;
    uint64_t total = 0;
    struct stat st;
    int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (struct dirent *e; (e = readdir(d));) {
        size_t len = strlen(e->d_name), suffix = strlen(PCACHE_SUFFIX);
        bool stray = !strncmp(e->d_name, STRAY, strlen(STRAY));
        if (!stray && (len <= suffix || len >= sizeof list->name || strcmp(e->d_name + len - suffix, PCACHE_SUFFIX)))
            continue;
        if (fstatat(dirfd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (stray) {
            if (!limit || time(NULL) - st.st_mtime > STRAY_AFTER)
                unlinkat(dirfd, e->d_name, 0);
            continue;
        }
        if (n == cap) {
            struct used *more = realloc(list, (cap = cap * 2 + 64) * sizeof *list);
            if (!more)
                break;
            list = more;
        }
        list[n] = (struct used){ .when = st.st_mtime, .size = (uint64_t)st.st_blocks * 512 };
        memcpy(list[n].name, e->d_name, len + 1);
        total += list[n++].size;
    }
    closedir(d);
    size_t gone = 0;
    if (total > limit) {
        qsort(list, n, sizeof *list, by_time);
        for (; gone < n && total > limit - limit / 8; gone++)
            if (unlinkat(dirfd, list[gone].name, 0) == 0)
                total -= list[gone].size;
    }
    if (files)
        *files = (unsigned)(n - gone);
    free(list);
    return total;
}

int64_t engine_cache_usage(const char *dir, bool clear, unsigned *files)
{
    int fd = pcache_open_dir(dir, false);
    if (fd < 0)
        return fd;
    uint64_t bytes = pcache_evict(fd, clear ? 0 : UINT64_MAX, files);
    close(fd);
    return (int64_t)bytes;
}
