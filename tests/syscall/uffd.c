/* userfaultfd: missing pages supplied by a thread, write protection, SIGBUS instead of a wait. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include "check.h"

static int fd;
static uint64_t faults[8];
static int nfaults;

static void *server(void *arg)
{
    static char page[4096] __attribute__((aligned(4096)));
    struct uffd_msg m;

    while (read(fd, &m, sizeof m) == sizeof m && m.event == UFFD_EVENT_PAGEFAULT) {
        faults[nfaults++] = m.arg.pagefault.address;
        memset(page, 'A' + nfaults - 1, sizeof page);
        struct uffdio_copy c = {.dst = m.arg.pagefault.address & ~4095ull, .src = (uintptr_t)page, .len = 4096};
        if (ioctl(fd, UFFDIO_COPY, &c) != 0 || nfaults == 3)
            break;
    }
    return NULL;
}

/* A thread that waits for a page runs its signal handler meanwhile. */
static volatile int handled;
static char *blocked;
static void on_usr1(int signo) { handled = 1; }

static void *toucher(void *arg) { return (void *)(long)(*(volatile char *)blocked + 1); }

static void interrupted(char *p)
{
    struct sigaction sa = {.sa_handler = on_usr1, .sa_flags = SA_RESTART};
    struct uffdio_zeropage z = {.range = {(uintptr_t)p, 4096}};
    struct uffd_msg m;
    void *result = NULL;
    pthread_t t;

    sigaction(SIGUSR1, &sa, NULL);
    blocked = p + 12;
    pthread_create(&t, NULL, toucher, NULL);
    CHECK_EQ(read(fd, &m, sizeof m), sizeof m);
    pthread_kill(t, SIGUSR1);
    for (int i = 0; i < 2000 && !handled; i++)
        usleep(1000);
    CHECK_EQ(handled, 1);
    CHECK_EQ(ioctl(fd, UFFDIO_ZEROPAGE, &z), 0);
    pthread_join(t, &result);
    CHECK_EQ((long)result, 1);
}

static sigjmp_buf out;
static uint64_t at;
static void on_bus(int signo, siginfo_t *si, void *uc)
{
    at = (uintptr_t)si->si_addr;
    siglongjmp(out, 1);
}

int main(void)
{
    struct uffdio_api api = {.api = UFFD_API};
    struct uffdio_register reg;
    char *p = mmap(NULL, 5 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), text[8];
    int pipefd[2];
    pthread_t t;

    fd = syscall(SYS_userfaultfd, O_CLOEXEC);
    if (fd < 0) { /* another guest base, or not allowed */
        CHECK(errno == ENOSYS || errno == EPERM);
        return check_done();
    }
    CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    CHECK_EQ(ioctl(fd, UFFDIO_API, &api), 0);
    reg = (struct uffdio_register){.range = {(uintptr_t)p, 4 * 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    CHECK_EQ(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
    CHECK(reg.ioctls & 1ull << _UFFDIO_COPY);
    pthread_create(&t, NULL, server, NULL);
    CHECK_EQ(p[100], 'A');
    p[4096 + 7] = 'x';
    CHECK_EQ(p[4096 + 8], 'B');
    CHECK_EQ(pipe(pipefd), 0);
    CHECK_EQ(write(pipefd[1], p + 8192, 3), 3); /* the fault is the kernel's */
    pthread_join(t, NULL);
    CHECK_EQ(read(pipefd[0], text, 8), 3);
    CHECK(memcmp(text, "CCC", 3) == 0);
    CHECK_EQ(nfaults, 3);
    CHECK_EQ(faults[0] & ~4095ull, (uintptr_t)p);
    CHECK_EQ(faults[1] & ~4095ull, (uintptr_t)p + 4096);
    interrupted(p + 3 * 4096);
    CHECK_EQ(ioctl(fd, UFFDIO_UNREGISTER, &reg.range), 0);
    close(fd);

    fd = syscall(SYS_userfaultfd, O_CLOEXEC);
    api = (struct uffdio_api){.api = UFFD_API, .features = UFFD_FEATURE_SIGBUS};
    CHECK_EQ(ioctl(fd, UFFDIO_API, &api), 0);
    reg = (struct uffdio_register){.range = {(uintptr_t)p + 4 * 4096, 4096}, .mode = UFFDIO_REGISTER_MODE_MISSING};
    CHECK_EQ(ioctl(fd, UFFDIO_REGISTER, &reg), 0);
    struct sigaction sa = {.sa_sigaction = on_bus, .sa_flags = SA_SIGINFO};
    sigaction(SIGBUS, &sa, NULL);
    if (sigsetjmp(out, 1) == 0) {
        CHECK_EQ(*(volatile char *)(p + 4 * 4096 + 5), 1);
        CHECK(0);
    }
    CHECK_EQ(at & ~4095ull, (uintptr_t)p + 4 * 4096);
    return check_done();
}
