/* Signals: handlers with siginfo and context, masks, alternate stack, restarts, timers, faults. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t count, last, code, value;
static volatile char *volatile addr;
static sigjmp_buf back;
static char *alt;
static volatile int on_alt;

static void info(int s, siginfo_t *si, void *uc)
{
    char here;
    (void)uc;
    count++;
    last = s;
    code = si->si_code;
    value = si->si_value.sival_int;
    addr = si->si_addr;
    on_alt = alt && &here >= alt && &here < alt + 65536;
}
static void fault(int s, siginfo_t *si, void *uc)
{
    info(s, si, uc);
    siglongjmp(back, 1);
}
static void set(int s, void (*f)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = { .sa_sigaction = f, .sa_flags = SA_SIGINFO | flags };
    sigaction(s, &sa, NULL);
}
int main(void)
{
    sigset_t m, old, pend;
    setvbuf(stdout, NULL, _IONBF, 0);
    set(SIGUSR1, info, 0);
    raise(SIGUSR1);
    printf("raise: %d %d\n", (int)count, last == SIGUSR1);
    kill(getpid(), SIGUSR1);
    printf("kill: %d code %d\n", (int)count, code == SI_USER);
    sigqueue(getpid(), SIGUSR1, (union sigval){ .sival_int = 77 });
    printf("queue: %d value %d code %d\n", (int)count, (int)value, code == SI_QUEUE);
    sigemptyset(&m);
    sigaddset(&m, SIGUSR1);
    sigprocmask(SIG_BLOCK, &m, &old);
    raise(SIGUSR1);
    sigpending(&pend);
    printf("blocked: %d pending %d\n", (int)count, sigismember(&pend, SIGUSR1));
    sigsuspend(&old);
    printf("suspend: %d errno %d\n", (int)count, errno == EINTR);
    sigprocmask(SIG_SETMASK, &old, NULL);
    /* Real-time signals keep their number and order. */
    set(SIGRTMIN + 1, info, 0);
    sigemptyset(&m);
    sigaddset(&m, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &m, NULL);
    for (int i = 0; i < 3; i++)
        sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i });
    siginfo_t si;
    int waited = sigwaitinfo(&m, &si);
    printf("wait: %d %d\n", waited == SIGRTMIN + 1, si.si_value.sival_int);
    sigprocmask(SIG_UNBLOCK, &m, NULL);
    printf("real-time: %d value %d\n", (int)count, (int)value);
    /* Faults: the address, and going on after siglongjmp. */
    long page = sysconf(_SC_PAGESIZE);
    char *p = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(p + page, page);
    set(SIGSEGV, fault, 0);
    for (int i = 0; i < 3; i++) {
        if (sigsetjmp(back, 1) == 0)
            p[i * 5] = 1;
        printf("write: %d %d %d\n", last == SIGSEGV, code == SEGV_ACCERR, addr == p + i * 5);
        if (sigsetjmp(back, 1) == 0)
            last = p[page + i * 9];
        printf("read: %d %d %d\n", last == SIGSEGV, code == SEGV_MAPERR, addr == p + page + i * 9);
    }
    volatile int *volatile null = NULL;
    if (sigsetjmp(back, 1) == 0)
        *null = 1;
    printf("null: %d %d\n", code == SEGV_MAPERR, addr == NULL);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))(p + page))();
    printf("jump: %d %d\n", code == SEGV_MAPERR, addr == p + page);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))p)();
    printf("noexec: %d %d\n", code == SEGV_ACCERR, addr == p);
    /* Alternate stack. */
    alt = malloc(65536);
    sigaltstack(&(stack_t){ .ss_sp = alt, .ss_size = 65536 }, NULL);
    set(SIGUSR2, info, SA_ONSTACK);
    raise(SIGUSR2);
    printf("altstack: %d\n", on_alt);
    raise(SIGUSR1);
    printf("normal stack: %d\n", on_alt);
    set(SIGUSR2, info, SA_RESETHAND);
    raise(SIGUSR2);
    struct sigaction sa;
    sigaction(SIGUSR2, NULL, &sa);
    printf("reset: %d\n", sa.sa_handler == SIG_DFL);
    /* A timer interrupts read; with SA_RESTART a child's write ends it. */
    int fd[2];
    char c;
    if (pipe(fd))
        return 1;
    set(SIGALRM, info, 0);
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
    ssize_t n = read(fd[0], &c, 1);
    printf("interrupted: %zd %d\n", n, errno == EINTR);
    set(SIGALRM, info, SA_RESTART);
    setitimer(ITIMER_REAL, &(struct itimerval){ .it_value = { 0, 20000 } }, NULL);
    if (fork() == 0) {
        usleep(80000);
        _exit(write(fd[1], "x", 1) != 1);
    }
    n = read(fd[0], &c, 1);
    printf("restarted: %zd %c\n", n, c);
    int status;
    wait(&status);
    /* Handlers while the program computes without system calls. */
    count = 0;
    set(SIGALRM, info, SA_RESTART);
    setitimer(ITIMER_REAL, &(struct itimerval){ { 0, 2000 }, { 0, 2000 } }, NULL);
    unsigned long work = 0;
    while (count < 10)
        work = work * 3 + 1;
    setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
    printf("spun: %d\n", work != 1 && count >= 10);
    /* Default actions, seen by the parent. */
    static const int fatal[] = { SIGTERM, SIGKILL, SIGABRT, SIGSEGV, SIGILL, SIGALRM };
    for (unsigned i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
        pid_t pid = fork();
        if (pid == 0) {
            signal(fatal[i], SIG_DFL);
            raise(fatal[i]);
            _exit(9);
        }
        waitpid(pid, &status, 0);
        printf("%d: %d %d\n", fatal[i], WIFSIGNALED(status), WTERMSIG(status) == fatal[i]);
    }
    signal(SIGCHLD, SIG_IGN);
    if (fork() == 0)
        _exit(0);
    printf("ignored child: %d", wait(NULL));
    printf(" %d\n", errno == ECHILD);
    return 0;
}
