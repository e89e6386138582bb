/*
 * Between the files of the server: fids, and messages being served.
 *
 * A fid is never changed once it is there: opening it, or creating a file by it, puts another in its place, so that whoever
 * is at work on it goes on with what it has. Its descriptor and node go with the last reference.
 */
#ifndef MYNA_P9_SERVER_H
#define MYNA_P9_SERVER_H

#include "tree.h"
#include "wire.h"

enum fid_kind { FID_PLAIN, FID_FILE, FID_FOLDER, FID_XATTR_READ, FID_XATTR_WRITE };

struct fid {
    uint32_t id, uid;
    unsigned refs;         /* by the server's mutex */
    struct fid *next;      /* in its bucket */
    bool listed;
    enum fid_kind kind;
    struct node *node;
    int fd;                /* FILE, FOLDER; else -1 */
    pthread_mutex_t mutex; /* of a folder's position, and of what is written to an attribute */
    uint8_t *value;        /* of an attribute: `size` bytes, of which `done` were written */
    size_t size, done;
    int flags;
    char *name;            /* XATTR_WRITE */
};

enum { FID_BUCKETS = 16384, MAX_FIDS = 1 << 18, MAX_VALUE = 65536, MAX_VALUES = 8 << 20 };

struct p9_server {
    struct tree9 tree;
    pthread_mutex_t mutex;
    struct fid *bucket[FID_BUCKETS];
    unsigned nfids;
    size_t values;         /* bytes of attributes that fids hold */
    uint64_t seed;         /* of buckets: the guest can't choose them */
    uint32_t msize;        /* 0: no Tversion yet */
};

struct call {
    struct p9_server *s;
    struct wire in, out;   /* behind the head */
    struct p9_message *m;  /* Tread, Twrite: the data, and where they go */
    uint32_t moved;        /* bytes of data that were put into m->in behind the head and a count */
    bool direct;           /* the answer is such */
};

/* References. NULL: there is no such fid. */
struct fid *fid_get(struct p9_server *s, uint32_t id);
void fid_put(struct p9_server *s, struct fid *f);
/* A new fid for n, whose reference it takes; it is not in the table yet. NULL: no memory (n is given up). */
struct fid *fid_new(struct p9_server *s, uint32_t id, uint32_t uid, struct node *n, enum fid_kind kind, int fd);
/* Into the table, instead of `old` (NULL: there should be none of that number). f is given up in any case. 0 or -errno. */
int fid_enter(struct p9_server *s, struct fid *f, struct fid *old);
/* Out of the table, if it is still there. */
bool fid_leave(struct p9_server *s, struct fid *f);
void fids_clear(struct p9_server *s);
/* Room for an attribute of n bytes; false: there are too many. */
bool fid_value(struct p9_server *s, struct fid *f, size_t n);

void put_qid(struct call *c, const struct statx *st);
/* Of a node. 0 or -errno. */
int put_node_qid(struct call *c, struct node *n);

/* Serve one message each: 0, and its answer is in c->out, or -errno. */
typedef int serve(struct call *c);
serve serve_walk, serve_attach, serve_clunk, serve_remove, serve_open, serve_create, serve_symlink, serve_mknod, serve_mkdir, serve_link, serve_rename,
    serve_renameat, serve_unlinkat, serve_readlink, serve_getattr, serve_setattr, serve_xattrwalk, serve_xattrcreate, serve_readdir, serve_read,
    serve_write, serve_fsync, serve_lock, serve_getlock, serve_statfs;

#endif
