/*
 * The exported folder: nodes, which are files of it that the guest holds, and what is done with them; owners and modes by the
 * security model (cred.c). All may be called by several threads at once; what may wait waits for the host alone.
 *
 * Confinement: a node is an O_PATH descriptor. It was opened by one name without '/', not "." or "..", with O_NOFOLLOW, in the
 * folder of another node, up to the root, which the user gave. So no path, no link and no rename of the guest's leads out,
 * whatever it does meanwhile. Only plain files and folders are ever opened for more than that: no device, pipe or socket.
 */
#ifndef MYNA_P9_TREE_H
#define MYNA_P9_TREE_H

#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>
#include "p9.h"

struct lock;

struct node {
    unsigned refs;        /* by the tree's mutex, like what follows */
    struct node *parent;  /* NULL: the root */
    char *name;           /* in parent; NULL: the root */
    struct node *next;    /* in its bucket */
    bool hashed;
    struct lock *locks;   /* locks.c: by the tree's mutex */
    int fd;               /* these never change */
    mode_t type;          /* of the host's file: S_IFMT */
    dev_t dev;
    ino_t ino;
};

enum { NODE_BUCKETS = 4096, TREE_DEVICES = 64, NAME_BYTES = 256, TREE_LOCKS = 4096 };

struct tree9 {
    const struct p9_export *x;
    pthread_mutex_t mutex, meta; /* meta: files of .virtfs_metadata are read and changed as one */
    struct node *root;
    struct node *bucket[NODE_BUCKETS];
    dev_t device[TREE_DEVICES];  /* those seen; 0 is the root's */
    unsigned ndevices, nlocks;
    bool warned;
};

bool tree_init(struct tree9 *t, const struct p9_export *x);
void tree_done(struct tree9 *t);

struct node *node_ref(struct tree9 *t, struct node *n);
void node_unref(struct tree9 *t, struct node *n);
/* The file `name` of a folder. 0 or -errno. */
int node_find(struct tree9 *t, struct node *dir, const char *name, struct node **found);
/* Its folder (the root's is itself), as a reference. */
struct node *node_parent(struct tree9 *t, struct node *n);
/* Its folder, as a reference, and its name there. False: it is the root. */
bool node_place(struct tree9 *t, struct node *n, struct node **dir, char name[NAME_BYTES]);
/* After a rename and an unlink of the host's. */
void node_moved(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name);
void node_gone(struct tree9 *t, struct node *dir, const char *name);
/* A descriptor just opened, or -1: it, or -errno; one of those that are for others is closed: -EMFILE. */
int tree_keep(const struct tree9 *t, int fd);
/* Opens a plain file or folder; flags as open's without those of creating. A descriptor, or -errno. */
int node_open(struct tree9 *t, struct node *n, int flags);
/* What the guest sees of it: the host's, with the model's owner and mode. 0 or -errno. */
int node_stat(struct tree9 *t, struct node *n, struct statx *st);
/* Number of a file that is its own in this tree; 0 if files of that device are not shown (multidevs=forbid). */
uint64_t node_number(struct tree9 *t, dev_t dev, ino_t ino);

/* A new file, by the guest's owner and mode. fd: of the open file, by flags. 0 or -errno. */
struct owner { uint32_t uid, gid; };
int tree_create(struct tree9 *t, struct node *dir, const char *name, int flags, mode_t mode, struct owner o, struct node **made, int *fd);
int tree_mkdir(struct tree9 *t, struct node *dir, const char *name, mode_t mode, struct owner o, struct node **made);
int tree_mknod(struct tree9 *t, struct node *dir, const char *name, mode_t mode, dev_t rdev, struct owner o, struct node **made);
int tree_symlink(struct tree9 *t, struct node *dir, const char *name, const char *target, struct owner o, struct node **made);
int tree_link(struct tree9 *t, struct node *n, struct node *dir, const char *name);
int tree_rename(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name);
int tree_rename_node(struct tree9 *t, struct node *n, struct node *to, const char *name);
int tree_unlink(struct tree9 *t, struct node *dir, const char *name, bool folder);
int tree_remove(struct tree9 *t, struct node *n);
/* The target's bytes, or -errno. */
ssize_t node_readlink(struct tree9 *t, struct node *n, char *target, size_t size);

int node_chmod(struct tree9 *t, struct node *n, mode_t mode);
int node_chown(struct tree9 *t, struct node *n, uint32_t uid, uint32_t gid); /* ~0: as it was */
int node_truncate(struct tree9 *t, struct node *n, uint64_t size);
int node_times(struct tree9 *t, struct node *n, const struct timespec times[2]);

/* Extended attributes by the guest's names. Bytes, or 0, or -errno. list: names with their NULs. */
ssize_t node_getxattr(struct tree9 *t, struct node *n, const char *name, void *value, size_t size);
ssize_t node_listxattr(struct tree9 *t, struct node *n, char *list, size_t size);
int node_setxattr(struct tree9 *t, struct node *n, const char *name, const void *value, size_t size, int flags);
int node_removexattr(struct tree9 *t, struct node *n, const char *name);

/* --- cred.c: owners, modes and device numbers by the model */

enum { CRED_UID = 1, CRED_GID = 2, CRED_MODE = 4, CRED_RDEV = 8 };
struct cred { unsigned has; uint32_t uid, gid, mode; uint64_t rdev; };

static inline bool tree_mapped(const struct tree9 *t) { return t->x->model == P9_MAPPED_XATTR || t->x->model == P9_MAPPED_FILE; }
void cred_load(struct tree9 *t, struct node *n, struct cred *c);
int cred_store(struct tree9 *t, struct node *n, const struct cred *c);
/* Of mapped-file: a name is gone, has another, has a second. */
void cred_forget(struct tree9 *t, struct node *dir, const char *name);
void cred_move(struct tree9 *t, struct node *from, const char *old, struct node *to, const char *name);
void cred_copy(struct tree9 *t, struct node *n, struct node *to, const char *name);
/* An emptied folder's own metadata goes with it. */
int cred_empty(struct tree9 *t, struct node *dir, const char *name);
/* Is it a name that the model has taken for itself? */
bool cred_hides(const struct tree9 *t, const char *name);

/* Extended attributes of the host's file, by path or by descriptor. */
ssize_t host_getxattr(struct tree9 *t, struct node *n, const char *name, void *value, size_t size);
int host_setxattr(struct tree9 *t, struct node *n, const char *name, const void *value, size_t size, int flags);

/* --- locks.c: POSIX locks among the guest's owners */

struct lock_request { uint8_t type; uint64_t start, length; uint32_t process; const char *client; };
/* status of Rlock. */
unsigned node_lock(struct tree9 *t, struct node *n, const struct lock_request *r);
/* The lock that is in the way of r, into *r (client into text), or type unlocked. */
void node_getlock(struct tree9 *t, struct node *n, struct lock_request *r, char client[NAME_BYTES]);
void node_drop_locks(struct tree9 *t, struct node *n);

#endif
