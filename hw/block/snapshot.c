/*
 * snapshot=on: writes go to a temporary file, the image stays as it is. A bit for each sector says where it is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "block.h"

enum { SECTOR = 512 };

struct snapshot {
    struct block_node n; /* n.backing: the image, n.file: what is new */
    uint64_t *bits;      /* of each sector: it is in top */
    size_t map_size;
};

/* A read that is in several parts, or any other that goes to top. */
struct part {
    struct block_request r;
    struct whole *whole;
};
struct whole {
    struct block_request *r;
    unsigned left;
    int error;
};

static bool in_top(const struct snapshot *s, uint64_t sector) { return s->bits[sector / 64] >> sector % 64 & 1; }

static void end_one(struct whole *w, int error)
{
    if (error)
        w->error = error;
    if (--w->left)
        return;
    struct block_request *r = w->r;
    struct snapshot *s = (struct snapshot *)r->node;
    error = w->error;
    free(w);
    if (!error && r->op != BLOCK_READ)
        for (uint64_t k = r->offset / SECTOR; k < (r->offset + r->bytes + SECTOR - 1) / SECTOR; k++)
            s->bits[k / 64] |= 1ull << k % 64;
    block_done(r, error);
}

static void part_done(struct block_request *r, int error)
{
    struct part *p = (struct part *)r;
    struct whole *w = p->whole;
    free(p);
    end_one(w, error);
}

static void send_part(struct whole *w, struct block_node *to, uint64_t offset, uint64_t n)
{
    struct block_request *r = w->r;
    struct part *p = calloc(1, sizeof *p + r->niov * sizeof(struct iovec));
    w->left++;
    if (!p) {
        end_one(w, -ENOMEM);
        return;
    }
    struct iovec *io = (struct iovec *)(p + 1);
    p->whole = w;
    p->r = (struct block_request){ .op = r->op, .offset = offset, .bytes = n, .iov = io, .done = part_done };
    p->r.niov = block_slice(r->iov, r->niov, offset - r->offset, n, io, r->niov);
    block_node_submit(to, &p->r);
}

/* Unaligned writes would need the rest of their sectors; devices of 512-byte sectors make none. */
static void submit(struct block_node *n, struct block_request *r)
{
    struct snapshot *s = (struct snapshot *)n;
    if (r->op == BLOCK_FLUSH || r->op == BLOCK_DISCARD || ((r->offset | r->bytes) & (SECTOR - 1))) {
        block_done(r, r->op == BLOCK_FLUSH || r->op == BLOCK_DISCARD ? 0 : -EINVAL);
        return;
    }
    struct whole *w = malloc(sizeof *w);
    if (!w) {
        block_done(r, -ENOMEM);
        return;
    }
    *w = (struct whole){ r, 1, 0 };
    if (r->op != BLOCK_READ) {
        send_part(w, n->file, r->offset, r->bytes);
    } else {
        for (uint64_t at = r->offset, end = r->offset + r->bytes, next; at < end; at = next) {
            bool top = in_top(s, at / SECTOR);
            for (next = at + SECTOR; next < end && in_top(s, next / SECTOR) == top; next += SECTOR)
                ;
            send_part(w, top ? n->file : n->backing, at, next - at);
        }
    }
    end_one(w, 0);
}

static void snapshot_close(struct block_node *n)
{
    struct snapshot *s = (struct snapshot *)n;
    munmap(s->bits, s->map_size);
}

static const struct block_driver driver = {
    .name = "snapshot", .kind = BLOCK_FILTER, .size = sizeof(struct snapshot), .submit = submit, .close = snapshot_close,
};

struct block_node *block_open_snapshot(struct block_node *n, enum aio_kind aio, char *err, size_t errlen)
{
    struct snapshot *s = (struct snapshot *)block_node_new(&driver);
    if (!s) {
        snprintf(err, errlen, "snapshot=on: no memory");
        return NULL;
    }
    s->n.size = n->size;
    s->n.backing = n;
    s->n.filename = n->filename ? strdup(n->filename) : NULL;
    s->map_size = (size_t)(n->size / SECTOR / 8 + 8);
    s->bits = mmap(NULL, s->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (s->bits == MAP_FAILED) {
        snprintf(err, errlen, "snapshot=on: no memory");
        free(s->n.filename);
        free(s);
        return NULL;
    }
    s->n.file = block_open_temporary(n->size, aio, err, errlen);
    if (s->n.file)
        return &s->n;
    munmap(s->bits, s->map_size);
    free(s->n.filename);
    free(s);
    return NULL;
}
