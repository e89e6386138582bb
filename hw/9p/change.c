/*
 * What changes an exported folder: files made, renamed, removed; owners, modes, sizes, times, extended attributes. See tree.h.
 *
 * A new file gets its owner and mode after it was made (passthrough: chown, then chmod past our umask; mapped: cred.c); where
 * that fails it is removed again.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tree.h"

/* 0, or why a new file can't have this name. */
static int check_new(struct tree9 *t, struct node *dir, const char *name)
{
    if (t->x->readonly)
        return -EROFS;
    if (dir->type != S_IFDIR)
        return -ENOTDIR;
    if (!*name)
        return -ENOENT;
    if (!strcmp(name, ".") || !strcmp(name, ".."))
        return -EEXIST;
    if (strlen(name) >= NAME_BYTES)
        return -ENAMETOOLONG;
    return strchr(name, '/') || cred_hides(t, name) ? -EINVAL : 0;
}

/* Of one that is to be taken away. */
static int check_old(struct tree9 *t, struct node *dir, const char *name)
{
    int rc = check_new(t, dir, name);
    return rc == -EINVAL ? -ENOENT : rc == -EEXIST ? -EINVAL : rc;
}

static const char *number_of(const struct node *n, char text[12])
{
    snprintf(text, 12, "%d", n->fd);
    return text;
}

/* chmod of an O_PATH descriptor. */
static int chmod_host(struct tree9 *t, struct node *n, mode_t mode)
{
    char number[12];
    if (n->type == S_IFLNK)
        return -EOPNOTSUPP;
    if (t->x->fds >= 0)
        return fchmodat(t->x->fds, number_of(n, number), mode, 0) < 0 ? -errno : 0;
    int fd = node_open(t, n, O_RDONLY), rc = fd < 0 ? fd : fchmod(fd, mode) < 0 ? -errno : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

static int own(struct tree9 *t, struct node *n, struct owner o, mode_t mode, dev_t rdev)
{
    if (tree_mapped(t)) {
        bool special = !S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode);
        struct cred c = { CRED_UID | CRED_GID | CRED_MODE | (special ? CRED_RDEV : 0), o.uid, o.gid, mode, rdev };
        c.has &= ~((o.uid == ~0u ? CRED_UID : 0u) | (o.gid == ~0u ? CRED_GID : 0u));
        return cred_store(t, n, &c);
    }
    if (fchownat(n->fd, "", o.uid, o.gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0 && t->x->model != P9_NONE)
        return -errno;
    int rc = n->type == S_IFLNK ? 0 : chmod_host(t, n, mode & 07777);
    return t->x->model == P9_NONE ? 0 : rc;
}

/* The new file's node, with its owner. fd: the file, -1: it is not open; another that has come in its place meanwhile keeps its owner. */
static int adopt(struct tree9 *t, struct node *dir, const char *name, struct owner o, mode_t mode, dev_t rdev, struct node **made, int fd)
{
    struct stat st;
    int rc = node_find(t, dir, name, made);
    mode_t type = tree_mapped(t) && !S_ISDIR(mode) ? S_IFREG : mode & S_IFMT;
    if (!rc && ((*made)->type != type || (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != (*made)->dev || st.st_ino != (*made)->ino)))) {
        node_unref(t, *made);
        return -ESTALE;
    }
    if (!rc && (rc = own(t, *made, o, mode, rdev))) {
        node_unref(t, *made);
        node_gone(t, dir, name);
    }
    if (rc) {
        unlinkat(dir->fd, name, S_ISDIR(mode) ? AT_REMOVEDIR : 0);
        cred_forget(t, dir, name);
    }
    return rc;
}

int tree_create(struct tree9 *t, struct node *dir, const char *name, int flags, mode_t mode, struct owner o, struct node **made, int *fd)
{
    int rc = check_new(t, dir, name), how = flags & ~(O_EXCL | O_CREAT | O_TRUNC | O_NOATIME);
    if (rc)
        return rc;
    *fd = openat(dir->fd, name, how | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, tree_mapped(t) ? t->x->fmode : mode & 0777);
    if (*fd >= 0) {
        if ((rc = adopt(t, dir, name, o, S_IFREG | (mode & 07777), 0, made, *fd)))
            close(*fd);
        return rc;
    }
    if (errno != EEXIST || (flags & O_EXCL))
        return -errno;
    if ((rc = node_find(t, dir, name, made)))
        return rc;
    if ((*fd = (*made)->type == S_IFREG ? node_open(t, *made, flags & ~(O_EXCL | O_CREAT)) : -EEXIST) < 0) {
        node_unref(t, *made);
        return *fd;
    }
    return 0;
}

int tree_mkdir(struct tree9 *t, struct node *dir, const char *name, mode_t mode, struct owner o, struct node **made)
{
    int rc = check_new(t, dir, name);
    if (rc)
        return rc;
    if (mkdirat(dir->fd, name, tree_mapped(t) ? t->x->dmode : mode & 0777) < 0)
        return -errno;
    return adopt(t, dir, name, o, S_IFDIR | (mode & 07777), 0, made, -1);
}

/* Mapped: a plain file stands for it. */
static int stand_in(struct tree9 *t, struct node *dir, const char *name, const void *bytes, size_t n)
{
    int fd = openat(dir->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, t->x->fmode), rc = 0;
    if (fd < 0)
        return -errno;
    ssize_t done = n ? write(fd, bytes, n) : 0;
    if (done != (ssize_t)n) {
        rc = done < 0 ? -errno : -ENOSPC;
        unlinkat(dir->fd, name, 0);
    }
    close(fd);
    return rc;
}

int tree_mknod(struct tree9 *t, struct node *dir, const char *name, mode_t mode, dev_t rdev, struct owner o, struct node **made)
{
    int rc = check_new(t, dir, name);
    mode_t type = mode & S_IFMT;
    if (rc)
        return rc;
    if (type && type != S_IFREG && type != S_IFIFO && type != S_IFSOCK && type != S_IFCHR && type != S_IFBLK)
        return -EINVAL;
    mode |= type ? 0 : S_IFREG;
    if (tree_mapped(t))
        rc = stand_in(t, dir, name, NULL, 0);
    else if (mknodat(dir->fd, name, mode & ~07000u, rdev) < 0)
        rc = -errno;
    return rc ? rc : adopt(t, dir, name, o, mode & (S_IFMT | 07777), rdev, made, -1);
}

int tree_symlink(struct tree9 *t, struct node *dir, const char *name, const char *target, struct owner o, struct node **made)
{
    int rc = check_new(t, dir, name);
    if (rc)
        return rc;
    if (!*target || strlen(target) >= PATH_MAX)
        return *target ? -ENAMETOOLONG : -ENOENT;
    if (tree_mapped(t))
        rc = stand_in(t, dir, name, target, strlen(target));
    else if (symlinkat(target, dir->fd, name) < 0)
        rc = -errno;
    return rc ? rc : adopt(t, dir, name, o, S_IFLNK | 0777, 0, made, -1);
}

ssize_t node_readlink(struct tree9 *t, struct node *n, char *target, size_t size)
{
    struct statx st;
    if (n->type == S_IFLNK) {
        ssize_t got = readlinkat(n->fd, "", target, size);
        return got < 0 ? -errno : got;
    }
    int rc = tree_mapped(t) ? node_stat(t, n, &st) : -EINVAL;
    if (rc || !S_ISLNK(st.stx_mode))
        return rc ? rc : -EINVAL;
    int fd = node_open(t, n, O_RDONLY);
    if (fd < 0)
        return fd;
    ssize_t got = pread(fd, target, size, 0);
    rc = -errno;
    close(fd);
    return got < 0 ? rc : got;
}

int tree_link(struct tree9 *t, struct node *n, struct node *dir, const char *name)
{
    char number[12], old[NAME_BYTES];
    struct node *from;
    int rc = check_new(t, dir, name);
    if (rc)
        return rc;
    if (n->type == S_IFDIR || !node_place(t, n, &from, old))
        return -EPERM;
    /* the link in /proc leads to the file itself, but not if that is a symbolic link */
    if (t->x->fds >= 0 && n->type != S_IFLNK)
        rc = linkat(t->x->fds, number_of(n, number), dir->fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
    else
        rc = linkat(from->fd, old, dir->fd, name, 0) < 0 ? -errno : 0;
    node_unref(t, from);
    if (!rc)
        cred_copy(t, n, dir, name);
    return rc;
}

int tree_rename(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name)
{
    int rc = check_old(t, from, old);
    if (rc || (rc = check_new(t, to, name)))
        return rc == -EEXIST ? -EINVAL : rc;
    struct stat st;
    if (t->x->model == P9_MAPPED_FILE && fstatat(to->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) && (rc = cred_empty(t, to, name)))
        return rc;
    if (renameat(from->fd, old, to->fd, name) < 0)
        return -errno;
    cred_move(t, from, old, to, name);
    node_moved(t, from, old, to, name);
    return 0;
}

int tree_rename_node(struct tree9 *t, struct node *n, struct node *to, const char *name)
{
    struct node *from;
    char old[NAME_BYTES];
    if (!node_place(t, n, &from, old))
        return -EBUSY;
    int rc = tree_rename(t, from, old, to, name);
    node_unref(t, from);
    return rc;
}

int tree_unlink(struct tree9 *t, struct node *dir, const char *name, bool folder)
{
    int rc = check_old(t, dir, name);
    if (rc || (folder && (rc = cred_empty(t, dir, name))))
        return rc;
    if (unlinkat(dir->fd, name, folder ? AT_REMOVEDIR : 0) < 0)
        return -errno;
    cred_forget(t, dir, name);
    node_gone(t, dir, name);
    return 0;
}

int tree_remove(struct tree9 *t, struct node *n)
{
    struct node *dir;
    char name[NAME_BYTES];
    if (!node_place(t, n, &dir, name))
        return -EBUSY;
    int rc = tree_unlink(t, dir, name, n->type == S_IFDIR);
    node_unref(t, dir);
    return rc;
}

/* ----------------------------------------------------------------- what a file is like */

int node_chmod(struct tree9 *t, struct node *n, mode_t mode)
{
    struct statx st;
    if (!tree_mapped(t))
        return chmod_host(t, n, mode & 07777);
    int rc = node_stat(t, n, &st);
    return rc ? rc : cred_store(t, n, &(struct cred){ .has = CRED_MODE, .mode = (st.stx_mode & S_IFMT) | (mode & 07777) });
}

int node_chown(struct tree9 *t, struct node *n, uint32_t uid, uint32_t gid)
{
    if (tree_mapped(t)) {
        struct cred c = { (uid != ~0u ? CRED_UID : 0) | (gid != ~0u ? CRED_GID : 0), uid, gid, 0, 0 };
        return c.has ? cred_store(t, n, &c) : 0;
    }
    if (fchownat(n->fd, "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    return t->x->model == P9_NONE && errno == EPERM ? 0 : -errno;
}

int node_truncate(struct tree9 *t, struct node *n, uint64_t size)
{
    if (size > INT64_MAX)
        return -EINVAL;
    int fd = n->type == S_IFREG ? node_open(t, n, O_WRONLY) : n->type == S_IFDIR ? -EISDIR : -EINVAL;
    if (fd < 0)
        return fd;
    int rc = ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

int node_times(struct tree9 *t, struct node *n, const struct timespec times[2])
{
    char number[12];
    if (utimensat(n->fd, "", times, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    if (errno != EINVAL || t->x->fds < 0 || n->type == S_IFLNK) /* Linux before 5.8 */
        return -errno;
    return utimensat(t->x->fds, number_of(n, number), times, 0) < 0 ? -errno : 0;
}

/* ------------------------------------------------------------------- extended attributes */

#define OWN "user.virtfs."
static const char *const acls[] = { "system.posix_acl_access", "system.posix_acl_default" };

/* The host's name of the guest's attribute; NULL: it has none, and *why says so. Owners, access lists and what programs keep: nothing
 * that would give the host's programs rights. */
static const char *host_name(struct tree9 *t, const char *name, char text[NAME_BYTES + 16], int *why)
{
    bool acl = !strcmp(name, acls[0]) || !strcmp(name, acls[1]);
    *why = -EOPNOTSUPP;
    if (strlen(name) >= NAME_BYTES) {
        *why = -ERANGE;
        return NULL;
    }
    if (acl && t->x->model == P9_MAPPED_XATTR) {
        snprintf(text, NAME_BYTES + 16, OWN "%s", name);
        return text;
    }
    if (!acl && strncmp(name, "user.", 5))
        return NULL;
    *why = -EACCES;
    if (t->x->model == P9_MAPPED_XATTR && !strncmp(name, OWN, sizeof OWN - 1))
        return NULL;
    return name;
}

ssize_t node_getxattr(struct tree9 *t, struct node *n, const char *name, void *value, size_t size)
{
    char text[NAME_BYTES + 16];
    int why;
    const char *host = host_name(t, name, text, &why);
    if (!host)
        return why == -EACCES ? -ENODATA : why;
    return host_getxattr(t, n, host, value, size);
}

/* Of the names those that the guest may know, moved together. */
ssize_t node_listxattr(struct tree9 *t, struct node *n, char *list, size_t size)
{
    ssize_t got = host_getxattr(t, n, NULL, list, size);
    size_t kept = 0;
    for (ssize_t at = 0; at < got;) {
        size_t len = strnlen(list + at, (size_t)(got - at)) + 1;
        const char *name = list + at, *shown = name;
        bool own = t->x->model == P9_MAPPED_XATTR && !strncmp(name, OWN, sizeof OWN - 1);
        if (own)
            shown = name + sizeof OWN - 1;
        bool acl = !strcmp(shown, acls[0]) || !strcmp(shown, acls[1]);
        at += (ssize_t)len;
        if (own ? !acl : acl ? t->x->model == P9_MAPPED_XATTR : strncmp(name, "user.", 5) != 0)
            continue;
        len = strlen(shown) + 1;
        memmove(list + kept, shown, len);
        kept += len;
    }
    return got < 0 ? got : (ssize_t)kept;
}

int node_setxattr(struct tree9 *t, struct node *n, const char *name, const void *value, size_t size, int flags)
{
    char text[NAME_BYTES + 16];
    int why;
    const char *host = host_name(t, name, text, &why);
    return host ? host_setxattr(t, n, host, value, size, flags) : why;
}

int node_removexattr(struct tree9 *t, struct node *n, const char *name)
{
    char text[NAME_BYTES + 16];
    int why;
    const char *host = host_name(t, name, text, &why);
    return host ? host_setxattr(t, n, host, NULL, 0, 0) : why;
}
