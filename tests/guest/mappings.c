/* mmap, munmap, mremap, mprotect, madvise, brk: the guest's view of its own memory. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int caught;
static void handler(int s)
{
    caught = s;
    siglongjmp(back, 1);
}
static int try(volatile char *p, int write)
{
    caught = 0;
    if (sigsetjmp(back, 1) == 0) {
        if (write)
            *p = 9;
        else
            (void)*p;
    }
    return caught;
}
int main(void)
{
    long page = sysconf(_SC_PAGESIZE);
    signal(SIGSEGV, handler);
    signal(SIGBUS, handler);
    char *p = mmap(NULL, 8 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 8; i++)
        p[i * page] = i;
    printf("aligned %d zero %d\n", (int)((uintptr_t)p % page), p[5]);
    printf("mprotect %d", mprotect(p + 2 * page, 2 * page, PROT_NONE));
    printf(" %d", try(p + 2 * page, 0) != 0);
    printf(" %d", try(p + 3 * page + 7, 1) != 0);
    mprotect(p + 2 * page, page, PROT_READ);
    printf(" %d", try(p + 2 * page, 0));
    printf(" %d", try(p + 2 * page, 1) != 0);
    mprotect(p + 2 * page, 2 * page, PROT_READ | PROT_WRITE);
    printf(" %d %d\n", p[2 * page], p[3 * page]);
    printf("munmap %d", munmap(p + 4 * page, page));
    printf(" %d", try(p + 4 * page, 0) != 0);
    printf(" %d\n", p[5 * page]);
    char *fixed = mmap(p + 4 * page, page, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    printf("fixed %d %d\n", fixed == p + 4 * page, *fixed);
    void *taken = mmap(p, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    printf("noreplace %d %d\n", taken == MAP_FAILED, errno == EEXIST);
    char *q = mremap(p, 8 * page, 64 * page, MREMAP_MAYMOVE);
    printf("mremap %d %d %d\n", q != MAP_FAILED, q[7 * page], q[63 * page]);
    q = mremap(q, 64 * page, 3 * page, 0);
    printf("shrunk %d", q[2 * page]);
    printf(" %d\n", try(q + 3 * page, 0) != 0);
    memset(q, 7, page);
    printf("dontneed %d", madvise(q, page, MADV_DONTNEED));
    printf(" %d\n", q[9]);
    char name[] = "/tmp/myna-map-XXXXXX";
    int fd = mkstemp(name);
    unlink(name);
    if (ftruncate(fd, 2 * page + 10))
        return 1;
    char *f = mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *g = mmap(NULL, page, PROT_READ, MAP_PRIVATE, fd, page);
    f[page + 3] = 'x';
    printf("shared %c beyond %d", g[3], f[2 * page + 100]);
    printf(" bus %d\n", try(f + 3 * page, 0) == SIGBUS);
    char *a = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    a[0] = 'p';
    printf("private %d\n", f[0]);
    int m = memfd_create("memory", 0);
    printf("memfd %d %zd\n", m >= 0, write(m, "abc", 3));
    char *b = sbrk(0);
    printf("brk %d", sbrk(100000) == b);
    memset(b, 5, 100000);
    printf(" %d", sbrk(-100000) == b + 100000);
    printf(" %d\n", (char *)sbrk(0) == b);
    printf("bad %d", mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    printf(" %d", errno == EINVAL);
    printf(" %d", mmap(NULL, page, PROT_READ, MAP_PRIVATE, 999, 0) == MAP_FAILED);
    printf(" %d", errno == EBADF);
    printf(" %d", munmap((void *)1, page));
    printf(" %d\n", mprotect((void *)-4096, page, PROT_READ));
    unsigned char vec[3];
    printf("mincore %d msync %d\n", mincore(q, page, vec), msync(f, page, MS_ASYNC));
    size_t big = (size_t)1 << 36;
    char *huge = mmap(NULL, big, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    printf("reserve %d\n", huge != MAP_FAILED);
    huge[big - 1] = 1;
    printf("top %d", huge[big - 1]);
    printf(" %d\n", munmap(huge, big));
    return 0;
}
