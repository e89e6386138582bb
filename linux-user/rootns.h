/*
 * A foreign root folder entered by namespaces: what run.c, rootns.c and rootfs.c share.
 */
#ifndef MYNA_ROOTNS_H
#define MYNA_ROOTNS_H

#include <stdbool.h>
#include <stddef.h>

struct bind {
    const char *from, *to; /* host path; absolute path inside */
    bool read_only;
};

struct root {
    const char *dir;       /* absolute, links resolved, not "/" */
    const char *workdir;   /* inside */
    struct bind *binds;
    unsigned nbinds;
    bool share_pid, one_id;
    /* set by rootns_enter */
    bool user_ns;          /* ids are those of a user namespace */
    bool all_ids;          /* there are more than one */
};

/* Starts a process in namespaces of its own, with r->dir as root and the caller as its id 0. Returns 0 in
 * that process. The caller's own process waits for it and ends as it does. -errno: the host refuses, and
 * nothing has changed; why says what (up to n bytes). What only a wrong argument can cause ends the
 * process. */
int rootns_enter(struct root *r, char *why, size_t n);

/* In namespaces already: mounts what belongs into the root, and makes it the root. 0 or -errno, with
 * the reason in why; *refused: the host forbids mounts altogether. */
int rootfs_mount(const struct root *r, bool *refused, char *why, size_t n);

#endif
