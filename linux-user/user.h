/*
 * linux-user: a foreign Linux program as an ordinary process of the host.
 *
 * One struct process holds whatever a guest process owns: memory map, descriptors' notes, signal
 * table, names. One struct thread holds what a guest thread owns; it runs in one host thread. All
 * process-scoped state hangs off struct process, so that a child that shares memory but not the
 * rest may get a process of its own.
 *
 * Results of system calls are those of the kernel: >= 0 or -errno. Codes below -511 are the
 * kernel's internal ones and never reach the guest.
 *
 * Guest address + p->guest_base = host address. Guest pages with PROT_EXEC are only readable on the
 * host.
 */
#ifndef MYNA_USER_H
#define MYNA_USER_H

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <ucontext.h>

#include "exec.h"

enum { GUEST_PAGE = 4096, GUEST_PAGE_MASK = GUEST_PAGE - 1 };
#define PAGE_UP(x) (((x) + GUEST_PAGE_MASK) & ~(uint64_t)GUEST_PAGE_MASK)
#define PAGE_DOWN(x) ((x) & ~(uint64_t)GUEST_PAGE_MASK)

/* Internal results of system call handlers; signal_deliver turns them into EINTR or a restart. */
enum {
    SYS_RESTARTSYS = 512,      /* restart if no handler runs or it has SA_RESTART, else EINTR */
    SYS_RESTARTNOINTR = 513,   /* restart always: the call has not begun */
    SYS_RESTARTNOHAND = 514,   /* restart if no handler runs, else EINTR */
    SYS_RESTARTBLOCK = 516,    /* the same, through restart_syscall */
    SYS_KEEP_REGS = 600        /* the handler has set all guest registers (rt_sigreturn) */
};

enum { UNWIND_REGS = 33 };

struct process;
struct thread;
struct sigtable; /* signal.c */

/* ---------------------------------------------------------------- guest ABI */

/* What differs between guests; one constant per guest, in linux-user/<isa>/. */
struct abi {
    const struct guest *guest;
    const char *machine;      /* uname -m */
    const char *platform;     /* AT_PLATFORM */
    const char *sysroot;      /* an example for messages: where Debian puts the cross libraries */
    unsigned column;          /* of syscalls.def: 0 generic, 1 x86_64, 2 i386 */
    unsigned insn_len;        /* of the system call instruction, bytes */
    unsigned minsigstksz;     /* AT_MINSIGSTKSZ */
    unsigned stat_size;       /* bytes of struct stat */
    /* System call number and six arguments. */
    uint64_t (*syscall_get)(struct cpu *cpu, uint64_t args[6]);
    void (*syscall_result)(struct cpu *cpu, uint64_t value);
    /* Back on the system call instruction with its first argument as it was. */
    void (*syscall_rewind)(struct cpu *cpu, uint64_t nr, uint64_t arg0);
    uint64_t (*get_sp)(struct cpu *cpu);
    /* Registers of a child after clone: result 0; sp unless 0; the thread pointer unless NULL. */
    void (*clone_child)(struct cpu *cpu, uint64_t sp, const uint64_t *tls);
    void (*start)(struct cpu *cpu, uint64_t entry, uint64_t sp); /* registers at process start */
    /* Next frame of the frame pointer chain: false at its end. fp: in/out; pc: out. */
    bool (*frame_next)(struct process *p, uint64_t *fp, uint64_t *pc);
    uint64_t (*get_fp)(struct cpu *cpu);
    uint64_t (*get_lr)(struct cpu *cpu);
    /* Registers by their DWARF numbers (unwind.c): fills in those of cpu, returns which are known; the numbers of
     * stack pointer and frame pointer; an address out of a return address that may be signed. */
    uint64_t (*unwind_start)(struct cpu *cpu, uint64_t regs[UNWIND_REGS]);
    unsigned unwind_sp, unwind_fp;
    uint64_t (*return_address)(uint64_t signed_address);
    void (*hwcap)(const struct cpu_model *m, uint64_t hwcap[2]);
    int (*open_flags_to_host)(int guest);
    int (*open_flags_from_host)(int host);
    char *(*cpuinfo)(struct process *p, size_t *len); /* text of /proc/cpuinfo, malloc'd */
    uint64_t (*cpu_id)(const struct process *p);      /* MIDR_EL1 */
    /* New random pointer authentication keys: bits of PR_PAC_RESET_KEYS, 0 all, ~0 only asks. 0, or
     * -EINVAL for a processor without them or unknown bits. NULL: never. */
    int (*reset_keys)(struct cpu *cpu, uint64_t which);
    /* An address as system calls on mappings take it, and others after PR_SET_TAGGED_ADDR_CTRL. NULL: there are no
     * tags. */
    uint64_t (*untag)(uint64_t addr);
    const struct gdb_target *gdb;  /* registers as a debugger sees them (gdb/gdb.h) */
    /* The guest's struct stat at out, stat_size bytes (at most 256). */
    void (*stat_from_host)(const struct stat *st, void *out);
    /* Mode, size and device number out of one. */
    void (*stat_to_host)(const void *in, struct stat *st);
};
extern const struct abi abi_aarch64;

/* --------------------------------------------------------------- the process */

/* One range of guest memory with equal properties (mem.c). */
struct mapping {
    uint64_t start, end;   /* guest addresses, whole pages */
    uint8_t prot;          /* guest's PROT_ bits */
    bool shared, anonymous;
    bool shm;              /* a System V segment: ino = identifier + 1 */
    bool grows;            /* MAP_GROWSDOWN, by the host's kernel */
    bool noexec;           /* of a file that can't be mapped executable */
    bool exec_seen;        /* code may have been translated from it */
    uint64_t dev, ino;     /* of a file mapping; anonymous and shared: ino is a number of its own */
    uint64_t offset;       /* of start in the file */
};

struct mm {
    pthread_mutex_t lock;   /* for all below; taken before the engine's own */
    struct thread *holder;  /* who has it */
    struct map_node *nodes; /* the map (maptree.c) */
    uint32_t root, free, used, cap;
    uint64_t low, high;    /* placement zone: guest addresses [low, high) */
    uint64_t limit;        /* first address that can't be mapped */
    bool read_implies_exec; /* of personality(2) */
    bool userfaults;        /* there has been a userfaultfd: an access may wait */
    bool reserved;         /* -R: [0, limit) is one range of the host */
    uint64_t total, data;  /* bytes mapped; of them private and writable, no stack */
    uint32_t nstacks;      /* mappings that grow */
    uint32_t nalias;       /* shared mappings with code: it may be flushed by another address */
    uint64_t nshared;      /* anonymous shared ones made so far */
    bool exec_anywhere;    /* the program is where the host would run none: no difference is made */
    int lock_future;       /* mlockall(MCL_FUTURE): MCL_FUTURE, MCL_ONFAULT or 0 */
    uint64_t brk_start, brk;
    uint64_t stack_low, stack_high;
    uint64_t sigpage;      /* vDSO: guest address of its ELF header, 0 if none */
    uint64_t exe_base, interp_base, exe_entry, phdr, phnum, entry; /* of the loaded program */
    uint64_t code_start, code_end, data_start, data_end, stack_start;
    bool exec_stack;
    uint64_t arg_start, arg_end, env_start, env_end, auxv, auxv_len; /* on the stack */
};

/* Ids that the host hasn't got (owner.c): real, effective, saved, and of the file system. */
enum { OWNER_GROUPS = 64 };
struct owner_ids { uint32_t r, e, s, f; };
struct owner {
    bool on;               /* else ids are the host's, and nothing here counts */
    struct owner_ids uid, gid;
    unsigned ngroups;
    uint32_t groups[OWNER_GROUPS];
};

struct process {
    const struct abi *abi;
    const struct guest *guest;
    const struct cpu_model *model;
    struct engine *engine;
    uint64_t guest_base;
    struct mm *mm;
    struct sigtable *sig;      /* signal.c */
    const char *exe;           /* absolute path of the guest program, as the guest sees it */
    const char *argv0;
    const char *prefix;        /* -L, no trailing slash; NULL: none */
    bool prefix_gone;          /* the guest has changed its root: the prefix is in the old one (path.c) */
    bool rooted;               /* prefix is a root of its own (rootname.c), not an overlay */
    const char *uname_release; /* -r; NULL: the host's */
    char **self_args;          /* options that execve repeats for the next myna; NULL-terminated */
    unsigned n_self_args;
    const char *self_path;     /* path by which myna can be executed: "/proc/self/exe" */
    int self_fd;               /* the same as a descriptor, where there may be no /proc; 0: none */
    uint64_t stack_size;       /* bytes the first stack may have */
    bool stack_fixed;          /* it doesn't grow to that by and by */
    struct owner owner;
    bool set_id;               /* set-id process: environment is not believed */
    bool tagged;               /* system calls take tagged addresses */
    bool strace;
    bool strace_shared;        /* it has children: its log is theirs too */
    uint64_t strace_hidden[8]; /* system calls that it doesn't show, by number */
    bool backtrace;            /* a fatal signal shows the stack */
    void *fds;                 /* notes about descriptors (fd.c) */
    void *paths;               /* what is known of the prefix (path.c) */
    char missing_library[64];  /* name of the .so file that the last open didn't find, or "" */
    void *proc;                /* children, pidfds (proc.c) */
    struct procmem *procmem;   /* its mem and pagemap are or were open (procmem.c) */
    void *rings;               /* io_uring's (uring.c) */
    struct thread *threads;    /* all of its threads (thread.c), under threads_lock */
    unsigned nthreads;
    bool threaded;             /* there have been host threads besides the first */
    pthread_mutex_t threads_lock;
    struct gdb *gdb;           /* a debugger may attach (gdb/gdb.h), or NULL */
    struct watchdog *watchdog; /* or NULL (watchdog.c) */
};

struct thread {
    struct cpu *cpu;           /* cpu->env points back here */
    struct process *p;
    pid_t tid;
    struct thread *next;       /* of p->threads */
    uint64_t clear_child_tid;  /* guest address, 0 if none */
    uint64_t robust_list;      /* guest address of its head, 0 if none */
    bool has_pthread;          /* made by pthread_create: ends by returning from cpu_loop */
    bool exiting;              /* cpu_loop shall return */
    uint32_t *vfork_done;      /* CLONE_VFORK with CLONE_THREAD: word of the waiting parent */
    void *exec_buf;            /* execve's arrays; a vfork child leaves them to its parent */
    size_t exec_len;
    /* the system call in progress; restart is a SYS_RESTART code or 0 */
    uint64_t sys_nr, sys_arg0;
    bool in_syscall;
    unsigned restart;
    /* signals (signal.c) */
    uint64_t sig_mask;         /* guest's blocked signals, bit signo - 1 */
    uint64_t sig_temp_mask;    /* in force instead during sigsuspend, ppoll ...: sig_has_temp */
    bool sig_has_temp;
    struct { uint64_t sp, size; uint32_t flags; } altstack;
    void *sig;                 /* struct thread_signals (guest_signal.h) */
    struct line *strace_line;  /* the call at hand as far as it is put down (strace.c) */
    unsigned strace_from;      /* the argument that comes next */
    struct gdb_thread *gdb;    /* what the debugger's stub knows of it, or NULL */
};
static inline struct thread *thread_of(struct cpu *cpu) { return (struct thread *)cpu->env; }

/* -------------------------------------------------------------- guest memory */

/* Host address of a guest address. With a guest base, what is outside the guest's address space
 * becomes an address that the host refuses (EFAULT) too. */
static inline void *g2h(const struct process *p, uint64_t addr)
{
    if (__builtin_expect(p->tagged, 0))
        addr = p->abi->untag(addr);
    if (p->guest_base && addr >= p->mm->limit)
        return (void *)(1ull << 63);
    return (void *)(uintptr_t)(addr + p->guest_base);
}

/* Are the guest's addresses inside structures others than the host's? */
static inline bool user_converts(const struct process *p) { return p->guest_base || p->tagged; }

/* Copies between guest and host memory. 0, or -EFAULT if part of the range is not accessible (what
 * could be copied was). A bad address never harms. */
int user_read(const struct process *p, void *to, uint64_t from, size_t n);
int user_write(const struct process *p, uint64_t to, const void *from, size_t n);
int user_fill(const struct process *p, uint64_t to, uint8_t byte, size_t n);
/* Copies a string with its NUL into buf. Its length, -EFAULT, or -ENAMETOOLONG if it doesn't
 * fit. */
long user_string(const struct process *p, uint64_t from, char *buf, size_t size);
/* For handlers of synchronous signals: if the fault happened inside the copy functions above, makes
 * them return -EFAULT and returns true. Call it before engine_fault. */
bool user_fault_fixup(ucontext_t *uc);
/* Guest's iovec array as host iovecs, in local (UIO_FASTIOV entries) or malloc'd memory: free it by
 * user_iov_free. Number of entries or -errno. */
int user_iov(const struct process *p, uint64_t addr, uint64_t count, struct iovec *local,
             struct iovec **out);
void user_iov_free(struct iovec *local, struct iovec *iov);
enum { USER_FASTIOV = 16 };

/* ------------------------------------------------------------------- mem.c */

struct mm *mm_new(void);
/* What changes the map or looks at it holds its lock: the system calls and callbacks below do, the
 * mm_ functions expect it. Before there is a second thread nobody needs it. */
void mm_lock(struct thread *t);
void mm_unlock(struct thread *t);
/* A copy of the mapping that contains addr, by a caller without the lock. False: there is none. */
bool mm_lookup(struct thread *t, uint64_t addr, struct mapping *m);
/* The same; *readable: is there memory behind it (a file may end before)? Both as they were at one moment. */
bool mm_lookup_fetch(struct thread *t, uint64_t addr, struct mapping *m, bool *readable);
/* The mapping that contains addr or NULL. mm_next: start of the first one at or above addr, or
 * ~0. */
uint64_t mm_next(const struct mm *mm, uint64_t addr);
const struct mapping *mm_find(const struct mm *mm, uint64_t addr);
/* Is [addr, addr + len) all mapped with at least prot? */
bool mm_check(const struct mm *mm, uint64_t addr, uint64_t len, int prot);
/* The guest's mmap/munmap/mprotect; flags, prot and fd are the kernel's. Address or -errno. */
int64_t mm_map(struct process *p, uint64_t addr, uint64_t len, int prot, int flags, int fd,
               uint64_t offset);
int mm_unmap(struct process *p, uint64_t addr, uint64_t len);
int mm_protect(struct process *p, uint64_t addr, uint64_t len, int prot);
/* fetch callback of the engine; owner is struct process. */
int user_copy(void *owner, void *to, uint64_t addr, size_t n);
struct code_window user_fetch(void *owner, uint64_t pc);
/* Its lock and unlock callbacks: of the map. */
void user_lock(void *owner, struct cpu *cpu);
void user_unlock(void *owner, struct cpu *cpu);
/* Its flushed callback: shared memory may be executable under another address. Takes the lock. */
void user_flushed(void *owner, uint64_t start, uint64_t len);

/* -------------------------------------------------------------- path.c, procfs.c */

/* Host path for a guest path: below the prefix if it is absolute and exists there, else itself.
 * The result is `path` or `buf` (PATH_MAX bytes). */
const char *path_host(const struct process *p, const char *path, char *buf);
/* Reads a guest string and maps it so. buf and buf2: PATH_MAX each. 0 or -errno. */
int path_get(struct thread *t, uint64_t addr, char *buf, char *buf2, const char **out);
/* If path names a file of /proc that must show the guest (self/exe, self/maps, cpuinfo ...): an
 * open descriptor or -errno in *fd and true. */
bool path_open_special(struct thread *t, int dirfd, const char *path, int host_flags, int *fd);
/* The guest's program if path names /proc/self/exe or that of another process that myna runs, else
 * NULL (path_get follows it by itself). The result may be in buf (PATH_MAX bytes). */
const char *path_special_link(struct process *p, int dirfd, const char *path, char *buf);
/* The host's path of a file of /proc or /sys that is made or replaced, in buf, or NULL. follow: a link
 * at its end means what it leads to. */
const char *proc_path(struct thread *t, const char *path, char *buf, bool follow);

/* ----------------------------------------------------------------- procmem.c */

/* A read or write of n host buffers by descriptor fd, at *at or (NULL) at its offset: is it of this process's
 * /proc/self/mem or pagemap? Then it is done, and its result is in *result. */
bool procmem_access(struct thread *t, int fd, const struct iovec *v, unsigned n, const uint64_t *at, bool write,
                    int64_t *result);

/* ----------------------------------------------------------------- owner.c */

/* Option -ids: eight ids and groups, with commas; from then on ids are kept there. False: nonsense. */
bool owner_parse(struct process *p, const char *list);
/* The same for the next myna, which runs this program (its st_uid and st_gid as owner_show says). */
void owner_print(const struct process *p, const struct stat *program, char *to, size_t n);
/* AT_UID ... AT_SECURE for the guest. */
uint64_t owner_auxv(const struct process *p, unsigned long what);
/* What stat shall say of an existing file: corrects *uid and *gid. path as in fstatat; NULL or "": dirfd
 * itself. Without kept ids nothing happens. */
void owner_show(const struct process *p, int dirfd, const char *path, int flags, unsigned mode, uint32_t *uid,
                uint32_t *gid);
/* After the host's chown with result r: the result for the guest, the owner noted. */
long owner_change(struct process *p, long r, int dirfd, const char *path, int flags, uint32_t uid,
                  uint32_t gid);

/* ------------------------------------------------------------------- elf.c */

struct image {
    uint64_t base;        /* added to its addresses */
    uint64_t entry, phdr, phnum, low, high; /* guest addresses */
    uint64_t code_start, code_end, data_start, data_end;
    char interp[PATH_MAX];
};
/* Recognises a guest program by its ELF header: its abi, or NULL with the reason in err. */
const struct abi *elf_recognise(int fd, char *err, size_t errlen);
/* The i-th guest; NULL past the last one. */
const struct abi *elf_abi(unsigned i);
/* Loads the program open at fd and its interpreter; sets p->mm's fields. 0, or -errno with the
 * reason in err: what is wrong and what the user can do. */
int elf_load(struct process *p, int fd, const char *path, char *err, size_t errlen);

/* Maps the stack (p->stack_size, mm->exec_stack): 0 or -errno. Called by elf_load. */
int stack_map(struct process *p);
/* Fills in the stack: arguments and auxiliary vector; returns the stack pointer or -errno. */
int64_t stack_build(struct process *p, char **argv, char **envp, const char *execfn);

/* --------------------------------------------------------------- syscall.c */

/* The guest's system call at hand: dispatches, stores the result, sets t->restart. */
void syscall_run(struct thread *t);
/* An ordinary system call of the host: result or -errno. */
long host_syscall(long nr, ...);
/* One that may block (host_syscall.S). If a signal for the guest is pending it isn't begun: the
 * result is -SYS_RESTARTNOINTR. -EINTR otherwise means that a signal interrupted it. */
long host_syscall_blocking(struct thread *t, long nr, ...);
/* Name of a system call by the guest's number, or NULL. */
const char *syscall_name(const struct abi *abi, uint64_t nr);

#define SYS(name, g, x, i, f, r) long sys_##name(struct thread *t, const uint64_t *a);
#define PASS(name, g, x, i, f, r)
#define NONE(name, g, x, i, f, e, r)
#include "syscalls.def"

/* ---------------------------------------------------------------- strace.c */

void strace_enter(struct thread *t, uint64_t nr, const uint64_t *a);
void strace_thread_end(struct thread *t);
void strace_leave(struct thread *t, uint64_t nr, const uint64_t *a, int64_t result);
/* "--- SIGSEGV {si_signo=SIGSEGV, si_code=1, si_addr=0x...} ---" */
void strace_signal(struct thread *t, const siginfo_t *si);
/* "CALL[,...]" names (* and ? as in file names; those of the host's older calls too), after "!" those not shown: only
 * these from now on. False: a name means no call. */
bool strace_select(uint64_t hidden[8], const struct abi *abi, const char *list);
/* Name of an ioctl request of the table, or NULL (ioctl.c). */
const char *ioctl_name(unsigned request);
const char *errno_name(int e);
const char *signal_name(int guest_signo);

/* ------------------------------------------------------------------- log.c */

/* Categories separated by commas; false: an unknown one. "help" prints them. */
bool log_parse(const char *list);
/* Opens the log file (-D): 0 or -errno. append: an execve goes on with the same file. */
int log_open(struct process *p, const char *path, bool append);
/* What isn't supported, by name (-d unimp and -strace). */
void log_unimp(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "myna: ..." on stderr, one line. */
void user_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void user_die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* -------------------------------------------------------------------- fd.c */

/* Moves a descriptor of myna's own out of the guest's sight (close-on-exec, high number). */
int fd_hide(struct process *p, int fd);
/* Closes such a descriptor. Only one thread hides and unhides after the start. */
void fd_unhide(struct process *p, int fd);
/* Is it one of myna's own? The guest gets EBADF. */
bool fd_hidden(const struct process *p, int fd);

/* ----------------------------------------------------------------- uring.c */

/* Descriptors first to last are closed or become something else. */
void uring_closed(struct process *p, unsigned first, unsigned last);
/* In the child of a fork: whoever held the list is gone. */
void uring_fork_child(struct process *p);
/* mmap of a ring, with the map's lock held: address, or -errno; -EINVAL if fd is none. */
int64_t uring_map(struct process *p, uint64_t len, int prot, int flags, int fd, uint64_t offset);

/* ------------------------------------------------- signal.c, vdso.c, proc.c */

/* Signal table, host handlers, alternate stack of the host. Before the first engine_run. */
int signal_init(struct process *p, struct thread *t);
/* Called by the run loop when cpu->pending or t->restart is set: clears pending, engine_unkick,
 * delivers what is pending and not blocked (frames, or the default action), resolves t->restart. */
void signal_deliver(struct thread *t);
/* A synchronous fault of the guest at cpu->pc: the signal is forced. */
void signal_force(struct thread *t, int signo, int code, uint64_t addr);
/* Ends the process as an unhandled signal does (called by signal.c itself after this returns): the
 * message of an undefined instruction or fault with disassembly and backtrace. main.c's. */
void report_fatal(struct thread *t, int signo, int code, uint64_t addr);
/* Before the process ends or executes another program: keeps translations, prints what -d stats,prof ask for. */
void report_end(struct process *p);

/* " function+0xoffset (file+0xoffset)" as far as that is known (symbols.c). */
void symbol_print(struct process *p, FILE *out, uint64_t pc);
/* The callers of t's present function, one a line; own_pc: and where it is itself. */
void backtrace_print(struct thread *t, FILE *out, bool own_pc);
/* "SECONDS[,hard]": from now on the stacks of all threads are printed when nothing has moved for that long, or
 * so long after the start (hard). Before there is a second thread. 0, -EINVAL, -ENOMEM, -EAGAIN. */
int watchdog_start(struct process *p, const char *how);
/* After a fork, in the child: its own. plain: the C library made it. */
void watchdog_fork_child(struct process *p, bool plain);
/* Without the host thread, for a call that wants a process of one thread; what is given back, resume takes.
 * NULL: there is none. */
struct watchdog *watchdog_pause(struct process *p);
void watchdog_resume(struct watchdog *w);

/* Opens p->self_fd, so that execve finds myna where /proc can't be seen: before chroot and the
 * like. */
void execve_keep_self(struct process *p);

/* At an exit with status 127: if the guest's loader didn't find a library, says that -L may
 * help. */
void report_missing_library(const struct process *p);

/* Maps the vDSO into the guest: guest address of its ELF header, or 0 if there is none. */
uint64_t vdso_map(struct process *p);
/* Guest address of its __kernel_rt_sigreturn. */
uint64_t vdso_sigreturn(const struct process *p);

/* Runs a guest thread until t->exiting is set (main.c). */
void cpu_loop(struct thread *t);

#endif
