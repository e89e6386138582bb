/* Ranges with holes, limits of memory, stacks that grow, locks: what the kernel does piece by piece.
 * Everything holds natively too. mmap(2), madvise(2), mlock(2), getrlimit(2), Linux 6.1 mm/. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static sigjmp_buf env;
static int code;
static char *fault_addr;
static void on_fault(int s, siginfo_t *si, void *uc)
{
    code = s << 8 | si->si_code;
    fault_addr = si->si_addr;
    siglongjmp(env, 1);
}

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
enum { MAPERR = SIGSEGV << 8 | 1, ACCERR = SIGSEGV << 8 | 2 };

/* Eight pages without the fourth. */
static char *with_hole(void)
{
    char *m = mmap(NULL, 8 * P, RW, ANON, -1, 0);

    memset(m, 7, 8 * P);
    munmap(m + 3 * P, P);
    return m;
}

static void holes(void)
{
    char *m = with_hole();
    unsigned char vec[8] = { 9, 9, 9, 9, 9, 9, 9, 9 };

    CHECK_EQ(mprotect(m, 8 * P, PROT_READ), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(touch(m + 2 * P, 1), ACCERR); /* what is before the hole has changed */
    CHECK_EQ(touch(m + 4 * P, 1), 0);
    CHECK_EQ(mprotect(m, 3 * P, RW), 0);
    CHECK_EQ(madvise(m, 8 * P, MADV_DONTNEED), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(m[0], 0); /* all of it is dropped all the same */
    CHECK_EQ(m[7 * P], 0);
    CHECK_EQ(madvise(m, 8 * P, 12345), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(madvise(m + 1, P, MADV_DONTNEED), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(madvise(m, 0, MADV_DONTNEED), 0);
    CHECK_EQ(msync(m, 8 * P, MS_SYNC), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(msync(m, P, MS_SYNC | MS_ASYNC), -1);
    CHECK_EQ(errno, EINVAL);
    m[0] = 1;
    CHECK_EQ(mincore(m, 8 * P, vec), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(vec[0], 1);
    CHECK_EQ(vec[4], 9);
    CHECK_EQ(mincore(m, P, (void *)1), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(munlock(m, 8 * P), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK(mremap(m, 8 * P, 9 * P, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT);
    CHECK(mremap(m, 8 * P, 2 * P, 0) == m); /* shrinking may step over holes */
    CHECK_EQ(touch(m + 4 * P, 0), MAPERR);
    CHECK_EQ(touch(m + P, 1), 0);
    munmap(m, 8 * P);
    m = with_hole();
    CHECK(mmap(m, 8 * P, RW, ANON | MAP_FIXED, -1, 0) == m);
    CHECK_EQ(m[7 * P], 0);
    CHECK_EQ(munmap(m, 8 * P), 0);
    char *far = mmap(NULL, 64 * P, RW, ANON, -1, 0);
    m = with_hole();
    CHECK(mremap(m, 2 * P, P, MREMAP_MAYMOVE | MREMAP_FIXED, far) == far);
    CHECK_EQ(far[0], 7);
    CHECK_EQ(touch(m + P, 0), MAPERR);
    CHECK(mremap(m + 2 * P, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, m + 2 * P) == MAP_FAILED);
    munmap(far, 64 * P);
}

/* The free range below m must be large. */
static void growing(void)
{
    char *room = mmap(NULL, 64 << 20, PROT_NONE, ANON, -1, 0), *m = room + (48 << 20);

    munmap(room, 64 << 20);
    m = mmap(m, 4 * P, RW, ANON | MAP_GROWSDOWN | MAP_FIXED_NOREPLACE, -1, 0);
    CHECK(m == room + (48 << 20));
    m[0] = 1;
    CHECK_EQ(touch(m - 1, 1), 0);
    CHECK_EQ(touch(m - 300 * P, 1), 0);
    CHECK_EQ(m[-5], 0);
    int fd = open("/dev/zero", O_RDONLY);
    m[-400 * P] = 3;
    CHECK_EQ(read(fd, m - 450 * P, 400 * P), 400 * P); /* the kernel grows it too */
    CHECK_EQ(m[-400 * P], 0);
    CHECK_EQ(mprotect(m - 500 * P, P, PROT_READ), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(mprotect(m - 420 * P, P, PROT_READ), 0);
    CHECK_EQ(touch(m - 420 * P, 1), ACCERR);
    CHECK_EQ(mprotect(m, P, PROT_READ | PROT_GROWSDOWN), 0);
    CHECK_EQ(munmap(m - 450 * P, 454 * P), 0);
    CHECK_EQ(touch(m - 10 * P, 0), MAPERR);
    CHECK_EQ(touch(m, 0), MAPERR);
    CHECK(mmap(NULL, P, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, EINVAL);
    close(fd);
}

__attribute__((noinline)) static int deep(long bytes)
{
    volatile char here[16 << 10];

    here[0] = 1;
    return bytes <= 0 ? here[0] : deep(bytes - (long)sizeof here) + here[0];
}

/* Status of a child that runs f. */
static int child(void (*f)(long), long arg)
{
    int st;
    pid_t pid = fork();

    if (!pid) {
        failures = 0;
        f(arg);
        fflush(stdout);
        _exit(failures != 0);
    }
    CHECK_EQ(waitpid(pid, &st, 0), pid);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
}

static void set_limit(int what, unsigned long cur)
{
    struct rlimit l;

    getrlimit(what, &l);
    l.rlim_cur = cur;
    CHECK_EQ(setrlimit(what, &l), 0);
    getrlimit(what, &l);
    CHECK_EQ(l.rlim_cur, cur);
}

static void recurse(long mb)
{
    deep(mb << 20);
}

static void more_stack(long mb)
{
    struct rlimit l;

    getrlimit(RLIMIT_STACK, &l);
    if (l.rlim_max >= (unsigned long)mb << 20)
        set_limit(RLIMIT_STACK, (mb + 1) << 20);
    deep(mb << 20);
}

static void overflow(long arg)
{
    static char alt[64 << 10];
    volatile char *low = (char *)&alt;

    set_limit(RLIMIT_STACK, 2 << 20);
    sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = sizeof alt }, NULL);
    sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK }, NULL);
    if (!sigsetjmp(env, 1))
        deep(64 << 20);
    CHECK_EQ(code, MAPERR);
    CHECK((char *)&low - fault_addr > (1 << 20) && (char *)&low - fault_addr < (3 << 20));
}

static void big_buffer(long arg)
{
    char buf[3 << 20];
    int fd = open("/dev/zero", O_RDONLY);

    CHECK_EQ(read(fd, buf, sizeof buf), sizeof buf); /* nothing of it touched before */
    CHECK_EQ(buf[sizeof buf / 2], 0);
}

static void stacks(void)
{
    CHECK_EQ(child(recurse, 5), 0);
    CHECK_EQ(child(more_stack, 40), 0);
    CHECK_EQ(child(overflow, 0), 0);
    CHECK_EQ(child(big_buffer, 0), 0);
    CHECK_EQ(child(recurse, 500), 1000 + SIGSEGV);
}

static void space(long arg)
{
    set_limit(RLIMIT_AS, 300 << 20);
    CHECK(mmap(NULL, 400 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) == MAP_FAILED);
    CHECK_EQ(errno, ENOMEM);
    char *m = mmap(NULL, 100 << 20, RW, ANON | MAP_NORESERVE, -1, 0);
    CHECK(m != MAP_FAILED);
    CHECK(mremap(m, 100 << 20, 350 << 20, MREMAP_MAYMOVE) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(m, 100 << 20, RW, ANON | MAP_NORESERVE | MAP_FIXED, -1, 0) == m); /* in place of itself */
    CHECK(sbrk(250 << 20) == (void *)-1);
    CHECK(malloc(290 << 20) == NULL);
    munmap(m, 100 << 20);
    CHECK((m = mmap(NULL, 200 << 20, RW, ANON | MAP_NORESERVE, -1, 0)) != MAP_FAILED);
    pthread_attr_t a;
    pthread_t id;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 128 << 20);
    CHECK_EQ(pthread_create(&id, &a, (void *(*)(void *))pause, NULL), EAGAIN);
    munmap(m, 200 << 20);
    pid_t pid = fork(); /* a child has the limit too */
    if (!pid)
        _exit(mmap(NULL, 400 << 20, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != MAP_FAILED);
    int st;
    waitpid(pid, &st, 0);
    CHECK_EQ(st, 0);
}

static void data(long arg)
{
    set_limit(RLIMIT_DATA, 100 << 20);
    CHECK(mmap(NULL, 120 << 20, RW, ANON | MAP_NORESERVE, -1, 0) == MAP_FAILED && errno == ENOMEM);
    char *m = mmap(NULL, 120 << 20, PROT_READ, ANON | MAP_NORESERVE, -1, 0);
    CHECK(m != MAP_FAILED);
    CHECK_EQ(mprotect(m, 120 << 20, RW), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK(mmap(NULL, 120 << 20, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
    CHECK(sbrk(110 << 20) == (void *)-1);
}

static long status_kb(const char *label)
{
    char text[8192];
    int fd = open("/proc/self/status", O_RDONLY);
    long n = read(fd, text, sizeof text - 1);

    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *at = strstr(text, label);
    return at ? strtol(at + strlen(label), NULL, 10) : -1;
}

static void locks(long unprivileged)
{
    if (unprivileged && geteuid() == 0)
        CHECK_EQ(setresuid(65534, 65534, 65534), 0);
    set_limit(RLIMIT_MEMLOCK, 64 << 10);
    CHECK_EQ(mlockall(0), -1);
    CHECK_EQ(mlockall(MCL_ONFAULT), -1);
    CHECK_EQ(errno, EINVAL);
    char *m = with_hole();
    CHECK_EQ(mlock(m, 8 * P), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(status_kb("VmLck:"), 12); /* up to the hole */
    CHECK_EQ(munlockall(), 0);
    CHECK_EQ(status_kb("VmLck:"), 0);
    CHECK_EQ(mlockall(MCL_CURRENT), geteuid() == 0 ? 0 : -1);
    if (geteuid())
        CHECK_EQ(errno, ENOMEM);
    else
        CHECK(status_kb("VmLck:") > 500 && status_kb("VmLck:") <= status_kb("VmSize:"));
    CHECK_EQ(munlockall(), 0);
    CHECK_EQ(mlockall(MCL_FUTURE), 0);
    CHECK(mmap(NULL, 8 * P, RW, ANON, -1, 0) != MAP_FAILED);
    CHECK_EQ(status_kb("VmLck:"), 32);
    if (geteuid())
        CHECK(mmap(NULL, 64 * P, RW, ANON, -1, 0) == MAP_FAILED && errno == EAGAIN);
    CHECK_EQ(munlockall(), 0);
    CHECK(mmap(NULL, 8 * P, RW, ANON, -1, 0) != MAP_FAILED);
    CHECK_EQ(status_kb("VmLck:"), 0);
}

int main(void)
{
    struct sigaction sa = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };

    sigaction(SIGSEGV, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    holes();
    growing();
    signal(SIGSEGV, SIG_DFL);
    stacks();
    CHECK_EQ(child(space, 0), 0);
    CHECK_EQ(child(data, 0), 0);
    CHECK_EQ(child(locks, 1), 0);
    if (geteuid() == 0)
        CHECK_EQ(child(locks, 0), 0);
    return check_done();
}
