/* membarrier's commands, affinity and scheduling of threads, no rseq. By the manual pages; membarrier's
 * effect on changed code is in tests/guest/threadcode.c. qemu 7.2 has no membarrier. */
#define _GNU_SOURCE
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "check.h"

static int membarrier(int cmd, unsigned flags, int cpu)
{
    return (int)syscall(SYS_membarrier, cmd, flags, cpu);
}

static void *nothing(void *arg) { return arg; }

static void barriers(void)
{
    int known = membarrier(MEMBARRIER_CMD_QUERY, 0, 0);
    pthread_t t;
    pthread_create(&t, NULL, nothing, NULL);
    pthread_join(t, NULL);
    CHECK(known & MEMBARRIER_CMD_GLOBAL);
    CHECK_EQ(known & 0x180, 0); /* the commands about rseq */
    CHECK(membarrier(1 << 7, 0, 0) == -1 && errno == EINVAL);
    CHECK(membarrier(1 << 8, 0, 0) == -1 && errno == EINVAL);
    CHECK(membarrier(1 << 30, 0, 0) == -1 && errno == EINVAL);
    CHECK(membarrier(MEMBARRIER_CMD_QUERY, 4, 0) == -1 && errno == EINVAL);
    CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL, 0, 0), 0);
    /* one that isn't registered for it gets EPERM */
    if (known & MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
        CHECK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == -1 && errno == EPERM);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), 0);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), 0);
    }
    if (known & MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE) {
        CHECK(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == -1 && errno == EPERM);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0), 0);
    }
    if (known & MEMBARRIER_CMD_GLOBAL_EXPEDITED) {
        CHECK_EQ(membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0), 0);
        CHECK_EQ(membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0), 0);
    }
}

static pthread_barrier_t both;
static pid_t tid;
static cpu_set_t own;
static unsigned cpu_seen[2];
static void *pinned(void *arg)
{
    tid = (pid_t)syscall(SYS_gettid);
    pthread_barrier_wait(&both); /* the other one pins this thread */
    pthread_barrier_wait(&both);
    sched_getaffinity(0, sizeof own, &own);
    syscall(SYS_getcpu, &cpu_seen[0], &cpu_seen[1], NULL);
    return NULL;
}

static void affinity(void)
{
    cpu_set_t all, one, got;
    unsigned long raw[128];
    pthread_t t;
    int last = -1;
    CHECK_EQ(sched_getaffinity(0, sizeof all, &all), 0);
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET(i, &all))
            last = i;
    CPU_ZERO(&one);
    CPU_SET(last, &one);
    pthread_barrier_init(&both, NULL, 2);
    pthread_create(&t, NULL, pinned, NULL);
    pthread_barrier_wait(&both);
    CHECK_EQ(sched_setaffinity(tid, sizeof one, &one), 0);
    CHECK_EQ(sched_getaffinity(tid, sizeof got, &got), 0);
    CHECK(CPU_EQUAL(&got, &one));
    pthread_barrier_wait(&both);
    pthread_join(t, NULL);
    CHECK(CPU_EQUAL(&own, &one));
    CHECK_EQ(cpu_seen[0], last);
    CHECK_EQ(sched_getaffinity(0, sizeof got, &got), 0); /* the first thread's is as it was */
    CHECK(CPU_EQUAL(&got, &all));
    /* the bare call gives the size of the kernel's set; a small or odd size is refused */
    long n = syscall(SYS_sched_getaffinity, 0, sizeof raw, raw);
    CHECK(n > 0 && n % 8 == 0);
    CHECK(syscall(SYS_sched_getaffinity, 0, 7, raw) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_sched_getaffinity, 0, sizeof raw, 8) == -1 && errno == EFAULT);
    CPU_ZERO(&one);
    CHECK(sched_setaffinity(0, sizeof one, &one) == -1 && errno == EINVAL);
    CHECK(sched_setaffinity(0x3ffffffe, sizeof all, &all) == -1 && errno == ESRCH);
}

static void policies(void)
{
    struct sched_param p = { 0 };
    struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority;
             uint64_t runtime, deadline, period; uint32_t min, max; } attr;
    struct timespec ts;
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_EQ(sched_setscheduler(0, SCHED_BATCH, &p), 0);
    CHECK_EQ(sched_getscheduler(0), SCHED_BATCH);
    CHECK_EQ(sched_setscheduler(0, SCHED_OTHER, &p), 0);
    CHECK_EQ(sched_get_priority_max(SCHED_FIFO), 99);
    CHECK_EQ(sched_get_priority_min(SCHED_RR), 1);
    CHECK_EQ(sched_getparam(0, &p), 0);
    CHECK_EQ(p.sched_priority, 0);
    CHECK_EQ(sched_rr_get_interval(0, &ts), 0);
    CHECK_EQ(syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0), 0);
    CHECK_EQ(attr.policy, SCHED_OTHER);
    CHECK(syscall(SYS_sched_getattr, 0, &attr, 8, 0) == -1 && errno == EINVAL);
    CHECK_EQ(sched_yield(), 0);
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), attr.nice);
}

int main(void)
{
    /* glibc tries at its start; the number on arm64 is 293 */
    CHECK(syscall(293, 0, 32, 0, 0xd428bc00) == -1 && errno == ENOSYS);
    barriers();
    affinity();
    policies();
    return check_done();
}
