/* What a process sees of itself and its like: /proc/self, /proc/PID of another program, task folders,
 * the processor. Everything holds natively too (but where the machine is named). proc(5). */
#define _GNU_SOURCE
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "check.h"

enum { P = 4096, RW = PROT_READ | PROT_WRITE, ANON = MAP_PRIVATE | MAP_ANONYMOUS };

static char text[1 << 20];

static long slurp_at(int dir, const char *name)
{
    int fd = openat(dir, name, O_RDONLY);
    long n = 0, r;

    if (fd < 0)
        return -1;
    CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
    while ((r = read(fd, text + n, sizeof text - 1 - n)) > 0)
        n += r;
    text[n] = 0;
    close(fd);
    return n;
}

static long slurp(const char *name) { return slurp_at(AT_FDCWD, name); }

/* The line of maps or smaps in text that contains addr. */
static char *line_of(const void *addr)
{
    for (char *s = text; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : s) {
        unsigned long a, b;
        char x;
        if (sscanf(s, "%lx-%lx %c", &a, &b, &x) == 3 && (unsigned long)addr >= a &&
            (unsigned long)addr < b)
            return s;
    }
    return NULL;
}

static const char *perms(const void *addr)
{
    static char p[5];
    char *s = line_of(addr);

    p[0] = 0;
    if (s)
        sscanf(s, "%*s %4s", p);
    return p;
}

static int line_has(const void *addr, const char *word)
{
    char *s = line_of(addr), *e = s ? strchr(s, '\n') : NULL, *at = s ? strstr(s, word) : NULL;

    return at && at < e;
}

/* Value of "label: N" in text, after from. */
static long long value(const char *from, const char *label, int base)
{
    char *at = from ? strstr(from, label) : NULL;

    return at ? strtoull(at + strlen(label), NULL, base) : -1;
}

static void maps(void)
{
    char *m = mmap(NULL, 8 * P, RW, ANON, -1, 0), *heap = sbrk(0);
    int here;

    CHECK(sbrk(64 << 10) == heap);
    heap[100] = 1;
    memset(m, 1, 3 * P);
    m[5 * P] = 1;
    CHECK_EQ(mprotect(m + 4 * P, 2 * P, PROT_READ), 0);
    CHECK_EQ(mprotect(m + 6 * P, P, PROT_READ | PROT_EXEC), 0);
    CHECK_EQ(mprotect(m + 7 * P, P, PROT_NONE), 0);
    CHECK(slurp("/proc/self/maps") > 0);
    CHECK(!strcmp(perms(maps), "r-xp") || !strcmp(perms(maps), "--xp"));
    CHECK(!strcmp(perms(m), "rw-p"));
    CHECK(!strcmp(perms(m + 5 * P), "r--p"));
    CHECK(!strcmp(perms(m + 6 * P), "r-xp"));
    CHECK(!strcmp(perms(m + 7 * P), "---p"));
    CHECK(line_has(&here, "[stack]"));
    CHECK(line_has(heap + 100, "[heap]"));
    CHECK(line_has(maps, "seen"));
    CHECK(!strstr(text, "/myna"));
    CHECK(line_has((void *)getauxval(AT_SYSINFO_EHDR), "[vdso]"));
    CHECK(slurp("/proc/self/smaps") > 0);
    CHECK_EQ(value(line_of(m + 5 * P), "Size:", 10), 8);
    CHECK_EQ(value(line_of(m + 5 * P), "Rss:", 10), 4);
    CHECK_EQ(value(line_of(m + 6 * P), "Rss:", 10), 0);
    CHECK(value(line_of(m), "Rss:", 10) >= 12);
    CHECK(value(line_of(maps), "Rss:", 10) > 0);
    CHECK(slurp("/proc/self/smaps_rollup") > 0 && strstr(text, "[rollup]"));
    CHECK(value(text, "Rss:", 10) > 12 && value(text, "Rss:", 10) < 100000);
    CHECK(value(text, "Private_Dirty:", 10) >= 12);
    munmap(m, 8 * P);
    CHECK(slurp("/proc/self/maps") > 0);
    CHECK(line_of(m) == NULL || strcmp(perms(m), "rw-p"));
}

/* Fields of stat, from 1. */
static unsigned long long field(int n)
{
    char *at = strrchr(text, ')');

    for (int i = 2; i < n; i++)
        at = strchr(at + 1, ' ');
    return strtoull(at, NULL, 10);
}

static void handler(int s) {}

static void numbers(char **argv)
{
    unsigned long long size, size2, total = 0;
    int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
    char name[64];

    signal(SIGUSR1, handler);
    signal(SIGUSR2, SIG_IGN);
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 3);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGRTMIN + 3);
    CHECK(slurp_at(dir, "status") > 0);
    CHECK_EQ(value(text, "SigBlk:", 16), 1ull << (SIGRTMIN + 2));
    CHECK_EQ(value(text, "SigPnd:", 16) | value(text, "ShdPnd:", 16), 1ull << (SIGRTMIN + 2));
    CHECK_EQ(value(text, "SigCgt:", 16), 1ull << (SIGUSR1 - 1));
    CHECK(value(text, "SigIgn:", 16) & 1ull << (SIGUSR2 - 1));
    CHECK_EQ(value(text, "Threads:", 10), 1);
    CHECK_EQ(value(text, "Pid:", 10), getpid());
    CHECK(!strstr(text, "x86"));
    size = value(text, "VmSize:", 10);
    CHECK(value(text, "VmRSS:", 10) <= size);
    CHECK(slurp_at(dir, "statm") > 0);
    size2 = strtoull(text, NULL, 10) * 4;
    CHECK(size2 + 300 > size && size + 300 > size2);
    CHECK(slurp("/proc/self/maps") > 0);
    for (char *s = text; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : s) {
        unsigned long a, b;
        CHECK_EQ(sscanf(s, "%lx-%lx", &a, &b), 2);
        total += b - a;
    }
    CHECK(total / 1024 + 300 > size && size + 300 > total / 1024);
    snprintf(name, sizeof name, "/proc/%d/stat", getpid());
    CHECK(slurp(name) > 0);
    CHECK_EQ(field(4), getppid());
    CHECK(field(23) / 1024 + 300 > size && size + 300 > field(23) / 1024);
    CHECK(field(26) <= (unsigned long)numbers && (unsigned long)numbers < field(27));
    CHECK(field(28) > (unsigned long)name && field(28) < (unsigned long)argv[0]);
    CHECK_EQ(field(32), 1ull << (SIGRTMIN + 2) & 0x7fffffff);
    CHECK_EQ(field(34), 1ull << (SIGUSR1 - 1));
    CHECK(field(45) <= (unsigned long)&checks && field(47) <= (unsigned long)sbrk(0));
    CHECK_EQ(field(48), (unsigned long)argv[0]);
    sigtimedwait(&set, NULL, &(struct timespec){ 0 });
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(dir);
}

static void strings(char **argv)
{
    char link[4096] = "", real[4096] = "";
    struct stat a, b;
    int dir = open("/proc/self", O_RDONLY | O_DIRECTORY);

    CHECK(slurp("/proc/self/cmdline") > 0 && !strcmp(text, argv[0]));
    CHECK(!strcmp(text + strlen(text) + 1, "parent"));
    CHECK(slurp("/proc/self/environ") >= 0);
    CHECK(slurp("/proc/self/auxv") > 0);
    for (unsigned long *v = (unsigned long *)text; v[0]; v += 2)
        CHECK(v[0] == AT_HWCAP || v[1] == getauxval(v[0]));
    CHECK_EQ(prctl(PR_SET_NAME, "named here"), 0);
    CHECK(slurp("/proc/self/comm") > 0 && !strcmp(text, "named here\n"));
    CHECK(slurp("/proc/thread-self/comm") > 0 && !strcmp(text, "named here\n"));
    CHECK(readlink("/proc/self/exe", link, sizeof link - 1) > 0);
    CHECK(realpath(argv[0], real) && !strcmp(link, real));
    memset(link, 0, sizeof link);
    CHECK(readlinkat(dir, "exe", link, sizeof link - 1) > 0 && !strcmp(link, real));
    CHECK_EQ(stat("/proc/self/exe", &a), 0);
    CHECK_EQ(stat(real, &b), 0);
    CHECK(a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    int fd = openat(dir, "exe", O_RDONLY);
    CHECK(fd >= 0 && fstat(fd, &a) == 0 && a.st_ino == b.st_ino);
    close(fd);
    CHECK_EQ(open("/proc/self/maps", O_RDONLY | O_DIRECTORY), -1);
    CHECK_EQ(errno, ENOTDIR);
    close(dir);
}

/* No descriptor that isn't ours. */
static void descriptors(void)
{
    int lowest = dup(0), unknown = 0;
    DIR *d = opendir("/proc/self/fd");

    CHECK(lowest >= 0 && lowest < 64);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' && fcntl(atoi(e->d_name), F_GETFD) < 0)
            unknown++;
    CHECK_EQ(unknown, 0);
    closedir(d);
    struct stat st;
    stat("/lib/ld-linux-aarch64.so.1", &st);
    for (int fd = 64; fd < 1200; fd++)
        if (fstat(fd, &st) == 0 || errno != EBADF)
            unknown++;
    CHECK_EQ(unknown, 0);
    close(lowest);
}

static int ready[2];
static void *other_thread(void *arg)
{
    sigset_t set;
    pid_t tid = gettid();

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
    prctl(PR_SET_NAME, "second");
    write(ready[1], &tid, sizeof tid);
    while (!__atomic_load_n((int *)arg, __ATOMIC_ACQUIRE))
        usleep(1000);
    return NULL;
}

static void tasks(void)
{
    pthread_t id;
    pid_t tid;
    int end = 0;
    char name[64];

    CHECK_EQ(pipe(ready), 0);
    CHECK_EQ(pthread_create(&id, NULL, other_thread, &end), 0);
    CHECK_EQ(read(ready[0], &tid, sizeof tid), sizeof tid);
    snprintf(name, sizeof name, "/proc/self/task/%d/status", tid);
    CHECK(slurp(name) > 0);
    CHECK_EQ(value(text, "SigBlk:", 16), 1);
    CHECK_EQ(value(text, "Threads:", 10), 2);
    CHECK(strstr(text, "second"));
    snprintf(name, sizeof name, "/proc/%d/task/%d/comm", getpid(), tid);
    CHECK(slurp(name) > 0 && !strcmp(text, "second\n"));
    snprintf(name, sizeof name, "/proc/self/task/%d/maps", tid);
    CHECK(slurp(name) > 0 && line_of(tasks) && !strcmp(perms(tasks), "r-xp"));
    CHECK_EQ(slurp("/proc/self/task/1/status"), -1);
    __atomic_store_n(&end, 1, __ATOMIC_RELEASE);
    pthread_join(id, NULL);
}

/* Another program: this one again. */
static void others(const char *self)
{
    char link[4096] = "", real[4096] = "", name[64], byte;
    int go[2], there[2];

    CHECK_EQ(pipe(go) | pipe(there), 0);
    pid_t pid = fork();
    if (!pid) {
        dup2(go[0], 0);
        dup2(there[1], 1);
        close(go[0]), close(go[1]), close(there[0]), close(there[1]);
        execl(self, "called so", "child", NULL);
        _exit(1);
    }
    close(there[1]);
    CHECK_EQ(read(there[0], &byte, 1), 1);
    snprintf(name, sizeof name, "/proc/%d/exe", pid);
    CHECK(readlink(name, link, sizeof link - 1) > 0);
    CHECK(realpath(self, real) && !strcmp(link, real));
    struct stat a, b;
    CHECK(stat(name, &a) == 0 && stat(real, &b) == 0 && a.st_ino == b.st_ino);
    snprintf(name, sizeof name, "/proc/%d/cmdline", pid);
    CHECK(slurp(name) > 0 && !strcmp(text, "called so") && !strcmp(text + 10, "child"));
    snprintf(name, sizeof name, "/proc/%d/comm", pid);
    CHECK(slurp(name) > 0 && !strncmp(text, strrchr(real, '/') + 1, strlen(text) - 1));
    snprintf(name, sizeof name, "/proc/%d/maps", pid);
    CHECK(slurp(name) > 0 && strstr(text, real) && !strstr(text, "/myna"));
    char *code = strstr(text, "r-xp");
    CHECK(code && strstr(code, real));
    close(go[1]);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
}

static void processor(void)
{
    struct utsname u;
    int n = 0;
    CHECK_EQ(uname(&u), 0);
    CHECK(slurp("/proc/cpuinfo") > 0);
    for (char *s = text; (s = strstr(s, "processor\t:")); s++)
        n++;
    CHECK_EQ(n, sysconf(_SC_NPROCESSORS_ONLN));
#ifdef __aarch64__
    CHECK(!strcmp(u.machine, "aarch64"));
    unsigned long midr;
    struct stat st;
    CHECK(strstr(text, "CPU implementer") && !strstr(text, "GenuineIntel"));
    asm("mrs %0, midr_el1" : "=r"(midr));
    CHECK(slurp("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1") == 19);
    CHECK_EQ(strtoul(text, NULL, 16), midr);
    CHECK_EQ(stat("/sys/devices/system/cpu/cpu0/regs/identification/midr_el1", &st), 0);
    CHECK_EQ(stat("/sys/devices/system/cpu/cpu9999/regs/identification/midr_el1", &st), -1);
#endif
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "child")) {
        char byte = 1;
        write(1, &byte, 1);
        return read(0, &byte, 1) != 0;
    }
    if (argc == 1) { /* with an argument, to look for it */
        execl("/proc/self/exe", argv[0], "parent", NULL);
        return 1;
    }
    maps();
    numbers(argv);
    strings(argv);
    descriptors();
    tasks();
    others(argv[0]);
    processor();
    return check_done();
}
