/*
 * Messages about what files are like: attributes, times, extended attributes. See server.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/sysmacros.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server.h"

enum { GET_BASIC = 0x7ff, GET_BTIME = 0x800 };
enum { SET_MODE = 1, SET_UID = 2, SET_GID = 4, SET_SIZE = 8, SET_ATIME = 0x10, SET_MTIME = 0x20, SET_CTIME = 0x40, ATIME_GIVEN = 0x80, MTIME_GIVEN = 0x100 };

static void put_time(struct call *c, struct statx_timestamp t)
{
    put64(&c->out, (uint64_t)t.tv_sec);
    put64(&c->out, t.tv_nsec);
}

int serve_getattr(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint64_t mask = get64(&c->in);
    struct statx st;
    int rc = !f ? -EBADF : c->in.bad ? -EINVAL : node_stat(&c->s->tree, f->node, &st);
    if (!rc) {
        bool btime = (st.stx_mask & STATX_BTIME) && (mask & GET_BTIME);
        put64(&c->out, GET_BASIC | (btime ? GET_BTIME : 0));
        put_qid(c, &st);
        put32(&c->out, st.stx_mode);
        put32(&c->out, st.stx_uid);
        put32(&c->out, st.stx_gid);
        put64(&c->out, st.stx_nlink);
        put64(&c->out, makedev(st.stx_rdev_major, st.stx_rdev_minor));
        put64(&c->out, st.stx_size);
        put64(&c->out, st.stx_blksize);
        put64(&c->out, st.stx_blocks);
        put_time(c, st.stx_atime);
        put_time(c, st.stx_mtime);
        put_time(c, st.stx_ctime);
        put_time(c, btime ? st.stx_btime : (struct statx_timestamp){ 0 });
        put64(&c->out, 0); /* generation, version of data: the host tells neither */
        put64(&c->out, 0);
    }
    fid_put(c->s, f);
    return rc;
}

static struct timespec get_time(struct wire *w, bool set, bool given)
{
    int64_t seconds = (int64_t)get64(w), ns = (int64_t)get64(w);
    return set && given ? (struct timespec){ seconds, ns >= 0 && ns < 1000000000 ? ns : 0 } : (struct timespec){ 0, set ? UTIME_NOW : UTIME_OMIT };
}

int serve_setattr(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    struct tree9 *t = &c->s->tree;
    uint32_t valid = get32(&c->in), mode = get32(&c->in), uid = get32(&c->in), gid = get32(&c->in);
    uint64_t size = get64(&c->in);
    struct timespec times[2] = { get_time(&c->in, valid & SET_ATIME, valid & ATIME_GIVEN) };
    times[1] = get_time(&c->in, valid & SET_MTIME, valid & MTIME_GIVEN);
    int rc = !f ? -EBADF : c->in.bad || f->kind >= FID_XATTR_READ ? -EINVAL : t->x->readonly ? -EROFS : 0;
    bool done = !rc && (valid & SET_SIZE) && f->kind == FID_FILE && size <= INT64_MAX && ftruncate(f->fd, (off_t)size) == 0;
    if (!rc && (valid & SET_SIZE) && !done)
        rc = node_truncate(t, f->node, size);
    if (!rc && (valid & (SET_UID | SET_GID)))
        rc = node_chown(t, f->node, valid & SET_UID ? uid : ~0u, valid & SET_GID ? gid : ~0u);
    if (!rc && (valid & SET_MODE)) /* after the owner, which clears set-user-ID */
        rc = node_chmod(t, f->node, mode);
    if (!rc && (valid & (SET_ATIME | SET_MTIME)))
        rc = node_times(t, f->node, times);
    if (!rc && valid == SET_CTIME && !tree_mapped(t))
        rc = node_chown(t, f->node, ~0u, ~0u); /* which sets it */
    fid_put(c->s, f);
    return rc;
}

/* A fid with the value of an attribute, or with all names; read by Tread. */
int serve_xattrwalk(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint32_t id = get32(&c->in);
    const char *name = get_text(&c->in);
    struct tree9 *t = &c->s->tree;
    if (!f || c->in.bad || f->kind >= FID_XATTR_READ) {
        fid_put(c->s, f);
        return f ? -EINVAL : -EBADF;
    }
    uint8_t *bytes = malloc(MAX_VALUE);
    ssize_t n = !bytes ? -ENOMEM : *name ? node_getxattr(t, f->node, name, bytes, MAX_VALUE) : node_listxattr(t, f->node, (char *)bytes, MAX_VALUE);
    if (n >= 0) {
        struct fid *made = fid_new(c->s, id, f->uid, node_ref(t, f->node), FID_XATTR_READ, -1);
        put64(&c->out, (uint64_t)n);
        if (!made) {
            n = -ENOMEM;
        } else if (!fid_value(c->s, made, (size_t)n)) {
            fid_put(c->s, made);
            n = -ENOSPC;
        } else {
            memcpy(made->value, bytes, (size_t)n);
            n = fid_enter(c->s, made, NULL);
        }
    }
    free(bytes);
    fid_put(c->s, f);
    return (int)n;
}

/* The fid becomes an attribute's, to be written to; Tclunk sets it. */
int serve_xattrcreate(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    uint64_t size = get64(&c->in);
    uint32_t flags = get32(&c->in);
    struct tree9 *t = &c->s->tree;
    int rc = !f ? -EBADF : c->in.bad || f->kind != FID_PLAIN || !*name || (flags & ~3u) ? -EINVAL : t->x->readonly ? -EROFS : size > MAX_VALUE ? -ENOSPC : 0;
    if (!rc) {
        struct fid *made = fid_new(c->s, f->id, f->uid, node_ref(t, f->node), FID_XATTR_WRITE, -1);
        if (made && (!(made->name = strdup(name)) || !fid_value(c->s, made, (size_t)size))) {
            fid_put(c->s, made);
            rc = -ENOSPC;
        } else if (made) {
            made->flags = (int)flags;
            rc = fid_enter(c->s, made, f);
        } else {
            rc = -ENOMEM;
        }
    }
    fid_put(c->s, f);
    return rc;
}
