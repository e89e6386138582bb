/* Calls and returns: deep, mutual and tail recursion, recursion deeper than any return stack. */
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) unsigned long fib(unsigned n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}
static __attribute__((noinline)) unsigned ack(unsigned m, unsigned n)
{
    return m == 0 ? n + 1 : n == 0 ? ack(m - 1, 1) : ack(m - 1, ack(m, n - 1));
}
static long moves;
static void hanoi(int n, int a, int b, int c)
{
    if (n == 0)
        return;
    hanoi(n - 1, a, c, b);
    moves += a * 3 + c;
    hanoi(n - 1, b, a, c);
}
static int odd(unsigned n);
static __attribute__((noinline)) int even(unsigned n) { return n == 0 ? 1 : odd(n - 1); }
static __attribute__((noinline)) int odd(unsigned n) { return n == 0 ? 0 : even(n - 1); }
/* Not a tail call: 100000 frames. */
static __attribute__((noinline)) unsigned long deep(unsigned n, volatile unsigned *seen)
{
    unsigned long below;
    if (n == 0)
        return 1;
    *seen += 1;
    below = deep(n - 1, seen);
    return below * 3 + n;
}
static int queens(int n, int row, unsigned cols, unsigned d1, unsigned d2)
{
    int count = 0;
    if (row == n)
        return 1;
    for (unsigned free = ~(cols | d1 | d2) & ((1u << n) - 1); free; free &= free - 1) {
        unsigned bit = free & -free;
        count += queens(n, row + 1, cols | bit, (d1 | bit) << 1, (d2 | bit) >> 1);
    }
    return count;
}
int main(void)
{
    volatile unsigned seen = 0;
    printf("fib %lu\n", fib(27));
    printf("ack %u\n", ack(2, 300));
    hanoi(14, 1, 2, 3);
    printf("hanoi %ld\n", moves);
    printf("even %d odd %d\n", even(5000), odd(5001));
    for (unsigned n = 10; n <= 100000; n *= 10)
        printf("deep %u %lu\n", n, deep(n, &seen));
    printf("seen %u queens %d\n", seen, queens(8, 0, 0, 0, 0));
    return 0;
}
