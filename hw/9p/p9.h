/*
 * A 9P2000.L server of a folder of the host, for a guest that is not trusted (server.c), and -fsdev (fsdev.c).
 *
 * The protocol: Linux' include/net/9p/9p.h and Documentation/filesystems/9p.rst, diod's protocol.md, Plan 9's intro(5).
 */
#ifndef MYNA_P9_H
#define MYNA_P9_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/uio.h>

enum p9_model {      /* security_model=: where owners and modes of the guest's files are */
    P9_PASSTHROUGH,  /* in the host's files themselves */
    P9_NONE,         /* likewise, but it is no error if the host does not allow it */
    P9_MAPPED_XATTR, /* in extended attributes user.virtfs.* */
    P9_MAPPED_FILE,  /* in files of folders .virtfs_metadata */
};
enum p9_multidevs { P9_WARN, P9_REMAP, P9_FORBID }; /* multidevs=: several host devices in one tree */

/* What -fsdev made: found by its id (PROP_FSDEV). */
struct p9_export {
    char *path;
    enum p9_model model;
    enum p9_multidevs multidevs;
    bool readonly, writeout;
    unsigned fmode, dmode; /* of the host's files and folders in mapped models */
    int root;              /* the folder, O_PATH */
    int fds;               /* /proc/self/fd, O_PATH; -1: there is no /proc */
    int limit;             /* descriptors from here on are for others than the guest's files */
    unsigned users;        /* devices that have it */
};

/* -fsdev local,id=,path=,security_model=... False: the reason in err. */
bool p9_fsdev_add(const char *text, char *err, size_t errlen);
/* -virtfs local,path=,mount_tag=...: the words of the -fsdev and of the -device that it is short for, malloc'd. */
bool p9_virtfs(const char *text, char **fsdev, char **device, char *err, size_t errlen);
/* Ends the process's use of all of them. */
void p9_fsdevs_close(void);

struct p9_server;

/* One message, and room for its answer: pieces of guest memory. They are changed. */
struct p9_message {
    struct iovec *out, *in;
    unsigned nout, nin;
    size_t out_size, in_size; /* their bytes together */
};

/* A server of x. NULL: no memory. */
struct p9_server *p9_server_new(struct p9_export *x);
/* Does the guest hold any fid: is it mounted? */
bool p9_server_in_use(const struct p9_server *s);
/* All fids are gone. While no message is being served. */
void p9_server_reset(struct p9_server *s);
void p9_server_free(struct p9_server *s);
/* Serves m, which may wait for the host; any number of threads may at once. Returns the bytes of the answer, 0: there was
 * no room for one. */
uint32_t p9_serve(struct p9_server *s, struct p9_message *m);
/* Answers a Tflush of that tag, and looks at nothing: what m holds may have changed since. For callers with the lock. */
uint32_t p9_flushed(struct p9_message *m, uint16_t tag);
/* Type and tag of m, and of a Tflush the tag that it is about. False: it is too short for a message. */
bool p9_peek(const struct p9_message *m, unsigned *type, uint16_t *tag, uint16_t *old);

enum { P9_TFLUSH = 108 };

#endif
