/*
 * -watchdog SECONDS: prints the stacks of all guest threads when nothing moves.
 *
 * A host thread of its own looks at the process's CPU time and context switches. When all threads of the guest
 * have slept for the given time, or the limit given as "SECONDS,hard" is over whatever they do, it prints
 * where each of them is. Once for each silence; the guest goes on.
 *
 * Registers of a thread inside a system call stand still. Those of one that runs are taken as they are: it
 * is asked to leave translated code first, and its pc is then that of some moment ago.
 *
 * A child of fork has a watchdog of its own, which counts from the fork, unless the child is in new namespaces:
 * such a clone doesn't go through the C library. Calls that want a process of one thread are made without it.
 */
#include <linux/futex.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "guest_signal.h"
#include "user.h"

struct watchdog {
    struct process *p;
    pthread_t id;
    uint32_t stop;             /* futex word: the thread shall end */
    unsigned seconds;
    bool hard;
};

static void print_thread(struct process *p, struct thread *t, FILE *out)
{
    char path[64], name[32] = "";
    FILE *f;

    snprintf(path, sizeof path, "/proc/self/task/%d/comm", (int)t->tid);
    f = fopen(path, "re");
    if (f != NULL && fgets(name, sizeof name, f) == NULL)
        name[0] = 0;
    if (f != NULL)
        fclose(f);
    name[strcspn(name, "\n")] = 0;
    const char *call = t->in_syscall ? syscall_name(p->abi, t->sys_nr) : NULL;
    fprintf(out, "myna: thread %d %s%s%s\n", (int)t->tid, name, call ? ", in " : "", call ? call : "");
    backtrace_print(t, out, true);
}

void watchdog_print(struct process *p)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    if (out == NULL)
        return;
    pthread_mutex_lock(&p->threads_lock);
    for (struct thread *t = p->threads; t != NULL; t = t->next)
        if (t->tid != 0) {
            if (!t->in_syscall)
                engine_kick(t->cpu);
            for (int k = 0; k < 50 && !t->in_syscall && t->cpu->pending; k++)
                usleep(1000);
            print_thread(p, t, out);
        }
    pthread_mutex_unlock(&p->threads_lock);
    if (fclose(out) == 0 && write(STDERR_FILENO, text, len) < 0)
        len = 0;
    free(text);
}

/* CPU time of the process in microseconds. */
static uint64_t cpu_time(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void *watch(void *arg)
{
    const struct watchdog *w = arg;
    uint64_t last = 0;
    unsigned silent = 0;

    signal_allow_faults();
    for (;;) {
        const struct timespec second = {.tv_sec = 1};
        uint64_t now;

        host_syscall(SYS_futex, &w->stop, FUTEX_WAIT_PRIVATE, 0, &second, NULL, 0);
        if (__atomic_load_n(&w->stop, __ATOMIC_ACQUIRE))
            return NULL;
        now = cpu_time();
        /* looking costs some itself */
        silent = w->hard || now - last < 5000 ? silent + 1 : 0;
        last = now;
        if (silent == w->seconds) {
            char line[96];
            int n = snprintf(line, sizeof line, "myna: process %d: %s %u s\n", (int)getpid(),
                             w->hard ? "has run for" : "nothing has moved for", w->seconds);

            if (write(STDERR_FILENO, line, (size_t)n) == n)
                watchdog_print(w->p);
            last = cpu_time();
        }
    }
}

static int begin(struct watchdog *w)
{
    int r;

    w->stop = 0;
    w->p->threaded = true; /* forks go through the C library: there is a host thread more */
    r = -signal_host_thread(w->p, &w->id, NULL, watch, w);
    signal_unblock(w->p->threads);
    if (r == 0)
        w->p->watchdog = w;
    return r;
}

int watchdog_start(struct process *p, const char *how)
{
    struct watchdog *w = malloc(sizeof *w);
    char *end;
    int r;

    if (w == NULL)
        return -ENOMEM;
    *w = (struct watchdog){.p = p, .seconds = (unsigned)strtoul(how, &end, 10)};
    w->hard = !strcmp(end, ",hard");
    r = w->seconds == 0 || (*end && !w->hard) ? -EINVAL : begin(w);
    if (r < 0)
        free(w);
    return r;
}

void watchdog_fork_child(struct process *p, bool plain)
{
    struct watchdog *w = p->watchdog;

    p->watchdog = NULL;
    if (w != NULL && plain)
        begin(w);
}

struct watchdog *watchdog_pause(struct process *p)
{
    /* of several threads more than one may come here; and what wants one thread fails then anyway */
    struct watchdog *w = p->nthreads == 1 ? p->watchdog : NULL;

    if (w != NULL) {
        /* not pthread_cancel, whose signal 32 is the guest's */
        __atomic_store_n(&w->stop, 1, __ATOMIC_RELEASE);
        host_syscall(SYS_futex, &w->stop, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        pthread_join(w->id, NULL);
        p->watchdog = NULL;
    }
    return w;
}

void watchdog_resume(struct watchdog *w)
{
    if (w != NULL)
        begin(w);
}
