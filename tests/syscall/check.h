/*
 * For the programs of tests/syscall: each checks facts of Linux's and arm64's manuals by itself and
 * says what was wrong. Exit status 0 and a last line "ok N" mean all N checks held. They hold under
 * a Linux kernel on arm64; `qemu-aarch64` passes those that do not say otherwise.
 */
#ifndef CHECK_H
#define CHECK_H
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int checks, failures;

#define CHECK(e) check_true((e) != 0, #e, __FILE__, __LINE__, errno)
#define CHECK_EQ(a, b) check_eq((long long)(a), (long long)(b), #a, #b, __FILE__, __LINE__)

__attribute__((unused)) static void check_true(int ok, const char *text, const char *file, int line,
                                               int e)
{
    checks++;
    if (ok)
        return;
    failures++;
    printf("%s:%d: not true: %s (errno %d)\n", file, line, text, e);
}

__attribute__((unused)) static void check_eq(long long a, long long b, const char *ta,
                                             const char *tb, const char *file, int line)
{
    checks++;
    if (a == b)
        return;
    failures++;
    printf("%s:%d: %s is %lld (%#llx), not %s = %lld (errno %d)\n", file, line, ta, a,
           (unsigned long long)a, tb, b, errno);
}

__attribute__((unused)) static int check_done(void)
{
    if (failures)
        printf("FAILED %d of %d\n", failures, checks);
    else
        printf("ok %d\n", checks);
    fflush(stdout);
    return failures != 0;
}
#endif
