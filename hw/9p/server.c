/*
 * A 9P2000.L server: messages by their table, heads and errors; versions, attaching, walking, clunking. io.c has what reads and writes,
 * names.c what makes and removes files, attr.c what they are like. Other versions of the protocol are answered with
 * "unknown", messages of theirs with EOPNOTSUPP.
 *
 * Messages are served in any order and at the same time, as the protocol has it; a Tversion ends all fids. Answers are
 * built in a buffer of ours, but for data of files, which go between the host's file and the guest's memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/sysmacros.h>

#include "server.h"

enum { HEAD = 7, MIN_MSIZE = 4096, MAX_MESSAGE = 128 << 10, ANSWER = 16 << 10, RLERROR = 7, WALK_NAMES = 16 };
enum { TVERSION = 100, TREADDIR = 40, TWRITE = 118, TREAD = 116 };
#define NO_FID (~0u)

bool p9_peek(const struct p9_message *m, unsigned *type, uint16_t *tag, uint16_t *old)
{
    uint8_t head[HEAD + 2] = { 0 };
    size_t n = 0;
    for (unsigned k = 0; k < m->nout && n < sizeof head; k++) {
        size_t some = m->out[k].iov_len < sizeof head - n ? m->out[k].iov_len : sizeof head - n;
        memcpy(head + n, m->out[k].iov_base, some);
        n += some;
    }
    *type = head[4];
    memcpy(tag, head + 5, 2);
    memcpy(old, head + 7, 2);
    return n >= HEAD;
}

/* ---------------------------------------------------------------------------- messages */

void put_qid(struct call *c, const struct statx *st)
{
    mode_t type = st->stx_mode & S_IFMT;
    put8(&c->out, type == S_IFDIR ? 0x80 : type == S_IFLNK ? 0x02 : 0);
    put32(&c->out, (uint32_t)st->stx_mtime.tv_sec ^ st->stx_mtime.tv_nsec << 2 ^ (uint32_t)(st->stx_size << 8));
    put64(&c->out, node_number(&c->s->tree, makedev(st->stx_dev_major, st->stx_dev_minor), st->stx_ino));
}

int put_node_qid(struct call *c, struct node *n)
{
    struct statx st;
    int rc = node_stat(&c->s->tree, n, &st);
    if (!rc)
        put_qid(c, &st);
    return rc;
}

static int serve_version(struct call *c)
{
    uint32_t msize = get32(&c->in);
    const char *version = get_text(&c->in);
    bool ours = !strcmp(version, "9P2000.L");
    if (c->in.bad)
        return -EINVAL;
    if (ours && msize < MIN_MSIZE)
        return -EMSGSIZE;
    fids_clear(c->s);
    c->s->msize = ours ? msize : 0;
    put32(&c->out, msize);
    put_text(&c->out, ours ? version : "unknown");
    return 0;
}

static int serve_auth(struct call *c) { return -EOPNOTSUPP; /* nobody has to */ }

int serve_attach(struct call *c)
{
    uint32_t id = get32(&c->in), auth = get32(&c->in);
    get_text(&c->in); /* names of user and tree: there is one tree, and numbers are what counts */
    get_text(&c->in);
    uint32_t uid = get32(&c->in);
    if (c->in.bad || auth != NO_FID || id == NO_FID)
        return -EINVAL;
    struct tree9 *t = &c->s->tree;
    struct fid *f = fid_new(c->s, id, uid, node_ref(t, t->root), FID_PLAIN, -1);
    int rc = f ? put_node_qid(c, t->root) : -ENOMEM;
    if (!rc)
        return fid_enter(c->s, f, NULL);
    fid_put(c->s, f);
    return rc;
}

/* As far as it goes: an error is one if the first name is not there; fewer qids than names leave no new fid. */
int serve_walk(struct call *c)
{
    struct tree9 *t = &c->s->tree;
    uint32_t id = get32(&c->in), new_id = get32(&c->in);
    unsigned n = get16(&c->in), done = 0;
    struct fid *f = fid_get(c->s, id);
    int rc = 0;
    if (!f)
        return -EBADF;
    if (c->in.bad || n > WALK_NAMES || new_id == NO_FID || f->kind >= FID_XATTR_READ || (new_id == id && f->kind != FID_PLAIN)) {
        fid_put(c->s, f);
        return -EINVAL;
    }
    struct node *at = node_ref(t, f->node), *next = NULL;
    uint8_t *count = c->out.at;
    put16(&c->out, 0);
    for (; done < n; done++) {
        const char *name = get_text(&c->in);
        if (c->in.bad)
            rc = -EINVAL;
        else if (!strcmp(name, ".."))
            next = node_parent(t, at);
        else
            rc = node_find(t, at, name, &next);
        if (rc)
            break;
        node_unref(t, at);
        at = next;
        if ((rc = put_node_qid(c, at)))
            break;
    }
    memcpy(count, &(uint16_t){ (uint16_t)done }, 2);
    if (done < n) {
        node_unref(t, at);
        rc = done && !c->in.bad ? 0 : rc;
    } else {
        struct fid *made = fid_new(c->s, new_id, f->uid, at, FID_PLAIN, -1);
        rc = made ? fid_enter(c->s, made, new_id == id ? f : NULL) : -ENOMEM;
    }
    fid_put(c->s, f);
    return rc;
}

/* An attribute is written when its fid goes. */
static int write_attribute(struct call *c, struct fid *f)
{
    int rc;
    pthread_mutex_lock(&f->mutex);
    if (f->done != f->size)
        rc = -EINVAL;
    else if (!f->size && (f->flags & 2)) /* XATTR_REPLACE by nothing: so Linux removes one */
        rc = node_removexattr(&c->s->tree, f->node, f->name);
    else
        rc = node_setxattr(&c->s->tree, f->node, f->name, f->value, f->size, f->flags);
    pthread_mutex_unlock(&f->mutex);
    return rc;
}

int serve_clunk(struct call *c)
{
    struct fid *f = fid_get(c->s, get32(&c->in));
    int rc = 0;
    if (!f || c->in.bad) {
        fid_put(c->s, f);
        return f ? -EINVAL : -EBADF;
    }
    if (fid_leave(c->s, f) && f->kind == FID_XATTR_WRITE)
        rc = write_attribute(c, f);
    fid_put(c->s, f);
    return rc;
}

/* --------------------------------------------------------------------------- the table */

enum { ANY = 1 /* without Tversion */, DATA = 2 /* what follows `fixed` bytes stays in the guest's memory */ };
static const struct message { uint8_t type, flags, fixed; serve *serve; } messages[] = {
    { 8, 0, 0, serve_statfs },
    { 12, 0, 0, serve_open },
    { 14, 0, 0, serve_create },
    { 16, 0, 0, serve_symlink },
    { 18, 0, 0, serve_mknod },
    { 20, 0, 0, serve_rename },
    { 22, 0, 0, serve_readlink },
    { 24, 0, 0, serve_getattr },
    { 26, 0, 0, serve_setattr },
    { 30, 0, 0, serve_xattrwalk },
    { 32, 0, 0, serve_xattrcreate },
    { TREADDIR, 0, 0, serve_readdir },
    { 50, 0, 0, serve_fsync },
    { 52, 0, 0, serve_lock },
    { 54, 0, 0, serve_getlock },
    { 70, 0, 0, serve_link },
    { 72, 0, 0, serve_mkdir },
    { 74, 0, 0, serve_renameat },
    { 76, 0, 0, serve_unlinkat },
    { TVERSION, ANY, 0, serve_version },
    { 102, 0, 0, serve_auth },
    { 104, 0, 0, serve_attach },
    { 110, 0, 0, serve_walk },
    { TREAD, 0, 0, serve_read },
    { TWRITE, DATA, 16, serve_write },
    { 120, 0, 0, serve_clunk },
    { 122, 0, 0, serve_remove },
};
enum { NMESSAGES = sizeof messages / sizeof *messages };

static const struct message *find(unsigned type)
{
    for (unsigned k = 0; k < NMESSAGES; k++)
        if (messages[k].type == type)
            return &messages[k];
    return NULL;
}

/* The message behind its head, in memory of ours. NULL: it is none, *rc says why. */
static uint8_t *take_body(struct p9_message *m, const struct message *row, uint32_t size, size_t *n, uint8_t *room, size_t roomy, int *rc)
{
    *n = size < HEAD ? 0 : size - HEAD < m->out_size ? size - HEAD : m->out_size;
    if (row->flags & DATA)
        *n = row->fixed < m->out_size ? row->fixed : m->out_size;
    *rc = size < HEAD || *n > MAX_MESSAGE ? -EMSGSIZE : 0;
    uint8_t *bytes = *rc ? NULL : *n < roomy ? room : malloc(*n + 1);
    if (!bytes) {
        *rc = *rc ? *rc : -ENOMEM;
        return NULL;
    }
    pieces_take(&m->out, &m->nout, &m->out_size, bytes, NULL, *n);
    return bytes;
}

static uint32_t reply(struct p9_message *m, unsigned type, uint16_t tag, const uint8_t *body, size_t n)
{
    uint8_t head[HEAD];
    uint32_t size = (uint32_t)(HEAD + n);
    if (m->in_size < size)
        return 0;
    memcpy(head, &size, 4);
    head[4] = (uint8_t)type;
    memcpy(head + 5, &tag, 2);
    pieces_take(&m->in, &m->nin, &m->in_size, NULL, head, HEAD);
    pieces_take(&m->in, &m->nin, &m->in_size, NULL, body, n);
    return size;
}

uint32_t p9_flushed(struct p9_message *m, uint16_t tag) { return reply(m, P9_TFLUSH + 1, tag, NULL, 0); }

uint32_t p9_serve(struct p9_server *s, struct p9_message *m)
{
    uint8_t head[HEAD] = { 0 }, room[8 << 10], answer[ANSWER];
    uint32_t size, n;
    uint16_t tag;
    struct call c = { .s = s, .m = m, .out = { answer, answer + sizeof answer, false } };
    pieces_take(&m->out, &m->nout, &m->out_size, head, NULL, HEAD);
    memcpy(&size, head, 4);
    memcpy(&tag, head + 5, 2);
    const struct message *row = find(head[4]);
    int rc = -EOPNOTSUPP;
    if (row && !(row->flags & ANY) && !s->msize)
        rc = -EINVAL;
    else if (head[4] == P9_TFLUSH)
        return reply(m, P9_TFLUSH + 1, tag, NULL, 0);
    else if (row) {
        size_t len;
        uint8_t *bytes = take_body(m, row, size, &len, room, sizeof room, &rc);
        if (bytes) {
            c.in = (struct wire){ bytes, bytes + len, false };
            rc = row->serve(&c);
            if (!rc && c.in.bad)
                rc = -EINVAL;
            if (bytes != room)
                free(bytes);
        }
    }
    if (!rc && c.direct) { /* the data are in place: the head and their number before them */
        uint8_t front[HEAD + 4];
        size = HEAD + 4 + c.moved;
        memcpy(front, &size, 4);
        front[4] = (uint8_t)(head[4] + 1);
        memcpy(front + 5, &tag, 2);
        memcpy(front + HEAD, &c.moved, 4);
        pieces_take(&m->in, &m->nin, &m->in_size, NULL, front, sizeof front);
        return size;
    }
    if (!rc && !c.out.bad && (n = reply(m, head[4] + 1u, tag, answer, (size_t)(c.out.at - answer))))
        return n;
    uint32_t code = (uint32_t)(rc ? -rc : EMSGSIZE);
    return reply(m, RLERROR, tag, (const uint8_t *)&code, 4);
}

/* ------------------------------------------------------------------------------- making */

struct p9_server *p9_server_new(struct p9_export *x)
{
    struct p9_server *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->mutex, NULL); /* the seed need not be secret from anybody but the guest */
    if (getrandom(&s->seed, sizeof s->seed, GRND_NONBLOCK) < 0)
        s->seed = (uintptr_t)s;
    if (!tree_init(&s->tree, x)) {
        free(s);
        return NULL;
    }
    return s;
}

void p9_server_reset(struct p9_server *s)
{
    fids_clear(s);
    s->msize = 0;
}

bool p9_server_in_use(const struct p9_server *s) { return s->nfids; }

void p9_server_free(struct p9_server *s)
{
    p9_server_reset(s);
    tree_done(&s->tree);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
