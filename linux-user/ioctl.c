/*
 * ioctl: requests of ioctl.def go to the host, whose numbers and structures are the same
 * (asm-generic, 64 bits). Anything else is ENOTTY and named in the log.
 */
#include <linux/blkpg.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/if_tun.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <linux/vt.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include "user.h"

enum ioctl_arg { NOARG, NUMBER, STRUCT, INNER };

static const struct ioctl_row { unsigned request; enum ioctl_arg arg; } rows[] = {
#define IOCTL(request, arg) { (unsigned)(request), arg },
#include "ioctl.def"
};

static const struct ioctl_row *find(unsigned request)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].request == request)
            return &rows[i];
    return NULL;
}

long sys_ioctl(struct thread *t, const uint64_t *a)
{
    const struct ioctl_row *row = find((unsigned)a[1]);
    uint64_t arg = a[2];

    if (fd_hidden(t->p, (int)a[0]))
        return -EBADF;
    if (!row || (row->arg == INNER && t->p->guest_base)) {
        log_unimp("ioctl request %#x is not supported", (unsigned)a[1]);
        return -ENOTTY;
    }
    if (row->arg >= STRUCT && arg)
        arg += t->p->guest_base;
    return host_syscall_blocking(t, SYS_ioctl, (int)a[0], (unsigned)a[1], arg);
}
