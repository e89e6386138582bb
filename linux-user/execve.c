/*
 * execve.c: execve and execveat.
 *
 * What happens depends on the file, looked at as the kernel would: a program of the guest starts
 * myna again with the options of this run and "-0 ARGV0 PATH ARGS..."; a script is taken apart here, so
 * that its interpreter is found below the prefix; everything else, programs of the host above all,
 * goes to the host's execve, which also says ENOEXEC. The guest's environment is passed untouched.
 * No binfmt registration is needed, but for set-id programs and those with capabilities: only the kernel
 * can give these their rights, and it gives them to what binfmt_misc starts (flag C).
 *
 * Errors come in the kernel's order: the path, its type and permission, a file open for writing, the
 * format. argv and envp are arrays in guest memory: only the pointers are copied; strings are read
 * by the kernel, with its own EFAULT and E2BIG.
 *
 * The call goes through the blocking stub: a signal that comes before it is delivered first, one that
 * comes later is pending in the new program. Sources: execve(2), Linux fs/exec.c, binfmt_script.c.
 */
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "command.h"
#include "gdb/gdb.h"
#include "guest_process.h"
#include "guest_signal.h"
#include "path.h"

enum { HEAD_SIZE = 256, MAX_SCRIPTS = 5, EXTRA_ARGS = 14 };

/* An execve in preparation. Strings are host pointers: the guest's own, or in names[]. */
struct exec {
    char **argv;           /* with room for EXTRA_ARGS + options before the guest's arguments */
    char **envp;
    size_t argc, first;    /* arguments are argv[first .. argc) */
    char *names;           /* memory for names made here, and its use */
    size_t names_used;
    int fd;                /* the file to run */
    int dirfd;             /* through which it was named, -1: by a path alone */
    const char *execfn;    /* the name that the new program is told */
    char path[PATH_MAX];   /* its name as the guest knows it */
    char host[PATH_MAX];   /* and the host's; empty: only the descriptor is known */
};

enum { NAMES_SIZE = 64 << 10 };

static char *keep_name(struct exec *x, const char *s)
{
    size_t n = strlen(s) + 1;
    char *to = x->names + x->names_used;

    if (n > NAMES_SIZE - x->names_used)
        return NULL;
    memcpy(to, s, n);
    x->names_used += n;
    return to;
}

/* Number of pointers before the null one in the guest's array. */
static long count_pointers(struct thread *t, uint64_t array)
{
    uint64_t chunk[64];
    long n = 0;

    if (array == 0)
        return 0;
    for (;;) {
        uint64_t at = array + (uint64_t)n * 8;
        size_t want = sizeof chunk;

        if (user_read(t->p, chunk, at, want) != 0) {
            want = 8;
            if (user_read(t->p, chunk, at, want) != 0)
                return -EFAULT;
        }
        for (size_t i = 0; i < want / 8; i++, n++)
            if (chunk[i] == 0)
                return n;
        if (n > 1 << 24)
            return -E2BIG;
    }
}

static int copy_pointers(struct thread *t, char **to, uint64_t array, long n)
{
    if (n != 0 && user_read(t->p, to, array, (size_t)n * 8) != 0)
        return -EFAULT;
    for (long i = 0; i < n; i++)
        to[i] = g2h(t->p, (uint64_t)(uintptr_t)to[i]);
    to[n] = NULL;
    return 0;
}

/* Memory for both arrays and names. A vfork child shares it with its parent, who frees it. */
static int collect(struct thread *t, struct exec *x, uint64_t argv, uint64_t envp)
{
    long argc = count_pointers(t, argv), envc = count_pointers(t, envp);
    size_t lead = EXTRA_ARGS + 2 * MAX_SCRIPTS + t->p->n_self_args, bytes;

    if (argc < 0 || envc < 0)
        return (int)(argc < 0 ? argc : envc);
    bytes = (lead + (size_t)argc + (size_t)envc + 4) * sizeof(char *) + NAMES_SIZE;
    t->exec_buf = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t->exec_buf == MAP_FAILED) {
        t->exec_buf = NULL;
        return -ENOMEM;
    }
    t->exec_len = bytes;
    x->argv = t->exec_buf;
    x->first = lead;
    x->argc = lead + (size_t)argc;
    x->envp = x->argv + x->argc + 2;
    x->names = (char *)(x->envp + envc + 1);
    if (copy_pointers(t, x->argv + lead, argv, argc) != 0 ||
        copy_pointers(t, x->envp, envp, envc) != 0)
        return -EFAULT;
    if (argc == 0) {
        x->argv[x->argc++] = keep_name(x, ""); /* the kernel's rule since 5.18 */
        x->argv[x->argc] = NULL;
    }
    return 0;
}

/* Is somebody writing to the file? A read lease is refused then. Its breaking would signal us:
 * SIGURG, which does no harm, instead of SIGIO. */
static bool is_open_for_writing(int fd)
{
    bool busy;

    fcntl(fd, F_SETSIG, SIGURG);
    busy = fcntl(fd, F_SETLEASE, F_RDLCK) < 0 && errno == EAGAIN;
    if (!busy)
        fcntl(fd, F_SETLEASE, F_UNLCK);
    return busy;
}

/* Opens the file to run (host path) as the kernel would. -EACCES with *unreadable: it may be run but not
 * read. */
static int open_once(int dirfd, const char *path, int flags, bool *unreadable)
{
    char name[64];
    struct stat st;
    int fd = openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
    int real;

    *unreadable = false;
    if (fd < 0)
        return -errno;
    if (fstat(fd, &st) != 0 || S_ISLNK(st.st_mode) || !S_ISREG(st.st_mode)) {
        real = S_ISLNK(st.st_mode) ? -ELOOP : -EACCES;
    } else if (faccessat(fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) != 0 && errno == EACCES) {
        real = -EACCES;
    } else {
        snprintf(name, sizeof name, "/proc/thread-self/fd/%d", fd);
        real = open(name, O_RDONLY | O_CLOEXEC);
        if (real < 0 && errno == ENOENT) /* no /proc here */
            real = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
        if (real < 0) {
            *unreadable = errno == EACCES;
            real = -errno;
        }
    }
    close(fd);
    if (real >= 0 && is_open_for_writing(real)) {
        close(real);
        return -ETXTBSY;
    }
    return real;
}

/* The kernel needs no free descriptor for it. */
static int open_program(int dirfd, const char *path, int flags, bool *unreadable)
{
    int fd = open_once(dirfd, path, flags, unreadable);
    struct rlimit old;

    if (fd == -EMFILE && exec_more_descriptors(&old)) {
        fd = open_once(dirfd, path, flags, unreadable);
        exec_less_descriptors(&old);
    }
    return fd;
}

enum kind { KIND_GUEST, KIND_SCRIPT, KIND_HOST };

static enum kind classify(struct thread *t, const unsigned char *head, size_t n)
{
    const Elf64_Ehdr *e = (const void *)head;

    if (n >= 2 && head[0] == '#' && head[1] == '!')
        return KIND_SCRIPT;
    if (n >= sizeof *e && memcmp(head, ELFMAG, SELFMAG) == 0 &&
        e->e_ident[EI_CLASS] == t->p->guest->elf_class &&
        e->e_ident[EI_DATA] == ELFDATA2LSB && e->e_machine == t->p->guest->elf_machine)
        return KIND_GUEST;
    return KIND_HOST;
}

bool execve_parse_script(char *head, size_t n, char **interp, char **arg)
{
    char *end = memchr(head, '\n', n), *p = head + 2;
    bool cut = end == NULL && n == HEAD_SIZE; /* the line may go on */

    if (end == NULL)
        end = head + n;
    *end = 0;
    while (*p == ' ' || *p == '\t')
        p++;
    *interp = p;
    *arg = NULL;
    if (*p == 0 && n < HEAD_SIZE && end == head + n)
        return true;
    if (*p == 0 || (cut && p[strcspn(p, " \t")] == 0))
        return false;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = 0;
    *interp = p;
    p += strcspn(p, " \t");
    *arg = NULL;
    if (*p != 0) {
        *p++ = 0;
        *arg = p + strspn(p, " \t");
    }
    return true;
}

/* Puts the interpreter of the script of that name in front: argv becomes interp [arg] script rest. */
static int shift_in_script(struct thread *t, struct exec *x, const char *script, char *head, size_t n)
{
    char *interp, *arg, *name[3], buf[PATH_MAX];
    bool unreadable;
    unsigned k = 0;

    if (!execve_parse_script(head, n, &interp, &arg))
        return -ENOEXEC;
    if (*interp == 0) /* the kernel opens the working directory then */
        return -EACCES;
    name[k++] = keep_name(x, interp);
    if (arg != NULL)
        name[k++] = keep_name(x, arg);
    name[k++] = keep_name(x, script);
    x->first++; /* argv[0] of the script is dropped */
    while (k > 0) {
        if (name[--k] == NULL)
            return -E2BIG;
        x->argv[--x->first] = name[k];
    }
    close(x->fd);
    snprintf(x->path, sizeof x->path, "%s", x->argv[x->first]);
    snprintf(x->host, sizeof x->host, "%s", path_host(t->p, x->path, buf));
    x->fd = open_program(AT_FDCWD, x->host, 0, &unreadable);
    return x->fd < 0 ? x->fd : 0;
}

/* A name of the open file that the next myna can open. */
static int name_of_fd(const struct process *p, struct exec *x)
{
    char link[64];
    ssize_t n;
    struct stat a, b;
    int fd;

    snprintf(link, sizeof link, "/proc/thread-self/fd/%d", x->fd);
    n = readlink(link, x->path, sizeof x->path - 1);
    if (n > 0) {
        x->path[n] = 0;
        if (fstat(x->fd, &a) == 0 && stat(x->path, &b) == 0 && a.st_dev == b.st_dev &&
            a.st_ino == b.st_ino) {
            const char *inside = rootname_guest(p, x->path);
            memmove(x->path, inside, strlen(inside) + 1);
            return 0;
        }
    }
    fd = dup(x->fd); /* no name left (memfd, unlinked): the descriptor itself goes over */
    if (fd < 0)
        return -errno;
    snprintf(x->path, sizeof x->path, "/proc/self/fd/%d", fd);
    return 0;
}

/* The host's execve between the changes of signal state it needs. Returns only on failure. */
static long run(struct thread *t, int fd, const char *path, char **argv, char **envp)
{
    long r;

    if (!signal_block(t))
        return -SYS_RESTARTNOINTR;
    if (!proc_of(t->p)->vfork_child)
        engine_save(t->p->engine);
    if (log_mask & LOG_PROF)
        report_end(t->p);
    signal_prepare_exec(t);
    if (path != NULL)
        r = host_syscall_blocking(t, SYS_execve, path, argv, envp);
    else
        r = host_syscall_blocking(t, SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH);
    signal_abort_exec(t);
    signal_unblock(t);
    return r;
}

void execve_keep_self(struct process *p)
{
    int fd;

    if (p->self_fd > 0)
        return;
    fd = open(p->self_path, O_PATH | O_CLOEXEC);
    if (fd >= 0)
        p->self_fd = fd_hide(p, fd);
}

/* Runs myna by its descriptor, which the next one gets too: it may see no /proc either. */
static long run_by_descriptor(struct thread *t, char **argv, char **envp)
{
    int fd = t->p->self_fd;
    long r;

    fcntl(fd, F_SETFD, 0);
    r = run(t, fd, NULL, argv, envp);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    return r;
}

static bool push_option(struct exec *x, const char *name, const char *value)
{
    char *kept = keep_name(x, value);

    x->argv[--x->first] = kept;
    x->argv[--x->first] = (char *)name;
    return kept != NULL;
}

/* Option -ids for the next myna; set-id bits count unless no_new_privs is set. */
static bool add_ids(struct thread *t, struct exec *x)
{
    char text[(8 + OWNER_GROUPS) * 11 + 1];
    struct stat st = { 0 };

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && fstat(x->fd, &st) == 0)
        owner_show(t->p, x->fd, NULL, 0, st.st_mode, &st.st_uid, &st.st_gid);
    /* what has no note belongs to id 0: a set-id program does not belong to who runs it */
    if (fgetxattr(x->fd, "user.myna.owner", text, 0) < 0)
        st.st_uid = st.st_gid = 0;
    owner_print(t->p, &st, text, sizeof text);
    return push_option(x, "-ids", text);
}

/* argv of the next myna: its name, this run's options, -0 ARGV0 PATH, the rest. */
static long run_guest(struct thread *t, struct exec *x)
{
    char *argv0 = x->argv[x->first], *path = keep_name(x, x->path), *self, *number, limits[200];
    bool by_fd = t->p->self_fd > 0 && access(t->p->self_path, X_OK) != 0;
    char name[64];

    snprintf(name, sizeof name, "myna-%s", t->p->guest->name);
    self = keep_name(x, name);
    if (self == NULL || path == NULL)
        return -E2BIG;
    x->argv[x->first] = path;
    x->argv[--x->first] = argv0;
    x->argv[--x->first] = "-0";
    if (by_fd) {
        snprintf(name, sizeof name, "%d", t->p->self_fd);
        number = keep_name(x, name);
        if (number == NULL)
            return -E2BIG;
        x->argv[--x->first] = number;
        x->argv[--x->first] = "-self-fd";
    }
    if (t->p->owner.on && !add_ids(t, x))
        return -E2BIG;
    exec_limits_give(t->p, limits, sizeof limits);
    if ((limits[0] && !push_option(x, "-kept-limits", limits)) ||
        (strcmp(x->execfn, x->path) && !push_option(x, "-execfn", x->execfn)))
        return -E2BIG;
    bool debugged = gdb_exec(t, limits, sizeof limits);
    if (debugged && !push_option(x, "-gdb-session", limits)) {
        gdb_exec_failed(t);
        return -E2BIG;
    }
    for (unsigned i = t->p->n_self_args; i > 0; i--)
        x->argv[--x->first] = t->p->self_args[i - 1];
    x->argv[--x->first] = self;
    long r = by_fd ? run_by_descriptor(t, x->argv + x->first, x->envp)
                   : run(t, -1, t->p->self_path, x->argv + x->first, x->envp);
    if (debugged)
        gdb_exec_failed(t);
    return r;
}

/* Does the file give whoever runs it rights that only the kernel can give? Then binfmt_misc must start
 * myna. Without it the program runs with the rights there are, as under no_new_privs. */
static bool needs_kernel(const struct thread *t, const struct exec *x)
{
    const unsigned group = S_ISGID | S_IXGRP;
    struct stat st;
    char cap[1];

    if (t->p->owner.on || fstat(x->fd, &st) != 0) /* ids kept here are add_ids' business */
        return false;
    if (!(st.st_mode & S_ISUID) && (st.st_mode & group) != group &&
        fgetxattr(x->fd, "security.capability", cap, 0) < 0)
        return false;
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && binfmt_registered(t->p->guest->name);
}

/* A program of the host: under the limits that the guest has set. */
static long run_host(struct thread *t, int fd, const char *path, char **argv, char **envp)
{
    struct rlimit old[PROCESS_NLIMITS];
    long r;

    exec_limits_swap(t->p, old);
    r = run(t, fd, path, argv, envp);
    exec_limits_restore(t->p, old);
    return r;
}

/* The same for a file that may be set-id. */
static long run_guest_as_owner(struct thread *t, struct exec *x)
{
    struct exec_ids ids;
    long r;

    if (t->p->owner.on) /* add_ids does it */
        return run_guest(t, x);
    if (needs_kernel(t, x)) {
        r = run_host(t, x->fd, *x->host ? x->host : NULL, x->argv + x->first, x->envp);
        if (r != -ENOEXEC)
            return r;
    }
    switch (exec_identity_take(x->fd, &ids)) {
    case IDENTITY_SAME:
        break;
    case IDENTITY_TAKEN:
        r = run_guest(t, x);
        exec_identity_restore(&ids);
        return r;
    case IDENTITY_REFUSED:
        log_unimp("%s is set-id: run without, as binfmt_misc doesn't know it (myna binfmt)", x->path);
        break;
    }
    return run_guest(t, x);
}

static long run_file(struct thread *t, struct exec *x, bool by_fd)
{
    unsigned scripts = 0;

    for (;;) {
        char head[HEAD_SIZE + 1];
        ssize_t n = pread(x->fd, head, HEAD_SIZE, 0);
        int r;

        if (n < 0)
            return -errno;
        head[n] = 0;
        switch (classify(t, (unsigned char *)head, (size_t)n)) {
        case KIND_GUEST:
            if (by_fd && (r = name_of_fd(t->p, x)) != 0)
                return r;
            return run_guest_as_owner(t, x);
        case KIND_SCRIPT:
            if (scripts++ == MAX_SCRIPTS)
                return -ELOOP;
            if (by_fd && fcntl(x->dirfd, F_GETFD) & FD_CLOEXEC)
                return -ENOENT; /* its interpreter could not open it */
            by_fd = false;
            r = shift_in_script(t, x, scripts == 1 ? x->execfn : x->path, head, (size_t)n);
            if (r != 0)
                return r;
            break;
        case KIND_HOST:
            return run_host(t, x->fd, *x->host ? x->host : NULL, x->argv + x->first, x->envp);
        }
    }
}

static long do_exec(struct thread *t, int dirfd, const char *guest_path, const char *path, int flags,
                    const uint64_t *arrays)
{
    struct exec x = {.fd = -1, .dirfd = -1, .execfn = guest_path};
    char own_buf[PATH_MAX], execfn[PATH_MAX + 32];
    const char *own = path_special_link(t->p, dirfd, guest_path, own_buf);
    bool unreadable, by_fd = flags & AT_EMPTY_PATH && path[0] == 0;
    long r;

    if (own != NULL) { /* /proc/self/exe */
        path = own;
        guest_path = rootname_guest(t->p, own);
    }
    if (path[0] == 0 && !by_fd)
        return -ENOENT;
    if (by_fd) {
        char name[64];

        snprintf(name, sizeof name, "/proc/thread-self/fd/%d", dirfd);
        x.fd = open_program(AT_FDCWD, name, 0, &unreadable);
        if (x.fd == -ENOENT)
            x.fd = -EBADF;
    } else {
        x.fd = open_program(dirfd, path, flags, &unreadable);
        by_fd = path[0] != '/' && dirfd != AT_FDCWD;
    }
    if (x.fd < 0 && !unreadable)
        return x.fd;
    if (by_fd) {
        snprintf(execfn, sizeof execfn, "/dev/fd/%d%s%s", dirfd, *path ? "/" : "", path);
        x.execfn = execfn;
        x.dirfd = dirfd;
    }
    snprintf(x.path, sizeof x.path, "%s", guest_path);
    snprintf(x.host, sizeof x.host, "%s", by_fd ? "" : path);
    r = collect(t, &x, arrays[0], arrays[1]);
    if (r == 0)
        r = unreadable ? run_host(t, -1, path, x.argv + x.first, x.envp) : run_file(t, &x, by_fd);
    if (x.fd >= 0)
        close(x.fd);
    if (t->exec_buf != NULL)
        munmap(t->exec_buf, t->exec_len);
    t->exec_buf = NULL;
    return r;
}

long sys_execve(struct thread *t, const uint64_t *a)
{
    char guest[PATH_MAX], buf[PATH_MAX];
    const char *path;
    int r = path_get(t, a[0], guest, buf, &path);

    return r != 0 ? r : do_exec(t, AT_FDCWD, guest, path, 0, a + 1);
}

long sys_execveat(struct thread *t, const uint64_t *a)
{
    char guest[PATH_MAX], buf[PATH_MAX];
    const char *path;
    int r;

    if (a[4] & ~(uint64_t)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
        return -EINVAL;
    r = path_get(t, a[1], guest, buf, &path);
    return r != 0 ? r : do_exec(t, (int)a[0], guest, path, (int)a[4], a + 2);
}
