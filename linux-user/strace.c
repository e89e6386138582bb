/*
 * -strace: system calls and signals as one line each, "PID name(arguments) = result".
 *
 * Arguments are printed by the format letters of syscalls.def. The line is put together before it
 * is written, so that processes sharing a terminal don't mix; of calls that don't return (exit,
 * execve) the first half is all there is.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "syscall.h"

enum { STRING_MAX = 64, LINE_MAX_ = 1024 };

struct line {
    char text[LINE_MAX_];
    size_t n;
};

__attribute__((format(printf, 2, 3)))
static void put(struct line *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, fmt, ap);
    va_end(ap);
    l->n = n < 0 || l->n + (size_t)n >= sizeof(l->text) ? sizeof(l->text) - 1 : l->n + (size_t)n;
}

static void flush(struct line *l)
{
    FILE *f = log_file ? log_file : stderr;

    fwrite(l->text, 1, l->n, f);
    fflush(f);
    l->n = 0;
}

/* --- names ----------------------------------------------------------------------------------- */

const char *errno_name(int e)
{
    return strerrorname_np(e);
}

const char *signal_name(int signo)
{
    static const char *const names[] = {
        [1] = "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE",
        "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT",
        "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    };
    return signo > 0 && signo < 32 ? names[signo] : signo <= 64 && signo >= 32 ? "SIGRT" : "SIG?";
}

struct name { uint64_t value; const char *name; };

static const struct name prot_names[] = {
    {PROT_READ, "PROT_READ"}, {PROT_WRITE, "PROT_WRITE"}, {PROT_EXEC, "PROT_EXEC"},
    {PROT_GROWSDOWN, "PROT_GROWSDOWN"}, {0, "PROT_NONE"},
};
static const struct name map_names[] = {
    {MAP_SHARED, "MAP_SHARED"}, {MAP_PRIVATE, "MAP_PRIVATE"}, {MAP_FIXED, "MAP_FIXED"},
    {MAP_ANONYMOUS, "MAP_ANONYMOUS"}, {MAP_GROWSDOWN, "MAP_GROWSDOWN"},
    {MAP_DENYWRITE, "MAP_DENYWRITE"}, {MAP_LOCKED, "MAP_LOCKED"}, {MAP_NORESERVE, "MAP_NORESERVE"},
    {MAP_POPULATE, "MAP_POPULATE"}, {MAP_STACK, "MAP_STACK"}, {MAP_HUGETLB, "MAP_HUGETLB"},
    {MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"}, {0, "MAP_FILE"},
};
static const struct name open_names[] = { /* the host's values */
    {O_WRONLY, "O_WRONLY"}, {O_RDWR, "O_RDWR"}, {O_CREAT, "O_CREAT"}, {O_EXCL, "O_EXCL"},
    {O_NOCTTY, "O_NOCTTY"}, {O_TRUNC, "O_TRUNC"}, {O_APPEND, "O_APPEND"},
    {O_NONBLOCK, "O_NONBLOCK"}, {O_TMPFILE, "O_TMPFILE"}, {O_SYNC, "O_SYNC"}, {O_DSYNC, "O_DSYNC"},
    {O_DIRECTORY, "O_DIRECTORY"}, {O_NOFOLLOW, "O_NOFOLLOW"}, {O_CLOEXEC, "O_CLOEXEC"},
    {O_PATH, "O_PATH"}, {O_DIRECT, "O_DIRECT"}, {O_NOATIME, "O_NOATIME"}, {0100000, "O_LARGEFILE"},
    {0, "O_RDONLY"},
};
static const struct name access_names[] = {
    {R_OK, "R_OK"}, {W_OK, "W_OK"}, {X_OK, "X_OK"}, {0, "F_OK"},
};
static const struct name at_names[] = {
    {AT_SYMLINK_NOFOLLOW, "AT_SYMLINK_NOFOLLOW"}, {AT_REMOVEDIR, "AT_REMOVEDIR"},
    {AT_SYMLINK_FOLLOW, "AT_SYMLINK_FOLLOW"}, {AT_NO_AUTOMOUNT, "AT_NO_AUTOMOUNT"},
    {AT_EMPTY_PATH, "AT_EMPTY_PATH"}, {0, "0"},
};
static const struct name clone_names[] = {
    {0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"}, {0x800, "CLONE_SIGHAND"},
    {0x1000, "CLONE_PIDFD"}, {0x4000, "CLONE_VFORK"}, {0x8000, "CLONE_PARENT"},
    {0x10000, "CLONE_THREAD"}, {0x20000, "CLONE_NEWNS"}, {0x40000, "CLONE_SYSVSEM"},
    {0x80000, "CLONE_SETTLS"}, {0x100000, "CLONE_PARENT_SETTID"},
    {0x200000, "CLONE_CHILD_CLEARTID"}, {0x1000000, "CLONE_CHILD_SETTID"},
    {0x10000000, "CLONE_NEWUSER"}, {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"},
    {SIGCHLD, "SIGCHLD"}, {0, "0"},
};
static const struct name fcntl_names[] = {
    {F_DUPFD, "F_DUPFD"}, {F_GETFD, "F_GETFD"}, {F_SETFD, "F_SETFD"}, {F_GETFL, "F_GETFL"},
    {F_SETFL, "F_SETFL"}, {F_GETLK, "F_GETLK"}, {F_SETLK, "F_SETLK"}, {F_SETLKW, "F_SETLKW"},
    {F_SETOWN, "F_SETOWN"}, {F_GETOWN, "F_GETOWN"}, {F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC"},
    {F_OFD_GETLK, "F_OFD_GETLK"}, {F_OFD_SETLK, "F_OFD_SETLK"}, {F_OFD_SETLKW, "F_OFD_SETLKW"},
    {F_SETPIPE_SZ, "F_SETPIPE_SZ"}, {F_GETPIPE_SZ, "F_GETPIPE_SZ"}, {0, NULL},
};
static const struct name clock_names[] = {
    {CLOCK_MONOTONIC, "CLOCK_MONOTONIC"}, {CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID"},
    {CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID"}, {CLOCK_BOOTTIME, "CLOCK_BOOTTIME"},
    {CLOCK_MONOTONIC_RAW, "CLOCK_MONOTONIC_RAW"}, {CLOCK_REALTIME_COARSE, "CLOCK_REALTIME_COARSE"},
    {CLOCK_MONOTONIC_COARSE, "CLOCK_MONOTONIC_COARSE"}, {0, "CLOCK_REALTIME"},
};
static const struct name whence_names[] = {
    {SEEK_CUR, "SEEK_CUR"}, {SEEK_END, "SEEK_END"}, {SEEK_DATA, "SEEK_DATA"},
    {SEEK_HOLE, "SEEK_HOLE"}, {0, "SEEK_SET"},
};

/* Bits by name, joined by "|"; the table ends with the name of 0. */
static void put_bits(struct line *l, uint64_t v, const struct name *n)
{
    const char *sep = "";

    if (!v) {
        while (n->value)
            n++;
        put(l, "%s", n->name);
        return;
    }
    for (; n->value; n++)
        if ((v & n->value) == n->value) {
            put(l, "%s%s", sep, n->name);
            v &= ~n->value;
            sep = "|";
        }
    if (v)
        put(l, "%s%#llx", sep, (unsigned long long)v);
}

static void put_one(struct line *l, uint64_t v, const struct name *n)
{
    while (n->value && n->value != v)
        n++;
    if (n->value == v && n->name)
        put(l, "%s", n->name);
    else
        put(l, "%lld", (long long)v);
}

/* --- arguments ------------------------------------------------------------------------------- */

static void put_text(struct line *l, const char *s, size_t n, bool more)
{
    put(l, "\"");
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\n')
            put(l, "\\n");
        else if (c == '\t')
            put(l, "\\t");
        else if (c == '"' || c == '\\')
            put(l, "\\%c", c);
        else if (isprint(c))
            put(l, "%c", c);
        else
            put(l, "\\%o", c);
    }
    put(l, more ? "\"..." : "\"");
}

static void put_string(struct line *l, struct thread *t, uint64_t addr)
{
    char s[PATH_MAX];
    long n = user_string(t->p, addr, s, sizeof(s));

    if (!addr)
        put(l, "NULL");
    else if (n < 0)
        put(l, "%#llx", (unsigned long long)addr);
    else
        put_text(l, s, n > 512 ? 512 : (size_t)n, n > 512);
}

static void put_bytes(struct line *l, struct thread *t, uint64_t addr, uint64_t len)
{
    char s[STRING_MAX];
    size_t n = len > STRING_MAX ? STRING_MAX : len;

    if (!addr)
        put(l, "NULL");
    else if (user_read(t->p, s, addr, n))
        put(l, "%#llx", (unsigned long long)addr);
    else
        put_text(l, s, n, len > STRING_MAX);
}

static void put_arg(struct line *l, struct thread *t, char letter, const uint64_t *a,
                    int64_t result)
{
    struct timespec ts;

    switch (letter) {
    case 'd': put(l, "%d", (int)*a); break;
    case 'u': put(l, "%u", (unsigned)*a); break;
    case 'l': put(l, "%lld", (long long)*a); break;
    case 'z': put(l, "%llu", (unsigned long long)*a); break;
    case 'o': put(l, "0%o", (unsigned)*a); break;
    case 's': put_string(l, t, *a); break;
    case 'b': put_bytes(l, t, *a, a[1]); break;
    case 'r':
        if (result < 0)
            put(l, "%#llx", (unsigned long long)*a);
        else
            put_bytes(l, t, *a, (uint64_t)result);
        break;
    case 't':
        if (!*a || user_read(t->p, &ts, *a, sizeof(ts)))
            put(l, *a ? "%#llx" : "NULL", (unsigned long long)*a);
        else
            put(l, "{%lld,%ld}", (long long)ts.tv_sec, ts.tv_nsec);
        break;
    case 'f':
        if ((int)*a == AT_FDCWD)
            put(l, "AT_FDCWD");
        else
            put(l, "%d", (int)*a);
        break;
    case 'O': {
        unsigned flags = (unsigned)t->p->abi->open_flags_to_host((int)*a);
        if (flags && !(flags & O_ACCMODE))
            put(l, "O_RDONLY|");
        put_bits(l, flags, open_names);
        break;
    }
    case 'P': put_bits(l, *a, prot_names); break;
    case 'M': put_bits(l, *a, map_names); break;
    case 'A': put_bits(l, (unsigned)*a, access_names); break;
    case 'T': put_bits(l, (unsigned)*a, at_names); break;
    case 'C': put_bits(l, *a, clone_names); break;
    case 'F': put_one(l, (unsigned)*a, fcntl_names); break;
    case 'K': put_one(l, (unsigned)*a, clock_names); break;
    case 'W': put_one(l, (unsigned)*a, whence_names); break;
    case 'S': put(l, "%s", signal_name((int)*a)); break;
    default: /* p x I */
        if (!*a && letter == 'p')
            put(l, "NULL");
        else
            put(l, "%#llx", (unsigned long long)*a);
    }
}

static void put_call(struct line *l, struct thread *t, const struct sysent *s, uint64_t nr,
                     const uint64_t *a, int64_t result, unsigned from, unsigned to)
{
    if (from == 0) {
        put(l, "%d ", (int)t->tid);
        if (s)
            put(l, "%s(", s->name);
        else
            put(l, "syscall_%llu(", (unsigned long long)nr);
    }
    const char *f = s ? s->format : "xxxxxx";
    for (unsigned i = from; f[i] && i < to; i++) {
        if (i)
            put(l, ",");
        put_arg(l, t, f[i], &a[i], result);
    }
}

/* Arguments up to the first that is known only afterwards. */
static unsigned known_before(const struct sysent *s)
{
    return s ? (unsigned)strcspn(s->format, "r") : 6;
}

/* The first half is written at once where the call may never return or wait for long. */
static bool early(const struct sysent *s)
{
    return s && (s->blocks || !strncmp(s->name, "exec", 4) || !strncmp(s->name, "exit", 4) ||
                 !strncmp(s->name, "clone", 5) || strstr(s->name, "kill"));
}

/* Calls that don't come back when they succeed: the line is ended at once. */
static bool leaves(const struct sysent *s)
{
    return s && (!strncmp(s->name, "exit", 4) || !strncmp(s->name, "exec", 4));
}

void strace_enter(struct thread *t, uint64_t nr, const uint64_t *a)
{
    const struct sysent *s = syscall_row(t->p->abi, nr);
    struct line l = { .n = 0 };

    if (!early(s))
        return;
    put_call(&l, t, s, nr, a, -1, 0, known_before(s));
    if (leaves(s))
        put(&l, ")\n");
    else if (t->p->nthreads > 1)
        put(&l, " <unfinished ...>\n");
    flush(&l);
}

void strace_leave(struct thread *t, uint64_t nr, const uint64_t *a, int64_t r)
{
    const struct sysent *s = syscall_row(t->p->abi, nr);
    struct line l = { .n = 0 };
    unsigned i = early(s) && !leaves(s) && t->p->nthreads < 2 ? known_before(s) : 0;

    put_call(&l, t, s, nr, a, r, i, 6);
    if (r < 0 && r > -512)
        put(&l, ") = -1 errno=%d (%s)", (int)-r, strerror((int)-r));
    else if (r == -SYS_KEEP_REGS)
        put(&l, ")");
    else if (r <= -512 && r >= -SYS_KEEP_REGS)
        put(&l, ") = ? (interrupted)");
    else if (r > 0xffff || (s && strpbrk(s->format, "P")))
        put(&l, ") = %#llx", (unsigned long long)r);
    else
        put(&l, ") = %lld", (long long)r);
    if (s && s->reason)
        put(&l, " [%s]", s->reason);
    put(&l, "\n");
    flush(&l);
}

void strace_signal(struct thread *t, const siginfo_t *si)
{
    struct line l = { .n = 0 };

    put(&l, "--- %s {si_signo=%s, si_code=%d", signal_name(si->si_signo), signal_name(si->si_signo),
        si->si_code);
    if (si->si_code > 0 && (si->si_signo == SIGSEGV || si->si_signo == SIGBUS ||
                            si->si_signo == SIGILL || si->si_signo == SIGFPE ||
                            si->si_signo == SIGTRAP))
        put(&l, ", si_addr=%#llx", (unsigned long long)(uintptr_t)si->si_addr);
    else if (si->si_code <= 0 || si->si_signo == SIGCHLD)
        put(&l, ", si_pid=%d, si_uid=%u", (int)si->si_pid, (unsigned)si->si_uid);
    put(&l, "} ---\n");
    flush(&l);
}
