/*
 * sched.c: membarrier, and why there are no restartable sequences.
 *
 * membarrier is the host kernel's: guest threads are its threads, and what it makes of their loads and
 * stores is what the guest asks for (the host's order is stronger than the guest's). Only
 * PRIVATE_EXPEDITED_SYNC_CORE needs more: every thread of the process shall execute what instruction
 * memory holds now. Translations of changed code are retired by IC IVAU, but a thread may still be
 * inside one. So all threads are made to leave what they are in, once.
 *
 * rseq is refused (ENOSYS, as by a kernel without CONFIG_RSEQ; C libraries and allocators then go
 * without). A critical section must be aborted if its thread is preempted in it, which only the
 * kernel sees; it compares the host's pc with the section's addresses, finds it outside, as the pc is
 * in translated code, and clears the guest's rseq_cs in silence: a commit that had to be aborted
 * would go through. Which guest code is a critical section is known only from the store of its
 * descriptor's address, an ordinary store. What would do instead has its own faults: a number per thread
 * in place of the CPU's (there may be more threads than CPUs, and sched_getcpu has to agree with the
 * affinity), a host section around each guest store (of all code, as any may be in a section), a signal
 * at each context switch (perf_event_open's sigtrap, which most systems don't permit to users). So there is
 * none of it rather than most; qemu-user refuses as well. The commands of membarrier that restart
 * such sequences are refused with it.
 *
 * Sources: membarrier(2), rseq(2), Linux 6.1 kernel/sched/membarrier.c, kernel/rseq.c.
 */
#include <linux/membarrier.h>
#include <sys/syscall.h>

#include "user.h"

#ifndef MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ
#define MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ (1 << 7)
#define MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ (1 << 8)
#endif
#define RSEQ_COMMANDS \
    (MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ | MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ)

long sys_membarrier(struct thread *t, const uint64_t *a)
{
    int cmd = (int)a[0];
    long r;

    if (cmd & RSEQ_COMMANDS)
        return -EINVAL;
    r = host_syscall(SYS_membarrier, cmd, (unsigned)a[1], (int)a[2]);
    if (cmd == MEMBARRIER_CMD_QUERY && r > 0)
        r &= ~(long)RSEQ_COMMANDS;
    if (cmd == MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE && r == 0)
        engine_sync(t->p->engine);
    return r;
}
