/* Processes: wait statuses, vfork that shares memory, posix_spawn's errors, signals over exec. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

extern char **environ;
static const char *self;
static volatile int chld_pid, chld_status, chld_code;

static void on_chld(int s, siginfo_t *si, void *uc)
{
    chld_pid = si->si_pid;
    chld_status = si->si_status;
    chld_code = si->si_code;
}

static int run(const char *path, char *const argv[], char *const envp[])
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        execve(path, argv, envp);
        _exit(errno);
    }
    if (waitpid(pid, &status, 0) != pid)
        return -1;
    return status;
}

static int exec_error(const char *path)
{
    char *argv[] = {(char *)path, NULL};
    int status = run(path, argv, environ);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_file(const char *path, const char *text, int mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    CHECK_EQ(write(fd, text, strlen(text)), strlen(text));
    fchmod(fd, (mode_t)mode);
    close(fd);
}

/* What a program started by this one sees. */
static int child_main(int argc, char **argv)
{
    struct sigaction sa;
    sigset_t set;
    int n;

    if (strcmp(argv[1], "exit") == 0)
        return atoi(argv[2]);
    if (strcmp(argv[1], "chain") == 0) { /* itself, until 0 */
        n = atoi(argv[2]);
        if (n == 0)
            return argc == 4 && strcmp(argv[0], "name0") == 0 && strcmp(argv[3], "last") == 0 ? 55 : 56;
        char num[16], name[16];
        snprintf(num, sizeof num, "%d", n - 1);
        snprintf(name, sizeof name, "name%d", n - 1);
        char *next[] = {name, "chain", num, "last", NULL};
        execve(argv[0][0] == '/' ? argv[0] : getenv("SELF"), next, environ);
        return 57;
    }
    if (strcmp(argv[1], "signals") == 0) {
        sigaction(SIGUSR1, NULL, &sa);
        if (sa.sa_handler != SIG_IGN)
            return 1;
        sigaction(SIGSEGV, NULL, &sa);
        if (sa.sa_handler != SIG_IGN)
            return 2;
        sigaction(SIGUSR2, NULL, &sa);
        if (sa.sa_handler != SIG_DFL)
            return 3;
        sigprocmask(SIG_BLOCK, NULL, &set);
        if (!sigismember(&set, SIGHUP) || !sigismember(&set, SIGBUS) || sigismember(&set, SIGTERM))
            return 4;
        sigpending(&set);
        return sigismember(&set, SIGHUP) ? 77 : 5;
    }
    if (strcmp(argv[1], "env") == 0)
        return environ[0] && strcmp(environ[0], "ONLY=1") == 0 && !environ[1] ? 66 : 67;
    if (argc == 4) /* called by a script: name "optional argument" script argument */
        return strcmp(argv[1], "script arg") == 0 && strstr(argv[2], "check-script") &&
               strcmp(argv[3], "extra") == 0 ? 88 : 89;
    return 99;
}

static volatile int shared;

static int vm_child(void *arg)
{
    shared = 1234;
    return 17;
}

static volatile pid_t child_tid;

int main(int argc, char **argv)
{
    static char self_buf[4096], dir[] = "/tmp/check-XXXXXX", path[256], text[8192], stack[65536]
        __attribute__((aligned(16)));
    struct sigaction sa = {.sa_sigaction = on_chld, .sa_flags = SA_SIGINFO};
    siginfo_t si;
    sigset_t set;
    int status, fd;
    pid_t pid;

    if (argc > 1)
        return child_main(argc, argv);
    self_buf[readlink("/proc/self/exe", self_buf, sizeof self_buf - 1)] = 0;
    self = self_buf;
    setenv("SELF", self, 1);
    CHECK(mkdtemp(dir) != NULL);

    pid = fork();
    if (pid == 0)
        _exit(200);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 200);
    for (int s = 1; s < 32; s++) { /* default actions end in the status they should */
        if (s == SIGCHLD || s == SIGCONT || s == SIGURG || s == SIGWINCH || s == SIGSTOP ||
            s == SIGTSTP || s == SIGTTIN || s == SIGTTOU)
            continue;
        pid = fork();
        if (pid == 0) {
            struct rlimit none = {0, 0};
            setrlimit(RLIMIT_CORE, &none);
            signal(s, SIG_DFL); /* nohup and shells' & leave some ignored */
            kill(getpid(), s);
            _exit(1);
        }
        waitpid(pid, &status, 0);
        CHECK_EQ(WIFSIGNALED(status) ? WTERMSIG(status) : -1, s);
    }

    sigaction(SIGCHLD, &sa, NULL);
    pid = fork();
    if (pid == 0)
        _exit(9);
    CHECK_EQ(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
    CHECK_EQ(si.si_pid, pid);
    CHECK_EQ(si.si_status, 9);
    CHECK_EQ(si.si_code, CLD_EXITED);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(chld_pid, pid);
    CHECK_EQ(chld_status, 9);
    CHECK_EQ(chld_code, CLD_EXITED);
    CHECK_EQ(waitpid(pid, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);
    signal(SIGCHLD, SIG_IGN); /* children vanish */
    pid = fork();
    if (pid == 0)
        _exit(0);
    CHECK_EQ(waitpid(pid, &status, 0), -1);
    CHECK_EQ(errno, ECHILD);
    signal(SIGCHLD, SIG_DFL);

    shared = 0; /* a real vfork: the child's writes are ours, and we wait for it */
    pid = vfork();
    if (pid == 0) {
        shared = 5;
        _exit(3);
    }
    CHECK_EQ(shared, 5);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 3);
    pid = clone(vm_child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
    CHECK_EQ(shared, 1234);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 17);
    pid = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_CHILD_SETTID | CLONE_PARENT_SETTID, 0, &child_tid,
                         0, &child_tid);
    if (pid == 0)
        _exit(child_tid == syscall(SYS_gettid) ? 21 : 22);
    CHECK_EQ(child_tid, pid);
    waitpid(pid, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), 21);

    for (int i = 0; i < 20; i++) { /* a process of its own with the parent's descriptors */
        pid = (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, NULL, 0, NULL);
        if (pid == 0) {
            close(100);
            _exit(dup2(2, 101) == 101 ? 23 : 24);
        }
        waitpid(pid, &status, 0);
        CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -status, 23);
        CHECK_EQ(fcntl(101, F_GETFD), 0);
        CHECK_EQ(fcntl(100, F_GETFD), -1);
        CHECK_EQ(dup2(101, 100), 100);
        close(101);
    }
    close(100);

    char *none[] = {"x", NULL}, *exit5[] = {"x", "exit", "5", NULL};
    CHECK_EQ(posix_spawn(&pid, "/nonexistent/x", NULL, NULL, none, environ), ENOENT);
    CHECK_EQ(posix_spawn(&pid, "/etc/passwd", NULL, NULL, none, environ), EACCES);
    CHECK_EQ(posix_spawn(&pid, self, NULL, NULL, exit5, environ), 0);
    waitpid(pid, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), 5);
    CHECK_EQ(system("exit 6") >> 8, 6);

    char *chain[] = {(char *)self, "chain", "3", "x", NULL}, *env[] = {"ONLY=1", NULL};
    status = run(self, chain, environ);
    CHECK_EQ(WEXITSTATUS(status), 55);
    char *see[] = {"x", "env", NULL};
    CHECK_EQ(WEXITSTATUS(run(self, see, env)), 66);
    snprintf(path, sizeof path, "%s/check-script", dir);
    snprintf(text, sizeof text, "#! %s script arg \nrest\n", self);
    write_file(path, text, 0755);
    char *script[] = {"name is dropped", "extra", NULL};
    CHECK_EQ(WEXITSTATUS(run(path, script, environ)), 88);
    chmod(path, 0644);
    CHECK_EQ(exec_error(path), EACCES);
    snprintf(text, sizeof text, "#!%s\n", path); /* a script that is its own interpreter */
    write_file(path, text, 0755);
    CHECK_EQ(exec_error(path), ELOOP);
    write_file(path, "#!/nonexistent\n", 0755);
    CHECK_EQ(exec_error(path), ENOENT);
    write_file(path, "plain text\n", 0755);
    CHECK_EQ(exec_error(path), ENOEXEC);
    write_file(path, "", 0755);
    CHECK_EQ(exec_error(path), ENOEXEC);
    CHECK_EQ(exec_error(dir), EACCES);
    CHECK_EQ(exec_error("/etc/passwd/x"), ENOTDIR);
    CHECK_EQ(exec_error(""), ENOENT);
    fd = open(path, O_WRONLY);
    CHECK_EQ(exec_error(path), ETXTBSY);
    close(fd);
    fd = open(self, O_RDONLY | O_CLOEXEC);
    char *exit8[] = {"x", "exit", "8", NULL};
    pid = fork();
    if (pid == 0) {
        fexecve(fd, exit8, environ);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(WEXITSTATUS(status), 8);
    close(fd);

    if (geteuid() == 0 && getauxval(AT_BASE) == 0) { /* a root without /proc; the chain goes on in it */
        snprintf(text, sizeof text, "cp %s %s/me", self, dir);
        CHECK_EQ(system(text), 0);
        pid = fork();
        if (pid == 0) {
            char *inside[] = {"/me", "chain", "3", "x", NULL};
            if (chroot(dir) != 0 || chdir("/") != 0)
                _exit(101);
            if (mkdir("/lib", 0755) != 0 || rmdir("/lib") != 0) /* what -L has stayed outside */
                _exit(102);
            setenv("SELF", "/me", 1);
            execve("/me", inside, environ);
            _exit(errno);
        }
        waitpid(pid, &status, 0);
        CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -status, 55);
        snprintf(text, sizeof text, "%s/me", dir);
        unlink(text);
    }

    signal(SIGUSR1, SIG_IGN);
    signal(SIGSEGV, SIG_IGN);
    sigaction(SIGUSR2, &sa, NULL);
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGBUS);
    pid = fork();
    if (pid == 0) {
        char *see_signals[] = {"x", "signals", NULL};
        sigprocmask(SIG_BLOCK, &set, NULL);
        kill(getpid(), SIGHUP); /* pending over exec */
        execve(self, see_signals, environ);
        _exit(1);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -status, 77);
    unlink(path);
    rmdir(dir);
    return check_done();
}
