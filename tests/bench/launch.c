/*
 * Starts a command several times and prints what it cost: for bench.py, whose own size would show in
 * a child's peak memory, since Linux counts the memory of before execve as the child's.
 *
 *   launch COUNT SECONDS OUT ERR COMMAND...
 *
 * Appends the command's output to OUT and its messages to ERR; a run longer than SECONDS is killed with
 * its group. Prints "STATUS MICROSECONDS KILOBYTES": the first status that is not 0 (it ends the runs;
 * a signal counts as its negative number), user + system time of all runs with their children, peak
 * resident memory of the largest process.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile pid_t child;

static void out_of_time(int signo)
{
    (void)signo;
    kill(-child, SIGKILL);
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    int count = atoi(argv[1]), status = 0;
    int out = open(argv[3], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int err = open(argv[4], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    long long micro = 0;
    long kilobytes = 0;

    if (out < 0 || err < 0 || in < 0)
        return 2;
    signal(SIGALRM, out_of_time);
    while (count-- > 0 && !status) {
        struct rusage ru;
        int s;

        child = fork();
        if (child == 0) {
            setpgid(0, 0);
            dup2(in, 0);
            dup2(out, 1);
            dup2(err, 2);
            execv(argv[5], argv + 5);
            _exit(127);
        }
        setpgid(child, child);
        alarm((unsigned)atoi(argv[2]));
        while (wait4(child, &s, 0, &ru) < 0)
            ;
        alarm(0);
        status = WIFSIGNALED(s) ? -WTERMSIG(s) : WEXITSTATUS(s);
        micro += (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000ll + ru.ru_utime.tv_usec +
                 ru.ru_stime.tv_usec;
        if (ru.ru_maxrss > kilobytes)
            kilobytes = ru.ru_maxrss;
    }
    printf("%d %lld %ld\n", status, micro, kilobytes);
    return 0;
}
