/*
 * rootname.c: a foreign root by names alone, where the host refuses namespaces (`myna run`).
 *
 * The prefix is the root: each absolute name means the file below it, existing or not, symbolic links
 * resolved inside; /proc, /sys and /dev are the host's, and so is /etc/resolv.conf. What the kernel tells
 * as a name of the host (getcwd, links of /proc) loses the prefix on its way back.
 *
 * What it can't do: relative names are the kernel's, so ".." leads out of the root's top, and an absolute
 * link met in a relative name leads to the host's file; names in socket addresses are the host's; nothing
 * is kept in. It is a convenience for what is trusted, no wall.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "path.h"

enum { MAX_LINKS = 8 };

/* The host's own part of the tree, the same under both names. */
static bool is_hosts(const char *path)
{
    static const char *const tops[] = { "proc", "sys", "dev" };
    const char *name = path + strspn(path, "/");

    for (unsigned i = 0; i < sizeof(tops) / sizeof(*tops); i++) {
        size_t n = strlen(tops[i]);
        if (!strncmp(name, tops[i], n) && (name[n] == '/' || name[n] == 0))
            return true;
    }
    return !strcmp(path, "/etc/resolv.conf");
}

static int open_inside(const struct process *p, const char *path, int flags)
{
    struct open_how how = { .flags = (unsigned)flags | O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
    int root = path_prefix_fd(p);

    return root < 0 ? -ENOENT : (int)host_syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/* Name of path's folder and the rest behind it; false: there is no such folder. */
static bool by_folder(const struct process *p, const char *path, char *buf)
{
    char folder[PATH_MAX];
    size_t n = strlen(path);

    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n == 0 || n >= PATH_MAX)
        return false;
    memcpy(folder, path, n);
    folder[n] = 0;
    int fd = open_inside(p, folder, O_DIRECTORY);
    if (fd < 0 || !path_of_fd(fd, buf))
        return false;
    size_t at = strlen(buf);
    return snprintf(buf + at, PATH_MAX - at, "/%s", path + n) < (int)(PATH_MAX - at);
}

const char *rootname_host(const struct process *p, const char *path, char *buf, bool follow)
{
    char target[PATH_MAX], copy[PATH_MAX];

    if (path[0] != '/' || is_hosts(path))
        return path;
    for (unsigned links = 0; links < MAX_LINKS; links++) {
        int fd = open_inside(p, path, follow ? 0 : O_NOFOLLOW);
        if (fd >= 0 && path_of_fd(fd, buf))
            return buf;
        if (!by_folder(p, path, buf))
            break;
        /* not there: a name to be made, or a link that leads to the host's part or to nothing */
        ssize_t n = follow ? readlink(buf, target, sizeof(target) - 1) : -1;
        if (n <= 0)
            return buf;
        target[n] = 0;
        if (target[0] != '/')
            return buf; /* the kernel follows it just so */
        snprintf(copy, sizeof(copy), "%s", target);
        path = copy;
        if (is_hosts(path)) {
            snprintf(buf, PATH_MAX, "%s", path);
            return buf;
        }
    }
    /* no such folder: the kernel finds the same */
    if (snprintf(buf, PATH_MAX, "%s%s", p->prefix, path) >= PATH_MAX)
        return "/proc/self/fd/name too long"; /* not there */
    return buf;
}

const char *rootname_guest(const struct process *p, const char *path)
{
    size_t n = p->prefix ? strlen(p->prefix) : 0;

    if (!p->rooted || strncmp(path, p->prefix, n) || (path[n] && path[n] != '/'))
        return path;
    return path[n] ? path + n : "/";
}

long rootname_strip(struct thread *t, uint64_t at, long len, bool string)
{
    char name[PATH_MAX];

    if (!t->p->rooted || len <= 0 || len >= PATH_MAX || user_read(t->p, name, at, (size_t)len))
        return len;
    name[len] = 0; /* with string, len counts a NUL already */
    const char *inside = rootname_guest(t->p, name);
    if (inside == name)
        return len;
    size_t n = strlen(inside);
    if (user_write(t->p, at, inside, n + string))
        return -EFAULT;
    return (long)(n + string);
}
