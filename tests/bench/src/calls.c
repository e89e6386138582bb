/* Deep and wide recursion: Fibonacci and Ackermann. Argument: n of the former. */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline, noclone)) unsigned long fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
static __attribute__((noinline, noclone)) unsigned ack(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}
int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? atoi(argv[1]) : 20;
    printf("%lu %u\n", fib(n), ack(2, 40 * n));
    return 0;
}
