/*
 * Descriptors by name and in sets: see fdset.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fdset.h"

static struct named { const void *owner; char *name; int fd; struct named *next; } *names;
static struct fdset *sets;

static struct named **find(const void *owner, const char *name)
{
    struct named **at = &names;
    while (*at && ((owner && (*at)->owner != owner) || (name && strcmp((*at)->name, name))))
        at = &(*at)->next;
    return at;
}

/* Its descriptor; the entry is gone. */
static int drop(struct named **at)
{
    struct named *n = *at;
    int fd = n->fd;
    *at = n->next;
    free(n->name);
    free(n);
    return fd;
}

bool fds_name(const void *owner, const char *name, int fd)
{
    struct named *n = calloc(1, sizeof *n);
    fds_close(owner, name);
    if (n && (n->name = strdup(name))) {
        n->owner = owner;
        n->fd = fd;
        n->next = names;
        names = n;
        return true;
    }
    free(n);
    close(fd);
    return false;
}

bool fds_close(const void *owner, const char *name)
{
    struct named **at = find(owner, name);
    if (!*at)
        return false;
    close(drop(at));
    return true;
}

int fds_take(const char *name)
{
    struct named **at = find(NULL, name);
    return *at ? drop(at) : -1;
}

void fds_forget(const void *owner)
{
    for (struct named **at; *(at = find(owner, NULL));)
        close(drop(at));
}

/* --------------------------------------------------------------------------- sets */

struct fdset *fdset_next(struct fdset *s) { return s ? s->next : sets; }

struct fdset *fdset_add(int64_t id, int fd, const char *opaque)
{
    struct fdset **at = &sets, *s = NULL;
    if (id < 0)
        for (id = 0; *at && (*at)->id == id; id++) /* they are in order */
            at = &(*at)->next;
    else
        while (*at && (*at)->id < id)
            at = &(*at)->next;
    struct fdset_fd *f = calloc(1, sizeof *f);
    s = *at && (*at)->id == id ? *at : calloc(1, sizeof *s);
    if (!f || !s || (opaque && !(f->opaque = strdup(opaque)))) {
        if (s && s != *at)
            free(s);
        free(f);
        close(fd);
        return NULL;
    }
    if (s != *at) {
        s->id = id;
        s->next = *at;
        *at = s;
    }
    f->fd = fd;
    f->next = s->fds;
    s->fds = f;
    return s;
}

bool fdset_remove(int64_t id, int fd)
{
    struct fdset **at = &sets;
    bool found = false;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    if (!*at)
        return false;
    for (struct fdset_fd **f = &(*at)->fds; *f;) {
        struct fdset_fd *x = *f;
        if (fd >= 0 && x->fd != fd) {
            f = &x->next;
            continue;
        }
        *f = x->next;
        close(x->fd);
        free(x->opaque);
        free(x);
        found = true;
    }
    if (!(*at)->fds) {
        struct fdset *s = *at;
        *at = s->next;
        free(s);
    }
    return found;
}

bool fdset_open(const char *path, int flags, int *fd)
{
    static const char prefix[] = "/dev/fdset/";
    char *end;
    if (strncmp(path, prefix, sizeof prefix - 1))
        return false;
    long long id = strtoll(path + sizeof prefix - 1, &end, 10);
    *fd = -ENOENT;
    if (*end || end == path + sizeof prefix - 1)
        return true;
    for (struct fdset *s = sets; s; s = s->next)
        if (s->id == id) {
            *fd = -EACCES;
            for (struct fdset_fd *f = s->fds; f; f = f->next)
                if ((fcntl(f->fd, F_GETFL) & O_ACCMODE) == (flags & O_ACCMODE)) {
                    *fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);
                    if (*fd < 0)
                        *fd = -errno;
                    break;
                }
        }
    return true;
}
