/* io_uring by its bare calls: rings, files, names, flags that differ between processors, epoll, fixed
 * buffers, timeouts, masks, what is refused. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include "check.h"

static int ring;
static struct io_uring_params p;
static char *sq, *cq;
static struct io_uring_sqe *sqes;
static volatile int alarms;
static void on_alarm(int signo) { alarms++; }

#define SQ(member) ((uint32_t *)(sq + p.sq_off.member))
#define CQ(member) ((uint32_t *)(cq + p.cq_off.member))

static struct io_uring_sqe *next(int op, int fd, const void *addr, unsigned len, uint64_t off)
{
    uint32_t tail = *SQ(tail), i = tail & *SQ(ring_mask);
    struct io_uring_sqe *s = &sqes[i];

    memset(s, 0, sizeof *s);
    s->opcode = (uint8_t)op;
    s->fd = fd;
    s->addr = (uintptr_t)addr;
    s->len = len;
    s->off = off;
    s->user_data = 1000 + op;
    SQ(array)[i] = i;
    __atomic_store_n(SQ(tail), tail + 1, __ATOMIC_RELEASE);
    return s;
}

static int reap(uint64_t *data)
{
    uint32_t head = *CQ(head);
    struct io_uring_cqe *c;
    int r;

    if (head == __atomic_load_n(CQ(tail), __ATOMIC_ACQUIRE))
        return -9999;
    c = (struct io_uring_cqe *)(cq + p.cq_off.cqes) + (head & *CQ(ring_mask));
    r = c->res;
    if (data)
        *data = c->user_data;
    __atomic_store_n(CQ(head), head + 1, __ATOMIC_RELEASE);
    return r;
}

/* Submits the one request, waits for it: its result. */
static int run(void)
{
    int r = syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    return r == 1 ? reap(NULL) : -errno - 1000;
}

static void map_rings(void)
{
    size_t a = p.sq_off.array + p.sq_entries * 4, b = p.cq_off.cqes + p.cq_entries * sizeof(struct io_uring_cqe);
    sq = mmap(NULL, a > b ? a : b, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
    CHECK(sq != MAP_FAILED);
    CHECK(p.features & IORING_FEAT_SINGLE_MMAP);
    cq = sq;
    sqes = mmap(NULL, p.sq_entries * sizeof *sqes, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);
    CHECK(sqes != MAP_FAILED);
}

static void names(void)
{
    struct open_how how = {.flags = O_RDWR | O_CREAT, .mode = 0600};
    struct statx sx;
    int fd, r;

    CHECK_EQ(mkdir("d", 0700), 0);
    CHECK_EQ(symlink("d", "l"), 0);
    struct io_uring_sqe *s = next(IORING_OP_OPENAT, AT_FDCWD, "f", 0600, 0);
    s->open_flags = O_RDWR | O_CREAT | O_CLOEXEC;
    fd = run();
    CHECK(fd >= 0);
    CHECK_EQ(s->open_flags, O_RDWR | O_CREAT | O_CLOEXEC); /* as it was */
    CHECK_EQ(write(fd, "hello", 5), 5);
    close(fd);
    next(IORING_OP_OPENAT, AT_FDCWD, "f", 0, 0)->open_flags = O_RDONLY | O_DIRECTORY;
    CHECK_EQ(run(), -ENOTDIR);
    next(IORING_OP_OPENAT, AT_FDCWD, "l", 0, 0)->open_flags = O_RDONLY | O_NOFOLLOW;
    CHECK_EQ(run(), -ELOOP);
    next(IORING_OP_OPENAT, AT_FDCWD, "d", 0, 0)->open_flags = O_RDONLY | O_DIRECTORY | O_LARGEFILE;
    fd = run();
    CHECK(fd >= 0);
    close(fd);
    next(IORING_OP_OPENAT2, AT_FDCWD, "g", sizeof how, (uintptr_t)&how);
    fd = run();
    CHECK(fd >= 0);
    close(fd);
    how = (struct open_how){.flags = O_DIRECTORY};
    next(IORING_OP_OPENAT2, AT_FDCWD, "g", sizeof how, (uintptr_t)&how);
    CHECK_EQ(run(), -ENOTDIR);
    CHECK_EQ(how.flags, O_DIRECTORY);
    next(IORING_OP_STATX, AT_FDCWD, "f", STATX_SIZE, (uintptr_t)&sx);
    CHECK_EQ(run(), 0);
    CHECK_EQ(sx.stx_size, 5);
    next(IORING_OP_RENAMEAT, AT_FDCWD, "g", AT_FDCWD, (uintptr_t)"h");
    r = run();
    CHECK_EQ(r, 0);
    next(IORING_OP_UNLINKAT, AT_FDCWD, "h", 0, 0);
    CHECK_EQ(run(), 0);
    CHECK_EQ(access("h", F_OK), -1);
    next(IORING_OP_OPENAT, AT_FDCWD, (void *)8, 0, 0);
    CHECK_EQ(run(), -EFAULT);
    /* several at once, one of them not to be changed */
    next(IORING_OP_NOP, -1, NULL, 0, 0);
    next(IORING_OP_OPENAT, AT_FDCWD, "f", 0, 0)->open_flags = O_DIRECTORY;
    next(IORING_OP_OPENAT, AT_FDCWD, "d", 0, 0)->open_flags = O_DIRECTORY;
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 3, 3, IORING_ENTER_GETEVENTS, NULL, 0), 3);
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        r = reap(NULL);
        sum += r == 0 ? 1 : r == -ENOTDIR ? 2 : r > 2 ? 4 : 100;
        if (r > 2)
            close(r);
    }
    CHECK_EQ(sum, 7);
}

static void events(void)
{
    struct epoll_event ev = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = 0x123456789abcdef0}, got = {0};
    int ep = epoll_create1(0), efd = eventfd(3, 0);

    next(IORING_OP_EPOLL_CTL, ep, &ev, EPOLL_CTL_ADD, efd);
    CHECK_EQ(run(), 0);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 1);
    CHECK_EQ(got.events, EPOLLIN);
    CHECK_EQ(got.data.u64, 0x123456789abcdef0);
    next(IORING_OP_EPOLL_CTL, ep, NULL, EPOLL_CTL_DEL, efd);
    CHECK_EQ(run(), 0);
    CHECK_EQ(epoll_wait(ep, &got, 1, 0), 0);
    close(ep);
    close(efd);
}

static void waits(void)
{
    struct { long long sec, nsec; } ts = {.nsec = 20000000};
    struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&ts};
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval it = {.it_value.tv_usec = 30000};
    uint64_t mask = ~0ull;

    next(IORING_OP_TIMEOUT, -1, &ts, 1, 0);
    CHECK_EQ(run(), -ETIME);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg), -1);
    CHECK_EQ(errno, ETIME);
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(alarms, 1);
    setitimer(ITIMER_REAL, &it, NULL);
    ts.nsec = 100000000;
    arg.sigmask = (uintptr_t)&mask;
    arg.sigmask_sz = 8;
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg), -1);
    CHECK_EQ(errno, ETIME);
    CHECK_EQ(alarms, 2);
    arg.sigmask_sz = 4;
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof arg), -1);
    CHECK_EQ(errno, EINVAL);
}

static void registered(void)
{
    static char page[8192] __attribute__((aligned(4096)));
    struct iovec iov = {page, sizeof page};
    struct { struct io_uring_probe p; struct io_uring_probe_op op[256]; } probe;
    int fd = open("f", O_RDONLY), efd = eventfd(0, EFD_NONBLOCK);
    uint64_t n;

    CHECK_EQ(syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &iov, 1), 0);
    next(IORING_OP_READ_FIXED, fd, page + 4095, 5, 0);
    CHECK_EQ(run(), 5);
    CHECK(memcmp(page + 4095, "hello", 5) == 0);
    next(IORING_OP_READ_FIXED, fd, (char *)&n, 5, 0);
    CHECK_EQ(run(), -EFAULT);
    CHECK_EQ(syscall(SYS_io_uring_register, ring, IORING_UNREGISTER_BUFFERS, NULL, 0), 0);
    CHECK_EQ(syscall(SYS_io_uring_register, ring, IORING_REGISTER_FILES, &fd, 1), 0);
    next(IORING_OP_READ, 0, page, 5, 0)->flags = IOSQE_FIXED_FILE;
    CHECK_EQ(run(), 5);
    CHECK_EQ(syscall(SYS_io_uring_register, ring, IORING_REGISTER_EVENTFD, &efd, 1), 0);
    next(IORING_OP_NOP, -1, NULL, 0, 0);
    CHECK_EQ(run(), 0);
    CHECK_EQ(read(efd, &n, 8), 8);
    memset(&probe, 0, sizeof probe);
    CHECK_EQ(syscall(SYS_io_uring_register, ring, IORING_REGISTER_PROBE, &probe, 256), 0);
    CHECK(probe.p.last_op >= IORING_OP_EPOLL_CTL);
    CHECK(probe.op[IORING_OP_OPENAT].flags & IO_URING_OP_SUPPORTED);
    CHECK(!(probe.op[250].flags & IO_URING_OP_SUPPORTED));
    CHECK_EQ(syscall(SYS_io_uring_register, ring, 999, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
    next(251, -1, NULL, 0, 0);
    CHECK_EQ(run(), -EINVAL);
    close(fd);
    close(efd);
}

int main(void)
{
    char dir[] = "uring-XXXXXX";
    char text[16];
    struct iovec iov[2] = {{text, 3}, {text + 8, 2}};
    int pipefd[2];
    uint64_t data;

    ring = syscall(SYS_io_uring_setup, 8, &p);
    if (ring < 0 && (errno == ENOSYS || errno == EPERM)) { /* another guest base, or a kernel that forbids it */
        CHECK_EQ(syscall(SYS_io_uring_enter, 0, 0, 0, 0, NULL, 0), -1);
        return check_done();
    }
    CHECK(ring >= 0);
    CHECK_EQ(p.sq_entries, 8);
    CHECK_EQ(p.cq_entries, 16);
    CHECK(mkdtemp(dir) && chdir(dir) == 0);
    map_rings();
    next(IORING_OP_NOP, -1, NULL, 0, 0);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0), 1);
    CHECK_EQ(reap(&data), 0);
    CHECK_EQ(data, 1000);
    CHECK_EQ(reap(NULL), -9999);
    CHECK_EQ(pipe(pipefd), 0);
    next(IORING_OP_WRITE, pipefd[1], "abcde", 5, -1);
    CHECK_EQ(run(), 5);
    next(IORING_OP_READV, pipefd[0], iov, 2, -1);
    CHECK_EQ(run(), 5);
    CHECK(memcmp(text, "abc", 3) == 0 && memcmp(text + 8, "de", 2) == 0);
    next(IORING_OP_READ, pipefd[0], (void *)8, 5, -1);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 1, 0, 0, NULL, 0), 1); /* waits for the pipe */
    CHECK_EQ(write(pipefd[1], "q", 1), 1);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0), 0);
    CHECK_EQ(reap(&data), -EFAULT);
    CHECK_EQ(data, 1000 + IORING_OP_READ);
    names();
    events();
    waits();
    registered();
    CHECK_EQ(syscall(SYS_io_uring_enter, pipefd[0], 0, 0, 0, NULL, 0), -1);
    CHECK_EQ(errno, EOPNOTSUPP);
    CHECK_EQ(syscall(SYS_io_uring_enter, ring, 0, 0, 1u << 30, NULL, 0), -1);
    CHECK_EQ(errno, EINVAL);
    /* the descriptor closed and given to another ring */
    struct io_uring_params old = p;
    int was = ring;
    close(ring);
    munmap(sq, 4096);
    memset(&p, 0, sizeof p);
    p.flags = IORING_SETUP_CQSIZE;
    p.cq_entries = 64;
    ring = syscall(SYS_io_uring_setup, 2, &p);
    CHECK_EQ(ring, was);
    CHECK_EQ(p.sq_entries, 2);
    CHECK_EQ(p.cq_entries, 64);
    map_rings();
    next(IORING_OP_OPENAT, AT_FDCWD, "f", 0, 0)->open_flags = O_RDONLY | O_DIRECTORY;
    CHECK_EQ(run(), -ENOTDIR);
    memset(&p, 0xff, sizeof p);
    CHECK_EQ(syscall(SYS_io_uring_setup, 8, &p), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_io_uring_setup, 8, (void *)8), -1);
    CHECK_EQ(errno, EFAULT);
    return check_done();
}
