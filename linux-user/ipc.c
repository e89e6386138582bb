/*
 * ipc.c: System V IPC control calls and POSIX message queues. (shmat and shmdt change the memory map:
 * mmap.c.)
 *
 * ipc64_perm, msqid64_ds, shmid64_ds, mq_attr and the info structures are equal on all 64-bit
 * Linuxes. semid64_ds is not: x86_64 pads its two times.
 */
#include <signal.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "guest_process.h"

struct host_semid {
    uint8_t perm[48];
    uint64_t otime, pad1, ctime, pad2, nsems, unused[2];
};

struct guest_semid {
    uint8_t perm[48];
    uint64_t otime, ctime, nsems, unused[2];
};

static bool is_padded(const struct thread *t) { return t->p->abi->column == 1; }

static long sem_stat(struct thread *t, const uint64_t *a)
{
    struct host_semid h;
    struct guest_semid g = {0};
    long r = host_syscall(SYS_semctl, a[0], a[1], a[2], &h);

    if (r < 0)
        return r;
    memcpy(g.perm, h.perm, sizeof g.perm);
    g.otime = h.otime;
    g.ctime = h.ctime;
    g.nsems = h.nsems;
    return user_write(t->p, a[3], &g, sizeof g) != 0 ? -EFAULT : r;
}

static long sem_set(struct thread *t, const uint64_t *a)
{
    struct host_semid h = {0};

    if (user_read(t->p, h.perm, a[3], sizeof h.perm) != 0)
        return -EFAULT;
    return host_syscall(SYS_semctl, a[0], a[1], a[2], &h);
}

long sys_semctl(struct thread *t, const uint64_t *a)
{
    switch ((int)a[2]) {
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        if (!is_padded(t))
            return sem_stat(t, a);
        break;
    case IPC_SET:
        if (!is_padded(t))
            return sem_set(t, a);
        break;
    case SETVAL:
        return host_syscall(SYS_semctl, a[0], a[1], a[2], a[3]);
    }
    return host_syscall(SYS_semctl, a[0], a[1], a[2], arg_ptr(t, a[3]));
}

long sys_msgctl(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_msgctl, a[0], a[1], arg_ptr(t, a[2]));
}

long sys_shmctl(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_shmctl, a[0], a[1], arg_ptr(t, a[2]));
}

/* --------------------------------------------------------- POSIX message queues */

long sys_mq_open(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_mq_open, arg_ptr(t, a[0]),
                        t->p->abi->open_flags_to_host((int)a[1]), a[2], arg_ptr(t, a[3]));
}

long sys_mq_unlink(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_mq_unlink, arg_ptr(t, a[0]));
}

long sys_mq_timedsend(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_mq_timedsend, a[0], arg_ptr(t, a[1]), a[2], a[3],
                                 arg_ptr(t, a[4]));
}

long sys_mq_timedreceive(struct thread *t, const uint64_t *a)
{
    return host_syscall_blocking(t, SYS_mq_timedreceive, a[0], arg_ptr(t, a[1]), a[2],
                                 arg_ptr(t, a[3]), arg_ptr(t, a[4]));
}

long sys_mq_notify(struct thread *t, const uint64_t *a)
{
    struct sigevent ev;

    if (a[1] == 0 || !user_converts(t->p))
        return host_syscall(SYS_mq_notify, a[0], a[1]);
    if (user_read(t->p, &ev, a[1], sizeof ev) != 0)
        return -EFAULT;
    if (ev.sigev_notify == SIGEV_THREAD) /* the value is the address of a cookie */
        ev.sigev_value.sival_ptr =
            arg_ptr(t, (uint64_t)(uintptr_t)ev.sigev_value.sival_ptr);
    return host_syscall(SYS_mq_notify, a[0], &ev);
}

long sys_mq_getsetattr(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_mq_getsetattr, a[0], arg_ptr(t, a[1]), arg_ptr(t, a[2]));
}
