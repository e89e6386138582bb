/*
 * Descriptors that somebody gave us: by a name (getfd) and in sets (add-fd, -add-fd), which are opened as the file /dev/fdset/N.
 * All with the lock.
 */
#ifndef MYNA_FDSET_H
#define MYNA_FDSET_H

#include <stdbool.h>
#include <stdint.h>

/* fd becomes ours; one of that name is closed first. owner: whose it goes with. False: no memory (fd is closed). */
bool fds_name(const void *owner, const char *name, int fd);
bool fds_close(const void *owner, const char *name); /* false: none */
/* The descriptor, now the caller's; -1: there is none of that name. */
int fds_take(const char *name);
void fds_forget(const void *owner);

struct fdset_fd { int fd; char *opaque; struct fdset_fd *next; };
struct fdset { int64_t id; struct fdset_fd *fds; struct fdset *next; };
/* fd becomes ours. id -1: a new set. The set; NULL: no memory (fd is closed). */
struct fdset *fdset_add(int64_t id, int fd, const char *opaque /* or NULL */);
/* fd -1: all of the set. False: there is none. */
bool fdset_remove(int64_t id, int fd);
struct fdset *fdset_next(struct fdset *s); /* NULL: the first */
/* Is it "/dev/fdset/N"? Then *fd: a copy of the one that allows what flags say, or -errno. */
bool fdset_open(const char *path, int flags, int *fd);

#endif
