/*
 * Messages that read and write: files opened and created, data, folders, locks. See server.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "server.h"

enum { HEAD = 11 /* of Rread: with the count */, IO_HEAD = 24, MAX_PIECES = 1100, FOLDER_BYTES = 128 << 10 };

/* Flags of Linux' open as 9P2000.L has them, and the host's. O_DIRECT is the guest's own business. */
static const struct { uint32_t flag; int host; } open_flags[] = {
    { 01000, O_TRUNC }, { 02000, O_APPEND }, { 010000, O_DSYNC }, { 0200000, O_DIRECTORY }, { 01000000, O_NOATIME }, { 04000000, O_SYNC }, { 0200, O_EXCL },
};

static int host_flags(uint32_t flags)
{
    int host = (flags & 3) == 1 ? O_WRONLY : (flags & 3) == 2 ? O_RDWR : O_RDONLY;
    for (unsigned k = 0; k < sizeof open_flags / sizeof *open_flags; k++)
        if (flags & open_flags[k].flag)
            host |= open_flags[k].host;
    return host;
}

/* What reads and writes are best multiples of; 0: the client decides. */
static uint32_t iounit(const struct p9_server *s)
{
    uint32_t room = s->msize - IO_HEAD;
    return room & ~4095u;
}

int serve_open(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint32_t flags = get32(&c->in);
    int host = host_flags(flags) & ~O_EXCL, rc = 0;
    struct tree9 *t = &c->s->tree;
    if (!f)
        return -EBADF;
    if (c->in.bad || f->kind != FID_PLAIN)
        rc = -EINVAL;
    else if (t->x->readonly && ((host & O_ACCMODE) != O_RDONLY || (host & O_TRUNC)))
        rc = -EROFS;
    else
        rc = put_node_qid(c, f->node);
    int fd = rc ? rc : node_open(t, f->node, host);
    if (fd >= 0) {
        struct fid *made = fid_new(c->s, f->id, f->uid, node_ref(t, f->node), f->node->type == S_IFDIR ? FID_FOLDER : FID_FILE, fd);
        put32(&c->out, iounit(c->s));
        fd = made ? fid_enter(c->s, made, f) : -ENOMEM;
    }
    fid_put(c->s, f);
    return fd;
}

int serve_create(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    const char *name = get_text(&c->in);
    int host = host_flags(get32(&c->in)), fd = -1;
    uint32_t mode = get32(&c->in), gid = get32(&c->in);
    struct tree9 *t = &c->s->tree;
    struct node *made;
    if (!f)
        return -EBADF;
    int rc = c->in.bad || f->kind != FID_PLAIN ? -EINVAL : tree_create(t, f->node, name, host & ~O_DIRECTORY, mode, (struct owner){ f->uid, gid }, &made, &fd);
    if (!rc) {
        rc = put_node_qid(c, made);
        put32(&c->out, iounit(c->s));
        struct fid *file = fid_new(c->s, f->id, f->uid, made, FID_FILE, fd);
        int entered = file ? fid_enter(c->s, file, f) : -ENOMEM;
        rc = rc ? rc : entered;
    }
    fid_put(c->s, f);
    return rc;
}

/* ------------------------------------------------------------------------------- data */

/* The bytes [at, at + n) of pieces of memory as pieces; how many pieces. */
static int part(const struct iovec *io, unsigned nio, size_t at, size_t n, struct iovec to[MAX_PIECES])
{
    int k = 0;
    for (; nio && n && k < IOV_MAX; io++, nio--) {
        if (at >= io->iov_len) {
            at -= io->iov_len;
            continue;
        }
        size_t len = io->iov_len - at < n ? io->iov_len - at : n;
        to[k++] = (struct iovec){ (uint8_t *)io->iov_base + at, len };
        n -= len;
        at = 0;
    }
    return k;
}

/* Data of an answer: no more than asked for, what msize allows, and what there is room for. */
static uint32_t room_for(const struct call *c, uint32_t count)
{
    size_t room = c->m->in_size < HEAD ? 0 : c->m->in_size - HEAD;
    if (room > c->s->msize - HEAD)
        room = c->s->msize - HEAD;
    return count < room ? count : (uint32_t)room;
}

static int read_value(struct call *c, struct fid *f, uint64_t offset, uint32_t count)
{
    struct iovec v[MAX_PIECES];
    size_t n = offset < f->size ? f->size - offset : 0, done = 0;
    n = n < count ? n : count;
    int k = part(c->m->in, c->m->nin, HEAD, n, v);
    for (int j = 0; j < k; j++) {
        memcpy(v[j].iov_base, f->value + offset + done, v[j].iov_len);
        done += v[j].iov_len;
    }
    c->moved = (uint32_t)done;
    c->direct = true;
    return 0;
}

int serve_read(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint64_t offset = get64(&c->in);
    uint32_t count = room_for(c, get32(&c->in));
    int rc = 0;
    if (!f)
        return -EBADF;
    if (c->in.bad || offset > INT64_MAX || c->m->in_size < HEAD) {
        rc = -EINVAL;
    } else if (f->kind == FID_XATTR_READ) {
        rc = read_value(c, f, offset, count);
    } else if (f->kind != FID_FILE) {
        rc = f->kind == FID_FOLDER ? -EISDIR : -EBADF;
    } else {
        struct iovec v[MAX_PIECES];
        ssize_t n = preadv(f->fd, v, part(c->m->in, c->m->nin, HEAD, count, v), (off_t)offset);
        rc = n < 0 ? -errno : 0;
        c->moved = n < 0 ? 0 : (uint32_t)n;
        c->direct = true;
    }
    fid_put(c->s, f);
    return rc;
}

static int write_value(struct call *c, struct fid *f, uint64_t offset, uint32_t count)
{
    int rc = 0;
    pthread_mutex_lock(&f->mutex);
    if (offset > f->size || count > f->size - offset)
        rc = -ENOSPC;
    else if (offset != f->done)
        rc = -EINVAL;
    else
        f->done += pieces_take(&c->m->out, &c->m->nout, &c->m->out_size, f->value + offset, NULL, count);
    pthread_mutex_unlock(&f->mutex);
    return rc;
}

int serve_write(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint64_t offset = get64(&c->in);
    uint32_t count = get32(&c->in);
    ssize_t n = count;
    int rc = 0;
    if (!f)
        return -EBADF;
    if (c->in.bad || offset > INT64_MAX || count > c->m->out_size || count > c->s->msize) {
        rc = -EINVAL;
    } else if (f->kind == FID_XATTR_WRITE) {
        rc = write_value(c, f, offset, count);
    } else if (f->kind != FID_FILE) {
        rc = -EBADF;
    } else {
        struct iovec v[MAX_PIECES];
        n = pwritev(f->fd, v, part(c->m->out, c->m->nout, 0, count, v), (off_t)offset);
        rc = n < 0 ? -errno : 0;
        if (n > 0 && c->s->tree.x->writeout)
            sync_file_range(f->fd, (off_t)offset, n, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE);
    }
    if (!rc)
        put32(&c->out, (uint32_t)n);
    fid_put(c->s, f);
    return rc;
}

int serve_fsync(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint32_t data_only = c->in.end - c->in.at >= 4 ? get32(&c->in) : 0; /* older clients do not say */
    int rc;
    if (!f)
        return -EBADF;
    if (c->in.bad || (f->kind != FID_FILE && f->kind != FID_FOLDER))
        rc = -EINVAL;
    else
        rc = (data_only ? fdatasync(f->fd) : fsync(f->fd)) < 0 ? -errno : 0;
    fid_put(c->s, f);
    return rc;
}

/* ---------------------------------------------------------------------------- folders */

/* As the kernel gives it (getdents64(2)). */
struct host_entry { uint64_t ino; int64_t next; uint16_t size; uint8_t type; char name[]; };

static uint8_t qid_type(uint8_t type) { return type == DT_DIR ? 0x80 : type == DT_LNK ? 0x02 : 0; }

/* Entries of `got` bytes as 9P's into `to`; the bytes that came of it, -EINVAL: not even the first has room. */
static int convert(struct call *c, const struct node *n, const uint8_t *entries, ssize_t got, struct wire *to, bool *more)
{
    const uint8_t *begin = to->at;
    struct tree9 *t = &c->s->tree;
    *more = true;
    for (ssize_t at = 0; at < got;) {
        const struct host_entry *e = (const struct host_entry *)(const void *)(entries + at);
        size_t len = strlen(e->name);
        at += e->size;
        if (cred_hides(t, e->name))
            continue;
        if ((size_t)(to->end - to->at) < 24 + len) {
            *more = false;
            return to->at == begin ? -EINVAL : (int)(to->at - begin);
        }
        put8(to, tree_mapped(t) && e->type != DT_DIR ? 0 : qid_type(e->type));
        put32(to, 0);
        put64(to, node_number(t, n->dev, e->ino));
        put64(to, (uint64_t)e->next);
        put8(to, tree_mapped(t) && e->type != DT_DIR ? DT_UNKNOWN : e->type); /* a stand-in is a plain file on the host */
        put_text(to, e->name);
    }
    return (int)(to->at - begin);
}

int serve_readdir(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    uint64_t offset = get64(&c->in);
    uint32_t count = room_for(c, get32(&c->in));
    if (!f)
        return -EBADF;
    if (c->in.bad || f->kind != FID_FOLDER || offset > INT64_MAX || c->m->in_size < HEAD) {
        fid_put(c->s, f);
        return -EINVAL;
    }
    count = count < FOLDER_BYTES ? count : FOLDER_BYTES;
    size_t room = count < 1024 ? 1024 : count;
    uint8_t *entries = malloc(room + count);
    struct wire to = { entries + room, entries + room + count, false };
    bool more = true;
    int rc = entries ? 0 : -ENOMEM;
    ssize_t got = 0;
    pthread_mutex_lock(&f->mutex);
    if (!rc && lseek(f->fd, (off_t)offset, SEEK_SET) < 0)
        rc = -errno;
    while (!rc && to.at == entries + room && more) { /* until there is an entry that is shown, or no more */
        got = syscall(SYS_getdents64, f->fd, entries, room);
        if (got <= 0)
            break;
        rc = convert(c, f->node, entries, got, &to, &more);
        rc = rc > 0 ? 0 : rc;
    }
    if (got < 0)
        rc = -errno;
    pthread_mutex_unlock(&f->mutex);
    if (!rc) {
        struct iovec v[MAX_PIECES];
        const uint8_t *from = entries + room;
        int k = part(c->m->in, c->m->nin, HEAD, (size_t)(to.at - from), v);
        for (int j = 0; j < k; j++, c->moved += (uint32_t)v[j - 1].iov_len)
            memcpy(v[j].iov_base, from + c->moved, v[j].iov_len);
        c->direct = true;
    }
    free(entries);
    fid_put(c->s, f);
    return rc;
}

/* --------------------------------------------------------------------- locks, the system */

static bool get_lock(struct call *c, struct lock_request *r, bool flags)
{
    r->type = get8(&c->in);
    if (flags)
        get32(&c->in); /* may it wait? the client asks again */
    r->start = get64(&c->in);
    r->length = get64(&c->in);
    r->process = get32(&c->in);
    r->client = get_text(&c->in);
    return !c->in.bad;
}

int serve_lock(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    struct lock_request r;
    int rc = !f ? -EBADF : !get_lock(c, &r, true) || f->kind >= FID_XATTR_READ ? -EINVAL : 0;
    if (!rc)
        put8(&c->out, (uint8_t)node_lock(&c->s->tree, f->node, &r));
    fid_put(c->s, f);
    return rc;
}

int serve_getlock(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    struct lock_request r;
    char client[NAME_BYTES];
    int rc = !f ? -EBADF : !get_lock(c, &r, false) || f->kind >= FID_XATTR_READ ? -EINVAL : 0;
    if (!rc) {
        node_getlock(&c->s->tree, f->node, &r, client);
        put8(&c->out, r.type);
        put64(&c->out, r.start);
        put64(&c->out, r.length);
        put32(&c->out, r.process);
        put_text(&c->out, r.client);
    }
    fid_put(c->s, f);
    return rc;
}

int serve_statfs(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    struct statfs st;
    int rc = !f ? -EBADF : c->in.bad ? -EINVAL : fstatfs(f->node->fd, &st) < 0 ? -errno : 0;
    if (!rc) {
        uint64_t id;
        memcpy(&id, &st.f_fsid, sizeof id);
        put32(&c->out, (uint32_t)st.f_type);
        put32(&c->out, (uint32_t)st.f_bsize);
        put64(&c->out, st.f_blocks);
        put64(&c->out, st.f_bfree);
        put64(&c->out, st.f_bavail);
        put64(&c->out, st.f_files);
        put64(&c->out, st.f_ffree);
        put64(&c->out, id);
        put32(&c->out, (uint32_t)st.f_namelen);
    }
    fid_put(c->s, f);
    return rc;
}
