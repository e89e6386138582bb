/*
 * rootns.c: namespaces for `myna run`, their ids, and the two processes that watch over them.
 *
 *   caller    stays outside, passes signals on, and ends as the program does
 *   first     process 1 inside: mounts, then adopts and reaps what the program leaves behind
 *   program   returns from rootns_enter
 *
 * When the program ends, process 1 ends, and the kernel ends whatever else runs inside. With share_pid
 * there is no namespace of processes and nothing is ended.
 *
 * Ids. Started by root, no user namespace is made: ids are the host's. Otherwise the caller becomes id
 * 0, and the ranges that /etc/subuid and /etc/subgid give become 1, 2, ...: newuidmap and newgidmap
 * write them, as they have the right to. Without ranges there is id 0 alone, setgroups is off, and
 * whatever needs another id is refused by the kernel with EINVAL.
 *
 * Everything is tried in a new process: if the host refuses, the caller is as before.
 * Sources: user_namespaces(7), pid_namespaces(7), subuid(5), newuidmap(1).
 */
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "rootns.h"

enum { MAX_RANGES = 16 };

struct ranges {
    unsigned n;
    struct { unsigned long start, count; } r[MAX_RANGES];
};

/* What the caller and process 1 say: ids are there; it works, or not; how the program ended. */
struct word {
    bool all_ids;   /* caller to process 1: ids are mapped, and how many */
    int err;        /* of the mounts, 0 if all is well */
    bool refused;   /* the host allows no mounts */
    int status;     /* of waitpid */
    char why[PATH_MAX + 128];
};

/* --- ids ------------------------------------------------------------------------------------- */

/* Name of the caller in /etc/passwd; no name service is asked, as this program is static. */
static void login_name(char *name, size_t size)
{
    char line[1024], *field[3];
    FILE *f = fopen("/etc/passwd", "re");

    *name = 0;
    while (f && fgets(line, sizeof(line), f)) {
        char *at = line;
        for (unsigned i = 0; i < 3; i++)
            field[i] = strsep(&at, ":");
        if (at && strtoul(field[2], NULL, 10) == getuid()) {
            snprintf(name, size, "%s", field[0]);
            break;
        }
    }
    if (f)
        fclose(f);
}

/* The caller's lines NAME:START:COUNT of /etc/subuid or /etc/subgid; NAME may be the number. */
static struct ranges read_ranges(const char *file)
{
    char line[256], name[128], number[16];
    struct ranges all = { 0 };
    FILE *f = fopen(file, "re");

    if (!f)
        return all;
    login_name(name, sizeof(name));
    snprintf(number, sizeof(number), "%u", getuid());
    while (all.n < MAX_RANGES && fgets(line, sizeof(line), f)) {
        char who[128];
        unsigned long start, count;
        if (sscanf(line, "%127[^:]:%lu:%lu", who, &start, &count) == 3 && count &&
            ((*name && !strcmp(who, name)) || !strcmp(who, number))) {
            all.r[all.n].start = start;
            all.r[all.n++].count = count;
        }
    }
    fclose(f);
    return all;
}

unsigned long subordinate_ids(const char *file)
{
    struct ranges all = read_ranges(file);
    unsigned long sum = 0;

    for (unsigned i = 0; i < all.n; i++)
        sum += all.r[i].count;
    return sum;
}

static bool on_path(const char *name)
{
    const char *path = getenv("PATH");
    char full[PATH_MAX];

    if (!path)
        path = "/usr/bin:/bin";
    for (const char *end; *path; path = end + (*end == ':')) {
        end = strchrnul(path, ':');
        snprintf(full, sizeof(full), "%.*s/%s", (int)(end - path), path, name);
        if (access(full, X_OK) == 0)
            return true;
    }
    return false;
}

bool idmap_helpers(void) { return on_path("newuidmap") && on_path("newgidmap"); }

/* Runs TOOL PID 0 OWN 1 1 START COUNT ...: true if it did it. */
static bool run_helper(const char *tool, pid_t pid, unsigned own, const struct ranges *all)
{
    char text[6 + 3 * MAX_RANGES][24];
    char *argv[8 + 3 * MAX_RANGES];
    unsigned n = 0, k = 0;
    unsigned long inside = 1;
    int status;

#define ADD(v) (snprintf(text[k], sizeof(text[k]), "%lu", (unsigned long)(v)), argv[n++] = text[k++])
    argv[n++] = (char *)tool;
    ADD(pid);
    ADD(0);
    ADD(own);
    ADD(1);
    for (unsigned i = 0; i < all->n; i++) {
        ADD(inside);
        ADD(all->r[i].start);
        ADD(all->r[i].count);
        inside += all->r[i].count;
    }
#undef ADD
    argv[n] = NULL;
    pid_t child = fork();
    if (child == 0) {
        execvp(tool, argv);
        _exit(127);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static bool write_file(pid_t pid, const char *name, const char *text)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (fd >= 0)
        close(fd);
    return ok;
}

static bool map_one(pid_t pid)
{
    char uids[32], gids[32];

    snprintf(uids, sizeof(uids), "0 %u 1\n", geteuid());
    snprintf(gids, sizeof(gids), "0 %u 1\n", getegid());
    write_file(pid, "setgroups", "deny");
    return write_file(pid, "uid_map", uids) && write_file(pid, "gid_map", gids);
}

/* Every id of this namespace under its own number: for root without the right to mount. */
static bool map_same(pid_t pid)
{
    static const char *const names[2] = { "uid_map", "gid_map" };

    for (unsigned i = 0; i < 2; i++) {
        char own[32], line[256], out[2048] = "";
        unsigned long in, host, count;
        size_t n = 0;

        snprintf(own, sizeof(own), "/proc/self/%s", names[i]);
        FILE *f = fopen(own, "re");
        while (f && fgets(line, sizeof(line), f) && n < sizeof(out) - 64)
            if (sscanf(line, "%lu %lu %lu", &in, &host, &count) == 3)
                n += (size_t)sprintf(out + n, "%lu %lu %lu\n", in, in, count);
        if (f)
            fclose(f);
        if (!write_file(pid, names[i], out))
            return false;
    }
    return true;
}

/* Gives the new user namespace of process pid its ids; false with errno set. */
static bool map_ids(struct root *r, pid_t pid)
{
    struct ranges uids, gids;

    r->all_ids = true;
    if (geteuid() == 0 && map_same(pid))
        return true;
    uids = read_ranges("/etc/subuid");
    gids = read_ranges("/etc/subgid");
    if (!r->one_id && uids.n && gids.n && idmap_helpers() &&
        run_helper("newuidmap", pid, getuid(), &uids) &&
        run_helper("newgidmap", pid, getgid(), &gids))
        return true;
    r->all_ids = false;
    return map_one(pid);
}

/* --- the caller ------------------------------------------------------------------------------ */

static volatile pid_t watched; /* whom signals are passed on to */

/* What the terminal sends reaches the program by itself; what a process sends is passed on. */
static void pass_on(int signo, siginfo_t *si, void *context)
{
    int saved = errno;

    if (watched > 0 && si->si_code <= 0)
        kill(watched, signo);
    errno = saved;
}

static const int passed_on[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH };

static void watch(pid_t pid, struct sigaction old[])
{
    struct sigaction sa = { .sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART };

    watched = pid;
    for (unsigned i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++) {
        struct sigaction was;
        sigaction(passed_on[i], &sa, &was);
        if (was.sa_handler == SIG_IGN) /* stays so for the program too */
            sigaction(passed_on[i], &was, NULL);
        if (old)
            old[i] = was;
    }
}

static void unwatch(const struct sigaction old[])
{
    for (unsigned i = 0; i < sizeof(passed_on) / sizeof(*passed_on); i++)
        sigaction(passed_on[i], &old[i], NULL);
}

/* Ends as a process with this status of waitpid did. */
static _Noreturn void end_as(int status)
{
    struct rlimit none = { 0 };
    sigset_t set;

    if (WIFEXITED(status))
        _exit(WEXITSTATUS(status));
    setrlimit(RLIMIT_CORE, &none); /* the program has left its own */
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, WTERMSIG(status));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(WTERMSIG(status));
    _exit(128 + WTERMSIG(status));
}

static ssize_t receive(int fd, struct word *w)
{
    ssize_t n;

    do
        n = recv(fd, w, sizeof(*w), 0);
    while (n < 0 && errno == EINTR);
    return n;
}

static _Noreturn void wait_outside(int fd, pid_t first)
{
    struct word w;
    bool ended = receive(fd, &w) == sizeof(w);
    int status;

    /* process 1 is gone after whatever it leaves: nothing runs on, and the times used are known */
    while (waitpid(first, &status, 0) < 0 && errno == EINTR)
        ;
    end_as(ended ? w.status : status);
}

/* --- process 1 ------------------------------------------------------------------------------- */

static _Noreturn void reap(int fd, pid_t program)
{
    struct word w = { 0 };

    for (;;) {
        int status;
        pid_t pid = waitpid(-1, &status, 0);
        if (pid == program) {
            w.status = status;
            send(fd, &w, sizeof(w), MSG_NOSIGNAL);
            _exit(0);
        }
        if (pid < 0 && errno == ECHILD)
            _exit(1);
    }
}

/* Process 1: returns in the program's process alone. */
static void first_process(struct root *r, int fd)
{
    struct sigaction old[sizeof(passed_on) / sizeof(*passed_on)];
    struct word w = { 0 };

    if (recv(fd, &w, sizeof(w), 0) != sizeof(w)) /* ids are there */
        _exit(1);
    r->all_ids = w.all_ids;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    w.err = rootfs_mount(r, &w.refused, w.why, sizeof(w.why));
    if (!w.err && r->user_ns)
        binfmt_in_namespace();
    if (send(fd, &w, sizeof(w), MSG_NOSIGNAL) < 0 || w.err)
        _exit(1);
    prctl(PR_SET_NAME, "myna-run");
    watch(0, old);
    pid_t program = fork();
    if (program < 0)
        _exit(1);
    if (program > 0) {
        watched = program;
        reap(fd, program);
    }
    unwatch(old);
    close(fd);
}

/* --- both ------------------------------------------------------------------------------------ */

static const char *refusal(int err)
{
    switch (err) {
    case ENOSPC: case EUSERS: return "user.max_user_namespaces is used up or 0";
    case EINVAL: return "its kernel has none";
    default: return strerror(err);
    }
}

/* One attempt: with a user namespace or, for root, without. */
static int enter(struct root *r, char *why, size_t n)
{
    int flags = CLONE_NEWNS | (r->share_pid ? 0 : CLONE_NEWPID) | (r->user_ns ? CLONE_NEWUSER : 0);
    struct word w = { .all_ids = true };
    int fds[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
        snprintf(why, n, "%s", strerror(errno));
        return -errno;
    }
    fflush(NULL);
    signal(SIGCHLD, SIG_DFL); /* else there is nothing to wait for */
    pid_t first = (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0);
    if (first < 0) {
        int err = errno;
        snprintf(why, n, "%s", refusal(err));
        close(fds[0]);
        close(fds[1]);
        return -err;
    }
    if (first == 0) {
        close(fds[0]);
        first_process(r, fds[1]);
        return 0;
    }
    close(fds[1]);
    bool mapped = !r->user_ns || map_ids(r, first);
    w.all_ids = !r->user_ns || r->all_ids;
    if (!mapped)
        snprintf(why, n, "ids can't be mapped: %s", strerror(errno));
    else if (send(fds[0], &w, sizeof(w), MSG_NOSIGNAL) < 0 || receive(fds[0], &w) != sizeof(w))
        snprintf(why, n, "the new process has ended");
    else if (w.err && !w.refused)
        user_die(1, "run: %s", w.why);
    else if (w.err)
        snprintf(why, n, "%s", w.why);
    else {
        watch(first, NULL);
        wait_outside(fds[0], first);
    }
    kill(first, SIGKILL);
    waitpid(first, NULL, 0);
    close(fds[0]);
    return -EPERM;
}

int rootns_enter(struct root *r, char *why, size_t n)
{
    int err = -EPERM;

    r->user_ns = false;
    if (geteuid() == 0)
        err = enter(r, why, n);
    if (err) {
        r->user_ns = true;
        err = enter(r, why, n);
    }
    return err;
}
