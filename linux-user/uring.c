/*
 * uring.c: io_uring.
 *
 * Rings and requests hold addresses, and the host's kernel reads them by itself: the calls are refused by
 * name with a guest base. With base 0 a ring is the host's. Three kinds of request differ between arm64 and
 * x86_64 (the flags of OPENAT and OPENAT2, the packed structure of EPOLL_CTL), and names go through path.c
 * where there is a prefix: io_uring_enter changes such requests before the kernel takes them and puts them
 * back after it. So no ring may be read behind myna's back: IORING_SETUP_SQPOLL is EPERM, rings in the
 * caller's memory and registered ring descriptors are EINVAL, as in kernels without them. What is newer
 * than Linux 6.12 is EINVAL and not in the answer of a probe.
 *
 * A ring is known by the descriptor that io_uring_setup gave; fd.c says when it is closed. A ring that came
 * another way (dup, SCM_RIGHTS) passes unchanged. Threads that submit to one ring at once take turns while
 * requests are changed.
 *
 * Sources: io_uring_setup(2), io_uring_enter(2), Linux include/uapi/linux/io_uring.h, io_uring/ of 6.12.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/openat2.h>

#include "guest_process.h"
#include "guest_signal.h"
#include "mem.h"
#include "path.h"

enum {
    SETUP_SQPOLL = 1 << 1, SETUP_SQE128 = 1 << 10, SETUP_NO_MMAP = 1 << 14, SETUP_REGISTERED_ONLY = 1 << 15,
    SETUP_NO_SQARRAY = 1 << 16, SETUP_KNOWN = (1 << 17) - 1,
    FEATURES_KNOWN = 0xffff & ~(1 << 13), /* without registered ring descriptors */
    ENTER_GETEVENTS = 1, ENTER_EXT_ARG = 8, ENTER_REGISTERED = 16, ENTER_KNOWN = 63,
    OP_COUNT = 58, OP_NONE = 255,
    REGISTER_PROBE = 8, REGISTER_RING_FDS = 20, UNREGISTER_RING_FDS = 21, REGISTER_COUNT = 31,
    OFF_SQES = 0x10000000
};

struct params {
    uint32_t sq_entries, cq_entries, flags, cpu, idle, features, wq, resv[3];
    struct { uint32_t head, tail, mask, entries, flags, dropped, array, resv; uint64_t addr; } sq;
    uint64_t cq[5];
};
static_assert(sizeof(struct params) == 120, "struct io_uring_params");

struct sqe {
    uint8_t op, flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t off, addr;
    uint32_t len, op_flags;
    uint64_t data;
    uint16_t buffer, personality;
    uint32_t file;
    uint64_t addr3, pad;
};
static_assert(sizeof(struct sqe) == 64, "struct io_uring_sqe");

/* A ring as myna sees it: mappings of its own. */
struct ring {
    struct ring *next;
    int fd;
    uint32_t flags, entries;
    char *sq, *sqes;
    size_t sq_len, sqes_len;
    uint32_t head, tail, array; /* offsets in sq */
};

struct rings {
    pthread_mutex_t lock;
    struct ring *first;
};

static bool refused(const struct thread *t)
{
    if (t->p->guest_base == 0)
        return false;
    log_unimp("io_uring is not supported with a guest base");
    return true;
}

/* --- the list ---------------------------------------------------------------- */

static struct rings *rings_of(struct process *p, bool make)
{
    if (p->rings == NULL && make) {
        struct rings *rs = calloc(1, sizeof *rs);

        if (rs != NULL)
            pthread_mutex_init(&rs->lock, NULL);
        p->rings = rs;
    }
    return p->rings;
}

static struct ring *find(struct rings *rs, int fd)
{
    struct ring *r = rs->first;

    while (r != NULL && r->fd != fd)
        r = r->next;
    return r;
}

static void free_ring(struct ring *r)
{
    if (r->sq != NULL)
        munmap(r->sq, r->sq_len);
    if (r->sqes != NULL)
        munmap(r->sqes, r->sqes_len);
    free(r);
}

void uring_closed(struct process *p, unsigned first, unsigned last)
{
    struct rings *rs = p->rings;

    if (rs == NULL || proc_of(p)->vfork_child)
        return;
    pthread_mutex_lock(&rs->lock);
    for (struct ring **at = &rs->first; *at != NULL;) {
        struct ring *r = *at;

        if ((unsigned)r->fd >= first && (unsigned)r->fd <= last) {
            *at = r->next;
            free_ring(r);
        } else {
            at = &r->next;
        }
    }
    pthread_mutex_unlock(&rs->lock);
}

void uring_fork_child(struct process *p)
{
    struct rings *rs = p->rings;

    if (rs != NULL)
        pthread_mutex_init(&rs->lock, NULL);
}

/* Of a new ring: 0 or -ENOMEM. */
static int add_ring(struct process *p, int fd, const struct params *q)
{
    struct rings *rs = rings_of(p, true);
    struct ring *r = rs != NULL ? calloc(1, sizeof *r) : NULL;

    if (r == NULL)
        return -ENOMEM;
    r->fd = fd;
    r->flags = q->flags;
    r->entries = q->sq_entries;
    r->head = q->sq.head;
    r->tail = q->sq.tail;
    r->array = q->sq.array;
    r->sq_len = PAGE_UP(q->flags & SETUP_NO_SQARRAY ? 1 : q->sq.array + (uint64_t)q->sq_entries * 4);
    r->sqes_len = PAGE_UP((uint64_t)q->sq_entries * (q->flags & SETUP_SQE128 ? 128 : 64));
    r->sq = mmap(NULL, r->sq_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    r->sqes = mmap(NULL, r->sqes_len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, OFF_SQES);
    if (r->sq == MAP_FAILED || r->sqes == MAP_FAILED) {
        r->sq = r->sq == MAP_FAILED ? NULL : r->sq;
        r->sqes = r->sqes == MAP_FAILED ? NULL : r->sqes;
        free_ring(r);
        return -ENOMEM;
    }
    uring_closed(p, (unsigned)fd, (unsigned)fd);
    pthread_mutex_lock(&rs->lock);
    r->next = rs->first;
    rs->first = r;
    pthread_mutex_unlock(&rs->lock);
    return 0;
}

/* --- setup, mapping ---------------------------------------------------------- */

long sys_io_uring_setup(struct thread *t, const uint64_t *a)
{
    struct params q;
    long fd;
    int r;

    if (refused(t))
        return -ENOSYS;
    if (user_read(t->p, &q, a[1], sizeof q) != 0)
        return -EFAULT;
    if (q.flags & (SETUP_NO_MMAP | SETUP_REGISTERED_ONLY | ~(uint32_t)SETUP_KNOWN)) {
        log_unimp("io_uring_setup: flags %#x are not supported", q.flags);
        return -EINVAL;
    }
    if (q.flags & SETUP_SQPOLL) {
        log_unimp("io_uring_setup: IORING_SETUP_SQPOLL is not supported");
        return -EPERM;
    }
    fd = host_syscall(SYS_io_uring_setup, a[0], &q);
    if (fd < 0)
        return fd;
    r = add_ring(t->p, (int)fd, &q);
    q.features &= FEATURES_KNOWN;
    if (r == 0)
        r = user_write(t->p, a[1], &q, sizeof q);
    if (r == 0)
        return fd;
    uring_closed(t->p, (unsigned)fd, (unsigned)fd);
    close((int)fd);
    return r;
}

/* The kernel alone says where a ring is mapped: there the guest sees it. */
int64_t uring_map(struct process *p, uint64_t len, int prot, int flags, int fd, uint64_t off)
{
    char link[64], name[64];
    int64_t at;
    ssize_t n;
    int r;

    snprintf(link, sizeof link, "/proc/thread-self/fd/%d", fd);
    n = readlink(link, name, sizeof name - 1);
    name[n < 0 ? 0 : n] = 0;
    if (p->guest_base != 0 || strcmp(name, "anon_inode:[io_uring]") != 0)
        return -EINVAL;
    len = PAGE_UP(len);
    r = maptree_reserve(p->mm, 3);
    if (r < 0)
        return r;
    at = host_syscall(SYS_mmap, 0l, len, (long)(prot & (PROT_READ | PROT_WRITE)), (long)flags, (long)fd, off);
    if (at >= 0)
        mm_record(p, (uint64_t)at, (uint64_t)at + len, prot, flags, fd, off);
    return at;
}

/* --- requests ---------------------------------------------------------------- */

/* A request that was changed, and what it points to instead. */
struct changed {
    struct sqe *at, was;
    struct epoll_event event;
    struct open_how how;
    char *path[2];
};

/* Which members of a request are names: bits of this. */
enum { NAME_ADDR = 1, NAME_OFF = 2, NAME_ADDR3 = 4, FOLLOW_LAST = 8 };

static const uint8_t names[OP_COUNT] = {
    [18 /* OPENAT */] = NAME_ADDR | FOLLOW_LAST,    [28 /* OPENAT2 */] = NAME_ADDR | FOLLOW_LAST,
    [21 /* STATX */] = NAME_ADDR | FOLLOW_LAST,     [35 /* RENAMEAT */] = NAME_ADDR | NAME_OFF,
    [36 /* UNLINKAT */] = NAME_ADDR,                [37 /* MKDIRAT */] = NAME_ADDR,
    [38 /* SYMLINKAT */] = NAME_OFF,                [39 /* LINKAT */] = NAME_ADDR | NAME_OFF,
    [42 /* SETXATTR */] = NAME_ADDR3 | FOLLOW_LAST, [44 /* GETXATTR */] = NAME_ADDR3 | FOLLOW_LAST,
};
enum { OP_OPENAT = 18, OP_OPENAT2 = 28, OP_EPOLL_CTL = 29 };

static bool needs_change(const struct process *p, const struct sqe *s)
{
    return s->op == OP_OPENAT || s->op == OP_OPENAT2 || s->op == OP_EPOLL_CTL || s->op >= OP_COUNT ||
           (p->prefix != NULL && names[s->op] != 0);
}

/* A name's host path in memory of its own; the kernel reports a bad address by itself. */
static char *host_name(struct thread *t, uint64_t *addr, bool follow)
{
    char guest[PATH_MAX], buf[PATH_MAX], *copy = NULL;
    const char *host;
    int r = follow ? path_get(t, *addr, guest, buf, &host) : path_get_nofollow(t, *addr, guest, buf, &host);

    if (r == 0 && host != guest)
        copy = strdup(host);
    if (copy != NULL)
        *addr = (uintptr_t)copy;
    return copy;
}

static void change(struct thread *t, struct sqe *s, struct changed *c)
{
    struct process *p = t->p;
    struct { uint32_t events, pad; uint64_t data; } ev;
    unsigned which = s->op < OP_COUNT && p->prefix != NULL ? names[s->op] : 0, n = 0;

    *c = (struct changed){.at = s, .was = *s};
    if (s->op >= OP_COUNT) {
        log_unimp("io_uring request %u is not supported", s->op);
        s->op = OP_NONE;
    }
    if (which & NAME_ADDR)
        c->path[n++] = host_name(t, &s->addr, which & FOLLOW_LAST);
    if (which & NAME_OFF)
        c->path[n++] = host_name(t, &s->off, false);
    if (which & NAME_ADDR3)
        c->path[n++] = host_name(t, &s->addr3, true);
    if (s->op == OP_OPENAT) {
        s->op_flags = (uint32_t)p->abi->open_flags_to_host((int)s->op_flags);
    } else if (s->op == OP_OPENAT2 && s->len == sizeof c->how &&
               user_read(p, &c->how, s->off, sizeof c->how) == 0 && c->how.flags >> 31 == 0) {
        c->how.flags = (unsigned)p->abi->open_flags_to_host((int)c->how.flags);
        s->off = (uintptr_t)&c->how;
    } else if (s->op == OP_EPOLL_CTL && s->addr != 0 && user_read(p, &ev, s->addr, sizeof ev) == 0) {
        c->event.events = ev.events;
        c->event.data.u64 = ev.data;
        s->addr = (uintptr_t)&c->event;
    }
}

/* The k-th request from the head of the queue, or NULL for an index out of range. */
static struct sqe *request(const struct ring *r, uint32_t head, uint32_t k)
{
    uint32_t i = (head + k) & (r->entries - 1);

    if (!(r->flags & SETUP_NO_SQARRAY))
        i = __atomic_load_n((uint32_t *)(r->sq + r->array) + i, __ATOMIC_RELAXED);
    return i < r->entries ? (struct sqe *)(r->sqes + (size_t)i * (r->flags & SETUP_SQE128 ? 128 : 64)) : NULL;
}

/* Submits with changed requests. False: none needs that. The ring's lock is held. */
static bool submit_changed(struct thread *t, const struct ring *r, uint32_t count, uint32_t flags, long *result)
{
    uint32_t head = __atomic_load_n((uint32_t *)(r->sq + r->head), __ATOMIC_ACQUIRE);
    uint32_t queued = __atomic_load_n((uint32_t *)(r->sq + r->tail), __ATOMIC_ACQUIRE) - head;
    uint32_t n = 0, all = 0;
    struct changed *c;

    if (queued > r->entries)
        queued = r->entries;
    if (count > queued)
        count = queued;
    for (uint32_t k = 0; k < count; k++) {
        const struct sqe *s = request(r, head, k);
        all += s != NULL && needs_change(t->p, s);
    }
    if (all == 0)
        return false;
    c = calloc(all, sizeof *c);
    if (c == NULL) {
        *result = -ENOMEM;
        return true;
    }
    for (uint32_t k = 0; k < count && n < all; k++) {
        struct sqe *s = request(r, head, k);
        if (s != NULL && needs_change(t->p, s))
            change(t, s, &c[n++]);
    }
    *result = host_syscall(SYS_io_uring_enter, (long)r->fd, (long)count, 0l, (long)(flags & ~(ENTER_GETEVENTS | ENTER_EXT_ARG)),
                           NULL, 0l);
    while (n-- > 0) {
        *c[n].at = c[n].was;
        free(c[n].path[0]);
        free(c[n].path[1]);
    }
    free(c);
    return true;
}

/* --- enter, register --------------------------------------------------------- */

/* struct io_uring_getevents_arg */
struct wait_arg {
    uint64_t mask;
    uint32_t mask_size, min_wait;
    uint64_t timeout;
};

long sys_io_uring_enter(struct thread *t, const uint64_t *a)
{
    struct rings *rs = t->p->rings;
    struct wait_arg w;
    uint64_t host, *mask = NULL, arg = a[4], size = a[5];
    uint32_t flags = (uint32_t)a[3];
    long submitted = 0, r = 0;

    if (refused(t))
        return -ENOSYS;
    if (flags & (ENTER_REGISTERED | ~(uint32_t)ENTER_KNOWN))
        return -EINVAL;
    if (rs != NULL && a[1] != 0) {
        bool done = false;

        pthread_mutex_lock(&rs->lock);
        struct ring *ring = find(rs, (int)a[0]);
        if (ring != NULL)
            done = submit_changed(t, ring, (uint32_t)a[1], flags, &submitted);
        pthread_mutex_unlock(&rs->lock);
        if (done && (submitted < 0 || !(flags & ENTER_GETEVENTS)))
            return submitted;
        if (!done)
            submitted = -1;
    }
    if (flags & ENTER_EXT_ARG) {
        if (size != sizeof w)
            return submitted > 0 ? submitted : -EINVAL;
        if (user_read(t->p, &w, arg, sizeof w) != 0)
            return submitted > 0 ? submitted : -EFAULT;
        r = wait_mask_begin(t, w.mask, w.mask_size, &host, &mask);
        w.mask = (uintptr_t)mask;
        arg = (uintptr_t)&w;
    } else if (flags & ENTER_GETEVENTS && arg != 0) {
        r = wait_mask_begin(t, arg, size, &host, &mask);
        arg = (uintptr_t)mask;
    }
    if (r == 0)
        r = host_syscall_blocking(t, SYS_io_uring_enter, a[0], submitted >= 0 ? 0l : (long)a[1], a[2], (long)flags,
                                  arg, size);
    r = wait_mask_end(t, r);
    return submitted > 0 ? submitted : r;
}

/* struct io_uring_probe: last_op, count, then 8 bytes for each request, its number and flags. */
static void hide_newer(struct thread *t, uint64_t probe, unsigned count)
{
    uint8_t last = 0, op[8] = {0};

    if (user_read(t->p, &last, probe, 1) == 0 && last >= OP_COUNT) {
        last = OP_COUNT - 1;
        user_write(t->p, probe, &last, 1);
    }
    for (unsigned i = OP_COUNT; i < count && i < 256; i++) {
        op[0] = (uint8_t)i;
        user_write(t->p, probe + 16 + i * 8ull, op, sizeof op);
    }
}

long sys_io_uring_register(struct thread *t, const uint64_t *a)
{
    uint32_t command = (uint32_t)a[1];
    long r;

    if (refused(t))
        return -ENOSYS;
    if (command >= REGISTER_COUNT || command == REGISTER_RING_FDS || command == UNREGISTER_RING_FDS) {
        log_unimp("io_uring_register: command %#x is not supported", command);
        return -EINVAL;
    }
    r = host_syscall(SYS_io_uring_register, a[0], a[1], a[2], a[3]);
    if (r == 0 && command == REGISTER_PROBE)
        hide_newer(t, a[2], (unsigned)a[3]);
    return r;
}
