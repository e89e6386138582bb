/* Two processes and two pipes: a byte goes to and fro argv[1] times. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    int n = argc > 1 ? atoi(argv[1]) : 1000, to[2], from[2];
    char c = 0;
    if (pipe(to) || pipe(from))
        return 1;
    if (fork() == 0) {
        close(to[1]);
        while (read(to[0], &c, 1) == 1 && write(from[1], &c, 1) == 1)
            ;
        _exit(0);
    }
    for (int k = 0; k < n; k++)
        if (write(to[1], &c, 1) != 1 || read(from[0], &c, 1) != 1)
            return 1;
    close(to[1]);
    wait(NULL);
    return 0;
}
