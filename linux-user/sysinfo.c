/*
 * sysinfo.c: what the system says of itself: uname and sysinfo.
 *
 * The machine is the guest's. The release is the host's or that of -r; a host kernel older than what
 * a C library of the guest demands would be refused by it, so it is never below 5.15.
 */
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "guest_process.h"

/* Is release "a.b..." older than major.minor? */
static bool release_before(const char *release, long major, long minor)
{
    char *end;
    long a = strtol(release, &end, 10), b = *end == '.' ? strtol(end + 1, NULL, 10) : 0;

    return a < major || (a == major && b < minor);
}

long sys_uname(struct thread *t, const uint64_t *a)
{
    struct utsname u;

    if (uname(&u) != 0)
        return -errno;
    snprintf(u.machine, sizeof u.machine, "%s", t->p->abi->machine);
    if (t->p->uname_release != NULL)
        snprintf(u.release, sizeof u.release, "%s", t->p->uname_release);
    else if (release_before(u.release, 5, 15))
        snprintf(u.release, sizeof u.release, "5.15.0");
    return user_write(t->p, a[0], &u, sizeof u);
}

long sys_sysinfo(struct thread *t, const uint64_t *a)
{
    return host_syscall(SYS_sysinfo, arg_ptr(t, a[0]));
}
