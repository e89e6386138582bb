/*
 * Rows of syscalls.def as syscall.c and strace.c see them.
 */
#ifndef MYNA_SYSCALL_H
#define MYNA_SYSCALL_H

#include "user.h"

struct sysent {
    const char *name, *format;
    const char *reason;                                 /* of NONE rows */
    long (*call)(struct thread *t, const uint64_t *a);  /* of SYS rows */
    short host;                                         /* number on the host */
    bool blocks;
    short error;                                        /* of NONE rows: ENOSYS ... */
};

/* NULL: no such number. */
const struct sysent *syscall_row(const struct abi *abi, uint64_t nr);
/* Is a format letter one of the pointers? */
bool syscall_is_pointer(char letter);

#endif
