/*
 * owner.c: ids that the host hasn't got: users, groups and owners of files in a root whose user has one
 * id only (`myna run` without subordinate ids).
 *
 * Package scripts make users, give them files, and start programs as them; the kernel has id 0 alone here
 * and refuses with EINVAL. So the ids of a process are kept in struct owner and follow the kernel's rules
 * from there; execve hands them to the next myna (option -ids), and set-id bits change them. An owner
 * given to a file or folder is noted in its attribute user.myna.owner, as "UID:GID"; what has no note
 * belongs to whoever asks, for all of it is the caller's in truth: a server finds its folder its own.
 *
 * What this isn't: protection. The kernel sees one user, so nothing is denied to "others", SO_PEERCRED and
 * /proc show id 0, and programs of the host know nothing of it. Links and devices take no notes.
 *
 * Sources: credentials(7), setresuid(2), setfsuid(2), chown(2), xattr(7).
 */
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "guest_process.h"

#define NOTE "user.myna.owner"
enum { SAME = -1 }; /* "leave it", as an id */

/* --- handing over ---------------------------------------------------------------------------- */

bool owner_parse(struct process *p, const char *list)
{
    struct owner *o = &p->owner;
    uint32_t *field[8] = { &o->uid.r, &o->uid.e, &o->uid.s, &o->uid.f,
                           &o->gid.r, &o->gid.e, &o->gid.s, &o->gid.f };
    char *end;

    for (unsigned i = 0; *list && i < 8 + OWNER_GROUPS; i++) {
        uint32_t v = (uint32_t)strtoul(list, &end, 10);
        if (end == list || (*end && *end != ','))
            return false;
        if (i < 8)
            *field[i] = v;
        else
            o->groups[o->ngroups++] = v;
        list = end + (*end == ',');
    }
    return o->on = !*list;
}

void owner_print(const struct process *p, const struct stat *program, char *to, size_t n)
{
    struct owner o = p->owner;
    size_t at;

    if (program->st_mode & S_ISUID)
        o.uid.e = program->st_uid;
    if ((program->st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP))
        o.gid.e = program->st_gid;
    o.uid.s = o.uid.f = o.uid.e; /* execve's rule */
    o.gid.s = o.gid.f = o.gid.e;
    at = (size_t)snprintf(to, n, "%u,%u,%u,%u,%u,%u,%u,%u", o.uid.r, o.uid.e, o.uid.s, o.uid.f, o.gid.r,
                          o.gid.e, o.gid.s, o.gid.f);
    for (unsigned i = 0; i < o.ngroups && at < n - 12; i++)
        at += (size_t)snprintf(to + at, n - at, ",%u", o.groups[i]);
}

uint64_t owner_auxv(const struct process *p, unsigned long what)
{
    const struct owner *o = &p->owner;

    if (o->on)
        switch (what) {
        case AT_UID: return o->uid.r;
        case AT_EUID: return o->uid.e;
        case AT_GID: return o->gid.r;
        case AT_EGID: return o->gid.e;
        case AT_SECURE: return o->uid.r != o->uid.e || o->gid.r != o->gid.e;
        }
    return getauxval(what);
}

/* --- ids of the process ---------------------------------------------------------------------- */

static bool privileged(const struct thread *t) { return t->p->owner.uid.e == 0; }

static bool is_one(uint32_t id, const struct owner_ids *i)
{
    return id == i->r || id == i->e || id == i->s;
}

static long set_id(struct thread *t, struct owner_ids *i, uint32_t id)
{
    if (id == (uint32_t)SAME)
        return -EINVAL;
    if (privileged(t))
        *i = (struct owner_ids){ id, id, id, id };
    else if (id == i->r || id == i->s)
        i->e = i->f = id;
    else
        return -EPERM;
    return 0;
}

static long set_re(struct thread *t, struct owner_ids *i, uint32_t r, uint32_t e)
{
    struct owner_ids n = *i;

    if (!privileged(t) && ((r != (uint32_t)SAME && r != i->r && r != i->e) ||
                           (e != (uint32_t)SAME && !is_one(e, i))))
        return -EPERM;
    if (r != (uint32_t)SAME)
        n.r = r;
    if (e != (uint32_t)SAME)
        n.e = e;
    if (r != (uint32_t)SAME || (e != (uint32_t)SAME && e != i->r))
        n.s = n.e;
    n.f = n.e;
    *i = n;
    return 0;
}

static long set_res(struct thread *t, struct owner_ids *i, uint32_t r, uint32_t e, uint32_t s)
{
    const uint32_t same = (uint32_t)SAME;

    if (!privileged(t) && ((r != same && !is_one(r, i)) || (e != same && !is_one(e, i)) ||
                           (s != same && !is_one(s, i))))
        return -EPERM;
    i->r = r == same ? i->r : r;
    i->e = e == same ? i->e : e;
    i->s = s == same ? i->s : s;
    i->f = i->e;
    return 0;
}

static long set_fs(struct thread *t, struct owner_ids *i, uint32_t id)
{
    uint32_t old = i->f;

    if (id != (uint32_t)SAME && (privileged(t) || is_one(id, i) || id == i->f))
        i->f = id;
    return old;
}

static long get_three(struct thread *t, const struct owner_ids *i, const uint64_t *a)
{
    return user_write(t->p, a[0], &i->r, 4) || user_write(t->p, a[1], &i->e, 4) ||
                   user_write(t->p, a[2], &i->s, 4) ? -EFAULT : 0;
}

/* One function a call: the host's, unless ids are kept here. */
#define HOST_OR(nr, own)                                                                           \
    return t->p->owner.on ? (long)(own) : host_syscall(nr, a[0], a[1], a[2])

/* The same for calls that change rights: those are each thread's own, and no thread of myna's keeps them. */
#define HOST_SET_OR(nr, own)                                                                       \
    if (!t->p->owner.on)                                                                           \
        engine_quiet(t->p->engine);                                                                \
    HOST_OR(nr, own)

long sys_getuid(struct thread *t, const uint64_t *a) { HOST_OR(SYS_getuid, t->p->owner.uid.r); }
long sys_geteuid(struct thread *t, const uint64_t *a) { HOST_OR(SYS_geteuid, t->p->owner.uid.e); }
long sys_getgid(struct thread *t, const uint64_t *a) { HOST_OR(SYS_getgid, t->p->owner.gid.r); }
long sys_getegid(struct thread *t, const uint64_t *a) { HOST_OR(SYS_getegid, t->p->owner.gid.e); }

long sys_setuid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setuid, set_id(t, &t->p->owner.uid, (uint32_t)a[0]));
}

long sys_setgid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setgid, set_id(t, &t->p->owner.gid, (uint32_t)a[0]));
}

long sys_setreuid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setreuid, set_re(t, &t->p->owner.uid, (uint32_t)a[0], (uint32_t)a[1]));
}

long sys_setregid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setregid, set_re(t, &t->p->owner.gid, (uint32_t)a[0], (uint32_t)a[1]));
}

long sys_setresuid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setresuid,
            set_res(t, &t->p->owner.uid, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2]));
}

long sys_setresgid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setresgid,
            set_res(t, &t->p->owner.gid, (uint32_t)a[0], (uint32_t)a[1], (uint32_t)a[2]));
}

long sys_setfsuid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setfsuid, set_fs(t, &t->p->owner.uid, (uint32_t)a[0]));
}

long sys_setfsgid(struct thread *t, const uint64_t *a)
{
    HOST_SET_OR(SYS_setfsgid, set_fs(t, &t->p->owner.gid, (uint32_t)a[0]));
}

long sys_getresuid(struct thread *t, const uint64_t *a)
{
    if (t->p->owner.on)
        return get_three(t, &t->p->owner.uid, a);
    return host_syscall(SYS_getresuid, arg_ptr(t, a[0]), arg_ptr(t, a[1]), arg_ptr(t, a[2]));
}

long sys_getresgid(struct thread *t, const uint64_t *a)
{
    if (t->p->owner.on)
        return get_three(t, &t->p->owner.gid, a);
    return host_syscall(SYS_getresgid, arg_ptr(t, a[0]), arg_ptr(t, a[1]), arg_ptr(t, a[2]));
}

long sys_getgroups(struct thread *t, const uint64_t *a)
{
    const struct owner *o = &t->p->owner;

    if (!o->on)
        return host_syscall(SYS_getgroups, (int)a[0], arg_ptr(t, a[1]));
    if ((int)a[0] < 0 || ((int)a[0] > 0 && (unsigned)a[0] < o->ngroups))
        return -EINVAL;
    if ((int)a[0] > 0 && user_write(t->p, a[1], o->groups, o->ngroups * 4) != 0)
        return -EFAULT;
    return o->ngroups;
}

long sys_setgroups(struct thread *t, const uint64_t *a)
{
    struct owner *o = &t->p->owner;
    uint32_t groups[OWNER_GROUPS];
    unsigned n = (unsigned)a[0];

    if (!o->on) {
        engine_quiet(t->p->engine);
        return host_syscall(SYS_setgroups, (int)a[0], arg_ptr(t, a[1]));
    }
    if (!privileged(t))
        return -EPERM;
    if (n > OWNER_GROUPS)
        return -EINVAL;
    if (n && user_read(t->p, groups, a[1], n * 4) != 0)
        return -EFAULT;
    memcpy(o->groups, groups, n * 4);
    o->ngroups = n;
    return 0;
}

/* --- owners of files ------------------------------------------------------------------------- */

/* A name for the calls on attributes: path itself where it can be given to them, else that of a descriptor
 * opened in *fd (-1: none). */
static const char *attr_name(int dirfd, const char *path, int flags, int *fd, char link[32])
{
    *fd = -1;
    if (path && *path && (dirfd == AT_FDCWD || *path == '/') && !(flags & AT_SYMLINK_NOFOLLOW))
        return path;
    if (path && *path) {
        *fd = openat(dirfd, path, O_PATH | O_CLOEXEC | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
        if (*fd < 0)
            return path;
        dirfd = *fd;
    } else if (dirfd == AT_FDCWD) {
        return ".";
    }
    snprintf(link, 32, "/proc/thread-self/fd/%d", dirfd);
    return link;
}

static bool read_note(const char *name, uint32_t *uid, uint32_t *gid)
{
    char text[32];
    ssize_t n = getxattr(name, NOTE, text, sizeof(text) - 1);

    if (n <= 0)
        return false;
    text[n] = 0;
    return sscanf(text, "%u:%u", uid, gid) == 2;
}

void owner_show(const struct process *p, int dirfd, const char *path, int flags, unsigned mode, uint32_t *uid,
                uint32_t *gid)
{
    char link[32];
    uint32_t u, g;
    int fd;

    if (!p->owner.on)
        return;
    if (*uid == getuid()) /* the one there is */
        *uid = p->owner.uid.f;
    if (*gid == getgid())
        *gid = p->owner.gid.f;
    if (!S_ISREG(mode) && !S_ISDIR(mode))
        return;
    const char *name = attr_name(dirfd, path, S_ISDIR(mode) ? 0 : flags, &fd, link);
    if (read_note(name, &u, &g)) {
        *uid = u;
        *gid = g;
    }
    if (fd >= 0)
        close(fd);
}

long owner_change(struct process *p, long r, int dirfd, const char *path, int flags, uint32_t uid, uint32_t gid)
{
    struct stat st;
    char link[32], text[32];
    uint32_t u, g;
    int fd;

    if (!p->owner.on || (r < 0 && r != -EINVAL && r != -EPERM))
        return r;
    if (path ? fstatat(dirfd, path, &st, flags & ~AT_NO_AUTOMOUNT) : fstat(dirfd, &st))
        return -errno;
    u = st.st_uid;
    g = st.st_gid;
    owner_show(p, dirfd, path, flags, st.st_mode, &u, &g);
    uid = uid == (uint32_t)SAME ? u : uid;
    gid = gid == (uint32_t)SAME ? g : gid;
    if (p->owner.uid.e != 0 && (uid != u || u != p->owner.uid.e))
        return -EPERM;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return 0; /* takes no note */
    const char *name = attr_name(dirfd, path, S_ISDIR(st.st_mode) ? 0 : flags, &fd, link);
    int n = snprintf(text, sizeof(text), "%u:%u", uid, gid);
    setxattr(name, NOTE, text, (size_t)n, 0); /* a file system without attributes: no note */
    if (fd >= 0)
        close(fd);
    return 0;
}
