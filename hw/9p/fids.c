/*
 * The table of fids. See server.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

static struct fid **bucket(struct p9_server *s, uint32_t id)
{
    uint64_t h = (id + s->seed) * 0x9e3779b97f4a7c15ull;
    h = (h ^ h >> 32) * (s->seed | 1);
    return &s->bucket[(h >> 40) % FID_BUCKETS];
}

static struct fid **seek(struct p9_server *s, uint32_t id)
{
    struct fid **at = bucket(s, id);
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    return at;
}

struct fid *fid_get(struct p9_server *s, uint32_t id)
{
    pthread_mutex_lock(&s->mutex);
    struct fid *f = *seek(s, id);
    if (f)
        f->refs++;
    pthread_mutex_unlock(&s->mutex);
    return f;
}

void fid_put(struct p9_server *s, struct fid *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&s->mutex);
    bool last = !--f->refs;
    if (last && f->value)
        s->values -= f->size;
    pthread_mutex_unlock(&s->mutex);
    if (!last)
        return;
    if (f->fd >= 0)
        close(f->fd);
    node_unref(&s->tree, f->node);
    pthread_mutex_destroy(&f->mutex);
    free(f->value);
    free(f->name);
    free(f);
}

struct fid *fid_new(struct p9_server *s, uint32_t id, uint32_t uid, struct node *n, enum fid_kind kind, int fd)
{
    struct fid *f = calloc(1, sizeof *f);
    if (!f) {
        if (fd >= 0)
            close(fd);
        node_unref(&s->tree, n);
        return NULL;
    }
    *f = (struct fid){ .id = id, .uid = uid, .refs = 1, .kind = kind, .node = n, .fd = fd };
    pthread_mutex_init(&f->mutex, NULL);
    return f;
}

bool fid_value(struct p9_server *s, struct fid *f, size_t n)
{
    pthread_mutex_lock(&s->mutex);
    bool room = n <= MAX_VALUE && s->values + n <= MAX_VALUES && (f->value = calloc(1, n ? n : 1));
    if (room) {
        s->values += n;
        f->size = n;
    }
    pthread_mutex_unlock(&s->mutex);
    return room;
}

int fid_enter(struct p9_server *s, struct fid *f, struct fid *old)
{
    int rc = 0;
    pthread_mutex_lock(&s->mutex);
    struct fid **at = seek(s, f->id), *there = *at;
    if (there != old)
        rc = old ? -EBADF : -EINVAL; /* it has changed meanwhile; it is in use */
    else if (!old && s->nfids == MAX_FIDS)
        rc = -ENFILE;
    if (!rc) {
        f->next = there ? there->next : NULL;
        *at = f;
        f->listed = true;
        s->nfids += !there;
        if (there)
            there->listed = false;
    }
    pthread_mutex_unlock(&s->mutex);
    if (rc)
        fid_put(s, f);
    else
        fid_put(s, there);
    return rc;
}

bool fid_leave(struct p9_server *s, struct fid *f)
{
    pthread_mutex_lock(&s->mutex);
    bool was = f->listed;
    if (was) {
        struct fid **at = seek(s, f->id);
        *at = f->next;
        f->listed = false;
        s->nfids--;
    }
    pthread_mutex_unlock(&s->mutex);
    if (was)
        fid_put(s, f);
    return was;
}

void fids_clear(struct p9_server *s)
{
    for (unsigned k = 0; k < FID_BUCKETS; k++) {
        pthread_mutex_lock(&s->mutex);
        struct fid *f = s->bucket[k];
        if (f)
            f->refs++;
        pthread_mutex_unlock(&s->mutex);
        if (!f)
            continue;
        fid_leave(s, f);
        fid_put(s, f);
        k--; /* until the bucket is empty */
    }
}
