/*
 * map: where the data of an image is, through its backing files.
 */
#include <inttypes.h>
#include <string.h>

#include "image.h"

struct extent {
    uint64_t start;
    struct block_status s;
};

static bool joins(const struct extent *a, const struct extent *b)
{
    return a->s.flags == b->s.flags && a->s.depth == b->s.depth && (!a->s.depth || a->s.node == b->s.node) &&
           (!(a->s.flags & BLOCK_HAS_OFFSET) || a->s.host + a->s.bytes == b->s.host);
}

static const char *truth(bool b) { return b ? "true" : "false"; }

static void print_json(const struct extent *e, bool first)
{
    unsigned f = e->s.flags;
    bool data = f & BLOCK_IS_DATA;
    printf("%s{ \"start\": %" PRIu64 ", \"length\": %" PRIu64 ", \"depth\": %u, \"present\": %s, \"zero\": %s, \"data\": %s", first ? "[" : ",\n",
           e->start, e->s.bytes, e->s.depth, truth(f & BLOCK_IS_ALLOCATED), truth(f & BLOCK_IS_ZERO), truth(data));
    printf(", \"compressed\": %s", truth(f & BLOCK_IS_COMPRESSED));
    if (f & BLOCK_HAS_OFFSET)
        printf(", \"offset\": %" PRIu64, e->s.host);
    printf("}");
}

/* Data without an offset can't be shown as a place in a file. */
static bool print_human(const struct extent *e, const char *file)
{
    if (!(e->s.flags & BLOCK_IS_DATA) || e->s.flags & BLOCK_IS_ZERO)
        return true;
    if (!(e->s.flags & BLOCK_HAS_OFFSET)) {
        complain("map: %s: there are compressed clusters, which have no place of their own; --output=json shows them", file);
        return false;
    }
    printf("%#-16" PRIx64 "%#-16" PRIx64 "%#-16" PRIx64 "%s\n", e->start, e->s.bytes, e->s.host, e->s.node && e->s.node->filename ? e->s.node->filename : file);
    return true;
}

static bool show(const struct extent *e, bool json, bool *first, const char *file)
{
    bool good = json || print_human(e, file);
    if (json)
        print_json(e, *first);
    *first = false;
    return good;
}

int command_map(const struct args *a)
{
    struct block_how how;
    struct extent now, next;
    uint64_t at = 0, length = UINT64_MAX, end;
    bool json, first = true, have = false, good = true;
    if (!output_is_json(a, &json) || !image_how(a, NULL, false, &how))
        return 1;
    if (has(a, OPT_start) && !size_parse(a->value[OPT_start], &at))
        return complain("map: --start-offset=%s is no size", a->value[OPT_start]);
    if (has(a, OPT_max_length) && !size_parse(a->value[OPT_max_length], &length))
        return complain("map: --max-length=%s is no size", a->value[OPT_max_length]);
    struct block_node *n = image_open_arg(a, 0, &how);
    if (!n)
        return 1;
    if (!json)
        printf("%-16s%-16s%-16s%s\n", "Offset", "Length", "Mapped to", "File");
    end = length < n->size && at < n->size - length ? at + length : n->size;
    for (; at < end && good; at += next.s.bytes) {
        next = (struct extent){ .start = at };
        int error = block_status_chain(n, NULL, at, end - at, &next.s);
        if (error < 0) {
            complain("map: %s: at offset %" PRIu64 ": %s", a->files[0], at, strerror(-error));
            good = false;
            break;
        }
        if (next.s.depth && next.s.node && at >= next.s.node->size) { /* behind a short backing file's end: nobody has it */
            next.s.flags &= ~(unsigned)(BLOCK_IS_ALLOCATED | BLOCK_HAS_OFFSET);
            next.s.depth--;
        }
        if (have && joins(&now, &next)) {
            now.s.bytes += next.s.bytes;
        } else {
            good = !have || show(&now, json, &first, a->files[0]);
            now = next;
            have = true;
        }
    }
    if (have && good)
        good = show(&now, json, &first, a->files[0]);
    if (json)
        printf("%s]\n", first ? "[" : "");
    block_unref(n);
    return good ? 0 : 1;
}
