/*
 * rootfs.c: what is mounted in a foreign root, and the change of root.
 *
 * One table lists it: the root itself, /proc, /sys, a small /dev, the binds of the command line, and the
 * files that tell of the network. Targets are resolved inside the root, links too, so a root's content
 * can't lead a mount elsewhere; what is missing is made, if the root can be written.
 *
 * Nothing here is seen outside: the mount namespace is new and private. A /proc of its own is refused
 * in some containers; then the host's stands there.
 * Sources: mount(2), pivot_root(2), mount_namespaces(7), devpts and tmpfs of the kernel's documentation.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rootns.h"

enum { FD_NAME = 32 };

struct place {
    int root;              /* descriptor of the root */
    char *why;
    size_t n;
};

static int fail(const struct place *p, int err, const char *what, const char *name)
{
    snprintf(p->why, p->n, "%s %s: %s", what, name, strerror(err));
    return -err;
}

/* Opens a path inside the root (O_PATH). -1 with errno. */
static int open_inside(int root, const char *path)
{
    struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };

    return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* The same, and makes what is missing: folders, and at the end a folder or an empty file. */
static int make(int root, const char *path, bool folder, unsigned depth)
{
    char part[PATH_MAX];
    int fd = open_inside(root, path), up;

    if (fd >= 0 || errno != ENOENT)
        return fd;
    snprintf(part, sizeof(part), "%s", path);
    char *slash = strrchr(part, '/'), *last = slash ? slash + 1 : part;
    if (slash)
        *slash = 0;
    up = slash && *part ? make(root, part, true, depth) : open_inside(root, "/");
    if (up < 0)
        return -1;
    int r = folder ? mkdirat(up, last, 0755) : mknodat(up, last, S_IFREG | 0644, 0);
    int err = errno;
    if (r < 0 && err == EEXIST) { /* a link to nowhere: as far as it leads, once */
        char to[PATH_MAX];
        ssize_t n = readlinkat(up, last, to, sizeof(to) - 1);
        close(up);
        if (n > 0) {
            to[n] = 0;
            char full[3 * PATH_MAX];
            snprintf(full, sizeof(full), "%s/%s", to[0] == '/' || !slash ? "" : part, to);
            return depth || strlen(full) >= PATH_MAX ? -1 : make(root, full, folder, depth + 1);
        }
        return open_inside(root, path);
    }
    close(up);
    if (r < 0) {
        errno = err;
        return -1;
    }
    return open_inside(root, path);
}

static int make_inside(int root, const char *path, bool folder) { return make(root, path, folder, 0); }

static const char *fd_name(int fd, char *buf)
{
    snprintf(buf, FD_NAME, "/proc/self/fd/%d", fd);
    return buf;
}

/* Mounts a file system of this type at path; 0 or -errno. */
static int mount_new(const struct place *p, const char *type, const char *path, unsigned long flags,
                     const char *options)
{
    char name[FD_NAME];
    int fd = make_inside(p->root, path, true);

    if (fd < 0)
        return -errno;
    int r = mount(type, fd_name(fd, name), type, flags, options) ? -errno : 0;
    close(fd);
    return r;
}

/* A file or folder of the host at path; 0 or -errno. */
static int mount_bind(const struct place *p, const char *from, const char *path, bool read_only)
{
    char name[FD_NAME];
    struct stat st;

    if (stat(from, &st) < 0)
        return -errno;
    int fd = make_inside(p->root, path, S_ISDIR(st.st_mode));
    if (fd < 0)
        return -errno;
    int r = mount(from, fd_name(fd, name), NULL, MS_BIND | MS_REC, NULL) ? -errno : 0;
    close(fd);
    if (r == 0 && read_only) {
        /* the bind's own flags that this namespace may not drop are repeated */
        static const unsigned long extra[] = { 0, MS_NOSUID | MS_NODEV, MS_NOSUID | MS_NODEV | MS_NOEXEC,
                                               MS_NODEV, MS_NOSUID };
        fd = open_inside(p->root, path);
        r = -EPERM;
        for (unsigned i = 0; fd >= 0 && r && i < sizeof(extra) / sizeof(*extra); i++)
            r = mount(NULL, fd_name(fd, name), NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | extra[i], NULL)
                    ? -errno : 0;
        if (fd >= 0)
            close(fd);
    }
    return r;
}

/* --- /dev ------------------------------------------------------------------------------------ */

static const struct { const char *name; bool needed; } nodes[] = {
    {"null", true}, {"zero", true}, {"full", true}, {"random", true}, {"urandom", true}, {"tty", true},
    {"console", false}, /* may not be opened, but debootstrap wants one */
};
static const struct { const char *name, *to; } links[] = {
    {"fd", "/proc/self/fd"}, {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"}, {"core", "/proc/kcore"},
};

/* Device files can't be made in a user namespace: the host's are bound, in a tmpfs. */
static int mount_dev(const struct place *p, const struct root *r)
{
    const char *with_group = "newinstance,ptmxmode=0666,mode=620,gid=5";
    char path[64];
    int err = mount_new(p, "tmpfs", "/dev", MS_NOSUID, "mode=755,size=64k");

    if (err)
        return err;
    for (unsigned i = 0; i < sizeof(nodes) / sizeof(*nodes); i++) {
        snprintf(path, sizeof(path), "/dev/%s", nodes[i].name);
        err = mount_bind(p, path, path, false);
        if (err && nodes[i].needed)
            return err;
    }
    int dev = open_inside(p->root, "/dev");
    if (dev < 0)
        return -errno;
    for (unsigned i = 0; i < sizeof(links) / sizeof(*links); i++)
        if (symlinkat(links[i].to, dev, links[i].name) < 0)
            err = -errno;
    close(dev);
    if (err)
        return err;
    err = mount_new(p, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, with_group);
    if (err == -EINVAL) /* group 5 isn't mapped */
        err = mount_new(p, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
                        "newinstance,ptmxmode=0666,mode=620");
    if (err)
        return err;
    return mount_new(p, "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
}

/* --- /proc, /sys, the network's files -------------------------------------------------------- */

static int mount_proc(const struct place *p, const struct root *r)
{
    char link[8];
    int err = -EPERM;

    if (readlinkat(p->root, "proc", link, sizeof(link)) > 0) /* debootstrap --foreign leaves one */
        unlinkat(p->root, "proc", 0);
    if (!r->share_pid)
        err = mount_new(p, "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    return err ? mount_bind(p, "/proc", "/proc", false) : 0;
}

static int mount_sys(const struct place *p, const struct root *r)
{
    return mount_bind(p, "/sys", "/sys", false);
}

/* The host's resolver is the one that works here; a root's own list of hosts stays, if it has one. */
static int mount_files(const struct place *p, const struct root *r)
{
    static const struct { const char *path; bool always; } files[] = {
        {"/etc/resolv.conf", true}, {"/etc/hosts", false},
    };
    struct stat st;

    for (unsigned i = 0; i < sizeof(files) / sizeof(*files); i++) {
        int fd = open_inside(p->root, "/etc"), at;
        if (fd < 0)
            return 0; /* a root without /etc wants none of it */
        close(fd);
        at = open_inside(p->root, files[i].path);
        bool has = at >= 0 && fstat(at, &st) == 0 && st.st_size > 0;
        if (at >= 0)
            close(at);
        if (files[i].always || !has)
            mount_bind(p, files[i].path, files[i].path, false); /* not there, not writable: without */
    }
    return 0;
}

static int mount_binds(const struct place *p, const struct root *r)
{
    for (unsigned i = 0; i < r->nbinds; i++) {
        const struct bind *b = &r->binds[i];
        int err = mount_bind(p, b->from, b->to, b->read_only);
        if (err) {
            fail(p, -err, b->from, b->to);
            return err;
        }
    }
    return 0;
}

static const struct {
    const char *name;
    int (*mount)(const struct place *, const struct root *);
} steps[] = {
    {"/proc", mount_proc}, {"/sys", mount_sys}, {"/dev", mount_dev}, {"/etc", mount_files},
    {"--bind", mount_binds},
};

int rootfs_mount(const struct root *r, bool *refused, char *why, size_t n)
{
    struct place p = { .why = why, .n = n };
    int err;

    *refused = true;
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount(r->dir, r->dir, NULL, MS_BIND | MS_REC, NULL) < 0)
        return fail(&p, errno, "mounting", r->dir);
    *refused = false;
    p.root = open(r->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (p.root < 0)
        return fail(&p, errno, "opening", r->dir);
    for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
        *why = 0;
        err = steps[i].mount(&p, r);
        if (err)
            return *why ? err : fail(&p, -err, "mounting", steps[i].name);
    }
    /* the old root lies below the new one for a moment: no folder is needed for it */
    if (fchdir(p.root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 ||
        chdir("/") < 0)
        return fail(&p, errno, "changing the root to", r->dir);
    close(p.root);
    if (chdir(r->workdir) < 0)
        return fail(&p, errno, "option -w:", r->workdir);
    return 0;
}
