/* Programs that behave as badly as they can, in children: each must end the way it ends under a kernel of
 * its own, and soon; myna may neither crash nor hang. With threads. What is at their end is the same
 * natively. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include "check.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS, N = 6 };

static unsigned long seed = 88172645463325252ul;
static unsigned long rnd(void)
{
    unsigned long x = __atomic_load_n(&seed, __ATOMIC_RELAXED);

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    __atomic_store_n(&seed, x, __ATOMIC_RELAXED);
    return x;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- signals ------------------------------------------------------------------------------------ */

static pid_t tids[N];
static volatile int stop;
static volatile long handled;

static void nest(int s, siginfo_t *si, void *uc)
{
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
    if (rnd() % 8 == 0) {
        char *m = mmap(NULL, P, RW, ANON, -1, 0);
        if (m != MAP_FAILED) {
            m[0] = 1;
            munmap(m, P);
        }
    }
    if (rnd() % 16 == 0)
        sched_yield();
}

static int harmless(int s) { return s != SIGKILL && s != SIGSTOP && s != SIGTSTP && s != SIGTTIN && s != SIGTTOU && s != 32 && s != 33 && s != 34; }

static void handlers(void)
{
    for (int s = 1; s <= 64; s++)
        if (harmless(s))
            sigaction(s, &(struct sigaction){ .sa_sigaction = nest, .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                              (rnd() & 1 ? SA_RESTART : 0) }, NULL);
}

static void *sprayed(void *arg)
{
    int p[2];
    char c;

    tids[(long)arg] = gettid();
    pipe(p);
    while (!stop) {
        sigset_t set;
        sigemptyset(&set);
        for (int i = 0; i < 5; i++)
            sigaddset(&set, 1 + rnd() % 64);
        pthread_sigmask(rnd() % 3 == 0 ? SIG_SETMASK : rnd() & 1 ? SIG_BLOCK : SIG_UNBLOCK, &set, NULL);
        switch (rnd() % 5) {
        case 0: nanosleep(&(struct timespec){ 0, 100000 }, NULL); break;
        case 1: write(p[1], "x", 1), read(p[0], &c, 1); break;
        case 2: sigtimedwait(&set, NULL, &(struct timespec){ 0, 10000 }); break;
        case 3: for (volatile int i = 0; i < 10000; i++); break;
        case 4: free(malloc(rnd() % 100000)); break;
        }
    }
    return NULL;
}

static int spray(void)
{
    pthread_t id[N];
    double end = now() + 1.0;
    pid_t helper, me = getpid();

    handlers();
    for (long i = 0; i < N; i++)
        pthread_create(&id[i], NULL, sprayed, (void *)i);
    helper = fork();
    while (now() < end) {
        int s = 1 + (int)(rnd() % 64);
        if (!harmless(s))
            continue;
        if (helper == 0)
            kill(me, s);
        else if (tids[s % N])
            tgkill(me, tids[s % N], s);
        if (rnd() % 64 == 0)
            usleep(100);
    }
    if (!helper)
        _exit(0);
    stop = 1;
    for (int i = 0; i < N; i++)
        pthread_join(id[i], NULL);
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    waitpid(helper, NULL, 0);
    return handled > 1000 ? 0 : 1;
}

/* A fatal signal from one thread while all others run, handlers and locks in use. */
static void *busy(void *arg)
{
    for (;;) {
        char *m = mmap(NULL, 16 * P, RW, ANON, -1, 0);
        m[0] = 1;
        mprotect(m, P, PROT_READ | PROT_EXEC);
        munmap(m, 16 * P);
    }
}

static int killed_amid(void)
{
    pthread_t id;

    for (int i = 0; i < N; i++)
        pthread_create(&id, NULL, busy, NULL);
    usleep(30000);
    tgkill(getpid(), gettid(), SIGUSR2);
    return 1;
}

static int exit_amid(void)
{
    pthread_t id;

    for (int i = 0; i < N; i++)
        pthread_create(&id, NULL, busy, NULL);
    usleep(30000);
    _exit(5);
}

static void *exec_now(void *arg)
{
    usleep(10000);
    execl("/proc/self/exe", "abuse", "exit", "6", NULL);
    return NULL;
}

static int exec_amid(void)
{
    pthread_t id;

    for (int i = 0; i < N; i++)
        pthread_create(&id, NULL, busy, NULL);
    for (int i = 0; i < 3; i++)
        pthread_create(&id, NULL, exec_now, NULL);
    for (;;)
        pause();
}

static void *fork_often(void *arg)
{
    for (int i = 0; i < 30; i++) {
        pid_t pid = fork();
        int st = -1;
        if (!pid) {
            char *m = mmap(NULL, P, RW, ANON, -1, 0);
            m[0] = 1;
            _exit(7);
        }
        if (pid > 0 && (waitpid(pid, &st, 0) != pid || st != 7 << 8))
            stop = 1;
    }
    return NULL;
}

static int fork_amid(void)
{
    pthread_t id[4], other;

    pthread_create(&other, NULL, busy, NULL);
    for (int i = 0; i < 4; i++)
        pthread_create(&id[i], NULL, fork_often, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(id[i], NULL);
    return stop;
}

/* --- memory ------------------------------------------------------------------------------------- */

static int unmap_all(void)
{
    syscall(SYS_munmap, 0, 1ul << 46);
    return 1;
}

static int protect_all(void)
{
    for (unsigned long a = 1ul << 46; a >= P; a >>= 1)
        syscall(SYS_mprotect, 0, a, PROT_NONE);
    volatile char *stack = (void *)((unsigned long)&stack & -4096ul);
    syscall(SYS_mprotect, stack, P, PROT_NONE);
    *stack = 1;
    return 1;
}

static void *unmapper(void *arg)
{
    usleep(20000);
    syscall(SYS_munmap, 0, 1ul << 46);
    return NULL;
}

static int unmap_all_amid(void)
{
    pthread_t id;

    for (int i = 0; i < N; i++)
        pthread_create(&id, NULL, busy, NULL);
    unmapper(NULL);
    return 1;
}

/* As many mappings as there may be; everything else then fails as it should, and works again. */
static int map_all(void)
{
    char *base = mmap(NULL, 1ul << 30, PROT_NONE, ANON | MAP_NORESERVE, -1, 0);
    long n = 0;
    pthread_t id;
    int st;

    while (n < 200000 && mprotect(base + n * 2 * P, P, PROT_READ) == 0)
        n++;
    if (n < 1000 || errno != ENOMEM)
        return 1;
    while (mmap(NULL, 3 * P, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        ;
    if (errno != ENOMEM)
        return 2;
    handlers();
    raise(SIGUSR1);
    if (pthread_create(&id, NULL, busy, NULL) != EAGAIN)
        return 3;
    if (!malloc(100))
        return 4;
    pid_t pid = fork();
    if (!pid)
        _exit(12);
    if (pid > 0 && (waitpid(pid, &st, 0) != pid || st != 12 << 8))
        return 5;
    if (pid < 0 && errno != ENOMEM)
        return 6;
    munmap(base, 1ul << 30);
    if (pthread_create(&id, NULL, busy, NULL))
        return 7;
    pid = fork();
    if (!pid) {
        char *argv[] = { "abuse", "exit", "13", NULL };
        execv("/proc/self/exe", argv);
        _exit(1);
    }
    if (waitpid(pid, &st, 0) != pid || st != 13 << 8)
        return 8;
    return 0;
}

/* All the address space there is. */
static int map_huge(void)
{
    int st;

    for (unsigned long len = 1ul << 46; len >= P; len >>= 1)
        for (int i = 0; i < 10000 && mmap(NULL, len, PROT_NONE, ANON | MAP_NORESERVE, -1, 0) != MAP_FAILED; i++)
            ;
    if (mmap(NULL, 1 << 20, PROT_NONE, ANON, -1, 0) != MAP_FAILED || errno != ENOMEM)
        return 1;
    handlers();
    raise(SIGUSR1);
    pid_t pid = fork();
    if (!pid)
        _exit(12);
    return waitpid(pid, &st, 0) != pid || st != 12 << 8;
}

/* Writes to addresses by chance. */
static sigjmp_buf env;
static void jump(int s) { siglongjmp(env, 1); }

static int write_anywhere(void)
{
    signal(SIGSEGV, jump);
    signal(SIGBUS, jump);
    for (volatile int i = 0; i < 20000; i++) {
        volatile char *p = (char *)(rnd() & (i & 1 ? ~0ul : 0x3fffffffffff));
        if (!sigsetjmp(env, 1))
            *p = *p;
    }
    return 0;
}

/* Jumps to addresses by chance. */
static int run_anywhere(void)
{
    signal(SIGSEGV, jump);
    signal(SIGBUS, jump);
    signal(SIGILL, jump);
    for (volatile int i = 0; i < 5000; i++) {
        void (*f)(void) = (void (*)(void))(rnd() & (i & 1 ? ~3ul : 0x3ffffffffffc));
        if (!sigsetjmp(env, 1))
            f();
    }
    return 0;
}

/* --- stacks and frames -------------------------------------------------------------------------- */

static void with_sp(unsigned long sp)
{
#ifdef __aarch64__
    asm volatile("mov sp, %0\n\tmov x8, #129\n\tmov x0, %1\n\tmov x1, #10\n\tsvc #0\n\tmov x8, #93\n\tmov x0, #3\n\tsvc #0"
                 :: "r"(sp), "r"((unsigned long)getpid()) : "x0", "x1", "x8", "memory");
#else
    asm volatile("mov %1, %%rdi\n\tmov %0, %%rsp\n\tmov $62, %%eax\n\tmov $10, %%esi\n\tsyscall\n\tmov $60, %%eax\n\tmov $3, %%edi\n\tsyscall"
                 :: "r"(sp), "r"((unsigned long)getpid()) : "rax", "rdi", "rsi", "rcx", "r11", "memory");
#endif
}

static int no_stack(void)
{
    signal(SIGUSR1, SIG_DFL);
    sigaction(10, &(struct sigaction){ .sa_sigaction = nest, .sa_flags = SA_SIGINFO }, NULL);
    with_sp(0x10000);
    return 1;
}

static int kernel_stack(void)
{
    sigaction(10, &(struct sigaction){ .sa_sigaction = nest, .sa_flags = SA_SIGINFO }, NULL);
    with_sp(0xffff800000000000ul);
    return 1;
}

static int bad_altstack(void)
{
    sigaltstack(&(stack_t){ .ss_sp = (void *)0x10000, .ss_size = 65536 }, NULL);
    sigaction(10, &(struct sigaction){ .sa_sigaction = nest, .sa_flags = SA_SIGINFO | SA_ONSTACK }, NULL);
    raise(10);
    return 1;
}

static void wild(int s, siginfo_t *si, void *uc)
{
    ucontext_t *u = uc;
    unsigned long *w = (unsigned long *)&u->uc_mcontext;

    for (unsigned i = 0; i < 34; i++)
        w[i] = 0x4141414141414140ul;
}

static int wild_frame(void)
{
    sigaction(10, &(struct sigaction){ .sa_sigaction = wild, .sa_flags = SA_SIGINFO }, NULL);
    raise(10);
    return 1;
}

static void unmap_below(int s, siginfo_t *si, void *uc)
{
    unsigned long here = (unsigned long)&s & -4096ul;

    munmap((void *)(here - 16 * P), 64 * P);
}

static int unmapped_frame(void)
{
    static char alt[256 << 10] __attribute__((aligned(4096)));

    sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = sizeof alt }, NULL);
    sigaction(10, &(struct sigaction){ .sa_sigaction = unmap_below, .sa_flags = SA_SIGINFO | SA_ONSTACK }, NULL);
    raise(10);
    return 1;
}

static int endless_faults(void)
{
    sigaction(SIGSEGV, &(struct sigaction){ .sa_sigaction = wild, .sa_flags = SA_SIGINFO | SA_NODEFER }, NULL);
    *(volatile char *)8 = 1;
    return 1;
}

/* --- threads ------------------------------------------------------------------------------------ */

static void *end_badly(void *arg)
{
    static struct { void *next; long offset; void *pending; } ring = { &ring, -32, NULL };

    switch ((long)arg % 4) {
    case 0: syscall(SYS_set_robust_list, &ring, 24); break;
    case 1: syscall(SYS_set_robust_list, (void *)0x4141414141414141, 24); break;
    case 2: syscall(SYS_set_tid_address, 0x10001); break;
    case 3: syscall(SYS_set_robust_list, (void *)0x8, 24); break;
    }
    syscall(SYS_exit, 0);
    return NULL;
}

static int ends(void)
{
    pthread_attr_t a;
    pthread_t id;

    pthread_attr_init(&a);
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    for (long i = 0; i < 40; i++)
        if (pthread_create(&id, &a, end_badly, (void *)i))
            return 1;
    usleep(200000);
    return 0;
}

static int clone_badly(void)
{
    const unsigned long flags[] = { 0, 0x10000, 0x10f00, 0x3d0f00, 0x7d0f00, 0xffffffff, 0x00010000, 0x11, 0x80000000 };

    /* a thread without memory for its stack dies, and all with it */
    for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i] & 0x10000 && !(flags[i] & 0x100))
            if (syscall(SYS_clone, flags[i], 0x10000, 0, 0, 0) != -1)
                return 1;
    syscall(SYS_clone, 0x50f00, 0x10000, 0, 0, 0);
    sleep(2);
    return 1;
}

/* --- processes, descriptors --------------------------------------------------------------------- */

static int many_children(void)
{
    struct rlimit l = { 60, 60 };
    int n = 0, hold[2];

    pipe(hold);
    if (geteuid() == 0 && setresuid(54321, 54321, 54321))
        return 1;
    setrlimit(RLIMIT_NPROC, &l);
    for (; n < 200; n++) {
        pid_t pid = fork();
        if (pid < 0)
            break;
        if (!pid) {
            char c;
            close(hold[1]);
            read(hold[0], &c, 1);
            _exit(0);
        }
    }
    if (n == 200 || errno != EAGAIN)
        return 2;
    pthread_t id;
    if (pthread_create(&id, NULL, busy, NULL) != EAGAIN)
        return 3;
    if (vfork() >= 0 || errno != EAGAIN)
        return 4;
    close(hold[1]);
    while (n > 0 && wait(NULL) > 0)
        n--;
    pid_t pid = fork();
    if (!pid)
        _exit(0);
    return n != 0 || pid < 0 || wait(NULL) != pid;
}

static void *count_up(void *arg)
{
    __atomic_add_fetch(&handled, 1, __ATOMIC_RELAXED);
    while (!stop)
        usleep(10000);
    return NULL;
}

static int many_threads(void)
{
    enum { MANY = 400 };
    pthread_t id[MANY];
    int n = 0;

    while (n < MANY && !pthread_create(&id[n], NULL, count_up, NULL))
        n++;
    stop = 1;
    for (int i = 0; i < n; i++)
        pthread_join(id[i], NULL);
    return n == MANY && handled == MANY ? 0 : 1;
}

static int thousand_forks(void)
{
    for (int i = 0; i < 1000; i++) {
        int st;
        pid_t pid = i & 1 ? vfork() : fork();
        if (!pid)
            _exit(i & 127);
        if (waitpid(pid, &st, 0) != pid || st != (i & 127) << 8)
            return 1;
    }
    return 0;
}

static int no_descriptors(void)
{
    struct rlimit l = { 64, 4096 };
    pthread_t id;
    int st;

    setrlimit(RLIMIT_NOFILE, &l);
    while (dup(0) >= 0)
        ;
    if (errno != EMFILE || open("/dev/null", O_RDONLY) != -1 || errno != EMFILE)
        return 1;
    if (open("/proc/self/maps", O_RDONLY) != -1 || errno != EMFILE)
        return 2;
    if (pthread_create(&id, NULL, count_up, NULL))
        return 3;
    stop = 1;
    pthread_join(id, NULL);
    handlers();
    raise(SIGUSR1);
    pid_t pid = fork();
    if (!pid) {
        char *argv[] = { "abuse", "exit", "14", NULL };
        execv("/proc/self/exe", argv);
        _exit(errno);
    }
    if (waitpid(pid, &st, 0) != pid || st != 14 << 8) {
        printf("status %#x\n", st);
        return 4;
    }
    return 0;
}

/* --- all ---------------------------------------------------------------------------------------- */

/* How each ends: an exit status, or 1000 + a signal. */
static const struct { const char *name; int (*f)(void); int status; } all[] = {
    { "spray", spray, 0 },
    { "killed_amid", killed_amid, 1000 + SIGUSR2 },
    { "exit_amid", exit_amid, 5 },
    { "exec_amid", exec_amid, 6 },
    { "fork_amid", fork_amid, 0 },
    { "unmap_all", unmap_all, 1000 + SIGSEGV },
    { "protect_all", protect_all, 1000 + SIGSEGV },
    { "unmap_all_amid", unmap_all_amid, 1000 + SIGSEGV },
    { "map_all", map_all, 0 },
    { "map_huge", map_huge, 0 },
    { "write_anywhere", write_anywhere, 0 },
    { "run_anywhere", run_anywhere, 0 },
    { "no_stack", no_stack, 1000 + SIGSEGV },
    { "kernel_stack", kernel_stack, 1000 + SIGSEGV },
    { "bad_altstack", bad_altstack, 1000 + SIGSEGV },
    { "wild_frame", wild_frame, 1000 + SIGSEGV },
    { "unmapped_frame", unmapped_frame, 1000 + SIGSEGV },
    { "endless_faults", endless_faults, 1000 + SIGSEGV },
    { "ends", ends, 0 },
    { "clone_badly", clone_badly, 1000 + SIGSEGV },
    { "many_children", many_children, 0 },
    { "many_threads", many_threads, 0 },
    { "thousand_forks", thousand_forks, 0 },
    { "no_descriptors", no_descriptors, 0 },
};

static void one(unsigned i)
{
    int st;
    double start = now();
    pid_t pid = fork();

    if (!pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        _exit(all[i].f());
    }
    while (waitpid(pid, &st, WNOHANG) == 0) {
        if (now() - start > 40) {
            printf("%s hangs\n", all[i].name);
            kill(pid, SIGKILL);
        }
        usleep(2000);
    }
    st = WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
    checks++;
    if (st == all[i].status)
        return;
    failures++;
    printf("%s ends with %d, not %d\n", all[i].name, st, all[i].status);
}

int main(int argc, char **argv)
{
    if (argc > 2 && !strcmp(argv[1], "exit"))
        return atoi(argv[2]);
    seed ^= (unsigned long)getpid() << 20;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (argc < 2 || !strcmp(argv[1], all[i].name)) {
            double t = now();
            one(i);
            if (argc > 1)
                printf("%s %.2f s\n", all[i].name, now() - t);
        }
    return check_done();
}
