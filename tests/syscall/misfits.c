/* More programs that behave badly, each in a child (abuse.c has the first ones): execve with hostile arguments, stacks that
 * overflow in handlers, alternate stacks that go away, code that goes away under other threads, forks in handlers,
 * children of vfork that misbehave, descriptors taken away, limits of nothing. Each must end as it does natively, and
 * soon. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, RWX = RW | PROT_EXEC, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static char *self;
static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}
static void handler(int s, void (*f)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a = { .sa_sigaction = f, .sa_flags = SA_SIGINFO | flags };
    sigaction(s, &a, NULL);
}
static int ended(pid_t pid)
{
    int st;
    while (waitpid(pid, &st, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
}

/* --- execve -------------------------------------------------------------------------------------- */

static int exec_fails(const char *path, char **argv, char **envp, int e)
{
    int r = (int)syscall(SYS_execve, path, argv, envp);
    if (r == -1 && errno == e)
        return 0;
    printf("execve of %.30s: %d, errno %d, not %d\n", path && path != (char *)16 ? path : "?", r, errno, e);
    return 1;
}

static int exec_hostile(void)
{
    char *edge = mmap(NULL, 3 * P, RW, ANON, -1, 0), *args[] = { self, "exit", "0", NULL };
    static char *many[3000001], path[5000];
    int bad = 0;

    munmap(edge + 2 * P, P);
    memset(path, 'x', sizeof path - 1);
    bad += exec_fails(path, args, NULL, ENAMETOOLONG);
    bad += exec_fails((char *)16, args, NULL, EFAULT);
    bad += exec_fails("", args, NULL, ENOENT);
    bad += exec_fails("/", args, NULL, EACCES);
    bad += exec_fails("/dev/null", args, NULL, EACCES);
    bad += exec_fails("/proc/self/fd", args, NULL, EACCES);
    bad += exec_fails(self, (char **)16, NULL, EFAULT);
    bad += exec_fails(self, args, (char **)16, EFAULT);
    char **at_edge = (char **)(edge + 2 * P) - 2; /* no NULL before the end */
    at_edge[0] = at_edge[1] = self;
    bad += exec_fails(self, at_edge, NULL, EFAULT);
    args[1] = (char *)16;
    bad += exec_fails(self, args, NULL, EFAULT);
    char *text = edge + 2 * P - 10; /* no end before the end */
    memset(text, 'y', 10);
    args[1] = text;
    bad += exec_fails(self, args, NULL, EFAULT);
    char *large = mmap(NULL, 1 << 20, RW, ANON, -1, 0);
    memset(large, 'z', 32 * P); /* MAX_ARG_STRLEN with its end */
    args[1] = large;
    bad += exec_fails(self, args, NULL, E2BIG);
    for (int i = 0; i < 3000000; i++)
        many[i] = "a";
    bad += exec_fails(self, many, NULL, E2BIG);
    args[1] = "exit";
    bad += exec_fails(self, args, many, E2BIG);
    return bad;
}

static int exec_without_arguments(void)
{
    char *args[] = { NULL };
    pid_t pid = fork();
    if (!pid) { /* the kernel adds an empty argv[0]: this program tests nothing then */
        syscall(SYS_execve, "/proc/self/exe", args, (char *[]){ "MISFITS=none", NULL });
        _exit(9);
    }
    return ended(pid);
}

static void exec_in_handler(int s, siginfo_t *si, void *uc)
{
    execl(self, self, "exit", "8", NULL);
}
static int exec_from_handler(void)
{
    handler(SIGALRM, exec_in_handler, SA_NODEFER);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 0 }, { 0, 5000 } }, NULL);
    for (;;)
        getppid();
}

static void *waits(void *arg)
{
    static int fd[2], f;
    if (!fd[0])
        pipe(fd);
    switch ((long)arg % 4) {
    case 0: read(fd[0], &f, 1); break;
    case 1: poll(NULL, 0, -1); break;
    case 2: syscall(SYS_futex, &f, 0, 0, NULL, NULL, 0); break;
    default: sigsuspend(&(sigset_t){ { ~0ul } });
    }
    return NULL;
}
static void *execs(void *arg)
{
    usleep(3000);
    execl(self, self, "exit", "7", NULL);
    return NULL;
}
static int exec_amid_waiters(void)
{
    pthread_t id;
    for (long i = 0; i < 8; i++)
        pthread_create(&id, NULL, waits, (void *)i);
    pthread_create(&id, NULL, execs, NULL);
    pthread_create(&id, NULL, execs, NULL);
    pthread_exit(NULL); /* the first thread is gone */
}

/* --- stacks ----------------------------------------------------------------------------------------- */

static volatile int depth;
static int overflow(int n)
{
    volatile char room[2000];
    room[0] = (char)n;
    depth = n;
    return overflow(n + 1) + room[0];
}
static void overflows(int s, siginfo_t *si, void *uc) { overflow(0); }
static int overflow_in_handler(void)
{
    handler(SIGUSR1, overflows, 0);
    setrlimit(RLIMIT_STACK, &(struct rlimit){ 1 << 20, 1 << 20 });
    raise(SIGUSR1);
    return 1;
}
static int overflow_on_altstack(void)
{
    char *m = mmap(NULL, 64 * P, RW, ANON, -1, 0);
    munmap(m, P);
    sigaltstack(&(stack_t){ .ss_sp = m + P, .ss_size = 32 * P }, NULL);
    handler(SIGSEGV, overflows, SA_ONSTACK); /* the second one is blocked */
    overflow(0);
    return 1;
}
static sigjmp_buf back;
static void jumps(int s, siginfo_t *si, void *uc) { siglongjmp(back, 1); }
static int overflow_again(void)
{
    volatile int times = 0;
    setrlimit(RLIMIT_STACK, &(struct rlimit){ 256 << 10, 256 << 10 });
    sigaltstack(&(stack_t){ .ss_sp = mmap(NULL, 16 * P, RW, ANON, -1, 0), .ss_size = 16 * P }, NULL);
    handler(SIGSEGV, jumps, SA_ONSTACK);
    sigsetjmp(back, 1);
    if (++times < 20)
        overflow(0);
    return times == 20 ? 0 : 1;
}
static void *small_stack(void *arg)
{
    overflow(0);
    return NULL;
}
static int overflow_in_thread(void)
{
    pthread_attr_t a;
    pthread_t id;
    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 64 << 10);
    pthread_create(&id, &a, small_stack, NULL);
    pthread_join(id, NULL);
    return 1;
}

static char *alt;
static void altstack_games(int s, siginfo_t *si, void *uc)
{
    stack_t now, other = { .ss_sp = alt + 64 * P, .ss_size = 32 * P };
    int bad = 0;
    sigaltstack(NULL, &now);
    bad += !(now.ss_flags & SS_ONSTACK);
    bad += sigaltstack(&other, NULL) != -1 || errno != EPERM;
    bad += sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL) != -1 || errno != EPERM;
    if (bad)
        _exit(40 + bad);
}
static void altstack_gone(int s, siginfo_t *si, void *uc) { mprotect(alt, 32 * P, PROT_NONE); }
static int altstacks(void)
{
    int bad = 0;
    alt = mmap(NULL, 128 * P, RW, ANON, -1, 0);
    bad += sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = 100 }, NULL) != -1 || errno != ENOMEM;
    bad += sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = 32 * P, .ss_flags = 64 }, NULL) != -1 || errno != EINVAL;
    bad += sigaltstack((stack_t *)16, NULL) != -1 || errno != EFAULT;
    bad += sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = 32 * P }, (stack_t *)16) != -1 || errno != EFAULT;
    sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = 32 * P }, NULL);
    handler(SIGUSR1, altstack_games, SA_ONSTACK);
    raise(SIGUSR1);
    if (bad)
        return 50 + bad;
    handler(SIGUSR1, altstack_gone, SA_ONSTACK);
    raise(SIGUSR1); /* dies on the way back */
    return 1;
}
static void handler_in_nothing(int s, siginfo_t *si, void *uc) { munmap((void *)((uintptr_t)&s & ~(uintptr_t)0xffff), 1 << 17); }
static int stack_unmapped(void)
{
    handler(SIGUSR1, handler_in_nothing, 0);
    raise(SIGUSR1);
    return 1;
}
static int segv_blocked(void)
{
    sigset_t s;
    sigfillset(&s);
    handler(SIGSEGV, jumps, 0);
    sigprocmask(SIG_SETMASK, &s, NULL);
    *(volatile int *)16 = 1;
    return 1;
}
static int segv_ignored(void)
{
    signal(SIGSEGV, SIG_IGN);
    kill(getpid(), SIGSEGV);
    *(volatile int *)16 = 1;
    return 1;
}

/* --- code that goes away ------------------------------------------------------------------------------- */

#ifdef __aarch64__
static const uint32_t loop[] = { 0x91000400, 0x17ffffff }, back_at_once[] = { 0xd65f03c0 };
#else
static const uint8_t loop[] = { 0x48, 0xff, 0xc0, 0xeb, 0xfb }, back_at_once[] = { 0xc3 };
#endif
static char *code;
static void *runs(void *arg)
{
    ((void (*)(void))code)();
    return NULL;
}
static void start_code(int n)
{
    pthread_t id;
    code = mmap(NULL, P, RW, ANON, -1, 0);
    memcpy(code, loop, sizeof loop);
    __builtin___clear_cache(code, code + sizeof loop);
    mprotect(code, P, PROT_READ | PROT_EXEC);
    for (int i = 0; i < n; i++)
        pthread_create(&id, NULL, runs, NULL);
    usleep(20000);
}
static int code_unmapped(void)
{
    start_code(3);
    munmap(code, P);
    sleep(20);
    return 1;
}
static int code_unreadable(void)
{
    start_code(2);
    mprotect(code, P, PROT_NONE);
    sleep(20);
    return 1;
}
static int code_moved(void)
{
    start_code(2);
    mremap(code, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, mmap(NULL, P, RW, ANON, -1, 0));
    sleep(20);
    return 1;
}
static int code_replaced(void)
{
    pthread_t id[3];
    start_code(0);
    for (int i = 0; i < 3; i++)
        pthread_create(&id[i], NULL, runs, NULL);
    usleep(20000);
    char *other = mmap(NULL, P, RW, ANON, -1, 0);
    for (unsigned i = 0; i < 8; i += sizeof back_at_once)
        memcpy(other + i, back_at_once, sizeof back_at_once);
    __builtin___clear_cache(other, other + 8);
    mprotect(other, P, PROT_READ | PROT_EXEC);
    mremap(other, P, P, MREMAP_MAYMOVE | MREMAP_FIXED, code);
    for (int i = 0; i < 3; i++)
        pthread_join(id[i], NULL);
    return 0;
}
static int code_of_a_short_file(void)
{
    int fd = memfd_create("code", 0);
    ftruncate(fd, 2 * P);
    code = mmap(NULL, 2 * P, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
    ftruncate(fd, P);
    ((void (*)(void))(code + P))();
    return 1;
}

static volatile int stop;
static void *maps_over(void *arg)
{
    char *m = arg;
    while (!stop)
        mmap(m, 4 * P, RW, ANON | MAP_FIXED, -1, 0);
    return NULL;
}
static void *touches(void *arg)
{
    char *m = arg;
    for (unsigned i = 0; !stop; i++)
        m[i * 61 % (4 * P)]++;
    return NULL;
}
static int map_over_each_other(void)
{
    pthread_t id[4];
    char *m = mmap(NULL, 4 * P, RW, ANON, -1, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&id[i], NULL, i < 2 ? maps_over : touches, m);
    usleep(200000);
    stop = 1;
    for (int i = 0; i < 4; i++)
        pthread_join(id[i], NULL);
    return 0;
}

/* --- forks where they don't belong ------------------------------------------------------------------------ */

static volatile int forked, wrong;
static void forks(int s, siginfo_t *si, void *uc)
{
    if (forked >= 60)
        return;
    forked++;
    pid_t pid = fork();
    if (!pid)
        _exit(forked & 63);
    if (pid > 0 && ended(pid) != (forked & 63))
        wrong++;
}
static int fork_in_handler(void)
{
    handler(SIGALRM, forks, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 300 }, { 0, 300 } }, NULL);
    while (forked < 60)
        for (volatile int i = 0; i < 1000; i++)
            ;
    return wrong;
}
static int fork_bomb_of_handlers(void)
{
    handler(SIGCHLD, forks, SA_NODEFER | SA_RESTART); /* each child's end makes another */
    raise(SIGCHLD);
    while (forked < 60)
        usleep(100);
    return 0; /* who waits for which child is up to chance */
}

static int shared_value;
static int vfork_children(void)
{
    pid_t pid;
    int bad = 0;

    if (!(pid = vfork())) { /* dies */
        raise(SIGKILL);
        _exit(1);
    }
    bad += ended(pid) != 1000 + SIGKILL;
    if (!(pid = vfork())) { /* a fault */
        shared_value = 5;
        *(volatile int *)16 = 1;
        _exit(1);
    }
    bad += ended(pid) != 1000 + SIGSEGV || shared_value != 5;
    if (!(pid = vfork())) { /* a child of its own, another vfork in that */
        pid_t own = fork();
        if (!own) {
            pid_t third = vfork();
            if (!third)
                _exit(3);
            _exit(ended(third));
        }
        _exit(ended(own));
    }
    bad += ended(pid) != 3;
    if (!(pid = vfork())) { /* an exec that fails, then one that doesn't */
        execl("/nonexistent", "x", NULL);
        execl(self, self, "exit", "6", NULL);
        _exit(1);
    }
    bad += ended(pid) != 6;
    if (!(pid = vfork())) { /* memory, signals, descriptors */
        char *m = mmap(NULL, 64 * P, RW, ANON, -1, 0);
        memset(m, 1, 64 * P);
        munmap(m, 64 * P);
        signal(SIGUSR1, SIG_IGN);
        syscall(SYS_close_range, 3, ~0u, 0);
        _exit(0);
    }
    bad += ended(pid) != 0;
    struct sigaction now;
    sigaction(SIGUSR1, NULL, &now);
    bad += now.sa_handler != SIG_DFL;
    for (int i = 0; i < 200; i++) { /* many, one after the other, killed at once */
        if (!(pid = vfork())) {
            if (i % 3 == 0)
                raise(SIGKILL);
            if (i % 3 == 1)
                raise(SIGTERM);
            _exit(2);
        }
        bad += ended(pid) != (int[]){ 1000 + SIGKILL, 1000 + SIGTERM, 2 }[i % 3];
    }
    return bad;
}
static void *vforks(void *arg)
{
    for (int i = 0; i < 40; i++) {
        pid_t pid = vfork();
        if (!pid) {
            if (i % 2)
                execl(self, self, "exit", "4", NULL);
            _exit(4);
        }
        if (pid < 0 || ended(pid) != 4)
            wrong++;
    }
    return NULL;
}
static int vfork_in_threads(void)
{
    pthread_t id[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&id[i], NULL, vforks, NULL);
    for (int i = 0; i < 4; i++)
        pthread_join(id[i], NULL);
    return wrong;
}
static void *killer(void *arg)
{
    usleep(20000);
    kill(getpid(), SIGTERM);
    return NULL;
}
static int killed_in_vfork(void)
{
    pthread_t id;
    pid_t pid;
    pthread_create(&id, NULL, killer, NULL);
    if (!(pid = vfork())) {
        usleep(100000);
        _exit(0);
    }
    pause();
    return 1;
}
static int stopped_and_continued(void)
{
    pid_t pid = fork();
    if (!pid) {
        pthread_t id;
        for (int i = 0; i < 3; i++)
            pthread_create(&id, NULL, touches, mmap(NULL, 4 * P, RW, ANON, -1, 0));
        for (;;)
            getppid();
    }
    for (int i = 0; i < 100; i++) {
        kill(pid, SIGSTOP);
        int st;
        waitpid(pid, &st, WUNTRACED);
        if (!WIFSTOPPED(st))
            return 1;
        kill(pid, SIGCONT);
    }
    kill(pid, SIGTERM);
    return ended(pid) == 1000 + SIGTERM ? 0 : 2;
}

/* --- what a process stands on is taken away ---------------------------------------------------------------- */

static int descriptors_taken(void)
{
    struct rlimit l;
    getrlimit(RLIMIT_NOFILE, &l);
    unsigned most = l.rlim_cur > 70000 ? 70000 : (unsigned)l.rlim_cur;
    for (unsigned i = 3; i < most; i++)
        dup2(0, (int)i);
    for (unsigned i = 3; i < most; i++)
        close((int)i);
    syscall(SYS_close_range, 3, ~0u, 0);
    for (unsigned i = 3; i < most; i += 7)
        fcntl((int)i, F_SETFD, 0);
    pid_t pid = fork();
    if (!pid) {
        execl(self, self, "exit", "5", NULL);
        _exit(1);
    }
    return ended(pid);
}
static int limits_of_nothing(void)
{
    static const int which[] = { RLIMIT_NOFILE, RLIMIT_SIGPENDING, RLIMIT_MEMLOCK, RLIMIT_DATA, RLIMIT_FSIZE,
                                 RLIMIT_MSGQUEUE, RLIMIT_AS, RLIMIT_STACK };
    int bad = 0;
    for (unsigned i = 0; i < sizeof which / sizeof *which; i++) {
        pid_t pid = fork();
        if (!pid) {
            setrlimit(which[i], &(struct rlimit){ 0, 0 });
            for (int k = 0; k < 300; k++) {
                char *m = mmap(NULL, P, RW, ANON, -1, 0);
                if (m != MAP_FAILED)
                    m[0] = 1;
                int fd = open("/dev/null", O_RDONLY);
                kill(getpid(), 0);
                pid_t child = fork();
                if (!child)
                    _exit(0);
                if (child > 0)
                    ended(child);
                if (fd >= 0)
                    close(fd);
                k += 50;
            }
            _exit(11);
        }
        int how = ended(pid);
        if (how != 11 && printf("limit %d: %d\n", which[i], how))
            bad++;
    }
    return bad;
}
/* Children that share descriptors, but not memory. */
static int shared_descriptors(void)
{
    int bad = 0;
    for (int i = 0; i < 200; i++) {
        int fd[2];
        pipe(fd);
        pid_t pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
        if (!pid) {
            write(fd[1], "x", 1);
            close(fd[1]);
            _exit(3);
        }
        char c = 0;
        bad += ended(pid) != 3 || read(fd[0], &c, 1) != 1 || c != 'x' || close(fd[1]) != -1;
        close(fd[0]);
    }
    return bad;
}
static void *unshares(void *arg)
{
    unshare(CLONE_FILES | CLONE_FS);
    for (int i = 0; i < 100; i++)
        close(dup(0));
    return (void *)(long)(chdir("/") != 0);
}
static int unshared_threads(void)
{
    pthread_t id[3];
    void *r;
    long bad = 0;
    for (int i = 0; i < 3; i++)
        pthread_create(&id[i], NULL, unshares, NULL);
    for (int i = 0; i < 3; i++) {
        pthread_join(id[i], &r);
        bad += (long)r;
    }
    bad += ended(fork() ?: (_exit(0), 0)) != 0;
    return (int)bad;
}
static void *goes_on(void *arg)
{
    usleep(20000);
    pid_t pid = fork();
    if (!pid)
        _exit(3);
    exit(ended(pid) == 3 ? 0 : 1);
}
static int first_thread_gone(void)
{
    pthread_t id;
    pthread_create(&id, NULL, goes_on, NULL);
    pthread_exit(NULL);
}
static void deep(int s, siginfo_t *si, void *uc)
{
    if (++depth < 300)
        kill(getpid(), SIGRTMIN + 3);
}
static int nested_signals(void)
{
    handler(SIGRTMIN + 3, deep, SA_NODEFER);
    kill(getpid(), SIGRTMIN + 3);
    return depth == 300 ? 0 : 1;
}
static void kills_again(int s, siginfo_t *si, void *uc) { *(volatile int *)16 = 1; }
static int fault_in_handler(void)
{
    handler(SIGSEGV, kills_again, 0);
    *(volatile int *)16 = 1;
    return 1;
}
static int pid_games(void)
{
    int bad = 0;
    bad += kill(-2147483647 - 1, 0) != -1;
    bad += syscall(SYS_tgkill, getpid(), getpid(), 65) != -1 || errno != EINVAL;
    bad += syscall(SYS_tgkill, getpid() + 1000000, getpid(), SIGTERM) != -1 || errno != ESRCH;
    bad += syscall(SYS_tkill, 0, SIGTERM) != -1 || errno != EINVAL;
    bad += syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, NULL) != -1 || errno != EFAULT;
    bad += waitpid(getpid(), NULL, 0) != -1 || errno != ECHILD;
    bad += syscall(SYS_wait4, -1, 16, 64, 0) != -1 || errno != EINVAL;
    return bad;
}

/* How each ends: an exit status, or 1000 + a signal. */
static const struct { const char *name; int (*f)(void); int status; } all[] = {
    { "exec_hostile", exec_hostile, 0 },
    { "exec_without_arguments", exec_without_arguments, 0 },
    { "exec_from_handler", exec_from_handler, 8 },
    { "exec_amid_waiters", exec_amid_waiters, 7 },
    { "overflow_in_handler", overflow_in_handler, 1000 + SIGSEGV },
    { "overflow_on_altstack", overflow_on_altstack, 1000 + SIGSEGV },
    { "overflow_again", overflow_again, 0 },
    { "overflow_in_thread", overflow_in_thread, 1000 + SIGSEGV },
    { "altstacks", altstacks, 1000 + SIGSEGV },
    { "stack_unmapped", stack_unmapped, 1000 + SIGSEGV },
    { "segv_blocked", segv_blocked, 1000 + SIGSEGV },
    { "segv_ignored", segv_ignored, 1000 + SIGSEGV },
    { "code_unmapped", code_unmapped, 1000 + SIGSEGV },
    { "code_unreadable", code_unreadable, 1000 + SIGSEGV },
    { "code_moved", code_moved, 1000 + SIGSEGV },
    { "code_replaced", code_replaced, 0 },
    { "code_of_a_short_file", code_of_a_short_file, 1000 + SIGBUS },
    { "map_over_each_other", map_over_each_other, 0 },
    { "fork_in_handler", fork_in_handler, 0 },
    { "fork_bomb_of_handlers", fork_bomb_of_handlers, 0 },
    { "vfork_children", vfork_children, 0 },
    { "vfork_in_threads", vfork_in_threads, 0 },
    { "killed_in_vfork", killed_in_vfork, 1000 + SIGTERM },
    { "stopped_and_continued", stopped_and_continued, 0 },
    { "descriptors_taken", descriptors_taken, 5 },
    { "limits_of_nothing", limits_of_nothing, 0 },
    { "shared_descriptors", shared_descriptors, 0 },
    { "unshared_threads", unshared_threads, 0 },
    { "first_thread_gone", first_thread_gone, 0 },
    { "nested_signals", nested_signals, 0 },
    { "fault_in_handler", fault_in_handler, 1000 + SIGSEGV },
    { "pid_games", pid_games, 0 },
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
    static char path[4096];

    if (getenv("MISFITS"))
        return 0;
    if (argc > 2 && !strcmp(argv[1], "exit"))
        return atoi(argv[2]);
    path[readlink("/proc/self/exe", path, sizeof path - 1)] = 0;
    self = path;
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        if (argc < 2 || !strcmp(argv[1], all[i].name)) {
            double t = now();
            fflush(stdout);
            one(i);
            if (argc > 1)
                printf("%s %.2f s\n", all[i].name, now() - t);
        }
    return check_done();
}
