/* What the process and the system say of themselves: uname, limits, prctl, scheduling, refusals. */
#define _GNU_SOURCE
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include "check.h"

static void *wait_at(void *barrier)
{
    pthread_barrier_wait(barrier);
    pthread_barrier_wait(barrier);
    return NULL;
}

/* setuid is of the thread, setuid(3) of the process: the C library asks all threads by its signal 33. */
static void ids_with_threads(void)
{
    pthread_barrier_t barrier;
    pthread_t id;

    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&id, NULL, wait_at, &barrier), 0);
    pthread_barrier_wait(&barrier);
    CHECK_EQ(setgid(getgid()), 0);
    CHECK_EQ(setuid(getuid()), 0);
    pthread_barrier_wait(&barrier);
    pthread_join(id, NULL);
}

int main(int argc, char **argv)
{
    struct utsname u;
    struct rlimit lim, old;
    struct rusage ru;
    struct sysinfo si;
    struct tms tms;
    struct __user_cap_header_struct ch = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct cd[2];
    cpu_set_t cpus;
    unsigned cpu, node;
    char name[32], bytes[32] = {0};
    gid_t groups[64];
    int status, sum = 0;
    pid_t pid;

    CHECK_EQ(uname(&u), 0);
    CHECK(strcmp(u.machine, "aarch64") == 0);
    CHECK(strcmp(u.sysname, "Linux") == 0);
    CHECK(atoi(u.release) >= 4);
    CHECK_EQ(getauxval(AT_PAGESZ), 4096);
    CHECK(strcmp((char *)getauxval(AT_PLATFORM), "aarch64") == 0);
    CHECK_EQ(sysconf(_SC_PAGESIZE), 4096);
    CHECK_EQ(getpid(), syscall(SYS_gettid));
    CHECK(getppid() > 0);
    CHECK_EQ(getsid(0), getsid(getpid()));
    CHECK_EQ(getrandom(bytes, sizeof bytes, 0), sizeof bytes);
    for (int i = 0; i < 32; i++)
        sum |= bytes[i];
    CHECK(sum != 0);
    CHECK_EQ(sysinfo(&si), 0);
    CHECK(si.totalram > 0 && si.mem_unit >= 1);
    CHECK_EQ(getrusage(RUSAGE_SELF, &ru), 0);
    CHECK(times(&tms) != -1);
    CHECK(getgroups(64, groups) >= 0);
    CHECK_EQ(syscall(SYS_capget, &ch, cd), 0);
    CHECK(sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) >= 1);
    CHECK_EQ(syscall(SYS_getcpu, &cpu, &node, NULL), 0);
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_EQ(sched_yield(), 0);
    errno = 0;
    CHECK(getpriority(PRIO_PROCESS, 0) >= -20 && errno == 0);

    CHECK_EQ(prctl(PR_SET_NAME, "a-new-name"), 0);
    CHECK_EQ(prctl(PR_GET_NAME, name), 0);
    CHECK(strcmp(name, "a-new-name") == 0);
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0);
    CHECK_EQ(prctl(PR_GET_DUMPABLE), 1);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, SIGUSR1), 0);
    status = 0;
    CHECK_EQ(prctl(PR_GET_PDEATHSIG, &status), 0);
    CHECK_EQ(status, SIGUSR1);
    CHECK_EQ(prctl(PR_SET_PDEATHSIG, 0), 0);
    CHECK_EQ(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 0);
    CHECK_EQ(prctl(0x7fffffff, 0, 0, 0, 0), -1);
    CHECK_EQ(errno, EINVAL);

    CHECK_EQ(getrlimit(RLIMIT_AS, &old), 0);
    lim = (struct rlimit){64 << 20, old.rlim_max}; /* must not end the emulator's own mappings */
    CHECK_EQ(setrlimit(RLIMIT_AS, &lim), 0);
    CHECK_EQ(getrlimit(RLIMIT_AS, &lim), 0);
    CHECK_EQ(lim.rlim_cur, 64 << 20);
    free(malloc(1 << 20));
    setrlimit(RLIMIT_AS, &old);
    lim = (struct rlimit){8192, 8192};
    pid = fork();
    if (pid == 0) {
        setrlimit(RLIMIT_NOFILE, &(struct rlimit){10, 10});
        while ((status = dup(0)) >= 0)
            sum = status;
        _exit(errno == EMFILE && sum == 9 ? 1 : 2);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), 1);
    pid = fork();
    if (pid == 0) { /* no descriptor left: a fork needs none */
        getrlimit(RLIMIT_NOFILE, &lim);
        lim.rlim_cur = 12;
        setrlimit(RLIMIT_NOFILE, &lim);
        while (dup(0) >= 0)
            ;
        pid = fork();
        if (pid == 0)
            _exit(3);
        _exit(pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3 &&
              close(11) == 0 && dup(0) == 11 ? 4 : 5);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), 4);
    ids_with_threads();
    CHECK_EQ(getrlimit(RLIMIT_NOFILE + 100, &lim), -1);
    CHECK_EQ(errno, EINVAL);
    CHECK(personality(0xffffffff) >= 0);
    CHECK_EQ(syscall(4095), -1);
    CHECK_EQ(errno, ENOSYS);
    return check_done();
}
