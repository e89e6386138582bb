/* Clocks, sleeps and identity: only what must hold is printed. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static long long ns(clockid_t c)
{
    struct timespec t;
    clock_gettime(c, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
int main(int argc, char **argv)
{
    static const clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME,
                                        CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
                                        CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE };
    for (unsigned i = 0; i < 7; i++) {
        long long a = ns(clocks[i]), b = a;
        for (int k = 0; k < 1000; k++) {
            long long c = ns(clocks[i]);
            if (c < b)
                printf("clock %u goes back\n", i);
            b = c;
        }
        struct timespec res;
        printf("clock %u %d %d\n", i, a > 0, clock_getres(clocks[i], &res) == 0);
    }
    struct timeval tv;
    gettimeofday(&tv, NULL);
    printf("close %d\n", tv.tv_sec - ns(CLOCK_REALTIME) / 1000000000 < 2);
    long long start = ns(CLOCK_MONOTONIC);
    nanosleep(&(struct timespec){ 0, 30000000 }, NULL);
    long long slept = ns(CLOCK_MONOTONIC) - start;
    printf("slept %d\n", slept >= 30000000 && slept < 3000000000LL);
    printf("abs %d\n", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
                                       &(struct timespec){ start / 1000000000, 0 }, NULL));
    printf("time %d %d\n", time(NULL) > 1600000000, times(NULL) != (clock_t)-1);
    printf("bad clock %d", clock_gettime(9999, &(struct timespec){ 0 }));
    printf(" %d\n", errno == EINVAL);
    printf("page %ld uid %d %d\n", getauxval(AT_PAGESZ), getauxval(AT_UID) == getuid(), getauxval(AT_SECURE) == 0);
    printf("random %d exec %d\n", getauxval(AT_RANDOM) != 0, strcmp((char *)getauxval(AT_EXECFN), argv[0]));
    unsigned char r[16] = { 0 };
    printf("getrandom %zd\n", getrandom(r, sizeof(r), 0));
    struct rlimit rl;
    printf("rlimit %d", getrlimit(RLIMIT_NOFILE, &rl));
    rl.rlim_cur = 100;
    printf(" %d", setrlimit(RLIMIT_NOFILE, &rl));
    getrlimit(RLIMIT_NOFILE, &rl);
    printf(" %d\n", (int)rl.rlim_cur);
    struct rusage ru;
    printf("rusage %d", getrusage(RUSAGE_SELF, &ru));
    printf(" %d\n", ru.ru_maxrss > 0);
    struct sysinfo si;
    printf("sysinfo %d", sysinfo(&si));
    printf(" %d\n", si.totalram > 0);
    printf("ids %d %d %d\n", getpid() > 0, (int)syscall(SYS_gettid) == getpid(), getsid(0) >= 0);
    struct utsname un;
    printf("uname %d", uname(&un));
    printf(" %s\n", un.sysname);
    printf("args %d\n", argc);
    char host[100];
    printf("hostname %d\n", gethostname(host, sizeof(host)));
    printf("nosys %ld", syscall(9999));
    printf(" %d\n", errno == ENOSYS);
    return 0;
}
