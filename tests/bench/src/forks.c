/* The cost of processes. forks fork N: fork, _exit, wait, N times. forks exec N COMMAND...: vfork, execve
 * of COMMAND, wait, N times. forks end: nothing (the program to be started). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "end") == 0)
        return 0;
    int n = argc > 2 ? atoi(argv[2]) : 100, good = 0;
    for (int i = 0; i < n; i++) {
        int status = -1;
        pid_t pid = argc > 3 ? vfork() : fork();
        if (pid == 0) {
            if (argc > 3)
                execve(argv[3], argv + 3, environ);
            _exit(argc > 3);
        }
        waitpid(pid, &status, 0);
        good += status == 0;
    }
    printf("%d of %d\n", good, n);
    return good != n;
}
