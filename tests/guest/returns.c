/*
 * returns.c: returns that match no call. A loop of such returns is left by a signal; a return or a
 * branch to address ~0 is a bus error of the guest, not of what runs it.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static sigjmp_buf away;
static volatile sig_atomic_t seen;

static void on_signal(int signo)
{
    seen = signo;
    siglongjmp(away, 1);
}

#if defined(__aarch64__)
static void loop(void) { __asm__ volatile("1: adr x30, 1b\n ret" ::: "x30"); }
static void return_to(long a) { __asm__ volatile("ret %0" : : "r"(a)); }
static void branch_to(long a) { __asm__ volatile("br %0" : : "r"(a)); }
#else
static void loop(void) { for (;;); }
static void return_to(long a) { raise(SIGBUS); }
static void branch_to(long a) { raise(SIGBUS); }
#endif

static void bad(const char *what, void (*go)(long), long a)
{
    seen = 0;
    if (!sigsetjmp(away, 1))
        go(a);
    printf("%s %lx: %s\n", what, a, seen == SIGBUS || seen == SIGSEGV ? "fault" : "?");
}

int main(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_signal;
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGBUS, &sa, NULL);
    sigaction(SIGSEGV, &sa, NULL);
    alarm(1);
    if (!sigsetjmp(away, 1))
        loop();
    printf("left by signal %d\n", (int)seen);
    bad("return", return_to, -1);
    bad("branch", branch_to, -1);
    bad("return", return_to, 2);
    bad("branch", branch_to, 0);
    return 0;
}
