/* io_setup and its calls: files, polls, eventfd, the ring that user space may read, masks, timeouts. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include "check.h"

static volatile int alarms;
static void on_alarm(int signo) { alarms++; }

int main(void)
{
    aio_context_t ctx = 0, other = 0;
    char data[4096], back[4096], name[] = "aio-XXXXXX";
    struct iocb cb[3], *list[3] = {&cb[0], &cb[1], &cb[2]};
    struct io_event ev[4];
    struct timespec ts = {.tv_nsec = 20000000};
    uint64_t value;
    int fd, efd, pipefd[2];

    if (syscall(SYS_io_setup, 8, &ctx) < 0 && errno == ENOSYS) { /* another guest base: by name */
        CHECK_EQ(syscall(SYS_io_submit, 0, 0, NULL), -1);
        CHECK_EQ(errno, ENOSYS);
        return check_done();
    }
    CHECK(ctx != 0);
    CHECK_EQ(syscall(SYS_io_setup, 8, &ctx), -1); /* it must be 0 before */
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_io_setup, 0, &other), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(((uint32_t *)ctx)[4], 0xa10a10a1); /* struct aio_ring: magic, header_length */
    CHECK_EQ(((uint32_t *)ctx)[7], 32);
    CHECK_EQ(((uint32_t *)ctx)[2], ((uint32_t *)ctx)[3]); /* empty */
    CHECK_EQ(syscall(SYS_io_setup, 100, &other), 0);
    CHECK(other != ctx);
    CHECK_EQ(syscall(SYS_io_destroy, other), 0);
    CHECK_EQ(syscall(SYS_io_destroy, other), -1);
    CHECK_EQ(errno, EINVAL);

    fd = mkstemp(name);
    efd = eventfd(0, 0);
    CHECK(fd >= 0 && efd >= 0);
    memset(data, 'x', sizeof data);
    memset(cb, 0, sizeof cb);
    cb[0] = (struct iocb){.aio_data = 77, .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_fildes = fd,
                          .aio_buf = (uintptr_t)data, .aio_nbytes = sizeof data, .aio_offset = 512,
                          .aio_flags = IOCB_FLAG_RESFD, .aio_resfd = efd};
    CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL), 1);
    CHECK_EQ(ev[0].data, 77);
    CHECK_EQ(ev[0].obj, (uintptr_t)&cb[0]);
    CHECK_EQ(ev[0].res, sizeof data);
    CHECK_EQ(read(efd, &value, 8), 8);
    CHECK_EQ(value, 1);
    memset(back, 0, sizeof back);
    cb[0] = (struct iocb){.aio_data = 1, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
                          .aio_buf = (uintptr_t)back, .aio_nbytes = 100, .aio_offset = 500};
    cb[1] = (struct iocb){.aio_data = 2, .aio_lio_opcode = IOCB_CMD_PREAD, .aio_fildes = fd,
                          .aio_buf = 8, .aio_nbytes = 100};
    CHECK_EQ(syscall(SYS_io_submit, ctx, 2, list), 2);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 2, 4, ev, NULL), 2);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(ev[i].res, ev[i].data == 1 ? 100 : -EFAULT);
    CHECK(back[11] == 0 && back[12] == 'x' && back[99] == 'x');

    CHECK_EQ(pipe(pipefd), 0);
    cb[0] = (struct iocb){.aio_data = 3, .aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = pipefd[0],
                          .aio_buf = POLLIN};
    CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), 1);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 4, ev, &ts), 0); /* times out */
    CHECK_EQ(write(pipefd[1], "z", 1), 1);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL), 1);
    CHECK_EQ(ev[0].data, 3);
    CHECK_EQ(ev[0].res & POLLIN, POLLIN);
    cb[0].aio_lio_opcode = 99;
    CHECK_EQ(syscall(SYS_io_submit, ctx, 1, list), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK_EQ(syscall(SYS_io_submit, ctx, 1, (void *)8), -1);
    CHECK_EQ(errno, EFAULT);

    /* a signal ends the wait; a mask of its own keeps it out */
    struct sigaction sa = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval it = {.it_value.tv_usec = 30000};
    sigset_t all;
    struct { const sigset_t *set; size_t size; } masked = {&all, 8};
    sigaction(SIGALRM, &sa, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK_EQ(syscall(SYS_io_getevents, ctx, 1, 4, ev, NULL), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(alarms, 1);
    sigfillset(&all);
    ts.tv_nsec = 100000000;
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK_EQ(syscall(SYS_io_pgetevents, ctx, 1, 4, ev, &ts, &masked), 0);
    CHECK_EQ(alarms, 2); /* delivered when the old mask was back */
    sigemptyset(&all);
    sigset_t block;
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, NULL);
    setitimer(ITIMER_REAL, &it, NULL);
    CHECK_EQ(syscall(SYS_io_pgetevents, ctx, 1, 4, ev, NULL, &masked), -1);
    CHECK_EQ(errno, EINTR);
    CHECK_EQ(alarms, 3);
    CHECK_EQ(syscall(SYS_io_destroy, ctx), 0);
    CHECK_EQ(mprotect((void *)ctx, 4096, PROT_READ), -1); /* the ring is gone */
    CHECK_EQ(errno, ENOMEM);
    unlink(name);
    return check_done();
}
