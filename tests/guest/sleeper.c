/* Runs code, says so, and waits to be looked at from outside (the W^X test reads its maps) until its
 * standard input ends. TEST: run=no */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    char *t = malloc(100000);
    unsigned long h = 0;
    for (int i = 0; i < 100000; i++)
        t[i] = i * 7;
    for (int i = 0; i < 100000; i++)
        h = h * 31 + t[i];
    printf("ready %lu\n", h);
    fflush(stdout);
    return read(0, t, 1) < 0;
}
