/*
 * time.c: sleeping and timers. Clocks and interval timers are the host's as they are (PASS rows).
 *
 * Sleeps go through the blocking stub: EINTR with the remaining time when a handler ran; stopped and
 * continued, the kernel goes on by itself. struct sigevent has the same layout on all 64-bit
 * Linuxes; SIGEV_THREAD_ID names a thread by the host's number, which the guest sees too.
 */
#include <sys/syscall.h>
#include <time.h>

#include "guest_process.h"

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
