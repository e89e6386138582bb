/*
 * myna: starts a foreign program and runs it.
 *
 * Order: options, the program's file, its ELF header (which names the guest), memory, engine, CPU
 * state, signals; then cpu_loop answers what translated code leaves for. Nothing is computed before
 * it is needed: most programs are short.
 *
 * Exit statuses for what never started: 127 no such program, 126 it can't be run, 1 bad usage or no
 * resources. Called as myna-NAME it takes programs of that guest alone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "command.h"
#include "gdb/gdb.h"
#include "guest_process.h"
#include "guest_signal.h"
#include "mem.h"
#include "options.h"
#include "path.h"

/* Host address of guest address 0 unless -B says otherwise (configure --enable-asan sets it). */
#ifndef MYNA_GUEST_BASE
#define MYNA_GUEST_BASE 0
#endif

#ifndef MYNA_GUEST_BASE /* where sanitizers take the low addresses for themselves it isn't 0 */
#define MYNA_GUEST_BASE 0
#endif
#ifndef AT_FLAGS_PRESERVE_ARGV0
#define AT_FLAGS_PRESERVE_ARGV0 1
#endif

/* --- the program ----------------------------------------------------------------------------- */

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The abi named by myna's own name (myna-aarch64), or NULL. */
static bool called_as(const char *self, const struct abi *abi)
{
    const char *dash = strrchr(last_name(self), '-');

    return !dash || !strcmp(dash + 1, abi->guest->name) ||
           (strcmp(dash + 1, "aarch64") && strcmp(dash + 1, "riscv64") &&
            strcmp(dash + 1, "x86_64") && strcmp(dash + 1, "i386"));
}

/* With a full table of descriptors there is room until the program runs. */
static struct rlimit full_table;
static bool is_full_table;

static int open_with_room(const char *host)
{
    int fd = open(host, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == EMFILE && exec_more_descriptors(&full_table)) {
        is_full_table = true;
        fd = open(host, O_RDONLY | O_CLOEXEC);
    }
    return fd;
}

static int open_program(struct process *p, const char *name, const char **host, char *buf)
{
    char why[256];
    int fd = -1;

    *host = path_host(p, name, buf);
    errno = 0;
    unsigned long execfd = getauxval(AT_EXECFD); /* binfmt_misc's flag O */
    if (execfd || !errno)
        fd = (int)execfd;
    else
        fd = open_with_room(*host);
    if (fd < 0)
        user_die(errno == ENOENT || errno == ENOTDIR ? 127 : 126, "%s: %s", name, strerror(errno));
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        user_die(126, "%s: is a directory", name);
    p->abi = elf_recognise(fd, why, sizeof(why));
    if (!p->abi)
        user_die(126, "%s: %s", name, why);
    p->guest = p->abi->guest;
    return fd;
}

static const char *real_name(int fd, const char *name)
{
    char link[32], buf[PATH_MAX];

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, buf, sizeof(buf) - 1);
    if (n <= 0)
        return name;
    buf[n] = 0;
    char *copy = strdup(buf);
    return copy ? copy : name;
}

/* Sizes that a limit of the stack is taken for when it is none or next to nothing. */
#define MOST_STACK (64ull << 30)
#define LEAST_STACK (256ull << 10)

static uint64_t default_stack(void)
{
    struct rlimit lim;

    if (getrlimit(RLIMIT_STACK, &lim) < 0)
        return 8 << 20;
    if (lim.rlim_cur > MOST_STACK)
        return MOST_STACK;
    return lim.rlim_cur < LEAST_STACK ? LEAST_STACK : PAGE_UP(lim.rlim_cur);
}

static void list_models(const struct guest *g)
{
    g->print_cpus(stdout);
    exit(0);
}

static void choose_model(struct process *p, const struct options *o)
{
    static struct cpu_model chosen;
    char err[256];

    if (!o->cpu)
        p->model = &p->guest->models[0];
    else if (p->guest->parse_cpu(o->cpu, &chosen, err, sizeof(err)) < 0)
        user_die(1, "option -cpu: %s", err);
    else
        p->model = &chosen;
}

static void start_memory(struct process *p, const struct options *o)
{
    p->mm = mm_new();
    if (!p->mm)
        user_die(1, "no memory");
    p->guest_base = PAGE_DOWN(o->guest_base ? o->guest_base : MYNA_GUEST_BASE);
    if (p->guest_base >= MM_HOST_LIMIT)
        user_die(1, "option -B: address %#llx is not one of the host's",
                 (unsigned long long)o->guest_base);
    if (p->guest_base) {
        p->mm->limit -= p->guest_base;
        if (p->mm->high > p->mm->limit)
            p->mm->high = p->mm->limit;
    }
    if (o->reserved) {
        int r = o->reserved > p->mm->limit ? -ENOMEM : mm_reserve(p, o->reserved);
        if (r < 0)
            user_die(1, "option -R: %#llx bytes can't be reserved: %s",
                     (unsigned long long)o->reserved, strerror(-r));
    }
}

static void start_engine(struct process *p, const struct options *o)
{
    struct engine_config c = {
        .guest = p->guest, .model = p->model, .cache_size = o->cache_size, .interp = o->interp,
        .tier2_always = o->tier2_always,
        .one_insn = o->one_insn, .precise = o->gdb, .perfmap = o->perfmap,
        .stress = o->stress, .without = o->without, .host_features = o->host_features,
        .max_blocks = (unsigned)o->region_blocks,
        .fetch = user_fetch, .flushed = user_flushed, .lock = user_lock, .unlock = user_unlock,
        .owner = p, .persist_dir = o->persist_dir, .persist_size = o->persist_size,
        .persist_name = last_name(p->exe), .persist_gs = p->guest_base != 0, .read = user_copy,
    };
    char err[256] = "no memory";

    if (o->region_blocks > 16)
        user_die(1, "option -region-blocks: 1 to 16");
    p->engine = engine_new(&c, err, sizeof(err));
    if (!p->engine)
        user_die(1, "the translator can't start: %s", err);
}

static struct thread *start_thread(struct process *p, uint64_t sp)
{
    static struct thread first;
    struct thread *t = &first;

    t->p = p;
    t->tid = (pid_t)syscall(SYS_gettid);
    t->cpu = engine_cpu_new(p->engine, p->guest_base);
    if (!t->cpu)
        user_die(1, "no memory for the processor's state");
    t->cpu->env = t;
    thread_add(t);
    p->guest->reset(t->cpu, p->model);
    p->abi->start(t->cpu, p->mm->entry, sp);
    return t;
}

static void log_layout(const struct process *p)
{
    const struct mm *mm = p->mm;
    FILE *f = log_file ? log_file : stderr;

    fprintf(f, "guest_base %#llx\nstart-end            prot\n", (unsigned long long)p->guest_base);
    for (const struct mapping *m = maptree_first(mm, 0); m; m = maptree_first(mm, m->end))
        fprintf(f, "%012llx-%012llx %c%c%c\n", (unsigned long long)m->start,
                (unsigned long long)m->end, m->prot & PROT_READ ? 'r' : '-',
                m->prot & PROT_WRITE ? 'w' : '-', m->prot & PROT_EXEC ? 'x' : '-');
    fprintf(f, "entry %#llx brk %#llx stack %#llx\n", (unsigned long long)mm->entry,
            (unsigned long long)mm->brk, (unsigned long long)mm->stack_start);
}

/* --- the run loop ---------------------------------------------------------------------------- */

static void fetch_fault(struct thread *t)
{
    struct cpu *cpu = t->cpu;
    struct mapping m;
    bool readable;

    if (cpu->leave_imm == 1)
        signal_force(t, SIGBUS, BUS_ADRALN, cpu->pc);
    else if (!mm_lookup_fetch(t, cpu->pc, &m, &readable))
        signal_force(t, SIGSEGV, SEGV_MAPERR, cpu->pc);
    else if (!(m.prot & PROT_EXEC))
        signal_force(t, SIGSEGV, SEGV_ACCERR, cpu->pc);
    else if (!readable)
        signal_force(t, SIGBUS, BUS_ADRERR, cpu->pc); /* past the end of the mapped file */
    /* else another thread has just mapped it: once more */
}

void cpu_loop(struct thread *t)
{
    struct cpu *cpu = t->cpu;

    for (;;) {
        switch (t->p->gdb ? gdb_run(t) : engine_run(t->p->engine, cpu)) {
        case IR_LEAVE_SYSCALL:
            syscall_run(t);
            break;
        case IR_LEAVE_FAULT:
            signal_force(t, (int)cpu->fault_signo, (int)cpu->fault_code, cpu->fault_addr);
            break;
        case IR_LEAVE_UNDEF:
            signal_force(t, SIGILL, ILL_ILLOPC, cpu->pc);
            break;
        case IR_LEAVE_BREAK:
            signal_force(t, SIGTRAP, TRAP_BRKPT, cpu->pc);
            break;
        case IR_LEAVE_FETCH:
            fetch_fault(t);
            break;
        case IR_LEAVE_GUEST:
            log_unimp("instruction at %#llx asks for what user mode doesn't have (%llu)",
                      (unsigned long long)cpu->pc, (unsigned long long)cpu->leave_imm);
            signal_force(t, SIGILL, ILL_ILLOPC, cpu->pc);
            break;
        case IR_LEAVE_DEBUG: /* gdb_run has dealt with it */
        case IR_LEAVE_POLL:
        case IR_LEAVE_FLUSH:
        case IR_LEAVE_ICINV:
        case IR_LEAVE_LOOKUP:
        case IR_LEAVE_LINK:
            break;
        }
        if (t->exiting)
            return;
        if (cpu->pending | t->restart)
            signal_deliver(t);
    }
}

/* --- main ------------------------------------------------------------------------------------ */

/* Started by binfmt_misc with flag P: argv is myna PATH ARGV0 ARGS... */
static bool from_binfmt(void)
{
    return getauxval(AT_FLAGS) & AT_FLAGS_PRESERVE_ARGV0;
}

void user_start(struct options *o, char **argv)
{
    static struct process process;
    struct process *p = &process;
    char buf[PATH_MAX], err[PATH_MAX + 256];
    const char *host, *name = *argv;
    int r;

    if (from_binfmt() && o->binfmt && argv[1])
        o->argv0 = *++argv;
    p->set_id = o->set_id;
    p->prefix = o->prefix;
    p->rooted = o->rooted && o->prefix;
    if (o->ids && !owner_parse(p, o->ids))
        user_die(1, "option -ids: '%s' is not a list of ids", o->ids);
    p->strace = o->strace;
    memcpy(p->strace_hidden, o->strace_hidden, sizeof(p->strace_hidden));
    p->backtrace = o->backtrace;
    p->uname_release = o->uname;
    p->stack_size = o->stack_size ? PAGE_UP(o->stack_size) : default_stack();
    if (o->kept_limits)
        exec_limits_take(p, o->kept_limits);
    p->stack_fixed = o->stack_size || p->stack_size < 1 << 20;
    if (p->stack_size < o->stack_size || p->stack_size > MM_HOST_LIMIT)
        user_die(1, "option -s: %#llx bytes are more than there can be",
                 (unsigned long long)o->stack_size);
    mm_limits_init();
    p->self_path = "/proc/thread-self/exe";
    if (o->self_fd > 2 && fcntl((int)o->self_fd, F_SETFD, FD_CLOEXEC) == 0)
        p->self_fd = fd_hide(p, (int)o->self_fd);
    if (path_init(p) < 0)
        user_die(1, "no memory");
    if (o->log_name || o->log_append) {
        const char *log = o->log_append ? o->log_append : o->log_name;
        r = log_open(p, log, o->log_append);
        if (r < 0)
            user_die(1, "option -D: %s: %s", log, strerror(-r));
        options_repeat_log(o, log);
    }
    p->self_args = o->repeat;
    p->n_self_args = o->nrepeat;
    if (p->prefix)
        path_set_prefix(p);

    int fd = open_program(p, name, &host, buf);
    if (!called_as(o->self, p->abi))
        user_die(126, "%s: a program for %s, but called as %s", name, p->guest->name,
                 last_name(o->self));
    choose_model(p, o);
    if (!o->cache_given)
        o->persist_dir = options_default_cache(o->env);
    if (o->set_id || o->gdb) /* a debugger's breakpoints are in no kept translation */
        o->persist_dir = NULL;
    start_memory(p, o);
    r = elf_load(p, fd, name, err, sizeof(err));
    if (r < 0)
        user_die(r == -ENOMEM ? 1 : r == -ENOENT ? 127 : 126, "%s", err);
    p->exe = real_name(fd, host);
    close(fd);
    p->argv0 = o->argv0 ? o->argv0 : *argv;
    *argv = (char *)p->argv0;
    const char *execfn = o->execfn ? o->execfn : name;
    if (o->execfn && sscanf(name, "/proc/self/fd/%d", &r) == 1)
        close(r); /* execve made it for us: a file without a name */
    prctl(PR_SET_NAME, last_name(execfn));
    int64_t sp = stack_build(p, argv, o->env, execfn);
    if (sp < 0)
        user_die(126, "%s: %s", name, strerror((int)-sp));
    start_engine(p, o);
    struct thread *t = start_thread(p, (uint64_t)sp);
    if (log_mask & LOG_PAGE)
        log_layout(p);
    if ((r = signal_init(p, t)) < 0)
        user_die(1, "signals can't be set up: %s", strerror(-r));
    if (p->backtrace)
        signal_debugged(p);
    if (o->watchdog && (r = watchdog_start(p, o->watchdog)) < 0)
        user_die(1, "option -watchdog: '%s': %s", o->watchdog, strerror(-r));
    if (o->gdb && (r = gdb_start(p, o->gdb, err, sizeof(err))) < 0)
        user_die(1, "option -g: %s", err);
    if (is_full_table)
        exec_less_descriptors(&full_table);
    cpu_loop(t);
    thread_end(t);
    abort();
}

int main(int argc, char **argv, char **envp)
{
    struct options o = { .set_id = getauxval(AT_SECURE) };
    const struct command *c = NULL;
    int at;

    /* myna-aarch64 stands for qemu-aarch64: each word is a program there */
    if (!from_binfmt() && !getauxval(AT_EXECFD) && argc > 1 && !strchr(last_name(argv[0]), '-'))
        c = command_find(argv[1]);
    if (c)
        return c->run(&o, argc - 1, argv + 1, envp);
    at = options_parse(&o, argc, argv, envp);
    o.binfmt = at == 1;
    if (o.cpu && !strcmp(o.cpu, "help"))
        list_models(&guest_aarch64);
    if (at >= argc)
        user_die(1, "no program given; -help lists the options");
    user_start(&o, argv + at);
}
