/*
 * Dispatch of the guest's system calls by the table of syscalls.def, and the calls that belong to
 * no other file.
 *
 * A call that waits runs in the stub of safe_syscall.S; the kernel decides on its restart, so what
 * the stub returns is the guest's result except -SYS_RESTARTNOINTR (not begun). Results below -511
 * never reach the guest.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "gdb/gdb.h"
#include "syscall.h"

enum { NOW, RESTART, NOHAND, INTR };

static const struct sysent generic[] = {
#define SYS(n, g, x, i, f, r)  [g] = { #n, f, NULL, sys_##n, x, r != NOW },
#define PASS(n, g, x, i, f, r) [g] = { #n, f, NULL, NULL, x, r != NOW },
#define NONE(n, g, x, i, f, e, r) [g] = { #n, f, r, NULL, x, false, e },
#include "syscalls.def"
};

const struct sysent *syscall_row(const struct abi *abi, uint64_t nr)
{
    if (abi->column != 0 || nr >= sizeof(generic) / sizeof(*generic) || !generic[nr].name)
        return NULL;
    return &generic[nr];
}

const char *syscall_name(const struct abi *abi, uint64_t nr)
{
    const struct sysent *s = syscall_row(abi, nr);

    return s ? s->name : NULL;
}

bool syscall_is_pointer(char letter)
{
    return letter == 'p' || letter == 's' || letter == 'b' || letter == 'r' || letter == 't';
}

long host_syscall(long nr, ...)
{
    long a[6];
    va_list ap;

    va_start(ap, nr);
    for (unsigned i = 0; i < 6; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    register long r10 asm("r10") = a[3];
    register long r8 asm("r8") = a[4];
    register long r9 asm("r9") = a[5];
    long r;
    asm volatile("syscall"
                 : "=a"(r)
                 : "a"(nr), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
                 : "rcx", "r11", "memory");
    return r;
}

/* The host's kernel takes the arguments as they are, pointers with the guest base added. */
static long pass(struct thread *t, const struct sysent *s, uint64_t *a)
{
    if (user_converts(t->p))
        for (unsigned i = 0; s->format[i]; i++)
            if (syscall_is_pointer(s->format[i]) && a[i])
                a[i] = (uintptr_t)g2h(t->p, a[i]);
    if (s->blocks)
        return host_syscall_blocking(t, s->host, a[0], a[1], a[2], a[3], a[4], a[5]);
    return host_syscall(s->host, a[0], a[1], a[2], a[3], a[4], a[5]);
}

void syscall_run(struct thread *t)
{
    struct process *p = t->p;
    uint64_t a[6], nr = p->abi->syscall_get(t->cpu, a);
    const struct sysent *s = syscall_row(p->abi, nr);
    long r;

    if (p->gdb) {
        gdb_syscall(t, nr, true);
        nr = p->abi->syscall_get(t->cpu, a); /* gdb may have changed them */
        s = syscall_row(p->abi, nr);
    }
    t->sys_nr = nr;
    t->sys_arg0 = a[0];
    t->in_syscall = true;
    if (p->strace)
        strace_enter(t, nr, a);
    if (s && s->format[0] == 'a' && p->abi->untag)
        a[0] = p->abi->untag(a[0]);
    if (!s) {
        log_unimp("system call %llu is unknown", (unsigned long long)nr);
        r = -ENOSYS;
    } else if (s->call) {
        r = s->call(t, a);
    } else if (s->reason) {
        log_unimp("system call %s is not supported: %s", s->name, s->reason);
        r = -s->error;
    } else {
        r = user_converts(p) ? pass(t, s, (uint64_t[6]){a[0], a[1], a[2], a[3], a[4], a[5]})
                          : pass(t, s, a);
    }
    t->in_syscall = false;
    if (p->strace)
        strace_leave(t, nr, a, r);
    if (r > -512 || r < -SYS_KEEP_REGS)
        p->abi->syscall_result(t->cpu, (uint64_t)r);
    else if (r != -SYS_KEEP_REGS)
        t->restart = (unsigned)-r;
    if (t->p->gdb && !t->restart && !t->exiting)
        gdb_syscall(t, nr, false);
}
