/*
 * Owners, modes and device numbers where the security model keeps them: in extended attributes user.virtfs.{uid,gid,mode,rdev} of
 * the host's file, 32 bits (rdev: 64) little endian, or in a text file NAME of the folder .virtfs_metadata beside it (the
 * exported folder's own: .virtfs_metadata_root), a line virtfs.uid=NUMBER and so on. QEMU does the same, so trees can be
 * exchanged with it.
 *
 * What is there was written by the guest or by others: it is shown to the guest, and nothing here acts on it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tree.h"

#define FOLDER ".virtfs_metadata"
#define ROOT_FILE ".virtfs_metadata_root"
enum { NFIELDS = 4, FILE_BYTES = 512 };

static const struct { const char *attribute, *word; unsigned bit, offset, size; } fields[NFIELDS] = {
    { "user.virtfs.uid", "virtfs.uid=", CRED_UID, offsetof(struct cred, uid), 4 },
    { "user.virtfs.gid", "virtfs.gid=", CRED_GID, offsetof(struct cred, gid), 4 },
    { "user.virtfs.mode", "virtfs.mode=", CRED_MODE, offsetof(struct cred, mode), 4 },
    { "user.virtfs.rdev", "virtfs.rdev=", CRED_RDEV, offsetof(struct cred, rdev), 8 },
};

bool cred_hides(const struct tree9 *t, const char *name)
{
    return t->x->model == P9_MAPPED_FILE && (!strcmp(name, FOLDER) || !strcmp(name, ROOT_FILE));
}

/* ---------------------------------------------------------------------- attributes */

/* The link in /proc leads to any kind of file without opening it; where /proc is not (-chroot), a plain file is opened. */
static const char *path_of(const struct node *n, char text[32])
{
    snprintf(text, 32, "/proc/self/fd/%d", n->fd);
    return text;
}

ssize_t host_getxattr(struct tree9 *t, struct node *n, const char *name, void *value, size_t size)
{
    char path[32];
    ssize_t got = name ? getxattr(path_of(n, path), name, value, size) : listxattr(path_of(n, path), value, size);
    if (got >= 0 || errno != ENOENT)
        return got < 0 ? -errno : got;
    int fd = node_open(t, n, O_RDONLY);
    if (fd < 0)
        return -EOPNOTSUPP;
    got = name ? fgetxattr(fd, name, value, size) : flistxattr(fd, value, size);
    int rc = -errno;
    close(fd);
    return got < 0 ? rc : got;
}

/* value NULL: it is removed. */
int host_setxattr(struct tree9 *t, struct node *n, const char *name, const void *value, size_t size, int flags)
{
    char path[32];
    path_of(n, path);
    if ((value ? setxattr(path, name, value, size, flags) : removexattr(path, name)) == 0)
        return 0;
    if (errno != ENOENT)
        return -errno;
    int fd = node_open(t, n, O_RDONLY);
    if (fd < 0)
        return -EOPNOTSUPP;
    int rc = (value ? fsetxattr(fd, name, value, size, flags) : fremovexattr(fd, name)) < 0 ? -errno : 0;
    close(fd);
    return rc;
}

/* ---------------------------------------------------------------------- metadata files */

/* Opens the file of a name in a folder (dir NULL: of the root); make: the folder of them is made. */
static int open_meta(struct tree9 *t, struct node *dir, const char *name, int flags, bool make)
{
    int at = dir ? openat(dir->fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : t->root->fd;
    struct stat st;
    if (at < 0 && make && errno == ENOENT && mkdirat(dir->fd, FOLDER, 0700) == 0)
        at = openat(dir->fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (at < 0)
        return -1;
    int fd = openat(at, dir ? name : ROOT_FILE, flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
    if (dir)
        close(at);
    if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

static void read_meta(struct tree9 *t, struct node *dir, const char *name, struct cred *c)
{
    char text[FILE_BYTES];
    int fd = open_meta(t, dir, name, O_RDONLY, false);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    text[n > 0 ? n : 0] = 0;
    for (unsigned k = 0; k < NFIELDS; k++) {
        const char *at = strstr(text, fields[k].word);
        if (!at)
            continue;
        uint64_t v = strtoull(at + strlen(fields[k].word), NULL, 10);
        memcpy((char *)c + fields[k].offset, &v, fields[k].size);
        c->has |= fields[k].bit;
    }
}

static int write_meta(struct tree9 *t, struct node *dir, const char *name, const struct cred *c)
{
    char text[FILE_BYTES];
    size_t n = 0;
    for (unsigned k = 0; k < NFIELDS; k++) {
        uint64_t v = 0;
        if (!(c->has & fields[k].bit))
            continue;
        memcpy(&v, (const char *)c + fields[k].offset, fields[k].size);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%llu\n", fields[k].word, (unsigned long long)v);
    }
    int fd = open_meta(t, dir, name, O_WRONLY | O_CREAT | O_TRUNC, true);
    if (fd < 0)
        return -errno;
    ssize_t done = write(fd, text, n);
    int rc = done < 0 ? -errno : done != (ssize_t)n ? -ENOSPC : 0;
    close(fd);
    return rc;
}

/* ------------------------------------------------------------------------- the models */

void cred_load(struct tree9 *t, struct node *n, struct cred *c)
{
    *c = (struct cred){ 0 };
    if (t->x->model == P9_MAPPED_FILE) {
        struct node *dir;
        char name[NAME_BYTES];
        node_place(t, n, &dir, name);
        pthread_mutex_lock(&t->meta);
        read_meta(t, dir, name, c);
        pthread_mutex_unlock(&t->meta);
        node_unref(t, dir);
        return;
    }
    for (unsigned k = 0; k < NFIELDS; k++) {
        bool device = S_ISCHR(c->mode) || S_ISBLK(c->mode);
        if (fields[k].bit == CRED_RDEV && (c->has & CRED_MODE) && !device)
            continue; /* it has none */
        if (host_getxattr(t, n, fields[k].attribute, (char *)c + fields[k].offset, fields[k].size) == (ssize_t)fields[k].size)
            c->has |= fields[k].bit;
    }
}

int cred_store(struct tree9 *t, struct node *n, const struct cred *c)
{
    int rc = 0;
    if (t->x->model == P9_MAPPED_FILE) {
        struct node *dir;
        char name[NAME_BYTES];
        struct cred all = { 0 };
        node_place(t, n, &dir, name);
        pthread_mutex_lock(&t->meta);
        read_meta(t, dir, name, &all);
        for (unsigned k = 0; k < NFIELDS; k++)
            if (c->has & fields[k].bit)
                memcpy((char *)&all + fields[k].offset, (const char *)c + fields[k].offset, fields[k].size);
        all.has |= c->has;
        rc = write_meta(t, dir, name, &all);
        pthread_mutex_unlock(&t->meta);
        node_unref(t, dir);
        return rc;
    }
    for (unsigned k = 0; k < NFIELDS && !rc; k++)
        if (c->has & fields[k].bit)
            rc = host_setxattr(t, n, fields[k].attribute, (const char *)c + fields[k].offset, fields[k].size, 0);
    return rc;
}

/* Opens folders of metadata of two folders; false: the first has none. */
static bool open_folders(struct node *from, struct node *to, int fd[2])
{
    fd[0] = openat(from->fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd[0] < 0)
        return false;
    mkdirat(to->fd, FOLDER, 0700);
    fd[1] = openat(to->fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd[1] < 0)
        close(fd[0]);
    return fd[1] >= 0;
}

void cred_forget(struct tree9 *t, struct node *dir, const char *name)
{
    if (t->x->model != P9_MAPPED_FILE)
        return;
    int fd = openat(dir->fd, FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return;
    unlinkat(fd, name, 0);
    close(fd);
}

void cred_move(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name)
{
    int fd[2];
    if (t->x->model != P9_MAPPED_FILE)
        return;
    pthread_mutex_lock(&t->meta);
    if (open_folders(from, to, fd)) {
        if (renameat(fd[0], old, fd[1], name) < 0)
            unlinkat(fd[1], name, 0); /* what was there is another's */
        close(fd[0]);
        close(fd[1]);
    } else {
        cred_forget(t, to, name);
    }
    pthread_mutex_unlock(&t->meta);
}

/* The metadata's link, so that changes are seen under both names. */
void cred_copy(struct tree9 *t, struct node *n, struct node *to, const char *name)
{
    int fd[2];
    struct node *from;
    char old[NAME_BYTES];
    if (t->x->model != P9_MAPPED_FILE || !node_place(t, n, &from, old))
        return;
    pthread_mutex_lock(&t->meta);
    if (open_folders(from, to, fd)) {
        unlinkat(fd[1], name, 0);
        if (linkat(fd[0], old, fd[1], name, 0) < 0)
            errno = 0; /* it has the host's, then */
        close(fd[0]);
        close(fd[1]);
    }
    pthread_mutex_unlock(&t->meta);
    node_unref(t, from);
}

int cred_empty(struct tree9 *t, struct node *dir, const char *name)
{
    int rc = 0;
    if (t->x->model != P9_MAPPED_FILE)
        return 0;
    int fd = openat(dir->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (unlinkat(fd, FOLDER, AT_REMOVEDIR) < 0 && errno != ENOENT)
        rc = -errno;
    close(fd);
    return rc;
}
