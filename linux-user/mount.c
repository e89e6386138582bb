/*
 * mount.c: file systems by configuration contexts (fsopen, fsconfig, fsmount).
 *
 * Most of these calls pass as they are. fsconfig's last two arguments are addresses or numbers by its
 * command. Source: Linux fs/fsopen.c.
 */
#include <sys/syscall.h>

#include "guest_process.h"

enum { CMD_SET_FLAG, CMD_SET_STRING, CMD_SET_BINARY, CMD_SET_PATH, CMD_SET_PATH_EMPTY, CMD_SET_FD };

long sys_fsconfig(struct thread *t, const uint64_t *a)
{
    bool value = a[1] >= CMD_SET_STRING && a[1] <= CMD_SET_PATH_EMPTY;

    return host_syscall(SYS_fsconfig, a[0], a[1], arg_ptr(t, a[2]),
                        value ? (uintptr_t)arg_ptr(t, a[3]) : a[3], a[4]);
}
