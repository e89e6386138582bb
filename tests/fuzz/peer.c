/*
 * peer.c: a process that runs batches of cases: an emulator with the executor as its program. The
 * batch lies in one memfd that all peers map; each peer has its own memfd for results. A peer that
 * crashes or hangs in a case is charged with it (signo SIG_CRASH or SIG_HANG), started again, and goes
 * on behind that case.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "fuzz.h"

struct fuzz_batch *batch;
static int batch_fd;
enum { CASE_TIMEOUT_MS = 2000, CRASHES_MAX = 2000 };

static void *shared(const char *name, size_t size, int *fd)
{
    *fd = memfd_create(name, 0);
    size = (size + 4095) & ~4095ul;
    void *p = MAP_FAILED;
    if (*fd >= 0 && !ftruncate(*fd, (off_t)size))
        p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (p == MAP_FAILED) {
        perror("fuzz: memfd");
        exit(2);
    }
    fcntl(*fd, F_SETFD, FD_CLOEXEC);
    return p;
}

void batch_init(void)
{
    batch = shared("fuzz-batch", sizeof *batch, &batch_fd);
    window_init(batch->win);
    signal(SIGPIPE, SIG_IGN);
}

static void spawn(struct peer *p)
{
    int to[2], from[2];
    if (pipe2(to, O_CLOEXEC) || pipe2(from, O_CLOEXEC)) {
        perror("fuzz: pipe");
        exit(2);
    }
    p->out->running = ~0u;
    p->pid = fork();
    if (p->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        /* above 9 first, so that none of the four is overwritten before it is used */
        int in = fcntl(batch_fd, F_DUPFD, 10), out = fcntl(p->out_fd, F_DUPFD, 10);
        int t = fcntl(to[0], F_DUPFD, 10), f = fcntl(from[1], F_DUPFD, 10);
        dup2(t, 0);
        dup2(f, 1);
        dup2(in, 3);
        dup2(out, 4);
        if (p->crashes + p->hangs > 3) { /* it has said what it has to say */
            int null = open("/dev/null", O_WRONLY);
            dup2(null, 2);
        }
        close_range(5, ~0u, 0);
        execvp(p->argv[0], p->argv);
        perror(p->argv[0]);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    p->to = to[1];
    p->from = from[0];
}

void peer_start(struct peer *p, const char *name, const char *command, const char *executor)
{
    memset(p, 0, sizeof *p);
    snprintf(p->name, sizeof p->name, "%s", name);
    char *words = strdup(command), *save;
    unsigned n = 0;
    p->argv = calloc(64, sizeof *p->argv);
    for (char *w = strtok_r(words, " ", &save); w && n < 60; w = strtok_r(NULL, " ", &save))
        p->argv[n++] = w;
    p->argv[n] = strdup(executor);
    p->out = shared(name, sizeof *p->out, &p->out_fd);
    spawn(p);
}

static int reap(struct peer *p)
{
    int status = 0;
    kill(p->pid, SIGKILL);
    waitpid(p->pid, &status, 0);
    close(p->to);
    close(p->from);
    return status;
}

void peer_stop(struct peer *p)
{
    close(p->to);
    for (int i = 0; i < 100; i++) {
        if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
            close(p->from);
            return;
        }
        usleep(10000);
    }
    p->to = -1;
    reap(p);
}

/* One peer, until the batch is done. batch->first is shared, so restarts of two peers do not overlap:
 * peers_run finishes the others first. */
static bool wait_done(struct peer *p, int *status)
{
    uint32_t last = ~0u;
    for (;;) {
        struct pollfd f = { p->from, POLLIN, 0 };
        int r = poll(&f, 1, CASE_TIMEOUT_MS);
        if (r < 0 && errno == EINTR)
            continue;
        char c;
        if (r > 0) {
            if (read(p->from, &c, 1) == 1)
                return true;
            waitpid(p->pid, status, 0);
            close(p->to);
            close(p->from);
            p->crashes++;
            *status = WIFSIGNALED(*status) ? -WTERMSIG(*status) : WEXITSTATUS(*status);
            return false;
        }
        if (p->out->running == last || p->out->running == ~0u) {
            reap(p);
            p->hangs++;
            *status = 99999;
            return false;
        }
        last = p->out->running;
    }
}

void peers_run(struct peer *p, unsigned n)
{
    uint32_t first = batch->first = 0;
    for (unsigned i = 0; i < n; i++) {
        p[i].out->running = ~0u;
        if (write(p[i].to, "g", 1) != 1)
            perror("fuzz: write to peer");
    }
    int status[4] = { 0 };
    bool done[4];
    for (unsigned i = 0; i < n; i++)
        done[i] = wait_done(&p[i], &status[i]);
    for (unsigned i = 0; i < n; i++) {
        while (!done[i]) {
            uint32_t at = p[i].out->running;
            if (at == ~0u || p[i].crashes + p[i].hangs > CRASHES_MAX) {
                fprintf(stderr, at == ~0u ? "fuzz: %s ends before its first case (status %d): %s\n"
                                          : "fuzz: %s: too many crashes (status %d): %s\n",
                        p[i].name, status[i], p[i].argv[0]);
                exit(2);
            }
            struct fuzz_result *r = &p[i].out->r[at];
            memset(r, 0, sizeof *r);
            r->signo = status[i] == 99999 ? SIG_HANG : SIG_CRASH;
            r->code = (uint32_t)status[i];
            spawn(&p[i]);
            batch->first = at + 1;
            if (batch->first >= batch->ncases) {
                done[i] = true;
            } else {
                if (write(p[i].to, "g", 1) != 1)
                    perror("fuzz: write to peer");
                done[i] = wait_done(&p[i], &status[i]);
            }
        }
    }
    batch->first = first;
}
