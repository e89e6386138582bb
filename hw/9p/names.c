/*
 * Messages that make, name and remove files. See server.h.
 */
#include <errno.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "server.h"

enum { REMOVE_FOLDER = 0x200 };

/* The answer to what has made a node: its qid. */
static int answer(struct call *c, struct fid *f, int rc, struct node **made)
{
    if (!rc) {
        rc = put_node_qid(c, *made);
        node_unref(&c->s->tree, *made);
    }
    fid_put(c->s, f);
    return rc;
}

/* f is a folder's fid that may be asked for new files: 0, or why not. */
static int check(struct call *c, const struct fid *f) { return !f ? -EBADF : c->in.bad || f->kind >= FID_XATTR_READ ? -EINVAL : 0; }

int serve_symlink(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in), *target = get_text(&c->in);
    uint32_t gid = get32(&c->in);
    struct node *made = NULL;
    int rc = check(c, f);
    return answer(c, f, rc ? rc : tree_symlink(&c->s->tree, f->node, name, target, (struct owner){ f->uid, gid }, &made), &made);
}

int serve_mknod(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    uint32_t mode = get32(&c->in), high = get32(&c->in), low = get32(&c->in), gid = get32(&c->in);
    struct node *made = NULL;
    int rc = check(c, f);
    return answer(c, f, rc ? rc : tree_mknod(&c->s->tree, f->node, name, mode, makedev(high, low), (struct owner){ f->uid, gid }, &made), &made);
}

int serve_mkdir(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    uint32_t mode = get32(&c->in), gid = get32(&c->in);
    struct node *made = NULL;
    int rc = check(c, f);
    return answer(c, f, rc ? rc : tree_mkdir(&c->s->tree, f->node, name, mode, (struct owner){ f->uid, gid }, &made), &made);
}

int serve_link(struct call *c)
{
    struct fid *dir = fid_get(c->s, get32(&c->in)), *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    int rc = check(c, dir);
    if (!rc && !(rc = check(c, f)))
        rc = tree_link(&c->s->tree, f->node, dir->node, name);
    fid_put(c->s, dir);
    fid_put(c->s, f);
    return rc;
}

int serve_rename(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in)), *dir = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    int rc = check(c, dir);
    if (!rc && !(rc = check(c, f)))
        rc = tree_rename_node(&c->s->tree, f->node, dir->node, name);
    fid_put(c->s, dir);
    fid_put(c->s, f);
    return rc;
}

int serve_renameat(struct call *c)
{
    struct fid *from = fid_get(c->s, get32(&c->in));
    const char *old = get_text(&c->in);
    struct fid *to = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    int rc = check(c, from);
    if (!rc && !(rc = check(c, to)))
        rc = tree_rename(&c->s->tree, from->node, old, to->node, name);
    fid_put(c->s, from);
    fid_put(c->s, to);
    return rc;
}

int serve_unlinkat(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    uint32_t flags = get32(&c->in);
    int rc = check(c, f);
    if (!rc)
        rc = tree_unlink(&c->s->tree, f->node, name, flags & REMOVE_FOLDER);
    fid_put(c->s, f);
    return rc;
}

/* The fid is gone whatever becomes of the file. */
int serve_remove(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    int rc = check(c, f);
    if (!rc) {
        fid_leave(c->s, f);
        rc = tree_remove(&c->s->tree, f->node);
    }
    fid_put(c->s, f);
    return rc;
}

int serve_readlink(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    char target[PATH_MAX + 1];
    ssize_t n = check(c, f);
    if (!n)
        n = node_readlink(&c->s->tree, f->node, target, PATH_MAX);
    if (n >= 0) {
        put16(&c->out, (uint16_t)n);
        wire_put(&c->out, target, (size_t)n);
        n = 0;
    }
    fid_put(c->s, f);
    return (int)n;
}
