/* mmap, munmap, mremap, mprotect, brk, madvise, shmat: results, errors, and what memory holds after.
 * Errors that qemu 7.2 gets wrong (madvise, MAP_FIXED_NOREPLACE, mremap growing over its
 * neighbour) are checked by the manual pages alone. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include "check.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static sigjmp_buf env;
static int code;
static void on_fault(int s, siginfo_t *si, void *uc)
{
    code = s << 8 | si->si_code;
    siglongjmp(env, 1);
}

/* Signal and code of an access: 0 if it works. */
static int touch(volatile char *p, int write)
{
    code = 0;
    if (!sigsetjmp(env, 1)) {
        if (write)
            *p = 1;
        else
            (void)*p;
    }
    return code;
}
enum { MAPERR = SIGSEGV << 8 | 1, ACCERR = SIGSEGV << 8 | 2, ADRERR = SIGBUS << 8 | 2 };

static void fixed_and_holes(void)
{
    char *m = mmap(NULL, 3 * P, RW, ANON, -1, 0);

    CHECK(m != MAP_FAILED);
    CHECK_EQ(munmap(m + P, P), 0);
    CHECK_EQ(touch(m + P, 0), MAPERR);
    CHECK_EQ(mprotect(m, 3 * P, PROT_READ), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(mprotect(m, P, PROT_READ), 0);
    CHECK_EQ(touch(m, 1), ACCERR);
    CHECK_EQ(touch(m, 0), 0);
    CHECK_EQ(mprotect(m, P, PROT_NONE), 0);
    CHECK_EQ(touch(m, 0), ACCERR);
    CHECK_EQ(mprotect(m, P, RW), 0);
    CHECK_EQ(mprotect(m + 1, P, PROT_READ), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(munmap(m + 1, 5), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(munmap(m, 0), -1);
    CHECK(mmap(m + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == m + P);
    CHECK(mmap(m + P, P, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EEXIST);
    memset(m, 7, 3 * P);
    CHECK(mmap(m, 3 * P, RW, ANON | MAP_FIXED, -1, 0) == m);
    CHECK_EQ(m[0] | m[3 * P - 1], 0);
    CHECK_EQ(munmap(m - P * 16, 0), -1);
    CHECK_EQ(munmap(m, 3 * P), 0);
    CHECK_EQ(munmap(m, 3 * P), 0); /* nothing there is no error */
    CHECK(mmap(NULL, 0, RW, ANON, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap((void *)1, P, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, 1ull << 50, RW, ANON, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap((void *)0x4000000000, P, RW, ANON, -1, 0) == (void *)0x4000000000);
    CHECK(mmap(NULL, P, RW, MAP_PRIVATE, 9999, 0) == MAP_FAILED && errno == EBADF);
}

static void moving(void)
{
    char *g = mmap(NULL, 4 * P, RW, ANON, -1, 0), *h, *k;

    strcpy(g, "first");
    strcpy(g + 3 * P, "last");
    h = mremap(g, 4 * P, 64 * P, MREMAP_MAYMOVE);
    CHECK(h != MAP_FAILED);
    CHECK(!strcmp(h, "first") && !strcmp(h + 3 * P, "last"));
    CHECK_EQ(h[63 * P], 0);
    CHECK(mremap(h, 64 * P, 2 * P, 0) == h);
    CHECK_EQ(touch(h + 2 * P, 0), MAPERR);
    k = mmap(NULL, 2 * P, RW, ANON, -1, 0);
    CHECK(mremap(h, 2 * P, 2 * P, MREMAP_MAYMOVE | MREMAP_FIXED, k) == k);
    CHECK(!strcmp(k, "first"));
    CHECK_EQ(touch(h, 0), MAPERR);
    CHECK(mremap(k, P, 2 * P, MREMAP_FIXED, k) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap(k + 1, P, 2 * P, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mremap((void *)0x12345000, P, 2 * P, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    g = mmap(NULL, 3 * P, RW, ANON, -1, 0); /* no room: its neighbour stays whole */
    g[P] = 5;
    CHECK(mremap(g, P, 2 * P, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK_EQ(g[P], 5);
    munmap(g, 3 * P);
    munmap(k, 2 * P);
}

static void files(void)
{
    char name[] = "/tmp/memXXXXXX", *m, *n, c;
    int fd = mkstemp(name);

    unlink(name);
    CHECK_EQ(write(fd, "hello", 5), 5);
    m = mmap(NULL, 2 * P, RW, MAP_SHARED, fd, 0);
    n = mmap(NULL, P, RW, MAP_PRIVATE, fd, 0);
    CHECK_EQ(touch(m + P, 0), ADRERR); /* past the end of the file */
    CHECK_EQ(m[5], 0);
    m[0] = 'J';
    CHECK(pread(fd, &c, 1, 0) == 1 && c == 'J');
    CHECK_EQ(n[0], 'J');
    n[0] = 'K';
    CHECK(m[0] == 'J' && n[0] == 'K');
    CHECK_EQ(msync(m, P, MS_SYNC), 0);
    CHECK(msync(m, P * 100000l, MS_SYNC) == -1 && errno == ENOMEM);
    CHECK_EQ(madvise(n, P, MADV_DONTNEED), 0);
    CHECK_EQ(n[0], 'J');
    CHECK(madvise(n, P, 12345) == -1 && errno == EINVAL);
    CHECK(madvise((void *)0x12345000, P, MADV_DONTNEED) == -1 && errno == ENOMEM);
    CHECK_EQ(munmap(m, 2 * P), 0);
    CHECK(mmap(NULL, P, RW, MAP_PRIVATE, fd, 1) == MAP_FAILED && errno == EINVAL);
    CHECK_EQ(ftruncate(fd, 0), 0);
    CHECK_EQ(touch(n, 0), ADRERR);
    close(fd);
}

static void heap(void)
{
    char *b = sbrk(0);

    CHECK(sbrk(100000) == b);
    memset(b, 1, 100000);
    CHECK(sbrk(-50000) == b + 100000);
    CHECK(sbrk(0) == b + 50000);
    CHECK(sbrk(50000) == b + 50000);
    CHECK_EQ(b[99000], 0); /* whole pages were given back */
    CHECK_EQ(syscall(SYS_brk, 0), (long)(b + 100000));
    CHECK_EQ(syscall(SYS_brk, 1), (long)(b + 100000));
    CHECK_EQ(syscall(SYS_brk, 1ul << 62), (long)(b + 100000));
}

static void segments(void)
{
    struct shmid_ds ds;
    int id = shmget(IPC_PRIVATE, 10000, 0600);
    char *s = shmat(id, NULL, 0), *r;

    CHECK(s != (void *)-1);
    s[9999] = 3;
    r = shmat(id, NULL, SHM_RDONLY);
    CHECK_EQ(r[9999], 3);
    CHECK_EQ(touch(r, 1), ACCERR);
    CHECK(!shmctl(id, IPC_STAT, &ds) && ds.shm_segsz == 10000 && ds.shm_nattch == 2);
    CHECK_EQ(shmdt(r), 0);
    CHECK_EQ(touch(r, 0), MAPERR);
    CHECK_EQ(shmdt(s), 0);
    CHECK(shmdt(s) == -1 && errno == EINVAL);
    CHECK_EQ(shmctl(id, IPC_RMID, NULL), 0);
}

/* Memory that isn't the guest's can't be changed by asking for it. */
static void strangers(void)
{
    unsigned char vec;

    CHECK(mprotect((void *)0x7ffffffe0000, P, RW) == -1 && errno == ENOMEM);
    CHECK(mincore((void *)0x12345000, P, &vec) == -1 && errno == ENOMEM);
    CHECK(mmap((void *)0x7ffffffff000, P, RW, ANON | MAP_FIXED, -1, 0) == MAP_FAILED);
    CHECK(syscall(SYS_read, 0, (char *)8, 1) <= 0);
    CHECK(syscall(SYS_write, 1, (char *)-4096l, 10) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_uname, (char *)16) == -1 && errno == EFAULT);
    CHECK(syscall(SYS_newfstatat, -100, (char *)0x7ffffffffffful, (char *)16, 0) == -1 &&
          errno == EFAULT);
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    fixed_and_holes();
    moving();
    files();
    heap();
    segments();
    strangers();
    return check_done();
}
