/*
 * ioctl: the requests of ioctl.def. Numbers and structures are the host's (asm-generic, 64 bits): with guest
 * base 0 all of them pass, with another one only the argument's address and those that the table knows inside
 * the structure are converted, and the rest is ENOTTY.
 */
#include <linux/blkpg.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <linux/if_tun.h>
#include <linux/input.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/random.h>
#include <linux/rtc.h>
#include <linux/sockios.h>
#include <linux/tiocl.h>
#include <linux/uinput.h>
#include <linux/vt.h>
#include <linux/watchdog.h>
#include <asm/ioctls.h>
#include <asm/termbits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include "user.h"

enum ioctl_arg { NOARG, NUMBER, STRUCT, POINTER_INSIDE, REFUSED_TYPE };
enum { LARGEST = 128 }; /* bytes of a structure with an address inside */

static const struct ioctl_row {
    unsigned request;
    uint8_t arg, size, offset;
    const char *name; /* of a refused type: the reason */
} rows[] = {
#define IOCTL(request, arg)          { (unsigned)(request), arg, 0, 0, #request },
#define NAMED(name, request, arg)    { (unsigned)(request), arg, 0, 0, #name },
#define INNER(request, size, offset) { (unsigned)(request), POINTER_INSIDE, size, offset, #request },
#define REFUSED(type, reason)        { (type) << 8, REFUSED_TYPE, 0, 0, reason },
#include "ioctl.def"
};

static const struct ioctl_row *find(unsigned request)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (rows[i].arg == REFUSED_TYPE ? (request & 0xff00) == rows[i].request : rows[i].request == request)
            return &rows[i];
    return NULL;
}

static long with_pointer(struct thread *t, const uint64_t *a, const struct ioctl_row *row)
{
    char data[LARGEST];
    uint64_t was, host;

    if (user_read(t->p, data, a[2], row->size))
        return -EFAULT;
    memcpy(&was, data + row->offset, sizeof(was));
    host = was ? (uintptr_t)g2h(t->p, was) : 0;
    memcpy(data + row->offset, &host, sizeof(host));
    long r = host_syscall_blocking(t, SYS_ioctl, (int)a[0], row->request, data);
    memcpy(data + row->offset, &was, sizeof(was));
    if (r >= 0 && user_write(t->p, a[2], data, row->size))
        return -EFAULT;
    return r;
}

const char *ioctl_name(unsigned request)
{
    const struct ioctl_row *row = find(request);

    return row && row->arg != REFUSED_TYPE ? row->name : NULL;
}

long sys_ioctl(struct thread *t, const uint64_t *a)
{
    const struct ioctl_row *row = find((unsigned)a[1]);
    uint64_t arg = a[2];

    if (fd_hidden(t->p, (int)a[0]))
        return -EBADF;
    if (row && row->arg == REFUSED_TYPE) {
        log_unimp("ioctl request %#x is not supported: %s", (unsigned)a[1], row->name);
        return -ENOTTY;
    }
    if (!row) {
        log_unimp("ioctl request %#x is not in the table%s", (unsigned)a[1],
                  t->p->guest_base ? "" : ": it passes as it is");
        if (t->p->guest_base)
            return -ENOTTY;
    } else if (user_converts(t->p) && arg) {
        if (row->arg == POINTER_INSIDE)
            return with_pointer(t, a, row);
        if (row->arg == STRUCT)
            arg = (uintptr_t)g2h(t->p, arg);
    }
    return host_syscall_blocking(t, SYS_ioctl, (int)a[0], (unsigned)a[1], arg);
}
