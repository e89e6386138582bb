/*
 * time.c: clocks, sleeping and timers. Interval timers are the host's as they are (PASS rows).
 *
 * Reading a clock calls libc, that is the host's vDSO: no system call of the host for the common
 * clocks.
 *
 * Sleeps go through the blocking stub: EINTR with the remaining time when a handler ran; stopped and
 * continued, the kernel goes on by itself. struct sigevent has the same layout on all 64-bit
 * Linuxes; SIGEV_THREAD_ID names a thread by the host's number, which the guest sees too.
 */
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "guest_process.h"

long sys_clock_gettime(struct thread *t, const uint64_t *a)
{
    struct timespec ts;

    if (clock_gettime((clockid_t)a[0], &ts) != 0)
        return -errno;
    return user_write(t->p, a[1], &ts, sizeof ts);
}

long sys_clock_getres(struct thread *t, const uint64_t *a)
{
    struct timespec ts;

    if (clock_getres((clockid_t)a[0], &ts) != 0)
        return -errno;
    return a[1] != 0 ? user_write(t->p, a[1], &ts, sizeof ts) : 0;
}

long sys_gettimeofday(struct thread *t, const uint64_t *a)
{
    struct timeval tv;
    struct timezone tz;

    if (a[1] != 0) {
        if (syscall(SYS_gettimeofday, &tv, &tz) != 0)
            return -errno;
        if (user_write(t->p, a[1], &tz, sizeof tz) != 0)
            return -EFAULT;
    } else if (gettimeofday(&tv, NULL) != 0) {
        return -errno;
    }
    return a[0] != 0 ? user_write(t->p, a[0], &tv, sizeof tv) : 0;
}

long sys_nanosleep(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_nanosleep, arg_ptr(t, a[0]), arg_ptr(t, a[1]));
}

long sys_clock_nanosleep(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_clock_nanosleep, a[0], a[1], arg_ptr(t, a[2]),
                                 arg_ptr(t, a[3]));
}

long sys_timer_create(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_timer_create, a[0], arg_ptr(t, a[1]), arg_ptr(t, a[2]));
}
