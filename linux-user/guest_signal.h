/*
 * Signals between signal.c, process.c, the handlers of signal calls and the frames of each guest.
 * user.h has what the rest of linux-user calls. signal.c's head explains the model.
 */
#ifndef MYNA_GUEST_SIGNAL_H
#define MYNA_GUEST_SIGNAL_H

#include "user.h"

enum { SIGNAL_COUNT = 64, SIGNAL_HOST_STACK = 128 << 10 };
#define SIGNAL_SET_SIZE 8l /* long: it is passed as an argument of system calls */

/* A set of signals in the kernel's form: bit n - 1 is signal n. */
static inline uint64_t signal_bit(int signo) { return 1ull << (signo - 1); }
#define SIGNAL_UNBLOCKABLE (signal_bit(SIGKILL) | signal_bit(SIGSTOP))
/* Those the host raises for faults of translated code. */
#define SIGNAL_FAULTS (signal_bit(SIGSEGV) | signal_bit(SIGBUS) | signal_bit(SIGILL) | \
                       signal_bit(SIGFPE) | signal_bit(SIGTRAP))

/* struct sigaction of the generic 64-bit kernel ABI. */
struct signal_action {
    uint64_t handler; /* 0 default, 1 ignore, else a guest address */
    uint64_t flags, restorer, mask;
};

/* Per process; a child without CLONE_SIGHAND has its own. */
struct sigtable {
    pthread_mutex_t lock; /* for the table and the host's dispositions; innermost */
    struct signal_action action[SIGNAL_COUNT + 1];
};

/* Per thread: t->sig. */
struct thread_signals {
    uint32_t captured;     /* info holds a signal that must be delivered now; until then the host mask
                              is "all but faults" */
    bool host_fault, fault_write; /* there was a fault that engine_fault took; it was a write */
    uint64_t fault_addr;          /* its guest address */
    siginfo_t info;
    uint64_t held;         /* fault signals that came by kill() while the guest blocks them */
    siginfo_t held_info[SIGNAL_COUNT + 1];
    void *host_stack;      /* SIGNAL_HOST_STACK bytes, mapped */
};
static inline struct thread_signals *signals_of(const struct thread *t)
{
    return (struct thread_signals *)t->sig;
}

/* A signal to deliver to the guest. */
struct signal_event {
    siginfo_t info;       /* addresses in it are the guest's */
    uint64_t fault_addr;  /* of the signal context; 0 if none */
    uint64_t esr;         /* syndrome for the frame; 0 if none */
};

/* Makes t the thread that the handlers of this host thread serve; makes its signal state and host
 * alternate stack if it has none (no memory: user_die). Returns the thread served before. */
struct thread *signal_enter_thread(struct thread *t);
/* Blocks everything in the host, faults too: while this host thread has no guest thread to serve. */
void signal_block_all(void);
/* pthread_create with all signals blocked, here and in the new thread; they stay so. The C library's first
 * thread installs a handler of its own for signal 33 (setuid in all threads): the guest's action stays in
 * force. Returns what pthread_create does. */
int signal_host_thread(struct process *p, pthread_t *id, const pthread_attr_t *attr, void *(*run)(void *),
                       void *arg);
/* Then lets faults through again: of a host thread of myna's own. */
void signal_allow_faults(void);
/* The host's dispositions follow p->gdb and p->backtrace: signals are caught too that the guest has no handler
 * for. */
void signal_debugged(struct process *p);
/* Gives back the thread prev (of signal_enter_thread) and frees the state of t. Both only with
 * signals blocked. */
void signal_leave_thread(struct thread *t, struct thread *prev);

/* Blocks all signals in the host for a change of signal or process state. False if one was captured
 * before: nothing is changed, and the handler returns -SYS_RESTARTNOINTR. */
bool signal_block(struct thread *t);
/* Makes the host mask the guest's again. */
void signal_unblock(struct thread *t);
/* Sets the guest's mask; the host follows at signal_unblock. */
void signal_set_mask(struct thread *t, uint64_t mask);
/* A copy of the guest's disposition of signo. */
struct signal_action signal_action_of(struct process *p, int signo);
/* Makes the host's disposition of signo follow the guest's. The table's lock is held. */
void signal_sync_action(struct process *p, int signo);

/* Dispositions and mask as execve shall leave them to the next program; and back, if it failed. Only
 * between signal_block and signal_unblock. */
void signal_prepare_exec(struct thread *t);
void signal_abort_exec(struct thread *t);

/* Fault signals held back that mask lets through: makes one the captured signal. True if a signal is
 * captured now; a call that would wait with this mask then returns -EINTR at once. */
bool signal_take_held(struct thread *t, uint64_t mask);

/* --- poll.c: waiting with a mask of the call's own (ppoll ...) -------------------------------- */

/* The guest's mask at addr (0: none) is in force from now on; *arg is the host's mask for the call, in
 * *host, or NULL. 0, or -errno instead of the call: -EINTR if a signal is to be delivered at once. */
int wait_mask_begin(struct thread *t, uint64_t addr, uint64_t size, uint64_t *host, uint64_t **arg);
/* With the call's result, which it returns: the mask stays only for a signal that comes because of it. */
long wait_mask_end(struct thread *t, long r);

/* Ends the process so that its wait status says signo. */
_Noreturn void signal_die(int signo);

/* --- aarch64/sigframe.c -------------------------------------------------------------------- */

/* Builds the frame on the guest stack below sp and sets the registers for the handler. mask is what
 * sigreturn restores. False if the stack can't be written. */
bool sigframe_push(struct thread *t, const struct signal_event *ev, const struct signal_action *act,
                   uint64_t mask, uint64_t sp);
/* rt_sigreturn: registers from the frame at the guest's sp. Its mask and alternate stack go to *mask
 * and stack (sp, flags, size). False for a bad frame. */
bool sigframe_pop(struct thread *t, uint64_t *mask, uint64_t stack[3]);
/* Syndrome (ESR_EL1) of a data or instruction abort; values of its status code, at level 3. */
enum sigframe_abort { ABORT_TRANSLATION = 0x07, ABORT_PERMISSION = 0x0f, ABORT_ALIGNMENT = 0x21 };
uint64_t sigframe_abort_syndrome(bool fetch, bool write, enum sigframe_abort what);

#endif
