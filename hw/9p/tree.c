/*
 * Nodes of an exported folder: found, held, opened, looked at. See tree.h; change.c has what changes the tree.
 *
 * There is one node for each name of a folder that the guest holds, however often it walked there. A name that has come to stand for
 * another file gets a new node at the next walk; the old one stays with those who have it, as an unlinked file does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tree.h"

static unsigned bucket_of(const struct node *parent, const char *name)
{
    uint64_t h = (uint64_t)(uintptr_t)parent >> 4;
    for (; *name; name++)
        h = (h ^ (uint8_t)*name) * 0x100000001b3ull;
    return (unsigned)(h ^ h >> 32) % NODE_BUCKETS;
}

static void unhash(struct tree9 *t, struct node *n)
{
    if (!n->hashed)
        return;
    struct node **at = &t->bucket[bucket_of(n->parent, n->name)];
    while (*at != n)
        at = &(*at)->next;
    *at = n->next;
    n->hashed = false;
}

static void hash(struct tree9 *t, struct node *n)
{
    struct node **at = &t->bucket[bucket_of(n->parent, n->name)];
    n->next = *at;
    *at = n;
    n->hashed = true;
}

static struct node *seek(struct tree9 *t, struct node *dir, const char *name)
{
    struct node *n = t->bucket[bucket_of(dir, name)];
    while (n && (n->parent != dir || strcmp(n->name, name)))
        n = n->next;
    return n;
}

struct node *node_ref(struct tree9 *t, struct node *n)
{
    pthread_mutex_lock(&t->mutex);
    n->refs++;
    pthread_mutex_unlock(&t->mutex);
    return n;
}

void node_unref(struct tree9 *t, struct node *n)
{
    while (n) {
        pthread_mutex_lock(&t->mutex);
        bool last = !--n->refs;
        if (last)
            unhash(t, n);
        pthread_mutex_unlock(&t->mutex);
        if (!last)
            return;
        struct node *up = n->parent;
        node_drop_locks(t, n);
        if (n->fd >= 0 && up)
            close(n->fd);
        free(n->name);
        free(n);
        n = up; /* a chain of folders, not a recursion: the guest makes it as long as it likes */
    }
}

static struct node *new_node(struct node *parent, const char *name, int fd, const struct stat *st)
{
    struct node *n = calloc(1, sizeof *n);
    if (!n || (name && !(n->name = strdup(name)))) {
        free(n);
        return NULL;
    }
    n->refs = 1;
    n->parent = parent;
    n->fd = fd;
    n->type = st->st_mode & S_IFMT;
    n->dev = st->st_dev;
    n->ino = st->st_ino;
    return n;
}

bool tree_init(struct tree9 *t, const struct p9_export *x)
{
    struct stat st;
    t->x = x;
    pthread_mutex_init(&t->mutex, NULL);
    pthread_mutex_init(&t->meta, NULL);
    if (fstat(x->root, &st) < 0 || !(t->root = new_node(NULL, NULL, x->root, &st)))
        return false;
    t->device[t->ndevices++] = st.st_dev;
    return true;
}

void tree_done(struct tree9 *t)
{
    node_unref(t, t->root);
    pthread_mutex_destroy(&t->mutex);
    pthread_mutex_destroy(&t->meta);
}

uint64_t node_number(struct tree9 *t, dev_t dev, ino_t ino)
{
    unsigned k = 0;
    if (dev == t->root->dev)
        return ino;
    if (t->x->multidevs == P9_FORBID)
        return 0;
    pthread_mutex_lock(&t->mutex);
    while (k < t->ndevices && t->device[k] != dev)
        k++;
    if (k == t->ndevices && k < TREE_DEVICES)
        t->device[t->ndevices++] = dev;
    bool warn = t->x->multidevs == P9_WARN && !t->warned;
    t->warned |= warn;
    pthread_mutex_unlock(&t->mutex);
    if (warn)
        fprintf(stderr, "-fsdev %s: there are several host devices in it: files may get the same number (multidevs=remap keeps them apart)\n", t->x->path);
    if (t->x->multidevs == P9_WARN)
        return ino;
    if (k < TREE_DEVICES && !(ino >> 48))
        return (uint64_t)k << 48 | ino;
    uint64_t h = (ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15ull; /* rare: a number of its own, nearly surely */
    return (h ^ h >> 29) | 1ull << 63;
}

static bool is_name(const char *name)
{
    return *name && strlen(name) < NAME_BYTES && !strchr(name, '/') && strcmp(name, ".") && strcmp(name, "..");
}

int tree_keep(const struct tree9 *t, int fd)
{
    if (fd < t->x->limit)
        return fd < 0 ? -errno : fd;
    close(fd);
    return -EMFILE;
}

int node_find(struct tree9 *t, struct node *dir, const char *name, struct node **found)
{
    struct stat st;
    if (!is_name(name))
        return strlen(name) < NAME_BYTES ? -ENOENT : -ENAMETOOLONG;
    if (dir->type != S_IFDIR)
        return -ENOTDIR;
    if (cred_hides(t, name))
        return -ENOENT;
    int fd = tree_keep(t, openat(dir->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    if (!node_number(t, st.st_dev, st.st_ino)) {
        close(fd);
        return -ENOENT;
    }
    struct node *fresh = new_node(dir, name, fd, &st);
    if (!fresh) {
        close(fd);
        return -ENOMEM;
    }
    pthread_mutex_lock(&t->mutex);
    struct node *n = seek(t, dir, name);
    if (n && n->dev == st.st_dev && n->ino == st.st_ino && n->type == fresh->type) {
        n->refs++;
    } else {
        if (n)
            unhash(t, n);
        dir->refs++;
        hash(t, n = fresh);
    }
    pthread_mutex_unlock(&t->mutex);
    if (n != fresh) {
        close(fd);
        free(fresh->name);
        free(fresh);
    }
    *found = n;
    return 0;
}

struct node *node_parent(struct tree9 *t, struct node *n)
{
    pthread_mutex_lock(&t->mutex);
    struct node *up = n->parent ? n->parent : n;
    up->refs++;
    pthread_mutex_unlock(&t->mutex);
    return up;
}

bool node_place(struct tree9 *t, struct node *n, struct node **dir, char name[NAME_BYTES])
{
    *dir = NULL;
    pthread_mutex_lock(&t->mutex);
    if (n->parent) {
        *dir = n->parent;
        n->parent->refs++;
        strcpy(name, n->name);
    }
    pthread_mutex_unlock(&t->mutex);
    return *dir != NULL;
}

void node_moved(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name)
{
    struct node *left = NULL;
    char *copy = strdup(name);
    pthread_mutex_lock(&t->mutex);
    struct node *n = seek(t, from, old), *over = seek(t, to, name);
    if (over && over != n)
        unhash(t, over); /* what was there is unlinked */
    for (struct node *up = to; n && up; up = up->parent)
        if (up == n) { /* the host has turned the tree over: what we know of it is no use */
            unhash(t, n);
            n = NULL;
            break;
        }
    if (n && copy) {
        unhash(t, n);
        free(n->name);
        n->name = copy;
        copy = NULL;
        left = n->parent;
        n->parent = to;
        to->refs++;
        hash(t, n);
    }
    pthread_mutex_unlock(&t->mutex);
    free(copy);
    node_unref(t, left);
}

void node_gone(struct tree9 *t, struct node *dir, const char *name)
{
    pthread_mutex_lock(&t->mutex);
    struct node *n = seek(t, dir, name);
    if (n)
        unhash(t, n);
    pthread_mutex_unlock(&t->mutex);
}

/* Without /proc: by its name, if that is still this file. */
static int open_by_name(struct tree9 *t, struct node *n, int flags)
{
    struct node *dir;
    char name[NAME_BYTES];
    struct stat st;
    if (!node_place(t, n, &dir, name))
        return openat(n->fd, ".", flags | O_CLOEXEC);
    int fd = openat(dir->fd, name, (flags & ~O_TRUNC) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    node_unref(t, dir);
    if (fd >= 0 && (fstat(fd, &st) < 0 || st.st_dev != n->dev || st.st_ino != n->ino || ((flags & O_TRUNC) && ftruncate(fd, 0) < 0))) {
        close(fd);
        errno = ESTALE;
        return -1;
    }
    return fd;
}

int node_open(struct tree9 *t, struct node *n, int flags)
{
    char number[12];
    if (n->type != S_IFREG && n->type != S_IFDIR)
        return n->type == S_IFLNK ? -ELOOP : -ENXIO;
    snprintf(number, sizeof number, "%d", n->fd);
    flags |= O_NOCTTY | O_CLOEXEC;
    for (;;) {
        int fd = t->x->fds >= 0 ? openat(t->x->fds, number, flags) : open_by_name(t, n, flags);
        if (fd >= 0)
            return tree_keep(t, fd);
        if (errno == EPERM && (flags & O_NOATIME))
            flags &= ~O_NOATIME; /* it is another's file */
        else
            return -errno;
    }
}

int node_stat(struct tree9 *t, struct node *n, struct statx *st)
{
    if (statx(n->fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, st) < 0)
        return -errno;
    if (!tree_mapped(t))
        return 0;
    struct cred c;
    cred_load(t, n, &c);
    if (c.has & CRED_UID)
        st->stx_uid = c.uid;
    if (c.has & CRED_GID)
        st->stx_gid = c.gid;
    if (c.has & CRED_MODE)
        st->stx_mode = (uint16_t)c.mode;
    if (c.has & CRED_RDEV) {
        st->stx_rdev_major = major(c.rdev);
        st->stx_rdev_minor = minor(c.rdev);
    }
    return 0;
}
