/* Every futex operation by the bare system call, with threads: wait and wake (bit sets, both clocks),
 * requeue with and without a comparison, wake_op with each operation and comparison, priority
 * inheritance (lock, trylock, unlock, requeue to it, who dies owning it), waitv, errors; robust lists.
 * By futex(2), set_robust_list(2) and uapi/linux/futex.h. qemu 7.2 has neither waitv nor LOCK_PI2. */
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include "check.h"

#ifndef SYS_futex_waitv
#define SYS_futex_waitv 449
#endif
enum { LOCK_PI2 = 13, SIZE_U32 = 2, NSEC = 1000000000 };
struct waitv { uint64_t val, uaddr; uint32_t flags, reserved; };

static long futex(void *a, int op, uint32_t v, const void *t, void *b, uint32_t v3)
{
    long r = syscall(SYS_futex, a, op, v, t, b, v3);
    return r < 0 ? -errno : r;
}
static long count_op(void *a, int op, uint32_t v, long n, void *b, uint32_t v3)
{
    return futex(a, op, v, (void *)n, b, v3);
}
static pid_t self(void) { return (pid_t)syscall(SYS_gettid); }
static struct timespec in(clockid_t c, long ns)
{
    struct timespec t;
    clock_gettime(c, &t);
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / NSEC;
    t.tv_nsec %= NSEC;
    return t;
}

static _Atomic uint32_t word, other;
static atomic_int begun, tid_seen;
static long result[8];
static struct { int op; uint32_t v3; } how;
static void *waiter(void *arg)
{
    tid_seen = self();
    begun++;
    result[(long)arg] = futex(&word, how.op, 0, NULL, &other, how.v3);
    return NULL;
}
/* Is it asleep in the kernel? */
static void until_asleep(pid_t tid)
{
    char name[64], text[256];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "/proc/self/task/%d/stat", tid);
        FILE *f = fopen(name, "r");
        if (f) {
            size_t n = fread(text, 1, sizeof text - 1, f);
            text[n] = 0;
            fclose(f);
            char *p = strrchr(text, ')');
            if (p && p[2] == 'S')
                return;
        }
        usleep(500);
    }
}
static void start(pthread_t *t, int n, int op, uint32_t v3)
{
    how.op = op;
    how.v3 = v3;
    word = 0;
    for (long i = 0; i < n; i++) {
        begun = 0;
        result[i] = 99;
        pthread_create(&t[i], NULL, waiter, (void *)i);
        while (!begun)
            usleep(100);
        until_asleep(tid_seen);
    }
}
static void join(pthread_t *t, int n)
{
    for (int i = 0; i < n; i++)
        pthread_join(t[i], NULL);
}

static void waits(void)
{
    pthread_t t[4];
    struct timespec soon = { 0, 2000000 }, late;
    word = 1;
    CHECK_EQ(futex(&word, FUTEX_WAIT, 0, NULL, NULL, 0), -EAGAIN);
    CHECK_EQ(futex(&word, FUTEX_WAIT, 1, &soon, NULL, 0), -ETIMEDOUT);
    CHECK_EQ(futex((char *)&word + 1, FUTEX_WAIT, 1, &soon, NULL, 0), -EINVAL);
    CHECK_EQ(futex((void *)8, FUTEX_WAIT, 1, &soon, NULL, 0), -EFAULT);
    CHECK_EQ(futex(&word, FUTEX_WAIT, 1, (void *)8, NULL, 0), -EFAULT);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 1, NULL, NULL, 0), -EINVAL);
    CHECK_EQ(futex(&word, 77, 0, NULL, NULL, 0), -ENOSYS);
    CHECK_EQ(futex(&word, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0), -ENOSYS);
    late = in(CLOCK_MONOTONIC, 2000000);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE, 1, &late, NULL, ~0u), -ETIMEDOUT);
    late = in(CLOCK_REALTIME, 2000000);
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME, 1, &late, NULL, ~0u),
             -ETIMEDOUT);
    late = (struct timespec){ 0, NSEC };
    CHECK_EQ(futex(&word, FUTEX_WAIT_BITSET, 1, &late, NULL, ~0u), -EINVAL);

    start(t, 3, FUTEX_WAIT, 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0), 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE, 9, NULL, NULL, 0), 1);
    join(t, 3);
    CHECK(result[0] == 0 && result[1] == 0 && result[2] == 0);

    start(t, 1, FUTEX_WAIT_BITSET_PRIVATE, 2);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 4), 0);
    CHECK_EQ(futex(&word, FUTEX_WAKE_BITSET_PRIVATE, 9, NULL, NULL, 6), 1);
    join(t, 1);
}

static void requeues(void)
{
    pthread_t t[4];
    start(t, 4, FUTEX_WAIT_PRIVATE, 0);
    CHECK_EQ(count_op(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &other, 5), -EAGAIN);
    CHECK_EQ(count_op(&word, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, &other, 0), 3); /* 1 woken, 2 moved */
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 2);
    CHECK_EQ(count_op(&word, FUTEX_REQUEUE_PRIVATE, 0, 9, &other, 0), 1); /* moved, as Linux counts */
    CHECK_EQ(futex(&word, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 0);
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0), 1);
    join(t, 4);
    CHECK_EQ(count_op(&word, FUTEX_CMP_REQUEUE, 1, 1, (void *)8, 0), -EFAULT);
}

static void wake_op(void)
{
    static const struct { int op; uint32_t from, arg, to; } ops[] = {
        { FUTEX_OP_SET, 3, 9, 9 }, { FUTEX_OP_ADD, 3, 9, 12 }, { FUTEX_OP_OR, 3, 8, 11 },
        { FUTEX_OP_ANDN, 7, 2, 5 }, { FUTEX_OP_XOR, 6, 3, 5 },
        { FUTEX_OP_OR | FUTEX_OP_OPARG_SHIFT, 1, 4, 17 },
    };
    static const struct { int cmp; uint32_t value, arg; int holds; } cmps[] = {
        { FUTEX_OP_CMP_EQ, 5, 5, 1 }, { FUTEX_OP_CMP_EQ, 5, 6, 0 }, { FUTEX_OP_CMP_NE, 5, 6, 1 },
        { FUTEX_OP_CMP_LT, 5, 6, 1 }, { FUTEX_OP_CMP_LE, 5, 5, 1 }, { FUTEX_OP_CMP_GT, 5, 5, 0 },
        { FUTEX_OP_CMP_GE, 5, 5, 1 },
    };
    pthread_t t[1];
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++) {
        other = ops[i].from;
        CHECK_EQ(count_op(&word, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other,
                          FUTEX_OP(ops[i].op, ops[i].arg, FUTEX_OP_CMP_EQ, 99)), 0);
        CHECK_EQ(other, ops[i].to);
    }
    for (unsigned i = 0; i < sizeof cmps / sizeof *cmps; i++) {
        start(t, 1, FUTEX_WAIT_PRIVATE, 0);
        other = cmps[i].value; /* old value; waiters of `word` are woken if the comparison holds */
        CHECK_EQ(count_op(&begun, FUTEX_WAKE_OP_PRIVATE, 1, 1, &other,
                          FUTEX_OP(FUTEX_OP_SET, 1, cmps[i].cmp, cmps[i].arg)), 0);
        other = cmps[i].value;
        CHECK_EQ(count_op(&other, FUTEX_WAKE_OP_PRIVATE, 0, 1, &word,
                          FUTEX_OP(FUTEX_OP_ADD, 0, FUTEX_OP_CMP_NE, 99)), 1);
        join(t, 1);
        word = cmps[i].value;
        start(t, 0, 0, 0);
    }
    CHECK_EQ(count_op(&word, FUTEX_WAKE_OP, 1, 1, (void *)8, 0), -EFAULT);
}

static void *locks_pi(void *arg)
{
    tid_seen = self();
    begun++;
    result[0] = futex(&word, (int)(long)arg, 0, NULL, NULL, 0);
    result[1] = word & FUTEX_TID_MASK;
    result[2] = futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}
static void *dies_with_it(void *arg)
{
    result[0] = futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
    begun++;
    while (begun < 2) /* until somebody waits for it */
        usleep(200);
    return NULL;
}
static void *try_pi(void *arg)
{
    struct timespec late = in(CLOCK_REALTIME, 3000000), late2 = in(CLOCK_MONOTONIC, 3000000);
    result[0] = futex(&word, FUTEX_TRYLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    result[1] = futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, &late, NULL, 0);
    result[2] = futex(&word, LOCK_PI2 | FUTEX_PRIVATE_FLAG, 0, &late2, NULL, 0);
    result[3] = futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}
static void inheritance(void)
{
    static const int ops[] = { FUTEX_LOCK_PI_PRIVATE, LOCK_PI2 | FUTEX_PRIVATE_FLAG };
    pthread_t t;
    word = 0;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, self());
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), -EDEADLK);
    pthread_create(&t, NULL, try_pi, NULL);
    pthread_join(t, NULL);
    CHECK_EQ(result[0], -EAGAIN); /* EWOULDBLOCK */
    CHECK_EQ(result[1], -ETIMEDOUT);
    CHECK_EQ(result[2], -ETIMEDOUT);
    CHECK_EQ(result[3], -EPERM);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word, 0);
    for (int i = 0; i < 2; i++) {
        begun = 0;
        word = self();
        pthread_create(&t, NULL, locks_pi, (void *)(long)ops[i]);
        while (!begun)
            usleep(100);
        until_asleep(tid_seen);
        CHECK_EQ(word, (uint32_t)self() | FUTEX_WAITERS);
        CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
        pthread_join(t, NULL);
        CHECK_EQ(result[0], 0);
        CHECK_EQ(result[1], tid_seen);
        CHECK_EQ(result[2], 0);
        CHECK_EQ(word, 0);
    }
    /* its owner dies while this thread waits: the kernel hands it over */
    begun = 0;
    word = 0;
    pthread_create(&t, NULL, dies_with_it, NULL);
    while (!begun)
        usleep(100);
    begun = 2;
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0), 0);
    CHECK_EQ(word & FUTEX_TID_MASK, self());
    pthread_join(t, NULL);
    CHECK_EQ(futex(&word, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0), 0);
    word = 0x3ffffffe; /* no such thread */
    CHECK_EQ(futex(&word, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), -ESRCH);
}

static void *waits_for_pi(void *arg)
{
    tid_seen = self();
    begun++;
    result[0] = futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &other, 0);
    result[1] = other & FUTEX_TID_MASK;
    result[2] = futex(&other, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0);
    return NULL;
}
static void requeue_pi(void)
{
    pthread_t t;
    struct timespec late = in(CLOCK_MONOTONIC, 3000000);
    word = other = 0;
    CHECK_EQ(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, &late, &other, 0), -ETIMEDOUT);
    late = in(CLOCK_REALTIME, 3000000);
    CHECK_EQ(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE | FUTEX_CLOCK_REALTIME, 0, &late, &other, 0),
             -ETIMEDOUT);
    CHECK_EQ(futex(&word, FUTEX_WAIT_REQUEUE_PI_PRIVATE, 0, NULL, &word, 0), -EINVAL);
    for (int held = 0; held < 2; held++) {
        begun = 0;
        word = other = 0;
        pthread_create(&t, NULL, waits_for_pi, NULL);
        while (!begun)
            usleep(100);
        until_asleep(tid_seen);
        if (held)
            CHECK_EQ(futex(&other, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
        CHECK_EQ(count_op(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 1, 1, &other, 0), 1);
        if (held)
            CHECK_EQ(futex(&other, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0), 0);
        pthread_join(t, NULL);
        CHECK_EQ(result[0], 0);
        CHECK_EQ(result[1], tid_seen);
        CHECK_EQ(result[2], 0);
    }
    CHECK_EQ(count_op(&word, FUTEX_CMP_REQUEUE_PI_PRIVATE, 2, 1, &other, 0), -EINVAL); /* wakes one only */
}

static void *waits_many(void *arg)
{
    struct waitv w[3] = { { 0, (uintptr_t)&result[7], SIZE_U32 },
                          { 0, (uintptr_t)&word, SIZE_U32 | FUTEX_PRIVATE_FLAG },
                          { 0, (uintptr_t)&other, SIZE_U32 | FUTEX_PRIVATE_FLAG } };
    tid_seen = self();
    begun++;
    result[0] = syscall(SYS_futex_waitv, w, 3, 0, NULL, 0);
    return NULL;
}
static void waitv(void)
{
    struct waitv w[2] = { { 0, (uintptr_t)&word, SIZE_U32 }, { 0, (uintptr_t)&other, SIZE_U32 } };
    struct timespec late = in(CLOCK_MONOTONIC, 3000000);
    pthread_t t;
    word = other = 0;
    result[7] = 0;
    CHECK(syscall(SYS_futex_waitv, w, 2, 0, &late, CLOCK_MONOTONIC) == -1 && errno == ETIMEDOUT);
    late = in(CLOCK_REALTIME, 3000000);
    CHECK(syscall(SYS_futex_waitv, w, 2, 0, &late, CLOCK_REALTIME) == -1 && errno == ETIMEDOUT);
    CHECK(syscall(SYS_futex_waitv, w, 2, 0, &late, 9) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex_waitv, w, 0, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex_waitv, w, 129, 0, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex_waitv, w, 2, 1, NULL, 0) == -1 && errno == EINVAL);
    CHECK(syscall(SYS_futex_waitv, (void *)8, 2, 0, NULL, 0) == -1 && errno == EFAULT);
    other = 1;
    CHECK(syscall(SYS_futex_waitv, w, 2, 0, NULL, 0) == -1 && errno == EAGAIN);
    other = 0;
    w[1].reserved = 1;
    CHECK(syscall(SYS_futex_waitv, w, 2, 0, NULL, 0) == -1 && errno == EINVAL);
    begun = 0;
    pthread_create(&t, NULL, waits_many, NULL);
    while (!begun)
        usleep(100);
    until_asleep(tid_seen);
    CHECK_EQ(futex(&other, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 1);
    pthread_join(t, NULL);
    CHECK_EQ(result[0], 2); /* which of them woke it */
}

/* A thread ends owning three words of its robust list, one of them only about to be in it. */
static struct entry { struct entry *next; _Atomic uint32_t word; } list[3], pending, foreign;
static struct robust_list_head head;
static void *leaves_robust(void *arg)
{
    pid_t me = self();
    for (int i = 0; i < 3; i++) {
        list[i].next = i < 2 ? &list[i + 1] : (struct entry *)&head;
        list[i].word = (uint32_t)me | (i == 1 ? FUTEX_WAITERS : 0);
    }
    list[2].word = (uint32_t)getpid(); /* another thread's */
    pending.word = (uint32_t)me;
    head.list.next = (struct robust_list *)&list[0];
    head.futex_offset = offsetof(struct entry, word);
    head.list_op_pending = (struct robust_list *)&pending;
    CHECK_EQ(syscall(SYS_set_robust_list, &head, 8), -1);
    CHECK_EQ(syscall(SYS_set_robust_list, &head, sizeof head), 0);
    struct robust_list_head *h;
    size_t n;
    CHECK(syscall(SYS_get_robust_list, 0, &h, &n) == 0 && h == &head && n == sizeof head);
    syscall(SYS_exit, 0);
    return NULL;
}
static void robust(void)
{
    pthread_t t;
    pthread_create(&t, NULL, leaves_robust, NULL);
    pthread_join(t, NULL);
    CHECK_EQ(list[0].word, FUTEX_OWNER_DIED);
    CHECK_EQ(list[1].word, FUTEX_OWNER_DIED | FUTEX_WAITERS);
    CHECK_EQ(list[2].word, (uint32_t)getpid());
    CHECK_EQ(pending.word, FUTEX_OWNER_DIED);
}

int main(void)
{
    waits();
    requeues();
    wake_op();
    inheritance();
    requeue_pi();
    waitv();
    robust();
    return check_done();
}
