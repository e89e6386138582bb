/* The first program: stdio, arguments, and an exit status that is not 0 or 1. */
#include <stdio.h>

int main(int argc, char **argv)
{
    (void)argv;
    printf("hello from the guest, argc %d\n", argc);
    return 42;
}
