/*
 * procfs.c: files of /proc and /sys that must show the guest and its processor instead of myna.
 *
 * Which file a name means: /proc/self, /proc/thread-self and /proc/PID of this process, with
 * task/TID, by an absolute path or relative to a folder of /proc (the path of the folder is asked for
 * only if the name's end is in the table). The files of the table are made when opened, as memory
 * files open for reading; everything else is the host's. exe is the guest's program: of other
 * processes that myna runs too, found by the start of their code, which stack.c has told the host.
 * /sys has the identification registers of the guest's processor.
 *
 * Sources: proc(5), Linux fs/proc, Documentation/arch/arm64/cpu-feature-registers.rst.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "path.h"
#include "guest_process.h"
#include "procfs.h"

/* --- names ----------------------------------------------------------------------------------- */

/* The decimal number at *s, followed by a slash, which *s is moved behind; 0: there is none. */
static pid_t take_number(const char **s)
{
    char *end;

    if (**s < '1' || **s > '9')
        return 0;
    long v = strtol(*s, &end, 10);
    if (*end != '/' || v > INT_MAX)
        return 0;
    *s = end + 1;
    return (pid_t)v;
}

/* path is absolute. False: no file of a process. */
static bool parse_absolute(const char *path, struct proc_ref *ref)
{
    pid_t pid = getpid();

    if (strncmp(path, "/proc/", 6))
        return false;
    path += 6 + strspn(path + 6, "/");
    *ref = (struct proc_ref){ .pid = pid, .self = true };
    if (!strncmp(path, "self/", 5)) {
        path += 5;
    } else if (!strncmp(path, "thread-self/", 12)) {
        path += 12;
        ref->tid = (pid_t)syscall(SYS_gettid);
    } else {
        ref->pid = take_number(&path);
        ref->self = ref->pid == pid;
        if (!ref->pid)
            return false;
    }
    path += strspn(path, "/");
    if (!strncmp(path, "task/", 5)) {
        path += 5;
        ref->tid = take_number(&path);
        if (!ref->tid)
            return false;
    }
    ref->name = path + strspn(path, "/");
    return *ref->name;
}

/* --- what is made ---------------------------------------------------------------------------- */

static int from_memory(struct process *p, FILE *out, uint64_t start, uint64_t len)
{
    char buf[4096];

    while (len) {
        size_t n = len < sizeof(buf) ? len : sizeof(buf);
        if (user_read(p, buf, start, n))
            return -EFAULT;
        fwrite(buf, 1, n, out);
        start += n;
        len -= n;
    }
    return 0;
}

static int make_auxv(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    return from_memory(t->p, out, t->p->mm->auxv, t->p->mm->auxv_len);
}

static int make_cmdline(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    const struct mm *mm = t->p->mm;
    char last = 0;

    if (!user_read(t->p, &last, mm->arg_end - 1, 1) && last) { /* written over: setproctitle */
        char title[4096];
        long n = user_string(t->p, mm->arg_start, title, sizeof(title));
        if (n > 0) {
            fwrite(title, 1, (size_t)n, out);
            return 0;
        }
    }
    return from_memory(t->p, out, mm->arg_start, mm->arg_end - mm->arg_start);
}

static int make_environ(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    return from_memory(t->p, out, t->p->mm->env_start, t->p->mm->env_end - t->p->mm->env_start);
}

static int make_cpuinfo(struct thread *t, const struct proc_ref *ref, FILE *out)
{
    size_t n;
    char *text = t->p->abi->cpuinfo(t->p, &n);

    if (!text)
        return -ENOMEM;
    fwrite(text, 1, n, out);
    free(text);
    return 0;
}

typedef int (*make_fn)(struct thread *t, const struct proc_ref *ref, FILE *out);

static const struct { const char *name; make_fn make; } generated[] = {
    {"maps", proc_make_maps},           {"smaps", proc_make_smaps},
    {"smaps_rollup", proc_make_smaps_rollup}, {"numa_maps", proc_make_numa_maps},
    {"stat", proc_make_stat},           {"statm", proc_make_statm},
    {"status", proc_make_status},       {"auxv", make_auxv},
    {"cmdline", make_cmdline},          {"environ", make_environ},
};

static make_fn generator(const char *name)
{
    for (size_t i = 0; i < sizeof(generated) / sizeof(*generated); i++)
        if (!strcmp(name, generated[i].name))
            return generated[i].make;
    return NULL;
}

/* Which file of a process path means; buf (PATH_MAX): its name may end up there. False: none that
 * matters here. */
static bool parse(int dirfd, const char *path, struct proc_ref *ref, char *buf)
{
    char link[32];

    if (path[0] == '/')
        return parse_absolute(path, ref);
    const char *last = strrchr(path, '/');
    last = last ? last + 1 : path;
    if (!generator(last) && strcmp(last, "exe") && strcmp(last, "mem") && strcmp(last, "pagemap"))
        return false;
    if (dirfd == AT_FDCWD)
        snprintf(link, sizeof(link), "/proc/thread-self/cwd");
    else
        snprintf(link, sizeof(link), "/proc/thread-self/fd/%d", dirfd);
    ssize_t n = readlink(link, buf, PATH_MAX);
    if (n < 5 || (size_t)n + strlen(path) + 2 > PATH_MAX || memcmp(buf, "/proc", 5))
        return false;
    snprintf(buf + n, PATH_MAX - (size_t)n, "/%s", path);
    return parse_absolute(buf, ref);
}

FILE *proc_open_host(const struct proc_ref *ref)
{
    char name[96];

    if (ref->tid)
        snprintf(name, sizeof(name), "/proc/self/task/%d/%s", ref->tid, ref->name);
    else
        snprintf(name, sizeof(name), "/proc/self/%s", ref->name);
    return fopen(name, "re");
}

/* A memory file with what make writes: an open descriptor, O_RDONLY, or -errno. */
static int open_made(struct thread *t, const struct proc_ref *ref, make_fn make, int host_flags)
{
    char *text = NULL, name[32];
    size_t len = 0;

    if ((host_flags & O_ACCMODE) != O_RDONLY)
        return -EACCES;
    if (host_flags & O_DIRECTORY)
        return -ENOTDIR;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return -ENOMEM;
    int r = make(t, ref, f);
    if (fclose(f) || r < 0) {
        free(text);
        return r < 0 ? r : -ENOMEM;
    }
    int fd = (int)host_syscall(SYS_memfd_create, ref->name,
                               host_flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
    if (fd >= 0 && (write(fd, text, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0)) {
        close(fd);
        fd = -EIO;
    }
    free(text);
    if (fd < 0)
        return fd;
    fchmod(fd, 0444);
    snprintf(name, sizeof(name), "/proc/thread-self/fd/%d", fd);
    int ro = open(name, O_RDONLY | (host_flags & (O_CLOEXEC | O_NONBLOCK)));
    if (ro < 0)
        return fd;
    dup3(ro, fd, host_flags & O_CLOEXEC); /* the lowest number is the guest's */
    close(ro);
    return fd;
}

/* --- exe ------------------------------------------------------------------------------------- */

/* Field n (from 1) of /proc/PID/stat as a number; 0 if it can't be read. */
static uint64_t stat_field(pid_t pid, unsigned n)
{
    char line[1024], *at;

    snprintf(line, sizeof(line), "/proc/%d/stat", pid);
    FILE *f = fopen(line, "re");
    if (!f)
        return 0;
    at = fgets(line, sizeof(line), f);
    fclose(f);
    if (!at || !(at = strrchr(line, ')')))
        return 0;
    for (unsigned field = 2; field < n && at; field++)
        at = strchr(at + 1, ' ');
    return at ? strtoull(at, NULL, 10) : 0;
}

/* The file mapped at host address addr of a process; false: none with a name. */
static bool file_mapped_at(pid_t pid, uint64_t addr, char *buf)
{
    char name[32], *line = NULL;
    size_t cap = 0;
    bool found = false;

    snprintf(name, sizeof(name), "/proc/%d/maps", pid);
    FILE *f = fopen(name, "re");
    if (!f)
        return false;
    while (!found && getline(&line, &cap, f) > 0) {
        char *end;
        uint64_t start = strtoull(line, &end, 16), stop = *end == '-' ? strtoull(end + 1, NULL, 16)
                                                                      : 0;
        if (addr < start || addr >= stop)
            continue;
        char *path = strchr(line, '/');
        if (!path)
            break;
        path[strcspn(path, "\n")] = 0;
        found = snprintf(buf, PATH_MAX, "%s", path) < PATH_MAX;
    }
    free(line);
    fclose(f);
    return found;
}

/* The program of another process if myna runs it: its path, in buf. */
static const char *exe_of_other(const struct process *p, pid_t pid, char *buf)
{
    char name[32];
    struct stat own, other;
    uint64_t code;

    snprintf(name, sizeof(name), "/proc/%d/exe", pid);
    if (stat(p->self_path, &own) < 0 || stat(name, &other) < 0 || own.st_dev != other.st_dev ||
        own.st_ino != other.st_ino)
        return NULL;
    code = stat_field(pid, 26);
    return code > 1 && file_mapped_at(pid, code, buf) ? buf : NULL;
}

const char *path_special_link(struct process *p, int dirfd, const char *path, char *buf)
{
    struct proc_ref ref;

    if (!parse(dirfd, path, &ref, buf) || strcmp(ref.name, "exe"))
        return NULL;
    return ref.self ? p->exe : exe_of_other(p, ref.pid, buf);
}

/* --- the processor's identification in /sys -------------------------------------------------- */

/* A file that holds text, by a path that can be opened; "" if there can be none. */
static const char *text_file(struct process *p, const char *name, const char *text, char *buf)
{
    int fd = (int)host_syscall(SYS_memfd_create, name, MFD_CLOEXEC);
    size_t len = strlen(text);

    buf[0] = 0;
    if (fd < 0)
        return buf;
    if (write(fd, text, len) != (ssize_t)len || fchmod(fd, 0444) < 0) {
        close(fd);
        return buf;
    }
    snprintf(buf, PATH_MAX, "/proc/thread-self/fd/%d", fd_hide(p, fd));
    return buf;
}

/* regs/identification/midr_el1 and revidr_el1 of any processor. */
static const char *sys_register(struct process *p, const char *path, char *buf)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static char made[2][32];
    static const char *const names[2] = {"midr_el1", "revidr_el1"};
    char text[32], *end;

    if (strncmp(path, "/sys/devices/system/cpu/cpu", 27))
        return NULL;
    long cpu = strtol(path + 27, &end, 10);
    if (end == path + 27 || cpu < 0 || cpu >= sysconf(_SC_NPROCESSORS_CONF) ||
        strncmp(end, "/regs/identification/", 21))
        return NULL;
    for (unsigned i = 0; i < 2; i++) {
        if (strcmp(end + 21, names[i]))
            continue;
        pthread_mutex_lock(&lock);
        if (!made[i][0]) {
            snprintf(text, sizeof(text), "0x%016llx\n",
                     (unsigned long long)(i ? 0 : p->abi->cpu_id(p)));
            snprintf(made[i], sizeof(made[i]), "%.31s", text_file(p, names[i], text, buf));
        }
        snprintf(buf, PATH_MAX, "%s", made[i]);
        pthread_mutex_unlock(&lock);
        return *buf ? buf : NULL;
    }
    return NULL;
}

/* --- for the calls on files ------------------------------------------------------------------ */

const char *proc_path(struct thread *t, const char *path, char *buf, bool follow)
{
    const char *exe;

    if (!strncmp(path, "/sys/", 5))
        return sys_register(t->p, path, buf);
    if (!follow || strncmp(path, "/proc/", 6))
        return NULL;
    exe = path_special_link(t->p, AT_FDCWD, path, buf);
    if (exe && exe != buf)
        snprintf(buf, PATH_MAX, "%s", exe);
    return exe ? buf : NULL;
}

bool path_open_special(struct thread *t, int dirfd, const char *path, int host_flags, int *fd)
{
    struct proc_ref ref = { .name = "cpuinfo" };
    char buf[PATH_MAX];
    const char *file;
    make_fn make;

    if (!strcmp(path, "/proc/cpuinfo")) {
        *fd = open_made(t, &ref, make_cpuinfo, host_flags);
        return true;
    }
    if (!strncmp(path, "/sys/", 5) && (file = sys_register(t->p, path, buf))) {
        *fd = (host_flags & O_ACCMODE) != O_RDONLY ? -EACCES
              : (int)host_syscall(SYS_openat, AT_FDCWD, file, host_flags & ~O_NOFOLLOW, 0);
        return true;
    }
    if (!parse(dirfd, path, &ref, buf) || host_flags & O_PATH)
        return false;
    if (!strcmp(ref.name, "exe")) {
        char other[PATH_MAX];
        file = ref.self ? t->p->exe : exe_of_other(t->p, ref.pid, other);
        if (!file)
            return false;
        *fd = host_flags & O_NOFOLLOW ? -ELOOP
              : (int)host_syscall(SYS_openat, AT_FDCWD, file, host_flags, 0);
        return true;
    }
    if (!ref.self && !ref.tid && !strcmp(ref.name, "maps") &&
        exe_of_other(t->p, ref.pid, buf)) {
        ref.code = stat_field(ref.pid, 26);
        ref.name = "maps";
        *fd = open_made(t, &ref, proc_make_maps_of_other, host_flags);
        return true;
    }
    if (ref.self && (!strcmp(ref.name, "mem") || !strcmp(ref.name, "pagemap"))) {
        *fd = (int)host_syscall(SYS_openat, dirfd, path, host_flags, 0);
        if (*fd >= 0)
            procmem_opened(t, *fd, ref.name[0] == 'p');
        return true;
    }
    if (!ref.self || !(make = generator(ref.name)) ||
        (ref.tid && !thread_exists(t->p, ref.tid)))
        return false;
    *fd = open_made(t, &ref, make, host_flags);
    return true;
}
