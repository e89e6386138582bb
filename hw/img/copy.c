/*
 * The copying engine: some tasks (../block/task.h) take pieces of the target one after another, read them, find their zeros and
 * write the rest.
 *
 * A piece is of one kind: data, zeros, or not allocated above a part's base. A piece of data is at most a chunk; its ends lie on
 * the target's clusters, and where a cluster of the target has parts of several kinds it is taken as data. Data that has a place
 * in a plain file is read there by a thread of the host, straight past the nodes, in steps that stay in the processor's cache
 * while their zeros are looked for. All else goes through the nodes.
 *
 * Writes of pieces begin in their order unless -W; reading goes ahead.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "copy.h"

enum { CHUNK = 1 << 20, STEP = 256 << 10, GRAIN = 4096, MOST_ZERO = 1 << 30, RUNS = 64 };

enum kind { DATA, ZERO, NOTHING };

struct piece {
    enum kind kind;
    const struct copy_part *part;
    uint64_t at, from, bytes; /* in the target; in the part's node */
    uint64_t ticket;
    int fd;                   /* DATA: a file that has it at `host`; -1: through the node */
    uint64_t host;
};

/* A task's. */
struct work {
    struct copy *c;
    struct piece p;
    uint8_t *buffer;
    uint8_t *zero;     /* a flag a grain */
    uint32_t grain;
    uint64_t failed_at;
    /* What of the piece is being written. */
    struct run *runs;
    unsigned left;
    int error;
    struct task_queue ended;
};

static void fail(struct copy *c, int error, const char *doing, const char *file, uint64_t at)
{
    if (!c->error && error != -EINTR)
        complain("%s: %s at offset %" PRIu64 ": %s", file, doing, at, strerror(-error));
    if (!c->error)
        c->error = error;
    task_wake(&c->turns);
}

/* ------------------------------------------------------------------------ files below */

/* A descriptor of its own for a plain file that a node is; -1: it is none. */
static int open_plain(const struct block_node *n, int how)
{
    struct stat st;
    if (!n || n->driver->kind != BLOCK_PROTOCOL || strcmp(n->driver->name, "file") || !n->filename || n->align > 1)
        return -1;
    int fd = open(n->filename, how | O_CLOEXEC);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        fd = -1;
    }
    return fd;
}

static int source_file(struct copy *c, const struct block_node *n)
{
    for (unsigned k = 0; k < c->nfiles; k++)
        if (c->files[k].node == n)
            return c->files[k].fd;
    if (c->nfiles == sizeof c->files / sizeof *c->files)
        return -1;
    c->files[c->nfiles].node = n;
    c->files[c->nfiles].fd = open_plain(n, O_RDONLY);
    return c->files[c->nfiles++].fd;
}

/* ---------------------------------------------------------------------- taking pieces */

static const struct copy_part *part_at(const struct copy *c, uint64_t at, uint64_t *inside)
{
    const struct copy_part *p = c->parts;
    while (at >= p->bytes) {
        at -= p->bytes;
        p++;
    }
    *inside = at;
    return p;
}

/* What is at c->next becomes the extent. */
static bool find_extent(struct copy *c)
{
    uint64_t inside;
    const struct copy_part *p = part_at(c, c->next, &inside);
    uint64_t from = p->from + inside, left = p->bytes - inside;
    c->extent = (struct block_status){ .flags = BLOCK_IS_ZERO | BLOCK_IS_ALLOCATED, .bytes = left };
    if (from < p->node->size) {
        uint64_t there = p->node->size - from;
        int error = block_status_chain(p->node, p->base, from, left < there ? left : there, &c->extent);
        if (error < 0) {
            if (!c->salvage) {
                fail(c, error, "looking for data", p->file, from);
                return false;
            }
            c->extent = (struct block_status){ .flags = BLOCK_IS_DATA | BLOCK_IS_ALLOCATED, .bytes = left < there ? left : there };
        }
    }
    c->extent_at = c->next;
    c->extent_end = c->next + c->extent.bytes;
    return true;
}

static enum kind kind_of(const struct copy *c)
{
    unsigned f = c->extent.flags;
    if (f & BLOCK_IS_ZERO)
        return ZERO;
    return f & BLOCK_IS_DATA ? DATA : c->backed ? NOTHING : ZERO;
}

static void wait_for_rate(const struct copy *c)
{
    struct timespec now;
    if (!c->rate)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    double early = (double)c->next / (double)c->rate - ((double)now.tv_sec + (double)now.tv_nsec / 1e9 - (double)c->begun);
    if (early > 0)
        usleep((useconds_t)(early < 1 ? early * 1e6 : 1e6));
}

static uint64_t down(uint64_t v, uint32_t unit) { return v - v % unit; }

/* A whole unit with several extents in it. False: failed. */
static bool take_mixed(struct copy *c, struct piece *p)
{
    uint64_t begin = c->next, end = down(c->next, c->unit) + c->unit;
    uint64_t inside;
    const struct copy_part *part = part_at(c, begin, &inside);
    bool zero = true, nothing = true;
    if (end > begin + (part->bytes - inside))
        end = begin + (part->bytes - inside);
    while (c->next < end) {
        if (c->next >= c->extent_end && !find_extent(c))
            return false;
        zero = zero && kind_of(c) == ZERO;
        nothing = nothing && kind_of(c) == NOTHING;
        c->next = c->extent_end < end ? c->extent_end : end;
    }
    p->kind = zero ? ZERO : nothing ? NOTHING : DATA;
    p->bytes = end - begin;
    p->fd = -1;
    return true;
}

static bool take_inside(struct copy *c, struct piece *p)
{
    uint64_t end = c->extent_end == c->total ? c->total : down(c->extent_end, c->unit), most;
    p->kind = kind_of(c);
    p->fd = -1;
    if (end <= c->next) /* it ends inside its unit */
        return take_mixed(c, p);
    if (p->kind == DATA && c->extent.flags & BLOCK_HAS_OFFSET && c->extent.node) {
        p->fd = source_file(c, c->extent.node);
        p->host = c->extent.host + (c->next - c->extent_at);
    }
    most = p->kind == DATA ? down(c->next, c->chunk) + c->chunk : c->next + MOST_ZERO;
    p->bytes = (end < most ? end : most) - c->next;
    c->next += p->bytes;
    return true;
}

/* False: there is nothing more to do. */
static bool take(struct copy *c, struct piece *p)
{
    bool good = false;
    task_lock(&c->taking);
    if (signals_came())
        fail(c, -EINTR, "", "", 0);
    if (!c->error && c->next < c->total) {
        uint64_t inside;
        wait_for_rate(c);
        p->part = part_at(c, c->next, &inside);
        p->at = c->next;
        p->from = p->part->from + inside;
        good = (c->next < c->extent_end || find_extent(c)) && take_inside(c, p);
        if (good)
            p->ticket = c->tickets++;
        if (c->sparse == 0 && p->kind == ZERO && p->bytes > c->chunk) { /* zeros are written as data */
            c->next -= p->bytes - c->chunk;
            p->bytes = c->chunk;
        }
    }
    task_unlock(&c->taking);
    return good;
}

/* --------------------------------------------------------------------- the host's part */

static void find_zeros(struct work *w, uint64_t at, uint64_t n)
{
    for (uint64_t k = at; k < at + n; k += w->grain) {
        uint64_t left = at + n - k;
        w->zero[k / w->grain] = bytes_are_zero(w->buffer + k, left < w->grain ? left : w->grain);
    }
}

/* Reads [at, at + n) of the piece from its file. */
static int read_plain(struct work *w, uint64_t at, uint64_t n)
{
    const struct piece *p = &w->p;
    for (uint64_t k = 0; k < n;) {
        ssize_t got = pread(p->fd, w->buffer + at + k, n - k, (off_t)(p->host + at + k));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            w->failed_at = p->host + at + k;
            return -errno;
        }
        if (!got) { /* the file's end: zeros */
            memset(w->buffer + at + k, 0, n - k);
            break;
        }
        k += (uint64_t)got;
    }
    return 0;
}

/* Reads the piece from its file and finds its zeros. In a thread. */
static int load(void *arg)
{
    struct work *w = arg;
    for (uint64_t at = 0, n; at < w->p.bytes; at += n) {
        n = w->p.bytes - at < STEP ? w->p.bytes - at : STEP;
        int error = read_plain(w, at, n);
        if (error)
            return error;
        if (w->c->sparse)
            find_zeros(w, at, n);
    }
    return 0;
}

/* The host copies the piece from file to file. In a thread. */
static int host_copy(void *arg)
{
    struct work *w = arg;
    off_t from = (off_t)w->p.host, to = (off_t)w->p.at;
    for (uint64_t left = w->p.bytes; left;) {
        ssize_t n = copy_file_range(w->p.fd, &from, w->c->target_fd, &to, left, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n ? -errno : -EIO;
        left -= (uint64_t)n;
    }
    return 0;
}

/* ----------------------------------------------------------------------------- a piece */

/* The next stretch of data or zeros behind [*at, *at + *n); runs of zeros shorter than `sparse` count as data. */
static bool next_run(const struct work *w, uint64_t *at, uint64_t *n, bool *zero)
{
    uint64_t bytes = w->p.bytes, begin = *at, end = begin;
    if (begin >= bytes)
        return false;
    if (!w->c->sparse) {
        *n = bytes - begin;
        *zero = false;
        return true;
    }
    for (uint64_t run = begin; end < bytes; run = end) {
        bool z = w->zero[run / w->grain];
        while (end < bytes && w->zero[end / w->grain] == z)
            end += w->grain;
        end = end < bytes ? end : bytes;
        bool long_enough = z && (end - run >= w->c->sparse || (run == 0 && end == bytes) || w->grain >= w->c->sparse);
        if (run == begin) {
            *zero = long_enough;
            if (long_enough)
                break;
        } else if (long_enough) {
            end = run;
            break;
        }
    }
    *n = end - begin;
    return true;
}

/* Reads what can be read, sector by sector; zeros for the rest. */
static void salvage(struct work *w)
{
    struct piece *p = &w->p;
    for (uint64_t k = 0; k < p->bytes; k += 512) {
        uint64_t n = p->bytes - k < 512 ? p->bytes - k : 512;
        if (block_node_read(p->part->node, p->from + k, w->buffer + k, n)) {
            complain("%s: 512 bytes at offset %" PRIu64 " can't be read: zeros instead", p->part->file, p->from + k);
            memset(w->buffer + k, 0, n);
        }
    }
}

static bool read_piece(struct work *w)
{
    struct copy *c = w->c;
    struct piece *p = &w->p;
    int error;
    if (p->kind == ZERO) { /* -S 0 */
        memset(w->buffer, 0, p->bytes);
        return true;
    }
    if (p->fd >= 0) {
        error = block_call(load, w);
        if (!error)
            return true;
    } else {
        uint64_t there = p->from < p->part->node->size ? p->part->node->size - p->from : 0;
        uint64_t n = p->bytes < there ? p->bytes : there;
        memset(w->buffer + n, 0, p->bytes - n);
        error = n ? block_node_read(p->part->node, p->from, w->buffer, n) : 0;
        w->failed_at = p->from;
    }
    if (error && !c->salvage) {
        fail(c, error, "reading", p->part->file, w->failed_at);
        return false;
    }
    if (error)
        salvage(w);
    if (c->sparse)
        find_zeros(w, 0, p->bytes);
    return true;
}

static int write_zeros(struct copy *c, uint64_t at, uint64_t n)
{
    return c->target_zero ? 0 : block_node_zero(c->target, at, n, BLOCK_UNMAP);
}

struct run { struct block_request r; struct iovec io; struct work *w; };

static void run_done(struct block_request *r, int error)
{
    struct run *run = (struct run *)r;
    struct work *w = run->w;
    if (error && !w->error) {
        w->error = error;
        w->failed_at = run->r.offset;
    }
    w->left--;
    task_wake(&w->ended);
}

static void begin_run(struct work *w, struct run *run, uint64_t at, uint64_t n, bool zero)
{
    struct copy *c = w->c;
    *run = (struct run){ .w = w, .io = { w->buffer + at, n } };
    run->r = (struct block_request){ .op = zero ? BLOCK_ZERO : BLOCK_WRITE, .flags = zero ? BLOCK_UNMAP : c->compress ? BLOCK_COMPRESSED : 0,
                                     .offset = w->p.at + at, .bytes = n, .iov = &run->io, .niov = 1, .done = run_done };
    w->left++;
    block_node_submit(c->target, &run->r);
}

static void pass_turn(struct copy *c)
{
    c->turn++;
    if (!c->unordered)
        task_wake(&c->turns);
}

/* The next piece may begin when all of this one has begun: what is behind it in the file comes behind it. */
static int write_piece(struct work *w)
{
    struct copy *c = w->c;
    struct piece *p = &w->p;
    uint64_t at = 0, n = 0;
    bool zero = false;
    unsigned k = 0;
    w->failed_at = p->at;
    w->error = 0;
    for (; !w->error && next_run(w, &at, &n, &zero); at += n) {
        if (zero && c->target_zero)
            continue;
        while (w->left && k == RUNS)
            task_wait(&w->ended);
        k = k == RUNS ? 0 : k;
        begin_run(w, &w->runs[k++], at, n, zero);
    }
    pass_turn(c);
    while (w->left)
        task_wait(&w->ended);
    return w->error;
}

static bool wait_turn(struct copy *c, const struct piece *p)
{
    while (!c->unordered && c->turn != p->ticket && !c->error)
        task_wait(&c->turns);
    return !c->error;
}

static void copy_piece(struct work *w)
{
    struct copy *c = w->c;
    struct piece *p = &w->p;
    bool as_data = p->kind == DATA || (p->kind == ZERO && !c->sparse);
    bool by_host = c->host_copies && p->fd >= 0 && c->target_fd >= 0 && p->kind == DATA;
    int error = 0;
    if (as_data && !by_host && !read_piece(w))
        return;
    if (!wait_turn(c, p))
        return;
    w->failed_at = p->at;
    if (by_host)
        error = block_call(host_copy, w);
    else if (as_data)
        error = write_piece(w);
    else if (p->kind == ZERO)
        error = write_zeros(c, p->at, p->bytes);
    if (!as_data || by_host)
        pass_turn(c);
    if (error) {
        fail(c, error, "writing", c->target_file, w->failed_at);
        return;
    }
    c->done += p->bytes;
    progress_show(c->done, c->total);
}

static void work(void *arg)
{
    struct work *w = arg;
    while (take(w->c, &w->p))
        copy_piece(w);
    w->c->running--;
    task_wake(&w->c->turns);
}

/* ---------------------------------------------------------------------------- the whole */

/* Units, and whether files are reached without the nodes. */
static void prepare(struct copy *c)
{
    struct block_info *i = calloc(1, sizeof *i);
    uint64_t cluster = GRAIN;
    struct timespec now;
    if (i) {
        block_get_info(c->target, i);
        cluster = i->subcluster_size && !c->compress ? i->subcluster_size : i->cluster_size ? i->cluster_size : GRAIN;
    }
    free(i);
    c->unit = cluster < GRAIN && !c->compress ? GRAIN : (uint32_t)cluster;
    c->chunk = c->compress || c->unit > CHUNK ? c->unit : CHUNK;
    c->unordered = c->unordered || c->compress;
    c->target_fd = c->host_copies && !strcmp(c->target->driver->name, "raw") ? open_plain(c->target->file, O_WRONLY) : -1;
    for (unsigned k = 0; k < c->nparts; k++)
        c->total += c->parts[k].bytes;
    clock_gettime(CLOCK_MONOTONIC, &now);
    c->begun = now.tv_sec;
}

static bool start(struct copy *c, struct work *w)
{
    void *p = NULL;
    *w = (struct work){ .c = c, .grain = c->compress || c->unit > GRAIN ? c->unit : GRAIN };
    w->zero = malloc(c->chunk / w->grain + 1);
    w->runs = malloc(RUNS * sizeof *w->runs);
    if (!w->zero || !w->runs || posix_memalign(&p, 2 << 20, c->chunk))
        return false;
    w->buffer = p;
    c->running++;
    if (task_start(work, w))
        return true;
    c->running--;
    return false;
}

int copy_run(struct copy *c)
{
    prepare(c);
    struct work *w = calloc(c->tasks, sizeof *w);
    unsigned started = 0;
    while (w && started < c->tasks && start(c, &w[started]))
        started++;
    if (!started)
        c->error = complain("%s: no memory", c->target_file);
    while (c->running)
        task_wait(&c->turns);
    for (unsigned k = 0; w && k < c->tasks; k++) {
        free(w[k].buffer);
        free(w[k].zero);
        free(w[k].runs);
    }
    free(w);
    for (unsigned k = 0; k < c->nfiles; k++)
        if (c->files[k].fd >= 0)
            close(c->files[k].fd);
    if (c->target_fd >= 0)
        close(c->target_fd);
    if (c->error == -EINTR)
        complain("%s: stopped by a signal; it is not complete", c->target_file);
    return c->error ? 1 : 0;
}
