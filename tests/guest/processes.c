/* fork, vfork, exec, wait, pipes: parent and child both meet code for the first time after the fork. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
#define F(n) static __attribute__((noinline)) unsigned f##n(unsigned x) { return x * (n + 3) ^ (x >> n); }
F(0) F(1) F(2) F(3) F(4) F(5) F(6) F(7)
static unsigned (*const fn[])(unsigned) = { f0, f1, f2, f3, f4, f5, f6, f7 };

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        printf("child %s %s\n", argv[2], getenv("COLOUR") ? getenv("COLOUR") : "-");
        return 7;
    }
    volatile unsigned *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status, priv = 5;
    for (int i = 0; i < 8; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            priv = 100 + i;
            unsigned x = i;
            for (int k = 0; k <= i; k++) /* f0 .. fi: the last is new to every process */
                for (int j = 0; j < 1000; j++)
                    x = fn[k](x);
            shared[i] = x;
            _exit(i);
        }
        unsigned y = i;
        for (int k = 0; k <= i; k++)
            for (int j = 0; j < 1000; j++)
                y = fn[k](y);
        waitpid(pid, &status, 0);
        printf("%d: %d %d same %d\n", i, WEXITSTATUS(status), priv, y == shared[i]);
    }
    /* Generations. */
    pid_t pid = fork();
    if (pid == 0) {
        int depth = 0;
        while (depth < 10) {
            pid_t c = fork();
            if (c) {
                waitpid(c, &status, 0);
                _exit(WEXITSTATUS(status) + 1);
            }
            depth++;
        }
        _exit(depth);
    }
    waitpid(pid, &status, 0);
    printf("generations %d\n", WEXITSTATUS(status));
    pid = vfork();
    if (pid == 0)
        _exit(3);
    waitpid(pid, &status, 0);
    printf("vfork %d\n", WEXITSTATUS(status));
    /* This program again, four ways. */
    char *args[] = { argv[0], "child", "exec", NULL };
    char *env[] = { "COLOUR=green", NULL };
    if ((pid = fork()) == 0) {
        execve("/proc/self/exe", args, env);
        _exit(99);
    }
    waitpid(pid, &status, 0);
    printf("execve %d\n", WEXITSTATUS(status));
    args[2] = "spawn";
    if (posix_spawn(&pid, argv[0], NULL, NULL, args, env) == 0)
        waitpid(pid, &status, 0);
    printf("spawn %d\n", WEXITSTATUS(status));
    int fd[2];
    char buf[100];
    if (pipe(fd))
        return 1;
    if ((pid = vfork()) == 0) {
        dup2(fd[1], 1);
        execle(argv[0], argv[0], "child", "pipe", NULL, env);
        _exit(98);
    }
    close(fd[1]);
    ssize_t n = read(fd[0], buf, sizeof(buf));
    waitpid(pid, &status, 0);
    printf("pipe %d %.*s", WEXITSTATUS(status), (int)n, buf);
    printf("missing %d", execl("/nonexistent/program", "x", NULL));
    printf(" %d", errno == ENOENT);
    printf(" %d", execl("/", "x", NULL));
    printf(" %d\n", errno == EACCES);
    struct rusage ru;
    printf("wait4 %d", (int)wait4(-1, &status, 0, &ru));
    printf(" %d\n", errno == ECHILD);
    if ((pid = fork()) == 0) {
        volatile int *volatile null = NULL;
        *null = 1;
        _exit(0);
    }
    waitpid(pid, &status, 0);
    printf("signal %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    siginfo_t si;
    if ((pid = fork()) == 0)
        _exit(33);
    waitid(P_PID, pid, &si, WEXITED | WNOWAIT);
    printf("waitid %d %d\n", si.si_status, si.si_pid == pid);
    printf("waitpid %d\n", waitpid(pid, &status, 0) == pid);
    printf("parents %d %d\n", getppid() > 0, getpgrp() > 0);
    return 0;
}
