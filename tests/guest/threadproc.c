/* Threads and processes: fork while other threads allocate and print, programs started from threads, exec
 * from a thread, the first thread ending before others, exit while others spin or wait, raw clone. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
enum { N = 3 };
static pthread_t thread[N];
static atomic_int stop, ready;

static void *busy(void *arg)
{
    ready++;
    while (!stop) {
        char *p[8];
        for (int i = 0; i < 8; i++)
            p[i] = malloc(64 + (size_t)i * 1000 + (size_t)arg);
        for (int i = 0; i < 8; i++)
            free(p[i]);
        void *m = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        *(char *)m = 1;
        munmap(m, 1 << 16);
    }
    return NULL;
}

static void *spin(void *arg)
{
    ready++;
    for (volatile long i = 0; !stop; i++)
        ;
    return NULL;
}

static void *sleeps(void *arg)
{
    ready++;
    for (;;)
        pause();
}

static void start(void *(*fn)(void *))
{
    stop = ready = 0;
    for (long i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, fn, (void *)i);
    while (ready < N)
        usleep(100);
}

static void finish(void)
{
    stop = 1;
    for (int i = 0; i < N; i++)
        pthread_join(thread[i], NULL);
}

static int status_of(pid_t pid)
{
    int st = -1;
    while (waitpid(pid, &st, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(st) ? WEXITSTATUS(st) : -WTERMSIG(st);
}

static void *add(void *arg)
{
    __atomic_fetch_add((int *)arg, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static int child_work(int i)
{
    int n = 0;
    pthread_t t[2];
    char *p = malloc(5000);
    memset(p, i, 5000);
    for (int k = 0; k < 2; k++)
        if (pthread_create(&t[k], NULL, add, &n))
            return 99;
    for (int k = 0; k < 2; k++)
        pthread_join(t[k], NULL);
    return p[4999] == (char)i && n == 2 ? i : 98;
}

static void forks(void)
{
    int good = 0;
    start(busy);
    for (int i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(child_work(i));
        good += status_of(pid) == i;
    }
    finish();
    printf("forks %d\n", good);
}

static void *spawner(void *arg)
{
    long good = 0;
    for (int i = 0; i < 5; i++) {
        char *argv[] = { "sh", "-c", (char[]){ "exit 7" }, NULL };
        pid_t pid;
        if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0)
            good += status_of(pid) == 7;
        good += posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ) == ENOENT;
    }
    return (void *)good;
}

static void spawns(void)
{
    long good = 0;
    for (int i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, spawner, NULL);
    for (int i = 0; i < N; i++) {
        void *r;
        pthread_join(thread[i], &r);
        good += (long)r;
    }
    printf("spawned %ld\n", good);
}

static void *fork_exec(void *arg)
{
    long good = 0;
    for (int i = 0; i < 4; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            execl("/bin/sh", "sh", "-c", "exit 5", NULL);
            _exit(9);
        }
        good += status_of(pid) == 5;
    }
    return (void *)good;
}

static void fork_execs(void)
{
    long good = 0;
    for (int i = 0; i < N; i++)
        pthread_create(&thread[i], NULL, fork_exec, NULL);
    for (int i = 0; i < N; i++) {
        void *r;
        pthread_join(thread[i], &r);
        good += (long)r;
    }
    printf("fork and exec %ld\n", good);
}

static void *execs(void *arg)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    execl("/bin/sh", "sh", "-c", "test $$ = $0 && exit 11", pid, NULL);
    _exit(9);
}

static void *exits(void *arg)
{
    usleep(2000);
    if (arg)
        pthread_exit(NULL);
    exit(23);
}

static void *last(void *arg)
{
    char name[64], line[128];
    int fd;
    snprintf(name, sizeof name, "/proc/self/task/%d/stat", (int)getpid());
    for (line[0] = 0; !strstr(line, ") Z "); usleep(200)) { /* until the first is a zombie */
        fd = open(name, O_RDONLY);
        line[fd < 0 ? 0 : read(fd, line, sizeof line - 1)] = 0;
        close(fd);
    }
    syscall(SYS_exit, 5); /* of this thread alone */
    return NULL;
}

static void *kills(void *arg)
{
    usleep(1000);
    raise(SIGTERM);
    return NULL;
}

static void *vforks(void *arg)
{
    pid_t pid = vfork();
    if (pid == 0)
        _exit(3);
    return (void *)(long)status_of(pid);
}

static int in_child(void (*fn)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        fn();
        _exit(0);
    }
    return status_of(pid);
}

static void exec_among_spinning(void) { start(spin); pthread_t t; pthread_create(&t, NULL, execs, NULL); pause(); }
static void exec_by_first(void) { start(spin); execs(NULL); }
static void exit_among_spinning(void) { start(spin); pthread_t t; pthread_create(&t, NULL, exits, NULL); for (;;); }
static void exit_among_sleeping(void) { start(sleeps); exit(31); }
static void first_ends_first(void) { pthread_t t; pthread_create(&t, NULL, exits, NULL); pthread_exit(NULL); }
static void status_of_first(void) { pthread_t t; pthread_create(&t, NULL, last, NULL); syscall(SYS_exit, 17); }
static void all_end(void) { pthread_t t; pthread_create(&t, NULL, exits, (void *)1); pthread_exit(NULL); }
static void killed_by_thread(void) { start(spin); pthread_t t; pthread_create(&t, NULL, kills, NULL); pause(); }
static void crash_among_spinning(void) { start(spin); *(volatile int *)8 = 0; }
static void vfork_in_threads(void)
{
    long sum = 0;
    start(spin);
    for (int i = 0; i < 10; i++) {
        pthread_t t;
        void *r;
        pthread_create(&t, NULL, vforks, NULL);
        pthread_join(t, &r);
        sum += (long)r;
    }
    finish();
    _exit((int)sum);
}

static volatile int shared_word;
static int shares(void *arg)
{
    for (int i = 0; i < 1000; i++)
        __atomic_fetch_add(&shared_word, 1, __ATOMIC_SEQ_CST);
    if (arg)
        execl("/bin/sh", "sh", "-c", "exit 21", NULL);
    while (shared_word < 2000) /* the parent runs on */
        sched_yield();
    return 19;
}

/* A process that shares memory with its running parent. */
static void shared_memory_children(void)
{
    static const int flags[] = { CLONE_VM, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND, CLONE_VM };
    char *stack = malloc(1 << 18);
    for (int i = 0; i < 3; i++) {
        pid_t tid = 0, child_tid = 1;
        shared_word = 0;
        pid_t pid = clone(shares, stack + (1 << 18), flags[i] | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
                          i == 2 ? stack : NULL, &tid, NULL, &child_tid);
        int set = pid > 0 && tid == pid;
        for (int k = 0; k < 1000; k++)
            __atomic_fetch_add(&shared_word, 1, __ATOMIC_SEQ_CST);
        int st = status_of(pid);
        printf("shares memory %d %d %d %d\n", set, st, shared_word, child_tid);
    }
    free(stack);
}

static void raw_clone_errors(void)
{
    static const unsigned long flags[] = { CLONE_THREAD, CLONE_THREAD | CLONE_VM, CLONE_SIGHAND,
                                           CLONE_THREAD | CLONE_SIGHAND, CLONE_FS | CLONE_NEWNS };
    for (int i = 0; i < 5; i++) {
        long r = syscall(SYS_clone, flags[i], 0, 0, 0, 0);
        printf("%s ", r == -1 ? strerror(errno) : "?");
    }
    puts("");
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*fn)(void); } children[] = {
        { "exec by a thread", exec_among_spinning }, { "exec by the first", exec_by_first },
        { "exit among spinning", exit_among_spinning }, { "exit among sleeping", exit_among_sleeping },
        { "first ends first", first_ends_first }, { "status of the first", status_of_first },
        { "all end", all_end }, { "killed by a thread", killed_by_thread },
        { "crash", crash_among_spinning }, { "vfork in threads", vfork_in_threads },
    };
    int times = argc > 1 ? atoi(argv[1]) : 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int round = 0; round < times; round++) {
        forks();
        spawns();
        fork_execs();
        for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
            fflush(stdout);
            printf("%s %d\n", children[i].name, in_child(children[i].fn));
        }
        shared_memory_children();
        raw_clone_errors();
    }
    return 0;
}
