/*
 * -strace: system calls and signals as one line each, "PID name(arguments) = result", PID being the thread's. The frame
 * is qemu-user's, the arguments are worded as strace does (strace.def).
 *
 * The line is put together before it is written, so that processes sharing a terminal don't mix; of calls that don't
 * return (exit, execve) the first half is all there is. -strace=LIST shows only the calls of a list, and all signals.
 */
#include <fcntl.h>
#include <fnmatch.h>
#include <stdarg.h>
#include <sys/mman.h>
#include "strace.h"

void line_put(struct line *l, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    int n = vsnprintf(l->text + l->n, sizeof(l->text) - l->n, fmt, ap);
    va_end(ap);
    l->n = n < 0 || l->n + (size_t)n >= sizeof(l->text) ? sizeof(l->text) - 1 : l->n + (size_t)n;
}
#define put line_put

static void flush(struct line *l)
{
    FILE *f = log_file ? log_file : stderr;

    if (l->n == sizeof(l->text) - 1)
        l->text[l->n - 1] = '\n';
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

/* --- which calls ------------------------------------------------------------------------------ */

/* Calls of older architectures, and what does their work here. */
static const char *const older[][2] = {
    {"open", "openat"}, {"creat", "openat"}, {"stat", "newfstatat"}, {"lstat", "newfstatat"}, {"fstatat", "newfstatat"},
    {"access", "faccessat*"}, {"fork", "clone*"}, {"vfork", "clone*"}, {"pipe", "pipe2"}, {"dup2", "dup3"},
    {"mkdir", "mkdirat"}, {"rmdir", "unlinkat"}, {"unlink", "unlinkat"}, {"rename", "renameat*"}, {"link", "linkat"},
    {"symlink", "symlinkat"}, {"readlink", "readlinkat"}, {"chmod", "fchmodat*"}, {"chown", "fchownat"},
    {"lchown", "fchownat"}, {"mknod", "mknodat"}, {"poll", "ppoll"}, {"select", "pselect6"}, {"pselect", "pselect6"},
    {"epoll_wait", "epoll_pwait"}, {"epoll_create", "epoll_create1"}, {"send", "sendto"}, {"recv", "recvfrom"},
    {"waitpid", "wait4"}, {"getdents", "getdents64"}, {"eventfd", "eventfd2"}, {"signalfd", "signalfd4"},
    {"inotify_init", "inotify_init1"}, {"utimes", "utimensat"}, {"sigaction", "rt_sigaction"},
    {"sigprocmask", "rt_sigprocmask"}, {"pread", "pread64"}, {"pwrite", "pwrite64"}, {"umount", "umount2"},
};
enum { NCALLS = 512 };

/* Marks the calls that a pattern means. False: there are none. */
static bool mark(const struct abi *abi, const char *pattern, uint64_t set[8])
{
    bool any = false;

    for (unsigned nr = 0; nr < NCALLS; nr++) {
        const char *name = syscall_name(abi, nr);
        if (name && !fnmatch(pattern, name, 0)) {
            set[nr / 64] |= 1ull << nr % 64;
            any = true;
        }
    }
    for (size_t i = 0; !any && i < sizeof(older) / sizeof(*older); i++)
        if (!strcmp(older[i][0], pattern))
            return mark(abi, older[i][1], set);
    return any;
}

bool strace_select(uint64_t hidden[8], const struct abi *abi, const char *list)
{
    uint64_t set[8] = { 0 };
    bool all_but = *list == '!';

    list += all_but;
    do {
        char name[64];
        size_t n = strcspn(list, ",");
        if (n >= sizeof(name))
            return false;
        memcpy(name, list, n);
        name[n] = 0;
        if (!mark(abi, name, set))
            return false;
        list += n + (list[n] == ',');
    } while (*list);
    for (unsigned i = 0; i < 8; i++)
        hidden[i] = all_but ? set[i] : ~set[i];
    return true;
}

static bool shown(const struct thread *t, uint64_t nr)
{
    return nr >= NCALLS || !(t->p->strace_hidden[nr / 64] >> nr % 64 & 1);
}

/* --- arguments -------------------------------------------------------------------------------- */

#define BITS(kind) static void show_##kind(const struct strace_arg *x) \
    { names_put_bits(x->l, (unsigned)x->a[x->i], names_##kind); }
#define ONE(kind) static void show_##kind(const struct strace_arg *x) \
    { names_put_one(x->l, (unsigned)x->a[x->i], names_##kind); }
#define KIND(kind, when)
#define LETTER(letter, kind)
#define CALL(name, ...)
#include "strace.def"

enum kind {
    KIND_NONE,
#define BITS(kind) KIND_##kind,
#define ONE(kind) KIND_##kind,
#define KIND(kind, when) KIND_##kind,
#define LETTER(letter, kind)
#define CALL(name, ...)
#include "strace.def"
};

enum { BEFORE, AFTER };
static const struct strace_kind kinds[] = {
    { NULL, false },
#define BITS(kind) { show_##kind, false },
#define ONE(kind) { show_##kind, false },
#define KIND(kind, when) { show_##kind, when },
#define LETTER(letter, kind)
#define CALL(name, ...)
#include "strace.def"
};

static const uint8_t letters[128] = {
#define BITS(kind)
#define ONE(kind)
#define KIND(kind, when)
#define LETTER(letter, kind) [letter] = KIND_##kind,
#define CALL(name, ...)
#include "strace.def"
};

enum { /* the generic number of each call */
#define SYS(n, g, x, i, f, r) NR_##n = g,
#define PASS(n, g, x, i, f, r) NR_##n = g,
#define NONE(n, g, x, i, f, e, r) NR_##n = g,
#include "syscalls.def"
};

#define KINDS_1(a) KIND_##a
#define KINDS_2(a, ...) KIND_##a, KINDS_1(__VA_ARGS__)
#define KINDS_3(a, ...) KIND_##a, KINDS_2(__VA_ARGS__)
#define KINDS_4(a, ...) KIND_##a, KINDS_3(__VA_ARGS__)
#define KINDS_5(a, ...) KIND_##a, KINDS_4(__VA_ARGS__)
#define KINDS_6(a, ...) KIND_##a, KINDS_5(__VA_ARGS__)
#define COUNT(a, b, c, d, e, f, n, ...) KINDS_##n
#define KINDS(...) COUNT(__VA_ARGS__, 6, 5, 4, 3, 2, 1)(__VA_ARGS__)

static const uint8_t calls[NCALLS][6] = { /* by generic number */
#define BITS(kind)
#define ONE(kind)
#define KIND(kind, when)
#define LETTER(letter, kind)
#define CALL(name, ...) [NR_##name] = { KINDS(__VA_ARGS__) },
#include "strace.def"
};

/* How many arguments an operation of the futex call has. */
static unsigned futex_arguments(uint64_t op)
{
    switch (op & 127) {
    case 1: case 2: return 3;   /* WAKE, FD */
    case 7: case 8: return 2;   /* UNLOCK_PI, TRYLOCK_PI */
    case 0: case 6: case 13: return 4; /* WAIT, LOCK_PI */
    case 3: return 5;           /* REQUEUE */
    }
    return 6;
}

const struct strace_kind *strace_kind_of(const struct sysent *s, unsigned nr, const uint64_t *a, unsigned i)
{
    const char *f = s ? s->format : "xxxxxx";

    if (i >= 6 || i >= strlen(f) || (s && nr == NR_futex && i >= futex_arguments(a[1])))
        return NULL;
    if (s && nr < NCALLS && calls[nr][i])
        return &kinds[calls[nr][i]];
    return &kinds[letters[f[i] & 127] ? letters[f[i] & 127] : KIND_hex];
}

static void put_arguments(struct line *l, struct thread *t, const struct sysent *s, uint64_t nr,
                          const uint64_t *a, int64_t result, unsigned from, unsigned to)
{
    struct strace_arg x = { l, t, a, 0, result };
    const struct strace_kind *k;

    for (x.i = from; x.i < to && (k = strace_kind_of(s, (unsigned)nr, a, x.i)); x.i++) {
        size_t before = l->n + 1;
        if (x.i)
            put(l, ",");
        k->show(&x);
        if (x.i && l->n == before) /* it has no such argument */
            l->n--;
    }
}

/* Arguments up to the first that is known only afterwards. */
static unsigned known_before(const struct sysent *s, uint64_t nr, const uint64_t *a)
{
    const struct strace_kind *k;
    unsigned i = 0;

    while ((k = strace_kind_of(s, (unsigned)nr, a, i)) && !k->after)
        i++;
    return k ? i : 6;
}

/* The first half is written at once where the call may never return or wait for long. */
static bool early(const struct sysent *s)
{
    return s && (s->blocks || !strncmp(s->name, "exec", 4) || !strncmp(s->name, "exit", 4) ||
                 strstr(s->name, "kill"));
}

/* Calls that don't come back when they succeed: the line is ended at once. */
static bool leaves(const struct sysent *s)
{
    return s && (!strncmp(s->name, "exit", 4) || !strncmp(s->name, "exec", 4));
}

/* A process with threads or children shares its log: its lines are written whole. */
static bool alone(const struct thread *t)
{
    return t->p->nthreads < 2 && !t->p->strace_shared;
}

/* The arguments are put down as they are before the call, which may write where they point. */
void strace_enter(struct thread *t, uint64_t nr, const uint64_t *a)
{
    const struct sysent *s = syscall_row(t->p->abi, nr);
    struct line *l = t->strace_line;

    if (!shown(t, nr))
        return;
    if (!l) { /* not from malloc: a fork may have caught its lock */
        l = mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (l == MAP_FAILED)
            return;
        t->strace_line = l;
    }
    l->n = 0;
    if (nr == NR_clone || nr == NR_clone3)
        t->p->strace_shared = true;
    t->strace_from = known_before(s, nr, a);
    put(l, "%d ", (int)t->tid);
    if (s)
        put(l, "%s(", s->name);
    else
        put(l, "syscall_%llu(", (unsigned long long)nr);
    put_arguments(l, t, s, nr, a, -1, 0, t->strace_from);
    if (early(s)) {
        size_t n = l->n;
        bool whole = leaves(s) || !alone(t);
        if (whole)
            put(l, leaves(s) ? ")\n" : " <unfinished ...>\n");
        flush(l);
        l->n = whole ? n : 0;
    }
}

void strace_leave(struct thread *t, uint64_t nr, const uint64_t *a, int64_t r)
{
    const struct sysent *s = syscall_row(t->p->abi, nr);
    struct line *l = t->strace_line;

    if (!shown(t, nr) || !l || (r == -SYS_KEEP_REGS && (nr == NR_clone || nr == NR_clone3))) /* the child */
        return;
    put_arguments(l, t, s, nr, a, r, t->strace_from, 6);
    if (r < 0 && r > -512)
        put(l, ") = -1 errno=%d (%s)", (int)-r, strerror((int)-r));
    else if (r == -SYS_KEEP_REGS)
        put(l, ")");
    else if (r <= -512 && r >= -SYS_KEEP_REGS)
        put(l, ") = ? (interrupted)");
    else if (s && (nr == NR_mmap || nr == NR_mremap || nr == NR_brk || nr == NR_shmat))
        put(l, ") = %#llx", (unsigned long long)r);
    else
        put(l, ") = %lld", (long long)r);
    if (nr == NR_ppoll && r > 0)
        strace_poll_result(&(struct strace_arg){ l, t, a, 0, r });
    if (s && s->reason)
        put(l, " [%s]", s->reason);
    put(l, "\n");
    flush(l);
}

void strace_thread_end(struct thread *t)
{
    if (t->strace_line)
        munmap(t->strace_line, sizeof(*t->strace_line));
}

/* Codes of a signal that the kernel raises for a fault or a child. */
static const char *code_name(const siginfo_t *si)
{
    static const char *const segv[] = { NULL, "SEGV_MAPERR", "SEGV_ACCERR" };
    static const char *const bus[] = { NULL, "BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR" };
    static const char *const ill[] = { NULL, "ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC" };
    static const char *const fpe[] = { NULL, "FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND",
                                       "FPE_FLTRES", "FPE_FLTINV" };
    static const char *const trap[] = { NULL, "TRAP_BRKPT", "TRAP_TRACE" };
    static const char *const cld[] = { NULL, "CLD_EXITED", "CLD_KILLED", "CLD_DUMPED", "CLD_TRAPPED", "CLD_STOPPED",
                                       "CLD_CONTINUED" };
    const struct { int signo; const char *const *names; int n; } tables[] = {
        {SIGSEGV, segv, 3}, {SIGBUS, bus, 4}, {SIGILL, ill, 6}, {SIGFPE, fpe, 8}, {SIGTRAP, trap, 3}, {SIGCHLD, cld, 7},
    };

    switch (si->si_code) {
    case SI_USER: return "SI_USER";
    case SI_TKILL: return "SI_TKILL";
    case SI_QUEUE: return "SI_QUEUE";
    case SI_TIMER: return "SI_TIMER";
    case SI_KERNEL: return "SI_KERNEL";
    case SI_MESGQ: return "SI_MESGQ";
    case SI_ASYNCIO: return "SI_ASYNCIO";
    }
    for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++)
        if (tables[i].signo == si->si_signo && si->si_code > 0 && si->si_code < tables[i].n)
            return tables[i].names[si->si_code];
    return NULL;
}

void strace_signal(struct thread *t, const siginfo_t *si)
{
    struct line l = { .n = 0 };

    put(&l, "%d --- %s {si_signo=%s, si_code=", (int)t->tid, signal_name(si->si_signo), signal_name(si->si_signo));
    if (code_name(si))
        put(&l, "%s", code_name(si));
    else
        put(&l, "%d", si->si_code);
    if (si->si_code > 0 && (si->si_signo == SIGSEGV || si->si_signo == SIGBUS ||
                            si->si_signo == SIGILL || si->si_signo == SIGFPE ||
                            si->si_signo == SIGTRAP))
        put(&l, ", si_addr=%#llx", (unsigned long long)(uintptr_t)si->si_addr);
    else if (si->si_code <= 0 || si->si_signo == SIGCHLD)
        put(&l, ", si_pid=%d, si_uid=%u", (int)si->si_pid, (unsigned)si->si_uid);
    if (si->si_signo == SIGCHLD && si->si_code == CLD_EXITED)
        put(&l, ", si_status=%d", si->si_status);
    else if (si->si_signo == SIGCHLD && si->si_code > 0)
        put(&l, ", si_status=%s", signal_name(si->si_status));
    put(&l, "} ---\n");
    flush(&l);
}
