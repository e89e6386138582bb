/*
 * Names of files, as the handlers of file calls use them beyond what user.h offers.
 */
#ifndef MYNA_PATH_H
#define MYNA_PATH_H

#include "user.h"

/* Before the first use of a path. 0 or -ENOMEM. */
int path_init(struct process *p);
/* Makes p->prefix, a folder, absolute and free of links; NULL if there is none or it is the root. Once, after path_init. */
void path_set_prefix(struct process *p);
/* Might path exist below the prefix? False is certain. */
bool path_in_prefix(const struct process *p, const char *path);
/* Descriptor of the prefix folder, negative if it can't be opened. */
int path_prefix_fd(const struct process *p);
/* chroot (nr SYS_chroot) or pivot_root to host paths, and what follows for the prefix. 0 or -errno. */
long path_change_root(struct process *p, long nr, const char *path, const char *put_old);
/* Opens path below the prefix, links resolved inside it. Only if path_in_prefix. */
int path_open_prefix(const struct process *p, const char *path, int host_flags, unsigned mode);
/* path_host; follow: a symbolic link at the end is followed too. */
const char *path_resolve(const struct process *p, const char *path, char *buf, bool follow);
/* The host's name of what descriptor fd of myna's own is, into buf (PATH_MAX bytes); fd is closed. False: none. */
bool path_of_fd(int fd, char *buf);
int path_get_nofollow(struct thread *t, uint64_t addr, char *buf, char *buf2, const char **out);
/* --- rootname.c: the prefix is a root of its own (p->rooted) */

/* As path_resolve, for names that need not exist. */
const char *rootname_host(const struct process *p, const char *path, char *buf, bool follow);
/* A name of the host as the guest knows it; inside path. */
const char *rootname_guest(const struct process *p, const char *path);
/* The same for a name of len bytes that a call has written at a guest address: its new length, with a NUL
 * if it is a string. */
long rootname_strip(struct thread *t, uint64_t at, long len, bool string);

/* The lock of what is known of the prefix: for fork, which must find nobody in the midst of it. */
pthread_mutex_t *path_lock(struct process *p);

#endif
