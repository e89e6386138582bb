/* What a new program is given and refused: scripts, names, limits, identity. Everything holds natively
 * too. execve(2), getauxval(3), Linux fs/exec.c and fs/binfmt_script.c. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "check.h"

extern char **environ;
static char self[4096], dir[4096], out[16 << 10];

/* What this program says of itself when it is run as "report". */
static int report(int argc, char **argv)
{
    char exe[4096] = "", comm[32] = "";
    struct rlimit as, stack;

    readlink("/proc/self/exe", exe, sizeof exe - 1);
    prctl(PR_GET_NAME, comm);
    getrlimit(RLIMIT_AS, &as);
    getrlimit(RLIMIT_STACK, &stack);
    printf("argc=%d", argc);
    for (int i = 0; i < argc; i++)
        printf(" [%s]", argv[i]);
    printf("\nexecfn=%s\nexe=%s\ncomm=%s\n", (char *)getauxval(AT_EXECFN), exe, comm);
    printf("ids=%d %d %d %d secure=%d aux=%d %d\n", getuid(), geteuid(), getgid(), getegid(),
           (int)getauxval(AT_SECURE), (int)getauxval(AT_UID), (int)getauxval(AT_EUID));
    printf("as=%lld stack=%lld big=%d\n", (long long)as.rlim_cur, (long long)stack.rlim_cur,
           mmap(NULL, 600 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) != MAP_FAILED);
    return 0;
}

/* Runs f in a child; what it and the program it becomes print is in out. */
static int run(void (*f)(const char *), const char *arg)
{
    int p[2], st;
    long n = 0, r;

    pipe(p);
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        dup2(p[1], 1);
        close(p[0]);
        close(p[1]);
        f(arg);
        printf("errno=%d\n", errno);
        fflush(stdout);
        _exit(9);
    }
    close(p[1]);
    while ((r = read(p[0], out + n, sizeof out - 1 - n)) > 0)
        n += r;
    out[n] = 0;
    close(p[0]);
    waitpid(pid, &st, 0);
    return WIFEXITED(st) ? WEXITSTATUS(st) : 1000 + WTERMSIG(st);
}

static int has(const char *fmt, ...)
{
    char want[8192];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(want, sizeof want, fmt, ap);
    va_end(ap);
    if (strstr(out, want))
        return 1;
    printf("wanted: %s\ngot: %s\n", want, out);
    return 0;
}

static char *file(const char *name, const char *text, size_t len, int mode)
{
    static char path[8][4200];
    static int next;
    char *p = path[next++ % 8];

    snprintf(p, sizeof path[0], "%s/%s", dir, name);
    unlink(p);
    int fd = open(p, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, len) == (ssize_t)len);
    fchmod(fd, mode);
    close(fd);
    return p;
}

static char *text_file(const char *name, const char *text) { return file(name, text, strlen(text), 0755); }

static void exec_it(const char *path)
{
    execl(path, "zero", "one", NULL);
}

/* errno of an execve that must fail. */
static int refused(const char *path)
{
    run(exec_it, path);
    char *at = strstr(out, "errno=");
    return at ? atoi(at + 6) : 0;
}

static void refusals(void)
{
    char line[400], name[4200];

    CHECK_EQ(refused(text_file("only", "#!")), EACCES); /* the empty name is the working directory */
    CHECK_EQ(refused(text_file("only-blanks", "#!  ")), EACCES);
    CHECK_EQ(refused(text_file("empty-line", "#!\n")), ENOEXEC);
    CHECK_EQ(refused(text_file("blanks", "#! \t  \nexit\n")), ENOEXEC);
    CHECK_EQ(refused(text_file("absent", "#!/no/such/interpreter\n")), ENOENT);
    CHECK_EQ(refused(text_file("folder", "#!/tmp\n")), EACCES);
    CHECK_EQ(refused(text_file("empty", "")), ENOEXEC);
    CHECK_EQ(refused(text_file("plain", "hello\n")), ENOEXEC);
    CHECK_EQ(refused(text_file("magic", "\177ELF")), ENOEXEC);
    CHECK_EQ(refused(file("no-right", "#!/bin/sh\n", 10, 0644)), EACCES);
    CHECK_EQ(refused(dir), EACCES);
    CHECK_EQ(refused("/no/such/program"), ENOENT);
    snprintf(name, sizeof name, "%s/plain/x", dir);
    CHECK_EQ(refused(name), ENOTDIR);
    CHECK_EQ(refused(""), ENOENT);
    memset(line, 'x', sizeof line);
    memcpy(line, "#!/", 3);
    CHECK_EQ(refused(file("long", line, sizeof line, 0755)), ENOEXEC);
    char *last = text_file("s0", "#!/bin/true\n");
    for (int i = 1; i <= 6; i++) {
        snprintf(line, sizeof line, "#!%s\n", last);
        snprintf(name, sizeof name, "s%d", i);
        last = text_file(name, line);
    }
    CHECK_EQ(refused(last), ELOOP);
    CHECK_EQ(execve((char *)16, NULL, NULL), -1);
    CHECK_EQ(errno, EFAULT);
    CHECK_EQ(execve(self, (char **)16, NULL), -1);
    CHECK_EQ(errno, EFAULT);
    int fd = open(name, O_WRONLY | O_CREAT, 0755);
    snprintf(name, sizeof name, "%s/s1", dir);
    fd = open(name, O_WRONLY);
    CHECK_EQ(refused(name), ETXTBSY);
    close(fd);
}

static void exec_fd(const char *path)
{
    int fd = open(path, O_RDONLY);
    char *argv[] = { "zero", "report", NULL };

    dup2(fd, 20);
    syscall(SYS_execveat, 20, "", argv, environ, AT_EMPTY_PATH);
}

static void exec_fd_closing(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    char *argv[] = { "zero", "report", NULL };

    syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
}

static void exec_at(const char *name)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY);
    char *argv[] = { "zero", "report", NULL };

    dup2(fd, 20);
    syscall(SYS_execveat, 20, name, argv, environ, 0);
}

static void exec_relative(const char *name)
{
    chdir(dir);
    execl(name, "zero", "report", NULL);
}

static void exec_nothing(const char *path)
{
    execve(path, (char *[]){ NULL }, environ);
}

static void exec_memory(const char *path)
{
    int fd = memfd_create("x", 0), from = open(path, O_RDONLY);
    char buf[4096];
    ssize_t n;

    while ((n = read(from, buf, sizeof buf)) > 0)
        write(fd, buf, n);
    fexecve(fd, (char *[]){ "memory", "report", NULL }, environ);
}

static void *from_thread(void *path)
{
    execl(path, "threaded", "report", NULL);
    return NULL;
}

static void exec_thread(const char *path)
{
    pthread_t id;

    prctl(PR_SET_NAME, "before");
    pthread_create(&id, NULL, from_thread, (void *)path);
    pthread_join(id, NULL);
}

static void names(void)
{
    char text[4200], link[4200];

    snprintf(text, sizeof text, "#! %s  report  two words \necho\n", self);
    char *script = text_file("a-script-of-some-length", text);
    CHECK_EQ(run(exec_it, script), 0);
    CHECK(has("argc=4 [%s] [report  two words] [%s] [one]\n", self, script));
    CHECK(has("execfn=%s\nexe=%s\ncomm=a-script-of-som\n", script, self));
    snprintf(text, sizeof text, "#!%s report\n", script);
    char *second = text_file("second", text);
    CHECK_EQ(run(exec_it, second), 0);
    CHECK(has("argc=6 [%s] [report  two words] [%s] [report] [%s] [one]\n", self, script, second));
    CHECK(has("execfn=%s\nexe=%s\ncomm=second\n", second, self));
    snprintf(text, sizeof text, "#!%s report", self); /* no end of line */
    CHECK_EQ(run(exec_it, text_file("unended", text)), 0);
    CHECK(has("argc=4 [%s] [report]", self));

    CHECK_EQ(run(exec_fd, self), 0);
    CHECK(has("argc=2 [zero] [report]\nexecfn=/dev/fd/20\nexe=%s\n", self));
    CHECK_EQ(run(exec_fd_closing, self), 0);
    CHECK_EQ(run(exec_fd, script), 0);
    CHECK(has("argc=4 [%s] [report  two words] [/dev/fd/20] [report]", self));
    CHECK_EQ(run(exec_fd_closing, script), 9);
    CHECK(has("errno=%d\n", ENOENT));
    snprintf(link, sizeof link, "%s/linked", dir);
    unlink(link);
    symlink(self, link);
    CHECK_EQ(run(exec_at, "linked"), 0);
    CHECK(has("execfn=/dev/fd/20/linked\nexe=%s\ncomm=linked\n", self));
    CHECK_EQ(run(exec_relative, "./linked"), 0);
    CHECK(has("argc=2 [zero] [report]\nexecfn=./linked\nexe=%s\ncomm=linked\n", self));
    CHECK_EQ(run(exec_nothing, link), 0);
    CHECK(has("argc=1 []\n"));
    CHECK_EQ(run(exec_memory, self), 0);
    CHECK(has("argc=2 [memory] [report]\nexecfn=/dev/fd/"));
    CHECK_EQ(run(exec_thread, link), 0);
    CHECK(has("argc=2 [threaded] [report]\nexecfn=%s\nexe=%s\ncomm=linked\n", link, self));
    CHECK(has("as=-1 "));
}

static void exec_limited(const char *path)
{
    struct rlimit l;

    getrlimit(RLIMIT_AS, &l);
    l.rlim_cur = 400 << 20;
    setrlimit(RLIMIT_AS, &l);
    getrlimit(RLIMIT_STACK, &l);
    l.rlim_cur = 768 << 10;
    setrlimit(RLIMIT_STACK, &l);
    execl(path, "zero", "report", NULL);
}

static void exec_twice(const char *path)
{
    struct rlimit l;

    getrlimit(RLIMIT_AS, &l);
    l.rlim_cur = 400 << 20;
    setrlimit(RLIMIT_AS, &l);
    execl(path, "zero", "again", path, NULL);
}

static void exec_shell(const char *path)
{
    struct rlimit l;

    getrlimit(RLIMIT_AS, &l);
    l.rlim_cur = 400 << 20;
    setrlimit(RLIMIT_AS, &l);
    execl("/bin/sh", "sh", "-c", "ulimit -v; ulimit -s", NULL);
}

static void limits(void)
{
    CHECK_EQ(run(exec_limited, self), 0);
    CHECK(has("as=%d stack=%d big=0\n", 400 << 20, 768 << 10));
    CHECK_EQ(run(exec_twice, self), 0);
    CHECK(has("as=%d ", 400 << 20));
    CHECK(has(" big=0\n"));
    CHECK_EQ(run(exec_shell, self), 0);
    CHECK(has("%d\n", 400 << 10));
}

static void exec_without_gain(const char *path)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    execl(path, "zero", "report", NULL);
}

static void exec_report(const char *path)
{
    execl(path, "zero", "report", NULL);
}

/* For root: other users' set-id programs. */
static void identity(void)
{
    char copy[4200], command[9000];
    struct stat st;

    snprintf(copy, sizeof copy, "%s/set-id", dir);
    snprintf(command, sizeof command, "cp %s %s", self, copy);
    CHECK_EQ(system(command), 0);
    chmod(copy, 0755);
    CHECK_EQ(run(exec_report, copy), 0);
    CHECK(has("ids=0 0 0 0 secure=0 aux=0 0\n"));
    chown(copy, 12345, 23456);
    chmod(copy, 04755);
    CHECK_EQ(run(exec_report, copy), 0);
    CHECK(has("ids=0 12345 0 0 secure=1 aux=0 12345\n"));
    CHECK_EQ(run(exec_without_gain, copy), 0);
    CHECK(has("ids=0 0 0 0 secure=0 aux=0 0\n"));
    chmod(copy, 02755);
    CHECK_EQ(run(exec_report, copy), 0);
    CHECK(has("ids=0 0 0 23456 secure=1 aux=0 0\n"));
    chmod(copy, 06755);
    CHECK_EQ(run(exec_report, copy), 0);
    CHECK(has("ids=0 12345 0 23456 secure=1 aux=0 12345\n"));
    chmod(copy, 02745); /* not set-gid without the group's right to run it */
    CHECK_EQ(run(exec_report, copy), 0);
    CHECK(has("ids=0 0 0 0 secure=0 aux=0 0\n"));
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "again")) {
        execl(argv[2], "zero", "report", NULL);
        return 1;
    }
    if (argc == 1 && !argv[0][0])
        return report(argc, argv);
    if (argc > 1)
        return report(argc, argv);
    readlink("/proc/self/exe", self, sizeof self - 1);
    getcwd(dir, sizeof dir - 20);
    strcat(dir, "/execs.d");
    mkdir(dir, 0777);
    chmod(dir, 0777);
    refusals();
    names();
    limits();
    if (geteuid() == 0)
        identity();
    return check_done();
}
